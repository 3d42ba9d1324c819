/* meta_validate - what is wrong, where, by which clause, and what to do. */
#include "meta.h"
#include "meta_index.h"
#include "siprec/crypt.h"

#include <unistd.h>

struct validation {
	const struct meta_opts *opts;
	struct sr_arena arena;
	struct sr_str *labels;		/* of --sdp */
	size_t nlabels;
	bool tty;
};

static void
say(struct sr_buf *out, const struct meta_in *in, const struct sr_finding *f)
{
	static const char *severity[] = { "info", "warning", "error" };

	sr_buf_add(out, in->file);
	if (f->line > 0)
		sr_buf_fmt(out, ":%u", in->line + f->line);
	sr_buf_fmt(out, ": %s: %.*s", severity[f->severity],
	    SR_FMT(f->rule));
	if (f->clause.n > 0)
		sr_buf_fmt(out, " (%.*s)", SR_FMT(f->clause));
	sr_buf_add(out, SR_STR(": "));
	meta_col(out, f->text);
	out->n--;
	if (f->hint.n > 0) {
		sr_buf_add(out, SR_STR("; "));
		meta_col(out, f->hint);
		out->n--;
	}
	sr_buf_addc(out, '\n');
}

static void
verdict(struct sr_buf *out, const struct meta_in *in)
{
	size_t errors = 0, warnings = 0;

	for (size_t i = 0; i < in->doc.nfindings; i++) {
		errors += in->doc.findings[i].severity == SR_ERROR;
		warnings += in->doc.findings[i].severity == SR_WARNING;
	}
	sr_buf_fmt(out, "%.*s: %s, %zu error%s, %zu warning%s\n",
	    SR_FMT(in->file), in->doc.valid ? "valid" : "NOT VALID", errors,
	    errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static void
heard(struct sr_buf *out, const struct meta_index *x, struct sr_str stream_id)
{
	const struct multi *m = &x->senders;
	size_t at = sr_multi_first(m, stream_id);

	sr_buf_add(out, at != TABLE_NONE ? SR_STR(": heard: ") :
	    SR_STR(": nobody is known to be heard"));
	for (bool more = false; at != TABLE_NONE; at = m->v[at].next) {
		if (more)
			sr_buf_add(out, SR_STR(", "));
		meta_person_name(x, x->d->assocs[m->v[at].value]
		    .participant_id, out);
		more = true;
	}
	sr_buf_addc(out, '\n');
}

/* What a recorder would make of it: each label with those heard on it. */
static int
use(struct sr_buf *out, const struct meta_in *in)
{
	struct meta_index x;
	int err = meta_index_make(&x, &in->doc);

	for (size_t i = 0; err == SR_OK && i < in->doc.nstreams; i++) {
		struct sr_str label = in->doc.streams[i].label;

		sr_buf_add(out, in->file);
		sr_buf_add(out, SR_STR(": label "));
		meta_col(out, label.n > 0 ? label : SR_STR("(none)"));
		out->n--;
		heard(out, &x, in->doc.streams[i].id);
	}
	if (in->doc.nstreams == 0 &&
	    !sr_streq(in->doc.root, SR_STR("requestsnapshot")))
		sr_buf_fmt(out, "%.*s: no streams: labels from the SDP only\n",
		    SR_FMT(in->file));
	meta_index_free(&x);
	return err;
}

static int
check_labels(struct validation *v, struct meta_in *in)
{
	struct sr_str *labels;
	size_t n;

	if (sr_streq(in->doc.root, SR_STR("requestsnapshot")))
		return SR_OK;
	if (v->opts->sdp != NULL)
		return sr_doc_check_labels(&in->doc, v->labels, v->nlabels,
		    SR_ERROR);
	if (in->sdp.n > 0 &&
	    meta_labels(in->sdp, &v->arena, &labels, &n) == SR_OK)
		return sr_doc_check_labels(&in->doc, labels, n, SR_WARNING);
	return SR_OK;
}

static int
report(struct validation *v, struct meta_in *in)
{
	struct sr_buf out;
	int err = SR_OK;

	sr_buf_init(&out, META_OUT_MAX);
	if (in->err == SR_OK)
		err = check_labels(v, in);
	if (v->opts->json && err == SR_OK) {
		err = sr_doc_json(&in->doc, in->file, &out);
		sr_buf_addc(&out, '\n');
		return meta_out(&out, err);
	}
	for (size_t i = 0; i < in->doc.nfindings; i++)
		say(&out, in, &in->doc.findings[i]);
	if (in->err != SR_OK && in->doc.nfindings == 0)
		sr_buf_fmt(&out, "%.*s: error: %s\n", SR_FMT(in->file),
		    sr_strerror(in->err));
	if (v->opts->lenient && in->err == SR_OK)
		err = use(&out, in);
	if (v->tty)
		verdict(&out, in);
	return meta_out(&out, err);
}

/* JSON is judged by the XML that it means. */
static int
json_as_xml(struct validation *v, struct meta_in *in, meta_fn *again)
{
	struct meta_in as = *in;
	struct sr_buf xml;
	int status = CLI_SYSTEM;

	sr_buf_init(&xml, META_OUT_MAX);
	if (sr_doc_xml(&in->doc, &sr_crypto_openssl, &xml) == SR_OK) {
		as.xml = sr_buf_str(&xml);
		as.err = sr_doc_parse(&as.doc, as.xml,
		    (struct sr_str){ NULL, 0 }, META_DOC_MAX);
		status = again(v, &as);
		sr_doc_free(&as.doc);
	}
	sr_buf_free(&xml);
	return status;
}

static int
document(void *arg, struct meta_in *in)
{
	struct validation *v = arg;
	int status;

	if (in->xml.p == NULL)
		return json_as_xml(v, in, document);
	status = report(v, in);
	if (in->err != SR_OK || (!v->opts->lenient && !in->doc.valid))
		status = cli_worst(status, CLI_NO);
	return status;
}

static int
read_sdp(struct validation *v)
{
	struct sr_buf text;
	int status = cli_read(v->opts->sdp, META_FILE_MAX, &text);

	if (status == CLI_OK && meta_labels(sr_buf_str(&text), &v->arena,
	    &v->labels, &v->nlabels) != SR_OK) {
		cli_warn("%s: no SDP in it", v->opts->sdp);
		status = CLI_NOINPUT;
	}
	sr_buf_free(&text);
	return status;
}

int
meta_validate(const struct meta_opts *o)
{
	struct validation v = { .opts = o, .tty = cli_tty(STDOUT_FILENO) };
	int status = CLI_OK;

	sr_arena_init(&v.arena, META_DOC_MAX);
	if (o->sdp != NULL)
		status = read_sdp(&v);
	for (int i = 0; status < CLI_USAGE && i < o->nfiles; i++)
		status = cli_worst(status, meta_each(o, o->files[i], document,
		    &v));
	sr_arena_free(&v.arena);
	return status;
}
