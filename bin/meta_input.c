/* meta_input - documents out of whatever a user has at hand.
 *
 * XML, JSON, a multipart body, a SIP message, a session directory: told apart
 * by content, never by name. */
#include "meta.h"
#include "siprec/crypt.h"
#include "siprec/sip.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One file on its way to fn. */
struct source {
	const struct meta_opts *opts;
	const char *path;
	struct sr_str all;		/* the whole file */
	const struct meta_dir *dir;
	struct sr_str receipt;
	meta_fn *fn;
	void *arg;
	const char *at;			/* lines are counted up to here */
	unsigned lines;
	size_t found;
	int status;
};

/* Documents come in the order of the file, so each line is counted once. */
static unsigned
lines_before(struct source *s, const char *p)
{
	/* A part that was decoded stands somewhere else. */
	if (p < s->all.p || p > s->all.p + s->all.n)
		return 0;
	if (s->at == NULL || p < s->at) {
		s->at = s->all.p;
		s->lines = 0;
	}
	for (; s->at < p; s->at++)
		s->lines += *s->at == '\n';
	return s->lines;
}

static void
hand_over(struct source *s, struct meta_in *in)
{
	in->file = sr_cstr(s->path);
	in->dir = s->dir;
	in->receipt = s->receipt;
	s->found++;
	s->status = cli_worst(s->status, s->fn(s->arg, in));
	sr_doc_free(&in->doc);
}

static void
xml_document(struct source *s, struct sr_str xml, struct sr_str charset,
    struct sr_str sdp)
{
	struct meta_in in = { .xml = xml, .sdp = sdp };

	in.line = lines_before(s, xml.p);
	in.err = sr_doc_parse(&in.doc, xml, charset, META_DOC_MAX);
	hand_over(s, &in);
}

/* ---- several XML documents in one file ---- */

static bool
ends_name(char c)
{
	return strchr(" \t\r\n/>", c) != NULL;
}

static struct sr_str
tag_name(struct sr_str s)
{
	size_t n = 0;

	while (n < s.n && !ends_name(s.p[n]))
		n++;
	return sr_substr(s, 0, n);
}

