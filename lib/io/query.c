/* query - what a SIP URI asks of the DNS, RFC 3263 section 4. */
#include "siprec/io.h"
#include "siprec/sip.h"

int
sr_dns_query_uri(struct sr_dns_query *q, struct sr_str uri)
{
	struct sr_str user, rest, transport = { NULL, 0 };
	uint64_t port = 0;
	size_t n = 1;

	*q = (struct sr_dns_query){ .sips = sr_stristarts(uri,
	    SR_STR("sips:")) };
	if (sr_uri_split(uri, &user, &q->host) != SR_OK || q->host.n == 0)
		return SR_EBAD;
	rest = sr_substr(uri, (size_t)(q->host.p - uri.p) + q->host.n, uri.n);
	if (rest.n > 1 && rest.p[0] == ':') {
		while (n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9')
			n++;
		if (sr_strnum(sr_substr(rest, 1, n - 1), &port) != SR_OK ||
		    port > UINT16_MAX)
			return SR_EBAD;
	}
	q->port = (uint16_t)port;
	sr_param(sr_substr(rest, sr_strchr(rest, ';'), rest.n), "transport",
	    &transport);
	q->has_proto = transport.n > 0;
	q->proto = sr_strieq(transport, SR_STR("tcp")) ? SR_TCP :
	    sr_strieq(transport, SR_STR("tls")) ? SR_TLS : SR_UDP;
	return SR_OK;
}
