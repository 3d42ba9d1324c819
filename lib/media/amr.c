/* amr - AMR and AMR-WB in RTP (RFC 4867), both of its packings.
 *
 * A payload is a wish for a mode (CMR), a table of contents, and the frames;
 * all of it bit after bit (section 4.3), or each part on whole octets (4.4). */
#include "siprec/media.h"

#include <stdlib.h>
#include <string.h>

#include "media/priv.h"

#ifdef WITH_AMR
#include <opencore-amrnb/interf_dec.h>
#include <opencore-amrnb/interf_enc.h>
#include <opencore-amrwb/dec_if.h>
#include <vo-amrwbenc/enc_if.h>

enum {
	LOST = 14, NO_DATA = 15,	/* frame types, RFC 4867 4.3.2 */
	FRAME_MAX = 64,			/* bytes of the longest, and more */
	FRAMES_MAX = SR_MAX_SAMPLES / 160
};

/* Bits of each frame type, 3GPP TS 26.101 and 26.201; -1 is reserved. */
static const int16_t narrow_bits[16] = {
	95, 103, 118, 134, 148, 159, 204, 244, 39, -1, -1, -1, -1, -1, -1, 0
};
static const int16_t wide_bits[16] = {
	132, 177, 253, 285, 317, 365, 397, 461, 477, 40, -1, -1, -1, -1, 0, 0
};

struct amr {
	bool wide, aligned, heard;
	uint8_t mode;			/* to encode in */
	size_t samples;			/* of a frame */
	const int16_t *bits;
	void *dec, *enc;
};

/* The best mode that a=fmtp allows: the last of mode-set, or of all. */
static uint8_t
best_mode(const struct sr_format *f, uint8_t top)
{
	struct sr_str set = sr_fmtp(f, SR_STR("mode-set")), one;
	uint64_t v, best = 0;

	if (set.n == 0)
		return top;
	while (sr_strcut(&set, ',', &one))
		if (sr_strnum(sr_trim(one), &v) == SR_OK && v <= top &&
		    v > best)
			best = v;
	return (uint8_t)best;
}

static int
open_amr(void **state, const struct sr_format *f)
{
	struct amr *a;

	if (f->channels > 1 || sr_fmtp_num(f, SR_STR("crc")) != 0 ||
	    sr_fmtp_num(f, SR_STR("robust-sorting")) != 0 ||
	    sr_fmtp(f, SR_STR("interleaving")).n > 0)
		return SR_EUNSUP;
	if ((a = sr_zalloc(sizeof(*a))) == NULL)
		return SR_ENOMEM;
	a->wide = f->id == SR_CODEC_AMR_WB;
	a->aligned = sr_fmtp_num(f, SR_STR("octet-align")) == 1;
	a->mode = best_mode(f, a->wide ? 8 : MR122);
	a->samples = a->wide ? 320 : 160;
	a->bits = a->wide ? wide_bits : narrow_bits;
	*state = a;
	return SR_OK;
}

static void
close_amr(void *state)
{
	struct amr *a = state;

	if (a->dec != NULL && a->wide)
		D_IF_exit(a->dec);
	else if (a->dec != NULL)
		Decoder_Interface_exit(a->dec);
	if (a->enc != NULL && a->wide)
		E_IF_exit(a->enc);
	else if (a->enc != NULL)
		Encoder_Interface_exit(a->enc);
	free(a);
}

static int
decoder(struct amr *a)
{
	if (a->dec == NULL)
		a->dec = a->wide ? D_IF_init() : Decoder_Interface_init();
	return a->dec != NULL ? SR_OK : SR_ENOMEM;
}

/* A frame as in a file (section 5.3): its type, then its bits.  Until the first
 * speech nothing can be made up, and the library would do it from memory that
 * it never set. */
static void
decode_frame(struct amr *a, const uint8_t *frame, int16_t *out)
{
	a->heard = a->heard || a->bits[frame[0] >> 3] > 40;
	if (!a->heard)
		memset(out, 0, a->samples * sizeof(*out));
	else if (a->wide)
		D_IF_decode(a->dec, frame, out, 0);
	else
		Decoder_Interface_Decode(a->dec, frame, out, 0);
}

/* ---- payloads, bit by bit ---- */

struct bits {
	uint8_t *p;
	size_t at, n;			/* both in bits */
};

static unsigned
get(struct bits *b, unsigned k)
{
	unsigned v = 0;

	for (; k > 0 && b->at < b->n; k--, b->at++)
		v = v << 1 | (b->p[b->at / 8] >> (7 - b->at % 8) & 1);
	return v;
}

static void
put(struct bits *b, unsigned v, unsigned k)
{
	for (; k > 0; k--, b->at++) {
		if (b->at % 8 == 0)
			b->p[b->at / 8] = 0;
		b->p[b->at / 8] |= (uint8_t)((v >> (k - 1) & 1) <<
		    (7 - b->at % 8));
	}
}

static void
align(const struct amr *a, struct bits *b)
{
	if (a->aligned)
		b->at = (b->at + 7) / 8 * 8;
}

/* The table of contents: frame types with their quality bits as in a file.
 * The number of frames; 0 when there is anything wrong with the payload. */
