/* drain - a recorder is in no hurry: thousands of media sockets are emptied
 * a slice at a time, which costs a system call for many packets instead of a
 * wake-up for each. */
#include "io/priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum {
	BATCH = 64,
	PACKET = 2048,			/* no media packet is longer */
	CONTROL = 64,			/* one stamp */
	MAX_BATCHES = 4,		/* of one socket in one slice */
	MAX_BATCHES_NOW = 64
};
#define SLICE (5 * SR_MSEC)
#define ROUND (90 * SR_MSEC)	/* so that none waits for 100 */

struct sr_drain_sock {
	int fd;
	size_t at;			/* where in the table */
	void *cookie;
	sr_time last;			/* visited */
};

struct sr_drain {
	void (*fn)(void *arg, void *cookie, const struct sr_dgram *v,
	    size_t n);
	void *arg;
	struct sr_wake *wake;
	struct sr_drain_sock **socks;
	size_t n, cap, cursor;
	sr_time slice_at;
	struct sr_drain_sock *current;	/* NULL when it removed itself */
	struct sr_drain_stats stats;

	/* One batch.  The kernel wants these set again before each. */
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL];
	struct sr_dgram out[BATCH];
	uint8_t (*data)[PACKET];
};

static void
prepare(struct sr_drain *d, int i)
{
	struct msghdr *m = &d->msgs[i].msg_hdr;

	m->msg_namelen = sizeof(d->from[i]);
	m->msg_controllen = CONTROL;
	m->msg_flags = 0;
}

static void
prepare_all(struct sr_drain *d)
{
	for (int i = 0; i < BATCH; i++) {
		struct msghdr *m = &d->msgs[i].msg_hdr;

		d->iov[i] = (struct iovec){ d->data[i], PACKET };
		m->msg_iov = &d->iov[i];
		m->msg_iovlen = 1;
		m->msg_name = &d->from[i];
		m->msg_control = d->control[i];
		prepare(d, i);
	}
}

/* Takes ICMP errors off the socket, so that the next call reads packets. */
static void
take_errors(struct sr_drain *d, int fd)
{
	struct sr_addr to;
	int err;

	while (io_udp_error(fd, &to, &err))
		d->stats.icmp++;
}

/* What the kernel gave at i, as the owner sees it. */
static void
hand(struct sr_drain *d, int i, sr_time offset, sr_time now)
{
	struct msghdr *m = &d->msgs[i].msg_hdr;
	struct sr_dgram *g = &d->out[i];
	sr_time stamp = io_stamp(m);

	g->when = stamp == SR_NEVER ? now : stamp + offset;
	g->from = io_addr(&d->from[i]);
	g->data = (struct sr_str){ (const char *)d->data[i],
	    d->msgs[i].msg_len };
	g->cut = (m->msg_flags & MSG_TRUNC) != 0;
	d->stats.cut += g->cut;
	d->stats.bytes += g->data.n;
	prepare(d, i);
}

/* One batch of a socket: how many packets, 0: it is empty. */
static int
batch(struct sr_drain *d, struct sr_drain_sock *s, sr_time now)
{
	sr_time offset;
	int n;

	n = recvmmsg(s->fd, d->msgs, BATCH, MSG_DONTWAIT, NULL);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		if (!io_is_icmp(errno))
			d->stats.errors++;
		take_errors(d, s->fd);
		n = recvmmsg(s->fd, d->msgs, BATCH, MSG_DONTWAIT, NULL);
	}
	if (n <= 0)
		return 0;
	offset = sr_wall_offset();
	for (int i = 0; i < n; i++)
		hand(d, i, offset, now);
	d->stats.packets += (uint64_t)n;
	d->stats.batches++;
	d->fn(d->arg, s->cookie, d->out, (size_t)n);
	return n;
}

/* Until it is empty, or max batches were had: others wait, too. */
static void
drain_sock(struct sr_drain *d, struct sr_drain_sock *s, int max, sr_time now)
{
	int n = BATCH;

	if (now - s->last > d->stats.late)
		d->stats.late = now - s->last;
	s->last = now;
	d->current = s;
	for (int i = 0; i < max && n == BATCH && d->current == s; i++)
		if ((n = batch(d, s, now)) == 0 && i == 0)
			d->stats.empty++;
	d->current = NULL;
}

