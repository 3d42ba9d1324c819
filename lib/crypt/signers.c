/* signers - signatures under a call, and the certificates that are believed:
 * ES256 and RS256 of RFC 7518. */
#include "crypt/priv.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>

enum {
	MAX_SIGNERS = 256, MAX_PEM = 1 << 20, MAX_CHAIN = 32,
	HALF = 32,			/* bytes of r, and of s */
	RSA_BITS = 2048			/* at least: RFC 7518 section 3.3 */
};

struct signer {
	struct sr_str uri;		/* absent: any */
	X509 *cert;
	STACK_OF(X509) *chain;
};
struct sr_signers {
	struct signer v[MAX_SIGNERS];
	size_t n;
	X509_STORE *anchors;		/* NULL: all are believed */
	struct sr_arena arena;
};

/* ---- out of files ---- */

static void
free_chain(STACK_OF(X509) *chain)
{
	sk_X509_pop_free(chain, X509_free);
}

/* All certificates of a text; NULL: none, or something is wrong. */
static STACK_OF(X509) *
read_pem(struct sr_str pem)
{
	BIO *b = pem.n > 0 && pem.n <= MAX_PEM ? BIO_new_mem_buf(pem.p,
	    (int)pem.n) : NULL;
	STACK_OF(X509) *v = sk_X509_new_null();
	X509 *x = NULL;
	bool bad = b == NULL || v == NULL;

	while (!bad && (x = PEM_read_bio_X509(b, NULL, NULL, NULL)) != NULL)
		if ((bad = sk_X509_num(v) == MAX_CHAIN ||
		    sk_X509_push(v, x) == 0))
			X509_free(x);
	/* The end of the text is the one good reason to stop. */
	bad = bad || sk_X509_num(v) == 0 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(b);
	if (bad) {
		free_chain(v);
		v = NULL;
	}
	return v;
}

int
sr_signers_new(struct sr_signers **sp)
{
	struct sr_signers *s = sr_zalloc(sizeof(*s));

	if ((*sp = s) == NULL)
		return SR_ENOMEM;
	sr_arena_init(&s->arena, 1 << 20);
	return SR_OK;
}

int
sr_signers_add(struct sr_signers *s, struct sr_str uri, struct sr_str pem)
{
	struct signer *g = &s->v[s->n];

	if (s->n == MAX_SIGNERS)
		return SR_ELIMIT;
	*g = (struct signer){ .chain = read_pem(pem) };
	if (g->chain == NULL)
		return SR_EBAD;
	if (uri.n > 0 && (g->uri = sr_arena_dup(&s->arena, uri)).p == NULL) {
		free_chain(g->chain);
		return SR_ENOMEM;
	}
	g->cert = sk_X509_value(g->chain, 0);
	s->n++;
	return SR_OK;
}

int
sr_signers_trust(struct sr_signers *s, struct sr_str pem)
{
	STACK_OF(X509) *v = read_pem(pem);
	int err = SR_OK;

	if (v == NULL)
		return SR_EBAD;
	if (s->anchors == NULL && (s->anchors = X509_STORE_new()) == NULL)
		err = SR_ENOMEM;
	for (int i = 0; err == SR_OK && i < sk_X509_num(v); i++)
		if (X509_STORE_add_cert(s->anchors, sk_X509_value(v, i)) != 1)
			err = SR_ENOMEM;
	free_chain(v);
	return err;
}

void
sr_signers_free(struct sr_signers *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		free_chain(s->v[i].chain);
	X509_STORE_free(s->anchors);
	sr_arena_free(&s->arena);
	free(s);
}

/* ---- the certificate ---- */

static bool
is_for(X509 *x, struct sr_str domain)
{
	struct sr_names names;
	bool good;

	if (domain.n == 0)
		return true;
	sr_names_read(&names, x);
	good = sr_names_match(names.v, names.n, domain, false);
	sr_arena_free(&names.arena);
	return good;
}

