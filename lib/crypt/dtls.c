/* dtls - a DTLS-SRTP handshake without a socket, RFC 5763, RFC 5764.
 *
 * OpenSSL reads from and writes to BIOs of ours that keep datagrams apart.
 * Nothing but the handshake ever runs here: the media is SRTP. */
#include "crypt/priv.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/srtp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum {
	MTU = 1200, MAX_DATAGRAM = 65535, MAX_WAITING = 64,
	MAX_FINGERPRINTS = 16, LABEL = 19, COOKIE = 16
};

struct datagram {
	struct datagram *next;
	size_t n;
	char p[];
};
struct sr_dtls {
	SSL *ssl;
	uint16_t mtu;
	struct sr_str in;		/* what is being fed */
	struct datagram *first, **last, *given;
	size_t waiting;
	struct sr_str prints[MAX_FINGERPRINTS];
	size_t nprints;
	struct sr_arena memory;
	sr_time due, retry;
	unsigned char cookie[COOKIE];
	bool active, done;
	int err;			/* SR_EAUTH or SR_EBAD, for good */
};

/* ---- datagrams, as OpenSSL sees them ---- */

static int
bio_write(BIO *b, const char *p, int n)
{
	struct sr_dtls *d = BIO_get_data(b);
	struct datagram *g;

	BIO_clear_retry_flags(b);
	if (n <= 0)
		return 0;
	/* Who does not fetch them loses them, as a network would. */
	if (d->waiting == MAX_WAITING ||
	    (g = malloc(sizeof(*g) + (size_t)n)) == NULL)
		return n;
	g->next = NULL;
	g->n = (size_t)n;
	memcpy(g->p, p, g->n);
	*d->last = g;
	d->last = &g->next;
	d->waiting++;
	return n;
}

static int
bio_read(BIO *b, char *p, int room)
{
	struct sr_dtls *d = BIO_get_data(b);
	size_t n = d->in.n;

	BIO_clear_retry_flags(b);
	if (n == 0) {
		BIO_set_retry_read(b);
		return -1;
	}
	n = n < (size_t)room ? n : (size_t)room;
	memcpy(p, d->in.p, n);
	d->in.n = 0;
	return (int)n;
}

static long
bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	const struct sr_dtls *d = BIO_get_data(b);

	(void)num;
	(void)ptr;
	switch (cmd) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return d->mtu;
	}
	return 0;
}

static BIO_METHOD *method;
static SSL_CTX *context;
static void (*keylog)(const char *line);

void
sr_dtls_keylog(void (*fn)(const char *line))
{
	keylog = fn;
}

static void
log_key(const SSL *ssl, const char *line)
{
	(void)ssl;
	keylog(line);
}

static int trust(X509_STORE_CTX *store, void *arg);

static unsigned
timer(SSL *ssl, unsigned us)
{
	struct sr_dtls *d = SSL_get_app_data(ssl);

	/* RFC 6347 4.2.4.1: doubled each time, up to a minute. */
	if (us == 0)
		return (unsigned)(d->retry / 1000);
	return us < 30000000 ? 2 * us : 60000000;
}

/* Of one association, which lives only as long as the handshake takes. */
static int
cookie_make(SSL *ssl, unsigned char *out, unsigned *n)
{
	const struct sr_dtls *d = SSL_get_app_data(ssl);

	memcpy(out, d->cookie, *n = COOKIE);
	return 1;
}

static int
cookie_check(SSL *ssl, const unsigned char *in, unsigned n)
{
	const struct sr_dtls *d = SSL_get_app_data(ssl);

	return n == COOKIE && hash_equal(in, d->cookie, COOKIE);
}

