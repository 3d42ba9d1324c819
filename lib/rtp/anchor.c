/* anchor - where the timestamps of a line's sources stand, to be told: two
 * records of one recording are put together by them. */
#include "priv.h"

#include <string.h>

/* The first ones stay, for what came before; then the latest, for what will
 * come after: those between are of use to nobody. */
void
anchor_note(struct anchors *a, const struct source *s, int64_t ts)
{
	int64_t base = s->at_ref - s->ts_ref;
	struct sr_anchor *last = a->n > 0 ? &a->v[a->n - 1] : NULL;

	if (last != NULL && a->base == base && last->ssrc == s->ssrc &&
	    last->clock == s->clock)
		return;
	if (a->n == SR_ANCHORS) {
		memmove(&a->v[SR_ANCHORS / 2], &a->v[SR_ANCHORS / 2 + 1],
		    (SR_ANCHORS / 2 - 1) * sizeof(a->v[0]));
		a->n--;
	}
	a->v[a->n++] = (struct sr_anchor){ .ssrc = s->ssrc, .clock = s->clock,
	    .ts = (uint32_t)ts, .at = base + ts };
	a->base = base;
}
