/* tcp - what a segment means for its connection (RFC 9293).
 *
 * We watch, perhaps from the middle on, perhaps only one side, and the
 * capture may lack what the receiver had. */
#include "net/priv.h"

#define ACKED (200 * SR_MSEC)
enum {
	FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10,
	/* Further away from what we expect it is another connection that took
	 * over the ports; no window of a SIP peer is that large. */
	FAR = 16 * 1024 * 1024,
	NEAR = 65536
};

struct tcp {
	uint32_t seq, ack;
	unsigned flags;
};

static bool
header(struct net_pkt *p, struct tcp *t)
{
	const uint8_t *h = sr_take(&p->r, 20);
	size_t len;

	if (h == NULL)
		return false;
	p->flow.proto = SR_TCP;
	p->flow.src.port = (uint16_t)(h[0] << 8 | h[1]);
	p->flow.dst.port = (uint16_t)(h[2] << 8 | h[3]);
	t->seq = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 |
	    (uint32_t)h[6] << 8 | h[7];
	t->ack = (uint32_t)h[8] << 24 | (uint32_t)h[9] << 16 |
	    (uint32_t)h[10] << 8 | h[11];
	len = 4u * (h[12] >> 4);
	t->flags = h[13];
	return len >= 20 && sr_take(&p->r, len - 20) != NULL;
}

static struct net_conn *
restart(struct sr_net *n, struct net_conn *c, const struct net_pkt *p,
    int *dir)
{
	net_conn_kill(n, c);
	return net_conn_new(n, &p->flow, dir);
}

/* Does this SYN belong to the connection that we know, as a repeated or late
 * one does?  RFC 6191: a new one has a number well beyond the old one's. */
static bool
same_syn(const struct net_conn *c, int dir, const struct tcp *t)
{
	const struct net_dir *d = &c->dir[dir], *peer = &c->dir[!dir];

	if (c->ignored || d->closed || peer->closed)
		return false;
	if (d->seen)
		return d->next - t->seq <= NEAR;
	if (peer->seen && (t->flags & ACK) == 0)
		return d->has_ack && d->ack == t->seq + 1;
	return true;
}

/* A repeated last byte keeps a connection alive (RFC 9293 3.8.4): when we come
 * in the middle it is no beginning. */
static bool
keepalive(const struct net_dir *d, const struct tcp *t, size_t len)
{
	return len == 1 && d->has_ack && d->ack == t->seq + 1;
}

static void
reset(struct sr_net *n, struct net_conn *c, int dir, const struct tcp *t)
{
	const struct net_dir *d = &c->dir[dir];
	uint32_t ahead = t->seq - d->next;

	if (d->seen && ahead + NEAR > NEAR + FAR &&
	    !(t->seq == 0 && (t->flags & ACK) != 0))
		return;
	net_dir_drain(n, &c->dir[0], NET_END);
	net_dir_drain(n, &c->dir[1], NET_END);
}

/* The other side has what we lack: nobody will send it again.  Captures from
 * several queues may have data behind its acknowledgement, but not long. */
static void
acknowledged(struct sr_net *n, struct net_dir *d, uint32_t ack)
{
	d->ack = ack;
	d->has_ack = true;
	if (d->waits && (int32_t)(ack - d->next) > 0 &&
	    n->now - d->since > ACKED)
		net_dir_drain(n, d, NET_SKIP);
}

static void
data(struct sr_net *n, struct net_dir *d, struct net_pkt *p,
    const struct tcp *t)
{
	size_t len = p->r.n + p->cut;

	if (!d->seen) {
		if (len == 0 || keepalive(d, t, len))
			return;
		net_dir_begin(d, t->seq);
	}
	if ((t->flags & FIN) != 0 && !d->has_fin) {
		d->fin = t->seq + (uint32_t)len;
		d->has_fin = true;
	}
	net_dir_data(n, d, p, t->seq);
}

/* Is the number so far off that this must be another connection, whose SYN
 * we have not seen? */
static bool
far_off(const struct net_dir *d, const struct tcp *t, size_t len)
{
	return d->seen && (len > 0 || (t->flags & FIN) != 0) &&
	    t->seq - d->next + FAR > 2u * FAR;
}

void
net_tcp(struct sr_net *n, struct net_pkt *p)
{
	struct net_conn *c;
	struct tcp t;
	size_t len;
	int dir;

	if (!header(p, &t)) {
		net_broken(n, p, "TCP header cut off or too short");
		return;
	}
	len = p->r.n + p->cut;
	c = net_conn_find(n, &p->flow, &dir);
	if (c == NULL) {
		if ((t.flags & SYN) == 0 && len == 0)
			return;
		if ((c = net_conn_new(n, &p->flow, &dir)) == NULL)
			return;
	}
	net_conn_touch(n, c);
	if (c->ignored && (t.flags & (SYN | ACK)) != SYN)
		return;
	if (((t.flags & SYN) != 0 && !same_syn(c, dir, &t)) ||
	    far_off(&c->dir[dir], &t, len))
		if ((c = restart(n, c, p, &dir)) == NULL)
			return;
	if ((t.flags & RST) != 0) {
		reset(n, c, dir, &t);
		return;
	}
	if ((t.flags & SYN) != 0 && !c->dir[dir].seen)
		net_dir_begin(&c->dir[dir], t.seq + 1);
	if ((t.flags & SYN) != 0)
		t.seq++;
	if ((t.flags & ACK) != 0)
		acknowledged(n, &c->dir[!dir], t.ack);
	if (!c->dir[dir].closed)
		data(n, &c->dir[dir], p, &t);
}

void
sr_net_ignore(struct sr_net *n, const struct sr_flow *f)
{
	struct net_conn *c;
	int dir;

	/* An old connection that still drains is the one that is meant: its
	 * ports may have a new life already. */
	for (struct net_dir *d = n->drain; d != NULL; d = d->qnext)
		if (d->conn->dead && (sr_flow_eq(&d->conn->flow, f) ||
		    (sr_addr_eq(&d->conn->flow.src, &f->dst) &&
		    sr_addr_eq(&d->conn->flow.dst, &f->src)))) {
			d->conn->dir[0].closed = true;
			d->conn->dir[1].closed = true;
			return;
		}
	if ((c = net_conn_find(n, f, &dir)) == NULL)
		return;
	c->ignored = true;
	for (dir = 0; dir < 2; dir++) {
		net_dir_clear(n, &c->dir[dir]);
		c->dir[dir].closed = true;
	}
}
