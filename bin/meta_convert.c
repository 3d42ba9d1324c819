/* meta_convert - one document in another form: convert, new, merge. */
#include "meta.h"
#include "siprec/crypt.h"
#include "siprec/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
put_xml(const struct sr_doc *d)
{
	struct sr_buf out;

	sr_buf_init(&out, META_OUT_MAX);
	return meta_out(&out, sr_doc_xml(d, &sr_crypto_openssl, &out));
}

static int
put_json(const struct sr_doc *d, struct sr_str file)
{
	struct sr_buf out;
	int err;

	sr_buf_init(&out, META_OUT_MAX);
	err = sr_doc_json(d, file, &out);
	sr_buf_addc(&out, '\n');
	return meta_out(&out, err);
}

/* ---- vCon ---- */

static const struct { const char *suffix, *type; } types[] = {
	{ ".wav", "audio/x-wav" }, { ".flac", "audio/flac" },
	{ ".opus", "audio/ogg" }, { ".ogg", "audio/ogg" },
	{ ".txt", "text/plain" }, { ".rtpdump", "application/octet-stream" }
};

static struct sr_str
media_type(struct sr_str file)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t n = strlen(types[i].suffix);

		if (file.n > n && sr_streq(sr_substr(file, file.n - n, n),
		    sr_cstr(types[i].suffix)))
			return sr_cstr(types[i].type);
	}
	return SR_STR("application/octet-stream");
}

