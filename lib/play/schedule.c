/* schedule - many streams in the order of time, without a clock: a heap of
 * due times, four children to a node so that it is shallow. */
#include "siprec/play.h"

#include <stdlib.h>

#include "play/priv.h"

enum { CHILDREN = 4 };

struct entry {
	sr_time due;			/* by the schedule's zero */
	uint32_t born;			/* breaks ties */
	uint32_t stream;
};
struct stream {
	struct sr_emitter from;
	sr_time start;
	uint64_t cookie;
};

struct sr_schedule {
	struct entry *heap;
	struct stream *v;
	uint32_t *spare;		/* places in v */
	size_t n, cap, spares;
	uint32_t born;
};

int
sr_schedule_new(struct sr_schedule **sp)
{
	*sp = sr_zalloc(sizeof(**sp));
	return *sp != NULL ? SR_OK : SR_ENOMEM;
}

void
sr_schedule_free(struct sr_schedule *s)
{
	if (s == NULL)
		return;
	free(s->heap);
	free(s->v);
	free(s->spare);
	free(s);
}

static bool
before(const struct entry *a, const struct entry *b)
{
	return a->due < b->due || (a->due == b->due && a->born < b->born);
}

static void
sift_down(struct sr_schedule *s, size_t at, struct entry e)
{
	for (;;) {
		size_t child = CHILDREN * at + 1, best = child;
		size_t end = child + CHILDREN < s->n ? child + CHILDREN : s->n;

		if (child >= s->n)
			break;
		for (size_t i = child + 1; i < end; i++)
			if (before(&s->heap[i], &s->heap[best]))
				best = i;
		if (!before(&s->heap[best], &e))
			break;
		s->heap[at] = s->heap[best];
		at = best;
	}
	s->heap[at] = e;
}

static void
sift_up(struct sr_schedule *s, size_t at, struct entry e)
{
	while (at > 0 && before(&e, &s->heap[(at - 1) / CHILDREN])) {
		s->heap[at] = s->heap[(at - 1) / CHILDREN];
		at = (at - 1) / CHILDREN;
	}
	s->heap[at] = e;
}

/* Where an entry belongs whose time has changed. */
static void
settle(struct sr_schedule *s, size_t at, struct entry e)
{
	if (at > 0 && before(&e, &s->heap[(at - 1) / CHILDREN]))
		sift_up(s, at, e);
	else
		sift_down(s, at, e);
}

static sr_time
due_of(const struct stream *v)
{
	sr_time due = v->from.due(v->from.arg);

	return due >= SR_NEVER - v->start ? SR_NEVER : due + v->start;
}

static int
grow(struct sr_schedule *s)
{
	size_t cap = s->cap > 0 ? 2 * s->cap : 64;
	struct entry *heap = realloc(s->heap, cap * sizeof(*heap));
	struct stream *v;
	uint32_t *spare;

	if (heap == NULL)
		return SR_ENOMEM;
	s->heap = heap;
	if ((v = realloc(s->v, cap * sizeof(*v))) == NULL)
		return SR_ENOMEM;
	s->v = v;
	if ((spare = realloc(s->spare, cap * sizeof(*spare))) == NULL)
		return SR_ENOMEM;
	s->spare = spare;
	for (size_t i = cap; i-- > s->cap;)
		s->spare[s->spares++] = (uint32_t)i;
	s->cap = cap;
	return SR_OK;
}

int
sr_schedule_add(struct sr_schedule *s, struct sr_emitter from, sr_time start,
    uint64_t cookie)
{
	struct entry e;
	int err;

	if (start < 0)
		return SR_EBAD;
	if (s->n == s->cap && (err = grow(s)) != SR_OK)
		return err;
	e.stream = s->spare[--s->spares];
	e.born = s->born++;
	s->v[e.stream] = (struct stream){ from, start, cookie };
	e.due = due_of(&s->v[e.stream]);
	sift_up(s, s->n++, e);
	return SR_OK;
}

static void
take_out(struct sr_schedule *s, size_t at)
{
	struct entry last = s->heap[--s->n];

	s->spare[s->spares++] = s->heap[at].stream;
	if (at < s->n)
		settle(s, at, last);
}

sr_time
sr_schedule_due(const struct sr_schedule *s)
{
	return s->n > 0 ? s->heap[0].due : SR_NEVER;
}

int
sr_schedule_next(struct sr_schedule *s, sr_time until,
    struct sr_scheduled *out)
{
	while (s->n > 0 && s->heap[0].due < until) {
		struct entry e = s->heap[0];
		struct stream *v = &s->v[e.stream];
		int err = v->from.next(v->from.arg, &out->packet);

		out->cookie = v->cookie;
		if (err != SR_OK && err != SR_MORE) {
			take_out(s, 0);
			return err;
		}
		e.due = due_of(v);
		sift_down(s, 0, e);
		if (err == SR_OK) {
			out->packet.at += v->start;
			return SR_OK;
		}
	}
	return SR_MORE;
}

static size_t
find(const struct sr_schedule *s, uint64_t cookie)
{
	size_t i = 0;

	while (i < s->n && s->v[s->heap[i].stream].cookie != cookie)
		i++;
	return i;
}

int
sr_schedule_touch(struct sr_schedule *s, uint64_t cookie)
{
	size_t i = find(s, cookie);
	struct entry e;

	if (i == s->n)
		return SR_ENOENT;
	e = s->heap[i];
	e.due = due_of(&s->v[e.stream]);
	settle(s, i, e);
	return SR_OK;
}

int
sr_schedule_remove(struct sr_schedule *s, uint64_t cookie)
{
	size_t i = find(s, cookie);

	if (i == s->n)
		return SR_ENOENT;
	take_out(s, i);
	return SR_OK;
}
