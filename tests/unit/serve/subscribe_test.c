#include "unit/serve/rig.h"

static void
subscribe(struct rig *r, const char *event, int expires)
{
	char head[200];

	snprintf(head, sizeof(head), "Event: %s\r\nExpires: %d\r\n", event,
	    expires);
	r->contact = "<sip:watcher@192.0.2.1:5060>";
	rig_ask(r, "SUBSCRIBE", head, NULL, NULL);
}

/* The tag that the last 200 to SUBSCRIBE gave. */
static void
learn_tag(struct rig *r)
{
	const struct rig_sent *t = rig_last(r, SR_SUBSCRIBE, 200);
	const char *at = t != NULL ? strstr(t->p, "To: ") : NULL;

	CHECK(at != NULL && sscanf(strstr(at, ";tag="), ";tag=%60[0-9a-z]",
	    r->to_tag) == 1);
}

TEST(serve_subscription_is_answered_and_notified)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	r->to_tag[0] = '\0';
	r->call_id = "watch";
	subscribe(r, "dialog", 600);
	const struct rig_sent *t = rig_last(r, SR_SUBSCRIBE, 200);
	CHECK(rig_says(t, "Expires: 600\r\n") && rig_says(t, "Contact: <sip"));
	CHECK(rig_says(t, ";received=192.0.2.1"));
	CHECK(rig_says(t, ";rport=5060"));
	t = rig_last(r, SR_NOTIFY, 0);
	CHECK(rig_says(t, "NOTIFY sip:watcher@192.0.2.1:5060 SIP/2.0\r\n"));
	CHECK(rig_says(t, "Subscription-State: active;expires=600\r\n"));
	CHECK(rig_says(t, "Event: dialog\r\n"));
	CHECK(rig_says(t, "To: <sip:src@example.com>;tag=client\r\n"));
	CHECK(rig_says(t, "Content-Type: application/dialog-info+xml\r\n"));
	CHECK(rig_says(t, "version=\"0\" state=\"full\""));
	CHECK(rig_says(t, "call-id=\"call-1\""));
	CHECK(rig_says(t, "<state>confirmed</state>"));
	rig_say(r, 200, NULL, NULL, NULL);
	rig_run(r, 5 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_NOTIFY, 0), 1);
	rig_down(r);
}

TEST(serve_subscriber_hears_of_the_end_of_a_call)
{
	struct rig *r = rig_up(NULL);
	char tag[64];

	rig_call(r, RIG_OFFER);
	strcpy(tag, r->to_tag);
	r->to_tag[0] = '\0';
	r->call_id = "watch";
	subscribe(r, "dialog;id=7", 600);
	rig_say(r, 200, NULL, NULL, NULL);
	rig_run(r, 2 * SR_SEC);
	r->call_id = "call-1";
	strcpy(r->to_tag, tag);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_NOTIFY, 0), 2);
	CHECK(rig_says(rig_last(r, SR_NOTIFY, 0), "version=\"1\""));
	CHECK(rig_says(rig_last(r, SR_NOTIFY, 0), "Event: dialog;id=7\r\n"));
	CHECK(!rig_says(rig_last(r, SR_NOTIFY, 0), "call-1\""));
	rig_down(r);
}

TEST(serve_subscription_is_refreshed_and_ended)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	r->call_id = "watch";
	subscribe(r, "dialog", 600);
	rig_say(r, 200, NULL, NULL, NULL);
	learn_tag(r);
	rig_run(r, 500 * SR_SEC);
	subscribe(r, "dialog", 600);
	CHECK_EQ(rig_count(r, SR_SUBSCRIBE, 200), 2);
	CHECK_EQ(rig_count(r, SR_NOTIFY, 0), 2);
	rig_say(r, 200, NULL, NULL, NULL);
	rig_run(r, 300 * SR_SEC);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.subscriptions, 1);
	subscribe(r, "dialog", 0);
	CHECK(rig_says(rig_last(r, SR_NOTIFY, 0),
	    "Subscription-State: terminated;reason="));
	rig_say(r, 200, NULL, NULL, NULL);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.subscriptions, 0);
	subscribe(r, "dialog", 100);
	CHECK_EQ(rig_status(r), 481);
	rig_down(r);
}

TEST(serve_subscription_runs_out)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	r->call_id = "watch";
	subscribe(r, "dialog", 60);
	rig_say(r, 200, NULL, NULL, NULL);
	rig_run(r, 61 * SR_SEC);
	CHECK(rig_says(rig_last(r, SR_NOTIFY, 0), "terminated;reason=timeout"
	    "\r\n"));
	rig_run(r, 40 * SR_SEC);	/* nobody answers that one */
	CHECK_EQ(rig_requests(r, SR_NOTIFY), 2);
	CHECK(rig_count(r, SR_NOTIFY, 0) > 8);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.subscriptions, 0);
	CHECK_EQ(sr_serve_due(r->s), SR_NEVER);
	rig_down(r);
}

TEST(serve_copies_of_subscribe_get_the_same_answer)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	r->call_id = "watch";
	subscribe(r, "dialog", 60);
	r->cseq--;
	r->branch--;
	subscribe(r, "dialog", 60);
	CHECK_EQ(rig_count(r, SR_SUBSCRIBE, 200), 2);
	const struct rig_sent *t = rig_last(r, SR_SUBSCRIBE, 200);
	for (size_t i = 0; i < r->nsent; i++)
		if (r->sent[i].method == SR_SUBSCRIBE)
			CHECK_STR(sr_cstr(r->sent[i].p), t->p);
	CHECK_EQ(rig_requests(r, SR_NOTIFY), 1);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.subscriptions, 1);
	rig_down(r);
}

static struct sr_cidr only[1];

static void
strict_list(struct sr_serve_cfg *c)
{
	sr_cidr_parse(&only[0], SR_STR("198.51.100.0/24"));
	c->allow = only;
	c->nallow = 1;
}

static void
one(struct sr_serve_cfg *c)
{
	c->max_subscriptions = 1;
}

TEST(serve_refuses_other_packages_strangers_and_too_many)
{
	struct rig *r = rig_up(one);

	r->call_id = "w1";
	subscribe(r, "presence", 60);
	CHECK_EQ(rig_status(r), 489);
	CHECK(rig_says(rig_last(r, SR_SUBSCRIBE, 489),
	    "Allow-Events: dialog\r\n"));
	r->call_id = "w2";
	subscribe(r, "dialog", 60);
	CHECK_EQ(rig_last(r, SR_SUBSCRIBE, -1)->status, 200);
	r->call_id = "w3";
	subscribe(r, "dialog", 60);
	CHECK_EQ(rig_status(r), 503);
	rig_down(r);
	r = rig_up(strict_list);
	subscribe(r, "dialog", 60);
	CHECK_EQ(rig_status(r), 403);
	rig_down(r);
}

TEST(serve_names_of_strangers_stay_inside_the_xml)
{
	struct rig *r = rig_up(NULL);

	r->call_id = "<&\">";
	rig_call(r, RIG_OFFER);
	r->to_tag[0] = '\0';
	r->call_id = "watch";
	subscribe(r, "dialog", 60);
	CHECK(rig_says(rig_last(r, SR_NOTIFY, 0),
	    "call-id=\"&lt;&amp;&quot;&gt;\""));
	rig_down(r);
}
