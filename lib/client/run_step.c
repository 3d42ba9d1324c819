/* run_step - a script's steps, one after the other, as time and the server
 * let them. */
#include "run.h"

#include <string.h>

#define PROBE (5 * SR_SEC)		/* is the server still there? */

/* ---- when ---- */

/* A step on a leg that was refused, or is gone: it is passed over at once. */
static bool
is_idle(const struct call *c, const struct sr_step *s)
{
	const struct leg *g = &c->legs[s->leg < LEGS ? s->leg : 0];

	return s->kind != SR_DO_INVITE && s->kind != SR_AWAIT &&
	    (g->dialog == NULL || g->over);
}

/* When the next step is due; SR_NEVER while something must happen first. */
static sr_time
due(const struct call *c)
{
	const struct sr_step *s = step_of(c, c->step);

	if (c->busy != NO_STEP)
		return SR_NEVER;
	if (c->invite == NO_STEP && is_idle(c, s))
		return c->run->now;
	switch (s->from) {
	case SR_FROM_ANSWER:
		return c->invite != NO_STEP ? SR_NEVER : c->answered == 0 ?
		    c->before + s->at : c->answered + s->at;
	case SR_FROM_BEFORE:
		return c->invite != NO_STEP ? SR_NEVER : c->before + s->at;
	case SR_FROM_RINGING:
		return (c->ringing != 0 ? c->ringing : c->invited) + s->at;
	}
	return SR_NEVER;
}

void
step_end(struct call *c, size_t step)
{
	c->before = c->run->now;
	if (c->busy == step)
		c->busy = NO_STEP;
	if (c->invite == step)
		c->invite = NO_STEP;
}

void
step_over(struct call *c, size_t step)
{
	step_end(c, step);
	run_call_advance(c);
}

/* A server's request that the script may be waiting for. */
void
step_await(struct call *c, enum sr_method method)
{
	size_t i = c->busy;

	if (i != NO_STEP && step_of(c, i)->kind == SR_AWAIT &&
	    !step_of(c, i)->cross &&
	    (step_of(c, i)->method == method ||
	    (step_of(c, i)->method == SR_M_NONE && (method == SR_UPDATE ||
	    method == SR_INVITE)))) {
		c->seen[i].request = run_call_keep(c, c->run->raw);
		step_end(c, i);
	}
}

/* A server that is full, or about to leave, has said when to come again. */
static sr_time
comes_again(struct call *c)
{
	struct leg *g = &c->legs[0];
	size_t i = c->invite;
	sr_time at = c->again_at;

	if (at == 0 || at > c->run->now || i == NO_STEP)
		return at != 0 && i != NO_STEP ? at : SR_NEVER;
	c->again_at = 0;
	c->ringing = 0;
	c->invited = c->run->now;
	g->sdp = g->peer = (struct sr_str){ NULL, 0 };
	if (send_invite(g, i, c->target) != SR_OK) {
		run_call_fail(c, "the INVITE cannot be sent again");
		g->over = true;
		step_end(c, i);
	}
	return SR_NEVER;
}

/* ---- what ---- */

static void
media_act(struct call *c, const struct sr_step *s)
{
	struct leg *g = &c->legs[s->leg];

	for (size_t i = 0; i < g->nlines; i++) {
		struct slot *t = &g->slots[i];
		struct event *e;

		if (!t->open || t->line.stream != s->stream)
			continue;
		if (s->act == SR_MEDIA_FORMAT && s->arg < g->lines[i].nformats)
			t->format = g->lines[i].formats[s->arg];
		if ((e = run_event(c->run, SR_RUN_ACT, c)) != NULL) {
			e->line = t->line;
			e->ev.act = s;
		}
	}
}

