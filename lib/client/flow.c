/* flow - the flows by name, and how their rows become the steps of a script. */
#include "client/priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- by name ---- */

static const struct {
	const struct flow *v;
	const size_t *n;
} books[] = {
	{ sr_flows_basic, &sr_nflows_basic },
	{ sr_flows_rfc8068, &sr_nflows_rfc8068 },
	{ sr_flows_media, &sr_nflows_media },
	{ sr_flows_dialog, &sr_nflows_dialog },
	{ sr_flows_server, &sr_nflows_server },
};

const struct sr_call_flow *
sr_call_flow(size_t i)
{
	for (size_t b = 0; b < COUNT(books); b++) {
		if (i < *books[b].n)
			return &books[b].v[i].shown;
		i -= *books[b].n;
	}
	return NULL;
}

const struct flow *
sr_flow_find(const char *name)
{
	for (size_t b = 0; b < COUNT(books); b++)
		for (size_t i = 0; i < *books[b].n; i++)
			if (strcmp(books[b].v[i].shown.name, name) == 0)
				return &books[b].v[i];
	return NULL;
}

/* ---- the usual checks ---- */

#define LINES " answer all-mlines audio-taken recvonly inactive port-0 " \
    "formats labels origin no-record"
#define ANY " srs-contact no-metadata to-tag echo"

static const char *
usual(const struct sr_step *step)
{
	switch (step->kind) {
	case SR_DO_INVITE:
		return step->has_sdp ? "accept-invite allow update-allowed"
		    LINES ANY : "accept-invite allow update-allowed" ANY;
	case SR_DO_REINVITE:
		return step->has_sdp ? "accept-reinvite" LINES ANY :
		    "accept-reinvite" ANY;
	case SR_DO_UPDATE:
		return step->has_sdp ? "accept-update" LINES ANY :
		    "accept-update" ANY;
	case SR_DO_BYE:
		return "bye-200 to-tag echo";
	case SR_DO_INFO: case SR_DO_OPTIONS: case SR_DO_CANCEL:
		return "echo";
	default:
		return "";
	}
}

static int
add_checks(struct sr_script *s, struct sr_step *step, const char *ids)
{
	const struct sr_check **v = (const struct sr_check **)step->checks;
	struct sr_str rest = sr_cstr(ids), id;

	while (sr_strcut(&rest, ' ', &id)) {
		const struct sr_check *c;

		if (id.n == 0)
			continue;
		if ((c = sr_check_named(id)) == NULL)
			return SR_EBAD;
		v = sr_arena_grow(&s->arena, v, step->nchecks, sizeof(*v));
		if (v == NULL)
			return SR_ELIMIT;
		v[step->nchecks++] = c;
		step->checks = v;
	}
	return SR_OK;
}

int
sr_step_checks(struct sr_script *s, struct sr_step *step)
{
	return add_checks(s, step, usual(step));
}

/* ---- one row ---- */

struct playing {
	struct sr_script *s;
	const struct sr_script_cfg *cfg;
	double stretch, speed;
	struct lines lines;
	struct sr_world world;
	sr_time told;			/* of the step before */
	bool begun;			/* metadata was told */
};

/* Where everybody hears all the others; a single stream has two voices. */
static void
crowd(struct sr_world *w, size_t n)
{
	uint64_t all = n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1;
	size_t people = n < 2 ? 2 : n;

	w->cs[1] = (struct sr_world_cs){ .open = true };
	for (size_t i = 0; i < people; i++) {
		struct sr_world_person *p = &w->people[i];

		p->in = 1u << 1;
		p->send = n < 2 ? 1 : UINT64_C(1) << i;
		p->hear = n < 2 ? 1 : all & ~p->send;
	}
	if (people == 2) {
		w->cs[1].nlegs = 1;
		w->cs[1].leg[0][1] = 1;
		return;
	}
	for (size_t i = 0; i < people && i < LEGS; i++) {
		w->cs[1].leg[i][0] = (uint8_t)i;
		w->cs[1].leg[i][1] = FOCUS;
		w->cs[1].nlegs++;
	}
}

