/* xml - canonical RFC 7865: one name space, the schema's order, UUIDs.
 *
 * What the document does not say stays unsaid, mandatory or not: nothing is
 * invented.  What cannot stand in the schema's places (an id that is no UUID,
 * a time that is none) is kept beside them in elements of our own. */
#include "meta/table.h"
#include "meta/writer.h"

enum kind { GROUP, SESSION, PARTICIPANT, STREAM };

static const struct sr_str kinds[] = { SR_STR("group"), SR_STR("session"),
	SR_STR("participant"), SR_STR("stream") };

struct xml {
	struct writer w;
	const struct sr_crypto *crypto;
	struct table ids;		/* id -> the kind that had it first,
					 * and id, kind -> declared */
	struct sr_arena tmp;
};

/* ---- ids ---- */

static bool
is_uuid(struct sr_str id)
{
	struct sr_buf raw;
	bool yes;

	sr_buf_init(&raw, 64);
	yes = id.n <= 64 && sr_base64_read(&raw, id) == SR_OK && raw.n == 16;
	sr_buf_free(&raw);
	return yes;
}

static void
declare(struct xml *x, enum kind kind, struct sr_str id)
{
	id = sr_trim(id);
	if (sr_table_get(&x->ids, id, SR_STR("")) == TABLE_NONE)
		sr_table_put(&x->ids, id, SR_STR(""), kind);
	sr_table_put(&x->ids, id, kinds[kind], kind);
}

static int
declare_all(struct xml *x, const struct sr_doc *d)
{
	size_t n = d->ngroups + d->nsessions + d->nparticipants + d->nstreams;

	if (sr_table_init(&x->ids, &x->tmp, 2 * n) != SR_OK)
		return SR_ENOMEM;
	for (size_t i = 0; i < d->ngroups; i++)
		declare(x, GROUP, d->groups[i].id);
	for (size_t i = 0; i < d->nsessions; i++)
		declare(x, SESSION, d->sessions[i].id);
	for (size_t i = 0; i < d->nparticipants; i++)
		declare(x, PARTICIPANT, d->participants[i].id);
	for (size_t i = 0; i < d->nstreams; i++)
		declare(x, STREAM, d->streams[i].id);
	return SR_OK;
}

/* The UUIDv5 of the id's text.  Some clients name a group and a participant
 * alike; RFC 7865 6.10 wants different UUIDs, so the later kind goes into
 * the name then. */
static void
put_uuid5(struct xml *x, enum kind kind, struct sr_str id)
{
	size_t first = sr_table_get(&x->ids, id, SR_STR(""));
	struct sr_buf name;
	uint8_t uuid[16];

	sr_buf_init(&name, id.n + 16);
	if (first != TABLE_NONE && first != kind) {
		sr_buf_add(&name, kinds[kind]);
		sr_buf_addc(&name, ':');
	}
	if (sr_buf_add(&name, id) != SR_OK) {
		x->w.err = SR_ENOMEM;
	} else if (x->w.err == SR_OK) {
		sr_uuid5(x->crypto, sr_buf_str(&name), uuid);
		x->w.err = sr_base64_add(x->w.out, uuid, 16);
	}
	sr_buf_free(&name);
}

static void
put_id(struct xml *x, enum kind kind, struct sr_str id)
{
	id = sr_trim(id);
	if (!is_uuid(id)) {
		put_uuid5(x, kind, id);
		return;
	}
	for (size_t i = 0; i < id.n; i++)	/* blanks inside */
		if (sr_trim(sr_substr(id, i, 1)).n > 0)
			sr_put(&x->w, sr_substr(id, i, 1));
}

static void
id_attr(struct xml *x, const char *name, enum kind kind, struct sr_str id)
{
	if (sr_trim(id).n == 0)
		return;
	sr_puts(&x->w, " ");
	sr_puts(&x->w, name);
	sr_puts(&x->w, "=\"");
	put_id(x, kind, id);
	sr_puts(&x->w, "\"");
}

/* ---- elements ---- */

static void
line(struct xml *x, int depth)
{
	sr_puts(&x->w, "\n");
	for (; depth > 0; depth--)
		sr_puts(&x->w, "  ");
}

