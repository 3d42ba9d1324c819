/* replay_directory - a session directory, to be played again: its WAV files
 * encoded anew, its offers and its metadata at their times. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { FILE_MAX = 16 << 20, LOG_MAX = 256 << 20 };

struct reading {
	const struct options *o;
	struct retold retold;
	struct piece *piece;
	int dir;
	sr_time begun;
	bool begins, ends;
};

static struct sr_str
text(const json_t *o, const char *key)
{
	return sr_cstr(json_string_value(json_object_get(o, key)));
}

static bool
time_of(const json_t *o, const char *key, sr_time *t)
{
	int32_t zone;
	bool loose;

	return sr_time_parse(text(o, key), t, &zone, &loose) == SR_OK;
}

static int
slurp(const struct reading *r, struct sr_str name, struct sr_buf *out)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%.*s", r->o->source, SR_FMT(name));
	sr_buf_init(out, FILE_MAX);
	return cli_read(path, FILE_MAX, out);
}

static int
body(struct reading *r, const json_t *o, sr_time at, bool sdp)
{
	struct sr_str name = text(o, "file");
	struct sr_buf b;
	int status;

	if (name.n == 0 || memchr(name.p, '/', name.n) != NULL)
		return CLI_OK;
	if ((status = slurp(r, name, &b)) == CLI_OK && (sdp ?
	    retold_offer(&r->retold, at, sr_buf_str(&b)) :
	    retold_metadata(&r->retold, at, sr_buf_str(&b))) != SR_OK)
		status = CLI_SYSTEM;
	sr_buf_free(&b);
	return status;
}

/* ---- the end: which file is which m-line ---- */

static int
sound_of(struct reading *r, const json_t *s, sr_time start)
{
	json_int_t m = json_integer_value(json_object_get(s, "m"));
	struct sr_str name = text(s, "file");
	struct piece *p = r->piece;
	struct sound snd;
	int status;

	if (m < 1 || (size_t)m > p->nsounds || name.n < 4 ||
	    memchr(name.p, '/', name.n) != NULL ||
	    strcmp(name.p + name.n - 4, ".wav") != 0 ||
	    p->sounds[m - 1].pcm != NULL)
		return CLI_OK;
	if ((status = read_wav(r->dir, name.p, &snd)) != CLI_OK)
		return status;
	snd.lead = start - r->begun;
	p->sounds[m - 1] = snd;
	return CLI_OK;
}

static int
end(struct reading *r, const json_t *o, sr_time at)
{
	const json_t *streams = json_object_get(o, "streams");
	struct piece *p = r->piece;
	sr_time start = r->begun;
	int status = CLI_OK;

	r->ends = true;
	time_of(o, "start", &start);
	if (retold_end(&r->retold, at) != SR_OK)
		return CLI_SYSTEM;
	p->nsounds = p->script.nstreams;
	p->sounds = sr_arena_alloc(&p->arena, (p->nsounds + 1) *
	    sizeof(*p->sounds));
	if (p->sounds == NULL)
		return CLI_SYSTEM;
	for (size_t i = 0; i < p->nsounds; i++)
		p->sounds[i].kind = SOUND_SILENCE;
	for (size_t i = 0; i < json_array_size(streams) && status == CLI_OK;
	    i++)
		status = sound_of(r, json_array_get(streams, i), start);
	return status;
}

static int
event(struct reading *r, const json_t *o)
{
	struct sr_str kind = text(o, "event");
	sr_time t, at;

	if (!time_of(o, "time", &t))
		return CLI_OK;
	if (sr_streq(kind, SR_STR("begin"))) {
		r->begun = r->piece->start = t;
		r->begins = true;
		return CLI_OK;
	}
	if (!r->begins || r->ends)
		return CLI_OK;
	at = t - r->begun;
	if (sr_streq(kind, SR_STR("offer")) &&
	    sr_streq(text(o, "by"), SR_STR("src")))
		return body(r, o, at, true);
	if (sr_streq(kind, SR_STR("metadata")))
		return body(r, o, at, false);
	return sr_streq(kind, SR_STR("end")) ? end(r, o, at) : CLI_OK;
}

static int
read_log(struct reading *r)
{
	struct sr_buf log;
	struct sr_str rest, line;
	char path[4096];
	int status;

	snprintf(path, sizeof(path), "%s/session.jsonl", r->o->source);
	sr_buf_init(&log, LOG_MAX);
	status = cli_read(path, LOG_MAX, &log);
	rest = sr_buf_str(&log);
	while (status == CLI_OK && sr_strline(&rest, &line)) {
		json_t *o = json_loadb(line.p, line.n, 0, NULL);

		status = event(r, o);
		json_decref(o);
	}
	sr_buf_free(&log);
	if (status == CLI_OK && !r->ends) {
		cli_warn("%s: its log has no %s", path, r->begins ? "end" :
		    "begin");
		status = CLI_NOINPUT;
	}
	return status;
}

int
replay_directory(const struct options *o, struct pieces *out)
{
	struct reading r = { .o = o, .piece = piece_new(out) };
	int status;

	if (r.piece == NULL || retold_begin(&r.retold, r.piece, o) != SR_OK)
		return CLI_SYSTEM;
	r.dir = open(o->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r.dir < 0) {
		cli_warn("%s: %s", o->source, strerror(errno));
		return CLI_NOINPUT;
	}
	status = read_log(&r);
	close(r.dir);
	if (status == CLI_OK && r.piece->script.nstreams == 0) {
		cli_warn("%s: nothing was offered in it", o->source);
		status = CLI_NO;
	}
	return status;
}
