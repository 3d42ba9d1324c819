/* Claims about link layers, IP and UDP: lib/net/frame.c and ip.c. */
#include "unit/net/wire.h"

/* Checks that w, as a frame of this link type, is the datagram "hi". */
static void
is_hi(struct wire *w, int link)
{
	struct rig r;

	rig_open(&r);
	r.link = link;
	rig_feed(&r, w);
	SAID(&r, "D[hi]1");
	CHECK_EQ(r.flow.src.port, 5060);
	CHECK_EQ(r.flow.dst.port, 5070);
	CHECK_EQ(r.flow.proto, SR_UDP);
	rig_close(&r);
}

static void
hi4(struct wire *w)
{
	w_set(w, SR_STR("hi"));
	w_udp(w, 5060, 5070);
	w_ip4(w, 17, 1, 2, 0, 0);
}

static void
hi6(struct wire *w)
{
	w_set(w, SR_STR("hi"));
	w_udp(w, 5060, 5070);
	w_ip6(w, 17, 1, 2);
}

TEST(frame_every_link_type_leads_to_the_datagram)
{
	static const struct {
		int link, version;
		const char *head;
	} v[] = {
		{ 1, 4, "0102030405060708090a0b0c0800" },
		{ 1, 6, "0102030405060708090a0b0c86dd" },
		{ 1, 4, "0102030405060708090a0b0c810000050800" },
		{ 1, 6, "0102030405060708090a0b0c"
		    "88a80001810000058100000686dd" },
		{ 1, 4, "0102030405060708090a0b0c91000001810000050800" },
		{ 1, 4, "0102030405060708090a0b0c8847000011ff" },
		{ 1, 6, "0102030405060708090a0b0c8847000000ff000011ff" },
		{ 1, 4, "0102030405060708090a0b0c0026aaaa030000000800" },
		{ 1, 4, "0102030405060708090a0b0c88641100000100200021" },
		{ 1, 6, "0102030405060708090a0b0c88641100000100340057" },
		{ 0, 4, "02000000" },
		{ 0, 4, "00000002" },
		{ 0, 6, "1e000000" },
		{ 0, 6, "0000001c" },
		{ 0, 6, "0a000000" },
		{ 108, 4, "00000002" },
		{ 108, 6, "00000018" },
		{ 9, 4, "ff030021" },
		{ 9, 6, "0057" },
		{ 9, 4, "21" },
		{ 50, 4, "ff030021" },
		{ 50, 4, "0f000800" },
		{ 51, 4, "1100000100200021" },
		{ 12, 4, "" }, { 14, 6, "" }, { 101, 4, "" }, { 101, 6, "" },
		{ 228, 4, "" }, { 229, 6, "" },
		{ 113, 4, "00000001000601020304050600000800" },
		{ 113, 6, "000000010006010203040506000086dd" },
		{ 113, 4, "0000000100060102030405060000810000070800" },
		{ 276, 4, "0800000000000002000100060102030405060000" },
		{ 276, 6, "86dd000000000002000100060102030405060000" },
		{ 239, 4, "02000000" "0800010008000001" "2200" "0900" },
		{ 239, 6, "0a000000" "0008000108000001" "0036" "0009" },
		{ 104, 4, "0f000800" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct wire w;

		(v[i].version == 4 ? hi4 : hi6)(&w);
		w_hex(&w, v[i].head);
		is_hi(&w, v[i].link);
	}
}

TEST(frame_mpls_pseudowires_hold_ethernet)
{
	struct wire w;

	hi4(&w);
	w_eth(&w, 0x0800);
	w_hex(&w, "000011ff" "00000000");	/* label, control word */
	w_eth(&w, 0x8847);
	is_hi(&w, 1);
	hi4(&w);
	w_eth(&w, 0x0800);
	w.b[0] = 0x98;				/* no control word, a MAC */
	w_hex(&w, "000011ff");
	w_eth(&w, 0x8847);
	is_hi(&w, 1);
}

TEST(frame_ethernet_padding_is_no_payload)
{
	struct wire w;

	hi4(&w);
	w_eth(&w, 0x0800);
	memset(w.b + w.n, 0xee, 20);
	w.n += 20;
	is_hi(&w, 1);
	hi6(&w);
	w_eth(&w, 0x86dd);
	memset(w.b + w.n, 0xee, 20);
	w.n += 20;
	is_hi(&w, 1);
}

TEST(frame_ipv4_options_are_skipped)
{
	struct wire w;

	w_set(&w, SR_STR("hi"));
	w_udp(&w, 5060, 5070);
	w_hex(&w, "9404000001010100");
	w_ip4(&w, 17, 1, 2, 0, 0);
	w.b[0] = 0x47;
	w_eth(&w, 0x0800);
	is_hi(&w, 1);
}

TEST(frame_ipv6_extension_headers_are_skipped)
{
	struct wire w;

	w_set(&w, SR_STR("hi"));
	w_udp(&w, 5060, 5070);
	w_hex(&w, "1104000000000000" "0000000000000000" "0000000000000000");
	w_hex(&w, "3c00010400000000");		/* destination, then AH above */
	w.b[0] = 51;
	w_hex(&w, "2b02010400000000" "0000000000000000" "0000000000000000");
	w.b[0] = 60;
	w_hex(&w, "2b00050200000000");		/* hop by hop to routing */
	w_ip6(&w, 0, 1, 2);
	w_eth(&w, 0x86dd);
	is_hi(&w, 1);
}

TEST(frame_lengths_of_zero_mean_all_there_is)
{
	struct wire w;

	hi4(&w);
	w.b[2] = w.b[3] = 0;			/* segmentation offload */
	w_eth(&w, 0x0800);
	is_hi(&w, 1);
	w_set(&w, SR_STR("hi"));
	w_udp(&w, 5060, 5070);
	w.b[4] = w.b[5] = 0;			/* RFC 2675 */
	w_hex(&w, "1100c20400000000");
	w_ip6(&w, 0, 1, 2);
	w.b[4] = w.b[5] = 0;
	w_eth(&w, 0x86dd);
	is_hi(&w, 1);
}

TEST(frame_cut_by_the_snaplen_says_how_much_is_missing)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	w_set(&w, SR_STR("hello world"));
	w_udp(&w, 5060, 5070);
	w_ip4(&w, 17, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	r.lost = 6;
	rig_feed(&r, &w);
	SAID(&r, "D[hello]+61");
	r.lost = 11;
	rig_feed(&r, &w);
	SAID(&r, "D[]+112");
	w.n += 4;				/* the check sequence is cut */
	r.lost = 4;
	rig_feed(&r, &w);
	SAID(&r, "D[hello world]3");
	rig_close(&r);
}

TEST(frame_udp_length_beyond_ip_is_cut_and_below_8_is_broken)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	hi4(&w);
	w.b[25] = 14;
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "D[hi]+41");
	w.b[14 + 25] = 7;
	rig_feed(&r, &w);
	SAID(&r, "X2");
	rig_close(&r);
}