/* The hash piece by piece: a recording may be longer than memory. */
static bool
hash_file(const char *path, uint8_t out[64])
{
	const struct sr_crypto *c = &sr_crypto_openssl;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *state = fd >= 0 ? c->begin(SR_SHA512) : NULL;
	char buf[65536];
	ssize_t n = -1;

	while (state != NULL && ((n = read(fd, buf, sizeof(buf))) > 0 ||
	    (n < 0 && errno == EINTR)))
		if (n > 0)
			c->update(state, (struct sr_str){ buf, (size_t)n });
	if (state != NULL)
		c->end(state, out);
	if (n != 0)
		cli_warn("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n == 0;
}

/* A name out of a log is a name in that directory, or nothing. */
static bool
plain_name(struct sr_str s)
{
	return s.n > 0 && s.p[0] != '.' && sr_strchr(s, '/') == s.n &&
	    memchr(s.p, '\0', s.n) == NULL;
}

static struct sr_vcon_file *
audio_files(const struct meta_dir *dir, size_t *n, int *status)
{
	const struct sr_log *log = &dir->log;
	struct sr_vcon_file *v = calloc(log->nstreams + 1, sizeof(*v));

	*n = 0;
	for (size_t i = 0; v != NULL && i < log->nstreams; i++) {
		const struct sr_log_stream *s = &log->streams[i];
		struct sr_vcon_file *f = &v[*n];
		char *path;

		if (!plain_name(s->file))
			continue;
		if (asprintf(&path, "%s/%.*s", dir->path, SR_FMT(s->file)) < 0)
			break;
		if (hash_file(path, f->sha512)) {
			f->label = s->label;
			f->url = s->file;
			f->mediatype = media_type(s->file);
			f->start = log->start;
			f->duration = s->duration;
			f->participants = s->participants;
			f->nparticipants = s->nparticipants;
			(*n)++;
		} else {
			*status = cli_worst(*status, CLI_PARTIAL);
		}
		free(path);
	}
	return v;
}

static int
put_vcon(const struct sr_doc *d, const struct meta_dir *dir)
{
	struct sr_vcon v = { .created = sr_now() };
	struct sr_vcon_file *files = NULL;
	struct sr_buf xml, out;
	int err, status = CLI_OK;

	sr_buf_init(&xml, META_OUT_MAX);
	sr_buf_init(&out, META_OUT_MAX);
	if (dir != NULL) {
		files = audio_files(dir, &v.nfiles, &status);
		v.files = files;
	}
	err = sr_doc_xml(d, &sr_crypto_openssl, &xml);
	v.xml = sr_buf_str(&xml);
	if (err == SR_OK)
		err = sr_doc_vcon(d, &v, &sr_crypto_openssl, &out);
	sr_buf_addc(&out, '\n');
	sr_buf_free(&xml);
	status = cli_worst(status, meta_out(&out, err));
	free(files);
	return status;
}

/* ---- convert ---- */

struct conversion {
	const struct meta_opts *opts;
	struct sr_meta *everybody;	/* of a directory, for a vCon */
};

/* A vCon of a directory tells of all that were ever there: each document is
 * laid over the others as if it were an update. */
static int
gather(struct conversion *c, struct meta_in *in)
{
	struct sr_doc d = in->doc;

	if (c->everybody == NULL &&
	    sr_meta_new(&c->everybody, META_DOC_MAX) != SR_OK)
		return CLI_SYSTEM;
	d.datamode = SR_STR("partial");
	return sr_meta_apply(c->everybody, &d, 0) == SR_OK ? CLI_OK :
	    CLI_SYSTEM;
}

static int
convert_one(void *arg, struct meta_in *in)
{
	struct conversion *c = arg;

	if (!meta_usable(c->opts, in))
		return CLI_NO;
	if (strcmp(c->opts->to, "json") == 0)
		return put_json(&in->doc, in->file);
	if (strcmp(c->opts->to, "xml") == 0)
		return put_xml(&in->doc);
	return put_vcon(&in->doc, NULL);
}

static int
gather_one(void *arg, struct meta_in *in)
{
	struct conversion *c = arg;

	if (!meta_usable(c->opts, in))
		return CLI_NO;
	if (in->dir == NULL)
		return convert_one(arg, in);
	return gather(c, in);
}

static int
put_directory(const char *path, const struct sr_doc *d)
{
	struct meta_dir dir = { .path = path };
	int status;

	meta_read_log(&dir);
	status = put_vcon(d, &dir);
	sr_log_free(&dir.log);
	return status;
}

int
meta_convert(const struct meta_opts *o)
{
	bool vcon = strcmp(o->to, "vcon") == 0;
	int status = CLI_OK;

	for (int i = 0; i < o->nfiles; i++) {
		struct conversion c = { .opts = o };

		status = cli_worst(status, meta_each(o, o->files[i],
		    vcon ? gather_one : convert_one, &c));
		if (c.everybody != NULL)
			status = cli_worst(status, put_directory(o->files[i],
			    sr_meta_doc(c.everybody)));
		sr_meta_free(c.everybody);
	}
	return status;
}

static int
new_one(void *arg, struct meta_in *in)
{
	if (in->xml.p != NULL) {
		cli_warn("%.*s: XML already: see siprec-meta convert",
		    SR_FMT(in->file));
		return CLI_NO;
	}
	return convert_one(arg, in);
}

int
meta_new(const struct meta_opts *o)
{
	struct meta_opts to_xml = *o;
	struct conversion c = { .opts = &to_xml };
	int status = CLI_OK;

	to_xml.to = "xml";
	for (int i = 0; i < o->nfiles; i++)
		status = cli_worst(status, meta_each(o, o->files[i], new_one,
		    &c));
	return status;
}

/* ---- merge ---- */

int
meta_apply(void *arg, struct meta_in *in)
{
	struct meta_state *s = arg;
	int err;

	if (!meta_usable(s->opts, in))
		return CLI_NO;
	err = sr_meta_apply(s->meta, &in->doc, 0);
	if (err == SR_EUNSUP) {
		cli_warn("%.*s: a request for a snapshot, not a recording",
		    SR_FMT(in->file));
		return CLI_NO;
	}
	if (err == SR_OK && s->timeline != NULL)
		err = sr_timeline_apply(s->timeline, &in->doc,
		    sr_meta_doc(s->meta), in->receipt);
	if (err != SR_OK) {
		cli_warn("%.*s: %s", SR_FMT(in->file), sr_strerror(err));
		return CLI_SYSTEM;
	}
	s->applied++;
	return CLI_OK;
}

/* The verdict on the result: what an update referred to may be missing. */
static int
put_merged(const struct meta_opts *o, const struct sr_doc *d)
{
	struct sr_doc again;
	struct sr_buf xml;
	int status = CLI_SYSTEM;

	if (!o->json)
		return put_xml(d);
	sr_buf_init(&xml, META_OUT_MAX);
	if (sr_doc_xml(d, &sr_crypto_openssl, &xml) == SR_OK &&
	    sr_doc_parse(&again, sr_buf_str(&xml), (struct sr_str){ NULL, 0 },
	    META_DOC_MAX) == SR_OK) {
		struct sr_doc judged = *d;

		judged.schema_valid = again.schema_valid;
		judged.valid = again.valid;
		judged.findings = again.findings;
		judged.nfindings = again.nfindings;
		status = put_json(&judged, (struct sr_str){ NULL, 0 });
		sr_doc_free(&again);
	}
	sr_buf_free(&xml);
	return status;
}

int
meta_merge(const struct meta_opts *o)
{
	struct meta_state s = { .opts = o };
	int status = CLI_OK;

	if (sr_meta_new(&s.meta, META_DOC_MAX) != SR_OK)
		return CLI_SYSTEM;
	for (int i = 0; i < o->nfiles; i++)
		status = cli_worst(status, meta_each(o, o->files[i],
		    meta_apply, &s));
	if (s.applied > 0 && !sr_meta_based(s.meta))
		cli_warn("no complete document: what went before it is "
		    "not known");
	if (s.applied > 0)
		status = cli_worst(status, put_merged(o,
		    sr_meta_doc(s.meta)));
	sr_meta_free(s.meta);
	return status;
}
