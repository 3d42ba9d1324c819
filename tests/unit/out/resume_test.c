/* Claims about lib/out/resume.c: files whose writer was killed are gone on
 * with.  A child is the first writer, and ends without a word. */
#include "unit/test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "siprec/out.h"

#include "unit/core/wire.h"

#define START (1700000000 * SR_SEC)

static char root[64];
static struct sr_recorder *rec;
static char lines[1 << 16];
static size_t nlines;
static const char *const labels[] = { "1", "2" };

static const struct sr_record_cfg cfg = { .dir = root, .live = true,
    .serving = true, .resumes = true, .threads = 2, .keep_rtp = true,
    .crypto = &sr_crypto_openssl };

static void
pass_on(const struct sr_event *ev)
{
	struct sr_buf b;

	CHECK_EQ(sr_recorder_event(rec, ev), SR_OK);
	sr_buf_init(&b, 1 << 20);
	while (sr_recorder_line(rec, ev->kind == SR_EV_END, &b) == SR_OK) {
		CHECK(nlines + b.n + 2 < sizeof(lines));
		memcpy(lines + nlines, b.p, b.n);
		nlines += b.n;
		lines[nlines++] = '\n';
		lines[nlines] = '\0';
	}
	sr_buf_free(&b);
}

static struct sr_buf
contents(const char *name)
{
	struct sr_buf b;
	char path[256];
	int fd;

	sr_buf_init(&b, 1 << 20);
	snprintf(path, sizeof(path), "%s/%s", root, name);
	if ((fd = open(path, O_RDONLY)) < 0)
		return b;
	CHECK_EQ(sr_buf_reserve(&b, 1 << 19), SR_OK);
	b.n = (size_t)read(fd, b.p, 1 << 19);
	close(fd);
	return b;
}

static void
append(const char *name, const void *p, size_t n)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

static void
talk(int from, int to)
{
	for (int i = from; i < to; i++) {
		for (unsigned k = 0; k < 2; k++)
			wire_talk(k, i, pass_on);
		if (i % 50 == 49)
			sr_recorder_tick(rec, wire_now);
	}
}

/* Two and a half seconds, of which the half since the last tick is lost. */
static void
first_life(void)
{
	struct sr_buf b;

	CHECK_EQ(sr_recorder_new(&rec, &cfg), SR_OK);
	wire_open();
	wire_call(2, labels, pass_on);
	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_session_save(sr_engine_session(wire_engine,
	    SR_STR("call@x")), true, &b), SR_OK);
	append("saved", b.p, b.n);
	talk(0, 125);
	sr_recorder_flush(rec);
	_exit(0);
}

