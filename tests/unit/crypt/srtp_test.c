/* Claims about lib/crypt/srtp.c. */
#include "unit/test.h"

#include "siprec/crypt.h"

static const struct sr_crypto *const C = &sr_crypto_full;

/* Hexadecimal digits to bytes; good until the next call but seven. */
static struct sr_str
hex(const char *text)
{
	static char ring[8][512];
	static unsigned turn;
	char *out = ring[turn++ % 8];
	size_t n = strlen(text) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v = 0;

		sscanf(text + 2 * i, "%2x", &v);
		out[i] = (char)v;
	}
	return (struct sr_str){ out, n };
}

static uint8_t out[2048] __attribute__((aligned(4)));
static size_t nout;

static struct sr_str
result(void)
{
	return (struct sr_str){ (const char *)out, nout };
}

typedef int work(void *ctx, struct sr_str pkt, uint8_t *o, size_t *n);

static int
pass(work *f, void *ctx, struct sr_str pkt)
{
	nout = sizeof(out);
	return f(ctx, guarded(pkt.p, pkt.n), out, &nout);
}

static struct sr_srtp_key
key_of(enum sr_suite suite)
{
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuv";
	struct sr_srtp_key k = { .suite = suite };

	k.key = (struct sr_str){ bytes, suite >= SR_GCM128 ?
	    (suite == SR_GCM128 ? 16 : 32) : 16 + 8 * ((suite - 1u) / 2) };
	k.salt = (struct sr_str){ bytes + 7, suite >= SR_GCM128 ? 12 : 14 };
	return k;
}

/* The next suite that is spoken: AES-192 is not. */
static int
next(int s)
{
	return s == SR_AES128_32 ? SR_AES256_80 : s + 1;
}

static void *
make(const struct sr_srtp_key *k, size_t n, enum sr_srtp_way way)
{
	void *ctx = NULL;

	CHECK_EQ(C->srtp_new(&ctx, k, n, way), SR_OK);
	return ctx;
}

/* An RTP packet of 20 bytes of payload. */
static struct sr_str
rtp(uint32_t ssrc, uint16_t seq)
{
	static uint8_t p[32];

	memset(p, 0x55, sizeof(p));
	p[0] = 0x80;
	p[1] = 8;
	p[2] = (uint8_t)(seq >> 8);
	p[3] = (uint8_t)seq;
	memset(p + 4, 0, 4);
	p[8] = (uint8_t)(ssrc >> 24);
	p[9] = (uint8_t)(ssrc >> 16);
	p[10] = (uint8_t)(ssrc >> 8);
	p[11] = (uint8_t)ssrc;
	return (struct sr_str){ (const char *)p, sizeof(p) };
}

static void
known_answer(enum sr_suite suite, bool rtcp, const char *key, const char *salt,
    const char *plain, const char *sealed)
{
	struct sr_srtp_key k = { .suite = suite, .key = hex(key),
	    .salt = hex(salt) };
	void *tx = make(&k, 1, SR_PROTECT), *rx = make(&k, 1, SR_UNPROTECT);

	CHECK_EQ(pass(rtcp ? C->srtcp_protect : C->srtp_protect, tx,
	    hex(plain)), SR_OK);
	CHECK(sr_streq(result(), hex(sealed)));
	CHECK_EQ(pass(rtcp ? C->srtcp_unprotect : C->srtp_unprotect, rx,
	    hex(sealed)), SR_OK);
	CHECK(sr_streq(result(), hex(plain)));
	C->srtp_free(tx);
	C->srtp_free(rx);
}

#define K128 "e1f97a0d3e018be0d64fa32c06de4139"
#define S128 "0ec675ad498afeebb6960b3aabe6"
#define RTP "800f1234decafbadcafebabeabababababababababababababababab"
#define RTCP "81c8000bcafebabeabababababababababababababababab"