static bool
in_date(const X509 *x, time_t at)
{
	return X509_cmp_time(X509_get0_notBefore(x), &at) < 0 &&
	    X509_cmp_time(X509_get0_notAfter(x), &at) > 0;
}

static bool
vouched_for(const struct sr_signers *s, const struct signer *g, time_t at)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	bool good = c != NULL && X509_STORE_CTX_init(c, s->anchors, g->cert,
	    g->chain) == 1;

	if (good) {
		X509_STORE_CTX_set_time(c, 0, at);
		good = X509_verify_cert(c) == 1;
	}
	X509_STORE_CTX_free(c);
	ERR_clear_error();
	return good;
}

static bool
trusted(const struct sr_signers *s, const struct signer *g, sr_time now)
{
	time_t at = (time_t)(now / SR_SEC);

	return s->anchors != NULL ? vouched_for(s, g, at) :
	    in_date(g->cert, at);
}

/* ---- the signature ---- */

/* RFC 7518 has the two numbers side by side, OpenSSL wants them in DER. */
static int
to_der(struct sr_str raw, unsigned char **der)
{
	const unsigned char *p = (const unsigned char *)raw.p;
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(p, HALF, NULL);
	BIGNUM *s = BN_bin2bn(p + HALF, HALF, NULL);
	int n = -1;

	*der = NULL;
	if (sig != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		n = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n;
}

static bool
fits(EVP_PKEY *key, const unsigned char *sig, size_t n, struct sr_str text)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = c != NULL && EVP_DigestVerifyInit(c, NULL, EVP_sha256(),
	    NULL, key) == 1 && EVP_DigestVerify(c, sig, n,
	    (const unsigned char *)text.p, text.n) == 1;

	EVP_MD_CTX_free(c);
	ERR_clear_error();
	return good;
}

static bool
is_p256(EVP_PKEY *key)
{
	char group[32];

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    sr_streq(sr_cstr(group), SR_STR("prime256v1"));
}

/* SR_OK, SR_EAUTH, or SR_EUNSUP: it is no key for this algorithm. */
static int
check(X509 *x, const struct sr_signature *sig)
{
	EVP_PKEY *key = X509_get0_pubkey(x);
	unsigned char *der;
	bool good;
	int n;

	if (key != NULL && sr_streq(sig->alg, SR_STR("RS256")) &&
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA &&
	    EVP_PKEY_get_bits(key) >= RSA_BITS)
		return fits(key, (const unsigned char *)sig->bytes.p,
		    sig->bytes.n, sig->text) ? SR_OK : SR_EAUTH;
	if (key == NULL || !sr_streq(sig->alg, SR_STR("ES256")) ||
	    !is_p256(key))
		return SR_EUNSUP;
	if (sig->bytes.n != 2 * HALF)
		return SR_EAUTH;
	if ((n = to_der(sig->bytes, &der)) < 0)
		return SR_ENOMEM;
	good = fits(key, der, (size_t)n, sig->text);
	OPENSSL_free(der);
	return good ? SR_OK : SR_EAUTH;
}

static bool
named(const struct sr_signers *s, struct sr_str uri)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].uri.n > 0 && sr_streq(s->v[i].uri, uri))
			return true;
	return false;
}

/* The signature says which of several certificates it was; what that one is
 * worth is asked then. */
int
signers_verify(const struct sr_signers *s, const struct sr_signature *sig,
    sr_time now)
{
	struct sr_str uri = { NULL, 0 };
	bool tried = false, wrong = false;
	int err;

	if (s != NULL && named(s, sig->uri))
		uri = sig->uri;
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		const struct signer *g = &s->v[i];

		if (!sr_streq(g->uri, uri))
			continue;
		tried = true;
		err = check(g->cert, sig);
		if (err == SR_OK)
			return is_for(g->cert, sig->domain) &&
			    trusted(s, g, now) ? SR_OK : SR_EUNSUP;
		if (err == SR_ENOMEM)
			return err;
		wrong |= err == SR_EAUTH;
	}
	return !tried ? SR_ENOENT : wrong ? SR_EAUTH : SR_EUNSUP;
}
