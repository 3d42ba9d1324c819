/* answer - any offer gets an answer with all its m-lines, and each line of it
 * can be read; the second half of the input is a later offer. */
#include "siprec/sip.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->id != SR_CODEC_UNKNOWN;
}

static const struct sr_sdp_own own = { .id = 1, .version = 1,
	.addr = { { 192, 0, 2, 1 }, 0, 4 }, .fingerprint = { "sha-256 A", 9 } };

static void
decide(struct sr_answer_line *v, const struct sr_plan *plan)
{
	static const uint8_t random[64] = { 1 };

	for (size_t i = 0; i < plan->nlines; i++) {
		v[i].dir = i % 3 == 0 ? SR_INACTIVE : SR_RECVONLY;
		v[i].refuse = i % 7 == 5;
		v[i].rtp.port = (uint16_t)(2 * i + 2);
		v[i].ufrag = SR_STR("abcd");
		v[i].pwd = SR_STR("0123456789012345678901");
		sr_sdes_make(&v[i].key, plan->lines[i].keys.v[0].suite,
		    random);
	}
}

static void
read_back(struct sr_str text, const struct sr_sdp *offer, bool answer)
{
	struct sr_sdp s;

	if (sr_sdp_parse(&s, text) != SR_OK || s.nmlines != offer->nmlines)
		abort();
	for (size_t i = 0; i < s.nmlines; i++) {
		if (s.mlines[i].nsdes > 1 || (answer &&
		    s.mlines[i].rtp.port != 0 &&
		    offer->mlines[i].rtp.port == 0))
			abort();
	}
	sr_sdp_free(&s);
}

static void
write_both(const struct sr_sdp *offer, const struct sr_plan *plan)
{
	struct sr_answer_line *lines;
	struct sr_buf out;

	lines = calloc(plan->nlines + 1, sizeof(*lines));
	decide(lines, plan);
	sr_buf_init(&out, 1 << 20);
	if (sr_sdp_answer(&out, offer, plan, &own, lines) != SR_OK)
		abort();
	read_back(sr_buf_str(&out), offer, true);
	out.n = 0;
	if (sr_sdp_reoffer(&out, offer, plan, &own, lines) != SR_OK)
		abort();
	read_back(sr_buf_str(&out), offer, false);
	sr_buf_free(&out);
	free(lines);
}

/* What the client makes of it, had the server said it. */
static void
reply(const struct sr_sdp *offer)
{
	static const struct sr_format pcmu = { .id = SR_CODEC_PCMU,
	    .name = { "PCMU", 4 }, .clock = 8000, .channels = 1 };
	struct sr_offer_line l = { .dir = SR_SENDONLY, .formats = &pcmu,
	    .nformats = 1, .rtp = { .port = 4 }, .mux = true };
	struct sr_buf out;

	sr_buf_init(&out, 1 << 20);
	if (sr_sdp_reply(&out, offer, &own, &l, 1) == SR_OK)
		read_back(sr_buf_str(&out), offer, true);
	sr_buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	struct sr_plan_cfg cfg = { .decodes = decodes,
	    .srtp = SR_SRTP_ALLOW };
	struct sr_plan plan, later;
	struct sr_sdp a, b;
	unsigned how = n > 0 ? p[0] : 0;

	cfg.first = how & 1;
	cfg.strict = how & 2;
	cfg.text = how & 4;
	cfg.no_mux = how & 8;
	if (sr_sdp_parse(&a, sr_substr(in, 1, n / 2)) == SR_OK) {
		if (sr_sdp_plan(&plan, &a, NULL, &cfg) == SR_OK)
			write_both(&a, &plan);
		reply(&a);
		if (sr_sdp_parse(&b, sr_substr(in, n / 2, n)) == SR_OK &&
		    sr_sdp_plan(&later, &b, &plan, &cfg) == SR_OK) {
			write_both(&b, &later);
			sr_plan_free(&later);
		}
		sr_sdp_free(&b);
		sr_plan_free(&plan);
	}
	sr_sdp_free(&a);
	return 0;
}
