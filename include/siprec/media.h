/* media: payloads in, samples out, and back.  Codecs end here. */
#ifndef SIPREC_MEDIA_H
#define SIPREC_MEDIA_H

#include "siprec/rtp.h"

/* ---- codec ---- */

enum { SR_MAX_SAMPLES = 5760 * 2 };	/* of one payload, all channels */

/* One codec both ways.  Decoding: any payload of a stranger gives at most
 * SR_MAX_SAMPLES samples, never more.  A state belongs to one thread at a time;
 * states share nothing. */
struct sr_codec {
	enum sr_codec_id id;
	const char *name;
	uint32_t rate;			/* of the samples; 0: the clock's */
	bool conceals;			/* has concealment of its own */
	int (*open)(void **state, const struct sr_format *f);
	/* Decodes one payload to *n samples (of all channels, interleaved).
	 * SR_OK, SR_ENOMEM or SR_EBAD; then *n is 0. */
	int (*decode)(void *state, struct sr_str in, int16_t *out, size_t *n);
	/* n samples for a lost stretch; next is the payload after it or absent
	 * (Opus takes its FEC from there). */
	int (*conceal)(void *state, struct sr_str next, int16_t *out, size_t n);
	/* Encodes n samples; out must have room for 2 * n + 64 bytes.  SR_EBAD
	 * when n is no whole number of the codec's frames. */
	int (*encode)(void *state, const int16_t *in, size_t n,
	    struct sr_buf *out);
	void (*close)(void *state);
};
/* NULL when it is not built in; sr_codec_missing names the library then. */
const struct sr_codec *sr_codec_find(enum sr_codec_id id);
const char *sr_codec_missing(enum sr_codec_id id);
/* Samples per second and channels of f when decoded; Opus: 48000. */
uint32_t sr_codec_rate(const struct sr_format *f);
uint8_t sr_codec_channels(const struct sr_format *f);

/* G.711 as tables, for who needs it fast. */
extern const int16_t sr_ulaw_pcm[256], sr_alaw_pcm[256];
uint8_t sr_pcm_ulaw(int16_t v);
uint8_t sr_pcm_alaw(int16_t v);

/* ---- resample: whole streams from one rate to another ---- */

struct sr_resampler;
int sr_resampler_new(struct sr_resampler **rp, uint32_t from, uint32_t to,
    uint8_t channels);
/* Consumes all of in, appends to out what is ready (frames = samples per
 * channel).  Over the whole stream exactly round(frames_in * to / from)
 * frames come out, aligned: the filter's delay is taken away. */
int sr_resampler_put(struct sr_resampler *r, const int16_t *in, size_t frames,
    struct sr_buf *out);
/* The rest of the stream; r is as new after it. */
int sr_resampler_finish(struct sr_resampler *r, struct sr_buf *out);
void sr_resampler_free(struct sr_resampler *r);

/* ---- track: one stream's packets become one stream of samples ---- */

/* Packets come in order and placed (core does that).  The track decodes,
 * conceals, resamples later codecs to the rate of the first, and fills every
 * hole with silence of exactly the right length. */
struct sr_placed {			/* one packet on the time line */
	int64_t at;			/* in units of format->clock from 0 */
	const struct sr_format *format;
	struct sr_str payload;
	uint32_t lost;			/* packets missing right before it */
	uint32_t cut;			/* bytes that the snaplen took */
};
struct sr_pcm_sink {			/* where samples go */
	void *arg;
	/* frames of all channels, in order, without holes. */
	int (*write)(void *arg, const int16_t *v, size_t frames);
	/* n frames of silence. */
	int (*silence)(void *arg, uint64_t n);
};
struct sr_track;
/* Rate and channels are those of the first decodable format, known after the
 * first put (0 before). */
int sr_track_new(struct sr_track **tp, const struct sr_pcm_sink *sink);
/* Goes on behind so many frames of such a file; before the first put. */
void sr_track_resume(struct sr_track *t, uint32_t rate, uint8_t channels,
    uint64_t frames);
/* SR_OK; SR_EUNSUP when the format cannot be decoded (nothing was written);
 * SR_EBAD when the payload was garbage (silence stands for it); SR_ELIMIT when
 * its place is a century away; SR_ENOMEM; what the sink said.  Needs 32 KiB of
 * stack, and what the codec's library needs.  Nothing of p is kept. */
int sr_track_put(struct sr_track *t, const struct sr_placed *p);
uint32_t sr_track_rate(const struct sr_track *t);
uint8_t sr_track_channels(const struct sr_track *t);
/* Fills with silence up to this length in nanoseconds, rounded to a frame. */
int sr_track_finish(struct sr_track *t, sr_time length);
uint64_t sr_track_frames(const struct sr_track *t);
void sr_track_free(struct sr_track *t);

/* ---- mix: several files of one time line become one ---- */

enum sr_mix { SR_MIX_NONE, SR_MIX_MULTI, SR_MIX_STEREO, SR_MIX_MONO };
/* Mixes frames of n mono inputs (NULL: silence) into channels interleaved
 * outputs: MULTI n channels, STEREO first against the sum of the others,
 * MONO the sum of all; sums saturate. */
uint8_t sr_mix_channels(enum sr_mix how, size_t n);
void sr_mix_block(enum sr_mix how, const int16_t *const *in, size_t n,
    size_t frames, int16_t *out);

#endif
