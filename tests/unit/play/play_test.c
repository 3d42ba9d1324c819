/* Claims about lib/play/play.c. */
#include "unit/play/play.h"

TEST(play_counts_on_and_wraps_and_marks_the_first)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 8, 20),
	    &(struct sr_play_cfg){ .ssrc = 0xdeadbeef, .seq = 65534,
	    .ts = UINT32_MAX - 100, .start = 250 * SR_MSEC,
	    .end = 450 * SR_MSEC });
	struct sr_tape *t = loop_of(SR_SOUND_TONE, 8, 20);
	struct sr_packet k;
	struct sr_rtp r;

	for (unsigned i = 0; i < 10; i++) {
		CHECK_EQ(sr_play_due(p), 250 * SR_MSEC + i * 20 * SR_MSEC);
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
		CHECK_EQ(k.at, 250 * SR_MSEC + i * 20 * SR_MSEC);
		CHECK_EQ(r.seq, (uint16_t)(65534 + i));
		CHECK_EQ(r.ts, UINT32_MAX - 100 + i * 160);
		CHECK_EQ(r.ssrc, 0xdeadbeef);
		CHECK_EQ(r.pt, 8);
		CHECK_EQ(r.marker, i == 0);
		CHECK(sr_streq(r.payload, sr_tape_payload(t, i)));
	}
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_ENOENT);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_ENOENT);
	sr_play_free(p);
	sr_tape_free(t);
}

TEST(play_a_pause_takes_time_but_no_sequence_numbers)
{
	struct sr_tape *t = loop_of(SR_SOUND_TONE, 0, 20);
	struct sr_play *p = play_of(sr_tape_hold(t), &(struct sr_play_cfg){
	    .seq = 10, .ts = 1000 });
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(sr_play_pause(p, 60 * SR_MSEC), SR_OK);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK_EQ(sr_play_next(p, &k), SR_MORE);
	CHECK_EQ(sr_play_due(p), SR_NEVER);
	CHECK_EQ(sr_play_resume(p, 10 * SR_SEC + 1), SR_OK);
	CHECK_EQ(sr_play_due(p), 10 * SR_SEC + 1);
	CHECK_EQ(sr_play_next(p, &k), SR_MORE);
	CHECK_EQ(sr_play_due(p), 10 * SR_SEC + 20 * SR_MSEC);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK_EQ(k.at, 10 * SR_SEC + 20 * SR_MSEC);
	CHECK_EQ(r.seq, 13);
	CHECK_EQ(r.ts, 1000 + 501 * 160);
	CHECK(r.marker);
	CHECK(sr_streq(r.payload, sr_tape_payload(t, 501)));
	sr_play_free(p);
	sr_tape_free(t);
}

TEST(play_an_end_in_a_pause_ends_it)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .end = SR_SEC });
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(sr_play_pause(p, 0), SR_OK);
	CHECK_EQ(sr_play_next(p, &k), SR_MORE);
	CHECK_EQ(sr_play_due(p), SR_SEC);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_ENOENT);
	sr_play_free(p);
}

TEST(play_another_codec_and_ptime_go_on_where_the_tone_was)
{
	struct sr_tape *alaw = loop_of(SR_SOUND_TONE, 8, 30);
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .ts = 0 });
	struct sr_packet k;
	struct sr_rtp r;
	uint64_t at = 0;

	/* The first slot of 20 ms that is also one of 30 is at 120 ms. */
	CHECK_EQ(sr_play_tape(p, 61 * SR_MSEC, alaw), SR_OK);
	for (int i = 0; i < 40; i++) {
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
		CHECK_EQ(r.ts, at);
		CHECK_EQ(k.at, (sr_time)at * 125000);
		CHECK_EQ(r.pt, at < 960 ? 0 : 8);
		CHECK_EQ(r.payload.n, at < 960 ? 160 : 240);
		for (size_t j = 0; j < r.payload.n; j++) {
			int16_t s = sr_tone(440, 8000, 8000, at + j);

			CHECK_EQ((uint8_t)r.payload.p[j], at < 960 ?
			    sr_pcm_ulaw(s) : sr_pcm_alaw(s));
		}
		at += r.payload.n;
	}
	sr_play_free(p);
	sr_tape_free(alaw);
}

