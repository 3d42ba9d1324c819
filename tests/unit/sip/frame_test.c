/* Claims about lib/sip/frame.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static const char WHOLE[] =
    "\r\n\r\nINVITE sip:srs@example.com SIP/2.0\r\n"
    "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK1\r\n"
    "Subject: one\r\n two\r\n"
    "Content-Length: 10\r\n"
    "Call-ID: a@b\r\n"
    "\r\n"
    "0123\r\n\r\n89";

static long
frame(const char *text, size_t max)
{
	size_t seen = 0;

	return sr_sip_frame(guarded(text, strlen(text)), max, &seen);
}

TEST(frame_every_prefix_of_a_message_wants_more)
{
	size_t n = sizeof(WHOLE) - 1, fresh, seen = 0;

	for (size_t i = 0; i < n; i++) {
		fresh = 0;
		CHECK_EQ(sr_sip_frame(guarded(WHOLE, i), 1000, &fresh),
		    SR_MORE);
		CHECK_EQ(sr_sip_frame(guarded(WHOLE, i), 1000, &seen),
		    SR_MORE);
	}
	CHECK_EQ(sr_sip_frame(guarded(WHOLE, n), 1000, &seen), n);
	CHECK_EQ(frame(WHOLE, 1000), n);
}

TEST(frame_takes_the_first_of_several_messages)
{
	static const char two[] =
	    "BYE sip:a@b SIP/2.0\r\nl:3\r\n\r\nabc"
	    "SIP/2.0 200 OK\r\nContent-Length : 0\r\n\r\n"
	    "\n\nACK sip:a@b SIP/2.0\nCONTENT-LENGTH:\t2 \n\nxyINVITE ";
	static const size_t want[] = { 31, 38, 44 };
	struct sr_str in = guarded(two, sizeof(two) - 1);
	size_t seen;
	long n;

	for (int i = 0; i < 3; i++) {
		seen = 0;
		n = sr_sip_frame(in, 1000, &seen);
		CHECK_EQ(n, want[i]);
		if (n <= 0)
			return;
		in = sr_substr(in, (size_t)n, in.n);
	}
	seen = 0;
	CHECK_EQ(sr_sip_frame(in, 1000, &seen), SR_MORE);
}

TEST(frame_without_a_readable_length_has_no_body)
{
	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nX: 1\r\n\r\nrest", 1000), 27);
	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nl: -1\r\n\r\nrest", 1000), 28);
	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nl:\r\n 4\r\n\r\nrest", 1000), 33);
}

TEST(frame_of_nothing_but_line_ends_wants_more)
{
	size_t seen = 0;

	CHECK_EQ(frame("\r\n\r\n", 1000), SR_MORE);
	CHECK_EQ(sr_sip_frame((struct sr_str){ NULL, 0 }, 1000, &seen),
	    SR_MORE);
}

TEST(frame_refuses_what_is_no_message)
{
	CHECK_EQ(frame("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1000), SR_EBAD);
	CHECK_EQ(frame("\x16\x03\x01\x02", 1000), SR_EBAD);
	CHECK_EQ(frame("v=0\r\no=- 1 1 IN IP4 a\r\n", 1000), SR_EBAD);
	CHECK_EQ(frame("SIPREC is not a start line\r\n\r\n", 1000), SR_EBAD);
	CHECK_EQ(frame("one two three\r\n\r\n", 1000), SR_EBAD);
}

TEST(frame_finds_a_bad_start_line_byte_by_byte_too)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	size_t seen = 0, i;
	long got = SR_MORE;

	for (i = 0; i < sizeof(http) && got == SR_MORE; i++)
		got = sr_sip_frame(guarded(http, i), 1000, &seen);
	CHECK_EQ(got, SR_EBAD);
	CHECK_EQ(i, strlen("GET / HTTP/1.1\r\n") + 1);
}

TEST(frame_never_takes_more_than_its_limit)
{
	char *big = malloc(70000);
	size_t seen = 0;

	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nl: 10\r\n\r\n", 30), SR_ELIMIT);
	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n",
	    1000), SR_ELIMIT);
	CHECK_EQ(frame("BYE sip:a SIP/2.0\r\nVia: 0123456789", 30), SR_ELIMIT);
	memset(big, 'x', 70000);
	memcpy(big, "BYE sip:a SIP/2.0\r\nX: ", 22);
	CHECK_EQ(sr_sip_frame(guarded(big, 70000), 1 << 20, &seen), SR_ELIMIT);
	free(big);
}

TEST(frame_looks_tells_sip_from_the_rest)
{
	CHECK(sr_sip_looks(SR_STR("INVITE sip:a@b SIP/2.0\r\n")));
	CHECK(sr_sip_looks(SR_STR("\r\nSIP/2.0 200 OK\r\n")));
	CHECK(sr_sip_looks(SR_STR("FROBNICATE tel:1 SIP/2.0\r\n")));
	CHECK(!sr_sip_looks(SR_STR("\x80\x00\x12\x34\x00\x00\x00\xa0")));
	CHECK(!sr_sip_looks(SR_STR("\0\0\0\0")));
	CHECK(!sr_sip_looks(SR_STR("\r\n\r\n")));
	CHECK(!sr_sip_looks(SR_STR("")));
	CHECK(!sr_sip_looks(SR_STR("OPTIONS rtsp://a RTSP/1.0\r\n")));
}

TEST(frame_resync_finds_the_next_start_line)
{
	struct sr_str in = SR_STR("v=0\r\nVia: SIP/2.0/TCP a\r\n\r\n"
	    "<recording> SIP/2.0\r\nBYE sip:a SIP/2.0\r\n");

	CHECK_EQ(sr_sip_resync(in), in.n - 19);
	in = SR_STR("junk\r\n--b--INVITE sip:a--b@c SIP/2.0\r\nVia:");
	CHECK_EQ(sr_sip_resync(in), 11);
	in = SR_STR("a=b\r\nc=d\r\n");
	CHECK_EQ(sr_sip_resync(in), in.n);
	in = SR_STR("a=b\r\nSIP/2");
	CHECK_EQ(sr_sip_resync(in), 5);
	CHECK_EQ(sr_sip_resync((struct sr_str){ NULL, 0 }), 0);
}

TEST(frame_resync_always_moves_on)
{
	struct sr_str in = SR_STR("INVITE sip:a SIP/2.0\r\nno colon");

	CHECK(sr_sip_resync(in) > 0);
}
