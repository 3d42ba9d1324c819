/* opus - Opus (RFC 6716) in RTP (RFC 7587). */
#include "siprec/media.h"

#include <stdlib.h>
#include <string.h>

#include "media/priv.h"

#ifdef WITH_OPUS
#include <opus/opus.h>

enum {
	RATE = 48000,
	GRAIN = RATE / 400,		/* 2.5 ms, the shortest frame */
	LONGEST = RATE * 12 / 100,	/* of a packet */
	BIGGEST = 1275			/* bytes that one frame may take */
};

struct opus {
	OpusDecoder *dec;
	OpusEncoder *enc;
	uint8_t channels;
	bool fec;			/* the other side wants it */
};

static int
open_opus(void **state, const struct sr_format *f)
{
	struct opus *o = sr_zalloc(sizeof(*o));

	if (o == NULL)
		return SR_ENOMEM;
	o->channels = sr_codec_channels(f);
	o->fec = sr_fmtp_num(f, SR_STR("useinbandfec")) == 1;
	*state = o;
	return SR_OK;
}

static void
close_opus(void *state)
{
	struct opus *o = state;

	if (o->dec != NULL)
		opus_decoder_destroy(o->dec);
	if (o->enc != NULL)
		opus_encoder_destroy(o->enc);
	free(o);
}

static int
decoder(struct opus *o)
{
	int err;

	if (o->dec == NULL)
		o->dec = opus_decoder_create(RATE, o->channels, &err);
	return o->dec != NULL ? SR_OK : SR_ENOMEM;
}

/* An empty payload would be a lost packet to the library, not to us. */
static int
decode_opus(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct opus *o = state;
	int frames, err;

	*n = 0;
	if (in.n == 0 || in.n > UINT16_MAX)
		return SR_EBAD;
	if ((err = decoder(o)) != SR_OK)
		return err;
	frames = opus_decode(o->dec, (const unsigned char *)in.p,
	    (opus_int32)in.n, out, LONGEST, 0);
	if (frames <= 0)
		return SR_EBAD;
	*n = (size_t)frames * o->channels;
	return SR_OK;
}

/* With a next payload the library takes the last frame from its FEC, where it
 * has any, and makes up what is before that (RFC 6716 section 2.1.7).  It
 * counts in whole grains; less than one is left as silence. */
static int
conceal_opus(void *state, struct sr_str next, int16_t *out, size_t n)
{
	struct opus *o = state;
	size_t frames = n / o->channels, odd = frames % GRAIN;
	int err, got = 0;

	if ((err = decoder(o)) != SR_OK)
		return err;
	memset(out, 0, n * sizeof(*out));
	if (frames == odd)
		return SR_OK;
	out += odd * o->channels;
	frames -= odd;
	if (next.n > 0 && next.n <= UINT16_MAX)
		got = opus_decode(o->dec, (const unsigned char *)next.p,
		    (opus_int32)next.n, out, (int)frames, 1);
	if (got <= 0)
		got = opus_decode(o->dec, NULL, 0, out, (int)frames, 0);
	return got > 0 ? SR_OK : SR_EBAD;
}

static int
encoder(struct opus *o)
{
	int err;

	if (o->enc != NULL)
		return SR_OK;
	o->enc = opus_encoder_create(RATE, o->channels,
	    OPUS_APPLICATION_VOIP, &err);
	if (o->enc == NULL)
		return SR_ENOMEM;
	if (o->fec) {
		opus_encoder_ctl(o->enc, OPUS_SET_INBAND_FEC(1));
		opus_encoder_ctl(o->enc, OPUS_SET_PACKET_LOSS_PERC(10));
	}
	return SR_OK;
}

static int
encode_opus(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct opus *o = state;
	size_t most = 2 * n + 64 < BIGGEST ? 2 * n + 64 : BIGGEST;
	int err, len;

	if (n > SR_MAX_SAMPLES || n % o->channels != 0)
		return SR_EBAD;
	if ((err = sr_buf_reserve(out, most)) != SR_OK ||
	    (err = encoder(o)) != SR_OK)
		return err;
	len = opus_encode(o->enc, in, (int)(n / o->channels),
	    (unsigned char *)out->p + out->n, (opus_int32)most);
	if (len <= 0)
		return SR_EBAD;
	out->n += (size_t)len;
	return SR_OK;
}

const struct sr_codec sr_codec_opus = {
	.id = SR_CODEC_OPUS, .name = "opus", .rate = RATE, .conceals = true,
	.open = open_opus, .decode = decode_opus, .conceal = conceal_opus,
	.encode = encode_opus, .close = close_opus,
};

#endif
