/* run - messages and the time in, events out: the calls that are under way. */
#include "run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
random_is_ours(const struct sr_run *r)
{
	return r->cfg.seed != 0;
}

void
run_random(void *run, uint8_t *out, size_t n)
{
	struct sr_run *r = run;

	if (random_is_ours(r))
		sr_prng_fill(&r->prng, out, n);
	else
		r->cfg.crypto->random(out, n);
}

int
sr_run_new(struct sr_run **rp, const struct sr_run_cfg *cfg)
{
	struct sr_run *r = sr_zalloc(sizeof(*r));
	struct sr_ua_cfg ua = { .crypto = cfg->crypto, .seed = cfg->seed,
	    .t1 = cfg->t1, .min_se = cfg->min_se,
	    .user = SR_STR("siprec-replay"),
	    .agent = SR_STR("siprec-replay"),
	    .understood = SR_STR("siprec"), .session_id = true,
	    .tcp_for_large = !cfg->udp_only, .allow_md5 = cfg->allow_md5 };
	int err;

	if (r == NULL)
		return SR_ENOMEM;
	r->cfg = *cfg;
	sr_prng_init(&r->prng, cfg->seed ^ 0x5352432d72756eu);
	memcpy(ua.local, cfg->local, sizeof(ua.local));
	if ((err = sr_ua_new(&r->ua, &ua)) != SR_OK) {
		free(r);
		return err;
	}
	*rp = r;
	return SR_OK;
}

/* ---- events ---- */

struct event *
run_event(struct sr_run *r, enum sr_run_kind kind, struct call *c)
{
	struct event *e = sr_zalloc(sizeof(*e));

	if (e == NULL) {
		r->err = SR_ENOMEM;
		return NULL;
	}
	e->ev.kind = kind;
	e->ev.script = c != NULL ? c->script : NULL;
	if (r->tail != NULL)
		r->tail->next = e;
	else
		r->head = e;
	r->tail = e;
	return e;
}

static void call_free(struct call *c);
static void pump(struct sr_run *r);

static void
put_away(struct sr_run *r)
{
	struct event *e = r->taken;

	r->taken = NULL;
	if (e == NULL)
		return;
	if (e->give)
		r->cfg.ports.give(r->cfg.ports.arg, e->pair);
	if (e->free_call != NULL)
		call_free(e->free_call);
	free(e->owned);
	free(e);
}

const struct sr_run_event *
sr_run_next(struct sr_run *r)
{
	struct event *e;

	put_away(r);
	if ((e = r->head) == NULL)
		return NULL;
	r->head = e->next;
	if (r->head == NULL)
		r->tail = NULL;
	r->taken = e;
	if (e->ev.kind >= SR_RUN_OPEN && e->ev.kind <= SR_RUN_ACT)
		e->ev.line = &e->line;
	return &e->ev;
}

/* ---- calls ---- */

struct sr_str
run_call_keep(struct call *c, struct sr_str s)
{
	struct sr_str kept = sr_arena_dup(&c->arena, s);

	if (kept.p == NULL && s.n > 0)
		c->run->err = SR_ENOMEM;
	return kept;
}

void
run_call_fail(struct call *c, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	c->result.failed = true;
	if (c->result.why.n > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->result.why = run_call_keep(c, sr_cstr(text));
}

static size_t
widest(const struct sr_script *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nsteps; i++)
		n = s->steps[i].nlines > n ? s->steps[i].nlines : n;
	return n;
}

struct call *
run_call_new(struct sr_run *r, const struct sr_script *script,
    const struct sr_run_target *to, uint64_t number)
{
	struct call *c = sr_zalloc(sizeof(*c));
	size_t n = widest(script);
	uint64_t id;

	if (c == NULL)
		return NULL;
	sr_arena_init(&c->arena, CALL_MEMORY);
	c->run = r;
	c->script = script;
	c->target = to;
	c->busy = c->invite = c->told = NO_STEP;
	c->begun = c->before = r->now;
	c->result = (struct sr_run_result){ .number = number,
	    .script = script, .begun = r->now };
	c->seen = sr_arena_alloc(&c->arena, (script->nsteps + 1) *
	    sizeof(*c->seen));
	for (unsigned i = 0; i < LEGS; i++) {
		struct leg *g = &c->legs[i];

		run_random(r, (uint8_t *)&id, sizeof(id));
		*g = (struct leg){ .call = c, .n = i, .nslots = n,
		    .sdp_id = id >> 2, .slots = i < script->legs || i == 1 ?
		    sr_arena_alloc(&c->arena, (n + 1) * sizeof(*g->slots)) :
		    NULL };
	}
	c->next = r->table[number % CALL_BUCKETS];
	r->table[number % CALL_BUCKETS] = c;
	c->older = r->newest;
	if (r->newest != NULL)
		r->newest->newer = c;
	else
		r->oldest = c;
	r->newest = c;
	if (sr_script_call_new(&c->ids, script, run_random, r, r->now) !=
	    SR_OK) {
		call_free(c);
		return NULL;
	}
	c->has_ids = true;
	return c;
}

