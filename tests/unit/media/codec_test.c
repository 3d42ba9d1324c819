/* Claims about the codecs of lib/media that lose something. */
#include "unit/test.h"

#include <math.h>
#include <pthread.h>

#include "siprec/media.h"

enum { SECONDS = 1, MAX_RATE = 48000, PACKETS = 50 };

#define FORMAT(i, n, p, hz)						\
	{ .id = (i), .name = { (n), sizeof(n) - 1 },			\
	    .fmtp = { (p), sizeof(p) - 1 }, .clock = (hz), .channels = 1 }

/* How alike what comes out must be: 1 is the same. */
static const struct {
	struct sr_format f;
	double alike;
	size_t bytes;			/* of a packet of 20 ms, 0: it varies */
} codecs[] = {
	{ FORMAT(SR_CODEC_PCMU, "PCMU", "", 8000), 0.999, 160 },
	{ FORMAT(SR_CODEC_PCMA, "PCMA", "", 8000), 0.999, 160 },
	{ FORMAT(SR_CODEC_L16, "L16", "", 8000), 1, 320 },
	{ FORMAT(SR_CODEC_L16, "L16", "", 48000), 1, 1920 },
	{ FORMAT(SR_CODEC_G722, "G722", "", 8000), 0.99, 160 },
	{ FORMAT(SR_CODEC_G726_16, "G726-16", "", 8000), 0.9, 40 },
	{ FORMAT(SR_CODEC_G726_24, "G726-24", "", 8000), 0.97, 60 },
	{ FORMAT(SR_CODEC_G726_32, "G726-32", "", 8000), 0.99, 80 },
	{ FORMAT(SR_CODEC_G726_40, "G726-40", "", 8000), 0.99, 100 },
	{ FORMAT(SR_CODEC_G726_24, "AAL2-G726-24", "", 8000), 0.97, 60 },
	{ FORMAT(SR_CODEC_G726_32, "AAL2-G726-32", "", 8000), 0.99, 80 },
	{ FORMAT(SR_CODEC_GSM, "GSM", "", 8000), 0.95, 33 },
	{ FORMAT(SR_CODEC_G729, "G729", "", 8000), 0.8, 20 },
	{ FORMAT(SR_CODEC_OPUS, "opus", "", 48000), 0.95, 0 },
	{ FORMAT(SR_CODEC_OPUS, "opus", "stereo=1", 48000), 0.95, 0 },
	{ FORMAT(SR_CODEC_OPUS, "opus", "useinbandfec=1", 48000), 0.95, 0 },
	{ FORMAT(SR_CODEC_AMR, "AMR", "", 8000), 0.95, 32 },
	{ FORMAT(SR_CODEC_AMR, "AMR", "octet-align=1", 8000), 0.95, 33 },
	{ FORMAT(SR_CODEC_AMR, "AMR", "mode-set=0,2; octet-align=1", 8000),
	    0.8, 17 },
	{ FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "", 16000), 0.95, 61 },
	{ FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "octet-align=1", 16000), 0.95, 62 },
};
enum { CODECS = sizeof(codecs) / sizeof(codecs[0]) };

/* Something like a voice: a few partials that swell and fade. */
static void
voice(int16_t *v, size_t frames, uint32_t rate, uint8_t channels)
{
	for (size_t i = 0; i < frames; i++) {
		double t = (double)i / rate, s = 0;

		for (int k = 1; k <= 4; k++)
			s += sin(2 * M_PI * 300 * k * t) / k;
		s *= 5000 * (1.2 + sin(2 * M_PI * 3 * t));
		for (uint8_t c = 0; c < channels; c++)
			*v++ = (int16_t)lrint(s);
	}
}

/* The best correlation of two signals with b up to max samples behind. */
static double
likeness(const int16_t *a, const int16_t *b, size_t n, size_t max)
{
	double best = 0;

	for (size_t d = 0; d < max; d++) {
		double ab = 0, aa = 0, bb = 0;

		for (size_t i = n / 10; i + d < n; i++) {
			ab += (double)a[i] * b[i + d];
			aa += (double)a[i] * a[i];
			bb += (double)b[i + d] * b[i + d];
		}
		if (aa > 0 && bb > 0 && ab / sqrt(aa * bb) > best)
			best = ab / sqrt(aa * bb);
	}
	return best;
}

