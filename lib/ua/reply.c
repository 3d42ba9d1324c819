/* reply - answering: RFC 3261 section 8.2.6, 13.3. */
#include "priv.h"

#include <string.h>

static const struct sr_str none = { NULL, 0 };

/* ---- the transaction's part ---- */

static void
arm_invite(struct sr_tx *tx, int status)
{
	struct sr_ua *ua = tx->ua;

	timer_off(&ua->timers, &tx->again);
	if (status < 200) {
		tx->state = TX_PROCEEDING;
		return;
	}
	tx->state = status < 300 ? TX_ACCEPTED : TX_COMPLETED;
	tx->interval = ua->cfg.t1;
	/* A 2xx is repeated on every transport, section 13.3.1.4. */
	if (status < 300 || tx->hop.proto == SR_UDP)
		timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
	timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
}

static void
arm(struct sr_tx *tx, int status)
{
	struct sr_ua *ua = tx->ua;

	if (tx->method == SR_INVITE) {
		arm_invite(tx, status);
		return;
	}
	tx->state = status < 200 ? TX_PROCEEDING : TX_COMPLETED;
	if (status >= 200)
		timer_set(&ua->timers, &tx->end, ua->now +
		    (tx->hop.proto == SR_UDP ? 64 * ua->cfg.t1 : 0));
}

/* What was asked is not needed any more, and may be large. */
void
reply_forget(struct sr_tx *tx)
{
	wire_drop(tx->rel);
	tx->rel = NULL;
	held_free(&tx->held_prov);
	held_free(&tx->held_final);
	heard_drop(tx->req);
	tx->req = NULL;
}

int
reply_send(struct sr_tx *tx, const struct sr_ua_reply *r, struct sr_str extra)
{
	struct sr_dialog *d = tx->d;
	struct wire *w;

	if (tx->req == NULL || tx->status >= 200 || tx->state == TX_OVER)
		return SR_ENOENT;
	if ((w = write_reply(tx, r, extra)) == NULL)
		return SR_ELIMIT;
	wire_drop(tx->wire);
	tx->wire = w;
	tx->status = r->status;
	ua_send(tx->ua, tx, d, &tx->hop, w, tx->method, r->status);
	arm(tx, r->status);
	if (r->once && r->status >= 300)
		timer_off(&tx->ua->timers, &tx->again);
	if (r->status < 200)
		return SR_OK;
	if (r->status >= 300)
		tx->offering = false;
	reply_forget(tx);
	/* Who signs may do it better, and comes again by another way: that is
	 * no loop, RFC 8224 section 6.2.3. */
	if (r->status == 428 || (r->status >= 436 && r->status <= 438))
		table_del(&tx->ua->merges, &tx->by_merge);
	/* Only what waits for its ACK is still the dialog's business. */
	if (tx->method != SR_INVITE || r->status >= 300)
		server_unlink(tx);
	if (d == NULL || r->status < 300)
		return SR_OK;
	if (tx->method == SR_INVITE && tx->first && !tx->cancelled)
		dialog_over(d, "refused", NULL);
	else if (!tx->cancelled)
		jobs_unpark(d);
	return SR_OK;
}

/* ---- answers of our own ---- */

int
reply_plain(struct sr_tx *tx, int status, const char *reason)
{
	struct sr_ua_reply r = { .status = status,
	    .reason = sr_cstr(reason) };
	int err = reply_send(tx, &r, none);

	/* No memory for an answer: then there is none. */
	if (err != SR_OK && err != SR_ENOENT && status >= 200) {
		tx->status = status;
		tx_over(tx);
	}
	return err;
}

static int
reply_line(struct sr_tx *tx, int status, const char *fmt, uint32_t n)
{
	struct sr_ua_reply r = { .status = status };
	struct sr_buf b;
	int err;

	sr_buf_init(&b, 256);
	sr_buf_add(&b, sr_cstr(fmt));
	sr_buf_fmt(&b, ": %u\r\n", n);
	r.headers = sr_buf_str(&b);
	err = reply_send(tx, &r, none);
	sr_buf_free(&b);
	return err;
}

/* 491; or 500 that says when: RFC 3261 section 14.2. */
int
reply_retry(struct sr_tx *tx, int status)
{
	if (status != 500)
		return reply_plain(tx, status, NULL);
	return reply_line(tx, 500, "Retry-After", (uint32_t)
	    (ua_between(tx->ua, 0, 11 * SR_SEC) / SR_SEC) % 11);
}

static int
bad_extension(struct sr_tx *tx)
{
	const struct sr_ua_cfg *c = &tx->ua->cfg;
	struct sr_ua_reply r = { .status = 420 };
	const char *sep = "Unsupported: ";
	struct sr_str rest, one;
	struct sr_buf b;
	int err;

	sr_buf_init(&b, 8192);
	for (size_t i = 0;
	    (rest = sr_msg_header(&tx->req->msg, "Require", i)).p != NULL; i++)
		while (value_next(&rest, &one)) {
			if (value_lists(c->supported, one) ||
			    value_lists(c->understood, one) ||
			    sr_strchr(one, '\r') < one.n)
				continue;
			sr_buf_fmt(&b, "%s%.*s", sep, SR_FMT(one));
			sep = ", ";
		}
	sr_buf_add(&b, SR_STR("\r\n"));
	r.headers = sr_buf_str(&b);
	err = reply_send(tx, &r, none);
	sr_buf_free(&b);
	return err;
}

int
reply_fault(struct sr_tx *tx, int fault)
{
	struct sr_ua_reply r = { .status = fault };
	struct sr_str enc;

	if (fault == 420)
		return bad_extension(tx);
	if (fault == 422)
		return reply_line(tx, 422, "Min-SE", tx->ua->cfg.min_se);
	enc = sr_msg_header(&tx->req->msg, "Content-Encoding", 0);
	if (fault == 415 && enc.n > 0)
		r.headers = SR_STR("Accept-Encoding: identity\r\n");
	return reply_send(tx, &r, none);
}

