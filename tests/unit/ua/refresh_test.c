#include "unit/test.h"
#include "unit/ua/wire.h"

#define HEAD								\
	"INVITE sip:rec@192.0.2.2 SIP/2.0$"				\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone$"		\
	"From: <sip:a@x>;tag=f1$To: <sip:rec@192.0.2.2>$Call-ID: c1$"	\
	"CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$"

static bool
all(struct wire_net *w, const struct seen *s)
{
	(void)w;
	(void)s;
	return true;
}

static void
policy(int side, struct sr_ua_cfg *c)
{
	if (side == SERVER)
		c->session_expires = 600;
}

static const struct seen *
answer(struct wire_net **wp, void (*cfg)(int, struct sr_ua_cfg *),
    const char *text)
{
	struct wire_net *w = wire_up(cfg);

	*wp = w;
	w->loses = all;
	w->answer = 200;
	wire_tell(w, SERVER, text);
	return &w->log[w->n - 1];
}

TEST(ua_session_interval_too_small_gets_422_only_from_who_knows_it)
{
	struct wire_net *w;
	const struct seen *s = answer(&w, NULL, HEAD
	    "Supported: timer$Session-Expires: 60$$");

	CHECK_EQ(s->status, 422);
	CHECK_STR(wire_header(s, "Min-SE"), "90");
	wire_down(w);
	s = answer(&w, NULL, HEAD "Session-Expires: 60$$");
	CHECK_EQ(s->status, 200);
	wire_down(w);
}

TEST(ua_session_interval_may_be_lowered_but_not_raised)
{
	static const char *const v[][2] = {
		{ "Session-Expires: 1800$", "600;refresher=uac" },
		{ "Session-Expires: 300$", "300;refresher=uac" },
		{ "Session-Expires: 1800$Min-SE: 900$", "900;refresher=uac" },
	};
	struct wire_net *w;
	const struct seen *s;
	char text[1024];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		snprintf(text, sizeof(text), HEAD "Supported: timer$%s$",
		    v[i][0]);
		s = answer(&w, policy, text);
		CHECK_STR(wire_header(s, "Session-Expires"), v[i][1]);
		wire_down(w);
	}
}

TEST(ua_refresher_follows_table_2)
{
	static const char *const v[][3] = {
		{ "Supported: timer$Session-Expires: 300;refresher=uac$",
		    "300;refresher=uac", "siprec, timer" },
		{ "Supported: timer$Session-Expires: 300;refresher=uas$",
		    "300;refresher=uas", "siprec, timer" },
		{ "Supported: timer$Session-Expires: 300$",
		    "300;refresher=uac", "siprec, timer" },
		{ "Session-Expires: 300$", "300;refresher=uas", "siprec" },
		{ "Supported: timer$", "", "siprec" },
	};
	struct wire_net *w;
	const struct seen *s;
	char text[1024];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		snprintf(text, sizeof(text), HEAD "%s$", v[i][0]);
		s = answer(&w, NULL, text);
		CHECK_STR(wire_header(s, "Session-Expires"), v[i][1]);
		CHECK_STR(wire_header(s, "Require"), v[i][2]);
		wire_down(w);
	}
}

static struct wire_net *
timed(enum sr_ua_refresher who, uint32_t se,
    void (*cfg)(int, struct sr_ua_cfg *))
{
	struct wire_net *w = wire_up(cfg);
	struct sr_ua_invite in = wire_invite();

	in.session_expires = se;
	in.refresher = who;
	w->answer = 200;
	wire_call(w, &in);
	wire_run(w, SR_SEC);
	return w;
}

TEST(ua_refresher_sends_update_at_half_the_interval)
{
	struct wire_net *w = timed(SR_REFRESH_UAS, 90, NULL);
	const struct seen *s;

	CHECK(sr_dialog_timer(w->d[SERVER]).ours);
	wire_run(w, 300 * SR_SEC);
	s = wire_nth(w, SERVER, SR_UA_SEND, SR_UPDATE, 0, 0);
	CHECK_EQ((s->at - w->start) / SR_SEC, 45);
	CHECK_STR(wire_header(s, "Session-Expires"), "90;refresher=uac");
	CHECK_STR(wire_header(s, "Content-Length"), "0");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 0), 6);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_UPDATE, 0), 0);
	wire_down(w);
}

static void
no_update(int side, struct sr_ua_cfg *c)
{
	(void)side;
	c->allow = SR_STR("INVITE, ACK, CANCEL, BYE, OPTIONS");
}

