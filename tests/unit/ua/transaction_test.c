#include "unit/test.h"
#include "unit/ua/wire.h"

#define INVITE_HEAD							\
	"INVITE sip:rec@192.0.2.2 SIP/2.0$"				\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone;rport$"	\
	"From: <sip:a@x>;tag=f1$To: <sip:rec@192.0.2.2>$Call-ID: c1$"	\
	"CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$"

static bool
all(struct wire_net *w, const struct seen *s)
{
	(void)w;
	(void)s;
	return true;
}

/* Seconds after the start, in tenths. */
static long
tenths(const struct wire_net *w, const struct seen *s)
{
	return (long)((s->at - w->start) / (100 * SR_MSEC));
}

TEST(ua_unanswered_invite_is_sent_seven_times_and_fails_after_32_s)
{
	static const long want[] = { 0, 5, 15, 35, 75, 155, 315 };
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	wire_call(w, NULL);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_INVITE, 0), 7);
	for (size_t i = 0; i < 7; i++)
		CHECK_EQ(tenths(w, wire_nth(w, CLIENT, SR_UA_SEND, SR_INVITE,
		    0, i)), want[i]);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_FAILED, SR_INVITE, -1), 1);
	CHECK_EQ(tenths(w, wire_last(w, CLIENT, SR_UA_FAILED, SR_INVITE,
	    -1)), 320);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "failed");
	CHECK_EQ(sr_ua_dialogs(w->ua[CLIENT]), 0);
	CHECK_EQ(sr_ua_transactions(w->ua[CLIENT]), 0);
	wire_down(w);
}

TEST(ua_unanswered_options_is_repeated_up_to_t2)
{
	static const long want[] = { 0, 5, 15, 35, 75, 115, 155, 195, 235,
	    275, 315 };
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = wire_up(NULL);
	struct sr_hop hop = wire_hop(w, SERVER);

	w->loses = all;
	in.hops = &hop;
	in.body.n = 0;
	sr_ua_request(w->ua[CLIENT], w->now, SR_STR("OPTIONS"), &in);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_OPTIONS, 0), 11);
	for (size_t i = 0; i < 11; i++)
		CHECK_EQ(tenths(w, wire_nth(w, CLIENT, SR_UA_SEND, SR_OPTIONS,
		    0, i)), want[i]);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_FAILED, SR_OPTIONS,
	    -1)->why), "timeout");
	wire_down(w);
}

TEST(ua_copy_of_an_invite_gets_the_same_bytes)
{
	struct wire_net *w = wire_up(NULL);
	const struct seen *a, *b;

	w->loses = all;
	w->answer = 200;
	wire_tell(w, SERVER, INVITE_HEAD "$");
	w->now += 100 * SR_MSEC;
	wire_tell(w, SERVER, INVITE_HEAD "$");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_REQUEST, SR_INVITE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200), 2);
	a = wire_nth(w, SERVER, SR_UA_SEND, SR_INVITE, 200, 0);
	b = wire_nth(w, SERVER, SR_UA_SEND, SR_INVITE, 200, 1);
	CHECK_STR(sr_cstr(a->data), b->data);
	wire_down(w);
}

TEST(ua_slow_answer_is_preceded_by_100_without_a_tag)
{
	struct wire_net *w = wire_up(NULL);
	const struct seen *s;

	w->loses = all;
	wire_tell(w, SERVER, INVITE_HEAD "Timestamp: 54$$");
	wire_run(w, 250 * SR_MSEC);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 100);
	CHECK_EQ(tenths(w, s), 2);
	CHECK_STR(wire_header(s, "To"), "<sip:rec@192.0.2.2>");
	CHECK_STR(wire_header(s, "Timestamp"), "54");
	wire_tell(w, SERVER, INVITE_HEAD "$");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 100), 2);
	wire_down(w);
}

