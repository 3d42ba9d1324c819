/* check - RFC 7865 as far as no schema can say it: ids, references, lifetimes,
 * addresses.  Everything looks things up in a sorted index. */
#include "meta/priv.h"

#include <stdlib.h>
#include <string.h>

static const struct sr_rule id_twice = {
	"R7865-6.10-5", "RFC 7865 section 6.10", SR_ERROR, false,
	"Give each object a UUID of its own."
};
static const struct sr_rule id_absent = {
	"R7865-6.10-3", "RFC 7865 section 6.10", SR_ERROR, false,
	"Every object has an id: a UUID in base64."
};
static const struct sr_rule id_base64 = {
	"R7865-6.10-2", "RFC 7865 section 6.10", SR_ERROR, true,
	"Encode the 16 bytes of the UUID in base64: 24 characters."
};
static const struct sr_rule id_size = {
	"R7865-6.10-2", "RFC 7865 section 6.10", SR_WARNING, false,
	"Encode the 16 bytes of a UUID: 24 characters that end in ==."
};
static const struct sr_rule id_v1 = {
	"R7865-6.10-1", "RFC 7865 section 6.10", SR_WARNING, false,
	"Version 1 tells a MAC address: use version 4."
};
static const struct sr_rule dangling_participant = {
	"R7865-6.5.1-1", "RFC 7865 section 6.5.1", SR_ERROR, false,
	"A complete document describes all it refers to."
};
static const struct sr_rule dangling_stream = {
	"R7865-6.8.1-3", "RFC 7865 section 6.8.1", SR_ERROR, false,
	"send and recv hold the stream_id of a described stream."
};
static const struct sr_rule dangling_session = {
	"R7865-6.4.1-1", "RFC 7865 section 6.4.1", SR_ERROR, false,
	"session_id is that of a described session."
};
static const struct sr_rule dangling_group = {
	"R7865-6.2.2-1", "RFC 7865 section 6.2.2", SR_ERROR, false,
	"group-ref holds the group_id of a described group."
};
static const struct sr_rule in_two = {
	"R7865-6.3.2-2", "RFC 7865 section 6.3.2", SR_WARNING, false,
	"A stream belongs to at most one session at a time."
};
static const struct sr_rule backwards = {
	"R7865-6.6.1-1", "RFC 7865 section 6.6.1", SR_WARNING, false,
	"Is the clock of the recording client right?"
};
static const struct sr_rule aor_form = {
	"R7865-6.5.1-3", "RFC 7865 section 6.5.1", SR_WARNING, false,
	"Write a sip, sips or tel URI, a host name or an IP address."
};
static const struct sr_rule aor_absent = {
	"R7865-6.5.1-3", "RFC 7865 section 6.5.1", SR_ERROR, true,
	"A participant has at least one nameID with an aor."
};
static const struct sr_rule label_twice = {
	"R7865-6.7.1-1", "RFC 7865 section 6.7.1", SR_WARNING, false,
	"Each label names one m-line: which stream is it?"
};
static const struct sr_rule label_absent = {
	"R7865-6.7.1-1", "RFC 7865 section 6.7.1", SR_NOTE, false,
	"Without a label the stream cannot be found in the SDP."
};
static const struct sr_rule senders = {
	"R7865-6.8.1-4", "RFC 7865 section 6.8.1", SR_NOTE, false, NULL
};
static const struct sr_rule no_session = {
	"R7865-6.3.2-2", "RFC 7865 section 6.3.2", SR_NOTE, false,
	"With a single session, the stream is taken for one of it."
};
static const struct sr_rule session_id_form = {
	"R7865-6.3.1-2", "RFC 7865 section 6.3.1", SR_NOTE, false,
	"RFC 7989 has 32 hexadecimal digits, then ;remote= and 32 more."
};

struct check {
	struct sr_doc *d;
	struct sr_index x;
	struct sr_buf raw;
	bool partial;
};

/* ---- ids ---- */

