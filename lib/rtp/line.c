/* line - one stream's packets, in order and on the time line of its session.
 *
 * A source settles for 500 ms: its packets wait, and the least delayed of
 * them says where the stream stands.  After that packets pass straight
 * through, and wait only behind a hole, or while a jump of the delay is
 * looked at: a stall of the network comes back to the old level, a sender
 * that stood still does not, and is placed again by the clock on the wall.
 * A second source settles beside the first: if the first has fallen silent
 * by then it takes over, if not it wants a line of its own. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

int
sr_line_new(struct sr_line **lp, struct sr_start *start, bool keep_payload)
{
	size_t n = (sizeof(struct sr_line) + LINE_ALIGN - 1) / LINE_ALIGN *
	    LINE_ALIGN;
	struct sr_line *l = aligned_alloc(LINE_ALIGN, n);

	if (l == NULL)
		return SR_ENOMEM;
	memset(l, 0, n);
	l->start = start;
	l->keep_payload = keep_payload;
	l->ready_end = &l->ready;
	*lp = l;
	return SR_OK;
}

/* Where the media so far ends, in units of this clock, rounded up. */
static int64_t
end_in(const struct sr_line *l, uint32_t clock)
{
	if (l->end_clock == clock || clock == 0)
		return l->end_at;
	return (int64_t)((double)l->end * clock / 1e9 + 0.999999);
}

/* Clocks of captures and of senders jump: a place that is a day behind all
 * that the session has is no silence but a mistake, and would fill disks. */
static bool
is_absurd(const struct sr_line *l, double at)
{
	sr_time reached = l->end > l->start->end ? l->end : l->start->end;

	return at - (double)reached > (double)DAY || at > (double)YEAR;
}

/* Numbers a packet that leaves, and moves the end of the line. */
static void
leave(struct sr_line *l, struct source *s, struct sr_line_packet *p,
    int64_t seq, int64_t ts)
{
	int64_t end = end_in(l, s->clock), stop;

	p->at = s->at_ref + ts - s->ts_ref;
	p->doubted = s->doubted || is_absurd(l, (double)p->at * s->tick);
	s->doubted = false;
	if (p->doubted && p->at > end) {
		s->at_ref -= p->at - end;
		p->at = end;
	}
	anchor_note(&l->anchors, s, ts);
	if (p->at < 0)			/* before anything that counts */
		p->at = 0;
	p->lost = seq > s->seq_out && l->started ?
	    (uint32_t)(seq - s->seq_out) : 0;
	s->seq_out = seq + 1;
	if (is_audio(p->format) && p->ticks == 0)
		p->ticks = (uint32_t)s->ts_step;
	p->hole = p->at > end ? p->at - end : 0;
	stop = p->at + p->ticks;
	if (p->ticks > 0) {
		int64_t from = p->at > end ? p->at : end;

		if (stop > from)
			l->sum.heard += (sr_time)((double)(stop - from) *
			    s->tick);
	}
	if (!l->started)
		l->sum.begin = (sr_time)((double)p->at * s->tick + 0.5);
	if (stop > end || !l->started) {
		l->end_at = stop;
		l->end_clock = s->clock;
		l->end = (sr_time)((double)stop * s->tick + 0.5);
		if (l->end > l->start->end)
			l->start->end = l->end;
	}
	l->started = true;
}

/* Gives out what waits, up to the first hole that may still be filled. */
static void
release(struct sr_line *l, struct source *s, bool all)
{
	while (s->head != NULL) {
		struct held *h = s->head;
		bool full = s->nheld > MAX_HELD ||
		    s->held_bytes > MAX_HELD_BYTES;

		if (!all && s->settling && h->seq >= s->settle_seq)
			break;
		if (!all && !full && h->seq > s->seq_out &&
		    s->arrived - h->p.arrived < WINDOW)
			break;
		s->head = h->next;
		if (s->head == NULL)
			s->tail = NULL;
		s->nheld--;
		s->held_bytes -= sizeof(*h) + h->p.rtp.payload.n;
		leave(l, s, &h->p, h->seq, h->ts);
		h->next = NULL;
		*l->ready_end = h;
		l->ready_end = &h->next;
	}
}

void
sr_line_yield(struct sr_line *l, sr_time until)
{
	l->yields = until;
	l->left_until = 0;
}

static bool
is_yielding(const struct sr_line *l, const struct source *s)
{
	return s->settle_since < l->yields;
}

/* Puts the source where the wall clock says, but never before the end of
 * what stands there, unless that is the same sound, and exactly behind it when
 * it is that near. */
