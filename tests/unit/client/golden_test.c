/* The states that a server must have after each step of RFC 8068. */
#include "unit/client/play.h"

/* A state is written as flows are: who is in an open session, and what they
 * send and hear. */
struct state {
	struct play p;
	struct sr_meta *m;
	struct sr_buf text;
};

static void
begin(struct state *s, const char *flow)
{
	play(&s->p, flow, NULL);
	sr_buf_init(&s->text, 4096);
	CHECK_EQ(sr_meta_new(&s->m, ROOM), SR_OK);
}

static void
done(struct state *s)
{
	sr_meta_free(s->m);
	sr_buf_free(&s->text);
	stop(&s->p);
}

static bool
open_session(const struct sr_doc *d, struct sr_str id)
{
	for (size_t i = 0; i < d->nsessions; i++)
		if (sr_streq(d->sessions[i].id, id))
			return d->sessions[i].stop.p == NULL;
	return false;
}

/* The index of a stream in the script, as the letter of the flow. */
static char
stream_letter(const struct state *s, struct sr_str id)
{
	for (size_t i = 0; i < s->p.s.nstreams; i++) {
		size_t at = s->p.c.nids - s->p.s.nstreams + i;
		struct sr_buf b;
		bool yes;

		sr_buf_init(&b, 64);
		sr_base64_add(&b, s->p.c.ids[at], 16);
		yes = sr_streq(sr_buf_str(&b), id);
		sr_buf_free(&b);
		if (yes)
			return (char)('a' + i);
	}
	return '?';
}

static void
letters(struct state *s, const struct sr_str *v, size_t n)
{
	char seen[27] = { 0 };

	for (size_t i = 0; i < n; i++) {
		char c = stream_letter(s, v[i]);

		if (c != '?')
			seen[c - 'a'] = c;
	}
	for (int i = 0; i < 26; i++)
		if (seen[i] != 0)
			sr_buf_addc(&s->text, seen[i]);
}

static void
person(struct state *s, const struct sr_participant *who)
{
	const struct sr_doc *d = sr_meta_doc(s->m);
	bool in = false;

	for (size_t i = 0; i < d->nassocs; i++) {
		const struct sr_assoc *a = &d->assocs[i];

		if (a->kind != SR_PARTICIPANT_CS || a->disassociate.p != NULL ||
		    !sr_streq(a->participant_id, who->id) ||
		    !open_session(d, a->session_id))
			continue;
		in = true;
	}
	if (!in)
		return;
	sr_buf_fmt(&s->text, "%s%c", s->text.n > 0 ? " " : "",
	    who->names[0].aor.p[4] - 'a' + 'A');
	for (size_t i = 0; i < d->nassocs; i++) {
		const struct sr_assoc *a = &d->assocs[i];

		if (a->kind != SR_PARTICIPANT_STREAM ||
		    a->disassociate.p != NULL ||
		    !sr_streq(a->participant_id, who->id))
			continue;
		sr_buf_addc(&s->text, '>');
		letters(s, a->send, a->nsend);
		sr_buf_addc(&s->text, '<');
		letters(s, a->recv, a->nrecv);
	}
}

/* The state after that step; the steps before have been asked for. */
static struct sr_str
after(struct state *s, size_t step)
{
	const struct sr_doc *d;
	struct sr_doc in;

	CHECK_EQ(sr_doc_parse(&in, told(&s->p, step), nothing(), ROOM),
	    SR_OK);
	CHECK_EQ(sr_meta_apply(s->m, &in, NOON), SR_OK);
	sr_doc_free(&in);
	s->text.n = 0;
	d = sr_meta_doc(s->m);
	for (size_t i = 0; i < d->nparticipants; i++)
		person(s, &d->participants[i]);
	return sr_buf_str(&s->text);
}

static size_t
session_ids(const struct state *s, size_t session)
{
	return sr_meta_doc(s->m)->sessions[session].nsip_session_ids;
}

TEST(golden_call_and_bye_of_3_2_1_and_3_2_4)
{
	struct state s;

	begin(&s, "call-video");
	CHECK_STR(after(&s, 0), "A>ab<cd B>cd<ab");
	CHECK_EQ(sr_meta_doc(s.m)->ngroups, 1);
	CHECK(sr_streq(sr_meta_doc(s.m)->sessions[0].group_ref,
	    sr_meta_doc(s.m)->groups[0].id));
	CHECK_STR(sr_meta_doc(s.m)->streams[0].label, "96");
	CHECK_STR(sr_meta_doc(s.m)->streams[3].label, "99");
	CHECK_STR(after(&s, 1), "");
	done(&s);
}