TEST(ua_refusal_is_repeated_by_g_until_ack_or_h)
{
	static const long want[] = { 0, 5, 15, 35, 75, 115, 155, 195, 235,
	    275, 315 };
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	w->answer = 488;
	wire_tell(w, SERVER, INVITE_HEAD "$");
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 488), 11);
	for (size_t i = 0; i < 11; i++)
		CHECK_EQ(tenths(w, wire_nth(w, SERVER, SR_UA_SEND, SR_INVITE,
		    488, i)), want[i]);
	CHECK_EQ(sr_ua_transactions(w->ua[SERVER]), 0);
	wire_down(w);
}

TEST(ua_ack_of_a_refusal_ends_its_copies_and_is_never_answered)
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 488;
	wire_call(w, NULL);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 488), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_ACK, -1), 0);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, -1)->status,
	    488);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "refused");
	wire_down(w);
}

TEST(ua_2xx_without_ack_is_repeated_on_tcp_too_and_then_ended)
{
	static const long want[] = { 0, 5, 15, 35, 75, 115, 155, 195, 235,
	    275, 315 };
	struct wire_net *w = wire_up(NULL);
	struct sr_hop tcp = { SR_TCP, w->addr[SERVER], w->addr[CLIENT], 9 };
	static const char text[] =
	    "INVITE sip:rec@192.0.2.2 SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKt\r\n"
	    "From: <sip:a@x>;tag=f1\r\nTo: <sip:rec@192.0.2.2>\r\n"
	    "Call-ID: c1\r\nCSeq: 1 INVITE\r\n"
	    "Contact: <sip:a@192.0.2.1;transport=tcp>\r\n"
	    "Content-Length: 0\r\n\r\n";

	w->loses = all;
	w->answer = 200;
	wire_tell_raw(w, SERVER, &tcp, sr_cstr(text));
	wire_run(w, 33 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200), 11);
	for (size_t i = 0; i < 11; i++)
		CHECK_EQ(tenths(w, wire_nth(w, SERVER, SR_UA_SEND, SR_INVITE,
		    200, i)), want[i]);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_NO_ACK, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 1);
	wire_run(w, 40 * SR_SEC);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "no-ack");
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 0);
	wire_down(w);
}

TEST(ua_lost_connection_moves_the_answer_to_a_new_one)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_hop tcp = { SR_TCP, w->addr[SERVER], w->addr[CLIENT], 9 };
	const struct seen *s;
	static const char text[] =
	    "INVITE sip:rec@192.0.2.2 SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 192.0.2.1:5070;branch=z9hG4bKt\r\n"
	    "From: <sip:a@x>;tag=f1\r\nTo: <sip:rec@192.0.2.2>\r\n"
	    "Call-ID: c1\r\nCSeq: 1 INVITE\r\n"
	    "Contact: <sip:a@192.0.2.1;transport=tcp>\r\n"
	    "Content-Length: 0\r\n\r\n";

	w->loses = all;
	tcp.remote.port = 40000;
	wire_tell_raw(w, SERVER, &tcp, sr_cstr(text));
	sr_ua_lost(w->ua[SERVER], &tcp, w->now);
	wire_reply(w, SERVER, 200, NULL, SR_REL_AUTO);
	wire_drain(w);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 200);
	CHECK_EQ(s->hop.conn, 0);
	CHECK_EQ(s->hop.remote.port, 5070);
	wire_down(w);
}

TEST(ua_cancel_before_the_answer_gives_200_and_487)
{
	struct wire_net *w = wire_up(NULL);
	const struct seen *s;

	wire_call(w, NULL);
	wire_run(w, 300 * SR_MSEC);
	CHECK_EQ(sr_dialog_cancel(w->d[CLIENT], w->now,
	    SR_STR("Reason: SIP;cause=487\r\n")), SR_OK);
	wire_run(w, 40 * SR_SEC);
	s = wire_last(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0);
	CHECK(wire_says(s, "Reason: SIP;cause=487\r\n"));
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_CANCEL, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 1);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_CANCELLED, SR_M_NONE,
	    -1)->why), "cancel");
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "cancelled");
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 0);
	wire_down(w);
}

