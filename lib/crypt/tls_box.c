/* tls_box - one direction of a TLS connection: its cipher, its keys, its
 * counter.  RFC 5246 6, RFC 5288, RFC 7366, RFC 7905, RFC 8446 5. */
#include "crypt/priv.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

enum { TAG = 16, EXPLICIT = 8, BLOCK = 16, HEADER = 5 };
enum kind { GCM, CHACHA, CBC };

static const struct tls_suite {
	uint16_t id;
	enum kind kind;
	size_t key;
	const char *hash;		/* of the PRF, or HKDF */
	size_t mac_n;			/* CBC */
	const char *mac;
} suites[] = {
	{ 0x1301, GCM, 16, "SHA256", 0, NULL },
	{ 0x1302, GCM, 32, "SHA384", 0, NULL },
	{ 0x1303, CHACHA, 32, "SHA256", 0, NULL },
	{ 0x009c, GCM, 16, "SHA256", 0, NULL },	/* RSA */
	{ 0x009d, GCM, 32, "SHA384", 0, NULL },
	{ 0x009e, GCM, 16, "SHA256", 0, NULL },	/* DHE */
	{ 0x009f, GCM, 32, "SHA384", 0, NULL },
	{ 0xc02b, GCM, 16, "SHA256", 0, NULL },	/* ECDHE */
	{ 0xc02c, GCM, 32, "SHA384", 0, NULL },
	{ 0xc02f, GCM, 16, "SHA256", 0, NULL },
	{ 0xc030, GCM, 32, "SHA384", 0, NULL },
	{ 0xcca8, CHACHA, 32, "SHA256", 0, NULL },
	{ 0xcca9, CHACHA, 32, "SHA256", 0, NULL },
	{ 0xccaa, CHACHA, 32, "SHA256", 0, NULL },
	{ 0x002f, CBC, 16, "SHA256", 20, "SHA1" },
	{ 0x0033, CBC, 16, "SHA256", 20, "SHA1" },
	{ 0x0035, CBC, 32, "SHA256", 20, "SHA1" },
	{ 0x0039, CBC, 32, "SHA256", 20, "SHA1" },
	{ 0xc009, CBC, 16, "SHA256", 20, "SHA1" },
	{ 0xc00a, CBC, 32, "SHA256", 20, "SHA1" },
	{ 0xc013, CBC, 16, "SHA256", 20, "SHA1" },
	{ 0xc014, CBC, 32, "SHA256", 20, "SHA1" },
	{ 0x003c, CBC, 16, "SHA256", 32, "SHA256" },
	{ 0x003d, CBC, 32, "SHA256", 32, "SHA256" },
	{ 0x0067, CBC, 16, "SHA256", 32, "SHA256" },
	{ 0x006b, CBC, 32, "SHA256", 32, "SHA256" },
	{ 0xc023, CBC, 16, "SHA256", 32, "SHA256" },
	{ 0xc027, CBC, 16, "SHA256", 32, "SHA256" },
	{ 0xc024, CBC, 32, "SHA384", 48, "SHA384" },
	{ 0xc028, CBC, 32, "SHA384", 48, "SHA384" }
};

const struct tls_suite *
tls_suite_find(uint16_t id, uint16_t version)
{
	if ((version != TLS12 && version != TLS13) ||
	    (version == TLS13) != (id >> 8 == 0x13))
		return NULL;
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

const char *
tls_hash(uint16_t id)
{
	const struct tls_suite *s = tls_suite_find(id, TLS12);

	return s != NULL ? s->hash : NULL;
}

/* ---- keys ---- */

static bool
derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool good = ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return good;
}

static OSSL_PARAM
octets(const char *name, const void *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)p, n);
}

static OSSL_PARAM
digest(const char *name)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
	    (char *)(uintptr_t)name, 0);
}

bool
tls_prf(const char *hash, struct sr_str secret, const char *label,
    const uint8_t *first, const uint8_t *second, uint8_t *out, size_t n)
{
	OSSL_PARAM p[] = { digest(hash),
	    octets(OSSL_KDF_PARAM_SECRET, secret.p, secret.n),
	    octets(OSSL_KDF_PARAM_SEED, label, strlen(label)),
	    octets(OSSL_KDF_PARAM_SEED, first, KEYLOG_RANDOM),
	    octets(OSSL_KDF_PARAM_SEED, second, KEYLOG_RANDOM),
	    OSSL_PARAM_construct_end() };

	return derive("TLS1-PRF", p, out, n);
}

