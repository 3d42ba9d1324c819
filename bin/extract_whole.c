/* extract_whole - which parts belong together, which of their streams are the
 * same, and where each stands on one time line.
 *
 * A source that two parts have heard tells by its timestamps how they stand to
 * each other, to the sample, whatever the clocks of their machines said.
 * Where no source is the same those clocks must do. */
#include "extract_join.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Clocks that are further apart than that say something else: the client has
 * begun its timestamps anew. */
#define APART (60 * SR_SEC)
#define WORTH_A_WORD SR_SEC

/* ---- do they belong together? ---- */

/* Does the log name that Call-ID: its own, or one of a dialog in which it went
 * on or that it continues? */
static bool
names(const struct part *p, struct sr_str id)
{
	static const char *const keys[] = { "call_id", "by_call_id",
	    "of_call_id" };

	for (size_t i = 0; i < json_array_size(p->events); i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			if (sr_streq(json_str(json_array_get(p->events, i),
			    keys[k]), id))
				return true;
	return false;
}

static bool
linked(const struct part *a, const struct part *b)
{
	static const char *const keys[] = { "by_call_id", "of_call_id" };

	if (names(a, b->call_id) || names(b, a->call_id))
		return true;
	for (size_t i = 0; i < json_array_size(a->events); i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			struct sr_str id = json_str(json_array_get(a->events,
			    i), keys[k]);

			if (id.n > 0 && names(b, id))
				return true;
		}
	return false;
}

/* All of them, by way of each other. */
static int
check_links(const struct whole *w)
{
	bool *in = calloc(w->nparts, sizeof(*in)), more = true;
	int err = in != NULL ? SR_OK : SR_ENOMEM;

	if (in != NULL)
		in[0] = true;
	while (in != NULL && more) {
		more = false;
		for (size_t i = 0; i < w->nparts; i++)
			for (size_t k = 0; k < w->nparts; k++)
				if (in[i] && !in[k] && linked(&w->parts[i],
				    &w->parts[k]))
					in[k] = more = true;
	}
	for (size_t i = 0; in != NULL && i < w->nparts; i++)
		if (!in[i]) {
			cli_warn("%s is another recording than %s: its "
			    "Call-ID is %.*s, not %.*s", w->parts[i].path,
			    w->parts[0].path, SR_FMT(w->parts[i].call_id),
			    SR_FMT(w->parts[0].call_id));
			err = SR_EBAD;
		}
	free(in);
	return err;
}

static int
by_time(const void *a, const void *b)
{
	const struct part *p = a, *q = b;

	if (p->start != q->start)
		return p->start < q->start ? -1 : 1;
	return p->first < q->first ? -1 : p->first > q->first;
}

/* ---- which streams are the same? ---- */

static bool
share_source(const struct part_stream *a, const struct part_stream *b)
{
	for (size_t i = 0; i < a->nsources; i++)
		for (size_t k = 0; k < b->nsources; k++)
			if (a->sources[i].ssrc == b->sources[k].ssrc)
				return true;
	return false;
}

/* What the metadata says is what is meant; labels may be given anew; and of
 * several streams of one label their sources tell which is which. */
static int
likeness(const struct whole *w, const struct whole_stream *s, size_t part,
    const struct part_stream *t)
{
	int most = 0;

	for (size_t k = 0; k < w->nparts; k++) {
		const struct part_stream *u = s->of[k];
		int n;

		if (u == NULL || k == part)
			continue;
		n = (u->id.n > 0 && sr_streq(u->id, t->id) ? 4 : 0) +
		    (sr_streq(u->label, t->label) ? 2 : 0) +
		    (share_source(u, t) ? 1 : 0);
		most = n > most ? n : most;
	}
	return most;
}

static bool
best_pair(struct whole *w, size_t part, size_t *stream, size_t *whole)
{
	struct part *p = &w->parts[part];
	int most = 1;

	for (size_t i = 0; i < p->nstreams; i++)
		for (size_t k = 0; k < w->nstreams; k++) {
			int n;

			if (p->streams[i].whole != SIZE_MAX ||
			    w->streams[k].of[part] != NULL)
				continue;
			n = likeness(w, &w->streams[k], part, &p->streams[i]);
			if (n > most) {
				most = n;
				*stream = i;
				*whole = k;
			}
		}
	return most > 1;
}

static int
add_stream(struct whole *w, size_t part, struct part_stream *t)
{
	struct whole_stream *v = sr_arena_grow(&w->arena, w->streams,
	    w->nstreams, sizeof(*v)), *s;

	if (v == NULL)
		return SR_ENOMEM;
	w->streams = v;
	s = &v[w->nstreams];
	*s = (struct whole_stream){ .label = t->label };
	s->of = sr_arena_alloc(&w->arena, w->nparts * sizeof(*s->of));
	if (s->of == NULL)
		return SR_ENOMEM;
	s->of[part] = t;
	t->whole = w->nstreams++;
	return SR_OK;
}

static int
match(struct whole *w, size_t part)
{
	struct part *p = &w->parts[part];
	size_t i, k;
	int err = SR_OK;

	for (i = 0; i < p->nstreams; i++)
		p->streams[i].whole = SIZE_MAX;
	while (best_pair(w, part, &i, &k)) {
		w->streams[k].of[part] = &p->streams[i];
		p->streams[i].whole = k;
	}
	for (i = 0; i < p->nstreams && err == SR_OK; i++)
		if (p->streams[i].whole == SIZE_MAX)
			err = add_stream(w, part, &p->streams[i]);
	return err;
}

/* ---- where do they stand? ---- */

/* From one timestamp to another, however often they wrapped between. */
static sr_time
between(const struct source *a, const struct source *b, sr_time guess)
{
	int64_t d = (int32_t)(b->ts - a->ts);
	double off = (double)guess / 1e9 * a->clock - (double)d;
	int64_t wraps = (int64_t)(off / 4294967296.0 + (off < 0 ? -0.5 : 0.5));

	return ticks_time(d + wraps * 4294967296, a->clock);
}

/* By a source of this stream that an earlier part has; clock: where the part
 * would stand by the clocks. */
static bool
place_stream(const struct whole *w, size_t part, struct part_stream *t,
    sr_time clock)
{
	struct part_stream *const *of = w->streams[t->whole].of;

	for (size_t k = part; k-- > 0;)
		for (size_t i = 0; of[k] != NULL && i < t->nsources; i++)
			for (size_t n = of[k]->nsources; n-- > 0;) {
				const struct source *a = &of[k]->sources[n];
				const struct source *b = &t->sources[i];
				sr_time from = of[k]->at + a->at, at;

				if (a->ssrc != b->ssrc || a->clock != b->clock)
					continue;
				at = from + between(a, b, clock + b->at -
				    from) - b->at;
				if (at - clock > APART || clock - at > APART)
					continue;
				t->at = at;
				return t->placed = true;
			}
	return false;
}

static void
place(struct whole *w, size_t part)
{
	struct part *p = &w->parts[part];
	sr_time clock = p->start - w->parts[0].start;
	const struct part_stream *first = NULL;

	p->at = clock;
	for (size_t i = 0; i < p->nstreams && part > 0; i++)
		if (place_stream(w, part, &p->streams[i], clock) &&
		    first == NULL)
			first = &p->streams[i];
	if (first != NULL)
		p->at = first->at;
	for (size_t i = 0; i < p->nstreams; i++)
		if (!p->streams[i].placed)
			p->streams[i].at = p->at;
	if (p->at - clock > WORTH_A_WORD || clock - p->at > WORTH_A_WORD)
		cli_warn("%s: by its media it stands %.3f s off its clock: "
		    "the media is believed", p->path,
		    (double)(p->at - clock) / 1e9);
}

static bool
has_media(const struct part *p)
{
	for (size_t i = 0; i < p->nstreams; i++)
		if (p->streams[i].file.n > 0 || p->streams[i].dump.n > 0)
			return true;
	return false;
}

/* Sample 0 is the earliest of all. */
static void
settle(struct whole *w)
{
	sr_time first = SR_NEVER;

	for (size_t i = 0; i < w->nparts; i++)
		if (has_media(&w->parts[i]) && w->parts[i].at < first)
			first = w->parts[i].at;
	if (first == SR_NEVER)
		first = w->parts[0].at;
	w->start = w->parts[0].start + first;
	for (size_t i = 0; i < w->nparts; i++) {
		struct part *p = &w->parts[i];

		p->at -= first;
		for (size_t k = 0; k < p->nstreams; k++)
			p->streams[k].at -= first;
	}
}

int
whole_fit(struct whole *w)
{
	int err = check_links(w);

	qsort(w->parts, w->nparts, sizeof(*w->parts), by_time);
	for (size_t i = 0; i < w->nparts && err == SR_OK; i++)
		if ((err = match(w, i)) == SR_OK)
			place(w, i);
	if (err == SR_OK)
		settle(w);
	return err;
}
