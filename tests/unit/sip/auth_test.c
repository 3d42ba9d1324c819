/* Claims about lib/sip/auth.c, auth_server.c and nonce.c. */
#include "unit/test.h"

#include "siprec/crypt.h"
#include "siprec/sip.h"

#define C (&sr_crypto_openssl)

static struct sr_buf out;

static void
fresh(void)
{
	sr_buf_free(&out);
	sr_buf_init(&out, 10000);
}

static bool
has(const char *text)
{
	return sr_strfind(sr_buf_str(&out), sr_cstr(text)) < out.n;
}

/* ---- headers ---- */

TEST(auth_reads_any_order_and_quoting)
{
	struct sr_auth a;

	CHECK_EQ(sr_auth_parse(&a, SR_STR("digest  NONCE=abc ,, realm=\"a, "
	    "\\\"b\\\"\",x=y, stale = TRUE,algorithm=\"sha-256-SESS\", "
	    "qop=\"auth,auth-int\",userhash=true,flag")), SR_OK);
	CHECK_STR(a.realm, "a, \\\"b\\\"");
	CHECK_STR(a.nonce, "abc");
	CHECK_STR(a.qop, "auth,auth-int");
	CHECK(a.stale && a.userhash && a.known && a.session);
	CHECK_EQ(a.alg, SR_SHA256);
	CHECK(a.user.p == NULL);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("Digest realm=\"\",nonce=\"\"")),
	    SR_OK);
	CHECK(a.known && a.alg == SR_MD5 && !a.session);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("Digest realm=r,nonce=n,"
	    "algorithm=AKAv1-MD5")), SR_OK);
	CHECK(!a.known);
}

TEST(auth_refuses_what_is_no_digest)
{
	struct sr_auth a;

	CHECK_EQ(sr_auth_parse(&a, SR_STR("Basic QTpC")), SR_EUNSUP);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("")), SR_EUNSUP);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("Digest realm=r")), SR_EBAD);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("Digest nonce=r")), SR_EBAD);
	CHECK_EQ(sr_auth_parse(&a, SR_STR("Digest realm=r,nonce=n,realm=r")),
	    SR_EBAD);
}

TEST(auth_every_prefix_is_read_without_harm)
{
	static const char text[] = "Digest username=\"a\\\"b\", realm=\"r\", "
	    "nonce=\"n\", uri=\"sip:x\", algorithm=MD5-sess, nc=00000001";
	struct sr_auth a;

	for (size_t n = 0; n < sizeof(text); n++)
		sr_auth_parse(&a, guarded(text, n));
	CHECK_STR(a.user, "a\\\"b");
}

/* ---- the client ---- */

#define NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
#define CHALLENGE "Digest realm=\"http-auth@example.org\", "		\
	"qop=\"auth, auth-int\", nonce=\"" NONCE "\", opaque=\"" OPAQUE	\
	"\", algorithm="

static struct sr_auth_try
mufasa(void)
{
	return (struct sr_auth_try){ SR_STR("Mufasa"),
	    SR_STR("Circle of Life"), SR_STR("GET"),
	    SR_STR("/dir/index.html"),
	    SR_STR("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"), 1 };
}

TEST(auth_computes_the_examples_of_rfc_7616)
{
	struct sr_auth_try t = mufasa();
	struct sr_auth a;

	fresh();
	CHECK_EQ(sr_auth_parse(&a, SR_STR(CHALLENGE "SHA-256")), SR_OK);
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_OK);
	CHECK_STR(sr_buf_str(&out), "Digest username=\"Mufasa\", "
	    "realm=\"http-auth@example.org\", nonce=\"" NONCE "\", "
	    "uri=\"/dir/index.html\", response=\"753927fa0e85d155564e2e272a"
	    "28d1802ca10daf4496794697cf8db5856cb6c1\", opaque=\"" OPAQUE
	    "\", algorithm=SHA-256, cnonce=\""
	    "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "
	    "nc=00000001");
	fresh();
	CHECK_EQ(sr_auth_parse(&a, SR_STR(CHALLENGE "MD5")), SR_OK);
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_OK);
	CHECK(has("response=\"8ca523f5e9506fed4657c9700eebdbec\""));
}

