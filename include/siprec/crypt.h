/* crypt: the sr_crypto made of OpenSSL and libsrtp, which end here. */
#ifndef SIPREC_CRYPT_H
#define SIPREC_CRYPT_H

#include "siprec/net.h"

/* Digests, HMAC and random numbers alone: libcrypto and nothing else. */
extern const struct sr_crypto sr_crypto_openssl;
/* All of it, SRTP and DTLS too. */
extern const struct sr_crypto sr_crypto_full;
/* The suites that it speaks, a bit (1 << suite) for each: not AES-192. */
#define SR_CRYPT_SUITES (1u << SR_AES128_80 | 1u << SR_AES128_32 |	\
    1u << SR_AES256_80 | 1u << SR_AES256_32 | 1u << SR_GCM128 |		\
    1u << SR_GCM256)

/* ---- keylog: secrets of TLS connections, in the format of NSS ---- */

struct sr_keylog;
int sr_keylog_new(struct sr_keylog **kp, size_t max);
/* Lines that are none are passed over.  SR_OK; SR_ELIMIT: max secrets are
 * there; SR_ENOMEM. */
int sr_keylog_add(struct sr_keylog *k, struct sr_str text);
size_t sr_keylog_count(const struct sr_keylog *k);
void sr_keylog_free(struct sr_keylog *k);	/* wipes */

/* ---- tls_watch: connections of a capture, opened with a key log ---- */

/* TLS 1.2 (AES-GCM, AES-CBC, ChaCha20) and 1.3.  k must live as long. */
struct sr_tls_watch;
int sr_tls_watch_new(struct sr_tls_watch **tp, const struct sr_keylog *k);
/* A chunk of a TCP connection.  False: it is not TLS, or none that can be
 * opened, and untouched.  True: take what it brought with sr_tls_watch_next
 * before the next call. */
bool sr_tls_watch_feed(struct sr_tls_watch *t, const struct sr_chunk *c);
/* Chunks of the same flow with proto SR_TLS, borrowed until the next feed;
 * SR_BROKEN says once why something cannot be opened. */
bool sr_tls_watch_next(struct sr_tls_watch *t, struct sr_chunk *out);
void sr_tls_watch_free(struct sr_tls_watch *t);		/* wipes */

/* ---- dtls_watch: the keys of DTLS-SRTP that a capture shows ---- */

struct sr_dtls_watch;
int sr_dtls_watch_new(struct sr_dtls_watch **wp, const struct sr_keylog *k);
/* A datagram between two media ports.  SR_OK: now the keys are known: send is
 * that of the client, whose flow (to the server) is in f; SR_MORE: not yet, or
 * not ours. */
int sr_dtls_watch_feed(struct sr_dtls_watch *w, const struct sr_chunk *c,
    struct sr_dtls_keys *keys, struct sr_flow *f);
void sr_dtls_watch_free(struct sr_dtls_watch *w);

#endif
