/* frame_fuzz - any bytes as frames of any link type.
 *
 * The input is a row of records: link type, length, how much the snaplen cut,
 * time that passed, bytes. */
#include <stdlib.h>

#include "siprec/net.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const int links[] = { 0, 1, 9, 12, 50, 51, 101, 104, 108, 113, 228, 239,
    276, 147, 1, 1 };

static void
use(const struct sr_chunk *c)
{
	volatile char sum = 0;

	for (size_t i = 0; i < c->data.n; i++)
		sum = (char)(sum + c->data.p[i]);
	if (c->kind == SR_BROKEN && c->why == NULL)
		abort();
	if ((c->kind == SR_GAP) != (c->cut > 0) && c->kind != SR_DGRAM)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_rd r = { p, n, false };
	struct sr_frame f = { .time = 1700000000 * SR_SEC };
	struct sr_chunk c;
	struct sr_net *net;

	if (sr_net_new(&net, 256 * 1024) != SR_OK)
		abort();
	while (r.n >= 5) {
		size_t len;
		char *copy;

		f.link = links[sr_u8(&r) % 16];
		len = sr_u16(&r);
		f.wire = sr_u8(&r);
		f.time += sr_u8(&r) * (sr_time)(100 * SR_MSEC);
		len = len < r.n ? len : r.n;
		f.wire += len;
		f.num++;
		/* A copy of its own, so that reading past it is noticed. */
		copy = malloc(len > 0 ? len : 1);
		for (size_t i = 0; i < len; i++)
			copy[i] = (char)r.p[i];
		sr_take(&r, len);
		f.data = (struct sr_str){ copy, len };
		sr_net_frame(net, &f);
		while (sr_net_next(net, &c)) {
			use(&c);
			if (c.kind == SR_BYTES && c.data.n == 13)
				sr_net_ignore(net, &c.flow);
		}
		free(copy);
	}
	sr_net_finish(net);
	while (sr_net_next(net, &c))
		use(&c);
	sr_net_free(net);
	return 0;
}