static void
element(struct xml *x, int depth, const char *name, struct sr_str text)
{
	if (text.p == NULL)
		return;
	line(x, depth);
	sr_puts(&x->w, "<");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
	sr_put_text(&x->w, text);
	sr_puts(&x->w, "</");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
}

static void
id_element(struct xml *x, int depth, const char *name, enum kind kind,
    struct sr_str id)
{
	if (sr_trim(id).n == 0)
		return;
	line(x, depth);
	sr_puts(&x->w, "<");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
	put_id(x, kind, id);
	sr_puts(&x->w, "</");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
}

static void
time_element(struct xml *x, int depth, const char *name, struct sr_str time)
{
	struct sr_buf *out = x->w.out;
	size_t back = out->n;

	if (time.p == NULL)
		return;
	line(x, depth);
	sr_puts(&x->w, "<");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
	if (!sr_put_time(&x->w, time)) {
		out->n = back;		/* no time: see leftover() */
		return;
	}
	sr_puts(&x->w, "</");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
}

/* Ends a start tag; the mark is for close_element. */
static size_t
content(struct xml *x)
{
	sr_puts(&x->w, ">");
	return x->w.out->n;
}

/* An element that got no content is written as one tag. */
static void
close_element(struct xml *x, int depth, const char *name, size_t mark)
{
	if (x->w.err == SR_OK && x->w.out->n == mark) {
		x->w.out->n--;
		sr_puts(&x->w, "/>");
		return;
	}
	line(x, depth);
	sr_puts(&x->w, "</");
	sr_puts(&x->w, name);
	sr_puts(&x->w, ">");
}

/* ---- what is ours ---- */

static void
original(struct xml *x, int depth, const char *of, struct sr_str text)
{
	line(x, depth);
	sr_puts(&x->w, "<original-value xmlns=\"" META_OURS "\"");
	sr_put_attr(&x->w, "of", sr_cstr(of));
	sr_puts(&x->w, ">");
	sr_put_text(&x->w, text);
	sr_puts(&x->w, "</original-value>");
}

/* A time that is none could not be written at its place. */
static void
leftover(struct xml *x, int depth, const char *of, struct sr_str time)
{
	struct sr_buf none;
	struct writer w = { &none, SR_OK };

	sr_buf_init(&none, 256);
	if (time.p != NULL && sr_trim(time).n > 0 && !sr_put_time(&w, time))
		original(x, depth, of, time);
	sr_buf_free(&none);
}

static void
original_id(struct xml *x, int depth, struct sr_str id)
{
	id = sr_trim(id);
	if (id.n == 0 || is_uuid(id))
		return;
	line(x, depth);
	sr_puts(&x->w, "<original-id xmlns=\"" META_OURS "\">");
	sr_put_text(&x->w, id);
	sr_puts(&x->w, "</original-id>");
}

/* A reference to what the document does not hold: its id stands nowhere
 * else, so it is kept where it is used. */
static void
original_ref(struct xml *x, int depth, enum kind kind, struct sr_str id)
{
	id = sr_trim(id);
	if (id.n == 0 || is_uuid(id) ||
	    sr_table_get(&x->ids, id, kinds[kind]) != TABLE_NONE)
		return;
	line(x, depth);
	sr_puts(&x->w, "<original-id xmlns=\"" META_OURS "\" of=\"");
	put_id(x, kind, id);
	sr_puts(&x->w, "\">");
	sr_put_text(&x->w, id);
	sr_puts(&x->w, "</original-id>");
}

static void
extensions(struct xml *x, int depth, const struct sr_exts *exts)
{
	for (size_t i = 0; i < exts->n; i++) {
		if (sr_trim(exts->v[i].xml).n == 0)
			continue;
		line(x, depth);
		sr_put_ext(&x->w, &exts->v[i]);
	}
}

/* ---- the objects, in the order of the schema ---- */

