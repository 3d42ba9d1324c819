/* track - one stream's packets become one stream of samples.
 *
 * A run is an unbroken stretch of one codec, counted in that codec's frames;
 * silence between runs is placed in frames of the file, so that no rounding
 * adds up however often a stream stops and starts. */
#include "siprec/media.h"

#include <stdlib.h>

#include "media/priv.h"

enum {
	MIN_CLOCK = 1000, MAX_CLOCK = 192000,
	MAX_HIDE = 5,			/* conceal up to 1/5 s, then silence */
	STEP = 10,			/* by 1/10 s, which out holds */
	BLOCK = 480			/* frames remixed at a time */
};

struct sr_track {
	struct sr_pcm_sink sink;
	uint32_t rate;			/* of the file */
	uint8_t channels;
	uint64_t end;			/* frames in the file */

	const struct sr_codec *codec;
	void *state;
	uint32_t clock, from;		/* of RTP, of the codec's samples */
	uint8_t width;			/* channels of the codec */
	uint64_t params;		/* tells one kind of it from another */

	int64_t pos;			/* next frame, counted at rate from */
	bool running;			/* the resampler is inside a run */
	struct sr_resampler *resampler;	/* NULL until it is needed */
	struct sr_buf resampled;
};

int
sr_track_new(struct sr_track **tp, const struct sr_pcm_sink *sink)
{
	struct sr_track *t = sr_zalloc(sizeof(*t));

	if (t == NULL)
		return SR_ENOMEM;
	t->sink = *sink;
	sr_buf_init(&t->resampled, 4u << 20);
	*tp = t;
	return SR_OK;
}

void
sr_track_resume(struct sr_track *t, uint32_t rate, uint8_t channels,
    uint64_t frames)
{
	t->rate = rate;
	t->channels = channels;
	t->end = frames;
}

void
sr_track_free(struct sr_track *t)
{
	if (t == NULL)
		return;
	if (t->codec != NULL)
		t->codec->close(t->state);
	sr_resampler_free(t->resampler);
	sr_buf_free(&t->resampled);
	free(t);
}

/* v of one clock in another, to the nearest. */
static int64_t
scale(int64_t v, uint32_t to, uint32_t from)
{
	int64_t whole, rest;

	if (to == from)
		return v;
	whole = v / from;
	rest = v % from;
	if (rest < 0) {
		rest += from;
		whole--;
	}
	return whole * to + (rest * to + from / 2) / from;
}

/* Silence up to the frame that is wanted next. */
static int
pad(struct sr_track *t, int64_t want)
{
	int err;

	if (want <= (int64_t)t->end)
		return SR_OK;
	err = t->sink.silence(t->sink.arg, (uint64_t)want - t->end);
	if (err == SR_OK)
		t->end = (uint64_t)want;
	return err;
}

static int
write_frames(struct sr_track *t, const int16_t *v, size_t n)
{
	int err = n > 0 ? t->sink.write(t->sink.arg, v, n) : SR_OK;

	if (err == SR_OK)
		t->end += n;
	return err;
}

static int
write_resampled(struct sr_track *t)
{
	int err = write_frames(t, (const int16_t *)(void *)t->resampled.p,
	    t->resampled.n / 2 / t->channels);

	t->resampled.n = 0;
	return err;
}

/* Lets out what the resampler holds of the run. */
static int
stop(struct sr_track *t)
{
	int err;

	if (!t->running)
		return SR_OK;
	t->running = false;
	err = sr_resampler_finish(t->resampler, &t->resampled);
	return err == SR_OK ? write_resampled(t) : err;
}

/* Frames with the channels of the file, at t->pos. */
static int
write_run(struct sr_track *t, const int16_t *v, size_t n)
{
	int err;

	if (!t->running &&
	    (err = pad(t, scale(t->pos, t->rate, t->from))) != SR_OK)
		return err;
	t->pos += (int64_t)n;
	if (t->from == t->rate)
		return write_frames(t, v, n);
	if (t->resampler == NULL && (err = sr_resampler_new(&t->resampler,
	    t->from, t->rate, t->channels)) != SR_OK)
		return err;
	t->running = true;
	err = sr_resampler_put(t->resampler, v, n, &t->resampled);
	return err == SR_OK ? write_resampled(t) : err;
}

/* Mono goes to both sides of a stereo file; stereo is averaged into mono. */
static void
remix(const int16_t *v, size_t n, bool to_stereo, int16_t *out)
{
	for (size_t i = 0; i < n; i++)
		if (to_stereo)
			out[2 * i] = out[2 * i + 1] = v[i];
		else
			out[i] = (int16_t)((v[2 * i] + v[2 * i + 1]) / 2);
}

/* Frames as they come from the codec, at t->pos. */
static int
emit(struct sr_track *t, const int16_t *v, size_t n)
{
	int16_t block[2 * BLOCK];
	int err = SR_OK;

	if (t->width == t->channels)
		return write_run(t, v, n);
	while (n > 0 && err == SR_OK) {
		size_t k = n < BLOCK ? n : BLOCK;

		remix(v, k, t->channels == 2, block);
		err = write_run(t, block, k);
		v += k * t->width;
		n -= k;
	}
	return err;
}

/* n frames that belong at this place: what is written already is cut off. */
static int
place(struct sr_track *t, int64_t at, const int16_t *v, size_t n)
{
	size_t skip = 0;

	if (at < t->pos) {
		if (t->pos - at >= (int64_t)n)
			return SR_OK;
		skip = (size_t)(t->pos - at);
	}
	return emit(t, v + skip * t->width, n - skip);
}

