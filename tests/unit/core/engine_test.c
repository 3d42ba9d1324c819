/* Claims about lib/core/engine.c, media.c and alone.c. */
#include "unit/core/scene.h"

enum { TEXT = 4000 };

/* The messages of a session as one stream of bytes each way. */
static size_t
both_ways(char out[2][TEXT], size_t n[2], const char *invite_sdp)
{
	const struct msg v[] = {
		{ .line = "INVITE", .sdp = invite_sdp },
		{ .line = "200 OK", .to = "t", .sdp = ANSWER },
		{ .line = "ACK", .to = "t", .cseq = "1 ACK" },
		{ .line = "BYE", .to = "t", .cseq = "2 BYE" },
	};

	n[0] = n[1] = 0;
	for (size_t i = 0; i < 4; i++) {
		int who = i == 1 ? SRS : SRC;

		n[who] += msg_text(out[who] + n[who], TEXT - n[who], &v[i]);
	}
	return n[0];
}

static void
bytes(int who, const char *p, size_t n)
{
	feed(SR_BYTES, sip_flow(who, SR_TCP), p, n);
}

/* INVITE, answer, the rest: in pieces of some size. */
static void
over_tcp(size_t piece)
{
	static char text[2][TEXT];
	size_t n[2], invite;
	struct msg m = { .line = "INVITE", .sdp = OFFER };

	both_ways(text, n, OFFER);
	invite = msg_text(last_json, sizeof(last_json), &m);
	scene(false);
	for (size_t at = 0; at < invite; at += piece)
		bytes(SRC, text[SRC] + at, piece < invite - at ? piece :
		    invite - at);
	for (size_t at = 0; at < n[SRS]; at += piece)
		bytes(SRS, text[SRS] + at, piece < n[SRS] - at ? piece :
		    n[SRS] - at);
	for (size_t at = invite; at < n[SRC]; at += piece)
		bytes(SRC, text[SRC] + at, piece < n[SRC] - at ? piece :
		    n[SRC] - at);
	scene_end();
}

TEST(engine_sip_over_tcp_byte_by_byte_is_as_at_once)
{
	static const size_t pieces[] = { 1, 2, 7, 100, 536, 100000 };

	for (size_t i = 0; i < 6; i++) {
		over_tcp(pieces[i]);
		SAID("begin call_x|offer 1 src|answer 2 srs|"
		    "end call_x bye-client|");
		CHECK_EQ(nwarned, 0);
	}
}

TEST(engine_several_messages_in_a_segment_are_all_read)
{
	static char text[2][TEXT];
	size_t n[2];

	scene(false);
	both_ways(text, n, OFFER);
	bytes(SRC, text[SRC], n[SRC]);	/* INVITE, ACK, BYE */
	scene_end();
	SAID("begin call_x|offer 1 src|end call_x bye-client|");
}

TEST(engine_gap_in_a_connection_is_said_and_the_next_message_is_read)
{
	static char text[2][TEXT];
	size_t n[2];
	struct sr_chunk gap = { .kind = SR_GAP, .cut = 100,
	    .flow = sip_flow(SRC, SR_TCP) };

	scene(false);
	both_ways(text, n, OFFER);
	bytes(SRC, text[SRC], 150);
	gap.time = now;
	CHECK_EQ(sr_engine_feed(engine, &gap), SR_OK);
	drain();
	CHECK(nwarned >= 1);
	bytes(SRC, text[SRC] + 300, n[SRC] - 300);
	both_ways(text, n, OFFER);
	bytes(SRC, text[SRC], n[SRC]);
	scene_end();
	CHECK(strstr(said, "begin call_x|") != NULL);
}

TEST(engine_connection_without_sip_is_not_wanted)
{
	static const char noise[] = "\x16\x03\x01 something that is anything "
	    "but a message, or even the beginning of one";
	struct sr_flow f, ours = sip_flow(SRC, SR_TCP);

	scene(false);
	CHECK(!sr_engine_unwanted(engine, &f));
	for (int i = 0; i < 40; i++)
		bytes(SRC, noise, sizeof(noise) - 1);
	CHECK(sr_engine_unwanted(engine, &f));
	CHECK(sr_flow_eq(&f, &ours));
	CHECK(!sr_engine_unwanted(engine, &f));
	scene_end();
}

