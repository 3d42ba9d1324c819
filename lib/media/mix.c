/* mix - several files of one time line become one. */
#include "siprec/media.h"

#include <string.h>

enum { BLOCK = 256 };

uint8_t
sr_mix_channels(enum sr_mix how, size_t n)
{
	switch (how) {
	case SR_MIX_MULTI: return n < UINT8_MAX ? (uint8_t)n : UINT8_MAX;
	case SR_MIX_STEREO: return 2;
	case SR_MIX_MONO: return 1;
	case SR_MIX_NONE: break;
	}
	return 0;
}

/* in (NULL: silence) as one channel of several. */
static void
lay(const int16_t *in, size_t frames, int16_t *out, size_t channels)
{
	if (in == NULL)
		for (size_t i = 0; i < frames; i++)
			out[i * channels] = 0;
	else
		for (size_t i = 0; i < frames; i++)
			out[i * channels] = in[i];
}

/* The sum of n inputs, block by block, so that the wide sums stay near. */
static void
sum(const int16_t *const *in, size_t n, size_t frames, int16_t *out,
    size_t channels)
{
	int32_t acc[BLOCK];

	for (size_t at = 0; at < frames; at += BLOCK) {
		size_t k = frames - at < BLOCK ? frames - at : BLOCK;

		memset(acc, 0, sizeof(acc));
		for (size_t j = 0; j < n; j++)
			for (size_t i = 0; in[j] != NULL && i < k; i++)
				acc[i] += in[j][at + i];
		for (size_t i = 0; i < k; i++)
			out[(at + i) * channels] = (int16_t)(
			    acc[i] > INT16_MAX ? INT16_MAX :
			    acc[i] < INT16_MIN ? INT16_MIN : acc[i]);
	}
}

void
sr_mix_block(enum sr_mix how, const int16_t *const *in, size_t n,
    size_t frames, int16_t *out)
{
	size_t channels = sr_mix_channels(how, n);

	switch (how) {
	case SR_MIX_MULTI:
		for (size_t c = 0; c < channels; c++)
			lay(in[c], frames, out + c, channels);
		break;
	case SR_MIX_STEREO:
		lay(n > 0 ? in[0] : NULL, frames, out, 2);
		sum(in + (n > 0), n > 0 ? n - 1 : 0, frames, out + 1, 2);
		break;
	case SR_MIX_MONO:
		sum(in, n, frames, out, 1);
		break;
	case SR_MIX_NONE:
		break;
	}
}
