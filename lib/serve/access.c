/* access - who may ask for something here: rows 3 to 5 of the table that
 * decide.c follows. */
#include "priv.h"

#include <string.h>

int
sr_cidr_parse(struct sr_cidr *c, struct sr_str s)
{
	size_t slash = sr_strchr(s, '/');
	uint64_t bits;
	unsigned most;

	if (sr_addr_parse(&c->addr, sr_substr(s, 0, slash)) != SR_OK ||
	    c->addr.port != 0)
		return SR_EBAD;
	most = c->addr.family == 4 ? 32 : 128;
	c->bits = most;
	if (slash == s.n)
		return SR_OK;
	if (sr_strnum(sr_substr(s, slash + 1, s.n), &bits) != SR_OK ||
	    bits > most)
		return SR_EBAD;
	c->bits = (unsigned)bits;
	return SR_OK;
}

/* An IPv4 peer of a socket that speaks both comes as ::ffff:192.0.2.1. */
static struct sr_addr
plain(const struct sr_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct sr_addr b = *a;

	if (a->family != 6 || memcmp(a->ip, mapped, sizeof(mapped)) != 0)
		return b;
	memset(b.ip, 0, sizeof(b.ip));
	memcpy(b.ip, a->ip + 12, 4);
	b.family = 4;
	return b;
}

bool
cidr_has(const struct sr_cidr *c, const struct sr_addr *peer)
{
	struct sr_addr a = plain(peer);
	unsigned whole = c->bits / 8, rest = c->bits % 8;
	unsigned mask = 0xff00u >> rest & 0xff;

	return a.family == c->addr.family &&
	    memcmp(a.ip, c->addr.ip, whole) == 0 &&
	    (rest == 0 || (a.ip[whole] & mask) == (c->addr.ip[whole] & mask));
}

static bool
among(const struct sr_cidr *v, size_t n, const struct sr_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (cidr_has(&v[i], a))
			return true;
	return false;
}

/* ---- identity ---- */

