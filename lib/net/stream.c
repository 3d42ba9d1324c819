/* stream - one direction of a TCP connection: bytes in the order of their
 * numbers, each once.
 *
 * What arrives in order is lent from the frame and never copied.  Segments
 * behind a hole are kept until it is filled, for HOLD of capture time or up to
 * a limit, and then the hole is passed over as SR_GAP.  Chunks are not queued:
 * a direction that has some stands in the drain queue and is asked for one at
 * a time, so that a hundred segments behind one hole cost nothing twice. */
#include "net/priv.h"

#include <stdlib.h>
#include <string.h>

#define HOLD (2 * SR_SEC)
enum {
	MAX_BYTES = 1024 * 1024,	/* behind holes of one direction */
	MAX_SEGS = 1024
};

struct net_seg {
	struct net_seg *next;
	uint32_t seq;
	uint32_t len, lost;		/* lost: behind len, never captured */
	uint64_t num;
	sr_time time;
	char data[];
};

static int32_t
after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static uint32_t
end(const struct net_seg *s)
{
	return s->seq + s->len + s->lost;
}

static size_t
cost(const struct net_seg *s)
{
	return sizeof(*s) + 16 + s->len;	/* 16: malloc(3) itself */
}

void
net_dir_begin(struct net_dir *d, uint32_t seq)
{
	d->next = seq;
	d->seen = true;
}

/* ---- directions whose holes wait, the oldest first ---- */

static void
unwait(struct sr_net *n, struct net_dir *d)
{
	if (!d->waits)
		return;
	*(d->wprev != NULL ? &d->wprev->wnext : &n->wait) = d->wnext;
	*(d->wnext != NULL ? &d->wnext->wprev : &n->wait_tail) = d->wprev;
	d->wnext = d->wprev = NULL;
	d->waits = false;
}

/* Is there something that cannot be given out yet? */
static bool
stuck(const struct net_dir *d)
{
	return !d->closed && (d->head != NULL ||
	    (d->has_fin && after(d->fin, d->next) > 0));
}

/* A hole is as old as the first segment behind it. */
static void
wait_more(struct sr_net *n, struct net_dir *d)
{
	unwait(n, d);
	d->since = d->head != NULL ? d->head->time : n->now;
	d->wprev = n->wait_tail;
	*(n->wait_tail != NULL ? &n->wait_tail->wnext : &n->wait) = d;
	n->wait_tail = d;
	d->waits = true;
	net_wake(n, d->since + HOLD);
}

void
net_dir_drain(struct sr_net *n, struct net_dir *d, enum net_mode mode)
{
	if (mode > d->mode)
		d->mode = mode;
	unwait(n, d);
	if (d->queued)
		return;
	d->queued = true;
	d->qnext = NULL;
	*n->drain_tail = d;
	n->drain_tail = &d->qnext;
}

sr_time
net_dir_age(struct sr_net *n, sr_time now)
{
	while (n->wait != NULL) {
		if (now < n->wait->since + HOLD)
			return n->wait->since + HOLD;
		net_dir_drain(n, n->wait, NET_SKIP);
	}
	return SR_NEVER;
}

/* ---- keeping ---- */

static void
seg_free(struct sr_net *n, struct net_seg *s)
{
	if (s != NULL)
		n->pending -= cost(s);
	free(s);
}

/* Takes the first segment out; the caller has it then. */
static struct net_seg *
shift(struct net_dir *d)
{
	struct net_seg *s = d->head;

	if ((d->head = s->next) == NULL)
		d->tail = NULL;
	d->nsegs--;
	d->bytes -= cost(s);
	return s;
}

void
net_dir_clear(struct sr_net *n, struct net_dir *d)
{
	while (d->head != NULL)
		seg_free(n, shift(d));
	unwait(n, d);
}

/* The bytes [off, off + count) of p as a segment between prev and its
 * successor. */
