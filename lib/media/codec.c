/* codec - which codecs there are, and what a format says about them. */
#include "siprec/media.h"

#include "media/priv.h"

static const struct sr_codec *const codecs[] = {
	&sr_codec_pcmu, &sr_codec_pcma, &sr_codec_l16,
#ifdef WITH_SPANDSP
	&sr_codec_g722, &sr_codec_g726_16, &sr_codec_g726_24,
	&sr_codec_g726_32, &sr_codec_g726_40, &sr_codec_gsm,
#endif
#ifdef WITH_BCG729
	&sr_codec_g729,
#endif
#ifdef WITH_OPUS
	&sr_codec_opus,
#endif
#ifdef WITH_AMR
	&sr_codec_amr, &sr_codec_amr_wb,
#endif
};

const struct sr_codec *
sr_codec_find(enum sr_codec_id id)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (codecs[i]->id == id)
			return codecs[i];
	return NULL;
}

const char *
sr_codec_missing(enum sr_codec_id id)
{
	if (sr_codec_find(id) != NULL)
		return NULL;
	switch (id) {
	case SR_CODEC_G722:
	case SR_CODEC_G726_16:
	case SR_CODEC_G726_24:
	case SR_CODEC_G726_32:
	case SR_CODEC_G726_40:
	case SR_CODEC_GSM: return "spandsp";
	case SR_CODEC_G729: return "bcg729";
	case SR_CODEC_OPUS: return "opus";
	case SR_CODEC_AMR: return "opencore-amrnb";
	case SR_CODEC_AMR_WB: return "opencore-amrwb";
	default: return NULL;
	}
}

uint32_t
sr_codec_rate(const struct sr_format *f)
{
	switch (f->id) {
	case SR_CODEC_PCMU:
	case SR_CODEC_PCMA:
	case SR_CODEC_L16: return f->clock;
	case SR_CODEC_OPUS: return 48000;
	case SR_CODEC_G722:
	case SR_CODEC_AMR_WB: return 16000;
	default: return 8000;
	}
}

/* Every a=rtpmap of Opus says /2 (RFC 7587 section 7), so only its parameters
 * tell; a file of two channels is twice the size, so not without a word. */
uint8_t
sr_codec_channels(const struct sr_format *f)
{
	switch (f->id) {
	case SR_CODEC_PCMU:
	case SR_CODEC_PCMA:
	case SR_CODEC_L16: return f->channels > 0 ? f->channels : 1;
	case SR_CODEC_OPUS:
		return sr_fmtp_num(f, SR_STR("sprop-stereo")) == 1 ||
		    sr_fmtp_num(f, SR_STR("stereo")) == 1 ? 2 : 1;
	default: return 1;
	}
}

struct sr_str
sr_fmtp(const struct sr_format *f, struct sr_str name)
{
	struct sr_str rest = f->fmtp, value, key;

	while (sr_strcut(&rest, ';', &value))
		if (sr_strcut(&value, '=', &key) &&
		    sr_strieq(sr_trim(key), name))
			return sr_trim(value);
	return (struct sr_str){ NULL, 0 };
}

unsigned
sr_fmtp_num(const struct sr_format *f, struct sr_str name)
{
	uint64_t v;

	if (sr_strnum(sr_fmtp(f, name), &v) != SR_OK || v > UINT16_MAX)
		return 0;
	return (unsigned)v;
}
