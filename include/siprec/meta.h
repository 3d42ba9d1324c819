/* meta: the recording metadata of RFC 7865 in every dialect met, kept up to
 * date.  libxml2 and jansson end here. */
#ifndef SIPREC_META_H
#define SIPREC_META_H

#include "siprec/base.h"

/* ---- the model: one document, RFC 7865 section 6 ---- */

/* All views and arrays belong to the document's arena.  An absent string
 * ({ NULL, 0 }) means that the document says nothing. */
struct sr_ext {				/* extension data, kept verbatim */
	struct sr_str ns, name;
	struct sr_str xml;		/* with the namespaces in scope; absent
					 * for one that the one before holds */
};
struct sr_exts {
	struct sr_ext *v;
	size_t n;
};
struct sr_name_id {
	struct sr_str aor, name, lang;
};
struct sr_group {
	struct sr_str id, associate, disassociate;
	unsigned line;			/* where it was read; 0: of no line */
	struct sr_exts exts;
};
struct sr_cs_reason {
	struct sr_str cause, protocol, text;
};
struct sr_cs {				/* <session>: a communication session */
	struct sr_str id, group_ref, start, stop, associate;
	struct sr_str *sip_session_ids;
	size_t nsip_session_ids;
	struct sr_cs_reason *reasons;
	size_t nreasons;
	unsigned line;
	struct sr_exts exts;
};
struct sr_participant {
	struct sr_str id;
	struct sr_name_id *names;
	size_t nnames;
	unsigned line;
	struct sr_exts exts;
};
struct sr_mstream {			/* <stream>: a recorded media stream */
	struct sr_str id, session_id, label, mode;
	struct sr_str media_label;	/* a rival of <label>, an attribute */
	bool undefined;			/* referred to, never described */
	unsigned line;
	struct sr_exts exts;
};
struct sr_param_value {
	struct sr_str name, value;
};
enum sr_assoc_kind {
	SR_CS_RECORDING, SR_PARTICIPANT_CS, SR_PARTICIPANT_STREAM
};
struct sr_assoc {
	enum sr_assoc_kind kind;
	struct sr_str participant_id, session_id;
	struct sr_str *send, *recv;	/* stream ids */
	size_t nsend, nrecv;
	struct sr_str associate, disassociate;
	struct sr_param_value *params;
	size_t nparams;
	struct sr_str source;		/* the element, or what implied it */
	unsigned line;
	struct sr_exts exts;
};

enum sr_severity { SR_NOTE, SR_WARNING, SR_ERROR };
struct sr_finding {
	enum sr_severity severity;
	unsigned line;			/* 0: of no line */
	struct sr_str rule;		/* stable id, e.g. "R7865-6.9-1" */
	struct sr_str clause;		/* "RFC 7865 section 6.9" */
	struct sr_str text, hint;
	bool schema;			/* the schema's verdict, not ours */
};

struct sr_doc {
	struct sr_str root;		/* "recording", "requestsnapshot" ... */
	struct sr_str ns, dialect;
	struct sr_str datamode, datamode_raw;	/* "complete", "partial" */
	struct sr_str recording_id;		/* draft era: the root's id */
	struct sr_str request_reason;
	bool well_formed, schema_valid, valid;
	struct sr_group *groups;
	struct sr_cs *sessions;
	struct sr_participant *participants;
	struct sr_mstream *streams;
	struct sr_assoc *assocs;
	size_t ngroups, nsessions, nparticipants, nstreams, nassocs;
	struct sr_exts exts;
	struct sr_finding *findings;
	size_t nfindings;
	struct sr_arena arena;
};

/* Reads XML of any dialect.  Never touches a file or the network, refuses a
 * DOCTYPE, and holds text, tree and model to max bytes each.  charset is that
 * of the MIME part or absent.  SR_OK whenever there is a document to look at,
 * also for one that is not well-formed (well_formed tells, a repair is tried);
 * SR_EBAD when nothing can be had (d holds the finding); SR_ELIMIT; SR_ENOMEM.
 * Checks of the schema and of meaning have run when it returns.
 * Free it in every case. */
int sr_doc_parse(struct sr_doc *d, struct sr_str xml, struct sr_str charset,
    size_t max);
void sr_doc_free(struct sr_doc *d);

/* What the SDP that belongs to d says: a label that is in no m-line is of that
 * severity, an m-line that no stream names a warning (in a complete one). */
int sr_doc_check_labels(struct sr_doc *d, const struct sr_str *labels,
    size_t n, enum sr_severity severity);

/* An empty complete document, to be filled by hand (adders below copy). */
int sr_doc_new(struct sr_doc *d, size_t max);
struct sr_cs *sr_doc_add_cs(struct sr_doc *d, struct sr_str id);
struct sr_participant *sr_doc_add_participant(struct sr_doc *d,
    struct sr_str id, struct sr_str aor, struct sr_str name);
struct sr_mstream *sr_doc_add_stream(struct sr_doc *d, struct sr_str id,
    struct sr_str session_id, struct sr_str label);
