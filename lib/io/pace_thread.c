/* pace_thread - the thread that sends, hears and obeys.
 *
 * Every due time counts from its stream's start by the monotonic clock, never
 * from the packet before, so that nothing drifts. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "io/pace.h"

enum {
	ROUNDS = 64,	/* packets at once of a stream that is behind */
	NICE = -11,
	DATAGRAM = 2048,
	MANY = 400,	/* streams: from then on few wake-ups count for more */
	EVENTS = 64
};

/* ---- tables ---- */

static size_t
bucket(unsigned pair, const struct sr_addr *a)
{
	uint64_t h = sr_hash(a->ip, sizeof(a->ip)) + a->port * 31u + pair;

	return (h ^ h >> 12) % PACE_BUCKETS;
}

static struct stream **
peer_bucket(struct sr_pace *p, unsigned pair, const struct sr_addr *a)
{
	return &p->by_peer[bucket(pair, a)];
}

static struct stream **
media_bucket(struct sr_pace *p, unsigned pair, const struct sr_addr *a)
{
	return &p->by_media[bucket(pair, a)];
}

static struct stream *
by_id(struct sr_pace *p, uint64_t id)
{
	struct stream *s = p->by_id[id % PACE_BUCKETS];

	while (s != NULL && s->id != id)
		s = s->next_id;
	return s;
}

static void
forget_peer(struct sr_pace *p, struct stream *s)
{
	struct stream **at = peer_bucket(p, s->s.pair, &s->s.rtcp);

	while (*at != s)
		at = &(*at)->next_peer;
	*at = s->next_peer;
	if (s->s.other == NULL)
		return;
	at = media_bucket(p, s->s.pair, &s->s.rtp);
	while (*at != s)
		at = &(*at)->next_media;
	*at = s->next_media;
}

static void
aim(struct sr_pace *p, struct stream *s)
{
	struct stream **at = peer_bucket(p, s->s.pair, &s->s.rtcp);

	s->rtp_len = sr_endpoint(&s->s.rtp, &s->rtp);
	s->rtcp_len = sr_endpoint(&s->s.rtcp, &s->rtcp);
	s->next_peer = *at;
	*at = s;
	if (s->s.other == NULL)
		return;
	at = media_bucket(p, s->s.pair, &s->s.rtp);
	s->next_media = *at;
	*at = s;
}

/* ---- time of a stream and time of the clock ---- */

static sr_time
due_at(const struct stream *s, sr_time at)
{
	if (at == SR_NEVER)
		return SR_NEVER;
	if (s->s.speed > 0 && s->s.speed != 1)
		at = (sr_time)((double)at / s->s.speed);
	return s->s.start + at;
}

static sr_time
own_time(const struct stream *s, sr_time now)
{
	sr_time t = now - s->s.start;

	if (s->s.speed > 0 && s->s.speed != 1)
		t = (sr_time)((double)t * s->s.speed);
	return t;
}

static void
schedule(struct sr_pace *p, struct stream *s)
{
	sr_wheel_remove(&p->wheel, s);
	s->due = due_at(s, s->s.from.due(s->s.from.arg));
	if (s->due != SR_NEVER)
		sr_wheel_add(&p->wheel, s);
}

/* ---- sending ---- */

/* What a stream gave is borrowed until it is asked again. */
static void
settle(struct sr_pace *p, struct stream *s)
{
	if (s->batch != NULL && s->serial == s->batch->serial)
		sr_batch_flush(s->batch, &p->numbers);
}

static void
drop(struct sr_pace *p, struct stream *s)
{
	struct stream **at = &p->by_id[s->id % PACE_BUCKETS];

	settle(p, s);
	sr_wheel_remove(&p->wheel, s);
	forget_peer(p, s);
	while (*at != s)
		at = &(*at)->next_id;
	*at = s->next_id;
	p->numbers.streams--;
	if (s->s.release != NULL)
		s->s.release(s->s.from.arg, s->s.cookie);
	free(s);
}

static struct batch *
batch_of(struct sr_pace *p, const struct stream *s, bool rtcp)
{
	const struct pair *pair = &p->pair[s->s.pair];
	bool muxed = sr_addr_eq(&s->s.rtp, &s->s.rtcp);
	int fd = rtcp && !muxed ? pair->rtcp : pair->rtp;

	if (pair->batch != NULL && fd == pair->rtp)
		return pair->batch;
	if (p->odd.fd != fd) {
		sr_batch_flush(&p->odd, &p->numbers);
		p->odd.fd = fd;
	}
	return &p->odd;
}

