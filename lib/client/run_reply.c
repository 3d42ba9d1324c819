/* run_reply - what comes back from a server, and when nothing does. */
#include "run.h"

#include <string.h>

enum { MOST_PATIENT = 60 };		/* seconds */
#define T1 (500 * SR_MSEC)	/* after which any server repeats an answer */

static bool
offers(const struct sr_ua_event *ev, struct sr_str *sdp)
{
	const struct sr_part *p = sr_body_find(ev->body, SR_PART_SDP);

	*sdp = p != NULL ? p->data : (struct sr_str){ NULL, 0 };
	return sdp->n > 0;
}

/* The server's SDP in an answer of its: the answer to our offer, or the offer
 * that we are to answer in ACK or PRACK. */
static void
take_sdp(struct leg *g, const struct sr_ua_event *ev, size_t i)
{
	struct call *c = g->call;
	struct sr_str sdp;

	if (!offers(ev, &sdp)) {
		if (ev->status >= 200 && g->offered && i != NO_STEP) {
			run_call_fail(c, "the %d has no SDP answer",
			    ev->status);
			g->offered = false;
		}
		return;
	}
	if (i != NO_STEP)
		c->seen[i].answer = run_call_keep(c, sdp);
	if (g->offered) {
		leg_agree(g, sdp);
		if (ev->status >= 200 || sr_msg_lists(ev->msg, "Require",
		    "100rel"))
			g->offered = false;
		return;
	}
	if (g->owes || ev->method != SR_INVITE)
		return;
	g->owes = true;
	if (g->lines == NULL && i != NO_STEP) {
		g->lines = step_of(c, i)->lines;
		g->nlines = step_of(c, i)->nlines;
	}
	if (leg_reply(g, sdp) != SR_OK) {
		run_call_fail(c, "the server's offer cannot be answered");
		return;
	}
	if (i != NO_STEP)
		c->seen[i].offer = g->sdp;
	if (ev->status < 200)
		sr_dialog_prack(g->dialog, c->run->now,
		    SR_STR("application/sdp"), g->sdp);
	else
		sr_dialog_ack(g->dialog, c->run->now,
		    SR_STR("application/sdp"), g->sdp);
	leg_agree(g, sdp);
}

static void
provisional(struct leg *g, const struct sr_ua_event *ev, size_t i)
{
	struct call *c = g->call;

	if (i != NO_STEP)
		c->seen[i].provisional = run_call_keep(c, c->run->raw);
	if (c->ringing == 0)
		c->ringing = c->run->now;
	if (ev->method == SR_INVITE)
		take_sdp(g, ev, i);
	run_call_advance(c);
}

static void
established(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;

	g->confirmed = true;
	g->tag = run_call_keep(c, ev->msg->to.tag);
	if (c->answered == 0) {
		c->answered = c->probed = c->run->now;
		c->result.answered = c->run->now;
	}
}

/* A step that is there to be refused. */
static bool
is_refusal(const struct sr_step *s)
{
	for (size_t i = 0; i < s->nchecks; i++)
		if (sr_check_refusal(s->checks[i]))
			return true;
	return false;
}

void
leg_response(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	size_t i = ev->cookie > 0 && ev->cookie <= c->script->nsteps ?
	    (size_t)ev->cookie - 1 : NO_STEP;
	bool first = i != NO_STEP && i == c->invite;

	if (ev->method == SR_PRACK && ev->status >= 200) {
		c->seen[g->invite].prack = run_call_keep(c, c->run->raw);
		return;
	}
	if (ev->status < 200) {
		provisional(g, ev, i);
		return;
	}
	leg_crossed(g);
	if (first && g->npracks > 0)
		c->seen[i].held = c->run->now - c->ringing >= T1;
	if (i != NO_STEP) {
		c->seen[i].reply = run_call_keep(c, c->run->raw);
		if (i == g->invite)
			g->replied = c->run->now;
	}
	if (first && ev->status == 503 && step_of(c, i)->patient &&
	    c->seen[i].retried.n == 0 && ev->retry_after > 0 &&
	    ev->retry_after <= MOST_PATIENT) {
		c->seen[i].retried = c->seen[i].reply;
		c->again_at = c->run->now + ev->retry_after * SR_SEC;
		return;
	}
	if (first && c->result.status == 0)
		c->result.status = ev->status;
	if (ev->status < 300) {
		if (first)
			established(g, ev);
		take_sdp(g, ev, i);
		g->owes = false;
		if (g->lines != NULL && i != NO_STEP &&
		    step_of(c, i)->has_sdp)
			sr_dialog_set_sdp(g->dialog, g->sdp, g->peer);
	} else if (i != NO_STEP) {
		g->offered = false;
		leg_stay(g);
		if (c->busy != NO_STEP && c->busy != i &&
		    step_of(c, c->busy)->kind == SR_DO_CANCEL)
			c->seen[c->busy].invite = run_call_keep(c, c->run->raw);
		else if (!is_refusal(step_of(c, i)))
			run_call_fail(c, "%.*s is answered %d %.*s",
			    SR_FMT(ev->msg->method_text), ev->status,
			    SR_FMT(ev->msg->reason));
	}
	if (i != NO_STEP)
		step_over(c, i);
}

