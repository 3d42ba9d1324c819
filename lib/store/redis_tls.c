/* redis_tls - TLS to a Redis server: hiredis moves the bytes, and does not
 * look who is at the other end, so that we do. */
#ifdef WITH_REDIS_TLS
#include "store/redis.h"

#include <errno.h>
#include <hiredis/hiredis_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* The system's authorities, or those of SSL_CERT_FILE and SSL_CERT_DIR. */
static SSL *
new_session(const char *host)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (ctx == NULL)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_set_default_verify_paths(ctx) == 1)
		ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);		/* the session keeps it */
	if (ssl == NULL)
		return NULL;
	/* An address is no name: it is matched as one, and not asked for. */
	if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 ||
	    (SSL_set1_host(ssl, host) == 1 &&
	    SSL_set_tlsext_host_name(ssl, host) == 1))
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int
sr_redis_tls(struct sr_store *st, const char *host)
{
	struct redis *r = st->at;
	SSL *ssl;
	long verdict;

	ERR_clear_error();
	if ((ssl = new_session(host)) == NULL)
		return sr_store_fail(st, ENOMEM, "%s: TLS cannot begin",
		    r->where);
	if (redisInitiateSSL(r->c, ssl) == REDIS_OK)
		return SR_OK;		/* and the session is theirs */
	verdict = SSL_get_verify_result(ssl);
	sr_store_fail(st, EPROTO, "%s: TLS: %s", r->where,
	    verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) :
	    r->c->errstr);
	SSL_free(ssl);
	sr_redis_end(r);
	errno = EPROTO;
	return SR_ESYS;
}
#endif
