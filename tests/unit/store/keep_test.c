/* What a keeper does, in virtual time and with a store that comes and goes. */
#include "store/keep.h"
#include "unit/test.h"

enum { LEASE = 3000 };

/* How the store is: it may also do what it is told and not say so. */
enum how { THERE, AWAY, MUTE };
struct rig {
	struct keep k;
	struct job job;
	struct sr_store *st, *other;	/* other: of the same node */
	sr_time now;
	enum how how;
	unsigned writes, ops;		/* of the store */
};

static struct sr_store *
open_store(const char *node)
{
	struct sr_store_cfg cfg = { .url = "memory:keep", .node = node,
	    .lease = LEASE * SR_MSEC };
	struct sr_store *st = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	CHECK_EQ(sr_store_open(&st, &cfg, &why), SR_OK);
	return st;
}

static void
begin(struct rig *r, size_t max)
{
	*r = (struct rig){ .now = 1000 * SR_SEC };
	r->st = open_store("one");
	r->other = open_store("one");
	sr_keep_init(&r->k, LEASE * SR_MSEC, max, SR_SEC, r->now);
}

static void
end(struct rig *r)
{
	sr_keep_free(&r->k);
	CHECK_EQ(r->k.waiting, 0);
	sr_store_close(r->st);
	sr_store_close(r->other);
}

static void
perform(struct rig *r)
{
	if (r->job.what == JOB_WRITE) {
		r->writes++;
		r->ops += (unsigned)r->job.n;
	}
	if (r->how != AWAY)
		sr_keep_perform(&r->job, r->st, r->now);
	if (r->how != THERE) {
		sr_stored_free(&r->job.found);
		r->job.err = SR_ESYS;
		r->job.why = "it is away";
	}
}

/* Everything that can be done now. */
static void
work(struct rig *r)
{
	sr_time due;

	while (sr_keep_next(&r->k, &r->job, r->now, &due)) {
		perform(r);
		sr_keep_done(&r->k, &r->job, r->now);
	}
	CHECK(due > r->now);
}

static void
pass(struct rig *r, int ms)
{
	for (int i = 0; i < ms; i += 100) {
		r->now += 100 * SR_MSEC;
		work(r);
	}
}

/* The next news is of that kind; its ticket and error. */
static void
told(struct rig *r, enum sr_kept_what what, uint64_t ticket, int err)
{
	struct news *n = sr_keep_news(&r->k);

	CHECK(n != NULL);
	if (n == NULL)
		return;
	CHECK_EQ(n->kept.what, what);
	CHECK_EQ(n->kept.ticket, ticket);
	CHECK_EQ(n->kept.err, err);
	sr_keep_news_free(n);
}

static void
told_nothing(struct rig *r)
{
	struct news *n = sr_keep_news(&r->k);

	CHECK(n == NULL);
	sr_keep_news_free(n);
}

static int
put(struct rig *r, uint64_t ticket, const char *key, const char *value)
{
	return sr_keep_put(&r->k, ticket, sr_cstr(key), NULL, 0,
	    sr_cstr(value));
}

static void
is(struct rig *r, const char *key, const char *value)
{
	struct sr_stored s = { 0 };
	int err = sr_store_get(r->other, sr_cstr(key), &s, r->now);

	CHECK_EQ(err, value != NULL ? SR_OK : SR_ENOENT);
	if (value != NULL)
		CHECK_STR(sr_buf_str(&s.value), value);
	sr_stored_free(&s);
}

TEST(keep_writes_and_answers)
{
	struct rig r;
	struct sr_str name = SR_STR("name");

	begin(&r, 1 << 20);
	CHECK_EQ(sr_keep_put(&r.k, 7, SR_STR("key"), &name, 1, SR_STR("v")),
	    SR_OK);
	CHECK_EQ(put(&r, 8, "other", "w"), SR_OK);
	told_nothing(&r);
	work(&r);
	CHECK_EQ(r.writes, 1);
	told(&r, SR_KEPT_PUT, 7, SR_OK);
	told(&r, SR_KEPT_PUT, 8, SR_OK);
	is(&r, "name", "v");
	CHECK_EQ(sr_keep_delete(&r.k, 9, SR_STR("key")), SR_OK);
	work(&r);
	told(&r, SR_KEPT_DELETE, 9, SR_OK);
	is(&r, "name", NULL);
	is(&r, "other", "w");
	told_nothing(&r);
	end(&r);
}

