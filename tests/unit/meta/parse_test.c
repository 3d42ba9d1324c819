/* parse_test - documents of every dialect, charset and size. */
#include "unit/meta/doc.h"

#include <libxml/parser.h>

TEST(meta_a_good_document_is_valid_and_complete)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC(GOOD)), SR_OK);
	CHECK(d.well_formed && d.schema_valid && d.valid);
	CHECK_EQ(d.nfindings, 0);
	CHECK_STR(d.root, "recording");
	CHECK_STR(d.ns, V1);
	CHECK_STR(d.dialect, "rfc7865");
	CHECK_STR(d.datamode, "complete");
	CHECK_EQ(d.nsessions, 1);
	CHECK_EQ(d.nparticipants, 2);
	CHECK_EQ(d.nstreams, 2);
	CHECK_EQ(d.nassocs, 2);
	CHECK_STR(d.participants[1].names[0].aor, "sip:bob@example.com");
	CHECK_STR(d.streams[1].label, "2");
	CHECK_STR(d.assocs[1].send[0], M2);
	CHECK_STR(d.assocs[1].source, "participantstreamassoc");
	sr_doc_free(&d);
}

TEST(meta_every_prefix_of_a_document_is_read_without_harm)
{
	static const char xml[] = REC(GOOD);
	struct sr_doc d;

	for (size_t n = 0; n < sizeof(xml) - 1; n += n < 60 ? 1 : 3) {
		parse(&d, xml, n);
		CHECK(!d.well_formed && !d.valid);
		sr_doc_free(&d);
	}
}

TEST(meta_draft_attributes_are_aliases_per_element)
{
	static const char *const forms[] = {
		REC("<session id='s'/><stream stream-id='m' session='s'/>"),
		REC("<session session-id='s'/><stream id='m' sessionid='s'/>"),
		OLD("<session session='s'/><stream streamid='m'"
		    " session_id='s'/>"),
	};
	struct sr_doc d;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		CHECK_EQ(PARSE(&d, forms[i]), SR_OK);
		CHECK(d.well_formed && !d.valid);
		CHECK_STR(d.sessions[0].id, "s");
		CHECK_STR(d.streams[0].id, "m");
		CHECK_STR(d.streams[0].session_id, "s");
		CHECK(found(&d, "dialect-attribute") != NULL);
		sr_doc_free(&d);
	}
}

TEST(meta_associations_inside_a_participant_are_implied_ones)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, OLD("<session id='s'/>"
	    "<participant id='p' session='s'><aor>sip:a@b</aor><name> A </name>"
	    "<send><id>m</id></send><recv>n</recv>"
	    "<associate-time>2023-08-21T16:42:05</associate-time>"
	    "</participant>")), SR_OK);
	CHECK_EQ(d.nassocs, 2);
	CHECK_STR(d.assocs[0].source, "participant attribute");
	CHECK_STR(d.assocs[0].session_id, "s");
	CHECK_STR(d.assocs[0].associate, "2023-08-21T16:42:05");
	CHECK_STR(d.assocs[1].source, "participant element");
	CHECK_STR(d.assocs[1].send[0], "m");
	CHECK_STR(d.assocs[1].recv[0], "n");
	CHECK_EQ(d.participants[0].nnames, 1);
	CHECK_STR(d.participants[0].names[0].aor, "sip:a@b");
	CHECK_STR(d.participants[0].names[0].name, "A");
	sr_doc_free(&d);
}

TEST(meta_what_is_implied_and_said_is_there_once)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, OLD("<session id='s'/>"
	    "<participant id='p' session='s'/><participant id='q'"
	    " session='s'/><participantsessionassoc participant_id='p'"
	    " session_id='s'/>")), SR_OK);
	CHECK_EQ(d.nassocs, 2);
	CHECK_STR(d.assocs[0].participant_id, "q");
	CHECK_STR(d.assocs[0].source, "participant attribute");
	CHECK_STR(d.assocs[1].source, "participantsessionassoc");
	sr_doc_free(&d);
}

