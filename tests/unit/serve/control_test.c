#include "unit/serve/rig.h"

static const char session[] = "call-1";

static int
act(struct rig *r, enum sr_serve_act what, const char *label)
{
	uint64_t ticket;
	int err = sr_serve_do(r->s, what, sr_cstr(session), sr_cstr(label),
	    r->now, &ticket);

	rig_drain(r);
	return err;
}

static struct rig *
running(void)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	rig_forget(r);
	return r;
}

TEST(serve_pause_mutes_at_once_and_tells_the_client)
{
	struct rig *r = running();
	uint64_t ticket;

	CHECK_EQ(sr_serve_do(r->s, SR_ACT_PAUSE, sr_cstr(session),
	    SR_STR(""), r->now, &ticket), SR_OK);
	CHECK_EQ(sr_serve_next(r->s)->kind, SR_SERVE_MUTE);
	rig_drain(r);
	CHECK_EQ(rig_events(r, "MUTE 1 on"), 1);
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);
	CHECK(rig_says(t, "m=audio 20000 RTP/AVP 0 8 101\r\n"));
	CHECK(rig_says(t, "m=audio 20002 ") && rig_says(t, "a=label:2"));
	CHECK(rig_says(t, "a=inactive") && !rig_says(t, "a=recvonly"));
	CHECK(rig_says(t, ">;+sip.srs\r\n"));
	CHECK_EQ(rig_events(r, "DONE*"), 0);
	rig_agree(r);
	CHECK_EQ(rig_events(r, "DONE pause 200"), 1);
	CHECK_EQ(rig_events(r, "LINE 0 inactive 1 port 20000"), 1);
	CHECK_EQ(rig_count(r, SR_ACK, 0), 1);
	rig_down(r);
}

TEST(serve_resume_asks_for_media_again)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
	rig_agree(r);
	rig_forget(r);
	CHECK_EQ(act(r, SR_ACT_RESUME, ""), SR_OK);
	CHECK_EQ(rig_events(r, "MUTE 0 off"), 1);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=recvonly"));
	rig_agree(r);
	CHECK_EQ(rig_events(r, "DONE resume 200"), 1);
	CHECK_EQ(rig_events(r, "LINE 1 recvonly 2 port 20002"), 1);
	rig_down(r);
}

TEST(serve_a_client_that_refuses_the_pause_is_not_recorded_either)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
	rig_say(r, 488, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE pause 488"), 1);
	CHECK_EQ(rig_events(r, "MUTE * off"), 0);
	/* and its own offers are answered inactive: SD-03, held */
	rig_ask(r, "UPDATE", NULL, RIG_SDP, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 200), "a=inactive"));
	CHECK(!rig_says(rig_last(r, SR_UPDATE, 200), "a=recvonly"));
	CHECK_EQ(rig_events(r, "MUTE 0 off"), 0);
	rig_down(r);
}

/* SD-03: four directions of the offer, by what control wants. */
TEST(serve_answers_each_direction_by_what_control_wants)
{
	static const struct { const char *dir; bool paused; const char *want; }
	    v[] = {
		{ "sendonly", false, "a=recvonly" },
		{ "sendrecv", false, "a=recvonly" },
		{ "recvonly", false, "a=inactive" },
		{ "inactive", false, "a=inactive" },
		{ "sendonly", true, "a=inactive" },
		{ "sendrecv", true, "a=inactive" },
		{ "recvonly", true, "a=inactive" },
		{ "inactive", true, "a=inactive" } };
	char sdp[300];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct rig *r = running();

		if (v[i].paused) {
			act(r, SR_ACT_PAUSE, "");
			rig_agree(r);
		}
		snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 9 IN IP4 192.0.2.1"
		    "\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\na=%s\r\n"
		    "m=audio 1000 RTP/AVP 0\r\nm=audio 1002 RTP/AVP 0\r\n",
		    v[i].dir);
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, sdp);
		const struct rig_sent *t = rig_last(r, SR_INVITE, 200);
		CHECK(rig_says(t, v[i].want));
		CHECK(rig_says(t, "a=recvonly") != rig_says(t, "a=inactive"));
		rig_down(r);
	}
}