TEST(auth_computes_what_others_compute)
{
	struct sr_auth_try t = { SR_STR("rec"), SR_STR("secret"),
	    SR_STR("INVITE"), SR_STR("sip:srs@example.com"), SR_STR("xyz"),
	    1 };
	struct sr_auth a;

	fresh();
	sr_auth_parse(&a, SR_STR("Digest realm=\"example.com\",nonce=\"abc\","
	    "qop=\"auth\",algorithm=SHA-512-256"));
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_OK);
	CHECK(has("\"34dac47b5ab1482429db4ae96174bbd6c04e4bd24976068a52caa2b"
	    "e89d7cbe6\""));
	/* RFC 2069: neither qop nor algorithm. */
	fresh();
	sr_auth_parse(&a, SR_STR("Digest realm=\"example.com\",nonce=\"abc\""));
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_OK);
	CHECK(has("\"2bbfa9121a3f45f998879a6db8564797\""));
	CHECK(!has("nc=") && !has("algorithm") && !has("cnonce"));
	fresh();
	sr_auth_parse(&a, SR_STR("Digest realm=\"example.com\",nonce=\"abc\","
	    "qop=\"auth\",algorithm=MD5-sess"));
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_OK);
	CHECK(has("\"9f58b95eebc90d3c6a4d425f17d3ec85\""));
	CHECK(has("algorithm=MD5-sess"));
}

TEST(auth_answers_only_what_it_can)
{
	struct sr_auth_try t = mufasa();
	struct sr_auth a;

	fresh();
	sr_auth_parse(&a, SR_STR("Digest realm=r,nonce=n,qop=auth-int"));
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_EUNSUP);
	sr_auth_parse(&a, SR_STR("Digest realm=r,nonce=n,algorithm=X"));
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_EUNSUP);
	sr_auth_parse(&a, SR_STR("Digest realm=r,nonce=n"));
	t.uri = SR_STR("a\"b");
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_EBAD);
	t = mufasa();
	t.user = SR_STR("a\nb");
	CHECK_EQ(sr_auth_answer(&out, C, &a, &t), SR_EBAD);
	CHECK_EQ(out.n, 0);
}

TEST(auth_takes_the_topmost_challenge_it_knows)	/* AU-05 */
{
	struct sr_auth a;
	struct sr_msg m;

	CHECK_EQ(sr_msg_parse(&m, SR_STR("SIP/2.0 401 Unauthorized\r\n"
	    "Call-ID: 1\r\n"
	    "Proxy-Authenticate: Digest realm=p,nonce=p\r\n"
	    "WWW-Authenticate: Basic realm=x\r\n"
	    "WWW-Authenticate: Digest realm=a,nonce=1,algorithm=NEW\r\n"
	    "WWW-Authenticate: Digest realm=b,nonce=2,algorithm=SHA-256,"
	    "qop=auth\r\n"
	    "WWW-Authenticate: Digest realm=c,nonce=3,qop=auth\r\n\r\n")),
	    SR_OK);
	CHECK_EQ(sr_auth_choose(&a, &m), SR_OK);
	CHECK_STR(a.realm, "b");
	m.status = 407;
	CHECK_EQ(sr_auth_choose(&a, &m), SR_OK);
	CHECK_STR(a.realm, "p");
	m.nheaders = 0;
	CHECK_EQ(sr_auth_choose(&a, &m), SR_ENOENT);
	sr_msg_free(&m);
}

/* ---- credentials ---- */

TEST(auth_credentials_are_read_back)
{
	struct sr_auth_users u;
	size_t line;

	fresh();
	sr_buf_add(&out, SR_STR("# who may\n\n"));
	CHECK_EQ(sr_auth_line(&out, C, SR_SHA512_256, SR_STR("Mufasa"),
	    SR_STR("http-auth@example.org"), SR_STR("Circle of Life")), SR_OK);
	CHECK(has("Mufasa:http-auth@example.org:SHA-512-256:fb174f5c3c7802721"
	    "517cae13b98e2b8dae2e0118cb705d94ee29946319204ce\n"));
	CHECK_EQ(sr_auth_line(&out, C, SR_MD5, SR_STR("a"),
	    SR_STR("sip:r:x"), SR_STR("p:\"")), SR_OK);
	CHECK_EQ(sr_auth_users_read(&u, sr_buf_str(&out), &line), SR_OK);
	CHECK_EQ(u.n, 2);
	CHECK_STR(u.v[1].realm, "sip:r:x");
	CHECK_EQ(u.v[0].alg, SR_SHA512_256);
	CHECK_EQ(u.v[0].ha1[0], 0xfb);
	sr_auth_users_free(&u);
}

