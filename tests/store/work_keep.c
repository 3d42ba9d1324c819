/* work_keep - a keeper whose store may go away and come back meanwhile. */
#include "store/work.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SESSIONS = 50 };

struct work {
	struct sr_keeper *keeper;
	uint64_t last[SESSIONS];	/* the ticket is the value too */
	uint64_t put, answered, refused;
	char run[32];
};
static volatile sig_atomic_t over;

static void
finish(int signo)
{
	(void)signo;
	over = 1;
}

static struct sr_str
key_of(const struct work *w, size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "keep-%s-%zu", w->run, i);
	return sr_cstr(text);
}

static void
put(struct work *w, size_t i)
{
	char value[32];

	snprintf(value, sizeof(value), "%ju", (uintmax_t)++w->put);
	if (sr_keeper_put(w->keeper, w->put, key_of(w, i), NULL, 0,
	    sr_cstr(value)) == SR_OK)
		w->last[i] = w->put;
}

/* After an absence all is put again, as the header says. */
static void
hear(struct work *w, const struct sr_kept *k)
{
	switch (k->what) {
	case SR_KEPT_PUT:
	case SR_KEPT_DELETE:
	case SR_KEPT_TAKE:
		w->answered++;
		w->refused += k->err != SR_OK;
		return;
	case SR_KEPT_DOWN:
		printf("down: %.*s\n", SR_FMT(k->why));
		break;
	case SR_KEPT_UP:
		printf("up\n");
		for (size_t i = 0; i < SESSIONS; i++)
			put(w, i);
		break;
	case SR_KEPT_LOST:
		printf("lost: %.*s\n", SR_FMT(k->key));
		break;
	case SR_KEPT_MISSING:
		printf("missing: %.*s\n", SR_FMT(k->key));
		break;
	}
	fflush(stdout);
}

static void
work(struct work *w)
{
	struct pollfd p = { .fd = sr_keeper_fd(w->keeper), .events = POLLIN };
	struct timespec pause = { 0, 1000000 };
	struct sr_kept k;

	for (size_t i = 0; !over; i++) {
		put(w, i % SESSIONS);
		if (poll(&p, 1, 0) > 0)
			while (sr_keeper_next(w->keeper, &k))
				hear(w, &k);
		nanosleep(&pause, NULL);
	}
}

static unsigned
count_good(const struct work *w, struct sr_store *st)
{
	struct sr_stored r = { 0 };
	unsigned good = 0;
	char value[32];

	for (size_t i = 0; i < SESSIONS; i++) {
		snprintf(value, sizeof(value), "%ju", (uintmax_t)w->last[i]);
		good += sr_store_take(st, key_of(w, i), &r,
		    (sr_time)time(NULL) * SR_SEC) == SR_OK &&
		    sr_streq(sr_buf_str(&r.value), sr_cstr(value));
	}
	sr_stored_free(&r);
	return good;
}

int
work_keep(const char *url, const char *password_file)
{
	struct sr_keeper_cfg cfg = { .retry = 100 * SR_MSEC };
	struct sr_store *st = work_open(url, password_file);
	struct work w = { .put = 0 };
	struct sigaction act = { .sa_handler = finish };
	size_t undone;
	unsigned good;

	snprintf(w.run, sizeof(w.run), "%jd.%jd", (intmax_t)time(NULL),
	    (intmax_t)getpid());
	if (st == NULL || sr_keeper_new(&w.keeper, st, &cfg) != SR_OK)
		return 71;
	sigaction(SIGTERM, &act, NULL);
	work(&w);
	undone = sr_keeper_close(w.keeper, 10 * SR_SEC);
	if ((st = work_open(url, password_file)) == NULL)
		return 71;
	good = count_good(&w, st);
	sr_store_close(st);
	printf("%ju puts, %ju answered, %ju refused, %zu not done, "
	    "%u of %d as put last\n", (uintmax_t)w.put,
	    (uintmax_t)w.answered, (uintmax_t)w.refused, undone, good,
	    SESSIONS);
	return good == SESSIONS && undone == 0 && w.refused == 0 ? 0 : 1;
}
