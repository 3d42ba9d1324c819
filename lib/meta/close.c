/* close - what a stop-time or a disassociate-time ends, ends with it.
 *
 * RFC 8068 3.2.3: a session with a stop-time says that all its participants
 * have left; a participant that left a session neither sends nor hears the
 * streams of that session. */
#include "meta/merge.h"

struct ends {
	struct table sessions;		/* id -> session */
	struct table streams;		/* id -> stream */
	struct table present;		/* participant, session -> assoc */
};

static int
look(struct merge *m, struct ends *e)
{
	const struct sr_doc *d = m->out;

	if (sr_table_init(&e->sessions, &m->tmp, d->nsessions) != SR_OK ||
	    sr_table_init(&e->streams, &m->tmp, d->nstreams) != SR_OK ||
	    sr_table_init(&e->present, &m->tmp, d->nassocs) != SR_OK)
		return SR_ELIMIT;
	for (size_t i = 0; i < d->nsessions; i++)
		sr_table_put(&e->sessions, sr_trim(d->sessions[i].id),
		    SR_STR(""), i);
	for (size_t i = 0; i < d->nstreams; i++)
		sr_table_put(&e->streams, sr_trim(d->streams[i].id),
		    SR_STR(""), i);
	return SR_OK;
}

static struct sr_str
stop_time(const struct merge *m, const struct ends *e,
    struct sr_str session_id)
{
	size_t at = sr_table_get(&e->sessions, sr_trim(session_id),
	    SR_STR(""));

	return at != TABLE_NONE ? m->out->sessions[at].stop :
	    (struct sr_str){ NULL, 0 };
}

static void
close_sessions(struct merge *m, struct ends *e)
{
	for (size_t i = 0; i < m->out->nassocs; i++) {
		struct sr_assoc *a = &m->out->assocs[i];
		struct sr_str p = sr_trim(a->participant_id);
		struct sr_str s = sr_trim(a->session_id);
		size_t at;

		if (a->kind == SR_PARTICIPANT_STREAM)
			continue;
		if (a->disassociate.p == NULL)
			a->disassociate = stop_time(m, e, s);
		if (a->kind != SR_PARTICIPANT_CS)
			continue;
		/* Of several intervals the open one counts. */
		at = sr_table_get(&e->present, p, s);
		if (at == TABLE_NONE || m->out->assocs[at].disassociate.p)
			sr_table_put(&e->present, p, s, i);
	}
}

/* When the participant's part in a stream ended by itself; absent while it
 * goes on, or where the document ties stream and session not together. */
static struct sr_str
ended(const struct merge *m, const struct ends *e, const struct sr_assoc *a,
    struct sr_str stream_id)
{
	size_t at = sr_table_get(&e->streams, sr_trim(stream_id), SR_STR(""));
	struct sr_str session, stop;

	if (at == TABLE_NONE)
		return (struct sr_str){ NULL, 0 };
	session = sr_trim(m->out->streams[at].session_id);
	if (session.n == 0)
		return (struct sr_str){ NULL, 0 };
	stop = stop_time(m, e, session);
	if (stop.p != NULL)
		return stop;
	at = sr_table_get(&e->present, sr_trim(a->participant_id), session);
	return at != TABLE_NONE ? m->out->assocs[at].disassociate :
	    (struct sr_str){ NULL, 0 };
}

static void
drop_ended(const struct merge *m, const struct ends *e,
    const struct sr_assoc *a, struct sr_str *v, size_t *n, struct sr_str *when)
{
	size_t left = 0;

	for (size_t i = 0; i < *n; i++) {
		struct sr_str end = ended(m, e, a, v[i]);

		if (end.p != NULL)
			*when = end;
		else
			v[left++] = v[i];
	}
	*n = left;
}

int
sr_merge_close(struct merge *m)
{
	struct ends e;

	if (look(m, &e) != SR_OK)
		return SR_ELIMIT;
	close_sessions(m, &e);
	for (size_t i = 0; i < m->out->nassocs; i++) {
		struct sr_assoc *a = &m->out->assocs[i];
		struct sr_str when = { NULL, 0 };

		if (a->kind != SR_PARTICIPANT_STREAM || a->disassociate.p)
			continue;
		drop_ended(m, &e, a, a->send, &a->nsend, &when);
		drop_ended(m, &e, a, a->recv, &a->nrecv, &when);
		if (a->nsend + a->nrecv == 0)
			a->disassociate = when;
	}
	return SR_OK;
}

static size_t
count_refs(const struct sr_doc *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->nassocs; i++)
		n += d->assocs[i].nsend + d->assocs[i].nrecv;
	return n;
}

/* Notes each id once that no stream has; n is how many there are. */
static void
missing(struct table *t, const struct sr_str *v, size_t nv,
    const struct sr_str **ids, size_t *n)
{
	for (size_t i = 0; i < nv; i++) {
		struct sr_str id = sr_trim(v[i]);

		if (id.n == 0 || sr_table_get(t, id, SR_STR("")) != TABLE_NONE)
			continue;
		sr_table_put(t, id, SR_STR(""), 0);
		ids[(*n)++] = &v[i];
	}
}

int
sr_merge_placeholders(struct merge *m)
{
	struct sr_doc *d = m->out;
	size_t refs = count_refs(d), n = 0, have = 0;
	const struct sr_str **ids = sr_arena_alloc(&m->tmp,
	    (refs + 1) * sizeof(*ids));
	struct sr_mstream *v;
	struct table t;

	if (ids == NULL || sr_table_init(&t, &m->tmp, d->nstreams + refs) !=
	    SR_OK)
		return SR_ELIMIT;
	for (size_t i = 0; i < d->nstreams; i++)
		if (!d->streams[i].undefined)
			sr_table_put(&t, sr_trim(d->streams[i].id),
			    SR_STR(""), i);
	for (size_t i = 0; i < d->nassocs; i++) {
		struct sr_assoc *a = &d->assocs[i];

		missing(&t, a->send, a->nsend, ids, &n);
		missing(&t, a->recv, a->nrecv, ids, &n);
	}
	v = sr_copy_room(&m->c, d->nstreams + n, sizeof(*v));
	if (m->c.full)
		return SR_ELIMIT;
	for (size_t i = 0; i < d->nstreams; i++)
		if (!d->streams[i].undefined)
			v[have++] = d->streams[i];
	for (size_t i = 0; i < n; i++)
		v[have++] = (struct sr_mstream){ .id = *ids[i],
		    .undefined = true };
	d->streams = v;
	d->nstreams = have;
	return SR_OK;
}
