/* cert - our own certificate for DTLS: one key pair for the process, signed by
 * itself, known by its fingerprint (RFC 5763 section 5, RFC 8122). */
#include "crypt/priv.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <pthread.h>

static struct own {
	EVP_PKEY *key;
	X509 *cert;
	char text[8 + 3 * EVP_MAX_MD_SIZE];
	bool good;
} own;

/* The name tells nothing, and the serial number is random: RFC 8827 6.5. */
static bool
sign(struct own *o)
{
	X509_NAME *name = X509_get_subject_name(o->cert);
	uint8_t serial[8];

	hash_random(serial, sizeof(serial));
	/* Positive, and no zeros in front, which DER does not have. */
	serial[0] = (serial[0] & 0x3f) | 0x40;
	return X509_set_version(o->cert, 2) &&
	    ASN1_STRING_set(X509_get_serialNumber(o->cert), serial,
	    sizeof(serial)) &&
	    X509_gmtime_adj(X509_getm_notBefore(o->cert), -86400) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(o->cert), 86400 * 365) !=
	    NULL && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"siprec", -1, -1, 0) &&
	    X509_set_issuer_name(o->cert, name) &&
	    X509_set_pubkey(o->cert, o->key) &&
	    X509_sign(o->cert, o->key, EVP_sha256()) > 0;
}

/* "sha-256 12:34:..": RFC 8122 section 5. */
static bool
describe(struct own *o)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char md[EVP_MAX_MD_SIZE];
	char *p = o->text;
	unsigned n;

	if (!X509_digest(o->cert, EVP_sha256(), md, &n))
		return false;
	for (const char *s = "sha-256 "; *s != '\0'; s++)
		*p++ = *s;
	for (unsigned i = 0; i < n; i++) {
		*p++ = digits[md[i] >> 4];
		*p++ = digits[md[i] & 15];
		*p++ = i + 1 < n ? ':' : '\0';
	}
	return true;
}

static void
make(void)
{
	own.key = EVP_EC_gen("P-256");
	own.cert = X509_new();
	own.good = own.key != NULL && own.cert != NULL && sign(&own) &&
	    describe(&own);
}

static const struct own *
get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make);
	return own.good ? &own : NULL;
}

const char *
cert_fingerprint(void)
{
	return get() != NULL ? own.text : NULL;
}

bool
cert_own(EVP_PKEY **key, X509 **cert)
{
	if (get() == NULL)
		return false;
	*key = own.key;
	*cert = own.cert;
	return true;
}

/* ---- the peer's ---- */

/* By strength: a peer that names several is held to the best of them. */
static const struct hash {
	struct sr_str name;
	const char *md;
} hashes[] = {
	{ SR_STR("sha-1"), "SHA1" }, { SR_STR("sha-224"), "SHA224" },
	{ SR_STR("sha-256"), "SHA256" }, { SR_STR("sha-384"), "SHA384" },
	{ SR_STR("sha-512"), "SHA512" }
};
enum { HASHES = sizeof(hashes) / sizeof(hashes[0]) };

static int
rank(struct sr_str *value)
{
	struct sr_str name;

	*value = sr_trim(*value);
	sr_strcut(value, ' ', &name);
	for (int i = 0; i < HASHES; i++)
		if (sr_strieq(name, hashes[i].name))
			return i;
	return -1;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Pairs of digits with colons between; the length, 0 when it is none. */
static size_t
read_pairs(struct sr_str s, unsigned char *out)
{
	size_t n = 0;

	s = sr_trim(s);
	if (s.n % 3 != 2 || s.n / 3 >= EVP_MAX_MD_SIZE)
		return 0;
	for (size_t i = 0; i < s.n; i += 3) {
		int hi = digit(s.p[i]), lo = digit(s.p[i + 1]);

		if (hi < 0 || lo < 0 || (i + 2 < s.n && s.p[i + 2] != ':'))
			return 0;
		out[n++] = (unsigned char)(hi << 4 | lo);
	}
	return n;
}

bool
cert_fits(const X509 *cert, const struct sr_str *v, size_t n)
{
	unsigned char md[EVP_MAX_MD_SIZE], want[EVP_MAX_MD_SIZE];
	const EVP_MD *alg;
	bool fits = false;
	unsigned len;
	int best = -1;

	for (size_t i = 0; i < n; i++) {
		struct sr_str s = v[i];
		int k = rank(&s);

		best = k > best ? k : best;
	}
	if (best < 0 || (alg = EVP_get_digestbyname(hashes[best].md)) == NULL ||
	    !X509_digest(cert, alg, md, &len))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct sr_str s = v[i];

		if (rank(&s) == best && read_pairs(s, want) == len &&
		    hash_equal(md, want, len))
			fits = true;
	}
	return fits;
}
