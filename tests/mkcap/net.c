/* net - payloads become frames: UDP, TCP, IP, tunnels, link layers.
 *
 * A frame is built from its payload outwards: every layer is pushed in front
 * of what is there already. */
#include "mkcap/mkcap.h"
#include <string.h>

enum { HEAD = 192, MTU = 1500, SEGMENT = 1400, SMALL_SEGMENT = 300 };
enum { P_IPIP = 4, P_TCP = 6, P_UDP = 17, P_6IN4 = 41, P_FRAG = 44,
    P_GRE = 47 };

struct pkt {
	uint8_t room[HEAD + MAX_FRAME];
	uint8_t *p;
	size_t n;
};

/* mkcap has one thread, and a packet is too large for a stack. */
static struct pkt pkt;

static void
begin(const void *p, size_t n)
{
	pkt.p = pkt.room + HEAD;
	pkt.n = n;
	memcpy(pkt.p, p, n);
}

static uint8_t *
push(size_t n)
{
	pkt.p -= n;
	pkt.n += n;
	memset(pkt.p, 0, n);
	return pkt.p;
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	for (; n > 1; n -= 2, p += 2)
		s += (uint32_t)(p[0] << 8 | p[1]);
	if (n == 1)
		s += (uint32_t)p[0] << 8;
	return s;
}

static unsigned
fold(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return ~s & 0xffff;
}

static void
push_ip4(const uint8_t *src, const uint8_t *dst, int proto, unsigned id,
    unsigned frag)
{
	uint8_t *h = push(20);

	h[0] = 0x45;
	put16(h + 2, (unsigned)pkt.n);
	put16(h + 4, id);
	put16(h + 6, frag);
	h[8] = 64;
	h[9] = (uint8_t)proto;
	memcpy(h + 12, src, 4);
	memcpy(h + 16, dst, 4);
	put16(h + 10, fold(sum(h, 20, 0)));
}

static void
push_ip6(const uint8_t *src, const uint8_t *dst, int proto)
{
	size_t n = pkt.n;
	uint8_t *h = push(40);

	h[0] = 0x60;
	put16(h + 4, (unsigned)n);
	h[6] = (uint8_t)proto;
	h[7] = 64;
	memcpy(h + 8, src, 16);
	memcpy(h + 24, dst, 16);
}

/* The pseudo header's part of a transport checksum. */
static uint32_t
pseudo(const struct options *o, const struct end *s, const struct end *d,
    int proto)
{
	size_t n = o->ipv6 ? 16 : 4;

	return sum(s->ip, n, sum(d->ip, n, (uint32_t)(pkt.n + (size_t)proto)));
}

static void
push_udp(const struct options *o, const struct end *s, const struct end *d)
{
	uint8_t *h = push(8);
	unsigned c;

	put16(h, s->port);
	put16(h + 2, d->port);
	put16(h + 4, (unsigned)pkt.n);
	if (!o->ipv6)			/* no checksum: legal, and faster */
		return;
	c = fold(sum(pkt.p, pkt.n, pseudo(o, s, d, P_UDP)));
	put16(h + 6, c == 0 ? 0xffff : c);
}

static void
push_tcp(const struct options *o, const struct end *s, const struct end *d,
    uint32_t seq, uint32_t ack, uint8_t flags)
{
	uint8_t *h = push(20);

	put16(h, s->port);
	put16(h + 2, d->port);
	put32(h + 4, seq);
	put32(h + 8, ack);
	h[12] = 0x50;
	h[13] = flags;
	put16(h + 14, 65535);
	put16(h + 16, fold(sum(pkt.p, pkt.n, pseudo(o, s, d, P_TCP))));
}

static void
push_ether(unsigned type)
{
	static const uint8_t macs[12] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	uint8_t *h = push(14);

	memcpy(h, macs, 12);
	put16(h + 12, type);
}

