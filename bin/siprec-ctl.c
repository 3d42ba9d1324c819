/* siprec-ctl - a command for a running siprec-listen, and its answer. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_COMMAND = 4000, MAX_ANSWER = 65 << 20 };

static const struct {
	const char *name, *args;
	int least, most;		/* words behind it */
} commands[] = {
	{ "list", "", 0, 0 }, { "show", "SESSION", 1, 1 },
	{ "pause", "SESSION", 1, 1 }, { "resume", "SESSION", 1, 1 },
	{ "stop", "SESSION", 1, 1 }, { "drop-stream", "SESSION LABEL", 2, 2 },
	{ "snapshot", "SESSION", 1, 1 }, { "drain", "[off]", 0, 1 },
	{ "stats", "", 0, 0 }
};
enum { COMMANDS = sizeof(commands) / sizeof(*commands) };

static void
help(void)
{
	fputs("usage: siprec-ctl [--json] SOCKET COMMAND [SESSION [LABEL]]\n"
"A command for the siprec-listen that was given --control SOCKET; its answer\n"
"is a JSON object.  SESSION is the name of its directory, or a Call-ID.\n"
"\n"
"  list                   all sessions\n"
"  show SESSION           one of them, with its streams\n"
"  pause SESSION          record silence; the client is told\n"
"  resume SESSION         go on, or start what is held\n"
"  stop SESSION           end it\n"
"  drop-stream SESSION LABEL  do without one stream\n"
"  snapshot SESSION       ask the client for all of its metadata\n"
"  drain [off]            take no new calls; waits until all are over\n"
"  stats                  what was counted\n"
"\n"
"      --json             one line on a terminal too\n"
"  -h, --help             this\n"
"      --version          version and licence\n"
"\n"
"Exit status: 0 done, 1 refused or failed, 64 usage, 69 the server cannot be\n"
"reached, 74 output error.\n", stdout);
}

/* ---- what is asked ---- */

static bool
one_word(const char *s)
{
	return *s != '\0' && strcspn(s, " \t\r\n") == strlen(s);
}

/* v: the command and what is behind it. */
static int
write_command(struct sr_buf *line, char *v[])
{
	size_t i = 0;
	int n = 0;

	while (i < COMMANDS && strcmp(commands[i].name, v[0]) != 0)
		i++;
	if (i == COMMANDS)
		return cli_usage("'%s' is no command", v[0]);
	while (v[n + 1] != NULL)
		n++;
	if (n < commands[i].least || n > commands[i].most)
		return cli_usage("%s %s: this is how it is used",
		    commands[i].name, commands[i].args);
	for (int k = 0; k <= n; k++) {
		if (!one_word(v[k]))
			return cli_usage("'%s' is not one word", v[k]);
		if (sr_buf_fmt(line, "%s%s", k > 0 ? " " : "", v[k]) != SR_OK)
			return cli_usage("the command is too long");
	}
	sr_buf_addc(line, '\n');
	return CLI_OK;
}

/* ---- the way to the server ---- */

static int
unavailable(const char *path, const char *why)
{
	cli_warn("%s: %s", path, why);
	return CLI_UNAVAILABLE;
}

static int
reach(const char *path, int *fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(a.sun_path))
		return unavailable(path, strerror(ENAMETOOLONG));
	strcpy(a.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && connect(*fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return CLI_OK;
	return unavailable(path, strerror(errno));
}

static int
tell(const char *path, int fd, struct sr_str s)
{
	while (s.n > 0) {
		ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return unavailable(path, strerror(errno));
		s = sr_substr(s, (size_t)n, s.n);
	}
	return CLI_OK;
}

/* One line. */
static int
hear(const char *path, int fd, struct sr_buf *answer)
{
	ssize_t n;

	while (answer->n == 0 || answer->p[answer->n - 1] != '\n') {
		if (sr_buf_reserve(answer, 65536) != SR_OK)
			return unavailable(path, "the answer is too long");
		n = read(fd, answer->p + answer->n, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return unavailable(path, n < 0 ? strerror(errno) :
			    "the server went away, or has too much to do");
		answer->n += (size_t)n;
	}
	return CLI_OK;
}

/* ---- what it said ---- */

static int
show(struct sr_str answer, bool line)
{
	json_t *j = json_loadb(answer.p, answer.n, 0, NULL);
	int status = json_is_true(json_object_get(j, "ok")) ? CLI_OK : CLI_NO;
	char *text = NULL;

	if (!line && j != NULL)
		text = json_dumps(j, JSON_INDENT(2));
	if (text != NULL) {
		cli_put(sr_cstr(text));
		cli_put(SR_STR("\n"));
	} else {
		cli_put(answer);
	}
	free(text);
	json_decref(j);
	return cli_worst(status, cli_stdout());
}

static int
run(char *argv[], bool line)
{
	struct sr_buf command, answer;
	int status, fd = -1;

	sr_buf_init(&command, MAX_COMMAND);
	sr_buf_init(&answer, MAX_ANSWER);
	(void)((status = write_command(&command, argv + 1)) != CLI_OK ||
	    (status = reach(argv[0], &fd)) != CLI_OK ||
	    (status = tell(argv[0], fd, sr_buf_str(&command))) != CLI_OK ||
	    (status = hear(argv[0], fd, &answer)) != CLI_OK);
	if (status == CLI_OK)
		status = show(sr_buf_str(&answer), line);
	if (fd >= 0)
		close(fd);
	sr_buf_free(&command);
	sr_buf_free(&answer);
	return status;
}

int
main(int argc, char *argv[])
{
	enum { JSON = 256, VERSION };
	static const struct option longs[] = {
		{ "json", 0, NULL, JSON }, { "help", 0, NULL, 'h' },
		{ "version", 0, NULL, VERSION }, { NULL, 0, NULL, 0 }
	};
	bool line = !cli_tty(STDOUT_FILENO);
	int c;

	cli_init("siprec-ctl");
	opterr = 0;
	while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (c == JSON) {
			line = true;
			continue;
		}
		if (c == '?')
			return cli_usage("'%s' is no option",
			    argv[optind - 1]);
		c == 'h' ? help() : cli_version();
		return CLI_OK;
	}
	if (argc - optind < 2)
		return cli_usage("it wants a socket and a command");
	return run(argv + optind, line);
}