static void
place(struct sr_line *l, struct source *s)
{
	sr_time from = source_earliest(s);
	int64_t at, end = end_in(l, s->clock);
	bool over = is_yielding(l, s);
	double ahead;

	if (!l->start->fixed && from < l->start->t0)
		l->start->t0 = from;
	l->start->fixed = true;
	s->doubted = is_absurd(l, (double)(from - l->start->t0));
	at = s->doubted ? end :
	    (int64_t)((double)(from - l->start->t0) / s->tick + 0.5);
	ahead = (double)(at - end) * s->tick;
	if ((ahead < 0 && !(over && ahead > (double)-STALE)) ||
	    (l->started && ahead < (double)SNAP && ahead > (double)-SNAP))
		at = end;
	s->at_ref = at - (s->ts_low - s->ts_ref);
}

/* The jump is over: back at the old level, or a new one. */
static void
end_probe(struct sr_line *l, struct source *s)
{
	sr_time step = s->settle_delay - source_lowest(s);
	int64_t at, end = end_in(l, s->clock);

	s->settling = s->probing = false;
	step = step > YEAR ? YEAR : step < -YEAR ? -YEAR : step;
	if (step > STEP / 2 || step < -STEP / 2) {
		trend_fold(&s->trend, &l->sxx, &l->sxy);
		s->at_ref += (int64_t)((double)step / s->tick +
		    (step < 0 ? -0.5 : 0.5));
		s->low = s->older_low = s->delay = s->settle_delay;
		s->low_since = s->arrived;
		if (s->head != NULL) {
			at = s->at_ref + s->head->ts - s->ts_ref;
			if (at < end)
				s->at_ref += end - at;
		}
	}
}

static void
settle(struct sr_line *l, struct source *s)
{
	if (s->probing) {
		end_probe(l, s);
	} else {
		place(l, s);
		s->settling = false;
	}
	release(l, s, false);
}

static void
add_up(struct sr_numbers *sum, const struct source *s)
{
	uint64_t expected = (uint64_t)(s->seq_max - s->seq_first + 1);

	if (s->packets == 0)
		return;
	sum->packets += s->packets;
	sum->late += s->late;
	sum->duplicate += s->duplicate;
	if (expected > s->packets + s->late)
		sum->lost += expected - s->packets - s->late;
	sum->jitter = s->jitter;
}

static void
finish_source(struct sr_line *l, struct source *s)
{
	if (!s->on)
		return;
	if (s->settling)
		settle(l, s);
	release(l, s, true);
	add_up(&l->sum, s);
	trend_fold(&s->trend, &l->sxx, &l->sxy);
	s->on = false;
}

static void
stray(struct sr_line *l)
{
	l->sum.late += l->next.packets;
	source_drop(&l->next);
	l->fork = false;
}

static bool
both_speak(const struct sr_line *l)
{
	return l->cur.arrived > l->next.settle_since + WINDOW / 2;
}

/* The second source has settled: who goes on? */
static void
decide(struct sr_line *l)
{
	bool alive = both_speak(l), over = is_yielding(l, &l->next);

	if (alive && over && l->next.packets > 2) {
		l->left_until = l->next.ssrc != l->cur.ssrc ? l->yields : 0;
		l->left = l->cur.ssrc;
		alive = false;
	}
	if (alive && l->next.ssrc != l->cur.ssrc && l->next.packets > 2) {
		l->fork = true;		/* until somebody takes it */
		return;
	}
	if (alive) {
		stray(l);
		return;
	}
	finish_source(l, &l->cur);
	l->turned = true;
	l->turned_from = l->cur.ssrc;
	l->turned_to = l->next.ssrc;
	l->cur = l->next;
	l->next = (struct source){ .on = false };
	settle(l, &l->cur);
	if (over)
		l->yields = 0;		/* one goes over, and only once */
}

static int
take(struct sr_line *l, struct source *s, struct sr_line_packet *p,
    enum fit fit)
{
	int64_t seq, ts;
	int err;

	if (!source_count(s, p, fit, &seq, &ts))
		return SR_OK;
	if (s == &l->cur && !s->settling && s->head == NULL &&
	    seq == s->seq_out && l->ready == NULL) {
		leave(l, s, p, seq, ts);
		l->pass = p;
		return SR_OK;
	}
	if ((err = source_hold(s, p, seq, ts, l->keep_payload)) != SR_OK)
		return err;
	if (s == &l->cur)
		release(l, s, false);
	return SR_OK;
}

