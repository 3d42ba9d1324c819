/* extract_retell - the logs of all parts become one, and the small files that
 * they name go along: in the order of time, with one begin and one end. */
#include "extract_join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { BODY_MAX = 16 << 20, MAX_LINE = 32 << 20 };
#define HOLE (200 * SR_MSEC)
#define SAME (100 * SR_MSEC)		/* a digit that two parts have heard */

struct hole {				/* to be told when it is over */
	sr_time at, length, over;
	const struct whole_stream *stream;
	bool told;
};
struct teller {
	struct whole *w;
	struct hole *holes;
	size_t nholes;
	sr_time now;			/* of the events told last ... */
	json_t *same;			/* ... and those of that time */
	struct sr_meta *meta;
	struct sr_buf line;
	unsigned nmeta, nsdp;
	size_t nevents;
};

/* ---- a line ---- */

static void
put(struct teller *t, const json_t *event)
{
	const struct options *o = t->w->o;

	t->line.n = 0;
	if (json_event(&t->line, event) != SR_OK ||
	    sr_buf_addc(&t->line, '\n') != SR_OK) {
		whole_fail(t->w, "session.jsonl", SR_ENOMEM);
		return;
	}
	t->nevents++;
	if (t->w->joined != NULL)
		whole_fail(t->w, "session.jsonl", sr_joined_put(t->w->joined,
		    "session.jsonl", sr_buf_str(&t->line)));
	if (!o->quiet && o->json)
		cli_put(sr_buf_str(&t->line));
}

/* ---- begin ---- */

static void
tell_begin(struct teller *t)
{
	const struct part *first = &t->w->parts[0];
	const json_t *o = NULL;
	json_t *copy;

	for (size_t i = 0; i < t->w->nparts && o == NULL; i++)
		o = t->w->parts[i].begin;
	copy = o != NULL ? json_copy((json_t *)(uintptr_t)o) :
	    whole_event(t->w, "begin", first->first);
	json_object_set_new(copy, "session", value_text(first->session));
	json_object_set_new(copy, "call_id", value_text(first->call_id));
	json_object_set_new(copy, "joined",
	    json_integer((json_int_t)t->w->nparts));
	put(t, copy);
	json_decref(copy);
}

/* ---- bodies ---- */

static int
read_body(struct teller *t, const struct part *p, struct sr_str name,
    struct sr_buf *out)
{
	char path[4096];

	sr_buf_init(out, BODY_MAX);
	if (name.n == 0 || name.p[0] == '.' || sr_strchr(name, '/') < name.n)
		return SR_EBAD;
	snprintf(path, sizeof(path), "%s/%.*s", p->path, SR_FMT(name));
	if (cli_read(path, BODY_MAX, out) == CLI_OK)
		return SR_OK;
	t->w->status = cli_worst(t->w->status, CLI_PARTIAL);
	return SR_ESYS;
}

static void
apply(struct teller *t, struct sr_str xml, sr_time now)
{
	struct sr_doc d;

	if (sr_doc_parse(&d, xml, (struct sr_str){ NULL, 0 }, BODY_MAX) ==
	    SR_OK && !sr_streq(d.root, SR_STR("requestsnapshot")) &&
	    (t->meta != NULL || sr_meta_new(&t->meta, BODY_MAX) == SR_OK))
		sr_meta_apply(t->meta, &d, now);
	sr_doc_free(&d);
}

/* Its number is that of the whole; so is the name of its file. */
static void
bring_body(struct teller *t, const struct part *p, json_t *o, bool metadata)
{
	unsigned n = metadata ? ++t->nmeta : ++t->nsdp;
	struct sr_buf body;
	char name[32];
	sr_time now = 0;

	snprintf(name, sizeof(name), metadata ? "metadata-%04u.xml" :
	    "sdp-%04u.sdp", n);
	json_time(o, "time", &now);
	if (t->w->joined != NULL && read_body(t, p, json_str(o, "file"),
	    &body) == SR_OK) {
		whole_fail(t->w, name, sr_joined_put(t->w->joined, name,
		    sr_buf_str(&body)));
		if (metadata)
			apply(t, sr_buf_str(&body), now);
		sr_buf_free(&body);
	}
	json_object_set_new(o, "file", json_string(name));
}

static void
save_snapshot(struct teller *t)
{
	struct sr_buf xml;

	if (t->meta == NULL || t->w->joined == NULL)
		return;
	sr_buf_init(&xml, BODY_MAX);
	if (sr_doc_xml(sr_meta_doc(t->meta), t->w->o->record.crypto, &xml) ==
	    SR_OK)
		whole_fail(t->w, "metadata.xml", sr_joined_put(t->w->joined,
		    "metadata.xml", sr_buf_str(&xml)));
	sr_buf_free(&xml);
}

/* ---- streams ---- */

/* A part that goes on says again that there is a stream: it is told once, and
 * then only when its source is another one. */
