/* queue - what has happened and has not been taken yet.
 *
 * Media does not pass through here packet by packet: an item may stand for
 * "pull this stream until it is dry", so that a packet costs no allocation
 * and everything still comes out in order. */
#include "priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static struct item *
append(struct sr_engine *e)
{
	struct queue *q = &e->queue;
	struct item *i = q->spare;

	if (i != NULL) {
		q->spare = i->next;
		q->nspare--;
	} else if ((i = malloc(sizeof(*i))) == NULL) {
		e->err = SR_ENOMEM;
		return NULL;
	}
	i->next = NULL;
	if (q->tail != NULL)
		q->tail->next = i;
	else
		q->head = i;
	q->tail = i;
	return i;
}

struct sr_event *
queue_event(struct sr_engine *e, enum sr_event_kind kind, struct sr_session *s)
{
	struct item *i = append(e);

	if (i == NULL)
		return NULL;
	i->pull = false;
	i->ev = (struct sr_event){ .kind = kind, .time = e->now,
	    .num = e->num, .session = s, .again = e->again };
	return &i->ev;
}

void
queue_pull(struct sr_engine *e, struct sr_stream *t)
{
	struct item *i = append(e);

	if (i != NULL) {
		i->pull = true;
		i->ev.stream = t;
	}
}

static void
pop(struct queue *q)
{
	struct item *i = q->head;

	q->head = i->next;
	if (q->head == NULL)
		q->tail = NULL;
	if (q->nspare < 64) {
		i->next = q->spare;
		q->spare = i;
		q->nspare++;
	} else {
		free(i);
	}
}

const struct sr_event *
sr_engine_next(struct sr_engine *e)
{
	struct item *i;

	for (;;) {
		if (e->istash < e->nstash)
			return &e->stash[e->istash++];
		e->istash = e->nstash = 0;
		if ((i = e->queue.head) == NULL)
			return NULL;
		if (!i->pull) {
			e->out = i->ev;
			pop(&e->queue);
			if (e->out.kind == SR_EV_END)
				session_totals(&e->out);
			return &e->out;
		}
		if (!media_pull(e, i->ev.stream))
			pop(&e->queue);
	}
}

void
queue_free(struct queue *q)
{
	struct item *i;

	while (q->head != NULL)
		pop(q);
	while ((i = q->spare) != NULL) {
		q->spare = i->next;
		free(i);
	}
}

void
trash(struct sr_engine *e, void *p, void (*destroy)(void *))
{
	struct trash *t = malloc(sizeof(*t));

	if (t == NULL) {
		e->err = SR_ENOMEM;
		destroy(p);
		return;
	}
	*t = (struct trash){ e->trash, p, destroy };
	e->trash = t;
}

void
warn(struct sr_engine *e, struct sr_session *s, const char *rule,
    const char *fmt, ...)
{
	struct sr_event *ev;
	char line[512], *text;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (s != NULL && s->begun == 0)
		s = NULL;		/* nobody has heard of it yet */
	if (n < 0 || (ev = queue_event(e, SR_EV_WARN, s)) == NULL)
		return;
	if ((size_t)n >= sizeof(line))
		n = sizeof(line) - 1;
	ev->u.warn.rule = rule;
	if ((text = malloc((size_t)n + 1)) == NULL)
		return;
	for (int k = 0; k < n; k++)
		text[k] = line[k];
	ev->u.warn.text = (struct sr_str){ text, (size_t)n };
	trash(e, text, free);
}