/* HKDF-Expand-Label of RFC 8446 7.1, with an empty context. */
static bool
expand(const struct tls_suite *s, const uint8_t *secret, const char *label,
    uint8_t *out, size_t n)
{
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	size_t hash = s->hash[3] == '3' ? 48 : 32, k = strlen(label) + 6;
	uint8_t info[64] = { (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)k };
	OSSL_PARAM p[] = { digest(s->hash),
	    OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
	    octets(OSSL_KDF_PARAM_KEY, secret, hash),
	    octets(OSSL_KDF_PARAM_INFO, info, 3 + k + 1),
	    OSSL_PARAM_construct_end() };

	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, k - 6);
	return derive("HKDF", p, out, n);
}

static const EVP_CIPHER *
cipher(const struct tls_suite *s)
{
	switch (s->kind) {
	case GCM:
		return s->key == 16 ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
	case CHACHA:
		return EVP_chacha20_poly1305();
	case CBC:
		return s->key == 16 ? EVP_aes_128_cbc() : EVP_aes_256_cbc();
	}
	return NULL;
}

static int
begin(struct tls_box *b, const struct tls_hello *h)
{
	if ((b->suite = tls_suite_find(h->suite, h->version)) == NULL)
		return SR_EUNSUP;
	if (b->ctx == NULL && (b->ctx = EVP_CIPHER_CTX_new()) == NULL)
		return SR_ENOMEM;
	b->v13 = h->version == TLS13;
	b->etm = h->etm;
	b->seq = 0;
	return SR_OK;
}

static int
ready(struct tls_box *b)
{
	return EVP_DecryptInit_ex(b->ctx, cipher(b->suite), NULL, b->key,
	    NULL) == 1 ? SR_OK : SR_ENOMEM;
}

int
tls_box_key(struct tls_box *b, const struct tls_hello *h,
    struct sr_str master, bool client)
{
	uint8_t block[2 * (48 + 32 + 12)], *p = block;
	const struct tls_suite *s;
	size_t iv;
	int err;

	if ((err = begin(b, h)) != SR_OK)
		return err;
	s = b->suite;
	iv = s->kind == GCM ? 4 : s->kind == CHACHA ? 12 : 0;
	if (!tls_prf(s->hash, master, "key expansion", h->server, h->client,
	    block, 2 * (s->mac_n + s->key + iv)))
		return SR_ENOMEM;
	memcpy(b->mac, p + (client ? 0 : s->mac_n), s->mac_n);
	p += 2 * s->mac_n;
	memcpy(b->key, p + (client ? 0 : s->key), s->key);
	p += 2 * s->key;
	memcpy(b->iv, p + (client ? 0 : iv), iv);
	hash_wipe(block, sizeof(block));
	return ready(b);
}

static int
from_secret(struct tls_box *b)
{
	if (!expand(b->suite, b->secret, "key", b->key, b->suite->key) ||
	    !expand(b->suite, b->secret, "iv", b->iv, 12))
		return SR_ENOMEM;
	b->seq = 0;
	return ready(b);
}

int
tls_box_secret(struct tls_box *b, const struct tls_hello *h,
    struct sr_str secret)
{
	int err;

	if ((err = begin(b, h)) != SR_OK)
		return err;
	if (secret.n != (b->suite->hash[3] == '3' ? 48 : 32))
		return SR_EUNSUP;
	memcpy(b->secret, secret.p, secret.n);
	return from_secret(b);
}

int
tls_box_update(struct tls_box *b)
{
	uint8_t next[sizeof(b->secret)];

	if (!expand(b->suite, b->secret, "traffic upd", next,
	    b->suite->hash[3] == '3' ? 48 : 32))
		return SR_ENOMEM;
	memcpy(b->secret, next, sizeof(next));
	hash_wipe(next, sizeof(next));
	return from_secret(b);
}

void
tls_box_free(struct tls_box *b)
{
	EVP_CIPHER_CTX_free(b->ctx);
	hash_wipe(b, sizeof(*b));
}

/* ---- records ---- */

static void
put_seq(uint8_t *p, uint64_t seq)
{
	for (int i = 8; i-- > 0; seq >>= 8)
		p[i] = (uint8_t)seq;
}

