/* Claims about TLS: lib/io/tls.c, lib/crypt/names.c, and what transport does
 * with them.  The certificates are made here. */
#include "unit/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "siprec/crypt.h"
#include "siprec/io.h"

#define MSG "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n"
#define REPLY "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"

/* ---- names, as a table ---- */

TEST(names_match_as_rfc_5922_section_7_wants)
{
	static const struct {
		struct sr_name names[3];
		const char *domain;
		bool wild, match;
	} t[] = {
#define N(k, s) { SR_NAME_##k, { s, sizeof(s) - 1 } }
		{ { N(URI, "sip:example.com") }, "example.com", 0, 1 },
		{ { N(URI, "SIP:Example.COM") }, "eXample.com", 0, 1 },
		{ { N(URI, "sip:example.com:5061") }, "example.com", 0, 1 },
		{ { N(URI, "sip:example.com;transport=tls") }, "example.com",
		    0, 1 },
		{ { N(URI, "sip:a@example.com") }, "example.com", 0, 0 },
		{ { N(URI, "sips:example.com") }, "example.com", 0, 0 },
		{ { N(URI, "https://example.com") }, "example.com", 0, 0 },
		{ { N(URI, "sip:example.com") }, "sub.example.com", 0, 0 },
		{ { N(URI, "sip:sub.example.com") }, "example.com", 0, 0 },
		{ { N(URI, "sip:") }, "example.com", 0, 0 },
		{ { N(URI, "sip:other.com"), N(DNS, "example.com") },
		    "example.com", 0, 0 },
		{ { N(URI, "sip:a@other.com"), N(DNS, "example.com") },
		    "example.com", 0, 1 },
		{ { N(URI, "https://x/"), N(DNS, "example.com") },
		    "example.com", 0, 1 },
		{ { N(DNS, "example.com") }, "example.com", 0, 1 },
		{ { N(DNS, "example.com.") }, "example.com", 0, 1 },
		{ { N(DNS, "other.com"), N(DNS, "example.com") },
		    "example.com.", 0, 1 },
		{ { N(DNS, "*.example.com") }, "a.example.com", 0, 0 },
		{ { N(DNS, "*.example.com") }, "a.example.com", 1, 1 },
		{ { N(DNS, "*.example.com") }, "a.b.example.com", 1, 0 },
		{ { N(DNS, "*.example.com") }, "example.com", 1, 0 },
		{ { N(DNS, "*.com") }, "example.com", 1, 0 },
		{ { N(DNS, "*") }, "example", 1, 0 },
		{ { N(DNS, "f*.example.com") }, "foo.example.com", 1, 0 },
		{ { N(DNS, "example.com\0.evil.org") }, "example.com", 0, 0 },
		{ { N(DNS, "other.com"), N(CN, "example.com") },
		    "example.com", 0, 0 },
		{ { N(CN, "example.com") }, "example.com", 0, 1 },
		{ { N(CN, "example.com") }, "example.org", 0, 0 },
		{ { N(IP, "192.0.2.1") }, "192.0.2.1", 0, 1 },
		{ { N(IP, "192.0.2.1"), N(CN, "192.0.2.2") }, "192.0.2.2",
		    0, 0 },
		{ { N(IP, "2001:db8::1") }, "[2001:db8:0::1]", 0, 1 },
		{ { N(URI, "sip:[2001:db8::1]:5061") }, "2001:db8::1", 0, 1 },
		{ { N(URI, "sip:example.com"), N(IP, "192.0.2.1") },
		    "192.0.2.1", 0, 0 },
		{ { N(DNS, "") }, "", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t n = 0;

		while (n < 3 && t[i].names[n].text.p != NULL)
			n++;
		if (sr_names_match(t[i].names, n, sr_cstr(t[i].domain),
		    t[i].wild) != t[i].match)
			test_fail(__FILE__, __LINE__, "row %zu: %s", i,
			    t[i].domain);
	}
	CHECK(!sr_names_match(NULL, 0, SR_STR("example.com"), true));
}

/* ---- certificates ---- */

struct cert {
	X509 *x;
	EVP_PKEY *key;
	char file[256];			/* both in it */
};

static char dir[200];

static void
make_dir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/siprec-tls-XXXXXX",
	    tmp != NULL && strlen(tmp) < 150 ? tmp : "/tmp");
	CHECK(mkdtemp(dir) != NULL);
}

