/* listen_hooks - programs that are told what happens, and readers of it: those
 * that are too slow lose events, and that is an event itself. */
#include "listen.h"

#include <stdio.h>
#include <string.h>

#include "cli.h"

enum { STDOUT, LOG, CLF, HOOK };

int
hooks_open(struct server *s)
{
	s->losses[STDOUT].what = "lines on stdout";
	s->losses[LOG].what = "lines of --log";
	s->losses[CLF].what = "records of --clf";
	s->losses[HOOK].what = "runs of --on-event";
	if (s->o->on_event == NULL ||
	    sr_hook_new(&s->hook, s->o->on_event, 0, s->o->backlog) == SR_OK)
		return CLI_OK;
	cli_warn("out of memory");
	return CLI_SYSTEM;
}

void
hooks_line(struct server *s, struct sr_str line)
{
	if (s->hook != NULL)
		sr_hook_put(s->hook, line, sr_recorder_line_dir(s->recorder));
}

/* ---- losses ---- */

/* Said when it is over, and nothing more was lost for a second: sooner the
 * words would be lost themselves. */
static void
judge(struct server *s, struct loss *l, uint64_t now, bool behind, bool last)
{
	char text[200];

	if ((now > l->seen || behind) && !last) {
		l->seen = now;
		return;
	}
	l->seen = now;
	if (now == l->said)
		return;
	snprintf(text, sizeof(text), "%llu %s were dropped: what should take "
	    "them is too slow", (unsigned long long)(now - l->said), l->what);
	l->said = now;
	log_words(s, "slow-reader", text);
}

/* A reader that has gone takes nothing more: that is said once, and not for
 * each line. */
static void
judge_sink(struct server *s, int i, struct sr_sink *sink, bool last)
{
	struct loss *l = &s->losses[i];
	uint64_t n;
	int gone;

	if (sink == NULL)
		return;
	n = sr_sink_dropped(sink, &gone);
	if (gone != 0 && !l->gone) {
		cli_warn("%s: %s", i == STDOUT ? "stdout" : i == LOG ?
		    s->o->log : s->o->clf, strerror(gone));
		s->status = cli_worst(s->status, CLI_IOERR);
	}
	if (gone != 0)
		l->seen = l->said = n;
	else
		judge(s, l, n, sr_sink_behind(sink), last);
	l->gone = gone != 0;
}

static void
look(struct server *s, bool last)
{
	struct sr_hook_stats st;

	judge_sink(s, STDOUT, s->out, last);
	judge_sink(s, LOG, s->log, last);
	judge_sink(s, CLF, s->clf, last);
	if (s->hook == NULL)
		return;
	sr_hook_stats(s->hook, &st);
	judge(s, &s->losses[HOOK], st.dropped, false, last);
}

/* What is to be said about programs that take samples. */
static void
words(struct server *s)
{
	struct sr_buf b;

	sr_buf_init(&b, 1024);
	while (sr_recorder_words(s->recorder, &b) == SR_OK &&
	    sr_buf_addc(&b, '\0') == SR_OK)
		log_words(s, "on-stream", b.p);
	sr_buf_free(&b);
}

void
hooks_look(struct server *s)
{
	look(s, false);
	words(s);
}

/* The recorder is flushed by now: what is said still goes to those who read. */
void
hooks_close(struct server *s)
{
	struct sr_hook_stats st;

	if (s->recorder == NULL)
		return;
	words(s);
	look(s, true);
	log_lines(s, true);
	if (s->hook == NULL)
		return;
	sr_hook_close(s->hook, 5 * SR_SEC, &st);
	s->hook = NULL;
	if (st.dropped > s->losses[HOOK].said)
		cli_warn("--on-event: %llu programs were not run",
		    (unsigned long long)(st.dropped - s->losses[HOOK].said));
	if (st.failed > 0)
		cli_warn("--on-event: %llu of %llu programs failed",
		    (unsigned long long)st.failed,
		    (unsigned long long)st.run);
}
