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

#endif
