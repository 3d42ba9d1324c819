#include "unit/test.h"
#include "unit/ua/wire.h"

static const struct sr_str none = { NULL, 0 };

static struct wire_net *
talking(const struct sr_ua_invite *in)
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 200;
	wire_call(w, in);
	wire_run(w, SR_SEC);
	for (int i = 0; i < 2; i++)
		sr_dialog_set_sdp(w->d[i], sr_cstr(wire_sdp),
		    sr_cstr(wire_sdp));
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
	wire_run(w, SR_SEC);
}

static size_t
answers(const struct wire_net *w, int side, enum sr_method m, int status)
{
	return wire_count(w, side, SR_UA_RESPONSE, m, status);
}

TEST(ua_restored_dialogs_talk_on_in_both_directions)
{
	for (int dead = CLIENT; dead <= SERVER; dead++) {
		struct wire_net *w = talking(NULL);
		uint64_t before, after;

		ask(w, dead, "UPDATE", NULL);
		sr_strnum(sr_trim(sr_substr(wire_header(wire_last(w, dead,
		    SR_UA_SEND, SR_UPDATE, 0), "CSeq"), 0, 5)), &before);
		wire_reborn(w, dead);
		ask(w, !dead, "INVITE", wire_sdp);
		CHECK_EQ(answers(w, !dead, SR_INVITE, 200),
		    1 + (dead == SERVER));
		ask(w, !dead, "UPDATE", NULL);
		CHECK_EQ(answers(w, !dead, SR_UPDATE, 200), 1);
		ask(w, dead, "INVITE", wire_sdp);
		CHECK(answers(w, dead, SR_INVITE, 200) >= 1);
		sr_strnum(sr_trim(sr_substr(wire_header(wire_last(w, dead,
		    SR_UA_SEND, SR_INVITE, 0), "CSeq"), 0, 5)), &after);
		CHECK(after > before + 100);
		sr_dialog_bye(w->d[!dead], w->now, none, none, none);
		wire_run(w, 70 * SR_SEC);
		CHECK_EQ(wire_count(w, dead, SR_UA_SEND, SR_BYE, 200), 1);
		CHECK_STR(sr_cstr(wire_last(w, dead, SR_UA_OVER, SR_M_NONE,
		    -1)->why), "bye-peer");
		CHECK_EQ(sr_ua_dialogs(w->ua[dead]), 0);
		CHECK_EQ(sr_ua_due(w->ua[dead]), SR_NEVER);
		wire_down(w);
	}
}

TEST(ua_restored_dialog_says_what_it_said_before)
{
	struct wire_net *w = talking(NULL);
	struct sr_dialog *d = w->d[SERVER];
	struct sr_buf before, after;

	sr_dialog_set_contact(d, SR_STR("other"), SR_STR(""));
	sr_buf_init(&before, 1 << 20);
	sr_buf_init(&after, 1 << 20);
	CHECK_EQ(sr_dialog_save(d, true, &before), SR_OK);
	wire_reborn(w, SERVER);
	d = w->d[SERVER];
	CHECK_EQ(sr_dialog_save(d, true, &after), SR_OK);
	CHECK_EQ(before.n, after.n);
	CHECK(sr_dialog_allows(d, "UPDATE"));
	CHECK(sr_dialog_supports(d, "timer"));
	CHECK_EQ(sr_dialog_state(d), SR_D_CONFIRMED);
	CHECK(!sr_dialog_is_uac(d));
	CHECK_STR(sr_dialog_local_sdp(d), wire_sdp);
	CHECK_STR(sr_dialog_target(d), "sip:siprec@192.0.2.1:5060");
	ask(w, SERVER, "UPDATE", NULL);
	CHECK_STR(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_UPDATE, 0),
	    "Contact"), "<sip:other@192.0.2.2:5060>");
	CHECK(sr_streq(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_UPDATE,
	    0), "Session-ID"), wire_header(wire_nth(w, SERVER, SR_UA_SEND,
	    SR_INVITE, 200, 0), "Session-ID")));
	sr_buf_free(&before);
	sr_buf_free(&after);
	wire_down(w);
}

TEST(ua_only_an_established_dialog_is_saved)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	wire_call(w, NULL);
	wire_run(w, SR_SEC);
	CHECK_EQ(sr_dialog_save(w->d[CLIENT], true, &b), SR_ENOENT);
	wire_reply(w, SERVER, 180, "", SR_REL_NO);
	CHECK_EQ(sr_dialog_save(sr_tx_dialog(w->tx[SERVER]), true, &b),
	    SR_ENOENT);
	CHECK_EQ(b.n, 0);
	sr_buf_free(&b);
	wire_down(w);
}

