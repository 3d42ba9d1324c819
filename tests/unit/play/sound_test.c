/* Claims about lib/play/sound.c. */
#include <math.h>

#include "unit/play/play.h"

TEST(sound_a_tone_is_a_sine_to_half_a_step)
{
	double worst = 0;

	for (uint64_t k = 0; k < 8000; k++) {
		double want = 30000 * sin(2 * 3.14159265358979323846 * 440 *
		    (double)k / 8000);
		double off = fabs(want - sr_tone(440, 8000, 30000, k));

		worst = off > worst ? off : worst;
	}
	CHECK(worst < 0.6);
}

TEST(sound_a_tone_repeats_to_the_bit_even_after_a_year)
{
	uint64_t year = (uint64_t)8000 * 86400 * 365;

	for (uint64_t k = 0; k < 400; k++) {
		CHECK_EQ(sr_tone(440, 8000, 8000, k + 200),
		    sr_tone(440, 8000, 8000, k));
		CHECK_EQ(sr_tone(440, 8000, 8000, k + year),
		    sr_tone(440, 8000, 8000, k));
	}
	CHECK_EQ(sr_tone(1000, 8000, 8000, 2), 8000);
	CHECK_EQ(sr_tone(1000, 8000, 8000, 6), -8000);
	CHECK_EQ(sr_tone(1000, 8000, INT16_MAX, 2), INT16_MAX);
}

TEST(sound_speech_has_syllables_and_long_pauses_and_repeats_by_seed)
{
	static int16_t a[80000], b[80000];
	struct sr_speech s;
	size_t run = 0, longest = 0, loud = 0;
	int peak = 0;

	sr_speech_init(&s, 5, 8000, 12000);
	sr_speech_read(&s, a, 80000);
	sr_speech_init(&s, 5, 8000, 12000);
	for (size_t i = 0; i < 80000; i += 160)
		sr_speech_read(&s, b + i, 160);
	CHECK_EQ(memcmp(a, b, sizeof(a)), 0);
	for (size_t i = 0; i < 80000; i++) {
		run = a[i] == 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
		loud += abs(a[i]) > 1000;
		peak = abs(a[i]) > peak ? abs(a[i]) : peak;
	}
	CHECK(longest > 8000 / 2);
	CHECK(loud > 80000 / 10 && loud < 80000 * 3 / 4);
	CHECK(peak > 4000 && peak <= 12000);
	sr_speech_init(&s, 6, 8000, 12000);
	sr_speech_read(&s, b, 80000);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
}
