/* base: bytes, strings, time, errors and memory - what every other layer
 * stands on.  Nothing here waits, prints, opens a file or asks the time. */
#ifndef SIPREC_BASE_H
#define SIPREC_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Time is nanoseconds since the Unix epoch, and always an argument. */
typedef int64_t sr_time;
#define SR_NEVER INT64_MAX
#define SR_MSEC ((sr_time)1000000)
#define SR_SEC ((sr_time)1000000000)

enum sr_err {
	SR_OK = 0,
	SR_MORE = -1,			/* not wrong, only not complete yet */
	SR_EBAD = -2,			/* the bytes break the format */
	SR_ELIMIT = -3,	/* legal, but past a limit given at birth */
	SR_EUNSUP = -4,			/* legal, but not spoken here */
	SR_ENOENT = -5,			/* no such thing; the end */
	SR_EAUTH = -6,			/* a tag or a peer is not accepted */
	SR_ENOMEM = -7,
	SR_ESYS = -8			/* errno says why; out and io only */
};
const char *sr_strerror(int err);	/* static text, never NULL */

/* ---- str: a view of bytes that somebody else owns ---- */

/* Never freed, not NUL-terminated.  { NULL, 0 } is "absent". */
struct sr_str {
	const char *p;
	size_t n;
};
#define SR_STR(lit) ((struct sr_str){ (lit), sizeof(lit) - 1 })
#define SR_FMT(s) (int)(s).n, (s).p	/* for "%.*s" */

struct sr_str sr_cstr(const char *s);		/* NULL gives absent */
bool sr_streq(struct sr_str a, struct sr_str b);
bool sr_strieq(struct sr_str a, struct sr_str b);	/* ASCII case */
int sr_strcmp(struct sr_str a, struct sr_str b);	/* like memcmp(3) */
bool sr_strstarts(struct sr_str s, struct sr_str prefix);
bool sr_stristarts(struct sr_str s, struct sr_str prefix);
/* Where needle begins in s, or s.n when it is not there. */
size_t sr_strfind(struct sr_str s, struct sr_str needle);
size_t sr_strifind(struct sr_str s, struct sr_str needle);
size_t sr_strchr(struct sr_str s, char c);
struct sr_str sr_substr(struct sr_str s, size_t from, size_t n);  /* clamped */
struct sr_str sr_trim(struct sr_str s);		/* SP HT CR LF at both ends */
/* Cuts head off rest at sep; false when rest was empty.  The separator is
 * swallowed; without one head is all of rest. */
bool sr_strcut(struct sr_str *rest, char sep, struct sr_str *head);
/* Cuts one line off rest; takes LF, CRLF or a lone CR as its end. */
bool sr_strline(struct sr_str *rest, struct sr_str *line);
/* Decimal digits only, nothing around them: SR_OK, SR_EBAD, SR_ELIMIT. */
int sr_strnum(struct sr_str s, uint64_t *out);
uint64_t sr_hash(const void *p, size_t n); /* for tables, not for secrets */

/* ---- buf: bytes that we own ---- */

/* Refuses to grow past max, so that no peer can make it. */
struct sr_buf {
	char *p;
	size_t n, cap, max;
};
void sr_buf_init(struct sr_buf *b, size_t max);
int sr_buf_add(struct sr_buf *b, struct sr_str s); /* SR_ELIMIT, SR_ENOMEM */
int sr_buf_addc(struct sr_buf *b, char c);
int sr_buf_fmt(struct sr_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds s as a JSON string with its quotes; bytes that are no UTF-8 become
 * U+FFFD, so that the result is always JSON. */
int sr_buf_json(struct sr_buf *b, struct sr_str s);
int sr_buf_reserve(struct sr_buf *b, size_t n);	/* room for n more bytes */
void sr_buf_drop(struct sr_buf *b, size_t n);	/* forget the first n */
struct sr_str sr_buf_str(const struct sr_buf *b);
void sr_buf_free(struct sr_buf *b);
/* Zeros that no compiler leaves out. */
void sr_wipe(void *p, size_t n);
void sr_buf_wipe(struct sr_buf *b);	/* and free */

/* ---- arena: many small things that die together ---- */

struct sr_arena {
	struct sr_arena_block *head;
	size_t used, max;
};
void sr_arena_init(struct sr_arena *a, size_t max);
void *sr_arena_alloc(struct sr_arena *a, size_t n);	/* zeroed; NULL: full */
/* absent: full */
struct sr_str sr_arena_dup(struct sr_arena *a, struct sr_str s);
void sr_arena_free(struct sr_arena *a);		/* can be used again after */

/* Grows an array kept in an arena: room for one more of size bytes at v[n].
 * Returns the (perhaps moved) array, NULL when the arena is full. */
void *sr_arena_grow(struct sr_arena *a, void *v, size_t n, size_t size);

void *sr_zalloc(size_t n);

/* ---- rd: reading bytes from strangers ---- */

/* A cursor whose short reads give zero and set bad: judge once, at the end. */
struct sr_rd {
	const uint8_t *p;
	size_t n;
	bool bad;
};

static inline struct sr_rd
sr_rd(struct sr_str s)
{
	return (struct sr_rd){ (const uint8_t *)s.p, s.n, false };
}

static inline const uint8_t *
sr_take(struct sr_rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > r->n) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->n -= n;
	return p;
}