TEST(codec_what_is_encoded_decodes_to_the_same_length_and_sound)
{
	static int16_t in[2 * MAX_RATE + SR_MAX_SAMPLES];
	static int16_t out[2 * MAX_RATE + SR_MAX_SAMPLES];

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_format *f = &codecs[i].f;
		const struct sr_codec *c = sr_codec_find(f->id);
		uint8_t channels = sr_codec_channels(f);
		uint32_t rate = sr_codec_rate(f);
		size_t step = rate / PACKETS * channels, n, got = 0;
		struct sr_buf b;
		double alike;
		void *enc, *dec;

		if (c == NULL) {
			CHECK(sr_codec_missing(f->id) != NULL);
			continue;
		}
		voice(in, rate, rate, channels);
		CHECK_EQ(c->open(&enc, f), SR_OK);
		CHECK_EQ(c->open(&dec, f), SR_OK);
		sr_buf_init(&b, 4096);
		for (size_t k = 0; k < PACKETS; k++) {
			struct sr_str p;

			b.n = 0;
			CHECK_EQ(c->encode(enc, in + k * step, step, &b),
			    SR_OK);
			p = guarded(b.p, b.n);
			if (codecs[i].bytes > 0)
				CHECK_EQ(p.n, codecs[i].bytes);
			CHECK_EQ((uint64_t)sr_payload_ticks(f, p) * rate /
			    f->clock * channels, step);
			CHECK_EQ(c->decode(dec, p, out + got, &n), SR_OK);
			CHECK_EQ(n, step);
			got += n;
		}
		alike = likeness(in, out, got, rate / 50 * channels);
		if (alike < codecs[i].alike)
			test_fail(__FILE__, __LINE__, "%s %s: only %.4f alike",
			    c->name, f->fmtp.p, alike);
		sr_buf_free(&b);
		c->close(enc);
		c->close(dec);
	}
}

TEST(codec_several_frames_in_a_payload_are_decoded_one_after_another)
{
	static int16_t in[SR_MAX_SAMPLES], out[SR_MAX_SAMPLES];

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_format *f = &codecs[i].f;
		const struct sr_codec *c = sr_codec_find(f->id);
		uint8_t channels = sr_codec_channels(f);
		size_t n = sr_codec_rate(f) * 60 / 1000 * channels, got;
		struct sr_buf b;
		void *state;

		if (c == NULL)
			continue;
		voice(in, n / channels, sr_codec_rate(f), channels);
		sr_buf_init(&b, 2 * n + 64);
		CHECK_EQ(c->open(&state, f), SR_OK);
		CHECK_EQ(c->encode(state, in, n, &b), SR_OK);
		CHECK_EQ(c->decode(state, guarded(b.p, b.n), out, &got), SR_OK);
		CHECK_EQ(got, n);
		c->close(state);
		sr_buf_free(&b);
	}
}

TEST(codec_conceals_exactly_as_much_as_is_asked)
{
	static int16_t out[SR_MAX_SAMPLES + 1];
	const struct sr_str none = { NULL, 0 };

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_format *f = &codecs[i].f;
		const struct sr_codec *c = sr_codec_find(f->id);
		uint8_t channels = sr_codec_channels(f);
		static const size_t sizes[] = { 0, 1, 79, 80, 160, 333, 960,
		    4800, 5760 };
		void *state;

		if (c == NULL || !c->conceals)
			continue;
		CHECK_EQ(c->open(&state, f), SR_OK);
		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
			size_t n = sizes[k] * channels;

			memset(out, 0x55, sizeof(out));
			CHECK_EQ(c->conceal(state, none, out, n), SR_OK);
			CHECK_EQ(out[n], 0x5555);
			for (size_t s = 0; s < n; s++)
				CHECK(out[s] != 0x5555);
			CHECK_EQ(c->conceal(state, guarded("\x08\xff", 2), out,
			    n), SR_OK);
		}
		c->close(state);
	}
}

TEST(codec_garbage_of_any_length_stays_inside_its_bounds)
{
	static int16_t out[SR_MAX_SAMPLES + 1];
	static uint8_t in[2000];
	unsigned seed = 7;

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_codec *c = sr_codec_find(codecs[i].f.id);
		void *state;

		if (c == NULL)
			continue;
		CHECK_EQ(c->open(&state, &codecs[i].f), SR_OK);
		out[SR_MAX_SAMPLES] = 0x5555;
		for (int k = 0; k < 300; k++) {
			size_t len = (size_t)rand_r(&seed) %
			    (k % 2 ? 80 : sizeof(in)), n = 77;
			int err;

			for (size_t j = 0; j < len; j++)
				in[j] = (uint8_t)rand_r(&seed);
			err = c->decode(state, guarded(in, len), out, &n);
			CHECK(err == SR_OK ? n > 0 : err == SR_EBAD && n == 0);
			CHECK(n <= SR_MAX_SAMPLES);
			CHECK_EQ(out[SR_MAX_SAMPLES], 0x5555);
		}
		c->close(state);
	}
}

