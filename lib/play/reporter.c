/* reporter - the RTCP of one source: when, and what.
 *
 * RFC 3550 section 6 and appendix A.7, whose names stand here too. */
#include "siprec/play.h"

#include <stdlib.h>
#include <string.h>

#include "play/priv.h"

enum {
	HEARD_MAX = 32,
	CONTRIBUTORS = 15,
	UDP_IP = 28,			/* 6.2: lower layers count too */
	SDES_CNAME = 1,
	TIMEOUT = 5			/* intervals, 6.3.5 */
};
#define MIN_TIME 5.0
#define COMPENSATION (2.71828182845904523536 - 1.5)
#define NTP_EPOCH 2208988800u		/* 1970 by the clock of 1900 */

struct name {
	uint32_t ssrc;
	char text[256];
	uint8_t n;
};

struct sr_reporter {
	struct sr_prng prng;
	sr_time wall;
	double rtcp_bw;			/* octets a second */
	double avg_size;
	sr_time tp, tn;			/* last report, next one */
	bool initial, reported, we_sent;
	uint64_t sent[2];		/* packets at the last two reports */
	struct name cname, contributor[CONTRIBUTORS];
	unsigned contributors;
	struct {
		struct sr_heard h;
		bool about_us, sender;
	} heard[HEARD_MAX];		/* the newest first */
	size_t n;
};

void
sr_cname(const uint8_t random[12], char out[SR_CNAME])
{
	struct sr_buf b;

	sr_buf_init(&b, SR_CNAME);
	memset(out, 0, SR_CNAME);
	if (sr_base64_add(&b, random, 12) == SR_OK)
		memcpy(out, b.p, b.n);
	sr_buf_free(&b);
}

/* ---- when: A.7 ---- */

static unsigned
members(const struct sr_reporter *r, sr_time now, unsigned *senders)
{
	unsigned n = 1;

	*senders = r->we_sent;
	for (size_t i = 0; i < r->n; i++)
		if (now - r->heard[i].h.at < TIMEOUT * 5 * SR_SEC) {
			n++;
			*senders += r->heard[i].sender;
		}
	return n;
}

static sr_time
rtcp_interval(struct sr_reporter *r, sr_time now)
{
	unsigned senders, n = members(r, now, &senders);
	double t, bw = r->rtcp_bw, min = MIN_TIME / (r->initial ? 2 : 1);

	if (senders <= n * 0.25) {
		if (r->we_sent) {
			bw *= 0.25;
			n = senders;
		} else {
			bw *= 0.75;
			n -= senders;
		}
	}
	t = r->avg_size * n / bw;
	if (t < min)
		t = min;
	t = t * (sr_prng_real(&r->prng) + 0.5) / COMPENSATION;
	return (sr_time)(t * 1e9);
}

static void
keep_name(struct name *n, uint32_t ssrc, struct sr_str s)
{
	n->ssrc = ssrc;
	n->n = (uint8_t)(s.n < 255 ? s.n : 255);
	if (n->n > 0)
		memcpy(n->text, s.p, n->n);
}

int
sr_reporter_new(struct sr_reporter **rp, const struct sr_reporter_cfg *cfg)
{
	struct sr_reporter *r;

	if (cfg->contributors > CONTRIBUTORS)
		return SR_ELIMIT;
	if ((r = sr_zalloc(sizeof(*r))) == NULL)
		return SR_ENOMEM;
	sr_prng_init(&r->prng, cfg->seed);
	r->wall = cfg->wall;
	r->rtcp_bw = (cfg->bandwidth > 0 ? cfg->bandwidth : 64000) * 0.05 / 8;
	r->avg_size = 28 + 16 + UDP_IP;		/* a first guess, 6.3.2 */
	r->initial = true;
	keep_name(&r->cname, 0, cfg->cname);
	r->contributors = cfg->contributors;
	for (unsigned i = 0; i < r->contributors; i++)
		keep_name(&r->contributor[i], cfg->contributor[i].ssrc,
		    cfg->contributor[i].cname);
	r->tn = rtcp_interval(r, 0);
	*rp = r;
	return SR_OK;
}

void
sr_reporter_free(struct sr_reporter *r)
{
	free(r);
}

void
sr_reporter_wall(struct sr_reporter *r, sr_time wall)
{
	r->wall = wall;
}

sr_time
sr_reporter_due(const struct sr_reporter *r)
{
	return r->tn;
}

/* ---- what ---- */

static uint64_t
ntp(sr_time t)
{
	uint64_t sec = (uint64_t)(t / SR_SEC) + NTP_EPOCH;

	return sec << 32 | ((uint64_t)(t % SR_SEC) << 32) / SR_SEC;
}

static int
add32(struct sr_buf *out, uint32_t v)
{
	uint8_t p[4];

	sr_put32(p, v);
	return sr_buf_add(out, (struct sr_str){ (const char *)p, 4 });
}

/* The length of a packet that began at from, in words less one: 6.4.1. */
static void
set_length(struct sr_buf *out, size_t from)
{
	sr_put16((uint8_t *)out->p + from + 2,
	    (uint32_t)((out->n - from) / 4 - 1));
}

/* An SR where something was sent since the report before the last, 6.4; the
 * time stamp is what the stream's clock shows now, also in a pause. */
