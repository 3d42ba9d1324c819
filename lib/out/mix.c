/* mix - the finished files of a session become one. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES = 4096 };

struct input {
	struct sr_wav_in wav;
	struct sr_resampler *rs;
	struct sr_buf ready;	/* samples at the rate of the mix, mono */
	bool over;
};

static void
to_mono(int16_t *v, long frames, uint8_t channels)
{
	for (long i = 0; channels > 1 && i < frames; i++) {
		int32_t sum = 0;

		for (uint8_t c = 0; c < channels; c++)
			sum += v[i * channels + c];
		v[i] = (int16_t)(sum / channels);
	}
}

static int
fetch(struct input *in)
{
	int16_t v[FRAMES];
	int err = SR_OK;

	while (!in->over && in->ready.n < FRAMES * 2 && err == SR_OK) {
		long n = sr_wav_read(&in->wav, v,
		    FRAMES / (size_t)in->wav.channels);

		if (n < 0)
			return (int)n;
		to_mono(v, n, in->wav.channels);
		if (n == 0) {
			in->over = true;
			if (in->rs != NULL)
				err = sr_resampler_finish(in->rs, &in->ready);
		} else if (in->rs != NULL) {
			err = sr_resampler_put(in->rs, v, (size_t)n,
			    &in->ready);
		} else {
			err = sr_buf_add(&in->ready, (struct sr_str){
			    (const char *)v, (size_t)n * 2 });
		}
	}
	return err;
}

/* Silence of all channels is kept back: much of it at once becomes a hole in
 * the file, as it is in the files of the streams. */
static int
put_block(struct sr_wav *out, const int16_t *v, size_t frames,
    uint8_t channels, uint64_t *quiet)
{
	size_t bytes = frames * channels * sizeof(*v);
	int err = SR_OK;

	if (v[0] == 0 && memcmp(v, v + 1, bytes - sizeof(*v)) == 0) {
		*quiet += frames;
		return SR_OK;
	}
	if (*quiet > 0)
		err = sr_wav_silence(out, *quiet);
	*quiet = 0;
	return err == SR_OK ? sr_wav_write(out, v, frames) : err;
}

static int
mix_inputs(enum sr_mix how, struct input *in, size_t n, struct sr_wav *out)
{
	uint8_t channels = sr_mix_channels(how, n);
	const int16_t **v = sr_zalloc(n * sizeof(*v));
	int16_t *block = sr_zalloc((size_t)FRAMES * channels * 2);
	int err = v != NULL && block != NULL ? SR_OK : SR_ENOMEM;
	uint64_t quiet = 0;

	while (err == SR_OK) {
		size_t frames = FRAMES;

		for (size_t i = 0; i < n && err == SR_OK; i++) {
			err = fetch(&in[i]);
			if (in[i].ready.n / 2 < frames)
				frames = in[i].ready.n / 2;
			v[i] = (const int16_t *)(void *)in[i].ready.p;
		}
		if (frames == 0 || err != SR_OK)
			break;
		sr_mix_block(how, v, n, frames, block);
		err = put_block(out, block, frames, channels, &quiet);
		for (size_t i = 0; i < n; i++)
			sr_buf_drop(&in[i].ready, frames * 2);
	}
	if (err == SR_OK && quiet > 0)
		err = sr_wav_silence(out, quiet);
	free(v);
	free(block);
	return err;
}

void
mix_order(struct rec_session *s, const struct sr_doc *d)
{
	if (s->recorder->cfg.order != SR_ORDER_METADATA || d == NULL ||
	    d->nstreams == 0)
		return;
	s->order = sr_arena_alloc(&s->arena, d->nstreams * sizeof(*s->order));
	for (size_t i = 0; s->order != NULL && i < d->nstreams; i++)
		if (d->streams[i].label.n > 0)
			s->order[s->norder++] = sr_arena_dup(&s->arena,
			    d->streams[i].label);
}

/* 2 before 10, and words by their letters. */
static bool
label_before(struct sr_str a, struct sr_str b)
{
	uint64_t x, y;

	if (sr_strnum(a, &x) == SR_OK && sr_strnum(b, &y) == SR_OK && x != y)
		return x < y;
	return sr_strcmp(a, b) < 0;
}

static size_t
place_in_order(const struct rec_session *s, const struct rec_stream *t)
{
	for (size_t i = 0; i < s->norder; i++)
		if (sr_streq(s->order[i], t->label))
			return i;
	return s->norder + t->index;
}

static bool
before(const struct rec_session *s, const struct rec_stream *a,
    const struct rec_stream *b)
{
	if (s->recorder->cfg.order == SR_ORDER_LABEL)
		return label_before(a->label, b->label);
	return place_in_order(s, a) < place_in_order(s, b);
}

static size_t
collect(struct rec_session *s, struct rec_stream **v)
{
	size_t n = 0;

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next) {
		size_t at = n;

		if (t->file == NULL)
			continue;
		while (at > 0 && before(s, t, v[at - 1])) {
			v[at] = v[at - 1];
			at--;
		}
		v[at] = t;
		n++;
	}
	return n;
}

static int
open_inputs(struct rec_session *s, struct rec_stream **v, size_t n,
    uint32_t rate, struct input *in)
{
	int err = SR_OK;

	for (size_t i = 0; i < n && err == SR_OK; i++) {
		err = sr_wav_open(&in[i].wav, s->dir, v[i]->file);
		sr_buf_init(&in[i].ready, 1 << 20);
		if (err == SR_OK && in[i].wav.rate != rate)
			err = sr_resampler_new(&in[i].rs, in[i].wav.rate, rate,
			    1);
	}
	return err;
}

int
mix_session(struct rec_session *s)
{
	struct rec_stream **v = sr_zalloc((s->nstreams + 1) * sizeof(*v));
	struct input *in = sr_zalloc((s->nstreams + 1) * sizeof(*in));
	struct sr_wav *out = NULL;
	uint32_t rate = 0;
	size_t n = v != NULL && in != NULL ? collect(s, v) : 0;
	int err = SR_OK, closed;

	for (size_t i = 0; i < n; i++) {
		in[i].wav.fd = -1;
		if (v[i]->rate > rate)
			rate = v[i]->rate;
	}
	if (n > 0) {
		err = open_inputs(s, v, n, rate, in);
		if (err == SR_OK)
			err = sr_wav_new(&out, s->dir, "mix.wav", rate,
			    sr_mix_channels(s->recorder->cfg.mix, n));
		if (err == SR_OK)
			err = mix_inputs(s->recorder->cfg.mix, in, n, out);
		closed = sr_wav_close(out);
		err = err == SR_OK ? closed : err;
		s->mix_file = strdup("mix.wav");
		if (err == SR_OK && s->mix_file != NULL)
			err = convert_file(s, &s->mix_file);
	}
	for (size_t i = 0; i < n; i++) {
		sr_wav_end(&in[i].wav);
		sr_resampler_free(in[i].rs);
		sr_buf_free(&in[i].ready);
	}
	free(v);
	free(in);
	return err;
}
