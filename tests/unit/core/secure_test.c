/* Claims about lib/core/secure.c: SRTP that is watched. */
#include "unit/core/scene.h"

static const struct sr_crypto *const C = &sr_crypto_full;

/* Key number k of its suite: in SDP, and for libsrtp. */
static const char *const inlined[] = {
	"MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0",
	"MTIzNDU2Nzg5YWJjZGVmZ2hpamtsbW5vcHFyc3R1",
	"MjM0NTY3ODlhYmNkZWZnaGlqa2xtbm9wcXJzdHV2"
};

static void *
sender(int k, const char *mki)
{
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuv";
	struct sr_srtp_key key = { .suite = SR_AES128_80,
	    .key = { bytes + k, 16 }, .salt = { bytes + k + 16, 14 } };
	void *ctx = NULL;

	if (mki != NULL)
		key.mki = (struct sr_str){ mki, 4 };
	CHECK_EQ(C->srtp_new(&ctx, &key, 1, SR_PROTECT), SR_OK);
	return ctx;
}

static void
secure_scene(void)
{
	scene_with(&(struct sr_cfg){ .crypto = C });
}

/* An m-line of SAVP with these crypto lines; profile 0: of AVP. */
static const char *
secured(int who, const char *proto, const char *crypto)
{
	static char ring[8][4096];
	static unsigned next;
	char *t = ring[next++ % 8];

	snprintf(t, 4096, "v=0\r\no=- 1 1 IN IP4 192.0.2.%d\r\ns=-\r\n"
	    "c=IN IP4 192.0.2.%d\r\nt=0 0\r\nm=audio %d %s 0\r\n%s"
	    "a=%s\r\na=label:1\r\n", who + 1, who + 1, RTP_PORT, proto,
	    crypto, who == SRC ? "sendonly" : "recvonly");
	return t;
}

static const char *
line(int tag, int k, const char *params)
{
	static char ring[8][512];
	static unsigned next;
	char *t = ring[next++ % 8];

	snprintf(t, 512, "a=crypto:%d AES_CM_128_HMAC_SHA1_80 inline:%s%s\r\n",
	    tag, inlined[k], params);
	return t;
}

static void
exchange(int cseq, const char *offer, const char *answer)
{
	char number[32];

	snprintf(number, sizeof(number), "%d INVITE", cseq);
	SIP(SRC, "INVITE", .to = cseq > 1 ? "t" : NULL, .cseq = number,
	    .sdp = offer);
	if (answer != NULL)
		SIP(SRS, "200 OK", .to = "t", .cseq = number, .sdp = answer);
}

static void
put(void *ctx, int seq)
{
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	uint32_t ts = (uint32_t)seq * 160;
	uint8_t p[172] = { 0x80, 0, (uint8_t)(seq >> 8), (uint8_t)seq,
	    (uint8_t)(ts >> 24), (uint8_t)(ts >> 16), (uint8_t)(ts >> 8),
	    (uint8_t)ts, 0, 0, 0, 7 };
	uint8_t out[512] __attribute__((aligned(4)));
	size_t n = sizeof(out);

	memset(p + 12, 0xd5, 160);
	CHECK_EQ(C->srtp_protect(ctx, (struct sr_str){ (char *)p, sizeof(p) },
	    out, &n), SR_OK);
	feed(SR_DGRAM, f, out, n);
	now += 20 * MS;
}

static void
put_many(void *ctx, int from, int n)
{
	for (int i = from; i < from + n; i++)
		put(ctx, i);
}

TEST(secure_the_key_of_the_accepted_tag_opens_the_media)
{
	void *a = sender(1, NULL);
	char both[512];

	secure_scene();
	snprintf(both, sizeof(both), "%s%s", line(1, 0, ""), line(2, 1, ""));
	exchange(1, secured(SRC, "RTP/SAVP", both), secured(SRS, "RTP/SAVP",
	    line(2, 2, "")));
	put_many(a, 0, 50);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 50);
	CHECK_EQ(nwarned, 0);
	CHECK(strstr(end_json, "\"packets\":50,\"lost\":0") != NULL);
	CHECK(strstr(end_json, "\"heard\":1.000000") != NULL);
	CHECK(strstr(end_json, "unauthentic") == NULL);
	C->srtp_free(a);
}

