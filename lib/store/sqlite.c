/* sqlite - records in a file, for the processes of one machine.
 *
 * One transaction for all that is written at once: it waits once for the
 * disk.  What an owner may do is asked of rule.c inside it. */
#include "priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef WITH_SQLITE
static int
none(struct sr_store *st)
{
	sr_store_fail(st, ENOSYS, "this program was built without SQLite "
	    "(make WITH_SQLITE=yes)");
	return SR_EUNSUP;
}

const struct backend sr_sqlite = { .open = none };
#else
#include "store/sqlite.h"

struct row {
	sqlite3_int64 id;
	struct sr_buf key, fenced;
	char owner[MAX_OWNER + 1];
	sr_time until, dies;
};

/* ---- questions and answers ---- */

static sqlite3_stmt *
ask(struct sr_store *st, enum question which)
{
	sqlite3_stmt *q = ((struct sqlite *)st->at)->q[which];

	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return q;
}

static void
bind(sqlite3_stmt *q, int at, struct sr_str s)
{
	/* An empty value is a value: NULL would be none. */
	sqlite3_bind_blob64(q, at, s.n > 0 ? s.p : "", s.n, SQLITE_STATIC);
}

static void
bind_owner(sqlite3_stmt *q, int at, const struct sr_store *st)
{
	sqlite3_bind_text(q, at, st->owner, -1, SQLITE_STATIC);
}

/* For what has no answer. */
static int
done(struct sr_store *st, sqlite3_stmt *q)
{
	int rc = sqlite3_step(q);

	if (rc != SQLITE_DONE)
		return sr_sqlite_failed(st);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return SR_OK;
}

static int
about(struct sr_store *st, enum question which, sqlite3_int64 id)
{
	sqlite3_stmt *q = ask(st, which);

	sqlite3_bind_int64(q, 1, id);
	return done(st, q);
}

static struct sr_str
column(sqlite3_stmt *q, int at)
{
	const char *p = sqlite3_column_blob(q, at);

	return (struct sr_str){ p, (size_t)sqlite3_column_bytes(q, at) };
}

static void
row_free(struct row *r)
{
	sr_buf_free(&r->key);
	sr_buf_free(&r->fenced);
}

static int
read_row(sqlite3_stmt *q, struct row *r)
{
	struct sr_str owner = column(q, 2);
	int err;

	sr_buf_init(&r->key, SR_STORE_MAX_NAME);
	sr_buf_init(&r->fenced, MAX_FENCES);
	r->id = sqlite3_column_int64(q, 0);
	r->until = sqlite3_column_int64(q, 4);
	r->dies = sqlite3_column_int64(q, 5);
	memset(r->owner, 0, sizeof(r->owner));
	memcpy(r->owner, owner.p != NULL ? owner.p : "",
	    owner.n < MAX_OWNER ? owner.n : MAX_OWNER);
	if ((err = sr_buf_add(&r->key, column(q, 1))) == SR_OK)
		err = sr_buf_add(&r->fenced, column(q, 3));
	sqlite3_reset(q);
	return err;
}

/* The record or grave of that key or name: SR_OK, and r is to be freed;
 * SR_ENOENT; SR_ESYS. */
static int
seek(struct sr_store *st, enum question which, struct sr_str name,
    struct row *r, sr_time now)
{
	sqlite3_stmt *q = ask(st, which);
	int rc, err;

	bind(q, 1, name);
	rc = sqlite3_step(q);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sr_sqlite_failed(st);
	if (rc == SQLITE_DONE) {
		sqlite3_reset(q);
		return SR_ENOENT;
	}
	if ((err = read_row(q, r)) == SR_OK && r->dies > now)
		return SR_OK;
	row_free(r);
	return err == SR_OK ? SR_ENOENT : sr_store_fail(st, ENOMEM,
	    "%s: %s", st->url.path, sr_strerror(err));
}

static struct holder
holder(const struct row *r)
{
	return (struct holder){ sr_cstr(r->owner), sr_buf_str(&r->fenced),
	    r->until };
}

/* ---- what an owner does ---- */

static int
add_names(struct sr_store *st, sqlite3_int64 id, const struct sr_store_op *op)
{
	int err = SR_OK;

	for (size_t i = 0; err == SR_OK && i < op->nnames; i++) {
		sqlite3_stmt *q = ask(st, Q_ADD_NAME);

		sqlite3_bind_int64(q, 1, id);
		bind(q, 2, op->names[i]);
		err = done(st, q);
	}
	return err;
}

