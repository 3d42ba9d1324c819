#include "unit/serve/rig.h"

static void
durable(struct sr_serve_cfg *c)
{
	c->persist = true;
	c->media_timeout = c->probe = SR_NEVER;
}

static struct rig *
running(bool slow)
{
	struct rig *r = rig_up(durable);

	r->allow = "INVITE, ACK, CANCEL, BYE, OPTIONS";
	rig_call(r, RIG_OFFER);
	rig_forget(r);
	r->slow_store = slow;
	return r;
}

static void
persisted(struct rig *r, int err)
{
	CHECK_EQ(sr_serve_persisted(r->s, r->ticket, err, r->now), SR_OK);
	rig_drain(r);
}

static size_t
sessions(struct rig *r)
{
	struct sr_serve_stats st;

	sr_serve_stats(r->s, &st);
	return st.now;
}

TEST(serve_2xx_waits_until_it_is_written)
{
	struct rig *r = rig_up(durable);

	r->slow_store = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_events(r, "PERSIST call-1"), 1);
	CHECK_EQ(r->nsent, 0);
	CHECK_EQ(rig_events(r, "LINE*"), 2);
	rig_run(r, 100 * SR_MSEC);
	CHECK_EQ(r->nsent, 0);
	persisted(r, SR_OK);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 1);
	CHECK_EQ(rig_events(r, "NOTE*"), 0);
	/* That was what the ticket was good for. */
	CHECK_EQ(sr_serve_persisted(r->s, r->ticket, SR_OK, r->now),
	    SR_ENOENT);
	rig_ack(r, NULL);		/* holds nothing, but is a change */
	CHECK_EQ(rig_events(r, "PERSIST call-1"), 2);
	rig_down(r);
}

TEST(serve_the_record_holds_the_2xx_that_waits)
{
	struct rig *r = rig_up(durable);
	char *said;

	r->slow_store = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(r->nsent, 0);
	/* The process dies before it is said; the client asks again. */
	rig_reborn(r, true, false);
	r->branch--;
	r->cseq--;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 1);
	said = strdup(rig_last(r, SR_INVITE, 200)->p);
	rig_run(r, SR_SEC);
	CHECK_STR(sr_cstr(rig_last(r, SR_INVITE, 200)->p), said);
	rig_ack(r, NULL);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(sessions(r), 0);
	free(said);
	rig_down(r);
}

TEST(serve_copies_of_what_waits_wait_with_it)
{
	struct rig *r = running(true);

	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	for (int i = 0; i < 3; i++) {
		r->branch--;
		r->cseq--;
		rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
		rig_run(r, 100 * SR_MSEC);
	}
	CHECK_EQ(rig_events(r, "PERSIST call-1"), 1);
	CHECK_EQ(r->nsent, 0);
	persisted(r, SR_OK);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 1);
	r->branch--;
	r->cseq--;
	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 2);
	rig_down(r);
}

TEST(serve_what_follows_waits_behind_and_keeps_its_order)
{
	struct rig *r = running(true);
	uint64_t first;

	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	first = r->ticket;
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	CHECK_EQ(r->nsent, 0);
	CHECK(r->ticket != first);
	CHECK_EQ(sr_serve_persisted(r->s, first, SR_OK, r->now), SR_OK);
	rig_drain(r);
	CHECK_EQ(r->nsent, 2);
	CHECK_EQ(r->sent[0].method, SR_UPDATE);
	CHECK_EQ(r->sent[1].method, SR_OPTIONS);
	persisted(r, SR_OK);
	CHECK_EQ(r->nsent, 3);
	/* A younger record holds what an older one held. */
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	persisted(r, SR_OK);
	CHECK_EQ(r->nsent, 5);
	rig_down(r);
}

TEST(serve_other_calls_do_not_wait)
{
	struct rig *r = running(true);

	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	CHECK_EQ(r->nsent, 0);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_OPTIONS, 200), 1);
	rig_ask(r, "INVITE", "", RIG_SDP, "v=0\r\n");
	CHECK(rig_status(r) >= 400);
	rig_down(r);
}

