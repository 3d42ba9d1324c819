/* rtcp - compound packets of RFC 3550 section 6, one at a time. */
#include "siprec/rtp.h"

enum { BLOCK = 24 };

/* The CNAME of the first chunk, section 6.5.1. */
static struct sr_str
cname(struct sr_rd r)
{
	while (!r.bad && r.n >= 2) {
		uint8_t type = sr_u8(&r), n = type != 0 ? sr_u8(&r) : 0;
		const uint8_t *p = sr_take(&r, n);

		if (type == 1 && p != NULL)
			return (struct sr_str){ (const char *)p, n };
		if (type == 0)
			break;
	}
	return (struct sr_str){ NULL, 0 };
}

/* As many as the header says and there is room for; what is behind them is a
 * profile's own. */
static struct sr_str
blocks(struct sr_rd r, unsigned count)
{
	size_t n = r.n / BLOCK < count ? r.n / BLOCK : count;

	return (struct sr_str){ (const char *)r.p, n * BLOCK };
}

bool
sr_report_next(struct sr_str *rest, struct sr_report *out)
{
	struct sr_rd r = sr_rd(*rest);
	uint32_t lost;

	out->ssrc = sr_u32(&r);
	lost = sr_u32(&r);
	out->fraction = (uint8_t)(lost >> 24);
	out->lost = (int32_t)(lost << 8) >> 8;	/* 24 bits with a sign */
	out->highest = sr_u32(&r);
	out->jitter = sr_u32(&r);
	out->lsr = sr_u32(&r);
	out->dlsr = sr_u32(&r);
	*rest = (struct sr_str){ (const char *)r.p, r.n };
	return !r.bad;
}

int
sr_rtcp_next(struct sr_str *rest, struct sr_rtcp *out)
{
	struct sr_rd r = sr_rd(*rest), body;
	const uint8_t *p;
	uint8_t b0;
	size_t n;

	*out = (struct sr_rtcp){ 0 };
	if (rest->n == 0)
		return SR_ENOENT;
	b0 = sr_u8(&r);
	out->type = sr_u8(&r);
	n = 4u * sr_u16(&r);
	p = sr_take(&r, n);
	if (r.bad || b0 >> 6 != 2) {
		*rest = (struct sr_str){ rest->p, 0 };
		return SR_EBAD;
	}
	*rest = (struct sr_str){ (const char *)r.p, r.n };
	body = (struct sr_rd){ p, n, false };
	if (n >= 4)
		out->ssrc = sr_u32(&body);
	if (out->type == 200 && n >= 24) {
		out->ntp = sr_u64(&body);
		out->rtp_ts = sr_u32(&body);
		sr_take(&body, 8);		/* packets, octets */
		out->blocks = blocks(body, b0 & 0x1f);
	} else if (out->type == 201 && n >= 4) {
		out->blocks = blocks(body, b0 & 0x1f);
	} else if (out->type == 202 && (b0 & 0x1f) > 0) {
		out->cname = cname(body);
	}
	return SR_OK;
}
