/* Claims about the Identity header: lib/sip/passport.c, claims.c, date.c.  The
 * signature itself is for lib/crypt: here one is good, by its bytes. */
#include "unit/test.h"

#include "siprec/sip.h"

#define NOW (1443208345 * SR_SEC)	/* the example of RFC 8224 */
#define DATE "Date: Fri, 25 Sep 2015 19:12:25 GMT\r\n"
#define INFO ";info=<https://cert.example.org/passport.cer>"

static struct sr_buf asked;		/* alg|uri|domain|text */
static int answer;

static int
verify(const struct sr_signers *from, const struct sr_signature *sig,
    sr_time now)
{
	(void)from, (void)now;
	asked.n = 0;
	sr_buf_fmt(&asked, "%.*s|%.*s|%.*s|%.*s", SR_FMT(sig->alg),
	    SR_FMT(sig->uri), SR_FMT(sig->domain), SR_FMT(sig->text));
	return answer != SR_OK ? answer : sr_streq(sig->bytes,
	    SR_STR("good")) ? SR_OK : SR_EAUTH;
}

static const struct sr_crypto crypto = { .verify = verify };

struct scene {
	const char *from, *to, *sdp;
	sr_time now;
	struct sr_msg m;
	struct sr_body b;
	struct sr_buf raw;
	struct sr_passport p;
};

static enum sr_passport_verdict
check(struct scene *s, const char *headers)
{
	sr_buf_init(&s->raw, 1 << 20);
	sr_buf_fmt(&s->raw, "INVITE sip:x SIP/2.0\r\nFrom: <%s>;tag=1\r\n"
	    "To: <%s>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n%s%s\r\n%s",
	    s->from != NULL ? s->from :
	    "sip:12155551212@example.com;user=phone",
	    s->to != NULL ? s->to : "sip:alice@example.com", headers,
	    s->sdp != NULL ? "Content-Type: application/sdp\r\n" : "",
	    s->sdp != NULL ? s->sdp : "");
	sr_buf_free(&asked);
	sr_buf_init(&asked, 1 << 16);
	CHECK_EQ(sr_msg_parse(&s->m, sr_buf_str(&s->raw)), SR_OK);
	CHECK_EQ(sr_body_split(&s->b, &s->m), SR_OK);
	sr_passport_check(&s->p, &s->m, &s->b, &crypto, NULL, s->now > 0 ?
	    s->now : NOW);
	return s->p.verdict;
}

static void
done(struct scene *s)
{
	sr_passport_free(&s->p);
	sr_body_free(&s->b);
	sr_msg_free(&s->m);
	sr_buf_free(&s->raw);
	sr_buf_free(&asked);
}

static enum sr_passport_verdict
verdict(struct scene s, const char *headers)
{
	enum sr_passport_verdict v = check(&s, headers);

	done(&s);
	return v;
}

/* What was signed, decoded: "head.claims". */
static const char *
signed_text(struct scene s, const char *headers)
{
	static char text[4096];
	struct sr_str v, part;
	struct sr_buf out;
	int cut = 3;

	check(&s, headers);
	sr_buf_init(&out, sizeof(text));
	v = sr_buf_str(&asked);
	while (cut-- > 0)
		sr_strcut(&v, '|', &part);
	sr_strcut(&v, '.', &part);
	sr_base64url_read(&out, part);
	sr_buf_addc(&out, '.');
	sr_base64url_read(&out, v);
	snprintf(text, sizeof(text), "%.*s", SR_FMT(out));
	sr_buf_free(&out);
	done(&s);
	return text;
}

/* "Z29vZA" is "good". */
#define COMPACT "Identity: ..Z29vZA" INFO "\r\n"

