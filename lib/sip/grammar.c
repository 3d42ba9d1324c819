/* grammar - what libosip2 says about a header value.
 *
 * The values themselves are views cut by value.c, which understands more than
 * the grammar allows.  libosip2 knows the grammar, and so its refusal is a
 * note for whoever wants to know what a peer does wrong. */
#include "sip/priv.h"

#include <osipparser2/osip_port.h>
#include <osipparser2/osip_message.h>
#include <string.h>

/* libosip2 appends to a list by walking it: a value of many parameters would
 * cost the square of its length. */
enum { MAX_ASKED = 1024 };

/* A C string for libosip2, or NULL when it cannot be asked. */
static const char *
c_string(struct sr_str value, char buf[MAX_ASKED])
{
	if (value.n == 0 || value.n >= MAX_ASKED ||
	    memchr(value.p, '\0', value.n) != NULL)
		return NULL;
	memcpy(buf, value.p, value.n);
	buf[value.n] = '\0';
	return buf;
}

bool
sip_legal_party(struct sr_str value)
{
	char buf[MAX_ASKED];
	const char *text = c_string(value, buf);
	osip_from_t *from;
	bool ok;

	if (text == NULL || osip_from_init(&from) != 0)
		return true;
	ok = osip_from_parse(from, text) == 0;
	osip_from_free(from);
	return ok;
}

bool
sip_legal_via(struct sr_str value)
{
	char buf[MAX_ASKED];
	const char *text = c_string(value, buf);
	osip_via_t *via;
	bool ok;

	if (text == NULL || osip_via_init(&via) != 0)
		return true;
	ok = osip_via_parse(via, text) == 0;
	osip_via_free(via);
	return ok;
}
