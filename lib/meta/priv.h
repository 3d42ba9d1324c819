/* priv - what the files of this layer tell each other. */
#ifndef META_PRIV_H
#define META_PRIV_H

#include "siprec/meta.h"

struct _xmlNode;

/* The namespace of RFC 7865, and those of its drafts. */
#define SR_NS_V1 "urn:ietf:params:xml:ns:recording:1"
#define SR_NS_DRAFT "urn:ietf:params:xml:ns:recording"
#define SR_NS_SIPREC "urn:ietf:params:xml:ns:siprec"

/* What is no good thing to exceed, for any document. */
enum {
	SR_MAX_DEPTH = 256,		/* as libxml2 has it */
	SR_MAX_ATTRS = 256,		/* of one element */
	SR_MAX_NS = 512,		/* in scope at one place */
	SR_MAX_TAG = 1 << 20,		/* bytes between < and > */
	SR_MAX_FINDINGS = 250
};

/* ---- findings (finding.c) ---- */

struct sr_rule {
	const char *id, *clause;
	enum sr_severity severity;
	bool schema;			/* the schema rejects it as well */
	const char *hint;		/* or NULL */
};
/* An error makes the document not valid even where it cannot be kept.  What
 * was said before, of any line, is not said again by sr_find_once. */
void sr_find(struct sr_doc *d, const struct sr_rule *r, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void sr_find_once(struct sr_doc *d, const struct sr_rule *r, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void sr_findings_sort(struct sr_doc *d);
/* For "%.*s": a value of a stranger, cut to what a person reads. */
#define SR_SHOW(s) (int)((s).n < 80 ? (s).n : 80), (s).p != NULL ? (s).p : ""

/* ---- text (charset.c, scan.c, repair.c) ---- */

/* The document as UTF-8 without byte order mark: *text borrows from in, or
 * from hold when it had to be written anew.  What was odd is found in d. */
int sr_meta_utf8(struct sr_doc *d, struct sr_str in, struct sr_str charset,
    struct sr_buf *hold, struct sr_str *text);
/* Refuses what no reader should be asked to read: a DOCTYPE (SR_EBAD), or
 * more of anything than any document has (SR_ELIMIT).  *cost is what the
 * biggest child of the root may take in memory as a tree. */
int sr_meta_scan(struct sr_doc *d, struct sr_str text, size_t *cost);
/* Makes well-formed what is not, as far as that can be done without
 * guessing; each repair is a finding. */
int sr_meta_repair(struct sr_doc *d, struct sr_str text, struct sr_buf *out);

/* ---- words (dialect.c) ---- */

enum sr_word {
	SR_W_NONE, SR_W_AOR, SR_W_ASSOCIATE, SR_W_DATAMODE, SR_W_DISASSOCIATE,
	SR_W_EXTENSIONDATA, SR_W_GROUP, SR_W_GROUPREF, SR_W_ID, SR_W_LABEL,
	SR_W_MODE, SR_W_NAME, SR_W_NAMEID, SR_W_PARAM, SR_W_PARTICIPANT,
	SR_W_PSA, SR_W_PSTA, SR_W_REASON, SR_W_RECORDING, SR_W_RECV,
	SR_W_REQUESTREASON, SR_W_REQUESTSNAPSHOT, SR_W_SEND, SR_W_SESSION,
	SR_W_SIPSESSIONID, SR_W_SRA, SR_W_START, SR_W_STOP, SR_W_STREAM
};
/* What a local name means in any dialect; *exact says whether RFC 7865 has
 * it so.  Dashes, underscores and case do not matter. */
enum sr_word sr_word(const char *name, bool *exact);
/* The same name but for dashes, underscores and case?  flat has none. */
bool sr_flat_eq(const char *name, const char *flat);
/* Which product wrote it, by evidence; set the namespace and the rest first. */
void sr_dialect(struct sr_doc *d, const char *clue);
/* The product that a namespace belongs to, or NULL. */
const char *sr_dialect_of_ns(struct sr_str ns);

/* ---- from elements to the model (read.c) ---- */

struct sr_reading {
	struct sr_doc *d;
	int err;			/* the first lack of room */
	const char *clue;		/* to the dialect, or NULL */
	enum sr_word last;		/* of the root's children */
	bool foreign;			/* nothing under this root is ours */
	struct sr_pending {		/* extension data with a parent */
		struct sr_str parent;
		size_t ext, n;		/* of d->exts */
	} *pending;
	size_t npending;
	_Alignas(16) char waste[512];	/* what finds no room goes here */
};
void sr_read_root(struct sr_reading *r, struct _xmlNode *root);
void sr_read_child(struct sr_reading *r, struct _xmlNode *child);
void sr_read_text(struct sr_reading *r, struct _xmlNode *text);
void sr_read_done(struct sr_reading *r);

/* Elements among the children of e. */
#define SR_EACH(c, e)							\
	for (struct _xmlNode *c = (e)->children; c != NULL; c = c->next) \
		if (c->type == XML_ELEMENT_NODE)

/* The meaning of an element, with what is odd about it; extension data goes
 * to x and is no word. */
enum sr_word sr_read_word(struct sr_reading *r, struct _xmlNode *e,
    struct sr_exts *x);
void sr_read_misplaced(struct sr_reading *r, const struct _xmlNode *e);
unsigned sr_line(const struct _xmlNode *e);

/* Objects wherever they stand (object.c, party.c); parent is the id of the
 * session around them, or absent. */
void sr_read_object(struct sr_reading *r, struct _xmlNode *e, enum sr_word w,
    struct sr_str parent);
void sr_read_participant(struct sr_reading *r, struct _xmlNode *e,
    struct sr_str parent);
void sr_read_association(struct sr_reading *r, struct _xmlNode *e,
    enum sr_word w, struct sr_str parent);
struct sr_str sr_read_lang(struct sr_reading *r, struct _xmlNode *e);

/* Values (value.c).  A slot more at the array whose address is vp; it is never
 * NULL, but the waste where there is no room. */
void *sr_read_slot(struct sr_reading *r, void *vp, size_t *n, size_t size);
struct sr_str sr_read_keep(struct sr_reading *r, struct sr_str s);
struct sr_str sr_node_text(struct sr_reading *r, struct _xmlNode *e);
struct sr_str sr_node_attr(struct sr_reading *r, struct _xmlNode *e,
    const char *flat, const char **spelled);
/* The value of the first attribute of that meaning; rfc is its right name. */
struct sr_str sr_node_id(struct sr_reading *r, struct _xmlNode *e,
    const char *rfc, const char *const *flat);
struct sr_str sr_read_id(struct sr_reading *r, struct sr_str s);
struct sr_str sr_read_time(struct sr_reading *r, struct _xmlNode *e);
void sr_read_ext(struct sr_reading *r, struct sr_exts *x, struct _xmlNode *e);

/* ---- ids (index.c) ---- */

enum sr_kind { SR_K_GROUP, SR_K_SESSION, SR_K_PARTICIPANT, SR_K_STREAM };
struct sr_entry {
	struct sr_str id;
	enum sr_kind kind;
	size_t i;			/* in the document's array */
	unsigned line, uses;
};
struct sr_index {
	struct sr_entry *v;
	size_t n;
};
int sr_index_make(struct sr_index *x, const struct sr_doc *d);
/* The first object of that kind and id, NULL when there is none. */
struct sr_entry *sr_index_find(const struct sr_index *x, enum sr_kind kind,
    struct sr_str id);
void sr_index_free(struct sr_index *x);
const char *sr_kind_name(enum sr_kind kind);

/* ---- verdicts (schema.c, check.c) ---- */

/* The grammar of RFC 7865 section 9 over a well-formed text; what it rejects
 * are findings, and d->schema_valid is false then. */
int sr_schema_check(struct sr_doc *d, struct sr_str text);
/* RFC 7865 as far as no schema can say it.  d->datamode tells whether what
 * is missing may be in an earlier document. */
int sr_doc_check(struct sr_doc *d);

#endif
