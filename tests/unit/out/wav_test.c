/* Claims about lib/out/wav.c. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <signal.h>
#include <unistd.h>

#include "siprec/out.h"

static char path[64];
static int dir;

static void
enter(void)
{
	strcpy(path, "/tmp/wav-test-XXXXXX");
	CHECK(mkdtemp(path) != NULL);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(dir >= 0);
}

static void
leave(void)
{
	unlinkat(dir, "a.wav", 0);
	unlinkat(dir, "b.wav", 0);
	close(dir);
	rmdir(path);
}

/* What another program finds in the file. */
static sf_count_t
frames_in(const char *name, int rate, int channels)
{
	SF_INFO info = { 0 };
	char whole[128];
	SNDFILE *f;

	snprintf(whole, sizeof(whole), "%s/%s", path, name);
	if ((f = sf_open(whole, SFM_READ, &info)) == NULL)
		return -1;
	CHECK_EQ(info.samplerate, rate);
	CHECK_EQ(info.channels, channels);
	sf_close(f);
	return info.frames;
}

TEST(wav_is_valid_after_every_write)
{
	int16_t v[3000] = { 0 };
	struct sr_wav *w = NULL;
	sf_count_t written = 0, was = 0, is;

	enter();
	CHECK_EQ(sr_wav_new(&w, dir, "a.wav", 16000, 2), SR_OK);
	CHECK_EQ(frames_in("a.wav", 16000, 2), 0);
	for (int i = 0; i < 20; i++) {
		size_t n = 100u * (unsigned)(i % 10 + 1);

		CHECK_EQ(sr_wav_write(w, v, n), SR_OK);
		written += (sf_count_t)n;
		is = frames_in("a.wav", 16000, 2);
		CHECK(is >= was && is <= written && written - is < 8192);
		was = is;
	}
	CHECK_EQ(sr_wav_flush(w), SR_OK);
	CHECK_EQ(frames_in("a.wav", 16000, 2), written);
	CHECK_EQ(sr_wav_silence(w, 100000), SR_OK);
	CHECK_EQ(frames_in("a.wav", 16000, 2), written + 100000);
	CHECK_EQ(sr_wav_close(w), SR_OK);
	CHECK_EQ(frames_in("a.wav", 16000, 2), written + 100000);
	leave();
}

TEST(wav_gives_back_what_was_written)
{
	int16_t v[20000], back[30000];
	struct sr_wav *w = NULL;
	struct sr_wav_in in;
	bool same;

	for (int i = 0; i < 20000; i++)
		v[i] = (int16_t)(i * 7);
	enter();
	CHECK_EQ(sr_wav_new(&w, dir, "a.wav", 8000, 1), SR_OK);
	CHECK_EQ(sr_wav_write(w, v, 10000), SR_OK);
	CHECK_EQ(sr_wav_silence(w, 50), SR_OK);
	CHECK_EQ(sr_wav_write(w, v + 10000, 10000), SR_OK);
	CHECK_EQ(sr_wav_close(w), SR_OK);
	CHECK_EQ(sr_wav_open(&in, dir, "a.wav"), SR_OK);
	CHECK_EQ(in.rate, 8000);
	CHECK_EQ(in.channels, 1);
	CHECK_EQ(in.frames, 20050);
	CHECK_EQ(sr_wav_read(&in, back, 30000), 20050);
	CHECK_EQ(sr_wav_read(&in, back + 20050, 100), 0);
	sr_wav_end(&in);
	same = memcmp(back, v, 20000) == 0 &&
	    memcmp(back + 10050, v + 10000, 20000) == 0;
	for (int i = 0; i < 50; i++)
		same = same && back[10000 + i] == 0;
	CHECK(same);
	leave();
}

TEST(wav_becomes_rf64_past_4_gib_and_its_silence_costs_nothing)
{
	int16_t v[4] = { 1, 2, 3, 4 }, back[4];
	uint64_t frames = (uint64_t)5 << 29;	/* 5 GiB */
	struct sr_wav *w = NULL;
	struct stat st;
	char head[5] = "";
	int fd;

	enter();
	CHECK_EQ(sr_wav_new(&w, dir, "a.wav", 48000, 1), SR_OK);
	CHECK_EQ(sr_wav_silence(w, frames), SR_OK);
	CHECK_EQ(sr_wav_write(w, v, 4), SR_OK);
	CHECK_EQ(sr_wav_close(w), SR_OK);
	fd = openat(dir, "a.wav", O_RDONLY);
	CHECK_EQ(read(fd, head, 4), 4);
	CHECK_STR(sr_cstr(head), "RF64");
	CHECK_EQ(fstat(fd, &st), 0);
	CHECK(st.st_blocks < 2000);
	CHECK_EQ(pread(fd, back, 8, st.st_size - 8), 8);
	CHECK(memcmp(back, v, 8) == 0);
	close(fd);
	CHECK_EQ(frames_in("a.wav", 48000, 1), (sf_count_t)(frames + 4));
	leave();
}

