/* save - a session as bytes, and a session made of them again. */
#include "priv.h"

#include <stdlib.h>

enum { VERSION = 1, MARK = 2, STREAM_ROOM = 512 };
#define LAST (INT64_MAX / 2)

struct sr_session *
sr_engine_session(struct sr_engine *e, struct sr_str call_id)
{
	struct sr_msg ids = { .call_id = call_id };
	struct call *c;
	int by;

	c = e->call_cap > 0 ? call_find(e, &ids, &by) : NULL;
	return c != NULL && c->begun && c->session != NULL &&
	    c->session->ended == 0 ? c->session : NULL;
}

void
sr_session_end(struct sr_session *s, sr_time now, const char *reason)
{
	struct sr_engine *e = s->engine;
	struct call *next;

	if (now > e->now)
		e->now = now;
	for (struct call *c = e->oldest; c != NULL; c = next) {
		next = c->newer;
		if (c->session == s)
			call_end(e, c, reason);
	}
}

int
sr_session_note(struct sr_session *s, sr_time now, const char *rule,
    const char *text)
{
	struct sr_engine *e = s->engine;

	e->now = now;
	e->num = 0;
	warn(e, s, rule, "%s", text);
	return e->err == SR_ENOMEM ? SR_ENOMEM : SR_OK;
}

size_t
sr_stream_was(const struct sr_stream *t)
{
	return t->was;
}

/* ---- signalling ---- */

static int
add_masked(struct sr_buf *out, struct sr_str journal)
{
	struct sr_buf b;
	int err;

	sr_buf_init(&b, journal.n);
	err = sr_sdp_mask(&b, journal);
	if (err == SR_OK)
		err = sr_pack_str(out, sr_buf_str(&b));
	journal_free(&b);
	return err;
}

int
sr_session_save(const struct sr_session *s, bool keys, struct sr_buf *out)
{
	size_t before = out->n;
	int err;

	if ((err = sr_pack_u8(out, VERSION)) == SR_OK &&
	    (err = sr_pack_str(out, s->id)) == SR_OK &&
	    (err = sr_pack_u64(out, (uint64_t)s->begun)) == SR_OK)
		err = keys ? sr_pack_str(out, sr_buf_str(&s->journal)) :
		    add_masked(out, sr_buf_str(&s->journal));
	if (err != SR_OK)
		out->n = before;
	return err;
}

struct saved {
	struct sr_str id, journal;
	sr_time begun;
};

static int
read_saved(struct saved *v, struct sr_str in)
{
	struct sr_rd r = sr_rd(in);
	uint8_t version = sr_u8(&r);

	v->id = sr_unpack_str(&r, 256);
	v->begun = (sr_time)sr_u64(&r);
	v->journal = sr_unpack_str(&r, SIZE_MAX);
	return r.bad || r.n > 0 || version != VERSION || v->id.n == 0 ||
	    sr_strchr(v->id, '/') < v->id.n || v->id.p[0] == '.' ||
	    v->begun < 1 || v->begun > LAST ? SR_EBAD : SR_OK;
}

int
sr_saved_name(struct sr_str saved, struct sr_str *name, sr_time *begin)
{
	struct saved v;
	int err = read_saved(&v, saved);

	*name = v.id;
	*begin = v.begun;
	return err;
}

/* ---- where the media stands ---- */

static int
mark_stream(const struct sr_stream *t, struct sr_buf *out)
{
	const struct sr_format *f = t->codec;
	struct sr_buf line;
	int err;

	sr_buf_init(&line, STREAM_ROOM);
	if ((err = sr_line_save(t->line, &line)) == SR_OK &&
	    (err = sr_buf_reserve(out, STREAM_ROOM + f->name.n +
	    f->fmtp.n)) == SR_OK) {
		sr_pack_u32(out, (uint32_t)t->index);
		sr_pack_u32(out, t->mline);
		sr_pack_u8(out, t->is_fork);
		sr_pack_u8(out, (uint8_t)t->from);
		sr_pack_u32(out, t->ssrc);
		sr_pack_u8(out, f->pt);
		sr_pack_u8(out, f->channels);
		sr_pack_u32(out, f->clock);
		sr_pack_str(out, f->name);
		sr_pack_str(out, f->fmtp);
		sr_pack_str(out, sr_buf_str(&line));
	}
	sr_buf_free(&line);
	return err;
}

