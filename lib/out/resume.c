/* resume - what lets another process go on in the files of a session.
 *
 * While a session runs .resume says, about once a second, where its media
 * stands for the engine and which files it has.  A process that is killed
 * leaves it; the next one reads it, mends what was cut off in the middle of a
 * write, and appends.  It goes when the session ends. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, MOST = 1 << 20, MAX_FILES = 4096 };
static const char name_of_it[] = ".resume";

/* ---- written ---- */

int
resume_bytes(const struct rec_session *s, struct sr_buf *out)
{
	struct sr_buf mark;
	int err;

	sr_buf_init(&mark, MOST);
	sr_buf_init(out, 2 * MOST);
	if ((err = sr_session_mark(s->of, &mark)) == SR_OK &&
	    (err = sr_pack_u8(out, VERSION)) == SR_OK)
		err = sr_pack_str(out, sr_buf_str(&mark));
	for (const struct rec_stream *t = s->streams; t != NULL &&
	    err == SR_OK; t = t->next) {
		if ((err = sr_pack_u32(out, (uint32_t)t->index)) != SR_OK ||
		    (err = sr_pack_str(out, sr_cstr(t->file))) != SR_OK ||
		    (err = sr_pack_str(out, sr_cstr(t->dump_file))) != SR_OK ||
		    (err = sr_pack_u32(out, t->rate)) != SR_OK)
			break;
		err = sr_pack_u8(out, t->channels);
	}
	sr_buf_free(&mark);
	return err;
}

int
resume_write(int dir, struct sr_str bytes)
{
	return files_replace(dir, name_of_it, bytes);
}

void
resume_over(int dir)
{
	unlinkat(dir, name_of_it, 0);
}

/* ---- read ---- */

