/* priv: what the files of this layer tell each other. */
#ifndef SIPREC_CRYPT_PRIV_H
#define SIPREC_CRYPT_PRIV_H

#include "siprec/crypt.h"

#include <openssl/types.h>

/* ---- hash ---- */

void hash_digest(enum sr_digest alg, struct sr_str in, uint8_t *out);
void *hash_begin(enum sr_digest alg);
void hash_update(void *state, struct sr_str in);
void hash_end(void *state, uint8_t *out);
void hash_hmac(enum sr_digest alg, struct sr_str key, struct sr_str in,
    uint8_t *out);
bool hash_equal(const void *a, const void *b, size_t n);
void hash_wipe(void *p, size_t n);
void hash_random(uint8_t *out, size_t n);

/* ---- pair, as struct sr_crypto says ---- */

void *pair_begin(void);
void pair_update(void *state, struct sr_str a, struct sr_str b);
void pair_end(void *state, uint8_t *a, uint8_t *b);

/* ---- srtp, as struct sr_crypto says ---- */

/* Bytes of master key and salt; false: no such suite. */
bool srtp_lengths(enum sr_suite suite, size_t *key, size_t *salt);
int srtp_context(void **ctx, const struct sr_srtp_key *keys, size_t n,
    enum sr_srtp_way way);
int srtp_seal(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n);
int srtp_open(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n);
int srtcp_seal(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n);
int srtcp_open(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n);
int srtp_roc_get(void *ctx, uint32_t ssrc, uint32_t *roc);
int srtp_roc_set(void *ctx, uint32_t ssrc, uint32_t roc);
void srtp_destroy(void *ctx);

/* ---- cert ---- */

const char *cert_fingerprint(void);	/* of ours; NULL: cannot be made */
bool cert_own(EVP_PKEY **key, X509 **cert);
/* Does one of the best hash among these a=fingerprint values fit? */
bool cert_fits(const X509 *cert, const struct sr_str *v, size_t n);

/* ---- dtls, as struct sr_crypto says ---- */

int dtls_new(struct sr_dtls **dp, const struct sr_dtls_cfg *cfg);
int dtls_feed(struct sr_dtls *d, struct sr_str in, sr_time now);
bool dtls_next(struct sr_dtls *d, struct sr_str *out);
sr_time dtls_due(const struct sr_dtls *d);
int dtls_tick(struct sr_dtls *d, sr_time now);
int dtls_keys(struct sr_dtls *d, struct sr_dtls_keys *keys);
void dtls_free(struct sr_dtls *d);
/* The suite of a number in use_srtp; SR_SUITE_NONE: not spoken. */
enum sr_suite dtls_profile(unsigned id);
/* Points send and receive into bytes, as client or as server. */
void dtls_cut(struct sr_dtls_keys *k, enum sr_suite suite, bool client);

/* ---- signers, as struct sr_crypto says ---- */

int signers_verify(const struct sr_signers *from,
    const struct sr_signature *sig, sr_time now);

/* ---- keylog ---- */

enum { KEYLOG_RANDOM = 32, KEYLOG_SECRET = 64 };
enum keylog_kind {
	KEYLOG_MASTER, KEYLOG_CLIENT_EARLY, KEYLOG_CLIENT_HANDSHAKE,
	KEYLOG_SERVER_HANDSHAKE, KEYLOG_CLIENT_TRAFFIC, KEYLOG_SERVER_TRAFFIC,
	KEYLOG_KINDS
};
/* Absent when it is not known; lives as long as the log. */
struct sr_str keylog_find(const struct sr_keylog *k, enum keylog_kind kind,
    const uint8_t *random);

/* ---- tls_hello: what both hellos agree on ---- */

enum { TLS12 = 0x0303, TLS13 = 0x0304, DTLS12 = 0xfefd };
struct tls_hello {
	uint8_t client[KEYLOG_RANDOM], server[KEYLOG_RANDOM];
	uint16_t version, suite;	/* of the server's; 0: not seen */
	bool has_client, etm;
	uint16_t srtp;			/* profile agreed on; 0: none */
};
/* The bodies of these handshake messages: SR_OK, SR_EBAD.  A request to try
 * again says what the ServerHello after it says, but for the random, which
 * TLS 1.3 has no need of here. */
int tls_client_hello(struct tls_hello *h, struct sr_str body);
int tls_server_hello(struct tls_hello *h, struct sr_str body);

/* ---- tls_box: one direction's cipher ---- */

enum { TLS_MAX_PLAIN = 16384, TLS_MAX_RECORD = TLS_MAX_PLAIN + 2048 };
struct tls_suite;
struct tls_box {
	const struct tls_suite *suite;	/* NULL: nothing is sealed yet */
	EVP_CIPHER_CTX *ctx;
	bool v13, etm;
	uint64_t seq;
	uint8_t key[32], iv[16], mac[48], secret[48];
};
/* NULL: not one that we open. */
const struct tls_suite *tls_suite_find(uint16_t id, uint16_t version);
/* TLS 1.2: of the key block that master makes, the client's or the server's
 * part.  SR_OK, SR_EUNSUP, SR_ENOMEM. */
int tls_box_key(struct tls_box *b, const struct tls_hello *h,
    struct sr_str master, bool client);
int tls_box_secret(struct tls_box *b, const struct tls_hello *h,
    struct sr_str secret);		/* TLS 1.3 */
int tls_box_update(struct tls_box *b);	/* TLS 1.3, 7.2 */
/* Opens one record into out, which has TLS_MAX_RECORD bytes; type becomes the
 * inner one.  SR_OK; SR_EAUTH and then nothing has changed. */
int tls_box_open(struct tls_box *b, uint8_t *type, struct sr_str header,
    struct sr_str body, uint8_t *out, size_t *n);
void tls_box_free(struct tls_box *b);		/* wipes */
const char *tls_hash(uint16_t suite);	/* of its PRF; NULL: not known */
/* PRF of RFC 5246 section 5 with the hash of the suite. */
bool tls_prf(const char *hash, struct sr_str secret, const char *label,
    const uint8_t *first, const uint8_t *second, uint8_t *out, size_t n);

#endif
