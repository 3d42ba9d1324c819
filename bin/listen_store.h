/* listen_store: what the two halves of it know of each other. */
#ifndef SIPREC_LISTEN_STORE_H
#define SIPREC_LISTEN_STORE_H

#include "listen.h"
#include "siprec/store.h"

struct fetch;				/* a message that waits */
struct keep {
	struct sr_store *store;		/* until the keeper has it */
	struct sr_keeper *keeper;
	struct sr_watch *watch;
	struct sr_buf password;
	struct fetch *fetches;
	size_t nfetches;
	uint64_t tickets;
	struct sr_str *left;		/* what our node has left */
	size_t nleft;
	struct sr_arena arena;
	bool rewrite;			/* the store has forgotten something */
};
/* Makes a session again of its record; from: as sr_serve_restore. */
int store_restore(struct server *s, struct sr_str value,
    const struct sr_hop *from);
void store_unable(struct server *s, struct sr_str key, int err);
bool store_is_here(const struct server *s, struct sr_str key);
/* The store has answered one of our questions. */
void store_fetched(struct server *s, const struct sr_kept *k);
void fetch_drop(struct keep *k);

#endif
