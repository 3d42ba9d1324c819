/* Claims about lib/core/orphan.c: media that comes before its signalling. */
#include "unit/core/scene.h"

TEST(orphan_media_before_the_answer_is_kept)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	TALK(.n = 30);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	TALK(.from = 30, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 60);
	SAID("begin call_x|offer 1 src|answer 2 srs|stream 1|"
	    "end call_x bye-client|");
}

TEST(orphan_media_before_any_word_is_kept)
{
	scene(false);
	TALK(.n = 30);
	establish("1");
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(orphan_media_after_the_end_is_nobodys)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	BYE();
	TALK(.from = 30, .n = 30);
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(orphan_media_of_the_call_before_is_not_of_the_next)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	BYE();
	TALK(.from = 30, .n = 30);
	SIP(SRC, "INVITE", .id = "new@x", .from = "g", .sdp = OFFER);
	SIP(SRS, "200 OK", .id = "new@x", .from = "g", .to = "u",
	    .sdp = ANSWER);
	TALK(.from = 900, .ssrc = 77, .n = 30);
	scene_end();
	CHECK_EQ(nheard, 1);		/* both are stream 1 of their call */
	CHECK_EQ(media_of("1", 0), 60);
}

TEST(orphan_media_in_a_call_without_an_answer_begins_it)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	TALK(.n = 200);
	scene_end();
	SAID("begin call_x|offer 1 src|stream 1|end call_x capture-end|");
	CHECK_EQ(media_of("1", 0), 200);
}

/* The second offer of a challenged client finds media that has waited for
 * more than two seconds: the call begins while the offer is being taken. */
TEST(orphan_media_may_begin_the_call_that_is_being_offered)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SIP(SRS, "100 Trying", .id = NULL);
	for (int i = 0; i < 3; i++)
		TALK(.port = 41000, .from = i * 50, .n = 50);
	SIP(SRC, "INVITE", .cseq = "2 INVITE", .sdp = sdp(SRC, 41000,
	    "sendonly", "1"));
	TALK(.port = 41000, .from = 150, .n = 50);
	SIP(SRC, "INVITE", .cseq = "3 INVITE", .sdp = sdp(SRC, 41000,
	    "sendonly", "12"));
	SIP(SRS, "200 OK", .cseq = "3 INVITE", .to = "t", .sdp = sdp(SRS,
	    41000, "recvonly", "12"));
	TALK(.port = 41000, .from = 200, .n = 50);
	BYE();
	scene_end();
	CHECK(strncmp(said, "begin call_x|", 13) == 0);
	CHECK(strstr(said, "|end call_x bye-client|") != NULL);
	CHECK_EQ(media_of("1", 0), 250);
}

/* A ring too small for all of it keeps the newest, and its own counsel. */
TEST(orphan_ring_wraps_with_many_flows)
{
	static const size_t sizes[] = { 1024, 4096, 4096 + 16, 65536 };

	for (size_t k = 0; k < 4; k++) {
		scene_with(&(struct sr_cfg){ .max_orphans = sizes[k] });
		for (int round = 0; round < 20; round++)
			for (int port = 30000; port < 30050; port += 2)
				TALK(.port = port, .from = round, .n = 1,
				    .cut = (size_t)(port * round % 150));
		for (int i = 0; i < 10; i++)
			TALK(.from = i, .n = 1, .cut = (size_t)i * 15);
		establish("1");
		BYE();
		scene_end();
		CHECK(media_of("1", 0) >= (sizes[k] > 1024 ? 10 : 1));
		CHECK_EQ(nheard, 1);
	}
}

TEST(orphan_ring_that_is_too_small_for_one_packet_keeps_none)
{
	scene_with(&(struct sr_cfg){ .max_orphans = 256 });
	TALK(.n = 30);
	establish("1");
	TALK(.from = 30, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}
