/* request - our requests with all their tries: the next hop, credentials, a
 * longer session interval, another address, another moment. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

struct job *
job_new(struct sr_dialog *d, struct sr_str method)
{
	struct job *j = sr_zalloc(sizeof(*j)), **at = &d->jobs, *last = NULL;

	if (j == NULL || text_set(&j->method_text, method) != SR_OK) {
		free(j);
		return NULL;
	}
	j->ua = d->ua;
	j->d = d;
	j->method = method_of(method);
	j->later = (struct timer){ .kind = TIMER_JOB, .owner = j };
	j->ring = (struct timer){ .kind = TIMER_RING, .owner = j };
	while (*at != NULL) {
		last = *at;
		at = &last->next;
	}
	*at = j;
	j->prev = last;
	j->linked = true;
	return j;
}

int
job_body(struct job *j, struct sr_str headers, struct sr_str type,
    struct sr_str body)
{
	if (text_set(&j->headers, headers) != SR_OK ||
	    text_set(&j->type, type) != SR_OK ||
	    text_set(&j->body, body) != SR_OK)
		return SR_ENOMEM;
	j->offered = body_has_sdp(type, body) &&
	    (j->method == SR_INVITE || j->method == SR_UPDATE);
	return SR_OK;
}

void
job_over(struct job *j)
{
	struct sr_ua *ua = j->ua;

	if (j->reaped)
		return;
	j->reaped = true;
	timer_off(&ua->timers, &j->later);
	timer_off(&ua->timers, &j->ring);
	for (size_t i = 0; j->ticket != 0 && i < ua->nwaiting; i++)
		if (ua->waiting[i] == j) {
			ua->waiting[i] = ua->waiting[--ua->nwaiting];
			break;
		}
	if (j->tx != NULL)
		j->tx->job = NULL;
	j->tx = NULL;
	*(j->prev != NULL ? &j->prev->next : &j->d->jobs) = j->next;
	if (j->next != NULL)
		j->next->prev = j->prev;
	j->next = j->prev = NULL;
	j->dead = ua->dead_jobs;
	ua->dead_jobs = j;
}

void
job_free(struct job *j)
{
	text_free(&j->method_text);
	text_free(&j->uri);
	text_free(&j->headers);
	text_free(&j->type);
	text_free(&j->body);
	text_free(&j->to_tag);
	text_free(&j->cancel_reason);
	free(j);
}

/* ---- out ---- */

static bool
under_way(const struct job *j)
{
	return j->tx != NULL || j->ticket != 0 || j->later.slot != 0;
}

/* RFC 3261 14.1, RFC 3311 5.1: what may not cross what. */
bool
job_blocked(const struct job *j)
{
	const struct sr_dialog *d = j->d;
	bool invite = j->method == SR_INVITE;

	if (j->cross)
		return false;
	if (!invite && j->method != SR_UPDATE)
		return false;
	for (const struct job *k = d->jobs; k != NULL; k = k->next)
		if (k != j && under_way(k) && (k->method == j->method ||
		    (invite && k->method == SR_UPDATE)))
			return true;
	for (const struct sr_tx *tx = d->txs; tx != NULL; tx = tx->next)
		if (invite && tx->server && tx->method == SR_INVITE &&
		    (tx->status < 200 || (tx->status < 300 && !tx->acked)))
			return true;
	if (invite && d->ack_due)
		return true;
	return j->offered && (dialog_our_offer(d) || dialog_their_offer(d));
}

void
jobs_unpark(struct sr_dialog *d)
{
	struct job *j;

	for (j = d->jobs; j != NULL; j = j->next)
		if (j->parked && !job_blocked(j))
			break;
	if (j == NULL || d->state == SR_D_OVER)
		return;
	j->parked = false;
	job_start(j);
}

static void
ask_hops(struct job *j, struct sr_str uri)
{
	struct sr_ua *ua = j->ua;
	struct sr_ua_event *e;
	struct job **v = realloc(ua->waiting,
	    (ua->nwaiting + 1) * sizeof(struct job *));

	if (v != NULL)
		ua->waiting = v;
	if (v == NULL || (e = ua_event(ua, SR_UA_RESOLVE, NULL)) == NULL) {
		job_failed(j, "memory");
		return;
	}
	v[ua->nwaiting++] = j;
	j->ticket = ++ua->tickets;
	e->ticket = j->ticket;
	e->uri = uri;
	if (!j->d->solo)
		e->dialog = j->d;
}

