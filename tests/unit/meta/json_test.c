/* json_test - a document as one line of JSON. */
#include "unit/meta/doc.h"

#include <jansson.h>

static json_t *
json_of(const char *xml, const char *file)
{
	struct sr_doc d;
	struct sr_buf out;
	json_t *j;

	PARSE(&d, xml);
	sr_buf_init(&out, ROOM);
	CHECK_EQ(sr_doc_json(&d, sr_cstr(file), &out), SR_OK);
	CHECK(memchr(out.p, '\n', out.n) == NULL);
	j = json_loadb(out.p, out.n, 0, NULL);
	CHECK(j != NULL);
	sr_buf_free(&out);
	sr_doc_free(&d);
	return j;
}

static void
same(json_t *j, const char *k, const char *want)
{
	char *s = json_dumps(json_object_get(j, k), JSON_COMPACT |
	    JSON_ENCODE_ANY | JSON_SORT_KEYS);

	CHECK_STR(sr_cstr(s), want);
	free(s);
}

TEST(json_has_the_model_under_stable_names)
{
	json_t *j = json_of(REC("<datamode>partial</datamode>"
	    "<session session_id='" S1 "'><sipSessionID>a</sipSessionID>"
	    "<reason cause='1'>x</reason><stop-time>2010-12-16T23:41:07Z"
	    "</stop-time></session>"
	    "<participant participant_id='" P1 "'><nameID aor='tel:+1'>"
	    "<name xml:lang='it'>\xc3\xa9</name></nameID>"
	    "<nameID aor='tel:+2'/></participant>"
	    "<stream stream_id='" M1 "'><label>1</label></stream>"
	    "<sessionrecordingassoc session_id='" S1 "'/>"
	    "<participantsessionassoc participant_id='" P1 "' session_id='"
	    S1 "'><param pname='a' pval='b'/></participantsessionassoc>"
	    SENDS(P1, M1)), "f.xml");

	same(j, "v", "1");
	same(j, "file", "\"f.xml\"");
	same(j, "datamode", "\"partial\"");
	same(j, "valid", "true");
	same(j, "groups", "[]");
	same(j, "sessions", "[{\"id\":\"" S1 "\",\"reasons\":[{\"cause\":\"1\","
	    "\"text\":\"x\"}],\"sip_session_ids\":[\"a\"],"
	    "\"stop_time\":\"2010-12-16T23:41:07Z\"}]");
	same(j, "participants", "[{\"aors\":[\"tel:+1\",\"tel:+2\"],"
	    "\"id\":\"" P1 "\",\"name_ids\":[{\"aor\":\"tel:+1\","
	    "\"lang\":\"it\",\"name\":\"\xc3\xa9\"},{\"aor\":\"tel:+2\"}],"
	    "\"names\":[\"\xc3\xa9\"]}]");
	same(j, "streams", "[{\"id\":\"" M1 "\",\"label\":\"1\"}]");
	same(j, "stream_assocs", "[{\"participant\":\"" P1 "\",\"recv\":[],"
	    "\"send\":[\"" M1 "\"],\"source\":\"participantstreamassoc\"}]");
	same(j, "session_assocs", "[{\"params\":[{\"name\":\"a\","
	    "\"value\":\"b\"}],\"participant\":\"" P1 "\",\"session\":\"" S1
	    "\",\"source\":\"participantsessionassoc\"}]");
	same(j, "session_recording_assocs", "[{\"session\":\"" S1 "\"}]");
	json_decref(j);
}

TEST(json_lists_extensions_once_and_sorted)
{
	json_t *j = json_of(OLD("<b xmlns='urn:b'/><extensiondata xmlns=''>"
	    "<a xmlns='urn:a'/><b xmlns='urn:b'/></extensiondata>"), NULL);

	same(j, "extensions", "[\"{urn:a}a\",\"{urn:b}b\","
	    "\"{}extensiondata\"]");
	CHECK_EQ(json_array_size(json_object_get(j, "extension_xml")), 2);
	CHECK(json_object_get(j, "file") == NULL);
	json_decref(j);
}

TEST(json_of_a_request_has_its_reason_and_no_recording)
{
	json_t *j = json_of(DECL "<requestsnapshot xmlns='" V1 "'>"
	    "<requestreason>r</requestreason></requestsnapshot>", NULL);

	same(j, "request_reason", "[\"r\"]");
	CHECK(json_object_get(j, "datamode") == NULL);
	CHECK(json_object_get(j, "participants") == NULL);
	json_decref(j);
}

TEST(json_of_what_cannot_be_read_still_tells_why)
{
	json_t *j = json_of("no xml", "x");

	same(j, "well_formed", "false");
	same(j, "participants", "[]");
	CHECK(json_array_size(json_object_get(j, "findings")) >= 2);
	json_decref(j);
}

TEST(json_of_a_finding_names_rule_line_clause_and_hint)
{
	json_t *j = json_of(REC("\n<group group_id='" G1 "'>\n"
	    "<associate-time>2010-12-16T23:41:07</associate-time></group>"),
	    NULL), *f = json_array_get(json_object_get(j, "findings"), 0);

	same(f, "rule", "\"R7865-6.9-1\"");
	same(f, "severity", "\"error\"");
	same(f, "line", "4");
	same(f, "clause", "\"RFC 7865 section 6.9\"");
	CHECK(json_object_get(f, "hint") != NULL);
	json_decref(j);
}
