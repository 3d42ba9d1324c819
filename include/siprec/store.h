/* store: what a recording server must remember longer than it lives.
 *
 * A record for each recording session: bytes that only its owner may change,
 * found by its key (the Call-ID of its first dialog) or one of its other names
 * (those of later dialogs).  The owner is a process.  Its lease says how long
 * nobody else takes the record from it, and whoever has lost one writes
 * nothing to it any more, however late it finds out. */
#ifndef SIPREC_STORE_H
#define SIPREC_STORE_H

#include "siprec/base.h"

/* ---- store: memory, a file, a server; every call waits for it ---- */

struct sr_store_cfg {
	/* memory:			this process's own
	 * memory:NAME			of all in this process that name it
	 * sqlite:PATH			a file, for processes of one machine
	 * redis://[USER[:PASSWORD]@]HOST[:PORT][/DB]
	 * rediss://...			the same in TLS
	 * redis-sentinel://[USER[:PASSWORD]@]HOST[:PORT],.../NAME[/DB]
	 *				whoever is the master called NAME */
	const char *url;
	const char *password_file;	/* its first line, for one that is in
					 * no URL; NULL: none */
	/* Who we are, and are again after a restart: what another process of
	 * the same node has left is taken at once.  No slash, no blank. */
	const char *node;
	sr_time lease;		/* of what is not renewed; 0: 5 s */
	sr_time life;		/* a record's, from then on; 0: 24 h */
	sr_time timeout;	/* of an answer of the store; 0: 1 s */
	size_t max_value;	/* 0: 4 MiB */
};
enum { SR_STORE_MAX_NAME = 1024, SR_STORE_MAX_NAMES = 64 };

struct sr_store;
/* Reads cfg, not the store: sr_store_check says whether that is there.  why
 * gets words for a person, here and below; no password is ever in them.
 * SR_OK; SR_EBAD: the URL or the node cannot be; SR_EUNSUP: not built in, why
 * says what to do; SR_ESYS: the password file (errno); SR_ENOMEM. */
int sr_store_open(struct sr_store **sp, const struct sr_store_cfg *cfg,
    struct sr_buf *why);
void sr_store_close(struct sr_store *st);	/* wipes; NULL is fine */
const char *sr_store_owner(const struct sr_store *st);	/* NODE/RANDOM */

/* Any function that follows returns SR_ESYS when the store is not there or
 * cannot: then sr_store_why has the reason, until the next call, and nothing
 * is known of what was asked for; to ask again does no harm.  The next call
 * tries anew, with another server where the URL names a sentinel.
 * now is one clock for all who share the store, and does not matter to Redis,
 * which goes by its own.  Who talks to Redis ignores SIGPIPE, as any loop has
 * the process do; the keeper's thread hears no signals. */
const char *sr_store_why(const struct sr_store *st);
int sr_store_check(struct sr_store *st);	/* SR_OK, SR_ESYS */

/* What an owner does.  Each operation is done as a whole or not at all, and
 * each for itself: err has its end.
 *   SR_STORE_PUT	the value is this, the lease begins anew, and names are
 *			added to those that there are.  A record that is not
 *			there is made, and ours.
 *   SR_STORE_RENEW	the lease begins anew.
 *   SR_STORE_DELETE	the record is gone, its names with it; that there is
 *			none is as good.
 * SR_OK; SR_EAUTH: the record is another's, or was when it was deleted, and is
 * as it was (for a new one also: its key is a name of another record);
 * SR_ENOENT: there is none to renew; SR_ELIMIT: the value, a name or their
 * number is too large.  A name that leads to another record still does. */
enum sr_store_verb { SR_STORE_PUT, SR_STORE_RENEW, SR_STORE_DELETE };
struct sr_store_op {
	enum sr_store_verb verb;
	struct sr_str key, value;
	const struct sr_str *names;
	size_t nnames;
	int err;
};
/* All of it waits once for the disk or the network.  SR_OK: it is safe there
 * and each err says how it went; SR_ESYS. */
