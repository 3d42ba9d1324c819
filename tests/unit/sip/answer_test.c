/* Claims about lib/sip/plan.c and answer.c: the rows SD and SR. */
#include "unit/test.h"

#include <dirent.h>

#include "siprec/sip.h"

#define KEY "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"
#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\n"	\
	"c=IN IP4 192.0.2.1\r\nt=3034423619 3042462419\r\n"
#define FINGERPRINT "sha-256 11:22:33"

static struct sr_sdp offer, answer;
static struct sr_plan plan;
static struct sr_answer_line lines[300];
static struct sr_buf out;

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->id == SR_CODEC_PCMU || f->id == SR_CODEC_PCMA ||
	    f->id == SR_CODEC_G722 || f->id == SR_CODEC_OPUS ||
	    f->id == SR_CODEC_RED;
}

static struct sr_plan_cfg
defaults(void)
{
	return (struct sr_plan_cfg){ .decodes = decodes,
	    .srtp = SR_SRTP_ALLOW };
}

static const struct sr_sdp_own own = { .user = { "rec", 3 }, .id = 77,
	.version = 5, .addr = { { 198, 51, 100, 7 }, 0, 4 },
	.fingerprint = { FINGERPRINT, sizeof(FINGERPRINT) - 1 } };

/* Ports from 10000 on in twos, keys of the suite that is asked for. */
static void
decide(void)
{
	static uint8_t random[64];

	memset(lines, 0, sizeof(lines));
	for (size_t i = 0; i < plan.nlines; i++) {
		lines[i].dir = SR_RECVONLY;
		lines[i].rtp.port = (uint16_t)(10000 + 2 * i);
		lines[i].ufrag = SR_STR("abcd");
		lines[i].pwd = SR_STR("0123456789012345678901");
		for (size_t b = 0; b < sizeof(random); b++)
			random[b] = (uint8_t)(i + b + 1);
		sr_sdes_make(&lines[i].key, plan.lines[i].keys.v[0].suite,
		    random);
	}
}

static void
plan_it(const char *text, const struct sr_plan_cfg *cfg)
{
	sr_sdp_free(&offer);
	sr_plan_free(&plan);
	CHECK_EQ(sr_sdp_parse(&offer, guarded(text, strlen(text))), SR_OK);
	CHECK_EQ(sr_sdp_plan(&plan, &offer, NULL, cfg), SR_OK);
	decide();
}

static bool
has(const char *text)
{
	return sr_strfind(sr_buf_str(&out), sr_cstr(text)) < out.n;
}

/* The offer must not move between plan and answer: guarded() forgets. */
static char kept[200000];

/* The formats of a refused line may mean nothing. */
static bool
is_clean(void)
{
	for (size_t i = 0; i < answer.nnotes; i++)
		if (strcmp(answer.notes[i],
		    "a dynamic payload type without rtpmap") != 0 &&
		    strcmp(answer.notes[i],
		    "a format that is no payload type") != 0)
			return false;
	return true;
}

static void
write_it(const struct sr_plan_cfg *cfg, const char *text)
{
	snprintf(kept, sizeof(kept), "%s", text);
	sr_sdp_free(&offer);
	sr_sdp_free(&answer);
	sr_plan_free(&plan);
	sr_buf_free(&out);
	sr_buf_init(&out, 1 << 20);
	CHECK_EQ(sr_sdp_parse(&offer, sr_cstr(kept)), SR_OK);
	CHECK_EQ(sr_sdp_plan(&plan, &offer, NULL, cfg), SR_OK);
	decide();
	CHECK_EQ(sr_sdp_answer(&out, &offer, &plan, &own, lines), SR_OK);
	CHECK_EQ(sr_sdp_parse(&answer, sr_buf_str(&out)), SR_OK);
	CHECK(is_clean());
	CHECK_EQ(answer.nmlines, offer.nmlines);
}

static void
answer_to(const char *text)
{
	struct sr_plan_cfg cfg = defaults();

	write_it(&cfg, text);
}

static void
again(void)
{
	sr_sdp_free(&answer);
	out.n = 0;
	CHECK_EQ(sr_sdp_answer(&out, &offer, &plan, &own, lines), SR_OK);
	CHECK_EQ(sr_sdp_parse(&answer, sr_buf_str(&out)), SR_OK);
}

/* ---- the whole ---- */

