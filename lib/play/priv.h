/* priv - what the files of lib/play share. */
#ifndef SIPREC_PLAY_PRIV_H
#define SIPREC_PLAY_PRIV_H

#include "siprec/play.h"

/* ---- sound.c ---- */

struct reader {				/* a sound in the making */
	struct sr_sound sound;
	struct sr_speech speech;
	uint32_t rate;
	uint8_t channels;
	uint64_t k;			/* frames so far */
	bool over;
};
void sr_reader_init(struct reader *r, const struct sr_sound *s, uint32_t rate,
    uint8_t channels);
/* Fills all of out, with silence behind the end; false when nothing but. */
bool sr_reader_read(struct reader *r, int16_t *out, size_t frames);

/* ---- tape.c ---- */

uint32_t sr_tape_ticks(const struct sr_tape *t);	/* of one payload */
/* A tape without a loop, whose sound is over, goes on with silence. */
struct sr_str sr_tape_blank(struct sr_tape *t);
/* RFC 3389 section 3.1: how loud payload k is, in -dBov. */
uint8_t sr_tape_level(const struct sr_tape *t, uint64_t k);
int sr_tape_error(const struct sr_tape *t);	/* why it ended: SR_OK */

/* ---- play.c ---- */

/* What it had handed out with the SSRC before this one. */
const struct sr_play_numbers *sr_play_before(const struct sr_play *p);
const struct sr_play_numbers *sr_play_current(const struct sr_play *p);
void sr_put16(uint8_t *p, uint32_t v);
void sr_put32(uint8_t *p, uint32_t v);

/* ---- harm.c ---- */

/* When the drifting clock of the sender shows t. */
sr_time sr_harm_wall(const struct sr_harm *h, sr_time t);

#endif