static void
prepare(void)
{
	EVP_PKEY *key;
	X509 *cert;

	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK,
	    "datagrams");
	context = SSL_CTX_new(DTLS_method());
	if (method == NULL || context == NULL || !cert_own(&key, &cert))
		goto fail;
	BIO_meth_set_write(method, bio_write);
	BIO_meth_set_read(method, bio_read);
	BIO_meth_set_ctrl(method, bio_ctrl);
	SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU |
	    SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER |
	    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(context, trust, NULL);
	SSL_CTX_set_cookie_generate_cb(context, cookie_make);
	SSL_CTX_set_cookie_verify_cb(context, cookie_check);
	if (keylog != NULL)
		SSL_CTX_set_keylog_callback(context, log_key);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_use_certificate(context, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(context, key) != 1 ||
	    SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20:"
	    "ECDHE+AES:!PSK:!aNULL:!eNULL") != 1 ||
	    SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AES128_CM_SHA1_80:"
	    "SRTP_AES128_CM_SHA1_32:SRTP_AEAD_AES_128_GCM:"
	    "SRTP_AEAD_AES_256_GCM") != 0)
		goto fail;
	return;
fail:
	SSL_CTX_free(context);
	context = NULL;
}

/* No authority vouches for the peer, only what its SDP said: RFC 5763 5. */
static int
trust(X509_STORE_CTX *store, void *arg)
{
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	struct sr_dtls *d = SSL_get_app_data(ssl);
	const X509 *cert = X509_STORE_CTX_get0_cert(store);

	(void)arg;
	if (cert != NULL && cert_fits(cert, d->prints, d->nprints))
		return 1;
	d->err = SR_EAUTH;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

/* ---- birth and death ---- */

static int
setup(struct sr_dtls *d, const struct sr_dtls_cfg *cfg)
{
	BIO *b;

	for (size_t i = 0; i < cfg->nfingerprints &&
	    d->nprints < MAX_FINGERPRINTS; i++)
		d->prints[d->nprints++] = sr_arena_dup(&d->memory,
		    cfg->fingerprints[i]);
	if ((d->ssl = SSL_new(context)) == NULL ||
	    (b = BIO_new(method)) == NULL)
		return SR_ENOMEM;
	BIO_set_data(b, d);
	BIO_set_init(b, 1);
	SSL_set_bio(d->ssl, b, b);
	SSL_set_app_data(d->ssl, d);
	DTLS_set_timer_cb(d->ssl, timer);
	SSL_set_mtu(d->ssl, d->mtu);
	if (cfg->ask)
		SSL_set_options(d->ssl, SSL_OP_COOKIE_EXCHANGE);
	if (d->active)
		SSL_set_connect_state(d->ssl);
	else
		SSL_set_accept_state(d->ssl);
	return SR_OK;
}

int
dtls_new(struct sr_dtls **dp, const struct sr_dtls_cfg *cfg)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sr_dtls *d;
	int err;

	pthread_once(&once, prepare);
	if (context == NULL)
		return SR_EUNSUP;
	if ((d = sr_zalloc(sizeof(*d))) == NULL)
		return SR_ENOMEM;
	sr_arena_init(&d->memory, 16384);
	d->last = &d->first;
	d->due = SR_NEVER;
	hash_random(d->cookie, sizeof(d->cookie));
	d->active = cfg->active;
	d->mtu = cfg->mtu != 0 ? cfg->mtu : MTU;
	d->retry = cfg->retry != 0 ? cfg->retry : SR_SEC;
	if ((err = setup(d, cfg)) != SR_OK) {
		dtls_free(d);
		return err;
	}
	if (d->active)
		d->due = 0;		/* the first tick sends */
	*dp = d;
	return SR_OK;
}

void
dtls_free(struct sr_dtls *d)
{
	struct datagram *g;

	if (d == NULL)
		return;
	SSL_free(d->ssl);
	while ((g = d->first) != NULL) {
		d->first = g->next;
		free(g);
	}
	free(d->given);
	sr_arena_free(&d->memory);
	free(d);
}

/* ---- the handshake ---- */

