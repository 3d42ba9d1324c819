/* play - what the tests of lib/play share. */
#ifndef TESTS_UNIT_PLAY_H
#define TESTS_UNIT_PLAY_H

#include "unit/test.h"

#include "siprec/play.h"

/* A looped tape of one second in a static payload type. */
static inline struct sr_tape *
loop_of(enum sr_sound_kind kind, uint8_t pt, unsigned ptime)
{
	struct sr_tape_cfg cfg = { .ptime = ptime, .loop = SR_SEC,
	    .sound = { .kind = kind, .hz = 440, .seed = 1 } };
	struct sr_tape *t = NULL;

	sr_format_static(&cfg.format, pt);
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_OK);
	return t;
}

static inline struct sr_play *
play_of(struct sr_tape *t, const struct sr_play_cfg *with)
{
	struct sr_play_cfg cfg = *with;
	struct sr_play *p = NULL;

	cfg.tape = t;
	CHECK_EQ(sr_play_new(&p, &cfg), SR_OK);
	sr_tape_free(t);
	return p;
}

/* The next packet, parsed, whatever time it takes: SR_OK, or the end.  The
 * bytes are good until the next call. */
static inline int
next_of(struct sr_emitter e, struct sr_packet *p, struct sr_rtp *rtp)
{
	static char bytes[65536];
	int err, idle = 0;

	while ((err = e.next(e.arg, p)) == SR_MORE && ++idle < 100000)
		;
	if (err != SR_OK)
		return err;
	memcpy(bytes, p->head.p, p->head.n);
	if (p->body.n > 0)
		memcpy(bytes + p->head.n, p->body.p, p->body.n);
	if (!p->rtcp)
		CHECK_EQ(sr_rtp_parse(rtp, (struct sr_str){ bytes,
		    p->head.n + p->body.n }), SR_OK);
	return SR_OK;
}

#endif