TEST(serve_a_slow_store_is_not_waited_for_longer_than_half_a_second)
{
	struct rig *r = running(true);

	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	rig_run(r, 499 * SR_MSEC);
	CHECK_EQ(r->nsent, 0);
	rig_run(r, SR_MSEC);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 1);
	CHECK_EQ(rig_events(r, "NOTE store"), 1);
	CHECK_EQ(sr_serve_persisted(r->s, r->ticket, SR_OK, r->now),
	    SR_ENOENT);
	/* It works again: the next trouble is told anew. */
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_events(r, "NOTE store"), 2);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_events(r, "NOTE store"), 2);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 3);
	rig_down(r);
}

TEST(serve_a_store_that_fails_stops_nothing)
{
	struct rig *r = running(true);

	for (int i = 0; i < 3; i++) {
		rig_ask(r, "UPDATE", NULL, NULL, NULL);
		persisted(r, SR_ESYS);
		CHECK_EQ(rig_status(r), 200);
	}
	CHECK_EQ(rig_events(r, "NOTE store"), 1);
	rig_down(r);
}

TEST(serve_our_bye_and_re_invite_wait_too)
{
	struct rig *r = running(true);
	uint64_t ticket;

	CHECK_EQ(sr_serve_do(r->s, SR_ACT_PAUSE, SR_STR("call-1"),
	    SR_STR(""), r->now, &ticket), SR_OK);
	rig_drain(r);
	CHECK_EQ(rig_events(r, "MUTE 0 on"), 1);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 0);
	persisted(r, SR_OK);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 1);
	rig_agree(r);
	CHECK_EQ(rig_count(r, SR_ACK, 0), 1);	/* waits for nothing */
	CHECK_EQ(sr_serve_end(r->s, SR_STR("call-1"), "disk-full", r->now),
	    SR_OK);
	rig_drain(r);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	persisted(r, SR_OK);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
	rig_forget(r);
	r->slow_store = false;
	sr_serve_tick(r->s, r->now);
	rig_drain(r);
	rig_down(r);
}

TEST(serve_the_end_is_told_and_holds_up_nothing)
{
	struct rig *r = running(true);

	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 200), 1);
	CHECK_EQ(rig_events(r, "PERSIST call-1 over"), 1);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	CHECK_EQ(rig_events(r, "PERSIST*"), 1);
	rig_down(r);
	/* What waits when the client ends the call is said. */
	r = running(true);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	CHECK_EQ(r->nsent, 0);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 1);
	CHECK_EQ(rig_count(r, SR_BYE, 200), 1);
	CHECK_EQ(rig_events(r, "PERSIST call-1 over"), 1);
	rig_down(r);
}

TEST(serve_a_session_is_over_with_its_last_leg)
{
	struct rig *r = running(false);
	char head[200];

	snprintf(head, sizeof(head), RIG_MARKS "Replaces: call-1;to-tag=%s;"
	    "from-tag=client\r\n", r->to_tag);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_ask(r, "INVITE", head, RIG_SDP, RIG_OFFER);
	rig_ack(r, NULL);
	rig_forget(r);
	CHECK_EQ(rig_events(r, "PERSIST*"), 0);
	rig_run(r, SR_SEC);
	rig_say(r, 200, NULL, NULL, NULL);	/* BYE of the old one */
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	CHECK_EQ(rig_events(r, "PERSIST call-1"), 1);
	CHECK_EQ(rig_events(r, "PERSIST * over"), 0);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "PERSIST call-1 over"), 1);
	rig_down(r);
}

