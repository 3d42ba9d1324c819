/* replay_live - the calls over the network, in real time. */
#include "replay.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include "siprec/crypt.h"

enum { STREAM_BUCKETS = 16384, MAX_HOPS = 32, FEW = 64 };
#define OFTEN (200 * SR_MSEC)

struct world;
struct stream {				/* one m-line that is being sent */
	struct stream *next;
	struct world *world;
	uint64_t name, id;		/* ours; the pacer's */
	struct sr_sender *sender;
	struct sr_run_line line;
	struct sr_sender_numbers numbers;	/* when it was closed */
	atomic_bool heard;
	bool told;
};
struct sums {				/* of a call under way */
	struct sums *next;
	uint64_t call;
	struct stream *closed;		/* whose numbers are on their way */
	struct sr_sender_numbers sum;
	bool any;
};
struct place {				/* where a URI leads */
	struct world *world;
	struct sr_run_target target;
	struct sr_hop hops[MAX_HOPS];
	struct sr_str domain;
	uint64_t ticket;
	bool ready;
};
struct world {
	const struct options *o;
	const struct pieces *pieces;
	struct studio *studio;
	struct totals *totals;
	struct sr_loop *loop;
	struct sr_wake *wake;
	struct sr_transport *transport;
	struct sr_tls *tls;
	struct sr_dns *dns;
	struct sr_run *run;
	struct sr_pace *pace;
	struct stream *streams[STREAM_BUCKETS];
	size_t nstreams;
	struct sums *sums[STREAM_BUCKETS];
	struct place main, failover;
	struct sr_ua_auth auth;
	struct sr_buf password;
	struct sr_hop *lost;		/* to be told of, when dry */
	size_t nlost, lost_cap;
	uint64_t begun, done;
	sr_time start, stop_by;
	int status, signals;
	bool draining;
};

/* ---- streams, in the loop's thread ---- */

static uint64_t
name_of(const struct sr_run_line *l)
{
	return l->call << 8 | l->leg << 7 | l->slot;
}

static struct stream **
stream_at(struct world *w, uint64_t name)
{
	struct stream **at = &w->streams[name * 11400714819323198485ull >> 50];

	while (*at != NULL && (*at)->name != name)
		at = &(*at)->next;
	return at;
}

static struct sums *
sums_of(struct world *w, uint64_t call, bool make)
{
	struct sums **at = &w->sums[call % STREAM_BUCKETS];

	while (*at != NULL && (*at)->call != call)
		at = &(*at)->next;
	if (*at == NULL && make && (*at = sr_zalloc(sizeof(**at))) != NULL)
		(*at)->call = call;
	return *at;
}

/* ---- streams, in the pacer's thread ---- */

static void
hear(void *arg, sr_time at, struct sr_str pkt)
{
	sr_sender_hear(arg, at, pkt);
}

static void
over(void *arg, void *cookie)
{
	(void)arg;
	(void)cookie;
}

static void
release(void *arg)
{
	sr_sender_free(arg);
}

struct order {				/* carried over to the pacer */
	struct stream *stream;
	const struct sr_step *act;
	struct sr_run_line *line;	/* of ACT: freed there */
	enum sr_run_kind kind;
};

static void
obey(void *arg, sr_time now, void *data)
{
	struct order *o = data;
	struct sr_play *p = sr_sender_play(arg);

	switch (o->kind) {
	case SR_RUN_PAUSE:
		sr_play_pause(p, now);
		break;
	case SR_RUN_RESUME:
		sr_play_resume(p, now);
		break;
	case SR_RUN_ACT:
		studio_order(o->stream->world->studio, arg, o->line, o->act,
		    now);
		free(o->line);
		break;
	case SR_RUN_CLOSE:
		sr_play_end(p, now);
		sr_sender_numbers(arg, &o->stream->numbers);
		break;
	default:			/* has the server reported? */
		sr_sender_numbers(arg, &o->stream->numbers);
		if (o->stream->numbers.heard > 0)
			atomic_store(&o->stream->heard, true);
		break;
	}
}

static void
order(struct world *w, struct stream *t, const struct sr_run_event *ev,
    enum sr_run_kind kind)
{
	struct order o = { .stream = t, .kind = kind };

	if (kind == SR_RUN_ACT) {
		if ((o.line = malloc(sizeof(*o.line))) == NULL)
			return;
		*o.line = *ev->line;
		o.act = ev->act;
	}
	sr_pace_order(w->pace, t->id, obey, &o, sizeof(o));
}

/* ---- what the run says of streams ---- */

