#include "unit/serve/rig.h"

#include <malloc.h>

static size_t
test_memory(void)
{
	return mallinfo2().uordblks;
}

static const struct rig_sent *
ok(const struct rig *r)
{
	const struct rig_sent *t = rig_last(r, SR_INVITE, 200);

	CHECK(t != NULL);
	return t;
}

TEST(serve_answers_all_lines_with_labels_after_the_ports_are_bound)
{
	struct rig *r = rig_up(NULL);

	r->hold_ports = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER
	    "m=video 14000 RTP/AVP 96\r\na=sendonly\r\na=label:3\r\n");
	CHECK_EQ(rig_events(r, "PORTS 0 1"), 1);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 0);
	struct sr_serve_port v[2] = { { .rtcp = 0 }, { .rtcp = 0 } };
	sr_addr_parse(&v[0].rtp, SR_STR("192.0.2.2:20000"));
	sr_addr_parse(&v[1].rtp, SR_STR("192.0.2.2:20002"));
	CHECK_EQ(sr_serve_ports(r->s, r->leg, v, 2, r->now), SR_OK);
	CHECK_EQ(sr_serve_ports(r->s, r->leg, v, 2, r->now), SR_ENOENT);
	rig_drain(r);
	const struct rig_sent *t = ok(r);
	CHECK(rig_says(t, "m=audio 20000 RTP/AVP 0 8 101\r\n"));
	CHECK(rig_says(t, "m=audio 20002 RTP/AVP 0 8\r\n"));
	CHECK(rig_says(t, "m=video 0 RTP/AVP 96\r\n"));
	CHECK(rig_says(t, "a=label:1") && rig_says(t, "a=label:2") &&
	    rig_says(t, "a=label:3"));
	CHECK(rig_says(t, "a=recvonly"));
	CHECK(rig_says(t, "Require: siprec\r\n"));
	CHECK(rig_says(t, ">;+sip.srs\r\n"));
	CHECK(rig_says(t, "Content-Type: application/sdp\r\n"));
	CHECK(rig_says(t, "Date: Mon, 21 Sep 2026 "));
	CHECK(rig_says(t, " GMT\r\n"));
	CHECK(rig_says(t, "Supported: timer, replaces, 100rel\r\n"));
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 1 port 12240"), 1);
	CHECK_EQ(rig_events(r, "LINE 1 recvonly 2 port 12242"), 1);
	CHECK_EQ(rig_events(r, "LINE *"), 2);
	rig_down(r);
}

TEST(serve_ends_with_the_bye_of_the_client)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	rig_call(r, RIG_OFFER);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 1);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 200), 1);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 0);
	CHECK_EQ(st.legs, 0);
	CHECK_EQ(st.answered, 1);
	CHECK_STR(sr_cstr(st.ended[0].why), "bye-client");
	rig_run(r, 60 * SR_SEC);
	rig_down(r);
}

TEST(serve_reinvite_keeps_ports_and_version_until_something_changes)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	struct sr_str first = sr_cstr(strstr(ok(r)->p, "\r\n\r\n") + 4);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	rig_ack(r, NULL);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 2);
	CHECK(sr_streq(first, sr_cstr(strstr(ok(r)->p, "\r\n\r\n") + 4)));
	CHECK_EQ(rig_events(r, "PORTS*"), 1);
	CHECK_EQ(rig_events(r, "LINE*"), 2);
	/* inactive is answered inactive, version + 1 */
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, "v=0\r\n"
	    "o=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
	    "t=0 0\r\na=inactive\r\nm=audio 12240 RTP/AVP 0\r\na=label:1\r\n"
	    "m=audio 12242 RTP/AVP 0\r\na=label:2\r\n");
	rig_ack(r, NULL);
	char want[64];
	unsigned long id, version;
	CHECK_EQ(sscanf(strstr(first.p, "o=") + 2, "%*s %lu %lu", &id,
	    &version), 2);
	snprintf(want, sizeof(want), " %lu %lu IN IP4", id, version + 1);
	CHECK(rig_says(ok(r), want));
	CHECK(rig_says(ok(r), "a=inactive"));
	CHECK(!rig_says(ok(r), "a=recvonly"));
	CHECK(rig_says(ok(r), "m=audio 20000 "));
	CHECK_EQ(rig_events(r, "LINE 0 inactive 1 port 12240"), 1);
	rig_down(r);
}

