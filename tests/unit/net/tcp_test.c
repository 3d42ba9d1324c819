/* Claims about lib/net/tcp.c, stream.c and conn.c. */
#include "unit/net/wire.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

/* A segment of the client (10.0.0.1:1000 to 10.0.0.2:5060). */
static void
client(struct rig *r, uint32_t seq, const char *data, unsigned flags)
{
	struct wire w;

	w_set(&w, sr_cstr(data));
	w_tcp(&w, 1000, 5060, seq, 0, flags);
	w_ip4(&w, 6, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(r, &w);
}

static void
server(struct rig *r, uint32_t seq, uint32_t ack, const char *data,
    unsigned flags)
{
	struct wire w;

	w_set(&w, sr_cstr(data));
	w_tcp(&w, 5060, 1000, seq, ack, flags | ACK);
	w_ip4(&w, 6, 2, 1, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(r, &w);
}

TEST(tcp_a_connection_from_syn_to_fin)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	server(&r, 499, 100, "", SYN);
	client(&r, 100, "", ACK);
	client(&r, 100, "hello", ACK);
	CHECK_EQ(r.flow.proto, SR_TCP);
	CHECK_EQ(r.flow.src.port, 1000);
	CHECK_EQ(r.flow.src.ip[3], 1);
	server(&r, 500, 105, "world", 0);
	CHECK_EQ(r.flow.src.port, 5060);
	CHECK_EQ(r.flow.src.ip[3], 2);
	client(&r, 105, "!", FIN | ACK);
	server(&r, 505, 107, "", FIN);
	client(&r, 107, "", ACK);
	SAID(&r, "B[hello]4 B[world]5 B[!]6 C6 C7");
	rig_finish(&r);
	SAID(&r, "");
	rig_close(&r);
}

TEST(tcp_starts_in_the_middle_with_what_comes_first)
{
	struct rig r;

	rig_open(&r);
	server(&r, 500, 1, "", 0);
	client(&r, 70000, "mid", ACK);
	client(&r, 70003, "dle", ACK);
	SAID(&r, "B[mid]2 B[dle]3");
	rig_close(&r);
}

TEST(tcp_segments_out_of_order_wait_for_the_missing_one)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	client(&r, 106, "ghi", ACK);
	client(&r, 103, "def", ACK);
	SAID(&r, "");
	client(&r, 100, "abc", ACK);
	SAID(&r, "B[abc]4 B[def]3 B[ghi]2");
	client(&r, 109, "jkl", ACK);
	SAID(&r, "B[jkl]5");
	rig_close(&r);
}

TEST(tcp_the_first_copy_of_a_byte_wins)
{
	struct rig r;

	rig_open(&r);
	r.plain = true;
	client(&r, 99, "", SYN);
	client(&r, 103, "def", ACK);
	client(&r, 109, "jkl", ACK);
	client(&r, 102, "CDEFGHIJKLM", ACK);
	client(&r, 98, "xyabCDEFGH", ACK);
	client(&r, 100, "ABC", ACK);
	SAID(&r, "abCdefGHIjklM");
	rig_close(&r);
}

TEST(tcp_keepalives_and_retransmissions_are_nothing_new)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 102, "c", ACK);
	client(&r, 102, "", ACK);
	client(&r, 100, "abc", ACK);
	client(&r, 101, "bcd", ACK);
	SAID(&r, "B[abc]1 B[d]5");
	rig_close(&r);
	rig_open(&r);				/* from the middle on */
	server(&r, 500, 104, "hi", 0);
	client(&r, 103, "x", ACK);
	client(&r, 104, "next", ACK);
	SAID(&r, "B[hi]1 B[next]3");
	rig_close(&r);
}

TEST(tcp_sequence_numbers_wrap)
{
	struct rig r;

	rig_open(&r);
	client(&r, 0xfffffffc, "", SYN);
	client(&r, 0xffffffff, "cdef", ACK);
	client(&r, 3, "ghi", ACK);
	client(&r, 0xfffffffd, "ab", ACK);
	SAID(&r, "B[ab]4 B[cdef]2 B[ghi]3");
	rig_close(&r);
}

