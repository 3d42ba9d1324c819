/* decode - Content-Transfer-Encoding, RFC 2045 section 6. */
#include "sip/priv.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The blanks that end a line were added on the way: section 6.7, rule 3.
 * Returns where the line end begins when only blanks stand before it. */
static size_t
skip_blanks(struct sr_str s, size_t i)
{
	size_t n = i;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n++;
	return n == s.n || s.p[n] == '\n' || s.p[n] == '\r' ? n : i;
}

/* The length of a soft line break's rest, that is what follows its '='. */
static size_t
soft_break(struct sr_str s, size_t i)
{
	size_t n = skip_blanks(s, i);

	if (n + 1 < s.n && s.p[n] == '\r' && s.p[n + 1] == '\n')
		return n + 2 - i;
	if (n < s.n && s.p[n] == '\n')
		return n + 1 - i;
	return n == s.n ? n - i : 0;
}

static struct sr_str
quoted_printable(struct sip_body *b, struct sr_str s)
{
	struct sr_str out = sr_arena_dup(&b->b->arena, s);
	char *w = (char *)out.p;
	size_t n, i = 0;

	if (out.p == NULL) {
		b->err = SR_ENOMEM;
		return s;
	}
	while (i < s.n) {
		if (s.p[i] == ' ' || s.p[i] == '\t') {
			if ((n = skip_blanks(s, i)) > i)
				i = n;
			/* A run that ends no line is looked at once. */
			else
				while (i < s.n && (s.p[i] == ' ' ||
				    s.p[i] == '\t'))
					*w++ = s.p[i++];
			continue;
		}
		if (s.p[i] != '=') {
			*w++ = s.p[i++];
		} else if (i + 2 < s.n && hex(s.p[i + 1]) >= 0 &&
		    hex(s.p[i + 2]) >= 0) {
			*w++ = (char)(hex(s.p[i + 1]) << 4 | hex(s.p[i + 2]));
			i += 3;
		} else if ((n = soft_break(s, i + 1)) > 0 || i + 1 == s.n) {
			i += 1 + n;
		} else {
			sip_note(&b->notes,
			    "a part not quite quoted-printable");
			*w++ = s.p[i++];
		}
	}
	out.n = (size_t)(w - out.p);
	return out;
}

static struct sr_str
base64(struct sip_body *b, struct sr_str s)
{
	struct sr_buf buf;
	struct sr_str out = s;
	int err;

	sr_buf_init(&buf, s.n + 16);
	err = sr_base64_read(&buf, s);
	if (err == SR_OK)
		out = sr_arena_dup(&b->b->arena, sr_buf_str(&buf));
	else if (err == SR_EBAD)
		sip_note(&b->notes, "a part that says base64 and is not");
	if (err == SR_ENOMEM || out.p == NULL)
		b->err = SR_ENOMEM;
	sr_buf_free(&buf);
	return out;
}

struct sr_str
mime_decode(struct sip_body *b, struct sr_str encoding, struct sr_str data)
{
	if (sr_strieq(encoding, SR_STR("base64")))
		return base64(b, data);
	if (sr_strieq(encoding, SR_STR("quoted-printable")))
		return quoted_printable(b, data);
	if (encoding.n > 0 && !sr_strieq(encoding, SR_STR("binary")) &&
	    !sr_strieq(encoding, SR_STR("8bit")) &&
	    !sr_strieq(encoding, SR_STR("7bit")))
		sip_note(&b->notes, "a Content-Transfer-Encoding not known");
	return data;
}
