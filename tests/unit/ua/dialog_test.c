#include "unit/test.h"
#include "unit/ua/wire.h"

static const struct sr_str none = { NULL, 0 };

static struct wire_net *
talking(void (*cfg)(int, struct sr_ua_cfg *))
{
	struct wire_net *w = wire_up(cfg);

	w->answer = 200;
	wire_call(w, NULL);
	wire_run(w, SR_SEC);
	return w;
}

static void
ask(struct wire_net *w, int side, const char *method, const char *body)
{
	struct sr_dialog_request r = { .method = sr_cstr(method),
	    .cookie = 77 };

	if (body != NULL) {
		r.type = SR_STR("application/sdp");
		r.body = sr_cstr(body);
	}
	CHECK_EQ(sr_dialog_request(w->d[side], w->now, &r), SR_OK);
	wire_drain(w);
}

TEST(ua_call_is_made_acked_and_ended)
{
	struct wire_net *w = talking(NULL);
	const struct seen *s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);

	CHECK_STR(wire_header(s, "Require"), "siprec");
	CHECK_STR(wire_header(s, "Contact"),
	    "<sip:siprec@192.0.2.1:5060>;+sip.src");
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 200);
	CHECK_STR(wire_header(s, "Contact"),
	    "<sip:siprec@192.0.2.2:5060>;+sip.srs");
	CHECK_STR(wire_header(s, "Require"), "siprec");
	CHECK(wire_header(s, "Allow").n > 0);
	CHECK(wire_header(s, "Supported").n > 0);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(sr_dialog_state(w->d[SERVER]), SR_D_CONFIRMED);
	CHECK(sr_streq(sr_dialog_local_tag(w->d[SERVER]),
	    sr_dialog_remote_tag(w->d[CLIENT])));
	CHECK(sr_dialog_allows(w->d[SERVER], "UPDATE"));
	CHECK(!sr_dialog_allows(w->d[SERVER], "REFER"));
	sr_dialog_bye(w->d[SERVER], w->now, SR_STR(
	    "Reason: SIP;cause=200;text=\"done\"\r\n"), none, none);
	wire_run(w, 70 * SR_SEC);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0);
	CHECK(wire_says(s, "Reason: SIP;cause=200"));
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "bye-peer");
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "bye");
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(sr_ua_dialogs(w->ua[i]), 0);
		CHECK_EQ(sr_ua_transactions(w->ua[i]), 0);
		CHECK_EQ(sr_ua_due(w->ua[i]), SR_NEVER);
	}
	wire_down(w);
}

static bool
third(struct wire_net *w, const struct seen *s)
{
	static unsigned n;

	(void)w;
	(void)s;
	return n++ % 3 == 0;
}

TEST(ua_call_survives_loss_and_copies)
{
	struct wire_net *w = wire_up(NULL);

	w->loses = third;
	w->copies = 1;
	w->answer = 200;
	wire_call(w, NULL);
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_REQUEST, SR_INVITE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 200), 1);
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

static bool
first_acks(struct wire_net *w, const struct seen *s)
{
	return s->method == SR_ACK &&
	    wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0) < 4;
}

TEST(ua_each_copy_of_a_2xx_is_acked_again)
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 200;
	w->loses = first_acks;
	wire_call(w, NULL);
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200), 4);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 4);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_offerless_invite_is_acked_by_the_owner_with_an_answer)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_ua_invite in = wire_invite();

	in.body = in.type = none;
	w->answer = 200;
	wire_call(w, &in);
	wire_run(w, 100 * SR_MSEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 0);
	CHECK_EQ(sr_dialog_ack(w->d[CLIENT], w->now,
	    SR_STR("application/sdp"), sr_cstr(wire_sdp)), SR_OK);
	CHECK_EQ(sr_dialog_ack(w->d[CLIENT], w->now, none, none), SR_ENOENT);
	wire_run(w, 100 * SR_MSEC);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_ACKED, SR_M_NONE,
	    -1)->data), wire_sdp);
	wire_down(w);
}

