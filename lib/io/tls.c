/* tls - OpenSSL contexts: TLS 1.2 and 1.3, several certificates, mutual,
 * exchanged while calls go on. */
#include "io/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_PAIRS = 64 };

/* All that is read from files, to be exchanged as one. */
struct set {
	SSL_CTX **servers;		/* one per pair */
	size_t n;
	SSL_CTX *client;
};

struct sr_tls {
	struct sr_tls_cfg cfg;		/* its texts are ours */
	struct sr_tls_pair *pairs;
	struct sr_arena arena;
	struct set set;
	int keylog;
};

/* What a handshake must find out, hung on its SSL. */
struct expect {
	struct sr_tls *tls;
	bool server;			/* the peer is one */
	size_t n;
	char domain[];
};

static int expect_slot;

static void
free_expect(void *parent, void *p, CRYPTO_EX_DATA *ad, int idx, long l,
    void *q)
{
	(void)parent, (void)ad, (void)idx, (void)l, (void)q;
	free(p);
}

static void
make_slot(void)
{
	expect_slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_expect);
}

/* ---- judging a peer ---- */

static bool
right_peer(const struct expect *e, X509 *x)
{
	struct sr_str domain = { e->domain, e->n };
	struct sr_names t;
	bool good;

	if (!e->server)
		return true;
	sr_names_read(&t, x);
	good = sr_names_match(t.v, t.n, domain, e->tls->cfg.wildcards);
	sr_arena_free(&t.arena);
	return good;
}

/* Called for each certificate of the chain, the peer's own last. */
static int
verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store,
	    SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct expect *e = SSL_get_ex_data(ssl, expect_slot);
	X509 *x = X509_STORE_CTX_get_current_cert(store);

	if (e == NULL || (e->server && e->tls->cfg.no_verify))
		return e != NULL;
	if (!ok || X509_STORE_CTX_get_error_depth(store) > 0)
		return ok;
	if (!sr_names_usage(x, e->server)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		return 0;
	}
	if (!right_peer(e, x)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
		return 0;
	}
	return 1;
}

/* ---- contexts ---- */

static int
say(struct sr_buf *why, const char *what, const char *file)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	sr_buf_fmt(why, "%s: %s%s%s", file, what, reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");
	ERR_clear_error();
	return SR_EBAD;
}

static void
log_key(const SSL *ssl, const char *line)
{
	const struct expect *e = SSL_get_ex_data(ssl, expect_slot);
	char text[512];
	int n;

	if (e == NULL || e->tls->keylog < 0)
		return;
	n = snprintf(text, sizeof(text), "%s\n", line);
	/* One write a line: others may append to it, too. */
	if (n > 0 && (size_t)n < sizeof(text) &&
	    write(e->tls->keylog, text, (size_t)n) < 0)
		return;
}

static int
load_pair(SSL_CTX *c, const struct sr_tls_pair *p, struct sr_buf *why)
{
	const char *key = p->key != NULL ? p->key : p->cert;

	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(c, p->cert) != 1)
		return say(why, "no certificate", p->cert);
	if (SSL_CTX_use_PrivateKey_file(c, key, SSL_FILETYPE_PEM) != 1)
		return say(why, "no private key", key);
	if (SSL_CTX_check_private_key(c) != 1)
		return say(why, "not the key of the certificate", key);
	return SR_OK;
}

static int
load_trust(SSL_CTX *c, const struct sr_tls_cfg *cfg, struct sr_buf *why)
{
	X509_STORE *store = SSL_CTX_get_cert_store(c);
	X509_LOOKUP *lookup;

	ERR_clear_error();
	if (cfg->ca == NULL)
		SSL_CTX_set_default_verify_paths(c);
	else if (SSL_CTX_load_verify_locations(c, cfg->ca, NULL) != 1)
		return say(why, "no certificates of authorities", cfg->ca);
	if (cfg->crl == NULL)
		return SR_OK;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL ||
	    X509_load_crl_file(lookup, cfg->crl, X509_FILETYPE_PEM) < 1)
		return say(why, "no revocation list", cfg->crl);
	X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
	return SR_OK;
}

