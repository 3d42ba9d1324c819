/* pcap_join - the captures of several parts become one, in order of time.
 *
 * Frames are taken apart and made anew: the numbers of a TCP connection begin
 * at 1 in each capture that we write. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FRAME = 262144, OUT = 1 << 20, IP4 = 20, IP6 = 40, TCP = 20,
	UDP = 8 };

struct in {
	FILE *f;			/* NULL: it is over */
	uint8_t *frame;
	size_t n;
	sr_time time;
};
struct joining {
	struct in *in;
	size_t n;
	struct sr_pcap *out;
	int fd, err;
};

/* ---- reading ---- */

/* The next frame, or the end; what is torn ends it, too, and is told. */
static int
advance(struct in *p)
{
	uint32_t head[4];
	size_t got = fread(head, 1, sizeof(head), p->f);
	bool whole = got == sizeof(head) && head[2] <= MAX_FRAME &&
	    head[1] < (uint32_t)SR_SEC &&
	    fread(p->frame, 1, head[2], p->f) == head[2];

	if (whole) {
		p->n = head[2];
		p->time = head[0] * SR_SEC + head[1];
		return SR_OK;
	}
	fclose(p->f);
	p->f = NULL;
	return got == 0 ? SR_OK : SR_EBAD;
}

static int
open_in(struct in *p, int dir)
{
	int fd = openat(dir, "rtp.pcap", O_RDONLY | O_CLOEXEC);
	uint32_t head[6];

	p->frame = malloc(MAX_FRAME);
	if (fd < 0 || p->frame == NULL || (p->f = fdopen(fd, "r")) == NULL) {
		if (fd >= 0)
			close(fd);
		return p->frame != NULL ? SR_ESYS : SR_ENOMEM;
	}
	if (fread(head, sizeof(head), 1, p->f) == 1 && head[0] == 0xa1b23c4d &&
	    head[5] == 101)
		return advance(p);
	fclose(p->f);
	p->f = NULL;
	return SR_EBAD;
}

/* What was in a frame of ours. */
static bool
take_apart(const struct in *p, struct sr_flow *f, struct sr_str *data)
{
	const uint8_t *b = p->frame;
	size_t ip = p->n > 0 && b[0] >> 4 == 6 ? IP6 : IP4, all;
	uint8_t proto;

	*f = (struct sr_flow){ .proto = SR_UDP };
	if (p->n < ip + UDP || (b[0] != 0x45 && b[0] >> 4 != 6))
		return false;
	proto = ip == IP6 ? b[6] : b[9];
	f->src.family = f->dst.family = ip == IP6 ? 6 : 4;
	memcpy(f->src.ip, b + (ip == IP6 ? 8 : 12), ip == IP6 ? 16 : 4);
	memcpy(f->dst.ip, b + (ip == IP6 ? 24 : 16), ip == IP6 ? 16 : 4);
	b += ip;
	f->src.port = (uint16_t)(b[0] << 8 | b[1]);
	f->dst.port = (uint16_t)(b[2] << 8 | b[3]);
	if (proto == 6)
		f->proto = SR_TCP;
	all = ip + (proto == 6 ? TCP : UDP);
	if (p->n < all || (proto != 6 && proto != 17))
		return false;
	*data = (struct sr_str){ (const char *)p->frame + all, p->n - all };
	return true;
}

/* ---- writing ---- */

static int
flush(struct joining *j, size_t from)
{
	struct sr_buf *b = sr_pcap_out(j->out);
	size_t done = 0;

	if (b->n < from)
		return SR_OK;
	while (done < b->n) {
		ssize_t k = write(j->fd, b->p + done, b->n - done);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return SR_ESYS;
		done += (size_t)k;
	}
	b->n = 0;
	return SR_OK;
}

static struct in *
earliest(const struct joining *j)
{
	struct in *best = NULL;

	for (size_t i = 0; i < j->n; i++)
		if (j->in[i].f != NULL && (best == NULL ||
		    j->in[i].time < best->time))
			best = &j->in[i];
	return best;
}

static int
run(struct joining *j)
{
	struct sr_str none = { NULL, 0 }, data;
	struct sr_flow flow;
	struct in *p;
	int err = SR_OK;

	while ((p = earliest(j)) != NULL && err == SR_OK) {
		if (!take_apart(p, &flow, &data))
			j->err = SR_EBAD;
		else if ((err = sr_pcap_put(j->out, p->time, &flow, data,
		    none)) == SR_OK)
			err = flush(j, OUT / 2);
		if (advance(p) != SR_OK)
			j->err = SR_EBAD;
	}
	return err == SR_OK ? flush(j, 0) : err;
}

int
pcap_join(int out, const int *dirs, size_t n)
{
	struct joining j = { .n = n, .in = sr_zalloc((n + 1) *
	    sizeof(*j.in)), .fd = -1 };
	int err = j.in != NULL ? sr_pcap_new(&j.out, 2 * OUT) : SR_ENOMEM;

	for (size_t i = 0; i < n && err == SR_OK; i++)
		if ((err = open_in(&j.in[i], dirs[i])) == SR_EBAD) {
			j.err = err;
			err = SR_OK;
		}
	if (err == SR_OK && (j.fd = openat(out, "rtp.pcap", O_WRONLY |
	    O_CREAT | O_TRUNC | O_CLOEXEC, files_mode())) < 0)
		err = SR_ESYS;
	if (err == SR_OK)
		err = run(&j);
	for (size_t i = 0; j.in != NULL && i < n; i++) {
		if (j.in[i].f != NULL)
			fclose(j.in[i].f);
		free(j.in[i].frame);
	}
	if (j.fd >= 0 && close(j.fd) != 0)
		err = SR_ESYS;
	sr_pcap_free(j.out);
	free(j.in);
	return err == SR_OK ? j.err : err;
}
