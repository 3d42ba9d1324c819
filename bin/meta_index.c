/* meta_index - a document looked at from each side. */
#include "meta_index.h"

#include "meta.h"

static void
fill(struct meta_index *x)
{
	const struct sr_doc *d = x->d;

	for (size_t i = 0; i < d->nparticipants; i++)
		sr_table_put(&x->people, d->participants[i].id, SR_STR(""), i);
	for (size_t i = 0; i < d->nstreams; i++)
		sr_table_put(&x->streams, d->streams[i].id, SR_STR(""), i);
	for (size_t i = 0; i < d->nassocs; i++) {
		const struct sr_assoc *a = &d->assocs[i];

		if (a->kind == SR_CS_RECORDING)
			continue;
		sr_multi_put(&x->by_person, a->participant_id, i);
		if (a->kind == SR_PARTICIPANT_CS)
			sr_multi_put(&x->by_session, a->session_id, i);
		if (a->kind != SR_PARTICIPANT_STREAM || a->disassociate.p)
			continue;
		for (size_t k = 0; k < a->nsend; k++)
			sr_multi_put(&x->senders, a->send[k], i);
		for (size_t k = 0; k < a->nrecv; k++)
			sr_multi_put(&x->hearers, a->recv[k], i);
	}
}

int
meta_index_make(struct meta_index *x, const struct sr_doc *d)
{
	size_t nsend = 0, nrecv = 0;

	*x = (struct meta_index){ .d = d };
	sr_arena_init(&x->arena, META_DOC_MAX);
	for (size_t i = 0; i < d->nassocs; i++) {
		nsend += d->assocs[i].nsend;
		nrecv += d->assocs[i].nrecv;
	}
	if (sr_table_init(&x->people, &x->arena, d->nparticipants) != SR_OK ||
	    sr_table_init(&x->streams, &x->arena, d->nstreams) != SR_OK ||
	    sr_multi_init(&x->by_person, &x->arena, d->nassocs) != SR_OK ||
	    sr_multi_init(&x->by_session, &x->arena, d->nassocs) != SR_OK ||
	    sr_multi_init(&x->senders, &x->arena, nsend) != SR_OK ||
	    sr_multi_init(&x->hearers, &x->arena, nrecv) != SR_OK)
		return SR_ENOMEM;
	fill(x);
	return SR_OK;
}

void
meta_index_free(struct meta_index *x)
{
	sr_arena_free(&x->arena);
}

struct sr_str
meta_stream_name(const struct meta_index *x, struct sr_str id)
{
	size_t at = sr_table_get(&x->streams, id, SR_STR(""));

	if (at == TABLE_NONE || x->d->streams[at].label.n == 0)
		return id;
	return x->d->streams[at].label;
}

/* The display form trims and unquotes; the document keeps what it says. */
static struct sr_str
display(struct sr_str name)
{
	name = sr_trim(name);
	if (name.n > 1 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = sr_trim(sr_substr(name, 1, name.n - 2));
	return name;
}

void
meta_person_name(const struct meta_index *x, struct sr_str id,
    struct sr_buf *out)
{
	size_t at = sr_table_get(&x->people, id, SR_STR(""));
	const struct sr_participant *p = at != TABLE_NONE ?
	    &x->d->participants[at] : NULL;
	struct sr_str name, aor;

	if (p == NULL || p->nnames == 0) {
		meta_col(out, id);
		out->n--;
		return;
	}
	name = display(p->names[0].name);
	aor = sr_trim(p->names[0].aor);
	if (name.n > 0) {
		meta_col(out, name);
		out->p[out->n - 1] = ' ';
		sr_buf_addc(out, '<');
	}
	meta_col(out, aor.n > 0 ? aor : id);
	out->n--;
	if (name.n > 0)
		sr_buf_addc(out, '>');
}
