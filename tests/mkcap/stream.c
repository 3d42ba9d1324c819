/* stream - one leg's RTP: speech, silence, digits, and what the net does. */
#include "mkcap/mkcap.h"
#include <stdlib.h>
#include <string.h>

enum { PT_CN = 13, PT_L16 = 96, PT_OTHER = 97, PT_EVENT = 101,
    MAX_SAMPLES = 960, MAX_SCALE = 6, DIGIT_MS = 100, DIGIT_EVERY_MS = 500,
    FIRST_DIGIT_MS = 1000, END_COPIES = 3, TALK_MS = 2000, TURN_MS = 3000,
    MAX_PAYLOAD = 16384 };

static unsigned
frame_samples(const struct stream *s)
{
	return s->call->o->ptime * 8;
}

static int64_t
frame_time(const struct stream *s, uint64_t i)
{
	const struct options *o = s->call->o;
	double us = (double)i * o->ptime * 1000;

	if (s->k != 0)
		us *= 1 - o->skew * 1e-6;
	return s->start + (int64_t)(us / US_SAMPLE) * US_SAMPLE;
}

static void
new_source(struct stream *s)
{
	const struct options *o = s->call->o;
	uint32_t ts = s->ts;
	uint16_t seq = s->seq;

	s->was = s->ssrc;
	s->ssrc = (uint32_t)chance_next(&s->chance);
	s->seq = (uint16_t)chance_next(&s->chance);
	s->ts = (uint32_t)chance_next(&s->chance);
	if (o->seq_start >= 0 && s->i == 0)
		s->seq = (uint16_t)o->seq_start;
	if (o->ts_start >= 0 && s->i == 0)
		s->ts = (uint32_t)o->ts_start;
	s->ts_was = ts - s->ts;
	s->seq_was = (uint16_t)(seq - s->seq);
	s->first = s->i;
	if (s->ref != NULL)
		ref_source(s->ref, s->ssrc);
}

void
stream_init(struct stream *s, struct call *c, unsigned k)
{
	const struct options *o = c->o;
	int64_t late = k == 1 ? o->late_start : 0;
	int64_t length = (int64_t)(o->seconds * (double)US_SEC) - late;

	memset(s, 0, sizeof(*s));
	s->call = c;
	s->k = k;
	s->key = mix64(o->seed ^ mix64((uint64_t)c->i << 32 | k));
	s->chance.s = s->key;
	s->start = c->media + late + (int64_t)k * 10 * US_SAMPLE;
	s->n = length < 0 ? 0 : (uint64_t)(length / (o->ptime * 1000));
	s->alaw = o->codec == C_PCMA;
	s->talking = true;
	if (o->no_label) {
		memcpy(s->label, "m", 2);
		s->label[1] = (char)('1' + k % 9);
	} else {
		int i = 0;

		if (k + 1 >= 10)
			s->label[i++] = (char)('0' + (k + 1) / 10);
		s->label[i] = (char)('0' + (k + 1) % 10);
	}
	s->ref = o->ref != NULL ? ref_new(o->scale) : NULL;
	if (o->codec == C_LIBRARY &&
	    (o->library->open(&s->encoder, &o->rtp) != SR_OK ||
	    o->library->open(&s->decoder, &o->rtp) != SR_OK))
		die("no codec %s", o->codec_name);
	new_source(s);
}

void
stream_free(struct stream *s)
{
	const struct options *o = s->call->o;

	if (o->codec == C_LIBRARY) {
		o->library->close(s->encoder);
		o->library->close(s->decoder);
	}
	ref_free(s->ref);
}

bool
stream_over(const struct stream *s)
{
	return s->i >= s->n;
}

/* ---- one packet ---- */

static bool
seen(const struct stream *s, int64_t t)
{
	return s->ref != NULL && t < s->call->bye &&
	    t >= s->call->o->start_middle;
}

static int64_t
rtp_of(const struct stream *s)
{
	return (int64_t)(s->i - s->first) * frame_samples(s);
}

