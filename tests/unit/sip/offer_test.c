/* Claims about lib/sip/offer.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static const struct sr_format formats[] = {
	{ .id = SR_CODEC_PCMU, .name = { "PCMU", 4 }, .clock = 8000, .pt = 0,
	    .channels = 1 },
	{ .id = SR_CODEC_OPUS, .name = { "opus", 4 }, .clock = 48000,
	    .pt = 96, .channels = 2, .fmtp = { "useinbandfec=1", 14 } }
};
static const struct sr_sdp_own own = { .name = { "replay", 6 }, .id = 1,
	.version = 2, .addr = { { 192, 0, 2, 5 }, 0, 4 },
	.fingerprint = { "sha-256 AA", 10 } };

static struct sr_buf out;
static struct sr_sdp s;
static struct sr_offer_line lines[3];
static struct sr_sdes_key keys[2];

static void
prepare(void)
{
	static const uint8_t random[64] = { 1, 2, 3, 4 };

	memset(lines, 0, sizeof(lines));
	for (size_t i = 0; i < 3; i++) {
		lines[i].dir = SR_SENDONLY;
		lines[i].label = sr_cstr(i == 0 ? "1" : i == 1 ? "2" : "3");
		lines[i].rtp.port = (uint16_t)(20000 + 2 * i);
		lines[i].formats = formats;
		lines[i].nformats = 2;
	}
	sr_sdes_make(&keys[0], SR_AES256_80, random);
	sr_sdes_make(&keys[1], SR_AES128_80, random);
	sr_buf_free(&out);
	sr_buf_init(&out, 10000);
}

static int
write_offer(size_t n)
{
	int err;

	sr_sdp_free(&s);
	out.n = 0;
	err = sr_sdp_offer(&out, &own, &SR_STR("tool:x"), 1, lines, n);
	if (err == SR_OK)
		CHECK_EQ(sr_sdp_parse(&s, sr_buf_str(&out)), SR_OK);
	return err;
}

TEST(offer_is_this_byte_for_byte)
{
	static const struct sr_str more[] = { { "content:main", 12 },
	    { "x", 1 } };

	prepare();
	lines[0].ptime = 20;
	lines[0].mid = SR_STR("a");
	lines[0].mux = true;
	lines[0].rtcp = 20099;
	lines[0].attrs = more;
	lines[0].nattrs = 2;
	lines[1].nformats = 1;
	lines[1].dir = SR_INACTIVE;
	lines[1].rtp = (struct sr_addr){ { [15] = 1 }, 20002, 6 };
	lines[2].rtp.port = 0;
	CHECK_EQ(write_offer(3), SR_OK);
	CHECK_STR(sr_buf_str(&out), "v=0\r\no=- 1 2 IN IP4 192.0.2.5\r\n"
	    "s=replay\r\nc=IN IP4 192.0.2.5\r\nt=0 0\r\na=tool:x\r\n"
	    "m=audio 20000 RTP/AVP 0 96\r\na=sendonly\r\na=label:1\r\n"
	    "a=mid:a\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:96 opus/48000/2\r\n"
	    "a=fmtp:96 useinbandfec=1\r\na=ptime:20\r\na=rtcp-mux\r\n"
	    "a=rtcp:20099\r\na=content:main\r\na=x\r\n"
	    "m=audio 20002 RTP/AVP 0\r\nc=IN IP6 ::1\r\na=inactive\r\n"
	    "a=label:2\r\na=rtpmap:0 PCMU/8000\r\n"
	    "m=audio 0 RTP/AVP 0 96\r\na=label:3\r\n");
	/* Formats of a removed line mean nothing. */
	CHECK_EQ(s.nnotes, 1);
}

TEST(offer_has_keys_of_both_kinds)
{
	struct sr_sdes_keys k;

	prepare();
	lines[0].proto = SR_STR("RTP/SAVP");
	lines[0].keys = keys;
	lines[0].nkeys = 2;
	lines[1].proto = SR_STR("UDP/TLS/RTP/SAVPF");
	lines[1].setup = SR_STR("actpass");
	CHECK_EQ(write_offer(2), SR_OK);
	CHECK_EQ(s.mlines[0].nsdes, 2);
	CHECK_EQ(sr_sdes_choose(&k, &s.mlines[0], 0), 0);
	CHECK_EQ(k.v[0].suite, SR_AES256_80);
	CHECK_EQ(k.tag, 1);
	CHECK_EQ(s.mlines[0].sdes[1].tag, 2);
	CHECK_STR(s.mlines[1].setup, "actpass");
	CHECK_STR(s.mlines[1].fingerprint, "sha-256 AA");
}

TEST(offer_takes_no_text_that_breaks_its_line)
{
	static const struct sr_str bad[] = { { "a\r\nb", 4 } };
	struct sr_format format = formats[1];

	prepare();
	lines[0].label = bad[0];
	CHECK_EQ(write_offer(1), SR_EBAD);
	prepare();
	lines[0].attrs = bad;
	lines[0].nattrs = 1;
	CHECK_EQ(write_offer(1), SR_EBAD);
	prepare();
	lines[0].proto = SR_STR("RTP/AVP 0");
	CHECK_EQ(write_offer(1), SR_EBAD);
	prepare();
	format.fmtp = bad[0];
	lines[0].formats = &format;
	lines[0].nformats = 1;
	CHECK_EQ(write_offer(1), SR_EBAD);
	prepare();
	lines[0].nformats = 0;
	CHECK_EQ(write_offer(1), SR_EBAD);
	CHECK_EQ(out.n, 0);
}