TEST(keep_writes_the_last_value_only_and_answers_all)
{
	struct rig r;

	begin(&r, 1 << 20);
	CHECK_EQ(put(&r, 1, "key", "a"), SR_OK);
	CHECK_EQ(put(&r, 2, "key", "b"), SR_OK);
	CHECK(sr_keep_next(&r.k, &r.job, r.now, &(sr_time){ 0 }));
	CHECK_EQ(put(&r, 3, "key", "c"), SR_OK);	/* b is under way */
	CHECK_EQ(put(&r, 4, "key", "d"), SR_OK);
	perform(&r);
	sr_keep_done(&r.k, &r.job, r.now);
	is(&r, "key", "b");
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	told(&r, SR_KEPT_PUT, 2, SR_OK);
	told_nothing(&r);
	work(&r);
	is(&r, "key", "d");
	told(&r, SR_KEPT_PUT, 3, SR_OK);
	told(&r, SR_KEPT_PUT, 4, SR_OK);
	CHECK_EQ(r.ops, 2);
	CHECK_EQ(put(&r, 5, "key", "e"), SR_OK);
	CHECK_EQ(sr_keep_delete(&r.k, 6, SR_STR("key")), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 5, SR_OK);
	told(&r, SR_KEPT_DELETE, 6, SR_OK);
	is(&r, "key", NULL);
	CHECK_EQ(r.ops, 3);
	end(&r);
}

TEST(keep_keeps_what_is_wanted_while_the_store_is_away)
{
	struct rig r;

	begin(&r, 1 << 20);
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	r.how = AWAY;
	CHECK_EQ(put(&r, 2, "a", "2"), SR_OK);
	CHECK_EQ(sr_keep_take(&r.k, 3, SR_STR("x")), SR_OK);
	pass(&r, 500);
	told(&r, SR_KEPT_DOWN, 0, SR_OK);
	told(&r, SR_KEPT_TAKE, 3, SR_ESYS);
	CHECK_EQ(put(&r, 4, "a", "3"), SR_OK);
	CHECK_EQ(put(&r, 5, "b", "1"), SR_OK);
	CHECK_EQ(sr_keep_take(&r.k, 6, SR_STR("x")), SR_OK);
	told(&r, SR_KEPT_TAKE, 6, SR_ESYS);
	r.writes = 0;
	pass(&r, 10000);
	told_nothing(&r);
	CHECK(r.writes >= 9 && r.writes <= 11);		/* one a second */
	r.how = THERE;
	pass(&r, 1100);
	told(&r, SR_KEPT_UP, 0, SR_OK);
	for (int i = 0; i < 3; i++) {
		struct news *n = sr_keep_news(&r.k);

		CHECK(n != NULL && n->kept.what == SR_KEPT_PUT &&
		    n->kept.err == SR_OK);
		sr_keep_news_free(n);
	}
	told_nothing(&r);
	is(&r, "a", "3");
	is(&r, "b", "1");
	end(&r);
}

TEST(keep_finds_out_that_the_store_is_away_and_back_without_being_asked)
{
	struct rig r;

	begin(&r, 1 << 20);
	work(&r);
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	r.how = AWAY;
	pass(&r, LEASE / 3 + 100);
	told(&r, SR_KEPT_DOWN, 0, SR_OK);
	r.how = THERE;
	pass(&r, 1100);
	told(&r, SR_KEPT_UP, 0, SR_OK);
	CHECK_EQ(sr_keep_delete(&r.k, 2, SR_STR("a")), SR_OK);
	work(&r);
	told(&r, SR_KEPT_DELETE, 2, SR_OK);
	r.how = AWAY;
	CHECK_EQ(sr_keep_take(&r.k, 3, SR_STR("x")), SR_OK);
	work(&r);
	told(&r, SR_KEPT_DOWN, 0, SR_OK);
	told(&r, SR_KEPT_TAKE, 3, SR_ESYS);
	r.how = THERE;
	pass(&r, 1100);			/* there is nothing to write */
	told(&r, SR_KEPT_UP, 0, SR_OK);
	told_nothing(&r);
	end(&r);
}

