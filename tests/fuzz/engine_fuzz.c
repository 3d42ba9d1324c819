/* engine - whatever is fed, events stay readable, and every session that
 * begins ends.  The input is flags, then records: what it is and on which
 * flow, how much later, how long (16 bits), and the bytes themselves. */
#include "siprec/core.h"
#include "siprec/crypt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { ALL = 1, NO_PAYLOAD = 2, SMALL = 4 };

static long open_sessions;

static void
touch(const void *p, size_t n)
{
	const volatile char *c = p;
	char sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = (char)(sum ^ c[i]);
	(void)sum;
}

static void
take(const struct sr_event *ev)
{
	struct sr_buf b;

	if (ev->kind == SR_EV_BEGIN) {
		open_sessions++;
		*sr_session_slot(ev->session) = &open_sessions;
	}
	if (ev->kind == SR_EV_END)
		open_sessions--;
	if (ev->session != NULL && (*sr_session_slot(ev->session) == NULL ||
	    sr_session_id(ev->session).n == 0))
		abort();		/* an event before the begin */
	if (ev->kind == SR_EV_MEDIA) {
		touch(ev->u.media->rtp.payload.p, ev->u.media->rtp.payload.n);
		if (ev->u.media->hole < 0 || ev->u.media->at < 0)
			abort();
		return;
	}
	sr_buf_init(&b, 16 << 20);
	sr_event_json(ev, NULL, &b);
	sr_event_text(ev, &b);
	touch(b.p, b.n);
	sr_buf_free(&b);
}

static void
drain(struct sr_engine *e)
{
	const struct sr_event *ev;
	struct sr_flow f;

	while ((ev = sr_engine_next(e)) != NULL)
		take(ev);
	sr_engine_unwanted(e, &f);
}

/* Eight flows: four pairs, the last two of them TCP. */
static struct sr_flow
flow(unsigned i)
{
	static const uint16_t ports[] = { 5060, 40000, 40002, 5060 };
	struct sr_addr a = { .ip = { 192, 0, 2, 1 }, .family = 4,
	    .port = ports[i >> 1] };
	struct sr_addr b = { .ip = { 192, 0, 2, 2 }, .family = 4,
	    .port = ports[i >> 1] };

	return i & 1 ? (struct sr_flow){ b, a, i >= 6 ? SR_TCP : SR_UDP } :
	    (struct sr_flow){ a, b, i >= 6 ? SR_TCP : SR_UDP };
}

/* Mostly milliseconds, now and then hours, or back. */
static sr_time
step(uint8_t b)
{
	if (b < 0xf0)
		return b * SR_MSEC;
	return b < 0xf8 ? (b & 7) * 20000 * SR_SEC : -(b & 7) * SR_SEC;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const enum sr_chunk_kind kinds[] = { SR_DGRAM, SR_BYTES, SR_GAP,
	    SR_CLOSE, SR_BROKEN };
	struct sr_rd r = { p, n, false };
	uint8_t flags = sr_u8(&r);
	struct sr_cfg cfg = { .all = flags & ALL,
	    .no_payload = flags & NO_PAYLOAD, .crypto = &sr_crypto_full };
	struct sr_chunk c = { .time = 1700000000 * SR_SEC };
	struct sr_engine *e;

	if (flags & SMALL) {
		cfg.max_message = 2048;
		cfg.max_sessions = 2;
		cfg.max_flows = 4;
		cfg.max_orphans = 4096;
	}
	open_sessions = 0;
	if (sr_engine_new(&e, &cfg) != SR_OK)
		return 0;
	while (!r.bad && r.n > 0) {
		uint8_t what = sr_u8(&r);
		size_t len;

		c.kind = kinds[(what & 7) % 5];
		c.flow = flow(what >> 3 & 7);
		c.cut = what & 0x40 ? 80 : 0;
		c.time += step(sr_u8(&r));
		c.num++;
		len = sr_u16(&r);
		len = len < r.n ? len : r.n;
		c.data = (struct sr_str){ (const char *)sr_take(&r, len), len };
		c.why = "broken";
		sr_engine_feed(e, &c);
		drain(e);
	}
	sr_engine_finish(e, c.time);
	drain(e);
	if (open_sessions != 0)
		abort();
	sr_engine_free(e);
	return 0;
}