/* ---- answers to the server ---- */

static int
reply_to(const char *text, size_t n)
{
	static char kept[2000];
	struct sr_sdp theirs;
	int err;

	snprintf(kept, sizeof(kept), "v=0\r\no=- 9 9 IN IP4 192.0.2.1\r\n"
	    "s=-\r\nc=IN IP4 192.0.2.1\r\nt=5 6\r\n%s", text);
	CHECK_EQ(sr_sdp_parse(&theirs, sr_cstr(kept)), SR_OK);
	sr_sdp_free(&s);
	out.n = 0;
	err = sr_sdp_reply(&out, &theirs, &own, lines, n);
	if (err == SR_OK) {
		CHECK_EQ(sr_sdp_parse(&s, sr_buf_str(&out)), SR_OK);
		CHECK_EQ(s.nmlines, theirs.nmlines);
		CHECK_STR(s.times, "5 6");
	}
	sr_sdp_free(&theirs);
	return err;
}

TEST(reply_follows_the_direction)		/* 7.2-3, 7.2-4 */
{
	static const struct {
		const char *line;
		enum sr_dir ours, want;
	} v[] = {
		{ "a=recvonly\r\n", SR_SENDONLY, SR_SENDONLY },
		{ "", SR_SENDONLY, SR_SENDONLY },
		{ "a=inactive\r\n", SR_SENDONLY, SR_INACTIVE },
		{ "a=sendonly\r\n", SR_SENDONLY, SR_INACTIVE },
		{ "a=recvonly\r\n", SR_INACTIVE, SR_INACTIVE }
	};
	char text[200];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		prepare();
		lines[0].dir = v[i].ours;
		sprintf(text, "m=audio 4 RTP/AVP 0\r\n%s", v[i].line);
		CHECK_EQ(reply_to(text, 1), SR_OK);
		CHECK_EQ(s.mlines[0].dir, v[i].want);
		CHECK_EQ(s.mlines[0].rtp.port, 20000);
		CHECK_STR(s.mlines[0].label, "1");
	}
}

TEST(reply_has_the_lines_of_the_offer)
{
	prepare();
	lines[0].mux = true;
	lines[1].mux = true;
	CHECK_EQ(reply_to("m=audio 0 RTP/AVP 0\r\na=label:1\r\n"
	    "m=audio 4 RTP/AVP 96\r\na=rtcp-mux\r\n"
	    "m=audio 6 RTP/AVP 0\r\na=label:new\r\n", 2), SR_OK);
	CHECK_EQ(s.mlines[0].rtp.port, 0);
	CHECK_EQ(s.mlines[1].nformats, 1);
	CHECK_EQ(s.mlines[1].formats[0].pt, 96);
	CHECK(s.mlines[1].rtcp_mux);
	CHECK_EQ(s.mlines[2].rtp.port, 0);
	CHECK_STR(s.mlines[2].label, "new");
	CHECK_EQ(reply_to("m=audio 4 RTP/AVP 0\r\n", 2), SR_EBAD);
	CHECK_EQ(reply_to("m=audio 4 RTP/AVP 8\r\n", 1), SR_OK);
	CHECK_EQ(s.mlines[0].rtp.port, 0);
	CHECK_EQ(reply_to("m=audio 4 RTP/AVP 0\r\n", 1), SR_OK);
	CHECK(!s.mlines[0].rtcp_mux);
}

TEST(reply_keeps_tag_suite_and_role)
{
	prepare();
	lines[0].proto = SR_STR("RTP/SAVP");
	lines[0].keys = keys;
	lines[0].nkeys = 2;
	lines[1].proto = SR_STR("UDP/TLS/RTP/SAVP");
	lines[1].setup = SR_STR("actpass");
	CHECK_EQ(reply_to("m=audio 4 RTP/SAVP 0\r\na=crypto:3 "
	    "AES_CM_128_HMAC_SHA1_32 inline:"
	    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\na=crypto:6 "
	    "AES_CM_128_HMAC_SHA1_80 inline:"
	    "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\n"
	    "m=audio 6 UDP/TLS/RTP/SAVP 0\r\na=setup:actpass\r\n"
	    "a=fingerprint:sha-1 A\r\n", 2), SR_OK);
	CHECK_EQ(s.mlines[0].nsdes, 1);
	CHECK_EQ(s.mlines[0].sdes[0].tag, 6);
	CHECK_STR(s.mlines[0].sdes[0].suite, "AES_CM_128_HMAC_SHA1_80");
	CHECK_STR(s.mlines[1].setup, "active");
	CHECK_EQ(reply_to("m=audio 4 RTP/SAVP 0\r\n"
	    "m=audio 6 UDP/TLS/RTP/SAVP 0\r\na=setup:active\r\n", 2), SR_OK);
	CHECK_EQ(s.mlines[0].rtp.port, 0);
	CHECK_STR(s.mlines[1].setup, "passive");
	sr_sdp_free(&s);
	sr_buf_free(&out);
}
