/* dialect_xml - a document in the words, order and id forms of a style. */
#include "client/priv.h"
#include "meta/writer.h"

static bool
is(const struct sr_writing *x, unsigned flag)
{
	return (x->style->flags & flag) != 0;
}

static void
line(struct sr_writing *x, int depth)
{
	if (x->style->indent == NULL)
		return;
	sr_say(x, "\n");
	for (; depth > 0; depth--)
		sr_say(x, x->style->indent);
}

static void
begin(struct sr_writing *x, int depth, const char *name)
{
	line(x, depth);
	sr_say(x, "<");
	sr_say(x, x->style->tag);
	sr_say(x, name);
}

static void
finish(struct sr_writing *x, int depth, const char *name)
{
	if (depth >= 0)
		line(x, depth);
	sr_say(x, "</");
	sr_say(x, x->style->tag);
	sr_say(x, name);
	sr_say(x, ">");
}

static void
attr(struct sr_writing *x, const char *name, struct sr_str value)
{
	struct writer w = { x->out, x->err };

	sr_put_attr(&w, name, value);
	x->err = w.err;
}

static void
element(struct sr_writing *x, int depth, const char *name, struct sr_str text)
{
	if (text.p == NULL)
		return;
	begin(x, depth, name);
	sr_say(x, ">");
	sr_say_text(x, text);
	finish(x, -1, name);
}

/* ---- ids ---- */

/* Where a participant's id is its number, so is every reference to it. */
static void
person_id(struct sr_writing *x, struct sr_str id)
{
	for (size_t i = 0; is(x, ID_IS_NUMBER) && i < x->d->nparticipants; i++)
		if (sr_streq(x->d->participants[i].id, id)) {
			sr_say_user(x, sr_first_aor(x->d, i));
			return;
		}
	sr_say_id(x, id);
}

static void
id_attr(struct sr_writing *x, const char *name, struct sr_str id, bool person)
{
	if (id.p == NULL)
		return;
	sr_say(x, " ");
	sr_say(x, name);
	sr_say(x, "=\"");
	if (person)
		person_id(x, id);
	else
		sr_say_id(x, id);
	sr_say(x, "\"");
}

static void
id_element(struct sr_writing *x, int depth, const char *name, struct sr_str id)
{
	bool child = is(x, ID_CHILD) && name[0] != 'g';

	if (id.p == NULL)
		return;
	begin(x, depth, name);
	sr_say(x, child ? "><id>" : ">");
	sr_say_id(x, id);
	sr_say(x, child ? "</id>" : "");
	finish(x, -1, name);
}

/* ---- times and names ---- */

static void
time_element(struct sr_writing *x, int depth, const char *name,
    struct sr_str time)
{
	static const char *const zone[] = { [TIME_NO_ZONE] = "",
	    [TIME_0000] = "+0000", [TIME_OFFSET] = "+00:00" };
	enum sr_time_form form = x->style->time;
	struct sr_buf b;
	sr_time t;
	int32_t east;
	bool loose;

	if (time.p == NULL || sr_time_parse(time, &t, &east, &loose) != SR_OK)
		return;
	sr_buf_init(&b, 64);
	sr_time_print(&b, t, form == TIME_MS ? 3 : 0);
	if (form > TIME_SECONDS) {
		b.n--;				/* the Z */
		sr_buf_add(&b, sr_cstr(zone[form]));
	}
	element(x, depth, name, sr_buf_str(&b));
	sr_buf_free(&b);
}

static struct sr_str
written_aor(struct sr_writing *x, struct sr_str aor)
{
	struct sr_str user = { NULL, 0 }, host;
	size_t colon = sr_strchr(aor, ':');

	if (x->style->aor == AOR_URI || colon == aor.n)
		return aor;
	if (x->style->aor == AOR_USER &&
	    sr_uri_split(aor, &user, &host) == SR_OK && user.n > 0)
		return user;
	return sr_substr(aor, colon + 1, aor.n);
}

static void
name_id(struct sr_writing *x, const struct sr_name_id *n)
{
	struct sr_str name = n->name, aor = written_aor(x, n->aor);

	if (is(x, AOR_CHILD)) {
		element(x, 2, "aor", aor);
		return;
	}
	begin(x, 2, "nameID");
	attr(x, "aor", aor);
	sr_say(x, ">");
	if (is(x, BLANK_NAME) && name.n == 0)
		name = SR_STR(" ");
	if (name.p != NULL && !is(x, NO_NAME)) {
		begin(x, 3, "name");
		attr(x, "xml:lang", n->lang.p == NULL && is(x, NAME_LANG) ?
		    SR_STR("en") : n->lang);
		sr_say(x, ">");
		sr_say_text(x, name);
		finish(x, -1, "name");
		finish(x, 2, "nameID");
	} else {
		finish(x, -1, "nameID");
	}
}

