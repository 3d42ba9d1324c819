/* json_in - a document from JSON: ours, or as a person would write it.
 *
 * References may name a stream by its label and a participant by its AoR, so
 * that nobody has to invent UUIDs; ids that are missing are drawn at random
 * (RFC 7865 6.10 wants UUIDs that tell nothing of the person). */
#include "meta/table.h"
#include "siprec/meta.h"

#include <jansson.h>
#include <libxml/parser.h>

struct reading {
	struct sr_doc *d;
	const struct sr_crypto *crypto;
	struct sr_buf *why;
	struct sr_arena tmp;
	struct table streams, people;	/* label, AoR -> the object */
	int err;
	bool own_session;		/* its id was made here */
};

/* The first complaint counts. */
static void
fail(struct reading *r, int err, const char *what, const char *name)
{
	if (r->err != SR_OK)
		return;
	r->err = err;
	sr_buf_fmt(r->why, what, name);
}

static void
full(struct reading *r)
{
	fail(r, SR_ELIMIT, "more than fits into memory%s", "");
}

static struct sr_str
view(const json_t *v)
{
	return (struct sr_str){ json_string_value(v),
	    json_string_length(v) };
}

static struct sr_str
keep(struct reading *r, struct sr_str s)
{
	struct sr_str copy;

	if (s.p == NULL)
		return s;
	copy = sr_arena_dup(&r->d->arena, s);
	if (copy.p == NULL)
		full(r);
	return copy;
}

/* A string member; absent when it is not there or null. */
static struct sr_str
member(struct reading *r, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL || json_is_null(v))
		return (struct sr_str){ NULL, 0 };
	if (!json_is_string(v)) {
		fail(r, SR_EBAD, "\"%s\" is not a string", name);
		return (struct sr_str){ NULL, 0 };
	}
	return view(v);
}

static struct sr_str
text(struct reading *r, const json_t *o, const char *name)
{
	return keep(r, member(r, o, name));
}

/* An array member; NULL when it is not there. */
static const json_t *
array(struct reading *r, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	if (v == NULL || json_is_null(v))
		return NULL;
	if (!json_is_array(v))
		fail(r, SR_EBAD, "\"%s\" is not an array", name);
	return json_is_array(v) ? v : NULL;
}

static const json_t *
object(struct reading *r, const json_t *list, size_t i, const char *name)
{
	const json_t *v = json_array_get(list, i);

	if (!json_is_object(v))
		fail(r, SR_EBAD, "\"%s\" holds something that is no object",
		    name);
	return json_is_object(v) ? v : NULL;
}

static void *
room(struct reading *r, size_t n, size_t size)
{
	void *p = n > 0 ? sr_arena_alloc(&r->d->arena, n * size) : NULL;

	if (n > 0 && p == NULL)
		full(r);
	return p;
}

static struct sr_str *
strings(struct reading *r, const json_t *o, const char *name, size_t *n)
{
	const json_t *list = array(r, o, name);
	struct sr_str *v = room(r, json_array_size(list), sizeof(*v));

	*n = 0;
	for (size_t i = 0; v != NULL && i < json_array_size(list); i++) {
		const json_t *s = json_array_get(list, i);

		if (!json_is_string(s))
			fail(r, SR_EBAD, "\"%s\" holds something that is no "
			    "string", name);
		else
			v[(*n)++] = keep(r, view(s));
	}
	return v;
}

/* A fresh version 4 UUID in base64. */
static struct sr_str
make_id(struct reading *r)
{
	struct sr_buf b;
	struct sr_str id;
	uint8_t u[16];

	r->crypto->random(u, sizeof(u));
	u[6] = (uint8_t)((u[6] & 0x0f) | 0x40);
	u[8] = (uint8_t)((u[8] & 0x3f) | 0x80);
	sr_buf_init(&b, 64);
	if (sr_base64_add(&b, u, sizeof(u)) != SR_OK)
		full(r);
	id = keep(r, sr_buf_str(&b));
	sr_buf_free(&b);
	return id;
}

static struct sr_str
id_of(struct reading *r, const json_t *o)
{
	if (json_object_get(o, "id") == NULL)
		return make_id(r);
	return text(r, o, "id");
}

/* ---- extensions ---- */

