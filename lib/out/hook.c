/* hook - a program for each event, with the event to read.
 *
 * So many at a time, each watched by a thread that does nothing else; what
 * comes faster than they are done waits, and what is too much is dropped and
 * counted: whoever has an event to tell never waits. */
#include "priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WAITING = 16 << 20, AT_ONCE = 8, MAX_AT_ONCE = 64,
	STACK = 256 * 1024 };

struct item {
	struct item *next;
	size_t ndir, n;
	char text[];			/* the directory, then the event */
};
struct sr_hook {
	char *command;
	pthread_mutex_t lock;
	pthread_cond_t filled, idle;
	struct item *first, **end;
	size_t waiting, max;		/* bytes */
	unsigned threads;		/* that are left */
	bool over, left;		/* left: nobody waits for the last */
	struct sr_hook_stats stats;
};

/* The text of a key that has no escapes in it. */
static struct sr_str
value(struct sr_str json, struct sr_str key)
{
	size_t at = sr_strfind(json, key);
	struct sr_str rest = sr_substr(json, at + key.n, json.n);

	return sr_substr(rest, 0, sr_strchr(rest, '"'));
}

/* A file in memory, so that nobody has to be there to be written to. */
static int
file_of(struct sr_str json)
{
	int fd = memfd_create("event", MFD_CLOEXEC);

	if (fd < 0 || (write(fd, json.p, json.n) == (ssize_t)json.n &&
	    write(fd, "\n", 1) == 1 && lseek(fd, 0, SEEK_SET) == 0))
		return fd;
	close(fd);
	return -1;
}

static bool
perform(const char *command, const struct item *it)
{
	struct sr_str dir = { it->text, it->ndir };
	struct sr_str json = { it->text + it->ndir, it->n };
	struct variable v[] = {
	    { "SIPREC_EVENT", value(json, SR_STR("\"event\":\"")) },
	    { "SIPREC_SESSION", value(json, SR_STR("\"session\":\"")) },
	    { "SIPREC_DIR", dir } };
	int fd = file_of(json), status = -1, err;
	pid_t pid;

	if (fd < 0)
		return false;
	err = spawn_program(&pid, command, fd, v, sizeof(v) / sizeof(*v));
	close(fd);
	if (err != SR_OK)
		return false;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
destroy(struct sr_hook *h)
{
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->filled);
	pthread_cond_destroy(&h->idle);
	free(h->command);
	free(h);
}

static struct item *
take(struct sr_hook *h)
{
	struct item *it = h->first;

	if (it == NULL)
		return NULL;
	if ((h->first = it->next) == NULL)
		h->end = &h->first;
	h->waiting -= it->n;
	return it;
}

static void *
run(void *arg)
{
	struct sr_hook *h = arg;
	struct item *it;
	bool good, last;

	pthread_mutex_lock(&h->lock);
	for (;;) {
		while (h->first == NULL && !h->over)
			pthread_cond_wait(&h->filled, &h->lock);
		if ((it = take(h)) == NULL)
			break;
		h->stats.running++;
		pthread_mutex_unlock(&h->lock);
		good = perform(h->command, it);
		free(it);
		pthread_mutex_lock(&h->lock);
		h->stats.running--;
		h->stats.run++;
		h->stats.failed += !good;
	}
	h->threads--;
	last = h->threads == 0;
	pthread_cond_signal(&h->idle);
	last &= h->left;
	pthread_mutex_unlock(&h->lock);
	if (last)
		destroy(h);
	return NULL;
}

/* ---- begin and end ---- */

static int
start(struct sr_hook *h, unsigned n)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_mutex_lock(&h->lock);
	while (h->threads < n && pthread_create(&t, &attr, run, h) == 0)
		h->threads++;
	n = h->threads;
	pthread_mutex_unlock(&h->lock);
	pthread_attr_destroy(&attr);
	return n > 0 ? SR_OK : SR_ESYS;
}

int
sr_hook_new(struct sr_hook **hp, const char *command, unsigned at_once,
    size_t max)
{
	struct sr_hook *h = sr_zalloc(sizeof(*h));
	pthread_condattr_t monotonic;

	if (h == NULL)
		return SR_ENOMEM;
	h->end = &h->first;
	h->max = max > 0 ? max : MAX_WAITING;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->filled, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&h->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	at_once = at_once == 0 ? AT_ONCE : at_once > MAX_AT_ONCE ?
	    MAX_AT_ONCE : at_once;
	if ((h->command = strdup(command)) == NULL ||
	    start(h, at_once) != SR_OK) {
		destroy(h);
		return SR_ENOMEM;
	}
	*hp = h;
	return SR_OK;
}

void
sr_hook_put(struct sr_hook *h, struct sr_str json, const char *dir)
{
	size_t ndir = dir != NULL ? strlen(dir) : 0;
	struct item *it = malloc(sizeof(*it) + ndir + json.n);

	if (it != NULL) {
		it->next = NULL;
		it->ndir = ndir;
		it->n = json.n;
		if (ndir > 0)
			memcpy(it->text, dir, ndir);
		memcpy(it->text + ndir, json.p, json.n);
	}
	pthread_mutex_lock(&h->lock);
	if (it == NULL || h->waiting + json.n > h->max) {
		h->stats.dropped++;
		free(it);
	} else {
		*h->end = it;
		h->end = &it->next;
		h->waiting += it->n;
		pthread_cond_signal(&h->filled);
	}
	pthread_mutex_unlock(&h->lock);
}

void
sr_hook_stats(struct sr_hook *h, struct sr_hook_stats *out)
{
	pthread_mutex_lock(&h->lock);
	*out = h->stats;
	pthread_mutex_unlock(&h->lock);
}

void
sr_hook_close(struct sr_hook *h, sr_time patience, struct sr_hook_stats *out)
{
	struct timespec until;
	struct item *it;
	bool all;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(patience / SR_SEC);
	pthread_mutex_lock(&h->lock);
	h->over = true;
	pthread_cond_broadcast(&h->filled);
	while (h->threads > 0)
		if (pthread_cond_timedwait(&h->idle, &h->lock, &until) != 0)
			break;
	while ((it = take(h)) != NULL) {
		h->stats.dropped++;
		free(it);
	}
	*out = h->stats;
	h->left = true;
	all = h->threads == 0;
	pthread_mutex_unlock(&h->lock);
	if (all)
		destroy(h);
}
