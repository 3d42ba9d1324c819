/* Claims about lib/sip/msg.c and value.c. */
#include "unit/test.h"

#include "siprec/sip.h"

#define HEAD								\
	"INVITE sip:srs@example.com SIP/2.0\r\n"			\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1\r\n"	\
	"From: \"A \\\"B\\\" C\" <sip:src@example.com;x=y>;tag=f1\r\n"	\
	"To: <sip:srs@example.com>\r\n"					\
	"Call-ID: a1@192.0.2.1\r\n"					\
	"CSeq: 7 INVITE\r\n"

static struct sr_msg m;

static int
parse(const char *text)
{
	sr_msg_free(&m);
	return sr_msg_parse(&m, guarded(text, strlen(text)));
}

static bool
noted(const char *text)
{
	for (size_t i = 0; i < m.nnotes; i++)
		if (strcmp(m.notes[i], text) == 0)
			return true;
	return false;
}

static bool
is_src(const char *contact)
{
	char text[1024];

	snprintf(text, sizeof(text), "%sContact: %s\r\n\r\n", HEAD, contact);
	CHECK_EQ(parse(text), SR_OK);
	return sr_msg_is_src(&m);
}

TEST(msg_reads_a_request)
{
	CHECK_EQ(parse(HEAD "Content-Type: text/plain\r\n"
	    "Content-Length: 2\r\n\r\nhi"), SR_OK);
	CHECK_EQ(m.method, SR_INVITE);
	CHECK_EQ(m.status, 0);
	CHECK_STR(m.uri, "sip:srs@example.com");
	CHECK_STR(m.branch, "z9hG4bK1");
	CHECK_STR(m.from.display, "A \"B\" C");
	CHECK_STR(m.from.uri, "sip:src@example.com;x=y");
	CHECK_STR(m.from.params, ";tag=f1");
	CHECK_STR(m.from.tag, "f1");
	CHECK_STR(m.to.uri, "sip:srs@example.com");
	CHECK(m.to.tag.p == NULL);
	CHECK_STR(m.call_id, "a1@192.0.2.1");
	CHECK(m.has_cseq);
	CHECK_EQ(m.cseq, 7);
	CHECK_STR(m.body, "hi");
	CHECK_EQ(m.nheaders, 7);
	CHECK_EQ(m.nnotes, 0);
}

TEST(msg_reads_a_response_and_its_method)
{
	CHECK_EQ(parse("SIP/2.0 183 Session Progress\r\n"
	    "v: SIP/2.0/TCP a;branch=z9hG4bK2, SIP/2.0/UDP b;branch=x\r\n"
	    "f: sip:a@b;tag=1\r\nt: <sip:c@d>;tag=2\r\ni: x\r\n"
	    "CSeq: 4294967295 BYE\r\n\r\n"), SR_OK);
	CHECK_EQ(m.status, 183);
	CHECK_STR(m.reason, "Session Progress");
	CHECK_EQ(m.method, SR_BYE);
	CHECK_EQ(m.cseq, UINT32_MAX);
	CHECK_STR(m.branch, "z9hG4bK2");
	CHECK_STR(m.from.uri, "sip:a@b");
	CHECK_STR(m.from.tag, "1");
	CHECK_STR(m.to.tag, "2");
	CHECK_EQ(m.nnotes, 0);
}

TEST(msg_expands_compact_names)
{
	CHECK_EQ(parse(HEAD "k: siprec , timer\r\nm: <sip:a@b>;+sip.src\r\n"
	    "c: application/sdp\r\nx: 1800\r\nl: 0\r\nq: 1\r\n\r\n"), SR_OK);
	CHECK_STR(sr_msg_header(&m, "Supported", 0), "siprec , timer");
	CHECK_STR(sr_msg_header(&m, "session-expires", 0), "1800");
	CHECK_STR(sr_msg_header(&m, "q", 0), "1");
	CHECK_STR(m.content_type, "application/sdp");
	CHECK(sr_msg_is_src(&m));
	CHECK(sr_msg_lists(&m, "Supported", "SIPREC"));
	CHECK(sr_msg_lists(&m, "supported", "timer"));
	CHECK(!sr_msg_lists(&m, "Supported", "sip"));
	CHECK(!sr_msg_lists(&m, "Require", "siprec"));
}

TEST(msg_reads_headers_in_any_dress)
{
	CHECK_EQ(parse("INVITE sip:a SIP/2.0\nVia:SIP/2.0/UDP a;branch=b\n"
	    "FROM :sip:a@b;tag=1\nto\t:\tsip:c@d\nCall-Id:x\n"
	    "cseq:1\t INVITE\nSubject: one\n\t two\n  three\n\nhi"), SR_OK);
	CHECK_STR(m.from.uri, "sip:a@b");
	CHECK_STR(m.to.uri, "sip:c@d");
	CHECK_STR(m.call_id, "x");
	CHECK(m.has_cseq);
	CHECK_STR(sr_msg_header(&m, "Subject", 0), "one two three");
	CHECK_STR(m.body, "hi");
}

