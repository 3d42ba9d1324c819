/* read - elements to the model, whatever the dialect.
 *
 * Names are matched by their meaning, order never matters, and what RFC 7865
 * puts into associations may stand in the objects themselves. */
#include "meta/priv.h"

#include <libxml/tree.h>
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
	"R7865-5.1.2-3", "RFC 7865 section 5.1.2", SR_INFO, false,
	"Without a datamode the document is taken for complete."
};
static const struct sr_rule reason_cause = {
	"R7865-6.3.1-1", "RFC 7865 section 6.3.1", SR_ERROR, true,
	"Give the cause of the Reason header field, RFC 3326."
};

static const char *const group_id[] = { "groupid", "id", NULL };
static const char *const session_id[] = { "sessionid", "id", "session", NULL };
static const char *const session_ref[] = { "sessionid", "session", NULL };
static const char *const participant_id[] = { "participantid", "id", NULL };
static const char *const participant_ref[] = { "participantid", "participant",
    NULL };
static const char *const stream_id[] = { "streamid", "id", NULL };

static unsigned
line(const xmlNode *e)
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

/* The meaning of an element; extension data goes to x and is no word. */
static enum sr_word
word(struct sr_reading *r, xmlNode *e, struct sr_exts *x)
{
	bool exact;
	enum sr_word w = sr_word((const char *)e->name, &exact);

	if (!ours(r, e) || w == SR_W_EXTENSIONDATA) {
		if (ours(r, e) || ns_of(e).n == 0)
			sr_find_once(r->d, &elem_unknown, line(e),
			    "extension <%.40s> in no namespace of its own",
			    (const char *)e->name);
		sr_read_ext(r, x, e);
		return SR_W_NONE;
	}
	if (w == SR_W_NONE)
		sr_find_once(r->d, &elem_unknown, line(e),
		    "unknown element <%.40s> in <%.40s>",
		    (const char *)e->name, (const char *)e->parent->name);
	else if (!exact)
		sr_find_once(r->d, &elem_name, line(e),
		    "element <%.40s>, which RFC 7865 does not have",
		    (const char *)e->name);
	return w;
}

static void
misplaced(struct sr_reading *r, const xmlNode *e)
{
	sr_find_once(r->d, &elem_place, line(e), "<%.40s> inside <%.40s>",
	    (const char *)e->name, (const char *)e->parent->name);
}

#define EACH(c, e)							\
	for (xmlNode *c = (e)->children; c != NULL; c = c->next)	\
		if (c->type == XML_ELEMENT_NODE)

/* ---- group, session ---- */

static void
group(struct sr_reading *r, xmlNode *e)
{
	struct sr_doc *d = r->d;
	struct sr_group *g = sr_read_slot(r, &d->groups, &d->ngroups,
	    sizeof(*g));

	g->line = line(e);
	g->id = sr_node_id(r, e, "group_id", group_id);
	EACH(c, e)
		switch (word(r, c, &g->exts)) {
		case SR_W_ASSOCIATE:
			g->associate = sr_read_time(r, c);
			break;
		case SR_W_DISASSOCIATE:
			g->disassociate = sr_read_time(r, c);
			break;
		default:
			break;
		}
}

/* White space inside comes from the RFC's own print. */
static void
sip_session_id(struct sr_reading *r, struct sr_cs *s, xmlNode *e)
{
	struct sr_str t = sr_node_text(r, e), *slot;
	char *p = (char *)t.p;		/* fresh from our arena */
	size_t n = 0;

	if (t.n == 0)
		return;
	for (size_t i = 0; i < t.n; i++)
		if (strchr(" \t\r\n", t.p[i]) == NULL)
			p[n++] = t.p[i];
	slot = sr_read_slot(r, &s->sip_session_ids, &s->nsip_session_ids,
	    sizeof(*slot));
	*slot = (struct sr_str){ p, n };
}

