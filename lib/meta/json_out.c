/* json_out - a document as one JSON object on one line.
 *
 * {
 *  "v":1, "file":"x.xml",                 file only where it was given
 *  "root":"recording", "namespace":"urn:...", "dialect":"rfc7865",
 *  "recording_id":"...",                  draft era: the id of the root
 *  "well_formed":true, "schema_valid":true, "valid":true,
 *  "datamode":"complete", "datamode_raw":"Complete",
 *  "groups":[{"id","associate_time","disassociate_time"}],
 *  "sessions":[{"id","sip_session_ids":[],"group_ref","start_time",
 *    "stop_time","associate_time","reasons":[{"cause","protocol","text"}]}],
 *  "participants":[{"id","aors":[],"names":[],
 *    "name_ids":[{"aor","name","lang"}]}],
 *  "streams":[{"id","label","session","mode","media_label"}],
 *  "stream_assocs":[{"participant","send":[],"recv":[],"source",
 *    "associate_time","disassociate_time"}],
 *  "session_assocs":[{"participant","session","source","associate_time",
 *    "disassociate_time","params":[{"name","value"}]}],
 *  "session_recording_assocs":[{"session","associate_time",
 *    "disassociate_time"}],
 *  "extensions":["{ns}name"],             sorted, each once
 *  "request_reason":["..."],              of a requestsnapshot, which has
 *                                         nothing from datamode to extensions
 *  "findings":[{"rule","severity","line","clause","text","hint"}]
 * }
 *
 * A key is absent where the document says nothing.  Any of groups, sessions,
 * participants, streams and the associations, and the document itself, has
 * "extension_xml":["<...>"] for the extensions it holds: each is one element,
 * verbatim, with all namespaces that were in scope; its name is to be read
 * from it.  name_ids are what aors and names were taken from.  An association
 * whose source is not the name of its element was implied by a draft-era
 * participant; a time that stood there is "implied_associate_time". */
#include "meta/priv.h"

#include <stdlib.h>
#include <string.h>

/* The first failure stays; commas come by themselves. */
struct json {
	struct sr_buf *out;
	int err;
	bool comma;
};

static void
raw(struct json *j, const char *s)
{
	if (j->err == SR_OK)
		j->err = sr_buf_add(j->out, sr_cstr(s));
}

static void
comma(struct json *j)
{
	if (j->comma)
		raw(j, ",");
	j->comma = true;
}

static void
key(struct json *j, const char *name)
{
	comma(j);
	raw(j, "\"");
	raw(j, name);
	raw(j, "\":");
}

static void
begin(struct json *j, const char *name, const char *bracket)
{
	if (name != NULL)
		key(j, name);
	else
		comma(j);
	raw(j, bracket);
	j->comma = false;
}

static void
end(struct json *j, const char *bracket)
{
	raw(j, bracket);
	j->comma = true;
}

static void
text(struct json *j, struct sr_str s)
{
	if (j->err == SR_OK)
		j->err = sr_buf_json(j->out, s);
}

static void
string(struct json *j, const char *name, struct sr_str s)
{
	if (s.p == NULL)
		return;
	key(j, name);
	text(j, s);
}

static void
boolean(struct json *j, const char *name, bool b)
{
	key(j, name);
	raw(j, b ? "true" : "false");
}

static void
strings(struct json *j, const char *name, const struct sr_str *v, size_t n)
{
	begin(j, name, "[");
	for (size_t i = 0; i < n; i++) {
		comma(j);
		text(j, v[i]);
	}
	end(j, "]");
}

static void
extension_xml(struct json *j, const struct sr_exts *x)
{
	size_t i, n = 0;

	for (i = 0; i < x->n; i++)
		n += x->v[i].xml.p != NULL;
	if (n == 0)
		return;
	begin(j, "extension_xml", "[");
	for (i = 0; i < x->n; i++)
		if (x->v[i].xml.p != NULL) {
			comma(j);
			text(j, x->v[i].xml);
		}
	end(j, "]");
}

/* ---- objects ---- */

static void
groups(struct json *j, const struct sr_doc *d)
{
	begin(j, "groups", "[");
	for (size_t i = 0; i < d->ngroups; i++) {
		const struct sr_group *g = &d->groups[i];

		begin(j, NULL, "{");
		string(j, "id", g->id);
		string(j, "associate_time", g->associate);
		string(j, "disassociate_time", g->disassociate);
		extension_xml(j, &g->exts);
		end(j, "}");
	}
	end(j, "]");
}

static void
reasons(struct json *j, const struct sr_cs *s)
{
	if (s->nreasons == 0)
		return;
	begin(j, "reasons", "[");
	for (size_t i = 0; i < s->nreasons; i++) {
		begin(j, NULL, "{");
		string(j, "cause", s->reasons[i].cause);
		string(j, "protocol", s->reasons[i].protocol);
		string(j, "text", s->reasons[i].text);
		end(j, "}");
	}
	end(j, "]");
}