TEST(engine_message_without_end_is_bounded)
{
	static char much[65536];

	scene(false);
	memset(much, 'x', sizeof(much));
	memcpy(much, "INVITE sip:a SIP/2.0\r\nTo: ", 26);
	bytes(SRC, much, sizeof(much));
	memset(much, 'x', sizeof(much));
	for (int i = 0; i < 100; i++)
		bytes(SRC, much, sizeof(much));
	CHECK(nwarned >= 1);
	scene_end();
}

TEST(engine_plain_call_has_metadata_that_is_valid)
{
	const struct sr_event *ev;
	struct sr_chunk c = { .kind = SR_DGRAM };
	static char text[TEXT];
	bool valid = false;
	struct msg m = { .line = "200 OK", .to = "t", .plain = true,
	    .sdp = sdp(SRS, RTP_PORT, "sendrecv", "-") };

	scene(true);
	SIP(SRC, "INVITE", .plain = true, .sdp = sdp(SRC, RTP_PORT,
	    "sendrecv", "-"));
	c.data = (struct sr_str){ text, msg_text(text, sizeof(text), &m) };
	c.flow = sip_flow(SRS, SR_UDP);
	c.time = now;
	CHECK_EQ(sr_engine_feed(engine, &c), SR_OK);
	while ((ev = sr_engine_next(engine)) != NULL)
		if (ev->kind == SR_EV_META) {
			struct sr_doc d;

			CHECK(ev->u.meta.made);
			CHECK_EQ(sr_doc_parse(&d, ev->u.meta.body,
			    SR_STR("UTF-8"), 1 << 20), SR_OK);
			valid = d.valid;
			CHECK_EQ(d.nstreams, 2);
			CHECK_EQ(d.nparticipants, 2);
			sr_doc_free(&d);
		}
	CHECK(valid);
	TALK(.who = SRC, .n = 30);
	TALK(.who = SRS, .ssrc = 8, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
	CHECK_EQ(media_of("2", 1), 30);
	CHECK(strstr(said, "end call_x bye-client|") != NULL);
}

TEST(engine_rtp_alone_is_a_session_where_all_is_wanted)
{
	scene(true);
	for (int i = 0; i < 200; i++) {
		TALK(.who = SRC, .from = i, .n = 1);
		TALK(.who = SRS, .ssrc = 8, .from = i, .n = 1);
		now -= 20 * MS;
	}
	scene_end();
	CHECK_EQ(media_of("1", 0), 200);
	CHECK_EQ(media_of("2", 1), 200);
	CHECK(strncmp(said, "begin rtp-192.0.2.1_40000-192.0.2.2_40000|",
	    41) == 0);
	scene(false);
	TALK(.n = 200);
	scene_end();
	SAID("");
}

TEST(engine_digits_are_events_and_no_media)
{
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };

	scene(false);
	establish("1");
	TALK(.n = 50);
	for (int i = 0; i < 8; i++)	/* the end three times */
		rtp_put(&f, 101, i == 0, (uint16_t)(50 + i), 8000, 7,
		    i < 5 ? "\3\x0a\3\x20" : "\3\x8a\3\x20", 4, 0);
	TALK(.from = 58, .n = 20);
	BYE();
	scene_end();
	CHECK(strstr(said, "dtmf 1 3|end") != NULL);
	CHECK_EQ(media_of("1", 0), 70);
}

TEST(engine_digits_that_were_not_offered_are_digits)
{
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };

	scene(false);
	establish("1");
	TALK(.n = 50);
	for (int i = 0; i < 3; i++)
		rtp_put(&f, 98, i == 0, (uint16_t)(50 + i), 8000, 7,
		    "\4\x8a\3\x20", 4, 0);
	TALK(.from = 53, .n = 20);
	BYE();
	scene_end();
	CHECK(strstr(said, "dtmf 1 4|end") != NULL);
}

TEST(engine_redundant_audio_is_taken_from_its_primary_block)
{
	static const char red[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
	    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 96 0\r\n"
	    "a=rtpmap:96 red/8000\r\na=sendonly\r\na=label:1\r\n";
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	char payload[5 + 10 + 160] = { (char)0x80, 0, 0, 10, 0 };

	scene(false);
	SIP(SRC, "INVITE", .sdp = red);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	for (int i = 0; i < 30; i++) {
		rtp_put(&f, 96, false, (uint16_t)i, (uint32_t)i * 160, 7,
		    payload, sizeof(payload), 0);
		now += 20 * MS;
	}
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
	CHECK_EQ(heard[0].end, 30 * 160);
	CHECK(strstr(end_json, "\"codec\":\"PCMU\"") != NULL);
}

TEST(engine_media_that_was_cut_keeps_its_length)
{
	scene(false);
	establish("1");
	TALK(.n = 50, .cut = 100);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 50);
	CHECK_EQ(heard[0].end, 50 * 160);
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "snaplen ", 8) == 0);
}