static void
reason(struct sr_reading *r, struct sr_cs *s, xmlNode *e)
{
	struct sr_cs_reason *v = sr_read_slot(r, &s->reasons, &s->nreasons,
	    sizeof(*v));

	v->cause = sr_node_attr(r, e, "cause", NULL);
	v->protocol = sr_node_attr(r, e, "protocol", NULL);
	v->text = sr_node_text(r, e);
	if (v->cause.n == 0)
		sr_find(r->d, &reason_cause, line(e), "reason without cause");
}

static void object(struct sr_reading *r, xmlNode *e, enum sr_word w,
    struct sr_str parent);

static void
session_child(struct sr_reading *r, struct sr_cs *s, xmlNode *c)
{
	enum sr_word w = word(r, c, &s->exts);

	switch (w) {
	case SR_W_SIPSESSIONID:
		sip_session_id(r, s, c);
		break;
	case SR_W_REASON:
		reason(r, s, c);
		break;
	case SR_W_GROUPREF:
		s->group_ref = sr_read_id(r, sr_node_text(r, c));
		break;
	case SR_W_START:
		s->start = sr_read_time(r, c);
		break;
	case SR_W_STOP:
		s->stop = sr_read_time(r, c);
		break;
	case SR_W_ASSOCIATE:
		misplaced(r, c);
		s->associate = sr_read_time(r, c);
		break;
	case SR_W_PARTICIPANT: case SR_W_STREAM: case SR_W_SRA: case SR_W_PSA:
	case SR_W_PSTA:
		misplaced(r, c);
		object(r, c, w, s->id);
		break;
	default:
		break;
	}
}

static void
session(struct sr_reading *r, xmlNode *e)
{
	struct sr_doc *d = r->d;
	struct sr_cs *s = sr_read_slot(r, &d->sessions, &d->nsessions,
	    sizeof(*s));

	s->line = line(e);
	s->id = sr_node_id(r, e, "session_id", session_id);
	s->group_ref = sr_read_id(r, sr_node_attr(r, e, "group", NULL));
	EACH(c, e)
		session_child(r, s, c);
}

/* ---- associations ---- */

static struct sr_str
child_id(struct sr_reading *r, xmlNode *e)
{
	bool exact;
	struct sr_str s = sr_node_text(r, e);

	EACH(c, e)
		if (s.n == 0 &&
		    sr_word((const char *)c->name, &exact) == SR_W_ID)
			s = sr_node_text(r, c);
	return sr_read_id(r, s);
}

/* Some write <send>true</send> and name the stream in the association. */
static void
flow(struct sr_reading *r, struct sr_assoc *a, xmlNode *e, bool send)
{
	struct sr_str id = child_id(r, e), *v, named;

	if (sr_streq(id, SR_STR("true"))) {
		named = sr_read_id(r, sr_node_attr(r, e->parent, "streamid",
		    NULL));
		id = named.n > 0 ? named : id;
	} else if (sr_streq(id, SR_STR("false")))
		return;
	if (id.n == 0)
		return;
	v = send ? sr_read_slot(r, &a->send, &a->nsend, sizeof(*v)) :
	    sr_read_slot(r, &a->recv, &a->nrecv, sizeof(*v));
	*v = id;
}

static void
param(struct sr_reading *r, struct sr_assoc *a, xmlNode *e)
{
	struct sr_param_value *p = sr_read_slot(r, &a->params, &a->nparams,
	    sizeof(*p));

	p->name = sr_node_attr(r, e, "pname", NULL);
	p->value = sr_node_attr(r, e, "pval", NULL);
}

/* A child that is a reference by its text or by its id. */
static struct sr_str
child_ref(struct sr_reading *r, xmlNode *e, const char *rfc,
    const char *const *flat)
{
	struct sr_str s = child_id(r, e);

	misplaced(r, e);
	return s.n > 0 ? s : sr_node_id(r, e, rfc, flat);
}

/* Streams as children, without a word on who sends: believed to be sent. */
static void
assoc_stream(struct sr_reading *r, struct sr_assoc *a, xmlNode *e)
{
	struct sr_str *v = sr_read_slot(r, &a->send, &a->nsend, sizeof(*v));

	*v = child_ref(r, e, "stream_id", stream_id);
	if (v->n == 0 && r->err == SR_OK)
		a->nsend--;
}