/* A slice is as much of the table as the time since the last one is of a
 * round: late slices catch up. */
static void
slice(void *arg, sr_time now)
{
	struct sr_drain *d = arg;
	sr_time passed = now - d->slice_at + SLICE;
	size_t want;

	if (passed > ROUND)
		passed = ROUND;
	want = (d->n * (size_t)passed + ROUND - 1) / ROUND;
	for (; want > 0 && d->n > 0; want--) {
		if (d->cursor >= d->n)
			d->cursor = 0;
		drain_sock(d, d->socks[d->cursor++], MAX_BATCHES, now);
	}
	d->slice_at += SLICE;
	if (d->slice_at <= now)
		d->slice_at = now + SLICE;
	sr_wake_at(d->wake, d->n > 0 ? d->slice_at : SR_NEVER);
}

int
sr_drain_new(struct sr_drain **dp, struct sr_loop *l,
    void (*fn)(void *arg, void *cookie, const struct sr_dgram *v, size_t n),
    void *arg)
{
	struct sr_drain *d = sr_zalloc(sizeof(*d));
	int err = SR_ENOMEM;

	if (d == NULL)
		return SR_ENOMEM;
	d->fn = fn;
	d->arg = arg;
	if ((d->data = malloc(BATCH * sizeof(*d->data))) == NULL ||
	    (err = sr_wake_new(&d->wake, l, slice, d)) != SR_OK) {
		sr_drain_free(d);
		return err;
	}
	prepare_all(d);
	*dp = d;
	return SR_OK;
}

int
sr_drain_add(struct sr_drain *d, int fd, void *cookie,
    struct sr_drain_sock **sp)
{
	struct sr_drain_sock *s = sr_zalloc(sizeof(*s)), **v;
	size_t cap = d->cap > 0 ? d->cap * 2 : 64;

	if (s == NULL)
		return SR_ENOMEM;
	if (d->n == d->cap) {
		if ((v = realloc(d->socks, cap * sizeof(*v))) == NULL) {
			free(s);
			return SR_ENOMEM;
		}
		d->socks = v;
		d->cap = cap;
	}
	*s = (struct sr_drain_sock){ fd, d->n, cookie, sr_now() };
	d->socks[d->n++] = s;
	if (d->n == 1) {
		d->slice_at = s->last + SLICE;
		sr_wake_at(d->wake, d->slice_at);
	}
	*sp = s;
	return SR_OK;
}

/* The last of the table takes its place; where that was behind the cursor and
 * now is before it, it would miss a round: it takes the cursor's place, and
 * what was there goes on to the hole. */
void
sr_drain_remove(struct sr_drain *d, struct sr_drain_sock *s)
{
	size_t hole = s->at;

	if (d->current == s)
		d->current = NULL;
	if (hole < d->cursor) {
		d->cursor--;
		d->socks[hole] = d->socks[d->cursor];
		d->socks[hole]->at = hole;
		hole = d->cursor;
	}
	d->n--;
	if (hole < d->n) {		/* else the hole is the last place */
		d->socks[hole] = d->socks[d->n];
		d->socks[hole]->at = hole;
	}
	free(s);
}

void
sr_drain_now(struct sr_drain *d, struct sr_drain_sock *const *v, size_t n)
{
	sr_time now = sr_now();

	for (size_t i = 0; i < n; i++)
		drain_sock(d, v[i], MAX_BATCHES_NOW, now);
}

void
sr_drain_stats(const struct sr_drain *d, struct sr_drain_stats *out)
{
	*out = d->stats;
}

void
sr_drain_free(struct sr_drain *d)
{
	if (d == NULL)
		return;
	sr_wake_free(d->wake);
	for (size_t i = 0; i < d->n; i++)
		free(d->socks[i]);
	free(d->socks);
	free(d->data);
	free(d);
}
