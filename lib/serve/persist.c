/* persist - durable before answered: what changes a session is written before
 * the other side hears of it, but no longer waited for than it can bear. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE (500 * SR_MSEC)

/* ---- asking the owner ---- */

/* first may be gone before the event is taken. */
static uint64_t
ask(struct leg *l, bool over)
{
	struct sr_serve *s = l->s;
	char *first = text_dup(sr_cstr(l->first));
	struct sr_serve_event *ev = first != NULL ?
	    serve_event(s, SR_SERVE_PERSIST, l) : NULL;

	if (ev == NULL) {
		free(first);
		return 0;
	}
	ev->ticket = ++s->tickets;
	ev->call_id = sr_cstr(first);
	ev->over = over;
	serve_bury(s, first, free);
	l->kept = !over;
	l->dirty = false;
	return s->tickets;
}

void
persist_dirty(struct leg *l)
{
	struct sr_serve *s = l->s;
	size_t cap = s->dirty_cap > 0 ? s->dirty_cap * 2 : 64;
	uint64_t *v;

	if (!s->cfg.persist || l->dirty)
		return;
	if (s->ndirty == s->dirty_cap) {
		if ((v = realloc(s->dirty, cap * sizeof(*v))) == NULL)
			return;
		s->dirty = v;
		s->dirty_cap = cap;
	}
	s->dirty[s->ndirty++] = l->id;
	l->dirty = true;
}

void
persist_flush(struct sr_serve *s)
{
	struct leg *l;

	for (size_t i = 0; i < s->ndirty; i++) {
		l = leg_by_id(s, s->dirty[i]);
		if (l == NULL || !l->dirty)
			continue;
		l->dirty = false;
		if (save_can(l))
			ask(l, false);
	}
	s->ndirty = 0;
}

/* ---- what waits ---- */

static struct hold *
hold_of(const struct sr_serve *s, const struct leg *l)
{
	struct hold *last = NULL;

	for (struct hold *h = s->holds; h != NULL; h = h->next)
		if (h->leg == l->id)
			last = h;
	return last;
}

static struct hold *
hold_new(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct hold *h = sr_zalloc(sizeof(*h));

	if (h == NULL || (h->ticket = ask(l, false)) == 0) {
		free(h);
		return NULL;
	}
	h->leg = l->id;
	h->until = s->now + PATIENCE;
	h->last = &h->first;
	*s->last_hold = h;
	s->last_hold = &h->next;
	serve_due(s, h->until);
	return h;
}

static bool
hold_add(struct hold *h, const struct sr_serve_event *ev)
{
	struct held *m = malloc(sizeof(*m) + ev->data.n + ev->branch.n);

	if (m == NULL)
		return false;
	m->next = NULL;
	m->ev = *ev;
	memcpy(m->bytes, ev->data.p, ev->data.n);
	m->ev.data.p = m->bytes;
	if (ev->branch.n > 0)
		memcpy(m->bytes + ev->data.n, ev->branch.p, ev->branch.n);
	m->ev.branch.p = m->bytes + ev->data.n;
	*h->last = m;
	h->last = &m->next;
	return true;
}

static bool
waits(const struct sr_serve *s, struct sr_str data)
{
	for (const struct hold *h = s->holds; h != NULL; h = h->next)
		for (const struct held *m = h->first; m != NULL; m = m->next)
			if (sr_streq(m->ev.data, data))
				return true;
	return false;
}

/* A 2xx that changes the session, a BYE or an offer of ours; the ACK that
 * answers the client's, when it makes the session. */
static bool
depends(const struct leg *l, const struct sr_serve_event *ev)
{
	enum sr_method m = ev->method;

	if (!save_can(l))
		return false;
	if (ev->status != 0)
		return ev->status < 300 && (m == SR_INVITE || m == SR_UPDATE);
	return m == SR_BYE || m == SR_INVITE || (m == SR_ACK && !l->kept);
}

bool
persist_holds(struct sr_serve *s, struct leg *l,
    const struct sr_serve_event *ev, bool again)
{
	struct hold *h;

	if (!s->cfg.persist || ev->kind != SR_SERVE_SEND)
		return false;
	if (again)
		return waits(s, ev->data);
	if (l == NULL || (ev->status >= 100 && ev->status < 200))
		return false;
	h = depends(l, ev) ? hold_new(l) : hold_of(s, l);
	return h != NULL && hold_add(h, ev);
}

/* A BYE may never be sent: then the session has not ended by it. */
static bool
may_be_shown(const struct held *m)
{
	return m->ev.status != 0 || m->ev.method != SR_BYE;
}

