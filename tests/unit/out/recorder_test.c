/* Claims about lib/out/recorder.c: a call becomes a directory. */
#include "unit/test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "siprec/crypt.h"
#include "siprec/out.h"

#include "unit/core/wire.h"

static char root[64];
static struct sr_recorder *rec;
static char lines[1 << 20];
static size_t nlines;

static void
enter(const struct sr_record_cfg *how)
{
	struct sr_record_cfg cfg = *how;

	strcpy(root, "/tmp/recorder-test-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	cfg.dir = root;
	cfg.crypto = &sr_crypto_openssl;
	CHECK_EQ(sr_recorder_new(&rec, &cfg), SR_OK);
	nlines = 0;
	lines[0] = '\0';
	wire_open();
}

static void
leave(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	CHECK_EQ(system(command), 0);
}

static void
take_lines(bool wait)
{
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	while (sr_recorder_line(rec, wait, &b) == SR_OK) {
		CHECK(nlines + b.n + 2 < sizeof(lines));
		memcpy(lines + nlines, b.p, b.n);
		nlines += b.n;
		lines[nlines++] = '\n';
	}
	lines[nlines] = '\0';
	sr_buf_free(&b);
}

/* Everything into the recorder; lines come out of it all along. */
static void
pass_on(const struct sr_event *ev)
{
	CHECK_EQ(sr_recorder_event(rec, ev), SR_OK);
	take_lines(false);
}

static void
finish(void)
{
	wire_end(pass_on);
	sr_recorder_flush(rec);
	take_lines(true);
	sr_engine_free(wire_engine);
}

static struct sr_str
contents(const char *name)
{
	static char v[1 << 20];
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	if ((f = fopen(path, "r")) == NULL)
		return (struct sr_str){ NULL, 0 };
	n = fread(v, 1, sizeof(v), f);
	fclose(f);
	return (struct sr_str){ v, n };
}

static int
failure(void)
{
	char where[512];

	return sr_recorder_failed(rec, where, sizeof(where));
}

/* A session of n streams, a second each. */
static void
record(unsigned n, const char *const *labels)
{
	wire_call(n, labels, pass_on);
	for (int i = 0; i < 50; i++)
		for (unsigned k = 0; k < n; k++)
			wire_talk(k, i, pass_on);
	wire_bye(pass_on);
}

TEST(recorder_makes_a_file_of_every_stream_and_a_log)
{
	static const char *const labels[] = { "1", "2" };

	enter(&(struct sr_record_cfg){ .threads = 1 });
	record(2, labels);
	finish();
	CHECK_EQ(failure(), 0);
	CHECK_EQ(contents("call_x/1.wav").n, 80 + 16000);
	CHECK_EQ(contents("call_x/2.wav").n, 80 + 16000);
	CHECK(contents("call_x/sdp-0001.sdp").n > 0);
	CHECK(contents("call_x/sdp-0002.sdp").n > 0);
	CHECK_STR(contents("call_x/session.jsonl"), lines);
	CHECK(strstr(lines, "\"file\":\"2.wav\"") != NULL);
	CHECK(strstr(lines, "\"sha256\":\"00000000") == NULL);
	sr_recorder_free(rec);
	leave();
}

TEST(recorder_with_threads_writes_the_same)
{
	static const char *const labels[] = { "a", "b", "c" };
	static char one[1 << 18];

	for (unsigned threads = 1; threads <= 4; threads += 3) {
		enter(&(struct sr_record_cfg){ .threads = threads });
		record(3, labels);
		finish();
		CHECK_EQ(failure(), 0);
		if (threads == 1)
			strcpy(one, lines);
		else
			CHECK_STR(sr_cstr(lines), one);
		CHECK_STR(contents("call_x/session.jsonl"), lines);
		sr_recorder_free(rec);
		leave();
	}
}

TEST(recorder_labels_that_lead_elsewhere_do_not)
{
	static const char *const labels[] = { "../x", "mix", "mix", "CON",
	    "session.jsonl", "x/../../y" };
	static const char *const names[] = { "_._x", "mix-2", "mix-3", "CON",
	    "session.jsonl", "x_.._.._y" };
	char name[128];

	enter(&(struct sr_record_cfg){ .threads = 1, .mix = SR_MIX_MONO });
	record(6, labels);
	finish();
	CHECK_EQ(failure(), 0);
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "call_x/%s.wav", names[i]);
		CHECK_EQ(contents(name).n, 80 + 16000);
	}
	CHECK_EQ(contents("call_x/mix.wav").n, 80 + 16000);
	CHECK_EQ(contents("x.wav").n, 0);
	CHECK_STR(contents("call_x/session.jsonl"), lines);
	sr_recorder_free(rec);
	leave();
}

