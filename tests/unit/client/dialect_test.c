#include "unit/client/play.h"

/* Which flows a dialect is tried with: every kind of metadata. */
static const char *const tried[] = { "basic", "hold-resume",
	"transfer-reinvite", "transfer-refer", "mixed-conference",
	"conference", "metadata-only", "turret-lines" };

static char
initial(const struct sr_participant *p)
{
	struct sr_str aor = p->nnames > 0 ? p->names[0].aor : nothing();
	size_t colon = sr_strchr(aor, ':');

	if (colon < aor.n)
		aor = sr_substr(aor, colon + 1, aor.n);
	return aor.n > 0 ? aor.p[0] : '?';
}

static void
same_facts(const char *who, const struct sr_doc *d, const struct sr_doc *want)
{
	bool yes = d->nparticipants == want->nparticipants &&
	    d->nstreams == want->nstreams && d->nsessions == want->nsessions;

	for (size_t i = 0; yes && i < d->nparticipants; i++)
		yes = initial(&d->participants[i]) ==
		    initial(&want->participants[i]);
	for (size_t i = 0; yes && i < d->nstreams; i++) {
		struct sr_str label = want->streams[i].label;
		char text[64];

		yes = sr_streq(d->streams[i].label, label) && label.n < 64;
		memcpy(text, label.p, label.n);
		text[label.n] = '\0';
		yes = yes && strcmp(senders(d, text), senders(want, text)) ==
		    0 && strcmp(senders(d, text), "") != 0 ? yes :
		    yes && strcmp(senders(want, text), "") == 0;
	}
	if (!yes)
		test_fail(__FILE__, __LINE__, "%s: other facts", who);
}

TEST(dialect_documents_are_read_back_with_the_same_facts)
{
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t k = 0; k < n; k++)
		for (size_t f = 0; f < sizeof(tried) / sizeof(*tried); f++) {
			struct sr_doc d, want;
			struct play p;

			play(&p, tried[f], v[k].name);
			CHECK_EQ(sr_doc_parse(&d, told(&p, 0), nothing(),
			    ROOM), SR_OK);
			CHECK(d.well_formed);
			CHECK_EQ(sr_script_doc(&p.s, &p.c, 0, false, &want),
			    SR_OK);
			same_facts(v[k].name, &d, &want);
			sr_doc_free(&want);
			sr_doc_free(&d);
			stop(&p);
		}
}

TEST(dialect_is_recognised_at_every_step)
{
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t k = 0; k < n; k++)
		for (size_t f = 0; f < sizeof(tried) / sizeof(*tried); f++) {
			struct sr_doc d;
			struct play p;

			play(&p, tried[f], v[k].name);
			CHECK_EQ(sr_doc_parse(&d, told(&p, 0), nothing(),
			    ROOM), SR_OK);
			if (!sr_streq(d.dialect, sr_cstr(v[k].recognised)))
				test_fail(__FILE__, __LINE__,
				    "%s, %s: taken for %.*s", v[k].name,
				    tried[f], SR_FMT(d.dialect));
			sr_doc_free(&d);
			stop(&p);
		}
}

/* An update of a vendor has to lead to the state that the flow means. */
TEST(dialect_updates_lead_to_the_same_state)
{
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t k = 0; k < n; k++)
		for (size_t f = 0; f < sizeof(tried) / sizeof(*tried); f++) {
			struct sr_doc d, want;
			struct sr_meta *m;
			struct play p;

			play(&p, tried[f], v[k].name);
			CHECK_EQ(sr_meta_new(&m, ROOM), SR_OK);
			for (size_t i = 0; i < p.s.nsteps; i++) {
				if (!p.s.steps[i].has_meta ||
				    p.s.steps[i].kind == SR_DO_BYE)
					continue;
				CHECK_EQ(sr_doc_parse(&d, told(&p, i),
				    nothing(), ROOM), SR_OK);
				CHECK_EQ(sr_meta_apply(m, &d, NOON), SR_OK);
				CHECK_EQ(sr_script_doc(&p.s, &p.c, i, true,
				    &want), SR_OK);
				for (size_t s = 0; s < want.nstreams; s++) {
					char t[64] = { 0 };

					memcpy(t, want.streams[s].label.p,
					    want.streams[s].label.n);
					if (strcmp(senders(sr_meta_doc(m), t),
					    senders(&want, t)) != 0)
						test_fail(__FILE__, __LINE__,
						    "%s, %s, step %zu, label "
						    "%s", v[k].name, tried[f],
						    i, t);
				}
				sr_doc_free(&want);
				sr_doc_free(&d);
			}
			sr_meta_free(m);
			stop(&p);
		}
}