TEST(serve_a_refused_call_is_never_persisted)
{
	struct rig *r = rig_up(durable);

	r->slow_store = true;
	r->contact = "<sip:phone@192.0.2.1>";
	rig_ask(r, "INVITE", "", RIG_SDP, "v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	CHECK_EQ(rig_status(r), 403);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, "v=0\r\nc=IN IP4 192.0.2.1"
	    "\r\nt=0 0\r\nm=video 1 RTP/AVP 96\r\n");
	CHECK_EQ(rig_status(r), 488);
	CHECK_EQ(rig_events(r, "PERSIST*"), 0);
	rig_down(r);
}

TEST(serve_without_persist_nothing_is_asked)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "PERSIST*"), 0);
	CHECK_EQ(sr_serve_persisted(r->s, 1, SR_OK, r->now), SR_ENOENT);
	rig_down(r);
}

/* ---- somebody else has it ---- */

static void
is_silent(struct rig *r)
{
	CHECK_EQ(sessions(r), 0);
	CHECK_EQ(rig_events(r, "TAKEN call-1"), 1);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	CHECK_EQ(rig_events(r, "PERSIST * over"), 0);
	/* Copies of what was asked get no answer either. */
	r->branch--;
	r->cseq--;
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	rig_run(r, 40 * SR_SEC);
	CHECK_EQ(r->nsent, 0);
}

TEST(serve_a_session_that_was_taken_is_left_without_a_word)
{
	struct rig *r = running(true);
	struct sr_serve_stats st;

	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	persisted(r, SR_EAUTH);
	is_silent(r);
	sr_serve_stats(r->s, &st);
	CHECK_STR(sr_cstr(st.ended[0].why), "taken-over");
	rig_down(r);
	/* Also after the half second, by its name, and with more to say. */
	r = running(true);
	CHECK_EQ(sr_serve_end(r->s, SR_STR("call-1"), "stopped", r->now),
	    SR_OK);
	rig_drain(r);
	rig_ask(r, "UPDATE", NULL, NULL, NULL);
	CHECK_EQ(r->nsent, 0);
	CHECK_EQ(sr_serve_abandon(r->s, SR_STR("call-1"), r->now), SR_OK);
	CHECK_EQ(sr_serve_abandon(r->s, SR_STR("call-1"), r->now),
	    SR_ENOENT);
	rig_drain(r);
	is_silent(r);
	rig_down(r);
}

TEST(serve_a_taken_session_can_be_had_back)
{
	struct rig *r = running(false);
	struct sr_str id;
	char raw[400];

	CHECK_EQ(sr_serve_abandon(r->s, SR_STR("call-1"), r->now), SR_OK);
	rig_drain(r);
	snprintf(raw, sizeof(raw), "BYE sip:rec@192.0.2.2 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n"
	    "From: <sip:a@b>;tag=client\r\nTo: <sip:c@d>;tag=%s\r\n"
	    "Call-ID: call-1\r\nCSeq: 999 BYE\r\nContent-Length: 0\r\n\r\n",
	    r->to_tag);
	CHECK(sr_serve_misses(r->s, sr_cstr(raw), &id));
	CHECK_EQ(sr_serve_restore(r->s, sr_buf_str(&r->record), true, NULL,
	    r->now), SR_OK);
	rig_drain(r);
	CHECK(!sr_serve_misses(r->s, sr_cstr(raw), &id));
	rig_forget(r);
	rig_raw(r, sr_cstr(raw));
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(rig_events(r, "PERSIST call-1 over"), 1);
	rig_down(r);
}

/* ---- whom to ask the store for ---- */

static bool
misses(struct rig *r, const char *method, const char *tag, const char *call,
    const char *head, const char *want)
{
	struct sr_str id;
	struct sr_buf b;
	bool yes;

	sr_buf_init(&b, 4096);
	sr_buf_fmt(&b, "%s sip:rec@192.0.2.2 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnew\r\n"
	    "From: <sip:a@b>;tag=client\r\nTo: <sip:c@d>%s%s\r\n"
	    "Call-ID: %s\r\nCSeq: 999 %s\r\n%sContent-Length: 0\r\n\r\n",
	    method, tag[0] != '\0' ? ";tag=" : "", tag, call, method, head);
	yes = sr_serve_misses(r->s, sr_buf_str(&b), &id);
	sr_buf_free(&b);
	CHECK(yes ? sr_streq(id, sr_cstr(want)) : id.p == NULL);
	return yes;
}