static void
open_stream(struct world *w, const struct sr_run_event *ev)
{
	const struct piece *p = w->pieces->v[ev->line->call % w->pieces->n];
	struct stream *t = sr_zalloc(sizeof(*t)), **at;
	struct sr_pace_stream s = { .pair = ev->line->pair,
	    .rtp = ev->line->rtp, .rtcp = ev->line->rtcp,
	    .speed = w->o->speed > 0 ? w->o->speed : 1000, .hear = hear,
	    .over = over, .release = release };

	if (t == NULL)
		return;
	t->world = w;
	t->name = name_of(ev->line);
	t->line = *ev->line;
	t->sender = studio_sender(w->studio, p, ev->line, w->o->seed * 31 +
	    t->name, sr_now());
	if (t->sender == NULL) {
		w->status = CLI_SYSTEM;
		free(t);
		return;
	}
	s.from = sr_sender_emitter(t->sender);
	s.start = sr_pace_now();
	if (sr_pace_add(w->pace, &s, &t->id) != SR_OK) {
		sr_sender_free(t->sender);
		free(t);
		return;
	}
	at = stream_at(w, t->name);
	*at = t;
	w->nstreams++;
}

static void
close_stream(struct world *w, struct stream **at)
{
	struct stream *t = *at;
	struct sums *s = sums_of(w, t->line.call, true);

	*at = t->next;
	w->nstreams--;
	order(w, t, NULL, SR_RUN_CLOSE);
	if (s == NULL)
		return;
	t->next = s->closed;
	s->closed = t;
	s->any = true;
}

static void
of_stream(struct world *w, const struct sr_run_event *ev)
{
	struct stream **at = stream_at(w, name_of(ev->line)), *t = *at;

	if (t == NULL) {
		if (ev->kind == SR_RUN_OPEN)
			open_stream(w, ev);
	} else if (ev->kind == SR_RUN_AIM) {
		sr_pace_aim(w->pace, t->id, &ev->line->rtp, &ev->line->rtcp);
	} else if (ev->kind == SR_RUN_CLOSE) {
		close_stream(w, at);
	} else {
		order(w, t, ev, ev->kind);
	}
}

static void
call_done(struct world *w, const struct sr_run_result *r)
{
	struct sums **at = &w->sums[r->number % STREAM_BUCKETS], *s;
	struct sr_sender_numbers none = { .reports = 0 };
	struct sr_pace_numbers barrier;
	struct stream *t;

	w->done++;
	while (*at != NULL && (*at)->call != r->number)
		at = &(*at)->next;
	if ((s = *at) == NULL) {
		totals_call(w->totals, r, &none);
		return;
	}
	/* Behind this the pacer has done all that it was told. */
	sr_pace_numbers(w->pace, &barrier);
	while ((t = s->closed) != NULL) {
		s->closed = t->next;
		totals_add(&s->sum, &t->numbers);
		free(t);
	}
	totals_call(w->totals, r, &s->sum);
	*at = s->next;
	free(s);
}

/* ---- signalling ---- */

static void
lost(struct world *w, const struct sr_hop *hop)
{
	if (w->nlost == w->lost_cap) {
		size_t cap = w->lost_cap > 0 ? w->lost_cap * 2 : 16;
		struct sr_hop *v = realloc(w->lost, cap * sizeof(*v));

		if (v == NULL)
			return;
		w->lost = v;
		w->lost_cap = cap;
	}
	w->lost[w->nlost++] = *hop;
}

static void
send_message(struct world *w, const struct sr_run_event *ev)
{
	struct sr_hop hop = ev->hop;

	if (sr_transport_send(w->transport, &hop, w->main.domain, ev->data) !=
	    SR_OK)
		lost(w, &ev->hop);
}

static void look_up(struct world *w, struct place *p, struct sr_str uri);

static void
resolve(struct world *w, const struct sr_run_event *ev)
{
	struct place *p = sr_zalloc(sizeof(*p));

	if (p == NULL)
		return;
	p->world = w;
	p->ticket = ev->ticket;
	look_up(w, p, ev->uri);
}

static void
take_events(struct world *w)
{
	const struct sr_run_event *ev;

	while ((ev = sr_run_next(w->run)) != NULL) {
		switch (ev->kind) {
		case SR_RUN_SEND:
			send_message(w, ev);
			break;
		case SR_RUN_RESOLVE:
			resolve(w, ev);
			break;
		case SR_RUN_DONE:
			call_done(w, ev->result);
			break;
		default:
			of_stream(w, ev);
			break;
		}
	}
}