struct way {				/* which dialog, which source */
	int moved;
	uint32_t ssrc, ts;
	uint16_t seq;
};

static void
send_by(struct stream *s, struct cap *cap, int64_t t, int pt,
    const struct way *w, const uint8_t *payload, size_t n)
{
	struct call *c = s->call;
	struct end src = c->ends[0], dst = c->ends[1];
	uint8_t p[12 + MAX_PAYLOAD];
	int i;

	src.port = c->d[w->moved].sport[s->k];
	dst.port = c->d[w->moved].dport[s->k];
	p[0] = 0x80;
	p[1] = (uint8_t)pt;
	p[2] = (uint8_t)(w->seq >> 8);
	p[3] = (uint8_t)w->seq;
	for (i = 0; i < 4; i++) {
		p[4 + i] = (uint8_t)(w->ts >> (24 - 8 * i));
		p[8 + i] = (uint8_t)(w->ssrc >> (24 - 8 * i));
	}
	memcpy(p + 12, payload, n);
	net_rtp(cap, c->o, t, &src, &dst, p, n + 12);
}

/* A client that has moved may go on for a while where it was, too. */
static void
send_rtp(struct stream *s, struct cap *cap, int64_t t, int pt, bool marker,
    uint32_t ts, const uint8_t *payload, size_t n)
{
	const struct options *o = s->call->o;
	int64_t moved = s->call->moved, now = frame_time(s, s->i);
	struct way w = { now >= moved, s->ssrc, ts, s->seq };

	send_by(s, cap, t, pt | (marker ? 0x80 : 0), &w, payload, n);
	if (!w.moved || now - moved >= o->overlap)
		return;
	w.moved = 0;
	if (!o->same_source)
		w = (struct way){ 0, s->was, ts + s->ts_was,
		    (uint16_t)(s->seq + s->seq_was) };
	send_by(s, cap, t, pt, &w, payload, n);
	if (o->same_source && s->ref != NULL)
		ref_duplicate(s->ref);
}

/* ---- digits, RFC 4733 ---- */

static bool
digit_here(const struct stream *s, const char **digit, unsigned *part)
{
	const struct options *o = s->call->o;
	uint64_t ms = s->i * o->ptime, which;
	uint64_t parts = (DIGIT_MS + o->ptime - 1) / o->ptime;

	if (s->k != 0 || o->digits == NULL || ms < FIRST_DIGIT_MS)
		return false;
	which = (ms - FIRST_DIGIT_MS) / DIGIT_EVERY_MS;
	if (which >= strlen(o->digits))
		return false;
	/* The first frame that begins within this digit's half second. */
	ms = FIRST_DIGIT_MS + which * DIGIT_EVERY_MS;
	*part = (unsigned)(s->i - (ms + o->ptime - 1) / o->ptime);
	*digit = o->digits + which;
	return *part < parts;
}

static void
send_digit(struct stream *s, struct cap *cap, int64_t t, char digit,
    unsigned part)
{
	static const char keys[] = "0123456789*#ABCD";
	unsigned fs = frame_samples(s), ms = s->call->o->ptime;
	unsigned parts = (DIGIT_MS + ms - 1) / ms, duration = (part + 1) * fs;
	int copy, copies = part + 1 == parts ? END_COPIES : 1;
	const char *key = strchr(keys, digit);
	uint8_t p[4];

	p[0] = (uint8_t)(key != NULL ? key - keys : 0);
	p[1] = (uint8_t)((copies > 1 ? 0x80 : 0) | 10);
	p[2] = (uint8_t)(duration >> 8);
	p[3] = (uint8_t)duration;
	for (copy = 0; copy < copies; copy++, s->seq++, t += 1000) {
		send_rtp(s, cap, t, PT_EVENT, part == 0, s->ts - part * fs, p,
		    sizeof(p));
		if (seen(s, t))
			ref_packet(s->ref, t, rtp_of(s) - part * (int64_t)fs,
			    NULL, 0);
	}
	if (part == 0 && seen(s, t))
		ref_digit(s->ref, digit, rtp_of(s), parts * ms);
}