static inline uint8_t
sr_u8(struct sr_rd *r)
{
	const uint8_t *p = sr_take(r, 1);

	return p != NULL ? p[0] : 0;
}

static inline uint16_t
sr_u16(struct sr_rd *r)
{
	const uint8_t *p = sr_take(r, 2);

	return p != NULL ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t
sr_u32(struct sr_rd *r)
{
	uint32_t hi = sr_u16(r);

	return hi << 16 | sr_u16(r);
}

static inline uint64_t
sr_u64(struct sr_rd *r)
{
	uint64_t hi = sr_u32(r);

	return hi << 32 | sr_u32(r);
}

/* ---- pack: what struct sr_rd reads again ---- */

/* Big-endian; a string has its length in 32 bits before it.  SR_OK, SR_ELIMIT,
 * SR_ENOMEM. */
int sr_pack_u8(struct sr_buf *b, uint8_t v);
int sr_pack_u16(struct sr_buf *b, uint16_t v);
int sr_pack_u32(struct sr_buf *b, uint32_t v);
int sr_pack_u64(struct sr_buf *b, uint64_t v);
int sr_pack_str(struct sr_buf *b, struct sr_str s);
/* Borrowed; absent when it is empty.  One longer than max sets bad. */
struct sr_str sr_unpack_str(struct sr_rd *r, size_t max);

/* ---- prng: numbers that look random, the same for the same seed ---- */

/* For tests, impairments and repeatable runs; never for secrets. */
struct sr_prng {
	uint64_t s[4];
};
void sr_prng_init(struct sr_prng *r, uint64_t seed);
uint64_t sr_prng_next(struct sr_prng *r);
double sr_prng_real(struct sr_prng *r);		/* 0 <= x < 1 */
void sr_prng_fill(struct sr_prng *r, uint8_t *out, size_t n);

/* ---- text forms of binary things ---- */

/* RFC 3339 in UTC with digits of a second: 3 -> 2026-11-22T18:15:02.123Z. */
int sr_time_print(struct sr_buf *out, sr_time t, int digits);
/* Reads an xs:dateTime or RFC 3339 time; zone is in minutes east of UTC, or
 * SR_NOZONE where the text has none (then t is as if it were UTC).  Takes
 * +hhmm without a colon too and says so in *loose.  SR_OK or SR_EBAD. */
#define SR_NOZONE INT32_MAX
int sr_time_parse(struct sr_str s, sr_time *t, int32_t *zone, bool *loose);

int sr_base64_add(struct sr_buf *out, const void *p, size_t n);
/* Strict RFC 4648 after white space is taken out: SR_OK, SR_EBAD. */
int sr_base64_read(struct sr_buf *out, struct sr_str s);
/* The other alphabet, without padding; reads both: SR_OK, SR_EBAD. */
int sr_base64url_add(struct sr_buf *out, const void *p, size_t n);
int sr_base64url_read(struct sr_buf *out, struct sr_str s);
int sr_hex_add(struct sr_buf *out, const void *p, size_t n);

/* ---- cryptography, as the pure layers see it ---- */

/* Whoever owns I/O hands one of these down; lib/crypt has the real one. */
enum sr_digest {			/* 20, 32, 64, 32, 16 bytes */
	SR_SHA1, SR_SHA256, SR_SHA512, SR_SHA512_256, SR_MD5
};
enum sr_suite {
	SR_SUITE_NONE, SR_AES128_80, SR_AES128_32, SR_AES192_80, SR_AES192_32,
	SR_AES256_80, SR_AES256_32, SR_GCM128, SR_GCM256
};

/* A master key of RFC 3711, as SDES or DTLS gave it. */
struct sr_srtp_key {
	enum sr_suite suite;
	struct sr_str key, salt;	/* as long as the suite wants */
	struct sr_str mki;		/* absent: none in the packets */
	bool plain_rtcp;		/* UNENCRYPTED_SRTCP of RFC 4568 */
};
enum sr_srtp_way { SR_UNPROTECT, SR_PROTECT };
enum { SR_SRTP_EXTRA = 148 };	/* bytes that protecting adds at most */

struct sr_dtls;
struct sr_dtls_cfg {			/* a handshake, RFC 5763 */
	bool active;			/* a=setup: we send the ClientHello */
	/* Values of the peer's a=fingerprint: one of the best hash that it
	 * names must fit its certificate. */
	const struct sr_str *fingerprints;
	size_t nfingerprints;
	/* Passive: a peer whose address is not proved has to repeat a cookie
	 * before anything large goes there, RFC 6347 section 4.2.1. */
	bool ask;
	uint16_t mtu;			/* of UDP payloads; 0: 1200 */
	sr_time retry;			/* the first timer; 0: 1 s */
};
/* Keys of both ways in the order of our own view; lives in the caller. */
struct sr_dtls_keys {
	struct sr_srtp_key send, receive;	/* views of bytes */
	uint8_t bytes[2 * (32 + 14)];
};

/* A signature of RFC 7515, and whose it would have to be. */
struct sr_signers;			/* certificates; see crypt.h */
struct sr_signature {
	struct sr_str alg;		/* "ES256", "RS256" */
	struct sr_str uri;		/* where its certificate is, they say */
	/* That the certificate must be for, RFC 5922; absent: any. */
	struct sr_str domain;
	struct sr_str text, bytes;	/* what was signed, and the signature */
};

struct sr_crypto {
	void (*hash)(enum sr_digest alg, struct sr_str in, uint8_t *out);
	/* The same piece by piece; begin: NULL without memory; end frees. */
	void *(*begin)(enum sr_digest alg);
	void (*update)(void *state, struct sr_str in);
	void (*end)(void *state, uint8_t *out);
	/* SHA-256 of two inputs side by side, in little more than the time of
	 * one.  NULL where it is not faster, and without memory. */
	void *(*pair_begin)(void);
	void (*pair_update)(void *state, struct sr_str a, struct sr_str b);
	void (*pair_end)(void *state, uint8_t *a, uint8_t *b);
	void (*hmac)(enum sr_digest alg, struct sr_str key, struct sr_str in,
	    uint8_t *out);
	bool (*equal)(const void *a, const void *b, size_t n);	/* no timing */
	void (*wipe)(void *p, size_t n);
	void (*random)(uint8_t *out, size_t n);

	/* SRTP for any SSRC, RFC 3711, 6188, 7714.  Several keys are told
	 * apart by their MKI, all as long; the first of them protects.
	 * SR_OK; SR_EBAD when lengths do not fit the suite; SR_EUNSUP: not
	 * spoken (AES-192); SR_ENOMEM. */
	int (*srtp_new)(void **ctx, const struct sr_srtp_key *keys, size_t n,
	    enum sr_srtp_way way);
	/* out (aligned to 4, not over pkt) has room for *n: pkt.n, and
	 * SR_SRTP_EXTRA more to protect; afterwards *n is what is there.
	 * SR_OK; SR_EAUTH: the tag is wrong; SR_ELIMIT: seen before or too
	 * old, the key is used up, too many sources, no room; SR_EBAD: no
	 * (S)RTP.  But for SR_OK nothing has changed and out is rubbish.  A
	 * source that is joined late has its roll-over counter found. */
	int (*srtp_protect)(void *ctx, struct sr_str pkt, uint8_t *out,
	    size_t *n);
	int (*srtp_unprotect)(void *ctx, struct sr_str pkt, uint8_t *out,
	    size_t *n);
	int (*srtcp_protect)(void *ctx, struct sr_str pkt, uint8_t *out,
	    size_t *n);
	int (*srtcp_unprotect)(void *ctx, struct sr_str pkt, uint8_t *out,
	    size_t *n);
	/* SR_OK; SR_ENOENT: no packet of this SSRC yet; SR_ELIMIT. */
	int (*srtp_roc_get)(void *ctx, uint32_t ssrc, uint32_t *roc);
	int (*srtp_roc_set)(void *ctx, uint32_t ssrc, uint32_t roc);
	void (*srtp_free)(void *ctx);		/* wipes; NULL is fine */

	/* DTLS-SRTP without a socket, RFC 5764.  Our certificate is one for
	 * the process; its a=fingerprint value is static text. */
	const char *(*dtls_fingerprint)(void);	/* NULL: cannot be made */
	int (*dtls_new)(struct sr_dtls **dp, const struct sr_dtls_cfg *cfg);
	/* One datagram of the peer.  SR_OK; SR_EAUTH: the peer is not who its
	 * fingerprint says, or agrees to no SRTP; SR_EBAD: it has failed. */
	int (*dtls_feed)(struct sr_dtls *d, struct sr_str in, sr_time now);
	/* The next datagram to be sent, borrowed until the next call. */
	bool (*dtls_next)(struct sr_dtls *d, struct sr_str *out);
	/* When to be woken, SR_NEVER: not.  The timer inside is OpenSSL's and
	 * goes by the real clock: a tick too early does nothing. */
	sr_time (*dtls_due)(const struct sr_dtls *d);
	int (*dtls_tick)(struct sr_dtls *d, sr_time now); /* as dtls_feed */
	/* SR_OK when the handshake is done; SR_MORE, SR_EAUTH, SR_EBAD. */
	int (*dtls_keys)(struct sr_dtls *d, struct sr_dtls_keys *keys);
	void (*dtls_free)(struct sr_dtls *d);

	/* Is it of one of these?  SR_OK; SR_ENOENT: there is none for its uri;
	 * SR_EUNSUP: another algorithm than the two, or the certificate is for
	 * another domain, not trusted or out of date; SR_EAUTH: it is wrong;
	 * SR_ENOMEM. */
	int (*verify)(const struct sr_signers *from,
	    const struct sr_signature *sig, sr_time now);
};

/* UUIDv5 (RFC 4122 4.3) of name in our own name space. */
void sr_uuid5(const struct sr_crypto *c, struct sr_str name, uint8_t out[16]);

#endif