TEST(msg_every_prefix_ends_somewhere)
{
	static const char text[] = HEAD "Contact: \"a\\\"b\" <sip:a@[::1]:5>"
	    ";+sip.src;q=\"1,2;3\", <sip:c>\r\nContent-Length: 3\r\n\r\nabc";

	for (size_t n = 0; n < sizeof(text); n++) {
		sr_msg_free(&m);
		if (sr_msg_parse(&m, guarded(text, n)) == SR_OK)
			sr_msg_is_src(&m);
	}
	CHECK(sr_msg_is_src(&m));
}

TEST(msg_without_start_line_or_call_id_is_refused)
{
	CHECK_EQ(parse(""), SR_EBAD);
	CHECK_EQ(parse("\r\n\r\n"), SR_EBAD);
	CHECK_EQ(parse("INVITE\r\nCall-ID: a\r\n\r\n"), SR_EBAD);
	CHECK_EQ(parse("INVITE sip:a\r\nCall-ID: a\r\n\r\n"), SR_EBAD);
	CHECK_EQ(parse("SIP/2.0 4294967301 x\r\nCall-ID: a\r\n\r\n"), SR_EBAD);
	CHECK_EQ(parse("INVITE sip:a SIP/2.0\r\nVia: a\r\n\r\n"), SR_EBAD);
}

TEST(msg_goes_on_behind_odd_lines)
{
	CHECK_EQ(parse("INVITE  sip:a b@c  SIP/7.0 \r\nnonsense\r\n"
	    "Bad Name: 1\r\nCall-ID: a\r\nCSeq: 99999999999 X"), SR_OK);
	CHECK_STR(m.uri, "sip:a b@c");
	CHECK(noted("blanks in the start line"));
	CHECK(noted("blanks around the start line"));
	CHECK(noted("a SIP version other than 2.0"));
	CHECK(noted("a header line without a colon"));
	CHECK(noted("a header name that is none"));
	CHECK(noted("a CSeq that cannot be read"));
	CHECK(noted("a CSeq with another method"));
	CHECK(noted("no Via"));
	CHECK(noted("no From or no To"));
	CHECK(noted("no empty line behind the headers"));
	CHECK(!m.has_cseq);
}

TEST(msg_keeps_nul_bytes_and_does_not_stop_at_them)
{
	static const char text[] = "BYE sip:a SIP/2.0\r\nX\0Y: a\0b\r\n"
	    "From: <sip:a\0b@c>;tag=\0z\r\nCall-ID: q\0r\r\n\r\n";

	sr_msg_free(&m);
	CHECK_EQ(sr_msg_parse(&m, guarded(text, sizeof(text) - 1)), SR_OK);
	CHECK_EQ(m.call_id.n, 3);
	CHECK_EQ(m.from.tag.n, 2);
	CHECK_EQ(m.headers[0].value.n, 3);
}

TEST(msg_takes_the_first_of_two_and_says_so)
{
	CHECK_EQ(parse(HEAD "Call-ID: other\r\nl: 1\r\nContent-Length: 2\r\n"
	    "\r\nab"), SR_OK);
	CHECK_STR(m.call_id, "a1@192.0.2.1");
	CHECK_STR(m.body, "a");
	CHECK(noted("a header twice with different values"));
}

TEST(msg_body_is_cut_to_its_length)
{
	CHECK_EQ(parse(HEAD "\r\nrest of it"), SR_OK);
	CHECK_STR(m.body, "rest of it");
	CHECK_EQ(m.nnotes, 0);
	CHECK_EQ(parse(HEAD "l: 4\r\n\r\nrest of it"), SR_OK);
	CHECK_STR(m.body, "rest");
	CHECK(noted("bytes behind the end of the body"));
	CHECK_EQ(parse(HEAD "l: 40\r\n\r\nrest of it"), SR_OK);
	CHECK_STR(m.body, "rest of it");
	CHECK(noted("a body shorter than its Content-Length"));
	CHECK_EQ(parse(HEAD "l: 99999999999999999999\r\n\r\nrest"), SR_OK);
	CHECK_STR(m.body, "rest");
	CHECK_EQ(parse(HEAD "l: -4\r\n\r\nrest of it"), SR_OK);
	CHECK(noted("a Content-Length that is no number"));
	CHECK_STR(m.body, "rest of it");
}