static void
assoc_child(struct sr_reading *r, struct sr_assoc *a, xmlNode *c,
    enum sr_word w)
{
	switch (w) {
	case SR_W_SEND: case SR_W_RECV:
		flow(r, a, c, w == SR_W_SEND);
		break;
	case SR_W_ASSOCIATE: case SR_W_START:
		a->associate = sr_read_time(r, c);
		break;
	case SR_W_DISASSOCIATE: case SR_W_STOP:
		a->disassociate = sr_read_time(r, c);
		break;
	case SR_W_PARAM:
		param(r, a, c);
		break;
	case SR_W_PARTICIPANT:
		if (a->participant_id.n == 0)
			a->participant_id = child_ref(r, c, "participant_id",
			    participant_id);
		break;
	case SR_W_STREAM:
		assoc_stream(r, a, c);
		break;
	default:
		break;
	}
}

static struct sr_assoc *
assoc_add(struct sr_reading *r, const struct sr_assoc *a)
{
	struct sr_doc *d = r->d;
	struct sr_assoc *v = sr_read_slot(r, &d->assocs, &d->nassocs,
	    sizeof(*v));

	*v = *a;
	return v;
}

static void
assoc(struct sr_reading *r, xmlNode *e, enum sr_word w, struct sr_str parent)
{
	static const char *const names[] = { "sessionrecordingassoc",
	    "participantsessionassoc", "participantstreamassoc" };
	struct sr_assoc a = { .kind = w == SR_W_SRA ? SR_CS_RECORDING :
	    w == SR_W_PSA ? SR_PARTICIPANT_CS : SR_PARTICIPANT_STREAM };

	a.line = line(e);
	a.source = sr_cstr(names[a.kind]);
	if (a.kind != SR_CS_RECORDING)
		a.participant_id = sr_node_id(r, e, "participant_id",
		    participant_ref);
	if (a.kind != SR_PARTICIPANT_STREAM) {
		a.session_id = sr_node_id(r, e, "session_id", session_ref);
		if (a.session_id.n == 0)
			a.session_id = parent;
	}
	EACH(c, e)
		assoc_child(r, &a, c, word(r, c, &a.exts));
	assoc_add(r, &a);
}

/* ---- participant ---- */

static struct sr_str
lang(struct sr_reading *r, xmlNode *e)
{
	for (xmlAttr *a = e->properties; a != NULL; a = a->next)
		if (a->ns != NULL && xmlStrEqual(a->ns->href,
		    XML_XML_NAMESPACE) && a->children != NULL &&
		    strcmp((const char *)a->name, "lang") == 0)
			return sr_read_keep(r,
			    sr_cstr((const char *)a->children->content));
	return sr_cstr(NULL);
}

static struct sr_name_id *
name_id_add(struct sr_reading *r, struct sr_participant *p)
{
	return sr_read_slot(r, &p->names, &p->nnames,
	    sizeof(struct sr_name_id));
}

static void
name_id(struct sr_reading *r, struct sr_participant *p, xmlNode *e)
{
	struct sr_name_id v = { .aor = sr_node_attr(r, e, "aor", NULL) };
	struct sr_exts none = { NULL, 0 };

	EACH(c, e)
		switch (word(r, c, &none)) {
		case SR_W_AOR:
			v.aor = sr_node_text(r, c);
			break;
		case SR_W_NAME:
			v.name = sr_node_text(r, c);
			v.lang = lang(r, c);
			break;
		default:
			break;
		}
	if (v.aor.n == 0)
		v.aor = sr_cstr(NULL);
	*name_id_add(r, p) = v;
}

/* In the drafts aor and name stand in the participant, in either order. */
static void
loose_aor(struct sr_reading *r, struct sr_participant *p, struct sr_str aor)
{
	for (size_t i = 0; i < p->nnames; i++)
		if (p->names[i].aor.p == NULL && aor.n > 0) {
			p->names[i].aor = aor;
			return;
		}
	if (aor.n > 0)
		name_id_add(r, p)->aor = aor;
}

