/* table - things by their hash, in chains; grows with what it holds. */
#include "priv.h"

#include <stdlib.h>

static int
grow(struct table *t)
{
	size_t cap = t->cap > 0 ? t->cap * 2 : 64;
	struct node **v = calloc(cap, sizeof(*v)), *n;

	if (v == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		while ((n = t->v[i]) != NULL) {
			t->v[i] = n->next;
			n->next = v[n->hash & (cap - 1)];
			v[n->hash & (cap - 1)] = n;
		}
	}
	free(t->v);
	t->v = v;
	t->cap = cap;
	return SR_OK;
}

int
table_add(struct table *t, struct node *n, uint64_t hash, void *item)
{
	struct node **at;

	/* Longer chains are better than none: only the first must work. */
	if (t->n >= t->cap && grow(t) != SR_OK && t->cap == 0)
		return SR_ENOMEM;
	at = &t->v[hash & (t->cap - 1)];
	n->next = *at;
	n->hash = hash;
	n->item = item;
	*at = n;
	t->n++;
	return SR_OK;
}

void
table_del(struct table *t, struct node *n)
{
	struct node **at;

	if (n->item == NULL)
		return;
	at = &t->v[n->hash & (t->cap - 1)];
	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	n->item = NULL;
	t->n--;
}

static struct node *
same(struct node *n, uint64_t hash)
{
	while (n != NULL && n->hash != hash)
		n = n->next;
	return n;
}

struct node *
table_find(const struct table *t, uint64_t hash)
{
	return t->cap > 0 ? same(t->v[hash & (t->cap - 1)], hash) : NULL;
}

struct node *
table_more(struct node *n)
{
	return same(n->next, n->hash);
}
