/* Claims about lib/rtp/receiver.c: what is reported of a stream. */
#include "unit/test.h"

#include "siprec/rtp.h"

#define NOW (1700000000 * SR_SEC)

static struct sr_receiver r;
static uint8_t out[SR_RECEIVER_MAX];

static struct sr_report
report(sr_time now, const struct sr_reception *heard)
{
	size_t n = sr_receiver_next(&r, now, 0, heard, SR_STR("abcdefghijkl"
	    "mnop"), false, out);
	struct sr_str rest = guarded(out, n);
	struct sr_rtcp p;
	struct sr_report b = { 0 };

	CHECK_EQ(sr_rtcp_next(&rest, &p), SR_OK);
	CHECK_EQ(p.type, 201);
	CHECK_EQ(p.ssrc, r.ssrc);
	if (heard != NULL)
		CHECK(sr_report_next(&p.blocks, &b));
	CHECK_EQ(p.blocks.n, 0);
	CHECK_EQ(sr_rtcp_next(&rest, &p), SR_OK);
	CHECK_EQ(p.type, 202);
	CHECK_STR(p.cname, "abcdefghijklmnop");
	CHECK_EQ(sr_rtcp_next(&rest, &p), SR_ENOENT);
	return b;
}

TEST(receiver_reports_every_tenth_packet_lost)
{
	struct sr_reception h = { .ssrc = 7, .highest = 65636,
	    .expected = 100, .received = 90, .jitter = 11, .lsr = 0x01020304,
	    .lsr_at = NOW };
	struct sr_report b;

	sr_receiver_init(&r, 1, NOW, 0);
	b = report(NOW + SR_SEC / 2, &h);
	CHECK_EQ(b.ssrc, 7);
	CHECK_EQ(b.fraction, 25);
	CHECK_EQ(b.lost, 10);
	CHECK_EQ(b.highest, 65636);
	CHECK_EQ(b.jitter, 11);
	CHECK_EQ(b.lsr, 0x01020304);
	CHECK_EQ(b.dlsr, 32768);
	h.expected = 200;
	h.received = 190;		/* none since */
	b = report(NOW + 5 * SR_SEC, &h);
	CHECK_EQ(b.fraction, 0);
	CHECK_EQ(b.lost, 10);
}

TEST(receiver_counts_copies_as_negative_loss)
{
	struct sr_reception h = { .expected = 10, .received = 12 };

	sr_receiver_init(&r, 1, NOW, 0);
	CHECK_EQ(report(NOW, &h).lost, -2);
}

TEST(receiver_that_heard_nothing_still_says_that_it_is_there)
{
	sr_receiver_init(&r, 1, NOW, 0);
	report(NOW, NULL);
}

TEST(receiver_comes_after_half_the_interval_and_then_around_it)
{
	for (uint64_t seed = 0; seed < 100; seed++) {
		sr_receiver_init(&r, seed, NOW, 0);
		CHECK(r.due - NOW >= SR_SEC && r.due - NOW < 3100 * SR_MSEC);
		sr_receiver_next(&r, NOW, 0, NULL, SR_STR("c"), false, out);
		CHECK(r.due - NOW >= 2 * SR_SEC);
		CHECK(r.due - NOW < 6200 * SR_MSEC);
	}
}

TEST(receiver_says_goodbye)
{
	size_t n;

	sr_receiver_init(&r, 1, NOW, 0);
	n = sr_receiver_next(&r, NOW, 0, NULL, SR_STR("c"), true, out);
	CHECK_EQ(out[n - 7], 203);
	CHECK_EQ(out[n - 8], 0x81);
}
