/* Claims about lib/net/frag.c. */
#include "unit/net/wire.h"

/* A datagram of 8-byte words, cut into pieces that tests send as they like. */
struct pieces {
	struct wire whole;		/* UDP header and payload */
	unsigned id;
};

static void
cut_up(struct pieces *p, const char *text, unsigned id)
{
	w_set(&p->whole, sr_cstr(text));
	w_udp(&p->whole, 5060, 5070);
	p->id = id;
}

/* Words [from, to) of it as an IPv4 fragment. */
static void
send4(struct rig *r, const struct pieces *p, size_t from, size_t to)
{
	size_t end = 8 * to < p->whole.n ? 8 * to : p->whole.n;
	struct wire w;

	w_set(&w, sr_substr((struct sr_str){ (const char *)p->whole.b,
	    p->whole.n }, 8 * from, end - 8 * from));
	w_ip4(&w, 17, 1, 2, p->id, (unsigned)from |
	    (end < p->whole.n ? 0x2000u : 0));
	w_eth(&w, 0x0800);
	rig_feed(r, &w);
}

static void
send6(struct rig *r, const struct pieces *p, size_t from, size_t to)
{
	size_t end = 8 * to < p->whole.n ? 8 * to : p->whole.n;
	struct wire w;
	uint8_t *h;

	w_set(&w, sr_substr((struct sr_str){ (const char *)p->whole.b,
	    p->whole.n }, 8 * from, end - 8 * from));
	h = w_front(&w, 8);
	h[0] = 17;
	w_be(h + 2, 8 * from | (end < p->whole.n), 2);
	w_be(h + 4, p->id, 4);
	w_ip6(&w, 44, 1, 2);
	w_eth(&w, 0x86dd);
	rig_feed(r, &w);
}

static const char text[] = "aaaaaaaabbbbbbbbccccccccddd";	/* 5 words */

TEST(frag_every_order_gives_the_datagram)
{
	static const char *const orders[] = { "0123", "3210", "1032", "2301",
	    "0213", "3012", "1302" };
	static const size_t at[] = { 0, 1, 2, 4, 5 };
	struct pieces p;
	struct rig r;
	char want[64];

	rig_open(&r);
	for (size_t i = 0; i < 2 * sizeof(orders) / sizeof(orders[0]); i++) {
		cut_up(&p, text, (unsigned)i);
		for (const char *o = orders[i / 2]; *o != '\0'; o++)
			(i % 2 ? send6 : send4)(&r, &p, at[*o - '0'],
			    at[*o - '0' + 1]);
		snprintf(want, sizeof(want), "D[%s]%zu", text, 4 * (i + 1));
		SAID(&r, want);
		CHECK_EQ(r.flow.dst.port, 5070);
	}
	rig_finish(&r);
	SAID(&r, "");
	rig_close(&r);
}

TEST(frag_duplicates_and_overlaps_change_nothing_that_was_there)
{
	struct pieces p, evil;
	struct rig r;

	rig_open(&r);
	cut_up(&p, text, 7);
	cut_up(&evil, "AAAAAAAABBBBBBBBCCCCCCCCDDD", 7);
	send4(&r, &p, 2, 3);
	send4(&r, &p, 2, 3);
	send4(&r, &evil, 1, 4);
	send4(&r, &p, 0, 2);
	send4(&r, &p, 3, 5);
	SAID(&r, "D[AAAAAAAAbbbbbbbbCCCCCCCCddd]5");
	rig_close(&r);
}

TEST(frag_unlike_identifications_and_protocols_do_not_mix)
{
	struct pieces p, q;
	struct rig r;

	rig_open(&r);
	cut_up(&p, text, 1);
	cut_up(&q, "11111111222222223333333344", 2);
	send4(&r, &p, 0, 2);
	send4(&r, &q, 0, 2);
	send6(&r, &p, 2, 9);
	send4(&r, &q, 2, 9);
	SAID(&r, "D[11111111222222223333333344]4");
	rig_close(&r);
}

TEST(frag_what_does_not_come_is_told_after_30_seconds)
{
	struct pieces p;
	struct rig r;

	rig_open(&r);
	cut_up(&p, text, 1);
	send4(&r, &p, 0, 2);
	r.now += 29 * SR_SEC;
	cut_up(&p, text, 2);
	send4(&r, &p, 0, 2);
	SAID(&r, "");
	r.now += 2 * SR_SEC;
	send4(&r, &p, 2, 9);
	SAID(&r, "D[aaaaaaaabbbbbbbbccccccccddd]3 X1");
	CHECK(strstr(r.why, "not all") != NULL);
	cut_up(&p, text, 3);
	send4(&r, &p, 2, 9);
	rig_finish(&r);
	SAID(&r, "X4");
	rig_close(&r);
}

