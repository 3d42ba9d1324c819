/* session - what happens inside the dialog of a recording: offers either way,
 * in INVITE, UPDATE, PRACK and ACK. */
#include "priv.h"

#include <string.h>

static const struct sr_str none = { NULL, 0 };

/* ---- a deal has its SDP ---- */

static bool
speaks_100rel(const struct sr_tx *tx)
{
	const struct sr_msg *m = sr_tx_msg(tx);

	return m != NULL && (sr_msg_lists(m, "Require", "100rel") ||
	    sr_msg_lists(m, "Supported", "100rel"));
}

/* What left the house holds; an offer of ours waits for its answer. */
static void
said(struct leg *l, int err)
{
	struct deal *d = l->deal;

	if (d == NULL)
		return;
	if (err != SR_OK) {
		deal_drop(l);
		return;
	}
	d->tx = NULL;
	if (d->kind == DEAL_LATE)
		d->offered = true;
	else
		deal_commit(d);
}

static void
say_200(struct leg *l, struct sr_tx *tx)
{
	struct deal *d = l->deal;
	bool with = d != NULL && !l->told;
	int err = reply_session(l, tx, 200, with ? sr_buf_str(&d->local) :
	    none, SR_REL_AUTO);

	if (with)
		said(l, err);
	if (err == SR_OK)
		leg_answered(l);
}

/* A test knob makes us slow: early media can be had with 100rel only. */
static void
say_later(struct leg *l, struct sr_tx *tx)
{
	struct deal *d = l->deal;
	int err;

	l->invite = tx;
	l->answer_at = l->s->now + l->s->cfg.answer_delay;
	serve_due(l->s, l->answer_at);
	if (!speaks_100rel(tx)) {
		reply_session(l, tx, 180, none, SR_REL_NO);
		return;
	}
	err = reply_session(l, tx, 183, sr_buf_str(&d->local), SR_REL_YES);
	l->told = err == SR_OK;
	said(l, err);
}

void
session_answer(struct leg *l)
{
	struct sr_tx *tx = l->invite;

	l->answer_at = SR_NEVER;
	l->owed = l->told && !l->pracked;
	if (l->owed)
		return;
	l->invite = NULL;
	if (tx != NULL)
		say_200(l, tx);
}

void
session_pracked(struct leg *l)
{
	l->pracked = true;
	if (l->owed)
		session_answer(l);
}

static void
offer_out(struct deal *d)
{
	struct leg *l = d->leg;
	struct sr_dialog_request r = { .method = SR_STR("INVITE"),
	    .type = SR_STR("application/sdp"),
	    .body = sr_buf_str(&d->local), .cookie = FOR_OFFER };
	int err = sr_dialog_request(l->d, l->s->now, &r);

	d->offered = true;
	if (err == SR_OK)
		return;
	deal_drop(l);
	control_done(l, 500);
}

void
session_ready(struct deal *d)
{
	struct leg *l = d->leg;

	switch (d->kind) {
	case DEAL_THEIRS:
	case DEAL_LATE:
		if (!l->answered && l->invite == NULL &&
		    l->s->cfg.answer_delay > 0)
			say_later(l, d->tx);
		else if (!l->answered && l->invite == NULL)
			say_200(l, d->tx);
		else
			said(l, reply_session(l, d->tx, 200,
			    sr_buf_str(&d->local), SR_REL_AUTO));
		break;
	case DEAL_OURS:
		offer_out(d);
		break;
	case DEAL_BACK:
		break;
	case DEAL_ACK:
		sr_dialog_ack(l->d, l->s->now, SR_STR("application/sdp"),
		    sr_buf_str(&d->local));
		l->acked = true;
		deal_commit(d);
		leg_answered(l);
		control_event(l, SR_ACT_CALL, l->call, 200);
		l->call = 0;
		break;
	}
}

void
session_unable(struct deal *d, const struct refusal *r)
{
	struct leg *l = d->leg;
	struct sr_serve *s = l->s;
	struct sr_tx *tx = d->tx;
	enum deal_kind kind = d->kind;

	deal_drop(l);
	if (tx != NULL) {
		if (!l->answered)
			stats_refused(s, r->status);
		reply_refuse(s, tx, r);
	} else if (kind == DEAL_ACK) {
		call_failed(l, r->status, r->text);
	} else if (kind == DEAL_BACK) {
		leg_bye(l, "no-ports", 503);
	} else {
		control_done(l, r->status);
	}
}

/* ---- requests of the other side ---- */

static void
refuse_now(struct sr_serve *s, struct sr_tx *tx, int status, const char *text)
{
	reply_refuse(s, tx, &(struct refusal){ .status = status,
	    .warning = text != NULL ? 399 : 0, .text = text });
}

/* RFC 7866 11.3: a server has no snapshot to give. */
static void
look_for_request(struct leg *l, const struct sr_body *b)
{
	const struct sr_part *p = sr_body_find(b, SR_PART_META);

	if (p != NULL && sr_strfind(p->data, SR_STR("requestsnapshot")) <
	    p->data.n)
		serve_note(l->s, l, "R7866-11.3-1", "the client asks a server "
		    "for a snapshot");
}

/* Their offer crosses one of ours that is to be repeated later: with lines
 * that are out of date by then.  What it was for is asked anew. */
static void
give_way(struct leg *l)
{
	if (l->deal == NULL || l->deal->kind != DEAL_OURS)
		return;
	deal_drop(l);
	l->stale = true;
}

