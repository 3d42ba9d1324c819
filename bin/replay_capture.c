/* replay_capture - the recording sessions of a capture, to be played again. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "siprec/core.h"
#include "siprec/crypt.h"

struct heard {				/* of one m-line */
	struct sr_played *v;
	size_t n, cap;
	struct sr_format format;
};
struct told {				/* a session on its way */
	struct told *next;
	struct retold retold;
	struct heard heard[SR_STREAMS_MAX];
	sr_time begun;
	bool failed;
};
struct reading {
	const struct options *o;
	struct pieces *out;
	struct told *all;
	sr_time now;
	int status;
};

static void
give_up(struct reading *r, struct told *t, int err)
{
	if (err == SR_OK)
		return;
	t->failed = true;
	if (err == SR_ENOMEM)
		r->status = CLI_SYSTEM;
	cli_warn("%s: a session cannot be played: %s", r->o->source,
	    sr_strerror(err));
}

static bool
is_wanted(const struct options *o, const struct sr_session *s)
{
	return o->session == NULL || sr_streq(sr_session_id(s),
	    sr_cstr(o->session)) || sr_streq(sr_session_call_id(s),
	    sr_cstr(o->session));
}

static void
begin(struct reading *r, const struct sr_event *ev)
{
	struct told *t;
	struct piece *p;

	if (!is_wanted(r->o, ev->session))
		return;
	t = sr_zalloc(sizeof(*t));
	p = piece_new(r->out);
	if (t == NULL || p == NULL) {
		r->status = CLI_SYSTEM;
		free(t);
		return;
	}
	t->begun = p->start = ev->time;
	t->next = r->all;
	r->all = t;
	*sr_session_slot(ev->session) = t;
	give_up(r, t, retold_begin(&t->retold, p, r->o));
}

static void
packet(struct reading *r, struct told *t, const struct sr_event *ev)
{
	unsigned m = sr_stream_mline(ev->stream);
	struct heard *h = &t->heard[m < SR_STREAMS_MAX ? m : 0];
	struct sr_str copy;

	if (m >= SR_STREAMS_MAX || !sr_rtp_looks(ev->u.wire.data))
		return;
	if (h->n == h->cap) {
		size_t cap = h->cap > 0 ? h->cap * 2 : 256;
		struct sr_played *v = realloc(h->v, cap * sizeof(*v));

		if (v == NULL) {
			r->status = CLI_SYSTEM;
			return;
		}
		h->v = v;
		h->cap = cap;
	}
	copy = sr_arena_dup(&t->retold.piece->arena, ev->u.wire.data);
	if (copy.p != NULL)
		h->v[h->n++] = (struct sr_played){ ev->time - t->begun, copy };
}

static void
be_silent(struct reading *r, struct piece *p, size_t i)
{
	cli_warn("%s: stream %.*s is SRTP, and played as silence",
	    r->o->source, SR_FMT(p->script.streams[i].label));
	p->sounds[i].kind = SOUND_SILENCE;
}

static int
end(struct reading *r, struct told *t, sr_time now)
{
	struct piece *p = t->retold.piece;
	int err = retold_end(&t->retold, now - t->begun);

	p->nsounds = p->script.nstreams;
	p->sounds = sr_arena_alloc(&p->arena, (p->nsounds + 1) *
	    sizeof(*p->sounds));
	for (size_t i = 0; p->sounds != NULL && i < p->nsounds; i++) {
		struct heard *h = &t->heard[i];
		struct sr_played *v = sr_arena_alloc(&p->arena, (h->n + 1) *
		    sizeof(*v));

		if (v == NULL)
			return SR_ENOMEM;
		for (size_t k = 0; k < h->n; k++)
			v[k] = h->v[k];
		p->sounds[i] = (struct sound){ .kind = SOUND_PACKETS,
		    .packets = v, .npackets = h->n, .format = h->format };
		if (t->retold.secret[i] && h->n > 0)
			be_silent(r, p, i);
	}
	return p->sounds != NULL ? err : SR_ENOMEM;
}

