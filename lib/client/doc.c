/* doc - the metadata of a step: the world as a document of RFC 7865. */
#include "client/priv.h"

#include <string.h>

enum { DOC_MAX = 4 << 20 };

/* What a document is made of; remembers that the arena was full. */
struct making {
	const struct sr_script *s;
	const struct sr_script_call *c;
	const struct sr_world *w;
	struct sr_doc *d;
	bool full;
};

static struct sr_str
kept(struct making *m, struct sr_buf *text)
{
	struct sr_str s = sr_arena_dup(&m->d->arena, sr_buf_str(text));

	m->full |= s.p == NULL;
	sr_buf_free(text);
	return s;
}

static struct sr_str
id(struct making *m, size_t which)
{
	struct sr_buf b;

	sr_buf_init(&b, 64);
	if (which >= m->c->nids) {
		m->full = true;
		return (struct sr_str){ NULL, 0 };
	}
	sr_base64_add(&b, m->c->ids[which], 16);
	return kept(m, &b);
}

static struct sr_str
instant(struct making *m, sr_time at)
{
	struct sr_buf b;

	sr_buf_init(&b, 64);
	sr_time_print(&b, m->c->start + at, 3);
	return kept(m, &b);
}

/* RFC 7989: both UUIDs of a dialog, as the end that is nearer has them. */
static struct sr_str
session_id(struct making *m, const uint8_t leg[2])
{
	struct sr_buf b;

	sr_buf_init(&b, 128);
	for (int i = 0; i < 2; i++) {
		size_t which = leg[i] == FOCUS ? ID_FOCUS :
		    id_person_leg(leg[i]);

		if (which >= m->c->nids) {
			m->full = true;
			break;
		}
		if (i == 1)
			sr_buf_add(&b, SR_STR(";remote="));
		sr_hex_add(&b, m->c->ids[which], 16);
	}
	return kept(m, &b);
}

static bool
put_session(struct making *m, unsigned n)
{
	const struct sr_world_cs *from = &m->w->cs[n];
	struct sr_cs *cs = sr_doc_add_cs(m->d, id(m, ID_CS + n - 1));

	if (cs == NULL)
		return false;
	cs->start = instant(m, from->since);
	if (from->in_group)
		cs->group_ref = id(m, ID_GROUP);
	if (from->nlegs == 0)
		return true;
	cs->sip_session_ids = sr_arena_alloc(&m->d->arena,
	    from->nlegs * sizeof(*cs->sip_session_ids));
	if (cs->sip_session_ids == NULL)
		return false;
	for (size_t i = 0; i < from->nlegs; i++)
		cs->sip_session_ids[i] = session_id(m, from->leg[i]);
	cs->nsip_session_ids = from->nlegs;
	return true;
}

static bool
put_group(struct making *m)
{
	struct sr_group *g = sr_arena_alloc(&m->d->arena, sizeof(*g));

	if (g == NULL)
		return false;
	g->id = id(m, ID_GROUP);
	g->associate = instant(m, m->w->group_at);
	m->d->groups = g;
	m->d->ngroups = 1;
	return true;
}

static bool
put_person(struct making *m, size_t i)
{
	const struct sr_person *p = m->c->people != NULL ?
	    &m->c->people[i] : &m->s->people[i];
	struct sr_str name = p->name;

	if (m->w->people[i].nameless)
		name = (struct sr_str){ NULL, 0 };
	return sr_doc_add_participant(m->d, id(m, id_person(i)), p->aor,
	    name) != NULL;
}

static bool
put_stream(struct making *m, size_t i)
{
	const struct sr_world_stream *s = &m->w->streams[i];
	struct sr_str cs = { NULL, 0 };

	if (s->cs != 0)
		cs = id(m, ID_CS + s->cs - 1u);
	return sr_doc_add_stream(m->d, id(m, id_stream(m->s, i)), cs,
	    s->label) != NULL;
}

static bool
put_membership(struct making *m, size_t person, unsigned cs)
{
	struct sr_assoc *a = sr_doc_add_assoc(m->d, SR_PARTICIPANT_CS,
	    id(m, id_person(person)), id(m, ID_CS + cs - 1));

	if (a != NULL)
		a->associate = instant(m, m->w->people[person].since[cs]);
	return a != NULL;
}

