/* leg - one dialog of a recording session: how it is found, how it ends. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding ---- */

static bool
is(const char *text, struct sr_str s)
{
	return text != NULL && sr_streq(sr_cstr(text), s);
}

struct leg *
leg_by_id(const struct sr_serve *s, uint64_t id)
{
	size_t i = (uint32_t)id;

	if (i == 0 || i > s->nslots || s->slots[i - 1].leg == NULL ||
	    s->slots[i - 1].generation != id >> 32)
		return NULL;
	return s->slots[i - 1].leg;
}

struct leg *
leg_by_name(const struct sr_serve *s, struct sr_str name)
{
	struct leg *ending = NULL;

	for (struct leg *l = s->newest; l != NULL; l = l->older) {
		if (!is(l->session, name) && !is(l->call_id, name) &&
		    !is(l->first, name))
			continue;
		if (!l->ending)
			return l;
		if (ending == NULL)
			ending = l;
	}
	return ending;
}

static struct leg **
bucket(const struct sr_serve *s, uint64_t hash)
{
	return &s->table[hash & (s->table_cap - 1)];
}

struct leg *
leg_of_session(const struct sr_serve *s, struct sr_str call_id)
{
	struct leg *l, *found = NULL;

	if (s->table_cap == 0)
		return NULL;
	for (l = *bucket(s, sr_hash(call_id.p, call_id.n)); l != NULL;
	    l = l->same)
		if (is(l->first, call_id) && (found == NULL || found->ending ||
		    (!l->ending && l->id > found->id)))
			found = l;
	return found;
}

static int
grow_table(struct sr_serve *s)
{
	size_t cap = s->table_cap > 0 ? s->table_cap * 2 : 256;
	struct leg **v;

	if (s->nlegs < s->table_cap)
		return SR_OK;
	if ((v = calloc(cap, sizeof(*v))) == NULL)
		return SR_ENOMEM;
	free(s->table);
	s->table = v;
	s->table_cap = cap;
	for (struct leg *l = s->oldest; l != NULL; l = l->newer) {
		if (l->first == NULL)
			continue;
		l->same = *bucket(s, l->hash);
		*bucket(s, l->hash) = l;
	}
	return SR_OK;
}

static void
unhash(struct leg *l)
{
	struct leg **at;

	if (l->first == NULL)
		return;
	for (at = bucket(l->s, l->hash); *at != NULL; at = &(*at)->same)
		if (*at == l) {
			*at = l->same;
			break;
		}
	free(l->first);
	l->first = NULL;
}

int
leg_named(struct leg *l, struct sr_str first)
{
	char *text = text_dup(first);

	if (text == NULL)
		return SR_ENOMEM;
	unhash(l);
	l->first = text;
	l->hash = sr_hash(first.p, first.n);
	l->same = *bucket(l->s, l->hash);
	*bucket(l->s, l->hash) = l;
	return SR_OK;
}

/* ---- birth ---- */

static int
take_slot(struct sr_serve *s, struct leg *l)
{
	struct slot *v;
	size_t *spare, i, cap;

	if (s->nspare == 0) {
		cap = s->nslots > 0 ? s->nslots * 2 : 64;
		if ((v = realloc(s->slots, cap * sizeof(*v))) == NULL)
			return SR_ENOMEM;
		s->slots = v;
		if ((spare = realloc(s->spare, cap * sizeof(*spare))) == NULL)
			return SR_ENOMEM;
		s->spare = spare;
		for (i = s->nslots; i < cap; i++)
			v[i] = (struct slot){ NULL, 0 };
		for (i = cap; i > s->nslots; i--)
			spare[s->nspare++] = i - 1;
		s->nslots = cap;
	}
	i = s->spare[--s->nspare];
	s->slots[i].leg = l;
	s->slots[i].generation++;
	l->id = (uint64_t)s->slots[i].generation << 32 | (i + 1);
	return SR_OK;
}

struct leg *
leg_new(struct sr_serve *s, struct sr_dialog *d)
{
	struct leg *l = sr_zalloc(sizeof(*l));
	uint32_t id;

	if (l == NULL)
		return NULL;
	l->s = s;
	l->d = d;
	l->call_id = text_dup(sr_dialog_call_id(d));
	if (l->call_id == NULL || grow_table(s) != SR_OK ||
	    take_slot(s, l) != SR_OK) {
		free(l->call_id);
		free(l);
		return NULL;
	}
	l->older = s->newest;
	*(s->newest != NULL ? &s->newest->newer : &s->oldest) = l;
	s->newest = l;
	s->nlegs++;
	s->cfg.ua.crypto->random((uint8_t *)&id, sizeof(id));
	l->sdp_id = id;
	l->version = l->in_force = 1;
	l->paused = s->cfg.held;
	l->began = l->sip_at = s->now;
	l->answer_at = l->probe_at = SR_NEVER;
	*sr_dialog_slot(d) = l;
	s->idle_told = false;
	return l;
}

/* ---- connections ---- */

static void
pin(struct leg *l, enum sr_serve_kind kind, uint64_t conn)
{
	struct sr_serve_event *ev;

	if (conn != 0 && (ev = serve_event(l->s, kind, l)) != NULL)
		ev->conn = conn;
}

void
leg_pin(struct leg *l)
{
	uint64_t conn = sr_dialog_hop(l->d)->conn;

	if (conn == l->pinned)
		return;
	pin(l, SR_SERVE_PIN, conn);
	pin(l, SR_SERVE_UNPIN, l->pinned);
	l->pinned = conn;
}

/* ---- life ---- */

bool
leg_busy(const struct leg *l)
{
	return l->deal != NULL || l->invite != NULL || l->snap_running ||
	    l->probing;
}

