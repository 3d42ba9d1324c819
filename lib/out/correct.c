/* correct - a finished file is moved and stretched on the time line.
 *
 * What stands before its media is silence that need not be kept, so the file
 * is written anew: silence up to its new place, then its media at the pace of
 * the clock on the wall. */
#include "priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FRAMES = 4096 };
#define SCALE 1000.0			/* of rates: finer than a ppm */

static uint64_t
frames_at(sr_time t, uint32_t rate)
{
	return t > 0 ? (uint64_t)((double)t * rate / 1e9 + 0.5) : 0;
}

static int
copy(struct sr_wav_in *in, struct sr_wav *out, struct sr_resampler *rs)
{
	int16_t v[FRAMES];
	struct sr_buf more;
	size_t max = FRAMES / in->channels;
	int err = SR_OK;
	long n = 1;

	sr_buf_init(&more, 4 << 20);
	while (err == SR_OK && n > 0) {
		if ((n = sr_wav_read(in, v, max)) < 0)
			err = (int)n;
		else if (rs == NULL)
			err = sr_wav_write(out, v, (size_t)n);
		else if (n > 0)
			err = sr_resampler_put(rs, v, (size_t)n, &more);
		else
			err = sr_resampler_finish(rs, &more);
		if (rs != NULL && err == SR_OK)
			err = sr_wav_write(out, (const int16_t *)(void *)more.p,
			    more.n / 2 / in->channels);
		more.n = 0;
	}
	sr_buf_free(&more);
	return err;
}

static int
rewrite(struct rec_session *s, const struct rec_stream *t,
    struct sr_wav_in *in, const char *tmp)
{
	const struct sr_correction *c = &t->correction;
	double ppm = (c->stretch - 1) * 1e6;
	uint32_t from = (uint32_t)(in->rate * SCALE);
	struct sr_resampler *rs = NULL;
	struct sr_wav *out = NULL;
	uint64_t have, want = frames_at(s->length, in->rate);
	int err = sr_wav_new(&out, s->dir, tmp, in->rate, in->channels), closed;

	if (err == SR_OK && (ppm > 0.5 || ppm < -0.5))
		err = sr_resampler_new(&rs, from, (uint32_t)(from * c->stretch +
		    0.5), in->channels);
	if (err == SR_OK)
		err = sr_wav_silence(out, frames_at(c->to, in->rate));
	lseek(in->fd, (off_t)(frames_at(c->begin, in->rate) * 2 *
	    in->channels), SEEK_CUR);
	if (err == SR_OK)
		err = copy(in, out, rs);
	have = sr_wav_frames(out);
	if (err == SR_OK && have < want)
		err = sr_wav_silence(out, want - have);
	closed = sr_wav_close(out);
	sr_resampler_free(rs);
	return err == SR_OK ? closed : err;
}

int
correct_file(struct rec_session *s, struct rec_stream *t)
{
	char tmp[MAX_FILE_NAME + 16];
	struct sr_wav_in in;
	int err;

	snprintf(tmp, sizeof(tmp), ".%s", t->file);
	if ((err = sr_wav_open(&in, s->dir, t->file)) != SR_OK)
		return err;
	err = rewrite(s, t, &in, tmp);
	sr_wav_end(&in);
	if (err == SR_OK && renameat(s->dir, tmp, s->dir, t->file) != 0)
		err = SR_ESYS;
	return err;
}
