/* check_test - verdicts: our schema beside the RFC's, and what none says. */
#include "unit/meta/doc.h"

#include <libxml/xmlschemas.h>

/* The verdict, and the rule that must be among the findings. */
static void
judged(const char *xml, bool schema_valid, bool valid, const char *rule)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, xml), SR_OK);
	CHECK(d.well_formed);
	if (d.schema_valid != schema_valid || d.valid != valid ||
	    (rule != NULL && found(&d, rule) == NULL))
		test_fail(__FILE__, __LINE__, "%s: schema_valid %d, valid %d, "
		    "%s %s", xml, d.schema_valid, d.valid,
		    rule != NULL ? rule : "", rule != NULL &&
		    found(&d, rule) == NULL ? "missing" : "");
	sr_doc_free(&d);
}

#define WHO "<participant participant_id='" P1 "'>"			\
	"<nameID aor='sip:a@b.c'/></participant>"

TEST(check_ids_are_sixteen_bytes_in_base64)
{
	judged(REC("<session session_id='abc-123'/>"), false, false,
	    "R7865-6.10-2");
	judged(REC("<session session_id='abcd'/>"), true, true,
	    "R7865-6.10-2");
	judged(REC("<session session_id='hVpd7YQgRW2nD22h7q60JR=='/>"),
	    false, false, "R7865-6.10-2");
	judged(REC("<session session_id='  " S1 " '/>"), true, true, NULL);
	/* The same bytes, but with the version of a MAC address. */
	judged(REC("<session session_id='bfLZ+NTFEeCNxQTuRyQBmw=='/>"), true,
	    true, "R7865-6.10-1");
	judged(REC(SESSION "<stream stream_id='' session_id='" S1 "'/>"),
	    true, false, "R7865-6.10-3");
}

TEST(check_an_id_is_of_one_object_only)
{
	judged(REC(SESSION SESSION), true, false, "R7865-6.10-5");
	judged(REC(SESSION "<stream stream_id='" S1 "' session_id='" S1 "'/>"),
	    true, false, "R7865-6.10-5");
	judged(REC(SESSION "<session session_id='" G1 "'/><stream stream_id='"
	    M1 "' session_id='" S1 "'/><stream stream_id='" M1
	    "' session_id='" G1 "'/>"), true, false, "R7865-6.3.2-2");
}

TEST(check_references_must_lead_somewhere_in_a_complete_document)
{
	static const struct { const char *body, *rule; } v[] = {
		{ "<session session_id='" S1 "'><group-ref>" G1 "</group-ref>"
		    "</session>", "R7865-6.2.2-1" },
		{ "<stream stream_id='" M1 "' session_id='" S1 "'/>",
		    "R7865-6.4.1-1" },
		{ "<sessionrecordingassoc session_id='" S1 "'/>",
		    "R7865-6.4.1-1" },
		{ SESSION "<participantsessionassoc participant_id='" P1
		    "' session_id='" S1 "'/>", "R7865-6.5.1-1" },
		{ WHO SENDS(P1, M1), "R7865-6.8.1-3" },
	};
	char xml[1024];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		snprintf(xml, sizeof(xml), REC("%s"), v[i].body);
		judged(xml, true, false, v[i].rule);
		snprintf(xml, sizeof(xml), REC("<datamode>partial</datamode>"
		    "%s"), v[i].body);
		judged(xml, true, true, v[i].rule);
	}
}

TEST(check_a_reference_to_the_wrong_kind_of_object_is_told)
{
	struct sr_doc d;

	PARSE(&d, REC(SESSION WHO SENDS(P1, S1)));
	CHECK(said(&d, "undeclared stream: \"" S1 "\", which is a session"));
	sr_doc_free(&d);
}

#define TIMES(a, b) REC("<group group_id='" G1 "'><associate-time>" a	\
	"</associate-time><disassociate-time>" b			\
	"</disassociate-time></group>")

