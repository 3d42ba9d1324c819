/* query - questions that every user of a document asks. */
#include "siprec/meta.h"

static bool
stopped(const struct sr_doc *d, struct sr_str session_id)
{
	if (session_id.n == 0)
		return false;
	for (size_t i = 0; i < d->nsessions; i++)
		if (sr_streq(d->sessions[i].id, session_id))
			return d->sessions[i].stop.p != NULL;
	return false;
}

/* A label is a token and is compared as text with a=label.  Where two
 * streams carry it, the one whose session goes on has it; where both do,
 * nobody can tell and none is chosen. */
const struct sr_mstream *
sr_doc_by_label(const struct sr_doc *d, struct sr_str label)
{
	const struct sr_mstream *found[2] = { NULL, NULL };	/* live, over */
	size_t n[2] = { 0, 0 };

	if (label.n == 0)
		return NULL;
	for (size_t i = 0; i < d->nstreams; i++) {
		const struct sr_mstream *s = &d->streams[i];
		bool over;

		if (s->undefined || !sr_streq(sr_trim(s->label), label))
			continue;
		over = stopped(d, s->session_id);
		found[over] = s;
		if (n[over]++ > 0 && !over)
			return NULL;
	}
	if (n[0] == 1)
		return found[0];
	return n[1] == 1 ? found[1] : NULL;
}

static bool
sends(const struct sr_assoc *a, struct sr_str stream_id)
{
	if (a->kind != SR_PARTICIPANT_STREAM || a->disassociate.p != NULL)
		return false;
	for (size_t i = 0; i < a->nsend; i++)
		if (sr_streq(a->send[i], stream_id))
			return true;
	return false;
}

static const struct sr_participant *
participant(const struct sr_doc *d, struct sr_str id)
{
	for (size_t i = 0; i < d->nparticipants; i++)
		if (sr_streq(d->participants[i].id, id))
			return &d->participants[i];
	return NULL;
}

/* Several associations of one participant name it once. */
static bool
told(const struct sr_participant **out, size_t n,
    const struct sr_participant *p)
{
	for (size_t i = 0; i < n; i++)
		if (out[i] == p)
			return true;
	return false;
}

size_t
sr_doc_senders(const struct sr_doc *d, struct sr_str label,
    const struct sr_participant **out, size_t max)
{
	const struct sr_mstream *s = sr_doc_by_label(d, label);
	size_t n = 0;

	if (s == NULL || s->id.n == 0)
		return 0;
	for (size_t i = 0; i < d->nassocs && n < max; i++) {
		const struct sr_participant *p;

		if (!sends(&d->assocs[i], s->id))
			continue;
		p = participant(d, d->assocs[i].participant_id);
		if (p != NULL && !told(out, n, p))
			out[n++] = p;
	}
	return n;
}