TEST(answer_is_this_byte_for_byte)
{
	answer_to(HEAD "m=audio 12240 RTP/AVP 0 4 8 101\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
	    "a=label:96\r\na=sendonly\r\na=record:on\r\n"
	    "m=video 22456 RTP/AVP 98\r\na=rtpmap:98 H264/90000\r\n"
	    "a=label:97\r\na=sendonly\r\n");
	CHECK_STR(sr_buf_str(&out), "v=0\r\no=rec 77 5 IN IP4 198.51.100.7\r\n"
	    "s=-\r\nc=IN IP4 198.51.100.7\r\nt=3034423619 3042462419\r\n"
	    "m=audio 10000 RTP/AVP 0 8 101\r\na=recvonly\r\na=label:96\r\n"
	    "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
	    "m=video 0 RTP/AVP 98\r\na=label:97\r\n");
}

TEST(answer_has_every_m_line_in_order)		/* SD-01, SD-02, SD-16 */
{
	static const struct {
		const char *mline, *back;
		enum sr_refusal why;
	} v[] = {
		{ "audio 1 RTP/AVP 0", "audio 10000 RTP/AVP 0", SR_TAKEN },
		{ "audio 0 RTP/AVP 0 8", "audio 0 RTP/AVP 0 8", SR_NO_PORT },
		{ "image 3 udptl t38", "image 0 udptl t38", SR_NO_MEDIA },
		{ "message 4 TCP/MSRP *", "message 0 TCP/MSRP *",
		    SR_NO_MEDIA },
		{ "video 5 RTP/AVP 31", "video 0 RTP/AVP 31", SR_NO_MEDIA },
		{ "application 6 UDP/BFCP", "application 0 UDP/BFCP 0",
		    SR_NO_MEDIA },
		{ "text 6 RTP/AVP 98", "text 0 RTP/AVP 98", SR_NO_MEDIA },
		{ "audio 7 RTP/AVPF 8", "audio 10014 RTP/AVPF 8", SR_TAKEN },
		{ "audio 8 TCP/RTP/AVP 8", "audio 0 TCP/RTP/AVP 8",
		    SR_NO_PROTO },
		{ "audio 9 RTP/SAVP 0", "audio 0 RTP/SAVP 0", SR_NO_KEYS },
		{ "audio 9 UDP/TLS/RTP/SAVPF 0",
		    "audio 0 UDP/TLS/RTP/SAVPF 0", SR_NO_KEYS },
		{ "audio 9 RTP/AVP x", "audio 0 RTP/AVP x", SR_NO_FORMAT }
	};
	enum { N = sizeof(v) / sizeof(v[0]) };
	char text[2000], want[100];
	size_t n = (size_t)sprintf(text, "%s", HEAD);

	for (size_t i = 0; i < N; i++)
		n += (size_t)sprintf(text + n, "m=%s\r\na=label:L%zu\r\n",
		    v[i].mline, i);
	answer_to(text);
	for (size_t i = 0; i < N; i++) {
		CHECK_EQ(plan.lines[i].refused, v[i].why);
		sprintf(want, "m=%s\r\n", v[i].back);
		if (!has(want))
			test_fail(__FILE__, __LINE__, "no %s", v[i].back);
		sprintf(want, "L%zu", i);
		CHECK_STR(answer.mlines[i].label, want);
	}
	CHECK_EQ(plan.ntaken, 2);
	CHECK(!plan.hopeless);
	CHECK(strlen(sr_refusal_text(SR_NO_HOST)) > 0);
}

TEST(answer_direction_by_offer_and_will)		/* SD-03 */
{
	static const struct {
		const char *offered;
		bool ready;
		enum sr_dir want;
	} v[] = {
		{ "a=sendonly\r\n", true, SR_RECVONLY },
		{ "a=sendrecv\r\n", true, SR_RECVONLY },
		{ "", true, SR_RECVONLY },
		{ "a=recvonly\r\n", true, SR_INACTIVE },
		{ "a=inactive\r\n", true, SR_INACTIVE },
		{ "a=sendonly\r\n", false, SR_INACTIVE },
		{ "a=sendrecv\r\n", false, SR_INACTIVE },
		{ "", false, SR_INACTIVE },
		{ "a=recvonly\r\n", false, SR_INACTIVE },
		{ "a=inactive\r\n", false, SR_INACTIVE }
	};
	char text[1000];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (int session = 0; session < 2; session++) {
			sprintf(text, HEAD "%sm=audio 1 RTP/AVP 0\r\n%s",
			    session ? v[i].offered : "",
			    session ? "" : v[i].offered);
			answer_to(text);
			if (!v[i].ready)
				lines[0].dir = SR_INACTIVE;
			again();
			CHECK(answer.mlines[0].has_dir);
			CHECK_EQ(answer.mlines[0].dir, v[i].want);
		}
}

/* ---- codecs ---- */

