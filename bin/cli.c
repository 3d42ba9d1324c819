/* cli - what the programs share. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *program = "siprec";
static bool stdout_gone;

int
cli_worst(int a, int b)
{
	return a > b ? a : b;
}

void
cli_init(const char *name)
{
	program = name;
	/* A reader that went away is an error to be told, not a death. */
	signal(SIGPIPE, SIG_IGN);
}

static void
vwarn(const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof(line), "%s: ", program);

	vsnprintf(line + n, sizeof(line) - (size_t)n, fmt, ap);
	fprintf(stderr, "%s\n", line);
}

void
cli_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
}

int
cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarn(fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try '%s --help'.\n", program);
	return CLI_USAGE;
}

void
cli_version(void)
{
	printf("%s %s\n", program, SR_VERSION);
#ifndef WITH_SPANDSP
	puts("without spandsp: no G.722, G.726, GSM");
#endif
#ifndef WITH_OPUS
	puts("without opus: no Opus");
#endif
#ifndef WITH_AMR
	puts("without opencore-amr: no AMR, AMR-WB");
#endif
#ifndef WITH_ARCHIVE
	puts("without libarchive: no compressed captures");
#endif
#ifndef WITH_SECCOMP
	puts("without libseccomp: no filter of system calls");
#endif
#ifndef WITH_SQLITE
	puts("without sqlite: no store in a file");
#endif
#ifndef WITH_REDIS
	puts("without hiredis: no store in Redis");
#elif !defined(WITH_REDIS_TLS)
	puts("without hiredis_ssl: no store in Redis over TLS");
#endif
#ifdef WITH_BCG729
	puts("with bcg729 (GPL-3.0-or-later): this build as a whole is under "
	    "GPL-3.0-or-later");
#else
	puts("without bcg729: no G.729");
	puts("Apache License 2.0");
#endif
}

int
cli_read(const char *path, size_t max, struct sr_buf *out)
{
	bool in = strcmp(path, "-") == 0;
	int fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int status = CLI_OK;
	ssize_t n = 1;

	sr_buf_init(out, max);
	if (fd < 0) {
		cli_warn("%s: %s", path, strerror(errno));
		return CLI_NOINPUT;
	}
	while (status == CLI_OK && n > 0) {
		size_t room = max - out->n < 65536 ? max - out->n : 65536;

		if (room == 0 || sr_buf_reserve(out, room) != SR_OK) {
			cli_warn("%s: more than %zu bytes", path, max);
			status = CLI_USAGE;
			break;
		}
		n = read(fd, out->p + out->n, room);
		if (n < 0 && errno == EINTR) {
			n = 1;
		} else if (n < 0) {
			cli_warn("%s: %s", path, strerror(errno));
			status = CLI_NOINPUT;
		} else {
			out->n += (size_t)n;
		}
	}
	if (!in)
		close(fd);
	return status;
}

bool
cli_put(struct sr_str s)
{
	while (!stdout_gone && s.n > 0) {
		ssize_t n = write(STDOUT_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			cli_warn("stdout: %s", strerror(errno));
			stdout_gone = true;
			break;
		}
		s = sr_substr(s, (size_t)n, s.n);
	}
	return !stdout_gone;
}

int
cli_stdout(void)
{
	return stdout_gone ? CLI_IOERR : CLI_OK;
}

bool
cli_tty(int fd)
{
	return isatty(fd) == 1;
}
