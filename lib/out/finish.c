/* finish - a stream's samples into its file, and a session's last acts. */
#include "priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
write_samples(void *arg, const int16_t *v, size_t frames)
{
	struct rec_stream *t = arg;

	if (t->feed != NULL)
		feed_samples(t->feed, v, frames * t->channels);
	return t->wav != NULL ? sr_wav_write(t->wav, v, frames) : SR_OK;
}

static int
write_silence(void *arg, uint64_t n)
{
	struct rec_stream *t = arg;

	if (t->feed != NULL)
		feed_silence(t->feed, n * t->channels);
	return t->wav != NULL ? sr_wav_silence(t->wav, n) : SR_OK;
}

static struct feed *
open_feed(struct rec_stream *t)
{
	char rate[16], channels[16], name[160];
	struct sr_str dir = sr_cstr(t->session->path);
	struct sr_str session = t->session->id;
	struct variable v[] = { { "SIPREC_RATE", { rate, 0 } },
	    { "SIPREC_CHANNELS", { channels, 0 } },
	    { "SIPREC_LABEL", t->label }, { "SIPREC_SESSION", session },
	    { "SIPREC_PARTICIPANT", t->participant }, { "SIPREC_DIR", dir },
	    { "SIPREC_FILE", sr_cstr(t->file) } };

	if (t->session->recorder->feeds == NULL)
		return NULL;
	v[0].value.n = (size_t)snprintf(rate, sizeof(rate), "%u", t->rate);
	v[1].value.n = (size_t)snprintf(channels, sizeof(channels), "%u",
	    t->channels);
	snprintf(name, sizeof(name), "session %.*s, stream %.*s",
	    (int)(session.n < 100 ? session.n : 100), session.p,
	    (int)(t->label.n < 30 ? t->label.n : 30), t->label.p);
	return feed_new(t->session->recorder->feeds, name, v,
	    sizeof(v) / sizeof(*v));
}

static int
open_track(struct rec_stream *t)
{
	struct sr_pcm_sink sink = { t, write_samples, write_silence };
	int err = (t->again ? sr_wav_append : sr_wav_new)(&t->wav,
	    t->session->dir, t->file, t->rate, t->channels);
	int16_t *room;
	size_t n;

	if (err == SR_OK) {
		room = worker_room(t->worker, &n);
		sr_wav_lend(t->wav, room, n);
		t->feed = open_feed(t);
	}
	if (err == SR_OK && !t->session->recorder->cfg.live)
		sr_wav_relax(t->wav);
	if (err == SR_OK)
		err = sr_track_new(&t->track, &sink);
	if (err == SR_OK && t->again)
		sr_track_resume(t->track, t->rate, t->channels,
		    sr_wav_frames(t->wav));
	return err;
}

/* Garbage in a payload is the peer's; anything else is ours to report. */
static void
failed(struct rec_stream *t, int err, const char *name)
{
	if (err == SR_ENOMEM)
		errno = ENOMEM;
	if (err == SR_ESYS || err == SR_ENOMEM)
		recorder_fail(t->session, name);
}

static void
stream_packet(struct rec_stream *t, const struct packet *p)
{
	struct sr_placed placed = { .at = p->at, .format = p->format->format,
	    .payload = { (const char *)(p + 1), p->n }, .lost = p->lost,
	    .cut = p->cut };
	int err = SR_OK;

	if (!p->format->decodable) {
		failed(t, dump_packet(&t->dump, t->session->dir, t->dump_file,
		    t->again, p), t->dump_file);
		return;
	}
	if (t->track == NULL && t->wav == NULL)
		err = open_track(t);
	if (err == SR_OK && t->track != NULL)
		err = sr_track_put(t->track, &placed);
	failed(t, err, t->file);
}

/* Their samples are written all at once. */
void
stream_packets(struct rec_stream *t, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const struct packet *q = (const void *)p;

		stream_packet(t, q);
		p += packet_size(q->n);
	}
	if (t->wav != NULL)
		failed(t, sr_wav_flush(t->wav), t->file);
	failed(t, dump_flush(t->dump), t->dump_file);
}

static void
finish_stream(struct rec_session *s, struct rec_stream *t)
{
	int err = SR_OK;

	bool later = s->recorder->cfg.correct && t->file != NULL;

	/* Nothing came since it was found here: it is filled up as well. */
	if (t->again && t->file != NULL && t->wav == NULL)
		failed(t, open_track(t), t->file);
	if (t->track != NULL)
		err = sr_track_finish(t->track, later ? t->correction.end :
		    s->length);
	sr_track_free(t->track);
	t->track = NULL;
	feed_end(t->feed);
	t->feed = NULL;
	failed(t, err, t->file != NULL ? t->file : "");
	if (t->wav != NULL)
		failed(t, sr_wav_close(t->wav), t->file);
	t->wav = NULL;
	if (later && s->dir >= 0)
		failed(t, correct_file(s, t), t->file);
	if (t->dump != NULL)
		failed(t, dump_close(t->dump), t->dump_file);
	t->dump = NULL;
}