/* One in-dialog message of the client, with what is changed. */
static void
forge(struct wire_net *w, const char *method, const char *from_tag,
    const char *to_tag, unsigned cseq, const char *more)
{
	struct sr_dialog *d = w->d[SERVER];
	static unsigned branch;
	char text[2048];

	snprintf(text, sizeof(text), "%s sip:siprec@192.0.2.2 SIP/2.0$"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKforged%u$"
	    "From: <sip:alice@192.0.2.1>;tag=%.*s$"
	    "To: <sip:rec@192.0.2.2>;tag=%.*s$Call-ID: %.*s$CSeq: %u %s$%s$",
	    method, branch++,
	    SR_FMT(from_tag != NULL ? sr_cstr(from_tag) :
	    sr_dialog_remote_tag(d)),
	    SR_FMT(to_tag != NULL ? sr_cstr(to_tag) : sr_dialog_local_tag(d)),
	    SR_FMT(sr_dialog_call_id(d)), cseq, method, more);
	wire_tell(w, SERVER, text);
}

TEST(ua_forged_requests_change_nothing)
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 200;
	w->loses = first_acks;
	wire_call(w, NULL);
	wire_run(w, 100 * SR_MSEC);
	w->d[SERVER] = sr_tx_dialog(wire_last(w, SERVER, SR_UA_REQUEST,
	    SR_INVITE, -1)->tx);
	forge(w, "ACK", "wrong", NULL, 1, "");
	forge(w, "ACK", NULL, "wrong", 1, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 0);
	forge(w, "BYE", "wrong", NULL, 999999, "");
	forge(w, "BYE", NULL, "wrong", 999999, "");
	forge(w, "PRACK", "wrong", NULL, 999999, "RAck: 1 1 INVITE$");
	forge(w, "UPDATE", NULL, "wrong", 999999, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 481), 2);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_PRACK, 481), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 481), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 0);
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_cseq_that_steps_back_gets_500_and_gaps_are_fine)
{
	struct wire_net *w = talking(NULL);

	forge(w, "OPTIONS", NULL, NULL, 900000, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 200), 1);
	forge(w, "OPTIONS", NULL, NULL, 899999, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 500), 1);
	forge(w, "OPTIONS", NULL, NULL, 900009, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 200), 2);
	wire_down(w);
}

TEST(ua_second_invite_gets_500_with_retry_after)
{
	struct wire_net *w = talking(NULL);
	uint64_t s;

	w->answer = 0;
	forge(w, "INVITE", NULL, NULL, 900000, "");
	forge(w, "INVITE", NULL, NULL, 900001, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 500), 1);
	CHECK_EQ(sr_strnum(wire_header(wire_last(w, SERVER, SR_UA_SEND,
	    SR_INVITE, 500), "Retry-After"), &s), SR_OK);
	CHECK(s <= 10);
	wire_down(w);
}

TEST(ua_updates_that_cross_get_491_or_500)
{
	struct wire_net *w = talking(NULL);
	char more[1024];

	snprintf(more, sizeof(more), "Content-Type: application/sdp$$%s",
	    wire_sdp);
	w->answer = 0;
	forge(w, "UPDATE", NULL, NULL, 900000, more);
	forge(w, "UPDATE", NULL, NULL, 900001, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 500), 1);
	wire_down(w);
	w = talking(NULL);
	ask(w, SERVER, "INVITE", wire_sdp);
	forge(w, "UPDATE", NULL, NULL, 900000, more);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 491), 1);
	forge(w, "UPDATE", NULL, NULL, 900001, "");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_REQUEST, SR_UPDATE, -1), 1);
	wire_down(w);
}

TEST(ua_glare_is_settled_by_the_owner_of_the_call_id_waiting_longer)
{
	struct wire_net *w = talking(NULL);
	sr_time t = w->now;
	const struct seen *a, *b;

	ask(w, SERVER, "INVITE", wire_sdp);
	ask(w, CLIENT, "INVITE", wire_sdp);
	wire_run(w, 20 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 491), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_INVITE, 491), 1);
	a = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	b = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 0);
	CHECK(a->at - t >= 2100 * SR_MSEC && a->at - t <= 4100 * SR_MSEC);
	CHECK(b->at - t <= 2100 * SR_MSEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 200), 2);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_RESPONSE, SR_INVITE, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_RESPONSE, SR_INVITE, 491), 0);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_RETRY, SR_INVITE, 491), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RETRY, SR_INVITE, 491), 1);
	wire_down(w);
}

