/* redis_link - the way to the master: who it is, getting there, logging in. */
#ifdef WITH_REDIS
#include "store/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAID = 120 };

void
sr_redis_end(struct redis *r)
{
	if (r->c != NULL)
		redisFree(r->c);
	r->c = NULL;
}

static struct timeval
patience(const struct sr_store *st)
{
	return (struct timeval){ st->timeout / SR_SEC,
	    st->timeout % SR_SEC / 1000 };
}

/* ---- what went wrong ---- */

/* The connection is given up: what would come next on it nobody knows. */
static int
broken(struct sr_store *st)
{
	struct redis *r = st->at;
	int error = r->c == NULL ? ENOMEM : r->c->err == REDIS_ERR_EOF ?
	    ECONNRESET : r->c->err == REDIS_ERR_IO && errno != 0 ? errno : EIO;

	if (error == EAGAIN || error == EINPROGRESS || error == ETIMEDOUT)
		sr_store_fail(st, ETIMEDOUT, "%s: no answer in %lld ms",
		    r->where, (long long)(st->timeout / SR_MSEC));
	else
		sr_store_fail(st, error, "%s: %s", r->where, r->c != NULL ?
		    r->c->errstr : strerror(error));
	sr_redis_end(r);
	errno = error;
	return SR_ESYS;
}

static bool
says(const redisReply *r, const char *word)
{
	return r->type == REDIS_REPLY_ERROR &&
	    strncmp(r->str, word, strlen(word)) == 0;
}

int
sr_redis_refused(struct sr_store *st, const redisReply *r)
{
	const char *where = ((struct redis *)st->at)->where;

	if (r->type != REDIS_REPLY_ERROR)
		return sr_store_fail(st, EPROTO, "%s: that is no answer of "
		    "Redis", where);
	if (says(r, "NOAUTH"))
		return sr_store_fail(st, EACCES, "%s: a password is wanted",
		    where);
	if (says(r, "WRONGPASS") || says(r, "ERR invalid password"))
		return sr_store_fail(st, EACCES, "%s: the user or the "
		    "password is not accepted", where);
	/* Behind a comma stands what it was asked. */
	return sr_store_fail(st, says(r, "NOPERM") ? EACCES : EIO, "%s: %.*s",
	    where, (int)strcspn(r->str, ",\r\n") < MAX_SAID ?
	    (int)strcspn(r->str, ",\r\n") : MAX_SAID, r->str);
}

redisReply *
sr_redis_reply(struct sr_store *st)
{
	struct redis *r = st->at;
	void *reply = NULL;

	errno = 0;
	if (redisGetReply(r->c, &reply) == REDIS_OK)
		return reply;
	broken(st);
	return NULL;
}

/* The answer to one command where only one of that type is good. */
static redisReply *
ask(struct sr_store *st, int type, int argc, const char **argv)
{
	struct redis *r = st->at;
	redisReply *reply;

	if (redisAppendCommandArgv(r->c, argc, argv, NULL) != REDIS_OK) {
		broken(st);
		return NULL;
	}
	if ((reply = sr_redis_reply(st)) == NULL || reply->type == type)
		return reply;
	sr_redis_refused(st, reply);
	freeReplyObject(reply);
	return NULL;
}

static int
tell(struct sr_store *st, int argc, const char **argv)
{
	redisReply *reply = ask(st, REDIS_REPLY_STATUS, argc, argv);

	if (reply == NULL)
		return SR_ESYS;
	freeReplyObject(reply);
	return SR_OK;
}

/* ---- one server ---- */

static int
dial(struct sr_store *st, const char *host, uint16_t port)
{
	struct redis *r = st->at;

	sr_redis_end(r);
	snprintf(r->where, sizeof(r->where), strchr(host, ':') != NULL ?
	    "redis [%s]:%u" : "redis %s:%u", host, port);
	errno = 0;
	r->c = redisConnectWithTimeout(host, port, patience(st));
	if (r->c == NULL || r->c->err != 0 ||
	    redisSetTimeout(r->c, patience(st)) != REDIS_OK)
		return broken(st);
#ifdef WITH_REDIS_TLS
	if (st->url.tls)
		return sr_redis_tls(st, host);
#endif
	return SR_OK;
}

/* The server's words are not told: one that does not know the command would
 * say what came with it. */
static int
login(struct sr_store *st)
{
	const struct store_url *u = &st->url;
	const char *both[] = { "AUTH", u->user, u->password };
	const char *one[] = { "AUTH", u->password };
	struct redis *r = st->at;
	int err = SR_OK, was;

	if (u->password == NULL)
		return SR_OK;
	err = u->user != NULL ? tell(st, 3, both) : tell(st, 2, one);
	was = errno;
	if (err != SR_OK && r->c != NULL && was == EIO)
		sr_store_fail(st, EACCES, "%s: it takes no user and "
		    "password", r->where);
	return err;
}

