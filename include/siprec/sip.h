/* sip: framing, messages, bodies and SDP.  libosip2 ends here. */
#ifndef SIPREC_SIP_H
#define SIPREC_SIP_H

#include "siprec/net.h"
#include "siprec/rtp.h"

/* ---- frame: cutting a stream into messages, RFC 3261 section 18.3 ---- */

/* How many bytes at the start of in are one whole message (leading CRLFs
 * count with it): > 0, SR_MORE, SR_EBAD when no message can begin here, or
 * SR_ELIMIT when it would be longer than max.  Touches nothing else; linear
 * in in.n when called again with more bytes and the same *seen (start each
 * message with 0; what it holds is private).  A caller may drop leading CRLFs
 * itself, with *seen 0, where it has to see or answer keep-alives.  Without a
 * readable Content-Length there is no body. */
long sr_sip_frame(struct sr_str in, size_t max, size_t *seen);
/* Do these bytes begin like a SIP message (a method or SIP/2.0)? */
bool sr_sip_looks(struct sr_str in);
/* After SR_EBAD on a stream: bytes to drop until a start line may begin,
 * in.n when none is in sight. */
size_t sr_sip_resync(struct sr_str in);

/* ---- msg: one message ---- */

/* Tolerant: what RFC 3261 forbids but can be understood is a note, not a
 * refusal.  Views point into the raw bytes, which must outlive the message. */
enum sr_method {
	SR_M_NONE, SR_INVITE, SR_ACK, SR_BYE, SR_CANCEL, SR_OPTIONS,
	SR_REGISTER, SR_PRACK, SR_UPDATE, SR_M_INFO, SR_SUBSCRIBE, SR_NOTIFY,
	SR_REFER, SR_MESSAGE, SR_PUBLISH, SR_M_OTHER
};
struct sr_header {
	struct sr_str name, value;	/* value: without folds */
};
struct sr_party {			/* From, To, Contact */
	struct sr_str display;		/* unquoted */
	struct sr_str uri;		/* without <> */
	struct sr_str params;		/* header parameters behind it, raw */
	struct sr_str tag;
};
struct sr_msg {
	enum sr_method method;		/* of the CSeq where it is a response */
	struct sr_str method_text;
	int status;			/* 0: a request */
	struct sr_str reason;		/* of a response */
	struct sr_str uri;		/* of a request */
	struct sr_str call_id, branch;	/* branch of the topmost Via */
	struct sr_party from, to, contact;
	uint32_t cseq;
	bool has_cseq;
	struct sr_str body;		/* cut to Content-Length */
	struct sr_str content_type;	/* whole value */
	struct sr_header *headers;	/* long names, in wire order */
	size_t nheaders;
	const char **notes;		/* static texts: deviations met */
	size_t nnotes;
	struct sr_arena arena;		/* owns arrays and unfolded text */
};
/* raw is one message (a datagram, or what sr_sip_frame cut).  SR_OK; SR_EBAD
 * when not even start line and Call-ID can be told; SR_ELIMIT; SR_ENOMEM.
 * Free it in every case. */
int sr_msg_parse(struct sr_msg *m, struct sr_str raw);
/* The i-th header of that (long) name, absent when there is none. */
struct sr_str sr_msg_header(const struct sr_msg *m, const char *name, size_t i);
/* Is token in a comma list of all headers of that name (Require: siprec)? */
bool sr_msg_lists(const struct sr_msg *m, const char *name, const char *token);
/* A Contact marked +sip.src (or src; also inside the URI): RFC 7866 6.1.1. */
bool sr_msg_is_src(const struct sr_msg *m);
/* The value of a parameter (";tag=x" list), unquoted; false: not there. */
bool sr_param(struct sr_str params, const char *name, struct sr_str *value);
/* user and host of a sip, sips or tel URI, as they stand there: escapes are
 * kept, and the brackets of an IPv6 address.  user may be absent, and host is
 * with tel.  SR_OK, SR_EBAD. */
int sr_uri_split(struct sr_str uri, struct sr_str *user, struct sr_str *host);
void sr_msg_free(struct sr_msg *m);

/* ---- body: the parts of a message, RFC 2046, RFC 5621 ---- */

