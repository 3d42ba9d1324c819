/* run_request - what a recording server asks of its client: RFC 7866 sections
 * 6.2, 7.2 and 9.2. */
#include "run.h"

#include <string.h>

static void
answer(struct sr_run *r, struct sr_tx *tx, int status, struct sr_str type,
    struct sr_str headers, struct sr_str body)
{
	struct sr_ua_reply a = { .status = status, .type = type,
	    .headers = headers, .body = body };

	sr_ua_reply(r->ua, tx, r->now, &a);
}

static void
answer_plain(struct sr_run *r, struct sr_tx *tx, int status)
{
	struct sr_str none = { NULL, 0 };

	answer(r, tx, status, none, none, none);
}

static struct sr_str
sdp_of(const struct sr_ua_event *ev)
{
	const struct sr_part *p = sr_body_find(ev->body, SR_PART_SDP);

	return p != NULL ? p->data : (struct sr_str){ NULL, 0 };
}

/* A snapshot is asked for (section 9.2) with the type and the disposition of
 * metadata: the root element tells it. */
static bool
asks_snapshot(const struct sr_ua_event *ev)
{
	const struct sr_part *p = sr_body_find(ev->body, SR_PART_META);

	return p != NULL && sr_strfind(p->data, SR_STR("requestsnapshot")) <
	    p->data.n;
}

/* Section 9.2: the snapshot goes with a request of ours, not in the answer.
 * A script that waits for it has it as its next step. */
static void
send_snapshot(struct leg *g)
{
	struct call *c = g->call;
	struct sr_buf xml, type, headers, body;
	struct sr_dialog_request q = { .method = SR_STR("UPDATE"),
	    .cookie = UINT64_MAX };

	if (c->told == NO_STEP)
		return;
	sr_buf_init(&xml, 1 << 20);
	if (sr_script_snapshot(c->script, &c->ids, c->told, &xml) == SR_OK) {
		body_pack(c, true, (struct sr_str){ NULL, 0 },
		    sr_buf_str(&xml), &type, &headers, &body);
		q.headers = sr_buf_str(&headers);
		q.type = sr_buf_str(&type);
		q.body = sr_buf_str(&body);
		if (!sr_dialog_allows(g->dialog, "UPDATE"))
			q.method = SR_STR("INVITE");
		sr_dialog_request(g->dialog, c->run->now, &q);
		sr_buf_free(&type);
		sr_buf_free(&headers);
		sr_buf_free(&body);
	}
	sr_buf_free(&xml);
}

static bool
is_awaited(const struct call *c, enum sr_method method)
{
	return c->busy != NO_STEP &&
	    c->script->steps[c->busy].kind == SR_AWAIT &&
	    c->script->steps[c->busy].method == method;
}

static void
new_offer(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev,
    struct sr_str sdp)
{
	struct call *c = g->call;
	size_t i = c->busy;

	if (leg_reply(g, sdp) != SR_OK) {
		answer_plain(r, ev->tx, 488);
		return;
	}
	if (is_awaited(c, ev->msg->method)) {
		c->seen[i].before = g->peer;
		c->seen[i].answer = run_call_keep(c, sdp);
		c->seen[i].offer = g->sdp;
	}
	answer(r, ev->tx, 200, SR_STR("application/sdp"),
	    (struct sr_str){ NULL, 0 }, g->sdp);
	leg_agree(g, sdp);
}

/* A re-INVITE without an offer: ours goes in the 200, its answer comes with
 * the ACK. */
static void
no_offer(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev)
{
	if (leg_offer(g, g->lines, g->nlines) != SR_OK) {
		answer_plain(r, ev->tx, 488);
		return;
	}
	g->offered = true;
	answer(r, ev->tx, 200, SR_STR("application/sdp"),
	    (struct sr_str){ NULL, 0 }, g->sdp);
}

/* Theirs and ours cross, RFC 3261 section 14.2: theirs waits until ours has
 * been answered, so that a server has its own under way when it comes.  Ours
 * has no offer, and so fits whatever is agreed when it is sent again. */
static void
cross(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	struct sr_dialog_request q = { .method = SR_STR("INVITE"),
	    .cookie = c->busy + 1, .cross = true };

	c->seen[c->busy].request = run_call_keep(c, r->raw);
	c->crossed = ev->tx;
	if (sr_dialog_request(g->dialog, r->now, &q) != SR_OK) {
		run_call_fail(c, "a crossing re-INVITE cannot be sent");
		leg_crossed(g);
	}
}

void
leg_crossed(struct leg *g)
{
	struct call *c = g->call;
	struct sr_tx *tx = c->crossed;

	c->crossed = NULL;
	if (tx != NULL)
		answer_plain(c->run, tx, 491);
}

/* RFC 4028 section 6. */
static void
too_small(struct sr_run *r, struct call *c, const struct sr_ua_event *ev)
{
	struct sr_buf b;

	sr_buf_init(&b, 64);
	sr_buf_fmt(&b, "Min-SE: %u\r\n",
	    step_of(c, c->busy)->session_expires);
	answer(r, ev->tx, 422, (struct sr_str){ NULL, 0 }, sr_buf_str(&b),
	    (struct sr_str){ NULL, 0 });
	sr_buf_free(&b);
	step_await(c, ev->msg->method);
	run_call_advance(c);
}

