/* dialog - what two sides know of each other: RFC 3261 section 12. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

static uint64_t
id_hash(struct sr_ua *ua, struct sr_str call_id, struct sr_str local_tag)
{
	return ua_hash(ua, call_id) ^ ua_hash(ua, local_tag) << 1;
}

static void
uuid(struct sr_ua *ua, char sid[UUID_HEX + 1])
{
	ua_token(ua, sid, 16);
	sid[12] = '4';			/* version and variant, RFC 4122 4.4 */
	sid[16] = "89ab"[sid[16] & 3];
}

struct sr_dialog *
dialog_new(struct sr_ua *ua)
{
	struct sr_dialog *d;

	if (ua->ndialogs >= ua->cfg.max_dialogs ||
	    (d = sr_zalloc(sizeof(*d))) == NULL)
		return NULL;
	d->ua = ua;
	d->serial = ++ua->serials;
	d->refresh = (struct timer){ .kind = TIMER_REFRESH, .owner = d };
	d->expire = (struct timer){ .kind = TIMER_EXPIRE, .owner = d };
	d->min_se = ua->cfg.min_se;
	d->rel = SR_100REL_SUPPORTED;
	uuid(ua, d->sid);
	return d;
}

/* Once its Call-ID and our tag are set. */
int
dialog_table(struct sr_dialog *d)
{
	struct sr_ua *ua = d->ua;
	int err = table_add(&ua->dialogs, &d->by_id,
	    id_hash(ua, d->call_id, d->local_tag), d);

	if (err == SR_OK && !d->solo)
		ua->ndialogs++;
	return err;
}

