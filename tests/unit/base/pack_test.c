/* What is packed is read again, and nothing else. */
#include "unit/test.h"

TEST(what_is_packed_is_read_again)
{
	struct sr_buf b;
	struct sr_rd r;

	sr_buf_init(&b, 100);
	sr_pack_u8(&b, 0xfe);
	sr_pack_u16(&b, 0xfedc);
	sr_pack_u32(&b, 0xfedcba98);
	sr_pack_u64(&b, 0xfedcba9876543210);
	sr_pack_str(&b, SR_STR("text"));
	sr_pack_str(&b, (struct sr_str){ NULL, 0 });
	r = sr_rd(guarded(b.p, b.n));
	CHECK(sr_u8(&r) == 0xfe);
	CHECK(sr_u16(&r) == 0xfedc);
	CHECK(sr_u32(&r) == 0xfedcba98);
	CHECK(sr_u64(&r) == 0xfedcba9876543210);
	CHECK_STR(sr_unpack_str(&r, 4), "text");
	CHECK(sr_unpack_str(&r, 4).p == NULL);
	CHECK(!r.bad && r.n == 0);
	sr_buf_free(&b);
}

TEST(a_packed_string_is_no_longer_than_asked_or_than_there_is)
{
	struct sr_rd r = sr_rd(guarded("\0\0\0\5texts", 9));

	CHECK(sr_unpack_str(&r, 4).p == NULL && r.bad);
	r = sr_rd(guarded("\0\0\0\5text", 8));
	CHECK(sr_unpack_str(&r, 100).p == NULL && r.bad);
	r = sr_rd(guarded("\0\0\0", 3));
	CHECK(sr_unpack_str(&r, 100).p == NULL && r.bad);
}