/* libxml2 skips what is outside the alphabet; here it counts. */
static void
id(struct check *k, const char *what, struct sr_str s, unsigned line)
{
	int err;

	if (s.n == 0)
		return;
	k->raw.n = 0;
	err = sr_base64_read(&k->raw, s);
	if (err != SR_OK) {
		sr_find(k->d, &id_base64, line, "%s is not base64: \"%.*s\"",
		    what, SR_SHOW(s));
		k->d->schema_valid = false;
	} else if (k->raw.n != 16)
		sr_find(k->d, &id_size, line,
		    "%s has %zu bytes, not 16: \"%.*s\"", what, k->raw.n,
		    SR_SHOW(s));
	else if ((uint8_t)k->raw.p[6] >> 4 == 1)
		sr_find(k->d, &id_v1, line, "%s is a UUID of version 1: "
		    "\"%.*s\"", what, SR_SHOW(s));
}

static void
needs(struct check *k, const char *what, const char *attr, struct sr_str s,
    unsigned line)
{
	if (s.n == 0)
		sr_find(k->d, &id_absent, line, "%s without %s", what, attr);
}

static void
own_id(struct check *k, const char *what, const char *attr, struct sr_str s,
    unsigned line)
{
	needs(k, what, attr, s, line);
	id(k, attr, s, line);
}

static void
twice(struct check *k)
{
	for (size_t i = 1; i < k->x.n; i++) {
		const struct sr_entry *a = &k->x.v[i - 1], *b = &k->x.v[i];

		if (!sr_streq(a->id, b->id))
			continue;
		if (a->kind != b->kind)
			sr_find(k->d, &id_twice, b->line,
			    "one id for a %s and a %s: \"%.*s\"",
			    sr_kind_name(a->kind), sr_kind_name(b->kind),
			    SR_SHOW(b->id));
		else
			sr_find(k->d, &id_twice, b->line,
			    "one id for two %ss: \"%.*s\"",
			    sr_kind_name(a->kind), SR_SHOW(b->id));
		if (a->kind == SR_K_STREAM && b->kind == SR_K_STREAM &&
		    !sr_streq(k->d->streams[a->i].session_id,
		    k->d->streams[b->i].session_id))
			sr_find(k->d, &in_two, b->line,
			    "stream \"%.*s\" is in two sessions",
			    SR_SHOW(b->id));
	}
}

/* ---- references ---- */

/* Products were seen to put one kind of id where another belongs. */
static const char *
instead(const struct check *k, struct sr_str s)
{
	for (int kind = SR_K_GROUP; kind <= SR_K_STREAM; kind++)
		if (sr_index_find(&k->x, (enum sr_kind)kind, s) != NULL)
			return sr_kind_name((enum sr_kind)kind);
	return NULL;
}

/* An update may speak of what an earlier document described.  The form of an
 * id is looked at where its object is, or here if there is none. */
static struct sr_entry *
refer(struct check *k, const struct sr_rule *rule, enum sr_kind kind,
    struct sr_str s, unsigned line)
{
	struct sr_entry *e;
	struct sr_rule mild = *rule;
	const char *other;

	if (s.n == 0)
		return NULL;
	if ((e = sr_index_find(&k->x, kind, s)) != NULL)
		return e;
	if (k->partial) {
		mild.severity = SR_WARNING;
		mild.hint = "Is it in an earlier document?";
	}
	other = instead(k, s);
	if (other == NULL)
		id(k, "a reference", s, line);
	sr_find(k->d, &mild, line, "reference to an undeclared %s: "
	    "\"%.*s\"%s%s", sr_kind_name(kind), SR_SHOW(s),
	    other != NULL ? ", which is a " : "", other != NULL ? other : "");
	return NULL;
}

/* ---- lifetimes ---- */

static void
lifetime(struct check *k, const char *what, struct sr_str from,
    struct sr_str to, unsigned line)
{
	sr_time a, b;
	int32_t za, zb;
	bool loose = false;

