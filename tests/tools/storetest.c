/* storetest - does a store do what a store does, and how fast?
 *
 * storetest [-p FILE] [-r ROUNDS] URL [CLAIM...]	TAP
 * storetest -b [-p FILE] URL				figures
 * storetest -k [-p FILE] URL	a keeper, until SIGTERM: see storetest_keep.c
 *
 * A store that is not there is 69, with words on stderr. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/conform.h"
#include "store/work.h"

static bool failed;

static void
fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failed = true;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static bool
is_wanted(const char *name, int argc, char *argv[])
{
	for (int i = 0; i < argc; i++)
		if (strstr(name, argv[i]) != NULL)
			return true;
	return argc == 0;
}

static int
conform(struct ground *g, int argc, char *argv[])
{
	size_t n = 0;
	int bad = 0;

	for (size_t i = 0; i < conform_n; i++)
		n += is_wanted(conform_claims[i].name, argc, argv);
	printf("TAP version 13\n1..%zu\n", n);
	n = 0;
	for (size_t i = 0; i < conform_n; i++) {
		if (!is_wanted(conform_claims[i].name, argc, argv))
			continue;
		failed = false;
		conform_claims[i].show(g);
		bad += failed;
		printf("%sok %zu - %s\n", failed ? "not " : "", ++n,
		    conform_claims[i].name);
		fflush(stdout);
	}
	return bad > 0 || n == 0;
}

static int
is_there(const struct ground *g)
{
	struct sr_store *st = work_open(g->url, g->password_file);

	if (st == NULL)
		return 64;
	if (sr_store_check(st) != SR_OK) {
		fprintf(stderr, "storetest: %s\n", sr_store_why(st));
		sr_store_close(st);
		return 69;
	}
	sr_store_close(st);
	return 0;
}

int
main(int argc, char *argv[])
{
	struct ground g = { .rounds = 1000, .fail = fail };
	int c, mode = 0, status;

	while ((c = getopt(argc, argv, "bkp:r:")) != -1)
		switch (c) {
		case 'b':
		case 'k':
			mode = c;
			break;
		case 'p':
			g.password_file = optarg;
			break;
		case 'r':
			g.rounds = (unsigned)atoi(optarg);
			break;
		default:
			return 64;
		}
	if (optind == argc)
		return 64;
	signal(SIGPIPE, SIG_IGN);
	g.url = argv[optind];
	g.real = strncmp(g.url, "redis", 5) == 0;
	g.now = (sr_time)time(NULL) * SR_SEC;
	if (mode == 0 && (status = is_there(&g)) != 0)
		return status;
	return mode == 'b' ? work_bench(g.url, g.password_file) : mode == 'k' ?
	    work_keep(g.url, g.password_file) :
	    conform(&g, argc - optind - 1, argv + optind + 1);
}
