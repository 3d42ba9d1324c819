/* sound_in: an audio file that a recording has, read once from the front, at
 * the rate and with the channels that are wanted. */
#ifndef OUT_SOUND_IN_H
#define OUT_SOUND_IN_H

#include "siprec/out.h"

struct sound_in;
/* SR_OK; SR_ESYS; SR_EBAD: no audio file; SR_ENOMEM. */
int sound_open(struct sound_in **sp, int dir, const char *name);
uint32_t sound_rate(const struct sound_in *s);
uint8_t sound_channels(const struct sound_in *s);
/* Are samples near zero as good as zero?  Lossy codecs make such. */
int sound_floor(const struct sound_in *s);
/* As it will be read from now on. */
int sound_want(struct sound_in *s, uint32_t rate, uint8_t channels);
/* Up to max frames; 0 at the end; < 0: enum sr_err. */
long sound_read(struct sound_in *s, int16_t *v, size_t max);
/* The next frames are those from that place on, which lies ahead. */
int sound_seek(struct sound_in *s, int64_t at);
void sound_close(struct sound_in *s);		/* NULL is fine */

#endif
