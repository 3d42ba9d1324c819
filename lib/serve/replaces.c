/* replaces - an INVITE that takes over from another dialog, RFC 3891. */
#include "priv.h"

#include <string.h>

struct replaces {
	struct sr_str call_id, to_tag, from_tag;
	bool early_only;
};

static bool
read_replaces(struct replaces *p, const struct sr_msg *m)
{
	struct sr_str v = sr_msg_header(m, "Replaces", 0), params, x;
	size_t semi = sr_strchr(v, ';');

	if (sr_msg_header(m, "Replaces", 1).n > 0 || sr_strchr(v, ',') < v.n ||
	    sr_msg_header(m, "Join", 0).n > 0)
		return false;
	p->call_id = sr_trim(sr_substr(v, 0, semi));
	params = sr_substr(v, semi, v.n);
	p->early_only = sr_param(params, "early-only", &x);
	return p->call_id.n > 0 && sr_param(params, "to-tag", &p->to_tag) &&
	    sr_param(params, "from-tag", &p->from_tag);
}

/* A tag of 0 is that of a client that knows no tags (RFC 2543). */
static struct sr_str
or_null(struct sr_str tag)
{
	return sr_streq(tag, SR_STR("0")) ? (struct sr_str){ NULL, 0 } : tag;
}

static struct sr_dialog *
find(struct sr_serve *s, const struct replaces *p)
{
	struct sr_dialog *d = sr_ua_find(s->ua, p->call_id, p->to_tag,
	    p->from_tag);

	if (d != NULL)
		return d;
	return sr_ua_find(s->ua, p->call_id, or_null(p->to_tag),
	    or_null(p->from_tag));
}

/* What has to do with recordings in a dialog; CANCEL goes where its INVITE
 * went. */
static bool
in_dialog(const struct sr_msg *m)
{
	switch (m->method) {
	case SR_INVITE:
	case SR_ACK:
	case SR_BYE:
	case SR_UPDATE:
	case SR_PRACK:
	case SR_M_INFO:
	case SR_OPTIONS:
		return m->to.tag.n > 0;
	default:
		return false;
	}
}

static bool
misses(struct sr_serve *s, const struct sr_msg *m, struct sr_str *call_id)
{
	struct replaces p;

	if (in_dialog(m)) {
		*call_id = m->call_id;
		return !sr_ua_knows(s->ua, m) &&
		    leg_of_session(s, m->call_id) == NULL &&
		    !ended_lately(s, m->call_id, m->to.tag, m->from.tag);
	}
	if (m->method != SR_INVITE || !read_replaces(&p, m))
		return false;
	*call_id = p.call_id;
	return !sr_ua_knows(s->ua, m) && find(s, &p) == NULL &&
	    leg_of_session(s, p.call_id) == NULL &&
	    !ended_lately(s, p.call_id, p.to_tag, p.from_tag);
}

bool
sr_serve_misses(struct sr_serve *s, struct sr_str raw, struct sr_str *call_id)
{
	struct sr_msg m;
	bool yes;

	head_begin(s);
	yes = sr_msg_parse(&m, raw) == SR_OK && m.status == 0 &&
	    misses(s, &m, call_id) && sr_buf_add(&s->head, *call_id) == SR_OK;
	sr_msg_free(&m);
	*call_id = yes ? sr_buf_str(&s->head) : (struct sr_str){ NULL, 0 };
	return yes;
}

static bool
same(const char *a, struct sr_str b)
{
	return a != NULL && b.n > 0 && sr_streq(sr_cstr(a), b);
}

/* RFC 3891 section 5: who knows the Call-ID and tags need not be who may
 * take the call. */
static bool
may_replace(const struct sr_serve *s, const struct leg *old,
    const struct sr_ua_event *ev, struct sr_str user)
{
	switch (s->cfg.replaces) {
	case SR_REPLACES_ANY:
		return true;
	case SR_REPLACES_NONE:
		return false;
	case SR_REPLACES_DIGEST:
		return same(old->user, user);
	case SR_REPLACES_SAME:
		break;
	}
	if (old->identity != NULL || s->identity.n > 0)
		return same(old->identity, s->identity);
	if (old->user != NULL || user.n > 0)
		return same(old->user, user);
	return sr_addr_ipeq(&old->from, &ev->hop.remote);
}

static int
judge(struct sr_serve *s, const struct sr_ua_event *ev, struct sr_str user,
    const struct replaces *p, struct leg **old)
{
	struct sr_dialog *d = find(s, p);
	struct leg *l = d != NULL ? *sr_dialog_slot(d) : NULL;

	if (l == NULL)
		return ended_lately(s, p->call_id, p->to_tag, p->from_tag) ?
		    603 : 481;
	switch (sr_dialog_state(d)) {
	case SR_D_EARLY:
		if (!sr_dialog_is_uac(d))
			return 481;
		break;
	case SR_D_CONFIRMED:
		if (l->ending)
			return 603;
		if (p->early_only)
			return 486;
		break;
	default:
		return 603;
	}
	if (!may_replace(s, l, ev, user))
		return 403;
	*old = l;
	return 0;
}

void
replaces_check(struct sr_serve *s, const struct sr_ua_event *ev,
    struct sr_str user, struct refusal *r, struct leg **old)
{
	struct replaces p;

	*old = NULL;
	if (sr_msg_header(ev->msg, "Replaces", 0).n == 0)
		return;
	if (!read_replaces(&p, ev->msg)) {
		*r = (struct refusal){ .status = 400, .warning = 399,
		    .text = "Replaces cannot be read" };
		return;
	}
	r->status = judge(s, ev, user, &p, old);
	if (r->status == 403) {
		r->warning = 399;
		r->text = "not the one that is replaced";
	}
}
