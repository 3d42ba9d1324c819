/* pace_wire - sockets of the pacer, and batches that leave through them. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/errqueue.h>

#include "io/pace.h"

enum {
	SOCKET_BUFFER = 1 << 20,
	PORT_TRIES = 200,
	SEND_TRIES = 4,	/* errors of others that one send may meet */
	STEPS_PER_OCTAVE = 4
};

/* ---- addresses ---- */

socklen_t
sr_endpoint(const struct sr_addr *a, union endpoint *e)
{
	memset(e, 0, sizeof(*e));
	if (a->family == 6) {
		e->in6.sin6_family = AF_INET6;
		e->in6.sin6_port = htons(a->port);
		memcpy(&e->in6.sin6_addr, a->ip, 16);
		return sizeof(e->in6);
	}
	e->in4.sin_family = AF_INET;
	e->in4.sin_port = htons(a->port);
	memcpy(&e->in4.sin_addr, a->ip, 4);
	return sizeof(e->in4);
}

void
sr_endpoint_addr(const union endpoint *e, struct sr_addr *a)
{
	memset(a, 0, sizeof(*a));
	if (e->any.sa_family == AF_INET6) {
		a->family = 6;
		a->port = ntohs(e->in6.sin6_port);
		memcpy(a->ip, &e->in6.sin6_addr, 16);
	} else {
		a->family = 4;
		a->port = ntohs(e->in4.sin_port);
		memcpy(a->ip, &e->in4.sin_addr, 4);
	}
}

/* ---- pairs ---- */

