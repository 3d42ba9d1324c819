/* decide - requests outside a dialog: who is recorded, and who is told what.
 *
 * The order of the checks is that of RFC 3261 section 8.2: who asks, then
 * what, then with which content, then whether we can. */
#include "priv.h"

#include <string.h>

/* ---- is it a recording session? RFC 7866 section 6.2 ---- */

static bool
all_quiet(struct sr_str text)
{
	struct sr_sdp sdp;
	size_t audio = 0, quiet = 0;

	if (sr_sdp_parse(&sdp, text) == SR_OK)
		for (size_t i = 0; i < sdp.nmlines; i++)
			if (sr_strieq(sdp.mlines[i].media, SR_STR("audio"))) {
				audio++;
				quiet += sdp.mlines[i].dir == SR_SENDONLY ||
				    sdp.mlines[i].dir == SR_INACTIVE;
			}
	sr_sdp_free(&sdp);
	return audio > 0 && audio == quiet;
}

static bool
looks_recorded(const struct sr_msg *m, const struct sr_body *b)
{
	const struct sr_part *sdp = sr_body_find(b, SR_PART_SDP);

	return sr_msg_is_src(m) || sr_msg_lists(m, "Require", "siprec") ||
	    sr_msg_lists(m, "Supported", "siprec") ||
	    sr_body_find(b, SR_PART_META) != NULL ||
	    (sdp != NULL && all_quiet(sdp->data));
}

/* The letter of it: both marks, or it is no recording session. */
static void
check_marks(const struct sr_msg *m, struct refusal *r)
{
	bool src = sr_msg_is_src(m);
	bool siprec = sr_msg_lists(m, "Require", "siprec");

	if (src && siprec)
		return;
	if (src)
		*r = (struct refusal){ .status = 421,
		    .header = "Require: siprec\r\n" };
	else if (siprec)
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "no +sip.src in Contact" };
	else
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "not a recording session" };
}

static void
check_session(const struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r)
{
	if (s->cfg.any)
		return;
	if (s->cfg.strict)
		check_marks(ev->msg, r);
	else if (!looks_recorded(ev->msg, ev->body))
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "not a recording session" };
}

/* Metadata is no reason to refuse a recording; the letter of it wants what can
 * be read. */
static void
check_metadata(const struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r)
{
	const struct sr_part *p = sr_body_find(ev->body, SR_PART_META);
	struct sr_doc d;

	if (!s->cfg.strict || p == NULL)
		return;
	if (sr_doc_parse(&d, p->data, p->charset, MAX_META) != SR_OK)
		*r = (struct refusal){ .status = 400, .warning = 399,
		    .text = "metadata cannot be read" };
	sr_doc_free(&d);
}

/* ---- can we? ---- */

/* One that replaces another takes no more room than that. */
static void
check_room(const struct sr_serve *s, bool replaces, struct refusal *r)
{
	const char *why = s->shutdown ? "shutting down" :
	    s->full ? "the disk is full" :
	    s->draining && !replaces ? "draining" :
	    s->nlegs >= s->cfg.max_sessions && !replaces ? "full" : NULL;

	if (why != NULL)
		*r = (struct refusal){ .status = 503, .warning = 399,
		    .text = why };
}

/* What the ua finds wrong with headers and content.  A part beside good SDP
 * that we do not know does no harm: vendors add parts; and an INVITE with an
 * Accept without SDP does not mean it (RFC 8068 has such). */
static void
check_fault(const struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r)
{
	bool sdp = sr_body_find(ev->body, SR_PART_SDP) != NULL;

	if (ev->fault == 0 || (!s->cfg.strict && ev->method == SR_INVITE &&
	    ((ev->fault == 415 && sdp) || ev->fault == 406)))
		return;
	*r = (struct refusal){ .status = ev->fault, .fault = true };
}

/* ---- INVITE ---- */

static void
refuse(struct sr_serve *s, const struct sr_ua_event *ev,
    const struct refusal *r)
{
	stats_refused(s, r->status);
	reply_refuse(s, ev->tx, r);
}

/* Whom it is of, and whom it is to replace. */
struct caller {
	struct sr_str user;		/* of its digest, or absent */
	struct sr_passport passport;	/* why NULL: it was not asked for */
	struct leg *old;		/* or NULL */
};

static void
keep_identity(struct leg *l, const struct sr_ua_event *ev,
    const struct caller *c)
{
	struct sr_str asserted = access_asserted(l->s, ev);

	l->asserted = asserted.n > 0 ? text_dup(asserted) : NULL;
	l->user = c->user.n > 0 ? text_dup(c->user) : NULL;
	l->identity = l->s->identity.n > 0 ? text_dup(l->s->identity) : NULL;
	l->s->proved |= l->identity != NULL;
	if (c->passport.why == NULL)
		return;
	l->passport = sr_passport_word(c->passport.verdict);
	l->orig = text_dup(c->passport.orig);
	l->dest = text_dup(c->passport.dest);
}

