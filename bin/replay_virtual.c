/* replay_virtual - no network: the calls in virtual time, into a capture. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/crypt.h"
#include "siprec/out.h"

enum { BLOCK = 1 << 20, ROOM = 8 << 20, STREAM_BUCKETS = 4096 };
#define TRANSIT SR_MSEC			/* of a message */
#define BIRTH ((sr_time)1700000000 * SR_SEC)	/* when a seed was given */

struct letter {				/* a message on its way */
	struct letter *next;
	sr_time at;
	bool to_server;
	struct sr_hop hop;
	struct sr_str data;
};
struct stream {
	struct stream *next;		/* in the table */
	uint64_t call, cookie;
	unsigned leg, slot;
	struct sr_sender *sender;
	struct guard *guard;
	struct sr_run_line line;
	struct sr_addr rtp, rtcp;	/* ours */
	sr_time start;
};
struct world {
	const struct options *o;
	const struct pieces *pieces;
	struct studio *studio;
	struct totals *totals;
	struct sr_run *run;
	struct sr_peer *peer;
	struct sr_schedule *schedule;
	struct sr_pcap *pcap;
	struct letter *first, *last;
	struct stream *streams[STREAM_BUCKETS];	/* by cookie */
	struct sr_sender_numbers *sums;	/* per call under way, by number */
	size_t nsums;
	uint64_t begun, done, packets;
	uint16_t port;
	sr_time now;
	int fd, status;
	bool stopping;
	struct sr_run_target target;
	struct sr_hop hop;
};

static volatile sig_atomic_t stopped;

static void
on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- the capture ---- */

static void
flush(struct world *w)
{
	struct sr_buf *b = sr_pcap_out(w->pcap);
	struct sr_str s = sr_buf_str(b);

	while (s.n > 0 && w->status == CLI_OK) {
		ssize_t n = write(w->fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			cli_warn("%s: %s", w->o->write, strerror(errno));
			w->status = CLI_IOERR;
			break;
		}
		s = sr_substr(s, (size_t)n, s.n);
	}
	b->n = 0;
}

static void
put(struct world *w, const struct sr_addr *src, const struct sr_addr *dst,
    enum sr_proto proto, sr_time at, struct sr_str head, struct sr_str body)
{
	struct sr_flow f = { *src, *dst, proto };

	sr_pcap_put(w->pcap, at, &f, head, body);
	if (sr_pcap_out(w->pcap)->n > BLOCK)
		flush(w);
}

/* ---- signalling ---- */

static void
post(struct world *w, const struct sr_hop *hop, struct sr_str data,
    bool to_server)
{
	struct letter *l = malloc(sizeof(*l) + data.n);

	if (l == NULL)
		return;
	*l = (struct letter){ .at = w->now + TRANSIT, .to_server = to_server,
	    .hop = { hop->proto, hop->remote, hop->local, 0 },
	    .data = { (char *)(l + 1), data.n } };
	memcpy(l + 1, data.p, data.n);
	if (w->last != NULL)
		w->last->next = l;
	else
		w->first = l;
	w->last = l;
	put(w, &hop->local, &hop->remote, hop->proto, w->now, data,
	    (struct sr_str){ NULL, 0 });
}

static struct stream **
stream_at(struct world *w, uint64_t cookie)
{
	struct stream **at = &w->streams[cookie % STREAM_BUCKETS];

	while (*at != NULL && (*at)->cookie != cookie)
		at = &(*at)->next;
	return at;
}

static void
put_packet(struct world *w, const struct stream *t, sr_time at,
    const struct sr_packet *p)
{
	w->packets++;
	put(w, p->rtcp ? &t->rtcp : &t->rtp, p->rtcp ? &t->line.rtcp :
	    &t->line.rtp, SR_UDP, at, p->head, p->body);
}

static void
stream_free(struct stream *t)
{
	sr_sender_free(t->sender);
	guard_free(t->guard);
	free(t);
}

/* A stream is closed: what it still has to say comes now. */
static void
close_stream(struct world *w, struct stream **at)
{
	struct stream *t = *at;
	struct sr_sender_numbers n;
	struct sr_packet p;

	sr_play_end(sr_sender_play(t->sender), w->now - t->start);
	for (int i = 0; i < 8 && sr_sender_next(t->sender, &p) == SR_OK; i++)
		if (p.rtcp)
			put_packet(w, t, w->now, &p);
	sr_schedule_remove(w->schedule, t->cookie);
	sr_sender_numbers(t->sender, &n);
	if (t->call < w->nsums)
		totals_add(&w->sums[t->call], &n);
	*at = t->next;
	stream_free(t);
}

