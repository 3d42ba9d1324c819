/* store - what all kinds of stores have in common. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { MAX_VALUE = 4 << 20, MAX_PASSWORD = 1024 };

int
sr_store_fail(struct sr_store *st, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(st->why, sizeof(st->why), fmt, ap);
	va_end(ap);
	errno = error;
	return SR_ESYS;
}

/* ---- open and close ---- */

/* NODE/RANDOM; a slash or a blank would make two owners out of one. */
static int
name_owner(struct sr_store *st, const char *node, struct sr_buf *why)
{
	size_t n = node != NULL ? strlen(node) : 0;
	unsigned char r[8];

	if (n == 0 || n > MAX_NODE || strpbrk(node, "/ \t\r\n") != NULL) {
		sr_buf_fmt(why, "the name of a node has up to %d letters, "
		    "no slash and no blank", MAX_NODE);
		return SR_EBAD;
	}
	if (getrandom(r, sizeof(r), 0) != sizeof(r))
		return SR_ESYS;
	n = (size_t)snprintf(st->owner, sizeof(st->owner), "%s/", node);
	st->nnode = n - 1;
	for (size_t i = 0; i < sizeof(r); i++, n += 2)
		snprintf(st->owner + n, 3, "%02x", r[i]);
	return SR_OK;
}

static int
read_password(struct sr_store *st, const char *path, struct sr_buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = SR_OK;
	char text[MAX_PASSWORD];
	struct sr_str all, line;
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	if (n < 0) {
		sr_buf_fmt(why, "%s: %s", path, strerror(errno));
		return SR_ESYS;
	}
	all = (struct sr_str){ text, (size_t)n };
	if (!sr_strline(&all, &line) || line.n == sizeof(text) ||
	    (err = sr_store_url_password(&st->url, line)) == SR_EBAD) {
		sr_buf_fmt(why, "%s: its first line is no password", path);
		errno = EINVAL;
		err = SR_ESYS;
	}
	sr_wipe(text, sizeof(text));
	return err;
}

static const struct backend *
backend_of(enum store_kind kind)
{
	switch (kind) {
	case STORE_MEMORY: return &sr_memory;
	case STORE_SQLITE: return &sr_sqlite;
	case STORE_REDIS: return &sr_redis;
	}
	return NULL;
}

static sr_time
or_else(sr_time t, sr_time otherwise)
{
	return t > 0 ? t : otherwise;
}

int
sr_store_open(struct sr_store **sp, const struct sr_store_cfg *cfg,
    struct sr_buf *why)
{
	struct sr_store *st = sr_zalloc(sizeof(*st));
	int err;

	if (st == NULL)
		return SR_ENOMEM;
	st->lease = or_else(cfg->lease, 5 * SR_SEC);
	st->life = or_else(cfg->life, 24 * 3600 * SR_SEC);
	st->grave = st->life < MAX_GRAVE ? st->life : MAX_GRAVE;
	st->timeout = or_else(cfg->timeout, SR_SEC);
	st->max_value = cfg->max_value > 0 ? cfg->max_value : MAX_VALUE;
	if ((err = sr_store_url(&st->url, sr_cstr(cfg->url), why)) != SR_OK ||
	    (err = name_owner(st, cfg->node, why)) != SR_OK)
		goto out;
	if (cfg->password_file != NULL &&
	    (err = read_password(st, cfg->password_file, why)) != SR_OK)
		goto out;
	st->is = backend_of(st->url.kind);
	if ((err = st->is->open(st)) != SR_OK) {
		sr_buf_add(why, sr_cstr(st->why));
		goto out;
	}
	*sp = st;
	st = NULL;
out:
	sr_store_close(st);
	return err;
}

void
sr_store_close(struct sr_store *st)
{
	if (st == NULL)
		return;
	if (st->at != NULL)
		st->is->close(st);
	sr_store_url_free(&st->url);
	free(st);
}

const char *
sr_store_owner(const struct sr_store *st)
{
	return st->owner;
}

const char *
sr_store_why(const struct sr_store *st)
{
	return st->why;
}

/* ---- what is asked of it ---- */

static bool
is_name(struct sr_str s)
{
	return s.n > 0 && s.n <= SR_STORE_MAX_NAME;
}

static bool
fits(const struct sr_store *st, const struct sr_store_op *op)
{
	if (!is_name(op->key) || op->value.n > st->max_value ||
	    op->nnames > SR_STORE_MAX_NAMES)
		return false;
	for (size_t i = 0; i < op->nnames; i++)
		if (!is_name(op->names[i]))
			return false;
	return true;
}

int
sr_store_check(struct sr_store *st)
{
	return st->is->check(st);
}

int
sr_store_write(struct sr_store *st, struct sr_store_op *v, size_t n,
    sr_time now)
{
	for (size_t i = 0; i < n; i++)
		v[i].err = fits(st, &v[i]) ? SR_MORE : SR_ELIMIT;
	return st->is->write(st, v, n, now);
}

int
sr_store_get(struct sr_store *st, struct sr_str name, struct sr_stored *r,
    sr_time now)
{
	sr_stored_free(r);
	return is_name(name) ? st->is->find(st, name, false, r, now) :
	    SR_ENOENT;
}

int
sr_store_take(struct sr_store *st, struct sr_str name, struct sr_stored *r,
    sr_time now)
{
	sr_stored_free(r);
	return is_name(name) ? st->is->find(st, name, true, r, now) :
	    SR_ENOENT;
}

int
sr_store_scan(struct sr_store *st, struct sr_arena *a, struct sr_str **keys,
    size_t *n, sr_time now)
{
	*keys = NULL;
	*n = 0;
	return st->is->scan(st, a, keys, n, now);
}

int
sr_store_expire(struct sr_store *st, sr_time now)
{
	return st->is->expire(st, now);
}

/* ---- what is found ---- */

static int
fill(struct sr_buf *b, struct sr_str s)
{
	sr_buf_init(b, s.n);
	return sr_buf_add(b, s);
}

int
sr_stored_fill(struct sr_stored *r, struct sr_str key, struct sr_str value,
    struct sr_str owner)
{
	int err = fill(&r->key, key);

	if (err == SR_OK)
		err = fill(&r->value, value);
	return err == SR_OK ? fill(&r->owner, owner) : err;
}

void
sr_stored_free(struct sr_stored *r)
{
	sr_buf_free(&r->key);
	sr_buf_wipe(&r->value);
	sr_buf_free(&r->owner);
	r->left = 0;
}

int
sr_scan_add(struct sr_arena *a, struct sr_str **keys, size_t *n,
    struct sr_str key)
{
	struct sr_str *v = sr_arena_grow(a, *keys, *n, sizeof(*v));

	if (v == NULL)
		return SR_ELIMIT;
	*keys = v;
	v[*n] = sr_arena_dup(a, key);
	if (v[*n].p == NULL)
		return SR_ELIMIT;
	++*n;
	return SR_OK;
}
