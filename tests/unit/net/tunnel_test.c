/* Claims about lib/net/tunnel.c. */
#include "unit/net/wire.h"

/* What is inside: UDP 5060 to 5070 from 10.0.0.7 to 10.0.0.8. */
static void
inner(struct wire *w)
{
	w_set(w, SR_STR("hi"));
	w_udp(w, 5060, 5070);
	w_ip4(w, 17, 7, 8, 0, 0);
}

static void
inner6(struct wire *w)
{
	w_set(w, SR_STR("hi"));
	w_udp(w, 5060, 5070);
	w_ip6(w, 17, 7, 8);
}

static void
is_inner(struct wire *w)
{
	struct rig r;

	w_eth(w, w->b[0] >> 4 == 4 ? 0x0800 : 0x86dd);
	rig_open(&r);
	rig_feed(&r, w);
	SAID(&r, "D[hi]1");
	CHECK_EQ(r.flow.src.ip[r.flow.src.family == 4 ? 3 : 15], 7);
	CHECK_EQ(r.flow.dst.ip[r.flow.dst.family == 4 ? 3 : 15], 8);
	CHECK_EQ(r.flow.dst.port, 5070);
	rig_close(&r);
}

TEST(tunnel_ip_in_ip_of_either_family)
{
	struct wire w;

	inner(&w);
	w_ip4(&w, 4, 1, 2, 0, 0);
	is_inner(&w);
	inner6(&w);
	w_ip4(&w, 41, 1, 2, 0, 0);
	is_inner(&w);
	inner(&w);
	w_ip6(&w, 4, 1, 2);
	is_inner(&w);
	inner6(&w);
	w_ip6(&w, 41, 1, 2);
	is_inner(&w);
}

TEST(tunnel_gre_with_any_of_its_options)
{
	static const char *const v[] = { "00000800", "8000080012340000",
	    "2000080000000001", "1000080000000001",
	    "b0000800123400000000000100000002" };
	struct wire w;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		inner(&w);
		w_hex(&w, v[i]);
		w_ip4(&w, 47, 1, 2, 0, 0);
		is_inner(&w);
	}
	inner6(&w);
	w_hex(&w, "000086dd");
	w_ip4(&w, 47, 1, 2, 0, 0);
	is_inner(&w);
	inner(&w);
	w_hex(&w, "3081880b" "00220001" "00000001" "00000002" "ff030021");
	w_ip4(&w, 47, 1, 2, 0, 0);		/* PPTP */
	is_inner(&w);
}

TEST(tunnel_gre_bridges_ethernet_and_erspan)
{
	static const char *const v[] = { "00006558", "000088be",
	    "100088be00000001" "1000000000000000",
	    "100022eb00000001" "200000000000000000000000",
	    "100022eb00000001" "200000000000000000000001" "0000000000000000" };
	struct wire w;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		inner(&w);
		w_eth(&w, 0x0800);
		w_hex(&w, v[i]);
		w_ip4(&w, 47, 1, 2, 0, 0);
		is_inner(&w);
	}
}

TEST(tunnel_vxlan_gtp_and_mpls_over_udp)
{
	struct wire w;

	inner(&w);
	w_eth(&w, 0x0800);
	w_hex(&w, "0800000000000100");
	w_udp(&w, 40000, 4789);
	w_ip4(&w, 17, 1, 2, 0, 0);
	is_inner(&w);
	inner(&w);
	w_hex(&w, "30ff001e00000001");
	w_udp(&w, 2152, 2152);
	w_ip4(&w, 17, 1, 2, 0, 0);
	is_inner(&w);
	inner6(&w);				/* PDU session container */
	w_hex(&w, "34ff003a00000001" "00000085" "01100900");
	w_udp(&w, 2152, 2152);
	w_ip4(&w, 17, 1, 2, 0, 0);
	is_inner(&w);
	inner(&w);
	w_hex(&w, "000640ff000641ff");
	w_udp(&w, 40000, 6635);
	w_ip4(&w, 17, 1, 2, 0, 0);
	is_inner(&w);
}

/* Is w, put over UDP to this port, still a datagram of its own? */
static void
is_plain(struct wire *w, unsigned port)
{
	struct rig r;

	rig_open(&r);
	w_udp(w, 40000, port);
	w_ip4(w, 17, 1, 2, 0, 0);
	w_eth(w, 0x0800);
	rig_feed(&r, w);
	CHECK(r.log.n > 0 && r.log.p[0] == 'D');
	CHECK_EQ(r.flow.dst.port, port);
	rig_close(&r);
}

TEST(tunnel_ports_may_carry_plain_datagrams)
{
	static const unsigned ports[] = { 4789, 8472, 2152, 6635 };
	struct wire w;

	for (int i = 0; i < 4; i++) {
		memset(w.b, 0xd5, 172);
		w.n = 172;
		w.b[0] = 0x80;			/* RTP */
		w.b[1] = 0x08;
		w.b[2] = 0x01;
		is_plain(&w, ports[i]);
		w_set(&w, SR_STR("OPTIONS sip:a@b SIP/2.0\r\n\r\n"));
		is_plain(&w, ports[i]);
		w.n = 0;
		is_plain(&w, ports[i]);
	}
	inner(&w);				/* reserved bits set */
	w_eth(&w, 0x0800);
	w_hex(&w, "0800000100000100");
	is_plain(&w, 4789);
	inner(&w);				/* length does not fit */
	w_hex(&w, "30ff001d00000001");
	is_plain(&w, 2152);
	inner(&w);				/* inner IP longer than all */
	w.b[3] = 31;
	w_hex(&w, "30ff001e00000001");
	is_plain(&w, 2152);
	inner(&w);				/* wrong header checksum */
	w.b[10] = 1;
	w_hex(&w, "30ff001e00000001");
	is_plain(&w, 2152);
}

TEST(tunnel_nesting_ends_at_a_depth)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	inner(&w);
	for (int i = 0; i < 20; i++)
		w_ip4(&w, 4, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "X1");
	inner(&w);
	for (int i = 0; i < 5; i++)
		w_ip4(&w, 4, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	rig_feed(&r, &w);
	SAID(&r, "D[hi]2");
	rig_close(&r);
}

TEST(tunnel_every_prefix_is_safe)
{
	struct rig r;
	struct wire w;

	rig_open(&r);
	inner(&w);
	w_eth(&w, 0x0800);
	w_hex(&w, "100022eb00000001" "200000000000000000000001"
	    "0000000000000000");
	w_ip4(&w, 47, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	for (r.lost = 1; r.lost <= w.n; r.lost++)
		rig_feed(&r, &w);
	inner6(&w);
	w_hex(&w, "34ff003a00000001" "00000085" "01100900");
	w_udp(&w, 2152, 2152);
	w_ip4(&w, 17, 1, 2, 0, 0);
	w_eth(&w, 0x0800);
	for (r.lost = 1; r.lost <= w.n; r.lost++)
		rig_feed(&r, &w);
	rig_close(&r);
}