TEST(srtp_gives_the_known_answers_of_libsrtp)
{
	known_answer(SR_AES128_80, false, K128, S128, RTP,
	    "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402"
	    "b78d6acc99ea179b8dbb");
	known_answer(SR_AES128_80, true, K128, S128, RTCP,
	    "81c8000bcafebabe7128035be487b9bdbef89041f977a5a8"
	    "80000001993e08cd54d6c1230798");
	known_answer(SR_AES256_80, false,
	    "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
	    "3b04803de51ee7c96423ab5b78d2", RTP,
	    "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40d"
	    "a08d9d9a5b3a55d8873b");
	known_answer(SR_GCM128, false, "000102030405060708090a0b0c0d0e0f",
	    "a0a1a2a3a4a5a6a7a8a9aaab", RTP,
	    "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06e"
	    "d2976826f796b201df3131a127e8a392");
}

/* Worked out by a few lines of another language, from the RFCs alone. */
TEST(srtp_gives_the_answers_of_the_rfcs_for_the_other_suites)
{
	known_answer(SR_GCM256, false,
	    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	    "a0a1a2a3a4a5a6a7a8a9aaab", RTP,
	    "800f1234decafbadcafebabe0af7f21e8a90bdad7a425c9c31ed4bb1"
	    "d90238917e7390a2793500e1681acaea");
	known_answer(SR_GCM128, true, "000102030405060708090a0b0c0d0e0f",
	    "a0a1a2a3a4a5a6a7a8a9aaab", RTCP,
	    "81c8000bcafebabec98b8b5df0392a55852b6c21ac8e7025c52c6fbea2b3b446"
	    "ea31123ba88ce61e80000001");
}

TEST(srtp_every_suite_opens_what_it_seals_and_nothing_that_was_changed)
{
	for (int s = SR_AES128_80; s <= SR_GCM256; s = next(s)) {
		struct sr_srtp_key k = key_of((enum sr_suite)s);
		void *tx = make(&k, 1, SR_PROTECT);
		void *rx = make(&k, 1, SR_UNPROTECT);
		char sealed[128];
		size_t n;

		CHECK_EQ(pass(C->srtp_protect, tx, rtp(7, 1)), SR_OK);
		n = nout;
		memcpy(sealed, out, n);
		CHECK(memcmp(sealed + 12, rtp(7, 1).p + 12, 20) != 0);
		for (size_t i = 1; i < n; i++) {
			sealed[i] ^= 1;
			CHECK(pass(C->srtp_unprotect, rx,
			    (struct sr_str){ sealed, n }) != SR_OK);
			sealed[i] ^= 1;
		}
		for (size_t i = 0; i < n; i++)
			CHECK(pass(C->srtp_unprotect, rx,
			    (struct sr_str){ sealed, i }) != SR_OK);
		CHECK_EQ(pass(C->srtp_unprotect, rx,
		    (struct sr_str){ sealed, n }), SR_OK);
		CHECK(sr_streq(result(), rtp(7, 1)));
		CHECK_EQ(pass(C->srtp_unprotect, rx,
		    (struct sr_str){ sealed, n }), SR_ELIMIT);
		C->srtp_free(tx);
		C->srtp_free(rx);
	}
}

TEST(srtp_the_tag_of_rtcp_is_long_even_where_that_of_rtp_is_short)
{
	struct sr_srtp_key k = key_of(SR_AES128_32);
	void *tx = make(&k, 1, SR_PROTECT);

	CHECK_EQ(pass(C->srtp_protect, tx, rtp(7, 1)), SR_OK);
	CHECK_EQ(nout, 32 + 4);
	CHECK_EQ(pass(C->srtcp_protect, tx, hex(RTCP)), SR_OK);
	CHECK_EQ(nout, 24 + 4 + 10);
	C->srtp_free(tx);
}

TEST(srtp_keys_are_told_apart_by_their_mki)
{
	for (int s = SR_AES128_80; s <= SR_GCM256; s = next(s)) {
		struct sr_srtp_key k[2] = { key_of((enum sr_suite)s),
		    key_of((enum sr_suite)s) };
		void *tx, *rx;

		k[0].mki = SR_STR("\0\0\0\1");
		k[1].mki = SR_STR("\0\0\0\2");
		k[1].key.p++;
		rx = make(k, 2, SR_UNPROTECT);
		for (int i = 0; i < 2; i++) {
			tx = make(&k[i], 1, SR_PROTECT);
			CHECK_EQ(pass(C->srtp_protect, tx,
			    rtp(7, (uint16_t)i)), SR_OK);
			CHECK_EQ(pass(C->srtp_unprotect, rx,
			    guarded(out, nout)), SR_OK);
			CHECK(sr_streq(result(), rtp(7, (uint16_t)i)));
			CHECK_EQ(pass(C->srtcp_protect, tx, hex(RTCP)), SR_OK);
			CHECK_EQ(pass(C->srtcp_unprotect, rx,
			    guarded(out, nout)), i == 0 ? SR_OK : SR_ELIMIT);
			C->srtp_free(tx);
		}
		C->srtp_free(rx);
	}
}

