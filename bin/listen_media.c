/* listen_media - the ports of a call: RTP in, receiver reports out. */
#include "listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- legs ---- */

static struct leg **
leg_at(struct server *s, uint64_t number)
{
	struct leg **at = &s->legs[number % LEG_BUCKETS];

	while (*at != NULL && (*at)->number != number)
		at = &(*at)->next;
	return at;
}

static struct leg *
leg_new(struct server *s, const struct sr_serve_event *ev)
{
	struct leg **at = leg_at(s, ev->leg), *g = *at;

	if (g != NULL || (g = sr_zalloc(sizeof(*g))) == NULL)
		return g;
	g->number = ev->leg;
	g->server = s;
	g->hash = sr_hash(ev->call_id.p, ev->call_id.n);
	g->same = s->calls[g->hash % LEG_BUCKETS];
	s->calls[g->hash % LEG_BUCKETS] = g;
	return *at = g;
}

static struct port *
port_of(struct server *s, uint64_t leg, size_t line)
{
	struct leg *g = *leg_at(s, leg);

	for (size_t i = 0; g != NULL && i < g->nports; i++)
		if (g->ports[i] != NULL && g->ports[i]->line == line)
			return g->ports[i];
	return NULL;
}

/* ---- ports ---- */

static struct sr_ports *
ports_on(struct server *s, struct sr_addr local)
{
	struct sr_ports_cfg cfg = { .lo = s->o->lo, .hi = s->o->hi };

	local.port = 0;
	for (size_t i = 0; i < s->nnets; i++)
		if (sr_addr_ipeq(&s->nets[i].addr, &local))
			return s->nets[i].ports;
	cfg.addr = local;
	if (s->nnets == sizeof(s->nets) / sizeof(*s->nets) ||
	    sr_ports_new(&s->nets[s->nnets].ports, &cfg) != SR_OK)
		return NULL;
	s->nets[s->nnets].addr = local;
	return s->nets[s->nnets++].ports;
}

static int
listen_to(struct server *s, struct port *p)
{
	int err = sr_drain_add(s->drain, p->pair.rtp, &p->door[0], &p->rtp);

	if (err == SR_OK && p->pair.rtcp >= 0)
		err = sr_drain_seldom(s->drain, p->pair.rtcp, &p->door[1],
		    &p->rtcp);
	return err;
}

/* A report is due within seconds, less than all the turns are. */
static void
report_later(struct server *s, struct port *p)
{
	struct port **at = &s->due[p->receiver.due / REPORT_TURN %
	    REPORT_TURNS];

	p->next_due = *at;
	p->at_due = at;
	if (*at != NULL)
		(*at)->at_due = &p->next_due;
	*at = p;
}

static void
report_never(struct port *p)
{
	*p->at_due = p->next_due;
	if (p->next_due != NULL)
		p->next_due->at_due = p->at_due;
}

static void
port_free(struct server *s, struct port *p)
{
	report_never(p);
	if (p->rtp != NULL)
		sr_drain_remove(s->drain, p->rtp);
	if (p->rtcp != NULL)
		sr_drain_remove(s->drain, p->rtcp);
	sr_ports_give(p->from, sr_now(), &p->pair);
	sr_crypto_full.srtp_free(p->guard);
	shake_free(p);
	ice_free(p);
	*p->at = p->next;
	if (p->next != NULL)
		p->next->at = p->at;
	s->nports--;
	free(p);
}

/* Those that it had before a restart, where they are free; else others. */
static int
take_ports(struct sr_ports *from, sr_time now, const struct sr_serve_want *w,
    struct sr_pair *out)
{
	if (w->again.rtp.family != 0 && sr_ports_take_at(from,
	    w->again.rtp.port, w->mux, out) == SR_OK)
		return SR_OK;
	return sr_ports_take(from, now, w->mux, out);
}