/* Does step i; false: it cannot be done on a leg that is not there. */
static bool
perform(struct call *c, size_t i)
{
	const struct sr_step *s = step_of(c, i);
	struct leg *g = &c->legs[s->leg < LEGS ? s->leg : 0];
	bool alive = g->dialog != NULL && !g->over && !g->vanished;
	int err = SR_OK;

	if (s->kind != SR_DO_INVITE && s->kind != SR_DO_MEDIA &&
	    s->kind != SR_AWAIT && !alive)
		return false;
	c->busy = i;
	switch (s->kind) {
	case SR_DO_INVITE:
		c->busy = NO_STEP;
		c->invite = i;
		c->invited = c->run->now;
		c->ringing = 0;
		err = send_invite(g, i, c->target);
		break;
	case SR_DO_REINVITE:
	case SR_DO_UPDATE:
	case SR_DO_INFO:
	case SR_DO_OPTIONS:
		err = send_request(g, i);
		break;
	case SR_DO_CANCEL:
		err = send_cancel(g, i);
		break;
	case SR_DO_BYE:
		err = send_bye(g, i);
		break;
	case SR_DO_MEDIA:
		media_act(c, s);
		step_end(c, i);
		break;
	case SR_DO_VANISH:
		leg_vanish(g);
		step_end(c, i);
		break;
	case SR_AWAIT:
		if (g->over && s->method == SR_BYE)
			step_end(c, i);
		break;
	}
	/* Where nothing rang there is no early dialog to do it in. */
	if (err == SR_ENOENT && s->from == SR_FROM_RINGING) {
		c->seen[i].skipped = true;
		step_end(c, i);
	} else if (err != SR_OK) {
		run_call_fail(c, "%s cannot be sent: %s", s->text != NULL ?
		    s->text : "a request", sr_strerror(err));
		step_end(c, i);
	}
	return true;
}

/* ---- on and on ---- */

static bool
all_over(const struct call *c)
{
	for (unsigned i = 0; i < LEGS; i++)
		if (c->legs[i].dialog != NULL && !c->legs[i].over &&
		    !c->legs[i].vanished)
			return false;
	return true;
}

/* With somewhere else to go to, the server is asked now and then whether it
 * is there: media alone would not tell. */
static sr_time
probe(struct call *c)
{
	struct leg *g = &c->legs[0];
	struct sr_dialog_request q = { .method = SR_STR("OPTIONS"),
	    .cookie = UINT64_MAX };

	if (c->target == NULL || c->target->failover == NULL || c->rehomed ||
	    !g->confirmed || g->over || c->stopping)
		return SR_NEVER;
	if (c->run->now - c->probed >= PROBE) {
		c->probed = c->run->now;
		sr_dialog_request(g->dialog, c->run->now, &q);
	}
	return c->probed + PROBE;
}

/* An AWAIT that has waited for long enough was not tested. */
static sr_time
patience(struct call *c)
{
	const struct sr_step *s = c->busy != NO_STEP ? step_of(c, c->busy) :
	    NULL;

	if (s == NULL || s->kind != SR_AWAIT || s->limit <= 0)
		return SR_NEVER;
	if (c->before + s->limit <= c->run->now) {
		step_end(c, c->busy);
		return c->run->now;
	}
	return c->before + s->limit;
}

void
run_call_advance(struct call *c)
{
	sr_time at = SR_NEVER, later;

	if (c->done)
		return;
	if (c->again_at != 0 && !c->stopping) {
		run_call_wake(c, comes_again(c));
		if (c->again_at != 0)
			return;
	}
	later = patience(c);
	while (!c->stopping && c->step < c->script->nsteps) {
		at = due(c);
		if (at > c->run->now)
			break;
		at = SR_NEVER;
		if (!perform(c, c->step)) {
			c->seen[c->step].skipped = true;
			step_end(c, c->step);
		}
		c->step++;
		later = patience(c);
	}
	if (c->busy == NO_STEP && c->invite == NO_STEP &&
	    (c->step >= c->script->nsteps || c->stopping)) {
		if (all_over(c)) {
			run_call_finish(c);
			return;
		}
		for (unsigned i = 0; i < LEGS; i++)
			if (c->legs[i].dialog != NULL && !c->legs[i].over &&
			    !c->legs[i].vanished &&
			    sr_dialog_state(c->legs[i].dialog) < SR_D_ENDING)
				send_bye(&c->legs[i], NO_STEP);
	}
	if (later < at)
		at = later;
	later = probe(c);
	run_call_wake(c, later < at ? later : at);
}

void
run_call_stop(struct call *c)
{
	if (c->stopping || c->done)
		return;
	c->stopping = true;
	c->busy = c->invite = NO_STEP;
	run_call_advance(c);
}

void
run_call_finish(struct call *c)
{
	struct event *e;

	if (c->done)
		return;
	c->done = true;
	for (unsigned i = 0; i < LEGS; i++)
		leg_close(&c->legs[i]);
	run_call_wake(c, SR_NEVER);
	c->result.ended = c->run->now;
	run_call_judge(c);
	if ((e = run_event(c->run, SR_RUN_DONE, c)) == NULL)
		return;
	e->ev.result = &c->result;
	e->free_call = c;
}
