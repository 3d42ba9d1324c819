/* restore - a dialog made again of the bytes of save.c, in another process: it
 * has missed some time, and cannot know what was said last. */
#include "priv.h"

#include <string.h>

enum { JUMP = 100, LATE = 32 };

/* ---- pieces: what is wrong makes r bad ---- */

static void
load_hop(struct sr_rd *r, struct sr_hop *hop)
{
	uint8_t proto = sr_u8(r);

	hop->proto = proto <= SR_TLS ? (enum sr_proto)proto : SR_UDP;
	sr_addr_unpack(r, &hop->local);
	sr_addr_unpack(r, &hop->remote);
	hop->conn = 0;
	r->bad |= proto > SR_TLS;
}

/* Part of a header: nothing can be smuggled in. */
static struct sr_str
load_text(struct sr_rd *r)
{
	struct sr_str s = sr_unpack_str(r, MAX_SAVED);

	if (s.n > 0 && !sr_header_safe(s))
		r->bad = true;
	return s;
}

/* One in <> a line, each part of a header. */
static struct sr_str
load_routes(struct sr_rd *r)
{
	struct sr_str s = sr_unpack_str(r, MAX_SAVED), rest = s, one;

	while (sr_strcut(&rest, '\n', &one))
		if (one.n > 0 && !sr_header_safe(one))
			r->bad = true;
	return s;
}

static void
load_sid(struct sr_rd *r, char sid[UUID_HEX + 1])
{
	struct sr_str s = load_text(r);

	if (s.n != 0 && s.n != UUID_HEX)
		r->bad = true;
	else if (s.n > 0)
		memcpy(sid, s.p, s.n);
	sid[r->bad ? 0 : s.n] = '\0';
}

static sr_time
load_time(struct sr_rd *r)
{
	uint64_t t = sr_u64(r);

	if (t > INT64_MAX / 2)
		r->bad = true;
	return r->bad ? 0 : (sr_time)t;
}

static int
load_wire(struct sr_rd *r, struct wire **w)
{
	struct sr_str s = sr_unpack_str(r, MAX_SAVED);

	*w = NULL;
	if (s.n == 0)
		return SR_OK;
	if ((*w = wire_new(s)) == NULL)
		return SR_ENOMEM;
	(*w)->sent = true;
	return SR_OK;
}

/* ---- the session timer ---- */

/* As if the peer had refreshed while nobody heard it; ours is made up for. */
static void
load_timers(struct sr_rd *r, struct sr_dialog *d)
{
	struct timers *h = &d->ua->timers;
	sr_time now = d->ua->now, refresh = load_time(r);
	sr_time expire = load_time(r), grace = now + SR_SEC *
	    (d->interval / 3 > LATE ? d->interval / 3 : LATE);
	sr_time soon = ua_between(d->ua, now, now + 2 * SR_SEC);

	if (r->bad || d->interval == 0)
		return;
	if (d->ours)
		timer_set(h, &d->refresh, refresh > soon ? refresh : soon);
	timer_set(h, &d->expire, expire > grace ? expire : grace);
}

/* ---- a 2xx without its ACK ---- */

/* It is a transaction again: whoever repeats the INVITE gets it again, and it
 * repeats itself until the ACK, as it would have. */
static int
load_unacked(struct sr_rd *r, struct sr_dialog *d)
{
	uint32_t cseq = sr_u32(r);
	bool offering = sr_u8(r) != 0;
	sr_time end = load_time(r);
	struct sr_hop hop;
	struct sr_str key, merge;
	struct wire *w;
	int err;

	load_hop(r, &hop);
	key = sr_unpack_str(r, MAX_SAVED);
	merge = sr_unpack_str(r, MAX_SAVED);
	if ((err = load_wire(r, &w)) != SR_OK)
		return err;
	if (r->bad || r->n > 0 || key.n == 0)
		err = SR_EBAD;
	else
		err = server_restore(d, &(struct server_past){ .cseq = cseq,
		    .offering = offering, .end = end, .hop = hop, .key = key,
		    .merge = merge, .wire = w });
	wire_drop(w);
	return err;
}

/* ---- all of it ---- */

static unsigned
load_numbers(struct sr_rd *r, struct sr_dialog *d)
{
	unsigned flags = sr_u16(r);
	uint8_t rel = sr_u8(r);

	d->uac = (flags & SAVED_UAC) != 0;
	d->secure = (flags & SAVED_SECURE) != 0;
	d->ours = (flags & SAVED_OURS) != 0;
	d->has_remote_cseq = (flags & SAVED_REMOTE_CSEQ) != 0;
	d->rel = rel <= SR_100REL_REQUIRED ? (enum sr_ua_100rel)rel :
	    SR_100REL_OFF;
	d->local_cseq = sr_u32(r);
	d->remote_cseq = sr_u32(r);
	d->interval = sr_u32(r);
	d->min_se = sr_u32(r);
	d->ack_cseq = sr_u32(r);
	if (flags >= SAVED_FLAGS || rel > SR_100REL_REQUIRED ||
	    d->local_cseq > INT32_MAX - 2 * JUMP)
		r->bad = true;
	load_timers(r, d);
	d->local_cseq += JUMP;
	d->before = d->local_cseq;
	return flags;
}

