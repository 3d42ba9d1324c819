/* cap - frames in the order of time, written as pcap or pcapng. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mkcap/mkcap.h"

enum { BUCKETS = 512, BUCKET_US = 20000 };	/* 10 s ahead at most */

struct item {
	int64_t t;
	uint64_t order;
	size_t off;
	uint32_t n;
	int iface;
};
struct bucket {
	struct item *v;
	uint8_t *bytes;
	size_t nv, cap_v, n, cap;
};
struct cap {
	const struct options *o;
	FILE *f;
	struct bucket ring[BUCKETS];
	int64_t at;			/* the first bucket not yet written */
	uint64_t order, frames;
};

void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("mkcap: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static void *
grow(void *p, size_t *cap, size_t want, size_t size)
{
	if (want <= *cap)
		return p;
	*cap = want * 2 < 64 ? 64 : want * 2;
	if ((p = realloc(p, *cap * size)) == NULL)
		die("out of memory");
	return p;
}

static void
put(struct cap *c, const void *p, size_t n)
{
	if (fwrite(p, 1, n, c->f) != n)
		die("cannot write");
}

/* A number of n bytes in the container's own byte order. */
static void
put_int(struct cap *c, uint64_t v, int n)
{
	uint8_t b[8];
	int i;

	for (i = 0; i < n; i++)
		b[c->o->format == F_BE ? n - 1 - i : i] =
		    (uint8_t)(v >> (8 * i));
	put(c, b, (size_t)n);
}

/* The second interface of F_NG_MULTI counts nanoseconds. */
static void
put_interface(struct cap *c, int linktype, bool nano)
{
	uint32_t len = nano ? 32 : 20;

	put_int(c, 1, 4);
	put_int(c, len, 4);
	put_int(c, (uint64_t)linktype, 2);
	put_int(c, 0, 2);
	put_int(c, c->o->snaplen, 4);
	if (nano) {
		put_int(c, 9, 2);	/* if_tsresol */
		put_int(c, 1, 2);
		put_int(c, 9, 4);
		put_int(c, 0, 4);
	}
	put_int(c, len, 4);
}

static void
put_head(struct cap *c)
{
	enum format f = c->o->format;
	int link = net_linktype(c->o->link);

	if (f == F_NG || f == F_NG_MULTI) {
		put_int(c, 0x0a0d0d0a, 4);
		put_int(c, 28, 4);
		put_int(c, 0x1a2b3c4d, 4);
		put_int(c, 1, 2);
		put_int(c, 0, 2);
		put_int(c, UINT64_MAX, 8);	/* section length: not known */
		put_int(c, 28, 4);
		put_interface(c, link, false);
		if (f == F_NG_MULTI)
			put_interface(c, net_linktype(L_RAW), true);
		return;
	}
	put_int(c, f == F_NS ? 0xa1b23c4d : 0xa1b2c3d4, 4);
	put_int(c, 2, 2);
	put_int(c, 4, 2);
	put_int(c, 0, 8);
	put_int(c, c->o->snaplen, 4);
	put_int(c, (uint64_t)link, 4);
}

struct cap *
cap_open(const struct options *o)
{
	struct cap *c = sr_zalloc(sizeof(*c));

	if (c == NULL)
		die("out of memory");
	c->o = o;
	c->f = strcmp(o->out, "-") == 0 ? stdout : fopen(o->out, "wb");
	if (c->f == NULL)
		die("cannot open %s", o->out);
	setvbuf(c->f, NULL, _IOFBF, 1 << 20);
	put_head(c);
	return c;
}

void
cap_add(struct cap *c, int64_t t, int iface, const void *p, size_t n)
{
	int64_t k = t / BUCKET_US;
	struct bucket *b = &c->ring[k % BUCKETS];

	if (k < c->at || k >= c->at + BUCKETS)
		die("a frame at %" PRId64 " us comes out of order", t);
	b->v = grow(b->v, &b->cap_v, b->nv + 1, sizeof(*b->v));
	b->bytes = grow(b->bytes, &b->cap, b->n + n, 1);
	memcpy(b->bytes + b->n, p, n);
	b->v[b->nv++] = (struct item){ t, c->order++, b->n, (uint32_t)n,
	    iface };
	b->n += n;
}

static int
earlier(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void
put_ng(struct cap *c, const struct item *it, const uint8_t *p, uint32_t n)
{
	bool nano = it->iface == 1 && c->o->format == F_NG_MULTI;
	uint64_t t = (uint64_t)(it->t + BASE_S * US_SEC) * (nano ? 1000 : 1);
	uint32_t pad = -n & 3;

	put_int(c, 6, 4);
	put_int(c, 32 + n + pad, 4);
	put_int(c, nano ? 1 : 0, 4);
	put_int(c, t >> 32, 4);
	put_int(c, t & UINT32_MAX, 4);
	put_int(c, n, 4);
	put_int(c, it->n, 4);
	put(c, p, n);
	put_int(c, 0, (int)pad);
	put_int(c, 32 + n + pad, 4);
}

static void
put_frame(struct cap *c, struct item *it, const uint8_t *p)
{
	enum format f = c->o->format;
	uint32_t n = it->n < c->o->snaplen ? it->n : c->o->snaplen;

	if (it->t < c->o->start_middle)
		return;
	if (++c->frames == (uint64_t)c->o->stray_frame)
		it->t += c->o->stray_time * US_SEC;
	if (f == F_NG || f == F_NG_MULTI) {
		put_ng(c, it, p, n);
		return;
	}
	put_int(c, (uint64_t)(BASE_S + it->t / US_SEC), 4);
	put_int(c, (uint64_t)(it->t % US_SEC) * (f == F_NS ? 1000 : 1), 4);
	put_int(c, n, 4);
	put_int(c, it->n, 4);
	put(c, p, n);
}

void
cap_until(struct cap *c, int64_t t)
{
	for (; (c->at + 1) * BUCKET_US <= t; c->at++) {
		struct bucket *b = &c->ring[c->at % BUCKETS];
		size_t i;

		if (b->nv > 1)
			qsort(b->v, b->nv, sizeof(*b->v), earlier);
		for (i = 0; i < b->nv; i++)
			put_frame(c, &b->v[i], b->bytes + b->v[i].off);
		b->nv = 0;
		b->n = 0;
	}
}

uint64_t
cap_close(struct cap *c)
{
	uint64_t frames;
	size_t i;

	cap_until(c, (c->at + BUCKETS) * BUCKET_US);
	if (fflush(c->f) != 0)
		die("cannot write %s", c->o->out);
	if (c->o->truncate > 0 &&
	    ftruncate(fileno(c->f), ftell(c->f) - c->o->truncate) != 0)
		die("cannot cut %s", c->o->out);
	if (fclose(c->f) != 0)
		die("cannot write %s", c->o->out);
	for (i = 0; i < BUCKETS; i++) {
		free(c->ring[i].v);
		free(c->ring[i].bytes);
	}
	frames = c->frames;
	free(c);
	return frames;
}
