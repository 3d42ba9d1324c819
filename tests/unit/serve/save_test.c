#include "unit/serve/rig.h"

static void
patient(struct sr_serve_cfg *c)
{
	c->media_timeout = c->probe = SR_NEVER;
}

/* Sessions that are asked for no snapshot tell better what else is said. */
#define QUIET "INVITE, ACK, CANCEL, BYE, OPTIONS"

static struct rig *
running(void)
{
	struct rig *r = rig_up(patient);

	r->allow = QUIET;
	rig_call(r, RIG_OFFER);
	rig_forget(r);
	return r;
}

/* The number behind the session id of o=. */
static uint64_t
version(const struct rig_sent *t)
{
	const char *at = t != NULL ? strstr(t->p, "o=siprec ") : NULL;

	CHECK(at != NULL);
	return at != NULL ? strtoull(strchr(at + 9, ' '), NULL, 10) : 0;
}

static const char *
body(const struct rig_sent *t)
{
	return t != NULL ? strstr(t->p, "\r\n\r\n") + 4 : "";
}

static int
act(struct rig *r, enum sr_serve_act what, const char *label)
{
	uint64_t ticket;
	int err = sr_serve_do(r->s, what, SR_STR("call-1"), sr_cstr(label),
	    r->now, &ticket);

	rig_drain(r);
	return err;
}

/* ---- at every step of a call ---- */

#define SECOND								\
	"v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\n"							\
	"m=audio 12240 RTP/AVP 0 8 101\r\na=sendonly\r\na=label:1\r\n"	\
	"a=rtpmap:101 telephone-event/8000\r\n"				\
	"m=audio 0 RTP/AVP 0 8\r\na=sendonly\r\na=label:2\r\n"

static void
step(struct rig *r, int n)
{
	switch (n) {
	case 0:
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
		break;
	case 1:
	case 5:
		rig_ack(r, NULL);
		break;
	case 2:
		CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
		break;
	case 3:
		rig_agree(r);
		break;
	case 4:
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SECOND);
		break;
	case 6:
		rig_ask(r, "UPDATE", NULL, NULL, NULL);
		break;
	case 7:
		CHECK_EQ(act(r, SR_ACT_RESUME, ""), SR_OK);
		break;
	case 8:
		rig_agree(r);
		break;
	}
}

/* Whatever was under way, the call is one that can be talked to. */
static void
goes_on(struct rig *r, int n)
{
	char tag[80], want[120];

	snprintf(tag, sizeof(tag), ";tag=%s\r\n", r->to_tag);
	if (n == 2 || n == 7) {		/* our re-INVITE is said again */
		rig_run(r, SR_SEC);
		rig_agree(r);
		CHECK_EQ(rig_count(r, SR_ACK, 0), 1);
	}
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 200);
	if (n == 0 || n == 4)
		rig_ack(r, NULL);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, n < 4 ? RIG_OFFER : SECOND);
	CHECK_EQ(rig_status(r), 200);
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), tag));
	snprintf(want, sizeof(want), "a=%s\r\n", n >= 2 && n < 7 ?
	    "inactive" : "recvonly");
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), want));
	rig_ack(r, NULL);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 200);
	CHECK(rig_says(rig_last(r, SR_BYE, 200), tag));
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
}

TEST(serve_a_call_goes_on_in_another_process_at_every_step)
{
	for (int n = 0; n <= 8; n++) {
		struct rig *r = rig_up(patient);

		r->allow = QUIET;
		for (int i = 0; i <= n; i++)
			step(r, i);
		rig_reborn(r, false, false);
		CHECK_EQ(rig_events(r, n < 4 ? "PORTS 0 1" : "PORTS 0"), 1);
		CHECK_EQ(rig_events(r, "LINE 0 *"), 1);
		CHECK_EQ(rig_events(r, "MUTE 0 on"), n >= 2 && n < 7);
		goes_on(r, n);
		rig_down(r);
	}
}

