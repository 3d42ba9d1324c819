/* Claims about lib/rtp/line.c and source.c.  A packet is 20 ms of PCMU. */
#include "unit/test.h"

#include "siprec/rtp.h"

enum { STEP = 160, MAX_OUT = 20000 };
#define MS SR_MSEC

static const struct sr_format pcmu = { .id = SR_CODEC_PCMU, .clock = 8000,
    .channels = 1 };
static const struct sr_format unknown = { .id = SR_CODEC_UNKNOWN,
    .clock = 8000, .pt = 97, .channels = 1 };

struct got {
	uint16_t seq;
	uint32_t ssrc, lost, ticks;
	int64_t at, hole;
	bool doubted;
	char payload;
};
static struct got out[MAX_OUT];
static size_t nout;
static unsigned turns;
static struct sr_start start;
static struct sr_line *line;

static void
begin(void)
{
	start = (struct sr_start){ .t0 = SR_NEVER };
	nout = turns = 0;
	CHECK_EQ(sr_line_new(&line, &start, true), SR_OK);
}

static void
drain(struct sr_line *l)
{
	const struct sr_line_packet *p;
	uint32_t from, to;

	while ((p = sr_line_next(l)) != NULL && nout < MAX_OUT) {
		out[nout++] = (struct got){ p->rtp.seq, p->rtp.ssrc, p->lost,
		    p->ticks, p->at, p->hole, p->doubted,
		    p->rtp.payload.n > 0 ? p->rtp.payload.p[0] : 0 };
		turns += sr_line_turned(l, &from, &to);
	}
}

static struct sr_line_packet
packet(sr_time at, uint32_t ssrc, uint16_t seq, uint32_t ts)
{
	static char speech[STEP];
	struct sr_line_packet p = { .arrived = at, .format = &pcmu,
	    .ticks = STEP, .rtp = { .ssrc = ssrc, .ts = ts, .seq = seq } };

	speech[0] = (char)seq;
	p.rtp.payload = (struct sr_str){ speech, sizeof(speech) };
	return p;
}

static void
put(sr_time at, uint32_t ssrc, uint16_t seq, uint32_t ts)
{
	struct sr_line_packet p = packet(at, ssrc, seq, ts);

	CHECK_EQ(sr_line_put(line, &p), SR_OK);
	drain(line);
}

