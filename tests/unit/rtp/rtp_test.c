/* Claims about lib/rtp/rtp.c. */
#include "unit/test.h"

#include "siprec/rtp.h"

static int
parse(struct sr_rtp *h, const char *bytes, size_t n)
{
	return sr_rtp_parse(h, guarded(bytes, n));
}
#define PARSE(h, lit) parse(h, lit, sizeof(lit) - 1)

TEST(rtp_header_is_read)
{
	struct sr_rtp h;

	CHECK_EQ(PARSE(&h, "\x80\x88\x12\x34\x01\x02\x03\x04"
	    "\xa1\xa2\xa3\xa4xy"), SR_OK);
	CHECK_EQ(h.pt, 8);
	CHECK(h.marker);
	CHECK_EQ(h.seq, 0x1234);
	CHECK_EQ(h.ts, 0x01020304);
	CHECK_EQ(h.ssrc, 0xa1a2a3a4);
	CHECK_EQ(h.ncsrc, 0);
	CHECK_STR(h.payload, "xy");
}

TEST(rtp_csrcs_extension_and_padding_are_no_payload)
{
	struct sr_rtp h;

	CHECK_EQ(PARSE(&h, "\xb2\x00\0\1\0\0\0\1\0\0\0\1" "csr1csr2"
	    "\xbe\xde\0\1" "extn" "speech" "\0\0\3"), SR_OK);
	CHECK_EQ(h.ncsrc, 2);
	CHECK_STR(h.csrc, "csr1csr2");
	CHECK_STR(h.payload, "speech");
}

TEST(rtp_payload_may_be_empty)
{
	struct sr_rtp h;

	CHECK_EQ(PARSE(&h, "\x80\0\0\1\0\0\0\1\0\0\0\1"), SR_OK);
	CHECK_EQ(h.payload.n, 0);
	CHECK_EQ(PARSE(&h, "\xa0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\4"), SR_OK);
	CHECK_EQ(h.payload.n, 0);
}

TEST(rtp_cut_anywhere_in_its_header_is_bad)
{
	static const char p[] = "\x92\x00\0\1\0\0\0\1\0\0\0\1" "csr1csr2"
	    "\xbe\xde\0\1" "extn";
	struct sr_rtp h;

	for (size_t n = 0; n < sizeof(p) - 1; n++)
		CHECK_EQ(parse(&h, p, n), SR_EBAD);
	CHECK_EQ(parse(&h, p, sizeof(p) - 1), SR_OK);
}

TEST(rtp_padding_longer_than_the_payload_is_bad)
{
	struct sr_rtp h;

	CHECK_EQ(PARSE(&h, "\xa0\0\0\1\0\0\0\1\0\0\0\1ab\5"), SR_EBAD);
	CHECK_EQ(PARSE(&h, "\xa0\0\0\1\0\0\0\1\0\0\0\1ab\3"), SR_OK);
}

TEST(rtp_of_another_version_is_bad)
{
	struct sr_rtp h;

	CHECK_EQ(PARSE(&h, "\x40\0\0\1\0\0\0\1\0\0\0\1"), SR_EBAD);
	CHECK_EQ(PARSE(&h, "\xc0\0\0\1\0\0\0\1\0\0\0\1"), SR_EBAD);
}

TEST(rtp_and_rtcp_are_told_apart_by_the_type)
{
	char p[12] = "\x80";

	for (int type = 0; type < 256; type++) {
		struct sr_str s;
		bool rtcp = type >= 192 && type <= 223;

		p[1] = (char)type;
		s = guarded(p, sizeof(p));
		CHECK_EQ(sr_rtcp_looks(s), rtcp);
		CHECK_EQ(sr_rtp_looks(s), !rtcp);
	}
	CHECK(!sr_rtp_looks(guarded(p, 11)));
	CHECK(!sr_rtcp_looks(guarded("\x80\xc8", 2)));
	CHECK(!sr_rtp_looks(guarded("", 0)));
}
