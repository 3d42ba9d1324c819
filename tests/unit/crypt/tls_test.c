/* Claims about lib/crypt/keylog.c, tls*.c and dtls_watch.c: OpenSSL talks to
 * itself, and we listen. */
#include "unit/test.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "siprec/crypt.h"

enum { MAX_PIECES = 4096 };

/* A talk: both ends, what was on the wire in order, and its secrets. */
static struct {
	SSL_CTX *ctx[2];
	SSL *ssl[2];			/* client, server */
	char *wire[MAX_PIECES];
	size_t n[MAX_PIECES];
	int from[MAX_PIECES];
	size_t npieces;
	char log[16384];
	size_t nlog;
} talk;

static void
on_secret(const SSL *ssl, const char *line)
{
	(void)ssl;
	talk.nlog += (size_t)snprintf(talk.log + talk.nlog,
	    sizeof(talk.log) - talk.nlog, "%s\n", line);
}

static void
certificate(SSL_CTX *ctx, bool rsa)
{
	EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_sign(cert, key, EVP_sha256());
	SSL_CTX_use_certificate(ctx, cert);
	SSL_CTX_use_PrivateKey(ctx, key);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
begin(const SSL_METHOD *method, int version, const char *suites,
    uint64_t options)
{
	memset(&talk, 0, sizeof(talk));
	for (int i = 0; i < 2; i++) {
		SSL_CTX *ctx = talk.ctx[i] = SSL_CTX_new(method);

		SSL_CTX_set_min_proto_version(ctx, version);
		SSL_CTX_set_max_proto_version(ctx, version);
		SSL_CTX_set_security_level(ctx, 0);
		if (version == TLS1_3_VERSION)
			CHECK_EQ(SSL_CTX_set_ciphersuites(ctx, suites), 1);
		else
			CHECK_EQ(SSL_CTX_set_cipher_list(ctx, suites), 1);
		SSL_CTX_set_options(ctx, options);
		SSL_CTX_set_dh_auto(ctx, 1);
		SSL_CTX_set_keylog_callback(ctx, i == 0 ? on_secret : NULL);
	}
	certificate(talk.ctx[1], strstr(suites, "ECDSA") == NULL);
	for (int i = 0; i < 2; i++) {
		talk.ssl[i] = SSL_new(talk.ctx[i]);
		SSL_set_bio(talk.ssl[i], BIO_new(BIO_s_mem()),
		    BIO_new(BIO_s_mem()));
	}
	SSL_set_connect_state(talk.ssl[0]);
	SSL_set_accept_state(talk.ssl[1]);
}

/* Moves what one end has written to the other, and keeps a copy. */
static bool
move(int from)
{
	char *p;
	long n = BIO_get_mem_data(SSL_get_wbio(talk.ssl[from]), &p);
	size_t i = talk.npieces;

	if (n <= 0 || i == MAX_PIECES)
		return false;
	talk.wire[i] = malloc((size_t)n);
	memcpy(talk.wire[i], p, (size_t)n);
	talk.n[i] = (size_t)n;
	talk.from[i] = from;
	talk.npieces++;
	BIO_write(SSL_get_rbio(talk.ssl[!from]), p, (int)n);
	(void)BIO_reset(SSL_get_wbio(talk.ssl[from]));
	return true;
}

static void
say(int from, const char *text)
{
	char heard[32768];

	CHECK(SSL_write(talk.ssl[from], text, (int)strlen(text)) > 0);
	move(from);
	CHECK_EQ(SSL_read(talk.ssl[!from], heard, sizeof(heard)),
	    strlen(text) > 16384 ? 16384 : strlen(text));
	move(!from);
}

static void
shake(void)
{
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(talk.ssl[0]);
		move(0);
		SSL_do_handshake(talk.ssl[1]);
		move(1);
	}
	CHECK(SSL_is_init_finished(talk.ssl[0]));
	CHECK(SSL_is_init_finished(talk.ssl[1]));
	ERR_clear_error();
}

static void
end(void)
{
	for (size_t i = 0; i < talk.npieces; i++)
		free(talk.wire[i]);
	for (int i = 0; i < 2; i++) {
		SSL_free(talk.ssl[i]);
		SSL_CTX_free(talk.ctx[i]);
	}
}

