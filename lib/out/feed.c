/* feed - the samples of a stream for a program, while they come.
 *
 * It gets what the file gets, silence included.  Samples go into its pipe at
 * once; what the pipe has no room for waits here, and a thread of its own
 * hands it on.  Nobody waits for a program: what is too much is dropped,
 * counted and said. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WAITING = 1 << 20, MAX_ALL = 256 << 20, MAX_WORDS = 1000,
	REAP_MS = 100 };
#define PATIENCE 5			/* seconds, at the very end */

struct piece {				/* samples, or silence and no samples */
	struct piece *next;
	uint64_t silence;		/* bytes */
	size_t n, done;
	char p[];
};
struct feed {
	struct feeds *of;
	struct feed *next;
	pid_t pid;
	int fd;				/* -1: closed */
	struct piece *first, **end;
	size_t waiting;			/* bytes of samples */
	uint64_t lost;			/* bytes that were dropped */
	bool over;			/* no more will come */
	bool said, watched;
	char name[160];			/* for words */
};
struct words {
	struct words *next;
	char text[];
};
struct feeds {
	const char *command;
	pthread_t thread;
	pthread_mutex_t lock;
	int epoll, bell;
	struct feed *list;
	size_t waiting, n;
	uint64_t lost;
	struct words *said, **said_end;
	size_t nsaid;
	bool stopping;
	time_t until;			/* then it is over in any case */
};

static const char zeros[65536];

/* ---- words ---- */

/* The lock is held. */
static void __attribute__((format(printf, 2, 3)))
say(struct feed *f, const char *fmt, ...)
{
	struct feeds *s = f->of;
	char text[300];
	struct words *w;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w = malloc(sizeof(*w) + sizeof(f->name) + sizeof(text) + 2);
	if (w == NULL || s->nsaid == MAX_WORDS) {
		free(w);
		return;
	}
	w->next = NULL;
	snprintf(w->text, sizeof(f->name) + sizeof(text) + 2, "%s: %s",
	    f->name, text);
	*s->said_end = w;
	s->said_end = &w->next;
	s->nsaid++;
}

/* ---- what waits; the lock is held ---- */

static void
shift(struct feed *f)
{
	struct piece *p = f->first;

	if ((f->first = p->next) == NULL)
		f->end = &f->first;
	f->waiting -= p->n;
	f->of->waiting -= p->n;
	free(p);
}

static void
lose(struct feed *f, uint64_t bytes)
{
	f->lost += bytes;
	f->of->lost += bytes;
	if (!f->said)
		say(f, "the program of --on-stream is too slow: samples are "
		    "dropped");
	f->said = true;
}

static void
wait_with(struct feed *f, const char *p, size_t n, uint64_t silence)
{
	struct piece *c;

	if (f->waiting + n > MAX_WAITING || f->of->waiting + n > MAX_ALL ||
	    (c = malloc(sizeof(*c) + n)) == NULL) {
		lose(f, n + silence);
		return;
	}
	c->next = NULL;
	c->silence = silence;
	c->n = n;
	c->done = 0;
	if (n > 0)
		memcpy(c->p, p, n);
	*f->end = c;
	f->end = &c->next;
	f->waiting += n;
	f->of->waiting += n;
}

/* ---- into the pipe; the lock is held ---- */

/* The bytes that the pipe took; < 0: nobody reads it any more. */
static ssize_t
put(int fd, const char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = write(fd, p + done, n - done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0 && errno == EAGAIN)
			break;
		if (k < 0)
			return -1;
		done += (size_t)k;
	}
	return (ssize_t)done;
}

static ssize_t
put_silence(int fd, uint64_t bytes)
{
	uint64_t done = 0;

	while (done < bytes) {
		size_t n = bytes - done < sizeof(zeros) ? (size_t)(bytes -
		    done) : sizeof(zeros);
		ssize_t k = put(fd, zeros, n);

		if (k < 0)
			return -1;
		done += (uint64_t)k;
		if ((size_t)k < n)
			break;
	}
	return (ssize_t)done;
}