static void
extensions(struct sr_writing *x, int depth, const struct sr_exts *exts)
{
	for (size_t i = 0; i < exts->n; i++) {
		struct writer w = { x->out, x->err };

		if (exts->v[i].xml.n == 0)
			continue;
		line(x, depth);
		w.err = x->err;
		sr_put_ext(&w, &exts->v[i]);
		x->err = w.err;
	}
}

/* ---- objects ---- */

static void
group(struct sr_writing *x, const struct sr_group *g)
{
	begin(x, 1, "group");
	x->derived = x->d->ngroups == 0;
	id_attr(x, is(x, BARE_NAMES) ? "id" : "group_id", g->id, false);
	x->derived = false;
	if (is(x, RECORDING_CHILD))
		id_attr(x, "recording", g->id, false);
	sr_say(x, ">");
	if (!is(x, RECORDING_CHILD)) {
		time_element(x, 2, "associate-time", g->associate);
		time_element(x, 2, "disassociate-time", g->disassociate);
	} else {
		element(x, 2, "initiator", sr_first_aor(x->d, 0));
	}
	sr_extra_group(x);
	extensions(x, 2, &g->exts);
	finish(x, 1, "group");
}

/* Clients that group every session give one without a group one of its own:
 * its id is made of the session's. */
static void
groups(struct sr_writing *x)
{
	for (size_t i = 0; i < x->d->ngroups; i++)
		group(x, &x->d->groups[i]);
	if (x->d->ngroups > 0 || !is(x, ALWAYS_GROUP))
		return;
	for (size_t i = 0; i < x->d->nsessions; i++)
		group(x, &(struct sr_group){ .associate =
		    x->d->sessions[i].start, .id = x->d->sessions[i].id });
}

static bool
lacks_group(const struct sr_writing *x)
{
	return is(x, ALWAYS_GROUP) && x->d->ngroups == 0;
}

static void
call_id(struct sr_writing *x, const struct sr_cs *s)
{
	begin(x, 2, "sipSessionID");
	sr_say(x, ">B2B.");
	sr_say_id(x, s->id);
	finish(x, -1, "sipSessionID");
}

static void
session_ids(struct sr_writing *x, const struct sr_cs *s)
{
	if (is(x, NO_SESSION_IDS))
		return;
	if (is(x, SESSION_IS_CALL_ID)) {
		call_id(x, s);
		return;
	}
	for (size_t i = 0; i < s->nsip_session_ids; i++)
		element(x, 2, "sipSessionID", s->sip_session_ids[i]);
	for (size_t i = 0; i < s->nreasons; i++) {
		begin(x, 2, "reason");
		attr(x, "cause", s->reasons[i].cause);
		attr(x, "protocol", s->reasons[i].protocol);
		sr_say(x, ">");
		sr_say_text(x, s->reasons[i].text);
		finish(x, -1, "reason");
	}
}

static void
session(struct sr_writing *x, const struct sr_cs *s)
{
	bool alone = lacks_group(x);
	struct sr_str in = alone ? s->id : s->group_ref;

	begin(x, 1, "session");
	id_attr(x, is(x, BARE_NAMES) ? "id" : "session_id", s->id, false);
	x->derived = alone;
	if (is(x, RECORDING_CHILD))
		id_attr(x, "group", in, false);
	x->derived = false;
	sr_say(x, ">");
	if (!is(x, BARE_NAMES) && !is(x, REF_FIRST))
		session_ids(x, s);
	x->derived = alone;
	if (!is(x, RECORDING_CHILD))
		id_element(x, 2, "group-ref", in);
	x->derived = false;
	if (is(x, REF_FIRST))
		session_ids(x, s);
	if (!is(x, NO_SESSION_START))
		time_element(x, 2, is(x, BARE_NAMES) &&
		    !is(x, RECORDING_CHILD) ? "associate-time" :
		    "start-time", s->start);
	time_element(x, 2, "stop-time", s->stop);
	sr_extra_session(x);
	extensions(x, 2, &s->exts);
	finish(x, 1, "session");
}

static void
ways(struct sr_writing *x, const struct sr_assoc *a, bool recv)
{
	for (size_t i = 0; i < a->nsend; i++)
		id_element(x, 2, "send", a->send[i]);
	for (size_t i = 0; recv && i < a->nrecv; i++)
		id_element(x, 2, "recv", a->recv[i]);
}