TEST(ua_crosses_what_is_under_way_only_where_it_is_told_to)
{
	struct wire_net *w = talking(NULL);
	struct sr_dialog_request q = { .method = SR_STR("INVITE"),
	    .type = SR_STR("application/sdp"), .body = sr_cstr(wire_sdp),
	    .cookie = 5 };

	w->answer = 0;
	ask(w, SERVER, "INVITE", wire_sdp);
	wire_run(w, 100 * SR_MSEC);
	CHECK_EQ(sr_dialog_request(w->d[CLIENT], w->now, &q), SR_OK);
	wire_run(w, 100 * SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 491), 0);
	q.cross = true;
	CHECK_EQ(sr_dialog_request(w->d[CLIENT], w->now, &q), SR_OK);
	wire_run(w, 100 * SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 491), 1);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RETRY, SR_INVITE, 491)->cookie, 5);
	wire_down(w);
}

TEST(ua_own_invites_wait_for_each_other)
{
	struct wire_net *w = talking(NULL);

	ask(w, SERVER, "INVITE", wire_sdp);
	ask(w, SERVER, "UPDATE", wire_sdp);
	ask(w, SERVER, "INVITE", wire_sdp);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 0), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_UPDATE, 0), 0);
	wire_run(w, 5 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_RESPONSE, SR_INVITE, 200), 2);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_RESPONSE, SR_UPDATE, 200), 1);
	wire_down(w);
}

TEST(ua_target_changes_with_a_2xx_only)
{
	struct wire_net *w = talking(NULL);

	w->answer = 488;
	forge(w, "INVITE", NULL, NULL, 900000,
	    "Contact: <sip:alice@192.0.2.1:7777>$");
	CHECK_STR(sr_dialog_target(w->d[SERVER]),
	    "sip:siprec@192.0.2.1:5060");
	w->answer = 200;
	forge(w, "INVITE", NULL, NULL, 900001,
	    "Contact: <sip:alice@192.0.2.1:7777>$");
	CHECK_STR(sr_dialog_target(w->d[SERVER]),
	    "sip:alice@192.0.2.1:7777");
	w->loses = NULL;
	forge(w, "ACK", NULL, NULL, 900001, "");
	sr_dialog_bye(w->d[SERVER], w->now, none, none, none);
	wire_drain(w);
	CHECK_EQ(wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0)->
	    hop.remote.port, 7777);
	wire_down(w);
}

TEST(ua_bye_during_a_re_invite_ends_both)
{
	struct wire_net *w = talking(NULL);

	w->answer = 0;
	ask(w, CLIENT, "INVITE", wire_sdp);
	wire_run(w, 300 * SR_MSEC);
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 1);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_CANCELLED, SR_M_NONE,
	    -1)->why), "bye");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_cancelled_re_invite_leaves_the_dialog)
{
	struct wire_net *w = talking(NULL);

	w->answer = 0;
	ask(w, CLIENT, "INVITE", wire_sdp);
	wire_run(w, 300 * SR_MSEC);
	sr_dialog_cancel(w->d[CLIENT], w->now, none);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, -1)->status,
	    487);
	CHECK_EQ(sr_ua_dialogs(w->ua[CLIENT]), 1);
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 1);
	wire_down(w);
}

static bool
bye_lost(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->method == SR_BYE || s->method == SR_UPDATE;
}

TEST(ua_unanswered_bye_ends_all_the_same)
{
	struct wire_net *w = talking(NULL);

	w->loses = bye_lost;
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_run(w, 33 * SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 11);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "bye");
	wire_down(w);
}

TEST(ua_unanswered_update_ends_the_dialog)
{
	struct wire_net *w = talking(NULL);

	w->loses = bye_lost;
	ask(w, SERVER, "UPDATE", NULL);
	wire_run(w, 70 * SR_SEC);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_FAILED, SR_UPDATE,
	    -1)->why), "timeout");
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_OVER, SR_M_NONE,
	    -1)->why), "408");
	wire_down(w);
}