void
job_start(struct job *j)
{
	struct sr_str uri;

	if (!j->first && !j->d->solo && job_blocked(j)) {
		j->parked = true;
		return;
	}
	if (j->nhops == 0) {
		uri = j->uri.p != NULL ? j->uri : j->d->peer.target;
		if (!j->first)
			uri = dialog_next_uri(j->d, uri);
		j->at = 0;
		j->nhops = dialog_hops(j->d, uri, j->hops);
		if (j->nhops == 0) {
			ask_hops(j, uri);
			return;
		}
	}
	job_go(j);
}

void
job_go(struct job *j)
{
	struct sr_dialog *d = j->d;
	char branch[40] = "z9hG4bK";
	int err;

	if (j->method != SR_ACK) {
		if ((err = client_start(j)) != SR_OK)
			job_failed(j, "memory");
		else if (j->expires > 0 && j->ring.slot == 0)
			timer_set(&j->ua->timers, &j->ring, j->ua->now +
			    (sr_time)j->expires * SR_SEC);
		return;
	}
	ua_token(j->ua, branch + 7, 12);
	wire_drop(d->ack);
	d->ack_hop = j->hops[0];
	d->ack_cseq = j->cseq;
	d->ack = write_request(j, &d->ack_hop, sr_cstr(branch), SR_ACK);
	ua_send(j->ua, NULL, d, &d->ack_hop, d->ack, SR_ACK, 0);
	job_over(j);
}

/* ---- in ---- */

static void
tell(struct job *j, enum sr_ua_kind kind, struct heard *h, const char *why)
{
	struct sr_ua_event *e;

	if (j->silent || (e = ua_event(j->ua, kind, h)) == NULL)
		return;
	e->dialog = j->d->solo ? NULL : j->d;
	e->method = j->method;
	e->cookie = j->cookie;
	e->why = why;
	if (h != NULL)
		value_number(sr_msg_header(&h->msg, "Retry-After", 0),
		    &e->retry_after);
}

/* Nothing more comes of this request. */
static void
given_up(struct job *j, int status, const char *why)
{
	struct sr_dialog *d = j->d;
	bool first = j->first, cancel = j->cancel, refresh = j->refresh;
	enum sr_method m = j->method;

	job_over(j);
	if (d->solo) {
		if (d->jobs == NULL)
			dialog_over(d, why, NULL);
	} else if (m == SR_BYE) {
		dialog_over(d, d->bye_why, NULL);
	} else if (first) {
		dialog_over(d, cancel ? "cancelled" : status > 0 ? "refused" :
		    "failed", NULL);
	} else if (m != SR_PRACK && (status == 408 || status == 481)) {
		/* RFC 3261 section 12.2.1.2 */
		dialog_bye(d, status == 408 ? "408" : "481");
	} else if (refresh) {
		refresh_failed(d);
		jobs_unpark(d);
	} else {
		jobs_unpark(d);
	}
}

void
job_failed(struct job *j, const char *why)
{
	if (j->reaped)
		return;
	tell(j, SR_UA_FAILED, NULL, why);
	given_up(j, strcmp(why, "timeout") == 0 && !j->first ? 408 : 0, why);
}

void
job_next_hop(struct job *j, const char *why)
{
	if (j->large == LARGE_TCP) {
		j->large = LARGE_UDP;
	} else {
		j->at++;
		j->large = LARGE_NEW;
	}
	if (j->cancel || j->at >= j->nhops)
		job_failed(j, why);
	else
		job_go(j);
}

void
job_timer(struct job *j, enum timer_kind kind)
{
	if (kind == TIMER_RING)
		client_cancel(j);
	else
		job_start(j);
}

static bool
again_at(struct job *j, sr_time at)
{
	if (++j->tries > MAX_RETRIES)
		return false;
	return timer_set(&j->ua->timers, &j->later, at) == SR_OK;
}

