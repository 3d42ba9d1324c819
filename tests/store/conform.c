/* conform - the claims that every store holds, and what they share. */
#include "store/conform.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- what the claims share ---- */

struct sr_store *
conform_open_for(struct ground *g, const char *node, sr_time lease)
{
	struct sr_store_cfg cfg = { .url = g->url, .node = node,
	    .password_file = g->password_file, .lease = lease,
	    .life = LIFE_MS * SR_MSEC, .timeout = 5 * SR_SEC };
	struct sr_store *st = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1024);
	if (sr_store_open(&st, &cfg, &why) != SR_OK)
		g->fail(__FILE__, __LINE__, "%.*s", SR_FMT(sr_buf_str(&why)));
	sr_buf_free(&why);
	return st;
}

struct sr_store *
conform_open(struct ground *g, const char *node)
{
	return conform_open_for(g, node, LEASE_MS * SR_MSEC);
}

void
conform_wait(struct ground *g, sr_time time)
{
	struct timespec t = { time / SR_SEC, time % SR_SEC };

	g->now += time;
	if (g->real)
		nanosleep(&t, NULL);
}

struct sr_str
conform_key(const char *what)
{
	static char ring[16][128];
	static unsigned next, serial;
	static time_t start;
	char *p = ring[next++ % 16];

	if (start == 0)
		start = time(NULL);
	snprintf(p, sizeof(ring[0]), "%s-%u@%jd.%jd", what, ++serial,
	    (intmax_t)start, (intmax_t)getpid());
	return sr_cstr(p);
}

static int
perform(struct ground *g, struct sr_store *st, struct sr_store_op op)
{
	int err = sr_store_write(st, &op, 1, g->now);

	if (err != SR_OK)
		g->fail(__FILE__, __LINE__, "%s", sr_store_why(st));
	return err == SR_OK ? op.err : err;
}

int
conform_put(struct ground *g, struct sr_store *st, struct sr_str key,
    const char *value)
{
	return perform(g, st, (struct sr_store_op){ SR_STORE_PUT, key,
	    sr_cstr(value), NULL, 0, 0 });
}

static int
put_named(struct ground *g, struct sr_store *st, struct sr_str key,
    const char *value, struct sr_str name)
{
	return perform(g, st, (struct sr_store_op){ SR_STORE_PUT, key,
	    sr_cstr(value), &name, 1, 0 });
}

int
conform_renew(struct ground *g, struct sr_store *st, struct sr_str key)
{
	return perform(g, st, (struct sr_store_op){ SR_STORE_RENEW, key,
	    { NULL, 0 }, NULL, 0, 0 });
}

int
conform_delete(struct ground *g, struct sr_store *st, struct sr_str key)
{
	return perform(g, st, (struct sr_store_op){ SR_STORE_DELETE, key,
	    { NULL, 0 }, NULL, 0, 0 });
}

static int
get(struct ground *g, struct sr_store *st, struct sr_str name)
{
	struct sr_stored r = { 0 };
	int err = sr_store_get(st, name, &r, g->now);

	sr_stored_free(&r);
	return err;
}

static int
take(struct ground *g, struct sr_store *st, struct sr_str name)
{
	struct sr_stored r = { 0 };
	int err = sr_store_take(st, name, &r, g->now);

	sr_stored_free(&r);
	return err;
}

void
conform_is(struct ground *g, struct sr_store *st, struct sr_str key,
    const char *value)
{
	struct sr_stored r = { 0 };

	COMES(g, sr_store_get(st, key, &r, g->now), SR_OK);
	if (!sr_streq(sr_buf_str(&r.value), sr_cstr(value)))
		g->fail(__FILE__, __LINE__, "the value is %.*s, not %s",
		    SR_FMT(sr_buf_str(&r.value)), value);
	sr_stored_free(&r);
}

/* ---- records and names ---- */

