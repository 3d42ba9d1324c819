/* listen_fetch - messages for sessions that are not known here wait until the
 * store has been asked. */
#include "listen.h"
#include "listen_store.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_WAITING = 1024 };
#define PATIENCE (12 * SR_SEC)		/* for who asks for a session */
#define BUSY 5				/* seconds, then try again */

/* A message for a session that the store is asked about. */
struct fetch {
	struct fetch *next;
	uint64_t ticket;		/* 0: asked again at `again` */
	sr_time again, until;
	struct sr_hop hop;
	sr_time when;
	char *call_id, *identity, *raw;
	size_t n;
};

static void
fetch_free(struct fetch *f)
{
	free(f->call_id);
	free(f->identity);
	free(f->raw);
	free(f);
}

static void
fetch_ask(struct server *s, struct fetch *f, sr_time now)
{
	f->ticket = ++s->keep->tickets;
	if (sr_keeper_take(s->keep->keeper, f->ticket, sr_cstr(f->call_id)) ==
	    SR_OK)
		return;
	f->ticket = 0;
	f->again = now + SR_SEC;
}

static char *
text(struct sr_str v)
{
	char *p = v.n > 0 ? malloc(v.n + 1) : NULL;

	if (p != NULL) {
		memcpy(p, v.p, v.n);
		p[v.n] = '\0';
	}
	return p;
}

static bool
is_asked(const struct server *s, struct sr_str raw)
{
	for (const struct fetch *f = s->keep->fetches; f != NULL; f = f->next)
		if (f->n == raw.n && memcmp(f->raw, raw.p, raw.n) == 0)
			return true;
	return false;
}

bool
store_fetch(struct server *s, const struct sr_serve_in *in, sr_time when)
{
	struct sr_str call_id;
	struct fetch *f, **at;
	sr_time now = sr_now();

	if (s->keep == NULL || s->stopping ||
	    !sr_serve_misses(s->serve, in->raw, &call_id))
		return false;
	if (is_asked(s, in->raw))
		return true;
	if (s->keep->nfetches >= MAX_WAITING ||
	    (f = sr_zalloc(sizeof(*f))) == NULL)
		return false;
	f->hop = in->hop;
	f->when = when;
	f->until = now + PATIENCE;
	f->call_id = text(call_id);
	f->identity = text(in->identity);
	f->raw = text(in->raw);
	f->n = in->raw.n;
	if (f->call_id == NULL || f->raw == NULL) {
		fetch_free(f);
		return false;
	}
	for (at = &s->keep->fetches; *at != NULL; at = &(*at)->next)
		;
	*at = f;
	s->keep->nfetches++;
	fetch_ask(s, f, now);
	return true;
}

/* It is answered now, one way or the other. */
static void
fetch_feed(struct server *s, struct fetch **at, bool busy)
{
	struct fetch *f = *at;
	struct sr_serve_in in = { .hop = f->hop, .identity =
	    sr_cstr(f->identity), .raw = { f->raw, f->n } };

	*at = f->next;
	s->keep->nfetches--;
	if (busy)
		sr_serve_busy(s->serve, &in, BUSY, sr_now());
	else
		wire_take(s, &in, f->when);
	server_drain(s);
	fetch_free(f);
}

/* All that came for this session meanwhile, in order. */
static void
fetch_rest(struct server *s, const char *call_id)
{
	struct fetch **at = &s->keep->fetches;

	while (*at != NULL)
		if (strcmp((*at)->call_id, call_id) == 0)
			fetch_feed(s, at, false);
		else
			at = &(*at)->next;
}

static struct fetch **
fetch_of(struct server *s, uint64_t ticket)
{
	struct fetch **at = &s->keep->fetches;

	while (*at != NULL && (*at)->ticket != ticket)
		at = &(*at)->next;
	return at;
}

/* A living owner has it, or the store is away: to say that there is no such
 * call would end it. */
static void
fetch_later(struct server *s, struct fetch **at, sr_time left)
{
	struct fetch *f = *at;
	sr_time now = sr_now();

	f->ticket = 0;
	f->again = now + (left < SR_SEC ? left + 20 * SR_MSEC : SR_SEC);
	if (f->again > f->until)
		fetch_feed(s, at, true);
}

void
store_fetched(struct server *s, const struct sr_kept *k)
{
	struct fetch **at = fetch_of(s, k->ticket), *f = *at;
	char *call_id;
	int err;

	if (f == NULL) {
		/* Nobody waits any more: but it is ours now, and must go on. */
		if (k->err == SR_OK && !store_is_here(s, k->key) &&
		    (err = store_restore(s, k->value,
		    NULL)) != SR_OK)
			store_unable(s, k->key, err);
		return;
	}
	if (k->err == SR_OK && !store_is_here(s, k->key) && (err =
	    store_restore(s, k->value, &f->hop)) != SR_OK)
		store_unable(s, k->key, err);
	if (k->err != SR_OK && k->err != SR_ENOENT) {
		fetch_later(s, at, k->err == SR_MORE ? k->left : SR_SEC);
		return;
	}
	if ((call_id = strdup(f->call_id)) == NULL)
		return;
	fetch_feed(s, at, false);
	fetch_rest(s, call_id);
	free(call_id);
}

sr_time
store_due(const struct server *s)
{
	sr_time at = SR_NEVER;

	for (const struct fetch *f = s->keep != NULL ? s->keep->fetches : NULL;
	    f != NULL; f = f->next)
		if (f->ticket == 0 && f->again < at)
			at = f->again;
	return at;
}

void
store_tick(struct server *s, sr_time now)
{
	for (struct fetch *f = s->keep != NULL ? s->keep->fetches : NULL;
	    f != NULL; f = f->next)
		if (f->ticket == 0 && f->again <= now)
			fetch_ask(s, f, now);
}

void
fetch_drop(struct keep *k)
{
	struct fetch *f;

	while ((f = k->fetches) != NULL) {
		k->fetches = f->next;
		fetch_free(f);
	}
}
