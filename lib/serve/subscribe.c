/* subscribe - those who want to know of our dialogs: RFC 6665, RFC 4235.
 *
 * A subscription is a dialog, but none of INVITE: its few transactions are
 * kept here, beside those of the ua. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 3600, MAX_REPLY = 16384 };
#define PACE SR_SEC			/* between two NOTIFY to one */

static sr_time
t1(const struct sr_serve *s)
{
	return s->cfg.ua.t1 > 0 ? s->cfg.ua.t1 : 500 * SR_MSEC;
}

static sr_time
t2(const struct sr_serve *s)
{
	return s->cfg.ua.t2 > 0 ? s->cfg.ua.t2 : 4 * SR_SEC;
}

bool
subscribe_ours(const struct sr_msg *m)
{
	struct sr_str v = sr_msg_header(m, "Event", 0);

	return sr_strieq(sr_trim(sr_substr(v, 0, sr_strchr(v, ';'))),
	    SR_STR("dialog"));
}

/* ---- who they are ---- */

static bool
is(const char *text, struct sr_str s)
{
	return text != NULL && sr_streq(sr_cstr(text), s);
}

static struct subscription *
find(const struct sr_serve *s, const struct sr_msg *m)
{
	struct subscription *u = s->subscriptions;

	for (; u != NULL; u = u->next)
		if (is(u->call_id, m->call_id) &&
		    is(u->remote_tag, m->from.tag) && (m->to.tag.n == 0 ||
		    is(u->tag, m->to.tag)))
			return u;
	return NULL;
}

static void
drop(struct subscription *u)
{
	free(u->call_id);
	free(u->from);
	free(u->to);
	free(u->target);
	free(u->event);
	free(u->routes);
	free(u->remote_tag);
	sr_buf_free(&u->reply);
	sr_buf_free(&u->notify);
	free(u);
}

static void
drop_grave(void *p)
{
	drop(p);
}

static void
pin(struct sr_serve *s, enum sr_serve_kind kind, uint64_t conn)
{
	struct sr_serve_event *ev;

	if (conn != 0 && (ev = serve_event(s, kind, NULL)) != NULL)
		ev->conn = conn;
}

static void
forget(struct sr_serve *s, struct subscription *u)
{
	struct subscription **at = &s->subscriptions;

	pin(s, SR_SERVE_UNPIN, u->hop.conn);
	while (*at != u)
		at = &(*at)->next;
	*at = u->next;
	s->nsubscriptions--;
	serve_bury(s, u, drop_grave);
}

static char *
routes(const struct sr_msg *m)
{
	struct sr_buf b;
	struct sr_str v;
	char *text;

	sr_buf_init(&b, 8192);
	for (size_t i = 0; (v = sr_msg_header(m, "Record-Route", i)).n > 0;
	    i++)
		sr_header_add(&b, "Route", v);
	text = text_dup(sr_buf_str(&b));
	sr_buf_free(&b);
	return text;
}

static struct subscription *
make(struct sr_serve *s, const struct sr_msg *m)
{
	struct subscription *u = sr_zalloc(sizeof(*u));
	struct sr_str from = sr_msg_header(m, "From", 0);
	struct sr_str to = sr_msg_header(m, "To", 0);

	if (u == NULL)
		return NULL;
	sr_buf_init(&u->reply, MAX_REPLY);
	sr_buf_init(&u->notify, MAX_HEADERS + MAX_BODY);
	u->call_id = text_dup(m->call_id);
	u->from = text_dup(from);
	u->to = text_dup(to);
	u->target = text_dup(m->contact.uri.n > 0 ? m->contact.uri :
	    m->from.uri);
	u->event = text_dup(sr_msg_header(m, "Event", 0));
	u->remote_tag = text_dup(m->from.tag);
	u->routes = routes(m);
	hex_token(s, u->tag, 16);
	if (u->call_id == NULL || u->from == NULL || u->to == NULL ||
	    u->target == NULL || u->event == NULL || u->routes == NULL ||
	    u->remote_tag == NULL || !sr_header_safe(m->call_id) ||
	    !sr_header_safe(from) || !sr_header_safe(to) ||
	    !sr_header_safe(sr_cstr(u->target)) ||
	    !sr_header_safe(sr_cstr(u->event))) {
		drop(u);
		return NULL;
	}
	u->next = s->subscriptions;
	s->subscriptions = u;
	s->nsubscriptions++;
	return u;
}

