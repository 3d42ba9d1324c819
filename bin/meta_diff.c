/* meta_diff - what is said by one and not by the other.
 *
 * A recording is taken apart into facts, each of which is there or not; so
 * the order of a document, its dialect and its white space do not matter. */
#include "meta.h"
#include "meta_index.h"

#include <stdio.h>
#include <string.h>

struct fact {
	const char *what;		/* "sends", "label" ... */
	struct sr_str subject, value;	/* ids, or a plain value */
};
struct side {
	struct sr_meta *meta;
	struct meta_index x;
	struct fact *v;
	size_t n;
	struct table t;			/* what+subject, value */
};

static struct sr_str
key(struct side *s, const struct fact *f)
{
	struct sr_buf b;
	struct sr_str k;

	sr_buf_init(&b, META_OUT_MAX);
	sr_buf_fmt(&b, "%s\1", f->what);
	sr_buf_add(&b, f->subject);
	k = sr_arena_dup(&s->x.arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return k;
}

static void
fact(struct side *s, const char *what, struct sr_str subject,
    struct sr_str value)
{
	struct fact *v = sr_arena_grow(&s->x.arena, s->v, s->n, sizeof(*v));

	if (v == NULL || value.p == NULL)
		return;
	s->v = v;
	v[s->n++] = (struct fact){ what, subject, value };
}

static void
exts(struct side *s, struct sr_str owner, const struct sr_exts *e)
{
	for (size_t i = 0; i < e->n; i++)
		fact(s, "extension", owner, e->v[i].xml);
}

static void
session_facts(struct side *s, const struct sr_cs *cs)
{
	fact(s, "session", cs->id, SR_STR(""));
	fact(s, "group", cs->id, cs->group_ref);
	fact(s, "start", cs->id, cs->start);
	fact(s, "stop", cs->id, cs->stop);
	for (size_t i = 0; i < cs->nsip_session_ids; i++)
		fact(s, "Session-ID", cs->id, cs->sip_session_ids[i]);
	for (size_t i = 0; i < cs->nreasons; i++)
		fact(s, "reason", cs->id, cs->reasons[i].text.p != NULL ?
		    cs->reasons[i].text : cs->reasons[i].cause);
	exts(s, cs->id, &cs->exts);
}

static void
assoc_facts(struct side *s, const struct sr_assoc *a)
{
	if (a->disassociate.p != NULL)
		return;
	if (a->kind == SR_PARTICIPANT_CS)
		fact(s, "in session", a->participant_id, a->session_id);
	for (size_t i = 0; i < a->nsend; i++)
		fact(s, "sends", a->participant_id, a->send[i]);
	for (size_t i = 0; i < a->nrecv; i++)
		fact(s, "hears", a->participant_id, a->recv[i]);
	exts(s, a->participant_id, &a->exts);
}

static int
take_apart(struct side *s)
{
	const struct sr_doc *d = sr_meta_doc(s->meta);
	int err = meta_index_make(&s->x, d);

	if (err != SR_OK)
		return err;
	for (size_t i = 0; i < d->ngroups; i++) {
		fact(s, "group", d->groups[i].id, SR_STR(""));
		exts(s, d->groups[i].id, &d->groups[i].exts);
	}
	for (size_t i = 0; i < d->nsessions; i++)
		session_facts(s, &d->sessions[i]);
	for (size_t i = 0; i < d->nparticipants; i++) {
		const struct sr_participant *p = &d->participants[i];

		fact(s, "participant", p->id, SR_STR(""));
		for (size_t k = 0; k < p->nnames; k++) {
			fact(s, "aor", p->id, p->names[k].aor);
			fact(s, "name", p->id, p->names[k].name);
		}
		exts(s, p->id, &p->exts);
	}
	for (size_t i = 0; i < d->nstreams; i++) {
		if (d->streams[i].undefined)
			continue;
		fact(s, "stream", d->streams[i].id, SR_STR(""));
		fact(s, "label", d->streams[i].id, d->streams[i].label);
		fact(s, "of session", d->streams[i].id,
		    d->streams[i].session_id);
		exts(s, d->streams[i].id, &d->streams[i].exts);
	}
	for (size_t i = 0; i < d->nassocs; i++)
		assoc_facts(s, &d->assocs[i]);
	exts(s, SR_STR(""), &d->exts);
	if ((err = sr_table_init(&s->t, &s->x.arena, s->n)) != SR_OK)
		return err;
	for (size_t i = 0; i < s->n; i++)
		sr_table_put(&s->t, key(s, &s->v[i]), s->v[i].value, i);
	return SR_OK;
}

/* ---- telling ---- */

/* Participants by name, streams by label, everything else as it is. */
static void
call(struct sr_buf *b, const struct side *s, struct sr_str id)
{
	if (sr_table_get(&s->x.people, id, SR_STR("")) != TABLE_NONE) {
		meta_person_name(&s->x, id, b);
		return;
	}
	if (sr_table_get(&s->x.streams, id, SR_STR("")) != TABLE_NONE) {
		sr_buf_add(b, SR_STR("stream "));
		id = meta_stream_name(&s->x, id);
	}
	meta_col(b, id);
	b->n--;
}

static void
tell(struct sr_buf *b, const struct side *s, const struct fact *f, char sign)
{
	sr_buf_fmt(b, "%c ", sign);
	if (f->value.n == 0) {
		sr_buf_fmt(b, "%s ", f->what);
		meta_col(b, f->subject);
		b->n--;
		if (sr_table_get(&s->x.people, f->subject, SR_STR("")) !=
		    TABLE_NONE) {
			sr_buf_addc(b, ' ');
			call(b, s, f->subject);
		}
	} else {
		/* A stream is called by its label: not where that is new. */
		if (strcmp(f->what, "label") == 0) {
			sr_buf_add(b, SR_STR("stream "));
			meta_col(b, f->subject);
			b->n--;
		} else {
			call(b, s, f->subject);
		}
		sr_buf_fmt(b, " %s ", f->what);
		call(b, s, f->value);
	}
	sr_buf_addc(b, '\n');
}

static void
tell_json(struct sr_buf *b, const struct fact *f, char sign)
{
	sr_buf_fmt(b, "{\"v\":1,\"change\":\"%s\",\"fact\":\"%s\","
	    "\"subject\":", sign == '+' ? "added" : "removed", f->what);
	sr_buf_json(b, f->subject);
	sr_buf_add(b, SR_STR(",\"value\":"));
	if (f->value.n > 0)
		sr_buf_json(b, f->value);
	else
		sr_buf_add(b, SR_STR("null"));
	sr_buf_add(b, SR_STR("}\n"));
}

static void
only(const struct meta_opts *o, struct sr_buf *b, struct side *s,
    const struct side *other, char sign)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct fact *f = &s->v[i];

		if (sr_table_get(&other->t, key(s, f), f->value) !=
		    TABLE_NONE)
			continue;
		if (o->json)
			tell_json(b, f, sign);
		else
			tell(b, s, f, sign);
	}
}

