/* alone - RTP without any signalling, where all of it is wanted (--all).
 *
 * A flow is taken for RTP when packets of one SSRC follow each other in
 * sequence, and left alone for two seconds: its signalling may still come.
 * The two directions between a pair of ports are one session. */
#include "priv.h"

enum { RUN = 8 };			/* packets in sequence */

static struct sr_session *
between(struct sr_engine *e, const struct sr_flow *f)
{
	struct sr_flow back = { .src = f->dst, .dst = f->src,
	    .proto = f->proto };
	struct sr_session *s = NULL;
	struct sr_buf name;
	struct flow *other = flow_find(e, &back);

	if (other != NULL && other->alone && other->stream != NULL)
		return other->stream->session;
	sr_buf_init(&name, 256);
	sr_buf_add(&name, SR_STR("rtp-"));
	sr_addr_print(&name, &f->src);
	sr_buf_addc(&name, '-');
	sr_addr_print(&name, &f->dst);
	s = session_new(e, sr_buf_str(&name));
	sr_buf_free(&name);
	return s;
}

static void
begin(struct sr_engine *e, struct sr_session *s, const struct flow *f)
{
	struct sr_event *ev;

	s->plain = true;
	session_begin(s);
	if ((ev = queue_event(e, SR_EV_BEGIN, s)) == NULL)
		return;
	ev->u.begin.flow = f->key;
	ev->u.begin.cause = "rtp";
}

static void
adopt(struct sr_engine *e, struct flow *f)
{
	struct sr_session *s = between(e, &f->key);
	struct sr_str label;
	struct sr_stream *t;

	if (s == NULL)
		return;
	if (s->begun == 0)
		begin(e, s, f);
	label = s->nstreams == 0 ? SR_STR("1") : SR_STR("2");
	if ((t = stream_new(s, (unsigned)s->nstreams, UAC, label)) == NULL)
		return;
	f->kind = FLOW_MEDIA;
	f->alone = true;
	f->stream = t;
	f->sibling = t->flows;
	t->flows = f;
	orphan_adopt(e, f);
}

void
alone_consider(struct sr_engine *e, struct flow *f)
{
	if (f->used || f->run < RUN || e->now - f->first < 2 * SR_SEC)
		return;
	if (bind_find(e, &f->key, f->pt) == NULL)
		adopt(e, f);
}

/* The capture is over: what still waits will not be claimed any more.  A
 * short run counts now, since there is no more to come. */
void
orphans_last(struct sr_engine *e)
{
	const struct flow *seen = NULL;
	struct flow *f;

	for (uint64_t at = e->orphans.head; e->orphans.p != NULL &&
	    at < e->orphans.tail;) {
		f = orphan_flow(e, &at);
		if (f == NULL || f == seen || f->kind == FLOW_MEDIA)
			continue;
		seen = f;
		flow_look(e, f);
		if (f->kind != FLOW_MEDIA && e->cfg.all && !f->used &&
		    f->run > 0)
			adopt(e, f);
	}
}

void
alone_finish(struct sr_engine *e)
{
	struct sr_session *s, *next;

	for (s = e->sessions; s != NULL; s = next) {
		next = s->older;
		if (s->begun != 0 && s->ncalls == 0)
			session_end(s, e->now, "capture-end");
	}
}
