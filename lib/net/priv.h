/* What the files of lib/net share.  A frame is peeled from the outside in;
 * whoever finds something worth telling puts a chunk into sr_net.out. */
#ifndef NET_PRIV_H
#define NET_PRIV_H

#include "siprec/net.h"

enum {
	NET_DEPTH = 8,			/* headers inside headers we follow */
	NET_IPV4 = 0x0800,		/* Ethernet types */
	NET_IPV6 = 0x86dd
};

/* The packet being peeled: r is what is left, and cut says how many bytes
 * were on the wire behind it that the capture does not have. */
struct net_pkt {
	const struct sr_frame *f;
	struct sr_rd r;
	size_t cut;
	unsigned depth;
	struct sr_flow flow;		/* of the innermost header so far */
};

struct sr_net {
	struct sr_chunk out[4];		/* one frame makes few; the rest is
					 * pulled from where it waits */
	unsigned nout, iout;
	int err;
	int odd_link;			/* said once */
	sr_time now, due;		/* due: something waits until then */
	size_t pending, max_pending;
};

/* A zeroed slot for a chunk about p, NULL when there is none left. */
struct sr_chunk *net_put(struct sr_net *n, const struct net_pkt *p,
    enum sr_chunk_kind kind);
void net_broken(struct sr_net *n, const struct net_pkt *p, const char *why);
/* Nothing behind the next len bytes belongs to the packet (padding); what of
 * them is not there is cut. */
void net_limit(struct net_pkt *p, size_t len);

/* frame.c: each takes p at the first byte of its header. */
void net_link(struct sr_net *n, struct net_pkt *p);
void net_ether(struct sr_net *n, struct net_pkt *p);
void net_type(struct sr_net *n, struct net_pkt *p, unsigned type);
void net_ppp(struct sr_net *n, struct net_pkt *p);
void net_mpls(struct sr_net *n, struct net_pkt *p);

/* ip.c */
void net_ip(struct sr_net *n, struct net_pkt *p);
void net_proto(struct sr_net *n, struct net_pkt *p, unsigned proto);
/* Would net_ip make sense of r, with nothing behind it? */
bool net_ip_sane(struct sr_rd r, size_t cut);

#endif
