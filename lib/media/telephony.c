/* telephony - G.722, G.726 and GSM 06.10, as spandsp speaks them. */
#include "siprec/media.h"

#include <stdlib.h>

#include "media/priv.h"

#ifdef WITH_SPANDSP
#include <inttypes.h>

#include <spandsp/telephony.h>
#include <spandsp/bitstream.h>
#include <spandsp/g722.h>
#include <spandsp/g726.h>
#include <spandsp/gsm0610.h>

enum { GSM_BYTES = 33, GSM_SAMPLES = 160, CHUNK = 256 };

/* One direction is used by a recorder, the other by a player: each is made
 * when it is first needed. */
struct coder {
	g722_decode_state_t *g722_dec;
	g722_encode_state_t *g722_enc;
	g726_state_t *g726_dec, *g726_enc;
	gsm0610_state_t *gsm_dec, *gsm_enc;
	unsigned bits;			/* of a sample of G.726 */
	bool msb_first;
};

static int
open_coder(void **state, const struct sr_format *f)
{
	struct coder *c;

	if (f->channels > 1)
		return SR_EUNSUP;
	if ((c = sr_zalloc(sizeof(*c))) == NULL)
		return SR_ENOMEM;
	if (f->id >= SR_CODEC_G726_16 && f->id <= SR_CODEC_G726_40)
		c->bits = 2 + f->id - SR_CODEC_G726_16;
	c->msb_first = sr_stristarts(f->name, SR_STR("AAL2-"));
	*state = c;
	return SR_OK;
}

static void
close_coder(void *state)
{
	struct coder *c = state;

	if (c->g722_dec != NULL)
		g722_decode_free(c->g722_dec);
	if (c->g722_enc != NULL)
		g722_encode_free(c->g722_enc);
	if (c->g726_dec != NULL)
		g726_free(c->g726_dec);
	if (c->g726_enc != NULL)
		g726_free(c->g726_enc);
	if (c->gsm_dec != NULL)
		gsm0610_free(c->gsm_dec);
	if (c->gsm_enc != NULL)
		gsm0610_free(c->gsm_enc);
	free(c);
}

/* ---- G.722: a byte is two samples of 16 kHz ---- */

static int
g722_take(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct coder *c = state;
	size_t bytes = in.n < SR_MAX_SAMPLES / 2 ? in.n : SR_MAX_SAMPLES / 2;

	*n = 0;
	if (bytes == 0)
		return SR_EBAD;
	if (c->g722_dec == NULL &&
	    (c->g722_dec = g722_decode_init(NULL, 64000, 0)) == NULL)
		return SR_ENOMEM;
	*n = (size_t)g722_decode(c->g722_dec, out, (const uint8_t *)in.p,
	    (int)bytes);
	return SR_OK;
}

static int
g722_give(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct coder *c = state;
	int err;

	if (n % 2 != 0 || n > SR_MAX_SAMPLES)
		return SR_EBAD;
	if ((err = sr_buf_reserve(out, n / 2)) != SR_OK)
		return err;
	if (c->g722_enc == NULL &&
	    (c->g722_enc = g722_encode_init(NULL, 64000, 0)) == NULL)
		return SR_ENOMEM;
	out->n += (size_t)g722_encode(c->g722_enc,
	    (uint8_t *)out->p + out->n, in, (int)n);
	return SR_OK;
}

/* ---- G.726 ---- */

static g726_state_t *
g726_new(const struct coder *c)
{
	return g726_init(NULL, (int)c->bits * 8000, G726_ENCODING_LINEAR,
	    G726_PACKING_NONE);
}

/* Where code i has its bit b: RFC 3551 4.5.4 fills a byte from its least
 * significant bit, I.366.2 (AAL2) from its most significant. */
static size_t
bit_at(const struct coder *c, size_t i, unsigned b, unsigned *shift)
{
	size_t at = i * c->bits + (c->msb_first ? c->bits - 1 - b : b);

	*shift = (unsigned)(c->msb_first ? 7 - at % 8 : at % 8);
	return at / 8;
}

