/* net - one captured frame in, chunks out. */
#include "net/priv.h"

#include <stdlib.h>
#include <string.h>

/* Times that strangers write are not to overflow when something is added. */
#define LATEST ((uint64_t)INT64_MAX / 2)

int
sr_net_new(struct sr_net **np, size_t max_pending)
{
	struct sr_net *n;

	if ((n = sr_zalloc(sizeof(*n))) == NULL)
		return SR_ENOMEM;
	n->max_pending = max_pending;
	n->odd_link = -1;
	n->due = SR_NEVER;
	n->lost_tail = &n->lost;
	n->drain_tail = &n->drain;
	*np = n;
	return SR_OK;
}

struct sr_chunk *
net_put(struct sr_net *n, const struct net_pkt *p, enum sr_chunk_kind kind)
{
	struct sr_chunk *c;

	if (n->nout == NET_OUT)
		return NULL;
	c = &n->out[n->nout++];
	*c = (struct sr_chunk){ .kind = kind, .flow = p->flow,
	    .time = p->f->time, .num = p->f->num };
	return c;
}

void
net_broken(struct sr_net *n, const struct net_pkt *p, const char *why)
{
	struct sr_chunk *c = net_put(n, p, SR_BROKEN);

	if (c != NULL)
		c->why = why;
}

void
net_limit(struct net_pkt *p, size_t len)
{
	if (len <= p->r.n) {
		p->r.n = len;
		p->cut = 0;
	} else {
		p->cut = len - p->r.n;
	}
}

static uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* In stores of the width in which it will be read: the processor passes the
 * bytes on at once only then. */
static void
put_ip4(uint8_t ip[16], const uint8_t *p)
{
	uint8_t half[8] = { p[0], p[1], p[2], p[3] };

	memcpy(ip, half, 8);
	memset(ip + 8, 0, 8);
}

/* Nearly every frame of nearly every capture is a whole UDP datagram in plain
 * Ethernet and IPv4: what net_link would find out about it, in one look. */
static bool
plain_udp(struct sr_net *n, const struct sr_frame *f)
{
	const uint8_t *p = (const uint8_t *)f->data.p;
	struct sr_chunk *c = &n->out[n->nout];
	size_t total, len;

	if (f->link != 1 || f->data.n < 42 || be16(p + 12) != NET_IPV4 ||
	    p[14] != 0x45 || p[23] != 17 || (be16(p + 20) & 0x3fff) != 0)
		return false;
	total = be16(p + 16);
	len = be16(p + 38);
	if (14 + total > f->data.n || len < 8 || len + 20 > total ||
	    net_tunnel_port(be16(p + 36)))
		return false;
	/* One by one: to clear it all first takes as long as all the rest. */
	c->kind = SR_DGRAM;
	c->time = f->time;
	c->num = f->num;
	c->data = (struct sr_str){ f->data.p + 42, len - 8 };
	c->cut = 0;
	c->why = NULL;
	c->flow.proto = SR_UDP;
	put_ip4(c->flow.src.ip, p + 26);
	put_ip4(c->flow.dst.ip, p + 30);
	c->flow.src.port = be16(p + 34);
	c->flow.dst.port = be16(p + 36);
	c->flow.src.family = c->flow.dst.family = 4;
	n->nout++;
	return true;
}

/* Some things wait for a time to pass: holes, fragments, idle connections. */
static void
age(struct sr_net *n)
{
	n->due = SR_NEVER;
	net_wake(n, net_frag_age(n, n->now));
	net_wake(n, net_dir_age(n, n->now));
	net_wake(n, net_conn_age(n, n->now));
}

/* What the caller of the last frame did not take is forgotten. */
static void
forget(struct sr_net *n)
{
	struct sr_chunk c;

	while (sr_net_next(n, &c))
		;
	net_frag_spent(n);
}

static sr_time
sane(sr_time t)
{
	return (uint64_t)t < LATEST ? t : 0;
}

int
sr_net_frame(struct sr_net *n, const struct sr_frame *f)
{
	struct net_pkt p;

	if (n->lent != NULL || n->drain != NULL || n->lost != NULL ||
	    n->spent != NULL)
		forget(n);
	n->nout = n->iout = 0;
	n->err = SR_OK;
	n->now = sane(f->time);
	n->num = f->num;
	if (n->now >= n->due)
		age(n);
	if (plain_udp(n, f))
		return SR_OK;
	p = (struct net_pkt){ .f = f, .r = sr_rd(f->data),
	    .cut = f->wire > f->data.n ? f->wire - f->data.n : 0 };
	net_link(n, &p);
	return n->err;
}

/* What waits elsewhere comes behind what is ready: then no other frame may. */
size_t
sr_net_more(struct sr_net *n, const struct sr_frame *v, size_t nv)
{
	size_t k = 0;

	if (n->lost != NULL || n->drain != NULL)
		return 0;
	while (k < nv && n->nout < NET_OUT && sane(v[k].time) < n->due &&
	    plain_udp(n, &v[k])) {
		n->now = sane(v[k].time);
		n->num = v[k++].num;
	}
	return k;
}

const struct sr_chunk *
sr_net_take(struct sr_net *n, size_t *nc)
{
	const struct sr_chunk *c = &n->out[n->iout];

	*nc = n->nout - n->iout;
	n->iout = n->nout;
	if (*nc > 0)
		return c;
	*nc = 1;
	return sr_net_next(n, &n->taken) ? &n->taken : NULL;
}

bool
sr_net_next(struct sr_net *n, struct sr_chunk *out)
{
	if (n->iout < n->nout) {
		*out = n->out[n->iout++];
		return true;
	}
	if (n->lost == NULL && n->drain == NULL && n->lent == NULL)
		return false;
	return net_frag_lost(n, out) || net_dir_next(n, out);
}

int
sr_net_finish(struct sr_net *n)
{
	forget(n);
	n->err = SR_OK;
	net_frag_finish(n);
	net_conn_finish(n);
	return SR_OK;
}

void
sr_net_free(struct sr_net *n)
{
	if (n == NULL)
		return;
	net_frag_free(n);
	net_conn_free(n);
	free(n);
}
