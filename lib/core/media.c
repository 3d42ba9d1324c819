/* media - RTP of a known stream: in as it came, out in order and placed.
 *
 * What is not audio ends here: digits become events, and stand as silence. */
#include "priv.h"

#define LOCK SR_SEC	/* silence before another sender may come */
#define GAP (200 * SR_MSEC)
enum { MAX_FORKS = 7 };			/* of one m-line */

sr_time
ticks_ns(int64_t ticks, uint32_t clock)
{
	if (clock == 0)
		clock = 8000;
	return ticks / clock * SR_SEC + ticks % clock * SR_SEC / clock;
}

/* Does the SDP give this address?  Its port is where RTCP should go, and need
 * not be that which media comes from. */
static bool
announced(const struct sr_stream *t, const struct sr_addr *a)
{
	const struct binding *b;

	for (b = t->bindings; b != NULL; b = b->same)
		if (b->by == BY_SRC && sr_addr_ipeq(&b->addr, a))
			return true;
	return false;
}

/* Design of the source lock: who the SDP names wins, a stranger waits until
 * the one before has been silent for a second. */
static bool
may_speak(struct sr_stream *t, struct flow *f, sr_time now, bool latch)
{
	if (!latch && !announced(t, &f->key.src))
		return false;
	if (t->locked == f || t->locked == NULL ||
	    now - t->locked_last > LOCK) {
		t->locked = f;
	} else {
		struct binding *b;

		for (b = t->bindings; b != NULL; b = b->same)
			if (b->by == BY_SRC &&
			    sr_addr_eq(&b->addr, &f->key.src))
				break;
		if (b == NULL)
			return false;
		t->locked = f;
	}
	t->locked_last = now;
	return true;
}

static void
first_media(struct sr_engine *e, struct sr_stream *t, const struct flow *f,
    const struct sr_rtp *h, const struct sr_format *format)
{
	struct sr_event *ev;

	t->sent = true;
	t->ssrc = h->ssrc;
	t->codec = format;
	if ((ev = queue_event(e, SR_EV_STREAM, t->session)) == NULL)
		return;
	if (t->sealed)
		warn(e, t->session, "R7866-12.2-1", "stream %.*s is SRTP: its "
		    "payload is kept as it is", SR_FMT(t->label));
	ev->stream = t;
	ev->u.stream.format = format;
	ev->u.stream.ssrc = h->ssrc;
	ev->u.stream.ts = h->ts;
	ev->u.stream.flow = f->key;
	ev->u.stream.mline = t->mline;
	kin_media(t->session);
}

/* Once each: what the files cannot show. */
static void
remark(struct sr_engine *e, struct sr_stream *t, const struct sr_line_packet *p)
{
	if (p->cut > 0 && !t->warned_cut) {
		t->warned_cut = true;
		warn(e, t->session, "snaplen", "frame %llu: media of stream "
		    "%.*s was cut by the snaplen: silence stands for what is "
		    "missing", (unsigned long long)p->num, SR_FMT(t->label));
	}
	if (t->paused && p->arrived > t->paused_at && !t->warned_paused) {
		t->warned_paused = true;
		warn(e, t->session, "R7866-7.1.1.1-3", "frame %llu: media on "
		    "stream %.*s although it is inactive: it is recorded",
		    (unsigned long long)p->num, SR_FMT(t->label));
	}
}

static void
fork_line(struct sr_engine *e, struct sr_stream *t, const struct flow *f)
{
	const struct sr_anchor *at;
	struct sr_stream *other;
	struct sr_rtp h = { 0 };
	uint32_t ssrc;

	if (!sr_line_wants_fork(t->line, &ssrc) || t->nforks == MAX_FORKS)
		return;
	if ((other = stream_new(t->session, t->mline, t->from, t->label)) ==
	    NULL)
		return;
	stream_formats(other, NULL, 0);
	for (size_t i = 0; i < t->nformats; i++)
		other->formats[other->nformats++] = t->formats[i];
	other->is_fork = true;
	other->fork = t->fork;
	other->fork_ssrc = t->fork_ssrc;
	t->fork = other;
	t->calm = false;
	t->fork_ssrc = ssrc;
	t->nforks++;
	h.ssrc = ssrc;
	sr_line_fork(t->line, other->line);
	if (sr_line_anchors(other->line, &at) > 0)
		h.ts = at->ts;
	first_media(e, other, f, &h, t->last);
	queue_pull(e, other);
}

