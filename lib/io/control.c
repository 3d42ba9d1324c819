/* control - questions over a Unix socket, a line each, and a line back.
 *
 * A client's next question is read when its answer has left, so that neither
 * one who asks without listening nor one who is slow takes memory or time. */
#include "io/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_CLIENTS = 256, MAX_LINE = 4096, MAX_ANSWER = 64 << 20,
	BACKLOG = 64 };

struct client {
	struct sr_control *of;
	struct client *next;
	uint64_t number;
	int fd;
	struct sr_watch *in, *out;
	bool asking;			/* its answer is not known yet */
	bool last;			/* what waits leaves, then it goes */
	bool busy;			/* somebody up the stack holds it */
	size_t n, done;			/* bytes of line; of answer, sent */
	struct sr_buf answer;
	char line[MAX_LINE];
};
struct sr_control {
	struct sr_loop *loop;
	char *path;
	int fd;
	dev_t dev;
	ino_t ino;
	struct sr_watch *watch;
	struct client *clients;
	size_t nclients;
	uint64_t last;
	void (*fn)(void *arg, uint64_t client, struct sr_str line);
	void *arg;
};

static void read_client(void *arg, int fd);
static void write_client(void *arg, int fd);

/* ---- clients ---- */

static void
client_free(struct client *c)
{
	struct client **at = &c->of->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->of->nclients--;
	sr_watch_free(c->in);
	sr_watch_free(c->out);
	close(c->fd);
	sr_buf_free(&c->answer);
	free(c);
}

static void
client_new(struct sr_control *s, int fd)
{
	struct client *c = sr_zalloc(sizeof(*c));

	if (c == NULL) {
		close(fd);
		return;
	}
	c->of = s;
	c->fd = fd;
	c->number = ++s->last;
	c->next = s->clients;
	s->clients = c;
	s->nclients++;
	sr_buf_init(&c->answer, MAX_ANSWER);
	if (sr_watch_new(&c->in, s->loop, fd, read_client, c) != SR_OK ||
	    io_watch_out(&c->out, s->loop, fd, write_client, c) != SR_OK) {
		client_free(c);
		return;
	}
	sr_watch_pause(c->out, true);
}

static void
on_client(void *arg, int lfd)
{
	struct sr_control *s = arg;
	int fd = accept4(lfd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0 && s->nclients < MAX_CLIENTS)
		client_new(s, fd);
	else if (fd >= 0)
		close(fd);
}

static struct client *
find(struct sr_control *s, uint64_t number)
{
	struct client *c = s->clients;

	while (c != NULL && c->number != number)
		c = c->next;
	return c;
}

/* ---- a line in ---- */

/* The first line that is whole is asked for; false: there is none. */
static bool
ask(struct client *c)
{
	char *end = memchr(c->line, '\n', c->n);
	struct sr_str line;
	char text[MAX_LINE];

	if (end == NULL)
		return false;
	line = (struct sr_str){ text, (size_t)(end - c->line) };
	memcpy(text, c->line, line.n);
	c->n -= line.n + 1;
	memmove(c->line, end + 1, c->n);
	c->asking = true;
	sr_watch_pause(c->in, true);
	c->of->fn(c->of->arg, c->number, sr_trim(line));
	return true;
}

/* Goes on with what was read; c may be gone afterwards. */
static void
pump(struct client *c)
{
	c->busy = true;
	while (!c->asking && !c->last && ask(c))
		continue;
	c->busy = false;
	if (c->last || (!c->asking && c->n == sizeof(c->line)))
		client_free(c);
}

static void
read_client(void *arg, int fd)
{
	struct client *c = arg;
	ssize_t n = read(fd, c->line + c->n, sizeof(c->line) - c->n);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_free(c);
		return;
	}
	c->n += (size_t)n;
	pump(c);
}

/* ---- a line out ---- */

