/* dgram - SIP in datagrams, up to 64 KiB each. */
#include "io/priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

enum {
	BATCH = 16,
	SIZE = 65536,
	CONTROL = 128,			/* a stamp and a local address */
	MAX_BATCHES = 8			/* before others have their turn */
};

struct dgram_batch {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_storage from[BATCH];
	_Alignas(struct cmsghdr) uint8_t control[BATCH][CONTROL];
	char data[BATCH][SIZE];
};

int
dgram_init(struct sr_transport *t)
{
	struct dgram_batch *b = calloc(1, sizeof(*b));

	if ((t->batch = b) == NULL)
		return SR_ENOMEM;
	for (int i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){ b->data[i], SIZE };
		b->msgs[i].msg_hdr = (struct msghdr){ .msg_name = &b->from[i],
		    .msg_iov = &b->iov[i], .msg_iovlen = 1,
		    .msg_control = b->control[i] };
	}
	return SR_OK;
}

static int
receive(struct dgram_batch *b, int fd)
{
	for (int i = 0; i < BATCH; i++) {
		b->msgs[i].msg_hdr.msg_namelen = sizeof(b->from[i]);
		b->msgs[i].msg_hdr.msg_controllen = CONTROL;
	}
	return recvmmsg(fd, b->msgs, BATCH, MSG_DONTWAIT, NULL);
}

/* RFC 5626 section 3.5.1 and what stacks do: line ends, or a few zeros. */
static bool
keepalive(struct sr_str s)
{
	bool zeros = s.n <= 4, lines = true;

	for (size_t i = 0; i < s.n; i++) {
		zeros &= s.p[i] == '\0';
		lines &= s.p[i] == '\r' || s.p[i] == '\n';
	}
	return zeros || lines;
}

static void
hand(struct listener *l, struct msghdr *m, size_t n, sr_time now,
    sr_time offset)
{
	struct sr_transport *t = l->t;
	struct sr_hop hop = { .proto = SR_UDP, .local = l->addr,
	    .remote = io_addr(m->msg_name) };
	struct sr_str raw = { m->msg_iov->iov_base, n };
	sr_time stamp = io_stamp(m);

	t->stats.datagrams++;
	if (keepalive(raw))
		return;
	io_stamp_local(m, &hop.local);
	t->stats.messages++;
	t->stats.bytes += n;
	t->cbs.message(t->cbs.arg, &hop,
	    stamp == SR_NEVER ? now : stamp + offset, raw, 0);
}

/* RFC 3261 section 18.4: what ICMP says is a transport error. */
static bool
take_errors(struct listener *l)
{
	struct sr_transport *t = l->t;
	struct sr_hop hop = { .proto = SR_UDP, .local = l->addr };
	bool any = false;
	int err;

	while (io_udp_error(l->fd, &hop.remote, &err)) {
		any = true;
		t->stats.icmp++;
		errno = err;
		if (t->cbs.closed != NULL)
			t->cbs.closed(t->cbs.arg, &hop, SR_ESYS,
			    strerror(err), true);
	}
	return any;
}

void
dgram_read(void *arg, int fd)
{
	struct listener *l = arg;
	struct dgram_batch *b = l->t->batch;
	sr_time now = sr_now(), offset = sr_wall_offset();
	int n = BATCH;

	for (int i = 0; i < MAX_BATCHES && n == BATCH; i++) {
		n = receive(b, fd);
		if (n < 0)
			n = take_errors(l) ? receive(b, fd) : -1;
		for (int k = 0; k < n; k++)
			hand(l, &b->msgs[k].msg_hdr, b->msgs[k].msg_len, now,
			    offset);
	}
}

int
dgram_send(struct sr_transport *t, struct sr_hop *to, struct sr_str msg)
{
	struct listener *l;
	int err;

	if (to->local.family == 0 &&
	    (err = sr_transport_route(t, to)) != SR_OK)
		return err;
	l = listener_for(t, SR_UDP, &to->local, &to->remote);
	if (l == NULL) {
		errno = EAFNOSUPPORT;
		return SR_ESYS;
	}
	to->conn = 0;
	to->local.port = l->addr.port;
	if (!sr_addr_any(&l->addr))
		to->local = l->addr;
	return io_udp_send(l->fd, &to->local, &to->remote, msg) ? SR_OK :
	    SR_ESYS;
}
