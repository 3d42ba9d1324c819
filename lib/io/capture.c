/* capture - opening a capture, its bytes in one buffer, its next frame. */
#include "io/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
cap_fail(struct sr_capture *c, int err, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->why.n = 0;
	sr_buf_add(&c->why, (struct sr_str){ text, strlen(text) + 1 });
	return err;
}

long
cap_fd_read(struct sr_capture *c, void *p, size_t n)
{
	ssize_t got;

	do {
		got = read(c->fd, p, n);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		c->read += (uint64_t)got;
	return got;
}

static long
more(struct sr_capture *c, void *p, size_t n)
{
	long got;

	if (c->zip != NULL)
		return cap_zip_read(c, p, n);
	if ((got = cap_fd_read(c, p, n)) < 0)
		c->failed = cap_fail(c, SR_ESYS, "%s", strerror(errno));
	return got;
}

bool
cap_fill(struct sr_capture *c, size_t need)
{
	if (need > CAP_BUF || c->eof)
		return false;
	memmove(c->buf, c->buf + c->pos, c->n - c->pos);
	c->n -= c->pos;
	c->pos = 0;
	while (c->n < need && !c->eof) {
		size_t room = CAP_BUF - c->n;
		long got = more(c, c->buf + c->n,
		    room < CAP_READ ? room : CAP_READ);

		if (got > 0)
			c->n += (size_t)got;
		else
			c->eof = true;
	}
	return c->n >= need;
}

int
cap_ends(struct sr_capture *c, uint64_t done, uint64_t want)
{
	uint64_t have = done + c->n - c->pos;
	int err = c->failed;

	c->failed = SR_OK;
	c->pos = c->n;
	if (err != SR_OK)
		return err;
	if (have == 0)
		return SR_ENOENT;
	return cap_fail(c, SR_EBAD,
	    "the file ends inside frame %llu, %llu of %llu bytes", cap_at(c),
	    (unsigned long long)have, (unsigned long long)want);
}

uint64_t
cap_skip(struct sr_capture *c, uint64_t n)
{
	uint64_t left = n;

	while (left > 0 && cap_have(c, 1)) {
		size_t here = c->n - c->pos;

		if (here > left)
			here = (size_t)left;
		c->pos += here;
		left -= here;
	}
	return n - left;
}

static int
file_open(struct sr_capture *c, const char *path)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		c->fd = STDIN_FILENO;
	else if ((c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return cap_fail(c, SR_ESYS, "%s", strerror(errno));
	if (fstat(c->fd, &st) == 0 && S_ISREG(st.st_mode))
		c->total = (uint64_t)st.st_size;
	if (fstat(c->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return cap_fail(c, SR_ESYS, "%s", strerror(errno));
	}
	return SR_OK;
}

static int
format_open(struct sr_capture *c)
{
	const char *zip;
	int err;

	if (!cap_have(c, 1))
		return c->failed != SR_OK ? c->failed :
		    cap_fail(c, SR_EBAD, "the file is empty");
	cap_have(c, 8);
	zip = cap_zip_name(c->buf, c->n);
	if (zip != NULL && (err = cap_zip_open(c, zip)) != SR_OK)
		return err;
	if ((err = cap_pcap_open(c)) != SR_ENOENT)
		return err;
	if ((err = cap_pcapng_open(c)) != SR_ENOENT)
		return err;
	if (c->failed != SR_OK)
		return c->failed;
	return cap_fail(c, SR_EBAD, "neither pcap nor pcapng");
}

int
sr_capture_open(struct sr_capture **cp, const char *path, struct sr_buf *why)
{
	struct sr_capture *c;
	int err = SR_ENOMEM, e;

	if ((c = sr_zalloc(sizeof(*c))) == NULL)
		return SR_ENOMEM;
	c->fd = -1;
	sr_buf_init(&c->why, 512);
	sr_buf_init(&c->secrets, 1024 * 1024);
	if ((c->buf = malloc(CAP_BUF)) == NULL)
		goto out;
	if ((err = file_open(c, path)) != SR_OK)
		goto out;
	if ((err = format_open(c)) != SR_OK)
		goto out;
	*cp = c;
	c = NULL;
out:
	e = errno;
	if (c != NULL && why != NULL)
		sr_buf_add(why, sr_cstr(sr_capture_why(c)));
	sr_capture_close(c);
	errno = e;
	return err;
}

/* SR_MORE: the filter does not let it pass, or nothing came live. */
static int
one(struct sr_capture *c, struct sr_frame *f)
{
	int err = c->next(c, f);

	return err == SR_OK && c->filter != NULL ? cap_filter(c, f) : err;
}

int
sr_capture_next(struct sr_capture *c, struct sr_frame *f)
{
	int err = c->held;

	c->held = SR_OK;
	if (err != SR_OK)
		return err;
	do {
		err = one(c, f);
	} while (err == SR_MORE && c->filter != NULL);
	return err;
}

size_t
sr_capture_more(struct sr_capture *c, struct sr_frame *v, size_t max)
{
	size_t n = 0;

	if (c->more == NULL || c->held != SR_OK)
		return 0;
	if (c->filter == NULL)
		return c->more(c, v, max);
	while (n < max && c->held == SR_OK && c->more(c, &v[n], 1) == 1) {
		int err = cap_filter(c, &v[n]);

		if (err == SR_OK)
			n++;
		else if (err != SR_MORE)
			c->held = err;
	}
	return n;
}

const char *
sr_capture_why(const struct sr_capture *c)
{
	return c->why.n > 0 ? c->why.p : "";
}

struct sr_str
sr_capture_secrets(const struct sr_capture *c)
{
	return sr_buf_str(&c->secrets);
}

void
sr_capture_progress(const struct sr_capture *c, uint64_t *done,
    uint64_t *total)
{
	*done = c->read;
	*total = c->total;
}

void
sr_capture_close(struct sr_capture *c)
{
	if (c == NULL)
		return;
	if (c->fd > STDIN_FILENO)
		close(c->fd);
	free(c->buf);
	free(c->ifaces);
	cap_zip_close(c->zip);
	cap_filter_free(c->filter);
	cap_live_close(c->live);
	sr_buf_free(&c->why);
	sr_buf_free(&c->secrets);
	free(c);
}
