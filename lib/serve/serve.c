/* serve - the recording server: birth, what comes in, what goes out. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- birth ---- */

static void
default_str(struct sr_str *s, const char *text)
{
	if (s->p == NULL)
		*s = sr_cstr(text);
}

static void
default_num(void *at, int64_t value)
{
	int64_t v;

	memcpy(&v, at, sizeof(v));
	if (v == 0)
		memcpy(at, &value, sizeof(value));
}

static void
default_ua(struct sr_ua_cfg *u)
{
	default_str(&u->user, "siprec");
	default_str(&u->contact_params, ";+sip.srs");
	default_str(&u->allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, "
	    "PRACK, INFO, SUBSCRIBE");
	default_str(&u->supported, "timer, replaces, 100rel");
	/* A client's probe wants to see it; RFC 7866 11.1 keeps it out of
	 * Supported elsewhere. */
	default_str(&u->probe_supported, "timer, replaces, 100rel, siprec");
	default_str(&u->understood, "siprec");
	default_str(&u->accept, "application/sdp, "
	    "application/rs-metadata+xml, application/rs-metadata, "
	    "multipart/mixed");
}

static void
defaults(struct sr_serve *s)
{
	struct sr_serve_cfg *c = &s->cfg;

	default_ua(&c->ua);
	default_str(&c->realm, "siprec");
	default_num(&c->nonce_life, 300 * SR_SEC);
	default_num(&c->media_timeout, 60 * SR_SEC);
	default_num(&c->probe, 900 * SR_SEC);
	default_num(&c->max_duration, SR_NEVER);
	c->streams = c->streams > 0 ? c->streams : 2;
	c->failures_a_minute = c->failures_a_minute > 0 ?
	    c->failures_a_minute : 30;
	c->retry_after = c->retry_after > 0 ? c->retry_after : 30;
	c->max_sessions = c->max_sessions > 0 ? c->max_sessions : 10000;
	c->max_lines = c->max_lines > 0 ? c->max_lines : 64;
	c->max_subscriptions = c->max_subscriptions > 0 ?
	    c->max_subscriptions : 100;
	s->plan = c->plan;
	s->plan.client = s->plan.answer = false;
	s->plan.strict = c->strict;
	s->plan.no_dtls = c->plan.no_dtls || c->fingerprint.n == 0;
}

static void
auth_begin(struct sr_serve *s)
{
	s->auth = (struct sr_auth_server){ .crypto = s->cfg.ua.crypto,
	    .users = s->cfg.users != NULL ? s->cfg.users : &s->no_users,
	    .nonces = &s->nonces, .realm = s->cfg.realm,
	    .life = s->cfg.nonce_life, .md5 = s->cfg.md5 };
	s->cfg.ua.crypto->random(s->auth.secret, sizeof(s->auth.secret));
}

int
sr_serve_new(struct sr_serve **sp, const struct sr_serve_cfg *cfg)
{
	struct sr_serve *s = sr_zalloc(sizeof(*s));
	int err = SR_ENOMEM;

	if (s == NULL)
		return SR_ENOMEM;
	s->cfg = *cfg;
	s->due = SR_NEVER;
	s->last_hold = &s->holds;
	defaults(s);
	auth_begin(s);
	sr_buf_init(&s->head, MAX_HEADERS);
	sr_buf_init(&s->body, MAX_BODY);
	s->ended = calloc(MAX_ENDED, sizeof(*s->ended));
	s->calls = calloc(LIMIT_SOURCES, sizeof(*s->calls));
	s->failures = calloc(LIMIT_SOURCES, sizeof(*s->failures));
	if (s->ended == NULL || s->calls == NULL || s->failures == NULL)
		goto out;
	if ((err = sr_ua_new(&s->ua, &s->cfg.ua)) != SR_OK)
		goto out;
	*sp = s;
	s = NULL;
out:
	sr_serve_free(s);
	return err;
}

static void
sweep(struct sr_serve *s)
{
	for (size_t i = 0; i < s->ngraves; i++)
		s->graves[i].drop(s->graves[i].p);
	s->ngraves = 0;
}

void
sr_serve_free(struct sr_serve *s)
{
	struct leg *l;

	if (s == NULL)
		return;
	sweep(s);
	while ((l = s->oldest) != NULL) {
		s->oldest = l->newer;
		leg_free(l);
	}
	register_free(s);
	subscribe_free(s);
	persist_free(s);
	sr_ua_free(s->ua);
	free(s->slots);
	free(s->spare);
	free(s->table);
	free(s->ended);
	free(s->calls);
	free(s->failures);
	free(s->queue);
	free(s->graves);
	sr_buf_free(&s->head);
	sr_buf_free(&s->body);
	sr_wipe(&s->auth, sizeof(s->auth));
	free(s);
}

