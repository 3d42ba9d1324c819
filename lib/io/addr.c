/* addr - our addresses and the system's. */
#include "io/priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

socklen_t
io_sockaddr(struct sockaddr_storage *ss, const struct sr_addr *a)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	if (a->family == 6) {
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
		    .sin6_port = htons(a->port) };
		memcpy(&in6->sin6_addr, a->ip, 16);
		return sizeof(*in6);
	}
	*in = (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons(a->port) };
	memcpy(&in->sin_addr, a->ip, 4);
	return sizeof(*in);
}

struct sr_addr
io_addr(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)ss;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)ss;
	struct sr_addr a = { .family = 0 };

	if (ss->ss_family == AF_INET) {
		a.family = 4;
		a.port = ntohs(in->sin_port);
		memcpy(a.ip, &in->sin_addr, 4);
	} else if (ss->ss_family == AF_INET6) {
		a.family = 6;
		a.port = ntohs(in6->sin6_port);
		memcpy(a.ip, &in6->sin6_addr, 16);
	}
	return a;
}

struct sr_addr
io_local(int fd)
{
	struct sockaddr_storage ss = { .ss_family = AF_UNSPEC };
	socklen_t n = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &n) != 0)
		ss.ss_family = AF_UNSPEC;
	return io_addr(&ss);
}

int
io_close(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}
