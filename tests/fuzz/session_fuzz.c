/* session - a record of a session that anybody may have written: it is refused
 * and leaves nothing, or it makes a session that can be talked to, saved, and
 * made again.
 *
 * The sum at the end of a record is put there; the first byte says how it is
 * restored. */
#include "siprec/crypt.h"
#include "siprec/serve.h"

#include <stdlib.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct world {
	struct sr_serve *s;
	sr_time now;
	uint8_t how;
	char first[5000];
};

static struct sr_prng dice;

/* As at the end of each record: FNV-1a. */
static uint64_t
sum(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n-- > 0)
		h = (h ^ (uint8_t)*p++) * 0x100000001b3u;
	return h;
}

static void
roll(uint8_t *out, size_t n)
{
	sr_prng_fill(&dice, out, n);
}

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->pt == 0 || f->pt == 8;
}

static void
ports(struct world *w, const struct sr_serve_event *ev)
{
	struct sr_serve_port v[256];

	for (size_t i = 0; i < ev->nwant && i < 256; i++) {
		v[i] = ev->want[i].again;
		if (v[i].rtp.family == 0)
			abort();
		v[i].rtp.port ^= w->how & 1;
		v[i].rtp.port |= 2;
	}
	sr_serve_ports(w->s, ev->leg, v, w->how & 2 ? 0 : ev->nwant, w->now);
}

static void
drain(struct world *w)
{
	const struct sr_serve_event *ev;
	struct sr_msg m;

	while ((ev = sr_serve_next(w->s)) != NULL) {
		if (ev->kind == SR_SERVE_PORTS)
			ports(w, ev);
		if (ev->kind == SR_SERVE_PERSIST)
			snprintf(w->first, sizeof(w->first), "%.*s",
			    SR_FMT(ev->call_id));
		/* Nothing that a record says breaks a message, but for those
		 * that are said again as they stand there. */
		if (ev->kind == SR_SERVE_SEND && ev->status == 0 &&
		    ev->method != SR_ACK) {
			if (sr_msg_parse(&m, ev->data) != SR_OK)
				abort();
			sr_msg_free(&m);
		}
	}
}

static void
wait(struct world *w, sr_time by)
{
	w->now += by;
	sr_serve_tick(w->s, w->now);
	drain(w);
}

static void
again(struct world *w)
{
	struct sr_buf b;
	int err;

	sr_buf_init(&b, 1 << 24);
	err = sr_serve_save(w->s, sr_cstr(w->first), w->how & 4, &b);
	if (err == SR_OK) {
		sr_serve_abandon(w->s, sr_cstr(w->first), w->now);
		drain(w);
		sr_serve_restore(w->s, sr_buf_str(&b), w->how & 8, NULL,
		    w->now);
		drain(w);
	}
	sr_buf_free(&b);
}

static void
use(struct world *w)
{
	drain(w);
	wait(w, 600 * SR_MSEC);
	wait(w, 3 * SR_SEC);
	again(w);
	wait(w, 3 * SR_SEC);
	sr_serve_shutdown(w->s, "stopped", w->now);
	drain(w);
	wait(w, 40 * SR_SEC);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_crypto crypto = sr_crypto_openssl;
	struct sr_serve_cfg cfg = { .plan.decodes = decodes,
	    .plan.srtp = SR_SRTP_ALLOW, .plan.text = true, .persist = true,
	    .fingerprint = SR_STR("sha-256 AA:BB") };
	struct world w = { .now = 1000 * SR_SEC };
	struct sr_rd r = { p, n, false };
	struct sr_serve_stats st;
	struct sr_buf b;

	w.how = sr_u8(&r);
	sr_prng_init(&dice, 1);
	crypto.random = roll;
	cfg.ua.crypto = &crypto;
	cfg.ua.seed = 1;
	sr_addr_parse(&cfg.ua.local[SR_UDP], SR_STR("192.0.2.2:5060"));
	if (sr_serve_new(&w.s, &cfg) != SR_OK)
		return 0;
	sr_buf_init(&b, n + 8);
	sr_buf_add(&b, (struct sr_str){ (const char *)r.p, r.n });
	sr_pack_u64(&b, sum(b.p, b.n));
	if (sr_serve_restore(w.s, sr_buf_str(&b), w.how & 8, NULL, w.now) ==
	    SR_OK) {
		use(&w);
	} else {
		sr_serve_stats(w.s, &st);
		if (st.legs != 0 || st.now != 0 || sr_serve_next(w.s) != NULL)
			abort();
	}
	sr_buf_free(&b);
	sr_serve_free(w.s);
	return 0;
}
