/* charset - whatever a document is written in, as UTF-8.
 *
 * By our own tables and not by iconv, which loads files by names that a
 * stranger would choose.  What was ever seen is here; the rest is refused. */
#include "meta/priv.h"

enum charset { UNKNOWN, UTF8, LATIN1, LATIN9, CP1252, UTF16, UTF16LE, UTF16BE };

static const struct sr_rule bad_charset = {
	"xml", "XML 1.0 section 4.3.3", SR_ERROR, false,
	"Write UTF-8, and say so in the XML declaration."
};
static const struct sr_rule blank_start = {
	"xml", "XML 1.0 section 2.8", SR_ERROR, false,
	"Nothing may stand before <?xml: begin the body with it."
};
static const struct sr_rule no_declaration = {
	"R7865-5.1-1", "RFC 7865 section 5.1", SR_WARNING, false,
	"Begin with <?xml version=\"1.0\" encoding=\"UTF-8\"?>."
};

static enum charset
charset_by_name(struct sr_str s)
{
	static const struct { const char *name; enum charset c; } names[] = {
		{ "utf-8", UTF8 }, { "utf8", UTF8 }, { "us-ascii", UTF8 },
		{ "ascii", UTF8 }, { "iso-8859-1", LATIN1 },
		{ "iso_8859-1", LATIN1 }, { "iso8859-1", LATIN1 },
		{ "latin1", LATIN1 }, { "iso-8859-15", LATIN9 },
		{ "latin-9", LATIN9 }, { "windows-1252", CP1252 },
		{ "cp1252", CP1252 }, { "utf-16", UTF16 },
		{ "utf16", UTF16 }, { "utf-16le", UTF16LE },
		{ "utf-16be", UTF16BE },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (sr_strieq(s, sr_cstr(names[i].name)))
			return names[i].c;
	return UNKNOWN;
}

/* The encoding that the XML declaration names; absent without one. */
static struct sr_str
declared(struct sr_str in)
{
	struct sr_str head = sr_substr(in, 0, 256), v;
	size_t at;
	char quote;

	if (!sr_strstarts(head, SR_STR("<?xml")))
		return sr_cstr(NULL);
	head = sr_substr(head, 0, sr_strfind(head, SR_STR("?>")));
	at = sr_strfind(head, SR_STR("encoding"));
	if (at == head.n)
		return sr_cstr(NULL);
	v = sr_trim(sr_substr(head, at + 8, head.n));
	if (v.n == 0 || v.p[0] != '=')
		return sr_cstr(NULL);
	v = sr_trim(sr_substr(v, 1, v.n));
	if (v.n < 2 || (v.p[0] != '"' && v.p[0] != '\''))
		return sr_cstr(NULL);
	quote = v.p[0];
	v = sr_substr(v, 1, v.n);
	return sr_substr(v, 0, sr_strchr(v, quote));
}

/* ---- to UTF-8 ---- */

static int
put(struct sr_buf *out, uint32_t c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1)
		return sr_buf_addc(out, (char)c);
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)((0xf00 >> n & 0xf0) | c);
	return sr_buf_add(out, (struct sr_str){ b, n });
}

/* Where Latin-9 and Windows-1252 differ from Latin-1. */
static uint32_t
byte_of(enum charset cs, uint8_t b)
{
	static const uint16_t win[32] = {
		0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
		0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd, 0x017d, 0xfffd,
		0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
		0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0xfffd, 0x017e, 0x0178
	};
	static const uint16_t nine[][2] = {
		{ 0xa4, 0x20ac }, { 0xa6, 0x0160 }, { 0xa8, 0x0161 },
		{ 0xb4, 0x017d }, { 0xb8, 0x017e }, { 0xbc, 0x0152 },
		{ 0xbd, 0x0153 }, { 0xbe, 0x0178 }
	};

	if (cs == CP1252 && b >= 0x80 && b < 0xa0)
		return win[b - 0x80];
	if (cs != LATIN9)
		return b;
	for (size_t i = 0; i < sizeof(nine) / sizeof(nine[0]); i++)
		if (nine[i][0] == b)
			return nine[i][1];
	return b;
}

