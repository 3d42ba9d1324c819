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