TEST(keep_renews_what_is_ours)
{
	struct rig r;
	struct sr_store *far;
	struct sr_stored s = { 0 };

	begin(&r, 1 << 20);
	far = open_store("two");
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	for (int i = 0; i < 20; i++) {
		pass(&r, LEASE / 2);
		CHECK_EQ(sr_store_take(far, SR_STR("a"), &s, r.now), SR_MORE);
		CHECK(s.left > LEASE / 2 * SR_MSEC);
	}
	CHECK(r.ops >= 30 && r.ops <= 32);
	told_nothing(&r);
	r.now += (LEASE + 1) * SR_MSEC;
	CHECK_EQ(sr_store_take(far, SR_STR("a"), &s, r.now), SR_OK);
	work(&r);
	told(&r, SR_KEPT_LOST, 0, SR_OK);
	sr_stored_free(&s);
	sr_store_close(far);
	end(&r);
}

TEST(keep_renews_what_was_ours_before_and_what_is_taken)
{
	struct rig r;
	struct sr_stored s = { 0 };

	begin(&r, 1 << 20);
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	CHECK_EQ(put(&r, 2, "b", "1"), SR_OK);
	work(&r);
	sr_keep_free(&r.k);		/* and a new process */
	sr_keep_init(&r.k, LEASE * SR_MSEC, 1 << 20, SR_SEC, r.now);
	sr_store_close(r.st);
	r.st = open_store("one");
	CHECK_EQ(sr_store_take(r.st, SR_STR("a"), &s, r.now), SR_OK);
	sr_stored_free(&s);
	CHECK_EQ(sr_keep_own(&r.k, SR_STR("a")), SR_OK);
	CHECK_EQ(sr_keep_take(&r.k, 3, SR_STR("b")), SR_OK);
	r.ops = 0;
	pass(&r, 10 * LEASE);
	told(&r, SR_KEPT_TAKE, 3, SR_OK);
	told_nothing(&r);
	CHECK(r.ops >= 58 && r.ops <= 62);
	end(&r);
}

TEST(keep_tells_a_loss_once)
{
	struct rig r;
	struct sr_stored s = { 0 };

	begin(&r, 1 << 20);
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	CHECK_EQ(sr_store_take(r.other, SR_STR("a"), &s, r.now), SR_OK);
	sr_stored_free(&s);
	CHECK_EQ(put(&r, 2, "a", "2"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 2, SR_EAUTH);
	told(&r, SR_KEPT_LOST, 0, SR_OK);
	CHECK_EQ(put(&r, 3, "a", "3"), SR_OK);
	pass(&r, 10 * LEASE);
	told(&r, SR_KEPT_PUT, 3, SR_EAUTH);
	told_nothing(&r);
	is(&r, "a", "1");
	end(&r);
}

TEST(keep_tells_what_the_store_has_forgotten)
{
	struct rig r;

	begin(&r, 1 << 20);
	CHECK_EQ(put(&r, 1, "a", "1"), SR_OK);
	work(&r);
	told(&r, SR_KEPT_PUT, 1, SR_OK);
	sr_store_close(r.st);
	sr_store_close(r.other);
	r.st = open_store("one");	/* a memory that is empty */
	r.other = open_store("one");
	pass(&r, LEASE);
	told(&r, SR_KEPT_MISSING, 0, SR_OK);
	told_nothing(&r);
	CHECK_EQ(put(&r, 2, "a", "2"), SR_OK);
	pass(&r, LEASE);
	told(&r, SR_KEPT_PUT, 2, SR_OK);
	told_nothing(&r);
	is(&r, "a", "2");
	end(&r);
}

TEST(keep_refuses_what_is_too_much_and_keeps_what_it_has)
{
	struct rig r;
	char big[1000] = "";

	begin(&r, 4000);
	r.how = AWAY;
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sr_keep_put(&r.k, (uint64_t)i, (struct sr_str){
		    "abc" + i, 1 }, NULL, 0, (struct sr_str){ big, 1000 }),
		    SR_OK);
	CHECK_EQ(sr_keep_put(&r.k, 3, SR_STR("d"), NULL, 0, (struct sr_str){
	    big, 1000 }), SR_ELIMIT);
	CHECK_EQ(sr_keep_put(&r.k, 4, SR_STR("a"), NULL, 0, (struct sr_str){
	    big, 900 }), SR_OK);
	CHECK_EQ(sr_keep_put(&r.k, 5, SR_STR("a"), NULL, 0, (struct sr_str){
	    big, 1000 }), SR_OK);
	work(&r);
	told(&r, SR_KEPT_DOWN, 0, SR_OK);
	told_nothing(&r);
	r.how = THERE;
	pass(&r, 1000);
	told(&r, SR_KEPT_UP, 0, SR_OK);
	CHECK_EQ(r.k.waiting, 0);
	CHECK_EQ(r.k.undone, 0);
	is(&r, "d", NULL);
	end(&r);
}

