/* wire: a call of some streams on an engine, its events to whoever asks. */
#ifndef CORE_TEST_WIRE_H
#define CORE_TEST_WIRE_H

#include "unit/test.h"

#include "siprec/core.h"
#include "siprec/crypt.h"

typedef void wire_taker(const struct sr_event *ev);

static struct sr_engine *wire_engine;
static sr_time wire_now;

static inline void
wire_open(void)
{
	struct sr_cfg cfg = { .crypto = &sr_crypto_openssl, .journal = true,
	    .wire = true };

	CHECK_EQ(sr_engine_new(&wire_engine, &cfg), SR_OK);
	wire_now = 1700000000 * SR_SEC;
}

static inline void
wire_drain(wire_taker *take)
{
	const struct sr_event *ev;

	while ((ev = sr_engine_next(wire_engine)) != NULL)
		take(ev);
}

static inline void
wire_end(wire_taker *take)
{
	sr_engine_finish(wire_engine, wire_now);
	wire_drain(take);
}

static inline void
wire_close(wire_taker *take)
{
	wire_end(take);
	sr_engine_free(wire_engine);
}

static inline void
wire_feed(bool back, uint16_t port, const void *p, size_t n, wire_taker *take)
{
	struct sr_addr a = { .ip = { 192, 0, 2, 1 }, .port = port,
	    .family = 4 };
	struct sr_addr b = { .ip = { 192, 0, 2, 2 }, .port = port,
	    .family = 4 };
	struct sr_chunk c = { .kind = SR_DGRAM, .time = wire_now,
	    .data = guarded(p, n), .flow = { back ? b : a, back ? a : b,
	    SR_UDP } };

	CHECK_EQ(sr_engine_feed(wire_engine, &c), SR_OK);
	wire_drain(take);
}

static inline void
wire_sip(bool back, const char *line, const char *cseq, const char *sdp,
    wire_taker *take)
{
	static char text[16384];
	int n = snprintf(text, sizeof(text), "%s\r\nVia: SIP/2.0/UDP "
	    "192.0.2.1;branch=z9hG4bK%s\r\nFrom: <sip:a@example.com>;tag=f"
	    "\r\nTo: <sip:b@example.com>%s\r\nCall-ID: call@x\r\nCSeq: %s\r\n"
	    "Contact: <sip:a@192.0.2.1>%s\r\nContent-Type: application/sdp"
	    "\r\nContent-Length: %zu\r\n\r\n%s", line, cseq,
	    strcmp(line, "INVITE sip:b SIP/2.0") == 0 ? "" : ";tag=t", cseq,
	    back ? ";+sip.srs" : ";+sip.src", strlen(sdp), sdp);

	wire_feed(back, 5060, text, (size_t)n, take);
}

static inline void
wire_sdp(char *t, size_t size, int side, unsigned n,
    const char *const *labels)
{
	size_t k = (size_t)snprintf(t, size, "v=0\r\no=- 1 1 IN IP4 192.0.2.%d"
	    "\r\ns=-\r\nc=IN IP4 192.0.2.%d\r\nt=0 0\r\n", side, side);

	for (unsigned i = 0; i < n; i++)
		k += (size_t)snprintf(t + k, size - k, "m=audio %u RTP/AVP 0"
		    "\r\na=%s\r\na=label:%s\r\n", 40000 + 2 * i,
		    side == 1 ? "sendonly" : "recvonly", labels[i]);
}

static inline void
wire_call(unsigned n, const char *const *labels, wire_taker *take)
{
	char offer[8192], answer[8192];

	wire_sdp(offer, sizeof(offer), 1, n, labels);
	wire_sdp(answer, sizeof(answer), 2, n, labels);
	wire_sip(false, "INVITE sip:b SIP/2.0", "1 INVITE", offer, take);
	wire_sip(true, "SIP/2.0 200 OK", "1 INVITE", answer, take);
	wire_sip(false, "ACK sip:b SIP/2.0", "1 ACK", "", take);
}

static inline void
wire_bye(wire_taker *take)
{
	wire_sip(false, "BYE sip:b SIP/2.0", "2 BYE", "", take);
}

/* The i-th 20 ms of stream k; its packet 0 moves the clock. */
static inline void
wire_talk(unsigned k, int i, wire_taker *take)
{
	uint8_t b[172] = { 0x80, 0, (uint8_t)(i >> 8), (uint8_t)i, 0,
	    (uint8_t)(i * 160 >> 16), (uint8_t)(i * 160 >> 8),
	    (uint8_t)(i * 160), 0, 0, 0, (uint8_t)(k + 1) };

	memset(b + 12, 0x80 + i % 64, 160);
	wire_now = 1700000000 * SR_SEC + i * 20 * SR_MSEC;
	wire_feed(false, (uint16_t)(40000 + 2 * k), b, sizeof(b), take);
}

#endif