/* A full form of these two objects, signed so. */
static const char *
full(const char *head, const char *claims, const char *sig)
{
	static char text[8192];
	struct sr_buf b;

	sr_buf_init(&b, sizeof(text));
	sr_buf_fmt(&b, DATE "Identity: ");
	sr_base64url_add(&b, head, strlen(head));
	sr_buf_addc(&b, '.');
	sr_base64url_add(&b, claims, strlen(claims));
	sr_buf_fmt(&b, ".%s" INFO "\r\n", sig);
	snprintf(text, sizeof(text), "%.*s", SR_FMT(b));
	sr_buf_free(&b);
	return text;
}

#define HEAD "{\"alg\":\"ES256\",\"typ\":\"passport\","		\
	"\"x5u\":\"https://cert.example.org/passport.cer\"}"
#define CLAIMS "{\"dest\":{\"uri\":[\"sip:alice@example.com\"]},"	\
	"\"iat\":1443208345,\"orig\":{\"tn\":\"12155551212\"}}"

TEST(passport_compact_is_what_rfc_8225_signs)
{
	struct scene s = { .now = 0 };

	CHECK_EQ(check(&s, DATE COMPACT), SR_PASSPORT_GOOD);
	CHECK_STR(s.p.orig, "12155551212");
	CHECK_STR(s.p.dest, "sip:alice@example.com");
	CHECK_STR(sr_cstr(s.p.why), "");
	done(&s);
	CHECK_STR(sr_cstr(signed_text(s, DATE COMPACT)), HEAD "." CLAIMS);
	/* Appendix A, whose time is another. */
	check(&s, "Date: Tue, 16 Aug 2016 19:23:38 GMT\r\n" COMPACT);
	CHECK_STR(sr_buf_str(&asked),
	    "ES256|https://cert.example.org/passport.cer||"
	    "eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9"
	    "jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9."
	    "eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI"
	    "6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19");
	done(&s);
}

static void
canonical(const char *uri, const char *want)
{
	struct scene s = { .from = uri };

	check(&s, "");
	CHECK_STR(s.p.orig, want);
	done(&s);
}

TEST(passport_names_are_canonical)
{
	canonical("sip:Bob@Example.COM:5060;transport=tcp?x=y",
	    "sip:bob@example.com");
	canonical("sips:bob:secret@example.com", "sips:bob@example.com");
	canonical("sip:b%6Fb%2f@example.com", "sip:bob%2F@example.com");
	canonical("sip:example.com", "sip:example.com");
	canonical("sip:bob@[2001:DB8::1]:5060", "sip:bob@[2001:db8::1]");
	canonical("tel:+1-215-555-1212;ext=1", "12155551212");
	canonical("sip:+1(215)555.1212@example.com", "12155551212");
	canonical("sip:911@example.com;user=phone", "911");
	canonical("sip:%2321;phone-context=x@a.com;user=phone", "#21");
	/* Nothing says that it is one. */
	canonical("sip:2000@example.com", "sip:2000@example.com");
	/* That is none. */
	canonical("sip:+1bob@example.com", "sip:+1bob@example.com");
	canonical("sip:1234567890123456@a.com;user=phone",
	    "sip:1234567890123456@a.com");
	canonical("http://Example.com", "http://example.com");
}

TEST(passport_signer_must_own_the_domain_of_a_uri_but_of_no_number)
{
	struct scene s = { .from = "sip:bob@example.com" };

	check(&s, DATE COMPACT);
	CHECK(sr_strfind(sr_buf_str(&asked), SR_STR("|example.com|")) <
	    asked.n);
	done(&s);
	s.from = NULL;
	check(&s, DATE COMPACT);
	CHECK(sr_strfind(sr_buf_str(&asked), SR_STR("|example.com|")) ==
	    asked.n);
	done(&s);
}

