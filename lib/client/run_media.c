/* run_media - the SDP of a leg, and the streams that follow from it. */
#include "run.h"

#include <stdlib.h>
#include <string.h>

enum { SDP = 256 * 1024 };

/* ---- pairs and streams ---- */

static struct event *
tell(struct leg *g, struct slot *s, enum sr_run_kind kind)
{
	struct event *e = run_event(g->call->run, kind, g->call);

	if (e != NULL)
		e->line = s->line;
	return e;
}

static void
give_pair(struct leg *g, unsigned pair)
{
	const struct sr_run_ports *p = &g->call->run->cfg.ports;

	p->give(p->arg, pair);
}

/* Back to where it was. */
static void
stay(struct leg *g, struct slot *s)
{
	if (!s->moving)
		return;
	give_pair(g, s->line.pair);
	s->moving = false;
	s->line.pair = s->old_pair;
	s->rtp = s->old_rtp;
	s->rtcp = s->old_rtcp;
}

void
leg_stay(struct leg *g)
{
	for (size_t i = 0; g->slots != NULL && i < g->nslots; i++)
		stay(g, &g->slots[i]);
}

static void
close_slot(struct leg *g, struct slot *s)
{
	struct event *e = NULL;

	stay(g, s);
	if (s->open) {
		sr_time open = g->call->run->now - s->opened;

		e = tell(g, s, SR_RUN_CLOSE);
		if (open > g->call->longest)
			g->call->longest = open;
	}
	if (e != NULL) {
		e->give = s->has_pair;
		e->pair = s->line.pair;
	} else if (s->has_pair) {
		give_pair(g, s->line.pair);
	}
	s->has_pair = s->open = s->paused = false;
}

void
leg_close(struct leg *g)
{
	for (size_t i = 0; g->slots != NULL && i < g->nslots; i++)
		close_slot(g, &g->slots[i]);
}

static int
take_pair(struct leg *g, struct slot *s)
{
	const struct sr_run_ports *p = &g->call->run->cfg.ports;
	int err = p->take(p->arg, &s->rtp, &s->rtcp, &s->line.pair);

	if (err != SR_OK)
		return err;
	s->has_pair = true;
	keys_make(g, s);
	return SR_OK;
}

/* The stream goes on from another pair once that is agreed.  With DTLS it
 * would be another association (RFC 8842 section 3.1), and begins anew. */
static int
move_slot(struct leg *g, struct slot *s)
{
	const struct sr_run_ports *p = &g->call->run->cfg.ports;
	struct sr_addr rtp, rtcp;
	unsigned pair;
	int err;

	if (!s->open || s->moving || s->line.keying == SR_KEYS_DTLS) {
		close_slot(g, s);
		return SR_OK;
	}
	if ((err = p->take(p->arg, &rtp, &rtcp, &pair)) != SR_OK)
		return err;
	s->moving = true;
	s->old_pair = s->line.pair;
	s->old_rtp = s->rtp;
	s->old_rtcp = s->rtcp;
	s->line.pair = pair;
	s->rtp = rtp;
	s->rtcp = rtcp;
	return SR_OK;
}

/* ---- our SDP ---- */

static int
offer_line(struct leg *g, const struct sr_script_line *l, struct slot *s,
    struct sr_offer_line *o, struct sr_str *attr)
{
	const struct sr_run_cfg *cfg = &g->call->run->cfg;
	int err = SR_OK;

	if (l->removed || s->line.stream != l->stream)
		close_slot(g, s);
	else if (l->moved)
		err = move_slot(g, s);
	if (err == SR_OK && !l->removed && !s->has_pair)
		err = take_pair(g, s);
	else if (l->rekeyed)
		keys_make(g, s);
	s->line.stream = l->stream;
	*o = (struct sr_offer_line){ .label = l->label, .dir = l->dir,
	    .media = l->video ? SR_STR("video") : SR_STR("audio"),
	    .rtp = s->rtp, .mux = cfg->mux, .formats = l->formats,
	    .nformats = l->nformats, .ptime = l->ptime };
	keys_offer(g, s, l->proto, o);
	if (l->removed) {
		o->rtp.port = 0;
	} else if (s->rtcp.port != s->rtp.port + 1) {
		o->rtcp = s->rtcp.port;
	}
	if (l->content.n > 0) {
		o->attrs = attr;
		o->nattrs = 1;
	}
	return err;
}

