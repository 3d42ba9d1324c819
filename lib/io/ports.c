/* ports - pairs of sockets from a range, the longest unused first.
 *
 * A port that was just given back still gets packets of its old call, which
 * must not poison a new one: it cools down.  All pairs wait equally long, so
 * the queue of the unused is in the order of their time, and looking at its
 * head is enough. */
#include "io/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What a system gives by default at most: five seconds of G.711 and more, so
 * that an owner who was held up that long has lost nothing. */
enum { RECEIVE_BUF = 212992, SEND_BUF = 64 * 1024, FREE_TRIES = 16,
	NONE = -1 };

struct slot {
	sr_time ready;			/* not before then */
	int32_t prev, next;		/* in the queue of the unused */
	bool used;
};

struct sr_ports {
	struct sr_addr addr;
	sr_time cooldown;
	int rcvbuf, sndbuf;
	uint16_t lo;			/* even */
	struct slot *slots;
	int32_t n, first, last;		/* n 0: no range */
	size_t used;
};

int
sr_ports_range(struct sr_str s, uint16_t *lo, uint16_t *hi)
{
	struct sr_str a;
	uint64_t x, y;

	if (!sr_strcut(&s, '-', &a) || sr_strnum(a, &x) != SR_OK ||
	    sr_strnum(s, &y) != SR_OK || x < 1 || y > UINT16_MAX || x >= y)
		return SR_EBAD;
	*lo = (uint16_t)x;
	*hi = (uint16_t)y;
	return SR_OK;
}

/* ---- the queue of the unused ---- */

static void
append(struct sr_ports *p, int32_t i)
{
	p->slots[i].prev = p->last;
	p->slots[i].next = NONE;
	if (p->last == NONE)
		p->first = i;
	else
		p->slots[p->last].next = i;
	p->last = i;
}

static void
unlink_slot(struct sr_ports *p, int32_t i)
{
	struct slot *s = &p->slots[i];

	if (s->prev == NONE)
		p->first = s->next;
	else
		p->slots[s->prev].next = s->next;
	if (s->next == NONE)
		p->last = s->prev;
	else
		p->slots[s->next].prev = s->prev;
}

int
sr_ports_new(struct sr_ports **pp, const struct sr_ports_cfg *cfg)
{
	struct sr_ports *p = sr_zalloc(sizeof(*p));
	uint16_t lo = (uint16_t)(cfg->lo + (cfg->lo & 1));

	if (p == NULL)
		return SR_ENOMEM;
	p->addr = cfg->addr;
	p->cooldown = cfg->cooldown == 0 ? 10 * SR_SEC :
	    cfg->cooldown < 0 ? 0 : cfg->cooldown;
	p->rcvbuf = cfg->rcvbuf > 0 ? cfg->rcvbuf : RECEIVE_BUF;
	p->sndbuf = cfg->sndbuf > 0 ? cfg->sndbuf : SEND_BUF;
	p->first = p->last = NONE;
	p->lo = lo;
	if (cfg->lo > 0 && cfg->hi > lo)
		p->n = (cfg->hi - lo + 1) / 2;
	if (p->n > 0 &&
	    (p->slots = calloc((size_t)p->n, sizeof(*p->slots))) == NULL) {
		free(p);
		return SR_ENOMEM;
	}
	for (int32_t i = 0; i < p->n; i++)
		append(p, i);
	*pp = p;
	return SR_OK;
}

/* ---- binding ---- */

static int
bind_pair(const struct sr_ports *p, uint16_t port, bool mux,
    struct sr_pair *out)
{
	struct sr_addr a = p->addr;
	int saved;

