/* addr - addresses and flows as values: compare, hash, read, print. */
#include "siprec/net.h"

#include <arpa/inet.h>
#include <string.h>

bool
sr_addr_any(const struct sr_addr *a)
{
	return sr_addr_half(a, 0) == 0 && sr_addr_half(a, 1) == 0;
}

static int
parse_ip(struct sr_addr *a, int family, struct sr_str s)
{
	char text[INET6_ADDRSTRLEN];

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return SR_EBAD;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, a->ip) != 1)
		return SR_EBAD;
	a->family = (uint8_t)family;
	return SR_OK;
}

static int
parse_port(struct sr_addr *a, struct sr_str s)
{
	uint64_t v;

	if (sr_strnum(s, &v) != SR_OK || v > UINT16_MAX)
		return SR_EBAD;
	a->port = (uint16_t)v;
	return SR_OK;
}

int
sr_addr_parse(struct sr_addr *a, struct sr_str s)
{
	struct sr_str ip = s, port = { NULL, 0 };
	size_t colon = sr_strchr(s, ':');
	struct sr_addr v = { .family = 0 };
	int family = 4;

	if (s.n == 0)
		return SR_EBAD;
	if (s.p[0] == '[') {
		size_t end = sr_strchr(s, ']');

		if (end == s.n || (end + 1 < s.n && s.p[end + 1] != ':'))
			return SR_EBAD;
		ip = sr_substr(s, 1, end - 1);
		if (end + 1 < s.n)
			port = (struct sr_str){ s.p + end + 2, s.n - end - 2 };
		family = 6;
	} else if (colon < s.n) {
		port = sr_substr(s, colon + 1, s.n);
		ip = sr_substr(s, 0, colon);
		if (sr_strchr(port, ':') < port.n) {	/* IPv6, no brackets */
			ip = s;
			port = (struct sr_str){ NULL, 0 };
			family = 6;
		} else if (port.n == 0) {
			return SR_EBAD;
		}
	}
	if (parse_ip(&v, family, ip) != SR_OK)
		return SR_EBAD;
	if (port.p != NULL && parse_port(&v, port) != SR_OK)
		return SR_EBAD;
	*a = v;
	return SR_OK;
}

int
sr_addr_print(struct sr_buf *out, const struct sr_addr *a)
{
	char text[INET6_ADDRSTRLEN];
	bool six = a->family == 6;

	if (a->family == 0)
		return sr_buf_addc(out, '-');
	inet_ntop(six ? AF_INET6 : AF_INET, a->ip, text, sizeof(text));
	if (a->port == 0)
		return sr_buf_fmt(out, six ? "[%s]" : "%s", text);
	return sr_buf_fmt(out, six ? "[%s]:%u" : "%s:%u", text, a->port);
}

int
sr_addr_pack(struct sr_buf *out, const struct sr_addr *a)
{
	int err = sr_pack_u8(out, a->family);

	if (err == SR_OK)
		err = sr_pack_u16(out, a->port);
	return err != SR_OK ? err : sr_buf_add(out, (struct sr_str){
	    (const char *)a->ip, sizeof(a->ip) });
}

void
sr_addr_unpack(struct sr_rd *r, struct sr_addr *a)
{
	const uint8_t *ip;

	memset(a, 0, sizeof(*a));
	a->family = sr_u8(r);
	a->port = sr_u16(r);
	if ((ip = sr_take(r, sizeof(a->ip))) == NULL)
		return;
	memcpy(a->ip, ip, a->family == 4 ? 4 : sizeof(a->ip));
	if (a->family != 0 && a->family != 4 && a->family != 6)
		r->bad = true;
}
