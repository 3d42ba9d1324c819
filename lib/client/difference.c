/* difference - what a partial update has to say so that one complete state
 * becomes another: "only elements that have changed", RFC 7865 section 5.
 *
 * It says what changed in the way RFC 8068 draws it: a session that is gone
 * gets a stop-time, a participant that left a disassociate-time, and who
 * sends or hears something else now an association with all of it. */
#include "client/priv.h"

enum { OBJECTS_MAX = 4096 };

static const struct sr_str none;

struct diff {
	const struct sr_doc *old, *new;
	struct sr_doc *out;
	struct sr_str time;
	int err;
};

static struct sr_str
keep(struct diff *x, struct sr_str s)
{
	struct sr_str copy = none;

	if (s.p != NULL) {
		copy = sr_arena_dup(&x->out->arena, s);
		if (copy.p == NULL)
			x->err = SR_ELIMIT;
	}
	return copy;
}

static bool
same(struct sr_str a, struct sr_str b)
{
	return sr_streq(sr_trim(a), sr_trim(b));
}

#define FINDER(NAME, TYPE, ARRAY, COUNT)				\
static const TYPE *							\
NAME(const struct sr_doc *d, struct sr_str id)				\
{									\
	for (size_t i = 0; i < d->COUNT; i++)				\
		if (same(d->ARRAY[i].id, id))				\
			return &d->ARRAY[i];				\
	return NULL;							\
}

FINDER(group_of, struct sr_group, groups, ngroups)
FINDER(cs_of, struct sr_cs, sessions, nsessions)
FINDER(participant_of, struct sr_participant, participants, nparticipants)
FINDER(stream_of, struct sr_mstream, streams, nstreams)

static const struct sr_assoc *
assoc_of(const struct sr_doc *d, const struct sr_assoc *like)
{
	for (size_t i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == like->kind &&
		    same(d->assocs[i].participant_id, like->participant_id) &&
		    same(d->assocs[i].session_id, like->session_id))
			return &d->assocs[i];
	return NULL;
}

