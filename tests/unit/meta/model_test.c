#include "siprec/meta.h"
#include "unit/test.h"

static const struct sr_str none = { NULL, 0 };

TEST(model_a_new_document_is_complete_and_empty)
{
	struct sr_doc d;

	CHECK_EQ(sr_doc_new(&d, 4096), SR_OK);
	CHECK_STR(d.root, "recording");
	CHECK_STR(d.datamode, "complete");
	CHECK_EQ(d.nsessions + d.nparticipants + d.nstreams + d.nassocs, 0);
	sr_doc_free(&d);
}

TEST(model_adders_copy_what_they_are_given)
{
	char id[] = "abc", label[] = "96";
	struct sr_mstream *s;
	struct sr_doc d;

	sr_doc_new(&d, 65536);
	s = sr_doc_add_stream(&d, sr_cstr(id), none, sr_cstr(label));
	memset(id, 'x', 3);
	memset(label, 'x', 2);
	CHECK_STR(s->id, "abc");
	CHECK_STR(s->label, "96");
	CHECK(s->session_id.p == NULL);
	sr_doc_free(&d);
}

TEST(model_a_hundred_objects_stay_in_order)
{
	struct sr_doc d;
	char id[16];

	sr_doc_new(&d, 1 << 20);
	for (int i = 0; i < 100; i++) {
		struct sr_assoc *a;

		snprintf(id, sizeof(id), "p%d", i);
		CHECK(sr_doc_add_participant(&d, sr_cstr(id),
		    SR_STR("sip:a@b"), none) != NULL);
		a = sr_doc_add_assoc(&d, SR_PARTICIPANT_STREAM, sr_cstr(id),
		    none);
		for (int k = 0; k < i % 7; k++)
			CHECK_EQ(sr_assoc_add(&d, a, true, sr_cstr(id)),
			    SR_OK);
	}
	for (int i = 0; i < 100; i++) {
		snprintf(id, sizeof(id), "p%d", i);
		CHECK_STR(d.participants[i].id, id);
		CHECK_STR(d.assocs[i].participant_id, id);
		CHECK_EQ(d.assocs[i].nsend, i % 7);
	}
	CHECK_STR(d.participants[99].names[0].aor, "sip:a@b");
	sr_doc_free(&d);
}

TEST(model_a_full_arena_refuses_and_keeps_what_is_there)
{
	struct sr_doc d;
	size_t n = 0;

	sr_doc_new(&d, 2048);
	while (n < 1000 && sr_doc_add_cs(&d, SR_STR("s")) != NULL)
		n++;
	CHECK(n > 0 && n < 1000);
	CHECK_EQ(d.nsessions, n);
	CHECK_STR(d.sessions[n - 1].id, "s");
	sr_doc_free(&d);
}

static void
sender(struct sr_doc *d, const char *who, const char *stream)
{
	struct sr_assoc *a = sr_doc_add_assoc(d, SR_PARTICIPANT_STREAM,
	    sr_cstr(who), none);

	sr_assoc_add(d, a, true, sr_cstr(stream));
}

TEST(model_senders_of_a_mixed_stream_are_all_named_once)
{
	const struct sr_participant *who[4];
	struct sr_doc d;

	sr_doc_new(&d, 65536);
	sr_doc_add_participant(&d, SR_STR("A"), SR_STR("sip:a@x"), none);
	sr_doc_add_participant(&d, SR_STR("B"), SR_STR("sip:b@x"), none);
	sr_doc_add_stream(&d, SR_STR("m"), none, SR_STR("1"));
	sender(&d, "B", "m");
	sender(&d, "A", "m");
	sender(&d, "B", "m");
	sender(&d, "nobody", "m");
	CHECK_EQ(sr_doc_senders(&d, SR_STR("1"), who, 4), 2);
	CHECK_STR(who[0]->id, "B");
	CHECK_STR(who[1]->id, "A");
	CHECK_EQ(sr_doc_senders(&d, SR_STR("1"), who, 1), 1);
	CHECK_EQ(sr_doc_senders(&d, SR_STR("01"), who, 4), 0);
	d.assocs[0].disassociate = SR_STR("2026-01-01T00:00:00Z");
	d.assocs[2].disassociate = d.assocs[0].disassociate;
	CHECK_EQ(sr_doc_senders(&d, SR_STR("1"), who, 4), 1);
	sr_doc_free(&d);
}

TEST(model_one_label_on_two_streams_is_nobodys)
{
	struct sr_doc d;

	sr_doc_new(&d, 65536);
	sr_doc_add_cs(&d, SR_STR("S"));
	sr_doc_add_stream(&d, SR_STR("a"), SR_STR("S"), SR_STR("1"));
	CHECK_STR(sr_doc_by_label(&d, SR_STR("1"))->id, "a");
	sr_doc_add_stream(&d, SR_STR("b"), SR_STR("T"), SR_STR("1"));
	CHECK(sr_doc_by_label(&d, SR_STR("1")) == NULL);
	/* But one of a session that is over has given it up. */
	d.sessions[0].stop = SR_STR("2026-01-01T00:00:00Z");
	CHECK_STR(sr_doc_by_label(&d, SR_STR("1"))->id, "b");
	CHECK(sr_doc_by_label(&d, SR_STR("")) == NULL);
	sr_doc_free(&d);
}
