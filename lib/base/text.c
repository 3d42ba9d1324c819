/* text - base64 and hexadecimal, RFC 4648; UUIDv5, RFC 4122. */
#include "siprec/base.h"

#include <string.h>

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
sr_base64_add(struct sr_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;
	int err = sr_buf_reserve(out, (n + 2) / 3 * 4);

	for (; err == SR_OK && n > 0; b += 3) {
		size_t k = n < 3 ? n : 3;
		uint32_t v = (uint32_t)b[0] << 16 |
		    (k > 1 ? (uint32_t)b[1] << 8 : 0) | (k > 2 ? b[2] : 0);
		char q[4] = { alphabet[v >> 18], alphabet[v >> 12 & 63],
		    k > 1 ? alphabet[v >> 6 & 63] : '=',
		    k > 2 ? alphabet[v & 63] : '=' };

		err = sr_buf_add(out, (struct sr_str){ q, 4 });
		n -= k;
	}
	return err;
}

int
sr_base64url_add(struct sr_buf *out, const void *p, size_t n)
{
	size_t from = out->n;
	int err = sr_base64_add(out, p, n);

	while (out->n > from && out->p[out->n - 1] == '=')
		out->n--;
	for (size_t i = from; i < out->n; i++)
		out->p[i] = out->p[i] == '+' ? '-' : out->p[i] == '/' ? '_' :
		    out->p[i];
	return err;
}

static int
sextet(char c)
{
	const char *hit = c != '\0' ? strchr(alphabet, c) : NULL;

	return hit != NULL ? (int)(hit - alphabet) : -1;
}

/* Four characters, the last pad of them for nothing: the bits that these drop
 * must be zero. */
static int
quad(struct sr_buf *out, uint32_t v, unsigned pad)
{
	if (pad > 2 || (v & ((1u << 8 * pad) - 1)) != 0)
		return SR_EBAD;
	return sr_buf_add(out, (struct sr_str){ (char[]){ (char)(v >> 16),
	    (char)(v >> 8), (char)v }, 3 - pad });
}

int
sr_base64_read(struct sr_buf *out, struct sr_str s)
{
	uint32_t v = 0;
	unsigned have = 0, pad = 0;
	int err = SR_OK;

	for (size_t i = 0; i < s.n && err == SR_OK; i++) {
		char c = s.p[i];
		int d = sextet(c);

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c == '=' && have >= 2)
			pad++;
		else if (d < 0 || pad > 0)
			return SR_EBAD;
		v = v << 6 | (d < 0 ? 0 : (uint32_t)d);
		if (++have < 4)
			continue;
		err = quad(out, v, pad);
		have = 0;
		v = 0;
		if (pad > 0) {
			struct sr_str rest = sr_substr(s, i + 1, s.n);

			return sr_trim(rest).n == 0 ? err : SR_EBAD;
		}
	}
	return err == SR_OK && have > 0 ? SR_EBAD : err;
}

int
sr_base64url_read(struct sr_buf *out, struct sr_str s)
{
	uint32_t v = 0;
	unsigned have = 0;
	int err = SR_OK;

	for (size_t i = 0; i < s.n && err == SR_OK; i++) {
		char c = s.p[i];
		int d = sextet(c == '-' ? '+' : c == '_' ? '/' : c);

		if (d < 0)
			return SR_EBAD;
		v = v << 6 | (uint32_t)d;
		if (++have < 4)
			continue;
		err = quad(out, v, 0);
		have = 0;
		v = 0;
	}
	if (err == SR_OK && have > 0)
		err = quad(out, v << 6 * (4 - have), 4 - have);
	return err;
}

int
sr_hex_add(struct sr_buf *out, const void *p, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *b = p;
	int err = SR_OK;

	for (size_t i = 0; i < n && err == SR_OK; i++)
		err = sr_buf_add(out, (struct sr_str){ (char[]){ hex[b[i] >> 4],
		    hex[b[i] & 15] }, 2 });
	return err;
}

void
sr_uuid5(const struct sr_crypto *c, struct sr_str name, uint8_t out[16])
{
	/* Our name space: a random UUID drawn once for this project. */
	static const char space[] = "\x6d\x1f\x0e\x52\x8b\x3a\x4c\x77"
	    "\x9e\x21\x5a\xd0\x43\xf6\xb8\x19";
	uint8_t digest[20];
	struct sr_buf in;

	memset(out, 0, 16);
	sr_buf_init(&in, name.n + 16);
	if (sr_buf_add(&in, (struct sr_str){ space, 16 }) == SR_OK &&
	    sr_buf_add(&in, name) == SR_OK) {
		c->hash(SR_SHA1, sr_buf_str(&in), digest);
		memcpy(out, digest, 16);
		out[6] = (uint8_t)((out[6] & 0x0f) | 0x50);
		out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
	}
	sr_buf_free(&in);
}