	if (from.n == 0 || to.n == 0 ||
	    sr_time_parse(from, &a, &za, &loose) != SR_OK ||
	    sr_time_parse(to, &b, &zb, &loose) != SR_OK)
		return;
	if ((za == SR_NOZONE) == (zb == SR_NOZONE) && b < a)
		sr_find(k->d, &backwards, line, "%s ends before it begins: "
		    "%.*s, %.*s", what, SR_SHOW(from), SR_SHOW(to));
}

/* ---- addresses ---- */

static bool
all_in(struct sr_str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\0' || strchr(set, s.p[i]) == NULL)
			return false;
	return s.n > 0;
}

/* RFC 7865 6.5.1: a URI, a host name or an IP address. */
static const char *
aor_fault(struct sr_str s)
{
	size_t colon = sr_strchr(s, ':');

	if (sr_strchr(s, ' ') < s.n || sr_strchr(s, '\t') < s.n ||
	    sr_strchr(s, '\n') < s.n)
		return "aor with blanks";
	if (colon < s.n && colon > 0 && s.p[0] >= 'A' &&
	    sr_strchr(sr_substr(s, 0, colon), '@') == colon)
		return NULL;
	if (s.n > 0 && s.p[0] == '[')
		return NULL;
	if (sr_strchr(s, '@') < s.n || sr_strchr(s, '.') == s.n ||
	    all_in(s, "+-.()0123456789*#")) {
		/* Four numbers with dots are an address, others a number. */
		if (all_in(s, ".0123456789") && sr_strchr(s, '.') < s.n)
			return NULL;
		return "aor without scheme";
	}
	return NULL;
}

static void
participants(struct check *k)
{
	for (size_t i = 0; i < k->d->nparticipants; i++) {
		const struct sr_participant *p = &k->d->participants[i];
		const char *fault;

		own_id(k, "participant", "participant_id", p->id, p->line);
		if (p->nnames == 0)
			sr_find(k->d, &aor_absent, p->line,
			    "participant without nameID");
		for (size_t n = 0; n < p->nnames; n++)
			if (p->names[n].aor.n > 0 &&
			    (fault = aor_fault(p->names[n].aor)) != NULL)
				sr_find(k->d, &aor_form, p->line,
				    "%s: %.*s", fault,
				    SR_SHOW(p->names[n].aor));
	}
}

/* ---- groups, sessions, streams ---- */

static bool
hex32(struct sr_str s)
{
	return s.n == 32 && all_in(s, "0123456789abcdefABCDEF");
}

static void
sip_session_id(struct check *k, struct sr_str s, unsigned line)
{
	struct sr_str local = sr_substr(s, 0, sr_strchr(s, ';'));
	struct sr_str rest = sr_substr(s, local.n, s.n);

	if (!hex32(local) || (rest.n > 0 &&
	    (!sr_stristarts(rest, SR_STR(";remote=")) ||
	    !hex32(sr_substr(rest, 8, rest.n)))))
		sr_find(k->d, &session_id_form, line,
		    "sipSessionID is not of RFC 7989: \"%.*s\"", SR_SHOW(s));
}

static void
groups_and_sessions(struct check *k)
{
	const struct sr_doc *d = k->d;
	size_t i, n;

	for (i = 0; i < d->ngroups; i++) {
		const struct sr_group *g = &d->groups[i];

		own_id(k, "group", "group_id", g->id, g->line);
		lifetime(k, "group", g->associate, g->disassociate, g->line);
	}
	for (i = 0; i < d->nsessions; i++) {
		const struct sr_cs *s = &d->sessions[i];

		own_id(k, "session", "session_id", s->id, s->line);
		refer(k, &dangling_group, SR_K_GROUP, s->group_ref, s->line);
		lifetime(k, "session", s->start, s->stop, s->line);
		for (n = 0; n < s->nsip_session_ids; n++)
			sip_session_id(k, s->sip_session_ids[n], s->line);
	}
}

static int
by_label(const void *a, const void *b)
{
	const struct sr_mstream *const *x = a, *const *y = b;
	int c = sr_strcmp((*x)->label, (*y)->label);

	return c != 0 ? c : *x < *y ? -1 : *x > *y;
}