/* ---- the 2xx whose ACK has not come ---- */

static bool
of_server(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->side == SERVER;
}

static bool
acks(struct wire_net *w, const struct seen *s)
{
	(void)w;
	return s->method == SR_ACK;
}

/* The 2xx of a call that nobody heard. */
static struct wire_net *
unheard(bool (*loses)(struct wire_net *, const struct seen *))
{
	struct wire_net *w = wire_up(NULL);

	w->answer = 200;
	w->loses = loses;
	wire_call(w, NULL);
	wire_run(w, 100 * SR_MSEC);
	w->d[SERVER] = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    200)->dialog;
	return w;
}

TEST(ua_restored_2xx_answers_the_same_invite_again)
{
	struct wire_net *w = unheard(of_server);
	char *said = strdup(wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    200)->data);

	wire_reborn(w, SERVER);
	w->loses = NULL;
	wire_run(w, 10 * SR_SEC);
	CHECK_STR(sr_cstr(wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    200)->data), said);
	CHECK_EQ(answers(w, CLIENT, SR_INVITE, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_REQUEST, SR_INVITE, -1), 1);
	ask(w, CLIENT, "UPDATE", NULL);
	CHECK_EQ(answers(w, CLIENT, SR_UPDATE, 200), 1);
	wire_run(w, 70 * SR_SEC);
	CHECK_EQ(sr_ua_transactions(w->ua[SERVER]), 0);
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 1);
	free(said);
	wire_down(w);
}

TEST(ua_restored_2xx_without_ack_is_taken_as_acknowledged)
{
	struct wire_net *w = unheard(acks);
	const struct seen *s;

	wire_reborn(w, SERVER);
	wire_run(w, 30 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 0);
	CHECK(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200) > 5);
	wire_run(w, 3 * SR_SEC);
	s = wire_last(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1);
	CHECK(s->dialog == w->d[SERVER] && s->data[0] == '\0');
	CHECK_EQ(wire_count(w, SERVER, SR_UA_NO_ACK, SR_M_NONE, -1), 0);
	CHECK_EQ(sr_dialog_state(w->d[SERVER]), SR_D_CONFIRMED);
	/* and when the process was gone for longer, at once */
	wire_down(w);
	w = unheard(acks);
	struct sr_buf b;
	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[SERVER], true, &b), SR_OK);
	w->loses = NULL;
	wire_run(w, 100 * SR_SEC);
	sr_dialog_drop(w->d[SERVER]);
	wire_forget(w);
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &w->d[SERVER]), SR_OK);
	wire_run(w, SR_MSEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	sr_buf_free(&b);
	wire_down(w);
}

TEST(ua_bye_of_a_restored_dialog_waits_for_the_ack_of_its_2xx)
{
	struct wire_net *w = unheard(acks);

	wire_reborn(w, SERVER);
	sr_dialog_bye(w->d[SERVER], w->now, none, none, none);
	wire_run(w, 20 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 0);
	wire_run(w, 13 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_a_2xx_for_a_dead_process_is_acknowledged)
{
	struct wire_net *w = talking(NULL);
	const struct seen *s;
	struct sr_dialog_request r = { .method = SR_STR("INVITE"),
	    .type = SR_STR("application/sdp"), .body = sr_cstr(wire_sdp),
	    .cookie = 3 };
	struct sr_buf b;

	/* Saved before the re-INVITE, as if its own record was lost. */
	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[SERVER], true, &b), SR_OK);
	CHECK_EQ(sr_dialog_request(w->d[SERVER], w->now, &r), SR_OK);
	wire_drain(w);
	sr_dialog_drop(w->d[SERVER]);
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &w->d[SERVER]), SR_OK);
	wire_run(w, 60 * SR_SEC);
	s = wire_last(w, SERVER, SR_UA_SEND, SR_ACK, 0);
	CHECK(s->data != NULL);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_NO_ACK, SR_M_NONE, -1), 0);
	CHECK_EQ(sr_dialog_state(w->d[CLIENT]), SR_D_CONFIRMED);
	sr_buf_free(&b);
	wire_down(w);
}

/* ---- session timers ---- */

