/* control - what an operator asks for, and how the client is told: RFC 7866
 * section 7.2, by re-INVITE and BYE. */
#include "priv.h"

#include <string.h>

void
control_event(struct leg *l, enum sr_serve_act act, uint64_t ticket,
    int status)
{
	struct sr_serve_event *ev;

	if (ticket == 0 ||
	    (ev = serve_event(l->s, SR_SERVE_DONE, l)) == NULL)
		return;
	ev->ticket = ticket;
	ev->act = act;
	ev->status = status;
}

/* The commands that went out with the last offer have their answer. */
void
control_done(struct leg *l, int status)
{
	size_t n = l->nsent;

	for (size_t i = 0; i < n; i++)
		control_event(l, l->acts[i].act, l->acts[i].ticket, status);
	memmove(l->acts, l->acts + n, (l->nacts - n) * sizeof(l->acts[0]));
	l->nacts -= n;
	l->nsent = 0;
}

/* Nobody is left to be told. */
void
control_over(struct leg *l)
{
	l->nsent = l->nacts;
	control_done(l, 0);
	control_event(l, SR_ACT_SNAPSHOT, l->snap_ticket, 0);
	control_event(l, SR_ACT_CALL, l->call, 0);
	control_event(l, SR_ACT_STOP, l->stop, 200);
	l->snap_ticket = l->call = l->stop = 0;
}

/* ---- no media to the engine while it is paused: card numbers ---- */

void
control_mute(struct leg *l, struct line *at, size_t line, bool on)
{
	struct sr_serve_event *ev;

	on |= at->dropped;
	if (at->muted == on)
		return;
	at->muted = on;
	if ((ev = serve_event(l->s, SR_SERVE_MUTE, l)) == NULL)
		return;
	ev->line = line;
	ev->on = on;
}

static void
mute_all(struct leg *l, bool on)
{
	for (size_t i = 0; i < l->nlines; i++)
		if (l->lines[i].live) {
			control_mute(l, &l->lines[i], i, on);
			l->lines[i].heard = l->s->now;
		}
}

/* A deal under way copies lines: it must not undo what was asked for since. */
static void
carry_over(struct leg *l)
{
	struct deal *d = l->deal;

	for (size_t i = 0; d != NULL && d->lines != NULL &&
	    i < d->plan.nlines && i < l->nlines; i++)
		if (d->lines[i].live && l->lines[i].live) {
			d->lines[i].muted = l->lines[i].muted;
			d->lines[i].dropped = l->lines[i].dropped;
		}
}

/* ---- telling the client ---- */

/* All that is wanted by now goes into one offer. */
void
control_kick(struct leg *l)
{
	bool renew = l->back.renew && l->back.renew_at <= l->s->now;
	struct refusal r;

	if (l->nacts == 0 && !renew)
		return;
	l->nsent = l->nacts;
	if (!l->paused)
		mute_all(l, false);
	if (deal_open(l, DEAL_OURS, NULL, sr_dialog_remote_sdp(l->d), &r) !=
	    SR_OK) {
		restore_told(l, r.status);
		control_done(l, r.status);
		return;
	}
	answer_keys(l->deal);
	if (l->deal->nwant > 0 || answer_write(l->deal) != SR_OK) {
		deal_drop(l);
		restore_told(l, 500);
		control_done(l, 500);
	} else if (!renew && sr_streq(sr_buf_str(&l->deal->local),
	    sr_dialog_local_sdp(l->d))) {
		deal_drop(l);
		control_done(l, 200);
	} else {
		session_ready(l->deal);
	}
}

static int
add_act(struct leg *l, enum sr_serve_act act, uint64_t *ticket)
{
	if (l->nacts == MAX_ACTS)
		return SR_ELIMIT;
	*ticket = ++l->s->tickets;
	l->acts[l->nacts++] = (struct act){ act, *ticket };
	return SR_OK;
}

static int
pause(struct leg *l, bool on, uint64_t *ticket)
{
	int err = add_act(l, on ? SR_ACT_PAUSE : SR_ACT_RESUME, ticket);

	/* Even when it cannot be told: nothing more is recorded. */
	l->paused = on;
	if (on) {
		mute_all(l, true);
		carry_over(l);
	}
	return err;
}

