/* mime - the parts of a multipart body, RFC 2046 section 5.1.
 *
 * Lines may end with LF alone; the bytes of a part are its own to the last:
 * the line end before a boundary belongs to the boundary. */
#include "sip/priv.h"

/* One multipart being cut. */
struct cut {
	struct sip_body *b;
	struct sr_str boundary;
	struct sr_str rest;		/* what is not looked at yet */
	bool closed;			/* the closing boundary was met */
};

/* Is line "--boundary", blanks allowed behind it?  With "--" behind, it is
 * the last one. */
static bool
delimiter(struct sr_str line, struct sr_str boundary, bool *last)
{
	struct sr_str rest;

	if (line.n < boundary.n + 2 || line.p[0] != '-' || line.p[1] != '-' ||
	    !sr_strstarts(sr_substr(line, 2, line.n), boundary))
		return false;
	rest = sr_trim(sr_substr(line, boundary.n + 2, line.n));
	*last = sr_streq(rest, SR_STR("--"));
	return rest.n == 0 || *last;
}

/* Takes everything up to the next delimiter off c->rest.  false: there was
 * none, and data is all that was left. */
static bool
next_delimiter(struct cut *c, struct sr_str *data)
{
	const char *from = c->rest.p;
	struct sr_str line;
	size_t n;

	while (c->rest.n > 0) {
		line = sr_substr(c->rest, 0, sr_strchr(c->rest, '\n'));
		n = (size_t)(line.p - from);
		c->rest = sr_substr(c->rest, line.n + 1, c->rest.n);
		if (!delimiter(line, c->boundary, &c->closed))
			continue;
		*data = (struct sr_str){ from, n };
		if (data->n > 0 && data->p[data->n - 1] == '\n')
			*data = sip_chop(sr_substr(*data, 0, data->n - 1));
		return true;
	}
	*data = (struct sr_str){ from, (size_t)(c->rest.p - from) };
	return false;
}

static void
part_header(struct mime *h, struct sr_str name, struct sr_str value)
{
	name = sip_long_name(name);
	if (sr_strieq(name, SR_STR("Content-Type")))
		h->type = value;
	else if (sr_strieq(name, SR_STR("Content-Transfer-Encoding")))
		h->encoding = value;
	else if (sr_strieq(name, SR_STR("Content-Disposition")))
		h->disposition = value;
	else if (sr_strieq(name, SR_STR("Content-ID")))
		h->id = value;
}

/* Reads the headers off part and leaves its data.  The empty line may be
 * missing: what is no header begins the data. */
static void
part_headers(struct cut *c, struct sr_str *part, struct mime *h)
{
	struct sr_str rest = *part, line, name, value;

	*h = (struct mime){ .type = { NULL, 0 } };
	while (sip_line(&rest, &line)) {
		if (line.n == 0) {
			*part = rest;
			return;
		}
		if (!sip_field(line, &name, &value) || !sip_is_token(name)) {
			sip_note(&c->b->notes,
			    "a part without an empty line behind its headers");
			return;
		}
		part_header(h, name, value);
		*part = rest;
	}
}

/* The first line that could be a delimiter tells the boundary. */
static struct sr_str
guess_boundary(struct sr_str data)
{
	struct sr_str line, absent = { NULL, 0 };

	while (data.n > 0) {
		line = sr_substr(data, 0, sr_strchr(data, '\n'));
		data = sr_substr(data, line.n + 1, data.n);
		line = sr_trim(line);
		if (line.n > 2 && sr_strstarts(line, SR_STR("--")))
			return sr_substr(line, 2, line.n);
	}
	return absent;
}

/* Is there one that opens a part? */
static bool
has_delimiter(struct sr_str data, struct sr_str boundary)
{
	struct cut c = { .boundary = boundary, .rest = data };
	struct sr_str skipped;

	return next_delimiter(&c, &skipped) && !c.closed;
}

/* false when data cannot be cut at all. */
static bool
find_boundary(struct sip_body *b, struct sr_str type, struct sr_str data,
    struct sr_str *boundary)
{
	struct sr_str head, params;

	sip_split_params(type, &head, &params);
	if (!sr_param(params, "boundary", boundary) || boundary->p == NULL) {
		sip_note(&b->notes, "a multipart without boundary");
		*boundary = guess_boundary(data);
		return boundary->n > 0;
	}
	if (boundary->n == 0 || boundary->n > 70)
		sip_note(&b->notes, "a boundary not of 1 to 70 characters");
	if (has_delimiter(data, *boundary))
		return true;
	sip_note(&b->notes, "a multipart in which its boundary is not found");
	*boundary = guess_boundary(data);
	return boundary->n > 0;
}

static void
add_leaf(struct sip_body *b, const struct mime *h, struct sr_str data,
    unsigned alt)
{
	struct sr_body *body = b->b;
	struct sr_str params, ignored;
	struct sr_part *p;

	if (body->nparts == SIP_MAX_PARTS) {
		sip_note(&b->notes, "more than 32 parts");
		return;
	}
	p = sr_arena_grow(&body->arena, body->parts, body->nparts, sizeof(*p));
	if (p == NULL) {
		b->err = SR_ENOMEM;
		return;
	}
	body->parts = p;
	p += body->nparts++;
	*p = (struct sr_part){ .alt = alt };
	sip_split_params(h->type, &p->type, &params);
	sr_param(params, "charset", &p->charset);
	sip_split_params(h->disposition, &p->disposition, &ignored);
	p->id = sr_trim(h->id);
	if (p->id.n > 1 && p->id.p[0] == '<' && p->id.p[p->id.n - 1] == '>')
		p->id = sr_substr(p->id, 1, p->id.n - 2);
	p->data = mime_decode(b, sr_trim(h->encoding), data);
}

/* Everything behind the last part, as behind a closing boundary, is ignored;
 * so is what stands before the first. */
static void
split(struct sip_body *b, struct sr_str type, struct sr_str data,
    struct sr_str boundary, unsigned depth, unsigned alt)
{
	struct cut c = { .b = b, .boundary = boundary, .rest = data };
	struct sr_str part;
	struct mime h;
	bool more;

	if (alt == 0 && sr_stristarts(type, SR_STR("multipart/alternative")))
		alt = ++b->nalt;
	more = next_delimiter(&c, &part);
	while (more && !c.closed && b->err == SR_OK &&
	    b->b->nparts < SIP_MAX_PARTS) {
		if (c.rest.n == 0)
			break;
		more = next_delimiter(&c, &part);
		part_headers(&c, &part, &h);
		mime_split(b, &h, part, depth + 1, alt);
	}
	if (more && !c.closed && b->b->nparts == SIP_MAX_PARTS)
		sip_note(&b->notes, "more than 32 parts");
	else if (!c.closed)
		sip_note(&b->notes, "a multipart without closing boundary");
}

void
mime_split(struct sip_body *b, const struct mime *h, struct sr_str data,
    unsigned depth, unsigned alt)
{
	struct sr_str boundary;

	if (!sr_stristarts(h->type, SR_STR("multipart/"))) {
		add_leaf(b, h, data, alt);
	} else if (depth >= SIP_MAX_DEPTH) {
		sip_note(&b->notes, "multiparts in multiparts, too deep");
		add_leaf(b, h, data, alt);
	} else if (!find_boundary(b, h->type, data, &boundary)) {
		add_leaf(b, h, data, alt);
	} else {
		split(b, h->type, data, boundary, depth, alt);
	}
}
