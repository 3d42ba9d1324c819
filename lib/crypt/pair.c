/* pair - SHA-256 (FIPS 180-4) of two inputs side by side.
 *
 * Each round waits for the one before, so the SHA instructions of x86 are idle
 * half of the time: a second input, in between, costs little.  libcrypto does
 * not offer that.  A recording has two streams, mostly, and their digests take
 * longer than their decoding. */
#include "crypt/priv.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#define WIDE __attribute__((target("sha,sse4.1")))
#define INLINE WIDE __attribute__((always_inline)) static inline

enum { BLOCK = 64 };

struct side {
	uint32_t h[8];
	uint8_t part[BLOCK];		/* n bytes of a block not yet whole */
	size_t n;
	uint64_t all;			/* bytes so far */
};
struct pair {
	struct side side[2];
};

static const uint32_t first[8] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
};
_Alignas(16) static const uint32_t constant[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

/* The working variables as the instructions want them, and sixteen words of
 * the message schedule. */
struct lane {
	__m128i abef, cdgh, w[4];
};

INLINE __m128i
at(const void *p)
{
	return _mm_loadu_si128(p);
}

INLINE void
open_lane(struct lane *l, const uint32_t h[8])
{
	__m128i cdab = _mm_shuffle_epi32(at(h), 0xb1);
	__m128i efgh = _mm_shuffle_epi32(at(h + 4), 0x1b);

	l->abef = _mm_alignr_epi8(cdab, efgh, 8);
	l->cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);
}

INLINE void
close_lane(const struct lane *l, uint32_t h[8])
{
	__m128i feba = _mm_shuffle_epi32(l->abef, 0x1b);
	__m128i dchg = _mm_shuffle_epi32(l->cdgh, 0xb1);

	_mm_storeu_si128((void *)h, _mm_blend_epi16(feba, dchg, 0xf0));
	_mm_storeu_si128((void *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

INLINE void
read_block(struct lane *l, const uint8_t *p)
{
	const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5,
	    6, 7, 0, 1, 2, 3);

	for (int i = 0; i < 4; i++)
		l->w[i] = _mm_shuffle_epi8(at(p + 16 * i), swap);
}

/* Four rounds, and the words of the schedule that take the place of those
 * just used; the last sixteen rounds need no more. */
INLINE void
rounds(struct lane *l, int i)
{
	__m128i *w = &l->w[i & 3], b = l->w[(i + 1) & 3];
	__m128i c = l->w[(i + 2) & 3], d = l->w[(i + 3) & 3];
	__m128i k = _mm_add_epi32(*w, at(constant + 4 * i));

	l->cdgh = _mm_sha256rnds2_epu32(l->cdgh, l->abef, k);
	l->abef = _mm_sha256rnds2_epu32(l->abef, l->cdgh,
	    _mm_shuffle_epi32(k, 0x0e));
	if (i < 12)
		*w = _mm_sha256msg2_epu32(_mm_add_epi32(
		    _mm_sha256msg1_epu32(*w, b), _mm_alignr_epi8(d, c, 4)), d);
}

INLINE void
add(struct lane *l, const struct lane *before)
{
	l->abef = _mm_add_epi32(l->abef, before->abef);
	l->cdgh = _mm_add_epi32(l->cdgh, before->cdgh);
}

WIDE static void
blocks(uint32_t *ha, const uint8_t *a, uint32_t *hb, const uint8_t *b,
    size_t n)
{
	struct lane x, y, x0, y0;

	open_lane(&x, ha);
	open_lane(&y, hb);
	for (; n > 0; n--, a += BLOCK, b += BLOCK) {
		x0 = x;
		y0 = y;
		read_block(&x, a);
		read_block(&y, b);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			rounds(&x, i);
			rounds(&y, i);
		}
		add(&x, &x0);
		add(&y, &y0);
	}
	close_lane(&x, ha);
	close_lane(&y, hb);
}

static bool
is_wide(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0 &&
	    __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0;
}

/* One alone: what its companion does is forgotten. */
static void
lone(struct side *s, const uint8_t *p, size_t n)
{
	uint32_t nobody[8] = { 0 };

	blocks(s->h, p, nobody, p, n);
}

static void
cut(struct sr_str *s, size_t n)
{
	if (n > 0)
		s->p += n;
	s->n -= n;
}

/* Into the block that is not whole; done with it when it is. */
static void
fill(struct side *s, struct sr_str *in)
{
	size_t n = BLOCK - s->n < in->n ? BLOCK - s->n : in->n;

	if (n > 0)
		memcpy(s->part + s->n, in->p, n);
	s->n += n;
	cut(in, n);
	if (s->n == BLOCK) {
		lone(s, s->part, 1);
		s->n = 0;
	}
}

static void
put(struct side *s, struct sr_str in)
{
	size_t n;

	if (s->n > 0)
		fill(s, &in);
	if ((n = in.n / BLOCK) > 0)
		lone(s, (const uint8_t *)in.p, n);
	cut(&in, n * BLOCK);
	fill(s, &in);
}

static void
finish(struct side *s, uint8_t out[32])
{
	static const char zeros[BLOCK];
	char bits[8];
	uint64_t all = 8 * s->all;

	for (int i = 0; i < 8; i++)
		bits[i] = (char)(all >> (56 - 8 * i));
	put(s, SR_STR("\x80"));
	put(s, (struct sr_str){ zeros, (2 * BLOCK - 8 - s->n) % BLOCK });
	put(s, (struct sr_str){ bits, sizeof(bits) });
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void *
pair_begin(void)
{
	struct pair *p = is_wide() ? sr_zalloc(sizeof(*p)) : NULL;

	if (p != NULL) {
		memcpy(p->side[0].h, first, sizeof(first));
		memcpy(p->side[1].h, first, sizeof(first));
	}
	return p;
}

void
pair_update(void *state, struct sr_str a, struct sr_str b)
{
	struct side *x = &((struct pair *)state)->side[0], *y = x + 1;
	size_t n;

	x->all += a.n;
	y->all += b.n;
	if (x->n > 0)
		fill(x, &a);
	if (y->n > 0)
		fill(y, &b);
	if ((n = (a.n < b.n ? a.n : b.n) / BLOCK) > 0)
		blocks(x->h, (const uint8_t *)a.p, y->h, (const uint8_t *)b.p,
		    n);
	cut(&a, n * BLOCK);
	cut(&b, n * BLOCK);
	put(x, a);
	put(y, b);
}

void
pair_end(void *state, uint8_t *a, uint8_t *b)
{
	struct pair *p = state;

	finish(&p->side[0], a);
	finish(&p->side[1], b);
	free(p);
}
#else
void *
pair_begin(void)
{
	return NULL;
}

void
pair_update(void *state, struct sr_str a, struct sr_str b)
{
	(void)state, (void)a, (void)b;
}

void
pair_end(void *state, uint8_t *a, uint8_t *b)
{
	(void)state, (void)a, (void)b;
}
#endif