TEST(serve_a_restored_session_answers_with_the_same_sdp)
{
	struct rig *r = rig_up(patient);
	char *before;

	r->allow = QUIET;
	rig_call(r, RIG_OFFER);
	before = strdup(body(rig_last(r, SR_INVITE, 200)));
	rig_reborn(r, false, false);
	CHECK_EQ(r->nsent, 0);
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 1 port 12240"), 1);
	CHECK_EQ(rig_events(r, "LINE 1 recvonly 2 port 12242"), 1);
	CHECK_EQ(rig_events(r, "MUTE*"), 0);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_STR(sr_cstr(body(rig_last(r, SR_INVITE, 200))), before);
	rig_ack(r, NULL);
	rig_run(r, 60 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	free(before);
	rig_down(r);
}

TEST(serve_a_command_that_was_not_told_is_told_after_the_restart)
{
	struct rig *r = running();
	uint64_t v;

	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
	v = version(rig_last(r, SR_INVITE, 0));
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "MUTE 1 on"), 1);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=inactive"));
	CHECK(version(rig_last(r, SR_INVITE, 0)) > v);
	rig_agree(r);
	CHECK_EQ(rig_events(r, "DONE*"), 0);	/* nobody waits for it */
	rig_down(r);
}

TEST(serve_a_dropped_stream_stays_muted_and_is_dropped)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_DROP, "2"), SR_OK);
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "PORTS 0 1"), 1);
	CHECK_EQ(rig_events(r, "MUTE 0 on"), 0);
	CHECK_EQ(rig_events(r, "MUTE 1 on"), 1);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 0 RTP/AVP"));
	rig_agree(r);
	CHECK_EQ(rig_events(r, "RELEASE 1"), 1);
	rig_down(r);
}

/* ---- ports ---- */

TEST(serve_other_ports_are_told_by_re_invite)
{
	struct rig *r = rig_up(patient);
	uint64_t v;

	r->allow = QUIET;
	rig_call(r, RIG_OFFER);
	v = version(rig_last(r, SR_INVITE, 200));
	r->elsewhere = true;
	rig_reborn(r, false, false);
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);
	CHECK(rig_says(t, "m=audio 20004 RTP/AVP 0 8 101\r\n"));
	CHECK(rig_says(t, "m=audio 20006 ") && rig_says(t, "a=label:2\r\n"));
	CHECK_EQ(version(t), v + 1);
	/* What the first ones are worth is not known yet: they are heard. */
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 1 port 12240"), 1);
	rig_agree(r);
	CHECK_EQ(rig_count(r, SR_ACK, 0), 1);
	rig_run(r, 200 * SR_SEC);
	CHECK_EQ(rig_requests(r, SR_INVITE), 1);
	/* and a third process has nothing to tell */
	r->elsewhere = false;
	rig_reborn(r, false, false);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	rig_down(r);
}

TEST(serve_other_ports_that_were_not_told_yet_are_told_by_the_next_process)
{
	struct rig *r = running();

	r->elsewhere = true;
	rig_reborn(r, false, false);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 1);
	r->elsewhere = false;		/* the same as the last time */
	rig_reborn(r, false, false);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 20004 "));
	rig_down(r);
}

TEST(serve_a_re_invite_of_the_client_makes_ours_needless)
{
	struct rig *r = running();

	r->elsewhere = true;
	rig_reborn(r, false, true);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), "m=audio 20004 "));
	rig_ack(r, NULL);
	rig_run(r, 200 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	rig_down(r);
}

TEST(serve_other_requests_of_the_client_do_not)
{
	static const char *const methods[] = { "OPTIONS", "UPDATE", "INFO" };

	for (size_t i = 0; i < 3; i++) {
		struct rig *r = running();

		r->elsewhere = true;
		rig_reborn(r, false, true);
		rig_ask(r, methods[i], NULL, NULL, NULL);
		CHECK_EQ(rig_status(r), 200);
		CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
		rig_run(r, 150 * SR_MSEC);
		CHECK_EQ(rig_count(r, SR_INVITE, 0), 1);
		rig_down(r);
	}
}