static void
die(void (*life)(void))
{
	int status;
	pid_t pid;

	strcpy(root, "/tmp/resume-test-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	fflush(stdout);
	if ((pid = fork()) == 0)
		life();
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	nlines = 0;
	lines[0] = '\0';
}

/* Returns how many streams had been given files. */
static size_t
second_life(void)
{
	struct sr_buf saved = contents("saved");
	struct sr_session *s;
	struct sr_left left;
	struct sr_str name;
	sr_time begin;
	size_t n;

	wire_open();
	CHECK_EQ(sr_saved_name(sr_buf_str(&saved), &name, &begin), SR_OK);
	CHECK_EQ(sr_record_left(&cfg, begin, name, &left), SR_OK);
	n = left.n;
	CHECK_EQ(sr_engine_restore(wire_engine, sr_buf_str(&saved), left.mark,
	    left.v, left.n, &s), SR_OK);
	CHECK_EQ(sr_recorder_new(&rec, &cfg), SR_OK);
	wire_drain(pass_on);
	sr_left_free(&left);
	sr_buf_free(&saved);
	return n;
}

static void
leave(void)
{
	char command[128];

	wire_end(pass_on);
	sr_recorder_flush(rec);
	sr_recorder_free(rec);
	sr_engine_free(wire_engine);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	CHECK_EQ(system(command), 0);
}

static size_t
count(struct sr_str s, const char *what)
{
	size_t n = 0, at;

	while ((at = sr_strfind(s, sr_cstr(what))) < s.n) {
		s = sr_substr(s, at + 1, s.n);
		n++;
	}
	return n;
}

/* Frames from..to (not included) of a file are what wire_talk said. */
static bool
speaks(const struct sr_buf *wav, int from, int to)
{
	for (int i = from; i < to; i++) {
		const char *p = wav->p + 80 + 2 * 160 * i;

		if ((size_t)(p + 320 - wav->p) > wav->n ||
		    memcmp(p, p + 2, 318) != 0 || (p[0] == 0 && p[1] == 0))
			return false;
	}
	return true;
}

static bool
is_silent(const struct sr_buf *wav, int from, int to)
{
	for (size_t i = 80 + 320 * (size_t)from; i < 80 + 320 * (size_t)to; i++)
		if (i >= wav->n || wav->p[i] != 0)
			return false;
	return true;
}

TEST(resumed_files_go_on_on_the_same_time_line)
{
	struct sr_buf wav, log;

	die(first_life);
	CHECK_EQ(second_life(), 2);
	CHECK_STR(sr_cstr(lines), "");	/* the past has been told */
	talk(200, 300);
	wire_bye(pass_on);
	wav = contents("call_x/2.wav");
	CHECK_EQ(wav.n, 80 + 300 * 320);
	CHECK(speaks(&wav, 0, 100));
	CHECK(is_silent(&wav, 100, 200));
	CHECK(speaks(&wav, 200, 300));
	log = contents("call_x/session.jsonl");
	CHECK_EQ(count(sr_buf_str(&log), "\"event\":\"begin\""), 1);
	CHECK_EQ(count(sr_buf_str(&log), "\"event\":\"stream\""), 2);
	CHECK_EQ(count(sr_buf_str(&log), "\"event\":\"gap\""), 2);
	CHECK_EQ(count(sr_buf_str(&log), "\"at\":2"), 2);
	CHECK_EQ(count(sr_buf_str(&log), "\"duration\":2"), 2);
	CHECK_EQ(count(sr_buf_str(&log), "\"packets\":200"), 2);
	CHECK_EQ(count(sr_buf_str(&log), "\"lost\":100"), 2);
	sr_buf_free(&wav);
	sr_buf_free(&log);
	wav = contents("call_x/.resume");
	CHECK_EQ(wav.n, 0);		/* it is over */
	sr_buf_free(&wav);
	leave();
}

TEST(a_resumed_session_without_more_media_ends_with_what_it_had)
{
	struct sr_buf wav;

	die(first_life);
	second_life();
	wire_bye(pass_on);
	wav = contents("call_x/1.wav");
	CHECK_EQ(wav.n, 80 + 100 * 320);
	CHECK(strstr(lines, "\"packets\":100") != NULL);
	CHECK(strstr(lines, "\"sha256\":\"0000000") == NULL);
	sr_buf_free(&wav);
	leave();
}

TEST(what_was_cut_in_the_middle_of_a_write_is_mended)
{
	struct sr_buf log, pcap;
	size_t whole;

	die(first_life);
	pcap = contents("call_x/rtp.pcap");
	whole = pcap.n;
	sr_buf_free(&pcap);
	append("call_x/session.jsonl", "{\"v\":1,\"ev", 10);
	append("call_x/rtp.pcap", "\1\2\3\4\5\6\7\10\377\0\0\0\377\0\0\0x", 17);
	append("call_x/1.wav", "\1\2\3", 3);
	second_life();
	wire_bye(pass_on);
	log = contents("call_x/session.jsonl");
	CHECK_EQ(count(sr_buf_str(&log), "{\"v\":1,\"ev{"), 0);
	pcap = contents("call_x/rtp.pcap");
	CHECK(whole > 24 && pcap.n > whole);
	CHECK((uint8_t)pcap.p[whole + 8] != 0xff);
	CHECK_EQ(count(sr_buf_str(&pcap), "\x4d\x3c\xb2\xa1"), 1);
	sr_buf_free(&log);
	sr_buf_free(&pcap);
	log = contents("call_x/1.wav");
	CHECK_EQ((log.n - 80) % 2, 0);
	sr_buf_free(&log);
	leave();
}

TEST(a_resume_file_that_is_damaged_is_no_reason_to_touch_anything)
{
	struct sr_buf saved, was;
	struct sr_left left;
	struct sr_str name;
	char path[256];
	sr_time begin;

	die(first_life);
	saved = contents("saved");
	was = contents("call_x/.resume");
	CHECK_EQ(sr_saved_name(sr_buf_str(&saved), &name, &begin), SR_OK);
	snprintf(path, sizeof(path), "%s/call_x/.resume", root);
	for (size_t i = 0; i < was.n; i++) {
		CHECK_EQ(truncate(path, 0), 0);
		append("call_x/.resume", was.p, i);
		(void)sr_record_left(&cfg, begin, name, &left);
		sr_left_free(&left);
	}
	unlink(path);
	CHECK_EQ(sr_record_left(&cfg, begin, name, &left), SR_EBAD);
	sr_left_free(&left);
	CHECK_EQ(sr_record_left(&cfg, begin, SR_STR("other"), &left),
	    SR_ENOENT);
	sr_left_free(&left);
	sr_buf_free(&saved);
	sr_buf_free(&was);
	wire_open();
	CHECK_EQ(sr_recorder_new(&rec, &cfg), SR_OK);
	leave();
}
