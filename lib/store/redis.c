/* redis - records on a server, for nodes that share nothing else. */
#include "priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef WITH_REDIS
static int
none(struct sr_store *st)
{
	sr_store_fail(st, ENOSYS, "this program was built without hiredis "
	    "(make WITH_REDIS=yes)");
	return SR_EUNSUP;
}

const struct backend sr_redis = { .open = none };
#else
#include "store/redis.h"

/* What is under way at once: a server answers when it has read it all. */
enum { AT_ONCE = 256, MAX_ARGS = 16 + SR_STORE_MAX_NAMES,
	BYTES_AT_ONCE = 1 << 20 };

/* A command in the making. */
struct command {
	const char *argv[MAX_ARGS];
	size_t len[MAX_ARGS];
	int argc;
	char keys[2][SR_STORE_MAX_NAME + 16], numbers[4][24];
	int nkeys, nnumbers;
};

static void
say(struct command *c, struct sr_str s)
{
	c->argv[c->argc] = s.n > 0 ? s.p : "";
	c->len[c->argc++] = s.n;
}

static void
say_key(struct command *c, char kind, struct sr_str name)
{
	char *p = c->keys[c->nkeys++];
	int n = snprintf(p, 16, PREFIX "%c:", kind);

	memcpy(p + n, name.p, name.n);
	say(c, (struct sr_str){ p, (size_t)n + name.n });
}

static void
say_number(struct command *c, int64_t n)
{
	char *p = c->numbers[c->nnumbers++];

	snprintf(p, sizeof(c->numbers[0]), "%lld", (long long)n);
	say(c, sr_cstr(p));
}

/* A lease of less than a millisecond is one. */
static void
say_time(struct command *c, sr_time t)
{
	say_number(c, t < SR_MSEC ? 1 : t / SR_MSEC);
}

static void
run_script(struct command *c, struct sr_store *st, enum script which,
    const char *nkeys)
{
	*c = (struct command){ .argc = 0 };
	say(c, SR_STR("EVALSHA"));
	say(c, sr_cstr(((struct redis *)st->at)->sha[which]));
	say(c, sr_cstr(nkeys));
}

static void
send_off(struct command *c, struct sr_store *st)
{
	/* Without memory it is a connection that is broken. */
	(void)redisAppendCommandArgv(((struct redis *)st->at)->c, c->argc,
	    c->argv, c->len);
}

/* ---- once more, elsewhere ---- */

/* After these it may be better at another server, or the same one later:
 * scripts were thrown away, the master is no longer one, it is starting. */