static void
shut(struct feed *f)
{
	while (f->first != NULL)
		shift(f);
	if (f->fd < 0)
		return;
	if (f->watched)
		epoll_ctl(f->of->epoll, EPOLL_CTL_DEL, f->fd, NULL);
	close(f->fd);
	f->fd = -1;
}

static void
want_room(struct feed *f)
{
	struct epoll_event ev = { .events = EPOLLOUT | EPOLLONESHOT,
	    .data = { .ptr = f } };

	epoll_ctl(f->of->epoll, f->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    f->fd, &ev);
	f->watched = true;
}

/* As much as goes of what waits. */
static void
flush(struct feed *f)
{
	while (f->first != NULL) {
		struct piece *p = f->first;
		ssize_t k = p->silence > 0 ? put_silence(f->fd, p->silence) :
		    put(f->fd, p->p + p->done, p->n - p->done);

		if (k < 0) {
			shut(f);
			return;
		}
		if (p->silence > 0)
			p->silence -= (uint64_t)k;
		else
			p->done += (size_t)k;
		if (p->silence > 0 || p->done < p->n) {
			want_room(f);
			return;
		}
		shift(f);
	}
	if (f->over)
		shut(f);
}

static void
give(struct feed *f, const char *p, size_t n, uint64_t silence)
{
	bool first;
	ssize_t k = 0;

	pthread_mutex_lock(&f->of->lock);
	first = f->first == NULL;
	if (f->fd >= 0 && first)
		k = n > 0 ? put(f->fd, p, n) : put_silence(f->fd, silence);
	if (k < 0)
		shut(f);
	if (f->fd >= 0 && (uint64_t)k < n + silence)
		wait_with(f, p + k, n > 0 ? n - (size_t)k : 0, n > 0 ? 0 :
		    silence - (uint64_t)k);
	if (first && f->first != NULL)
		want_room(f);
	pthread_mutex_unlock(&f->of->lock);
}

void
feed_samples(struct feed *f, const int16_t *v, size_t n)
{
	if (n > 0)
		give(f, (const char *)v, n * sizeof(*v), 0);
}

void
feed_silence(struct feed *f, uint64_t n)
{
	if (n > 0)
		give(f, zeros, 0, n * sizeof(int16_t));
}

/* ---- a program begins and ends ---- */

static void
ring(struct feeds *s)
{
	uint64_t one = 1;

	/* Fails only when the bell rings already. */
	if (write(s->bell, &one, sizeof(one)) < 0)
		return;
}

struct feed *
feed_new(struct feeds *s, const char *name, const struct variable *v,
    size_t n)
{
	struct feed *f = sr_zalloc(sizeof(*f));
	int ends[2], err;

	if (f == NULL || pipe2(ends, O_CLOEXEC) != 0) {
		free(f);
		return NULL;
	}
	f->of = s;
	f->fd = ends[1];
	f->end = &f->first;
	snprintf(f->name, sizeof(f->name), "%s", name);
	err = spawn_program(&f->pid, s->command, ends[0], v, n);
	close(ends[0]);
	pthread_mutex_lock(&s->lock);
	if (err != SR_OK) {
		say(f, "the program of --on-stream cannot be run: %s",
		    strerror(errno));
		close(ends[1]);
		free(f);
		f = NULL;
	} else {
		fcntl(f->fd, F_SETFL, O_NONBLOCK);
		f->next = s->list;
		s->list = f;
		if (s->n++ == 0)
			ring(s);
	}
	pthread_mutex_unlock(&s->lock);
	return f;
}

void
feed_end(struct feed *f)
{
	if (f == NULL)
		return;
	pthread_mutex_lock(&f->of->lock);
	f->over = true;
	if (f->first == NULL)
		shut(f);
	pthread_mutex_unlock(&f->of->lock);
}

