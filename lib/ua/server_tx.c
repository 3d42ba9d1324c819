/* server_tx - requests that came in: RFC 3261 section 17.2, RFC 6026. */
#include "priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which one is it ---- */

/* RFC 3261 17.2.3; without the cookie, what RFC 2543 went by.  (To is no part
 * of it: the ACK has a tag there that its INVITE had not.) */
static struct sr_str
key_of(struct sr_ua *ua, const struct sr_msg *m, const struct via *v,
    struct sr_str method)
{
	struct sr_buf *b = &ua->scratch;
	struct sr_str rest;

	b->n = 0;
	if (sr_stristarts(v->branch, SR_STR("z9hG4bK")) && v->branch.n > 7)
		sr_buf_fmt(b, "%.*s %.*s %.*s:%u", SR_FMT(method),
		    SR_FMT(v->branch), SR_FMT(v->host), v->port);
	else
		sr_buf_fmt(b, "%.*s ~%.*s\n%.*s\n%u\n%.*s", SR_FMT(method),
		    SR_FMT(m->call_id), SR_FMT(m->from.tag), m->cseq,
		    SR_FMT(via_top(m, &rest)));
	return sr_buf_str(b);
}

struct sr_tx *
server_find(struct sr_ua *ua, const struct sr_msg *m, const struct via *v,
    struct sr_str method)
{
	struct sr_str key = key_of(ua, m, v, method);
	struct node *n = table_find(&ua->servers, ua_hash(ua, key));

	for (; n != NULL; n = table_more(n)) {
		struct sr_tx *tx = n->item;

		if (sr_streq(tx->key, key))
			return tx;
	}
	return NULL;
}

/* RFC 3261 8.2.2.2: the same request by another way. */
static int
merge_key(struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;
	struct sr_ua *ua = tx->ua;
	struct sr_buf *b = &ua->scratch;
	struct node *n;
	uint64_t hash;

	b->n = 0;
	sr_buf_fmt(b, "%u %.*s\n%.*s\n%.*s", m->cseq, SR_FMT(m->method_text),
	    SR_FMT(m->call_id), SR_FMT(m->from.tag));
	hash = ua_hash(ua, sr_buf_str(b));
	for (n = table_find(&ua->merges, hash); n != NULL; n = table_more(n)) {
		struct sr_tx *other = n->item;

		if (sr_streq(other->merge, sr_buf_str(b)))
			tx->fault = 482;
	}
	if (tx->fault != 0)
		return SR_OK;
	if (text_set(&tx->merge, sr_buf_str(b)) != SR_OK)
		return SR_ENOMEM;
	return table_add(&ua->merges, &tx->by_merge, hash, tx);
}

static void
fill(struct sr_tx *tx, struct heard *h, const struct via *v)
{
	tx->server = true;
	tx->method = h->msg.method;
	tx->cseq = h->msg.cseq;
	tx->first = h->msg.to.tag.n == 0;
	tx->req = heard_ref(h);
	tx->expires = tx->rel_until = SR_NEVER;
	tx->again = (struct timer){ .kind = TIMER_AGAIN, .owner = tx };
	tx->end = (struct timer){ .kind = TIMER_END, .owner = tx };
	ua_token(tx->ua, tx->tag, 8);
	ua_token(tx->ua, tx->sid, 16);
	tx->sid[12] = '4';
	tx->sid[16] = "89ab"[tx->sid[16] & 3];
	via_hops(v, &h->from, &tx->hop, &tx->lost_hop);
	tx->offered = (tx->method == SR_INVITE || tx->method == SR_UPDATE) &&
	    heard_has_sdp(h);
}

struct sr_tx *
server_new(struct sr_ua *ua, struct heard *h, const struct via *v)
{
	struct sr_tx *tx;
	struct sr_str key;

	if (ua->ntx >= ua->cfg.max_tx || (tx = sr_zalloc(sizeof(*tx))) == NULL)
		return NULL;
	tx->ua = ua;
	fill(tx, h, v);
	key = key_of(ua, &h->msg, v, h->msg.method_text);
	if (text_set(&tx->key, key) != SR_OK || table_add(&ua->servers,
	    &tx->by_key, ua_hash(ua, tx->key), tx) != SR_OK) {
		tx_free(tx);
		return NULL;
	}
	ua->ntx++;
	tx->branch = v->branch.n > 0 ? sr_substr(tx->key,
	    sr_strfind(tx->key, v->branch), v->branch.n) : v->branch;
	if (tx->first && h->msg.method != SR_CANCEL)
		merge_key(tx);
	return tx;
}