/* What stands between the recording's IP header and the link layer. */
static bool
push_tunnel(const struct options *o, unsigned ethertype)
{
	static const uint8_t near_end[16] = { 172, 16, 0, 1 };
	static const uint8_t far_end[16] = { 172, 16, 0, 2 };
	struct options v4 = { .ipv6 = false };
	struct end a = { .port = 49999 }, b = { 0 };
	size_t n = pkt.n;
	uint8_t *h;

	switch (o->link) {
	case L_GRE:
		put16(push(4) + 2, ethertype);
		push_ip4(near_end, far_end, P_GRE, 0, 0);
		return true;
	case L_IPIP:
	case L_6IN4:
		push_ip4(near_end, far_end, o->ipv6 ? P_6IN4 : P_IPIP, 0, 0);
		return true;
	case L_VXLAN:
		push_ether(ethertype);
		h = push(8);
		h[0] = 0x08;
		h[6] = 42;
		b.port = 4789;
		break;
	case L_GTP:
		h = push(8);
		h[0] = 0x30;
		h[1] = 0xff;		/* T-PDU */
		put16(h + 2, (unsigned)n);
		put32(h + 4, 0x1234);
		b.port = 2152;
		break;
	default:
		return false;
	}
	push_udp(&v4, &a, &b);
	push_ip4(near_end, far_end, P_UDP, 0, 0);
	return true;
}

int
net_linktype(enum link_kind l)
{
	switch (l) {
	case L_NULL:
		return 0;
	case L_RAW:
		return 101;
	case L_SLL:
		return 113;
	case L_SLL2:
		return 276;
	default:
		return 1;
	}
}

static void
push_cooked(enum link_kind link, unsigned type)
{
	uint8_t *h;

	if (link == L_SLL) {
		h = push(16);
		put16(h + 2, 1);
		put16(h + 4, 6);
		h[6] = 2;
		put16(h + 14, type);
	} else {
		h = push(20);
		put16(h, type);
		h[7] = 2;
		put16(h + 8, 1);
		h[11] = 6;
		h[12] = 2;
	}
}

static void
push_link(enum link_kind link, unsigned type)
{
	size_t n = pkt.n;
	uint8_t *h;

	switch (link) {
	case L_RAW:
		break;
	case L_NULL:			/* little-endian PF_INET, PF_INET6 */
		push(4)[0] = type == 0x86dd ? 30 : 2;
		break;
	case L_SLL:
	case L_SLL2:
		push_cooked(link, type);
		break;
	case L_QINQ:
	case L_VLAN:
		h = push(4);
		put16(h, 100);
		put16(h + 2, type);
		if (link == L_QINQ) {
			h = push(4);
			put16(h, 10);
			put16(h + 2, 0x8100);
		}
		push_ether(link == L_QINQ ? 0x88a8 : 0x8100);
		break;
	case L_MPLS:			/* two labels, the second the bottom */
		put32(push(4), 2000u << 12 | 0x100 | 64);
		put32(push(4), 1000u << 12 | 64);
		push_ether(0x8847);
		break;
	case L_PPPOE:
		h = push(8);
		h[0] = 0x11;
		put16(h + 2, 7);
		put16(h + 4, (unsigned)n + 2);
		put16(h + 6, type == 0x86dd ? 0x57 : 0x21);
		push_ether(0x8864);
		break;
	default:
		push_ether(type);
	}
}

/* Everything from the IP header on outwards, and into the capture. */
static void
finish(struct cap *c, const struct options *o, int64_t t, int iface)
{
	unsigned type = o->ipv6 ? 0x86dd : 0x0800;

	if (iface == 1 && o->format == F_NG_MULTI)
		push_link(L_RAW, type);
	else
		push_link(o->link, push_tunnel(o, type) ? 0x0800 : type);
	cap_add(c, t, iface, pkt.p, pkt.n);
}

