/* value - inside header values and URIs. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* Where c first stands outside quotes and <>; s.n when it does not.  What is
 * never closed counts as not open. */
static size_t
bare(struct sr_str s, char c)
{
	size_t i, end;

	for (i = 0; i < s.n && s.p[i] != c; i++) {
		if (s.p[i] == '<') {
			end = i + sr_strchr(sr_substr(s, i, s.n), '>');
		} else if (s.p[i] == '"') {
			for (end = i + 1; end < s.n && s.p[end] != '"'; end++)
				end += s.p[end] == '\\';
		} else {
			continue;
		}
		if (end >= s.n)
			return i + sr_strchr(sr_substr(s, i, s.n), c);
		i = end;
	}
	return i;
}

bool
value_next(struct sr_str *rest, struct sr_str *value)
{
	size_t at;

	while (rest->n > 0) {
		at = bare(*rest, ',');
		*value = sr_trim(sr_substr(*rest, 0, at));
		*rest = sr_substr(*rest, at + 1, rest->n);
		if (value->n > 0)
			return true;
	}
	*value = (struct sr_str){ NULL, 0 };
	return false;
}

void
value_split(struct sr_str value, struct sr_str *head, struct sr_str *params)
{
	size_t at = bare(value, ';');

	*head = sr_trim(sr_substr(value, 0, at));
	*params = sr_substr(value, at, value.n);
}

bool
value_lists(struct sr_str list, struct sr_str token)
{
	struct sr_str value, head, params;

	while (value_next(&list, &value)) {
		value_split(value, &head, &params);
		if (sr_strieq(head, token))
			return true;
	}
	return false;
}

struct sr_str
value_name_addr(struct sr_str value)
{
	struct sr_str head, params;

	value_split(value, &head, &params);
	return head;
}

struct sr_str
value_uri(struct sr_str value)
{
	struct sr_str head = value_name_addr(value);
	size_t open = bare(head, '<'), end;

	if (open == head.n)
		return head;
	head = sr_substr(head, open + 1, head.n);
	end = sr_strchr(head, '>');
	return sr_trim(sr_substr(head, 0, end));
}

int
value_joined(struct sr_str *at, const struct sr_msg *m, const char *name)
{
	struct sr_buf b;
	struct sr_str one;
	int err = SR_OK;

	sr_buf_init(&b, 16384);
	for (size_t i = 0; err == SR_OK; i++) {
		one = sr_msg_header(m, name, i);
		if (one.p == NULL)
			break;
		if (b.n > 0)
			err = sr_buf_add(&b, SR_STR(", "));
		if (err == SR_OK)
			err = sr_buf_add(&b, one);
	}
	if (err == SR_OK)
		err = text_set(at, sr_buf_str(&b));
	sr_buf_free(&b);
	return err;
}

bool
value_number(struct sr_str s, uint32_t *out)
{
	struct sr_str head, params;
	uint64_t v;

	value_split(s, &head, &params);
	/* "18000 (I am in a meeting)" */
	head = sr_trim(sr_substr(head, 0, sr_strchr(head, '(')));
	*out = 0;
	if (sr_strnum(head, &v) != SR_OK || v > UINT32_MAX)
		return false;
	*out = (uint32_t)v;
	return true;
}

struct sr_str
uri_params(struct sr_str uri)
{
	size_t at = sr_strchr(uri, '@');
	struct sr_str rest = sr_substr(uri, at < uri.n ? at : 0, uri.n);

	rest = sr_substr(rest, 0, sr_strchr(rest, '?'));
	return sr_substr(rest, sr_strchr(rest, ';'), rest.n);
}

bool
uri_is_sips(struct sr_str uri)
{
	return sr_stristarts(uri, SR_STR("sips:"));
}

/* The port stands where the host ends. */
static uint16_t
port_after(struct sr_str uri, struct sr_str host)
{
	const char *end = host.p + host.n;
	struct sr_str rest = { end, (size_t)(uri.p + uri.n - end) };
	size_t n = 0;
	uint64_t v;

	if (rest.n == 0 || rest.p[0] != ':')
		return 0;
	rest = sr_substr(rest, 1, rest.n);
	while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
		n++;
	return sr_strnum(sr_substr(rest, 0, n), &v) == SR_OK &&
	    v <= UINT16_MAX ? (uint16_t)v : 0;
}

bool
uri_numeric(struct sr_str uri, struct sr_addr *a)
{
	struct sr_str user, host, maddr;
	uint16_t port;

	if (sr_uri_split(uri, &user, &host) != SR_OK || host.n == 0)
		return false;
	port = port_after(uri, host);
	if (sr_param(uri_params(uri), "maddr", &maddr))
		host = maddr;
	if (sr_addr_parse(a, host) != SR_OK)
		return false;
	a->port = port;
	return true;
}

bool
body_has_sdp(struct sr_str type, struct sr_str body)
{
	if (sr_stristarts(type, SR_STR("application/sdp")))
		return body.n > 0;
	return sr_stristarts(type, SR_STR("multipart/")) &&
	    sr_strifind(body, SR_STR("application/sdp")) < body.n;
}

/* RFC 7989 section 5: 32 lower-case hex digits; RFC 7329 had upper ones. */
bool
session_id_read(struct sr_str value, char own[UUID_HEX + 1])
{
	struct sr_str head, params;

	value_split(value, &head, &params);
	if (head.n != UUID_HEX)
		return false;
	for (size_t i = 0; i < UUID_HEX; i++) {
		char c = head.p[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c + 32);
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
		own[i] = c;
	}
	own[UUID_HEX] = '\0';
	return true;
}

/* The body is not as long as it says: RFC 3261 section 18.3. */
bool
heard_is_short(const struct heard *h)
{
	struct sr_str value = sr_msg_header(&h->msg, "Content-Length", 0);
	uint64_t len;
	int err;

	if (value.p == NULL)
		return false;
	err = sr_strnum(value, &len);
	return err != SR_OK || len > h->msg.body.n;
}
