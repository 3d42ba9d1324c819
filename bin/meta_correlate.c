/* meta_correlate - which recordings belong to one call.
 *
 * One call may be recorded several times: a recording session per leg, or one
 * after a failover.  What ties them are the ids of RFC 7865 (session, group)
 * and RFC 7989 (Session-ID), and what a vendor says of a transfer. */
#include "meta.h"
#include "meta/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum tie { SESSION, GROUP, SESSION_ID, TRANSFER, PARTICIPANT, STREAM };
static const char *ties[] = { "session", "group", "session-id", "transfer",
	"participant", "stream" };

struct entry {
	enum tie tie;
	struct sr_str key;
	size_t source;
};
struct ties {
	const struct meta_opts *opts;
	struct sr_arena arena;
	struct entry *v;
	size_t n;
	struct sr_str *sources;
	size_t *call;			/* the first source of its call */
	size_t nsources;
	const char *dir;		/* whose documents are one source */
	int err;
};

static size_t
root(struct ties *t, size_t i)
{
	while (t->call[i] != i)
		i = t->call[i] = t->call[t->call[i]];
	return i;
}

static void
unite(struct ties *t, size_t a, size_t b)
{
	a = root(t, a);
	b = root(t, b);
	t->call[a > b ? a : b] = a < b ? a : b;
}

static void
add(struct ties *t, enum tie tie, struct sr_str key)
{
	struct entry *v = sr_arena_grow(&t->arena, t->v, t->n, sizeof(*v));
	struct sr_str k = sr_trim(key);

	if (k.n == 0)
		return;
	k = sr_arena_dup(&t->arena, k);
	if (v == NULL || k.p == NULL) {
		t->err = SR_ELIMIT;
		return;
	}
	t->v = v;
	v[t->n++] = (struct entry){ tie, k, t->nsources - 1 };
}

static void
new_source(struct ties *t, struct sr_str name)
{
	struct sr_str *v = sr_arena_grow(&t->arena, t->sources, t->nsources,
	    sizeof(*v));
	size_t *c = sr_arena_grow(&t->arena, t->call, t->nsources,
	    sizeof(*c));

	if (v == NULL || c == NULL) {
		t->err = SR_ELIMIT;
		return;
	}
	t->sources = v;
	t->call = c;
	v[t->nsources] = sr_arena_dup(&t->arena, name);
	c[t->nsources] = t->nsources;
	t->nsources++;
}

/* RFC 7989 section 5: an end that is not known yet is all zeros. */
static bool
nil(struct sr_str uuid)
{
	for (size_t i = 0; i < uuid.n; i++)
		if (uuid.p[i] != '0')
			return false;
	return true;
}

/* The two ends of a dialog write the same pair the other way round. */
static void
session_id(struct ties *t, struct sr_str id)
{
	struct sr_str a, b, rest = id, mark = SR_STR("remote=");
	struct sr_buf pair;
	size_t at;

	sr_strcut(&rest, ';', &a);
	at = sr_strfind(rest, mark);
	b = at < rest.n ? sr_substr(rest, at + mark.n, rest.n) :
	    (struct sr_str){ NULL, 0 };
	if (nil(b)) {
		add(t, SESSION_ID, a);
		return;
	}
	sr_buf_init(&pair, id.n + 64);
	sr_buf_add(&pair, sr_strcmp(a, b) < 0 ? a : b);
	sr_buf_addc(&pair, ';');
	sr_buf_add(&pair, sr_strcmp(a, b) < 0 ? b : a);
	add(t, SESSION_ID, sr_buf_str(&pair));
	sr_buf_free(&pair);
}

/* NetSapiens names the group that a transferred call had before. */
static void
transfers(struct ties *t, const struct sr_exts *exts)
{
	static const struct sr_str mark = SR_STR("xferredGroupID");

	for (size_t i = 0; i < exts->n; i++) {
		struct sr_str rest = exts->v[i].xml, text;
		size_t at;

		while ((at = sr_strfind(rest, mark)) < rest.n) {
			rest = sr_substr(rest, at + mark.n, rest.n);
			if (rest.n == 0 || strchr("> \t\n", rest.p[0]) == NULL)
				continue;
			rest = sr_substr(rest, sr_strchr(rest, '>') + 1,
			    rest.n);
			text = sr_trim(sr_substr(rest, 0,
			    sr_strchr(rest, '<')));
			add(t, GROUP, text);
			add(t, TRANSFER, text);
		}
	}
}