static int
insert(struct sr_store *st, const struct sr_store_op *op, sr_time now)
{
	struct sqlite *s = st->at;
	struct row r;
	sqlite3_stmt *q;
	int err = seek(st, Q_BY_NAME, op->key, &r, now);

	if (err == SR_OK)
		row_free(&r);
	if (err != SR_ENOENT)
		return err == SR_OK ? SR_EAUTH : err;
	q = ask(st, Q_INSERT);
	bind(q, 1, op->key);
	bind_owner(q, 2, st);
	sqlite3_bind_int64(q, 3, now + st->lease);
	sqlite3_bind_int64(q, 4, now + st->life);
	bind(q, 5, op->value);
	if ((err = done(st, q)) != SR_OK)
		return err;
	return add_names(st, sqlite3_last_insert_rowid(s->db), op);
}

static int
update(struct sr_store *st, sqlite3_int64 id, const struct sr_store_op *op,
    sr_time now)
{
	sqlite3_stmt *q = ask(st, Q_UPDATE);
	int err;

	sqlite3_bind_int64(q, 1, id);
	bind_owner(q, 2, st);
	sqlite3_bind_int64(q, 3, now + st->lease);
	sqlite3_bind_int64(q, 4, now + st->life);
	bind(q, 5, op->value);
	err = done(st, q);
	return err == SR_OK ? add_names(st, id, op) : err;
}

static int
renew(struct sr_store *st, sqlite3_int64 id, sr_time now)
{
	sqlite3_stmt *q = ask(st, Q_RENEW);

	sqlite3_bind_int64(q, 1, id);
	sqlite3_bind_int64(q, 2, now + st->lease);
	sqlite3_bind_int64(q, 3, now + st->life);
	return done(st, q);
}

static int
delete(struct sr_store *st, const struct row *r, sr_time now)
{
	sqlite3_stmt *q;
	int err;

	if (r->fenced.n == 0)
		return about(st, Q_DROP, r->id);
	if ((err = about(st, Q_DROP_NAMES, r->id)) != SR_OK)
		return err;
	q = ask(st, Q_BURY);
	sqlite3_bind_int64(q, 1, r->id);
	sqlite3_bind_int64(q, 2, now + st->grave);
	return done(st, q);
}

static int
perform_on(struct sr_store *st, const struct row *r,
    const struct sr_store_op *op, sr_time now)
{
	switch (op->verb) {
	case SR_STORE_PUT:
		return r != NULL ? update(st, r->id, op, now) :
		    insert(st, op, now);
	case SR_STORE_RENEW:
		return renew(st, r->id, now);
	case SR_STORE_DELETE:
		return r != NULL ? delete(st, r, now) : SR_OK;
	}
	return SR_EUNSUP;
}

static int
perform(struct sr_store *st, const struct sr_store_op *op, sr_time now)
{
	struct row r;
	struct holder h;
	int err = seek(st, Q_BY_KEY, op->key, &r, now);
	bool there = err == SR_OK;

	if (err != SR_OK && err != SR_ENOENT)
		return err;
	if (there)
		h = holder(&r);
	err = sr_rule_write(st, op->verb, there ? &h : NULL);
	if (err == SR_OK)
		err = perform_on(st, there ? &r : NULL, op, now);
	if (there)
		row_free(&r);
	return err;
}

static int
forget(struct sr_store *st, sr_time now)
{
	sqlite3_stmt *q = ask(st, Q_EXPIRE);

	sqlite3_bind_int64(q, 1, now);
	return done(st, q);
}

/* What has outlived its life would be in the way of what is new. */
static int
sqlite_write(struct sr_store *st, struct sr_store_op *v, size_t n,
    sr_time now)
{
	int err = sr_sqlite_ready(st);

	if (err != SR_OK || (err = done(st, ask(st, Q_BEGIN))) != SR_OK ||
	    (err = forget(st, now)) != SR_OK)
		return err;
	for (size_t i = 0; i < n; i++)
		if (v[i].err == SR_MORE &&
		    (v[i].err = perform(st, &v[i], now)) == SR_ESYS)
			return SR_ESYS;
	return done(st, ask(st, Q_COMMIT));
}

/* ---- what is found ---- */

static int
take(struct sr_store *st, struct row *r, sr_time now)
{
	struct holder h = holder(r);
	struct sr_buf fenced;
	sqlite3_stmt *q;
	int err = sr_rule_take(st, &h, now);

	if (err != SR_OK)
		return err;
	sr_buf_init(&fenced, MAX_FENCES);
	if ((err = sr_rule_fence(st, &h, &fenced)) == SR_OK) {
		q = ask(st, Q_TAKE);
		sqlite3_bind_int64(q, 1, r->id);
		bind_owner(q, 2, st);
		sqlite3_bind_int64(q, 3, r->until = now + st->lease);
		sqlite3_bind_int64(q, 4, now + st->life);
		sqlite3_bind_text(q, 5, fenced.n > 0 ? fenced.p : "",
		    (int)fenced.n, SQLITE_TRANSIENT);
		err = done(st, q);
		memcpy(r->owner, st->owner, sizeof(r->owner));
	}
	sr_buf_free(&fenced);
	return err;
}

