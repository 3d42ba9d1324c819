/* offer - what the two sides agree on, RFC 3264, and the streams it makes.
 *
 * Every m-line is a stream.  It is bound by the answer's address, by the
 * offer's where no answer was seen; what a later exchange no longer names
 * stays bound, since senders are slow to follow. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NOTES = 64, NOTE_MEMORY = 4 << 20 };

struct owned {				/* a description and its text */
	struct sr_sdp sdp;		/* must be first */
	size_t n;
	char text[];
};

static struct sr_str
text_of(const struct sr_sdp *s)
{
	const struct owned *o = (const struct owned *)(const void *)s;

	return (struct sr_str){ o->text, o->n };
}

static struct sr_sdp *
read_sdp(struct sr_engine *e, struct call *c, struct sr_str text)
{
	struct owned *o = malloc(sizeof(*o) + text.n);
	struct sr_str copy;

	if (o == NULL) {
		e->err = SR_ENOMEM;
		return NULL;
	}
	memcpy(o->text, text.p, text.n);
	o->n = text.n;
	copy = (struct sr_str){ o->text, text.n };
	if (sr_sdp_parse(&o->sdp, copy) == SR_OK && o->sdp.nmlines > 0)
		return &o->sdp;
	warn(e, c->begun ? c->session : NULL, "R8866-5", "frame %llu: an SDP "
	    "body that cannot be read", (unsigned long long)e->num);
	sr_sdp_free(&o->sdp);
	free(o);
	return NULL;
}

void
offer_free_sdp(struct sr_sdp *s)
{
	bool keys = false;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nmlines; i++)
		keys = keys || s->mlines[i].nsdes > 0;
	if (keys)
		sr_wipe(((struct owned *)(void *)s)->text, text_of(s).n);
	sr_sdp_free(s);
	free(s);			/* it is the first member */
}

static void
put_side(struct call *c, int side, struct sr_sdp *s)
{
	if (c->side[side].sdp != s)
		offer_free_sdp(c->side[side].sdp);
	c->side[side].sdp = s;
}

/* ---- notes: what was said before the session began ---- */

static void
tell(struct sr_engine *e, struct call *c, enum sr_event_kind kind, int by,
    uint32_t cseq, struct sr_str text, struct sr_str charset)
{
	struct sr_event *ev;

	if (kind == SR_EV_META) {
		session_meta(c->session, text, charset, false);
		return;
	}
	if ((ev = queue_event(e, kind, c->session)) == NULL)
		return;
	ev->u.sdp.by_src = by == c->src;
	ev->u.sdp.cseq = cseq;
	ev->u.sdp.text = text;
	ev->u.sdp.n = ++c->session->nsdp;
}

static struct note *
note_new(struct call *c, enum sr_event_kind kind, struct sr_str text)
{
	struct note *n;

	if (c->nnotes == MAX_NOTES)
		return NULL;
	if (c->note_memory == NULL) {
		if ((c->note_memory = malloc(sizeof(*c->note_memory))) == NULL)
			return NULL;
		sr_arena_init(c->note_memory, NOTE_MEMORY);
	}
	if ((n = sr_arena_alloc(c->note_memory, sizeof(*n))) == NULL)
		return NULL;
	n->kind = kind;
	n->text = sr_arena_dup(c->note_memory, text);
	*c->notes_end = n;
	c->notes_end = &n->next;
	c->nnotes++;
	return n;
}

static void
free_notes(void *p)
{
	struct sr_arena *a = p;

	sr_arena_free(a);
	free(a);
}

/* Events may point into the notes: they go when those have been taken. */
void
notes_drop(struct sr_engine *e, struct call *c)
{
	if (c->note_memory != NULL)
		trash(e, c->note_memory, free_notes);
	c->note_memory = NULL;
	c->notes = NULL;
	c->notes_end = &c->notes;
}

