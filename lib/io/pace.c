/* pace - the pacer as other threads see it: they put orders in a queue, and
 * everything else belongs to its own thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "io/pace.h"

enum { OWN = 64, POOL = 4, PAIRS_MAX = 4096 };

sr_time
sr_pace_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

/* ---- the queue ---- */

/* A counter that is full wakes as well. */
static void
wake(struct sr_pace *p)
{
	uint64_t one = 1;

	while (write(p->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static int
tell(struct sr_pace *p, const struct command *c)
{
	int err = SR_OK;

	pthread_mutex_lock(&p->lock);
	if (p->queued == p->queue_cap) {
		size_t cap = p->queue_cap > 0 ? 2 * p->queue_cap : 16;
		struct command *v = realloc(p->queue, cap * sizeof(*v));

		if (v == NULL) {
			err = SR_ENOMEM;
		} else {
			p->queue = v;
			p->queue_cap = cap;
		}
	}
	if (err == SR_OK)
		p->queue[p->queued++] = *c;
	pthread_mutex_unlock(&p->lock);
	wake(p);
	return err;
}

/* ---- birth and death ---- */

static int
watch(struct sr_pace *p, int fd, uint32_t number)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = number };

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ? SR_OK :
	    SR_ESYS;
}

static void
free_pace(struct sr_pace *p)
{
	int saved = errno;

	for (unsigned i = 0; p->pair != NULL && i < p->pairs; i++) {
		sr_pair_close(&p->pair[i]);
		free(p->pair[i].batch);
	}
	if (p->epoll >= 0)
		close(p->epoll);
	if (p->wake >= 0)
		close(p->wake);
	free(p->pair);
	free(p->queue);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->told);
	free(p);
	errno = saved;
}

static void
set_defaults(struct sr_pace_cfg *c)
{
	if (c->local.family == 0)
		c->local = (struct sr_addr){ .ip = { 127, 0, 0, 1 },
		    .family = 4 };
	c->local.port = 0;
	if (c->own == 0 || c->own > PAIRS_MAX)
		c->own = OWN;
	if (c->pool == 0 || c->pool > PAIRS_MAX)
		c->pool = POOL;
}

int
sr_pace_open(struct sr_pace **pp, const struct sr_pace_cfg *cfg)
{
	struct sr_pace *p;
	int err = SR_ESYS, failed;

	if (cfg->lo > 0 && cfg->hi <= cfg->lo)
		return SR_EBAD;
	if ((p = sr_zalloc(sizeof(*p))) == NULL)
		return SR_ENOMEM;
	p->cfg = *cfg;
	set_defaults(&p->cfg);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->told, NULL);
	p->odd.fd = p->wake = -1;
	p->pairs = p->cfg.own + p->cfg.pool;
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if ((p->pair = calloc(p->pairs, sizeof(*p->pair))) == NULL) {
		err = SR_ENOMEM;
		goto out;
	}
	for (unsigned i = 0; i < p->pairs; i++)
		p->pair[i].rtp = p->pair[i].rtcp = -1;
	for (unsigned i = p->cfg.own; i < p->pairs; i++)
		if ((p->pair[i].batch = sr_zalloc(sizeof(struct batch))) ==
		    NULL) {
			err = SR_ENOMEM;
			goto out;
		}
	if (p->epoll < 0 ||
	    (p->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) < 0 ||
	    watch(p, p->wake, UINT32_MAX) != SR_OK)
		goto out;
	sr_wheel_init(&p->wheel, sr_pace_now());
	failed = pthread_create(&p->thread, NULL, sr_pace_thread, p);
	if (failed != 0) {
		errno = failed;
		goto out;
	}
	*pp = p;
	return SR_OK;
out:
	free_pace(p);
	return err;
}

void
sr_pace_close(struct sr_pace *p)
{
	if (p == NULL)
		return;
	__atomic_store_n(&p->quit, true, __ATOMIC_RELEASE);
	wake(p);
	pthread_join(p->thread, NULL);
	free_pace(p);
}