static int
read_all(int dir, struct sr_buf *out)
{
	int fd = openat(dir, name_of_it, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return SR_EBAD;
	if (fstat(fd, &st) == 0 && st.st_size > 0 && st.st_size < 2 * MOST &&
	    sr_buf_reserve(out, (size_t)st.st_size) == SR_OK)
		n = read(fd, out->p, (size_t)st.st_size);
	close(fd);
	if (n <= 0)
		return SR_EBAD;
	out->n = (size_t)n;
	return SR_OK;
}

static bool
is_name(struct sr_str s)
{
	return s.n < MAX_FILE_NAME && sr_strchr(s, '/') == s.n &&
	    (s.n == 0 || s.p[0] != '.');
}

/* The next file that is spoken of; false: that was the last, or r is bad. */
static bool
next_file(struct sr_rd *r, struct left_file *f)
{
	if (r->n == 0 || r->bad)
		return false;
	f->was = sr_u32(r);
	f->file = sr_unpack_str(r, MAX_FILE_NAME);
	f->dump = sr_unpack_str(r, MAX_FILE_NAME);
	f->rate = sr_u32(r);
	f->channels = sr_u8(r);
	if (!is_name(f->file) || !is_name(f->dump))
		r->bad = true;
	return !r->bad;
}

static sr_time
length_of(int dir, const struct left_file *f)
{
	char name[MAX_FILE_NAME + 1];
	struct sr_wav_in in;
	sr_time length = 0;

	if (f->file.n == 0)
		return 0;
	memcpy(name, f->file.p, f->file.n);
	name[f->file.n] = '\0';
	if (sr_wav_open(&in, dir, name) == SR_OK) {
		if (in.rate > 0)
			length = (sr_time)((double)in.frames * 1e9 / in.rate +
			    0.5);
		sr_wav_end(&in);
	}
	return length;
}

static int
read_left(int dir, struct sr_left *out)
{
	struct left_file f;
	struct sr_rd r;
	int err = read_all(dir, &out->bytes);

	if (err != SR_OK)
		return err;
	r = sr_rd(sr_buf_str(&out->bytes));
	if (sr_u8(&r) != VERSION)
		return SR_EBAD;
	out->mark = sr_unpack_str(&r, MOST);
	while (out->n < MAX_FILES && next_file(&r, &f)) {
		struct sr_stands *v = realloc(out->v, (out->n + 1) *
		    sizeof(*v));

		if (v == NULL)
			return SR_ENOMEM;
		out->v = v;
		v[out->n++] = (struct sr_stands){ f.was, length_of(dir, &f) };
	}
	return r.bad ? SR_EBAD : SR_OK;
}

int
sr_left_read(int dir, struct sr_left *out)
{
	*out = (struct sr_left){ .n = 0 };
	sr_buf_init(&out->bytes, 2 * MOST);
	return read_left(dir, out);
}

size_t
sr_left_file(const struct sr_left *l, struct sr_str file)
{
	struct sr_rd r = sr_rd(sr_buf_str(&l->bytes));
	struct left_file f;

	sr_u8(&r);
	sr_unpack_str(&r, MOST);
	while (next_file(&r, &f))
		if (sr_streq(f.file, file))
			return f.was;
	return SIZE_MAX;
}

int
sr_record_left(const struct sr_record_cfg *cfg, sr_time begin,
    struct sr_str name, struct sr_left *out)
{
	int dir = files_find(cfg, begin, name), err;

	if (dir < 0) {
		*out = (struct sr_left){ .n = 0 };
		return errno == ENOENT ? SR_ENOENT : SR_EBAD;
	}
	err = sr_left_read(dir, out);
	close(dir);
	return err;
}

void
sr_left_free(struct sr_left *l)
{
	sr_buf_free(&l->bytes);
	free(l->v);
	*l = (struct sr_left){ .n = 0 };
}

/* ---- gone on with ---- */

bool
resume_file(const struct rec_session *s, size_t was, struct left_file *f)
{
	struct sr_rd r = sr_rd(sr_buf_str(&s->left));

	sr_u8(&r);
	sr_unpack_str(&r, MOST);
	while (next_file(&r, f))
		if (f->was == was)
			return true;
	return false;
}

/* How many bytes of a file are whole, as its kind has it. */
typedef off_t (*whole)(int fd, off_t size);

static off_t
whole_lines(int fd, off_t size)
{
	char c;

	while (size > 0 && pread(fd, &c, 1, size - 1) == 1 && c != '\n')
		size--;
	return size;
}

static uint32_t
be(const uint8_t *p, int n)
{
	uint32_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

/* Behind the text line and the header each packet has its length. */
static off_t
whole_dump(int fd, off_t size)
{
	uint8_t h[64];
	ssize_t n = pread(fd, h, sizeof(h), 0);
	const uint8_t *nl = n > 0 ? memchr(h, '\n', (size_t)n) : NULL;
	off_t at = nl != NULL ? nl - h + 1 + 16 : size + 1;

	if (at > size)
		return 0;
	while (pread(fd, h, 2, at) == 2 && be(h, 2) >= 8 &&
	    at + (off_t)be(h, 2) <= size)
		at += (off_t)be(h, 2);
	return at;
}

/* Our captures are in the byte order of the machine. */
static off_t
whole_pcap(int fd, off_t size)
{
	uint32_t h[4];
	off_t at = 24;

	if (at > size)
		return 0;
	while (pread(fd, h, sizeof(h), at) == sizeof(h) &&
	    at + (off_t)sizeof(h) + (off_t)h[2] <= size)
		at += (off_t)sizeof(h) + (off_t)h[2];
	return at;
}

static off_t
mend(int dir, const char *name, whole f)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC);
	struct stat st;
	off_t good = 0;

	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0) {
		good = f(fd, st.st_size);
		if (good < st.st_size && ftruncate(fd, good) != 0)
			good = 0;
	}
	close(fd);
	return good;
}

int
resume_begin(struct rec_session *s)
{
	struct sr_left l = { .n = 0 };
	int err;

	sr_buf_init(&l.bytes, 2 * MOST);
	if ((err = read_left(s->dir, &l)) == SR_OK) {
		s->left = l.bytes;
		l.bytes = (struct sr_buf){ .n = 0 };
		mend(s->dir, "session.jsonl", whole_lines);
		s->has_pcap = mend(s->dir, "rtp.pcap", whole_pcap) > 0;
	}
	sr_left_free(&l);
	return err;
}

off_t
resume_dump(int dir, const char *name)
{
	return mend(dir, name, whole_dump);
}
