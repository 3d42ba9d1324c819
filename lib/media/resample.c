/* resample - whole streams from one rate to another, exact in length. */
#include "siprec/media.h"

#include <speex/speex_resampler.h>
#include <stdlib.h>

enum { QUALITY = 7, LOWEST = 1000, HIGHEST = 192000, BLOCK = 256 };

struct sr_resampler {
	SpeexResamplerState *speex;
	uint32_t from, to;
	uint8_t channels;
	uint64_t in, out;		/* frames of this stream so far */
};

/* As it stands before the first frame: history empty, and the filter placed so
 * that the first frame out lies on the first frame in. */
static void
rewind_filter(struct sr_resampler *r)
{
	speex_resampler_reset_mem(r->speex);
	speex_resampler_skip_zeros(r->speex);
	r->in = r->out = 0;
}

int
sr_resampler_new(struct sr_resampler **rp, uint32_t from, uint32_t to,
    uint8_t channels)
{
	/* Two rates that are both a thousand times too high stand for a ratio
	 * finer than 1 Hz. */
	uint32_t scale = from > HIGHEST && to > HIGHEST ? 1000 : 1;
	struct sr_resampler *r;

	if (from / scale < LOWEST || from / scale > HIGHEST ||
	    to / scale < LOWEST || to / scale > HIGHEST || channels == 0)
		return SR_EUNSUP;
	if ((r = sr_zalloc(sizeof(*r))) == NULL)
		return SR_ENOMEM;
	r->speex = speex_resampler_init(channels, from, to, QUALITY, NULL);
	if (r->speex == NULL) {
		free(r);
		return SR_ENOMEM;
	}
	r->from = from;
	r->to = to;
	r->channels = channels;
	rewind_filter(r);
	*rp = r;
	return SR_OK;
}

/* Gives the filter n frames; takes from it not more than the stream may have
 * in all. */
static int
feed(struct sr_resampler *r, const int16_t *in, size_t n, uint64_t all,
    struct sr_buf *out)
{
	spx_uint32_t took, made;
	size_t room;
	int err;

	while (n > 0 && r->out < all) {
		took = n < BLOCK ? (spx_uint32_t)n : BLOCK;
		made = (spx_uint32_t)((uint64_t)took * r->to / r->from + 2);
		if (made > all - r->out)
			made = (spx_uint32_t)(all - r->out);
		room = 2u * made * r->channels;
		if ((err = sr_buf_reserve(out, room)) != SR_OK)
			return err;
		if (speex_resampler_process_interleaved_int(r->speex, in, &took,
		    (int16_t *)(void *)(out->p + out->n), &made) != 0)
			return SR_EBAD;
		out->n += 2u * made * r->channels;
		r->out += made;
		in += took * r->channels;
		n -= took;
	}
	return SR_OK;
}

int
sr_resampler_put(struct sr_resampler *r, const int16_t *in, size_t frames,
    struct sr_buf *out)
{
	r->in += frames;
	return feed(r, in, frames, UINT64_MAX, out);
}

/* Silence pushes out what the filter still holds. */
int
sr_resampler_finish(struct sr_resampler *r, struct sr_buf *out)
{
	static const int16_t silence[BLOCK * 2];
	size_t n = BLOCK * 2u / r->channels;
	uint64_t all = r->in / r->from * r->to +
	    (r->in % r->from * r->to + r->from / 2) / r->from;
	int err = SR_OK;

	while (err == SR_OK && r->out < all)
		err = feed(r, silence, n, all, out);
	rewind_filter(r);
	return err;
}

void
sr_resampler_free(struct sr_resampler *r)
{
	if (r == NULL)
		return;
	speex_resampler_destroy(r->speex);
	free(r);
}