static void
last_words(struct feed *f, int status)
{
	if (f->lost > 0)
		say(f, "%llu samples were not given to the program of "
		    "--on-stream: it was too slow",
		    (unsigned long long)f->lost / sizeof(int16_t));
	if (WIFSIGNALED(status))
		say(f, "the program of --on-stream was ended by signal %d",
		    WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		say(f, "the program of --on-stream ended with status %d",
		    WEXITSTATUS(status));
}

/* Those that are gone; the lock is held. */
static void
reap(struct feeds *s)
{
	struct feed **at = &s->list, *f;
	int status;

	while ((f = *at) != NULL) {
		if (f->pid > 0 && waitpid(f->pid, &status, WNOHANG) ==
		    f->pid) {
			f->pid = 0;
			last_words(f, status);
			shut(f);
		}
		/* The recorder may still hold one that ended too early. */
		if (f->pid != 0 || !f->over) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		s->n--;
		free(f);
	}
}

/* ---- the thread ---- */

/* True: it is all over. */
static bool
look(struct feeds *s, const struct epoll_event *v, int n)
{
	uint64_t rung;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < n; i++) {
		struct feed *f = v[i].data.ptr;

		if (f != NULL && f->fd >= 0)
			flush(f);
		else if (f == NULL && read(s->bell, &rung, sizeof(rung)) < 0)
			continue;
	}
	reap(s);
	if (s->stopping && s->until == 0)
		s->until = now.tv_sec + PATIENCE;
	return s->stopping && (s->list == NULL || now.tv_sec >= s->until);
}

static void *
run(void *arg)
{
	struct feeds *s = arg;
	struct epoll_event v[64];
	bool over = false, any = false;

	while (!over) {
		int n = epoll_wait(s->epoll, v, 64, any ? REAP_MS : -1);

		pthread_mutex_lock(&s->lock);
		over = look(s, v, n);
		any = s->list != NULL;
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

static int
open_thread(struct feeds *s)
{
	struct epoll_event bell = { .events = EPOLLIN };

	if (s->epoll < 0 || s->bell < 0 || epoll_ctl(s->epoll, EPOLL_CTL_ADD,
	    s->bell, &bell) != 0)
		return SR_ESYS;
	return pthread_create(&s->thread, NULL, run, s) == 0 ? SR_OK : SR_ESYS;
}

int
feeds_start(struct feeds **sp, const char *command)
{
	struct feeds *s = sr_zalloc(sizeof(*s));
	int err;

	if (s == NULL)
		return SR_ENOMEM;
	s->command = command;
	s->said_end = &s->said;
	pthread_mutex_init(&s->lock, NULL);
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if ((err = open_thread(s)) == SR_OK) {
		*sp = s;
		return SR_OK;
	}
	s->stopping = true;
	feeds_free(s);
	return err;
}

/* Programs get the rest, and a while to end; those that do not are left. */
void
feeds_stop(struct feeds *s)
{
	struct feed *f;

	if (s == NULL || s->stopping)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_mutex_unlock(&s->lock);
	ring(s);
	pthread_join(s->thread, NULL);
	while ((f = s->list) != NULL) {
		s->list = f->next;
		f->lost += f->waiting;
		say(f, "the program of --on-stream does not end: it is left");
		last_words(f, 0);
		shut(f);
		free(f);
	}
}

int
feeds_words(struct feeds *s, struct sr_buf *text)
{
	struct words *w;
	int err;

	pthread_mutex_lock(&s->lock);
	if ((w = s->said) != NULL) {
		if ((s->said = w->next) == NULL)
			s->said_end = &s->said;
		s->nsaid--;
	}
	pthread_mutex_unlock(&s->lock);
	if (w == NULL)
		return SR_ENOENT;
	text->n = 0;
	err = sr_buf_add(text, sr_cstr(w->text));
	free(w);
	return err;
}

void
feeds_numbers(struct feeds *s, size_t *running, uint64_t *lost)
{
	pthread_mutex_lock(&s->lock);
	*running = s->n;
	*lost = s->lost / sizeof(int16_t);
	pthread_mutex_unlock(&s->lock);
}

void
feeds_free(struct feeds *s)
{
	struct words *w;

	if (s == NULL)
		return;
	feeds_stop(s);
	while ((w = s->said) != NULL) {
		s->said = w->next;
		free(w);
	}
	if (s->epoll >= 0)
		close(s->epoll);
	if (s->bell >= 0)
		close(s->bell);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
