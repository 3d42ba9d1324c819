/* harm - a bad network and a bad clock, made to order.
 *
 * Packets that wait (for others to overtake them, or for their delay to pass)
 * are copied; all others go through as they are. */
#include "siprec/play.h"

#include <stdlib.h>
#include <string.h>

#include "play/priv.h"

enum { WAIT_MAX = 4096, OVERTAKE_MAX = 1024 };

struct waiting {
	sr_time at;
	char *p;
	size_t head, n;
	bool rtcp;
};

struct sr_harm {
	struct sr_harm_cfg cfg;
	struct sr_prng prng;
	struct sr_emitter from;
	struct sr_harm_numbers numbers;
	sr_time last, end;	/* the time handed out last; the source's */
	bool losing, drained;
	/* A ring of those whose time is known, in its order. */
	struct waiting *ring;
	size_t first, n, cap;
	/* One that lets others overtake it, and how many still may. */
	struct waiting aside;
	unsigned overtake;
	char *given;			/* handed out, borrowed */
};

int
sr_harm_new(struct sr_harm **hp, const struct sr_harm_cfg *cfg,
    struct sr_emitter from)
{
	struct sr_harm *h;

	if (cfg->jitter < 0 || cfg->jitter > 10 * SR_SEC ||
	    cfg->reorder_by > OVERTAKE_MAX || cfg->drift < -1e5 ||
	    cfg->drift > 1e5)
		return SR_ELIMIT;
	if ((h = sr_zalloc(sizeof(*h))) == NULL)
		return SR_ENOMEM;
	h->cfg = *cfg;
	if (h->cfg.burst < 1)
		h->cfg.burst = 1;
	if (h->cfg.reorder_by == 0)
		h->cfg.reorder_by = 1;
	h->from = from;
	h->last = INT64_MIN;
	sr_prng_init(&h->prng, cfg->seed);
	*hp = h;
	return SR_OK;
}

void
sr_harm_free(struct sr_harm *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n; i++)
		free(h->ring[(h->first + i) % h->cap].p);
	free(h->ring);
	free(h->aside.p);
	free(h->given);
	free(h);
}

/* ---- chances ---- */

static bool
chance(struct sr_harm *h, double p)
{
	return p > 0 && sr_prng_real(&h->prng) < p;
}

/* Gilbert's two states: a loss stops with 1 / burst, and begins so often that
 * the share of lost packets is what was asked for. */
static bool
lose(struct sr_harm *h)
{
	double p = h->cfg.loss, stop = 1 / h->cfg.burst;
	bool was = h->losing;

	if (p <= 0)
		return false;
	h->losing = (was && !chance(h, stop)) ||
	    chance(h, p * stop / (1 - p + p * stop));
	h->numbers.bursts += h->losing && !was;
	return h->losing;
}

/* The sum of twelve uniform numbers is normal enough, and exact. */
static sr_time
delay(struct sr_harm *h)
{
	double x = -6;

	if (h->cfg.jitter == 0)
		return 0;
	if (!h->cfg.gauss)
		return (sr_time)((double)h->cfg.jitter *
		    sr_prng_real(&h->prng));
	for (int i = 0; i < 12; i++)
		x += sr_prng_real(&h->prng);
	return (sr_time)((double)h->cfg.jitter * (x < 0 ? -x : x));
}

/* ---- those that wait ---- */

static int
keep(struct waiting *w, const struct sr_packet *p, sr_time at)
{
	*w = (struct waiting){ .at = at, .head = p->head.n,
		.n = p->head.n + p->body.n, .rtcp = p->rtcp };
	if ((w->p = malloc(w->n + 1)) == NULL)
		return SR_ENOMEM;
	memcpy(w->p, p->head.p, p->head.n);
	if (p->body.n > 0)
		memcpy(w->p + p->head.n, p->body.p, p->body.n);
	return SR_OK;
}

static int
grow(struct sr_harm *h)
{
	size_t cap = h->cap > 0 ? 2 * h->cap : 8;
	struct waiting *v;

	if (cap > WAIT_MAX)
		return SR_ELIMIT;
	if ((v = calloc(cap, sizeof(*v))) == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < h->n; i++)
		v[i] = h->ring[(h->first + i) % h->cap];
	free(h->ring);
	h->ring = v;
	h->first = 0;
	h->cap = cap;
	return SR_OK;
}

/* Takes what w has. */
static int
line_up(struct sr_harm *h, struct waiting *w)
{
	int err = h->n == h->cap ? grow(h) : SR_OK;

	if (err != SR_OK) {
		free(w->p);
		w->p = NULL;
		return err;
	}
	if (h->n > 0) {
		const struct waiting *before =
		    &h->ring[(h->first + h->n - 1) % h->cap];

		if (w->at < before->at)
			w->at = before->at;
	}
	h->ring[(h->first + h->n++) % h->cap] = *w;
	w->p = NULL;
	return SR_OK;
}