/* Puts the digests where the line left room for them, in its order. */
static void
patch(struct rec_session *s)
{
	static const char mark[] = "\"sha256\":\"";
	struct sr_str rest = sr_buf_str(&s->line->text);
	size_t at, seen = 0;

	while ((at = sr_strfind(rest, SR_STR(mark))) < rest.n) {
		const struct rec_stream *t, *next = NULL;

		/* The line names streams by index; so must we. */
		for (t = s->streams; t != NULL; t = t->next)
			if (t->index >= seen && (t->file != NULL ||
			    t->dump_file != NULL) &&
			    (next == NULL || t->index < next->index))
				next = t;
		if (next == NULL)
			break;
		seen = next->index + 1;
		rest = sr_substr(rest, at + sizeof(mark) - 1, rest.n);
		if (next->sha256[0] != '\0')
			memcpy((char *)(uintptr_t)rest.p, next->sha256, 64);
	}
}

/* What the line speaks of must be there when it is said. */
static const char *
last_name(struct rec_session *s, const struct rec_stream *t, char *name,
    size_t size)
{
	const struct sr_record_cfg *c = &s->recorder->cfg;
	const char *file = t->file != NULL ? t->file : t->dump_file;

	if (file == NULL || c->encrypt_to == NULL)
		return file;
	if (encrypt_file(c, s->dir, file) != SR_OK)
		recorder_fail(s, file);
	snprintf(name, size, "%s%s", file, encrypt_suffix(c));
	return name;
}

void
session_mark(struct rec_session *s, struct sr_str bytes)
{
	if (resume_write(s->dir, bytes) != SR_OK)
		recorder_fail(s, ".resume");
}

static void
digest(struct rec_session *s, const char *file, char hex[65])
{
	if (files_sha256(s->recorder->cfg.crypto, s->dir, file, hex) != SR_OK)
		recorder_fail(s, file);
}

/* Two files at a time, as long as there are two. */
static void
digests(struct rec_session *s)
{
	char room[2][MAX_FILE_NAME + 16], *hex[2];
	const char *name[2];
	size_t n = 0;

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next) {
		name[n] = last_name(s, t, room[n], sizeof(room[n]));
		hex[n] = t->sha256;
		n += name[n] != NULL;
		if (n < 2)
			continue;
		n = 0;
		if (files_sha256_pair(s->recorder->cfg.crypto, s->dir, name,
		    hex) == SR_OK)
			continue;
		digest(s, name[0], hex[0]);
		digest(s, name[1], hex[1]);
	}
	if (n > 0)
		digest(s, name[0], hex[0]);
}

void
session_finish(struct rec_session *s)
{
	struct sr_recorder *r = s->recorder;
	struct rec_stream *t;

	for (t = s->streams; t != NULL; t = t->next)
		finish_stream(s, t);
	if (s->dir >= 0 && r->cfg.mix != SR_MIX_NONE)
		if (mix_session(s) == SR_ESYS)
			recorder_fail(s, "mix.wav");
	for (t = s->streams; t != NULL && s->dir >= 0; t = t->next)
		if (t->file != NULL && convert_file(s, &t->file) == SR_ESYS)
			recorder_fail(s, t->file);
	if (s->dir >= 0)
		digests(s);
	patch(s);
	if (s->dir >= 0) {
		if (files_append(s->dir, "session.jsonl",
		    sr_buf_str(&s->log)) ||
		    files_append(s->dir, "session.jsonl",
		    sr_buf_str(&s->line->text)) ||
		    files_append(s->dir, "session.jsonl", SR_STR("\n")))
			recorder_fail(s, "session.jsonl");
		if (r->cfg.resumes)
			resume_over(s->dir);
		if (r->cfg.encrypt_to != NULL &&
		    encrypt_rest(&r->cfg, s->dir) != SR_OK)
			recorder_fail(s, "");
		close(s->dir);
	}
	pthread_mutex_lock(&r->lock);
	s->line->ready = true;
	pthread_cond_broadcast(&r->ready);
	pthread_mutex_unlock(&r->lock);
	for (t = s->streams; t != NULL; t = t->next) {
		free(t->file);
		free(t->dump_file);
	}
	sr_buf_free(&s->log);
	sr_buf_free(&s->left);
	sr_arena_free(&s->arena);
	free(s->mix_file);
	free(s->path);
	free(s);
}
