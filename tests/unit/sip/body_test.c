/* Claims about lib/sip/body.c, mime.c and decode.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static struct sr_msg m;
static struct sr_body b;

/* Splits body as if it came with that Content-Type header, or with none. */
static void
split_n(const char *type, const char *body, size_t n)
{
	static const char head[] = "INVITE sip:a SIP/2.0\r\nCall-ID: x\r\n";
	char *text = malloc(sizeof(head) + strlen(type) + n + 64);
	size_t at = (size_t)sprintf(text, "%s%s%s\r\n", head, type,
	    *type != '\0' ? "\r\n" : "");

	memcpy(text + at, body, n);
	sr_body_free(&b);
	sr_msg_free(&m);
	CHECK_EQ(sr_msg_parse(&m, guarded(text, at + n)), SR_OK);
	CHECK_EQ(sr_body_split(&b, &m), SR_OK);
	free(text);
}

static void
split(const char *type, const char *body)
{
	split_n(type, body, strlen(body));
}

static bool
noted(const char *text)
{
	for (size_t i = 0; i < b.nnotes; i++)
		if (strcmp(b.notes[i], text) == 0)
			return true;
	return false;
}

static void
check_part(size_t i, const char *type, const char *data)
{
	CHECK(i < b.nparts);
	if (i >= b.nparts)
		return;
	CHECK_STR(b.parts[i].type, type);
	CHECK_STR(b.parts[i].data, data);
}

#define MIXED "Content-Type: multipart/mixed;boundary=x"
#define SDP "Content-Type: application/sdp\r\n\r\nv=0\r\n"
#define META "Content-Type: application/rs-metadata+xml\r\n"		\
	"Content-Disposition: recording-session;handling=required\r\n"	\
	"\r\n<recording/>\r\n"

TEST(body_of_one_part_is_that_part)
{
	split("c: Application/SDP;charset=\"utf-8\"\r\n"
	    "Content-Disposition: session\r\nContent-ID: <a@b>", "v=0\r\n");
	CHECK_EQ(b.nparts, 1);
	check_part(0, "Application/SDP", "v=0\r\n");
	CHECK_STR(b.parts[0].charset, "utf-8");
	CHECK_STR(b.parts[0].disposition, "session");
	CHECK_STR(b.parts[0].id, "a@b");
	CHECK_EQ(sr_part_kind(&b.parts[0]), SR_PART_SDP);
	CHECK_EQ(b.nnotes, 0);
	split("Content-Type: application/sdp", "");
	CHECK_EQ(b.nparts, 0);
	CHECK(sr_body_find(&b, SR_PART_SDP) == NULL);
}

TEST(body_parts_are_exact_to_the_byte)
{
	split(MIXED, "preamble\r\n--x\r\n" SDP "\r\n--x \t\r\n" META
	    "\r\n\r\n--x--\r\nepilogue\r\n--x\r\n" SDP);
	CHECK_EQ(b.nparts, 2);
	check_part(0, "application/sdp", "v=0\r\n");
	check_part(1, "application/rs-metadata+xml", "<recording/>\r\n\r\n");
	CHECK_STR(b.parts[1].disposition, "recording-session");
	CHECK_EQ(b.nnotes, 0);
	CHECK(sr_body_find(&b, SR_PART_SDP) == &b.parts[0]);
	CHECK(sr_body_find(&b, SR_PART_META) == &b.parts[1]);
}

TEST(body_may_end_lines_with_lf_alone)
{
	split(MIXED, "--x\nContent-Type: application/sdp\n\nv=0\no=\n\n"
	    "--x\nContent-Type:application/rs-metadata\n\n<a/>\n--x--");
	CHECK_EQ(b.nparts, 2);
	check_part(0, "application/sdp", "v=0\no=\n");
	check_part(1, "application/rs-metadata", "<a/>");
	CHECK_EQ(b.nnotes, 0);
}

TEST(body_boundary_counts_at_the_start_of_a_line_only)
{
	split(MIXED, "--x\r\n\r\na --x\r\n--xy\r\n-x\r\n--x-\r\n--x--y\r\n"
	    "--x-- \r\n");
	CHECK_EQ(b.nparts, 1);
	check_part(0, "", "a --x\r\n--xy\r\n-x\r\n--x-\r\n--x--y");
}

