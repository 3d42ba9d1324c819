/* Claims about lib/play/reporter.c and lib/play/sender.c. */
#include "unit/play/play.h"

#define WALL (1700000000 * SR_SEC)

static struct sr_reporter *
reporter(uint64_t seed)
{
	static const struct sr_contributor mixed[] = {
		{ 77, SR_STR("alice") } };
	struct sr_reporter_cfg cfg = { .cname = SR_STR("abcdefghijklmnop"),
	    .seed = seed, .wall = WALL, .contributor = mixed,
	    .contributors = 1 };
	struct sr_reporter *r = NULL;

	CHECK_EQ(sr_reporter_new(&r, &cfg), SR_OK);
	return r;
}

static struct sr_sender *
sender(const struct sr_play_cfg *play, const struct sr_sender_cfg *with)
{
	struct sr_sender_cfg cfg = *with;
	struct sr_sender *s = NULL;

	cfg.play = play_of(loop_of(SR_SOUND_TONE, 0, 20), play);
	cfg.reporter = reporter(4);
	CHECK_EQ(sr_sender_new(&s, &cfg), SR_OK);
	return s;
}

TEST(reporter_cname_is_96_random_bits_in_base64)
{
	static const uint8_t bits[12] = { 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	char cname[SR_CNAME];

	sr_cname(bits, cname);
	CHECK_STR(sr_cstr(cname), "/wABAgMEBQYHCAkA");
}

TEST(sender_reports_come_in_time_and_pair_the_clocks)
{
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .ssrc = 5,
	    .ts = 4000000000, .end = 600 * SR_SEC },
	    &(struct sr_sender_cfg){ .protect = NULL });
	sr_time last = 0, longest = 0, sum = 0;
	struct sr_packet k;
	struct sr_rtp r;
	unsigned n = 0, rtp = 0, byes = 0;

	while (next_of(sr_sender_emitter(s), &k, &r) == SR_OK) {
		struct sr_str rest = k.head;
		struct sr_rtcp c;
		uint64_t ntp;

		if (!k.rtcp) {
			rtp++;
			continue;
		}
		CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
		CHECK_EQ(c.type, 200);
		CHECK_EQ(c.ssrc, 5);
		ntp = ((uint64_t)(1700000000 + 2208988800u) << 32) +
		    (uint64_t)((double)k.at * 4.294967296);
		CHECK(llabs((long long)(c.ntp - ntp)) < 1000000);
		CHECK(abs((int)(c.rtp_ts - 4000000000u -
		    (uint32_t)(k.at / 125000))) <= 1);
		CHECK_EQ((uint8_t)k.head.p[22] << 8 | (uint8_t)k.head.p[23],
		    rtp & 0xffff);
		CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
		CHECK_EQ(c.type, 202);
		CHECK_STR(c.cname, "abcdefghijklmnop");
		if (sr_rtcp_next(&rest, &c) == SR_OK) {
			byes++;
			CHECK_EQ(c.type, 203);
			CHECK_EQ(c.ssrc, 5);
			CHECK_EQ(k.at, 600 * SR_SEC);
			continue;
		}
		n++;
		if (last == 0)
			CHECK(k.at > SR_SEC && k.at < 4 * SR_SEC);
		else if (k.at - last > longest)
			longest = k.at - last;
		if (last != 0)
			CHECK(k.at - last > 2 * SR_SEC);
		sum = k.at;
		last = k.at;
	}
	CHECK_EQ(rtp, 30000);
	CHECK_EQ(byes, 1);
	CHECK(longest < 7 * SR_SEC);	/* 7.5 / 1.218 */
	CHECK(sum / n > 4.5 * SR_SEC && sum / n < 5.5 * SR_SEC);
	sr_sender_free(s);
}

TEST(sender_goes_on_reporting_in_a_pause_as_a_receiver)
{
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .ssrc = 5 },
	    &(struct sr_sender_cfg){ .protect = NULL });
	uint8_t last = 0;
	struct sr_packet k;
	struct sr_rtp r;

	sr_play_pause(sr_sender_play(s), SR_SEC);
	sr_play_end(sr_sender_play(s), 60 * SR_SEC);
	do
		CHECK_EQ(next_of(sr_sender_emitter(s), &k, &r), SR_OK);
	while (k.at < 40 * SR_SEC);
	while (next_of(sr_sender_emitter(s), &k, &r) == SR_OK) {
		CHECK(k.rtcp);
		if (k.at < 60 * SR_SEC)
			CHECK_EQ((uint8_t)k.head.p[1], 201);
		last = (uint8_t)k.head.p[k.head.n - 7];
	}
	CHECK_EQ(k.at, 60 * SR_SEC);
	CHECK_EQ(last, 203);
	sr_sender_free(s);
}

TEST(sender_says_good_bye_for_an_ssrc_it_gives_up)
{
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .ssrc = 5,
	    .end = 10 * SR_SEC }, &(struct sr_sender_cfg){ .protect = NULL });
	struct sr_sender_numbers n;
	uint32_t gone[4] = { 0 };
	unsigned byes = 0;
	struct sr_packet k;
	struct sr_rtp r;

	sr_play_ssrc(sr_sender_play(s), 3 * SR_SEC, 6, 0, 0);
	while (next_of(sr_sender_emitter(s), &k, &r) == SR_OK) {
		struct sr_str rest = k.rtcp ? k.head : (struct sr_str){ 0 };
		struct sr_rtcp c;

		while (sr_rtcp_next(&rest, &c) == SR_OK)
			if (c.type == 203 && byes < 4)
				gone[byes++] = c.ssrc;
	}
	CHECK_EQ(byes, 2);
	CHECK_EQ(gone[0], 5);
	CHECK_EQ(gone[1], 6);
	sr_sender_numbers(s, &n);
	CHECK_EQ(n.byes, 2);
	CHECK_EQ(n.play.all_packets, 500);
	CHECK_EQ(n.play.packets, 350);
	sr_sender_free(s);
}