TEST(serve_removed_and_reused_slots_give_ports_back_and_take_new_ones)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	rig_ask(r, "UPDATE", NULL, RIG_SDP, "v=0\r\n"
	    "o=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
	    "t=0 0\r\nm=audio 12240 RTP/AVP 0 8\r\na=sendonly\r\n"
	    "a=label:1\r\nm=audio 0 RTP/AVP 0\r\na=label:2\r\n"
	    "m=audio 12250 RTP/AVP 0\r\na=sendonly\r\na=label:3\r\n");
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "m=audio 0 RTP/AVP"));
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "m=audio 20004 RTP/AVP"));
	CHECK_EQ(rig_events(r, "RELEASE 1"), 1);
	CHECK_EQ(rig_events(r, "PORTS 2"), 1);
	rig_ask(r, "UPDATE", NULL, RIG_SDP, "v=0\r\n"
	    "o=- 1 3 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n"
	    "t=0 0\r\nm=audio 12240 RTP/AVP 0 8\r\na=sendonly\r\n"
	    "a=label:1\r\nm=audio 12260 RTP/AVP 0\r\na=sendonly\r\n"
	    "a=label:2b\r\n"
	    "m=audio 12250 RTP/AVP 0\r\na=sendonly\r\na=label:3\r\n");
	CHECK_EQ(rig_events(r, "PORTS 1"), 1);
	CHECK_EQ(rig_events(r, "LINE 1 recvonly 2b port 12260"), 1);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "m=audio 20006 RTP/AVP"));
	rig_down(r);
}

TEST(serve_a_bad_later_offer_leaves_the_session_as_it_was)
{
	static const char *const bad[] = { "v=0\r\nm=audio 1 RTP/AVP 0\r\n",
	    "hello", "v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	    "m=video 1 RTP/AVP 96\r\nm=video 3 RTP/AVP 96\r\n" };
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	for (size_t i = 0; i < 3; i++) {
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, bad[i]);
		CHECK_EQ(rig_status(r), 488);
		CHECK(rig_says(rig_last(r, SR_INVITE, 488), "Warning: "));
		r->branch--;
		rig_ack(r, NULL);
	}
	CHECK_EQ(rig_events(r, "RELEASE*"), 0);
	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "m=audio 20000 "));
	rig_down(r);
}

TEST(serve_offers_the_lines_in_force_to_a_reinvite_without_offer)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	rig_ask(r, "INVITE", RIG_MARKS, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 2);
	CHECK(rig_says(ok(r), "m=audio 20000 RTP/AVP 0 8 101"));
	CHECK(rig_says(ok(r), "m=audio 20002 RTP/AVP 0 8"));
	CHECK(rig_says(ok(r), "a=label:2"));
	rig_ack(r, RIG_OFFER);
	CHECK_EQ(rig_events(r, "NOTE*"), 0);
	rig_ask(r, "INVITE", RIG_MARKS, NULL, NULL);
	rig_ack(r, NULL);
	CHECK_EQ(rig_events(r, "NOTE R3261-13.2.2.4"), 1);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_down(r);
}

TEST(serve_late_offer_is_made_in_the_200_and_answered_in_the_ack)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "INVITE", RIG_MARKS, NULL, NULL);
	CHECK_EQ(rig_events(r, "PORTS 0 1"), 1);
	CHECK(rig_says(ok(r), "m=audio 20000 RTP/AVP 0 8 9 101"));
	CHECK(rig_says(ok(r), "m=audio 20002 "));
	CHECK(rig_says(ok(r), "a=recvonly"));
	CHECK_EQ(rig_events(r, "LINE*"), 0);
	rig_ack(r, "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
	    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
	    "a=sendonly\r\nm=audio 0 RTP/AVP 0\r\n");
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 1 port 4000"), 1);
	CHECK_EQ(rig_events(r, "RELEASE 1"), 1);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_down(r);
}

TEST(serve_late_offer_without_answer_is_ended)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "INVITE", RIG_MARKS, NULL, NULL);
	rig_ack(r, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "Reason: SIP;cause=488"));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