static struct wire_net *
timed(enum sr_ua_refresher who)
{
	struct sr_ua_invite in = wire_invite();
	struct sr_hop hop;
	struct wire_net *w = wire_up(NULL);

	hop = wire_hop(w, SERVER);
	in.hops = &hop;
	in.session_expires = 300;
	in.refresher = who;
	w->answer = 200;
	wire_call(w, &in);
	wire_run(w, SR_SEC);
	return w;
}

/* How long after the start of the call it is. */
static sr_time
at(const struct wire_net *w, sr_time t)
{
	return (t - w->start) / SR_SEC;
}

TEST(ua_restored_refresher_refreshes_when_it_would_have)
{
	struct wire_net *w = timed(SR_REFRESH_UAS);

	wire_run(w, 99 * SR_SEC);
	wire_reborn(w, SERVER);
	CHECK(sr_dialog_timer(w->d[SERVER]).ours);
	CHECK_EQ(sr_dialog_timer(w->d[SERVER]).interval, 300);
	wire_run(w, 60 * SR_SEC);
	CHECK_EQ(at(w, wire_nth(w, SERVER, SR_UA_SEND, SR_UPDATE, 0, 0)->at),
	    150);
	CHECK_EQ(at(w, sr_dialog_timer(w->d[SERVER]).expires), 150 + 268);
	wire_down(w);
}

/* Saved now, restored so much later; in between nobody was there. */
static void
away(struct wire_net *w, sr_time how_long)
{
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[SERVER], true, &b), SR_OK);
	sr_dialog_drop(w->d[SERVER]);
	w->now += how_long;
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &w->d[SERVER]), SR_OK);
	sr_buf_free(&b);
}

TEST(ua_restored_refresher_makes_up_for_what_was_missed)
{
	struct wire_net *w = timed(SR_REFRESH_UAS);
	sr_time when = w->now + 200 * SR_SEC;

	away(w, 200 * SR_SEC);
	wire_run(w, 3 * SR_SEC);
	CHECK(wire_nth(w, SERVER, SR_UA_SEND, SR_UPDATE, 0, 0)->at <=
	    when + 2 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 0), 0);
	wire_down(w);
}

TEST(ua_restored_session_that_ran_out_gets_a_third_of_its_time)
{
	struct wire_net *w = timed(SR_REFRESH_UAC);
	sr_time when;

	w->loses = of_server;		/* the client hears nothing */
	away(w, 290 * SR_SEC);
	when = w->now;
	CHECK_EQ(sr_dialog_timer(w->d[SERVER]).expires,
	    when + 100 * SR_SEC);
	sr_ua_tick(w->ua[SERVER], when + 99 * SR_SEC);
	CHECK(sr_ua_next(w->ua[SERVER]) == NULL);
	w->now = when + 100 * SR_SEC;
	sr_ua_tick(w->ua[SERVER], w->now);
	wire_drain(w);
	CHECK(wire_says(wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0),
	    "text=\"session-timer\""));
	wire_down(w);
}

/* ---- where the peer is ---- */

static bool
everything(struct wire_net *w, const struct seen *s)
{
	(void)w;
	(void)s;
	return true;
}

TEST(ua_restored_dialog_knows_no_connections)
{
	struct wire_net *w = talking(NULL);
	struct sr_hop hop = { SR_TCP, w->addr[SERVER], w->addr[CLIENT], 7 };
	char text[1024];
	struct sr_addr us;

	w->loses = everything;
	snprintf(text, sizeof(text), "UPDATE sip:x@y SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKu1\r\n"
	    "From: <sip:a@x>;tag=%.*s\r\nTo: <sip:b@y>;tag=%.*s\r\n"
	    "Call-ID: %.*s\r\nCSeq: 900000 UPDATE\r\nContact: "
	    "<sip:siprec@192.0.2.1:5060;transport=tcp>\r\n"
	    "Content-Length: 0\r\n\r\n",
	    SR_FMT(sr_dialog_local_tag(w->d[CLIENT])),
	    SR_FMT(sr_dialog_local_tag(w->d[SERVER])),
	    SR_FMT(sr_dialog_call_id(w->d[SERVER])));
	wire_tell_raw(w, SERVER, &hop, sr_cstr(text));
	CHECK_EQ(sr_dialog_hop(w->d[SERVER])->conn, 7);
	wire_reborn(w, SERVER);
	CHECK_EQ(sr_dialog_hop(w->d[SERVER])->conn, 0);
	/* and on another machine it speaks from there */
	sr_addr_parse(&us, SR_STR("198.51.100.2:5060"));
	sr_dialog_move(w->d[SERVER], &(struct sr_hop){ .proto = SR_TCP,
	    .local = us });
	sr_dialog_bye(w->d[SERVER], w->now, none, none, none);
	wire_drain(w);
	CHECK_EQ(wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0)->hop.conn, 0);
	CHECK(wire_says(wire_last(w, SERVER, SR_UA_SEND, SR_BYE, 0),
	    "Via: SIP/2.0/TCP 198.51.100.2:5060;"));
	wire_down(w);
}

