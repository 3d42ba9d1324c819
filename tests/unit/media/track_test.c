/* Claims about lib/media/track.c. */
#include "unit/test.h"

#include <math.h>

#include "siprec/media.h"

enum { MAX_FILE = 400000 };

/* A sink that keeps everything. */
static struct file {
	int16_t v[MAX_FILE];
	size_t n;			/* samples */
	uint8_t channels;
	unsigned writes, silences;
	int err;
} file;

static int
file_write(void *arg, const int16_t *v, size_t frames)
{
	struct file *f = arg;

	CHECK(f->n + frames * f->channels <= MAX_FILE);
	memcpy(f->v + f->n, v, frames * f->channels * sizeof(*v));
	f->n += frames * f->channels;
	f->writes++;
	return f->err;
}

static int
file_silence(void *arg, uint64_t frames)
{
	struct file *f = arg;

	CHECK(f->n + frames * f->channels <= MAX_FILE);
	memset(f->v + f->n, 0, frames * f->channels * sizeof(*f->v));
	f->n += frames * f->channels;
	f->silences++;
	return f->err;
}

static struct sr_track *
track(void)
{
	struct sr_pcm_sink sink = { &file, file_write, file_silence };
	struct sr_track *t = NULL;

	memset(&file, 0, sizeof(file));
	file.channels = 1;
	CHECK_EQ(sr_track_new(&t, &sink), SR_OK);
	return t;
}

static const struct sr_format pcmu = { .id = SR_CODEC_PCMU, .clock = 8000,
    .channels = 1 };
static const struct sr_format pcma = { .id = SR_CODEC_PCMA, .clock = 8000,
    .pt = 8, .channels = 1 };
static const struct sr_format l16 = { .id = SR_CODEC_L16, .clock = 16000,
    .pt = 100, .channels = 1 };
static const struct sr_format l16_8k = { .id = SR_CODEC_L16, .clock = 8000,
    .pt = 102, .channels = 1 };
static const struct sr_format l16_stereo = { .id = SR_CODEC_L16,
    .clock = 8000, .pt = 101, .channels = 2 };

/* n bytes of one value at a place. */
static int
put(struct sr_track *t, const struct sr_format *f, int64_t at, int byte,
    size_t n)
{
	char v[4000];
	struct sr_placed p = { .at = at, .format = f };

	memset(v, byte, n);
	p.payload = guarded(v, n);
	return sr_track_put(t, &p);
}

/* Whether all of from..to (not included) have this value. */
static bool
all(size_t from, size_t to, int value)
{
	for (size_t i = from; i < to; i++)
		if (file.v[i] != value) {
			printf("# sample %zu is %d\n", i, file.v[i]);
			return false;
		}
	return to <= file.n;
}

TEST(track_packets_in_a_row_are_written_as_they_are)
{
	struct sr_track *t = track();

	CHECK_EQ(sr_track_rate(t), 0);
	for (int i = 0; i < 50; i++)
		CHECK_EQ(put(t, &pcmu, 160 * i, 0x80 + i, 160), SR_OK);
	CHECK_EQ(sr_track_rate(t), 8000);
	CHECK_EQ(sr_track_channels(t), 1);
	CHECK_EQ(sr_track_frames(t), 8000);
	CHECK_EQ(file.writes, 50);
	CHECK_EQ(file.silences, 0);
	for (int i = 0; i < 50; i++)
		CHECK(all(160u * i, 160u * (i + 1), sr_ulaw_pcm[0x80 + i]));
	sr_track_free(t);
}

TEST(track_a_late_start_and_a_hole_are_silence_of_exactly_their_length)
{
	struct sr_track *t = track();

	put(t, &pcmu, 1000, 0, 160);
	put(t, &pcmu, 1160 + 333, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 1653);
	CHECK(all(0, 1000, 0));
	CHECK(all(1000, 1160, -32124));
	CHECK(all(1160, 1493, 0));
	CHECK(all(1493, 1653, 32124));
	sr_track_free(t);
}

