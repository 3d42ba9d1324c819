/* loop - a thin face over libevent: one thread waits, for everybody. */
#include "io/priv.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { MAX_SIGNALS = 16 };

struct deferred {
	void (*fn)(void *arg);
	void *arg;
	struct deferred *next;
};

struct on_signal {
	struct event *ev;
	void (*fn)(void *arg, int signo);
	void *arg;
};

struct sr_loop {
	struct event_base *base;
	struct on_signal signals[MAX_SIGNALS];
	size_t nsignals;

	/* What any thread may leave here; bell wakes the loop. */
	int bell;
	struct event *on_bell;
	pthread_mutex_t lock;
	struct deferred *first, **last;
	size_t ndeferred;
};

struct sr_wake {
	struct event *ev;
	sr_time at;
	void (*fn)(void *arg, sr_time now);
	void *arg;
};

struct sr_watch {
	struct event *ev;
	void (*fn)(void *arg, int fd);
	void *arg;
};

struct event_base *
io_base(struct sr_loop *l)
{
	return l->base;
}

/* ---- deferred work ---- */

static struct deferred *
pop(struct sr_loop *l)
{
	struct deferred *d;

	pthread_mutex_lock(&l->lock);
	if ((d = l->first) != NULL) {
		if ((l->first = d->next) == NULL)
			l->last = &l->first;
		l->ndeferred--;
	}
	pthread_mutex_unlock(&l->lock);
	return d;
}

/* Takes what is there now: what that defers again waits for its turn, so that
 * sockets are not starved. */
static void
on_bell(evutil_socket_t fd, short what, void *arg)
{
	struct sr_loop *l = arg;
	struct deferred *d;
	uint64_t rung;
	size_t n;

	(void)what;
	if (read(fd, &rung, sizeof(rung)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&l->lock);
	n = l->ndeferred;
	pthread_mutex_unlock(&l->lock);
	for (; n > 0 && (d = pop(l)) != NULL; n--) {
		d->fn(d->arg);
		free(d);
	}
}

int
sr_loop_defer(struct sr_loop *l, void (*fn)(void *arg), void *arg)
{
	struct deferred *d = sr_zalloc(sizeof(*d));
	uint64_t one = 1;

	if (d == NULL)
		return SR_ENOMEM;
	d->fn = fn;
	d->arg = arg;
	pthread_mutex_lock(&l->lock);
	*l->last = d;
	l->last = &d->next;
	l->ndeferred++;
	pthread_mutex_unlock(&l->lock);
	/* Fails only when 2^64 - 1 rings wait: then it is awake anyway. */
	return write(l->bell, &one, sizeof(one)) < 0 && errno != EAGAIN ?
	    SR_ESYS : SR_OK;
}

void
sr_loop_undefer(struct sr_loop *l, const void *arg)
{
	struct deferred **dp, *d;

	pthread_mutex_lock(&l->lock);
	for (dp = &l->first; (d = *dp) != NULL; ) {
		if (d->arg != arg) {
			dp = &d->next;
			continue;
		}
		*dp = d->next;
		l->ndeferred--;
		free(d);
	}
	l->last = dp;
	pthread_mutex_unlock(&l->lock);
}

/* ---- the loop ---- */

/* Precise, because the default clock of libevent ticks every 4 ms. */
static struct event_base *
new_base(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base = NULL;

	if (cfg != NULL && event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK |
	    EVENT_BASE_FLAG_NO_CACHE_TIME | EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
		base = event_base_new_with_config(cfg);
	if (cfg != NULL)
		event_config_free(cfg);
	return base;
}

/* A peer that is gone is an error of its own write, not a signal to all. */
static void
ignore_pipe(void)
{
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &sa, NULL);
}

int
sr_loop_new(struct sr_loop **lp)
{
	struct sr_loop *l = sr_zalloc(sizeof(*l));

	if (l == NULL)
		return SR_ENOMEM;
	ignore_pipe();
	pthread_mutex_init(&l->lock, NULL);
	l->last = &l->first;
	l->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (l->bell < 0 || (l->base = new_base()) == NULL)
		goto fail;
	l->on_bell = event_new(l->base, l->bell, EV_READ | EV_PERSIST, on_bell,
	    l);
	if (l->on_bell == NULL || event_add(l->on_bell, NULL) != 0)
		goto fail;
	*lp = l;
	return SR_OK;
fail:
	sr_loop_free(l);
	return SR_ESYS;
}

int
sr_loop_run(struct sr_loop *l)
{
	int r = event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY);

	return r < 0 ? SR_ESYS : SR_OK;
}

void
sr_loop_stop(struct sr_loop *l)
{
	event_base_loopbreak(l->base);
}

static void
stop_at(void *arg, sr_time now)
{
	(void)now;
	sr_loop_stop(arg);
}

