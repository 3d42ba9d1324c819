/* map: things by their key, in chains; grows with what it holds.
 *
 * A thing carries its node as its first member, and owns the key. */
#ifndef SIPREC_STORE_MAP_H
#define SIPREC_STORE_MAP_H

#include "siprec/base.h"

struct map_node {
	struct map_node *next;
	struct sr_str key;
};
struct map {
	struct map_node **v;
	size_t cap, n;
};
int sr_map_add(struct map *m, struct map_node *n);	/* SR_OK, SR_ENOMEM */
void *sr_map_find(const struct map *m, struct sr_str key); /* NULL: none */
void sr_map_del(struct map *m, struct map_node *n);
/* All of them, in no order; after NULL the first.  What was given last may be
 * deleted when the next has been asked for. */
void *sr_map_next(const struct map *m, const struct map_node *n);
void sr_map_free(struct map *m);		/* not the things */

#endif
