/* replay_guard - SRTP of one stream: what protects its packets, and opens
 * those of the server. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "siprec/crypt.h"

enum { RTP, RTCP };
struct guard {
	void *ours[2], *theirs[2];	/* RTP and RTCP: the same one, or, by
					 * DTLS without mux, each its own */
};

static void
forget(void *ctx[2])
{
	sr_crypto_full.srtp_free(ctx[RTP]);
	if (ctx[RTCP] != ctx[RTP])
		sr_crypto_full.srtp_free(ctx[RTCP]);
	ctx[RTP] = ctx[RTCP] = NULL;
}

void
guard_forget(struct guard *g)
{
	forget(g->ours);
	forget(g->theirs);
}

void
guard_free(struct guard *g)
{
	if (g != NULL)
		guard_forget(g);
	free(g);
}

/* ---- keys ---- */

static int
sdes(void *ctx[2], const struct sr_sdes_key *k, enum sr_srtp_way way)
{
	struct sr_srtp_key key = { .suite = k->suite,
	    .key = { (const char *)k->key, sr_suite_key(k->suite) },
	    .salt = { (const char *)k->salt, sr_suite_salt(k->suite) },
	    .mki = { (const char *)k->mki, k->nmki } };
	int err = sr_crypto_full.srtp_new(&ctx[RTP], &key, 1, way);

	ctx[RTCP] = ctx[RTP];
	return err;
}

int
guard_new(struct guard **gp, const struct sr_run_line *l)
{
	struct guard *g;
	int err = SR_OK;

	*gp = NULL;
	if (l->keying == SR_KEYS_NONE)
		return SR_OK;
	if ((g = sr_zalloc(sizeof(*g))) == NULL)
		return SR_ENOMEM;
	if (l->keying == SR_KEYS_SDES &&
	    (err = sdes(g->ours, &l->ours, SR_PROTECT)) == SR_OK)
		err = sdes(g->theirs, &l->theirs, SR_UNPROTECT);
	if (err != SR_OK) {
		guard_free(g);
		return err;
	}
	*gp = g;
	return SR_OK;
}

static bool
same(const struct sr_sdes_key *a, const struct sr_sdes_key *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* RFC 4568 section 7.1.4: the same key goes on with its counters. */
int
guard_renew(struct guard **gp, const struct sr_run_line *before,
    const struct sr_run_line *now)
{
	int err = guard_new(gp, now);

	if (err != SR_OK || *gp == NULL)
		return err;
	if (same(&before->ours, &now->ours))
		forget((*gp)->ours);
	if (same(&before->theirs, &now->theirs))
		forget((*gp)->theirs);
	return SR_OK;
}

static void
swap(void *a[2], void *b[2])
{
	void *keep[2] = { a[RTP], a[RTCP] };

	if (b[RTP] == NULL)
		return;
	memcpy(a, b, sizeof(keep));
	memcpy(b, keep, sizeof(keep));
}

void
guard_take(struct guard *g, struct guard *fresh)
{
	swap(g->ours, fresh->ours);
	swap(g->theirs, fresh->theirs);
	guard_free(fresh);
}

static void
share(void *ctx[2])
{
	ctx[RTCP] = ctx[RTP];
}

int
guard_dtls(struct guard *g, bool rtcp, bool muxed, const struct sr_dtls_keys *k)
{
	int err = sr_crypto_full.srtp_new(&g->ours[rtcp], &k->send, 1,
	    SR_PROTECT);

	if (err == SR_OK)
		err = sr_crypto_full.srtp_new(&g->theirs[rtcp], &k->receive,
		    1, SR_UNPROTECT);
	if (muxed) {
		share(g->ours);
		share(g->theirs);
	}
	return err;
}

/* ---- packets ---- */

typedef int transform(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n);

/* Without a key, yet or for good, nothing leaves and nothing is believed. */
static int
in_place(transform *fn, void *ctx, uint8_t *pkt, size_t *n, size_t cap)
{
	uint8_t out[4096] __attribute__((aligned(4)));
	size_t k = sizeof(out);
	int err = ctx == NULL ? SR_EAUTH :
	    fn(ctx, (struct sr_str){ (char *)pkt, *n }, out, &k);

	if (err != SR_OK)
		return err;
	if (k > cap)
		return SR_ELIMIT;
	memcpy(pkt, out, k);
	*n = k;
	return SR_OK;
}

int
guard_protect(void *guard, bool rtcp, uint8_t *pkt, size_t *n, size_t cap)
{
	const struct guard *g = guard;

	return in_place(rtcp ? sr_crypto_full.srtcp_protect :
	    sr_crypto_full.srtp_protect, g->ours[rtcp], pkt, n, cap);
}

int
guard_unprotect(void *guard, bool rtcp, uint8_t *pkt, size_t *n)
{
	const struct guard *g = guard;

	return in_place(rtcp ? sr_crypto_full.srtcp_unprotect :
	    sr_crypto_full.srtp_unprotect, g->theirs[rtcp], pkt, n, *n);
}
