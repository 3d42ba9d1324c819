/* srtp - secure RTP with libsrtp2, RFC 3711, RFC 6188, RFC 7714.
 *
 * libsrtp knows a source by its first packet and takes its roll-over counter
 * for 0.  Who joins a call late does not know it: where the tag is wrong, the
 * counters that a day may reach are tried, seldom enough that garbage cannot
 * buy our time. */
#include "crypt/priv.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_KEYS = 4,
	MAX_SOURCES = 64,
	MAX_ROC = 72,			/* a day at 50 packets/s has 66 */
	WINDOW = 1024,			/* packets late, and still taken */
	RTP_HEADER = 12, RTCP_HEADER = 8, RTCP_INDEX = 4
};

struct source {
	uint32_t ssrc, roc;		/* roc: set, and in force since then */
	bool heard;
};
struct context {
	srtp_t srtp, srtcp;		/* mostly the same */
	srtp_policy_t policy;
	srtp_master_key_t keys[MAX_KEYS], *key_list[MAX_KEYS];
	unsigned char bytes[MAX_KEYS][SRTP_MAX_KEY_LEN];
	unsigned char mkis[MAX_KEYS][SRTP_MAX_MKI_LEN];
	size_t tag, rtcp_tag, mki;
	bool several, protects;
	struct source sources[MAX_SOURCES];
	size_t nsources;
	unsigned failures, search_at;	/* when to search next */
};

static const struct suite {
	size_t key, salt, tag, rtcp_tag;
	void (*rtp)(srtp_crypto_policy_t *), (*rtcp)(srtp_crypto_policy_t *);
} suites[] = {
	[SR_AES128_80] = { 16, 14, 10, 10, srtp_crypto_policy_set_rtp_default,
	    srtp_crypto_policy_set_rtcp_default },
	/* RFC 4568 6.2.2: RTCP has the long tag all the same. */
	[SR_AES128_32] = { 16, 14, 4, 10,
	    srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32,
	    srtp_crypto_policy_set_rtcp_default },
	/* libsrtp 2 derives the session keys of AES-192 with AES-256, against
	 * RFC 6188 3: what it seals only libsrtp opens.  Not spoken. */
	[SR_AES192_80] = { 24, 14, 10, 10, NULL, NULL },
	[SR_AES192_32] = { 24, 14, 4, 10, NULL, NULL },
	[SR_AES256_80] = { 32, 14, 10, 10,
	    srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80,
	    srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80 },
	[SR_AES256_32] = { 32, 14, 4, 10,
	    srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32,
	    srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80 },
	[SR_GCM128] = { 16, 12, 16, 16,
	    srtp_crypto_policy_set_aes_gcm_128_16_auth,
	    srtp_crypto_policy_set_aes_gcm_128_16_auth },
	[SR_GCM256] = { 32, 12, 16, 16,
	    srtp_crypto_policy_set_aes_gcm_256_16_auth,
	    srtp_crypto_policy_set_aes_gcm_256_16_auth }
};

static bool ready;

static void
start(void)
{
	ready = srtp_init() == srtp_err_status_ok;
}

static const struct suite *
suite_of(enum sr_suite id)
{
	if (id <= SR_SUITE_NONE || id > SR_GCM256)
		return NULL;
	return &suites[id];
}

bool
srtp_lengths(enum sr_suite id, size_t *key, size_t *salt)
{
	const struct suite *s = suite_of(id);

	*key = s != NULL ? s->key : 0;
	*salt = s != NULL ? s->salt : 0;
	return s != NULL;
}

static int
status(srtp_err_status_t s)
{
	switch (s) {
	case srtp_err_status_ok:
		return SR_OK;
	case srtp_err_status_auth_fail:
	case srtp_err_status_bad_mki:
	case srtp_err_status_cant_check:	/* RTCP that is not sealed */
	case srtp_err_status_pkt_idx_adv:
		return SR_EAUTH;
	case srtp_err_status_replay_fail:
	case srtp_err_status_replay_old:
	case srtp_err_status_pkt_idx_old:
	case srtp_err_status_key_expired:
	case srtp_err_status_terminus:
		return SR_ELIMIT;
	case srtp_err_status_alloc_fail:
		return SR_ENOMEM;
	default:
		return SR_EBAD;
	}
}

/* ---- birth ---- */

static int
check(const struct sr_srtp_key *keys, size_t n)
{
	const struct suite *s;

	if (n == 0 || n > MAX_KEYS || (s = suite_of(keys[0].suite)) == NULL)
		return SR_EBAD;
	for (size_t i = 0; i < n; i++)
		if (keys[i].suite != keys[0].suite || keys[i].key.n != s->key ||
		    keys[i].salt.n != s->salt ||
		    keys[i].mki.n != keys[0].mki.n ||
		    keys[i].plain_rtcp != keys[0].plain_rtcp)
			return SR_EBAD;
	/* RFC 4568 6.1: more than one key wants MKIs to tell them apart. */
	if (keys[0].mki.n > SRTP_MAX_MKI_LEN || (n > 1 && keys[0].mki.n == 0))
		return SR_EBAD;
	return s->rtp != NULL ? SR_OK : SR_EUNSUP;
}