TEST(check_times_are_rfc_3339)
{
	judged(TIMES("2010-12-16T23:41:07Z", "2010-12-16T23:41:08.25+01:00"),
	    true, true, NULL);
	judged(TIMES("2010-12-16T23:41:07", "2010-12-16T23:41:08Z"), true,
	    false, "R7865-6.9-1");
	judged(TIMES("2010-12-16T23:41:07+0000", "2010-12-16T23:41:08Z"),
	    false, false, "R7865-6.9-1");
	judged(TIMES("2010-12-16t23:41:07z", "2010-12-16T23:41:08Z"), false,
	    false, "R7865-6.9-2");
	judged(TIMES("yesterday", "2010-12-16T23:41:08Z"), false, false,
	    "R7865-6.9-1");
	judged(TIMES("2013-12-16T23:41:07Z", "2010-12-16T23:41:08Z"), true,
	    true, "R7865-6.6.1-1");
	judged(TIMES("1970-05-15T00:41:05Z", "2010-12-16T23:41:08Z"), true,
	    true, "time-clock");
}

#define AOR(a) REC("<participant participant_id='" P1 "'><nameID aor='" a \
	"'/></participant>")

TEST(check_an_address_is_a_uri_a_host_or_an_ip_address)
{
	static const char *const good[] = { AOR("sip:a@b"), AOR("sips:x"),
	    AOR("tel:+15083084809"), AOR("example.com"), AOR("192.0.2.1"),
	    AOR("sip:a@b;user=phone") };
	static const char *const bad[] = { AOR("a@b.example"),
	    AOR("+15083084809"), AOR("7602922410"), AOR("anonymous"),
	    AOR("15.08@b") };
	struct sr_doc d;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		PARSE(&d, good[i]);
		CHECK(d.valid && found(&d, "R7865-6.5.1-3") == NULL);
		sr_doc_free(&d);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		judged(bad[i], true, true, "R7865-6.5.1-3");
}

TEST(check_tells_who_sends_a_stream_and_who_does_not)
{
	struct sr_doc d;

	PARSE(&d, REC(SESSION PARTY(P1, "a") PARTY(P2, "b") STREAM(M1, "1")
	    STREAM(M2, "1") SENDS(P1, M1) SENDS(P2, M1)));
	CHECK(said(&d, "mixed: it has 2 senders"));
	CHECK(said(&d, "\"" M2 "\" has no sender"));
	CHECK(said(&d, "used by two streams") && d.valid);
	sr_doc_free(&d);
	PARSE(&d, REC(SESSION PARTY(P1, "a") STREAM(M1, "1")
	    "<participantstreamassoc participant_id='" P1 "'><send>" M1
	    "</send><disassociate-time>2010-12-16T23:41:08Z"
	    "</disassociate-time></participantstreamassoc>"));
	CHECK(said(&d, "has no sender"));
	sr_doc_free(&d);
}

TEST(check_findings_come_by_line_and_end_somewhere)
{
	char *xml = malloc(200000), *p = xml;
	struct sr_doc d;

	p += sprintf(p, "<recording xmlns='" V1 "'>\n");
	for (int i = 0; i < 1000; i++)
		p += sprintf(p, "<session session_id='-%d'/>\n", i);
	sprintf(p, "</recording>");
	CHECK_EQ(PARSE(&d, xml), SR_OK);
	CHECK(d.nfindings > 200 && d.nfindings < 300);
	CHECK(said(&d, "more findings are left out"));
	for (size_t i = 1; i < d.nfindings; i++)
		CHECK(d.findings[i - 1].line <= d.findings[i].line ||
		    d.findings[i].line == 0);
	CHECK_EQ(d.nsessions, 1000);
	sr_doc_free(&d);
	free(xml);
}

/* ---- our schema against the RFC's ---- */

#define T "2010-12-16T23:41:07Z"
#define EXT "<x:e xmlns:x='urn:x' a='b'><c/></x:e>"

