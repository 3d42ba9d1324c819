/* g711 - PCMU, PCMA and L16: codecs without memory. */
#include "siprec/media.h"

#include <stdlib.h>

#include "media/priv.h"

#ifdef __x86_64__
#include <immintrin.h>
#define WIDE __attribute__((target("avx2")))
#endif

/* ITU-T G.711, tables 1a to 2b, scaled to 16 bits: sign, 3 bits of segment,
 * 4 bits within it.  mu-law is sent inverted, with a bias of 33 * 4; A-law with
 * every other bit inverted. */
#define BIAS 132
#define U_SIZE(u)							\
	((((((u) & 0x0f) << 3) + BIAS) << (((u) & 0x70) >> 4)) - BIAS)
#define U(c) ((c) & 0x80 ? U_SIZE(~(c)) : -U_SIZE(~(c)))
#define A_SIZE(a)							\
	(((((a) & 0x0f) << 4) + ((a) & 0x70 ? 0x108 : 0x008)) <<	\
	((a) & 0x70 ? (((a) & 0x70) >> 4) - 1 : 0))
#define A(c) ((c) & 0x80 ? A_SIZE((c) ^ 0x55) : -A_SIZE((c) ^ 0x55))
#define BY4(law, c) law(c), law((c) + 1), law((c) + 2), law((c) + 3)
#define BY16(law, c)							\
	BY4(law, c), BY4(law, (c) + 4), BY4(law, (c) + 8), BY4(law, (c) + 12)
#define BY64(law, c)							\
	BY16(law, c), BY16(law, (c) + 16), BY16(law, (c) + 32),		\
	BY16(law, (c) + 48)

const int16_t sr_ulaw_pcm[256] = {
	BY64(U, 0), BY64(U, 64), BY64(U, 128), BY64(U, 192)
};
const int16_t sr_alaw_pcm[256] = {
	BY64(A, 0), BY64(A, 64), BY64(A, 128), BY64(A, 192)
};

/* The segment of a size: how far its highest bit stands above bit 7. */
static int
segment(int size)
{
	return 24 - __builtin_clz((unsigned)size | 0xff);
}

uint8_t
sr_pcm_ulaw(int16_t v)
{
	int size = abs(v) + BIAS;
	int seg = segment(size);
	int code = seg > 7 ? 0x7f : seg << 4 | (size >> (seg + 3) & 0x0f);

	return (uint8_t)(code ^ (v < 0 ? 0x7f : 0xff));
}

uint8_t
sr_pcm_alaw(int16_t v)
{
	int size = v < 0 ? ~v : v;
	int seg = segment(size);
	int code = seg << 4 | (size >> (seg > 0 ? seg + 3 : 4) & 0x0f);

	return (uint8_t)(code ^ (v < 0 ? 0x55 : 0xd5));
}

/* Samples of two channels lie side by side (RFC 3551 4.1): the tables do not
 * care. */
static int
open_law(void **state, const struct sr_format *f)
{
	*state = NULL;
	return f->channels > 2 ? SR_EUNSUP : SR_OK;
}

/* Sixteen samples at a time, by the formulas above, where the processor has
 * AVX2; how many were done.  A shift by the segment is a multiplication by a
 * power that a shuffle looks up.  The tables do the rest. */
#ifdef WIDE
WIDE static size_t
wide(bool ulaw, const uint8_t *in, size_t n, int16_t *out)
{
	const __m256i bias = _mm256_set1_epi16(BIAS);
	const __m256i by_u = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 2, 4,
	    8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0));
	const __m256i by_a = _mm256_broadcastsi128_si256(_mm_setr_epi8(1, 1, 2,
	    4, 8, 16, 32, 64, 0, 0, 0, 0, 0, 0, 0, 0));
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m256i c = _mm256_xor_si256(_mm256_cvtepu8_epi16(
		    _mm_loadu_si128((const __m128i *)(const void *)(in + i))),
		    _mm256_set1_epi16(ulaw ? 0xff : 0x55 ^ 0x80));
		__m256i seg = _mm256_and_si256(_mm256_srli_epi16(c, 4),
		    _mm256_set1_epi16(7));
		__m256i by = _mm256_and_si256(_mm256_shuffle_epi8(ulaw ? by_u :
		    by_a, seg), _mm256_set1_epi16(0xff));
		__m256i low = _mm256_and_si256(c, _mm256_set1_epi16(0x0f));
		__m256i sign = _mm256_srai_epi16(_mm256_slli_epi16(c, 8), 15);
		__m256i size;

		if (ulaw) {
			size = _mm256_add_epi16(_mm256_slli_epi16(low, 3),
			    bias);
			size = _mm256_sub_epi16(_mm256_mullo_epi16(size, by),
			    bias);
		} else {
			size = _mm256_add_epi16(_mm256_slli_epi16(low, 4),
			    _mm256_set1_epi16(0x008));
			size = _mm256_add_epi16(size, _mm256_and_si256(
			    _mm256_cmpgt_epi16(seg, _mm256_setzero_si256()),
			    _mm256_set1_epi16(0x100)));
			size = _mm256_mullo_epi16(size, by);
		}
		_mm256_storeu_si256((__m256i *)(void *)(out + i),
		    _mm256_sub_epi16(_mm256_xor_si256(size, sign), sign));
	}
	return i;
}
#endif