static enum sr_codec_id
codec_of(const struct sr_stream *t, uint8_t pt)
{
	for (size_t i = 0; i < t->nformats; i++)
		if (t->formats[i]->pt == pt)
			return t->formats[i]->id;
	return SR_CODEC_UNKNOWN;
}

/* Blocks of redundancy (RFC 2198) may hold them, too. */
static bool
holds_digits(const struct sr_stream *t, const struct sr_rtp *r)
{
	struct sr_str p = r->payload;
	enum sr_codec_id id = codec_of(t, r->pt);

	if (id != SR_CODEC_RED)
		return id == SR_CODEC_EVENT;
	for (; p.n >= 4 && (p.p[0] & 0x80) != 0; p = sr_substr(p, 4, p.n))
		if (codec_of(t, p.p[0] & 0x7f) == SR_CODEC_EVENT)
			return true;
	return p.n > 0 && codec_of(t, p.p[0] & 0x7f) == SR_CODEC_EVENT;
}

static void
keep_bytes(struct sr_engine *e, struct sr_stream *t, const struct sr_chunk *c,
    struct sr_str data, bool digits)
{
	struct sr_event *ev = queue_event(e, SR_EV_WIRE, t->session);

	if (ev == NULL)
		return;
	ev->time = c->time;
	ev->stream = t;
	ev->u.wire.flow = c->flow;
	ev->u.wire.data = data;
	ev->u.wire.digits = digits;
}

static void
keep_wire(struct sr_engine *e, struct sr_stream *t, const struct sr_chunk *c,
    const struct sr_rtp *r)
{
	if (t->shaken && !t->marked)
		keep_bytes(e, t, c, secure_mark, false);
	t->marked = true;
	keep_bytes(e, t, c, c->data, holds_digits(t, r));
}

/* The chain of further sources of a stream; NULL: it is not among them. */
static struct sr_stream *
fork_of(const struct sr_stream *t, uint32_t ssrc)
{
	while (t->fork != NULL && t->fork_ssrc != ssrc)
		t = t->fork;
	return t->fork;
}

/* Every packet comes by here: who asks sets what is in u, the rest of it need
 * not be cleared. */
static struct sr_event *
stash(struct sr_engine *e, struct sr_stream *t, enum sr_event_kind kind)
{
	struct sr_event *ev = &e->stash[e->nstash++];

	ev->kind = kind;
	ev->time = e->now;
	ev->num = e->num;
	ev->session = t->session;
	ev->stream = t;
	return ev;
}

static void
digit(struct sr_engine *e, struct sr_stream *t, const struct sr_dtmf *done)
{
	struct sr_event *ev = stash(e, t, SR_EV_DTMF);

	ev->u.dtmf.digit = sr_dtmf_char(done->event);
	ev->u.dtmf.at = ticks_ns(done->at, done->clock);
	ev->u.dtmf.duration = ticks_ns(done->duration, done->clock);
}

/* A digit whose end was lost is over when other media is well behind it. */
static void
end_digit(struct sr_engine *e, struct sr_stream *t,
    const struct sr_line_packet *p)
{
	struct sr_dtmf done;

	if (t->dtmf.on && p->at > t->dtmf.at + (int64_t)t->dtmf.duration +
	    t->dtmf.clock / 10 && sr_dtmf_end(&t->dtmf, &done))
		digit(e, t, &done);
}

