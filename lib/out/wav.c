/* wav - 16-bit PCM in files that are valid at every moment.
 *
 * Samples gather in a buffer of less than a second; each flush writes them, up
 * to a boundary that suits the pages of the system, and then the header that
 * counts them, so that what is on the disk opens and plays whenever the
 * process may die.  The header keeps room for the ds64 chunk of RF64 (EBU Tech
 * 3306), which it becomes past 4 GiB.
 *
 * There may be more files than descriptors: the first ones keep theirs, the
 * others open and close at each flush.  For many streams in turn that is the
 * best order there is; the least recently used one would be the worst. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 6144, UNIT = 2048 };		/* samples */
enum { HEADER = 80, RELAX = 8 };		/* bytes; writes */

struct sr_wav {
	int dir, fd;
	bool owns;			/* one of the budget is ours */
	bool relaxed;
	uint8_t stale;			/* writes that the header lacks */
	uint32_t rate;
	uint8_t channels;
	int16_t *buf, *own;		/* NULL: none yet */
	size_t n, size;			/* samples in buf, and at most */
	uint64_t written;		/* bytes of data in the file */
	uint64_t skipped;		/* of them, silence at its end */
	char *name;
};

static atomic_long budget = 512;

void
sr_wav_budget(size_t n)
{
	atomic_store(&budget, (long)n);
}

static void
le(uint8_t *p, uint64_t v, int n)
{
	while (n-- > 0) {
		*p++ = (uint8_t)v;
		v >>= 8;
	}
}

static void
header(const struct sr_wav *w, uint8_t h[HEADER])
{
	uint64_t data = w->written, riff = data + HEADER - 8;
	bool big = riff > UINT32_MAX;
	uint32_t frame = 2u * w->channels;

	memset(h, 0, HEADER);
	memcpy(h, big ? "RF64" : "RIFF", 4);
	le(h + 4, big ? UINT32_MAX : riff, 4);
	memcpy(h + 8, big ? "WAVEds64" : "WAVEJUNK", 8);
	le(h + 16, 28, 4);
	if (big) {
		le(h + 20, riff, 8);
		le(h + 28, data, 8);
		le(h + 36, data / frame, 8);
	}
	memcpy(h + 48, "fmt ", 4);
	le(h + 52, 16, 4);
	le(h + 56, 1, 2);
	le(h + 58, w->channels, 2);
	le(h + 60, w->rate, 4);
	le(h + 64, (uint64_t)w->rate * frame, 4);
	le(h + 68, frame, 2);
	le(h + 70, 16, 2);
	memcpy(h + 72, "data", 4);
	le(h + 76, big ? UINT32_MAX : data, 4);
}

static int
reopen(struct sr_wav *w, int flags)
{
	if (w->fd >= 0)
		return SR_OK;
	w->fd = openat(w->dir, w->name, O_WRONLY | O_CLOEXEC | flags,
	    files_mode());
	if (w->fd < 0)
		return SR_ESYS;
	if (!w->owns) {
		if (atomic_fetch_sub(&budget, 1) > 0)
			w->owns = true;
		else
			atomic_fetch_add(&budget, 1);
	}
	return SR_OK;
}

static void
let_go(struct sr_wav *w)
{
	if (w->owns || w->fd < 0)
		return;
	close(w->fd);
	w->fd = -1;
}

static int
put(int fd, const void *p, size_t n, uint64_t at)
{
	const char *b = p;

	while (n > 0) {
		ssize_t k = pwrite(fd, b, n, (off_t)at);

		if (k <= 0)
			return SR_ESYS;
		b += k;
		n -= (size_t)k;
		at += (uint64_t)k;
	}
	return SR_OK;
}

/* Samples until the next boundary: the header shifts the first one. */
static size_t
room(const struct sr_wav *w)
{
	size_t full = w->size - (HEADER + w->written) / 2 % UNIT;

	return full > w->n ? full - w->n : 0;
}

static int
put_header(struct sr_wav *w)
{
	uint8_t h[HEADER];

	w->stale = 0;
	header(w, h);
	return put(w->fd, h, HEADER, 0);
}

static int
put_samples(struct sr_wav *w)
{
	int err = reopen(w, 0);

	if (err == SR_OK && w->n > 0)
		return put(w->fd, w->buf, w->n * 2, HEADER + w->written);
	if (err == SR_OK && w->skipped > 0 &&
	    ftruncate(w->fd, (off_t)(HEADER + w->written)) != 0)
		return SR_ESYS;
	return err;
}

/* What cannot be written is silence, should there be space again: the buffer
 * may be another's then. */
int
sr_wav_flush(struct sr_wav *w)
{
	int err;

	if (w->n == 0 && w->skipped == 0 && w->written > 0)
		return SR_OK;
	err = put_samples(w);
	w->written += w->n * 2;
	w->skipped = err == SR_OK ? 0 : w->skipped + w->n * 2;
	w->n = 0;
	if (err == SR_OK && (!w->relaxed || ++w->stale == RELAX))
		err = put_header(w);
	let_go(w);
	return err;
}

void
sr_wav_relax(struct sr_wav *w)
{
	w->relaxed = true;
}

static struct sr_wav *
wav_of(int dir, const char *name, uint32_t rate, uint8_t channels)
{
	struct sr_wav *w = sr_zalloc(sizeof(*w));

	if (w == NULL)
		return NULL;
	w->fd = -1;
	w->dir = dir;
	w->rate = rate;
	w->channels = channels;
	if ((w->name = strdup(name)) == NULL) {
		free(w);
		return NULL;
	}
	return w;
}

