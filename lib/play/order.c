/* order - what a play was told to do, and when. */
#include "play/order.h"

#include <stdlib.h>

enum { ORDERS_MAX = 4096 };

void
sr_orders_init(struct orders *o)
{
	*o = (struct orders){ .tail = &o->head };
}

int
sr_orders_add(struct orders *o, const struct order *x)
{
	struct order *copy;

	if (o->n >= ORDERS_MAX)
		return SR_ELIMIT;
	if ((copy = sr_zalloc(sizeof(*copy))) == NULL)
		return SR_ENOMEM;
	*copy = *x;
	copy->next = NULL;
	if (copy->tape != NULL)
		sr_tape_hold(copy->tape);
	*o->tail = copy;
	o->tail = &copy->next;
	o->n++;
	return SR_OK;
}

void
sr_orders_drop(struct orders *o)
{
	struct order *x = o->head;

	o->head = x->next;
	if (o->head == NULL)
		o->tail = &o->head;
	o->n--;
	sr_tape_free(x->tape);
	free(x);
}

void
sr_orders_free(struct orders *o)
{
	while (o->head != NULL)
		sr_orders_drop(o);
}