TEST(ua_refresher_sends_re_invite_where_update_is_not_known)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 90, no_update);
	const struct seen *s;

	sr_dialog_set_sdp(w->d[CLIENT], sr_cstr(wire_sdp),
	    sr_cstr(wire_sdp));
	wire_run(w, 50 * SR_SEC);
	s = wire_nth(w, CLIENT, SR_UA_SEND, SR_INVITE, 0, 1);
	CHECK_EQ((s->at - w->start) / SR_SEC, 45);
	CHECK(wire_says(s, wire_sdp));
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 200)->cookie,
	    0);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 2);
	wire_down(w);
}

static bool
updates(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->method == SR_UPDATE;
}

TEST(ua_silent_refresher_is_left_by_bye_before_the_end)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 90, NULL);
	const struct seen *s;

	w->loses = updates;
	wire_run(w, 90 * SR_SEC);
	s = wire_nth(w, SERVER, SR_UA_SEND, SR_BYE, 0, 0);
	CHECK_EQ((s->at - w->start) / SR_SEC, 60);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "session-timer");
	wire_down(w);
}

static void
large_min(int side, struct sr_ua_cfg *c)
{
	if (side == SERVER)
		c->min_se = 500;
}

TEST(ua_long_interval_is_given_up_32_s_before_its_end)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 300, NULL);

	w->loses = all;
	wire_run(w, 300 * SR_SEC);
	CHECK_EQ((wire_nth(w, SERVER, SR_UA_SEND, SR_BYE, 0, 0)->at -
	    w->start) / SR_SEC, 268);
	wire_down(w);
}

TEST(ua_422_is_answered_with_a_longer_interval)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 90, large_min);
	const struct seen *s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);

	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 422), 1);
	CHECK_STR(wire_header(s, "Session-Expires"), "500;refresher=uac");
	CHECK_STR(wire_header(s, "Min-SE"), "500");
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 422), 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RETRY, SR_INVITE, 422), 1);
	CHECK_EQ(sr_dialog_timer(w->d[CLIENT]).interval, 500);
	wire_down(w);
}

/* Less than what RFC 4028 allows is raised too; a 422 that asks for no more
 * than was there is the end. */
TEST(ua_422_is_answered_only_where_it_wants_more)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 60, NULL);

	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 422), 1);
	CHECK_STR(wire_header(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0),
	    "Session-Expires"), "90;refresher=uac");
	CHECK_EQ(sr_dialog_timer(w->d[CLIENT]).interval, 90);
	wire_down(w);
}

static bool
silence(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->side == SERVER && s->method == SR_UPDATE;
}

TEST(ua_refresh_that_gets_481_or_nothing_ends_the_dialog)
{
	struct wire_net *w = timed(SR_REFRESH_UAC, 90, NULL);
	const struct seen *s;

	/* The server forgets the call. */
	sr_dialog_bye(w->d[SERVER], w->now, SR_STR(""), SR_STR(""),
	    SR_STR(""));
	w->loses = all;
	wire_run(w, 40 * SR_SEC);
	w->loses = NULL;
	wire_run(w, 20 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 481), 1);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "481");
	wire_down(w);
	w = timed(SR_REFRESH_UAC, 300, NULL);
	w->loses = silence;
	wire_run(w, 200 * SR_SEC);
	s = wire_nth(w, CLIENT, SR_UA_SEND, SR_BYE, 0, 0);
	CHECK_EQ((s->at - w->start) / SR_SEC, 182);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "408");
	wire_down(w);
}

TEST(ua_2xx_without_session_expires_turns_the_timer_off)
{
	struct wire_net *w = timed(SR_REFRESH_UAS, 300, NULL);
	struct sr_dialog *d = w->d[CLIENT];
	const struct seen *s;
	char text[2048];

	CHECK_EQ(sr_dialog_timer(d).interval, 300);
	w->loses = all;
	sr_dialog_request(d, w->now, &(struct sr_dialog_request){
	    .method = SR_STR("UPDATE"), .cookie = 4 });
	wire_drain(w);
	s = wire_last(w, CLIENT, SR_UA_SEND, SR_UPDATE, 0);
	CHECK_STR(wire_header(s, "Session-Expires"), "300;refresher=uas");
	snprintf(text, sizeof(text), "SIP/2.0 200 OK$Via: %.*s$From: %.*s$"
	    "To: %.*s$Call-ID: %.*s$CSeq: %.*s$$",
	    SR_FMT(wire_header(s, "Via")), SR_FMT(wire_header(s, "From")),
	    SR_FMT(wire_header(s, "To")), SR_FMT(wire_header(s, "Call-ID")),
	    SR_FMT(wire_header(s, "CSeq")));
	wire_tell(w, CLIENT, text);
	CHECK_EQ(sr_dialog_timer(d).interval, 0);
	CHECK_EQ(sr_dialog_timer(d).expires, SR_NEVER);
	wire_down(w);
}
