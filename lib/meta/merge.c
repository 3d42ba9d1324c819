/* merge - the objects of a snapshot after a partial document.
 *
 * RFC 7865 section 5 says that a partial update "includes only elements that
 * have changed" and leaves open how they are put together.  The rules here
 * give what RFC 8068 draws: an object of a known id is updated, a new one is
 * added, nothing is ever taken away.  A scalar that is there replaces, a list
 * that is there replaces the list as a whole, an extension replaces those of
 * the same name on the same object. */
#include "meta/merge.h"

/* Ids are compared without the blanks around them.  An empty id names
 * nothing: two of them are never the same thing. */
static size_t
find(const struct table *t, struct sr_str id)
{
	id = sr_trim(id);
	return id.n > 0 ? sr_table_get(t, id, SR_STR("")) : TABLE_NONE;
}

static void
learn(struct table *t, struct sr_str id, size_t at)
{
	id = sr_trim(id);
	if (id.n > 0 && sr_table_get(t, id, SR_STR("")) == TABLE_NONE)
		sr_table_put(t, id, SR_STR(""), at);
}

static void
replace(struct merge *m, struct sr_str *to, struct sr_str s)
{
	if (s.p != NULL)
		*to = sr_copy_str(&m->c, s);
}

static bool
named(const struct sr_exts *exts, const struct sr_ext *e)
{
	for (size_t i = 0; i < exts->n; i++)
		if (sr_streq(exts->v[i].name, e->name) &&
		    sr_streq(exts->v[i].ns, e->ns))
			return true;
	return false;
}

/* More extensions on one object than anybody sends are not compared by
 * name, which would be quadratic: the new ones replace all. */
enum { EXTS_COMPARED = 256 };

static void
replace_exts(struct merge *m, struct sr_exts *to, const struct sr_exts *from)
{
	struct sr_exts all = { NULL, 0 };
	bool compare = to->n <= EXTS_COMPARED && from->n <= EXTS_COMPARED;
	bool stays = true;

	if (from->n == 0)
		return;
	all.v = sr_copy_room(&m->c, to->n + from->n, sizeof(*all.v));
	if (all.v == NULL)
		return;
	for (size_t i = 0; compare && i < to->n; i++) {
		if (to->v[i].xml.p != NULL)	/* else the one before has it */
			stays = !named(from, &to->v[i]);
		if (stays)
			all.v[all.n++] = to->v[i];
	}
	*to = sr_copy_exts(&m->c, from);
	for (size_t i = 0; i < to->n; i++)
		all.v[all.n++] = to->v[i];
	*to = all;
}

static void
update_group(struct merge *m, struct sr_group *g, const struct sr_group *from)
{
	replace(m, &g->associate, from->associate);
	replace(m, &g->disassociate, from->disassociate);
	replace_exts(m, &g->exts, &from->exts);
}

static void
update_cs(struct merge *m, struct sr_cs *s, const struct sr_cs *from)
{
	struct sr_cs copy = sr_copy_cs(&m->c, from);

	replace(m, &s->group_ref, from->group_ref);
	replace(m, &s->start, from->start);
	replace(m, &s->stop, from->stop);
	replace(m, &s->associate, from->associate);
	/* RFC 8068 3.3.3 drops Alice by listing the ids of the others. */
	if (copy.nsip_session_ids > 0) {
		s->sip_session_ids = copy.sip_session_ids;
		s->nsip_session_ids = copy.nsip_session_ids;
	}
	if (copy.nreasons > 0) {
		s->reasons = copy.reasons;
		s->nreasons = copy.nreasons;
	}
	replace_exts(m, &s->exts, &from->exts);
}

static void
update_participant(struct merge *m, struct sr_participant *p,
    const struct sr_participant *from)
{
	struct sr_participant copy = sr_copy_participant(&m->c, from);

	if (copy.nnames > 0) {
		p->names = copy.names;
		p->nnames = copy.nnames;
	}
	replace_exts(m, &p->exts, &from->exts);
}

