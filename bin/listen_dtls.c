/* listen_dtls - DTLS-SRTP on the media ports, RFC 5763 and RFC 5764: one
 * handshake for RTP, one for RTCP where that has a port of its own.
 *
 * Anybody may begin a handshake with us; who comes to its end has the
 * certificate that the signalling named, and his keys are the stream's.  So
 * several may try at a time, and a stranger's failure is nobody's business. */
#include "listen.h"

#include <stdlib.h>
#include <string.h>

#include "siprec/crypt.h"

#define RETRY (250 * SR_MSEC)
#define LINGER (60 * SR_SEC)	/* the peer may ask for our last flight */
enum { TRIES = 4, HELD = 256, FINGERPRINT_MEMORY = 4096 };
static const struct sr_crypto *const crypto = &sr_crypto_full;

struct try {
	struct sr_dtls *d;
	struct sr_addr peer;
	bool done;
	sr_time since;
};
struct held {				/* media that was faster than its key */
	struct held *next;
	struct sr_dgram d;
};
struct side {				/* RTP, or RTCP */
	struct sr_addr target;		/* as the SDP has it */
	struct sr_addr proved;		/* by ICE; family 0: none */
	struct try v[TRIES];		/* the latest first */
	size_t n;
	struct sr_addr peer;		/* whose keys are in force */
	void *guard;			/* protects what we send him */
	struct held *held, **held_end;
	size_t nheld;
};
struct dtls {
	struct dtls *next, **at;	/* all of them */
	struct port *port;
	bool active, failed, stranger;
	struct sr_arena memory;
	struct sr_str prints[SR_FINGERPRINTS];
	size_t nprints, nsides;
	struct side side[2];
};

/* ---- birth and death ---- */

static void
forget_try(struct side *o, size_t i)
{
	crypto->dtls_free(o->v[i].d);
	memmove(&o->v[i], &o->v[i + 1], (--o->n - i) * sizeof(o->v[0]));
}

static void
forget_held(struct side *o)
{
	struct held *h;

	while ((h = o->held) != NULL) {
		o->held = h->next;
		free(h);
	}
	o->held_end = &o->held;
	o->nheld = 0;
}

/* The keys of before are in force until there are others. */
static void
forget_tries(struct dtls *x)
{
	for (int k = 0; k < 2; k++) {
		while (x->side[k].n > 0)
			forget_try(&x->side[k], 0);
		forget_held(&x->side[k]);
	}
}

void
shake_free(struct port *p)
{
	struct dtls *x = p->dtls;

	if (x == NULL)
		return;
	forget_tries(x);
	for (int k = 0; k < 2; k++)
		crypto->srtp_free(x->side[k].guard);
	*x->at = x->next;
	if (x->next != NULL)
		x->next->at = x->at;
	sr_arena_free(&x->memory);
	free(x);
	p->dtls = NULL;
}

static struct dtls *
make(struct server *s, struct port *p)
{
	struct dtls *x = sr_zalloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	x->port = p;
	x->nsides = p->pair.rtcp >= 0 ? 2 : 1;
	sr_arena_init(&x->memory, FINGERPRINT_MEMORY);
	for (int k = 0; k < 2; k++)
		forget_held(&x->side[k]);
	x->at = &s->dtls;
	if ((x->next = s->dtls) != NULL)
		x->next->at = &x->next;
	s->dtls = x;
	return p->dtls = x;
}

static bool
same(const struct dtls *x, const struct sr_serve_keying *k)
{
	bool ok = x->active == k->active && x->nprints == k->nfingerprints;

	for (size_t i = 0; ok && i < x->nprints; i++)
		ok = sr_strieq(x->prints[i], k->fingerprints[i]);
	return ok;
}

/* RFC 5763 section 6.6: an association lives on while both sides say again
 * what they have said. */
void
shake_keys(struct server *s, struct port *p, const struct sr_serve_keying *k)
{
	struct dtls *x = p->dtls;

	if (k->keying != SR_KEYS_DTLS) {
		shake_free(p);
		return;
	}
	if ((x == NULL && (x = make(s, p)) == NULL) || same(x, k))
		return;
	forget_tries(x);
	sr_arena_free(&x->memory);
	sr_arena_init(&x->memory, FINGERPRINT_MEMORY);
	x->active = k->active;
	x->failed = x->stranger = false;
	x->nprints = k->nfingerprints;
	for (size_t i = 0; i < x->nprints; i++)
		x->prints[i] = sr_arena_dup(&x->memory, k->fingerprints[i]);
	for (int i = 0; i < 2; i++)
		x->side[i].target.family = 0;
}

/* ---- what comes of a handshake ---- */

