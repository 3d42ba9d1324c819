#include "siprec/crypt.h"
#include "siprec/meta.h"
#include "unit/test.h"

enum { MAX = 1 << 20 };

static struct sr_buf why;

static int
from(struct sr_doc *d, struct sr_str *json)
{
	sr_buf_free(&why);
	sr_buf_init(&why, 1024);
	return sr_doc_from_json(d, json, &sr_crypto_openssl, MAX, &why);
}

static int
read_one(struct sr_doc *d, const char *text)
{
	struct sr_str s = guarded(text, strlen(text));

	return from(d, &s);
}

TEST(json_in_a_person_needs_no_ids)
{
	const struct sr_participant *who[2];
	struct sr_doc d;

	CHECK_EQ(read_one(&d, "{\"sessions\":[{}],"
	    "\"participants\":[{\"aor\":\"sip:a@x\",\"name\":\"Ada\"},"
	    "{\"aors\":[\"sip:b@x\",\"tel:+1\"],\"names\":[\"Ben\"]}],"
	    "\"streams\":[{\"label\":\"1\"}],"
	    "\"session_assocs\":[{\"participant\":\"sip:a@x\"}],"
	    "\"stream_assocs\":[{\"participant\":\"sip:a@x\","
	    "\"send\":[\"1\"]}]}"), SR_OK);
	CHECK_EQ(d.sessions[0].id.n, 24);
	CHECK_STR(d.participants[0].names[0].name, "Ada");
	CHECK_EQ(d.participants[1].nnames, 2);
	CHECK_STR(d.participants[1].names[1].aor, "tel:+1");
	CHECK(sr_streq(d.streams[0].session_id, d.sessions[0].id));
	CHECK(sr_streq(d.assocs[0].session_id, d.sessions[0].id));
	CHECK_EQ(sr_doc_senders(&d, SR_STR("1"), who, 2), 1);
	CHECK_STR(who[0]->names[0].aor, "sip:a@x");
	sr_doc_free(&d);
}

TEST(json_in_ids_that_are_made_differ)
{
	struct sr_doc a, b;

	CHECK_EQ(read_one(&a, "{\"streams\":[{},{}]}"), SR_OK);
	CHECK_EQ(read_one(&b, "{\"streams\":[{}]}"), SR_OK);
	CHECK(!sr_streq(a.streams[0].id, a.streams[1].id));
	CHECK(!sr_streq(a.streams[0].id, b.streams[0].id));
	CHECK(a.streams[0].session_id.p == NULL);
	sr_doc_free(&a);
	sr_doc_free(&b);
}

TEST(json_in_gives_back_what_json_out_wrote)
{
	static const char text[] = "{\"v\":1,\"datamode\":\"partial\","
	    "\"groups\":[{\"id\":\"g\",\"associate_time\":\"x\"}],"
	    "\"sessions\":[{\"id\":\"s\",\"sip_session_ids\":[\"1\",\"2\"],"
	    "\"group_ref\":\"g\",\"start_time\":\"t\",\"stop_time\":\"u\","
	    "\"reasons\":[{\"cause\":\"16\",\"protocol\":\"Q.850\","
	    "\"text\":\"bye\"}],"
	    "\"extension_xml\":[\"<e xmlns=\\\"urn:e\\\">1</e>\"]}],"
	    "\"participants\":[{\"id\":\"p\",\"name_ids\":[{\"aor\":\"a\","
	    "\"name\":\"n\",\"lang\":\"en\"}]}],"
	    "\"streams\":[{\"id\":\"m\",\"label\":\"1\",\"session\":\"s\","
	    "\"mode\":\"mixed\"}],"
	    "\"stream_assocs\":[{\"participant\":\"p\",\"send\":[\"m\"],"
	    "\"recv\":[\"m\"],\"source\":\"participantstreamassoc\"}],"
	    "\"session_assocs\":[{\"participant\":\"p\",\"session\":\"s\","
	    "\"source\":\"participantsessionassoc\","
	    "\"associate_time\":\"v\",\"params\":[{\"name\":\"isfocus\","
	    "\"value\":\"\"}]}],"
	    "\"session_recording_assocs\":[{\"session\":\"s\"}]}";
	struct sr_buf first, second;
	struct sr_doc a, b;
	struct sr_str s;

	CHECK_EQ(read_one(&a, text), SR_OK);
	CHECK_STR(a.sessions[0].exts.v[0].ns, "urn:e");
	CHECK_STR(a.sessions[0].exts.v[0].name, "e");
	CHECK_STR(a.sessions[0].reasons[0].cause, "16");
	CHECK_STR(a.assocs[1].params[0].name, "isfocus");
	sr_buf_init(&first, MAX);
	sr_buf_init(&second, MAX);
	CHECK_EQ(sr_doc_json(&a, SR_STR("f"), &first), SR_OK);
	s = sr_buf_str(&first);
	CHECK_EQ(from(&b, &s), SR_OK);
	CHECK_EQ(sr_doc_json(&b, SR_STR("f"), &second), SR_OK);
	CHECK(sr_streq(sr_buf_str(&first), sr_buf_str(&second)));
	sr_doc_free(&a);
	sr_doc_free(&b);
	sr_buf_free(&first);
	sr_buf_free(&second);
}

TEST(json_in_cuts_one_object_after_the_other)
{
	static const char text[] = " {\"streams\":[{}]}\n{} \n";
	struct sr_str s = guarded(text, strlen(text));
	struct sr_doc d;

	CHECK_EQ(from(&d, &s), SR_OK);
	CHECK_EQ(d.nstreams, 1);
	sr_doc_free(&d);
	CHECK_EQ(from(&d, &s), SR_OK);
	CHECK_EQ(d.nstreams, 0);
	sr_doc_free(&d);
	CHECK_EQ(from(&d, &s), SR_ENOENT);
	sr_doc_free(&d);
}

static void
refused(const char *text, const char *word)
{
	struct sr_doc d;

	CHECK_EQ(read_one(&d, text), SR_EBAD);
	if (sr_strfind(sr_buf_str(&why), sr_cstr(word)) == why.n)
		test_fail(__FILE__, __LINE__, "%s: says %.*s", text,
		    SR_FMT(sr_buf_str(&why)));
	sr_doc_free(&d);
}

TEST(json_in_says_what_is_wrong_by_name)
{
	refused("{\"streams\":1}", "streams");
	refused("{\"streams\":[1]}", "streams");
	refused("{\"streams\":[{\"label\":1}]}", "label");
	refused("{\"stream_assocs\":[{\"send\":[1]}]}", "send");
	refused("{\"datamode\":\"whole\"}", "datamode");
	refused("{\"streams\":[{\"a\":1,\"a\":2}]}", "duplicate");
	refused("[1]", "object");
	refused("{", "line 1");
	refused("{\"streams\":[{\"label\":\"\\u0000\"}]}", "line 1");
}

TEST(json_in_an_extension_is_one_element_and_no_more)
{
	refused("{\"extension_xml\":[\"<a>\"]}", "extension_xml");
	refused("{\"extension_xml\":[\"<a/><b/>\"]}", "extension_xml");
	refused("{\"extension_xml\":[\"</recording><a/>\"]}", "extension_xml");
	refused("{\"extension_xml\":[\"text\"]}", "extension_xml");
	refused("{\"extension_xml\":[\"<!DOCTYPE a><a/>\"]}",
	    "extension_xml");
	refused("{\"extension_xml\":[\"<?xml version='1.0'?><a/>\"]}",
	    "extension_xml");
	sr_buf_free(&why);
}