TEST(meta_objects_nested_in_a_session_belong_to_it)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<session session_id='s'><participant id='p'"
	    " name='Al'/><stream id='m' label='7'/></session>")), SR_OK);
	CHECK_STR(d.streams[0].session_id, "s");
	CHECK_STR(d.streams[0].label, "7");
	CHECK_STR(d.assocs[0].source, "nesting");
	CHECK_STR(d.participants[0].names[0].name, "Al");
	sr_doc_free(&d);
}

TEST(meta_send_true_names_the_stream_of_the_association)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<participantstreamassoc participant_id='p'"
	    " stream_id='m'><send>true</send><recv>false</recv>"
	    "</participantstreamassoc>")), SR_OK);
	CHECK_EQ(d.assocs[0].nsend, 1);
	CHECK_EQ(d.assocs[0].nrecv, 0);
	CHECK_STR(d.assocs[0].send[0], "m");
	sr_doc_free(&d);
}

TEST(meta_an_empty_id_is_no_id)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<stream stream_id=''/><stream stream_id=' '/>"
	    )), SR_OK);
	CHECK_EQ(d.nstreams, 2);
	CHECK(d.streams[0].id.p == NULL && d.streams[1].id.p == NULL);
	CHECK(!said(&d, "two streams"));
	sr_doc_free(&d);
}

TEST(meta_datamode_is_compared_without_case)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<dataMode> Partial </dataMode>")), SR_OK);
	CHECK_STR(d.datamode, "partial");
	CHECK_STR(d.datamode_raw, "Partial");
	CHECK(!d.schema_valid);
	sr_doc_free(&d);
	CHECK_EQ(PARSE(&d, REC("")), SR_OK);
	CHECK_STR(d.datamode, "complete");
	CHECK(d.datamode_raw.p == NULL && d.valid);
	sr_doc_free(&d);
}

TEST(meta_white_space_goes_out_of_session_ids_and_base64)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<session session_id=' " S1 " '><sipSessionID>"
	    "ab\n ;remote= cd</sipSessionID><group-ref>7+OTCyoxTmqm\n"
	    "qyA/1weDAg==</group-ref></session>")), SR_OK);
	CHECK_STR(d.sessions[0].id, S1);
	CHECK_STR(d.sessions[0].sip_session_ids[0], "ab;remote=cd");
	CHECK_STR(d.sessions[0].group_ref, G1);
	sr_doc_free(&d);
}

TEST(meta_a_comment_does_not_split_a_name)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC("<participant participant_id='" P1 "'><nameID"
	    " aor='sip:a@b.c'><name xml:lang='it'>Al<!-- x --><![CDATA[ic]]>e"
	    "</name></nameID></participant>")), SR_OK);
	CHECK_STR(d.participants[0].names[0].name, "Alice");
	CHECK_STR(d.participants[0].names[0].lang, "it");
	CHECK(d.valid);
	sr_doc_free(&d);
}

/* ---- extensions ---- */

TEST(meta_an_extension_is_kept_verbatim_with_its_namespaces)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, DECL "<r:recording xmlns:r='" V1 "' xmlns:x='urn:x'"
	    " xmlns='urn:d'><r:group group_id='" G1 "'><x:a b='1'>t<c/>"
	    "<!--k--></x:a></r:group></r:recording>"), SR_OK);
	CHECK(d.valid);
	CHECK_EQ(d.groups[0].exts.n, 1);
	CHECK_STR(d.groups[0].exts.v[0].ns, "urn:x");
	CHECK_STR(d.groups[0].exts.v[0].name, "a");
	CHECK_STR(d.groups[0].exts.v[0].xml, "<x:a xmlns:r=\"" V1 "\""
	    " xmlns:x=\"urn:x\" xmlns=\"urn:d\" b=\"1\">t<c/><!--k--></x:a>");
	sr_doc_free(&d);
}

