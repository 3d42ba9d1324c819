/* udp - what every datagram socket of ours has in common: stamps, the local
 * address of a datagram, ICMP errors that are told and not fatal. */
#include "io/priv.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The force variants need a privilege, and pass the system's limit. */
void
io_buffers(int fd, int rcvbuf, int sndbuf)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &rcvbuf,
	    sizeof(rcvbuf)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &rcvbuf, sizeof(rcvbuf));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &sndbuf,
	    sizeof(sndbuf)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sndbuf, sizeof(sndbuf));
}

int
io_udp(const struct sr_addr *bind_to, int rcvbuf, int sndbuf)
{
	struct sockaddr_storage ss;
	socklen_t n = io_sockaddr(&ss, bind_to);
	bool six = bind_to->family == 6;
	int fd, on = 1;

	fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	if (six)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	io_buffers(fd, rcvbuf, sndbuf);
	if (bind(fd, (struct sockaddr *)&ss, n) == 0)
		return fd;
	return io_close(fd);
}

void
io_udp_want_local(int fd, int family)
{
	int on = 1;

	if (family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
}

bool
io_is_icmp(int err)
{
	return err == ECONNREFUSED || err == EHOSTUNREACH ||
	    err == ENETUNREACH || err == EHOSTDOWN || err == ENOPROTOOPT ||
	    err == EPROTO || err == EMSGSIZE || err == EACCES;
}

/* The address that the datagram was sent to is the message's name. */
bool
io_udp_error(int fd, struct sr_addr *to, int *err)
{
	char control[512], data[64];
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	struct iovec iov = { data, sizeof(data) };
	struct msghdr m = { .msg_name = &ss, .msg_namelen = sizeof(ss),
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
	    .msg_controllen = sizeof(control) };

	*err = 0;
	if (recvmsg(fd, &m, MSG_ERRQUEUE) < 0)
		return false;
	*to = io_addr(&ss);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c != NULL;
	    c = CMSG_NXTHDR(&m, c)) {
		struct sock_extended_err e;

		if ((c->cmsg_level != IPPROTO_IP ||
		    c->cmsg_type != IP_RECVERR) &&
		    (c->cmsg_level != IPPROTO_IPV6 ||
		    c->cmsg_type != IPV6_RECVERR))
			continue;
		memcpy(&e, CMSG_DATA(c), sizeof(e));
		*err = (int)e.ee_errno;
	}
	return true;
}

sr_time
io_stamp(struct msghdr *m)
{
	struct timespec ts;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET ||
		    c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return ts.tv_sec * SR_SEC + ts.tv_nsec;
	}
	return SR_NEVER;
}

void
io_stamp_local(struct msghdr *m, struct sr_addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			memcpy(local->ip, &p.ipi_addr, 4);
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo p;

			memcpy(&p, CMSG_DATA(c), sizeof(p));
			memcpy(local->ip, &p.ipi6_addr, 16);
		}
	}
}

static void
put_control(struct msghdr *m, int level, int type, const void *p, size_t n)
{
	struct cmsghdr *c = (struct cmsghdr *)m->msg_control;

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(n);
	memcpy(CMSG_DATA(c), p, n);
	m->msg_controllen = CMSG_SPACE(n);
}

static void
leave_from(struct msghdr *m, const struct sr_addr *from)
{
	struct in6_pktinfo p6 = { .ipi6_ifindex = 0 };
	struct in_pktinfo p4 = { .ipi_ifindex = 0 };

	if (from->family == 6) {
		memcpy(&p6.ipi6_addr, from->ip, 16);
		put_control(m, IPPROTO_IPV6, IPV6_PKTINFO, &p6, sizeof(p6));
	} else {
		memcpy(&p4.ipi_spec_dst, from->ip, 4);
		put_control(m, IPPROTO_IP, IP_PKTINFO, &p4, sizeof(p4));
	}
}

/* An error that waits on the socket is that of an earlier datagram and is
 * reported by this send, which then has not happened: once more.  An address
 * to leave from that is not ours, but our NAT's, is left to the system. */
bool
io_udp_send(int fd, const struct sr_addr *from, const struct sr_addr *to,
    struct sr_str data)
{
	_Alignas(struct cmsghdr) char control[64] = { 0 };
	struct sockaddr_storage ss;
	struct iovec iov = { (void *)(uintptr_t)data.p, data.n };
	struct msghdr m = { .msg_name = &ss, .msg_iov = &iov,
	    .msg_iovlen = 1 };

	m.msg_namelen = io_sockaddr(&ss, to);
	if (from != NULL && !sr_addr_any(from)) {
		m.msg_control = control;
		leave_from(&m, from);
	}
	for (int tries = 0; tries < 3; tries++) {
		if (sendmsg(fd, &m, MSG_NOSIGNAL) >= 0)
			return true;
		if (m.msg_control != NULL && (errno == EINVAL ||
		    errno == EADDRNOTAVAIL || errno == ENETUNREACH)) {
			m.msg_control = NULL;
			m.msg_controllen = 0;
		} else if (errno != EINTR && (!io_is_icmp(errno) ||
		    errno == EMSGSIZE || errno == EACCES))
			return false;
	}
	return false;
}