TEST(answer_codecs_by_offer_and_will)		/* SD-05 to SD-08 */
{
#define MAPS "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 G729/8000\r\n"	\
	"a=rtpmap:101 telephone-event/8000\r\n"				\
	"a=rtpmap:102 telephone-event/48000\r\na=rtpmap:99 red/8000\r\n"\
	"a=rtpmap:98 foo/8000\r\n"
	static const struct {
		const char *offered, *all, *first, *strict;
	} v[] = {
		{ "0 8", "0 8", "0", "0 8" },
		{ "8 0", "8 0", "8", "8 0" },
		{ "9 96 0 101", "9 96 0 101", "9 101", "9 96 0 101" },
		{ "97 0 13 101", "0 13 101", "0 13 101", "0 13 101" },
		{ "96 101 102", "96 102", "96 102", "96 102" },
		{ "96 0 101 102", "96 0 101 102", "96 102", "96 0 101 102" },
		/* Digits at the wrong clock beat no digits. */
		{ "96 101", "96 101", "96 101", "96" },
		{ "96 13", "96", "96", "96" },
		{ "0 99 101", "0 99 101", "0 101", "0 99 101" },
		{ "97 98 101", "97 98 101", "97 98 101", NULL },
		{ "101", "101", "101", NULL },
		{ "111", "111", "111", NULL }
	};
	struct sr_plan_cfg cfg;
	const char *want;
	char text[1000], line[100];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (int how = 0; how < 3; how++) {
			cfg = defaults();
			cfg.first = how == 1;
			cfg.strict = how == 2;
			want = how == 0 ? v[i].all : how == 1 ? v[i].first :
			    v[i].strict;
			sprintf(text, HEAD "m=audio 1 RTP/AVP %s\r\n" MAPS,
			    v[i].offered);
			write_it(&cfg, text);
			sprintf(line, "m=audio %d RTP/AVP %s\r\n",
			    want != NULL ? 10000 : 0,
			    want != NULL ? want : v[i].offered);
			if (!has(line))
				test_fail(__FILE__, __LINE__, "%s, %d: no %s",
				    v[i].offered, how, line);
			CHECK_EQ(plan.hopeless, want == NULL);
			if (want == NULL)
				CHECK_EQ(plan.lines[0].refused, SR_NO_FORMAT);
		}
}

TEST(answer_says_whether_it_can_decode)
{
	answer_to(HEAD "m=audio 1 RTP/AVP 18\r\nm=audio 3 RTP/AVP 0\r\n");
	CHECK(!plan.lines[0].decodable);
	CHECK(plan.lines[1].decodable);
}

TEST(answer_echoes_fmtp_and_rtpmap)			/* SD-07 */
{
	answer_to(HEAD "m=audio 1 RTP/AVP 96 101\r\na=fmtp:96 stereo=1; x\r\n"
	    "a=rtpmap:96 OPUS/48000/2\r\na=fmtp:101 0-15,66\r\n"
	    "a=rtpmap:101 telephone-event/48000\r\n");
	CHECK(has("a=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 stereo=1; x\r\n"));
	CHECK(has("a=fmtp:101 0-15,66\r\n"));
}

TEST(answer_takes_text_only_when_told)		/* RT-12, RFC 4103 */
{
	struct sr_plan_cfg cfg = defaults();
	const char *text = HEAD "m=text 1 RTP/AVP 98 100 0\r\n"
	    "a=rtpmap:98 t140/1000\r\na=rtpmap:100 red/1000\r\n"
	    "a=fmtp:100 98/98/98\r\nm=text 3 RTP/AVP 0\r\n";

	write_it(&cfg, text);
	CHECK(has("m=text 0 RTP/AVP 98 100 0\r\n"));
	cfg.text = true;
	write_it(&cfg, text);
	CHECK(has("m=text 10000 RTP/AVP 98 100\r\n"));
	CHECK(has("a=fmtp:100 98/98/98\r\n"));
	CHECK(plan.lines[0].text);
	CHECK_EQ(plan.lines[1].refused, SR_NO_FORMAT);
}

/* ---- addresses and RTCP ---- */

static void
check_addr(const struct sr_addr *a, const char *want)
{
	struct sr_buf text;

	sr_buf_init(&text, 100);
	sr_addr_print(&text, a);
	CHECK_STR(sr_buf_str(&text), want);
	sr_buf_free(&text);
}