struct sr_part {
	struct sr_str type;		/* "application/sdp", no parameters */
	struct sr_str charset;		/* parameter of the type, or absent */
	struct sr_str disposition;	/* "recording-session" or absent */
	struct sr_str id;		/* Content-ID without <>, or absent */
	struct sr_str data;		/* decoded where it had to be */
	unsigned alt;			/* not 0: which multipart/alternative */
};
enum sr_part_kind { SR_PART_OTHER, SR_PART_SDP, SR_PART_META };
struct sr_body {
	struct sr_part *parts;		/* leaves of a multipart, in order */
	size_t nparts;
	const char **notes;
	size_t nnotes;
	struct sr_arena arena;
};
/* Splits the body of m; at most 32 parts, depth 4.  Always gives what can be
 * had, notes say what was odd.  SR_OK, SR_ENOMEM.  m must outlive it. */
int sr_body_split(struct sr_body *b, const struct sr_msg *m);
/* By type, by disposition, and last by looking at the bytes. */
enum sr_part_kind sr_part_kind(const struct sr_part *p);
/* The first of that kind, or NULL; where that is one of several alternatives,
 * the last of them, which the sender likes best (RFC 2046 section 5.1.4). */
const struct sr_part *sr_body_find(const struct sr_body *b,
    enum sr_part_kind kind);
void sr_body_free(struct sr_body *b);

/* ---- sdp: RFC 8866, read leniently ---- */

enum sr_dir { SR_SENDRECV, SR_SENDONLY, SR_RECVONLY, SR_INACTIVE };
struct sr_sdes {			/* one a=crypto line, RFC 4568 */
	uint32_t tag;
	struct sr_str suite, params;	/* params: from "inline:" on, raw */
};
struct sr_mline {
	struct sr_str media, proto;	/* "audio", "RTP/AVP" */
	struct sr_str label, mid, content, record, recordpref, setup;
	struct sr_str fingerprint;	/* media level, else session level */
	enum sr_dir dir;		/* media level, else session level */
	bool has_dir, rtcp_mux;
	struct sr_addr rtp;		/* family 0: a name or nothing given */
	struct sr_addr rtcp;		/* a=rtcp; port 0: not given */
	uint32_t ptime;			/* ms, 0: not given */
	struct sr_format *formats;	/* in the order of the m= line */
	size_t nformats;
	struct sr_sdes *sdes;
	size_t nsdes;
	struct sr_str *attrs;		/* every a= value, raw */
	size_t nattrs;
	struct sr_str fmts;		/* format list of the m= line, raw */
	struct sr_str host;	/* address of c=, raw: media, else session */
};
struct sr_sdp {
	struct sr_str origin;		/* o= value, raw */
	struct sr_str record;		/* session level a=record */
	struct sr_str times;		/* the first t= value, raw */
	struct sr_str *attrs;		/* a= values of the session, raw */
	size_t nattrs;
	struct sr_mline *mlines;
	size_t nmlines;
	const char **notes;
	size_t nnotes;
	struct sr_arena arena;
};
/* text must outlive s.  At most 256 m-lines.  SR_OK; SR_EBAD when it has no
 * v= and no m= line; SR_ELIMIT; SR_ENOMEM.  Free it in every case. */
int sr_sdp_parse(struct sr_sdp *s, struct sr_str text);
/* Writes text with every character of key material replaced by '*':
 * a=crypto inline keys, k= values, ice-pwd. */
int sr_sdp_mask(struct sr_buf *out, struct sr_str text);
/* The same for keys alone, which become zeros that can be read as keys: what
 * is left is an SDP that means the same but for them. */
int sr_sdp_blank(struct sr_buf *out, struct sr_str text);
const struct sr_format *sr_mline_format(const struct sr_mline *m, uint8_t pt);
void sr_sdp_free(struct sr_sdp *s);

/* ---- build: text of ours in headers and bodies ---- */

/* All of them add to out: SR_OK, SR_ELIMIT, SR_ENOMEM; SR_EBAD where what is
 * handed in would break the line it stands in, and then out is as before. */

