/* extract_part - a session directory, as far as it is not audio.
 *
 * A log without an end is one of a process that was killed: then its first
 * packets tell when its time line began, and its files are found by name. */
#include "extract_join.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

enum { LOG_MAX = 256 << 20, META_MAX = 16 << 20, MEMORY = 64 << 20,
	MAX_STREAMS = 1024, MAX_MARKS = 64 };

struct marks {
	struct sr_marked v[MAX_MARKS];
	size_t n;
};

/* ---- the log ---- */

static void
take_event(struct part *p, json_t *o)
{
	struct sr_str kind = json_str(o, "event");
	sr_time t;

	if (p->call_id.p == NULL) {
		p->session = json_str(o, "session");
		p->call_id = json_str(o, "call_id");
	}
	if (json_time(o, "time", &t)) {
		if (json_array_size(p->events) == 0)
			p->first = t;
		p->last = t > p->last ? t : p->last;
	}
	if (p->begin == NULL && sr_streq(kind, SR_STR("begin")))
		p->begin = o;
	if (sr_streq(kind, SR_STR("end")))
		p->end = o;
	json_array_append(p->events, o);
}

static int
read_log(struct part *p)
{
	struct sr_str rest, line;
	struct sr_buf text;
	char path[4096];
	int status;

	snprintf(path, sizeof(path), "%s/session.jsonl", p->path);
	sr_buf_init(&text, LOG_MAX);
	status = cli_read(path, LOG_MAX, &text) == CLI_OK ? CLI_OK :
	    CLI_NOINPUT;
	rest = sr_buf_str(&text);
	while (status != CLI_NOINPUT && sr_strline(&rest, &line)) {
		json_t *o = json_loadb(line.p, line.n, 0, NULL);
		sr_time t;

		if (json_str(o, "event").n > 0 && json_time(o, "time", &t))
			take_event(p, o);
		else if (line.n > 0)
			status = CLI_PARTIAL;
		json_decref(o);
	}
	sr_buf_free(&text);
	if (status == CLI_PARTIAL)
		cli_warn("%s: not all of its lines are events", path);
	if (status != CLI_NOINPUT && p->call_id.n == 0) {
		cli_warn("%s: the log of no session", path);
		status = CLI_NOINPUT;
	}
	return status;
}

/* ---- streams ---- */

static struct part_stream *
add_stream(struct part *p, struct sr_str label)
{
	struct part_stream *v = p->nstreams < MAX_STREAMS ?
	    sr_arena_grow(&p->arena, p->streams, p->nstreams, sizeof(*v)) :
	    NULL;

	if (v == NULL)
		return NULL;
	p->streams = v;
	v[p->nstreams] = (struct part_stream){ .label = label };
	return &v[p->nstreams++];
}

static void
add_source(struct part *p, struct part_stream *t, const struct source *s)
{
	struct source *v = sr_arena_grow(&p->arena, t->sources, t->nsources,
	    sizeof(*v));

	if (v == NULL)
		return;
	t->sources = v;
	v[t->nsources++] = *s;
}

/* Places are whole units of the clock, though they are told in decimals. */
static sr_time
to_unit(double seconds, uint32_t clock)
{
	return seconds > -1e9 && seconds < 1e9 ?
	    ticks_time((int64_t)llround(seconds * clock), clock) : 0;
}

static void
read_source(struct part *p, struct part_stream *t, const json_t *o)
{
	struct source s = { .ssrc = json_ssrc(o, "ssrc") };
	json_int_t clock = json_integer_value(json_object_get(o, "clock"));

	if (clock < 1 || clock > 1000000)
		return;
	s.clock = (uint32_t)clock;
	s.ts = (uint32_t)json_integer_value(json_object_get(o, "timestamp"));
	s.at = to_unit(json_number_value(json_object_get(o, "at")), s.clock);
	add_source(p, t, &s);
}

