/* writer - text, times and extensions as they may stand in our XML. */
#include "meta/writer.h"
#include "meta/priv.h"

#include <string.h>

void
sr_put(struct writer *w, struct sr_str s)
{
	if (w->err == SR_OK)
		w->err = sr_buf_add(w->out, s);
}

void
sr_puts(struct writer *w, const char *s)
{
	sr_put(w, sr_cstr(s));
}

static bool
continues(struct sr_str s, size_t n)
{
	if (s.n < n)
		return false;
	for (size_t i = 1; i < n; i++)
		if (((unsigned char)s.p[i] & 0xc0) != 0x80)
			return false;
	return true;
}

/* The length of the character at the start of s, 0 when it is none that XML
 * knows: RFC 3629, and section 2.2 of XML 1.0. */
static size_t
character(struct sr_str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 1)
		return p[0] >= 0x20 || strchr("\t\n\r", p[0]) != NULL ?
		    p[0] != 0 : 0;
	if (n == 0 || !continues(s, n))
		return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
	    (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
		return 0;
	return n;
}

static const char *
entity(char c, bool attr)
{
	switch (c) {
	case '&': return "&amp;";
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '\r': return "&#13;";
	}
	if (!attr)
		return NULL;
	return c == '"' ? "&quot;" : c == '\t' ? "&#9;" :
	    c == '\n' ? "&#10;" : NULL;
}

static void
escape(struct writer *w, struct sr_str s, bool attr)
{
	while (s.n > 0 && w->err == SR_OK) {
		const char *e = entity(s.p[0], attr);
		size_t n = character(s);

		if (e != NULL)
			sr_puts(w, e);
		else if (n == 0)
			sr_puts(w, "\xef\xbf\xbd");
		else
			sr_put(w, sr_substr(s, 0, n));
		s = sr_substr(s, n > 0 ? n : 1, s.n);
	}
}

void
sr_put_text(struct writer *w, struct sr_str s)
{
	escape(w, s, false);
}

void
sr_put_attr(struct writer *w, const char *name, struct sr_str value)
{
	if (value.p == NULL)
		return;
	sr_puts(w, " ");
	sr_puts(w, name);
	sr_puts(w, "=\"");
	escape(w, value, true);
	sr_puts(w, "\"");
}

/* Only what RFC 3339 and RFC 7865 6.9 forbid is changed: lower-case letters
 * and a zone without colon.  A leap second, which xs:dateTime does not know,
 * becomes the instant after it.  A time without zone stays without. */
bool
sr_put_time(struct writer *w, struct sr_str time)
{
	struct sr_str s = sr_trim(time), tail;
	int32_t zone;
	sr_time t;
	bool loose;

	if (sr_time_parse(s, &t, &zone, &loose) != SR_OK)
		return false;
	if (s.n > 18 && s.p[17] == '6') {
		if (w->err == SR_OK)
			w->err = sr_time_print(w->out, t, 0);
		return true;
	}
	if (!loose) {
		sr_put(w, s);
		return true;
	}
	sr_put(w, sr_substr(s, 0, 10));
	sr_puts(w, "T");
	tail = sr_substr(s, 11, s.n);
	if (tail.p[tail.n - 1] == 'z' || tail.p[tail.n - 1] == 'Z') {
		sr_put(w, sr_substr(tail, 0, tail.n - 1));
		sr_puts(w, "Z");
	} else if (zone != SR_NOZONE && tail.p[tail.n - 3] != ':') {
		sr_put(w, sr_substr(tail, 0, tail.n - 2));
		sr_puts(w, ":");
		sr_put(w, sr_substr(tail, tail.n - 2, 2));
	} else {
		sr_put(w, tail);
	}
	return true;
}

/* Is there an element without prefix in it, and none that says which name
 * space that means? */
static bool
needs_no_namespace(struct sr_str xml)
{
	size_t end = sr_strchr(xml, '>');
	struct sr_str tag = sr_substr(xml, 0, end);
	struct sr_str rest = xml;
	size_t at;

	for (size_t i = 0; i < tag.n; i++)
		if ((tag.p[i] == ' ' || tag.p[i] == '\n' ||
		    tag.p[i] == '\t') && sr_strstarts(sr_substr(tag, i + 1,
		    tag.n), SR_STR("xmlns=")))
			return false;
	while ((at = sr_strchr(rest, '<')) < rest.n) {
		struct sr_str name;

		rest = sr_substr(rest, at + 1, rest.n);
		if (rest.n == 0 || strchr("/!?", rest.p[0]) != NULL)
			continue;
		name = sr_substr(rest, 0, sr_strchr(rest, '>'));
		name = sr_substr(name, 0, sr_strchr(name, ' '));
		if (sr_strchr(name, ':') == name.n)
			return true;
	}
	return false;
}

/* Everything of ours stands under a default name space; an element without
 * prefix that was in none must not fall into it. */
static void
verbatim(struct writer *w, struct sr_str xml)
{
	size_t n = 1;

	if (!needs_no_namespace(xml)) {
		sr_put(w, xml);
		return;
	}
	while (n < xml.n && strchr(" \t\r\n/>", xml.p[n]) == NULL)
		n++;
	sr_put(w, sr_substr(xml, 0, n));
	sr_puts(w, " xmlns=\"\"");
	sr_put(w, sr_substr(xml, n, xml.n));
}

/* The schema takes extensions of foreign name spaces only (##other). */
static bool
foreign(struct sr_str ns)
{
	return ns.n > 0 && !sr_streq(ns, SR_STR(SR_NS_V1)) &&
	    !sr_streq(ns, SR_STR(SR_NS_DRAFT)) &&
	    !sr_streq(ns, SR_STR(SR_NS_SIPREC));
}

/* What a client put into the name space of the recording, or into none, goes
 * into a wrapper that says what it is. */
void
sr_put_ext(struct writer *w, const struct sr_ext *e)
{
	struct sr_str xml = sr_trim(e->xml);
	bool wrap = !foreign(e->ns);

	if (xml.n == 0)
		return;
	if (wrap)
		sr_puts(w, "<x:extension xmlns=\"" META_RFC7865 "\" "
		    "xmlns:x=\"" META_OURS "\">");
	verbatim(w, xml);
	if (wrap)
		sr_puts(w, "</x:extension>");
}