static size_t
contents(const struct amr *a, struct bits *b, uint8_t toc[FRAMES_MAX])
{
	size_t n = 0, need = 0;
	bool more = true;

	get(b, 4);
	align(a, b);
	while (more) {
		if (n == SR_MAX_SAMPLES / a->samples || b->at + 6 > b->n)
			return 0;
		more = get(b, 1);
		toc[n] = (uint8_t)(get(b, 5) << 2);
		align(a, b);
		if (a->bits[toc[n] >> 3] < 0)
			return 0;
		need += (size_t)a->bits[toc[n] >> 3];
		if (a->aligned)
			need = (need + 7) / 8 * 8;
		n++;
	}
	return need <= b->n - b->at ? n : 0;
}

/* The bits of one frame. */
static void
take_frame(const struct amr *a, struct bits *b, uint8_t head,
    uint8_t frame[FRAME_MAX])
{
	size_t left = (size_t)a->bits[head >> 3];
	uint8_t *p = frame;

	*p++ = head;
	while (left > 0) {
		unsigned k = left < 8 ? (unsigned)left : 8;

		*p++ = (uint8_t)(get(b, k) << (8 - k));
		left -= k;
	}
	align(a, b);
	/* A frame that was damaged on its way (Q = 0) is worse than none. */
	if ((head & 4) == 0)
		frame[0] = (a->wide ? LOST : NO_DATA) << 3 | 4;
}

static int
decode_amr(void *state, struct sr_str in, int16_t *out, size_t *n)
{
	struct amr *a = state;
	struct bits b = { (uint8_t *)in.p, 0, 8 * in.n };
	uint8_t toc[FRAMES_MAX];
	size_t frames;
	int err;

	*n = 0;
	if (in.n > UINT16_MAX || (frames = contents(a, &b, toc)) == 0)
		return SR_EBAD;
	if ((err = decoder(a)) != SR_OK)
		return err;
	for (size_t i = 0; i < frames; i++) {
		uint8_t frame[FRAME_MAX] = { 0 };

		take_frame(a, &b, toc[i], frame);
		decode_frame(a, frame, out + *n);
		*n += a->samples;
	}
	return SR_OK;
}

static int
conceal_amr(void *state, struct sr_str next, int16_t *out, size_t n)
{
	struct amr *a = state;
	uint8_t lost[FRAME_MAX] = { (a->wide ? LOST : NO_DATA) << 3 | 4 };
	int16_t frame[320];
	int err;

	(void)next;
	if ((err = decoder(a)) != SR_OK)
		return err;
	while (n > 0) {
		size_t k = n < a->samples ? n : a->samples;

		decode_frame(a, lost, frame);
		for (size_t i = 0; i < k; i++)
			*out++ = frame[i];
		n -= k;
	}
	return SR_OK;
}

static int
encoder(struct amr *a)
{
	if (a->enc == NULL)
		a->enc = a->wide ? E_IF_init() : Encoder_Interface_init(0);
	return a->enc != NULL ? SR_OK : SR_ENOMEM;
}

static void
encode_frame(struct amr *a, const int16_t *in, uint8_t *frame)
{
	if (a->wide)
		E_IF_encode(a->enc, a->mode, in, frame, 0);
	else
		Encoder_Interface_Encode(a->enc, (enum Mode)a->mode, in, frame,
		    0);
}

static int
encode_amr(void *state, const int16_t *in, size_t n, struct sr_buf *out)
{
	struct amr *a = state;
	size_t frames = n / a->samples;
	uint8_t frame[FRAMES_MAX][FRAME_MAX];
	struct bits b = { 0 };
	int err;

	if (frames == 0 || n % a->samples != 0 || n > SR_MAX_SAMPLES)
		return SR_EBAD;
	if ((err = encoder(a)) != SR_OK ||
	    (err = sr_buf_reserve(out, 2 * n + 64)) != SR_OK)
		return err;
	b.p = (uint8_t *)out->p + out->n;
	put(&b, NO_DATA, 4);		/* CMR: no wish */
	put(&b, 0, a->aligned ? 4 : 0);
	for (size_t i = 0; i < frames; i++) {
		encode_frame(a, in + i * a->samples, frame[i]);
		put(&b, i + 1 < frames, 1);
		put(&b, frame[i][0] >> 2 & 0x1f, 5);
		put(&b, 0, a->aligned ? 2 : 0);
	}
	for (size_t i = 0; i < frames; i++) {
		int16_t left = a->bits[frame[i][0] >> 3 & 0x0f];

		for (uint8_t *p = frame[i] + 1; left > 0; left -= 8, p++)
			put(&b, left < 8 ? *p >> (8 - left) : *p,
			    left < 8 ? (unsigned)left : 8);
		align(a, &b);
	}
	out->n += (b.at + 7) / 8;
	return SR_OK;
}

const struct sr_codec sr_codec_amr = {
	.id = SR_CODEC_AMR, .name = "AMR", .rate = 8000, .conceals = true,
	.open = open_amr, .decode = decode_amr, .conceal = conceal_amr,
	.encode = encode_amr, .close = close_amr,
};
const struct sr_codec sr_codec_amr_wb = {
	.id = SR_CODEC_AMR_WB, .name = "AMR-WB", .rate = 16000,
	.conceals = true, .open = open_amr, .decode = decode_amr,
	.conceal = conceal_amr, .encode = encode_amr, .close = close_amr,
};

#endif