TEST(ua_answer_of_another_fork_is_acked_and_ended)
{
	struct wire_net *w = talking(NULL);
	const struct seen *inv = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE,
	    0);
	char text[2048];

	snprintf(text, sizeof(text), "SIP/2.0 200 OK$Via: %.*s$From: %.*s$"
	    "To: <sip:rec@192.0.2.2>;tag=fork$Call-ID: %.*s$CSeq: %.*s$"
	    "Contact: <sip:other@192.0.2.3>$$",
	    SR_FMT(wire_header(inv, "Via")), SR_FMT(wire_header(inv, "From")),
	    SR_FMT(wire_header(inv, "Call-ID")),
	    SR_FMT(wire_header(inv, "CSeq")));
	wire_tell(w, CLIENT, text);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 2);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_BYE, 0)->
	    hop.remote.ip[3], 3);
	wire_tell(w, CLIENT, text);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 3);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 0);
	wire_down(w);
}

TEST(ua_route_set_is_kept_in_order_and_strict_routers_are_obeyed)
{
	struct wire_net *w = wire_up(NULL);
	const struct seen *s;

	w->answer = 200;
	wire_tell(w, SERVER, "INVITE sip:rec@192.0.2.2 SIP/2.0$Via: SIP/2.0/"
	    "UDP 192.0.2.7;branch=z9hG4bKr$From: <sip:a@x>;tag=1$To: <sip:b@x>"
	    "$Call-ID: rr$CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$"
	    "Record-Route: <sip:192.0.2.7;x=1>;p=2, <sip:192.0.2.8;lr>$"
	    "Record-Route: <sip:192.0.2.9;lr>$$");
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 200);
	CHECK(wire_says(s, "Record-Route: <sip:192.0.2.7;x=1>;p=2, "
	    "<sip:192.0.2.8;lr>\r\nRecord-Route: <sip:192.0.2.9;lr>\r\n"));
	w->d[SERVER] = sr_tx_dialog(w->log[0].tx);
	forge(w, "ACK", NULL, NULL, 1, "");
	sr_dialog_bye(w->d[SERVER], w->now, none, none, none);
	wire_drain(w);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0);
	CHECK(wire_says(s, "BYE sip:192.0.2.7;x=1 SIP/2.0\r\n"));
	CHECK(wire_says(s, "Route: <sip:192.0.2.8;lr>\r\n"
	    "Route: <sip:192.0.2.9;lr>\r\nRoute: <sip:a@192.0.2.1>\r\n"));
	CHECK_EQ(s->hop.remote.ip[3], 7);
	wire_down(w);
}

TEST(ua_session_id_is_stable_and_names_both_sides)
{
	struct wire_net *w = talking(NULL);
	struct sr_str a = sr_dialog_session_id(w->d[CLIENT]);
	struct sr_str b = sr_dialog_session_id(w->d[SERVER]);
	char want[128];

	CHECK_EQ(a.n, 32);
	CHECK(!sr_streq(a, b));
	CHECK(sr_streq(sr_dialog_remote_session_id(w->d[SERVER]), a));
	CHECK(sr_streq(sr_dialog_remote_session_id(w->d[CLIENT]), b));
	snprintf(want, sizeof(want), "%.*s;remote=%.*s", SR_FMT(b), SR_FMT(a));
	CHECK_STR(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    200), "Session-ID"), want);
	ask(w, SERVER, "UPDATE", NULL);
	CHECK_STR(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_UPDATE, 0),
	    "Session-ID"), want);
	wire_down(w);
}

TEST(ua_name_as_target_is_resolved_by_the_owner)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_ua_invite in = wire_invite();
	struct sr_hop hop = wire_hop(w, SERVER);

	in.uri = SR_STR("sip:rec@example.com");
	in.nhops = 0;
	w->answer = 200;
	wire_call(w, &in);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_RESOLVE, SR_M_NONE,
	    -1)->data), "sip:rec@example.com");
	sr_ua_resolved(w->ua[CLIENT], w->resolve, &hop, 1, w->now);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	wire_down(w);
	w = wire_up(NULL);
	wire_call(w, &in);
	sr_ua_resolved(w->ua[CLIENT], w->resolve, NULL, 0, w->now);
	wire_drain(w);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_FAILED, SR_M_NONE,
	    -1)->why), "unresolved");
	wire_down(w);
}

