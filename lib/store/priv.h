/* priv: what the parts of the store know of each other. */
#ifndef SIPREC_STORE_PRIV_H
#define SIPREC_STORE_PRIV_H

#include "siprec/store.h"
#include "store/url.h"

enum { MAX_NODE = 128, MAX_OWNER = MAX_NODE + 1 + 16, MAX_WHY = 512,
	MAX_FENCED = 8, MAX_FENCES = (MAX_FENCED + 1) * (MAX_OWNER + 1) };
#define MAX_GRAVE (3600 * SR_SEC)

/* What a kind of store can do.  store.c has looked at what is given: sizes are
 * as they may be, and of operations only those are to be done whose err is
 * SR_MORE.  SR_ESYS has been explained by sr_store_fail. */
struct backend {
	int (*open)(struct sr_store *st);
	int (*check)(struct sr_store *st);
	int (*write)(struct sr_store *st, struct sr_store_op *v, size_t n,
	    sr_time now);
	int (*find)(struct sr_store *st, struct sr_str name, bool take,
	    struct sr_stored *r, sr_time now);
	int (*scan)(struct sr_store *st, struct sr_arena *a,
	    struct sr_str **keys, size_t *n, sr_time now);
	int (*expire)(struct sr_store *st, sr_time now);
	void (*close)(struct sr_store *st);
};
extern const struct backend sr_memory, sr_sqlite, sr_redis;

struct sr_store {
	const struct backend *is;
	void *at;			/* what it has open, its own */
	char owner[MAX_OWNER + 1];
	size_t nnode;			/* of owner, before the slash */
	sr_time lease, life, grave, timeout;
	size_t max_value;
	struct store_url url;
	char why[MAX_WHY];
};

/* Says why and returns SR_ESYS with this errno. */
int sr_store_fail(struct sr_store *st, int error, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Gives r room of its own for these; what they hold is wiped with it. */
int sr_stored_fill(struct sr_stored *r, struct sr_str key,
    struct sr_str value, struct sr_str owner);
/* Adds a copy of key to the array in a. */
int sr_scan_add(struct sr_arena *a, struct sr_str **keys, size_t *n,
    struct sr_str key);

/* ---- rule: who may do what ---- */

/* Who has a record, and who had it before and lost it: owners with a blank
 * around each, the last ones.  A grave is what is left of a record that had
 * been taken from somebody and was deleted: it has no owner, and keeps those
 * from making it again who do not know that it is over. */
struct holder {
	struct sr_str owner, fenced;
	sr_time until;			/* of the lease */
};
bool sr_rule_is_near(const struct sr_store *st, struct sr_str owner);
/* NULL: there is no record.  SR_OK, SR_EAUTH, SR_ENOENT. */
int sr_rule_write(const struct sr_store *st, enum sr_store_verb verb,
    const struct holder *h);
int sr_rule_take(const struct sr_store *st, const struct holder *h,
    sr_time now);			/* SR_OK, SR_MORE, SR_ENOENT */
/* The fenced of a record that we have taken from h. */
int sr_rule_fence(const struct sr_store *st, const struct holder *h,
    struct sr_buf *fenced);

#endif
