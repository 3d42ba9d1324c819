/* Claims about lib/sip/sdes.c. */
#include "unit/test.h"

#include "siprec/sip.h"

/* The keys of RFC 4568 section 6.1. */
#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define KEY2 "YUJDZGVmZ2hpSktMbW9QUXJzVHVWd3l6MTIzNDU2"

static struct sr_sdes_keys k;

static int
read_line(const char *suite, const char *params)
{
	struct sr_sdes line = { 1, sr_cstr(suite),
	    guarded(params, strlen(params)) };

	return sr_sdes_read(&k, &line);
}

TEST(sdes_reads_the_examples_of_rfc_4568)
{
	CHECK_EQ(read_line("AES_CM_128_HMAC_SHA1_80",
	    "inline:" KEY "|2^20|1:4"), SR_OK);
	CHECK_EQ(k.tag, 1);
	CHECK_EQ(k.n, 1);
	CHECK_EQ(k.v[0].suite, SR_AES128_80);
	CHECK(memcmp(k.v[0].key, "wDfvg&T+)xG7@fb5", 16) == 0);
	CHECK(memcmp(k.v[0].salt, "jU,RaA}\\|p0%*#", 14) == 0);
	CHECK_EQ(k.v[0].lifetime, 1 << 20);
	CHECK_EQ(k.v[0].nmki, 4);
	CHECK(memcmp(k.v[0].mki, "\0\0\0\1", 4) == 0);
	CHECK_EQ(read_line("AES_CM_128_HMAC_SHA1_80",
	    "inline:" KEY2 "|1066:4"), SR_OK);
	CHECK(memcmp(k.v[0].mki, "\0\0\x04\x2a", 4) == 0);
	CHECK_EQ(k.v[0].lifetime, 0);
	CHECK_EQ(read_line("AES_CM_128_HMAC_SHA1_32",
	    "inline:" KEY "|2^20|1:4;inline:" KEY2 "|2^20|2:4 WSH=64"), SR_OK);
	CHECK_EQ(k.n, 2);
	CHECK_EQ(k.v[1].suite, SR_AES128_32);
	CHECK_EQ(k.v[1].mki[3], 2);
}