static void
group(struct xml *x, const struct sr_group *g)
{
	size_t mark;

	line(x, 1);
	sr_puts(&x->w, "<group");
	id_attr(x, "group_id", GROUP, g->id);
	mark = content(x);
	time_element(x, 2, "associate-time", g->associate);
	time_element(x, 2, "disassociate-time", g->disassociate);
	extensions(x, 2, &g->exts);
	original_id(x, 2, g->id);
	leftover(x, 2, "associate-time", g->associate);
	leftover(x, 2, "disassociate-time", g->disassociate);
	close_element(x, 1, "group", mark);
}

static void
reason(struct xml *x, const struct sr_cs_reason *r)
{
	line(x, 2);
	sr_puts(&x->w, "<reason");
	sr_put_attr(&x->w, "cause", r->cause);
	sr_put_attr(&x->w, "protocol", r->protocol);
	sr_puts(&x->w, ">");
	sr_put_text(&x->w, r->text);
	sr_puts(&x->w, "</reason>");
}

/* Drafts put an associate-time into the session: its start, as far as the
 * document tells no other. */
static void
session(struct xml *x, const struct sr_cs *s)
{
	struct sr_str start = s->start.p != NULL ? s->start : s->associate;
	size_t mark;

	line(x, 1);
	sr_puts(&x->w, "<session");
	id_attr(x, "session_id", SESSION, s->id);
	mark = content(x);
	for (size_t i = 0; i < s->nsip_session_ids; i++)
		element(x, 2, "sipSessionID", s->sip_session_ids[i]);
	for (size_t i = 0; i < s->nreasons; i++)
		reason(x, &s->reasons[i]);
	id_element(x, 2, "group-ref", GROUP, s->group_ref);
	time_element(x, 2, "start-time", start);
	time_element(x, 2, "stop-time", s->stop);
	extensions(x, 2, &s->exts);
	original_id(x, 2, s->id);
	original_ref(x, 2, GROUP, s->group_ref);
	leftover(x, 2, "start-time", start);
	leftover(x, 2, "stop-time", s->stop);
	if (s->start.p != NULL && s->associate.p != NULL)
		original(x, 2, "associate-time", s->associate);
	close_element(x, 1, "session", mark);
}

static void
name_id(struct xml *x, const struct sr_name_id *n)
{
	line(x, 2);
	sr_puts(&x->w, "<nameID");
	sr_put_attr(&x->w, "aor", n->aor);
	if (n->name.p == NULL) {
		sr_puts(&x->w, "/>");
		return;
	}
	sr_puts(&x->w, ">");
	line(x, 3);
	sr_puts(&x->w, "<name");
	if (n->lang.n > 0)
		sr_put_attr(&x->w, "xml:lang", n->lang);
	sr_puts(&x->w, ">");
	sr_put_text(&x->w, n->name);
	sr_puts(&x->w, "</name>");
	line(x, 2);
	sr_puts(&x->w, "</nameID>");
}

static void
participant(struct xml *x, const struct sr_participant *p)
{
	size_t mark;

	line(x, 1);
	sr_puts(&x->w, "<participant");
	id_attr(x, "participant_id", PARTICIPANT, p->id);
	mark = content(x);
	for (size_t i = 0; i < p->nnames; i++)
		name_id(x, &p->names[i]);
	extensions(x, 2, &p->exts);
	original_id(x, 2, p->id);
	close_element(x, 1, "participant", mark);
}

static void
stream(struct xml *x, const struct sr_mstream *s)
{
	size_t mark;

	line(x, 1);
	sr_puts(&x->w, "<stream");
	id_attr(x, "stream_id", STREAM, s->id);
	id_attr(x, "session_id", SESSION, s->session_id);
	mark = content(x);
	element(x, 2, "label", s->label);
	extensions(x, 2, &s->exts);
	original_id(x, 2, s->id);
	original_ref(x, 2, SESSION, s->session_id);
	if (s->mode.p != NULL)
		original(x, 2, "mode", s->mode);
	if (s->media_label.p != NULL)
		original(x, 2, "media_label", s->media_label);
	close_element(x, 1, "stream", mark);
}