void
leg_retry(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;

	if (ev->cookie > 0 && ev->cookie <= c->script->nsteps)
		c->seen[ev->cookie - 1].retried = run_call_keep(c,
		    c->run->raw);
	leg_crossed(g);
}

/* The recording goes on at the second server: RFC 3891. */
static void
rehome(struct call *c)
{
	struct leg *old = &c->legs[0], *g = &c->legs[1];
	size_t i = 0;

	while (i < c->script->nsteps && step_of(c, i)->kind != SR_DO_INVITE)
		i++;
	if (g->dialog != NULL || i == c->script->nsteps)
		return;
	c->rehomed = true;
	leg_close(old);
	c->busy = NO_STEP;
	c->invite = i;
	c->invited = c->run->now;
	if (send_invite(g, i, c->target->failover) != SR_OK) {
		run_call_fail(c, "the second server cannot be called");
		c->invite = NO_STEP;
	}
	c->run->nvanished += !old->vanished;
	old->vanished = true;
}

void
leg_failed(struct leg *g, const struct sr_ua_event *ev)
{
	struct call *c = g->call;
	size_t i = ev->cookie > 0 && ev->cookie <= c->script->nsteps ?
	    (size_t)ev->cookie - 1 : NO_STEP;

	if (c->target != NULL && c->target->failover != NULL && !c->rehomed &&
	    !c->stopping) {
		rehome(c);
		return;
	}
	if (strcmp(ev->why, "over") != 0)
		run_call_fail(c, "no answer to %s: %s",
		    ev->method == SR_INVITE ?
		    "INVITE" : ev->method == SR_BYE ? "BYE" : "a request",
		    ev->why);
	if (i != NO_STEP)
		step_over(c, i);
}

void
leg_over(struct leg *g, const char *why, bool by_server)
{
	struct call *c = g->call;
	size_t i = c->busy;

	if (g->over)
		return;
	leg_close(g);
	g->dialog = NULL;
	if (c->again_at != 0) {
		run_call_advance(c);
		return;
	}
	g->over = true;
	if (by_server) {
		size_t k = c->step > 0 ? c->step - 1 : 0;

		c->seen[k].bye = true;
		c->seen[k].bye_after = c->run->now - g->replied;
		if (g->n == 0 && c->legs[1].dialog != NULL)
			c->seen[k].old_leg_bye = true;
		step_await(c, SR_BYE);
	} else if (strcmp(why, "bye") != 0 && strcmp(why, "cancelled") != 0 &&
	    strcmp(why, "refused") != 0 && !c->rehomed) {
		run_call_fail(c, "the dialog ended: %s", why);
	}
	if (i != NO_STEP && c->busy == i && strcmp(why, "bye") == 0 &&
	    step_of(c, i)->kind == SR_DO_BYE)
		c->seen[i].reply = run_call_keep(c, c->run->raw);
	if (i != NO_STEP && c->busy == i &&
	    (step_of(c, i)->kind == SR_DO_BYE ||
	    step_of(c, i)->kind == SR_DO_CANCEL))
		step_end(c, i);
	if (c->invite != NO_STEP && !g->confirmed)
		step_end(c, c->invite);
	run_call_advance(c);
}