/* SR_OK: all has left; SR_MORE; SR_ESYS: nobody is there. */
static int
flush(struct client *c)
{
	while (c->done < c->answer.n) {
		ssize_t n = send(c->fd, c->answer.p + c->done, c->answer.n -
		    c->done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? SR_MORE : SR_ESYS;
		c->done += (size_t)n;
	}
	sr_buf_free(&c->answer);
	sr_buf_init(&c->answer, MAX_ANSWER);
	c->done = 0;
	return SR_OK;
}

/* As much of the answer as the client takes; the rest when it takes more. */
static void
send_answer(struct client *c)
{
	int err = flush(c);

	sr_watch_pause(c->out, err != SR_MORE);
	if (err == SR_MORE)
		return;
	c->asking = false;
	c->last = err != SR_OK;
	sr_watch_pause(c->in, false);
}

static void
write_client(void *arg, int fd)
{
	struct client *c = arg;

	(void)fd;
	send_answer(c);
	pump(c);
}

void
sr_control_answer(struct sr_control *s, uint64_t client, struct sr_str line)
{
	struct client *c = find(s, client);

	if (c == NULL || !c->asking || c->answer.n > 0)
		return;
	if (sr_buf_add(&c->answer, line) != SR_OK ||
	    sr_buf_addc(&c->answer, '\n') != SR_OK) {
		c->answer.n = 0;
		sr_buf_add(&c->answer, SR_STR("{\"ok\":false,\"error\":"
		    "\"the answer is too long\"}\n"));
	}
	send_answer(c);
	if (!c->busy)
		pump(c);
}

/* ---- the socket ---- */

/* A socket that nobody listens to was left by a server that died. */
static bool
stale(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	struct stat st;
	bool dead;

	if (fd < 0)
		return false;
	dead = lstat(a->sun_path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    connect(fd, (const struct sockaddr *)a, sizeof(*a)) != 0 &&
	    errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static int
listen_at(struct sr_control *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct sockaddr *sa = (const struct sockaddr *)&a;
	struct stat st;

	if (strlen(s->path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return SR_ESYS;
	}
	strcpy(a.sun_path, s->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Before it has a name, so that it is never anybody else's. */
	if (s->fd < 0 || fchmod(s->fd, 0600) != 0)
		return SR_ESYS;
	if (bind(s->fd, sa, sizeof(a)) != 0) {
		int why = errno;

		if (why != EADDRINUSE || !stale(&a)) {
			errno = why;
			return SR_ESYS;
		}
		unlink(s->path);
		if (bind(s->fd, sa, sizeof(a)) != 0)
			return SR_ESYS;
	}
	if (listen(s->fd, BACKLOG) != 0 || lstat(s->path, &st) != 0)
		return SR_ESYS;
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return SR_OK;
}

int
sr_control_open(struct sr_control **sp, struct sr_loop *l, const char *path,
    void (*fn)(void *arg, uint64_t client, struct sr_str line), void *arg)
{
	struct sr_control *s = sr_zalloc(sizeof(*s));
	int err = SR_ENOMEM, why;

	if (s == NULL)
		return SR_ENOMEM;
	s->loop = l;
	s->fd = -1;
	s->fn = fn;
	s->arg = arg;
	if ((s->path = strdup(path)) != NULL && (err = listen_at(s)) == SR_OK)
		err = sr_watch_new(&s->watch, l, s->fd, on_client, s);
	if (err != SR_OK) {
		why = errno;
		sr_control_close(s);
		errno = why;
		return err;
	}
	*sp = s;
	return SR_OK;
}

void
sr_control_close(struct sr_control *s)
{
	struct stat st;

	if (s == NULL)
		return;
	while (s->clients != NULL)
		client_free(s->clients);
	sr_watch_free(s->watch);
	/* Only what is ours: another may have taken the name since. */
	if (s->ino != 0 && lstat(s->path, &st) == 0 && st.st_ino == s->ino &&
	    st.st_dev == s->dev)
		unlink(s->path);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}
