/* Packets of a stranger's capture, sent again through a bad network, and RTCP
 * of a stranger: no byte of them may hurt, and time never turns back. */
#include <stdlib.h>
#include <string.h>

#include "siprec/play.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { PACKETS = 64 };

/* The input is cut at its own lengths. */
static size_t
cut(struct sr_str rest, struct sr_played *v)
{
	size_t n = 0;

	while (rest.n > 1 && n < PACKETS) {
		size_t len = (uint8_t)rest.p[0];

		v[n].at = (sr_time)n * 20 * SR_MSEC;
		v[n++].rtp = sr_substr(rest, 1, len);
		rest = sr_substr(rest, 1 + len, rest.n);
	}
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_played v[PACKETS];
	struct sr_replay_cfg replay = { .v = v, .format.clock = 8000,
		.ssrc = 1, .ts = 2, .seq = 3 };
	struct sr_harm_cfg harm = { .seed = n, .loss = 0.1, .burst = 2,
		.duplicate = 0.2, .reorder = 0.2, .reorder_by = 2,
		.jitter = 30 * SR_MSEC };
	struct sr_reporter_cfg reporter = { .cname = SR_STR("x") };
	struct sr_sender_cfg cfg = { 0 };
	struct sr_sender *s;
	struct sr_heard heard[4];
	struct sr_packet out;
	sr_time last = 0;
	int err;

	replay.n = cut((struct sr_str){ (const char *)p, n }, v);
	replay.renumber = n % 2;
	if (sr_play_new_replay(&cfg.play, &replay) != SR_OK ||
	    sr_harm_new(&cfg.harm, &harm, sr_play_emitter(cfg.play)) !=
	    SR_OK || sr_reporter_new(&cfg.reporter, &reporter) != SR_OK ||
	    sr_sender_new(&s, &cfg) != SR_OK)
		return 0;
	for (size_t i = 0; i < replay.n; i++)
		sr_sender_hear(s, v[i].at, v[i].rtp);
	while ((err = sr_sender_next(s, &out)) != SR_ENOENT) {
		if (err == SR_OK && (out.at < last ||
		    out.head.n + out.body.n > 65535))
			abort();
		if (err == SR_OK)
			last = out.at;
	}
	if (sr_sender_heard(s, heard, 4) > 32)
		abort();
	sr_sender_free(s);
	return 0;
}
