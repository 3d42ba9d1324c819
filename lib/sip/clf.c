/* clf - records of the SIP common log format, RFC 6873 section 4.
 *
 * Pointers count from 0, as section 4.1 and its figures say: the first field
 * begins at 82.  Those of the example in section 5 are all one more. */
#include "sip/priv.h"

#include <stdio.h>
#include <string.h>

enum {
	MAX_FIELD = 4096,		/* RFC 6872 section 8 */
	POINTERS = 8,			/* where the index begins to point */
	INDEX = 60,
	FIELDS = 12
};

/* An array, as literals may be shared with a "?" of somebody else. */
static const char unreadable[] = { '?' };
const struct sr_str sr_clf_unreadable = { unreadable, 1 };

/* ---- what stands in a message ---- */

void
sr_clf_of(struct sr_clf *c, const struct sr_msg *m)
{
	struct sr_str cseq = sr_msg_header(m, "CSeq", 0);

	c->response = m->status != 0;
	c->status = m->status;
	c->cseq = m->has_cseq ? sr_trim(cseq) : sr_clf_unreadable;
	c->uri = m->uri;
	c->to_uri = m->to.uri.n > 0 ? m->to.uri : sr_clf_unreadable;
	c->to_tag = m->to.tag;
	c->from_uri = m->from.uri.n > 0 ? m->from.uri : sr_clf_unreadable;
	c->from_tag = m->from.tag;
	c->call_id = m->call_id;
	/* The client's transaction is that of who sent the request. */
	if (c->sent != c->response)
		c->client_txn = m->branch;
	else
		c->server_txn = m->branch;
}

/* ---- fields, section 4.3 ---- */

/* Blanks for tabs and whatever else would tear the record, and no more of it
 * than a field may have. */
static int
put_clean(struct sr_buf *out, struct sr_str s)
{
	size_t at = out->n, end;
	int err = sr_buf_add(out, sr_substr(s, 0, MAX_FIELD));

	end = err == SR_OK ? out->n : at;
	for (; at < end; at++)
		if ((unsigned char)out->p[at] < 0x20 || out->p[at] == 0x7f)
			out->p[at] = ' ';
	return err;
}

/* A field that is a lone "-" or "?" is not one that is missing or unreadable:
 * those we say by views that lie elsewhere. */
static int
put_field(struct sr_buf *out, struct sr_str s)
{
	if (s.n == 0)
		return sr_buf_addc(out, '-');
	if (sr_streq(s, SR_STR("-")))
		return sr_buf_add(out, SR_STR("%2D"));
	if (sr_streq(s, SR_STR("?")) && s.p != sr_clf_unreadable.p)
		return sr_buf_add(out, SR_STR("%3F"));
	return put_clean(out, s);
}

static int
put_addr(struct sr_buf *out, const struct sr_addr *a)
{
	struct sr_addr bare = *a;
	int err;

	if (a->family == 0)
		return sr_buf_addc(out, '-');
	bare.port = 0;
	err = sr_addr_print(out, &bare);
	return err == SR_OK ? sr_buf_fmt(out, ":%u", a->port) : err;
}

static int
put_status(struct sr_buf *out, const struct sr_clf *c)
{
	if (!c->response)
		return sr_buf_addc(out, '-');
	return sr_buf_fmt(out, "%d", c->status);
}

/* The mandatory fields in the order of the index, section 4.1. */
static int
put_nth(struct sr_buf *out, const struct sr_clf *c, int nth)
{
	switch (nth) {
	case 0: return put_field(out, c->cseq);
	case 1: return put_status(out, c);
	case 2: return put_field(out, c->uri);
	case 3: return put_addr(out, &c->dst);
	case 4: return put_addr(out, &c->src);
	case 5: return put_field(out, c->to_uri);
	case 6: return put_field(out, c->to_tag);
	case 7: return put_field(out, c->from_uri);
	case 8: return put_field(out, c->from_tag);
	case 9: return put_field(out, c->call_id);
	case 10: return put_field(out, c->server_txn);
	default: return put_field(out, c->client_txn);
	}
}

/* ---- optional fields, section 4.4 ---- */

/* Tag 00 of vendor 0: a whole header, base64 where it is not printable. */
static int
put_header(struct sr_buf *out, const struct sr_header *h)
{
	struct sr_str value = sr_substr(h->value, 0, MAX_FIELD / 2);
	size_t at, length;
	bool plain = true;
	char text[5];
	int err;

	for (size_t i = 0; i < value.n; i++)
		if (((unsigned char)value.p[i] < 0x20 && value.p[i] != '\t') ||
		    (unsigned char)value.p[i] >= 0x7f)
			plain = false;
	at = out->n;
	if ((err = sr_buf_fmt(out, "\t00@00000000,0000,%s,", plain ? "00" :
	    "01")) != SR_OK)
		return err;
	length = out->n;
	if ((err = put_clean(out, sr_substr(h->name, 0, 256))) != SR_OK ||
	    (err = sr_buf_add(out, SR_STR(": "))) != SR_OK)
		return err;
	err = plain ? put_clean(out, value) :
	    sr_base64_add(out, value.p, value.n);
	snprintf(text, sizeof(text), "%04zX", (out->n - length) & 0xffff);
	memcpy(out->p + at + 13, text, 4);
	return err;
}

/* ---- the record ---- */

static int
put_flags(struct sr_buf *out, const struct sr_clf *c)
{
	sr_time ms = c->time > 0 ? c->time / SR_MSEC : 0;

	return sr_buf_fmt(out, "%010lld.%03lld\t%c%c%c%c%c",
	    (long long)(ms / 1000 % 10000000000), (long long)(ms % 1000),
	    c->response ? 'r' : 'R', c->duplicate ? 'D' : 'O',
	    c->sent ? 'S' : 'R', c->proto == SR_UDP ? 'U' : 'T',
	    c->secret ? 'E' : 'U');
}

/* Hex digits in upper case, filled up with zeros, over what stands there. */
static void
patch(struct sr_buf *out, size_t at, size_t digits, size_t v)
{
	static const char hex[] = "0123456789ABCDEF";

	while (digits-- > 0) {
		out->p[at + digits] = hex[v & 15];
		v >>= 4;
	}
}

static int
put_record(struct sr_buf *out, const struct sr_clf *c)
{
	size_t start = out->n;
	int err = sr_buf_fmt(out, "A000000,%052d\n", 0);

	if (err == SR_OK)
		err = put_flags(out, c);
	for (int i = 0; err == SR_OK && i < FIELDS; i++) {
		if ((err = sr_buf_addc(out, '\t')) != SR_OK)
			break;
		patch(out, start + POINTERS + 4 * (size_t)i, 4,
		    out->n - start);
		err = put_nth(out, c, i);
	}
	if (err != SR_OK)
		return err;
	patch(out, start + INDEX - 4, 4, out->n - start);
	for (size_t i = 0; err == SR_OK && i < c->nmore; i++)
		err = put_header(out, &c->more[i]);
	if (err == SR_OK)
		err = sr_buf_addc(out, '\n');
	if (err == SR_OK)
		patch(out, start + 1, 6, out->n - start);
	return err;
}

int
sr_clf_add(struct sr_buf *out, const struct sr_clf *c)
{
	size_t before = out->n;
	int err = put_record(out, c);

	if (err != SR_OK)
		out->n = before;
	return err;
}
