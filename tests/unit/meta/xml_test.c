#include "siprec/crypt.h"
#include "siprec/meta.h"
#include "unit/test.h"

static const struct sr_str none = { NULL, 0 };
enum { MAX = 4 << 20 };

static struct sr_buf out;

/* The XML of d, good until the next call. */
static struct sr_str
xml(const struct sr_doc *d)
{
	sr_buf_free(&out);
	sr_buf_init(&out, MAX);
	CHECK_EQ(sr_doc_xml(d, &sr_crypto_openssl, &out), SR_OK);
	return sr_buf_str(&out);
}

static bool
holds(struct sr_str s, const char *part)
{
	return sr_strfind(s, sr_cstr(part)) < s.n;
}

/* UUIDs that are none of anybody's. */
static struct sr_str
uuid(int n)
{
	static char ring[8][25];
	static unsigned next;
	uint8_t u[16] = { (uint8_t)n, (uint8_t)(n >> 8), 7, 7, 7, 7, 0x47, 7,
	    0x87, 7, 7, 7, 7, 7, 7, 7 };
	struct sr_buf b;
	char *p = ring[next++ % 8];

	sr_buf_init(&b, 64);
	sr_base64_add(&b, u, 16);
	memcpy(p, b.p, 24);
	sr_buf_free(&b);
	return (struct sr_str){ p, 24 };
}

TEST(xml_begins_with_a_declaration_that_names_utf8)
{
	struct sr_doc d;

	sr_doc_new(&d, MAX);
	CHECK_STR(xml(&d), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\n"
	    "  <datamode>complete</datamode>\n</recording>\n");
	sr_doc_free(&d);
}

TEST(xml_escapes_what_would_be_markup)
{
	struct sr_doc d;
	struct sr_str x;

	sr_doc_new(&d, MAX);
	sr_doc_add_participant(&d, uuid(1), SR_STR("sip:a?x=\"&'<\t>"),
	    SR_STR("<A&B> ]]>\r\x01\xff\xc3\xa9"));
	x = xml(&d);
	CHECK(holds(x, "aor=\"sip:a?x=&quot;&amp;'&lt;&#9;&gt;\""));
	CHECK(holds(x, "<name>&lt;A&amp;B&gt; ]]&gt;&#13;"
	    "\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9</name>"));
	sr_doc_free(&d);
}

TEST(xml_an_id_that_is_no_uuid_becomes_one_and_is_kept)
{
	struct sr_doc d, back;
	struct sr_assoc *a;
	struct sr_str x;

	sr_doc_new(&d, MAX);
	sr_doc_add_stream(&d, SR_STR(" st&1 "), SR_STR("gone"), SR_STR("1"));
	sr_doc_add_participant(&d, SR_STR("p1"), SR_STR("sip:a@b"), none);
	a = sr_doc_add_assoc(&d, SR_PARTICIPANT_STREAM, SR_STR("p1"), none);
	sr_assoc_add(&d, a, true, SR_STR("st&1"));
	x = xml(&d);
	CHECK(holds(x, ">st&amp;1</original-id>"));
	CHECK(holds(x, ">p1</original-id>"));
	CHECK(holds(x, ">gone</original-id>"));	/* a reference, kept too */
	CHECK_EQ(sr_doc_parse(&back, x, none, MAX), SR_OK);
	CHECK(back.schema_valid);
	CHECK_EQ(back.streams[0].id.n, 24);
	CHECK(sr_streq(back.assocs[0].participant_id,
	    back.participants[0].id));
	CHECK(sr_streq(back.assocs[0].send[0], back.streams[0].id));
	CHECK(!sr_streq(back.assocs[0].participant_id, back.streams[0].id));
	sr_doc_free(&back);
	sr_doc_free(&d);
}

TEST(xml_one_id_on_two_kinds_becomes_two_uuids)
{
	struct sr_doc d, back;

	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, SR_STR("same"));
	sr_doc_add_participant(&d, SR_STR("same"), SR_STR("sip:a@b"), none);
	sr_doc_add_assoc(&d, SR_PARTICIPANT_CS, SR_STR("same"),
	    SR_STR("same"));
	CHECK_EQ(sr_doc_parse(&back, xml(&d), none, MAX), SR_OK);
	CHECK(back.valid);
	CHECK(!sr_streq(back.sessions[0].id, back.participants[0].id));
	CHECK(sr_streq(back.assocs[0].session_id, back.sessions[0].id));
	CHECK(sr_streq(back.assocs[0].participant_id,
	    back.participants[0].id));
	sr_doc_free(&back);
	sr_doc_free(&d);
}