static void
call_free(struct call *c)
{
	struct sr_run *r = c->run;
	struct call **at = &r->table[c->result.number % CALL_BUCKETS];

	while (*at != NULL && *at != c)
		at = &(*at)->next;
	if (*at == c)
		*at = c->next;
	*(c->older != NULL ? &c->older->newer : &r->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &r->newest) = c->older;
	run_call_wake(c, SR_NEVER);
	r->ncancels -= c->late_cancel;
	for (unsigned i = 0; i < LEGS; i++) {
		struct leg *g = &c->legs[i];

		r->nvanished -= g->vanished;
		r->nlost -= g->npracks > 0;
		if (g->dialog != NULL)
			*sr_dialog_slot(g->dialog) = NULL;
		for (size_t k = 0; g->slots != NULL && k < g->nslots; k++) {
			if (g->slots[k].has_pair)
				r->cfg.ports.give(r->cfg.ports.arg,
				    g->slots[k].line.pair);
			if (g->slots[k].moving)
				r->cfg.ports.give(r->cfg.ports.arg,
				    g->slots[k].old_pair);
			sr_wipe(g->slots[k].keys, sizeof(g->slots[k].keys));
		}
	}
	if (c->has_ids)
		sr_script_call_free(&c->ids);
	sr_arena_free(&c->arena);
	free(c);
}

int
sr_run_call(struct sr_run *r, sr_time now, const struct sr_script *script,
    const struct sr_run_target *to, uint64_t number)
{
	struct call *c;

	r->now = now;
	r->err = SR_OK;
	if (script->nsteps == 0)
		return SR_EBAD;
	if ((c = run_call_new(r, script, to, number)) == NULL)
		return SR_ENOMEM;
	run_call_advance(c);
	pump(r);
	return SR_OK;
}

void
sr_run_stop(struct sr_run *r, sr_time now)
{
	struct call *c, *newer;

	r->now = now;
	for (c = r->oldest; c != NULL; c = newer) {
		newer = c->newer;
		run_call_stop(c);
	}
	pump(r);
}

/* ---- when a call wants to be woken: a heap ---- */

static void
settle(struct sr_run *r, size_t i)
{
	struct call *c = r->heap[i - 1];

	for (; i > 1 && r->heap[i / 2 - 1]->due > c->due; i /= 2) {
		r->heap[i - 1] = r->heap[i / 2 - 1];
		r->heap[i - 1]->heap = i;
	}
	for (size_t k; (k = i * 2) <= r->nheap; i = k) {
		if (k < r->nheap && r->heap[k]->due < r->heap[k - 1]->due)
			k++;
		if (r->heap[k - 1]->due >= c->due)
			break;
		r->heap[i - 1] = r->heap[k - 1];
		r->heap[i - 1]->heap = i;
	}
	r->heap[i - 1] = c;
	c->heap = i;
}

static bool
enter(struct sr_run *r, struct call *c)
{
	if (r->nheap == r->heap_cap) {
		size_t cap = r->heap_cap > 0 ? r->heap_cap * 2 : 64;
		struct call **v = realloc(r->heap, cap * sizeof(*v));

		if (v == NULL) {
			r->err = SR_ENOMEM;
			return false;
		}
		r->heap = v;
		r->heap_cap = cap;
	}
	r->heap[r->nheap++] = c;
	c->heap = r->nheap;
	return true;
}

void
run_call_wake(struct call *c, sr_time at)
{
	struct sr_run *r = c->run;
	size_t i = c->heap;

	c->due = at;
	if (at != SR_NEVER) {
		if (i != 0 || enter(r, c))
			settle(r, c->heap);
	} else if (i != 0) {
		c->heap = 0;
		if (i != r->nheap--) {
			r->heap[i - 1] = r->heap[r->nheap];
			r->heap[i - 1]->heap = i;
			settle(r, i);
		}
	}
}

