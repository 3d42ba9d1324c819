/* register - telling a registrar where we are, and that we are a recording
 * server: RFC 3261 section 10, RFC 7866 section 6.2. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_COOKIE = 1000, HOUR = 3600 };
#define AGAIN (30 * SR_SEC)		/* after a failure */

static void
send(struct sr_serve *s, struct registration *g)
{
	struct sr_ua_invite in = { .uri = sr_cstr(g->registrar),
	    .from = sr_cstr(g->aor), .to = sr_cstr(g->aor), .auth = g->auth,
	    .call_id = sr_cstr(g->call_id), .tag = sr_cstr(g->tag),
	    .cookie = g->cookie };

	head_begin(s);
	sr_buf_fmt(&s->head, "Expires: %u\r\n", g->leaving ? 0 : g->expires);
	in.headers = sr_buf_str(&s->head);
	/* A challenge takes numbers of its own. */
	in.cseq = g->cseq += 10;
	g->due = SR_NEVER;
	g->running = sr_ua_request(s->ua, s->now, SR_STR("REGISTER"), &in) ==
	    SR_OK;
	if (g->running || g->leaving)
		return;
	g->due = s->now + AGAIN;
	serve_due(s, g->due);
}

static void
drop(struct registration *g)
{
	free(g->registrar);
	free(g->aor);
	free(g);
}

int
sr_serve_register(struct sr_serve *s, const struct sr_serve_register *r,
    sr_time now, uint64_t *ticket)
{
	struct registration *g = sr_zalloc(sizeof(*g));

	s->now = now;
	if (g == NULL)
		return SR_ENOMEM;
	g->registrar = text_dup(r->registrar);
	g->aor = text_dup(r->aor);
	if (g->registrar == NULL || g->aor == NULL) {
		drop(g);
		return SR_ENOMEM;
	}
	g->expires = r->expires > 0 ? r->expires : HOUR;
	g->auth = r->auth;
	g->ticket = *ticket = ++s->tickets;
	g->cookie = FIRST_COOKIE + g->ticket;
	hex_token(s, g->call_id, 32);
	hex_token(s, g->tag, 16);
	g->next = s->registrations;
	s->registrations = g;
	send(s, g);
	return SR_OK;
}

/* The registrar may grant less than was asked for: in Contact, or Expires. */
static uint32_t
granted(const struct registration *g, const struct sr_msg *m)
{
	uint64_t n = g->expires, v;
	struct sr_str text;

	if (sr_param(m->contact.params, "expires", &text) &&
	    sr_strnum(text, &v) == SR_OK)
		n = v;
	else if (sr_strnum(sr_msg_header(m, "Expires", 0), &v) == SR_OK)
		n = v;
	return n < 2 ? 2 : n > 7 * 24 * HOUR ? 7 * 24 * HOUR : (uint32_t)n;
}

static void
answered(struct sr_serve *s, struct registration *g,
    const struct sr_ua_event *ev)
{
	uint64_t least;
	bool failed = ev->kind == SR_UA_FAILED;

	g->running = false;
	g->registered = !failed && ev->status < 300 && !g->leaving;
	if (!failed && ev->status == 423 && !g->leaving && sr_strnum(
	    sr_msg_header(ev->msg, "Min-Expires", 0), &least) == SR_OK &&
	    least > g->expires && least < 7 * 24 * HOUR) {
		g->expires = (uint32_t)least;
		send(s, g);
		return;
	}
	g->due = g->registered ? s->now + granted(g, ev->msg) * (SR_SEC / 2) :
	    s->now + AGAIN;
	if (g->leaving)
		g->due = SR_NEVER;
	serve_due(s, g->due);
}

void
register_response(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct sr_serve_event *done;
	struct registration *g = s->registrations;

	if (ev->kind == SR_UA_RESPONSE && ev->status < 200)
		return;
	while (g != NULL && g->cookie != ev->cookie)
		g = g->next;
	if (g == NULL)
		return;
	answered(s, g, ev);
	if ((done = serve_event(s, SR_SERVE_DONE, NULL)) == NULL)
		return;
	done->act = SR_ACT_REGISTER;
	done->ticket = g->ticket;
	done->status = ev->kind == SR_UA_FAILED ? 0 : ev->status;
}

void
register_tick(struct sr_serve *s)
{
	for (struct registration *g = s->registrations; g != NULL;
	    g = g->next) {
		if (g->due <= s->now)
			send(s, g);
		serve_due(s, g->due);
	}
}

void
register_leave(struct sr_serve *s)
{
	for (struct registration *g = s->registrations; g != NULL;
	    g = g->next) {
		if (g->leaving)
			continue;
		g->leaving = true;
		g->due = SR_NEVER;
		if (g->registered)
			send(s, g);
	}
}

bool
register_busy(const struct sr_serve *s)
{
	for (const struct registration *g = s->registrations; g != NULL;
	    g = g->next)
		if (g->running)
			return true;
	return false;
}

void
register_free(struct sr_serve *s)
{
	struct registration *g;

	while ((g = s->registrations) != NULL) {
		s->registrations = g->next;
		drop(g);
	}
}
