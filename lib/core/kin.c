/* kin - sessions that record the same communication session.
 *
 * A client that lost its recorder, or its way to it, comes back with a new
 * session for the same call.  That is told in both logs, and never merged: a
 * client that records in two places at once looks much the same.  What tells
 * them apart is the media: it goes on in the new one after it has ended in the
 * old one, or it comes in both.
 *
 * The same call is one with the same session_id in its metadata; where one of
 * two sessions has none, the same sipSessionID; else the Session-ID (RFC 7989)
 * of the dialogs themselves. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW (60 * SR_SEC)		/* to come back after the end */
#define KEEP (150 * SR_SEC)		/* what is over may still be named */
#define SLACK SR_SEC	/* the new one may begin as the old one fades */
#define AT_ONCE (200 * SR_MSEC)		/* between packets of two at once */
enum { KEYS = 16, MAX_OVER = 4096, BUCKETS = 4096 };

struct key {
	struct key *next, **at;
	struct kin *of;
	uint64_t hash;
	enum kin_kind kind;
};
struct kin {
	struct sr_session *session;	/* NULL: it is over */
	struct kin *newer;		/* of those that are over */
	char *call_id, *id;
	sr_time begun, last, ended;	/* last: of its media */
	bool unexpected, continues, continued, parallel;
	struct key keys[KEYS];
	size_t nkeys, next;
	unsigned kinds;			/* one bit each */
};
struct kins {
	struct key *table[BUCKETS];
	struct kin *oldest, **newest;	/* that are over */
	size_t nover;
};

/* ---- the table ---- */

static void
drop_key(struct key *k)
{
	*k->at = k->next;
	if (k->next != NULL)
		k->next->at = k->at;
}

static void
kin_free(struct kin *k)
{
	for (size_t i = 0; i < k->nkeys; i++)
		drop_key(&k->keys[i]);
	free(k->call_id);
	free(k->id);
	free(k);
}

void
kins_free(struct sr_engine *e)
{
	struct kins *all = e->kins;
	struct kin *k;

	while (all != NULL && (k = all->oldest) != NULL) {
		all->oldest = k->newer;
		kin_free(k);
	}
	free(all);
	e->kins = NULL;
}

static void
forget(struct sr_engine *e)
{
	struct kins *all = e->kins;
	struct kin *k;

	while ((k = all->oldest) != NULL && (all->nover > MAX_OVER ||
	    e->now - k->ended > KEEP)) {
		if ((all->oldest = k->newer) == NULL)
			all->newest = &all->oldest;
		all->nover--;
		kin_free(k);
	}
}