static void
what_was_put_is_found(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	struct sr_str key = conform_key("key"), name = conform_key("name");
	struct sr_stored r = { 0 };

	COMES(g, put_named(g, st, key, "first", name), SR_OK);
	conform_is(g, st, key, "first");
	conform_is(g, st, name, "first");
	COMES(g, conform_put(g, st, key, "second"), SR_OK);
	COMES(g, sr_store_get(st, name, &r, g->now), SR_OK);
	HOLDS(g, sr_streq(sr_buf_str(&r.value), SR_STR("second")));
	HOLDS(g, sr_streq(sr_buf_str(&r.key), key));
	HOLDS(g, sr_streq(sr_buf_str(&r.owner), sr_cstr(sr_store_owner(st))));
	HOLDS(g, r.left > 0 && r.left <= LEASE_MS * SR_MSEC);
	sr_stored_free(&r);
	COMES(g, conform_delete(g, st, key), SR_OK);
	COMES(g, get(g, st, key), SR_ENOENT);
	COMES(g, get(g, st, name), SR_ENOENT);
	sr_store_close(st);
}

static void
what_is_not_there_is_not_found(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	struct sr_str key = conform_key("none");

	COMES(g, sr_store_check(st), SR_OK);
	COMES(g, get(g, st, key), SR_ENOENT);
	COMES(g, take(g, st, key), SR_ENOENT);
	COMES(g, conform_renew(g, st, key), SR_ENOENT);
	COMES(g, conform_delete(g, st, key), SR_OK);
	COMES(g, get(g, st, (struct sr_str){ NULL, 0 }), SR_ENOENT);
	sr_store_close(st);
}

static void
names_add_up_and_go_with_the_record(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	struct sr_str key = conform_key("key"), a = conform_key("a");
	struct sr_str b = conform_key("b");

	COMES(g, put_named(g, st, key, "1", a), SR_OK);
	COMES(g, put_named(g, st, key, "2", b), SR_OK);
	COMES(g, put_named(g, st, key, "3", b), SR_OK);
	conform_is(g, st, a, "3");
	conform_is(g, st, b, "3");
	COMES(g, conform_delete(g, st, key), SR_OK);
	COMES(g, get(g, st, a), SR_ENOENT);
	COMES(g, conform_put(g, st, a, "new"), SR_OK);
	conform_is(g, st, a, "new");
	COMES(g, conform_delete(g, st, a), SR_OK);
	sr_store_close(st);
}

/* Whoever came first: a stranger may choose what he calls his dialog. */
static void
a_name_leads_where_it_led(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	struct sr_str first = conform_key("first"), name = conform_key("name");
	struct sr_str second = conform_key("second");

	COMES(g, put_named(g, st, first, "1", name), SR_OK);
	COMES(g, put_named(g, st, second, "2", name), SR_OK);
	conform_is(g, st, name, "1");
	COMES(g, put_named(g, st, second, "2", first), SR_OK);
	conform_is(g, st, first, "1");
	COMES(g, conform_put(g, st, name, "3"), SR_EAUTH);
	conform_is(g, st, name, "1");
	COMES(g, conform_delete(g, st, second), SR_OK);
	conform_is(g, st, name, "1");
	conform_is(g, st, first, "1");
	COMES(g, conform_delete(g, st, first), SR_OK);
	sr_store_close(st);
}

static void
values_are_bytes_up_to_a_limit(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	size_t n = (size_t)4 << 20;
	char *big = malloc(n + 1);
	struct sr_store_op op = { SR_STORE_PUT, conform_key("big"), { big, n },
	    NULL, 0, 0 };
	struct sr_stored r = { 0 };

	for (size_t i = 0; i <= n; i++)
		big[i] = (char)(i * 31 >> 3);
	COMES(g, perform(g, st, op), SR_OK);
	COMES(g, sr_store_take(st, op.key, &r, g->now), SR_OK);
	HOLDS(g, sr_streq(sr_buf_str(&r.value), op.value));
	op.value.n++;
	COMES(g, perform(g, st, op), SR_ELIMIT);
	COMES(g, sr_store_get(st, op.key, &r, g->now), SR_OK);
	HOLDS(g, r.value.n == n);
	sr_stored_free(&r);
	op.value.n = 0;
	COMES(g, perform(g, st, op), SR_OK);
	conform_is(g, st, op.key, "");
	COMES(g, conform_delete(g, st, op.key), SR_OK);
	free(big);
	sr_store_close(st);
}