TEST(track_an_overlap_keeps_what_was_first_and_the_place_of_the_rest)
{
	struct sr_track *t = track();

	put(t, &pcmu, 0, 0, 160);
	put(t, &pcmu, 100, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 260);
	CHECK(all(0, 160, -32124));
	CHECK(all(160, 260, 32124));
	put(t, &pcmu, 50, 0, 160);	/* wholly inside: nothing */
	CHECK_EQ(sr_track_frames(t), 260);
	put(t, &pcmu, 260, 0, 10);
	CHECK(all(260, 270, -32124));
	sr_track_free(t);
}

TEST(track_what_lies_before_the_file_is_cut)
{
	struct sr_track *t = track();

	put(t, &pcmu, -200, 0, 160);
	CHECK_EQ(sr_track_frames(t), 0);
	put(t, &pcmu, -40, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 120);
	CHECK(all(0, 120, 32124));
	sr_track_free(t);
}

TEST(track_another_codec_of_the_same_rate_goes_on_without_a_seam)
{
	struct sr_track *t = track();

	put(t, &pcmu, 0, 0x80, 160);
	put(t, &pcma, 160, 0xaa, 160);
	put(t, &l16_8k, 320, 0x11, 320);
	put(t, &pcmu, 480, 0, 160);
	CHECK_EQ(sr_track_frames(t), 640);
	CHECK(all(0, 160, 32124));
	CHECK(all(160, 320, 32256));
	CHECK(all(320, 480, 0x1111));
	CHECK(all(480, 640, -32124));
	sr_track_free(t);
}

/* A constant comes through any good filter as itself, away from its ends. */
static bool
near(size_t from, size_t to, int value)
{
	for (size_t i = from; i < to; i++)
		if (abs(file.v[i] - value) > abs(value) / 50) {
			printf("# sample %zu is %d\n", i, file.v[i]);
			return false;
		}
	return to <= file.n;
}

TEST(track_another_rate_is_resampled_and_stays_in_its_place)
{
	struct sr_track *t = track();

	for (int i = 0; i < 10; i++)
		put(t, &pcmu, 160 * i, 0x8f, 160);
	for (int i = 0; i < 10; i++)
		put(t, &l16, 3200 + 320 * i, 0x11, 640);
	for (int i = 0; i < 10; i++)
		put(t, &pcma, 3200 + 160 * i, 0xaa, 160);
	CHECK_EQ(sr_track_finish(t, 600 * SR_MSEC), SR_OK);
	CHECK_EQ(sr_track_rate(t), 8000);
	CHECK_EQ(sr_track_frames(t), 4800);
	CHECK(all(0, 1600, 16764));
	CHECK(near(1680, 3120, 0x1111));
	CHECK(all(3200, 4800, 32256));
	sr_track_free(t);
}

TEST(track_a_hole_ends_a_resampled_run_at_its_place)
{
	struct sr_track *t = track();

	put(t, &l16, 0, 0, 320);
	for (int i = 0; i < 10; i++)
		put(t, &pcmu, 80 + 160 * i, 0x8f, 160);
	put(t, &pcmu, 80 + 1600 + 800, 0x8f, 160);
	CHECK_EQ(sr_track_finish(t, 0), SR_OK);
	CHECK_EQ(sr_track_frames(t), 2 * (80 + 1600 + 800 + 160));
	CHECK(near(160 + 160, 3360 - 160, 16764));
	CHECK(all(3360, 4960, 0));
	CHECK(near(4960 + 100, 5280 - 100, 16764));
	sr_track_free(t);
}

TEST(track_a_stereo_file_takes_mono_on_both_sides_and_the_reverse)
{
	struct sr_track *t = track();

	file.channels = 2;
	put(t, &l16_stereo, 0, 0x22, 640);
	put(t, &pcmu, 160, 0x80, 160);
	CHECK_EQ(sr_track_channels(t), 2);
	CHECK_EQ(sr_track_frames(t), 320);
	CHECK(all(0, 320, 0x2222));
	CHECK(all(320, 640, 32124));
	sr_track_free(t);
	t = track();
	put(t, &pcmu, 0, 0x80, 160);
	put(t, &l16_stereo, 160, 0x22, 4000);
	CHECK_EQ(sr_track_frames(t), 1160);
	CHECK(all(160, 1160, 0x2222));
	sr_track_free(t);
}

