/* mix - several files of one time line become one.
 *
 * The inner loops run over LANES at a time, a number that the compiler knows:
 * then it makes vectors of them even where it is asked for small code. */
#include "siprec/media.h"

#include <string.h>

enum { BLOCK = 256, LANES = 16 };

static const int16_t silence[BLOCK];

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

static void
add(int32_t *restrict acc, const int16_t *restrict in)
{
	for (size_t i = 0; i < LANES; i++)
		acc[i] += in[i];
}

static void
saturate(const int32_t *restrict acc, int16_t *restrict out)
{
	for (size_t i = 0; i < LANES; i++) {
		int32_t v = acc[i] < INT16_MIN ? INT16_MIN : acc[i];

		out[i] = (int16_t)(v > INT16_MAX ? INT16_MAX : v);
	}
}

static void
pair(const int16_t *restrict a, const int16_t *restrict b,
    int16_t *restrict out)
{
	for (size_t i = 0; i < LANES; i++) {
		out[2 * i] = a[i];
		out[2 * i + 1] = b[i];
	}
}

/* The sum of n inputs from a frame on, k <= BLOCK frames of it.  Wide sums, so
 * that no order of the inputs saturates sooner than another. */
static void
sum(const int16_t *const *in, size_t n, size_t at, size_t k, int16_t *out)
{
	int32_t acc[BLOCK] = { 0 };
	int16_t all[BLOCK];
	size_t i;

	for (size_t j = 0; j < n; j++) {
		if (in[j] == NULL)
			continue;
		for (i = 0; i + LANES <= k; i += LANES)
			add(acc + i, in[j] + at + i);
		for (; i < k; i++)
			acc[i] += in[j][at + i];
	}
	for (i = 0; i < k; i += LANES)
		saturate(acc + i, all + i);
	memcpy(out, all, k * sizeof(*out));
}

/* Two channels side by side, the most common mix of all. */
static void
interleave(const int16_t *a, const int16_t *b, size_t k, int16_t *out)
{
	size_t i;

	for (i = 0; i + LANES <= k; i += LANES)
		pair(a + i, b + i, out + 2 * i);
	for (; i < k; i++) {
		out[2 * i] = a[i];
		out[2 * i + 1] = b[i];
	}
}

static const int16_t *
part(const int16_t *const *in, size_t n, size_t which, size_t at)
{
	return which < n && in[which] != NULL ? in[which] + at : silence;
}

static void
multi(const int16_t *const *in, size_t n, size_t at, size_t k, int16_t *out)
{
	for (size_t c = 0; c < n; c++) {
		const int16_t *v = part(in, n, c, at);

		for (size_t i = 0; i < k; i++)
			out[i * n + c] = v[i];
	}
}

void
sr_mix_block(enum sr_mix how, const int16_t *const *in, size_t n,
    size_t frames, int16_t *out)
{
	size_t channels = sr_mix_channels(how, n), k;
	int16_t others[BLOCK];

	for (size_t at = 0; at < frames; at += k, out += k * channels) {
		k = frames - at < BLOCK ? frames - at : BLOCK;
		if (how == SR_MIX_MONO) {
			sum(in, n, at, k, out);
		} else if (how == SR_MIX_STEREO) {
			sum(in + (n > 0), n > 0 ? n - 1 : 0, at, k, others);
			interleave(part(in, n, 0, at), others, k, out);
		} else if (channels == 2) {
			interleave(part(in, n, 0, at), part(in, n, 1, at), k,
			    out);
		} else {
			multi(in, channels, at, k, out);
		}
	}
}
