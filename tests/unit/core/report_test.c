/* report: why a call was ended, and what a receiver report says. */
#include "unit/core/scene.h"

TEST(report_end_tells_the_reason_that_the_bye_gives)
{
	scene(false);
	establish("1");
	SIP(SRS, "BYE", .from = "t", .to = "f", .cseq = "1 BYE",
	    .extra = "Reason: Q.850;cause=16\r\n"
	    "Reason: SIP;cause=200;text=\"stopped\"\r\n");
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x stopped|");
}

TEST(report_end_does_not_repeat_the_words_of_strangers)
{
	scene(false);
	establish("1");
	SIP(SRC, "BYE", .to = "t", .cseq = "9 BYE",
	    .extra = "Reason: SIP;cause=200;text=\"capture-end\"\r\n");
	scene_end();
	SAID("begin call_x|offer 1 src|answer 2 srs|end call_x bye-client|");
}

/* The stream that TALK feeds, as the engine knows it. */
static struct sr_stream *
stream_of(uint16_t port)
{
	struct sr_flow f = { addr_of(SRC, port), addr_of(SRS, port), SR_UDP };

	return sr_engine_stream(engine, &f);
}

TEST(report_reception_counts_what_was_lost)
{
	struct sr_reception r;

	scene(false);
	establish("1");
	CHECK(stream_of(RTP_PORT) != NULL);
	CHECK(stream_of(RTP_PORT + 40) == NULL);
	CHECK(!sr_stream_reception(stream_of(RTP_PORT), &r));
	TALK(.from = 100, .n = 3);
	TALK(.from = 105, .n = 5);
	CHECK(sr_stream_reception(stream_of(RTP_PORT), &r));
	CHECK_EQ(r.ssrc, 7);
	CHECK_EQ(r.highest, 109);
	CHECK_EQ(r.expected, 10);
	CHECK_EQ(r.received, 8);
	CHECK_EQ(r.lsr, 0);
	scene_end();
}

TEST(report_reception_remembers_the_latest_sender_report)
{
	static const uint8_t sr[28] = { 0x80, 200, 0, 6, 0, 0, 0, 7,
	    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };
	struct sr_flow f = { addr_of(SRC, RTP_PORT + 1),
	    addr_of(SRS, RTP_PORT + 1), SR_UDP };
	struct sr_reception r;

	scene_with(&(struct sr_cfg){ .reports = true });
	establish("1");
	TALK(.n = 3);
	now += MS;
	feed(SR_DGRAM, f, sr, sizeof(sr));
	CHECK(sr_stream_reception(stream_of(RTP_PORT), &r));
	CHECK_EQ(r.lsr, 0x33445566);
	CHECK(r.lsr_at == now);
	scene_end();
}
