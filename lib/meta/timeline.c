/* timeline - who was in which session and on which stream, when.
 *
 * The snapshots one after the other tell it: what is in one and was not in
 * the one before has begun, what is gone has ended.  Times are the client's
 * where it gives any, else that of the receipt, and marked so (RFC 7865 6.6,
 * 6.8: associate-time and disassociate-time are optional). */
#include "meta/copy.h"
#include "meta/table.h"

#include <stdlib.h>
#include <string.h>

struct sr_timeline {
	struct sr_arena arena;
	struct sr_interval *v;
	size_t n, max;
};

/* What one step looks things up with. */
struct step {
	struct sr_timeline *t;
	const struct sr_doc *snap;
	struct sr_str receipt;
	struct sr_arena tmp;
	struct table open;		/* participant, object -> interval */
	struct table told;		/* closed ones: interval's key, end */
	struct table streams, people;	/* id -> snapshot */
	struct table ends;		/* participant, object -> assoc */
	bool *seen;
	size_t nseen, nold;		/* nold: intervals before this step */
	int err;
};

static const char marks[] = { '=', '>', '<' };	/* by enum sr_part_of */

/* The kind goes into the key by a character that no id holds. */
static struct sr_str
key(struct step *s, enum sr_part_of kind, struct sr_str object)
{
	struct sr_str id = sr_trim(object);
	char *p = sr_arena_alloc(&s->tmp, id.n + 2);

	if (p == NULL) {
		s->err = SR_ELIMIT;
		return (struct sr_str){ NULL, 0 };
	}
	p[0] = '\1';
	p[1] = marks[kind];
	if (id.n > 0)
		memcpy(p + 2, id.p, id.n);
	return (struct sr_str){ p, id.n + 2 };
}

static struct sr_str
keep(struct step *s, struct sr_str text)
{
	struct sr_str copy;

	if (text.p == NULL)
		return text;
	copy = sr_arena_dup(&s->t->arena, text);
	if (copy.p == NULL)
		s->err = SR_ELIMIT;
	return copy;
}

static const struct sr_mstream *
stream(const struct step *s, struct sr_str id)
{
	size_t at = sr_table_get(&s->streams, sr_trim(id), SR_STR(""));

	return at != TABLE_NONE ? &s->snap->streams[at] : NULL;
}

static void
describe(struct step *s, struct sr_interval *i)
{
	size_t at = sr_table_get(&s->people, i->participant, SR_STR(""));
	const struct sr_mstream *m;

	if (at != TABLE_NONE && s->snap->participants[at].nnames > 0) {
		i->aor = keep(s, s->snap->participants[at].names[0].aor);
		i->name = keep(s, s->snap->participants[at].names[0].name);
	}
	i->session = i->object;
	if (i->kind == SR_IN_SESSION)
		return;
	m = stream(s, i->object);
	i->session = keep(s, m != NULL ? m->session_id :
	    (struct sr_str){ NULL, 0 });
	i->label = keep(s, m != NULL ? m->label :
	    (struct sr_str){ NULL, 0 });
}

static struct sr_interval *
add(struct step *s, enum sr_part_of kind, struct sr_str participant,
    struct sr_str object)
{
	struct sr_timeline *t = s->t;
	struct sr_interval *v = sr_arena_grow(&t->arena, t->v, t->n,
	    sizeof(*v));

	if (v == NULL) {
		s->err = SR_ELIMIT;
		return NULL;
	}
	t->v = v;
	v += t->n++;
	*v = (struct sr_interval){ .kind = kind,
	    .participant = keep(s, sr_trim(participant)),
	    .object = keep(s, sr_trim(object)) };
	describe(s, v);
	return v;
}

static void
close_at(struct step *s, struct sr_interval *i, struct sr_str when)
{
	i->over = true;
	i->to_approx = when.p == NULL && s->receipt.p != NULL;
	i->to = keep(s, when.p != NULL ? when : s->receipt);
}