int
sr_loop_run_until(struct sr_loop *l, sr_time until)
{
	struct sr_wake *w;
	int err;

	if ((err = sr_wake_new(&w, l, stop_at, l)) != SR_OK)
		return err;
	sr_wake_at(w, until);
	err = sr_loop_run(l);
	sr_wake_free(w);
	return err;
}

void
sr_loop_free(struct sr_loop *l)
{
	struct deferred *d;

	if (l == NULL)
		return;
	while ((d = pop(l)) != NULL)
		free(d);
	for (size_t i = 0; i < l->nsignals; i++)
		event_free(l->signals[i].ev);
	if (l->on_bell != NULL)
		event_free(l->on_bell);
	if (l->base != NULL) {
		/* Connections are freed by what they deferred. */
		event_base_loop(l->base, EVLOOP_NONBLOCK);
		event_base_free(l->base);
	}
	if (l->bell >= 0)
		close(l->bell);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- what can happen ---- */

static void
on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct on_signal *s = arg;

	(void)what;
	s->fn(s->arg, (int)signo);
}

int
sr_loop_signal(struct sr_loop *l, int signo, void (*fn)(void *arg, int signo),
    void *arg)
{
	struct on_signal *s = &l->signals[l->nsignals];

	if (l->nsignals == MAX_SIGNALS)
		return SR_ELIMIT;
	*s = (struct on_signal){ .fn = fn, .arg = arg };
	if ((s->ev = evsignal_new(l->base, signo, on_signal, s)) == NULL)
		return SR_ENOMEM;
	if (event_add(s->ev, NULL) != 0) {
		event_free(s->ev);
		return SR_ESYS;
	}
	l->nsignals++;
	return SR_OK;
}

static void
arm(struct sr_wake *w, sr_time now)
{
	sr_time wait = w->at > now ? w->at - now + 999 : 0;
	struct timeval tv = { wait / SR_SEC, wait % SR_SEC / 1000 };

	event_add(w->ev, &tv);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct sr_wake *w = arg;
	sr_time now = sr_now();

	(void)fd;
	(void)what;
	if (now < w->at) {
		arm(w, now);
		return;
	}
	w->at = SR_NEVER;
	w->fn(w->arg, now);
}

int
sr_wake_new(struct sr_wake **wp, struct sr_loop *l,
    void (*fn)(void *arg, sr_time now), void *arg)
{
	struct sr_wake *w = sr_zalloc(sizeof(*w));

	if (w == NULL)
		return SR_ENOMEM;
	w->at = SR_NEVER;
	w->fn = fn;
	w->arg = arg;
	if ((w->ev = evtimer_new(l->base, on_wake, w)) == NULL) {
		free(w);
		return SR_ENOMEM;
	}
	*wp = w;
	return SR_OK;
}

void
sr_wake_at(struct sr_wake *w, sr_time at)
{
	if (at == w->at)
		return;
	w->at = at;
	if (at == SR_NEVER)
		event_del(w->ev);
	else
		arm(w, sr_now());
}

void
sr_wake_free(struct sr_wake *w)
{
	if (w == NULL)
		return;
	event_free(w->ev);
	free(w);
}

static void
on_fd(evutil_socket_t fd, short what, void *arg)
{
	struct sr_watch *w = arg;

	(void)what;
	w->fn(w->arg, (int)fd);
}

static int
watch(struct sr_watch **wp, struct sr_loop *l, int fd, short what,
    void (*fn)(void *arg, int fd), void *arg)
{
	struct sr_watch *w = sr_zalloc(sizeof(*w));

	if (w == NULL)
		return SR_ENOMEM;
	w->fn = fn;
	w->arg = arg;
	w->ev = event_new(l->base, fd, what | EV_PERSIST, on_fd, w);
	if (w->ev == NULL || event_add(w->ev, NULL) != 0) {
		sr_watch_free(w);
		return SR_ESYS;
	}
	*wp = w;
	return SR_OK;
}

int
sr_watch_new(struct sr_watch **wp, struct sr_loop *l, int fd,
    void (*fn)(void *arg, int fd), void *arg)
{
	return watch(wp, l, fd, EV_READ, fn, arg);
}

int
io_watch_out(struct sr_watch **wp, struct sr_loop *l, int fd,
    void (*fn)(void *arg, int fd), void *arg)
{
	return watch(wp, l, fd, EV_WRITE, fn, arg);
}

void
sr_watch_pause(struct sr_watch *w, bool on)
{
	if (on)
		event_del(w->ev);
	else
		event_add(w->ev, NULL);
}

void
sr_watch_free(struct sr_watch *w)
{
	if (w == NULL)
		return;
	if (w->ev != NULL)
		event_free(w->ev);
	free(w);
}