TEST(play_a_new_ssrc_has_new_numbers_and_a_mark)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .ssrc = 1 });
	struct sr_play_numbers n;
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(sr_play_ssrc(p, 40 * SR_MSEC, 2, 500, 70000), SR_OK);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK_EQ(r.ssrc, 2);
	CHECK_EQ(r.seq, 500);
	CHECK_EQ(r.ts, 70000);
	CHECK(r.marker);
	sr_play_numbers(p, &n);
	CHECK_EQ(n.packets, 1);
	CHECK_EQ(n.all_packets, 3);
	CHECK_EQ(n.ssrc, 2);
	sr_play_free(p);
}

/* Reads digits as a recorder does. */
TEST(play_digits_take_the_place_of_audio_and_end_three_times)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .ts = 0, .end = SR_SEC });
	unsigned events = 0, ends = 0, marks = 0, audio = 0;
	uint16_t last = 0;
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(sr_play_digit(p, 100 * SR_MSEC, '5', 110 * SR_MSEC, 101),
	    SR_OK);
	CHECK_EQ(sr_play_digit(p, 0, 'x', SR_SEC, 101), SR_EBAD);
	while (next_of(sr_play_emitter(p), &k, &r) == SR_OK) {
		uint16_t took;

		if (r.pt != 101) {
			audio++;
			continue;
		}
		took = (uint16_t)((uint8_t)r.payload.p[2] << 8 |
		    (uint8_t)r.payload.p[3]);
		CHECK_EQ(r.payload.p[0], 5);
		CHECK_EQ(r.ts, 800);
		CHECK(took > last || ends > 0);
		last = took;
		events++;
		marks += r.marker;
		ends += (uint8_t)r.payload.p[1] >> 7;
	}
	CHECK_EQ(events, 8);		/* 20 40 60 80 100 110 110 110 */
	CHECK_EQ(ends, 3);
	CHECK_EQ(marks, 1);
	CHECK_EQ(last, 880);
	CHECK_EQ(audio, 42);
	sr_play_free(p);
}

TEST(play_a_digit_past_the_longest_duration_goes_on_in_segments)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .ts = 5 });
	struct sr_dtmf d = { 0 }, done = { 0 };
	struct sr_format f = { .id = SR_CODEC_EVENT, .clock = 8000 };
	struct sr_line_packet x = { .format = &f };
	struct sr_packet k;
	bool over = false;

	CHECK_EQ(sr_play_digit(p, 0, '#', 20 * SR_SEC, 101), SR_OK);
	for (int i = 0; i < 1010 && !over; i++) {
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &x.rtp), SR_OK);
		x.at = x.rtp.ts - 5;
		over = sr_dtmf_put(&d, &x, &done);
	}
	CHECK(over);
	CHECK_EQ(done.event, 11);
	CHECK_EQ(done.duration, 160000);
	sr_play_free(p);
}

TEST(play_silence_is_not_sent_with_dtx_and_speech_has_a_mark)
{
	struct sr_tape_cfg cfg = { .ptime = 20, .loop = 20 * SR_SEC,
	    .sound = { .kind = SR_SOUND_SPEECH, .seed = 3 } };
	uint32_t want = 0;
	struct sr_play_numbers n;
	struct sr_tape *t;
	struct sr_play *p;
	struct sr_packet k;
	struct sr_rtp r;
	unsigned marks = 0, noise = 0, all = 0;

	sr_format_static(&cfg.format, 0);
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_OK);
	p = play_of(t, &(struct sr_play_cfg){ .dtx = true, .cn_pt = 13,
	    .end = 20 * SR_SEC });
	while (next_of(sr_play_emitter(p), &k, &r) == SR_OK) {
		all++;
		marks += r.marker;
		noise += r.pt == 13;
		CHECK(!(r.marker && r.pt == 13));
		CHECK_EQ(r.ts, k.at / 125000);
		CHECK_EQ(r.marker, all == 1 || (r.pt == 0 && r.ts != want));
		if (r.pt == 13) {
			CHECK_EQ(r.payload.n, 1);
			CHECK_EQ(r.payload.p[0], 127);
			want = 0;
		} else {
			want = r.ts + 160;
		}
	}
	sr_play_numbers(p, &n);
	CHECK_EQ(n.noise, noise);
	CHECK(noise > 3 && all < 900);
	CHECK(marks == noise || marks == noise + 1);
	sr_play_free(p);
}