static struct sr_interval *
find_open(struct step *s, enum sr_part_of kind, struct sr_str participant,
    struct sr_str object)
{
	size_t at = sr_table_get(&s->open, sr_trim(participant),
	    key(s, kind, object));

	if (at == TABLE_NONE || s->t->v[at].over)
		return NULL;
	return &s->t->v[at];
}

/* Without a time of its own and of the receipt, a stream began with its
 * participant's part in the session, where both came in one document. */
static struct sr_str
guess(struct step *s, const struct sr_interval *i)
{
	struct sr_interval *in;

	if (s->receipt.p != NULL || i->kind == SR_IN_SESSION ||
	    i->session.n == 0)
		return s->receipt;
	in = find_open(s, SR_IN_SESSION, i->participant, i->session);
	return in != NULL && in - s->t->v >= (ptrdiff_t)s->nold ? in->from :
	    s->receipt;
}

static void
present(struct step *s, enum sr_part_of kind, struct sr_str participant,
    struct sr_str object, struct sr_str since)
{
	struct sr_interval *i = find_open(s, kind, participant, object);

	if (i == NULL) {
		if ((i = add(s, kind, participant, object)) == NULL)
			return;
		if (since.p == NULL) {
			i->from = keep(s, guess(s, i));
			i->from_approx = i->from.p != NULL;
		} else {
			i->from = keep(s, since);
		}
		sr_table_put(&s->open, i->participant, key(s, kind, object),
		    s->t->n - 1);
	}
	s->seen[i - s->t->v] = true;
}

/* What the document itself tells of a participant in a session comes first:
 * it may have left and come back within one document. */
static void
session_events(struct step *s, const struct sr_doc *in)
{
	for (size_t n = 0; n < in->nassocs && s->err == SR_OK; n++) {
		const struct sr_assoc *a = &in->assocs[n];
		struct sr_str p = sr_trim(a->participant_id);
		struct sr_interval *i;

		if (a->kind != SR_PARTICIPANT_CS)
			continue;
		if (a->disassociate.p == NULL) {
			present(s, SR_IN_SESSION, p, a->session_id,
			    a->associate);
			continue;
		}
		if (sr_table_get(&s->told, p, a->disassociate) != TABLE_NONE)
			continue;
		i = find_open(s, SR_IN_SESSION, p, a->session_id);
		if (i == NULL) {
			i = add(s, SR_IN_SESSION, p, a->session_id);
			if (i == NULL)
				return;
			i->from = keep(s, a->associate);
		}
		close_at(s, i, a->disassociate);
	}
}

static void
look_around(struct step *s)
{
	const struct sr_doc *d = s->snap;

	for (size_t i = 0; i < d->nassocs; i++) {
		const struct sr_assoc *a = &d->assocs[i];
		struct sr_str p = sr_trim(a->participant_id);

		if (a->disassociate.p != NULL && a->kind != SR_CS_RECORDING)
			sr_table_put(&s->ends, p, a->kind == SR_PARTICIPANT_CS ?
			    sr_trim(a->session_id) : SR_STR("\1"), i);
		if (a->disassociate.p != NULL || a->kind == SR_CS_RECORDING)
			continue;
		if (a->kind == SR_PARTICIPANT_CS)
			present(s, SR_IN_SESSION, p, a->session_id,
			    a->associate);
	}
	for (size_t i = 0; i < d->nassocs && s->err == SR_OK; i++) {
		const struct sr_assoc *a = &d->assocs[i];

		if (a->kind != SR_PARTICIPANT_STREAM || a->disassociate.p)
			continue;
		for (size_t k = 0; k < a->nsend; k++)
			present(s, SR_SENDS, a->participant_id, a->send[k],
			    a->associate);
		for (size_t k = 0; k < a->nrecv; k++)
			present(s, SR_HEARS, a->participant_id, a->recv[k],
			    a->associate);
	}
}