static struct sr_flow
flow_of(const struct port *p, bool rtcp, const struct sr_addr *from)
{
	struct sr_flow f = { *from, p->addr, SR_UDP };

	f.dst.port = (uint16_t)(f.dst.port + rtcp);
	return f;
}

static void
say(struct server *s, const struct port *p, const char *rule,
    const char *text)
{
	struct sr_flow f = flow_of(p, false, &p->dtls->side[0].target);

	log_of_stream(s, sr_engine_stream(s->engine, &f), rule, text);
}

static void
give_held(struct server *s, struct dtls *x, bool rtcp)
{
	struct side *o = &x->side[rtcp];
	struct held *h, *v = o->held;

	o->held = NULL;
	forget_held(o);
	while ((h = v) != NULL) {
		v = h->next;
		media_packet(s, x->port, rtcp, &h->d);
		free(h);
	}
}

static void
opened(struct server *s, struct dtls *x, bool rtcp, struct try *t)
{
	struct sr_flow f = flow_of(x->port, rtcp, &t->peer);
	struct side *o = &x->side[rtcp];
	struct sr_dtls_keys keys;
	void *guard = NULL;
	int err = crypto->dtls_keys(t->d, &keys);

	if (err == SR_OK)
		err = crypto->srtp_new(&guard, &keys.send, 1, SR_PROTECT);
	if (err == SR_OK) {
		crypto->srtp_free(o->guard);
		o->guard = guard;
		o->peer = t->peer;
		t->done = true;
		t->since = sr_now();
		sr_engine_key(s->engine, &f, &keys.receive);
		give_held(s, x, rtcp);
	}
	crypto->wipe(&keys, sizeof(keys));
}

/* From an address that the client has named or proved to be its own, a wrong
 * certificate is no stranger's doing. */
static bool
named(const struct side *o, const struct sr_addr *a)
{
	return sr_addr_ipeq(&o->target, a) || sr_addr_eq(&o->proved, a);
}

/* RFC 5763 section 5: the session is torn down at once. */
static void
distrust(struct server *s, struct dtls *x, const struct side *o,
    const struct try *t)
{
	if (!named(o, &t->peer)) {
		if (!x->stranger)
			say(s, x->port, "R5763-5", "a stranger's DTLS "
			    "handshake lacks the fingerprint of the SDP: "
			    "nothing has changed");
		x->stranger = true;
		return;
	}
	x->failed = true;
	say(s, x->port, "R5763-5", "the certificate of the DTLS handshake "
	    "lacks the fingerprint of the SDP: the stream is torn down");
	sr_serve_distrust(s->serve, x->port->leg->number, x->port->line,
	    sr_now());
}

static void
send_all(const struct port *p, bool rtcp, const struct try *t)
{
	struct sr_media_stats st = { .sent = 0 };
	struct sr_media_out m = { .to = t->peer };

	while (crypto->dtls_next(t->d, &m.data))
		sr_media_send(rtcp ? p->pair.rtcp : p->pair.rtp, &m, 1, &st);
}

/* After something has happened to a try: err is what came of it. */
static void
look(struct server *s, struct dtls *x, bool rtcp, size_t i, int err)
{
	struct side *o = &x->side[rtcp];
	struct try *t = &o->v[i];

	send_all(x->port, rtcp, t);
	if (err == SR_OK && !t->done)
		opened(s, x, rtcp, t);
	if (err == SR_EAUTH)
		distrust(s, x, o, t);
	else if (err != SR_OK && x->active && !t->done)
		say(s, x->port, "dtls", "the DTLS handshake has failed");
	if (err != SR_OK)
		forget_try(o, i);
}

/* ---- a handshake begins ---- */

/* The place of one who is not known to be the client, if there is one. */
static void
make_room(struct side *o)
{
	size_t i = TRIES - 1;

	while (i > 0 && (o->v[i].done || named(o, &o->v[i].peer)))
		i--;
	if (o->n == TRIES)
		forget_try(o, i > 0 ? i : TRIES - 1);
}

static bool
try_new(struct dtls *x, struct side *o, const struct sr_addr *peer)
{
	struct sr_dtls_cfg cfg = { .active = x->active,
	    .fingerprints = x->prints, .nfingerprints = x->nprints,
	    .ask = !sr_addr_eq(&o->proved, peer), .retry = RETRY };
	struct try t = { .peer = *peer, .since = sr_now() };

	if (crypto->dtls_new(&t.d, &cfg) != SR_OK)
		return false;
	make_room(o);
	memmove(&o->v[1], &o->v[0], o->n++ * sizeof(o->v[0]));
	o->v[0] = t;
	return true;
}

