/* assoc - the associations of a snapshot after a partial document.
 *
 * The snapshot holds the state of now: one association for each session, for
 * each participant in a session, and for each participant with streams.  The
 * intervals before it are the business of the timeline. */
#include "meta/merge.h"

static struct sr_str
key_a(const struct sr_assoc *a)
{
	return sr_trim(a->kind == SR_CS_RECORDING ? a->session_id :
	    a->participant_id);
}

/* No id in XML holds the control character. */
static struct sr_str
key_b(const struct sr_assoc *a)
{
	return a->kind == SR_PARTICIPANT_CS ? sr_trim(a->session_id) :
	    a->kind == SR_CS_RECORDING ? SR_STR("\1recording") :
	    SR_STR("\1stream");
}

static bool
open_now(const struct sr_assoc *a)
{
	return a->disassociate.p == NULL;
}

/* An associate-time, or the bare element, after the end opens a new
 * interval; a disassociate-time closes the open one. */
static void
update_interval(struct merge *m, struct sr_assoc *a,
    const struct sr_assoc *from)
{
	struct sr_assoc copy = sr_copy_assoc(&m->c, from);

	if (copy.associate.p != NULL || (!open_now(a) && open_now(&copy)))
		a->associate = copy.associate;
	a->disassociate = copy.disassociate;
	if (copy.nparams > 0) {
		a->params = copy.params;
		a->nparams = copy.nparams;
	}
	if (copy.exts.n > 0)
		a->exts = copy.exts;
}

/* Adds the ids of more to a list, each once. */
static struct sr_str *
unite(struct merge *m, struct sr_str *v, size_t *n, const struct sr_str *more,
    size_t nmore)
{
	struct sr_str *all = sr_copy_room(&m->c, *n + nmore, sizeof(*all));
	struct table seen;
	size_t have = *n;

	if (nmore == 0 || all == NULL)
		return v;
	if (sr_table_init(&seen, &m->tmp, *n + nmore) != SR_OK) {
		m->c.full = true;
		return v;
	}
	for (size_t i = 0; i < have; i++) {
		all[i] = v[i];
		sr_table_put(&seen, sr_trim(v[i]), SR_STR(""), i);
	}
	for (size_t i = 0; i < nmore; i++) {
		if (sr_table_get(&seen, sr_trim(more[i]), SR_STR("")) !=
		    TABLE_NONE)
			continue;
		sr_table_put(&seen, sr_trim(more[i]), SR_STR(""), have);
		all[have++] = sr_copy_str(&m->c, more[i]);
	}
	*n = have;
	return all;
}

/* Takes the ids of gone out of a list. */
static void
subtract(struct merge *m, struct sr_str *v, size_t *n,
    const struct sr_str *gone, size_t ngone)
{
	struct table t;
	size_t left = 0;

	if (ngone == 0 || *n == 0)
		return;
	if (sr_table_init(&t, &m->tmp, ngone) != SR_OK) {
		m->c.full = true;
		return;
	}
	for (size_t i = 0; i < ngone; i++)
		sr_table_put(&t, sr_trim(gone[i]), SR_STR(""), i);
	for (size_t i = 0; i < *n; i++)
		if (sr_table_get(&t, sr_trim(v[i]), SR_STR("")) == TABLE_NONE)
			v[left++] = v[i];
	*n = left;
}

/* A closed association that lists streams ends these; one without ends all
 * that the participant has. */
static void
end_streams(struct merge *m, struct sr_assoc *a, const struct sr_assoc *from)
{
	if (from->nsend + from->nrecv == 0) {
		a->nsend = 0;
		a->nrecv = 0;
	}
	subtract(m, a->send, &a->nsend, from->send, from->nsend);
	subtract(m, a->recv, &a->nrecv, from->recv, from->nrecv);
	if (a->nsend + a->nrecv == 0)
		a->disassociate = sr_copy_str(&m->c, from->disassociate);
}

/* The union of what one document says of a participant replaces what was
 * known: no send means that nothing is sent any more, RFC 7865 6.8.1.  first
 * tells that this is the document's first open association of it. */
static void
update_streams(struct merge *m, struct sr_assoc *a, const struct sr_assoc *from,
    bool first)
{
	if (!open_now(from)) {
		end_streams(m, a, from);
		return;
	}
	if (first) {
		size_t n = a->exts.n;
		struct sr_exts kept = a->exts;

		*a = sr_copy_assoc(&m->c, from);
		if (a->exts.n == 0 && n > 0)
			a->exts = kept;
		return;
	}
	a->send = unite(m, a->send, &a->nsend, from->send, from->nsend);
	a->recv = unite(m, a->recv, &a->nrecv, from->recv, from->nrecv);
	if (a->associate.p == NULL)
		a->associate = sr_copy_str(&m->c, from->associate);
	if (from->exts.n > 0)
		a->exts = sr_copy_exts(&m->c, &from->exts);
}

/* Old associations first.  Where a complete document had several for one
 * participant's streams they become one, so that an update replaces all. */
static size_t
take_old(struct merge *m, struct sr_assoc *v, struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < m->old->nassocs; i++) {
		const struct sr_assoc *a = &m->old->assocs[i];
		size_t at = sr_table_get(t, key_a(a), key_b(a));

		if (at == TABLE_NONE || key_a(a).n == 0) {
			sr_table_put(t, key_a(a), key_b(a), n);
			v[n++] = sr_copy_assoc(&m->c, a);
		} else if (a->kind != SR_PARTICIPANT_STREAM) {
			update_interval(m, &v[at], a);
		} else if (open_now(a)) {
			update_streams(m, &v[at], a, !open_now(&v[at]));
		}
	}
	return n;
}

int
sr_merge_assocs(struct merge *m)
{
	size_t n, room = m->old->nassocs + m->in->nassocs;
	struct sr_assoc *v = sr_copy_room(&m->c, room, sizeof(*v));
	struct table t, told;

	if (m->c.full || sr_table_init(&t, &m->tmp, room) != SR_OK ||
	    sr_table_init(&told, &m->tmp, m->in->nassocs) != SR_OK)
		return SR_ELIMIT;
	n = take_old(m, v, &t);
	for (size_t i = 0; i < m->in->nassocs && !m->c.full; i++) {
		const struct sr_assoc *a = &m->in->assocs[i];
		size_t at = sr_table_get(&t, key_a(a), key_b(a));
		bool first = sr_table_get(&told, key_a(a), key_b(a)) ==
		    TABLE_NONE;

		if (open_now(a))
			sr_table_put(&told, key_a(a), key_b(a), i);
		if (at == TABLE_NONE || key_a(a).n == 0) {
			sr_table_put(&t, key_a(a), key_b(a), n);
			v[n++] = sr_copy_assoc(&m->c, a);
		} else if (a->kind != SR_PARTICIPANT_STREAM) {
			update_interval(m, &v[at], a);
		} else {
			update_streams(m, &v[at], a, first);
		}
	}
	m->out->assocs = v;
	m->out->nassocs = n;
	return m->c.full ? SR_ELIMIT : SR_OK;
}