static void
slow(struct sr_serve_cfg *c)
{
	c->answer_delay = 2 * SR_SEC;
}

TEST(serve_slow_answer_is_reliable_where_it_may_be)
{
	struct rig *r = rig_up(slow);

	rig_ask(r, "INVITE", "Require: siprec, 100rel\r\n", RIG_SDP,
	    RIG_OFFER);
	const struct rig_sent *t = rig_last(r, SR_INVITE, 183);
	CHECK(rig_says(t, "RSeq: ") && rig_says(t, "m=audio 20000 "));
	CHECK_EQ(rig_events(r, "LINE*"), 2);
	unsigned rseq = 0, invite = r->cseq;
	CHECK(t != NULL && sscanf(strstr(t->p, "RSeq: "), "RSeq: %u", &rseq)
	    == 1);
	char rack[64];
	snprintf(rack, sizeof(rack), "RAck: %u %u INVITE\r\n", rseq, invite);
	rig_ask(r, "PRACK", rack, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_PRACK, 200), 1);
	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_count(r, SR_UPDATE, 200), 1);
	rig_run(r, 3 * SR_SEC);
	CHECK(rig_count(r, SR_INVITE, 200) > 0);
	CHECK(!rig_says(ok(r), "m=audio"));
	r->cseq = invite;
	rig_ack(r, NULL);
	rig_down(r);
}

TEST(serve_slow_answer_without_100rel_is_180_then_200)
{
	struct rig *r = rig_up(slow);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK(rig_last(r, SR_INVITE, 180) != NULL);
	CHECK(!rig_says(rig_last(r, SR_INVITE, 180), "RSeq"));
	CHECK_EQ(rig_events(r, "LINE*"), 0);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 0);
	rig_run(r, 1100 * SR_MSEC);
	CHECK(rig_says(ok(r), "m=audio 20000 "));
	rig_down(r);
}

TEST(serve_cancelled_call_gives_its_ports_back)
{
	struct rig *r = rig_up(slow);
	struct sr_serve_stats st;

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	r->cseq--;
	r->branch--;
	r->to_tag[0] = '\0';
	rig_ask(r, "CANCEL", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_CANCEL, 200), 1);
	CHECK_EQ(rig_count(r, SR_INVITE, 487), 1);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.cancelled, 1);
	CHECK_EQ(st.legs, 0);
	rig_run(r, 60 * SR_SEC);
	rig_down(r);
}

/* The answer refuses what was dropped while the client offered it again: it
 * does not come back with the next offer of ours. */
TEST(serve_a_refused_line_stays_refused_in_offers_of_ours)
{
	struct rig *r = rig_up(NULL);
	uint64_t ticket;

	rig_call(r, RIG_OFFER);
	CHECK_EQ(sr_serve_do(r->s, SR_ACT_DROP, SR_STR("call-1"),
	    SR_STR("2"), r->now, &ticket), SR_OK);
	rig_drain(r);
	rig_say(r, 491, NULL, NULL, NULL);
	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "m=audio 0 RTP/AVP"));
	rig_run(r, 3 * SR_SEC);
	rig_agree(r);
	rig_forget(r);
	CHECK_EQ(sr_serve_do(r->s, SR_ACT_PAUSE, SR_STR("call-1"),
	    SR_STR(""), r->now, &ticket), SR_OK);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 0 RTP/AVP"));
	rig_agree(r);
	CHECK_EQ(rig_events(r, "DONE pause 200"), 1);
	CHECK_EQ(rig_events(r, "PORTS*"), 0);
	rig_down(r);
}

TEST(serve_no_ports_is_503_for_a_new_call)
{
	struct rig *r = rig_up(NULL);

	r->no_ports = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 503);
	CHECK(rig_says(rig_last(r, SR_INVITE, 503), "Retry-After: 30\r\n"));
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

TEST(serve_no_ack_ends_the_call_after_all_copies)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	rig_run(r, 40 * SR_SEC);
	CHECK(rig_count(r, SR_INVITE, 200) > 5);
	CHECK_EQ(rig_events(r, "NOTE R3261-13.3.1.4"), 1);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), ";text=\"no-ack\"\r\n"));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