/* How much of a stretch of the time line fell into the latest pause. */
static sr_time
paused_within(const struct sr_stream *t, sr_time at, sr_time length)
{
	sr_time from = t->session->start.t0 + at, to = from + length;
	sr_time until = t->paused ? to : t->resumed_at;

	if (t->paused_at == 0)
		return 0;
	from = from > t->paused_at ? from : t->paused_at;
	to = to < until ? to : until;
	return to > from ? to - from : 0;
}

static void
gap(struct sr_engine *e, struct sr_stream *t, const struct sr_line_packet *p)
{
	int64_t lost = (int64_t)p->lost * p->ticks;
	sr_time missing = ticks_ns(p->hole < lost || t->again ? p->hole : lost,
	    p->format->clock);
	sr_time at = ticks_ns(p->at - p->hole, p->format->clock);
	struct sr_event *ev;

	if (missing >= GAP)
		missing -= paused_within(t, at, ticks_ns(p->hole,
		    p->format->clock));
	/* A hole may be a rest of the sender and a loss: this is the loss. */
	if (missing < GAP)
		return;
	ev = stash(e, t, SR_EV_GAP);
	ev->u.gap.at = at;
	ev->u.gap.duration = missing;
}

/* Where the new one stands is in force already. */
static void
turned(struct sr_engine *e, struct sr_stream *t, uint32_t from, uint32_t to)
{
	struct sr_event *ev = stash(e, t, SR_EV_SSRC);
	const struct sr_anchor *v;
	size_t n = sr_line_anchors(t->line, &v);

	t->ssrc = to;
	ev->u.ssrc.from = from;
	ev->u.ssrc.to = to;
	ev->u.ssrc.ts = 0;
	ev->u.ssrc.at = 0;
	if (n == 0)
		return;
	ev->u.ssrc.ts = v[n - 1].ts;
	ev->u.ssrc.at = ticks_ns(v[n - 1].at, v[n - 1].clock);
}

static void
sound(struct sr_engine *e, struct sr_stream *t, const struct sr_line_packet *p)
{
	t->heard = true;
	if (!e->cfg.no_payload)
		stash(e, t, SR_EV_MEDIA)->u.media = p;
}

static void
placed(struct sr_engine *e, struct sr_stream *t, const struct sr_line_packet *p)
{
	struct sr_dtmf done;
	uint32_t from, to;

	if (sr_line_turned(t->line, &from, &to))
		turned(e, t, from, to);
	if (p->format->id == SR_CODEC_EVENT) {
		t->calm = false;
		if (sr_dtmf_put(&t->dtmf, p, &done))
			digit(e, t, &done);
		return;
	}
	end_digit(e, t, p);
	if (p->doubted)
		warn(e, t->session, "clock", "stream %.*s: the time jumps by "
		    "more than a day: what follows is put behind what was "
		    "before", SR_FMT(t->label));
	/* While nobody listened, nobody counted either. */
	if (p->lost > 0 || t->again)
		gap(e, t, p);
	t->again = false;
	if (p->format->id != SR_CODEC_CN)
		sound(e, t, p);
}

/* The format of the packet in e->packet, and what lies under RED; NULL: its
 * payload type was never named. */
static const struct sr_format *
format_of(struct sr_engine *e, struct sr_stream *t)
{
	struct sr_rtp *h = &e->packet.rtp;
	const struct sr_format *f = stream_format(t, h->pt);

	if (f != NULL && f->id == SR_CODEC_RED &&
	    sr_red_primary(h->payload, &h->pt, &h->payload) == SR_OK)
		f = stream_format(t, h->pt);
	if (f != NULL && f->id == SR_CODEC_UNKNOWN && f->pt > 95 && !t->sealed)
		f = stream_guess(t, f, h->payload);
	return f;
}

/* Of the packet before: RED and what is guessed are looked at each time. */
static bool
is_usual(const struct sr_stream *t, uint8_t pt)
{
	return t->last != NULL && t->last_pt == pt &&
	    t->last->id != SR_CODEC_RED && t->last->id != SR_CODEC_UNKNOWN;
}

