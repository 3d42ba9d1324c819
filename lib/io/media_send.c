/* media_send - many packets with one system call; what cannot leave is
 * counted by what kept it. */
#include "io/priv.h"

#include <errno.h>
#include <sys/uio.h>

enum { BATCH = 64, RETRIES = 8 };

static uint64_t
take_errors(int fd)
{
	struct sr_addr to;
	uint64_t n = 0;
	int err;

	while (io_udp_error(fd, &to, &err))
		n++;
	return n;
}

/* What becomes of the packet that the batch stopped at: true when it is to be
 * tried again, because the error belonged to an earlier one. */
static bool
again(int fd, struct sr_media_stats *st, int *retries)
{
	int err = errno;
	uint64_t n;

	if (err == EINTR)
		return true;
	if (io_is_icmp(err) && err != EMSGSIZE && err != EACCES) {
		n = take_errors(fd);
		st->icmp += n > 0 ? n : 1;
		return (*retries)-- > 0;
	}
	if (err == EAGAIN || err == ENOBUFS || err == ENOMEM)
		st->full++;
	else
		st->errors++;
	return false;
}

static size_t
send_batch(int fd, const struct sr_media_out *v, unsigned n,
    struct sr_media_stats *st)
{
	struct sockaddr_storage ss[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr m[BATCH];
	int retries = RETRIES, got;
	size_t sent = 0;

	for (unsigned i = 0; i < n; i++) {
		iov[i] = (struct iovec){ (void *)(uintptr_t)v[i].data.p,
		    v[i].data.n };
		m[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &ss[i],
		    .msg_namelen = io_sockaddr(&ss[i], &v[i].to),
		    .msg_iov = &iov[i], .msg_iovlen = 1 } };
	}
	for (unsigned at = 0; at < n; ) {
		got = sendmmsg(fd, m + at, n - at, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (got > 0) {
			for (int i = 0; i < got; i++)
				st->bytes += v[at + (unsigned)i].data.n;
			at += (unsigned)got;
			sent += (size_t)got;
			/* A batch that stops midway keeps its error to
			 * itself: it is only in the queue. */
			if (at < n)
				st->icmp += take_errors(fd);
		} else if (!again(fd, st, &retries))
			at++;
	}
	st->sent += sent;
	return sent;
}

size_t
sr_media_send(int fd, const struct sr_media_out *v, size_t n,
    struct sr_media_stats *st)
{
	size_t sent = 0;

	for (size_t at = 0; at < n; at += BATCH)
		sent += send_batch(fd, v + at,
		    (unsigned)(n - at < BATCH ? n - at : BATCH), st);
	return sent;
}
