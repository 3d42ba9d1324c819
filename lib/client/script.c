/* script - a call as a list of steps: made from a flow, or by hand from what
 * a capture or a session directory tells. */
#include "client/priv.h"

#include <stdlib.h>

enum { SCRIPT_MAX = 4 << 20, STEPS_MAX = 4096 };

static const struct sr_person ours[] = {
	{ SR_STR("sip:alice@example.com"), SR_STR("Alice") },
	{ SR_STR("sip:bob@example.com"), SR_STR("Bob") },
	{ SR_STR("sip:carol@example.com"), SR_STR("Carol") },
	{ SR_STR("sip:dave@example.com"), SR_STR("Dave") },
	{ SR_STR("sip:erin@example.com"), SR_STR("Erin") },
	{ SR_STR("sip:frank@example.com"), SR_STR("Frank") },
	{ SR_STR("sip:grace@example.com"), SR_STR("Grace") },
	{ SR_STR("sip:heidi@example.com"), SR_STR("Heidi") },
};

static bool
person_nobody_knows(struct sr_script *s, size_t i, struct sr_person *p)
{
	struct sr_buf b;

	sr_buf_init(&b, 64);
	sr_buf_fmt(&b, "sip:party%zu@example.com", i + 1);
	p->aor = sr_arena_dup(&s->arena, sr_buf_str(&b));
	b.n = 0;
	sr_buf_fmt(&b, "Party %zu", i + 1);
	p->name = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return p->aor.p != NULL && p->name.p != NULL;
}

int
sr_script_people(struct sr_script *s, const struct sr_script_cfg *cfg,
    size_t n)
{
	if (n > SR_PEOPLE_MAX)
		return SR_ELIMIT;
	s->people = sr_arena_alloc(&s->arena, n * sizeof(*s->people));
	if (s->people == NULL)
		return SR_ELIMIT;
	for (size_t i = 0; i < n; i++) {
		struct sr_person *p = &s->people[i];

		if (i < cfg->npeople) {
			p->aor = sr_arena_dup(&s->arena, cfg->people[i].aor);
			if (cfg->people[i].name.p != NULL)
				p->name = sr_arena_dup(&s->arena,
				    cfg->people[i].name);
			if (p->aor.p == NULL)
				return SR_ELIMIT;
		} else if (i < COUNT(ours)) {
			*p = ours[i];
		} else if (!person_nobody_knows(s, i, p)) {
			return SR_ELIMIT;
		}
	}
	s->npeople = n;
	s->nids = id_stream(s, s->nstreams);
	return SR_OK;
}

static int
empty(struct sr_script *s, const struct sr_script_cfg *cfg)
{
	*s = (struct sr_script){ .flow = "own", .legs = 1 };
	sr_arena_init(&s->arena, SCRIPT_MAX);
	s->dialect = sr_dialect_find(cfg->dialect != NULL ? cfg->dialect :
	    "rfc7865");
	return s->dialect != NULL ? SR_OK : SR_ENOENT;
}

int
sr_script_new(struct sr_script *s, const struct sr_script_cfg *cfg)
{
	const struct flow *f = sr_flow_find(cfg->flow != NULL ? cfg->flow :
	    "basic");
	int err = empty(s, cfg);

	if (err != SR_OK)
		return err;
	return f != NULL ? sr_flow_play(s, f, cfg) : SR_ENOENT;
}

int
sr_script_begin(struct sr_script *s, const struct sr_script_cfg *cfg)
{
	int err = empty(s, cfg);

	return err != SR_OK ? err :
	    sr_script_people(s, cfg, cfg->npeople > 2 ? cfg->npeople : 2);
}