TEST(answer_rtcp_goes_where_the_offer_says)		/* SD-13, SD-14 */
{
	answer_to(HEAD "m=audio 20000 RTP/AVP 0\r\n"
	    "m=audio 20001 RTP/AVP 0\r\na=rtcp:53020\r\n"
	    "m=audio 20004 RTP/AVP 0\r\na=rtcp:53020 IN IP6 2001:db8::7\r\n"
	    "m=audio 20006 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:20006\r\n"
	    "m=audio 20008 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n"
	    "m=audio 65535 RTP/AVP 0\r\n");
	check_addr(&plan.lines[0].rtcp, "192.0.2.1:20001");
	check_addr(&plan.lines[1].rtcp, "192.0.2.1:53020");
	check_addr(&plan.lines[2].rtcp, "[2001:db8::7]:53020");
	check_addr(&plan.lines[3].rtcp, "192.0.2.1:20006");
	check_addr(&plan.lines[4].rtcp, "192.0.2.1:20008");
	CHECK_EQ(plan.lines[5].rtcp.port, 0);
	CHECK(!plan.lines[2].mux && !answer.mlines[2].rtcp_mux);
	CHECK(plan.lines[3].mux && answer.mlines[3].rtcp_mux);
	CHECK(plan.lines[4].mux && answer.mlines[4].rtcp_mux);
	CHECK(!has("rtcp-mux-only") && !has("a=rtcp:"));
	lines[0].rtcp = 10001;
	lines[1].rtcp = 10099;
	again();
	CHECK_EQ(answer.mlines[0].rtcp.port, 0);
	CHECK_EQ(answer.mlines[1].rtcp.port, 10099);
}

TEST(answer_without_mux_refuses_who_must)
{
	struct sr_plan_cfg cfg = defaults();

	cfg.no_mux = true;
	write_it(&cfg, HEAD "m=audio 1 RTP/AVP 0\r\na=rtcp-mux\r\n"
	    "m=audio 3 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp-mux-only\r\n");
	CHECK(!plan.lines[0].mux && !answer.mlines[0].rtcp_mux);
	CHECK_EQ(plan.lines[1].refused, SR_NO_MUX);
}

TEST(answer_keeps_apart_what_looks_like_rtcp)		/* SD-13 */
{
	answer_to(HEAD "m=audio 4 RTP/AVP 0 72\r\na=rtcp-mux\r\n"
	    "a=rtpmap:72 PCMA/8000\r\n"
	    "m=audio 8 RTP/AVP 0 63 96\r\na=rtcp-mux\r\n"
	    "a=rtpmap:63 PCMA/8000\r\na=rtpmap:96 PCMA/8000\r\n");
	CHECK(!plan.lines[0].mux && plan.lines[1].mux);
	CHECK_EQ(plan.lines[0].rtcp.port, 5);
}

TEST(answer_addresses_of_all_kinds)			/* SD-15 */
{
	struct sr_plan_cfg cfg = defaults();
	const char *text = HEAD "m=audio 1 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n"
	    "m=audio 3 RTP/AVP 0\r\nc=IN IP6 ::\r\n"
	    "m=audio 5 RTP/AVP 0\r\nc=IN IP4 src.example.com\r\n"
	    "m=audio 7 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127\r\n"
	    "m=audio 9 RTP/AVP 0\r\nc=IN IP6 ff02::1\r\n"
	    "m=audio 11 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\n";

	write_it(&cfg, text);
	CHECK(plan.lines[0].held && plan.lines[1].held);
	CHECK_EQ(answer.mlines[0].dir, SR_RECVONLY);
	CHECK(!plan.lines[2].held);
	CHECK_STR(plan.lines[2].host, "src.example.com");
	CHECK_EQ(plan.lines[3].refused, SR_NO_HOST);
	CHECK_EQ(plan.lines[4].refused, SR_NO_HOST);
	check_addr(&plan.lines[5].rtp, "[2001:db8::1]:11");
	CHECK(plan.lines[5].host.p == NULL);
	lines[5].rtp.family = 6;
	lines[5].rtp.ip[15] = 1;
	again();
	check_addr(&answer.mlines[5].rtp, "[::1]:10010");
	check_addr(&answer.mlines[0].rtp, "198.51.100.7:10000");
}