TEST(serve_hears_info_and_options_and_refuses_the_rest)
{
	static const struct { const char *method, *headers; int status; } v[] =
	    { { "OPTIONS", NULL, 200 }, { "INFO", NULL, 200 },
	    { "INFO", "Info-Package: foo\r\n", 469 },
	    { "REFER", NULL, 405 }, { "MESSAGE", NULL, 405 },
	    { "PUBLISH", NULL, 405 }, { "NOTIFY", NULL, 405 },
	    { "FOO", NULL, 501 } };
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		rig_ask(r, v[i].method, v[i].headers, NULL, NULL);
		CHECK_EQ(rig_status(r), v[i].status);
	}
	CHECK_EQ(rig_events(r, "RELEASE*"), 0);
	rig_down(r);
}

TEST(serve_pins_the_connection_of_a_dialog)
{
	struct rig *r = rig_up(NULL);

	r->proto = SR_TCP;
	rig_call(r, RIG_OFFER);
	CHECK_EQ(rig_events(r, "PIN 9"), 1);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "UNPIN 9"), 1);
	rig_down(r);
}

TEST(serve_can_be_freed_in_the_middle_of_everything)
{
	struct rig *r = rig_up(slow);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, "v=0\r\n"
	    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
	    "a=crypto:3 AES_CM_128_HMAC_SHA1_80 "
	    "inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n");
	CHECK_EQ(rig_status(r), 180);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	r->hold_ports = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	rig_down(r);
}

TEST(serve_sdes_is_answered_with_a_key_of_our_own)
{
	struct rig *r = rig_up(NULL);
	const char *offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
	    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\n"
	    "a=sendonly\r\na=label:1\r\na=crypto:3 AES_CM_128_HMAC_SHA1_80 "
	    "inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n";

	rig_call(r, offer);
	CHECK(rig_says(ok(r), "a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:"));
	CHECK(!rig_says(ok(r), "MTIzNDU2Nzg5"));
	CHECK_EQ(rig_events(r, "KEYS 0 1 *"), 1);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, offer);
	rig_ack(r, NULL);
	CHECK_EQ(rig_events(r, "KEYS*"), 1);
	rig_down(r);
}

#define DTLS_OFFER							\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n" \
	"a=fingerprint:sha-256 AA:BB\r\n"				\
	"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=sendonly\r\na=label:1\r\n" \
	"a=setup:actpass\r\na=rtcp-mux\r\n"

static void
certified(struct sr_serve_cfg *c)
{
	c->fingerprint = SR_STR("sha-256 11:22:33");
}

TEST(serve_dtls_and_ice_are_answered_and_the_owner_told)
{
	struct rig *r = rig_up(certified);

	rig_call(r, DTLS_OFFER);
	CHECK(rig_says(ok(r), "a=setup:active\r\n"));
	CHECK(rig_says(ok(r), "a=fingerprint:sha-256 11:22:33\r\n"));
	CHECK(rig_says(ok(r), "a=ice-lite\r\n"));
	CHECK(rig_says(ok(r), "a=ice-pwd:"));
	CHECK_EQ(rig_events(r, "KEYS 0 2 active *"), 1);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, DTLS_OFFER);
	rig_ack(r, NULL);
	CHECK_EQ(rig_events(r, "KEYS*"), 1);
	rig_down(r);
	r = rig_up(NULL);			/* without a certificate */
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, DTLS_OFFER);
	CHECK_EQ(rig_status(r), 488);
	rig_down(r);
}

static void
with_text(struct sr_serve_cfg *c)
{
	c->plan.text = true;
}

TEST(serve_real_time_text_is_taken_where_it_is_wanted)
{
	static const char offer[] = RIG_OFFER "m=text 4000 RTP/AVP 98\r\n"
	    "a=rtpmap:98 t140/1000\r\na=sendonly\r\na=label:3\r\n";
	struct rig *r = rig_up(with_text);

	rig_call(r, offer);
	CHECK(rig_says(ok(r), "m=text 20004 RTP/AVP 98\r\n"));
	CHECK_EQ(rig_events(r, "PORTS 0 1 2"), 1);
	rig_down(r);
	r = rig_up(NULL);
	rig_call(r, offer);
	CHECK(rig_says(ok(r), "m=text 0 RTP/AVP 98\r\n"));
	rig_down(r);
}