sr_time
sr_run_due(const struct sr_run *r)
{
	sr_time ua = sr_ua_due(r->ua);
	sr_time ours = r->nheap > 0 ? r->heap[0]->due : SR_NEVER;

	return ours < ua ? ours : ua;
}

/* ---- what the user agent says ---- */

/* Over a stream nothing gets lost. */
static bool
is_lost_prack(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;

	if (ev->method != SR_PRACK || ev->status != 0 ||
	    ev->hop.proto != SR_UDP || c->invite == NO_STEP ||
	    step_of(c, c->invite)->withheld != SR_HOLD_PRACK ||
	    g->npracks == LOST_PRACKS)
		return false;
	c->run->nlost += g->npracks++ == 0;
	return true;
}

/* Not a word more on a leg that has vanished; and what a flow withholds. */
static bool
is_withheld(struct leg *g, const struct sr_ua_event *ev)
{
	return g->vanished || (g->no_ack && ev->method == SR_ACK) ||
	    (g->no_bye && ev->method == SR_BYE && ev->status == 0) ||
	    is_lost_prack(g, ev);
}

static void
note_sent(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	uint64_t branch = sr_hash(ev->branch.p, ev->branch.n);
	size_t step = ev->method == SR_INVITE && c->invite != NO_STEP ?
	    c->invite : c->busy;

	if (ev->method == SR_ACK) {
		if (g->acks++ > 0)
			c->seen[g->invite].copies++;
		return;
	}
	if (ev->status != 0)
		return;
	if (branch == g->last_sent)
		c->result.resent++;
	else if (step != NO_STEP && step_of(c, step)->kind != SR_AWAIT)
		c->seen[step].request = run_call_keep(c, ev->data);
	if (ev->method == SR_INVITE && step != NO_STEP)
		g->invite_raw = c->seen[step].request;
	g->last_sent = branch;
}

/* An event with bytes of its own. */
static struct event *
event_with(struct sr_run *r, enum sr_run_kind kind, struct call *c,
    struct sr_str bytes, struct sr_str *at)
{
	struct event *e = run_event(r, kind, c);

	if (e == NULL || (e->owned = malloc(bytes.n + 1)) == NULL) {
		r->err = SR_ENOMEM;
		return NULL;
	}
	memcpy(e->owned, bytes.p, bytes.n);
	*at = (struct sr_str){ e->owned, bytes.n };
	return e;
}

static void
sent(struct sr_run *r, const struct sr_ua_event *ev)
{
	struct leg *g = ev->dialog != NULL ? *sr_dialog_slot(ev->dialog) : NULL;
	const struct sr_dialect *d = g != NULL ? g->call->script->dialect :
	    NULL;
	struct sr_str data;
	struct event *e;

	if (g != NULL) {
		note_sent(g, ev);
		if (is_withheld(g, ev))
			return;
	}
	e = event_with(r, SR_RUN_SEND, g != NULL ? g->call : NULL, ev->data,
	    &data);
	if (e == NULL)
		return;
	e->ev.data = data;
	e->ev.hop = ev->hop;
	e->ev.method = ev->method;
	e->ev.status = ev->status;
	if (d != NULL && (d->mark_in_uri || d->supported != NULL ||
	    d->accept != NULL))
		run_dress(e, d);
}

static void
resolve(struct sr_run *r, const struct sr_ua_event *ev)
{
	struct sr_str uri;
	struct event *e = event_with(r, SR_RUN_RESOLVE, NULL, ev->uri, &uri);

	if (e == NULL)
		return;
	e->ev.ticket = ev->ticket;
	e->ev.uri = uri;
}

static void
of_leg(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev)
{
	switch (ev->kind) {
	case SR_UA_REQUEST:
		leg_request(r, g, ev);
		break;
	case SR_UA_RESPONSE:
		leg_response(g, ev);
		break;
	case SR_UA_ACKED:
		leg_acked(g, ev);
		break;
	case SR_UA_CANCELLED:
		g->call->crossed = NULL;
		break;
	case SR_UA_RETRY:
		leg_retry(g, ev);
		break;
	case SR_UA_FAILED:
		leg_failed(g, ev);
		break;
	case SR_UA_OVER:
		leg_over(g, ev->why, strcmp(ev->why, "bye-peer") == 0);
		break;
	default:
		break;
	}
}