static void
assoc(struct xml *x, const struct sr_assoc *a)
{
	static const char *names[] = {
		[SR_CS_RECORDING] = "sessionrecordingassoc",
		[SR_PARTICIPANT_CS] = "participantsessionassoc",
		[SR_PARTICIPANT_STREAM] = "participantstreamassoc" };
	bool in_session = a->kind != SR_PARTICIPANT_STREAM;
	size_t mark;

	line(x, 1);
	sr_puts(&x->w, "<");
	sr_puts(&x->w, names[a->kind]);
	if (a->kind != SR_CS_RECORDING)
		id_attr(x, "participant_id", PARTICIPANT, a->participant_id);
	if (in_session)
		id_attr(x, "session_id", SESSION, a->session_id);
	mark = content(x);
	for (size_t i = 0; !in_session && i < a->nsend; i++)
		id_element(x, 2, "send", STREAM, a->send[i]);
	for (size_t i = 0; !in_session && i < a->nrecv; i++)
		id_element(x, 2, "recv", STREAM, a->recv[i]);
	time_element(x, 2, "associate-time", a->associate);
	time_element(x, 2, "disassociate-time", a->disassociate);
	for (size_t i = 0; a->kind == SR_PARTICIPANT_CS && i < a->nparams;
	    i++) {
		line(x, 2);
		sr_puts(&x->w, "<param");
		sr_put_attr(&x->w, "pname", a->params[i].name);
		sr_put_attr(&x->w, "pval", a->params[i].value);
		sr_puts(&x->w, "/>");
	}
	extensions(x, 2, &a->exts);
	original_ref(x, 2, PARTICIPANT, a->participant_id);
	if (in_session)
		original_ref(x, 2, SESSION, a->session_id);
	for (size_t i = 0; !in_session && i < a->nsend; i++)
		original_ref(x, 2, STREAM, a->send[i]);
	for (size_t i = 0; !in_session && i < a->nrecv; i++)
		original_ref(x, 2, STREAM, a->recv[i]);
	leftover(x, 2, "associate-time", a->associate);
	leftover(x, 2, "disassociate-time", a->disassociate);
	close_element(x, 1, names[a->kind], mark);
}

static void
recording(struct xml *x, const struct sr_doc *d)
{
	sr_puts(&x->w, "<recording xmlns=\"" META_RFC7865 "\">");
	element(x, 1, "datamode", sr_streq(d->datamode, SR_STR("partial")) ?
	    d->datamode : SR_STR("complete"));
	for (size_t i = 0; i < d->ngroups; i++)
		group(x, &d->groups[i]);
	for (size_t i = 0; i < d->nsessions; i++)
		session(x, &d->sessions[i]);
	for (size_t i = 0; i < d->nparticipants; i++)
		participant(x, &d->participants[i]);
	for (size_t i = 0; i < d->nstreams; i++)
		if (!d->streams[i].undefined)
			stream(x, &d->streams[i]);
	for (int kind = SR_CS_RECORDING; kind <= SR_PARTICIPANT_STREAM; kind++)
		for (size_t i = 0; i < d->nassocs; i++)
			if ((int)d->assocs[i].kind == kind)
				assoc(x, &d->assocs[i]);
	extensions(x, 1, &d->exts);
	if (d->recording_id.p != NULL)
		original(x, 1, "recording_id", d->recording_id);
	sr_puts(&x->w, "\n</recording>\n");
}

static void
requestsnapshot(struct xml *x, const struct sr_doc *d)
{
	sr_puts(&x->w, "<requestsnapshot xmlns=\"" META_RFC7865 "\">");
	element(x, 1, "requestreason", d->request_reason);
	extensions(x, 1, &d->exts);
	sr_puts(&x->w, "\n</requestsnapshot>\n");
}

int
sr_doc_xml(const struct sr_doc *d, const struct sr_crypto *crypto,
    struct sr_buf *out)
{
	struct xml x = { .w = { out, SR_OK }, .crypto = crypto };

	sr_arena_init(&x.tmp, SIZE_MAX / 2);
	x.w.err = declare_all(&x, d);
	sr_puts(&x.w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (sr_streq(d->root, SR_STR("requestsnapshot")))
		requestsnapshot(&x, d);
	else
		recording(&x, d);
	sr_arena_free(&x.tmp);
	return x.w.err;
}
