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

/* ---- names: what a certificate says of its owner, RFC 5922 section 7.1 ----
 *
 * With any sip: URI only those count, else DNS names; a common name only where
 * there is no subjectAltName at all. */

enum sr_name_kind { SR_NAME_URI, SR_NAME_DNS, SR_NAME_IP, SR_NAME_CN };
enum { SR_MAX_NAMES = 64 };
struct sr_name {
	enum sr_name_kind kind;
	struct sr_str text;
};
struct sr_names {
	struct sr_name v[SR_MAX_NAMES];
	size_t n;
	struct sr_arena arena;
};
struct x509_st;				/* of OpenSSL */
void sr_names_read(struct sr_names *t, struct x509_st *x); /* free the arena */
/* No suffix matches.  domain may be a numeric address: an iPAddress name can
 * then match too. */
bool sr_names_match(const struct sr_name *names, size_t n,
    struct sr_str domain, bool wildcards);
/* Adds the names that count as SIP URIs, with a comma and a space between. */
void sr_names_identity(struct sr_buf *out, struct x509_st *x);
/* Do its key usages allow a SIP server (or client) to have it? */
bool sr_names_usage(struct x509_st *x, bool server);

/* ---- signers: whose signature under a call is taken, RFC 8224 ----
 *
 * Section 7.2.  Nothing is fetched: all certificates are given, in PEM. */

int sr_signers_new(struct sr_signers **sp);
/* The certificate of a signer, and after it those between it and an anchor.
 * uri: where callers say it is; absent: tried for any that no other is for.
 * SR_OK; SR_EBAD: there is none, or something else; SR_ENOMEM. */
int sr_signers_add(struct sr_signers *s, struct sr_str uri, struct sr_str pem);
/* Anchors: from now on a signer counts only if one of them vouches for it.
 * As sr_signers_add. */
int sr_signers_trust(struct sr_signers *s, struct sr_str pem);
void sr_signers_free(struct sr_signers *s);

/* Gets the secrets of all handshakes (dtls_new), as lines of the key log format
 * below, without their ends; to be said before the first of them. */
void sr_dtls_keylog(void (*fn)(const char *line));

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
