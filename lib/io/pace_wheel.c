/* pace_wheel - a timer wheel: adding, removing and finding cost the same with
 * ten streams and with ten thousand.
 *
 * A stream stands in the slot of the first tick that is not before it is due.
 * Who is due in a later turn of the wheel is passed over until then. */
#include <string.h>

#include "io/pace.h"

void
sr_wheel_init(struct wheel *w, sr_time now)
{
	memset(w, 0, sizeof(*w));
	w->cursor = now / WHEEL_TICK;
}

void
sr_wheel_add(struct wheel *w, struct stream *s)
{
	struct stream **slot;
	size_t i;

	s->tick = s->due <= w->cursor * WHEEL_TICK ? w->cursor :
	    (s->due - 1) / WHEEL_TICK + 1;
	i = (size_t)s->tick % WHEEL_SLOTS;
	slot = &w->slot[i];
	s->next = *slot;
	s->prev = slot;
	if (s->next != NULL)
		s->next->prev = &s->next;
	*slot = s;
	w->used[i / 64] |= (uint64_t)1 << i % 64;
}

void
sr_wheel_remove(struct wheel *w, struct stream *s)
{
	size_t i = (size_t)s->tick % WHEEL_SLOTS;

	if (s->prev == NULL)
		return;
	*s->prev = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	s->prev = NULL;
	if (w->slot[i] == NULL)
		w->used[i / 64] &= ~((uint64_t)1 << i % 64);
}

/* The first tick from the cursor on whose slot is in use, one turn at most;
 * the tick after that turn when none is. */
static int64_t
next_used(const struct wheel *w)
{
	int64_t t = w->cursor, end = t + WHEEL_SLOTS;

	while (t < end) {
		size_t i = (size_t)t % WHEEL_SLOTS;
		uint64_t bits = w->used[i / 64] >> i % 64;

		if (bits != 0)
			return t + __builtin_ctzll(bits);
		t += 64 - (int64_t)(i % 64);
	}
	return end;
}

struct stream *
sr_wheel_due(struct wheel *w, sr_time now)
{
	int64_t last = now / WHEEL_TICK;

	while ((w->cursor = next_used(w)) <= last) {
		struct stream *s = w->slot[w->cursor % WHEEL_SLOTS];

		while (s != NULL && s->tick > w->cursor)
			s = s->next;
		if (s != NULL) {
			sr_wheel_remove(w, s);
			if (s->next != NULL)
				__builtin_prefetch(s->next->s.from.arg);
			return s;
		}
		w->cursor++;
	}
	/* What is added from now on is not looked for further ahead. */
	w->cursor = last + 1;
	return NULL;
}

sr_time
sr_wheel_wake(const struct wheel *w)
{
	int64_t t = next_used(w);

	if (t >= w->cursor + WHEEL_SLOTS)
		return SR_NEVER;
	return t * WHEEL_TICK;
}
