/* conform: what every kind of store does, whichever it is. */
#ifndef SIPREC_TESTS_STORE_CONFORM_H
#define SIPREC_TESTS_STORE_CONFORM_H

#include "siprec/store.h"

/* Where it is shown.  Keys are new in each run: the store need not be empty. */
struct ground {
	const char *url, *password_file;
	bool real;		/* the store has a clock of its own: wait */
	unsigned rounds;	/* of the race */
	sr_time now;
	/* Gets words for each claim that does not hold. */
	void (*fail)(const char *file, int line, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
};
struct claim {
	const char *name;
	void (*show)(struct ground *g);
};
extern const struct claim conform_claims[];
extern const size_t conform_n;

/* What the claims share. */
#define HOLDS(g, c)							\
	do {								\
		if (!(c))						\
			(g)->fail(__FILE__, __LINE__, "%s", #c);	\
	} while (0)
#define COMES(g, call, want)						\
	do {								\
		int is_ = (call);					\
		if (is_ != (want))					\
			(g)->fail(__FILE__, __LINE__, "%s: %s, not %s",	\
			    #call, sr_strerror(is_), sr_strerror(want));\
	} while (0)
enum { LEASE_MS = 400, LIFE_MS = 2000 };
/* A store of its own for that node; fails, and gives NULL, without one. */
struct sr_store *conform_open(struct ground *g, const char *node);
struct sr_store *conform_open_for(struct ground *g, const char *node,
    sr_time lease);
void conform_wait(struct ground *g, sr_time time);
/* Text that nobody else has for a key; good until the next call but 15. */
struct sr_str conform_key(const char *what);
int conform_put(struct ground *g, struct sr_store *st, struct sr_str key,
    const char *value);
int conform_renew(struct ground *g, struct sr_store *st, struct sr_str key);
int conform_delete(struct ground *g, struct sr_store *st, struct sr_str key);
/* What is there now is this. */
void conform_is(struct ground *g, struct sr_store *st, struct sr_str key,
    const char *value);
/* conform_race.c */
void conform_race(struct ground *g);
void conform_fence(struct ground *g);

#endif
