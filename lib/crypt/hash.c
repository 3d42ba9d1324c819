/* hash - digests, HMAC and random numbers from libcrypto. */
#include "crypt/priv.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdlib.h>
#include <string.h>

static const EVP_MD *
algorithm(enum sr_digest alg)
{
	switch (alg) {
	case SR_SHA1:
		return EVP_sha1();
	case SR_SHA256:
		return EVP_sha256();
	case SR_SHA512:
		return EVP_sha512();
	case SR_SHA512_256:
		return EVP_sha512_256();
	case SR_MD5:
		return EVP_md5();
	}
	return NULL;
}

void
hash_digest(enum sr_digest alg, struct sr_str in, uint8_t *out)
{
	const EVP_MD *md = algorithm(alg);

	/* Only a library without the algorithm can fail here. */
	if (EVP_Digest(in.p, in.n, out, NULL, md, NULL) != 1)
		memset(out, 0, (size_t)EVP_MD_size(md));
}

void *
hash_begin(enum sr_digest alg)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c != NULL && EVP_DigestInit_ex(c, algorithm(alg), NULL) != 1) {
		EVP_MD_CTX_free(c);
		c = NULL;
	}
	return c;
}

void
hash_update(void *state, struct sr_str in)
{
	EVP_DigestUpdate(state, in.p, in.n);
}

void
hash_end(void *state, uint8_t *out)
{
	EVP_DigestFinal_ex(state, out, NULL);
	EVP_MD_CTX_free(state);
}

void
hash_random(uint8_t *out, size_t n)
{
	while (n > 0) {
		int k = n < 1 << 20 ? (int)n : 1 << 20;

		/* A key made of anything else would be no key: stop at once. */
		if (RAND_bytes(out, k) != 1)
			abort();
		out += k;
		n -= (size_t)k;
	}
}

void
hash_hmac(enum sr_digest alg, struct sr_str key, struct sr_str in,
    uint8_t *out)
{
	const EVP_MD *md = algorithm(alg);

	/* Without a key there is one of no bytes, not none at all. */
	if (HMAC(md, key.n > 0 ? key.p : "", (int)key.n,
	    (const unsigned char *)in.p, in.n, out, NULL) == NULL)
		memset(out, 0, (size_t)EVP_MD_size(md));
}

bool
hash_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
hash_wipe(void *p, size_t n)
{
	if (p != NULL)
		OPENSSL_cleanse(p, n);
}

const struct sr_crypto sr_crypto_openssl = { .hash = hash_digest,
	.begin = hash_begin, .update = hash_update, .end = hash_end,
	.hmac = hash_hmac, .equal = hash_equal, .wipe = hash_wipe,
	.random = hash_random };
