/* sqlite_file - the file of a SQLite store: its mode, its tables, its end. */
#ifdef WITH_SQLITE
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "SIPR", by which file(1) and we know it from a file of somebody else. */
enum { OURS = 0x53495052, VERSION = 1 };

/* A put is on the disk when it returns, and what is deleted is overwritten:
 * there are keys in it. */
static const char settings[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = FULL;"
    "PRAGMA secure_delete = ON;"
    "PRAGMA foreign_keys = ON;"
    "PRAGMA trusted_schema = OFF;";

/* Times are nanoseconds since 1970.  A record without owner is a grave. */
static const char tables[] =
    "CREATE TABLE record (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE,"
    " owner TEXT NOT NULL, fenced TEXT NOT NULL DEFAULT '',"
    " until INTEGER NOT NULL, dies INTEGER NOT NULL, value BLOB);"
    "CREATE INDEX record_owner ON record (owner);"
    "CREATE INDEX record_dies ON record (dies);"
    "CREATE TABLE name (name BLOB PRIMARY KEY, record INTEGER NOT NULL"
    " REFERENCES record (id) ON DELETE CASCADE) WITHOUT ROWID;"
    "CREATE INDEX name_record ON name (record);"
    "PRAGMA application_id = 1397313618;"
    "PRAGMA user_version = 1;";

#define FOUND "record.id, record.key, owner, fenced, until, dies"
static const char *const texts[QUESTIONS] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_ROLLBACK] = "ROLLBACK",
	[Q_BY_KEY] = "SELECT " FOUND " FROM record WHERE key = ?1",
	[Q_BY_NAME] = "SELECT " FOUND " FROM record JOIN name ON"
	    " record.id = name.record WHERE name = ?1",
	[Q_INSERT] = "INSERT INTO record (key, owner, until, dies, value)"
	    " VALUES (?1, ?2, ?3, ?4, ?5)",
	[Q_UPDATE] = "UPDATE record SET owner = ?2, until = ?3, dies = ?4,"
	    " value = ?5 WHERE id = ?1",
	[Q_RENEW] = "UPDATE record SET until = ?2, dies = ?3 WHERE id = ?1",
	[Q_TAKE] = "UPDATE record SET owner = ?2, until = ?3, dies = ?4,"
	    " fenced = ?5 WHERE id = ?1",
	[Q_BURY] = "UPDATE record SET owner = '', dies = ?2, value = NULL"
	    " WHERE id = ?1",
	[Q_DROP] = "DELETE FROM record WHERE id = ?1",
	[Q_ADD_NAME] = "INSERT OR IGNORE INTO name (name, record)"
	    " SELECT ?2, ?1 WHERE NOT EXISTS"
	    " (SELECT 1 FROM record WHERE key = ?2)",
	[Q_DROP_NAMES] = "DELETE FROM name WHERE record = ?1",
	[Q_SCAN] = "SELECT key FROM record WHERE owner >= ?1 AND owner < ?2"
	    " AND dies > ?3",
	[Q_EXPIRE] = "DELETE FROM record WHERE dies <= ?1",
	[Q_VALUE] = "SELECT value FROM record WHERE id = ?1",
};

/* ---- failures ---- */

static int
error_of(int code)
{
	switch (code) {
	case SQLITE_BUSY: return ETIMEDOUT;
	case SQLITE_FULL: return ENOSPC;
	case SQLITE_NOMEM: return ENOMEM;
	case SQLITE_PERM:
	case SQLITE_READONLY:
	case SQLITE_AUTH: return EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return EBADMSG;
	}
	return EIO;
}

/* What may be different with the file opened anew: a disk that was away, a
 * file that was put back. */
static bool
is_hopeless(int code)
{
	return code != SQLITE_BUSY && code != SQLITE_FULL &&
	    code != SQLITE_NOMEM;
}

int
sr_sqlite_failed(struct sr_store *st)
{
	struct sqlite *s = st->at;
	int code = sqlite3_errcode(s->db) & 0xff;
	const char *what = sqlite3_errmsg(s->db);
	int system = sqlite3_system_errno(s->db);

	if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && system != 0)
		sr_store_fail(st, system, "%s: %s", st->url.path,
		    strerror(system));
	else
		sr_store_fail(st, error_of(code), "%s: %s", st->url.path,
		    what);
	system = errno;
	if (is_hopeless(code))
		sr_sqlite_end(s);
	else if (!sqlite3_get_autocommit(s->db)) {
		sqlite3_step(s->q[Q_ROLLBACK]);
		sqlite3_reset(s->q[Q_ROLLBACK]);
	}
	errno = system;
	return SR_ESYS;
}

