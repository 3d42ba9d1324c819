/* dump_append - payloads that were kept in two files become one: the second
 * one's packets behind those of the first, in its time. */
#include "priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 16, RECORD = 8, RTP = 12, SOURCES = 16 };

struct reached {			/* how far a source got */
	uint32_t ssrc, ts;
	uint16_t seq;
};
struct rest {
	sr_time start;
	struct reached v[SOURCES];
	size_t n;
};

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static void
put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * (3 - i));
}

static FILE *
open_dump(int dir, const char *name, int flags, const char *mode)
{
	int fd = openat(dir, name, flags | O_CLOEXEC, files_mode());
	FILE *f = fd >= 0 ? fdopen(fd, mode) : NULL;

	if (f == NULL && fd >= 0)
		close(fd);
	return f;
}

/* The line and the header, as they are; SR_EBAD: it is none of ours. */
static int
read_head(FILE *f, char line[static 64], uint8_t head[HEAD], sr_time *start)
{
	if (fgets(line, 64, f) == NULL || strncmp(line, "#!rtpplay1.0", 12) !=
	    0 || strchr(line, '\n') == NULL || fread(head, HEAD, 1, f) != 1)
		return SR_EBAD;
	*start = be32(head) * SR_SEC + be32(head + 4) * (SR_SEC / 1000000);
	return SR_OK;
}

/* SR_OK; SR_ENOENT at the end; SR_EBAD: it is torn, or no record. */
static int
read_record(FILE *f, uint8_t *rec, size_t *n)
{
	size_t got = fread(rec, 1, RECORD, f);

	if (got == 0)
		return SR_ENOENT;
	*n = got == RECORD ? (size_t)rec[0] << 8 | rec[1] : 0;
	if (*n < RECORD + RTP ||
	    fread(rec + RECORD, *n - RECORD, 1, f) != 1)
		return SR_EBAD;
	return SR_OK;
}

static bool
is_new(const struct rest *r, const uint8_t *rtp)
{
	uint32_t ssrc = be32(rtp + 8), ts = be32(rtp + 4);
	uint16_t seq = (uint16_t)(rtp[2] << 8 | rtp[3]);

	for (size_t i = 0; i < r->n; i++) {
		const struct reached *s = &r->v[i];

		if (s->ssrc == ssrc)
			return (int32_t)(ts - s->ts) > 0 || (ts == s->ts &&
			    (int16_t)(seq - s->seq) > 0);
	}
	return true;
}

static void
reach(struct rest *r, const uint8_t *rtp)
{
	size_t i = 0;

	while (i < r->n && r->v[i].ssrc != be32(rtp + 8))
		i++;
	if (i == SOURCES)
		return;
	if (i == r->n)
		r->n++;
	r->v[i] = (struct reached){ be32(rtp + 8), be32(rtp + 4),
	    (uint16_t)(rtp[2] << 8 | rtp[3]) };
}

/* What the file has so far; it may be new. */
static int
look_back(FILE *f, struct rest *r, uint8_t *rec)
{
	uint8_t head[HEAD];
	char line[64];
	size_t n;
	int err = read_head(f, line, head, &r->start);

	while (err == SR_OK && (err = read_record(f, rec, &n)) == SR_OK)
		if (is_new(r, rec + RECORD))
			reach(r, rec + RECORD);
	return err == SR_ENOENT ? SR_OK : err;
}

static int
add(FILE *in, FILE *out, struct rest *r, uint8_t *rec, bool first)
{
	uint8_t head[HEAD];
	char line[64];
	sr_time start, later;
	size_t n;
	int err = read_head(in, line, head, &start);

	if (err != SR_OK)
		return err;
	if (first) {
		fputs(line, out);
		fwrite(head, HEAD, 1, out);
		r->start = start;
	}
	later = start > r->start ? (start - r->start) / SR_MSEC : 0;
	while ((err = read_record(in, rec, &n)) == SR_OK) {
		if (!is_new(r, rec + RECORD))
			continue;
		put32(rec + 4, be32(rec + 4) + (uint32_t)later);
		fwrite(rec, n, 1, out);
	}
	return err == SR_ENOENT ? SR_OK : err;
}

int
dump_append(int outdir, const char *name, int dir, const char *more)
{
	uint8_t *rec = malloc(UINT16_MAX);
	FILE *in = open_dump(dir, more, O_RDONLY, "r");
	FILE *out = open_dump(outdir, name, O_RDWR | O_CREAT, "r+");
	struct rest r = { .n = 0 };
	bool first = false;
	int err = rec == NULL ? SR_ENOMEM : in == NULL || out == NULL ?
	    SR_ESYS : SR_OK;

	if (err == SR_OK) {
		first = fgetc(out) == EOF;
		rewind(out);
		err = first ? SR_OK : look_back(out, &r, rec);
	}
	if (err == SR_OK) {
		fseek(out, 0, SEEK_END);
		err = add(in, out, &r, rec, first);
	}
	if (out != NULL && (ferror(out) | fclose(out)) != 0)
		err = SR_ESYS;
	if (in != NULL)
		fclose(in);
	free(rec);
	return err;
}
