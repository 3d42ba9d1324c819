/* Claims about lib/media/mix.c. */
#include "unit/test.h"

#include "siprec/media.h"

static const int16_t a[] = { 1, 2, 30000, -30000, 5 };
static const int16_t b[] = { 10, 20, 30000, -30000, 7 };
static const int16_t c[] = { 100, 200, -30000, 30000, 9 };
static const int16_t *const in[] = { a, b, NULL, c };

TEST(mix_multi_is_a_channel_each_and_silence_for_what_is_missing)
{
	int16_t out[20];

	CHECK_EQ(sr_mix_channels(SR_MIX_MULTI, 4), 4);
	sr_mix_block(SR_MIX_MULTI, in, 4, 5, out);
	CHECK_EQ(out[0], 1);
	CHECK_EQ(out[1], 10);
	CHECK_EQ(out[2], 0);
	CHECK_EQ(out[3], 100);
	CHECK_EQ(out[16], 5);
	CHECK_EQ(out[19], 9);
}

TEST(mix_stereo_is_the_first_against_all_others)
{
	int16_t out[10];

	CHECK_EQ(sr_mix_channels(SR_MIX_STEREO, 4), 2);
	sr_mix_block(SR_MIX_STEREO, in, 4, 5, out);
	CHECK_EQ(out[0], 1);
	CHECK_EQ(out[1], 110);
	CHECK_EQ(out[4], 30000);
	CHECK_EQ(out[5], 0);
	CHECK_EQ(out[9], 16);
	sr_mix_block(SR_MIX_STEREO, in, 0, 5, out);
	CHECK_EQ(out[0], 0);
	CHECK_EQ(out[9], 0);
}

TEST(mix_mono_is_the_sum_and_saturates)
{
	int16_t out[5];

	CHECK_EQ(sr_mix_channels(SR_MIX_MONO, 4), 1);
	sr_mix_block(SR_MIX_MONO, in, 4, 5, out);
	CHECK_EQ(out[0], 111);
	CHECK_EQ(out[2], 30000);
	CHECK_EQ(out[4], 21);
	sr_mix_block(SR_MIX_MONO, in, 2, 5, out);
	CHECK_EQ(out[2], 32767);
	CHECK_EQ(out[3], -32768);
}

TEST(mix_blocks_of_any_length_are_mixed_to_the_end)
{
	static int16_t x[1000], y[1000], out[2000];
	const int16_t *const two[] = { x, y };

	for (int i = 0; i < 1000; i++) {
		x[i] = (int16_t)i;
		y[i] = (int16_t)(2 * i);
	}
	sr_mix_block(SR_MIX_MONO, two, 2, 1000, out);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(out[i], 3 * i);
	sr_mix_block(SR_MIX_STEREO, two, 2, 1000, out);
	for (int i = 0; i < 1000; i++)
		CHECK_EQ(out[2 * i + 1], 2 * i);
}