static int
from_bytes(enum charset cs, struct sr_str in, struct sr_buf *out)
{
	int err = SR_OK;

	for (size_t i = 0; i < in.n && err == SR_OK; i++)
		err = put(out, byte_of(cs, (uint8_t)in.p[i]));
	return err;
}

static uint32_t
unit(enum charset cs, const char *p)
{
	uint8_t a = (uint8_t)p[0], b = (uint8_t)p[1];

	return cs == UTF16LE ? (uint32_t)(b << 8 | a) : (uint32_t)(a << 8 | b);
}

/* A half of a pair without the other, and half a unit, become U+FFFD. */
static int
from_utf16(enum charset cs, struct sr_str in, struct sr_buf *out)
{
	int err = SR_OK;
	size_t i;

	for (i = 0; i + 1 < in.n && err == SR_OK; i += 2) {
		uint32_t c = unit(cs, in.p + i), low;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < in.n &&
		    (low = unit(cs, in.p + i + 2)) >> 10 == 0xdc00 >> 10) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 2;
		} else if (c >= 0xd800 && c < 0xe000)
			c = 0xfffd;
		err = put(out, c);
	}
	return err == SR_OK && i < in.n ? put(out, 0xfffd) : err;
}

/* ---- which one ---- */

/* Evidence of the bytes, which no label can overrule; *mark is the length of
 * the byte order mark. */
static enum charset
by_bytes(struct sr_str in, size_t *mark)
{
	*mark = 0;
	if (sr_strstarts(in, SR_STR("\xef\xbb\xbf"))) {
		*mark = 3;
		return UTF8;
	}
	if (in.n < 2)
		return UNKNOWN;
	*mark = 2;
	if (unit(UTF16BE, in.p) == 0xfeff)
		return UTF16BE;
	if (unit(UTF16LE, in.p) == 0xfeff)
		return UTF16LE;
	*mark = 0;
	if (unit(UTF16BE, in.p) == '<')
		return UTF16BE;
	if (unit(UTF16LE, in.p) == '<')
		return UTF16LE;
	return UNKNOWN;
}

/* RFC 7865 5.1: the charset of the MIME part beats the declaration. */
static enum charset
by_label(struct sr_doc *d, struct sr_str in, struct sr_str label)
{
	enum charset cs;

	if (label.n == 0)
		label = declared(in);
	if (label.n == 0)
		return UTF8;
	cs = charset_by_name(label);
	if (cs != UNKNOWN && cs < UTF16)
		return cs;
	/* Two bytes to a character would have shown themselves. */
	sr_find(d, &bad_charset, 1, cs == UNKNOWN ?
	    "encoding \"%.*s\" is not known; read as UTF-8" :
	    "labelled \"%.*s\", but it is not; read as UTF-8", SR_SHOW(label));
	d->well_formed = false;
	return UTF8;
}

static struct sr_str
cut_blanks(struct sr_doc *d, struct sr_str text)
{
	struct sr_str t = sr_trim(text);

	if (sr_strstarts(t, SR_STR("<?xml")) && t.p > text.p) {
		sr_find(d, &blank_start, 1,
		    "white space before the XML declaration; cut off");
		d->well_formed = false;
		return sr_substr(text, (size_t)(t.p - text.p), text.n);
	}
	if (!sr_strstarts(t, SR_STR("<?xml")))
		sr_find(d, &no_declaration, 1, "no XML declaration");
	return text;
}

int
sr_meta_utf8(struct sr_doc *d, struct sr_str in, struct sr_str charset,
    struct sr_buf *hold, struct sr_str *text)
{
	size_t mark;
	enum charset cs = by_bytes(in, &mark);
	int err = SR_OK;

	in = sr_substr(in, mark, in.n);
	if (cs == UNKNOWN) {
		struct sr_str t = sr_trim(in);

		cs = by_label(d, t, sr_trim(charset));
	}
	if (cs == UTF16LE || cs == UTF16BE)
		err = from_utf16(cs, in, hold);
	else if (cs != UTF8)
		err = from_bytes(cs, in, hold);
	*text = cut_blanks(d, cs == UTF8 ? in : sr_buf_str(hold));
	return err;
}
