/* reply - answers, as a recording server words them. */
#include "priv.h"

#include <string.h>

void
head_begin(struct sr_serve *s)
{
	s->head.n = 0;
}

void
head_date(struct sr_serve *s)
{
	size_t before = s->head.n;

	sr_buf_add(&s->head, SR_STR("Date: "));
	if (sr_date_add(&s->head, s->now) == SR_OK)
		sr_buf_add(&s->head, SR_STR("\r\n"));
	else
		s->head.n = before;
}

static void
warn_line(struct sr_serve *s, const struct sr_tx *tx, int code,
    const char *text)
{
	struct sr_addr us = sr_tx_hop(tx)->local;

	if (code == 0)
		return;
	us.port = 0;
	sr_buf_fmt(&s->head, "Warning: %d ", code);
	if (us.family == 0)
		sr_buf_add(&s->head, SR_STR("siprec"));
	else
		sr_addr_print(&s->head, &us);
	sr_buf_addc(&s->head, ' ');
	sr_quote_add(&s->head, sr_cstr(text));
	sr_buf_add(&s->head, SR_STR("\r\n"));
}

static void
challenges(struct sr_serve *s, bool stale)
{
	struct sr_buf *b = &s->head;
	size_t before;

	for (size_t i = 0; i < 8; i++) {
		before = b->n;
		sr_buf_add(b, SR_STR("WWW-Authenticate: "));
		if (sr_auth_challenge(b, &s->auth, i, stale, s->now) !=
		    SR_OK) {
			b->n = before;
			return;
		}
		sr_buf_add(b, SR_STR("\r\n"));
	}
}

/* A refusal that has a word for people gives it in the reason phrase too,
 * where the status line alone would not tell (400). */
void
reply_refuse(struct sr_serve *s, struct sr_tx *tx, const struct refusal *r)
{
	struct sr_ua_reply reply = { .status = r->status,
	    .reason = sr_cstr(r->reason), .once = r->challenge ||
	    r->unproved || r->status == 403 || r->status == 503 };

	if (r->fault) {
		sr_ua_refuse(s->ua, tx, s->now);
		return;
	}
	head_begin(s);
	if (r->challenge)
		challenges(s, r->stale);
	warn_line(s, tx, r->warning, r->text);
	if (r->status == 503)
		sr_buf_fmt(&s->head, "Retry-After: %u\r\n",
		    s->cfg.retry_after);
	if (r->header != NULL)
		sr_buf_add(&s->head, sr_cstr(r->header));
	if (r->status == 400 && r->text != NULL)
		reply.reason = sr_cstr(r->text);
	reply.headers = sr_buf_str(&s->head);
	sr_ua_reply(s->ua, tx, s->now, &reply);
}

int
reply_simple(struct sr_serve *s, struct sr_tx *tx, int status,
    const char *headers)
{
	struct sr_ua_reply r = { .status = status,
	    .headers = sr_cstr(headers) };

	return sr_ua_reply(s->ua, tx, s->now, &r);
}

/* No SIPREC text shows Require in a 2xx, but RFC 3261 8.2.4 wants extensions
 * that were applied to be listed.  Only where the client speaks of it. */
static bool
names_siprec(const struct sr_serve *s, const struct sr_tx *tx)
{
	const struct sr_msg *m = sr_tx_msg(tx);

	return !s->cfg.no_require && m != NULL && m->method == SR_INVITE &&
	    (sr_msg_lists(m, "Require", "siprec") ||
	    sr_msg_lists(m, "Supported", "siprec"));
}

int
reply_session(struct leg *l, struct sr_tx *tx, int status, struct sr_str sdp,
    enum sr_ua_reliable rel)
{
	struct sr_serve *s = l->s;
	struct sr_ua_reply r = { .status = status, .reliable = rel,
	    .body = sdp };

	head_begin(s);
	if (status >= 200)
		head_date(s);
	if (sdp.n > 0)
		r.type = SR_STR("application/sdp");
	if (status >= 200 && names_siprec(s, tx))
		r.require = SR_STR("siprec");
	r.headers = sr_buf_str(&s->head);
	return sr_ua_reply(s->ua, tx, s->now, &r);
}
