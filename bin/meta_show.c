/* meta_show - the recording for a person to read. */
#include "meta.h"
#include "meta_index.h"

struct picture {
	const struct meta_opts *opts;
	struct sr_meta *meta;		/* of a directory: its last state */
};

static void
text(struct sr_buf *b, struct sr_str s)
{
	meta_col(b, s);
	b->n--;
}

static void
span(struct sr_buf *b, struct sr_str from, struct sr_str to)
{
	if (from.n > 0) {
		sr_buf_add(b, SR_STR("  from "));
		text(b, from);
	}
	if (to.n > 0) {
		sr_buf_add(b, SR_STR("  to "));
		text(b, to);
	}
}

static void
sessions(struct sr_buf *b, const struct sr_doc *d)
{
	for (size_t i = 0; i < d->nsessions; i++) {
		const struct sr_cs *s = &d->sessions[i];

		sr_buf_add(b, SR_STR("session "));
		text(b, s->id);
		span(b, s->start.p != NULL ? s->start : s->associate,
		    s->stop);
		if (s->group_ref.n > 0) {
			sr_buf_add(b, SR_STR("  group "));
			text(b, s->group_ref);
		}
		sr_buf_addc(b, '\n');
		for (size_t k = 0; k < s->nsip_session_ids; k++) {
			sr_buf_add(b, SR_STR("    Session-ID "));
			text(b, s->sip_session_ids[k]);
			sr_buf_addc(b, '\n');
		}
		for (size_t k = 0; k < s->nreasons; k++) {
			sr_buf_add(b, SR_STR("    ended: "));
			text(b, s->reasons[k].protocol.n > 0 ?
			    s->reasons[k].protocol : SR_STR("SIP"));
			sr_buf_addc(b, ' ');
			text(b, s->reasons[k].cause);
			sr_buf_addc(b, ' ');
			text(b, s->reasons[k].text);
			sr_buf_addc(b, '\n');
		}
	}
}

static void
streams_of(struct sr_buf *b, const struct meta_index *x, const char *verb,
    const struct sr_str *v, size_t n)
{
	if (n == 0)
		return;
	sr_buf_add(b, sr_cstr(verb));
	for (size_t i = 0; i < n; i++) {
		sr_buf_add(b, i > 0 ? SR_STR(", ") : SR_STR(" "));
		text(b, meta_stream_name(x, v[i]));
	}
}

static void
part(struct sr_buf *b, const struct meta_index *x, const struct sr_assoc *a)
{
	sr_buf_add(b, SR_STR("   "));
	if (a->kind == SR_PARTICIPANT_CS) {
		sr_buf_add(b, a->disassociate.p != NULL ?
		    SR_STR(" left the session") : SR_STR(" in session"));
		if (x->d->nsessions > 1) {
			sr_buf_addc(b, ' ');
			text(b, a->session_id);
		}
	} else if (a->disassociate.p != NULL) {
		sr_buf_add(b, SR_STR(" no longer sends or hears"));
	} else if (a->nsend + a->nrecv == 0) {
		sr_buf_add(b, SR_STR(" on hold: sends and hears nothing"));
	} else {
		streams_of(b, x, " sends", a->send, a->nsend);
		streams_of(b, x, a->nsend > 0 ? ", hears" : " hears",
		    a->recv, a->nrecv);
	}
	span(b, a->associate, a->disassociate);
	for (size_t i = 0; i < a->nparams; i++) {
		sr_buf_add(b, SR_STR("  "));
		text(b, a->params[i].name);
		sr_buf_addc(b, '=');
		text(b, a->params[i].value);
	}
	sr_buf_addc(b, '\n');
}

static void
people(struct sr_buf *b, const struct meta_index *x)
{
	const struct multi *m = &x->by_person;

	for (size_t i = 0; i < x->d->nparticipants; i++) {
		struct sr_str id = x->d->participants[i].id;
		size_t at = sr_multi_first(m, id);

		sr_buf_add(b, SR_STR("participant "));
		meta_person_name(x, id, b);
		sr_buf_addc(b, '\n');
		for (; at != TABLE_NONE; at = m->v[at].next)
			part(b, x, &x->d->assocs[m->v[at].value]);
	}
}