static int
open_aead(struct tls_box *b, struct sr_str header, struct sr_str body,
    uint8_t *out, size_t *n)
{
	bool explicit = !b->v13 && b->suite->kind == GCM;
	size_t skip = explicit ? EXPLICIT : 0, len;
	uint8_t nonce[12], aad[8 + HEADER], *tag;
	const uint8_t *in = (const uint8_t *)body.p + skip;
	int k, a = 0;

	if (body.n < skip + TAG)
		return SR_EAUTH;
	len = body.n - skip - TAG;
	memcpy(nonce, b->iv, sizeof(nonce));
	put_seq(aad, b->seq);
	if (explicit)
		memcpy(nonce + 4, body.p, EXPLICIT);
	for (int i = 0; i < 8 && !explicit; i++)
		nonce[4 + i] ^= aad[i];
	if (!b->v13)
		a = 8;
	memcpy(aad + a, header.p, HEADER);
	if (!b->v13) {
		aad[11] = (uint8_t)(len >> 8);
		aad[12] = (uint8_t)len;
	}
	tag = (uint8_t *)(uintptr_t)in + len;	/* is only read */
	if (EVP_DecryptInit_ex(b->ctx, NULL, NULL, NULL, nonce) != 1 ||
	    EVP_CIPHER_CTX_ctrl(b->ctx, EVP_CTRL_AEAD_SET_TAG, TAG, tag) != 1 ||
	    EVP_DecryptUpdate(b->ctx, NULL, &k, aad, a + HEADER) != 1 ||
	    EVP_DecryptUpdate(b->ctx, out, &k, in, (int)len) != 1 ||
	    EVP_DecryptFinal_ex(b->ctx, out + k, &k) != 1)
		return SR_EAUTH;
	*n = len;
	return SR_OK;
}

/* Over counter, type, version, length and content. */
static bool
mac_fits(const struct tls_box *b, struct sr_str header, const uint8_t *p,
    size_t n, const uint8_t *mac)
{
	uint8_t head[8 + HEADER], got[EVP_MAX_MD_SIZE];
	OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string("digest",
	    (char *)(uintptr_t)b->suite->mac, 0),
	    OSSL_PARAM_construct_end() };
	EVP_MAC *m = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *c = m != NULL ? EVP_MAC_CTX_new(m) : NULL;
	size_t len = 0;
	bool good;

	put_seq(head, b->seq);
	memcpy(head + 8, header.p, 3);
	head[11] = (uint8_t)(n >> 8);
	head[12] = (uint8_t)n;
	good = c != NULL && EVP_MAC_init(c, b->mac, b->suite->mac_n, params) &&
	    EVP_MAC_update(c, head, sizeof(head)) && EVP_MAC_update(c, p, n) &&
	    EVP_MAC_final(c, got, &len, sizeof(got)) &&
	    len == b->suite->mac_n && hash_equal(got, mac, len);
	EVP_MAC_CTX_free(c);
	EVP_MAC_free(m);
	return good;
}

static int
open_cbc(struct tls_box *b, struct sr_str header, struct sr_str body,
    uint8_t *out, size_t *n)
{
	size_t mac = b->suite->mac_n, len, pad;
	const uint8_t *p = (const uint8_t *)body.p;
	int k = 0;

	if (b->etm) {
		if (body.n < mac || !mac_fits(b, header, p, body.n - mac,
		    p + body.n - mac))
			return SR_EAUTH;
		body.n -= mac;
	}
	if (body.n < 2 * BLOCK || body.n % BLOCK != 0)
		return SR_EAUTH;
	len = body.n - BLOCK;
	if (EVP_DecryptInit_ex(b->ctx, NULL, NULL, NULL, p) != 1 ||
	    EVP_CIPHER_CTX_set_padding(b->ctx, 0) != 1 ||
	    EVP_DecryptUpdate(b->ctx, out, &k, p + BLOCK, (int)len) != 1)
		return SR_EAUTH;
	pad = out[len - 1] + 1u;
	if (pad > len || (!b->etm && pad + mac > len))
		return SR_EAUTH;
	len -= pad;
	if (!b->etm) {
		len -= mac;
		if (!mac_fits(b, header, out, len, out + len))
			return SR_EAUTH;
	}
	*n = len;
	return SR_OK;
}

int
tls_box_open(struct tls_box *b, uint8_t *type, struct sr_str header,
    struct sr_str body, uint8_t *out, size_t *n)
{
	int err = b->suite->kind == CBC ? open_cbc(b, header, body, out, n) :
	    open_aead(b, header, body, out, n);

	if (err != SR_OK)
		return err;
	b->seq++;
	if (!b->v13)
		return SR_OK;
	while (*n > 0 && out[*n - 1] == 0)	/* padding, RFC 8446 5.4 */
		--*n;
	if (*n > 0)
		*type = out[--*n];
	return SR_OK;
}
