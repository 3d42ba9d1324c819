/* orphan - RTP that came before anybody said whose it is.
 *
 * The first packets of a call are on the wire before its answer is.  They
 * wait in one ring of fixed size; each flow's packets are chained through it.
 * The oldest go when it is full.  Flows with packets in it are found by their
 * ports, since a new binding must not ask all of them. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND = 16 };

static struct orphan *
at(const struct ring *r, uint64_t offset)
{
	return (struct orphan *)(void *)(r->p + offset % r->size);
}

static size_t
room(size_t n)
{
	return (sizeof(struct orphan) + n + ROUND - 1) & ~(size_t)(ROUND - 1);
}

static uint16_t
port_of(const struct flow *f, int by)
{
	return by == WAIT_DST ? f->key.dst.port : f->key.src.port;
}

static void
enlist(struct sr_engine *e, struct flow *f)
{
	for (int by = WAIT_DST; by <= WAIT_SRC; by++) {
		struct flow **at = &e->waiting.table[by][port_of(f, by) %
		    WAIT_BUCKETS];

		f->wait[by] = *at;
		f->wait_at[by] = at;
		if (*at != NULL)
			(*at)->wait_at[by] = &f->wait[by];
		*at = f;
	}
}

/* Nothing of this flow waits any more. */
static void
delist(struct flow *f)
{
	for (int by = WAIT_DST; by <= WAIT_SRC && f->norphans > 0; by++) {
		*f->wait_at[by] = f->wait[by];
		if (f->wait[by] != NULL)
			f->wait[by]->wait_at[by] = f->wait_at[by];
	}
	f->orphan_head = f->orphan_tail = 0;
	f->norphans = 0;
}

static void
evict(struct sr_engine *e)
{
	struct ring *r = &e->orphans;
	struct orphan *o = at(r, r->head);
	struct flow *f = o->flow;

	r->head += room(o->n);
	if (f == NULL)
		return;
	if (o->next == 0) {
		delist(f);
		return;
	}
	f->orphan_head = o->next;
	f->norphans--;
}

static int
make_room(struct sr_engine *e, size_t need)
{
	struct ring *r = &e->orphans;
	size_t left;

	if (r->p == NULL) {
		r->size = e->cfg.max_orphans / ROUND * ROUND;
		if ((r->p = malloc(r->size)) == NULL)
			return SR_ENOMEM;
	}
	if (need > r->size / 2)
		return SR_ELIMIT;
	/* What found its home is done with; an empty ring begins anew, so that
	 * little memory is ever touched. */
	while (r->head < r->tail && at(r, r->head)->flow == NULL)
		r->head += room(at(r, r->head)->n);
	if (r->head == r->tail)
		r->head = r->tail = 0;
	left = r->size - r->tail % r->size;
	if (left < need) {		/* a pad up to the end of the ring */
		while (r->tail + left - r->head > r->size)
			evict(e);
		*at(r, r->tail) = (struct orphan){
		    .n = (uint32_t)(left - sizeof(struct orphan)) };
		r->tail += left;
	}
	while (r->tail + need - r->head > r->size)
		evict(e);
	return SR_OK;
}

int
orphan_put(struct sr_engine *e, struct flow *f, const struct sr_chunk *c)
{
	struct ring *r = &e->orphans;
	size_t n = c->data.n < 2048 ? c->data.n : 2048;
	struct orphan *o;
	int err;

	/* A pad needs a header too: what is left at the end of the ring is a
	 * multiple of ROUND, and never less than one entry. */
	if ((err = make_room(e, room(n) + sizeof(struct orphan) + ROUND)) !=
	    SR_OK)
		return err;
	o = at(r, r->tail);
	*o = (struct orphan){ .flow = f, .time = c->time, .num = c->num,
	    .n = (uint32_t)n, .cut = (uint32_t)c->cut };
	memcpy(o + 1, c->data.p, n);
	if (f->orphan_tail != 0)
		at(r, f->orphan_tail - 1)->next = r->tail + 1;
	else
		f->orphan_head = r->tail + 1;
	f->orphan_tail = r->tail + 1;
	if (f->norphans++ == 0)
		enlist(e, f);
	r->tail += room(n);
	return SR_OK;
}

void
orphan_adopt(struct sr_engine *e, struct flow *f)
{
	struct ring *r = &e->orphans;
	uint64_t next = f->orphan_head;

	delist(f);
	e->adopting = true;
	while (next != 0) {
		struct orphan *o = at(r, next - 1);
		struct sr_chunk c = { .kind = SR_DGRAM, .flow = f->key,
		    .time = o->time, .num = o->num, .cut = o->cut,
		    .data = { (const char *)(o + 1), o->n } };

		next = o->next;
		o->flow = NULL;
		/* What the flow carried for a call before is not this one's. */
		if (!f->used || o->time >= f->stream->since)
			media_put(e, f->stream, f, &c);
	}
	e->adopting = false;
}

void
orphan_drop(struct sr_engine *e, struct flow *f)
{
	for (uint64_t next = f->orphan_head; next != 0;) {
		struct orphan *o = at(&e->orphans, next - 1);

		next = o->next;
		o->flow = NULL;
	}
	delist(f);
}

struct flow *
orphan_flow(struct sr_engine *e, uint64_t *offset)
{
	struct orphan *o = at(&e->orphans, *offset);

	*offset += room(o->n);
	return o->flow;
}

/* Somebody has said where media goes: does any that waits belong there? */
void
orphans_ask(struct sr_engine *e, enum wait_by by, uint16_t port)
{
	struct waiting *w = &e->waiting;

	if (w->nasked > 0 && w->asked[w->nasked - 1].by == by &&
	    w->asked[w->nasked - 1].port == port)
		return;
	if (w->nasked == MAX_ASKED) {
		w->all = true;
		return;
	}
	w->asked[w->nasked].by = by;
	w->asked[w->nasked++].port = port;
}

static void
look_at_all(struct sr_engine *e)
{
	struct ring *r = &e->orphans;

	for (uint64_t o = r->head; r->p != NULL && o < r->tail;) {
		struct flow *f = orphan_flow(e, &o);

		if (f != NULL && f->generation != e->bindings.generation)
			flow_look(e, f);
	}
}

static void
look_at_port(struct sr_engine *e, int by, uint16_t port)
{
	struct flow **first = &e->waiting.table[by][port % WAIT_BUCKETS];
	struct flow *f, *next;
	size_t begun = e->nbegun;

	for (f = *first; f != NULL; f = next) {
		next = f->wait[by];
		if (port_of(f, by) != port ||
		    f->generation == e->bindings.generation)
			continue;
		flow_look(e, f);
		if (begun != e->nbegun)	/* which gave out others as well */
			next = *first;
		begun = e->nbegun;
	}
}

void
orphans_look(struct sr_engine *e)
{
	struct waiting *w = &e->waiting;

	if (e->adopting)
		return;
	while (w->next < w->nasked) {
		size_t k = w->next++;

		look_at_port(e, w->asked[k].by, w->asked[k].port);
	}
	w->nasked = w->next = 0;
	if (w->all) {
		w->all = false;
		look_at_all(e);
	}
}
