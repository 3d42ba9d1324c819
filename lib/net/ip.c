/* ip - IPv4 and IPv6 headers, and UDP. */
#include "net/priv.h"

#include <string.h>

enum {
	HOPOPT = 0, IPIP = 4, TCP = 6, UDP = 17, IPV6 = 41, ROUTING = 43,
	FRAGMENT = 44, GRE = 47, AH = 51, DSTOPTS = 60, MOBILITY = 135,
	MPLS = 137
};

static void
addrs(struct net_pkt *p, const uint8_t *ip, int family)
{
	size_t n = family == 4 ? 4 : 16;

	memset(&p->flow, 0, sizeof(p->flow));
	memcpy(p->flow.src.ip, ip, n);
	memcpy(p->flow.dst.ip, ip + n, n);
	p->flow.src.family = p->flow.dst.family = (uint8_t)family;
}

/* RFC 768.  A length of 0 is a jumbogram (RFC 2675) or segmentation left to
 * the network card: all there is. */
static void
udp(struct sr_net *n, struct net_pkt *p)
{
	struct sr_chunk *c;
	size_t len;

	p->flow.src.port = sr_u16(&p->r);
	p->flow.dst.port = sr_u16(&p->r);
	len = sr_u16(&p->r);
	sr_u16(&p->r);
	if (p->r.bad) {
		net_broken(n, p, "UDP header cut off");
		return;
	}
	if (len != 0 && len < 8) {
		net_broken(n, p, "UDP length below 8");
		return;
	}
	if (len != 0)
		net_limit(p, len - 8);
	if ((c = net_put(n, p, SR_DGRAM)) == NULL)
		return;
	c->data = (struct sr_str){ (const char *)p->r.p, p->r.n };
	c->cut = p->cut;
}

void
net_proto(struct sr_net *n, struct net_pkt *p, unsigned proto)
{
	switch (proto) {
	case UDP: udp(n, p); break;
	case IPIP:
	case IPV6: net_ip(n, p); break;
	}
}

/* RFC 791.  Frames are padded to 60 bytes, so the total length rules; 0 is
 * what segmentation by the network card leaves in captures. */
static void
ipv4(struct sr_net *n, struct net_pkt *p)
{
	const uint8_t *h = p->r.p;
	size_t hlen, total;

	if (p->r.n < 20) {
		net_broken(n, p, "IPv4 header cut off");
		return;
	}
	hlen = 4u * (h[0] & 0x0f);
	total = (size_t)h[2] << 8 | h[3];
	addrs(p, h + 12, 4);
	if (hlen < 20 || (total != 0 && total < hlen)) {
		net_broken(n, p, "IPv4 header lengths contradict");
		return;
	}
	if (total != 0)
		net_limit(p, total);
	if (sr_take(&p->r, hlen) == NULL) {
		net_broken(n, p, "IPv4 options cut off");
		return;
	}
	net_proto(n, p, h[9]);
}

/* RFC 8200 4: each header names the next one. */
static void
ipv6(struct sr_net *n, struct net_pkt *p)
{
	const uint8_t *h = sr_take(&p->r, 40);
	unsigned next;
	size_t len;

	if (h == NULL) {
		net_broken(n, p, "IPv6 header cut off");
		return;
	}
	addrs(p, h + 8, 6);
	len = (size_t)h[4] << 8 | h[5];
	if (len != 0)				/* 0: jumbogram, RFC 2675 */
		net_limit(p, len);
	next = h[6];
	while (!p->r.bad && (next == HOPOPT || next == ROUTING ||
	    next == DSTOPTS || next == MOBILITY)) {
		next = sr_u8(&p->r);
		sr_take(&p->r, 6 + 8u * (size_t)sr_u8(&p->r));
	}
	if (p->r.bad)
		net_broken(n, p, "IPv6 extension headers cut off");
	else
		net_proto(n, p, next);
}

void
net_ip(struct sr_net *n, struct net_pkt *p)
{
	unsigned version = p->r.n > 0 ? p->r.p[0] >> 4 : 0;

	if (++p->depth > NET_DEPTH)
		net_broken(n, p, "tunnels nested too deep");
	else if (version == 4)
		ipv4(n, p);
	else if (version == 6)
		ipv6(n, p);
	else
		net_broken(n, p, "neither IPv4 nor IPv6");
}
