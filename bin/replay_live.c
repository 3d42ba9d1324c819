/* replay_live - the calls over the network, in real time. */
#include "replay_live.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli.h"
#include "siprec/crypt.h"

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

static void
resolve(struct world *w, const struct sr_run_event *ev)
{
	struct place *p = sr_zalloc(sizeof(*p));

	if (p == NULL)
		return;
	p->world = w;
	p->ticket = ev->ticket;
	live_look_up(w, p, ev->uri);
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
			live_done(w, ev->result);
			break;
		default:
			live_stream(w, ev);
			break;
		}
	}
}

void
live_drain(struct world *w)
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
		live_drain(w);
		at = SR_NEVER;
	}
	return at;
}

void
live_move_on(struct world *w)
{
	sr_time now = sr_now(), at = begin_calls(w, now), due;
	bool over = (w->o->accept ? w->done : w->begun) >= w->o->calls;

	if (totals_progress_due(w->totals, now)) {
		struct sr_pace_numbers n;

		sr_pace_numbers(w->pace, &n);
		totals_progress(w->totals, n.packets);
	}
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
	static sr_time told;
	struct world *w = arg;

	sr_run_tick(w->run, now);
	live_drain(w);
	if (now - told >= OFTEN) {
		told = now;
		live_tell_reports(w);
	}
	live_move_on(w);
}

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct world *w = arg;

	(void)flags;
	(void)when;
	sr_run_receive(w->run, from, sr_now(), raw);
	live_drain(w);
	live_move_on(w);
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
	live_drain(w);
	live_move_on(w);
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
	live_drain(w);
	live_move_on(w);
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
listen_at(struct world *w, struct sr_buf *why)
{
	const char *url = w->o->listen != NULL ? w->o->listen :
	    "sip:0.0.0.0:0";
	struct sr_addr at;

	if (sr_transport_listen(w->transport, url, &w->at, why) != SR_OK)
		return out_of(url, why);
	if (w->o->listen == NULL) {	/* without IPv6 we do without */
		why->n = 0;
		sr_transport_listen(w->transport, "sip:[::]:0", &at, why);
	}
	return CLI_OK;
}

static int
open_network(struct world *w, struct sr_buf *why)
{
	struct sr_transport_cbs cbs = { w, on_message, on_closed };
	struct sr_transport_cfg cfg = { .keepalive = true };
	struct sr_dns_cfg dns = { .servers = w->o->dns, .tls = true };
	int status = open_tls(w, why);

	if (status != CLI_OK)
		return status;
	cfg.tls = w->tls;
	if (sr_loop_new(&w->loop) != SR_OK || sr_transport_new(&w->transport,
	    w->loop, &cfg, &cbs) != SR_OK ||
	    sr_dns_new(&w->dns, w->loop, &dns) != SR_OK ||
	    sr_wake_new(&w->wake, w->loop, on_wake, w) != SR_OK)
		return out_of("network", why);
	sr_loop_signal(w->loop, SIGINT, on_signal, w);
	sr_loop_signal(w->loop, SIGTERM, on_signal, w);
	return listen_at(w, why);
}

static int
open_media(struct world *w)
{
	struct sr_pace_cfg cfg = { .lo = w->o->lo, .hi = w->o->hi };

	if (w->main.target.nhops > 0)
		cfg.local = w->main.hops[0].local;
	else
		cfg.local = w->at;
	cfg.local.port = 0;
	if (sr_pace_open(&w->pace, &cfg) == SR_OK)
		return CLI_OK;
	cli_warn("media: %s", strerror(errno));
	return CLI_SYSTEM;
}

static int
open_run(struct world *w)
{
	struct sr_run_cfg cfg = { .crypto = &sr_crypto_full,
	    .ports = { w, take_pair, give_pair },
	    .seed = w->o->has_seed ? w->o->seed + 1 : 0, .t1 = w->o->t1,
	    .min_se = w->o->min_se, .udp_only = w->o->udp_only,
	    .session_expires = w->o->session_expires,
	    .allow_md5 = w->o->md5, .mux = w->o->mux,
	    .accept = w->o->accept ? &w->pieces->v[0]->script : NULL };

	secure_run(w->o, &cfg);
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
	live_forget(w);
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
	free(w->heard);
	pthread_mutex_destroy(&w->lock);
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
	pthread_mutex_init(&w->lock, NULL);
	w->studio = studio_new(o);
	w->totals = totals_new(o);
	sr_buf_init(&why, 1024);
	many_descriptors();
	status = read_password(w);
	if (status == CLI_OK)
		status = open_network(w, &why);
	if (status == CLI_OK && o->target != NULL)
		status = live_find_servers(w);
	if (status == CLI_OK)
		status = open_media(w);
	if (status == CLI_OK)
		status = open_run(w);
	if (status == CLI_OK) {
		w->start = sr_now();
		live_move_on(w);
		sr_loop_run(w->loop);
		sr_pace_numbers(w->pace, &media);
		status = cli_worst(totals_end(w->totals, &media), w->status);
	}
	tear_down(w);
	sr_buf_free(&why);
	free(w);
	return status;
}