TEST(srtp_keys_that_do_not_fit_are_refused)
{
	struct sr_srtp_key k[2] = { key_of(SR_AES128_80),
	    key_of(SR_AES128_80) };
	void *ctx = NULL;

	CHECK_EQ(C->srtp_new(&ctx, k, 2, SR_PROTECT), SR_EBAD);
	k[0] = key_of(SR_AES192_80);
	CHECK_EQ(C->srtp_new(&ctx, k, 1, SR_PROTECT), SR_EUNSUP);
	k[0] = key_of(SR_AES128_80);
	k[0].key.n = 15;
	CHECK_EQ(C->srtp_new(&ctx, k, 1, SR_PROTECT), SR_EBAD);
	k[0].suite = SR_SUITE_NONE;
	CHECK_EQ(C->srtp_new(&ctx, k, 1, SR_PROTECT), SR_EBAD);
	CHECK_EQ(C->srtp_new(&ctx, k, 0, SR_PROTECT), SR_EBAD);
	CHECK(ctx == NULL);
	C->srtp_free(NULL);
}

/* Seals packet number i of a source, the counter and all. */
static struct sr_str
nth(void *tx, uint32_t ssrc, uint64_t i)
{
	static char sealed[8][128];
	static unsigned turn;
	char *p = sealed[turn++ % 8];
	uint32_t roc = 0;

	if (C->srtp_roc_get(tx, ssrc, &roc) != SR_OK || roc != i >> 16)
		CHECK_EQ(C->srtp_roc_set(tx, ssrc, (uint32_t)(i >> 16)), SR_OK);
	CHECK_EQ(pass(C->srtp_protect, tx, rtp(ssrc, (uint16_t)i)), SR_OK);
	memcpy(p, out, nout);
	return (struct sr_str){ p, nout };
}

TEST(srtp_a_source_goes_on_past_its_roll_over)
{
	struct sr_srtp_key k = key_of(SR_AES128_80);
	void *tx = make(&k, 1, SR_PROTECT), *rx = make(&k, 1, SR_UNPROTECT);
	uint32_t roc = 9;

	for (uint64_t i = 65500; i < 65600; i++) {
		CHECK_EQ(pass(C->srtp_protect, tx, rtp(7, (uint16_t)i)),
		    SR_OK);
		CHECK_EQ(pass(C->srtp_unprotect, rx, guarded(out, nout)),
		    SR_OK);
	}
	CHECK_EQ(C->srtp_roc_get(rx, 7, &roc), SR_OK);
	CHECK_EQ(roc, 1);
	CHECK_EQ(C->srtp_roc_get(rx, 8, &roc), SR_ENOENT);
	C->srtp_free(tx);
	C->srtp_free(rx);
}

TEST(srtp_who_joins_late_finds_the_counter_and_keeps_it)
{
	for (int s = SR_AES128_80; s <= SR_GCM256; s += 7) {
		struct sr_srtp_key k = key_of((enum sr_suite)s);
		void *tx = make(&k, 1, SR_PROTECT);
		void *rx = make(&k, 1, SR_UNPROTECT);
		uint32_t roc = 0;

		CHECK_EQ(pass(C->srtp_unprotect, rx, nth(tx, 7, 5 << 16 | 9)),
		    SR_OK);
		CHECK(sr_streq(result(), rtp(7, 9)));
		CHECK_EQ(pass(C->srtp_unprotect, rx, nth(tx, 7, 5 << 16 | 10)),
		    SR_OK);
		CHECK_EQ(C->srtp_roc_get(rx, 7, &roc), SR_OK);
		CHECK_EQ(roc, 5);
		C->srtp_free(tx);
		C->srtp_free(rx);
	}
}

