/* Claims about lib/rtp/stun.c, with the vectors of RFC 5769. */
#include "unit/test.h"

#include "siprec/crypt.h"
#include "siprec/rtp.h"

/* RFC 5769 2.1: a request with PRIORITY, ICE-CONTROLLED and SOFTWARE. */
static const uint8_t request[] = {
	0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01,
	0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x10,
	0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c,
	0x69, 0x65, 0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff,
	0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51, 0x26, 0x3b, 0x36,
	0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76,
	0x59, 0x20, 0x20, 0x20, 0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c,
	0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2, 0x49,
	0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf
};
static const uint8_t ip4[] = { 192, 0, 2, 1 };

static struct sr_stun_ask
ask_of(void)
{
	return (struct sr_stun_ask){ .ufrag = SR_STR("evtj"),
	    .pwd = SR_STR("VOkJxbRl1RmTxUk/WvJxBt"), .ip = ip4, .nip = 4,
	    .port = 32853 };
}

static int
answer(struct sr_buf *out, struct sr_str pkt, struct sr_stun_ask *ask)
{
	sr_buf_init(out, 1024);
	return sr_stun_answer(out, pkt, ask, &sr_crypto_openssl);
}

TEST(stun_an_authentic_request_is_answered_with_where_it_came_from)
{
	/* RFC 5769 2.2 has the same address, cookie and transaction. */
	static const uint8_t mapped[] = { 0x00, 0x20, 0x00, 0x08, 0x00, 0x01,
	    0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43 };
	struct sr_stun_ask ask = ask_of();
	struct sr_buf out;

	CHECK_EQ(answer(&out, guarded(request, sizeof(request)), &ask), SR_OK);
	CHECK_EQ(out.n, 20 + 12 + 24 + 8);
	CHECK_EQ(out.p[0] << 8 | out.p[1], 0x0101);
	CHECK_EQ(out.p[3], 12 + 24 + 8);
	CHECK(memcmp(out.p + 4, request + 4, 16) == 0);
	CHECK(memcmp(out.p + 20, mapped, sizeof(mapped)) == 0);
	CHECK(sr_stun_looks(sr_buf_str(&out)));
	CHECK(!ask.nominated);
	sr_buf_free(&out);
}

TEST(stun_the_answer_is_signed_with_our_password)
{
	struct sr_stun_ask ask = ask_of();
	struct sr_buf out;
	uint8_t tag[20];

	CHECK_EQ(answer(&out, guarded(request, sizeof(request)), &ask), SR_OK);
	out.p[3] -= 8;			/* as if there were no fingerprint */
	sr_crypto_openssl.hmac(SR_SHA1, ask.pwd, (struct sr_str){ out.p, 32 },
	    tag);
	CHECK(memcmp(tag, out.p + 36, 20) == 0);
	sr_buf_free(&out);
}

TEST(stun_a_stranger_gets_no_answer)
{
	struct sr_stun_ask ask = ask_of();
	struct sr_buf out;
	struct sr_str pkt = guarded(request, sizeof(request));

	ask.pwd = SR_STR("VOkJxbRl1RmTxUk/WvJxBu");
	CHECK_EQ(answer(&out, pkt, &ask), SR_EAUTH);
	ask = ask_of();
	ask.ufrag = SR_STR("evtk");
	CHECK_EQ(answer(&out, pkt, &ask), SR_EAUTH);
	ask.ufrag = SR_STR("evt");
	CHECK_EQ(answer(&out, pkt, &ask), SR_EAUTH);
	CHECK_EQ(out.n, 0);
	sr_buf_free(&out);
}

TEST(stun_every_prefix_and_every_changed_byte_is_refused)
{
	uint8_t v[sizeof(request)];
	struct sr_stun_ask ask = ask_of();
	struct sr_buf out;

	memcpy(v, request, sizeof(v));
	for (size_t i = 0; i < sizeof(v); i++) {
		CHECK(answer(&out, guarded(v, i), &ask) != SR_OK);
		/* A fingerprint by another name is to be ignored: RFC 8489
		 * 14.5. */
		if (i == sizeof(v) - 8 || i == sizeof(v) - 7)
			continue;
		v[i] ^= 1;
		CHECK(answer(&out, guarded(v, sizeof(v)), &ask) != SR_OK);
		v[i] ^= 1;
		CHECK_EQ(out.n, 0);
	}
	sr_buf_free(&out);
}
