/* listen_log - what has happened: the session's files, and lines for others. */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

int
log_open(struct server *s)
{
	struct sr_record_cfg cfg = s->o->record;

	secure_record(&s->o->secure, &cfg);
	cfg.resumes = store_is_kept(s->o);

	sr_buf_init(&s->line, 16 << 20);
	if (sr_recorder_new(&s->recorder, &cfg) != SR_OK ||
	    sr_sink_fd(&s->out, STDOUT_FILENO, s->o->backlog) != SR_OK) {
		cli_warn("out of memory");
		return CLI_SYSTEM;
	}
	if (s->o->log != NULL && sr_sink_open(&s->log, s->o->log,
	    s->o->backlog) != SR_OK) {
		cli_warn("%s: %s", s->o->log, strerror(errno));
		return CLI_CANTCREAT;
	}
	return clf_open(s);
}

static void
show(struct server *s, const struct sr_event *ev)
{
	if (s->o->quiet || s->o->json)
		return;
	s->line.n = 0;
	sr_event_text(ev, &s->line);
	if (s->line.n > 0)
		sr_sink_put(s->out, sr_substr(sr_buf_str(&s->line), 0,
		    s->line.n - 1));
}

void
log_take(struct server *s, const struct sr_event *ev)
{
	struct sr_event copy;

	if (ev->kind == SR_EV_BEGIN) {
		copy = *ev;
		identity_say(s, &copy);
		ev = &copy;
	} else if (ev->kind == SR_EV_DTMF && s->o->secure.mask_dtmf) {
		copy = *ev;
		copy.u.dtmf.digit = 'x';
		ev = &copy;
	}
	if (ev->kind < SR_EV_MEDIA && !(ev->again && s->past)) {
		s->told = true;
		metrics_event(s, ev);
		sr_serve_engine_event(s->serve, ev);
		show(s, ev);
	}
	if (sr_recorder_event(s->recorder, ev) != SR_OK) {
		cli_warn("out of memory");
		s->status = cli_worst(s->status, CLI_SYSTEM);
	}
}

void
log_drain(struct server *s)
{
	const struct sr_event *ev;

	while ((ev = sr_engine_next(s->engine)) != NULL)
		log_take(s, ev);
}

void
log_words(struct server *s, const char *rule, const char *text)
{
	log_of_stream(s, NULL, rule, text);
}

void
log_of_stream(struct server *s, struct sr_stream *t, const char *rule,
    const char *text)
{
	if (t != NULL)
		sr_engine_remark(s->engine, t, sr_now(), rule, text);
	else
		sr_engine_note(s->engine, sr_now(), 0, rule, text);
	log_drain(s);
}

/* Of the server itself, in line with the rest. */
void
log_note(struct server *s, const struct sr_serve_event *ev)
{
	char text[600];

	snprintf(text, sizeof(text), "call %.*s: %.*s", SR_FMT(ev->call_id),
	    SR_FMT(ev->text));
	log_words(s, ev->rule, text);
}

/* A session that cannot be written is not to look as if it were: it ends, and
 * says why. */
void
log_trouble(struct server *s, sr_time now)
{
	char id[256], text[600];
	int why;

	while ((why = sr_recorder_trouble(s->recorder, id)) != 0) {
		snprintf(text, sizeof(text), "session %s cannot be written: "
		    "%s", id, strerror(why));
		cli_warn("%s", text);
		sr_engine_note(s->engine, now, 0, "disk-full", text);
		log_drain(s);
		sr_serve_end(s->serve, sr_cstr(id), "disk-full", now);
	}
}

void
log_lines(struct server *s, bool wait)
{
	while (sr_recorder_line(s->recorder, wait, &s->line) == SR_OK) {
		if (s->o->json && !s->o->quiet)
			sr_sink_put(s->out, sr_buf_str(&s->line));
		if (s->log != NULL)
			sr_sink_put(s->log, sr_buf_str(&s->line));
		hooks_line(s, sr_buf_str(&s->line));
	}
}

static void
close_sink(struct server *s, struct sr_sink *sink, const char *name)
{
	int why = sr_sink_close(sink, 2 * SR_SEC);

	if (why == 0)
		return;
	if (why == ETIMEDOUT)
		cli_warn("%s: the last lines were not taken", name);
	else if (s->status < CLI_IOERR)
		cli_warn("%s: %s", name, strerror(why));
	s->status = cli_worst(s->status, CLI_IOERR);
}

void
log_close(struct server *s)
{
	char path[600];
	int why;

	if (s->recorder != NULL) {
		sr_recorder_flush(s->recorder);
		log_lines(s, true);
		hooks_close(s);
		why = sr_recorder_failed(s->recorder, path, sizeof(path));
		if (why != 0) {
			cli_warn("%s: %s", path, strerror(why));
			s->status = cli_worst(s->status, why == ENOSPC ||
			    why == EIO ? CLI_IOERR : CLI_CANTCREAT);
		}
	}
	close_sink(s, s->out, "stdout");
	close_sink(s, s->log, s->o->log);
	close_sink(s, s->clf, s->o->clf);
	sr_buf_free(&s->line);
}
