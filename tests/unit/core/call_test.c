/* Claims about lib/core/call.c: which messages are a recording session. */
#include "unit/core/scene.h"

TEST(call_is_told_from_invite_to_bye)
{
	scene(false);
	establish("12");
	TALK(.n = 50);
	TALK(.port = 40002, .ssrc = 8, .n = 50);
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|stream 2|"
	    "end call_x bye-client|");
	CHECK_EQ(media_of("1", 0), 50);
	CHECK_EQ(media_of("2", 1), 50);
	CHECK_EQ(nwarned, 0);
}

TEST(call_ended_by_the_server_says_so)
{
	scene(false);
	establish("1");
	SIP(SRS, "BYE", .from = "t", .to = "f", .cseq = "1 BYE");
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x bye-server|");
}

TEST(call_without_an_end_ends_with_the_capture)
{
	scene(false);
	establish("1");
	TALK(.n = 3);
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|"
	    "end call_x capture-end|");
	CHECK_EQ(media_of("1", 0), 3);
}

TEST(call_of_which_only_requests_were_captured_begins_at_its_ack)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SAID("");
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK", .branch = "other");
	SAID("begin call_x|offer 1 src|");
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(call_of_which_only_responses_were_captured_begins_at_its_200)
{
	scene(false);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER,
	    .contact = "<sip:srs@192.0.2.2>;+sip.srs");
	TALK(.n = 30);
	scene_end();
	CHECK(strncmp(said, "begin call_x|", 13) == 0);
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(call_that_is_refused_warns_and_does_not_begin)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SIP(SRS, "488 Not Acceptable Here", .to = "t");
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK", .branch = "1 INVITE");
	scene_end();
	SAID("");
	CHECK_EQ(nwarned, 1);
	CHECK_STR(sr_cstr(warned), "refused 488 call call@x: the server "
	    "answers 488 Not Acceptable Here");
	CHECK(strstr(last_json, "\"status\":488") != NULL);
	CHECK(strstr(last_json, "\"call_id\":\"call@x\"") != NULL);
}

TEST(call_that_is_challenged_is_one_session)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SIP(SRS, "401 Unauthorized", .to = "q");
	SIP(SRC, "ACK", .to = "q", .cseq = "1 ACK", .branch = "1 INVITE");
	SIP(SRC, "INVITE", .cseq = "2 INVITE", .sdp = OFFER);
	SIP(SRS, "200 OK", .cseq = "2 INVITE", .to = "t", .sdp = ANSWER);
	SIP(SRC, "ACK", .to = "t", .cseq = "2 ACK");
	TALK(.n = 30);
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|"
	    "end call_x bye-client|");
	CHECK_EQ(nwarned, 0);
}

TEST(call_id_used_again_has_another_name)
{
	scene(false);
	establish("1");
	BYE();
	SIP(SRS, "200 OK", .to = "t", .cseq = "99 BYE");
	SIP(SRC, "INVITE", .sdp = OFFER, .from = "g");
	SIP(SRS, "603 Decline", .from = "g", .to = "u");
	SIP(SRC, "INVITE", .sdp = OFFER, .from = "h");
	SIP(SRS, "200 OK", .from = "h", .to = "v", .sdp = ANSWER);
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x bye-client|"
	    "begin call_x-2|offer 1 src|answer 2 srs|"
	    "end call_x-2 capture-end|");
}

TEST(call_seen_on_two_hops_is_one)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SIP(SRC, "INVITE", .sdp = OFFER, .branch = "hop2");
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER, .branch = "hop2");
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK");
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK", .branch = "hop2-ack");
	TALK(.n = 30);
	BYE();
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|"
	    "end call_x bye-client|");
}

TEST(call_with_a_late_offer_is_recorded)
{
	scene(false);
	SIP(SRC, "INVITE", .to = NULL);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK", .branch = "a",
	    .sdp = OFFER);
	TALK(.n = 30);
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 srs|answer 2 src|stream 1|"
	    "end call_x bye-client|");
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(call_that_replaces_another_keeps_its_session)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	SIP(SRC, "INVITE", .id = "new@x", .from = "g", .sdp = OFFER,
	    .extra = "Replaces: call@x;to-tag=t;from-tag=f\r\n");
	SIP(SRS, "200 OK", .id = "new@x", .from = "g", .to = "u",
	    .sdp = ANSWER);
	BYE();
	TALK(.from = 30, .n = 30);
	SIP(SRC, "BYE", .id = "new@x", .from = "g", .to = "u",
	    .cseq = "2 BYE");
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|"
	    "replaced call_x|offer 3 src|answer 4 srs|"
	    "end call_x bye-client|");
	CHECK_EQ(media_of("1", 0), 60);
}

TEST(call_whose_replacement_is_not_answered_ends_all_the_same)
{
	scene(false);
	establish("1");
	SIP(SRC, "INVITE", .id = "new@x", .from = "g", .sdp = OFFER,
	    .extra = "Replaces: call@x;to-tag=t;from-tag=f\r\n");
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x capture-end|");
}