int
sr_session_mark(const struct sr_session *s, struct sr_buf *out)
{
	size_t before = out->n, plain = 0;
	int err;

	if ((err = sr_pack_u8(out, MARK)) == SR_OK)
		err = sr_pack_u64(out, (uint64_t)s->start.t0);
	if (err == SR_OK)
		err = sr_pack_u8(out, s->start.fixed);
	for (const struct sr_stream *t = s->streams; t != NULL && err == SR_OK;
	    t = t->next) {
		if (t->sent && (err = sr_pack_u32(out, (uint32_t)plain)) ==
		    SR_OK)
			err = mark_stream(t, out);
		plain += !t->is_fork;
	}
	if (err != SR_OK)
		out->n = before;
	return err;
}

struct stream_mark {
	size_t plain;			/* how many m-lines' own before it */
	size_t index;
	unsigned mline;
	bool fork;
	int from;
	uint32_t ssrc;
	struct sr_format format;
	struct sr_str line;
};

static void
read_stream(struct sr_rd *r, struct stream_mark *v)
{
	v->plain = sr_u32(r);
	v->index = sr_u32(r);
	v->mline = sr_u32(r);
	v->fork = sr_u8(r) == 1;
	v->from = sr_u8(r) == 1 ? UAS : UAC;
	v->ssrc = sr_u32(r);
	v->format = (struct sr_format){ .pt = sr_u8(r) & 0x7f };
	v->format.channels = sr_u8(r);
	v->format.clock = sr_u32(r);
	v->format.name = sr_unpack_str(r, 256);
	v->format.fmtp = sr_unpack_str(r, 4096);
	v->format.id = sr_codec_by_name(v->format.name, v->format.clock);
	v->line = sr_unpack_str(r, STREAM_ROOM);
}

/* ---- again ---- */

static struct sr_stream *
plain_stream(const struct sr_session *s, size_t n)
{
	struct sr_stream *t = s->streams;

	while (t != NULL && (t->is_fork || n-- > 0))
		t = t->next;
	return t;
}

/* The further source of an m-line, which signalling knows nothing of. */
static struct sr_stream *
fork_again(struct sr_session *s, const struct stream_mark *v)
{
	struct sr_stream *t = s->streams, *other;

	while (t != NULL && (t->is_fork || t->mline != v->mline ||
	    t->from != v->from))
		t = t->next;
	if (t == NULL || (other = stream_new(s, t->mline, t->from,
	    t->label)) == NULL)
		return NULL;
	stream_formats(other, NULL, 0);
	for (size_t i = 0; i < t->nformats; i++)
		other->formats[other->nformats++] = t->formats[i];
	other->is_fork = true;
	other->fork = t->fork;
	other->fork_ssrc = t->fork_ssrc;
	t->fork = other;
	t->fork_ssrc = v->ssrc;
	t->nforks++;
	return other;
}

static sr_time
kept_of(const struct sr_stands *kept, size_t n, size_t was)
{
	for (size_t i = 0; i < n; i++)
		if (kept[i].was == was)
			return kept[i].end;
	return 0;
}

static void
stream_again(struct sr_engine *e, struct sr_stream *t,
    const struct stream_mark *v, sr_time end)
{
	struct sr_event *ev;

	if (sr_line_load(t->line, v->line, end) != SR_OK)
		return;
	t->sent = t->heard = true;
	t->again = !t->paused;
	t->was = v->index;
	t->ssrc = v->ssrc;
	t->codec = stream_known(t, &v->format);
	if ((ev = queue_event(e, SR_EV_STREAM, t->session)) == NULL)
		return;
	ev->stream = t;
	ev->u.stream.format = t->codec;
	ev->u.stream.ssrc = t->ssrc;
	ev->u.stream.mline = t->mline;
}