static struct net_seg *
keep(struct sr_net *n, struct net_dir *d, struct net_seg *prev,
    const struct net_pkt *p, uint32_t seq, uint32_t off, uint32_t count)
{
	uint32_t len = off >= p->r.n ? 0 : (uint32_t)p->r.n - off;
	struct net_seg *s;

	if (len > count)
		len = count;
	if ((s = malloc(sizeof(*s) + len)) == NULL) {
		n->err = SR_ENOMEM;
		return prev;
	}
	*s = (struct net_seg){ .seq = seq + off, .len = len,
	    .lost = count - len, .num = p->f->num, .time = n->now };
	if (len > 0)
		memcpy(s->data, p->r.p + off, len);
	s->next = prev != NULL ? prev->next : d->head;
	*(prev != NULL ? &prev->next : &d->head) = s;
	if (s->next == NULL)
		d->tail = s;
	d->nsegs++;
	d->bytes += cost(s);
	n->pending += cost(s);
	return s;
}

/* Puts what of [off, n) of p is not there yet between what is there. */
static void
insert(struct sr_net *n, struct net_dir *d, const struct net_pkt *p,
    uint32_t seq, uint32_t off, uint32_t len)
{
	struct net_seg *prev = NULL, *s = d->head;

	if (d->tail != NULL && after(seq + off, end(d->tail)) >= 0) {
		prev = d->tail;
		s = NULL;
	}
	while (off < len) {
		int32_t room = s != NULL ? after(s->seq, seq + off) : INT32_MAX;

		if (room > 0) {
			uint32_t count = len - off;

			if (count > (uint32_t)room)
				count = (uint32_t)room;
			prev = keep(n, d, prev, p, seq, off, count);
			off += count;
		} else {
			int32_t over = after(end(s), seq + off);

			if (over > 0)
				off += (uint32_t)over;
			prev = s;
			s = s->next;
		}
	}
}

/* Past a limit of its own a direction gives up one hole; past that of all,
 * those that wait longest give up theirs. */
static void
limits(struct sr_net *n, struct net_dir *d)
{
	size_t freed = 0;

	if (d->bytes > MAX_BYTES || d->nsegs > MAX_SEGS)
		net_dir_drain(n, d, d->bytes > 2 * MAX_BYTES ? NET_FLUSH :
		    NET_SKIP);
	if (n->pending > n->max_pending)
		net_frag_room(n, 0, NULL);
	while (n->pending > n->max_pending + freed && n->wait != NULL) {
		freed += n->wait->bytes;
		net_dir_drain(n, n->wait, NET_FLUSH);
	}
}

/* ---- taking in ---- */

/* The front of p, which stands exactly at d->next, goes out as it is, up to
 * the first segment that is there already.  Returns how much of it. */
static uint32_t
lend(struct sr_net *n, struct net_dir *d, const struct net_pkt *p,
    uint32_t off, uint32_t len)
{
	uint32_t count = len - off, here;
	struct sr_chunk *c;

	if (d->head != NULL && count > d->head->seq - d->next)
		count = d->head->seq - d->next;
	here = off >= p->r.n ? 0 : (uint32_t)p->r.n - off;
	if (here > count)
		here = count;
	if (here > 0 && (c = net_put(n, p, SR_BYTES)) != NULL)
		c->data = (struct sr_str){ (const char *)p->r.p + off, here };
	if (count > here && (c = net_put(n, p, SR_GAP)) != NULL)
		c->cut = count - here;
	d->next += count;
	return count;
}

static bool
ready(const struct net_dir *d)
{
	return (d->head != NULL && d->head->seq == d->next) ||
	    (d->has_fin && !d->closed && after(d->next, d->fin) >= 0);
}

