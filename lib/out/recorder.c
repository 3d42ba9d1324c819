/* recorder - events in, directories and the lines of the log out.
 *
 * What must be decided in order is decided here, on the caller's thread:
 * names of files, what can be decoded, the text of every line.  Samples are
 * the workers' business, and so is the one thing that a line must wait for:
 * the digests of the files, patched into the `end` when they are known. */
#include "priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 4 << 20, LOG = 2048, XML = 16 << 20 };
static const char no_digest[65] =
    "0000000000000000000000000000000000000000000000000000000000000000";

int
sr_recorder_new(struct sr_recorder **rp, const struct sr_record_cfg *cfg)
{
	struct sr_recorder *r = sr_zalloc(sizeof(*r));
	int err;

	if (r == NULL)
		return SR_ENOMEM;
	r->cfg = *cfg;
	r->lines_end = &r->lines;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->ready, NULL);
	err = cfg->on_stream != NULL ? feeds_start(&r->feeds, cfg->on_stream,
	    cfg->backlog) : SR_OK;
	if (err != SR_OK || (err = workers_start(r)) != SR_OK) {
		sr_recorder_free(r);
		return err;
	}
	*rp = r;
	return SR_OK;
}

/* ---- what fails ---- */

/* With the lock. */
static void
tell_trouble(struct rec_session *s, const char *dir, int why)
{
	struct trouble *t = s->failed ? NULL : malloc(sizeof(*t));
	const char *slash = strrchr(dir, '/');

	if (t == NULL)
		return;
	t->why = why;
	snprintf(t->id, sizeof(t->id), "%s", slash != NULL ? slash + 1 : dir);
	t->next = s->recorder->troubles;
	s->recorder->troubles = t;
	s->failed = true;
}

void
recorder_fail(struct rec_session *s, const char *name)
{
	struct sr_recorder *r = s->recorder;
	const char *dir = s->path != NULL ? s->path : r->cfg.dir;
	int why = errno != 0 ? errno : EIO;

	pthread_mutex_lock(&r->lock);
	if (r->failed == 0) {
		r->failed = why;
		snprintf(r->failed_path, sizeof(r->failed_path), "%s%s%s", dir,
		    name[0] != '\0' ? "/" : "", name);
	}
	tell_trouble(s, dir, why);
	pthread_mutex_unlock(&r->lock);
}

int
sr_recorder_trouble(struct sr_recorder *r, char id[static 256])
{
	struct trouble *t;
	int why = 0;

	pthread_mutex_lock(&r->lock);
	if ((t = r->troubles) != NULL) {
		r->troubles = t->next;
		why = t->why;
		memcpy(id, t->id, sizeof(t->id));
	}
	pthread_mutex_unlock(&r->lock);
	free(t);
	return why;
}

int
sr_recorder_failed(struct sr_recorder *r, char *path, size_t size)
{
	int why;

	pthread_mutex_lock(&r->lock);
	why = r->failed;
	snprintf(path, size, "%s", r->failed_path);
	pthread_mutex_unlock(&r->lock);
	return why;
}

static void
check(struct rec_session *s, int err, const char *name)
{
	if (err == SR_ESYS)
		recorder_fail(s, name);
}

/* ---- lines ---- */

static struct line *
line_new(struct sr_recorder *r, const struct rec_session *s)
{
	struct line *l = sr_zalloc(sizeof(*l));

	if (l == NULL)
		return NULL;
	sr_buf_init(&l->text, LINE);
	if (s != NULL && s->dir >= 0)
		l->dir = strdup(s->path);
	pthread_mutex_lock(&r->lock);
	*r->lines_end = l;
	r->lines_end = &l->next;
	pthread_mutex_unlock(&r->lock);
	return l;
}

int
sr_recorder_line(struct sr_recorder *r, bool wait, struct sr_buf *line)
{
	struct line *l;
	bool ready;

	pthread_mutex_lock(&r->lock);
	l = r->lines;
	while (l != NULL && !l->ready && wait)
		pthread_cond_wait(&r->ready, &r->lock);
	ready = l != NULL && l->ready;	/* after the lock it may change */
	if (ready) {
		r->lines = l->next;
		if (r->lines == NULL)
			r->lines_end = &r->lines;
	}
	pthread_mutex_unlock(&r->lock);
	if (l == NULL)
		return SR_ENOENT;
	if (!ready)
		return SR_MORE;
	sr_buf_free(line);
	*line = l->text;
	free(r->line_dir);
	r->line_dir = l->dir;
	free(l);
	return SR_OK;
}

