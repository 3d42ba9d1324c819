/* call - dialogs of other people, watched from outside.
 *
 * The capture may show both sides or one, begin in the middle, and hold every
 * message twice.  So nothing is required: each message adds what it knows. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- what a message says about the call ---- */

static void
learn(struct call *c, struct side *s, const struct sr_party *p)
{
	if (s->tag.n == 0 && p->tag.n > 0)
		s->tag = sr_arena_dup(&c->arena, p->tag);
	if (s->uri.n == 0 && p->uri.n > 0) {
		s->uri = sr_arena_dup(&c->arena, p->uri);
		s->name = sr_arena_dup(&c->arena, p->display);
	}
}

static bool
is_srs(const struct sr_msg *m)
{
	struct sr_str v = sr_msg_header(m, "Contact", 0);

	return sr_strifind(v, SR_STR("sip.srs")) < v.n;
}

static bool
all_sendonly(struct sr_str text)
{
	struct sr_sdp s;
	size_t audio = 0, quiet = 0;

	if (sr_sdp_parse(&s, text) == SR_OK)
		for (size_t i = 0; i < s.nmlines; i++)
			if (sr_strieq(s.mlines[i].media, SR_STR("audio"))) {
				audio++;
				quiet += s.mlines[i].dir == SR_SENDONLY ||
				    s.mlines[i].dir == SR_INACTIVE;
			}
	sr_sdp_free(&s);
	return audio > 0 && audio == quiet;
}

/* Why this is a recording session: any of the marks of RFC 7866 6.1.1, or a
 * body that only a recording client sends.  What is missing is a warning when
 * the session begins. */
static void
judge(struct sr_engine *e, struct call *c, const struct sr_msg *m,
    const struct sr_body *b)
{
	const struct sr_part *sdp = sr_body_find(b, SR_PART_SDP);
	int sender = m->status == 0 ? UAC : UAS;

	if (!c->src_known && is_srs(m)) {
		c->src = !sender;
		c->src_known = true;
	}
	/* Whom a server calls marks itself in its answer. */
	if (c->cause != NULL && (c->begun || !sr_msg_is_src(m)))
		return;
	if (sr_msg_is_src(m)) {
		c->cause = "sip.src";
		if (!c->src_known)
			c->src = sender;
		c->src_known = true;
	} else if (sr_msg_lists(m, "Require", "siprec") ||
	    sr_msg_lists(m, "Supported", "siprec")) {
		c->cause = "siprec";
	} else if (sr_body_find(b, SR_PART_META) != NULL) {
		c->cause = "metadata";
	} else if (m->status == 0 && m->method == SR_INVITE && sdp != NULL &&
	    all_sendonly(sdp->data)) {
		c->cause = "sendonly";
	} else if (is_srs(m)) {
		c->cause = "sip.srs";
	}
	c->wanted = c->cause != NULL || e->cfg.all;
	c->plain = c->cause == NULL;
}

static void
take_metadata(struct sr_engine *e, struct call *c, const struct sr_msg *m,
    const struct sr_body *b, int by)
{
	size_t seen = 0;

	for (size_t i = 0; i < b->nparts; i++) {
		const struct sr_part *p = &b->parts[i];

		if (sr_part_kind(p) != SR_PART_META || p->data.n == 0)
			continue;
		if (seen++ > 0) {
			warn(e, c->session, "R7865-5.1.2-2", "frame %llu: more "
			    "than one metadata part: the first is used",
			    (unsigned long long)e->num);
			break;
		}
		call_note(e, c, SR_EV_META, by, m->cseq, p->data,
		    p->charset);
	}
}

static void
take_body(struct sr_engine *e, struct call *c, const struct sr_msg *m,
    const struct sr_body *b, int by)
{
	const struct sr_part *sdp = sr_body_find(b, SR_PART_SDP);

	if (sdp != NULL)
		offer_put(e, c, by, m->cseq, m->status == 0 &&
		    (m->method == SR_INVITE || m->method == SR_UPDATE),
		    sdp->data);
	take_metadata(e, c, m, b, by);
}

/* ---- begin and end ---- */

#define OVERLAP (10 * SR_SEC)		/* of media in two dialogs */

static void
marks_missing(struct sr_engine *e, struct call *c)
{
	const struct sr_stream *t = c->plain ? NULL : c->session->streams;

	while (t != NULL && !t->unlabelled)
		t = t->next;
	if (t != NULL)
		warn(e, c->session, "R7866-7.1.1-2", "the client gives no "
		    "label to m-line %u: its stream is called %.*s",
		    t->mline + 1, SR_FMT(t->label));
	if (c->plain || strcmp(c->cause, "sip.src") == 0)
		return;
	if (strcmp(c->cause, "media") != 0)
		warn(e, c->session, "R7866-6.1.1-2", "the client does not mark "
		    "its Contact with +sip.src: taken as a recording session "
		    "for its %s", strcmp(c->cause, "siprec") == 0 ?
		    "option tag" : c->cause);
}