/* One element and nothing else; it says itself what it is called. */
static bool
element(struct reading *r, struct sr_str xml, struct sr_ext *e)
{
	xmlDocPtr x = xml.n < INT32_MAX ? xmlReadMemory(xml.p, (int)xml.n,
	    NULL, "UTF-8", XML_PARSE_NONET | XML_PARSE_NOERROR |
	    XML_PARSE_NOWARNING) : NULL;
	xmlNodePtr root = x != NULL ? xmlDocGetRootElement(x) : NULL;
	bool good = root != NULL && x->intSubset == NULL &&
	    !sr_strstarts(sr_trim(xml), SR_STR("<?"));

	if (good) {
		e->ns = keep(r, root->ns != NULL ?
		    sr_cstr((const char *)root->ns->href) : SR_STR(""));
		e->name = keep(r, sr_cstr((const char *)root->name));
		e->xml = keep(r, sr_trim(xml));
	}
	xmlFreeDoc(x);
	return good;
}

static struct sr_exts
extensions(struct reading *r, const json_t *o)
{
	const json_t *list = array(r, o, "extension_xml");
	struct sr_exts out = { room(r, json_array_size(list),
	    sizeof(*out.v)), 0 };

	for (size_t i = 0; out.v != NULL && i < json_array_size(list); i++) {
		const json_t *s = json_array_get(list, i);

		if (!json_is_string(s) || !element(r, view(s), &out.v[out.n]))
			fail(r, SR_EBAD, "\"%s\" holds something that is no "
			    "XML element", "extension_xml");
		else
			out.n++;
	}
	return out;
}

/* ---- objects ---- */

static void
groups(struct reading *r, const json_t *o)
{
	const json_t *list = array(r, o, "groups"), *g;
	struct sr_doc *d = r->d;

	d->groups = room(r, json_array_size(list), sizeof(*d->groups));
	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((g = object(r, list, i, "groups")) == NULL)
			return;
		d->groups[d->ngroups++] = (struct sr_group){
		    .id = id_of(r, g),
		    .associate = text(r, g, "associate_time"),
		    .disassociate = text(r, g, "disassociate_time"),
		    .exts = extensions(r, g) };
	}
}

/* A number is how a person writes a cause. */
static struct sr_str
cause(struct reading *r, const json_t *o)
{
	const json_t *v = json_object_get(o, "cause");
	struct sr_buf b;
	struct sr_str s;

	if (!json_is_integer(v))
		return text(r, o, "cause");
	sr_buf_init(&b, 32);
	sr_buf_fmt(&b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	s = keep(r, sr_buf_str(&b));
	sr_buf_free(&b);
	return s;
}

static void
reasons(struct reading *r, const json_t *o, struct sr_cs *s)
{
	const json_t *list = array(r, o, "reasons"), *v;

	s->reasons = room(r, json_array_size(list), sizeof(*s->reasons));
	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((v = object(r, list, i, "reasons")) == NULL)
			return;
		s->reasons[s->nreasons++] = (struct sr_cs_reason){
		    cause(r, v), text(r, v, "protocol"),
		    text(r, v, "text") };
	}
}

static void
sessions(struct reading *r, const json_t *o)
{
	const json_t *list = array(r, o, "sessions"), *v;
	struct sr_cs *s;

	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((v = object(r, list, i, "sessions")) == NULL)
			return;
		if ((s = sr_doc_add_cs(r->d, id_of(r, v))) == NULL) {
			full(r);
			return;
		}
		s->group_ref = text(r, v, "group_ref");
		s->start = text(r, v, "start_time");
		s->stop = text(r, v, "stop_time");
		s->associate = text(r, v, "associate_time");
		s->sip_session_ids = strings(r, v, "sip_session_ids",
		    &s->nsip_session_ids);
		reasons(r, v, s);
		s->exts = extensions(r, v);
		r->own_session = json_array_size(list) == 1 &&
		    json_object_get(v, "id") == NULL;
	}
}