TEST(track_of_stereo_g711_has_two_channels)
{
	static const struct sr_format f = { .id = SR_CODEC_PCMU,
	    .clock = 8000, .channels = 2 };
	static const struct sr_format many = { .id = SR_CODEC_L16,
	    .clock = 8000, .channels = 3 };
	struct sr_track *t = track();

	file.channels = 2;
	CHECK_EQ(put(t, &f, 0, 0x80, 320), SR_OK);
	CHECK_EQ(put(t, &l16_stereo, 160, 0x22, 640), SR_OK);
	CHECK_EQ(put(t, &many, 320, 0x22, 960), SR_EUNSUP);
	CHECK_EQ(sr_track_channels(t), 2);
	CHECK_EQ(sr_track_frames(t), 320);
	CHECK(all(0, 320, 32124));
	sr_track_free(t);
}

TEST(track_comfort_noise_and_digits_are_silence)
{
	static const struct sr_format cn = { .id = SR_CODEC_CN, .clock = 8000 };
	static const struct sr_format ev = { .id = SR_CODEC_EVENT,
	    .clock = 8000 };
	struct sr_track *t = track();

	CHECK_EQ(put(t, &cn, 0, 0x40, 1), SR_OK);
	CHECK_EQ(sr_track_rate(t), 0);
	put(t, &pcmu, 160, 0x80, 160);
	CHECK_EQ(put(t, &cn, 320, 0x40, 1), SR_OK);
	CHECK_EQ(put(t, &ev, 480, 0x01, 4), SR_OK);
	put(t, &pcmu, 800, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 960);
	CHECK(all(320, 800, 0));
	sr_track_free(t);
}

TEST(track_an_unknown_codec_writes_nothing_and_disturbs_nothing)
{
	static const struct sr_format unknown = { .id = SR_CODEC_UNKNOWN,
	    .clock = 8000 };
	static const struct sr_format clockless = { .id = SR_CODEC_PCMU };
	struct sr_track *t = track();

	CHECK_EQ(put(t, &unknown, 1000, 1, 160), SR_EUNSUP);
	CHECK_EQ(put(t, &clockless, 1000, 1, 160), SR_EUNSUP);
	CHECK_EQ(sr_track_frames(t), 0);
	CHECK_EQ(sr_track_rate(t), 0);
	put(t, &pcmu, 0, 0x80, 160);
	CHECK_EQ(put(t, &unknown, 160, 1, 160), SR_EUNSUP);
	put(t, &pcmu, 320, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 480);
	CHECK(all(160, 320, 0));
	CHECK(all(320, 480, 32124));
	sr_track_free(t);
}

TEST(track_garbage_is_said_and_leaves_silence)
{
	struct sr_track *t = track();

	put(t, &pcmu, 0, 0x80, 160);
	CHECK_EQ(put(t, &pcmu, 160, 0, 0), SR_EBAD);
	CHECK_EQ(put(t, &l16_8k, 320, 0, 1), SR_EBAD);
	put(t, &pcmu, 480, 0x80, 160);
	CHECK_EQ(sr_track_frames(t), 640);
	CHECK(all(160, 480, 0));
	sr_track_free(t);
}

TEST(track_a_payload_that_the_snaplen_cut_keeps_its_head)
{
	struct sr_track *t = track();
	char v[60];
	struct sr_placed p = { .format = &pcmu, .cut = 100 };

	memset(v, 0x80, sizeof(v));
	for (int i = 0; i < 3; i++) {
		p.at = 160 * i;
		p.payload = guarded(v, sizeof(v));
		CHECK_EQ(sr_track_put(t, &p), SR_OK);
	}
	CHECK_EQ(sr_track_finish(t, 60 * SR_MSEC), SR_OK);
	CHECK_EQ(sr_track_frames(t), 480);
	CHECK(all(0, 60, 32124));
	CHECK(all(60, 160, 0));
	CHECK(all(160, 220, 32124));
	CHECK(all(380, 480, 0));
	sr_track_free(t);
}

