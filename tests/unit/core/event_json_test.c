/* Claims about lib/core/event_json.c: every line is JSON, and of one shape. */
#include "unit/core/scene.h"

#include <jansson.h>

/* The last line as an object; the caller drops it. */
static json_t *
line(void)
{
	json_error_t err;
	json_t *o = json_loads(last_json, JSON_REJECT_DUPLICATES, &err);

	CHECK(o != NULL);
	return o;
}

static const char *
text(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "(none)";
}

TEST(event_json_begin_says_who_and_where)
{
	json_t *o;

	scene(false);
	SIP(SRC, "INVITE", .id = NULL);
	SIP(SRS, "200 OK", .to = "t");
	o = line();
	CHECK_EQ(json_integer_value(json_object_get(o, "v")), 1);
	CHECK_STR(sr_cstr(text(o, "event")), "begin");
	CHECK_STR(sr_cstr(text(o, "time")), "2023-11-14T22:13:20.001Z");
	CHECK_STR(sr_cstr(text(o, "session")), "call_x");
	CHECK_STR(sr_cstr(text(o, "call_id")), "call@x");
	CHECK_STR(sr_cstr(text(o, "from")), "sip:src@example.com");
	CHECK_STR(sr_cstr(text(o, "to")), "sip:srs@example.com");
	CHECK_STR(sr_cstr(text(o, "src")), "192.0.2.1:5060");
	CHECK_STR(sr_cstr(text(o, "dst")), "192.0.2.2:5060");
	CHECK_STR(sr_cstr(text(o, "transport")), "udp");
	CHECK_STR(sr_cstr(text(o, "cause")), "sip.src");
	CHECK_STR(sr_cstr(text(o, "kind")), "recording");
	CHECK_EQ(json_integer_value(json_object_get(o, "frame")), 2);
	json_decref(o);
	scene_end();
}

TEST(event_json_answer_lists_its_lines)
{
	json_t *o, *m;

	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER);
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	o = line();
	CHECK_STR(sr_cstr(text(o, "event")), "answer");
	CHECK_STR(sr_cstr(text(o, "by")), "srs");
	CHECK_STR(sr_cstr(text(o, "file")), "sdp-0002.sdp");
	m = json_array_get(json_object_get(o, "mlines"), 0);
	CHECK_STR(sr_cstr(text(m, "label")), "1");
	CHECK_STR(sr_cstr(text(m, "direction")), "recvonly");
	CHECK_STR(sr_cstr(text(m, "addr")), "192.0.2.2:40000");
	json_decref(o);
	scene_end();
}

TEST(event_json_end_counts)
{
	json_t *o, *t;

	scene(false);
	establish("1");
	TALK(.n = 50);
	TALK(.from = 55, .n = 45);
	BYE();
	scene_end();
	strcpy(last_json, end_json);
	o = line();
	CHECK_STR(sr_cstr(text(o, "event")), "end");
	CHECK_STR(sr_cstr(text(o, "reason")), "bye-client");
	t = json_array_get(json_object_get(o, "streams"), 0);
	CHECK_EQ(json_integer_value(json_object_get(t, "packets")), 95);
	CHECK_EQ(json_integer_value(json_object_get(t, "lost")), 5);
	CHECK(json_real_value(json_object_get(o, "duration")) > 1.89);
	CHECK_STR(sr_cstr(text(t, "codec")), "PCMU");
	/* where its timestamps stand, and sample 0, to the nanosecond */
	t = json_array_get(json_object_get(t, "sources"), 0);
	CHECK_EQ(json_integer_value(json_object_get(t, "clock")), 8000);
	CHECK(json_real_value(json_object_get(t, "at")) == 0);
	CHECK_EQ(strlen(text(o, "start_exact")), strlen(text(o, "start")) + 6);
	json_decref(o);
}

TEST(event_json_of_hostile_names_is_json)
{
	static const char *const id[] = { "a\"b\\c", "a\x01\x7f", "\xff\xfe",
	    "\xc3(", "</script>" };

	for (size_t i = 0; i < 5; i++) {
		json_t *o;

		scene(false);
		SIP(SRC, "INVITE", .id = id[i]);
		SIP(SRS, "200 OK", .id = id[i], .to = "t");
		o = line();
		CHECK_STR(sr_cstr(text(o, "event")), "begin");
		json_decref(o);
		scene_end();
	}
}

TEST(event_json_of_files_names_them)
{
	struct sr_event ev = { .kind = SR_EV_END };
	struct sr_end_file file = { .file = SR_STR("1.wav"), .rate = 8000,
	    .duration = SR_SEC };
	const struct sr_event *e;
	struct sr_buf b;

	memset(file.sha256, 'a', 64);
	scene(false);
	establish("1");
	sr_engine_finish(engine, now);
	sr_buf_init(&b, 65536);
	while ((e = sr_engine_next(engine)) != NULL)
		if (e->kind == SR_EV_END) {
			ev = *e;
			CHECK_EQ(sr_event_json(&ev, &file, &b), SR_OK);
		}
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("\"file\":\"1.wav\",\"sha256\":"
	    "\"aaaa")) < b.n);
	CHECK(sr_strfind(sr_buf_str(&b), SR_STR("\"rate\":8000")) < b.n);
	sr_buf_free(&b);
	sr_engine_free(engine);
}