static void
offered(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = sr_body_find(ev->body, SR_PART_SDP);
	struct refusal r = { .status = 0 };
	int err;

	look_for_request(l, ev->body);
	if (sdp == NULL && ev->method != SR_INVITE) {
		if (ev->method == SR_UPDATE)
			reply_session(l, ev->tx, 200, none, SR_REL_NO);
		else
			reply_simple(l->s, ev->tx, 200, NULL);
		return;
	}
	give_way(l);
	if (l->deal != NULL) {
		reply_refuse(l->s, ev->tx, &(struct refusal){ .status = 500,
		    .header = "Retry-After: 2\r\n" });
		return;
	}
	if (sdp != NULL)
		err = deal_open(l, DEAL_THEIRS, ev->tx, sdp->data, &r);
	else
		err = deal_open(l, DEAL_LATE, ev->tx,
		    sr_dialog_remote_sdp(l->d), &r);
	if (err != SR_OK)
		reply_refuse(l->s, ev->tx, &r);
	else
		deal_start(l->deal);
}

/* Its body answers our offer in an 18x, or is an offer of its own. */
static void
pracked(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = sr_body_find(ev->body, SR_PART_SDP);

	if (sdp == NULL || l->deal == NULL || l->deal->kind != DEAL_LATE ||
	    !l->deal->offered) {
		offered(l, ev);
		return;
	}
	reply_simple(l->s, ev->tx, 200, NULL);
	if (deal_answered(l, sdp->data) != SR_OK) {
		deal_drop(l);
		serve_note(l->s, l, "R3262-5", "the answer in PRACK cannot be "
		    "used");
		leg_bye(l, "no-answer", 488);
	}
}

/* RFC 5168, and digits by INFO, are heard; info packages are not spoken. */
static void
informed(struct leg *l, const struct sr_ua_event *ev)
{
	if (sr_msg_header(ev->msg, "Info-Package", 0).n > 0)
		reply_simple(l->s, ev->tx, 469, "Recv-Info: nil\r\n");
	else
		reply_simple(l->s, ev->tx, 200, NULL);
}

void
session_request(struct leg *l, const struct sr_ua_event *ev)
{
	switch (ev->method) {
	case SR_INVITE:
	case SR_UPDATE:
		if (sr_msg_header(ev->msg, "Replaces", 0).n > 0)
			refuse_now(l->s, ev->tx, 400, "Replaces is for a new "
			    "INVITE");
		else
			offered(l, ev);
		break;
	case SR_PRACK:
		pracked(l, ev);
		break;
	case SR_M_INFO:
		informed(l, ev);
		break;
	case SR_OPTIONS:
		reply_simple(l->s, ev->tx, 200, NULL);
		break;
	case SR_NOTIFY:
		refuse_now(l->s, ev->tx, 481, NULL);
		break;
	case SR_SUBSCRIBE:
		reply_simple(l->s, ev->tx, 489, "Allow-Events: dialog\r\n");
		break;
	case SR_M_NONE:
	case SR_M_OTHER:
		refuse_now(l->s, ev->tx, 501, NULL);
		break;
	default:
		refuse_now(l->s, ev->tx, 405, NULL);
		break;
	}
}

/* ---- ACK ---- */

static void
late_answer(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = ev->body != NULL ?
	    sr_body_find(ev->body, SR_PART_SDP) : NULL;

	if (l->deal == NULL || l->deal->kind != DEAL_LATE ||
	    !l->deal->offered)
		return;
	if (sdp != NULL && deal_answered(l, sdp->data) == SR_OK)
		return;
	deal_drop(l);
	serve_note(l->s, l, "R3261-13.2.2.4", sdp == NULL ?
	    "the ACK holds no answer to our offer" :
	    "the answer in the ACK cannot be used");
	if (l->nlines == 0)
		leg_bye(l, "no-answer", 488);
}

/* RFC 3891: the new call stands, the old one goes. */
static void
replace(struct leg *l)
{
	struct leg *old = l->replaces != 0 ? leg_by_id(l->s, l->replaces) :
	    NULL;

	l->replaces = 0;
	if (old != NULL)
		leg_bye(old, NULL, 0);
}

void
session_acked(struct leg *l, const struct sr_ua_event *ev)
{
	late_answer(l, ev);
	if (!l->acked) {
		l->acked = true;
		replace(l);
	}
}

void
session_cancelled(struct leg *l, const struct sr_ua_event *ev)
{
	if (ev->tx == l->invite) {
		l->invite = NULL;
		l->answer_at = SR_NEVER;
	}
	if (l->deal != NULL && (l->deal->tx == ev->tx ||
	    (l->deal->kind == DEAL_LATE && !l->answered)))
		deal_drop(l);
}

/* ---- answers to our requests ---- */

static void
offer_answered(struct leg *l, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = ev->body != NULL ?
	    sr_body_find(ev->body, SR_PART_SDP) : NULL;
	int status = ev->kind == SR_UA_FAILED ? 0 : ev->status;

	if (status > 0 && status < 200)
		return;
	if (l->deal != NULL && l->deal->kind == DEAL_OURS) {
		if (status < 200 || status >= 300 || sdp == NULL ||
		    deal_answered(l, sdp->data) != SR_OK)
			deal_drop(l);
	}
	if (l->stale) {
		l->stale = false;
		l->nsent = 0;
		return;
	}
	restore_told(l, status);
	control_done(l, status);
}

void
session_response(struct leg *l, const struct sr_ua_event *ev)
{
	int status = ev->kind == SR_UA_FAILED ? 0 : ev->status;

	switch (ev->cookie) {
	case FOR_OFFER:
		offer_answered(l, ev);
		break;
	case FOR_SNAPSHOT:
		snapshot_response(l, status);
		break;
	case FOR_PROBE:
		if (!restore_unreached(l, ev))
			watchdog_response(l, status);
		break;
	case FOR_CALL:
		call_response(l, ev);
		break;
	default:
		break;
	}
}
