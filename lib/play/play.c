/* play - one stream's RTP, packet by packet.
 *
 * Time is cut into slots of ptime; each gives a packet of audio, of a digit or
 * of noise, or nothing.  The time stamp counts slots, whatever became of them,
 * so that silence and pauses are as long at the other end as they were here. */
#include "siprec/play.h"

#include <stdlib.h>
#include <string.h>

#include "play/order.h"
#include "play/priv.h"

enum {
	HEADER = 12, CSRC_MAX = 15,
	HANGOVER = 200,			/* ms of silence that are still sent */
	END_COPIES = 3,			/* RFC 4733 2.5.1.4 */
	SEGMENT = 0xffff,		/* 2.5.1.3: the longest duration */
	VOLUME = 10			/* -dBm0 of a digit */
};

struct digit {				/* RFC 4733, in the making */
	bool on, first;
	uint8_t event, pt, ends;
	uint32_t ts;			/* where its segment begins */
	uint32_t done, total;		/* ticks, of the segment; of the rest */
};

struct sr_play {
	struct sr_tape *tape;
	uint64_t k;			/* payload of the next slot */
	sr_time slot, end, origin;	/* next slot; since when slots count */
	uint32_t ts, ticks;		/* of the next slot; of each */
	sr_time ptime;
	uint32_t ssrc;
	uint16_t seq;
	uint8_t pt, cn_pt, ncsrc;
	bool dtx, noise, paused, marker, over;
	unsigned quiet;			/* silent slots so far */
	uint8_t head[HEADER + 4 * CSRC_MAX];
	uint8_t body[4];
	struct digit digit;
	struct orders orders;
	struct sr_play_numbers numbers, before;
	/* A replay, instead of slots. */
	const struct sr_played *v;
	size_t n, i;
	const uint8_t *pt_map;
	uint32_t ssrc_mask, ts_shift;
	uint16_t seq_shift;
	bool renumber;
};

void
sr_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

void
sr_put32(uint8_t *p, uint32_t v)
{
	sr_put16(p, v >> 16);
	sr_put16(p + 2, v);
}

/* ---- birth ---- */

static void
set_ssrc(struct sr_play *p, uint32_t ssrc)
{
	if (p->numbers.packets > 0)
		p->before = p->numbers;
	p->numbers.packets = p->numbers.bytes = 0;
	p->ssrc = p->numbers.ssrc = ssrc;
}

static void
set_tape(struct sr_play *p, struct sr_tape *t)
{
	struct sr_tape *old = p->tape;

	p->tape = sr_tape_hold(t);
	sr_tape_free(old);
	p->pt = sr_tape_format(t)->pt;
	p->ptime = sr_tape_ptime(t) * SR_MSEC;
	p->ticks = sr_tape_ticks(t);
	p->numbers.clock = sr_tape_format(t)->clock;
	if (sr_tape_count(t) > 0) {
		p->k = (uint64_t)((p->slot - p->origin) / p->ptime);
	} else {
		p->origin = p->slot;
		p->k = 0;
	}
}

static void
set_csrc(struct sr_play *p, const uint32_t *csrc, unsigned n)
{
	p->ncsrc = (uint8_t)n;
	for (unsigned i = 0; i < n; i++)
		sr_put32(p->head + HEADER + 4 * i, csrc[i]);
}

int
sr_play_new(struct sr_play **pp, const struct sr_play_cfg *cfg)
{
	struct sr_play *p;

	if (cfg->tape == NULL || cfg->ncsrc > CSRC_MAX || cfg->start < 0)
		return SR_EBAD;
	if ((p = sr_zalloc(sizeof(*p))) == NULL)
		return SR_ENOMEM;
	sr_orders_init(&p->orders);
	p->slot = p->origin = cfg->start;
	p->end = cfg->end > 0 ? cfg->end : SR_NEVER;
	set_tape(p, cfg->tape);
	set_ssrc(p, cfg->ssrc);
	set_csrc(p, cfg->csrc, cfg->ncsrc);
	p->ts = p->numbers.ts = cfg->ts;
	p->numbers.ts_at = cfg->start;
	p->seq = cfg->seq;
	p->marker = !cfg->no_marker;
	p->dtx = cfg->dtx;
	p->cn_pt = cfg->cn_pt;
	*pp = p;
	return SR_OK;
}

