/* keeper - a thread that does what keep.c says, one thing at a time. */
#include "store/keep.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "priv.h"

enum { MAX_WAITING = 64 << 20, STACK = 512 * 1024 };

struct sr_keeper {
	pthread_mutex_t lock;
	pthread_cond_t asked, ended;
	struct keep keep;
	struct sr_store *st;
	struct news *told;		/* that sr_keeper_next gave last */
	struct job job;			/* the thread's own */
	int fd;				/* not 0: there is news */
	bool over, gone, left;	/* gone: the thread; left: nobody waits */
	sr_time until;			/* of a close: no longer */
};

static sr_time
clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

/* ---- news ---- */

static void
ring(struct sr_keeper *k)
{
	if (k->keep.news != NULL)
		(void)eventfd_write(k->fd, 1);
}

int
sr_keeper_fd(const struct sr_keeper *k)
{
	return k->fd;
}

bool
sr_keeper_next(struct sr_keeper *k, struct sr_kept *out)
{
	eventfd_t n;

	pthread_mutex_lock(&k->lock);
	sr_keep_news_free(k->told);
	if ((k->told = sr_keep_news(&k->keep)) != NULL)
		*out = k->told->kept;
	if (k->keep.news == NULL)
		(void)eventfd_read(k->fd, &n);
	pthread_mutex_unlock(&k->lock);
	return k->told != NULL;
}

/* ---- what is asked for ---- */

static int
asked(struct sr_keeper *k, int err)
{
	ring(k);			/* a take may have its answer */
	pthread_cond_signal(&k->asked);
	pthread_mutex_unlock(&k->lock);
	return err;
}

int
sr_keeper_put(struct sr_keeper *k, uint64_t ticket, struct sr_str key,
    const struct sr_str *names, size_t nnames, struct sr_str value)
{
	pthread_mutex_lock(&k->lock);
	return asked(k, sr_keep_put(&k->keep, ticket, key, names, nnames,
	    value));
}

int
sr_keeper_delete(struct sr_keeper *k, uint64_t ticket, struct sr_str key)
{
	pthread_mutex_lock(&k->lock);
	return asked(k, sr_keep_delete(&k->keep, ticket, key));
}

int
sr_keeper_take(struct sr_keeper *k, uint64_t ticket, struct sr_str name)
{
	pthread_mutex_lock(&k->lock);
	return asked(k, sr_keep_take(&k->keep, ticket, name));
}

int
sr_keeper_own(struct sr_keeper *k, struct sr_str key)
{
	pthread_mutex_lock(&k->lock);
	return asked(k, sr_keep_own(&k->keep, key));
}

/* ---- the thread ---- */

/* There is nothing to do until due, or nothing that may be done any more. */
static void
rest(struct sr_keeper *k, sr_time due)
{
	struct timespec t;

	if (k->over && due > k->until)
		due = k->until;
	t = (struct timespec){ due / SR_SEC, due % SR_SEC };
	pthread_cond_timedwait(&k->asked, &k->lock, &t);
}

static bool
is_over(struct sr_keeper *k, sr_time now)
{
	return k->over && (k->keep.undone == 0 || now >= k->until);
}

static void
destroy(struct sr_keeper *k)
{
	sr_keep_news_free(k->told);
	sr_keep_free(&k->keep);
	sr_store_close(k->st);
	pthread_mutex_destroy(&k->lock);
	pthread_cond_destroy(&k->asked);
	pthread_cond_destroy(&k->ended);
	if (k->fd >= 0)
		close(k->fd);
	sr_wipe(&k->job, sizeof(k->job));
	free(k);
}

static void *
run(void *arg)
{
	struct sr_keeper *k = arg;
	sr_time due, now;
	bool last;

	pthread_mutex_lock(&k->lock);
	while (!is_over(k, now = clock_of(CLOCK_MONOTONIC))) {
		if (!sr_keep_next(&k->keep, &k->job, now, &due)) {
			rest(k, due);
			continue;
		}
		pthread_mutex_unlock(&k->lock);
		sr_keep_perform(&k->job, k->st, clock_of(CLOCK_REALTIME));
		pthread_mutex_lock(&k->lock);
		sr_keep_done(&k->keep, &k->job, clock_of(CLOCK_MONOTONIC));
		ring(k);
	}
	k->gone = true;
	last = k->left;
	pthread_cond_signal(&k->ended);
	pthread_mutex_unlock(&k->lock);
	if (last)
		destroy(k);
	return NULL;
}

/* ---- begin and end ---- */

/* Signals are the business of the others; a server that hangs up is no reason
 * to die. */
static int
start(struct sr_keeper *k)
{
	pthread_attr_t attr;
	sigset_t all, was;
	pthread_t t;
	int error;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_BLOCK, &all, &was);
	error = pthread_create(&t, &attr, run, k);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	pthread_attr_destroy(&attr);
	errno = error;
	return error == 0 ? SR_OK : SR_ESYS;
}

int
sr_keeper_new(struct sr_keeper **kp, struct sr_store *st,
    const struct sr_keeper_cfg *cfg)
{
	struct sr_keeper *k = sr_zalloc(sizeof(*k));
	pthread_condattr_t monotonic;

	if (k == NULL)
		return SR_ENOMEM;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&k->asked, &monotonic);
	pthread_cond_init(&k->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	sr_keep_init(&k->keep, st->lease, cfg->max > 0 ? cfg->max :
	    MAX_WAITING, cfg->retry > 0 ? cfg->retry : SR_SEC / 2,
	    clock_of(CLOCK_MONOTONIC));
	k->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->fd >= 0 && (k->st = st, start(k)) == SR_OK) {
		*kp = k;
		return SR_OK;
	}
	k->st = NULL;			/* stays the caller's */
	destroy(k);
	return SR_ESYS;
}

/* What is with the store has to be waited for: it may be done. */
static size_t
undone(const struct sr_keeper *k)
{
	size_t n = k->keep.undone;

	for (size_t i = 0; !k->gone && i < k->job.n; i++)
		n += k->job.ops[i].verb != SR_STORE_RENEW;
	return n;
}

size_t
sr_keeper_close(struct sr_keeper *k, sr_time patience)
{
	struct timespec t;
	size_t n;
	bool all;

	if (k == NULL)
		return 0;
	pthread_mutex_lock(&k->lock);
	k->until = clock_of(CLOCK_MONOTONIC) + patience;
	k->over = true;
	k->keep.retry_at = 0;		/* once more, now */
	t = (struct timespec){ k->until / SR_SEC, k->until % SR_SEC };
	pthread_cond_signal(&k->asked);
	while (!k->gone)
		if (pthread_cond_timedwait(&k->ended, &k->lock, &t) != 0)
			break;
	n = undone(k);
	k->left = true;
	all = k->gone;
	pthread_mutex_unlock(&k->lock);
	if (all)
		destroy(k);
	return n;
}
