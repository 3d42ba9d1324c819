/* payload - how long a payload lasts, told without decoding it. */
#include "siprec/rtp.h"

/* RFC 6716 section 3.1: the duration of a frame is in the five high bits of
 * the first byte, the number of frames in its two low bits or, for code 3, in
 * the second byte.  In units of 48 kHz; a packet holds 120 ms at most. */
static uint32_t
opus_ticks(struct sr_str payload)
{
	static const uint16_t silk[] = { 480, 960, 1920, 2880 };
	struct sr_rd r = sr_rd(payload);
	uint8_t toc = sr_u8(&r), code = toc & 3, config = toc >> 3;
	uint32_t n, frame;

	if (config < 12)
		frame = silk[config & 3];
	else if (config < 16)
		frame = silk[config & 1];
	else
		frame = 120u << (config & 3);
	n = code == 0 ? 1 : code < 3 ? 2 : sr_u8(&r) & 0x3f;
	return r.bad || n * frame > 5760 ? 0 : n * frame;
}

static bool
octet_aligned(struct sr_str fmtp)
{
	struct sr_str value, key;

	while (sr_strcut(&fmtp, ';', &value))
		if (sr_strcut(&value, '=', &key) &&
		    sr_strieq(sr_trim(key), SR_STR("octet-align")))
			return sr_streq(sr_trim(value), SR_STR("1"));
	return false;
}

/* RFC 4867 section 4.3.2, 4.4.2: after the four bits of CMR one entry a frame,
 * each with a bit that says whether another follows; six bits each, or octets
 * where all is aligned to them. */
static uint32_t
amr_frames(const struct sr_format *f, struct sr_str payload)
{
	const uint8_t *p = (const uint8_t *)payload.p;
	size_t step = 6, at = 4;
	uint32_t n = 0;

	if (octet_aligned(f->fmtp))
		step = at = 8;
	for (; at + step <= 8 * payload.n; at += step) {
		n++;
		if ((p[at / 8] << at % 8 & 0x80) == 0)
			return n;
	}
	return 0;
}

uint32_t
sr_payload_ticks(const struct sr_format *f, struct sr_str payload)
{
	uint32_t n = payload.n < UINT16_MAX ? (uint32_t)payload.n : UINT16_MAX;
	uint32_t channels = f->channels > 0 ? f->channels : 1;

	switch (f->id) {
	case SR_CODEC_PCMU:
	case SR_CODEC_PCMA:		/* most: a division takes long */
		return channels == 1 ? n : n / channels;
	case SR_CODEC_L16: return n / 2 / channels;
	case SR_CODEC_G722: return n;	/* RFC 3551 4.5.2 */
	case SR_CODEC_G726_16: return n * 8 / 2;
	case SR_CODEC_G726_24: return n * 8 / 3;
	case SR_CODEC_G726_32: return n * 8 / 4;
	case SR_CODEC_G726_40: return n * 8 / 5;
	case SR_CODEC_GSM: return n / 33 * 160;
	/* Frames of 10 bytes, then perhaps one of 2 (RFC 3551 4.5.6). */
	case SR_CODEC_G729: return (n + 8) / 10 * 80;
	case SR_CODEC_OPUS: return opus_ticks(payload);
	case SR_CODEC_AMR: return 160 * amr_frames(f, payload);
	case SR_CODEC_AMR_WB: return 320 * amr_frames(f, payload);
	case SR_CODEC_CN:
	case SR_CODEC_EVENT:
	case SR_CODEC_RED:
	case SR_CODEC_UNKNOWN: break;
	}
	return 0;
}

/* RFC 2198 section 3: a header a block, the last (the primary's) of one byte,
 * then the blocks in the same order. */
int
sr_red_primary(struct sr_str payload, uint8_t *pt, struct sr_str *primary)
{
	struct sr_rd r = sr_rd(payload);
	size_t older = 0;
	uint8_t b;

	while ((b = sr_u8(&r)) & 0x80) {
		uint32_t rest = (uint32_t)sr_u8(&r) << 16 | sr_u16(&r);

		older += rest & 0x3ff;
	}
	sr_take(&r, older);
	if (r.bad)
		return SR_EBAD;
	*pt = b & 0x7f;
	*primary = (struct sr_str){ (const char *)r.p, r.n };
	return SR_OK;
}
