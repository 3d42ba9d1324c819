/* What a file has besides what every store does. */
#include "store/conform.h"
#include "unit/test.h"

#ifdef WITH_SQLITE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64], path[96], url[128];
static struct ground g = { .url = url, .fail = test_fail };

static void
begin(void)
{
	strcpy(dir, "/tmp/siprec-sqlite-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/store", dir);
	snprintf(url, sizeof(url), "sqlite:%s", path);
}

static void
end(void)
{
	static const char *const more[] = { "", "-wal", "-shm", ".old",
	    ".old-wal", ".old-shm" };
	char name[128];

	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		snprintf(name, sizeof(name), "%s%s", path, more[i]);
		unlink(name);
	}
	CHECK_EQ(rmdir(dir), 0);
}

static unsigned
mode_of(const char *suffix)
{
	char name[128];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? st.st_mode & 0777 : 0;
}

static bool
is_in(const char *suffix, const char *text)
{
	char name[128], *all = NULL;
	size_t n = 0, size = 1 << 20;
	FILE *f;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	if ((f = fopen(name, "r")) == NULL)
		return false;
	if ((all = malloc(size)) != NULL)
		n = fread(all, 1, size, f);
	fclose(f);
	n = sr_strfind((struct sr_str){ all, n }, sr_cstr(text)) < n;
	free(all);
	return n;
}

TEST(sqlite_file_is_for_its_owner_only)
{
	struct sr_store *st;
	mode_t was = umask(0);

	begin();
	st = conform_open(&g, "one");
	CHECK_EQ(conform_put(&g, st, SR_STR("key"), "v"), SR_OK);
	CHECK_EQ(mode_of(""), 0600);
	CHECK_EQ(mode_of("-wal"), 0600);
	CHECK_EQ(mode_of("-shm"), 0600);
	sr_store_close(st);
	chmod(path, 0644);
	st = conform_open(&g, "one");
	conform_is(&g, st, SR_STR("key"), "v");
	CHECK_EQ(mode_of(""), 0600);
	CHECK_EQ(mode_of("-wal"), 0600);
	sr_store_close(st);
	umask(was);
	end();
}

TEST(sqlite_file_keeps_no_trace_of_what_is_deleted)
{
	struct sr_store *st;

	begin();
	st = conform_open(&g, "one");
	CHECK_EQ(conform_put(&g, st, SR_STR("key"), "the secret"), SR_OK);
	CHECK(is_in("-wal", "the secret"));
	CHECK_EQ(sr_store_expire(st, 0), SR_OK);
	CHECK(is_in("", "the secret"));
	CHECK_EQ(conform_put(&g, st, SR_STR("key"), "another"), SR_OK);
	CHECK_EQ(sr_store_expire(st, 0), SR_OK);
	CHECK(!is_in("", "the secret") && !is_in("-wal", "the secret"));
	CHECK_EQ(conform_delete(&g, st, SR_STR("key")), SR_OK);
	CHECK_EQ(sr_store_expire(st, 0), SR_OK);
	CHECK(!is_in("", "another") && !is_in("-wal", "another"));
	sr_store_close(st);
	end();
}

/* The child dies in the middle of its work, after a put that was answered. */
TEST(sqlite_file_has_what_was_answered_when_a_process_is_killed)
{
	struct sr_store *st;
	char said[16] = "", value[16] = "";
	struct sr_stored r = { 0 };
	int ends[2];
	pid_t pid;

	begin();
	CHECK_EQ(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		st = conform_open(&g, "one");
		for (int i = 1; ; i++) {
			snprintf(value, sizeof(value), "%d", i);
			if (conform_put(&g, st, SR_STR("key"), value) !=
			    SR_OK || write(ends[1], value, 16) != 16)
				_exit(1);
		}
	}
	close(ends[1]);
	for (int i = 0; i < 20; i++)
		CHECK_EQ(read(ends[0], said, 16), 16);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(ends[0], said, 16) == 16)
		continue;
	close(ends[0]);
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_take(st, SR_STR("key"), &r, 0), SR_OK);
	snprintf(value, sizeof(value), "%.*s", SR_FMT(sr_buf_str(&r.value)));
	CHECK(atoi(value) == atoi(said) || atoi(value) == atoi(said) + 1);
	CHECK(atoi(value) >= 20);
	sr_stored_free(&r);
	sr_store_close(st);
	end();
}

TEST(sqlite_file_of_somebody_else_is_left_alone)
{
	struct sr_store *st;
	sqlite3 *db;

	begin();
	CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(db, "CREATE TABLE t (x)", NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_ESYS);
	CHECK_EQ(errno, EBADMSG);
	CHECK(strstr(sr_store_why(st), "not of ours") != NULL);
	sr_store_close(st);
	end();
}

TEST(sqlite_file_that_is_none_is_said)
{
	struct sr_store *st;
	FILE *f;

	begin();
	f = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("something else", f);
	fclose(f);
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_ESYS);
	CHECK_EQ(errno, EBADMSG);
	CHECK(is_in("", "something else"));
	unlink(path);
	CHECK_EQ(sr_store_check(st), SR_OK);
	sr_store_close(st);
	end();
}

