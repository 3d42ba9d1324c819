/* sound - samples out of nothing: tones, and what a detector takes for speech.
 *
 * Whole numbers only: every machine and compiler gives the same samples. */
#include "siprec/play.h"

#include <string.h>

#include "play/priv.h"

enum { TONE_HZ = 440, PEAK = 8000 };
enum { SYLLABLE, HISS, GAP, PAUSE };	/* pieces of speech */

/* The sine of turn / 2^32 of a full turn, scaled to 2^30: Hastings' odd
 * polynomial of the seventh degree, good to 20 bits. */
static int64_t
sine(uint32_t turn)
{
	int64_t z = turn & 0x3fffffff, z2, y;

	if (turn & 0x40000000)
		z = 0x40000000 - z;
	z2 = z * z >> 30;
	y = 85350104 + (-4684199 * z2 >> 30);
	y = -693552270 + (y * z2 >> 30);
	y = 1686628197 + (y * z2 >> 30);
	y = y * z >> 30;
	return turn & 0x80000000 ? -y : y;
}

/* Where a wave of hz stands at sample k; nothing adds up, so nothing drifts. */
static uint32_t
turn_at(uint32_t hz, uint32_t rate, uint64_t k)
{
	uint64_t part = k % rate * (hz % rate) % rate;

	return (uint32_t)((part << 32) / rate);
}

int16_t
sr_tone(uint32_t hz, uint32_t rate, int16_t peak, uint64_t k)
{
	int64_t y = sine(turn_at(hz, rate, k)) * peak;

	return (int16_t)((y + (y < 0 ? -(1 << 29) : 1 << 29)) / (1 << 30));
}

/* ---- speech ---- */

static uint32_t
between(struct sr_prng *r, uint32_t lo, uint32_t hi)
{
	return lo + (uint32_t)(sr_prng_next(r) % (hi - lo + 1));
}

/* The harmonic of the voice that is next to a formant. */
static uint32_t
harmonic(uint32_t pitch, uint32_t formant)
{
	return (formant + pitch / 2) / pitch * pitch;
}

static void
begin(struct sr_speech *s, uint8_t kind, uint32_t ms)
{
	s->kind = kind;
	s->left = s->whole = (uint32_t)((uint64_t)s->rate * ms / 1000);
	s->at = 0;
}

static void
begin_syllable(struct sr_speech *s)
{
	s->pitch = between(&s->prng, 95, 210);
	s->formant[0] = harmonic(s->pitch, between(&s->prng, 300, 850));
	s->formant[1] = harmonic(s->pitch, between(&s->prng, 900, 2200));
	s->formant[2] = harmonic(s->pitch, between(&s->prng, 2300, 3200));
	begin(s, SYLLABLE, between(&s->prng, 90, 260));
}

/* A sentence is 4 to 14 syllables, some with a consonant before them. */
static void
next_piece(struct sr_speech *s)
{
	if (s->kind == PAUSE)
		s->syllables = (uint8_t)between(&s->prng, 4, 14);
	if (s->kind == HISS) {
		begin_syllable(s);
	} else if (s->kind == SYLLABLE) {
		if (--s->syllables == 0)
			begin(s, PAUSE, between(&s->prng, 500, 1800));
		else
			begin(s, GAP, between(&s->prng, 10, 90));
	} else if (between(&s->prng, 0, 9) < 3) {
		begin(s, HISS, between(&s->prng, 40, 110));
	} else {
		begin_syllable(s);
	}
}

void
sr_speech_init(struct sr_speech *s, uint64_t seed, uint32_t rate, int16_t peak)
{
	*s = (struct sr_speech){ .rate = rate, .peak = peak };
	sr_prng_init(&s->prng, seed);
	begin(s, PAUSE, between(&s->prng, 20, 400));
}

static int64_t
voice(const struct sr_speech *s)
{
	int64_t y = 4 * sine(turn_at(s->pitch, s->rate, s->at));

	y += 5 * sine(turn_at(s->formant[0], s->rate, s->at));
	y += 3 * sine(turn_at(s->formant[1], s->rate, s->at));
	y += 2 * sine(turn_at(s->formant[2], s->rate, s->at));
	return y / 14;
}

static int16_t
speech_sample(struct sr_speech *s)
{
	int64_t y, swell;

	while (s->left == 0)
		next_piece(s);
	/* A parabola: from nothing, up and to nothing again; of 2^14. */
	swell = ((int64_t)s->left << 16) / s->whole * (s->whole - s->left) /
	    s->whole;
	if (s->kind == SYLLABLE)
		y = voice(s);
	else if (s->kind == HISS)
		y = ((int64_t)(sr_prng_next(&s->prng) >> 34) - (1 << 29)) / 2;
	else
		y = 0;
	s->left--;
	s->at++;
	return (int16_t)((y * swell >> 14) * s->peak / (1 << 30));
}

void
sr_speech_read(struct sr_speech *s, int16_t *out, size_t frames)
{
	for (size_t i = 0; i < frames; i++)
		out[i] = speech_sample(s);
}

/* ---- any sound ---- */

void
sr_reader_init(struct reader *r, const struct sr_sound *s, uint32_t rate,
    uint8_t channels)
{
	*r = (struct reader){ .sound = *s, .rate = rate,
	    .channels = channels };
	if (r->sound.hz == 0)
		r->sound.hz = TONE_HZ;
	if (r->sound.peak == 0)
		r->sound.peak = PEAK;
	sr_speech_init(&r->speech, s->seed, rate, r->sound.peak);
}

/* What is made here is one voice: it sounds from all channels. */
static void
widen(int16_t *v, size_t frames, size_t channels)
{
	for (size_t i = frames; channels > 1 && i-- > 0;)
		for (size_t c = channels; c-- > 0;)
			v[i * channels + c] = v[i];
}

static size_t
read_frames(struct reader *r, int16_t *out, size_t frames)
{
	size_t n;

	if (r->over || r->sound.read == NULL)
		return 0;
	n = r->sound.read(r->sound.arg, out, frames);
	r->over = n < frames;
	return n < frames ? n : frames;
}

bool
sr_reader_read(struct reader *r, int16_t *out, size_t frames)
{
	size_t n = frames;

	switch (r->sound.kind) {
	case SR_SOUND_TONE:
		for (size_t i = 0; i < frames; i++)
			out[i] = sr_tone(r->sound.hz, r->rate, r->sound.peak,
			    r->k + i);
		widen(out, frames, r->channels);
		break;
	case SR_SOUND_SPEECH:
		sr_speech_read(&r->speech, out, frames);
		widen(out, frames, r->channels);
		break;
	case SR_SOUND_READ:
		n = read_frames(r, out, frames);
		/* fall through */
	case SR_SOUND_SILENCE:
		if (r->sound.kind == SR_SOUND_SILENCE)
			n = 0;
		memset(out + n * r->channels, 0,
		    (frames - n) * r->channels * sizeof(*out));
		break;
	}
	r->k += frames;
	return n > 0 || r->sound.kind == SR_SOUND_SILENCE;
}