int
sr_play_new_replay(struct sr_play **pp, const struct sr_replay_cfg *cfg)
{
	struct sr_play *p;
	struct sr_rtp first = { 0 };

	if ((p = sr_zalloc(sizeof(*p))) == NULL)
		return SR_ENOMEM;
	sr_orders_init(&p->orders);
	p->end = SR_NEVER;
	p->v = cfg->v;
	p->n = cfg->n;
	p->pt_map = cfg->pt;
	for (size_t i = 0; i < p->n; i++)
		if (sr_rtp_parse(&first, p->v[i].rtp) == SR_OK)
			break;
	p->numbers.clock = cfg->format.clock;
	p->numbers.ssrc = p->ssrc = first.ssrc;
	p->numbers.ts = first.ts;
	if ((p->renumber = cfg->renumber)) {
		p->ssrc_mask = first.ssrc ^ cfg->ssrc;
		p->ts_shift = cfg->ts - first.ts;
		p->seq_shift = (uint16_t)(cfg->seq - first.seq);
		p->numbers.ssrc = p->ssrc = cfg->ssrc;
		p->numbers.ts = cfg->ts;
	}
	*pp = p;
	return SR_OK;
}

void
sr_play_free(struct sr_play *p)
{
	if (p == NULL)
		return;
	sr_orders_free(&p->orders);
	sr_tape_free(p->tape);
	free(p);
}

/* ---- orders ---- */

/* A loop is taken up where one of its payloads begins. */
static bool
can_obey(const struct sr_play *p, const struct order *o)
{
	if (o->at > p->slot)
		return false;
	if (o->kind == ORDER_DIGIT)
		return !p->digit.on;
	if (o->kind == ORDER_TAPE && sr_tape_count(o->tape) > 0)
		return (p->slot - p->origin) %
		    (sr_tape_ptime(o->tape) * SR_MSEC) == 0;
	return true;
}

static void
start_digit(struct sr_play *p, const struct order *o)
{
	sr_time ticks = o->duration * p->numbers.clock / SR_SEC;

	p->digit = (struct digit){
		.on = true, .first = true, .event = o->event, .pt = o->pt,
		.ts = p->ts, .total = ticks > 0 ? (uint32_t)ticks : 1
	};
}

static void
obey(struct sr_play *p, const struct order *o)
{
	switch (o->kind) {
	case ORDER_PAUSE:
		p->paused = true;
		p->digit.on = false;
		break;
	case ORDER_RESUME:
		p->marker = p->marker || p->paused;
		p->paused = false;
		break;
	case ORDER_END:
		p->over = true;
		break;
	case ORDER_SSRC:
		set_ssrc(p, o->ssrc);
		p->seq = o->seq;
		p->ts = o->ts;
		p->digit.ts = o->ts;
		p->marker = true;
		break;
	case ORDER_TAPE: set_tape(p, o->tape); break;
	case ORDER_CSRC: set_csrc(p, o->csrc, o->ncsrc); break;
	case ORDER_DIGIT: start_digit(p, o); break;
	}
}

static void
obey_all(struct sr_play *p)
{
	while (!p->over && p->orders.head != NULL &&
	    can_obey(p, p->orders.head)) {
		obey(p, p->orders.head);
		sr_orders_drop(&p->orders);
	}
}

static int
order(struct sr_play *p, const struct order *o)
{
	if (p->tape == NULL && o->kind > ORDER_END)
		return SR_EUNSUP;
	return sr_orders_add(&p->orders, o);
}

int
sr_play_pause(struct sr_play *p, sr_time at)
{
	return order(p, &(struct order){ .kind = ORDER_PAUSE, .at = at });
}

int
sr_play_resume(struct sr_play *p, sr_time at)
{
	return order(p, &(struct order){ .kind = ORDER_RESUME, .at = at });
}

int
sr_play_end(struct sr_play *p, sr_time at)
{
	return order(p, &(struct order){ .kind = ORDER_END, .at = at });
}

int
sr_play_ssrc(struct sr_play *p, sr_time at, uint32_t ssrc, uint16_t seq,
    uint32_t ts)
{
	return order(p, &(struct order){ .kind = ORDER_SSRC, .at = at,
	    .ssrc = ssrc, .seq = seq, .ts = ts });
}

int
sr_play_tape(struct sr_play *p, sr_time at, struct sr_tape *tape)
{
	return order(p, &(struct order){ .kind = ORDER_TAPE, .at = at,
	    .tape = tape });
}

