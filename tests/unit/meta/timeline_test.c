#include "siprec/meta.h"
#include "unit/test.h"

static const struct sr_str none = { NULL, 0 };
enum { MAX = 1 << 20 };

struct run {
	struct sr_meta *m;
	struct sr_timeline *t;
};

static void
step(struct run *r, const char *mode, const char *p, const char *from,
    const char *to, const char *sends, const char *receipt)
{
	struct sr_doc d;
	struct sr_assoc *a;

	sr_doc_new(&d, MAX);
	d.datamode = sr_cstr(mode);
	if (strcmp(mode, "complete") == 0) {
		sr_doc_add_cs(&d, SR_STR("S"));
		sr_doc_add_participant(&d, sr_cstr(p), SR_STR("sip:a@x"),
		    none);
		sr_doc_add_stream(&d, SR_STR("m"), SR_STR("S"), SR_STR("1"));
	}
	if (from != NULL || to != NULL) {
		a = sr_doc_add_assoc(&d, SR_PARTICIPANT_CS, sr_cstr(p),
		    SR_STR("S"));
		a->associate = sr_cstr(from);
		a->disassociate = sr_cstr(to);
	}
	if (sends != NULL) {
		a = sr_doc_add_assoc(&d, SR_PARTICIPANT_STREAM, sr_cstr(p),
		    none);
		if (*sends != '\0')
			sr_assoc_add(&d, a, true, sr_cstr(sends));
	}
	CHECK_EQ(sr_meta_apply(r->m, &d, 0), SR_OK);
	CHECK_EQ(sr_timeline_apply(r->t, &d, sr_meta_doc(r->m),
	    sr_cstr(receipt)), SR_OK);
	sr_doc_free(&d);
}

static void
begin(struct run *r)
{
	CHECK_EQ(sr_meta_new(&r->m, MAX), SR_OK);
	CHECK_EQ(sr_timeline_new(&r->t, MAX), SR_OK);
}

static void
finish(struct run *r)
{
	sr_timeline_free(r->t);
	sr_meta_free(r->m);
}

TEST(timeline_join_leave_join_are_two_intervals)
{
	struct run r;
	const struct sr_interval *v;
	size_t n;

	begin(&r);
	step(&r, "complete", "A", "10:00", NULL, NULL, NULL);
	step(&r, "partial", "A", NULL, "10:10", NULL, NULL);
	step(&r, "partial", "A", "10:20", NULL, NULL, NULL);
	v = sr_timeline_get(r.t, &n);
	CHECK_EQ(n, 2);
	CHECK_STR(v[0].from, "10:00");
	CHECK_STR(v[0].to, "10:10");
	CHECK(v[0].over && !v[0].to_approx);
	CHECK_STR(v[0].aor, "sip:a@x");
	CHECK_STR(v[1].from, "10:20");
	CHECK(!v[1].over && v[1].to.p == NULL);
	finish(&r);
}

TEST(timeline_a_hold_cuts_the_sending_in_two)
{
	struct run r;
	const struct sr_interval *v;
	size_t n;

	begin(&r);
	step(&r, "complete", "A", "10:00", NULL, "m", "r0");
	step(&r, "partial", "A", NULL, NULL, "", "r1");
	step(&r, "partial", "A", NULL, NULL, "m", "r2");
	CHECK_EQ(sr_timeline_end(r.t, SR_STR("bye")), SR_OK);
	v = sr_timeline_get(r.t, &n);
	CHECK_EQ(n, 3);
	CHECK_EQ(v[1].kind, SR_SENDS);
	CHECK_STR(v[1].label, "1");
	CHECK_STR(v[1].session, "S");
	CHECK_STR(v[1].from, "r0");
	CHECK_STR(v[1].to, "r1");
	CHECK(v[1].from_approx && v[1].to_approx);
	CHECK_STR(v[2].from, "r2");
	CHECK_STR(v[2].to, "bye");
	CHECK_STR(v[0].to, "bye");
	finish(&r);
}

TEST(timeline_leaving_ends_the_sending_at_the_same_time)
{
	struct run r;
	const struct sr_interval *v;
	size_t n;

	begin(&r);
	step(&r, "complete", "A", "10:00", NULL, "m", NULL);
	step(&r, "partial", "A", NULL, "10:30", NULL, NULL);
	v = sr_timeline_get(r.t, &n);
	CHECK_EQ(n, 2);
	/* Without any better knowledge: since the participant was there. */
	CHECK_STR(v[1].from, "10:00");
	CHECK(v[1].from_approx);
	CHECK_STR(v[1].to, "10:30");
	CHECK(v[1].over && !v[1].to_approx);
	finish(&r);
}

TEST(timeline_whoever_a_new_snapshot_leaves_out_is_gone)
{
	struct run r;
	const struct sr_interval *v;
	size_t n;

	begin(&r);
	step(&r, "complete", "A", "10:00", NULL, NULL, "r0");
	step(&r, "complete", "B", "11:00", NULL, NULL, "r1");
	v = sr_timeline_get(r.t, &n);
	CHECK_EQ(n, 2);
	CHECK_STR(v[0].to, "r1");
	CHECK(v[0].to_approx);
	CHECK(!v[1].over);
	/* The same again changes nothing. */
	step(&r, "complete", "B", "11:00", NULL, NULL, "r2");
	sr_timeline_get(r.t, &n);
	CHECK_EQ(n, 2);
	finish(&r);
}

TEST(timeline_a_log_gives_times_and_files)
{
	static const char text[] =
	    "{\"event\":\"metadata\",\"file\":\"m1\",\"time\":\"t1\"}\n"
	    "not JSON\n{\"event\":\"end\",\"time\":\"t9\",\"start\":\"t0\","
	    "\"streams\":[{\"label\":\"1\",\"file\":\"1.wav\","
	    "\"duration\":1.5,\"participants\":[{\"id\":\"p\"},{}]},{}]}\n"
	    "{\"event\":\"meta";
	struct sr_log log;

	CHECK_EQ(sr_log_read(&log, guarded(text, sizeof(text) - 1), MAX),
	    SR_OK);
	CHECK_EQ(log.ndocs, 1);
	CHECK_STR(log.docs[0].time, "t1");
	CHECK_STR(log.start, "t0");
	CHECK_STR(log.end, "t9");
	CHECK_EQ(log.nstreams, 2);
	CHECK_EQ(log.streams[0].duration, 1500 * SR_MSEC);
	CHECK_EQ(log.streams[0].nparticipants, 1);
	CHECK_EQ(log.streams[1].duration, -1);
	sr_log_free(&log);
}
