/* priv - what the files of lib/media share. */
#ifndef SIPREC_MEDIA_PRIV_H
#define SIPREC_MEDIA_PRIV_H

#include "siprec/media.h"

extern const struct sr_codec sr_codec_pcmu, sr_codec_pcma, sr_codec_l16;
#ifdef WITH_SPANDSP
extern const struct sr_codec sr_codec_g722, sr_codec_gsm;
extern const struct sr_codec sr_codec_g726_16, sr_codec_g726_24;
extern const struct sr_codec sr_codec_g726_32, sr_codec_g726_40;
#endif
#ifdef WITH_OPUS
extern const struct sr_codec sr_codec_opus;
#endif
#ifdef WITH_BCG729
extern const struct sr_codec sr_codec_g729;
#endif
#ifdef WITH_AMR
extern const struct sr_codec sr_codec_amr, sr_codec_amr_wb;
#endif

/* The value of a parameter of a=fmtp; absent when it is not there. */
struct sr_str sr_fmtp(const struct sr_format *f, struct sr_str name);
/* The same as a number, 0 when it is absent or none. */
unsigned sr_fmtp_num(const struct sr_format *f, struct sr_str name);

#endif
