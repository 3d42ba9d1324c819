/* session - a recording session and its streams, from begin to end. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { SESSION_MEMORY = 16 << 20, NAME = 128 };

struct sr_str
sr_session_id(const struct sr_session *s)
{
	return s->id;
}

struct sr_str
sr_session_call_id(const struct sr_session *s)
{
	return s->call_id;
}

size_t
sr_session_nstreams(const struct sr_session *s)
{
	return s->nstreams;
}

struct sr_str
sr_stream_label(const struct sr_stream *t)
{
	return t->label;
}

size_t
sr_stream_index(const struct sr_stream *t)
{
	return t->index;
}

unsigned
sr_stream_mline(const struct sr_stream *t)
{
	return t->mline;
}

void **
sr_session_slot(struct sr_session *s)
{
	return &s->slot;
}

void **
sr_stream_slot(struct sr_stream *t)
{
	return &t->slot;
}

const struct sr_doc *
sr_session_doc(const struct sr_session *s)
{
	return s->meta != NULL ? sr_meta_doc(s->meta) : NULL;
}

struct sr_stream *
sr_session_stream(const struct sr_session *s, size_t i)
{
	struct sr_stream *t = s->streams;

	while (t != NULL && i-- > 0)
		t = t->next;
	return t;
}

/* Is this the first session of the run with that name?  Hashes are enough:
 * two names that collide only cost one of them a number behind it. */
static bool
unused(struct sr_engine *e, uint64_t h)
{
	size_t cap = e->id_cap, i;
	uint64_t *v;

	h |= 1;
	if (e->nids * 2 >= cap) {
		cap = cap > 0 ? cap * 2 : 256;
		if ((v = calloc(cap, sizeof(*v))) == NULL)
			return true;
		for (size_t k = 0; k < e->id_cap; k++) {
			i = e->ids[k] >> 8;
			while (e->ids[k] != 0 && v[i & (cap - 1)] != 0)
				i++;
			if (e->ids[k] != 0)
				v[i & (cap - 1)] = e->ids[k];
		}
		free(e->ids);
		e->ids = v;
		e->id_cap = cap;
	}
	for (i = h >> 8; e->ids[i & (cap - 1)] != 0; i++)
		if (e->ids[i & (cap - 1)] == h)
			return false;
	e->ids[i & (cap - 1)] = h;
	e->nids++;
	return true;
}

/* An owner who knows what there is asks no memory of us, for years. */
static bool
is_free(struct sr_engine *e, struct sr_str name)
{
	return e->cfg.taken != NULL ? !e->cfg.taken(e->cfg.arg, e->now, name) :
	    unused(e, sr_hash(name.p, name.n));
}

/* The Call-ID as the name of a directory: design.md of the output contract,
 * in words in siprec-extract(1), FILES. */