/* What both sides have in common.  Only who judges peers needs to know whom to
 * trust: the system's authorities take their time and memory.  Sessions are
 * not resumed: a certificate that was revoked since would come in again.  The
 * purpose is checked by sr_names_usage: OpenSSL does not know that of SIP. */
static SSL_CTX *
new_ctx(const SSL_METHOD *method, const struct sr_tls_cfg *cfg, bool judges,
    struct sr_buf *why)
{
	SSL_CTX *c = SSL_CTX_new(method);

	if (c == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(c,
	    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL");
	SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
	    SSL_OP_PRIORITIZE_CHACHA |
	    SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(c, 0);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_purpose(c, X509_PURPOSE_ANY);
	if (cfg->keylog != NULL)
		SSL_CTX_set_keylog_callback(c, log_key);
	if (judges && load_trust(c, cfg, why) != SR_OK) {
		SSL_CTX_free(c);
		return NULL;
	}
	return c;
}

/* The certificate of the name that was asked for, or the first. */
static int
choose(SSL *ssl, int *alert, void *arg)
{
	struct sr_tls *t = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct sr_names names;
	bool found = false;

	(void)alert;
	for (size_t i = 0; name != NULL && i < t->set.n && !found; i++) {
		sr_names_read(&names,
		    SSL_CTX_get0_certificate(t->set.servers[i]));
		found = sr_names_match(names.v, names.n, sr_cstr(name), true);
		sr_arena_free(&names.arena);
		if (found)
			SSL_set_SSL_CTX(ssl, t->set.servers[i]);
	}
	return SSL_TLSEXT_ERR_OK;
}

static int
add_server(struct sr_tls *t, struct set *s, const struct sr_tls_pair *p,
    struct sr_buf *why)
{
	SSL_CTX *c = new_ctx(TLS_server_method(), &t->cfg,
	    t->cfg.verify_client, why);

	if (c == NULL)
		return SR_EBAD;
	s->servers[s->n++] = c;
	SSL_CTX_set_tlsext_servername_callback(c, choose);
	SSL_CTX_set_tlsext_servername_arg(c, t);
	if (t->cfg.verify_client) {
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
		if (t->cfg.ca != NULL)
			SSL_CTX_set_client_CA_list(c,
			    SSL_load_client_CA_file(t->cfg.ca));
	}
	return load_pair(c, p, why);
}

static void
free_set(struct set *s)
{
	for (size_t i = 0; i < s->n; i++)
		SSL_CTX_free(s->servers[i]);
	free(s->servers);
	SSL_CTX_free(s->client);
	*s = (struct set){ .n = 0 };
}

static int
load_set(struct sr_tls *t, struct set *s, struct sr_buf *why)
{
	int err = SR_OK;

	*s = (struct set){ .n = 0 };
	s->servers = calloc(t->cfg.npairs + 1, sizeof(*s->servers));
	if (s->servers == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < t->cfg.npairs && err == SR_OK; i++)
		err = add_server(t, s, &t->cfg.pairs[i], why);
	if (err != SR_OK)
		return err;
	s->client = new_ctx(TLS_client_method(), &t->cfg, !t->cfg.no_verify,
	    why);
	if (s->client == NULL)
		return SR_EBAD;
	SSL_CTX_set_verify(s->client, SSL_VERIFY_PEER, verify);
	return t->cfg.npairs > 0 ? load_pair(s->client, &t->cfg.pairs[0], why) :
	    SR_OK;
}

/* ---- the whole ---- */

static const char *
dup_path(struct sr_arena *a, const char *s)
{
	char *p;

	if (s == NULL || (p = sr_arena_alloc(a, strlen(s) + 1)) == NULL)
		return NULL;
	return memcpy(p, s, strlen(s) + 1);
}

static int
copy_cfg(struct sr_tls *t, const struct sr_tls_cfg *cfg)
{
	t->cfg = *cfg;
	t->pairs = calloc(cfg->npairs + 1, sizeof(*t->pairs));
	if (t->pairs == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < cfg->npairs; i++) {
		t->pairs[i].cert = dup_path(&t->arena, cfg->pairs[i].cert);
		t->pairs[i].key = dup_path(&t->arena, cfg->pairs[i].key);
		if (t->pairs[i].cert == NULL)
			return SR_ENOMEM;
	}
	t->cfg.pairs = t->pairs;
	t->cfg.ca = dup_path(&t->arena, cfg->ca);
	t->cfg.crl = dup_path(&t->arena, cfg->crl);
	t->cfg.keylog = dup_path(&t->arena, cfg->keylog);
	return SR_OK;
}

int
sr_tls_new(struct sr_tls **tp, const struct sr_tls_cfg *cfg,
    struct sr_buf *why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct sr_tls *t;
	int err;

	pthread_once(&once, make_slot);
	if (cfg->npairs > MAX_PAIRS)
		return SR_ELIMIT;
	if ((t = sr_zalloc(sizeof(*t))) == NULL)
		return SR_ENOMEM;
	t->keylog = -1;
	sr_arena_init(&t->arena, 1024 * 1024);
	if ((err = copy_cfg(t, cfg)) != SR_OK)
		goto fail;
	if (cfg->keylog != NULL && (t->keylog = open(cfg->keylog,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) {
		sr_buf_fmt(why, "%s: %s", cfg->keylog, strerror(errno));
		err = SR_ESYS;
		goto fail;
	}
	if ((err = load_set(t, &t->set, why)) != SR_OK)
		goto fail;
	*tp = t;
	return SR_OK;
fail:
	sr_tls_free(t);
	return err;
}

int
sr_tls_reload(struct sr_tls *t, struct sr_buf *why)
{
	struct set fresh, old = t->set;
	int err;

	if ((err = load_set(t, &fresh, why)) != SR_OK) {
		free_set(&fresh);
		return err;
	}
	t->set = fresh;
	free_set(&old);
	return SR_OK;
}

void
sr_tls_free(struct sr_tls *t)
{
	if (t == NULL)
		return;
	free_set(&t->set);
	sr_arena_free(&t->arena);
	free(t->pairs);
	if (t->keylog >= 0)
		close(t->keylog);
	free(t);
}

bool
tls_serves(const struct sr_tls *t)
{
	return t != NULL && t->set.n > 0;
}

SSL *
tls_ssl(struct sr_tls *t, bool server, struct sr_str domain)
{
	SSL *ssl = SSL_new(server ? t->set.servers[0] : t->set.client);
	struct expect *e = sr_zalloc(sizeof(*e) + domain.n + 1);
	struct sr_addr a;

	if (ssl == NULL || e == NULL ||
	    SSL_set_ex_data(ssl, expect_slot, e) != 1) {
		SSL_free(ssl);
		free(e);
		return NULL;
	}
	e->tls = t;
	e->server = !server;
	e->n = domain.n;
	memcpy(e->domain, domain.p != NULL ? domain.p : "", domain.n);
	/* RFC 6066 section 3: no addresses there. */
	if (!server && domain.n > 0 && sr_addr_parse(&a, domain) != SR_OK)
		SSL_set_tlsext_host_name(ssl, e->domain);
	return ssl;
}

const char *
tls_why(SSL *ssl, unsigned long code)
{
	long v = SSL_get_verify_result(ssl);
	const char *s;

	if (v != X509_V_OK)
		return v == X509_V_ERR_HOSTNAME_MISMATCH ?
		    "the certificate is of somebody else" :
		    X509_verify_cert_error_string(v);
	s = code != 0 ? ERR_reason_error_string(code) : NULL;
	return s != NULL ? s : "TLS handshake failed";
}
