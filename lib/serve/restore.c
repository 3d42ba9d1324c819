/* restore - a session made again of the bytes of save.c, in another process:
 * as it was, on its ports if it can have them, and with what the client must
 * be told because it cannot. */
#include "priv.h"

#include <string.h>

#define QUIET (100 * SR_MSEC)		/* for a message that is to be fed */
#define AGAIN (5 * SR_SEC)		/* the next try to tell, and twice that
					 * for the one after */
#define UNREACHED (60 * SR_SEC)		/* the next try to find the client */

enum { MAX_RECORD = 1 << 24, TRIES = 5 };

/* ---- a leg ---- */

/* Keys that may not be used any more are forgotten. */
static int
forget_keys(struct leg *l)
{
	struct sr_buf local, remote;
	int err;

	for (size_t i = 0; i < l->nlines; i++)
		if (l->lines[i].secret != NULL) {
			sr_wipe(&l->lines[i].secret->key,
			    sizeof(l->lines[i].secret->key));
			l->lines[i].secret->spent = false;
		}
	sr_buf_init(&local, MAX_SDP);
	sr_buf_init(&remote, SIZE_MAX);
	if ((err = sr_sdp_blank(&local, sr_dialog_local_sdp(l->d))) == SR_OK)
		err = sr_sdp_blank(&remote, sr_dialog_remote_sdp(l->d));
	if (err == SR_OK)
		err = sr_dialog_set_sdp(l->d, sr_buf_str(&local),
		    sr_buf_str(&remote));
	sr_buf_free(&local);
	sr_buf_free(&remote);
	return err;
}

/* The lines must be those of the client's SDP, and still be wanted. */
static int
reopen(struct leg *l)
{
	struct refusal why;
	int err = deal_open(l, DEAL_BACK, NULL, sr_dialog_remote_sdp(l->d),
	    &why);

	if (err != SR_OK)
		return err == SR_EUNSUP || err == SR_ENOMEM ? err : SR_EBAD;
	return l->deal->plan.nlines == l->nlines ? SR_OK : SR_EBAD;
}

static int
restore_leg(struct sr_serve *s, struct sr_rd *r, struct sr_str first,
    bool had_keys, bool keys, const struct sr_hop *from)
{
	struct sr_str record = sr_unpack_str(r, MAX_RECORD);
	struct sr_dialog *d;
	struct leg *l;
	int err = r->bad ? SR_EBAD : sr_dialog_restore(s->ua, record, s->now,
	    &d);

	if (err != SR_OK)
		return err;
	if (from != NULL)
		sr_dialog_move(d, from);
	if ((l = leg_new(s, d)) == NULL) {
		sr_dialog_drop(d);
		return SR_ENOMEM;
	}
	if (!load_leg(r, l, !had_keys || !keys) ||
	    leg_named(l, first) != SR_OK)
		err = SR_ENOMEM;
	else if (r->bad)
		err = SR_EBAD;
	else if (had_keys && !keys)
		err = forget_keys(l);
	return err == SR_OK && !l->ending ? reopen(l) : err;
}

/* ---- it goes on ---- */

/* In place, with nobody to answer to: as in leg_answered, but it was one. */
static void
revive(struct leg *l, const struct sr_hop *from)
{
	struct sr_serve *s = l->s;

	l->back.at = l->sip_at = s->now;
	l->back.quiet = from != NULL ? s->now + QUIET : 0;
	l->kept = s->cfg.persist;
	s->proved |= l->identity != NULL;
	s->stats.now++;
	if (l->ending) {
		l->ending = false;
		leg_bye(l, l->why, 200);
		return;
	}
	/* Of a BYE that ends what nobody answers for. */
	sr_dialog_set_reason(l->d, "media-timeout");
	deal_start(l->deal);
	if (!l->acked && !sr_dialog_unacked(l->d))
		session_acked(l, &(struct sr_ua_event){
		    .kind = SR_UA_ACKED });
	serve_due(s, watchdog_due(l));
}

static void
revive_all(struct sr_serve *s, struct leg *l, const struct sr_hop *from)
{
	struct leg *v[MAX_KEPT + 1] = { NULL }, *next;
	size_t n = 0;

	for (struct leg *i = l; i != NULL; i = i->newer)
		v[++n] = i;
	for (size_t i = 1; i <= n; i++)
		v[i]->replaces = v[i]->replaces <= n &&
		    v[v[i]->replaces] != NULL ? v[v[i]->replaces]->id : 0;
	for (; l != NULL; l = next) {
		next = l->newer;
		revive(l, from);
	}
	subscribe_changed(s);
}

/* Newest first, so that those before stay as they were. */
static void
undo(struct sr_serve *s, const struct leg *last)
{
	while (s->newest != last)
		leg_undo(s->newest);
}

