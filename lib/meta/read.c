/* read - the document: its root, what is in it, and what follows from all.
 *
 * Names are matched by their meaning in any dialect; order never matters. */
#include "meta/priv.h"

#include <libxml/tree.h>
#include <stdlib.h>
#include <string.h>

static const struct sr_rule root_ns = {
	"R7865-5.1.2-1", "RFC 7865 section 5.1.2", SR_ERROR, true,
	"Use the namespace " SR_NS_V1 "."
};
static const struct sr_rule root_version = {
	"R7865-6.11-1", "RFC 7865 section 6.11", SR_ERROR, true,
	"Only version 1 is known: " SR_NS_V1 "."
};
static const struct sr_rule root_name = {
	"R7865-5.1.2-1", "RFC 7865 section 5.1.2", SR_ERROR, true,
	"The root is <recording>, or <requestsnapshot> in a request."
};
static const struct sr_rule elem_name = {
	"dialect-element", "RFC 7865 section 9", SR_ERROR, true,
	"Use the element names of RFC 7865."
};
static const struct sr_rule elem_place = {
	"dialect-place", "RFC 7865 section 9", SR_ERROR, true,
	"Use participantstreamassoc and the other associations."
};
static const struct sr_rule elem_unknown = {
	"dialect-unknown", "RFC 7865 section 9", SR_ERROR, true,
	"Put extensions last, into a namespace of your own."
};
static const struct sr_rule no_markup = {
	"dialect-text", "RFC 7865 section 9", SR_ERROR, true,
	"Was the markup lost, as in text copied from a browser?"
};
static const struct sr_rule datamode_value = {
	"R7865-5.1.2-3", "RFC 7865 section 5.1.2", SR_ERROR, true,
	"Write complete or partial, in lower case."
};
static const struct sr_rule datamode_absent = {
	"R7865-5.1.2-3", "RFC 7865 section 5.1.2", SR_NOTE, false,
	"Without a datamode the document is taken for complete."
};


unsigned
sr_line(const struct _xmlNode *e)
{
	return (unsigned)xmlGetLineNo(e);
}

static struct sr_str
ns_of(const xmlNode *e)
{
	return sr_cstr(e->ns != NULL ? (const char *)e->ns->href : NULL);
}

/* Drafts and the RFC may be mixed in one document. */
static bool
ours(const struct sr_reading *r, const xmlNode *e)
{
	struct sr_str ns = ns_of(e);

	return sr_streq(ns, r->d->ns) || sr_streq(ns, SR_STR(SR_NS_V1)) ||
	    sr_streq(ns, SR_STR(SR_NS_DRAFT)) ||
	    sr_streq(ns, SR_STR(SR_NS_SIPREC));
}

/* libxml2 leaves a prefix that nobody declared in the name. */
static const char *
local(const xmlNode *e)
{
	const char *name = (const char *)e->name;
	const char *colon = e->ns == NULL ? strchr(name, ':') : NULL;

	return colon != NULL ? colon + 1 : name;
}

enum sr_word
sr_read_word(struct sr_reading *r, struct _xmlNode *e, struct sr_exts *x)
{
	bool exact;
	enum sr_word w = sr_word(local(e), &exact);

	if (!ours(r, e) || w == SR_W_EXTENSIONDATA) {
		if (ours(r, e) || ns_of(e).n == 0)
			sr_find_once(r->d, &elem_unknown, sr_line(e),
			    "extension <%.40s> in no namespace of its own",
			    (const char *)e->name);
		sr_read_ext(r, x, e);
		return SR_W_NONE;
	}
	if (w == SR_W_NONE)
		sr_find_once(r->d, &elem_unknown, sr_line(e),
		    "unknown element <%.40s> in <%.40s>",
		    (const char *)e->name, (const char *)e->parent->name);
	else if (!exact)
		sr_find_once(r->d, &elem_name, sr_line(e),
		    "element <%.40s>, which RFC 7865 does not have",
		    (const char *)e->name);
	return w;
}

void
sr_read_misplaced(struct sr_reading *r, const struct _xmlNode *e)
{
	sr_find_once(r->d, &elem_place, sr_line(e), "<%.40s> inside <%.40s>",
	    (const char *)e->name, (const char *)e->parent->name);
}

/* ---- the document ---- */

