/* Claims about lib/out/files.c: no name of a stranger leads elsewhere. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/priv.h"
#include "siprec/crypt.h"

static char root[64];
static struct sr_recorder rec;
static struct rec_session session;

static void
enter(void)
{
	static char where[128];

	strcpy(root, "/tmp/files-test-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	snprintf(where, sizeof(where), "%s/%%Y/%%m", root);
	memset(&rec, 0, sizeof(rec));
	memset(&session, 0, sizeof(session));
	rec.cfg.dir = where;
	session.recorder = &rec;
	session.dir = -1;
}

static void
leave(void)
{
	char command[128];

	if (session.dir >= 0)
		close(session.dir);
	free(session.path);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	CHECK_EQ(system(command), 0);
}

static int
make(void)
{
	if (session.dir >= 0)
		close(session.dir);
	free(session.path);
	session.dir = -1;
	session.path = NULL;
	return files_session_dir(&session, 1700000000 * SR_SEC,
	    SR_STR("call_x"), false);
}

static void
put(const char *name, const char *what)
{
	CHECK_EQ(files_write(session.dir, name, sr_cstr(what)), SR_OK);
}

static bool
there(const char *name)
{
	return faccessat(session.dir, name, F_OK, 0) == 0;
}

static void
name_is(const char *label, const char *want)
{
	char *s = files_name(&session, sr_cstr(label), ".wav");

	CHECK(s != NULL);
	if (s != NULL)
		CHECK_STR(sr_cstr(s), want);
	free(s);
}

TEST(files_directory_is_named_by_the_time_and_the_session)
{
	char want[128];
	struct stat st;

	enter();
	CHECK_EQ(make(), SR_OK);
	snprintf(want, sizeof(want), "%s/2023/11/call_x", root);
	CHECK_STR(sr_cstr(session.path), want);
	CHECK_EQ(stat(want, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0700);
	leave();
}

TEST(files_directory_is_replaced_only_when_it_is_ours)
{
	enter();
	CHECK_EQ(make(), SR_OK);
	put("session.jsonl", "{\"v\":1,\"event\":\"begin\",\"x\":1}\n");
	put("1.wav", "old");
	CHECK_EQ(make(), SR_OK);
	CHECK(!there("1.wav"));
	CHECK(!there("session.jsonl"));
	put("precious", "of somebody else");
	CHECK_EQ(make(), SR_ESYS);
	CHECK_EQ(errno, EEXIST);
	CHECK(there("precious"));
	put("session.jsonl", "{\"v\":2,\"event\":\"other\"}\n");
	CHECK_EQ(make(), SR_ESYS);
	CHECK(there("precious"));
	CHECK(there("session.jsonl"));
	leave();
}

TEST(files_directory_that_is_a_file_is_an_error)
{
	char name[128];
	int fd;

	enter();
	CHECK_EQ(make(), SR_OK);
	snprintf(name, sizeof(name), "%s", session.path);
	CHECK_EQ(rmdir(name), 0);
	fd = open(name, O_WRONLY | O_CREAT, 0600);
	close(fd);
	CHECK_EQ(make(), SR_ESYS);
	leave();
}

TEST(files_labels_become_harmless_names)
{
	char much[301], want[104];

	enter();
	name_is("1", "1.wav");
	name_is("../x", "_._x.wav");
	name_is("/etc/passwd", "_etc_passwd.wav");
	name_is("-o", "_o.wav");
	name_is(".hidden", "_hidden.wav");
	name_is("a b\tc\n", "a_b_c_.wav");
	memset(much, 'y', 300);
	much[300] = '\0';
	memset(want, 'y', 99);
	strcpy(want + 99, ".wav");
	name_is(much, want);
	leave();
}

TEST(files_label_that_is_empty_has_a_name)
{
	enter();
	name_is("", "_.wav");
	leave();
}

TEST(files_names_that_are_taken_are_numbered)
{
	struct rec_stream a = { .file = (char *)(uintptr_t)"x.wav" };
	struct rec_stream b = { .file = (char *)(uintptr_t)"x-2.wav",
	    .next = &a };

	enter();
	session.streams = &b;
	name_is("x", "x-3.wav");
	name_is("y", "y.wav");
	session.streams = NULL;
	leave();
}

TEST(files_name_of_the_mix_is_the_mixs)
{
	enter();
	name_is("mix", "mix.wav");
	rec.cfg.mix = SR_MIX_MONO;
	name_is("mix", "mix-2.wav");
	leave();
}

TEST(files_are_replaced_whole)
{
	char back[16] = "";
	int fd;

	enter();
	CHECK_EQ(make(), SR_OK);
	CHECK_EQ(files_replace(session.dir, "m.xml", SR_STR("one")), SR_OK);
	CHECK_EQ(files_replace(session.dir, "m.xml", SR_STR("two")), SR_OK);
	CHECK_EQ(files_append(session.dir, "m.xml", SR_STR("!")), SR_OK);
	fd = openat(session.dir, "m.xml", O_RDONLY);
	CHECK_EQ(read(fd, back, sizeof(back) - 1), 4);
	CHECK_STR(sr_cstr(back), "two!");
	close(fd);
	leave();
}

TEST(files_digest_is_that_of_the_bytes)
{
	char hex[65] = "";

	enter();
	CHECK_EQ(make(), SR_OK);
	put("abc", "abc");
	CHECK_EQ(files_sha256(&sr_crypto_openssl, session.dir, "abc", hex),
	    SR_OK);
	CHECK_STR(sr_cstr(hex), "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	CHECK_EQ(files_sha256(&sr_crypto_openssl, session.dir, "none", hex),
	    SR_ESYS);
	leave();
}

TEST(files_digests_of_two_are_those_of_each)
{
	char a[65] = "", b[65] = "", *const hex[2] = { a, b };
	const char *name[2] = { "abc", "none" };
	char one[65] = "";

	enter();
	CHECK_EQ(make(), SR_OK);
	put("abc", "abc");
	CHECK_EQ(files_sha256_pair(&sr_crypto_full, session.dir, name, hex),
	    SR_MORE);
	CHECK_EQ(a[0], '\0');
	put("none", "something longer than that");
	if (files_sha256_pair(&sr_crypto_full, session.dir, name, hex) ==
	    SR_OK) {
		files_sha256(&sr_crypto_openssl, session.dir, "abc", one);
		CHECK_STR(sr_cstr(a), one);
		files_sha256(&sr_crypto_openssl, session.dir, "none", one);
		CHECK_STR(sr_cstr(b), one);
	}
	CHECK_EQ(files_sha256_pair(&sr_crypto_openssl, session.dir, name, hex),
	    SR_MORE);
	leave();
}