TEST(ua_bye_of_the_server_waits_for_the_ack)
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 200;
	w->loses = first_acks;
	wire_call(w, NULL);
	wire_run(w, 100 * SR_MSEC);
	sr_dialog_bye(sr_tx_dialog(wire_last(w, SERVER, SR_UA_REQUEST,
	    SR_INVITE, -1)->tx), w->now, none, none, none);
	wire_run(w, 2 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 0);
	wire_run(w, 3 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_bye_before_the_answer_is_cancel_or_480)
{
	struct wire_net *w = wire_up(NULL);

	wire_call(w, NULL);
	wire_run(w, 300 * SR_MSEC);
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 0);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
	w = wire_up(NULL);
	wire_call(w, NULL);
	wire_run(w, 300 * SR_MSEC);
	sr_dialog_bye(sr_tx_dialog(w->tx[SERVER]), w->now, none, none, none);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 480), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, -1)->status,
	    480);
	wire_down(w);
}

TEST(ua_client_without_a_tag_has_a_dialog_too)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_dialog *d;
	char text[1024];

	w->answer = 200;
	wire_tell(w, SERVER, "INVITE sip:rec@192.0.2.2 SIP/2.0$Via: SIP/2.0/"
	    "UDP 192.0.2.1;branch=z9hG4bKr$From: <sip:a@x>$To: <sip:b@x>$"
	    "Call-ID: nt$CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$$");
	d = sr_tx_dialog(w->log[0].tx);
	snprintf(text, sizeof(text), "BYE sip:rec@192.0.2.2 SIP/2.0$Via: "
	    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKs$From: <sip:a@x>$"
	    "To: <sip:b@x>;tag=%.*s$Call-ID: nt$CSeq: 2 BYE$$",
	    SR_FMT(sr_dialog_local_tag(d)));
	wire_tell(w, SERVER, text);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_tcp_call_keeps_to_its_connection_and_repeats_nothing)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_ua_invite in = wire_invite();
	struct sr_hop hop = wire_hop(w, SERVER);

	hop.proto = SR_TCP;
	in.hops = &hop;
	w->answer = 200;
	wire_call(w, &in);
	wire_run(w, SR_SEC);
	ask(w, SERVER, "UPDATE", NULL);
	CHECK_EQ(wire_last(w, SERVER, SR_UA_SEND, SR_UPDATE, 0)->hop.conn,
	    1);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_ACK, 0)->hop.conn, 1);
	wire_run(w, SR_SEC);
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_BYE, 0)->hop.conn, 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_INVITE, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_STR(wire_header(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE,
	    0), "Contact"),
	    "<sip:siprec@192.0.2.1:5060;transport=tcp>;+sip.src");
	wire_down(w);
}

TEST(ua_same_seed_says_the_same)
{
	struct wire_net *a = talking(NULL), *b = talking(NULL);

	CHECK_EQ(a->n, b->n);
	for (size_t i = 0; i < a->n && i < b->n; i++)
		CHECK_STR(sr_cstr(a->log[i].data), b->log[i].data);
	wire_down(a);
	wire_down(b);
}

TEST(ua_name_that_leads_nowhere_falls_back_on_the_known_hop)
{
	struct wire_net *w = talking(NULL);

	w->answer = 200;
	forge(w, "INVITE", NULL, NULL, 900000,
	    "Contact: <sip:alice@nowhere.example>$");
	forge(w, "ACK", NULL, NULL, 900000, "");
	sr_dialog_bye(w->d[SERVER], w->now, none, none, none);
	wire_drain(w);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_RESOLVE, SR_M_NONE,
	    -1)->data), "sip:alice@nowhere.example");
	sr_ua_resolved(w->ua[SERVER], w->resolve, NULL, 0, w->now);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_BYE, 200), 1);
	wire_down(w);
}
