/* flow - five-tuples, and what each of them turned out to carry. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

#define IDLE (120 * SR_SEC)		/* a nameless flow is forgotten after */

static int
grow(struct sr_engine *e)
{
	size_t cap = e->flow_cap > 0 ? e->flow_cap * 2 : 1024;
	struct flow **v = calloc(cap, sizeof(*v)), *f, *next;

	if (v == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < e->flow_cap; i++)
		for (f = e->flows[i]; f != NULL; f = next) {
			next = f->next;
			f->next = v[f->hash & (cap - 1)];
			v[f->hash & (cap - 1)] = f;
		}
	free(e->flows);
	e->flows = v;
	e->flow_cap = cap;
	return SR_OK;
}

static void
release(struct sr_engine *e, struct flow *f)
{
	orphan_drop(e, f);
	if (f->conn != NULL)
		sr_buf_free(&f->conn->in);
	free(f->conn);
	free(f);
	e->nflows--;
	e->ahead.n = 0;
	e->ahead.now = NULL;
}

/* Each new flow looks at two places of the table for idle ones, so that no
 * step is ever long. */
static void
sweep(struct sr_engine *e)
{
	for (int k = 0; k < 2; k++) {
		size_t bucket = e->sweep++ & (e->flow_cap - 1);
		struct flow **at = &e->flows[bucket], *f;

		while ((f = *at) != NULL) {
			if (f->stream != NULL || e->now - f->last < IDLE) {
				at = &f->next;
				continue;
			}
			*at = f->next;
			release(e, f);
		}
	}
}

static struct flow *
lookup(struct sr_engine *e, uint64_t h, const struct sr_flow *key)
{
	struct flow *f;

	if (e->flow_cap == 0)
		return NULL;
	f = e->flows[h & (e->flow_cap - 1)];
	while (f != NULL && !sr_flow_eq(&f->key, key))
		f = f->next;
	return f;
}

struct flow *
flow_find(struct sr_engine *e, const struct sr_flow *key)
{
	return lookup(e, sr_flow_hash(key), key);
}

static struct flow *
flow_new(void)
{
	size_t n = (sizeof(struct flow) + CACHE_LINE - 1) / CACHE_LINE *
	    CACHE_LINE;
	struct flow *f = aligned_alloc(CACHE_LINE, n);

	if (f != NULL)
		memset(f, 0, n);
	return f;
}

static struct flow *
touch(struct flow *f, sr_time now)
{
	if (f->stream == NULL)
		f->last = now;
	return f;
}

struct flow *
flow_get(struct sr_engine *e, const struct sr_flow *key, sr_time now)
{
	struct flow *f = e->ahead.now;
	uint64_t h;

	if (f != NULL && sr_flow_eq(&f->key, key))
		return touch(f, now);
	h = sr_flow_hash(key);
	if ((f = lookup(e, h, key)) != NULL)
		return touch(f, now);
	if (e->nflows >= e->flow_cap && grow(e) != SR_OK)
		return NULL;
	sweep(e);
	if (e->nflows >= e->cfg.max_flows || (f = flow_new()) == NULL)
		return NULL;
	f->key = *key;
	f->hash = h;
	f->first = f->last = now;
	f->next = e->flows[h & (e->flow_cap - 1)];
	e->flows[h & (e->flow_cap - 1)] = f;
	e->nflows++;
	return f;
}

/* A thousand flows in turn have each packet find its own cold in the caches:
 * one step for all of them at a time, so that they are waited for together. */
size_t
sr_engine_ahead(struct sr_engine *e, const struct sr_chunk *v, size_t n,
    struct sr_stream **streams)
{
	struct ahead *a = &e->ahead;
	struct sr_stream *t[AHEAD];
	struct flow **at[AHEAD], *f;
	size_t nt = 0;

	a->i = a->n = 0;
	a->now = NULL;
	if (n > AHEAD || e->flow_cap == 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		at[i] = &e->flows[sr_flow_hash(&v[i].flow) & (e->flow_cap - 1)];
		__builtin_prefetch(at[i]);
	}
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(a->v[i] = *at[i]);
	for (size_t i = 0; i < n; i++) {
		f = a->v[i];
		while (f != NULL && !sr_flow_eq(&f->key, &v[i].flow))
			f = f->next;
		if ((a->v[i] = f) != NULL && f->stream != NULL)
			__builtin_prefetch(t[nt++] = f->stream, 1);
	}
	for (size_t i = 0; i < nt; i++) {
		sr_line_prefetch(t[i]->line);
		if (streams != NULL)
			streams[i] = t[i];
	}
	a->n = n;
	return nt;
}

void
flows_free(struct sr_engine *e)
{
	struct flow *f, *next;

	for (size_t i = 0; i < e->flow_cap; i++)
		for (f = e->flows[i]; f != NULL; f = next) {
			next = f->next;
			release(e, f);
		}
	free(e->flows);
}

void
flow_leave(struct sr_engine *e, struct sr_stream *t)
{
	struct flow *f;

	while ((f = t->flows) != NULL) {
		t->flows = f->sibling;
		f->sibling = NULL;
		f->stream = NULL;
		f->kind = FLOW_NEW;
		f->used = true;
		/* A newer call may have named its address already. */
		f->generation = e->bindings.generation - 1;
		f->first = f->last = e->now;
	}
	t->locked = NULL;
}

/* Media may come a little before the answer that says whose it is.  Where
 * two seconds of it have passed, no answer was captured. */
static bool
ripe(struct sr_engine *e, const struct flow *f, const struct sr_session *s)
{
	sr_time from = f->first;

	if (s->begun != 0)
		return true;
	if (s->early == NULL)
		return false;
	if (from < s->early->since)	/* of a call before, most likely */
		from = s->early->since;
	if (e->now - from < 2 * SR_SEC && !e->over)
		return false;
	call_begin(e, s->early, "media");
	return s->begun != 0;
}

void
flow_look(struct sr_engine *e, struct flow *f)
{
	struct sr_stream *t = bind_find(e, &f->key, f->pt);

	if (t == NULL) {
		f->generation = e->bindings.generation;
		return;
	}
	/* Its call may begin now: then all that waits has been given out. */
	if (!ripe(e, f, t->session) || f->kind == FLOW_MEDIA)
		return;
	f->generation = e->bindings.generation;
	f->kind = FLOW_MEDIA;
	f->stream = t;
	f->sibling = t->flows;
	t->flows = f;
	orphan_adopt(e, f);
}