static int
add_report(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out)
{
	uint64_t t = ntp(r->wall + now);
	sr_time since = now - sent->ts_at;
	int64_t ticks = since / SR_SEC * sent->clock +
	    since % SR_SEC * sent->clock / SR_SEC;
	size_t from = out->n;
	int err = 0;

	err |= add32(out, r->we_sent ? 0x80c80000 : 0x80c90000);
	err |= add32(out, sent->ssrc);
	if (r->we_sent) {
		err |= add32(out, (uint32_t)(t >> 32));
		err |= add32(out, (uint32_t)t);
		err |= add32(out, sent->ts + (uint32_t)ticks);
		err |= add32(out, (uint32_t)sent->packets);
		err |= add32(out, (uint32_t)sent->bytes);
	}
	if (err != 0)
		return SR_ENOMEM;
	set_length(out, from);
	return SR_OK;
}

/* 6.5: a chunk ends with one to four zero octets, at a word. */
static int
add_chunk(struct sr_buf *out, uint32_t ssrc, const struct name *n)
{
	char item[2] = { SDES_CNAME, (char)n->n };
	static const char zero[4];
	int err = add32(out, ssrc);

	err |= sr_buf_add(out, (struct sr_str){ item, 2 });
	err |= sr_buf_add(out, (struct sr_str){ n->text, n->n });
	err |= sr_buf_add(out,
	    (struct sr_str){ zero, 4 - (2u + n->n) % 4 });
	return err != 0 ? SR_ENOMEM : SR_OK;
}

static int
add_sdes(struct sr_reporter *r, uint32_t ssrc, struct sr_buf *out)
{
	size_t from = out->n;
	int err = add32(out, 0x80ca0000 | (1 + r->contributors) << 24);

	if (err == SR_OK)
		err = add_chunk(out, ssrc, &r->cname);
	for (unsigned i = 0; i < r->contributors && err == SR_OK; i++)
		err = add_chunk(out, r->contributor[i].ssrc,
		    &r->contributor[i]);
	if (err == SR_OK)
		set_length(out, from);
	return err;
}

static int
compound(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out)
{
	int err;

	if ((err = add_report(r, now, sent, out)) != SR_OK)
		return err;
	return add_sdes(r, sent->ssrc, out);
}

static void
reported(struct sr_reporter *r, size_t n)
{
	r->avg_size = (double)(n + UDP_IP) / 16 + r->avg_size * 15 / 16;
	r->reported = true;
}

int
sr_reporter_next(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out)
{
	size_t before = out->n;
	int err;

	/* Reconsideration, 6.3.6. */
	r->we_sent = sent->all_packets > r->sent[0];
	r->tn = r->tp + rtcp_interval(r, now);
	if (r->tn > now)
		return SR_MORE;
	if ((err = compound(r, now, sent, out)) != SR_OK)
		return err;
	reported(r, out->n - before);
	r->sent[0] = r->sent[1];
	r->sent[1] = sent->all_packets;
	r->initial = false;
	r->tp = now;
	r->tn = now + rtcp_interval(r, now);
	return SR_OK;
}

/* 6.3.7: who never sent anything says no good-bye either. */
int
sr_reporter_bye(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out)
{
	int err;

	if (!r->reported && sent->all_packets == 0)
		return SR_MORE;
	r->we_sent = sent->packets > 0;
	if ((err = compound(r, now, sent, out)) != SR_OK ||
	    (err = add32(out, 0x81cb0001)) != SR_OK)
		return err;
	return add32(out, sent->ssrc);
}

/* ---- what the others say ---- */

static size_t
find(struct sr_reporter *r, uint32_t from)
{
	size_t i = 0;

	while (i < r->n && r->heard[i].h.from != from)
		i++;
	if (i == r->n && r->n < HEARD_MAX)
		r->n++;
	else if (i == r->n)
		i--;			/* the one unheard of for longest */
	return i;
}

/* Moves who spoke to the front. */
static void
note(struct sr_reporter *r, sr_time now, const struct sr_rtcp *p,
    const struct sr_report *about)
{
	size_t i = find(r, p->ssrc);
	struct sr_heard h = r->heard[i].h;
	bool known = h.from == p->ssrc && r->heard[i].about_us;
	uint32_t trip;

	if (h.from != p->ssrc || about != NULL)
		h = (struct sr_heard){ .from = p->ssrc };
	h.at = now;
	if (about != NULL) {
		h.report = *about;
		trip = (uint32_t)(ntp(r->wall + now) >> 16) - about->lsr -
		    about->dlsr;
		if (about->lsr != 0 && trip < 0x80000000)
			h.round_trip = (sr_time)trip * SR_SEC / 65536;
	}
	memmove(&r->heard[1], &r->heard[0], i * sizeof(r->heard[0]));
	r->heard[0].h = h;
	r->heard[0].about_us = known || about != NULL;
	r->heard[0].sender = p->type == 200;
}

static void
hear_one(struct sr_reporter *r, sr_time now, uint32_t ssrc,
    const struct sr_rtcp *p)
{
	struct sr_str rest = p->blocks;
	struct sr_report b, *about = NULL;

	if (p->type != 200 && p->type != 201)
		return;
	while (about == NULL && sr_report_next(&rest, &b))
		if (b.ssrc == ssrc)
			about = &b;
	note(r, now, p, about);
}

int
sr_reporter_hear(struct sr_reporter *r, sr_time now, uint32_t ssrc,
    struct sr_str pkt)
{
	size_t n = pkt.n;
	struct sr_rtcp p;
	int err;

	while ((err = sr_rtcp_next(&pkt, &p)) == SR_OK)
		hear_one(r, now, ssrc, &p);
	if (err != SR_ENOENT)
		return err;
	r->avg_size = (double)(n + UDP_IP) / 16 + r->avg_size * 15 / 16;
	return SR_OK;
}

size_t
sr_reporter_heard(const struct sr_reporter *r, struct sr_heard *out, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->heard[i].about_us) {
			if (all < n)
				out[all] = r->heard[i].h;
			all++;
		}
	return all;
}