const char *
sr_recorder_line_dir(const struct sr_recorder *r)
{
	return r->line_dir;
}

int
sr_recorder_words(struct sr_recorder *r, struct sr_buf *text)
{
	return r->feeds != NULL ? feeds_words(r->feeds, text) : SR_ENOENT;
}

void
sr_recorder_programs(struct sr_recorder *r, size_t *running,
    uint64_t *dropped)
{
	*running = 0;
	*dropped = 0;
	if (r->feeds != NULL)
		feeds_numbers(r->feeds, running, dropped);
}

static void
log_flush(struct rec_session *s)
{
	if (s->log.n > 0)
		check(s, files_append(s->dir, "session.jsonl",
		    sr_buf_str(&s->log)), "session.jsonl");
	s->log.n = 0;
}

static void
log_line(struct rec_session *s, struct sr_str text)
{
	if (s->dir < 0)
		return;
	if (s->log.n + text.n + 1 > LOG)
		log_flush(s);
	if (text.n + 1 > LOG) {
		check(s, files_append(s->dir, "session.jsonl", text),
		    "session.jsonl");
		text = (struct sr_str){ NULL, 0 };
	}
	sr_buf_add(&s->log, text);
	sr_buf_addc(&s->log, '\n');
	if (s->recorder->cfg.serving)
		log_flush(s);
}

static int
say(struct sr_recorder *r, struct rec_session *s, const struct sr_event *ev)
{
	struct line *l;
	int err;

	if (ev->again && s != NULL && s->left.n > 0)
		return SR_OK;		/* it stands there */
	if ((l = line_new(r, s)) == NULL)
		return SR_ENOMEM;
	err = sr_event_json(ev, NULL, &l->text);
	l->ready = true;
	if (s != NULL)
		log_line(s, sr_buf_str(&l->text));
	return err;
}

void
recorder_warn(struct rec_session *s, const struct sr_event *of,
    const char *rule, const char *text)
{
	struct sr_event ev = { .kind = SR_EV_WARN, .time = of->time,
	    .num = of->num, .session = of->session };

	ev.u.warn.rule = rule;
	ev.u.warn.text = sr_cstr(text);
	say(s->recorder, s, &ev);
}

void
recorder_behind(struct rec_session *s, sr_time now)
{
	struct sr_event ev = { .kind = SR_EV_WARN, .time = now,
	    .session = s->of };

	if (s->behind || s->line != NULL)
		return;
	s->behind = true;
	recorder_warn(s, &ev, "slow-disk", "the disk is too slow: media that "
	    "waits for it too long is dropped, and silence stands for it");
}

/* ---- session ---- */

static void mark_begin(struct rec_session *s);

static int
begin(struct sr_recorder *r, const struct sr_event *ev)
{
	struct rec_session *s = sr_zalloc(sizeof(*s));
	int err;

	if (s == NULL)
		return SR_ENOMEM;
	s->recorder = r;
	s->of = ev->session;
	s->dir = -1;
	s->worker = worker_next(r);
	s->streams_end = &s->streams;
	s->at = &r->sessions;
	if ((s->next = r->sessions) != NULL)
		s->next->at = &s->next;
	r->sessions = s;
	sr_arena_init(&s->arena, 4 << 20);
	sr_buf_init(&s->log, LOG);
	s->id = sr_arena_dup(&s->arena, sr_session_id(ev->session));
	*sr_session_slot(ev->session) = s;
	err = files_session_dir(s, ev->time, sr_session_id(ev->session),
	    ev->again);
	if (err == SR_OK && s->recorder->cfg.resumes && s->left.n == 0)
		mark_begin(s);
	if (err == SR_ESYS) {
		recorder_fail(s, "");
		if (s->dir >= 0)
			close(s->dir);
		s->dir = -1;
	}
	return err == SR_ENOMEM ? err : say(r, s, ev);
}

static void
save_sdp(struct rec_session *s, const struct sr_event *ev)
{
	struct sr_buf text;
	char name[32];

	snprintf(name, sizeof(name), "sdp-%04u.sdp", ev->u.sdp.n);
	sr_buf_init(&text, ev->u.sdp.text.n + 64);
	if (sr_sdp_mask(&text, ev->u.sdp.text) == SR_OK)
		check(s, files_write(s->dir, name, sr_buf_str(&text)), name);
	sr_buf_free(&text);
}