static int
labels(struct check *k)
{
	const struct sr_doc *d = k->d;
	const struct sr_mstream **v = calloc(d->nstreams + 1, sizeof(*v));
	size_t i;

	if (v == NULL)
		return SR_ENOMEM;
	for (i = 0; i < d->nstreams; i++)
		v[i] = &d->streams[i];
	qsort(v, d->nstreams, sizeof(*v), by_label);
	for (i = 1; i < d->nstreams; i++)
		if (v[i]->label.n > 0 && sr_streq(v[i]->label, v[i - 1]->label))
			sr_find(k->d, &label_twice, v[i]->line,
			    "label \"%.*s\" is used by two streams",
			    SR_SHOW(v[i]->label));
	free(v);
	return SR_OK;
}

static void
stream_done(struct check *k, const struct sr_mstream *s)
{
	const struct sr_entry *e = sr_index_find(&k->x, SR_K_STREAM, s->id);
	unsigned uses = e != NULL ? e->uses : 0;

	if (s->label.n == 0 && !k->partial)
		sr_find(k->d, &label_absent, s->line,
		    "stream \"%.*s\" has no label", SR_SHOW(s->id));
	if (uses == 0 && !k->partial)
		sr_find(k->d, &senders, s->line,
		    "stream \"%.*s\" has no sender", SR_SHOW(s->id));
	if (uses > 1)
		sr_find(k->d, &senders, s->line, "stream \"%.*s\" is mixed: "
		    "it has %u senders", SR_SHOW(s->id), uses);
}

static void
streams(struct check *k)
{
	for (size_t i = 0; i < k->d->nstreams; i++) {
		const struct sr_mstream *s = &k->d->streams[i];

		own_id(k, "stream", "stream_id", s->id, s->line);
		refer(k, &dangling_session, SR_K_SESSION, s->session_id,
		    s->line);
		if (s->session_id.n == 0 && k->d->nsessions > 0 && !k->partial)
			sr_find(k->d, &no_session, s->line,
			    "stream \"%.*s\" is in no session",
			    SR_SHOW(s->id));
		stream_done(k, s);
	}
}

/* ---- associations ---- */

static void
flow(struct check *k, const struct sr_assoc *a, bool send)
{
	const struct sr_str *v = send ? a->send : a->recv;
	size_t n = send ? a->nsend : a->nrecv;

	for (size_t i = 0; i < n; i++) {
		struct sr_entry *e = refer(k, &dangling_stream, SR_K_STREAM,
		    v[i], a->line);

		if (e != NULL && send && a->disassociate.n == 0)
			e->uses++;
	}
}

static void
associations(struct check *k)
{
	static const char *const name[] = { "sessionrecordingassoc",
	    "participantsessionassoc", "participantstreamassoc" };

	for (size_t i = 0; i < k->d->nassocs; i++) {
		const struct sr_assoc *a = &k->d->assocs[i];
		const char *what = name[a->kind];

		if (a->kind != SR_CS_RECORDING)
			needs(k, what, "participant_id", a->participant_id,
			    a->line);
		if (a->kind != SR_PARTICIPANT_STREAM)
			needs(k, what, "session_id", a->session_id, a->line);
		refer(k, &dangling_participant, SR_K_PARTICIPANT,
		    a->participant_id, a->line);
		refer(k, &dangling_session, SR_K_SESSION, a->session_id,
		    a->line);
		flow(k, a, true);
		flow(k, a, false);
		lifetime(k, what, a->associate, a->disassociate, a->line);
	}
}

int
sr_doc_check(struct sr_doc *d)
{
	struct check k = { .d = d };
	int err;

	k.partial = sr_streq(d->datamode, SR_STR("partial"));
	sr_buf_init(&k.raw, SIZE_MAX);
	if ((err = sr_index_make(&k.x, d)) == SR_OK &&
	    (err = labels(&k)) == SR_OK) {
		twice(&k);
		groups_and_sessions(&k);
		participants(&k);
		associations(&k);
		streams(&k);
	}
	sr_index_free(&k.x);
	sr_buf_free(&k.raw);
	return err;
}
