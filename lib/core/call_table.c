/* call_table - the calls that are known, by their Call-ID and tags. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { CALL_MEMORY = 8 << 20, MAX_CALLS = 200000, MAX_SAME_ID = 64 };

static int
grow(struct sr_engine *e)
{
	size_t cap = e->call_cap > 0 ? e->call_cap * 2 : 256;
	struct call **v = calloc(cap, sizeof(*v)), *c;

	if (v == NULL)
		return SR_ENOMEM;
	for (c = e->oldest; c != NULL; c = c->newer) {
		c->next = v[c->hash & (cap - 1)];
		v[c->hash & (cap - 1)] = c;
	}
	free(e->calls);
	e->calls = v;
	e->call_cap = cap;
	return SR_OK;
}

static void
unlink_call(struct sr_engine *e, struct call *c)
{
	*(c->older != NULL ? &c->older->newer : &e->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &e->newest) = c->older;
}

static void
link_call(struct sr_engine *e, struct call *c)
{
	c->newer = NULL;
	c->older = e->newest;
	*(e->newest != NULL ? &e->newest->newer : &e->oldest) = c;
	e->newest = c;
}

static void
call_free(struct sr_engine *e, struct call *c)
{
	struct call **at = &e->calls[c->hash & (e->call_cap - 1)];

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	unlink_call(e, c);
	call_end(e, c, "capture-end");
	offer_free_sdp(c->side[UAC].sdp);
	offer_free_sdp(c->side[UAS].sdp);
	offer_free_sdp(c->offer);
	notes_drop(e, c);
	journal_free(&c->journal);
	sr_arena_free(&c->arena);
	free(c);
	e->ncalls--;
}

#define RINGING (600 * SR_SEC)

/* Calls that are over, or lead to nothing, are kept for a while for what
 * still comes of them.  Each new call looks at four of the old ones. */
static void
retire(struct sr_engine *e)
{
	struct call *c = e->oldest, *next;

	for (int i = 0; i < 4 && c != NULL; i++, c = next) {
		bool idle = c->over || c->refused || c->session == NULL;
		sr_time quiet = e->now - c->last;

		next = c->newer;
		if ((idle && quiet > 64 * SR_SEC) || (!c->begun &&
		    quiet > RINGING) || ((idle || !c->begun) &&
		    e->ncalls > MAX_CALLS)) {
			call_free(e, c);
		} else {
			unlink_call(e, c);
			link_call(e, c);
		}
	}
}

struct call *
call_new(struct sr_engine *e, struct sr_str call_id)
{
	uint64_t h = sr_hash(call_id.p, call_id.n);
	struct call *c;

	retire(e);
	if ((e->ncalls >= e->call_cap && grow(e) != SR_OK) ||
	    (c = sr_zalloc(sizeof(*c))) == NULL) {
		e->err = SR_ENOMEM;
		return NULL;
	}
	sr_arena_init(&c->arena, CALL_MEMORY);
	c->hash = h;
	c->call_id = sr_arena_dup(&c->arena, call_id);
	c->notes_end = &c->notes;
	sr_buf_init(&c->journal, e->cfg.max_journal);
	c->since = c->last = e->now;
	c->next = e->calls[h & (e->call_cap - 1)];
	e->calls[h & (e->call_cap - 1)] = c;
	link_call(e, c);
	e->ncalls++;
	return c;
}

/* A Call-ID that is used again and again at once is no call's. */
bool
call_is_crowded(const struct sr_engine *e, struct sr_str call_id)
{
	uint64_t h = sr_hash(call_id.p, call_id.n);
	const struct call *c = e->call_cap > 0 ?
	    e->calls[h & (e->call_cap - 1)] : NULL;
	int n = 0;

	for (; c != NULL && n < MAX_SAME_ID; c = c->next)
		n += c->hash == h && sr_streq(c->call_id, call_id);
	return n == MAX_SAME_ID;
}

bool
call_tag_fits(struct sr_str known, struct sr_str seen)
{
	return known.n == 0 || seen.n == 0 || sr_streq(known, seen);
}

/* The newest call of that Call-ID whose tags agree; *by is the side that
 * stands in From. */
struct call *
call_find(struct sr_engine *e, const struct sr_msg *m, int *by)
{
	uint64_t h = sr_hash(m->call_id.p, m->call_id.n);
	struct call *c = e->call_cap > 0 ?
	    e->calls[h & (e->call_cap - 1)] : NULL;

	for (; c != NULL; c = c->next) {
		if (c->hash != h || !sr_streq(c->call_id, m->call_id))
			continue;
		if (call_tag_fits(c->side[UAC].tag, m->from.tag) &&
		    call_tag_fits(c->side[UAS].tag, m->to.tag)) {
			*by = UAC;
			return c;
		}
		if (m->to.tag.n > 0 && sr_streq(c->side[UAC].tag, m->to.tag) &&
		    call_tag_fits(c->side[UAS].tag, m->from.tag)) {
			*by = UAS;
			return c;
		}
	}
	return NULL;
}

void
calls_finish(struct sr_engine *e)
{
	struct call *c;

	/* A dialog that was to replace another holds its session as well. */
	for (c = e->oldest; c != NULL; c = c->newer)
		if ((c->begun || c->holds) && !c->over)
			call_end(e, c, "capture-end");
	alone_finish(e);
}

void
calls_free(struct sr_engine *e)
{
	while (e->oldest != NULL)
		call_free(e, e->oldest);
	free(e->calls);
}