/* name_ids say it all; else the lists aors and names, else aor and name. */
static void
names(struct reading *r, const json_t *o, struct sr_participant *p)
{
	const json_t *list = array(r, o, "name_ids"), *v;
	size_t naors, nnames;
	struct sr_str *aors, *all;

	if (list != NULL) {
		p->names = room(r, json_array_size(list), sizeof(*p->names));
		for (size_t i = 0; p->names && i < json_array_size(list); i++) {
			if ((v = object(r, list, i, "name_ids")) == NULL)
				return;
			p->names[p->nnames++] = (struct sr_name_id){
			    text(r, v, "aor"), text(r, v, "name"),
			    text(r, v, "lang") };
		}
		return;
	}
	aors = strings(r, o, "aors", &naors);
	all = strings(r, o, "names", &nnames);
	if (naors == 0 && (json_object_get(o, "aor") != NULL ||
	    json_object_get(o, "name") != NULL)) {
		if ((p->names = room(r, 1, sizeof(*p->names))) == NULL)
			return;
		p->names[p->nnames++] = (struct sr_name_id){
		    .aor = text(r, o, "aor"), .name = text(r, o, "name") };
		return;
	}
	p->names = room(r, naors, sizeof(*p->names));
	for (; p->names != NULL && p->nnames < naors; p->nnames++)
		p->names[p->nnames] = (struct sr_name_id){
		    .aor = aors[p->nnames], .name = p->nnames < nnames ?
		    all[p->nnames] : (struct sr_str){ NULL, 0 } };
}

static void
participants(struct reading *r, const json_t *o)
{
	static const struct sr_str none = { NULL, 0 };
	const json_t *list = array(r, o, "participants"), *v;
	struct sr_participant *p;

	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((v = object(r, list, i, "participants")) == NULL)
			return;
		p = sr_doc_add_participant(r->d, id_of(r, v), none, none);
		if (p == NULL) {
			full(r);
			return;
		}
		names(r, v, p);
		p->exts = extensions(r, v);
	}
}

static void
streams(struct reading *r, const json_t *o)
{
	const json_t *list = array(r, o, "streams"), *v;
	struct sr_mstream *s;

	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		struct sr_str session;

		if ((v = object(r, list, i, "streams")) == NULL)
			return;
		session = member(r, v, "session");
		if (session.p == NULL && r->own_session)
			session = r->d->sessions[0].id;
		s = sr_doc_add_stream(r->d, id_of(r, v), session,
		    member(r, v, "label"));
		if (s == NULL) {
			full(r);
			return;
		}
		s->mode = text(r, v, "mode");
		s->media_label = text(r, v, "media_label");
		s->undefined = json_is_true(json_object_get(v, "undefined"));
		s->exts = extensions(r, v);
	}
}

/* ---- associations ---- */

static void
index_names(struct reading *r)
{
	struct sr_doc *d = r->d;

	if (sr_table_init(&r->streams, &r->tmp, 2 * d->nstreams) != SR_OK ||
	    sr_table_init(&r->people, &r->tmp, 2 * d->nparticipants) !=
	    SR_OK) {
		full(r);
		return;
	}
	for (size_t i = 0; i < d->nstreams; i++)
		sr_table_put(&r->streams, d->streams[i].id, SR_STR(""), i);
	for (size_t i = 0; i < d->nstreams; i++)
		if (d->streams[i].label.n > 0)
			sr_table_put(&r->streams, d->streams[i].label,
			    SR_STR("label"), i);
	for (size_t i = 0; i < d->nparticipants; i++) {
		struct sr_participant *p = &d->participants[i];

		sr_table_put(&r->people, p->id, SR_STR(""), i);
		if (p->nnames > 0 && p->names[0].aor.n > 0)
			sr_table_put(&r->people, p->names[0].aor,
			    SR_STR("aor"), i);
	}
}

static struct sr_str
stream_ref(struct reading *r, struct sr_str ref)
{
	size_t at = sr_table_get(&r->streams, ref, SR_STR(""));

	if (at == TABLE_NONE)
		at = sr_table_get(&r->streams, ref, SR_STR("label"));
	return at != TABLE_NONE ? r->d->streams[at].id : ref;
}

static struct sr_str
person_ref(struct reading *r, struct sr_str ref)
{
	size_t at = sr_table_get(&r->people, ref, SR_STR(""));

	if (at == TABLE_NONE)
		at = sr_table_get(&r->people, ref, SR_STR("aor"));
	return at != TABLE_NONE ? r->d->participants[at].id : ref;
}

static void
parameters(struct reading *r, const json_t *o, struct sr_assoc *a)
{
	const json_t *list = array(r, o, "params"), *v;

	a->params = room(r, json_array_size(list), sizeof(*a->params));
	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((v = object(r, list, i, "params")) == NULL)
			return;
		a->params[a->nparams++] = (struct sr_param_value){
		    text(r, v, "name"), text(r, v, "value") };
	}
}