static void
held(struct sr_serve_cfg *c)
{
	c->held = true;
}

TEST(serve_started_held_is_inactive_until_resumed)
{
	struct rig *r = rig_up(held);

	rig_call(r, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), "a=inactive"));
	CHECK_EQ(rig_events(r, "MUTE 0 on"), 1);
	CHECK_EQ(act(r, SR_ACT_RESUME, ""), SR_OK);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=recvonly"));
	rig_agree(r);
	CHECK_EQ(rig_events(r, "LINE 0 recvonly*"), 1);
	CHECK_EQ(rig_events(r, "MUTE 0 off"), 1);
	rig_down(r);
}

TEST(serve_dropped_stream_gets_port_0_and_one_version_more)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_DROP, "7"), SR_ENOENT);
	CHECK_EQ(act(r, SR_ACT_DROP, "2"), SR_OK);
	CHECK_EQ(rig_events(r, "MUTE 1 on"), 1);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 20000 "));
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 0 RTP/AVP"));
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), " 2 IN IP4 192.0.2.2"));
	CHECK_EQ(rig_events(r, "RELEASE*"), 0);
	rig_agree(r);
	CHECK_EQ(rig_events(r, "RELEASE 1"), 1);
	CHECK_EQ(rig_events(r, "DONE drop 200"), 1);
	CHECK_EQ(act(r, SR_ACT_DROP, "2"), SR_ENOENT);
	rig_down(r);
}

TEST(serve_a_sender_who_is_another_loses_his_line_and_the_last_one_the_call)
{
	struct rig *r = running();
	uint64_t leg = r->leg;

	CHECK_EQ(sr_serve_distrust(r->s, leg, 2, r->now), SR_ENOENT);
	CHECK_EQ(sr_serve_distrust(r->s, leg, 1, r->now), SR_OK);
	CHECK_EQ(sr_serve_distrust(r->s, leg, 1, r->now), SR_ENOENT);
	rig_drain(r);
	CHECK_EQ(rig_events(r, "MUTE 1 on"), 1);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 20000 "));
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 0 RTP/AVP"));
	rig_agree(r);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	CHECK_EQ(sr_serve_distrust(r->s, leg, 0, r->now), SR_OK);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_BYE, 0),
	    "Reason: SIP;cause=488;text=\"fingerprint\"\r\n"));
	rig_down(r);
}

TEST(serve_stop_says_stopped)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_STOP, ""), SR_OK);
	CHECK(rig_says(rig_last(r, SR_BYE, 0),
	    "Reason: SIP;cause=200;text=\"stopped\"\r\n"));
	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_EBAD);
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE stop 200"), 1);
	CHECK_EQ(act(r, SR_ACT_STOP, ""), SR_ENOENT);
	rig_down(r);
}

TEST(serve_a_full_disk_ends_one_session_or_all_and_says_so)
{
	struct rig *r = running();

	CHECK_EQ(sr_serve_end(r->s, SR_STR("other"), "disk-full", r->now),
	    SR_ENOENT);
	CHECK_EQ(sr_serve_end(r->s, SR_STR("call-1"), "disk-full", r->now),
	    SR_OK);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"disk-full\""));
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_call(r, RIG_OFFER);
	CHECK_EQ(sr_serve_end(r->s, (struct sr_str){ NULL, 0 }, "disk-full",
	    r->now), SR_OK);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "Call-ID: call-2\r\n"));
	CHECK_EQ(rig_count(r, SR_BYE, 0), 2);
	rig_down(r);
}