/* Whatever the user agent has to say, until it is dry. */
static void
pump(struct sr_run *r)
{
	const struct sr_ua_event *ev;

	while ((ev = sr_ua_next(r->ua)) != NULL) {
		struct leg *g = ev->dialog != NULL ?
		    *sr_dialog_slot(ev->dialog) : NULL;

		if (ev->kind == SR_UA_SEND)
			sent(r, ev);
		else if (ev->kind == SR_UA_RESOLVE)
			resolve(r, ev);
		else if (g != NULL)
			of_leg(r, g, ev);
		else if (ev->kind == SR_UA_REQUEST)
			run_call_accept(r, ev);
	}
}

/* Legs that have vanished hear nothing any more. */
static bool
is_deaf(struct sr_run *r, struct sr_str raw)
{
	struct sr_msg m;
	bool deaf = false;

	if (r->nvanished == 0)
		return false;
	if (sr_msg_parse(&m, raw) == SR_OK)
		for (struct call *c = r->oldest; c != NULL && !deaf;
		    c = c->newer)
			for (unsigned i = 0; i < LEGS; i++)
				deaf |= c->legs[i].vanished &&
				    sr_streq(c->legs[i].call_id, m.call_id);
	sr_msg_free(&m);
	return deaf;
}

/* The answer to a CANCEL that came too late for the user agent to know. */
static bool
is_late_cancel(struct sr_run *r, struct sr_str raw)
{
	struct sr_msg m;
	bool ours = false;

	if (r->ncancels == 0)
		return false;
	if (sr_msg_parse(&m, raw) == SR_OK && m.status >= 200 &&
	    m.method == SR_CANCEL)
		for (struct call *c = r->oldest; c != NULL && !ours;
		    c = c->newer)
			if (c->late_cancel && sr_streq(c->result.call_id,
			    m.call_id)) {
				ours = true;
				c->late_cancel = false;
				r->ncancels--;
				c->seen[c->busy].reply = run_call_keep(c, raw);
				step_over(c, c->busy);
			}
	sr_msg_free(&m);
	return ours;
}

/* The user agent looks at a reliable answer once, and drops its copies. */
static void
count_copies(struct sr_run *r, struct sr_str raw)
{
	for (struct call *c = r->nlost > 0 ? r->oldest : NULL; c != NULL;
	    c = c->newer)
		if (c->invite != NO_STEP &&
		    sr_streq(c->seen[c->invite].provisional, raw))
			c->seen[c->invite].early_copies++;
}

int
sr_run_receive(struct sr_run *r, const struct sr_hop *from, sr_time now,
    struct sr_str raw)
{
	int err;

	r->now = now;
	r->err = SR_OK;
	r->raw = raw;
	if (is_deaf(r, raw))
		return SR_OK;
	count_copies(r, raw);
	err = is_late_cancel(r, raw) ? SR_OK :
	    sr_ua_receive(r->ua, from, now, raw);
	pump(r);
	r->raw = (struct sr_str){ NULL, 0 };
	return r->err != SR_OK ? r->err : err;
}

void
sr_run_tick(struct sr_run *r, sr_time now)
{
	r->now = now;
	sr_ua_tick(r->ua, now);
	pump(r);
	while (r->nheap > 0 && r->heap[0]->due <= now) {
		struct call *c = r->heap[0];

		run_call_wake(c, SR_NEVER);
		run_call_advance(c);
		pump(r);
	}
}

void
sr_run_lost(struct sr_run *r, const struct sr_hop *hop, sr_time now)
{
	r->now = now;
	sr_ua_lost(r->ua, hop, now);
	pump(r);
}

void
sr_run_resolved(struct sr_run *r, uint64_t ticket, const struct sr_hop *hops,
    size_t n, sr_time now)
{
	r->now = now;
	sr_ua_resolved(r->ua, ticket, hops, n, now);
	pump(r);
}

void
sr_run_heard(struct sr_run *r, uint64_t number, bool elsewhere)
{
	struct call *c = r->table[number % CALL_BUCKETS];

	while (c != NULL && c->result.number != number)
		c = c->next;
	if (c == NULL || c->done)
		return;
	c->rtcp = true;
	c->rtcp_elsewhere |= elsewhere;
}

void
sr_run_free(struct sr_run *r)
{
	struct event *e;

	if (r == NULL)
		return;
	put_away(r);
	while ((e = r->head) != NULL) {
		r->head = e->next;
		r->taken = e;
		put_away(r);
	}
	while (r->oldest != NULL)
		call_free(r->oldest);
	sr_ua_free(r->ua);
	free(r->heap);
	free(r);
}