static struct port *
port_new(struct server *s, struct leg *g, const struct sr_serve_want *w)
{
	struct sr_ports *from = ports_on(s, w->local);
	struct port *p = from != NULL ? sr_zalloc(sizeof(*p)) : NULL;
	sr_time now = sr_now();
	uint64_t seed;

	if (p == NULL)
		return NULL;
	if (take_ports(from, now, w, &p->pair) != SR_OK) {
		free(p);
		return NULL;
	}
	p->from = from;
	p->door[0] = (struct door){ p, false };
	p->door[1] = (struct door){ p, true };
	p->leg = g;
	p->line = w->line;
	p->mux = w->mux;
	p->addr = p->pair.addr;
	if (s->o->advertise != NULL) {
		uint16_t port = p->addr.port;

		sr_addr_parse(&p->addr, sr_cstr(s->o->advertise));
		p->addr.port = port;
	}
	sr_crypto_openssl.random((uint8_t *)&seed, sizeof(seed));
	sr_receiver_init(&p->receiver, seed, now, 0);
	report_later(s, p);
	p->at = &s->ports;
	p->next = s->ports;
	if (p->next != NULL)
		p->next->at = &p->next;
	s->ports = p;
	s->nports++;
	if (listen_to(s, p) == SR_OK)
		return p;
	port_free(s, p);
	return NULL;
}

static bool
leg_room(struct leg *g, size_t more)
{
	struct port **v = realloc(g->ports, (g->nports + more) * sizeof(*v));

	if (v == NULL)
		return false;
	g->ports = v;
	return true;
}

/* Every port is bound before the answer leaves: what the client sends with
 * its ACK is not lost. */
void
media_ports(struct server *s, const struct sr_serve_event *ev)
{
	struct sr_serve_port *v = calloc(ev->nwant + 1, sizeof(*v));
	struct leg *g = leg_new(s, ev);
	size_t n = 0, before = g != NULL ? g->nports : 0;

	if (v != NULL && g != NULL && leg_room(g, ev->nwant))
		for (; n < ev->nwant; n++) {
			struct port *p = port_new(s, g, &ev->want[n]);

			if (p == NULL)
				break;
			g->ports[g->nports++] = p;
			v[n] = (struct sr_serve_port){ p->addr,
			    p->mux ? 0 : (uint16_t)(p->addr.port + 1) };
		}
	if (n < ev->nwant) {
		cli_warn("no RTP port is free for call %.*s",
		    SR_FMT(ev->call_id));
		while (g != NULL && g->nports > before)
			port_free(s, g->ports[--g->nports]);
	}
	sr_serve_ports(s->serve, ev->leg, v, n < ev->nwant ? 0 : n, sr_now());
	free(v);
}

/* ---- RTCP ---- */

static void
report(struct server *s, struct port *p, sr_time now, bool bye)
{
	struct sr_flow f = { p->source, p->addr, SR_UDP };
	struct sr_stream *t = p->source.family != 0 ?
	    sr_engine_stream(s->engine, &f) : NULL;
	struct sr_media_stats st = { .sent = 0 };
	struct sr_reception heard;
	uint8_t out[SR_RECEIVER_MAX];
	bool any = t != NULL && sr_stream_reception(t, &heard);
	struct sr_media_out m = { .to = p->report_to };
	bool apart = p->pair.rtcp >= 0 && !p->shared;
	void *guard = p->guard;
	uint8_t sealed[SR_RECEIVER_MAX + SR_SRTP_EXTRA]
	    __attribute__((aligned(4)));
	size_t n = sizeof(sealed);

	m.data = (struct sr_str){ (char *)out, sr_receiver_next(&p->receiver,
	    now, 0, any ? &heard : NULL, sr_cstr(s->cname), bye, out) };
	ice_aim(p, apart, &m.to);
	if (p->dtls != NULL && (guard = shake_guard(p, apart, &m.to)) == NULL)
		return;
	if (guard != NULL) {
		if (sr_crypto_full.srtcp_protect(guard, m.data, sealed,
		    &n) != SR_OK)
			return;
		m.data = (struct sr_str){ (char *)sealed, n };
	}
	if (p->report_to.family != 0 && !p->silent)
		s->rtcp_out += sr_media_send(apart ? p->pair.rtcp :
		    p->pair.rtp, &m, 1, &st);
}

