/* uas - what a request wants: RFC 3261 section 8.2, 9.2, 12.2.2, 14.2. */
#include "priv.h"

#include <string.h>

/* ---- is it a request at all ---- */

static bool
doubled(const struct sr_msg *m, const char **name)
{
	static const char *const single[] = { "From", "To", "Call-ID", "CSeq",
	    "Max-Forwards", "Content-Length", "Content-Type" };

	for (size_t i = 0; i < sizeof(single) / sizeof(*single); i++) {
		*name = single[i];
		if (sr_msg_header(m, single[i], 1).p != NULL)
			return true;
	}
	return false;
}

static bool
open_quote(struct sr_str s)
{
	bool open = false;

	for (size_t i = 0; i < s.n; i++) {
		if (open && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			open = !open;
	}
	return open;
}

static struct sr_str
behind_digits(struct sr_str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return sr_substr(s, n, s.n);
}

static bool
blank_in(struct sr_str s)
{
	return sr_strchr(s, ' ') < s.n || sr_strchr(s, '\t') < s.n;
}

/* The fault in words, NULL: none.  Harmless ones are let through. */
static const char *
malformed(const struct heard *h)
{
	const struct sr_msg *m = &h->msg;
	struct sr_str cseq = sr_msg_header(m, "CSeq", 0);
	const char *name;

	if (doubled(m, &name))
		return strcmp(name, "Content-Length") == 0 ?
		    "Two Content-Length headers" : "A header twice";
	if (!m->has_cseq)
		return "Bad CSeq";
	cseq = behind_digits(cseq);
	if (!sr_streq(sr_trim(cseq), m->method_text))
		return "CSeq names another method";
	if (heard_is_short(h))
		return "Bad Content-Length";
	if (h->from.proto != SR_UDP &&
	    sr_msg_header(m, "Content-Length", 0).p == NULL)
		return "No Content-Length";
	if (m->from.uri.n == 0 || open_quote(sr_msg_header(m, "From", 0)))
		return "Bad From";
	if (m->to.uri.n == 0 || open_quote(sr_msg_header(m, "To", 0)))
		return "Bad To";
	if (m->uri.n == 0 || m->uri.p[0] == '<' || blank_in(m->uri))
		return "Bad Request-URI";
	return NULL;
}

static bool
version_2(const struct heard *h)
{
	struct sr_str raw = { h->raw, h->n }, line;

	raw = sr_trim(raw);
	sr_strline(&raw, &line);
	line = sr_trim(line);
	return line.n > 8 && sr_strieq(sr_substr(line, line.n - 8, 8),
	    SR_STR(" SIP/2.0"));
}

/* ---- what section 8.2 finds wrong with it ---- */

static bool
understood(const struct sr_ua *ua, struct sr_str tag)
{
	return value_lists(ua->cfg.supported, tag) ||
	    value_lists(ua->cfg.understood, tag);
}

static bool
bad_extension(const struct sr_tx *tx)
{
	struct sr_str rest, one;

	for (size_t i = 0;
	    (rest = sr_msg_header(&tx->req->msg, "Require", i)).p != NULL; i++)
		while (value_next(&rest, &one))
			if (!understood(tx->ua, one))
				return true;
	return false;
}

/* A body of a type that nobody knows, that must be understood, and that does
 * not turn out to be what we know all the same. */
static bool
bad_type(const struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;
	struct sr_str type, params, x, enc;
	const struct sr_body *b;

	if (m->body.n == 0 || (m->method != SR_INVITE &&
	    m->method != SR_UPDATE && m->method != SR_PRACK))
		return false;
	value_split(sr_msg_header(m, "Content-Disposition", 0), &x, &params);
	if (sr_param(params, "handling", &x) &&
	    sr_strieq(x, SR_STR("optional")))
		return false;
	enc = sr_msg_header(m, "Content-Encoding", 0);
	if (enc.n > 0 && !sr_strieq(enc, SR_STR("identity")))
		return true;
	value_split(m->content_type, &type, &params);
	if (type.n == 0 || sr_stristarts(type, SR_STR("multipart/")) ||
	    value_lists(tx->ua->cfg.accept, type))
		return false;
	b = heard_body(tx->req);
	return sr_body_find(b, SR_PART_SDP) == NULL &&
	    sr_body_find(b, SR_PART_META) == NULL;
}

static bool
bad_accept(const struct sr_msg *m)
{
	struct sr_str all = { NULL, 0 }, one, head, params;
	bool any = false;

	if (m->method != SR_INVITE && m->method != SR_OPTIONS)
		return false;
	for (size_t i = 0; (all = sr_msg_header(m, "Accept", i)).p != NULL;
	    i++)
		while (value_next(&all, &one)) {
			value_split(one, &head, &params);
			if (sr_strieq(head, SR_STR("application/sdp")) ||
			    sr_strieq(head, SR_STR("application/*")) ||
			    sr_strieq(head, SR_STR("*/*")))
				return false;
			any = true;
		}
	return any;
}

static int
fault_of(const struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;

	if (!sr_stristarts(m->uri, SR_STR("sip:")) && !uri_is_sips(m->uri))
		return 416;
	if (tx->fault != 0)
		return tx->fault;	/* 482, found at its birth */
	if (bad_extension(tx))
		return 420;
	if (refresh_too_small(tx->ua, m))
		return 422;
	if (bad_type(tx))
		return 415;
	return bad_accept(m) ? 406 : 0;
}

/* ---- handing it over ---- */

static void
watch(struct sr_tx *tx)
{
	struct sr_ua *ua = tx->ua;
	uint32_t expires;

	if (tx->method != SR_INVITE) {
		timer_set(&ua->timers, &tx->end, ua->now + 64 * ua->cfg.t1);
		return;
	}
	timer_set(&ua->timers, &tx->again, ua->now + ua->cfg.trying);
	if (!value_number(sr_msg_header(&tx->req->msg, "Expires", 0),
	    &expires) || expires == 0)
		return;
	tx->expires = ua->now + (sr_time)expires * SR_SEC;
	timer_set(&ua->timers, &tx->end, tx->expires);
}

static void
surface(struct sr_tx *tx)
{
	struct sr_ua_event *e;

	watch(tx);
	if ((e = ua_event(tx->ua, SR_UA_REQUEST, tx->req)) == NULL) {
		reply_plain(tx, 500, NULL);
		return;
	}
	e->tx = tx;
	e->dialog = tx->d;
	e->fault = tx->fault;
	e->server = true;
}

/* ---- inside a dialog ---- */

static void
bye(struct sr_tx *tx)
{
	struct sr_dialog *d = tx->d;
	struct sr_tx *i, *next;

	reply_plain(tx, 200, NULL);
	for (i = d->txs; i != NULL; i = next) {
		next = i->next;
		if (i->server && i->method == SR_INVITE && i->status < 200) {
			bool first = i->first;

			server_cancel(i, "bye", 487, NULL);
			if (first)
				return;
		}
	}
	dialog_over(d, "bye-peer", tx->req);
}

/* Another one of that method that we have not answered yet. */
static bool
pending(const struct sr_tx *tx, enum sr_method m)
{
	for (const struct sr_tx *i = tx->d->txs; i != NULL; i = i->next)
		if (i != tx && i->server && i->method == m && i->status < 200)
			return true;
	return false;
}

static bool
our_invite(const struct sr_dialog *d)
{
	for (const struct job *j = d->jobs; j != NULL; j = j->next)
		if (j->method == SR_INVITE && j->tx != NULL)
			return true;
	return false;
}

/* Crossing requests: RFC 3261 14.2, RFC 3311 5.2.  0, 491 or 500. */
static int
crossing(const struct sr_tx *tx)
{
	const struct sr_dialog *d = tx->d;

	if (tx->method == SR_INVITE) {
		if (pending(tx, SR_INVITE))
			return 500;
		return our_invite(d) || dialog_our_offer(d) ? 491 : 0;
	}
	if (tx->method != SR_UPDATE)
		return 0;
	if (pending(tx, SR_UPDATE))
		return 500;
	if (!tx->offered)
		return 0;
	if (dialog_our_offer(d))
		return 491;
	for (const struct sr_tx *i = d->txs; i != NULL; i = i->next)
		if (i != tx && i->server && i->offered && !i->answered &&
		    i->status < 200)
			return 500;
	return d->ack_due || d->prack_due ? 500 : 0;
}

/* So many at once are no conversation; and each is looked at by the next. */
static bool
crowded(const struct sr_tx *tx)
{
	size_t n = 0;

	for (const struct sr_tx *i = tx->d->txs; i != NULL; i = i->next)
		n++;
	return n > MAX_OPEN && tx->method != SR_BYE;
}

static void
link_dialog(struct sr_tx *tx, struct sr_dialog *d)
{
	tx->d = d;
	tx->of = d->serial;
	tx->next = d->txs;
	if (tx->next != NULL)
		tx->next->prev = tx;
	d->txs = tx;
	tx->linked = true;
}

static void
in_dialog(struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;
	struct sr_dialog *d = dialog_find(tx->ua, m->call_id, m->to.tag,
	    m->from.tag);
	int status;

	if (d == NULL || d->silent) {
		reply_plain(tx, 481, NULL);
		return;
	}
	link_dialog(tx, d);
	if (d->has_remote_cseq && m->cseq < d->remote_cseq) {
		reply_plain(tx, 500, "CSeq Out Of Order");
		return;
	}
	d->remote_cseq = m->cseq;
	d->has_remote_cseq = true;
	if (tx->req->from.conn != 0)
		d->peer.hop = tx->req->from;
	dialog_learn(d, m);
	if (crowded(tx)) {
		reply_retry(tx, 500);
	} else if (m->method == SR_BYE) {
		bye(tx);
	} else if ((tx->fault = fault_of(tx)) != 0) {
		reply_fault(tx, tx->fault);
	} else if ((status = crossing(tx)) != 0) {
		reply_retry(tx, status);
	} else if (m->method == SR_PRACK) {
		reliable_prack(tx);
	} else {
		surface(tx);
	}
}

/* ---- CANCEL, ACK ---- */

static void
cancel(struct sr_tx *tx)
{
	struct sr_str rest;
	struct sr_tx *invite;
	struct via v;

	via_read(via_top(&tx->req->msg, &rest), &v);
	invite = server_find(tx->ua, &tx->req->msg, &v, SR_STR("INVITE"));
	if (invite == NULL) {
		reply_plain(tx, 481, NULL);
		return;
	}
	memcpy(tx->tag, invite->tag, sizeof(tx->tag));
	memcpy(tx->sid, invite->d != NULL ? invite->d->sid : invite->sid,
	    sizeof(tx->sid));
	reply_plain(tx, 200, NULL);
	if (invite->status < 200)
		server_cancel(invite, "cancel", 487, tx->req);
}

void
uas_ack(struct sr_ua *ua, struct heard *h)
{
	const struct sr_msg *m = &h->msg;
	struct sr_dialog *d = dialog_find(ua, m->call_id, m->to.tag,
	    m->from.tag);
	struct sr_tx *tx;

	if (d == NULL || !m->has_cseq || heard_is_short(h))
		return;
	for (tx = d->txs; tx != NULL; tx = tx->next)
		if (tx->server && tx->state == TX_ACCEPTED && !tx->acked &&
		    tx->cseq == m->cseq)
			break;
	if (tx == NULL)
		return;
	server_confirmed(tx, h);
}

/* ---- all of them ---- */

void
uas_request(struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;
	const char *why;

	if (!version_2(tx->req))
		reply_plain(tx, 505, NULL);
	else if ((why = malformed(tx->req)) != NULL)
		reply_plain(tx, 400, why);
	else if (m->method == SR_CANCEL)
		cancel(tx);
	else if (!value_lists(tx->ua->cfg.allow, m->method_text))
		reply_plain(tx, m->method == SR_M_OTHER ? 501 : 405, NULL);
	else if (m->to.tag.n > 0)
		in_dialog(tx);
	else if (m->method == SR_BYE || m->method == SR_UPDATE ||
	    m->method == SR_PRACK || m->method == SR_M_INFO ||
	    m->method == SR_NOTIFY)
		reply_plain(tx, 481, NULL);
	else {
		tx->fault = fault_of(tx);
		surface(tx);
	}
}
