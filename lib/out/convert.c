/* convert - finished WAV files become another kind of file.
 *
 * That happens when a session is over and its files are whole, so that
 * nothing which may fail stands between a packet and the disk. */
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

const char *
convert_suffix(enum sr_audio a)
{
	return a == SR_AUDIO_FLAC ? ".flac" : a == SR_AUDIO_OPUS ? ".opus" :
	    ".wav";
}

static uint32_t
ogg_crc(const uint8_t *p, size_t n)
{
	uint32_t crc = 0;

	while (n-- > 0) {
		crc ^= (uint32_t)*p++ << 24;
		for (int k = 0; k < 8; k++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
	}
	return crc;
}

static void
le32(uint8_t *p, uint32_t v)
{
	for (int k = 0; k < 4; k++)
		p[k] = (uint8_t)(v >> 8 * k);
}

/* The serial number of an Ogg stream is drawn by chance.  The same input must
 * give the same bytes: so it becomes 1, and the sums of the pages follow. */
static int
ogg_settle(int dir, const char *name)
{
	uint8_t page[27 + 255 + 255 * 255];
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC), err = SR_OK;
	off_t at = 0;

	if (fd < 0)
		return SR_ESYS;
	while (pread(fd, page, 27, at) == 27 && memcmp(page, "OggS", 4) == 0) {
		size_t n = 27u + page[26];

		if (pread(fd, page, n, at) != (ssize_t)n)
			break;
		for (int k = 0; k < page[26]; k++)
			n += page[27 + k];
		if (pread(fd, page, n, at) != (ssize_t)n)
			break;
		le32(page + 14, 1);
		le32(page + 22, 0);
		le32(page + 22, ogg_crc(page, n));
		if (pwrite(fd, page, n, at) != (ssize_t)n)
			err = SR_ESYS;
		at += (off_t)n;
	}
	close(fd);
	return err;
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
	    files_mode());
	SNDFILE *out;
	int err;

	if (fd < 0)
		return SR_ESYS;
	if ((out = sf_open_fd(fd, SFM_WRITE, &info, SF_TRUE)) == NULL) {
		close(fd);
		errno = EINVAL;
		return SR_ESYS;
	}
	err = copy_sound(in, out, rate);
	if (sf_close(out) != 0)
		err = SR_ESYS;
	if (err == SR_OK && kind == SR_AUDIO_OPUS)
		err = ogg_settle(s->dir, name);
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
	    convert_suffix(kind));
	snprintf(tmp, sizeof(tmp), ".%s", to);
	if ((err = sr_wav_open(&in, s->dir, *name)) != SR_OK)
		return err;
	if (kind != SR_AUDIO_ULAW && in.channels > MAX_CHANNELS) {
		sr_wav_end(&in);
		return SR_OK;
	}
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