static void
sessions(struct json *j, const struct sr_doc *d)
{
	begin(j, "sessions", "[");
	for (size_t i = 0; i < d->nsessions; i++) {
		const struct sr_cs *s = &d->sessions[i];

		begin(j, NULL, "{");
		string(j, "id", s->id);
		strings(j, "sip_session_ids", s->sip_session_ids,
		    s->nsip_session_ids);
		string(j, "group_ref", s->group_ref);
		string(j, "start_time", s->start);
		string(j, "stop_time", s->stop);
		string(j, "associate_time", s->associate);
		reasons(j, s);
		extension_xml(j, &s->exts);
		end(j, "}");
	}
	end(j, "]");
}

static void
names(struct json *j, const struct sr_participant *p)
{
	size_t i;

	begin(j, "aors", "[");
	for (i = 0; i < p->nnames; i++)
		if (p->names[i].aor.p != NULL) {
			comma(j);
			text(j, p->names[i].aor);
		}
	end(j, "]");
	begin(j, "names", "[");
	for (i = 0; i < p->nnames; i++)
		if (p->names[i].name.p != NULL) {
			comma(j);
			text(j, p->names[i].name);
		}
	end(j, "]");
	begin(j, "name_ids", "[");
	for (i = 0; i < p->nnames; i++) {
		begin(j, NULL, "{");
		string(j, "aor", p->names[i].aor);
		string(j, "name", p->names[i].name);
		string(j, "lang", p->names[i].lang);
		end(j, "}");
	}
	end(j, "]");
}

static void
participants(struct json *j, const struct sr_doc *d)
{
	begin(j, "participants", "[");
	for (size_t i = 0; i < d->nparticipants; i++) {
		begin(j, NULL, "{");
		string(j, "id", d->participants[i].id);
		names(j, &d->participants[i]);
		extension_xml(j, &d->participants[i].exts);
		end(j, "}");
	}
	end(j, "]");
}

static void
streams(struct json *j, const struct sr_doc *d)
{
	begin(j, "streams", "[");
	for (size_t i = 0; i < d->nstreams; i++) {
		const struct sr_mstream *s = &d->streams[i];

		begin(j, NULL, "{");
		string(j, "id", s->id);
		string(j, "label", s->label);
		string(j, "session", s->session_id);
		string(j, "mode", s->mode);
		string(j, "media_label", s->media_label);
		if (s->undefined)
			boolean(j, "undefined", true);
		extension_xml(j, &s->exts);
		end(j, "}");
	}
	end(j, "]");
}

/* ---- associations ---- */

static void
lifetime(struct json *j, const struct sr_assoc *a)
{
	bool implied = a->kind == SR_PARTICIPANT_CS && a->source.p != NULL &&
	    !sr_streq(a->source, SR_STR("participantsessionassoc"));

	string(j, implied ? "implied_associate_time" : "associate_time",
	    a->associate);
	string(j, "disassociate_time", a->disassociate);
}

static void
params(struct json *j, const struct sr_assoc *a)
{
	if (a->nparams == 0)
		return;
	begin(j, "params", "[");
	for (size_t i = 0; i < a->nparams; i++) {
		begin(j, NULL, "{");
		string(j, "name", a->params[i].name);
		string(j, "value", a->params[i].value);
		end(j, "}");
	}
	end(j, "]");
}

static void
assoc(struct json *j, const struct sr_assoc *a)
{
	begin(j, NULL, "{");
	string(j, "participant", a->participant_id);
	if (a->kind != SR_PARTICIPANT_STREAM)
		string(j, "session", a->session_id);
	if (a->kind == SR_PARTICIPANT_STREAM) {
		strings(j, "send", a->send, a->nsend);
		strings(j, "recv", a->recv, a->nrecv);
	}
	if (a->kind != SR_CS_RECORDING)
		string(j, "source", a->source);
	lifetime(j, a);
	params(j, a);
	extension_xml(j, &a->exts);
	end(j, "}");
}

static void
assocs(struct json *j, const struct sr_doc *d, const char *name,
    enum sr_assoc_kind kind)
{
	begin(j, name, "[");
	for (size_t i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == kind)
			assoc(j, &d->assocs[i]);
	end(j, "]");
}

/* ---- extensions by name ---- */

/* In the order of the text {ns}name: a namespace that ends early meets the
 * brace, which is greater than most of what another goes on with. */