static bool
retell_stream(struct whole_stream *s, json_t *o)
{
	uint32_t ssrc = json_ssrc(o, "ssrc");
	bool again = s->is_told;

	if (again && s->told == ssrc)
		return false;
	if (again) {
		json_object_set_new(o, "event", json_string("ssrc"));
		json_object_set_new(o, "from", value_ssrc(s->told));
		json_object_set_new(o, "to", value_ssrc(ssrc));
		for (const char *const *k = (const char *const []){ "m",
		    "codec", "clock", "payload_type", "ssrc", "src", "dst",
		    NULL }; *k != NULL; k++)
			json_object_del(o, *k);
	}
	s->told = ssrc;
	return s->is_told = true;
}

/* Where the first packet of a part stands; its sample 0 where nobody says. */
static sr_time
first_of(const struct part_stream *u, uint32_t ssrc)
{
	for (size_t i = 0; i < u->nsources; i++)
		if (ssrc == 0 || u->sources[i].ssrc == ssrc)
			return u->at + u->sources[i].at;
	return u->at;
}

static bool
retell_pause(struct whole_stream *s, bool paused)
{
	bool news = s->paused != paused;

	s->paused = paused;
	return news;
}

/* A digit of an earlier part that this one has heard, too. */
static bool
was_heard(const struct teller *t, const struct part *p,
    const struct part_stream *u, const json_t *digit)
{
	sr_time at = u->at + json_seconds(digit, "at");

	for (const struct part *q = t->w->parts; q < p; q++) {
		const struct part_stream *v = t->w->streams[u->whole].of[
		    q - t->w->parts];

		for (size_t i = 0; v != NULL && i < json_array_size(q->events);
		    i++) {
			const json_t *o = json_array_get(q->events, i);
			sr_time d;

			if (!sr_streq(json_str(o, "event"), SR_STR("dtmf")) ||
			    part_stream(q, o) != v || !sr_streq(json_str(o,
			    "digit"), json_str(digit, "digit")))
				continue;
			d = v->at + json_seconds(o, "at") - at;
			if (d < SAME && d > -SAME)
				return true;
		}
	}
	return false;
}

/* What another part has of it is no gap any more. */
static bool
is_filled(const struct whole_stream *s, sr_time at, sr_time length)
{
	return sr_splice_heard(s->splice, at, at + length) > length / 2;
}

/* True: it is still to be told, as it is now. */
static bool
retell_of_stream(struct teller *t, const struct part *p,
    const struct part_stream *u, struct sr_str kind, json_t *o)
{
	struct whole_stream *s = &t->w->streams[u->whole];
	bool stream = sr_streq(kind, SR_STR("stream"));
	sr_time at = u->at + json_seconds(o, "at");

	if (stream && s->is_told)
		json_object_set_new(o, "at", value_seconds(first_of(u,
		    json_ssrc(o, "ssrc"))));
	if (stream && !retell_stream(s, o))
		return false;
	if (sr_streq(kind, SR_STR("ssrc")))
		s->told = json_ssrc(o, "to");
	if (sr_streq(kind, SR_STR("dtmf")) && was_heard(t, p, u, o))
		return false;
	if (sr_streq(kind, SR_STR("gap")) && is_filled(s, at,
	    json_seconds(o, "duration")))
		return false;
	if (sr_streq(kind, SR_STR("pause")) || sr_streq(kind,
	    SR_STR("resume")))
		if (!retell_pause(s, kind.p[0] == 'p'))
			return false;
	if (!stream && json_object_get(o, "at") != NULL)
		json_object_set_new(o, "at", value_seconds(at));
	json_object_set_new(o, "label", value_text(s->label));
	return true;
}

/* ---- the hole between two parts ---- */

/* Does the part say itself what is missing before its first packets? */
static bool
says_gap(const struct part *p, const struct part_stream *u, sr_time from)
{
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *o = json_array_get(p->events, i);
		sr_time d;

		if (!sr_streq(json_str(o, "event"), SR_STR("gap")) ||
		    part_stream(p, o) != u)
			continue;
		d = u->at + json_seconds(o, "at") - from;
		if (d < SR_SEC && d > -SR_SEC)
			return true;
	}
	return false;
}

/* Until when a part has recorded a stream: its last sound, unless that was
 * silent by then. */
static sr_time
last_of(const struct part *p, const struct part_stream *u)
{
	sr_time end = u->at + p->length;

	return u->sounds && end - u->to < SR_SEC ? u->to : end;
}

static void
find_hole(struct teller *t, size_t part, const struct whole_stream *s)
{
	const struct whole *w = t->w;
	const struct part_stream *u = s->of[part];
	sr_time from = INT64_MIN, to = u != NULL ? first_of(u, 0) : 0, last;
	struct hole *v;

	for (size_t k = 0; k < part && u != NULL; k++)
		if (s->of[k] != NULL && (last = last_of(&w->parts[k],
		    s->of[k])) > from)
			from = last;
	if (from == INT64_MIN || to - from < HOLE || says_gap(&w->parts[part],
	    u, from) || is_filled(s, from, to - from))
		return;
	v = sr_arena_grow(&t->w->arena, t->holes, t->nholes, sizeof(*v));
	if (v == NULL)
		return;
	t->holes = v;
	v[t->nholes++] = (struct hole){ .at = from, .length = to - from,
	    .over = w->start + to, .stream = s };
}

