/* siprec-listen - the recording server: calls in, files and events out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli.h"
#include "listen.h"

#define TENTH (100 * SR_MSEC)

/* ---- time ---- */

/* Less than that is kept free: new calls are refused before it is too late. */
static void
look_at_disk(struct server *s)
{
	const char *dir = strchr(s->o->record.dir, '%') != NULL ? "." :
	    s->o->record.dir;
	struct statvfs v;

	if (s->o->min_free > 0 && statvfs(dir, &v) == 0)
		sr_serve_full(s->serve, (uint64_t)v.f_bavail * v.f_frsize <
		    s->o->min_free);
}

static void
on_wake(void *arg, sr_time now)
{
	struct server *s = arg;

	if (now >= s->tenth) {
		s->tenth = now + TENTH;
		sr_recorder_hurry(s->recorder);
		media_reports(s, now);
		shake_ticks(s, now);
	}
	if (now >= s->second) {
		s->second = now + SR_SEC;
		sr_recorder_tick(s->recorder, now);
		log_trouble(s, now);
		media_tell(s);
		look_at_disk(s);
		hooks_look(s);
		store_look(s);
		run_status(s);
	}
	run_feed(s, now);
	store_tick(s, now);
	sr_serve_tick(s->serve, now);
	server_drain(s);
	if (now >= s->stop_by)
		sr_loop_stop(s->loop);
}

void
server_wake(struct server *s)
{
	sr_time at = sr_serve_due(s->serve), store = store_due(s);

	at = store < at ? store : at;
	at = s->tenth < at ? s->tenth : at;
	sr_wake_at(s->wake, s->stop_by < at ? s->stop_by : at);
}

/* ---- signals ---- */

static void
stop(struct server *s)
{
	sr_time now = sr_now();

	s->stop_by = s->stopping ? now : now + 5 * SR_SEC;
	s->stopping = true;
	sr_notify(SR_STR("STOPPING=1"));
	sr_transport_unlisten(s->transport);
	sr_serve_shutdown(s->serve, "stopped", now);
	server_drain(s);
}

static void
tell_state(struct server *s)
{
	struct sr_buf b;

	sr_buf_init(&b, 64 << 20);
	if (sr_serve_stats_json(s->serve, &b, sr_now()) == SR_OK &&
	    sr_serve_list(s->serve, &b, sr_now()) == SR_OK)
		fwrite(b.p, 1, b.n, stderr);
	sr_buf_free(&b);
}

static void
on_signal(void *arg, int signo)
{
	struct server *s = arg;

	if (signo == SIGHUP)
		run_reload(s);
	else if (signo == SIGUSR1)
		tell_state(s);
	else
		stop(s);
}

/* ---- begin and end ---- */

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return sr_codec_find(f->id) != NULL;
}

static int
open_serve(struct server *s)
{
	const struct options *o = s->o;
	struct sr_serve_cfg cfg = {
	    .ua = { .crypto = &sr_crypto_full,
	    .agent = SR_STR("siprec-listen"), .session_id = true,
	    .t1 = o->t1, .min_se = o->min_se,
	    .session_expires = o->session_expires },
	    .plan = { .decodes = decodes, .srtp = o->srtp,
	    .first = o->first_codec, .suites = SR_CRYPT_SUITES },
	    .strict = o->strict, .any = o->any, .held = o->held,
	    .allow = s->allow, .nallow = s->nallow,
	    .users = o->auth != NULL ? &s->users : NULL,
	    .realm = sr_cstr(o->realm), .answer_delay = o->answer_delay,
	    .media_timeout = o->media_timeout,
	    .max_duration = o->max_duration, .replaces = o->replaces,
	    .max_sessions = s->max_sessions, .persist = store_is_kept(o) };

	if (o->srtp != SR_SRTP_OFF)
		cfg.fingerprint = sr_cstr(sr_crypto_full.dtls_fingerprint());
	/* A dialog for each, and some that come or go. */
	if (s->max_sessions > 9000)
		cfg.ua.max_dialogs = 2 * s->max_sessions;
	secure_serve(&o->secure, &cfg);
	cfg.signers = s->signers;
	run_local(s, cfg.ua.local);
	if (sr_serve_new(&s->serve, &cfg) == SR_OK)
		return CLI_OK;
	cli_warn("out of memory");
	return CLI_SYSTEM;
}