static size_t
try_of(const struct side *o, const struct sr_addr *peer)
{
	size_t i = 0;

	while (i < o->n && !sr_addr_eq(&o->v[i].peer, peer))
		i++;
	return i;
}

static void
begin(struct server *s, struct dtls *x, bool rtcp, const struct sr_addr *to)
{
	struct side *o = &x->side[rtcp];
	sr_time now = sr_now();

	if (!x->active || x->failed || x->nprints == 0 ||
	    to->family == 0 || to->port == 0 || sr_addr_any(to) ||
	    try_of(o, to) < o->n || !try_new(x, o, to))
		return;
	look(s, x, rtcp, 0, crypto->dtls_tick(o->v[0].d, now));
}

void
shake_line(struct server *s, struct port *p, const struct sr_plan_line *peer)
{
	const struct sr_addr to[2] = { peer->rtp, peer->rtcp };
	struct dtls *x = p->dtls;

	/* One that another process has left has no keys before a new offer:
	 * what comes until then is nothing that could be recorded. */
	if (x == NULL && (peer->keying != SR_KEYS_DTLS ||
	    (x = make(s, p)) == NULL))
		return;
	for (size_t k = 0; k < (peer->mux ? 1 : x->nsides); k++) {
		if (sr_addr_eq(&x->side[k].target, &to[k]))
			continue;
		x->side[k].target = to[k];
		if (!peer->held)
			begin(s, x, k == 1, &to[k]);
	}
}

void
shake_proved(struct server *s, struct port *p, bool rtcp,
    const struct sr_addr *a)
{
	struct dtls *x = p->dtls;
	struct side *o;

	if (x == NULL || (rtcp && x->nsides == 1))
		return;
	o = &x->side[rtcp];
	if (sr_addr_eq(&o->proved, a))
		return;
	o->proved = *a;
	if (o->guard == NULL || !sr_addr_eq(&o->peer, a))
		begin(s, x, rtcp, a);
}

/* ---- datagrams ---- */

/* A ClientHello: handshake, epoch 0, message 1. */
static bool
is_hello(struct sr_str d)
{
	return d.n > 25 && d.p[0] == 22 && (uint8_t)d.p[1] == 0xfe &&
	    d.p[3] == 0 && d.p[4] == 0 && d.p[13] == 1;
}

void
shake_take(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d)
{
	struct dtls *x = p->dtls;
	struct side *o;
	size_t i;

	if (x == NULL || x->failed || x->nprints == 0 ||
	    (rtcp && x->nsides == 1))
		return;
	o = &x->side[rtcp];
	if ((i = try_of(o, &d->from)) == o->n) {
		if (x->active || !is_hello(d->data) ||
		    !try_new(x, o, &d->from))
			return;
		i = 0;
	}
	look(s, x, rtcp, i, crypto->dtls_feed(o->v[i].d, d->data, sr_now()));
}

/* A peer that is done may send before we have its last word, which was lost
 * and will be said again. */
static void
hold(struct side *o, const struct sr_dgram *d)
{
	struct held *h;

	if (try_of(o, &d->from) == o->n || o->nheld == HELD ||
	    (h = malloc(sizeof(*h) + d->data.n)) == NULL)
		return;
	*h = (struct held){ .d = *d };
	h->d.data.p = memcpy(h + 1, d->data.p, d->data.n);
	*o->held_end = h;
	o->held_end = &h->next;
	o->nheld++;
}

bool
shake_opens(struct port *p, bool rtcp, const struct sr_dgram *d)
{
	struct side *o = &p->dtls->side[rtcp && p->dtls->nsides == 2];

	if (o->guard != NULL)
		return true;
	if (!p->dtls->failed)
		hold(o, d);
	return false;
}

void *
shake_guard(const struct port *p, bool rtcp, struct sr_addr *to)
{
	const struct side *o = &p->dtls->side[rtcp && p->dtls->nsides == 2];

	*to = o->peer;
	return p->dtls->failed ? NULL : o->guard;
}

/* ---- time ---- */

static void
tick_side(struct server *s, struct dtls *x, bool rtcp, sr_time now)
{
	struct side *o = &x->side[rtcp];

	for (size_t i = o->n; i-- > 0 && i < o->n;) {
		struct try *t = &o->v[i];

		if (now - t->since > LINGER && (t->done || !x->active))
			forget_try(o, i);
		else if (crypto->dtls_due(t->d) <= now)
			look(s, x, rtcp, i, crypto->dtls_tick(t->d, now));
	}
}

void
shake_ticks(struct server *s, sr_time now)
{
	for (struct dtls *x = s->dtls; x != NULL; x = x->next)
		for (size_t k = 0; k < x->nsides; k++)
			tick_side(s, x, k == 1, now);
}
