/* priv: what the files of this layer tell each other. */
#ifndef SIPREC_CRYPT_PRIV_H
#define SIPREC_CRYPT_PRIV_H

#include "siprec/crypt.h"

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

#endif
