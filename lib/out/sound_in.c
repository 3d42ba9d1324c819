/* sound_in - our own WAV files by their length on the disk, since one of a
 * process that was killed may have more than its header says; all others with
 * libsndfile. */
#include "out/sound_in.h"

#include <sndfile.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 2048, MAX_CHANNELS = 255 };

struct sound_in {
	struct sr_wav_in wav;		/* fd -1: it is sf */
	SNDFILE *sf;
	uint32_t from, rate;
	uint8_t width, channels;	/* of the file; as wanted */
	int floor;
	struct sr_resampler *rs;	/* NULL: the rate is right */
	struct sr_buf ready;		/* frames as wanted, when resampled */
	int16_t *raw;
	int64_t at;			/* the next frame, as wanted */
	bool over;
};

static int
open_sf(struct sound_in *s, int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	SF_INFO info = { 0 };

	if (fd < 0)
		return SR_ESYS;
	if ((s->sf = sf_open_fd(fd, SFM_READ, &info, SF_TRUE)) == NULL) {
		close(fd);
		return SR_EBAD;
	}
	if (info.channels < 1 || info.channels > MAX_CHANNELS ||
	    info.samplerate < 1)
		return SR_EBAD;
	s->from = (uint32_t)info.samplerate;
	s->width = (uint8_t)info.channels;
	if ((info.format & SF_FORMAT_SUBMASK) == SF_FORMAT_OPUS)
		s->floor = 8;
	return SR_OK;
}

int
sound_open(struct sound_in **sp, int dir, const char *name)
{
	struct sound_in *s = sr_zalloc(sizeof(*s));
	int err;

	if (s == NULL)
		return SR_ENOMEM;
	err = sr_wav_open(&s->wav, dir, name);
	s->from = s->wav.rate;
	s->width = s->wav.channels;
	if (err != SR_OK || s->from == 0 || s->width == 0) {
		sr_wav_end(&s->wav);
		err = open_sf(s, dir, name);
	}
	s->rate = s->from;
	s->channels = s->width;
	sr_buf_init(&s->ready, 16 << 20);
	if (err == SR_OK && (s->raw = malloc((size_t)FRAMES * s->width *
	    sizeof(*s->raw))) == NULL)
		err = SR_ENOMEM;
	if (err == SR_OK)
		*sp = s;
	else
		sound_close(s);
	return err;
}

uint32_t
sound_rate(const struct sound_in *s)
{
	return s->rate;
}

uint8_t
sound_channels(const struct sound_in *s)
{
	return s->channels;
}

int
sound_floor(const struct sound_in *s)
{
	return s->floor;
}

int
sound_want(struct sound_in *s, uint32_t rate, uint8_t channels)
{
	s->rate = rate;
	s->channels = channels;
	return rate != s->from ? sr_resampler_new(&s->rs, s->from, rate,
	    channels) : SR_OK;
}

/* One channel for all, or all in each. */
static void
remix(const struct sound_in *s, const int16_t *v, size_t frames, int16_t *out)
{
	for (size_t i = 0; i < frames; i++) {
		int32_t sum = 0;

		for (size_t c = 0; c < s->width; c++)
			sum += v[i * s->width + c];
		for (size_t c = 0; c < s->channels; c++)
			out[i * s->channels + c] = (int16_t)(sum / s->width);
	}
}

/* Frames of the file, with the channels that are wanted. */
static long
fetch(struct sound_in *s, int16_t *v, size_t max)
{
	bool same = s->width == s->channels;
	int16_t *to = same ? v : s->raw;
	long n;

	if (max > FRAMES)
		max = FRAMES;
	n = s->sf != NULL ? (long)sf_readf_short(s->sf, to, (sf_count_t)max) :
	    sr_wav_read(&s->wav, to, max);
	if (n > 0 && !same)
		remix(s, to, (size_t)n, v);
	return n;
}

static int
resample(struct sound_in *s)
{
	int16_t *v = malloc((size_t)FRAMES * s->channels * sizeof(*v));
	long n;
	int err = SR_OK;

	if (v == NULL)
		return SR_ENOMEM;
	if ((n = fetch(s, v, FRAMES)) > 0)
		err = sr_resampler_put(s->rs, v, (size_t)n, &s->ready);
	else if (n == 0)
		err = sr_resampler_finish(s->rs, &s->ready);
	else
		err = (int)n;
	s->over = n == 0;
	free(v);
	return err;
}

static long
take_ready(struct sound_in *s, int16_t *v, size_t max)
{
	size_t frame = s->channels * sizeof(*v), n;
	int err;

	while (s->ready.n < frame && !s->over)
		if ((err = resample(s)) != SR_OK)
			return err;
	n = s->ready.n / frame < max ? s->ready.n / frame : max;
	if (n > 0)
		memcpy(v, s->ready.p, n * frame);
	sr_buf_drop(&s->ready, n * frame);
	return (long)n;
}

long
sound_read(struct sound_in *s, int16_t *v, size_t max)
{
	long n = s->rs != NULL ? take_ready(s, v, max) : fetch(s, v, max);

	if (n > 0)
		s->at += n;
	return n;
}

/* Through what is resampled there is no short cut. */
int
sound_seek(struct sound_in *s, int64_t at)
{
	int16_t v[FRAMES];
	long n = 1;

	if (s->rs == NULL && at > s->at) {
		off_t bytes = (off_t)(at - s->at) * 2 * s->width;

		if (s->sf != NULL ? sf_seek(s->sf, at, SEEK_SET) != at :
		    lseek(s->wav.fd, bytes, SEEK_CUR) < 0)
			return SR_ESYS;
		s->at = at;
	}
	while (s->at < at && n > 0) {
		int64_t max = FRAMES / s->channels;

		n = sound_read(s, v, (size_t)(at - s->at < max ? at - s->at :
		    max));
	}
	return n < 0 ? (int)n : SR_OK;
}

void
sound_close(struct sound_in *s)
{
	if (s == NULL)
		return;
	if (s->sf != NULL)
		sf_close(s->sf);
	else
		sr_wav_end(&s->wav);
	sr_resampler_free(s->rs);
	sr_buf_free(&s->ready);
	free(s->raw);
	free(s);
}