/* No CR, LF or NUL: nothing can be smuggled behind it. */
bool sr_header_safe(struct sr_str value);
/* "Name: value" and CRLF.  SR_EBAD: name is no token, value is not safe. */
int sr_header_add(struct sr_buf *out, const char *name, struct sr_str value);
/* A quoted-string, RFC 3261 section 25.1.  SR_EBAD: s is not safe. */
int sr_quote_add(struct sr_buf *out, struct sr_str s);
/* "sip:user@host:port;transport=tcp".  What user may not hold is escaped; an
 * IPv6 host gets its brackets.  scheme is "sip" or "sips"; user and transport
 * may be absent, port 0.  SR_EBAD: no host, or one that no host can be. */
struct sr_uri {
	struct sr_str scheme, user, host, transport;
	uint16_t port;
};
int sr_uri_add(struct sr_buf *out, const struct sr_uri *u);

struct sr_piece {			/* one part of a body to be */
	struct sr_str type;		/* "application/sdp" */
	struct sr_str disposition;	/* "recording-session" or absent */
	struct sr_str data;
};
/* Writes a body, RFC 2046 section 5.1: one piece as it is, several as
 * multipart/mixed with a boundary that occurs in none of them.  The value of
 * Content-Type is added to type; the Content-Disposition of a single piece is
 * the caller's to write.  SR_EBAD as above, for type and disposition. */
int sr_body_write(struct sr_buf *out, struct sr_buf *type,
    const struct sr_piece *v, size_t n);

/* ---- sdes: keys in SDP, RFC 4568, RFC 6188, RFC 7714 ---- */

/* Bytes of the master key and the master salt; 0 for SR_SUITE_NONE. */
size_t sr_suite_key(enum sr_suite suite);
size_t sr_suite_salt(enum sr_suite suite);
/* "AES_CM_128_HMAC_SHA1_80"; "" for SR_SUITE_NONE.  Static text. */
const char *sr_suite_name(enum sr_suite suite);
/* SR_SUITE_NONE for what is not spoken here. */
enum sr_suite sr_suite_by_name(struct sr_str name);

enum { SR_MAX_KEY = 32, SR_MAX_SALT = 14, SR_MAX_MKI = 128, SR_MAX_KEYS = 4 };

struct sr_sdes_key {			/* one master key */
	enum sr_suite suite;
	uint8_t key[SR_MAX_KEY], salt[SR_MAX_SALT];
	uint8_t mki[SR_MAX_MKI];	/* big endian, as in the packets */
	size_t nmki;			/* bytes of it, 0: none */
	uint64_t lifetime;		/* packets; 0: the suite's own */
};
struct sr_sdes_keys {			/* one a=crypto line */
	uint32_t tag;
	struct sr_sdes_key v[SR_MAX_KEYS];
	size_t n;
};
/* Reads a crypto line whole, section 9.2.  SR_OK; SR_EBAD: the line is
 * invalid (6.1); SR_EUNSUP: a suite or a session parameter that we do not
 * speak, one that takes protection away (6.3), more than SR_MAX_KEYS keys;
 * SR_ENOMEM.  Only after SR_OK there is anything in k; wipe it when it is
 * used up. */
int sr_sdes_read(struct sr_sdes_keys *k, const struct sr_sdes *line);
/* The first line of m that can be used, section 5.1.2: its index, or m->nsdes
 * when there is none.  spoken: a bit (1 << suite) for each that is spoken,
 * 0: all. */
size_t sr_sdes_choose(struct sr_sdes_keys *k, const struct sr_mline *m,
    unsigned spoken);
/* A key of that suite out of random bytes, sr_suite_key + sr_suite_salt many;
 * no MKI, no lifetime. */
void sr_sdes_make(struct sr_sdes_key *k, enum sr_suite suite,
    const uint8_t *random);
/* "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:..." and CRLF.  SR_OK, SR_EBAD
 * without a suite, SR_ELIMIT, SR_ENOMEM. */
int sr_sdes_print(struct sr_buf *out, uint32_t tag,
    const struct sr_sdes_key *k);

/* ---- plan: what an offer asks of us, RFC 3264, RFC 7866 section 7 ---- */