int
sr_play_csrc(struct sr_play *p, sr_time at, const uint32_t *csrc, unsigned n)
{
	struct order o = { .kind = ORDER_CSRC, .at = at, .ncsrc = (uint8_t)n };

	if (n > CSRC_MAX)
		return SR_ELIMIT;
	if (n > 0)
		memcpy(o.csrc, csrc, n * sizeof(*csrc));
	return order(p, &o);
}

int
sr_play_digit(struct sr_play *p, sr_time at, char c, sr_time duration,
    uint8_t pt)
{
	static const char events[] = "0123456789*#ABCD!";
	const char *e = c != '\0' ? strchr(events, c) : NULL;

	if (e == NULL || duration <= 0 || duration > 3600 * SR_SEC)
		return SR_EBAD;
	return order(p, &(struct order){ .kind = ORDER_DIGIT, .at = at,
	    .event = (uint8_t)(e - events), .pt = pt,
	    .duration = duration });
}

/* ---- packets ---- */

static void
skip(struct sr_play *p, uint64_t slots)
{
	p->slot += (sr_time)slots * p->ptime;
	p->ts += (uint32_t)(slots * p->ticks);
	p->k += slots;
}

static void
count(struct sr_play *p, uint32_t ts, uint16_t seq, size_t bytes)
{
	struct sr_play_numbers *n = &p->numbers;

	n->packets++;
	n->all_packets++;
	n->bytes += bytes;
	n->all_bytes += bytes;
	n->ts = ts;
	n->seq = seq;
	n->ts_at = p->slot;
}

static void
packet(struct sr_play *p, uint8_t pt, bool marker, uint32_t ts,
    struct sr_str body, struct sr_packet *out)
{
	p->head[0] = 0x80 | p->ncsrc;
	p->head[1] = (uint8_t)(marker << 7 | pt);
	sr_put16(p->head + 2, p->seq);
	sr_put32(p->head + 4, ts);
	sr_put32(p->head + 8, p->ssrc);
	out->at = p->slot;
	out->head = (struct sr_str){ (const char *)p->head,
	    HEADER + 4u * p->ncsrc };
	out->body = body;
	out->rtcp = false;
	/* Reports pair the time with the time stamp of the slot, which for
	 * a digit is not that of the packet. */
	count(p, p->ts, p->seq++, body.n);
}

/* One packet a slot, each with the duration so far; the last one thrice. */
static void
digit_packet(struct sr_play *p, struct sr_packet *out)
{
	struct digit *d = &p->digit;
	bool end;

	if (d->ends == 0 && d->done + p->ticks > SEGMENT) {
		d->ts += d->done;		/* the next segment */
		d->total -= d->done;
		d->done = 0;
	}
	if (d->ends == 0)
		d->done += p->ticks < d->total - d->done ? p->ticks :
		    d->total - d->done;
	end = d->done >= d->total;
	p->body[0] = d->event;
	p->body[1] = (uint8_t)(end << 7 | VOLUME);
	sr_put16(p->body + 2, d->done);
	packet(p, d->pt, d->first, d->ts,
	    (struct sr_str){ (const char *)p->body, 4 }, out);
	p->numbers.digits += d->first;
	d->first = false;
	if (end && ++d->ends == END_COPIES)
		d->on = false;
}

/* Silence that lasts is not sent: true when this slot is quiet. */
static bool
be_quiet(struct sr_play *p)
{
	if (!p->dtx || !sr_tape_silent(p->tape, p->k)) {
		p->quiet = 0;
		p->marker = p->marker || p->noise;
		p->noise = false;
		return false;
	}
	return ++p->quiet * p->ptime > HANGOVER * SR_MSEC;
}

static int
noise_packet(struct sr_play *p, struct sr_packet *out)
{
	bool said = p->noise;

	p->noise = true;
	if (said || p->cn_pt > 127)
		return SR_MORE;
	p->body[0] = sr_tape_level(p->tape, p->k);
	packet(p, p->cn_pt, false, p->ts,
	    (struct sr_str){ (const char *)p->body, 1 }, out);
	p->numbers.noise++;
	return SR_OK;
}