/* ---- speech ---- */

struct speech {
	uint8_t payload[MAX_PAYLOAD];
	int16_t v[MAX_SAMPLES * MAX_SCALE];
	size_t n;
	int pt;
};

/* What the library's codec makes of it, and what it hears in that again: the
 * only truth there is about a codec that loses. */
static void
speak_library(const struct stream *s, struct speech *sp, const int16_t *say,
    unsigned fs)
{
	const struct options *o = s->call->o;
	int16_t in[MAX_SAMPLES * MAX_SCALE], heard[SR_MAX_SAMPLES];
	size_t i, n = (size_t)fs * o->scale;
	struct sr_buf b;

	for (i = 0; i < n; i++)
		in[i] = say[i / o->scale];
	sr_buf_init(&b, MAX_PAYLOAD);
	if (o->library->encode(s->encoder, in, n, &b) != SR_OK)
		die("%s does not encode", o->codec_name);
	sp->n = b.n;
	sp->pt = o->rtp.pt;
	memcpy(sp->payload, b.p, b.n);
	if (o->library->decode(s->decoder, sr_buf_str(&b), heard, &i) != SR_OK
	    || i != n)
		die("%s does not decode what it encoded", o->codec_name);
	memcpy(sp->v, heard, n * sizeof(*heard));
	sr_buf_free(&b);
}

static void
speak(const struct stream *s, struct speech *sp)
{
	const int16_t *table = s->alaw ? alaw_of : ulaw_of;
	enum codec codec = s->call->o->codec;
	unsigned i, fs = frame_samples(s);
	uint8_t codes[MAX_SAMPLES];
	int16_t say[MAX_SAMPLES];

	signal_codes(s->key, s->k, s->alaw, s->i * fs, codes, fs);
	sp->n = fs;
	sp->pt = s->alaw ? 8 : 0;
	if (codec == C_PCMU || codec == C_PCMA)
		memcpy(sp->payload, codes, fs);
	if (codec == C_L16) {
		sp->n = 2 * fs;
		sp->pt = PT_L16;
	} else if (codec == C_OTHER) {
		memcpy(sp->payload, codes, fs / 4);
		sp->n = fs / 4;
		sp->pt = PT_OTHER;
	}
	if (codec != C_L16 && codec != C_LIBRARY && s->ref == NULL)
		return;
	for (i = 0; i < fs; i++) {
		sp->v[i] = table[codes[i]];
		if (codec == C_L16) {
			sp->payload[2 * i] = (uint8_t)((uint16_t)sp->v[i] >> 8);
			sp->payload[2 * i + 1] = (uint8_t)sp->v[i];
		}
	}
	memcpy(say, sp->v, fs * sizeof(*say));
	if (codec == C_LIBRARY)
		speak_library(s, sp, say, fs);
}

static bool
lose(struct stream *s, bool needed)
{
	const struct options *o = s->call->o;

	if (needed || o->loss <= 0)
		return false;
	if (s->drop == 0 && chance_unit(&s->chance) < o->loss / o->burst)
		s->drop = o->burst;
	if (s->drop == 0)
		return false;
	s->drop--;
	return true;
}