/* ---- 200, RFC 3261 8.2.6 and 18.2, RFC 3581 ---- */

static void
put_via(struct sr_buf *b, struct sr_str v, const struct sr_addr *from)
{
	size_t comma = sr_strchr(v, ',');
	struct sr_str top = sr_substr(v, 0, comma), x;
	struct sr_str params = sr_substr(top, sr_strchr(top, ';'), top.n);
	size_t at = sr_strifind(top, SR_STR(";rport"));
	struct sr_addr a = *from;

	a.port = 0;
	sr_buf_add(b, SR_STR("Via: "));
	if (sr_param(params, "rport", &x) && x.n == 0 && at < top.n) {
		sr_buf_add(b, sr_substr(top, 0, at + 6));
		sr_buf_fmt(b, "=%u", from->port);
		sr_buf_add(b, sr_substr(top, at + 6, top.n));
	} else {
		sr_buf_add(b, top);
	}
	sr_buf_add(b, SR_STR(";received="));
	sr_addr_print(b, &a);
	sr_buf_add(b, sr_substr(v, comma, v.n));
	sr_buf_add(b, SR_STR("\r\n"));
}

/* Without rport a datagram goes to the port of the Via. */
static struct sr_hop
way_back(const struct sr_msg *m, const struct sr_hop *from)
{
	struct sr_str v = sr_msg_header(m, "Via", 0), params, x, host;
	struct sr_hop hop = *from;
	struct sr_addr by;
	uint64_t port = 5060;
	size_t semi;

	v = sr_substr(v, 0, sr_strchr(v, ','));
	semi = sr_strchr(v, ';');
	params = sr_substr(v, semi, v.n);
	if (from->proto != SR_UDP || sr_param(params, "rport", &x))
		return hop;
	host = sr_trim(sr_substr(v, 0, semi));
	host = sr_substr(host, sr_strchr(host, ' ') + 1, host.n);
	if (sr_addr_parse(&by, sr_trim(host)) == SR_OK)
		port = by.port != 0 ? by.port : 5060;
	else if (sr_strnum(sr_trim(sr_substr(host, sr_strchr(host, ':') + 1,
	    host.n)), &port) != SR_OK || port == 0 || port > UINT16_MAX)
		port = 5060;
	hop.remote.port = (uint16_t)port;
	return hop;
}

static void
put_reply(struct sr_serve *s, struct subscription *u, const struct sr_msg *m,
    int status, uint32_t expires)
{
	struct sr_buf *b = &u->reply;
	struct sr_str v;

	b->n = 0;
	sr_buf_fmt(b, "SIP/2.0 %d %s\r\n", status, status == 200 ? "OK" :
	    "CSeq Out Of Order");
	for (size_t i = 0; (v = sr_msg_header(m, "Via", i)).n > 0; i++)
		if (i == 0)
			put_via(b, v, &u->hop.remote);
		else
			sr_header_add(b, "Via", v);
	sr_header_add(b, "From", sr_msg_header(m, "From", 0));
	sr_buf_fmt(b, "To: %.*s", SR_FMT(sr_msg_header(m, "To", 0)));
	if (m->to.tag.n == 0)
		sr_buf_fmt(b, ";tag=%s", u->tag);
	sr_buf_fmt(b, "\r\nCall-ID: %s\r\nCSeq: %u SUBSCRIBE\r\n",
	    u->call_id, m->cseq);
	for (size_t i = 0; (v = sr_msg_header(m, "Record-Route", i)).n > 0;
	    i++)
		sr_header_add(b, "Record-Route", v);
	sr_buf_fmt(b, "Contact: <sip:%.*s@", SR_FMT(s->cfg.ua.user));
	sr_addr_print(b, &u->hop.local);
	sr_buf_fmt(b, "%s>%.*s\r\n", u->hop.proto == SR_UDP ? "" :
	    u->hop.proto == SR_TCP ? ";transport=tcp" : ";transport=tls",
	    SR_FMT(s->cfg.ua.contact_params));
	if (status == 200)
		sr_buf_fmt(b, "Expires: %u\r\n", expires);
	sr_buf_add(b, SR_STR("Content-Length: 0\r\n\r\n"));
}

