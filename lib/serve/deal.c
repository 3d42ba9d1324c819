/* deal - an offer and its answer, RFC 3264: read, judged, given ports, and
 * when both sides agree, in force.  Until then the session is as it was. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading the other side's SDP ---- */

/* All of a plan that a later one looks at. */
static int
plan_before(struct sr_plan *p, const struct leg *l)
{
	*p = (struct sr_plan){ .nlines = l->nlines };
	if (l->nlines == 0)
		return SR_OK;
	if ((p->lines = calloc(l->nlines, sizeof(*p->lines))) == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < l->nlines; i++) {
		p->lines[i].refused = l->lines[i].live ? SR_TAKEN : SR_NO_PORT;
		p->lines[i].keying = l->lines[i].keying;
		p->lines[i].active = l->lines[i].active;
	}
	return SR_OK;
}

static struct refusal
hopeless(const struct sr_plan *p)
{
	static const struct { enum sr_refusal why; int code; } v[] = {
		{ SR_NO_FORMAT, 305 }, { SR_NO_PROTO, 302 },
		{ SR_NO_MEDIA, 304 }
	};
	struct refusal r = { .status = 488, .warning = 399,
	    .text = "no stream that could be recorded" };

	for (size_t k = 0; k < sizeof(v) / sizeof(*v); k++)
		for (size_t i = 0; i < p->nlines; i++)
			if (p->lines[i].refused == v[k].why) {
				r.warning = v[k].code;
				r.text = sr_refusal_text(v[k].why);
				return r;
			}
	if (p->nlines > 0)
		r.text = sr_refusal_text(p->lines[0].refused);
	return r;
}

static int
read_sdp(struct deal *d, struct sr_str text, struct refusal *r)
{
	if ((d->text = text_dup(text)) == NULL)
		return SR_ENOMEM;
	if (sr_sdp_parse(&d->sdp, sr_cstr(d->text)) != SR_OK) {
		*r = (struct refusal){ .status = d->leg->answered ? 488 : 400,
		    .warning = 399, .text = "SDP cannot be read" };
		return SR_EBAD;
	}
	if (d->sdp.nmlines > d->leg->s->cfg.max_lines) {
		*r = (struct refusal){ .status = 488, .warning = 399,
		    .text = "too many m-lines" };
		return SR_ELIMIT;
	}
	return SR_OK;
}

static int
judge_sdp(struct deal *d, struct refusal *r)
{
	struct leg *l = d->leg;
	struct sr_plan before;
	int err = plan_before(&before, l);

	if (err == SR_OK)
		err = sr_sdp_plan(&d->plan, &d->sdp, l->nlines > 0 ? &before :
		    NULL, &l->s->plan);
	free(before.lines);
	if (err == SR_EBAD)
		*r = (struct refusal){ .status = 488, .warning = 399,
		    .text = "fewer m-lines than before" };
	if (err != SR_OK)
		return err;
	if (d->plan.hopeless) {
		*r = hopeless(&d->plan);
		return SR_EUNSUP;
	}
	return SR_OK;
}

/* ---- what our lines would be ---- */

/* RFC 7866 section 7.2: an offer of ours adds no stream; neither does it bring
 * back what we refused. */
static bool
may_live(const struct deal *d, size_t i)
{
	const struct leg *l = d->leg;
	bool ours = d->kind == DEAL_OURS || d->kind == DEAL_BACK ||
	    (d->kind == DEAL_LATE && l->nlines > 0);

	if (d->lines[i].dropped && d->kind != DEAL_BACK)
		return false;
	return d->plan.lines[i].refused == SR_TAKEN && (!ours ||
	    (i < l->nlines && l->lines[i].live));
}

/* A slot that was given up and is offered again holds a new stream. */
static int
make_lines(struct deal *d)
{
	const struct leg *l = d->leg;
	struct line *n;

	d->lines = calloc(d->plan.nlines > 0 ? d->plan.nlines : 1,
	    sizeof(*d->lines));
	d->want = calloc(d->plan.nlines > 0 ? d->plan.nlines : 1,
	    sizeof(*d->want));
	if (d->lines == NULL || d->want == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < d->plan.nlines; i++) {
		n = &d->lines[i];
		if (i < l->nlines && l->lines[i].live)
			*n = l->lines[i];
		n->live = may_live(d, i);
		n->text = d->plan.lines[i].text;
	}
	return SR_OK;
}

