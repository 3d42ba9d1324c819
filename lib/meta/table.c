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

int
sr_multi_init(struct multi *m, struct sr_arena *a, size_t max)
{
	*m = (struct multi){ .max = max };
	m->v = sr_arena_alloc(a, (max + 1) * sizeof(*m->v));
	return m->v != NULL ? sr_table_init(&m->heads, a, max) : SR_ENOMEM;
}

size_t
sr_multi_first(const struct multi *m, struct sr_str key)
{
	return sr_table_get(&m->heads, key, SR_STR(""));
}

void
sr_multi_put(struct multi *m, struct sr_str key, size_t value)
{
	size_t head = sr_multi_first(m, key), at = m->n;

	if (m->n >= m->max)
		return;
	m->v[m->n++] = (struct multi_link){ value, TABLE_NONE, at };
	if (head == TABLE_NONE) {
		sr_table_put(&m->heads, key, SR_STR(""), at);
		return;
	}
	m->v[m->v[head].last].next = at;
	m->v[head].last = at;
}
