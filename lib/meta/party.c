/* party - participants and associations: elements to the model.
 *
 * What RFC 7865 puts into associations stands in the participants themselves
 * in the drafts, and in the products that stopped there. */
#include "meta/priv.h"

#include <libxml/tree.h>
#include <string.h>

static const struct sr_rule session_place = {
	"dialect-place", "RFC 7865 section 9", SR_ERROR, true,
	"Use participantstreamassoc and the other associations."
};

static const struct sr_rule xml_attr = {
	"schema", "RFC 7865 section 9", SR_ERROR, true,
	"A name has xml:lang with a language tag, and nothing else."
};

static const char *const session_ref[] = { "sessionid", "session", NULL };
static const char *const participant_id[] = { "participantid", "id", NULL };
static const char *const participant_ref[] = { "participantid", "participant",
    NULL };
static const char *const stream_id[] = { "streamid", "id", NULL };

/* ---- associations ---- */

static struct sr_str
child_id(struct sr_reading *r, xmlNode *e)
{
	bool exact;
	struct sr_str s = sr_node_text(r, e);

	SR_EACH(c, e)
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

	sr_read_misplaced(r, e);
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

static void
assoc_add(struct sr_reading *r, const struct sr_assoc *a)
{
	struct sr_doc *d = r->d;
	struct sr_assoc *v = sr_read_slot(r, &d->assocs, &d->nassocs,
	    sizeof(*v));

	*v = *a;
}

void
sr_read_association(struct sr_reading *r, struct _xmlNode *e, enum sr_word w,
    struct sr_str parent)
{
	static const char *const names[] = { "sessionrecordingassoc",
	    "participantsessionassoc", "participantstreamassoc" };
	struct sr_assoc a = { .kind = w == SR_W_SRA ? SR_CS_RECORDING :
	    w == SR_W_PSA ? SR_PARTICIPANT_CS : SR_PARTICIPANT_STREAM };

	a.line = sr_line(e);
	a.source = sr_cstr(names[a.kind]);
	if (a.kind != SR_CS_RECORDING)
		a.participant_id = sr_node_id(r, e, "participant_id",
		    participant_ref);
	if (a.kind != SR_PARTICIPANT_STREAM) {
		a.session_id = sr_node_id(r, e, "session_id", session_ref);
		if (a.session_id.n == 0)
			a.session_id = parent;
	}
	SR_EACH(c, e)
		assoc_child(r, &a, c, sr_read_word(r, c, &a.exts));
	assoc_add(r, &a);
}

/* ---- participant ---- */

/* xs:language, or nothing at all. */
static bool
is_language(struct sr_str s)
{
	struct sr_str part, rest = sr_trim(s);
	bool first = true;

	if (rest.n > 0 && rest.p[rest.n - 1] == '-')
		return false;
	for (; sr_strcut(&rest, '-', &part); first = false) {
		if (part.n < 1 || part.n > 8)
			return false;
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i] | 0x20;

			if (!(c >= 'a' && c <= 'z') &&
			    (first || c < '0' || c > '9'))
				return false;
		}
	}
	return true;
}

/* The schema lets all of xml: through, so that it is judged here. */
struct sr_str
sr_read_lang(struct sr_reading *r, struct _xmlNode *e)
{
	struct sr_str v = { NULL, 0 };

	for (xmlAttr *a = e->properties; a != NULL; a = a->next) {
		if (a->ns == NULL ||
		    !xmlStrEqual(a->ns->href, XML_XML_NAMESPACE))
			continue;
		if (strcmp((const char *)a->name, "lang") == 0)
			v = sr_read_keep(r, sr_cstr(a->children != NULL ?
			    (const char *)a->children->content : ""));
		if (strcmp((const char *)a->name, "lang") == 0 &&
		    is_language(v))
			continue;
		sr_find(r->d, &xml_attr, sr_line(e), "xml:%.20s of <%.40s> is "
		    "not allowed", (const char *)a->name,
		    (const char *)e->name);
		r->d->schema_valid = false;
	}
	return v;
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

	SR_EACH(c, e)
		switch (sr_read_word(r, c, &none)) {
		case SR_W_AOR:
			v.aor = sr_node_text(r, c);
			break;
		case SR_W_NAME:
			v.name = sr_node_text(r, c);
			v.lang = sr_read_lang(r, c);
			break;
		default:
			break;
		}
	if (v.aor.n == 0)
		v.aor = sr_cstr(NULL);
	*name_id_add(r, p) = v;
}

/* What a participant of the drafts carries within: associations, and names
 * up to where all have an aor, or a name, already. */
struct within {
	struct sr_assoc cs, stream;
	size_t aors, names;
};

/* In the drafts aor and name stand in the participant, in either order. */
static void
loose_aor(struct sr_reading *r, struct sr_participant *p, struct within *in,
    struct sr_str aor)
{
	if (aor.n == 0)
		return;
	while (in->aors < p->nnames && p->names[in->aors].aor.p != NULL)
		in->aors++;
	if (in->aors < p->nnames)
		p->names[in->aors].aor = aor;
	else
		name_id_add(r, p)->aor = aor;
}

static void
loose_name(struct sr_reading *r, struct sr_participant *p, struct within *in,
    struct sr_name_id v)
{
	struct sr_name_id *to;

	if (v.name.n == 0)
		return;
	while (in->names < p->nnames && p->names[in->names].name.p != NULL)
		in->names++;
	to = in->names < p->nnames ? &p->names[in->names] : name_id_add(r, p);
	to->name = v.name;
	to->lang = v.lang;
}

static void
participant_child(struct sr_reading *r, struct sr_participant *p, xmlNode *c,
    struct within *in)
{
	enum sr_word w = sr_read_word(r, c, &p->exts);

	switch (w) {
	case SR_W_NAMEID:
		name_id(r, p, c);
		break;
	case SR_W_AOR:
		loose_aor(r, p, in, sr_node_text(r, c));
		break;
	case SR_W_NAME:
		loose_name(r, p, in, (struct sr_name_id){
		    .name = sr_node_text(r, c), .lang = sr_read_lang(r, c) });
		break;
	case SR_W_SEND: case SR_W_RECV:
		sr_read_misplaced(r, c);
		if (in->stream.line == 0)
			in->stream.line = sr_line(c);
		flow(r, &in->stream, c, w == SR_W_SEND);
		break;
	case SR_W_ASSOCIATE: case SR_W_START: case SR_W_DISASSOCIATE:
	case SR_W_STOP: case SR_W_PARAM:
		sr_read_misplaced(r, c);
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
		sr_find_once(r->d, &session_place, sr_line(e),
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

void
sr_read_participant(struct sr_reading *r, struct _xmlNode *e,
    struct sr_str parent)
{
	struct sr_doc *d = r->d;
	struct within in = { .cs = { .nsend = 0 } };
	struct sr_participant p = { .line = sr_line(e) }, *slot;

	p.id = sr_node_id(r, e, "participant_id", participant_id);
	SR_EACH(c, e)
		participant_child(r, &p, c, &in);
	loose_aor(r, &p, &in, sr_node_attr(r, e, "aor", NULL));
	loose_name(r, &p, &in, (struct sr_name_id){
	    .name = sr_node_attr(r, e, "name", NULL) });
	participant_done(r, &p, e, &in, parent);
	slot = sr_read_slot(r, &d->participants, &d->nparticipants,
	    sizeof(*slot));
	*slot = p;
}

