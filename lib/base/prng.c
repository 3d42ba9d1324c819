/* prng - xoshiro256**, by Blackman and Vigna; seeded by splitmix64. */
#include "siprec/base.h"

#include <string.h>

static uint64_t
rotate(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

void
sr_prng_init(struct sr_prng *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		r->s[i] = z ^ z >> 31;
	}
}

uint64_t
sr_prng_next(struct sr_prng *r)
{
	uint64_t *s = r->s, out = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return out;
}

double
sr_prng_real(struct sr_prng *r)
{
	return (double)(sr_prng_next(r) >> 11) * 0x1p-53;
}

void
sr_prng_fill(struct sr_prng *r, uint8_t *out, size_t n)
{
	while (n > 0) {
		uint64_t v = sr_prng_next(r);
		size_t k = n < sizeof(v) ? n : sizeof(v);

		memcpy(out, &v, k);
		out += k;
		n -= k;
	}
}
