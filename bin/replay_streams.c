/* replay_streams - the streams of live calls: the run opens and closes them,
 * the pacer's thread sends what they say. */
#include "replay_live.h"

#include <stdlib.h>
#include <unistd.h>

#include "cli.h"


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
note_heard(struct world *w, uint64_t call)
{
	uint64_t *v;
	size_t cap;

	pthread_mutex_lock(&w->lock);
	cap = w->heard_cap > 0 ? 2 * w->heard_cap : 64;
	if (w->nheard == w->heard_cap &&
	    (v = realloc(w->heard, cap * sizeof(*v))) != NULL) {
		w->heard = v;
		w->heard_cap = cap;
	}
	if (w->nheard < w->heard_cap)
		w->heard[w->nheard++] = call;
	pthread_mutex_unlock(&w->lock);
}

static sr_time
sender_time(const struct stream *t, sr_time own)
{
	return t->shaker != NULL ? shaker_time(t->shaker, own) : own;
}

static void
other(void *arg, void *cookie, bool rtcp, struct sr_str pkt)
{
	struct stream *t = cookie;

	(void)arg;
	shaker_hear(t->shaker, rtcp, pkt);
}

static void
hear(void *arg, void *cookie, sr_time at, struct sr_str pkt)
{
	struct stream *t = cookie;

	(void)arg;
	sr_sender_hear(t->sender, sender_time(t, at), pkt);
	if (!t->heard)
		note_heard(t->world, t->line.call);
	t->heard = true;
}

static void
over(void *arg, void *cookie)
{
	(void)arg;
	(void)cookie;
}

/* All but what is asked for when it is over. */
static void
stop_stream(struct stream *t)
{
	shaker_free(t->shaker);
	sr_sender_free(t->sender);
	guard_free(t->guard);
}

static void
let_go(struct stream *t)
{
	if (atomic_fetch_sub(&t->users, 1) == 1)
		free(t);
}

static void
release(void *arg, void *cookie)
{
	struct stream *t = cookie;

	(void)arg;
	/* What was due before the end has left by now: this is all of it. */
	sr_sender_numbers(t->sender, &t->numbers);
	if (t->shaker != NULL)
		t->trouble = shaker_trouble(t->shaker);
	stop_stream(t);
	let_go(t);
}

enum { PATIENCE = 100 };

struct order {				/* carried over to the pacer */
	struct stream *stream;
	const struct sr_step *act;
	struct sr_run_line *line;	/* of ACT: freed there */
	struct guard *guard;		/* of AIM; NULL: the keys stay */
	struct shaker *shaker;
	enum sr_run_kind kind;
};