/* * is any text.  The last one met takes what it must: no recursion. */
static bool
fits(struct sr_str pattern, struct sr_str s)
{
	size_t p = 0, i = 0, star = SIZE_MAX, from = 0;

	while (i < s.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			from = i;
		} else if (p < pattern.n && sr_strieq(sr_substr(pattern, p,
		    1), sr_substr(s, i, 1))) {
			p++;
			i++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			i = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

static bool
welcome(const struct sr_serve *s, struct sr_str user)
{
	struct sr_str names = s->identity, name;
	size_t end;

	for (size_t i = 0; i < s->cfg.nwho; i++)
		if (user.n > 0 && fits(s->cfg.who[i], user))
			return true;
	for (; names.n > 0; names = sr_substr(names, end + 1, names.n)) {
		end = sr_strchr(names, ',');
		name = sr_substr(names, 0, end);
		for (size_t i = 0; i < s->cfg.nwho; i++)
			if (fits(s->cfg.who[i], sr_trim(name)))
				return true;
	}
	return s->cfg.nwho == 0;
}

static bool
is_other(const struct leg *l, struct sr_str identity)
{
	return l != NULL && l->identity != NULL &&
	    !sr_streq(sr_cstr(l->identity), identity);
}

/* RFC 3261 section 26.3.2 leaves it to us: whose certificate began a dialog
 * is known, and nobody else's words change it, whatever tags they know. */
bool
access_stranger(struct sr_serve *s, const struct sr_serve_in *in)
{
	struct sr_msg m;
	struct sr_dialog *d;
	struct leg *l = NULL;

	if (sr_msg_parse(&m, in->raw) == SR_OK &&
	    !sr_stristarts(in->raw, SR_STR("SIP/"))) {
		d = sr_ua_find(s->ua, m.call_id, m.to.tag, m.from.tag);
		if (d != NULL)
			l = *sr_dialog_slot(d);
		else if (m.to.tag.n == 0)
			l = leg_of_session(s, m.call_id);
		if (!is_other(l, s->identity))
			l = NULL;
	}
	if (l != NULL)
		serve_note(s, l, "identity", "a message of somebody else than "
		    "who began the dialog was dropped");
	sr_msg_free(&m);
	return l != NULL;
}

/* The URI of the first value; what is around it is for people. */
struct sr_str
access_asserted(struct sr_serve *s, const struct sr_ua_event *ev)
{
	struct sr_str v = sr_msg_header(ev->msg, "P-Asserted-Identity", 0);
	size_t open = sr_strchr(v, '<');

	if (v.n == 0 || s->cfg.ntrusted == 0)
		return (struct sr_str){ NULL, 0 };
	if (!among(s->cfg.trusted, s->cfg.ntrusted, &ev->hop.remote)) {
		serve_note(s, NULL, "R3325-5", "a P-Asserted-Identity of a "
		    "peer that is not trusted is not believed");
		return (struct sr_str){ NULL, 0 };
	}
	if (open < v.n) {
		v = sr_substr(v, open + 1, v.n);
		return sr_substr(v, 0, sr_strchr(v, '>'));
	}
	return sr_trim(sr_substr(v, 0, sr_strchr(v, ',')));
}

/* ---- the Identity header: RFC 8224 section 6.2.2 ---- */

static const struct refusal unproved[] = {
	[SR_PASSPORT_STALE] = { .status = 403, .reason = "Stale Date" },
	[SR_PASSPORT_INVALID] = { .status = 438 },
	[SR_PASSPORT_UNTRUSTED] = { .status = 437 },
	[SR_PASSPORT_UNKNOWN] = { .status = 436 },
	[SR_PASSPORT_NONE] = { .status = 428 }
};

void
access_passport(struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r, struct sr_passport *p)
{
	*p = (struct sr_passport){ .why = NULL };
	if (s->cfg.passport == SR_PASSPORT_IGNORE)
		return;
	sr_passport_check(p, ev->msg, ev->body, s->cfg.ua.crypto,
	    s->cfg.signers, s->now);
	if (p->verdict == SR_PASSPORT_GOOD ||
	    s->cfg.passport == SR_PASSPORT_LOG)
		return;
	*r = unproved[p->verdict];
	r->warning = 399;
	r->text = p->why;
	r->unproved = true;
}

/* ---- digest ---- */

static struct refusal
check_digest(struct sr_serve *s, const struct sr_ua_event *ev,
    struct sr_str *user)
{
	const struct sr_addr *from = &ev->hop.remote;
	enum sr_proto proto = ev->hop.proto;
	const struct sr_msg *m = ev->msg;

	*user = (struct sr_str){ NULL, 0 };
	if (s->cfg.users == NULL)
		return (struct refusal){ .status = 0 };
	if (limit_over(s->failures, from, s->now, 60 * SR_SEC,
	    s->cfg.failures_a_minute))
		return (struct refusal){ .status = 403, .warning = 399,
		    .text = "too many failed attempts" };
	switch (sr_auth_check(&s->auth, m, s->now, user)) {
	case SR_AUTH_OK:
		return (struct refusal){ .status = 0 };
	case SR_AUTH_BAD:
		return (struct refusal){ .status = 400, .warning = 399,
		    .text = "Authorization cannot be read" };
	case SR_AUTH_STALE:
		return (struct refusal){ .status = 401, .challenge = true,
		    .stale = true };
	case SR_AUTH_WRONG:
		/* Over UDP anybody can fail in the name of a good client. */
		if (proto != SR_UDP)
			limit_count(s->failures, from, s->now, 60 * SR_SEC);
		/* fallthrough */
	default:
		return (struct refusal){ .status = 401, .challenge = true };
	}
}

static bool
for_us(const struct sr_serve *s, struct sr_str uri)
{
	struct sr_str user, host;

	if (s->cfg.nhosts == 0)
		return true;
	if (sr_uri_split(uri, &user, &host) != SR_OK)
		return false;
	for (size_t i = 0; i < s->cfg.nhosts; i++)
		if (sr_strieq(host, s->cfg.hosts[i]))
			return true;
	return false;
}

void
access_check(struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r, struct sr_str *user)
{
	*r = check_digest(s, ev, user);
	if (r->status != 0)
		return;
	if (!welcome(s, *user))
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "this identity may not call here" };
	else if (s->cfg.nallow > 0 && !among(s->cfg.allow, s->cfg.nallow,
	    &ev->hop.remote))
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "this address may not call here" };
	else if (s->cfg.secure && ev->hop.proto != SR_TLS)
		*r = (struct refusal){ .status = 403, .warning = 399,
		    .text = "TLS is required" };
	else if (ev->fault == 416)
		*r = (struct refusal){ .status = 416, .fault = true };
	else if (!for_us(s, ev->msg->uri))
		*r = (struct refusal){ .status = 404 };
	else if (ev->fault == 482 || ev->fault == 420)
		*r = (struct refusal){ .status = ev->fault, .fault = true };
}
