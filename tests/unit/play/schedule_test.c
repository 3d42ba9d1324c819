/* Claims about lib/play/schedule.c. */
#include "unit/play/play.h"

enum { STREAMS = 50 };

static uint64_t
run_all(void)
{
	struct sr_tape *t = loop_of(SR_SOUND_TONE, 0, 20);
	struct sr_play *p[STREAMS];
	uint64_t seen[STREAMS] = { 0 }, hash = 0;
	struct sr_schedule *s;
	struct sr_scheduled x;
	sr_time last = 0;
	unsigned over = 0;
	int err;

	CHECK_EQ(sr_schedule_new(&s), SR_OK);
	for (unsigned i = 0; i < STREAMS; i++) {
		p[i] = play_of(sr_tape_hold(t), &(struct sr_play_cfg){
		    .ssrc = i, .end = 10 * SR_SEC });
		CHECK_EQ(sr_schedule_add(s, sr_play_emitter(p[i]),
		    i * 7 * SR_MSEC, i), SR_OK);
	}
	while ((err = sr_schedule_next(s, SR_NEVER, &x)) != SR_MORE) {
		if (err == SR_ENOENT) {
			CHECK_EQ(seen[x.cookie], 500);
			over++;
			continue;
		}
		CHECK(x.packet.at >= last);
		CHECK_EQ(x.packet.at, (sr_time)(x.cookie * 7 +
		    20 * seen[x.cookie]) * SR_MSEC);
		last = x.packet.at;
		seen[x.cookie]++;
		hash = hash * 31 + x.cookie;
	}
	CHECK_EQ(over, STREAMS);
	CHECK_EQ(sr_schedule_due(s), SR_NEVER);
	sr_schedule_free(s);
	for (unsigned i = 0; i < STREAMS; i++)
		sr_play_free(p[i]);
	sr_tape_free(t);
	return hash;
}

TEST(schedule_gives_all_packets_of_all_streams_in_the_order_of_time)
{
	CHECK(run_all() == run_all());
}

TEST(schedule_asks_again_when_something_was_ordered)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .end = 0 });
	struct sr_schedule *s;
	struct sr_scheduled x;

	CHECK_EQ(sr_schedule_new(&s), SR_OK);
	sr_play_pause(p, 20 * SR_MSEC);
	CHECK_EQ(sr_schedule_add(s, sr_play_emitter(p), SR_SEC, 3), SR_OK);
	CHECK_EQ(sr_schedule_due(s), SR_SEC);
	CHECK_EQ(sr_schedule_next(s, SR_SEC, &x), SR_MORE);
	CHECK_EQ(sr_schedule_next(s, SR_NEVER, &x), SR_OK);
	CHECK_EQ(sr_schedule_next(s, SR_NEVER, &x), SR_MORE);
	CHECK_EQ(sr_schedule_touch(s, 4), SR_ENOENT);
	sr_play_resume(p, 3 * SR_SEC);
	CHECK_EQ(sr_schedule_touch(s, 3), SR_OK);
	CHECK_EQ(sr_schedule_next(s, 4 * SR_SEC, &x), SR_MORE);
	CHECK_EQ(sr_schedule_next(s, 4 * SR_SEC + 1, &x), SR_OK);
	CHECK_EQ(x.packet.at, 4 * SR_SEC);
	CHECK_EQ(sr_schedule_remove(s, 3), SR_OK);
	CHECK_EQ(sr_schedule_next(s, SR_NEVER, &x), SR_MORE);
	sr_schedule_free(s);
	sr_play_free(p);
}