void
call_note(struct sr_engine *e, struct call *c, enum sr_event_kind kind,
    int by, uint32_t cseq, struct sr_str text, struct sr_str charset)
{
	struct note *n;

	if (c->begun) {
		tell(e, c, kind, by, cseq, text, charset);
		return;
	}
	for (n = c->notes; n != NULL; n = n->next)
		if (n->kind == kind && n->cseq == cseq && n->by == by &&
		    sr_streq(n->text, text))
			return;		/* a copy */
	if ((n = note_new(c, kind, text)) == NULL)
		return;
	n->by = by;
	n->cseq = cseq;
	if (charset.n > 0)
		n->charset = sr_arena_dup(c->note_memory, charset);
}

static void
tell_wire(struct sr_engine *e, struct call *c, const struct sr_flow *flow,
    sr_time time, struct sr_str raw)
{
	struct sr_event *ev = queue_event(e, SR_EV_WIRE, c->session);

	if (ev == NULL)
		return;
	ev->time = time;
	ev->u.wire.flow = *flow;
	ev->u.wire.data = raw;
}

/* A capture that is kept holds no keys: its media is in the clear. */
static struct sr_str
without_keys(struct sr_engine *e, struct sr_str raw)
{
	struct sr_str out = { NULL, 0 };
	struct sr_buf b;

	sr_buf_init(&b, raw.n);
	if (sr_sdp_mask(&b, raw) == SR_OK)
		out = sr_buf_str(&b);
	if (b.p != NULL)
		trash(e, b.p, free);
	return out;
}

void
call_wire(struct sr_engine *e, struct call *c, const struct sr_chunk *ch,
    struct sr_str raw)
{
	struct note *n;

	if (!e->cfg.wire || c->over ||
	    (raw = without_keys(e, raw)).n == 0)
		return;
	if (c->begun) {
		tell_wire(e, c, &ch->flow, ch->time, raw);
		return;
	}
	if ((n = note_new(c, SR_EV_WIRE, raw)) == NULL)
		return;
	n->flow = ch->flow;
	n->time = ch->time;
}

void
notes_tell(struct sr_engine *e, struct call *c)
{
	for (struct note *n = c->notes; n != NULL; n = n->next)
		if (n->kind == SR_EV_WIRE)
			tell_wire(e, c, &n->flow, n->time, n->text);
		else
			tell(e, c, n->kind, n->by, n->cseq, n->text,
			    n->charset);
	notes_drop(e, c);
}

/* ---- streams ---- */

/* Room for the streams of n m-lines; offer_apply asks for it first. */
static int
make_slots(struct call *c, size_t n)
{
	struct sr_stream *(*v)[2];

	if (n <= c->nstreams)
		return SR_OK;
	if ((v = sr_arena_alloc(&c->arena, n * sizeof(*v))) == NULL)
		return SR_ENOMEM;
	if (c->nstreams > 0)
		memcpy(v, c->streams, c->nstreams * sizeof(*v));
	c->streams = v;
	c->nstreams = n;
	return SR_OK;
}

static struct sr_stream **
slot(struct call *c, unsigned i, int from)
{
	return &c->streams[i][from];
}

static const struct sr_mline *
mline(const struct call *c, int side, unsigned i)
{
	const struct sr_sdp *s = c->side[side].sdp;

	return s != NULL && i < s->nmlines ? &s->mlines[i] : NULL;
}

static bool
carries_media(const struct sr_mline *m)
{
	return sr_strieq(m->media, SR_STR("audio")) ||
	    sr_strieq(m->media, SR_STR("video")) ||
	    sr_strieq(m->media, SR_STR("text"));
}

static struct sr_str
label_of(struct call *c, unsigned i, int from, const struct sr_mline *snd,
    const struct sr_mline *rcv)
{
	struct sr_str label = snd != NULL ? snd->label : (struct sr_str){ 0 };
	struct sr_buf b;

	if (c->plain) {
		sr_buf_init(&b, 16);
		sr_buf_fmt(&b, "%u", 2 * i + (from == UAC ? 1 : 2));
		label = sr_arena_dup(&c->arena, sr_buf_str(&b));
		sr_buf_free(&b);
	} else if (label.n == 0 && rcv != NULL) {
		label = rcv->label;
	}
	return label;
}

