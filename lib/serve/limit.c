/* limit - how much one source may ask for: a window for each, in a table that
 * does not grow.  Who is pushed out of it begins anew, which harms nobody. */
#include "priv.h"

#include <string.h>

static struct window *
window_of(struct window *table, const struct sr_addr *a)
{
	/* A host has all of its /64. */
	size_t n = a->family == 6 ? 8 : 4;
	uint64_t hash = sr_hash(a->ip, n);
	struct window *w = &table[hash % LIMIT_SOURCES];

	if (w->hash != hash)
		*w = (struct window){ .hash = hash };
	return w;
}

bool
limit_over(struct window *table, const struct sr_addr *from, sr_time now,
    sr_time span, unsigned most)
{
	const struct window *w = window_of(table, from);

	return most > 0 && now - w->since < span && w->n >= most;
}

void
limit_count(struct window *table, const struct sr_addr *from, sr_time now,
    sr_time span)
{
	struct window *w = window_of(table, from);

	if (now - w->since >= span) {
		w->since = now;
		w->n = 0;
	}
	w->n++;
}