int
server_restore(struct sr_dialog *d, const struct server_past *p)
{
	struct sr_ua *ua = d->ua;
	sr_time end = p->end > ua->now ? p->end : ua->now;
	struct sr_tx *tx;

	if (ua->ntx >= ua->cfg.max_tx || (tx = sr_zalloc(sizeof(*tx))) == NULL)
		return SR_ELIMIT;
	*tx = (struct sr_tx){ .ua = ua, .d = d, .of = d->serial,
	    .server = true, .linked = true, .first = p->merge.n > 0,
	    .restored = true, .offering = p->offering, .method = SR_INVITE,
	    .cseq = p->cseq, .status = 200, .state = TX_ACCEPTED,
	    .hop = p->hop, .lost_hop = p->hop, .interval = ua->cfg.t1,
	    .expires = SR_NEVER, .rel_until = SR_NEVER,
	    .again = { .kind = TIMER_AGAIN, .owner = tx },
	    .end = { .kind = TIMER_END, .owner = tx } };
	if (text_set(&tx->key, p->key) != SR_OK || (p->merge.n > 0 &&
	    text_set(&tx->merge, p->merge) != SR_OK) ||
	    table_add(&ua->servers, &tx->by_key, ua_hash(ua, tx->key), tx) !=
	    SR_OK) {
		tx_free(tx);
		return SR_ENOMEM;
	}
	if (tx->merge.n > 0)
		table_add(&ua->merges, &tx->by_merge, ua_hash(ua, tx->merge),
		    tx);
	ua->ntx++;
	d->txs = tx;
	tx->wire = p->wire != NULL ? wire_ref(p->wire) : NULL;
	if (tx->wire != NULL)
		timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
	timer_set(&ua->timers, &tx->end, end < ua->now + 64 * ua->cfg.t1 ?
	    end : ua->now + 64 * ua->cfg.t1);
	return SR_OK;
}

void
server_unlink(struct sr_tx *tx)
{
	if (tx->linked) {
		*(tx->prev != NULL ? &tx->prev->next : &tx->d->txs) =
		    tx->next;
		if (tx->next != NULL)
			tx->next->prev = tx->prev;
	}
	tx->next = tx->prev = NULL;
	tx->linked = false;
	tx->d = NULL;
}

/* ---- in ---- */

/* Over the limit nothing is kept: TX-14. */
static void
overload(struct sr_ua *ua, struct heard *h, const struct via *v,
    uint32_t retry_after)
{
	struct sr_ua_reply r = { .status = 503 };
	struct sr_tx tx = { .ua = ua };
	struct wire *w;
	char line[40];

	r.headers = (struct sr_str){ line, (size_t)snprintf(line, sizeof(line),
	    "Retry-After: %u\r\n", retry_after) };

	fill(&tx, h, v);
	w = write_reply(&tx, &r, (struct sr_str){ NULL, 0 });
	tx.branch = v->branch;
	ua_send(ua, NULL, NULL, &tx.hop, w, tx.method, 503);
	wire_drop(w);
	heard_drop(tx.req);
}

static void
copy(struct sr_tx *tx, const struct heard *h)
{
	struct wire *w = tx->rel != NULL ? tx->rel : tx->wire;

	if (tx->hop.proto == h->from.proto && h->from.conn != 0)
		tx->hop.conn = h->from.conn;
	if (w != NULL && !tx->acked && tx->state != TX_CONFIRMED)
		ua_send(tx->ua, tx, tx->d, &tx->hop, w, tx->method,
		    tx->status);
}

/* The ACK of a failure ends its copies; that of a 2xx is no part of this. */
static void
ack(struct sr_tx *tx, struct heard *h)
{
	struct sr_ua *ua = tx->ua;

	if (tx->state == TX_ACCEPTED) {
		uas_ack(ua, h);
		return;
	}
	if (tx->state != TX_COMPLETED ||
	    (tx->first && !sr_streq(h->msg.to.tag, sr_cstr(tx->tag))))
		return;
	tx->state = TX_CONFIRMED;
	timer_off(&ua->timers, &tx->again);
	timer_set(&ua->timers, &tx->end, ua->now +
	    (tx->hop.proto == SR_UDP ? ua->cfg.t4 : 0));
}

