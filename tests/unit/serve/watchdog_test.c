#include "unit/serve/rig.h"

static void
hear(struct rig *r, size_t line)
{
	sr_serve_heard(r->s, r->leg, line, r->now);
}

TEST(serve_silence_is_probed_and_ends_nothing_by_itself)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	for (int i = 0; i < 5; i++) {
		rig_run(r, 20 * SR_SEC);
		hear(r, 0);
		hear(r, 1);
	}
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
	for (int i = 0; i < 4; i++) {		/* only one of them */
		rig_run(r, 20 * SR_SEC);
		hear(r, 0);
	}
	CHECK_EQ(rig_events(r, "NOTE media-timeout"), 1);
	CHECK(rig_count(r, SR_OPTIONS, 0) > 0);
	rig_say(r, 200, NULL, NULL, NULL);
	rig_forget(r);
	rig_run(r, 30 * SR_SEC);
	hear(r, 0);
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
	rig_run(r, 30 * SR_SEC);
	CHECK(rig_count(r, SR_OPTIONS, 0) > 0);
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_down(r);
}

TEST(serve_ten_hours_without_a_word_of_sip_end_nothing)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	rig_call(r, RIG_OFFER);
	rig_forget(r);
	for (int i = 0; i < 10 * 3600 / 30; i++) {
		rig_run(r, 30 * SR_SEC);
		hear(r, 0);
		hear(r, 1);
	}
	/* Not even a question was asked. */
	CHECK_EQ(rig_count(r, SR_OPTIONS, 0) + rig_count(r, SR_UPDATE, 0) +
	    rig_count(r, SR_INVITE, 0) + rig_count(r, SR_BYE, 0), 0);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 1);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 200);
	rig_down(r);
}

TEST(serve_a_client_that_answers_a_probe_at_all_is_there)
{
	static const int there[] = { 200, 403, 405, 486, 500, 501, 503 };

	for (size_t i = 0; i < sizeof(there) / sizeof(*there); i++) {
		struct rig *r = rig_up(NULL);

		rig_call(r, RIG_OFFER);
		rig_run(r, 62 * SR_SEC);
		CHECK(rig_count(r, SR_OPTIONS, 0) > 0);
		rig_say(r, there[i], NULL, NULL, NULL);
		rig_run(r, 10 * SR_SEC);
		CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
		rig_down(r);
	}
}

static void
is_ended(struct rig *r, const char *why)
{
	struct sr_serve_stats st;
	char text[64];

	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.now, 0);
	CHECK(st.ended[0].why != NULL);
	CHECK_STR(sr_cstr(st.ended[0].why), why);
	snprintf(text, sizeof(text), ";text=\"%s\"\r\n", why);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), text));
}

TEST(serve_a_client_that_is_gone_ends_with_media_timeout)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	rig_run(r, 62 * SR_SEC);
	rig_say(r, 481, NULL, NULL, NULL);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 1);
	rig_say(r, 200, NULL, NULL, NULL);
	is_ended(r, "media-timeout");
	rig_down(r);
	r = rig_up(NULL);
	rig_call(r, RIG_OFFER);
	rig_run(r, 95 * SR_SEC);
	CHECK(rig_count(r, SR_OPTIONS, 0) > 5);
	CHECK(rig_count(r, SR_BYE, 0) > 0);
	rig_say(r, 200, NULL, NULL, NULL);
	is_ended(r, "media-timeout");
	rig_down(r);
}

TEST(serve_inactive_and_held_lines_are_never_probed_for_media)
{
	static const char *const dirs[] = { "a=inactive\r\n", "" };
	static const char *const where[] = { "192.0.2.1", "0.0.0.0" };
	char sdp[300];

	for (size_t i = 0; i < 2; i++) {
		struct rig *r = rig_up(NULL);

		snprintf(sdp, sizeof(sdp), "v=0\r\no=- 1 1 IN IP4 192.0.2.1"
		    "\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n%s"
		    "m=audio 1000 RTP/AVP 0\r\n", where[i], dirs[i]);
		rig_call(r, sdp);
		rig_run(r, 600 * SR_SEC);
		CHECK_EQ(rig_count(r, SR_OPTIONS, 0), 0);
		/* but whether the client is there is asked in the end */
		rig_run(r, 302 * SR_SEC);
		CHECK(rig_count(r, SR_OPTIONS, 0) > 0);
		CHECK_EQ(rig_events(r, "NOTE*"), 0);
		rig_say(r, 200, NULL, NULL, NULL);
		rig_run(r, 600 * SR_SEC);
		CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
		rig_down(r);
	}
}

static void
short_ones(struct sr_serve_cfg *c)
{
	c->max_duration = 10 * SR_SEC;
	c->media_timeout = SR_NEVER;
	c->probe = SR_NEVER;
}

TEST(serve_max_duration_ends_the_call)
{
	struct rig *r = rig_up(short_ones);

	rig_call(r, RIG_OFFER);
	rig_run(r, 9900 * SR_MSEC);
	CHECK_EQ(rig_count(r, SR_BYE, 0), 0);
	rig_run(r, 200 * SR_MSEC);
	CHECK(rig_says(rig_last(r, SR_BYE, 0), "text=\"max-duration\""));
	rig_down(r);
}

TEST(serve_session_timer_ends_the_call_of_a_silent_client)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "INVITE", RIG_MARKS "Supported: timer\r\n"
	    "Session-Expires: 90;refresher=uac\r\n", RIG_SDP, RIG_OFFER);
	CHECK(rig_says(rig_last(r, SR_INVITE, 200),
	    "Session-Expires: 90;refresher=uac\r\n"));
	rig_ack(r, NULL);
	for (int i = 0; i < 6; i++) {
		rig_run(r, 10 * SR_SEC);
		hear(r, 0);
		hear(r, 1);
	}
	rig_say(r, 200, NULL, NULL, NULL);
	is_ended(r, "session-timer");
	rig_down(r);
}

TEST(serve_thousands_of_idle_legs_wake_it_seldom)
{
	struct rig *r = rig_up(NULL);
	static char ids[300][32];
	int wakes = 0;

	for (int i = 0; i < 300; i++) {
		snprintf(ids[i], sizeof(ids[i]), "call-%d", i + 10);
		r->call_id = ids[i];
		r->to_tag[0] = '\0';
		r->now += 37 * SR_MSEC;
		rig_call(r, RIG_OFFER);
		rig_forget(r);
	}
	rig_run(r, 33 * SR_SEC);	/* transactions are over by then */
	sr_time end = r->now + 10 * SR_SEC;
	while (sr_serve_due(r->s) < end) {
		r->now = sr_serve_due(r->s);
		sr_serve_tick(r->s, r->now);
		rig_drain(r);
		wakes++;
	}
	CHECK(wakes <= 110);
	rig_down(r);
}