static const struct sr_assoc *
assoc_of(const struct sr_doc *d, enum sr_assoc_kind kind, struct sr_str person)
{
	for (size_t i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == kind &&
		    sr_streq(d->assocs[i].participant_id, person))
			return &d->assocs[i];
	return NULL;
}

/* The drafts had no associations: a participant held all of it. */
static void
held(struct sr_writing *x, const struct sr_participant *p)
{
	const struct sr_assoc *in = assoc_of(x->d, SR_PARTICIPANT_CS, p->id);
	const struct sr_assoc *m = assoc_of(x->d, SR_PARTICIPANT_STREAM, p->id);
	bool late = is(x, WITH_RECV);		/* AudioCodes: the time first */

	if (in != NULL && late && !is(x, RECORDING_CHILD))
		time_element(x, 2, "associate-time", in->associate);
	if (m != NULL)
		ways(x, m, is(x, WITH_RECV));
	if (in != NULL && !late && !is(x, RECORDING_CHILD))
		time_element(x, 2, "associate-time", in->associate);
}

static void
participant(struct sr_writing *x, size_t which)
{
	const struct sr_participant *p = &x->d->participants[which];
	const struct sr_assoc *in = assoc_of(x->d, SR_PARTICIPANT_CS, p->id);
	bool bare = is(x, BARE_NAMES);

	begin(x, 1, "participant");
	id_attr(x, bare ? "id" : "participant_id", p->id, true);
	if (bare && in != NULL)
		id_attr(x, "session", in->session_id, false);
	sr_say(x, ">");
	for (size_t i = 0; i < p->nnames; i++)
		name_id(x, &p->names[i]);
	if (bare)
		held(x, p);
	sr_extra_participant(x, which);
	extensions(x, 2, &p->exts);
	finish(x, 1, "participant");
}

static bool
mixed(const struct sr_doc *d, struct sr_str stream)
{
	size_t senders = 0;

	for (size_t i = 0; i < d->nassocs; i++)
		for (size_t k = 0; k < d->assocs[i].nsend; k++)
			senders += sr_streq(d->assocs[i].send[k], stream);
	return senders > 1;
}

static struct sr_str
session_start(const struct sr_doc *d, struct sr_str id)
{
	for (size_t i = 0; i < d->nsessions; i++)
		if (sr_streq(d->sessions[i].id, id))
			return d->sessions[i].start;
	return (struct sr_str){ NULL, 0 };
}

static void
stream(struct sr_writing *x, const struct sr_mstream *s)
{
	bool bare = is(x, BARE_NAMES);

	begin(x, 1, "stream");
	id_attr(x, bare || is(x, BARE_STREAM) ? "id" : "stream_id", s->id,
	    false);
	id_attr(x, bare ? "session" : "session_id", s->session_id, false);
	sr_say(x, ">");
	element(x, 2, "label", s->label);
	if (is(x, STREAM_MODE))
		element(x, 2, "mode", mixed(x->d, s->id) ? SR_STR("mixed") :
		    SR_STR("separate"));
	if (is(x, STREAM_TIME))
		time_element(x, 2, "associate-time",
		    session_start(x->d, s->session_id));
	extensions(x, 2, &s->exts);
	finish(x, 1, "stream");
}

static void
params(struct sr_writing *x, const struct sr_assoc *a)
{
	for (size_t i = 0; i < a->nparams; i++) {
		begin(x, 2, "param");
		attr(x, "pname", a->params[i].name);
		attr(x, "pval", a->params[i].value);
		sr_say(x, "/>");
	}
}

static void
association(struct sr_writing *x, const struct sr_assoc *a)
{
	static const char *const names[] = {
		[SR_CS_RECORDING] = "sessionrecordingassoc",
		[SR_PARTICIPANT_CS] = "participantsessionassoc",
		[SR_PARTICIPANT_STREAM] = "participantstreamassoc" };
	const char *name = names[a->kind];

	if (is(x, BARE_NAMES) ||
	    (a->kind == SR_CS_RECORDING && is(x, NO_RECORDING_ASSOC)))
		return;
	begin(x, 1, name);
	if (a->kind != SR_CS_RECORDING)
		id_attr(x, "participant_id", a->participant_id, true);
	if (a->kind != SR_PARTICIPANT_STREAM)
		id_attr(x, "session_id", a->session_id, false);
	sr_say(x, ">");
	ways(x, a, !is(x, NO_RECV));
	if (a->kind != SR_PARTICIPANT_CS || !is(x, NO_MEMBER_TIME)) {
		time_element(x, 2, "associate-time", a->associate);
		time_element(x, 2, "disassociate-time", a->disassociate);
	}
	params(x, a);
	extensions(x, 2, &a->exts);
	finish(x, 1, name);
}