TEST(tcp_a_hole_is_given_up_after_two_seconds)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 110, "k", ACK);
	client(&r, 120, "u", ACK);
	r.now += 1900 * SR_MSEC;
	client(&r, 121, "v", ACK);
	SAID(&r, "B[abc]1");
	r.now += 200 * SR_MSEC;
	client(&r, 122, "w", ACK);
	client(&r, 123, "x", ACK);
	SAID(&r, "G75 B[k]2 G96 B[u]3 B[v]4 B[w]5 B[x]6");
	client(&r, 103, "late", ACK);
	SAID(&r, "");
	rig_close(&r);
}

TEST(tcp_a_hole_that_the_receiver_has_is_given_up_at_once)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 110, "k", ACK);
	server(&r, 500, 103, "", 0);
	r.now += 300 * SR_MSEC;
	server(&r, 500, 103, "", 0);
	SAID(&r, "B[abc]1");
	server(&r, 500, 111, "", 0);
	SAID(&r, "G75 B[k]2");
	rig_close(&r);
}

TEST(tcp_holes_at_the_end_of_the_capture_are_gaps)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 110, "k", ACK);
	client(&r, 120, "u", FIN | ACK);
	rig_finish(&r);
	SAID(&r, "B[abc]1 G73 B[k]2 G93 B[u]3 C3");
	rig_close(&r);
}

TEST(tcp_a_missing_end_is_a_gap_and_then_the_close)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 110, "", FIN | ACK);
	SAID(&r, "B[abc]1");
	r.now += 3 * SR_SEC;
	server(&r, 500, 1, "", 0);
	SAID(&r, "G73 C3");
	rig_close(&r);
}

TEST(tcp_a_fin_before_its_data_waits_for_it)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	client(&r, 103, "", FIN | ACK);
	client(&r, 100, "abc", ACK);
	SAID(&r, "B[abc]3 C3");
	rig_close(&r);
}

TEST(tcp_reset_closes_both_directions_after_their_data)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	server(&r, 500, 103, "xyz", 0);
	client(&r, 110, "k", ACK);
	client(&r, 111, "", RST);
	SAID(&r, "B[abc]1 B[xyz]2 G74 B[k]3 C4 C4");
	client(&r, 111, "more", ACK);
	server(&r, 503, 103, "more", 0);
	SAID(&r, "");
	rig_close(&r);
}

TEST(tcp_a_reset_from_nowhere_is_not_believed)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 0x70000000, "", RST);
	client(&r, 103, "def", ACK);
	SAID(&r, "B[abc]1 B[def]3");
	rig_close(&r);
}

TEST(tcp_syn_on_used_ports_is_a_new_stream)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	server(&r, 499, 100, "", SYN);
	client(&r, 100, "old", ACK);
	server(&r, 500, 103, "OLD", 0);
	client(&r, 110, "tail", ACK);
	client(&r, 900000, "", SYN);
	SAID(&r, "B[old]3 B[OLD]4 G76 B[tail]5 C6 C6");
	server(&r, 800000, 900001, "", SYN);
	client(&r, 900001, "new", ACK);
	server(&r, 800001, 900004, "NEW", 0);
	SAID(&r, "B[new]8 B[NEW]9");
	rig_close(&r);
}

TEST(tcp_a_repeated_or_late_syn_is_no_new_stream)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	client(&r, 99, "", SYN);
	server(&r, 499, 100, "", SYN);
	client(&r, 99, "", SYN);
	client(&r, 100, "abc", ACK);
	client(&r, 99, "", SYN);
	server(&r, 499, 100, "", SYN);
	client(&r, 103, "def", ACK);
	SAID(&r, "B[abc]5 B[def]8");
	rig_close(&r);
	rig_open(&r);				/* the answer came first */
	server(&r, 499, 100, "", SYN);
	client(&r, 99, "", SYN);
	client(&r, 100, "abc", ACK);
	server(&r, 500, 103, "def", 0);
	SAID(&r, "B[abc]3 B[def]4");
	rig_close(&r);
}

