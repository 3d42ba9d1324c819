/* extract_end - what is to be said of a recording when all its parts are told:
 * sums of what each of them counted. */
#include "extract_join.h"

#include <string.h>

enum { SOURCES = 8 };

json_t *
whole_event(const struct whole *w, const char *kind, sr_time time)
{
	const struct part *first = &w->parts[0];
	json_t *o = json_object();

	json_object_set_new(o, "v", json_integer(1));
	json_object_set_new(o, "event", json_string(kind));
	json_object_set_new(o, "time", value_time(time, 3));
	json_object_set_new(o, "session", value_text(first->session));
	json_object_set_new(o, "call_id", value_text(first->call_id));
	return o;
}

/* A part that went on where another one was left counts what that one had,
 * too. */
static bool
goes_on(const struct part *p, const struct part *before)
{
	return p->exact && before->exact && p->start == before->start;
}

static json_int_t
count(const struct whole *w, const struct whole_stream *s, const char *key)
{
	json_int_t all = 0, most = 0;

	for (size_t k = 0; k < w->nparts; k++) {
		json_int_t n = s->of[k] == NULL ? 0 : json_integer_value(
		    json_object_get(s->of[k]->end, key));

		if (k == 0 || !goes_on(&w->parts[k], &w->parts[k - 1])) {
			all += most;
			most = 0;
		}
		most = n > most ? n : most;
	}
	return all + most;
}

static sr_time
heard(const struct whole *w, const struct whole_stream *s)
{
	sr_time all = 0, most = 0;

	for (size_t k = 0; k < w->nparts; k++) {
		sr_time n = s->of[k] == NULL ? 0 :
		    json_seconds(s->of[k]->end, "heard");

		if (k == 0 || !goes_on(&w->parts[k], &w->parts[k - 1])) {
			all += most;
			most = 0;
		}
		most = n > most ? n : most;
	}
	all += most;
	return all < w->length ? all : w->length;
}

/* A part that went on where another one was left says the same again. */
static bool
is_known(const json_t *a, uint32_t ssrc, uint32_t ts)
{
	for (size_t i = 0; i < json_array_size(a); i++) {
		const json_t *o = json_array_get(a, i);

		if (json_ssrc(o, "ssrc") == ssrc && json_integer_value(
		    json_object_get(o, "timestamp")) == (json_int_t)ts)
			return true;
	}
	return false;
}

static json_t *
sources(const struct whole *w, const struct whole_stream *s)
{
	json_t *a = json_array();

	for (size_t k = 0; k < w->nparts; k++)
		for (size_t i = 0; s->of[k] != NULL && i < s->of[k]->nsources;
		    i++) {
			const struct source *x = &s->of[k]->sources[i];
			json_t *o;

			if (is_known(a, x->ssrc, x->ts))
				continue;
			o = json_object();
			json_object_set_new(o, "ssrc", value_ssrc(x->ssrc));
			json_object_set_new(o, "clock",
			    json_integer(x->clock));
			json_object_set_new(o, "timestamp",
			    json_integer(x->ts));
			json_object_set_new(o, "at", value_seconds(
			    s->of[k]->at + x->at));
			json_array_append_new(a, o);
			if (json_array_size(a) > SOURCES)
				json_array_remove(a, SOURCES / 2);
		}
	return a;
}

/* What the latest of the parts says of it, where one says it. */
static void
latest(json_t *o, const struct whole *w, const struct whole_stream *s,
    const char *key, bool last)
{
	json_t *v = NULL, *is;

	for (size_t k = 0; k < w->nparts; k++)
		if (s->of[k] != NULL && (is = json_object_get(s->of[k]->end,
		    key)) != NULL && (v == NULL || last))
			v = is;
	if (v != NULL)
		json_object_set(o, key, v);
}

static unsigned
mline(const struct whole *w, const struct whole_stream *s)
{
	for (size_t k = 0; k < w->nparts; k++)
		if (s->of[k] != NULL)
			return s->of[k]->m;
	return 0;
}

static json_t *
participants(const struct whole *w, const struct whole_stream *s)
{
	json_t *v = NULL;

	for (size_t k = 0; k < w->nparts; k++) {
		json_t *is = s->of[k] != NULL ? json_object_get(
		    s->of[k]->end, "participants") : NULL;

		if (json_array_size(is) > 0)
			v = is;
	}
	return v != NULL ? json_incref(v) : json_array();
}

static json_t *
end_stream(const struct whole *w, const struct whole_stream *s)
{
	static const char *const counts[] = { "packets", "lost", "late",
	    "duplicate", "unauthentic" };
	json_t *o = json_object();

	json_object_set_new(o, "label", value_text(s->label));
	json_object_set_new(o, "m", json_integer(mline(w, s)));
	if (s->file.file.n > 0) {
		json_object_set_new(o, "file", value_text(s->file.file));
		json_object_set_new(o, "sha256", json_string(s->file.sha256));
	}
	latest(o, w, s, "codec", false);
	if (s->file.rate > 0)
		json_object_set_new(o, "rate", json_integer(s->file.rate));
	json_object_set_new(o, "ssrc", value_ssrc(s->told));
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (i < 4 || count(w, s, counts[i]) > 0)
			json_object_set_new(o, counts[i], json_integer(
			    count(w, s, counts[i])));
	json_object_set_new(o, "jitter_ms", json_real(0));
	latest(o, w, s, "jitter_ms", true);
	json_object_set_new(o, "duration", value_seconds(s->file.duration));
	json_object_set_new(o, "heard", value_seconds(heard(w, s)));
	json_object_set_new(o, "sources", sources(w, s));
	json_object_set_new(o, "participants", participants(w, s));
	return o;
}

json_t *
whole_end(const struct whole *w)
{
	const struct part *last = &w->parts[w->nparts - 1];
	struct sr_str reason = json_str(last->end, "reason");
	json_t *o, *streams = json_array();
	sr_time now = 0;

	for (size_t i = 0; i < w->nparts; i++)
		now = w->parts[i].last > now ? w->parts[i].last : now;
	o = whole_event(w, "end", now);
	json_object_set_new(o, "start", value_time(w->start, 3));
	json_object_set_new(o, "start_exact", value_time(w->start, 9));
	json_object_set_new(o, "duration", value_seconds(w->length));
	json_object_set_new(o, "dialog_duration", value_seconds(now -
	    w->parts[0].first));
	json_object_set_new(o, "reason", reason.n > 0 ? value_text(reason) :
	    json_string("capture-end"));
	for (size_t i = 0; i < w->nstreams; i++)
		json_array_append_new(streams, end_stream(w, &w->streams[i]));
	json_object_set_new(o, "streams", streams);
	return o;
}