TEST(answer_without_any_address_is_for_the_lenient)
{
	struct sr_plan_cfg cfg = defaults();

	write_it(&cfg, "v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	CHECK_EQ(plan.ntaken, 1);
	CHECK(has("t=0 0\r\n"));
	cfg.strict = true;
	write_it(&cfg, "v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	CHECK_EQ(plan.lines[0].refused, SR_NO_HOST);
}

/* ---- keys ---- */

#define CRYPTO(tag, suite) "a=crypto:" tag " " suite " inline:" KEY "\r\n"
#define S80 "AES_CM_128_HMAC_SHA1_80"

TEST(answer_takes_one_crypto_line)			/* SR-01 */
{
	struct sr_sdes_keys k;

	answer_to(HEAD "m=audio 1 RTP/SAVP 0\r\n" CRYPTO("1", "F8_X")
	    "a=crypto:2 " S80 " inline:short\r\n"
	    CRYPTO("7", "aes_cm_128_hmac_sha1_32") CRYPTO("8", S80)
	    "m=audio 3 RTP/SAVPF 0\r\n" CRYPTO("1", "F8_X")
	    "m=audio 5 RTP/AVP 0\r\n" CRYPTO("1", S80));
	CHECK_EQ(plan.lines[0].keying, SR_KEYS_SDES);
	CHECK_EQ(plan.lines[0].sdes, 2);
	CHECK_EQ(plan.lines[0].keys.v[0].suite, SR_AES128_32);
	CHECK_EQ(answer.mlines[0].nsdes, 1);
	CHECK_EQ(answer.mlines[0].sdes[0].tag, 7);
	CHECK_STR(answer.mlines[0].sdes[0].suite, "aes_cm_128_hmac_sha1_32");
	CHECK_EQ(sr_sdes_read(&k, &answer.mlines[0].sdes[0]), SR_OK);
	CHECK(memcmp(k.v[0].key, lines[0].key.key, 16) == 0);
	CHECK(!has(KEY));
	CHECK_EQ(plan.lines[1].refused, SR_NO_KEYS);
	CHECK_EQ(plan.lines[2].keying, SR_KEYS_NONE);	/* SR-04 */
	CHECK_EQ(answer.mlines[2].nsdes, 0);
}

TEST(answer_finds_every_fingerprint)			/* RFC 8122 5 */
{
	struct sr_str v[2];

	answer_to(HEAD "a=fingerprint:sha-1 S\r\n"
	    "m=audio 1 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-1 A\r\n"
	    "a=fingerprint:sha-256 B\r\na=fingerprint:sha-512 C\r\n"
	    "m=audio 3 UDP/TLS/RTP/SAVP 0\r\n");
	CHECK_EQ(sr_mline_fingerprints(&offer, &offer.mlines[0], v, 2), 2);
	CHECK_STR(v[1], "sha-256 B");
	CHECK_EQ(sr_mline_fingerprints(&offer, &offer.mlines[1], v, 2), 1);
	CHECK_STR(v[0], "sha-1 S");
}

TEST(answer_secrecy_by_offer_and_policy)		/* SR-04, 12-4 */
{
	static const struct {
		const char *mline;
		enum sr_refusal off, allow, require;
	} v[] = {
		{ "RTP/AVP 0\r\n", SR_TAKEN, SR_TAKEN, SR_NO_SECRECY },
		{ "RTP/AVP 0\r\n" CRYPTO("1", S80), SR_TAKEN, SR_TAKEN,
		    SR_NO_SECRECY },
		{ "RTP/SAVP 0\r\n", SR_NO_SRTP, SR_NO_KEYS, SR_NO_KEYS },
		{ "RTP/SAVP 0\r\n" CRYPTO("1", S80), SR_NO_SRTP, SR_TAKEN,
		    SR_TAKEN },
		{ "UDP/TLS/RTP/SAVP 0\r\n" CRYPTO("1", S80), SR_NO_SRTP,
		    SR_NO_KEYS, SR_NO_KEYS },
		{ "UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-256 A\r\n",
		    SR_NO_SRTP, SR_TAKEN, SR_TAKEN },
		{ "RTP/SAVP 0\r\na=fingerprint:sha-256 A\r\n", SR_NO_SRTP,
		    SR_TAKEN, SR_TAKEN }
	};
	struct sr_plan_cfg cfg = defaults();
	char text[1000];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		sprintf(text, HEAD "m=audio 1 %s", v[i].mline);
		cfg.srtp = SR_SRTP_OFF;
		plan_it(text, &cfg);
		CHECK_EQ(plan.lines[0].refused, v[i].off);
		cfg.srtp = SR_SRTP_ALLOW;
		plan_it(text, &cfg);
		CHECK_EQ(plan.lines[0].refused, v[i].allow);
		cfg.srtp = SR_SRTP_REQUIRE;
		plan_it(text, &cfg);
		CHECK_EQ(plan.lines[0].refused, v[i].require);
	}
}

TEST(answer_dtls_role_by_offer_and_will)		/* SR-09 */
{
	static const struct {
		const char *setup, *want, *passive;
	} v[] = {
		{ "a=setup:actpass\r\n", "active", "passive" },
		{ "a=setup:active\r\n", "passive", "passive" },
		{ "a=setup:passive\r\n", "active", "active" },
		{ "", "passive", "passive" },
		{ "a=setup:holdconn\r\n", NULL, NULL }
	};
	struct sr_plan_cfg cfg;
	const char *want;
	char text[1000];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (int passive = 0; passive < 2; passive++) {
			cfg = defaults();
			cfg.passive = passive;
			want = passive ? v[i].passive : v[i].want;
			sprintf(text, HEAD "a=fingerprint:sha-1 AA\r\n%s"
			    "m=audio 1 UDP/TLS/RTP/SAVPF 0\r\n", v[i].setup);
			write_it(&cfg, text);
			if (want == NULL) {
				CHECK_EQ(plan.lines[0].refused, SR_NO_KEYS);
				continue;
			}
			CHECK_STR(answer.mlines[0].setup, want);
			CHECK_STR(answer.mlines[0].fingerprint, FINGERPRINT);
			CHECK_STR(plan.lines[0].fingerprint, "sha-1 AA");
			CHECK(!has("connection"));
			cfg.no_dtls = true;
			plan_it(text, &cfg);
			CHECK_EQ(plan.lines[0].refused, SR_NO_KEYS);
		}
}

/* ---- ICE and BUNDLE ---- */

TEST(answer_is_the_lite_side_of_ice)		/* SD-18, design 8 */
{
	answer_to(HEAD "a=group:BUNDLE a b\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n"
	    "m=audio 1 RTP/AVP 0\r\na=mid:a\r\na=rtcp-mux\r\n"
	    "a=candidate:1 1 UDP 2130706431 192.0.2.1 1 typ host\r\n"
	    "m=audio 3 RTP/AVP 0\r\na=mid:b\r\n");
	CHECK(has("t=3034423619 3042462419\r\na=ice-lite\r\nm="));
	CHECK(has("a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
	    "a=candidate:1 1 UDP 2130706431 198.51.100.7 10000 typ host\r\n"
	    "m="));
	CHECK(has("a=candidate:1 2 UDP 2130706430 198.51.100.7 10003 typ"));
	CHECK(!has("BUNDLE"));
	answer_to(HEAD "m=audio 1 RTP/AVP 0\r\n");
	CHECK(!has("ice"));
}

TEST(answer_ice_text_has_the_characters_of_ice)
{
	uint8_t random[24];
	char text[25];

	for (size_t i = 0; i < sizeof(random); i++)
		random[i] = (uint8_t)(i * 11);
	sr_ice_text(text, random, 24);
	CHECK_EQ(strlen(text), 24);
	CHECK_EQ(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/"), 24);
}

/* ---- what the server refuses, and what it cannot write ---- */

TEST(answer_lines_can_be_refused_by_the_server)
{
	answer_to(HEAD "m=audio 1 RTP/SAVP 0\r\na=label:1\r\n"
	    CRYPTO("1", S80) "m=audio 3 RTP/AVP 0\r\n");
	lines[0].refuse = true;
	again();
	CHECK(has("m=audio 0 RTP/SAVP 0\r\na=label:1\r\nm=audio 10002 "));
}

TEST(answer_of_decisions_that_do_not_fit_is_refused)
{
	struct sr_sdp_own other = own;

	answer_to(HEAD "m=audio 1 RTP/SAVP 0\r\n" CRYPTO("1", S80)
	    "m=audio 3 UDP/TLS/RTP/SAVP 0\r\na=fingerprint:sha-1 A\r\n"
	    "m=audio 5 RTP/AVP 0\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\n");
	out.n = 3;
#define REFUSED(own) CHECK_EQ(sr_sdp_answer(&out, &offer, &plan, own, lines), \
	SR_EBAD); CHECK_EQ(out.n, 3)
	lines[0].key.suite = SR_AES256_80;
	REFUSED(&own);
	decide();
	lines[1].rtp.port = 0;
	REFUSED(&own);
	decide();
	lines[2].pwd = SR_STR("short");
	REFUSED(&own);
	decide();
	other.fingerprint.n = 0;
	REFUSED(&other);
	other = own;
	other.name = SR_STR("a\r\na=x");
	REFUSED(&other);
	other = own;
	other.user = SR_STR("a b");
	REFUSED(&other);
	other = own;
	other.addr.family = 0;
	REFUSED(&other);
	out.max = 100;
	CHECK_EQ(sr_sdp_answer(&out, &offer, &plan, &own, lines), SR_ELIMIT);
	CHECK_EQ(out.n, 3);
}

TEST(answer_repeats_no_control_characters)
{
	static const char text[] = HEAD "m=audio 1 RTP/AVP 0\r\n"
	    "a=label:a\0b\tc\x1b[2J\r\nm=\0 4 RTP/AVP \x01\r\n";

	sr_sdp_free(&offer);
	sr_plan_free(&plan);
	CHECK_EQ(sr_sdp_parse(&offer, SR_STR(text)), SR_OK);
	CHECK_EQ(sr_sdp_plan(&plan, &offer, NULL,
	    &(struct sr_plan_cfg){ .decodes = decodes }), SR_OK);
	decide();
	sr_buf_free(&out);
	sr_buf_init(&out, 10000);
	again();
	CHECK(has("a=label:ab c[2J\r\n"));
	CHECK(has("m=audio 0 RTP/AVP 0\r\n"));
}

/* ---- later offers ---- */

static struct sr_sdp first;
static struct sr_plan before;
static char first_text[2000];

static void
stand(const char *text, const struct sr_plan_cfg *cfg)
{
	snprintf(first_text, sizeof(first_text), "%s", text);
	sr_sdp_free(&first);
	sr_plan_free(&before);
	CHECK_EQ(sr_sdp_parse(&first, sr_cstr(first_text)), SR_OK);
	CHECK_EQ(sr_sdp_plan(&before, &first, NULL, cfg), SR_OK);
}

static int
later(const char *text, const struct sr_plan_cfg *cfg)
{
	snprintf(kept, sizeof(kept), "%s", text);
	sr_sdp_free(&offer);
	sr_plan_free(&plan);
	CHECK_EQ(sr_sdp_parse(&offer, sr_cstr(kept)), SR_OK);
	return sr_sdp_plan(&plan, &offer, &before, cfg);
}

#define AUDIO(port) "m=audio " port " RTP/AVP 0\r\na=sendonly\r\n"

TEST(answer_later_offers_have_no_fewer_lines)		/* SD-22 */
{
	struct sr_plan_cfg cfg = defaults();

	stand(HEAD AUDIO("1") AUDIO("3"), &cfg);
	CHECK_EQ(later(HEAD AUDIO("1"), &cfg), SR_EBAD);
	CHECK_EQ(later(HEAD AUDIO("1") AUDIO("3") AUDIO("5"), &cfg), SR_OK);
	CHECK_EQ(plan.ntaken, 3);
	CHECK_EQ(later(HEAD AUDIO("1") AUDIO("0"), &cfg), SR_OK);
	CHECK_EQ(plan.lines[1].refused, SR_NO_PORT);
	CHECK_EQ(later(HEAD AUDIO("0") AUDIO("0"), &cfg), SR_OK);
	CHECK(!plan.hopeless);
	cfg.answer = true;
	CHECK_EQ(later(HEAD AUDIO("1") AUDIO("3") AUDIO("5"), &cfg), SR_EBAD);
	CHECK_EQ(later(HEAD AUDIO("1") AUDIO("3"), &cfg), SR_OK);
}

TEST(answer_nothing_to_take_is_hopeless)		/* SD-10 */
{
	struct sr_plan_cfg cfg = defaults();

	plan_it(HEAD "m=video 1 RTP/AVP 31\r\n", &cfg);
	CHECK(plan.hopeless);
	plan_it(HEAD AUDIO("0"), &cfg);
	CHECK(plan.hopeless);
	plan_it(HEAD, &cfg);
	CHECK(plan.hopeless);
	stand(HEAD AUDIO("1"), &cfg);
	CHECK_EQ(later(HEAD "m=video 1 RTP/AVP 31\r\n", &cfg), SR_OK);
	CHECK(plan.hopeless);
}

TEST(answer_dtls_keeps_its_role)			/* RFC 5763 6.6 */
{
	struct sr_plan_cfg cfg = defaults();
	const char *tls = HEAD "a=fingerprint:sha-1 A\r\na=setup:actpass\r\n"
	    "m=audio 1 UDP/TLS/RTP/SAVP 0\r\n";

	cfg.passive = true;
	stand(tls, &cfg);
	CHECK(!before.lines[0].active);
	cfg.passive = false;
	CHECK_EQ(later(tls, &cfg), SR_OK);
	CHECK(!plan.lines[0].active);
	stand(tls, &cfg);
	cfg.passive = true;
	CHECK_EQ(later(tls, &cfg), SR_OK);
	CHECK(plan.lines[0].active);
}

/* ---- the server's own offers ---- */

TEST(answer_reoffer_says_the_same_lines)	/* 7.2-1 to -5, UA-26 */
{
	answer_to(HEAD "m=audio 1 RTP/SAVP 0 101\r\na=label:1\r\na=inactive\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\n" CRYPTO("9", S80)
	    "m=audio 3 UDP/TLS/RTP/SAVP 0\r\na=label:2\r\na=rtcp-mux\r\n"
	    "a=setup:passive\r\na=fingerprint:sha-1 A\r\n"
	    "m=video 5 RTP/AVP 31\r\na=label:3\r\n"
	    "m=audio 7 RTP/AVP 0\r\na=label:4\r\n");
	CHECK_EQ(answer.mlines[0].dir, SR_INACTIVE);
	lines[1].dir = SR_INACTIVE;
	lines[3].refuse = true;
	sr_sdp_free(&answer);
	out.n = 0;
	CHECK_EQ(sr_sdp_reoffer(&out, &offer, &plan, &own, lines), SR_OK);
	CHECK_EQ(sr_sdp_parse(&answer, sr_buf_str(&out)), SR_OK);
	CHECK_EQ(answer.nmlines, 4);
	CHECK_EQ(answer.mlines[0].dir, SR_RECVONLY);
	CHECK_EQ(answer.mlines[0].sdes[0].tag, 9);
	CHECK(has("m=audio 10000 RTP/SAVP 0 101\r\n"));
	CHECK_EQ(answer.mlines[1].dir, SR_INACTIVE);
	CHECK_STR(answer.mlines[1].setup, "actpass");
	CHECK(answer.mlines[1].rtcp_mux);
	CHECK(has("m=video 0 RTP/AVP 31\r\na=label:3\r\n"));
	CHECK(has("m=audio 0 RTP/AVP 0\r\na=label:4\r\n"));
}

TEST(answer_a_client_may_send_what_is_asked_for)
{
	static const struct {
		const char *line;
		enum sr_dir want;
	} v[] = {
		{ "a=recvonly\r\n", SR_SENDONLY }, { "", SR_SENDONLY },
		{ "a=sendonly\r\n", SR_INACTIVE },
		{ "a=inactive\r\n", SR_INACTIVE },
		{ "a=recvonly\r\nc=IN IP4 0.0.0.0\r\n", SR_INACTIVE }
	};
	struct sr_plan_cfg cfg = defaults();
	char text[1000];

	cfg.client = true;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		sprintf(text, HEAD "m=audio 1 RTP/AVP 0\r\n%s", v[i].line);
		plan_it(text, &cfg);
		CHECK_EQ(plan.lines[0].dir, v[i].want);
	}
}