TEST(frame_broken_headers_are_told)
{
	static const struct { unsigned at, v; } bad[] = {
		{ 14, 0x44 }, { 14, 0x15 }, { 17, 19 }, { 14, 0x4f },
	};
	struct rig r;
	struct wire w;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		hi4(&w);
		w_eth(&w, 0x0800);
		w.b[bad[i].at] = (uint8_t)bad[i].v;
		rig_feed(&r, &w);
		CHECK(r.log.n > 0 && r.log.p[0] == 'X');
		CHECK(r.why != NULL && *r.why != '\0');
		r.log.n = 0;
	}
	rig_close(&r);
}

TEST(frame_what_is_not_ip_is_silent)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	w_set(&w, SR_STR("who has 10.0.0.1, tell 10.0.0.2"));
	w_eth(&w, 0x0806);
	rig_feed(&r, &w);
	w_set(&w, SR_STR("\x42\x42\x03 spanning tree"));
	w_eth(&w, (unsigned)w.n);
	rig_feed(&r, &w);
	w_set(&w, SR_STR("ping"));
	w_ip4(&w, 1, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "");
	rig_close(&r);
}

TEST(frame_an_unknown_link_type_is_told_once)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	r.link = 105;
	hi4(&w);
	rig_feed(&r, &w);
	rig_feed(&r, &w);
	SAID(&r, "X1");
	rig_close(&r);
}