TEST(engine_three_sources_at_once_have_a_stream_each)
{
	scene(false);
	establish("1");
	for (int i = 0; i < 200; i++)
		for (uint32_t k = 0; k < 3; k++) {
			TALK(.ssrc = 7 + k, .from = i, .n = 1);
			now -= k < 2 ? 20 * MS : 0;
		}
	BYE();
	scene_end();
	CHECK_EQ(nheard, 3);
	CHECK(media_of("1", 0) >= 190);
	CHECK(media_of("1", 1) + media_of("1", 2) >= 340);
}

TEST(engine_clock_that_jumps_by_years_is_said)
{
	scene(false);
	establish("1");
	TALK(.n = 50);
	now = (sr_time)4102444800 * SR_SEC;	/* 2100 */
	TALK(.from = 50, .n = 50);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 100);
	CHECK_EQ(heard[0].end, 100 * 160);
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "clock ", 6) == 0);
}

TEST(engine_times_beyond_reason_do_no_harm)
{
	static const sr_time v[] = { 0, -1, INT64_MIN, INT64_MAX, 1 };

	for (size_t i = 0; i < 5; i++) {
		scene(false);
		now = v[i] - (v[i] == INT64_MAX ? 9 * SR_SEC : 0);
		establish("1");
		TALK(.n = 50);
		BYE();
		scene_end();
		CHECK(strstr(said, "begin call_x|") != NULL);
		CHECK(strstr(said, "|end call_x bye-client|") != NULL);
		CHECK_EQ(media_of("1", 0), 50);
	}
}

TEST(engine_without_payload_counts_all_the_same)
{
	scene_with(&(struct sr_cfg){ .no_payload = true });
	establish("1");
	TALK(.n = 50);
	BYE();
	scene_end();
	CHECK_EQ(nheard, 0);
	CHECK(strstr(end_json, "\"packets\":50,\"lost\":0") != NULL);
}

TEST(engine_takes_no_more_sessions_than_it_may)
{
	char id[16];

	scene_with(&(struct sr_cfg){ .max_sessions = 3 });
	for (int i = 0; i < 5; i++) {
		snprintf(id, sizeof(id), "%d", i);
		SIP(SRC, "INVITE", .id = id, .sdp = OFFER);
		SIP(SRS, "200 OK", .id = id, .to = "t", .sdp = ANSWER);
	}
	CHECK(strstr(said, "begin 2|") != NULL);
	CHECK(strstr(said, "begin 3|") == NULL);
	SIP(SRC, "BYE", .id = "1", .to = "t", .cseq = "2 BYE");
	SIP(SRC, "INVITE", .id = "5", .sdp = OFFER);
	SIP(SRS, "200 OK", .id = "5", .to = "t", .sdp = ANSWER);
	CHECK(strstr(said, "begin 5|") != NULL);
	scene_end();
}

TEST(engine_knows_no_more_flows_than_it_may)
{
	scene_with(&(struct sr_cfg){ .max_flows = 1000 });
	for (int port = 10000; port < 12000; port++)
		TALK(.port = port, .n = 1);
	now += 300 * SR_SEC;		/* idle ones make room */
	for (int port = 20000; port < 20020; port++)
		TALK(.port = port, .n = 1);
	establish("1");
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(strstr(said, "end call_x bye-client|") != NULL);
}

TEST(engine_notes_of_its_owner_are_in_order)
{
	scene(false);
	CHECK_EQ(sr_engine_note(engine, now, 17, "read", "cut short"), SR_OK);
	drain();
	CHECK_STR(sr_cstr(warned), "read 0 cut short");
	CHECK(strstr(last_json, "\"frame\":17") != NULL);
	scene_end();
}

TEST(engine_broken_frames_are_warned_of)
{
	struct sr_chunk c = { .kind = SR_BROKEN, .time = 5, .num = 9,
	    .why = "too short" };

	scene(false);
	CHECK_EQ(sr_engine_feed(engine, &c), SR_OK);
	drain();
	CHECK_STR(sr_cstr(warned), "frame 0 frame 9: too short");
	scene_end();
}