TEST(meta_extensiondata_goes_to_the_parent_it_names)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, OLD("<session id='s'/><extensiondata parent='s'>"
	    "<b:x xmlns:b='http://schema.broadsoft.com/y'/></extensiondata>"
	    "<extensiondata parent='none'/>")), SR_OK);
	CHECK_EQ(d.sessions[0].exts.n, 2);
	CHECK_STR(d.sessions[0].exts.v[0].name, "extensiondata");
	CHECK_STR(d.sessions[0].exts.v[1].name, "x");
	CHECK(d.sessions[0].exts.v[1].xml.p == NULL);
	CHECK_EQ(d.exts.n, 1);
	CHECK_STR(d.dialect, "broadworks");
	sr_doc_free(&d);
}

TEST(meta_xmlns_reset_in_an_extension_hides_no_elements_of_ours)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, OLD("<session id='s'><extensiondata xmlns=''>"
	    "<participant id='p'/></extensiondata></session>")), SR_OK);
	CHECK_EQ(d.nparticipants, 0);
	CHECK_EQ(d.sessions[0].exts.n, 2);
	CHECK_STR(d.sessions[0].exts.v[0].ns, "");
	CHECK_STR(d.sessions[0].exts.v[0].xml, "<extensiondata xmlns=\"\">"
	    "<participant id=\"p\"/></extensiondata>");
	sr_doc_free(&d);
}

/* ---- charsets ---- */

static void
name_is(const char *xml, size_t n, const char *charset, bool well_formed,
    const char *name)
{
	struct sr_doc d;

	CHECK_EQ(sr_doc_parse(&d, guarded(xml, n), sr_cstr(charset), ROOM),
	    SR_OK);
	CHECK_EQ(d.well_formed, well_formed);
	CHECK_EQ(d.nparticipants, 1);
	if (d.nparticipants == 1 && d.participants[0].nnames == 1)
		CHECK_STR(d.participants[0].names[0].name, name);
	sr_doc_free(&d);
}

#define NAMED(enc, name) "<?xml version='1.0' encoding='" enc "'?>"	\
	"<recording xmlns='" V1 "'><participant participant_id='" P1 "'>" \
	"<nameID aor='tel:+1'><name>" name "</name></nameID></participant>" \
	"</recording>"