static void
streams(struct sr_buf *b, const struct meta_index *x)
{
	const struct multi *m = &x->senders;

	for (size_t i = 0; i < x->d->nstreams; i++) {
		const struct sr_mstream *s = &x->d->streams[i];
		size_t at = sr_multi_first(m, s->id);

		sr_buf_add(b, SR_STR("stream "));
		text(b, s->label.n > 0 ? s->label : s->id);
		sr_buf_add(b, at != TABLE_NONE ? SR_STR(": heard: ") :
		    SR_STR(": nobody is known to be heard"));
		for (bool more = false; at != TABLE_NONE;
		    at = m->v[at].next, more = true) {
			if (more)
				sr_buf_add(b, SR_STR(", "));
			meta_person_name(x, x->d->assocs[m->v[at].value]
			    .participant_id, b);
		}
		if (s->undefined)
			sr_buf_add(b, SR_STR("  (never described)"));
		sr_buf_addc(b, '\n');
	}
}

static void
extensions(struct sr_buf *b, const struct sr_doc *d)
{
	size_t n = d->exts.n;

	for (size_t i = 0; i < d->ngroups; i++)
		n += d->groups[i].exts.n;
	for (size_t i = 0; i < d->nsessions; i++)
		n += d->sessions[i].exts.n;
	for (size_t i = 0; i < d->nparticipants; i++)
		n += d->participants[i].exts.n;
	for (size_t i = 0; i < d->nstreams; i++)
		n += d->streams[i].exts.n;
	for (size_t i = 0; i < d->nassocs; i++)
		n += d->assocs[i].exts.n;
	if (n > 0)
		sr_buf_fmt(b, "%zu extension%s: see siprec-meta get "
		    "extensions\n", n, n == 1 ? "" : "s");
}

static int
draw(const struct meta_opts *o, struct sr_str file, const struct sr_doc *d)
{
	struct meta_index x;
	struct sr_buf b;
	int err;

	sr_buf_init(&b, META_OUT_MAX);
	if (o->json) {
		err = sr_doc_json(d, file, &b);
		sr_buf_addc(&b, '\n');
		return meta_out(&b, err);
	}
	text(&b, file);
	sr_buf_fmt(&b, ": %.*s, %.*s%s%.*s\n", SR_FMT(d->root),
	    SR_FMT(d->datamode.n > 0 ? d->datamode : SR_STR("no data mode")),
	    d->dialect.n > 0 ? ", dialect " : "", SR_FMT(d->dialect));
	if (d->request_reason.n > 0) {
		sr_buf_add(&b, SR_STR("reason: "));
		text(&b, d->request_reason);
		sr_buf_addc(&b, '\n');
	}
	if ((err = meta_index_make(&x, d)) == SR_OK) {
		sessions(&b, d);
		people(&b, &x);
		streams(&b, &x);
		extensions(&b, d);
	}
	meta_index_free(&x);
	return meta_out(&b, err);
}

static int
show_one(void *arg, struct meta_in *in)
{
	struct picture *p = arg;

	if (!meta_usable(p->opts, in))
		return CLI_NO;
	if (in->dir == NULL)
		return draw(p->opts, in->file, &in->doc);
	if (p->meta == NULL && sr_meta_new(&p->meta, META_DOC_MAX) != SR_OK)
		return CLI_SYSTEM;
	return sr_meta_apply(p->meta, &in->doc, 0) == SR_OK ? CLI_OK :
	    CLI_SYSTEM;
}

/* Of a file each document; of a session directory the last state. */
int
meta_show(const struct meta_opts *o)
{
	int status = CLI_OK;

	for (int i = 0; i < o->nfiles; i++) {
		struct picture p = { .opts = o };

		status = cli_worst(status, meta_each(o, o->files[i], show_one,
		    &p));
		if (p.meta != NULL)
			status = cli_worst(status, draw(o,
			    sr_cstr(o->files[i]), sr_meta_doc(p.meta)));
		sr_meta_free(p.meta);
	}
	return status;
}