TEST(secure_media_before_the_answer_is_opened_all_the_same)
{
	void *a = sender(0, NULL);

	secure_scene();
	SIP(SRC, "INVITE", .sdp = secured(SRC, "RTP/SAVP", line(1, 0, "")));
	put_many(a, 0, 5);
	SIP(SRS, "200 OK", .to = "t", .sdp = secured(SRS, "RTP/SAVP",
	    line(1, 2, "")));
	put_many(a, 5, 5);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
	C->srtp_free(a);
}

TEST(secure_without_an_answer_all_that_was_offered_is_tried)
{
	void *a = sender(1, NULL);
	char both[512];

	secure_scene();
	snprintf(both, sizeof(both), "%s%s", line(1, 0, ""), line(2, 1, ""));
	exchange(1, secured(SRC, "RTP/SAVP", both), NULL);
	put_many(a, 0, 150);		/* two seconds: nobody answers */
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 150);
	C->srtp_free(a);
}

TEST(secure_a_new_key_takes_over_while_the_old_one_is_on_its_way)
{
	void *a = sender(0, NULL), *b = sender(1, NULL);

	secure_scene();
	exchange(1, secured(SRC, "RTP/SAVP", line(1, 0, "")), secured(SRS,
	    "RTP/SAVP", line(1, 2, "")));
	put_many(a, 0, 20);
	exchange(2, secured(SRC, "RTP/SAVP", line(1, 1, "")), secured(SRS,
	    "RTP/SAVP", line(1, 2, "")));
	put_many(a, 20, 2);
	put_many(b, 22, 20);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 42);
	CHECK_EQ(nwarned, 0);
	C->srtp_free(a);
	C->srtp_free(b);
}

TEST(secure_the_same_key_again_goes_on_with_its_counter)
{
	void *a = sender(0, NULL);
	const char *offer, *answer;

	secure_scene();
	offer = secured(SRC, "RTP/SAVP", line(1, 0, ""));
	answer = secured(SRS, "RTP/SAVP", line(1, 2, ""));
	exchange(1, offer, answer);
	put_many(a, 65530, 6);
	put_many(a, 65536, 10);
	exchange(2, secured(SRC, "RTP/SAVP", line(3, 0, "|2^31")),
	    secured(SRS, "RTP/SAVP", line(3, 2, "")));
	put_many(a, 65546, 20);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 36);
	CHECK_EQ(nwarned, 0);
	C->srtp_free(a);
}

TEST(secure_keys_with_mkis_are_told_apart)
{
	void *a = sender(0, "\0\0\0\1"), *b = sender(1, "\0\0\0\2");
	char params[256];

	secure_scene();
	snprintf(params, sizeof(params), "|1:4;inline:%s|2:4", inlined[1]);
	exchange(1, secured(SRC, "RTP/SAVP", line(1, 0, params)),
	    secured(SRS, "RTP/SAVP", line(1, 2, "")));
	put_many(a, 0, 20);
	put_many(b, 20, 20);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 40);
	C->srtp_free(a);
	C->srtp_free(b);
}

TEST(secure_what_is_forged_is_counted_and_moves_nothing)
{
	void *a = sender(0, NULL), *forger = sender(1, NULL);

	secure_scene();
	exchange(1, secured(SRC, "RTP/SAVP", line(1, 0, "")), secured(SRS,
	    "RTP/SAVP", line(1, 2, "")));
	put_many(forger, 30000, 3);
	put_many(a, 0, 10);
	put_many(forger, 30003, 3);
	put_many(a, 10, 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 20);
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "R3711-3.3 ", 10) == 0);
	CHECK(strstr(end_json, "\"packets\":20,\"lost\":0") != NULL);
	CHECK(strstr(end_json, "\"unauthentic\":6") != NULL);
	C->srtp_free(a);
	C->srtp_free(forger);
}

TEST(secure_what_the_snaplen_cut_is_no_forgery)
{
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };

	secure_scene();
	exchange(1, secured(SRC, "RTP/SAVP", line(1, 0, "")), secured(SRS,
	    "RTP/SAVP", line(1, 2, "")));
	for (uint16_t i = 0; i < 3; i++)
		rtp_put(&f, 0, false, i, i * 160u, 7, "xxxxxxxxxxxxxxxx", 16,
		    154);
	BYE();
	scene_end();
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "snaplen ", 8) == 0);
}

