/* Claims about lib/base. */
#include "unit/test.h"

#include "siprec/crypt.h"

TEST(str_cutting_at_a_separator_swallows_it)
{
	struct sr_str rest = SR_STR("a,b,,c"), head;

	CHECK(sr_strcut(&rest, ',', &head));
	CHECK_STR(head, "a");
	CHECK(sr_strcut(&rest, ',', &head));
	CHECK(sr_strcut(&rest, ',', &head));
	CHECK_EQ(head.n, 0);
	CHECK(sr_strcut(&rest, ',', &head));
	CHECK_STR(head, "c");
	CHECK(!sr_strcut(&rest, ',', &head));
}

TEST(str_lines_end_with_lf_crlf_or_cr)
{
	struct sr_str rest = SR_STR("one\r\ntwo\nthree\rfour"), line;
	static const char *want[] = { "one", "two", "three", "four" };

	for (int i = 0; i < 4; i++) {
		CHECK(sr_strline(&rest, &line));
		CHECK_STR(line, want[i]);
	}
	CHECK(!sr_strline(&rest, &line));
}

TEST(str_numbers_are_digits_and_fit_64_bits)
{
	uint64_t v;

	CHECK_EQ(sr_strnum(SR_STR("18446744073709551615"), &v), SR_OK);
	CHECK(v == UINT64_MAX);
	CHECK_EQ(sr_strnum(SR_STR("18446744073709551616"), &v), SR_ELIMIT);
	CHECK_EQ(sr_strnum(SR_STR("-1"), &v), SR_EBAD);
	CHECK_EQ(sr_strnum(SR_STR(""), &v), SR_EBAD);
	CHECK_EQ(sr_strnum(SR_STR("1 "), &v), SR_EBAD);
}

TEST(buf_never_grows_past_its_maximum)
{
	struct sr_buf b;

	sr_buf_init(&b, 10);
	CHECK_EQ(sr_buf_add(&b, SR_STR("123456789")), SR_OK);
	CHECK_EQ(sr_buf_add(&b, SR_STR("ab")), SR_ELIMIT);
	CHECK_STR(sr_buf_str(&b), "123456789");
	sr_buf_drop(&b, 4);
	CHECK_STR(sr_buf_str(&b), "56789");
	sr_buf_free(&b);
}