static bool
is_to_be_asked_again(const redisReply *r)
{
	static const char *const words[] = { "NOSCRIPT", "READONLY",
	    "LOADING", "MASTERDOWN", "NOREPLICAS" };

	if (r->type != REDIS_REPLY_ERROR)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strncmp(r->str, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* Explains it, and leaves no connection when it had better be another. */
static int
refused(struct sr_store *st, const redisReply *reply)
{
	sr_redis_refused(st, reply);
	if (is_to_be_asked_again(reply) || reply->type != REDIS_REPLY_ERROR)
		sr_redis_end(st->at);
	return SR_ESYS;
}

/* An old connection may be dead without our knowing: what fails on it is
 * tried once on a new one.  Everything may be done twice. */
static int
twice(struct sr_store *st, int (*fn)(struct sr_store *st, void *arg),
    void *arg)
{
	struct redis *r = st->at;
	bool fresh;
	int err = sr_redis_ready(st, &fresh);

	if (err != SR_OK)
		return err;
	err = fn(st, arg);
	if (err != SR_ESYS || r->c != NULL || fresh)
		return err;
	err = sr_redis_ready(st, &fresh);
	return err == SR_OK ? fn(st, arg) : err;
}

/* ---- what an owner does ---- */

static void
send_op(struct sr_store *st, const struct sr_store_op *op)
{
	static const struct sr_str verbs[] = { SR_STR("put"),
	    SR_STR("renew"), SR_STR("delete") };
	struct command c;

	run_script(&c, st, S_WRITE, "1");
	say_key(&c, 'r', op->key);
	say(&c, op->key);
	say(&c, verbs[op->verb]);
	say(&c, sr_cstr(st->owner));
	say_time(&c, st->lease);
	say_time(&c, st->life);
	say_time(&c, st->grave);
	if (op->verb == SR_STORE_PUT) {
		say(&c, op->value);
		for (size_t i = 0; i < op->nnames; i++)
			say(&c, op->names[i]);
	}
	send_off(&c, st);
}

static int
end_of(struct sr_store *st, int *end)
{
	redisReply *reply = sr_redis_reply(st);
	int err = SR_OK;

	if (reply == NULL)
		return SR_ESYS;
	if (reply->type != REDIS_REPLY_STRING)
		err = refused(st, reply);
	else
		*end = strcmp(reply->str, "OK") == 0 ? SR_OK :
		    strcmp(reply->str, "AUTH") == 0 ? SR_EAUTH : SR_ENOENT;
	freeReplyObject(reply);
	return err;
}

/* All answers are read, and the first that is no good is told; without a
 * connection there are no more. */
static int
ends_of(struct sr_store *st, const struct sr_store_op *v, size_t n, int *ends)
{
	struct redis *r = st->at;
	int err = SR_OK, one;

	for (size_t i = 0; i < n && r->c != NULL; i++)
		if (v[i].err == SR_MORE &&
		    (one = end_of(st, &ends[i])) != SR_OK)
			err = one;
	return err;
}

static int
write_some(struct sr_store *st, struct sr_store_op *v, size_t n)
{
	int ends[AT_ONCE], err;

	for (size_t i = 0; i < n; i++)
		if (v[i].err == SR_MORE)
			send_op(st, &v[i]);
	if ((err = ends_of(st, v, n, ends)) != SR_OK)
		return err;
	for (size_t i = 0; i < n; i++)
		if (v[i].err == SR_MORE)
			v[i].err = ends[i];
	return SR_OK;
}

struct batch {
	struct sr_store_op *v;
	size_t n;
};

/* What is done already is marked so, and not done again. */
static int
write_all(struct sr_store *st, void *arg)
{
	struct batch *b = arg;
	size_t n = 0, bytes = 0;
	int err = SR_OK;

	for (size_t i = 0; err == SR_OK && i < b->n; i += n) {
		for (n = bytes = 0; n < AT_ONCE && i + n < b->n &&
		    (n == 0 || bytes < BYTES_AT_ONCE); n++)
			bytes += b->v[i + n].value.n;
		err = write_some(st, &b->v[i], n);
	}
	return err;
}

static int
redis_write(struct sr_store *st, struct sr_store_op *v, size_t n,
    sr_time now)
{
	struct batch b = { v, n };

	(void)now;
	return twice(st, write_all, &b);
}

/* ---- what is found ---- */

struct search {
	struct sr_str name;
	bool take;
	struct sr_stored *out;
};

static struct sr_str
part(const redisReply *r, size_t i)
{
	return i < r->elements && r->element[i]->type == REDIS_REPLY_STRING ?
	    (struct sr_str){ r->element[i]->str, r->element[i]->len } :
	    (struct sr_str){ NULL, 0 };
}

static int
found(struct sr_store *st, const redisReply *r, struct sr_stored *out)
{
	struct sr_str word = r->type == REDIS_REPLY_ARRAY ? part(r, 0) :
	    (struct sr_str){ NULL, 0 };
	uint64_t left = 0;
	int err;

	if (sr_streq(word, SR_STR("NONE")))
		return SR_ENOENT;
	if (sr_streq(word, SR_STR("BIG")))
		return SR_ELIMIT;
	if (r->type != REDIS_REPLY_ARRAY || r->elements != 5)
		return refused(st, r);
	err = sr_stored_fill(out, part(r, 1), part(r, 4), part(r, 2));
	if (err == SR_OK && sr_strnum(part(r, 3), &left) == SR_OK)
		out->left = (sr_time)left * SR_MSEC;	/* < 0 is no number */
	return err != SR_OK ? err : sr_streq(word, SR_STR("OK")) ? SR_OK :
	    SR_MORE;
}

/* The value was in it. */
static void
free_reply(redisReply *r)
{
	if (r->type == REDIS_REPLY_ARRAY && r->elements == 5 &&
	    r->element[4]->type == REDIS_REPLY_STRING)
		sr_wipe(r->element[4]->str, r->element[4]->len);
	freeReplyObject(r);
}

static int
find(struct sr_store *st, void *arg)
{
	struct search *s = arg;
	struct command c;
	redisReply *reply;
	int err;

	run_script(&c, st, S_FIND, "2");
	say_key(&c, 'r', s->name);
	say_key(&c, 'n', s->name);
	say(&c, s->name);
	say(&c, s->take ? SR_STR("take") : SR_STR("get"));
	say(&c, sr_cstr(st->owner));
	say_time(&c, st->lease);
	say_time(&c, st->life);
	say_number(&c, (int64_t)st->max_value);
	send_off(&c, st);
	if ((reply = sr_redis_reply(st)) == NULL)
		return SR_ESYS;
	err = found(st, reply, s->out);
	free_reply(reply);
	return err;
}

static int
redis_find(struct sr_store *st, struct sr_str name, bool take,
    struct sr_stored *out, sr_time now)
{
	struct search s = { name, take, out };

	(void)now;
	return twice(st, find, &s);
}

struct roll {
	struct sr_arena *a;
	struct sr_str **keys;
	size_t *n;
};

static int
scan(struct sr_store *st, void *arg)
{
	struct roll *l = arg;
	struct command c;
	redisReply *r;
	int err = SR_OK;

	run_script(&c, st, S_SCAN, "1");
	say_key(&c, 'o', (struct sr_str){ st->owner, st->nnode });
	send_off(&c, st);
	if ((r = sr_redis_reply(st)) == NULL)
		return SR_ESYS;
	if (r->type != REDIS_REPLY_ARRAY)
		err = refused(st, r);
	for (size_t i = 0; err == SR_OK && i < r->elements; i++)
		err = sr_scan_add(l->a, l->keys, l->n, part(r, i));
	freeReplyObject(r);
	return err;
}

static int
redis_scan(struct sr_store *st, struct sr_arena *a, struct sr_str **keys,
    size_t *n, sr_time now)
{
	struct roll l = { a, keys, n };

	(void)now;
	return twice(st, scan, &l);
}

/* The server forgets by itself. */
static int
redis_expire(struct sr_store *st, sr_time now)
{
	(void)st;
	(void)now;
	return SR_OK;
}

static int
ping(struct sr_store *st, void *arg)
{
	redisReply *reply;
	int err = SR_OK;

	(void)arg;
	redisAppendCommand(((struct redis *)st->at)->c, "PING");
	if ((reply = sr_redis_reply(st)) == NULL)
		return SR_ESYS;
	if (reply->type != REDIS_REPLY_STATUS)
		err = refused(st, reply);
	freeReplyObject(reply);
	return err;
}

static int
redis_check(struct sr_store *st)
{
	return twice(st, ping, NULL);
}

/* ---- begin and end ---- */

static int
redis_open(struct sr_store *st)
{
#ifndef WITH_REDIS_TLS
	if (st->url.tls) {
		sr_store_fail(st, ENOSYS, "this program was built without "
		    "TLS for Redis: let stunnel speak it, as "
		    "siprec-cluster(7) shows");
		return SR_EUNSUP;
	}
#endif
	st->at = sr_zalloc(sizeof(struct redis));
	return st->at != NULL ? SR_OK : SR_ENOMEM;
}

static void
redis_close(struct sr_store *st)
{
	sr_redis_end(st->at);
	free(st->at);
}

const struct backend sr_redis = { redis_open, redis_check, redis_write,
    redis_find, redis_scan, redis_expire, redis_close };
#endif