TEST(body_boundary_may_be_quoted_and_hold_blanks)
{
	split("Content-Type: multipart/related; boundary=\"a b:=\"; type=x",
	    "--a b:=\r\n\r\none\r\n--a b:=--");
	CHECK_EQ(b.nparts, 1);
	check_part(0, "", "one");
	CHECK_EQ(b.nnotes, 0);
}

TEST(body_without_the_right_boundary_is_guessed)
{
	split("Content-Type: multipart/mixed", "--y\r\n" SDP "\r\n--y--");
	check_part(0, "application/sdp", "v=0\r\n");
	CHECK(noted("a multipart without boundary"));
	split(MIXED, "--y\r\n" SDP "\r\n--y--");
	check_part(0, "application/sdp", "v=0\r\n");
	CHECK(noted("a multipart in which its boundary is not found"));
	split("", "--y\r\n" SDP "\r\n--y--");
	check_part(0, "application/sdp", "v=0\r\n");
	CHECK(noted("a body without Content-Type"));
	split(MIXED, "--y\r\n" SDP "\r\n--y\r\n" META "\r\n--x--");
	CHECK_EQ(b.nparts, 2);
	split(MIXED, "nothing of the kind");
	CHECK_EQ(b.nparts, 1);
	CHECK_STR(b.parts[0].data, "nothing of the kind");
}

TEST(body_part_opened_with_a_foreign_boundary_is_none)
{
	split(MIXED, "--x\r\n" SDP "--z\r\n" META "--x--");
	CHECK_EQ(b.nparts, 1);
	CHECK(sr_body_find(&b, SR_PART_META) == NULL);
}

TEST(body_without_closing_boundary_ends_with_the_message)
{
	split(MIXED, "--x\r\n" SDP "\r\n--x\r\n" META);
	CHECK_EQ(b.nparts, 2);
	check_part(1, "application/rs-metadata+xml", "<recording/>\r\n");
	CHECK(noted("a multipart without closing boundary"));
	split(MIXED, "--x\r\n" SDP "\r\n--x\r\n");
	CHECK_EQ(b.nparts, 1);
}

TEST(body_part_headers_come_in_any_dress)
{
	split(MIXED, "--x\r\nc:application/sdp\r\nContent-Length: 99\r\n"
	    "content-disposition :\r\n session;handling=required\r\n\r\nv=0"
	    "\r\n--x\r\n\r\nplain\r\n--x\r\nContent-Type: text/xml\r\n"
	    "<recording xmlns='a:b'/>\r\n--x\r\nv=0\r\n--x--\r\n");
	CHECK_EQ(b.nparts, 4);
	check_part(0, "application/sdp", "v=0");
	CHECK_STR(b.parts[0].disposition, "session");
	check_part(1, "", "plain");
	check_part(2, "text/xml", "<recording xmlns='a:b'/>");
	check_part(3, "", "v=0");
	CHECK_EQ(sr_part_kind(&b.parts[2]), SR_PART_META);
	CHECK_EQ(sr_part_kind(&b.parts[3]), SR_PART_SDP);
	CHECK(noted("a part without an empty line behind its headers"));
}

TEST(body_encodings_are_undone)
{
	split(MIXED, "--x\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
	    "dj0w\r\nDQo=\r\n--x\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "<a b=3D\"=C3=A9\"> =\r\n x \t\r\ny=3d=  \r\n=zz  z=\r\n--x\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n***\r\n--x--");
	CHECK_EQ(b.nparts, 3);
	check_part(0, "", "v=0\r\n");
	check_part(1, "", "<a b=\"\xc3\xa9\">  x\r\ny==zz  z");
	check_part(2, "", "***");
	CHECK(noted("a part that says base64 and is not"));
	CHECK(noted("a part not quite quoted-printable"));
}