static int
by_name(const void *a, const void *b)
{
	const struct sr_ext *const *x = a, *const *y = b;
	struct sr_str s = (*x)->ns, t = (*y)->ns;
	size_t n = s.n < t.n ? s.n : t.n;
	int c = sr_strcmp(sr_substr(s, 0, n), sr_substr(t, 0, n));

	if (c == 0 && s.n != t.n)
		return (uint8_t)(s.n > n ? s.p[n] : '}') -
		    (uint8_t)(t.n > n ? t.p[n] : '}');
	return c != 0 ? c : sr_strcmp((*x)->name, (*y)->name);
}

/* Calls for each list of extensions in the document; with v absent only
 * counts.  Returns how many there are. */
static size_t
gather(const struct sr_doc *d, const struct sr_ext **v)
{
	size_t n = 0, i, k;
#define FROM(exts)							\
	for (k = 0; k < (exts).n; k++, n++)				\
		if (v != NULL)						\
			v[n] = &(exts).v[k]

	FROM(d->exts);
	for (i = 0; i < d->ngroups; i++)
		FROM(d->groups[i].exts);
	for (i = 0; i < d->nsessions; i++)
		FROM(d->sessions[i].exts);
	for (i = 0; i < d->nparticipants; i++)
		FROM(d->participants[i].exts);
	for (i = 0; i < d->nstreams; i++)
		FROM(d->streams[i].exts);
	for (i = 0; i < d->nassocs; i++)
		FROM(d->assocs[i].exts);
#undef FROM
	return n;
}

static void
extension(struct json *j, const struct sr_ext *x)
{
	struct sr_buf b;

	comma(j);
	sr_buf_init(&b, x->ns.n + x->name.n + 2);
	if (j->err == SR_OK && (j->err = sr_buf_addc(&b, '{')) == SR_OK &&
	    (j->err = sr_buf_add(&b, x->ns)) == SR_OK &&
	    (j->err = sr_buf_addc(&b, '}')) == SR_OK &&
	    (j->err = sr_buf_add(&b, x->name)) == SR_OK)
		text(j, sr_buf_str(&b));
	sr_buf_free(&b);
}

static void
extensions(struct json *j, const struct sr_doc *d)
{
	size_t n = gather(d, NULL);
	const struct sr_ext **v = calloc(n + 1, sizeof(*v));

	begin(j, "extensions", "[");
	if (v == NULL)
		j->err = SR_ENOMEM;
	else {
		gather(d, v);
		qsort(v, n, sizeof(*v), by_name);
		for (size_t i = 0; i < n; i++)
			if (i == 0 || by_name(&v[i - 1], &v[i]) != 0)
				extension(j, v[i]);
	}
	end(j, "]");
	free(v);
}

/* ---- the whole ---- */

static void
findings(struct json *j, const struct sr_doc *d)
{
	static const char *const severity[] = { "info", "warning", "error" };

	begin(j, "findings", "[");
	for (size_t i = 0; i < d->nfindings; i++) {
		const struct sr_finding *f = &d->findings[i];

		begin(j, NULL, "{");
		string(j, "rule", f->rule);
		string(j, "severity", sr_cstr(severity[f->severity]));
		if (f->line > 0) {
			key(j, "line");
			if (j->err == SR_OK)
				j->err = sr_buf_fmt(j->out, "%u", f->line);
		}
		if (f->clause.n > 0)
			string(j, "clause", f->clause);
		string(j, "text", f->text);
		string(j, "hint", f->hint);
		end(j, "}");
	}
	end(j, "]");
}

static void
model(struct json *j, const struct sr_doc *d)
{
	string(j, "recording_id", d->recording_id);
	string(j, "datamode", d->datamode);
	string(j, "datamode_raw", d->datamode_raw);
	groups(j, d);
	sessions(j, d);
	participants(j, d);
	streams(j, d);
	assocs(j, d, "stream_assocs", SR_PARTICIPANT_STREAM);
	assocs(j, d, "session_assocs", SR_PARTICIPANT_CS);
	assocs(j, d, "session_recording_assocs", SR_CS_RECORDING);
	extensions(j, d);
	extension_xml(j, &d->exts);
}

int
sr_doc_json(const struct sr_doc *d, struct sr_str file, struct sr_buf *out)
{
	struct json j = { .out = out };

	begin(&j, NULL, "{");
	key(&j, "v");
	raw(&j, "1");
	string(&j, "file", file);
	string(&j, "root", d->root);
	string(&j, "namespace", d->ns);
	string(&j, "dialect", d->dialect);
	boolean(&j, "well_formed", d->well_formed);
	boolean(&j, "schema_valid", d->schema_valid);
	boolean(&j, "valid", d->valid);
	if (!sr_streq(d->root, SR_STR("requestsnapshot")))
		model(&j, d);
	if (d->request_reason.p != NULL)
		strings(&j, "request_reason", &d->request_reason, 1);
	findings(&j, d);
	end(&j, "}");
	return j.err;
}