TEST(serve_a_client_that_takes_no_other_ports_is_asked_five_times)
{
	struct rig *r = running();

	r->elsewhere = true;
	rig_reborn(r, false, false);
	for (int i = 0; i < 200; i++) {
		if (rig_requests(r, SR_INVITE) > rig_count(r, SR_ACK, 0))
			rig_say(r, 488, NULL, NULL, NULL);
		rig_run(r, SR_SEC);
	}
	CHECK_EQ(rig_requests(r, SR_INVITE), 5);
	CHECK_EQ(rig_events(r, "NOTE restore"), 1);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_down(r);
}

TEST(serve_without_ports_a_restored_session_is_ended)
{
	struct rig *r = running();

	r->no_ports = true;
	rig_reborn(r, false, false);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"no-ports\""));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	CHECK_EQ(rig_events(r, "LINE*"), 0);
	rig_down(r);
}

/* ---- keys ---- */

#define KEY "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm"
#define HEAD								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\n"
#define SAVP HEAD							\
	"m=audio 1000 RTP/SAVP 0\r\na=sendonly\r\na=label:1\r\n"	\
	"a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:" KEY "\r\n"

static void
copy_key(char out[64], const struct rig_sent *t)
{
	const char *at = t != NULL ? strstr(t->p, "inline:") : NULL;

	CHECK(at != NULL);
	snprintf(out, 64, "%.40s", at != NULL ? at + 7 : "");
}

TEST(serve_keys_that_were_kept_open_but_do_not_send)
{
	struct rig *r = rig_up(patient);
	char before[64], after[64];

	r->allow = QUIET;
	r->proto = SR_TLS;
	rig_call(r, SAVP);
	copy_key(before, rig_last(r, SR_INVITE, 200));
	CHECK_EQ(rig_events(r, "KEYS 0 1 "), 1);
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "KEYS 0 1 old "), 1);
	CHECK_EQ(rig_events(r, "LINE 0 *"), 1);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	/* The next answer has a key that nobody has sent with. */
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SAVP);
	copy_key(after, rig_last(r, SR_INVITE, 200));
	CHECK(strcmp(before, after) != 0);
	CHECK_EQ(rig_events(r, "KEYS 0 1 "), 1);
	rig_ack(r, NULL);
	/* and that one stays */
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SAVP);
	copy_key(before, rig_last(r, SR_INVITE, 200));
	CHECK_STR(sr_cstr(before), after);
	rig_down(r);
}

/* kept: the record has keys, but they may not be used any more. */
static void
check_new_keys(bool kept)
{
	struct rig *r = rig_up(patient);
	char before[64], after[64];

	r->allow = QUIET;
	r->proto = SR_TLS;
	rig_call(r, SAVP);
	copy_key(before, rig_last(r, SR_INVITE, 200));
	r->no_keys = !kept;
	r->record.n = 0;
	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), kept, &r->record),
	    SR_OK);
	CHECK_EQ(sr_strfind(sr_buf_str(&r->record), SR_STR(KEY)) <
	    r->record.n, kept);
	CHECK_EQ(sr_strfind(sr_buf_str(&r->record), sr_cstr(before)) <
	    r->record.n, kept);
	r->no_keys = true;
	rig_reborn(r, true, false);
	CHECK_EQ(rig_events(r, "KEYS*"), 0);
	CHECK_EQ(rig_events(r, "LINE 0 *"), 1);
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);
	copy_key(after, t);
	CHECK(rig_says(t, "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"));
	CHECK(strcmp(before, after) != 0);
	CHECK(!rig_says(t, "AAAAAAAAAAAAAAAA"));
	rig_say(r, 200, NULL, RIG_SDP, SAVP);
	CHECK_EQ(rig_events(r, "KEYS 0 1 "), 1);
	rig_down(r);
}

TEST(serve_without_keys_new_ones_are_agreed)
{
	check_new_keys(false);
	check_new_keys(true);
}

static void
dtls(struct sr_serve_cfg *c)
{
	patient(c);
	c->fingerprint = SR_STR("sha-256 AA:BB");
}

