#include "unit/serve/rig.h"

#define THEIRS								\
	"v=0\r\no=- 5 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 7000 RTP/AVP 0\r\na=sendonly\r\na=label:9\r\n"

static struct rig *
calling(void)
{
	static const struct sr_serve_call c = {
	    .uri = SR_STR("sip:src@192.0.2.1:5060") };
	struct rig *r = rig_up(NULL);
	uint64_t ticket;

	CHECK_EQ(sr_serve_call(r->s, &c, r->now, &ticket), SR_OK);
	rig_drain(r);
	return r;
}

TEST(serve_calls_without_sdp_and_answers_in_the_ack)
{
	struct rig *r = calling();
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);

	CHECK(rig_says(t, "INVITE sip:src@192.0.2.1:5060 SIP/2.0\r\n"));
	CHECK(rig_says(t, "Require: siprec\r\n"));
	CHECK(rig_says(t, ">;+sip.srs\r\n"));
	CHECK(rig_says(t, "Content-Length: 0\r\n"));
	rig_say(r, 200, NULL, RIG_SDP, THEIRS);
	CHECK_EQ(rig_events(r, "PORTS 0"), 1);
	t = rig_last(r, SR_ACK, 0);
	CHECK(rig_says(t, "m=audio 20000 RTP/AVP 0\r\n"));
	CHECK(rig_says(t, "a=recvonly") && rig_says(t, "a=label:9"));
	CHECK_EQ(rig_events(r, "DONE call 200"), 1);
	CHECK_EQ(rig_events(r, "LINE 0 recvonly 9 port 7000"), 1);
	struct sr_serve_stats st;
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 1);
	rig_down(r);
}

TEST(serve_call_that_is_refused_or_has_no_use_is_over)
{
	static const struct { int status; const char *sdp; int done; } v[] = {
		{ 486, NULL, 486 }, { 200, NULL, 488 },
		{ 200, "v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
		    "m=video 1 RTP/AVP 9\r\n", 488 },
		{ 200, "rubbish", 488 } };
	char want[32];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct rig *r = calling();

		rig_say(r, v[i].status, NULL, v[i].sdp != NULL ? RIG_SDP :
		    NULL, v[i].sdp);
		snprintf(want, sizeof(want), "DONE call %d", v[i].done);
		CHECK_EQ(rig_events(r, want), 1);
		CHECK_EQ(rig_count(r, SR_ACK, 0), 1);
		if (v[i].status == 200) {
			CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
			rig_say(r, 200, NULL, NULL, NULL);
		}
		CHECK_EQ(rig_events(r, "RELEASE all"), 1);
		rig_down(r);
	}
}

TEST(serve_call_without_ports_is_ended)
{
	struct rig *r = calling();

	r->no_ports = true;
	rig_say(r, 200, NULL, RIG_SDP, THEIRS);
	CHECK_EQ(rig_events(r, "DONE call 503"), 1);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
	rig_down(r);
}

TEST(serve_call_that_nobody_answers_is_told)
{
	struct rig *r = calling();

	rig_run(r, 60 * SR_SEC);
	CHECK_EQ(rig_events(r, "DONE call 0"), 1);
	CHECK_EQ(rig_events(r, "RELEASE all"), 1);
	rig_down(r);
}

/* ---- REGISTER ---- */

static struct rig *
registering(const struct sr_ua_auth *auth)
{
	struct sr_serve_register g = {
	    .registrar = SR_STR("sip:192.0.2.1:5060"),
	    .aor = SR_STR("sip:rec@example.com"), .expires = 600,
	    .auth = auth };
	struct rig *r = rig_up(NULL);
	uint64_t ticket;

	CHECK_EQ(sr_serve_register(r->s, &g, r->now, &ticket), SR_OK);
	rig_drain(r);
	return r;
}

TEST(serve_registers_and_keeps_it_so)
{
	struct rig *r = registering(NULL);
	const struct rig_sent *t = rig_last(r, SR_REGISTER, 0);

	CHECK(rig_says(t, "REGISTER sip:192.0.2.1:5060 SIP/2.0\r\n"));
	CHECK(rig_says(t, ">;+sip.srs\r\n"));
	CHECK(rig_says(t, "Expires: 600\r\n"));
	CHECK(rig_says(t, "To: <sip:rec@example.com>\r\n"));
	rig_say(r, 200, "Expires: 100\r\n", NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE register 200"), 1);
	rig_run(r, 49 * SR_SEC);
	CHECK_EQ(rig_requests(r, SR_REGISTER), 1);
	rig_run(r, 2 * SR_SEC);
	CHECK_EQ(rig_requests(r, SR_REGISTER), 2);
	rig_say(r, 200, "Expires: 100\r\n", NULL, NULL);
	sr_serve_shutdown(r->s, "stopped", r->now);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_REGISTER, 0), "Expires: 0\r\n"));
	CHECK_EQ(rig_events(r, "IDLE"), 0);
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "IDLE"), 1);
	rig_down(r);
}

TEST(serve_registers_longer_when_that_is_too_brief_and_answers_a_challenge)
{
	static const struct sr_ua_auth auth = { .user = SR_STR("rec"),
	    .password = SR_STR("secret") };
	struct rig *r = registering(&auth);

	rig_say(r, 423, "Min-Expires: 1800\r\n", NULL, NULL);
	CHECK(rig_says(rig_last(r, SR_REGISTER, 0), "Expires: 1800\r\n"));
	rig_say(r, 401, "WWW-Authenticate: Digest realm=\"x\", nonce=\"n\", "
	    "algorithm=SHA-256, qop=\"auth\"\r\n", NULL, NULL);
	CHECK(rig_says(rig_last(r, SR_REGISTER, 0),
	    "Authorization: Digest "));
	CHECK(!rig_says(rig_last(r, SR_REGISTER, 0), "secret"));
	rig_say(r, 403, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE register 403"), 1);
	rig_forget(r);
	rig_run(r, 31 * SR_SEC);
	CHECK_EQ(rig_requests(r, SR_REGISTER), 1);
	rig_down(r);
}