void
leg_kick(struct leg *l)
{
	if (leg_busy(l) || l->ending || !l->answered || !l->acked ||
	    l->back.quiet > l->s->now)
		return;
	control_kick(l);
	if (!leg_busy(l))
		snapshot_kick(l);
}

void
leg_answered(struct leg *l)
{
	struct sr_serve *s = l->s;

	if (l->answered)
		return;
	l->answered = true;
	l->since = s->now;
	s->stats.now++;
	s->stats.answered++;
	stats_setup(s, s->now - l->began);
	for (size_t i = 0; i < l->nlines; i++)
		l->lines[i].heard = s->now;
	serve_due(s, watchdog_due(l));
	subscribe_changed(s);
}

void
leg_bye(struct leg *l, const char *why, int cause)
{
	static const struct sr_str none = { NULL, 0 };
	struct sr_buf *b = &l->s->head;

	if (l->ending)
		return;
	l->ending = true;
	if (l->why == NULL)
		l->why = why;
	head_begin(l->s);
	if (why != NULL)
		sr_buf_fmt(b, "Reason: SIP;cause=%d;text=\"%s\"\r\n", cause,
		    why);
	sr_dialog_bye(l->d, l->s->now, sr_buf_str(b), none, none);
}

/* ---- the end ---- */

static uint64_t
identity(struct sr_str call_id, struct sr_str local, struct sr_str remote)
{
	uint64_t h = sr_hash(call_id.p, call_id.n);

	h = h * 31 + sr_hash(local.p, local.n);
	return h * 31 + sr_hash(remote.p, remote.n);
}

/* RFC 3891 section 3: a dialog that ended is declined, not unknown; we
 * remember it for 64*T1. */
bool
ended_lately(const struct sr_serve *s, struct sr_str call_id,
    struct sr_str local_tag, struct sr_str remote_tag)
{
	uint64_t h = identity(call_id, local_tag, remote_tag);
	sr_time t1 = s->cfg.ua.t1 > 0 ? s->cfg.ua.t1 : 500 * SR_MSEC;

	for (size_t i = 0; i < MAX_ENDED; i++)
		if (s->ended[i].hash == h && s->ended[i].at != 0 &&
		    s->now - s->ended[i].at <= 64 * t1)
			return true;
	return false;
}

static const char *
cause_of(const struct leg *l, const char *why)
{
	static const char *const own[] = { "no-ack", "session-timer" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (strcmp(why, own[i]) == 0)
			return own[i];
	if (strcmp(why, "bye-peer") == 0)
		return "bye-client";
	return l->why != NULL ? l->why : "bye-server";
}

static void
unlink_leg(struct leg *l)
{
	struct sr_serve *s = l->s;

	*(l->older != NULL ? &l->older->newer : &s->oldest) = l->newer;
	*(l->newer != NULL ? &l->newer->older : &s->newest) = l->older;
	s->slots[(uint32_t)l->id - 1].leg = NULL;
	s->spare[s->nspare++] = (uint32_t)l->id - 1;
	s->nlegs--;
	unhash(l);
}

/* Off all lists, and off the owner's. */
static void
leave(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct sr_serve_event *ev;

	l->ending = true;
	l->invite = NULL;
	deal_drop(l);
	control_over(l);
	if ((ev = serve_event(s, SR_SERVE_RELEASE, l)) != NULL)
		ev->line = SR_ALL_LINES;
	pin(l, SR_SERVE_UNPIN, l->pinned);
	l->pinned = 0;
	*sr_dialog_slot(l->d) = NULL;
	unlink_leg(l);
	serve_bury(s, l, leg_free);
	subscribe_changed(s);
}

void
leg_over(struct leg *l, const char *why)
{
	struct sr_serve *s = l->s;

	s->ended[s->ended_at++ % MAX_ENDED] = (struct ended){
	    identity(sr_dialog_call_id(l->d), sr_dialog_local_tag(l->d),
	    sr_dialog_remote_tag(l->d)), s->now };
	if (l->answered) {
		s->stats.now--;
		stats_ended(s, cause_of(l, why));
	} else if (strcmp(why, "cancelled") == 0) {
		s->stats.cancelled++;
	}
	persist_over(l);
	leave(l);
}

/* It did not end: whoever asks for it later is to be served by the other. */
void
leg_taken(struct leg *l)
{
	if (l->answered) {
		l->s->stats.now--;
		stats_ended(l->s, "taken-over");
	}
	persist_forget(l);
	sr_dialog_drop(l->d);
	leave(l);
}

void
leg_undo(struct leg *l)
{
	*sr_dialog_slot(l->d) = NULL;
	sr_dialog_drop(l->d);
	unlink_leg(l);
	leg_free(l);
}

static void
drop_secret(struct secret *x)
{
	if (x != NULL)
		sr_wipe(x, sizeof(*x));
	free(x);
}

/* Lines that stay share their secrets with the deal. */
static void
free_deal(struct leg *l)
{
	struct deal *d = l->deal;

	for (size_t i = 0; d != NULL && d->lines != NULL &&
	    i < d->plan.nlines; i++)
		if (i >= l->nlines || d->lines[i].secret !=
		    l->lines[i].secret)
			drop_secret(d->lines[i].secret);
	deal_free(d);
}

void
leg_free(void *p)
{
	struct leg *l = p;

	if (l == NULL)
		return;
	free_deal(l);
	for (size_t i = 0; i < l->nlines; i++)
		drop_secret(l->lines[i].secret);
	free(l->lines);
	free(l->call_id);
	free(l->first);
	free(l->session);
	free(l->identity);
	free(l->user);
	free(l->asserted);
	free(l->orig);
	free(l->dest);
	free(l);
}