	a.port = port;
	out->rtcp = -1;
	if ((out->rtp = io_udp(&a, p->rcvbuf, p->sndbuf)) < 0)
		return SR_ESYS;
	out->addr = a;
	out->addr.port = io_local(out->rtp).port;
	if (mux)
		return SR_OK;
	a.port = (uint16_t)(out->addr.port + 1);
	/* Odd where the system chose: the pair would not be one. */
	if (out->addr.port % 2 == 0 &&
	    (out->rtcp = io_udp(&a, p->rcvbuf, p->sndbuf)) >= 0)
		return SR_OK;
	saved = out->addr.port % 2 == 0 ? errno : EADDRINUSE;
	close(out->rtp);
	out->rtp = -1;
	errno = saved;
	return SR_ESYS;
}

static int
take_any(const struct sr_ports *p, bool mux, struct sr_pair *out)
{
	int err = SR_ESYS;

	for (int i = 0; i < FREE_TRIES; i++)
		if ((err = bind_pair(p, 0, mux, out)) == SR_OK ||
		    errno != EADDRINUSE)
			break;
	return err;
}

/* What somebody else holds goes to the end, as if we had used it. */
int
sr_ports_take(struct sr_ports *p, sr_time now, bool mux, struct sr_pair *out)
{
	int32_t i;

	*out = (struct sr_pair){ .rtp = -1, .rtcp = -1 };
	if (p->n == 0)
		return take_any(p, mux, out);
	for (int32_t tries = 0; tries < p->n; tries++) {
		i = p->first;
		if (i == NONE || p->slots[i].ready > now)
			return SR_ELIMIT;
		if (bind_pair(p, (uint16_t)(p->lo + 2 * i), mux, out) ==
		    SR_OK) {
			unlink_slot(p, i);
			p->slots[i].used = true;
			p->used++;
			return SR_OK;
		}
		if (errno != EADDRINUSE && errno != EACCES)
			return SR_ESYS;
		unlink_slot(p, i);
		p->slots[i].ready = now + p->cooldown;
		append(p, i);
	}
	return SR_ELIMIT;
}

/* The slot of an RTP port, or NONE. */
static int32_t
slot_of(const struct sr_ports *p, uint16_t port)
{
	int32_t i = (port - p->lo) / 2;

	return port >= p->lo && i < p->n && (port - p->lo) % 2 == 0 ? i : NONE;
}

int
sr_ports_take_at(struct sr_ports *p, uint16_t port, bool mux,
    struct sr_pair *out)
{
	int32_t i = p->n > 0 ? slot_of(p, port) : NONE;
	int err;

	*out = (struct sr_pair){ .rtp = -1, .rtcp = -1 };
	if (i != NONE && p->slots[i].used)
		return SR_ELIMIT;
	if ((err = bind_pair(p, port, mux, out)) != SR_OK || i == NONE)
		return err;
	unlink_slot(p, i);
	p->slots[i].used = true;
	p->used++;
	return SR_OK;
}

void
sr_ports_give(struct sr_ports *p, sr_time now, struct sr_pair *pair)
{
	int32_t i = p->n > 0 ? slot_of(p, pair->addr.port) : NONE;

	if (pair->rtp < 0)
		return;
	close(pair->rtp);
	if (pair->rtcp >= 0)
		close(pair->rtcp);
	*pair = (struct sr_pair){ .rtp = -1, .rtcp = -1 };
	if (i == NONE || !p->slots[i].used)
		return;
	p->slots[i].used = false;
	p->slots[i].ready = now + p->cooldown;
	p->used--;
	append(p, i);
}

size_t
sr_ports_scan(const struct sr_ports *p)
{
	struct sr_pair pair;
	size_t good = 0;

	for (int32_t i = p->first; i != NONE; i = p->slots[i].next) {
		if (bind_pair(p, (uint16_t)(p->lo + 2 * i), false, &pair) !=
		    SR_OK)
			continue;
		close(pair.rtp);
		close(pair.rtcp);
		good++;
	}
	return good;
}

size_t
sr_ports_used(const struct sr_ports *p)
{
	return p->used;
}

size_t
sr_ports_total(const struct sr_ports *p)
{
	return (size_t)p->n;
}

void
sr_ports_free(struct sr_ports *p)
{
	if (p != NULL)
		free(p->slots);
	free(p);
}