/* ---- what we hear ---- */

static struct {
	char text[2][65536];
	size_t n[2];
	unsigned gaps, closes, notes;
	char why[256];
} heard;

static struct sr_flow
flow_of(int from)
{
	struct sr_addr a = { .ip = { 10, 0, 0, 1 }, .port = 5061, .family = 4 };
	struct sr_addr b = { .ip = { 10, 0, 0, 2 }, .port = 5061, .family = 4 };

	return (struct sr_flow){ .src = from == 0 ? a : b,
	    .dst = from == 0 ? b : a, .proto = SR_TCP };
}

static bool
feed(struct sr_tls_watch *t, enum sr_chunk_kind kind, int from, const char *p,
    size_t n)
{
	struct sr_chunk c = { .kind = kind, .flow = flow_of(from), .time = 7,
	    .num = 9, .cut = kind == SR_GAP ? n : 0 }, out;

	if (kind == SR_BYTES)
		c.data = guarded(p, n);
	if (!sr_tls_watch_feed(t, &c))
		return false;
	while (sr_tls_watch_next(t, &out)) {
		int side = out.flow.src.ip[3] == 1 ? 0 : 1;

		CHECK_EQ(out.flow.proto, SR_TLS);
		CHECK_EQ(out.time, 7);
		heard.gaps += out.kind == SR_GAP;
		heard.closes += out.kind == SR_CLOSE;
		if (out.kind == SR_BROKEN) {
			heard.notes++;
			snprintf(heard.why, sizeof(heard.why), "%s", out.why);
		}
		if (out.kind != SR_BYTES ||
		    heard.n[side] + out.data.n > sizeof(heard.text[0]))
			continue;
		memcpy(heard.text[side] + heard.n[side], out.data.p,
		    out.data.n);
		heard.n[side] += out.data.n;
	}
	return true;
}

/* Listens to the talk in pieces of at most max bytes; with late set all of
 * the client's comes before anything of the server's. */
static void
listen_to(const char *log, size_t max, bool late)
{
	struct sr_keylog *k;
	struct sr_tls_watch *t;

	memset(&heard, 0, sizeof(heard));
	CHECK_EQ(sr_keylog_new(&k, 100), SR_OK);
	CHECK_EQ(sr_keylog_add(k, sr_cstr(log)), SR_OK);
	CHECK_EQ(sr_tls_watch_new(&t, k), SR_OK);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < talk.npieces; i++)
			for (size_t at = 0; at < talk.n[i]; at += max) {
				size_t n = talk.n[i] - at;

				if (late ? talk.from[i] != pass : pass == 1)
					continue;
				feed(t, SR_BYTES, talk.from[i],
				    talk.wire[i] + at, n < max ? n : max);
			}
	sr_tls_watch_free(t);
	sr_keylog_free(k);
}

static void
check_heard(const char *client, const char *server)
{
	CHECK_STR(((struct sr_str){ heard.text[0], heard.n[0] }), client);
	CHECK_STR(((struct sr_str){ heard.text[1], heard.n[1] }), server);
	CHECK_EQ(heard.notes, 0);
}

static void
check_suite(int version, const char *suite, uint64_t options)
{
	begin(TLS_method(), version, suite, options);
	shake();
	say(0, "INVITE sip:a@b SIP/2.0\r\n\r\n");
	say(1, "SIP/2.0 200 OK\r\n\r\n");
	say(0, "ACK");
	listen_to(talk.log, 1 << 20, false);
	check_heard("INVITE sip:a@b SIP/2.0\r\n\r\nACK",
	    "SIP/2.0 200 OK\r\n\r\n");
	listen_to(talk.log, 7, false);
	check_heard("INVITE sip:a@b SIP/2.0\r\n\r\nACK",
	    "SIP/2.0 200 OK\r\n\r\n");
	listen_to(talk.log, 1000, true);
	check_heard("INVITE sip:a@b SIP/2.0\r\n\r\nACK",
	    "SIP/2.0 200 OK\r\n\r\n");
	end();
}

