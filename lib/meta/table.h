/* table: where in an array the thing of that key stands.
 *
 * Documents come from strangers and may hold a hundred thousand ids, so
 * nothing is looked for by walking.  Keys are borrowed; the slots live in an
 * arena that the caller throws away. */
#ifndef SIPREC_META_TABLE_H
#define SIPREC_META_TABLE_H

#include "siprec/base.h"

#define TABLE_NONE SIZE_MAX

struct table_slot {
	struct sr_str a, b;		/* the key: one id, or a pair */
	size_t at;
	bool used;
};
struct table {
	struct table_slot *v;
	size_t cap, n, max;
};
/* Room for max keys: SR_OK or SR_ENOMEM. */
int sr_table_init(struct table *t, struct sr_arena *a, size_t max);
/* Where the key stands, TABLE_NONE when it is not there. */
size_t sr_table_get(const struct table *t, struct sr_str a, struct sr_str b);
/* Puts or replaces; nothing happens when the table is full. */
void sr_table_put(struct table *t, struct sr_str a, struct sr_str b,
    size_t at);

/* Many values under one key, in the order they were put. */
struct multi_link {
	size_t value, next, last;	/* last: of the first link only */
};
struct multi {
	struct table heads;
	struct multi_link *v;
	size_t n, max;
};
int sr_multi_init(struct multi *m, struct sr_arena *a, size_t max);
void sr_multi_put(struct multi *m, struct sr_str key, size_t value);
/* The first link of a key, TABLE_NONE without one; v[i].next goes on. */
size_t sr_multi_first(const struct multi *m, struct sr_str key);

#endif