/* After Replaces the streams of the old dialog go on, by label. */
static struct sr_stream *
inherited(const struct call *c, unsigned i, struct sr_str label)
{
	struct sr_stream *t = c->replaces ? c->session->streams : NULL;
	struct sr_stream *same_line = NULL;

	for (; t != NULL; t = t->next) {
		if (label.n > 0 && sr_streq(t->now, label))
			return t;
		if (t->mline == i && label.n == 0)
			same_line = t;
	}
	return same_line;
}

static struct sr_stream *
stream_at(struct sr_engine *e, struct call *c, unsigned i, int from,
    struct sr_str label)
{
	struct sr_stream *t = *slot(c, i, from);

	if (t != NULL && !t->closed) {
		if (label.n > 0 && !sr_streq(t->now, label))
			t->now = sr_arena_dup(&c->session->arena, label);
		return t;
	}
	if (t == NULL)
		t = inherited(c, i, label);
	if (t == NULL || t->closed)
		t = stream_new(c->session, i, from, label);
	if (t == NULL) {
		e->err = SR_ENOMEM;
		return NULL;
	}
	*slot(c, i, from) = t;
	t->since = c->since;
	t->from_ip = c->side[from].addr;
	t->to_ip = c->side[!from].addr;
	return t;
}

/* Media to a side bears the payload types which that side named. */
static void
set_formats(struct sr_stream *t, const struct sr_mline *snd,
    const struct sr_mline *rcv)
{
	const struct sr_mline *m[2] = { rcv, snd };
	struct sr_format v[MAX_FORMATS];
	size_t n = 0;

	for (int k = 0; k < 2; k++)
		for (size_t i = 0; m[k] != NULL && i < m[k]->nformats &&
		    n < MAX_FORMATS; i++)
			v[n++] = m[k]->formats[i];
	stream_formats(t, v, n);
}

static bool
is_paused(const struct sr_mline *snd, const struct sr_mline *rcv)
{
	return (snd != NULL && (snd->dir == SR_INACTIVE ||
	    snd->dir == SR_RECVONLY)) || (rcv != NULL &&
	    (rcv->dir == SR_INACTIVE || rcv->dir == SR_SENDONLY));
}

static void
apply_line(struct sr_engine *e, struct call *c, unsigned i, int from)
{
	const struct sr_mline *snd = mline(c, from, i);
	const struct sr_mline *rcv = mline(c, !from, i);
	const struct sr_mline *any = snd != NULL ? snd : rcv;
	struct sr_stream *t = *slot(c, i, from);
	int err;

	if (any == NULL || !carries_media(any))
		return;
	if ((snd != NULL && snd->rtp.port == 0) ||
	    (rcv != NULL && rcv->rtp.port == 0)) {
		if (t != NULL && !t->closed) {
			t->closed = true;
			stream_pause(t, true);
			unbind_stream(e, t);
		}
		return;
	}
	if ((t = stream_at(e, c, i, from, label_of(c, i, from, snd, rcv))) ==
	    NULL)
		return;
	secure_apply(e, t, snd, rcv);
	set_formats(t, snd, rcv);
	t->locked = NULL;	/* after an exchange anybody may begin */
	err = bind_stream(e, t, rcv != NULL ? &rcv->rtp : NULL,
	    snd != NULL ? &snd->rtp : NULL);
	if (err != SR_OK)
		e->err = err;
	stream_pause(t, is_paused(snd, rcv));
}

/* Brings the streams into line with what is agreed.  Doing it again changes
 * nothing. */
