/* engine - chunks in: tells SIP from RTP from the rest, and passes them on. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

#define LATEST (INT64_MAX / 2)		/* the year 2116 */
enum { START_LINE = 64 };		/* bytes that show what it is */

int
sr_engine_new(struct sr_engine **ep, const struct sr_cfg *cfg)
{
	struct sr_engine *e = sr_zalloc(sizeof(*e));

	if (e == NULL)
		return SR_ENOMEM;
	e->cfg = *cfg;
	if (e->cfg.max_message == 0)
		e->cfg.max_message = 1 << 20;
	if (e->cfg.max_sessions == 0)
		e->cfg.max_sessions = 1000000;
	if (e->cfg.max_flows == 0)
		e->cfg.max_flows = 1000000;
	if (e->cfg.max_orphans == 0)
		e->cfg.max_orphans = 4 << 20;
	if (e->cfg.max_journal == 0)
		e->cfg.max_journal = 1 << 20;
	sr_arena_init(&e->formats, 8 << 20);
	*ep = e;
	return SR_OK;
}

static void
empty_trash(struct sr_engine *e)
{
	struct trash *t;

	while ((t = e->trash) != NULL) {
		e->trash = t->next;
		t->destroy(t->p);
		free(t);
	}
}

/* RTP on a flow that nobody has claimed. */
static void
stray_rtp(struct sr_engine *e, struct flow *f, const struct sr_chunk *c)
{
	struct sr_rtp h;

	if (sr_rtp_parse(&h, c->data) != SR_OK)
		return;
	f->run = h.ssrc == f->ssrc && h.seq == (uint16_t)(f->seq + 1) ?
	    (uint16_t)(f->run + (f->run < UINT16_MAX)) : 0;
	f->ssrc = h.ssrc;
	f->seq = h.seq;
	f->pt = h.pt;
	if (f->generation != e->bindings.generation) {
		flow_look(e, f);
		if (f->kind == FLOW_MEDIA) {
			media_put(e, f->stream, f, c);
			return;
		}
	}
	if (orphan_put(e, f, c) != SR_OK)
		return;
	if (e->cfg.all)
		alone_consider(e, f);
}

static void
datagram(struct sr_engine *e, const struct sr_chunk *c)
{
	struct flow *f;

	if (c->data.n == 0 || (f = flow_get(e, &c->flow, c->time)) == NULL)
		return;
	if ((uint8_t)c->data.p[0] >> 6 == 2) {
		if (sr_rtcp_looks(c->data)) {
			if (e->cfg.align || e->cfg.reports)
				media_rtcp(e, f, c->data);
			return;
		}
		if (f->kind == FLOW_MEDIA)
			media_put(e, f->stream, f, c);
		else if (sr_rtp_looks(c->data))
			stray_rtp(e, f, c);
	} else if (sr_sip_looks(c->data)) {
		f->kind = f->kind == FLOW_MEDIA ? FLOW_MEDIA : FLOW_SIP;
		if (c->cut > 0)
			warn(e, NULL, "snaplen", "frame %llu: a SIP message "
			    "was cut by the snaplen",
			    (unsigned long long)c->num);
		call_message(e, c, c->data);
	} else if (sr_streq(c->data, secure_mark)) {
		secure_marked(e, &c->flow);
	}
}

/* Events point into the message, but the connection's buffer moves on. */
static void
one_message(struct sr_engine *e, const struct sr_chunk *c, struct sr_str raw)
{
	char *copy = malloc(raw.n);

	if (copy == NULL) {
		e->err = SR_ENOMEM;
		return;
	}
	memcpy(copy, raw.p, raw.n);
	call_message(e, c, (struct sr_str){ copy, raw.n });
	trash(e, copy, free);
}

/* Cuts messages out of what a stream has brought so far. */
static void
messages(struct sr_engine *e, struct flow *f, const struct sr_chunk *c)
{
	struct conn *n = f->conn;

	while (n->in.n > 0) {
		long len = sr_sip_frame(sr_buf_str(&n->in), e->cfg.max_message,
		    &n->seen);

		if (len == SR_MORE)
			return;
		if (len > 0) {
			one_message(e, c, sr_substr(sr_buf_str(&n->in), 0,
			    (size_t)len));
		} else {
			len = (long)sr_sip_resync(sr_buf_str(&n->in));
			if (n->sip)
				warn(e, NULL, "R3261-18.3", "frame %llu: %ld "
				    "bytes of a SIP connection are no message",
				    (unsigned long long)c->num, len);
			if (len == 0)
				len = 1;
		}
		sr_buf_drop(&n->in, (size_t)len);
		n->seen = 0;
	}
}

/* Is this SIP?  The capture may have started in the middle of a message: a
 * few segments may still show it, and a start line may come in pieces. */