static struct sr_str
content_attr(struct leg *g, const struct sr_script_line *l)
{
	struct sr_buf b;
	struct sr_str out = { NULL, 0 };

	if (l->content.n == 0)
		return out;
	sr_buf_init(&b, 256);
	sr_buf_fmt(&b, "content:%.*s", SR_FMT(l->content));
	out = run_call_keep(g->call, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

static struct sr_sdp_own
own(const struct leg *g, struct sr_addr addr)
{
	addr.port = 0;
	return (struct sr_sdp_own){ .name = SR_STR("siprec-replay"),
	    .id = g->sdp_id, .version = g->version, .addr = addr,
	    .fingerprint = g->call->run->cfg.fingerprint };
}

/* A line of an m-section that a vendor has at its head, or not at all. */
static bool
is_direction(struct sr_str line)
{
	return sr_streq(line, SR_STR("a=sendonly")) ||
	    sr_streq(line, SR_STR("a=sendrecv"));
}

static void
label_of(struct sr_str rest, struct sr_str *label)
{
	struct sr_str line;

	*label = (struct sr_str){ NULL, 0 };
	while (sr_strline(&rest, &line)) {
		if (sr_strstarts(line, SR_STR("m=")))
			return;
		if (sr_strstarts(line, SR_STR("a=label:")))
			*label = line;
	}
}

/* The habits of the dialect: the label first, no direction. */
static int
dress(const struct sr_dialect *d, struct sr_str text, struct sr_buf *out)
{
	struct sr_str rest = text, line, label = { NULL, 0 };
	int err = SR_OK;

	while (err == SR_OK && sr_strline(&rest, &line)) {
		bool head = sr_strstarts(line, SR_STR("m="));

		if (d->no_direction && is_direction(line))
			continue;
		if (d->label_first && !head &&
		    sr_strstarts(line, SR_STR("a=label:")))
			continue;
		if (d->label_first && label.n > 0 &&
		    sr_strstarts(line, SR_STR("a="))) {
			sr_buf_fmt(out, "%.*s\r\n", SR_FMT(label));
			label.n = 0;
		}
		if (head && d->label_first)
			label_of(rest, &label);
		err = sr_buf_fmt(out, "%.*s\r\n", SR_FMT(line));
	}
	return err;
}

/* o=, less its version: has anything changed? */
static struct sr_str
body_of(struct sr_str sdp)
{
	size_t at = sr_strfind(sdp, SR_STR("\r\ns="));

	return sr_substr(sdp, at, sdp.n);
}

static int
write_offer(struct leg *g, const struct sr_offer_line *v, size_t n,
    struct sr_buf *out)
{
	const struct sr_dialect *d = g->call->script->dialect;
	struct sr_addr addr = { .family = 0 };
	struct sr_sdp_own me;
	struct sr_buf plain;
	int err;

	for (size_t i = 0; i < n && addr.family == 0; i++)
		addr = v[i].rtp;
	me = own(g, addr);
	if (d == NULL || (!d->label_first && !d->no_direction))
		return sr_sdp_offer(out, &me, NULL, 0, v, n);
	sr_buf_init(&plain, SDP);
	err = sr_sdp_offer(&plain, &me, NULL, 0, v, n);
	if (err == SR_OK)
		err = dress(d, sr_buf_str(&plain), out);
	sr_buf_free(&plain);
	return err;
}

int
leg_offer(struct leg *g, const struct sr_script_line *lines, size_t n)
{
	struct sr_offer_line *v = calloc(n + 1, sizeof(*v));
	struct sr_str *attrs = calloc(n + 1, sizeof(*attrs));
	struct sr_buf text;
	int err = v != NULL && attrs != NULL ? SR_OK : SR_ENOMEM;

	sr_buf_init(&text, SDP);
	for (size_t i = 0; i < n && err == SR_OK; i++) {
		attrs[i] = content_attr(g, &lines[i]);
		err = offer_line(g, &lines[i], &g->slots[i], &v[i], &attrs[i]);
	}
	if (err == SR_OK)
		err = write_offer(g, v, n, &text);
	if (err == SR_OK && g->sdp.n > 0 && !sr_streq(body_of(g->sdp),
	    body_of(sr_buf_str(&text)))) {
		g->version++;
		text.n = 0;
		err = write_offer(g, v, n, &text);
	}
	if (err == SR_OK) {
		g->sdp = run_call_keep(g->call, sr_buf_str(&text));
		g->lines = lines;
		g->nlines = n;
	}
	sr_buf_free(&text);
	free(attrs);
	free(v);
	return err;
}

int
leg_reply(struct leg *g, struct sr_str offer)
{
	struct sr_offer_line *v = calloc(g->nlines + 1, sizeof(*v));
	struct sr_str *attrs = calloc(g->nlines + 1, sizeof(*attrs));
	struct sr_sdp_own me;
	struct sr_sdp s = { .nmlines = 0 };
	struct sr_buf text;
	int err = v != NULL && attrs != NULL ? SR_OK : SR_ENOMEM;

	sr_buf_init(&text, SDP);
	if (err == SR_OK)
		err = sr_sdp_parse(&s, offer);
	for (size_t i = 0; i < g->nlines && err == SR_OK; i++) {
		attrs[i] = content_attr(g, &g->lines[i]);
		err = offer_line(g, &g->lines[i], &g->slots[i], &v[i],
		    &attrs[i]);
		/* RFC 5763 section 6.6: an association keeps its roles. */
		if (g->slots[i].open && v[i].setup.n > 0)
			v[i].setup = g->slots[i].line.active ?
			    SR_STR("active") : SR_STR("passive");
	}
	if (g->sdp.n > 0)
		g->version++;
	me = own(g, g->nlines > 0 ? v[0].rtp : (struct sr_addr){ .port = 0 });
	if (err == SR_OK)
		err = sr_sdp_reply(&text, &s, &me, v, g->nlines);
	if (err == SR_OK)
		g->sdp = run_call_keep(g->call, sr_buf_str(&text));
	sr_sdp_free(&s);
	sr_buf_free(&text);
	free(attrs);
	free(v);
	return err;
}

/* ---- what is agreed ---- */

static bool
same_codec(const struct sr_format *a, const struct sr_format *b)
{
	return sr_strieq(a->name, b->name) && a->clock == b->clock;
}

/* Our format by the number that the server gives it, RFC 3264 section 5.1. */
static bool
agreed(const struct sr_mline *m, const struct sr_format *f,
    struct sr_format *out)
{
	for (size_t i = 0; i < m->nformats; i++)
		if (same_codec(&m->formats[i], f)) {
			*out = *f;
			out->pt = m->formats[i].pt;
			return true;
		}
	return false;
}

static bool
choose_formats(struct slot *s, const struct sr_script_line *l,
    const struct sr_mline *m)
{
	bool found = false;

	s->line.digits = NULL;
	for (size_t i = 0; i < l->nformats; i++) {
		const struct sr_format *f = &l->formats[i];

		if (f->id == SR_CODEC_EVENT) {
			if (s->line.digits == NULL &&
			    agreed(m, f, &s->digits))
				s->line.digits = &s->digits;
		} else if (!found && f->id != SR_CODEC_CN) {
			found = agreed(m, f, &s->format);
		}
	}
	s->line.format = &s->format;
	return found;
}

/* The old pair is not needed behind the event. */
static void
moved(struct slot *s, struct event *e)
{
	if (!s->moving || e == NULL)
		return;
	s->moving = false;
	e->give = true;
	e->pair = s->old_pair;
}

static void
open_or_aim(struct leg *g, size_t i, const struct sr_script_line *l,
    const struct sr_mline *m, const struct sr_sdp *theirs)
{
	struct slot *s = &g->slots[i];
	struct sr_addr rtp = m->rtp, rtcp = m->rtcp;
	bool rekeyed;

	if (rtcp.port == 0 || rtcp.family == 0) {
		uint16_t port = rtcp.port;

		rtcp = rtp;
		rtcp.port = port != 0 ? port : m->rtcp_mux ? rtp.port :
		    (uint16_t)(rtp.port + 1);
	}
	s->line.call = g->call->result.number;
	s->line.leg = g->n;
	s->line.slot = (unsigned)i;
	s->line.ptime = l->ptime > 0 ? l->ptime : 20;
	if (!keys_learn(g, s, theirs, m, &rekeyed))
		return;
	if (!s->open) {
		s->line.since = g->call->answered != 0 ?
		    g->call->run->now - g->call->answered : 0;
		s->line.rtp = rtp;
		s->line.rtcp = rtcp;
		s->line.turn = s->turns++;
		s->open = tell(g, s, SR_RUN_OPEN) != NULL;
		s->opened = g->call->run->now;
	} else if (rekeyed || s->moving || !sr_addr_eq(&rtp, &s->line.rtp) ||
	    !sr_addr_eq(&rtcp, &s->line.rtcp)) {
		s->line.rtp = rtp;
		s->line.rtcp = rtcp;
		moved(s, tell(g, s, SR_RUN_AIM));
	}
}

static bool
may_send(const struct sr_script_line *l, const struct sr_mline *m)
{
	return l->dir != SR_INACTIVE && (m->dir == SR_RECVONLY ||
	    m->dir == SR_SENDRECV) && !sr_addr_any(&m->rtp);
}

static void
agree_line(struct leg *g, size_t i, const struct sr_script_line *l,
    const struct sr_mline *m, const struct sr_sdp *theirs)
{
	struct slot *s = &g->slots[i];
	bool sends;

	if (l->removed || m->rtp.port == 0) {
		if (s->open)
			close_slot(g, s);
		return;
	}
	sends = may_send(l, m) && !l->video && l->stream != SR_NO_STREAM &&
	    choose_formats(s, l, m);
	if (sends && !s->paused) {
		open_or_aim(g, i, l, m, theirs);
	} else if (sends) {
		open_or_aim(g, i, l, m, theirs);
		s->paused = false;
		tell(g, s, SR_RUN_RESUME);
	} else if (s->open && !s->paused) {
		s->paused = true;
		tell(g, s, SR_RUN_PAUSE);
	}
}

void
leg_agree(struct leg *g, struct sr_str answer)
{
	struct sr_sdp s;

	if (sr_sdp_parse(&s, answer) == SR_OK) {
		for (size_t i = 0; i < g->nlines && i < s.nmlines; i++)
			agree_line(g, i, &g->lines[i], &s.mlines[i], &s);
		if (s.nmlines < g->nlines)
			run_call_fail(g->call, "the answer has %zu m-lines, "
			    "not the %zu that were offered", s.nmlines,
			    g->nlines);
	} else {
		run_call_fail(g->call, "the answer is no SDP");
	}
	sr_sdp_free(&s);
	g->peer = run_call_keep(g->call, answer);
	if (g->dialog != NULL)
		sr_dialog_set_sdp(g->dialog, g->sdp, g->peer);
}
