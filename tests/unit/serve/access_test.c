#include "unit/serve/rig.h"

#define SDP								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 12240 RTP/AVP 0\r\na=sendonly\r\n"

static const char *pattern;

static void
only(struct sr_serve_cfg *cfg)
{
	static struct sr_str who;

	who = sr_cstr(pattern);
	cfg->who = &who;
	cfg->nwho = 1;
}

static void
three_a_second(struct sr_serve_cfg *cfg)
{
	cfg->calls_a_second = 3;
}

static int
status_of(struct rig *r)
{
	return rig_status(r);
}

static int
call_as(const char *who, const char *identity)
{
	struct rig *r;
	int status;

	pattern = who;
	r = rig_up(only);
	r->identity = identity;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	status = status_of(r);
	rig_down(r);
	return status;
}

TEST(serve_takes_only_the_identities_it_is_told)
{
	CHECK_EQ(call_as("sip:sbc.example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:*.example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("SIP:*.Example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:b*.com", "sip:a.org, sip:b.example.com"), 200);
	CHECK_EQ(call_as("*", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:*.example.com", "sip:example.com"), 403);
	CHECK_EQ(call_as("sip:example.com", "sip:example.com.evil.org"), 403);
	CHECK_EQ(call_as("sip:*.example.com", "sip:a.example.com.org"), 403);
	CHECK_EQ(call_as("sip:example.com", ""), 403);
	CHECK_EQ(call_as("*", ""), 403);
	CHECK_EQ(call_as("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    403);
}

TEST(serve_takes_so_many_calls_a_second_of_one_address)
{
	struct rig *r = rig_up(three_a_second);
	const char *ids[] = { "a", "b", "c", "d", "e" };

	for (int i = 0; i < 4; i++) {
		r->call_id = ids[i];
		r->to_tag[0] = '\0';
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
		CHECK_EQ(status_of(r), i < 3 ? 200 : 503);
	}
	r->peer.ip[3]++;		/* somebody else */
	r->call_id = "other";
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	CHECK_EQ(status_of(r), 200);
	r->peer.ip[3]--;
	r->now += SR_SEC;
	r->call_id = ids[4];
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	CHECK_EQ(status_of(r), 200);
	rig_down(r);
}

/* Whoever has another certificate, or none, cannot end the call. */
TEST(serve_hears_only_who_began_the_dialog)
{
	struct rig *r = rig_up(NULL);
	size_t sent;

	r->identity = "sip:sbc.example.com";
	rig_call(r, SDP);
	sent = r->nsent;
	r->identity = "sip:other.example.com";
	rig_ask(r, "BYE", "", NULL, NULL);
	r->identity = NULL;
	rig_ask(r, "BYE", "", NULL, NULL);
	CHECK_EQ(r->nsent, sent);
	r->identity = "sip:sbc.example.com";
	rig_ask(r, "BYE", "", NULL, NULL);
	CHECK_EQ(status_of(r), 200);
	rig_down(r);
}
