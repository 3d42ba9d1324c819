/* Claims about lib/core/offer.c: what offers and answers make of streams. */
#include "unit/core/scene.h"

/* An exchange within the dialog. */
static void
again(int cseq, const char *offer, const char *answer)
{
	char number[32];

	snprintf(number, sizeof(number), "%d INVITE", cseq);
	SIP(SRC, "INVITE", .to = "t", .cseq = number, .sdp = offer);
	SIP(SRS, "200 OK", .to = "t", .cseq = number, .sdp = answer);
}

TEST(offer_of_inactive_pauses_and_sendonly_resumes)
{
	scene(false);
	establish("12");
	TALK(.n = 30);
	forget_said();
	again(2, sdp(SRC, RTP_PORT, "inactive", "12"),
	    sdp(SRS, RTP_PORT, "inactive", "12"));
	SAID("offer 3 src|answer 4 srs|pause 1|pause 2|");
	now += SR_SEC;
	again(3, sdp(SRC, RTP_PORT, "sendonly", "12"),
	    sdp(SRS, RTP_PORT, "recvonly", "12"));
	TALK(.from = 30, .n = 30);
	BYE();
	scene_end();
	SAID("offer 3 src|answer 4 srs|pause 1|pause 2|"
	    "offer 5 src|answer 6 srs|resume 1|resume 2|"
	    "end call_x bye-client|");
	CHECK_EQ(media_of("1", 0), 60);
	CHECK_EQ(nwarned, 0);
}

TEST(offer_media_while_paused_is_recorded_and_warned_of_once)
{
	scene(false);
	establish("1");
	again(2, sdp(SRC, RTP_PORT, "inactive", "1"),
	    sdp(SRS, RTP_PORT, "inactive", "1"));
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "R7866-7.1.1.1-3 ", 16) == 0);
}

TEST(offer_of_port_0_ends_a_stream_and_its_slot_is_used_again)
{
	char mixed[4096];

	scene(false);
	establish("1");
	TALK(.n = 30);
	snprintf(mixed, sizeof(mixed), "%s", sdp(SRC, 0, "sendonly", "1"));
	again(2, mixed, sdp(SRS, 0, "recvonly", "1"));
	again(3, sdp(SRC, 41000, "sendonly", "7"),
	    sdp(SRS, 41000, "recvonly", "7"));
	TALK(.port = 41000, .ssrc = 9, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
	CHECK_EQ(media_of("7", 1), 30);
	CHECK(strstr(said, "stream 7|") != NULL);
}

TEST(offer_that_only_renumbers_labels_keeps_the_stream)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	again(2, sdp(SRC, RTP_PORT, "sendonly", "5"),
	    sdp(SRS, RTP_PORT, "recvonly", "5"));
	TALK(.from = 30, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 60);
	CHECK(strstr(said, "stream 5") == NULL);
}

TEST(offer_without_labels_names_streams_by_their_line)
{
	scene(false);
	establish("--");
	TALK(.n = 30);
	TALK(.port = 40002, .ssrc = 8, .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("m1", 0), 30);
	CHECK_EQ(media_of("m2", 1), 30);
}

TEST(offer_that_moves_to_another_port_keeps_the_stream)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	again(2, sdp(SRC, 42000, "sendonly", "1"),
	    sdp(SRS, 43000, "recvonly", "1"));
	TALK(.port = 42000, .to_port = 43000, .from = 30, .n = 30);
	TALK(.from = 60, .n = 5);	/* and senders are slow to follow */
	BYE();
	scene_end();
	CHECK(media_of("1", 0) >= 60);
	CHECK_EQ(nheard, 1);
}

TEST(offer_that_is_refused_changes_nothing)
{
	scene(false);
	establish("1");
	SIP(SRC, "INVITE", .to = "t", .cseq = "2 INVITE",
	    .sdp = sdp(SRC, RTP_PORT, "inactive", "1"));
	SIP(SRS, "491 Request Pending", .to = "t", .cseq = "2 INVITE");
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(strstr(said, "pause") == NULL);
	CHECK(strstr(said, "end call_x bye-client|") != NULL);
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(offer_that_cannot_be_read_is_warned_of)
{
	scene(false);
	establish("1");
	again(2, "v=nonsense", "v=nonsense");
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(nwarned >= 1);
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(offer_of_five_thousand_formats_is_read)
{
	static char big[60000];
	size_t n;

	n = (size_t)snprintf(big, sizeof(big), "v=0\r\no=- 1 1 IN IP4 "
	    "192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
	    "m=audio 40000 RTP/AVP");
	for (int i = 0; i < 5000; i++)
		n += (size_t)snprintf(big + n, sizeof(big) - n, " %d",
		    i % 128);
	snprintf(big + n, sizeof(big) - n, "\r\na=sendonly\r\na=label:1\r\n");
	scene(false);
	SIP(SRC, "INVITE", .sdp = big);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(offer_ten_thousand_times_in_one_call)
{
	scene(false);
	establish("1");
	for (int i = 2; i < 10000; i++) {
		again(i, sdp(SRC, RTP_PORT, i % 2 ? "sendonly" : "inactive",
		    "1"), sdp(SRS, RTP_PORT, i % 2 ? "recvonly" : "inactive",
		    "1"));
		forget_said();
	}
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(strstr(said, "end call_x bye-client|") != NULL);
	CHECK_EQ(media_of("1", 0), 30);
}
