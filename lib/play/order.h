/* order - what a play was told to do, and when. */
#ifndef SIPREC_PLAY_ORDER_H
#define SIPREC_PLAY_ORDER_H

#include "siprec/play.h"

enum order_kind {
	ORDER_PAUSE, ORDER_RESUME, ORDER_END, ORDER_SSRC, ORDER_TAPE,
	ORDER_CSRC, ORDER_DIGIT
};
struct order {
	enum order_kind kind;
	sr_time at;
	uint32_t ssrc, ts;
	uint16_t seq;
	struct sr_tape *tape;		/* held */
	uint32_t csrc[15];
	uint8_t ncsrc;
	uint8_t event, pt;
	sr_time duration;
	struct order *next;
};

/* In the order they were given: the first is obeyed first. */
struct orders {
	struct order *head, **tail;
	unsigned n;
};
void sr_orders_init(struct orders *o);
int sr_orders_add(struct orders *o, const struct order *x);
void sr_orders_drop(struct orders *o);		/* the first */
void sr_orders_free(struct orders *o);

#endif
