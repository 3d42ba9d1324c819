/* Claims about lib/rtp/rtcp.c. */
#include "unit/test.h"

#include "siprec/rtp.h"

#define SENDER_REPORT "\x80\xc8\0\6" "\1\2\3\4" "\xe0\0\0\1\x80\0\0\0" \
	"\0\0\x1f\x40" "\0\0\0\1\0\0\0\2"
#define NAME "\x81\xca\0\4" "\1\2\3\4" "\2\1x" "\1\4a@bc" "\0\0\0"

TEST(rtcp_compound_is_cut_into_its_packets)
{
	struct sr_str rest = guarded(SENDER_REPORT NAME,
	    sizeof(SENDER_REPORT NAME) - 1);
	struct sr_rtcp c;

	CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
	CHECK_EQ(c.type, 200);
	CHECK_EQ(c.ssrc, 0x01020304);
	CHECK(c.ntp == 0xe000000180000000u);
	CHECK_EQ(c.rtp_ts, 8000);
	CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
	CHECK_EQ(c.type, 202);
	CHECK_STR(c.cname, "a@bc");
	CHECK_EQ(sr_rtcp_next(&rest, &c), SR_ENOENT);
}

TEST(rtcp_of_which_a_part_is_missing_is_bad)
{
	struct sr_rtcp c;

	for (size_t n = 1; n < sizeof(SENDER_REPORT) - 1; n++) {
		struct sr_str rest = guarded(SENDER_REPORT, n);

		CHECK_EQ(sr_rtcp_next(&rest, &c), SR_EBAD);
		CHECK_EQ(sr_rtcp_next(&rest, &c), SR_ENOENT);
	}
}

TEST(rtcp_names_that_run_past_their_packet_are_none)
{
	static const char p[] = "\x81\xca\0\2" "\1\2\3\4" "\1\xff" "ab";
	struct sr_str rest = guarded(p, sizeof(p) - 1);
	struct sr_rtcp c;

	CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
	CHECK(c.cname.p == NULL);
}

TEST(rtcp_of_no_length_does_not_stand_still)
{
	struct sr_str rest = guarded("\x80\xcb\0\0\x80\xcb\0\0", 8);
	struct sr_rtcp c;
	int n = 0;

	while (sr_rtcp_next(&rest, &c) == SR_OK)
		n++;
	CHECK_EQ(n, 2);
}

TEST(rtcp_report_blocks_are_as_many_as_there_is_room_for)
{
	/* Three blocks it says; there is one, and a half. */
	static const char p[] = "\x83\xc9\0\x0a" "\0\0\0\1"
	    "\0\0\0\2" "\x40\xff\xff\xff" "\0\2\0\3" "\0\0\0\4"
	    "\0\0\0\5" "\0\0\0\6" "\0\0\0\7\0\0\0\x08\0\0\0\x09";
	struct sr_str rest = guarded(p, sizeof(p) - 1);
	struct sr_report b;
	struct sr_rtcp c;

	CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
	CHECK_EQ(c.blocks.n, 24);
	CHECK(sr_report_next(&c.blocks, &b));
	CHECK_EQ(b.ssrc, 2);
	CHECK_EQ(b.fraction, 0x40);
	CHECK_EQ(b.lost, -1);
	CHECK_EQ(b.highest, 0x20003);
	CHECK_EQ(b.jitter, 4);
	CHECK_EQ(b.lsr, 5);
	CHECK_EQ(b.dlsr, 6);
	CHECK(!sr_report_next(&c.blocks, &b));
	CHECK(!sr_report_next(&c.blocks, &b));
}