static void
keys_are_bytes_up_to_a_limit(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	char odd[] = "a b\0c\r\n\"'%\\\xff", longer[SR_STORE_MAX_NAME + 1];
	struct sr_str key = { odd, sizeof(odd) - 1 }, name;
	struct sr_store_op op = { SR_STORE_PUT, key, { NULL, 0 }, &name, 1,
	    0 };

	memset(longer, 'x', sizeof(longer));
	name = (struct sr_str){ longer, sizeof(longer) - 1 };
	COMES(g, perform(g, st, op), SR_OK);
	COMES(g, get(g, st, key), SR_OK);
	COMES(g, get(g, st, name), SR_OK);
	COMES(g, get(g, st, sr_cstr("a b")), SR_ENOENT);
	name.n++;
	COMES(g, perform(g, st, op), SR_ELIMIT);
	COMES(g, get(g, st, name), SR_ENOENT);
	COMES(g, conform_put(g, st, name, ""), SR_ELIMIT);
	COMES(g, conform_put(g, st, (struct sr_str){ odd, 0 }, ""),
	    SR_ELIMIT);
	COMES(g, conform_delete(g, st, key), SR_OK);
	sr_store_close(st);
}

static void
each_operation_of_many_has_its_own_end(struct ground *g)
{
	struct sr_store *st = conform_open(g, "one");
	struct sr_store *other = conform_open(g, "two");
	struct sr_str mine = conform_key("mine"), his = conform_key("his");
	struct sr_str none = conform_key("none"), v = SR_STR("v");
	struct sr_store_op ops[] = {
	    { SR_STORE_PUT, mine, v, NULL, 0, 0 },
	    { SR_STORE_PUT, his, v, NULL, 0, 0 },
	    { SR_STORE_RENEW, none, { NULL, 0 }, NULL, 0, 0 },
	    { SR_STORE_PUT, { NULL, 0 }, v, NULL, 0, 0 },
	    { SR_STORE_RENEW, mine, { NULL, 0 }, NULL, 0, 0 },
	    { SR_STORE_DELETE, mine, { NULL, 0 }, NULL, 0, 0 } };
	static const int ends[] = { SR_OK, SR_EAUTH, SR_ENOENT, SR_ELIMIT,
	    SR_OK, SR_OK };

	COMES(g, conform_put(g, other, his, "his"), SR_OK);
	COMES(g, sr_store_write(st, ops, 6, g->now), SR_OK);
	for (size_t i = 0; i < 6; i++)
		COMES(g, ops[i].err, ends[i]);
	COMES(g, get(g, st, mine), SR_ENOENT);
	conform_is(g, st, his, "his");
	COMES(g, sr_store_write(st, ops, 0, g->now), SR_OK);
	COMES(g, conform_delete(g, other, his), SR_OK);
	sr_store_close(st);
	sr_store_close(other);
}

/* ---- owners and leases ---- */

static void
a_living_owner_keeps_its_record(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *b = conform_open(g, "two");
	struct sr_str key = conform_key("key");
	struct sr_stored r = { 0 };

	COMES(g, conform_put(g, a, key, "a"), SR_OK);
	COMES(g, sr_store_take(b, key, &r, g->now), SR_MORE);
	HOLDS(g, sr_streq(sr_buf_str(&r.key), key));
	HOLDS(g, sr_streq(sr_buf_str(&r.owner), sr_cstr(sr_store_owner(a))));
	HOLDS(g, r.value.n == 0);
	HOLDS(g, r.left > 0 && r.left <= LEASE_MS * SR_MSEC);
	sr_stored_free(&r);
	COMES(g, conform_put(g, b, key, "b"), SR_EAUTH);
	COMES(g, conform_renew(g, b, key), SR_EAUTH);
	COMES(g, conform_delete(g, b, key), SR_EAUTH);
	conform_is(g, b, key, "a");
	COMES(g, take(g, a, key), SR_OK);
	for (int i = 0; i < 5; i++) {
		conform_wait(g, LEASE_MS * SR_MSEC / 2);
		COMES(g, i % 2 == 0 ? conform_renew(g, a, key) :
		    conform_put(g, a, key, "a"), SR_OK);
	}
	COMES(g, take(g, b, key), SR_MORE);
	COMES(g, conform_delete(g, a, key), SR_OK);
	sr_store_close(a);
	sr_store_close(b);
}