TEST(ua_cancel_waits_for_a_provisional_response)
{
	struct wire_net *w = wire_up(NULL);

	wire_call(w, NULL);
	sr_dialog_cancel(w->d[CLIENT], w->now, (struct sr_str){ NULL, 0 });
	wire_drain(w);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0), 0);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0), 1);
	wire_down(w);
}

TEST(ua_2xx_that_crosses_the_cancel_is_acked_and_ended)
{
	struct wire_net *w = wire_up(NULL);

	wire_call(w, NULL);
	wire_run(w, 300 * SR_MSEC);
	sr_dialog_cancel(w->d[CLIENT], w->now, (struct sr_str){ NULL, 0 });
	wire_reply(w, SERVER, 200, NULL, SR_REL_AUTO);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_CANCEL, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "bye-peer");
	wire_down(w);
}

TEST(ua_cancel_that_matches_nothing_gets_481)
{
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	wire_tell(w, SERVER, "CANCEL sip:rec@192.0.2.2 SIP/2.0$"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKnone$From: <sip:a@x>;"
	    "tag=1$To: <sip:b@x>$Call-ID: c$CSeq: 1 CANCEL$$");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_CANCEL, 481), 1);
	wire_down(w);
}

TEST(ua_merged_request_is_refused_by_482_once_the_owner_says_so)
{
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	w->answer = 200;
	wire_tell(w, SERVER, INVITE_HEAD "$");
	wire_tell(w, SERVER, "INVITE sip:rec@192.0.2.2 SIP/2.0$"
	    "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKtwo$"
	    "From: <sip:a@x>;tag=f1$To: <sip:rec@192.0.2.2>$Call-ID: c1$"
	    "CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$$");
	CHECK_EQ(wire_last(w, SERVER, SR_UA_REQUEST, SR_INVITE, -1)->fault,
	    482);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 482), 1);
	wire_down(w);
}

TEST(ua_expired_invite_gets_487)
{
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	wire_tell(w, SERVER, INVITE_HEAD "Expires: 3$$");
	wire_run(w, 2900 * SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 0);
	wire_run(w, 200 * SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 1);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_CANCELLED, SR_M_NONE,
	    -1)->why), "expires");
	wire_down(w);
}

static void
few(int side, struct sr_ua_cfg *c)
{
	(void)side;
	c->max_tx = 10;
}

TEST(ua_full_table_gives_503_and_keeps_nothing)
{
	struct wire_net *w = wire_up(few);
	char text[1024];

	w->loses = all;
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "OPTIONS sip:r@x SIP/2.0$Via: "
		    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%d$From: <sip:a@x>"
		    ";tag=1$To: <sip:b@x>$Call-ID: %d$CSeq: 1 OPTIONS$$",
		    i, i);
		wire_tell(w, SERVER, text);
	}
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 200), 10);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 503), 90);
	CHECK(wire_says(wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS, 503),
	    "Retry-After: 10\r\n"));
	CHECK_EQ(sr_ua_transactions(w->ua[SERVER]), 10);
	wire_down(w);
}

TEST(ua_missing_branch_is_matched_by_the_rules_of_rfc_2543)
{
	static const char *const text =
	    "INVITE sip:rec@192.0.2.2 SIP/2.0$Via: SIP/2.0/UDP 192.0.2.1$"
	    "From: <sip:a@x>$To: <sip:b@x>$Call-ID: o$CSeq: 1 INVITE$"
	    "Contact: <sip:a@192.0.2.1>$$";
	struct wire_net *w = wire_up(NULL);
	const struct seen *s;
	char ack[512];

	w->loses = all;
	w->answer = 486;
	wire_tell(w, SERVER, text);
	wire_tell(w, SERVER, text);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_REQUEST, SR_INVITE, -1), 1);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 486);
	snprintf(ack, sizeof(ack), "ACK sip:rec@192.0.2.2 SIP/2.0$Via: "
	    "SIP/2.0/UDP 192.0.2.1$From: <sip:a@x>$To: %.*s$Call-ID: o$"
	    "CSeq: 1 ACK$$", SR_FMT(wire_header(s, "To")));
	wire_tell(w, SERVER, ack);
	wire_run(w, 30 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 486), 2);
	wire_down(w);
}