/* One packet; false when that was the end of the stream. */
static bool
send_one(struct sr_pace *p, struct stream *s)
{
	struct sr_packet packet;
	int err;

	settle(p, s);
	err = s->s.from.next(s->s.from.arg, &packet);
	if (err == SR_OK) {
		sr_batch_add(batch_of(p, s, packet.rtcp), s, &packet,
		    due_at(s, packet.at), &p->numbers);
	} else if (err != SR_MORE) {
		if (s->s.over != NULL)
			s->s.over(s->s.from.arg, s->s.cookie);
		drop(p, s);
		return false;
	}
	s->due = due_at(s, s->s.from.due(s->s.from.arg));
	return true;
}

static void
flush_all(struct sr_pace *p)
{
	sr_batch_flush(&p->odd, &p->numbers);
	for (unsigned i = 0; i < p->cfg.pool; i++)
		sr_batch_flush(p->pair[p->cfg.own + i].batch, &p->numbers);
}

/* Sends for s; in the wheel again, or in the list of those that are behind:
 * a packet of each in turn keeps the batches full. */
static void
attend(struct sr_pace *p, struct stream *s, sr_time now, bool last,
    struct stream **behind)
{
	if (!send_one(p, s) || s->due == SR_NEVER)
		return;
	if (s->due > now || last) {
		if (s->due <= now)
			s->due = now + 1;
		sr_wheel_add(&p->wheel, s);
	} else {
		s->next = *behind;
		*behind = s;
	}
}

static void
run(struct sr_pace *p)
{
	sr_time now = sr_pace_now();
	struct stream *s, *behind = NULL;

	while ((s = sr_wheel_due(&p->wheel, now)) != NULL)
		attend(p, s, now, false, &behind);
	for (int i = 1; behind != NULL; i++) {
		struct stream *turn = behind;

		behind = NULL;
		while ((s = turn) != NULL) {
			turn = s->next;
			attend(p, s, now, i >= ROUNDS, &behind);
		}
	}
	flush_all(p);
}

/* ---- receiving ---- */

static struct stream *
who(struct sr_pace *p, unsigned pair, const struct sr_addr *from)
{
	struct stream *s = *peer_bucket(p, pair, from);

	while (s != NULL && (s->s.pair != pair ||
	    !sr_addr_eq(&s->s.rtcp, from)))
		s = s->next_peer;
	return s;
}

/* DTLS comes on the port of RTP, too. */
static void
other(struct sr_pace *p, unsigned pair, bool rtcp, const struct sr_addr *from,
    struct sr_str data)
{
	struct stream *s;

	if (rtcp) {
		s = who(p, pair, from);
	} else {
		s = *media_bucket(p, pair, from);
		while (s != NULL && (s->s.pair != pair ||
		    !sr_addr_eq(&s->s.rtp, from)))
			s = s->next_media;
	}
	if (s == NULL || s->s.other == NULL) {
		p->numbers.stray++;
		return;
	}
	settle(p, s);
	s->s.other(s->s.from.arg, s->s.cookie, rtcp, data);
	schedule(p, s);
}

static void
hear(struct sr_pace *p, unsigned pair, bool rtcp, const struct sr_addr *from,
    struct sr_str data)
{
	struct stream *s;

	if (data.n > 0 && (uint8_t)data.p[0] < 128) {
		other(p, pair, rtcp, from, data);
		return;
	}
	if (!sr_rtcp_looks(data))
		return;			/* media: nobody asked for it */
	if ((s = who(p, pair, from)) == NULL) {
		p->numbers.stray++;
		return;
	}
	p->numbers.heard++;
	if (s->s.hear == NULL)
		return;
	settle(p, s);
	s->s.hear(s->s.from.arg, s->s.cookie, own_time(s, sr_pace_now()),
	    data);
}

static void
receive(struct sr_pace *p, unsigned pair, bool rtcp)
{
	int fd = rtcp ? p->pair[pair].rtcp : p->pair[pair].rtp;
	char buf[DATAGRAM];

	sr_wire_errors(fd, &p->numbers);
	for (int i = 0; i < EVENTS; i++) {
		union endpoint e;
		socklen_t len = sizeof(e);
		struct sr_addr from;
		ssize_t n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT |
		    MSG_TRUNC, &e.any, &len);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			continue;	/* an ICMP error, seen above */
		if (n < 0)
			break;
		if ((size_t)n > sizeof(buf))
			continue;
		sr_endpoint_addr(&e, &from);
		hear(p, pair, rtcp, &from, (struct sr_str){ buf, (size_t)n });
	}
}

/* ---- orders ---- */

