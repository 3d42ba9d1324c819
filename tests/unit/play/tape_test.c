/* Claims about lib/play/tape.c. */
#include "unit/play/play.h"

TEST(tape_of_a_tone_gives_back_every_sample_through_g711_and_l16)
{
	static const uint8_t pts[] = { 0, 8, 11 };
	int16_t v[SR_MAX_SAMPLES];

	for (size_t i = 0; i < sizeof(pts); i++) {
		struct sr_tape *t = loop_of(SR_SOUND_TONE, pts[i], 20);
		uint32_t rate = pts[i] == 11 ? 44100 : 8000;
		size_t frames = rate / 50;

		CHECK_EQ(sr_tape_count(t), 50);
		for (uint64_t k = 0; k < 120; k++) {
			CHECK_EQ(sr_tape_pcm(t, k, v), frames);
			for (size_t j = 0; j < frames; j++) {
				int16_t s = sr_tone(440, rate, 8000,
				    k * frames + j);

				if (pts[i] == 0)
					s = sr_ulaw_pcm[sr_pcm_ulaw(s)];
				else if (pts[i] == 8)
					s = sr_alaw_pcm[sr_pcm_alaw(s)];
				CHECK_EQ(v[j], s);
			}
		}
		sr_tape_free(t);
	}
}

TEST(tape_is_as_long_as_packets_and_periods_need)
{
	struct sr_tape *t = loop_of(SR_SOUND_TONE, 0, 30);

	CHECK_EQ(sr_tape_count(t), 35);	/* 1.05 s: 42 periods of 25 ms */
	sr_tape_free(t);
}

static struct sr_format
format_of(const char *name, uint32_t clock)
{
	return (struct sr_format){ .id = sr_codec_by_name(sr_cstr(name),
	    clock), .name = sr_cstr(name), .clock = clock, .channels = 1,
	    .pt = 96 };
}

TEST(tape_every_codec_makes_packets_that_last_their_ptime)
{
	static const struct { const char *name; uint32_t clock; } v[] = {
		{ "PCMU", 8000 }, { "PCMA", 8000 }, { "L16", 16000 },
		{ "G722", 8000 }, { "G726-32", 8000 }, { "G726-40", 8000 },
		{ "GSM", 8000 }, { "G729", 8000 }, { "opus", 48000 },
		{ "AMR", 8000 }, { "AMR-WB", 16000 }
	};
	static const unsigned ptimes[] = { 20, 40, 60 };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		for (size_t j = 0; j < 3; j++) {
			struct sr_tape_cfg cfg = { .ptime = ptimes[j],
			    .format = format_of(v[i].name, v[i].clock),
			    .loop = SR_SEC / 5,
			    .sound.kind = SR_SOUND_TONE };
			struct sr_tape *t = NULL;

			if (sr_codec_find(cfg.format.id) == NULL) {
				CHECK_EQ(sr_tape_new(&t, &cfg), SR_EUNSUP);
				continue;
			}
			CHECK_EQ(sr_tape_new(&t, &cfg), SR_OK);
			if (t != NULL)
				CHECK_EQ(sr_payload_ticks(&cfg.format,
				    sr_tape_payload(t, 3)),
				    v[i].clock / 1000 * ptimes[j]);
			sr_tape_free(t);
		}
}

TEST(tape_refuses_what_no_packet_can_hold)
{
	struct sr_tape_cfg cfg = { .format = format_of("PCMU", 8000) };
	struct sr_tape *t;

	CHECK_EQ(sr_tape_new(&t, &cfg), SR_EUNSUP);
	cfg.ptime = 201;
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_EUNSUP);
	cfg.ptime = 20;
	cfg.loop = 3601 * SR_SEC;
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_ELIMIT);
	cfg.loop = SR_SEC;
	cfg.sound.kind = SR_SOUND_READ;
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_EBAD);
	cfg = (struct sr_tape_cfg){ .ptime = 10,
	    .format = format_of("GSM", 8000) };
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_EUNSUP);
	cfg.format = format_of("L16", 11025);
	CHECK_EQ(sr_tape_new(&t, &cfg), SR_EUNSUP);
}

/* 1000 frames: 1, 2, 3 ... */
static size_t
count_up(void *arg, int16_t *out, size_t frames)
{
	int16_t *at = arg;
	size_t i = 0;

	for (; i < frames && *at < 1000; i++)
		out[i] = ++*at;
	return i;
}

TEST(tape_of_a_reader_ends_with_it_padded_with_silence)
{
	int16_t at = 0, v[160];
	struct sr_tape_cfg cfg = { .ptime = 20,
	    .format = format_of("L16", 8000),
	    .sound = { .kind = SR_SOUND_READ, .read = count_up, .arg = &at } };
	const struct sr_codec *c = sr_codec_find(SR_CODEC_L16);
	struct sr_tape *t;
	void *state;
	size_t n;

	CHECK_EQ(sr_tape_new(&t, &cfg), SR_OK);
	CHECK_EQ(c->open(&state, &cfg.format), SR_OK);
	CHECK_EQ(sr_tape_payload(t, 0).n, 320);
	/* The payloads 1 to 4 were skipped, as in a pause. */
	for (uint64_t k = 5; k < 7; k++) {
		CHECK_EQ(c->decode(state, sr_tape_payload(t, k), v, &n),
		    SR_OK);
		CHECK_EQ(v[0], k * 160 + 1);
		CHECK_EQ(v[159], k == 6 ? 0 : k * 160 + 160);
	}
	CHECK_EQ(v[39], 1000);
	CHECK(sr_tape_payload(t, 7).p == NULL);
	CHECK(sr_tape_payload(t, 8).p == NULL);
	sr_tape_free(t);
}
