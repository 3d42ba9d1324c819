/* value - what stands in an element or attribute, kept in the document. */
#include "meta/priv.h"

#include <libxml/tree.h>
#include <string.h>

static const struct sr_rule bad_time = {
	"R7865-6.9-1", "RFC 7865 section 6.9", SR_ERROR, true,
	"Write RFC 3339: 2010-12-16T23:41:07Z."
};
static const struct sr_rule loose_time = {
	"R7865-6.9-1", "RFC 7865 section 6.9", SR_ERROR, true,
	"Write the zone as Z or with a colon: +03:00."
};
static const struct sr_rule case_time = {
	"R7865-6.9-2", "RFC 7865 section 6.9", SR_ERROR, true,
	"Write T and Z in upper case."
};
static const struct sr_rule no_zone = {
	"R7865-6.9-1", "RFC 7865 section 6.9", SR_ERROR, false,
	"RFC 3339 asks for the zone: append Z or +hh:mm."
};
static const struct sr_rule no_clock = {
	"time-clock", "RFC 7865 section 6.9", SR_WARNING, false,
	"Set the clock of the recording client."
};
static const struct sr_rule attr_name = {
	"dialect-attribute", "RFC 7865 section 9", SR_ERROR, true,
	"Use the attribute names of RFC 7865."
};

void *
sr_read_slot(struct sr_reading *r, void *vp, size_t *n, size_t size)
{
	void *v;

	memcpy(&v, vp, sizeof(v));
	if (r->err == SR_OK) {
		v = sr_arena_grow(&r->d->arena, v, *n, size);
		if (v != NULL) {
			memcpy(vp, &v, sizeof(v));
			return (char *)v + size * (*n)++;
		}
		r->err = SR_ELIMIT;
	}
	return memset(r->waste, 0, sizeof(r->waste));
}

/* Absent stays absent. */
struct sr_str
sr_read_keep(struct sr_reading *r, struct sr_str s)
{
	struct sr_str k;

	if (s.p == NULL)
		return s;
	k = sr_arena_dup(&r->d->arena, s);
	if (k.p == NULL)
		r->err = SR_ELIMIT;
	return k;
}

/* The text of a list of nodes; comments in between do not split it. */
static struct sr_str
text_of(struct sr_reading *r, const xmlNode *first)
{
	size_t n = 0;
	const xmlNode *c;
	char *p;

	for (c = first; c != NULL; c = c->next)
		if ((c->type == XML_TEXT_NODE ||
		    c->type == XML_CDATA_SECTION_NODE) && c->content != NULL)
			n += strlen((const char *)c->content);
	if ((p = sr_arena_alloc(&r->d->arena, n + 1)) == NULL) {
		r->err = SR_ELIMIT;
		return sr_cstr(NULL);
	}
	n = 0;
	for (c = first; c != NULL; c = c->next)
		if ((c->type == XML_TEXT_NODE ||
		    c->type == XML_CDATA_SECTION_NODE) && c->content != NULL) {
			size_t k = strlen((const char *)c->content);

			memcpy(p + n, c->content, k);
			n += k;
		}
	return (struct sr_str){ p, n };
}

/* Trimmed; absent where there is nothing but white space. */
struct sr_str
sr_node_text(struct sr_reading *r, struct _xmlNode *e)
{
	struct sr_str s = sr_trim(text_of(r, e->children));

	return s.n > 0 ? s : sr_cstr(NULL);
}

/* Attributes of another namespace are not ours. */
struct sr_str
sr_node_attr(struct sr_reading *r, struct _xmlNode *e, const char *flat,
    const char **spelled)
{
	const char *dummy;

	if (spelled == NULL)
		spelled = &dummy;
	for (xmlAttr *a = e->properties; a != NULL; a = a->next)
		if (a->ns == NULL && sr_flat_eq((const char *)a->name, flat)) {
			*spelled = (const char *)a->name;
			return text_of(r, a->children);
		}
	return sr_cstr(NULL);
}

struct sr_str
sr_node_id(struct sr_reading *r, struct _xmlNode *e, const char *rfc,
    const char *const *flat)
{
	const char *spelled = "";
	struct sr_str s;

	for (; *flat != NULL; flat++) {
		s = sr_node_attr(r, e, *flat, &spelled);
		if (s.p == NULL)
			continue;
		if (strcmp(spelled, rfc) != 0)
			sr_find_once(r->d, &attr_name,
			    (unsigned)xmlGetLineNo(e),
			    "attribute %.40s of <%.40s>, in RFC 7865 %s",
			    spelled, (const char *)e->name, rfc);
		return sr_read_id(r, s);
	}
	return sr_cstr(NULL);
}

/* White space in base64 is none of the id; in anything else only that around
 * it is.  An empty id is no id. */
struct sr_str
sr_read_id(struct sr_reading *r, struct sr_str s)
{
	struct sr_str t = sr_trim(s);
	char *p;
	size_t n = 0;

	if (t.n == 0)
		return sr_cstr(NULL);
	for (size_t i = 0; i < t.n; i++)
		if (strchr(" \t\r\n", t.p[i]) == NULL)
			n++;
		else if (i > 0 && strchr("+/=", t.p[t.n - 1]) == NULL)
			return t;
	if (n == t.n)
		return t;
	if ((p = sr_arena_alloc(&r->d->arena, n + 1)) == NULL) {
		r->err = SR_ELIMIT;
		return t;
	}
	n = 0;
	for (size_t i = 0; i < t.n; i++)
		if (strchr(" \t\r\n", t.p[i]) == NULL)
			p[n++] = t.p[i];
	return (struct sr_str){ p, n };
}