TEST(serve_knows_what_it_does_not_know)
{
	static const char *const methods[] = { "INVITE", "ACK", "BYE",
	    "UPDATE", "PRACK", "INFO", "OPTIONS" };
	struct rig *r = running(false);
	char head[200];
	struct sr_str id;

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		CHECK(misses(r, methods[i], "x", "call-9", "", "call-9"));
		CHECK(!misses(r, methods[i], "", "call-9", "", NULL));
		CHECK(!misses(r, methods[i], r->to_tag, "call-1", "", NULL));
		CHECK(!misses(r, methods[i], "x", "call-1", "", NULL));
	}
	CHECK(!misses(r, "CANCEL", "x", "call-9", "", NULL));
	CHECK(!misses(r, "SUBSCRIBE", "x", "call-9", "", NULL));
	CHECK(misses(r, "INVITE", "", "call-9", "Replaces: call-8;to-tag=x;"
	    "from-tag=y\r\n", "call-8"));
	CHECK(misses(r, "INVITE", "", "call-9", "Replaces: \r\n call-8;"
	    "to-tag=x;from-tag=y\r\n", "call-8"));
	CHECK(!misses(r, "INVITE", "", "call-9", "Replaces: call-8\r\n",
	    NULL));
	CHECK(!misses(r, "OPTIONS", "", "call-9", "Replaces: call-8;to-tag=x;"
	    "from-tag=y\r\n", NULL));
	snprintf(head, sizeof(head), "Replaces: call-1;to-tag=%s;"
	    "from-tag=client\r\n", r->to_tag);
	CHECK(!misses(r, "INVITE", "", "call-9", head, NULL));
	CHECK(!sr_serve_misses(r->s, SR_STR("SIP/2.0 200 OK\r\n\r\n"), &id));
	CHECK(!sr_serve_misses(r->s, SR_STR("\r\n\r\n"), &id));
	/* What has ended is known for a while. */
	rig_ask(r, "BYE", NULL, NULL, NULL);
	rig_run(r, SR_SEC);
	CHECK(!misses(r, "BYE", r->to_tag, "call-1", "", NULL));
	CHECK(!misses(r, "INVITE", "", "call-9", head, NULL));
	rig_run(r, 40 * SR_SEC);
	sr_serve_tick(r->s, r->now);
	CHECK(misses(r, "BYE", r->to_tag, "call-1", "", "call-1"));
	CHECK(misses(r, "INVITE", "", "call-9", head, "call-1"));
	rig_down(r);
}

TEST(serve_the_ack_of_a_refusal_is_not_looked_for)
{
	struct rig *r = rig_up(durable);
	const struct rig_sent *t;
	struct sr_str id;
	struct sr_msg m;
	char raw[500];

	r->contact = "<sip:phone@192.0.2.1>";
	rig_ask(r, "INVITE", "", RIG_SDP, "v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	t = rig_last(r, SR_INVITE, 403);
	CHECK(t != NULL);
	CHECK_EQ(sr_msg_parse(&m, (struct sr_str){ t->p, t->n }), SR_OK);
	snprintf(raw, sizeof(raw), "ACK sip:rec@192.0.2.2 SIP/2.0\r\n"
	    "Via: %.*s\r\nFrom: <sip:a@b>;tag=client\r\n"
	    "To: <sip:c@d>;tag=%.*s\r\nCall-ID: call-1\r\nCSeq: %u ACK\r\n"
	    "Content-Length: 0\r\n\r\n", SR_FMT(m.headers[0].value),
	    SR_FMT(m.to.tag), r->cseq);
	sr_msg_free(&m);
	CHECK(!sr_serve_misses(r->s, sr_cstr(raw), &id));
	rig_down(r);
}