/* Our ports and keys change once: the steps after have the new ones. */
static int
settle_lines(struct playing *p)
{
	struct sr_script_line *v;
	bool changed = false;

	for (size_t i = 0; i < p->lines.n; i++)
		changed |= p->lines.v[i].moved || p->lines.v[i].rekeyed;
	if (!changed)
		return SR_OK;
	v = sr_arena_alloc(&p->s->arena, p->lines.n * sizeof(*v));
	if (v == NULL)
		return SR_ELIMIT;
	memcpy(v, p->lines.v, p->lines.n * sizeof(*v));
	for (size_t i = 0; i < p->lines.n; i++)
		v[i].moved = v[i].rekeyed = false;
	p->lines.v = v;
	return SR_OK;
}

static int
put_lines(struct playing *p, const struct row *r, struct sr_step *step)
{
	size_t n = p->cfg->streams > 0 && r->arg < 64 ? p->cfg->streams :
	    r->arg;
	int err;

	if ((r->flags & CROWD) != 0)
		err = sr_lines_crowd(p->s, p->cfg, n, &p->lines);
	else if (r->lines != NULL)
		err = sr_lines_read(p->s, p->cfg, r->lines, &p->lines);
	else
		err = settle_lines(p);
	step->lines = p->lines.v;
	step->nlines = p->lines.n;
	return err;
}

static int
put_meta(struct playing *p, const struct row *r, struct sr_step *step)
{
	struct sr_world *w;
	int err = SR_OK;

	if (r->meta != NULL) {
		if ((r->flags & CROWD) != 0)
			crowd(&p->world, p->lines.n);
		else
			err = sr_world_change(&p->world, r->meta, step->told);
		sr_world_lines(&p->world, p->lines.v, p->lines.n);
		sr_world_settle(&p->world);
		p->begun = true;
		step->has_meta = true;
		step->partial = (r->flags & PARTIAL) != 0 ||
		    ((r->flags & COMPLETE) == 0 && r->kind != SR_DO_INVITE);
	}
	if (r->kind == SR_DO_BYE && !p->s->dialect->bye_meta)
		step->has_meta = false;
	if (step->has_meta && p->s->dialect->complete && r->kind != SR_DO_BYE)
		step->partial = false;
	if (r->xml != NULL) {
		step->xml = sr_cstr(r->xml);
		step->has_meta = true;
	}
	if (!p->begun || err != SR_OK)
		return err;
	if (r->meta == NULL && p->s->nsteps > 0) {
		step->world = p->s->steps[p->s->nsteps - 1].world;
		return SR_OK;
	}
	if ((w = sr_arena_alloc(&p->s->arena, sizeof(*w))) == NULL)
		return SR_ELIMIT;
	*w = p->world;
	step->world = w;
	return SR_OK;
}

/* Clients that know no other update than a re-INVITE send the SDP again; there
 * is none before the answer. */
static void
put_kind(struct playing *p, const struct row *r, struct sr_step *step)
{
	bool request = r->kind == SR_DO_INVITE || r->kind == SR_DO_REINVITE ||
	    r->kind == SR_DO_UPDATE;

	step->kind = r->kind;
	step->has_sdp = (request && (r->flags & NO_SDP) == 0) ||
	    (r->kind == SR_AWAIT && r->method == SR_INVITE);
	if (r->kind == SR_DO_UPDATE && r->from != SR_FROM_RINGING &&
	    p->s->dialect->update == SR_INVITE) {
		step->kind = SR_DO_REINVITE;
		step->has_sdp = true;
	}
}

static void
put_times(struct playing *p, const struct row *r, struct sr_step *step)
{
	double at = (double)r->at * (double)SR_MSEC;

	if (r->from == SR_FROM_ANSWER)
		at *= p->stretch;
	step->from = r->from;
	if (r->kind == SR_AWAIT) {
		step->limit = (sr_time)at;
		step->told = p->told;
		return;
	}
	step->at = (sr_time)(at / p->speed);
	step->told = (sr_time)(r->from == SR_FROM_ANSWER ? at :
	    (double)p->told + at);
}