static void
take(struct reading *r, const struct sr_event *ev)
{
	struct told *t = NULL;
	sr_time at;

	if (ev->kind == SR_EV_BEGIN)
		begin(r, ev);
	if (ev->session == NULL || (t = *sr_session_slot(ev->session)) ==
	    NULL || t->failed)
		return;
	at = ev->time - t->begun;
	switch (ev->kind) {
	case SR_EV_OFFER:
		if (ev->u.sdp.by_src)
			give_up(r, t, retold_offer(&t->retold, at,
			    ev->u.sdp.text));
		break;
	case SR_EV_META:
		give_up(r, t, retold_metadata(&t->retold, at,
		    ev->u.meta.body));
		break;
	case SR_EV_STREAM:
		if (ev->u.stream.mline < SR_STREAMS_MAX)
			t->heard[ev->u.stream.mline].format =
			    *ev->u.stream.format;
		break;
	case SR_EV_WIRE:
		if (ev->stream != NULL)
			packet(r, t, ev);
		break;
	case SR_EV_END:
		give_up(r, t, end(r, t, ev->time));
		break;
	default:
		break;
	}
}

static void
feed(struct reading *r, struct sr_net *net, struct sr_engine *e)
{
	const struct sr_event *ev;
	struct sr_chunk c;

	while (sr_net_next(net, &c)) {
		if (c.time > r->now)
			r->now = c.time;
		sr_engine_feed(e, &c);
		while ((ev = sr_engine_next(e)) != NULL)
			take(r, ev);
	}
}

static int
read_all(struct reading *r, struct sr_capture *c, struct sr_net *net,
    struct sr_engine *e)
{
	const struct sr_event *ev;
	struct sr_frame f;
	int err;

	while ((err = sr_capture_next(c, &f)) != SR_ENOENT) {
		if (err == SR_EBAD)
			cli_warn("%s: %s", r->o->source, sr_capture_why(c));
		if (err != SR_OK && err != SR_EBAD)
			break;
		if (err == SR_OK && sr_net_frame(net, &f) == SR_OK)
			feed(r, net, e);
	}
	sr_net_finish(net);
	feed(r, net, e);
	sr_engine_finish(e, r->now);
	while ((ev = sr_engine_next(e)) != NULL)
		take(r, ev);
	return r->status;
}

/* A session whose script has not even an INVITE cannot be played. */
static void
sort_out(struct pieces *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct piece *x = p->v[i];

		if (x->script.nsteps >= 2 && x->script.nstreams > 0 &&
		    x->sounds != NULL) {
			p->v[n++] = x;
			continue;
		}
		sr_script_free(&x->script);
		sr_arena_free(&x->arena);
		free(x);
	}
	p->n = n;
}

int
replay_capture(const struct options *o, struct pieces *out)
{
	struct sr_cfg cfg = { .all = o->all, .no_payload = true, .wire = true,
	    .crypto = &sr_crypto_full };
	struct reading r = { .o = o, .out = out };
	struct sr_capture *c = NULL;
	struct sr_engine *e = NULL;
	struct sr_net *net = NULL;
	struct told *t;
	struct sr_buf why;
	int status = CLI_SYSTEM;

	sr_buf_init(&why, 1024);
	if (sr_capture_open(&c, o->source, &why) != SR_OK) {
		cli_warn("%s: %.*s", o->source, SR_FMT(why));
		status = CLI_NOINPUT;
	} else if (sr_net_new(&net, 8 << 20) == SR_OK &&
	    sr_engine_new(&e, &cfg) == SR_OK) {
		status = read_all(&r, c, net, e);
	}
	sr_engine_free(e);
	sr_net_free(net);
	sr_capture_close(c);
	sr_buf_free(&why);
	while ((t = r.all) != NULL) {
		r.all = t->next;
		for (size_t i = 0; i < SR_STREAMS_MAX; i++)
			free(t->heard[i].v);
		free(t);
	}
	sort_out(out);
	if (status == CLI_OK && out->n == 0) {
		cli_warn("%s: no recording session found%s", o->source,
		    o->all ? "" : " (--all takes plain calls too)");
		status = CLI_NO;
	}
	return status;
}