int
sr_wav_new(struct sr_wav **wp, int dir, const char *name, uint32_t rate,
    uint8_t channels)
{
	struct sr_wav *w = wav_of(dir, name, rate, channels);
	int err;

	if (w == NULL)
		return SR_ENOMEM;
	if ((err = reopen(w, O_CREAT | O_TRUNC)) == SR_OK)
		err = sr_wav_flush(w);
	if (err != SR_OK) {
		int why = errno;

		if (w->fd >= 0)
			unlinkat(dir, name, 0);	/* no header, no file */
		sr_wav_close(w);
		errno = why;
		return err;
	}
	*wp = w;
	return SR_OK;
}

int
sr_wav_append(struct sr_wav **wp, int dir, const char *name, uint32_t rate,
    uint8_t channels)
{
	struct sr_wav_in in;
	struct sr_wav *w;
	int err = sr_wav_open(&in, dir, name);

	if (err == SR_ESYS && errno == ENOENT)
		return sr_wav_new(wp, dir, name, rate, channels);
	sr_wav_end(&in);
	if (err != SR_OK)
		return err;
	if (in.rate != rate || in.channels != channels)
		return SR_EBAD;
	if ((w = wav_of(dir, name, rate, channels)) == NULL)
		return SR_ENOMEM;
	w->written = in.frames * 2 * channels;
	if ((err = reopen(w, 0)) == SR_OK &&
	    (ftruncate(w->fd, (off_t)(HEADER + w->written)) != 0 ||
	    put_header(w) != SR_OK))
		err = SR_ESYS;
	let_go(w);
	if (err != SR_OK) {
		sr_wav_close(w);
		return err;
	}
	*wp = w;
	return SR_OK;
}

void
sr_wav_lend(struct sr_wav *w, int16_t *v, size_t n)
{
	w->buf = v;
	w->size = n;
}

static int
have_buffer(struct sr_wav *w)
{
	if (w->buf != NULL)
		return SR_OK;
	if ((w->own = malloc(BUFFER * sizeof(*w->own))) == NULL)
		return SR_ENOMEM;
	sr_wav_lend(w, w->own, BUFFER);
	return SR_OK;
}

int
sr_wav_write(struct sr_wav *w, const int16_t *v, size_t frames)
{
	size_t n = frames * w->channels;
	int err = have_buffer(w);

	while (n > 0 && err == SR_OK) {
		size_t left = room(w), k = left < n ? left : n;

		memcpy(w->buf + w->n, v, k * 2);
		w->n += k;
		v += k;
		n -= k;
		if (room(w) == 0)
			err = sr_wav_flush(w);
	}
	return err;
}

/* A long silence is a hole in the file: nothing is written for it. */
int
sr_wav_silence(struct sr_wav *w, uint64_t frames)
{
	uint64_t n = frames * w->channels;
	int err = have_buffer(w);

	if (n > 4 * BUFFER && err == SR_OK) {
		err = sr_wav_flush(w);
		w->written += n * 2;
		w->skipped += n * 2;
		return err == SR_OK ? sr_wav_flush(w) : err;
	}
	while (n > 0 && err == SR_OK) {
		size_t left = room(w), k = left < n ? left : (size_t)n;

		memset(w->buf + w->n, 0, k * 2);
		w->n += k;
		n -= k;
		if (room(w) == 0)
			err = sr_wav_flush(w);
	}
	return err;
}

uint64_t
sr_wav_frames(const struct sr_wav *w)
{
	return w != NULL ? (w->written / 2 + w->n) / w->channels : 0;
}

int
sr_wav_close(struct sr_wav *w)
{
	int err;

	if (w == NULL)
		return SR_OK;
	err = sr_wav_flush(w);
	if (err == SR_OK && w->stale > 0 && (err = reopen(w, 0)) == SR_OK)
		err = put_header(w);
	if (w->fd >= 0)
		close(w->fd);
	if (w->owns)
		atomic_fetch_add(&budget, 1);
	free(w->own);
	free(w->name);
	free(w);
	return err;
}

/* ---- reading what was written here ---- */

int
sr_wav_open(struct sr_wav_in *w, int dir, const char *name)
{
	uint8_t h[HEADER];
	struct sr_rd r;

	*w = (struct sr_wav_in){ .fd = openat(dir, name,
	    O_RDONLY | O_CLOEXEC) };
	if (w->fd < 0)
		return SR_ESYS;
	if (read(w->fd, h, HEADER) != HEADER ||
	    memcmp(h + 72, "data", 4) != 0) {
		sr_wav_end(w);
		return SR_EBAD;
	}
	r = (struct sr_rd){ h, HEADER, false };
	w->channels = h[58];
	w->rate = h[60] | (uint32_t)h[61] << 8 | (uint32_t)h[62] << 16;
	w->frames = r.bad || w->channels == 0 ? 0 :
	    (uint64_t)(lseek(w->fd, 0, SEEK_END) - HEADER) / 2 / w->channels;
	lseek(w->fd, HEADER, SEEK_SET);
	return SR_OK;
}

long
sr_wav_read(struct sr_wav_in *w, int16_t *v, size_t max)
{
	size_t want = max * w->channels * 2, n = 0;

	while (n < want) {
		ssize_t k = read(w->fd, (char *)v + n, want - n);

		if (k < 0)
			return SR_ESYS;
		if (k == 0)
			break;
		n += (size_t)k;
	}
	return (long)(n / 2 / w->channels);
}

void
sr_wav_end(struct sr_wav_in *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}
