/* build - text of ours in headers and bodies: nothing that is handed in can
 * end its line, its quotes or its part. */
#include "sip/priv.h"

#include <stdio.h>
#include <string.h>

/* Undoes what was added when it could not be added whole. */
static int
whole(struct sr_buf *out, size_t before, int err)
{
	if (err != SR_OK)
		out->n = before;
	return err;
}

void
sip_hex(char *out, const uint8_t *v, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[v[i] >> 4];
		out[2 * i + 1] = digits[v[i] & 15];
	}
}

bool
sr_header_safe(struct sr_str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '\r' || value.p[i] == '\n' ||
		    value.p[i] == '\0')
			return false;
	return true;
}

int
sr_header_add(struct sr_buf *out, const char *name, struct sr_str value)
{
	size_t before = out->n;
	int err;

	if (!sip_is_token(sr_cstr(name)) || !sr_header_safe(value))
		return SR_EBAD;
	if ((err = sr_buf_add(out, sr_cstr(name))) == SR_OK &&
	    (err = sr_buf_add(out, SR_STR(": "))) == SR_OK &&
	    (err = sr_buf_add(out, value)) == SR_OK)
		err = sr_buf_add(out, SR_STR("\r\n"));
	return whole(out, before, err);
}

int
sr_quote_add(struct sr_buf *out, struct sr_str s)
{
	size_t before = out->n;
	int err;

	if (!sr_header_safe(s))
		return SR_EBAD;
	err = sr_buf_addc(out, '"');
	for (size_t i = 0; err == SR_OK && i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			err = sr_buf_addc(out, '\\');
		if (err == SR_OK)
			err = sr_buf_addc(out, s.p[i]);
	}
	if (err == SR_OK)
		err = sr_buf_addc(out, '"');
	return whole(out, before, err);
}

/* ---- URIs, RFC 3261 section 25.1 ---- */

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* All of s in the set, or letters and digits. */
static bool
made_of(struct sr_str s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) &&
		    (s.p[i] == '\0' || strchr(set, s.p[i]) == NULL))
			return false;
	return s.n > 0;
}

/* An escape that is there already stays: sr_uri_split leaves them in. */
static int
add_user(struct sr_buf *out, struct sr_str user)
{
	int err = SR_OK;
	char c;

	for (size_t i = 0; err == SR_OK && i < user.n; i++) {
		c = user.p[i];
		if (is_alnum(c) ||
		    (c != '\0' && strchr("-_.!~*'()&=+$,;?/", c) != NULL) ||
		    (c == '%' && user.n - i > 2 && is_hex(user.p[i + 1]) &&
		    is_hex(user.p[i + 2])))
			err = sr_buf_addc(out, c);
		else
			err = sr_buf_fmt(out, "%%%02X", (unsigned char)c);
	}
	return err == SR_OK ? sr_buf_addc(out, '@') : err;
}

static int
add_host(struct sr_buf *out, struct sr_str host)
{
	struct sr_addr a;

	if (made_of(host, "-._"))
		return sr_buf_add(out, host);
	if (sr_addr_parse(&a, host) != SR_OK || a.family != 6 || a.port != 0)
		return SR_EBAD;
	if (host.p[0] == '[')
		return sr_buf_add(out, host);
	return sr_buf_fmt(out, "[%.*s]", SR_FMT(host));
}

int
sr_uri_add(struct sr_buf *out, const struct sr_uri *u)
{
	size_t before = out->n;
	int err;

	if ((!sr_strieq(u->scheme, SR_STR("sip")) &&
	    !sr_strieq(u->scheme, SR_STR("sips"))) ||
	    (u->transport.n > 0 && !sip_is_token(u->transport)))
		return SR_EBAD;
	err = sr_buf_fmt(out, "%.*s:", SR_FMT(u->scheme));
	if (err == SR_OK && u->user.n > 0)
		err = add_user(out, u->user);
	if (err == SR_OK)
		err = add_host(out, u->host);
	if (err == SR_OK && u->port != 0)
		err = sr_buf_fmt(out, ":%u", u->port);
	if (err == SR_OK && u->transport.n > 0)
		err = sr_buf_fmt(out, ";transport=%.*s", SR_FMT(u->transport));
	return whole(out, before, err);
}

/* ---- bodies, RFC 2046 section 5.1 ---- */

enum { BOUNDARY = 32, MAX_TRIES = 1000 };

static bool
occurs(const char *boundary, const struct sr_piece *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sr_strfind(v[i].data, sr_cstr(boundary)) < v[i].data.n)
			return true;
	return false;
}

/* Out of the lengths, so that the same pieces get the same boundary and runs
 * can be compared; one that occurs is counted up until it does not. */
static int
make_boundary(char out[BOUNDARY], const struct sr_piece *v, size_t n)
{
	uint64_t h = 0;

	for (size_t i = 0; i < n; i++)
		h = (h ^ v[i].data.n) * 0x9e3779b97f4a7c15;
	for (int try = 0; try < MAX_TRIES; try++, h++) {
		snprintf(out, BOUNDARY, "siprec-%016llx",
		    (unsigned long long)h);
		if (!occurs(out, v, n))
			return SR_OK;
	}
	return SR_ELIMIT;
}

static int
add_piece(struct sr_buf *out, const char *boundary, const struct sr_piece *p)
{
	int err;

	if ((err = sr_buf_fmt(out, "--%s\r\n", boundary)) != SR_OK ||
	    (err = sr_header_add(out, "Content-Type", p->type)) != SR_OK)
		return err;
	if (p->disposition.n > 0)
		err = sr_header_add(out, "Content-Disposition",
		    p->disposition);
	if (err == SR_OK && (err = sr_buf_add(out, SR_STR("\r\n"))) == SR_OK &&
	    (err = sr_buf_add(out, p->data)) == SR_OK)
		err = sr_buf_add(out, SR_STR("\r\n"));
	return err;
}

static int
add_multipart(struct sr_buf *out, struct sr_buf *type,
    const struct sr_piece *v, size_t n)
{
	char boundary[BOUNDARY];
	int err = make_boundary(boundary, v, n);

	for (size_t i = 0; err == SR_OK && i < n; i++)
		err = add_piece(out, boundary, &v[i]);
	if (err == SR_OK)
		err = sr_buf_fmt(out, "--%s--\r\n", boundary);
	if (err == SR_OK)
		err = sr_buf_fmt(type, "multipart/mixed;boundary=%s",
		    boundary);
	return err;
}

int
sr_body_write(struct sr_buf *out, struct sr_buf *type,
    const struct sr_piece *v, size_t n)
{
	size_t before = out->n, type_before = type->n;
	int err;

	for (size_t i = 0; i < n; i++)
		if (v[i].type.n == 0 || !sr_header_safe(v[i].type) ||
		    !sr_header_safe(v[i].disposition))
			return SR_EBAD;
	if (n == 0)
		return SR_OK;
	if (n > 1)
		err = add_multipart(out, type, v, n);
	else if ((err = sr_buf_add(out, v[0].data)) == SR_OK)
		err = sr_buf_add(type, v[0].type);
	whole(type, type_before, err);
	return whole(out, before, err);
}
