/* Claims about lib/net/addr.c. */
#include "unit/net/wire.h"

static struct sr_addr
addr(const char *s)
{
	struct sr_addr a = { .family = 0 };

	CHECK_EQ(sr_addr_parse(&a, sr_cstr(s)), SR_OK);
	return a;
}

TEST(addr_prints_what_it_read)
{
	static const char *const v[] = { "192.0.2.1", "192.0.2.1:5060",
	    "[2001:db8::1]", "[2001:db8::1]:5061", "[::]:1", "0.0.0.0:65535" };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct sr_addr a = addr(v[i]);
		struct sr_buf b;

		sr_buf_init(&b, 100);
		CHECK_EQ(sr_addr_print(&b, &a), SR_OK);
		CHECK_STR(sr_buf_str(&b), v[i]);
		sr_buf_free(&b);
	}
}

TEST(addr_reads_bare_ipv6_as_an_address_without_port)
{
	struct sr_addr a = addr("2001:db8::5060");

	CHECK_EQ(a.family, 6);
	CHECK_EQ(a.port, 0);
	CHECK_EQ(a.ip[15], 0x60);
}

TEST(addr_refuses_names_and_halves)
{
	static const char *const v[] = { "", "sip.example.com", "1.2.3",
	    "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.256", "[",
	    "[::1", "[::1]5060", "[::1]:", "[1.2.3.4]", "::1%eth0",
	    " 1.2.3.4", "[]", ":5060", "1.2.3.4:5060 " };
	struct sr_addr a = { .port = 7 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		CHECK_EQ(sr_addr_parse(&a, sr_cstr(v[i])), SR_EBAD);
	CHECK_EQ(sr_addr_parse(&a, (struct sr_str){ NULL, 0 }), SR_EBAD);
	CHECK_EQ(sr_addr_parse(&a, (struct sr_str){ "1.2.3.4\0", 8 }), SR_EBAD);
	CHECK_EQ(a.port, 7);
}

TEST(addr_any_is_all_zeroes_of_any_family)
{
	struct sr_addr a = addr("0.0.0.0:5060"), b = addr("[::]:5060");
	struct sr_addr c = addr("0.0.0.1"), none = { .family = 0 };

	CHECK(sr_addr_any(&a) && sr_addr_any(&b) && sr_addr_any(&none));
	CHECK(!sr_addr_any(&c));
	CHECK(!sr_addr_eq(&a, &b));
}

TEST(addr_ipeq_does_not_look_at_the_port)
{
	struct sr_addr a = addr("192.0.2.1:1"), b = addr("192.0.2.1:2");

	CHECK(sr_addr_ipeq(&a, &b));
	CHECK(!sr_addr_eq(&a, &b));
}

TEST(flow_hash_follows_equality_and_tells_neighbours_apart)
{
	enum { N = 4096 };
	static unsigned char seen[65536];
	struct sr_flow f = { .src = addr("10.0.0.1:16384"),
	    .dst = addr("10.0.0.2:20000"), .proto = SR_UDP }, g = f;
	int clashes = 0;

	CHECK(sr_flow_eq(&f, &g));
	CHECK(sr_flow_hash(&f) == sr_flow_hash(&g));
	g.proto = SR_TCP;
	CHECK(!sr_flow_eq(&f, &g));
	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < N; i++) {
		f.src.port = (uint16_t)(16384 + 2 * i);
		f.dst.ip[3] = (uint8_t)i;
		clashes += seen[sr_flow_hash(&f) & 0xffff]++ > 0;
	}
	/* Thrown at random, 4096 balls in 65536 urns meet about 125 times. */
	CHECK(clashes < 250);
}

TEST(addr_is_read_again_as_it_was_packed)
{
	static const char *const v[] = { "192.0.2.1:5060", "[2001:db8::1]:9" };
	struct sr_addr a, again;
	struct sr_buf b;
	struct sr_rd r;

	for (size_t i = 0; i < 3; i++) {
		memset(&a, 0, sizeof(a));
		if (i < 2)
			CHECK_EQ(sr_addr_parse(&a, sr_cstr(v[i])), SR_OK);
		sr_buf_init(&b, 19);
		CHECK_EQ(sr_addr_pack(&b, &a), SR_OK);
		r = sr_rd(guarded(b.p, b.n));
		sr_addr_unpack(&r, &again);
		CHECK(!r.bad && r.n == 0);
		CHECK_EQ(memcmp(&a, &again, sizeof(a)), 0);
		for (size_t n = 0; n < b.n; n++) {
			r = sr_rd(guarded(b.p, n));
			sr_addr_unpack(&r, &again);
			CHECK(r.bad);
		}
		b.p[0] = 5;
		r = sr_rd(sr_buf_str(&b));
		sr_addr_unpack(&r, &again);
		CHECK(r.bad);
		sr_buf_free(&b);
	}
	sr_buf_init(&b, 18);
	CHECK_EQ(sr_addr_pack(&b, &a), SR_ELIMIT);
	sr_buf_free(&b);
}
