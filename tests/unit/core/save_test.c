/* Claims about lib/core/save.c and journal.c: a session goes on in another
 * engine, as if nothing had happened to the first. */
#include "unit/core/scene.h"

static struct sr_buf saved, mark;

/* The process dies; another one begins with what was saved. */
static struct sr_session *
again(bool keys, bool files, sr_time down)
{
	struct sr_session *s = sr_engine_session(engine, SR_STR("call@x"));
	struct sr_cfg cfg = { .journal = true, .crypto = &sr_crypto_full };
	struct sr_stands kept = { .was = 0, .end = 0 };

	sr_buf_free(&saved);
	sr_buf_free(&mark);
	sr_buf_init(&saved, 1 << 20);
	sr_buf_init(&mark, 1 << 16);
	CHECK(s != NULL);
	if (s == NULL)
		return NULL;
	CHECK_EQ(sr_session_save(s, keys, &saved), SR_OK);
	CHECK_EQ(sr_session_mark(s, &mark), SR_OK);
	sr_engine_free(engine);
	CHECK_EQ(sr_engine_new(&engine, &cfg), SR_OK);
	now += down;
	nsaid = nheard = 0;
	said[0] = '\0';
	CHECK_EQ(sr_engine_restore(engine, sr_buf_str(&saved), files ?
	    sr_buf_str(&mark) : (struct sr_str){ NULL, 0 }, &kept, 1, &s),
	    SR_OK);
	drain();
	return s;
}

static void
begin(void)
{
	scene_with(&(struct sr_cfg){ .journal = true,
	    .crypto = &sr_crypto_full });
}

TEST(a_restored_session_tells_its_past_and_goes_on)
{
	struct sr_session *s;

	begin();
	establish("12");
	TALK(.ssrc = 7, .from = 0, .n = 100);
	s = again(true, true, 2 * SR_SEC);
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|");
	CHECK_STR(sr_session_id(s), "call_x");
	CHECK_EQ(sr_stream_was(sr_session_stream(s, 0)), 0);
	CHECK(sr_stream_was(sr_session_stream(s, 1)) == SIZE_MAX);
	forget_said();
	TALK(.ssrc = 7, .from = 200, .n = 50);
	SAID("gap|");
	CHECK_EQ(media_of("1", 0), 50);
	BYE();
	SAID("gap|end call_x bye-client|");
	CHECK(strstr(end_json, "\"packets\":150,") != NULL);
	CHECK(strstr(end_json, "\"lost\":100,") != NULL);
	CHECK(strstr(end_json, "\"duration\":5,") != NULL ||
	    strstr(end_json, "\"duration\":5.000") != NULL);
	scene_end();
}

TEST(a_session_restored_elsewhere_places_its_media_anew)
{
	begin();
	establish("1");
	TALK(.ssrc = 7, .from = 0, .n = 100);
	again(true, false, 2 * SR_SEC);
	SAID("begin call_x|offer 1 src|answer 2 srs|");
	forget_said();
	TALK(.ssrc = 7, .from = 200, .n = 50);
	BYE();
	SAID("stream 1|end call_x bye-client|");
	CHECK(strstr(end_json, "\"packets\":50,") != NULL);
	CHECK(strstr(end_json, "\"lost\":0,") != NULL);
	scene_end();
}

TEST(a_mark_tells_where_media_stands_without_a_session)
{
	struct sr_marked v[4];
	sr_time start;
	size_t n;

	begin();
	establish("12");
	TALK(.ssrc = 7, .from = 0, .n = 100);
	TALK(.ssrc = 9, .port = RTP_PORT + 2, .from = 1000, .n = 3);
	again(true, true, SR_SEC);
	CHECK_EQ(sr_mark_read(guarded(mark.p, mark.n), &start, v, 4, &n),
	    SR_OK);
	CHECK_EQ(n, 2);
	CHECK(start > 0 && start < now);
	CHECK_EQ(v[0].was, 0);
	CHECK_EQ(v[0].source.ssrc, 7);
	CHECK_EQ(v[0].source.clock, 8000);
	CHECK_EQ(v[0].source.at, (int64_t)v[0].source.ts);
	CHECK_EQ(v[1].was, 1);
	CHECK_EQ(v[1].source.clock, 0);		/* it settles still */
	CHECK_EQ(sr_mark_read(guarded(mark.p, mark.n), &start, v, 1, &n),
	    SR_OK);
	CHECK_EQ(n, 1);
	for (size_t i = 0; i < mark.n; i++)
		if (sr_mark_read(guarded(mark.p, i), &start, v, 4, &n) ==
		    SR_OK)
			CHECK(n < 2);
	scene_end();
}