static void
send(struct sr_serve *s, const struct sr_hop *hop, struct sr_str data,
    enum sr_method method, int status, struct sr_str branch)
{
	struct sr_serve_event *ev = serve_event(s, SR_SERVE_SEND, NULL);
	char *copy = text_dup(data), *id = text_dup(branch);

	if (ev == NULL || copy == NULL || id == NULL) {
		free(copy);
		free(id);
		if (ev != NULL)
			s->qn--;
		return;
	}
	serve_bury(s, copy, free);
	serve_bury(s, id, free);
	ev->hop = *hop;
	ev->data = (struct sr_str){ copy, data.n };
	ev->method = method;
	ev->status = status;
	ev->server = status != 0;
	ev->branch = sr_cstr(id);
}

/* ---- SUBSCRIBE ---- */

static uint32_t
wanted(const struct sr_msg *m)
{
	uint64_t n;

	if (sr_strnum(sr_trim(sr_msg_header(m, "Expires", 0)), &n) != SR_OK ||
	    n > LONGEST)
		return LONGEST;
	return (uint32_t)n;
}

static void
accept(struct sr_serve *s, struct subscription *u, const struct sr_msg *m)
{
	uint32_t expires = wanted(m);

	u->remote_cseq = m->cseq;
	u->expires = s->now + expires * SR_SEC;
	u->over = expires == 0;
	u->dirty = true;
	u->told = 0;
	put_reply(s, u, m, 200, expires);
	serve_due(s, u->expires);
}

static bool
may_begin(struct sr_serve *s, const struct sr_msg *m,
    const struct sr_hop *from)
{
	struct sr_ua_event ev = { .msg = m, .hop = *from };
	struct refusal r;
	struct sr_str user;

	if (m->to.tag.n > 0 || m->from.tag.n == 0 || s->shutdown ||
	    s->nsubscriptions >= s->cfg.max_subscriptions ||
	    sr_msg_header(m, "Require", 0).n > 0 ||
	    sr_msg_header(m, "Replaces", 0).n > 0 ||
	    !sr_stristarts(m->uri, SR_STR("sip")))
		return false;
	access_check(s, &ev, &r, &user);
	return r.status == 0;
}

/* False: not for here; the ua then finds the answer. */
static bool
subscribed(struct sr_serve *s, const struct sr_msg *m,
    const struct sr_hop *from)
{
	struct subscription *u = find(s, m);
	struct sr_hop back = way_back(m, from);

	if (m->status != 0 || m->method != SR_SUBSCRIBE || !m->has_cseq ||
	    !subscribe_ours(m) || m->branch.n == 0)
		return false;
	if (u == NULL && (!may_begin(s, m, from) ||
	    (u = make(s, m)) == NULL))
		return false;
	if (u->hop.conn != from->conn) {
		pin(s, SR_SERVE_PIN, from->conn);
		pin(s, SR_SERVE_UNPIN, u->hop.conn);
	}
	u->hop = *from;
	if (u->reply.n == 0 || m->cseq > u->remote_cseq)
		accept(s, u, m);
	else if (m->cseq < u->remote_cseq)
		put_reply(s, u, m, 500, 0);
	send(s, &back, sr_buf_str(&u->reply), SR_SUBSCRIBE,
	    m->cseq < u->remote_cseq ? 500 : 200, m->branch);
	return true;
}

/* ---- NOTIFY ---- */