static int
line_up_copy(struct sr_harm *h, const struct sr_packet *p, sr_time at)
{
	struct waiting w;
	int err;

	if ((err = keep(&w, p, at)) != SR_OK)
		return err;
	return line_up(h, &w);
}

static void
give(struct sr_harm *h, struct sr_packet *out)
{
	struct waiting *w = &h->ring[h->first];

	free(h->given);
	h->given = w->p;
	*out = (struct sr_packet){ .at = w->at > h->last ? w->at : h->last,
		.head = { w->p, w->head },
		.body = { w->p + w->head, w->n - w->head }, .rtcp = w->rtcp };
	h->first = (h->first + 1) % h->cap;
	h->n--;
	h->last = out->at;
	h->numbers.sent++;
}

/* The one aside comes back when enough have passed it. */
static int
come_back(struct sr_harm *h, sr_time at)
{
	if (h->aside.p == NULL || (h->overtake > 0 && --h->overtake > 0))
		return SR_OK;
	h->aside.at = at;
	return line_up(h, &h->aside);
}

/* ---- each packet's fate ---- */

static int
put_aside(struct sr_harm *h, const struct sr_packet *p)
{
	h->overtake = h->cfg.reorder_by;
	h->numbers.reordered++;
	return keep(&h->aside, p, p->at);
}

static int
pass(struct sr_harm *h, struct sr_packet *p, bool twice)
{
	sr_time d = delay(h), at = p->at + d;
	int err = SR_OK;

	h->numbers.delayed += d > 0;
	if (d == 0 && h->n == 0 && h->aside.p == NULL && !twice) {
		p->at = at > h->last ? at : h->last;
		h->last = p->at;
		h->numbers.sent++;
		return SR_OK;
	}
	for (int i = 0; i <= twice && err == SR_OK; i++)
		err = line_up_copy(h, p, at);
	if (err == SR_OK)
		err = come_back(h, at);
	return err != SR_OK ? err : SR_MORE;
}

static int
judge(struct sr_harm *h, struct sr_packet *p)
{
	bool twice;

	h->numbers.seen++;
	if (lose(h)) {
		h->numbers.lost++;
		return SR_MORE;
	}
	if (h->aside.p == NULL && chance(h, h->cfg.reorder)) {
		int err = put_aside(h, p);

		return err != SR_OK ? err : SR_MORE;
	}
	twice = chance(h, h->cfg.duplicate);
	h->numbers.duplicated += twice;
	return pass(h, p, twice);
}

sr_time
sr_harm_wall(const struct sr_harm *h, sr_time t)
{
	if (t == SR_NEVER || h->cfg.drift == 0)
		return t;
	return t + (sr_time)((double)t * h->cfg.drift * 1e-6);
}

sr_time
sr_harm_due(void *harm)
{
	const struct sr_harm *h = harm;
	sr_time due = h->drained ? SR_NEVER :
	    sr_harm_wall(h, h->from.due(h->from.arg));

	if (h->n > 0 && h->ring[h->first].at < due)
		due = h->ring[h->first].at;
	if (due == SR_NEVER && h->drained)
		due = h->end;
	return due > h->last ? due : h->last;
}

int
sr_harm_next(void *harm, struct sr_packet *out)
{
	struct sr_harm *h = harm;
	sr_time due = h->drained ? SR_NEVER :
	    sr_harm_wall(h, h->from.due(h->from.arg));
	int err;

	if (h->n > 0 && h->ring[h->first].at <= due) {
		give(h, out);
		return SR_OK;
	}
	if (h->drained)
		return SR_ENOENT;
	err = h->from.next(h->from.arg, out);
	if (err == SR_ENOENT) {
		h->drained = true;
		h->end = due == SR_NEVER ? h->last : due;
		h->overtake = 0;
		if ((err = come_back(h, due)) == SR_OK)
			err = SR_MORE;
		return err;
	}
	if (err != SR_OK)
		return err;
	out->at = sr_harm_wall(h, out->at);
	return judge(h, out);
}

struct sr_emitter
sr_harm_emitter(struct sr_harm *h)
{
	return (struct sr_emitter){ h, sr_harm_due, sr_harm_next };
}

void
sr_harm_numbers(const struct sr_harm *h, struct sr_harm_numbers *out)
{
	*out = h->numbers;
	out->waiting = h->n + (h->aside.p != NULL);
}