TEST(track_finish_rounds_to_the_frame_and_never_takes_away)
{
	struct sr_track *t = track();

	CHECK_EQ(sr_track_finish(t, SR_SEC), SR_OK);
	CHECK_EQ(sr_track_frames(t), 0);
	put(t, &pcmu, 0, 0x80, 160);
	CHECK_EQ(sr_track_finish(t, 10 * SR_MSEC), SR_OK);
	CHECK_EQ(sr_track_frames(t), 160);
	CHECK_EQ(sr_track_finish(t, 30 * SR_MSEC + 62499), SR_OK);
	CHECK_EQ(sr_track_frames(t), 240);
	CHECK_EQ(sr_track_finish(t, 30 * SR_MSEC + 62500), SR_OK);
	CHECK_EQ(sr_track_frames(t), 241);
	sr_track_free(t);
}

TEST(track_a_place_beyond_all_reason_is_refused)
{
	struct sr_track *t = track();

	CHECK_EQ(put(t, &pcmu, INT64_MAX, 0, 160), SR_ELIMIT);
	CHECK_EQ(put(t, &pcmu, INT64_MIN, 0, 160), SR_ELIMIT);
	CHECK_EQ(sr_track_frames(t), 0);
	sr_track_free(t);
}

TEST(track_says_what_the_sink_said)
{
	struct sr_track *t = track();

	file.err = SR_ESYS;
	CHECK_EQ(put(t, &pcmu, 0, 0, 160), SR_ESYS);
	CHECK_EQ(put(t, &pcmu, 160, 0, 160), SR_ESYS);
	sr_track_free(t);
}

/* Against a plain model: a sample is written where its packet says, unless
 * something was there before; all else is silence. */
TEST(track_any_order_of_holes_and_overlaps_puts_each_sample_in_its_place)
{
	static const struct sr_format *const formats[] = { &pcmu, &pcma,
	    &l16_8k };
	static int16_t model[MAX_FILE];
	unsigned seed = 11;

	for (int round = 0; round < 50; round++) {
		struct sr_track *t = track();
		int64_t at = rand_r(&seed) % 400 - 200, end = 0;

		memset(model, 0, sizeof(model));
		for (int i = 0; i < 200; i++) {
			int kind = rand_r(&seed) % 3;
			int byte = rand_r(&seed) % 256;
			int n = 1 + rand_r(&seed) % 300;
			int v = kind == 0 ? sr_ulaw_pcm[byte] : kind == 1 ?
			    sr_alaw_pcm[byte] : (int16_t)(byte << 8 | byte);

			put(t, formats[kind], at, byte,
			    (size_t)(kind == 2 ? 2 * n : n));
			for (int64_t k = at; k < at + n; k++)
				if (k >= end)
					model[k] = (int16_t)v;
			end = at + n > end ? at + n : end;
			if (rand_r(&seed) % 4 > 0)
				at += n;
			else
				at += rand_r(&seed) % 1000 - 100;
		}
		CHECK_EQ(sr_track_frames(t), end);
		CHECK_EQ(file.n, end);
		CHECK(memcmp(file.v, model, (size_t)end * 2) == 0);
		sr_track_free(t);
	}
}

/* ---- codecs with a memory ---- */

static int16_t tone[48000 * 2];

/* A second of 500 Hz at a rate. */
static void
make_tone(uint32_t rate)
{
	for (uint32_t i = 0; i < rate; i++)
		tone[i] = (int16_t)lrint(12000 *
		    sin(2 * M_PI * 500 * i / rate));
}

/* Encodes 20 ms of the tone from its place on, which is in RTP units. */
static struct sr_str
encoded(const struct sr_codec *c, void *enc, const struct sr_format *f,
    int64_t at, struct sr_buf *b)
{
	uint32_t rate = sr_codec_rate(f);

	b->n = 0;
	CHECK_EQ(c->encode(enc, tone + at * rate / f->clock, rate / 50, b),
	    SR_OK);
	return sr_buf_str(b);
}

static double
power(size_t from, size_t to)
{
	double s = 0;

	for (size_t i = from; i < to; i++)
		s += (double)file.v[i] * file.v[i];
	return sqrt(s / (double)(to - from));
}

/* A second of packets of 20 ms, without some of them; what is missing is said
 * to be lost. */