void
sr_read_root(struct sr_reading *r, struct _xmlNode *root)
{
	struct sr_doc *d = r->d;
	struct sr_str ns = ns_of(root);
	bool exact;
	enum sr_word w = sr_word(local(root), &exact);

	d->root = sr_read_keep(r, sr_cstr(local(root)));
	d->ns = sr_read_keep(r, ns);
	/* AudioCodes declares its namespace also where it does not use it. */
	for (xmlNs *n = root->nsDef; n != NULL && r->clue == NULL; n = n->next)
		r->clue = sr_dialect_of_ns(sr_cstr((const char *)n->href));
	if (w == SR_W_RECORDING)
		d->recording_id = sr_read_id(r, sr_node_attr(r, root, "id",
		    NULL));
	r->foreign = w != SR_W_RECORDING && w != SR_W_REQUESTSNAPSHOT;
	if (r->foreign)
		sr_find(d, &root_name, sr_line(root), "the root is <%.40s>",
		    (const char *)root->name);
	if (sr_streq(ns, SR_STR(SR_NS_V1)))
		return;
	if (sr_strstarts(ns, SR_STR(SR_NS_DRAFT ":")))
		sr_find(d, &root_version, sr_line(root),
		    "unknown version of the namespace: %.*s", SR_SHOW(ns));
	else if (ns.n == 0)
		sr_find(d, &root_ns, sr_line(root), "no namespace");
	else
		sr_find(d, &root_ns, sr_line(root),
		    sr_streq(ns, SR_STR(SR_NS_DRAFT)) ||
		    sr_streq(ns, SR_STR(SR_NS_SIPREC)) ?
		    "draft-era namespace: %.*s" : "foreign namespace: %.*s",
		    SR_SHOW(ns));
}

static void
datamode(struct sr_reading *r, xmlNode *e)
{
	struct sr_doc *d = r->d;
	struct sr_str s = sr_node_text(r, e);

	d->datamode_raw = s;
	if (sr_strieq(s, SR_STR("partial")))
		d->datamode = SR_STR("partial");
	if (!sr_streq(s, SR_STR("partial")) && !sr_streq(s, SR_STR("complete")))
		sr_find(d, &datamode_value, sr_line(e), "datamode is \"%.*s\"",
		    SR_SHOW(s));
	if (strcmp((const char *)e->name, "dataMode") == 0 &&
	    sr_streq(d->ns, SR_STR(SR_NS_V1)))
		r->clue = "avaya";
}

/* CUBE writes party by party, so that participants come again after streams
 * and associations; nobody else was seen to. */
static void
follow(struct sr_reading *r, enum sr_word w)
{
	if (w == SR_W_PARTICIPANT && r->last == SR_W_STREAM && r->clue == NULL)
		r->clue = "cisco";
	r->last = w;
}

/* Extension data with a parent waits until all objects are known. */
static void
extension(struct sr_reading *r, size_t from, xmlNode *e)
{
	struct sr_str parent = sr_read_id(r, sr_node_attr(r, e, "parent",
	    NULL));
	struct sr_pending *p;

	if (parent.n == 0 || r->d->exts.n == from || r->err != SR_OK)
		return;
	p = sr_read_slot(r, &r->pending, &r->npending, sizeof(*p));
	*p = (struct sr_pending){ parent, from, r->d->exts.n - from };
}

/* The <recording> of BroadWorks inside the root; wrappers of objects. */
static void
wrapper(struct sr_reading *r, xmlNode *e, enum sr_word w)
{
	bool exact;

	if (w == SR_W_RECORDING && r->d->recording_id.n == 0)
		r->d->recording_id = sr_read_id(r, sr_node_attr(r, e, "id",
		    NULL));
	SR_EACH(c, e)
		sr_read_object(r, c, ours(r, c) ?
		    sr_word(local(c), &exact) : SR_W_NONE,
		    sr_cstr(NULL));
}

void
sr_read_child(struct sr_reading *r, struct _xmlNode *e)
{
	struct sr_doc *d = r->d;
	size_t from = d->exts.n;
	enum sr_word w;

	if (r->foreign)
		return;
	w = sr_read_word(r, e, &d->exts);
	follow(r, w);
	switch (w) {
	case SR_W_DATAMODE:
		datamode(r, e);
		break;
	case SR_W_REQUESTREASON:
		d->request_reason = sr_node_text(r, e);
		sr_read_lang(r, e);
		break;
	case SR_W_NONE:
		if (d->exts.n > from)
			extension(r, from, e);
		else
			wrapper(r, e, w);
		break;
	case SR_W_RECORDING:
		wrapper(r, e, w);
		break;
	default:
		sr_read_object(r, e, w, sr_cstr(NULL));
	}
}

