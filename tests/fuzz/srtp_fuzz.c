/* srtp - packets of strangers: the first byte chooses the suite and whether
 * there is an MKI, the second what is done with the rest.  What is sealed is
 * opened again, and what is opened without that is a miracle. */
#include "siprec/crypt.h"
#include "siprec/rtp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const struct sr_crypto *const C = &sr_crypto_full;
static uint8_t out[70000] __attribute__((aligned(4)));
static uint8_t back[70000] __attribute__((aligned(4)));

static void
both_ways(const struct sr_srtp_key *k, struct sr_str pkt, bool rtcp)
{
	void *tx = NULL, *rx = NULL;
	size_t n = sizeof(out), m = sizeof(back);

	if (C->srtp_new(&tx, k, 1, SR_PROTECT) != SR_OK ||
	    C->srtp_new(&rx, k, 1, SR_UNPROTECT) != SR_OK)
		abort();
	if ((rtcp ? C->srtcp_unprotect : C->srtp_unprotect)(rx, pkt, back,
	    &m) == SR_OK)
		abort();
	m = sizeof(back);
	if ((rtcp ? C->srtcp_protect : C->srtp_protect)(tx, pkt, out, &n) ==
	    SR_OK && ((rtcp ? C->srtcp_unprotect : C->srtp_unprotect)(rx,
	    (struct sr_str){ (char *)out, n }, back, &m) != SR_OK ||
	    m != pkt.n || memcmp(back, pkt.p, m) != 0))
		abort();
	C->srtp_free(tx);
	C->srtp_free(rx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char bytes[] = "0123456789abcdefghijklmnopqrstuv";
	static const enum sr_suite suites[] = { SR_AES128_80, SR_AES128_32,
	    SR_AES256_80, SR_AES256_32, SR_GCM128, SR_GCM256 };
	struct sr_srtp_key k;
	struct sr_stun_ask ask = { .ufrag = SR_STR("u"), .pwd = SR_STR("p"),
	    .ip = p, .nip = 4, .port = 9 };
	struct sr_str pkt;
	struct sr_buf b;

	if (n < 6)
		return 0;
	pkt = (struct sr_str){ (const char *)p + 2, n - 2 };
	k = (struct sr_srtp_key){ .suite = suites[p[0] % 6] };
	k.key = (struct sr_str){ bytes, k.suite == SR_GCM256 ||
	    k.suite == SR_AES256_80 || k.suite == SR_AES256_32 ? 32 : 16 };
	k.salt = (struct sr_str){ bytes + 9, k.suite >= SR_GCM128 ? 12 : 14 };
	if (p[0] & 0x80)
		k.mki = SR_STR("\1\2\3\4");
	if (p[1] % 3 < 2) {
		both_ways(&k, pkt, p[1] % 3);
		return 0;
	}
	sr_buf_init(&b, 1024);
	sr_stun_answer(&b, pkt, &ask, C);
	sr_buf_free(&b);
	return 0;
}
