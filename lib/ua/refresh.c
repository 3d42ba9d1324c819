/* refresh - session timers: RFC 4028. */
#include "priv.h"

#include <string.h>

bool
refresh_too_small(const struct sr_ua *ua, const struct sr_msg *m)
{
	uint32_t se;

	return (m->method == SR_INVITE || m->method == SR_UPDATE) &&
	    value_number(sr_msg_header(m, "Session-Expires", 0), &se) &&
	    se < ua->cfg.min_se && (sr_msg_lists(m, "Supported", "timer") ||
	    sr_msg_lists(m, "Require", "timer"));
}

void
refresh_off(struct sr_dialog *d)
{
	timer_off(&d->ua->timers, &d->refresh);
	timer_off(&d->ua->timers, &d->expire);
	d->interval = 0;
}

/* Section 10: refresh at half the time; give up a little before its end. */
static void
start(struct sr_dialog *d, uint32_t interval, bool ours)
{
	struct sr_ua *ua = d->ua;
	uint32_t early = interval / 3 < 32 ? interval / 3 : 32;

	refresh_off(d);
	if (interval == 0 || d->bye_wanted)
		return;
	d->interval = interval;
	d->ours = ours;
	if (ours)
		timer_set(&ua->timers, &d->refresh,
		    ua->now + (sr_time)interval * SR_SEC / 2);
	timer_set(&ua->timers, &d->expire,
	    ua->now + (sr_time)(interval - early) * SR_SEC);
}

/* The interval for a 2xx, 0: none.  Never raised above what was asked. */
static uint32_t
agree(const struct sr_ua *ua, const struct sr_msg *m, bool peer)
{
	uint32_t se, min, want = ua->cfg.session_expires;

	value_number(sr_msg_header(m, "Min-SE", 0), &min);
	if (min < ua->cfg.min_se)
		min = ua->cfg.min_se;
	if (want > 0 && want < min)
		want = min;
	if (!value_number(sr_msg_header(m, "Session-Expires", 0), &se))
		return want;
	/* Too small for us, and the client knows no 422: without. */
	if (se < ua->cfg.min_se && !peer)
		return 0;
	return want > 0 && want < se ? want : se;
}

/* Table 2 of section 9; where it leaves the choice, the client refreshes. */
void
refresh_answer(struct sr_tx *tx, struct sr_buf *extra, bool *need)
{
	const struct sr_msg *m = &tx->req->msg;
	bool peer = sr_msg_lists(m, "Supported", "timer") ||
	    sr_msg_lists(m, "Require", "timer");
	uint32_t se = agree(tx->ua, m, peer);
	struct sr_str head, params, who;
	bool ours;

	value_split(sr_msg_header(m, "Session-Expires", 0), &head, &params);
	sr_param(params, "refresher", &who);
	ours = !peer || sr_strieq(who, SR_STR("uas"));
	start(tx->d, se, ours);
	if (se == 0)
		return;
	sr_buf_fmt(extra, "Session-Expires: %u;refresher=%s\r\n", se,
	    ours ? "uas" : "uac");
	*need = peer;
}

void
refresh_learn(struct sr_dialog *d, const struct sr_msg *m)
{
	struct sr_str se = sr_msg_header(m, "Session-Expires", 0);
	struct sr_str head, params, who;
	uint32_t interval;

	value_split(se, &head, &params);
	sr_param(params, "refresher", &who);
	value_number(se, &interval);
	/* Nobody may drive us to refresh all the time. */
	if (interval > 0 && interval < d->ua->cfg.min_se)
		interval = d->ua->cfg.min_se;
	start(d, interval, !sr_strieq(who, SR_STR("uas")));
}

void
refresh_write(struct sr_buf *b, const struct job *j)
{
	const struct sr_dialog *d = j->d;
	enum sr_ua_refresher who = d->refresher;
	uint32_t se = j->first ? d->wanted_se : d->interval;

	if (se == 0)
		return;
	if (!j->first)
		who = d->ours ? SR_REFRESH_UAC : SR_REFRESH_UAS;
	sr_buf_fmt(b, "Session-Expires: %u%s\r\n", se,
	    who == SR_REFRESH_NONE ? "" : who == SR_REFRESH_UAC ?
	    ";refresher=uac" : ";refresher=uas");
	if (d->min_se != 90)
		sr_buf_fmt(b, "Min-SE: %u\r\n", d->min_se);
}

/* Without words where the peer can do UPDATE, else the same session again. */
void
refresh_due(struct sr_dialog *d)
{
	bool update = sr_dialog_allows(d, "UPDATE") || d->local_sdp.n == 0;
	static const struct sr_str none = { NULL, 0 };
	struct job *j;

	for (j = d->jobs; j != NULL; j = j->next)
		if (j->refresh)
			return;
	j = job_new(d, update ? SR_STR("UPDATE") : SR_STR("INVITE"));
	if (j == NULL)
		return;
	j->refresh = true;
	if (job_body(j, none, update ? none : SR_STR("application/sdp"),
	    update ? none : d->local_sdp) != SR_OK) {
		job_over(j);
		refresh_failed(d);
		return;
	}
	job_start(j);
}

/* Section 10: not over and over; the rest of the time is halved. */
void
refresh_failed(struct sr_dialog *d)
{
	struct sr_ua *ua = d->ua;
	sr_time left = d->expire.at - ua->now;

	if (d->expire.slot == 0 || left <= 2 * SR_SEC)
		return;
	timer_set(&ua->timers, &d->refresh, ua->now + left / 2);
}

void
refresh_expired(struct sr_dialog *d)
{
	dialog_bye(d, "session-timer");
}
