/* call - a session that the server begins: RFC 7866 sections 6.2 and 7.2.
 * INVITE without SDP, their offer in the 2xx, our answer in the ACK. */
#include "priv.h"

static const struct sr_str none = { NULL, 0 };

static void
our_uri(struct sr_serve *s, struct sr_buf *b)
{
	const struct sr_addr *a = s->cfg.ua.local;
	struct sr_addr us = { .family = 0 };

	for (size_t i = 0; i < 3 && us.family == 0; i++)
		us = a[i];
	us.port = 0;
	b->n = 0;
	sr_buf_fmt(b, "sip:%.*s@", SR_FMT(s->cfg.ua.user));
	if (us.family != 0)
		sr_addr_print(b, &us);
	else
		sr_buf_add(b, SR_STR("anonymous.invalid"));
}

int
sr_serve_call(struct sr_serve *s, const struct sr_serve_call *c, sr_time now,
    uint64_t *ticket)
{
	struct sr_ua_invite in = { .uri = c->uri, .from = c->from,
	    .auth = c->auth, .require = SR_STR("siprec"),
	    .session_expires = s->cfg.ua.session_expires,
	    .cookie = FOR_CALL };
	struct sr_dialog *d;
	struct leg *l;
	int err;

	s->now = now;
	*ticket = 0;
	if (s->draining || s->nlegs >= s->cfg.max_sessions)
		return SR_ELIMIT;
	if (in.from.n == 0) {
		our_uri(s, &s->body);
		in.from = sr_buf_str(&s->body);
	}
	if ((err = sr_ua_invite(s->ua, now, &in, &d)) != SR_OK)
		return err;
	if ((l = leg_new(s, d)) == NULL ||
	    leg_named(l, sr_dialog_call_id(d)) != SR_OK) {
		sr_dialog_bye(d, now, none, none, none);
		return SR_ENOMEM;
	}
	l->call = *ticket = ++s->tickets;
	return SR_OK;
}

/* A 2xx has to be acknowledged before it can be ended. */
void
call_failed(struct leg *l, int status, const char *text)
{
	serve_note(l->s, l, "R7866-7.2-6", text != NULL ? text :
	    "the client's offer cannot be used");
	control_event(l, SR_ACT_CALL, l->call, status);
	l->call = 0;
	if (!l->acked)
		sr_dialog_ack(l->d, l->s->now, none, none);
	l->acked = true;
	leg_bye(l, "no-answer", 488);
}

void
call_response(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp;
	struct refusal r;

	if (ev->kind == SR_UA_FAILED || ev->status >= 300) {
		control_event(l, SR_ACT_CALL, l->call,
		    ev->kind == SR_UA_FAILED ? 0 : ev->status);
		l->call = 0;
		return;
	}
	if (ev->status < 200)
		return;
	l->from = ev->hop.remote;
	sdp = sr_body_find(ev->body, SR_PART_SDP);
	if (sdp == NULL) {
		l->acked = true;
		call_failed(l, 488, "the client's 2xx holds no offer");
	} else if (deal_open(l, DEAL_ACK, NULL, sdp->data, &r) != SR_OK) {
		call_failed(l, 488, r.text);
	} else {
		deal_start(l->deal);
	}
}