/* A name of a file in this directory, and nothing else. */
static struct sr_str
file_name(const json_t *o)
{
	struct sr_str name = json_str(o, "file");

	if (name.n == 0 || name.p[0] == '.' || sr_strchr(name, '/') < name.n ||
	    strlen(name.p) != name.n)
		return (struct sr_str){ NULL, 0 };
	return name;
}

static bool
is_dump(struct sr_str name)
{
	return name.n > 8 && sr_streq(sr_substr(name, name.n - 8, 8),
	    SR_STR(".rtpdump"));
}

static void
streams_of_end(struct part *p)
{
	const json_t *list = json_object_get(p->end, "streams");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const json_t *sources = json_object_get(o, "sources");
		struct part_stream *t = add_stream(p, json_str(o, "label"));

		if (t == NULL)
			return;
		t->end = o;
		t->m = (unsigned)json_integer_value(json_object_get(o, "m"));
		t->file = file_name(o);
		if (is_dump(t->file))
			t->file = (struct sr_str){ NULL, 0 };
		for (size_t k = 0; k < json_array_size(sources); k++)
			read_source(p, t, json_array_get(sources, k));
	}
}

/* Of a process that was killed: what its log says of first packets. */
static void
streams_of_log(struct part *p)
{
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *o = json_array_get(p->events, i);
		bool first = sr_streq(json_str(o, "event"), SR_STR("stream"));
		struct part_stream *t;
		struct source s = { .clock = (uint32_t)json_integer_value(
		    json_object_get(o, "clock")) };
		sr_time now;

		if (first && (t = add_stream(p, json_str(o, "label"))) !=
		    NULL && json_time(o, "time", &now)) {
			t->m = (unsigned)json_integer_value(
			    json_object_get(o, "m"));
			s.ssrc = json_ssrc(o, "ssrc");
			s.ts = (uint32_t)json_integer_value(
			    json_object_get(o, "timestamp"));
			s.at = now - p->start;
			if (s.clock > 0)
				add_source(p, t, &s);
		} else if (sr_streq(json_str(o, "event"), SR_STR("ssrc")) &&
		    (t = part_stream(p, o)) != NULL && t->nsources > 0) {
			s.clock = t->sources[0].clock;
			s.ssrc = json_ssrc(o, "to");
			s.ts = (uint32_t)json_integer_value(
			    json_object_get(o, "timestamp"));
			s.at = to_unit(json_number_value(json_object_get(o,
			    "at")), s.clock);
			add_source(p, t, &s);
		}
	}
}

static struct sr_str
find_file(struct part *p, const struct part_stream *t, const char *suffix)
{
	char name[SR_FILE_NAME];
	struct stat st;
	unsigned k = 1;

	for (const struct part_stream *u = p->streams; u != t; u++)
		k += sr_streq(u->label, t->label);
	sr_record_name(t->label, suffix, k, name);
	if (fstatat(p->dir, name, &st, 0) != 0 || !S_ISREG(st.st_mode))
		return (struct sr_str){ NULL, 0 };
	return sr_arena_dup(&p->arena, sr_cstr(name));
}

static void
find_files(struct part *p)
{
	for (size_t i = 0; i < p->nstreams; i++) {
		struct part_stream *t = &p->streams[i];

		if (p->end == NULL)
			t->file = find_file(p, t, ".wav");
		t->dump = find_file(p, t, ".rtpdump");
	}
}

/* Where a source stands is better known than by its first packet. */
static void
settle_source(struct part *p, struct part_stream *t, const struct source *s)
{
	for (size_t i = 0; i < t->nsources; i++)
		if (t->sources[i].ssrc == s->ssrc) {
			t->sources[i] = *s;
			return;
		}
	add_source(p, t, s);
}

/* A process that was killed has left that: its time line to the sample. */
static void
read_left(struct part *p, struct sr_left *left, struct marks *m)
{
	sr_time start;

	m->n = 0;
	if (sr_left_read(p->dir, left) != SR_OK || sr_mark_read(left->mark,
	    &start, m->v, MAX_MARKS, &m->n) != SR_OK || start == SR_NEVER)
		m->n = 0;
	else
		p->start = start;
}

