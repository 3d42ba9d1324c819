#include "unit/test.h"
#include "unit/ua/wire.h"

static const struct sr_str none = { NULL, 0 };

static bool
pracks(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->method == SR_PRACK;
}

static struct wire_net *
ringing(enum sr_ua_100rel rel, const char *sdp)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_ua_invite in = wire_invite();

	in.rel = rel;
	wire_call(w, &in);
	wire_run(w, 50 * SR_MSEC);
	wire_reply(w, SERVER, 183, sdp, SR_REL_AUTO);
	return w;
}

TEST(ua_required_100rel_makes_every_18x_reliable)
{
	struct wire_net *w = ringing(SR_100REL_REQUIRED, "");
	const struct seen *s;

	wire_run(w, SR_SEC);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 183);
	CHECK(wire_header(s, "RSeq").n > 0);
	CHECK_STR(wire_header(s, "Require"), "siprec, 100rel");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_PRACK, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_PRACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 183), 1);
	wire_down(w);
}

TEST(ua_unsupported_100rel_is_not_used)
{
	struct wire_net *w = ringing(SR_100REL_OFF, NULL);

	wire_run(w, SR_SEC);
	CHECK_EQ(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    183), "RSeq").n, 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_PRACK, 0), 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 183), 1);
	wire_down(w);
}

TEST(ua_reliable_18x_is_repeated_doubling_and_the_call_ends_with_504)
{
	static const long want[] = { 0, 5, 15, 35, 75, 155, 315 };
	struct wire_net *w = ringing(SR_100REL_SUPPORTED, NULL);
	sr_time t = w->now;

	w->loses = pracks;
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 183), 7);
	for (size_t i = 0; i < 7; i++)
		CHECK_EQ((wire_nth(w, SERVER, SR_UA_SEND, SR_INVITE, 183,
		    i)->at - t) / (100 * SR_MSEC), want[i]);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 504), 1);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_CANCELLED, SR_M_NONE,
	    -1)->why), "no-prack");
	/* The client took it for one, not for seven. */
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 183), 1);
	wire_down(w);
}

TEST(ua_second_reliable_18x_and_the_2xx_wait_for_the_prack)
{
	struct wire_net *w = ringing(SR_100REL_SUPPORTED, NULL);
	uint64_t a, b;

	w->loses = pracks;
	wire_reply(w, SERVER, 180, "", SR_REL_YES);
	wire_reply(w, SERVER, 200, "", SR_REL_AUTO);
	wire_run(w, 600 * SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 180), 0);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200), 0);
	w->loses = NULL;
	wire_run(w, 5 * SR_SEC);
	CHECK_EQ(sr_strnum(wire_header(wire_last(w, SERVER, SR_UA_SEND,
	    SR_INVITE, 183), "RSeq"), &a), SR_OK);
	CHECK_EQ(sr_strnum(wire_header(wire_last(w, SERVER, SR_UA_SEND,
	    SR_INVITE, 180), "RSeq"), &b), SR_OK);
	CHECK_EQ(b, a + 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 1);
	wire_down(w);
}

TEST(ua_prack_that_matches_nothing_gets_481_and_a_copy_the_same_200)
{
	struct wire_net *w = ringing(SR_100REL_SUPPORTED, NULL);
	struct sr_dialog *d = sr_tx_dialog(w->tx[SERVER]);
	char text[1024];

	w->loses = pracks;
	wire_run(w, 100 * SR_MSEC);
	for (int i = 0; i < 4; i++) {
		int wrong = i < 2 ? 1 : 0;

		snprintf(text, sizeof(text), "PRACK sip:r@192.0.2.2 SIP/2.0$"
		    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKp%d$From: "
		    "<sip:a@x>;tag=%.*s$To: <sip:b@x>;tag=%.*s$Call-ID: %.*s$"
		    "CSeq: 900000 PRACK$RAck: %llu %.*s$$", wrong,
		    SR_FMT(sr_dialog_remote_tag(d)),
		    SR_FMT(sr_dialog_local_tag(d)),
		    SR_FMT(sr_dialog_call_id(d)), (unsigned long long)
		    strtoull(wire_header(wire_last(w, SERVER, SR_UA_SEND,
		    SR_INVITE, 183), "RSeq").p, NULL, 10) +
		    (unsigned long long)wrong, SR_FMT(wire_header(
		    wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0), "CSeq")));
		wire_tell(w, SERVER, text);
	}
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_PRACK, 481), 2);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_PRACK, 200), 2);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_PRACKED, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_offer_in_an_18x_is_answered_in_the_prack)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_ua_invite in = wire_invite();

	in.type = in.body = none;
	wire_call(w, &in);
	wire_run(w, 50 * SR_MSEC);
	wire_reply(w, SERVER, 183, NULL, SR_REL_AUTO);
	wire_run(w, 100 * SR_MSEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_PRACK, 0), 0);
	CHECK_EQ(sr_dialog_prack(w->d[CLIENT], w->now,
	    SR_STR("application/sdp"), sr_cstr(wire_sdp)), SR_OK);
	w->tx[CLIENT] = w->tx[SERVER];
	wire_run(w, 100 * SR_MSEC);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_REQUEST, SR_PRACK,
	    -1)->data), wire_sdp);
	w->tx[SERVER] = w->tx[CLIENT];
	wire_reply(w, SERVER, 200, "", SR_REL_AUTO);
	wire_run(w, SR_SEC);
	/* The offer was answered: this ACK needs no owner. */
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 1);
	wire_down(w);
}

TEST(ua_update_works_in_an_early_dialog)
{
	struct wire_net *w = ringing(SR_100REL_SUPPORTED, NULL);
	struct sr_dialog_request r = { .method = SR_STR("UPDATE"),
	    .type = SR_STR("application/sdp"), .body = sr_cstr(wire_sdp),
	    .cookie = 5 };

	wire_run(w, SR_SEC);
	w->answer = 200;
	CHECK_EQ(sr_dialog_request(w->d[CLIENT], w->now, &r), SR_OK);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_UPDATE, 200)->cookie,
	    5);
	CHECK_EQ(sr_dialog_state(w->d[CLIENT]), SR_D_EARLY);
	wire_down(w);
}