int sr_store_write(struct sr_store *st, struct sr_store_op *v, size_t n,
    sr_time now);

/* A record as it was found; begin with { 0 }, free after any return. */
struct sr_stored {
	struct sr_buf key, value, owner;
	sr_time left;		/* of the lease; 0: it is over */
};
void sr_stored_free(struct sr_stored *r);	/* wipes */
/* name: a key or another name.  SR_OK; SR_ENOENT; SR_ELIMIT: the value is
 * larger than ours may be; SR_ESYS, SR_ENOMEM. */
int sr_store_get(struct sr_store *st, struct sr_str name, struct sr_stored *r,
    sr_time now);
/* The same, and it is ours from now on when its lease is over, when our node
 * had it, or when it is ours already.  SR_MORE: a living owner has it, and for
 * how long is in r, but no value. */
int sr_store_take(struct sr_store *st, struct sr_str name, struct sr_stored *r,
    sr_time now);
/* The keys of all that our node has, to be taken at the start; they and the
 * array live in a.  SR_OK; SR_ELIMIT: a is full; SR_ESYS. */
int sr_store_scan(struct sr_store *st, struct sr_arena *a,
    struct sr_str **keys, size_t *n, sr_time now);
/* Forgets what has outlived its life.  Once a minute is enough; nobody finds
 * such a record before, either. */
int sr_store_expire(struct sr_store *st, sr_time now);

/* ---- keeper: a store on a thread of its own, for who must not wait ---- */

/* What is wanted is written as soon as may be, one value of a key at most: the
 * last.  When the store is away it is kept until it comes back.  What is ours
 * is renewed three times in each lease. */
struct sr_keeper;
struct sr_keeper_cfg {
	size_t max;		/* bytes that may wait; 0: 64 MiB */
	sr_time retry;		/* of a store that is away; 0: 500 ms */
};
/* st belongs to the keeper, when it is made.  SR_OK, SR_ESYS, SR_ENOMEM. */
int sr_keeper_new(struct sr_keeper **kp, struct sr_store *st,
    const struct sr_keeper_cfg *cfg);
/* Is readable as long as sr_keeper_next has something. */
int sr_keeper_fd(const struct sr_keeper *k);

/* Each is answered once under its ticket, unless it is refused at once:
 * SR_ELIMIT: too much waits; SR_ENOMEM.  Everything is copied. */
int sr_keeper_put(struct sr_keeper *k, uint64_t ticket, struct sr_str key,
    const struct sr_str *names, size_t nnames, struct sr_str value);
int sr_keeper_delete(struct sr_keeper *k, uint64_t ticket, struct sr_str key);
/* When the store is away the answer is SR_ESYS, and soon. */
int sr_keeper_take(struct sr_keeper *k, uint64_t ticket, struct sr_str name);
/* This record is ours already, from before: it is to be renewed. */
int sr_keeper_own(struct sr_keeper *k, struct sr_str key);

enum sr_kept_what {
	/* An answer: ticket, err as above, key. */
	SR_KEPT_PUT,		/* also by a value that came after it */
	SR_KEPT_DELETE,
	SR_KEPT_TAKE,		/* SR_OK: value; SR_MORE: owner, left */
	/* Nobody asked, but: */
	SR_KEPT_LOST,		/* key is another's now; told once */
	SR_KEPT_MISSING,	/* the store has forgotten key: put it again */
	SR_KEPT_DOWN,		/* the store is away; why */
	SR_KEPT_UP		/* it is back, and perhaps older than it was:
				 * put everything again */
};
struct sr_kept {
	enum sr_kept_what what;
	uint64_t ticket;
	int err;
	struct sr_str key, value, owner, why;
	sr_time left;
};
/* What there is to be told, in order; its bytes are good until the next call
 * and wiped then.  False: nothing. */
bool sr_keeper_next(struct sr_keeper *k, struct sr_kept *out);
/* What waits has so long to be written.  Returns how much was not: puts and
 * deletes.  Records that are ours stay, for the next process. */
size_t sr_keeper_close(struct sr_keeper *k, sr_time patience);

#endif