static void
play(struct sr_track *t, const struct sr_format *f, const char *missing)
{
	const struct sr_codec *c = sr_codec_find(f->id);
	struct sr_placed p = { .format = f };
	struct sr_buf b;
	void *enc;

	make_tone(sr_codec_rate(f));
	sr_buf_init(&b, 4096);
	CHECK_EQ(c->open(&enc, f), SR_OK);
	for (int i = 0; i < 50; i++) {
		p.at = f->clock / 50 * i;
		p.payload = encoded(c, enc, f, p.at, &b);
		p.lost += missing[i % (int)strlen(missing)] == 'x';
		if (missing[i % (int)strlen(missing)] == 'x')
			continue;
		CHECK_EQ(sr_track_put(t, &p), SR_OK);
		p.lost = 0;
	}
	c->close(enc);
	sr_buf_free(&b);
}

static const struct sr_format hiders[] = {
	{ .id = SR_CODEC_OPUS, .clock = 48000 },
	{ .id = SR_CODEC_OPUS, .clock = 48000,
	    .fmtp = { "useinbandfec=1", 14 } },
	{ .id = SR_CODEC_G729, .clock = 8000 },
	{ .id = SR_CODEC_AMR, .clock = 8000 },
	{ .id = SR_CODEC_AMR_WB, .clock = 16000 },
};
enum { HIDERS = sizeof(hiders) / sizeof(hiders[0]) };

TEST(track_a_lost_packet_is_concealed_in_exactly_its_time)
{
	for (size_t i = 0; i < HIDERS; i++) {
		uint32_t rate = sr_codec_rate(&hiders[i]);
		struct sr_track *t;

		if (sr_codec_find(hiders[i].id) == NULL)
			continue;
		t = track();
		play(t, &hiders[i], "..........x..............");
		CHECK_EQ(sr_track_frames(t), rate);
		CHECK_EQ(file.silences, 0);
		/* The hole is at 0.2 s; no codec lags by more than 20 ms. */
		CHECK(power(rate / 50 * 10, rate / 50 * 11) > 3000);
		sr_track_free(t);
	}
}

TEST(track_a_long_loss_is_silence_and_a_short_one_is_not)
{
	for (size_t i = 0; i < HIDERS; i++) {
		uint32_t rate = sr_codec_rate(&hiders[i]);
		struct sr_track *t;

		if (sr_codec_find(hiders[i].id) == NULL)
			continue;
		t = track();
		play(t, &hiders[i], ".....xxxxxxxxxxx"	/* 220 ms */
		    "....xxxxxxxxxx...." "................");	/* 200 ms */
		CHECK_EQ(sr_track_frames(t), rate);
		CHECK_EQ(file.silences, 1);
		CHECK(all(rate / 50 * 5, rate / 50 * 16, 0));
		CHECK(power(rate / 50 * 20, rate / 50 * 21) > 1000);
		sr_track_free(t);
	}
}

/* Plays a second of Opus, without every fifth packet or with all, into file. */
static void
play_opus(const struct sr_format *f, bool lossy)
{
	const struct sr_codec *c = sr_codec_find(SR_CODEC_OPUS);
	struct sr_placed p = { .format = f };
	struct sr_track *t = track();
	struct sr_buf b;
	void *enc;

	/* A voice that changes its pitch, so that guessing fails. */
	for (int i = 0; i < 48000; i++)
		tone[i] = (int16_t)(9000 * sin(2 * M_PI *
		    (200 * (i / 48000.) + 60 * sin(i / 3000.))));
	CHECK_EQ(c->open(&enc, f), SR_OK);
	sr_buf_init(&b, 4096);
	for (int i = 0; i < 50; i++) {
		p.at = 960 * i;
		p.payload = encoded(c, enc, f, p.at, &b);
		p.lost = lossy && i % 5 == 3;
		if (p.lost > 0)
			continue;
		p.lost = lossy && i % 5 == 4;
		CHECK_EQ(sr_track_put(t, &p), SR_OK);
	}
	CHECK_EQ(sr_track_frames(t), 48000);
	CHECK_EQ(file.silences, 0);
	sr_track_free(t);
	c->close(enc);
	sr_buf_free(&b);
}