void
dialog_free(struct sr_dialog *d)
{
	struct sr_str *texts[] = {
		&d->call_id, &d->local, &d->remote, &d->local_uri,
		&d->remote_uri, &d->local_tag, &d->peer.tag, &d->peer.target,
		&d->peer.routes, &d->user, &d->contact_params, &d->require,
		&d->allow, &d->supported, &d->local_sdp, &d->remote_sdp,
		&d->auth_user, &d->password, &d->ha1, &d->invite_auth,
		&d->due_tag, &d->bye_headers, &d->bye_type, &d->bye_body
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		text_free(texts[i]);
	for (size_t i = 0; i < d->nforks; i++)
		text_free(&d->forks[i].tag);
	for (size_t i = 0; i < 2; i++) {
		text_free(&d->challenge[i].realm);
		text_free(&d->challenge[i].nonce);
		text_free(&d->challenge[i].opaque);
		text_free(&d->challenge[i].algorithm);
	}
	wire_drop(d->ack);
	free(d);
}

/* ---- finding ---- */

struct sr_dialog *
dialog_find(struct sr_ua *ua, struct sr_str call_id, struct sr_str local_tag,
    struct sr_str remote_tag)
{
	struct node *n = table_find(&ua->dialogs,
	    id_hash(ua, call_id, local_tag));

	for (; n != NULL; n = table_more(n)) {
		struct sr_dialog *d = n->item;

		if (!d->solo && d->tagged &&
		    sr_streq(d->call_id, call_id) &&
		    sr_streq(d->local_tag, local_tag) &&
		    sr_streq(d->peer.tag, remote_tag))
			return d;
	}
	return NULL;
}

struct sr_dialog *
sr_ua_find(struct sr_ua *ua, struct sr_str call_id, struct sr_str local_tag,
    struct sr_str remote_tag)
{
	struct sr_dialog *d = dialog_find(ua, call_id, local_tag, remote_tag);

	return d != NULL && !d->silent ? d : NULL;
}

/* ---- learning ---- */

/* Record-Route, in order or (for a client) the other way round. */
static int
take_routes(struct sr_str *at, const struct sr_msg *m, bool reverse)
{
	struct sr_buf b, one;
	struct sr_str rest, value;
	int err = SR_OK;

	sr_buf_init(&b, 16384);
	sr_buf_init(&one, 16384);
	for (size_t i = 0; err == SR_OK &&
	    (rest = sr_msg_header(m, "Record-Route", i)).p != NULL; i++) {
		while (err == SR_OK && value_next(&rest, &value)) {
			one.n = 0;
			if ((err = sr_buf_add(&one, value)) != SR_OK)
				break;
			if (reverse) {
				err = sr_buf_addc(&one, '\n');
				if (err == SR_OK)
					err = sr_buf_add(&one, sr_buf_str(&b));
				b.n = 0;
				if (err == SR_OK)
					err = sr_buf_add(&b, sr_buf_str(&one));
			} else if ((err = sr_buf_add(&b, sr_buf_str(&one))) ==
			    SR_OK) {
				err = sr_buf_addc(&b, '\n');
			}
		}
	}
	if (err == SR_OK)
		err = text_set(at, sr_buf_str(&b));
	sr_buf_free(&b);
	sr_buf_free(&one);
	return err;
}

void
dialog_learn(struct sr_dialog *d, const struct sr_msg *m)
{
	char sid[UUID_HEX + 1];

	if (sr_msg_header(m, "Allow", 0).p != NULL)
		value_joined(&d->allow, m, "Allow");
	if (sr_msg_header(m, "Supported", 0).p != NULL)
		value_joined(&d->supported, m, "Supported");
	if (session_id_read(sr_msg_header(m, "Session-ID", 0), sid))
		memcpy(d->remote_sid, sid, sizeof(sid));
}

/* The target is taken with a 2xx only: RFC 3261 12.2, RFC 6141. */
void
dialog_target(struct sr_dialog *d, struct heard *h)
{
	struct sr_str user, host, uri = h->msg.contact.uri;

	if (sr_uri_split(uri, &user, &host) == SR_OK && host.n > 0)
		text_set(&d->peer.target, uri);
	d->peer.hop = h->from;
}

void
dialog_meet(struct sr_dialog *d, struct heard *h)
{
	text_set(&d->peer.tag, h->msg.to.tag);
	d->tagged = true;
	take_routes(&d->peer.routes, &h->msg, true);
	dialog_target(d, h);
	dialog_learn(d, &h->msg);
}

static int
from_request(struct sr_dialog *d, const struct sr_tx *tx)
{
	const struct sr_msg *m = &tx->req->msg;

	if (text_set(&d->call_id, m->call_id) != SR_OK ||
	    text_set(&d->local, value_name_addr(sr_msg_header(m, "To", 0))) !=
	    SR_OK || text_set(&d->remote, value_name_addr(sr_msg_header(m,
	    "From", 0))) != SR_OK || text_set(&d->local_uri, m->to.uri) !=
	    SR_OK || text_set(&d->remote_uri, m->from.uri) != SR_OK ||
	    text_set(&d->local_tag, sr_cstr(tx->tag)) != SR_OK ||
	    text_set(&d->peer.tag, m->from.tag) != SR_OK ||
	    text_set(&d->peer.target, m->contact.uri.n > 0 ? m->contact.uri :
	    m->from.uri) != SR_OK)
		return SR_ENOMEM;
	return take_routes(&d->peer.routes, m, false);
}

/* The server's side of a dialog, from its INVITE: section 12.1.1. */
struct sr_dialog *
dialog_of_request(struct sr_tx *tx)
{
	struct sr_dialog *d;

	if (tx->d != NULL || tx->req == NULL || tx->method != SR_INVITE ||
	    tx->status >= 300)
		return tx->d;
	if ((d = dialog_new(tx->ua)) == NULL)
		return NULL;
	if (from_request(d, tx) != SR_OK || dialog_table(d) != SR_OK) {
		dialog_free(d);
		return NULL;
	}
	memcpy(d->sid, tx->sid, sizeof(d->sid));
	d->tagged = true;
	d->secure = uri_is_sips(tx->req->msg.uri);
	d->peer.hop = tx->req->from;
	d->remote_cseq = tx->cseq;
	d->has_remote_cseq = true;
	ua_random(tx->ua, &d->local_cseq, 2);
	dialog_learn(d, &tx->req->msg);
	tx->d = d;
	tx->of = d->serial;
	tx->next = NULL;
	d->txs = tx;
	tx->linked = true;
	return d;
}

/* ---- the way to the other side ---- */

struct sr_str
dialog_next_uri(const struct sr_dialog *d, struct sr_str target)
{
	struct sr_str rest = d->peer.routes, first;

	if (!sr_strcut(&rest, '\n', &first))
		return target;
	return value_uri(first);
}

static enum sr_proto
proto_of(const struct sr_dialog *d, struct sr_str uri)
{
	struct sr_str x;

	if (uri_is_sips(uri))
		return SR_TLS;
	if (!sr_param(uri_params(uri), "transport", &x))
		return d->peer.hop.remote.family != 0 ? d->peer.hop.proto :
		    SR_UDP;
	return sr_strieq(x, SR_STR("tls")) ? SR_TLS :
	    sr_strieq(x, SR_STR("tcp")) ? SR_TCP : SR_UDP;
}

/* A client behind a NAT names an address where nobody can reach it: then its
 * connection comes first.  Otherwise it comes last. */
size_t
dialog_hops(struct sr_dialog *d, struct sr_str next,
    struct sr_hop hops[MAX_HOPS])
{
	const struct sr_hop *have = &d->peer.hop;
	struct sr_hop to = { 0 };
	bool near, known = have->remote.family != 0;

	if (!uri_numeric(next, &to.remote))
		return 0;
	to.proto = proto_of(d, next);
	if (to.remote.port == 0)
		to.remote.port = to.proto == SR_TLS ? 5061 : 5060;
	to.local = d->ua->cfg.local[to.proto];
	if (known && (to.local.family == 0 || have->proto == to.proto))
		to.local = have->local;
	if (to.local.family == 0)
		return 0;
	if (!known) {
		hops[0] = to;
		return 1;
	}
	if (to.proto == have->proto &&
	    sr_addr_eq(&to.remote, &have->remote)) {
		hops[0] = *have;
		return 1;
	}
	near = have->conn != 0 && d->peer.routes.n == 0 &&
	    !sr_addr_ipeq(&to.remote, &have->remote);
	hops[near ? 1 : 0] = to;
	hops[near ? 0 : 1] = *have;
	return 2;
}

/* ---- offers ---- */

bool
dialog_our_offer(const struct sr_dialog *d)
{
	for (const struct job *j = d->jobs; j != NULL; j = j->next)
		if (j->offered && !j->answered &&
		    (j->tx != NULL || j->ticket != 0))
			return true;
	for (const struct sr_tx *tx = d->txs; tx != NULL; tx = tx->next)
		if (tx->server && tx->offering)
			return true;
	return false;
}

bool
dialog_their_offer(const struct sr_dialog *d)
{
	for (const struct sr_tx *tx = d->txs; tx != NULL; tx = tx->next)
		if (tx->server && tx->offered && !tx->answered &&
		    tx->status < 200)
			return true;
	return d->ack_due || d->prack_due;
}

/* ---- the end ---- */

static void
end_transactions(struct sr_dialog *d)
{
	struct sr_tx *tx;

	while ((tx = d->txs) != NULL) {
		if (!tx->server && tx->state != TX_COMPLETED) {
			tx_over(tx);
			continue;
		}
		server_unlink(tx);
		/* What still waits for its ACK, waits no more. */
		if (tx->server && tx->state == TX_ACCEPTED)
			server_acked(tx);
	}
}

void
dialog_bury(struct sr_dialog *d)
{
	struct sr_ua *ua = d->ua;

	d->reaped = true;
	d->state = SR_D_OVER;
	if (d->by_id.item != NULL && !d->solo)
		ua->ndialogs--;
	table_del(&ua->dialogs, &d->by_id);
	d->dead = ua->dead_dialogs;
	ua->dead_dialogs = d;
}

void
dialog_over(struct sr_dialog *d, const char *why, struct heard *h)
{
	struct sr_ua *ua = d->ua;
	struct sr_ua_event *e;

	if (d->reaped)
		return;
	d->reaped = true;
	d->state = SR_D_OVER;
	refresh_off(d);
	while (d->jobs != NULL) {
		struct job *j = d->jobs;

		if (!j->silent && (e = ua_event(ua, SR_UA_FAILED, NULL)) !=
		    NULL) {
			e->dialog = d->solo ? NULL : d;
			e->cookie = j->cookie;
			e->method = j->method;
			e->why = "over";
		}
		client_detach(j);
		job_over(j);
	}
	end_transactions(d);
	if (!d->solo && !d->silent &&
	    (e = ua_event(ua, SR_UA_OVER, h)) != NULL) {
		e->dialog = d;
		e->why = why;
	}
	dialog_bury(d);
}

static struct sr_tx *
unanswered(const struct sr_dialog *d)
{
	for (struct sr_tx *tx = d->txs; tx != NULL; tx = tx->next)
		if (tx->server && tx->method == SR_INVITE && tx->status < 200)
			return tx;
	return NULL;
}

static bool
unacked(const struct sr_dialog *d)
{
	for (struct sr_tx *tx = d->txs; tx != NULL; tx = tx->next)
		if (tx->server && tx->state == TX_ACCEPTED && !tx->acked)
			return true;
	return false;
}

/* RFC 3261 section 15: not before the ACK, nor before the final answer. */
void
dialog_bye_now(struct sr_dialog *d)
{
	static const struct sr_str none = { NULL, 0 };
	struct job *j;

	if (!d->bye_wanted || d->state == SR_D_OVER || unacked(d))
		return;
	for (j = d->jobs; j != NULL; j = j->next)
		if (j->first || j->method == SR_BYE)
			return;
	if (d->ack_due) {
		d->ack_due = false;
		invite_ack(d, d->due_cseq, none, none);
	}
	if ((j = job_new(d, SR_STR("BYE"))) == NULL ||
	    job_body(j, d->bye_headers, d->bye_type, d->bye_body) != SR_OK) {
		dialog_over(d, d->bye_why, NULL);
		return;
	}
	j->silent = true;
	job_start(j);
}

void
sr_dialog_set_reason(struct sr_dialog *d, const char *text)
{
	d->reason = text;
}

/* RFC 3326: nobody asked for this BYE, so it says why it is sent. */
static void
give_reason(struct sr_dialog *d, const char *why)
{
	bool gone = strcmp(why, "408") == 0 || strcmp(why, "481") == 0;
	const char *text = gone ? d->reason : why;
	struct sr_buf *b = &d->ua->scratch;

	if (strcmp(why, "bye") == 0 || text == NULL)
		return;
	b->n = 0;
	sr_buf_fmt(b, "Reason: SIP;cause=%s;text=\"%s\"\r\n",
	    gone ? why : "408", text);
	text_set(&d->bye_headers, sr_buf_str(b));
}

void
dialog_bye(struct sr_dialog *d, const char *why)
{
	struct sr_tx *tx;

	if (d->state == SR_D_OVER || d->bye_wanted)
		return;
	d->bye_wanted = true;
	d->bye_why = why;
	give_reason(d, why);
	refresh_off(d);
	if (d->state == SR_D_EARLY && !d->uac) {
		d->state = SR_D_ENDING;
		if ((tx = unanswered(d)) != NULL)
			reply_plain(tx, 480, NULL);
		else
			dialog_over(d, why, NULL);
		return;
	}
	d->state = SR_D_ENDING;
	while ((tx = unanswered(d)) != NULL)
		server_cancel(tx, "bye", 487, NULL);
	for (struct job *j = d->jobs; j != NULL; j = j->next)
		if (j->first) {
			client_cancel(j);
			return;
		}
	dialog_bye_now(d);
}

int
sr_dialog_bye(struct sr_dialog *d, sr_time now, struct sr_str headers,
    struct sr_str type, struct sr_str body)
{
	if (d->state == SR_D_OVER)
		return SR_ENOENT;
	d->ua->now = now;
	if (text_set(&d->bye_headers, headers) != SR_OK ||
	    text_set(&d->bye_type, type) != SR_OK ||
	    text_set(&d->bye_body, body) != SR_OK)
		return SR_ENOMEM;
	dialog_bye(d, "bye");
	return SR_OK;
}