static void
association(struct reading *r, const json_t *v, enum sr_assoc_kind kind)
{
	struct sr_str source, session = member(r, v, "session");
	struct sr_assoc *a;

	if (session.p == NULL && r->own_session &&
	    kind != SR_PARTICIPANT_STREAM)
		session = r->d->sessions[0].id;
	a = sr_doc_add_assoc(r->d, kind,
	    person_ref(r, member(r, v, "participant")), session);
	if (a == NULL) {
		full(r);
		return;
	}
	a->associate = text(r, v, "associate_time");
	if (a->associate.p == NULL)
		a->associate = text(r, v, "implied_associate_time");
	a->disassociate = text(r, v, "disassociate_time");
	if ((source = text(r, v, "source")).n > 0)
		a->source = source;
	a->send = strings(r, v, "send", &a->nsend);
	a->recv = strings(r, v, "recv", &a->nrecv);
	for (size_t i = 0; i < a->nsend; i++)
		a->send[i] = stream_ref(r, a->send[i]);
	for (size_t i = 0; i < a->nrecv; i++)
		a->recv[i] = stream_ref(r, a->recv[i]);
	parameters(r, v, a);
	a->exts = extensions(r, v);
}

static void
associations(struct reading *r, const json_t *o, const char *name,
    enum sr_assoc_kind kind)
{
	const json_t *list = array(r, o, name), *v;

	for (size_t i = 0; i < json_array_size(list) && r->err == SR_OK; i++) {
		if ((v = object(r, list, i, name)) == NULL)
			return;
		association(r, v, kind);
	}
}

static void
mode(struct reading *r, const json_t *o)
{
	struct sr_str s = member(r, o, "datamode");

	if (s.p == NULL || sr_streq(s, SR_STR("complete")))
		return;
	if (!sr_streq(s, SR_STR("partial")))
		fail(r, SR_EBAD, "\"%s\" is neither complete nor partial",
		    "datamode");
	r->d->datamode = SR_STR("partial");
	r->d->datamode_raw = r->d->datamode;
}

static void
snapshot_request(struct reading *r, const json_t *o)
{
	size_t n;
	struct sr_str *v;

	r->d->root = SR_STR("requestsnapshot");
	if (json_is_string(json_object_get(o, "request_reason"))) {
		r->d->request_reason = text(r, o, "request_reason");
		return;
	}
	v = strings(r, o, "request_reason", &n);
	if (n > 0)
		r->d->request_reason = v[0];
}

static void
document(struct reading *r, const json_t *o)
{
	if (sr_streq(member(r, o, "root"), SR_STR("requestsnapshot")))
		snapshot_request(r, o);
	mode(r, o);
	r->d->recording_id = text(r, o, "recording_id");
	groups(r, o);
	sessions(r, o);
	participants(r, o);
	streams(r, o);
	index_names(r);
	associations(r, o, "session_recording_assocs", SR_CS_RECORDING);
	associations(r, o, "session_assocs", SR_PARTICIPANT_CS);
	associations(r, o, "stream_assocs", SR_PARTICIPANT_STREAM);
	r->d->exts = extensions(r, o);
}

int
sr_doc_from_json(struct sr_doc *d, struct sr_str *json,
    const struct sr_crypto *crypto, size_t max, struct sr_buf *why)
{
	struct reading r = { .d = d, .crypto = crypto, .why = why };
	json_error_t error;
	json_t *o;

	sr_doc_new(d, max);
	*json = sr_trim(*json);
	if (json->n == 0)
		return SR_ENOENT;
	o = json_loadb(json->p, json->n, JSON_DISABLE_EOF_CHECK |
	    JSON_REJECT_DUPLICATES, &error);
	if (o == NULL) {
		sr_buf_fmt(why, "line %d: %s", error.line, error.text);
		return SR_EBAD;
	}
	*json = sr_substr(*json, (size_t)error.position, json->n);
	sr_arena_init(&r.tmp, max);
	if (json_is_object(o))
		document(&r, o);
	else
		fail(&r, SR_EBAD, "not a JSON object%s", "");
	sr_arena_free(&r.tmp);
	json_decref(o);
	return r.err;
}