TEST(auth_credentials_that_are_wrong_name_their_line)
{
#define H16 "00112233445566778899aabbccddeeff"
	static const struct {
		const char *text;
		int want;
		size_t line;
	} v[] = {
		{ "", SR_OK, 0 }, { "#x\n \n", SR_OK, 0 },
		{ "a:r:MD5:" H16 "\n\nb:r:MD5:" H16, SR_OK, 0 },
		{ "a:r:md5:" H16, SR_OK, 0 },
		{ "a:r:MD5:" H16 "\nrubbish\n", SR_EBAD, 2 },
		{ "a:r:MD5:" H16 "00", SR_EBAD, 1 },
		{ "a:r:SHA-256:" H16, SR_EBAD, 1 },
		{ "a:r:SHA-1:" H16, SR_EBAD, 1 },
		{ ":r:MD5:" H16, SR_EBAD, 1 },
		{ "a::MD5:" H16, SR_EBAD, 1 },
		{ "a:\"r:MD5:" H16, SR_EBAD, 1 },
		{ "a:MD5:" H16, SR_EBAD, 1 },
		{ "b:r:MD5:" H16 "\na:r:MD5:" H16 "\n\nb:r:MD5:" H16,
		    SR_EBAD, 4 }
	};
	struct sr_auth_users u;
	size_t line;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		CHECK_EQ(sr_auth_users_read(&u, guarded(v[i].text,
		    strlen(v[i].text)), &line), v[i].want);
		if (v[i].want != SR_OK)
			CHECK_EQ(line, v[i].line);
		sr_auth_users_free(&u);
	}
	fresh();
	CHECK_EQ(sr_auth_line(&out, C, SR_MD5, SR_STR("a:b"), SR_STR("r"),
	    SR_STR("p")), SR_EBAD);
	CHECK_EQ(sr_auth_line(&out, C, SR_MD5, SR_STR("a"), SR_STR("r\n"),
	    SR_STR("p")), SR_EBAD);
	CHECK_EQ(sr_auth_line(&out, C, SR_SHA1, SR_STR("a"), SR_STR("r"),
	    SR_STR("p")), SR_EUNSUP);
	CHECK_EQ(out.n, 0);
}

/* ---- the server ---- */

static struct sr_auth_users users;
static struct sr_auth_nonces nonces;
static struct sr_auth_server server;
static struct sr_buf file;

static void
add_user(const char *user, enum sr_digest alg)
{
	sr_auth_line(&file, C, alg, sr_cstr(user), SR_STR("rec"),
	    SR_STR("secret"));
}

static void
start(void)
{
	size_t line;

	sr_auth_users_free(&users);
	CHECK_EQ(sr_auth_users_read(&users, sr_buf_str(&file), &line), SR_OK);
	memset(&nonces, 0, sizeof(nonces));
	server = (struct sr_auth_server){ .crypto = C, .users = &users,
	    .nonces = &nonces, .realm = SR_STR("rec"), .life = 300 * SR_SEC,
	    .secret = { 1, 2, 3 } };
}

static void
start_with_bob(void)
{
	sr_buf_free(&file);
	sr_buf_init(&file, 10000);
	add_user("bob", SR_SHA512_256);
	add_user("bob", SR_SHA256);
	add_user("bob", SR_MD5);
	start();
}

/* The algorithms of the challenges, in order. */
static void
check_offered(const char *want)
{
	struct sr_buf algs;
	struct sr_auth a;

	sr_buf_init(&algs, 200);
	for (size_t i = 0;; i++) {
		fresh();
		if (sr_auth_challenge(&out, &server, i, false, 0) != SR_OK)
			break;
		CHECK_EQ(sr_auth_parse(&a, sr_buf_str(&out)), SR_OK);
		CHECK_STR(a.realm, "rec");
		CHECK_STR(a.qop, "auth");
		sr_buf_fmt(&algs, "%.*s ", SR_FMT(a.algorithm));
	}
	CHECK_STR(sr_buf_str(&algs), want);
	sr_buf_free(&algs);
}