static void
find_holes(struct teller *t)
{
	for (size_t k = 1; k < t->w->nparts; k++)
		for (size_t i = 0; i < t->w->nstreams; i++)
			find_hole(t, k, &t->w->streams[i]);
}

/* Those that are over; where nothing was to come nothing is missing. */
static void
tell_holes(struct teller *t, sr_time now)
{
	for (size_t i = 0; i < t->nholes; i++) {
		struct hole *h = &t->holes[i];
		json_t *o;

		if (h->told || h->over > now)
			continue;
		h->told = true;
		if (h->stream->paused)
			continue;
		o = whole_event(t->w, "gap", h->over);
		json_object_set_new(o, "label", value_text(h->stream->label));
		json_object_set_new(o, "at", value_seconds(h->at));
		json_object_set_new(o, "duration", value_seconds(h->length));
		put(t, o);
		json_decref(o);
	}
}

/* ---- in order ---- */

static void
retell(struct teller *t, struct part *p, json_t *event)
{
	struct sr_str kind = json_str(event, "event");
	const struct part_stream *u = part_stream(p, event);
	bool metadata = sr_streq(kind, SR_STR("metadata"));
	json_t *o;

	if (sr_streq(kind, SR_STR("begin")) || sr_streq(kind, SR_STR("end")))
		return;
	o = json_copy(event);
	json_object_set_new(o, "session", value_text(t->w->parts[0].session));
	json_object_set_new(o, "call_id", value_text(t->w->parts[0].call_id));
	if (metadata || sr_streq(kind, SR_STR("offer")) ||
	    sr_streq(kind, SR_STR("answer")))
		bring_body(t, p, o, metadata);
	if (u == NULL || retell_of_stream(t, p, u, kind, o))
		put(t, o);
	json_decref(o);
}

/* Two parts that were there at once have seen the same messages. */
static bool
is_again(struct teller *t, const json_t *event, sr_time now)
{
	json_t *o = json_copy((json_t *)(uintptr_t)event);
	bool again = false;

	if (now != t->now)
		json_array_clear(t->same);
	t->now = now;
	json_object_del(o, "frame");
	json_object_del(o, "file");
	for (size_t i = 0; i < json_array_size(t->same) && !again; i++)
		again = json_equal(json_array_get(t->same, i), o);
	if (!again)
		json_array_append(t->same, o);
	json_decref(o);
	return again;
}

static struct part *
next_part(const struct teller *t, sr_time *at)
{
	struct part *best = NULL;
	sr_time first = 0, now;

	for (size_t i = 0; i < t->w->nparts; i++) {
		struct part *p = &t->w->parts[i];

		if (p->next >= json_array_size(p->events))
			continue;
		json_time(json_array_get(p->events, p->next), "time", &now);
		if (best == NULL || now < first) {
			best = p;
			first = now;
		}
	}
	*at = first;
	return best;
}

static void
tell_events(struct teller *t)
{
	struct part *p;
	sr_time now;

	find_holes(t);
	t->same = json_array();
	while ((p = next_part(t, &now)) != NULL) {
		json_t *o = json_array_get(p->events, p->next++);

		tell_holes(t, now);
		if (t->w->nparts == 1 || !is_again(t, o, now))
			retell(t, p, o);
	}
	tell_holes(t, SR_NEVER);
	json_decref(t->same);
}

/* ---- the whole ---- */

static void
finish_files(struct teller *t)
{
	struct whole *w = t->w;
	struct sr_end_file *v = calloc(w->nstreams + 1, sizeof(*v));

	if (v == NULL) {
		whole_fail(w, "", SR_ENOMEM);
		return;
	}
	whole_fail(w, "", sr_joined_finish(w->joined, t->meta != NULL ?
	    sr_meta_doc(t->meta) : NULL, v));
	for (size_t i = 0; i < w->nstreams; i++)
		w->streams[i].file = v[i];
	free(v);
}

static void
no_files(struct whole *w)
{
	for (size_t i = 0; i < w->nstreams; i++)
		if (sr_splice_rate(w->streams[i].splice) > 0)
			w->streams[i].file.duration = w->length;
}

/* A terminal has a reader who wants to know how it went. */
static void
say(const struct teller *t)
{
	const struct whole *w = t->w;
	char text[1200];

	if (w->o->quiet || w->o->json)
		return;
	snprintf(text, sizeof(text), "%zu parts, %zu streams, %.3f s%s%s\n",
	    w->nparts, w->nstreams, (double)w->length / 1e9,
	    w->joined != NULL ? ": " : "", w->joined != NULL ?
	    sr_joined_path(w->joined) : "");
	cli_put(sr_cstr(text));
}

void
whole_tell(struct whole *w)
{
	struct teller t = { .w = w };
	json_t *end;

	sr_buf_init(&t.line, MAX_LINE);
	tell_begin(&t);
	tell_events(&t);
	save_snapshot(&t);
	if (w->joined != NULL)
		finish_files(&t);
	else
		no_files(w);
	end = whole_end(w);
	put(&t, end);
	json_decref(end);
	say(&t);
	sr_meta_free(t.meta);
	sr_buf_free(&t.line);
}