TEST(msg_reads_broken_addresses)
{
	CHECK_EQ(parse(HEAD "Contact: <sip:a@b:5060;+sip.src\r\n\r\n"), SR_OK);
	CHECK_STR(m.contact.uri, "sip:a@b:5060;+sip.src");
	CHECK(sr_msg_is_src(&m));
	CHECK(noted("an address with '<' but without '>'"));
	CHECK(noted("a Contact header against the grammar"));
	CHECK_EQ(parse("BYE sip:a SIP/2.0\r\nCall-ID: a\r\n"
	    "From: \"Nobody <sip:a@b>;tag=1\r\nTo: Bell, A <sip:c@d>;tag=2"
	    "\r\n\r\n"), SR_OK);
	CHECK_STR(m.from.uri, "sip:a@b");
	CHECK_STR(m.from.tag, "1");
	CHECK_STR(m.to.display, "Bell, A");
	CHECK_STR(m.to.tag, "2");
	CHECK(noted("a quoted display name without its end"));
}

TEST(msg_finds_the_src_tag_wherever_it_stands)
{
	CHECK(is_src("<sip:a@b>;+sip.src"));
	CHECK(is_src("<sip:a@b> ; +sip.src=\"TRUE\""));
	CHECK(is_src("<sip:a@b>;src"));
	CHECK(is_src("<sip:a@b;transport=tcp;+sip.src>"));
	CHECK(is_src("<sip:a@b;+SIP.SRC?x=y>"));
	CHECK(is_src("sip:a@b;+sip.src"));
	CHECK(is_src("<sip:a@b>, \"x, y\" <sip:c@d>;q=1;+sip.src"));
	CHECK(is_src("<sip:a@b>\r\nContact: <sip:c@d>;+sip.src"));
	CHECK(is_src("<sip:a@b;+sip.src"));
}

TEST(msg_finds_no_src_tag_where_there_is_none)
{
	CHECK(!is_src("<sip:a@b>"));
	CHECK(!is_src("<sip:a@b>;+sip.src=\"FALSE\""));
	CHECK(!is_src("<sip:src@b>;+sip.srs"));
	CHECK(!is_src("<sip:a;src@b>"));
	CHECK(!is_src("\";src\" <sip:a@b>;x=\";src;\""));
	CHECK(!is_src("*"));
}

TEST(msg_many_headers_are_refused_and_many_values_take_no_time)
{
	size_t n = 60000;
	char *text = malloc(n + 1), *p = text;

	p += sprintf(p, "%s", HEAD);
	while (p + 8 < text + n)
		p += sprintf(p, "a:1\r\n");
	CHECK_EQ(parse(text), SR_ELIMIT);

	p = text + sprintf(text, "%sContact: \"", HEAD);
	while (p + 8 < text + n)
		p += sprintf(p, ";\\\"<,");
	CHECK_EQ(parse(text), SR_OK);
	CHECK(!sr_msg_is_src(&m));
	free(text);
}

TEST(param_is_found_whole_and_unquoted)
{
	struct sr_str v, list = SR_STR(";a;b=1 ; c = \"x;d=y\";D=z;e=");

	CHECK(sr_param(list, "a", &v));
	CHECK(v.p == NULL);
	CHECK(sr_param(list, "B", &v));
	CHECK_STR(v, "1");
	CHECK(sr_param(list, "c", &v));
	CHECK_STR(v, "x;d=y");
	CHECK(sr_param(list, "d", &v));
	CHECK_STR(v, "z");
	CHECK(sr_param(list, "e", &v));
	CHECK(v.p != NULL);
	CHECK_EQ(v.n, 0);
	CHECK(!sr_param(list, "x", &v));
	CHECK(!sr_param((struct sr_str){ NULL, 0 }, "x", &v));
}

TEST(uri_gives_user_and_host)
{
	struct sr_str u, h;

	CHECK_EQ(sr_uri_split(SR_STR("sip:a;b=c:pw@h.example:5;x@y"), &u, &h),
	    SR_OK);
	CHECK_STR(u, "a;b=c");
	CHECK_STR(h, "h.example");
	CHECK_EQ(sr_uri_split(SR_STR("SIPS:[2001:db8::1]:5061"), &u, &h),
	    SR_OK);
	CHECK(u.p == NULL);
	CHECK_STR(h, "[2001:db8::1]");
	CHECK_EQ(sr_uri_split(SR_STR("tel:+1-2;ext=3"), &u, &h), SR_OK);
	CHECK_STR(u, "+1-2");
	CHECK(h.p == NULL);
	CHECK_EQ(sr_uri_split(SR_STR("urn:service:sos"), &u, &h), SR_EBAD);
	CHECK_EQ(sr_uri_split(SR_STR("sip192.0.2.1"), &u, &h), SR_EBAD);
	CHECK_EQ(sr_uri_split(SR_STR("sip:"), &u, &h), SR_EBAD);
	CHECK_EQ(sr_uri_split((struct sr_str){ NULL, 0 }, &u, &h), SR_EBAD);
	sr_msg_free(&m);
}
