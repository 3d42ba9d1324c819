/* client_tx - our requests on their way: RFC 3261 section 17.1, RFC 6026. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- the life of a transaction, of either side ---- */

static int
key_set(struct sr_tx *tx, struct sr_str branch, struct sr_str method)
{
	struct sr_ua *ua = tx->ua;
	struct sr_buf *b = &ua->scratch;

	b->n = 0;
	if (sr_buf_fmt(b, "%.*s %.*s", SR_FMT(method), SR_FMT(branch)) != SR_OK
	    || text_set(&tx->key, sr_buf_str(b)) != SR_OK)
		return SR_ENOMEM;
	tx->branch = sr_substr(tx->key, method.n + 1, tx->key.n);
	return table_add(&ua->clients, &tx->by_key, ua_hash(ua, tx->key), tx);
}

void
tx_over(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;

	if (tx->reaped)
		return;
	tx->reaped = true;
	tx->state = TX_OVER;
	timer_off(&ua->timers, &tx->again);
	timer_off(&ua->timers, &tx->end);
	table_del(tx->server ? &ua->servers : &ua->clients, &tx->by_key);
	table_del(&ua->merges, &tx->by_merge);
	server_unlink(tx);
	if (tx->job != NULL && tx->job->tx == tx)
		tx->job->tx = NULL;
	tx->job = NULL;
	ua->ntx--;
	tx->dead = ua->dead_tx;
	ua->dead_tx = tx;
}

void
tx_free(struct sr_tx *tx)
{
	wire_drop(tx->wire);
	wire_drop(tx->rel);
	heard_drop(tx->req);
	text_free(&tx->key);
	text_free(&tx->merge);
	held_free(&tx->held_prov);
	held_free(&tx->held_final);
	free(tx);
}

static struct sr_tx *
client_new(struct sr_dialog *d, struct job *j, struct sr_str branch,
    struct sr_str method)
{
	struct sr_ua *ua = d->ua;
	struct sr_tx *tx;

	if (ua->ntx >= ua->cfg.max_tx || (tx = sr_zalloc(sizeof(*tx))) == NULL)
		return NULL;
	tx->ua = ua;
	tx->job = j;
	tx->method = method_of(method);
	tx->again = (struct timer){ .kind = TIMER_AGAIN, .owner = tx };
	tx->end = (struct timer){ .kind = TIMER_END, .owner = tx };
	if (key_set(tx, branch, method) != SR_OK) {
		tx_free(tx);
		return NULL;
	}
	ua->ntx++;
	tx->d = d;
	tx->next = d->txs;
	if (tx->next != NULL)
		tx->next->prev = tx;
	d->txs = tx;
	tx->linked = true;
	return tx;
}

/* Timers A and B, E and F. */
static void
launch(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;

	tx->interval = ua->cfg.t1;
	ua_send(ua, tx, tx->d, &tx->hop, tx->wire, tx->method, 0);
	if (tx->hop.proto == SR_UDP)
		timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
	timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
}

/* RFC 3261 18.1.1: what is too large for UDP goes over TCP while it can. */
static struct wire *
build(struct job *j, struct sr_hop *hop, struct sr_str branch)
{
	const struct sr_ua_cfg *c = &j->ua->cfg;
	struct wire *w = write_request(j, hop, branch, j->method);

	if (w == NULL || hop->proto != SR_UDP || !c->tcp_for_large ||
	    w->n <= LARGE || j->large == LARGE_UDP)
		return w;
	wire_drop(w);
	j->large = LARGE_TCP;
	hop->proto = SR_TCP;
	hop->conn = 0;
	if (c->local[SR_TCP].family != 0)
		hop->local = c->local[SR_TCP];
	return write_request(j, hop, branch, j->method);
}

int
client_start(struct job *j)
{
	char branch[40] = "z9hG4bK";
	struct sr_tx *tx;

	ua_token(j->ua, branch + 7, 12);
	tx = client_new(j->d, j, sr_cstr(branch), j->method_text);
	if (tx == NULL)
		return SR_ENOMEM;
	j->cseq = tx->cseq = ++j->d->local_cseq;
	tx->hop = j->hops[j->at];
	tx->wire = build(j, &tx->hop, tx->branch);
	if (tx->wire == NULL) {
		tx_over(tx);
		return SR_ELIMIT;
	}
	j->tx = tx;
	launch(tx);
	return SR_OK;
}

/* CANCEL has the branch of what it takes back: section 9.1. */
static void
send_cancel(struct job *j)
{
	struct sr_ua *ua = j->ua;
	struct sr_tx *tx = client_new(j->d, NULL, j->tx->branch,
	    SR_STR("CANCEL"));

	timer_set(&ua->timers, &j->tx->end, ua->now + 64 * ua->cfg.t1);
	if (tx == NULL)
		return;
	tx->hop = j->tx->hop;
	tx->cseq = j->cseq;
	tx->wire = write_request(j, &tx->hop, tx->branch, SR_CANCEL);
	launch(tx);
}

void
client_cancel(struct job *j)
{
	if (j->cancel)
		return;
	j->cancel = true;
	if (j->tx == NULL)
		job_failed(j, "over");
	else if (j->tx->state == TX_PROCEEDING)
		send_cancel(j);
}