TEST(serve_dtls_is_begun_anew)
{
	static const char sdp[] = HEAD
	    "m=audio 1000 UDP/TLS/RTP/SAVP 0\r\na=sendonly\r\na=label:1\r\n"
	    "a=setup:actpass\r\na=fingerprint:sha-256 CC:DD\r\n";
	struct rig *r = rig_up(dtls);

	r->allow = QUIET;
	rig_call(r, sdp);
	CHECK_EQ(rig_events(r, "KEYS 0 2 active "), 1);
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "KEYS*"), 0);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=setup:actpass\r\n"));
	CHECK(rig_says(rig_last(r, SR_INVITE, 0),
	    "a=fingerprint:sha-256 AA:BB"));
	rig_say(r, 200, NULL, RIG_SDP, HEAD
	    "m=audio 1000 UDP/TLS/RTP/SAVP 0\r\na=sendonly\r\na=label:1\r\n"
	    "a=setup:active\r\na=fingerprint:sha-256 CC:DD\r\n");
	CHECK_EQ(rig_events(r, "KEYS 0 2 "), 1);
	rig_down(r);
}

#define ICE HEAD							\
	"m=audio 1000 RTP/AVP 0\r\na=sendonly\r\na=label:1\r\n"		\
	"a=rtcp-mux\r\na=ice-ufrag:abcd\r\n"				\
	"a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"

TEST(serve_ice_stays_with_its_ports_and_begins_anew_with_others)
{
	struct rig *r = rig_up(patient);
	char ufrag[160];

	r->allow = QUIET;
	rig_call(r, ICE);
	snprintf(ufrag, sizeof(ufrag), "%s", r->events[1]);
	CHECK(strncmp(ufrag, "KEYS 0 0 ", 9) == 0);
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, ufrag), 1);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	r->elsewhere = true;
	rig_reborn(r, false, false);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=ice-ufrag:"));
	CHECK(!rig_says(rig_last(r, SR_INVITE, 0), ufrag + 9));
	rig_down(r);
}

/* ---- what is asked of the client ---- */

TEST(serve_a_restored_session_asks_for_a_snapshot)
{
	struct rig *r = rig_up(patient);

	rig_call(r, RIG_OFFER);
	rig_reborn(r, false, false);
	rig_run(r, SR_SEC);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 0), "SRS internal error"));
	CHECK(!rig_says(rig_last(r, SR_UPDATE, 0), "m=audio"));
	rig_say(r, 200, NULL, NULL, NULL);
	rig_run(r, 50 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	/* not of one that said that it knows none */
	rig_forget(r);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	uint64_t ticket;
	CHECK_EQ(sr_serve_do(r->s, SR_ACT_SNAPSHOT, SR_STR("call-1"),
	    SR_STR(""), r->now, &ticket), SR_OK);
	rig_drain(r);
	rig_say(r, 415, NULL, NULL, NULL);
	rig_reborn(r, false, false);
	rig_run(r, 5 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_UPDATE, 0), 0);
	rig_down(r);
}

TEST(serve_ports_are_told_before_the_snapshot_is_asked)
{
	struct rig *r = rig_up(patient);

	rig_call(r, RIG_OFFER);
	r->elsewhere = true;
	rig_reborn(r, false, false);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_count(r, SR_UPDATE, 0), 0);
	rig_agree(r);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_requests(r, SR_UPDATE), 1);
	rig_down(r);
}

static void
is_gone(struct rig *r)
{
	struct sr_serve_stats st;

	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"media-timeout\""));
	rig_say(r, 481, NULL, NULL, NULL);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 0);
	CHECK_STR(sr_cstr(st.ended[0].why), "media-timeout");
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
}

