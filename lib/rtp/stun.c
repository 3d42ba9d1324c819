/* stun - binding requests answered, RFC 8489, for the lite side of ICE
 * (RFC 8445 section 7.3): it proves who we are, and asks nothing itself. */
#include "siprec/rtp.h"

#include <string.h>

enum {
	HEADER = 20, TAG = 20, MAGIC = 0x2112a442, CRC_XOR = 0x5354554e,
	BINDING = 0x0001, BINDING_OK = 0x0101, BINDING_ERROR = 0x0111,
	USERNAME = 0x0006, INTEGRITY = 0x0008, ERROR_CODE = 0x0009,
	UNKNOWN = 0x000a, XOR_MAPPED = 0x0020, PRIORITY = 0x0024,
	USE_CANDIDATE = 0x0025, FINGERPRINT = 0x8028, OPTIONAL = 0x8000
};

struct request {
	struct sr_str id, username;	/* id: cookie and transaction */
	size_t integrity;		/* where that attribute begins, or 0 */
	struct sr_str tag;
	uint16_t unknown;		/* must be understood, and is not */
	bool nominated;
};

/* RFC 8489 14.7: the CRC of ITU V.42, four bits at a time. */
static uint32_t
crc(struct sr_str s)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8,
	    0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
	    0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0,
	    0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t v = UINT32_MAX;

	for (size_t i = 0; i < s.n; i++) {
		v ^= (uint8_t)s.p[i];
		v = v >> 4 ^ table[v & 15];
		v = v >> 4 ^ table[v & 15];
	}
	return ~v;
}

bool
sr_stun_looks(struct sr_str pkt)
{
	struct sr_rd r = sr_rd(pkt);
	uint16_t type = sr_u16(&r), n = sr_u16(&r);
	uint32_t magic = sr_u32(&r);

	return pkt.n >= HEADER && type < 0x4000 && n % 4 == 0 &&
	    magic == MAGIC && n == pkt.n - HEADER;
}

/* Integrity covers what is before it; only a fingerprint may follow. */
static void
attribute(struct request *q, uint16_t type, struct sr_str v, size_t at)
{
	if (q->integrity != 0)
		return;
	switch (type) {
	case USERNAME:
		q->username = v;
		break;
	case INTEGRITY:
		q->integrity = at;
		q->tag = v;
		break;
	case USE_CANDIDATE:
		q->nominated = true;
		break;
	case PRIORITY:
		break;
	default:
		if (type < OPTIONAL && q->unknown == 0)
			q->unknown = type;
	}
}

static int
parse(struct request *q, struct sr_str pkt)
{
	struct sr_rd r = sr_rd(pkt);
	const uint8_t *id;

	if (!sr_stun_looks(pkt) || sr_u16(&r) != BINDING)
		return SR_EBAD;
	sr_u16(&r);
	id = sr_take(&r, 16);
	*q = (struct request){ .id = { (const char *)id, 16 } };
	while (r.n > 0 && !r.bad) {
		size_t at = pkt.n - r.n;
		uint16_t type = sr_u16(&r), n = sr_u16(&r);
		const uint8_t *v = sr_take(&r, n);
		struct sr_rd f = { v, n, false };

		sr_take(&r, -n & 3u);
		if (r.bad)
			return SR_EBAD;
		if (type == FINGERPRINT && (n != 4 || r.n > 0 ||
		    (sr_u32(&f) ^ CRC_XOR) != crc(sr_substr(pkt, 0, at))))
			return SR_EBAD;
		attribute(q, type, (struct sr_str){ (const char *)v, n }, at);
	}
	return r.bad ? SR_EBAD : SR_OK;
}

/* "ours:theirs", and an HMAC over all before it, as if it were the end. */
static bool
authentic(const struct request *q, struct sr_str pkt,
    const struct sr_stun_ask *ask, const struct sr_crypto *c)
{
	uint8_t tag[TAG], covered[512 + HEADER];
	struct sr_str name = q->username;
	size_t n = q->integrity, length = n + 4 + TAG - HEADER;

	if (n == 0 || n > sizeof(covered) || q->tag.n != TAG ||
	    ask->ufrag.n == 0 || name.n <= ask->ufrag.n ||
	    name.p[ask->ufrag.n] != ':' ||
	    !sr_strstarts(name, ask->ufrag))
		return false;
	memcpy(covered, pkt.p, n);
	covered[2] = (uint8_t)(length >> 8);
	covered[3] = (uint8_t)length;
	c->hmac(SR_SHA1, ask->pwd, (struct sr_str){ (char *)covered, n }, tag);
	return c->equal(tag, q->tag.p, TAG);
}

/* ---- the answer ---- */

static size_t
put16(uint8_t *p, size_t at, unsigned v)
{
	p[at] = (uint8_t)(v >> 8);
	p[at + 1] = (uint8_t)v;
	return at + 2;
}

static size_t
mapped(uint8_t *p, size_t at, const struct sr_stun_ask *ask)
{
	at = put16(p, at, XOR_MAPPED);
	at = put16(p, at, 4 + (unsigned)ask->nip);
	at = put16(p, at, ask->nip == 4 ? 1 : 2);
	at = put16(p, at, ask->port ^ MAGIC >> 16);
	for (size_t i = 0; i < ask->nip; i++)	/* cookie, then transaction */
		p[at++] = ask->ip[i] ^ p[4 + i];
	return at;
}

static size_t
refused(uint8_t *p, size_t at, uint16_t unknown)
{
	at = put16(p, at, ERROR_CODE);
	at = put16(p, at, 4);
	at = put16(p, at, 0);
	at = put16(p, at, 4 << 8 | 20);
	at = put16(p, at, UNKNOWN);
	at = put16(p, at, 2);
	at = put16(p, at, unknown);
	return put16(p, at, 0);
}

static size_t
sign(uint8_t *p, size_t at, struct sr_str pwd, const struct sr_crypto *c)
{
	uint32_t v;

	put16(p, 2, (unsigned)(at + 4 + TAG - HEADER));
	put16(p, put16(p, at, INTEGRITY), TAG);
	c->hmac(SR_SHA1, pwd, (struct sr_str){ (char *)p, at }, p + at + 4);
	at += 4 + TAG;
	put16(p, 2, (unsigned)(at + 8 - HEADER));
	v = crc((struct sr_str){ (char *)p, at }) ^ CRC_XOR;
	at = put16(p, put16(p, at, FINGERPRINT), 4);
	return put16(p, put16(p, at, v >> 16), v & 0xffff);
}

int
sr_stun_answer(struct sr_buf *out, struct sr_str pkt, struct sr_stun_ask *ask,
    const struct sr_crypto *c)
{
	uint8_t p[HEADER + 128];
	size_t at = HEADER;
	struct request q;
	int err;

	if ((err = parse(&q, pkt)) != SR_OK)
		return err;
	if (!authentic(&q, pkt, ask, c))
		return SR_EAUTH;
	put16(p, 0, q.unknown != 0 ? BINDING_ERROR : BINDING_OK);
	memcpy(p + 4, q.id.p, q.id.n);
	at = q.unknown != 0 ? refused(p, at, q.unknown) : mapped(p, at, ask);
	at = sign(p, at, ask->pwd, c);
	err = sr_buf_add(out, (struct sr_str){ (char *)p, at });
	if (err == SR_OK && q.unknown != 0)
		return SR_EUNSUP;
	ask->nominated = q.nominated;
	return err;
}
