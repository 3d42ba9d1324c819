/* rtcp - compound packets of RFC 3550 section 6, one at a time. */
#include "siprec/rtp.h"

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
	} else if (out->type == 202 && (b0 & 0x1f) > 0) {
		out->cname = cname(body);
	}
	return SR_OK;
}