static int
collect(void *arg, struct meta_in *in)
{
	struct ties *t = arg;
	const struct sr_doc *d = &in->doc;

	if (!meta_usable(t->opts, in))
		return CLI_NO;
	if (in->dir == NULL || t->dir != in->dir->path)
		new_source(t, in->dir != NULL ? sr_cstr(in->dir->path) :
		    in->file);
	t->dir = in->dir != NULL ? in->dir->path : NULL;
	for (size_t i = 0; t->err == SR_OK && i < d->ngroups; i++) {
		add(t, GROUP, d->groups[i].id);
		transfers(t, &d->groups[i].exts);
	}
	for (size_t i = 0; t->err == SR_OK && i < d->nsessions; i++) {
		const struct sr_cs *s = &d->sessions[i];

		add(t, SESSION, s->id);
		add(t, GROUP, s->group_ref);
		for (size_t k = 0; k < s->nsip_session_ids; k++)
			session_id(t, s->sip_session_ids[k]);
		transfers(t, &s->exts);
	}
	for (size_t i = 0; t->err == SR_OK && i < d->nparticipants; i++) {
		add(t, PARTICIPANT, d->participants[i].id);
		transfers(t, &d->participants[i].exts);
	}
	for (size_t i = 0; t->err == SR_OK && i < d->nstreams; i++)
		add(t, STREAM, d->streams[i].id);
	transfers(t, &d->exts);
	return t->err == SR_OK ? CLI_OK : CLI_SYSTEM;
}

static int
by_key(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = sr_strcmp(x->key, y->key);

	if (c == 0)
		c = (x->tie > y->tie) - (x->tie < y->tie);
	return c != 0 ? c : (x->source > y->source) - (x->source < y->source);
}

/* The entries from i on that are the same thing; distinct sources in n. */
static size_t
run(const struct ties *t, size_t i, size_t *n)
{
	size_t end = i + 1;

	*n = 1;
	while (end < t->n && t->v[end].tie == t->v[i].tie &&
	    sr_streq(t->v[end].key, t->v[i].key)) {
		*n += t->v[end].source != t->v[end - 1].source;
		end++;
	}
	return end;
}

/* RFC 7865 6.10: over recordings, too, a UUID means one kind of thing. */
static void
warn_kinds(const struct ties *t)
{
	for (size_t i = 1; i < t->n; i++) {
		const struct entry *a = &t->v[i - 1], *b = &t->v[i];

		if (a->tie == b->tie || !sr_streq(a->key, b->key) ||
		    a->tie == TRANSFER || b->tie == TRANSFER)
			continue;
		cli_warn("%.*s: %s in %.*s, %s in %.*s (RFC 7865 section "
		    "6.10)", SR_FMT(a->key), ties[a->tie],
		    SR_FMT(t->sources[a->source]), ties[b->tie],
		    SR_FMT(t->sources[b->source]));
	}
}

static void
row(const struct ties *t, size_t from, size_t to, size_t call,
    struct sr_buf *out)
{
	bool json = t->opts->json;

	sr_buf_fmt(out, json ? "{\"v\":1,\"call\":%zu,\"tie\":\"%s\","
	    "\"key\":" : "%zu\t%s\t", call, ties[t->v[from].tie]);
	if (json) {
		sr_buf_json(out, t->v[from].key);
		sr_buf_add(out, SR_STR(",\"files\":["));
	} else {
		meta_col(out, t->v[from].key);
	}
	for (size_t i = from; i < to; i++) {
		struct sr_str name = t->sources[t->v[i].source];

		if (i > from && t->v[i].source == t->v[i - 1].source)
			continue;
		if (i > from)
			sr_buf_addc(out, ',');
		if (json) {
			sr_buf_json(out, name);
		} else {
			meta_col(out, name);
			out->n--;
		}
	}
	sr_buf_add(out, json ? SR_STR("]}\n") : SR_STR("\n"));
}

static bool
strong(const struct entry *e)
{
	return e->tie <= TRANSFER;
}

static void
tie_together(struct ties *t)
{
	for (size_t i = 0, end, n; i < t->n; i = end) {
		end = run(t, i, &n);
		for (size_t k = i + 1; k < end && strong(&t->v[i]); k++)
			unite(t, t->v[i].source, t->v[k].source);
	}
}

int
meta_correlate(const struct meta_opts *o)
{
	struct ties t = { .opts = o };
	struct sr_buf out;
	size_t end, n;
	int status = CLI_OK;

	sr_arena_init(&t.arena, META_DOC_MAX);
	sr_buf_init(&out, META_OUT_MAX);
	for (int i = 0; i < o->nfiles; i++)
		status = cli_worst(status, meta_each(o, o->files[i], collect,
		    &t));
	if (t.n > 0)
		qsort(t.v, t.n, sizeof(*t.v), by_key);
	warn_kinds(&t);
	tie_together(&t);
	for (size_t i = 0; i < t.n; i = end) {
		end = run(&t, i, &n);
		if (n > 1)
			row(&t, i, end, root(&t, t.v[i].source) + 1, &out);
	}
	sr_arena_free(&t.arena);
	if (out.n == 0)
		status = cli_worst(status, CLI_NO);
	if (o->json)
		return cli_worst(status, meta_out(&out, SR_OK));
	return cli_worst(status, meta_rows(&out, "CALL\tTIE\tKEY\tFILES"));
}
