/* tcp_fuzz - whatever order, overlap and flags segments have, the bytes and
 * gaps of a stream add up.
 *
 * Every byte of a stream is a function of its number.  A program of records
 * (flags, number, length, cut, time) is played, and each byte that comes out
 * must be the one that belongs there. */
#include <stdlib.h>
#include <string.h>

#include "siprec/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t
byte_at(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

static size_t
segment(uint8_t *f, uint32_t seq, size_t len, unsigned flags, bool back)
{
	static const uint8_t head[] = { 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 6, 0, 0,
	    10, 0, 0, 1, 10, 0, 0, 2, 4, 0, 8, 0 };
	uint32_t first = seq + ((flags & 2) != 0);

	memset(f, 0, 40);
	memcpy(f, head, sizeof(head));
	f[2] = (uint8_t)((40 + len) >> 8);
	f[3] = (uint8_t)(40 + len);
	for (int i = 0; i < 4; i++) {
		f[24 + i] = (uint8_t)(seq >> (24 - 8 * i));
		f[28 + i] = (uint8_t)(seq >> (24 - 8 * i));
	}
	f[32] = 5 << 4;
	f[33] = (uint8_t)flags;
	if (back) {
		f[15] = 2;
		f[19] = 1;
		f[20] = 8;
		f[22] = 4;
	}
	for (uint32_t i = 0; i < len; i++)
		f[40 + i] = byte_at(first + i);
	return 40 + len;
}

/* Where a stream stands is not told; any offset that explains its bytes so
 * far is kept, and the next bytes must agree with it. */
struct place {
	bool known;
	uint32_t next;
};

static void
check(struct place *at, const struct sr_chunk *c)
{
	if (c->kind == SR_CLOSE) {
		at->known = false;
		return;
	}
	if (c->kind == SR_GAP)
		at->next += (uint32_t)c->cut;
	if (c->kind != SR_BYTES)
		return;
	if (!at->known)
		return;
	for (size_t i = 0; i < c->data.n; i++)
		if ((uint8_t)c->data.p[i] != byte_at(at->next++))
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static uint8_t buf[2048];
	struct sr_rd r = { p, n, false };
	struct sr_frame f = { .link = 101, .time = 1700000000 * SR_SEC };
	struct place at = { .known = true, .next = 1000 };
	uint32_t base = 1000;
	struct sr_chunk c;
	struct sr_net *net;

	if (sr_net_new(&net, 64 * 1024) != SR_OK)
		abort();
	/* The stream begins with a SYN, so that its place is known. */
	f.data = (struct sr_str){ (char *)buf, segment(buf, 999, 0, 2, false) };
	f.wire = f.data.n;
	sr_net_frame(net, &f);
	while (r.n >= 6) {
		unsigned what = sr_u8(&r), len, cut;
		uint32_t seq = base + sr_u16(&r);

		len = sr_u16(&r) % 1200;
		cut = sr_u8(&r) % 64;
		if (what & 0x40)
			base += 30000;
		if (what & 0x80)
			f.time += 500 * SR_MSEC;
		f.num++;
		f.time += SR_MSEC;
		f.wire = segment(buf, seq, len, what & 0x08 ? 0x11 : 0x10,
		    (what & 0x07) == 7);
		f.data = (struct sr_str){ (char *)buf,
		    what & 0x10 && cut < len ? f.wire - cut : f.wire };
		sr_net_frame(net, &f);
		while (sr_net_next(net, &c))
			if (c.flow.src.port == 1024)
				check(&at, &c);
	}
	sr_net_finish(net);
	while (sr_net_next(net, &c))
		if (c.flow.src.port == 1024)
			check(&at, &c);
	sr_net_free(net);
	return 0;
}
