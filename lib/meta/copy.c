/* copy - deep copies of the model into another arena. */
#include "meta/copy.h"

struct sr_str
sr_copy_str(struct copier *c, struct sr_str s)
{
	struct sr_str copy;

	if (s.p == NULL)
		return s;
	copy = sr_arena_dup(c->arena, s);
	if (copy.p == NULL)
		c->full = true;
	return copy;
}

void *
sr_copy_room(struct copier *c, size_t n, size_t size)
{
	void *p = NULL;

	if (n > 0 && n < SIZE_MAX / size)
		p = sr_arena_alloc(c->arena, n * size);
	if (n > 0 && p == NULL)
		c->full = true;
	return p;
}

struct sr_str *
sr_copy_list(struct copier *c, const struct sr_str *v, size_t *n)
{
	struct sr_str *out = sr_copy_room(c, *n, sizeof(*out));

	if (out == NULL)
		*n = 0;
	for (size_t i = 0; i < *n; i++)
		out[i] = sr_copy_str(c, v[i]);
	return out;
}

struct sr_exts
sr_copy_exts(struct copier *c, const struct sr_exts *from)
{
	struct sr_exts out = { sr_copy_room(c, from->n, sizeof(*out.v)), 0 };

	for (; out.v != NULL && out.n < from->n; out.n++) {
		out.v[out.n] = from->v[out.n];
		out.v[out.n].ns = sr_copy_str(c, from->v[out.n].ns);
		out.v[out.n].name = sr_copy_str(c, from->v[out.n].name);
		out.v[out.n].xml = sr_copy_str(c, from->v[out.n].xml);
	}
	return out;
}

struct sr_group
sr_copy_group(struct copier *c, const struct sr_group *g)
{
	struct sr_group out = *g;

	out.id = sr_copy_str(c, g->id);
	out.associate = sr_copy_str(c, g->associate);
	out.disassociate = sr_copy_str(c, g->disassociate);
	out.exts = sr_copy_exts(c, &g->exts);
	return out;
}

struct sr_cs
sr_copy_cs(struct copier *c, const struct sr_cs *s)
{
	struct sr_cs out = *s;

	out.id = sr_copy_str(c, s->id);
	out.group_ref = sr_copy_str(c, s->group_ref);
	out.start = sr_copy_str(c, s->start);
	out.stop = sr_copy_str(c, s->stop);
	out.associate = sr_copy_str(c, s->associate);
	out.sip_session_ids = sr_copy_list(c, s->sip_session_ids,
	    &out.nsip_session_ids);
	out.reasons = sr_copy_room(c, s->nreasons, sizeof(*out.reasons));
	out.nreasons = 0;
	for (; out.reasons != NULL && out.nreasons < s->nreasons;
	    out.nreasons++) {
		const struct sr_cs_reason *r = &s->reasons[out.nreasons];

		out.reasons[out.nreasons] = (struct sr_cs_reason){
		    sr_copy_str(c, r->cause), sr_copy_str(c, r->protocol),
		    sr_copy_str(c, r->text) };
	}
	out.exts = sr_copy_exts(c, &s->exts);
	return out;
}

struct sr_participant
sr_copy_participant(struct copier *c, const struct sr_participant *p)
{
	struct sr_participant out = *p;

	out.id = sr_copy_str(c, p->id);
	out.nnames = 0;
	out.names = sr_copy_room(c, p->nnames, sizeof(*out.names));
	for (; out.names != NULL && out.nnames < p->nnames; out.nnames++) {
		const struct sr_name_id *n = &p->names[out.nnames];

		out.names[out.nnames] = (struct sr_name_id){
		    sr_copy_str(c, n->aor), sr_copy_str(c, n->name),
		    sr_copy_str(c, n->lang) };
	}
	out.exts = sr_copy_exts(c, &p->exts);
	return out;
}

struct sr_mstream
sr_copy_stream(struct copier *c, const struct sr_mstream *s)
{
	struct sr_mstream out = *s;

	out.id = sr_copy_str(c, s->id);
	out.session_id = sr_copy_str(c, s->session_id);
	out.label = sr_copy_str(c, s->label);
	out.mode = sr_copy_str(c, s->mode);
	out.media_label = sr_copy_str(c, s->media_label);
	out.exts = sr_copy_exts(c, &s->exts);
	return out;
}

struct sr_assoc
sr_copy_assoc(struct copier *c, const struct sr_assoc *a)
{
	struct sr_assoc out = *a;

	out.participant_id = sr_copy_str(c, a->participant_id);
	out.session_id = sr_copy_str(c, a->session_id);
	out.send = sr_copy_list(c, a->send, &out.nsend);
	out.recv = sr_copy_list(c, a->recv, &out.nrecv);
	out.associate = sr_copy_str(c, a->associate);
	out.disassociate = sr_copy_str(c, a->disassociate);
	out.params = sr_copy_room(c, a->nparams, sizeof(*out.params));
	out.nparams = 0;
	for (; out.params != NULL && out.nparams < a->nparams; out.nparams++)
		out.params[out.nparams] = (struct sr_param_value){
		    sr_copy_str(c, a->params[out.nparams].name),
		    sr_copy_str(c, a->params[out.nparams].value) };
	out.source = sr_copy_str(c, a->source);
	out.exts = sr_copy_exts(c, &a->exts);
	return out;
}