static void
use_left(struct part *p, const struct sr_left *left, const struct marks *m)
{
	for (size_t i = 0; i < p->nstreams && m->n > 0; i++) {
		struct part_stream *t = &p->streams[i];
		size_t was = t->file.n > 0 ? sr_left_file(left, t->file) :
		    SIZE_MAX;

		for (size_t k = 0; k < m->n; k++) {
			const struct sr_anchor *a = &m->v[k].source;

			if (m->v[k].was == was && a->clock > 0)
				settle_source(p, t, &(struct source){ a->ssrc,
				    a->clock, a->ts, ticks_time(a->at,
				    a->clock) });
		}
	}
}

/* Which stream of the metadata each of them is. */
static void
read_ids(struct part *p)
{
	const struct sr_mstream *s;
	struct sr_buf text;
	struct sr_doc d;
	struct stat st;
	char path[4096];

	if (fstatat(p->dir, "metadata.xml", &st, 0) != 0)
		return;
	snprintf(path, sizeof(path), "%s/metadata.xml", p->path);
	sr_buf_init(&text, META_MAX);
	cli_read(path, META_MAX, &text);
	sr_doc_parse(&d, sr_buf_str(&text), (struct sr_str){ NULL, 0 },
	    META_MAX);
	for (size_t i = 0; i < p->nstreams; i++)
		if ((s = sr_doc_by_label(&d, p->streams[i].label)) != NULL)
			p->streams[i].id = sr_arena_dup(&p->arena, s->id);
	sr_doc_free(&d);
	sr_buf_free(&text);
}

struct part_stream *
part_stream(const struct part *p, const json_t *event)
{
	struct sr_str label = json_str(event, "label");
	uint32_t ssrc = json_ssrc(event, "ssrc");
	struct part_stream *found = NULL;

	for (size_t i = 0; i < p->nstreams && label.p != NULL; i++) {
		struct part_stream *t = &p->streams[i];

		if (!sr_streq(t->label, label))
			continue;
		for (size_t k = 0; ssrc != 0 && k < t->nsources; k++)
			if (t->sources[k].ssrc == ssrc)
				return t;
		found = found != NULL ? found : t;
	}
	return found;
}

/* ---- the whole of it ---- */

/* The first packet that came, of whichever stream; else its begin. */
static sr_time
first_media(const struct part *p)
{
	sr_time first = SR_NEVER, t;

	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *o = json_array_get(p->events, i);

		if (sr_streq(json_str(o, "event"), SR_STR("stream")) &&
		    json_time(o, "time", &t) && t < first)
			first = t;
	}
	return first != SR_NEVER ? first : p->first;
}

static void
was_killed(struct part *p)
{
	struct marks m;
	struct sr_left left;

	read_left(p, &left, &m);
	streams_of_log(p);
	find_files(p);
	use_left(p, &left, &m);
	sr_left_free(&left);
}

int
part_read(struct part *p, const char *path)
{
	int status;

	*p = (struct part){ .path = path, .events = json_array() };
	sr_arena_init(&p->arena, MEMORY);
	p->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0) {
		cli_warn("%s: %s", path, strerror(errno));
		return CLI_NOINPUT;
	}
	if ((status = read_log(p)) == CLI_NOINPUT)
		return status;
	p->exact = json_time(p->end, "start_exact", &p->start);
	if (!p->exact && !json_time(p->end, "start", &p->start))
		p->start = first_media(p);
	p->length = json_seconds(p->end, "duration");
	if (p->end != NULL) {
		streams_of_end(p);
		find_files(p);
	} else {
		was_killed(p);
	}
	read_ids(p);
	return status;
}

void
part_free(struct part *p)
{
	json_decref(p->events);
	if (p->dir >= 0)
		close(p->dir);
	sr_arena_free(&p->arena);
}
