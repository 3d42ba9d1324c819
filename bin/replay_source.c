/* replay_source - what is to be played: a flow, WAV files, or recordings. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "siprec/out.h"

struct piece *
piece_new(struct pieces *out)
{
	struct piece **v = realloc(out->v, (out->n + 1) * sizeof(*v)), *p;

	if (v == NULL || (p = sr_zalloc(sizeof(*p))) == NULL) {
		if (v != NULL)
			out->v = v;
		return NULL;
	}
	out->v = v;
	sr_arena_init(&p->arena, SIZE_MAX / 4);
	out->v[out->n++] = p;
	return p;
}

void
pieces_free(struct pieces *p)
{
	for (size_t i = 0; i < p->n; i++) {
		for (size_t k = 0; k < p->v[i]->nsounds; k++)
			free(p->v[i]->sounds[k].pcm);
		sr_script_free(&p->v[i]->script);
		sr_arena_free(&p->v[i]->arena);
		free(p->v[i]);
	}
	free(p->v);
}

/* ---- made-up sounds ---- */

static uint32_t
tone_of(const struct options *o, size_t i)
{
	struct sr_str rest = sr_cstr(o->tone), one;
	uint64_t hz;

	for (size_t k = 0; sr_strcut(&rest, ',', &one); k++)
		if (k == i && sr_strnum(sr_trim(one), &hz) == SR_OK)
			return (uint32_t)hz;
	return 440 * (1 + (uint32_t)i);
}

static int
make_sounds(const struct options *o, struct piece *p)
{
	p->nsounds = p->script.nstreams;
	p->sounds = sr_arena_alloc(&p->arena, (p->nsounds + 1) *
	    sizeof(*p->sounds));
	if (p->sounds == NULL)
		return CLI_SYSTEM;
	for (size_t i = 0; i < p->nsounds; i++) {
		p->sounds[i].kind = o->speech ? SOUND_SPEECH : SOUND_TONE;
		p->sounds[i].hz = tone_of(o, i);
	}
	return CLI_OK;
}

static int
make_piece(const struct options *o, const char *flow, struct pieces *out)
{
	struct sr_script_cfg cfg = o->script;
	struct piece *p = piece_new(out);
	int err;

	if (p == NULL)
		return CLI_SYSTEM;
	cfg.flow = flow;
	cfg.speed = o->speed > 0 && o->write == NULL ? o->speed : 1;
	err = sr_script_new(&p->script, &cfg);
	if (err == SR_ENOENT)
		return cli_usage("no such flow or dialect ('--flow list' and "
		    "'--dialect list' show them)");
	if (err != SR_OK) {
		cli_warn("flow %s: %s", flow != NULL ? flow : "basic",
		    sr_strerror(err));
		return CLI_SYSTEM;
	}
	return make_sounds(o, p);
}

/* ---- WAV files ---- */

int
read_wav(int dir, const char *path, struct sound *out)
{
	int err;

	*out = (struct sound){ .kind = SOUND_WAV };
	err = sr_audio_read(dir, path, &out->pcm, &out->frames, &out->rate);
	if (err == SR_OK)
		return CLI_OK;
	cli_warn("%s: %s", path, err == SR_ESYS ? strerror(errno) :
	    err == SR_EBAD ? "no audio file that we can read" :
	    sr_strerror(err));
	return CLI_NOINPUT;
}

/* As long as the longest file, where nothing else is said. */
static int
from_wavs(const struct options *o, struct pieces *out)
{
	struct options mine = *o;
	struct sound *v = calloc(o->nwavs, sizeof(*v));
	sr_time longest = SR_SEC;
	int status = v != NULL ? CLI_OK : CLI_SYSTEM;

	for (size_t i = 0; i < o->nwavs && status == CLI_OK; i++) {
		status = read_wav(AT_FDCWD, o->wavs[i].path, &v[i]);
		if (status == CLI_OK && (sr_time)(v[i].frames * 1000 /
		    v[i].rate) * SR_MSEC > longest)
			longest = (sr_time)(v[i].frames * 1000 / v[i].rate) *
			    SR_MSEC;
	}
	mine.script.labels = o->labels;
	mine.script.nlabels = mine.script.streams = o->nwavs;
	if (o->duration == 0)
		mine.script.duration = longest;
	if (status == CLI_OK)
		status = make_piece(&mine, o->script.flow, out);
	for (size_t i = 0; i < o->nwavs; i++) {
		if (status == CLI_OK && i < out->v[0]->nsounds)
			out->v[0]->sounds[i] = v[i];
		else
			free(v[i].pcm);
	}
	free(v);
	return status;
}

int
replay_source(const struct options *o, struct pieces *out)
{
	const struct sr_call_flow *f;
	struct stat st;
	int status = CLI_OK;

	if (o->conformance) {
		for (size_t i = 0; status == CLI_OK &&
		    (f = sr_call_flow(i)) != NULL; i++)
			status = make_piece(o, f->name, out);
		return status;
	}
	if (o->nwavs > 0)
		return from_wavs(o, out);
	if (o->source == NULL)
		return make_piece(o, o->script.flow, out);
	if (stat(o->source, &st) == 0 && S_ISDIR(st.st_mode))
		return replay_directory(o, out);
	return replay_capture(o, out);
}
