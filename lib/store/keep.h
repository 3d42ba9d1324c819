/* keep: what a keeper has to do and to tell; without thread, lock or clock. */
#ifndef SIPREC_STORE_KEEP_H
#define SIPREC_STORE_KEEP_H

#include "siprec/store.h"
#include "store/map.h"

enum { KEEP_BATCH = 256, KEEP_BYTES = 8 << 20 };

/* What is wanted of a key: one block, wiped as a whole. */
struct want {
	enum sr_store_verb verb;
	struct ticket *tickets;
	size_t ntickets, room;
	struct sr_str value;
	struct sr_str *names;
	size_t nnames, size;
	char bytes[];
};
struct ticket {
	uint64_t id;
	enum sr_kept_what what;
};

/* A key that is ours, or of which something is wanted.  What flies is with the
 * store, and is not touched until that has answered. */
enum line { LINE_URGENT, LINE_RENEW, LINES };
struct item {
	struct map_node node;
	bool ours, in[LINES];
	struct item *next[LINES];
	struct want *wanted, *flying;
	char key[];
};
struct search {
	struct search *next;
	uint64_t ticket;
	struct sr_str name;
	char bytes[];
};
/* Something to tell, in a block that is wiped as a whole. */
struct news {
	struct news *next;
	struct sr_kept kept;
	size_t size;
	char bytes[];
};
struct keep {
	struct map items;
	struct item *first[LINES], **end[LINES];
	struct search *searches, **searches_end;
	struct news *news, **news_end;
	size_t waiting, max;		/* bytes */
	size_t undone;			/* puts and deletes */
	sr_time lease, retry, renew_at, expire_at, retry_at;
	bool down, searched;		/* searched: the last job was one */
};

/* The next thing to ask of the store, and what it said. */
enum job_what { JOB_NONE, JOB_WRITE, JOB_TAKE, JOB_CHECK, JOB_EXPIRE };
struct job {
	enum job_what what;
	int err;
	const char *why;
	struct sr_store_op ops[KEEP_BATCH];
	struct item *items[KEEP_BATCH];
	size_t n;
	struct search *search;
	struct sr_stored found;
};

void sr_keep_init(struct keep *k, sr_time lease, size_t max, sr_time retry,
    sr_time now);
int sr_keep_put(struct keep *k, uint64_t ticket, struct sr_str key,
    const struct sr_str *names, size_t nnames, struct sr_str value);
int sr_keep_delete(struct keep *k, uint64_t ticket, struct sr_str key);
int sr_keep_take(struct keep *k, uint64_t ticket, struct sr_str name);
int sr_keep_own(struct keep *k, struct sr_str key);
/* True: j is to be performed, and then done; false: nothing until *due. */
bool sr_keep_next(struct keep *k, struct job *j, sr_time now, sr_time *due);
void sr_keep_perform(struct job *j, struct sr_store *st, sr_time now);
void sr_keep_done(struct keep *k, struct job *j, sr_time now);
/* The caller frees it; NULL: none. */
struct news *sr_keep_news(struct keep *k);
void sr_keep_news_free(struct news *n);		/* wipes; NULL is fine */
void sr_keep_free(struct keep *k);		/* wipes */

/* keep_want.c */
/* Makes a want, or NULL; a renewal has no value. */
struct want *sr_want_new(enum sr_store_verb verb, struct sr_str value,
    const struct sr_str *names, size_t nnames);
int sr_want_ticket(struct want *w, uint64_t id, enum sr_kept_what what);
/* Those of from, before those of w: they are answered together.  SR_ENOMEM:
 * nothing has changed. */
int sr_want_inherit(struct want *w, const struct want *from);
void sr_want_free(struct want *w);		/* wipes; NULL is fine */
/* Tells it; the bytes of kept are copied. */
void sr_keep_tell(struct keep *k, const struct sr_kept *kept);

#endif