/* The first pair of its own that nobody has; else the pool's in turn. */
static unsigned
choose(const struct sr_pace *p)
{
	unsigned best = p->cfg.own;

	for (unsigned i = 0; i < p->cfg.own; i++)
		if (p->pair[i].users == 0)
			return i;
	for (unsigned i = best; i < p->pairs; i++)
		if (p->pair[i].users < p->pair[best].users)
			best = i;
	return best;
}

static int
open_pair(struct sr_pace *p, unsigned i)
{
	struct pair *pair = &p->pair[i];

	if (pair->rtp >= 0)
		return SR_OK;
	if (sr_pair_open(pair, &p->cfg.local, p->cfg.lo, p->cfg.hi,
	    &p->port) != SR_OK)
		return SR_ESYS;
	if (pair->batch != NULL)
		pair->batch->fd = pair->rtp;
	if (watch(p, pair->rtp, 2 * i) == SR_OK &&
	    watch(p, pair->rtcp, 2 * i + 1) == SR_OK)
		return SR_OK;
	sr_pair_close(pair);
	return SR_ESYS;
}

int
sr_pace_pair(struct sr_pace *p, unsigned *pair, struct sr_addr *rtp,
    struct sr_addr *rtcp)
{
	int err;

	pthread_mutex_lock(&p->lock);
	*pair = choose(p);
	if ((err = open_pair(p, *pair)) == SR_OK) {
		p->pair[*pair].users++;
		*rtp = p->pair[*pair].rtp_addr;
		*rtcp = p->pair[*pair].rtcp_addr;
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

void
sr_pace_unpair(struct sr_pace *p, unsigned pair)
{
	pthread_mutex_lock(&p->lock);
	if (pair < p->pairs && p->pair[pair].users > 0)
		p->pair[pair].users--;
	pthread_mutex_unlock(&p->lock);
}

int
sr_pace_add(struct sr_pace *p, const struct sr_pace_stream *s, uint64_t *id)
{
	struct stream *copy;
	int err;

	if (s->pair >= p->pairs || s->rtp.family == 0 ||
	    s->rtp.family != p->cfg.local.family)
		return SR_EBAD;
	if ((copy = sr_zalloc(sizeof(*copy))) == NULL)
		return SR_ENOMEM;
	copy->s = *s;
	if (copy->s.rtcp.family != s->rtp.family)
		copy->s.rtcp = s->rtp;
	pthread_mutex_lock(&p->lock);
	*id = copy->id = ++p->last_id;
	pthread_mutex_unlock(&p->lock);
	err = tell(p, &(struct command){ .kind = ADD, .stream = copy });
	if (err != SR_OK)
		free(copy);
	return err;
}

int
sr_pace_order(struct sr_pace *p, uint64_t id,
    void (*fn)(void *arg, sr_time now, void *data), const void *data,
    size_t n)
{
	struct command c = { .kind = ORDER, .id = id, .fn = fn };

	if (n > PACE_DATA)
		return SR_ELIMIT;
	if (n > 0)
		memcpy(c.data, data, n);
	return tell(p, &c);
}

int
sr_pace_remove(struct sr_pace *p, uint64_t id)
{
	return tell(p, &(struct command){ .kind = REMOVE, .id = id });
}

int
sr_pace_aim(struct sr_pace *p, uint64_t id, unsigned pair,
    const struct sr_addr *rtp, const struct sr_addr *rtcp)
{
	if (pair >= p->pairs || rtp->family != p->cfg.local.family ||
	    rtcp->family != p->cfg.local.family)
		return SR_EBAD;
	return tell(p, &(struct command){ .kind = AIM, .id = id, .pair = pair,
	    .rtp = *rtp, .rtcp = *rtcp });
}

void
sr_pace_numbers(struct sr_pace *p, struct sr_pace_numbers *out)
{
	bool done = false;

	memset(out, 0, sizeof(*out));
	if (tell(p, &(struct command){ .kind = NUMBERS, .numbers = out,
	    .done = &done }) != SR_OK)
		return;
	pthread_mutex_lock(&p->lock);
	while (!done)
		pthread_cond_wait(&p->told, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