static void
secret_only(struct sr_serve_cfg *c)
{
	c->plan.srtp = SR_SRTP_REQUIRE;
}

TEST(serve_srtp_can_be_required)
{
	struct rig *r = rig_up(secret_only);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 488);
	CHECK(rig_says(rig_last(r, SR_INVITE, 488), "no SRTP"));
	rig_down(r);
}

static unsigned
rseq(const struct rig *r)
{
	const struct rig_sent *t = rig_last(r, SR_INVITE, 183);
	const char *at = t != NULL ? strstr(t->p, "RSeq: ") : NULL;

	CHECK(at != NULL);
	return at != NULL ? (unsigned)strtoul(at + 6, NULL, 10) : 0;
}

TEST(serve_late_offer_in_a_183_is_answered_in_its_prack)
{
	struct rig *r = rig_up(slow);
	char rack[64];
	unsigned invite;

	rig_ask(r, "INVITE", "Require: siprec, 100rel\r\n", NULL, NULL);
	CHECK(rig_says(rig_last(r, SR_INVITE, 183), "m=audio 20000 "));
	invite = r->cseq;
	snprintf(rack, sizeof(rack), "RAck: %u %u INVITE\r\n", rseq(r),
	    invite);
	rig_ask(r, "PRACK", rack, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_count(r, SR_PRACK, 200), 1);
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 1 port 12240"), 1);
	rig_run(r, 2100 * SR_MSEC);
	CHECK(!rig_says(ok(r), "m=audio"));
	r->cseq = invite;
	rig_ack(r, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_down(r);
}

TEST(serve_offer_in_prack_is_answered_in_its_200)
{
	struct rig *r = rig_up(slow);
	char rack[64];

	rig_ask(r, "INVITE", "Require: siprec, 100rel\r\n", RIG_SDP,
	    RIG_OFFER);
	snprintf(rack, sizeof(rack), "RAck: %u %u INVITE\r\n", rseq(r),
	    r->cseq);
	rig_ask(r, "PRACK", rack, RIG_SDP, RIG_OFFER
	    "m=audio 12250 RTP/AVP 0\r\na=sendonly\r\na=label:3\r\n");
	CHECK(rig_says(rig_last(r, SR_PRACK, 200), "m=audio 20004 "));
	CHECK_EQ(rig_events(r, "LINE 2 recvonly 3 port 12250"), 1);
	rig_down(r);
}

TEST(serve_an_unpracked_183_is_given_up_and_ports_given_back)
{
	struct rig *r = rig_up(slow);

	rig_ask(r, "INVITE", "Require: siprec, 100rel\r\n", RIG_SDP,
	    RIG_OFFER);
	rig_run(r, 40 * SR_SEC);
	CHECK(rig_count(r, SR_INVITE, 183) > 5);
	struct sr_serve_stats st;
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.answered, 0);
	CHECK_EQ(rig_count(r, SR_INVITE, 200), 0);
	CHECK(rig_status(r) >= 500);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

TEST(serve_ports_that_come_too_late_are_not_wanted)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_port v[2];

	memset(v, 0, sizeof(v));
	r->hold_ports = true;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	r->cseq--;
	r->branch--;
	rig_ask(r, "CANCEL", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_INVITE, 487), 1);
	CHECK_EQ(sr_serve_ports(r->s, r->leg, v, 2, r->now), SR_ENOENT);
	rig_down(r);
}

TEST(serve_thousand_calls_need_less_than_16_KiB_each)
{
	struct rig *r = rig_up(NULL);
	static char ids[1000][32];
	size_t before = test_memory(), used;

	for (int i = 0; i < 1000; i++) {
		snprintf(ids[i], sizeof(ids[i]), "call-%d", i);
		r->call_id = ids[i];
		r->to_tag[0] = '\0';
		rig_call(r, RIG_OFFER);
		rig_forget(r);
	}
	rig_run(r, 40 * SR_SEC);
	used = (test_memory() - before) / 1000;
	printf("# %zu bytes a call\n", used);
	CHECK(used < 16384);
	rig_down(r);
}