static int
expand(bool ulaw, struct sr_str in, int16_t *out, size_t *n)
{
	const int16_t *law = ulaw ? sr_ulaw_pcm : sr_alaw_pcm;
	const uint8_t *p = (const uint8_t *)in.p;
	size_t i = 0, all = in.n < SR_MAX_SAMPLES ? in.n : SR_MAX_SAMPLES;

#ifdef WIDE
	if (__builtin_cpu_supports("avx2"))
		i = ulaw ? wide(true, p, all, out) : wide(false, p, all, out);
#endif
	for (; i < all; i++)
		out[i] = law[p[i]];
	*n = all;
	return all > 0 ? SR_OK : SR_EBAD;
}

static int
ulaw_decode(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	(void)state;
	return expand(true, in, out, n);
}

static int
alaw_decode(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	(void)state;
	return expand(false, in, out, n);
}

static int
compress(uint8_t (*law)(int16_t), const int16_t *in, size_t n,
    struct sr_buf *out)
{
	int err;

	if ((err = sr_buf_reserve(out, n)) != SR_OK)
		return err;
	for (size_t i = 0; i < n; i++)
		out->p[out->n++] = (char)law(in[i]);
	return SR_OK;
}

static int
ulaw_encode(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	(void)state;
	return compress(sr_pcm_ulaw, in, n, out);
}

static int
alaw_encode(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	(void)state;
	return compress(sr_pcm_alaw, in, n, out);
}

/* RFC 3551 4.5.11: network order, the channels of a frame side by side.  The
 * state is only their number, so that no frame is ever cut in two. */
static int
l16_open(void **state, const struct sr_format *f)
{
	if (f->channels > 2 || f->clock < 8000 || f->clock > 48000)
		return SR_EUNSUP;
	*state = (void *)(uintptr_t)sr_codec_channels(f);
	return SR_OK;
}

static int
l16_decode(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	const uint8_t *p = (const uint8_t *)in.p;

	*n = in.n / 2 < SR_MAX_SAMPLES ? in.n / 2 : SR_MAX_SAMPLES;
	*n -= *n % (uintptr_t)state;
	for (size_t i = 0; i < *n; i++)
		out[i] = (int16_t)(p[2 * i] << 8 | p[2 * i + 1]);
	return *n > 0 ? SR_OK : SR_EBAD;
}

static int
l16_encode(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	int err;

	(void)state;
	if ((err = sr_buf_reserve(out, 2 * n)) != SR_OK)
		return err;
	for (size_t i = 0; i < n; i++) {
		out->p[out->n++] = (char)(in[i] >> 8);
		out->p[out->n++] = (char)in[i];
	}
	return SR_OK;
}

static void
close_nothing(void *state)
{
	(void)state;
}

const struct sr_codec sr_codec_pcmu = {
	.id = SR_CODEC_PCMU, .name = "PCMU", .open = open_law,
	.decode = ulaw_decode, .encode = ulaw_encode, .close = close_nothing,
};
const struct sr_codec sr_codec_pcma = {
	.id = SR_CODEC_PCMA, .name = "PCMA", .open = open_law,
	.decode = alaw_decode, .encode = alaw_encode, .close = close_nothing,
};
const struct sr_codec sr_codec_l16 = {
	.id = SR_CODEC_L16, .name = "L16", .open = l16_open,
	.decode = l16_decode, .encode = l16_encode, .close = close_nothing,
};
