/* notify - what a service manager wants to hear: sd_notify(3), by hand. */
#include "siprec/io.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void
sr_notify(struct sr_str words)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path != NULL ? strlen(path) : 0;
	int fd;

	if (n < 2 || n >= sizeof(a.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')		/* of the abstract name space */
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	(void)sendto(fd, words.p, words.n, MSG_NOSIGNAL, (struct sockaddr *)&a,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

sr_time
sr_notify_watchdog(void)
{
	const char *us = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t n, who;

	if (us == NULL || sr_strnum(sr_cstr(us), &n) != SR_OK || n == 0 ||
	    n > INT64_MAX / 1000)
		return SR_NEVER;
	if (pid != NULL && (sr_strnum(sr_cstr(pid), &who) != SR_OK ||
	    who != (uint64_t)getpid()))
		return SR_NEVER;
	/* Half of it, as sd_watchdog_enabled(3) has it. */
	return (sr_time)n * 1000 / 2;
}