/* By its label; m1, m2 ... where it has none, as in file names. */
static bool
find_line(const struct leg *l, struct sr_str label, size_t *line)
{
	struct sr_sdp sdp;
	bool found = false;
	uint64_t n;

	if (sr_sdp_parse(&sdp, sr_dialog_remote_sdp(l->d)) == SR_OK)
		for (size_t i = 0; i < sdp.nmlines && i < l->nlines &&
		    !found; i++)
			if (l->lines[i].live && (sdp.mlines[i].label.n > 0 ?
			    sr_streq(sdp.mlines[i].label, label) :
			    sr_strstarts(label, SR_STR("m")) &&
			    sr_strnum(sr_substr(label, 1, label.n), &n) ==
			    SR_OK && n == i + 1)) {
				*line = i;
				found = true;
			}
	sr_sdp_free(&sdp);
	return found;
}

static void
mute_for_good(struct leg *l, size_t i)
{
	l->lines[i].dropped = true;
	control_mute(l, &l->lines[i], i, true);
	carry_over(l);
}

static int
drop_line(struct leg *l, struct sr_str label, uint64_t *ticket)
{
	size_t i;
	int err;

	if (!find_line(l, label, &i))
		return SR_ENOENT;
	if ((err = add_act(l, SR_ACT_DROP, ticket)) == SR_OK)
		mute_for_good(l, i);
	return err;
}

static bool
has_lines(const struct leg *l)
{
	for (size_t i = 0; i < l->nlines; i++)
		if (l->lines[i].live && !l->lines[i].dropped)
			return true;
	return false;
}

int
sr_serve_distrust(struct sr_serve *s, uint64_t leg, size_t line, sr_time now)
{
	struct leg *l = leg_by_id(s, leg);
	uint64_t ticket;

	s->now = now;
	if (l == NULL || l->ending || line >= l->nlines ||
	    !l->lines[line].live || l->lines[line].dropped)
		return SR_ENOENT;
	mute_for_good(l, line);
	persist_dirty(l);
	if (has_lines(l) && add_act(l, SR_ACT_DROP, &ticket) == SR_OK)
		leg_kick(l);
	else
		leg_bye(l, "fingerprint", 488);
	return SR_OK;
}

static int
ask_snapshot(struct leg *l, uint64_t *ticket)
{
	if (!l->answered || !sr_dialog_allows(l->d, "UPDATE") ||
	    l->snap_never)
		return SR_EUNSUP;
	control_event(l, SR_ACT_SNAPSHOT, l->snap_ticket, 0);
	l->snap_ticket = *ticket = ++l->s->tickets;
	snapshot_want(l, "requested by the operator");
	l->snap_at = l->s->now;
	return SR_OK;
}

int
sr_serve_do(struct sr_serve *s, enum sr_serve_act act, struct sr_str session,
    struct sr_str label, sr_time now, uint64_t *ticket)
{
	struct leg *l = leg_by_name(s, session);
	int err = SR_EBAD;

	s->now = now;
	*ticket = 0;
	if (l == NULL)
		return SR_ENOENT;
	if (l->ending)
		return SR_EBAD;
	switch (act) {
	case SR_ACT_PAUSE:
	case SR_ACT_RESUME:
		err = pause(l, act == SR_ACT_PAUSE, ticket);
		break;
	case SR_ACT_DROP:
		err = drop_line(l, label, ticket);
		break;
	case SR_ACT_SNAPSHOT:
		err = ask_snapshot(l, ticket);
		break;
	case SR_ACT_STOP:
		l->stop = *ticket = ++s->tickets;
		leg_bye(l, "stopped", 200);
		return SR_OK;
	default:
		return SR_EBAD;
	}
	if (act != SR_ACT_SNAPSHOT)
		persist_dirty(l);
	leg_kick(l);
	return err;
}

int
sr_serve_end(struct sr_serve *s, struct sr_str session, const char *reason,
    sr_time now)
{
	struct leg *l = leg_by_name(s, session);

	s->now = now;
	if (session.p != NULL && (l == NULL || l->ending))
		return SR_ENOENT;
	if (session.p != NULL)
		leg_bye(l, reason, 200);
	else
		for (l = s->oldest; l != NULL; l = l->newer)
			leg_bye(l, reason, 200);
	return SR_OK;
}