static void
fill(struct context *c, const struct sr_srtp_key *keys, size_t n)
{
	const struct suite *s = suite_of(keys[0].suite);

	for (size_t i = 0; i < n; i++) {
		memcpy(c->bytes[i], keys[i].key.p, s->key);
		memcpy(c->bytes[i] + s->key, keys[i].salt.p, s->salt);
		if (keys[i].mki.n > 0)
			memcpy(c->mkis[i], keys[i].mki.p, keys[i].mki.n);
		c->keys[i] = (srtp_master_key_t){ .key = c->bytes[i],
		    .mki_id = c->mkis[i], .mki_size = (unsigned)keys[i].mki.n };
		c->key_list[i] = &c->keys[i];
	}
	s->rtp(&c->policy.rtp);
	s->rtcp(&c->policy.rtcp);
	if (keys[0].plain_rtcp)
		c->policy.rtcp.sec_serv = sec_serv_auth;
	c->policy.keys = c->key_list;
	c->policy.num_master_keys = n;
	c->policy.window_size = WINDOW;
	c->tag = s->tag;
	c->rtcp_tag = s->rtcp_tag;
	c->mki = keys[0].mki.n;
}

/* libsrtp looks for the MKI of RTCP in front of a tag as long as that of RTP:
 * where that is another length, RTCP has a session of its own. */
static int
create(struct context *c)
{
	srtp_policy_t p = c->policy;
	int err;

	if ((err = status(srtp_create(&c->srtp, &p))) != SR_OK) {
		c->srtp = NULL;
		return err;
	}
	c->srtcp = c->srtp;
	if (c->mki == 0 || c->tag == c->rtcp_tag)
		return SR_OK;
	p.rtp = p.rtcp;
	if ((err = status(srtp_create(&c->srtcp, &p))) != SR_OK)
		c->srtcp = c->srtp;
	return err;
}

int
srtp_context(void **ctx, const struct sr_srtp_key *keys, size_t n,
    enum sr_srtp_way way)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct context *c;
	int err;

	pthread_once(&once, start);
	if (!ready)
		return SR_EUNSUP;
	if ((err = check(keys, n)) != SR_OK)
		return err;
	if ((c = sr_zalloc(sizeof(*c))) == NULL)
		return SR_ENOMEM;
	c->protects = way == SR_PROTECT;
	fill(c, keys, n);
	c->policy.ssrc.type = c->protects ? ssrc_any_outbound :
	    ssrc_any_inbound;
	if ((err = create(c)) != SR_OK) {
		srtp_destroy(c);
		return err == SR_ENOMEM ? err : SR_EUNSUP;
	}
	*ctx = c;
	return SR_OK;
}

void
srtp_destroy(void *ctx)
{
	struct context *c = ctx;

	if (c == NULL)
		return;
	if (c->srtcp != NULL && c->srtcp != c->srtp)
		srtp_dealloc(c->srtcp);
	if (c->srtp != NULL)
		srtp_dealloc(c->srtp);
	hash_wipe(c, sizeof(*c));
	free(c);
}

/* ---- sources ---- */

static uint32_t
word(struct sr_str pkt, size_t at)
{
	struct sr_rd r = sr_rd(sr_substr(pkt, at, 4));

	return sr_u32(&r);
}

static struct source *
find(struct context *c, uint32_t ssrc)
{
	for (size_t i = 0; i < c->nsources; i++)
		if (c->sources[i].ssrc == ssrc)
			return &c->sources[i];
	return NULL;
}

static struct source *
add(struct context *c, uint32_t ssrc)
{
	struct source *s = find(c, ssrc);

	if (s != NULL || c->nsources == MAX_SOURCES)
		return s;
	s = &c->sources[c->nsources++];
	*s = (struct source){ .ssrc = ssrc };
	return s;
}

int
srtp_roc_get(void *ctx, uint32_t ssrc, uint32_t *roc)
{
	struct context *c = ctx;
	struct source *s = find(c, ssrc);

	if (s == NULL)
		return SR_ENOENT;
	*roc = s->roc;
	if (s->heard && srtp_get_stream_roc(c->srtp, ssrc, roc) !=
	    srtp_err_status_ok)
		return SR_ENOENT;
	return SR_OK;
}

/* libsrtp takes a counter only for a source that it knows. */
static int
make_stream(struct context *c, uint32_t ssrc)
{
	srtp_policy_t p = c->policy;
	uint32_t roc;

	if (srtp_get_stream_roc(c->srtp, ssrc, &roc) == srtp_err_status_ok)
		return SR_OK;
	p.ssrc.type = ssrc_specific;
	p.ssrc.value = ssrc;
	return status(srtp_add_stream(c->srtp, &p));
}

