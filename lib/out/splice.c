/* splice - the files of one stream that several recorders have made, each at
 * its place on one time line, become one file.
 *
 * What is silent for as long as a packet may be a hole: there what another
 * file has of it is taken.  Files are looked through once, for where they are
 * silent and where not, so that the order of precedence is one of stretches
 * and no sample is a guess. */
#include "out/sound_in.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 2048, MAX_SPANS = 8 << 20, MAX_PIECES = 1000 };
#define HOLE 50				/* 1/50 s and longer */

struct span {				/* frames that are not silent */
	int64_t from, to;
	size_t piece;
};
struct spans {
	struct span *v;
	size_t n, cap;
};
struct piece {
	int dir;
	char *file;
	int64_t at;			/* its frame 0, on the time line */
	struct sound_in *in;		/* while it is read */
};
struct sr_splice {
	uint32_t rate;			/* of the first piece */
	uint8_t channels;
	struct piece *v;
	size_t n;
	struct spans plan;		/* in order, none over another */
};

int
sr_splice_new(struct sr_splice **sp)
{
	return (*sp = sr_zalloc(sizeof(**sp))) != NULL ? SR_OK : SR_ENOMEM;
}

uint32_t
sr_splice_rate(const struct sr_splice *s)
{
	return s->rate;
}

uint8_t
sr_splice_channels(const struct sr_splice *s)
{
	return s->channels;
}

void
sr_splice_free(struct sr_splice *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		sound_close(s->v[i].in);
		free(s->v[i].file);
	}
	free(s->v);
	free(s->plan.v);
	free(s);
}

/* ---- where it is not silent ---- */

static int
span_add(struct spans *l, int64_t from, int64_t to, size_t piece)
{
	struct span *v = l->v;
	size_t cap = l->cap > 0 ? l->cap * 2 : 64;

	if (from >= to)
		return SR_OK;
	if (l->n == l->cap) {
		if (l->n >= MAX_SPANS)
			return SR_ELIMIT;
		if ((v = realloc(v, cap * sizeof(*v))) == NULL)
			return SR_ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = (struct span){ from, to, piece };
	return SR_OK;
}

static bool
is_silent(const int16_t *v, size_t n, int floor)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] > floor || v[i] < -floor)
			return false;
	return true;
}

/* Adds what is not silent of the piece, in frames of the piece as the splice
 * reads it. */
static int
look(const struct sr_splice *s, struct sound_in *in, size_t piece,
    struct spans *l)
{
	int64_t at = 0, from = 0, to = 0, hole = s->rate / HOLE;
	int floor = sound_floor(in), err = SR_OK;
	int16_t v[FRAMES];
	long n;

	while ((n = sound_read(in, v, FRAMES / s->channels)) > 0)
		for (long i = 0; i < n; i++, at++) {
			if (is_silent(v + i * s->channels, s->channels, floor))
				continue;
			if (to == 0 || at - to >= hole) {
				if ((err = span_add(l, from, to, piece)) !=
				    SR_OK)
					return err;
				from = at;
			}
			to = at + 1;
		}
	return n < 0 ? (int)n : span_add(l, from, to, piece);
}

/* What was there before goes first; of l what it leaves room for. */
static int
lay_under(struct spans *plan, const struct spans *l)
{
	struct spans all = { NULL, 0, 0 };
	size_t i = 0;
	int err = SR_OK;

	for (size_t k = 0; k < l->n && err == SR_OK; k++) {
		struct span p = l->v[k];

		while (err == SR_OK && i < plan->n && plan->v[i].from < p.to) {
			const struct span *q = &plan->v[i];

			err = span_add(&all, p.from, q->from < p.to ?
			    q->from : p.to, p.piece);
			if (p.from < q->to)
				p.from = q->to;
			if (q->to > p.to)
				break;
			if (err == SR_OK)
				err = span_add(&all, q->from, q->to, q->piece);
			i++;
		}
		if (err == SR_OK)
			err = span_add(&all, p.from, p.to, p.piece);
	}
	for (; i < plan->n && err == SR_OK; i++)
		err = span_add(&all, plan->v[i].from, plan->v[i].to,
		    plan->v[i].piece);
	if (err == SR_OK) {
		free(plan->v);
		*plan = all;
	} else {
		free(all.v);
	}
	return err;
}

/* ---- a piece ---- */

static int64_t
frames_in(const struct sr_splice *s, sr_time t)
{
	double f = (double)(t / SR_SEC) * s->rate +
	    (double)(t % SR_SEC) * s->rate / 1e9;

	return (int64_t)(f < 0 ? f - 0.5 : f + 0.5);
}