TEST(buf_json_is_json_whatever_the_bytes)
{
	struct sr_buf b;

	sr_buf_init(&b, 1000);
	CHECK_EQ(sr_buf_json(&b, SR_STR("a\"\\\n\x01\xff\xc3\xa9\xed\xa0\x80")),
	    SR_OK);
	CHECK_STR(sr_buf_str(&b), "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9"
	    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	sr_buf_free(&b);
}

TEST(arena_is_bounded_and_arrays_in_it_grow)
{
	struct sr_arena a;
	int *v = NULL;

	sr_arena_init(&a, 100000);
	for (int i = 0; i < 1000; i++) {
		v = sr_arena_grow(&a, v, (size_t)i, sizeof(*v));
		CHECK(v != NULL);
		v[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(v[i], i);
	CHECK(sr_arena_alloc(&a, 100000) == NULL);
	sr_arena_free(&a);
}

TEST(rd_short_reads_give_zero_and_set_bad)
{
	struct sr_rd r = sr_rd(guarded("\x01\x02\x03", 3));

	CHECK_EQ(sr_u16(&r), 0x102);
	CHECK_EQ(sr_u16(&r), 0);
	CHECK(r.bad);
	CHECK_EQ(sr_u8(&r), 0);
}

TEST(time_prints_and_reads_rfc3339)
{
	static const struct { const char *in, *out; int32_t zone; } v[] = {
		{ "2010-12-16T23:41:07Z", "2010-12-16T23:41:07.000Z", 0 },
		{ "2026-11-22T18:15:02.1239+01:00",
		    "2026-11-22T17:15:02.123Z", 60 },
		{ "2026-11-22T15:55:24+0000", "2026-11-22T15:55:24.000Z", 0 },
		{ "1970-01-01T00:00:00",
		    "1970-01-01T00:00:00.000Z", SR_NOZONE },
		{ "2000-02-29T12:00:00-05:30",
		    "2000-02-29T17:30:00.000Z", -330 },
	};
	sr_time t;
	int32_t zone;
	bool loose;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct sr_buf b;

		sr_buf_init(&b, 100);
		CHECK_EQ(sr_time_parse(sr_cstr(v[i].in), &t, &zone, &loose),
		    SR_OK);
		CHECK_EQ(zone, v[i].zone);
		sr_time_print(&b, t, 3);
		CHECK_STR(sr_buf_str(&b), v[i].out);
		sr_buf_free(&b);
	}
	CHECK_EQ(sr_time_parse(SR_STR("2001-02-29T12:00:00Z"), &t, &zone,
	    &loose), SR_EBAD);
	CHECK_EQ(sr_time_parse(SR_STR("2001-02-28 12:00:00Z"), &t, &zone,
	    &loose), SR_EBAD);
}

TEST(base64_round_trips_and_is_strict)
{
	struct sr_buf b, c;

	sr_buf_init(&b, 100);
	sr_buf_init(&c, 100);
	sr_base64_add(&b, "\x00\xff\x10\x20", 4);
	CHECK_STR(sr_buf_str(&b), "AP8QIA==");
	CHECK_EQ(sr_base64_read(&c, SR_STR(" AP8Q\r\nIA== ")), SR_OK);
	CHECK_EQ(c.n, 4);
	c.n = 0;
	CHECK_EQ(sr_base64_read(&c, SR_STR("abc-123")), SR_EBAD);
	CHECK_EQ(sr_base64_read(&c, SR_STR("AB==")), SR_EBAD);
	CHECK_EQ(sr_base64_read(&c, SR_STR("QQ==QQ==")), SR_EBAD);
	CHECK_EQ(sr_base64_read(&c, SR_STR("abc")), SR_EBAD);
	sr_buf_free(&b);
	sr_buf_free(&c);
}

TEST(base64url_round_trips_without_padding)
{
	static const char *const bad[] = { "A", "AAAAA", "AB", "AAB", "AA==",
	    "A A", "A.A" };
	struct sr_buf b, c;

	sr_buf_init(&b, 100);
	sr_buf_init(&c, 100);
	for (size_t n = 0; n <= 6; n++) {
		b.n = c.n = 0;
		CHECK_EQ(sr_base64url_add(&b, "\xfb\xff\xfe\xf0\x00\x3f", n),
		    SR_OK);
		CHECK_EQ(b.n, (n * 4 + 2) / 3);
		CHECK_EQ(sr_base64url_read(&c, sr_buf_str(&b)), SR_OK);
		CHECK_EQ(c.n, n);
		CHECK_EQ(memcmp(c.p != NULL ? c.p : "",
		    "\xfb\xff\xfe\xf0\x00\x3f", n), 0);
	}
	CHECK_STR(sr_buf_str(&b), "-__-8AA_");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_EQ(sr_base64url_read(&c, sr_cstr(bad[i])), SR_EBAD);
	sr_buf_free(&b);
	sr_buf_free(&c);
}

TEST(uuid5_is_stable_and_marked_as_version_5)
{
	uint8_t a[16], b[16];

	sr_uuid5(&sr_crypto_openssl, SR_STR("x"), a);
	sr_uuid5(&sr_crypto_openssl, SR_STR("x"), b);
	CHECK_EQ(memcmp(a, b, 16), 0);
	CHECK_EQ(a[6] >> 4, 5);
	CHECK_EQ(a[8] >> 6, 2);
}

TEST(prng_gives_the_published_numbers_of_its_seed)
{
	struct sr_prng a, b;
	uint8_t x[13], y[13];
	double d;

	/* xoshiro256** from the state 1, 2, 3, 4. */
	a = (struct sr_prng){ { 1, 2, 3, 4 } };
	CHECK(sr_prng_next(&a) == 11520);
	CHECK(sr_prng_next(&a) == 0);
	CHECK(sr_prng_next(&a) == 1509978240);
	sr_prng_init(&a, 7);
	sr_prng_init(&b, 7);
	sr_prng_fill(&a, x, sizeof(x));
	sr_prng_fill(&b, y, sizeof(y));
	CHECK(memcmp(x, y, sizeof(x)) == 0);
	d = sr_prng_real(&a);
	CHECK(d >= 0 && d < 1);
}
