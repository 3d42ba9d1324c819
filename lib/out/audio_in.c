/* audio_in - an audio file of anybody's, as samples: libsndfile reads it. */
#include "siprec/out.h"

#include <sndfile.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 1 << 30, BLOCK = 4096 };

/* The first channel of all frames. */
static size_t
first_channel(SNDFILE *f, const SF_INFO *info, int16_t *out, size_t frames)
{
	int16_t *block = malloc(BLOCK * (size_t)info->channels *
	    sizeof(*block));
	size_t n = 0;
	sf_count_t k;

	while (block != NULL && n < frames &&
	    (k = sf_readf_short(f, block, BLOCK)) > 0)
		for (sf_count_t i = 0; i < k && n < frames; i++)
			out[n++] = block[i * info->channels];
	free(block);
	return n;
}

int
sr_audio_read(int dir, const char *name, int16_t **pcm, size_t *frames,
    uint32_t *rate)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), err = SR_OK;
	SF_INFO info = { .frames = 0 };
	SNDFILE *f;

	if (fd < 0)
		return SR_ESYS;
	f = sf_open_fd(fd, SFM_READ, &info, SF_TRUE);
	if (f == NULL)
		return SR_EBAD;
	if (info.frames < 0 || info.frames > MOST || info.channels < 1 ||
	    info.samplerate < 1)
		err = SR_ELIMIT;
	else if ((*pcm = malloc(((size_t)info.frames + 1) *
	    sizeof(**pcm))) == NULL)
		err = SR_ENOMEM;
	if (err == SR_OK) {
		*frames = first_channel(f, &info, *pcm, (size_t)info.frames);
		*rate = (uint32_t)info.samplerate;
	}
	sf_close(f);
	return err;
}