TEST(track_fec_brings_back_more_than_concealment_guesses)
{
	static const struct sr_format f[] = {
		{ .id = SR_CODEC_OPUS, .clock = 48000 },
		{ .id = SR_CODEC_OPUS, .clock = 48000,
		    .fmtp = { "useinbandfec=1", 14 } },
	};
	static int16_t whole[48000];
	double error[2] = { 0, 0 };

	if (sr_codec_find(SR_CODEC_OPUS) == NULL)
		return;
	for (int k = 0; k < 2; k++) {
		play_opus(&f[k], false);
		memcpy(whole, file.v, sizeof(whole));
		play_opus(&f[k], true);
		for (int i = 0; i < 48000; i++) {
			double d = (double)file.v[i] - whole[i];

			error[k] += d * d;
		}
	}
	CHECK(error[0] > 0);
	CHECK(error[1] < error[0] / 10);
}

TEST(track_a_broken_payload_is_concealed_and_said)
{
	static const struct sr_format f = { .id = SR_CODEC_OPUS,
	    .clock = 48000 };
	static const uint8_t broken[] = { 31 << 3 | 2, 200, 1, 2 };
	struct sr_placed p = { .format = &f, .at = 48000 };
	struct sr_track *t;

	if (sr_codec_find(f.id) == NULL)
		return;
	t = track();
	play(t, &f, ".");
	p.payload = guarded(broken, sizeof(broken));
	CHECK_EQ(sr_track_put(t, &p), SR_EBAD);
	CHECK_EQ(sr_track_frames(t), 48000 + 1920);
	CHECK(power(48000, 48400) > 3000);
	sr_track_free(t);
}

TEST(track_codecs_may_change_and_the_tone_stays_in_its_place)
{
	static const struct sr_format seq[] = {
		{ .id = SR_CODEC_PCMU, .clock = 8000 },
		{ .id = SR_CODEC_PCMA, .clock = 8000 },
		{ .id = SR_CODEC_G722, .clock = 8000 },
		{ .id = SR_CODEC_L16, .clock = 16000, .channels = 1 },
		{ .id = SR_CODEC_PCMU, .clock = 8000 },
	};
	struct sr_track *t = track();
	int worst = 0;

	if (sr_codec_find(SR_CODEC_G722) == NULL) {
		sr_track_free(t);
		return;
	}
	for (size_t k = 0; k < 5; k++) {
		const struct sr_codec *c = sr_codec_find(seq[k].id);
		struct sr_placed p = { .format = &seq[k] };
		struct sr_buf b;
		void *enc;

		make_tone(sr_codec_rate(&seq[k]));
		sr_buf_init(&b, 4096);
		CHECK_EQ(c->open(&enc, &seq[k]), SR_OK);
		for (unsigned i = 0; i < 10; i++) {
			p.at = seq[k].clock / 50 * (10 * k + i);
			p.payload = encoded(c, enc, &seq[k], p.at, &b);
			CHECK_EQ(sr_track_put(t, &p), SR_OK);
		}
		c->close(enc);
		sr_buf_free(&b);
	}
	CHECK_EQ(sr_track_rate(t), 8000);
	CHECK_EQ(sr_track_finish(t, SR_SEC), SR_OK);
	CHECK_EQ(sr_track_frames(t), 8000);
	make_tone(8000);
	for (size_t i = 0; i < 8000; i++) {
		/* G.722 is a filter bank with 22 samples of delay, 11 here; at
		 * a seam a filter sees one side only. */
		int d = abs(file.v[i] - tone[i]);

		if (i % 1600 < 100 || i % 1600 >= 1500 || i / 1600 == 2)
			continue;
		worst = d > worst ? d : worst;
	}
	CHECK(worst < 400);
	CHECK(power(3200 + 100, 4800 - 100) > 8000);
	sr_track_free(t);
}

TEST(track_many_starts_and_stops_do_not_drift)
{
	static const struct sr_format f = { .id = SR_CODEC_L16,
	    .clock = 11025, .channels = 1 };
	struct sr_track *t = track();
	int64_t at = 0;

	put(t, &l16_8k, 0, 0, 320);
	for (int i = 0; i < 200; i++) {
		at = 300 + 333 * i;
		put(t, &f, at, 0x11, 2 * 220);
		CHECK_EQ(sr_track_finish(t, 0), SR_OK);
		CHECK(llabs((int64_t)sr_track_frames(t) -
		    (at + 220) * 8000 / 11025) <= 1);
	}
	sr_track_free(t);
}
