/* sessionid - the Session-ID header, RFC 7989 section 5. */
#include "sip/priv.h"

#include <string.h>

enum { DIGITS = 32 };

/* 32 hex digits, made lower case. */
static int
read_uuid(char out[DIGITS + 1], struct sr_str s)
{
	char c;

	if (s.n != DIGITS)
		return SR_EBAD;
	for (size_t i = 0; i < DIGITS; i++) {
		c = s.p[i];
		if (c >= 'A' && c <= 'F')
			c = (char)(c | 0x20);
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return SR_EBAD;
		out[i] = c;
	}
	out[DIGITS] = '\0';
	return SR_OK;
}

int
sr_session_id_parse(struct sr_session_id *s, struct sr_str value)
{
	struct sr_str head, params, remote;

	memset(s, 0, sizeof(*s));
	sip_split_params(value, &head, &params);
	if (read_uuid(s->local, head) != SR_OK)
		return SR_EBAD;
	if (!sr_param(params, "remote", &remote))
		return SR_OK;
	return read_uuid(s->remote, remote);
}

int
sr_session_id_add(struct sr_buf *out, const struct sr_session_id *s)
{
	return sr_buf_fmt(out, "%s;remote=%s", s->local,
	    s->remote[0] != '\0' ? s->remote : SR_SESSION_NIL);
}

void
sr_session_id_of(char out[33], const uint8_t uuid[16])
{
	sip_hex(out, uuid, 16);
	out[DIGITS] = '\0';
}
