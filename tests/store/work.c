/* work - a store at work: how fast it is. */
#include "store/work.h"

#include <stdio.h>
#include <time.h>

enum { SESSIONS = 2000, VALUE = 8192, BATCH = 64 };

struct sr_store *
work_open(const char *url, const char *password_file)
{
	struct sr_store_cfg cfg = { .url = url, .node = "work",
	    .password_file = password_file };
	struct sr_store *st = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	if (sr_store_open(&st, &cfg, &why) != SR_OK)
		fprintf(stderr, "storetest: %.*s\n",
		    SR_FMT(sr_buf_str(&why)));
	sr_buf_free(&why);
	return st;
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* So many at once, from session at on; how many that were. */
static size_t
some(struct sr_store *st, enum sr_store_verb verb, size_t at, size_t at_once)
{
	static char value[VALUE], keys[BATCH][32];
	struct sr_store_op ops[BATCH];
	size_t n;

	for (n = 0; n < at_once && at + n < SESSIONS; n++) {
		snprintf(keys[n], sizeof(keys[n]), "work-%zu@host", at + n);
		ops[n] = (struct sr_store_op){ verb, sr_cstr(keys[n]),
		    { value, verb == SR_STORE_PUT ? sizeof(value) : 0 }, NULL,
		    0, 0 };
	}
	if (sr_store_write(st, ops, n, (sr_time)time(NULL) * SR_SEC) !=
	    SR_OK) {
		fprintf(stderr, "storetest: %s\n", sr_store_why(st));
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		if (ops[i].err != SR_OK) {
			fprintf(stderr, "storetest: %s\n",
			    sr_strerror(ops[i].err));
			return 0;
		}
	return n;
}

/* How many a second; 0: it failed. */
static double
measure(struct sr_store *st, const char *what, enum sr_store_verb verb,
    size_t at_once)
{
	double start = seconds();
	size_t done = 0, n;

	for (; done < SESSIONS && seconds() - start < 5; done += n)
		if ((n = some(st, verb, done, at_once)) == 0)
			return 0;
	start = (double)done / (seconds() - start);
	printf("%-9s %2zu at a time  %8.0f a second\n", what, at_once, start);
	return start;
}

int
work_bench(const char *url, const char *password_file)
{
	struct sr_store *st = work_open(url, password_file);
	double renewals = 0;
	bool good;

	if (st == NULL)
		return 64;
	printf("records of %d bytes\n", VALUE);
	good = measure(st, "puts", SR_STORE_PUT, 1) > 0 &&
	    measure(st, "puts", SR_STORE_PUT, BATCH) > 0 &&
	    (renewals = measure(st, "renewals", SR_STORE_RENEW, BATCH)) > 0 &&
	    measure(st, "deletes", SR_STORE_DELETE, BATCH) > 0;
	sr_store_close(st);
	/* Three in each lease of five seconds, for half of what it can do. */
	printf("renewed in half of its time: %.0f sessions\n",
	    renewals / 2 * 5 / 3);
	return good ? 0 : 69;
}
