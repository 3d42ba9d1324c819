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
allowed(const struct sr_serve *s, const struct sr_addr *a)
{
	if (s->cfg.nallow == 0)
		return true;
	for (size_t i = 0; i < s->cfg.nallow; i++)
		if (cidr_has(&s->cfg.allow[i], a))
			return true;
	return false;
}

static struct refusal
check_digest(struct sr_serve *s, const struct sr_msg *m, struct sr_str *user)
{
	*user = (struct sr_str){ NULL, 0 };
	if (s->cfg.users == NULL)
		return (struct refusal){ .status = 0 };
	switch (sr_auth_check(&s->auth, m, s->now, user)) {
	case SR_AUTH_OK:
		return (struct refusal){ .status = 0 };
	case SR_AUTH_BAD:
		return (struct refusal){ .status = 400, .warning = 399,
		    .text = "Authorization cannot be read" };
	case SR_AUTH_STALE:
		return (struct refusal){ .status = 401, .challenge = true,
		    .stale = true };
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
	*r = check_digest(s, ev->msg, user);
	if (r->status != 0)
		return;
	if (!allowed(s, &ev->hop.remote))
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