void
offer_apply(struct sr_engine *e, struct call *c)
{
	size_t n = 0;

	if (!c->wanted || (c->replaces && !c->begun))
		return;
	for (int k = 0; k < 2; k++)
		if (c->side[k].sdp != NULL && c->side[k].sdp->nmlines > n)
			n = c->side[k].sdp->nmlines;
	if (n == 0)
		return;
	if (c->session == NULL) {
		if ((c->session = session_new(e, c->call_id)) == NULL)
			return;
		c->session->early = c;
	}
	n = n < MAX_MLINES ? n : MAX_MLINES;
	if (make_slots(c, n) != SR_OK) {
		e->err = SR_ENOMEM;
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		apply_line(e, c, i, c->src);
		if (c->plain)
			apply_line(e, c, i, !c->src);
	}
	orphans_look(e);
}

/* ---- offer and answer ---- */

static void
answer(struct sr_engine *e, struct call *c, int by, struct sr_str text)
{
	struct sr_sdp *s = read_sdp(e, c, text);

	if (s == NULL)
		return;
	call_note(e, c, SR_EV_ANSWER, by, c->offer_cseq, text,
	    (struct sr_str){ 0 });
	put_side(c, c->offer_by, c->offer);
	put_side(c, by, s);
	c->offer = NULL;
	c->agreed_cseq = c->offer_cseq;
	c->agreed_by = c->offer_by;
	offer_apply(e, c);
}

static void
offer(struct sr_engine *e, struct call *c, int by, uint32_t cseq,
    struct sr_str text)
{
	struct sr_sdp *s = read_sdp(e, c, text);

	if (s == NULL)
		return;
	call_note(e, c, SR_EV_OFFER, by, cseq, text, (struct sr_str){ 0 });
	offer_free_sdp(c->offer);
	c->offer = s;
	c->offer_by = by;
	c->offer_cseq = cseq;
	if (c->begun || c->side[by].sdp != NULL)
		return;
	/* The first offer already tells where media may come from.  Where
	 * some waits, the call may begin now and the offer be settled. */
	c->side[by].sdp = s;
	offer_apply(e, c);
	if (c->offer == s)
		c->side[by].sdp = NULL;
}

/* An exchange that is over is seen again: a retransmission, or the same
 * message on its next hop, where addresses may have been rewritten. */
static bool
again(struct sr_engine *e, struct call *c, int by, uint32_t cseq, bool request,
    struct sr_str text)
{
	struct sr_sdp *s, *was = c->side[by].sdp;

	if (c->agreed_cseq != cseq || was == NULL || c->offer != NULL ||
	    (request && by != c->agreed_by))
		return false;
	if (sr_streq(text_of(was), text))
		return true;
	if ((s = read_sdp(e, c, text)) == NULL)
		return true;
	put_side(c, by, s);
	offer_apply(e, c);
	return true;
}

void
offer_put(struct sr_engine *e, struct call *c, int by, uint32_t cseq,
    bool request, struct sr_str text)
{
	if (again(e, c, by, cseq, request, text))
		return;
	if (c->offer != NULL && by != c->offer_by && !request) {
		answer(e, c, by, text);
		return;
	}
	if (c->offer != NULL && by == c->offer_by &&
	    cseq == c->offer_cseq &&
	    sr_streq(text_of(c->offer), text))
		return;
	if (c->offer != NULL && c->begun)
		offer_settle(e, c);
	offer(e, c, by, cseq, text);
}

void
offer_settle(struct sr_engine *e, struct call *c)
{
	if (c->offer == NULL)
		return;
	put_side(c, c->offer_by, c->offer);
	c->agreed_cseq = c->offer_cseq;
	c->agreed_by = c->offer_by;
	c->offer = NULL;
	offer_apply(e, c);
}

void
offer_drop(struct call *c, uint32_t cseq)
{
	if (c->offer == NULL || c->offer_cseq != cseq)
		return;
	offer_free_sdp(c->offer);
	c->offer = NULL;
}
