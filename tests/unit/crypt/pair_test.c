/* Claims about lib/crypt/pair.c, judged by libcrypto. */
#include "unit/test.h"

#include "siprec/crypt.h"

static const struct sr_crypto *const C = &sr_crypto_full;

static uint8_t bytes[2][1000];

static void
fill(void)
{
	for (size_t i = 0; i < sizeof(bytes[0]); i++) {
		bytes[0][i] = (uint8_t)(7 * i + i / 64);
		bytes[1][i] = (uint8_t)(13 * i + i / 100);
	}
}

/* The first n of a copy that ends where nothing can be read. */
static struct sr_str
piece(int i, size_t from, size_t n)
{
	return guarded(bytes[i] + from, n);
}

/* Both as a whole, or each in pieces of a length of its own. */
static void
compare(size_t na, size_t nb, size_t step_a, size_t step_b)
{
	uint8_t got[2][32], want[32];
	void *p = C->pair_begin();
	size_t a = 0, b = 0;

	if (p == NULL)
		return;			/* the processor cannot */
	while (a < na || b < nb) {
		size_t ka = na - a < step_a ? na - a : step_a;
		size_t kb = nb - b < step_b ? nb - b : step_b;

		C->pair_update(p, piece(0, a, ka), piece(1, b, kb));
		a += ka;
		b += kb;
	}
	C->pair_end(p, got[0], got[1]);
	C->hash(SR_SHA256, (struct sr_str){ (char *)bytes[0], na }, want);
	CHECK(memcmp(want, got[0], 32) == 0);
	C->hash(SR_SHA256, (struct sr_str){ (char *)bytes[1], nb }, want);
	CHECK(memcmp(want, got[1], 32) == 0);
}

TEST(pair_is_there_exactly_where_the_processor_has_it)
{
	void *p = C->pair_begin();
	uint8_t a[32], b[32];

#if defined(__x86_64__) && defined(__GNUC__)
	unsigned leaf = 7, found, sub = 0, c, d;

	__asm__("cpuid" : "+a"(leaf), "=b"(found), "+c"(sub), "=d"(d));
	c = found >> 29 & 1;
	CHECK_EQ(p != NULL, c == 1);
#else
	CHECK(p == NULL);
#endif
	if (p != NULL)
		C->pair_end(p, a, b);
}

TEST(pair_agrees_with_one_by_one_at_every_length)
{
	fill();
	for (size_t n = 0; n < 200; n++) {
		compare(n, n, 1000, 1000);
		compare(n, 199 - n, 1000, 1000);
	}
	compare(1000, 1000, 1000, 1000);
}

TEST(pair_takes_any_pieces)
{
	fill();
	for (size_t step = 1; step < 140; step += 3) {
		compare(1000, 1000, step, step);
		compare(1000, 517, step, 64);
		compare(3, 1000, 1, step);
		compare(1000, 0, step, 1);
	}
}