TEST(sqlite_file_of_another_version_is_left_alone)
{
	struct sr_store *st;
	sqlite3 *db;

	begin();
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_OK);
	sr_store_close(st);
	CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(db, "PRAGMA user_version = 2", NULL, NULL,
	    NULL), SQLITE_OK);
	sqlite3_close(db);
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_ESYS);
	CHECK(strstr(sr_store_why(st), "another version") != NULL);
	sr_store_close(st);
	end();
}

TEST(sqlite_file_that_was_moved_is_made_anew)
{
	struct sr_store *st;
	char old[128];

	begin();
	st = conform_open(&g, "one");
	CHECK_EQ(conform_put(&g, st, SR_STR("key"), "v"), SR_OK);
	snprintf(old, sizeof(old), "%s.old", path);
	CHECK_EQ(rename(path, old), 0);
	CHECK_EQ(conform_put(&g, st, SR_STR("other"), "w"), SR_OK);
	sr_store_close(st);
	st = conform_open(&g, "one");
	conform_is(&g, st, SR_STR("other"), "w");
	sr_store_close(st);
	end();
}

TEST(sqlite_file_that_is_locked_is_waited_for_and_no_longer)
{
	struct sr_store_cfg cfg = { .url = url, .node = "one",
	    .timeout = 50 * SR_MSEC };
	struct sr_store_op op = { SR_STORE_PUT, SR_STR("key"), SR_STR("v"),
	    NULL, 0, 0 };
	struct sr_store *st = NULL;
	struct sr_buf why;
	sqlite3 *db;

	begin();
	sr_buf_init(&why, 1000);
	CHECK_EQ(sr_store_open(&st, &cfg, &why), SR_OK);
	CHECK_EQ(sr_store_check(st), SR_OK);
	CHECK_EQ(sqlite3_open(path, &db), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	CHECK_EQ(sr_store_write(st, &op, 1, 0), SR_ESYS);
	CHECK_EQ(errno, ETIMEDOUT);
	sqlite3_close(db);
	CHECK_EQ(sr_store_write(st, &op, 1, 0), SR_OK);
	CHECK_EQ(op.err, SR_OK);
	sr_store_close(st);
	sr_buf_free(&why);
	end();
}

/* Half of what was to be written is none of it. */
TEST(sqlite_file_without_room_takes_nothing_and_goes_on_later)
{
	static char big[1 << 20];
	struct rlimit was, small;
	struct sr_store_op ops[] = {
	    { SR_STORE_PUT, SR_STR("a"), SR_STR("v"), NULL, 0, 0 },
	    { SR_STORE_PUT, SR_STR("b"), { big, sizeof(big) }, NULL, 0, 0 } };
	struct sr_stored r = { 0 };
	struct sr_store *st;

	begin();
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_OK);
	getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 256 << 10;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_EQ(sr_store_write(st, ops, 2, 0), SR_ESYS);
	setrlimit(RLIMIT_FSIZE, &was);
	CHECK_EQ(sr_store_get(st, ops[0].key, &r, 0), SR_ENOENT);
	CHECK_EQ(sr_store_write(st, ops, 2, 0), SR_OK);
	CHECK_EQ(ops[0].err, SR_OK);
	CHECK_EQ(ops[1].err, SR_OK);
	sr_store_close(st);
	end();
}

TEST(sqlite_file_that_cannot_be_made_says_where)
{
	struct sr_store *st;

	begin();
	rmdir(dir);
	st = conform_open(&g, "one");
	CHECK_EQ(sr_store_check(st), SR_ESYS);
	CHECK_EQ(errno, ENOENT);
	CHECK(strstr(sr_store_why(st), path) != NULL);
	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_EQ(sr_store_check(st), SR_OK);
	sr_store_close(st);
	end();
}

/* Several begin at once with a file that is not there yet. */
TEST(sqlite_file_is_shared_by_processes)
{
	struct sr_store *st;
	int status, bad = 0;
	char key[16] = "";

	begin();
	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			struct sr_store_op op = { SR_STORE_PUT, { key, 1 },
			    SR_STR("v"), NULL, 0, SR_OK };

			key[0] = (char)('a' + i);
			st = conform_open(&g, key);
			for (int k = 0; k < 50 && op.err == SR_OK; k++)
				if (sr_store_write(st, &op, 1, 0) != SR_OK) {
					printf("# %s\n", sr_store_why(st));
					fflush(stdout);
					_exit(1);
				}
			_exit(op.err != SR_OK);
		}
	while (wait(&status) > 0)
		bad += status != 0;
	CHECK_EQ(bad, 0);
	st = conform_open(&g, "one");
	for (key[0] = 'a'; key[0] < 'e'; key[0]++)
		conform_is(&g, st, (struct sr_str){ key, 1 }, "v");
	sr_store_close(st);
	end();
}
#endif