TEST(serve_a_client_that_went_away_meanwhile_is_found_out)
{
	struct rig *r = rig_up(patient);

	rig_call(r, RIG_OFFER);		/* answers no UPDATE */
	rig_reborn(r, false, false);
	rig_run(r, 34 * SR_SEC);
	is_gone(r);
	rig_down(r);

	r = rig_up(patient);		/* says 481 to it */
	rig_call(r, RIG_OFFER);
	rig_reborn(r, false, false);
	rig_run(r, SR_SEC);
	rig_say(r, 481, NULL, NULL, NULL);
	is_gone(r);
	rig_down(r);

	r = running();			/* knows none */
	rig_reborn(r, false, false);
	rig_run(r, 9 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
	rig_run(r, 2 * SR_SEC);
	CHECK_EQ(rig_requests(r, SR_OPTIONS), 1);
	rig_say(r, 481, NULL, NULL, NULL);
	is_gone(r);
	rig_down(r);
}

TEST(serve_a_client_that_sends_is_not_probed_after_the_restart)
{
	struct rig *r = running();

	rig_reborn(r, false, false);
	rig_run(r, 5 * SR_SEC);
	sr_serve_heard(r->s, r->leg, 1, r->now);
	rig_run(r, 60 * SR_SEC);
	CHECK_EQ(r->nsent, 0);
	rig_down(r);
	r = running();
	rig_reborn(r, false, false);
	rig_run(r, 5 * SR_SEC);
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	rig_run(r, 60 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
	rig_down(r);
}

/* Whatever we send over a connection that cannot be opened. */
static void
cannot_connect(struct rig *r, sr_time how_long)
{
	sr_time end = r->now + how_long;

	while (r->now < end) {
		rig_run(r, 100 * SR_MSEC);
		for (size_t i = 0; i < r->nsent; i++)
			if (r->sent[i].status == 0 &&
			    r->sent[i].hop.conn == 0) {
				r->sent[i].hop.conn = 1;
				struct sr_hop hop = r->sent[i].hop;

				hop.conn = 0;
				sr_serve_lost(r->s, &hop, r->now);
				rig_drain(r);
			}
	}
}

TEST(serve_a_client_behind_a_lost_connection_is_waited_for)
{
	struct rig *r = rig_up(patient);

	r->proto = SR_TCP;
	r->contact = "<sip:src@192.0.2.1:5060;transport=tcp>;+sip.src";
	rig_call(r, RIG_OFFER);
	r->elsewhere = true;
	rig_reborn(r, false, false);
	cannot_connect(r, 150 * SR_SEC);
	CHECK(rig_requests(r, SR_OPTIONS) >= 2);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	/* It speaks: now it is told what could not be told. */
	rig_forget(r);
	r->elsewhere = false;
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 200);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	CHECK_EQ(rig_last(r, SR_UPDATE, 0) != NULL ||
	    rig_last(r, SR_INVITE, 0) != NULL, true);
	rig_down(r);

	r = rig_up(patient);
	r->proto = SR_TCP;
	r->contact = "<sip:src@192.0.2.1:5060;transport=tcp>;+sip.src";
	rig_call(r, RIG_OFFER);
	rig_reborn(r, false, false);
	cannot_connect(r, 300 * SR_SEC);
	CHECK(rig_count(r, SR_BYE, 0) > 0);
	rig_down(r);
}

TEST(serve_session_timers_outlive_the_process)
{
	struct rig *r = rig_up(patient);

	r->allow = QUIET;
	rig_ask(r, "INVITE", RIG_MARKS "Supported: timer\r\n"
	    "Session-Expires: 90;refresher=uac\r\n", RIG_SDP, RIG_OFFER);
	rig_ack(r, NULL);
	rig_run(r, 50 * SR_SEC);
	rig_reborn(r, false, false);
	sr_serve_heard(r->s, r->leg, 0, r->now + 1);
	/* It may have refreshed while nobody was here. */
	rig_run(r, 31 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_run(r, 2 * SR_SEC);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"session-timer\""));
	rig_down(r);

	r = rig_up(patient);
	rig_ask(r, "INVITE", RIG_MARKS "Supported: timer\r\n"
	    "Session-Expires: 90;refresher=uas\r\n", RIG_SDP, RIG_OFFER);
	rig_ack(r, NULL);
	rig_run(r, 30 * SR_SEC);
	rig_reborn(r, false, false);
	rig_run(r, SR_SEC);
	rig_say(r, 200, "Session-Expires: 90;refresher=uac\r\n", NULL,
	    NULL);			/* to the snapshot */
	rig_forget(r);
	rig_run(r, 46 * SR_SEC);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 0), "Session-Expires: 90"));
	CHECK(!rig_says(rig_last(r, SR_UPDATE, 0), "requestsnapshot"));
	rig_down(r);
}

