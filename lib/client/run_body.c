/* run_body - SDP and metadata in one body, as a vendor's client packs them. */
#include "run.h"

#include <string.h>

enum { BODY = 1 << 20 };

static void
boundary(struct call *c, struct sr_str sdp, struct sr_str meta, char out[40])
{
	const struct sr_dialect *d = c->script->dialect;
	static const char hex[] = "0123456789abcdef";
	uint8_t r[12];
	char *p;

	if (d != NULL && d->boundary != NULL &&
	    strlen(d->boundary) < 40 &&
	    sr_strfind(sdp, sr_cstr(d->boundary)) == sdp.n &&
	    sr_strfind(meta, sr_cstr(d->boundary)) == meta.n) {
		strcpy(out, d->boundary);
		return;
	}
	do {
		run_random(c->run, r, sizeof(r));
		strcpy(out, "siprec-");
		p = out + 7;
		for (size_t i = 0; i < sizeof(r); i++) {
			*p++ = hex[r[i] >> 4];
			*p++ = hex[r[i] & 15];
		}
		*p = '\0';
	} while (sr_strfind(sdp, sr_cstr(out)) < sdp.n ||
	    sr_strfind(meta, sr_cstr(out)) < meta.n);
}

static int
part(const struct sr_dialect *d, const char *mark, const char *type,
    const char *disposition, struct sr_str data, struct sr_buf *out)
{
	const char *sep = d != NULL && d->tight ? ":" : ": ";
	bool first = d != NULL && d->disposition_first && disposition != NULL;

	sr_buf_fmt(out, "--%s\r\n", mark);
	if (first)
		sr_buf_fmt(out, "Content-Disposition%s%s\r\n", sep,
		    disposition);
	sr_buf_fmt(out, "Content-Type%s%s\r\n", sep, type);
	if (disposition != NULL && !first)
		sr_buf_fmt(out, "Content-Disposition%s%s\r\n", sep,
		    disposition);
	if (d != NULL && d->part_length)
		sr_buf_fmt(out, "Content-Length%s%zu\r\n", sep, data.n);
	sr_buf_fmt(out, "\r\n");
	sr_buf_add(out, data);
	return sr_buf_fmt(out, "\r\n");
}

static const char *
meta_type(const struct sr_dialect *d, bool update)
{
	if (d != NULL && update && d->update_type != NULL)
		return d->update_type;
	return d != NULL && d->meta_type != NULL ? d->meta_type :
	    "application/rs-metadata+xml";
}

static const char *
disposition(const struct sr_dialect *d)
{
	return d == NULL ? "recording-session" : d->disposition;
}

static int
pack_one(struct call *c, bool update, struct sr_str sdp, struct sr_str meta,
    struct sr_buf *type, struct sr_buf *headers, struct sr_buf *body)
{
	const struct sr_dialect *d = c->script->dialect;

	if (sdp.n > 0) {
		sr_buf_fmt(type, "application/sdp");
		return sr_buf_add(body, sdp);
	}
	if (meta.n == 0)
		return SR_OK;
	sr_buf_fmt(type, "%s", meta_type(d, update));
	if (disposition(d) != NULL)
		sr_buf_fmt(headers, "Content-Disposition: %s\r\n",
		    disposition(d));
	return sr_buf_add(body, meta);
}

int
body_pack(struct call *c, bool update, struct sr_str sdp,
    struct sr_str meta, struct sr_buf *type, struct sr_buf *headers,
    struct sr_buf *body)
{
	const struct sr_dialect *d = c->script->dialect;
	bool meta_first = d != NULL && d->meta_first;
	char mark[40];

	sr_buf_init(type, 256);
	sr_buf_init(headers, 4096);
	sr_buf_init(body, BODY);
	if (sdp.n == 0 || meta.n == 0)
		return pack_one(c, update, sdp, meta, type, headers, body);
	boundary(c, sdp, meta, mark);
	sr_buf_fmt(type, "multipart/mixed;boundary=%s", mark);
	if (meta_first)
		part(d, mark, meta_type(d, update), disposition(d), meta,
		    body);
	part(d, mark, "application/sdp", d != NULL ? d->sdp_disposition : NULL,
	    sdp, body);
	if (!meta_first)
		part(d, mark, meta_type(d, update), disposition(d), meta,
		    body);
	if (d != NULL && d->unclosed)
		return body->n > 0 ? SR_OK : SR_ENOMEM;
	return sr_buf_fmt(body, "--%s--%s", mark, d != NULL &&
	    d->no_last_crlf ? "" : "\r\n");
}