struct sr_script_stream *
sr_script_add_stream(struct sr_script *s, struct sr_str label, size_t person)
{
	struct sr_script_stream *v;

	if (s->nstreams == SR_STREAMS_MAX)
		return NULL;
	v = sr_arena_grow(&s->arena, s->streams, s->nstreams, sizeof(*v));
	if (v == NULL)
		return NULL;
	s->streams = v;
	v = &v[s->nstreams];
	*v = (struct sr_script_stream){ .person = person,
	    .label = sr_arena_dup(&s->arena, label) };
	if (v->label.p == NULL)
		return NULL;
	s->nstreams++;
	s->nids = id_stream(s, s->nstreams);
	return v;
}

static bool
adopt_line(struct sr_script *s, struct sr_script_line *to)
{
	struct sr_format *v = NULL;

	if (to->label.p != NULL)
		to->label = sr_arena_dup(&s->arena, to->label);
	if (to->content.p != NULL)
		to->content = sr_arena_dup(&s->arena, to->content);
	if (to->proto.p != NULL)
		to->proto = sr_arena_dup(&s->arena, to->proto);
	if (to->nformats > 0)
		v = sr_arena_alloc(&s->arena, to->nformats * sizeof(*v));
	for (size_t i = 0; v != NULL && i < to->nformats; i++) {
		v[i] = to->formats[i];
		v[i].name = sr_arena_dup(&s->arena, v[i].name);
		if (v[i].fmtp.p != NULL)
			v[i].fmtp = sr_arena_dup(&s->arena, v[i].fmtp);
	}
	to->formats = v;
	return v != NULL || to->nformats == 0;
}

struct sr_step *
sr_script_add_step(struct sr_script *s, enum sr_step_kind kind, sr_time at,
    const struct sr_script_line *lines, size_t nlines, struct sr_str xml)
{
	struct sr_step *v;
	struct sr_script_line *own;

	if (s->nsteps == STEPS_MAX || nlines > 256)
		return NULL;
	v = sr_arena_grow(&s->arena, s->steps, s->nsteps, sizeof(*v));
	own = sr_arena_alloc(&s->arena, (nlines + 1) * sizeof(*own));
	if (v == NULL || own == NULL)
		return NULL;
	s->steps = v;
	v = &v[s->nsteps];
	*v = (struct sr_step){ .kind = kind, .at = at, .told = at,
	    .has_sdp = nlines > 0, .lines = own, .nlines = nlines,
	    .stream = SR_NO_STREAM, .text = "as it was" };
	for (size_t i = 0; i < nlines; i++) {
		own[i] = lines[i];
		if (!adopt_line(s, &own[i]))
			return NULL;
	}
	if (xml.p != NULL) {
		v->xml = sr_arena_dup(&s->arena, xml);
		if (v->xml.p == NULL)
			return NULL;
		v->has_meta = true;
	}
	if (sr_step_checks(s, v) != SR_OK)
		return NULL;
	s->nsteps++;
	s->length = at > s->length ? at : s->length;
	return v;
}

void
sr_script_free(struct sr_script *s)
{
	sr_arena_free(&s->arena);
	*s = (struct sr_script){ 0 };
}

/* ---- one call ---- */

int
sr_script_call_new(struct sr_script_call *c, const struct sr_script *s,
    sr_random_fn *random, void *arg, sr_time start)
{
	*c = (struct sr_script_call){ .start = start, .nids = s->nids };
	c->ids = malloc((s->nids + 1) * sizeof(*c->ids));
	if (c->ids == NULL)
		return SR_ENOMEM;
	random(arg, c->ids[0], s->nids * sizeof(*c->ids));
	for (size_t i = 0; i < s->nids; i++) {	/* RFC 4122 section 4.4 */
		c->ids[i][6] = (uint8_t)((c->ids[i][6] & 0x0f) | 0x40);
		c->ids[i][8] = (uint8_t)((c->ids[i][8] & 0x3f) | 0x80);
	}
	return SR_OK;
}

void
sr_script_call_free(struct sr_script_call *c)
{
	free(c->ids);
	*c = (struct sr_script_call){ 0 };
}
