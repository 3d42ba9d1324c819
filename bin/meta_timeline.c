/* meta_timeline - who was in which session and on which stream, when. */
#include "meta.h"

#include <stdio.h>
#include <sys/stat.h>

static const char *verbs[] = { [SR_IN_SESSION] = "session",
	[SR_SENDS] = "sends", [SR_HEARS] = "hears" };

/* A time that is not the client's own is marked; ? is not known. */
static void
when(struct sr_buf *b, struct sr_str t, bool approx)
{
	if (t.p == NULL)
		t = SR_STR("?");
	else if (approx)
		sr_buf_addc(b, '~');
	meta_col(b, t);
}

static void
row(struct sr_buf *b, const struct sr_interval *i, struct sr_str source)
{
	when(b, i->from, i->from_approx);
	if (i->over)
		when(b, i->to, i->to_approx);
	else
		meta_col(b, SR_STR("-"));
	meta_col(b, sr_cstr(verbs[i->kind]));
	meta_col(b, i->participant);
	meta_col(b, i->name);
	meta_col(b, i->aor);
	meta_col(b, i->kind == SR_IN_SESSION ? SR_STR("") :
	    i->label.n > 0 ? i->label : i->object);
	meta_col(b, i->session);
	meta_col(b, source);
	meta_eol(b);
}

static void
member(struct sr_buf *b, const char *name, struct sr_str s)
{
	sr_buf_fmt(b, ",\"%s\":", name);
	if (s.p != NULL)
		sr_buf_json(b, s);
	else
		sr_buf_add(b, SR_STR("null"));
}

static void
row_json(struct sr_buf *b, const struct sr_interval *i, struct sr_str source)
{
	sr_buf_fmt(b, "{\"v\":1,\"what\":\"%s\"", verbs[i->kind]);
	member(b, "from", i->from);
	member(b, "to", i->to);
	sr_buf_fmt(b, ",\"over\":%s,\"from_approx\":%s,\"to_approx\":%s",
	    i->over ? "true" : "false", i->from_approx ? "true" : "false",
	    i->to_approx ? "true" : "false");
	member(b, "participant", i->participant);
	member(b, "name", i->name);
	member(b, "aor", i->aor);
	member(b, "session", i->session);
	if (i->kind != SR_IN_SESSION) {
		member(b, "stream", i->object);
		member(b, "label", i->label);
	}
	member(b, "file", source);
	sr_buf_add(b, SR_STR("}\n"));
}

static void
print(const struct meta_opts *o, const struct sr_timeline *t,
    struct sr_str source, struct sr_buf *out)
{
	size_t n;
	const struct sr_interval *v = sr_timeline_get(t, &n);

	for (size_t i = 0; i < n; i++)
		if (o->json)
			row_json(out, &v[i], source);
		else
			row(out, &v[i], source);
}

static bool
is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The end of the recording ends what is still open. */
static void
end(struct sr_timeline *t, const char *path)
{
	struct meta_dir dir = { .path = path };

	meta_read_log(&dir);
	if (dir.log.end.p != NULL)
		sr_timeline_end(t, dir.log.end);
	sr_log_free(&dir.log);
}

/* Files together tell of one recording, each directory of one of its own. */
int
meta_timeline(const struct meta_opts *o)
{
	struct sr_buf out;
	int status = CLI_OK;

	sr_buf_init(&out, META_OUT_MAX);
	for (int i = 0; i < o->nfiles;) {
		struct meta_state s = { .opts = o };
		struct sr_str source = sr_cstr(o->files[i]);
		bool dir = is_directory(o->files[i]);

		if (sr_meta_new(&s.meta, META_DOC_MAX) != SR_OK ||
		    sr_timeline_new(&s.timeline, META_DOC_MAX) != SR_OK) {
			sr_meta_free(s.meta);
			status = CLI_SYSTEM;
			break;
		}
		do
			status = cli_worst(status, meta_each(o, o->files[i++],
			    meta_apply, &s));
		while (!dir && i < o->nfiles && !is_directory(o->files[i]));
		if (dir)
			end(s.timeline, o->files[i - 1]);
		print(o, s.timeline, source, &out);
		sr_timeline_free(s.timeline);
		sr_meta_free(s.meta);
	}
	if (out.n == 0)
		status = cli_worst(status, CLI_NO);
	if (o->json)
		return cli_worst(status, meta_out(&out, SR_OK));
	return cli_worst(status, meta_rows(&out, "FROM\tTO\tWHAT\tPARTICIPANT"
	    "\tNAME\tAOR\tSTREAM\tSESSION\tFILE"));
}