TEST(golden_hold_and_resume_of_3_2_2)
{
	struct state s;

	begin(&s, "hold-resume");
	CHECK_STR(after(&s, 0), "A>ab<cd B>cd<ab");
	CHECK_STR(after(&s, 1), "A><cd B>cd<");
	CHECK_STR(after(&s, 2), "A>ab<cd B>cd<ab");
	CHECK_STR(after(&s, 3), "");
	done(&s);
}

/* The streams that RFC 8068 leaves undescribed have their labels here. */
TEST(golden_transfer_by_reinvite_of_3_2_3)
{
	struct state s;

	begin(&s, "transfer-reinvite");
	CHECK_STR(after(&s, 0), "A>ab<cd B>cd<ab");
	CHECK_STR(after(&s, 1), "B>cd<ef C>ef<cd");
	CHECK_EQ(session_ids(&s, 0), 1);
	CHECK(strcmp(senders(sr_meta_doc(s.m), "96"), "c") == 0);
	CHECK(strcmp(senders(sr_meta_doc(s.m), "98"), "b") == 0);
	done(&s);
}

TEST(golden_transfer_by_refer_of_3_2_3)
{
	struct state s;

	begin(&s, "transfer-refer");
	CHECK_STR(after(&s, 0), "A>ab<cd B>cd<ab");
	CHECK_STR(after(&s, 1), "");
	CHECK_STR(after(&s, 2), "B>cd<ef C>ef<cd");
	CHECK_EQ(sr_meta_doc(s.m)->nsessions, 1);
	for (size_t i = 0; i < sr_meta_doc(s.m)->nstreams; i++)
		CHECK(sr_streq(sr_meta_doc(s.m)->streams[i].session_id,
		    sr_meta_doc(s.m)->sessions[0].id));
	done(&s);
}

TEST(golden_mixed_hold_of_3_3_2)
{
	struct state s;

	begin(&s, "mixed-hold");
	CHECK_STR(after(&s, 0), "A>a<a B>a<a");
	CHECK_EQ(session_ids(&s, 0), 2);
	CHECK_STR(after(&s, 1), "A><a B>a<");
	CHECK_STR(after(&s, 2), "A>a<a B>a<a");
	done(&s);
}

TEST(golden_join_and_drop_of_3_3_3)
{
	struct state s;

	begin(&s, "mixed-conference");
	CHECK_STR(after(&s, 0), "A>a<a B>a<a");
	CHECK_STR(after(&s, 1), "A>a<a B>a<a C>a<a");
	CHECK_EQ(session_ids(&s, 0), 3);
	CHECK_STR(after(&s, 2), "B>a<a C>a<a");
	CHECK_EQ(session_ids(&s, 0), 2);
	CHECK(strcmp(senders(sr_meta_doc(s.m), "96"), "bc") == 0);
	done(&s);
}

TEST(golden_persistent_session_of_3_4_1)
{
	struct state s;

	begin(&s, "persistent");
	CHECK_STR(after(&s, 0), "");
	CHECK_EQ(sr_meta_doc(s.m)->nsessions, 0);
	CHECK_STR(after(&s, 1), "A>a<a B>a<a");
	CHECK_STR(after(&s, 2), "");
	CHECK(!s.p.s.steps[2].has_sdp);
	CHECK_STR(after(&s, 3), "C>a<a D>a<a");
	done(&s);
}

TEST(golden_turret_of_3_5)
{
	struct state s;

	begin(&s, "turret");
	CHECK_STR(after(&s, 0), "A>a<a B>a<a C>a<a");
	CHECK_EQ(sr_meta_doc(s.m)->nsessions, 2);
	CHECK(sr_streq(sr_meta_doc(s.m)->sessions[0].group_ref,
	    sr_meta_doc(s.m)->sessions[1].group_ref));
	CHECK(sr_streq(sr_meta_doc(s.m)->streams[0].session_id,
	    sr_meta_doc(s.m)->sessions[0].id));
	CHECK_STR(after(&s, 1), "A>a<a B>a<a");
	done(&s);
}
