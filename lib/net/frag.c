/* frag - datagrams that came in pieces (RFC 791, RFC 8200 4.5).
 *
 * Pieces come in any order, twice, or overlapping: the first byte that came
 * for a place stays there.  A datagram has 30 seconds from its first piece
 * (RFC 8200; RFC 1122 3.3.2 wants 60 to 120, but identifications repeat within
 * seconds on a busy link); the number of datagrams and their memory are
 * bounded, and the oldest goes first. */
#include "net/priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_WAITING = 1024,		/* datagrams */
	MAX_RANGES = 48,		/* islands between holes of one */
	BUCKETS = 1024
};
#define MAX_AGE (30 * SR_SEC)

struct net_frag {
	struct net_frag *hnext;		/* same bucket; also spent, lost */
	struct net_frag *older, *newer;
	struct sr_flow flow;		/* addresses only */
	uint32_t id;
	unsigned proto;			/* of the piece with offset 0 */
	uint64_t num;			/* first piece */
	sr_time time;
	uint8_t *buf;
	size_t cap, total;		/* total 0: last piece not seen */
	const char *why;		/* it was lost */
	unsigned n;
	struct { uint32_t from, to; } have[MAX_RANGES];
};

struct net_frags {
	struct net_frag *bucket[BUCKETS];
	struct net_frag *oldest, *newest;
	unsigned n;
};

static struct net_frag **
bucket(struct net_frags *t, const struct sr_flow *f, uint32_t id)
{
	uint64_t h = sr_flow_hash(f) ^ id * 0x9e3779b97f4a7c15u >> 20;

	return &t->bucket[h % BUCKETS];
}

static void
frag_free(struct sr_net *n, struct net_frag *g)
{
	n->pending -= sizeof(*g) + g->cap;
	free(g->buf);
	free(g);
}

/* Out of the table; whose it is then is the caller's business. */
static void
unlink_frag(struct net_frags *t, struct net_frag *g)
{
	struct net_frag **gp = bucket(t, &g->flow, g->id);

	while (*gp != g)
		gp = &(*gp)->hnext;
	*gp = g->hnext;
	*(g->older != NULL ? &g->older->newer : &t->oldest) = g->newer;
	*(g->newer != NULL ? &g->newer->older : &t->newest) = g->older;
	g->hnext = NULL;
	t->n--;
}

/* Gives g up; sr_net_next tells. */
static void
lose(struct sr_net *n, struct net_frag *g, const char *why)
{
	unlink_frag(n->frags, g);
	n->pending -= g->cap;
	free(g->buf);
	g->buf = NULL;
	g->cap = 0;
	g->why = why;
	*n->lost_tail = g;
	n->lost_tail = &g->hnext;
}

void
net_frag_room(struct sr_net *n, size_t want, const struct net_frag *keep)
{
	struct net_frag *g = n->frags != NULL ? n->frags->oldest : NULL, *next;

	for (; g != NULL && n->pending + want > n->max_pending; g = next) {
		next = g->newer;
		if (g != keep)
			lose(n, g, "fragments given up: too much waits");
	}
}

sr_time
net_frag_age(struct sr_net *n, sr_time now)
{
	struct net_frags *t = n->frags;

	while (t != NULL && t->oldest != NULL) {
		if (now < t->oldest->time + MAX_AGE)
			return t->oldest->time + MAX_AGE;
		lose(n, t->oldest, "fragments given up: not all came");
	}
	return SR_NEVER;
}

void
net_frag_finish(struct sr_net *n)
{
	while (n->frags != NULL && n->frags->oldest != NULL)
		lose(n, n->frags->oldest, "fragments given up: not all came");
}

bool
net_frag_lost(struct sr_net *n, struct sr_chunk *out)
{
	struct net_frag *g = n->lost;

	if (g == NULL)
		return false;
	*out = (struct sr_chunk){ .kind = SR_BROKEN, .flow = g->flow,
	    .time = n->now, .num = g->num, .why = g->why };
	if ((n->lost = g->hnext) == NULL)
		n->lost_tail = &n->lost;
	frag_free(n, g);
	return true;
}

void
net_frag_spent(struct sr_net *n)
{
	struct net_frag *g;

	while ((g = n->spent) != NULL) {
		n->spent = g->hnext;
		frag_free(n, g);
	}
}

void
net_frag_free(struct sr_net *n)
{
	struct sr_chunk c;

	net_frag_finish(n);
	while (net_frag_lost(n, &c))
		;
	net_frag_spent(n);
	free(n->frags);
}

static struct net_frag *
find(struct net_frags *t, const struct sr_flow *f, uint32_t id)
{
	struct net_frag *g = *bucket(t, f, id);

	while (g != NULL && (g->id != id ||
	    !sr_addr_ipeq(&g->flow.src, &f->src) ||
	    !sr_addr_ipeq(&g->flow.dst, &f->dst)))
		g = g->hnext;
	return g;
}