static void
loose_name(struct sr_reading *r, struct sr_participant *p, struct sr_str name,
    struct sr_str language)
{
	struct sr_name_id *v = NULL;

	if (name.n == 0)
		return;
	for (size_t i = 0; v == NULL && i < p->nnames; i++)
		if (p->names[i].name.p == NULL)
			v = &p->names[i];
	if (v == NULL)
		v = name_id_add(r, p);
	v->name = name;
	v->lang = language;
}

/* The associations that a participant of the drafts carries within. */
struct within {
	struct sr_assoc cs, stream;
};

static void
participant_child(struct sr_reading *r, struct sr_participant *p, xmlNode *c,
    struct within *in)
{
	enum sr_word w = word(r, c, &p->exts);

	switch (w) {
	case SR_W_NAMEID:
		name_id(r, p, c);
		break;
	case SR_W_AOR:
		loose_aor(r, p, sr_node_text(r, c));
		break;
	case SR_W_NAME:
		loose_name(r, p, sr_node_text(r, c), lang(r, c));
		break;
	case SR_W_SEND: case SR_W_RECV:
		misplaced(r, c);
		in->stream.line = in->stream.line ? in->stream.line : line(c);
		flow(r, &in->stream, c, w == SR_W_SEND);
		break;
	case SR_W_ASSOCIATE: case SR_W_START: case SR_W_DISASSOCIATE:
	case SR_W_STOP: case SR_W_PARAM:
		misplaced(r, c);
		assoc_child(r, &in->cs, c, w);
		break;
	default:
		break;
	}
}

static struct sr_str
session_of(struct sr_reading *r, xmlNode *e)
{
	struct sr_str s = sr_node_attr(r, e, "sessionid", NULL);

	if (s.n == 0)
		s = sr_node_attr(r, e, "session", NULL);
	if (s.n > 0)
		sr_find_once(r->d, &elem_place, line(e),
		    "<%.40s> refers to a session", (const char *)e->name);
	return sr_read_id(r, s);
}

/* RFC 7865 has these as associations; whence we have them is said. */
static void
participant_done(struct sr_reading *r, struct sr_participant *p, xmlNode *e,
    struct within *in, struct sr_str parent)
{
	in->cs.kind = SR_PARTICIPANT_CS;
	in->cs.participant_id = in->stream.participant_id = p->id;
	in->cs.session_id = session_of(r, e);
	in->cs.source = SR_STR("participant attribute");
	if (in->cs.session_id.n == 0 && parent.n > 0) {
		in->cs.session_id = parent;
		in->cs.source = SR_STR("nesting");
	}
	in->cs.line = p->line;
	if (in->cs.session_id.n > 0)
		assoc_add(r, &in->cs);
	in->stream.kind = SR_PARTICIPANT_STREAM;
	in->stream.source = SR_STR("participant element");
	if (in->stream.nsend + in->stream.nrecv > 0)
		assoc_add(r, &in->stream);
}

static void
participant(struct sr_reading *r, xmlNode *e, struct sr_str parent)
{
	struct sr_doc *d = r->d;
	struct within in = { .cs = { .nsend = 0 } };
	struct sr_participant p = { .line = line(e) }, *slot;

	p.id = sr_node_id(r, e, "participant_id", participant_id);
	EACH(c, e)
		participant_child(r, &p, c, &in);
	loose_aor(r, &p, sr_read_keep(r, sr_node_attr(r, e, "aor", NULL)));
	loose_name(r, &p, sr_node_attr(r, e, "name", NULL), sr_cstr(NULL));
	participant_done(r, &p, e, &in, parent);
	slot = sr_read_slot(r, &d->participants, &d->nparticipants,
	    sizeof(*slot));
	*slot = p;
}

/* ---- stream ---- */