/* Which source a packet belongs to; begins one where there is none.  NULL:
 * there are two already. */
static struct source *
choose(struct sr_line *l, const struct sr_line_packet *p, enum fit *fit)
{
	if (!l->cur.on) {
		source_begin(&l->cur, p);
		*fit = FIT_NEXT;
		return &l->cur;
	}
	if (p->rtp.ssrc == l->cur.ssrc &&
	    (*fit = source_fit(&l->cur, p)) != FIT_NOT)
		return &l->cur;
	if (l->next.on && p->rtp.ssrc == l->next.ssrc &&
	    (*fit = source_fit(&l->next, p)) != FIT_NOT)
		return &l->next;
	if (p->rtp.ssrc == l->left && p->arrived < l->left_until)
		return NULL;		/* its sound is here in another way */
	if (l->next.on && p->arrived - l->next.settle_since >= WINDOW / 2)
		decide(l);
	if (l->next.on && p->arrived - l->next.arrived < WINDOW / 2)
		return NULL;		/* a third one waits for its turn */
	if (l->next.on)
		stray(l);
	source_begin(&l->next, p);
	*fit = FIT_NEXT;
	return &l->next;
}

static void
note_start(struct sr_line *l, const struct source *s)
{
	sr_time from = source_earliest(s);

	if (!l->start->fixed && from < l->start->t0)
		l->start->t0 = from;
}

static void
forget_taken(struct sr_line *l)
{
	if (l->taken != NULL)
		free(l->taken);
	l->taken = NULL;
}

int
sr_line_keep(struct sr_line *l)
{
	const struct sr_line_packet *p = l->pass;
	size_t n = p != NULL ? p->rtp.payload.n : 0;
	struct held *h;

	if (p == NULL)
		return SR_OK;
	if ((h = malloc(sizeof(*h) + n)) == NULL)
		return SR_ENOMEM;
	h->next = NULL;
	h->p = *p;
	if (n > 0)
		memcpy(h->payload, p->rtp.payload.p, n);
	h->p.rtp.payload = (struct sr_str){ h->payload, n };
	*l->ready_end = h;
	l->ready_end = &h->next;
	l->pass = NULL;
	return SR_OK;
}

void
sr_line_prefetch(const struct sr_line *l)
{
	for (size_t i = 0; i < LINE_HOT; i += LINE_ALIGN)
		__builtin_prefetch((const char *)l + i, 1);
}

/* Where nothing has happened for a while, a packet can only be the next one
 * or begin something. */
static bool
is_smooth(const struct sr_line *l)
{
	const struct source *s = &l->cur;

	return s->on && l->started && !s->settling && !s->doubted &&
	    !l->next.on && !l->turned && s->head == NULL &&
	    l->end_clock == s->clock && s->seq_out == s->seq_max + 1;
}

/* Nearly every packet is the next one of a source that has settled, and stands
 * where the one before ended or a little later: it passes with the least that
 * must be done. */
bool
sr_line_pass(struct sr_line *l, struct sr_line_packet *p)
{
	struct source *s = &l->cur;
	uint32_t dts = p->rtp.ts - (uint32_t)s->ts;
	int64_t at = s->at_ref + s->ts + dts - s->ts_ref;

	if (!l->smooth || p->rtp.ssrc != s->ssrc ||
	    p->rtp.seq != (uint16_t)s->seq_out || dts == 0 ||
	    dts > s->clock / 4 || p->ticks == 0 || at < l->end_at ||
	    p->format->clock != s->clock || !is_audio(p->format) ||
	    !source_next(s, p, dts))
		return false;
	p->at = at;
	p->hole = at - l->end_at;
	p->lost = 0;
	p->doubted = false;
	s->seq_out++;
	l->end_at = at + p->ticks;
	l->end = (sr_time)((double)l->end_at * s->tick + 0.5);
	l->heard += (sr_time)((double)p->ticks * s->tick);
	if ((s->seq_out & 1023) == 0 && l->end > l->start->end)
		l->start->end = l->end;
	return true;
}

/* A window that is over is judged by what came within it, not by the packet
 * that shows it to be over. */
static void
windows(struct sr_line *l, sr_time now)
{
	if (l->cur.on && l->cur.settling &&
	    now - l->cur.settle_since >= WINDOW)
		settle(l, &l->cur);
	if (l->next.on && !l->fork && now - l->next.settle_since >= WINDOW)
		decide(l);
}

static bool
is_full(const struct source *s)
{
	return s->nheld > MAX_HELD || s->held_bytes > MAX_HELD_BYTES;
}