static int
audio_packet(struct sr_play *p, struct sr_packet *out)
{
	struct sr_str payload = sr_tape_payload(p->tape, p->k);

	if (payload.p == NULL && p->end != SR_NEVER &&
	    sr_tape_error(p->tape) == SR_OK)
		payload = sr_tape_blank(p->tape);
	if (payload.p == NULL) {
		p->over = true;
		return sr_tape_error(p->tape) != SR_OK ?
		    sr_tape_error(p->tape) : SR_ENOENT;
	}
	if (be_quiet(p))
		return noise_packet(p, out);
	packet(p, p->pt, p->marker, p->ts, payload, out);
	p->marker = false;
	return SR_OK;
}

/* Over the slots of a pause, to where something may change, if that is known
 * already. */
static void
sleep_on(struct sr_play *p)
{
	sr_time until = p->end;
	uint64_t slots = 1;

	if (p->orders.head != NULL && p->orders.head->at < until)
		until = p->orders.head->at;
	if (until == SR_NEVER)
		return;
	if (until > p->slot)
		slots = (uint64_t)((until - p->slot + p->ptime - 1) /
		    p->ptime);
	skip(p, slots);
}

/* ---- a replay ---- */

static int
replay_packet(struct sr_play *p, const struct sr_played *x,
    struct sr_packet *out)
{
	struct sr_rtp rtp;

	if (sr_rtp_parse(&rtp, x->rtp) != SR_OK)
		return SR_MORE;
	memcpy(p->head, x->rtp.p, HEADER);
	if (p->pt_map != NULL)
		p->head[1] = (uint8_t)(rtp.marker << 7 |
		    (p->pt_map[rtp.pt] & 0x7f));
	if (p->renumber) {
		rtp.ssrc ^= p->ssrc_mask;
		rtp.ts += p->ts_shift;
		rtp.seq = (uint16_t)(rtp.seq + p->seq_shift);
		sr_put16(p->head + 2, rtp.seq);
		sr_put32(p->head + 4, rtp.ts);
		sr_put32(p->head + 8, rtp.ssrc);
	}
	if (rtp.ssrc != p->ssrc)
		set_ssrc(p, rtp.ssrc);
	p->slot = x->at;
	*out = (struct sr_packet){ .at = x->at,
		.head = { (const char *)p->head, HEADER },
		.body = { x->rtp.p + HEADER, x->rtp.n - HEADER } };
	count(p, rtp.ts, rtp.seq, rtp.payload.n);
	return SR_OK;
}

static int
replay_next(struct sr_play *p, struct sr_packet *out)
{
	const struct sr_played *x;

	if (p->over || p->i >= p->n)
		return SR_ENOENT;
	x = &p->v[p->i];
	p->slot = x->at;
	obey_all(p);
	if (p->over)
		return SR_ENOENT;
	p->i++;
	return p->paused ? SR_MORE : replay_packet(p, x, out);
}

/* ---- the face of it ---- */

sr_time
sr_play_due(void *play)
{
	const struct sr_play *p = play;
	sr_time due = p->end;

	if (p->tape == NULL)
		return p->i < p->n && !p->over ? p->v[p->i].at : p->slot;
	if (!p->paused || p->over)
		return p->slot < due ? p->slot : due;
	if (p->orders.head != NULL && p->orders.head->at < due)
		due = p->orders.head->at;
	return due > p->slot ? due : p->slot;
}

int
sr_play_next(void *play, struct sr_packet *out)
{
	struct sr_play *p = play;
	int err = SR_OK;

	if (p->tape == NULL)
		return replay_next(p, out);
	obey_all(p);
	if (p->paused && !p->over && p->slot < p->end) {
		sleep_on(p);
		return SR_MORE;
	}
	if (p->over || p->slot >= p->end) {
		p->over = true;
		return SR_ENOENT;
	}
	if (p->digit.on)
		digit_packet(p, out);
	else
		err = audio_packet(p, out);
	if (!p->over)
		skip(p, 1);
	return err;
}

struct sr_emitter
sr_play_emitter(struct sr_play *p)
{
	return (struct sr_emitter){ p, sr_play_due, sr_play_next };
}

const struct sr_play_numbers *
sr_play_before(const struct sr_play *p)
{
	return &p->before;
}

const struct sr_play_numbers *
sr_play_current(const struct sr_play *p)
{
	return &p->numbers;
}

void
sr_play_numbers(const struct sr_play *p, struct sr_play_numbers *out)
{
	*out = p->numbers;
}