/* ---- Replaces ---- */

static char old_tag[64];

static void
try(struct rig *r, const char *id, const char *from, const char *more)
{
	char head[300];

	snprintf(head, sizeof(head), RIG_MARKS "Replaces: %s;"
	    "to-tag=%s;from-tag=%s%s\r\n", id, old_tag, from, more);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_ask(r, "INVITE", head, RIG_SDP, RIG_OFFER);
}

TEST(serve_a_restored_dialog_can_be_replaced_as_any_other)
{
	static const struct { const char *id, *from, *more; int status; }
	    v[] = { { "call-1", "other", "", 481 },
	    { "call-9", "client", "", 481 },
	    { "call-1", "client", ";early-only", 486 },
	    { "call-1", "client", "", 200 } };
	struct rig *r = running();

	strcpy(old_tag, r->to_tag);
	rig_reborn(r, false, true);
	sr_addr_parse(&r->peer, SR_STR("192.0.2.66:5060"));
	try(r, "call-1", "client", "");
	CHECK_EQ(rig_status(r), 403);
	sr_addr_parse(&r->peer, SR_STR("192.0.2.1:5060"));
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		try(r, v[i].id, v[i].from, v[i].more);
		CHECK_EQ(rig_status(r), v[i].status);
	}
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_ack(r, NULL);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "Call-ID: call-1\r\n"));
	rig_say(r, 200, NULL, NULL, NULL);
	try(r, "call-1", "client", "");
	CHECK_EQ(rig_status(r), 603);
	rig_down(r);
}

TEST(serve_a_replacement_that_was_not_acknowledged_goes_on)
{
	struct rig *r = running();
	struct sr_str v[4];

	strcpy(old_tag, r->to_tag);
	try(r, "call-1", "client", "");
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(sr_serve_names(r->s, SR_STR("call-1"), v, 4), 2);
	CHECK_STR(v[0], "call-1");
	CHECK_STR(v[1], "call-2");
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "PORTS 0 1"), 2);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_ack(r, NULL);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "Call-ID: call-1\r\n"));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(sr_serve_names(r->s, SR_STR("call-1"), v, 4), 1);
	CHECK_STR(v[0], "call-2");
	rig_down(r);
}

TEST(serve_an_identity_outlives_the_process)
{
	struct rig *r = rig_up(patient);

	r->proto = SR_TLS;
	r->identity = "sip:src.example.com";
	rig_call(r, RIG_OFFER);
	rig_reborn(r, false, true);
	struct sr_serve_who who;
	CHECK(sr_serve_who(r->s, SR_STR("call-1"), &who));
	CHECK_STR(who.tls, "sip:src.example.com");
	r->identity = "sip:other.example.com";
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 200), 0);
	CHECK_EQ(rig_events(r, "NOTE identity"), 1);
	r->identity = "sip:src.example.com";
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 200), 1);
	rig_down(r);
}

/* ---- what is kept, and what not ---- */

TEST(serve_a_bye_of_ours_that_was_not_answered_is_sent_again)
{
	struct rig *r = running();

	CHECK_EQ(sr_serve_end(r->s, SR_STR("call-1"), "disk-full", r->now),
	    SR_OK);
	rig_drain(r);
	rig_reborn(r, false, false);
	CHECK_EQ(rig_events(r, "PORTS*"), 0);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"disk-full\""));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

TEST(serve_a_call_of_ours_outlives_the_process)
{
	struct rig *r = rig_up(patient);
	struct sr_serve_call c = { .uri = SR_STR("sip:src@192.0.2.1") };
	uint64_t ticket;

	r->allow = QUIET;
	CHECK_EQ(sr_serve_call(r->s, &c, r->now, &ticket), SR_OK);
	rig_drain(r);
	char id[64];
	struct sr_msg m;
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);
	CHECK_EQ(sr_msg_parse(&m, (struct sr_str){ t->p, t->n }), SR_OK);
	snprintf(id, sizeof(id), "%.*s", SR_FMT(m.call_id));
	snprintf(r->to_tag, sizeof(r->to_tag), "%.*s", SR_FMT(m.from.tag));
	sr_msg_free(&m);
	CHECK_EQ(sr_serve_save(r->s, sr_cstr(id), true, &r->record),
	    SR_ENOENT);
	rig_say(r, 200, NULL, RIG_SDP, RIG_OFFER);
	r->record.n = 0;
	CHECK_EQ(sr_serve_save(r->s, sr_cstr(id), true, &r->record), SR_OK);
	rig_reborn(r, true, false);
	CHECK_EQ(rig_events(r, "LINE 1 *"), 1);
	r->call_id = id;
	r->from_tag = "other";
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 200);
	rig_down(r);
}