static void
update_stream(struct merge *m, struct sr_mstream *s,
    const struct sr_mstream *from)
{
	replace(m, &s->session_id, from->session_id);
	replace(m, &s->label, from->label);
	replace(m, &s->mode, from->mode);
	replace(m, &s->media_label, from->media_label);
	s->undefined = false;
	replace_exts(m, &s->exts, &from->exts);
}

/* One array: first all old ones, then those of the update are laid over
 * them by id, or put behind.  The four of them differ only in type. */
#define LAY(NAME, TYPE, ARRAY, COUNT, COPY, UPDATE)			\
static int								\
NAME(struct merge *m)							\
{									\
	const struct sr_doc *old = m->old, *in = m->in;			\
	TYPE *v = sr_copy_room(&m->c, old->COUNT + in->COUNT,		\
	    sizeof(*v));						\
	struct table t;							\
	size_t n = 0;							\
									\
	if (m->c.full || sr_table_init(&t, &m->tmp,			\
	    old->COUNT + in->COUNT) != SR_OK)				\
		return SR_ELIMIT;					\
	for (size_t i = 0; i < old->COUNT; i++, n++) {			\
		v[n] = COPY(&m->c, &old->ARRAY[i]);			\
		learn(&t, old->ARRAY[i].id, n);				\
	}								\
	for (size_t i = 0; i < in->COUNT; i++) {			\
		size_t at = find(&t, in->ARRAY[i].id);			\
									\
		if (at != TABLE_NONE) {					\
			UPDATE(m, &v[at], &in->ARRAY[i]);		\
			continue;					\
		}							\
		v[n] = COPY(&m->c, &in->ARRAY[i]);			\
		learn(&t, in->ARRAY[i].id, n++);			\
	}								\
	m->out->ARRAY = v;						\
	m->out->COUNT = n;						\
	return m->c.full ? SR_ELIMIT : SR_OK;				\
}

LAY(lay_groups, struct sr_group, groups, ngroups, sr_copy_group, update_group)
LAY(lay_sessions, struct sr_cs, sessions, nsessions, sr_copy_cs, update_cs)
LAY(lay_participants, struct sr_participant, participants, nparticipants,
    sr_copy_participant, update_participant)
LAY(lay_streams, struct sr_mstream, streams, nstreams, sr_copy_stream,
    update_stream)

/* A label names one m-line, so a stream that is given the label of another
 * one takes it: the update tells of the SDP that came with it. */
static int
pass_labels(struct merge *m)
{
	struct table owners;

	if (sr_table_init(&owners, &m->tmp, m->in->nstreams) != SR_OK)
		return SR_ELIMIT;
	for (size_t i = 0; i < m->in->nstreams; i++) {
		const struct sr_mstream *s = &m->in->streams[i];

		if (sr_trim(s->label).n > 0 && sr_trim(s->id).n > 0)
			sr_table_put(&owners, sr_trim(s->label), SR_STR(""),
			    i);
	}
	for (size_t i = 0; i < m->out->nstreams; i++) {
		struct sr_mstream *s = &m->out->streams[i];
		size_t at = sr_table_get(&owners, sr_trim(s->label),
		    SR_STR(""));

		if (i < m->old->nstreams && at != TABLE_NONE &&
		    !sr_streq(sr_trim(m->in->streams[at].id),
		    sr_trim(s->id)))
			s->label = (struct sr_str){ NULL, 0 };
	}
	return SR_OK;
}

int
sr_merge_objects(struct merge *m)
{
	int err;

	if ((err = lay_groups(m)) != SR_OK ||
	    (err = lay_sessions(m)) != SR_OK ||
	    (err = lay_participants(m)) != SR_OK ||
	    (err = lay_streams(m)) != SR_OK)
		return err;
	m->out->recording_id = sr_copy_str(&m->c, m->old->recording_id);
	replace(m, &m->out->recording_id, m->in->recording_id);
	m->out->exts = sr_copy_exts(&m->c, &m->old->exts);
	replace_exts(m, &m->out->exts, &m->in->exts);
	return pass_labels(m);
}