static void
want_ports(struct deal *d)
{
	const struct sr_addr local = sr_dialog_hop(d->leg->d)->local;
	const struct sr_plan_line *p;

	for (size_t i = 0; i < d->plan.nlines; i++) {
		p = &d->plan.lines[i];
		if (!d->lines[i].live || d->lines[i].bound)
			continue;
		d->want[d->nwant++] = (struct sr_serve_want){ .line = i,
		    .family = p->rtp.family != 0 ? p->rtp.family :
		    local.family != 0 ? local.family : 4,
		    .mux = p->mux, .text = p->text, .local = local,
		    .again = { d->lines[i].rtp, d->lines[i].rtcp } };
	}
}

int
deal_open(struct leg *l, enum deal_kind kind, struct sr_tx *tx,
    struct sr_str text, struct refusal *r)
{
	struct deal *d = sr_zalloc(sizeof(*d));
	int err = SR_ENOMEM;

	*r = (struct refusal){ .status = 500 };
	if (d == NULL)
		return SR_ENOMEM;
	d->leg = l;
	d->kind = kind;
	d->tx = tx;
	sr_buf_init(&d->local, MAX_SDP);
	if ((err = read_sdp(d, text, r)) != SR_OK ||
	    (err = judge_sdp(d, r)) != SR_OK ||
	    (err = make_lines(d)) != SR_OK)
		goto out;
	want_ports(d);
	l->deal = d;
	d = NULL;
out:
	deal_free(d);
	return err;
}

void
deal_free(void *p)
{
	struct deal *d = p;

	if (d == NULL)
		return;
	sr_sdp_free(&d->sdp);
	sr_plan_free(&d->plan);
	sr_buf_free(&d->local);
	free(d->text);
	free(d->lines);
	free(d->want);
	free(d);
}

/* ---- ports ---- */

static void
go_on(struct deal *d)
{
	if (d->kind == DEAL_BACK) {
		restore_ready(d);
		return;
	}
	answer_keys(d);
	if (answer_write(d) == SR_OK) {
		session_ready(d);
		return;
	}
	session_unable(d, &(struct refusal){ .status = 488, .warning = 399,
	    .text = "no answer can be written" });
}

void
deal_start(struct deal *d)
{
	struct sr_serve_event *ev;

	if (d->nwant == 0) {
		go_on(d);
		return;
	}
	d->waiting = true;
	if ((ev = serve_event(d->leg->s, SR_SERVE_PORTS, d->leg)) == NULL) {
		session_unable(d, &(struct refusal){ .status = 500 });
		return;
	}
	ev->want = d->want;
	ev->nwant = d->nwant;
}

/* A first call goes to another server; a running one stays as it was. */
static void
no_ports(struct deal *d)
{
	bool first = !d->leg->answered;

	session_unable(d, &(struct refusal){ .status = first ? 503 : 488,
	    .warning = 399, .text = "no ports are left" });
}

int
sr_serve_ports(struct sr_serve *s, uint64_t leg,
    const struct sr_serve_port *v, size_t n, sr_time now)
{
	struct leg *l = leg_by_id(s, leg);
	struct deal *d = l != NULL ? l->deal : NULL;

	s->now = now;
	if (d == NULL || !d->waiting || (n != 0 && n != d->nwant))
		return SR_ENOENT;
	d->waiting = false;
	if (n == 0) {
		no_ports(d);
		return SR_OK;
	}
	for (size_t i = 0; i < n; i++) {
		struct line *at = &d->lines[d->want[i].line];

		at->rtp = v[i].rtp;
		at->rtcp = v[i].rtcp;
		at->bound = true;
	}
	go_on(d);
	leg_kick(l);
	return SR_OK;
}

static void
release(struct leg *l, size_t line)
{
	struct sr_serve_event *ev = serve_event(l->s, SR_SERVE_RELEASE, l);

	if (ev != NULL)
		ev->line = line;
}

static void
drop_secret(void *p)
{
	sr_wipe(p, sizeof(struct secret));
	free(p);
}

