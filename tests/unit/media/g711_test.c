/* Claims about lib/media/g711.c. */
#include "unit/test.h"

#include "siprec/media.h"

TEST(g711_tables_hold_the_corner_values_of_the_recommendation)
{
	CHECK_EQ(sr_ulaw_pcm[0x00], -32124);
	CHECK_EQ(sr_ulaw_pcm[0x80], 32124);
	CHECK_EQ(sr_ulaw_pcm[0xff], 0);
	CHECK_EQ(sr_ulaw_pcm[0x7f], 0);
	CHECK_EQ(sr_ulaw_pcm[0xfe], 8);
	CHECK_EQ(sr_ulaw_pcm[0x8f], 16764);
	CHECK_EQ(sr_alaw_pcm[0xd5], 8);
	CHECK_EQ(sr_alaw_pcm[0x55], -8);
	CHECK_EQ(sr_alaw_pcm[0xaa], 32256);
	CHECK_EQ(sr_alaw_pcm[0x2a], -32256);
	CHECK_EQ(sr_alaw_pcm[0x80], 5504);
}

TEST(g711_every_byte_survives_decoding_and_encoding)
{
	for (int i = 0; i < 256; i++) {
		/* mu-law has two zeros; the positive one is sent. */
		CHECK_EQ(sr_pcm_ulaw(sr_ulaw_pcm[i]), i == 0x7f ? 0xff : i);
		CHECK_EQ(sr_pcm_alaw(sr_alaw_pcm[i]), i);
	}
}

/* The other way round: the decision values lie between the levels, so what is
 * decoded is never further away than half of the widest step of its segment. */
TEST(g711_every_sample_goes_to_its_nearest_level)
{
	for (int v = INT16_MIN; v <= INT16_MAX; v++) {
		int size = abs(v), step = 8, u, a;

		while (step < 1024 && size + 132 >= 32 * step)
			step *= 2;
		u = sr_ulaw_pcm[sr_pcm_ulaw((int16_t)v)];
		if (size < 32124)
			CHECK(abs(u - v) <= step / 2);
		step = 16;
		while (step < 1024 && size >= 32 * step)
			step *= 2;
		a = sr_alaw_pcm[sr_pcm_alaw((int16_t)v)];
		if (size < 32256)
			CHECK(abs(a - v) <= step / 2);
		CHECK(size == 0 || u == 0 || (u < 0) == (v < 0));
		CHECK(size == 0 || (a < 0) == (v < 0));
	}
	CHECK_EQ(sr_pcm_ulaw(INT16_MIN), 0x00);
	CHECK_EQ(sr_pcm_ulaw(INT16_MAX), 0x80);
	CHECK_EQ(sr_pcm_alaw(INT16_MIN), 0x2a);
	CHECK_EQ(sr_pcm_alaw(INT16_MAX), 0xaa);
}

TEST(g711_decodes_a_payload_byte_by_byte_and_needs_no_state)
{
	static const uint8_t v[] = { 0x00, 0x80, 0xff, 0xd5 };
	struct sr_format f = { .id = SR_CODEC_PCMU, .clock = 8000 };
	const struct sr_codec *c = sr_codec_find(SR_CODEC_PCMU);
	int16_t out[SR_MAX_SAMPLES];
	void *state = out;
	size_t n;

	CHECK_EQ(c->open(&state, &f), SR_OK);
	CHECK(state == NULL);
	CHECK_EQ(c->decode(NULL, guarded(v, 4), out, &n), SR_OK);
	CHECK_EQ(n, 4);
	CHECK_EQ(out[0], -32124);
	CHECK_EQ(out[3], sr_ulaw_pcm[0xd5]);
	c = sr_codec_find(SR_CODEC_PCMA);
	CHECK_EQ(c->decode(NULL, guarded(v, 4), out, &n), SR_OK);
	CHECK_EQ(out[3], 8);
	CHECK_EQ(c->decode(NULL, guarded(v, 0), out, &n), SR_EBAD);
	CHECK_EQ(n, 0);
}

TEST(l16_is_network_order_and_gives_only_whole_frames)
{
	static const uint8_t v[] = { 0x12, 0x34, 0xff, 0xfe, 0x80, 0x00, 0x7f };
	struct sr_format f = { .id = SR_CODEC_L16, .clock = 44100,
	    .channels = 2 };
	const struct sr_codec *c = sr_codec_find(SR_CODEC_L16);
	int16_t out[SR_MAX_SAMPLES];
	struct sr_buf b;
	void *state;
	size_t n;

	CHECK_EQ(c->open(&state, &f), SR_OK);
	CHECK_EQ(c->decode(state, guarded(v, 7), out, &n), SR_OK);
	CHECK_EQ(n, 2);
	CHECK_EQ(out[0], 0x1234);
	CHECK_EQ(out[1], -2);
	CHECK_EQ(c->decode(state, guarded(v, 3), out, &n), SR_EBAD);
	c->close(state);
	f.channels = 1;
	CHECK_EQ(c->open(&state, &f), SR_OK);
	CHECK_EQ(c->decode(state, guarded(v, 7), out, &n), SR_OK);
	CHECK_EQ(n, 3);
	CHECK_EQ(out[2], INT16_MIN);
	sr_buf_init(&b, 100);
	CHECK_EQ(c->encode(state, out, 3, &b), SR_OK);
	CHECK_EQ(b.n, 6);
	CHECK(memcmp(b.p, v, 6) == 0);
	sr_buf_free(&b);
	c->close(state);
	f.clock = 96000;
	CHECK_EQ(c->open(&state, &f), SR_EUNSUP);
}

TEST(g711_a_payload_of_any_size_gives_at_most_the_maximum)
{
	static int16_t out[SR_MAX_SAMPLES];
	static char in[65535];
	struct sr_format f = { .id = SR_CODEC_L16, .clock = 48000 };
	const struct sr_codec *c = sr_codec_find(SR_CODEC_PCMU);
	void *state;
	size_t n;

	CHECK_EQ(c->decode(NULL, guarded(in, sizeof(in)), out, &n), SR_OK);
	CHECK_EQ(n, SR_MAX_SAMPLES);
	c = sr_codec_find(SR_CODEC_L16);
	CHECK_EQ(c->open(&state, &f), SR_OK);
	CHECK_EQ(c->decode(state, guarded(in, sizeof(in)), out, &n), SR_OK);
	CHECK_EQ(n, SR_MAX_SAMPLES);
}

TEST(g711_decoding_is_the_table_whatever_the_length)
{
	const struct sr_codec *u = sr_codec_find(SR_CODEC_PCMU);
	const struct sr_codec *a = sr_codec_find(SR_CODEC_PCMA);
	static int16_t out[SR_MAX_SAMPLES];
	uint8_t in[300];
	size_t n;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 7 + 3);
	for (size_t len = 1; len <= sizeof(in); len++) {
		CHECK_EQ(u->decode(NULL, guarded(in, len), out, &n), SR_OK);
		CHECK_EQ(n, len);
		for (size_t i = 0; i < len; i++)
			CHECK_EQ(out[i], sr_ulaw_pcm[in[i]]);
		CHECK_EQ(a->decode(NULL, guarded(in, len), out, &n), SR_OK);
		for (size_t i = 0; i < len; i++)
			CHECK_EQ(out[i], sr_alaw_pcm[in[i]]);
	}
}
