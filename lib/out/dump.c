/* dump - payloads that nobody here can decode, kept as RTP in the format of
 * rtpdump: a text line, a header, and each packet behind its length and its
 * offset in milliseconds.  Wireshark and rtpplay read it. */
#include "priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct dump {
	FILE *f;
	sr_time start;
};

static void
be(uint8_t *p, uint64_t v, int n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

static int
dump_open(struct dump **dp, int dir, const char *name, int flags,
    const char *mode)
{
	struct dump *d = sr_zalloc(sizeof(*d));
	int fd;

	if (d == NULL)
		return SR_ENOMEM;
	fd = openat(dir, name, O_CLOEXEC | flags, files_mode());
	if (fd < 0 || (d->f = fdopen(fd, mode)) == NULL) {
		if (fd >= 0)
			close(fd);
		free(d);
		return SR_ESYS;
	}
	*dp = d;
	return SR_OK;
}

static int
dump_new(struct dump **dp, int dir, const char *name, sr_time start)
{
	uint8_t h[16] = { 0 };
	struct dump *d;
	int err = dump_open(&d, dir, name, O_WRONLY | O_CREAT | O_TRUNC, "w");

	if (err != SR_OK)
		return err;
	d->start = start;
	be(h, (uint64_t)(start / SR_SEC), 4);
	be(h + 4, (uint64_t)(start % SR_SEC / 1000), 4);
	fputs("#!rtpplay1.0 0.0.0.0/0\n", d->f);
	fwrite(h, sizeof(h), 1, d->f);
	*dp = d;
	return SR_OK;
}

/* Behind what another process has written: the head of the file says from
 * when on its packets are counted. */
static int
dump_again(struct dump **dp, int dir, const char *name)
{
	uint8_t h[8];
	struct dump *d;
	int err;

	if (resume_dump(dir, name) == 0)
		return SR_ENOENT;
	if ((err = dump_open(&d, dir, name, O_RDWR, "r+")) != SR_OK)
		return err;
	while ((err = fgetc(d->f)) != EOF && err != '\n')
		;
	if (fread(h, sizeof(h), 1, d->f) != 1 ||
	    fseek(d->f, 0, SEEK_END) != 0) {
		dump_close(d);
		return SR_ESYS;
	}
	d->start = (sr_time)be32(h) * SR_SEC + (sr_time)be32(h + 4) * 1000;
	*dp = d;
	return SR_OK;
}

int
dump_packet(struct dump **dp, int dir, const char *name, bool again,
    const struct packet *p)
{
	size_t n = p->n;
	uint8_t h[20];
	int err = *dp == NULL && again ? dump_again(dp, dir, name) : SR_OK;

	if (*dp == NULL && (err == SR_OK || err == SR_ENOENT))
		err = dump_new(dp, dir, name, p->time);
	if (err != SR_OK)
		return err;
	be(h, 20 + n, 2);
	be(h + 2, 12 + n + p->cut, 2);
	be(h + 4, (uint64_t)((p->time - (*dp)->start) / SR_MSEC), 4);
	h[8] = 0x80;
	h[9] = (uint8_t)(p->marker << 7 | p->pt);
	be(h + 10, p->seq, 2);
	be(h + 12, p->ts, 4);
	be(h + 16, p->ssrc, 4);
	fwrite(h, sizeof(h), 1, (*dp)->f);
	fwrite(p + 1, 1, n, (*dp)->f);
	return ferror((*dp)->f) ? SR_ESYS : SR_OK;
}

int
dump_flush(struct dump *d)
{
	return d == NULL || fflush(d->f) == 0 ? SR_OK : SR_ESYS;
}

int
dump_close(struct dump *d)
{
	int err;

	if (d == NULL)
		return SR_OK;
	err = fclose(d->f) == 0 ? SR_OK : SR_ESYS;
	free(d);
	return err;
}
