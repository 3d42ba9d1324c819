/* What the files of lib/net share.  A frame is peeled from the outside in;
 * whoever finds something worth telling puts a chunk into sr_net.out. */
#ifndef NET_PRIV_H
#define NET_PRIV_H

#include "siprec/net.h"

enum {
	NET_DEPTH = 8,			/* headers inside headers we follow */
	NET_OUT = 32,			/* chunks that are ready at once */
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
	struct sr_chunk out[NET_OUT];	/* one frame makes few; the rest is
					 * pulled from where it waits */
	unsigned nout, iout;
	struct sr_chunk taken;		/* by sr_net_take, not from out */
	int err;
	int odd_link;			/* said once */
	sr_time now, due;		/* due: something waits until then */
	uint64_t num;
	size_t pending, max_pending;

	struct net_frags *frags;	/* NULL: none seen yet */
	struct net_frag *spent;		/* reassembled; lent with the chunk */
	struct net_frag *lost, **lost_tail;

	struct net_conns *conns;
	struct net_dir *wait, *wait_tail;	/* holes, the oldest first */
	struct net_dir *drain, **drain_tail;	/* have chunks to give */
	struct net_seg *lent;
};

static inline void
net_wake(struct sr_net *n, sr_time t)
{
	if (t < n->due)
		n->due = t;
}

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
/* tunnel.c */
static inline bool
net_tunnel_port(unsigned port)
{
	return port == 4789 || port == 8472 || port == 2152 || port == 6635;
}
/* Behind the UDP header: true when it was a tunnel and has been followed. */
bool net_tunnel_udp(struct sr_net *n, const struct net_pkt *p);
void net_gre(struct sr_net *n, struct net_pkt *p);

/* frag.c: one piece of a datagram; p stands behind the header. */
struct net_piece {
	uint32_t id;
	unsigned proto;
	size_t off;
	bool more;
};
void net_frag(struct sr_net *n, struct net_pkt *p,
    const struct net_piece *piece);
/* Gives up the oldest datagrams but keep until want more bytes fit. */
void net_frag_room(struct sr_net *n, size_t want,
    const struct net_frag *keep);
sr_time net_frag_age(struct sr_net *n, sr_time now);	/* when again */
void net_frag_finish(struct sr_net *n);
bool net_frag_lost(struct sr_net *n, struct sr_chunk *out);
void net_frag_spent(struct sr_net *n);
void net_frag_free(struct sr_net *n);

/* One direction of a connection: what was given out ends at next; segments
 * behind a hole wait in order and never overlap. */
enum net_mode {
	NET_HOLD,			/* a hole waits to be filled */
	NET_SKIP,			/* pass one hole */
	NET_FLUSH,			/* pass all holes there are now */
	NET_END				/* the same, and then close */
};
struct net_dir {
	struct net_conn *conn;
	struct net_seg *head, *tail;
	unsigned nsegs;
	size_t bytes;
	uint32_t next, fin, ack;	/* ack: by the other side, of ours */
	bool seen, has_fin, has_ack, closed, queued, waits;
	enum net_mode mode;
	sr_time since;			/* the hole is the next thing */
	struct net_dir *wnext, *wprev, *qnext;
};
struct net_conn {
	struct net_conn *hnext, *newer, *older;
	struct sr_flow flow;		/* of dir[0] */
	struct net_dir dir[2];
	sr_time last;
	bool ignored, dead;		/* dead: out of the table, drains */
};

/* stream.c: p->r holds the bytes of a segment, p->cut counts those behind them
 * that the capture lacks. */
void net_dir_begin(struct net_dir *d, uint32_t seq);
void net_dir_data(struct sr_net *n, struct net_dir *d, struct net_pkt *p,
    uint32_t seq);
void net_dir_drain(struct sr_net *n, struct net_dir *d, enum net_mode mode);
void net_dir_clear(struct sr_net *n, struct net_dir *d);
sr_time net_dir_age(struct sr_net *n, sr_time now);	/* when again */
bool net_dir_next(struct sr_net *n, struct sr_chunk *out);

/* conn.c: the table.  dir says which of the two f is. */
struct net_conn *net_conn_find(struct sr_net *n, const struct sr_flow *f,
    int *dir);
struct net_conn *net_conn_new(struct sr_net *n, const struct sr_flow *f,
    int *dir);
void net_conn_touch(struct sr_net *n, struct net_conn *c);
/* Takes c out of the table; it gives out what it has, closes, and is freed
 * by net_conn_done when both directions are drained. */
void net_conn_kill(struct sr_net *n, struct net_conn *c);
void net_conn_done(struct sr_net *n, struct net_conn *c);
sr_time net_conn_age(struct sr_net *n, sr_time now);	/* when again */
void net_conn_finish(struct sr_net *n);
void net_conn_free(struct sr_net *n);

/* tcp.c */
void net_tcp(struct sr_net *n, struct net_pkt *p);

#endif