static struct net_frag *
begin(struct sr_net *n, const struct net_pkt *p, uint32_t id)
{
	struct net_frags *t = n->frags;
	struct net_frag *g, **gp;

	if (t->n == MAX_WAITING)
		lose(n, t->oldest, "fragments given up: too many wait");
	net_frag_room(n, sizeof(*g), NULL);
	if ((g = sr_zalloc(sizeof(*g))) == NULL)
		return NULL;
	n->pending += sizeof(*g);
	g->flow = p->flow;
	g->id = id;
	g->num = p->f->num;
	g->time = n->now;
	gp = bucket(t, &g->flow, id);
	g->hnext = *gp;
	*gp = g;
	g->older = t->newest;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = g;
	t->newest = g;
	t->n++;
	net_wake(n, g->time + MAX_AGE);
	return g;
}

static int
grow(struct sr_net *n, struct net_frag *g, size_t need)
{
	size_t cap = g->cap > 0 ? g->cap : 4096;
	uint8_t *p;

	if (need <= g->cap)
		return SR_OK;
	while (cap < need)
		cap *= 2;
	net_frag_room(n, cap - g->cap, g);
	if (n->pending + cap - g->cap > n->max_pending)
		return SR_ELIMIT;
	if ((p = realloc(g->buf, cap)) == NULL)
		return SR_ENOMEM;
	n->pending += cap - g->cap;
	g->buf = p;
	g->cap = cap;
	return SR_OK;
}

/* Copies what of [from, to) is not there yet. */
static void
fill(struct net_frag *g, uint32_t from, uint32_t to, const uint8_t *p)
{
	uint32_t at = from;

	for (unsigned i = 0; i <= g->n && at < to; i++) {
		uint32_t end = i < g->n ? g->have[i].from : to;

		if (end > to)
			end = to;
		if (at < end)
			memcpy(g->buf + at, p + (at - from), end - at);
		if (i < g->n && g->have[i].to > at)
			at = g->have[i].to;
	}
}

/* Joins [from, to) with the ranges that it touches. */
static bool
join(struct net_frag *g, uint32_t from, uint32_t to)
{
	unsigned i = 0, j;

	while (i < g->n && g->have[i].to < from)
		i++;
	for (j = i; j < g->n && g->have[j].from <= to; j++) {
		if (g->have[j].from < from)
			from = g->have[j].from;
		if (g->have[j].to > to)
			to = g->have[j].to;
	}
	if (i == j && g->n == MAX_RANGES)
		return false;
	memmove(&g->have[i + 1], &g->have[j],
	    (g->n - j) * sizeof(g->have[0]));
	g->n = g->n + i + 1 - j;
	g->have[i].from = from;
	g->have[i].to = to;
	return true;
}

/* NULL, or why the piece cannot be part of g. */
static const char *
add(struct sr_net *n, struct net_frag *g, const struct net_pkt *p, size_t off,
    bool more)
{
	size_t end = off + p->r.n;
	int err;

	if (g->total != 0 ? end > g->total || (!more && end < g->total) :
	    !more && g->n > 0 && g->have[g->n - 1].to > end)
		return "fragment contradicts an earlier one";
	if ((err = grow(n, g, end)) != SR_OK) {
		if (err == SR_ENOMEM)
			n->err = err;
		return "no memory for a fragment";
	}
	fill(g, (uint32_t)off, (uint32_t)end, p->r.p);
	if (!join(g, (uint32_t)off, (uint32_t)end))
		return "datagram in too many pieces";
	if (!more)
		g->total = end;
	return NULL;
}

static bool
whole(const struct net_frag *g)
{
	return g->total != 0 && g->n == 1 && g->have[0].from == 0 &&
	    g->have[0].to == g->total;
}

void
net_frag(struct sr_net *n, struct net_pkt *p, const struct net_piece *piece)
{
	struct net_frag *g;
	const char *why;

	if (p->cut > 0) {
		net_broken(n, p, "fragment cut off by the capture");
		return;
	}
	if (p->r.n == 0 || piece->off + p->r.n > UINT16_MAX ||
	    (piece->more && p->r.n % 8 != 0)) {
		net_broken(n, p, "fragment of an impossible length");
		return;
	}
	if (++p->depth > NET_DEPTH) {
		net_broken(n, p, "fragments nested too deep");
		return;
	}
	if (n->frags == NULL &&
	    (n->frags = sr_zalloc(sizeof(*n->frags))) == NULL) {
		n->err = SR_ENOMEM;
		return;
	}
	if ((g = find(n->frags, &p->flow, piece->id)) == NULL &&
	    (g = begin(n, p, piece->id)) == NULL) {
		n->err = SR_ENOMEM;
		return;
	}
	if (piece->off == 0)
		g->proto = piece->proto;
	if ((why = add(n, g, p, piece->off, piece->more)) != NULL) {
		net_broken(n, p, why);
		return;
	}
	if (!whole(g))
		return;
	unlink_frag(n->frags, g);
	g->hnext = n->spent;
	n->spent = g;
	p->r = (struct sr_rd){ g->buf, g->total, false };
	net_proto(n, p, g->proto);
}