TEST(dialect_rfc7865_is_the_only_one_that_is_valid_throughout)
{
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t k = 0; k < n; k++) {
		bool ours = v[k].style == v[0].style;
		struct sr_doc d;
		struct play p;

		play(&p, "basic", v[k].name);
		CHECK_EQ(sr_doc_parse(&d, told(&p, 0), nothing(), ROOM),
		    SR_OK);
		if (d.valid != ours)
			test_fail(__FILE__, __LINE__, "%s is %svalid",
			    v[k].name, d.valid ? "" : "not ");
		sr_doc_free(&d);
		stop(&p);
	}
}

TEST(dialect_labels_have_the_vendors_form)
{
	struct play p;

	play(&p, "basic", "opensips");
	CHECK_STR(p.s.steps[0].lines[0].label, "0");
	stop(&p);
	play(&p, "basic", "avaya");
	CHECK_STR(p.s.steps[0].lines[1].label, "20");
	stop(&p);
	play(&p, "basic", "twilio");
	CHECK_STR(p.s.steps[0].lines[0].label, "inbound");
	stop(&p);
}

TEST(dialect_without_update_sends_the_sdp_again)
{
	struct play p;

	play(&p, "metadata-only", "cisco");
	CHECK_EQ(p.s.steps[1].kind, SR_DO_REINVITE);
	CHECK(p.s.steps[1].has_sdp && !p.s.steps[1].partial);
	stop(&p);
	play(&p, "metadata-only", "avaya");
	CHECK_EQ(p.s.steps[1].kind, SR_DO_UPDATE);
	CHECK(!p.s.steps[1].has_sdp);
	stop(&p);
}

TEST(dialect_names_of_people_are_escaped)
{
	const struct sr_person people[] = {
		{ SR_STR("sip:a&b@example.com"), SR_STR("A <&\"> B") },
		{ SR_STR("sip:bob@example.com"), SR_STR("]]>") } };
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t k = 0; k < n; k++) {
		const struct sr_script_cfg cfg = { .dialect = v[k].name,
		    .people = people, .npeople = 2 };
		struct sr_prng r;
		struct sr_doc d;
		struct play p;

		sr_prng_init(&r, 1);
		CHECK_EQ(sr_script_new(&p.s, &cfg), SR_OK);
		CHECK_EQ(sr_script_call_new(&p.c, &p.s, seeded, &r, NOON),
		    SR_OK);
		sr_buf_init(&p.xml, ROOM);
		CHECK_EQ(sr_doc_parse(&d, told(&p, 0), nothing(), ROOM),
		    SR_OK);
		CHECK(d.well_formed);
		for (size_t i = 0; i < d.nfindings; i++)
			CHECK(!sr_streq(d.findings[i].rule, SR_STR("xml")));
		sr_doc_free(&d);
		stop(&p);
	}
}

TEST(dialect_rows_are_complete_and_named_once)
{
	size_t n;
	const struct sr_dialect *v = sr_dialects(&n);

	for (size_t i = 0; i < n; i++) {
		CHECK(sr_dialect_find(v[i].name) == &v[i]);
		CHECK(v[i].text[0] != '\0' && v[i].style != NULL);
		CHECK(strncmp(v[i].meta_type, "application/rs-metadata",
		    23) == 0);
		CHECK(v[i].update == SR_UPDATE || v[i].update == SR_INVITE);
	}
	CHECK(n >= 15);
	CHECK(sr_dialect_find("nobody") == NULL);
}