static int
the_long_way(struct sr_line *l, struct sr_line_packet *p)
{
	struct source *s;
	enum fit fit;
	int err;

	if (l->cur.settling || l->next.on)
		windows(l, p->arrived);
	if ((s = choose(l, p, &fit)) == NULL) {
		l->sum.late++;
		return SR_OK;
	}
	if ((err = take(l, s, p, fit)) != SR_OK || l->pass != NULL)
		return err;
	if (l->cur.settling && !l->started)
		note_start(l, &l->cur);
	if (l->cur.settling && is_full(&l->cur))
		settle(l, &l->cur);
	if (l->fork && is_full(&l->next))
		stray(l);		/* nobody wants it */
	else if (l->next.on && is_full(&l->next))
		decide(l);
	return SR_OK;
}

int
sr_line_put(struct sr_line *l, struct sr_line_packet *p)
{
	int err;

	forget_taken(l);
	l->pass = NULL;
	err = the_long_way(l, p);
	l->smooth = false;
	return err;
}

const struct sr_line_packet *
sr_line_next(struct sr_line *l)
{
	const struct sr_line_packet *p;

	forget_taken(l);
	if (l->ready != NULL) {
		l->taken = l->ready;
		l->ready = l->ready->next;
		if (l->ready == NULL)
			l->ready_end = &l->ready;
		return &l->taken->p;
	}
	p = l->pass;
	l->pass = NULL;
	if (p == NULL)
		l->smooth = is_smooth(l);
	return p;
}

void
sr_line_finish(struct sr_line *l)
{
	l->smooth = false;
	finish_source(l, &l->cur);
	if (l->next.on && both_speak(l))
		stray(l);
	if (l->next.on) {
		l->turned = true;
		l->turned_from = l->cur.ssrc;
		l->turned_to = l->next.ssrc;
		l->cur = l->next;
		l->next = (struct source){ .on = false };
		finish_source(l, &l->cur);
	}
}

bool
sr_line_turned(struct sr_line *l, uint32_t *from, uint32_t *to)
{
	if (!l->turned)
		return false;
	*from = l->turned_from;
	*to = l->turned_to;
	l->turned = false;
	return true;
}

bool
sr_line_wants_fork(const struct sr_line *l, uint32_t *ssrc)
{
	if (!l->fork)
		return false;
	*ssrc = l->next.ssrc;
	return true;
}

void
sr_line_fork(struct sr_line *l, struct sr_line *other)
{
	other->cur = l->next;
	l->next = (struct source){ .on = false };
	l->fork = false;
	settle(other, &other->cur);
}

void
sr_line_numbers(const struct sr_line *l, struct sr_numbers *out)
{
	*out = l->sum;
	out->end = l->end;
	out->heard += l->heard;
	if (l->cur.on)
		add_up(out, &l->cur);
}

bool
sr_line_reception(const struct sr_line *l, struct sr_reception *out)
{
	const struct source *s = &l->cur;

	if (!s->on || s->packets == 0)
		return false;
	*out = (struct sr_reception){ .ssrc = s->ssrc,
	    .highest = (uint32_t)s->seq_max,
	    .expected = (uint64_t)(s->seq_max - s->seq_first + 1),
	    .received = s->packets + s->late + s->duplicate,
	    .jitter = (uint32_t)(s->jitter / s->tick) };
	return true;
}

double
sr_line_skew(const struct sr_line *l)
{
	struct trend t = l->cur.trend;
	double sxx = l->sxx, sxy = l->sxy;

	if (l->cur.on)
		trend_fold(&t, &sxx, &sxy);
	return sxx > 0 ? sxy / sxx : 0;
}

bool
sr_line_locate(const struct sr_line *l, uint32_t ssrc, uint32_t ts,
    sr_time *at)
{
	const struct source *s = &l->cur;
	int64_t full = s->ts + (int32_t)(ts - (uint32_t)s->ts);

	if (!l->started || ssrc != s->ssrc)
		return false;
	*at = (sr_time)((double)(s->at_ref + full - s->ts_ref) * s->tick);
	return true;
}

size_t
sr_line_anchors(const struct sr_line *l, const struct sr_anchor **v)
{
	*v = l->anchors.v;
	return l->anchors.n;
}

void
sr_line_free(struct sr_line *l)
{
	struct held *h;

	if (l == NULL)
		return;
	source_drop(&l->cur);
	source_drop(&l->next);
	forget_taken(l);
	while ((h = l->ready) != NULL) {
		l->ready = h->next;
		free(h);
	}
	free(l);
}
