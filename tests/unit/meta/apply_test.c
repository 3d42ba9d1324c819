/* The flows of RFC 8068, with documents of our own of the same shapes. */
#include "siprec/meta.h"
#include "unit/test.h"

static const struct sr_str none = { NULL, 0 };
enum { MAX = 1 << 20 };

struct flow {
	struct sr_meta *m;
	struct sr_doc d;
};

static void
begin(struct flow *f)
{
	CHECK_EQ(sr_meta_new(&f->m, MAX), SR_OK);
}

static struct sr_doc *
document(struct flow *f, bool partial)
{
	sr_doc_new(&f->d, MAX);
	if (partial)
		f->d.datamode = SR_STR("partial");
	return &f->d;
}

static void
apply(struct flow *f)
{
	CHECK_EQ(sr_meta_apply(f->m, &f->d, 0), SR_OK);
	sr_doc_free(&f->d);
}

static struct sr_assoc *
in_session(struct sr_doc *d, const char *p, const char *s, const char *from,
    const char *to)
{
	struct sr_assoc *a = sr_doc_add_assoc(d, SR_PARTICIPANT_CS,
	    sr_cstr(p), sr_cstr(s));

	a->associate = sr_cstr(from);
	a->disassociate = sr_cstr(to);
	return a;
}

/* "ab>cd": sends a and b, hears c and d. */
static struct sr_assoc *
media(struct sr_doc *d, const char *p, const char *what)
{
	struct sr_assoc *a = sr_doc_add_assoc(d, SR_PARTICIPANT_STREAM,
	    sr_cstr(p), none);
	bool send = true;

	for (; *what != '\0'; what++)
		if (*what == '>')
			send = false;
		else
			sr_assoc_add(d, a, send, (struct sr_str){ what, 1 });
	return a;
}

/* What p sends and hears in the snapshot, in the same notation; "gone" when
 * its association is closed, "" without one. */
static const char *
now(struct flow *f, const char *p)
{
	static char out[64];
	const struct sr_doc *d = sr_meta_doc(f->m);
	size_t n = 0, found = 0;

	for (size_t i = 0; i < d->nassocs; i++) {
		const struct sr_assoc *a = &d->assocs[i];

		if (a->kind != SR_PARTICIPANT_STREAM ||
		    !sr_streq(a->participant_id, sr_cstr(p)))
			continue;
		if (found++ > 0)
			return "twice";
		if (a->disassociate.p != NULL)
			return a->nsend + a->nrecv == 0 ? "gone" : "gone?";
		for (size_t k = 0; k < a->nsend; k++)
			out[n++] = a->send[k].p[0];
		out[n++] = '>';
		for (size_t k = 0; k < a->nrecv; k++)
			out[n++] = a->recv[k].p[0];
	}
	out[n] = '\0';
	return out;
}
#define NOW(f, p, want) CHECK_STR(sr_cstr(now(f, p)), want)

static const struct sr_assoc *
part(struct flow *f, const char *p, const char *s)
{
	const struct sr_doc *d = sr_meta_doc(f->m);
	const struct sr_assoc *found = NULL;

	for (size_t i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == SR_PARTICIPANT_CS &&
		    sr_streq(d->assocs[i].participant_id, sr_cstr(p)) &&
		    sr_streq(d->assocs[i].session_id, sr_cstr(s))) {
			CHECK(found == NULL);
			found = &d->assocs[i];
		}
	return found;
}

static bool
present(struct flow *f, const char *p, const char *s)
{
	const struct sr_assoc *a = part(f, p, s);

	return a != NULL && a->disassociate.p == NULL;
}

/* RFC 8068 3.2.1: A sends a and b, B sends c and d. */
static void
two_parties(struct flow *f)
{
	struct sr_doc *d = document(f, false);
	struct sr_cs *s = sr_doc_add_cs(d, SR_STR("S"));
	static struct sr_str ids[] = { SR_STR("one"), SR_STR("two") };

	s->sip_session_ids = ids;
	s->nsip_session_ids = 2;
	sr_doc_add_participant(d, SR_STR("A"), SR_STR("sip:a@x"),
	    SR_STR("Ada"));
	sr_doc_add_participant(d, SR_STR("B"), SR_STR("sip:b@x"),
	    SR_STR("Ben"));
	for (int i = 0; i < 4; i++)
		sr_doc_add_stream(d, (struct sr_str){ &"abcd"[i], 1 },
		    SR_STR("S"), (struct sr_str){ &"1234"[i], 1 });
	in_session(d, "A", "S", "2026-01-01T10:00:00Z", NULL);
	in_session(d, "B", "S", "2026-01-01T10:00:00Z", NULL);
	media(d, "A", "ab>cd");
	media(d, "B", "cd>ab");
	apply(f);
}

