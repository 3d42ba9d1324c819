/* bind - which stream a flow of RTP belongs to.
 *
 * By the address that the answer gave, else by the address that the offer
 * gave (senders use the port that they receive on), else by the port of the
 * answer alone: addresses in SDP are rewritten by NAT, or speak of IPv4 where
 * the wire has IPv6.  The newest binding wins, since ports are used again. */
#include "priv.h"

#include <stdlib.h>

enum {
	LOOK = 64,			/* candidates by port alone */
	MAX_BINDINGS = 48		/* of one stream */
};

static size_t
bucket(enum bind_by by, const struct sr_addr *a)
{
	uint8_t key[20] = { (uint8_t)by, (uint8_t)(a->port >> 8),
	    (uint8_t)a->port };

	if (by != BY_PORT)
		for (int i = 0; i < 16; i++)
			key[i + 4] = a->ip[i];
	return sr_hash(key, sizeof(key)) % BIND_BUCKETS;
}

static void
drop(struct binding *b)
{
	*b->at = b->next;
	if (b->next != NULL)
		b->next->at = b->at;
	free(b);
}

/* Each new offer may name another address: senders follow soon. */
static void
forget_oldest(struct sr_stream *t)
{
	struct binding **last = &t->bindings;
	size_t n = 1;

	while ((*last)->same != NULL) {
		last = &(*last)->same;
		n++;
	}
	if (n > MAX_BINDINGS) {
		drop(*last);
		*last = NULL;
	}
}

static int
bind_one(struct sr_engine *e, struct sr_stream *t, enum bind_by by,
    const struct sr_addr *a)
{
	struct binding *b, **at = &e->bindings.table[bucket(by, a)];

	for (b = t->bindings; b != NULL; b = b->same)
		if (b->by == by && sr_addr_eq(&b->addr, a))
			return SR_OK;
	if ((b = sr_zalloc(sizeof(*b))) == NULL)
		return SR_ENOMEM;
	b->by = by;
	b->addr = *a;
	b->stream = t;
	b->next = *at;
	b->at = at;
	if (b->next != NULL)
		b->next->at = &b->next;
	*at = b;
	b->same = t->bindings;
	t->bindings = b;
	orphans_ask(e, by == BY_SRC ? WAIT_SRC : WAIT_DST, a->port);
	forget_oldest(t);
	e->bindings.generation++;
	return SR_OK;
}

int
bind_stream(struct sr_engine *e, struct sr_stream *t,
    const struct sr_addr *dst, const struct sr_addr *src)
{
	int err = SR_OK;

	if (dst != NULL && dst->port != 0) {
		if (!sr_addr_any(dst))
			err = bind_one(e, t, BY_DST, dst);
		if (err == SR_OK)
			err = bind_one(e, t, BY_PORT, dst);
	}
	if (err == SR_OK && src != NULL && src->port != 0 && !sr_addr_any(src))
		err = bind_one(e, t, BY_SRC, src);
	return err;
}

void
bind_ask(struct sr_engine *e, const struct sr_stream *t)
{
	for (const struct binding *b = t->bindings; b != NULL; b = b->same)
		orphans_ask(e, b->by == BY_SRC ? WAIT_SRC : WAIT_DST,
		    b->addr.port);
}

void
unbind_stream(struct sr_engine *e, struct sr_stream *t)
{
	struct binding *b;

	(void)e;
	while ((b = t->bindings) != NULL) {
		t->bindings = b->same;
		drop(b);
	}
}

static struct sr_stream *
exact(struct sr_engine *e, enum bind_by by, const struct sr_addr *a)
{
	struct binding *b = e->bindings.table[bucket(by, a)];

	for (; b != NULL; b = b->next)
		if (b->by == by && sr_addr_eq(&b->addr, a))
			return b->stream;
	return NULL;
}

/* The port is right, the address is not: what else speaks for it? */
static int
likeness(const struct sr_stream *t, const struct sr_flow *f, uint8_t pt)
{
	const struct binding *b;
	int score = stream_offers(t, pt) ? 1 : 0;

	for (b = t->bindings; b != NULL; b = b->same)
		if (b->by == BY_SRC && b->addr.port == f->src.port)
			score += 4;
	if (sr_addr_ipeq(&f->dst, &t->to_ip))
		score += 2;
	if (sr_addr_ipeq(&f->src, &t->from_ip))
		score += 2;
	return score;
}

static struct sr_stream *
by_port(struct sr_engine *e, const struct sr_flow *f, uint8_t pt)
{
	struct binding *b = e->bindings.table[bucket(BY_PORT, &f->dst)];
	struct sr_stream *best = NULL;
	int most = 0;

	for (int n = 0; b != NULL && n < LOOK; b = b->next, n++) {
		int score;

		if (b->by != BY_PORT || b->addr.port != f->dst.port)
			continue;
		score = likeness(b->stream, f, pt);
		if (score > most) {
			most = score;
			best = b->stream;
		}
	}
	return best;
}

struct sr_stream *
bind_find(struct sr_engine *e, const struct sr_flow *f, uint8_t pt)
{
	struct sr_stream *t = exact(e, BY_DST, &f->dst);

	if (t == NULL)
		t = exact(e, BY_SRC, &f->src);
	return t != NULL ? t : by_port(e, f, pt);
}

struct sr_stream *
bind_find_rtcp(struct sr_engine *e, const struct sr_flow *f)
{
	struct sr_flow below = *f;

	below.dst.port--;
	below.src.port--;
	return bind_find(e, &below, 0);
}