static void
report_turn(struct server *s, size_t turn, sr_time now)
{
	struct port *next;

	for (struct port *p = s->due[turn]; p != NULL; p = next) {
		next = p->next_due;
		if (p->receiver.due > now)
			continue;
		report_never(p);
		report(s, p, now, false);
		report_later(s, p);
	}
}

/* The turn of now is not over: it is looked at again. */
void
media_reports(struct server *s, sr_time now)
{
	int64_t turn = s->reported / REPORT_TURN, last = now / REPORT_TURN;

	if (last - turn >= REPORT_TURNS)
		turn = last - REPORT_TURNS + 1;
	for (; turn <= last; turn++)
		report_turn(s, (size_t)(turn % REPORT_TURNS), now);
	s->reported = now;
}

/* ---- what serve decides ---- */

static void
release_leg(struct server *s, struct leg **at)
{
	struct leg *g = *at, **same = &s->calls[g->hash % LEG_BUCKETS];

	while (*same != g)
		same = &(*same)->same;
	*same = g->same;
	*at = g->next;
	free(g->ports);
	free(g);
}

void
media_release(struct server *s, const struct sr_serve_event *ev)
{
	struct leg **at = leg_at(s, ev->leg), *g = *at;

	if (g == NULL)
		return;
	for (size_t i = 0; i < g->nports; i++) {
		struct port *p = g->ports[i];

		if (p == NULL || (ev->line != SR_ALL_LINES &&
		    p->line != ev->line))
			continue;
		report(s, p, sr_now(), true);
		port_free(s, p);
		g->ports[i] = NULL;
	}
	if (ev->line == SR_ALL_LINES)
		release_leg(s, at);
}

void
media_line(struct server *s, const struct sr_serve_event *ev)
{
	struct port *p = port_of(s, ev->leg, ev->line);

	if (p == NULL)
		return;
	p->report_to = ev->peer->rtcp;
	if (ev->peer->held || p->report_to.port == 0)
		p->report_to.family = 0;
	p->shared = ev->peer->mux;
	shake_line(s, p, ev->peer);
}

/* What we send is protected with our own key: SDES, RFC 4568.  What comes is
 * opened by the engine, which sees the client's key in its offer. */
void
media_keys(struct server *s, const struct sr_serve_event *ev)
{
	struct port *p = port_of(s, ev->leg, ev->line);
	const struct sr_sdes_key *k = ev->keying.ours;
	struct sr_srtp_key key;

	if (p == NULL)
		return;
	sr_crypto_full.srtp_free(p->guard);
	p->guard = NULL;
	p->silent = ev->keying.old;
	ice_keys(p, &ev->keying);
	shake_keys(s, p, &ev->keying);
	if (p->silent || ev->keying.keying != SR_KEYS_SDES || k == NULL)
		return;
	key = (struct sr_srtp_key){ .suite = k->suite,
	    .key = { (const char *)k->key, sr_suite_key(k->suite) },
	    .salt = { (const char *)k->salt, sr_suite_salt(k->suite) },
	    .mki = { (const char *)k->mki, k->nmki } };
	if (sr_crypto_full.srtp_new(&p->guard, &key, 1, SR_PROTECT) != SR_OK)
		p->guard = NULL;
}

void
media_mute(struct server *s, const struct sr_serve_event *ev)
{
	struct port *p = port_of(s, ev->leg, ev->line);

	if (p != NULL)
		p->muted = ev->on;
}

/* ---- RTP ---- */