TEST(play_contributors_stand_in_the_header)
{
	static const uint32_t who[] = { 7, 8 };
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .ncsrc = 1, .csrc = { 9 } });
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK_EQ(r.ncsrc, 1);
	CHECK_EQ(r.csrc.p[3], 9);
	CHECK_EQ(r.payload.n, 160);
	CHECK_EQ(sr_play_csrc(p, 0, who, 2), SR_OK);
	CHECK_EQ(sr_play_csrc(p, 0, who, 16), SR_ELIMIT);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK_EQ(r.ncsrc, 2);
	CHECK_EQ(r.csrc.p[7], 8);
	sr_play_free(p);
}

static size_t
half_a_second(void *arg, int16_t *out, size_t frames)
{
	size_t *left = arg, n = frames < *left ? frames : *left;

	for (size_t i = 0; i < n; i++)
		out[i] = 1000;
	*left -= n;
	return n;
}

TEST(play_behind_a_file_comes_silence_until_the_end_that_was_ordered)
{
	for (int with_end = 0; with_end < 2; with_end++) {
		size_t left = 4000;
		struct sr_tape_cfg cfg = { .ptime = 20, .sound = {
		    .kind = SR_SOUND_READ, .read = half_a_second,
		    .arg = &left } };
		struct sr_tape *t;
		struct sr_play *p;
		struct sr_packet k;
		struct sr_rtp r;
		unsigned n = 0;

		sr_format_static(&cfg.format, 0);
		CHECK_EQ(sr_tape_new(&t, &cfg), SR_OK);
		p = play_of(t, &(struct sr_play_cfg){
		    .end = with_end ? SR_SEC : 0 });
		while (next_of(sr_play_emitter(p), &k, &r) == SR_OK)
			CHECK_EQ((uint8_t)r.payload.p[0],
			    sr_pcm_ulaw(n++ < 25 ? 1000 : 0));
		CHECK_EQ(n, with_end ? 50 : 25);
		sr_play_free(p);
	}
}

TEST(play_a_capture_is_played_as_it_was_or_renumbered)
{
	static const char a[] = "\x80\x80\xff\xff\xff\xff\xff\xff\0\0\0\1hello";
	static const char b[] = "\x80\0\0\0\0\0\0\x9f\0\0\0\1there";
	static const char c[] = "\x80\0\0\1\0\0\1\x3f\0\0\0\2other";
	struct sr_played v[] = {
		{ 5, { a, sizeof(a) - 1 } }, { 20, { b, sizeof(b) - 1 } },
		{ 30, { "?", 1 } }, { 40, { c, sizeof(c) - 1 } }
	};
	struct sr_replay_cfg cfg = { .v = v, .n = 4, .format.clock = 8000 };
	struct sr_play *p;
	struct sr_packet k;
	struct sr_rtp r;

	CHECK_EQ(sr_play_new_replay(&p, &cfg), SR_OK);
	for (int i = 0; i < 4; i += 1 + (i == 1)) {
		CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
		CHECK_EQ(k.at, v[i].at);
		CHECK_EQ(memcmp(k.head.p, v[i].rtp.p, k.head.n), 0);
		CHECK_EQ(k.head.n + k.body.n, v[i].rtp.n);
	}
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_ENOENT);
	CHECK_EQ(sr_play_digit(p, 0, '1', SR_SEC, 101), SR_EUNSUP);
	sr_play_free(p);
	cfg.renumber = true;
	cfg.ssrc = 100;
	cfg.seq = 7;
	cfg.ts = 1000;
	CHECK_EQ(sr_play_new_replay(&p, &cfg), SR_OK);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK(r.ssrc == 100 && r.seq == 7 && r.ts == 1000 && r.marker);
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK(r.ssrc == 100 && r.seq == 8 && r.ts == 1160);
	CHECK_STR(r.payload, "there");
	CHECK_EQ(next_of(sr_play_emitter(p), &k, &r), SR_OK);
	CHECK(r.ssrc != 100 && r.seq == 9 && r.ts == 1320);
	sr_play_free(p);
}