static void
time_is(const char *from, const char *want)
{
	struct sr_buf b;
	struct sr_doc d;

	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, uuid(1))->start = sr_cstr(from);
	sr_buf_init(&b, 256);
	sr_buf_fmt(&b, "<start-time>%s</start-time>", want);
	sr_buf_addc(&b, '\0');
	CHECK(holds(xml(&d), b.p));
	sr_buf_free(&b);
	sr_doc_free(&d);
}

TEST(xml_times_are_mended_no_more_than_needed)
{
	time_is("2026-01-02T03:04:05.123456+02:00",
	    "2026-01-02T03:04:05.123456+02:00");
	time_is("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z");
	time_is("2026-01-02T03:04:05.5-0330", "2026-01-02T03:04:05.5-03:30");
	time_is(" 2026-01-02T03:04:05 ", "2026-01-02T03:04:05");
	time_is("2026-12-31T23:59:60Z", "2027-01-01T00:00:00Z");
}

TEST(xml_what_is_no_time_stands_beside_it)
{
	struct sr_doc d, back;
	struct sr_str x;

	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, uuid(1))->stop = SR_STR("yesterday");
	x = xml(&d);
	CHECK(!holds(x, "stop-time>yesterday"));
	CHECK(holds(x, "of=\"stop-time\">yesterday</original-value>"));
	CHECK_EQ(sr_doc_parse(&back, x, none, MAX), SR_OK);
	CHECK(back.schema_valid);
	sr_doc_free(&back);
	sr_doc_free(&d);
}

TEST(xml_extensions_keep_their_meaning)
{
	struct sr_ext v[] = {
		{ SR_STR("urn:v"), SR_STR("a"),
		    SR_STR("<v:a xmlns:v=\"urn:v\"><v:b/></v:a>") },
		{ SR_STR("urn:v"), SR_STR("a"),
		    SR_STR("<v:a xmlns:v=\"urn:v\"><b>x</b></v:a>") },
		{ SR_STR(""), SR_STR("plain"), SR_STR("<plain>y</plain>") } };
	struct sr_doc d, back;
	struct sr_str x;

	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, uuid(1))->exts = (struct sr_exts){ v, 3 };
	x = xml(&d);
	CHECK(holds(x, "<v:a xmlns:v=\"urn:v\"><v:b/></v:a>"));
	CHECK(holds(x, "<v:a xmlns=\"\" xmlns:v=\"urn:v\"><b>x</b></v:a>"));
	CHECK(holds(x, "<plain xmlns=\"\">y</plain></x:extension>"));
	CHECK_EQ(sr_doc_parse(&back, x, none, MAX), SR_OK);
	CHECK(back.schema_valid && back.valid);
	sr_doc_free(&back);
	sr_doc_free(&d);
}

TEST(xml_what_was_never_said_is_not_invented)
{
	struct sr_doc d;
	struct sr_str x;

	sr_doc_new(&d, MAX);
	sr_doc_add_participant(&d, none, none, none);
	sr_doc_add_assoc(&d, SR_PARTICIPANT_CS, uuid(1), none);
	x = xml(&d);
	CHECK(holds(x, "<participant/>"));
	CHECK(!holds(x, "nameID"));
	CHECK(!holds(x, "session_id"));
	CHECK(!holds(x, "-time"));
	sr_doc_free(&d);
}

TEST(xml_a_request_for_a_snapshot_keeps_its_reason)
{
	struct sr_doc d, back;

	sr_doc_new(&d, MAX);
	d.root = SR_STR("requestsnapshot");
	d.request_reason = SR_STR("lost & found");
	CHECK_EQ(sr_doc_parse(&back, xml(&d), none, MAX), SR_OK);
	CHECK(back.valid);
	CHECK_STR(back.root, "requestsnapshot");
	CHECK_STR(back.request_reason, "lost & found");
	sr_doc_free(&back);
	sr_doc_free(&d);
}

TEST(xml_stops_at_the_limit_of_its_buffer)
{
	struct sr_buf small;
	struct sr_doc d;

	sr_doc_new(&d, MAX);
	sr_buf_init(&small, 100);
	CHECK_EQ(sr_doc_xml(&d, &sr_crypto_openssl, &small), SR_ELIMIT);
	sr_buf_free(&small);
	sr_doc_free(&d);
}

