/* Claims about lib/rtp/format.c. */
#include "unit/test.h"

#include "siprec/rtp.h"

TEST(format_names_are_known_in_any_case)
{
	CHECK_EQ(sr_codec_by_name(SR_STR("pcmu"), 8000), SR_CODEC_PCMU);
	CHECK_EQ(sr_codec_by_name(SR_STR("PCMA"), 8000), SR_CODEC_PCMA);
	CHECK_EQ(sr_codec_by_name(SR_STR("l16"), 16000), SR_CODEC_L16);
	CHECK_EQ(sr_codec_by_name(SR_STR("G722"), 8000), SR_CODEC_G722);
	CHECK_EQ(sr_codec_by_name(SR_STR("g726-32"), 8000), SR_CODEC_G726_32);
	CHECK_EQ(sr_codec_by_name(SR_STR("OPUS"), 48000), SR_CODEC_OPUS);
	CHECK_EQ(sr_codec_by_name(SR_STR("AMR"), 8000), SR_CODEC_AMR);
	CHECK_EQ(sr_codec_by_name(SR_STR("AMR-WB"), 16000), SR_CODEC_AMR_WB);
	CHECK_EQ(sr_codec_by_name(SR_STR("G729a"), 8000), SR_CODEC_G729);
	CHECK_EQ(sr_codec_by_name(SR_STR("telephone-event"), 48000),
	    SR_CODEC_EVENT);
	CHECK_EQ(sr_codec_by_name(SR_STR("CN"), 16000), SR_CODEC_CN);
	CHECK_EQ(sr_codec_by_name(SR_STR("red"), 8000), SR_CODEC_RED);
}

TEST(format_unknown_names_and_wrong_clocks_are_unknown)
{
	CHECK_EQ(sr_codec_by_name(SR_STR("iLBC"), 8000), SR_CODEC_UNKNOWN);
	CHECK_EQ(sr_codec_by_name(SR_STR("opus"), 8000), SR_CODEC_UNKNOWN);
	CHECK_EQ(sr_codec_by_name(SR_STR("AAL2-G726-32"), 8000),
	    SR_CODEC_UNKNOWN);
	CHECK_EQ(sr_codec_by_name(SR_STR(""), 8000), SR_CODEC_UNKNOWN);
}

TEST(format_static_types_are_those_of_rfc_3551)
{
	struct sr_format f;

	CHECK(sr_format_static(&f, 0));
	CHECK_EQ(f.id, SR_CODEC_PCMU);
	CHECK_EQ(f.clock, 8000);
	CHECK_EQ(f.channels, 1);
	CHECK(f.fmtp.p == NULL);
	CHECK(sr_format_static(&f, 9));
	CHECK_EQ(f.id, SR_CODEC_G722);
	CHECK_EQ(f.clock, 8000);
	CHECK(sr_format_static(&f, 10));
	CHECK_EQ(f.id, SR_CODEC_L16);
	CHECK_EQ(f.channels, 2);
	CHECK(sr_format_static(&f, 4));
	CHECK_EQ(f.id, SR_CODEC_UNKNOWN);
	CHECK_STR(f.name, "G723");
	CHECK(!sr_format_static(&f, 1));
	for (unsigned pt = 96; pt < 256; pt++)
		CHECK(!sr_format_static(&f, (uint8_t)pt));
}
