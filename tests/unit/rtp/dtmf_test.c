/* Claims about lib/rtp/dtmf.c. */
#include "unit/test.h"

#include "siprec/rtp.h"

static const struct sr_format event = { .id = SR_CODEC_EVENT, .clock = 8000,
    .pt = 101, .channels = 1 };
static struct sr_dtmf d, done;

enum { END = 0x80, MARK = 0x100 };

/* One packet of a digit that began at ts. */
static bool
put(uint32_t ts, int digit, unsigned flags, unsigned duration)
{
	char v[4] = { (char)digit, (char)(flags & END), (char)(duration >> 8),
	    (char)duration };
	struct sr_line_packet p = { .format = &event, .at = ts + 1000 };

	p.rtp.ts = ts;
	p.rtp.marker = flags & MARK;
	p.rtp.payload = guarded(v, sizeof(v));
	return sr_dtmf_put(&d, &p, &done);
}

static void
start(void)
{
	memset(&d, 0, sizeof(d));
	memset(&done, 0, sizeof(done));
}

TEST(dtmf_digit_is_told_once_at_its_first_end_packet)
{
	start();
	CHECK(!put(0, 5, MARK, 160));
	CHECK(!put(0, 5, 0, 320));
	CHECK(put(0, 5, END, 800));
	CHECK_EQ(sr_dtmf_char(done.event), '5');
	CHECK_EQ(done.at, 1000);
	CHECK_EQ(done.duration, 800);
	CHECK(!put(0, 5, END, 800));
	CHECK(!put(0, 5, END, 800));
	CHECK(!sr_dtmf_end(&d, &done));
}

TEST(dtmf_same_digit_twice_is_two)
{
	start();
	put(0, 1, MARK, 160);
	CHECK(put(0, 1, END, 480));
	CHECK(!put(1600, 1, MARK, 160));
	CHECK(put(1600, 1, END, 480));
	CHECK_EQ(done.at, 2600);
}

TEST(dtmf_without_any_end_ends_with_the_next_digit)
{
	start();
	put(0, 1, MARK, 160);
	put(0, 1, 0, 640);
	CHECK(put(1600, 2, MARK, 160));
	CHECK_EQ(sr_dtmf_char(done.event), '1');
	CHECK_EQ(done.duration, 640);
	CHECK(sr_dtmf_end(&d, &done));
	CHECK_EQ(sr_dtmf_char(done.event), '2');
}

TEST(dtmf_of_which_only_the_end_arrives_is_a_digit)
{
	start();
	CHECK(put(0, 11, END, 800));
	CHECK_EQ(sr_dtmf_char(done.event), '#');
	CHECK_EQ(done.duration, 800);
}

TEST(dtmf_longer_than_its_field_goes_on_in_segments)
{
	start();
	put(0, 9, MARK, 160);
	put(0, 9, 0, 65535);
	CHECK(!put(65535, 9, 0, 160));
	CHECK(put(65535, 9, END, 8000));
	CHECK_EQ(done.duration, 65535 + 8000);
	CHECK_EQ(done.at, 1000);
}

TEST(dtmf_a_new_marker_is_a_new_digit_not_a_segment)
{
	start();
	put(0, 9, MARK, 160);
	put(0, 9, 0, 320);
	CHECK(put(320, 9, MARK, 160));
	CHECK_EQ(done.duration, 320);
}

TEST(dtmf_events_that_are_no_keys_are_passed_over)
{
	start();
	CHECK(!put(0, 32, END, 160));
	CHECK(!put(0, 255, END, 160));
	CHECK_EQ(sr_dtmf_char(16), '!');
	CHECK_EQ(sr_dtmf_char(17), 0);
	CHECK_EQ(sr_dtmf_char(15), 'D');
}

TEST(dtmf_packet_that_is_cut_short_is_no_digit)
{
	struct sr_line_packet p = { .format = &event };

	start();
	for (size_t n = 0; n < 4; n++) {
		p.rtp.payload = guarded("\5\x80\3\x20", n);
		CHECK(!sr_dtmf_put(&d, &p, &done));
	}
}
