/* Claims about lib/core/bind.c: whose an RTP flow is. */
#include "unit/core/scene.h"

static struct sr_addr
other(uint8_t last, uint16_t port)
{
	return (struct sr_addr){ .ip = { 198, 51, 100, last }, .port = port,
	    .family = 4 };
}

TEST(bind_by_the_address_of_the_answer)
{
	scene(false);
	establish("1");
	TALK(.src = other(9, 1234), .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(bind_by_the_address_of_the_offer)
{
	scene(false);
	establish("1");
	TALK(.dst = other(9, 1234), .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(bind_by_port_where_addresses_are_rewritten)
{
	scene(false);
	establish("1");
	TALK(.src = other(1, 40000), .dst = other(2, 40000), .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 30);
}

TEST(bind_by_port_wants_other_evidence)
{
	scene(false);
	establish("1");
	/* Neither the port it comes from nor the payload type fits. */
	TALK(.src = other(1, 1234), .dst = other(2, 40000), .pt = 50,
	    .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(nheard, 0);
}

TEST(bind_to_nobody_is_nobodys)
{
	scene(false);
	establish("1");
	TALK(.src = other(1, 1234), .dst = other(2, 1234), .n = 30);
	BYE();
	scene_end();
	CHECK_EQ(nheard, 0);
}

TEST(bind_prefers_the_newer_call_on_a_port_used_again)
{
	scene(false);
	establish("1");
	TALK(.n = 30);
	SIP(SRC, "INVITE", .id = "new@x", .from = "g", .sdp = OFFER);
	SIP(SRS, "200 OK", .id = "new@x", .from = "g", .to = "u",
	    .sdp = ANSWER);
	BYE();
	TALK(.from = 500, .ssrc = 99, .n = 30);
	SIP(SRC, "BYE", .id = "new@x", .from = "g", .to = "u",
	    .cseq = "2 BYE");
	scene_end();
	CHECK(strstr(said, "end call_x bye-client|stream 1|end new_x") !=
	    NULL);
}

TEST(bind_a_stranger_waits_until_the_sender_is_silent)
{
	struct sr_flow stranger = { other(9, 1234), addr_of(SRS, RTP_PORT),
	    SR_UDP };
	char speech[160] = { 0 };

	scene(false);
	establish("1");
	TALK(.n = 50);
	for (int i = 0; i < 50; i++) {
		TALK(.from = 50 + i, .n = 1);
		rtp_put(&stranger, 0, false, (uint16_t)i, (uint32_t)i * 160,
		    0xbad, speech, 160, 0);
	}
	CHECK_EQ(media_of("1", 0), 100);
	now += 2 * SR_SEC;
	for (int i = 50; i < 100; i++) {
		rtp_put(&stranger, 0, false, (uint16_t)i, (uint32_t)i * 160,
		    0xbad, speech, 160, 0);
		now += 20 * MS;
	}
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 150);
	CHECK(strstr(said, "ssrc|") != NULL);
}

TEST(bind_an_address_that_was_proved_speaks_as_that_of_the_sdp)
{
	struct sr_flow f = { other(9, 1234), addr_of(SRS, RTP_PORT), SR_UDP };

	scene(false);
	CHECK_EQ(sr_engine_source(engine, &f), SR_ENOENT);
	establish("1");
	TALK(.n = 5);
	TALK(.from = 5, .n = 5, .src = f.src);
	CHECK_EQ(sr_engine_strangers(engine), 5);
	CHECK_EQ(sr_engine_source(engine, &f), SR_OK);
	TALK(.from = 5, .n = 5, .src = f.src);
	CHECK_EQ(sr_engine_strangers(engine), 5);
	BYE();
	scene_end();
	CHECK_EQ(media_of("1", 0), 10);
}