/* A server never writes where something is: a second session gets -2. */
static bool
taken(void *arg, sr_time begin, struct sr_str name)
{
	return sr_record_taken(arg, begin, name);
}

static int
open_engine(struct server *s)
{
	struct sr_cfg cfg = { .role = SR_WATCH, .all = s->o->any,
	    .reports = true, .no_latch = s->o->latch_off,
	    .journal = store_is_kept(s->o),
	    .wire = s->o->record.keep_rtp, .crypto = &sr_crypto_full,
	    .taken = taken, .arg = (void *)&s->o->record };

	if (sr_engine_new(&s->engine, &cfg) == SR_OK)
		return CLI_OK;
	cli_warn("out of memory");
	return CLI_SYSTEM;
}

static int
open_loop(struct server *s)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1 };

	if (sr_loop_new(&s->loop) != SR_OK ||
	    sr_wake_new(&s->wake, s->loop, on_wake, s) != SR_OK) {
		cli_warn("out of memory");
		return CLI_SYSTEM;
	}
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sr_loop_signal(s->loop, signals[i], on_signal, s);
	return CLI_OK;
}

/* The calls are over, or will not wait: what is left ends now. */
static void
finish(struct server *s)
{
	const struct sr_event *ev;

	if (s->engine == NULL || s->recorder == NULL)
		return;
	sr_engine_finish(s->engine, sr_now());
	while ((ev = sr_engine_next(s->engine)) != NULL)
		log_take(s, ev);
}

static int
serve(const struct options *o)
{
	struct server *s = sr_zalloc(sizeof(*s));
	int status;

	if (s == NULL)
		return CLI_SYSTEM;
	s->o = o;
	s->stop_by = SR_NEVER;
	s->began = sr_now();
	(void)((status = sandbox_begin(s)) != CLI_OK ||
	    (status = open_loop(s)) != CLI_OK ||
	    (status = run_limits(s)) != CLI_OK ||
	    (status = run_credentials(s)) != CLI_OK ||
	    (status = identity_open(s)) != CLI_OK ||
	    (status = open_engine(s)) != CLI_OK ||
	    (status = wire_open(s)) != CLI_OK ||
	    (status = store_open(s)) != CLI_OK ||
	    (status = sandbox_files(s)) != CLI_OK ||
	    (status = open_serve(s)) != CLI_OK ||
	    (status = log_open(s)) != CLI_OK ||
	    (status = media_open(s)) != CLI_OK ||
	    (status = control_open(s)) != CLI_OK ||
	    (status = metrics_open(s)) != CLI_OK ||
	    (status = run_privileges(s)) != CLI_OK ||
	    (status = hooks_open(s)) != CLI_OK ||
	    (status = store_begin(s)) != CLI_OK ||
	    (status = sandbox_calls(s)) != CLI_OK);
	if (status == CLI_OK) {
		run_ready(s);
		on_wake(s, sr_now());
		if (sr_loop_run(s->loop) != SR_OK)
			status = CLI_SYSTEM;
		finish(s);
	}
	store_close(s);
	control_close(s);
	sr_metrics_close(s->metrics);
	wire_close(s);
	media_close(s);
	log_close(s);
	status = cli_worst(status, s->status);
	sr_recorder_free(s->recorder);
	sr_engine_free(s->engine);
	sr_serve_free(s->serve);
	run_free(s);
	sr_signers_free(s->signers);
	sr_wake_free(s->wake);
	sr_loop_free(s->loop);
	free(s);
	return status;
}

int
main(int argc, char *argv[])
{
	struct options o;
	bool done;
	int status;

	cli_init("siprec-listen");
	status = listen_options(&o, argc, argv, &done);
	if (status == CLI_OK && !done)
		status = o.hash_user != NULL ? listen_hash_password(&o) :
		    serve(&o);
	listen_options_free(&o);
	return status;
}