enum sr_refusal {			/* why an m-line gets port 0 */
	SR_TAKEN,			/* it does not */
	SR_NO_PORT,			/* it has port 0 itself */
	SR_NO_MEDIA,			/* neither audio, nor text if wanted */
	SR_NO_PROTO,			/* no profile of RTP that we know */
	SR_NO_FORMAT,			/* no payload type; strict: no codec */
	SR_NO_KEYS,			/* SAVP without keys we could use */
	SR_NO_SRTP,			/* SRTP, and that is off */
	SR_NO_SECRECY,			/* no SRTP, and that is required */
	SR_NO_MUX,			/* rtcp-mux-only, and we do not */
	SR_NO_HOST			/* multicast; strict: no address */
};
const char *sr_refusal_text(enum sr_refusal why);	/* static, for people */

enum sr_keying { SR_KEYS_NONE, SR_KEYS_SDES, SR_KEYS_DTLS };
enum sr_srtp_policy { SR_SRTP_OFF, SR_SRTP_ALLOW, SR_SRTP_REQUIRE };

/* What we are and want.  decodes must be set; it is not asked about events,
 * comfort noise and text. */
struct sr_plan_cfg {
	bool (*decodes)(void *arg, const struct sr_format *f);
	void *arg;
	enum sr_srtp_policy srtp;
	unsigned suites;		/* of SDES, see sr_sdes_choose */
	bool client;			/* we send and never receive: an SRC */
	bool answer;			/* the SDP answers an offer of ours */
	bool strict;			/* port 0 where nothing is decodable */
	bool first;			/* answer one codec, not all */
	bool text;			/* take real-time text, RFC 4103 */
	bool no_mux;			/* RTCP always on a port of its own */
	bool no_dtls;			/* there is no certificate */
	bool passive;			/* DTLS: be the server on actpass */
};
struct sr_plan_line {
	enum sr_refusal refused;	/* the rest holds for SR_TAKEN only */
	bool text;			/* else audio */
	bool decodable;			/* false: keep the payload, and warn */
	uint8_t formats[16];		/* see sr_plan_wants */
	enum sr_dir dir;	/* the most that may be answered: SR_RECVONLY
				 * (client: SR_SENDONLY) or SR_INACTIVE */
	bool held;			/* c=0.0.0.0: nothing may be sent */
	struct sr_addr rtp;		/* of the peer; family 0: see host */
	struct sr_addr rtcp;		/* of the peer, whatever said it */
	struct sr_str host;		/* a name to be resolved, or absent */
	bool mux;	/* RTCP shares the port: bind one, not two */
	bool ice;			/* answer as the lite side, RFC 8445 */
	enum sr_keying keying;
	size_t sdes;			/* SDES: index of the chosen line */
	struct sr_sdes_keys keys;	/* and what it says */
	bool active;			/* DTLS: we are its client */
	struct sr_str fingerprint;	/* DTLS: the peer's first, raw */
};
struct sr_plan {
	struct sr_plan_line *lines;	/* one per m-line of the offer */
	size_t nlines, ntaken;
	/* Nothing could be taken: the offer gets a 488.  A later one that
	 * only removes (all ports 0) is none of those. */
	bool hopeless;
};
/* Judges an offer.  before: the plan in force, for a later offer, NULL for the
 * first; DTLS keeps its roles (RFC 5763 section 6.6).  Views are borrowed from
 * offer.  SR_OK; SR_EBAD: fewer m-lines than before (RFC 3264 section 8; with
 * cfg->answer, any other number); SR_ENOMEM.  Free it in every case, which
 * wipes its keys. */
int sr_sdp_plan(struct sr_plan *p, const struct sr_sdp *offer,
    const struct sr_plan *before, const struct sr_plan_cfg *cfg);
void sr_plan_free(struct sr_plan *p);
/* Is this payload type of a taken line in the answer?  Those of the codecs
 * that cfg wants, telephone-event and CN at their clocks (RFC 4733 section
 * 2.1); unless strict, all where no codec is decodable, and events of any
 * clock where none has the right one. */
bool sr_plan_wants(const struct sr_plan_line *l, uint8_t pt);
/* All values of a=fingerprint that hold for m: its own, else the session's
 * (RFC 8122 section 5).  At most max are put into v; how many. */
enum { SR_FINGERPRINTS = 4 };		/* of one m-line, that are looked at */
size_t sr_mline_fingerprints(const struct sr_sdp *s, const struct sr_mline *m,
    struct sr_str *v, size_t max);