TEST(meta_the_charset_of_the_part_beats_the_declaration)
{
	static const struct {
		const char *xml, *charset;
		bool well_formed;
		const char *name;
	} v[] = {
		{ NAMED("UTF-8", "J\xe9r\xf4me"), "ISO-8859-1", true,
		    "J\xc3\xa9r\xc3\xb4me" },
		{ NAMED("ISO-8859-1", "J\xc3\xa9"), "utf-8", true,
		    "J\xc3\xa9" },
		{ NAMED("iso-8859-1", "\xfc\x80"), NULL, true,
		    "\xc3\xbc\xc2\x80" },
		{ NAMED("Windows-1252", "\x80\x93"), NULL, true,
		    "\xe2\x82\xac\xe2\x80\x9c" },
		{ NAMED("ISO-8859-15", "\xa4\xfc"), NULL, true,
		    "\xe2\x82\xac\xc3\xbc" },
		{ "\xef\xbb\xbf" NAMED("UTF-8", "\xc3\xa9"), "latin1", true,
		    "\xc3\xa9" },
		{ NAMED("UTF-16", "x"), NULL, false, "x" },
		{ NAMED("x-bogus", "x"), NULL, false, "x" },
		{ "\r\n \r\n" NAMED("UTF-8", "x"), NULL, false, "x" },
		{ NAMED("UTF-8", "A\xc0\xbc" "B"), NULL, false,
		    "A\xef\xbf\xbd\xef\xbf\xbd" "B" },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		name_is(v[i].xml, strlen(v[i].xml), v[i].charset,
		    v[i].well_formed, v[i].name);
}

/* Latin-1 text as UTF-16, with the byte order mark that says which. */
static size_t
widen(const char *s, bool little, char *out)
{
	size_t n = 0;

	out[n++] = little ? '\xff' : '\xfe';
	out[n++] = little ? '\xfe' : '\xff';
	for (; *s != '\0'; s++) {
		out[n++] = little ? *s : '\0';
		out[n++] = little ? '\0' : *s;
	}
	return n;
}

TEST(meta_utf16_is_read_in_both_byte_orders_and_without_a_mark)
{
	static const char xml[] = NAMED("UTF-16", "J\xe9");
	char wide[2 * sizeof(xml) + 2];

	for (int little = 0; little < 2; little++) {
		size_t n = widen(xml, little != 0, wide);

		name_is(wide, n, NULL, true, "J\xc3\xa9");
		name_is(wide + 2, n - 2, "utf-16", true, "J\xc3\xa9");
	}
}

TEST(meta_a_surrogate_without_its_half_is_replaced)
{
	char wide[1024];
	size_t n = widen(NAMED("UTF-16", "ab"), false, wide), i;

	for (i = 0; i + 3 < n; i += 2)
		if (wide[i + 1] == 'a' && wide[i + 3] == 'b')
			memcpy(wide + i, "\xd8\x3d\xde\x00", 4);
	name_is(wide, n, NULL, true, "\xf0\x9f\x98\x80");
	for (i = 0; i + 3 < n; i += 2)
		if (memcmp(wide + i, "\xd8\x3d\xde\x00", 4) == 0)
			memcpy(wide + i, "\xd8\x3d\0b", 4);
	name_is(wide, n, NULL, true, "\xef\xbf\xbd" "b");
}

TEST(meta_a_nul_byte_does_not_truncate)
{
	static const char xml[] = NAMED("UTF-8", "A\0B");

	name_is(xml, sizeof(xml) - 1, NULL, false, "A\xef\xbf\xbd" "B");
}

/* ---- what is refused ---- */

static int
verdict(const char *xml, const char *rule)
{
	struct sr_doc d;
	int err = PARSE(&d, xml);

	CHECK(!d.well_formed && !d.valid && found(&d, rule) != NULL);
	CHECK_EQ(d.nparticipants, 0);
	sr_doc_free(&d);
	return err;
}

TEST(meta_a_doctype_is_refused_unread)
{
	CHECK_EQ(verdict("<!DOCTYPE r [<!ENTITY a 'x'>]><r>&a;</r>",
	    "xml-doctype"), SR_EBAD);
	CHECK_EQ(verdict("<?xml version='1.0'?><!-- > --><!DOCTYPE recording "
	    "SYSTEM 'http://192.0.2.1/x.dtd'><recording/>", "xml-doctype"),
	    SR_EBAD);
}

static unsigned loads;

static xmlParserInputPtr
count_load(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
	(void)url;
	(void)id;
	(void)ctxt;
	loads++;
	return NULL;
}

TEST(meta_nothing_is_ever_fetched)
{
	static const char *const v[] = {
		"<!DOCTYPE recording SYSTEM '/etc/passwd'>" REC(GOOD),
		DECL "<recording xmlns='" V1 "' xmlns:i='http://www.w3.org/"
		    "2001/XMLSchema-instance' i:schemaLocation='" V1 " /a.xsd "
		    "urn:x /b.xsd'><x xmlns='urn:x' i:schemaLocation='urn:y "
		    "/c.xsd' i:noNamespaceSchemaLocation='/d.xsd'/>"
		    "</recording>",
		REC("<i:include xmlns:i='http://www.w3.org/2001/XInclude'"
		    " href='/etc/passwd'/>"),
		"<?xml-stylesheet href='/e.xsl'?>" REC("&x;"),
	};
	xmlExternalEntityLoader before = xmlGetExternalEntityLoader();
	struct sr_doc d;

	xmlSetExternalEntityLoader(count_load);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		PARSE(&d, v[i]);
		CHECK(!said(&d, "passwd"));
		sr_doc_free(&d);
	}
	xmlSetExternalEntityLoader(before);
	CHECK_EQ(loads, 0);
}

