/* log_in - what the log of a session directory tells of its documents.
 *
 * session.jsonl is written by the recorder, one event a line; siprec-events(5)
 * has the fields.  Lines that are no JSON are passed over: a recorder may
 * have been stopped in the middle of one. */
#include "siprec/meta.h"

#include <jansson.h>

struct log_reading {
	struct sr_log *log;
	int err;
};

static struct sr_str
keep(struct log_reading *r, const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	struct sr_str s = { json_string_value(v), json_string_length(v) };

	if (s.p == NULL)
		return s;
	s = sr_arena_dup(&r->log->arena, s);
	if (s.p == NULL)
		r->err = SR_ELIMIT;
	return s;
}

static void
document(struct log_reading *r, const json_t *o)
{
	struct sr_log *log = r->log;
	struct sr_log_doc *v = sr_arena_grow(&log->arena, log->docs,
	    log->ndocs, sizeof(*v));

	if (v == NULL) {
		r->err = SR_ELIMIT;
		return;
	}
	log->docs = v;
	v[log->ndocs++] = (struct sr_log_doc){ keep(r, o, "file"),
	    keep(r, o, "time") };
}

static void
people(struct log_reading *r, const json_t *o, struct sr_log_stream *s)
{
	const json_t *list = json_object_get(o, "participants");
	size_t n = json_array_size(list);

	if (n == 0)
		return;
	s->participants = sr_arena_alloc(&r->log->arena,
	    n * sizeof(*s->participants));
	if (s->participants == NULL) {
		r->err = SR_ELIMIT;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct sr_str id = keep(r, json_array_get(list, i), "id");

		if (id.p != NULL)
			s->participants[s->nparticipants++] = id;
	}
}

static void
end(struct log_reading *r, const json_t *o)
{
	const json_t *list = json_object_get(o, "streams");
	struct sr_log *log = r->log;
	size_t n = json_array_size(list);

	log->start = keep(r, o, "start");
	log->end = keep(r, o, "time");
	log->nstreams = 0;
	log->streams = sr_arena_alloc(&log->arena, n * sizeof(*log->streams));
	if (log->streams == NULL) {
		r->err = SR_ELIMIT;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(list, i);
		struct sr_log_stream *s = &log->streams[log->nstreams++];
		double d = json_number_value(json_object_get(v, "duration"));

		s->label = keep(r, v, "label");
		s->file = keep(r, v, "file");
		s->duration = d > 0 && d < 1e9 ? (sr_time)(d * 1e9) : -1;
		people(r, v, s);
	}
}

int
sr_log_read(struct sr_log *log, struct sr_str text, size_t max)
{
	struct log_reading r = { log, SR_OK };
	struct sr_str line;

	*log = (struct sr_log){ 0 };
	sr_arena_init(&log->arena, max);
	while (r.err == SR_OK && sr_strline(&text, &line)) {
		json_t *o = json_loadb(line.p, line.n, 0, NULL);
		struct sr_str event;

		event.p = json_string_value(json_object_get(o, "event"));
		event = sr_cstr(event.p);
		if (sr_streq(event, SR_STR("metadata")))
			document(&r, o);
		else if (sr_streq(event, SR_STR("end")))
			end(&r, o);
		json_decref(o);
	}
	return r.err;
}

void
sr_log_free(struct sr_log *log)
{
	sr_arena_free(&log->arena);
	*log = (struct sr_log){ 0 };
}