void
media_packet(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d)
{
	bool rtp = !sr_rtcp_looks(d->data);
	struct sr_chunk c = { .kind = SR_DGRAM, .time = d->when,
	    .data = d->data, .flow = { d->from, p->addr, SR_UDP } };

	if (p->muted && rtp) {
		p->dropped++;
		s->muted++;
		return;
	}
	if (p->dtls != NULL && !shake_opens(p, rtcp, d))
		return;
	if (rtp) {
		p->source = d->from;
		p->heard = d->when;
		p->packets++;
	} else {
		s->rtcp_in++;
		c.flow.dst.port += !p->mux;
	}
	sr_engine_feed(s->engine, &c);
	for (const struct sr_event *ev;
	    (ev = sr_engine_next(s->engine)) != NULL;)
		log_take(s, ev);
}

/* RFC 7983: by its first byte a packet is STUN, DTLS, or RTP and RTCP. */
static void
take(void *arg, void *cookie, const struct sr_dgram *v, size_t n)
{
	struct server *s = arg;
	const struct door *o = cookie;

	for (size_t i = 0; i < n; i++) {
		unsigned b = v[i].data.n > 0 ? (uint8_t)v[i].data.p[0] : 255;

		if (b >= 128 && b < 192)
			media_packet(s, o->port, o->rtcp, &v[i]);
		else if (b >= 20 && b < 64)
			shake_take(s, o->port, o->rtcp, &v[i]);
		else if (b < 4)
			ice_take(s, o->port, o->rtcp, &v[i]);
	}
	/* Media alone gives nobody anything to do. */
	if (!s->busy && s->told)
		server_drain(s);
}

void
media_first(struct server *s, struct sr_str call_id)
{
	uint64_t h = sr_hash(call_id.p, call_id.n);
	struct sr_drain_sock *v[128];
	size_t n = 0;

	for (struct leg *g = s->calls[h % LEG_BUCKETS]; g != NULL; g = g->same)
		for (size_t i = 0; g->hash == h && i < g->nports && n < 127;
		    i++) {
			struct port *p = g->ports[i];

			if (p != NULL && p->rtp != NULL)
				v[n++] = p->rtp;
			if (p != NULL && p->rtcp != NULL)
				v[n++] = p->rtcp;
		}
	if (n > 0)
		sr_drain_now(s->drain, v, n);
}

/* Is there a call with that Call-ID?  Or one that hashes alike. */
bool
media_knows(struct server *s, struct sr_str call_id)
{
	uint64_t h = sr_hash(call_id.p, call_id.n);
	struct leg *g = s->calls[h % LEG_BUCKETS];

	while (g != NULL && g->hash != h)
		g = g->same;
	return g != NULL;
}

void
media_tell(struct server *s)
{
	for (struct port *p = s->ports; p != NULL; p = p->next)
		if (p->heard > p->told) {
			p->told = p->heard;
			sr_serve_heard(s->serve, p->leg->number, p->line,
			    p->heard);
		}
}

int
media_open(struct server *s)
{
	uint8_t random[12];
	struct sr_buf b;

	sr_crypto_openssl.random(random, sizeof(random));
	sr_buf_init(&b, sizeof(s->cname));
	sr_base64_add(&b, random, sizeof(random));
	memcpy(s->cname, b.p, b.n < 16 ? b.n : 16);
	sr_buf_free(&b);
	if (sr_drain_new(&s->drain, s->loop, take, s) == SR_OK)
		return CLI_OK;
	cli_warn("out of memory");
	return CLI_SYSTEM;
}

void
media_close(struct server *s)
{
	while (s->ports != NULL)
		port_free(s, s->ports);
	for (size_t i = 0; i < LEG_BUCKETS; i++)
		while (s->legs[i] != NULL)
			release_leg(s, &s->legs[i]);
	sr_drain_free(s->drain);
	for (size_t i = 0; i < s->nnets; i++)
		sr_ports_free(s->nets[i].ports);
}
