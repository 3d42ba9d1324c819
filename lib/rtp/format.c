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
		{ SR_STR("PCMU"), SR_CODEC_PCMU, 0 },
		{ SR_STR("PCMA"), SR_CODEC_PCMA, 0 },
		{ SR_STR("telephone-event"), SR_CODEC_EVENT, 0 },
		{ SR_STR("G729"), SR_CODEC_G729, 8000 },
		{ SR_STR("G722"), SR_CODEC_G722, 8000 },
		/* Its true sampling rate, where RFC 3551 wants 8000. */
		{ SR_STR("G722"), SR_CODEC_G722, 16000 },
		{ SR_STR("opus"), SR_CODEC_OPUS, 48000 },
		{ SR_STR("AMR-WB"), SR_CODEC_AMR_WB, 16000 },
		{ SR_STR("AMR"), SR_CODEC_AMR, 8000 },
		{ SR_STR("CN"), SR_CODEC_CN, 0 },
		{ SR_STR("red"), SR_CODEC_RED, 0 },
		{ SR_STR("L16"), SR_CODEC_L16, 0 },
		{ SR_STR("G726-32"), SR_CODEC_G726_32, 8000 },
		{ SR_STR("G726-16"), SR_CODEC_G726_16, 8000 },
		{ SR_STR("G726-24"), SR_CODEC_G726_24, 8000 },
		{ SR_STR("G726-40"), SR_CODEC_G726_40, 8000 },
		{ SR_STR("GSM"), SR_CODEC_GSM, 8000 },
		/* The annexes do not change what a decoder must read. */
		{ SR_STR("G729A"), SR_CODEC_G729, 8000 },
		{ SR_STR("G729AB"), SR_CODEC_G729, 8000 }
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
		{ 0, 1, 8000, SR_STR("PCMU") },
		{ 3, 1, 8000, SR_STR("GSM") },
		{ 4, 1, 8000, SR_STR("G723") },
		{ 5, 1, 8000, SR_STR("DVI4") },
		{ 6, 1, 16000, SR_STR("DVI4") },
		{ 7, 1, 8000, SR_STR("LPC") },
		{ 8, 1, 8000, SR_STR("PCMA") },
		{ 9, 1, 8000, SR_STR("G722") },
		{ 10, 2, 44100, SR_STR("L16") },
		{ 11, 1, 44100, SR_STR("L16") },
		{ 12, 1, 8000, SR_STR("QCELP") },
		{ 13, 1, 8000, SR_STR("CN") },
		{ 14, 1, 90000, SR_STR("MPA") },
		{ 15, 1, 8000, SR_STR("G728") },
		{ 16, 1, 11025, SR_STR("DVI4") },
		{ 17, 1, 22050, SR_STR("DVI4") },
		{ 18, 1, 8000, SR_STR("G729") },
		{ 25, 1, 90000, SR_STR("CelB") },
		{ 26, 1, 90000, SR_STR("JPEG") },
		{ 28, 1, 90000, SR_STR("nv") },
		{ 31, 1, 90000, SR_STR("H261") },
		{ 32, 1, 90000, SR_STR("MPV") },
		{ 33, 1, 90000, SR_STR("MP2T") },
		{ 34, 1, 90000, SR_STR("H263") }
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