/* The dialog ends before its INVITE: what still comes is acknowledged. */
void
client_detach(struct job *j)
{
	struct sr_tx *tx = j->tx;
	struct sr_ua *ua = j->ua;
	struct wire *w;

	if (tx == NULL || j->method != SR_INVITE || !j->d->tagged ||
	    (tx->state != TX_TRYING && tx->state != TX_PROCEEDING))
		return;
	text_set(&j->to_tag, j->d->peer.tag);
	if ((w = write_request(j, &tx->hop, tx->branch, SR_ACK)) == NULL)
		return;
	wire_drop(tx->wire);
	tx->wire = w;
	tx->state = TX_COMPLETED;
	timer_off(&ua->timers, &tx->again);
	timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
}

/* ---- timers ---- */

void
client_again(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;

	ua_send(ua, tx, tx->d, &tx->hop, tx->wire, tx->method, 0);
	tx->interval *= 2;
	if (tx->method != SR_INVITE && (tx->interval > ua->cfg.t2 ||
	    tx->state == TX_PROCEEDING))
		tx->interval = ua->cfg.t2;
	timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
}

/* Timers B and F; D and M end quietly. */
void
client_end(struct sr_tx *tx)
{
	struct job *j = tx->job;
	bool heard = tx->state == TX_PROCEEDING;

	tx_over(tx);
	if (j == NULL)
		return;
	if (heard)
		job_failed(j, "timeout");
	else
		job_next_hop(j, "timeout");
}

/* ---- responses ---- */

/* More than one Via: this went astray, RFC 3261 section 8.1.3.3. */
static bool
astray(const struct sr_msg *m)
{
	struct sr_str rest;

	via_top(m, &rest);
	return sr_trim(rest).n > 0 || sr_msg_header(m, "Via", 1).p != NULL;
}

static struct sr_tx *
find(struct sr_ua *ua, const struct sr_msg *m)
{
	struct sr_buf *b = &ua->scratch;
	struct node *n;

	b->n = 0;
	if (m->branch.n > MAX_TAG || m->method_text.n > MAX_TAG ||
	    sr_buf_fmt(b, "%.*s %.*s", SR_FMT(m->method_text),
	    SR_FMT(m->branch)) != SR_OK)
		return NULL;
	for (n = table_find(&ua->clients, ua_hash(ua, sr_buf_str(b)));
	    n != NULL; n = table_more(n)) {
		struct sr_tx *tx = n->item;

		if (sr_streq(tx->key, sr_buf_str(b)) && m->cseq == tx->cseq)
			return tx;
	}
	return NULL;
}

/* The ACK of a failure belongs to the transaction: section 17.1.1.3. */
static void
ack_failure(struct sr_tx *tx, struct heard *h)
{
	struct job *j = tx->job;
	struct wire *w;

	text_set(&j->to_tag, h->msg.to.tag);
	w = write_request(j, &tx->hop, tx->branch, SR_ACK);
	text_free(&j->to_tag);
	wire_drop(tx->wire);
	tx->wire = w;
	tx->method = SR_INVITE;
	ua_send(tx->ua, tx, tx->d, &tx->hop, w, SR_ACK, 0);
}

static void
invite_response(struct sr_tx *tx, struct heard *h)
{
	struct sr_ua *ua = tx->ua;
	struct job *j = tx->job;
	int status = h->msg.status;
	bool stream = tx->hop.proto != SR_UDP;

	timer_off(&ua->timers, &tx->again);
	timer_off(&ua->timers, &tx->end);
	if (status < 200) {
		bool first = tx->state == TX_TRYING;

		tx->state = TX_PROCEEDING;
		if (j->cancel && first)
			send_cancel(j);
		else if (j->cancel)
			timer_set(&ua->timers, &tx->end,
			    ua->now + 64 * ua->cfg.t1);
	} else if (status < 300) {
		tx->state = TX_ACCEPTED;
		timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
	} else {
		tx->state = TX_COMPLETED;
		ack_failure(tx, h);
		tx->job = NULL;
		j->tx = NULL;
		timer_set(&ua->timers, &tx->end, ua->now + (stream ? 0 :
		    64 * ua->cfg.t1));
	}
	job_response(j, h);
}

static void
other_response(struct sr_tx *tx, struct heard *h)
{
	struct job *j = tx->job;

	if (h->msg.status < 200) {
		tx->state = TX_PROCEEDING;
		return;
	}
	/* Copies of the answer find no transaction, and are dropped. */
	tx_over(tx);
	if (j != NULL)
		job_response(j, h);
}

static bool
is_ours(const struct sr_tx *tx, const struct sr_msg *m)
{
	return tx->d != NULL && sr_streq(m->call_id, tx->d->call_id) &&
	    sr_streq(m->from.tag, tx->d->local_tag);
}

void
client_response(struct sr_ua *ua, struct heard *h)
{
	const struct sr_msg *m = &h->msg;
	struct sr_tx *tx;

	if (!m->has_cseq || astray(m) || heard_is_short(h))
		return;
	if ((tx = find(ua, m)) == NULL) {
		invite_stray(ua, h);
		return;
	}
	if (tx->state == TX_COMPLETED) {
		if (m->status >= 300)
			ua_send(ua, tx, tx->d, &tx->hop, tx->wire, SR_ACK, 0);
		return;
	}
	if (!is_ours(tx, m))
		return;
	if (tx->hop.proto == h->from.proto)
		tx->hop.conn = h->from.conn;
	tx->status = m->status;
	if (tx->state == TX_ACCEPTED) {
		if (m->status >= 200 && m->status < 300)
			invite_again(tx, h);
	} else if (tx->method == SR_INVITE) {
		invite_response(tx, h);
	} else {
		other_response(tx, h);
	}
}