static void
save_doc(struct rec_session *s, const struct sr_doc *d, const char *name)
{
	struct sr_buf xml;

	if (d == NULL || s->recorder->cfg.keep == SR_KEEP_NONE)
		return;
	sr_buf_init(&xml, XML);
	if (redact_meta(&s->recorder->cfg, d, &xml) == SR_OK)
		check(s, files_replace(s->dir, name, sr_buf_str(&xml)), name);
	sr_buf_free(&xml);
}

static void
save_snapshot(struct rec_session *s, const struct sr_session *of)
{
	save_doc(s, sr_session_doc(of), "metadata.xml");
}

static void
save_meta(struct rec_session *s, const struct sr_event *ev)
{
	char name[32];

	snprintf(name, sizeof(name), "metadata-%04u.xml", ev->u.meta.n);
	if (!redact_wanted(&s->recorder->cfg))
		check(s, files_write(s->dir, name, ev->u.meta.body), name);
	else
		save_doc(s, ev->u.meta.doc, name);
	save_snapshot(s, ev->session);
}

/* ---- for another process ---- */

/* What .resume says must stand in the files before it does. */
static void
mark(struct rec_session *s)
{
	struct sr_buf bytes;

	if (s->dir < 0)
		return;
	if (resume_bytes(s, &bytes) == SR_OK)
		worker_mark(s, sr_buf_str(&bytes));
	sr_buf_free(&bytes);
	s->marked = s->nstreams;
}

/* There is no media yet that it would have to wait for. */
static void
mark_begin(struct rec_session *s)
{
	struct sr_buf bytes;

	if (resume_bytes(s, &bytes) == SR_OK)
		session_mark(s, sr_buf_str(&bytes));
	sr_buf_free(&bytes);
}

/* Has any media come since the last time? */
static bool
moved(const struct rec_session *s)
{
	for (const struct rec_stream *t = s->streams; t != NULL; t = t->next)
		if (t->stretch != NULL)
			return true;
	return s->marked != s->nstreams;
}

/* ---- wire ---- */

/* Media has a stream; everything else is SIP. */
static int
wire(struct rec_session *s, const struct sr_event *ev)
{
	const struct sr_record_cfg *c = &s->recorder->cfg;
	struct sr_str data = ev->u.wire.data;
	char *copy = NULL;
	int err;

	if (s->dir < 0 || !c->keep_rtp || (c->mask_dtmf && ev->u.wire.digits))
		return SR_OK;
	if (ev->stream == NULL && (c->mask_dtmf || redact_wanted(c))) {
		if ((copy = malloc(data.n + 1)) == NULL)
			return SR_ENOMEM;
		redact_message(c, data, copy);
		data.p = copy;
	}
	err = pcap_put(s, ev->time, &ev->u.wire.flow, data);
	free(copy);
	check(s, err, "rtp.pcap");
	return err == SR_ENOMEM ? err : SR_OK;
}

/* ---- end ---- */

/* The name that the file will have when it has been converted and encrypted. */
static struct sr_str
final_name(struct rec_session *s, const char *file, bool audio)
{
	const struct sr_record_cfg *c = &s->recorder->cfg;
	size_t n = strlen(file);
	struct sr_buf b;
	struct sr_str out;

	sr_buf_init(&b, MAX_FILE_NAME + 16);
	if (audio && n > 4 && strcmp(file + n - 4, ".wav") == 0)
		sr_buf_fmt(&b, "%.*s%s", (int)(n - 4), file,
		    convert_suffix(c->audio));
	else
		sr_buf_add(&b, sr_cstr(file));
	sr_buf_add(&b, sr_cstr(encrypt_suffix(c)));
	out = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

static void
describe(struct rec_session *s, const struct sr_event *ev,
    struct sr_end_file *v)
{
	sr_time length = ev->u.end.duration;

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next) {
		struct sr_end_file *f = &v[t->index];

		if (t->file != NULL) {
			uint64_t frames = (uint64_t)((double)length * t->rate /
			    1e9 + 0.5);

			f->file = final_name(s, t->file, true);
			f->rate = t->rate;
			f->duration = (sr_time)((double)frames * 1e9 / t->rate +
			    0.5);
		} else if (t->dump_file != NULL) {
			f->file = final_name(s, t->dump_file, false);
			f->duration = length;
		}
		if (f->file.n > 0)
			memcpy(f->sha256, no_digest, sizeof(f->sha256));
	}
}

