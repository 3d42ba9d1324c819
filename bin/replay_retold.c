/* replay_retold - a recording session that was seen, as a script. */
#include "replay.h"

#include <string.h>

#include "cli.h"

int
retold_begin(struct retold *r, struct piece *p, const struct options *o)
{
	struct sr_script_cfg cfg = o->script;

	*r = (struct retold){ .piece = p, .speed = o->speed > 0 &&
	    o->write == NULL ? o->speed : 1 };
	cfg.dialect = NULL;
	return sr_script_begin(&p->script, &cfg);
}

/* ---- what was offered, as lines ---- */

static struct sr_str
attribute(const struct sr_mline *m, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < m->nattrs; i++)
		if (sr_strstarts(m->attrs[i], (struct sr_str){ name, n }))
			return sr_substr(m->attrs[i], n, m->attrs[i].n);
	return (struct sr_str){ NULL, 0 };
}

static bool
is_audio(const struct sr_mline *m)
{
	return sr_strieq(m->media, SR_STR("audio"));
}

/* SRTP: what was seen of it cannot be played. */
static bool
is_secret(const struct sr_mline *m)
{
	return sr_strfind(m->proto, SR_STR("SAVP")) < m->proto.n;
}

/* The client sends: whatever it wrote, that is what it meant. */
static enum sr_dir
direction(const struct sr_mline *m)
{
	return m->dir == SR_INACTIVE || m->dir == SR_RECVONLY ? SR_INACTIVE :
	    SR_SENDONLY;
}

static void
name_line(const struct sr_mline *m, size_t i, struct sr_script_line *l)
{
	*l = (struct sr_script_line){ .stream = i, .label = m->label,
	    .content = attribute(m, "content:"), .proto = SR_STR("RTP/AVP"),
	    .dir = direction(m), .removed = m->rtp.port == 0,
	    .video = !is_audio(m), .formats = m->formats,
	    .nformats = m->nformats, .ptime = m->ptime };
	if (l->removed)
		l->stream = SR_NO_STREAM;
}

static int
keep_lines(struct retold *r, const struct sr_sdp *s)
{
	struct sr_arena *a = &r->piece->arena;

	r->nlines = s->nmlines < SR_STREAMS_MAX ? s->nmlines : SR_STREAMS_MAX;
	r->lines = sr_arena_alloc(a, (r->nlines + 1) * sizeof(*r->lines));
	if (r->lines == NULL)
		return SR_ENOMEM;
	for (; r->slots < r->nlines; r->slots++)
		if (sr_script_add_stream(&r->piece->script,
		    s->mlines[r->slots].label, SR_NO_STREAM) == NULL)
			return SR_ELIMIT;
	for (size_t i = 0; i < r->nlines; i++) {
		struct sr_script_line *l = &r->lines[i];
		struct sr_format *f = sr_arena_alloc(a,
		    (s->mlines[i].nformats + 1) * sizeof(*f));

		name_line(&s->mlines[i], i, l);
		r->secret[i] |= is_secret(&s->mlines[i]);
		if (f == NULL)
			return SR_ENOMEM;
		for (size_t k = 0; k < l->nformats; k++) {
			f[k] = l->formats[k];
			f[k].name = sr_arena_dup(a, f[k].name);
			if (f[k].fmtp.n > 0)
				f[k].fmtp = sr_arena_dup(a, f[k].fmtp);
		}
		l->formats = f;
		l->label = sr_arena_dup(a, l->label);
		l->content = sr_arena_dup(a, l->content);
	}
	return SR_OK;
}

/* ---- steps ---- */

static int
flush(struct retold *r)
{
	enum sr_step_kind kind = !r->invited ? SR_DO_INVITE : r->has_sdp ?
	    SR_DO_REINVITE : SR_DO_UPDATE;
	struct sr_step *s;

	if (!r->pending)
		return SR_OK;
	s = sr_script_add_step(&r->piece->script, kind, (sr_time)
	    ((double)r->at / r->speed), r->lines, r->has_sdp ? r->nlines : 0,
	    r->xml);
	if (s == NULL)
		return SR_ELIMIT;
	r->pending = r->has_sdp = false;
	r->invited = true;
	r->xml = (struct sr_str){ NULL, 0 };
	return SR_OK;
}

int
retold_offer(struct retold *r, sr_time at, struct sr_str sdp)
{
	struct sr_sdp s;
	int err = flush(r);

	if (err != SR_OK)
		return err;
	err = sr_sdp_parse(&s, sdp);
	if (err == SR_OK && s.nmlines > 0)
		err = keep_lines(r, &s);
	sr_sdp_free(&s);
	r->pending = r->has_sdp = err == SR_OK;
	r->at = at;
	return err == SR_ENOMEM || err == SR_ELIMIT ? err : SR_OK;
}

/* What came in one message goes in one. */
int
retold_metadata(struct retold *r, sr_time at, struct sr_str xml)
{
	int err = SR_OK;

	if (r->pending && (r->at != at || r->xml.n > 0))
		err = flush(r);
	r->pending = true;
	r->at = at;
	r->xml = sr_arena_dup(&r->piece->arena, xml);
	return err;
}

int
retold_end(struct retold *r, sr_time at)
{
	struct sr_str last = { NULL, 0 };
	struct sr_step *s;
	int err;

	if (r->pending && r->invited && !r->has_sdp && r->at >= at) {
		last = r->xml;		/* it came with the BYE */
		r->pending = false;
	}
	if ((err = flush(r)) != SR_OK)
		return err;
	s = sr_script_add_step(&r->piece->script, SR_DO_BYE, (sr_time)
	    ((double)at / r->speed), r->lines, r->nlines, last);
	return s != NULL ? SR_OK : SR_ELIMIT;
}
