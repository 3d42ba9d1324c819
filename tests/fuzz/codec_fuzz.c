/* codec_fuzz - strangers' payloads through every codec, alone and in a track.
 *
 * The first byte chooses the format; then each byte of length is followed by a
 * payload of that many bytes.  A length of 255 stands for a lost packet. */
#include <stdlib.h>
#include <string.h>

#include "siprec/media.h"

#define FORMAT(i, n, p, hz)						\
	{ .id = (i), .name = { (n), sizeof(n) - 1 },			\
	    .fmtp = { (p), sizeof(p) - 1 }, .clock = (hz), .channels = 1 }

static const struct sr_format formats[] = {
	FORMAT(SR_CODEC_PCMU, "PCMU", "", 8000),
	FORMAT(SR_CODEC_PCMA, "PCMA", "", 8000),
	FORMAT(SR_CODEC_L16, "L16", "", 44100),
	FORMAT(SR_CODEC_G722, "G722", "", 8000),
	FORMAT(SR_CODEC_G726_16, "G726-16", "", 8000),
	FORMAT(SR_CODEC_G726_24, "AAL2-G726-24", "", 8000),
	FORMAT(SR_CODEC_G726_32, "G726-32", "", 8000),
	FORMAT(SR_CODEC_G726_40, "G726-40", "", 8000),
	FORMAT(SR_CODEC_GSM, "GSM", "", 8000),
	FORMAT(SR_CODEC_G729, "G729", "", 8000),
	FORMAT(SR_CODEC_OPUS, "opus", "", 48000),
	FORMAT(SR_CODEC_OPUS, "opus", "stereo=1", 48000),
	FORMAT(SR_CODEC_AMR, "AMR", "", 8000),
	FORMAT(SR_CODEC_AMR, "AMR", "octet-align=1", 8000),
	FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "", 16000),
	FORMAT(SR_CODEC_AMR_WB, "AMR-WB", "octet-align=1", 16000),
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int
sink_write(void *arg, const int16_t *v, size_t frames)
{
	uint64_t *sum = arg;

	for (size_t i = 0; i < frames; i++)
		*sum += (uint64_t)v[i];
	return SR_OK;
}

static int
sink_silence(void *arg, uint64_t frames)
{
	uint64_t *sum = arg;

	*sum += frames;
	return SR_OK;
}

static void
alone(const struct sr_format *f, struct sr_str payload)
{
	const struct sr_codec *c = sr_codec_find(f->id);
	int16_t *out = malloc(SR_MAX_SAMPLES * sizeof(*out));
	void *state;
	size_t n;

	if (c != NULL && c->open(&state, f) == SR_OK) {
		if (c->decode(state, payload, out, &n) == SR_OK
		    ? n == 0 || n > SR_MAX_SAMPLES : n != 0)
			abort();
		c->close(state);
	}
	free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sr_rd r = { data, size, false };
	uint64_t sum = 0;
	struct sr_pcm_sink sink = { &sum, sink_write, sink_silence };
	struct sr_placed p = { 0 };
	struct sr_track *t;

	if (sr_track_new(&t, &sink) != SR_OK)
		return 0;
	for (uint8_t choice = sr_u8(&r); r.n > 0; p.at += 160) {
		size_t n = sr_u8(&r);

		p.format = &formats[choice % FORMATS];
		if (n == 255) {
			p.lost++;
			choice = sr_u8(&r);
			continue;
		}
		n = n < r.n ? n : r.n;
		/* A copy of its own, so that a byte too far is noticed. */
		p.payload = (struct sr_str){ memcpy(malloc(n), r.p, n), n };
		sr_take(&r, n);
		alone(p.format, p.payload);
		sr_track_put(t, &p);
		p.at += sr_payload_ticks(p.format, p.payload);
		p.lost = 0;
		free((void *)p.payload.p);
	}
	sr_track_finish(t, SR_SEC);
	sr_track_free(t);
	return 0;
}
