/* sink - lines for a reader who may be slow: written by a thread of its own,
 * so that nobody else ever waits for it. */
#include "siprec/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { MAX = 16 << 20 };

struct sr_sink {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct sr_buf waiting, writing;
	uint64_t dropped;
	int fd, next, gone;	/* next: takes the place of fd; -1 */
	bool own, over, idle, detached;
};

static int
write_all(int fd, struct sr_str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return errno != 0 ? errno : EIO;
		s = sr_substr(s, (size_t)n, s.n);
	}
	return 0;
}

/* The lock is held. */
static void
change(struct sr_sink *s)
{
	if (s->next < 0)
		return;
	if (s->own)
		close(s->fd);
	s->fd = s->next;
	s->next = -1;
	s->own = true;
	s->gone = 0;
}

static void
destroy(struct sr_sink *s)
{
	change(s);
	if (s->own)
		close(s->fd);
	sr_buf_free(&s->waiting);
	sr_buf_free(&s->writing);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->filled);
	pthread_cond_destroy(&s->emptied);
	free(s);
}

static void *
run(void *arg)
{
	struct sr_sink *s = arg;
	struct sr_buf b;
	bool mine;
	int err;

	pthread_mutex_lock(&s->lock);
	for (;;) {
		while (s->waiting.n == 0 && !s->over) {
			s->idle = true;
			pthread_cond_signal(&s->emptied);
			pthread_cond_wait(&s->filled, &s->lock);
		}
		if (s->waiting.n == 0)
			break;
		s->idle = false;
		b = s->writing;
		s->writing = s->waiting;
		s->waiting = b;
		s->waiting.n = 0;
		change(s);
		pthread_mutex_unlock(&s->lock);
		err = write_all(s->fd, sr_buf_str(&s->writing));
		pthread_mutex_lock(&s->lock);
		if (err != 0 && s->gone == 0)
			s->gone = err;
		s->writing.n = 0;
	}
	s->idle = true;
	pthread_cond_signal(&s->emptied);
	mine = s->detached;
	pthread_mutex_unlock(&s->lock);
	if (mine)
		destroy(s);
	return NULL;
}

int
sr_sink_fd(struct sr_sink **sp, int fd, size_t max)
{
	struct sr_sink *s = sr_zalloc(sizeof(*s));
	pthread_condattr_t monotonic;

	if (s == NULL)
		return SR_ENOMEM;
	s->fd = fd;
	s->next = -1;
	s->idle = true;
	sr_buf_init(&s->waiting, max > 0 ? max : MAX);
	sr_buf_init(&s->writing, max > 0 ? max : MAX);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->filled, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&s->emptied, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&s->thread, NULL, run, s) != 0) {
		destroy(s);
		return SR_ESYS;
	}
	*sp = s;
	return SR_OK;
}

static int
open_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	/* Whoever listens there may have too much to do to be waited for. */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    fcntl(fd, F_SETFL, 0) != 0)) {
		int why = errno;

		close(fd);
		errno = why;
		fd = -1;
	}
	return fd;
}

/* A FIFO without a reader yet is opened for both: who writes must not wait,
 * nor die when the reader goes. */
static int
open_path(const char *path)
{
	struct stat st;
	bool there = stat(path, &st) == 0;

	if (there && S_ISSOCK(st.st_mode))
		return open_socket(path);
	if (there && S_ISFIFO(st.st_mode))
		return open(path, O_RDWR | O_CLOEXEC);
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

int
sr_sink_open(struct sr_sink **sp, const char *path, size_t max)
{
	int fd = open_path(path), err;

	if (fd < 0)
		return SR_ESYS;
	if ((err = sr_sink_fd(sp, fd, max)) != SR_OK)
		close(fd);
	else
		(*sp)->own = true;
	return err;
}

int
sr_sink_reopen(struct sr_sink *s, const char *path)
{
	int fd = open_path(path);

	if (fd < 0)
		return SR_ESYS;
	pthread_mutex_lock(&s->lock);
	if (s->next >= 0)
		close(s->next);
	s->next = fd;
	if (s->idle)
		change(s);
	pthread_mutex_unlock(&s->lock);
	return SR_OK;
}

void
sr_sink_put(struct sr_sink *s, struct sr_str line)
{
	pthread_mutex_lock(&s->lock);
	if (s->gone != 0 || sr_buf_reserve(&s->waiting, line.n + 1) != SR_OK) {
		s->dropped++;
	} else {
		sr_buf_add(&s->waiting, line);
		sr_buf_addc(&s->waiting, '\n');
		pthread_cond_signal(&s->filled);
	}
	pthread_mutex_unlock(&s->lock);
}

uint64_t
sr_sink_dropped(struct sr_sink *s, int *gone)
{
	uint64_t n;

	pthread_mutex_lock(&s->lock);
	n = s->dropped;
	*gone = s->gone;
	pthread_mutex_unlock(&s->lock);
	return n;
}

bool
sr_sink_behind(struct sr_sink *s)
{
	bool behind;

	pthread_mutex_lock(&s->lock);
	behind = s->waiting.n > s->waiting.max / 2;
	pthread_mutex_unlock(&s->lock);
	return behind;
}

int
sr_sink_close(struct sr_sink *s, sr_time patience)
{
	struct timespec until;
	bool done;
	int why;

	if (s == NULL)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(patience / SR_SEC) + 1;
	pthread_mutex_lock(&s->lock);
	s->over = true;
	pthread_cond_signal(&s->filled);
	while (!(s->idle && s->waiting.n == 0))
		if (pthread_cond_timedwait(&s->emptied, &s->lock, &until) != 0)
			break;
	done = s->idle && s->waiting.n == 0;
	s->detached = !done;
	why = s->gone != 0 ? s->gone : done ? 0 : ETIMEDOUT;
	pthread_mutex_unlock(&s->lock);
	if (done) {
		pthread_join(s->thread, NULL);
		destroy(s);
	} else {
		pthread_detach(s->thread);
	}
	return why;
}