/* RFC 3261 section 14.1: whoever made the Call-ID waits longer. */
static bool
glare(struct job *j)
{
	struct sr_ua *ua = j->ua;
	sr_time wait = j->d->uac ? ua_between(ua, 210, 400) :
	    ua_between(ua, 0, 200);

	return again_at(j, ua->now + wait * 10 * SR_MSEC);
}

static bool
crossed(struct job *j, const struct sr_msg *m)
{
	uint32_t after;

	if (j->first || (j->method != SR_INVITE && j->method != SR_UPDATE))
		return false;
	if (m->status == 491)
		return glare(j);
	if (!value_number(sr_msg_header(m, "Retry-After", 0), &after) ||
	    after > 10)
		return false;
	return again_at(j, j->ua->now + (sr_time)after * SR_SEC);
}

/* RFC 4028 section 7.3 */
static bool
longer(struct job *j, const struct sr_msg *m)
{
	struct sr_dialog *d = j->d;
	uint32_t min, asked = d->interval > d->wanted_se ? d->interval :
	    d->wanted_se;

	if (!value_number(sr_msg_header(m, "Min-SE", 0), &min) ||
	    min <= asked || ++j->tries > MAX_RETRIES)
		return false;
	if (d->min_se < min)
		d->min_se = min;
	if (d->wanted_se < min)
		d->wanted_se = min;
	if (d->interval > 0 && d->interval < min)
		d->interval = min;
	job_start(j);
	return true;
}

/* RFC 3261 section 8.1.3.4 */
static bool
elsewhere(struct job *j, const struct sr_msg *m)
{
	struct sr_str user, host, uri, rest, value;

	if (!j->first && !j->d->solo)
		return false;
	for (size_t i = 0; (rest = sr_msg_header(m, "Contact", i)).p != NULL;
	    i++) {
		while (value_next(&rest, &value)) {
			uri = value_uri(value);
			if (sr_uri_split(uri, &user, &host) != SR_OK ||
			    host.n == 0 || sr_streq(uri, j->uri) ||
			    ++j->redirects > MAX_REDIRECTS)
				continue;
			uri = sr_substr(uri, 0, sr_strchr(uri, '?'));
			if (text_set(&j->uri, uri) != SR_OK)
				return false;
			j->nhops = 0;
			j->d->peer.hop.conn = 0;
			job_start(j);
			return true;
		}
	}
	return false;
}

static bool
try_again(struct job *j, const struct sr_msg *m)
{
	int which = m->status == 407;

	if (j->cancel)
		return false;
	switch (m->status) {
	case 401:
	case 407:
		if (!digest_learn(j->d, m, which, &j->refused[which]))
			return false;
		job_go(j);
		return true;
	case 422:
		return longer(j, m);
	case 491:
	case 500:
		return crossed(j, m);
	case 503:
		if ((!j->first && !j->d->solo) || j->at + 1 >= j->nhops)
			return false;
		job_next_hop(j, "transport");
		return true;
	default:
		return m->status < 400 && elsewhere(j, m);
	}
}

static void
accepted(struct job *j, struct heard *h)
{
	struct sr_dialog *d = j->d;
	enum sr_method m = j->method;

	tell(j, SR_UA_RESPONSE, h, NULL);
	job_over(j);
	if (d->solo) {
		dialog_over(d, "bye", NULL);
		return;
	}
	if (m == SR_BYE) {
		dialog_over(d, d->bye_why, NULL);
		return;
	}
	dialog_learn(d, &h->msg);
	if (m == SR_UPDATE) {
		dialog_target(d, h);
		refresh_learn(d, &h->msg);
	}
	jobs_unpark(d);
}

void
job_response(struct job *j, struct heard *h)
{
	const struct sr_msg *m = &h->msg;

	if (m->status < 200) {
		if (m->status > 100 && j->method == SR_INVITE)
			invite_provisional(j, h);
		return;
	}
	timer_off(&j->ua->timers, &j->ring);
	if (m->status < 300) {
		if (j->method == SR_INVITE)
			invite_accepted(j, h);
		else
			accepted(j, h);
		return;
	}
	if (try_again(j, m)) {
		if (!j->reaped)
			tell(j, SR_UA_RETRY, h, NULL);
		return;
	}
	tell(j, SR_UA_RESPONSE, h, NULL);
	given_up(j, m->status, "refused");
}