static void
stream(struct sr_reading *r, xmlNode *e, struct sr_str parent)
{
	struct sr_doc *d = r->d;
	struct sr_mstream s = { .line = line(e) }, *slot;
	struct sr_str attr;

	s.id = sr_node_id(r, e, "stream_id", stream_id);
	s.session_id = sr_node_id(r, e, "session_id", session_ref);
	if (s.session_id.n == 0)
		s.session_id = parent;
	s.media_label = sr_node_attr(r, e, "medialabel", NULL);
	s.mode = sr_node_attr(r, e, "mode", NULL);
	EACH(c, e)
		switch (word(r, c, &s.exts)) {
		case SR_W_LABEL:
			s.label = sr_node_text(r, c);
			break;
		case SR_W_MODE:
			s.mode = sr_node_text(r, c);
			break;
		case SR_W_ASSOCIATE: case SR_W_START: case SR_W_DISASSOCIATE:
		case SR_W_STOP:
			/* Nothing in the model has it: looked at, not kept. */
			misplaced(r, c);
			sr_read_time(r, c);
			break;
		default:
			break;
		}
	attr = sr_node_attr(r, e, "label", NULL);
	if (s.label.n == 0)
		s.label = attr.n > 0 ? attr : s.media_label;
	slot = sr_read_slot(r, &d->streams, &d->nstreams, sizeof(*slot));
	*slot = s;
}

static void
object(struct sr_reading *r, xmlNode *e, enum sr_word w, struct sr_str parent)
{
	switch (w) {
	case SR_W_GROUP:
		group(r, e);
		break;
	case SR_W_SESSION:
		session(r, e);
		break;
	case SR_W_PARTICIPANT:
		participant(r, e, parent);
		break;
	case SR_W_STREAM:
		stream(r, e, parent);
		break;
	case SR_W_SRA: case SR_W_PSA: case SR_W_PSTA:
		assoc(r, e, w, parent);
		break;
	default:
		break;
	}
}

/* ---- the document ---- */

void
sr_read_root(struct sr_reading *r, struct _xmlNode *root)
{
	struct sr_doc *d = r->d;
	struct sr_str ns = ns_of(root);
	bool exact;
	enum sr_word w = sr_word((const char *)root->name, &exact);

	d->root = sr_read_keep(r, sr_cstr((const char *)root->name));
	d->ns = sr_read_keep(r, ns);
	if (w == SR_W_RECORDING)
		d->recording_id = sr_read_id(r, sr_node_attr(r, root, "id",
		    NULL));
	if (w != SR_W_RECORDING && w != SR_W_REQUESTSNAPSHOT)
		sr_find(d, &root_name, line(root), "the root is <%.40s>",
		    (const char *)root->name);
	if (sr_streq(ns, SR_STR(SR_NS_V1)))
		return;
	if (sr_strstarts(ns, SR_STR(SR_NS_DRAFT ":")))
		sr_find(d, &root_version, line(root),
		    "unknown version of the namespace: %.*s", SR_SHOW(ns));
	else if (ns.n == 0)
		sr_find(d, &root_ns, line(root), "no namespace");
	else
		sr_find(d, &root_ns, line(root),
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
		sr_find(d, &datamode_value, line(e), "datamode is \"%.*s\"",
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
	EACH(c, e)
		object(r, c, ours(r, c) ?
		    sr_word((const char *)c->name, &exact) : SR_W_NONE,
		    sr_cstr(NULL));
}

void
sr_read_child(struct sr_reading *r, struct _xmlNode *e)
{
	struct sr_doc *d = r->d;
	size_t from = d->exts.n;
	enum sr_word w = word(r, e, &d->exts);

	follow(r, w);
	switch (w) {
	case SR_W_DATAMODE:
		datamode(r, e);
		break;
	case SR_W_REQUESTREASON:
		d->request_reason = sr_node_text(r, e);
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
		object(r, e, w, sr_cstr(NULL));
	}
}

void
sr_read_text(struct sr_reading *r, struct _xmlNode *t)
{
	if (t->content != NULL &&
	    sr_trim(sr_cstr((const char *)t->content)).n > 0)
		sr_find_once(r->d, &no_markup, line(t),
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
	sr_dialect(d, r->clue);
}