TEST(recorder_leaves_the_directory_of_others_alone)
{
	static const char *const labels[] = { "1" };
	char path[128];
	FILE *f;

	enter(&(struct sr_record_cfg){ .threads = 1 });
	snprintf(path, sizeof(path), "mkdir %s/call_x", root);
	CHECK_EQ(system(path), 0);
	snprintf(path, sizeof(path), "%s/call_x/mine", root);
	f = fopen(path, "w");
	fclose(f);
	record(1, labels);
	finish();
	CHECK_EQ(failure(), EEXIST);
	CHECK(contents("call_x/mine").p != NULL);
	CHECK(contents("call_x/1.wav").p == NULL);
	CHECK(strstr(lines, "\"event\":\"end\"") != NULL);
	sr_recorder_free(rec);
	leave();
}

TEST(recorder_on_a_full_disk_says_so_and_goes_on)
{
	static const char *const labels[] = { "1", "2" };
	struct rlimit was, little = { 6000, 0 };
	char where[512];

	for (unsigned threads = 1; threads <= 2; threads++) {
		signal(SIGXFSZ, SIG_IGN);
		enter(&(struct sr_record_cfg){ .threads = threads,
		    .mix = SR_MIX_STEREO });
		getrlimit(RLIMIT_FSIZE, &was);
		little.rlim_max = was.rlim_max;
		setrlimit(RLIMIT_FSIZE, &little);
		record(2, labels);
		finish();
		setrlimit(RLIMIT_FSIZE, &was);
		CHECK_EQ(sr_recorder_failed(rec, where, sizeof(where)),
		    EFBIG);
		CHECK(strstr(where, "/call_x/") != NULL);
		CHECK(strstr(lines, "\"event\":\"end\"") != NULL);
		sr_recorder_free(rec);
		leave();
	}
}

TEST(recorder_without_the_end_of_its_sessions_leaks_nothing)
{
	static const char *const labels[] = { "1" };

	enter(&(struct sr_record_cfg){ .threads = 2 });
	wire_call(1, labels, pass_on);
	for (int i = 0; i < 50; i++)
		wire_talk(0, i, pass_on);
	finish();
	CHECK(strstr(lines, "\"reason\":\"capture-end\"") != NULL);
	sr_recorder_free(rec);
	leave();
}

/* ---- a server ---- */

static const char *const one_label[] = { "1" };

TEST(recorder_that_serves_writes_lines_as_they_are_said)
{
	enter(&(struct sr_record_cfg){ .threads = 1, .live = true,
	    .serving = true });
	wire_call(1, one_label, pass_on);
	CHECK(sr_strfind(contents("call_x/session.jsonl"),
	    SR_STR("\"event\":\"answer\"")) <
	    contents("call_x/session.jsonl").n);
	wire_bye(pass_on);
	finish();
	CHECK_EQ(failure(), 0);
	sr_recorder_free(rec);
	leave();
}

TEST(recorder_that_serves_keeps_a_silent_stream_nothing_back)
{
	enter(&(struct sr_record_cfg){ .threads = 1, .live = true,
	    .serving = true });
	wire_call(1, one_label, pass_on);
	for (int i = 0; i < 40; i++)
		wire_talk(0, i, pass_on);
	sr_recorder_tick(rec, wire_now + SR_SEC);
	/* Behind the first 25, which settled where the stream stands. */
	CHECK_EQ(contents("call_x/1.wav").n, 80 + 40 * 160 * 2);
	wire_bye(pass_on);
	finish();
	sr_recorder_free(rec);
	leave();
}

TEST(recorder_that_serves_touches_no_directory_that_is_there)
{
	struct sr_record_cfg cfg = { .threads = 1, .live = true,
	    .serving = true };
	char path[128], id[256];

	enter(&cfg);
	snprintf(path, sizeof(path), "%s/call_x", root);
	CHECK_EQ(mkdir(path, 0700), 0);
	cfg.dir = root;
	CHECK(sr_record_taken(&cfg, wire_now, SR_STR("call_x")));
	CHECK(!sr_record_taken(&cfg, wire_now, SR_STR("call_x-2")));
	record(1, one_label);
	finish();
	CHECK_EQ(failure(), EEXIST);
	CHECK_EQ(sr_recorder_trouble(rec, id), EEXIST);
	CHECK_STR(sr_cstr(id), "call_x");
	CHECK_EQ(sr_recorder_trouble(rec, id), 0);
	CHECK_EQ(rmdir(path), 0);	/* nothing is in it */
	sr_recorder_free(rec);
	leave();
}
