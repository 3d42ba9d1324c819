/* siprec-extract - recording sessions out of captures: WAV, metadata, log. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "extract.h"
#include "siprec/crypt.h"
#include "siprec/io.h"

struct run {
	const struct options *o;
	struct sr_net *net;
	struct sr_engine *engine;
	struct sr_recorder *recorder;	/* NULL with -n */
	struct secrets *secrets;
	struct sr_buf line;
	sr_time now;
	uint64_t found;
	const char *file;
	bool progress;
	int status;
};

enum {
	BATCH = 16			/* frames that are read ahead */
};

static volatile sig_atomic_t stopped;
static char unwanted;	/* marks sessions that were not asked for */

static void
on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

/* ---- what goes out ---- */

static bool
is_wanted(const struct run *r, const struct sr_event *ev)
{
	const struct options *o = r->o;
	struct sr_str id = sr_session_id(ev->session);
	struct sr_str call_id = sr_session_call_id(ev->session);

	if (ev->time < o->after || ev->time >= o->before)
		return false;
	for (size_t i = 0; i < o->nsessions; i++)
		if (sr_streq(sr_cstr(o->sessions[i]), id) ||
		    sr_streq(sr_cstr(o->sessions[i]), call_id))
			return true;
	return o->nsessions == 0;
}

/* Every packet asks: a stream that the recorder knows is wanted. */
static bool
is_dropped(const struct sr_event *ev)
{
	if (ev->kind == SR_EV_MEDIA && *sr_stream_slot(ev->stream) != NULL)
		return false;
	return ev->session != NULL &&
	    *sr_session_slot(ev->session) == &unwanted;
}

static void
put_line(struct run *r)
{
	if (r->o->quiet || r->o->xml || !r->o->json)
		return;
	sr_buf_addc(&r->line, '\n');
	cli_put(sr_buf_str(&r->line));
}

/* Lines that the recorder has finished, in wire order. */
static void
put_recorded(struct run *r, bool wait)
{
	while (sr_recorder_line(r->recorder, wait, &r->line) == SR_OK)
		put_line(r);
}

static void
show(struct run *r, const struct sr_event *ev)
{
	if (r->o->xml && ev->kind == SR_EV_META) {
		cli_put(ev->u.meta.body);
		if (ev->u.meta.body.n > 0 &&
		    ev->u.meta.body.p[ev->u.meta.body.n - 1] != '\n')
			cli_put(SR_STR("\n"));
	}
	if (r->o->quiet || r->o->xml)
		return;
	r->line.n = 0;
	if (!r->o->json) {
		sr_event_text(ev, &r->line);
		cli_put(sr_buf_str(&r->line));
	} else if (r->recorder == NULL) {
		sr_event_json(ev, NULL, &r->line);
		put_line(r);
	}
}

static void
take(struct run *r, const struct sr_event *ev)
{
	int err = SR_OK;

	if (ev->kind == SR_EV_BEGIN) {
		if (!is_wanted(r, ev))
			*sr_session_slot(ev->session) = &unwanted;
		else
			r->found++;
	}
	if (is_dropped(ev))
		return;
	if (ev->kind < SR_EV_MEDIA)
		show(r, ev);
	if (r->recorder == NULL)
		return;
	if ((err = sr_recorder_event(r->recorder, ev)) != SR_OK) {
		cli_warn("%s", sr_strerror(err));
		r->status = cli_worst(r->status, CLI_SYSTEM);
	}
	if (ev->kind < SR_EV_MEDIA)
		put_recorded(r, false);
}

static void
drain(struct run *r)
{
	const struct sr_event *ev;

	while ((ev = sr_engine_next(r->engine)) != NULL)
		take(r, ev);
}

/* ---- what comes in ---- */

static void
out_of_memory(struct run *r)
{
	cli_warn("out of memory");
	r->status = cli_worst(r->status, CLI_SYSTEM);
	stopped = 1;
}