static bool
put_media(struct making *m, size_t person)
{
	const struct sr_world_person *p = &m->w->people[person];
	struct sr_assoc *a = sr_doc_add_assoc(m->d, SR_PARTICIPANT_STREAM,
	    id(m, id_person(person)), (struct sr_str){ NULL, 0 });

	if (a == NULL)
		return false;
	for (size_t i = 0; i < m->s->nstreams; i++) {
		struct sr_str of = { NULL, 0 };

		if (((p->send | p->hear) >> i & 1) != 0)
			of = id(m, id_stream(m->s, i));
		if ((p->send >> i & 1) != 0 &&
		    sr_assoc_add(m->d, a, true, of) != SR_OK)
			return false;
		if ((p->hear >> i & 1) != 0 &&
		    sr_assoc_add(m->d, a, false, of) != SR_OK)
			return false;
	}
	return true;
}

static bool
put_objects(struct making *m)
{
	bool ok = !m->w->group || put_group(m);

	for (unsigned n = 1; ok && n <= SESSIONS; n++)
		if (m->w->cs[n].open)
			ok = put_session(m, n);
	for (size_t i = 0; ok && i < m->s->npeople; i++)
		if (m->w->people[i].in != 0)
			ok = put_person(m, i);
	for (size_t i = 0; ok && i < m->s->nstreams; i++)
		if (m->w->streams[i].live)
			ok = put_stream(m, i);
	return ok;
}

static bool
put_assocs(struct making *m)
{
	bool ok = true;

	for (unsigned n = 1; ok && n <= SESSIONS; n++) {
		struct sr_assoc *a;

		if (!m->w->cs[n].open)
			continue;
		a = sr_doc_add_assoc(m->d, SR_CS_RECORDING,
		    (struct sr_str){ NULL, 0 }, id(m, ID_CS + n - 1));
		if ((ok = a != NULL))
			a->associate = instant(m, m->w->cs[n].since);
	}
	for (size_t i = 0; ok && i < m->s->npeople; i++)
		for (unsigned n = 1; ok && n <= SESSIONS; n++)
			if ((m->w->people[i].in >> n & 1) != 0)
				ok = put_membership(m, i, n);
	for (size_t i = 0; ok && i < m->s->npeople; i++)
		if (m->w->people[i].in != 0)
			ok = put_media(m, i);
	return ok;
}

/* The whole world; NULL is one in which nothing has happened. */
static int
complete(const struct sr_script *s, const struct sr_script_call *c,
    const struct sr_world *w, struct sr_doc *d)
{
	struct making m = { s, c, w, d, false };
	bool ok;

	sr_doc_new(d, DOC_MAX);
	ok = w == NULL || (put_objects(&m) && put_assocs(&m));
	return ok && !m.full ? SR_OK : SR_ELIMIT;
}

static int
partial(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, struct sr_doc *d)
{
	struct sr_doc before, after;
	struct sr_buf now;
	int err;

	err = complete(s, c, step > 0 ? s->steps[step - 1].world : NULL,
	    &before);
	sr_doc_new(&after, DOC_MAX);
	sr_doc_new(d, DOC_MAX);
	if (err == SR_OK)
		err = complete(s, c, s->steps[step].world, &after);
	sr_buf_init(&now, 64);
	sr_time_print(&now, c->start + s->steps[step].told, 3);
	if (err == SR_OK)
		err = sr_doc_difference(&before, &after, sr_buf_str(&now), d);
	sr_buf_free(&now);
	sr_doc_free(&before);
	sr_doc_free(&after);
	return err;
}

int
sr_script_doc(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, bool snapshot, struct sr_doc *d)
{
	const struct sr_step *now = step < s->nsteps ? &s->steps[step] : NULL;

	sr_doc_new(d, DOC_MAX);
	if (now == NULL || now->xml.p != NULL || now->world == NULL ||
	    (!snapshot && !now->has_meta))
		return SR_ENOENT;
	if (snapshot || !now->partial)
		return complete(s, c, now->world, d);
	return partial(s, c, step, d);
}

static int
written(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, bool snapshot, struct sr_buf *out)
{
	struct sr_doc d;
	int err = sr_script_doc(s, c, step, snapshot, &d);

	if (err == SR_OK)
		err = sr_dialect_xml(s->dialect, &d, out);
	sr_doc_free(&d);
	return err;
}

int
sr_script_xml(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, struct sr_buf *out)
{
	if (step < s->nsteps && s->steps[step].xml.p != NULL)
		return sr_buf_add(out, s->steps[step].xml);
	return written(s, c, step, false, out);
}

int
sr_script_snapshot(const struct sr_script *s,
    const struct sr_script_call *c, size_t step, struct sr_buf *out)
{
	return written(s, c, step, true, out);
}
