#include "unit/client/play.h"

static size_t
labels_of(const struct sr_step *step, struct sr_str out[64])
{
	size_t n = 0;

	for (size_t i = 0; i < step->nlines && n < 64; i++)
		if (!step->lines[i].removed)
			out[n++] = step->lines[i].label;
	return n;
}

static void
complain(const char *flow, size_t step, const struct sr_doc *d)
{
	for (size_t i = 0; i < d->nfindings; i++)
		if (d->findings[i].severity == SR_ERROR)
			test_fail(__FILE__, __LINE__,
			    "%s, step %zu: %.*s: %.*s",
			    flow, step, SR_FMT(d->findings[i].rule),
			    SR_FMT(d->findings[i].text));
}

/* Nothing is to be said against the document, nor against its labels. */
static void
valid(const char *flow, size_t i, const struct sr_step *step,
    struct sr_str xml)
{
	struct sr_str labels[64];
	struct sr_doc d;

	CHECK_EQ(sr_doc_parse(&d, guarded(xml.p, xml.n), nothing(), ROOM),
	    SR_OK);
	sr_doc_check_labels(&d, labels, labels_of(step, labels), SR_ERROR);
	complain(flow, i, &d);
	CHECK(d.valid && d.schema_valid);
	CHECK_STR(d.dialect, "rfc7865");
	sr_doc_free(&d);
}

TEST(flow_metadata_of_every_step_is_valid)
{
	const struct sr_call_flow *f;

	for (size_t k = 0; (f = sr_call_flow(k)) != NULL; k++) {
		struct play p;

		play(&p, f->name, NULL);
		for (size_t i = 0; i < p.s.nsteps; i++)
			if (p.s.steps[i].has_meta &&
			    p.s.steps[i].xml.p == NULL)
				valid(f->name, i, &p.s.steps[i], told(&p, i));
		stop(&p);
	}
	CHECK(f == NULL);
}

TEST(flow_a_snapshot_of_every_step_is_valid)
{
	const struct sr_call_flow *f;

	for (size_t k = 0; (f = sr_call_flow(k)) != NULL; k++) {
		struct play p;

		play(&p, f->name, NULL);
		for (size_t i = 0; i < p.s.nsteps; i++) {
			p.xml.n = 0;
			if (sr_script_snapshot(&p.s, &p.c, i, &p.xml) ==
			    SR_OK && p.s.steps[i].has_meta)
				valid(f->name, i, &p.s.steps[i],
				    sr_buf_str(&p.xml));
		}
		stop(&p);
	}
}

/* RFC 7866 section 9.1: labels come with the SDP that defines them. */
TEST(flow_metadata_with_labels_comes_with_sdp)
{
	const struct sr_call_flow *f;

	for (size_t k = 0; (f = sr_call_flow(k)) != NULL; k++) {
		struct play p;

		play(&p, f->name, NULL);
		for (size_t i = 0; i < p.s.nsteps; i++) {
			const struct sr_step *step = &p.s.steps[i];
			struct sr_str xml;

			if (!step->has_meta || step->has_sdp)
				continue;
			xml = told(&p, i);
			if (sr_strfind(xml, SR_STR("<label")) < xml.n)
				test_fail(__FILE__, __LINE__,
				    "%s, step %zu: a label without SDP",
				    f->name, i);
		}
		stop(&p);
	}
}

static bool
same_media(const struct sr_doc *a, const struct sr_doc *b)
{
	bool yes = true;

	for (size_t i = 0; i < b->nstreams && yes; i++) {
		const struct sr_participant *x[64], *y[64];
		struct sr_str label = b->streams[i].label;
		size_t n = sr_doc_senders(a, label, x, 64);

		yes = n == sr_doc_senders(b, label, y, 64);
		for (size_t k = 0; yes && k < n; k++)
			yes = sr_streq(x[k]->id, y[k]->id);
	}
	return yes;
}

/* What a server has after all updates is what a snapshot would say. */
TEST(flow_updates_put_together_are_the_snapshot)
{
	const struct sr_call_flow *f;

	for (size_t k = 0; (f = sr_call_flow(k)) != NULL; k++) {
		struct play p;
		struct sr_meta *m;

		play(&p, f->name, NULL);
		CHECK_EQ(sr_meta_new(&m, ROOM), SR_OK);
		for (size_t i = 0; i < p.s.nsteps; i++) {
			struct sr_doc d, whole;

			if (!p.s.steps[i].has_meta ||
			    p.s.steps[i].xml.p != NULL)
				continue;
			CHECK_EQ(sr_doc_parse(&d, told(&p, i), nothing(),
			    ROOM), SR_OK);
			CHECK_EQ(sr_meta_apply(m, &d, NOON), SR_OK);
			CHECK_EQ(sr_script_doc(&p.s, &p.c, i, true, &whole),
			    SR_OK);
			if (!same_media(sr_meta_doc(m), &whole))
				test_fail(__FILE__, __LINE__,
				    "%s, step %zu: another state", f->name, i);
			sr_doc_free(&whole);
			sr_doc_free(&d);
		}
		sr_meta_free(m);
		stop(&p);
	}
}

TEST(flow_the_same_seed_gives_the_same_bytes)
{
	struct play a, b;

	play(&a, "transfer-refer", NULL);
	play(&b, "transfer-refer", NULL);
	for (size_t i = 0; i < a.s.nsteps; i++)
		CHECK(sr_streq(told(&a, i), told(&b, i)));
	stop(&a);
	stop(&b);
}

TEST(flow_every_step_says_what_happens_and_is_checked)
{
	const struct sr_call_flow *f;
	size_t flows = 0;

	for (; (f = sr_call_flow(flows)) != NULL; flows++) {
		struct play p;
		size_t checks = 0;

		play(&p, f->name, NULL);
		CHECK(f->text[0] != '\0' && p.s.nsteps > 0);
		CHECK_EQ(p.s.steps[0].kind, SR_DO_INVITE);
		for (size_t i = 0; i < p.s.nsteps; i++) {
			CHECK(p.s.steps[i].text != NULL);
			checks += p.s.steps[i].nchecks;
		}
		CHECK(checks > 0);
		stop(&p);
	}
	CHECK(flows >= 45);
}

TEST(flow_ids_of_two_kinds_never_agree)
{
	struct play p;
	struct sr_doc d;

	play(&p, "turret", NULL);
	CHECK_EQ(sr_doc_parse(&d, told(&p, 0), nothing(), ROOM), SR_OK);
	CHECK_EQ(d.nsessions, 2);
	CHECK_EQ(d.nparticipants, 3);
	for (size_t i = 0; i < d.nparticipants; i++)
		CHECK(!sr_streq(d.participants[i].id, d.streams[0].id));
	sr_doc_free(&d);
	stop(&p);
}

TEST(flow_what_is_not_there_is_told)
{
	const struct sr_script_cfg flow = { .flow = "no-such-flow" };
	const struct sr_script_cfg dialect = { .dialect = "no-such-vendor" };
	struct sr_script s;

	CHECK_EQ(sr_script_new(&s, &flow), SR_ENOENT);
	sr_script_free(&s);
	CHECK_EQ(sr_script_new(&s, &dialect), SR_ENOENT);
	sr_script_free(&s);
}
