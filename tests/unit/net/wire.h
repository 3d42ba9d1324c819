/* wire: packets made by hand, from the inside out, and what comes of them. */
#ifndef NET_TEST_WIRE_H
#define NET_TEST_WIRE_H

#include "unit/test.h"

#include "siprec/net.h"

struct wire {
	uint8_t b[66000];
	size_t n;
};

static inline void
w_set(struct wire *w, struct sr_str s)
{
	memcpy(w->b, s.p, s.n);
	w->n = s.n;
}

static inline uint8_t *
w_front(struct wire *w, size_t n)
{
	memmove(w->b + n, w->b, w->n);
	memset(w->b, 0, n);
	w->n += n;
	return w->b;
}

static inline void
w_be(uint8_t *p, uint64_t v, int n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static inline void
w_hex(struct wire *w, const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *p = w_front(w, n);

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			abort();
		p[i] = (uint8_t)v;
	}
}

static inline void
w_udp(struct wire *w, unsigned src, unsigned dst)
{
	uint8_t *p = w_front(w, 8);

	w_be(p, src, 2);
	w_be(p + 2, dst, 2);
	w_be(p + 4, w->n, 2);
}

static inline void
w_tcp(struct wire *w, unsigned src, unsigned dst, uint32_t seq, uint32_t ack,
    unsigned flags)
{
	uint8_t *p = w_front(w, 24);		/* with four bytes of options */

	w_be(p, src, 2);
	w_be(p + 2, dst, 2);
	w_be(p + 4, seq, 4);
	w_be(p + 8, ack, 4);
	p[12] = 6 << 4;
	p[13] = (uint8_t)flags;
	p[20] = p[21] = p[22] = p[23] = 1;
}

/* 10.0.0.a to 10.0.0.b */
static inline void
w_ip4(struct wire *w, unsigned proto, unsigned a, unsigned b, unsigned id,
    unsigned off)
{
	uint8_t *p = w_front(w, 20);

	p[0] = 0x45;
	w_be(p + 2, w->n, 2);
	w_be(p + 4, id, 2);
	w_be(p + 6, off, 2);
	p[8] = 64;
	p[9] = (uint8_t)proto;
	p[12] = p[16] = 10;
	p[15] = (uint8_t)a;
	p[19] = (uint8_t)b;
}

/* 2001:db8::a to 2001:db8::b */
static inline void
w_ip6(struct wire *w, unsigned next, unsigned a, unsigned b)
{
	uint8_t *p = w_front(w, 40);

	p[0] = 0x60;
	w_be(p + 4, w->n - 40, 2);
	p[6] = (uint8_t)next;
	p[7] = 64;
	w_be(p + 8, 0x20010db8, 4);
	w_be(p + 24, 0x20010db8, 4);
	p[23] = (uint8_t)a;
	p[39] = (uint8_t)b;
}

static inline void
w_eth(struct wire *w, unsigned type)
{
	w_be(w_front(w, 14) + 12, type, 2);
}

/* A net, and all that it said: D[..] datagram, B[..] bytes, G<n> gap, C close,
 * X broken, each with the frame it names; +<n> is what the snaplen cut. */
struct rig {
	struct sr_net *n;
	struct sr_buf log;
	struct sr_flow flow;		/* of the last chunk */
	const char *why;		/* of the last broken one */
	uint64_t num;
	sr_time now;
	int link;
	size_t lost;			/* bytes that the capture lacks */
	bool plain;			/* log bytes of streams, nothing else */
};

static inline void
rig_open(struct rig *r)
{
	*r = (struct rig){ .link = 1, .now = 1000 * SR_SEC };
	sr_buf_init(&r->log, 16 * 1024 * 1024);
	if (sr_net_new(&r->n, 4 * 1024 * 1024) != SR_OK)
		abort();
}

static inline void
rig_close(struct rig *r)
{
	sr_net_free(r->n);
	sr_buf_free(&r->log);
}

static inline void
rig_say(struct rig *r, const struct sr_chunk *c)
{
	if (r->plain) {
		if (c->kind == SR_BYTES)
			sr_buf_add(&r->log, c->data);
		return;
	}
	switch (c->kind) {
	case SR_DGRAM:
	case SR_BYTES:
		sr_buf_fmt(&r->log, "%c[", c->kind == SR_DGRAM ? 'D' : 'B');
		sr_buf_add(&r->log, c->data);
		sr_buf_addc(&r->log, ']');
		if (c->cut > 0)
			sr_buf_fmt(&r->log, "+%zu", c->cut);
		break;
	case SR_GAP: sr_buf_fmt(&r->log, "G%zu", c->cut); break;
	case SR_CLOSE: sr_buf_addc(&r->log, 'C'); break;
	case SR_BROKEN:
		sr_buf_addc(&r->log, 'X');
		r->why = c->why;
		break;
	}
	sr_buf_fmt(&r->log, "%d ", (int)c->num);
}

static inline void
rig_drain(struct rig *r)
{
	struct sr_chunk c;

	while (sr_net_next(r->n, &c)) {
		r->flow = c.flow;
		rig_say(r, &c);
	}
}

/* The frame, placed against a guard page, 10 ms after the last one. */
static inline void
rig_feed(struct rig *r, const struct wire *w)
{
	struct sr_frame f = { .link = r->link, .time = r->now += 10 * SR_MSEC,
	    .num = ++r->num, .wire = w->n };

	f.data = guarded(w->b, w->n - r->lost);
	CHECK_EQ(sr_net_frame(r->n, &f), SR_OK);
	rig_drain(r);
}

static inline void
rig_finish(struct rig *r)
{
	CHECK_EQ(sr_net_finish(r->n), SR_OK);
	rig_drain(r);
}

/* What was said since the last time. */
#define SAID(r, want)							\
	do {								\
		CHECK_STR(sr_trim(sr_buf_str(&(r)->log)), want);	\
		(r)->log.n = 0;						\
	} while (0)

#endif
