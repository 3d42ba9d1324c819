/* source - the numbers of one SSRC: sequence, delay, copies, loss.
 *
 * RFC 3550 appendix A.1, A.3 and A.8, with one difference: what a far jump
 * of the sequence number means is decided by looking at the timestamp too.
 * Where that agrees with the clock on the wall, packets were lost; where it
 * does not, the sender began anew.  Time is whatever the caller says. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

static int64_t
extend_seq(const struct source *s, uint16_t seq)
{
	return s->seq_max + (int16_t)(seq - (uint16_t)s->seq_max);
}

static int64_t
extend_ts(const struct source *s, uint32_t ts)
{
	return s->ts + (int32_t)(ts - (uint32_t)s->ts);
}

static sr_time
ticks_ns(const struct source *s, int64_t ticks)
{
	double t = (double)ticks * s->tick;

	return t > (double)FAR ? FAR : t < (double)-FAR ? -FAR : (sr_time)t;
}

/* How much later than the first packet this one is, by what their
 * timestamps say: the delay of the network, up to a constant.  Strangers
 * write timestamps: sums of these must not overflow. */
static sr_time
delay_of(const struct source *s, sr_time arrived, int64_t ts)
{
	sr_time d = arrived - s->arrived_ref - ticks_ns(s, ts - s->ts_ref);

	return d > FAR ? FAR : d < -FAR ? -FAR : d;
}

sr_time
source_lowest(const struct source *s)
{
	return s->low < s->older_low ? s->low : s->older_low;
}

void
source_begin(struct source *s, const struct sr_line_packet *p)
{
	*s = (struct source){ .on = true, .settling = true,
	    .ssrc = p->rtp.ssrc, .clock = p->format->clock,
	    .tick = 1e9 / (p->format->clock > 0 ? p->format->clock : 8000),
	    .seq_first = p->rtp.seq, .seq_max = p->rtp.seq,
	    .seq_out = p->rtp.seq, .noted = p->rtp.seq,
	    .ts = p->rtp.ts, .ts_ref = p->rtp.ts, .ts_low = p->rtp.ts,
	    .arrived_ref = p->arrived, .arrived = p->arrived,
	    .low_since = p->arrived, .settle_since = p->arrived,
	    .settle_seq = INT64_MIN };
}

/* The sequence goes on, but does the time?  No network brings a packet much
 * before it was sent, or an hour after; and while a source settles it cannot
 * be told yet where a jump back leads. */
static bool
is_continued(const struct source *s, int64_t ts, sr_time off)
{
	if (off < -STALE || off > HOUR)
		return false;
	return !s->settling || s->probing || ts >= s->ts_low ||
	    (double)(s->ts_low - ts) * s->tick < (double)STALE;
}

enum fit
source_fit(const struct source *s, const struct sr_line_packet *p)
{
	int64_t ahead = extend_seq(s, p->rtp.seq) - s->seq_max, ts;
	bool near = ahead > 0 && ahead <= MAX_DROPOUT;
	sr_time off;

	if (s->packets == 0)
		return FIT_NEXT;
	if (is_audio(p->format) && p->format->clock != s->clock)
		return FIT_NOT;
	if (near && p->rtp.ts - (uint32_t)s->ts <= s->clock)
		return FIT_NEXT;
	ts = extend_ts(s, p->rtp.ts);
	off = delay_of(s, p->arrived, ts) - source_lowest(s);
	if (near)
		return is_continued(s, ts, off) ? FIT_NEXT : FIT_NOT;
	if (off < -STALE || off > STALE)
		return FIT_NOT;
	if (ahead > 0)
		return FIT_NEXT;
	/* Its time goes on though its number seems to go back: so many are
	 * missing that the number has turned over. */
	return ts - s->ts > s->clock ? FIT_NOT : FIT_OLD;
}

static bool
test_and_set(struct source *s, int64_t seq)
{
	unsigned bit = (unsigned)(seq & (SEEN - 1));
	bool was = s->seen[bit / 64] >> (bit % 64) & 1;

	s->seen[bit / 64] |= (uint64_t)1 << (bit % 64);
	return was;
}

/* Notes what has passed by source_next. */
static void
catch_up(struct source *s)
{
	if (s->seq_max - s->noted >= SEEN)
		s->noted = s->seq_max - SEEN;
	while (s->noted < s->seq_max)
		test_and_set(s, ++s->noted);
}

/* Forget what the window leaves behind when it moves on to seq. */
static void
advance(struct source *s, int64_t seq)
{
	if (seq - s->seq_max >= SEEN) {
		memset(s->seen, 0, sizeof(s->seen));
	} else {
		for (int64_t q = s->seq_max + 1; q <= seq; q++)
			s->seen[(q & (SEEN - 1)) / 64] &=
			    ~((uint64_t)1 << (q & 63));
	}
	s->seq_max = s->noted = seq;
}

/* The lowest delay of the last five to ten seconds: slow drift of clocks
 * moves it along, a jump stands out against it. */
static void
track_delay(struct source *s, sr_time arrived, sr_time d)
{
	sr_time change = d - s->delay;

	s->jitter += ((double)(change < 0 ? -change : change) - s->jitter) / 16;
	s->delay = d;
	if (arrived - s->low_since > 5 * SR_SEC) {
		s->older_low = s->low;
		s->low = d;
		s->low_since = arrived;
	} else if (d < s->low) {
		s->low = d;
	}
}

/* The lowest delay of each second is nearest to no delay at all. */
static void
trend_put(struct trend *t, sr_time since, sr_time low)
{
	double x = (double)since / 1e9, y = (double)low / 1e9;

	t->n++;
	t->x += x;
	t->y += y;
	t->xx += x * x;
	t->xy += x * y;
}

