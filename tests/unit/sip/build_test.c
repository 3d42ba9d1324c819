/* Claims about lib/sip/build.c and sessionid.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static struct sr_buf out;

static void
fresh(size_t max)
{
	sr_buf_free(&out);
	sr_buf_init(&out, max);
}

TEST(build_a_header_takes_no_line_end)
{
	fresh(1000);
	CHECK_EQ(sr_header_add(&out, "Reason", SR_STR("SIP;cause=200")),
	    SR_OK);
	CHECK_EQ(sr_header_add(&out, "X", SR_STR("a\r\nVia: b")), SR_EBAD);
	CHECK_EQ(sr_header_add(&out, "X", SR_STR("a\nb")), SR_EBAD);
	CHECK_EQ(sr_header_add(&out, "X", SR_STR("a\0b")), SR_EBAD);
	CHECK_EQ(sr_header_add(&out, "X: y", SR_STR("a")), SR_EBAD);
	CHECK_EQ(sr_header_add(&out, "", SR_STR("a")), SR_EBAD);
	CHECK_STR(sr_buf_str(&out), "Reason: SIP;cause=200\r\n");
}

TEST(build_what_does_not_fit_leaves_nothing)
{
	fresh(10);
	CHECK_EQ(sr_header_add(&out, "Reason", SR_STR("SIP")), SR_ELIMIT);
	CHECK_EQ(sr_quote_add(&out, SR_STR("123456789")), SR_ELIMIT);
	CHECK_EQ(out.n, 0);
}

TEST(build_quotes_are_escaped)
{
	fresh(1000);
	CHECK_EQ(sr_quote_add(&out, SR_STR("a \"b\" \\c")), SR_OK);
	CHECK_STR(sr_buf_str(&out), "\"a \\\"b\\\" \\\\c\"");
	CHECK_EQ(sr_quote_add(&out, SR_STR("a\rb")), SR_EBAD);
}

static void
check_uri(struct sr_uri u, const char *want)
{
	fresh(1000);
	if (want == NULL) {
		CHECK_EQ(sr_uri_add(&out, &u), SR_EBAD);
		CHECK_EQ(out.n, 0);
		return;
	}
	CHECK_EQ(sr_uri_add(&out, &u), SR_OK);
	CHECK_STR(sr_buf_str(&out), want);
}

#define URI(...) ((struct sr_uri){ .scheme = SR_STR("sip"), __VA_ARGS__ })

TEST(build_uris)
{
	check_uri(URI(.host = SR_STR("srs.example.com")),
	    "sip:srs.example.com");
	check_uri(URI(.user = SR_STR("a b@c>%41%zz"), .port = 5070,
	    .host = SR_STR("192.0.2.1"), .transport = SR_STR("tcp")),
	    "sip:a%20b%40c%3E%41%25zz@192.0.2.1:5070;transport=tcp");
	check_uri(URI(.host = SR_STR("2001:db8::1"), .port = 5060),
	    "sip:[2001:db8::1]:5060");
	check_uri(URI(.host = SR_STR("[2001:db8::1]")), "sip:[2001:db8::1]");
	check_uri(URI(.host = SR_STR("a>;x=")), NULL);
	check_uri(URI(.host = SR_STR("[2001:db8::1]:5")), NULL);
	check_uri(URI(.host = SR_STR("a\r\nb")), NULL);
	check_uri(URI(.host = { NULL, 0 }), NULL);
	check_uri(URI(.host = SR_STR("a"), .transport = SR_STR("t;x")), NULL);
	check_uri((struct sr_uri){ .scheme = SR_STR("http"),
	    .host = SR_STR("a") }, NULL);
}

/* ---- bodies ---- */

static struct sr_buf type;

/* Writes the pieces as a message and reads them again. */
static void
check_round(const struct sr_piece *v, size_t n)
{
	struct sr_buf raw;
	struct sr_body b;
	struct sr_msg m;

	fresh(100000);
	sr_buf_free(&type);
	sr_buf_init(&type, 200);
	CHECK_EQ(sr_body_write(&out, &type, v, n), SR_OK);
	sr_buf_init(&raw, 100000);
	sr_buf_fmt(&raw, "INVITE sip:a SIP/2.0\r\nCall-ID: 1\r\n"
	    "Content-Type: %.*s\r\nContent-Length: %zu\r\n\r\n",
	    SR_FMT(sr_buf_str(&type)), out.n);
	sr_buf_add(&raw, sr_buf_str(&out));
	CHECK_EQ(sr_msg_parse(&m, guarded(raw.p, raw.n)), SR_OK);
	CHECK_EQ(sr_body_split(&b, &m), SR_OK);
	CHECK_EQ(b.nparts, n);
	CHECK_EQ(b.nnotes, 0);
	for (size_t i = 0; i < b.nparts && i < n; i++) {
		CHECK(sr_streq(b.parts[i].data, v[i].data));
		CHECK(sr_streq(b.parts[i].type, v[i].type));
		if (n > 1)
			CHECK(sr_streq(b.parts[i].disposition,
			    v[i].disposition));
	}
	sr_body_free(&b);
	sr_msg_free(&m);
	sr_buf_free(&raw);
}