static const char *const lines[] = {
	"<datamode>complete</datamode>",
	"<group group_id='" G1 "'>",
	"<associate-time>" T "</associate-time>",
	"<disassociate-time>" T "</disassociate-time>", EXT, "</group>",
	"<session session_id='" S1 "'>",
	"<sipSessionID>a;remote=b</sipSessionID>",
	"<sipSessionID>c</sipSessionID>",
	"<reason cause='16' protocol='Q.850'>bye</reason>",
	"<group-ref>" G1 "</group-ref>", "<start-time>" T "</start-time>",
	"<stop-time>" T "</stop-time>", EXT, "</session>",
	"<participant participant_id='" P1 "'>",
	"<nameID aor='sip:a@b.c'><name xml:lang='it'>Al</name></nameID>",
	"<nameID aor='tel:+1'/>", EXT, "</participant>",
	"<stream stream_id='" M1 "' session_id='" S1 "'>",
	"<label>96</label>", EXT, "</stream>",
	"<sessionrecordingassoc session_id='" S1 "'>",
	"<associate-time>" T "</associate-time>",
	"<disassociate-time>" T "</disassociate-time>", EXT,
	"</sessionrecordingassoc>",
	"<participantsessionassoc participant_id='" P1 "' session_id='" S1
	    "'>",
	"<associate-time>" T "</associate-time>",
	"<disassociate-time>" T "</disassociate-time>",
	"<param pname='isfocus' pval='1'/>", EXT, "</participantsessionassoc>",
	"<participantstreamassoc participant_id='" P1 "'>",
	"<send>" M1 "</send>", "<recv>" M2 "</recv>",
	"<associate-time>" T "</associate-time>",
	"<disassociate-time>" T "</disassociate-time>", EXT,
	"</participantstreamassoc>", EXT,
};
enum { LINES = sizeof(lines) / sizeof(lines[0]) };

static const struct { const char *from, *to; } swaps[] = {
	{ "_id=", "id=" }, { "group_id='" G1 "'", "" },
	{ "session_id='" S1 "'", "" }, { "participant_id='" P1 "'", "" },
	{ "stream_id='" M1 "'", "" }, { " aor='sip:a@b.c'", "" },
	{ " cause='16'", "" }, { " cause='16'", " cause='x'" },
	{ " cause='16'", " cause='40000'" }, { " protocol='Q.850'", "" },
	{ " pname='isfocus'", "" }, { " pval='1'", "" },
	{ T, "2010-12-16T23:41:07" }, { T, "2010-12-16" }, { T, "" },
	{ T, " " T " " }, { T, "2010-13-16T23:41:07Z" },
	{ T, "2010-12-16t23:41:07Z" }, { T, "2010-12-16T23:41:07+0000" },
	{ T, "2010-12-16T24:00:00Z" }, { T, "2010-12-16T23:41:07.123456Z" },
	{ "complete", "partial" }, { "complete", "Complete" },
	{ "complete", " complete" }, { "datamode", "dataMode" },
	{ S1, "hVpd 7YQg" }, { S1, "" }, { S1, "x" }, { S1, "abcd" },
	{ M1, "abcde===" }, { M1, "ab-c@d" }, { M1, "ab==" }, { M1, "aa==" },
	{ "xml:lang='it'", "" }, { "xml:lang='it'", "xml:lang=''" },
	{ "xml:lang='it'", "xml:lang='it-IT-x'" },
	{ "xml:lang='it'", "xml:lang='it_IT'" },
	{ "xml:lang='it'", "xml:lang='abcdefghi'" },
	{ "xml:lang='it'", "xml:space='default'" },
	{ "xml:lang='it'", "lang='it'" }, { "sip:a@b.c", "" },
	{ "sip:a@b.c", "a b" }, { "sip:a@b.c", "sip: 7@b" },
	{ "sip:a@b.c", "%zz" }, { ">Al<", "><" }, { ">Al<", "><b/><" },
	{ "urn:x", V1 }, { "x:e xmlns:x='urn:x'", "e xmlns=''" },
	{ "x:e xmlns:x='urn:x'", "e" }, { "</label>", "</label>text" },
	{ "<label>96</label>", "<label/>" }, { "</name>", "</name>" EXT },
	{ "bye", "<b/>" }, { "96", "9<i/>6" }, { " a='b'", " x:a='b'" },
	{ "participant>", "participants>" }, { "/><nameID", "/>x<nameID" },
	{ "<session ", "<session xmlns:y='urn:y' y:z='1' " },
	{ "<session ", "<session foo='1' " }, { "<session ",
	    "<session xsi:nil='true' xmlns:xsi="
	    "'http://www.w3.org/2001/XMLSchema-instance' " },
	{ "<label", "<!-- c --><?p i?><label" }, { "'sip:a", "'&#115;ip:a" },
};