struct sr_assoc *sr_doc_add_assoc(struct sr_doc *d, enum sr_assoc_kind kind,
    struct sr_str participant_id, struct sr_str session_id);
int sr_assoc_add(struct sr_doc *d, struct sr_assoc *a, bool send,
    struct sr_str stream_id);

/* ---- writing ---- */

/* Canonical RFC 7865 XML.  crypto makes UUIDv5 of ids that are no UUIDs
 * (the original is kept in an extension of ours). */
int sr_doc_xml(const struct sr_doc *d, const struct sr_crypto *crypto,
    struct sr_buf *out);
/* Reads what sr_doc_json writes, and what people write by the same names.
 * Cuts one object off *json.  Ids that are missing are made with crypto; a
 * reference may then name a stream by its label, a participant by its AoR.
 * why gets words when this fails.  SR_OK; SR_ENOENT at the end; SR_EBAD;
 * SR_ELIMIT; SR_ENOMEM.  Free d in every case. */
int sr_doc_from_json(struct sr_doc *d, struct sr_str *json,
    const struct sr_crypto *crypto, size_t max, struct sr_buf *why);
/* One JSON object on one line, without the line end; file may be absent. */
int sr_doc_json(const struct sr_doc *d, struct sr_str file, struct sr_buf *out);

/* ---- apply: the state of a recording session ---- */

/* Complete replaces, partial merges: requirements of RFC 7865 5.1.2 and the
 * rules in siprec.7.  Owns copies; the document may be freed after. */
struct sr_meta;
int sr_meta_new(struct sr_meta **mp, size_t max);
int sr_meta_apply(struct sr_meta *m, const struct sr_doc *d, sr_time now);
/* The snapshot. */
const struct sr_doc *sr_meta_doc(const struct sr_meta *m);
bool sr_meta_based(const struct sr_meta *m);	/* a complete one was applied */
void sr_meta_free(struct sr_meta *m);

/* The participants that send the stream of that label now, at most max of
 * them, in document order; returns how many there are. */
size_t sr_doc_senders(const struct sr_doc *d, struct sr_str label,
    const struct sr_participant **out, size_t max);
const struct sr_mstream *sr_doc_by_label(const struct sr_doc *d,
    struct sr_str label);

/* ---- timeline: who was where, when ---- */

enum sr_part_of { SR_IN_SESSION, SR_SENDS, SR_HEARS };
struct sr_interval {
	enum sr_part_of kind;
	struct sr_str participant, aor, name;
	struct sr_str object;		/* id of the session or the stream */
	struct sr_str session;		/* of that stream; or the same */
	struct sr_str label;		/* of a stream */
	struct sr_str from, to;		/* as the client wrote it; absent: not
					 * known, and to: not over */
	bool from_approx, to_approx;	/* taken from elsewhere: receipt */
	bool over;
};
struct sr_timeline;
int sr_timeline_new(struct sr_timeline **tp, size_t max);
/* in was applied and made the snapshot; receipt is RFC 3339 or absent. */
int sr_timeline_apply(struct sr_timeline *t, const struct sr_doc *in,
    const struct sr_doc *snapshot, struct sr_str receipt);
int sr_timeline_end(struct sr_timeline *t, struct sr_str when);
const struct sr_interval *sr_timeline_get(const struct sr_timeline *t,
    size_t *n);
void sr_timeline_free(struct sr_timeline *t);

/* ---- the log of a session directory, as far as it concerns metadata ---- */

struct sr_log_doc {
	struct sr_str file, time;	/* time: RFC 3339, of the receipt */
};
struct sr_log_stream {
	struct sr_str label, file;
	sr_time duration;		/* < 0: not told */
	struct sr_str *participants;	/* ids */
	size_t nparticipants;
};
struct sr_log {
	struct sr_log_doc *docs;
	size_t ndocs;
	struct sr_str start, end;	/* RFC 3339; absent: still running */
	struct sr_log_stream *streams;
	size_t nstreams;
	struct sr_arena arena;
};
/* text is session.jsonl.  SR_OK, SR_ELIMIT.  Free it in every case. */
int sr_log_read(struct sr_log *log, struct sr_str text, size_t max);
void sr_log_free(struct sr_log *log);

/* ---- vCon: draft-ietf-vcon-vcon-core ---- */

struct sr_vcon_file {			/* one recorded stream */
	struct sr_str label, url, mediatype;
	struct sr_str start;		/* RFC 3339, or absent */
	sr_time duration;		/* < 0: not known */
	struct sr_str *participants;	/* ids; none: who sends it now */
	size_t nparticipants;
	uint8_t sha512[64];
};
struct sr_vcon {
	sr_time created;
	struct sr_str subject;		/* or absent */
	struct sr_str xml;		/* goes along as an attachment */
	const struct sr_vcon_file *files;
	size_t nfiles;
};
/* One vCon on one line, without the line end. */
int sr_doc_vcon(const struct sr_doc *d, const struct sr_vcon *v,
    const struct sr_crypto *crypto, struct sr_buf *out);

#endif
