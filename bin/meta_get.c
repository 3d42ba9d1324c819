/* meta_get - one kind of thing, a row each, for awk and join. */
#include "meta.h"
#include "meta_index.h"

#include <string.h>

struct query {
	const struct meta_opts *opts;
	void (*rows)(struct sr_buf *, const struct meta_in *,
	    const struct meta_index *);
	struct sr_buf out;
};

/* Ids under a link list, each through pick, between commas. */
static void
linked(struct sr_buf *b, const struct meta_index *x, const struct multi *m,
    struct sr_str key, bool sessions)
{
	for (size_t at = sr_multi_first(m, key); at != TABLE_NONE;
	    at = m->v[at].next) {
		const struct sr_assoc *a = &x->d->assocs[m->v[at].value];

		if (sessions && a->kind != SR_PARTICIPANT_CS)
			continue;
		meta_col(b, sessions ? a->session_id : a->participant_id);
		b->p[b->n - 1] = ',';
	}
	if (b->n > 0 && b->p[b->n - 1] == ',')
		b->p[b->n - 1] = '\t';
	else
		sr_buf_addc(b, '\t');
}

static void
labels(struct sr_buf *b, const struct meta_index *x, struct sr_str person,
    bool send)
{
	const struct multi *m = &x->by_person;
	bool more = false;

	for (size_t at = sr_multi_first(m, person); at != TABLE_NONE;
	    at = m->v[at].next) {
		const struct sr_assoc *a = &x->d->assocs[m->v[at].value];
		const struct sr_str *v = send ? a->send : a->recv;

		if (a->kind != SR_PARTICIPANT_STREAM || a->disassociate.p)
			continue;
		for (size_t i = 0; i < (send ? a->nsend : a->nrecv); i++) {
			if (more)
				sr_buf_addc(b, ',');
			meta_col(b, meta_stream_name(x, v[i]));
			b->n--;
			more = true;
		}
	}
	sr_buf_addc(b, '\t');
}

static void
participants(struct sr_buf *b, const struct meta_in *in,
    const struct meta_index *x)
{
	for (size_t i = 0; i < in->doc.nparticipants; i++) {
		const struct sr_participant *p = &in->doc.participants[i];

		meta_col(b, p->id);
		for (size_t k = 0; k < p->nnames; k++) {
			meta_col(b, p->names[k].aor);
			b->p[b->n - 1] = k + 1 < p->nnames ? ',' : '\t';
		}
		if (p->nnames == 0)
			sr_buf_addc(b, '\t');
		for (size_t k = 0; k < p->nnames; k++) {
			meta_col(b, p->names[k].name);
			b->p[b->n - 1] = k + 1 < p->nnames ? ',' : '\t';
		}
		if (p->nnames == 0)
			sr_buf_addc(b, '\t');
		linked(b, x, &x->by_person, p->id, true);
		labels(b, x, p->id, true);
		labels(b, x, p->id, false);
		meta_col(b, in->file);
		meta_eol(b);
	}
}

static void
streams(struct sr_buf *b, const struct meta_in *in, const struct meta_index *x)
{
	for (size_t i = 0; i < in->doc.nstreams; i++) {
		const struct sr_mstream *s = &in->doc.streams[i];

		meta_col(b, s->id);
		meta_col(b, s->label);
		meta_col(b, s->session_id);
		linked(b, x, &x->senders, s->id, false);
		linked(b, x, &x->hearers, s->id, false);
		meta_col(b, in->file);
		meta_eol(b);
	}
}

static void
sessions(struct sr_buf *b, const struct meta_in *in,
    const struct meta_index *x)
{
	for (size_t i = 0; i < in->doc.nsessions; i++) {
		const struct sr_cs *s = &in->doc.sessions[i];

		meta_col(b, s->id);
		meta_col(b, s->group_ref);
		meta_col(b, s->start.p != NULL ? s->start : s->associate);
		meta_col(b, s->stop);
		meta_cols(b, s->sip_session_ids, s->nsip_session_ids);
		linked(b, x, &x->by_session, s->id, false);
		meta_col(b, in->file);
		meta_eol(b);
	}
}