static void
group(struct diff *x, const struct sr_group *g)
{
	const struct sr_group *old = group_of(x->old, g->id);
	struct sr_group *v;

	if (old != NULL && same(old->associate, g->associate) &&
	    same(old->disassociate, g->disassociate))
		return;
	v = sr_arena_grow(&x->out->arena, x->out->groups, x->out->ngroups,
	    sizeof(*v));
	if (v == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	x->out->groups = v;
	v[x->out->ngroups++] = (struct sr_group){ .id = keep(x, g->id),
	    .associate = keep(x, g->associate),
	    .disassociate = keep(x, g->disassociate) };
}

/* ---- sessions ---- */

static bool
same_ids(const struct sr_cs *a, const struct sr_cs *b)
{
	bool yes = a->nsip_session_ids == b->nsip_session_ids;

	for (size_t i = 0; yes && i < a->nsip_session_ids; i++)
		yes = same(a->sip_session_ids[i], b->sip_session_ids[i]);
	return yes;
}

static void
keep_ids(struct diff *x, struct sr_cs *to, const struct sr_cs *from)
{
	to->sip_session_ids = sr_arena_alloc(&x->out->arena,
	    (from->nsip_session_ids + 1) * sizeof(*to->sip_session_ids));
	if (to->sip_session_ids == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	for (size_t i = 0; i < from->nsip_session_ids; i++)
		to->sip_session_ids[i] = keep(x, from->sip_session_ids[i]);
	to->nsip_session_ids = from->nsip_session_ids;
}

static void
session(struct diff *x, const struct sr_cs *s)
{
	static const struct sr_cs unknown;
	const struct sr_cs *was = cs_of(x->old, s->id);
	const struct sr_cs *old = was != NULL ? was : &unknown;
	struct sr_cs *to;

	if (was != NULL && same_ids(old, s) && same(old->start, s->start) &&
	    same(old->stop, s->stop) && same(old->group_ref, s->group_ref))
		return;
	if ((to = sr_doc_add_cs(x->out, s->id)) == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	if (!same_ids(old, s))
		keep_ids(x, to, s);
	if (!same(old->group_ref, s->group_ref))
		to->group_ref = keep(x, s->group_ref);
	if (!same(old->start, s->start))
		to->start = keep(x, s->start);
	if (!same(old->stop, s->stop))
		to->stop = keep(x, s->stop);
}

static void
stopped(struct diff *x, const struct sr_cs *s)
{
	struct sr_cs *to;

	if (cs_of(x->new, s->id) != NULL || s->stop.p != NULL)
		return;
	if ((to = sr_doc_add_cs(x->out, s->id)) == NULL)
		x->err = SR_ELIMIT;
	else
		to->stop = keep(x, x->time);
}

/* ---- participants and streams ---- */

static bool
same_names(const struct sr_participant *a, const struct sr_participant *b)
{
	bool yes = a->nnames == b->nnames;

	for (size_t i = 0; yes && i < a->nnames; i++)
		yes = same(a->names[i].aor, b->names[i].aor) &&
		    sr_streq(a->names[i].name, b->names[i].name);
	return yes;
}

static void
participant(struct diff *x, const struct sr_participant *p)
{
	const struct sr_participant *old = participant_of(x->old, p->id);
	struct sr_participant *to;

	if (old != NULL && same_names(old, p))
		return;
	to = sr_doc_add_participant(x->out, p->id, none, none);
	if (to != NULL)
		to->names = sr_arena_alloc(&x->out->arena,
		    (p->nnames + 1) * sizeof(*to->names));
	if (to == NULL || to->names == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	for (; to->nnames < p->nnames; to->nnames++)
		to->names[to->nnames] = (struct sr_name_id){
		    .aor = keep(x, p->names[to->nnames].aor),
		    .name = keep(x, p->names[to->nnames].name),
		    .lang = keep(x, p->names[to->nnames].lang) };
}

static void
stream(struct diff *x, const struct sr_mstream *s)
{
	const struct sr_mstream *old = stream_of(x->old, s->id);

	if (old != NULL && same(old->label, s->label) &&
	    (s->session_id.p == NULL || same(old->session_id, s->session_id)))
		return;
	if (sr_doc_add_stream(x->out, s->id, s->session_id, s->label) == NULL)
		x->err = SR_ELIMIT;
}

/* ---- associations ---- */

static bool
has(const struct sr_str *set, size_t n, struct sr_str id)
{
	for (size_t i = 0; i < n; i++)
		if (same(set[i], id))
			return true;
	return false;
}

static bool
same_set(const struct sr_str *a, size_t na, const struct sr_str *b, size_t nb)
{
	bool yes = na == nb;

	for (size_t i = 0; yes && i < na; i++)
		yes = has(b, nb, a[i]);
	return yes;
}

static void
media(struct diff *x, const struct sr_assoc *a)
{
	const struct sr_assoc *old = assoc_of(x->old, a);
	struct sr_assoc *to;

	if (old != NULL && same_set(old->send, old->nsend, a->send,
	    a->nsend) && same_set(old->recv, old->nrecv, a->recv, a->nrecv))
		return;
	to = sr_doc_add_assoc(x->out, a->kind, a->participant_id, none);
	if (to == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	for (size_t i = 0; i < a->nsend && x->err == SR_OK; i++)
		x->err = sr_assoc_add(x->out, to, true, a->send[i]);
	for (size_t i = 0; i < a->nrecv && x->err == SR_OK; i++)
		x->err = sr_assoc_add(x->out, to, false, a->recv[i]);
}

static void
begun(struct diff *x, const struct sr_assoc *a)
{
	const struct sr_assoc *old = assoc_of(x->old, a);
	struct sr_assoc *to;

	if (old != NULL && same(old->associate, a->associate) &&
	    same(old->disassociate, a->disassociate))
		return;
	to = sr_doc_add_assoc(x->out, a->kind, a->participant_id,
	    a->session_id);
	if (to == NULL) {
		x->err = SR_ELIMIT;
		return;
	}
	if (old == NULL || !same(old->associate, a->associate))
		to->associate = keep(x, a->associate);
	if (old == NULL || !same(old->disassociate, a->disassociate))
		to->disassociate = keep(x, a->disassociate);
}

/* Whoever leaves a session leaves its streams.  Does one of these belong to
 * another session (the turret of RFC 8068 3.5), or to none? */
static bool
stranded(struct diff *x, struct sr_str person, const struct sr_str *streams,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sr_mstream *s = stream_of(x->new, streams[i]);
		struct sr_assoc in = { .kind = SR_PARTICIPANT_CS,
		    .participant_id = person };

		if (s == NULL)
			continue;
		in.session_id = s->session_id;
		if (assoc_of(x->old, &in) == NULL)
			return true;
	}
	return false;
}

static bool
ended(struct diff *x, const struct sr_assoc *a)
{
	if (a->disassociate.p != NULL || assoc_of(x->new, a) != NULL)
		return false;
	return a->kind != SR_PARTICIPANT_STREAM ||
	    stranded(x, a->participant_id, a->send, a->nsend) ||
	    stranded(x, a->participant_id, a->recv, a->nrecv);
}

static void
over(struct diff *x, const struct sr_assoc *a)
{
	struct sr_assoc *to;

	if (!ended(x, a))
		return;
	to = sr_doc_add_assoc(x->out, a->kind, a->participant_id,
	    a->session_id);
	if (to == NULL)
		x->err = SR_ELIMIT;
	else
		to->disassociate = keep(x, x->time);
}

/* In the schema's order of kinds. */
static void
associations(struct diff *x, enum sr_assoc_kind kind)
{
	const struct sr_doc *old = x->old, *new = x->new;

	for (size_t i = 0; i < new->nassocs && x->err == SR_OK; i++) {
		if (new->assocs[i].kind != kind)
			continue;
		if (kind == SR_PARTICIPANT_STREAM)
			media(x, &new->assocs[i]);
		else
			begun(x, &new->assocs[i]);
	}
	for (size_t i = 0; i < old->nassocs && x->err == SR_OK; i++)
		if (old->assocs[i].kind == kind)
			over(x, &old->assocs[i]);
}

/* They are compared each with each. */
bool
sr_too_many(const struct sr_doc *d)
{
	return d->ngroups > OBJECTS_MAX || d->nsessions > OBJECTS_MAX ||
	    d->nparticipants > OBJECTS_MAX || d->nstreams > OBJECTS_MAX ||
	    d->nassocs > OBJECTS_MAX;
}

int
sr_doc_difference(const struct sr_doc *before, const struct sr_doc *after,
    struct sr_str time, struct sr_doc *out)
{
	struct diff x = { before, after, out, time, SR_OK };

	sr_doc_new(out, 4 << 20);
	out->datamode = out->datamode_raw = SR_STR("partial");
	if (sr_too_many(before) || sr_too_many(after))
		return SR_ELIMIT;
	for (size_t i = 0; i < after->ngroups; i++)
		group(&x, &after->groups[i]);
	for (size_t i = 0; i < after->nsessions; i++)
		session(&x, &after->sessions[i]);
	for (size_t i = 0; i < before->nsessions; i++)
		stopped(&x, &before->sessions[i]);
	for (size_t i = 0; i < after->nparticipants; i++)
		participant(&x, &after->participants[i]);
	for (size_t i = 0; i < after->nstreams; i++)
		stream(&x, &after->streams[i]);
	associations(&x, SR_CS_RECORDING);
	associations(&x, SR_PARTICIPANT_CS);
	associations(&x, SR_PARTICIPANT_STREAM);
	return x.err;
}
