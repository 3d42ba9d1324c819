/* pack - numbers and strings as bytes, for what struct sr_rd reads again. */
#include "siprec/base.h"

static int
pack(struct sr_buf *b, uint64_t v, unsigned n)
{
	char bytes[8];

	for (unsigned i = 0; i < n; i++)
		bytes[i] = (char)(v >> 8 * (n - 1 - i));
	return sr_buf_add(b, (struct sr_str){ bytes, n });
}

int
sr_pack_u8(struct sr_buf *b, uint8_t v)
{
	return pack(b, v, 1);
}

int
sr_pack_u16(struct sr_buf *b, uint16_t v)
{
	return pack(b, v, 2);
}

int
sr_pack_u32(struct sr_buf *b, uint32_t v)
{
	return pack(b, v, 4);
}

int
sr_pack_u64(struct sr_buf *b, uint64_t v)
{
	return pack(b, v, 8);
}

int
sr_pack_str(struct sr_buf *b, struct sr_str s)
{
	int err = s.n <= UINT32_MAX ? sr_pack_u32(b, (uint32_t)s.n) : SR_ELIMIT;

	return err == SR_OK ? sr_buf_add(b, s) : err;
}

struct sr_str
sr_unpack_str(struct sr_rd *r, size_t max)
{
	uint32_t n = sr_u32(r);
	const uint8_t *p;

	if (n > max)
		r->bad = true;
	p = sr_take(r, n);
	return p != NULL && n > 0 ? (struct sr_str){ (const char *)p, n } :
	    (struct sr_str){ NULL, 0 };
}