/* The value, where it may be had. */
static int
fill(struct sr_store *st, const struct row *r, bool whole,
    struct sr_stored *out)
{
	sqlite3_stmt *q = ask(st, Q_VALUE);
	struct sr_str value = { NULL, 0 };
	int err;

	sqlite3_bind_int64(q, 1, r->id);
	if (whole && sqlite3_step(q) != SQLITE_ROW)
		return sr_sqlite_failed(st);
	if (whole)
		value = column(q, 0);
	err = value.n > st->max_value ? SR_ELIMIT : sr_stored_fill(out,
	    sr_buf_str(&r->key), value, sr_cstr(r->owner));
	sqlite3_reset(q);
	return err;
}

static int
look(struct sr_store *st, struct sr_str name, bool want,
    struct sr_stored *out, sr_time now)
{
	struct row r;
	int err = seek(st, Q_BY_KEY, name, &r, now), got;

	if (err == SR_ENOENT)
		err = seek(st, Q_BY_NAME, name, &r, now);
	if (err != SR_OK)
		return err;
	err = r.owner[0] == '\0' ? SR_ENOENT : want ? take(st, &r, now) :
	    SR_OK;
	if (err == SR_OK || err == SR_MORE) {
		got = fill(st, &r, err == SR_OK, out);
		out->left = r.until > now ? r.until - now : 0;
		err = got == SR_OK ? err : got;
	}
	row_free(&r);
	return err;
}

/* What was too large is not taken, either: nothing has changed then. */
static int
sqlite_find(struct sr_store *st, struct sr_str name, bool want,
    struct sr_stored *out, sr_time now)
{
	int err = sr_sqlite_ready(st), end;

	if (err != SR_OK)
		return err;
	if (!want)
		return look(st, name, false, out, now);
	if ((err = done(st, ask(st, Q_BEGIN))) != SR_OK ||
	    (err = look(st, name, true, out, now)) == SR_ESYS)
		return err;
	end = done(st, ask(st, err == SR_OK ? Q_COMMIT : Q_ROLLBACK));
	return end == SR_OK ? err : end;
}

static int
sqlite_scan(struct sr_store *st, struct sr_arena *a, struct sr_str **keys,
    size_t *n, sr_time now)
{
	sqlite3_stmt *q;
	char after[MAX_OWNER + 1];
	int rc, err = sr_sqlite_ready(st);

	if (err != SR_OK)
		return err;
	memcpy(after, st->owner, st->nnode);
	after[st->nnode] = '/' + 1;
	q = ask(st, Q_SCAN);
	sqlite3_bind_text(q, 1, st->owner, (int)st->nnode + 1, SQLITE_STATIC);
	sqlite3_bind_text(q, 2, after, (int)st->nnode + 1, SQLITE_STATIC);
	sqlite3_bind_int64(q, 3, now);
	while ((rc = sqlite3_step(q)) == SQLITE_ROW && err == SR_OK)
		err = sr_scan_add(a, keys, n, column(q, 0));
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sr_sqlite_failed(st);
	sqlite3_reset(q);
	sqlite3_clear_bindings(q);
	return err;
}

/* The log that SQLite writes ahead is emptied too: what is gone from the file
 * has been there.  Where others are at it, a minute later. */
static int
sqlite_expire(struct sr_store *st, sr_time now)
{
	struct sqlite *s = st->at;
	int err = sr_sqlite_ready(st);

	if (err == SR_OK && (err = forget(st, now)) == SR_OK)
		sqlite3_wal_checkpoint_v2(s->db, NULL,
		    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return err;
}

/* ---- begin and end ---- */

static int
sqlite_open(struct sr_store *st)
{
	st->at = sr_zalloc(sizeof(struct sqlite));
	return st->at != NULL ? SR_OK : SR_ENOMEM;
}

static void
sqlite_close(struct sr_store *st)
{
	sr_sqlite_end(st->at);
	free(st->at);
}

const struct backend sr_sqlite = { sqlite_open, sr_sqlite_ready,
    sqlite_write, sqlite_find, sqlite_scan, sqlite_expire, sqlite_close };
#endif