#define SDP { SR_STR("application/sdp"), { NULL, 0 }, SR_STR("v=0\r\n") }
#define META { SR_STR("application/rs-metadata+xml"),			\
	SR_STR("recording-session"), SR_STR("<recording/>") }

TEST(build_a_multipart_is_read_back_whole)
{
	const struct sr_piece v[] = { SDP, META };

	check_round(v, 2);
	CHECK(sr_strstarts(sr_buf_str(&type),
	    SR_STR("multipart/mixed;boundary=")));
}

TEST(build_one_piece_stands_alone)
{
	const struct sr_piece v[] = { SDP };

	check_round(v, 1);
	CHECK_STR(sr_buf_str(&type), "application/sdp");
	CHECK_STR(sr_buf_str(&out), "v=0\r\n");
}

TEST(build_a_boundary_occurs_in_no_piece)
{
	struct sr_piece v[] = { SDP, META };
	char text[64], old[64];

	/* It depends on lengths: as long a text, with it inside. */
	memset(text, 'x', sizeof(text));
	v[1].data = (struct sr_str){ text, sizeof(text) };
	check_round(v, 2);
	CHECK_EQ(type.n, 25 + 23);
	snprintf(old, sizeof(old), "%.*s", 23, type.p + 25);
	memcpy(text, "\r\n--", 4);
	memcpy(text + 4, old, 23);
	memcpy(text + 27, "--\r\n", 4);
	check_round(v, 2);
	CHECK(memcmp(old, type.p + 25, 23) != 0);
}

TEST(build_a_part_header_takes_no_line_end)
{
	struct sr_piece v[] = { SDP, META };

	fresh(1000);
	v[1].disposition = SR_STR("session\r\nX: y");
	CHECK_EQ(sr_body_write(&out, &type, v, 2), SR_EBAD);
	CHECK_EQ(out.n, 0);
	fresh(30);
	v[1].disposition = SR_STR("session");
	CHECK_EQ(sr_body_write(&out, &type, v, 2), SR_ELIMIT);
	CHECK_EQ(out.n, 0);
	sr_buf_free(&type);
	sr_buf_free(&out);
}

/* ---- Session-ID ---- */

#define A32 "ab30317f1a784dc48ff824d0d3715d86"
#define B32 "47755a9de7794ba387653f2099600ef2"

TEST(sessionid_is_read_in_both_forms)
{
	struct sr_session_id s;

	CHECK_EQ(sr_session_id_parse(&s, SR_STR(A32 ";remote=" B32)), SR_OK);
	CHECK(strcmp(s.local, A32) == 0 && strcmp(s.remote, B32) == 0);
	CHECK_EQ(sr_session_id_parse(&s, SR_STR(A32)), SR_OK);
	CHECK(s.remote[0] == '\0');
	CHECK_EQ(sr_session_id_parse(&s, SR_STR(
	    "AB30317F1A784DC48FF824D0D3715D86 ; remote=" B32)), SR_OK);
	CHECK(strcmp(s.local, A32) == 0);
	CHECK_EQ(sr_session_id_parse(&s, SR_STR("")), SR_EBAD);
	CHECK_EQ(sr_session_id_parse(&s, SR_STR(A32 "0")), SR_EBAD);
	CHECK_EQ(sr_session_id_parse(&s, SR_STR(A32 ";remote=1")), SR_EBAD);
	CHECK_EQ(sr_session_id_parse(&s,
	    SR_STR("gb30317f1a784dc48ff824d0d3715d86")), SR_EBAD);
}

TEST(sessionid_without_a_remote_says_nil)
{
	static const uint8_t uuid[16] = { 0xab, 0x30, 0x31, 0x7f, 0x1a, 0x78,
	    0x4d, 0xc4, 0x8f, 0xf8, 0x24, 0xd0, 0xd3, 0x71, 0x5d, 0x86 };
	struct sr_session_id s = { .remote = "" };

	sr_session_id_of(s.local, uuid);
	fresh(200);
	CHECK_EQ(sr_session_id_add(&out, &s), SR_OK);
	CHECK_STR(sr_buf_str(&out), A32 ";remote=" SR_SESSION_NIL);
	sr_buf_free(&out);
}