/* Behind a tag, a comment, a section or an instruction that starts at s. */
static size_t
markup(struct sr_str s)
{
	static const struct { struct sr_str from, to; } pairs[] = {
		{ SR_STR("<!--"), SR_STR("-->") },
		{ SR_STR("<![CDATA["), SR_STR("]]>") },
		{ SR_STR("<?"), SR_STR("?>") }
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (sr_strstarts(s, pairs[i].from)) {
			size_t at = sr_strfind(s, pairs[i].to);

			return at < s.n ? at + pairs[i].to.n : s.n;
		}
	for (size_t i = 1; i < s.n; i++) {
		char quote = s.p[i];

		if (quote == '>')
			return i + 1;
		if (quote == '<')	/* no tag after all */
			return i;
		if (quote != '"' && quote != '\'')
			continue;
		/* No value holds a <, so a lost quote ends there at last. */
		while (i + 1 < s.n && s.p[i + 1] != '<' &&
		    s.p[++i] != quote)
			;
	}
	return s.n;
}

static bool
declaration(struct sr_str s)
{
	return sr_strstarts(s, SR_STR("<?xml")) && s.n > 5 &&
	    ends_name(s.p[5]) && s.p[5] != '/' && s.p[5] != '>';
}

/* How long the document at the start of s is.  A new one starts only at an
 * XML declaration behind a finished root: a second root without one belongs
 * to the first, which it breaks.  The root is told by its name alone, so that
 * stray markup inside one document does not swallow the next. */
static size_t
document_length(struct sr_str s)
{
	struct sr_str root = { NULL, 0 };
	size_t at = 0, depth = 0;
	bool done = false;

	while (at < s.n) {
		struct sr_str here = sr_substr(s, at, s.n), name;
		size_t n = 0;

		if (here.p[0] != '<') {
			at += sr_strchr(here, '<');
			continue;
		}
		if (done && declaration(here))
			return at;
		n = markup(here);
		name = tag_name(sr_substr(here, 1, here.n));
		if (root.p == NULL && name.n > 0 &&
		    strchr("?!", name.p[0]) == NULL)
			root = name;
		if (root.n > 0 && sr_streq(name, root)) {
			depth++;
			if (n >= 2 && here.p[n - 2] == '/')
				depth--;
			done |= depth == 0;
		} else if (root.n > 0 && name.n == 0 && here.n > 1 &&
		    here.p[1] == '/' && depth > 0 && sr_streq(root,
		    tag_name(sr_substr(here, 2, here.n)))) {
			done |= --depth == 0;
		}
		at += n > 0 ? n : 1;
	}
	return s.n;
}

static void
xml_documents(struct source *s, struct sr_str text)
{
	static const struct sr_str none = { NULL, 0 };

	do {
		size_t n = document_length(text);

		xml_document(s, sr_substr(text, 0, n), none, none);
		text = sr_substr(text, n, text.n);
	} while (sr_trim(text).n > 0);
}

/* ---- JSON ---- */

static void
json_documents(struct source *s, struct sr_str text)
{
	struct sr_buf why;
	int err = SR_OK;

	sr_buf_init(&why, 1024);
	while (err == SR_OK) {
		struct meta_in in = { .line = lines_before(s, text.p) };

		err = sr_doc_from_json(&in.doc, &text, &sr_crypto_openssl,
		    META_DOC_MAX, &why);
		if (err == SR_OK) {
			hand_over(s, &in);
			continue;
		}
		sr_doc_free(&in.doc);
	}
	if (err != SR_ENOENT) {
		cli_warn("%s: not our JSON: %.*s", s->path, SR_FMT(why));
		s->found++;
		s->status = cli_worst(s->status, CLI_NO);
	}
	sr_buf_free(&why);
}

/* ---- SIP and MIME ---- */

/* RFC 7865 5.1.2 puts one document into a request; what more there is, is
 * not looked at, and said. */
static void
parts(struct source *s, const struct sr_msg *m)
{
	const struct sr_part *sdp, *meta;
	struct sr_body b;
	size_t n = 0;

	if (sr_body_split(&b, m) == SR_OK &&
	    (meta = sr_body_find(&b, SR_PART_META)) != NULL) {
		for (size_t i = 0; i < b.nparts; i++)
			n += sr_part_kind(&b.parts[i]) == SR_PART_META;
		if (n > 1)
			cli_warn("%s: %zu metadata parts in one message, "
			    "the first counts", s->path, n);
		sdp = sr_body_find(&b, SR_PART_SDP);
		xml_document(s, meta->data, meta->charset, sdp != NULL ?
		    sdp->data : (struct sr_str){ NULL, 0 });
	}
	sr_body_free(&b);
}

static void
messages(struct source *s, struct sr_str text)
{
	while (text.n > 0) {
		struct sr_msg m;
		size_t seen = 0;
		long n = sr_sip_frame(text, META_FILE_MAX, &seen);
		struct sr_str one = n > 0 ? sr_substr(text, 0, (size_t)n) :
		    text;

		if (sr_msg_parse(&m, one) == SR_OK)
			parts(s, &m);
		sr_msg_free(&m);
		text = sr_substr(text, one.n, text.n);
	}
}

/* A body without its message: it says its boundary by its first line. */
static void
multipart(struct source *s, struct sr_str text)
{
	struct sr_str rest = text, line;
	struct sr_msg m = { .body = text };
	struct sr_buf type;

	sr_strline(&rest, &line);
	sr_buf_init(&type, 4096);
	sr_buf_fmt(&type, "multipart/mixed;boundary=\"%.*s\"",
	    SR_FMT(sr_substr(sr_trim(line), 2, 200)));
	m.content_type = sr_buf_str(&type);
	parts(s, &m);
	sr_buf_free(&type);
}

/* A MIME entity: header lines, an empty line, the body. */
static void
entity(struct source *s, struct sr_str text)
{
	struct sr_str rest = text, line, name;
	struct sr_msg m = { 0 };
	struct sr_buf type;
	bool in_type = false;

	sr_buf_init(&type, 4096);
	while (sr_strline(&rest, &line) && line.n > 0) {
		if (line.p[0] != ' ' && line.p[0] != '\t') {
			struct sr_str value = line;

			sr_strcut(&value, ':', &name);
			in_type = sr_strieq(sr_trim(name),
			    SR_STR("Content-Type"));
			line = value;
		}
		if (in_type)
			sr_buf_add(&type, line);
	}
	m.content_type = sr_trim(sr_buf_str(&type));
	m.body = rest;
	parts(s, &m);
	sr_buf_free(&type);
}

static void
sort_out(struct source *s)
{
	struct sr_str text = s->all;

	if (sr_strstarts(text, SR_STR("\xef\xbb\xbf")))
		text = sr_substr(text, 3, text.n);
	text = sr_trim(text);
	if (text.n == 0)
		return;
	if (text.p[0] == '{')
		json_documents(s, text);
	else if (sr_stristarts(text, SR_STR("Content-")) ||
	    sr_stristarts(text, SR_STR("MIME-Version:")))
		entity(s, text);
	else if (sr_strstarts(text, SR_STR("--")))
		multipart(s, text);
	else if (text.p[0] != '<' && sr_sip_looks(text))
		messages(s, text);
	else if (!sr_strstarts(text, SR_STR("v=0")))
		xml_documents(s, s->all);
}

static int
one_file(struct source *s)
{
	struct sr_buf text;
	int status = cli_read(s->path, META_FILE_MAX, &text);

	if (status == CLI_OK) {
		s->all = sr_buf_str(&text);
		sort_out(s);
		status = s->status;
		if (s->found == 0) {
			cli_warn("%s: no metadata in it", s->path);
			status = CLI_NO;
		}
	}
	sr_buf_free(&text);
	return status;
}

/* ---- a session directory ---- */

static int
wanted(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return n > 13 && strncmp(e->d_name, "metadata-", 9) == 0 &&
	    strcmp(e->d_name + n - 4, ".xml") == 0;
}

static struct sr_str
receipt(const struct meta_dir *dir, const char *name)
{
	for (size_t i = 0; i < dir->log.ndocs; i++)
		if (sr_streq(dir->log.docs[i].file, sr_cstr(name)))
			return dir->log.docs[i].time;
	return (struct sr_str){ NULL, 0 };
}

static char *
join(const char *dir, const char *name)
{
	size_t n = strlen(dir);
	char *path;

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (asprintf(&path, "%.*s/%s", (int)n, dir, name) < 0)
		return NULL;
	return path;
}

void
meta_read_log(struct meta_dir *dir)
{
	char *path = join(dir->path, "session.jsonl");
	struct sr_buf text;
	struct stat st;

	/* The documents can be had without it, only not their times. */
	if (path != NULL && stat(path, &st) == 0) {
		if (cli_read(path, META_FILE_MAX, &text) == CLI_OK)
			sr_log_read(&dir->log, sr_buf_str(&text),
			    META_DOC_MAX);
		sr_buf_free(&text);
	}
	free(path);
}

static int
member(const struct source *like, const struct meta_dir *dir, const char *name)
{
	struct source s = *like;
	char *path = join(dir->path, name);
	int status;

	if (path == NULL)
		return CLI_SYSTEM;
	s.path = path;
	s.dir = dir;
	s.receipt = receipt(dir, name);
	status = one_file(&s);
	free(path);
	return status;
}

static int
directory(struct source *s)
{
	struct meta_dir dir = { .path = s->path };
	struct dirent **names = NULL;
	int n = scandir(s->path, &names, wanted, versionsort);
	int status = CLI_OK;

	if (n < 0) {
		cli_warn("%s: %s", s->path, strerror(errno));
		return CLI_NOINPUT;
	}
	meta_read_log(&dir);
	for (int i = 0; i < n; i++) {
		status = cli_worst(status, member(s, &dir, names[i]->d_name));
		free(names[i]);
	}
	free(names);
	if (n == 0)
		status = member(s, &dir, "metadata.xml");
	sr_log_free(&dir.log);
	return status;
}

int
meta_each(const struct meta_opts *o, const char *path, meta_fn *fn, void *arg)
{
	struct source s = { .opts = o, .path = path, .fn = fn, .arg = arg };
	struct stat st;

	if (strcmp(path, "-") != 0 && stat(path, &st) == 0 &&
	    S_ISDIR(st.st_mode))
		return directory(&s);
	return one_file(&s);
}

bool
meta_usable(const struct meta_opts *o, const struct meta_in *in)
{
	const struct sr_doc *d = &in->doc;

	if (in->err != SR_OK) {
		cli_warn("%.*s: nothing can be had from it: %.*s",
		    SR_FMT(in->file), SR_FMT(d->nfindings > 0 ?
		    d->findings[0].text : sr_cstr(sr_strerror(in->err))));
		return false;
	}
	if (o->strict && in->xml.p != NULL && !d->valid) {
		cli_warn("%.*s: not valid: see siprec-meta validate",
		    SR_FMT(in->file));
		return false;
	}
	return true;
}

/* ---- labels of an SDP ---- */

static int
sdp_labels(struct sr_str text, struct sr_arena *a, struct sr_str **v,
    size_t *n)
{
	struct sr_sdp sdp;
	int err = sr_sdp_parse(&sdp, text);

	*n = 0;
	*v = err == SR_OK ? sr_arena_alloc(a, (sdp.nmlines + 1) *
	    sizeof(**v)) : NULL;
	for (size_t i = 0; *v != NULL && i < sdp.nmlines; i++)
		if (sdp.mlines[i].label.n > 0)
			(*v)[(*n)++] = sr_arena_dup(a, sdp.mlines[i].label);
	sr_sdp_free(&sdp);
	return err;
}

int
meta_labels(struct sr_str text, struct sr_arena *a, struct sr_str **v,
    size_t *n)
{
	const struct sr_part *sdp = NULL;
	struct sr_msg m;
	struct sr_body b;
	int err = SR_EBAD;

	if (!sr_sip_looks(text))
		return sdp_labels(text, a, v, n);
	if (sr_msg_parse(&m, text) == SR_OK) {
		if (sr_body_split(&b, &m) == SR_OK)
			sdp = sr_body_find(&b, SR_PART_SDP);
		if (sdp != NULL)
			err = sdp_labels(sdp->data, a, v, n);
		sr_body_free(&b);
	}
	sr_msg_free(&m);
	return err;
}