TEST(tcp_data_on_a_syn_is_data)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "fast", SYN);
	client(&r, 104, "open", ACK);
	SAID(&r, "B[fast]1 B[open]2");
	rig_close(&r);
}

TEST(tcp_numbers_far_off_are_another_connection)
{
	struct rig r;

	rig_open(&r);
	client(&r, 100, "abc", ACK);
	client(&r, 0x80000000, "new", ACK);
	SAID(&r, "B[abc]1 C2 B[new]2");
	client(&r, 0x80000003, "", FIN | ACK);
	client(&r, 0x80000003, "after the end", ACK);
	SAID(&r, "C3");
	client(&r, 0x10000000, "third", ACK);
	SAID(&r, "B[third]5");
	rig_close(&r);
}

TEST(tcp_what_the_snaplen_cut_is_a_gap_at_its_place)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	r.lost = 4;
	client(&r, 100, "abcdefg", ACK);
	client(&r, 114, "opqrstu", ACK);
	client(&r, 107, "hijklmn", ACK);
	r.lost = 0;
	client(&r, 121, "v", ACK);
	SAID(&r, "B[abc]2 G42 B[hij]4 G44 B[opq]3 G44 B[v]5");
	rig_close(&r);
}

TEST(tcp_an_ignored_connection_is_silent_until_a_new_syn)
{
	struct rig r;

	rig_open(&r);
	client(&r, 99, "", SYN);
	server(&r, 499, 100, "", SYN);
	client(&r, 100, "abc", ACK);
	client(&r, 110, "k", ACK);
	SAID(&r, "B[abc]3");
	sr_net_ignore(r.n, &r.flow);
	client(&r, 103, "defghij", ACK);
	server(&r, 500, 103, "abc", 0);
	server(&r, 503, 103, "", FIN);
	r.now += 10 * SR_SEC;
	client(&r, 111, "x", RST);
	SAID(&r, "");
	client(&r, 900000, "", SYN);
	server(&r, 800000, 900001, "", SYN);
	client(&r, 900001, "new", ACK);
	server(&r, 800001, 900004, "NEW", 0);
	SAID(&r, "B[new]11 B[NEW]12");
	rig_finish(&r);
	SAID(&r, "");
	rig_close(&r);
}