static void
extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *e;
	X509V3_CTX ctx;

	if (value == NULL)
		return;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	CHECK(e != NULL);
	X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
}

/* ca NULL: signs itself, and others. */
static struct cert
make(const char *cn, const char *san, const char *eku, long days,
    const struct cert *ca)
{
	static long serial = 1;
	struct cert c = { .x = X509_new(), .key = EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(c.x);
	FILE *f;

	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(c.x), -10 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(c.x), days * 86400);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(c.x, ca != NULL ? X509_get_subject_name(ca->x) :
	    name);
	X509_set_pubkey(c.x, c.key);
	extension(c.x, ca != NULL ? ca->x : c.x, NID_basic_constraints,
	    ca != NULL ? "CA:FALSE" : "critical,CA:TRUE");
	extension(c.x, c.x, NID_subject_alt_name, san);
	extension(c.x, c.x, NID_ext_key_usage, eku);
	CHECK(X509_sign(c.x, ca != NULL ? ca->key : c.key, EVP_sha256()) > 0);
	snprintf(c.file, sizeof(c.file), "%s/%ld.pem", dir, serial);
	if ((f = fopen(c.file, "w")) != NULL) {
		PEM_write_X509(f, c.x);
		PEM_write_PrivateKey(f, c.key, NULL, NULL, 0, NULL, NULL);
		fclose(f);
	}
	return c;
}

static void
drop(struct cert *c)
{
	unlink(c->file);
	X509_free(c->x);
	EVP_PKEY_free(c->key);
}

static void
write_crl(const char *file, const struct cert *ca, const struct cert *bad)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, -3600);
	FILE *f = fopen(file, "w");

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(bad->x));
	X509_REVOKED_set_revocationDate(r, t);
	X509_CRL_add0_revoked(crl, r);
	X509_gmtime_adj(t, 86400);
	X509_CRL_set1_nextUpdate(crl, t);
	X509_CRL_sign(crl, ca->key, EVP_sha256());
	if (f != NULL) {
		PEM_write_X509_CRL(f, crl);
		fclose(f);
	}
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* ---- two transports ---- */

struct side {
	struct sr_transport *t;
	struct sr_tls *tls;
	size_t n, nclosed;
	int err;
	struct sr_hop from;
	char why[128], identity[128];
};

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct side *s = arg;
	struct sr_hop to = *from;

	(void)when;
	CHECK_EQ(flags, 0);
	s->n++;
	s->from = *from;
	snprintf(s->identity, sizeof(s->identity), "%.*s",
	    SR_FMT(sr_conn_identity(s->t, from->conn)));
	if (!sr_strstarts(raw, SR_STR("SIP/2.0")))
		CHECK_EQ(sr_transport_send(s->t, &to,
		    (struct sr_str){ NULL, 0 }, SR_STR(REPLY)), SR_OK);
}

