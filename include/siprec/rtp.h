/* rtp: RTP and RTCP as bytes and numbers: no sockets, no clock, no codec. */
#ifndef SIPREC_RTP_H
#define SIPREC_RTP_H

#include "siprec/base.h"

/* ---- rtp: the fixed header, RFC 3550 section 5.1 ---- */

struct sr_rtp {				/* a view of one packet */
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t pt, ncsrc;
	bool marker;
	struct sr_str payload;		/* borrowed from the packet */
	struct sr_str csrc;		/* 4 * ncsrc bytes, network order */
};
/* SR_OK or SR_EBAD.  The payload may be empty. */
int sr_rtp_parse(struct sr_rtp *h, struct sr_str pkt);
/* RTP or RTCP by the first two bytes, RFC 5761 section 4. */
bool sr_rtp_looks(struct sr_str pkt);
bool sr_rtcp_looks(struct sr_str pkt);

/* ---- rtcp: compound packets, RFC 3550 section 6 ---- */

struct sr_rtcp {			/* one packet of a compound */
	uint8_t type;			/* 200 SR, 201 RR, 202 SDES, 203 BYE */
	uint32_t ssrc;
	uint64_t ntp;			/* SR: 32.32 fixed point */
	uint32_t rtp_ts;		/* SR: the same instant in RTP units */
	struct sr_str cname;		/* SDES, first chunk; borrowed */
};
/* Cuts the next packet off rest: SR_OK, SR_ENOENT at the end, SR_EBAD. */
int sr_rtcp_next(struct sr_str *rest, struct sr_rtcp *out);

/* ---- format: what a payload type means ---- */

enum sr_codec_id {
	SR_CODEC_UNKNOWN, SR_CODEC_PCMU, SR_CODEC_PCMA, SR_CODEC_L16,
	SR_CODEC_G722, SR_CODEC_G726_16, SR_CODEC_G726_24, SR_CODEC_G726_32,
	SR_CODEC_G726_40, SR_CODEC_GSM, SR_CODEC_G729, SR_CODEC_OPUS,
	SR_CODEC_AMR, SR_CODEC_AMR_WB, SR_CODEC_CN, SR_CODEC_EVENT,
	SR_CODEC_RED
};
struct sr_format {
	enum sr_codec_id id;
	struct sr_str name;		/* as in a=rtpmap; borrowed */
	struct sr_str fmtp;		/* borrowed; absent when there is none */
	uint32_t clock;			/* RTP clock, G.722: 8000 */
	uint8_t pt, channels;
};
/* Fills id from name and clock ("pcmu", 8000); UNKNOWN when it is not ours. */
enum sr_codec_id sr_codec_by_name(struct sr_str name, uint32_t clock);
/* The static payload types of RFC 3551; false for a dynamic one. */
bool sr_format_static(struct sr_format *f, uint8_t pt);
/* How long a payload lasts, in RTP clock units; 0 when it cannot be told.
 * A comfort noise or event payload has no length of its own: 0. */
uint32_t sr_payload_ticks(const struct sr_format *f, struct sr_str payload);
/* RFC 2198: the primary block and its payload type.  SR_OK or SR_EBAD. */
int sr_red_primary(struct sr_str payload, uint8_t *pt, struct sr_str *primary);

#endif