void
sr_serve_access(struct sr_serve *s, const struct sr_cidr *allow,
    size_t nallow, const struct sr_auth_users *users)
{
	s->cfg.allow = allow;
	s->cfg.nallow = nallow;
	s->cfg.users = users;
	s->auth.users = users != NULL ? users : &s->no_users;
}

void
sr_serve_signers(struct sr_serve *s, const struct sr_signers *signers)
{
	s->cfg.signers = signers;
}

/* ---- small things ---- */

char *
text_dup(struct sr_str s)
{
	char *p = malloc(s.n + 1);

	if (p == NULL)
		return NULL;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

void
serve_bury(struct sr_serve *s, void *p, void (*drop)(void *p))
{
	struct grave *v = s->graves;
	size_t cap = s->graves_cap;

	if (p == NULL)
		return;
	if (s->ngraves == cap) {
		cap = cap > 0 ? cap * 2 : 64;
		if ((v = realloc(v, cap * sizeof(*v))) == NULL)
			return;		/* lost: better than freed in use */
		s->graves = v;
		s->graves_cap = cap;
	}
	s->graves[s->ngraves++] = (struct grave){ p, drop };
}

struct sr_serve_event *
serve_event(struct sr_serve *s, enum sr_serve_kind kind, const struct leg *l)
{
	struct sr_serve_event *v = s->queue;
	size_t cap = s->qcap;

	if (s->qn == cap) {
		cap = cap > 0 ? cap * 2 : 64;
		if ((v = realloc(v, cap * sizeof(*v))) == NULL)
			return NULL;
		s->queue = v;
		s->qcap = cap;
	}
	v = &s->queue[s->qn++];
	*v = (struct sr_serve_event){ .kind = kind };
	if (l != NULL) {
		v->leg = l->id;
		v->call_id = sr_cstr(l->call_id);
	}
	return v;
}

void
serve_note(struct sr_serve *s, const struct leg *l, const char *rule,
    const char *text)
{
	struct sr_serve_event *ev = serve_event(s, SR_SERVE_NOTE, l);
	char *copy = text_dup(sr_cstr(text));

	if (ev == NULL || copy == NULL) {
		free(copy);
		return;
	}
	ev->rule = rule;
	ev->text = sr_cstr(copy);
	serve_bury(s, copy, free);
}

void
serve_due(struct sr_serve *s, sr_time at)
{
	if (at < s->due)
		s->due = at;
}

/* ---- in ---- */

static void
begin(struct sr_serve *s, sr_time now)
{
	s->now = now;
	s->identity = (struct sr_str){ NULL, 0 };
	if (s->qhead < s->qn)
		return;
	s->qhead = s->qn = 0;
	sweep(s);
}

int
sr_serve_receive(struct sr_serve *s, const struct sr_serve_in *in, sr_time now)
{
	char *identity = in->identity.n > 0 ? text_dup(in->identity) : NULL;

	begin(s, now);
	/* It is looked at when the events of this message are taken. */
	s->identity = sr_cstr(identity);
	serve_bury(s, identity, free);
	if (s->proved && access_stranger(s, in))
		return SR_EAUTH;
	if (subscribe_receive(s, &in->hop, in->raw))
		return SR_OK;
	return sr_ua_receive(s->ua, &in->hop, now, in->raw);
}

int
sr_serve_busy(struct sr_serve *s, const struct sr_serve_in *in,
    uint32_t retry_after, sr_time now)
{
	begin(s, now);
	return sr_ua_busy(s->ua, &in->hop, now, in->raw, retry_after);
}

void
sr_serve_lost(struct sr_serve *s, const struct sr_hop *hop, sr_time now)
{
	begin(s, now);
	subscribe_lost(s, hop);
	sr_ua_lost(s->ua, hop, now);
}

void
sr_serve_resolved(struct sr_serve *s, uint64_t ticket,
    const struct sr_hop *hops, size_t n, sr_time now)
{
	begin(s, now);
	sr_ua_resolved(s->ua, ticket, hops, n, now);
}

/* All legs are looked at: never more often than ten times a second, see
 * watchdog_due. */
void
sr_serve_tick(struct sr_serve *s, sr_time now)
{
	struct leg *next;

	begin(s, now);
	if (now >= s->due) {
		s->due = SR_NEVER;
		for (struct leg *l = s->oldest; l != NULL; l = next) {
			next = l->newer;
			watchdog_tick(l);
			serve_due(s, watchdog_due(l));
		}
		register_tick(s);
		subscribe_tick(s);
		persist_tick(s);
	}
	if (now >= sr_ua_due(s->ua))
		sr_ua_tick(s->ua, now);
}

sr_time
sr_serve_due(const struct sr_serve *s)
{
	sr_time ua = sr_ua_due(s->ua);

	return ua < s->due ? ua : s->due;
}

void
sr_serve_full(struct sr_serve *s, bool on)
{
	s->full = on;
}

void
sr_serve_drain(struct sr_serve *s, bool on, sr_time now)
{
	s->now = now;
	s->draining = on;
	s->idle_told = false;
}

void
sr_serve_shutdown(struct sr_serve *s, const char *reason, sr_time now)
{
	s->draining = s->shutdown = true;
	sr_serve_end(s, (struct sr_str){ NULL, 0 }, reason, now);
	register_leave(s);
	subscribe_leave(s);
}

/* ---- out ---- */

static bool
for_leg(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct leg *l = ev->dialog != NULL ? *sr_dialog_slot(ev->dialog) :
	    NULL;

	if (l == NULL)
		return false;
	l->sip_at = s->now;
	restore_heard(l, ev);
	switch (ev->kind) {
	case SR_UA_REQUEST:
		session_request(l, ev);
		break;
	case SR_UA_RESPONSE:
	case SR_UA_FAILED:
		session_response(l, ev);
		break;
	case SR_UA_ACKED:
		session_acked(l, ev);
		break;
	case SR_UA_PRACKED:
		session_pracked(l);
		break;
	case SR_UA_NO_ACK:
		l->why = "no-ack";
		serve_note(s, l, "R3261-13.3.1.4", "no ACK came: the call is "
		    "ended");
		break;
	case SR_UA_CANCELLED:
		session_cancelled(l, ev);
		break;
	case SR_UA_OVER:
		leg_over(l, ev->why);
		return true;
	default:
		break;
	}
	if (ev->kind == SR_UA_ACKED || (ev->kind == SR_UA_RESPONSE &&
	    ev->status >= 200 && ev->cookie != FOR_PROBE))
		persist_dirty(l);
	leg_pin(l);
	leg_kick(l);
	return true;
}

static void
handle(struct sr_serve *s, const struct sr_ua_event *ev)
{
	if (for_leg(s, ev))
		return;
	switch (ev->kind) {
	case SR_UA_REQUEST:
		if (ev->method == SR_INVITE && ev->dialog == NULL)
			decide_invite(s, ev);
		else
			decide_other(s, ev);
		break;
	case SR_UA_RESPONSE:
	case SR_UA_FAILED:
		register_response(s, ev);
		break;
	default:
		break;
	}
}

/* SEND and RESOLVE, to s->out; false: it waits. */
static bool
pass(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct leg *l = ev->dialog != NULL ? *sr_dialog_slot(ev->dialog) :
	    NULL;

	s->out = (struct sr_serve_event){
		.kind = ev->kind == SR_UA_SEND ? SR_SERVE_SEND :
		    SR_SERVE_RESOLVE,
		.leg = l != NULL ? l->id : 0,
		.call_id = l != NULL ? sr_cstr(l->call_id) :
		    (struct sr_str){ NULL, 0 },
		.hop = ev->hop, .data = ev->data, .method = ev->method,
		.status = ev->status, .branch = ev->branch,
		.server = ev->server, .ticket = ev->ticket, .uri = ev->uri
	};
	return !persist_holds(s, l, &s->out, ev->again);
}

static void
look_idle(struct sr_serve *s)
{
	if (!s->draining || s->idle_told || s->nlegs > 0)
		return;
	if (s->shutdown && (register_busy(s) || s->subscriptions != NULL))
		return;
	s->idle_told = serve_event(s, SR_SERVE_IDLE, NULL) != NULL;
}

const struct sr_serve_event *
sr_serve_next(struct sr_serve *s)
{
	const struct sr_ua_event *ev;

	for (;;) {
		if (s->qhead < s->qn) {
			s->out = s->queue[s->qhead++];
			return &s->out;
		}
		s->qhead = s->qn = 0;
		if ((ev = sr_ua_next(s->ua)) == NULL) {
			subscribe_flush(s);
			persist_flush(s);
			look_idle(s);
			if (s->qn == 0)
				return NULL;
		} else if (ev->kind != SR_UA_SEND &&
		    ev->kind != SR_UA_RESOLVE) {
			handle(s, ev);
		} else if (pass(s, ev)) {
			return &s->out;
		}
	}
}
