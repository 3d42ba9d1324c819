/* What the files of lib/sip share. */
#ifndef SIP_PRIV_H
#define SIP_PRIV_H

#include "siprec/sip.h"

enum {
	SIP_MAX_HEAD = 65536,		/* bytes of start line and headers */
	SIP_MAX_HEADERS = 1024,
	SIP_MAX_NOTES = 32
};

/* The notes of a message, a body or an SDP: each text once. */
struct sip_notes {
	struct sr_arena *arena;
	const char ***v;
	size_t *n;
};
/* A note that finds no room is dropped: it is not worth losing a call.
 * to may be NULL: nobody wants to know. */
void sip_note(const struct sip_notes *to, const char *text);

/* ---- lines.c: the layer below start lines and headers ---- */

/* Cuts one line with its folded continuations off rest; the line end is not
 * part of it.  false at the end.  An empty line is never folded. */
bool sip_line(struct sr_str *rest, struct sr_str *line);
struct sr_str sip_chop(struct sr_str line);	/* without a CR at its end */
/* Cuts a header line at its colon; false when there is none. */
bool sip_field(struct sr_str line, struct sr_str *name, struct sr_str *value);
/* The long form of a header name. */
struct sr_str sip_long_name(struct sr_str name);
bool sip_is_token(struct sr_str s);
size_t sip_skip_crlf(struct sr_str in);
/* Is this a whole start line: "... SIP/x" or "SIP/x ..."? */
bool sip_start_line(struct sr_str line);

/* ---- value.c: inside a header value ---- */

/* Where c first stands outside quotes and, if angle, outside <>; s.n when it
 * does not.  A bracket or quote that is never closed does not count as open:
 * what comes behind it would be lost. */
size_t sip_find_bare(struct sr_str s, char c, bool angle);
/* Cuts at the next comma outside quotes and angle brackets. */
bool sip_next_value(struct sr_str *rest, struct sr_str *value);
/* Cuts ";name=value" lists; value is absent for a bare name. */
bool sip_next_param(struct sr_str *rest, struct sr_str *name,
    struct sr_str *value);
/* What stands before the parameters, and the parameters. */
void sip_split_params(struct sr_str value, struct sr_str *head,
    struct sr_str *params);
/* Without notes, the display name keeps its escapes. */
void sip_party(struct sr_party *p, struct sr_str value,
    const struct sip_notes *notes);
/* The ";a=b" list of a URI, absent when it has none. */
struct sr_str sip_uri_params(struct sr_str uri);

/* ---- grammar.c: libosip2's verdict ---- */

/* Does the value keep to the grammar of RFC 3261?  A value that libosip2
 * cannot be asked about counts as legal. */
bool sip_legal_party(struct sr_str value);
bool sip_legal_via(struct sr_str value);

/* ---- mime.c: the multipart of a body ---- */

enum { SIP_MAX_PARTS = 32, SIP_MAX_DEPTH = 4 };

/* The headers of one part, or of the message. */
struct mime {
	struct sr_str type, encoding, disposition, id;	/* whole values */
};
struct sip_body {
	struct sr_body *b;
	struct sip_notes notes;
	unsigned nalt;			/* multipart/alternative met so far */
	int err;
};
/* Appends the leaves of what these headers describe. */
void mime_split(struct sip_body *b, const struct mime *h, struct sr_str data,
    unsigned depth, unsigned alt);
/* decode.c: undoes a Content-Transfer-Encoding; data itself where there is
 * none, or where it cannot be undone. */
struct sr_str mime_decode(struct sip_body *b, struct sr_str encoding,
    struct sr_str data);

/* ---- attr.c: attribute lines of an SDP ---- */

/* What stands before the first m= line and holds for all of them. */
struct sdp_session {
	struct sr_addr conn;
	struct sr_str record, recordpref, setup, fingerprint;
	struct sr_str host;
	enum sr_dir dir;
	bool has_dir;
};
/* The parse in hand; m is NULL before the first m= line. */
struct sdp_parse {
	struct sr_sdp *s;
	struct sr_mline *m;
	struct sdp_session session;
	struct sip_notes notes;
	bool has_conn;			/* c= seen at this level */
	int err;
};
void sdp_attr(struct sdp_parse *p, struct sr_str value);
/* Cuts the next word off, at blanks; false when there is none. */
bool sdp_word(struct sr_str *rest, struct sr_str *word);
/* "IN IP4 192.0.2.1": family 0 when it is a name or nothing we know. */
bool sdp_conn(struct sr_str value, struct sr_addr *a);

/* ---- build.c ---- */

/* 2 * n hex digits in lower case, no NUL. */
void sip_hex(char *out, const uint8_t *v, size_t n);

