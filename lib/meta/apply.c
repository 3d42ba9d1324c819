/* apply - the state of one recording session, document after document.
 *
 * Each document makes a new snapshot beside the old one, so that a document
 * that does not fit leaves the state as it was, and so that a session of
 * hours needs no more memory than two snapshots. */
#include "meta/merge.h"

#include <stdlib.h>

struct sr_meta {
	struct sr_doc doc;
	size_t max;
	bool based;
};

/* Tables are bigger than what they index by a small factor. */
enum { TABLES = 4 };

int
sr_meta_new(struct sr_meta **mp, size_t max)
{
	struct sr_meta *m;

	*mp = NULL;
	if ((m = sr_zalloc(sizeof(*m))) == NULL)
		return SR_ENOMEM;
	m->max = max;
	sr_doc_new(&m->doc, max);
	m->doc.datamode = SR_STR("partial");
	*mp = m;
	return SR_OK;
}

static int
take_all(struct merge *m)
{
	const struct sr_doc *in = m->in;
	struct sr_doc *out = m->out;
	struct sr_doc none = { 0 };
	struct merge over = *m;
	int err;

	/* What a complete document lists twice stays there twice: it is
	 * shown as it is, and the checks have told. */
	over.old = in;
	over.in = &none;
	if ((err = sr_merge_objects(&over)) == SR_OK) {
		out->assocs = sr_copy_room(&over.c, in->nassocs,
		    sizeof(*out->assocs));
		for (; out->assocs != NULL && out->nassocs < in->nassocs;
		    out->nassocs++)
			out->assocs[out->nassocs] = sr_copy_assoc(&over.c,
			    &in->assocs[out->nassocs]);
	}
	m->c = over.c;
	m->tmp = over.tmp;
	return err;
}

static int
merge(struct sr_doc *out, const struct sr_doc *old, const struct sr_doc *in,
    size_t max)
{
	bool partial = sr_streq(in->datamode, SR_STR("partial"));
	struct merge m = { .old = old, .in = in, .out = out,
	    .c = { .arena = &out->arena } };
	int err;

	sr_arena_init(&m.tmp, max < SIZE_MAX / TABLES ? max * TABLES :
	    SIZE_MAX);
	if (partial) {
		err = sr_merge_objects(&m);
		if (err == SR_OK)
			err = sr_merge_assocs(&m);
	} else {
		err = take_all(&m);
	}
	if (err == SR_OK)
		err = sr_merge_close(&m);
	if (err == SR_OK)
		err = sr_merge_placeholders(&m);
	if (err == SR_OK && m.c.full)
		err = SR_ELIMIT;
	sr_arena_free(&m.tmp);
	return err;
}

/* ---- forgetting ---- */

static bool
closed(const struct sr_assoc *a)
{
	return a->kind != SR_CS_RECORDING && a->disassociate.p != NULL;
}

/* Those that left may be forgotten when there is no room for them: in a
 * conference of days many come and go.  d borrows everything from full. */
static int
without_gone(struct sr_doc *d, const struct sr_doc *full, struct sr_arena *tmp)
{
	struct copier c = { .arena = tmp };
	struct table here;

	*d = *full;
	d->assocs = sr_copy_room(&c, full->nassocs, sizeof(*d->assocs));
	d->participants = sr_copy_room(&c, full->nparticipants,
	    sizeof(*d->participants));
	d->nassocs = 0;
	d->nparticipants = 0;
	if (c.full || sr_table_init(&here, tmp, full->nassocs) != SR_OK)
		return SR_ENOMEM;
	for (size_t i = 0; i < full->nassocs; i++) {
		const struct sr_assoc *a = &full->assocs[i];

		if (closed(a))
			continue;
		d->assocs[d->nassocs++] = *a;
		sr_table_put(&here, sr_trim(a->participant_id), SR_STR(""),
		    i);
	}
	for (size_t i = 0; i < full->nparticipants; i++) {
		const struct sr_participant *p = &full->participants[i];

		if (sr_table_get(&here, sr_trim(p->id), SR_STR("")) !=
		    TABLE_NONE)
			d->participants[d->nparticipants++] = *p;
	}
	return SR_OK;
}

static void
start_over(struct sr_doc *next, size_t max)
{
	struct sr_str mode = next->datamode;

	sr_arena_free(&next->arena);
	sr_doc_new(next, max);
	next->datamode = mode;
	next->datamode_raw = mode;
}

static int
merge_without_gone(struct sr_doc *next, const struct sr_doc *old,
    const struct sr_doc *in, size_t max)
{
	struct sr_arena tmp;
	struct sr_doc rest;
	int err;

	start_over(next, max);
	sr_arena_init(&tmp, max < SIZE_MAX / TABLES ? max * TABLES :
	    SIZE_MAX);
	err = without_gone(&rest, old, &tmp);
	if (err == SR_OK)
		err = merge(next, &rest, in, max);
	sr_arena_free(&tmp);
	return err;
}

/* The time of receipt is for the timeline: the snapshot says what the client
 * said, with the client's own clock. */
int
sr_meta_apply(struct sr_meta *m, const struct sr_doc *d, sr_time now)
{
	bool complete = !sr_streq(d->datamode, SR_STR("partial"));
	struct sr_doc next;
	int err;

	(void)now;
	if (sr_streq(d->root, SR_STR("requestsnapshot")))
		return SR_EUNSUP;
	sr_doc_new(&next, m->max);
	next.datamode = complete || m->based ? SR_STR("complete") :
	    SR_STR("partial");
	next.datamode_raw = next.datamode;
	err = merge(&next, &m->doc, d, m->max);
	if (err == SR_ELIMIT && !complete)
		err = merge_without_gone(&next, &m->doc, d, m->max);
	if (err != SR_OK) {
		sr_arena_free(&next.arena);
		return err;
	}
	sr_arena_free(&m->doc.arena);
	m->doc = next;
	m->based |= complete;
	return SR_OK;
}

const struct sr_doc *
sr_meta_doc(const struct sr_meta *m)
{
	return &m->doc;
}

bool
sr_meta_based(const struct sr_meta *m)
{
	return m->based;
}

void
sr_meta_free(struct sr_meta *m)
{
	if (m == NULL)
		return;
	sr_arena_free(&m->doc.arena);
	free(m);
}