TEST(passport_that_is_absent_or_of_another_type_is_none)
{
	struct scene s = { .now = 0 };

	CHECK_EQ(verdict(s, DATE), SR_PASSPORT_NONE);
	CHECK_EQ(verdict(s, DATE "Identity: ..Z29vZA" INFO
	    ";ppt=\"shaken\"\r\n"), SR_PASSPORT_NONE);
	CHECK_EQ(verdict(s, full("{\"alg\":\"ES256\",\"ppt\":\"shaken\","
	    "\"typ\":\"passport\",\"x5u\":"
	    "\"https://cert.example.org/passport.cer\"}", CLAIMS, "Z29vZA")),
	    SR_PASSPORT_NONE);
}

TEST(passport_is_fresh_for_a_minute)
{
	struct scene s = { .now = NOW + 60 * SR_SEC };

	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_GOOD);
	s.now = NOW + 61 * SR_SEC;
	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_STALE);
	s.now = NOW - 61 * SR_SEC;
	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_STALE);
	/* What was signed as time counts, and not what Date was made to be. */
	s.now = NOW + 61 * SR_SEC;
	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "Z29vZA")), SR_PASSPORT_STALE);
	s.now = 0;
	CHECK_EQ(verdict(s, COMPACT), SR_PASSPORT_INVALID);
	CHECK_EQ(verdict(s, "Date: yesterday\r\n" COMPACT),
	    SR_PASSPORT_INVALID);
}

TEST(passport_full_form_must_say_what_the_request_says)
{
	struct scene s = { .now = 0 };

	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "Z29vZA")), SR_PASSPORT_GOOD);
	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "ZXZpbA")),
	    SR_PASSPORT_INVALID);
	CHECK_EQ(verdict(s, full("{\"alg\":\"ES256\",\"typ\":\"passport\","
	    "\"x5u\":\"https://cert.example.org/other.cer\"}", CLAIMS,
	    "Z29vZA")), SR_PASSPORT_INVALID);
	CHECK_EQ(verdict(s, full("{\"alg\":\"none\",\"typ\":\"passport\","
	    "\"x5u\":\"https://cert.example.org/passport.cer\"}", CLAIMS,
	    "Z29vZA")), SR_PASSPORT_INVALID);
	CHECK_EQ(verdict(s, full(HEAD, "[]", "Z29vZA")), SR_PASSPORT_INVALID);
	CHECK_EQ(verdict(s, full("{", CLAIMS, "Z29vZA")),
	    SR_PASSPORT_INVALID);
	s.from = "sip:12155551213@example.com;user=phone";
	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "Z29vZA")),
	    SR_PASSPORT_INVALID);
	s.from = NULL;
	s.to = "sip:mallory@example.com";
	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "Z29vZA")),
	    SR_PASSPORT_INVALID);
}

TEST(passport_full_form_may_say_more_and_in_any_order)
{
	struct scene s = { .from = "sip:12155551212@example.com" };
	static const char other[] = "{ \"orig\" : {\"tn\":\"12155551212\"},\n"
	    "\"origid\":\"x\", \"iat\":\"1443208345\", \"dest\": {\"tn\":"
	    "[\"1\"], \"uri\":[\"sip:bob@b\",\"sip:alice@example.com\"]}}";

	CHECK_EQ(verdict(s, full(HEAD, other, "Z29vZA")), SR_PASSPORT_GOOD);
	CHECK_EQ(verdict(s, full(HEAD, "{\"dest\":{\"uri\":"
	    "[\"sip:alice@example.com\"]},\"iat\":1443208345,\"orig\":"
	    "{\"tn\":\"12155551212\",\"uri\":\"sip:x@y\"}}", "Z29vZA")),
	    SR_PASSPORT_INVALID);
}

#define SDP "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n"	\
	"a=fingerprint:SHA-256 4a:AD:b9\r\n"				\
	"m=audio 9 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"		\
	"a=fingerprint:sha-256 02:1A:CC\r\n"				\
	"m=audio 9 RTP/AVP 0\r\na=fingerprint:sha-256 02:1A:CC\r\n"
#define KEYS "[{\"alg\":\"sha-256\",\"dig\":\"021ACC\"},"		\
	"{\"alg\":\"sha-256\",\"dig\":\"4AADB9\"}]"