const struct sr_serve_event *
sr_serve_held(struct sr_serve *s, uint64_t ticket, size_t i)
{
	struct hold *h = s->holds;
	struct held *m;

	while (h != NULL && h->ticket != ticket)
		h = h->next;
	m = h != NULL ? h->first : NULL;
	while (m != NULL && (!may_be_shown(m) || i-- > 0))
		m = m->next;
	if (m == NULL)
		return NULL;
	m->ev.held = true;
	return &m->ev;
}

void
sr_serve_persist_all(struct sr_serve *s)
{
	for (struct leg *l = s->oldest; l != NULL; l = l->newer)
		persist_dirty(l);
	persist_flush(s);
}

/* ---- it is written, or was waited for in vain ---- */

static struct hold *
take_off(struct sr_serve *s, struct hold **at)
{
	struct hold *h = *at;

	*at = h->next;
	if (s->last_hold == &h->next)
		s->last_hold = at;
	return h;
}

static void
hold_drop(struct sr_serve *s, struct hold **at)
{
	struct hold *h = take_off(s, at);
	struct held *m;

	while ((m = h->first) != NULL) {
		h->first = m->next;
		free(m);
	}
	free(h);
}

static void
hold_say(struct sr_serve *s, struct hold **at)
{
	struct sr_serve_event *ev;

	for (struct held *m = (*at)->first; m != NULL; m = m->next) {
		if ((ev = serve_event(s, SR_SERVE_SEND, NULL)) != NULL)
			*ev = m->ev;
		serve_bury(s, m, free);
	}
	(*at)->first = NULL;
	hold_drop(s, at);
}

/* All of a leg up to that ticket: in order, and a younger record holds what an
 * older one held. */
static void
say_up_to(struct sr_serve *s, uint64_t leg, uint64_t ticket)
{
	struct hold **at = &s->holds;

	while (*at != NULL) {
		if ((*at)->leg == leg && (*at)->ticket <= ticket)
			hold_say(s, at);
		else
			at = &(*at)->next;
	}
}

static void
complain(struct sr_serve *s, const struct leg *l, const char *text)
{
	if (!s->store_bad)
		serve_note(s, l, "store", text);
	s->store_bad = true;
}

void
persist_tick(struct sr_serve *s)
{
	while (s->holds != NULL && s->holds->until <= s->now) {
		complain(s, leg_by_id(s, s->holds->leg), "the store is slow: "
		    "what waits for it goes out without");
		say_up_to(s, s->holds->leg, s->holds->ticket);
	}
	if (s->holds != NULL)
		serve_due(s, s->holds->until);
}

int
sr_serve_persisted(struct sr_serve *s, uint64_t ticket, int err, sr_time now)
{
	struct hold *h = s->holds;
	struct leg *l;

	s->now = now;
	while (h != NULL && h->ticket != ticket)
		h = h->next;
	if (err == SR_OK)
		s->store_bad = false;
	else if (err != SR_EAUTH)
		complain(s, h != NULL ? leg_by_id(s, h->leg) : NULL,
		    "the store takes no records: sessions go on without");
	if (h == NULL)
		return SR_ENOENT;
	l = leg_by_id(s, h->leg);
	if (err == SR_EAUTH && l != NULL)
		return sr_serve_abandon(s, sr_cstr(l->first), now);
	say_up_to(s, h->leg, ticket);
	return SR_OK;
}

/* ---- the end ---- */

void
persist_over(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct leg *v[MAX_KEPT];
	size_t n;

	if (!s->cfg.persist)
		return;
	say_up_to(s, l->id, UINT64_MAX);
	if (!l->kept)
		return;
	n = save_legs(s, sr_cstr(l->first), v);
	for (size_t i = 0; i < n; i++)
		if (v[i] != l) {
			persist_dirty(v[i]);
			return;
		}
	ask(l, true);
}

void
persist_forget(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct hold **at = &s->holds;

	while (*at != NULL) {
		if ((*at)->leg == l->id)
			hold_drop(s, at);
		else
			at = &(*at)->next;
	}
}

int
sr_serve_abandon(struct sr_serve *s, struct sr_str session, sr_time now)
{
	struct leg *l = leg_by_name(s, session), *next;
	struct sr_serve_event *ev;
	char *first;

	s->now = now;
	if (l == NULL)
		return SR_ENOENT;
	if ((first = text_dup(sr_cstr(l->first))) == NULL)
		return SR_ENOMEM;
	for (l = s->oldest; l != NULL; l = next) {
		next = l->newer;
		if (l->first != NULL && strcmp(l->first, first) == 0)
			leg_taken(l);
	}
	if ((ev = serve_event(s, SR_SERVE_TAKEN, NULL)) != NULL)
		ev->call_id = sr_cstr(first);
	serve_bury(s, first, free);
	return SR_OK;
}

void
persist_free(struct sr_serve *s)
{
	while (s->holds != NULL)
		hold_drop(s, &s->holds);
	free(s->dirty);
}