TEST(call_whose_replacement_is_refused_goes_on)
{
	scene(false);
	establish("1");
	SIP(SRC, "INVITE", .id = "new@x", .from = "g", .sdp = OFFER,
	    .extra = "Replaces: call@x;to-tag=t;from-tag=f\r\n");
	SIP(SRS, "481 No", .id = "new@x", .from = "g", .to = "u");
	SIP(SRS, "200 OK", .id = "new@x", .from = "g", .to = "u");
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(strstr(said, "replaced") == NULL);
	CHECK(strstr(said, "end call_x bye-client|") != NULL);
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(call_of_a_plain_phone_is_passed_over)
{
	scene(false);
	SIP(SRC, "INVITE", .plain = true, .sdp = sdp(SRC, RTP_PORT,
	    "sendrecv", "-"));
	SIP(SRS, "200 OK", .plain = true, .to = "t", .sdp = sdp(SRS, RTP_PORT,
	    "sendrecv", "-"));
	TALK(.n = 30);
	scene_end();
	SAID("");
}

/* Without +sip.src each lesser mark is taken, and said. */
TEST(call_with_less_than_the_mark_of_a_client_warns)
{
	static const struct {
		const char *extra, *dir, *cause;
	} v[] = {
		{ "Require: siprec\r\n", "sendrecv", "siprec" },
		{ "Supported: siprec\r\n", "sendrecv", "siprec" },
		{ "", "sendonly", "sendonly" },
	};

	for (size_t i = 0; i < 3; i++) {
		scene(false);
		SIP(SRC, "INVITE", .plain = true, .extra = v[i].extra,
		    .sdp = sdp(SRC, RTP_PORT, v[i].dir, "1"));
		SIP(SRS, "200 OK", .plain = true, .to = "t", .sdp = ANSWER);
		CHECK(strncmp(said, "begin call_x|", 13) == 0);
		CHECK_EQ(nwarned, 1);
		CHECK(strncmp(warned, "R7866-6.1.1-2 ", 14) == 0);
		scene_end();
	}
}

TEST(call_messages_that_cannot_be_read_are_warned_of)
{
	static const char bad[] = "INVITE sip:a SIP/2.0\r\nFrom: <sip:a";

	scene(false);
	feed(SR_DGRAM, sip_flow(SRC, SR_UDP), bad, sizeof(bad) - 1);
	scene_end();
	SAID("");
	CHECK_EQ(nwarned, 1);
}

TEST(call_that_nobody_answers_is_forgotten_in_the_end)
{
	char id[16];

	scene_with(&(struct sr_cfg){ .max_sessions = 10 });
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "%d", i);
		SIP(SRC, "INVITE", .id = id, .sdp = OFFER);
	}
	SIP(SRC, "INVITE", .id = "early", .sdp = OFFER);
	SIP(SRS, "200 OK", .id = "early", .to = "t", .sdp = ANSWER);
	SAID("");			/* there is no room */
	now += 1000 * SR_SEC;
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "%d-again", i);
		SIP(SRC, "INVITE", .id = id, .sdp = OFFER);
	}
	SIP(SRC, "INVITE", .id = "later", .sdp = OFFER);
	SIP(SRS, "200 OK", .id = "later", .to = "t", .sdp = ANSWER);
	scene_end();
	CHECK(strncmp(said, "begin later|", 12) == 0);
}

TEST(call_id_of_a_thousand_calls_at_once_is_no_calls)
{
	char tag[16];

	scene(false);
	for (int i = 0; i < 1000; i++) {
		snprintf(tag, sizeof(tag), "f%d", i);
		SIP(SRC, "INVITE", .from = tag, .sdp = OFFER);
	}
	SIP(SRS, "200 OK", .from = "f0", .to = "t", .sdp = ANSWER);
	SIP(SRS, "200 OK", .from = "f999", .to = "t", .sdp = ANSWER);
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|"
	    "end call_x capture-end|");
}

TEST(call_10000_calls_are_told_apart)
{
	enum { CALLS = 10000 };
	char id[32];

	scene(false);
	for (int i = 0; i < CALLS; i++) {
		snprintf(id, sizeof(id), "%d@x", i);
		SIP(SRC, "INVITE", .id = id, .sdp = OFFER);
		SIP(SRS, "200 OK", .id = id, .to = "t", .sdp = ANSWER);
		SIP(SRC, "BYE", .id = id, .to = "t", .cseq = "2 BYE");
		if (i == 0)
			SAID("begin 0_x|offer 1 src|answer 2 srs|"
			    "end 0_x bye-client|");
		if (i < CALLS - 1)
			forget_said();
	}
	SAID("begin 9999_x|offer 1 src|answer 2 srs|"
	    "end 9999_x bye-client|");
	scene_end();
}