TEST(serve_commands_that_come_together_go_out_one_after_the_other)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
	CHECK_EQ(act(r, SR_ACT_DROP, "1"), SR_OK);
	CHECK_EQ(act(r, SR_ACT_RESUME, ""), SR_OK);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 1);
	rig_agree(r);
	CHECK_EQ(rig_count(r, SR_INVITE, 0), 2);
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "m=audio 0 RTP/AVP"));
	CHECK(rig_says(rig_last(r, SR_INVITE, 0), "a=recvonly"));
	rig_agree(r);
	CHECK_EQ(rig_events(r, "DONE *"), 3);
	CHECK_EQ(rig_events(r, "MUTE 1 off"), 1);
	CHECK_EQ(rig_events(r, "MUTE 0 off"), 0);
	rig_down(r);
}

TEST(serve_glare_is_tried_again_and_their_offer_wins_meanwhile)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_PAUSE, ""), SR_OK);
	rig_say(r, 491, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE*"), 0);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER
	    "m=audio 12250 RTP/AVP 0\r\na=sendonly\r\na=label:3\r\n");
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), "a=label:3"));
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), "a=inactive"));
	rig_ack(r, NULL);
	rig_run(r, 3 * SR_SEC);
	/* The old offer has two lines; the client refuses that. */
	rig_say(r, 488, NULL, NULL, NULL);
	rig_run(r, SR_SEC);
	CHECK_EQ(rig_events(r, "DONE pause 200"), 1);
	CHECK_EQ(rig_events(r, "MUTE 2 on"), 1);
	rig_down(r);
}

TEST(serve_snapshot_is_asked_by_update_without_sdp)
{
	struct rig *r = running();

	CHECK_EQ(act(r, SR_ACT_SNAPSHOT, ""), SR_OK);
	const struct rig_sent *t = rig_last(r, SR_UPDATE, 0);
	CHECK(rig_says(t, "Content-Type: application/rs-metadata+xml\r\n"));
	CHECK(rig_says(t, "Content-Disposition: recording-session\r\n"));
	CHECK(rig_says(t, "Require: siprec\r\n"));
	CHECK(rig_says(t, "<requestsnapshot xmlns='urn:ietf:params:xml:ns:"
	    "recording:1'><requestreason xml:lang=\"en\">"));
	CHECK(!rig_says(t, "m=audio"));
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "DONE snapshot 200"), 1);
	rig_down(r);
}

TEST(serve_snapshot_is_not_asked_of_a_client_without_update)
{
	struct rig *r = rig_up(NULL);

	r->allow = "INVITE, ACK, BYE";
	rig_call(r, RIG_OFFER);
	CHECK_EQ(act(r, SR_ACT_SNAPSHOT, ""), SR_EUNSUP);
	CHECK_EQ(rig_count(r, SR_UPDATE, 0), 0);
	rig_down(r);
}

/* ---- by itself ---- */

#define PART(mode)							\
	"<?xml version=\"1.0\"?>\n<recording "				\
	"xmlns='urn:ietf:params:xml:ns:recording:1'><datamode>" mode	\
	"</datamode></recording>"

static void
patient(struct sr_serve_cfg *c)
{
	c->media_timeout = c->probe = SR_NEVER;
}

static struct rig *
based_on(const char *meta)
{
	struct rig *r = rig_up(patient);
	char body[2000];

	rig_engine(r);
	snprintf(body, sizeof(body), "--b\r\nContent-Type: application/sdp"
	    "\r\n\r\n" RIG_OFFER "\r\n--b\r\nContent-Type: " RIG_META
	    "\r\nContent-Disposition: recording-session\r\n\r\n%s\r\n--b--"
	    "\r\n", meta);
	rig_ask(r, "INVITE", RIG_MARKS, "multipart/mixed;boundary=b", body);
	CHECK_EQ(rig_status(r), 200);
	rig_ack(r, NULL);
	return r;
}

