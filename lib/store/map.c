/* map - things by their key. */
#include "store/map.h"

#include <stdlib.h>

static struct map_node **
slot(const struct map *m, struct sr_str key)
{
	return &m->v[sr_hash(key.p, key.n) & (m->cap - 1)];
}

static int
grow(struct map *m)
{
	struct map was = *m;
	struct map_node *n, **at;

	m->cap = was.cap > 0 ? was.cap * 2 : 64;
	if ((m->v = calloc(m->cap, sizeof(*m->v))) == NULL) {
		*m = was;
		return SR_ENOMEM;
	}
	for (size_t i = 0; i < was.cap; i++)
		while ((n = was.v[i]) != NULL) {
			was.v[i] = n->next;
			at = slot(m, n->key);
			n->next = *at;
			*at = n;
		}
	free(was.v);
	return SR_OK;
}

int
sr_map_add(struct map *m, struct map_node *n)
{
	struct map_node **at;

	/* Longer chains are better than none: only the first must work. */
	if (m->n >= m->cap && grow(m) != SR_OK && m->cap == 0)
		return SR_ENOMEM;
	at = slot(m, n->key);
	n->next = *at;
	*at = n;
	m->n++;
	return SR_OK;
}

void *
sr_map_find(const struct map *m, struct sr_str key)
{
	struct map_node *n = m->cap > 0 ? *slot(m, key) : NULL;

	while (n != NULL && !sr_streq(n->key, key))
		n = n->next;
	return n;
}

void
sr_map_del(struct map *m, struct map_node *n)
{
	struct map_node **at = slot(m, n->key);

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	m->n--;
}

void *
sr_map_next(const struct map *m, const struct map_node *n)
{
	size_t i = 0;

	if (n != NULL) {
		if (n->next != NULL)
			return n->next;
		i = (size_t)(slot(m, n->key) - m->v) + 1;
	}
	while (i < m->cap && m->v[i] == NULL)
		i++;
	return i < m->cap ? m->v[i] : NULL;
}

void
sr_map_free(struct map *m)
{
	free(m->v);
	*m = (struct map){ 0 };
}