/* A thousand wait, and each finds its turn. */
TEST(keep_lets_neither_takes_nor_writes_wait_for_all_others)
{
	struct rig r;
	char key[16];

	begin(&r, 1 << 24);
	for (uint64_t i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", (int)i);
		CHECK_EQ(put(&r, i, key, "v"), SR_OK);
		CHECK_EQ(sr_keep_take(&r.k, i, SR_STR("x")), SR_OK);
	}
	for (int i = 0; i < 6; i++) {
		CHECK(sr_keep_next(&r.k, &r.job, r.now, &(sr_time){ 0 }));
		CHECK_EQ(r.job.what, i % 2 == 0 ? JOB_TAKE : JOB_WRITE);
		perform(&r);
		sr_keep_done(&r.k, &r.job, r.now);
	}
	work(&r);
	CHECK_EQ(r.ops, 1000);
	end(&r);
}

/* Whatever happens: each ticket is answered once, and what was wanted last is
 * what there is. */
TEST(keep_loses_nothing_whatever_happens)
{
	enum { KEYS = 20, STEPS = 20000 };
	static unsigned char answered[STEPS];
	int last[KEYS];
	struct sr_prng p;
	struct rig r;
	struct news *n;
	char key[16], value[16];

	begin(&r, 1 << 20);
	sr_prng_init(&p, 6);
	memset(answered, 0, sizeof(answered));
	memset(last, -1, sizeof(last));
	for (int i = 0; i < STEPS; i++) {
		int at = (int)(sr_prng_next(&p) % KEYS);

		if (sr_prng_next(&p) % 50 == 0)
			r.how = (enum how)(sr_prng_next(&p) % 3);
		snprintf(key, sizeof(key), "k%d", at);
		snprintf(value, sizeof(value), "%d", i);
		switch (sr_prng_next(&p) % 8) {
		case 0:
			CHECK_EQ(sr_keep_delete(&r.k, (uint64_t)i,
			    sr_cstr(key)), SR_OK);
			last[at] = -1;
			break;
		case 1:
			CHECK_EQ(sr_keep_take(&r.k, (uint64_t)i,
			    sr_cstr(key)), SR_OK);
			break;
		default:
			CHECK_EQ(put(&r, (uint64_t)i, key, value), SR_OK);
			last[at] = i;
		}
		if (sr_prng_next(&p) % 4 == 0)
			pass(&r, 100);
		if (i == STEPS - 1) {
			r.how = THERE;
			pass(&r, 2000);
		}
		while ((n = sr_keep_news(&r.k)) != NULL) {
			if (n->kept.what <= SR_KEPT_TAKE)
				answered[n->kept.ticket]++;
			CHECK(n->kept.what != SR_KEPT_LOST);
			sr_keep_news_free(n);
		}
	}
	for (int i = 0; i < STEPS; i++)
		if (answered[i] != 1)
			CHECK_EQ(answered[i], 1);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		snprintf(value, sizeof(value), "%d", last[i]);
		is(&r, key, last[i] < 0 ? NULL : value);
	}
	CHECK_EQ(r.k.undone, 0);
	end(&r);
}
