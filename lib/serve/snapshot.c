/* snapshot - asking the client for all of its metadata: RFC 7866 section 9.2,
 * RFC 7865 section 7.  By UPDATE, without SDP, and never in a row. */
#include "priv.h"

#include <string.h>

#define BETWEEN (60 * SR_SEC)
#define PATIENCE (5 * SR_SEC)		/* for what was promised by a 2xx */

void
snapshot_want(struct leg *l, const char *reason)
{
	sr_time at = l->s->now;

	if (l->snap_never || l->snap_wanted)
		return;
	if (l->snap_tries > 0 && at < l->snap_at + BETWEEN)
		at = l->snap_at + BETWEEN;
	l->snap_wanted = true;
	l->snap_reason = reason;
	l->snap_at = at;
	serve_due(l->s, at);
}

static void
body(struct sr_buf *b, const char *reason)
{
	b->n = 0;
	sr_buf_fmt(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<requestsnapshot xmlns='urn:ietf:params:xml:ns:recording:1'>"
	    "<requestreason xml:lang=\"en\">%s</requestreason>"
	    "</requestsnapshot>\n", reason);
}

static void
send(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct sr_dialog_request r = { .method = SR_STR("UPDATE"),
	    .type = SR_STR("application/rs-metadata+xml"),
	    .cookie = FOR_SNAPSHOT };

	head_begin(s);
	sr_buf_add(&s->head, SR_STR("Require: siprec\r\n"
	    "Accept: application/sdp, application/rs-metadata+xml, "
	    "application/rs-metadata\r\n"
	    "Content-Disposition: recording-session\r\n"));
	body(&s->body, l->snap_reason);
	r.headers = sr_buf_str(&s->head);
	r.body = sr_buf_str(&s->body);
	l->snap_wanted = false;
	l->snap_at = s->now;
	l->snap_tries++;
	l->snap_running = sr_dialog_request(l->d, s->now, &r) == SR_OK;
	if (!l->snap_running)
		snapshot_response(l, 0);
}

void
snapshot_kick(struct leg *l)
{
	if (!l->snap_wanted || l->s->now < l->snap_at)
		return;
	if (sr_dialog_allows(l->d, "UPDATE")) {
		send(l);
		return;
	}
	l->snap_wanted = false;
	l->snap_never = true;
	serve_note(l->s, l, "R7866-9.2-7", "the client takes no UPDATE: it "
	    "cannot be asked for a snapshot");
}

void
snapshot_response(struct leg *l, int status)
{
	l->snap_running = false;
	if (status > 0 && status < 200) {
		l->snap_running = true;
		return;
	}
	control_event(l, SR_ACT_SNAPSHOT, l->snap_ticket, status);
	l->snap_ticket = 0;
	if (status >= 200 && status < 300) {
		l->snap_waits = true;
		serve_due(l->s, l->s->now + PATIENCE);
	} else if (status == 405 || status == 415 || status == 420 ||
	    status == 501) {
		l->snap_never = true;
	}
}

/* Something complete came: what is asked for from now on is a new matter. */
void
snapshot_arrived(struct leg *l)
{
	l->snap_waits = false;
	l->snap_wanted = false;
	l->snap_tries = 0;
}

/* ---- what the engine finds out ---- */

static bool
is_rule(const struct sr_event *ev, const char *rule)
{
	return ev->u.warn.rule != NULL && strcmp(ev->u.warn.rule, rule) == 0;
}

/* Our own request passes by here as well. */
static bool
is_base(const struct sr_doc *d)
{
	return d != NULL && !sr_streq(d->root, SR_STR("requestsnapshot")) &&
	    !sr_streq(d->datamode, SR_STR("partial"));
}

static void
name_session(struct leg *l, struct sr_str id)
{
	if (l->session != NULL)
		return;
	l->session = text_dup(id);
	persist_dirty(l);
}

void
sr_serve_engine_event(struct sr_serve *s, const struct sr_event *ev)
{
	struct leg *l;

	if (ev->session == NULL || (ev->kind != SR_EV_BEGIN &&
	    ev->kind != SR_EV_META && ev->kind != SR_EV_WARN))
		return;
	if ((l = leg_of_session(s, sr_session_call_id(ev->session))) == NULL)
		return;
	switch (ev->kind) {
	case SR_EV_BEGIN:
		name_session(l, sr_session_id(ev->session));
		break;
	case SR_EV_META:
		if (is_base(ev->u.meta.doc))
			snapshot_arrived(l);
		break;
	case SR_EV_WARN:
		if (l->snap_tries >= MAX_SNAPSHOTS)
			break;
		if (is_rule(ev, "R7866-9.1-4"))
			snapshot_want(l, "no base snapshot");
		else if (is_rule(ev, "R7866-9.2-3"))
			snapshot_want(l, "metadata cannot be used");
		break;
	default:
		break;
	}
}
