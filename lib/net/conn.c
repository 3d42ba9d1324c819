/* conn - the table of TCP connections.
 *
 * Bounded three ways: a number for all, the one heard of longest ago goes
 * first; a number for each bucket, because strangers choose their ports; and
 * an age. */
#include "net/priv.h"

#include <stdlib.h>
#include <string.h>

#define IDLE (2 * 3600 * SR_SEC)	/* RFC 5382 5: not below 2 h 4 min */
enum { MAX_CONNS = 65536, MAX_CHAIN = 16 };

struct net_conns {
	size_t n, max, buckets;
	struct net_conn *oldest, *newest;
	struct net_conn *bucket[];
};

static struct net_conns *
table(struct sr_net *n)
{
	size_t max = n->max_pending / 512, buckets = 64;

	if (n->conns != NULL)
		return n->conns;
	if (max > MAX_CONNS)
		max = MAX_CONNS;
	while (buckets < max)
		buckets *= 2;
	n->conns = sr_zalloc(sizeof(*n->conns) +
	    buckets * sizeof(n->conns->bucket[0]));
	if (n->conns == NULL) {
		n->err = SR_ENOMEM;
		return NULL;
	}
	n->conns->max = max > 16 ? max : 16;
	n->conns->buckets = buckets;
	return n->conns;
}

/* Both directions have one key: the smaller address first. */
static struct sr_flow
key(const struct sr_flow *f, int *dir)
{
	int order = memcmp(f->src.ip, f->dst.ip, sizeof(f->src.ip));
	struct sr_flow k = *f;

	*dir = order > 0 || (order == 0 && f->src.port > f->dst.port);
	if (*dir) {
		k.src = f->dst;
		k.dst = f->src;
	}
	return k;
}

static struct net_conn **
bucket(struct net_conns *t, const struct sr_flow *k)
{
	return &t->bucket[sr_flow_hash(k) & (t->buckets - 1)];
}

struct net_conn *
net_conn_find(struct sr_net *n, const struct sr_flow *f, int *dir)
{
	struct sr_flow k = key(f, dir);
	struct net_conn *c;

	if (n->conns == NULL)
		return NULL;
	c = *bucket(n->conns, &k);
	while (c != NULL && !sr_flow_eq(&c->flow, &k))
		c = c->hnext;
	return c;
}

static void
unlink_age(struct net_conns *t, struct net_conn *c)
{
	*(c->older != NULL ? &c->older->newer : &t->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &t->newest) = c->older;
	c->older = c->newer = NULL;
}

static void
link_age(struct net_conns *t, struct net_conn *c)
{
	c->older = t->newest;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = c;
	t->newest = c;
}

void
net_conn_touch(struct sr_net *n, struct net_conn *c)
{
	c->last = n->now;
	if (n->conns->newest == c)
		return;
	unlink_age(n->conns, c);
	link_age(n->conns, c);
}

void
net_conn_kill(struct sr_net *n, struct net_conn *c)
{
	struct net_conn **cp = bucket(n->conns, &c->flow);

	while (*cp != c)
		cp = &(*cp)->hnext;
	*cp = c->hnext;
	c->hnext = NULL;
	unlink_age(n->conns, c);
	n->conns->n--;
	c->dead = true;
	net_dir_drain(n, &c->dir[0], NET_END);
	net_dir_drain(n, &c->dir[1], NET_END);
}

void
net_conn_done(struct sr_net *n, struct net_conn *c)
{
	if (c->dir[0].queued || c->dir[1].queued)
		return;
	net_dir_clear(n, &c->dir[0]);
	net_dir_clear(n, &c->dir[1]);
	free(c);
}

/* Room for one more in the table and in its bucket. */
static void
room(struct sr_net *n, struct net_conn **head)
{
	struct net_conn *c = *head;
	int chain = 0;

	while (c != NULL && c->hnext != NULL) {
		c = c->hnext;
		chain++;
	}
	if (chain >= MAX_CHAIN)
		net_conn_kill(n, c);
	if (n->conns->n >= n->conns->max)
		net_conn_kill(n, n->conns->oldest);
}

struct net_conn *
net_conn_new(struct sr_net *n, const struct sr_flow *f, int *dir)
{
	struct net_conn *c, **head;

	if (table(n) == NULL)
		return NULL;
	if ((c = sr_zalloc(sizeof(*c))) == NULL) {
		n->err = SR_ENOMEM;
		return NULL;
	}
	c->flow = key(f, dir);
	c->dir[0].conn = c->dir[1].conn = c;
	c->last = n->now;
	head = bucket(n->conns, &c->flow);
	room(n, head);
	c->hnext = *head;
	*head = c;
	link_age(n->conns, c);
	n->conns->n++;
	net_wake(n, n->now + IDLE);
	return c;
}

sr_time
net_conn_age(struct sr_net *n, sr_time now)
{
	struct net_conns *t = n->conns;

	while (t != NULL && t->oldest != NULL) {
		if (now < t->oldest->last + IDLE)
			return t->oldest->last + IDLE;
		net_conn_kill(n, t->oldest);
	}
	return SR_NEVER;
}

/* The oldest first, so that what comes out has the order it came in. */
void
net_conn_finish(struct sr_net *n)
{
	while (n->wait != NULL)
		net_dir_drain(n, n->wait, NET_FLUSH);
}

void
net_conn_free(struct sr_net *n)
{
	struct sr_chunk c;

	while (n->conns != NULL && n->conns->oldest != NULL)
		net_conn_kill(n, n->conns->oldest);
	while (net_dir_next(n, &c))
		;
	free(n->conns);
	n->conns = NULL;
}