/* ---- sdes.c ---- */

/* sr_sdes_print under the name that the peer has for the suite. */
int sdes_print(struct sr_buf *out, uint32_t tag, struct sr_str suite,
    const struct sr_sdes_key *k);

/* ---- sdp_write.c: the lines that answers and offers have in common ---- */

/* What goes wrong is kept in err, and then nothing more is written. */
struct sdp_out {
	struct sr_buf *buf;
	const struct sr_sdp_own *own;
	size_t before;			/* length of buf at the start */
	int err;
};
/* v= o= s= c= t=.  times: of the offer that this answers, or absent. */
void sdp_begin(struct sdp_out *o, struct sr_buf *buf,
    const struct sr_sdp_own *own, struct sr_str times);
/* The result; after a failure buf is as it was. */
int sdp_end(struct sdp_out *o);
void sdp_fmt(struct sdp_out *o, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Text of the peer, without control characters. */
void sdp_echo(struct sdp_out *o, struct sr_str text);
/* "a=name:value" of the peer's text; nothing where value is absent. */
void sdp_echo_attr(struct sdp_out *o, const char *name, struct sr_str value);
/* Text of ours: SR_EBAD where it is not safe. */
void sdp_text(struct sdp_out *o, struct sr_str text);
/* "m=media port proto", without the formats that follow. */
void sdp_media(struct sdp_out *o, struct sr_str media, uint16_t port,
    struct sr_str proto);
/* An m-line with port 0, its formats as they came, and its label. */
void sdp_refuse(struct sdp_out *o, const struct sr_mline *m);
/* c= of an m-line, where it is not the session's. */
void sdp_media_conn(struct sdp_out *o, const struct sr_addr *a);
void sdp_dir(struct sdp_out *o, enum sr_dir dir);
/* a=rtpmap and a=fmtp. */
void sdp_format(struct sdp_out *o, const struct sr_format *f);
/* a=rtcp-mux, or a=rtcp where RTCP is not one above RTP (RFC 3605). */
void sdp_rtcp(struct sdp_out *o, bool mux, uint16_t rtp, uint16_t rtcp);
void sdp_crypto(struct sdp_out *o, uint32_t tag, struct sr_str suite,
    const struct sr_sdes_key *k);
/* a=setup and a=fingerprint. */
void sdp_dtls(struct sdp_out *o, struct sr_str setup);

/* ---- auth.c: the sums of digest access, RFC 7616 section 3.4 ---- */

enum { AUTH_DIGEST = 32 };		/* bytes of the longest */

size_t auth_size(enum sr_digest alg);	/* 0: none of Digest's */
/* The hash of parts with a colon between each: SR_OK, SR_ENOMEM. */
int auth_hash(const struct sr_crypto *c, enum sr_digest alg,
    const struct sr_str *parts, size_t n, uint8_t *out);
/* The response to a with these H(A1), as bytes.  a->qop is one value, as in an
 * answer, or absent. */
int auth_response(const struct sr_crypto *c, const struct sr_auth *a,
    struct sr_str method, const uint8_t *ha1, uint8_t *out);
/* Reads n bytes of hex in either case: SR_OK, SR_EBAD. */
int auth_unhex(uint8_t *out, size_t n, struct sr_str hex);
/* "SHA-256": false when it is none of ours. */
bool auth_alg(enum sr_digest *alg, struct sr_str name);

/* ---- claims.c: what a PASSporT says of a request, RFC 8224 section 8 ---- */

/* From or To in the two forms of section 8; absent: it has not that form. */
struct claim {
	struct sr_str tn, uri;
	bool number;			/* it says of itself that it is one */
};
/* SR_OK, SR_ENOMEM (the arena is full). */
int claim_of(struct claim *c, struct sr_arena *a, struct sr_str uri);
/* The claim "mky", JSON: the fingerprints of an SDP; absent: it has none. */
int claim_keys(struct sr_str *json, struct sr_arena *a, struct sr_str sdp);

/* ---- nonce.c ---- */

enum { NONCE_TEXT = 64 };

struct nonce {
	uint64_t id;
	sr_time born;
};
/* A fresh one, SR_OK or SR_ENOMEM. */
int nonce_make(const struct sr_auth_server *s, sr_time now,
    char text[NONCE_TEXT]);
/* Did we make it, in this realm? */
bool nonce_read(const struct sr_auth_server *s, struct nonce *n,
    struct sr_str text);
/* Uses a count up; false when it cannot be used, or not again. */
bool nonce_use(const struct sr_auth_server *s, const struct nonce *n,
    uint32_t nc, sr_time now);

#endif
