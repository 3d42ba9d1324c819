/* via - where answers go: RFC 3261 section 18.2, RFC 3581. */
#include "priv.h"

#include <string.h>

struct sr_str
via_top(const struct sr_msg *m, struct sr_str *rest)
{
	struct sr_str value;

	*rest = sr_msg_header(m, "Via", 0);
	value_next(rest, &value);
	return value;
}

static bool
transport(struct sr_str s, enum sr_proto *out)
{
	*out = sr_strieq(s, SR_STR("TLS")) ? SR_TLS :
	    sr_strieq(s, SR_STR("TCP")) ? SR_TCP : SR_UDP;
	return s.n > 0;
}

/* "SIP / 2.0 / UDP host : port", with blanks wherever they may stand. */
bool
via_read(struct sr_str value, struct via *v)
{
	struct sr_str head, word, x;
	uint64_t port;
	size_t at;

	memset(v, 0, sizeof(*v));
	value_split(value, &head, &v->params);
	if (!sr_strcut(&head, '/', &word) ||
	    !sr_strieq(sr_trim(word), SR_STR("SIP")) ||
	    !sr_strcut(&head, '/', &word))
		return false;
	head = sr_trim(head);
	for (at = 0; at < head.n && head.p[at] != ' ' && head.p[at] != '\t';)
		at++;
	if (!transport(sr_substr(head, 0, at), &v->proto))
		return false;
	head = sr_trim(sr_substr(head, at, head.n));
	at = 0;
	if (head.n > 0 && head.p[0] == '[')
		at = sr_strchr(head, ']');
	at += sr_strchr(sr_substr(head, at, head.n), ':');
	v->host = sr_trim(sr_substr(head, 0, at));
	x = sr_trim(sr_substr(head, at + 1, head.n));
	if (x.n > 0 && (sr_strnum(x, &port) != SR_OK || port > UINT16_MAX))
		return false;
	v->port = x.n > 0 ? (uint16_t)port : 0;
	sr_param(v->params, "branch", &v->branch);
	v->rport = sr_param(v->params, "rport", &x);
	return v->host.n > 0;
}

/* Nothing is sent to a crowd: RFC 4475 3.3.10. */
static bool
one_host(const struct sr_addr *a)
{
	return a->family == 4 ? a->ip[0] > 0 && a->ip[0] < 224 :
	    a->ip[0] != 0xff && !sr_addr_any(a);
}

void
via_hops(const struct via *v, const struct sr_hop *from, struct sr_hop *hop,
    struct sr_hop *fallback)
{
	struct sr_addr maddr;
	struct sr_str x;

	*hop = *fallback = *from;
	fallback->conn = 0;
	fallback->remote.port = v->port > 0 ? v->port :
	    from->proto == SR_TLS ? 5061 : 5060;
	if (from->proto != SR_UDP)
		return;
	if (sr_param(v->params, "maddr", &x) &&
	    sr_addr_parse(&maddr, x) == SR_OK && one_host(&maddr)) {
		maddr.port = fallback->remote.port;
		hop->remote = fallback->remote = maddr;
	} else if (v->rport) {
		fallback->remote = from->remote;
	} else {
		hop->remote = fallback->remote;
	}
}

/* Without the brackets of an IPv6 address: section 25.1. */
static void
received(struct sr_buf *b, const struct sr_addr *ip)
{
	size_t at;

	sr_buf_add(b, SR_STR(";received="));
	at = b->n;
	sr_addr_print(b, ip);
	if (b->n < at + 2 || b->p[at] != '[')
		return;
	memmove(b->p + at, b->p + at + 1, b->n - at - 2);
	b->n -= 2;
}

static void
top(struct sr_buf *b, struct sr_str value, const struct sr_hop *from)
{
	struct sr_str head, rest, one, host;
	struct sr_addr ip = from->remote, sent;
	struct via v;
	bool known = via_read(value, &v), same;

	ip.port = 0;
	value_split(value, &head, &rest);
	sr_buf_add(b, head);
	while (sr_strcut(&rest, ';', &one)) {
		one = sr_trim(one);
		host = sr_trim(sr_substr(one, 0, sr_strchr(one, '=')));
		if (one.n == 0 || sr_strieq(host, SR_STR("received")) ||
		    sr_strieq(host, SR_STR("rport")))
			continue;
		sr_buf_addc(b, ';');
		sr_buf_add(b, one);
	}
	same = known && sr_addr_parse(&sent, v.host) == SR_OK &&
	    sr_addr_ipeq(&sent, &ip);
	if (!same || v.rport)
		received(b, &ip);
	if (known && v.rport)
		sr_buf_fmt(b, ";rport=%u", from->remote.port);
}

void
via_write(struct sr_buf *b, const struct sr_msg *m, const struct sr_hop *from)
{
	struct sr_str rest, value = via_top(m, &rest);

	sr_buf_add(b, SR_STR("Via: "));
	top(b, value, from);
	rest = sr_trim(rest);
	if (rest.n > 0) {
		sr_buf_add(b, SR_STR(", "));
		sr_buf_add(b, rest);
	}
	sr_buf_add(b, SR_STR("\r\n"));
	for (size_t i = 1; (value = sr_msg_header(m, "Via", i)).p != NULL;
	    i++) {
		sr_buf_add(b, SR_STR("Via: "));
		sr_buf_add(b, value);
		sr_buf_add(b, SR_STR("\r\n"));
	}
}