TEST(wav_files_share_a_budget_of_one_descriptor)
{
	struct sr_wav *a = NULL, *b = NULL;
	int16_t v[5000];

	for (int i = 0; i < 5000; i++)
		v[i] = (int16_t)i;
	enter();
	sr_wav_budget(1);
	CHECK_EQ(sr_wav_new(&a, dir, "a.wav", 8000, 1), SR_OK);
	CHECK_EQ(sr_wav_new(&b, dir, "b.wav", 8000, 1), SR_OK);
	for (int i = 0; i < 10; i++) {
		CHECK_EQ(sr_wav_write(a, v, 5000), SR_OK);
		CHECK_EQ(sr_wav_write(b, v, 5000), SR_OK);
	}
	CHECK_EQ(sr_wav_close(a), SR_OK);
	CHECK_EQ(sr_wav_close(b), SR_OK);
	CHECK_EQ(frames_in("a.wav", 8000, 1), 50000);
	CHECK_EQ(frames_in("b.wav", 8000, 1), 50000);
	sr_wav_budget(512);
	leave();
}

TEST(wav_in_a_directory_that_is_gone_fails)
{
	struct sr_wav *w = NULL;

	enter();
	leave();
	dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_EQ(sr_wav_new(&w, dir, "no/such/place.wav", 8000, 1), SR_ESYS);
	CHECK_EQ(errno, ENOENT);
	close(dir);
	CHECK_EQ(sr_wav_close(NULL), SR_OK);
}

TEST(wav_on_a_full_disk_says_so_and_stays_valid)
{
	struct rlimit was, little = { 40000, 0 };
	struct sr_wav *w = NULL;
	int16_t v[8192] = { 0 };
	int err = SR_OK;

	enter();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	little.rlim_max = was.rlim_max;
	CHECK_EQ(sr_wav_new(&w, dir, "a.wav", 8000, 1), SR_OK);
	setrlimit(RLIMIT_FSIZE, &little);
	for (int i = 0; i < 10 && err == SR_OK; i++)
		err = sr_wav_write(w, v, 8192);
	CHECK_EQ(err, SR_ESYS);
	CHECK_EQ(errno, EFBIG);
	CHECK_EQ(sr_wav_write(w, v, 8192), SR_ESYS);
	CHECK_EQ(sr_wav_silence(w, 1000000), SR_ESYS);
	CHECK_EQ(sr_wav_close(w), SR_ESYS);
	setrlimit(RLIMIT_FSIZE, &was);
	CHECK(frames_in("a.wav", 8000, 1) >= 16384);
	leave();
}

/* The samples at this place of the file are all v. */
static bool
holds(const char *name, off_t at, int16_t v, size_t n)
{
	int16_t back[4000] = { 0 };
	int fd = openat(dir, name, O_RDONLY);
	bool same = pread(fd, back, n * 2, 80 + at * 2) == (ssize_t)n * 2;

	close(fd);
	for (size_t i = 0; i < n; i++)
		same = same && back[i] == v;
	return same;
}

TEST(wav_files_that_share_a_buffer_keep_their_samples_apart)
{
	struct sr_wav *a = NULL, *b = NULL;
	struct rlimit was, little;
	int16_t v[4000], room[8192];

	enter();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	little = (struct rlimit){ 10000, was.rlim_max };
	CHECK_EQ(sr_wav_new(&a, dir, "a.wav", 8000, 1), SR_OK);
	CHECK_EQ(sr_wav_new(&b, dir, "b.wav", 8000, 1), SR_OK);
	sr_wav_lend(a, room, 8192);
	sr_wav_lend(b, room, 8192);
	for (int16_t k = 1; k <= 3; k++) {
		for (int i = 0; i < 4000; i++)
			v[i] = (int16_t)(10 * k);
		if (k == 2)		/* the disk is full for a while */
			setrlimit(RLIMIT_FSIZE, &little);
		CHECK_EQ(sr_wav_write(a, v, 4000), SR_OK);
		CHECK_EQ(sr_wav_flush(a), k == 2 ? SR_ESYS : SR_OK);
		setrlimit(RLIMIT_FSIZE, &was);
		for (int i = 0; i < 4000; i++)
			v[i] = (int16_t)(10 * k + 1);
		CHECK_EQ(sr_wav_write(b, v, 4000), SR_OK);
		CHECK_EQ(sr_wav_flush(b), SR_OK);
	}
	CHECK_EQ(sr_wav_close(a), SR_OK);
	CHECK_EQ(sr_wav_close(b), SR_OK);
	CHECK_EQ(frames_in("a.wav", 8000, 1), 12000);
	CHECK(holds("a.wav", 0, 10, 4000));
	CHECK(holds("a.wav", 5000, 0, 3000));
	CHECK(holds("a.wav", 8000, 30, 4000));
	for (int16_t k = 1; k <= 3; k++)
		CHECK(holds("b.wav", 4000 * (k - 1), (int16_t)(10 * k + 1),
		    4000));
	leave();
}

TEST(wav_reader_refuses_what_is_none)
{
	struct sr_wav_in in;
	int fd;

	enter();
	fd = openat(dir, "a.wav", O_WRONLY | O_CREAT, 0600);
	CHECK_EQ(write(fd, "RIFF", 4), 4);
	close(fd);
	CHECK_EQ(sr_wav_open(&in, dir, "a.wav"), SR_EBAD);
	CHECK_EQ(sr_wav_open(&in, dir, "none.wav"), SR_ESYS);
	leave();
}