TEST(srtp_a_counter_that_was_kept_is_taken_up_and_may_have_moved_on)
{
	struct sr_srtp_key k = key_of(SR_AES128_80);
	uint32_t roc = 0;

	for (uint32_t kept = 300; kept < 302; kept++) {
		void *tx = make(&k, 1, SR_PROTECT);
		void *rx = make(&k, 1, SR_UNPROTECT);

		CHECK_EQ(C->srtp_roc_set(rx, 7, kept), SR_OK);
		CHECK_EQ(C->srtp_roc_get(rx, 7, &roc), SR_OK);
		CHECK_EQ(roc, kept);
		CHECK_EQ(pass(C->srtp_unprotect, rx, nth(tx, 7,
		    301ull << 16 | 3)), SR_OK);
		CHECK_EQ(C->srtp_roc_get(rx, 7, &roc), SR_OK);
		CHECK_EQ(roc, 301);
		C->srtp_free(tx);
		C->srtp_free(rx);
	}
}

/* 200 sources make themselves up, and all of it is refused: who comes after
 * them is still heard, late as he is. */
TEST(srtp_garbage_takes_no_place_and_moves_no_counter)
{
	struct sr_srtp_key k = key_of(SR_AES128_80), wrong = k;
	void *tx, *liar, *rx = make(&k, 1, SR_UNPROTECT);
	int err = SR_EAUTH;
	uint32_t roc;

	wrong.key.p++;
	tx = make(&k, 1, SR_PROTECT);
	for (uint32_t i = 0; i < 200; i++) {
		liar = make(&wrong, 1, SR_PROTECT);
		CHECK_EQ(pass(C->srtp_unprotect, rx, nth(liar, 100 + i, 5)),
		    SR_EAUTH);
		CHECK_EQ(C->srtp_roc_get(rx, 100 + i, &roc), SR_ENOENT);
		C->srtp_free(liar);
	}
	for (uint64_t i = 0; i < 65 && err != SR_OK; i++)
		err = pass(C->srtp_unprotect, rx, nth(tx, 7, (3 << 16) + i));
	CHECK_EQ(err, SR_OK);
	liar = make(&wrong, 1, SR_PROTECT);
	CHECK_EQ(pass(C->srtp_unprotect, rx, nth(liar, 7, 9 << 16)), SR_EAUTH);
	CHECK_EQ(pass(C->srtp_unprotect, rx, nth(tx, 7, (3 << 16) + 70)),
	    SR_OK);
	C->srtp_free(liar);
	C->srtp_free(tx);
	C->srtp_free(rx);
}

TEST(srtp_sources_have_a_number)
{
	struct sr_srtp_key k = key_of(SR_AES128_80);
	void *tx = make(&k, 1, SR_PROTECT);

	for (uint32_t i = 0; i < 64; i++)
		CHECK_EQ(pass(C->srtp_protect, tx, rtp(i, 1)), SR_OK);
	CHECK_EQ(pass(C->srtp_protect, tx, rtp(64, 1)), SR_ELIMIT);
	CHECK_EQ(pass(C->srtp_protect, tx, rtp(63, 2)), SR_OK);
	C->srtp_free(tx);
}

TEST(srtp_open_rtcp_is_taken_only_where_that_was_agreed)
{
	struct sr_srtp_key k = key_of(SR_AES128_80), plain = k;
	void *tx, *rx = make(&k, 1, SR_UNPROTECT);
	char sealed[64];
	size_t n;

	plain.plain_rtcp = true;
	tx = make(&plain, 1, SR_PROTECT);
	CHECK_EQ(pass(C->srtcp_protect, tx, hex(RTCP)), SR_OK);
	CHECK(memcmp(out, hex(RTCP).p, 24) == 0);
	n = nout;
	memcpy(sealed, out, n);
	CHECK_EQ(pass(C->srtcp_unprotect, rx, (struct sr_str){ sealed, n }),
	    SR_EAUTH);
	C->srtp_free(rx);
	rx = make(&plain, 1, SR_UNPROTECT);
	CHECK_EQ(pass(C->srtcp_unprotect, rx, (struct sr_str){ sealed, n }),
	    SR_OK);
	C->srtp_free(rx);
	C->srtp_free(tx);
}