TEST(apply_hold_takes_only_the_sends_that_are_not_listed)
{
	struct flow f;
	struct sr_doc *d;

	begin(&f);
	two_parties(&f);
	CHECK(sr_meta_based(f.m));
	d = document(&f, true);			/* 3.2.2, hold */
	media(d, "A", ">cd");
	media(d, "B", "cd>");
	apply(&f);
	NOW(&f, "A", ">cd");
	NOW(&f, "B", "cd>");
	d = document(&f, true);			/* resume */
	media(d, "A", "ab>cd");
	media(d, "B", "cd>ab");
	apply(&f);
	NOW(&f, "A", "ab>cd");
	NOW(&f, "B", "cd>ab");
	CHECK(present(&f, "A", "S"));
	CHECK_STR(sr_meta_doc(f.m)->datamode, "complete");
	sr_meta_free(f.m);
}

TEST(apply_a_participant_not_mentioned_keeps_its_streams)
{
	struct flow f;

	begin(&f);
	two_parties(&f);
	media(document(&f, true), "A", "");	/* neither: takes no part */
	apply(&f);
	NOW(&f, "A", ">");
	NOW(&f, "B", "cd>ab");
	sr_meta_free(f.m);
}

TEST(apply_several_associations_in_one_update_are_united)
{
	struct flow f;
	struct sr_doc *d;

	begin(&f);
	two_parties(&f);
	d = document(&f, true);
	media(d, "A", "a>");
	media(d, "A", ">c");
	media(d, "A", "a>d");
	apply(&f);
	NOW(&f, "A", "a>cd");
	sr_meta_free(f.m);
}

/* 3.2.3, transfer by re-INVITE: A leaves, C comes, and streams are used that
 * no document describes. */
TEST(apply_a_transfer_closes_one_and_makes_placeholders)
{
	struct flow f;
	struct sr_doc *d;
	const struct sr_doc *s;
	struct sr_str ids[] = { SR_STR("three") };
	struct sr_cs *cs;
	size_t undefined = 0;

	begin(&f);
	two_parties(&f);
	d = document(&f, true);
	cs = sr_doc_add_cs(d, SR_STR("S"));
	cs->sip_session_ids = ids;
	cs->nsip_session_ids = 1;
	sr_doc_add_participant(d, SR_STR("C"), SR_STR("sip:c@x"), none);
	in_session(d, "C", "S", "2026-01-01T11:00:00Z", NULL);
	in_session(d, "A", "S", NULL, "2026-01-01T11:00:01Z");
	media(d, "B", "cd>ef");
	media(d, "C", "ef>cd");
	apply(&f);
	NOW(&f, "A", "gone");
	NOW(&f, "B", "cd>ef");
	NOW(&f, "C", "ef>cd");
	CHECK(present(&f, "C", "S"));
	CHECK_STR(part(&f, "A", "S")->disassociate, "2026-01-01T11:00:01Z");
	CHECK_STR(part(&f, "A", "S")->associate, "2026-01-01T10:00:00Z");
	s = sr_meta_doc(f.m);
	CHECK_EQ(s->sessions[0].nsip_session_ids, 1);
	CHECK_STR(s->sessions[0].sip_session_ids[0], "three");
	CHECK_EQ(s->nparticipants, 3);
	CHECK_EQ(s->nstreams, 6);
	for (size_t i = 0; i < s->nstreams; i++)
		undefined += s->streams[i].undefined;
	CHECK_EQ(undefined, 2);
	d = document(&f, true);			/* described later */
	sr_doc_add_stream(d, SR_STR("e"), SR_STR("S"), SR_STR("5"));
	apply(&f);
	CHECK_EQ(sr_meta_doc(f.m)->nstreams, 6);
	CHECK_STR(sr_doc_by_label(sr_meta_doc(f.m), SR_STR("5"))->id, "e");
	sr_meta_free(f.m);
}

TEST(apply_a_stop_time_ends_everybodys_part)
{
	struct flow f;

	begin(&f);
	two_parties(&f);
	sr_doc_add_cs(document(&f, true), SR_STR("S"))->stop =
	    SR_STR("2026-01-01T12:00:00Z");
	apply(&f);
	NOW(&f, "A", "gone");
	NOW(&f, "B", "gone");
	CHECK_STR(part(&f, "B", "S")->disassociate, "2026-01-01T12:00:00Z");
	sr_meta_free(f.m);
}