static void
obey(void *arg, sr_time now, void *data)
{
	struct order *o = data;
	struct stream *t = o->stream;
	struct sr_play *p = sr_sender_play(t->sender);

	(void)arg;
	now = sender_time(t, now);
	switch (o->kind) {
	case SR_RUN_AIM:
		if (o->guard != NULL)
			guard_take(t->guard, o->guard);
		if (o->shaker != NULL)
			shaker_take(t->shaker, o->shaker);
		break;
	case SR_RUN_PAUSE:
		sr_play_pause(p, now);
		break;
	case SR_RUN_RESUME:
		sr_play_resume(p, now);
		break;
	case SR_RUN_ACT:
		studio_order(t->world->studio, t->sender, o->line, o->act,
		    now);
		free(o->line);
		break;
	case SR_RUN_CLOSE:
		sr_play_end(p, now);
		if (t->shaker != NULL)
			shaker_close(t->shaker);
		sr_sender_numbers(t->sender, &t->numbers);
		break;
	default:
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

static int
make_stream(struct stream *t, struct sr_pace_stream *s)
{
	struct world *w = t->world;
	int err;

	if ((err = guard_new(&t->guard, &t->line)) == SR_EUNSUP) {
		cli_warn("SRTP: %s cannot be done", sr_suite_name(
		    t->line.ours.suite));
		w->status = cli_worst(w->status, CLI_NO);
	}
	if (err == SR_OK)
		err = studio_sender(w->studio, w->pieces->v[t->line.call %
		    w->pieces->n], &t->line, stream_seed(w->o, &t->line),
		    sr_now(), t->guard, &t->sender);
	if (err != SR_OK)
		return err;
	s->from = sr_sender_emitter(t->sender);
	if (t->line.keying != SR_KEYS_DTLS)
		return SR_OK;
	err = shaker_new(&t->shaker, &t->line, t->guard, t->sender, s->start,
	    s->speed);
	if (err == SR_OK) {
		s->from = shaker_emitter(t->shaker);
		s->other = other;
	}
	return err;
}

static void
open_stream(struct world *w, const struct sr_run_event *ev)
{
	struct stream *t = sr_zalloc(sizeof(*t)), **at;
	struct sr_pace_stream s = { .pair = ev->line->pair,
	    .rtp = ev->line->rtp, .rtcp = ev->line->rtcp,
	    .speed = w->o->speed > 0 ? w->o->speed : 1000, .hear = hear,
	    .over = over, .release = release, .start = sr_pace_now(),
	    .cookie = t };
	int err;

	if (t == NULL)
		return;
	atomic_init(&t->users, 2);
	t->world = w;
	t->name = stream_name(ev->line);
	t->line = *ev->line;
	if ((err = make_stream(t, &s)) == SR_OK)
		err = sr_pace_add(w->pace, &s, &t->id);
	if (err != SR_OK) {
		if (err != SR_EUNSUP && err != SR_EBAD)
			w->status = CLI_SYSTEM;
		stop_stream(t);
		free(t);
		return;
	}
	at = stream_at(w, t->name);
	*at = t;
}

/* Another address, other keys, or both. */
static void
aim_stream(struct world *w, struct stream *t, const struct sr_run_line *l)
{
	struct order o = { .stream = t, .kind = SR_RUN_AIM };

	if (l->keying == SR_KEYS_SDES)
		guard_renew(&o.guard, &t->line, l);
	else if (l->keying == SR_KEYS_DTLS)
		shaker_fresh(&o.shaker, l);
	sr_pace_aim(w->pace, t->id, l->pair, &l->rtp, &l->rtcp);
	t->line = *l;
	if (o.guard != NULL || o.shaker != NULL)
		sr_pace_order(w->pace, t->id, obey, &o, sizeof(o));
}

static void
close_stream(struct world *w, struct stream **at)
{
	struct stream *t = *at;
	struct sums *s = sums_of(w, t->line.call, true);

	*at = t->next;
	order(w, t, NULL, SR_RUN_CLOSE);
	if (s == NULL)
		return;
	t->next = s->closed;
	s->closed = t;
	s->any = true;
}

void
live_stream(struct world *w, const struct sr_run_event *ev)
{
	struct stream **at = stream_at(w, stream_name(ev->line)), *t = *at;

	if (t == NULL) {
		if (ev->kind == SR_RUN_OPEN)
			open_stream(w, ev);
	} else if (ev->kind == SR_RUN_AIM) {
		aim_stream(w, t, ev->line);
	} else if (ev->kind == SR_RUN_CLOSE) {
		close_stream(w, at);
	} else {
		order(w, t, ev, ev->kind);
	}
}

/* Is the pacer done with all streams of a call? */
static bool
all_released(const struct sums *s)
{
	for (struct stream *t = s->closed; t != NULL; t = t->next)
		if (atomic_load(&t->users) > 1)
			return false;
	return true;
}

void
live_done(struct world *w, const struct sr_run_result *r)
{
	struct sums **at = &w->sums[r->number % STREAM_BUCKETS], *s;
	struct sr_sender_numbers none = { .reports = 0 };
	struct sr_run_result told = *r;
	struct sr_pace_numbers barrier;
	struct stream *t;

	w->done++;
	while (*at != NULL && (*at)->call != r->number)
		at = &(*at)->next;
	if ((s = *at) == NULL) {
		totals_call(w->totals, r, &none);
		return;
	}
	/* Behind each of these the pacer has had a turn. */
	for (int i = 0; i < PATIENCE && !all_released(s); i++) {
		if (i > 0)
			usleep(500);
		sr_pace_numbers(w->pace, &barrier);
	}
	while ((t = s->closed) != NULL) {
		s->closed = t->next;
		totals_add(&s->sum, &t->numbers);
		if (t->trouble != NULL) {
			told.failed = true;
			if (told.why.n == 0)
				told.why = sr_cstr(t->trouble);
		}
		let_go(t);
	}
	totals_call(w->totals, &told, &s->sum);
	*at = s->next;
	free(s);
}

void
live_tell_reports(struct world *w)
{
	uint64_t *v;
	size_t n;

	pthread_mutex_lock(&w->lock);
	v = w->heard;
	n = w->nheard;
	w->heard = NULL;
	w->nheard = w->heard_cap = 0;
	pthread_mutex_unlock(&w->lock);
	for (size_t i = 0; i < n; i++)
		sr_run_heard(w->run, v[i], false);
	free(v);
}

void
live_forget(struct world *w)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++) {
		struct stream *t;
		struct sums *s;

		while ((t = w->streams[i]) != NULL) {
			w->streams[i] = t->next;
			let_go(t);
		}
		while ((s = w->sums[i]) != NULL) {
			w->sums[i] = s->next;
			while ((t = s->closed) != NULL) {
				s->closed = t->next;
				let_go(t);
			}
			free(s);
		}
	}
}
