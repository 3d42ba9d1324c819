/* meta_index: a document looked at from each side. */
#ifndef SIPREC_BIN_META_INDEX_H
#define SIPREC_BIN_META_INDEX_H

#include "meta/table.h"
#include "siprec/meta.h"

struct meta_index {
	const struct sr_doc *d;
	struct sr_arena arena;
	struct table people, streams;	/* id -> where in the document */
	struct multi by_person;		/* participant id -> associations */
	struct multi by_session;	/* session id -> participants in it */
	struct multi senders, hearers;	/* stream id -> associations */
};
int meta_index_make(struct meta_index *x, const struct sr_doc *d);
void meta_index_free(struct meta_index *x);
/* How people call it: label or id; name and AoR, or id. */
struct sr_str meta_stream_name(const struct meta_index *x, struct sr_str id);
void meta_person_name(const struct meta_index *x, struct sr_str id,
    struct sr_buf *out);

#endif
