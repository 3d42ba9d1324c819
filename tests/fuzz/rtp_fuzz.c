/* rtp - RTP, RTCP, RED and a line of them: placed in order, never before the
 * end of what stands there already by more than a packet that was late. */
#include "siprec/rtp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct sr_format formats[] = {
	{ .id = SR_CODEC_PCMU, .clock = 8000, .channels = 1 },
	{ .id = SR_CODEC_EVENT, .clock = 8000, .pt = 101, .channels = 1 },
	{ .id = SR_CODEC_OPUS, .clock = 48000, .pt = 96, .channels = 2 },
	{ .id = SR_CODEC_UNKNOWN, .clock = 1, .pt = 97, .channels = 1 },
	{ .id = SR_CODEC_CN, .clock = 8000, .pt = 13, .channels = 1 },
	{ .id = SR_CODEC_AMR_WB, .clock = 16000, .pt = 98, .channels = 1 },
	{ .id = SR_CODEC_G729, .clock = 8000, .pt = 18, .channels = 1 },
	{ .id = SR_CODEC_UNKNOWN, .clock = 4000000000u, .pt = 99 }
};

static void
touch(struct sr_str s)
{
	volatile char c = 0;

	for (size_t i = 0; i < s.n; i++)
		c = s.p[i];
	(void)c;
}

static void
once(struct sr_str s)
{
	struct sr_str rest = s, primary;
	struct sr_rtcp c;
	struct sr_rtp h;
	uint8_t pt;

	sr_rtp_looks(s);
	sr_rtcp_looks(s);
	if (sr_rtp_parse(&h, s) == SR_OK) {
		touch(h.payload);
		touch(h.csrc);
		if (sr_red_primary(h.payload, &pt, &primary) == SR_OK)
			touch(primary);
	}
	while (sr_rtcp_next(&rest, &c) == SR_OK)
		touch(c.cname);
}

static void
drain(struct sr_line *l, struct sr_dtmf *d)
{
	const struct sr_line_packet *p;
	struct sr_dtmf done;
	uint32_t from, to;

	while ((p = sr_line_next(l)) != NULL) {
		touch(p->rtp.payload);
		if (p->at < 0 || p->hole < 0)
			abort();
		sr_line_turned(l, &from, &to);
		if (p->format->id == SR_CODEC_EVENT)
			sr_dtmf_put(d, p, &done);
	}
}

/* Twelve bytes a packet: what may vary, varies. */
static void
line(struct sr_rd r)
{
	struct sr_start start = { .t0 = SR_NEVER };
	struct sr_line *l, *other = NULL;
	struct sr_dtmf d = { 0 };
	struct sr_numbers n;
	sr_time now = 0;
	uint32_t ssrc;

	if (sr_line_new(&l, &start, true) != SR_OK)
		return;
	while (r.n >= 12) {
		struct sr_line_packet p = { 0 };
		const uint8_t *b = sr_take(&r, 4);

		p.rtp.ssrc = b[0] & 3;
		p.rtp.marker = b[0] >> 7;
		p.format = &formats[b[0] >> 2 & 7];
		now += b[1] < 0xf0 ? b[1] * SR_MSEC :
		    (b[1] - 0xf4) * 3600 * SR_SEC;
		now = now < 0 ? 0 : now;
		p.arrived = now;
		p.rtp.payload = (struct sr_str){ (const char *)r.p,
		    b[2] < r.n ? b[2] : r.n };
		p.rtp.seq = sr_u16(&r);
		p.rtp.ts = sr_u32(&r);
		p.cut = sr_u16(&r);
		p.ticks = sr_payload_ticks(p.format, p.rtp.payload);
		if (sr_line_put(l, &p) != SR_OK)
			break;
		if (b[3] & 1)
			sr_line_keep(l);
		else
			drain(l, &d);
		if (sr_line_wants_fork(l, &ssrc) && other == NULL &&
		    (b[3] & 2) && sr_line_new(&other, &start, true) == SR_OK)
			sr_line_fork(l, other);
	}
	sr_line_finish(l);
	drain(l, &d);
	sr_line_numbers(l, &n);
	if (other != NULL) {
		sr_line_finish(other);
		drain(other, &d);
	}
	sr_line_free(other);
	sr_line_free(l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str s = { (const char *)p, n };

	once(s);
	line(sr_rd(s));
	return 0;
}
