/* Claims about lib/rtp/anchor.c: it is told where timestamps stand. */
#include "unit/test.h"

#include "siprec/rtp.h"

enum { STEP = 160 };
#define MS SR_MSEC

static const struct sr_format pcmu = { .id = SR_CODEC_PCMU, .clock = 8000,
    .channels = 1 };
static struct sr_start start;
static struct sr_line *line;
static const struct sr_anchor *v;

static void
begin(void)
{
	start = (struct sr_start){ .t0 = SR_NEVER };
	CHECK_EQ(sr_line_new(&line, &start, true), SR_OK);
}

/* n packets of 20 ms, the first of them at that time. */
static void
speak(sr_time at, uint32_t ssrc, uint16_t seq, uint32_t ts, int n)
{
	static char speech[STEP];

	for (int i = 0; i < n; i++) {
		struct sr_line_packet p = { .arrived = at + i * 20 * MS,
		    .format = &pcmu, .ticks = STEP, .rtp = { .ssrc = ssrc,
		    .seq = (uint16_t)(seq + i), .ts = ts + (uint32_t)i * STEP,
		    .payload = { speech, STEP } } };

		CHECK_EQ(sr_line_put(line, &p), SR_OK);
		while (sr_line_next(line) != NULL)
			;
	}
}

static size_t
finish(void)
{
	sr_line_finish(line);
	while (sr_line_next(line) != NULL)
		;
	return sr_line_anchors(line, &v);
}

TEST(anchor_is_one_for_a_source_that_goes_on_also_past_a_wrap)
{
	begin();
	speak(SR_SEC, 7, 1, UINT32_MAX - 1000, 200);
	CHECK_EQ(finish(), 1);
	CHECK_EQ(v[0].ssrc, 7);
	CHECK_EQ(v[0].clock, 8000);
	CHECK_EQ(v[0].ts, UINT32_MAX - 1000);
	CHECK_EQ(v[0].at, 0);
	sr_line_free(line);
}

TEST(anchor_is_another_for_another_source_and_for_the_same_placed_anew)
{
	begin();
	speak(SR_SEC, 7, 1, 5000, 100);
	speak(SR_SEC + 3 * SR_SEC, 8, 1, 90000, 100);
	/* its clock stood still for two seconds */
	speak(SR_SEC + 7 * SR_SEC, 8, 101, 90000 + 100 * STEP, 100);
	CHECK_EQ(finish(), 3);
	CHECK_EQ(v[1].ssrc, 8);
	CHECK_EQ(v[1].ts, 90000);
	CHECK_EQ(v[1].at, 3 * 8000);
	CHECK_EQ(v[2].ssrc, 8);
	CHECK_EQ(v[2].ts, 90000 + 100 * STEP);
	CHECK_EQ(v[2].at, 7 * 8000);
	sr_line_free(line);
}

TEST(anchors_are_the_first_ones_and_the_latest)
{
	begin();
	for (uint32_t i = 0; i < 20; i++)
		speak(SR_SEC + i * 3 * SR_SEC, 100 + i, 1, 5000, 50);
	CHECK_EQ(finish(), SR_ANCHORS);
	for (uint32_t i = 0; i < SR_ANCHORS / 2; i++) {
		CHECK_EQ(v[i].ssrc, 100 + i);
		CHECK_EQ(v[SR_ANCHORS - 1 - i].ssrc, 119 - i);
	}
	sr_line_free(line);
}
