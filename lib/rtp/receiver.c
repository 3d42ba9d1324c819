/* receiver - RTCP of one who only listens: RR, SDES, BYE. */
#include "siprec/rtp.h"

#include <string.h>

#define INTERVAL (5 * SR_SEC)

/* RFC 3550 6.3.1: between half and one and a half of it, and shorter by the
 * compensation for reconsideration. */
static sr_time
wait(struct sr_receiver *r, sr_time interval)
{
	double t = (double)(interval > 0 ? interval : INTERVAL);

	return (sr_time)(t * (0.5 + sr_prng_real(&r->prng)) / 1.21828);
}

void
sr_receiver_init(struct sr_receiver *r, uint64_t seed, sr_time now,
    sr_time interval)
{
	*r = (struct sr_receiver){ .ssrc = 0 };
	sr_prng_init(&r->prng, seed);
	r->ssrc = (uint32_t)sr_prng_next(&r->prng);
	r->due = now + wait(r, interval) / 2;
}

static uint8_t *
put(uint8_t *p, uint64_t v, int n)
{
	for (int i = n; i-- > 0; v >>= 8)
		p[i] = (uint8_t)v;
	return p + n;
}

/* Of 256, since the report before; nothing where copies make it negative. */
static uint8_t
fraction(struct sr_receiver *r, const struct sr_reception *h)
{
	uint64_t expected = h->expected - r->expected;
	int64_t lost = (int64_t)expected - (int64_t)(h->received -
	    r->received);

	/* A new source begins to count anew. */
	if (h->expected < r->expected || h->received < r->received)
		return 0;
	if (expected == 0 || lost <= 0)
		return 0;
	return (uint8_t)((uint64_t)lost * 256 / expected > 255 ? 255 :
	    (uint64_t)lost * 256 / expected);
}

static uint32_t
total_lost(const struct sr_reception *h)
{
	int64_t lost = (int64_t)h->expected - (int64_t)h->received;

	lost = lost > 0x7fffff ? 0x7fffff : lost < -0x800000 ? -0x800000 :
	    lost;
	return (uint32_t)lost & 0xffffff;
}

static uint8_t *
block(struct sr_receiver *r, sr_time now, const struct sr_reception *h,
    uint8_t *p)
{
	sr_time since = h->lsr != 0 ? now - h->lsr_at : 0;

	p = put(p, h->ssrc, 4);
	p = put(p, fraction(r, h), 1);
	p = put(p, total_lost(h), 3);
	p = put(p, h->highest, 4);
	p = put(p, h->jitter, 4);
	p = put(p, h->lsr, 4);
	r->expected = h->expected;
	r->received = h->received;
	return put(p, (uint64_t)since / 1000 * 65536 / 1000000, 4);
}

size_t
sr_receiver_next(struct sr_receiver *r, sr_time now, sr_time interval,
    const struct sr_reception *heard, struct sr_str cname, bool bye,
    uint8_t *out)
{
	size_t n = cname.n < 32 ? cname.n : 32, sdes = 4 + 2 + n + 1;
	uint8_t *p = out;

	sdes = (sdes + 3) & ~(size_t)3;
	p = put(p, heard != NULL ? 0x81 : 0x80, 1);
	p = put(p, 201, 1);
	p = put(p, heard != NULL ? 7 : 1, 2);
	p = put(p, r->ssrc, 4);
	if (heard != NULL)
		p = block(r, now, heard, p);
	p = put(p, 0x81, 1);
	p = put(p, 202, 1);
	p = put(p, sdes / 4, 2);
	memset(p, 0, sdes);
	put(p, r->ssrc, 4);
	p[4] = 1;
	p[5] = (uint8_t)n;
	if (n > 0)
		memcpy(p + 6, cname.p, n);
	p += sdes;
	if (bye) {
		p = put(p, 0x81, 1);
		p = put(p, 203, 1);
		p = put(p, 1, 2);
		p = put(p, r->ssrc, 4);
	}
	r->due = now + wait(r, interval);
	return (size_t)(p - out);
}