/* ---- answer: the SDP of a recording server ---- */

struct sr_sdp_own {			/* who speaks, in each SDP of ours */
	struct sr_str user;		/* of o=; absent: "-" */
	struct sr_str name;		/* s=; absent: "-" */
	uint64_t id, version;	/* id stays; version + 1 when the SDP changed */
	struct sr_addr addr;		/* o= and the session's c=; no port */
	struct sr_str fingerprint;	/* "sha-256 AA:..."; absent: no DTLS */
};
/* What the owner of the ports decided for one m-line. */
struct sr_answer_line {
	bool refuse;			/* all the same: port 0 */
	enum sr_dir dir;		/* SR_RECVONLY or SR_INACTIVE */
	struct sr_addr rtp;		/* ours: port, and c= if not own's */
	uint16_t rtcp;			/* 0: rtp + 1, or muxed */
	struct sr_sdes_key key;		/* SDES: ours, of the chosen suite */
	struct sr_str ufrag, pwd;	/* ICE: ours */
};
/* Writes the answer to offer: all its m-lines in order, labels on each.  lines
 * has plan->nlines elements.  SR_OK; SR_EBAD when plan and decisions do not
 * fit (no port, no key of the chosen suite, no fingerprint, no ICE password)
 * or a text of ours is not safe; SR_ELIMIT; SR_ENOMEM. */
int sr_sdp_answer(struct sr_buf *out, const struct sr_sdp *offer,
    const struct sr_plan *plan, const struct sr_sdp_own *own,
    const struct sr_answer_line *lines);
/* The server's own offer, for a re-INVITE or in reply to one without an offer:
 * the m-lines in force, said again (RFC 7866 section 7.2: none is added).
 * peer is the latest SDP of the client, plan its plan.  A line's dir is
 * offered as it stands, whatever the peer's was; refuse removes it. */
int sr_sdp_reoffer(struct sr_buf *out, const struct sr_sdp *peer,
    const struct sr_plan *plan, const struct sr_sdp_own *own,
    const struct sr_answer_line *lines);

/* Text of n characters and a NUL out of n random bytes, for ufrag (4 or more)
 * and pwd (22 or more; RFC 8839 section 5.4): 6 bits each. */
void sr_ice_text(char *out, const uint8_t *random, size_t n);

/* ---- offer: the SDP of a recording client ---- */

struct sr_offer_line {
	struct sr_str media, proto;	/* absent: "audio", "RTP/AVP" */
	struct sr_str label, mid;	/* absent: none */
	enum sr_dir dir;		/* SR_SENDONLY or SR_INACTIVE */
	struct sr_addr rtp;		/* port 0: removed; c= if not own's */
	uint16_t rtcp;			/* 0: rtp + 1, or muxed */
	bool mux;			/* RFC 5761 */
	const struct sr_format *formats;
	size_t nformats;		/* at least one */
	uint32_t ptime;			/* ms, 0: not said */
	const struct sr_sdes_key *keys;	/* a crypto line each, tags from 1 */
	size_t nkeys;
	struct sr_str setup;		/* DTLS: "actpass"; absent: no DTLS */
	const struct sr_str *attrs;	/* further a= values */
	size_t nattrs;
};
/* attrs: a= values of the session.  SR_OK; SR_EBAD: no format, no address, or
 * a text that would break its line; SR_ELIMIT; SR_ENOMEM. */
int sr_sdp_offer(struct sr_buf *out, const struct sr_sdp_own *own,
    const struct sr_str *attrs, size_t nattrs,
    const struct sr_offer_line *lines, size_t n);
/* The client's answer to an offer of the server: recvonly gives sendonly,
 * inactive inactive, port 0 port 0; lines as offered last.  m-lines that the
 * server may not add are refused.  SR_EBAD also when it has fewer than n. */
int sr_sdp_reply(struct sr_buf *out, const struct sr_sdp *offer,
    const struct sr_sdp_own *own, const struct sr_offer_line *lines, size_t n);

/* ---- auth: digest access, RFC 7616, RFC 8760, RFC 3261 section 22 ---- */