/* How long it lasts, and what the files cannot show. */
static void
mark_cut(struct sr_engine *e, struct sr_stream *t, size_t cut)
{
	struct sr_line_packet *p = &e->packet;

	if (cut > 0)
		p->ticks += (uint32_t)cut * p->ticks /
		    (uint32_t)(p->rtp.payload.n > 0 ? p->rtp.payload.n : 1);
	remark(e, t, p);
}

static void
line_up(struct sr_engine *e, struct sr_stream *t)
{
	int err = sr_line_put(t->line, &e->packet);

	if (err != SR_OK)
		e->err = err;
	/* Mostly there is nothing before it, and one packet to be had. */
	if (e->adopting)
		sr_line_keep(t->line);
	if (e->adopting || e->queue.head != NULL || e->nstash > 0 ||
	    media_pull(e, t))
		queue_pull(e, t);
}

/* A digit ends with the next audio, and the first packet after a gap says how
 * long that was: more than sound(). */
static bool
is_calm(const struct sr_stream *t)
{
	return t->calm || (!t->dtmf.on && !t->again);
}

static void
put(struct sr_engine *e, struct sr_stream *t, struct flow *f,
    const struct sr_chunk *c)
{
	struct sr_line_packet *p = &e->packet;
	bool forked = false;

	if (sr_rtp_parse(&p->rtp, c->data) != SR_OK)
		return;
	if (e->cfg.wire)
		keep_wire(e, t, c, &p->rtp);
	p->arrived = c->time;
	p->num = c->num;
	p->cut = (uint32_t)c->cut;
	if (!t->calm && fork_of(t, p->rtp.ssrc) != NULL) {
		t = fork_of(t, p->rtp.ssrc);
		forked = true;
	} else if (!may_speak(t, f, c->time, !e->cfg.no_latch)) {
		e->strangers++;
		return;
	}
	p->format = is_usual(t, p->rtp.pt) ? t->last : format_of(e, t);
	if (p->format == NULL)
		return;
	t->last = p->format;
	t->last_pt = p->format->pt;
	p->ticks = sr_payload_ticks(p->format, p->rtp.payload);
	if (!t->sent)
		first_media(e, t, f, &p->rtp, p->format);
	if (c->cut > 0 || t->paused)
		mark_cut(e, t, c->cut);
	if (!e->adopting && e->queue.head == NULL && e->nstash == 0 &&
	    is_calm(t) && sr_line_pass(t->line, p)) {
		sound(e, t, p);
		return;
	}
	line_up(e, t);
	if (!forked)
		fork_line(e, t, f);
}

static void
put_secure(struct sr_engine *e, struct sr_stream *t, struct flow *f,
    const struct sr_chunk *c)
{
	struct sr_chunk opened = *c;

	if (secure_open(e, t, &opened))
		put(e, t, f, &opened);
}

void
media_put(struct sr_engine *e, struct sr_stream *t, struct flow *f,
    const struct sr_chunk *c)
{
	if (!t->calm && t->secure != NULL)
		put_secure(e, t, f, c);
	else
		put(e, t, f, c);
}

bool
media_pull(struct sr_engine *e, struct sr_stream *t)
{
	const struct sr_line_packet *p;
	struct sr_dtmf done;

	while (e->nstash == 0) {
		if ((p = sr_line_next(t->line)) != NULL) {
			placed(e, t, p);
		} else if (t->finished && sr_dtmf_end(&t->dtmf, &done)) {
			digit(e, t, &done);
		} else {
			t->calm = t->secure == NULL && t->fork == NULL &&
			    !t->dtmf.on && !t->again;
			return false;
		}
	}
	return true;
}

void
media_finish(struct sr_engine *e, struct sr_stream *t)
{
	if (t->finished)
		return;
	t->finished = true;
	sr_line_finish(t->line);
	queue_pull(e, t);
}