static bool
begins(struct sr_engine *e, struct flow *f)
{
	struct conn *n = f->conn;
	struct sr_str in = sr_buf_str(&n->in);
	size_t at = sr_sip_looks(in) ? 0 : sr_sip_resync(in);

	n->sip = at < in.n;
	if (n->sip) {
		sr_buf_drop(&n->in, at);
	} else if (in.n >= START_LINE) {
		n->in.n = 0;
		if (++f->run > 16) {
			f->kind = FLOW_OTHER;
			e->unwanted = f->key;
			e->has_unwanted = true;
			sr_buf_free(&n->in);
		}
	}
	return n->sip;
}

static void
stream_bytes(struct sr_engine *e, const struct sr_chunk *c)
{
	struct flow *f = flow_get(e, &c->flow, c->time);

	if (f == NULL || f->kind == FLOW_OTHER)
		return;
	if (f->conn == NULL) {
		if ((f->conn = sr_zalloc(sizeof(*f->conn))) == NULL)
			return;
		sr_buf_init(&f->conn->in, e->cfg.max_message + 65536);
	}
	if (sr_buf_add(&f->conn->in, c->data) != SR_OK) {
		f->conn->in.n = f->conn->seen = 0;
		return;
	}
	if (!f->conn->sip && !begins(e, f))
		return;
	messages(e, f, c);
	if (f->conn->in.n == 0)
		sr_buf_free(&f->conn->in);
}

static void
stream_broken(struct sr_engine *e, const struct sr_chunk *c)
{
	struct flow *f = flow_get(e, &c->flow, c->time);

	if (f == NULL || f->conn == NULL)
		return;
	if (c->kind == SR_GAP)
		warn(e, NULL, "tcp", "frame %llu: %zu bytes of a SIP "
		    "connection are not in the capture",
		    (unsigned long long)c->num,
		    c->cut);
	/* What was cut short is read as far as it goes. */
	if (sr_sip_looks(sr_buf_str(&f->conn->in)))
		one_message(e, c, sr_buf_str(&f->conn->in));
	sr_buf_free(&f->conn->in);
	free(f->conn);
	f->conn = NULL;
	f->run = 0;
}

static int
feed(struct sr_engine *e, const struct sr_chunk *c)
{
	int err;

	/* Capture clocks step back now and then; timers must not. */
	e->now = c->time;
	e->num = c->num;
	e->ahead.now = e->ahead.i < e->ahead.n ?
	    e->ahead.v[e->ahead.i++] : NULL;
	switch (c->kind) {
	case SR_DGRAM:
		datagram(e, c);
		break;
	case SR_BYTES:
		stream_bytes(e, c);
		break;
	case SR_GAP:
	case SR_CLOSE:
		stream_broken(e, c);
		break;
	case SR_BROKEN:
		warn(e, NULL, "frame", "frame %llu: %s",
		    (unsigned long long)c->num, c->why);
		break;
	}
	err = e->err;
	e->err = SR_OK;
	return err == SR_ENOMEM ? err : SR_OK;
}

/* Sums of times must not overflow, and 0 stands for "never". */
static int
feed_within(struct sr_engine *e, const struct sr_chunk *c)
{
	struct sr_chunk near = *c;

	near.time = c->time < 1 ? 1 : LATEST;
	return feed(e, &near);
}

int
sr_engine_feed(struct sr_engine *e, const struct sr_chunk *c)
{
	if (e->trash != NULL)
		empty_trash(e);
	return c->time < 1 || c->time > LATEST ? feed_within(e, c) :
	    feed(e, c);
}

static void
note_at(struct sr_engine *e, sr_time now, uint64_t num)
{
	if (e->trash != NULL)
		empty_trash(e);
	if (now != 0)
		e->now = now;
	e->num = num;
}

int
sr_engine_note(struct sr_engine *e, sr_time now, uint64_t num,
    const char *rule, const char *text)
{
	note_at(e, now, num);
	warn(e, NULL, rule, "%s", text);
	return e->err == SR_ENOMEM ? SR_ENOMEM : SR_OK;
}

int
sr_engine_remark(struct sr_engine *e, struct sr_stream *t, sr_time now,
    const char *rule, const char *text)
{
	note_at(e, now, 0);
	warn(e, t->session, rule, "stream %.*s: %s", SR_FMT(t->label), text);
	return e->err == SR_ENOMEM ? SR_ENOMEM : SR_OK;
}

bool
sr_engine_unwanted(struct sr_engine *e, struct sr_flow *f)
{
	if (!e->has_unwanted)
		return false;
	*f = e->unwanted;
	e->has_unwanted = false;
	return true;
}

void
sr_engine_finish(struct sr_engine *e, sr_time now)
{
	if (e->trash != NULL)
		empty_trash(e);
	if (now > e->now)
		e->now = now;
	e->num = 0;
	e->over = true;
	orphans_last(e);
	kins_finish(e);
	calls_finish(e);
}

void
sr_engine_free(struct sr_engine *e)
{
	if (e == NULL)
		return;
	calls_free(e);
	queue_free(&e->queue);
	empty_trash(e);
	kins_free(e);
	flows_free(e);
	free(e->orphans.p);
	free(e->opened);
	free(e->ids);
	free(e->format_table);
	sr_arena_free(&e->formats);
	free(e);
}
