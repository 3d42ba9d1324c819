#include "siprec/crypt.h"
#include "siprec/meta.h"
#include "unit/test.h"

#include <jansson.h>

static const struct sr_str none = { NULL, 0 };
enum { MAX = 1 << 20 };

static json_t *
convert(const struct sr_doc *d, const struct sr_vcon *v)
{
	struct sr_buf out;
	json_t *j;

	sr_buf_init(&out, MAX);
	CHECK_EQ(sr_doc_vcon(d, v, &sr_crypto_openssl, &out), SR_OK);
	j = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	CHECK(j != NULL);
	sr_buf_free(&out);
	return j;
}

static const char *
text(const json_t *j, const char *name)
{
	const char *s = json_string_value(json_object_get(j, name));

	return s != NULL ? s : "(none)";
}
#define TEXT(j, name, want) CHECK_STR(sr_cstr(text(j, name)), want)

static void
fill(struct sr_doc *d)
{
	struct sr_assoc *a;

	sr_doc_new(d, MAX);
	sr_doc_add_cs(d, SR_STR("S"))->start =
	    SR_STR("2026-01-01T10:00:00+01:00");
	sr_doc_add_participant(d, SR_STR("AAAAAAAAQACAAAAAAAAAAQ=="),
	    SR_STR("sip:a@x"), SR_STR("Ada"));
	sr_doc_add_participant(d, SR_STR("p2"), SR_STR("tel:+1555"), none);
	sr_doc_add_stream(d, SR_STR("m"), SR_STR("S"), SR_STR("1"));
	a = sr_doc_add_assoc(d, SR_PARTICIPANT_CS, SR_STR("p2"), SR_STR("S"));
	a->associate = SR_STR("2026-01-01T10:00:00Z");
	a->disassociate = SR_STR("2026-01-01T10:05:00");	/* no zone */
	a = sr_doc_add_assoc(d, SR_PARTICIPANT_STREAM, SR_STR("p2"), none);
	sr_assoc_add(d, a, true, SR_STR("m"));
}

TEST(vcon_has_what_the_draft_demands)
{
	struct sr_vcon v = { .created = 0, .xml = SR_STR("<recording/>") };
	struct sr_doc d;
	json_t *j, *parties, *a;

	fill(&d);
	j = convert(&d, &v);
	TEXT(j, "vcon", "0.4.0");
	TEXT(j, "created_at", "1970-01-01T00:00:00.000Z");
	CHECK_EQ(strlen(text(j, "uuid")), 36);
	CHECK(text(j, "uuid")[14] == '8');
	parties = json_object_get(j, "parties");
	CHECK_EQ(json_array_size(parties), 2);
	TEXT(json_array_get(parties, 0), "sip", "sip:a@x");
	TEXT(json_array_get(parties, 0), "name", "Ada");
	TEXT(json_array_get(parties, 0), "validation", "none");
	TEXT(json_array_get(parties, 0), "uuid",
	    "00000000-0000-4000-8000-000000000001");
	TEXT(json_array_get(parties, 1), "tel", "tel:+1555");
	TEXT(json_array_get(parties, 1), "uuid", "p2");
	a = json_array_get(json_object_get(j, "attachments"), 0);
	TEXT(a, "mediatype", "application/rs-metadata+xml");
	TEXT(a, "body", "<recording/>");
	TEXT(a, "encoding", "none");
	CHECK(json_is_integer(json_object_get(a, "party")));
	CHECK(json_is_integer(json_object_get(a, "dialog")));
	CHECK(json_is_array(json_object_get(j, "analysis")));
	json_decref(j);
	sr_doc_free(&d);
}

TEST(vcon_a_dialog_refers_to_its_file_by_hash)
{
	struct sr_vcon_file f = { .label = SR_STR("1"),
	    .url = SR_STR("1.wav"), .mediatype = SR_STR("audio/x-wav"),
	    .start = SR_STR("2026-01-01T10:00:00.5Z"),
	    .duration = 1500 * SR_MSEC };
	struct sr_vcon v = { .files = &f, .nfiles = 1 };
	struct sr_doc d;
	json_t *j, *dialog;

	/* SHA-512 of nothing. */
	sr_crypto_openssl.hash(SR_SHA512, SR_STR(""), f.sha512);
	fill(&d);
	j = convert(&d, &v);
	dialog = json_array_get(json_object_get(j, "dialog"), 0);
	TEXT(dialog, "type", "recording");
	TEXT(dialog, "start", "2026-01-01T10:00:00.500Z");
	TEXT(dialog, "url", "1.wav");
	TEXT(dialog, "content_hash", "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXc"
	    "g_SpIdNs6c5H0NE8XYXysP-DGNKHfuwvY7kxvUdBeoGlODJ6-SfaPg");
	CHECK(json_number_value(json_object_get(dialog, "duration")) == 1.5);
	CHECK_EQ(json_integer_value(json_array_get(json_object_get(dialog,
	    "parties"), 0)), 1);
	CHECK_EQ(json_array_size(json_object_get(j, "attachments")), 0);
	json_decref(j);
	sr_doc_free(&d);
}

TEST(vcon_times_without_zone_are_no_instants)
{
	struct sr_vcon v = { 0 };
	struct sr_doc d;
	json_t *j, *dialog, *h;

	fill(&d);
	j = convert(&d, &v);
	dialog = json_array_get(json_object_get(j, "dialog"), 0);
	TEXT(dialog, "start", "2026-01-01T09:00:00.000Z");
	h = json_object_get(dialog, "party_history");
	CHECK_EQ(json_array_size(h), 1);
	TEXT(json_array_get(h, 0), "event", "join");
	json_decref(j);
	d.sessions[0].start = SR_STR("2026-01-01T10:00:00");
	j = convert(&d, &v);
	dialog = json_array_get(json_object_get(j, "dialog"), 0);
	TEXT(dialog, "start", "(none)");
	json_decref(j);
	sr_doc_free(&d);
}

TEST(vcon_the_same_recording_has_the_same_uuid)
{
	struct sr_vcon v = { .xml = SR_STR("a") }, w = { .xml = SR_STR("b"),
	    .created = 5 };
	struct sr_doc d;
	json_t *a, *b, *c;

	fill(&d);
	a = convert(&d, &v);
	v.created = 9;
	b = convert(&d, &v);
	c = convert(&d, &w);
	CHECK(strcmp(text(a, "uuid"), text(b, "uuid")) == 0);
	CHECK(strcmp(text(a, "uuid"), text(c, "uuid")) != 0);
	json_decref(a);
	json_decref(b);
	json_decref(c);
	sr_doc_free(&d);
}