TEST(secure_a_stream_without_keys_stays_sealed)
{
	void *a = sender(0, NULL);

	secure_scene();
	exchange(1, secured(SRC, "UDP/TLS/RTP/SAVP", ""), secured(SRS,
	    "UDP/TLS/RTP/SAVP", ""));
	put_many(a, 0, 10);
	BYE();
	scene_end();
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "R7866-12.2-1 ", 13) == 0);
	C->srtp_free(a);
}

TEST(secure_a_handshake_that_was_seen_gives_the_key)
{
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuv";
	struct sr_srtp_key key = { .suite = SR_AES128_80,
	    .key = { bytes, 16 }, .salt = { bytes + 16, 14 } };
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	void *a = sender(0, NULL);

	secure_scene();
	CHECK_EQ(sr_engine_key(engine, &f, &key), SR_ENOENT);
	exchange(1, secured(SRC, "UDP/TLS/RTP/SAVP", ""), secured(SRS,
	    "UDP/TLS/RTP/SAVP", ""));
	CHECK_EQ(sr_engine_key(engine, &f, &key), SR_OK);
	put_many(a, 0, 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
	CHECK_EQ(nwarned, 0);
	CHECK(strstr(end_json, "\"codec\":\"PCMU\"") != NULL);
	C->srtp_free(a);
}

TEST(secure_a_handshake_on_the_port_of_rtcp_has_a_key_of_its_own)
{
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuv";
	struct sr_srtp_key key = { .suite = SR_AES128_80,
	    .key = { bytes, 16 }, .salt = { bytes + 16, 14 } };
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	void *a = sender(1, NULL);

	secure_scene();
	exchange(1, secured(SRC, "UDP/TLS/RTP/SAVP", ""), secured(SRS,
	    "UDP/TLS/RTP/SAVP", ""));
	f.src.port++;
	f.dst.port++;
	CHECK_EQ(sr_engine_key(engine, &f, &key), SR_OK);
	f.src.port--;
	f.dst.port--;
	key.key.p++;
	key.salt.p++;
	CHECK_EQ(sr_engine_key(engine, &f, &key), SR_OK);
	put_many(a, 0, 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
	CHECK_EQ(nwarned, 0);
	C->srtp_free(a);
}

TEST(secure_a_mark_says_that_dtls_media_is_in_the_clear)
{
	static const char mark[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\x02\x01";
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	const char *offer = secured(SRC, "UDP/TLS/RTP/SAVP", "");
	const char *reply = secured(SRS, "UDP/TLS/RTP/SAVP", "");

	secure_scene();
	exchange(1, offer, reply);
	feed(SR_DGRAM, f, mark, sizeof(mark));
	TALK(.n = 10);
	exchange(2, offer, reply);
	TALK(.from = 10, .n = 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 20);
	CHECK_EQ(nwarned, 0);
	CHECK(strstr(end_json, "\"codec\":\"PCMU\"") != NULL);
}

TEST(secure_a_mark_takes_no_key_away)
{
	static const char mark[] = "\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\x02\x01";
	struct sr_flow f = { addr_of(SRC, RTP_PORT), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	void *a = sender(0, NULL);

	secure_scene();
	exchange(1, secured(SRC, "RTP/SAVP", line(1, 0, "")), secured(SRS,
	    "RTP/SAVP", line(1, 2, "")));
	put_many(a, 0, 10);
	feed(SR_DGRAM, f, mark, sizeof(mark));
	TALK(.from = 10, .n = 10);
	put_many(a, 20, 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 20);
	CHECK(strstr(end_json, "\"unauthentic\":10") != NULL);
	C->srtp_free(a);
}

TEST(secure_keys_of_avp_are_ignored)
{
	secure_scene();
	exchange(1, secured(SRC, "RTP/AVP", line(1, 0, "")), secured(SRS,
	    "RTP/AVP", ""));
	TALK(.n = 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
	CHECK_EQ(nwarned, 0);
}

TEST(secure_a_masked_key_says_that_the_media_is_in_the_clear)
{
	secure_scene();
	exchange(1, secured(SRC, "RTP/SAVP", "a=crypto:1 "
	    "AES_CM_128_HMAC_SHA1_80 inline:****************\r\n"),
	    secured(SRS, "RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	    "inline:****************\r\n"));
	TALK(.n = 10);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
	CHECK_EQ(nwarned, 0);
}
