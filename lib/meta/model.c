/* model - a document made by hand: how the toolkit says what it knows.
 *
 * What an adder returns is good until the next one of its kind is added. */
#include "siprec/meta.h"

static const struct sr_str namespace =
    { "urn:ietf:params:xml:ns:recording:1", 34 };

int
sr_doc_new(struct sr_doc *d, size_t max)
{
	*d = (struct sr_doc){ .root = SR_STR("recording"), .ns = namespace,
	    .dialect = SR_STR("rfc7865"), .datamode = SR_STR("complete"),
	    .datamode_raw = SR_STR("complete"), .well_formed = true };
	sr_arena_init(&d->arena, max);
	return SR_OK;
}

/* Copies s; what is absent stays so.  False when the arena is full. */
static bool
keep(struct sr_doc *d, struct sr_str *to, struct sr_str s)
{
	*to = s.p != NULL ? sr_arena_dup(&d->arena, s) : s;
	return s.p == NULL || to->p != NULL;
}

struct sr_cs *
sr_doc_add_cs(struct sr_doc *d, struct sr_str id)
{
	struct sr_cs *v = sr_arena_grow(&d->arena, d->sessions, d->nsessions,
	    sizeof(*v)), *s;

	if (v == NULL)
		return NULL;
	d->sessions = v;
	s = &v[d->nsessions];
	*s = (struct sr_cs){ 0 };
	if (!keep(d, &s->id, id))
		return NULL;
	d->nsessions++;
	return s;
}

struct sr_participant *
sr_doc_add_participant(struct sr_doc *d, struct sr_str id, struct sr_str aor,
    struct sr_str name)
{
	struct sr_participant *v = sr_arena_grow(&d->arena, d->participants,
	    d->nparticipants, sizeof(*v)), *p;

	if (v == NULL)
		return NULL;
	d->participants = v;
	p = &v[d->nparticipants];
	*p = (struct sr_participant){ 0 };
	if (!keep(d, &p->id, id))
		return NULL;
	if (aor.p != NULL || name.p != NULL) {
		p->names = sr_arena_grow(&d->arena, NULL, 0,
		    sizeof(*p->names));
		if (p->names == NULL || !keep(d, &p->names[0].aor, aor) ||
		    !keep(d, &p->names[0].name, name))
			return NULL;
		p->nnames = 1;
	}
	d->nparticipants++;
	return p;
}

struct sr_mstream *
sr_doc_add_stream(struct sr_doc *d, struct sr_str id, struct sr_str session_id,
    struct sr_str label)
{
	struct sr_mstream *v = sr_arena_grow(&d->arena, d->streams,
	    d->nstreams, sizeof(*v)), *s;

	if (v == NULL)
		return NULL;
	d->streams = v;
	s = &v[d->nstreams];
	*s = (struct sr_mstream){ 0 };
	if (!keep(d, &s->id, id) || !keep(d, &s->session_id, session_id) ||
	    !keep(d, &s->label, label))
		return NULL;
	d->nstreams++;
	return s;
}

struct sr_assoc *
sr_doc_add_assoc(struct sr_doc *d, enum sr_assoc_kind kind,
    struct sr_str participant_id, struct sr_str session_id)
{
	static const struct sr_str sources[] = {
		[SR_CS_RECORDING] = SR_STR("sessionrecordingassoc"),
		[SR_PARTICIPANT_CS] = SR_STR("participantsessionassoc"),
		[SR_PARTICIPANT_STREAM] = SR_STR("participantstreamassoc") };
	struct sr_assoc *v = sr_arena_grow(&d->arena, d->assocs, d->nassocs,
	    sizeof(*v)), *a;

	if (v == NULL)
		return NULL;
	d->assocs = v;
	a = &v[d->nassocs];
	*a = (struct sr_assoc){ .kind = kind, .source = sources[kind] };
	if (!keep(d, &a->participant_id, participant_id) ||
	    !keep(d, &a->session_id, session_id))
		return NULL;
	d->nassocs++;
	return a;
}

int
sr_assoc_add(struct sr_doc *d, struct sr_assoc *a, bool send,
    struct sr_str stream_id)
{
	struct sr_str **list = send ? &a->send : &a->recv, *v;
	size_t *n = send ? &a->nsend : &a->nrecv;

	if ((v = sr_arena_grow(&d->arena, *list, *n, sizeof(*v))) == NULL)
		return SR_ELIMIT;
	*list = v;
	if (!keep(d, &v[*n], stream_id))
		return SR_ELIMIT;
	(*n)++;
	return SR_OK;
}
