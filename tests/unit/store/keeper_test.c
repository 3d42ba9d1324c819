/* The thread around it, as its users see it. */
#include "siprec/store.h"
#include "unit/test.h"

#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct sr_store *
open_store(const char *url)
{
	struct sr_store_cfg cfg = { .url = url, .node = "one",
	    .lease = 150 * SR_MSEC };
	struct sr_store *st = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	CHECK_EQ(sr_store_open(&st, &cfg, &why), SR_OK);
	sr_buf_free(&why);
	return st;
}

static struct sr_keeper *
begin(const char *url)
{
	struct sr_keeper_cfg cfg = { .retry = 20 * SR_MSEC };
	struct sr_keeper *k = NULL;

	CHECK_EQ(sr_keeper_new(&k, open_store(url), &cfg), SR_OK);
	return k;
}

/* The next news, which must come. */
static struct sr_kept
wait_for(struct sr_keeper *k)
{
	struct pollfd p = { .fd = sr_keeper_fd(k), .events = POLLIN };
	struct sr_kept kept = { .what = SR_KEPT_UP, .ticket = 999 };

	CHECK_EQ(poll(&p, 1, 10000), 1);
	CHECK(sr_keeper_next(k, &kept));
	return kept;
}

TEST(keeper_answers_when_it_is_written)
{
	struct sr_keeper *k = begin("memory:keeper");
	struct sr_store *st = open_store("memory:keeper");
	struct sr_stored r = { 0 };
	struct sr_kept kept;
	struct pollfd p = { .fd = sr_keeper_fd(k), .events = POLLIN };

	CHECK(!sr_keeper_next(k, &kept));
	CHECK_EQ(sr_keeper_put(k, 1, SR_STR("key"), NULL, 0, SR_STR("v")),
	    SR_OK);
	kept = wait_for(k);
	CHECK_EQ(kept.what, SR_KEPT_PUT);
	CHECK_EQ(kept.ticket, 1);
	CHECK_EQ(kept.err, SR_OK);
	CHECK_STR(kept.key, "key");
	CHECK_EQ(sr_store_get(st, SR_STR("key"), &r, 0), SR_OK);
	CHECK_STR(sr_buf_str(&r.value), "v");
	CHECK(!sr_keeper_next(k, &kept));
	CHECK_EQ(poll(&p, 1, 0), 0);
	CHECK_EQ(sr_keeper_take(k, 2, SR_STR("key")), SR_OK);
	kept = wait_for(k);
	CHECK_EQ(kept.what, SR_KEPT_TAKE);
	CHECK_EQ(kept.err, SR_OK);
	CHECK_STR(kept.value, "v");
	sr_stored_free(&r);
	CHECK_EQ(sr_keeper_close(k, SR_SEC), 0);
	sr_store_close(st);
}

/* Nobody asks, and it is renewed: with the clock of the machine. */
TEST(keeper_renews_and_says_what_is_lost)
{
	struct sr_keeper *k = begin("memory:keeper");
	struct sr_store *st = open_store("memory:keeper");
	struct sr_stored r = { 0 };
	struct sr_kept kept;

	CHECK_EQ(sr_keeper_put(k, 1, SR_STR("key"), NULL, 0, SR_STR("v")),
	    SR_OK);
	CHECK_EQ(wait_for(k).what, SR_KEPT_PUT);
	CHECK_EQ(sr_store_take(st, SR_STR("key"), &r, (sr_time)time(NULL) *
	    SR_SEC), SR_OK);
	sr_stored_free(&r);
	kept = wait_for(k);
	CHECK_EQ(kept.what, SR_KEPT_LOST);
	CHECK_STR(kept.key, "key");
	CHECK_EQ(sr_keeper_close(k, SR_SEC), 0);
	sr_store_close(st);
}

TEST(keeper_writes_what_waits_before_it_ends)
{
	struct sr_store *st = open_store("memory:keeper");
	struct sr_keeper *k = begin("memory:keeper");
	struct sr_stored r = { 0 };
	char key[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		CHECK_EQ(sr_keeper_put(k, 1, sr_cstr(key), NULL, 0,
		    SR_STR("v")), SR_OK);
	}
	CHECK_EQ(sr_keeper_close(k, 10 * SR_SEC), 0);
	for (int i = 0; i < 1000; i++) {
		snprintf(key, sizeof(key), "%d", i);
		CHECK_EQ(sr_store_get(st, sr_cstr(key), &r, 0), SR_OK);
	}
	sr_stored_free(&r);
	sr_store_close(st);
}

#ifdef WITH_SQLITE
TEST(keeper_keeps_what_a_store_that_is_away_shall_have)
{
	char dir[] = "/tmp/siprec-keeper-XXXXXX", away[64], url[96];
	struct sr_keeper *k;
	struct sr_store *st;
	struct sr_stored r = { 0 };
	struct sr_kept kept;

	CHECK(mkdtemp(dir) != NULL);
	snprintf(away, sizeof(away), "%s/away", dir);
	snprintf(url, sizeof(url), "sqlite:%s/store", away);
	k = begin(url);
	CHECK_EQ(sr_keeper_put(k, 1, SR_STR("key"), NULL, 0, SR_STR("v")),
	    SR_OK);
	kept = wait_for(k);
	CHECK_EQ(kept.what, SR_KEPT_DOWN);
	CHECK(sr_strfind(kept.why, sr_cstr(away)) < kept.why.n);
	CHECK_EQ(sr_keeper_take(k, 2, SR_STR("key")), SR_OK);
	CHECK_EQ(wait_for(k).err, SR_ESYS);
	CHECK_EQ(mkdir(away, 0700), 0);
	CHECK_EQ(wait_for(k).what, SR_KEPT_UP);
	CHECK_EQ(wait_for(k).ticket, 1);
	CHECK_EQ(sr_keeper_close(k, SR_SEC), 0);
	st = open_store(url);
	CHECK_EQ(sr_store_get(st, SR_STR("key"), &r, 0), SR_OK);
	sr_stored_free(&r);
	sr_store_close(st);
	CHECK_EQ(unlink(url + 7), 0);
	CHECK_EQ(rmdir(away), 0);

	k = begin(url);				/* away for good */
	CHECK_EQ(sr_keeper_put(k, 1, SR_STR("key"), NULL, 0, SR_STR("v")),
	    SR_OK);
	CHECK_EQ(sr_keeper_delete(k, 2, SR_STR("other")), SR_OK);
	CHECK_EQ(sr_keeper_close(k, 100 * SR_MSEC), 2);
	CHECK_EQ(rmdir(dir), 0);
}
#endif
