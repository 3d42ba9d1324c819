/* Claims about lib/out/splice.c: pieces of one stream become one file. */
#include "unit/test.h"

#include <fcntl.h>
#include <unistd.h>

#include "siprec/out.h"

enum { RATE = 8000, MAX = 5 * RATE };

static char path[64];
static int dir;
static struct sr_splice *made;
static sr_time from, to;
static int16_t got[2 * MAX];

static void
begin(void)
{
	strcpy(path, "/tmp/splice-test-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(sr_splice_new(&made), SR_OK);
}

static void
finish(void)
{
	static const char *const names[] = { "a", "b", "c", "out" };

	sr_splice_free(made);
	for (int i = 0; i < 4; i++)
		unlinkat(dir, names[i], 0);
	close(dir);
	rmdir(path);
}

/* The sample that belongs at a place: never 0. */
static int16_t
sound(int64_t at)
{
	return (int16_t)(at % 30011 + 1);
}

/* A file whose frame 0 stands at `at`, with sound from..to (in its own
 * frames) and silence elsewhere. */
static void
record(const char *name, int64_t at, int64_t sound_from, int64_t sound_to,
    int64_t length)
{
	struct sr_wav *w;

	CHECK_EQ(sr_wav_new(&w, dir, name, RATE, 1), SR_OK);
	for (int64_t i = 0; i < length; i++) {
		int16_t v = i >= sound_from && i < sound_to ?
		    sound(at + i) : 0;

		CHECK_EQ(sr_wav_write(w, &v, 1), SR_OK);
	}
	CHECK_EQ(sr_wav_close(w), SR_OK);
}

static sr_time
when(int64_t frames)
{
	return frames * SR_SEC / RATE;
}

static int
add(const char *name, int64_t at)
{
	return sr_splice_add(made, dir, name, when(at), &from, &to);
}

/* Frames of what came out. */
static long
result(int64_t length)
{
	struct sr_wav_in in;
	long n;

	CHECK_EQ(sr_splice_write(made, dir, "out", when(length)), SR_OK);
	CHECK_EQ(sr_wav_open(&in, dir, "out"), SR_OK);
	n = sr_wav_read(&in, got, MAX);
	sr_wav_end(&in);
	return n;
}

static bool
is_sound(int64_t a, int64_t b)
{
	for (; a < b; a++)
		if (got[a] != sound(a))
			return false;
	return true;
}

static bool
is_silence(int64_t a, int64_t b)
{
	for (; a < b; a++)
		if (got[a] != 0)
			return false;
	return true;
}

TEST(splice_a_hole_is_silence_of_its_length)
{
	begin();
	record("a", 0, 0, 5003, 5003);
	record("b", 9001, 0, 3000, 3000);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(add("b", 9001), SR_OK);
	CHECK(from == when(9001) && to == when(12001));
	CHECK_EQ(result(12001), 12001);
	CHECK(is_sound(0, 5003) && is_silence(5003, 9001));
	CHECK(is_sound(9001, 12001));
	finish();
}

TEST(splice_what_both_have_is_there_once)
{
	begin();
	record("a", 0, 0, 6000, 8000);	/* silent at its end */
	record("b", 4000, 0, 6000, 6000);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(add("b", 4000), SR_OK);
	CHECK_EQ(result(10000), 10000);
	CHECK(is_sound(0, 10000));
	finish();
}

TEST(splice_a_piece_fills_the_holes_of_the_one_before)
{
	struct sr_wav *w;
	int16_t v;

	begin();
	/* it stood still from 3000 to 7000, and came back for a moment */
	CHECK_EQ(sr_wav_new(&w, dir, "a", RATE, 1), SR_OK);
	for (int64_t i = 0; i < 7500; i++) {
		v = i < 3000 || i >= 7000 ? sound(i) : 0;
		CHECK_EQ(sr_wav_write(w, &v, 1), SR_OK);
	}
	sr_wav_close(w);
	record("b", 3500, 0, 6000, 6000);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(add("b", 3500), SR_OK);
	CHECK_EQ(result(9500), 9500);
	CHECK(is_sound(0, 3000) && is_silence(3000, 3500));
	CHECK(is_sound(3500, 9500));
	finish();
}

TEST(splice_short_silence_within_speech_is_kept_as_it_is)
{
	struct sr_wav *w;
	int16_t v;

	begin();
	CHECK_EQ(sr_wav_new(&w, dir, "a", RATE, 1), SR_OK);
	for (int64_t i = 0; i < 1000; i++) {	/* less than a packet */
		v = i >= 400 && i < 400 + RATE / 50 - 1 ? 0 : sound(i);
		CHECK_EQ(sr_wav_write(w, &v, 1), SR_OK);
	}
	sr_wav_close(w);
	record("b", 0, 0, 1000, 1000);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(add("b", 0), SR_OK);
	CHECK_EQ(result(1000), 1000);
	CHECK(is_sound(0, 400) && is_silence(400, 400 + RATE / 50 - 1));
	finish();
}

TEST(splice_the_first_of_three_goes_before_the_second)
{
	begin();
	record("a", 1000, 0, 1000, 1000);
	record("b", 0, 0, 3000, 3000);
	record("c", 2500, 0, 3000, 3000);
	CHECK_EQ(add("a", 1000), SR_OK);
	CHECK_EQ(add("b", 0), SR_OK);
	CHECK_EQ(add("c", 2500), SR_OK);
	CHECK_EQ(result(5500), 5500);
	CHECK(is_sound(0, 5500));
	finish();
}

TEST(splice_cuts_off_what_is_before_the_start_and_after_the_length)
{
	begin();
	record("a", -500, 0, 2000, 2000);
	CHECK_EQ(add("a", -500), SR_OK);
	CHECK(from == when(-500));
	CHECK_EQ(result(1000), 1000);
	for (int64_t i = 0; i < 1000; i++)
		CHECK_EQ(got[i], sound(i));
	finish();
}

TEST(splice_another_rate_and_other_channels_come_out_as_the_first)
{
	int16_t v[2];
	struct sr_wav *w;
	long n;

	begin();
	record("a", 0, 0, 1000, 1000);
	CHECK_EQ(sr_wav_new(&w, dir, "b", 2 * RATE, 2), SR_OK);
	for (int i = 0; i < 2 * RATE; i++) {
		v[0] = 6000;
		v[1] = 2000;
		CHECK_EQ(sr_wav_write(w, v, 1), SR_OK);
	}
	sr_wav_close(w);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(add("b", 4000), SR_OK);
	CHECK(from == when(4000) && to == when(4000 + RATE));
	CHECK_EQ(sr_splice_rate(made), RATE);
	CHECK_EQ(sr_splice_channels(made), 1);
	n = result(4000 + RATE);
	CHECK_EQ(n, 4000 + RATE);
	CHECK(is_sound(0, 1000) && is_silence(1000, 4000));
	for (int64_t i = 4100; i < n - 100; i++)
		CHECK(got[i] > 3990 && got[i] < 4010);
	finish();
}

TEST(splice_of_what_is_no_audio_goes_on_without_it)
{
	int fd;

	begin();
	fd = openat(dir, "b", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK_EQ(write(fd, "no audio", 8), 8);
	close(fd);
	CHECK_EQ(add("b", 0), SR_EBAD);
	CHECK_EQ(add("c", 0), SR_ESYS);
	record("a", 0, 0, 1000, 1000);
	CHECK_EQ(add("a", 0), SR_OK);
	CHECK_EQ(result(1500), 1500);
	CHECK(is_sound(0, 1000) && is_silence(1000, 1500));
	finish();
}

TEST(splice_of_silence_alone_is_silence)
{
	begin();
	record("a", 0, 0, 0, 2000);
	CHECK_EQ(add("a", 100), SR_OK);
	CHECK(from == when(100) && to == when(100));
	CHECK_EQ(result(2100), 2100);
	CHECK(is_silence(0, 2100));
	finish();
}
