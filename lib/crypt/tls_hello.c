/* tls_hello - ClientHello and ServerHello, RFC 8446 section 4.1, as far as
 * who only watches needs them. */
#include "crypt/priv.h"

#include <string.h>

enum {
	EXT_USE_SRTP = 14, EXT_ENCRYPT_THEN_MAC = 22, EXT_VERSIONS = 43
};

static bool
take_random(struct sr_rd *r, uint8_t *out)
{
	const uint8_t *p = sr_take(r, KEYLOG_RANDOM);

	if (p != NULL)
		memcpy(out, p, KEYLOG_RANDOM);
	return p != NULL;
}

int
tls_client_hello(struct tls_hello *h, struct sr_str body)
{
	struct sr_rd r = sr_rd(body);

	sr_u16(&r);			/* legacy version */
	if (!take_random(&r, h->client))
		return SR_EBAD;
	h->has_client = true;
	return SR_OK;
}

static void
extension(struct tls_hello *h, uint16_t type, struct sr_rd r)
{
	switch (type) {
	case EXT_ENCRYPT_THEN_MAC:
		h->etm = true;
		break;
	case EXT_VERSIONS:
		h->version = sr_u16(&r);
		break;
	case EXT_USE_SRTP:		/* RFC 5764 4.1.1: a list of one */
		if (sr_u16(&r) == 2)
			h->srtp = sr_u16(&r);
		break;
	}
}

int
tls_server_hello(struct tls_hello *h, struct sr_str body)
{
	struct sr_rd r = sr_rd(body), ext;
	struct tls_hello got = *h;

	got.etm = false;
	got.srtp = 0;
	got.version = sr_u16(&r);
	if (!take_random(&r, got.server))
		return SR_EBAD;
	sr_take(&r, sr_u8(&r));		/* session */
	got.suite = sr_u16(&r);
	sr_u8(&r);			/* compression */
	if (r.bad)
		return SR_EBAD;
	ext.n = sr_u16(&r);
	ext = (struct sr_rd){ sr_take(&r, ext.n), ext.n, r.bad };
	while (ext.n > 0 && !r.bad) {
		uint16_t type = sr_u16(&ext), n = sr_u16(&ext);
		const uint8_t *p = sr_take(&ext, n);

		if (ext.bad)
			return SR_EBAD;
		extension(&got, type, (struct sr_rd){ p, n, false });
	}
	*h = got;
	return SR_OK;
}
