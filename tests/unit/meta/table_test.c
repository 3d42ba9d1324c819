#include "meta/table.h"
#include "unit/test.h"

TEST(table_finds_every_key_and_no_other)
{
	struct sr_arena a;
	struct table t;
	char k[16];

	sr_arena_init(&a, 1 << 20);
	CHECK_EQ(sr_table_init(&t, &a, 1000), SR_OK);
	for (size_t i = 0; i < 1000; i++) {
		snprintf(k, sizeof(k), "%zu", i);
		sr_table_put(&t, sr_arena_dup(&a, sr_cstr(k)), SR_STR("x"), i);
	}
	for (size_t i = 0; i < 2000; i++) {
		snprintf(k, sizeof(k), "%zu", i);
		CHECK_EQ(sr_table_get(&t, sr_cstr(k), SR_STR("x")),
		    i < 1000 ? i : TABLE_NONE);
		CHECK_EQ(sr_table_get(&t, sr_cstr(k), SR_STR("")),
		    TABLE_NONE);
	}
	/* A full table keeps what it has and takes new values for it. */
	sr_table_put(&t, SR_STR("more"), SR_STR("x"), 1);
	CHECK_EQ(sr_table_get(&t, SR_STR("more"), SR_STR("x")), TABLE_NONE);
	sr_table_put(&t, SR_STR("7"), SR_STR("x"), 70);
	CHECK_EQ(sr_table_get(&t, SR_STR("7"), SR_STR("x")), 70);
	sr_arena_free(&a);
}

TEST(table_pairs_are_not_run_together)
{
	struct sr_arena a;
	struct table t;

	sr_arena_init(&a, 1 << 16);
	CHECK_EQ(sr_table_init(&t, &a, 4), SR_OK);
	sr_table_put(&t, SR_STR("ab"), SR_STR("c"), 1);
	sr_table_put(&t, SR_STR("a"), SR_STR("bc"), 2);
	CHECK_EQ(sr_table_get(&t, SR_STR("ab"), SR_STR("c")), 1);
	CHECK_EQ(sr_table_get(&t, SR_STR("a"), SR_STR("bc")), 2);
	sr_arena_free(&a);
}

TEST(table_many_values_of_a_key_stay_in_order)
{
	struct sr_arena a;
	struct multi m;
	size_t want = 0, at;

	sr_arena_init(&a, 1 << 16);
	CHECK_EQ(sr_multi_init(&m, &a, 30), SR_OK);
	for (size_t i = 0; i < 31; i++)
		sr_multi_put(&m, i % 3 == 0 ? SR_STR("a") : SR_STR("b"), i);
	for (at = sr_multi_first(&m, SR_STR("a")); at != TABLE_NONE;
	    at = m.v[at].next, want += 3)
		CHECK_EQ(m.v[at].value, want);
	CHECK_EQ(want, 30);
	CHECK_EQ(sr_multi_first(&m, SR_STR("c")), TABLE_NONE);
	sr_arena_free(&a);
}