/* ---- without a word ---- */

TEST(ua_dropped_dialog_says_nothing_any_more)
{
	struct wire_net *w = talking(NULL);
	struct sr_dialog_request r = { .method = SR_STR("INVITE"),
	    .type = SR_STR("application/sdp"), .body = sr_cstr(wire_sdp),
	    .cookie = 3 };

	w->answer = 0;
	CHECK_EQ(sr_dialog_request(w->d[CLIENT], w->now, &r), SR_OK);
	wire_run(w, 100 * SR_MSEC);	/* asked, not answered */
	wire_forget(w);
	ask(w, SERVER, "OPTIONS", NULL);
	r.method = SR_STR("INFO");
	CHECK_EQ(sr_dialog_request(w->d[SERVER], w->now, &r), SR_OK);
	sr_dialog_drop(w->d[SERVER]);
	wire_forget(w);
	wire_run(w, 60 * SR_SEC);
	for (size_t i = 0; i < w->n; i++)
		CHECK(w->log[i].side == CLIENT);
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 0);
	CHECK_EQ(sr_ua_transactions(w->ua[SERVER]), 0);
	wire_down(w);
}

/* ---- bytes that are no record ---- */

TEST(ua_no_prefix_of_a_dialog_is_a_dialog)
{
	struct wire_net *w = unheard(of_server);
	struct sr_dialog *d;
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[SERVER], true, &b), SR_OK);
	/* It is still there. */
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &d), SR_EBAD);
	sr_dialog_drop(w->d[SERVER]);
	for (size_t n = 0; n < b.n; n++)
		CHECK_EQ(sr_dialog_restore(w->ua[SERVER], guarded(b.p, n),
		    w->now, &d), SR_EBAD);
	sr_buf_addc(&b, 'x');
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &d), SR_EBAD);
	b.n--;
	b.p[0]++;
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &d), SR_EUNSUP);
	b.p[0]--;
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 0);
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &d), SR_OK);
	sr_buf_free(&b);
	wire_down(w);
}

TEST(ua_saving_knows_its_limit)
{
	struct wire_net *w = unheard(acks);
	struct sr_buf b;
	size_t most;

	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[SERVER], false, &b), SR_OK);
	most = b.n;
	sr_buf_free(&b);
	for (size_t n = 0; n < most; n++) {
		sr_buf_init(&b, n);
		CHECK_EQ(sr_dialog_save(w->d[SERVER], false, &b), SR_ELIMIT);
		sr_buf_free(&b);
	}
	wire_down(w);
}

static const char keyed[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"
    "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n";

TEST(ua_without_keys_no_key_is_in_the_record)
{
	struct wire_net *w = wire_up(NULL);
	struct sr_buf b;

	w->answer = 200;
	w->answer_body = keyed;
	w->loses = acks;
	wire_call(w, NULL);
	wire_run(w, 100 * SR_MSEC);
	struct sr_dialog *d = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
	    200)->dialog;
	sr_dialog_set_sdp(d, sr_cstr(keyed), sr_cstr(keyed));
	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(d, true, &b), SR_OK);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("inline:MTIz")) < b.n);
	b.n = 0;
	CHECK_EQ(sr_dialog_save(d, false, &b), SR_OK);
	CHECK_EQ(sr_strfind(sr_buf_str(&b), SR_STR("inline:M")), b.n);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("inline:AAAA")) < b.n);
	/* The 2xx cannot be said again: copies of the INVITE get nothing. */
	sr_dialog_drop(d);
	CHECK_EQ(sr_dialog_restore(w->ua[SERVER], sr_buf_str(&b), w->now,
	    &w->d[SERVER]), SR_OK);
	wire_forget(w);
	wire_run(w, 40 * SR_SEC);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_M_NONE, -1), 0);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_ACKED, SR_M_NONE, -1), 1);
	sr_buf_free(&b);
	wire_down(w);
}