static int
choose_db(struct sr_store *st)
{
	char db[8];
	const char *argv[] = { "SELECT", db };

	if (st->url.db == 0)
		return SR_OK;
	snprintf(db, sizeof(db), "%u", st->url.db);
	return tell(st, 2, argv);
}

static int
bring_scripts(struct sr_store *st)
{
	struct redis *r = st->at;
	redisReply *reply;

	for (int i = 0; i < SCRIPTS; i++) {
		const char *argv[] = { "SCRIPT", "LOAD",
		    sr_redis_scripts[i] };

		if ((reply = ask(st, REDIS_REPLY_STRING, 3, argv)) == NULL)
			return SR_ESYS;
		snprintf(r->sha[i], sizeof(r->sha[i]), "%s", reply->str);
		freeReplyObject(reply);
	}
	return SR_OK;
}

static int
reach(struct sr_store *st, const char *host, uint16_t port)
{
	int err = dial(st, host, port);

	if (err == SR_OK)
		err = login(st);
	if (err == SR_OK)
		err = choose_db(st);
	return err == SR_OK ? bring_scripts(st) : err;
}

/* ---- sentinels ---- */

/* Asked once more with our password where one is wanted: that of the servers
 * may be theirs too. */
static redisReply *
ask_master(struct sr_store *st)
{
	const char *argv[] = { "SENTINEL", "get-master-addr-by-name",
	    st->url.master };
	redisReply *reply = ask(st, REDIS_REPLY_ARRAY, 3, argv);

	if (reply != NULL || errno != EACCES || st->url.password == NULL ||
	    login(st) != SR_OK)
		return reply;
	return ask(st, REDIS_REPLY_ARRAY, 3, argv);
}

static int
find_master(struct sr_store *st, const struct store_host *h, char *host,
    size_t size, uint16_t *port)
{
	redisReply *reply;
	uint64_t n = 0;
	int err = SR_ESYS;

	if (dial(st, h->name, h->port) != SR_OK ||
	    (reply = ask_master(st)) == NULL) {
		if (errno == EPROTO)		/* a null: not an array */
			sr_store_fail(st, ENOENT, "sentinel %s:%u: it knows "
			    "no master called %s", h->name, h->port,
			    st->url.master);
		return SR_ESYS;
	}
	if (reply->elements == 2 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    reply->element[1]->type == REDIS_REPLY_STRING &&
	    reply->element[0]->len < size && sr_strnum(
	    sr_cstr(reply->element[1]->str), &n) == SR_OK && n <= UINT16_MAX) {
		snprintf(host, size, "%s", reply->element[0]->str);
		*port = (uint16_t)n;
		err = SR_OK;
	} else
		sr_redis_refused(st, reply);
	freeReplyObject(reply);
	return err;
}

/* What a sentinel says may be of yesterday: the server itself must agree.  One
 * that does not tell us its role will refuse what a replica refuses. */
static int
is_master(struct sr_store *st)
{
	struct redis *r = st->at;
	const char *argv[] = { "ROLE" };
	redisReply *reply = ask(st, REDIS_REPLY_ARRAY, 1, argv);
	int err = SR_OK;

	if (reply == NULL)
		return r->c != NULL && errno == EACCES ? SR_OK : SR_ESYS;
	if (reply->elements < 1 || reply->element[0]->str == NULL ||
	    strcmp(reply->element[0]->str, "master") != 0)
		err = sr_store_fail(st, EROFS, "%s: it is not the master "
		    "(yet)", r->where);
	freeReplyObject(reply);
	return err;
}

static int
follow(struct sr_store *st)
{
	struct redis *r = st->at;
	char host[256];
	uint16_t port;
	int err = SR_ESYS;

	for (size_t i = 0; err != SR_OK && i < st->url.nhosts; i++) {
		size_t k = (r->sentinel + i) % st->url.nhosts;

		err = find_master(st, &st->url.hosts[k], host, sizeof(host),
		    &port);
		if (err == SR_OK)
			err = reach(st, host, port);
		if (err == SR_OK)
			err = is_master(st);
		if (err == SR_OK)
			r->sentinel = k;
	}
	return err;
}

int
sr_redis_ready(struct sr_store *st, bool *fresh)
{
	struct redis *r = st->at;
	int err, was;

	if ((*fresh = r->c == NULL) == false)
		return SR_OK;
	err = st->url.master != NULL ? follow(st) :
	    reach(st, st->url.hosts[0].name, st->url.hosts[0].port);
	if (err != SR_OK) {
		was = errno;
		sr_redis_end(r);
		errno = was;
	}
	return err;
}
#endif