static void
open_stream(struct world *w, const struct sr_run_event *ev)
{
	const struct piece *p = w->pieces->v[ev->line->call % w->pieces->n];
	struct stream *t = sr_zalloc(sizeof(*t));
	int err;

	if (t == NULL)
		return;
	*t = (struct stream){ .call = ev->line->call, .leg = ev->line->leg,
	    .slot = ev->line->slot, .line = *ev->line, .start = w->now,
	    .cookie = stream_name(ev->line) };
	t->rtp = w->hop.local;
	t->rtp.port = (uint16_t)ev->line->pair;
	t->rtcp = t->rtp;
	t->rtcp.port++;
	if ((err = guard_new(&t->guard, ev->line)) == SR_OK)
		err = studio_sender(w->studio, p, ev->line,
		    stream_seed(w->o, ev->line), w->now, t->guard,
		    &t->sender);
	if (err == SR_OK)
		err = sr_schedule_add(w->schedule,
		    sr_sender_emitter(t->sender), w->now, t->cookie);
	if (err != SR_OK) {
		if (err != SR_EUNSUP)
			w->status = CLI_SYSTEM;
		stream_free(t);
		return;
	}
	sr_run_heard(w->run, t->call, false);	/* nobody reports here */
	t->next = w->streams[t->cookie % STREAM_BUCKETS];
	w->streams[t->cookie % STREAM_BUCKETS] = t;
}

static void
of_stream(struct world *w, const struct sr_run_event *ev)
{
	struct stream **at = stream_at(w, stream_name(ev->line)), *t = *at;
	struct guard *fresh;
	sr_time own;

	if (t == NULL) {
		if (ev->kind == SR_RUN_OPEN)
			open_stream(w, ev);
		return;
	}
	own = w->now - t->start;
	switch (ev->kind) {
	case SR_RUN_AIM:
		if (t->guard != NULL && guard_renew(&fresh, &t->line,
		    ev->line) == SR_OK)
			guard_take(t->guard, fresh);
		t->line = *ev->line;
		break;
	case SR_RUN_PAUSE:
		sr_play_pause(sr_sender_play(t->sender), own);
		break;
	case SR_RUN_RESUME:
		sr_play_resume(sr_sender_play(t->sender), own);
		break;
	case SR_RUN_ACT:
		studio_order(w->studio, t->sender, ev->line, ev->act, own);
		break;
	case SR_RUN_CLOSE:
		close_stream(w, at);
		return;
	default:
		break;
	}
	sr_schedule_touch(w->schedule, t->cookie);
}

static void
drain(struct world *w)
{
	const struct sr_run_event *ev;
	struct sr_hop hop;
	struct sr_str data;

	while ((ev = sr_run_next(w->run)) != NULL) {
		if (ev->kind == SR_RUN_SEND) {
			post(w, &ev->hop, ev->data, true);
		} else if (ev->kind == SR_RUN_DONE) {
			totals_call(w->totals, ev->result,
			    &w->sums[ev->result->number]);
			w->done++;
		} else if (ev->kind != SR_RUN_RESOLVE) {
			of_stream(w, ev);
		}
	}
	while (sr_peer_next(w->peer, &hop, &data))
		post(w, &hop, data, false);
}

static void
deliver(struct world *w)
{
	struct letter *l = w->first;

	w->first = l->next;
	if (w->first == NULL)
		w->last = NULL;
	if (l->to_server)
		sr_peer_receive(w->peer, &l->hop, w->now, l->data);
	else
		sr_run_receive(w->run, &l->hop, w->now, l->data);
	free(l);
}

/* ---- time ---- */

static int
take_pair(void *arg, struct sr_addr *rtp, struct sr_addr *rtcp,
    unsigned *pair)
{
	struct world *w = arg;

	*rtp = *rtcp = w->hop.local;
	rtp->port = w->port;
	rtcp->port = (uint16_t)(w->port + 1);
	*pair = w->port;
	w->port = w->port + 2 > 65000 ? 16384 : (uint16_t)(w->port + 2);
	return SR_OK;
}

static void
give_pair(void *arg, unsigned pair)
{
	(void)arg;
	(void)pair;
}

static sr_time
next_call(const struct world *w, sr_time start)
{
	if (w->stopping || w->begun >= w->o->calls || (w->o->concurrent > 0 &&
	    w->begun - w->done >= w->o->concurrent))
		return SR_NEVER;
	return start + (sr_time)((double)w->begun * 1e9 / w->o->rate);
}

/* All media up to t, in order. */
static void
play_until(struct world *w, sr_time t)
{
	struct sr_scheduled s;
	int err;

	while ((err = sr_schedule_next(w->schedule, t, &s)) != SR_MORE) {
		struct stream *of = *stream_at(w, s.cookie);

		if (err == SR_ENOENT)
			continue;
		if (err != SR_OK || of == NULL)
			break;
		put_packet(w, of, s.packet.at, &s.packet);
	}
}