static void
associations(struct sr_buf *b, const struct meta_in *in,
    const struct meta_index *x)
{
	static const char *kinds[] = { [SR_CS_RECORDING] = "recording",
		[SR_PARTICIPANT_CS] = "session",
		[SR_PARTICIPANT_STREAM] = "stream" };

	(void)x;
	for (size_t i = 0; i < in->doc.nassocs; i++) {
		const struct sr_assoc *a = &in->doc.assocs[i];

		meta_col(b, sr_cstr(kinds[a->kind]));
		meta_col(b, a->participant_id);
		meta_col(b, a->session_id);
		meta_cols(b, a->send, a->nsend);
		meta_cols(b, a->recv, a->nrecv);
		meta_col(b, a->associate);
		meta_col(b, a->disassociate);
		meta_col(b, a->source);
		meta_col(b, in->file);
		meta_eol(b);
	}
}

static void
exts_of(struct sr_buf *b, const struct meta_in *in, const char *owner,
    struct sr_str id, const struct sr_exts *exts)
{
	for (size_t i = 0; i < exts->n; i++) {
		sr_buf_fmt(b, "%s\t", owner);
		meta_col(b, id);
		sr_buf_addc(b, '{');
		meta_col(b, exts->v[i].ns);
		b->p[b->n - 1] = '}';
		meta_col(b, exts->v[i].name);
		meta_col(b, exts->v[i].xml);
		meta_col(b, in->file);
		meta_eol(b);
	}
}

static void
extensions(struct sr_buf *b, const struct meta_in *in,
    const struct meta_index *x)
{
	const struct sr_doc *d = &in->doc;

	(void)x;
	for (size_t i = 0; i < d->ngroups; i++)
		exts_of(b, in, "group", d->groups[i].id, &d->groups[i].exts);
	for (size_t i = 0; i < d->nsessions; i++)
		exts_of(b, in, "session", d->sessions[i].id,
		    &d->sessions[i].exts);
	for (size_t i = 0; i < d->nparticipants; i++)
		exts_of(b, in, "participant", d->participants[i].id,
		    &d->participants[i].exts);
	for (size_t i = 0; i < d->nstreams; i++)
		exts_of(b, in, "stream", d->streams[i].id,
		    &d->streams[i].exts);
	for (size_t i = 0; i < d->nassocs; i++)
		exts_of(b, in, "association", d->assocs[i].participant_id.p ?
		    d->assocs[i].participant_id : d->assocs[i].session_id,
		    &d->assocs[i].exts);
	exts_of(b, in, "recording", SR_STR(""), &d->exts);
}

static const struct {
	const char *name, *titles;
	void (*rows)(struct sr_buf *, const struct meta_in *,
	    const struct meta_index *);
} kinds[] = {
	{ "participants", "ID\tAOR\tNAME\tSESSIONS\tSENDS\tHEARS\tFILE",
	    participants },
	{ "streams", "ID\tLABEL\tSESSION\tSENDERS\tHEARERS\tFILE", streams },
	{ "sessions", "ID\tGROUP\tSTART\tSTOP\tSESSION-IDS\tPARTICIPANTS\t"
	    "FILE", sessions },
	{ "associations", "KIND\tPARTICIPANT\tSESSION\tSEND\tRECV\tFROM\tTO\t"
	    "SOURCE\tFILE", associations },
	{ "extensions", "OWNER\tID\tNAME\tXML\tFILE", extensions }
};

static int
get_one(void *arg, struct meta_in *in)
{
	struct query *q = arg;
	struct meta_index x;
	int err;

	if (!meta_usable(q->opts, in))
		return CLI_NO;
	if ((err = meta_index_make(&x, &in->doc)) == SR_OK)
		q->rows(&q->out, in, &x);
	meta_index_free(&x);
	return err == SR_OK ? CLI_OK : CLI_SYSTEM;
}

int
meta_get(const struct meta_opts *o)
{
	struct query q = { .opts = o };
	const char *titles = NULL;
	int status = CLI_OK;

	for (size_t i = 0; o->nfiles > 0 &&
	    i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(o->files[0], kinds[i].name) == 0) {
			q.rows = kinds[i].rows;
			titles = kinds[i].titles;
		}
	if (q.rows == NULL)
		return cli_usage("get participants, streams, sessions, "
		    "associations or extensions");
	if (o->nfiles < 2)
		return cli_usage("get %s of which file?", o->files[0]);
	sr_buf_init(&q.out, META_OUT_MAX);
	for (int i = 1; i < o->nfiles; i++)
		status = cli_worst(status, meta_each(o, o->files[i], get_one,
		    &q));
	if (q.out.n == 0) {
		sr_buf_free(&q.out);
		return cli_worst(status, CLI_NO);
	}
	return cli_worst(status, meta_rows(&q.out, titles));
}