static int
load_texts(struct sr_rd *r, struct sr_dialog *d, unsigned flags)
{
	struct sr_str *texts[SAVED_TEXTS], s;

	save_texts(d, texts);
	for (size_t i = 0; i < SAVED_TEXTS; i++) {
		s = texts[i] == &d->peer.routes ? load_routes(r) :
		    load_text(r);
		/* Empty is something else than absent. */
		if (s.p == NULL && ((texts[i] == &d->user &&
		    (flags & SAVED_USER) != 0) ||
		    (texts[i] == &d->contact_params &&
		    (flags & SAVED_PARAMS) != 0)))
			s = SR_STR("");
		if (text_set(texts[i], s) != SR_OK)
			return SR_ENOMEM;
	}
	return SR_OK;
}

static int
load_rest(struct sr_rd *r, struct sr_dialog *d)
{
	int err;

	load_sid(r, d->sid);
	load_sid(r, d->remote_sid);
	load_hop(r, &d->peer.hop);
	if (text_set(&d->local_sdp, sr_unpack_str(r, MAX_SAVED)) != SR_OK ||
	    text_set(&d->remote_sdp, sr_unpack_str(r, MAX_SAVED)) != SR_OK)
		return SR_ENOMEM;
	load_hop(r, &d->ack_hop);
	if ((err = load_wire(r, &d->ack)) != SR_OK)
		return err;
	d->tagged = d->confirmed = true;
	d->state = SR_D_CONFIRMED;
	return SR_OK;
}

/* Judged before anything else knows of it. */
static int
judge(const struct sr_rd *r, struct sr_dialog *d, unsigned flags)
{
	struct sr_str user, host;

	if (r->bad || (r->n > 0) != ((flags & SAVED_UNACKED) != 0) ||
	    d->call_id.n == 0 || d->local_tag.n == 0 || d->local.n == 0 ||
	    d->remote.n == 0 || d->peer.hop.remote.family == 0 ||
	    sr_uri_split(d->peer.target, &user, &host) != SR_OK)
		return SR_EBAD;
	return dialog_find(d->ua, d->call_id, d->local_tag, d->peer.tag) ==
	    NULL ? SR_OK : SR_EBAD;
}

static int
load(struct sr_rd *r, struct sr_dialog *d)
{
	uint8_t version = sr_u8(r);
	unsigned flags;
	int err;

	if (version > SAVED_VERSION)
		return SR_EUNSUP;
	r->bad |= version == 0;
	flags = load_numbers(r, d);
	if ((err = load_texts(r, d, flags)) != SR_OK ||
	    (err = load_rest(r, d)) != SR_OK ||
	    (err = judge(r, d, flags)) != SR_OK ||
	    (err = dialog_table(d)) != SR_OK)
		return err;
	return (flags & SAVED_UNACKED) != 0 ? load_unacked(r, d) : SR_OK;
}

int
sr_dialog_restore(struct sr_ua *ua, struct sr_str in, sr_time now,
    struct sr_dialog **out)
{
	struct sr_rd r = sr_rd(in);
	struct sr_dialog *d;
	int err;

	ua->now = now;
	if ((d = dialog_new(ua)) == NULL)
		return ua->ndialogs >= ua->cfg.max_dialogs ? SR_ELIMIT :
		    SR_ENOMEM;
	if ((err = load(&r, d)) == SR_OK)
		*out = d;
	else
		sr_dialog_drop(d);
	return err;
}

void
sr_dialog_move(struct sr_dialog *d, const struct sr_hop *here)
{
	struct sr_hop *hop = &d->peer.hop;
	uint16_t port = hop->local.port;

	if (hop->conn != 0)
		return;
	hop->local = here->local;
	if (hop->proto == here->proto)
		return;
	if (d->ua->cfg.local[hop->proto].family != 0)
		hop->local = d->ua->cfg.local[hop->proto];
	else
		hop->local.port = port;
}

/* ---- without a word ---- */

static void
unsay(struct sr_ua *ua, const struct sr_dialog *d)
{
	size_t n = ua->head;

	for (size_t i = ua->head; i < ua->n; i++) {
		if (ua->queue[i].dialog == d) {
			wire_drop(ua->sent[i]);
			continue;
		}
		ua->queue[n] = ua->queue[i];
		ua->sent[n++] = ua->sent[i];
	}
	ua->n = n;
}

static void
silence(struct sr_dialog *d)
{
	const struct table *t = &d->ua->servers;

	for (size_t i = 0; i < t->cap; i++)
		for (struct node *x = t->v[i]; x != NULL; x = x->next) {
			struct sr_tx *tx = x->item;

			if (tx->of == d->serial)
				server_silence(tx);
		}
}

void
sr_dialog_drop(struct sr_dialog *d)
{
	struct sr_ua *ua = d->ua;

	if (d->reaped)
		return;
	unsay(ua, d);
	refresh_off(d);
	while (d->jobs != NULL)
		job_over(d->jobs);
	silence(d);
	while (d->txs != NULL)
		tx_over(d->txs);
	dialog_bury(d);
}
