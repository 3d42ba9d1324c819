/* arena - many small things that die together. */
#include "siprec/base.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 512, MOST = 4096, ALIGN = sizeof(void *) * 2 };

struct sr_arena_block {
	struct sr_arena_block *next;
	size_t n, cap;
	_Alignas(ALIGN) char data[];
};

void *
sr_zalloc(size_t n)
{
	return calloc(1, n);
}

void
sr_arena_init(struct sr_arena *a, size_t max)
{
	*a = (struct sr_arena){ .max = max };
}

static struct sr_arena_block *
block(struct sr_arena *a, size_t n)
{
	struct sr_arena_block *b;
	size_t cap = a->used < BLOCK ? BLOCK : a->used < MOST ? a->used : MOST;
	bool big = n > cap / 4;

	/* Blocks grow with the arena: most arenas stay small. */
	cap = big ? n : cap - sizeof(*b);
	if ((b = malloc(sizeof(*b) + cap)) == NULL)
		return NULL;
	b->n = 0;
	b->cap = cap;
	if (big && a->head != NULL) {
		/* A big one goes behind, so that the rest of the head block
		 * is not given up for it. */
		b->next = a->head->next;
		a->head->next = b;
	} else {
		b->next = a->head;
		a->head = b;
	}
	return b;
}

void *
sr_arena_alloc(struct sr_arena *a, size_t n)
{
	struct sr_arena_block *b = a->head;
	void *p;

	if (n == 0)
		n = 1;
	if (n > a->max || a->used > a->max - n)
		return NULL;
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((b == NULL || b->cap - b->n < n) && (b = block(a, n)) == NULL)
		return NULL;
	p = b->data + b->n;
	b->n += n;
	a->used += n;
	return memset(p, 0, n);
}

struct sr_str
sr_arena_dup(struct sr_arena *a, struct sr_str s)
{
	char *p = sr_arena_alloc(a, s.n + 1);

	if (p == NULL)
		return (struct sr_str){ NULL, 0 };
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return (struct sr_str){ p, s.n };
}

/* Doubles at each power of two, so n alone tells how much room there is. */
void *
sr_arena_grow(struct sr_arena *a, void *v, size_t n, size_t size)
{
	void *p;

	if (n > 0 && (n < 4 || (n & (n - 1)) != 0))
		return v;
	if (n > SIZE_MAX / 2 / size)
		return NULL;
	if ((p = sr_arena_alloc(a, (n < 4 ? 4 : n * 2) * size)) == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, v, n * size);
	return p;
}

void
sr_arena_free(struct sr_arena *a)
{
	struct sr_arena_block *b, *next;

	for (b = a->head; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	a->head = NULL;
	a->used = 0;
}
