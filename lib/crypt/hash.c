/* hash - digests and random numbers from libcrypto. */
#include "siprec/crypt.h"

#include <openssl/evp.h>
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

static void
hash(enum sr_digest alg, struct sr_str in, uint8_t *out)
{
	const EVP_MD *md = algorithm(alg);

	/* Only a library without the algorithm can fail here. */
	if (EVP_Digest(in.p, in.n, out, NULL, md, NULL) != 1)
		memset(out, 0, (size_t)EVP_MD_size(md));
}

static void *
begin(enum sr_digest alg)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (c != NULL && EVP_DigestInit_ex(c, algorithm(alg), NULL) != 1) {
		EVP_MD_CTX_free(c);
		c = NULL;
	}
	return c;
}

static void
update(void *state, struct sr_str in)
{
	EVP_DigestUpdate(state, in.p, in.n);
}

static void
end(void *state, uint8_t *out)
{
	EVP_DigestFinal_ex(state, out, NULL);
	EVP_MD_CTX_free(state);
}

static void
fill(uint8_t *out, size_t n)
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

const struct sr_crypto sr_crypto_openssl = { .hash = hash, .begin = begin,
	.update = update, .end = end, .random = fill };