static int
read_side(const struct meta_opts *o, const char *path, struct side *s)
{
	struct meta_state state = { .opts = o };
	int status;

	if (sr_meta_new(&s->meta, META_DOC_MAX) != SR_OK)
		return CLI_SYSTEM;
	state.meta = s->meta;
	status = meta_each(o, path, meta_apply, &state);
	if (state.applied == 0)
		return cli_worst(status, CLI_NO);
	return take_apart(s) == SR_OK ? status : CLI_SYSTEM;
}

int
meta_diff(const struct meta_opts *o)
{
	struct side a = { NULL }, b = { NULL };
	struct sr_buf out;
	int status;

	if (o->nfiles != 2)
		return cli_usage("diff compares two files");
	sr_buf_init(&out, META_OUT_MAX);
	status = read_side(o, o->files[0], &a);
	if (status == CLI_OK)
		status = read_side(o, o->files[1], &b);
	if (status == CLI_OK) {
		only(o, &out, &a, &b, '-');
		only(o, &out, &b, &a, '+');
		status = out.n > 0 ? CLI_NO : CLI_OK;
	}
	status = cli_worst(status, meta_out(&out, SR_OK));
	meta_index_free(&a.x);
	meta_index_free(&b.x);
	sr_meta_free(a.meta);
	sr_meta_free(b.meta);
	return status;
}
