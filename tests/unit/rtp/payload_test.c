/* Claims about lib/rtp/payload.c. */
#include "unit/test.h"

#include "siprec/rtp.h"

static uint32_t
ticks(enum sr_codec_id id, const char *fmtp, const void *p, size_t n)
{
	struct sr_format f = { .id = id, .fmtp = sr_cstr(fmtp),
	    .clock = 8000, .channels = 1 };

	return sr_payload_ticks(&f, guarded(p, n));
}

TEST(payload_lengths_of_sample_codecs_follow_from_their_bytes)
{
	static const char v[400];
	struct sr_format stereo = { .id = SR_CODEC_L16, .channels = 2 };

	CHECK_EQ(ticks(SR_CODEC_PCMU, NULL, v, 160), 160);
	CHECK_EQ(ticks(SR_CODEC_PCMA, NULL, v, 240), 240);
	/* 16 kHz under a clock of 8 kHz: RFC 3551 4.5.2. */
	CHECK_EQ(ticks(SR_CODEC_G722, NULL, v, 160), 160);
	CHECK_EQ(ticks(SR_CODEC_L16, NULL, v, 320), 160);
	CHECK_EQ(sr_payload_ticks(&stereo, guarded(v, 320)), 80);
	CHECK_EQ(ticks(SR_CODEC_G726_16, NULL, v, 40), 160);
	CHECK_EQ(ticks(SR_CODEC_G726_24, NULL, v, 60), 160);
	CHECK_EQ(ticks(SR_CODEC_G726_32, NULL, v, 80), 160);
	CHECK_EQ(ticks(SR_CODEC_G726_40, NULL, v, 100), 160);
}

TEST(payload_lengths_of_frame_codecs_are_whole_frames)
{
	static const char v[100];

	CHECK_EQ(ticks(SR_CODEC_GSM, NULL, v, 66), 320);
	CHECK_EQ(ticks(SR_CODEC_G729, NULL, v, 20), 160);
	CHECK_EQ(ticks(SR_CODEC_G729, NULL, v, 22), 240);
	CHECK_EQ(ticks(SR_CODEC_G729, NULL, v, 2), 80);
	CHECK_EQ(ticks(SR_CODEC_G729, NULL, v, 0), 0);
}

TEST(payload_signals_have_no_length)
{
	CHECK_EQ(ticks(SR_CODEC_CN, NULL, "\x40", 1), 0);
	CHECK_EQ(ticks(SR_CODEC_EVENT, NULL, "\1\0\0\240", 4), 0);
	CHECK_EQ(ticks(SR_CODEC_RED, NULL, "\0abc", 4), 0);
	CHECK_EQ(ticks(SR_CODEC_UNKNOWN, NULL, "abc", 3), 0);
}

TEST(payload_opus_lengths_are_in_its_first_two_bytes)
{
	static const struct { uint8_t toc, count; uint32_t want; } v[] = {
		{ 0 << 3, 0, 480 }, { 3 << 3, 0, 2880 }, { 7 << 3, 0, 2880 },
		{ 11 << 3 | 1, 0, 5760 },	/* 2 * 60 ms */
		{ 12 << 3, 0, 480 }, { 15 << 3, 0, 960 },
		{ 16 << 3, 0, 120 }, { 17 << 3 | 2, 0, 480 },
		{ 31 << 3, 0, 960 }, { 31 << 3 | 4, 0, 960 },
		{ 31 << 3 | 3, 6, 5760 }, { 31 << 3 | 3, 7, 0 },
		{ 16 << 3 | 3, 48, 5760 }, { 16 << 3 | 3, 0xc0 | 2, 240 },
		{ 16 << 3 | 3, 0, 0 }, { 11 << 3 | 3, 3, 0 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		uint8_t p[] = { v[i].toc, v[i].count };

		CHECK_EQ(ticks(SR_CODEC_OPUS, NULL, p, 2), v[i].want);
		CHECK_EQ(ticks(SR_CODEC_OPUS, NULL, p, 1),
		    (p[0] & 3) == 3 ? 0 : v[i].want);
	}
	CHECK_EQ(ticks(SR_CODEC_OPUS, NULL, "", 0), 0);
}

TEST(payload_amr_lengths_are_in_the_table_of_contents)
{
	/* CMR 15; three entries of 6 bits: FT 7, 8 and 15. */
	static const uint8_t be[] = { 0xfb, 0xf1, 0x7c, 0x00 };
	/* The same on octets. */
	static const uint8_t oa[] = { 0xf0, 0xbc, 0xc4, 0x7c };

	CHECK_EQ(ticks(SR_CODEC_AMR, NULL, be, 4), 480);
	CHECK_EQ(ticks(SR_CODEC_AMR_WB, "octet-align=0", be, 4), 960);
	CHECK_EQ(ticks(SR_CODEC_AMR, NULL, be, 2), 0);
	CHECK_EQ(ticks(SR_CODEC_AMR, "mode-set=7; octet-align=1", oa, 4), 480);
	CHECK_EQ(ticks(SR_CODEC_AMR, "octet-align=1", oa, 3), 0);
	CHECK_EQ(ticks(SR_CODEC_AMR, NULL, oa, 0), 0);
}

TEST(payload_red_gives_the_last_block)
{
	/* Two older blocks of 3 and 2 bytes, then the primary. */
	static const uint8_t v[] = { 0x80 | 5, 0x05, 0x00, 0x03, 0x80 | 6, 0x02,
	    0x80, 0x02, 8, 'a', 'b', 'c', 'd', 'e', 'P', 'Q' };
	struct sr_str primary;
	uint8_t pt;

	CHECK_EQ(sr_red_primary(guarded(v, sizeof(v)), &pt, &primary), SR_OK);
	CHECK_EQ(pt, 8);
	CHECK_STR(primary, "PQ");
	CHECK_EQ(sr_red_primary(guarded("\0xyz", 4), &pt, &primary), SR_OK);
	CHECK_EQ(pt, 0);
	CHECK_STR(primary, "xyz");
	for (size_t n = 0; n < 14; n++)
		CHECK_EQ(sr_red_primary(guarded(v, n), &pt, &primary), SR_EBAD);
}