static int
g726_take(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct coder *c = state;
	size_t bytes = in.n < SR_MAX_SAMPLES ? in.n : SR_MAX_SAMPLES;
	size_t all = bytes * 8 / c->bits;
	uint8_t codes[CHUNK];

	*n = 0;
	if (all == 0)
		return SR_EBAD;
	if (all > SR_MAX_SAMPLES)
		all = SR_MAX_SAMPLES;
	if (c->g726_dec == NULL && (c->g726_dec = g726_new(c)) == NULL)
		return SR_ENOMEM;
	while (*n < all) {
		size_t k = all - *n < CHUNK ? all - *n : CHUNK;

		for (size_t i = 0; i < k; i++) {
			codes[i] = 0;
			for (unsigned b = 0, shift; b < c->bits; b++) {
				size_t at = bit_at(c, *n + i, b, &shift);
				uint8_t byte = (uint8_t)in.p[at];

				codes[i] |= (uint8_t)((byte >> shift & 1) << b);
			}
		}
		g726_decode(c->g726_dec, out + *n, codes, (int)k);
		*n += k;
	}
	return SR_OK;
}

static int
g726_give(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct coder *c = state;
	uint8_t codes[CHUNK];
	uint8_t *p;
	int err;

	if (n * c->bits % 8 != 0 || n > SR_MAX_SAMPLES)
		return SR_EBAD;
	if ((err = sr_buf_reserve(out, n * c->bits / 8)) != SR_OK)
		return err;
	if (c->g726_enc == NULL && (c->g726_enc = g726_new(c)) == NULL)
		return SR_ENOMEM;
	p = (uint8_t *)out->p + out->n;
	out->n += n * c->bits / 8;
	for (size_t i = 0; i < n * c->bits / 8; i++)
		p[i] = 0;
	for (size_t done = 0; done < n;) {
		size_t k = n - done < CHUNK ? n - done : CHUNK;

		g726_encode(c->g726_enc, codes, in + done, (int)k);
		for (size_t i = 0; i < k; i++)
			for (unsigned b = 0, shift; b < c->bits; b++) {
				size_t at = bit_at(c, done + i, b, &shift);
				unsigned bit = codes[i] >> b & 1;

				p[at] |= (uint8_t)(bit << shift);
			}
		done += k;
	}
	return SR_OK;
}

/* ---- GSM 06.10: 33 bytes are 160 samples (RFC 3551 4.5.8) ---- */

static int
gsm_take(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct coder *c = state;
	size_t frames = in.n / GSM_BYTES;

	*n = 0;
	if (in.n % GSM_BYTES != 0 || frames == 0 ||
	    frames > SR_MAX_SAMPLES / GSM_SAMPLES)
		return SR_EBAD;
	if (c->gsm_dec == NULL &&
	    (c->gsm_dec = gsm0610_init(NULL, GSM0610_PACKING_VOIP)) == NULL)
		return SR_ENOMEM;
	*n = (size_t)gsm0610_decode(c->gsm_dec, out, (const uint8_t *)in.p,
	    (int)in.n);
	return SR_OK;
}

static int
gsm_give(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct coder *c = state;
	int err;

	if (n % GSM_SAMPLES != 0 || n > SR_MAX_SAMPLES)
		return SR_EBAD;
	if ((err = sr_buf_reserve(out, n / GSM_SAMPLES * GSM_BYTES)) != SR_OK)
		return err;
	if (c->gsm_enc == NULL &&
	    (c->gsm_enc = gsm0610_init(NULL, GSM0610_PACKING_VOIP)) == NULL)
		return SR_ENOMEM;
	out->n += (size_t)gsm0610_encode(c->gsm_enc,
	    (uint8_t *)out->p + out->n, in, (int)n);
	return SR_OK;
}

#define CODEC(var, i, text, hz, take, give)				\
	const struct sr_codec var = {					\
		.id = (i), .name = (text), .rate = (hz),		\
		.open = open_coder, .decode = (take),			\
		.encode = (give), .close = close_coder,			\
	}
CODEC(sr_codec_g722, SR_CODEC_G722, "G722", 16000, g722_take, g722_give);
CODEC(sr_codec_g726_16, SR_CODEC_G726_16, "G726-16", 8000, g726_take,
    g726_give);
CODEC(sr_codec_g726_24, SR_CODEC_G726_24, "G726-24", 8000, g726_take,
    g726_give);
CODEC(sr_codec_g726_32, SR_CODEC_G726_32, "G726-32", 8000, g726_take,
    g726_give);
CODEC(sr_codec_g726_40, SR_CODEC_G726_40, "G726-40", 8000, g726_take,
    g726_give);
CODEC(sr_codec_gsm, SR_CODEC_GSM, "GSM", 8000, gsm_take, gsm_give);

#endif