int
srtp_roc_set(void *ctx, uint32_t ssrc, uint32_t roc)
{
	struct context *c = ctx;
	struct source *s;
	int err;

	if ((s = add(c, ssrc)) == NULL)
		return SR_ELIMIT;
	if ((err = make_stream(c, ssrc)) != SR_OK)
		return err;
	s->roc = roc;
	s->heard = false;
	return status(srtp_set_stream_roc(c->srtp, ssrc, roc));
}

/* ---- packets ---- */

static int
attempt(struct context *c, struct sr_str pkt, uint8_t *out, size_t *n)
{
	int len = (int)pkt.n, err;

	memcpy(out, pkt.p, pkt.n);
	err = status(srtp_unprotect_mki(c->srtp, out, &len, c->mki > 0));
	if (err == SR_OK)
		*n = (size_t)len;
	return err;
}

/* The more has failed, the longer until the next search: 1, 2, 4 ... 64. */
static bool
may_search(struct context *c)
{
	if (++c->failures < c->search_at)
		return false;
	c->search_at = c->failures + (c->failures < 64 ? c->failures : 64);
	return true;
}

static int
search(struct context *c, struct sr_str pkt, uint8_t *out, size_t *n)
{
	uint32_t ssrc = word(pkt, 8), was = 0, roc;
	const struct source *s = find(c, ssrc);
	bool known = srtp_get_stream_roc(c->srtp, ssrc, &was) ==
	    srtp_err_status_ok;
	int err;

	if (!may_search(c))
		return SR_EAUTH;
	if (s != NULL && !s->heard)
		was = s->roc;		/* set, and not in force yet */
	if ((err = make_stream(c, ssrc)) != SR_OK)
		return err;
	for (roc = was + 1; roc <= was + MAX_ROC; roc++) {
		srtp_set_stream_roc(c->srtp, ssrc, roc);
		if ((err = attempt(c, pkt, out, n)) == SR_OK)
			return err;
	}
	if (known)
		srtp_set_stream_roc(c->srtp, ssrc, was);
	else
		srtp_remove_stream(c->srtp, htonl(ssrc)); /* as it is sent */
	return SR_EAUTH;
}

static int
measure(struct context *c, struct sr_str pkt, size_t least, size_t room)
{
	if (pkt.n < least || pkt.n > UINT16_MAX ||
	    (uint8_t)pkt.p[0] >> 6 != 2)
		return SR_EBAD;
	return pkt.n + (c->protects ? SR_SRTP_EXTRA : 0) > room ? SR_ELIMIT :
	    SR_OK;
}

int
srtp_open(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n)
{
	struct context *c = ctx;
	struct source *s;
	int err;

	if ((err = measure(c, pkt, RTP_HEADER + c->mki + c->tag, *n)) != SR_OK)
		return err;
	s = find(c, word(pkt, 8));
	if (s == NULL && c->nsources == MAX_SOURCES)
		return SR_ELIMIT;
	if ((err = attempt(c, pkt, out, n)) == SR_EAUTH)
		err = search(c, pkt, out, n);
	if (err == SR_OK) {
		if (s == NULL)
			s = add(c, word(pkt, 8));
		s->heard = true;
		c->failures = c->search_at = 0;
	}
	return err;
}

int
srtp_seal(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n)
{
	struct context *c = ctx;
	struct source *s;
	int err, len = (int)pkt.n;

	if ((err = measure(c, pkt, RTP_HEADER, *n)) != SR_OK)
		return err;
	if ((s = add(c, word(pkt, 8))) == NULL)
		return SR_ELIMIT;
	memcpy(out, pkt.p, pkt.n);
	err = status(srtp_protect_mki(c->srtp, out, &len, c->mki > 0, 0));
	if (err == SR_OK) {
		s->heard = true;
		*n = (size_t)len;
	}
	return err;
}

int
srtcp_open(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n)
{
	struct context *c = ctx;
	int err, len = (int)pkt.n;

	if ((err = measure(c, pkt, RTCP_HEADER + RTCP_INDEX + c->mki +
	    c->rtcp_tag, *n)) != SR_OK)
		return err;
	if (find(c, word(pkt, 4)) == NULL && c->nsources == MAX_SOURCES)
		return SR_ELIMIT;
	memcpy(out, pkt.p, pkt.n);
	err = status(srtp_unprotect_rtcp_mki(c->srtcp, out, &len, c->mki > 0));
	if (err == SR_OK) {
		add(c, word(pkt, 4));
		*n = (size_t)len;
	}
	return err;
}

int
srtcp_seal(void *ctx, struct sr_str pkt, uint8_t *out, size_t *n)
{
	struct context *c = ctx;
	int err, len = (int)pkt.n;

	if ((err = measure(c, pkt, RTCP_HEADER, *n)) != SR_OK)
		return err;
	if (add(c, word(pkt, 4)) == NULL)
		return SR_ELIMIT;
	memcpy(out, pkt.p, pkt.n);
	err = status(srtp_protect_rtcp_mki(c->srtcp, out, &len, c->mki > 0, 0));
	if (err == SR_OK)
		*n = (size_t)len;
	return err;
}