TEST(sdes_lines_are_valid_or_not)
{
	static const struct {
		const char *params;
		int want;
	} v[] = {
		{ "inline:" KEY, SR_OK },
		{ "INLINE:" KEY, SR_OK },
		{ "inline:" KEY "|1", SR_OK },
		{ "inline:" KEY "|281474976710656", SR_OK },
		{ "inline:" KEY "|281474976710657", SR_EBAD },
		{ "inline:" KEY "|2^48", SR_OK },
		{ "inline:" KEY "|2^49", SR_EBAD },
		{ "inline:" KEY "|2^04", SR_EBAD },
		{ "inline:" KEY "|2^", SR_EBAD },
		{ "inline:" KEY "|0", SR_EBAD },
		{ "inline:" KEY "|020", SR_EBAD },
		{ "inline:" KEY "|99999999999999999999999", SR_EBAD },
		{ "inline:" KEY "|x", SR_EBAD },
		{ "inline:" KEY "|2^20|2^20", SR_EBAD },
		{ "inline:" KEY "|1:4|2^20", SR_EBAD },
		{ "inline:" KEY "|1:4|1:4", SR_EBAD },
		{ "inline:" KEY "||1:4", SR_EBAD },
		{ "inline:" KEY "|1:0", SR_EBAD },
		{ "inline:" KEY "|1:04", SR_EBAD },
		{ "inline:" KEY "|1:129", SR_EBAD },
		{ "inline:" KEY "|1:128", SR_OK },
		{ "inline:" KEY "|0:4", SR_EBAD },
		{ "inline:" KEY "|255:1", SR_OK },
		{ "inline:" KEY "|256:1", SR_EBAD },
		{ "inline:" KEY "|:4", SR_EBAD },
		{ "inline:" KEY "|4:", SR_EBAD },
		{ "inline:" KEY ";inline:" KEY2, SR_EBAD },
		{ "inline:" KEY "|1:4;inline:" KEY2, SR_EBAD },
		{ "inline:" KEY "|1:4;inline:" KEY2 "|2:2", SR_EBAD },
		{ "inline:" KEY "|1:4;inline:" KEY2 "|1:4", SR_EBAD },
		{ "inline:" KEY "|1:4;uri:" KEY2 "|2:4", SR_EBAD },
		{ "inline:" KEY "|1:1;inline:" KEY "|2:1;inline:" KEY
		    "|3:1;inline:" KEY "|4:1;inline:" KEY "|5:1", SR_EUNSUP },
		{ "inline:" KEY "A", SR_EBAD },
		{ "inline:d0Rm", SR_EBAD },
		{ "inline:", SR_EBAD },
		{ "inline:" KEY " WSH=63", SR_EBAD },
		{ "inline:" KEY " WSH=x", SR_EBAD },
		{ "inline:" KEY " -UNKNOWN=1", SR_OK },
		{ "inline:" KEY " UNKNOWN=1", SR_EUNSUP },
		{ "inline:" KEY " --X", SR_EUNSUP },
		{ "inline:" KEY " KDR=3", SR_EUNSUP },
		{ "inline:" KEY " FEC_ORDER=FEC_SRTP", SR_EUNSUP },
		{ "inline:" KEY " UNENCRYPTED_SRTP", SR_EUNSUP },
		{ "inline:" KEY " UNENCRYPTED_SRTCP", SR_EUNSUP },
		{ "inline:" KEY " WSH=128 UNAUTHENTICATED_SRTP", SR_EUNSUP }
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (read_line("AES_CM_128_HMAC_SHA1_80", v[i].params) !=
		    v[i].want)
			test_fail(__FILE__, __LINE__, "not %d: %s", v[i].want,
			    v[i].params);
}

TEST(sdes_of_a_refused_line_nothing_stays)
{
	static const struct sr_sdes_keys nothing;

	CHECK_EQ(read_line("AES_CM_128_HMAC_SHA1_80",
	    "inline:" KEY " UNENCRYPTED_SRTP"), SR_EUNSUP);
	CHECK(memcmp(&k, &nothing, sizeof(k)) == 0);
	CHECK_EQ(read_line("F8_128_HMAC_SHA1_80", "inline:" KEY), SR_EUNSUP);
}

TEST(sdes_every_suite_goes_there_and_back)
{
	static const size_t lengths[] = { [SR_AES128_80] = 30,
	    [SR_AES128_32] = 30, [SR_AES192_80] = 38, [SR_AES192_32] = 38,
	    [SR_AES256_80] = 46, [SR_AES256_32] = 46, [SR_GCM128] = 28,
	    [SR_GCM256] = 44 };
	uint8_t random[SR_MAX_KEY + SR_MAX_SALT];
	struct sr_sdes_key key;
	struct sr_mline m = { .nsdes = 1 };
	struct sr_sdes line;
	struct sr_buf out;
	struct sr_str text;

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(7 * i + 1);
	for (int s = SR_AES128_80; s <= SR_GCM256; s++) {
		enum sr_suite suite = (enum sr_suite)s;

		CHECK_EQ(sr_suite_key(suite) + sr_suite_salt(suite),
		    lengths[s]);
		CHECK_EQ(sr_suite_by_name(sr_cstr(sr_suite_name(suite))), s);
		sr_sdes_make(&key, suite, random);
		key.lifetime = 1000;
		key.nmki = 11;
		memset(key.mki, 0xee, 11);
		sr_buf_init(&out, 1000);
		CHECK_EQ(sr_sdes_print(&out, 5, &key), SR_OK);
		text = sr_trim(sr_buf_str(&out));
		line = (struct sr_sdes){ 5, sr_cstr(sr_suite_name(suite)),
		    sr_substr(text, sr_strfind(text, SR_STR("inline:")),
		    text.n) };
		m.sdes = &line;
		CHECK_EQ(sr_sdes_choose(&k, &m, 0), 0);
		CHECK(memcmp(&k.v[0], &key, sizeof(key)) == 0);
		sr_buf_free(&out);
	}
	CHECK_EQ(sr_suite_key(SR_SUITE_NONE), 0);
	CHECK_EQ(sr_suite_by_name(SR_STR("")), SR_SUITE_NONE);
	CHECK_EQ(sr_suite_by_name(SR_STR("AES_CM_256_HMAC_SHA1_80")),
	    SR_AES256_80);
}

TEST(sdes_keys_that_are_blanked_are_zeros_of_the_same_length)
{
	static const uint8_t zeros[SR_MAX_KEY];
	uint8_t random[SR_MAX_KEY + SR_MAX_SALT];
	struct sr_sdes_key key;
	struct sr_sdes_keys read;
	struct sr_buf line, blank;
	struct sr_sdp s;

	memset(random, 0xa5, sizeof(random));
	for (int suite = SR_AES128_80; suite <= SR_GCM256; suite++) {
		sr_buf_init(&line, 1000);
		sr_buf_init(&blank, 1000);
		sr_buf_add(&line, SR_STR("v=0\r\nm=audio 1 RTP/SAVP 0\r\n"
		    "a=ice-pwd:abcd\r\n"));
		sr_sdes_make(&key, (enum sr_suite)suite, random);
		sr_sdes_print(&line, 7, &key);
		CHECK_EQ(sr_sdp_blank(&blank, sr_buf_str(&line)), SR_OK);
		CHECK_EQ(blank.n, line.n);
		CHECK(sr_strfind(sr_buf_str(&blank), SR_STR("pwd:abcd")) <
		    blank.n);
		CHECK_EQ(sr_sdp_parse(&s, sr_buf_str(&blank)), SR_OK);
		CHECK_EQ(sr_sdes_choose(&read, &s.mlines[0], 0), 0);
		CHECK_EQ(read.v[0].suite, suite);
		CHECK_EQ(memcmp(read.v[0].key, zeros, SR_MAX_KEY), 0);
		CHECK_EQ(memcmp(read.v[0].salt, zeros, SR_MAX_SALT), 0);
		sr_sdp_free(&s);
		sr_buf_free(&line);
		sr_buf_free(&blank);
	}
}

TEST(sdes_a_key_has_the_length_of_its_suite)
{
	CHECK_EQ(read_line("AES_256_CM_HMAC_SHA1_80", "inline:" KEY), SR_EBAD);
	CHECK_EQ(read_line("AEAD_AES_128_GCM", "inline:" KEY), SR_EBAD);
	/* 28 bytes with the padding and without. */
	CHECK_EQ(read_line("AEAD_AES_128_GCM",
	    "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="), SR_OK);
	CHECK_EQ(read_line("AEAD_AES_128_GCM",
	    "inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), SR_OK);
}

TEST(sdes_the_first_usable_line_is_chosen)
{
	struct sr_sdes v[] = {
		{ 1, SR_STR("F8_128_HMAC_SHA1_80"), SR_STR("inline:" KEY) },
		{ 2, SR_STR("AES_CM_128_HMAC_SHA1_80"), SR_STR("inline:d0Rm") },
		{ 3, SR_STR("AES_CM_128_HMAC_SHA1_32"),
		    SR_STR("inline:" KEY) },
		{ 4, SR_STR("AES_CM_128_HMAC_SHA1_80"), SR_STR("inline:" KEY) }
	};
	struct sr_mline m = { .sdes = v, .nsdes = 4 };

	CHECK_EQ(sr_sdes_choose(&k, &m, 0), 2);
	CHECK_EQ(k.tag, 3);
	CHECK_EQ(k.v[0].suite, SR_AES128_32);
	CHECK_EQ(sr_sdes_choose(&k, &m, 1u << SR_AES128_80), 3);
	CHECK_EQ(sr_sdes_choose(&k, &m, 1u << SR_GCM128), 4);
	m.nsdes = 2;
	CHECK_EQ(sr_sdes_choose(&k, &m, 0), 2);
	m.nsdes = 0;
	CHECK_EQ(sr_sdes_choose(&k, &m, 0), 0);
}

TEST(sdes_every_prefix_is_read_without_harm)
{
	static const char text[] = "inline:" KEY "|2^20|1:4;inline:" KEY2
	    "|2^20|2:4 WSH=64 -X";

	for (size_t n = 0; n < sizeof(text); n++) {
		struct sr_sdes line = { 1, SR_STR("AES_CM_128_HMAC_SHA1_80"),
		    guarded(text, n) };

		sr_sdes_read(&k, &line);
	}
	CHECK_EQ(read_line("AES_CM_128_HMAC_SHA1_80", text), SR_OK);
	sr_wipe(&k, sizeof(k));
	CHECK_EQ(k.n, 0);
}
