/* tunnel - packets inside packets: GRE and what it carries, and the tunnels
 * that run over UDP.
 *
 * RTP may use any port, also those of VXLAN and GTP: over UDP a tunnel is one
 * only when its header is exact and what lies in it is a sane IP packet. */
#include "net/priv.h"

#include <string.h>

/* RFC 1071 over an IPv4 header; 0 is what checksum offloading leaves. */
static bool
sum_ok(const uint8_t *h, size_t n)
{
	uint32_t sum = 0;

	if (h[10] == 0 && h[11] == 0)
		return true;
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return ((sum & 0xffff) + (sum >> 16)) == 0xffff;
}

static bool
sane_ip(const struct net_pkt *p)
{
	const uint8_t *h = p->r.p;
	size_t n = p->r.n, hlen, total;

	if (n >= 20 && h[0] >> 4 == 4) {
		hlen = 4u * (h[0] & 0x0f);
		total = (size_t)h[2] << 8 | h[3];
		return hlen >= 20 && hlen <= n && total >= hlen &&
		    total <= n + p->cut && sum_ok(h, hlen);
	}
	if (n >= 40 && h[0] >> 4 == 6) {
		total = 40 + ((size_t)h[4] << 8 | h[5]);
		return total > 40 && total <= n + p->cut;
	}
	return false;
}

static bool
sane_ether(const struct net_pkt *outer)
{
	struct net_pkt p = *outer;
	unsigned type;

	sr_take(&p.r, 12);
	while ((type = sr_u16(&p.r)) == 0x8100 || type == 0x88a8)
		sr_u16(&p.r);
	if (p.r.bad)
		return false;
	return type == 0x0806 ||
	    ((type == NET_IPV4 || type == NET_IPV6) && sane_ip(&p));
}

/* RFC 7348 5: the I bit is set, and all that is reserved is zero. */
static bool
vxlan(struct net_pkt *p)
{
	uint32_t flags = sr_u32(&p->r), vni = sr_u32(&p->r);

	return !p->r.bad && flags == 0x08000000 && (vni & 0xff) == 0 &&
	    sane_ether(p);
}

/* 3GPP TS 29.281 5: a G-PDU of version 1; the optional fields come together,
 * and each extension header ends with the type of the next. */
static bool
gtp(struct net_pkt *p)
{
	uint8_t flags = sr_u8(&p->r), type = sr_u8(&p->r), next = 0;
	size_t len = sr_u16(&p->r);

	sr_u32(&p->r);				/* tunnel endpoint */
	if (p->r.bad || (flags & 0xf8) != 0x30 || type != 0xff ||
	    len != p->r.n + p->cut)
		return false;
	if ((flags & 0x07) != 0) {
		sr_take(&p->r, 3);
		next = sr_u8(&p->r);
	}
	while ((flags & 0x04) != 0 && next != 0 && !p->r.bad) {
		len = 4u * (size_t)sr_u8(&p->r);
		if (len == 0)
			return false;
		sr_take(&p->r, len - 2);
		next = sr_u8(&p->r);
	}
	return !p->r.bad && sane_ip(p);
}

/* RFC 7510. */
static bool
mpls_udp(struct net_pkt *p)
{
	uint32_t label;
	int left = 8;

	do {
		label = sr_u32(&p->r);
	} while (!p->r.bad && (label & 0x100) == 0 && --left > 0);
	return !p->r.bad && left > 0 && sane_ip(p);
}

bool
net_tunnel_udp(struct sr_net *n, const struct net_pkt *outer)
{
	struct net_pkt p = *outer;

	switch (p.flow.dst.port) {
	case 4789:
	case 8472:				/* before it had a number */
		if (!vxlan(&p))
			return false;
		net_ether(n, &p);
		return true;
	case 2152:
		if (!gtp(&p))
			return false;
		break;
	case 6635:
		if (!mpls_udp(&p))
			return false;
		break;
	default:
		return false;
	}
	net_ip(n, &p);
	return true;
}

/* Mirrored traffic: version I has no header of its own and no GRE sequence
 * number, II has 8 bytes, III 12 and perhaps 8 more. */
static void
erspan(struct sr_net *n, struct net_pkt *p, unsigned type, bool seq)
{
	const uint8_t *h;

	if (type == 0x22eb) {
		if ((h = sr_take(&p->r, 12)) != NULL && (h[11] & 0x01) != 0)
			sr_take(&p->r, 8);
	} else if (seq) {
		sr_take(&p->r, 8);
	}
	net_ether(n, p);
}

/* RFC 2784, 2890; version 1 is PPTP's, RFC 2637. */
void
net_gre(struct sr_net *n, struct net_pkt *p)
{
	unsigned flags = sr_u16(&p->r), type = sr_u16(&p->r);
	bool csum = flags & 0x8000, key = flags & 0x2000;
	bool seq = flags & 0x1000, ack = flags & 0x0080;

	if ((flags & 0x4000) != 0 || (flags & 0x07) > 1)
		return;				/* source routes: RFC 1701 */
	sr_take(&p->r, 4u * ((flags & 0x07) == 0 ? csum + key + seq :
	    key + seq + ack));
	if (p->r.bad)
		net_broken(n, p, "GRE header cut off");
	else if (type == 0x88be || type == 0x22eb)
		erspan(n, p, type, seq);
	else
		net_type(n, p, type);
}
