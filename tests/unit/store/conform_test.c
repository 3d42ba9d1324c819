/* Every claim of tests/store/conform.c, for the stores that need no server. */
#include "store/conform.h"
#include "unit/test.h"

#include <unistd.h>

static void
conform(struct ground *g)
{
	struct sr_store *keep = conform_open(g, "keep");

	for (size_t i = 0; i < conform_n; i++) {
		g->now = 1800000000 * SR_SEC;
		conform_claims[i].show(g);
	}
	sr_store_close(keep);
}

TEST(store_in_memory_conforms)
{
	struct ground g = { .url = "memory:conform", .rounds = 1000,
	    .fail = test_fail };

	conform(&g);
}

TEST(store_in_memory_is_private_without_a_name)
{
	struct ground g = { .url = "memory:", .fail = test_fail };
	struct sr_store *a = conform_open(&g, "one");
	struct sr_store *b = conform_open(&g, "one");
	struct sr_stored r = { 0 };

	CHECK_EQ(conform_put(&g, a, SR_STR("key"), "v"), SR_OK);
	CHECK_EQ(sr_store_take(b, SR_STR("key"), &r, 0), SR_ENOENT);
	conform_is(&g, a, SR_STR("key"), "v");
	sr_store_close(a);
	sr_store_close(b);
}

TEST(store_in_memory_goes_with_the_last_who_has_it)
{
	struct ground g = { .url = "memory:last", .fail = test_fail };
	struct sr_store *a = conform_open(&g, "one");
	struct sr_store *b = conform_open(&g, "one");
	struct sr_stored r = { 0 };

	CHECK_EQ(conform_put(&g, a, SR_STR("key"), "v"), SR_OK);
	sr_store_close(a);
	conform_is(&g, b, SR_STR("key"), "v");
	sr_store_close(b);
	b = conform_open(&g, "one");
	CHECK_EQ(sr_store_get(b, SR_STR("key"), &r, 0), SR_ENOENT);
	sr_store_close(b);
}

#ifdef WITH_SQLITE
TEST(store_in_a_file_conforms)
{
	char path[] = "/tmp/siprec-store-XXXXXX", url[64];
	struct ground g = { .url = url, .rounds = 100, .fail = test_fail };

	CHECK(mkdtemp(path) != NULL);
	snprintf(url, sizeof(url), "sqlite:%s/store", path);
	conform(&g);
	remove(url + 7);
	CHECK_EQ(rmdir(path), 0);
}
#endif
