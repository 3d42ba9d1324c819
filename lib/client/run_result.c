/* run_result - a call is over: were its expectations met? */
#include "run.h"

#define LONG_ENOUGH (5 * SR_SEC)	/* for RTCP to come: RFC 3550 6.2 */

struct exhibit {			/* bytes of a witness, read */
	struct sr_msg request, reply, provisional, invite, prack, retried;
	struct sr_sdp offer, answer, before;
	struct sr_seen seen;
};

static const struct sr_msg *
read_msg(struct sr_msg *m, struct sr_str raw)
{
	int err = raw.n > 0 ? sr_msg_parse(m, raw) : SR_ENOENT;

	if (raw.n == 0)
		*m = (struct sr_msg){ .status = 0 };
	return err == SR_OK ? m : NULL;
}

static const struct sr_sdp *
read_sdp(struct sr_sdp *s, struct sr_str text)
{
	int err = text.n > 0 ? sr_sdp_parse(s, text) : SR_ENOENT;

	if (text.n == 0)
		*s = (struct sr_sdp){ .nmlines = 0 };
	return err == SR_OK ? s : NULL;
}

static void
exhibit_open(struct exhibit *x, const struct call *c,
    const struct witness *w)
{
	struct sr_seen *s = &x->seen;

	*s = (struct sr_seen){ .copies = w->copies };

	s->request = read_msg(&x->request, w->request);
	s->reply = read_msg(&x->reply, w->reply);
	s->provisional = read_msg(&x->provisional, w->provisional);
	s->invite = read_msg(&x->invite, w->invite);
	s->prack = read_msg(&x->prack, w->prack);
	s->retried = read_msg(&x->retried, w->retried);
	s->offer = read_sdp(&x->offer, w->offer);
	s->answer = read_sdp(&x->answer, w->answer);
	s->before = read_sdp(&x->before, w->before);
	s->dialog_tag = w->tag;
	s->early_copies = w->early_copies;
	s->held = w->held;
	s->again = w->again;
	s->bye = w->bye;
	s->bye_after = w->bye_after;
	s->old_leg_bye = w->old_leg_bye;
	s->media = c->longest >= LONG_ENOUGH;
	s->rtcp = c->rtcp;
	s->rtcp_elsewhere = c->rtcp_elsewhere;
}

static void
exhibit_close(struct exhibit *x)
{
	sr_msg_free(&x->request);
	sr_msg_free(&x->reply);
	sr_msg_free(&x->provisional);
	sr_msg_free(&x->invite);
	sr_msg_free(&x->prack);
	sr_msg_free(&x->retried);
	sr_sdp_free(&x->offer);
	sr_sdp_free(&x->answer);
	sr_sdp_free(&x->before);
}

static void
broken(struct call *c, const struct sr_check *k, size_t step,
    struct sr_str why)
{
	struct sr_run_result *res = &c->result;
	struct sr_run_broken *v = sr_arena_grow(&c->arena, c->broken,
	    res->nbroken, sizeof(*v));

	if (v == NULL)
		return;
	if (k->strength == SR_MUST || k->strength == SR_OWN)
		run_call_fail(c, "%s: %s%s%.*s", k->rule, k->broken,
		    why.n > 0 ? ": " : "", SR_FMT(why));
	if (why.n == 0)
		why = sr_cstr(k->broken);
	c->broken = v;
	res->broken = v;
	v[res->nbroken++] = (struct sr_run_broken){ k, step,
	    run_call_keep(c, why) };
}

static size_t
nchecks(const struct sr_script *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nsteps; i++)
		n += s->steps[i].nchecks;
	return n;
}

void
run_call_judge(struct call *c)
{
	const struct sr_script *s = c->script;
	enum sr_verdict *v = sr_arena_alloc(&c->arena, (nchecks(s) + 1) *
	    sizeof(*v));
	struct exhibit x;
	struct sr_buf why;
	size_t n = 0;

	if (v == NULL)
		return;
	for (size_t i = 0; i < s->nsteps; i++) {
		const struct witness *w = &c->seen[i];

		if (s->steps[i].nchecks == 0)
			continue;
		exhibit_open(&x, c, w);
		for (size_t k = 0; k < s->steps[i].nchecks; k++) {
			const struct sr_check *check = s->steps[i].checks[k];

			sr_buf_init(&why, 600);
			/* What was not reached was not tested. */
			v[n] = i >= c->step || w->skipped ? SR_UNTESTED :
			    sr_check_judge(check,
			    &s->steps[i], &x.seen, &why);
			if (v[n++] == SR_FAIL)
				broken(c, check, i, sr_buf_str(&why));
			sr_buf_free(&why);
		}
		exhibit_close(&x);
	}
	c->result.verdicts = v;
	c->result.nverdicts = n;
}