TEST(serve_what_is_no_session_yet_is_not_kept)
{
	struct rig *r = rig_up(patient);

	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), true, &r->record),
	    SR_ENOENT);
	rig_ask(r, "INVITE", RIG_MARKS, NULL, NULL);	/* no offer */
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), true, &r->record),
	    SR_ENOENT);
	rig_ack(r, RIG_OFFER);
	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), true, &r->record),
	    SR_OK);
	rig_down(r);
}

/* ---- bytes that are no record ---- */

static size_t
legs(struct rig *r)
{
	struct sr_serve_stats st;

	sr_serve_stats(r->s, &st);
	return st.legs + st.now;
}

TEST(serve_damaged_records_are_refused_and_leave_nothing)
{
	struct rig *r = rig_up(patient);
	struct sr_buf b;
	int err;

	r->proto = SR_TLS;
	rig_call(r, SAVP);
	strcpy(old_tag, r->to_tag);
	try(r, "call-1", "client", "");
	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), true, &b), SR_OK);
	/* It is here: nothing happens. */
	rig_forget(r);
	CHECK_EQ(sr_serve_restore(r->s, sr_buf_str(&b), true, NULL, r->now),
	    SR_OK);
	rig_drain(r);
	CHECK_EQ(r->nevents + r->nsent, 0);
	rig_down(r);
	r = rig_up(patient);
	for (size_t n = 0; n < b.n; n++) {
		CHECK_EQ(sr_serve_restore(r->s, guarded(b.p, n), true, NULL,
		    r->now), SR_EBAD);
		b.p[n] ^= 0x41;
		err = sr_serve_restore(r->s, sr_buf_str(&b), true, NULL,
		    r->now);
		CHECK(err == SR_EBAD || (n == 0 && err == SR_EUNSUP));
		b.p[n] ^= 0x41;
	}
	rig_drain(r);
	CHECK_EQ(r->nevents + r->nsent, 0);
	CHECK_EQ(legs(r), 0);
	CHECK_EQ(sr_serve_restore(r->s, sr_buf_str(&b), true, NULL, r->now),
	    SR_OK);
	CHECK_EQ(legs(r), 4);
	sr_buf_free(&b);
	rig_down(r);
}

static uint64_t
sum(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n-- > 0)
		h = (h ^ (uint8_t)*p++) * 0x100000001b3u;
	return h;
}

/* The same, with a sum that fits: what is read is looked at. */
TEST(serve_forged_records_do_no_harm)
{
	struct rig *r = rig_up(patient), *s;
	struct sr_buf b, f;

	rig_call(r, RIG_OFFER);
	sr_buf_init(&b, 1 << 20);
	sr_buf_init(&f, 1 << 20);
	CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), true, &b), SR_OK);
	for (size_t n = 0; n + 8 < b.n; n++)
		for (int bit = 0; bit < 8; bit += 3) {
			f.n = 0;
			sr_buf_add(&f, (struct sr_str){ b.p, b.n - 8 });
			f.p[n] ^= (char)(1 << bit);
			sr_pack_u64(&f, sum(f.p, f.n));
			s = rig_up(patient);
			if (sr_serve_restore(s->s, sr_buf_str(&f), true, NULL,
			    s->now) != SR_OK)
				CHECK_EQ(legs(s), 0);
			rig_drain(s);
			rig_run(s, SR_SEC);
			rig_down(s);
		}
	sr_buf_free(&b);
	sr_buf_free(&f);
	rig_down(r);
}
