/* format - what a payload type means: names, clocks, RFC 3551 section 6. */
#include "siprec/rtp.h"

enum sr_codec_id
sr_codec_by_name(struct sr_str name, uint32_t clock)
{
	static const struct {
		struct sr_str name;
		enum sr_codec_id id;
		uint32_t clock;		/* 0: any */
	} known[] = {
		{ { "PCMU", 4 }, SR_CODEC_PCMU, 0 },
		{ { "PCMA", 4 }, SR_CODEC_PCMA, 0 },
		{ { "telephone-event", 15 }, SR_CODEC_EVENT, 0 },
		{ { "G729", 4 }, SR_CODEC_G729, 8000 },
		{ { "G722", 4 }, SR_CODEC_G722, 8000 },
		/* Its true sampling rate, where RFC 3551 wants 8000. */
		{ { "G722", 4 }, SR_CODEC_G722, 16000 },
		{ { "opus", 4 }, SR_CODEC_OPUS, 48000 },
		{ { "AMR-WB", 6 }, SR_CODEC_AMR_WB, 16000 },
		{ { "AMR", 3 }, SR_CODEC_AMR, 8000 },
		{ { "CN", 2 }, SR_CODEC_CN, 0 },
		{ { "red", 3 }, SR_CODEC_RED, 0 },
		{ { "L16", 3 }, SR_CODEC_L16, 0 },
		{ { "G726-32", 7 }, SR_CODEC_G726_32, 8000 },
		{ { "G726-16", 7 }, SR_CODEC_G726_16, 8000 },
		{ { "G726-24", 7 }, SR_CODEC_G726_24, 8000 },
		{ { "G726-40", 7 }, SR_CODEC_G726_40, 8000 },
		{ { "GSM", 3 }, SR_CODEC_GSM, 8000 },
		/* The annexes do not change what a decoder must read. */
		{ { "G729A", 5 }, SR_CODEC_G729, 8000 },
		{ { "G729AB", 6 }, SR_CODEC_G729, 8000 }
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((known[i].clock == 0 || known[i].clock == clock) &&
		    sr_strieq(name, known[i].name))
			return known[i].id;
	return SR_CODEC_UNKNOWN;
}

bool
sr_format_static(struct sr_format *f, uint8_t pt)
{
	static const struct {
		uint8_t pt, channels;
		uint32_t clock;
		struct sr_str name;
	} fixed[] = {
		{ 0, 1, 8000, { "PCMU", 4 } }, { 3, 1, 8000, { "GSM", 3 } },
		{ 4, 1, 8000, { "G723", 4 } }, { 5, 1, 8000, { "DVI4", 4 } },
		{ 6, 1, 16000, { "DVI4", 4 } }, { 7, 1, 8000, { "LPC", 3 } },
		{ 8, 1, 8000, { "PCMA", 4 } }, { 9, 1, 8000, { "G722", 4 } },
		{ 10, 2, 44100, { "L16", 3 } }, { 11, 1, 44100, { "L16", 3 } },
		{ 12, 1, 8000, { "QCELP", 5 } }, { 13, 1, 8000, { "CN", 2 } },
		{ 14, 1, 90000, { "MPA", 3 } }, { 15, 1, 8000, { "G728", 4 } },
		{ 16, 1, 11025, { "DVI4", 4 } },
		{ 17, 1, 22050, { "DVI4", 4 } }, { 18, 1, 8000, { "G729", 4 } },
		{ 25, 1, 90000, { "CelB", 4 } }, { 26, 1, 90000, { "JPEG", 4 } },
		{ 28, 1, 90000, { "nv", 2 } }, { 31, 1, 90000, { "H261", 4 } },
		{ 32, 1, 90000, { "MPV", 3 } }, { 33, 1, 90000, { "MP2T", 4 } },
		{ 34, 1, 90000, { "H263", 4 } }
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		if (fixed[i].pt != pt)
			continue;
		*f = (struct sr_format){
			.id = sr_codec_by_name(fixed[i].name, fixed[i].clock),
			.name = fixed[i].name, .clock = fixed[i].clock,
			.pt = pt, .channels = fixed[i].channels
		};
		return true;
	}
	return false;
}