void
deal_drop(struct leg *l)
{
	struct deal *d = l->deal;

	if (d == NULL)
		return;
	for (size_t i = 0; d->lines != NULL && i < d->plan.nlines; i++) {
		struct line *old = i < l->nlines ? &l->lines[i] : NULL;
		struct line *n = &d->lines[i];

		if (n->bound && (old == NULL || !old->bound))
			release(l, i);
		if (old == NULL || n->secret != old->secret)
			serve_bury(l->s, n->secret, drop_secret);
	}
	l->deal = NULL;
	serve_bury(l->s, d, deal_free);
}

/* ---- in force ---- */

static uint64_t
keys_hash(const struct sr_plan_line *p, const struct line *n,
    const struct sr_serve_keying *k)
{
	uint64_t h = p->keying * 2u + p->active + 1;

	if (p->keying == SR_KEYS_NONE && !p->ice)
		return 0;
	for (size_t i = 0; p->keying == SR_KEYS_SDES && i < p->keys.n; i++) {
		h = h * 31 + sr_hash(p->keys.v[i].key, SR_MAX_KEY);
		h = h * 31 + sr_hash(p->keys.v[i].salt, SR_MAX_SALT);
		h = h * 31 + p->keys.v[i].suite;
	}
	for (size_t i = 0; i < k->nfingerprints; i++)
		h = h * 31 + sr_hash(k->fingerprints[i].p,
		    k->fingerprints[i].n);
	if (n->secret != NULL) {
		h = h * 31 + sr_hash(n->secret->key.key, SR_MAX_KEY);
		h = h * 31 + sr_hash(n->secret->ufrag, UFRAG);
	}
	return h | 1;
}

static void
tell_keys(struct deal *d, size_t i)
{
	const struct sr_plan_line *p = &d->plan.lines[i];
	struct line *n = &d->lines[i];
	struct sr_serve_keying k = { .keying = p->keying,
	    .active = p->active };
	struct sr_serve_event *ev;
	uint64_t h;

	/* Keys that died with their process are agreed anew. */
	if (d->kind == DEAL_BACK && (p->keying == SR_KEYS_DTLS ||
	    (p->keying == SR_KEYS_SDES && d->leg->back.blank)))
		return;
	if (p->keying == SR_KEYS_DTLS)
		k.nfingerprints = sr_mline_fingerprints(&d->sdp,
		    &d->sdp.mlines[i], k.fingerprints, SR_FINGERPRINTS);
	if ((h = keys_hash(p, n, &k)) == n->keys)
		return;
	n->keys = h;
	if (p->keying == SR_KEYS_SDES && d->kind != DEAL_BACK &&
	    sr_dialog_hop(d->leg->d)->proto != SR_TLS)
		serve_note(d->leg->s, d->leg, "R7866-12.2-4", "the keys of "
		    "SRTP came in clear");
	if ((ev = serve_event(d->leg->s, SR_SERVE_KEYS, d->leg)) == NULL)
		return;
	ev->line = i;
	ev->keying = k;
	if (p->keying == SR_KEYS_SDES && n->secret != NULL) {
		ev->keying.ours = &n->secret->key;
		ev->keying.theirs = &p->keys;
		ev->keying.old = n->secret->spent;
	}
	if (p->ice && n->secret != NULL) {
		ev->keying.ufrag = sr_cstr(n->secret->ufrag);
		ev->keying.pwd = sr_cstr(n->secret->pwd);
	}
}

/* The least that both sides want. */
static enum sr_dir
direction(const struct deal *d, size_t i)
{
	return d->leg->paused || d->plan.lines[i].dir == SR_INACTIVE ?
	    SR_INACTIVE : SR_RECVONLY;
}