static void
push_ip(const struct options *o, const struct end *s, const struct end *d,
    int proto)
{
	if (o->ipv6)
		push_ip6(s->ip, d->ip, proto);
	else
		push_ip4(s->ip, d->ip, proto, 0, 0x4000);
}

void
net_rtp(struct cap *c, const struct options *o, int64_t t,
    const struct end *src, const struct end *dst, const void *p, size_t n)
{
	begin(p, n);
	push_udp(o, src, dst);
	push_ip(o, src, dst, P_UDP);
	finish(c, o, t, 1);
}

/* One datagram in as many IP fragments as an Ethernet asks for. */
static void
fragments(struct cap *c, const struct options *o, int64_t t,
    const struct end *s, const struct end *d)
{
	static uint8_t whole[MAX_FRAME];
	static unsigned id;
	size_t n = pkt.n, off, most = (MTU - (o->ipv6 ? 48 : 20)) & ~7u;

	memcpy(whole, pkt.p, n);
	id++;
	for (off = 0; off < n; off += most, t++) {
		size_t part = n - off < most ? n - off : most;
		bool more = off + part < n;

		begin(whole + off, part);
		if (o->ipv6) {
			uint8_t *h = push(8);

			h[0] = P_UDP;
			put16(h + 2, (unsigned)off | more);
			put32(h + 4, id);
			push_ip6(s->ip, d->ip, P_FRAG);
		} else {
			push_ip4(s->ip, d->ip, P_UDP, id & 0xffff,
			    (more ? 0x2000u : 0) | (unsigned)(off / 8));
		}
		finish(c, o, t, 0);
	}
}

static void
segment(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], int from, const struct tcp *tcp, size_t off,
    struct sr_str part)
{
	begin(part.p, part.n);
	push_tcp(o, &ends[from], &ends[!from], tcp->seq[from] + (uint32_t)off,
	    tcp->seq[!from], 0x18);
	push_ip(o, &ends[from], &ends[!from], P_TCP);
	finish(c, o, t, 0);
}

/* Each pair of segments swapped, and the first sent once more at the end. */
static void
segments(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], int from, struct tcp *tcp, struct sr_str msg)
{
	bool shuffle = o->transport == T_SHUFFLE;
	size_t most = shuffle ? SMALL_SEGMENT : SEGMENT;
	size_t i, n = (msg.n + most - 1) / most;

	for (i = 0; i < n; i++) {
		size_t k = shuffle && (i ^ 1) < n ? i ^ 1 : i;

		segment(c, o, t + (int64_t)i * 10, ends, from, tcp, k * most,
		    sr_substr(msg, k * most, most));
	}
	if (shuffle)
		segment(c, o, t + (int64_t)n * 10, ends, from, tcp, 0,
		    sr_substr(msg, 0, most));
	tcp->seq[from] += (uint32_t)msg.n;
}

void
net_sip(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], int from, struct tcp *tcp, struct sr_str msg)
{
	const struct end *s = &ends[from], *d = &ends[!from];

	if (o->transport == T_TCP || o->transport == T_SHUFFLE) {
		segments(c, o, t, ends, from, tcp, msg);
		return;
	}
	begin(msg.p, msg.n);
	push_udp(o, s, d);
	if (o->transport == T_FRAG && pkt.n > MTU - 20) {
		fragments(c, o, t, s, d);
		return;
	}
	push_ip(o, s, d, P_UDP);
	finish(c, o, t, 0);
}

void
net_connect(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], struct tcp *tcp)
{
	static const uint8_t flags[3] = { 0x02, 0x12, 0x10 };
	int i;

	for (i = 0; i < 3; i++) {
		int from = i == 1;

		begin("", 0);
		push_tcp(o, &ends[from], &ends[!from],
		    tcp->seq[from] - (i < 2), i == 0 ? 0 : tcp->seq[!from],
		    flags[i]);
		push_ip(o, &ends[from], &ends[!from], P_TCP);
		finish(c, o, t + i * 20, 0);
	}
}
