/* merge: the snapshot after a document, made of the snapshot before it. */
#ifndef SIPREC_META_MERGE_H
#define SIPREC_META_MERGE_H

#include "meta/copy.h"
#include "meta/table.h"

struct merge {
	const struct sr_doc *old, *in;
	struct sr_doc *out;
	struct copier c;		/* into out's arena */
	struct sr_arena tmp;		/* tables; dies with the merge */
};
/* merge.c: out is old with what the partial document in says. */
int sr_merge_objects(struct merge *m);
/* assoc.c: the same for associations. */
int sr_merge_assocs(struct merge *m);
/* close.c: what a stop-time or a disassociate-time ends, ends. */
int sr_merge_close(struct merge *m);
/* close.c: streams that are referred to and nowhere described. */
int sr_merge_placeholders(struct merge *m);

#endif