int
sr_ua_refuse(struct sr_ua *ua, struct sr_tx *tx, sr_time now)
{
	ua->now = now;
	if (tx->req == NULL)
		return SR_ENOENT;
	return reply_fault(tx, tx->fault != 0 ? tx->fault : 500);
}

/* ---- answers of the owner ---- */

void
held_free(struct held *h)
{
	text_free(&h->r.reason);
	text_free(&h->r.headers);
	text_free(&h->r.require);
	text_free(&h->r.user);
	text_free(&h->r.contact_params);
	text_free(&h->r.type);
	text_free(&h->r.body);
	h->full = false;
}

int
reply_later(struct held *h, const struct sr_ua_reply *r)
{
	h->r.status = r->status;
	h->r.reliable = r->reliable;
	h->full = true;
	if (text_set(&h->r.reason, r->reason) != SR_OK ||
	    text_set(&h->r.headers, r->headers) != SR_OK ||
	    text_set(&h->r.require, r->require) != SR_OK ||
	    text_set(&h->r.user, r->user) != SR_OK ||
	    text_set(&h->r.contact_params, r->contact_params) != SR_OK ||
	    text_set(&h->r.type, r->type) != SR_OK ||
	    text_set(&h->r.body, r->body) != SR_OK)
		return SR_ENOMEM;
	return SR_OK;
}

static void
require(struct sr_buf *b, struct sr_str theirs, bool timer)
{
	if (theirs.n == 0 && !timer)
		return;
	sr_buf_fmt(b, "Require: %.*s%s%s\r\n", SR_FMT(theirs),
	    theirs.n > 0 && timer ? ", " : "", timer ? "timer" : "");
}

/* What a 2xx to INVITE or UPDATE changes, once it is sent. */
static void
agreed(struct sr_tx *tx, struct sr_dialog *d, struct heard *req,
    const struct sr_ua_reply *r)
{
	if (tx->method == SR_INVITE && !tx->offered &&
	    body_has_sdp(r->type, r->body) && !tx->answered)
		tx->offering = true;
	if (tx->first) {
		if (d->state == SR_D_EARLY) {
			d->state = SR_D_CONFIRMED;
			d->confirmed = true;
		}
	} else {
		dialog_target(d, req);
	}
	jobs_unpark(d);
}

static int
accept_session(struct sr_tx *tx, const struct sr_ua_reply *r)
{
	struct heard *req = heard_ref(tx->req);
	struct sr_dialog *d = tx->d;
	struct sr_buf b, lines;
	bool timer = false;
	int err;

	sr_buf_init(&b, 4096);
	sr_buf_init(&lines, 4096);
	refresh_answer(tx, &lines, &timer);
	require(&b, r->require, timer);
	sr_buf_add(&b, sr_buf_str(&lines));
	err = reply_send(tx, r, sr_buf_str(&b));
	if (err == SR_OK)
		agreed(tx, d, req, r);
	sr_buf_free(&b);
	sr_buf_free(&lines);
	heard_drop(req);
	return err;
}

static int
progress(struct sr_tx *tx, const struct sr_ua_reply *r)
{
	struct sr_buf b;
	int err;

	if (r->status == 100)
		return reply_plain(tx, 100, NULL);
	if (dialog_of_request(tx) == NULL)
		return SR_ELIMIT;
	if (reliable_wanted(tx, r)) {
		if (tx->rel != NULL)
			return reply_later(&tx->held_prov, r);
		return reliable_send(tx, r);
	}
	if (tx->rel != NULL)
		return reply_later(&tx->held_prov, r);
	sr_buf_init(&b, 4096);
	require(&b, r->require, false);
	err = reply_send(tx, r, sr_buf_str(&b));
	sr_buf_free(&b);
	return err;
}

int
sr_ua_reply(struct sr_ua *ua, struct sr_tx *tx, sr_time now,
    const struct sr_ua_reply *r)
{
	bool ok = r->status >= 200 && r->status < 300;
	struct sr_buf b;
	int err;

	ua->now = now;
	if (tx->req == NULL || tx->status >= 200)
		return SR_ENOENT;
	if (r->status < 200)
		return tx->method == SR_INVITE ? progress(tx, r) : SR_OK;
	if (ok && tx->rel != NULL && tx->rel_sdp)
		return reply_later(&tx->held_final, r);
	if (ok && tx->method == SR_INVITE && dialog_of_request(tx) == NULL) {
		reply_plain(tx, 503, NULL);
		return SR_ELIMIT;
	}
	if (ok && tx->d != NULL &&
	    (tx->method == SR_INVITE || tx->method == SR_UPDATE))
		return accept_session(tx, r);
	sr_buf_init(&b, 4096);
	require(&b, r->require, false);
	err = reply_send(tx, r, sr_buf_str(&b));
	sr_buf_free(&b);
	return err;
}

/* ---- what is known of it ---- */

struct sr_dialog *
sr_tx_dialog(struct sr_tx *tx)
{
	return dialog_of_request(tx);
}

const struct sr_msg *
sr_tx_msg(const struct sr_tx *tx)
{
	return tx->req != NULL ? &tx->req->msg : NULL;
}

const struct sr_hop *
sr_tx_hop(const struct sr_tx *tx)
{
	return tx->req != NULL ? &tx->req->from : &tx->hop;
}

struct sr_str
sr_tx_branch(const struct sr_tx *tx)
{
	return tx->branch;
}

void **
sr_tx_slot(struct sr_tx *tx)
{
	return &tx->slot;
}