static void
who_has_lost_a_record_writes_nothing(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *b = conform_open(g, "two");
	struct sr_str key = conform_key("key"), name = conform_key("name");

	COMES(g, put_named(g, a, key, "a", name), SR_OK);
	conform_wait(g, (LEASE_MS + 50) * SR_MSEC);
	COMES(g, conform_put(g, b, key, "b"), SR_EAUTH);
	COMES(g, take(g, b, name), SR_OK);
	conform_is(g, b, key, "a");
	COMES(g, conform_put(g, a, key, "late"), SR_EAUTH);
	COMES(g, conform_renew(g, a, key), SR_EAUTH);
	COMES(g, conform_delete(g, a, key), SR_EAUTH);
	COMES(g, take(g, a, key), SR_MORE);
	COMES(g, conform_put(g, b, key, "b"), SR_OK);
	conform_is(g, a, name, "b");
	COMES(g, conform_delete(g, b, key), SR_OK);
	sr_store_close(a);
	sr_store_close(b);
}

static void
an_owner_whose_lease_is_over_goes_on(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_str key = conform_key("key");
	struct sr_stored r = { 0 };

	COMES(g, conform_put(g, a, key, "1"), SR_OK);
	conform_wait(g, (LEASE_MS + 50) * SR_MSEC);
	COMES(g, sr_store_get(a, key, &r, g->now), SR_OK);
	HOLDS(g, r.left == 0);
	sr_stored_free(&r);
	COMES(g, conform_put(g, a, key, "2"), SR_OK);
	conform_is(g, a, key, "2");
	COMES(g, conform_delete(g, a, key), SR_OK);
	sr_store_close(a);
}

static void
what_another_has_ended_is_not_begun_again(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *b = conform_open(g, "two");
	struct sr_store *c = conform_open(g, "three");
	struct sr_str key = conform_key("key");

	COMES(g, conform_put(g, a, key, "a"), SR_OK);
	conform_wait(g, (LEASE_MS + 50) * SR_MSEC);
	COMES(g, take(g, b, key), SR_OK);
	COMES(g, conform_delete(g, b, key), SR_OK);
	COMES(g, get(g, b, key), SR_ENOENT);
	COMES(g, take(g, a, key), SR_ENOENT);
	COMES(g, conform_put(g, a, key, "late"), SR_EAUTH);
	COMES(g, conform_renew(g, a, key), SR_EAUTH);
	COMES(g, conform_renew(g, c, key), SR_ENOENT);
	COMES(g, get(g, b, key), SR_ENOENT);
	COMES(g, conform_put(g, c, key, "new"), SR_OK);
	conform_is(g, a, key, "new");
	COMES(g, conform_put(g, a, key, "late"), SR_EAUTH);
	COMES(g, conform_delete(g, c, key), SR_OK);
	COMES(g, conform_put(g, a, key, "later"), SR_EAUTH);
	sr_store_close(a);
	sr_store_close(b);
	sr_store_close(c);
}

static void
a_node_takes_at_once_what_it_had(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *again = conform_open(g, "one");
	struct sr_store *like = conform_open(g, "one2");
	struct sr_str key = conform_key("key");

	COMES(g, conform_put(g, a, key, "a"), SR_OK);
	COMES(g, take(g, like, key), SR_MORE);
	COMES(g, take(g, again, key), SR_OK);
	COMES(g, conform_put(g, a, key, "late"), SR_EAUTH);
	COMES(g, conform_put(g, again, key, "b"), SR_OK);
	conform_is(g, like, key, "b");
	COMES(g, conform_delete(g, again, key), SR_OK);
	COMES(g, conform_put(g, a, key, "late"), SR_EAUTH);
	sr_store_close(a);
	sr_store_close(again);
	sr_store_close(like);
}

/* From hand to hand, more often than there is room to remember. */
static void
a_record_changes_hands_many_times(struct ground *g)
{
	struct sr_store *v[12];
	struct sr_str key = conform_key("key");

	for (size_t i = 0; i < 12; i++) {
		v[i] = conform_open(g, "one");
		COMES(g, i == 0 ? conform_put(g, v[i], key, "0") :
		    take(g, v[i], key), SR_OK);
	}
	COMES(g, conform_delete(g, v[11], key), SR_OK);
	for (size_t i = 3; i < 11; i++)
		COMES(g, conform_put(g, v[i], key, "late"), SR_EAUTH);
	for (size_t i = 0; i < 12; i++)
		sr_store_close(v[i]);
}

/* ---- scan and life ---- */