static void
on_closed(void *arg, const struct sr_hop *hop, int err, const char *why,
    bool lost)
{
	struct side *s = arg;

	(void)hop;
	(void)lost;
	s->nclosed++;
	s->err = err;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void
start(struct side *s, struct sr_loop *l, const struct sr_tls_cfg *tls)
{
	struct sr_transport_cfg cfg = { .handshake_timeout = 150 * SR_MSEC };
	struct sr_transport_cbs cbs = { s, on_message, on_closed };
	struct sr_buf why;

	*s = (struct side){ .t = NULL };
	sr_buf_init(&why, 256);
	CHECK_EQ(sr_tls_new(&s->tls, tls, &why), SR_OK);
	CHECK_STR(sr_buf_str(&why), "");
	sr_buf_free(&why);
	cfg.tls = s->tls;
	CHECK_EQ(sr_transport_new(&s->t, l, &cfg, &cbs), SR_OK);
}

static void
stop(struct side *s)
{
	sr_transport_free(s->t);
	sr_tls_free(s->tls);
}

struct world {
	struct sr_loop *l;
	struct side server;
	struct sr_addr at;
};

static void
begin(struct world *w, const struct sr_tls_cfg *tls)
{
	struct sr_buf why;

	sr_buf_init(&why, 256);
	CHECK_EQ(sr_loop_new(&w->l), SR_OK);
	start(&w->server, w->l, tls);
	CHECK_EQ(sr_transport_listen(w->server.t, "tls:127.0.0.1:0", &w->at,
	    &why), SR_OK);
	sr_buf_free(&why);
}

static void
end(struct world *w)
{
	stop(&w->server);
	sr_loop_free(w->l);
}

/* Sends one request with this configuration: SR_OK when it was answered, else
 * why the connection ended. */
static int
call(struct world *w, const struct sr_tls_cfg *tls, const char *domain,
    struct side *keep)
{
	sr_time limit = sr_now() + 2 * SR_SEC;
	struct sr_hop to = { .proto = SR_TLS, .remote = w->at };
	struct side c;
	int err;

	start(&c, w->l, tls);
	CHECK_EQ(sr_transport_send(c.t, &to, sr_cstr(domain), SR_STR(MSG)),
	    SR_OK);
	while (c.n == 0 && c.nclosed == 0 && sr_now() < limit)
		sr_loop_run_until(w->l, sr_now() + 2 * SR_MSEC);
	err = c.n > 0 ? SR_OK : c.nclosed > 0 ? c.err : SR_MORE;
	if (keep != NULL)
		*keep = c;
	stop(&c);
	return err;
}

static void
client_refuses(const char *what, const struct cert *ca, struct cert server,
    const char *domain, int want)
{
	struct sr_tls_pair pair = { server.file, NULL };
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct sr_tls_cfg c = { .ca = ca->file };
	struct world w;
	int err;

	begin(&w, &s);
	if ((err = call(&w, &c, domain, NULL)) != want)
		test_fail(__FILE__, __LINE__, "%s: %d, not %d", what, err,
		    want);
	CHECK_EQ(w.server.n, want == SR_OK);
	end(&w);
	drop(&server);
}

TEST(a_client_takes_only_the_server_that_it_meant)
{
	struct cert ca, other;

	make_dir();
	ca = make("ca", NULL, NULL, 10, NULL);
	other = make("other", NULL, NULL, 10, NULL);
#define ROW(cn, san, eku, days, by, domain, want)			\
	client_refuses(cn " " san, &ca, make(cn, *san ? san : NULL, eku, \
	    days, by), domain, want)
	ROW("x", "URI:sip:example.com", NULL, 10, &ca, "example.com", SR_OK);
	ROW("x", "DNS:example.com", NULL, 10, &ca, "example.com", SR_OK);
	ROW("example.com", "", NULL, 10, &ca, "example.com", SR_OK);
	ROW("x", "IP:127.0.0.1", NULL, 10, &ca, NULL, SR_OK);
	ROW("x", "DNS:example.com", "serverAuth", 10, &ca, "example.com",
	    SR_OK);
	ROW("x", "DNS:example.com", "1.3.6.1.5.5.7.3.20", 10, &ca,
	    "example.com", SR_OK);
	ROW("x", "DNS:example.com", "clientAuth", 10, &ca, "example.com",
	    SR_EAUTH);
	ROW("example.com", "DNS:other.com", NULL, 10, &ca, "example.com",
	    SR_EAUTH);
	ROW("x", "DNS:*.example.com", NULL, 10, &ca, "a.example.com",
	    SR_EAUTH);
	ROW("x", "DNS:example.com", NULL, -1, &ca, "example.com", SR_EAUTH);
	ROW("x", "DNS:example.com", NULL, 10, &other, "example.com",
	    SR_EAUTH);
	ROW("x", "DNS:example.com", NULL, 10, NULL, "example.com", SR_EAUTH);
	drop(&ca);
	drop(&other);
	rmdir(dir);
}

TEST(a_mutual_server_lets_only_good_certificates_in)
{
	struct cert ca, other, server, good, expired, stranger, usage, revoked;
	struct sr_tls_cfg s = { .npairs = 1, .verify_client = true };
	struct sr_tls_pair pair, mine;
	struct sr_tls_cfg c = { .pairs = &mine };
	char crl[256];
	struct world w;

	make_dir();
	ca = make("ca", NULL, NULL, 10, NULL);
	other = make("other", NULL, NULL, 10, NULL);
	server = make("s", "DNS:example.com", NULL, 10, &ca);
	good = make("c", "URI:sip:client.org,DNS:no.org", NULL, 10, &ca);
	expired = make("c", "DNS:client.org", NULL, -1, &ca);
	stranger = make("c", "DNS:client.org", NULL, 10, &other);
	usage = make("c", "DNS:client.org", "serverAuth", 10, &ca);
	revoked = make("c", "DNS:client.org", NULL, 10, &ca);
	snprintf(crl, sizeof(crl), "%s/crl.pem", dir);
	write_crl(crl, &ca, &revoked);
	pair = (struct sr_tls_pair){ server.file, NULL };
	s.pairs = &pair;
	s.ca = ca.file;
	s.crl = crl;
	c.ca = ca.file;
	begin(&w, &s);
#define TRY(cert, want)							\
	mine = (struct sr_tls_pair){ (cert).file, NULL };		\
	c.npairs = 1;							\
	CHECK_EQ(call(&w, &c, "example.com", NULL), want)
	TRY(good, SR_OK);
	CHECK_STR(sr_cstr(w.server.identity), "sip:client.org");
	TRY(expired, SR_EAUTH);
	TRY(stranger, SR_EAUTH);
	TRY(usage, SR_EAUTH);
	TRY(revoked, SR_EAUTH);
	c.npairs = 0;
	CHECK_EQ(call(&w, &c, "example.com", NULL), SR_EAUTH);
	CHECK_EQ(w.server.n, 1);
	end(&w);
	unlink(crl);
	drop(&ca), drop(&other), drop(&server), drop(&good), drop(&expired);
	drop(&stranger), drop(&usage), drop(&revoked);
	rmdir(dir);
}

TEST(the_certificate_is_chosen_by_name_and_exchanged_while_calls_go_on)
{
	struct cert ca, one, two, fresh;
	struct sr_tls_pair pairs[2];
	struct sr_tls_cfg s = { .pairs = pairs, .npairs = 2 };
	struct sr_tls_cfg c = { .npairs = 0 };
	struct sr_hop to = { .proto = SR_TLS };
	struct side b;
	struct world w;
	struct sr_buf why;

	make_dir();
	ca = make("ca", NULL, NULL, 10, NULL);
	one = make("1", "DNS:one.org", NULL, 10, &ca);
	two = make("2", "DNS:two.org", NULL, 10, &ca);
	fresh = make("3", "DNS:three.org", NULL, 10, &ca);
	pairs[0] = (struct sr_tls_pair){ one.file, NULL };
	pairs[1] = (struct sr_tls_pair){ two.file, two.file };
	c.ca = ca.file;
	begin(&w, &s);
	CHECK_EQ(call(&w, &c, "one.org", NULL), SR_OK);
	CHECK_EQ(call(&w, &c, "two.org", NULL), SR_OK);
	CHECK_EQ(call(&w, &c, "three.org", NULL), SR_EAUTH);
	start(&b, w.l, &c);
	to.remote = w.at;
	CHECK_EQ(sr_transport_send(b.t, &to, SR_STR("two.org"), SR_STR(MSG)),
	    SR_OK);
	for (int i = 0; i < 500 && b.n == 0; i++)
		sr_loop_run_until(w.l, sr_now() + 2 * SR_MSEC);
	/* Another certificate stands in the file now. */
	CHECK_EQ(rename(fresh.file, one.file), 0);
	sr_buf_init(&why, 256);
	CHECK_EQ(sr_tls_reload(w.server.tls, &why), SR_OK);
	CHECK_EQ(call(&w, &c, "three.org", NULL), SR_OK);
	CHECK_EQ(call(&w, &c, "one.org", NULL), SR_EAUTH);
	CHECK_EQ(sr_transport_send(b.t, &to, SR_STR("two.org"), SR_STR(MSG)),
	    SR_OK);
	for (int i = 0; i < 500 && b.n == 1; i++)
		sr_loop_run_until(w.l, sr_now() + 2 * SR_MSEC);
	CHECK_EQ(b.n, 2);
	/* A broken file leaves all as it was. */
	unlink(one.file);
	CHECK_EQ(sr_tls_reload(w.server.tls, &why), SR_EBAD);
	CHECK(why.n > 0);
	CHECK_EQ(call(&w, &c, "three.org", NULL), SR_OK);
	sr_buf_free(&why);
	stop(&b);
	end(&w);
	drop(&ca), drop(&one), drop(&two), drop(&fresh);
	rmdir(dir);
}

TEST(plain_sip_and_silence_are_no_handshake)
{
	struct cert cert;
	struct sr_tls_pair pair;
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct sr_hop to = { .proto = SR_TCP };
	struct sr_tls_cfg c = { .no_verify = true };
	struct side b;
	struct world w;

	make_dir();
	cert = make("x", "DNS:example.com", NULL, 10, NULL);
	pair = (struct sr_tls_pair){ cert.file, NULL };
	begin(&w, &s);
	CHECK_EQ(call(&w, &c, "who.ever", NULL), SR_OK);
	/* Plain SIP on a TLS port, and nothing at all. */
	start(&b, w.l, &c);
	to.remote = w.at;
	CHECK_EQ(sr_transport_send(b.t, &to, SR_STR(""), SR_STR(MSG)), SR_OK);
	for (int i = 0; i < 500 && b.nclosed == 0; i++)
		sr_loop_run_until(w.l, sr_now() + 2 * SR_MSEC);
	CHECK_EQ(b.nclosed, 1);
	to.conn = 0;
	w.server.nclosed = 0;
	CHECK_EQ(sr_transport_send(b.t, &to, SR_STR(""), SR_STR("\r\n")),
	    SR_OK);
	for (int i = 0; i < 500 && w.server.nclosed == 0; i++)
		sr_loop_run_until(w.l, sr_now() + 2 * SR_MSEC);
	CHECK_EQ(w.server.nclosed, 1);
	CHECK(w.server.err != SR_OK);
	CHECK_EQ(w.server.n, 1);
	stop(&b);
	end(&w);
	drop(&cert);
	rmdir(dir);
}

TEST(keys_are_written_only_when_asked_and_for_nobody_else)
{
	struct cert cert;
	struct sr_tls_pair pair;
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct sr_tls_cfg c = { .no_verify = true };
	char file[256], line[64] = "";
	struct stat st;
	struct world w;
	FILE *f;

	make_dir();
	snprintf(file, sizeof(file), "%s/keys", dir);
	cert = make("x", "DNS:example.com", NULL, 10, NULL);
	pair = (struct sr_tls_pair){ cert.file, NULL };
	begin(&w, &s);
	CHECK_EQ(call(&w, &c, "x.org", NULL), SR_OK);
	CHECK(stat(file, &st) != 0);
	c.keylog = file;
	CHECK_EQ(call(&w, &c, "x.org", NULL), SR_OK);
	CHECK_EQ(stat(file, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	if ((f = fopen(file, "r")) != NULL) {
		CHECK(fgets(line, sizeof(line), f) != NULL);
		fclose(f);
	}
	CHECK(strstr(line, "_SECRET ") != NULL ||
	    strstr(line, "CLIENT_RANDOM ") != NULL);
	end(&w);
	unlink(file);
	drop(&cert);
	rmdir(dir);
}

/* What a server that runs for years must not do. */
TEST(a_hundred_handshakes_leave_no_descriptor_behind)
{
	struct sr_transport_stats st;
	struct cert cert;
	struct sr_tls_pair pair;
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct sr_tls_cfg c = { .no_verify = true };
	struct world w;
	int before, after;

	make_dir();
	cert = make("x", "DNS:example.com", NULL, 10, NULL);
	pair = (struct sr_tls_pair){ cert.file, NULL };
	begin(&w, &s);
	before = dup(0);
	close(before);
	for (int i = 0; i < 100; i++)
		CHECK_EQ(call(&w, &c, "who.ever", NULL), SR_OK);
	sr_loop_run_until(w.l, sr_now() + 20 * SR_MSEC);
	after = dup(0);
	close(after);
	CHECK_EQ(after, before);
	sr_transport_stats(w.server.t, &st);
	CHECK_EQ(st.conns, 0);
	CHECK_EQ(st.accepted, 100);
	end(&w);
	drop(&cert);
	rmdir(dir);
}

/* ---- a client that is no transport of ours ---- */

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

/* Does it get through with this version? */
static bool
raw_connect(struct raw *r, struct world *w, int version)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(w->at.port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int ok = 0;

	r->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_cipher_list(r->ctx, "ALL:@SECLEVEL=0");
	SSL_CTX_set_min_proto_version(r->ctx, version);
	SSL_CTX_set_max_proto_version(r->ctx, version);
	r->fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK_EQ(connect(r->fd, (struct sockaddr *)&in, sizeof(in)), 0);
	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	r->ssl = SSL_new(r->ctx);
	SSL_set_fd(r->ssl, r->fd);
	for (int i = 0; i < 500 && ok != 1; i++) {
		ok = SSL_connect(r->ssl);
		if (ok != 1 && SSL_get_error(r->ssl, ok) !=
		    SSL_ERROR_WANT_READ)
			break;
		sr_loop_run_until(w->l, sr_now() + SR_MSEC);
	}
	return ok == 1;
}

static void
raw_close(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
	close(r->fd);
}

TEST(versions_before_1_2_are_refused)
{
	static const struct {
		int version;
		bool good;
	} t[] = { { TLS1_VERSION, false }, { TLS1_1_VERSION, false },
		{ TLS1_2_VERSION, true }, { TLS1_3_VERSION, true } };
	struct cert cert;
	struct sr_tls_pair pair;
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct world w;
	struct raw r;

	make_dir();
	cert = make("x", "DNS:example.com", NULL, 10, NULL);
	pair = (struct sr_tls_pair){ cert.file, NULL };
	begin(&w, &s);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		CHECK_EQ(raw_connect(&r, &w, t[i].version), t[i].good);
		raw_close(&r);
	}
	ERR_clear_error();
	end(&w);
	drop(&cert);
	rmdir(dir);
}

TEST(records_are_no_messages)
{
	struct cert cert;
	struct sr_tls_pair pair;
	struct sr_tls_cfg s = { .pairs = &pair, .npairs = 1 };
	struct world w;
	struct raw r;

	make_dir();
	cert = make("x", "DNS:example.com", NULL, 10, NULL);
	pair = (struct sr_tls_pair){ cert.file, NULL };
	begin(&w, &s);
	CHECK(raw_connect(&r, &w, TLS1_3_VERSION));
	CHECK_EQ(SSL_write(r.ssl, MSG MSG MSG, 3 * (int)strlen(MSG)),
	    3 * strlen(MSG));
	for (int i = 0; i < 500 && w.server.n < 3; i++)
		sr_loop_run_until(w.l, sr_now() + SR_MSEC);
	CHECK_EQ(w.server.n, 3);
	for (size_t i = 0; i < strlen(MSG); i++) {
		CHECK_EQ(SSL_write(r.ssl, MSG + i, 1), 1);
		if (i % 7 == 0)
			sr_loop_run_until(w.l, sr_now());
	}
	for (int i = 0; i < 500 && w.server.n < 4; i++)
		sr_loop_run_until(w.l, sr_now() + SR_MSEC);
	CHECK_EQ(w.server.n, 4);
	raw_close(&r);
	end(&w);
	drop(&cert);
	rmdir(dir);
}
