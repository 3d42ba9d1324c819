/* Claims about lib/media/resample.c. */
#include "unit/test.h"

#include <math.h>

#include "siprec/media.h"

static const uint32_t rates[] = { 8000, 11025, 16000, 32000, 44100, 48000 };
enum { RATES = sizeof(rates) / sizeof(rates[0]) };

/* A tone through a resampler in pieces of random size. */
static void
run(uint32_t from, uint32_t to, int channels, size_t frames, unsigned *seed,
    struct sr_buf *out)
{
	int16_t *in = calloc(frames * (size_t)channels + 1, 2);
	struct sr_resampler *r = NULL;

	for (size_t i = 0; i < frames; i++)
		for (int c = 0; c < channels; c++)
			in[i * (size_t)channels + (size_t)c] = (int16_t)lrint(
			    10000 * sin(2 * M_PI * 440 * (c + 1) * i / from));
	CHECK_EQ(sr_resampler_new(&r, from, to, (uint8_t)channels), SR_OK);
	for (size_t at = 0; at < frames;) {
		size_t k = 1 + (size_t)rand_r(seed) % 500;

		if (k > frames - at)
			k = frames - at;
		CHECK_EQ(sr_resampler_put(r, in + at * (size_t)channels, k,
		    out), SR_OK);
		at += k;
	}
	CHECK_EQ(sr_resampler_finish(r, out), SR_OK);
	sr_resampler_free(r);
	free(in);
}

TEST(resample_gives_exactly_the_frames_of_the_new_rate)
{
	unsigned seed = 1;

	for (size_t i = 0; i < RATES * RATES; i++) {
		uint32_t from = rates[i / RATES], to = rates[i % RATES];

		for (int k = 0; k < 8; k++) {
			size_t n = (size_t)rand_r(&seed) % (k == 0 ? 10 : 5000);
			struct sr_buf out;

			sr_buf_init(&out, 1 << 20);
			run(from, to, 1 + k % 2, n, &seed, &out);
			CHECK_EQ(out.n / 2 / (1 + k % 2),
			    ((uint64_t)n * to + from / 2) / from);
			sr_buf_free(&out);
		}
	}
}

TEST(resample_keeps_a_tone_in_phase)
{
	unsigned seed = 2;

	for (size_t i = 0; i < RATES * RATES; i++) {
		uint32_t from = rates[i / RATES], to = rates[i % RATES];
		const int16_t *v;
		struct sr_buf out;
		int worst = 0;

		sr_buf_init(&out, 1 << 20);
		run(from, to, 2, from, &seed, &out);
		v = (const int16_t *)(void *)out.p;
		for (size_t k = to / 10; k < to - to / 10; k++)
			for (int c = 0; c < 2; c++) {
				int want = (int)lrint(10000 * sin(2 * M_PI *
				    440 * (c + 1) * k / to));
				int d = abs(v[2 * k + (size_t)c] - want);

				worst = d > worst ? d : worst;
			}
		/* One sample of 48 kHz off would be 580 and more. */
		CHECK(worst < 20);
		sr_buf_free(&out);
	}
}

TEST(resample_lets_nothing_through_that_the_new_rate_cannot_hold)
{
	static int16_t in[48000];
	struct sr_resampler *r;
	struct sr_buf out;

	for (int i = 0; i < 48000; i++)
		in[i] = (int16_t)lrint(20000 *
		    sin(2 * M_PI * 5000 * i / 48000));
	sr_buf_init(&out, 1 << 16);
	CHECK_EQ(sr_resampler_new(&r, 48000, 8000, 1), SR_OK);
	CHECK_EQ(sr_resampler_put(r, in, 48000, &out), SR_OK);
	CHECK_EQ(sr_resampler_finish(r, &out), SR_OK);
	CHECK_EQ(out.n, 16000);
	for (size_t i = 200; i < 7800; i++)
		CHECK(abs(((const int16_t *)(void *)out.p)[i]) <= 2);
	sr_resampler_free(r);
	sr_buf_free(&out);
}

TEST(resample_is_as_new_after_its_finish)
{
	static int16_t in[800];
	struct sr_resampler *r;
	struct sr_buf a, b;

	for (int i = 0; i < 800; i++)
		in[i] = (int16_t)(i * 7919);
	sr_buf_init(&a, 1 << 16);
	sr_buf_init(&b, 1 << 16);
	CHECK_EQ(sr_resampler_new(&r, 8000, 48000, 1), SR_OK);
	CHECK_EQ(sr_resampler_put(r, in, 800, &a), SR_OK);
	CHECK_EQ(sr_resampler_finish(r, &a), SR_OK);
	CHECK_EQ(sr_resampler_put(r, in, 800, &b), SR_OK);
	CHECK_EQ(sr_resampler_finish(r, &b), SR_OK);
	CHECK_EQ(a.n, 9600);
	CHECK(sr_streq(sr_buf_str(&a), sr_buf_str(&b)));
	sr_resampler_free(r);
	sr_buf_free(&a);
	sr_buf_free(&b);
}

TEST(resample_refuses_what_no_file_has)
{
	struct sr_resampler *r;

	CHECK_EQ(sr_resampler_new(&r, 0, 8000, 1), SR_EUNSUP);
	CHECK_EQ(sr_resampler_new(&r, 8000, 1000000, 1), SR_EUNSUP);
	CHECK_EQ(sr_resampler_new(&r, 8000, 16000, 0), SR_EUNSUP);
	sr_resampler_free(NULL);
}