static void
wide_mix(struct rec_session *s, const struct sr_event *ev)
{
	size_t n = 0;

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next)
		n += t->file != NULL;
	if (s->recorder->cfg.mix == SR_MIX_MULTI &&
	    s->recorder->cfg.audio != SR_AUDIO_WAV &&
	    s->recorder->cfg.audio != SR_AUDIO_ULAW && n > MAX_CHANNELS)
		recorder_warn(s, ev, "mix", "the mix has more channels than "
		    "such files take: it is mix.wav");
}

static void
leave(struct rec_session *s)
{
	*s->at = s->next;
	if (s->next != NULL)
		s->next->at = s->at;
}

static int
end(struct sr_recorder *r, struct rec_session *s, const struct sr_event *ev)
{
	size_t n = sr_session_nstreams(ev->session);
	struct sr_end_file *files = sr_zalloc((n + 1) * sizeof(*files));
	int err;

	leave(s);
	wide_mix(s, ev);
	s->line = line_new(r, s);
	if (files == NULL || s->line == NULL) {
		free(files);
		return SR_ENOMEM;
	}
	describe(s, ev, files);
	err = sr_event_json(ev, files, &s->line->text);
	free(files);
	s->length = ev->u.end.duration;
	for (struct rec_stream *t = s->streams; t != NULL; t = t->next)
		sr_stream_correction(sr_session_stream(ev->session, t->index),
		    &t->correction);
	if (s->dir >= 0) {
		check(s, pcap_end(s), "rtp.pcap");
		save_snapshot(s, ev->session);
		mix_order(s, sr_session_doc(ev->session));
	}
	worker_end(s);
	return err;
}

/* What must not be kept is not said, either. */
static void
withhold(const struct sr_recorder *r, struct sr_event *ev)
{
	if (ev->kind == SR_EV_END)
		ev->u.end.keep = r->cfg.keep;
	else if (r->cfg.mask_dtmf)
		ev->u.dtmf.digit = 'x';
}

int
sr_recorder_event(struct sr_recorder *r, const struct sr_event *ev)
{
	struct rec_session *s;
	struct sr_event copy;

	if (ev->kind == SR_EV_MEDIA)
		return take_media(ev);
	if (ev->kind == SR_EV_DTMF || ev->kind == SR_EV_END) {
		copy = *ev;
		withhold(r, &copy);
		ev = &copy;
	}
	s = ev->session != NULL ? *sr_session_slot(ev->session) : NULL;
	if (ev->kind == SR_EV_WIRE)
		return s != NULL ? wire(s, ev) : SR_OK;
	if (ev->kind == SR_EV_BEGIN)
		return begin(r, ev);
	if (s != NULL && s->dir >= 0 && !(ev->again && s->left.n > 0)) {
		if (ev->kind == SR_EV_OFFER || ev->kind == SR_EV_ANSWER)
			save_sdp(s, ev);
		else if (ev->kind == SR_EV_META)
			save_meta(s, ev);
	}
	if (s != NULL && ev->kind == SR_EV_END)
		return end(r, s, ev);
	if (s != NULL && ev->kind == SR_EV_STREAM && ev->again)
		return take_again(s, ev);
	return say(r, s, ev);
}

/* A stream may fall silent: what it had before is not to wait for more. */
void
sr_recorder_tick(struct sr_recorder *r, sr_time now)
{
	for (struct rec_session *s = r->sessions; s != NULL; s = s->next) {
		bool news = r->cfg.resumes && moved(s);
		sr_time half = news ? 0 : SR_SEC / 2;

		for (struct rec_stream *t = s->streams; t != NULL; t = t->next)
			worker_push(t, now - half);
		if (news)
			mark(s);
		check(s, pcap_flush(s), "rtp.pcap");
	}
	workers_hurry(r);
}

void
sr_recorder_hurry(struct sr_recorder *r)
{
	workers_hurry(r);
}

void
sr_recorder_flush(struct sr_recorder *r)
{
	workers_stop(r);
	feeds_stop(r->feeds);
}

void
sr_recorder_free(struct sr_recorder *r)
{
	struct trouble *t;
	struct line *l;

	if (r == NULL)
		return;
	workers_stop(r);
	feeds_free(r->feeds);
	free(r->line_dir);
	while ((l = r->lines) != NULL) {
		r->lines = l->next;
		sr_buf_free(&l->text);
		free(l->dir);
		free(l);
	}
	while ((t = r->troubles) != NULL) {
		r->troubles = t->next;
		free(t);
	}
	for (size_t i = 0; i < r->nformats; i++)
		free(r->formats[i]);
	free(r->formats);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->ready);
	free(r);
}
