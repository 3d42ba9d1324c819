/* signal - sounds that tell leg, second and sample, and survive G.711.
 *
 * Second n (mod 20) of leg k is 0.6 s of a tone of its own and 0.4 s of rest,
 * as a person can hear; the two lowest bits of every code are chance, so that
 * no stretch of a stream is found anywhere else.  Whatever is sent is a code,
 * and what a code means is written in G.711: nothing is rounded on the way. */
#include "mkcap/mkcap.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 8000, SECONDS = 20, LEGS = 4, CODES = RATE * SECONDS };

int16_t ulaw_of[256], alaw_of[256];
static uint8_t tone[2][LEGS][CODES];

uint64_t
mix64(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t
chance_next(struct chance *c)
{
	return mix64(c->s++);
}

double
chance_unit(struct chance *c)
{
	return (double)(chance_next(c) >> 11) / 9007199254740992.0;
}

int64_t
chance_us(struct chance *c, int64_t below)
{
	int64_t n = below / US_SAMPLE;

	return n < 1 ? 0 :
	    (int64_t)(chance_next(c) % (uint64_t)n) * US_SAMPLE;
}

/* ITU-T G.711: sign, segment, step; 16-bit scale. */
static int16_t
ulaw(uint8_t code)
{
	int v = ~code & 0xff;
	int m = (((v & 15) << 3) + 132) << (v >> 4 & 7);

	return (int16_t)(v & 0x80 ? 132 - m : m - 132);
}

static int16_t
alaw(uint8_t code)
{
	int v = code ^ 0x55, segment = v >> 4 & 7;
	int m = (v & 15) << 4 | 8;

	if (segment > 0)
		m = (m | 0x100) << (segment - 1);
	return (int16_t)(v & 0x80 ? m : -m);
}

/* The code nearest to v, found by looking at all of them. */
static uint8_t
nearest(const int16_t *table, int v)
{
	int i, best = 0;

	for (i = 1; i < 256; i++)
		if (abs(table[i] - v) < abs(table[best] - v))
			best = i;
	return (uint8_t)best;
}

static double
pitch(int leg, int second)
{
	static const int base[LEGS] = { 400, 1600, 2800, 200 };

	return base[leg] + (leg == 3 ? 10 : 50) * second;
}

void
signal_init(void)
{
	static uint8_t code[2][16001];		/* of -8000 ... 8000 */
	int law, leg, i;

	for (i = 0; i < 256; i++) {
		ulaw_of[i] = ulaw((uint8_t)i);
		alaw_of[i] = alaw((uint8_t)i);
	}
	for (i = -8000; i <= 8000; i++) {
		code[0][i + 8000] = nearest(ulaw_of, i);
		code[1][i + 8000] = nearest(alaw_of, i);
	}
	for (leg = 0; leg < LEGS; leg++)
		for (i = 0; i < CODES; i++) {
			double w = 2 * M_PI * pitch(leg, i / RATE) / RATE;
			bool rest = i % RATE >= RATE * 6 / 10;
			int v = rest ? 0 : (int)(8000 * sin(w * (i % RATE)));

			for (law = 0; law < 2; law++)
				tone[law][leg][i] = code[law][v + 8000];
		}
}

void
signal_codes(uint64_t key, unsigned k, bool a, uint64_t at, uint8_t *out,
    size_t n)
{
	const uint8_t *t = tone[a][k % LEGS];
	uint64_t x = mix64(key ^ mix64(at)) | 1, word;
	size_t i;

	for (i = 0; i < n; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(&word, t + (at + i) % CODES, 8);
		word ^= x & 0x0303030303030303u;
		memcpy(out + i, &word, 8);
	}
}
