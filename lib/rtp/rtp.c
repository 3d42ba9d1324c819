/* rtp - the fixed header of RFC 3550 section 5.1. */
#include "siprec/rtp.h"

/* A header without anything optional, as nearly all are. */
static bool
plain(struct sr_rtp *h, struct sr_str pkt)
{
	const uint8_t *p = (const uint8_t *)pkt.p;

	if (pkt.n < 12 || p[0] != 0x80)
		return false;
	h->marker = p[1] >> 7;
	h->pt = p[1] & 0x7f;
	h->seq = (uint16_t)(p[2] << 8 | p[3]);
	h->ts = (uint32_t)p[4] << 24 | (uint32_t)(p[5] << 16) |
	    (uint32_t)(p[6] << 8) | p[7];
	h->ssrc = (uint32_t)p[8] << 24 | (uint32_t)(p[9] << 16) |
	    (uint32_t)(p[10] << 8) | p[11];
	h->ncsrc = 0;
	h->csrc = (struct sr_str){ NULL, 0 };
	h->payload = (struct sr_str){ pkt.p + 12, pkt.n - 12 };
	return true;
}

int
sr_rtp_parse(struct sr_rtp *h, struct sr_str pkt)
{
	struct sr_rd r = sr_rd(pkt);
	uint8_t b0, b1;

	if (plain(h, pkt))
		return SR_OK;
	b0 = sr_u8(&r);
	b1 = sr_u8(&r);

	h->seq = sr_u16(&r);
	h->ts = sr_u32(&r);
	h->ssrc = sr_u32(&r);
	h->marker = b1 >> 7;
	h->pt = b1 & 0x7f;
	h->ncsrc = b0 & 0x0f;
	h->csrc = (struct sr_str){ (const char *)r.p, 4u * h->ncsrc };
	sr_take(&r, h->csrc.n);
	if (b0 & 0x10) {
		sr_u16(&r);			/* extension profile */
		sr_take(&r, 4u * sr_u16(&r));
	}
	if (r.bad || b0 >> 6 != 2)
		return SR_EBAD;
	if (b0 & 0x20) {
		/* A count of 0 is against 5.1 but does no harm: no padding. */
		size_t pad = r.n > 0 ? r.p[r.n - 1] : 0;

		if (pad > r.n)
			return SR_EBAD;
		r.n -= pad;
	}
	h->payload = (struct sr_str){ (const char *)r.p, r.n };
	return SR_OK;
}