static void
send_speech(struct stream *s, struct cap *cap, int64_t t, bool marker,
    bool needed)
{
	const struct options *o = s->call->o;
	unsigned fs = frame_samples(s);
	struct speech sp;
	uint32_t far = 0;

	if (lose(s, needed)) {
		if (seen(s, t))
			ref_lost(s->ref, rtp_of(s), fs);
		s->seq++;
		return;
	}
	speak(s, &sp);
	t += chance_us(&s->chance, o->jitter);
	if (o->reorder > 0 && chance_unit(&s->chance) < o->reorder)
		t += 25000 + chance_us(&s->chance, 20000);
	if (o->stray_ts > 0 && s->k == 0 && (long)s->i == o->stray_ts)
		far = 1u << 30;
	send_rtp(s, cap, t, sp.pt, marker, s->ts + far, sp.payload, sp.n);
	if (seen(s, t))
		ref_packet(s->ref, t, rtp_of(s),
		    o->codec == C_OTHER ? NULL : sp.v, fs);
	if (o->duplicate > 0 && chance_unit(&s->chance) < o->duplicate) {
		t += 1000 + chance_us(&s->chance, 2000);
		send_rtp(s, cap, t, sp.pt, marker, s->ts, sp.payload, sp.n);
		if (seen(s, t))
			ref_duplicate(s->ref);
	}
	s->seq++;
}

static void
send_noise(struct stream *s, struct cap *cap, int64_t t)
{
	static const uint8_t level = 64;

	send_rtp(s, cap, t, PT_CN, false, s->ts, &level, 1);
	if (seen(s, t))
		ref_packet(s->ref, t, rtp_of(s), NULL, 0);
	s->seq++;
}

/* ---- the stream's life ---- */

static bool
within(const struct stream *s, const struct span *p, uint64_t i)
{
	int64_t t = frame_time(s, i) - s->call->media;

	return p->from >= 0 && t >= p->from && t < p->to;
}

static bool
paused(const struct stream *s, uint64_t i)
{
	return within(s, &s->call->o->hold, i) ||
	    within(s, &s->call->o->frozen, i);
}

static bool
silent(const struct stream *s)
{
	const struct options *o = s->call->o;

	return o->dtx > 0 && (s->call->i + s->k) % o->dtx == 0 &&
	    (s->i * o->ptime + s->k % 3 * 700) % TURN_MS >= TALK_MS;
}

/* Does the frame at i pass the instant at after the media's start? */
static bool
passes(const struct stream *s, int64_t at)
{
	int64_t base = s->call->media + at;

	return at >= 0 && s->i > 0 && frame_time(s, s->i) >= base &&
	    frame_time(s, s->i - 1) < base;
}

/* What changes between two frames: source, codec, clock. */
static void
change(struct stream *s)
{
	const struct options *o = s->call->o;
	int64_t moved = s->call->moved;

	if (passes(s, o->ssrc_change) || (moved != INT64_MAX &&
	    !o->same_source && passes(s, moved - s->call->media)))
		new_source(s);
	if (passes(s, o->codec_change) && o->codec <= C_PCMA)
		s->alaw = !s->alaw;
	if (s->i > 0 && within(s, &o->frozen, s->i - 1) &&
	    !within(s, &o->frozen, s->i)) {
		s->first = s->i;
		if (s->ref != NULL)
			ref_source(s->ref, s->ssrc);
	}
}

static void
frame(struct stream *s, struct cap *cap)
{
	bool marker = !s->talking || s->i == s->first, needed;
	int64_t t = frame_time(s, s->i);
	const char *digit;
	unsigned part;

	if (digit_here(s, &digit, &part)) {
		send_digit(s, cap, t, *digit, part);
	} else if (silent(s)) {
		if (s->talking && s->call->o->cn)
			send_noise(s, cap, t);
		s->talking = false;
	} else {
		/* Ends stay whole, or nobody could tell how long it was. */
		needed = marker || s->i + 1 == s->n || paused(s, s->i + 1);
		send_speech(s, cap, t, marker, needed);
		s->talking = true;
	}
}

void
stream_send(struct stream *s, struct cap *cap, int64_t until)
{
	while (s->i < s->n && frame_time(s, s->i) < until) {
		change(s);
		if (paused(s, s->i))
			s->talking = false;
		else
			frame(s, cap);
		if (!within(s, &s->call->o->frozen, s->i))
			s->ts += frame_samples(s) * s->call->o->rtp.clock /
			    8000;
		s->i++;
	}
}
