/* Claims about lib/play/harm.c. */
#include "unit/play/play.h"

enum { PACKETS = 20000 };

struct seen {
	struct sr_harm_numbers n;
	uint64_t hash;
	unsigned distinct, twice, behind, most_behind;
	unsigned runs;			/* of lost packets */
	sr_time first, last, most_late;
};

/* Plays 20000 packets through a harm and looks as a recorder would. */
static struct seen
harmed(const struct sr_harm_cfg *cfg)
{
	static uint8_t got[PACKETS];
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .end = PACKETS * 20 * SR_MSEC });
	struct seen s = { .first = SR_NEVER, .last = INT64_MIN };
	struct sr_harm *h;
	struct sr_packet k;
	struct sr_rtp r;
	unsigned highest = 0;

	memset(got, 0, sizeof(got));
	CHECK_EQ(sr_harm_new(&h, cfg, sr_play_emitter(p)), SR_OK);
	while (next_of(sr_harm_emitter(h), &k, &r) == SR_OK) {
		unsigned i = r.ts / 160;

		CHECK(i < PACKETS && k.at >= s.last);
		CHECK_EQ(r.payload.n, 160);
		if (s.first == SR_NEVER)
			s.first = k.at;
		s.last = k.at;
		if (k.at - i * 20 * SR_MSEC > s.most_late)
			s.most_late = k.at - i * 20 * SR_MSEC;
		s.hash = s.hash * 31 + i + (uint64_t)k.at;
		s.twice += got[i];
		s.distinct += !got[i];
		s.behind += i < highest && !got[i];
		if (i < highest && highest - i > s.most_behind)
			s.most_behind = highest - i;
		got[i] = 1;
		highest = i > highest ? i : highest;
	}
	for (unsigned i = 1; i < PACKETS; i++)
		s.runs += !got[i] && got[i - 1];
	sr_harm_numbers(h, &s.n);
	CHECK_EQ(s.n.seen, PACKETS);
	CHECK_EQ(s.n.waiting, 0);
	CHECK_EQ(s.n.sent, s.n.seen - s.n.lost + s.n.duplicated);
	CHECK_EQ(s.distinct, s.n.seen - s.n.lost);
	CHECK_EQ(s.twice, s.n.duplicated);
	sr_harm_free(h);
	sr_play_free(p);
	return s;
}

TEST(harm_of_nothing_changes_nothing)
{
	struct seen s = harmed(&(struct sr_harm_cfg){ .seed = 1 });

	CHECK_EQ(s.distinct, PACKETS);
	CHECK_EQ(s.most_late, 0);
	CHECK_EQ(s.behind, 0);
}

TEST(harm_loses_the_share_that_was_ordered_alone_or_in_bursts)
{
	struct seen one = harmed(&(struct sr_harm_cfg){ .seed = 1,
	    .loss = 0.1 });
	struct seen five = harmed(&(struct sr_harm_cfg){ .seed = 1,
	    .loss = 0.1, .burst = 5 });
	struct seen all = harmed(&(struct sr_harm_cfg){ .loss = 1 });

	CHECK(one.n.lost > PACKETS * 0.09 && one.n.lost < PACKETS * 0.11);
	CHECK(five.n.lost > PACKETS * 0.08 && five.n.lost < PACKETS * 0.12);
	CHECK(one.n.lost / one.runs < 2);
	CHECK(five.n.lost > 4 * five.runs);
	CHECK(five.n.bursts - five.runs <= 1);
	CHECK_EQ(all.n.lost, PACKETS);
}

TEST(harm_duplicates_and_reorders_as_often_and_as_far_as_ordered)
{
	struct seen s = harmed(&(struct sr_harm_cfg){ .seed = 2,
	    .duplicate = 0.05, .reorder = 0.02, .reorder_by = 3 });

	CHECK(s.twice > PACKETS * 0.04 && s.twice < PACKETS * 0.06);
	CHECK(s.n.reordered > PACKETS * 0.015);
	CHECK(s.n.reordered - s.behind <= 1);	/* the last has none behind */
	CHECK_EQ(s.most_behind, 3);
}

TEST(harm_jitter_delays_but_never_turns_time_back)
{
	struct seen u = harmed(&(struct sr_harm_cfg){ .seed = 3,
	    .jitter = 15 * SR_MSEC });
	struct seen g = harmed(&(struct sr_harm_cfg){ .seed = 3,
	    .jitter = 15 * SR_MSEC, .gauss = true });

	CHECK(u.most_late > 14 * SR_MSEC && u.most_late <= 15 * SR_MSEC);
	CHECK(g.most_late > 40 * SR_MSEC && g.most_late < 100 * SR_MSEC);
	CHECK_EQ(u.behind + g.behind, 0);
	CHECK(u.n.delayed > PACKETS * 9 / 10);
}

TEST(harm_a_slow_clock_takes_longer)
{
	struct seen s = harmed(&(struct sr_harm_cfg){ .drift = 100 });
	sr_time want = (PACKETS - 1) * 20 * SR_MSEC;

	want += want / 10000;
	CHECK(llabs(s.last - want) < 10);
}

TEST(harm_of_a_seed_is_always_the_same)
{
	struct sr_harm_cfg cfg = { .seed = 9, .loss = 0.03, .burst = 2,
		.duplicate = 0.02, .reorder = 0.01, .reorder_by = 2,
		.jitter = 30 * SR_MSEC, .drift = -50 };
	struct seen a = harmed(&cfg), b = harmed(&cfg), c;

	cfg.seed = 10;
	c = harmed(&cfg);
	CHECK(a.hash == b.hash);
	CHECK(a.hash != c.hash);
}