TEST(tls_every_suite_of_12_is_opened)
{
	static const char *const suites[] = { "AES128-GCM-SHA256",
	    "AES256-GCM-SHA384", "AES128-SHA", "AES256-SHA", "AES128-SHA256",
	    "AES256-SHA256", "DHE-RSA-AES128-GCM-SHA256",
	    "DHE-RSA-AES256-GCM-SHA384", "DHE-RSA-AES128-SHA",
	    "DHE-RSA-AES256-SHA256", "DHE-RSA-CHACHA20-POLY1305",
	    "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384",
	    "ECDHE-RSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256",
	    "ECDHE-RSA-AES256-SHA384", "ECDHE-RSA-CHACHA20-POLY1305",
	    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-SHA384",
	    "ECDHE-ECDSA-CHACHA20-POLY1305" };

	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		check_suite(TLS1_2_VERSION, suites[i], 0);
}

TEST(tls_the_mac_before_the_cipher_is_opened_too)
{
	check_suite(TLS1_2_VERSION, "AES128-SHA",
	    SSL_OP_NO_ENCRYPT_THEN_MAC);
	check_suite(TLS1_2_VERSION, "ECDHE-RSA-AES256-SHA384",
	    SSL_OP_NO_ENCRYPT_THEN_MAC);
}

