#include "store/url.h"
#include "unit/test.h"

static struct store_url u;
static char words[256];

static int
parse(const char *text)
{
	struct sr_str in = guarded(text, strlen(text));
	struct sr_buf why;
	int err;

	sr_store_url_free(&u);
	sr_buf_init(&why, sizeof(words) - 1);
	err = sr_store_url(&u, in, &why);
	snprintf(words, sizeof(words), "%.*s", SR_FMT(sr_buf_str(&why)));
	CHECK_EQ(err == SR_OK, why.n == 0);
	sr_buf_free(&why);
	return err;
}

TEST(store_url_of_memory_and_a_file)
{
	CHECK_EQ(parse("memory:"), SR_OK);
	CHECK_EQ(u.kind, STORE_MEMORY);
	CHECK_STR(sr_cstr(u.path), "");
	CHECK_EQ(parse("MEMORY:two"), SR_OK);
	CHECK_STR(sr_cstr(u.path), "two");
	CHECK_EQ(parse("sqlite:/var/lib/siprec/100%/store"), SR_OK);
	CHECK_EQ(u.kind, STORE_SQLITE);
	CHECK_STR(sr_cstr(u.path), "/var/lib/siprec/100%/store");
	CHECK_EQ(parse("sqlite:"), SR_EBAD);
	sr_store_url_free(&u);
}

TEST(store_url_of_a_server)
{
	CHECK_EQ(parse("redis://store.example"), SR_OK);
	CHECK_EQ(u.kind, STORE_REDIS);
	CHECK_STR(sr_cstr(u.hosts[0].name), "store.example");
	CHECK_EQ(u.hosts[0].port, 6379);
	CHECK_EQ(u.db, 0);
	CHECK(u.user == NULL && u.password == NULL && u.master == NULL);
	CHECK_EQ(parse("rediss://u%40x:p%3A%2f@[2001:db8::1]:7000/3"), SR_OK);
	CHECK(u.tls);
	CHECK_STR(sr_cstr(u.hosts[0].name), "2001:db8::1");
	CHECK_EQ(u.hosts[0].port, 7000);
	CHECK_EQ(u.db, 3);
	CHECK_STR(sr_cstr(u.user), "u@x");
	CHECK_STR(sr_cstr(u.password), "p:/");
	CHECK_EQ(parse("redis://:secret@h:1/"), SR_OK);
	CHECK(u.user == NULL);
	CHECK_STR(sr_cstr(u.password), "secret");
	CHECK_EQ(parse("redis://user@h"), SR_OK);
	CHECK_STR(sr_cstr(u.user), "user");
	CHECK(u.password == NULL);
	CHECK_EQ(sr_store_url_password(&u, SR_STR("other")), SR_OK);
	CHECK_STR(sr_cstr(u.password), "other");
	sr_store_url_free(&u);
}

TEST(store_url_of_sentinels)
{
	CHECK_EQ(parse("redis-sentinel://s:p@a,b:26380,[::1]:3/siprec/2"),
	    SR_OK);
	CHECK_EQ(u.nhosts, 3);
	CHECK_EQ(u.hosts[0].port, 26379);
	CHECK_STR(sr_cstr(u.hosts[1].name), "b");
	CHECK_EQ(u.hosts[1].port, 26380);
	CHECK_STR(sr_cstr(u.hosts[2].name), "::1");
	CHECK_EQ(u.hosts[2].port, 3);
	CHECK_STR(sr_cstr(u.master), "siprec");
	CHECK_EQ(u.db, 2);
	CHECK_EQ(parse("redis-sentinel://a"), SR_EBAD);
	CHECK_EQ(parse("redis-sentinel://a/"), SR_EBAD);
	CHECK_EQ(parse("redis-sentinel://a//0"), SR_EBAD);
	sr_store_url_free(&u);
}

TEST(store_url_that_cannot_be_is_refused_without_its_password)
{
	static const char *const v[] = { "", "redis", "redis:", "redis://",
	    "http://secret@h", "redis://u:secret@", "redis://u:secret@h:0",
	    "redis://u:secret@h:x", "redis://u:secret@h:65536",
	    "redis://u:secret@h/x", "redis://u:secret@h/65536",
	    "redis://u:secret@a,b", "redis://u:secret%@h", "redis://u:%00@h",
	    "redis://u:secret%2@h", "redis://u:sec/secret@h",
	    "redis://u:secret@[::1", "redis://u:secret@[::1]secret",
	    "redis://u:secret@h:6379/0/secret" };

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		CHECK_EQ(parse(v[i]), SR_EBAD);
		CHECK(strstr(words, "secret") == NULL);
	}
	sr_store_url_free(&u);
}