TEST(auth_challenges_are_best_first)			/* AU-01 */
{
	start_with_bob();
	check_offered("SHA-512-256 SHA-256 ");
	server.md5 = true;
	check_offered("SHA-512-256 SHA-256 MD5 ");
	add_user("carol", SR_SHA256);
	start();
	check_offered("SHA-256 ");
	add_user("dave", SR_SHA512_256);
	start();
	check_offered("SHA-512-256 SHA-256 ");
	server.realm = SR_STR("rec");
	sr_auth_users_free(&users);
	check_offered("SHA-512-256 SHA-256 ");
}

#define T0 (1700000000 * SR_SEC)

static struct sr_auth_try
bob(void)
{
	return (struct sr_auth_try){ SR_STR("bob"), SR_STR("secret"),
	    SR_STR("INVITE"), SR_STR("sip:srs@example.com"), SR_STR("cn"),
	    1 };
}

/* Answers challenge, in an INVITE to uri at a time. */
static enum sr_auth_verdict
knock(const char *challenge, const struct sr_auth_try *t, const char *uri,
    sr_time now)
{
	enum sr_auth_verdict v;
	struct sr_buf raw;
	struct sr_auth a;
	struct sr_str user;
	struct sr_msg m;

	CHECK_EQ(sr_auth_parse(&a, sr_cstr(challenge)), SR_OK);
	sr_buf_init(&raw, 10000);
	sr_buf_fmt(&raw, "INVITE %s SIP/2.0\r\nCall-ID: 1\r\n"
	    "Authorization: ", uri);
	CHECK_EQ(sr_auth_answer(&raw, C, &a, t), SR_OK);
	sr_buf_add(&raw, SR_STR("\r\n\r\n"));
	CHECK_EQ(sr_msg_parse(&m, sr_buf_str(&raw)), SR_OK);
	v = sr_auth_check(&server, &m, now, &user);
	CHECK_EQ(user.p != NULL, v == SR_AUTH_OK);
	if (v == SR_AUTH_OK)
		CHECK(sr_streq(user, t->user));
	sr_msg_free(&m);
	sr_buf_free(&raw);
	return v;
}

static const char *
challenge(size_t i, sr_time now)
{
	static char text[2000];

	fresh();
	CHECK_EQ(sr_auth_challenge(&out, &server, i, false, now), SR_OK);
	snprintf(text, sizeof(text), "%.*s", SR_FMT(sr_buf_str(&out)));
	return text;
}

#define URI "sip:srs@example.com"

TEST(auth_the_right_password_opens)
{
	struct sr_auth_try t = bob();
	const char *ch;

	start_with_bob();
	server.md5 = true;
	for (size_t i = 0; i < 3; i++) {
		ch = challenge(i, T0);
		CHECK_EQ(knock(ch, &t, URI, T0 + SR_SEC), SR_AUTH_OK);
	}
	t.password = SR_STR("Secret");
	CHECK_EQ(knock(challenge(0, T0), &t, URI, T0), SR_AUTH_WRONG);
	t = bob();
	t.user = SR_STR("eve");
	CHECK_EQ(knock(challenge(0, T0), &t, URI, T0), SR_AUTH_WRONG);
	t = bob();
	t.method = SR_STR("BYE");
	CHECK_EQ(knock(challenge(0, T0), &t, URI, T0), SR_AUTH_WRONG);
	ch = challenge(2, T0);
	server.md5 = false;
	t = bob();
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_WRONG);
}

TEST(auth_a_count_is_used_once)			/* AU-02 */
{
	struct sr_auth_try t = bob();
	const char *ch;

	start_with_bob();
	ch = challenge(0, T0);
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
	t.nc = 3;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	t.nc = 2;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
	t.nc = 100;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	t.nc = 4;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
	t.nc = 69;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	t.nc = 68;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
	t.nc = 0;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
}

TEST(auth_a_nonce_grows_old_and_is_ours)		/* AU-02 */
{
	struct sr_auth_try t = bob();
	char other[2000], *at;
	const char *ch;

	start_with_bob();
	ch = challenge(0, T0);
	CHECK_EQ(knock(ch, &t, URI, T0 + 300 * SR_SEC), SR_AUTH_OK);
	t.nc = 2;
	CHECK_EQ(knock(ch, &t, URI, T0 + 301 * SR_SEC), SR_AUTH_STALE);
	ch = challenge(0, T0);
	server.secret[31] ^= 1;
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_STALE);
	server.secret[31] ^= 1;
	snprintf(other, sizeof(other), "%s", ch);
	at = strstr(other, "nonce=\"") + 7;
	*at = *at == '0' ? '1' : '0';
	CHECK_EQ(knock(other, &t, URI, T0), SR_AUTH_STALE);
	CHECK_EQ(knock(ch, &t, URI, T0), SR_AUTH_OK);
	fresh();
	CHECK_EQ(sr_auth_challenge(&out, &server, 0, true, T0), SR_OK);
	CHECK(has(", stale=true"));
}

