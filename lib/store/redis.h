/* redis: a connection to the master, and the scripts that it runs. */
#ifndef SIPREC_STORE_REDIS_H
#define SIPREC_STORE_REDIS_H

#include <hiredis/hiredis.h>

#include "priv.h"

/* What cannot be half done is done by the server, in Lua:
 * WRITE	KEYS: of the record.  ARGV: key, verb, owner, lease, life,
 *		grave, value, names...  "OK", "AUTH", "NONE".
 * FIND		KEYS: of the record of that name, of the name.  ARGV: name,
 *		"get" or "take", owner, lease, life, most bytes.  A list of
 *		"OK", "MORE", "NONE" or "BIG"; key, owner, left, value.
 * SCAN		KEYS: of the node.  ARGV: node.  Its keys.
 * Times are milliseconds. */
enum script { S_WRITE, S_FIND, S_SCAN, SCRIPTS };
extern const char *const sr_redis_scripts[SCRIPTS];
#define PREFIX "siprec:"

struct redis {
	redisContext *c;		/* NULL: none */
	char where[300];		/* of it, for people */
	char sha[SCRIPTS][41];
	size_t sentinel;		/* that knew the way last */
};

/* Connects where that has to be done, logs in, and brings the scripts.  fresh:
 * it had to be.  SR_OK, SR_ESYS. */
int sr_redis_ready(struct sr_store *st, bool *fresh);
/* The next answer; NULL: there is none, and the connection is no more.  It is
 * to be freed.  An error of the server is one too. */
redisReply *sr_redis_reply(struct sr_store *st);
/* Why it is no good, for people; never more of it than is known to hold
 * nothing that was sent.  SR_ESYS. */
int sr_redis_refused(struct sr_store *st, const redisReply *r);
void sr_redis_end(struct redis *r);
/* Goes on in TLS, with whom the system trusts and who has that name. */
int sr_redis_tls(struct sr_store *st, const char *host);

#endif