static void
feed_one(struct run *r, const struct sr_chunk *c)
{
	if (sr_engine_feed(r->engine, c) != SR_OK)
		out_of_memory(r);
	if (c->cut > 0 && c->kind != SR_GAP)
		r->status = cli_worst(r->status, CLI_PARTIAL);
	drain(r);
}

static void
feed_secret(struct run *r, const struct sr_chunk *c)
{
	struct sr_chunk plain;

	if (!secrets_take(r->secrets, r->engine, c)) {
		feed_one(r, c);
		return;
	}
	while (secrets_next(r->secrets, &plain))
		if (plain.kind != SR_BROKEN) {
			feed_one(r, &plain);
		} else {
			sr_engine_note(r->engine, plain.time, plain.num, "tls",
			    plain.why);
			drain(r);
		}
}

static void
feed(struct run *r)
{
	struct sr_stream *streams[BATCH];
	const struct sr_chunk *c;
	struct sr_flow f;
	bool open = secrets_any(r->secrets);
	size_t n;

	while ((c = sr_net_take(r->net, &n)) != NULL) {
		size_t k = sr_engine_ahead(r->engine, c, n, streams);

		if (r->recorder != NULL)
			sr_recorder_ahead(streams, k);
		for (; n > 0; n--, c++)
			if (open)
				feed_secret(r, c);
			else
				feed_one(r, c);
		if (sr_engine_unwanted(r->engine, &f)) {
			f.proto = SR_TCP;	/* also where it was in TLS */
			sr_net_ignore(r->net, &f);
		}
	}
}

static void
feed_frames(struct run *r, const struct sr_frame *f, size_t n)
{
	while (n > 0) {
		size_t k = 1;

		if (sr_net_frame(r->net, f) != SR_OK)
			out_of_memory(r);
		else
			k += sr_net_more(r->net, f + 1, n - 1);
		for (; k > 0; k--, n--, f++)
			if (f->time > r->now)
				r->now = f->time;
		feed(r);
	}
}

static void
show_progress(struct run *r, const struct sr_capture *c)
{
	static sr_time last;
	uint64_t done, total;
	sr_time now = sr_now();

	if (now - last < SR_SEC / 5)
		return;
	last = now;
	sr_capture_progress(c, &done, &total);
	if (total > 0)
		fprintf(stderr, "\r%s: %3.0f %%, %llu sessions ", r->file,
		    100.0 * (double)done / (double)total,
		    (unsigned long long)r->found);
	else
		fprintf(stderr, "\r%s: %llu MB, %llu sessions ", r->file,
		    (unsigned long long)done >> 20,
		    (unsigned long long)r->found);
}

static void
damaged(struct run *r, struct sr_capture *c, uint64_t num)
{
	const char *why = sr_capture_why(c);

	cli_warn("%s: %s", r->file, why);
	r->status = cli_worst(r->status, CLI_PARTIAL);
	sr_engine_note(r->engine, r->now, num, "capture", why);
	drain(r);
}

static void
read_capture(struct run *r, struct sr_capture *c)
{
	struct sr_frame f[BATCH];
	uint64_t num = 0;		/* of the latest frame */
	size_t n;
	int err;

	while (!stopped && (err = sr_capture_next(c, f)) != SR_ENOENT) {
		if (r->progress)
			show_progress(r, c);
		if (err == SR_MORE) {
			if (r->recorder != NULL)
				put_recorded(r, false);
			continue;
		}
		if (err != SR_OK) {
			damaged(r, c, num + 1);
			if (err != SR_EBAD)
				break;
			continue;
		}
		n = 1 + sr_capture_more(c, f + 1, BATCH - 1);
		num = f[n - 1].num;
		secrets_learn(r->secrets, c);
		feed_frames(r, f, n);
	}
	if (r->progress)
		fprintf(stderr, "\r\033[K");
}