/* Has the codec make up the hole before next, which begins at this place. */
static int
conceal(struct sr_track *t, int64_t at, struct sr_str next, int16_t *pcm)
{
	const struct sr_str none = { NULL, 0 };
	int64_t step = t->from / STEP;
	int err = SR_OK;

	while (t->pos < at && err == SR_OK) {
		int64_t left = at - t->pos;
		size_t n = (size_t)(left > step ? left - step : left);

		err = t->codec->conceal(t->state, left > step ? none : next,
		    pcm, n * t->width);
		if (err == SR_OK)
			err = emit(t, pcm, n);
	}
	return err;
}

/* Whatever is missing before this place. */
static int
bridge(struct sr_track *t, const struct sr_placed *p, int64_t at, int16_t *pcm)
{
	int err;

	if (at <= t->pos)
		return SR_OK;
	if (p->lost > 0 && t->codec->conceals &&
	    at - t->pos <= t->from / MAX_HIDE)
		return conceal(t, at, p->payload, pcm);
	if ((err = stop(t)) != SR_OK)
		return err;
	t->pos = at;
	return SR_OK;
}

/* A payload that does not decode: the codec's guess, or silence in its time,
 * which the next packet brings. */
static int
hide(struct sr_track *t, const struct sr_placed *p, int64_t at, int16_t *pcm)
{
	const struct sr_str none = { NULL, 0 };
	uint32_t ticks = sr_payload_ticks(p->format, p->payload);
	int64_t n = scale(ticks, t->from, t->clock);
	int err;

	if (n == 0 || !t->codec->conceals || n > t->from / STEP)
		return SR_EBAD;
	err = t->codec->conceal(t->state, none, pcm, (size_t)n * t->width);
	if (err == SR_OK)
		err = place(t, at, pcm, (size_t)n);
	return err == SR_OK ? SR_EBAD : err;
}

/* What two formats of one codec may differ in, so that they need a decoder
 * each: AMR in its packing, G.726 in its order of bits.  Other parameters are
 * wishes, and a new offer with other wishes must not be heard. */
static uint64_t
params(const struct sr_format *f)
{
	if (f->id == SR_CODEC_AMR || f->id == SR_CODEC_AMR_WB)
		return sr_hash(f->fmtp.p, f->fmtp.n);
	return sr_stristarts(f->name, SR_STR("AAL2-"));
}

static bool
same(const struct sr_track *t, const struct sr_format *f)
{
	return t->codec != NULL && t->codec->id == f->id &&
	    t->clock == f->clock && t->width == sr_codec_channels(f) &&
	    t->params == params(f);
}

/* Goes over to another codec, or stays as it was. */
static int
use(struct sr_track *t, const struct sr_format *f)
{
	const struct sr_codec *codec = sr_codec_find(f->id);
	uint32_t from = sr_codec_rate(f);
	void *state;
	int err;

	if (codec == NULL || f->clock < MIN_CLOCK || f->clock > MAX_CLOCK)
		return SR_EUNSUP;
	if ((err = codec->open(&state, f)) != SR_OK)
		return err;
	if ((err = stop(t)) != SR_OK) {
		codec->close(state);
		return err;
	}
	if (t->codec != NULL)
		t->codec->close(t->state);
	if (from != t->from) {
		sr_resampler_free(t->resampler);
		t->resampler = NULL;
	}
	t->codec = codec;
	t->state = state;
	t->clock = f->clock;
	t->from = from;
	t->width = sr_codec_channels(f);
	t->params = params(f);
	if (t->rate == 0) {
		t->rate = from;
		t->channels = t->width;
	}
	/* The first frame that does not begin inside what is written. */
	t->pos = scale((int64_t)t->end, from, t->rate);
	t->pos += scale(t->pos, t->rate, from) < (int64_t)t->end;
	return SR_OK;
}

/* Whether a head of a payload is worth as much as its bytes. */
static bool
divisible(enum sr_codec_id id)
{
	return id >= SR_CODEC_PCMU && id <= SR_CODEC_G726_40;
}

int
sr_track_put(struct sr_track *t, const struct sr_placed *p)
{
	int16_t pcm[SR_MAX_SAMPLES];
	int64_t at, bound;
	size_t n;
	int err;

	/* Comfort noise and digits are silence here (RFC 3389, RFC 4733); the
	 * packet after them brings it. */
	if (p->format->id == SR_CODEC_CN || p->format->id == SR_CODEC_EVENT)
		return SR_OK;
	if (!same(t, p->format) && (err = use(t, p->format)) != SR_OK)
		return err;
	bound = (int64_t)t->clock << 32;
	if (p->at >= bound || p->at <= -bound)
		return SR_ELIMIT;
	if (p->cut > 0 && !divisible(p->format->id))
		return SR_OK;
	at = scale(p->at, t->from, t->clock);
	if ((err = bridge(t, p, at, pcm)) != SR_OK)
		return err;
	err = t->codec->decode(t->state, p->payload, pcm, &n);
	if (err == SR_OK)
		return place(t, at, pcm, n / t->width);
	return err == SR_EBAD ? hide(t, p, at, pcm) : err;
}

uint32_t
sr_track_rate(const struct sr_track *t)
{
	return t->rate;
}

uint8_t
sr_track_channels(const struct sr_track *t)
{
	return t->channels;
}

int
sr_track_finish(struct sr_track *t, sr_time length)
{
	int64_t whole = length / SR_SEC, rest = length % SR_SEC;
	int err;

	if ((err = stop(t)) != SR_OK || t->rate == 0 || length < 0)
		return err;
	return pad(t, whole * t->rate + (rest * t->rate + SR_SEC / 2) / SR_SEC);
}

uint64_t
sr_track_frames(const struct sr_track *t)
{
	return t->end;
}