static void
associations(struct sr_writing *x, enum sr_assoc_kind kind)
{
	for (size_t i = 0; i < x->d->nassocs; i++)
		if (x->d->assocs[i].kind == kind)
			association(x, &x->d->assocs[i]);
}

/* ---- orders ---- */

static void
by_kind(struct sr_writing *x)
{
	for (size_t i = 0; i < x->d->nparticipants; i++)
		participant(x, i);
	for (size_t i = 0; i < x->d->nstreams; i++)
		stream(x, &x->d->streams[i]);
	associations(x, SR_CS_RECORDING);
	associations(x, SR_PARTICIPANT_CS);
	associations(x, SR_PARTICIPANT_STREAM);
}

/* What an update says of people that it does not describe comes last. */
static void
by_party(struct sr_writing *x, bool streams)
{
	const struct sr_doc *d = x->d;
	bool drawn;

	if (!streams)
		associations(x, SR_CS_RECORDING);
	for (size_t i = 0; i < d->nparticipants; i++) {
		participant(x, i);
		for (size_t k = 0; k < d->nassocs; k++)
			if (sr_streq(d->assocs[k].participant_id,
			    d->participants[i].id) && (!streams ||
			    d->assocs[k].kind == SR_PARTICIPANT_CS))
				association(x, &d->assocs[k]);
		if (streams && i < d->nstreams)
			stream(x, &d->streams[i]);
	}
	for (size_t i = streams ? d->nparticipants : 0; i < d->nstreams; i++)
		stream(x, &d->streams[i]);
	for (size_t k = 0; k < d->nassocs; k++) {
		const struct sr_assoc *a = &d->assocs[k];

		drawn = false;
		for (size_t i = 0; i < d->nparticipants && !drawn; i++)
			drawn = sr_streq(a->participant_id,
			    d->participants[i].id);
		if (a->kind == SR_CS_RECORDING)
			drawn = !streams;
		else if (streams && a->kind == SR_PARTICIPANT_STREAM)
			drawn = false;
		if (!drawn)
			association(x, a);
	}
}

static void
root(struct sr_writing *x)
{
	char quote[2] = { x->style->quote, '\0' };

	sr_say(x, x->style->decl);
	sr_say(x, "<");
	sr_say(x, x->style->tag);
	sr_say(x, x->style->root);
	if (is(x, ROOT_ID) && x->d->nsessions > 0)
		id_attr(x, "id", x->d->sessions[0].id, false);
	sr_say(x, x->style->tag != NULL ? " xmlns:tns=" : " xmlns=");
	sr_say(x, quote);
	sr_say(x, x->style->ns);
	sr_say(x, quote);
	sr_say(x, x->style->more);
	sr_say(x, ">");
}

static void
recording_child(struct sr_writing *x)
{
	if (!is(x, RECORDING_CHILD) || x->d->nsessions == 0)
		return;
	begin(x, 1, "recording");
	id_attr(x, "id", x->d->ngroups > 0 ? x->d->groups[0].id :
	    x->d->sessions[0].id, false);
	sr_say(x, "><requestor>SRC</requestor><type>selective</type>");
	finish(x, -1, "recording");
}

int
sr_dialect_xml(const struct sr_dialect *dialect, const struct sr_doc *d,
    struct sr_buf *out)
{
	struct sr_writing x = { .out = out, .d = d, .style = dialect->style };

	if (sr_too_many(d))
		return SR_ELIMIT;
	root(&x);
	element(&x, 1, is(&x, CAMEL_DATAMODE) ? "dataMode" : "datamode",
	    d->datamode);
	recording_child(&x);
	groups(&x);
	for (size_t i = 0; i < d->nsessions; i++)
		session(&x, &d->sessions[i]);
	if (is(&x, STREAMS_WITH_PARTIES))
		by_party(&x, true);
	else if (is(&x, MEDIA_WITH_PARTIES))
		by_party(&x, false);
	else
		by_kind(&x);
	sr_extra_document(&x);
	extensions(&x, 1, &d->exts);
	finish(&x, 0, x.style->root);
	sr_say(&x, x.style->indent != NULL ? "\n" : "");
	return x.err;
}
