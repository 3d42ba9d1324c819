/* repair - well-formed XML out of what is none.
 *
 * Each slip here was met in the field: a bare & in a name, <sip:...> as text,
 * <!{CDATA{...}}>, values without quotes, "< label>", a cut end.  What cannot
 * be a tag is text; what is open at the end is closed; nothing is made up. */
#include "meta/priv.h"

#include <string.h>

static const struct sr_rule repair = {
	"repair", "RFC 7865 section 5.1", SR_WARNING, false, NULL
};

struct mend {
	struct sr_doc *d;
	struct sr_buf *out;
	struct sr_str in;
	size_t i;
	unsigned line;
	int err;
	bool done;			/* the root is closed */
	bool no_cdata;			/* no more ends of it: look only once */
	unsigned depth;
	struct sr_str open[SR_MAX_DEPTH];
};

static struct sr_str
rest(const struct mend *m)
{
	return sr_substr(m->in, m->i, m->in.n);
}

static void
put(struct mend *m, struct sr_str s)
{
	if (m->err == SR_OK)
		m->err = sr_buf_add(m->out, s);
}

static void
say(struct mend *m, const char *what)
{
	sr_find_once(m->d, &repair, m->line, "%s", what);
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Lines stay where they were, also under what is left out. */
static void
drop(struct mend *m, size_t n)
{
	for (; n > 0 && m->i < m->in.n; n--, m->i++)
		if (m->in.p[m->i] == '\n') {
			m->line++;
			put(m, SR_STR("\n"));
		}
}

/* ---- characters ---- */

/* XML 1.0 section 2.2. */
static bool
allowed(uint64_t c)
{
	return c < 0x20 ? c != 0 && blank((char)c) :
	    c < 0xd800 || (c >= 0xe000 && c <= 0x10ffff && c != 0xfffe &&
	    c != 0xffff);
}

/* Length of the UTF-8 character at p that XML allows; 0 when it is none. */
static size_t
xml_char(const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t k = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = k == 1 ? p[0] : p[0] & (0x7fu >> k);
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (k > n || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < k; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	return c >= least[k] && allowed(c) ? k : 0;
}

/* One character of text or of a value, as it is or replaced. */
static void
character(struct mend *m)
{
	size_t n = xml_char(m->in.p + m->i, m->in.n - m->i);

	if (n == 0) {
		say(m, "a byte that XML does not allow, replaced by U+FFFD");
		put(m, SR_STR("\xef\xbf\xbd"));
		m->i++;
		return;
	}
	m->line += m->in.p[m->i] == '\n';
	put(m, sr_substr(m->in, m->i, n));
	m->i += n;
}

/* Length of a character reference or of one of the five entities. */
static size_t
reference(struct sr_str s)
{
	static const char *const five[] = { "&amp;", "&lt;", "&gt;", "&quot;",
	    "&apos;" };
	uint64_t c = 0;
	size_t i = 2;
	bool hex;

	for (size_t k = 0; k < 5; k++)
		if (sr_strstarts(s, sr_cstr(five[k])))
			return strlen(five[k]);
	if (!sr_strstarts(s, SR_STR("&#")))
		return 0;
	hex = i < s.n && s.p[i] == 'x';
	for (i += hex; i < s.n && i < 12 && s.p[i] != ';'; i++) {
		const char *digits = "0123456789abcdefABCDEF", *hit;

		hit = s.p[i] != '\0' ? strchr(digits, s.p[i]) : NULL;
		if (hit == NULL || (!hex && hit - digits > 9))
			return 0;
		c = c * (hex ? 16 : 10) + (uint64_t)(hit - digits > 15 ?
		    hit - digits - 6 : hit - digits);
	}
	return i < s.n && s.p[i] == ';' && allowed(c) ? i + 1 : 0;
}

static void
ampersand(struct mend *m)
{
	size_t n = reference(sr_substr(rest(m), 0, 16));

	if (n > 0) {
		put(m, sr_substr(m->in, m->i, n));
		m->i += n;
		return;
	}
	say(m, "a bare & read as &amp;");
	put(m, SR_STR("&amp;"));
	m->i++;
}

static void
less_than(struct mend *m)
{
	say(m, "a < that begins no tag read as &lt;");
	put(m, SR_STR("&lt;"));
	m->i++;
}

/* ---- tags ---- */

static size_t
name_len(struct sr_str s)
{
	size_t n = 0, colons = 0;
	bool first = true;

	for (; n < s.n; n++) {
		uint8_t c = (uint8_t)s.p[n];
		bool letter = (c | 32) >= 'a' && (c | 32) <= 'z';

		letter = letter || c == '_' || c >= 0x80;
		if (c == ':' && !first && colons++ == 0) {
			first = true;
			continue;
		}
		if (!letter && (first || !((c >= '0' && c <= '9') ||
		    c == '.' || c == '-')))
			break;
		first = false;
	}
	return first ? 0 : n;
}

static size_t
blanks(struct sr_str s)
{
	size_t n = 0;

	while (n < s.n && blank(s.p[n]))
		n++;
	return n;
}

/* Schemes of addresses look like prefixes, as in <sip:alice>. */
static bool
address(struct sr_str name)
{
	return sr_strstarts(name, SR_STR("sip:")) ||
	    sr_strstarts(name, SR_STR("sips:")) ||
	    sr_strstarts(name, SR_STR("tel:"));
}

/* Copies a value up to its end; the quote is '\0' where it had none. */
static bool
value(struct mend *m, char quote)
{
	put(m, SR_STR("\""));
	while (m->i < m->in.n && m->err == SR_OK) {
		char c = m->in.p[m->i];

		if (quote != '\0' ? c == quote :
		    blank(c) || c == '>' || sr_strstarts(rest(m), SR_STR("/>")))
			break;
		if (c == '&')
			ampersand(m);
		else if (c == '<')
			less_than(m);
		else if (c == '"') {
			put(m, SR_STR("&quot;"));
			m->i++;
		} else if (c == '\\' && quote == '"' &&
		    sr_strstarts(rest(m), SR_STR("\\\"")))
			m->i++;		/* text copied out of JSON */
		else
			character(m);
	}
	put(m, SR_STR("\""));
	if (m->i >= m->in.n)
		return false;
	m->i += quote != '\0';
	return true;
}

/* One attribute, or one thing that should have been one. */
static bool
attribute(struct mend *m)
{
	struct sr_str name = sr_substr(m->in, m->i, name_len(rest(m)));
	char c;

	if (name.n == 0) {
		say(m, "something that is no attribute left out of a tag");
		drop(m, 1);
		return true;
	}
	m->i += name.n;
	drop(m, blanks(rest(m)));
	if (m->i >= m->in.n || m->in.p[m->i] != '=') {
		say(m, "an attribute without a value left out");
		return true;
	}
	m->i++;
	drop(m, blanks(rest(m)));
	if (sr_strstarts(rest(m), SR_STR("\\\"")))
		m->i++;
	if (m->i >= m->in.n)
		return false;
	c = m->in.p[m->i];
	put(m, SR_STR(" "));
	put(m, name);
	put(m, SR_STR("="));
	if (c == '"' || c == '\'') {
		m->i++;
		return value(m, c);
	}
	say(m, "a value without quotes");
	return value(m, '\0');
}

static void
close_all(struct mend *m, unsigned down_to)
{
	while (m->depth > down_to) {
		struct sr_str name = m->open[--m->depth];

		put(m, SR_STR("</"));
		put(m, name);
		put(m, SR_STR(">"));
	}
	m->done = m->depth == 0;
}

/* Behind the name of a start tag; false when the document ends in it. */
static bool
open_rest(struct mend *m, struct sr_str name)
{
	for (;;) {
		drop(m, blanks(rest(m)));
		if (m->i >= m->in.n || m->err != SR_OK)
			return false;
		if (m->in.p[m->i] == '>' || sr_strstarts(rest(m), SR_STR("/>")))
			break;
		if (!attribute(m))
			return false;
	}
	if (m->in.p[m->i] == '/') {
		put(m, SR_STR("/>"));
		m->i += 2;
		m->done = m->depth == 0;
		return true;
	}
	put(m, SR_STR(">"));
	m->i++;
	if (m->depth >= SR_MAX_DEPTH)
		m->err = SR_ELIMIT;
	else
		m->open[m->depth++] = name;
	return true;
}

/* Is there a tag at <?  Gives its name, and what lies before it. */
static bool
is_tag(const struct mend *m, size_t skip, struct sr_str *name, size_t *gap)
{
	struct sr_str s = sr_substr(rest(m), skip, m->in.n);
	char word[32], next;
	bool exact;

	*gap = blanks(s);
	s = sr_substr(s, *gap, s.n);
	*name = sr_substr(s, 0, name_len(s));
	if (name->n == 0 || name->n >= s.n || address(*name))
		return false;
	next = s.p[name->n];
	if (!blank(next) && next != '>' && next != '/')
		return false;
	if (*gap == 0)
		return true;
	if (name->n >= sizeof(word))
		return false;
	memcpy(word, name->p, name->n);
	word[name->n] = '\0';
	return sr_word(word, &exact) != SR_W_NONE;
}

/* What does not begin a tag: text, or a tag that the end of it all cut. */
static void
no_tag(struct mend *m)
{
	struct sr_str s = sr_substr(rest(m), 1, m->in.n);

	if (sr_strstarts(s, SR_STR("/")))
		s = sr_substr(s, 1, s.n);
	if (m->depth == 0)
		drop(m, 1);
	else if (name_len(s) == s.n)
		drop(m, m->in.n);
	else
		less_than(m);
}

static void
open_tag(struct mend *m)
{
	struct sr_str name;
	size_t gap, from = m->out->n;

	if (!is_tag(m, 1, &name, &gap)) {
		no_tag(m);
		return;
	}
	if (gap > 0)
		say(m, "a blank after < left out");
	drop(m, 1 + gap);
	put(m, SR_STR("<"));
	put(m, name);
	m->i += name.n;
	if (!open_rest(m, name) && m->err == SR_OK) {
		say(m, "the document ends within a tag");
		m->out->n = from;
	}
}

static void
close_tag(struct mend *m)
{
	struct sr_str name;
	size_t gap;
	unsigned k = m->depth;

	if (!is_tag(m, 2, &name, &gap)) {
		no_tag(m);
		return;
	}
	if (gap > 0)
		say(m, "a blank after </ left out");
	while (k > 0 && !sr_streq(m->open[k - 1], name))
		k--;
	if (k > 0 && k < m->depth)
		say(m, "an element without an end closed");
	if (k > 0)
		close_all(m, k - 1);
	else
		say(m, "an end tag without a beginning left out");
	drop(m, sr_strchr(rest(m), '>') + 1);
}

/* ---- the rest of the markup ---- */

static void
cdata(struct mend *m, const char *begin, const char *end)
{
	struct sr_str s = sr_substr(rest(m), strlen(begin), m->in.n);
	size_t n = m->no_cdata ? s.n : sr_strfind(s, sr_cstr(end)), to;

	if (n == s.n || m->depth == 0) {
		m->no_cdata = n == s.n;
		less_than(m);
		return;
	}
	m->i += strlen(begin);
	for (to = m->i + n; m->i < to && m->err == SR_OK; )
		if (m->in.p[m->i] == '&') {
			put(m, SR_STR("&amp;"));
			m->i++;
		} else if (m->in.p[m->i] == '<') {
			put(m, SR_STR("&lt;"));
			m->i++;
		} else if (m->in.p[m->i] == '>') {
			put(m, SR_STR("&gt;"));
			m->i++;
		} else
			character(m);
	m->i = to + strlen(end);
}

static void
leave_out(struct mend *m, const char *end)
{
	drop(m, sr_strfind(rest(m), sr_cstr(end)) + strlen(end));
}

static void
markup(struct mend *m)
{
	struct sr_str s = sr_substr(rest(m), 0, 16);

	if (sr_strstarts(s, SR_STR("<!--")))
		leave_out(m, "-->");
	else if (sr_strstarts(s, SR_STR("<?")))
		leave_out(m, "?>");
	else if (sr_strstarts(s, SR_STR("<![CDATA[")))
		cdata(m, "<![CDATA[", "]]>");
	else if (sr_strstarts(s, SR_STR("<!{CDATA{"))) {
		say(m, "<!{CDATA{...}}> read as CDATA");
		cdata(m, "<!{CDATA{", "}}>");
	} else if (sr_strstarts(s, SR_STR("</")))
		close_tag(m);
	else
		open_tag(m);
}

int
sr_meta_repair(struct sr_doc *d, struct sr_str text, struct sr_buf *out)
{
	struct mend m = { .d = d, .out = out, .in = text, .line = 1 };

	while (m.err == SR_OK && m.i < text.n && !m.done) {
		char c = text.p[m.i];

		if (c == '<')
			markup(&m);
		else if (m.depth == 0)
			drop(&m, 1);
		else if (c == '&')
			ampersand(&m);
		else if (c == ']' && sr_strstarts(rest(&m), SR_STR("]]>")))
			put(&m, SR_STR("]]&gt;")), m.i += 3;
		else
			character(&m);
	}
	if (m.done && sr_trim(rest(&m)).n > 0)
		say(&m, "what follows the end of the root is left out");
	if (m.depth > 0) {
		say(&m, "the document is cut off; open elements are closed");
		close_all(&m, 0);
	}
	return m.err;
}