static char *
dup(struct sr_str s)
{
	char *p = malloc(s.n + 1);

	if (p == NULL)
		return NULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static struct kin *
kin_of(struct sr_session *s)
{
	struct sr_engine *e = s->engine;
	struct kin *k = s->kin;

	if (k != NULL)
		return k;
	if (e->kins == NULL) {
		if ((e->kins = sr_zalloc(sizeof(*e->kins))) == NULL)
			return NULL;
		e->kins->newest = &e->kins->oldest;
	}
	if ((k = sr_zalloc(sizeof(*k))) == NULL)
		return NULL;
	k->session = s;
	k->call_id = dup(s->call_id);
	k->id = dup(s->id);
	k->begun = s->begun;
	if (k->call_id == NULL || k->id == NULL) {
		kin_free(k);
		return NULL;
	}
	return s->kin = k;
}

/* A session that lasts for days has many calls: the latest are known. */
static void
add_key(struct sr_engine *e, struct kin *k, enum kin_kind kind,
    struct sr_str id)
{
	struct key **at, *key;
	uint64_t h;

	id = sr_trim(id);
	if (id.n == 0)
		return;
	h = sr_hash(id.p, id.n) + kind;
	for (size_t i = 0; i < k->nkeys; i++)
		if (k->keys[i].hash == h && k->keys[i].kind == kind)
			return;
	key = &k->keys[k->next];
	if (k->nkeys == KEYS)
		drop_key(key);
	else
		k->nkeys++;
	k->next = (k->next + 1) % KEYS;
	at = &e->kins->table[h % BUCKETS];
	*key = (struct key){ .next = *at, .at = at, .of = k, .hash = h,
	    .kind = kind };
	if (key->next != NULL)
		key->next->at = &key->next;
	*at = key;
	k->kinds |= 1u << kind;
}

/* The next kin after *at that records the same; *at begins as NULL. */
static struct kin *
next_kin(struct sr_engine *e, const struct kin *k, size_t *i,
    struct key **at)
{
	for (; *i < k->nkeys; ++*i, *at = NULL) {
		const struct key *mine = &k->keys[*i];

		*at = *at != NULL ? (*at)->next :
		    e->kins->table[mine->hash % BUCKETS];
		for (; *at != NULL; *at = (*at)->next) {
			struct kin *other = (*at)->of;
			unsigned both = k->kinds & other->kinds;

			/* The best kind that both have decides. */
			if (other != k && (*at)->hash == mine->hash &&
			    (*at)->kind == mine->kind &&
			    (both & ((1u << mine->kind) - 1)) == 0)
				return other;
		}
	}
	return NULL;
}

/* ---- what is said ---- */

static sr_time
last_media(const struct sr_session *s)
{
	struct sr_numbers n;
	sr_time last = s->begun;

	for (const struct sr_stream *t = s->streams; t != NULL; t = t->next) {
		if (!t->sent || s->start.t0 == SR_NEVER)
			continue;
		sr_line_numbers(t->line, &n);
		if (s->start.t0 + n.end > last)
			last = s->start.t0 + n.end;
	}
	return last;
}

static void
tell(struct sr_session *s, const struct kin *other, bool of)
{
	struct sr_event *ev;

	if (s == NULL || s->engine->again ||
	    (ev = queue_event(s->engine, SR_EV_CONTINUED, s)) == NULL)
		return;
	ev->u.continued.of = of;
	ev->u.continued.call_id = sr_arena_dup(&s->arena,
	    sr_cstr(other->call_id));
	ev->u.continued.session = sr_arena_dup(&s->arena,
	    sr_cstr(other->id));
}

static void
tell_parallel(struct kin *k, const struct kin *other)
{
	if (k->parallel || k->session == NULL || k->session->engine->again)
		return;
	k->parallel = true;
	warn(k->session->engine, k->session, "parallel", "session %s records "
	    "the same communication session at the same time", other->id);
}

/* The old one ends, or has ended, without a word, and nothing came of it
 * since the new one began. */
static bool
follows(const struct kin *k, const struct kin *old)
{
	return k->begun > old->begun && k->begun >= old->last - SLACK &&
	    k->begun - old->ended <= WINDOW;
}

/* Does the session go on with one that is over? */
static void
look_back(struct sr_engine *e, struct kin *k)
{
	struct kin *old, *best = NULL;
	struct key *at = NULL;
	size_t i = 0;

	while (!k->continues && (old = next_kin(e, k, &i, &at)) != NULL)
		if (old->session == NULL && old->unexpected &&
		    !old->continued && follows(k, old) &&
		    (best == NULL || old->ended > best->ended))
			best = old;
	if (best == NULL)
		return;
	k->continues = best->continued = true;
	tell(k->session, best, true);
}

/* Has another one gone on with it already? */
static void
look_ahead(struct sr_engine *e, struct kin *k)
{
	struct kin *young, *best = NULL;
	struct key *at = NULL;
	size_t i = 0;

	while (!k->continued && (young = next_kin(e, k, &i, &at)) != NULL)
		if (!young->continues && follows(young, k) &&
		    (best == NULL || young->begun < best->begun))
			best = young;
	if (best == NULL)
		return;
	k->continued = best->continues = true;
	tell(k->session, best, false);
	tell(best->session, k, true);
}

/* ---- what happens ---- */

static bool
is_concerned(const struct sr_session *s)
{
	return s->begun != 0 && s->ended == 0 && !s->plain;
}

void
kin_learn(struct sr_session *s, const struct sr_doc *d)
{
	struct sr_engine *e = s->engine;
	struct kin *k = is_concerned(s) ? kin_of(s) : NULL;

	if (k == NULL)
		return;
	for (size_t i = 0; i < d->nsessions; i++) {
		const struct sr_cs *c = &d->sessions[i];

		add_key(e, k, KIN_CS, c->id);
		for (size_t n = 0; n < c->nsip_session_ids; n++)
			add_key(e, k, KIN_SIP, c->sip_session_ids[n]);
	}
	forget(e);
	look_back(e, k);
}

void
kin_dialog(struct sr_session *s, struct sr_str session_id)
{
	struct kin *k = is_concerned(s) && session_id.n > 0 ? kin_of(s) :
	    NULL;

	if (k == NULL)
		return;
	add_key(s->engine, k, KIN_DIALOG, session_id);
	forget(s->engine);
}

/* Its metadata comes with the begin, if at all. */
void
kin_begun(struct sr_session *s)
{
	if (s->kin != NULL)
		look_back(s->engine, s->kin);
}

void
kin_media(struct sr_session *s)
{
	struct sr_engine *e = s->engine;
	struct kin *k = s->kin, *other;
	struct key *at = NULL;
	size_t i = 0;

	while (k != NULL && !k->parallel &&
	    (other = next_kin(e, k, &i, &at)) != NULL)
		if (other->session != NULL &&
		    other->session->start.t0 != SR_NEVER &&
		    e->now - last_media(other->session) < AT_ONCE) {
			tell_parallel(k, other);
			tell_parallel(other, k);
		}
}

/* Media of both, for longer than one may fade into the other. */
static void
look_beside(struct sr_engine *e, struct kin *k)
{
	const struct sr_session *s = k->session, *o;
	struct key *at = NULL;
	struct kin *other;
	size_t i = 0;

	while (!k->parallel && (other = next_kin(e, k, &i, &at)) != NULL) {
		sr_time from, to;

		if ((o = other->session) == NULL ||
		    s->start.t0 == SR_NEVER || o->start.t0 == SR_NEVER)
			continue;
		from = s->start.t0 > o->start.t0 ? s->start.t0 : o->start.t0;
		to = last_media(o) < k->last ? last_media(o) : k->last;
		if (to - from > SLACK) {
			tell_parallel(k, other);
			tell_parallel(other, k);
		}
	}
}

static bool
is_unexpected(const char *reason)
{
	static const char *const words[] = { "media-timeout", "session-timer",
	    "no-ack", "capture-end" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(reason, words[i]) == 0)
			return true;
	return false;
}

static void
look(struct sr_session *s, sr_time now, bool unexpected)
{
	struct kin *k = s->kin;

	k->last = last_media(s);
	k->ended = now;
	k->unexpected = unexpected;
	look_beside(s->engine, k);
	if (unexpected)
		look_ahead(s->engine, k);
}

void
kin_end(struct sr_session *s, sr_time now, const char *reason)
{
	struct sr_engine *e = s->engine;
	struct kin *k = s->kin;

	if (k == NULL)
		return;
	look(s, now, s->broken || is_unexpected(reason));
	k->session = NULL;
	s->kin = NULL;
	*e->kins->newest = k;
	e->kins->newest = &k->newer;
	e->kins->nover++;
	forget(e);
}

/* The input is over, for all at once: none of their logs has ended yet. */
void
kins_finish(struct sr_engine *e)
{
	for (struct sr_session *s = e->sessions; s != NULL; s = s->older)
		if (s->kin != NULL && s->ended == 0)
			look(s, e->now, true);
}
