/* reliable - provisional responses that must arrive: RFC 3262, as server. */
#include "priv.h"

static bool
lists(const struct sr_tx *tx, const char *header)
{
	return sr_msg_lists(&tx->req->msg, header, "100rel");
}

bool
reliable_wanted(const struct sr_tx *tx, const struct sr_ua_reply *r)
{
	if (r->status <= 100 || r->status >= 200)
		return false;
	if (lists(tx, "Require"))
		return true;
	if (r->reliable == SR_REL_NO || !lists(tx, "Supported"))
		return false;
	return r->reliable == SR_REL_YES || r->body.n > 0;
}

static void
until(struct sr_tx *tx, sr_time at)
{
	struct sr_ua *ua = tx->ua;

	tx->rel_until = at;
	if (tx->expires < at)
		at = tx->expires;
	if (at == SR_NEVER)
		timer_off(&ua->timers, &tx->end);
	else
		timer_set(&ua->timers, &tx->end, at);
}

int
reliable_send(struct sr_tx *tx, const struct sr_ua_reply *r)
{
	struct sr_ua *ua = tx->ua;
	struct sr_buf b;
	uint16_t first;
	int err;

	if (tx->rseq == 0) {
		ua_random(ua, &first, sizeof(first));
		tx->rseq = first;
	}
	tx->rseq++;
	sr_buf_init(&b, 4096);
	sr_buf_fmt(&b, "Require: %.*s%s100rel\r\nRSeq: %u\r\n",
	    SR_FMT(r->require), r->require.n > 0 ? ", " : "", tx->rseq);
	err = reply_send(tx, r, sr_buf_str(&b));
	sr_buf_free(&b);
	if (err != SR_OK)
		return err;
	tx->rel = wire_ref(tx->wire);
	tx->rel_open = true;
	tx->rel_sdp = body_has_sdp(r->type, r->body);
	if (tx->rel_sdp && tx->offered)
		tx->answered = true;
	else if (tx->rel_sdp)
		tx->offering = true;
	tx->interval = ua->cfg.t1;
	timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
	until(tx, ua->now + 64 * ua->cfg.t1);
	return SR_OK;
}

/* "776656 1 INVITE"; the final answer may have been faster. */
static bool
matches(const struct sr_tx *tx, struct sr_str rack)
{
	struct sr_str rseq, cseq, method;
	uint64_t r, c;

	if (!tx->server || !tx->rel_open)
		return false;
	rack = sr_trim(rack);
	sr_strcut(&rack, ' ', &rseq);
	rack = sr_trim(rack);
	sr_strcut(&rack, ' ', &cseq);
	method = sr_trim(rack);
	return sr_strnum(rseq, &r) == SR_OK && r == tx->rseq &&
	    sr_strnum(cseq, &c) == SR_OK && c == tx->cseq &&
	    sr_streq(method, SR_STR("INVITE"));
}

/* What waited for this PRACK goes out now. */
static void
flush(struct sr_tx *tx)
{
	struct held h = tx->held_prov.full ? tx->held_prov : tx->held_final;

	if (!h.full)
		return;
	if (tx->held_prov.full)
		tx->held_prov = (struct held){ 0 };
	else
		tx->held_final = (struct held){ 0 };
	sr_ua_reply(tx->ua, tx, tx->ua->now, &h.r);
	held_free(&h);
	/* One that could be sent as it is does not hold up the next. */
	if (tx->rel == NULL && tx->req != NULL)
		flush(tx);
}

static void
tell(struct sr_tx *prack, struct sr_tx *tx)
{
	struct sr_ua_event *e;
	struct heard *h = prack->req;

	if (h->msg.body.n > 0 &&
	    (e = ua_event(tx->ua, SR_UA_REQUEST, h)) != NULL) {
		e->tx = prack;
		e->dialog = prack->d;
		e->server = true;
		timer_set(&tx->ua->timers, &prack->end,
		    tx->ua->now + 64 * tx->ua->cfg.t1);
	} else {
		reply_plain(prack, 200, NULL);
	}
	if ((e = ua_event(tx->ua, SR_UA_PRACKED, NULL)) != NULL) {
		e->tx = tx;
		e->dialog = tx->d;
	}
}

void
reliable_prack(struct sr_tx *prack)
{
	struct sr_str rack = sr_msg_header(&prack->req->msg, "RAck", 0);
	struct sr_tx *tx = prack->d->txs;

	while (tx != NULL && !matches(tx, rack))
		tx = tx->next;
	if (tx == NULL) {
		reply_plain(prack, 481, NULL);
		return;
	}
	tx->rel_open = false;
	if (tx->status >= 200) {
		tell(prack, tx);
		return;
	}
	wire_drop(tx->rel);
	tx->rel = NULL;
	timer_off(&tx->ua->timers, &tx->again);
	until(tx, SR_NEVER);
	if (tx->offering) {
		tx->offering = false;
		tx->answered = true;
	}
	tell(prack, tx);
	flush(tx);
}