static int
put_row(struct playing *p, const struct row *r, struct sr_step *step)
{
	int err;

	put_kind(p, r, step);
	put_times(p, r, step);
	if ((err = put_lines(p, r, step)) != SR_OK ||
	    (err = put_meta(p, r, step)) != SR_OK)
		return err;
	step->leg = (r->flags & LEG_1) != 0;
	step->method = r->method;
	step->replaces = (r->flags & (REPLACES | STRANGER)) != 0;
	step->early_only = (r->flags & EARLY_ONLY) != 0;
	step->cross = (r->flags & CROSS) != 0;
	step->small = (r->flags & SMALL) != 0;
	step->patient = (r->flags & PATIENT) != 0;
	step->stranger = (r->flags & STRANGER) != 0;
	step->rel = (r->flags & REL) != 0;
	step->no_mark = (r->flags & NO_MARK) != 0;
	step->no_require = (r->flags & NO_REQUIRE) != 0;
	step->require = r->require;
	step->session_expires = r->expires;
	step->refresher = r->refresher;
	step->type = sr_cstr(r->type);
	step->body = sr_cstr(r->body);
	step->withheld = r->withheld;
	step->act = r->act;
	step->stream = r->stream != 0 ? (size_t)(r->stream - 'a') :
	    SR_NO_STREAM;
	step->arg = r->arg;
	step->digits = sr_cstr(r->digits);
	step->text = r->text;
	p->told = step->told;
	err = add_checks(p->s, step, r->instead != NULL ? r->instead :
	    usual(step));
	return err == SR_OK && r->checks != NULL ?
	    add_checks(p->s, step, r->checks) : err;
}

/* ---- a whole flow ---- */

static size_t
people_of(const struct sr_script *s)
{
	size_t n = 2;

	for (size_t i = 0; i < s->nsteps; i++)
		for (size_t k = n; s->steps[i].world != NULL &&
		    k < SR_PEOPLE_MAX; k++)
			if (s->steps[i].world->people[k].in != 0)
				n = k + 1;
	return n;
}

/* Who speaks in a stream: the one who is the first to send it alone. */
static void
voices(struct sr_script *s)
{
	for (size_t k = 0; k < s->nstreams; k++)
		for (size_t i = 0; i < s->nsteps; i++) {
			size_t who = SR_NO_STREAM, n = 0;

			for (size_t j = 0; s->steps[i].world != NULL &&
			    j < s->npeople; j++)
				if ((s->steps[i].world->people[j].send >> k &
				    1) != 0) {
					who = j;
					n++;
				}
			if (n == 0)
				continue;
			s->streams[k].person = n == 1 ? who : SR_NO_STREAM;
			break;
		}
}

int
sr_flow_play(struct sr_script *s, const struct flow *f,
    const struct sr_script_cfg *cfg)
{
	struct playing *p = sr_zalloc(sizeof(*p));
	int err = SR_OK;

	if (p == NULL)
		return SR_ENOMEM;
	p->s = s;
	p->cfg = cfg;
	p->stretch = p->speed = 1;
	if (!f->fixed && cfg->duration > 0)
		p->stretch = (double)cfg->duration / (double)f->shown.length;
	if (!f->fixed && cfg->speed > 0)
		p->speed = cfg->speed;
	s->flow = f->shown.name;
	for (size_t i = 0; i < f->nrows && err == SR_OK; i++) {
		struct sr_step *v = sr_arena_grow(&s->arena, s->steps,
		    s->nsteps, sizeof(*v));

		if (v == NULL) {
			err = SR_ELIMIT;
			break;
		}
		s->steps = v;
		v[s->nsteps] = (struct sr_step){ .stream = SR_NO_STREAM };
		err = put_row(p, &f->rows[i], &v[s->nsteps]);
		if (v[s->nsteps].leg >= s->legs)
			s->legs = v[s->nsteps].leg + 1;
		s->nsteps++;
	}
	s->length = (sr_time)((double)f->shown.length * p->stretch /
	    p->speed);
	if (err == SR_OK)
		err = sr_script_people(s, cfg, people_of(s));
	voices(s);
	free(p);
	return err;
}