TEST(sender_that_sent_nothing_says_nothing_at_the_end)
{
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .end = SR_SEC },
	    &(struct sr_sender_cfg){ .protect = NULL });
	struct sr_packet k;
	struct sr_rtp r;

	sr_play_pause(sr_sender_play(s), 0);
	CHECK_EQ(next_of(sr_sender_emitter(s), &k, &r), SR_ENOENT);
	sr_sender_free(s);
}

TEST(sender_hears_what_is_said_about_it)
{
	/* An RR of 9 about 4 and 5: 25 of 256 lost, -2 in all, highest
	 * 0x10064, jitter 80, an SR heard 1 s ago. */
	uint8_t rr[56] = { 0x82, 201, 0, 13, 0, 0, 0, 9,
		0, 0, 0, 4, 1, 0, 0, 1 };
	static const uint8_t us[] = { 0, 0, 0, 5, 25, 0xff, 0xff, 0xfe,
		0, 1, 0, 100, 0, 0, 0, 80 };
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .ssrc = 5 },
	    &(struct sr_sender_cfg){ .protect = NULL });
	uint32_t lsr = (uint32_t)(1700000000u + 2208988800u + 9) << 16;
	struct sr_sender_numbers n;
	struct sr_heard h[2];

	memcpy(rr + 32, us, sizeof(us));
	for (int i = 0; i < 4; i++)
		rr[48 + i] = (uint8_t)(lsr >> (24 - 8 * i));
	rr[53] = 1;				/* DLSR: 0x00010000 */
	sr_sender_hear(s, 10 * SR_SEC + SR_SEC / 4, guarded(rr, 56));
	CHECK_EQ(sr_sender_heard(s, h, 2), 1);
	CHECK_EQ(h[0].from, 9);
	CHECK_EQ(h[0].at, 10 * SR_SEC + SR_SEC / 4);
	CHECK_EQ(h[0].report.fraction, 25);
	CHECK_EQ(h[0].report.lost, -2);
	CHECK_EQ(h[0].report.highest, 0x10064);
	CHECK_EQ(h[0].report.jitter, 80);
	CHECK_EQ(h[0].round_trip, SR_SEC / 4);
	for (size_t i = 0; i < 56; i++)
		sr_sender_hear(s, 0, guarded(rr, i));
	sr_sender_numbers(s, &n);
	CHECK_EQ(n.heard, 57);
	CHECK_EQ(n.broken, 55);			/* nothing is not broken */
	sr_sender_free(s);
}

/* Turns all bytes round and adds four. */
static int
turn(void *arg, bool rtcp, uint8_t *pkt, size_t *n, size_t cap)
{
	unsigned *calls = arg;

	CHECK(cap >= *n + 100);
	for (size_t i = rtcp ? 8 : 12; i < *n; i++)
		pkt[i] ^= 0xff;
	memset(pkt + *n, 7, 4);
	*n += 4;
	return ++*calls % 10 == 0 ? SR_EAUTH : SR_OK;
}

TEST(sender_protects_every_packet_or_does_not_send_it)
{
	unsigned calls = 0, rtp = 0;
	struct sr_sender *s = sender(&(struct sr_play_cfg){ .end = SR_SEC },
	    &(struct sr_sender_cfg){ .protect = turn, .arg = &calls });
	struct sr_sender_numbers n;
	struct sr_packet k;
	struct sr_rtp r;

	while (next_of(sr_sender_emitter(s), &k, &r) == SR_OK) {
		if (k.rtcp)
			continue;
		CHECK_EQ(r.payload.n, 164);
		CHECK_EQ((uint8_t)r.payload.p[0] ^ 0xff,
		    sr_pcm_ulaw(sr_tone(440, 8000, 8000, r.ts)));
		rtp++;
	}
	sr_sender_numbers(s, &n);
	CHECK_EQ(calls, 51);			/* 50, and a good-bye */
	CHECK_EQ(n.unprotected, 5);
	CHECK_EQ(rtp, 45);
	sr_sender_free(s);
}

TEST(sender_with_harm_reports_by_the_clock_on_the_wall)
{
	struct sr_play *p = play_of(loop_of(SR_SOUND_TONE, 0, 20),
	    &(struct sr_play_cfg){ .end = 100 * SR_SEC });
	struct sr_sender_cfg cfg = { .play = p, .reporter = reporter(8) };
	struct sr_sender *s;
	struct sr_packet k;
	struct sr_rtp r;
	uint32_t ts = 0;

	CHECK_EQ(sr_harm_new(&cfg.harm, &(struct sr_harm_cfg){
	    .drift = 10000, .loss = 0.5 }, sr_play_emitter(p)), SR_OK);
	CHECK_EQ(sr_sender_new(&s, &cfg), SR_OK);
	while (next_of(sr_sender_emitter(s), &k, &r) == SR_OK) {
		struct sr_str rest = k.head;
		struct sr_rtcp c;

		if (!k.rtcp)
			continue;
		CHECK_EQ(sr_rtcp_next(&rest, &c), SR_OK);
		ts = (uint32_t)((double)k.at / 1.01 / 125000);
		CHECK(abs((int)(c.rtp_ts - ts)) <= 3);
	}
	CHECK_EQ(k.at, 101 * SR_SEC);
	sr_sender_free(s);
}