static int
step(struct sr_dtls *d, sr_time now)
{
	struct timeval left;
	int rc;

	if (d->err != SR_OK)
		return d->err;
	ERR_clear_error();
	rc = SSL_do_handshake(d->ssl);
	if (rc == 1 && !d->done) {
		d->done = true;
		if (SSL_get_selected_srtp_profile(d->ssl) == NULL)
			d->err = SR_EAUTH;
	} else if (rc != 1 && SSL_get_error(d->ssl, rc) !=
	    SSL_ERROR_WANT_READ && d->err == SR_OK) {
		d->err = SR_EBAD;
	}
	ERR_clear_error();
	d->due = SR_NEVER;
	if (d->err == SR_OK && DTLSv1_get_timeout(d->ssl, &left) == 1)
		d->due = now + left.tv_sec * SR_SEC + left.tv_usec * 1000 +
		    SR_MSEC;
	return d->err;
}

/* After the handshake only the peer's copies of its last flight are of use:
 * reading makes OpenSSL send ours again. */
static void
late(struct sr_dtls *d)
{
	char none[1];

	ERR_clear_error();
	SSL_read(d->ssl, none, sizeof(none));
	ERR_clear_error();
}

int
dtls_feed(struct sr_dtls *d, struct sr_str in, sr_time now)
{
	if (d->err != SR_OK)
		return d->err;
	if (in.n == 0 || in.n > MAX_DATAGRAM)
		return SR_OK;
	d->in = in;
	if (d->done)
		late(d);
	else
		step(d, now);
	d->in.n = 0;
	return d->err;
}

int
dtls_tick(struct sr_dtls *d, sr_time now)
{
	if (d->err != SR_OK)
		return d->err;
	if (d->done || now < d->due)
		return SR_OK;
	if (DTLSv1_handle_timeout(d->ssl) < 0)
		return d->err = SR_EBAD;
	return step(d, now);
}

bool
dtls_next(struct sr_dtls *d, struct sr_str *out)
{
	free(d->given);
	if ((d->given = d->first) == NULL)
		return false;
	if ((d->first = d->given->next) == NULL)
		d->last = &d->first;
	d->waiting--;
	*out = (struct sr_str){ d->given->p, d->given->n };
	return true;
}

sr_time
dtls_due(const struct sr_dtls *d)
{
	return d->due;
}

/* ---- keys ---- */

enum sr_suite
dtls_profile(unsigned id)
{
	switch (id) {			/* RFC 5764 4.1.2, RFC 7714 14.2 */
	case 0x0001:
		return SR_AES128_80;
	case 0x0002:
		return SR_AES128_32;
	case 0x0007:
		return SR_GCM128;
	case 0x0008:
		return SR_GCM256;
	}
	return SR_SUITE_NONE;
}

/* RFC 5764 4.2: client key, server key, client salt, server salt. */
void
dtls_cut(struct sr_dtls_keys *k, enum sr_suite suite, bool client)
{
	const char *p = (const char *)k->bytes;
	struct sr_srtp_key *side[2] = { client ? &k->send : &k->receive,
	    client ? &k->receive : &k->send };
	size_t key, salt;

	srtp_lengths(suite, &key, &salt);
	for (int i = 0; i < 2; i++)
		*side[i] = (struct sr_srtp_key){ .suite = suite,
		    .key = { p + (size_t)i * key, key },
		    .salt = { p + 2 * key + (size_t)i * salt, salt } };
}

int
dtls_keys(struct sr_dtls *d, struct sr_dtls_keys *k)
{
	const SRTP_PROTECTION_PROFILE *profile;
	enum sr_suite suite;
	size_t key, salt;

	if (d->err != SR_OK)
		return d->err;
	if (!d->done)
		return SR_MORE;
	profile = SSL_get_selected_srtp_profile(d->ssl);
	suite = dtls_profile((unsigned)profile->id);
	if (!srtp_lengths(suite, &key, &salt) ||
	    SSL_export_keying_material(d->ssl, k->bytes, 2 * (key + salt),
	    "EXTRACTOR-dtls_srtp", LABEL, NULL, 0, 0) != 1)
		return d->err = SR_EBAD;
	dtls_cut(k, suite, d->active);
	return SR_OK;
}