TEST(meta_what_is_no_xml_is_refused)
{
	CHECK_EQ(verdict("", "xml"), SR_EBAD);
	CHECK_EQ(verdict("{\"recording\":{}}", "xml"), SR_EBAD);
	CHECK_EQ(verdict("<?xml version='1.0'?>", "xml"), SR_EBAD);
	CHECK_EQ(verdict("<", "xml"), SR_EBAD);
	CHECK_EQ(verdict("\xff\xfe", "xml"), SR_EBAD);
}

/* head, then n times what, then tail. */
static char *
many(const char *head, const char *what, size_t n, const char *tail)
{
	size_t k = strlen(what);
	char *s = malloc(strlen(head) + n * k + strlen(tail) + 1);
	char *p = s + strlen(strcpy(s, head));

	for (; n > 0; n--, p += k)
		memcpy(p, what, k);
	strcpy(p, tail);
	return s;
}

TEST(meta_limits_hold_on_depth_attributes_namespaces_and_length)
{
	static const struct { const char *head, *what; size_t n; } v[] = {
		{ "", "<a>", 100000 },
		{ "<a", " b='c'", 300 },
		{ "<a", " xmlns:b='c'", 600 },
		{ "<a b='", "cccccccccccccccc", 70000 },
		{ "<a>", "<b xmlns:c='d'><b xmlns:e='f' xmlns:g='h' xmlns:i='j'"
		    " xmlns:k='l' xmlns:m='n' xmlns:o='p' xmlns:q='r'>", 100 },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char *xml = many(v[i].head, v[i].what, v[i].n, "'/>");

		CHECK_EQ(verdict(xml, "limit"), SR_ELIMIT);
		free(xml);
	}
}

TEST(meta_memory_is_held_to_what_is_given)
{
	char *xml = many("<recording xmlns='" V1 "'>", PARTY(P1, "a"), 1000,
	    "</recording>");
	struct sr_str in = sr_cstr(xml);
	struct sr_doc d;

	for (size_t max = 0; max < 200000; max += 9973) {
		CHECK_EQ(sr_doc_parse(&d, in, sr_cstr(NULL), max), SR_ELIMIT);
		CHECK(d.arena.used <= max + 64 && !d.valid);
		sr_doc_free(&d);
	}
	CHECK_EQ(sr_doc_parse(&d, in, sr_cstr(NULL), ROOM), SR_OK);
	CHECK_EQ(d.nparticipants, 1000);
	sr_doc_free(&d);
	free(xml);
}

TEST(meta_another_version_of_the_namespace_is_an_error_of_its_own)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, DECL "<recording xmlns='" DRAFT ":2'>"
	    "<session session_id='s'/></recording>"), SR_OK);
	CHECK(found(&d, "R7865-6.11-1") != NULL && !d.valid);
	CHECK_EQ(d.nsessions, 1);
	sr_doc_free(&d);
}

TEST(meta_a_prefix_that_nobody_declared_hides_nothing)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, DECL "<t:recording><t:session session_id='" S1
	    "'/></t:recording>"), SR_OK);
	CHECK(d.well_formed && !d.valid && found(&d, "xml-names") != NULL);
	CHECK_STR(d.root, "recording");
	CHECK_EQ(d.nsessions, 1);
	sr_doc_free(&d);
}

TEST(meta_another_root_is_not_read_as_a_recording)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, DECL "<html><session id='s'/></html>"), SR_OK);
	CHECK(d.well_formed && !d.valid);
	CHECK_EQ(d.nsessions, 0);
	sr_doc_free(&d);
}

TEST(meta_a_snapshot_request_is_valid_and_no_recording)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, DECL "<requestsnapshot xmlns='" V1 "'>"
	    "<requestreason xml:lang='en'>SRS error</requestreason>"
	    "</requestsnapshot>"), SR_OK);
	CHECK(d.valid);
	CHECK_STR(d.request_reason, "SRS error");
	CHECK_EQ(d.nfindings, 0);
	sr_doc_free(&d);
}
