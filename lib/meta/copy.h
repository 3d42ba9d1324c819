/* copy: deep copies of the model into another arena.
 *
 * The copier remembers that its arena was full: copy everything, judge once,
 * at the end.  Arrays are exact, so they are never grown afterwards. */
#ifndef SIPREC_META_COPY_H
#define SIPREC_META_COPY_H

#include "siprec/meta.h"

struct copier {
	struct sr_arena *arena;
	bool full;
};
struct sr_str sr_copy_str(struct copier *c, struct sr_str s);
/* Zeroed room for n things; NULL for none, or when the arena is full. */
void *sr_copy_room(struct copier *c, size_t n, size_t size);
struct sr_str *sr_copy_list(struct copier *c, const struct sr_str *v,
    size_t *n);
struct sr_exts sr_copy_exts(struct copier *c, const struct sr_exts *from);
struct sr_group sr_copy_group(struct copier *c, const struct sr_group *g);
struct sr_cs sr_copy_cs(struct copier *c, const struct sr_cs *s);
struct sr_participant sr_copy_participant(struct copier *c,
    const struct sr_participant *p);
struct sr_mstream sr_copy_stream(struct copier *c,
    const struct sr_mstream *s);
struct sr_assoc sr_copy_assoc(struct copier *c, const struct sr_assoc *a);

#endif