static void
drain(struct world *w)
{
	if (w->draining)
		return;
	w->draining = true;
	take_events(w);
	while (w->nlost > 0) {
		struct sr_hop hop = w->lost[--w->nlost];

		sr_run_lost(w->run, &hop, sr_now());
		take_events(w);
	}
	w->draining = false;
}

/* Has the server sent reports?  Asked of the pacer, told to the run. */
static void
ask_reports(struct world *w)
{
	if (w->nstreams > FEW)
		return;
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		for (struct stream *t = w->streams[i]; t != NULL; t = t->next) {
			if (!t->told && atomic_load(&t->heard)) {
				t->told = true;
				sr_run_heard(w->run, t->line.call, false);
			} else if (!t->told) {
				order(w, t, NULL, SR_RUN_SEND);
			}
		}
}

static sr_time
begin_calls(struct world *w, sr_time now)
{
	const struct options *o = w->o;
	sr_time at = SR_NEVER;

	while (w->signals == 0 && !o->accept && w->begun < o->calls) {
		if (o->concurrent > 0 && w->begun - w->done >= o->concurrent)
			return SR_NEVER;
		at = w->start + (sr_time)((double)w->begun * 1e9 / o->rate);
		if (at > now)
			return at;
		totals_begun(w->totals);
		if (sr_run_call(w->run, now, &w->pieces->v[w->begun %
		    w->pieces->n]->script, &w->main.target, w->begun) !=
		    SR_OK) {
			cli_warn("call %llu cannot be made",
			    (unsigned long long)w->begun);
			w->status = CLI_SYSTEM;
			w->done++;
		}
		w->begun++;
		drain(w);
		at = SR_NEVER;
	}
	return at;
}

static void
move_on(struct world *w)
{
	sr_time now = sr_now(), at = begin_calls(w, now), due;
	bool over = !w->o->accept && w->begun >= w->o->calls;

	totals_progress(w->totals, now, 0);
	if ((over || w->signals > 0) && sr_run_due(w->run) == SR_NEVER &&
	    w->done >= w->begun) {
		sr_loop_stop(w->loop);
		return;
	}
	if (now >= w->stop_by) {
		sr_loop_stop(w->loop);
		return;
	}
	due = sr_run_due(w->run);
	at = due < at ? due : at;
	if (at > now + OFTEN)
		at = now + OFTEN;
	sr_wake_at(w->wake, at);
}

static void
on_wake(void *arg, sr_time now)
{
	static sr_time asked;
	struct world *w = arg;

	sr_run_tick(w->run, now);
	drain(w);
	if (now - asked >= OFTEN) {
		asked = now;
		ask_reports(w);
	}
	move_on(w);
}

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct world *w = arg;

	(void)flags;
	(void)when;
	sr_run_receive(w->run, from, sr_now(), raw);
	drain(w);
	move_on(w);
}

static void
on_closed(void *arg, const struct sr_hop *hop, int err, const char *why,
    bool was_lost)
{
	struct world *w = arg;

	if (err != SR_OK && err != SR_ESYS)
		cli_warn("connection: %s", why);
	if (err != SR_OK || was_lost || hop->conn != 0)
		lost(w, hop);
	drain(w);
	move_on(w);
}

/* The first asks all calls to end, the second does not wait for it. */
static void
on_signal(void *arg, int signo)
{
	struct world *w = arg;

	(void)signo;
	w->signals++;
	w->stop_by = w->signals > 1 ? 0 : sr_now() + 5 * SR_SEC;
	sr_run_stop(w->run, sr_now());
	drain(w);
	move_on(w);
}

/* ---- where the server is ---- */

static void
found(struct world *w, struct place *p, const struct sr_hop *hops, size_t n)
{
	for (size_t i = 0; i < n && i < MAX_HOPS; i++) {
		p->hops[p->target.nhops] = hops[i];
		if (sr_transport_route(w->transport,
		    &p->hops[p->target.nhops]) == SR_OK)
			p->target.nhops++;
	}
	p->target.hops = p->hops;
	p->ready = true;
}

static void
on_found(void *arg, int err, const struct sr_hop *hops, size_t n)
{
	struct place *p = arg;
	struct world *w = p->world;

	if (err == SR_OK)
		found(w, p, hops, n);
	p->ready = true;
	if (p != &w->main && p != &w->failover) {
		sr_run_resolved(w->run, p->ticket, p->hops, p->target.nhops,
		    sr_now());
		free(p);
		drain(w);
		move_on(w);
	} else if (w->main.ready && (w->o->failover == NULL ||
	    w->failover.ready)) {
		sr_loop_stop(w->loop);
	}
}

