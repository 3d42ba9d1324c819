/* frame - link layers: from the first captured byte to the IP header.
 *
 * What is not IP (ARP, LLDP, spanning tree) ends here without a word; link
 * types are the LINKTYPE_ numbers of the pcap registry. */
#include "net/priv.h"

enum {
	LINK_NULL = 0, LINK_ETHER = 1, LINK_PPP = 9, LINK_RAW_BSD = 12,
	LINK_RAW_OPENBSD = 14, LINK_PPP_HDLC = 50, LINK_PPPOE = 51,
	LINK_RAW = 101, LINK_C_HDLC = 104, LINK_LOOP = 108, LINK_SLL = 113,
	LINK_IPV4 = 228, LINK_IPV6 = 229, LINK_NFLOG = 239, LINK_SLL2 = 276
};

/* RFC 4618, 2516: address and control may be left out, and the protocol
 * number is one byte when that byte is odd. */
void
net_ppp(struct sr_net *n, struct net_pkt *p)
{
	unsigned proto;

	if (p->r.n >= 2 && p->r.p[0] == 0xff && p->r.p[1] == 0x03)
		sr_take(&p->r, 2);
	proto = sr_u8(&p->r);
	if (proto % 2 == 0)
		proto = proto << 8 | sr_u8(&p->r);
	switch (proto) {
	case 0x0021: net_type(n, p, NET_IPV4); break;
	case 0x0057: net_type(n, p, NET_IPV6); break;
	case 0x0281: net_mpls(n, p); break;
	}
}

static void
pppoe(struct sr_net *n, struct net_pkt *p)
{
	uint8_t version = sr_u8(&p->r), code = sr_u8(&p->r);
	size_t len;

	sr_u16(&p->r);				/* session */
	len = sr_u16(&p->r);
	if (p->r.bad || version != 0x11 || code != 0)
		return;
	net_limit(p, len);
	net_ppp(n, p);
}

/* RFC 3032.  Nothing says what lies under the last label: an IP header tells
 * itself by its first half byte, a zero there is the control word of a
 * pseudowire (RFC 4385), and the rest is Ethernet. */
void
net_mpls(struct sr_net *n, struct net_pkt *p)
{
	uint32_t label;
	int left = 16;

	do {
		label = sr_u32(&p->r);
	} while (!p->r.bad && (label & 0x100) == 0 && --left > 0);
	if (p->r.bad || left == 0 || p->r.n == 0)
		return;
	switch (p->r.p[0] >> 4) {
	case 4: net_type(n, p, NET_IPV4); return;
	case 6: net_type(n, p, NET_IPV6); return;
	case 0: sr_take(&p->r, 4); break;
	}
	net_ether(n, p);
}

/* IEEE 802.3 with a length instead of a type: only SNAP can hold IP. */
static void
snap(struct sr_net *n, struct net_pkt *p, size_t len)
{
	net_limit(p, len);
	if (sr_u16(&p->r) == 0xaaaa && sr_u8(&p->r) == 0x03) {
		sr_take(&p->r, 3);
		net_type(n, p, sr_u16(&p->r));
	}
}

/* Tags and labels take bytes away, so this ends; depth is for what can hold
 * a whole frame again. */
void
net_type(struct sr_net *n, struct net_pkt *p, unsigned type)
{
	while (type == 0x8100 || type == 0x88a8 || type == 0x9100 ||
	    type == 0x9200) {
		sr_u16(&p->r);			/* 802.1Q, 802.1ad */
		type = sr_u16(&p->r);
	}
	if (p->r.bad)
		return;
	switch (type) {
	case NET_IPV4:
	case NET_IPV6: net_ip(n, p); break;
	case 0x8847:
	case 0x8848: net_mpls(n, p); break;
	case 0x8864: pppoe(n, p); break;
	case 0x880b: net_ppp(n, p); break;
	case 0x6558: net_ether(n, p); break;
	default:
		if (type < 0x0600)
			snap(n, p, type);
	}
}

void
net_ether(struct sr_net *n, struct net_pkt *p)
{
	if (++p->depth > NET_DEPTH) {
		net_broken(n, p, "tunnels nested too deep");
		return;
	}
	sr_take(&p->r, 12);
	net_type(n, p, sr_u16(&p->r));
}

/* An address family in the byte order of the machine that captured, or in
 * network order (LOOP): the IP header tells better than all the numbers that
 * systems have for AF_INET6. */
static void
null_loop(struct sr_net *n, struct net_pkt *p)
{
	uint32_t af = sr_u32(&p->r);

	if (af > 0xffff)
		af = af >> 24 | (af >> 8 & 0xff00);
	if (af == 2 || af == 10 || af == 24 || af == 28 || af == 30)
		net_ip(n, p);
}

static void
cooked(struct sr_net *n, struct net_pkt *p, bool v2)
{
	unsigned type;

	if (v2) {
		type = sr_u16(&p->r);
		sr_take(&p->r, 18);
	} else {
		sr_take(&p->r, 14);
		type = sr_u16(&p->r);
	}
	if (type >= 0x0600)			/* below: 802.3, LLC, CAN ... */
		net_type(n, p, type);
}

static uint16_t
le16(struct sr_rd *r)
{
	uint16_t v = sr_u16(r);

	return (uint16_t)(v << 8 | v >> 8);
}

/* Attributes of netlink, in the byte order of the machine that captured:
 * a length that makes no sense in one order is read in the other. */
static void
nflog(struct sr_net *n, struct net_pkt *p)
{
	sr_take(&p->r, 4);
	while (!p->r.bad && p->r.n >= 4) {
		size_t len = le16(&p->r), type = le16(&p->r);

		if (len < 4 || (len > 4 + p->r.n + p->cut && type > 255)) {
			len = (len & 0xff) << 8 | len >> 8;
			type = (type & 0xff) << 8 | type >> 8;
		}
		if (len < 4)
			return;
		if (type == 9) {		/* NFULA_PAYLOAD */
			net_limit(p, len - 4);
			net_ip(n, p);
			return;
		}
		sr_take(&p->r, (len - 4 + 3) & ~(size_t)3);
	}
}

static void
hdlc(struct sr_net *n, struct net_pkt *p)
{
	if (p->r.n >= 2 && (p->r.p[0] == 0x0f || p->r.p[0] == 0x8f)) {
		sr_u16(&p->r);			/* Cisco: an Ethernet type */
		net_type(n, p, sr_u16(&p->r));
	} else {
		net_ppp(n, p);
	}
}

void
net_link(struct sr_net *n, struct net_pkt *p)
{
	int link = p->f->link;

	switch (link) {
	case LINK_ETHER: net_ether(n, p); break;
	case LINK_NULL:
	case LINK_LOOP: null_loop(n, p); break;
	case LINK_PPP:
	case LINK_PPP_HDLC:
	case LINK_C_HDLC: hdlc(n, p); break;
	case LINK_PPPOE: pppoe(n, p); break;
	case LINK_RAW_BSD:
	case LINK_RAW_OPENBSD:
	case LINK_RAW:
	case LINK_IPV4:
	case LINK_IPV6: net_ip(n, p); break;
	case LINK_SLL: cooked(n, p, false); break;
	case LINK_SLL2: cooked(n, p, true); break;
	case LINK_NFLOG: nflog(n, p); break;
	default:
		if (n->odd_link != link)
			net_broken(n, p, "link type not known here");
		n->odd_link = link;
	}
}
