/* Claims about signatures under a call: lib/crypt/signers.c. */
#include "unit/test.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "siprec/crypt.h"

#define NOW (1800000000 * SR_SEC)
#define DAY (86400 * SR_SEC)

/* ---- certificates ---- */

struct made {
	EVP_PKEY *key;
	X509 *x;
};

static void
extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* NULL by: it signs itself, and may sign others. */
static struct made
make_with(EVP_PKEY *key, const char *san, const struct made *by)
{
	struct made m = { key, X509_new() };
	X509_NAME *name = X509_get_subject_name(m.x);
	static int serial;

	X509_set_version(m.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(m.x), ++serial);
	ASN1_TIME_set(X509_getm_notBefore(m.x), (NOW - DAY) / SR_SEC);
	ASN1_TIME_set(X509_getm_notAfter(m.x), (NOW + DAY) / SR_SEC);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)(by == NULL ? "authority" : "signer"), -1,
	    -1, 0);
	X509_set_issuer_name(m.x, by != NULL ? X509_get_subject_name(by->x) :
	    name);
	X509_set_pubkey(m.x, m.key);
	if (by == NULL)
		extend(m.x, NID_basic_constraints, "critical,CA:TRUE");
	if (san != NULL)
		extend(m.x, NID_subject_alt_name, san);
	X509_sign(m.x, by != NULL ? by->key : m.key, EVP_sha256());
	return m;
}

static struct made
make(const char *san, const struct made *by)
{
	return make_with(EVP_EC_gen("P-256"), san, by);
}

static void
unmake(struct made *m)
{
	EVP_PKEY_free(m->key);
	X509_free(m->x);
}

static struct sr_str
pem_of(const struct made *m)
{
	static char text[8][8192];
	static int at;
	BIO *b = BIO_new(BIO_s_mem());
	char *p = text[at++ % 8];
	int n;

	PEM_write_bio_X509(b, m->x);
	n = BIO_read(b, p, sizeof(text[0]));
	BIO_free(b);
	return (struct sr_str){ p, n > 0 ? (size_t)n : 0 };
}

/* ---- signatures ---- */

/* As RFC 7518 has them; good until the next. */
static struct sr_str
sign(EVP_PKEY *key, struct sr_str text)
{
	static unsigned char out[1024];
	unsigned char der[1024];
	const unsigned char *p = der;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = sizeof(der);
	ECDSA_SIG *s;

	EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key);
	EVP_DigestSign(c, der, &n, (const unsigned char *)text.p, text.n);
	EVP_MD_CTX_free(c);
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		memcpy(out, der, n);
		return (struct sr_str){ (char *)out, n };
	}
	s = d2i_ECDSA_SIG(NULL, &p, (long)n);
	BN_bn2binpad(ECDSA_SIG_get0_r(s), out, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(s), out + 32, 32);
	ECDSA_SIG_free(s);
	return (struct sr_str){ (char *)out, 64 };
}

static struct sr_signature
signature(EVP_PKEY *key, const char *alg, const char *uri)
{
	struct sr_str text = SR_STR("what is signed");

	return (struct sr_signature){ .alg = sr_cstr(alg),
	    .uri = sr_cstr(uri), .text = text, .bytes = sign(key, text) };
}

static int
verify(const struct sr_signers *s, struct sr_signature sig)
{
	return sr_crypto_full.verify(s, &sig, NOW);
}

TEST(signers_take_a_signature_of_theirs_and_no_other)
{
	struct made a = make(NULL, NULL), b = make(NULL, NULL);
	struct sr_signature sig = signature(a.key, "ES256", "https://a");
	struct sr_signers *s;

	CHECK_EQ(sr_signers_new(&s), SR_OK);
	CHECK_EQ(verify(NULL, sig), SR_ENOENT);
	CHECK_EQ(verify(s, sig), SR_ENOENT);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), pem_of(&b)), SR_OK);
	CHECK_EQ(verify(s, sig), SR_EAUTH);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), pem_of(&a)), SR_OK);
	CHECK_EQ(verify(s, sig), SR_OK);
	sig.text = SR_STR("what is Signed");
	CHECK_EQ(verify(s, sig), SR_EAUTH);
	sig = signature(a.key, "ES256", "https://a");
	sig.bytes.n--;
	CHECK_EQ(verify(s, sig), SR_EAUTH);
	sig.bytes.n = 0;
	CHECK_EQ(verify(s, sig), SR_EAUTH);
	sig = signature(a.key, "ES512", "https://a");
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	sig = signature(a.key, "none", "https://a");
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	/* A key is of one algorithm. */
	sig = signature(a.key, "RS256", "https://a");
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	sr_signers_free(s);
	unmake(&a);
	unmake(&b);
}

TEST(signers_are_asked_by_the_uri_they_are_for)
{
	struct made a = make(NULL, NULL), b = make(NULL, NULL);
	struct sr_signers *s;

	sr_signers_new(&s);
	sr_signers_add(s, SR_STR("https://a"), pem_of(&a));
	CHECK_EQ(verify(s, signature(a.key, "ES256", "https://a")), SR_OK);
	CHECK_EQ(verify(s, signature(a.key, "ES256", "https://b")),
	    SR_ENOENT);
	/* Who is for any is not for one that somebody else is for. */
	sr_signers_add(s, sr_cstr(NULL), pem_of(&b));
	CHECK_EQ(verify(s, signature(b.key, "ES256", "https://b")), SR_OK);
	CHECK_EQ(verify(s, signature(b.key, "ES256", "https://a")), SR_EAUTH);
	CHECK_EQ(verify(s, signature(a.key, "ES256", "https://a")), SR_OK);
	sr_signers_free(s);
	unmake(&a);
	unmake(&b);
}