void
call_begin(struct sr_engine *e, struct call *c, const char *cause)
{
	struct sr_event *ev;
	struct sr_session *s;

	if (c->begun || !c->wanted || c->over)
		return;
	if (c->session == NULL)
		offer_apply(e, c);
	if (c->session == NULL &&
	    (c->session = session_new(e, c->call_id)) == NULL)
		return;
	c->begun = true;
	e->nbegun++;
	c->refused = false;
	e->adopting = true;		/* its media comes behind its begin */
	s = c->session;
	if (!c->holds)
		s->ncalls++;
	c->holds = true;
	s->plain = c->plain;
	if (c->replaces) {
		if ((ev = queue_event(e, SR_EV_REPLACED, s)) != NULL)
			ev->u.replaced.call_id = c->call_id;
		for (struct sr_stream *t = s->streams; t != NULL; t = t->next)
			sr_line_yield(t->line, e->now + OVERLAP);
	} else {
		session_begin(s);
		if ((ev = queue_event(e, SR_EV_BEGIN, s)) != NULL) {
			ev->u.begin.from = c->side[UAC].uri;
			ev->u.begin.to = c->side[UAS].uri;
			ev->u.begin.agent = c->agent;
			ev->u.begin.flow = c->flow;
			ev->u.begin.cause = c->cause != NULL ? c->cause : cause;
		}
		marks_missing(e, c);
	}
	if (c->plain)
		session_made_meta(s, c);
	journal_begin(c);
	kin_dialog(s, c->session_id);
	notes_tell(e, c);
	kin_begun(s);
	/* Without a 2xx to be seen there will be no answer either. */
	if (strcmp(cause, "2xx") != 0)
		offer_settle(e, c);
	offer_apply(e, c);
	session_tell_pauses(s);
	e->adopting = false;
	e->bindings.generation++;
	for (struct sr_stream *t = s->streams; t != NULL; t = t->next)
		bind_ask(e, t);
	orphans_look(e);
}

/* The call has no part in its session any more.  After Replaces the
 * recording goes on in the newer dialog, so the last one ends it. */
static void
let_go(struct sr_engine *e, struct call *c, const char *reason)
{
	struct sr_session *s = c->session;

	c->session = NULL;
	c->nstreams = 0;
	if (s == NULL)
		return;
	if (c->holds ? --s->ncalls == 0 : s->early == c)
		session_end(s, e->now, reason);
	c->holds = c->replaces = false;
}

void
call_end(struct sr_engine *e, struct call *c, const char *reason)
{
	if (c->over)
		return;
	c->over = true;
	notes_drop(e, c);
	journal_free(&c->journal);
	for (int i = UAC; i <= UAS; i++) {
		offer_free_sdp(c->side[i].sdp);
		c->side[i].sdp = NULL;
	}
	let_go(e, c, reason);
}

/* ---- messages ---- */

static bool
parse_replaces(struct sr_str v, struct sr_msg *ids)
{
	struct sr_str id, tag;

	if (v.n == 0 || !sr_strcut(&v, ';', &id))
		return false;
	*ids = (struct sr_msg){ .call_id = sr_trim(id) };
	if (sr_param(v, "to-tag", &tag))
		ids->to.tag = tag;
	if (sr_param(v, "from-tag", &tag))
		ids->from.tag = tag;
	return true;
}

/* RFC 3891: the same recording goes on in this dialog. */
static void
find_replaced(struct sr_engine *e, struct call *c, const struct sr_msg *m)
{
	struct sr_msg ids;
	struct call *old;
	int by;

	if (!parse_replaces(sr_msg_header(m, "Replaces", 0), &ids))
		return;
	old = call_find(e, &ids, &by);
	if (old == NULL || old->over || old->session == NULL || !old->begun ||
	    c->session != NULL)
		return;
	c->replaces = c->holds = true;
	c->session = old->session;
	c->session->ncalls++;
}

static struct call *
first_invite(struct sr_engine *e, const struct sr_chunk *ch,
    const struct sr_msg *m)
{
	struct call *c = call_is_crowded(e, m->call_id) ? NULL :
	    call_new(e, m->call_id);
	struct sr_session_id id;

	if (c == NULL)
		return NULL;
	c->branch = sr_arena_dup(&c->arena, m->branch);
	c->flow = ch->flow;
	c->cseq = m->cseq;
	c->agent = sr_arena_dup(&c->arena, sr_msg_header(m,
	    m->status == 0 ? "User-Agent" : "Server", 0));
	if (m->status == 0 && sr_session_id_parse(&id, sr_msg_header(m,
	    "Session-ID", 0)) == SR_OK)
		c->session_id = sr_arena_dup(&c->arena, sr_cstr(id.local));
	c->side[UAC].addr = m->status == 0 ? ch->flow.src : ch->flow.dst;
	c->side[UAS].addr = m->status == 0 ? ch->flow.dst : ch->flow.src;
	learn(c, &c->side[UAC], &m->from);
	learn(c, &c->side[UAS], &m->to);
	return c;
}

static bool
is_again(const struct call *c, const struct sr_msg *m)
{
	return m->cseq == c->cseq &&
	    call_tag_fits(c->side[UAC].tag, m->from.tag);
}