TEST(codec_encoders_refuse_parts_of_a_frame_and_a_full_buffer)
{
	static int16_t in[1000];

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_codec *c = sr_codec_find(codecs[i].f.id);
		struct sr_buf b;
		void *state;

		if (c == NULL)
			continue;
		sr_buf_init(&b, 4096);
		CHECK_EQ(c->open(&state, &codecs[i].f), SR_OK);
		if (codecs[i].f.id > SR_CODEC_L16)
			CHECK_EQ(c->encode(state, in, 161, &b), SR_EBAD);
		CHECK_EQ(b.n, 0);
		b.max = 0;
		CHECK_EQ(c->encode(state, in, 960, &b), SR_ELIMIT);
		c->close(state);
		sr_buf_free(&b);
	}
}

TEST(codec_g726_fills_bytes_from_the_end_that_its_name_says)
{
	static const struct sr_format rfc = FORMAT(SR_CODEC_G726_32,
	    "G726-32", "", 8000), aal2 = FORMAT(SR_CODEC_G726_32,
	    "AAL2-G726-32", "", 8000);
	const struct sr_codec *c = sr_codec_find(SR_CODEC_G726_32);
	int16_t in[160];
	struct sr_buf a, b;
	void *one, *two;

	if (c == NULL)
		return;
	voice(in, 160, 8000, 1);
	sr_buf_init(&a, 100);
	sr_buf_init(&b, 100);
	CHECK_EQ(c->open(&one, &rfc), SR_OK);
	CHECK_EQ(c->open(&two, &aal2), SR_OK);
	CHECK_EQ(c->encode(one, in, 160, &a), SR_OK);
	CHECK_EQ(c->encode(two, in, 160, &b), SR_OK);
	for (size_t i = 0; i < 80; i++) {
		uint8_t v = (uint8_t)a.p[i];

		CHECK_EQ((uint8_t)b.p[i], (uint8_t)(v << 4 | v >> 4));
	}
	c->close(one);
	c->close(two);
	sr_buf_free(&a);
	sr_buf_free(&b);
}

TEST(codec_g729_takes_a_noise_frame_at_the_end_and_alone)
{
	static const struct sr_format f = FORMAT(SR_CODEC_G729, "G729", "",
	    8000);
	const struct sr_codec *c = sr_codec_find(SR_CODEC_G729);
	int16_t out[SR_MAX_SAMPLES];
	static const char v[22];
	void *state;
	size_t n;

	if (c == NULL)
		return;
	CHECK_EQ(c->open(&state, &f), SR_OK);
	CHECK_EQ(c->decode(state, guarded(v, 22), out, &n), SR_OK);
	CHECK_EQ(n, 240);
	CHECK_EQ(c->decode(state, guarded(v, 2), out, &n), SR_OK);
	CHECK_EQ(n, 80);
	CHECK_EQ(c->decode(state, guarded(v, 15), out, &n), SR_EBAD);
	c->close(state);
}

TEST(codec_amr_takes_silence_and_refuses_what_is_reserved)
{
	static const struct sr_format be = FORMAT(SR_CODEC_AMR, "AMR", "",
	    8000), oa = FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "octet-align=1",
	    16000);
	/* CMR 15, no data; and a SID frame (FT 9 of AMR-WB: 5 bytes). */
	static const uint8_t nodata[] = { 0xf7, 0xc0 };
	static const uint8_t sid[] = { 0xf0, 0x4c, 1, 2, 3, 4, 5 };
	static const uint8_t reserved[] = { 0xf5, 0x40, 0, 0, 0, 0, 0, 0 };
	const struct sr_codec *c = sr_codec_find(SR_CODEC_AMR);
	int16_t out[SR_MAX_SAMPLES];
	void *state;
	size_t n;

	if (c == NULL)
		return;
	CHECK_EQ(c->open(&state, &be), SR_OK);
	CHECK_EQ(c->decode(state, guarded(nodata, 2), out, &n), SR_OK);
	CHECK_EQ(n, 160);
	CHECK_EQ(c->decode(state, guarded(reserved, 8), out, &n), SR_EBAD);
	c->close(state);
	c = sr_codec_find(SR_CODEC_AMR_WB);
	CHECK_EQ(c->open(&state, &oa), SR_OK);
	CHECK_EQ(c->decode(state, guarded(sid, 7), out, &n), SR_OK);
	CHECK_EQ(n, 320);
	CHECK_EQ(c->decode(state, guarded(sid, 6), out, &n), SR_EBAD);
	c->close(state);
}