static void
notify(struct sr_serve *s, struct subscription *u)
{
	u->dirty = false;
	u->told = s->now;
	if (notify_write(s, u) != SR_OK)
		return;
	u->running = true;
	u->interval = t1(s);
	u->again = u->hop.proto == SR_UDP ? s->now + u->interval : SR_NEVER;
	u->give_up = s->now + 64 * t1(s);
	serve_due(s, u->again);
	serve_due(s, u->give_up);
	send(s, &u->hop, sr_buf_str(&u->notify), SR_NOTIFY, 0,
	    sr_cstr(u->branch));
}

static bool
notified(struct sr_serve *s, const struct sr_msg *m)
{
	struct subscription *u = s->subscriptions;

	if (m->status == 0 || m->method != SR_NOTIFY)
		return false;
	while (u != NULL && (!u->running || !is(u->branch, m->branch)))
		u = u->next;
	if (u == NULL || m->status < 200)
		return u != NULL;
	u->running = false;
	if (u->over || m->status >= 300)
		forget(s, u);
	return true;
}

bool
subscribe_receive(struct sr_serve *s, const struct sr_hop *from,
    struct sr_str raw)
{
	struct sr_msg m;
	bool ours;

	if (!sr_strstarts(raw, SR_STR("SUBSCRIBE ")) &&
	    (s->subscriptions == NULL || !sr_strstarts(raw,
	    SR_STR("SIP/2.0 ")) || sr_strifind(raw, SR_STR("NOTIFY")) ==
	    raw.n))
		return false;
	ours = sr_msg_parse(&m, raw) == SR_OK &&
	    (notified(s, &m) || subscribed(s, &m, from));
	sr_msg_free(&m);
	return ours;
}

void
subscribe_changed(struct sr_serve *s)
{
	s->news = s->subscriptions != NULL;
}

/* When all is quiet: what changed meanwhile goes out in one. */
void
subscribe_flush(struct sr_serve *s)
{
	struct subscription *u, *next;

	for (u = s->subscriptions; u != NULL; u = next) {
		next = u->next;
		u->dirty |= s->news;
		if (!u->dirty || u->running)
			continue;
		if (u->told == 0 || u->over || s->now >= u->told + PACE)
			notify(s, u);
		else
			serve_due(s, u->told + PACE);
	}
	s->news = false;
}

static void
tick(struct sr_serve *s, struct subscription *u)
{
	if (u->running && s->now >= u->give_up) {
		forget(s, u);
		return;
	}
	if (u->running && s->now >= u->again) {
		send(s, &u->hop, sr_buf_str(&u->notify), SR_NOTIFY, 0,
		    sr_cstr(u->branch));
		u->interval = u->interval * 2 < t2(s) ? u->interval * 2 :
		    t2(s);
		u->again = s->now + u->interval;
	}
	if (!u->over && s->now >= u->expires)
		u->over = u->dirty = true;
	if (u->running) {
		serve_due(s, u->again);
		serve_due(s, u->give_up);
	} else if (u->dirty && !u->over) {
		serve_due(s, u->told + PACE);
	}
	if (!u->over)
		serve_due(s, u->expires);
}

void
subscribe_tick(struct sr_serve *s)
{
	struct subscription *u, *next;

	for (u = s->subscriptions; u != NULL; u = next) {
		next = u->next;
		tick(s, u);
	}
}

void
subscribe_leave(struct sr_serve *s)
{
	for (struct subscription *u = s->subscriptions; u != NULL;
	    u = u->next)
		u->over = u->dirty = true;
}

/* Who went away need not be told. */
void
subscribe_lost(struct sr_serve *s, const struct sr_hop *hop)
{
	struct subscription *u, *next;

	for (u = s->subscriptions; u != NULL; u = next) {
		next = u->next;
		if (hop->conn != 0 && u->hop.conn == hop->conn)
			forget(s, u);
	}
}

void
subscribe_free(struct sr_serve *s)
{
	struct subscription *u;

	while ((u = s->subscriptions) != NULL) {
		s->subscriptions = u->next;
		drop(u);
	}
}