/* A challenge or an answer to one, in pieces: views without their quotes. */
struct sr_auth {
	struct sr_str user, realm, nonce, opaque, uri, response, cnonce, nc;
	struct sr_str qop;		/* of a challenge: a list */
	struct sr_str algorithm;	/* raw, absent: MD5 */
	enum sr_digest alg;		/* where known */
	bool known;			/* an algorithm that we compute */
	bool session;			/* "-sess" */
	bool stale, userhash;
};
/* SR_OK; SR_EUNSUP: another scheme than Digest; SR_EBAD: no realm or nonce, or
 * the same parameter twice. */
int sr_auth_parse(struct sr_auth *a, struct sr_str value);
/* "MD5", "SHA-256", "SHA-512-256"; "" for other digests. */
const char *sr_auth_alg_name(enum sr_digest alg);

/* -- the client -- */

struct sr_auth_try {
	struct sr_str user, password;
	struct sr_str method, uri;	/* of the request to come */
	struct sr_str cnonce;		/* random text of ours */
	uint32_t nc;			/* 1 for the first use of a nonce */
};
/* The topmost challenge of a 401 or 407 that we can answer (RFC 8760 section
 * 2.4): SR_OK, SR_ENOENT.  Views into m. */
int sr_auth_choose(struct sr_auth *a, const struct sr_msg *m);
/* Adds the value of Authorization (after a 407: Proxy-Authorization).  SR_OK;
 * SR_EUNSUP: a qop or an algorithm that we do not do; SR_EBAD: unsafe text;
 * SR_ELIMIT; SR_ENOMEM. */
int sr_auth_answer(struct sr_buf *out, const struct sr_crypto *c,
    const struct sr_auth *challenge, const struct sr_auth_try *t);

/* -- the server -- */

/* Adds "user:realm:algorithm:H(A1)" and LF: a line of the credentials file.
 * SR_EBAD: a colon, quote or control character where none may be; SR_EUNSUP:
 * alg is none of Digest's. */
int sr_auth_line(struct sr_buf *out, const struct sr_crypto *c,
    enum sr_digest alg, struct sr_str user, struct sr_str realm,
    struct sr_str password);
struct sr_auth_user {
	struct sr_str user, realm;
	enum sr_digest alg;
	uint8_t ha1[32];
	size_t line;			/* of the file, from 1 */
};
struct sr_auth_users {
	struct sr_auth_user *v;		/* sorted by realm, user, algorithm */
	size_t n;
};
/* Reads the text of a credentials file; blank lines and lines that begin with
 * # do not count.  text must outlive u.  SR_OK; SR_EBAD: *line is wrong (from
 * 1) or says again what another says; SR_ENOMEM.  Free it in every case. */
int sr_auth_users_read(struct sr_auth_users *u, struct sr_str text,
    size_t *line);
void sr_auth_users_free(struct sr_auth_users *u);

/* Which counts of which nonce were used: the caller's memory, zeroed once. */
enum { SR_NONCES = 256 };
struct sr_auth_nonces {
	struct sr_auth_nonce {
		uint64_t id;		/* 0: free */
		sr_time born;
		uint32_t nc;		/* the highest that was used */
		uint32_t seen;		/* bit i: nc - i was used */
	} v[SR_NONCES];
	sr_time floor;			/* older ones were forgotten: stale */
};
struct sr_auth_server {
	const struct sr_crypto *crypto;
	const struct sr_auth_users *users;
	struct sr_auth_nonces *nonces;
	struct sr_str realm;		/* without quotes and backslashes */
	uint8_t secret[32];		/* random, of this process */
	sr_time life;			/* of a nonce */
	bool md5;			/* MD5 is offered and accepted too */
};
/* Adds the value of the i-th WWW-Authenticate, best algorithm first: those
 * that all users of the realm have, or if there are none, any of them has.
 * SR_OK; SR_ENOENT: no such, the list is over; SR_ELIMIT; SR_ENOMEM. */
int sr_auth_challenge(struct sr_buf *out, const struct sr_auth_server *s,
    size_t i, bool stale, sr_time now);
enum sr_auth_verdict {
	SR_AUTH_OK,
	SR_AUTH_NONE,			/* no credentials for this realm: 401 */
	SR_AUTH_WRONG,			/* refused: 401 */
	SR_AUTH_STALE,	/* right, but the nonce is used up: 401, stale */
	SR_AUTH_BAD			/* it cannot be understood: 400 */
};
/* Looks at every Authorization of the request m, RFC 3261 section 22.1.  The
 * uri in it must be that of the request, or name the same user and host.
 * *user is a view into s->users, absent unless SR_AUTH_OK.  Takes the same
 * time for a user that is not there. */