TEST(tls_every_suite_of_13_is_opened)
{
	check_suite(TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	check_suite(TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0);
	check_suite(TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256", 0);
}

TEST(tls_a_key_update_is_followed)
{
	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	shake();
	say(0, "one ");
	SSL_key_update(talk.ssl[0], SSL_KEY_UPDATE_REQUESTED);
	say(0, "two ");
	say(1, "three ");
	say(0, "four");
	listen_to(talk.log, 100, false);
	check_heard("one two four", "three ");
	end();
}

TEST(tls_a_hello_that_has_to_be_repeated_is_followed)
{
	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	SSL_set1_groups_list(talk.ssl[0], "X25519:P-256");
	SSL_set1_groups_list(talk.ssl[1], "P-256");
	shake();
	say(0, "again");
	listen_to(talk.log, 100, false);
	check_heard("again", "");
	listen_to(talk.log, 100, true);
	check_heard("again", "");
	end();
}

/* The lines of the handshake are left out of the log. */
TEST(tls_the_traffic_secrets_alone_are_enough)
{
	char log[16384] = "", *line, *rest;

	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_256_GCM_SHA384", 0);
	shake();
	say(0, "hello");
	say(1, "there");
	for (line = strtok_r(talk.log, "\n", &rest); line != NULL;
	    line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, "TRAFFIC_SECRET_0") != NULL)
			sprintf(log + strlen(log), "%s\r\n", line);
	listen_to(log, 100, false);
	check_heard("hello", "there");
	end();
}

TEST(tls_a_session_that_is_resumed_is_opened)
{
	for (int v = TLS1_2_VERSION; v <= TLS1_3_VERSION; v++) {
		SSL_SESSION *session;
		SSL *again[2];

		begin(TLS_method(), v, v == TLS1_2_VERSION ?
		    "ECDHE-RSA-AES128-GCM-SHA256" : "TLS_AES_128_GCM_SHA256",
		    0);
		shake();
		say(1, "x");
		session = SSL_get1_session(talk.ssl[0]);
		for (int i = 0; i < 2; i++) {
			again[i] = SSL_new(talk.ctx[i]);
			SSL_set_bio(again[i], BIO_new(BIO_s_mem()),
			    BIO_new(BIO_s_mem()));
			SSL_set_quiet_shutdown(talk.ssl[i], 1);
			SSL_shutdown(talk.ssl[i]);
			SSL_free(talk.ssl[i]);
			talk.ssl[i] = again[i];
		}
		while (talk.npieces > 0)
			free(talk.wire[--talk.npieces]);
		SSL_set_session(talk.ssl[0], session);
		SSL_set_connect_state(talk.ssl[0]);
		SSL_set_accept_state(talk.ssl[1]);
		shake();
		CHECK(SSL_session_reused(talk.ssl[0]));
		say(0, "resumed");
		listen_to(talk.log, 100, false);
		check_heard("resumed", "");
		SSL_SESSION_free(session);
		end();
	}
}

TEST(tls_records_that_are_full_are_opened)
{
	static char big[40001];

	memset(big, 'x', sizeof(big) - 1);
	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	shake();
	say(0, big);
	listen_to(talk.log, 1460, false);
	CHECK_EQ(heard.n[0], 40000);
	CHECK_EQ(heard.notes, 0);
	end();
}

TEST(tls_what_cannot_be_opened_is_said_once)
{
	struct sr_keylog *k;
	struct sr_tls_watch *t;

	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	shake();
	say(0, "secret");
	listen_to("# nothing", 100, false);
	CHECK_EQ(heard.n[0], 0);
	CHECK_EQ(heard.notes, 1);
	CHECK(strstr(heard.why, "not in the key log") != NULL);
	/* A changed byte ends it, with a word. */
	talk.wire[talk.npieces - 1][talk.n[talk.npieces - 1] - 1] ^= 1;
	listen_to(talk.log, 100, false);
	CHECK_EQ(heard.notes + (heard.n[0] > 0), 1);
	/* What is no TLS is left alone. */
	CHECK_EQ(sr_keylog_new(&k, 100), SR_OK);
	CHECK_EQ(sr_tls_watch_new(&t, k), SR_OK);
	CHECK(!feed(t, SR_BYTES, 0, "INVITE sip:a@b", 14));
	CHECK(!feed(t, SR_CLOSE, 0, "", 0));
	sr_tls_watch_free(t);
	sr_keylog_free(k);
	end();
}

TEST(tls_an_end_and_a_hole_are_handed_on)
{
	struct sr_keylog *k;
	struct sr_tls_watch *t;

	begin(TLS_method(), TLS1_3_VERSION, "TLS_AES_128_GCM_SHA256", 0);
	shake();
	memset(&heard, 0, sizeof(heard));
	CHECK_EQ(sr_keylog_new(&k, 100), SR_OK);
	CHECK_EQ(sr_keylog_add(k, sr_cstr(talk.log)), SR_OK);
	CHECK_EQ(sr_tls_watch_new(&t, k), SR_OK);
	for (size_t i = 0; i < talk.npieces; i++)
		feed(t, SR_BYTES, talk.from[i], talk.wire[i], talk.n[i]);
	CHECK(feed(t, SR_GAP, 0, NULL, 100));
	CHECK_EQ(heard.gaps, 1);
	CHECK(feed(t, SR_CLOSE, 0, NULL, 0));
	CHECK_EQ(heard.closes, 1);
	/* The ports are used again. */
	memset(&heard, 0, sizeof(heard));
	for (size_t i = 0; i < talk.npieces; i++)
		CHECK(feed(t, SR_BYTES, talk.from[i], talk.wire[i],
		    talk.n[i]));
	sr_tls_watch_free(t);
	sr_keylog_free(k);
	end();
}

TEST(tls_a_hole_costs_no_more_than_what_was_in_it)
{
	static const char *const suites[] = { "ECDHE-RSA-AES128-GCM-SHA256",
	    "AES128-SHA", "ECDHE-RSA-CHACHA20-POLY1305",
	    "TLS_AES_128_GCM_SHA256" };

	for (int i = 0; i < 4; i++) {
		struct sr_keylog *k;
		struct sr_tls_watch *t;
		size_t last, n;

		begin(TLS_method(), i == 3 ? TLS1_3_VERSION : TLS1_2_VERSION,
		    suites[i], 0);
		shake();
		say(0, "one ");
		last = talk.npieces;
		for (int j = 0; j < 5; j++)
			say(0, "lost ");
		say(0, "two ");
		say(0, "three");
		memset(&heard, 0, sizeof(heard));
		CHECK_EQ(sr_keylog_new(&k, 100), SR_OK);
		CHECK_EQ(sr_keylog_add(k, sr_cstr(talk.log)), SR_OK);
		CHECK_EQ(sr_tls_watch_new(&t, k), SR_OK);
		for (size_t p = 0; p < talk.npieces; p++) {
			n = talk.n[p];
			if (p == last)	/* the rest of a record is there */
				feed(t, SR_GAP, 0, NULL, 5 * n - 9);
			if (p == last + 4)
				feed(t, SR_BYTES, 0, talk.wire[p] + n - 9, 9);
			if (p < last || p > last + 4)
				feed(t, SR_BYTES, talk.from[p], talk.wire[p],
				    n);
		}
		CHECK_EQ(heard.gaps, 1);
		check_heard("one two three", "");
		sr_tls_watch_free(t);
		sr_keylog_free(k);
		end();
	}
}

TEST(keylog_takes_what_it_knows_and_has_an_end)
{
	static const char r[] = "000102030405060708090a0b0c0d0e0f"
	    "101112131415161718191a1b1c1d1e1f";
	struct sr_keylog *k;
	char line[512];

	CHECK_EQ(sr_keylog_new(&k, 2), SR_OK);
	CHECK_EQ(sr_keylog_add(k, SR_STR("# comment\nnonsense\nCLIENT_RANDOM "
	    "00 11\nCLIENT_RANDOM\n\n \nRSA 1 2\n")), SR_OK);
	CHECK_EQ(sr_keylog_count(k), 0);
	snprintf(line, sizeof(line), "CLIENT_RANDOM %s %s\r\nOTHER %s %s", r,
	    r, r, r);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(sr_keylog_add(k, guarded(line, strlen(line))),
		    SR_OK);
	CHECK_EQ(sr_keylog_count(k), 1);
	snprintf(line, sizeof(line), "SERVER_TRAFFIC_SECRET_0 %s %s", r, r);
	CHECK_EQ(sr_keylog_add(k, sr_cstr(line)), SR_OK);
	snprintf(line, sizeof(line), "CLIENT_TRAFFIC_SECRET_0 %s %s", r, r);
	CHECK_EQ(sr_keylog_add(k, sr_cstr(line)), SR_ELIMIT);
	sr_keylog_free(k);
}

/* ---- DTLS-SRTP ---- */

TEST(dtls_watch_finds_the_keys_that_both_ends_export)
{
	static const char *const profiles[] = { "SRTP_AES128_CM_SHA1_80",
	    "SRTP_AES128_CM_SHA1_32", "SRTP_AEAD_AES_128_GCM",
	    "SRTP_AEAD_AES_256_GCM" };

	for (int i = 0; i < 4; i++) {
		uint8_t want[92];
		struct sr_dtls_watch *w;
		struct sr_dtls_keys got;
		struct sr_keylog *k;
		struct sr_flow f;
		unsigned found = 0;

		begin(DTLS_method(), DTLS1_2_VERSION,
		    i % 2 ? "ECDHE-RSA-AES256-GCM-SHA384" :
		    "ECDHE-RSA-AES128-GCM-SHA256", SSL_OP_NO_QUERY_MTU);
		for (int s = 0; s < 2; s++) {
			SSL_set_tlsext_use_srtp(talk.ssl[s], profiles[i]);
			SSL_set_mtu(talk.ssl[s], 1200);
		}
		shake();
		CHECK_EQ(SSL_export_keying_material(talk.ssl[0], want,
		    sizeof(want), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0), 1);
		CHECK_EQ(sr_keylog_new(&k, 100), SR_OK);
		CHECK_EQ(sr_keylog_add(k, sr_cstr(talk.log)), SR_OK);
		CHECK_EQ(sr_dtls_watch_new(&w, k), SR_OK);
		for (size_t p = 0; p < talk.npieces; p++) {
			struct sr_chunk c = { .kind = SR_DGRAM,
			    .flow = flow_of(talk.from[p]),
			    .data = guarded(talk.wire[p], talk.n[p]) };

			c.flow.proto = SR_UDP;
			if (sr_dtls_watch_feed(w, &c, &got, &f) != SR_OK)
				continue;
			found++;
			CHECK_EQ(f.src.ip[3], 1);
			CHECK(memcmp(got.send.key.p, want,
			    got.send.key.n) == 0);
			CHECK(memcmp(got.receive.key.p, want +
			    got.send.key.n, got.receive.key.n) == 0);
			CHECK(memcmp(got.receive.salt.p, want +
			    2 * got.send.key.n + got.send.salt.n,
			    got.receive.salt.n) == 0);
		}
		CHECK_EQ(found, 1);
		sr_dtls_watch_free(w);
		sr_keylog_free(k);
		end();
	}
}