/* No prefix of any frame is read past its end: the guard page would tell. */
TEST(frame_every_prefix_is_safe)
{
	static const char *const heads[] = {
		"0102030405060708090a0b0c0800", "0102030405060708090a0b0c"
		"88a80001810000058847000011ff", "0102030405060708090a0b0c"
		"88641100000100200021", "0102030405060708090a0b0c0026aaaa03000"
		"0000800" };
	struct rig r;
	struct wire w;

	rig_open(&r);
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		hi4(&w);
		w_hex(&w, heads[i]);
		for (r.lost = 1; r.lost <= w.n; r.lost++)
			rig_feed(&r, &w);
	}
	rig_close(&r);
}

static uint32_t
lcg(uint32_t *s)
{
	*s = *s * 1664525 + 1013904223;
	return *s >> 8;
}

/* A VLAN tag forces the long way; whatever is wrong with the datagram, both
 * must say the same. */
TEST(frame_the_short_way_agrees_with_the_long_one)
{
	uint32_t seed = 3;
	struct rig a, b;
	struct wire w;

	rig_open(&a);
	rig_open(&b);
	for (int i = 0; i < 20000; i++) {
		hi4(&w);
		for (uint32_t k = lcg(&seed) % 4; k > 0; k--)
			w.b[lcg(&seed) % 28] = (uint8_t)(lcg(&seed) % 2 ?
			    lcg(&seed) : lcg(&seed) % 48);
		w.n += lcg(&seed) % 3 * 8;	/* padding */
		a.lost = b.lost = lcg(&seed) % 5 ? 0 : lcg(&seed) % 20;
		w_eth(&w, 0x0800);
		rig_feed(&a, &w);
		w_hex(&w, "0102030405060708090a0b0c81000005");
		memmove(w.b + 16, w.b + 16 + 12, w.n - 16 - 12);
		w.n -= 12;
		rig_feed(&b, &w);
		CHECK(sr_streq(sr_buf_str(&a.log), sr_buf_str(&b.log)));
		CHECK(sr_flow_eq(&a.flow, &b.flow));
		a.log.n = b.log.n = 0;
	}
	rig_close(&a);
	rig_close(&b);
}

/* A datagram, a segment, or the first half of a fragmented datagram. */
static void
any_kind(struct wire *w, unsigned kind, unsigned i)
{
	w_set(w, SR_STR("0123456789abcdef"));
	if (kind == 0)
		w_tcp(w, 7, 9, 16 * i, 0, 0x10);
	else
		w_udp(w, 5000 + i, 6000);
	w_ip4(w, kind == 0 ? 6 : 17, 1, 2, i, kind == 1 ? 0x2000 : 0);
	w_eth(w, 0x0800);
}

/* Times jump now and then, so that what waits is given up in between. */
TEST(frame_several_at_once_say_what_they_say_one_by_one)
{
	enum { FRAMES = 40 };
	static struct wire w[FRAMES];
	struct sr_frame f[FRAMES];
	struct rig a, b;
	uint32_t seed = 5;

	rig_open(&a);
	rig_open(&b);
	for (int round = 0; round < 200; round++) {
		for (unsigned i = 0; i < FRAMES; i++) {
			any_kind(&w[i], lcg(&seed) % 12, lcg(&seed) % 64);
			a.now += lcg(&seed) % 9 == 0 ? 20 * SR_SEC : SR_MSEC;
			f[i] = (struct sr_frame){ .link = 1, .time = a.now,
			    .num = ++a.num, .wire = w[i].n,
			    .data = { (const char *)w[i].b, w[i].n } };
			CHECK_EQ(sr_net_frame(a.n, &f[i]), SR_OK);
			rig_drain(&a);
		}
		for (size_t i = 0; i < FRAMES;) {
			CHECK_EQ(sr_net_frame(b.n, &f[i++]), SR_OK);
			i += sr_net_more(b.n, f + i, FRAMES - i);
			rig_drain(&b);
		}
		CHECK(sr_streq(sr_buf_str(&a.log), sr_buf_str(&b.log)));
		a.log.n = b.log.n = 0;
	}
	rig_close(&a);
	rig_close(&b);
}
