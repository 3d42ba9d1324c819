/* line_save - a line as bytes, to go on where another process has left it. */
#include "priv.h"

#include <string.h>

enum { VERSION = 1, ROOM = 256 };		/* bytes, at most */

static void
pack_double(struct sr_buf *b, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof(bits));
	sr_pack_u64(b, bits);
}

static double
unpack_double(struct sr_rd *r)
{
	uint64_t bits = sr_u64(r);
	double v;

	memcpy(&v, &bits, sizeof(v));
	if (!(v >= -1e18 && v <= 1e18)) {	/* no number of ours, nor NaN */
		r->bad = true;
		return 0;
	}
	return v;
}

static void
pack_source(struct sr_buf *b, const struct source *s)
{
	sr_pack_u32(b, s->ssrc);
	sr_pack_u32(b, s->clock);
	sr_pack_u64(b, (uint64_t)s->seq_first);
	sr_pack_u64(b, (uint64_t)s->seq_max);
	sr_pack_u64(b, (uint64_t)s->ts);
	sr_pack_u64(b, (uint64_t)s->ts_ref);
	sr_pack_u64(b, (uint64_t)s->ts_low);
	sr_pack_u64(b, (uint64_t)s->ts_step);
	sr_pack_u64(b, (uint64_t)s->at_ref);
	sr_pack_u64(b, (uint64_t)s->arrived_ref);
	sr_pack_u64(b, (uint64_t)s->arrived);
	sr_pack_u64(b, (uint64_t)s->delay);
	sr_pack_u64(b, (uint64_t)s->low);
	sr_pack_u64(b, (uint64_t)s->older_low);
	sr_pack_u64(b, (uint64_t)s->low_since);
	sr_pack_u64(b, s->packets);
	sr_pack_u64(b, s->late);
	sr_pack_u64(b, s->duplicate);
	pack_double(b, s->jitter);
}

static int64_t
unpack_number(struct sr_rd *r)
{
	int64_t v = (int64_t)sr_u64(r);

	/* Sums of a few of them must not overflow. */
	if (v > INT64_MAX / 4 || v < -(INT64_MAX / 4)) {
		r->bad = true;
		return 0;
	}
	return v;
}

static void
unpack_source(struct sr_rd *r, struct source *s)
{
	*s = (struct source){ .on = true, .ssrc = sr_u32(r) };
	s->clock = sr_u32(r);
	s->tick = 1e9 / (s->clock > 0 ? s->clock : 8000);
	s->seq_first = unpack_number(r);
	s->seq_max = unpack_number(r);
	s->seq_out = s->seq_max + 1;
	s->noted = s->seq_max;
	s->ts = unpack_number(r);
	s->ts_ref = unpack_number(r);
	s->ts_low = unpack_number(r);
	s->ts_step = unpack_number(r);
	s->at_ref = unpack_number(r);
	s->arrived_ref = unpack_number(r);
	s->arrived = unpack_number(r);
	s->delay = unpack_number(r);
	s->low = unpack_number(r);
	s->older_low = unpack_number(r);
	s->low_since = unpack_number(r);
	s->packets = sr_u64(r);
	s->late = sr_u64(r);
	s->duplicate = sr_u64(r);
	s->jitter = unpack_double(r);
	s->settle_seq = INT64_MIN;
	s->settle_since = s->arrived;
	/* What waited is gone, and nothing older is taken any more. */
	memset(s->seen, 0xff, sizeof(s->seen));
}

/* A source that has no place yet is another one when it comes again. */
static bool
is_placed(const struct source *s)
{
	return s->on && !s->settling && s->packets > 0;
}

int
sr_line_save(const struct sr_line *l, struct sr_buf *out)
{
	struct sr_numbers n;
	int err = sr_buf_reserve(out, ROOM);

	if (err != SR_OK)
		return err;
	sr_line_numbers(l, &n);
	if (is_placed(&l->cur))
		n = l->sum;
	sr_pack_u8(out, VERSION);
	sr_pack_u8(out, (uint8_t)(l->started | is_placed(&l->cur) << 1));
	sr_pack_u64(out, n.packets);
	sr_pack_u64(out, n.lost);
	sr_pack_u64(out, n.late);
	sr_pack_u64(out, n.duplicate);
	pack_double(out, n.jitter);
	sr_pack_u64(out, (uint64_t)(l->sum.heard + l->heard));
	sr_pack_u64(out, (uint64_t)l->sum.begin);
	sr_pack_u64(out, (uint64_t)l->end_at);
	sr_pack_u32(out, l->end_clock);
	if (is_placed(&l->cur))
		pack_source(out, &l->cur);
	return SR_OK;
}

/* Packets were taken after this was saved: they are in the file, though they
 * stand in no number. */
static void
catch_up(struct sr_line *l, sr_time end)
{
	struct source *s = &l->cur;
	int64_t more;

	if (end <= l->end)
		return;
	if (s->on && s->ts_step > 0) {
		more = (int64_t)((double)(end - l->end) / s->tick + 0.5) /
		    s->ts_step;
		s->packets += (uint64_t)more;
		s->seq_max += more;
		s->seq_out = s->seq_max + 1;
		s->noted = s->seq_max;
		s->ts += more * s->ts_step;
	}
	l->heard += end - l->end;
	l->end = end;
	l->end_at = (int64_t)((double)end * (l->end_clock > 0 ? l->end_clock :
	    8000) / 1e9 + 0.5);
}

static bool
is_sane(const struct sr_line *l)
{
	if (!l->started)
		return l->end_at == 0;
	return l->end_clock > 0 && l->end_at >= 0 &&
	    (double)l->end_at / l->end_clock * 1e9 < (double)YEAR;
}

int
sr_line_load(struct sr_line *l, struct sr_str saved, sr_time end)
{
	struct sr_rd r = sr_rd(saved);
	struct sr_line fresh = *l;
	uint8_t flags;

	if (sr_u8(&r) != VERSION)
		return SR_EBAD;
	flags = sr_u8(&r);
	fresh.started = flags & 1;
	fresh.sum.packets = sr_u64(&r);
	fresh.sum.lost = sr_u64(&r);
	fresh.sum.late = sr_u64(&r);
	fresh.sum.duplicate = sr_u64(&r);
	fresh.sum.jitter = unpack_double(&r);
	fresh.sum.heard = unpack_number(&r);
	fresh.sum.begin = unpack_number(&r);
	fresh.end_at = unpack_number(&r);
	fresh.end_clock = sr_u32(&r);
	if (flags & 2)
		unpack_source(&r, &fresh.cur);
	if (r.bad || r.n > 0 || !is_sane(&fresh))
		return SR_EBAD;
	fresh.end = fresh.started ? (sr_time)((double)fresh.end_at * 1e9 /
	    fresh.end_clock + 0.5) : 0;
	if (fresh.started)
		catch_up(&fresh, end);
	if (fresh.cur.on)
		anchor_note(&fresh.anchors, &fresh.cur, fresh.cur.ts);
	if (fresh.end > fresh.start->end)
		fresh.start->end = fresh.end;
	*l = fresh;
	if (l->ready == NULL)		/* it points into the line itself */
		l->ready_end = &l->ready;
	return SR_OK;
}
