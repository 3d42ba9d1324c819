/* convert - finished WAV files become one mix, or another kind of file.
 *
 * Both happen when a session is over and its files are whole, so that nothing
 * which may fail stands between a packet and the disk. */
#include "priv.h"

#include <sndfile.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 4096 };

/* ---- another kind of file ---- */

static int
sound_format(enum sr_audio a)
{
	switch (a) {
	case SR_AUDIO_ULAW: return SF_FORMAT_WAV | SF_FORMAT_ULAW;
	case SR_AUDIO_FLAC: return SF_FORMAT_FLAC | SF_FORMAT_PCM_16;
	case SR_AUDIO_OPUS: return SF_FORMAT_OGG | SF_FORMAT_OPUS;
	case SR_AUDIO_WAV: break;
	}
	return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
}

/* Ogg/Opus knows a few rates only. */
static bool
opus_rate(uint32_t rate)
{
	return rate == 8000 || rate == 12000 || rate == 16000 ||
	    rate == 24000 || rate == 48000;
}

static int
copy_sound(struct sr_wav_in *in, SNDFILE *out, uint32_t to)
{
	int16_t v[FRAMES];
	struct sr_resampler *rs = NULL;
	struct sr_buf more;
	long n, max = FRAMES / in->channels;
	int err = SR_OK;

	sr_buf_init(&more, 16 << 20);
	if (to != in->rate)
		err = sr_resampler_new(&rs, in->rate, to, in->channels);
	while (err == SR_OK && (n = sr_wav_read(in, v, (size_t)max)) > 0) {
		if (rs == NULL) {
			if (sf_writef_short(out, v, n) != n)
				err = SR_ESYS;
			continue;
		}
		more.n = 0;
		err = sr_resampler_put(rs, v, (size_t)n, &more);
		if (err == SR_OK && more.n > 0)
			sf_write_short(out, (const short *)(void *)more.p,
			    (sf_count_t)(more.n / 2));
	}
	if (err == SR_OK && rs != NULL) {
		more.n = 0;
		err = sr_resampler_finish(rs, &more);
		if (more.n > 0)
			sf_write_short(out, (const short *)(void *)more.p,
			    (sf_count_t)(more.n / 2));
	}
	sr_resampler_free(rs);
	sr_buf_free(&more);
	return err;
}

static const char *
suffix_of(enum sr_audio a)
{
	return a == SR_AUDIO_FLAC ? ".flac" : a == SR_AUDIO_OPUS ? ".opus" :
	    ".wav";
}

static int
convert_to(struct rec_session *s, struct sr_wav_in *in, const char *name)
{
	enum sr_audio kind = s->recorder->cfg.audio;
	uint32_t rate = kind == SR_AUDIO_OPUS && !opus_rate(in->rate) ? 48000 :
	    in->rate;
	SF_INFO info = { .samplerate = (int)rate, .channels = in->channels,
	    .format = sound_format(kind) };
	int fd = openat(s->dir, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600);
	SNDFILE *out;
	int err;

	if (fd < 0)
		return SR_ESYS;
	if ((out = sf_open_fd(fd, SFM_WRITE, &info, SF_TRUE)) == NULL) {
		close(fd);
		errno = EINVAL;
		return SR_ESYS;
	}
	if (kind == SR_AUDIO_OPUS)
		/* The serial number of an Ogg stream is drawn by chance; the
		 * same input must give the same bytes. */
		sf_command(out, SFC_SET_OGG_PAGE_LATENCY_MS, NULL, 0);
	err = copy_sound(in, out, rate);
	if (sf_close(out) != 0)
		err = SR_ESYS;
	return err;
}

int
convert_file(struct rec_session *s, char **name)
{
	enum sr_audio kind = s->recorder->cfg.audio;
	size_t n = strlen(*name);
	struct sr_wav_in in;
	char to[MAX_FILE_NAME + 8], tmp[MAX_FILE_NAME + 16];
	int err;

	if (kind == SR_AUDIO_WAV || n < 4)
		return SR_OK;
	snprintf(to, sizeof(to), "%.*s%s", (int)(n - 4), *name,
	    suffix_of(kind));
	snprintf(tmp, sizeof(tmp), ".%s", to);
	if ((err = sr_wav_open(&in, s->dir, *name)) != SR_OK)
		return err;
	err = convert_to(s, &in, tmp);
	sr_wav_end(&in);
	if (err != SR_OK)
		return err;	/* the WAV file stays: nothing is lost */
	unlinkat(s->dir, *name, 0);
	if (renameat(s->dir, tmp, s->dir, to) != 0)
		return SR_ESYS;
	free(*name);
	*name = strdup(to);
	return *name != NULL ? SR_OK : SR_ENOMEM;
}

/* ---- mix ---- */

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

static int
mix_inputs(enum sr_mix how, struct input *in, size_t n, struct sr_wav *out)
{
	uint8_t channels = sr_mix_channels(how, n);
	const int16_t **v = sr_zalloc(n * sizeof(*v));
	int16_t *block = sr_zalloc((size_t)FRAMES * channels * 2);
	int err = v != NULL && block != NULL ? SR_OK : SR_ENOMEM;

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
		err = sr_wav_write(out, block, frames);
		for (size_t i = 0; i < n; i++)
			sr_buf_drop(&in[i].ready, frames * 2);
	}
	free(v);
	free(block);
	return err;
}

static size_t
place_in_order(const struct rec_session *s, const struct rec_stream *t)
{
	for (size_t i = 0; i < s->norder; i++)
		if (sr_streq(s->order[i], t->label))
			return i;
	return s->norder + t->index;
}

static size_t
collect(struct rec_session *s, struct rec_stream **v)
{
	size_t n = 0;

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next) {
		size_t at = n;

		if (t->file == NULL)
			continue;
		while (at > 0 && place_in_order(s, v[at - 1]) >
		    place_in_order(s, t)) {
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