static void
mute(void *ctx, xmlErrorPtr e)
{
	(void)ctx;
	(void)e;
}

/* -1 not well-formed, 0 rejected, 1 accepted. */
static int
theirs(xmlSchemaPtr s, const char *xml, size_t n)
{
	xmlDocPtr doc = xmlReadMemory(xml, (int)n, NULL, NULL,
	    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlSchemaValidCtxtPtr c;
	int ok;

	if (doc == NULL)
		return -1;
	c = xmlSchemaNewValidCtxt(s);
	xmlSchemaSetValidStructuredErrors(c, mute, NULL);
	ok = xmlSchemaValidateDoc(c, doc) == 0;
	xmlSchemaFreeValidCtxt(c);
	xmlFreeDoc(doc);
	return ok;
}

/* Ours may only be stricter, and then because of real base64. */
static void
agree(xmlSchemaPtr s, const char *xml, unsigned *n)
{
	struct sr_doc d;
	int want = theirs(s, xml, strlen(xml));

	PARSE(&d, xml);
	if (d.well_formed != (want >= 0) || (d.well_formed &&
	    d.schema_valid != want && !said(&d, "is not base64")))
		test_fail(__FILE__, __LINE__, "theirs %d, ours %d %d: %s",
		    want, d.well_formed, d.schema_valid, xml);
	if (want == 1 && !d.schema_valid)
		want = 2;
	n[want + 1]++;
	sr_doc_free(&d);
}

/* The document with lines i to i+k-1 put to j. */
static void
moved(xmlSchemaPtr s, size_t i, size_t k, size_t j, bool keep, unsigned *n)
{
	static char xml[16384];
	char *p = xml + sprintf(xml, DECL "<recording xmlns='" V1 "'>");

	for (size_t at = 0; at <= LINES; at++) {
		if (at == j)
			for (size_t m = i; m < i + k; m++)
				p += sprintf(p, "%s\n", lines[m]);
		if (at < LINES && (keep || at < i || at >= i + k))
			p += sprintf(p, "%s\n", lines[at]);
	}
	sprintf(p, "</recording>");
	agree(s, xml, n);
}

static void
swapped(xmlSchemaPtr s, const char *from, const char *to, unsigned *n)
{
	static char xml[16384];

	for (size_t i = 0; i < LINES; i++) {
		const char *hit = strstr(lines[i], from);
		char *p = xml + sprintf(xml, DECL "<recording xmlns='" V1
		    "'>");

		if (hit == NULL)
			continue;
		for (size_t at = 0; at < LINES; at++)
			if (at == i)
				p += sprintf(p, "%.*s%s%s\n",
				    (int)(hit - lines[i]), lines[i], to,
				    hit + strlen(from));
			else
				p += sprintf(p, "%s\n", lines[at]);
		sprintf(p, "</recording>");
		agree(s, xml, n);
	}
}

TEST(check_our_schema_agrees_with_the_rfcs_on_every_mutation)
{
	const char *corpus = getenv("SIPREC_CORPUS");
	char path[1024];
	xmlSchemaParserCtxtPtr c;
	xmlSchemaPtr s;
	unsigned n[4] = { 0 };

	if (corpus == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/schema/rfc7865.xsd", corpus);
	c = xmlSchemaNewParserCtxt(path);
	s = xmlSchemaParse(c);
	xmlSchemaFreeParserCtxt(c);
	if (s == NULL) {
		test_fail(__FILE__, __LINE__, "no schema at %s", path);
		return;
	}
	moved(s, 0, 0, 0, true, n);
	CHECK_EQ(n[2], 1);		/* what is mutated is valid itself */
	for (size_t i = 0; i < LINES; i++)
		for (size_t j = 0; j <= LINES; j++) {
			moved(s, i, 1, j, false, n);
			moved(s, i, 1, j, true, n);
		}
	for (size_t i = 0; i < sizeof(swaps) / sizeof(swaps[0]); i++)
		swapped(s, swaps[i].from, swaps[i].to, n);
	printf("# %u not well-formed, %u rejected, %u accepted by both, "
	    "%u accepted only without real base64\n", n[0], n[1], n[2], n[3]);
	CHECK(n[1] > 500 && n[2] > 100);
	xmlSchemaFree(s);
}