void
sr_sqlite_end(struct sqlite *s)
{
	for (int i = 0; i < QUESTIONS; i++)
		sqlite3_finalize(s->q[i]);
	sqlite3_close(s->db);
	*s = (struct sqlite){ NULL };
}

/* ---- opening ---- */

/* Nobody else may read it; SQLite gives its -wal and -shm the same mode.  A
 * file that is there is never opened here: to close it would give up the locks
 * that SQLite has on it in this process. */
static int
make_private(struct sr_store *st)
{
	const char *path = st->url.path;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat was;

	if (fd >= 0)
		close(fd);
	else if (errno != EEXIST || stat(path, &was) != 0)
		return sr_store_fail(st, errno, "%s: %s", path,
		    strerror(errno));
	else if (!S_ISREG(was.st_mode))
		return sr_store_fail(st, EINVAL, "%s: no regular file", path);
	else if ((was.st_mode & 077) != 0 && chmod(path, 0600) != 0)
		return sr_store_fail(st, errno, "%s: others may read it: %s",
		    path, strerror(errno));
	return SR_OK;
}

static long
number(sqlite3 *db, const char *text)
{
	sqlite3_stmt *q = NULL;
	long n = -1;

	if (sqlite3_prepare_v2(db, text, -1, &q, NULL) == SQLITE_OK &&
	    sqlite3_step(q) == SQLITE_ROW)
		n = (long)sqlite3_column_int64(q, 0);
	sqlite3_finalize(q);
	return n;
}

/* One of those that open a new file at the same time makes the tables. */
static int
make_tables(struct sr_store *st, sqlite3 *db)
{
	long ours = number(db, "PRAGMA application_id");
	long version = number(db, "PRAGMA user_version");

	if (ours < 0 || version < 0)
		return sr_sqlite_failed(st);
	if (ours == OURS && version == VERSION)
		return SR_OK;
	if (ours == OURS)
		return sr_store_fail(st, EBADMSG, "%s: written by another "
		    "version of this program (%ld, not %d)", st->url.path,
		    version, VERSION);
	if (number(db, "SELECT count(*) FROM sqlite_schema") != 0)
		return sr_store_fail(st, EBADMSG, "%s: a database, but not "
		    "of ours", st->url.path);
	if (sqlite3_exec(db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return sr_sqlite_failed(st);
	return SR_OK;
}

static int
prepare(struct sr_store *st, struct sqlite *s)
{
	int err;

	if (sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return sr_sqlite_failed(st);
	if ((err = make_tables(st, s->db)) != SR_OK)
		return err;
	if (sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return sr_sqlite_failed(st);
	for (int i = 0; i < QUESTIONS; i++)
		if (sqlite3_prepare_v3(s->db, texts[i], -1,
		    SQLITE_PREPARE_PERSISTENT, &s->q[i], NULL) != SQLITE_OK)
			return sr_sqlite_failed(st);
	return SR_OK;
}

/* While another one makes the file, or is the last to leave it, the change to
 * WAL fails at once: that SQLite would wait does not hold there. */
static int
settle(struct sr_store *st, sqlite3 *db)
{
	int rc;

	for (sr_time left = st->timeout; ; left -= 5 * SR_MSEC) {
		rc = sqlite3_exec(db, settings, NULL, NULL, NULL);
		if (rc != SQLITE_BUSY || left <= 0)
			break;
		sqlite3_sleep(5);
	}
	return rc == SQLITE_OK ? SR_OK : sr_sqlite_failed(st);
}

static int
begin(struct sr_store *st, struct sqlite *s)
{
	if (make_private(st) != SR_OK)
		return SR_ESYS;
	if (sqlite3_open_v2(st->url.path, &s->db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) !=
	    SQLITE_OK)
		return sr_sqlite_failed(st);
	sqlite3_busy_timeout(s->db, (int)(st->timeout / SR_MSEC));
	return settle(st, s->db) == SR_OK ? prepare(st, s) : SR_ESYS;
}

/* A file that was taken away would be written to, and nobody find it. */
static bool
has_moved(sqlite3 *db)
{
	int moved = 0;

	return sqlite3_file_control(db, "main", SQLITE_FCNTL_HAS_MOVED,
	    &moved) == SQLITE_OK && moved;
}

int
sr_sqlite_ready(struct sr_store *st)
{
	struct sqlite *s = st->at;
	int err, was;

	if (s->db != NULL && !has_moved(s->db))
		return SR_OK;
	sr_sqlite_end(s);
	if ((err = begin(st, s)) != SR_OK) {
		was = errno;
		sr_sqlite_end(s);
		errno = was;
	}
	return err;
}
#endif