/* A step of the script that does not take their request as it comes. */
static bool
is_refused(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	const struct sr_step *s = c->busy != NO_STEP ? step_of(c, c->busy) :
	    NULL;
	enum sr_method m = ev->msg->method;

	if (s == NULL || (m != SR_INVITE && m != SR_UPDATE))
		return false;
	if (s->cross && m == SR_INVITE && c->seen[c->busy].request.n > 0)
		c->seen[c->busy].again = true;
	else if (s->cross && m == SR_INVITE) {
		cross(r, g, ev);
		return true;
	} else if (s->small && sr_msg_header(ev->msg, "Session-Expires",
	    0).n > 0) {
		too_small(r, c, ev);
		return true;
	}
	return false;
}

void
leg_request(struct sr_run *r, struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	struct sr_str sdp = sdp_of(ev);
	enum sr_method method = ev->msg->method;
	bool snapshot = method == SR_UPDATE && asks_snapshot(ev);
	bool scripted = is_awaited(c, method);

	if (ev->fault != 0) {
		sr_ua_refuse(r->ua, ev->tx, r->now);
		return;
	}
	if (is_refused(r, g, ev))
		return;
	switch (method) {
	case SR_INVITE:
	case SR_UPDATE:
		if (sdp.n > 0)
			new_offer(r, g, ev, sdp);
		else if (method == SR_INVITE)
			no_offer(r, g, ev);
		else
			answer_plain(r, ev->tx, 200);
		break;
	case SR_OPTIONS:
	case SR_PRACK:
	case SR_M_INFO:
		answer_plain(r, ev->tx, 200);
		break;
	default:
		answer_plain(r, ev->tx, 405);
		break;
	}
	step_await(c, method);
	if (snapshot && !scripted)
		send_snapshot(g);
	run_call_advance(c);
}

void
leg_acked(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	struct sr_str sdp = sdp_of(ev);

	if (g->offered) {
		g->offered = false;
		if (sdp.n > 0)
			leg_agree(g, sdp);
		else
			run_call_fail(c, "the ACK has no answer to our offer");
	}
	if (c->answered == 0) {
		c->answered = c->probed = c->run->now;
		c->result.answered = c->answered;
		g->confirmed = true;
	}
	if (c->invite != NO_STEP)
		step_over(c, c->invite);
	else
		run_call_advance(c);
}

/* ---- a call that the server makes ---- */

static bool
is_srs(const struct sr_msg *m)
{
	struct sr_str v;

	return sr_param(m->contact.params, "+sip.srs", &v);
}

/* The offer and the metadata of the script's first INVITE go in the 200. */
static int
take_call(struct sr_run *r, const struct sr_ua_event *ev)
{
	const struct sr_script *s = r->cfg.accept;
	struct call *c = run_call_new(r, s, NULL, r->accepted++);
	struct leg *g = c != NULL ? &c->legs[0] : NULL;
	struct sr_buf xml, type, headers, body;
	struct sr_ua_reply a = { .status = 200, .require = SR_STR("siprec"),
	    .contact_params = SR_STR(";+sip.src") };
	size_t i = 0;
	int err;

	if (c == NULL || (g->dialog = sr_tx_dialog(ev->tx)) == NULL)
		return SR_ENOMEM;
	*sr_dialog_slot(g->dialog) = g;
	while (i < s->nsteps && s->steps[i].kind != SR_DO_INVITE)
		i++;
	if (i == s->nsteps)
		return SR_EBAD;
	c->invite = i;
	c->step = i + 1;
	c->invited = r->now;
	c->seen[i].skipped = true;	/* that INVITE is not ours */
	c->result.status = 200;
	c->result.call_id = g->call_id = run_call_keep(c,
	    sr_dialog_call_id(g->dialog));
	sr_buf_init(&xml, 1 << 20);
	err = leg_offer(g, s->steps[i].lines, s->steps[i].nlines);
	if (err == SR_OK && s->steps[i].has_meta) {
		sr_script_xml(s, &c->ids, i, &xml);
		c->told = i;
	}
	if (err == SR_OK) {
		body_pack(c, false, g->sdp, sr_buf_str(&xml), &type, &headers,
		    &body);
		g->offered = true;
		a.type = sr_buf_str(&type);
		a.body = sr_buf_str(&body);
		sr_dialog_set_contact(g->dialog, (struct sr_str){ NULL, 0 },
		    a.contact_params);
		err = sr_ua_reply(r->ua, ev->tx, r->now, &a);
		sr_buf_free(&type);
		sr_buf_free(&headers);
		sr_buf_free(&body);
	}
	sr_buf_free(&xml);
	return err;
}

/* RFC 7866 6.1.1: a recording session only with both marks. */
void
run_call_accept(struct sr_run *r, const struct sr_ua_event *ev)
{
	if (ev->fault != 0) {
		sr_ua_refuse(r->ua, ev->tx, r->now);
	} else if (ev->msg->method == SR_OPTIONS) {
		answer_plain(r, ev->tx, 200);
	} else if (ev->msg->method != SR_INVITE) {
		answer_plain(r, ev->tx, 405);
	} else if (r->cfg.accept == NULL || !is_srs(ev->msg) ||
	    !sr_msg_lists(ev->msg, "Require", "siprec")) {
		answer(r, ev->tx, 403, (struct sr_str){ NULL, 0 },
		    SR_STR("Warning: 399 siprec-replay \"no recording session:"
		    " +sip.srs and siprec are wanted\"\r\n"),
		    (struct sr_str){ NULL, 0 });
	} else if (sdp_of(ev).n > 0) {
		answer(r, ev->tx, 488, (struct sr_str){ NULL, 0 },
		    SR_STR("Warning: 399 siprec-replay \"RFC 7866 7.2: a "
		    "server invites without an offer\"\r\n"),
		    (struct sr_str){ NULL, 0 });
	} else if (take_call(r, ev) != SR_OK) {
		answer_plain(r, ev->tx, 500);
	}
}