static void
read_input(struct run *r, const char *path)
{
	struct sr_capture *c = NULL;
	struct sr_buf why;
	int err;

	sr_buf_init(&why, 1024);
	r->file = path;
	err = r->o->iface != NULL ? sr_capture_live(&c, r->o->iface, &why) :
	    sr_capture_open(&c, path, &why);
	if (err == SR_OK && r->o->bpf != NULL &&
	    sr_capture_filter(c, r->o->bpf, &why) != SR_OK) {
		r->status = cli_usage("-f: %.*s", SR_FMT(why));
		stopped = 1;
	} else if (err == SR_OK) {
		read_capture(r, c);
	} else {
		cli_warn("%s: %.*s", path, SR_FMT(why));
		r->status = cli_worst(r->status, CLI_NOINPUT);
	}
	sr_capture_close(c);
	sr_buf_free(&why);
}

static void
finish(struct run *r)
{
	char path[600];
	int why;

	sr_net_finish(r->net);
	feed(r);
	sr_engine_finish(r->engine, r->now);
	drain(r);
	if (r->recorder == NULL)
		return;
	sr_recorder_flush(r->recorder);
	put_recorded(r, true);
	if ((why = sr_recorder_failed(r->recorder, path, sizeof(path))) != 0) {
		cli_warn("%s: %s", path, strerror(why));
		r->status = cli_worst(r->status, why == ENOSPC || why == EIO ?
		    CLI_IOERR : CLI_CANTCREAT);
	}
}

static int
run(const struct options *o)
{
	struct sr_cfg cfg = { .role = SR_WATCH, .all = o->all,
	    .no_payload = o->dry, .align = o->align, .deskew = o->deskew,
	    .wire = o->record.keep_rtp && !o->dry,
	    .crypto = &sr_crypto_full };
	struct run r = { .o = o, .progress = cli_tty(STDERR_FILENO) &&
	    !o->quiet && !cli_tty(STDOUT_FILENO) };

	sr_buf_init(&r.line, 16 << 20);
	if (sr_net_new(&r.net, 8 << 20) != SR_OK ||
	    sr_engine_new(&r.engine, &cfg) != SR_OK ||
	    (r.secrets = secrets_new()) == NULL ||
	    (!o->dry && sr_recorder_new(&r.recorder, &o->record) != SR_OK)) {
		cli_warn("out of memory");
		r.status = CLI_SYSTEM;
	} else if (o->keylog == NULL ||
	    (r.status = secrets_read(r.secrets, o->keylog)) == CLI_OK) {
		if (o->iface != NULL)
			read_input(&r, o->iface);
		for (char **f = o->files; *f != NULL && !stopped; f++)
			read_input(&r, *f);
		finish(&r);
	}
	if (r.status == CLI_OK && r.found == 0) {
		if (!o->quiet)
			cli_warn("no recording session found%s", o->all ? "" :
			    " (--all takes plain calls too)");
		r.status = CLI_NO;
	}
	sr_recorder_free(r.recorder);
	sr_engine_free(r.engine);
	secrets_free(r.secrets);
	sr_net_free(r.net);
	sr_buf_free(&r.line);
	return cli_worst(r.status, cli_stdout());
}

/* As many descriptors as we may have, less a few for everything else. */
static void
raise_limits(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return;
	l.rlim_cur = l.rlim_max < 65536 ? l.rlim_max : 65536;
	setrlimit(RLIMIT_NOFILE, &l);
	getrlimit(RLIMIT_NOFILE, &l);
	sr_wav_budget(l.rlim_cur > 200 ? (size_t)l.rlim_cur / 2 - 64 : 16);
}

int
main(int argc, char *argv[])
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct options o;
	bool done;
	int status;

	cli_init("siprec-extract");
	status = extract_options(&o, argc, argv, &done);
	if (status == CLI_OK && !done) {
		sigaction(SIGINT, &sa, NULL);
		sigaction(SIGTERM, &sa, NULL);
		raise_limits();
		status = o.join ? extract_join(&o) : run(&o);
	}
	extract_options_free(&o);
	return status;
}
