/* object - groups, sessions and streams: elements to the model. */
#include "meta/priv.h"

#include <libxml/tree.h>
#include <string.h>

static const struct sr_rule reason_cause = {
	"R7865-6.3.1-1", "RFC 7865 section 6.3.1", SR_ERROR, true,
	"Give the cause of the Reason header field, RFC 3326."
};

static const char *const group_id[] = { "groupid", "id", NULL };
static const char *const session_id[] = { "sessionid", "id", "session", NULL };
static const char *const session_ref[] = { "sessionid", "session", NULL };
static const char *const stream_id[] = { "streamid", "id", NULL };

/* ---- group, session ---- */

static void
group(struct sr_reading *r, xmlNode *e)
{
	struct sr_doc *d = r->d;
	struct sr_group *g = sr_read_slot(r, &d->groups, &d->ngroups,
	    sizeof(*g));

	g->line = sr_line(e);
	g->id = sr_node_id(r, e, "group_id", group_id);
	SR_EACH(c, e)
		switch (sr_read_word(r, c, &g->exts)) {
		case SR_W_ASSOCIATE:
			g->associate = sr_read_time(r, c);
			break;
		case SR_W_DISASSOCIATE:
			g->disassociate = sr_read_time(r, c);
			break;
		default:
			break;
		}
}

/* White space inside comes from the RFC's own print. */
static void
sip_session_id(struct sr_reading *r, struct sr_cs *s, xmlNode *e)
{
	struct sr_str t = sr_node_text(r, e), *slot;
	char *p = (char *)t.p;		/* fresh from our arena */
	size_t n = 0;

	if (t.n == 0)
		return;
	for (size_t i = 0; i < t.n; i++)
		if (strchr(" \t\r\n", t.p[i]) == NULL)
			p[n++] = t.p[i];
	slot = sr_read_slot(r, &s->sip_session_ids, &s->nsip_session_ids,
	    sizeof(*slot));
	*slot = (struct sr_str){ p, n };
}

static void
reason(struct sr_reading *r, struct sr_cs *s, xmlNode *e)
{
	struct sr_cs_reason *v = sr_read_slot(r, &s->reasons, &s->nreasons,
	    sizeof(*v));

	v->cause = sr_node_attr(r, e, "cause", NULL);
	v->protocol = sr_node_attr(r, e, "protocol", NULL);
	v->text = sr_node_text(r, e);
	if (v->cause.n == 0)
		sr_find(r->d, &reason_cause, sr_line(e),
		    "reason without cause");
}

static void
session_child(struct sr_reading *r, struct sr_cs *s, xmlNode *c)
{
	enum sr_word w = sr_read_word(r, c, &s->exts);

	switch (w) {
	case SR_W_SIPSESSIONID:
		sip_session_id(r, s, c);
		break;
	case SR_W_REASON:
		reason(r, s, c);
		break;
	case SR_W_GROUPREF:
		s->group_ref = sr_read_id(r, sr_node_text(r, c));
		break;
	case SR_W_START:
		s->start = sr_read_time(r, c);
		break;
	case SR_W_STOP:
		s->stop = sr_read_time(r, c);
		break;
	case SR_W_ASSOCIATE:
		sr_read_misplaced(r, c);
		s->associate = sr_read_time(r, c);
		break;
	case SR_W_PARTICIPANT: case SR_W_STREAM: case SR_W_SRA: case SR_W_PSA:
	case SR_W_PSTA:
		sr_read_misplaced(r, c);
		sr_read_object(r, c, w, s->id);
		break;
	default:
		break;
	}
}

static void
session(struct sr_reading *r, xmlNode *e)
{
	struct sr_doc *d = r->d;
	struct sr_cs *s = sr_read_slot(r, &d->sessions, &d->nsessions,
	    sizeof(*s));

	s->line = sr_line(e);
	s->id = sr_node_id(r, e, "session_id", session_id);
	s->group_ref = sr_read_id(r, sr_node_attr(r, e, "group", NULL));
	SR_EACH(c, e)
		session_child(r, s, c);
}

/* ---- stream ---- */

static void
stream(struct sr_reading *r, xmlNode *e, struct sr_str parent)
{
	struct sr_doc *d = r->d;
	struct sr_mstream s = { .line = sr_line(e) }, *slot;
	struct sr_str attr;

	s.id = sr_node_id(r, e, "stream_id", stream_id);
	s.session_id = sr_node_id(r, e, "session_id", session_ref);
	if (s.session_id.n == 0)
		s.session_id = parent;
	s.media_label = sr_node_attr(r, e, "medialabel", NULL);
	s.mode = sr_node_attr(r, e, "mode", NULL);
	SR_EACH(c, e)
		switch (sr_read_word(r, c, &s.exts)) {
		case SR_W_LABEL:
			s.label = sr_node_text(r, c);
			break;
		case SR_W_MODE:
			s.mode = sr_node_text(r, c);
			break;
		case SR_W_ASSOCIATE: case SR_W_START: case SR_W_DISASSOCIATE:
		case SR_W_STOP:
			/* Nothing in the model has it: looked at, not kept. */
			sr_read_misplaced(r, c);
			sr_read_time(r, c);
			break;
		default:
			break;
		}
	attr = sr_node_attr(r, e, "label", NULL);
	if (s.label.n == 0)
		s.label = attr.n > 0 ? attr : s.media_label;
	slot = sr_read_slot(r, &d->streams, &d->nstreams, sizeof(*slot));
	*slot = s;
}

void
sr_read_object(struct sr_reading *r, struct _xmlNode *e, enum sr_word w,
    struct sr_str parent)
{
	switch (w) {
	case SR_W_GROUP:
		group(r, e);
		break;
	case SR_W_SESSION:
		session(r, e);
		break;
	case SR_W_PARTICIPANT:
		sr_read_participant(r, e, parent);
		break;
	case SR_W_STREAM:
		stream(r, e, parent);
		break;
	case SR_W_SRA: case SR_W_PSA: case SR_W_PSTA:
		sr_read_association(r, e, w, parent);
		break;
	default:
		break;
	}
}

