/* storetest - does a store do what a store does, and how fast?
 *
 * storetest [-p FILE] [-r ROUNDS] URL [CLAIM...]	TAP
 * storetest -b [-p FILE] URL				figures */
#include "store/conform.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS = 2000, VALUE = 16384, BATCH = 64 };

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

/* ---- figures ---- */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The same operation for each of so many sessions, some at a time. */
static double
rate(struct ground *g, struct sr_store *st, enum sr_store_verb verb,
    size_t at_once)
{
	static char value[VALUE], keys[BATCH][32];
	struct sr_store_op ops[BATCH];
	double start = seconds();
	size_t done = 0, n;

	for (; done < SESSIONS && seconds() - start < 5; done += n) {
		for (n = 0; n < at_once && done + n < SESSIONS; n++) {
			snprintf(keys[n], sizeof(keys[n]), "bench-%zu@host",
			    done + n);
			ops[n] = (struct sr_store_op){ verb,
			    sr_cstr(keys[n]), { value, verb == SR_STORE_PUT ?
			    sizeof(value) : 0 }, NULL, 0, 0 };
		}
		if (sr_store_write(st, ops, n, g->now) != SR_OK) {
			fail(__FILE__, __LINE__, "%s", sr_store_why(st));
			return 0;
		}
		for (size_t i = 0; i < n; i++)
			COMES(g, ops[i].err, SR_OK);
	}
	return (double)done / (seconds() - start);
}

static int
bench(struct ground *g)
{
	struct sr_store_cfg cfg = { .url = g->url, .node = "bench",
	    .password_file = g->password_file };
	struct sr_store *st;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	if (sr_store_open(&st, &cfg, &why) != SR_OK) {
		fail(__FILE__, __LINE__, "%.*s", SR_FMT(sr_buf_str(&why)));
		return 1;
	}
	sr_buf_free(&why);
	printf("values of %d bytes\n", VALUE);
	printf("puts, one at a time     %8.0f a second\n",
	    rate(g, st, SR_STORE_PUT, 1));
	printf("puts, %d at a time      %8.0f a second\n", BATCH,
	    rate(g, st, SR_STORE_PUT, BATCH));
	printf("renewals, %d at a time  %8.0f a second\n", BATCH,
	    rate(g, st, SR_STORE_RENEW, BATCH));
	printf("deletes, %d at a time   %8.0f a second\n", BATCH,
	    rate(g, st, SR_STORE_DELETE, BATCH));
	sr_store_close(st);
	return failed;
}

int
main(int argc, char *argv[])
{
	struct ground g = { .rounds = 1000, .fail = fail };
	bool figures = false;
	int c;

	while ((c = getopt(argc, argv, "bp:r:")) != -1)
		switch (c) {
		case 'b':
			figures = true;
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
	return figures ? bench(&g) :
	    conform(&g, argc - optind - 1, argv + optind + 1);
}
