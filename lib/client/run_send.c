/* run_send - the requests of a call: INVITE and what follows it. */
#include "run.h"

#include <string.h>

enum { XML = 1 << 20 };

static int
metadata(struct call *c, size_t i, struct sr_buf *out)
{
	int err;

	sr_buf_init(out, XML);
	if (!step_of(c, i)->has_meta)
		return SR_OK;
	c->ids.start = c->answered != 0 ? c->answered : c->run->now;
	err = sr_script_xml(c->script, &c->ids, i, out);
	if (err == SR_OK)
		c->told = i;
	return err == SR_ENOENT ? SR_OK : err;
}

struct content {			/* of a request to be */
	struct sr_buf type, headers, body, xml;
	struct sr_str sdp;
};

static int
content_of(struct leg *g, size_t i, struct content *b)
{
	struct call *c = g->call;
	const struct sr_step *s = step_of(c, i);
	int err = metadata(c, i, &b->xml);

	b->sdp = (struct sr_str){ NULL, 0 };
	c->seen[i].before = g->peer;
	c->seen[i].tag = g->tag;
	if (err == SR_OK && s->has_sdp) {
		err = leg_offer(g, s->lines, s->nlines);
		b->sdp = c->seen[i].offer = g->sdp;
		g->offered = err == SR_OK;
	} else if (err == SR_OK && s->nlines > 0) {
		g->lines = s->lines;
		g->nlines = s->nlines;
	}
	if (err == SR_OK)
		err = body_pack(c, s->kind == SR_DO_UPDATE, b->sdp,
		    sr_buf_str(&b->xml), &b->type, &b->headers, &b->body);
	return err;
}

static void
content_free(struct content *b)
{
	sr_buf_free(&b->type);
	sr_buf_free(&b->headers);
	sr_buf_free(&b->body);
	sr_buf_free(&b->xml);
}

static void
replaces(struct call *c, const struct sr_step *s, struct sr_buf *headers)
{
	const struct sr_dialog *old = c->legs[0].dialog;

	if (s->stranger)
		sr_buf_fmt(headers, "Replaces: nobody-has-this@example.invalid;"
		    "to-tag=1;from-tag=2\r\n");
	else if (old != NULL)
		sr_buf_fmt(headers, "Replaces: %.*s;to-tag=%.*s;"
		    "from-tag=%.*s%s\r\n", SR_FMT(sr_dialog_call_id(old)),
		    SR_FMT(sr_dialog_remote_tag(old)),
		    SR_FMT(sr_dialog_local_tag(old)),
		    s->early_only ? ";early-only" : "");
}