#define WITH(keys) "{\"dest\":{\"uri\":[\"sip:alice@example.com\"]},"	\
	"\"iat\":1443208345," keys "\"orig\":{\"tn\":\"12155551212\"}}"

TEST(passport_holds_the_fingerprints_of_the_offer)
{
	struct scene s = { .sdp = SDP };

	CHECK_STR(sr_cstr(signed_text(s, DATE COMPACT)), HEAD "."
	    WITH("\"mky\":" KEYS ","));
	CHECK_EQ(verdict(s, full(HEAD, WITH("\"mky\":" KEYS ","), "Z29vZA")),
	    SR_PASSPORT_GOOD);
	CHECK_EQ(verdict(s, full(HEAD, CLAIMS, "Z29vZA")),
	    SR_PASSPORT_INVALID);
	s.sdp = NULL;
	CHECK_EQ(verdict(s, full(HEAD, WITH("\"mky\":" KEYS ","), "Z29vZA")),
	    SR_PASSPORT_INVALID);
}

TEST(passport_of_several_one_that_is_good_will_do)
{
	struct scene s = { .now = 0 };

	CHECK_EQ(verdict(s, DATE "Identity: ..ZXZpbA" INFO "\r\n"
	    "y: ..Z29vZA" INFO "\r\n"), SR_PASSPORT_GOOD);
	CHECK_EQ(verdict(s, DATE "Identity: ..ZXZpbA" INFO ", ..Z29vZA" INFO
	    "\r\n"), SR_PASSPORT_GOOD);
	CHECK_EQ(verdict(s, DATE "Identity: ..Z29vZA" INFO ";ppt=x\r\n"
	    "Identity: ..ZXZpbA" INFO "\r\n"), SR_PASSPORT_INVALID);
}

TEST(passport_without_a_certificate_is_unknown_or_untrusted)
{
	struct scene s = { .now = 0 };

	answer = SR_ENOENT;
	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_UNKNOWN);
	answer = SR_EUNSUP;
	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_UNTRUSTED);
	answer = SR_ENOMEM;
	CHECK_EQ(verdict(s, DATE COMPACT), SR_PASSPORT_INVALID);
	answer = SR_OK;
}

TEST(passport_that_cannot_be_read_is_invalid)
{
	static const char *const bad[] = { "x", "..", ".." INFO, "a.b" INFO,
	    ".x.Z29vZA" INFO, "x..Z29vZA" INFO, "..!!" INFO, "..Z29vZA",
	    "..Z29vZA;info=<>", "..Z29vZ" INFO };
	struct scene s = { .now = 0 };
	char text[200];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(text, sizeof(text), DATE "Identity: %s\r\n", bad[i]);
		CHECK_EQ(verdict(s, text), SR_PASSPORT_INVALID);
	}
}

TEST(date_goes_both_ways)
{
	static const char *const bad[] = { "", "Fri, 25 Sep 2015 19:12:25 UTC",
	    "Fri, 25 Foo 2015 19:12:25 GMT", "Fri, 32 Sep 2015 19:12:25 GMT",
	    "Fri, 25 epO 2015 19:12:25 GMT", "Fri, 25 Sep 2015 19:12:2x GMT",
	    "Fri 25 Sep 2015 19:12:25 GMT " };
	struct sr_buf b;
	sr_time t;

	sr_buf_init(&b, 100);
	CHECK_EQ(sr_date_parse(SR_STR("Fri, 25 Sep 2015 19:12:25 GMT"), &t),
	    SR_OK);
	CHECK_EQ(t, NOW);
	CHECK_EQ(sr_date_add(&b, NOW), SR_OK);
	CHECK_STR(sr_buf_str(&b), "Fri, 25 Sep 2015 19:12:25 GMT");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_EQ(sr_date_parse(sr_cstr(bad[i]), &t), SR_EBAD);
	sr_buf_free(&b);
}
