/* repair_test - what is not well-formed, and what can be had of it. */
#include "unit/meta/doc.h"
#include "meta/priv.h"

/* The text after repair. */
static void
mended(const char *in, const char *want)
{
	struct sr_doc d;
	struct sr_buf out;

	memset(&d, 0, sizeof(d));
	sr_arena_init(&d.arena, ROOM);
	sr_buf_init(&out, ROOM);
	CHECK_EQ(sr_meta_repair(&d, guarded(in, strlen(in)), &out), SR_OK);
	CHECK_STR(sr_buf_str(&out), want);
	sr_buf_free(&out);
	sr_doc_free(&d);
}

TEST(repair_leaves_alone_what_is_well_formed)
{
	mended("<a b=\"&lt;\">&amp;&#65;&#x1F;x\n<c/></a>",
	    "<a b=\"&lt;\">&amp;&#65;&amp;#x1F;x\n<c/></a>");
	mended("<a>&#xd;&#x20AC;&quot;</a>", "<a>&#xd;&#x20AC;&quot;</a>");
}

TEST(repair_mends_the_slips_met_in_the_field)
{
	mended("<a>CITY&CNT &foo;</a>", "<a>CITY&amp;CNT &amp;foo;</a>");
	mended("<a>x <sip:bob@h;p=1> y</a>", "<a>x &lt;sip:bob@h;p=1> y</a>");
	mended("<a><sip:bob></a>", "<a>&lt;sip:bob></a>");
	mended("<a><!{CDATA{<sip:a&b>}}></a>", "<a>&lt;sip:a&amp;b&gt;</a>");
	mended("<a b=c d=e/>", "<a b=\"c\" d=\"e\"/>");
	mended("<a b='x\"y' c = 'd'></a>", "<a b=\"x&quot;y\" c=\"d\"></a>");
	mended("<a>< label>1</label >< label>2</ label></a>",
	    "<a><label>1</label><label>2</label></a>");
	mended("<a>< b 1</a>", "<a>&lt; b 1</a>");
	mended("<a b=\\\"c\\\">x</a>", "<a b=\"c\">x</a>");
	mended("<a b c='1'/>", "<a c=\"1\"/>");
	mended("<a>]]></a>", "<a>]]&gt;</a>");
	mended("<a>1 < 2</a>", "<a>1 &lt; 2</a>");
}

TEST(repair_closes_what_is_open_and_drops_what_never_began)
{
	mended("<a><b>x", "<a><b>x</b></a>");
	mended("<a><b>x</a>", "<a><b>x</b></a>");
	mended("<a>x</b></a>", "<a>x</a>");
	mended("<a><b", "<a></a>");
	mended("<a><b c=\"d", "<a></a>");
	mended("<a/><b/>", "<a/>");
	mended("junk<a/>--boundary--", "<a/>");
	mended("<&xml version=\"1.0\"&>;\n<a>", "\n<a></a>");
	mended("<a><![CDATA[x</a>", "<a>&lt;![CDATA[x</a>");
	mended("<a><!-- x", "<a></a>");
}

TEST(repair_keeps_the_lines)
{
	mended("<?xml\n?><!--\n--><a\n\nb='c'>\n&</a>",
	    "\n\n<a\n\n b=\"c\">\n&amp;</a>");
}

TEST(repair_brings_back_the_facts_and_tells_it)
{
	struct sr_doc d;
	const struct sr_finding *f;

	CHECK_EQ(PARSE(&d, DECL "<recording xmlns=\"" V1 "\">\n"
	    "<participant participant_id=\"" P1 "\"><nameID aor=\"tel:+1\">\n"
	    "<name>DENVER CITY&CNT</name></nameID></participant>"
	    "</recording>"), SR_OK);
	CHECK(!d.well_formed && !d.schema_valid && !d.valid);
	CHECK_STR(d.participants[0].names[0].name, "DENVER CITY&CNT");
	f = found(&d, "xml");
	CHECK(f != NULL && f->line == 4 && f->severity == SR_ERROR);
	f = found(&d, "repair");
	CHECK(f != NULL && f->line == 4);
	sr_doc_free(&d);
}

TEST(repair_takes_the_first_of_two_roots)
{
	struct sr_doc d;

	CHECK_EQ(PARSE(&d, REC(GOOD) REC(GOOD)), SR_OK);
	CHECK(!d.well_formed);
	CHECK_EQ(d.nparticipants, 2);
	CHECK(said(&d, "end of the root"));
	sr_doc_free(&d);
}

/* Each of these would be slow if any step looked back or ahead each time. */
TEST(repair_is_linear_in_what_never_ends)
{
	static const char *const v[] = { "<![CDATA[", "<!--", "<!{CDATA{", "</",
	    "<a b=\"", "< ", "&", "<sip:", "]]>", "<a:", "\xff" };
	enum { N = 200000 };
	struct sr_doc d;
	char *s = malloc(10 + N);

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t k = strlen(v[i]), n = 3;

		memcpy(s, "<a>", 3);
		for (; n + k < N; n += k)
			memcpy(s + n, v[i], k);
		sr_doc_parse(&d, (struct sr_str){ s, n }, sr_cstr(NULL), ROOM);
		CHECK(!d.valid);
		sr_doc_free(&d);
	}
	free(s);
}