static void
tell_line(struct deal *d, size_t i, const struct line *old)
{
	const struct sr_plan_line *p = &d->plan.lines[i];
	struct leg *l = d->leg;
	struct line *n = &d->lines[i];
	struct sr_serve_event *ev;

	n->dir = direction(d, i);
	if (old == NULL || old->dir != n->dir)
		n->heard = l->s->now;
	n->peer_rtp = p->rtp;
	n->peer_rtcp = p->rtcp;
	n->mux = p->mux;
	n->held = p->held;
	n->keying = p->keying;
	n->active = p->active;
	tell_keys(d, i);
	control_mute(l, n, i, l->paused);
	if (old != NULL && old->dir == n->dir && old->held == n->held &&
	    old->mux == n->mux && old->keys == n->keys &&
	    sr_addr_eq(&old->peer_rtp, &n->peer_rtp) &&
	    sr_addr_eq(&old->peer_rtcp, &n->peer_rtcp))
		return;
	if ((ev = serve_event(l->s, SR_SERVE_LINE, l)) == NULL)
		return;
	ev->line = i;
	ev->label = d->sdp.mlines[i].label;
	ev->peer = p;
	ev->dir = n->dir;
}

static void
tell_undecodable(const struct deal *d, size_t i)
{
	if (!d->plan.lines[i].decodable)
		serve_note(d->leg->s, d->leg, "codec", "a stream whose codec "
		    "is not known here: its payload is kept");
}

void
deal_commit(struct deal *d)
{
	struct leg *l = d->leg;
	bool back = d->kind == DEAL_BACK;
	struct line *old, *n;

	for (size_t i = 0; i < d->plan.nlines; i++) {
		old = i < l->nlines && l->lines[i].live ? &l->lines[i] : NULL;
		n = &d->lines[i];
		if (n->live) {
			tell_line(d, i, back ? NULL : old);
			if (old == NULL)
				tell_undecodable(d, i);
		} else {
			if (n->bound || (old != NULL && old->bound))
				release(l, i);
			serve_bury(l->s, n->secret, drop_secret);
			if (old != NULL && n->secret == old->secret)
				old->secret = NULL;
			*n = (struct line){ .live = false };
		}
		if (i < l->nlines && l->lines[i].secret != n->secret)
			serve_bury(l->s, l->lines[i].secret, drop_secret);
	}
	free(l->lines);
	l->lines = d->lines;
	l->nlines = d->plan.nlines;
	d->lines = NULL;
	if (!back) {
		sr_dialog_set_sdp(l->d, sr_buf_str(&d->local),
		    sr_cstr(d->text));
		l->in_force = d->version;
		l->back.renew = l->back.blank = false;
	}
	l->deal = NULL;
	serve_bury(l->s, d, deal_free);
	serve_due(l->s, watchdog_due(l));
}

/* ---- the answer to ours ---- */

static int
read_answer(struct deal *a, const struct deal *d, struct sr_str text)
{
	struct sr_plan_cfg cfg = d->leg->s->plan;
	int err;

	cfg.answer = true;
	if ((a->text = text_dup(text)) == NULL)
		return SR_ENOMEM;
	if ((err = sr_sdp_parse(&a->sdp, sr_cstr(a->text))) != SR_OK ||
	    (err = sr_sdp_plan(&a->plan, &a->sdp, &d->plan, &cfg)) != SR_OK)
		return err;
	a->lines = calloc(a->plan.nlines > 0 ? a->plan.nlines : 1,
	    sizeof(*a->lines));
	return a->lines != NULL ? SR_OK : SR_ENOMEM;
}

int
deal_answered(struct leg *l, struct sr_str text)
{
	struct deal *d = l->deal, *a = sr_zalloc(sizeof(*a));
	int err = SR_ENOMEM;

	if (a == NULL)
		return SR_ENOMEM;
	a->leg = l;
	a->kind = d->kind;
	if ((err = read_answer(a, d, text)) != SR_OK) {
		deal_free(a);
		return err;
	}
	for (size_t i = 0; i < a->plan.nlines; i++) {
		a->lines[i] = d->lines[i];
		a->lines[i].live = d->lines[i].live &&
		    a->plan.lines[i].refused == SR_TAKEN;
		/* An answer need not repeat labels, RFC 4574 section 5. */
		if (a->sdp.mlines[i].label.n == 0)
			a->sdp.mlines[i].label = d->sdp.mlines[i].label;
	}
	a->local = d->local;
	sr_buf_init(&d->local, 0);
	a->version = d->version;
	l->deal = a;
	serve_bury(l->s, d, deal_free);
	deal_commit(a);
	return SR_OK;
}