static struct sr_str
contact_params(struct call *c, const struct sr_step *s)
{
	const struct sr_dialect *d = c->script->dialect;
	struct sr_buf b;
	struct sr_str out;

	sr_buf_init(&b, 128);
	if (!s->no_mark && (d == NULL || (d->contact != NULL &&
	    !d->mark_in_uri)))
		sr_buf_fmt(&b, ";%s", d == NULL ? "+sip.src" : d->contact);
	out = run_call_keep(c, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

/* The option tags that the server has to know. */
static struct sr_str
options(struct call *c, const struct sr_step *s, bool second)
{
	const struct sr_dialect *d = c->script->dialect;
	struct sr_str out;
	struct sr_buf b;

	sr_buf_init(&b, 256);
	if (!s->no_require && (d == NULL || d->require))
		sr_buf_fmt(&b, "siprec");
	if (second)
		sr_buf_fmt(&b, "%sreplaces", b.n > 0 ? ", " : "");
	if (s->require != NULL)
		sr_buf_fmt(&b, "%s%s", b.n > 0 ? ", " : "", s->require);
	out = run_call_keep(c, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

static struct sr_str
aor_of(struct call *c)
{
	const struct sr_person *p = c->ids.people != NULL ? c->ids.people :
	    c->script->people;

	return c->script->npeople > 0 && sr_stristarts(p[0].aor,
	    SR_STR("sip:")) ? p[0].aor : SR_STR("sip:src@siprec.invalid");
}

int
send_invite(struct leg *g, size_t i, const struct sr_run_target *to)
{
	struct call *c = g->call;
	const struct sr_step *s = step_of(c, i);
	bool second = s->stranger || (g->n > 0 && c->legs[0].dialog != NULL &&
	    (s->replaces || c->rehomed));
	struct content b = { .sdp = { NULL, 0 } };
	struct sr_ua_invite in = { .uri = to->uri, .to = to->uri,
	    .from = aor_of(c), .contact_params = contact_params(c, s),
	    .hops = to->hops, .nhops = to->nhops, .auth = to->auth,
	    .session_expires = s->session_expires != 0 ?
	    s->session_expires : c->run->cfg.session_expires,
	    .rel = s->rel ? SR_100REL_REQUIRED : SR_100REL_SUPPORTED,
	    .cookie = i + 1 };
	int err = content_of(g, i, &b);

	in.require = options(c, s, second);
	if (s->no_require)
		sr_buf_fmt(&b.headers, "Supported: siprec\r\n");
	if (s->refresher != NULL)
		in.refresher = strcmp(s->refresher, "uas") == 0 ?
		    SR_REFRESH_UAS : SR_REFRESH_UAC;
	if (second)
		replaces(c, s, &b.headers);
	in.headers = sr_buf_str(&b.headers);
	in.type = sr_buf_str(&b.type);
	in.body = sr_buf_str(&b.body);
	if (err == SR_OK)
		err = sr_ua_invite(c->run->ua, c->run->now, &in, &g->dialog);
	if (err == SR_OK) {
		*sr_dialog_slot(g->dialog) = g;
		g->call_id = run_call_keep(c, sr_dialog_call_id(g->dialog));
		g->no_ack = s->withheld == SR_HOLD_ACK;
		g->invite = i;
		sr_dialog_set_sdp(g->dialog, g->sdp,
		    (struct sr_str){ NULL, 0 });
		if (c->result.call_id.n == 0)
			c->result.call_id = g->call_id;
	}
	content_free(&b);
	return err;
}

static struct sr_str
method_name(const struct sr_step *s)
{
	switch (s->kind) {
	case SR_DO_UPDATE:
		return SR_STR("UPDATE");
	case SR_DO_INFO:
		return SR_STR("INFO");
	case SR_DO_OPTIONS:
		return SR_STR("OPTIONS");
	default:
		return SR_STR("INVITE");
	}
}

int
send_request(struct leg *g, size_t i)
{
	struct call *c = g->call;
	const struct sr_step *s = step_of(c, i);
	struct content b = { .sdp = { NULL, 0 } };
	struct sr_dialog_request q = { .method = method_name(s),
	    .cookie = i + 1 };
	int err = content_of(g, i, &b);

	q.headers = sr_buf_str(&b.headers);
	q.type = s->body.n > 0 ? s->type : sr_buf_str(&b.type);
	q.body = s->body.n > 0 ? s->body : sr_buf_str(&b.body);
	g->no_ack = s->withheld == SR_HOLD_ACK;
	if (s->kind == SR_DO_REINVITE) {
		g->acks = 0;
		g->invite = i;
	}
	if (err == SR_OK)
		err = sr_dialog_request(g->dialog, c->run->now, &q);
	content_free(&b);
	return err;
}

void
leg_vanish(struct leg *g)
{
	leg_close(g);
	g->call->run->nvanished += !g->vanished;
	g->vanished = true;
}

int
send_bye(struct leg *g, size_t i)
{
	struct call *c = g->call;
	struct content b = { .sdp = { NULL, 0 } };
	int err;

	if (i != NO_STEP && step_of(c, i)->withheld == SR_HOLD_BYE) {
		leg_vanish(g);
		step_end(c, i);
		return SR_OK;
	}
	leg_close(g);
	if (i == NO_STEP)
		return sr_dialog_bye(g->dialog, c->run->now,
		    SR_STR(""), SR_STR(""), SR_STR(""));
	err = metadata(c, i, &b.xml);
	if (err == SR_OK)
		err = body_pack(c, false, b.sdp, sr_buf_str(&b.xml), &b.type,
		    &b.headers, &b.body);
	if (err == SR_OK)
		err = sr_dialog_bye(g->dialog, c->run->now,
		    sr_buf_str(&b.headers), sr_buf_str(&b.type),
		    sr_buf_str(&b.body));
	content_free(&b);
	return err;
}

/* ---- CANCEL ---- */

/* The INVITE's own branch and CSeq number, RFC 3261 section 9.1: what the user
 * agent would not send any more. */
static int
late_cancel(struct leg *g)
{
	struct call *c = g->call;
	struct sr_str rest = g->invite_raw, line, name;
	struct sr_buf b;
	struct event *e;

	sr_buf_init(&b, 65536);
	while (sr_strline(&rest, &line) && line.n > 0) {
		struct sr_str value = line;

		if (sr_strstarts(line, SR_STR("INVITE ")))
			sr_buf_fmt(&b, "CANCEL%.*s\r\n", SR_FMT(sr_substr(line,
			    6, line.n)));
		else if (sr_stristarts(line, SR_STR("CSeq:")))
			sr_buf_fmt(&b, "%.*s CANCEL\r\n", SR_FMT(sr_substr(line,
			    0, sr_strfind(line, SR_STR(" INVITE")))));
		else if (sr_strcut(&value, ':', &name) &&
		    (sr_strieq(name, SR_STR("Via")) ||
		    sr_strieq(name, SR_STR("From")) ||
		    sr_strieq(name, SR_STR("To")) ||
		    sr_strieq(name, SR_STR("Call-ID")) ||
		    sr_strieq(name, SR_STR("Max-Forwards"))))
			sr_buf_fmt(&b, "%.*s\r\n", SR_FMT(line));
	}
	sr_buf_fmt(&b, "Content-Length: 0\r\n\r\n");
	e = run_event(c->run, SR_RUN_SEND, c);
	if (e == NULL)
		return SR_ENOMEM;
	e->owned = b.p;			/* it owns the bytes from now on */
	e->ev.data = sr_buf_str(&b);
	e->ev.hop = *sr_dialog_hop(g->dialog);
	e->ev.method = SR_CANCEL;
	c->late_cancel = true;
	c->run->ncancels++;
	return SR_OK;
}

int
send_cancel(struct leg *g, size_t step)
{
	struct call *c = g->call;
	int err = sr_dialog_cancel(g->dialog, c->run->now,
	    (struct sr_str){ NULL, 0 });

	if (err != SR_ENOENT)
		return err;
	if (step_of(c, step)->from != SR_FROM_RINGING)
		return late_cancel(g);
	/* The server was faster: there is nothing to cancel any more. */
	c->seen[step].skipped = true;
	step_end(c, step);
	return SR_OK;
}
