/* table - where in an array the thing of that key stands. */
#include "meta/table.h"

int
sr_table_init(struct table *t, struct sr_arena *a, size_t max)
{
	size_t cap = 8;

	while (cap / 2 < max)
		cap *= 2;
	*t = (struct table){ .cap = cap, .max = max };
	t->v = sr_arena_alloc(a, cap * sizeof(*t->v));
	return t->v != NULL ? SR_OK : SR_ENOMEM;
}

static struct table_slot *
slot(const struct table *t, struct sr_str a, struct sr_str b)
{
	uint64_t h = sr_hash(a.p, a.n) * 3 + sr_hash(b.p, b.n);
	size_t i = (size_t)(h ^ h >> 32) & (t->cap - 1);

	while (t->v[i].used &&
	    (!sr_streq(t->v[i].a, a) || !sr_streq(t->v[i].b, b)))
		i = (i + 1) & (t->cap - 1);
	return &t->v[i];
}

size_t
sr_table_get(const struct table *t, struct sr_str a, struct sr_str b)
{
	const struct table_slot *s;

	if (t->v == NULL)
		return TABLE_NONE;
	s = slot(t, a, b);
	return s->used ? s->at : TABLE_NONE;
}

void
sr_table_put(struct table *t, struct sr_str a, struct sr_str b, size_t at)
{
	struct table_slot *s;

	if (t->v == NULL)
		return;
	s = slot(t, a, b);
	if (!s->used) {
		if (t->n >= t->max)
			return;
		t->n++;
		*s = (struct table_slot){ a, b, at, true };
	}
	s->at = at;
}
