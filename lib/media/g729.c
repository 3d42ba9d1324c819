/* g729 - G.729 with its annexes A and B, as bcg729 speaks it. */
#include "siprec/media.h"

#include <stdlib.h>
#include <string.h>

#include "media/priv.h"

#ifdef WITH_BCG729
#include <bcg729/decoder.h>
#include <bcg729/encoder.h>

enum { FRAME = 10, SID = 2, SAMPLES = 80 };

struct g729 {
	bcg729DecoderChannelContextStruct *dec;
	bcg729EncoderChannelContextStruct *enc;
};

static int
g729_open(void **state, const struct sr_format *f)
{
	if (f->channels > 1)
		return SR_EUNSUP;
	*state = sr_zalloc(sizeof(struct g729));
	return *state != NULL ? SR_OK : SR_ENOMEM;
}

static void
g729_close(void *state)
{
	struct g729 *g = state;

	if (g->dec != NULL)
		closeBcg729DecoderChannel(g->dec);
	if (g->enc != NULL)
		closeBcg729EncoderChannel(g->enc);
	free(g);
}

static int
decoder(struct g729 *g)
{
	if (g->dec == NULL)
		g->dec = initBcg729DecoderChannel();
	return g->dec != NULL ? SR_OK : SR_ENOMEM;
}

/* RFC 3551 4.5.6: frames of speech, then perhaps one of comfort noise. */
static int
g729_decode(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct g729 *g = state;
	size_t frames = in.n / FRAME, rest = in.n % FRAME;
	uint8_t bits[FRAME];
	int err;

	*n = 0;
	if (in.n == 0 || (rest != 0 && rest != SID) ||
	    (frames + 1) * SAMPLES > SR_MAX_SAMPLES)
		return SR_EBAD;
	if ((err = decoder(g)) != SR_OK)
		return err;
	for (size_t at = 0; at < in.n; at += FRAME) {
		size_t k = in.n - at < FRAME ? SID : FRAME;

		memset(bits, 0, sizeof(bits));
		memcpy(bits, in.p + at, k);
		bcg729Decoder(g->dec, bits, (uint8_t)k, 0, k == SID, 0,
		    out + *n);
		*n += SAMPLES;
	}
	return SR_OK;
}

static int
g729_conceal(void *state, struct sr_str next, int16_t *out, size_t n)
{
	static const uint8_t none[FRAME];
	struct g729 *g = state;
	int16_t frame[SAMPLES];
	int err;

	(void)next;
	if ((err = decoder(g)) != SR_OK)
		return err;
	while (n > 0) {
		size_t k = n < SAMPLES ? n : SAMPLES;

		bcg729Decoder(g->dec, none, 0, 1, 0, 0, frame);
		memcpy(out, frame, k * sizeof(*out));
		out += k;
		n -= k;
	}
	return SR_OK;
}

static int
g729_encode(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct g729 *g = state;
	uint8_t len;
	int err;

	if (n % SAMPLES != 0)
		return SR_EBAD;
	if ((err = sr_buf_reserve(out, n / SAMPLES * FRAME)) != SR_OK)
		return err;
	if (g->enc == NULL && (g->enc = initBcg729EncoderChannel(0)) == NULL)
		return SR_ENOMEM;
	for (; n > 0; n -= SAMPLES, in += SAMPLES) {
		bcg729Encoder(g->enc, in, (uint8_t *)out->p + out->n, &len);
		out->n += len;
	}
	return SR_OK;
}

const struct sr_codec sr_codec_g729 = {
	.id = SR_CODEC_G729, .name = "G729", .rate = 8000, .conceals = true,
	.open = g729_open, .decode = g729_decode, .conceal = g729_conceal,
	.encode = g729_encode, .close = g729_close,
};

#endif
