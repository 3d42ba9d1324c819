/* take - the media of a stream: which files it needs, and on to its worker. */
#include "priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rec_stream *
stream_new(struct rec_session *s, const struct sr_event *ev)
{
	struct rec_stream *t = s != NULL ?
	    sr_arena_alloc(&s->arena, sizeof(*t)) : NULL;

	if (t == NULL)
		return NULL;
	t->session = s;
	t->worker = s->dir >= 0 ? s->worker : NULL;
	t->index = sr_stream_index(ev->stream);
	t->label = sr_arena_dup(&s->arena, sr_stream_label(ev->stream));
	*s->streams_end = t;
	s->streams_end = &t->next;
	s->nstreams++;
	*sr_stream_slot(ev->stream) = t;
	return t;
}

int
take_again(struct rec_session *s, const struct sr_event *ev)
{
	struct rec_stream *t = stream_new(s, ev);
	struct left_file f;

	if (t == NULL)
		return SR_ENOMEM;
	if (!resume_file(s, sr_stream_was(ev->stream), &f))
		return SR_OK;
	t->again = true;
	t->rate = f.rate;
	t->channels = f.channels;
	if (f.file.n > 0 && f.rate > 0 && f.channels > 0)
		t->file = strndup(f.file.p, f.file.n);
	if (f.dump.n > 0)
		t->dump_file = strndup(f.dump.p, f.dump.n);
	s->marked++;
	return SR_OK;
}

/* Can this very format be decoded here?  Only opening it tells: parameters
 * may ask for what the codec's library does not do. */
static bool
decodable(const struct sr_format *f)
{
	const struct sr_codec *c = sr_codec_find(f->id);
	void *state = NULL;

	if (c == NULL || c->open(&state, f) != SR_OK)
		return false;
	c->close(state);
	return true;
}

static void
first_file(struct rec_session *s, struct rec_stream *t,
    const struct sr_event *ev, const struct rec_format *f)
{
	const char *lib;
	char text[300];

	if (f->decodable && t->file == NULL) {
		if (s->recorder->feeds != NULL &&
		    s->recorder->cfg.keep == SR_KEEP_FULL)
			t->participant = sr_arena_dup(&s->arena,
			    sr_stream_participant(ev->stream));
		t->rate = sr_codec_rate(f->format);
		t->channels = sr_codec_channels(f->format);
		t->file = files_name(s, t->label, ".wav");
	}
	if (f->decodable || t->dump_file != NULL)
		return;
	t->dump_file = files_name(s, t->label, ".rtpdump");
	lib = sr_codec_missing(f->format->id);
	snprintf(text, sizeof(text), "stream %.*s: %.*s cannot be decoded%s%s: "
	    "its payload is kept in %s", SR_FMT(t->label),
	    SR_FMT(f->format->name), lib != NULL ? " without " : "",
	    lib != NULL ? lib : "", t->dump_file);
	recorder_warn(s, ev, "codec", text);
}

static struct rec_format *
format_new(struct sr_recorder *r, const struct sr_format *of)
{
	struct rec_format **v = realloc(r->formats,
	    (r->nformats + 1) * sizeof(*v)), *f;

	if (v == NULL || (f = sr_zalloc(sizeof(*f))) == NULL)
		return NULL;
	r->formats = v;
	f->format = of;
	f->decodable = decodable(of);
	r->formats[r->nformats++] = f;
	return f;
}

/* There are few formats, and most packets have that of the one before. */
static const struct rec_format *
format_of(struct rec_stream *t, const struct sr_event *ev)
{
	struct sr_recorder *r = t->session->recorder;
	const struct sr_format *want = ev->u.media->format;
	const struct rec_format *f = NULL;

	for (size_t i = 0; i < r->nformats && f == NULL; i++)
		if (r->formats[i]->format == want)
			f = r->formats[i];
	if (f == NULL)
		f = format_new(r, want);
	if (f != NULL) {
		t->last = f;
		first_file(t->session, t, ev, f);
	}
	return f;
}

int
take_media(const struct sr_event *ev)
{
	struct rec_stream *t = *sr_stream_slot(ev->stream);
	const struct rec_format *f;

	if (t == NULL && (t = stream_new(*sr_session_slot(ev->session), ev)) ==
	    NULL)
		return SR_ENOMEM;
	f = t->last;
	if ((f == NULL || f->format != ev->u.media->format) &&
	    (f = format_of(t, ev)) == NULL)
		return SR_ENOMEM;
	return t->worker != NULL ? worker_packet(t, f, ev->u.media) : SR_OK;
}

void
sr_recorder_ahead(struct sr_stream *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		__builtin_prefetch(*sr_stream_slot(v[i]), 1);
	for (size_t i = 0; i < n; i++) {
		const struct rec_stream *t = *sr_stream_slot(v[i]);

		if (t == NULL || t->fill == NULL)
			continue;
		for (size_t k = 0; k < 4; k++)
			__builtin_prefetch(t->fill + 64 * k, 1);
	}
}
