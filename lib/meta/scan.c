/* scan - one look over the markup before any parser sees it.
 *
 * libxml2 compares each attribute of an element with each other one, and each
 * prefix with each namespace in scope; a tree takes many times the bytes of
 * its text.  So these are counted first, in one pass and without memory. */
#include "meta/priv.h"

#include <string.h>

static const struct sr_rule doctype = {
	"xml-doctype", "RFC 7865 section 5.1", SR_ERROR, false,
	"Metadata has no document type: leave the DOCTYPE out."
};
static const struct sr_rule limit = {
	"limit", "", SR_ERROR, false, "No recording needs as much of it."
};

/* What libxml2 keeps in memory for each, strings and malloc included. */
enum { NODE_COST = 160, ELEMENT_COST = 2 * NODE_COST, ATTR_COST = 320 };

struct scan {
	struct sr_str in;
	size_t i;
	size_t line;
	unsigned depth, ns_total;
	unsigned short ns[SR_MAX_DEPTH + 1];	/* declared at each depth */
	size_t cost, most;
};

static bool
at(const struct scan *s, const char *what)
{
	size_t n = strlen(what);

	return s->in.n - s->i >= n && memcmp(s->in.p + s->i, what, n) == 0;
}

/* Goes behind the next end, or to the end of all. */
static void
skip(struct scan *s, const char *end)
{
	size_t n = strlen(end);
	size_t hit = sr_strfind(sr_substr(s->in, s->i, s->in.n), sr_cstr(end));

	for (size_t k = s->i; k < s->i + hit; k++)
		s->line += s->in.p[k] == '\n';
	s->cost += NODE_COST + hit;
	s->i += hit;
	s->i = s->in.n - s->i < n ? s->in.n : s->i + n;
}

/* What stands between < and >: the attributes are counted by their = signs,
 * which is never too few. */
static bool
tag(struct scan *s, unsigned *attrs, unsigned *ns, bool *empty)
{
	size_t from = s->i;
	char quote = '\0', last = '\0';

	for (*attrs = *ns = 0; s->i < s->in.n; s->i++) {
		char c = s->in.p[s->i];

		s->line += c == '\n';
		if (quote != '\0') {
			if (c == quote)
				quote = '\0';
			continue;
		}
		if (c == '>')
			break;
		if (c == '"' || c == '\'')
			quote = c;
		*attrs += c == '=';
		*ns += c == 'x' && at(s, "xmlns");
		last = c;
		if (*attrs > SR_MAX_ATTRS)
			return false;
	}
	*empty = last == '/';
	return s->i - from <= SR_MAX_TAG;
}

static bool
open_tag(struct scan *s)
{
	unsigned attrs, ns;
	bool empty;

	if (!tag(s, &attrs, &ns, &empty) || s->depth >= SR_MAX_DEPTH ||
	    s->ns_total + ns > SR_MAX_NS)
		return false;
	if (s->depth <= 1)
		s->cost = 0;
	s->cost += ELEMENT_COST + attrs * (size_t)ATTR_COST;
	if (!empty) {
		s->ns[s->depth++] = (unsigned short)ns;
		s->ns_total += ns;
	}
	return true;
}

static void
close_tag(struct scan *s)
{
	if (s->depth > 0)
		s->ns_total -= s->ns[--s->depth];
	skip(s, ">");
}

/* One < and what it begins: SR_OK, SR_EBAD, SR_ELIMIT. */
static int
markup(struct scan *s)
{
	if (at(s, "<!--"))
		skip(s, "-->");
	else if (at(s, "<![CDATA["))
		skip(s, "]]>");
	else if (at(s, "<?"))
		skip(s, "?>");
	else if (at(s, "<!DOCTYPE"))
		return SR_EBAD;
	else if (at(s, "</"))
		close_tag(s);
	else if (++s->i, !open_tag(s))
		return SR_ELIMIT;
	return SR_OK;
}

int
sr_meta_scan(struct sr_doc *d, struct sr_str text, size_t *cost)
{
	struct scan s = { .in = text, .line = 1 };
	int err = SR_OK;

	while (err == SR_OK && s.i < text.n) {
		if (text.p[s.i] == '<') {
			err = markup(&s);
			s.most = s.cost > s.most ? s.cost : s.most;
			continue;
		}
		s.line += text.p[s.i] == '\n';
		s.i++;
		s.cost++;
	}
	s.most = s.cost > s.most ? s.cost : s.most;
	if (err == SR_EBAD)
		sr_find(d, &doctype, (unsigned)s.line,
		    "a DOCTYPE; the document is refused unread");
	if (err == SR_ELIMIT)
		sr_find(d, &limit, (unsigned)s.line, "past a limit: %d levels,"
		    " %d attributes or %d bytes in a tag, %d namespaces",
		    SR_MAX_DEPTH, SR_MAX_ATTRS, SR_MAX_TAG, SR_MAX_NS);
	*cost = s.most;
	return err;
}