static void
obey(struct sr_pace *p, struct command *c)
{
	struct stream *s = c->kind == ADD ? c->stream : by_id(p, c->id);

	if (c->kind == NUMBERS) {
		pthread_mutex_lock(&p->lock);
		*c->numbers = p->numbers;
		*c->done = true;
		pthread_cond_broadcast(&p->told);
		pthread_mutex_unlock(&p->lock);
		return;
	}
	if (s == NULL)
		return;
	settle(p, s);
	if (c->kind == REMOVE) {
		drop(p, s);
		return;
	}
	if (c->kind == ADD) {
		s->next_id = p->by_id[s->id % PACE_BUCKETS];
		p->by_id[s->id % PACE_BUCKETS] = s;
		p->numbers.streams++;
		aim(p, s);
	} else if (c->kind == AIM) {
		forget_peer(p, s);
		s->s.pair = c->pair;
		s->s.rtp = c->rtp;
		s->s.rtcp = c->rtcp;
		aim(p, s);
	} else {
		c->fn(s->s.from.arg, own_time(s, sr_pace_now()), c->data);
	}
	schedule(p, s);
}

static void
serve(struct sr_pace *p)
{
	struct command *v;
	size_t n;

	pthread_mutex_lock(&p->lock);
	v = p->queue;
	n = p->queued;
	p->queue = NULL;
	p->queued = p->queue_cap = 0;
	pthread_mutex_unlock(&p->lock);
	for (size_t i = 0; i < n; i++)
		obey(p, &v[i]);
	free(v);
}

/* ---- the thread ---- */

/* An event's number is twice that of its pair, plus one for RTCP. */
static void
look(struct sr_pace *p)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(p->epoll, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		unsigned pair = ev[i].data.u32 / 2;
		uint64_t count;

		if (ev[i].data.u32 == UINT32_MAX) {
			if (read(p->wake, &count, sizeof(count)) < 0)
				continue;
		} else {
			receive(p, pair, ev[i].data.u32 % 2 != 0);
		}
	}
}

static void
wait_until(struct sr_pace *p, sr_time until)
{
	struct pollfd fd = { .fd = p->epoll, .events = POLLIN };
	sr_time left = until == SR_NEVER ? 60 * SR_SEC :
	    until - sr_pace_now();
	struct timespec t = { 0, 0 };

	if (left > 0) {
		t.tv_sec = left / SR_SEC;
		t.tv_nsec = left % SR_SEC;
	}
	if (ppoll(&fd, 1, &t, NULL) > 0)
		look(p);
}

/* To be woken in time where others work too: as they are, but for a tenth of
 * a millisecond at a time, and before them where we may. */
static void
be_first(bool first)
{
	struct {			/* sched_setattr(2) */
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} a = { .size = sizeof(a), .nice = NICE, .runtime = SR_MSEC / 10 };
	struct sched_param param = { .sched_priority = 1 };

	if (first && pthread_setschedparam(pthread_self(), SCHED_RR,
	    &param) == 0)
		return;
	if (syscall(SYS_sched_setattr, 0, &a, 0) == 0)
		return;
	a.nice = 0;
	syscall(SYS_sched_setattr, 0, &a, 0);
}

/* With many streams something is due in each tick: waking up twice a
 * millisecond makes batches long enough to be cheap. */
static sr_time
wake_at(const struct sr_pace *p)
{
	sr_time at = sr_wheel_wake(&p->wheel), step = SR_MSEC / 2;

	if (at == SR_NEVER || p->numbers.streams < MANY)
		return at;
	return (at + step - 1) / step * step;
}

static sr_time
used(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

/* Who needs half of the only processor may not keep the others from it: SIP
 * has its times too.  Asked now and then. */
static void
be_fair(struct sr_pace *p)
{
	sr_time now = sr_pace_now(), cpu, fair;

	if (now < p->weighed + SR_SEC / 2)
		return;
	cpu = used();
	fair = (now - p->weighed) / 100 *
	    (sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 95 : 50);
	if (p->first == (cpu - p->cpu > fair)) {
		p->first = !p->first;
		be_first(p->first);
	}
	p->weighed = now;
	p->cpu = cpu;
}

void *
sr_pace_thread(void *arg)
{
	struct sr_pace *p = arg;

	/* A twentieth of a millisecond is the kernel's habit: too much. */
	prctl(PR_SET_TIMERSLACK, 1000ul);
	be_first(p->first = true);
	p->weighed = sr_pace_now();
	while (!__atomic_load_n(&p->quit, __ATOMIC_ACQUIRE)) {
		run(p);
		serve(p);
		be_fair(p);
		wait_until(p, wake_at(p));
	}
	serve(p);
	for (size_t i = 0; i < PACE_BUCKETS; i++)
		while (p->by_id[i] != NULL)
			drop(p, p->by_id[i]);
	return NULL;
}