static struct sr_str
name_of(struct sr_session *s, struct sr_str call_id)
{
	char name[NAME + 16];
	size_t n = call_id.n < NAME ? call_id.n : NAME;
	struct sr_buf b;
	struct sr_str out;

	for (size_t i = 0; i < n; i++) {
		char c = call_id.p[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '_' ||
		    (i > 0 && (c == '.' || c == '-'));

		name[i] = plain ? c : '_';
	}
	if (n == 0)
		name[n++] = '_';
	sr_buf_init(&b, sizeof(name));
	sr_buf_add(&b, (struct sr_str){ name, n });
	for (unsigned k = 2; !is_free(s->engine, sr_buf_str(&b)); k++) {
		b.n = n;
		sr_buf_fmt(&b, "-%u", k);
	}
	out = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

struct sr_session *
session_new(struct sr_engine *e, struct sr_str call_id)
{
	struct sr_session *s;

	if (e->nsessions >= e->cfg.max_sessions ||
	    (s = sr_zalloc(sizeof(*s))) == NULL) {
		e->err = SR_ELIMIT;
		return NULL;
	}
	s->engine = e;
	s->start.t0 = SR_NEVER;
	s->streams_end = &s->streams;
	sr_arena_init(&s->arena, SESSION_MEMORY);
	sr_buf_init(&s->journal, e->cfg.max_journal);
	s->call_id = sr_arena_dup(&s->arena, call_id);
	s->older = e->sessions;
	if (s->older != NULL)
		s->older->newer = s;
	e->sessions = s;
	e->nsessions++;
	return s;
}

/* A session that is made again has its old name, unless that is somebody
 * else's here. */
static bool
keeps_name(struct sr_engine *e)
{
	return e->again_marked || e->cfg.taken == NULL ||
	    !e->cfg.taken(e->cfg.arg, e->now, e->again_id);
}

/* The name is given when the session begins: a refused call takes none. */
void
session_begin(struct sr_session *s)
{
	s->id = s->engine->again && keeps_name(s->engine) ?
	    sr_arena_dup(&s->arena, s->engine->again_id) :
	    name_of(s, s->call_id);
	s->begun = s->engine->now;
	s->early = NULL;
}

static struct sr_stream *
stream_alloc(struct sr_arena *a)
{
	char *p = sr_arena_alloc(a, sizeof(struct sr_stream) + CACHE_LINE);

	return p != NULL ? (void *)(p + CACHE_LINE - (uintptr_t)p %
	    CACHE_LINE) : NULL;
}

struct sr_stream *
stream_new(struct sr_session *s, unsigned mline, int from, struct sr_str label)
{
	struct sr_stream *t = stream_alloc(&s->arena);
	struct sr_buf b;

	if (t == NULL)
		return NULL;
	if (sr_line_new(&t->line, &s->start, !s->engine->cfg.no_payload) !=
	    SR_OK)
		return NULL;
	t->session = s;
	t->mline = mline;
	t->from = from;
	t->index = s->nstreams++;
	t->was = SIZE_MAX;
	if (label.n > 0) {
		t->label = sr_arena_dup(&s->arena, label);
	} else {
		t->unlabelled = true;
		sr_buf_init(&b, 32);
		sr_buf_fmt(&b, "m%u", mline + 1);
		t->label = sr_arena_dup(&s->arena, sr_buf_str(&b));
		sr_buf_free(&b);
	}
	t->now = t->label;
	*s->streams_end = t;
	s->streams_end = &t->next;
	return t;
}

static bool
same_format(const struct sr_format *a, const struct sr_format *b)
{
	return a->pt == b->pt && a->id == b->id && a->clock == b->clock &&
	    a->channels == b->channels && sr_strieq(a->name, b->name) &&
	    sr_streq(a->fmtp, b->fmtp);
}

/* Packets point at formats for as long as their stream lives, and a thousand
 * streams mostly have the same few: each distinct one is kept once for all. */
static const struct sr_format *
intern(struct sr_engine *e, const struct sr_format *f)
{
	const struct sr_format **v = e->format_table;
	struct sr_format *copy;
	size_t at;

	if (v == NULL && (v = e->format_table = calloc(FORMAT_TABLE,
	    sizeof(*v))) == NULL)
		return NULL;
	at = sr_hash(f->name.p, f->name.n) + f->pt * 31u;
	while (v[at %= FORMAT_TABLE] != NULL) {
		if (same_format(v[at], f))
			return v[at];
		at++;
	}
	/* Strangers make up formats: there is an end to it. */
	if (e->nformats >= FORMAT_TABLE * 3 / 4 ||
	    (copy = sr_arena_alloc(&e->formats, sizeof(*copy))) == NULL)
		return NULL;
	*copy = *f;
	copy->name = sr_arena_dup(&e->formats, f->name);
	if (f->fmtp.n > 0)
		copy->fmtp = sr_arena_dup(&e->formats, f->fmtp);
	e->nformats++;
	return v[at] = copy;
}

const struct sr_format *
stream_known(struct sr_stream *t, const struct sr_format *f)
{
	const struct sr_format *kept = intern(t->session->engine, f);

	for (size_t i = 0; i < t->nformats; i++)
		if (t->formats[i] == kept)
			return kept;
	if (kept != NULL && t->nformats < MAX_FORMATS)
		t->formats[t->nformats++] = kept;
	return kept;
}

/* A payload type that nobody has named: its payload is kept all the same. */
static const struct sr_format *
nameless(struct sr_stream *t, uint8_t pt)
{
	const struct sr_format *f;
	struct sr_buf b;

	sr_buf_init(&b, 8);
	sr_buf_fmt(&b, "PT%u", pt);
	f = stream_known(t, &(struct sr_format){ .name = sr_buf_str(&b),
	    .clock = 8000, .pt = pt, .channels = 1 });
	sr_buf_free(&b);
	return f;
}

void
stream_formats(struct sr_stream *t, const struct sr_format *v, size_t n)
{
	t->nin_force = 0;
	t->last = NULL;
	for (size_t i = 0; i < n && t->nin_force < MAX_FORMATS; i++) {
		const struct sr_format *f = v[i].clock != 0 ?
		    stream_known(t, &v[i]) : nameless(t, v[i].pt);

		if (f != NULL)
			t->in_force[t->nin_force++] = f;
	}
}

bool
stream_offers(const struct sr_stream *t, uint8_t pt)
{
	for (size_t i = 0; i < t->nin_force; i++)
		if (t->in_force[i]->pt == pt)
			return true;
	return false;
}

/* Without its keys SRTP is noise to every codec: payloads are kept as they
 * are. */
static const struct sr_format *
sealed(struct sr_stream *t, const struct sr_format *f)
{
	struct sr_format copy = *f;

	copy.id = SR_CODEC_UNKNOWN;
	return stream_known(t, &copy);
}

static const struct sr_format *
format_of(struct sr_stream *t, uint8_t pt)
{
	struct sr_format f;

	for (size_t i = 0; i < t->nin_force; i++)
		if (t->in_force[i]->pt == pt)
			return t->in_force[i];
	for (size_t i = t->nformats; i-- > 0;)
		if (t->formats[i]->pt == pt)
			return t->formats[i];
	if (sr_format_static(&f, pt))
		return stream_known(t, &f);
	return nameless(t, pt);
}

/* What the SDP in force says, what any earlier one said, what RFC 3551 says. */
const struct sr_format *
stream_format(struct sr_stream *t, uint8_t pt)
{
	const struct sr_format *f = format_of(t, pt);

	return f != NULL && t->sealed ? sealed(t, f) : f;
}

/* Clients send digits that they never offered: four bytes that read as an
 * event of RFC 4733 between packets that are longer are one. */
const struct sr_format *
stream_guess(struct sr_stream *t, const struct sr_format *f,
    struct sr_str payload)
{
	struct sr_format event = { .id = SR_CODEC_EVENT, .pt = f->pt,
	    .name = SR_STR("telephone-event"), .clock = f->clock,
	    .channels = 1 };

	if (payload.n != 4 || sr_dtmf_char((uint8_t)payload.p[0]) == 0 ||
	    (payload.p[1] & 0x40) != 0 || t->codec == NULL)
		return f;
	event.clock = t->codec->clock;
	return stream_known(t, &event);
}

void
stream_pause(struct sr_stream *t, bool paused)
{
	struct sr_session *s = t->session;
	struct sr_event *ev;

	if (t->paused == paused)
		return;
	t->paused = paused;
	*(paused ? &t->paused_at : &t->resumed_at) = s->engine->now;
	t->warned_paused = false;
	if (s->begun == 0 || (ev = queue_event(s->engine, paused ?
	    SR_EV_PAUSE : SR_EV_RESUME, s)) == NULL)
		return;
	ev->stream = t;
	ev->u.pause.by = "sdp";
}

/* What must be said about pauses that were negotiated before the begin. */
void
session_tell_pauses(struct sr_session *s)
{
	for (struct sr_stream *t = s->streams; t != NULL; t = t->next)
		if (t->paused) {
			t->paused = false;
			stream_pause(t, true);
		}
}

void
session_end(struct sr_session *s, sr_time now, const char *reason)
{
	struct sr_engine *e = s->engine;
	struct sr_event *ev;

	if (s->ended != 0)
		return;
	s->ended = now > 0 ? now : 1;
	s->reason = reason;
	for (struct sr_stream *t = s->streams; t != NULL; t = t->next) {
		unbind_stream(e, t);
		flow_leave(e, t);
		if (s->begun != 0)
			media_finish(e, t);
	}
	if (s->begun == 0) {
		trash(e, s, session_destroy);
		return;
	}
	kin_end(s, s->ended, reason);
	if ((ev = queue_event(e, SR_EV_END, s)) != NULL)
		ev->u.end.reason = reason;
	trash(e, s, session_destroy);
}

/* When the end is taken all media has been, so the numbers are final. */
void
session_totals(struct sr_event *ev)
{
	struct sr_session *s = ev->session;
	struct sr_numbers n;
	sr_time end = 0;

	for (struct sr_stream *t = s->streams; t != NULL; t = t->next) {
		sr_line_numbers(t->line, &n);
		if (n.end > end)
			end = n.end;
	}
	if (s->engine->cfg.align || s->engine->cfg.deskew)
		end = correct(s);
	ev->u.end.start = s->start.t0 != SR_NEVER ? s->start.t0 : s->begun;
	ev->u.end.duration = end;
	/* Clocks of captures jump; a dialog lasts at least no time. */
	ev->u.end.dialog_duration = s->ended > s->begun ?
	    s->ended - s->begun : 0;
}

void
session_destroy(void *p)
{
	struct sr_session *s = p;

	for (struct sr_stream *t = s->streams; t != NULL; t = t->next) {
		unbind_stream(s->engine, t);
		secure_free(s->engine, t);
		sr_line_free(t->line);
	}
	sr_meta_free(s->meta);
	journal_free(&s->journal);
	if (s->newer != NULL)
		s->newer->older = s->older;
	else
		s->engine->sessions = s->older;
	if (s->older != NULL)
		s->older->newer = s->newer;
	s->engine->nsessions--;
	sr_arena_free(&s->arena);
	free(s);
}