/* Packets from..to (not included), each where it belongs. */
static void
stream(int from, int to)
{
	for (int i = from; i < to; i++)
		put(SR_SEC + i * 20 * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
}

static struct sr_numbers
finish(void)
{
	struct sr_numbers n;

	sr_line_finish(line);
	drain(line);
	sr_line_numbers(line, &n);
	sr_line_free(line);
	return n;
}

/* Everything that came out stands one behind the other, without a hole. */
static bool
seamless(void)
{
	for (size_t i = 0; i < nout; i++)
		if (out[i].at != (int64_t)i * STEP || out[i].hole != 0 ||
		    out[i].lost != 0)
			return false;
	return nout > 0;
}

TEST(line_in_order_passes_through)
{
	struct sr_numbers n;

	begin();
	stream(0, 100);
	CHECK_EQ(nout, 100);		/* nothing is held back at the end */
	n = finish();
	CHECK(seamless());
	CHECK_EQ(n.packets, 100);
	CHECK_EQ(n.lost + n.late + n.duplicate, 0);
	CHECK(n.end == 2 * SR_SEC);
	CHECK(n.heard == 2 * SR_SEC);
	CHECK(start.t0 == SR_SEC);
}

TEST(line_waits_half_a_second_for_its_anchor_and_no_longer)
{
	begin();
	stream(0, 25);
	CHECK_EQ(nout, 0);
	stream(25, 26);
	CHECK_EQ(nout, 26);
	finish();
}

TEST(line_puts_reordered_packets_in_order)
{
	begin();
	stream(0, 50);
	put(SR_SEC + 1000 * MS, 1, 52, 52 * STEP);
	put(SR_SEC + 1010 * MS, 1, 51, 51 * STEP);
	CHECK_EQ(nout, 50);
	put(SR_SEC + 1150 * MS, 1, 50, 50 * STEP);
	CHECK_EQ(nout, 53);
	stream(53, 70);
	put(SR_SEC + 1400 * MS, 1, 71, 71 * STEP);
	put(SR_SEC + 1890 * MS, 1, 70, 70 * STEP);
	stream(72, 120);
	finish();
	CHECK(seamless());
	CHECK_EQ(out[50].payload, 50);
	CHECK_EQ(out[52].payload, 52);
}

TEST(line_gives_a_hole_up_after_half_a_second)
{
	struct sr_numbers n;

	begin();
	stream(0, 50);
	stream(51, 76);
	CHECK_EQ(nout, 50);
	stream(76, 78);
	CHECK_EQ(nout, 77);
	CHECK_EQ(out[50].lost, 1);
	CHECK_EQ(out[50].hole, STEP);
	CHECK_EQ(out[50].at, 51 * STEP);
	put(SR_SEC + 1570 * MS, 1, 50, 50 * STEP);	/* now it is late */
	n = finish();
	CHECK_EQ(nout, 77);
	CHECK_EQ(n.late, 1);
	CHECK_EQ(n.lost, 0);
}

TEST(line_drops_copies)
{
	struct sr_numbers n;

	begin();
	for (int i = 0; i < 60; i++) {
		stream(i, i + 1);
		stream(i, i + 1);
	}
	put(SR_SEC + 1200 * MS, 1, 3, 3 * STEP);
	n = finish();
	CHECK(seamless());
	CHECK_EQ(n.packets, 60);
	CHECK_EQ(n.duplicate, 61);
	CHECK_EQ(n.lost, 0);
}

TEST(line_counts_what_is_lost)
{
	struct sr_numbers n;

	begin();
	stream(0, 40);
	stream(45, 80);
	stream(81, 120);
	n = finish();
	CHECK_EQ(n.lost, 6);
	CHECK_EQ(n.packets, 114);
	CHECK_EQ(nout, 114);
	CHECK(n.end == 2400 * MS);
	CHECK(n.heard == 2280 * MS);
}

TEST(line_numbers_wrap)
{
	struct sr_numbers n;
	uint16_t seq = 65500;
	uint32_t ts = UINT32_MAX - 10 * STEP;

	begin();
	for (int i = 0; i < 100; i++)
		put(i * 20 * MS, 1, seq++, ts += STEP);
	n = finish();
	CHECK(seamless());
	CHECK_EQ(n.packets, 100);
	CHECK_EQ(n.lost, 0);
}

TEST(line_wraps_while_it_still_settles_and_out_of_order)
{
	static const int order[] = { 2, 0, 1, 4, 3 };

	begin();
	for (int i = 0; i < 5; i++)
		put(i * 20 * MS, 1, (uint16_t)(65534 + order[i]),
		    (uint32_t)-320 + (uint32_t)order[i] * STEP);
	finish();
	CHECK(seamless());
	CHECK_EQ(out[0].seq, 65534);
}

TEST(line_stands_where_the_least_delayed_packet_says)
{
	static const int jitter[] = { 90, 60, 30, 0, 70, 20 };

	begin();
	for (int i = 0; i < 100; i++)
		put(SR_SEC + (i * 20 + jitter[i % 6]) * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
	finish();
	CHECK(seamless());
	CHECK(start.t0 == SR_SEC);
}

TEST(line_two_lines_share_one_start)
{
	struct sr_line *first;

	begin();
	first = line;
	for (int i = 0; i < 50; i++) {
		struct sr_line_packet p = packet(SR_SEC + i * 20 * MS, 1,
		    (uint16_t)i, (uint32_t)i * STEP);

		sr_line_put(first, &p);
		while (sr_line_next(first) != NULL)
			;
	}
	CHECK_EQ(sr_line_new(&line, &start, true), SR_OK);
	for (int i = 0; i < 50; i++)
		put(SR_SEC + 250 * MS + i * 20 * MS, 2, (uint16_t)i,
		    (uint32_t)i * STEP);
	finish();
	sr_line_free(first);
	CHECK_EQ(out[0].at, 2000);
	CHECK_EQ(out[0].hole, 2000);
	CHECK_EQ(out[49].at, 2000 + 49 * STEP);
}

/* A second source from when on; the first is silent by then. */
static struct sr_numbers
second_source(sr_time gap)
{
	begin();
	stream(0, 50);
	for (int i = 0; i < 50; i++)
		put(2 * SR_SEC + gap + i * 20 * MS, 2, (uint16_t)(7000 + i),
		    900000 + (uint32_t)i * STEP);
	return finish();
}

TEST(line_another_ssrc_goes_on)
{
	struct sr_numbers n = second_source(500 * MS);

	CHECK_EQ(turns, 1);
	CHECK_EQ(n.packets, 100);
	CHECK_EQ(n.lost, 0);
	CHECK_EQ(out[50].ssrc, 2);
	CHECK_EQ(out[50].at, 8000 + 4000);
	CHECK_EQ(out[50].hole, 4000);
	CHECK_EQ(out[50].lost, 0);
}

TEST(line_another_ssrc_that_is_near_follows_without_a_seam)
{
	second_source(9 * MS);
	CHECK(seamless());
	second_source(11 * MS);
	CHECK_EQ(out[50].at, 8000 + 88);
}

TEST(line_another_ssrc_never_overlaps)
{
	second_source(-60 * MS);
	CHECK(seamless());
}

/* The same sound from a second source, from packet `from` on; the first goes on
 * up to `to`. */
static struct sr_numbers
two_ways(int from, int to, uint32_t ssrc, sr_time yields)
{
	begin();
	for (int i = 0; i < 200; i++) {
		if (i == from)
			sr_line_yield(line, yields);
		if (i < to)
			put(SR_SEC + i * 20 * MS, 1, (uint16_t)i,
			    (uint32_t)i * STEP);
		if (i >= from)
			put(SR_SEC + i * 20 * MS + MS, ssrc,
			    (uint16_t)(7000 + i), 900000 + (uint32_t)i * STEP);
	}
	return finish();
}

/* Every place is covered, by the packet that belongs there. */
static bool
is_continuous(void)
{
	int64_t end = 0;

	for (size_t i = 0; i < nout; i++) {
		int64_t off = out[i].at - (int64_t)(out[i].seq % 7000) * STEP;

		if (out[i].hole > 10 || off > 10 || off < -10)
			return false;
		if (out[i].at + STEP > end)
			end = out[i].at + STEP;
	}
	return end >= 200 * STEP;
}

TEST(line_that_yields_goes_over_without_a_shift)
{
	static const int ends[] = { 101, 103, 110, 120, 150, 200 };
	struct sr_numbers n;

	for (size_t i = 0; i < 6; i++) {
		n = two_ways(100, ends[i], 2, SR_NEVER);
		CHECK(is_continuous());
		CHECK_EQ(turns, 1);
		CHECK_EQ(n.lost, 0);
		CHECK(n.end <= 4 * SR_SEC + 2 * MS);
		CHECK(n.heard <= 4 * SR_SEC + 2 * MS);
		two_ways(100, ends[i], 2, 0);	/* that is why */
		CHECK((i != 1 && i != 2) || !is_continuous());
		/* the same source with other numbers */
		two_ways(100, ends[i], 1, SR_NEVER);
		CHECK(is_continuous());
	}
}

TEST(line_that_does_not_yield_any_more_wants_two_lines)
{
	uint32_t ssrc;

	begin();
	sr_line_yield(line, 2 * SR_SEC);
	for (int i = 0; i < 100; i++) {
		put(3 * SR_SEC + i * 20 * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
		put(3 * SR_SEC + i * 20 * MS, 2, (uint16_t)i,
		    (uint32_t)i * STEP);
	}
	CHECK(sr_line_wants_fork(line, &ssrc));
	finish();
}

TEST(line_yields_once)
{
	uint32_t ssrc;

	two_ways(50, 60, 2, SR_NEVER);
	begin();
	sr_line_yield(line, SR_NEVER);
	for (int i = 0; i < 300; i++) {
		if (i < 20)
			put(SR_SEC + i * 20 * MS, 1, (uint16_t)i,
			    (uint32_t)i * STEP);
		if (i >= 15)
			put(SR_SEC + i * 20 * MS, 2, (uint16_t)i,
			    (uint32_t)i * STEP);
		if (i >= 150)
			put(SR_SEC + i * 20 * MS, 3, (uint16_t)i,
			    (uint32_t)i * STEP);
	}
	CHECK(sr_line_wants_fork(line, &ssrc));
	CHECK_EQ(ssrc, 3);
	finish();
}

TEST(line_restart_of_the_same_ssrc_goes_on)
{
	struct sr_numbers n;

	begin();
	stream(0, 50);
	for (int i = 0; i < 50; i++)
		put(2500 * MS + i * 20 * MS, 1, (uint16_t)(40000 + i),
		    3000000000u + (uint32_t)i * STEP);
	n = finish();
	CHECK_EQ(turns, 1);
	CHECK_EQ(n.lost, 0);
	CHECK_EQ(nout, 100);
	CHECK_EQ(out[50].at, 12000);
}

TEST(line_timestamp_that_stood_still_is_placed_by_the_wall_clock)
{
	struct sr_numbers n;

	begin();
	stream(0, 50);
	for (int i = 50; i < 100; i++)	/* 3 s later, but ts goes on */
		put(SR_SEC + 3 * SR_SEC + i * 20 * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
	n = finish();
	CHECK_EQ(nout, 100);
	CHECK_EQ(n.lost, 0);
	CHECK_EQ(out[50].at, 50 * STEP + 24000);
	CHECK_EQ(out[99].at, 99 * STEP + 24000);
}

TEST(line_stall_of_the_network_moves_nothing)
{
	begin();
	stream(0, 50);
	for (int i = 50; i < 100; i++)	/* all at once, a second late */
		put(SR_SEC + 2 * SR_SEC + i * MS / 10, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
	stream(101, 150);
	finish();
	CHECK_EQ(nout, 149);
	for (size_t i = 0; i < nout; i++)
		CHECK_EQ(out[i].at, out[i].seq * STEP);
}

TEST(line_drift_of_the_clocks_moves_nothing)
{
	/* 200 ppm: a second in 83 minutes. */
	begin();
	for (int i = 0; i < 19000; i++)
		put(SR_SEC + i * (20 * MS + 4000), 1, (uint16_t)i,
		    (uint32_t)i * STEP);
	finish();
	CHECK(seamless());
}

TEST(line_silence_that_is_not_sent_is_no_loss)
{
	struct sr_numbers n;

	begin();
	stream(0, 50);
	for (int i = 0; i < 50; i++)
		put(2 * SR_SEC + 4 * SR_SEC + i * 20 * MS, 1,
		    (uint16_t)(50 + i), 8000 + 32000 + (uint32_t)i * STEP);
	n = finish();
	CHECK_EQ(n.lost, 0);
	CHECK_EQ(out[50].lost, 0);
	CHECK_EQ(out[50].hole, 32000);
	CHECK_EQ(turns, 0);
}

TEST(line_packet_after_a_silence_is_not_as_long_as_the_silence)
{
	struct sr_numbers n;

	begin();
	for (int i = 0; i < 100; i++) {
		struct sr_line_packet p = packet(SR_SEC + i * 20 * MS +
		    (i >= 50) * 4 * SR_SEC, 1, (uint16_t)i,
		    (uint32_t)i * STEP + (i >= 50) * 32000);

		p.format = &unknown;
		p.ticks = 0;
		sr_line_put(line, &p);
		drain(line);
	}
	n = finish();
	CHECK_EQ(out[50].ticks, STEP);
	CHECK_EQ(out[50].hole, 32000);
	CHECK(n.heard <= 2 * SR_SEC);
}

TEST(line_two_sources_at_once_want_two_lines)
{
	struct sr_line *other = NULL;
	uint32_t ssrc = 0;

	begin();
	for (int i = 0; i < 100; i++) {
		put(SR_SEC + i * 20 * MS, 1, (uint16_t)i, (uint32_t)i * STEP);
		if (other == NULL) {
			put(SR_SEC + (i * 20 + 10) * MS, 2, (uint16_t)i,
			    (uint32_t)i * STEP);
			if (sr_line_wants_fork(line, &ssrc)) {
				CHECK_EQ(sr_line_new(&other, &start, true),
				    SR_OK);
				sr_line_fork(line, other);
			}
		}
	}
	CHECK_EQ(ssrc, 2);
	CHECK(!sr_line_wants_fork(line, &ssrc));
	finish();
	CHECK(seamless());
	CHECK_EQ(nout, 100);
	CHECK(other != NULL);
	if (other == NULL)
		return;
	nout = 0;
	line = other;
	finish();
	CHECK(nout >= 25);
	CHECK_EQ(out[0].at, 80);
	CHECK_EQ(out[0].ssrc, 2);
}

TEST(line_stray_packets_of_others_do_not_disturb)
{
	struct sr_numbers n;

	begin();
	for (int i = 0; i < 200; i++) {
		stream(i, i + 1);
		if (i % 60 == 30)
			put(SR_SEC + i * 20 * MS, 99, 5, 5);
	}
	n = finish();
	CHECK_EQ(turns, 0);
	for (size_t i = 0; i < nout; i++)
		CHECK_EQ(out[i].at, (int64_t)i * STEP);
	CHECK_EQ(n.packets, 200);
}

TEST(line_reordered_at_its_very_beginning_is_put_in_order)
{
	static const int order[] = { 3, 1, 0, 2, 5, 4 };

	begin();
	for (int i = 0; i < 6; i++)
		put(SR_SEC + i * MS, 1, (uint16_t)order[i],
		    (uint32_t)order[i] * STEP);
	for (int i = 6; i < 60; i++)
		put(SR_SEC + (i - 3) * 20 * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
	finish();
	CHECK_EQ(nout, 60);
	CHECK(seamless());
}

TEST(line_queue_is_bounded)
{
	struct sr_numbers n;
	uint32_t ssrc;

	/* All in one instant: neither the settling nor a hole may wait. */
	begin();
	for (int i = 0; i < 5000; i++)
		put(SR_SEC, 1, (uint16_t)(2 * i), (uint32_t)(2 * i) * STEP);
	CHECK(nout >= 5000 - 1030);
	finish();
	/* A second source that nobody takes. */
	begin();
	for (int i = 0; i < 3000; i++) {
		put(SR_SEC + i * 20 * MS, 1, (uint16_t)i, (uint32_t)i * STEP);
		put(SR_SEC + i * 20 * MS, 2, (uint16_t)i, (uint32_t)i * STEP);
	}
	sr_line_wants_fork(line, &ssrc);
	n = finish();
	CHECK(n.late >= 1000);
	CHECK_EQ(turns, 0);
}

TEST(line_timestamp_of_another_day_is_not_believed)
{
	/* While it settles: neither ahead nor back moves the start. */
	for (int dir = 0; dir < 2; dir++) {
		begin();
		put(SR_SEC, 1, 0, 2000000000u);
		for (int i = 1; i < 60; i++)
			put(SR_SEC + i * 20 * MS, 1, (uint16_t)i,
			    (dir ? 4000000000u : 5) + (uint32_t)i * STEP);
		finish();
		CHECK(start.t0 == SR_SEC);
		CHECK_EQ(nout, 60);
		CHECK(seamless());
	}
	/* And one that goes astray later. */
	begin();
	stream(0, 50);
	put(2 * SR_SEC, 1, 50, 50 * STEP + 2000000000u);
	stream(51, 120);
	finish();
	CHECK_EQ(nout, 119);
	CHECK_EQ(out[50].at, 51 * STEP);
	CHECK_EQ(out[118].at, 119 * STEP);
}

TEST(line_clock_that_jumps_by_years_leaves_no_silence)
{
	struct sr_numbers n;

	begin();
	stream(0, 50);
	for (int i = 50; i < 100; i++)
		put((sr_time)4000000000 * SR_SEC + i * 20 * MS, 1,
		    (uint16_t)i, (uint32_t)i * STEP);
	n = finish();
	CHECK_EQ(nout, 100);
	CHECK_EQ(n.packets, 100);
	CHECK(n.end < 3 * SR_SEC);
	/* And back. */
	begin();
	for (int i = 0; i < 100; i++)
		put(i < 50 ? (sr_time)4000000000 * SR_SEC + i * 20 * MS :
		    i * 20 * MS, 1, (uint16_t)i, (uint32_t)i * STEP);
	n = finish();
	CHECK_EQ(nout, 100);
	CHECK(n.end < 3 * SR_SEC);
}

TEST(line_says_which_packet_it_doubted)
{
	size_t doubted = 0;

	begin();
	stream(0, 50);
	for (int i = 0; i < 50; i++)
		put((sr_time)4000000000 * SR_SEC + i * 20 * MS, 2,
		    (uint16_t)i, (uint32_t)i * STEP);
	finish();
	for (size_t i = 0; i < nout; i++)
		doubted += out[i].doubted;
	CHECK_EQ(doubted, 1);
	CHECK(out[50].doubted);
	CHECK_EQ(out[50].at, 8000);
}

TEST(line_silence_of_hours_is_believed)
{
	begin();
	stream(0, 50);
	for (int i = 0; i < 50; i++)
		put(2 * SR_SEC + 20 * 3600 * SR_SEC + i * 20 * MS, 1,
		    (uint16_t)(50 + i), 8000 + 20u * 3600 * 8000 +
		    (uint32_t)i * STEP);
	finish();
	CHECK_EQ(out[50].at, 8000 + 20 * 3600 * 8000);
	CHECK(!out[50].doubted);
}

TEST(line_random_timestamps_do_not_stretch_it_over_days)
{
	struct sr_numbers n;
	uint32_t x = 1;

	begin();
	for (int i = 0; i < 5000; i++) {
		x = x * 1664525 + 1013904223;
		put(SR_SEC + i * 20 * MS, 1, (uint16_t)i, x);
	}
	n = finish();
	CHECK(n.end < 2 * 3600 * SR_SEC);
}

TEST(line_keeps_what_would_pass_through)
{
	struct sr_line_packet p;

	begin();
	stream(0, 50);
	for (int i = 50; i < 53; i++) {
		p = packet(SR_SEC + i * 20 * MS, 1, (uint16_t)i,
		    (uint32_t)i * STEP);
		CHECK_EQ(sr_line_put(line, &p), SR_OK);
		CHECK_EQ(sr_line_keep(line), SR_OK);
	}
	finish();
	CHECK_EQ(nout, 53);
	CHECK(seamless());
	CHECK_EQ(out[50].payload, 50);
}

TEST(line_of_one_packet_is_finished_whole)
{
	struct sr_numbers n;

	begin();
	put(SR_SEC, 1, 5, 777);
	n = finish();
	CHECK_EQ(nout, 1);
	CHECK_EQ(out[0].at, 0);
	CHECK(n.end == 20 * MS);
}
