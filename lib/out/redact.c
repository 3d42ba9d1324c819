/* redact - what the operator does not want kept is not written: names and
 * extensions of the metadata, dialled digits, and the messages that bring
 * them. */
#include "priv.h"

#include <string.h>

enum { MAX_DOC = 16 << 20 };

bool
redact_wanted(const struct sr_record_cfg *c)
{
	return c->keep != SR_KEEP_FULL || c->ndrop > 0;
}

/* ---- extensions ---- */

static bool
unwanted(const struct sr_record_cfg *c, const struct sr_ext *e)
{
	for (size_t i = 0; i < c->ndrop; i++) {
		struct sr_str ns = sr_cstr(c->drop[i]);

		if (sr_streq(e->ns, ns) || sr_strfind(e->xml, ns) < e->xml.n)
			return true;
	}
	return false;
}

/* Elements that share a text go together. */
static void
drop_exts(const struct sr_record_cfg *c, struct sr_exts *x)
{
	size_t kept = 0, end;
	bool drop;

	if (c->keep == SR_KEEP_IDS)
		x->n = 0;
	for (size_t i = 0; i < x->n; i = end) {
		drop = unwanted(c, &x->v[i]);
		for (end = i + 1; end < x->n && x->v[end].xml.p == NULL; end++)
			drop |= unwanted(c, &x->v[end]);
		if (drop)
			continue;
		memmove(&x->v[kept], &x->v[i], (end - i) * sizeof(*x->v));
		kept += end - i;
	}
	x->n = kept;
}

/* ---- documents ---- */

static void
drop_people(struct sr_doc *d)
{
	for (size_t i = 0; i < d->nparticipants; i++)
		d->participants[i].nnames = 0;
	for (size_t i = 0; i < d->nsessions; i++)
		d->sessions[i].nreasons = 0;
	for (size_t i = 0; i < d->nassocs; i++)
		d->assocs[i].nparams = 0;
	d->request_reason = (struct sr_str){ NULL, 0 };
}

static void
redact_doc(const struct sr_record_cfg *c, struct sr_doc *d)
{
	if (c->keep == SR_KEEP_IDS)
		drop_people(d);
	drop_exts(c, &d->exts);
	for (size_t i = 0; i < d->ngroups; i++)
		drop_exts(c, &d->groups[i].exts);
	for (size_t i = 0; i < d->nsessions; i++)
		drop_exts(c, &d->sessions[i].exts);
	for (size_t i = 0; i < d->nparticipants; i++)
		drop_exts(c, &d->participants[i].exts);
	for (size_t i = 0; i < d->nstreams; i++)
		drop_exts(c, &d->streams[i].exts);
	for (size_t i = 0; i < d->nassocs; i++)
		drop_exts(c, &d->assocs[i].exts);
}

/* The document is the engine's: what is taken out is taken out of a copy. */
int
redact_meta(const struct sr_record_cfg *c, const struct sr_doc *d,
    struct sr_buf *out)
{
	struct sr_doc copy;
	struct sr_buf xml;
	int err;

	if (!redact_wanted(c))
		return sr_doc_xml(d, c->crypto, out);
	sr_buf_init(&xml, MAX_DOC);
	err = sr_doc_xml(d, c->crypto, &xml);
	if (err != SR_OK)
		goto out;
	err = sr_doc_parse(&copy, sr_buf_str(&xml),
	    (struct sr_str){ NULL, 0 }, MAX_DOC);
	if (err == SR_OK) {
		redact_doc(c, &copy);
		err = sr_doc_xml(&copy, c->crypto, out);
	}
	sr_doc_free(&copy);
out:
	sr_buf_free(&xml);
	return err;
}

/* ---- messages ---- */

static bool
wants_part(const struct sr_record_cfg *c, const struct sr_msg *m,
    const struct sr_part *p)
{
	enum sr_part_kind kind = sr_part_kind(p);

	if (kind == SR_PART_SDP)
		return true;
	if (c->mask_dtmf && kind == SR_PART_OTHER &&
	    (sr_strieq(m->method_text, SR_STR("INFO")) ||
	    sr_strifind(p->type, SR_STR("dtmf")) < p->type.n))
		return false;
	return !redact_wanted(c);
}

static void
blank(char *raw, struct sr_str all, struct sr_str what)
{
	memset(raw + (what.p - all.p), ' ', what.n);
}

/* Lengths stay as they are.  A part that was decoded does not stand in the
 * message as it is: then all of the body goes. */
int
redact_message(const struct sr_record_cfg *c, struct sr_str raw, char *out)
{
	struct sr_msg m;
	struct sr_body b;
	size_t body = sr_strfind(raw, SR_STR("\r\n\r\n"));

	memcpy(out, raw.p, raw.n);
	body = body < raw.n ? body + 4 : sr_strfind(raw, SR_STR("\n\n"));
	if (body >= raw.n)
		return SR_OK;
	if (sr_msg_parse(&m, raw) != SR_OK) {
		sr_msg_free(&m);
		blank(out, raw, sr_substr(raw, body, raw.n));
		return SR_OK;
	}
	sr_body_split(&b, &m);
	for (size_t i = 0; i < b.nparts; i++) {
		struct sr_str data = b.parts[i].data;

		if (data.n == 0 || wants_part(c, &m, &b.parts[i]))
			continue;
		if (data.p < raw.p + body || data.p + data.n > raw.p + raw.n)
			data = sr_substr(raw, body, raw.n);
		blank(out, raw, data);
	}
	sr_body_free(&b);
	sr_msg_free(&m);
	return SR_OK;
}