void
server_receive(struct sr_ua *ua, struct heard *h)
{
	const struct sr_msg *m = &h->msg;
	struct sr_str rest;
	struct sr_tx *tx;
	struct via v;

	/* Without these there is no way to answer. */
	if (!via_read(via_top(m, &rest), &v) ||
	    sr_msg_header(m, "From", 0).n == 0 ||
	    sr_msg_header(m, "To", 0).n == 0 ||
	    sr_msg_header(m, "CSeq", 0).n == 0)
		return;
	if (m->method == SR_ACK) {
		tx = server_find(ua, m, &v, SR_STR("INVITE"));
		if (tx != NULL)
			ack(tx, h);
		else
			uas_ack(ua, h);
		return;
	}
	if ((tx = server_find(ua, m, &v, m->method_text)) != NULL)
		copy(tx, h);
	else if ((tx = server_new(ua, h, &v)) != NULL)
		uas_request(tx);
	else
		overload(ua, h, &v, 10);
}

void
server_busy(struct sr_ua *ua, struct heard *h, uint32_t retry_after)
{
	struct sr_str rest;
	struct via v;

	if (via_read(via_top(&h->msg, &rest), &v))
		overload(ua, h, &v, retry_after);
}

bool
sr_ua_knows(struct sr_ua *ua, const struct sr_msg *m)
{
	bool invite = m->method == SR_ACK || m->method == SR_CANCEL;
	struct sr_str rest;
	struct via v;

	return (via_read(via_top(m, &rest), &v) && server_find(ua, m, &v,
	    invite ? SR_STR("INVITE") : m->method_text) != NULL) ||
	    dialog_find(ua, m->call_id, m->to.tag, m->from.tag) != NULL;
}

/* ---- timers ---- */

void
server_again(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;
	struct wire *w = tx->rel != NULL ? tx->rel : tx->wire;

	if (tx->state == TX_TRYING) {
		reply_plain(tx, 100, NULL);
		return;
	}
	ua_send(ua, tx, tx->d, &tx->hop, w, tx->method, tx->status);
	tx->interval *= 2;
	/* Those of RFC 3262 go on doubling. */
	if (tx->rel == NULL && tx->interval > ua->cfg.t2)
		tx->interval = ua->cfg.t2;
	timer_set(&ua->timers, &tx->again, ua->now + tx->interval);
}

void
server_acked(struct sr_tx *tx)
{
	tx->acked = true;
	tx->offering = false;
	timer_off(&tx->ua->timers, &tx->again);
}

void
server_confirmed(struct sr_tx *tx, struct heard *h)
{
	struct sr_dialog *d = tx->d;
	struct sr_ua_event *e;

	server_acked(tx);
	if ((e = ua_event(tx->ua, SR_UA_ACKED, h)) != NULL) {
		e->dialog = d;
		e->tx = tx;
	}
	server_unlink(tx);
	dialog_bye_now(d);
	jobs_unpark(d);
}

/* It stays to swallow copies of what was asked. */
void
server_silence(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;

	server_acked(tx);
	reply_forget(tx);
	wire_drop(tx->wire);
	tx->wire = NULL;
	tx->state = TX_CONFIRMED;
	if (tx->status < 200)
		tx->status = 487;
	server_unlink(tx);
	timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
}

/* RFC 3261 section 13.3.1.4: no ACK in all this time. */
static void
no_ack(struct sr_tx *tx)
{
	struct sr_dialog *d = tx->d;
	struct sr_ua_event *e;

	server_acked(tx);
	if (d == NULL)
		return;
	if ((e = ua_event(tx->ua, SR_UA_NO_ACK, NULL)) != NULL) {
		e->dialog = d;
		e->tx = tx;
	}
	if (d->bye_wanted)
		dialog_bye_now(d);
	else
		dialog_bye(d, "no-ack");
}

void
server_end(struct sr_tx *tx)
{
	bool late = tx->rel_until <= tx->ua->now;

	if (tx->method == SR_INVITE && tx->status < 200) {
		server_cancel(tx, late ? "no-prack" : "expires", late ? 504 :
		    487, NULL);
		return;
	}
	if (tx->state == TX_ACCEPTED && !tx->acked) {
		if (tx->restored && tx->d != NULL)
			server_confirmed(tx, NULL);
		else
			no_ack(tx);
	}
	tx_over(tx);
}

/* The INVITE is answered for the owner. */
void
server_cancel(struct sr_tx *tx, const char *why, int status, struct heard *h)
{
	struct sr_dialog *d = tx->d;
	struct sr_ua_event *e;

	tx->cancelled = true;
	reply_plain(tx, status, NULL);
	if ((e = ua_event(tx->ua, SR_UA_CANCELLED, h)) != NULL) {
		e->tx = tx;
		e->dialog = d;
		e->why = why;
		e->method = SR_INVITE;
	}
	if (d != NULL && tx->first)
		dialog_over(d, "cancelled", NULL);
	else if (d != NULL)
		jobs_unpark(d);
}