TEST(auth_what_the_table_forgets_is_not_used_again)
{
	struct sr_auth_try t = bob();
	char first[2000];

	start_with_bob();
	snprintf(first, sizeof(first), "%s", challenge(0, T0));
	CHECK_EQ(knock(first, &t, URI, T0), SR_AUTH_OK);
	for (int i = 1; i <= SR_NONCES; i++)
		CHECK_EQ(knock(challenge(0, T0 + i), &t, URI, T0 + i),
		    SR_AUTH_OK);
	CHECK_EQ(knock(first, &t, URI, T0 + 500), SR_AUTH_STALE);
	t.nc = 2;
	CHECK_EQ(knock(first, &t, URI, T0 + 500), SR_AUTH_STALE);
	/* Old ones make room without a trace. */
	t.nc = 1;
	CHECK_EQ(knock(challenge(0, T0 + 400 * SR_SEC), &t, URI,
	    T0 + 400 * SR_SEC), SR_AUTH_OK);
}

TEST(auth_the_uri_is_that_of_the_request)		/* AU-04 */
{
	struct sr_auth_try t = bob();

	start_with_bob();
	CHECK_EQ(knock(challenge(0, T0), &t, "sip:srs@EXAMPLE.com:5070;lr",
	    T0), SR_AUTH_OK);
	CHECK_EQ(knock(challenge(0, T0), &t, "sip:other@example.com", T0),
	    SR_AUTH_WRONG);
	CHECK_EQ(knock(challenge(0, T0), &t, "sip:srs@example.org", T0),
	    SR_AUTH_WRONG);
}

static enum sr_auth_verdict
check_raw(const char *headers)
{
	enum sr_auth_verdict v;
	struct sr_str user;
	struct sr_msg m;
	char text[3000];

	snprintf(text, sizeof(text), "INVITE " URI " SIP/2.0\r\n"
	    "Call-ID: 1\r\n%s\r\n", headers);
	CHECK_EQ(sr_msg_parse(&m, sr_cstr(text)), SR_OK);
	v = sr_auth_check(&server, &m, T0, &user);
	sr_msg_free(&m);
	return v;
}

#define AUTH "Authorization: Digest realm=rec,nonce=x,username=bob"
#define HASH ",response=00000000000000000000000000000000"

TEST(auth_other_headers_are_nobody)
{
	start_with_bob();
	server.md5 = true;
	CHECK_EQ(check_raw(""), SR_AUTH_NONE);
	CHECK_EQ(check_raw("Authorization: Basic QQ==\r\n"), SR_AUTH_NONE);
	CHECK_EQ(check_raw("Authorization: Digest realm=x,nonce=y\r\n"),
	    SR_AUTH_NONE);
	CHECK_EQ(check_raw("Authorization: Digest realm=x\r\n"), SR_AUTH_BAD);
	CHECK_EQ(check_raw(AUTH "\r\n"), SR_AUTH_BAD);
	CHECK_EQ(check_raw(AUTH HASH ",uri=\"" URI "\"\r\n"), SR_AUTH_WRONG);
	CHECK_EQ(check_raw(AUTH HASH ",uri=\"" URI "\",qop=auth\r\n"),
	    SR_AUTH_BAD);
	CHECK_EQ(check_raw(AUTH HASH ",uri=\"" URI "\",qop=auth,nc=1,"
	    "cnonce=x\r\n"), SR_AUTH_BAD);
	CHECK_EQ(check_raw(AUTH HASH ",uri=\"" URI "\",qop=auth-int,"
	    "nc=00000001,cnonce=x\r\n"), SR_AUTH_WRONG);
	CHECK_EQ(check_raw(AUTH HASH "0,uri=\"" URI "\"\r\n"), SR_AUTH_WRONG);
	sr_auth_users_free(&users);
	sr_buf_free(&file);
	sr_buf_free(&out);
}