static sr_time
time_of(const struct sr_splice *s, int64_t frames)
{
	return frames / s->rate * SR_SEC + frames % s->rate * SR_SEC / s->rate;
}

static int
piece_open(struct sr_splice *s, struct piece *p)
{
	int err = sound_open(&p->in, p->dir, p->file);

	if (err == SR_OK && s->rate == 0) {
		s->rate = sound_rate(p->in);
		s->channels = sound_channels(p->in);
	}
	if (err == SR_OK && s->rate < HOLE)
		err = SR_EBAD;
	return err == SR_OK ? sound_want(p->in, s->rate, s->channels) : err;
}

static void
move(struct spans *l, int64_t by)
{
	for (size_t i = 0; i < l->n; i++) {
		l->v[i].from += by;
		l->v[i].to += by;
	}
}

static struct piece *
piece_new(struct sr_splice *s, int dir, const char *file)
{
	struct piece *v = realloc(s->v, (s->n + 1) * sizeof(*v));

	if (v == NULL)
		return NULL;
	s->v = v;
	v[s->n] = (struct piece){ .dir = dir, .file = strdup(file) };
	return v[s->n].file != NULL ? &v[s->n++] : NULL;
}

int
sr_splice_add(struct sr_splice *s, int dir, const char *file, sr_time at,
    sr_time *begin, sr_time *end)
{
	struct spans l = { NULL, 0, 0 };
	struct piece *p = s->n < MAX_PIECES ? piece_new(s, dir, file) : NULL;
	int err;

	if (p == NULL)
		return SR_ENOMEM;
	if ((err = piece_open(s, p)) == SR_OK &&
	    (err = look(s, p->in, s->n - 1, &l)) == SR_OK) {
		p->at = frames_in(s, at);
		move(&l, p->at);
		*begin = l.n > 0 ? time_of(s, l.v[0].from) : at;
		*end = l.n > 0 ? time_of(s, l.v[l.n - 1].to) : at;
		err = lay_under(&s->plan, &l);
	}
	free(l.v);
	sound_close(p->in);
	p->in = NULL;
	return err;
}

sr_time
sr_splice_heard(const struct sr_splice *s, sr_time from, sr_time to)
{
	int64_t a, b, n = 0;

	if (s->rate == 0)
		return 0;
	a = frames_in(s, from);
	b = frames_in(s, to);
	for (size_t i = 0; i < s->plan.n; i++) {
		const struct span *q = &s->plan.v[i];
		int64_t x = q->from > a ? q->from : a;
		int64_t y = q->to < b ? q->to : b;

		n += y > x ? y - x : 0;
	}
	return time_of(s, n);
}

/* ---- writing ---- */

static int
copy(struct sr_splice *s, const struct span *q, int64_t from, int64_t to,
    struct sr_wav *out)
{
	struct piece *p = &s->v[q->piece];
	int16_t v[FRAMES];
	int err = p->in != NULL ? SR_OK : piece_open(s, p);

	if (err == SR_OK)
		err = sound_seek(p->in, from - p->at);
	while (from < to && err == SR_OK) {
		int64_t max = FRAMES / s->channels;
		long n = sound_read(p->in, v, (size_t)(to - from < max ?
		    to - from : max));

		if (n <= 0)		/* it has become shorter meanwhile */
			return n < 0 ? (int)n : SR_EBAD;
		err = sr_wav_write(out, v, (size_t)n);
		from += n;
	}
	return err;
}

int
sr_splice_write(struct sr_splice *s, int dir, const char *name, sr_time length)
{
	int64_t frames = frames_in(s, length), pos = 0;
	struct sr_wav *out;
	int err, closed;

	if ((err = sr_wav_new(&out, dir, name, s->rate, s->channels)) != SR_OK)
		return err;
	sr_wav_relax(out);
	for (size_t i = 0; i < s->plan.n && err == SR_OK; i++) {
		const struct span *q = &s->plan.v[i];
		int64_t from = q->from > pos ? q->from : pos;
		int64_t to = q->to < frames ? q->to : frames;

		if (from >= to)
			continue;
		err = sr_wav_silence(out, (uint64_t)(from - pos));
		if (err == SR_OK)
			err = copy(s, q, from, to, out);
		pos = (int64_t)sr_wav_frames(out);
	}
	if (err == SR_OK && pos < frames)
		err = sr_wav_silence(out, (uint64_t)(frames - pos));
	closed = sr_wav_close(out);
	return err == SR_OK ? closed : err;
}