TEST(apply_a_complete_document_replaces_everything)
{
	struct flow f;
	struct sr_doc *d;
	const struct sr_participant *who[2];

	begin(&f);
	two_parties(&f);
	d = document(&f, false);		/* 3.2.3, after REFER */
	sr_doc_add_cs(d, SR_STR("T"));
	sr_doc_add_participant(d, SR_STR("B"), SR_STR("sip:b@x"), none);
	sr_doc_add_stream(d, SR_STR("c"), SR_STR("T"), SR_STR("3"));
	in_session(d, "B", "T", NULL, NULL);
	media(d, "B", "c>");
	apply(&f);
	CHECK_EQ(sr_meta_doc(f.m)->nsessions, 1);
	CHECK_EQ(sr_meta_doc(f.m)->nparticipants, 1);
	NOW(&f, "A", "");
	NOW(&f, "B", "c>");
	CHECK_STR(sr_doc_by_label(sr_meta_doc(f.m), SR_STR("3"))->session_id,
	    "T");
	CHECK_EQ(sr_doc_senders(sr_meta_doc(f.m), SR_STR("3"), who, 2), 1);
	sr_meta_free(f.m);
}

/* 3.3.3: C joins the mixed stream, then A leaves. */
TEST(apply_join_and_drop_in_a_conference)
{
	struct flow f;
	struct sr_doc *d;

	begin(&f);
	two_parties(&f);
	d = document(&f, true);
	sr_doc_add_participant(d, SR_STR("C"), SR_STR("sip:c@x"), none);
	in_session(d, "C", "S", "2026-01-01T11:00:00Z", NULL);
	media(d, "C", "a>a");
	apply(&f);
	NOW(&f, "A", "ab>cd");
	NOW(&f, "C", "a>a");
	in_session(document(&f, true), "A", "S", NULL, "2026-01-01T11:30:00Z");
	apply(&f);
	NOW(&f, "A", "gone");
	NOW(&f, "B", "cd>ab");
	NOW(&f, "C", "a>a");
	in_session(document(&f, true), "A", "S", "2026-01-01T11:40:00Z", NULL);
	apply(&f);
	CHECK(present(&f, "A", "S"));
	CHECK_STR(part(&f, "A", "S")->associate, "2026-01-01T11:40:00Z");
	sr_meta_free(f.m);
}

/* 3.5: leaving one session of two leaves the streams of the other. */
TEST(apply_leaving_a_session_ends_only_its_streams)
{
	struct flow f;
	struct sr_doc *d;

	begin(&f);
	two_parties(&f);
	d = document(&f, true);
	sr_doc_add_cs(d, SR_STR("T"));
	sr_doc_add_stream(d, SR_STR("t"), SR_STR("T"), SR_STR("9"));
	in_session(d, "A", "T", NULL, NULL);
	media(d, "A", "abt>cd");
	apply(&f);
	in_session(document(&f, true), "A", "S", NULL, "2026-01-01T11:00:00Z");
	apply(&f);
	NOW(&f, "A", "t>");
	sr_meta_free(f.m);
}

TEST(apply_scalars_and_lists_replace_only_where_they_are)
{
	struct flow f;
	struct sr_doc *d;
	const struct sr_doc *s;

	begin(&f);
	two_parties(&f);
	d = document(&f, true);
	sr_doc_add_participant(d, SR_STR(" A "), none, none);
	sr_doc_add_stream(d, SR_STR("a"), SR_STR("T"), none);
	apply(&f);
	s = sr_meta_doc(f.m);
	CHECK_STR(s->participants[0].names[0].name, "Ada");
	CHECK_STR(s->streams[0].label, "1");
	CHECK_STR(s->streams[0].session_id, "T");
	CHECK_EQ(s->sessions[0].nsip_session_ids, 2);
	d = document(&f, true);
	sr_doc_add_participant(d, SR_STR("A"), SR_STR("sip:new@x"), none);
	apply(&f);
	s = sr_meta_doc(f.m);
	CHECK_EQ(s->nparticipants, 2);
	CHECK_EQ(s->participants[0].nnames, 1);
	CHECK_STR(s->participants[0].names[0].aor, "sip:new@x");
	sr_meta_free(f.m);
}