static void
request(struct sr_engine *e, const struct sr_chunk *ch, struct sr_str raw,
    const struct sr_msg *m, const struct sr_body *b)
{
	int by = UAC;
	struct call *c = call_find(e, m, &by);
	bool invite = m->method == SR_INVITE;

	if (c != NULL && invite && m->to.tag.n == 0) {
		/* The same Call-ID used again is another call, unless it is
		 * a copy of what we know. */
		if (c->over || c->refused) {
			if (is_again(c, m))
				return;
			c = NULL;
		} else if (!c->begun && m->cseq != c->cseq) {
			c->cseq = m->cseq;
			c->branch = sr_arena_dup(&c->arena, m->branch);
		}
	}
	if (c == NULL) {
		bool opens = invite ||
		    (m->method == SR_UPDATE && b->nparts > 0);

		if (!opens || (c = first_invite(e, ch, m)) == NULL)
			return;
		by = UAC;
		if (m->to.tag.n == 0)
			find_replaced(e, c, m);
	}
	c->last = e->now;
	call_wire(e, c, ch, raw);
	journal_add(e, c, ch, m, raw);
	if (c->over)
		return;
	learn(c, &c->side[by], &m->from);
	learn(c, &c->side[!by], &m->to);
	if (m->method == SR_ACK && !c->begun &&
	    !sr_streq(c->branch, m->branch)) {
		/* An ACK with a branch of its own acknowledges a 2xx. */
		take_body(e, c, m, b, by);
		call_begin(e, c, "ack");
		return;
	}
	if (!c->begun)
		judge(e, c, m, b);
	take_body(e, c, m, b, by);
	if (m->method != SR_BYE)
		return;
	if (c->session != NULL && c->session->ncalls == 1)
		c->session->broken = bye_is_broken(m);
	call_end(e, c, bye_reason(m, by == c->src));
}

static void
refuse(struct sr_engine *e, struct call *c, const struct sr_msg *m)
{
	struct sr_event *ev;

	offer_drop(c, m->cseq);
	if (c->begun || m->cseq != c->cseq || c->refused)
		return;
	c->refused = true;
	/* A challenge is no refusal: the client comes back with an answer. */
	if (c->wanted && !c->plain && m->status != 401 && m->status != 407) {
		warn(e, NULL, "refused", "call %.*s: the server answers %d "
		    "%.*s", SR_FMT(c->call_id), m->status, SR_FMT(m->reason));
		if ((ev = e->queue.tail != NULL ? &e->queue.tail->ev : NULL) !=
		    NULL && ev->kind == SR_EV_WARN) {
			ev->u.warn.status = m->status;
			ev->u.warn.call_id = c->call_id;
		}
	}
	let_go(e, c, "refused");
}

static void
response(struct sr_engine *e, const struct sr_chunk *ch, struct sr_str raw,
    const struct sr_msg *m, const struct sr_body *b)
{
	int by = UAC;
	struct call *c = call_find(e, m, &by);
	bool invite = m->method == SR_INVITE, first;

	if (c == NULL) {
		/* Only responses were captured. */
		if (!invite || m->status / 100 != 2 ||
		    (c = first_invite(e, ch, m)) == NULL)
			return;
		by = UAC;
	}
	c->last = e->now;
	call_wire(e, c, ch, raw);
	journal_add(e, c, ch, m, raw);
	if (c->over || m->status == 100)
		return;
	first = invite && m->cseq == c->cseq;
	if (m->status >= 300) {
		if (invite || m->method == SR_UPDATE)
			refuse(e, c, m);
		return;
	}
	if (m->status >= 200 || !first)
		learn(c, &c->side[!by], &m->to);
	if (!c->begun)
		judge(e, c, m, b);
	take_body(e, c, m, b, !by);
	if (invite && m->status >= 200)
		call_begin(e, c, "2xx");
}

static void
free_message(void *p)
{
	struct sr_msg *m = p;

	sr_msg_free(m);
	free(m);
}

static void
free_body(void *p)
{
	struct sr_body *b = p;

	sr_body_free(b);
	free(b);
}

void
call_message(struct sr_engine *e, const struct sr_chunk *ch, struct sr_str raw)
{
	struct sr_msg *m = sr_zalloc(sizeof(*m));
	struct sr_body *b = sr_zalloc(sizeof(*b));
	int err = m != NULL && b != NULL ? sr_msg_parse(m, raw) : SR_ENOMEM;

	if (err == SR_OK)
		err = sr_body_split(b, m);
	if (err == SR_ENOMEM)
		e->err = err;
	else if (err != SR_OK)
		warn(e, NULL, "R3261-7", "frame %llu: a SIP message that "
		    "cannot be read: %s", (unsigned long long)e->num,
		    sr_strerror(err));
	else if (m->status == 0)
		request(e, ch, raw, m, b);
	else
		response(e, ch, raw, m, b);
	if (b != NULL)
		trash(e, b, free_body);
	if (m != NULL)
		trash(e, m, free_message);
}