/* The engine says so while chunks of that very connection still come. */
TEST(tcp_ignoring_stops_what_is_about_to_come)
{
	struct rig r;
	struct sr_chunk c;
	struct sr_frame f = { .link = 1, .time = 2000 * SR_SEC, .num = 4 };
	struct wire w;

	rig_open(&r);
	client(&r, 99, "", SYN);
	client(&r, 106, "ghi", ACK);
	client(&r, 103, "def", ACK);
	w_set(&w, SR_STR("abc"));
	w_tcp(&w, 1000, 5060, 100, 0, ACK);
	w_ip4(&w, 6, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	f.data = guarded(w.b, w.n);
	f.wire = w.n;
	r.now = f.time;
	CHECK_EQ(sr_net_frame(r.n, &f), SR_OK);
	CHECK(sr_net_next(r.n, &c));
	sr_net_ignore(r.n, &c.flow);
	CHECK(!sr_net_next(r.n, &c));
	client(&r, 109, "jkl", ACK);
	SAID(&r, "");
	rig_close(&r);
}

TEST(tcp_broken_headers_are_told)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	w_set(&w, SR_STR(""));
	w_tcp(&w, 1, 2, 3, 4, ACK);
	w.b[12] = 4 << 4;
	w_ip4(&w, 6, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	w.b[14 + 20 + 12] = 15 << 4;
	rig_feed(&r, &w);
	r.lost = 10;
	rig_feed(&r, &w);
	SAID(&r, "X1 X2 X3");
	rig_close(&r);
}

/* One port after the other opens a connection and leaves a hole. */
TEST(tcp_connections_and_their_memory_are_bounded)
{
	struct rig r;
	struct wire w;
	size_t closed = 0, bytes = 0;

	rig_open(&r);
	for (unsigned i = 0; i < 20000; i++) {
		w.n = 1400;
		memset(w.b, 'x', w.n);
		w_tcp(&w, i, 5060, i % 2 ? 100 : 200, 0, i % 2 ? ACK : SYN);
		w_ip4(&w, 6, 1, 2, 0, 0);
		w_eth(&w, 0x0800);
		rig_feed(&r, &w);
		w_set(&w, SR_STR("behind a hole"));
		w_tcp(&w, i, 5060, 9000, 0, ACK);
		w_ip4(&w, 6, 1, 2, 0, 0);
		w_eth(&w, 0x0800);
		rig_feed(&r, &w);
		r.now -= 20 * SR_MSEC;
		for (size_t k = 0; k < r.log.n; k++) {
			closed += r.log.p[k] == 'C';
			bytes += r.log.p[k] == 'h';
		}
		r.log.n = 0;
	}
	CHECK_EQ(closed, 20000 - 4 * 1024 * 1024 / 512);
	CHECK_EQ(bytes, 2 * closed);		/* what waited came out */
	rig_close(&r);
}

/* Strangers choose ports so that all connections fall into few buckets; what
 * is dropped then is closed, and the newest ones live. */
TEST(tcp_syn_floods_leave_the_newest_connections)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	for (unsigned i = 0; i < 30000; i++) {
		w_set(&w, SR_STR(""));
		w_tcp(&w, i, 5060, 99, 0, SYN);
		w_ip4(&w, 6, 1 + i % 200, 2, 0, 0);
		w_eth(&w, 0x0800);
		rig_feed(&r, &w);
	}
	r.log.n = 0;
	w_set(&w, SR_STR("alive"));
	w_tcp(&w, 29999, 5060, 103, 0, ACK);
	w_ip4(&w, 6, 1 + 29999 % 200, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "");				/* waits for 100 to 102 */
	rig_finish(&r);
	SAID(&r, "G330001 B[alive]30001");
	rig_close(&r);
}

static uint32_t
lcg(uint32_t *s)
{
	*s = *s * 1664525 + 1013904223;
	return *s >> 8;
}

/* A message in random segments, shuffled, twice, overlapping and wrapping. */
TEST(tcp_any_shuffle_gives_the_stream)
{
	static char body[20001];
	uint32_t seed = 7;

	for (size_t i = 0; i + 1 < sizeof(body); i++)
		body[i] = (char)('a' + lcg(&seed) % 26);
	for (int round = 0; round < 60; round++) {
		uint32_t isn = (uint32_t)-9000 + lcg(&seed) % 100;
		struct { uint32_t from, len; } s[2000];
		struct rig r;
		size_t n = 0;

		rig_open(&r);
		r.plain = true;
		client(&r, isn - 1, "", SYN);
		for (uint32_t at = 0; at < 20000; n++) {
			s[n].from = at;
			s[n].len = 1 + lcg(&seed) % 1200;
			at += 1 + lcg(&seed) % s[n].len;
		}
		for (size_t i = n; i > 1; i--) {
			size_t j = i - 1 - lcg(&seed) % (i < 30 ? i : 30);
			uint32_t from = s[i - 1].from, len = s[i - 1].len;

			s[i - 1] = s[j];
			s[j].from = from;
			s[j].len = len;
		}
		for (size_t i = 0; i < n; i++) {
			char part[1400];

			snprintf(part, s[i].len + 1, "%s", body + s[i].from);
			client(&r, isn + s[i].from, part, ACK);
			r.now -= 9 * SR_MSEC;
		}
		SAID(&r, body);
		rig_close(&r);
	}
}