static size_t
count(struct ground *g, struct sr_store *st, struct sr_str key)
{
	struct sr_arena a;
	struct sr_str *keys;
	size_t n, found = 0;

	sr_arena_init(&a, 1 << 20);
	COMES(g, sr_store_scan(st, &a, &keys, &n, g->now), SR_OK);
	for (size_t i = 0; i < n; i++)
		found += sr_streq(keys[i], key);
	sr_arena_free(&a);
	return found;
}

static void
a_scan_finds_what_the_node_has(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *again = conform_open(g, "one");
	struct sr_store *like = conform_open(g, "one2");
	struct sr_str k1 = conform_key("k1"), k2 = conform_key("k2");

	COMES(g, put_named(g, a, k1, "1", conform_key("name")), SR_OK);
	COMES(g, conform_put(g, like, k2, "2"), SR_OK);
	HOLDS(g, count(g, again, k1) == 1 && count(g, again, k2) == 0);
	HOLDS(g, count(g, like, k1) == 0 && count(g, like, k2) == 1);
	conform_wait(g, (LEASE_MS + 50) * SR_MSEC);
	HOLDS(g, count(g, again, k1) == 1);
	COMES(g, take(g, like, k1), SR_OK);
	HOLDS(g, count(g, again, k1) == 0 && count(g, like, k1) == 1);
	COMES(g, conform_delete(g, like, k1), SR_OK);
	COMES(g, conform_delete(g, like, k2), SR_OK);
	HOLDS(g, count(g, like, k1) == 0 && count(g, like, k2) == 0);
	sr_store_close(a);
	sr_store_close(again);
	sr_store_close(like);
}

static void
a_record_outlives_not_its_life(struct ground *g)
{
	struct sr_store *a = conform_open(g, "one");
	struct sr_store *b = conform_open(g, "two");
	struct sr_str key = conform_key("key"), name = conform_key("name");
	struct sr_str kept = conform_key("kept"), by = conform_key("by");
	struct sr_str other = conform_key("other");

	COMES(g, put_named(g, a, key, "a", name), SR_OK);
	COMES(g, put_named(g, a, kept, "k", by), SR_OK);
	for (int i = 0; i < 3; i++) {
		conform_wait(g, LIFE_MS * SR_MSEC * 2 / 5);
		COMES(g, sr_store_expire(a, g->now), SR_OK);
		COMES(g, conform_renew(g, a, kept), SR_OK);
	}
	COMES(g, get(g, a, key), SR_ENOENT);
	COMES(g, get(g, a, name), SR_ENOENT);
	HOLDS(g, count(g, a, key) == 0 && count(g, a, kept) == 1);
	conform_is(g, a, by, "k");
	COMES(g, conform_renew(g, a, key), SR_ENOENT);
	COMES(g, put_named(g, b, other, "b", name), SR_OK);
	conform_is(g, a, name, "b");
	COMES(g, conform_put(g, b, key, "b"), SR_OK);
	COMES(g, conform_delete(g, b, key), SR_OK);
	COMES(g, conform_delete(g, b, other), SR_OK);
	COMES(g, conform_delete(g, a, kept), SR_OK);
	sr_store_close(a);
	sr_store_close(b);
}

#define CLAIM(f) { #f, f }
const struct claim conform_claims[] = {
	CLAIM(what_was_put_is_found),
	CLAIM(what_is_not_there_is_not_found),
	CLAIM(names_add_up_and_go_with_the_record),
	CLAIM(a_name_leads_where_it_led),
	CLAIM(values_are_bytes_up_to_a_limit),
	CLAIM(keys_are_bytes_up_to_a_limit),
	CLAIM(each_operation_of_many_has_its_own_end),
	CLAIM(a_living_owner_keeps_its_record),
	CLAIM(who_has_lost_a_record_writes_nothing),
	CLAIM(an_owner_whose_lease_is_over_goes_on),
	CLAIM(what_another_has_ended_is_not_begun_again),
	CLAIM(a_node_takes_at_once_what_it_had),
	CLAIM(a_record_changes_hands_many_times),
	CLAIM(a_scan_finds_what_the_node_has),
	CLAIM(a_record_outlives_not_its_life),
	{ "of_many_who_take_one_wins", conform_race },
	{ "no_write_of_the_old_owner_comes_after_a_take", conform_fence },
};
const size_t conform_n = sizeof(conform_claims) / sizeof(*conform_claims);