TEST(signers_sign_for_their_own_domain_and_in_their_time)
{
	struct made a = make("URI:sip:example.com,DNS:other.example", NULL);
	struct sr_signature sig = signature(a.key, "ES256", "https://a");
	struct sr_signers *s;

	sr_signers_new(&s);
	sr_signers_add(s, sr_cstr(NULL), pem_of(&a));
	sig.domain = SR_STR("Example.com");
	CHECK_EQ(verify(s, sig), SR_OK);
	sig.domain = SR_STR("other.example");
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	sig.domain = SR_STR("sub.example.com");
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	sig.domain = sr_cstr(NULL);
	CHECK_EQ(sr_crypto_full.verify(s, &sig, NOW + 2 * DAY), SR_EUNSUP);
	CHECK_EQ(sr_crypto_full.verify(s, &sig, NOW - 2 * DAY), SR_EUNSUP);
	sr_signers_free(s);
	unmake(&a);
}

TEST(signers_want_an_authority_to_vouch_once_there_is_one)
{
	struct made root = make(NULL, NULL), other = make(NULL, NULL);
	struct made good = make(NULL, &root), bad = make(NULL, &other);
	struct sr_signature sig;
	struct sr_signers *s;

	sr_signers_new(&s);
	sr_signers_add(s, SR_STR("https://good"), pem_of(&good));
	sr_signers_add(s, SR_STR("https://bad"), pem_of(&bad));
	sig = signature(bad.key, "ES256", "https://bad");
	CHECK_EQ(verify(s, sig), SR_OK);
	CHECK_EQ(sr_signers_trust(s, pem_of(&root)), SR_OK);
	CHECK_EQ(verify(s, sig), SR_EUNSUP);
	sig = signature(good.key, "ES256", "https://good");
	CHECK_EQ(verify(s, sig), SR_OK);
	CHECK_EQ(sr_crypto_full.verify(s, &sig, NOW + 2 * DAY), SR_EUNSUP);
	sr_signers_free(s);
	unmake(&root);
	unmake(&other);
	unmake(&good);
	unmake(&bad);
}

TEST(signers_speak_rs256_but_not_with_a_short_key)
{
	struct made a = make_with(EVP_RSA_gen(2048), NULL, NULL);
	struct made b = make_with(EVP_RSA_gen(1024), NULL, NULL);
	struct sr_signers *s;

	sr_signers_new(&s);
	sr_signers_add(s, SR_STR("https://a"), pem_of(&a));
	sr_signers_add(s, SR_STR("https://b"), pem_of(&b));
	CHECK_EQ(verify(s, signature(a.key, "RS256", "https://a")), SR_OK);
	CHECK_EQ(verify(s, signature(a.key, "ES256", "https://a")), SR_EUNSUP);
	CHECK_EQ(verify(s, signature(b.key, "RS256", "https://b")), SR_EUNSUP);
	CHECK_EQ(verify(s, signature(b.key, "RS256", "https://a")), SR_EAUTH);
	sr_signers_free(s);
	unmake(&a);
	unmake(&b);
}

TEST(signers_are_read_from_pem_and_from_nothing_else)
{
	struct made a = make(NULL, NULL);
	struct sr_str pem = pem_of(&a);
	struct sr_signers *s;

	sr_signers_new(&s);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), sr_cstr(NULL)), SR_EBAD);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), SR_STR("hello")), SR_EBAD);
	CHECK_EQ(sr_signers_trust(s, SR_STR("hello")), SR_EBAD);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), sr_substr(pem, 0, pem.n -
	    40)), SR_EBAD);
	CHECK_EQ(sr_signers_add(s, sr_cstr(NULL), pem), SR_OK);
	sr_signers_free(s);
	sr_signers_free(NULL);
	unmake(&a);
}

/* The key of RFC 7515 appendix A.3: a point of the curve. */
static EVP_PKEY *
example_key(void)
{
	struct sr_buf der;
	const unsigned char *p;
	EVP_PKEY *key;

	sr_buf_init(&der, 200);
	sr_buf_add(&der, SR_STR("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce"
	    "\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42"
	    "\x00\x04"));
	sr_base64url_read(&der, SR_STR(
	    "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"));
	sr_base64url_read(&der, SR_STR(
	    "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"));
	p = (const unsigned char *)der.p;
	key = d2i_PUBKEY(NULL, &p, (long)der.n);
	sr_buf_free(&der);
	return key;
}

/* That of RFC 8225 appendix A fits neither of the two keys beside it. */
TEST(signers_take_the_example_of_rfc_7515)
{
	struct sr_signature sig = { .alg = SR_STR("ES256"),
	    .uri = SR_STR("https://a"), .text = SR_STR("eyJhbGciOiJFUzI1NiJ9."
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGF"
	    "tcGxlLmNvbS9pc19yb290Ijp0cnVlfQ") };
	struct made root = make(NULL, NULL);
	struct made a = make_with(example_key(), NULL, &root);
	struct sr_signers *s;
	struct sr_buf raw;

	sr_buf_init(&raw, 100);
	CHECK_EQ(sr_base64url_read(&raw, SR_STR("DtEhU3ljbEg8L38VWAfUAqOyKAM6-"
	    "Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")),
	    SR_OK);
	sig.bytes = sr_buf_str(&raw);
	sr_signers_new(&s);
	CHECK_EQ(sr_signers_add(s, sig.uri, pem_of(&a)), SR_OK);
	CHECK_EQ(verify(s, sig), SR_OK);
	sr_signers_free(s);
	sr_buf_free(&raw);
	unmake(&root);
	unmake(&a);
}