void
net_dir_data(struct sr_net *n, struct net_dir *d, struct net_pkt *p,
    uint32_t seq)
{
	uint32_t len = (uint32_t)(p->r.n + p->cut), off = 0;
	int32_t old = after(d->next, seq);

	if (old > 0)
		off = (uint32_t)old < len ? (uint32_t)old : len;
	if (off < len && old >= 0 && n->drain == NULL)
		off += lend(n, d, p, off, len);
	if (off < len)
		insert(n, d, p, seq, off, len);
	if (ready(d))
		net_dir_drain(n, d, NET_HOLD);
	else if (stuck(d) && !d->waits && !d->queued)
		wait_more(n, d);
	if (off < len)
		limits(n, d);
}

/* ---- giving out ---- */

static void
say(struct sr_net *n, struct net_dir *d, struct sr_chunk *out,
    enum sr_chunk_kind kind)
{
	struct net_conn *c = d->conn;

	*out = (struct sr_chunk){ .kind = kind, .flow = c->flow,
	    .time = n->now, .num = n->num };
	if (d == &c->dir[1]) {
		out->flow.src = c->flow.dst;
		out->flow.dst = c->flow.src;
	}
}

static void
gap(struct sr_net *n, struct net_dir *d, struct sr_chunk *out, uint32_t len)
{
	say(n, d, out, SR_GAP);
	out->cut = len;
	d->next += len;
}

/* The segment at d->next: its bytes, or what the capture lacks of it. */
static void
give(struct sr_net *n, struct net_dir *d, struct sr_chunk *out)
{
	struct net_seg *s = d->head;

	if (s->len == 0) {
		gap(n, d, out, s->lost);
		seg_free(n, shift(d));
		return;
	}
	say(n, d, out, SR_BYTES);
	out->num = s->num;
	out->data = (struct sr_str){ s->data, s->len };
	d->next += s->len;
	n->lent = shift(d);
	if (s->lost > 0) {			/* told by the next call */
		struct net_seg *rest = malloc(sizeof(*rest));

		if (rest == NULL) {
			n->err = SR_ENOMEM;
			return;
		}
		*rest = (struct net_seg){ .next = d->head, .seq = d->next,
		    .lost = s->lost, .num = s->num, .time = s->time };
		d->head = rest;
		if (d->tail == NULL)
			d->tail = rest;
		d->nsegs++;
		d->bytes += cost(rest);
		n->pending += cost(rest);
	}
}

/* The next chunk of d; false when it has nothing more to say for now. */
static bool
step(struct sr_net *n, struct net_dir *d, struct sr_chunk *out)
{
	if (d->closed)
		return false;
	if (d->head != NULL && d->head->seq == d->next) {
		give(n, d, out);
		return true;
	}
	if (stuck(d) && d->mode != NET_HOLD) {
		gap(n, d, out, (d->head != NULL ? d->head->seq : d->fin) -
		    d->next);
		if (d->mode == NET_SKIP)
			d->mode = NET_HOLD;
		return true;
	}
	if (d->seen && (d->mode == NET_END ||
	    (d->has_fin && after(d->next, d->fin) >= 0))) {
		say(n, d, out, SR_CLOSE);
		d->closed = true;
		return true;
	}
	return false;
}

/* Out of the queue, and back to waiting when there is a hole again. */
static void
pop(struct sr_net *n, struct net_dir *d)
{
	if ((n->drain = d->qnext) == NULL)
		n->drain_tail = &n->drain;
	d->queued = false;
	d->qnext = NULL;
	if (d->mode == NET_END || d->closed) {
		d->closed = true;
		net_dir_clear(n, d);
	}
	if (d->mode != NET_END)
		d->mode = NET_HOLD;
	if (stuck(d))
		wait_more(n, d);
	if (d->conn->dead)
		net_conn_done(n, d->conn);
}

bool
net_dir_next(struct sr_net *n, struct sr_chunk *out)
{
	seg_free(n, n->lent);
	n->lent = NULL;
	while (n->drain != NULL) {
		if (step(n, n->drain, out))
			return true;
		pop(n, n->drain);
	}
	return false;
}