TEST(frag_impossible_pieces_are_refused)
{
	struct pieces p;
	struct rig r;
	struct wire w;

	rig_open(&r);
	w_set(&w, SR_STR("12345678"));		/* ends past 65535 */
	w_ip4(&w, 17, 1, 2, 1, 0x1fff);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	w_set(&w, SR_STR("1234567"));		/* not in words of eight */
	w_ip4(&w, 17, 1, 2, 1, 0x2000);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "X1 X2");
	cut_up(&p, text, 9);
	send4(&r, &p, 2, 9);
	cut_up(&p, "longer than before, and so no part of it", 9);
	send4(&r, &p, 4, 9);			/* another end */
	SAID(&r, "X4");
	rig_close(&r);
}

TEST(frag_cut_by_the_snaplen_is_told)
{
	struct pieces p;
	struct rig r;

	rig_open(&r);
	cut_up(&p, text, 1);
	r.lost = 3;
	send4(&r, &p, 0, 2);
	SAID(&r, "X1");
	rig_close(&r);
}

TEST(frag_memory_and_number_are_bounded)
{
	struct pieces p;
	struct rig r;
	unsigned told = 0;

	rig_open(&r);
	for (unsigned i = 0; i < 3000; i++) {
		cut_up(&p, text, i);
		send4(&r, &p, 0, 1);
		r.now -= 10 * SR_MSEC;
	}
	for (size_t i = 0; i < r.log.n; i++)
		told += r.log.p[i] == 'X';
	/* At most 1024, and fewer when 4 MiB do not hold them. */
	CHECK(told >= 3000 - 1024 && told < 3000 - 512);
	rig_close(&r);
}

TEST(frag_tunnels_may_be_in_pieces_too)
{
	struct wire w, piece;
	struct rig r;

	rig_open(&r);
	w_set(&w, SR_STR("hi"));
	w_udp(&w, 5060, 5070);
	w_ip4(&w, 17, 7, 8, 0, 0);
	for (int i = 1; i >= 0; i--) {
		w_set(&piece, sr_substr((struct sr_str){ (char *)w.b, w.n },
		    i > 0 ? 16 : 0, i > 0 ? w.n : 16));
		w_ip4(&piece, 4, 1, 2, 5, i > 0 ? 2 : 0x2000);
		w_eth(&piece, 0x0800);
		rig_feed(&r, &piece);
	}
	SAID(&r, "D[hi]2");
	CHECK_EQ(r.flow.src.ip[3], 7);
	rig_close(&r);
}

/* Fragments inside reassembled fragments go as deep as tunnels, no deeper. */
TEST(frag_nesting_ends_at_a_depth)
{
	struct wire w;
	struct rig r;

	rig_open(&r);
	w_set(&w, SR_STR("hi"));
	w_udp(&w, 5060, 5070);
	for (int i = 0; i < 4000; i++)
		w_hex(&w, "2c00000000000001");
	w_ip6(&w, 44, 1, 2);
	w_eth(&w, 0x86dd);
	rig_feed(&r, &w);
	SAID(&r, "X1");
	CHECK(strstr(r.why, "too deep") != NULL);
	rig_close(&r);
}

static uint32_t
lcg(uint32_t *s)
{
	*s = *s * 1664525 + 1013904223;
	return *s >> 8;
}

TEST(frag_any_shuffle_gives_the_datagram)
{
	static char body[5001];
	struct pieces p;
	struct rig r;
	uint32_t seed = 1;

	for (size_t i = 0; i + 1 < sizeof(body); i++)
		body[i] = (char)('a' + lcg(&seed) % 26);
	for (int round = 0; round < 100; round++) {
		char want[5100];
		size_t at[700], n = 0, end;

		rig_open(&r);
		cut_up(&p, body, 1);
		end = (p.whole.n + 7) / 8;
		for (size_t i = 0; i < end; i += 1 + lcg(&seed) % 40)
			at[n++] = i;
		for (size_t i = n; i > 1; i--) {
			size_t j = lcg(&seed) % i, t = at[i - 1];

			at[i - 1] = at[j];
			at[j] = t;
		}
		/* Each piece is as long as any gap, and so they overlap. */
		for (size_t i = 0; i < n && r.log.n == 0; i++)
			send6(&r, &p, at[i], at[i] + 40 + lcg(&seed) % 9);
		snprintf(want, sizeof(want), "D[%s]%d", body, (int)r.num);
		SAID(&r, want);
		rig_close(&r);
	}
}