enum sr_auth_verdict sr_auth_check(const struct sr_auth_server *s,
    const struct sr_msg *m, sr_time now, struct sr_str *user);

/* ---- passport: who calls, signed by somebody: RFC 8224, RFC 8225 ---- */

enum sr_passport_verdict {		/* of several headers the first holds */
	SR_PASSPORT_GOOD,
	SR_PASSPORT_STALE,		/* not of these 60 s: 403 */
	SR_PASSPORT_INVALID,		/* 438 */
	SR_PASSPORT_UNTRUSTED,	/* the certificate, the algorithm: 437 */
	SR_PASSPORT_UNKNOWN,	/* there is no certificate for it: 436 */
	SR_PASSPORT_NONE		/* no Identity that can be used: 428 */
};
struct sr_passport {
	enum sr_passport_verdict verdict;
	const char *why;		/* static, for people; "" when good */
	/* Whom From and To name in the canonical form, the one that is signed:
	 * "12155551212", "sip:alice@example.com". */
	struct sr_str orig, dest;
	struct sr_arena arena;
};
/* Judges the request m, whose body is b, by these certificates.  A number is
 * what a tel: URI holds, or a SIP URI with user=phone or a + before it; in the
 * full form any number may be said to be one.  Free it in every case. */
void sr_passport_check(struct sr_passport *p, const struct sr_msg *m,
    const struct sr_body *b, const struct sr_crypto *c,
    const struct sr_signers *from, sr_time now);
/* "verified", "stale", "invalid" ...: a word for logs.  Static. */
const char *sr_passport_word(enum sr_passport_verdict v);
void sr_passport_free(struct sr_passport *p);

/* ---- date: the value of the header, RFC 3261 section 20.17 ---- */

int sr_date_add(struct sr_buf *out, sr_time t);	/* SR_EBAD: before 1970 */
int sr_date_parse(struct sr_str s, sr_time *t);		/* SR_OK, SR_EBAD */

/* ---- clf: the common log format, RFC 6872, RFC 6873 ---- */

/* What could not be parsed: written as "?", which the text "?" is not. */
extern const struct sr_str sr_clf_unreadable;
struct sr_clf {				/* absent text: "-" */
	sr_time time;
	bool response, duplicate, sent, secret;	/* secret: TLS */
	enum sr_proto proto;
	struct sr_addr src, dst;
	struct sr_str cseq, uri;	/* "1 INVITE"; the Request-URI */
	int status;			/* of a response */
	struct sr_str to_uri, to_tag, from_uri, from_tag, call_id;
	struct sr_str server_txn, client_txn;
	const struct sr_header *more;	/* optional fields, each a header */
	size_t nmore;
};
/* Fills what stands in a message; the caller adds time, addresses, transport,
 * flags.  The branch becomes server_txn or client_txn as c->sent, set before,
 * says.  What cannot be read is sr_clf_unreadable.  Views into m. */
void sr_clf_of(struct sr_clf *c, const struct sr_msg *m);
/* Adds one record with the line feed at its end, section 4.  Fields are cut at
 * 4096 bytes.  SR_OK, SR_ELIMIT, SR_ENOMEM. */
int sr_clf_add(struct sr_buf *out, const struct sr_clf *c);

/* ---- sessionid: RFC 7989 ---- */

struct sr_session_id {			/* 32 hex digits in lower case, NUL */
	char local[33], remote[33];	/* "" remote: the form of RFC 7329 */
};
#define SR_SESSION_NIL "00000000000000000000000000000000"
/* SR_OK, SR_EBAD.  Upper case is made lower. */
int sr_session_id_parse(struct sr_session_id *s, struct sr_str value);
/* The value of the header; an empty remote is written as nil. */
int sr_session_id_add(struct sr_buf *out, const struct sr_session_id *s);
/* Text of a UUID, as sr_uuid5 or 16 random bytes give it. */
void sr_session_id_of(char out[33], const uint8_t uuid[16]);

#endif