static void
look_up(struct world *w, struct place *p, struct sr_str uri)
{
	struct sr_dns_query q = { .sips = sr_stristarts(uri,
	    SR_STR("sips:")) };
	struct sr_str user, transport = { NULL, 0 };
	struct sr_lookup *l;
	uint64_t port = 0;
	size_t colon;

	if (sr_uri_split(uri, &user, &q.host) == SR_OK) {
		struct sr_str rest = sr_substr(uri, (size_t)(q.host.p -
		    uri.p) + q.host.n, uri.n);

		if (rest.n > 1 && rest.p[0] == ':') {
			colon = 1;
			while (colon < rest.n && rest.p[colon] >= '0' &&
			    rest.p[colon] <= '9')
				colon++;
			sr_strnum(sr_substr(rest, 1, colon - 1), &port);
		}
		sr_param(sr_substr(rest, sr_strchr(rest, ';'), rest.n),
		    "transport", &transport);
	}
	p->domain = q.host;
	q.port = (uint16_t)port;
	q.has_proto = transport.n > 0;
	q.proto = sr_strieq(transport, SR_STR("tcp")) ? SR_TCP :
	    sr_strieq(transport, SR_STR("tls")) ? SR_TLS : SR_UDP;
	if (q.host.n == 0 || sr_dns_sip(w->dns, &q, on_found, p, &l) != SR_OK)
		on_found(p, SR_ENOENT, NULL, 0);
}

static int
find_servers(struct world *w)
{
	struct { struct place *p; const char *uri; } v[] = {
	    { &w->main, w->o->target }, { &w->failover, w->o->failover } };

	for (size_t i = 0; i < 2; i++) {
		v[i].p->world = w;
		v[i].p->target.uri = sr_cstr(v[i].uri);
		v[i].p->target.auth = w->auth.user.n > 0 ? &w->auth : NULL;
		if (v[i].uri != NULL)
			look_up(w, v[i].p, v[i].p->target.uri);
	}
	if (!w->main.ready || (w->o->failover != NULL && !w->failover.ready))
		sr_loop_run(w->loop);
	for (size_t i = 0; i < 2; i++)
		if (v[i].uri != NULL && v[i].p->target.nhops == 0) {
			cli_warn("%s: no such server can be found, or no way "
			    "leads to it", v[i].uri);
			return CLI_UNAVAILABLE;
		}
	if (w->o->failover != NULL)
		w->main.target.failover = &w->failover.target;
	return CLI_OK;
}

/* ---- begin and end ---- */

static int
take_pair(void *arg, struct sr_addr *rtp, struct sr_addr *rtcp,
    unsigned *pair)
{
	struct world *w = arg;

	return sr_pace_pair(w->pace, pair, rtp, rtcp);
}

static void
give_pair(void *arg, unsigned pair)
{
	struct world *w = arg;

	sr_pace_unpair(w->pace, pair);
}

static int
out_of(const char *what, struct sr_buf *why)
{
	cli_warn("%s: %.*s", what, SR_FMT(*why));
	return CLI_SYSTEM;
}

static int
open_tls(struct world *w, struct sr_buf *why)
{
	struct sr_tls_pair pair = { w->o->tls_cert, w->o->tls_key };
	struct sr_tls_cfg cfg = { .pairs = &pair,
	    .npairs = w->o->tls_cert != NULL, .ca = w->o->tls_ca,
	    .no_verify = w->o->tls_no_verify,
	    .keylog = getenv("SSLKEYLOGFILE") };

	if (sr_tls_new(&w->tls, &cfg, why) == SR_OK)
		return CLI_OK;
	cli_warn("TLS: %.*s", SR_FMT(*why));
	return CLI_USAGE;
}

static int
open_network(struct world *w, struct sr_buf *why)
{
	struct sr_transport_cbs cbs = { w, on_message, on_closed };
	struct sr_transport_cfg cfg = { .keepalive = true };
	struct sr_dns_cfg dns = { .servers = w->o->dns, .tls = true };
	struct sr_addr at;
	int status = open_tls(w, why);

	if (status != CLI_OK)
		return status;
	cfg.tls = w->tls;
	if (sr_loop_new(&w->loop) != SR_OK || sr_transport_new(&w->transport,
	    w->loop, &cfg, &cbs) != SR_OK ||
	    sr_dns_new(&w->dns, w->loop, &dns) != SR_OK ||
	    sr_wake_new(&w->wake, w->loop, on_wake, w) != SR_OK)
		return out_of("network", why);
	if (w->o->listen != NULL)
		return sr_transport_listen(w->transport, w->o->listen, &at,
		    why) == SR_OK ? CLI_OK : out_of(w->o->listen, why);
	if (sr_transport_listen(w->transport, "sip:0.0.0.0:0", &at, why) !=
	    SR_OK)
		return out_of("sip:0.0.0.0:0", why);
	why->n = 0;			/* without IPv6 we do without */
	sr_transport_listen(w->transport, "sip:[::]:0", &at, why);
	sr_loop_signal(w->loop, SIGINT, on_signal, w);
	sr_loop_signal(w->loop, SIGTERM, on_signal, w);
	return CLI_OK;
}