TEST(body_nested_multiparts_give_their_leaves)
{
	split(MIXED, "--x\r\nContent-Type: multipart/alternative; boundary=y"
	    "\r\n\r\n--y\r\n" SDP "\r\n--y\r\n"
	    "Content-Type: application/sdp\r\n\r\nv=0\r\ns=2\r\n"
	    "\r\n--y\r\nContent-Type: text/html\r\n\r\nx\r\n--y--\r\n"
	    "--x\r\n" META "\r\n--x\r\n" SDP "\r\n--x--");
	CHECK_EQ(b.nparts, 5);
	CHECK_EQ(b.parts[0].alt, 1);
	CHECK_EQ(b.parts[2].alt, 1);
	CHECK_EQ(b.parts[3].alt, 0);
	CHECK(sr_body_find(&b, SR_PART_SDP) == &b.parts[1]);
	CHECK(sr_body_find(&b, SR_PART_META) == &b.parts[3]);
	CHECK_EQ(b.nnotes, 0);
}

TEST(body_depth_and_parts_are_bounded)
{
	char text[8192], *p = text;

	for (int i = 0; i < 20; i++)
		p += sprintf(p, "--b%d\r\nContent-Type: multipart/mixed;"
		    "boundary=b%d\r\n\r\n", i, i + 1);
	split("Content-Type: multipart/mixed;boundary=b0", text);
	CHECK_EQ(b.nparts, 1);
	CHECK(noted("multiparts in multiparts, too deep"));
	p = text;
	for (int i = 0; i < 40; i++)
		p += sprintf(p, "--x\r\n\r\n%d\r\n", i);
	sprintf(p, "--x--");
	split(MIXED, text);
	CHECK_EQ(b.nparts, 32);
	CHECK(noted("more than 32 parts"));
}

TEST(body_exactly_32_parts_are_all_there)
{
	char text[8192], *p = text;

	for (int i = 0; i < 32; i++)
		p += sprintf(p, "--x\r\n\r\n%d\r\n", i);
	sprintf(p, "--x--");
	split(MIXED, text);
	CHECK_EQ(b.nparts, 32);
	CHECK_EQ(b.nnotes, 0);
}

TEST(body_kind_is_told_by_type_then_disposition_then_bytes)
{
	static const struct {
		const char *type, *disposition, *data;
		enum sr_part_kind kind;
	} v[] = {
		{ "application/SDP", "", "x", SR_PART_SDP },
		{ "application/rs-metadata", "", "x", SR_PART_META },
		{ "Application/RS-Metadata+XML", "", "", SR_PART_META },
		{ "application/ +xml", "recording-session", "", SR_PART_META },
		{ "application/ +xml", "", "<recording_metadata>",
		    SR_PART_META },
		{ "text/xml", "", "\xef\xbb\xbf<?xml v?>\n<!-- > -->"
		    "<n:RequestSnapshot/>", SR_PART_META },
		{ "application/foo", "Recording-Session", " <a/>",
		    SR_PART_META },
		{ "application/foo", "recording-session", "a",
		    SR_PART_OTHER },
		{ "application/pidf+xml", "", "<presence/>", SR_PART_OTHER },
		{ "application/foo", "", "<recording/>", SR_PART_OTHER },
		{ "text/plain", "", "v=0\r\n", SR_PART_SDP },
		{ "", "", "\r\nv=0", SR_PART_SDP },
		{ "", "", "<recording", SR_PART_META },
		{ "", "", "<!--", SR_PART_OTHER },
		{ "", "", "", SR_PART_OTHER },
	};
	struct sr_part p;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		p = (struct sr_part){ .type = sr_cstr(v[i].type),
		    .disposition = sr_cstr(v[i].disposition),
		    .data = guarded(v[i].data, strlen(v[i].data)) };
		if (sr_part_kind(&p) != v[i].kind)
			test_fail(__FILE__, __LINE__, "row %zu", i);
	}
}

TEST(body_every_prefix_is_split_without_harm)
{
	static const char text[] = "--x\r\nContent-Type: multipart/mixed;"
	    "boundary=y\r\n\r\n--y\r\n" SDP "\r\n--y--\r\n--x\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\na=3D= \r\n"
	    "--x\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--";

	for (size_t n = 0; n < sizeof(text); n++)
		split_n(MIXED, text, n);
	CHECK_EQ(b.nparts, 3);
	sr_body_free(&b);
	sr_msg_free(&m);
}