/* ---- parse(generate(x)) = x ---- */

static uint32_t seed;

static unsigned
dice(unsigned sides)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % sides;
}

static struct sr_str
words(void)
{
	static const char *v[] = { "Ada", "B&B", "<x>", "\xc3\x84rger", "a  b",
	    "\"q\"", "\xf0\x9f\x93\x9e", "&amp;", "tel:+1;x=%20", "]]>" };

	return sr_cstr(v[dice(10)]);
}

static struct sr_str
address(void)
{
	static const char *v[] = { "sip:a@b;x=%20", "tel:+1", "192.0.2.1",
	    "sips:a@x.example:5061?a=b&c" };

	return sr_cstr(v[dice(4)]);
}

static struct sr_str
some_time(void)
{
	static const char *v[] = { "2026-01-02T03:04:05Z",
	    "2026-01-02T03:04:05.25+01:00", "1970-01-01T00:00:00Z", NULL };

	return sr_cstr(v[dice(4)]);
}

static void
any_document(struct sr_doc *d)
{
	unsigned ns = 1 + dice(3), np = dice(5), nm = dice(5);

	sr_doc_new(d, MAX);
	if (dice(3) == 0)
		d->datamode = SR_STR("partial");
	for (unsigned i = 0; i < ns; i++) {
		struct sr_cs *s = sr_doc_add_cs(d, uuid((int)i));

		s->start = some_time();
		s->stop = some_time();
	}
	for (unsigned i = 0; i < np; i++)
		sr_doc_add_participant(d, uuid(100 + (int)i), address(),
		    dice(2) ? words() : none);
	for (unsigned i = 0; i < nm; i++)
		sr_doc_add_stream(d, uuid(200 + (int)i),
		    uuid((int)dice(ns)), words());
	for (unsigned i = 0; i < np; i++) {
		struct sr_assoc *a = sr_doc_add_assoc(d, SR_PARTICIPANT_CS,
		    uuid(100 + (int)i), uuid((int)dice(ns)));

		a->associate = some_time();
		a->disassociate = some_time();
	}
	for (unsigned i = 0; i < np; i++) {
		struct sr_assoc *a = sr_doc_add_assoc(d,
		    SR_PARTICIPANT_STREAM, uuid(100 + (int)i), none);

		for (unsigned k = 0; k < nm; k++)
			if (dice(2))
				sr_assoc_add(d, a, dice(2), uuid(200 +
				    (int)k));
		a->associate = some_time();
	}
}

/* The part of the JSON that is the model, without verdicts on it. */
static struct sr_str
model(const struct sr_doc *d, struct sr_buf *b)
{
	struct sr_str s;
	size_t from;

	sr_buf_init(b, MAX);
	CHECK_EQ(sr_doc_json(d, none, b), SR_OK);
	s = sr_buf_str(b);
	from = sr_strfind(s, SR_STR("\"groups\""));
	return sr_substr(s, from, sr_strfind(s, SR_STR(",\"findings\"")) -
	    from);
}

TEST(xml_parsed_again_is_what_was_written)
{
	for (seed = 1; seed < 1u << 31; seed = seed * 5 + 3) {
		struct sr_doc d, back;
		struct sr_buf a, b, first;
		uint32_t keep = seed;

		any_document(&d);
		sr_buf_init(&first, MAX);
		sr_buf_add(&first, xml(&d));
		CHECK_EQ(sr_doc_parse(&back, guarded(first.p, first.n), none,
		    MAX), SR_OK);
		CHECK(back.schema_valid);
		CHECK(sr_streq(back.datamode, d.datamode));
		if (!sr_streq(model(&d, &a), model(&back, &b)))
			test_fail(__FILE__, __LINE__, "seed %u:\n%.*s\n%.*s",
			    keep, SR_FMT(sr_buf_str(&a)),
			    SR_FMT(sr_buf_str(&b)));
		CHECK(sr_streq(xml(&back), sr_buf_str(&first)));
		sr_buf_free(&a);
		sr_buf_free(&b);
		sr_buf_free(&first);
		sr_doc_free(&back);
		sr_doc_free(&d);
		seed = keep;
	}
	sr_buf_free(&out);
}