void
sr_read_text(struct sr_reading *r, struct _xmlNode *t)
{
	if (t->content != NULL &&
	    sr_trim(sr_cstr((const char *)t->content)).n > 0)
		sr_find_once(r->d, &no_markup, sr_line(t),
		    "text where elements are expected");
}

/* ---- when all is read ---- */

static struct sr_exts *
owner(struct sr_doc *d, const struct sr_index *x, struct sr_str id)
{
	struct sr_entry *e;

	if ((e = sr_index_find(x, SR_K_SESSION, id)) != NULL)
		return &d->sessions[e->i].exts;
	if ((e = sr_index_find(x, SR_K_PARTICIPANT, id)) != NULL)
		return &d->participants[e->i].exts;
	if ((e = sr_index_find(x, SR_K_STREAM, id)) != NULL)
		return &d->streams[e->i].exts;
	if ((e = sr_index_find(x, SR_K_GROUP, id)) != NULL)
		return &d->groups[e->i].exts;
	return NULL;
}

/* Moves what names its parent there, and closes the gaps. */
static void
adopt(struct sr_reading *r, const struct sr_index *x)
{
	struct sr_exts left = { r->d->exts.v, 0 }, all = r->d->exts, *to;
	struct sr_ext *slot;
	size_t p = 0;

	for (size_t i = 0; i < all.n; i++) {
		while (p < r->npending &&
		    i >= r->pending[p].ext + r->pending[p].n)
			p++;
		to = NULL;
		if (p < r->npending && i >= r->pending[p].ext)
			to = owner(r->d, x, r->pending[p].parent);
		if (to == NULL) {
			left.v[left.n++] = all.v[i];
			continue;
		}
		slot = sr_read_slot(r, &to->v, &to->n, sizeof(*slot));
		*slot = all.v[i];
	}
	r->d->exts = left;
}

/* ---- what is implied and said as well ---- */

static const struct sr_str psa = { "participantsessionassoc", 23 };

static int
by_pair(const void *a, const void *b)
{
	const struct sr_assoc *const *x = a, *const *y = b;
	int c = sr_strcmp((*x)->participant_id, (*y)->participant_id);

	return c != 0 ? c : sr_strcmp((*x)->session_id, (*y)->session_id);
}

/* A participant may name its session and be associated with it besides: the
 * association says all there is. */
static int
unite(struct sr_doc *d)
{
	const struct sr_assoc **v = calloc(d->nassocs + 1, sizeof(*v)), *key;
	size_t i, n = 0, kept = 0;

	if (v == NULL)
		return SR_ENOMEM;
	for (i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == SR_PARTICIPANT_CS &&
		    sr_streq(d->assocs[i].source, psa))
			v[n++] = &d->assocs[i];
	if (n > 0 && n < d->nassocs) {
		struct sr_assoc *copy = sr_arena_alloc(&d->arena,
		    d->nassocs * sizeof(*copy));

		if (copy == NULL) {
			free(v);
			return SR_ELIMIT;
		}
		qsort(v, n, sizeof(*v), by_pair);
		for (i = 0; i < d->nassocs; i++) {
			key = &d->assocs[i];
			if (key->kind != SR_PARTICIPANT_CS ||
			    sr_streq(key->source, psa) ||
			    bsearch(&key, v, n, sizeof(*v), by_pair) == NULL)
				copy[kept++] = *key;
		}
		d->assocs = copy;
		d->nassocs = kept;
	}
	free(v);
	return SR_OK;
}

void
sr_read_done(struct sr_reading *r)
{
	struct sr_doc *d = r->d;
	struct sr_index x;
	bool exact;

	if (r->npending > 0) {
		if (sr_index_make(&x, d) == SR_OK)
			adopt(r, &x);
		else
			r->err = SR_ENOMEM;
		sr_index_free(&x);
	}
	if (sr_word(d->root.p != NULL ? d->root.p : "", &exact) ==
	    SR_W_RECORDING && d->datamode_raw.p == NULL)
		sr_find(d, &datamode_absent, 0, "no datamode");
	if (r->err == SR_OK)
		r->err = unite(d);
	sr_dialect(d, r->clue);
}