TEST(a_restored_session_knows_what_was_negotiated_last)
{
	begin();
	establish("1");
	SIP(SRC, "INVITE", .to = "t", .cseq = "2 INVITE",
	    .sdp = sdp(SRC, 42000, "sendonly", "12"));
	SIP(SRS, "200 OK", .to = "t", .cseq = "2 INVITE",
	    .sdp = sdp(SRS, 42000, "recvonly", "12"));
	SIP(SRC, "ACK", .to = "t", .cseq = "2 ACK");
	SIP(SRC, "INVITE", .to = "t", .cseq = "3 INVITE",
	    .sdp = sdp(SRC, 42000, "inactive", "12"));
	SIP(SRS, "200 OK", .to = "t", .cseq = "3 INVITE",
	    .sdp = sdp(SRS, 42000, "inactive", "12"));
	again(true, true, SR_SEC);
	SAID("begin call_x|offer 1 src|answer 2 srs|offer 3 src|answer 4 srs|"
	    "offer 5 src|answer 6 srs|pause 1|pause 2|");
	forget_said();
	TALK(.ssrc = 7, .port = 42002, .from = 0, .n = 50);
	CHECK_EQ(media_of("2", 1), 50);
	SIP(SRC, "INVITE", .to = "t", .cseq = "4 INVITE",
	    .sdp = sdp(SRC, 42000, "sendonly", "12"));
	SIP(SRS, "200 OK", .to = "t", .cseq = "4 INVITE",
	    .sdp = sdp(SRS, 42000, "recvonly", "12"));
	SAID("stream 2|offer 7 src|answer 8 srs|resume 1|resume 2|");
	scene_end();
}

TEST(a_second_source_of_a_line_is_found_again)
{
	struct sr_session *s;

	begin();
	establish("1");
	for (int i = 0; i < 60; i++) {
		TALK(.ssrc = 7, .from = i, .n = 1);
		now -= 20 * MS;
		TALK(.ssrc = 8, .from = i, .n = 1);
	}
	CHECK(media_of("1", 1) > 0);
	s = again(true, true, SR_SEC);
	CHECK_EQ(sr_session_nstreams(s), 2);
	CHECK_EQ(sr_stream_was(sr_session_stream(s, 1)), 1);
	TALK(.ssrc = 8, .from = 110, .n = 40);
	CHECK_EQ(media_of("1", 1), 40);
	CHECK_EQ(media_of("1", 0), 0);
	scene_end();
}

static const char secured[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/SAVP 0\r\n"
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:"
    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\na=sendonly\r\n"
    "a=label:1\r\n";

TEST(keys_are_saved_only_when_asked_for)
{
	begin();
	SIP(SRC, "INVITE", .sdp = secured);
	SIP(SRS, "200 OK", .to = "t", .sdp = secured);
	again(true, true, SR_SEC);
	CHECK(sr_strfind(sr_buf_str(&saved), SR_STR("d0Rmdmcm")) < saved.n);
	again(false, true, SR_SEC);
	CHECK(sr_strfind(sr_buf_str(&saved), SR_STR("d0Rmdmcm")) == saved.n);
	/* It is noise without the key: nothing of it enters a file. */
	forget_said();
	TALK(.ssrc = 7, .from = 0, .n = 50);
	SAID("");
	CHECK_EQ(media_of("1", 0), 0);
	scene_end();
}

TEST(a_session_that_is_refreshed_for_days_is_saved_in_bounded_memory)
{
	char cseq[2][40];

	scene_with(&(struct sr_cfg){ .journal = true, .max_journal = 8192,
	    .crypto = &sr_crypto_full });
	establish("1");
	for (int i = 2; i < 200; i++) {
		snprintf(cseq[0], sizeof(cseq[0]), "%d INVITE", i);
		snprintf(cseq[1], sizeof(cseq[1]), "%d ACK", i);
		SIP(SRC, "INVITE", .to = "t", .cseq = cseq[0], .sdp = OFFER);
		SIP(SRS, "200 OK", .to = "t", .cseq = cseq[0], .sdp = ANSWER);
		SIP(SRC, "ACK", .to = "t", .cseq = cseq[1]);
	}
	again(true, true, SR_SEC);
	CHECK(saved.n < 8192 + 300);
	CHECK(strncmp(said, "begin call_x|offer 1 src|answer 2 srs|", 38) ==
	    0);
	TALK(.ssrc = 7, .from = 0, .n = 50);
	CHECK_EQ(media_of("1", 0), 50);
	scene_end();
}

TEST(a_session_ends_for_a_reason_of_its_owner)
{
	struct sr_session *s;

	begin();
	establish("1");
	s = sr_engine_session(engine, SR_STR("call@x"));
	CHECK(s != NULL);
	if (s != NULL)
		sr_session_end(s, now, "taken-over");
	drain();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x taken-over|");
	CHECK(sr_engine_session(engine, SR_STR("call@x")) == NULL);
	scene_end();
}

TEST(bytes_that_are_no_saved_session_make_none)
{
	struct sr_session *s;
	struct sr_str name;
	sr_time at;

	begin();
	establish("1");
	TALK(.ssrc = 7, .from = 0, .n = 100);
	again(true, true, SR_SEC);
	CHECK_EQ(sr_saved_name(sr_buf_str(&saved), &name, &at), SR_OK);
	CHECK_STR(name, "call_x");
	for (size_t i = 0; i < saved.n; i++)
		CHECK(sr_engine_restore(engine, guarded(saved.p, i),
		    (struct sr_str){ NULL, 0 }, NULL, 0, &s) != SR_OK);
	drain();
	scene_end();
	for (size_t i = 1; i < mark.n; i++) {
		begin();
		(void)sr_engine_restore(engine, sr_buf_str(&saved),
		    guarded(mark.p, i), NULL, 0, &s);
		drain();
		TALK(.ssrc = 7, .from = 200, .n = 2);
		scene_end();
	}
	sr_buf_free(&saved);
	sr_buf_free(&mark);
}
