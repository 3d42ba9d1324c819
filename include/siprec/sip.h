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
	SR_REGISTER, SR_PRACK, SR_UPDATE, SR_INFO, SR_SUBSCRIBE, SR_NOTIFY,
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
};
struct sr_sdp {
	struct sr_str origin;		/* o= value, raw */
	struct sr_str record;		/* session level a=record */
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
const struct sr_format *sr_mline_format(const struct sr_mline *m, uint8_t pt);
void sr_sdp_free(struct sr_sdp *s);

#endif