static sr_time
sooner(sr_time a, sr_time b)
{
	return a < b ? a : b;
}

/* An interrupted run ends its calls as a client does, in virtual time. */
static bool
goes_on(struct world *w)
{
	if (stopped && !w->stopping) {
		w->stopping = true;
		sr_run_stop(w->run, w->now);
		drain(w);
	}
	return w->status == CLI_OK && (w->done < w->begun ||
	    (!w->stopping && w->begun < w->o->calls));
}

static void
live(struct world *w)
{
	sr_time start = w->now, at, call;

	while (goes_on(w)) {
		call = next_call(w, start);
		call = call < w->now ? w->now : call;
		at = sooner(call, sooner(sr_run_due(w->run),
		    sr_peer_due(w->peer)));
		if (w->first != NULL)
			at = sooner(at, w->first->at);
		if (at == SR_NEVER)
			break;
		if (at > w->now) {
			play_until(w, at);
			w->now = at;
		}
		if (w->first != NULL && w->first->at <= w->now) {
			deliver(w);
		} else if (call <= w->now) {
			totals_begun(w->totals);
			sr_run_call(w->run, w->now, &w->pieces->v[w->begun %
			    w->pieces->n]->script, &w->target, w->begun);
			w->begun++;
		} else {
			sr_run_tick(w->run, w->now);
			drain(w);
			sr_peer_tick(w->peer, w->now);
		}
		drain(w);
		if (totals_progress_due(w->totals, sr_now()))
			totals_progress(w->totals, w->packets);
	}
}

/* ---- begin and end ---- */

static int
open_output(struct world *w)
{
	w->fd = strcmp(w->o->write, "-") == 0 ? STDOUT_FILENO :
	    open(w->o->write, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd >= 0)
		return CLI_OK;
	cli_warn("%s: %s", w->o->write, strerror(errno));
	return CLI_CANTCREAT;
}

static int
prepare(struct world *w)
{
	struct sr_addr client = { { 192, 0, 2, 10 }, 5060, 4 };
	struct sr_addr server = { { 192, 0, 2, 20 }, 5060, 4 };
	struct sr_run_cfg run = { .crypto = &sr_crypto_full,
	    .ports = { w, take_pair, give_pair }, .seed = w->o->seed + 1,
	    .session_expires = w->o->session_expires, .udp_only = true,
	    .mux = w->o->mux };
	struct sr_peer_cfg peer = { .crypto = &sr_crypto_full,
	    .seed = w->o->seed + 2, .media = server,
	    .suites = SR_CRYPT_SUITES };

	secure_run(w->o, &run);
	peer.media.port = 10000;
	run.local[SR_UDP] = client;
	w->hop = (struct sr_hop){ SR_UDP, client, server, 0 };
	w->target = (struct sr_run_target){
	    .uri = SR_STR("sip:recorder@192.0.2.20:5060"), .hops = &w->hop,
	    .nhops = 1 };
	w->port = 16384;
	w->now = w->o->has_seed ? BIRTH : sr_now();
	w->nsums = (size_t)w->o->calls;
	w->sums = calloc(w->nsums + 1, sizeof(*w->sums));
	if (w->sums == NULL || sr_pcap_new(&w->pcap, ROOM) != SR_OK ||
	    sr_schedule_new(&w->schedule) != SR_OK ||
	    sr_run_new(&w->run, &run) != SR_OK ||
	    sr_peer_new(&w->peer, &peer) != SR_OK ||
	    (w->studio = studio_new(w->o)) == NULL ||
	    (w->totals = totals_new(w->o)) == NULL) {
		cli_warn("out of memory");
		return CLI_SYSTEM;
	}
	return open_output(w);
}

static void
tear_down(struct world *w)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		while (w->streams[i] != NULL)
			close_stream(w, &w->streams[i]);
	while (w->first != NULL) {
		struct letter *l = w->first;

		w->first = l->next;
		free(l);
	}
	sr_run_free(w->run);
	sr_peer_free(w->peer);
	sr_schedule_free(w->schedule);
	sr_pcap_free(w->pcap);
	studio_free(w->studio);
	totals_free(w->totals);
	free(w->sums);
	if (w->fd > STDOUT_FILENO && close(w->fd) != 0)
		cli_warn("%s: %s", w->o->write, strerror(errno));
}

int
replay_virtual(const struct options *o, const struct pieces *p)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct world *w = sr_zalloc(sizeof(*w));
	int status;

	if (w == NULL)
		return CLI_SYSTEM;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	w->o = o;
	w->pieces = p;
	w->fd = -1;
	if ((status = prepare(w)) == CLI_OK) {
		live(w);
		flush(w);
		status = cli_worst(totals_end(w->totals, NULL), w->status);
	}
	tear_down(w);
	free(w);
	return status;
}