TEST(apply_extensions_replace_those_of_the_same_name)
{
	struct sr_ext first[] = {
		{ SR_STR("urn:a"), SR_STR("x"), SR_STR("<x>1</x>") },
		{ SR_STR("urn:b"), SR_STR("x"), SR_STR("<x>2</x>") } };
	struct sr_ext next[] = {
		{ SR_STR("urn:a"), SR_STR("x"), SR_STR("<x>3</x>") } };
	struct flow f;
	const struct sr_exts *e;

	begin(&f);
	sr_doc_add_cs(document(&f, false), SR_STR("S"))->exts =
	    (struct sr_exts){ first, 2 };
	apply(&f);
	sr_doc_add_cs(document(&f, true), SR_STR("S"))->exts =
	    (struct sr_exts){ next, 1 };
	apply(&f);
	e = &sr_meta_doc(f.m)->sessions[0].exts;
	CHECK_EQ(e->n, 2);
	CHECK_STR(e->v[0].xml, "<x>2</x>");
	CHECK_STR(e->v[1].xml, "<x>3</x>");
	sr_meta_free(f.m);
}

TEST(apply_a_label_moves_to_the_stream_that_is_given_it)
{
	struct flow f;

	begin(&f);
	two_parties(&f);
	sr_doc_add_stream(document(&f, true), SR_STR("z"), SR_STR("S"),
	    SR_STR("1"));
	apply(&f);
	CHECK_STR(sr_doc_by_label(sr_meta_doc(f.m), SR_STR("1"))->id, "z");
	sr_meta_free(f.m);
}

TEST(apply_an_update_without_a_base_is_kept_and_marked)
{
	struct flow f;

	begin(&f);
	media(document(&f, true), "A", "a>");
	apply(&f);
	CHECK(!sr_meta_based(f.m));
	CHECK_STR(sr_meta_doc(f.m)->datamode, "partial");
	NOW(&f, "A", "a>");
	two_parties(&f);
	CHECK(sr_meta_based(f.m));
	CHECK_STR(sr_meta_doc(f.m)->datamode, "complete");
	sr_meta_free(f.m);
}

TEST(apply_empty_ids_are_never_the_same_thing)
{
	struct flow f;

	begin(&f);
	sr_doc_add_stream(document(&f, false), SR_STR(""), none, SR_STR("1"));
	apply(&f);
	sr_doc_add_stream(document(&f, true), SR_STR(""), none, SR_STR("2"));
	apply(&f);
	CHECK_EQ(sr_meta_doc(f.m)->nstreams, 2);
	sr_meta_free(f.m);
}

TEST(apply_what_does_not_fit_leaves_the_state_as_it_was)
{
	struct sr_meta *m;
	struct sr_doc d;
	char id[16];

	sr_meta_new(&m, 8192);
	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, SR_STR("S"));
	CHECK_EQ(sr_meta_apply(m, &d, 0), SR_OK);
	d.datamode = SR_STR("partial");
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		sr_doc_add_participant(&d, sr_cstr(id), SR_STR("sip:x"), none);
	}
	CHECK_EQ(sr_meta_apply(m, &d, 0), SR_ELIMIT);
	CHECK_EQ(sr_meta_doc(m)->nsessions, 1);
	CHECK_EQ(sr_meta_doc(m)->nparticipants, 0);
	sr_doc_free(&d);
	sr_meta_free(m);
}

TEST(apply_those_that_left_make_room_for_those_that_come)
{
	struct sr_meta *m;
	struct sr_doc d;
	char id[16];

	sr_meta_new(&m, 32768);
	sr_doc_new(&d, MAX);
	sr_doc_add_cs(&d, SR_STR("S"));
	sr_doc_add_participant(&d, SR_STR("host"), SR_STR("sip:h"), none);
	in_session(&d, "host", "S", NULL, NULL);
	CHECK_EQ(sr_meta_apply(m, &d, 0), SR_OK);
	sr_doc_free(&d);
	for (int i = 0; i < 2000; i++) {
		snprintf(id, sizeof(id), "guest%d", i);
		for (int leaves = 0; leaves < 2; leaves++) {
			sr_doc_new(&d, MAX);
			d.datamode = SR_STR("partial");
			sr_doc_add_participant(&d, sr_cstr(id),
			    SR_STR("sip:g"), none);
			in_session(&d, id, "S", NULL,
			    leaves ? "2026-01-01T11:00:00Z" : NULL);
			CHECK_EQ(sr_meta_apply(m, &d, 0), SR_OK);
			sr_doc_free(&d);
		}
	}
	CHECK_STR(sr_meta_doc(m)->participants[0].id, "host");
	CHECK(sr_meta_doc(m)->nparticipants < 500);
	sr_meta_free(m);
}

TEST(apply_a_request_for_a_snapshot_is_no_document)
{
	struct sr_meta *m;
	struct sr_doc d;

	sr_meta_new(&m, MAX);
	sr_doc_new(&d, MAX);
	d.root = SR_STR("requestsnapshot");
	CHECK_EQ(sr_meta_apply(m, &d, 0), SR_EUNSUP);
	sr_doc_free(&d);
	sr_meta_free(m);
}