static int
mark_begin(struct sr_rd *r, struct sr_start *start)
{
	*start = (struct sr_start){ .t0 = SR_NEVER };
	if (sr_u8(r) != MARK)
		return SR_EBAD;
	start->t0 = (sr_time)sr_u64(r);
	start->fixed = sr_u8(r) == 1 && start->t0 != SR_NEVER;
	return r->bad || start->t0 < 1 || (start->t0 > LAST &&
	    start->t0 != SR_NEVER) ? SR_EBAD : SR_OK;
}

static void
source_of(const struct stream_mark *s, struct sr_marked *out)
{
	struct sr_start start = { .t0 = 1, .fixed = true };
	const struct sr_anchor *v;
	struct sr_line *l = NULL;

	*out = (struct sr_marked){ .was = s->index };
	if (sr_line_new(&l, &start, false) == SR_OK &&
	    sr_line_load(l, s->line, 0) == SR_OK &&
	    sr_line_anchors(l, &v) > 0)
		out->source = v[0];
	sr_line_free(l);
}

int
sr_mark_read(struct sr_str mark, sr_time *start, struct sr_marked *v,
    size_t max, size_t *n)
{
	struct sr_rd r = sr_rd(mark);
	struct stream_mark s;
	struct sr_start t0;
	int err = mark_begin(&r, &t0);

	*n = 0;
	*start = t0.t0;
	while (err == SR_OK && r.n > 0 && *n < max) {
		read_stream(&r, &s);
		if (r.bad)
			err = SR_EBAD;
		else
			source_of(&s, &v[(*n)++]);
	}
	return err;
}

static int
media_again(struct sr_engine *e, struct sr_session *s, struct sr_str mark,
    const struct sr_stands *kept, size_t nkept)
{
	struct sr_rd r = sr_rd(mark);
	struct stream_mark v;
	struct sr_stream *t;
	struct sr_start start;
	int err = mark_begin(&r, &start);

	if (err != SR_OK)
		return err;
	s->start.t0 = start.t0;
	s->start.fixed = start.fixed;
	while (r.n > 0 && !r.bad) {
		read_stream(&r, &v);
		if (r.bad)
			break;
		t = v.fork ? fork_again(s, &v) : plain_stream(s, v.plain);
		if (t != NULL && !t->sent)
			stream_again(e, t, &v, kept_of(kept, nkept, v.index));
	}
	return r.bad ? SR_EBAD : SR_OK;
}

int
sr_engine_restore(struct sr_engine *e, struct sr_str saved,
    struct sr_str mark, const struct sr_stands *kept, size_t nkept,
    struct sr_session **sp)
{
	struct sr_session *before = e->sessions;
	struct sr_chunk c;
	struct saved v;
	struct sr_rd r;
	int err;

	if ((err = read_saved(&v, saved)) != SR_OK)
		return err;
	e->again = true;
	e->again_id = v.id;
	e->again_marked = mark.n > 0;
	e->num = 0;
	r = sr_rd(v.journal);
	while (journal_next(&r, &c)) {
		e->now = c.time < 1 || c.time > LAST ? v.begun : c.time;
		c.time = e->now;
		call_message(e, &c, c.data);
	}
	*sp = e->sessions != before ? e->sessions : NULL;
	err = *sp == NULL || (*sp)->begun == 0 || (*sp)->ended != 0 ?
	    SR_ENOENT : r.bad ? SR_EBAD : SR_OK;
	if (err == SR_OK && mark.n > 0)
		err = media_again(e, *sp, mark, kept, nkept);
	e->again = false;
	e->again_id = (struct sr_str){ NULL, 0 };
	if (e->err == SR_ENOMEM)
		err = SR_ENOMEM;
	e->err = SR_OK;
	return err;
}