TEST(answer_to_256_lines)				/* SD-24 */
{
	static char text[20000];
	size_t n = (size_t)sprintf(text, "%s", HEAD);

	for (int i = 0; i < 256; i++)
		n += (size_t)sprintf(text + n, "m=audio %d RTP/AVP 0\r\n"
		    "a=label:%d\r\n", i + 1, i);
	answer_to(text);
	CHECK_EQ(plan.ntaken, 256);
	CHECK_STR(answer.mlines[255].label, "255");
}

/* ---- real offers ---- */

static void
answer_file(const char *name, struct sr_str raw)
{
	struct sr_plan_cfg cfg = defaults();
	const struct sr_part *sdp = NULL;
	static char text[200000];
	struct sr_body b = { .parts = NULL };
	struct sr_msg m;

	if (sr_msg_parse(&m, raw) == SR_OK &&
	    sr_body_split(&b, &m) == SR_OK)
		sdp = sr_body_find(&b, SR_PART_SDP);
	if (sdp != NULL) {
		snprintf(text, sizeof(text), "%.*s", SR_FMT(sdp->data));
		write_it(&cfg, text);
		for (size_t i = 0; i < offer.nmlines; i++) {
			CHECK(sr_streq(answer.mlines[i].label,
			    offer.mlines[i].label));
			if (offer.mlines[i].rtp.port != 0 &&
			    sr_streq(offer.mlines[i].media, SR_STR("audio")) &&
			    answer.mlines[i].rtp.port == 0)
				test_fail(__FILE__, __LINE__, "%s: line %zu: "
				    "%s", name, i, sr_refusal_text(
				    plan.lines[i].refused));
		}
	}
	sr_body_free(&b);
	sr_msg_free(&m);
}

TEST(answer_every_offer_from_the_field)
{
	const char *corpus = getenv("SIPREC_CORPUS");
	static char text[200000];
	struct dirent *e;
	char path[600];
	int n = 0;
	FILE *in;
	DIR *d;

	if (corpus == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/sip", corpus);
	if ((d = opendir(path)) == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/sip/%s", corpus, e->d_name);
		if (e->d_name[0] == '.' || (in = fopen(path, "rb")) == NULL)
			continue;
		answer_file(e->d_name, (struct sr_str){ text,
		    fread(text, 1, sizeof(text), in) });
		fclose(in);
		n++;
	}
	closedir(d);
	CHECK(n >= 138);
	sr_sdp_free(&offer);
	sr_sdp_free(&answer);
	sr_sdp_free(&first);
	sr_plan_free(&plan);
	sr_plan_free(&before);
	sr_buf_free(&out);
}
