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
	if (net_tunnel_port(p->flow.dst.port) && net_tunnel_udp(n, p))
		return;
	if ((c = net_put(n, p, SR_DGRAM)) == NULL)
		return;
	c->data = (struct sr_str){ (const char *)p->r.p, p->r.n };
	c->cut = p->cut;
}

/* RFC 8200 4.5.  A piece that is all of it (RFC 6946) needs no other. */
static void
fragment(struct sr_net *n, struct net_pkt *p)
{
	struct net_piece piece = { .proto = sr_u8(&p->r) };
	unsigned off;

	sr_u8(&p->r);
	off = sr_u16(&p->r);
	piece.id = sr_u32(&p->r);
	piece.off = off & 0xfff8;
	piece.more = off & 1;
	if (p->r.bad)
		net_broken(n, p, "IPv6 extension headers cut off");
	else if (piece.off == 0 && !piece.more && ++p->depth <= NET_DEPTH)
		net_proto(n, p, piece.proto);
	else
		net_frag(n, p, &piece);
}

/* Skips headers that only lead to the next one; AH counts in words of four
 * bytes less two (RFC 4302), the others in words of eight less one. */
static unsigned
extensions(struct net_pkt *p, unsigned proto)
{
	while (!p->r.bad && (proto == HOPOPT || proto == ROUTING ||
	    proto == DSTOPTS || proto == MOBILITY || proto == AH)) {
		bool ah = proto == AH;
		size_t len;

		proto = sr_u8(&p->r);
		len = sr_u8(&p->r);
		sr_take(&p->r, ah ? 4 * (len + 2) - 2 : 8 * (len + 1) - 2);
	}
	return proto;
}

void
net_proto(struct sr_net *n, struct net_pkt *p, unsigned proto)
{
	proto = extensions(p, proto);
	if (p->r.bad) {
		net_broken(n, p, "IP extension headers cut off");
		return;
	}
	switch (proto) {
	case UDP: udp(n, p); break;
	case TCP: net_tcp(n, p); break;
	case IPIP:
	case IPV6: net_ip(n, p); break;
	case FRAGMENT: fragment(n, p); break;
	case GRE: net_gre(n, p); break;
	case MPLS: net_mpls(n, p); break;
	}
}

/* RFC 791.  Frames are padded to 60 bytes, so the total length rules; 0 is
 * what segmentation by the network card leaves in captures. */
static void
ipv4(struct sr_net *n, struct net_pkt *p)
{
	const uint8_t *h = p->r.p;
	size_t hlen, total;
	unsigned off;

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
	off = (unsigned)h[6] << 8 | h[7];
	if ((off & 0x3fff) == 0) {
		net_proto(n, p, h[9]);
		return;
	}
	net_frag(n, p, &(struct net_piece){
	    .id = (uint32_t)h[9] << 16 | (uint32_t)h[4] << 8 | h[5],
	    .proto = h[9], .off = 8u * (off & 0x1fff),
	    .more = (off & 0x2000) != 0 });
}

/* RFC 8200 4: each header names the next one. */
static void
ipv6(struct sr_net *n, struct net_pkt *p)
{
	const uint8_t *h = sr_take(&p->r, 40);
	size_t len;

	if (h == NULL) {
		net_broken(n, p, "IPv6 header cut off");
		return;
	}
	addrs(p, h + 8, 6);
	len = (size_t)h[4] << 8 | h[5];
	if (len != 0)				/* 0: jumbogram, RFC 2675 */
		net_limit(p, len);
	net_proto(n, p, h[6]);
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
