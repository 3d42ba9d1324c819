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

static int
dump_new(struct dump **dp, int dir, const char *name, sr_time start)
{
	struct dump *d = sr_zalloc(sizeof(*d));
	uint8_t h[16] = { 0 };
	int fd;

	if (d == NULL)
		return SR_ENOMEM;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    files_mode());
	if (fd < 0 || (d->f = fdopen(fd, "w")) == NULL) {
		if (fd >= 0)
			close(fd);
		free(d);
		return SR_ESYS;
	}
	d->start = start;
	be(h, (uint64_t)(start / SR_SEC), 4);
	be(h + 4, (uint64_t)(start % SR_SEC / 1000), 4);
	fputs("#!rtpplay1.0 0.0.0.0/0\n", d->f);
	fwrite(h, sizeof(h), 1, d->f);
	*dp = d;
	return SR_OK;
}

int
dump_packet(struct dump **dp, int dir, const char *name,
    const struct packet *p)
{
	size_t n = p->n;
	uint8_t h[20];
	int err;

	if (*dp == NULL && (err = dump_new(dp, dir, name, p->time)) != SR_OK)
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
dump_close(struct dump *d)
{
	int err;

	if (d == NULL)
		return SR_OK;
	err = fclose(d->f) == 0 ? SR_OK : SR_ESYS;
	free(d);
	return err;
}