static struct leg *
make_leg(struct sr_serve *s, const struct sr_ua_event *ev,
    const struct caller *c)
{
	struct sr_dialog *d = sr_tx_dialog(ev->tx);
	struct leg *l = d != NULL ? leg_new(s, d) : NULL;
	const struct leg *old = c->old;
	struct sr_str first;

	if (l == NULL)
		return NULL;
	l->from = ev->hop.remote;
	first = sr_cstr(old != NULL ? old->first : l->call_id);
	leg_named(l, first);
	keep_identity(l, ev, c);
	if (old != NULL) {
		l->replaces = old->id;
		l->paused = old->paused;
		l->session = old->session != NULL ?
		    text_dup(sr_cstr(old->session)) : NULL;
	}
	return l;
}

/* Row 15 and 16; without an offer it is ours to make one. */
static void
open_deal(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = sr_body_find(ev->body, SR_PART_SDP);
	struct sr_serve *s = l->s;
	struct refusal r = { .status = 0 };
	int err;

	if (sdp != NULL)
		err = deal_open(l, DEAL_THEIRS, ev->tx, sdp->data, &r);
	else
		err = deal_open(l, DEAL_LATE, ev->tx, answer_imagine(s,
		    ev->hop.local.family == 6), &r);
	if (err != SR_OK) {
		refuse(s, ev, &r);
		return;
	}
	deal_start(l->deal);
}

static void
check_invite(struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r, struct caller *c)
{
	access_check(s, ev, r, &c->user);
	if (r->status == 0)
		access_passport(s, ev, r, &c->passport);
	if (r->status == 0)
		replaces_check(s, ev, c->user, r, &c->old);
	if (r->status == 0)
		check_fault(s, ev, r);
	if (r->status == 0 && c->old == NULL)
		check_session(s, ev, r);
	if (r->status == 0)
		check_room(s, c->old != NULL, r);
	if (r->status == 0)
		check_metadata(s, ev, r);
}

void
decide_invite(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct caller c = { .old = NULL };
	struct refusal r;
	struct leg *l;

	s->stats.invites++;
	if (limit_over(s->calls, &ev->hop.remote, s->now, SR_SEC,
	    s->cfg.calls_a_second)) {
		refuse(s, ev, &(struct refusal){ .status = 503, .warning = 399,
		    .text = "too many calls at once" });
		return;
	}
	limit_count(s->calls, &ev->hop.remote, s->now, SR_SEC);
	check_invite(s, ev, &r, &c);
	if (r.status != 0)
		refuse(s, ev, &r);
	else if ((l = make_leg(s, ev, &c)) == NULL)
		refuse(s, ev, &(struct refusal){ .status = 503 });
	else
		open_deal(l, ev);
	sr_passport_free(&c.passport);
}

/* ---- everything else ---- */

static void
decide_options(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct refusal r = { .status = 0 };

	check_fault(s, ev, &r);
	if (r.status == 0)
		check_room(s, false, &r);
	if (r.status != 0)
		reply_refuse(s, ev->tx, &r);
	else
		reply_simple(s, ev->tx, 200, NULL);
}

/* What subscribe.c did not take. */
static void
decide_subscribe(struct sr_serve *s, const struct sr_ua_event *ev)
{
	if (subscribe_ours(ev->msg))
		reply_refuse(s, ev->tx, &(struct refusal){ .status = 503 });
	else
		reply_simple(s, ev->tx, 489, "Allow-Events: dialog\r\n");
}

/* RFC 3261 8.2.1: a method that is registered but not ours is 405, any other
 * token 501.  What only makes sense in a dialog has missed it. */
static int
status_of(enum sr_method m)
{
	switch (m) {
	case SR_BYE:
	case SR_PRACK:
	case SR_UPDATE:
	case SR_M_INFO:
	case SR_NOTIFY:
		return 481;
	case SR_M_NONE:
	case SR_M_OTHER:
		return 501;
	default:
		return 405;
	}
}

void
decide_other(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct refusal r;
	struct sr_str user;
	int status = status_of(ev->method);

	if (ev->method == SR_OPTIONS || ev->method == SR_SUBSCRIBE) {
		access_check(s, ev, &r, &user);
		if (r.status == 0 && sr_msg_header(ev->msg, "Replaces", 0).n >
		    0)
			r = (struct refusal){ .status = 400, .warning = 399,
			    .text = "Replaces is for INVITE" };
		if (r.status != 0)
			reply_refuse(s, ev->tx, &r);
		else if (ev->method == SR_OPTIONS)
			decide_options(s, ev);
		else
			decide_subscribe(s, ev);
		return;
	}
	if (ev->fault != 0 && status != 501)
		sr_ua_refuse(s->ua, ev->tx, s->now);
	else
		reply_simple(s, ev->tx, status, NULL);
}