static int
restore(struct sr_serve *s, struct sr_rd *r, bool keys,
    const struct sr_hop *from)
{
	uint8_t version = sr_u8(r), had_keys = sr_u8(r);
	struct sr_str first = sr_unpack_str(r, MAX_SAVED_TEXT);
	size_t n = sr_u8(r);
	struct leg *last = s->newest;
	int err = SR_OK;

	if (version > SAVED_VERSION)
		return SR_EUNSUP;
	if (r->bad || version == 0 || had_keys > 1 || n == 0 ||
	    first.n == 0 || !sr_header_safe(first))
		return SR_EBAD;
	if (leg_of_session(s, first) != NULL)
		return SR_OK;
	for (size_t i = 0; i < n && err == SR_OK; i++)
		err = restore_leg(s, r, first, had_keys != 0, keys, from);
	if (err == SR_OK && r->n > 0)
		err = SR_EBAD;
	if (err == SR_OK)
		revive_all(s, last != NULL ? last->newer : s->oldest, from);
	else
		undo(s, last);
	return err;
}

int
sr_serve_restore(struct sr_serve *s, struct sr_str in, bool keys,
    const struct sr_hop *from, sr_time now)
{
	struct sr_rd r = sr_rd(in), sum;

	s->now = now;
	if (s->shutdown)
		return SR_ELIMIT;
	if (in.n < 8)
		return SR_EBAD;
	r.n -= 8;
	sum = (struct sr_rd){ r.p + r.n, 8, false };
	if (in.p[0] > SAVED_VERSION)
		return SR_EUNSUP;
	if (sr_u64(&sum) != save_sum(in.p, r.n))
		return SR_EBAD;
	return restore(s, &r, keys, from);
}

/* ---- its ports ---- */

static bool
elsewhere(const struct line *had, const struct line *n)
{
	return !sr_addr_eq(&had->rtp, &n->rtp) || had->rtcp != n->rtcp;
}

/* Must the client hear of this line?  What it knows of it is not so, or its
 * keys have died. */
static bool
is_news(const struct deal *d, size_t i)
{
	const struct leg *l = d->leg;
	const struct line *had = &l->lines[i], *n = &d->lines[i];
	enum sr_keying keying = d->plan.lines[i].keying;

	if (!n->live)
		return had->live;
	return elsewhere(had, n) || keying == SR_KEYS_DTLS ||
	    (keying == SR_KEYS_SDES && l->back.blank);
}

void
restore_ready(struct deal *d)
{
	struct leg *l = d->leg;
	struct line *n;

	for (size_t i = 0; i < d->plan.nlines; i++) {
		n = &d->lines[i];
		l->back.renew |= is_news(d, i);
		/* RFC 8445 section 9: another address is another session of
		 * ICE. */
		if (n->live && n->secret != NULL &&
		    elsewhere(&l->lines[i], n))
			n->secret->ufrag[0] = '\0';
	}
	deal_commit(d);
	snapshot_want(l, "SRS internal error");
	/* Not thousands at once. */
	if (l->snap_wanted)
		l->snap_at = l->s->now + (sr_time)(l->s->nlegs % 10000) *
		    SR_MSEC;
	persist_dirty(l);
	serve_due(l->s, watchdog_due(l));
}

/* ---- the client ---- */

static bool
is_gone(const struct sr_ua_event *ev)
{
	return ev->kind == SR_UA_FAILED ? strcmp(ev->why, "timeout") == 0 :
	    ev->status == 408 || ev->status == 481;
}

/* What could not be said is said when it can be heard. */
static void
reached(struct leg *l)
{
	if (!l->back.heard)
		sr_dialog_set_reason(l->d, NULL);
	l->back.heard = true;
	l->back.unreached = 0;
	l->back.renew_at = 0;
	if (!l->back.owed)
		return;
	l->back.owed = false;
	snapshot_want(l, "SRS internal error");
	l->snap_at = l->s->now;
}

void
restore_heard(struct leg *l, const struct sr_ua_event *ev)
{
	if (l->back.at == 0)
		return;
	switch (ev->kind) {
	case SR_UA_REQUEST:
		reached(l);
		break;
	case SR_UA_FAILED:
	case SR_UA_RESPONSE:
		if (is_gone(ev)) {
			if (l->why == NULL && !l->back.heard)
				l->why = "media-timeout";
		} else if (ev->kind == SR_UA_RESPONSE) {
			reached(l);
		} else if (ev->cookie == FOR_SNAPSHOT) {
			l->back.owed = true;
		}
		break;
	default:
		break;
	}
}

void
restore_told(struct leg *l, int status)
{
	if (!l->back.renew)
		return;
	l->back.renew_at = l->s->now + (AGAIN << l->back.tries);
	serve_due(l->s, l->back.renew_at);
	if (++l->back.tries < TRIES)
		return;
	l->back.renew = false;
	serve_note(l->s, l, "restore", status == 0 ?
	    "the client cannot be told of new ports or keys" :
	    "the client takes no new ports or keys");
}

bool
restore_unreached(struct leg *l, const struct sr_ua_event *ev)
{
	if (l->back.at == 0 || ev->kind != SR_UA_FAILED || is_gone(ev))
		return false;
	/* One that rests, or refreshes the session, may come by itself. */
	if (sr_dialog_timer(l->d).interval == 0 && watchdog_expects(l) &&
	    ++l->back.unreached > 3)
		return false;
	l->probing = false;
	l->probe_at = l->s->now + UNREACHED;
	serve_due(l->s, watchdog_due(l));
	return true;
}