static int
open_media(struct world *w)
{
	struct sr_pace_cfg cfg = { .lo = w->o->lo, .hi = w->o->hi };

	if (w->main.target.nhops > 0)
		cfg.local = w->main.hops[0].local;
	else
		sr_addr_parse(&cfg.local, SR_STR("127.0.0.1"));
	cfg.local.port = 0;
	if (sr_pace_open(&w->pace, &cfg) == SR_OK)
		return CLI_OK;
	cli_warn("media: %s", strerror(errno));
	return CLI_SYSTEM;
}

static int
open_run(struct world *w)
{
	struct sr_run_cfg cfg = { .crypto = &sr_crypto_openssl,
	    .ports = { w, take_pair, give_pair },
	    .seed = w->o->has_seed ? w->o->seed | 1 : 0, .t1 = w->o->t1,
	    .min_se = w->o->min_se, .udp_only = w->o->udp_only,
	    .session_expires = w->o->session_expires,
	    .allow_md5 = w->o->md5, .keying = w->o->keying,
	    .suite = w->o->suite, .mux = w->o->mux,
	    .accept = w->o->accept ? &w->pieces->v[0]->script : NULL };

	if (w->main.target.nhops > 0)
		cfg.local[w->main.hops[0].proto] = w->main.hops[0].local;
	if (sr_run_new(&w->run, &cfg) == SR_OK)
		return CLI_OK;
	cli_warn("out of memory");
	return CLI_SYSTEM;
}

static int
read_password(struct world *w)
{
	struct sr_str text, line;
	int status;

	sr_buf_init(&w->password, 4096);
	if (w->o->user == NULL)
		return CLI_OK;
	status = cli_read(w->o->password_file, 4096, &w->password);
	text = sr_buf_str(&w->password);
	if (status == CLI_OK && sr_strline(&text, &line)) {
		w->auth.user = sr_cstr(w->o->user);
		w->auth.password = line;
	}
	return status;
}

static void
many_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max < 65536 ? l.rlim_max : 65536;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static void
tear_down(struct world *w)
{
	sr_run_free(w->run);
	sr_pace_close(w->pace);
	for (size_t i = 0; i < STREAM_BUCKETS; i++) {
		struct stream *t;
		struct sums *s;

		while ((t = w->streams[i]) != NULL) {
			w->streams[i] = t->next;
			free(t);
		}
		while ((s = w->sums[i]) != NULL) {
			w->sums[i] = s->next;
			while ((t = s->closed) != NULL) {
				s->closed = t->next;
				free(t);
			}
			free(s);
		}
	}
	sr_dns_free(w->dns);
	sr_transport_free(w->transport);
	sr_wake_free(w->wake);
	sr_loop_free(w->loop);
	sr_tls_free(w->tls);
	studio_free(w->studio);
	totals_free(w->totals);
	sr_wipe(w->password.p, w->password.n);
	sr_buf_free(&w->password);
	free(w->lost);
}

int
replay_live(const struct options *o, const struct pieces *p)
{
	struct world *w = sr_zalloc(sizeof(*w));
	struct sr_pace_numbers media;
	struct sr_buf why;
	int status;

	if (w == NULL)
		return CLI_SYSTEM;
	w->o = o;
	w->pieces = p;
	w->stop_by = SR_NEVER;
	w->studio = studio_new(o);
	w->totals = totals_new(o);
	sr_buf_init(&why, 1024);
	many_descriptors();
	status = read_password(w);
	if (status == CLI_OK)
		status = open_network(w, &why);
	if (status == CLI_OK && o->target != NULL)
		status = find_servers(w);
	if (status == CLI_OK)
		status = open_media(w);
	if (status == CLI_OK)
		status = open_run(w);
	if (status == CLI_OK) {
		w->start = sr_now();
		move_on(w);
		sr_loop_run(w->loop);
		sr_pace_numbers(w->pace, &media);
		status = cli_worst(totals_end(w->totals, &media), w->status);
	}
	tear_down(w);
	sr_buf_free(&why);
	free(w);
	return status;
}