static struct sr_str
end_of(const struct step *s, const struct sr_interval *i)
{
	struct sr_str object = i->kind == SR_IN_SESSION ? i->object :
	    SR_STR("\1");
	size_t at = sr_table_get(&s->ends, i->participant, object);

	if (at == TABLE_NONE && i->kind != SR_IN_SESSION)
		at = sr_table_get(&s->ends, i->participant, i->session);
	return at != TABLE_NONE ? s->snap->assocs[at].disassociate :
	    (struct sr_str){ NULL, 0 };
}

static size_t
memberships(const struct sr_doc *d)
{
	size_t n = d->nassocs;

	for (size_t i = 0; i < d->nassocs; i++)
		n += d->assocs[i].nsend + d->assocs[i].nrecv;
	return n;
}

static void
prepare(struct step *s, const struct sr_doc *in)
{
	struct sr_timeline *t = s->t;
	size_t room = t->n + memberships(in) + memberships(s->snap);

	if (sr_table_init(&s->open, &s->tmp, room) != SR_OK ||
	    sr_table_init(&s->told, &s->tmp, room) != SR_OK ||
	    sr_table_init(&s->ends, &s->tmp, s->snap->nassocs) != SR_OK ||
	    sr_table_init(&s->streams, &s->tmp, s->snap->nstreams) != SR_OK ||
	    sr_table_init(&s->people, &s->tmp, s->snap->nparticipants) !=
	    SR_OK || (s->seen = sr_arena_alloc(&s->tmp, room)) == NULL) {
		s->err = SR_ELIMIT;
		return;
	}
	s->nseen = room;
	s->nold = t->n;
	for (size_t i = 0; i < t->n; i++) {
		const struct sr_interval *v = &t->v[i];

		if (!v->over)
			sr_table_put(&s->open, v->participant,
			    key(s, v->kind, v->object), i);
		else if (v->kind == SR_IN_SESSION && v->to.p != NULL)
			sr_table_put(&s->told, v->participant, v->to, i);
	}
	for (size_t i = 0; i < s->snap->nstreams; i++)
		sr_table_put(&s->streams, sr_trim(s->snap->streams[i].id),
		    SR_STR(""), i);
	for (size_t i = 0; i < s->snap->nparticipants; i++)
		sr_table_put(&s->people,
		    sr_trim(s->snap->participants[i].id), SR_STR(""), i);
}

int
sr_timeline_new(struct sr_timeline **tp, size_t max)
{
	if ((*tp = sr_zalloc(sizeof(**tp))) == NULL)
		return SR_ENOMEM;
	(*tp)->max = max;
	sr_arena_init(&(*tp)->arena, max);
	return SR_OK;
}

int
sr_timeline_apply(struct sr_timeline *t, const struct sr_doc *in,
    const struct sr_doc *snapshot, struct sr_str receipt)
{
	struct step s = { .t = t, .snap = snapshot, .receipt = receipt };

	sr_arena_init(&s.tmp, t->max);
	prepare(&s, in);
	if (s.err == SR_OK)
		session_events(&s, in);
	if (s.err == SR_OK) {
		/* Presence in the document is judged by its outcome. */
		memset(s.seen, 0, s.nseen);
		look_around(&s);
	}
	for (size_t i = 0; s.err == SR_OK && i < t->n; i++)
		if (!t->v[i].over && !s.seen[i])
			close_at(&s, &t->v[i], end_of(&s, &t->v[i]));
	sr_arena_free(&s.tmp);
	return s.err;
}

int
sr_timeline_end(struct sr_timeline *t, struct sr_str when)
{
	struct sr_str copy = sr_arena_dup(&t->arena, when);

	if (copy.p == NULL)
		return SR_ELIMIT;
	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].over)
			continue;
		t->v[i].over = true;
		t->v[i].to = copy;
		t->v[i].to_approx = true;
	}
	return SR_OK;
}

const struct sr_interval *
sr_timeline_get(const struct sr_timeline *t, size_t *n)
{
	*n = t->n;
	return t->v;
}

void
sr_timeline_free(struct sr_timeline *t)
{
	if (t == NULL)
		return;
	sr_arena_free(&t->arena);
	free(t);
}