static bool
lower(struct sr_str s)
{
	return sr_strchr(s, 't') < s.n || sr_strchr(s, 'z') < s.n;
}

struct sr_str
sr_read_time(struct sr_reading *r, struct _xmlNode *e)
{
	struct sr_str s = sr_node_text(r, e);
	const char *name = (const char *)e->name;
	unsigned line = (unsigned)xmlGetLineNo(e);
	sr_time t = 0;
	int32_t zone = 0;
	bool loose = false;

	if (s.p == NULL)
		sr_find(r->d, &bad_time, line, "%.40s is empty", name);
	else if (sr_time_parse(s, &t, &zone, &loose) != SR_OK)
		sr_find(r->d, &bad_time, line, "%.40s is no time: \"%.*s\"",
		    name, SR_SHOW(s));
	else if (zone == SR_NOZONE)
		sr_find(r->d, &no_zone, line,
		    "%.40s has no time zone: \"%.*s\"", name, SR_SHOW(s));
	else if (loose)
		sr_find(r->d, lower(s) ? &case_time : &loose_time, line,
		    "%.40s is not written as RFC 3339 has it: \"%.*s\"", name,
		    SR_SHOW(s));
	if (s.p != NULL && t > 0 && t < 10 * 365 * 86400 * SR_SEC)
		sr_find_once(r->d, &no_clock, line,
		    "a time in the seventies: \"%.*s\"", SR_SHOW(s));
	if (loose && !lower(s))
		r->clue = "opensips";
	return s;
}

/* ---- extensions ---- */

static int
declare(struct sr_buf *b, const xmlNs *ns)
{
	const char *p = ns->href != NULL ? (const char *)ns->href : "";
	int err = ns->prefix != NULL ?
	    sr_buf_fmt(b, " xmlns:%s=\"", (const char *)ns->prefix) :
	    sr_buf_add(b, SR_STR(" xmlns=\""));

	for (; err == SR_OK && *p != '\0'; p++)
		err = *p == '&' ? sr_buf_add(b, SR_STR("&amp;")) :
		    *p == '<' ? sr_buf_add(b, SR_STR("&lt;")) :
		    *p == '"' ? sr_buf_add(b, SR_STR("&quot;")) :
		    sr_buf_addc(b, *p);
	return err == SR_OK ? sr_buf_addc(b, '"') : err;
}

static bool
declared_here(const xmlNode *e, const xmlNs *ns)
{
	for (const xmlNs *n = e->nsDef; n != NULL; n = n->next)
		if (xmlStrEqual(n->prefix, ns->prefix))
			return true;
	return false;
}

/* As it was written, plus the namespaces that its surroundings lent it. */
static struct sr_str
verbatim(struct sr_reading *r, xmlNode *e)
{
	struct sr_str in, out = { NULL, 0 };
	xmlNsPtr *scope = xmlGetNsList(e->doc, e);
	xmlBufferPtr x = xmlBufferCreate();
	struct sr_buf b;
	size_t name;

	sr_buf_init(&b, r->d->arena.max);
	if (x == NULL || xmlNodeDump(x, e->doc, e, 0, 0) < 0)
		goto out;
	in = (struct sr_str){ (const char *)xmlBufferContent(x),
	    (size_t)xmlBufferLength(x) };
	name = 1 + strlen((const char *)e->name) +
	    (e->ns != NULL && e->ns->prefix != NULL ?
	    strlen((const char *)e->ns->prefix) + 1 : 0);
	if (sr_buf_add(&b, sr_substr(in, 0, name)) != SR_OK)
		goto out;
	for (xmlNsPtr *n = scope; n != NULL && *n != NULL; n++)
		if (!declared_here(e, *n) && declare(&b, *n) != SR_OK)
			goto out;
	if (sr_buf_add(&b, sr_substr(in, name, in.n)) == SR_OK)
		out = sr_read_keep(r, sr_buf_str(&b));
out:
	if (out.p == NULL)
		r->err = SR_ELIMIT;
	sr_buf_free(&b);
	xmlBufferFree(x);
	xmlFree(scope);
	return out;
}

static struct sr_ext *
named(struct sr_reading *r, struct sr_exts *x, const xmlNode *e)
{
	struct sr_ext *ext = sr_read_slot(r, &x->v, &x->n, sizeof(*ext));

	ext->ns = sr_read_keep(r, sr_cstr(e->ns != NULL ?
	    (const char *)e->ns->href : ""));
	ext->name = sr_read_keep(r, sr_cstr((const char *)e->name));
	return ext;
}

/* The wrapper of the drafts, extensiondata, also tells what is in it. */
void
sr_read_ext(struct sr_reading *r, struct sr_exts *x, struct _xmlNode *e)
{
	struct sr_str xml = verbatim(r, e);
	bool exact;

	named(r, x, e)->xml = xml;
	if (sr_word((const char *)e->name, &exact) != SR_W_EXTENSIONDATA)
		return;
	for (xmlNode *c = e->children; c != NULL; c = c->next)
		if (c->type == XML_ELEMENT_NODE)
			named(r, x, c);
}