static int
open_socket(const struct sr_addr *local, struct sr_addr *bound)
{
	int fd, on = 1, size = SOCKET_BUFFER, saved;
	union endpoint e;
	socklen_t len = sr_endpoint(local, &e);

	fd = socket(e.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (local->family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	if (bind(fd, &e.any, len) == 0) {
		len = sizeof(e);
		if (getsockname(fd, &e.any, &len) == 0) {
			sr_endpoint_addr(&e, bound);
			return fd;
		}
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* RFC 3550 section 11: RTP at an even port, RTCP at the next. */
static int
try_pair(struct pair *p, const struct sr_addr *local, uint16_t port)
{
	struct sr_addr a = *local;

	a.port = port;
	if ((p->rtp = open_socket(&a, &p->rtp_addr)) < 0)
		return SR_ESYS;
	if (p->rtp_addr.port % 2 == 0) {
		a.port = p->rtp_addr.port + 1;
		if ((p->rtcp = open_socket(&a, &p->rtcp_addr)) >= 0)
			return SR_OK;
	} else {
		errno = EADDRINUSE;
	}
	close(p->rtp);
	p->rtp = -1;
	return SR_ESYS;
}

int
sr_pair_open(struct pair *p, const struct sr_addr *local, uint16_t lo,
    uint16_t hi, uint16_t *cursor)
{
	unsigned tries = PORT_TRIES;

	p->rtp = p->rtcp = -1;
	if (lo > 0)
		tries = (hi - lo + 1u) / 2;
	for (; tries > 0; tries--) {
		uint16_t port = 0;

		if (lo > 0) {
			if (*cursor < lo || *cursor > hi - 1)
				*cursor = (uint16_t)(lo + lo % 2);
			port = *cursor;
			*cursor = (uint16_t)(*cursor + 2);
		}
		if (try_pair(p, local, port) == SR_OK)
			return SR_OK;
		if (errno != EADDRINUSE && errno != EACCES)
			break;
	}
	return SR_ESYS;
}

void
sr_pair_close(struct pair *p)
{
	if (p->rtp >= 0)
		close(p->rtp);
	if (p->rtcp >= 0)
		close(p->rtcp);
	p->rtp = p->rtcp = -1;
}

/* ---- sending ---- */

static unsigned
step_of(sr_time late)
{
	uint64_t us = late > 0 ? (uint64_t)late / 1000 : 0;
	unsigned octave, step;

	if (us < STEPS_PER_OCTAVE)
		return (unsigned)us;
	octave = 63u - (unsigned)__builtin_clzll(us);
	step = (octave - 1) * STEPS_PER_OCTAVE +
	    (unsigned)(us >> (octave - 2) & 3);
	return step < SR_PACE_STEPS ? step : SR_PACE_STEPS - 1;
}

double
sr_pace_late(const struct sr_pace_numbers *n, double q)
{
	uint64_t all = 0, sum = 0;
	unsigned i;

	for (i = 0; i < SR_PACE_STEPS; i++)
		all += n->late[i];
	if (all == 0)
		return 0;
	for (i = 0; i < SR_PACE_STEPS - 1; i++)
		if ((double)(sum += n->late[i]) >= q * (double)all)
			break;
	if (i < STEPS_PER_OCTAVE)
		return i + 1;
	return (double)((uint64_t)(i % STEPS_PER_OCTAVE + 5) <<
	    (i / STEPS_PER_OCTAVE - 1));
}

static bool
unreachable(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH ||
	    err == ENETUNREACH || err == EHOSTDOWN || err == ENOPROTOOPT ||
	    err == EPROTO;
}

/* An ICMP error that came for one packet makes the next send fail, whomever
 * it goes to: it is tried again.  Whatever else fails is only counted. */
static unsigned
send_some(struct batch *b, unsigned from, struct sr_pace_numbers *n)
{
	for (int tries = 0; tries < SEND_TRIES; tries++) {
		int k = sendmmsg(b->fd, b->msg + from, b->n - from,
		    MSG_DONTWAIT);

		n->calls++;
		if (k > 0)
			return (unsigned)k;
		if (errno != EINTR && !unreachable(errno))
			break;
	}
	n->errors++;
	return 0;
}

static void
count_sent(const struct batch *b, unsigned from, unsigned k, sr_time now,
    struct sr_pace_numbers *n)
{
	for (unsigned i = from; i < from + k; i++) {
		sr_time late = now - b->due[i];

		n->packets++;
		n->bytes += b->msg[i].msg_len;
		n->late[step_of(late)]++;
		if (late > n->worst)
			n->worst = late;
	}
}

void
sr_batch_flush(struct batch *b, struct sr_pace_numbers *n)
{
	unsigned i = 0;

	while (i < b->n) {
		unsigned k = send_some(b, i, n);

		count_sent(b, i, k, sr_pace_now(), n);
		i += k > 0 ? k : 1;
	}
	b->n = 0;
	b->serial++;
}

void
sr_batch_add(struct batch *b, struct stream *s, const struct sr_packet *p,
    sr_time due, struct sr_pace_numbers *n)
{
	unsigned i;

	if (b->n == BATCH)
		sr_batch_flush(b, n);
	i = b->n++;
	b->iov[i][0] = (struct iovec){ (void *)(uintptr_t)p->head.p,
	    p->head.n };
	b->iov[i][1] = (struct iovec){ (void *)(uintptr_t)p->body.p,
	    p->body.n };
	b->msg[i].msg_hdr = (struct msghdr){
		.msg_name = p->rtcp ? &s->rtcp : &s->rtp,
		.msg_namelen = p->rtcp ? s->rtcp_len : s->rtp_len,
		.msg_iov = b->iov[i], .msg_iovlen = p->body.n > 0 ? 2 : 1
	};
	b->due[i] = due;
	s->batch = b;
	s->serial = b->serial;
	n->rtcp += p->rtcp;
}

void
sr_wire_errors(int fd, struct sr_pace_numbers *n)
{
	char control[512], byte;
	struct iovec iov = { &byte, 1 };

	for (int i = 0; i < 256; i++) {
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		struct cmsghdr *c;

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
		for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c)) {
			struct sock_extended_err e;

			if (c->cmsg_len < CMSG_LEN(sizeof(e)))
				continue;
			memcpy(&e, CMSG_DATA(c), sizeof(e));
			n->icmp += e.ee_origin == SO_EE_ORIGIN_ICMP ||
			    e.ee_origin == SO_EE_ORIGIN_ICMP6;
		}
	}
}
