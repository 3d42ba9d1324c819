/* timer - what is due next: a binary heap of timers that know their place. */
#include "priv.h"

#include <stdlib.h>

static void
place(struct timers *h, size_t i, struct timer *t)
{
	h->v[i] = t;
	t->slot = i + 1;
}

static void
up(struct timers *h, size_t i, struct timer *t)
{
	for (; i > 0 && h->v[(i - 1) / 2]->at > t->at; i = (i - 1) / 2)
		place(h, i, h->v[(i - 1) / 2]);
	place(h, i, t);
}

static void
down(struct timers *h, size_t i, struct timer *t)
{
	size_t k;

	while ((k = 2 * i + 1) < h->n) {
		if (k + 1 < h->n && h->v[k + 1]->at < h->v[k]->at)
			k++;
		if (h->v[k]->at >= t->at)
			break;
		place(h, i, h->v[k]);
		i = k;
	}
	place(h, i, t);
}

int
timer_set(struct timers *h, struct timer *t, sr_time at)
{
	struct timer **v;
	size_t cap;

	timer_off(h, t);
	if (h->n == h->cap) {
		cap = h->cap > 0 ? h->cap * 2 : 64;
		if ((v = realloc(h->v, cap * sizeof(*v))) == NULL)
			return SR_ENOMEM;
		h->v = v;
		h->cap = cap;
	}
	t->at = at;
	up(h, h->n++, t);
	return SR_OK;
}

void
timer_off(struct timers *h, struct timer *t)
{
	struct timer *last;
	size_t i;

	if (t->slot == 0)
		return;
	i = t->slot - 1;
	t->slot = 0;
	last = h->v[--h->n];
	if (last == t)
		return;
	if (i > 0 && h->v[(i - 1) / 2]->at > last->at)
		up(h, i, last);
	else
		down(h, i, last);
}

struct timer *
timer_first(const struct timers *h)
{
	return h->n > 0 ? h->v[0] : NULL;
}