TEST(codec_amr_options_that_reorder_or_protect_are_not_spoken)
{
	static const struct sr_format v[] = {
		FORMAT(SR_CODEC_AMR, "AMR", "octet-align=1; crc=1", 8000),
		FORMAT(SR_CODEC_AMR, "AMR", "robust-sorting=1", 8000),
		FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "interleaving=30", 16000),
	}, fine = FORMAT(SR_CODEC_AMR, "AMR", "crc=0;robust-sorting=0", 8000);
	const struct sr_codec *c = sr_codec_find(SR_CODEC_AMR);
	void *state;

	if (c == NULL)
		return;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(c->open(&state, &v[i]), SR_EUNSUP);
	CHECK_EQ(c->open(&state, &fine), SR_OK);
	c->close(state);
}

TEST(codec_opus_has_two_channels_only_where_its_parameters_say_so)
{
	struct sr_format f = FORMAT(SR_CODEC_OPUS, "opus", "", 48000);

	f.channels = 2;
	CHECK_EQ(sr_codec_channels(&f), 1);
	f.fmtp = sr_cstr("useinbandfec=1; sprop-stereo=1");
	CHECK_EQ(sr_codec_channels(&f), 2);
	f.fmtp = sr_cstr("stereo=0;maxplaybackrate=16000");
	CHECK_EQ(sr_codec_channels(&f), 1);
	CHECK_EQ(sr_codec_rate(&f), 48000);
}

TEST(codec_signals_are_no_codecs)
{
	CHECK(sr_codec_find(SR_CODEC_CN) == NULL);
	CHECK(sr_codec_find(SR_CODEC_UNKNOWN) == NULL);
	CHECK(sr_codec_missing(SR_CODEC_RED) == NULL);
	CHECK(sr_codec_missing(SR_CODEC_PCMU) == NULL);
}

/* ---- several threads ---- */

enum { THREADS = 3, ROUNDS = 3 };

/* A hash of all that every codec makes of the voice, and back. */
static uint64_t
work(void)
{
	int16_t *in = calloc(SR_MAX_SAMPLES, 2);
	int16_t *out = calloc(SR_MAX_SAMPLES, 2);
	uint64_t sum = 0;

	for (size_t i = 0; i < CODECS; i++) {
		const struct sr_format *f = &codecs[i].f;
		const struct sr_codec *c = sr_codec_find(f->id);
		uint8_t channels = sr_codec_channels(f);
		uint32_t rate = sr_codec_rate(f);
		size_t step = rate / PACKETS * channels, n;
		struct sr_buf b;
		void *state;

		if (c == NULL || c->open(&state, f) != SR_OK)
			continue;
		voice(in, rate / 10, rate, channels);
		sr_buf_init(&b, 4096);
		for (size_t k = 0; k < 5; k++) {
			b.n = 0;
			c->encode(state, in + k * step, step, &b);
			c->decode(state, sr_buf_str(&b), out, &n);
			sum = sum * 31 + sr_hash(out, n * sizeof(*out));
		}
		sr_buf_free(&b);
		c->close(state);
	}
	free(in);
	free(out);
	return sum;
}

static void *
thread(void *arg)
{
	for (int i = 0; i < ROUNDS; i++)
		((uint64_t *)arg)[i] = work();
	return NULL;
}

TEST(codec_states_on_several_threads_do_not_disturb_each_other)
{
	uint64_t alone = work(), sums[THREADS][ROUNDS];
	pthread_t id[THREADS];

	for (int i = 0; i < THREADS; i++)
		CHECK_EQ(pthread_create(&id[i], NULL, thread, sums[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		CHECK_EQ(pthread_join(id[i], NULL), 0);
		for (int k = 0; k < ROUNDS; k++)
			CHECK(sums[i][k] == alone);
	}
}
