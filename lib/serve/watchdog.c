/* watchdog - sessions whose media or whose client went away, and those that
 * last too long.  Silence alone ends nothing: only a client that answers a
 * probe with 481, 408 or not at all is gone. */
#include "priv.h"

#include <string.h>

#define STEP (100 * SR_MSEC)
#define PATIENCE (5 * SR_SEC)
#define ORPHAN (10 * SR_SEC)		/* after its server came again */

static sr_time
later(sr_time a, sr_time b)
{
	return a == SR_NEVER || b == SR_NEVER || a > SR_NEVER - b ? SR_NEVER :
	    a + b;
}

static sr_time
sooner(sr_time a, sr_time b)
{
	return a < b ? a : b;
}

/* Up to the next step, so that thousands of legs are looked at together. */
static sr_time
round_up(sr_time t)
{
	return t >= SR_NEVER - STEP ? SR_NEVER : t + (STEP - t % STEP) % STEP;
}

static bool
should_have_media(const struct line *n)
{
	return n->live && n->dir == SR_RECVONLY && !n->held && !n->muted;
}

/* When the first line that should have media has had none for too long. */
static sr_time
quiet_at(const struct leg *l)
{
	sr_time at = SR_NEVER;

	for (size_t i = 0; i < l->nlines; i++)
		if (should_have_media(&l->lines[i]))
			at = sooner(at, later(l->lines[i].heard,
			    l->s->cfg.media_timeout));
	return at;
}

bool
watchdog_expects(const struct leg *l)
{
	for (size_t i = 0; i < l->nlines; i++)
		if (should_have_media(&l->lines[i]))
			return true;
	return false;
}

/* A client that refreshes the session tells by itself that it is there; media
 * tells it too.  One that had the time to go while nobody was here is asked
 * soon. */
static sr_time
orphan_at(const struct leg *l)
{
	sr_time last = l->sip_at;

	if (l->back.at != 0 && !l->back.heard)
		return l->back.at + ORPHAN;
	if (sr_dialog_timer(l->d).interval > 0)
		return SR_NEVER;
	for (size_t i = 0; i < l->nlines; i++)
		if (should_have_media(&l->lines[i]) &&
		    l->lines[i].heard > last)
			last = l->lines[i].heard;
	return later(last, l->s->cfg.probe);
}

static sr_time
probe_at(const struct leg *l)
{
	sr_time at = sooner(quiet_at(l), orphan_at(l));

	if (l->probing)
		return SR_NEVER;
	return l->probe_at != SR_NEVER && at < l->probe_at ? l->probe_at : at;
}

sr_time
watchdog_due(const struct leg *l)
{
	sr_time at = l->answer_at;

	if (!l->answered || l->ending)
		return at;
	at = sooner(at, round_up(later(l->since, l->s->cfg.max_duration)));
	at = sooner(at, round_up(probe_at(l)));
	if (l->acked && !leg_busy(l)) {
		if (l->snap_wanted)
			at = sooner(at, l->snap_at);
		if (l->back.renew)
			at = sooner(at, l->back.renew_at);
		if (at < l->back.quiet)
			at = l->back.quiet;
	}
	if (l->snap_waits)
		at = sooner(at, later(l->snap_at, PATIENCE));
	return at;
}

static void
probe(struct leg *l)
{
	struct sr_serve *s = l->s;
	struct sr_dialog_request r = { .method = SR_STR("OPTIONS"),
	    .cookie = FOR_PROBE };
	bool quiet = quiet_at(l) <= s->now;

	if (quiet && !l->timed_out)
		serve_note(s, l, "media-timeout", "no media for a long time: "
		    "the client is asked whether it is there");
	l->timed_out = quiet;
	l->probe_at = later(s->now, quiet ? s->cfg.media_timeout :
	    s->cfg.probe);
	sr_dialog_set_reason(l->d, "media-timeout");
	l->probing = sr_dialog_request(l->d, s->now, &r) == SR_OK;
}

void
watchdog_tick(struct leg *l)
{
	struct sr_serve *s = l->s;

	if (l->answer_at <= s->now)
		session_answer(l);
	if (!l->answered || l->ending)
		return;
	if (later(l->since, s->cfg.max_duration) <= s->now) {
		leg_bye(l, "max-duration", 200);
		return;
	}
	if (l->snap_waits && later(l->snap_at, PATIENCE) <= s->now) {
		l->snap_waits = false;
		if (l->snap_tries < 2)
			snapshot_want(l, "the snapshot did not come");
	}
	leg_kick(l);
	if (probe_at(l) <= s->now)
		probe(l);
}

void
watchdog_response(struct leg *l, int status)
{
	if (status > 0 && status < 200)
		return;
	l->probing = false;
	if (status != 0 && status != 408 && status != 481) {
		sr_dialog_set_reason(l->d, NULL);
		serve_due(l->s, watchdog_due(l));
		return;
	}
	serve_note(l->s, l, "media-timeout", "the client is gone: the call is "
	    "ended");
	leg_bye(l, "media-timeout", status != 0 ? status : 408);
}

void
sr_serve_heard(struct sr_serve *s, uint64_t leg, size_t line, sr_time at)
{
	struct leg *l = leg_by_id(s, leg);

	if (l == NULL || line >= l->nlines || at <= l->lines[line].heard)
		return;
	l->back.heard = true;
	l->lines[line].heard = at;
	l->timed_out = false;
}
