#include "unit/serve/rig.h"

static char old_tag[64];

/* A running call, and a client that means to replace it. */
static struct rig *
running(void (*tune)(struct sr_serve_cfg *))
{
	struct rig *r = rig_up(tune);

	rig_call(r, RIG_OFFER);
	strcpy(old_tag, r->to_tag);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	r->from_tag = "again";
	return r;
}

static void
try(struct rig *r, const char *more, const char *sdp)
{
	char head[300];

	snprintf(head, sizeof(head), RIG_MARKS "Replaces: call-1;"
	    "to-tag=%s;from-tag=client%s\r\n", old_tag, more);
	rig_ask(r, "INVITE", head, RIG_SDP, sdp);
}

static void
is_untouched(struct rig *r)
{
	struct sr_serve_stats st;

	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 1);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	CHECK_EQ(rig_events(r, "RELEASE 0"), 0);
}

TEST(serve_replaces_ends_the_old_dialog_after_the_ack)
{
	struct rig *r = running(NULL);

	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_ack(r, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "Call-ID: call-1\r\n"));
	/* Both are one session, and the new dialog is the one to talk to. */
	uint64_t ticket;
	CHECK_EQ(sr_serve_do(r->s, SR_ACT_PAUSE, SR_STR("call-1"),
	    SR_STR(""), r->now, &ticket), SR_OK);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "Call-ID: call-2\r\n"));
	rig_down(r);
}

TEST(serve_replaces_refuses_what_does_not_match)
{
	static const struct { const char *value; int status; } v[] = {
		{ "call-1;to-tag=client;from-tag=%s", 481 },
		{ "call-9;to-tag=%s;from-tag=client", 481 },
		{ "call-1;to-tag=%s;from-tag=client;early-only", 486 },
		{ "call-1;to-tag=%s;from-tag=client\r\nReplaces: x;to-tag=1;"
		    "from-tag=2", 400 },
		{ "call-1;to-tag=%s;from-tag=client, x;to-tag=1;from-tag=2",
		    400 },
		{ "call-1;to-tag=%s;from-tag=client\r\nJoin: x;to-tag=1;"
		    "from-tag=2", 400 },
		{ ";to-tag=%s;from-tag=client", 400 } };
	struct rig *r = running(NULL);
	char value[200], head[300];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		snprintf(value, sizeof(value), v[i].value, old_tag);
		snprintf(head, sizeof(head), RIG_MARKS "Replaces: %s\r\n",
		    value);
		rig_ask(r, "INVITE", head, RIG_SDP, RIG_OFFER);
		CHECK_EQ(rig_status(r), v[i].status);
		is_untouched(r);
	}
	rig_ask(r, "OPTIONS", head, NULL, NULL);
	CHECK_EQ(rig_status(r), 400);
	rig_down(r);
}

TEST(serve_replaces_with_unusable_sdp_leaves_the_old_call)
{
	struct rig *r = running(NULL);

	try(r, "", "v=0\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	    "m=video 1 RTP/AVP 96\r\n");
	CHECK_EQ(rig_status(r), 488);
	is_untouched(r);
	rig_down(r);
}

TEST(serve_replaces_an_ended_dialog_is_603_for_a_while_then_481)
{
	struct rig *r = running(NULL);

	r->call_id = "call-1";
	r->from_tag = "client";
	strcpy(r->to_tag, old_tag);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_run(r, 5 * SR_SEC);
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 603);
	rig_run(r, 40 * SR_SEC);
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 481);
	rig_down(r);
}

TEST(serve_replaces_is_for_the_same_peer)
{
	struct rig *r = running(NULL);

	sr_addr_parse(&r->peer, SR_STR("192.0.2.66:5060"));
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 403);
	is_untouched(r);
	/* Somebody whom a certificate names is not an address. */
	sr_addr_parse(&r->peer, SR_STR("192.0.2.1:5060"));
	r->identity = "sip:other.example.com";
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 403);
	r->identity = NULL;
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 200);
	rig_down(r);
}

static void
anybody(struct sr_serve_cfg *c)
{
	c->replaces = SR_REPLACES_ANY;
	c->max_sessions = 1;
}

static void
nobody(struct sr_serve_cfg *c)
{
	c->replaces = SR_REPLACES_NONE;
}

TEST(serve_replaces_policy_and_room)
{
	struct rig *r = running(anybody);

	sr_addr_parse(&r->peer, SR_STR("192.0.2.66:5060"));
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 200);	/* takes no more room */
	rig_down(r);
	r = running(nobody);
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 403);
	rig_down(r);
}

static void
slow(struct sr_serve_cfg *c)
{
	c->answer_delay = 5 * SR_SEC;
}

TEST(serve_replaces_an_early_dialog_of_the_client_is_481)
{
	struct rig *r = rig_up(slow);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK(rig_last(r, SR_INVITE, 180) != NULL);
	strcpy(old_tag, r->to_tag);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	try(r, "", RIG_OFFER);
	CHECK_EQ(rig_status(r), 481);
	try(r, ";early-only", RIG_OFFER);
	CHECK_EQ(rig_status(r), 481);
	rig_down(r);
}
