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

#endif