TEST(serve_a_partial_without_base_asks_once_a_minute_and_three_times)
{
	struct rig *r = based_on(PART("partial"));
	size_t sent = 1;

	rig_run(r, SR_SEC);
	CHECK_EQ(rig_requests(r, SR_UPDATE), 1);
	CHECK(rig_says(rig_last(r, SR_UPDATE, 0), "no base snapshot"));
	rig_say(r, 200, NULL, NULL, NULL);
	for (int i = 0; i < 8; i++) {
		rig_ask(r, "UPDATE", NULL, RIG_META, PART("partial"));
		CHECK_EQ(rig_status(r), 200);
		rig_run(r, 5 * SR_SEC);
	}
	CHECK_EQ(rig_requests(r, SR_UPDATE), 1);
	for (int i = 0; i < 12; i++) {
		rig_run(r, 30 * SR_SEC);
		if (rig_requests(r, SR_UPDATE) > sent) {
			sent = rig_requests(r, SR_UPDATE);
			rig_say(r, 200, NULL, NULL, NULL);
		}
		rig_ask(r, "UPDATE", NULL, RIG_META, PART("partial"));
	}
	CHECK_EQ(rig_requests(r, SR_UPDATE), 3);
	rig_down(r);
}

TEST(serve_a_complete_base_asks_for_nothing)
{
	struct rig *r = based_on(PART("complete"));

	rig_ask(r, "UPDATE", NULL, RIG_META, PART("partial"));
	rig_run(r, 10 * SR_SEC);
	CHECK_EQ(rig_count(r, SR_UPDATE, 0), 0);
	rig_down(r);
}

TEST(serve_a_client_that_knows_no_snapshot_is_not_asked_again)
{
	struct rig *r = based_on(PART("partial"));

	rig_run(r, SR_SEC);
	rig_say(r, 415, NULL, NULL, NULL);
	for (int i = 0; i < 3; i++) {
		rig_run(r, 30 * SR_SEC);
		rig_ask(r, "UPDATE", NULL, RIG_META, PART("partial"));
	}
	CHECK_EQ(rig_requests(r, SR_UPDATE), 1);
	rig_down(r);
}

TEST(serve_no_response_of_ours_holds_metadata)
{
	struct rig *r = based_on(PART("partial"));

	rig_say(r, 200, NULL, NULL, NULL);
	rig_ask(r, "UPDATE", NULL, RIG_META, "<requestsnapshot "
	    "xmlns='urn:ietf:params:xml:ns:recording:1'/>");
	CHECK_EQ(rig_status(r), 200);
	CHECK_EQ(rig_events(r, "NOTE R7866-11.3-1"), 1);
	for (size_t i = 0; i < r->nsent; i++)
		CHECK(r->sent[i].status == 0 || strstr(r->sent[i].p,
		    "Content-Type: application/rs-metadata") == NULL);
	rig_down(r);
}

TEST(serve_queries_are_one_line_of_json)
{
	struct rig *r = based_on(PART("complete"));
	struct sr_buf b;

	sr_buf_init(&b, 100000);
	CHECK_EQ(sr_serve_list(r->s, &b, r->now), SR_OK);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("\"session\":\"call-1\"")) <
	    b.n);
	b.n = 0;
	CHECK_EQ(sr_serve_show(r->s, SR_STR("call-1"), &b, r->now), SR_OK);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("\"label\":\"2\"")) < b.n);
	CHECK(sr_strfind(sr_buf_str(&b),
	    SR_STR("\"local\":\"192.0.2.2:20002\"")) < b.n);
	CHECK_EQ(b.p[b.n - 1], '\n');
	CHECK_EQ(sr_strchr(sr_buf_str(&b), '\n'), b.n - 1);
	b.n = 0;
	CHECK_EQ(sr_serve_show(r->s, SR_STR("call-9"), &b, r->now),
	    SR_ENOENT);
	CHECK_EQ(sr_serve_stats_json(r->s, &b, r->now), SR_OK);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("\"now\":1,")) < b.n);
	sr_buf_free(&b);
	sr_buf_init(&b, 50);
	CHECK_EQ(sr_serve_list(r->s, &b, r->now), SR_ELIMIT);
	sr_buf_free(&b);
	rig_down(r);
}
