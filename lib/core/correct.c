/* correct - what only the whole of a stream can tell about its clock.
 *
 * Sender reports say which instant of the sender's clock a timestamp is (RFC
 * 3550 6.4.1): two streams of one sender are aligned by them, whatever their
 * packets went through.  The trend of the lowest delays says how fast the
 * sender's clock runs against the one of the capture. */
#include "priv.h"

void
media_rtcp(struct sr_engine *e, struct flow *f, struct sr_str data)
{
	struct sr_stream *t = f->stream;
	struct sr_rtcp r;

	if (t == NULL)
		t = bind_find_rtcp(e, &f->key);
	if (t != NULL && (t->secure != NULL || t->sealed) &&
	    !secure_open_rtcp(e, t, &data))
		return;
	while (t != NULL && sr_rtcp_next(&data, &r) == SR_OK) {
		struct sr_stream *of = t->session->streams;

		while (of != NULL && (!of->sent || of->ssrc != r.ssrc))
			of = of->next;
		if (of != NULL && r.type == 200 && r.ntp != 0) {
			of->report = r;
			of->report.cname = (struct sr_str){ NULL, 0 };
			of->report_at = e->now;
		}
	}
}

/* The sender's clock when sample 0 of the session was, as this stream has
 * it; false when it cannot be told. */
static bool
origin(const struct sr_stream *t, sr_time *at)
{
	uint64_t s = t->report.ntp >> 32, f = t->report.ntp & 0xffffffffu;
	sr_time place;

	if (t->report.ntp == 0 || !sr_line_locate(t->line, t->report.ssrc,
	    t->report.rtp_ts, &place))
		return false;
	*at = (sr_time)s * SR_SEC + (sr_time)(f * 1000000000u >> 32) - place;
	return true;
}

static void
begin_correction(struct sr_stream *t, bool deskew)
{
	struct sr_correction *c = &t->correction;
	struct sr_numbers n;

	sr_line_numbers(t->line, &n);
	*c = (struct sr_correction){ n.begin, n.end, n.begin, 1 };
	if (deskew)
		c->stretch = 1 + sr_line_skew(t->line);
}

sr_time
correct(struct sr_session *s)
{
	const struct sr_cfg *cfg = &s->engine->cfg;
	sr_time first = SR_NEVER, length = 0, zero = 0, mine;
	bool have = false;
	struct sr_stream *t;

	for (t = s->streams; t != NULL; t = t->next) {
		begin_correction(t, cfg->deskew);
		if (!t->heard)
			continue;
		if (cfg->align && origin(t, &mine)) {
			if (!have)
				zero = mine;
			have = true;
			t->correction.to += mine - zero;
		}
		if (t->correction.to < first)
			first = t->correction.to;
	}
	for (t = s->streams; t != NULL && first != SR_NEVER; t = t->next) {
		struct sr_correction *c = &t->correction;
		sr_time end;

		if (!t->heard)
			continue;
		c->to -= first;
		end = c->to + (sr_time)((double)(c->end - c->begin) *
		    c->stretch);
		if (end > length)
			length = end;
	}
	if (first != SR_NEVER && s->start.t0 != SR_NEVER)
		s->start.t0 += first;
	return length;
}

void
sr_stream_correction(const struct sr_stream *t, struct sr_correction *c)
{
	*c = t->correction;
}