static void
track_trend(struct source *s, sr_time arrived, sr_time d)
{
	sr_time since_first = arrived - s->arrived_ref;

	if (s->second == 0 && s->second_low == 0 && s->trend.n == 0)
		s->second_low = d;
	if (since_first - s->second >= SR_SEC) {
		trend_put(&s->trend, s->second, s->second_low);
		s->second = since_first;
		s->second_low = d;
	} else if (d < s->second_low) {
		s->second_low = d;
	}
}

void
trend_fold(struct trend *t, double *sxx, double *sxy)
{
	if (t->n >= 8) {
		*sxx += t->xx - t->x * t->x / t->n;
		*sxy += t->xy - t->x * t->y / t->n;
	}
	*t = (struct trend){ 0 };
}

static void
probe(struct source *s, sr_time arrived, int64_t seq, sr_time d)
{
	sr_time off = d - source_lowest(s);

	if (!s->settling && (off > STEP || off < -STEP)) {
		s->settling = s->probing = true;
		s->settle_since = arrived;
		s->settle_seq = seq;
		s->settle_delay = d;
	}
}

static void
time_of(struct source *s, const struct sr_line_packet *p, int64_t seq,
    int64_t ts)
{
	sr_time d = delay_of(s, p->arrived, ts);

	/* What a packet lasts, unless the sender was silent before it. */
	if (seq > s->seq_max && ts > s->ts &&
	    (ts - s->ts) / (seq - s->seq_max) <= s->clock / 4)
		s->ts_step = (ts - s->ts) / (seq - s->seq_max);
	if (s->settling && seq >= s->settle_seq && d < s->settle_delay)
		s->settle_delay = d;
	if (ts < s->ts_low)
		s->ts_low = ts;
	/* Events repeat the time of their beginning: no measure of delay. */
	if (p->format->id == SR_CODEC_EVENT)
		return;
	probe(s, p->arrived, seq, d);
	/* While a jump is looked at, the level before it is kept. */
	if (!s->probing) {
		track_delay(s, p->arrived, d);
		track_trend(s, p->arrived, d);
	}
}

bool
source_count(struct source *s, const struct sr_line_packet *p, enum fit fit,
    int64_t *seq, int64_t *ts)
{
	catch_up(s);
	*seq = extend_seq(s, p->rtp.seq);
	*ts = extend_ts(s, p->rtp.ts);
	s->arrived = p->arrived;
	if (fit == FIT_NEXT) {
		time_of(s, p, *seq, *ts);
		if (s->packets > 0)
			advance(s, *seq);
		test_and_set(s, *seq);
		s->ts = *ts;
	} else if (s->seq_max - *seq >= SEEN) {
		s->late++;
		return false;
	} else if (test_and_set(s, *seq)) {
		s->duplicate++;
		return false;
	} else if (*seq < s->seq_out && !(s->settling && !s->probing)) {
		s->late++;
		return false;
	} else {
		time_of(s, p, *seq, *ts);
	}
	if (*seq < s->seq_first)
		s->seq_first = s->seq_out = *seq;
	s->packets++;
	return true;
}

/* The same for the packet that nearly all are: the next one, dts units of
 * audio after the one before, in time.  False when it is not; then nothing
 * has changed. */
bool
source_next(struct source *s, const struct sr_line_packet *p, uint32_t dts)
{
	int64_t ts = s->ts + dts, seq = s->seq_max + 1;
	sr_time d = delay_of(s, p->arrived, ts), off = d - source_lowest(s);

	if (off > STEP || off < -STEP)
		return false;
	track_delay(s, p->arrived, d);
	track_trend(s, p->arrived, d);
	s->seq_max = seq;
	s->ts = ts;
	s->ts_step = dts;
	s->arrived = p->arrived;
	s->packets++;
	return true;
}

int
source_hold(struct source *s, const struct sr_line_packet *p, int64_t seq,
    int64_t ts, bool keep_payload)
{
	/* Headers are enough where nothing is decoded, but digits are read. */
	size_t n = keep_payload || !is_audio(p->format) ? p->rtp.payload.n : 0;
	struct held *h = malloc(sizeof(*h) + n), **at;

	if (h == NULL)
		return SR_ENOMEM;
	h->seq = seq;
	h->ts = ts;
	h->p = *p;
	if (n > 0)
		memcpy(h->payload, p->rtp.payload.p, n);
	h->p.rtp.payload = (struct sr_str){ h->payload, n };
	h->p.rtp.csrc = (struct sr_str){ NULL, 0 };
	s->nheld++;
	s->held_bytes += sizeof(*h) + n;
	if (s->tail != NULL && s->tail->seq < seq) {
		h->next = NULL;
		s->tail->next = h;
		s->tail = h;
		return SR_OK;
	}
	for (at = &s->head; *at != NULL && (*at)->seq < seq; at = &(*at)->next)
		;
	h->next = *at;
	*at = h;
	if (h->next == NULL)
		s->tail = h;
	return SR_OK;
}

sr_time
source_earliest(const struct source *s)
{
	return s->arrived_ref + s->settle_delay +
	    ticks_ns(s, s->ts_low - s->ts_ref);
}

void
source_drop(struct source *s)
{
	struct held *h, *next;

	for (h = s->head; h != NULL; h = next) {
		next = h->next;
		free(h);
	}
	s->head = s->tail = NULL;
	s->nheld = s->held_bytes = 0;
	s->on = false;
}
