/* siprec-extract - recording sessions out of captures: WAV, metadata, log. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/crypt.h"
#include "siprec/io.h"
#include "siprec/out.h"

struct options {
	struct sr_record_cfg record;
	const char *iface, *bpf;
	const char **sessions;
	size_t nsessions;
	sr_time after, before;
	bool dry, xml, json, quiet, all, align, deskew;
	char **files;
};

struct run {
	const struct options *o;
	struct sr_net *net;
	struct sr_engine *engine;
	struct sr_recorder *recorder;	/* NULL with -n */
	struct sr_buf line;
	sr_time now;
	uint64_t found;
	const char *file;
	bool progress;
	int status;
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
	void **slot = ev->session != NULL ? sr_session_slot(ev->session) : NULL;
	int err = SR_OK;

	if (ev->kind == SR_EV_BEGIN) {
		if (!is_wanted(r, ev))
			*slot = &unwanted;
		else
			r->found++;
	}
	if (slot != NULL && *slot == &unwanted)
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
feed(struct run *r)
{
	struct sr_chunk c;
	struct sr_flow f;

	while (sr_net_next(r->net, &c)) {
		if (sr_engine_feed(r->engine, &c) != SR_OK)
			out_of_memory(r);
		if (c.cut > 0 && c.kind != SR_GAP)
			r->status = cli_worst(r->status, CLI_PARTIAL);
		drain(r);
		if (sr_engine_unwanted(r->engine, &f))
			sr_net_ignore(r->net, &f);
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
	struct sr_frame f = { .num = 0 };
	int err;

	while (!stopped && (err = sr_capture_next(c, &f)) != SR_ENOENT) {
		if (r->progress && (f.num & 0xfff) == 0)
			show_progress(r, c);
		if (err == SR_MORE) {
			if (r->recorder != NULL)
				put_recorded(r, false);
			continue;
		}
		if (err != SR_OK) {
			damaged(r, c, f.num + 1);
			if (err != SR_EBAD)
				break;
			continue;
		}
		if (f.time > r->now)
			r->now = f.time;
		if (sr_net_frame(r->net, &f) != SR_OK)
			out_of_memory(r);
		feed(r);
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
	    .crypto = &sr_crypto_openssl };
	struct run r = { .o = o, .progress = cli_tty(STDERR_FILENO) &&
	    !o->quiet && !cli_tty(STDOUT_FILENO) };

	sr_buf_init(&r.line, 16 << 20);
	if (sr_net_new(&r.net, 8 << 20) != SR_OK ||
	    sr_engine_new(&r.engine, &cfg) != SR_OK ||
	    (!o->dry && sr_recorder_new(&r.recorder, &o->record) != SR_OK)) {
		cli_warn("out of memory");
		r.status = CLI_SYSTEM;
	} else {
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
	sr_net_free(r.net);
	sr_buf_free(&r.line);
	return cli_worst(r.status, cli_stdout());
}

/* ---- options ---- */

static void
help(void)
{
	fputs("usage: siprec-extract [-o DIR] [options] FILE...\n"
"Takes recording sessions (SIPREC) out of captures: for each a directory\n"
"with WAV files, metadata and a log; events as JSON Lines on stdout.\n"
"\n"
"  -o, --output DIR       where to write; may hold strftime fields [.]\n"
"  -n, --dry-run          write no files, only events\n"
"  -i, --interface IFACE  capture live, until interrupted\n"
"  -f, --filter BPF       only frames that the libpcap filter passes\n"
"  -j, --jobs N           threads that decode [as many as processors]\n"
"  -q, --quiet            no events\n"
"      --json             JSON Lines on a terminal too\n"
"      --xml              print every metadata body as received\n"
"      --all              plain calls and RTP without signalling too\n"
"      --session ID       only this session (name or Call-ID); repeatable\n"
"      --after TIME       only sessions that began at TIME or later\n"
"      --before TIME      only sessions that began before TIME\n"
"      --mix HOW          mix.wav as well: multi, stereo or mono\n"
"      --channel-order O  of the mix: label or metadata [as in the SDP]\n"
"      --format F         wav, ulaw, flac or opus [wav]\n"
"      --align rtcp       align the streams by RTCP sender reports\n"
"      --deskew           correct senders whose clocks are fast or slow\n"
"      --keep-rtp         rtp.pcap as well: signalling and media\n"
"  -h, --help             this text\n"
"      --version\n"
"\n"
"FILE: pcap or pcapng, also compressed; - for stdin.  Exit status: 0 done,\n"
"1 nothing found, 2 parts of the input could not be read, 64 usage,\n"
"66 cannot open input, 71 system, 73 cannot create output, 74 output error.\n",
	    stdout);
}

static int
word(const char *what, const char *arg, const char *const *words, int *out)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(arg, words[i]) == 0) {
			*out = i;
			return CLI_OK;
		}
	return cli_usage("%s '%s' is not known", what, arg);
}

/* A time, or a day, or a day and hours: what is missing is zero, in UTC. */
static int
point_in_time(const char *arg, sr_time *t)
{
	static const char rest[] = "0000-00-00T00:00:00Z";
	char full[64];
	size_t n = strlen(arg);
	int32_t zone;
	bool loose;

	if (n >= 10 && n < sizeof(rest) - 1) {
		memcpy(full, rest, sizeof(rest));
		memcpy(full, arg, n);
	} else {
		snprintf(full, sizeof(full), "%s", arg);
	}
	if (n > 10 && full[10] == ' ')
		full[10] = 'T';
	if (sr_time_parse(sr_cstr(full), t, &zone, &loose) != SR_OK)
		return cli_usage("'%s' is no time (2026-11-22T18:15:00Z)", arg);
	return CLI_OK;
}

static int
number(const char *arg, unsigned *out)
{
	uint64_t v;

	if (sr_strnum(sr_cstr(arg), &v) != SR_OK || v < 1 || v > 256)
		return cli_usage("-j wants a number from 1 to 256, not '%s'",
		    arg);
	*out = (unsigned)v;
	return CLI_OK;
}

enum { XML = 256, JSON, ALL, SESSION, AFTER, BEFORE, MIX, ORDER, FORMAT,
	KEEP, ALIGN, DESKEW, VERSION };

static int
option(struct options *o, int c, const char *arg)
{
	static const char *const mixes[] = { "none", "multi", "stereo", "mono",
	    NULL };
	static const char *const orders[] = { "mline", "label", "metadata",
	    NULL };
	static const char *const aligns[] = { "none", "rtcp", NULL };
	static const char *const formats[] = { "wav", "ulaw", "flac", "opus",
	    NULL };
	int v = 0, status = CLI_OK;

	switch (c) {
	case 'o': o->record.dir = arg; break;
	case 'n': o->dry = true; break;
	case 'i': o->iface = arg; break;
	case 'f': o->bpf = arg; break;
	case 'j': return number(arg, &o->record.threads);
	case 'q': o->quiet = true; break;
	case JSON: o->json = true; break;
	case XML: o->xml = true; break;
	case ALL: o->all = true; break;
	case KEEP: o->record.keep_rtp = true; break;
	case SESSION: o->sessions[o->nsessions++] = arg; break;
	case AFTER: return point_in_time(arg, &o->after);
	case BEFORE: return point_in_time(arg, &o->before);
	case MIX:
		status = word("--mix", arg, mixes, &v);
		o->record.mix = (enum sr_mix)v;
		break;
	case ORDER:
		status = word("--channel-order", arg, orders, &v);
		o->record.order = (enum sr_order)v;
		break;
	case ALIGN:
		status = word("--align", arg, aligns, &v);
		o->align = v == 1;
		break;
	case DESKEW: o->deskew = true; break;
	case FORMAT:
		status = word("--format", arg, formats, &v);
		o->record.audio = (enum sr_audio)v;
		break;
	default:
		return cli_usage("what is wanted of it is not clear");
	}
	return status;
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
	static const struct option longs[] = {
		{ "output", 1, NULL, 'o' }, { "dry-run", 0, NULL, 'n' },
		{ "interface", 1, NULL, 'i' }, { "filter", 1, NULL, 'f' },
		{ "jobs", 1, NULL, 'j' }, { "quiet", 0, NULL, 'q' },
		{ "json", 0, NULL, JSON }, { "xml", 0, NULL, XML },
		{ "all", 0, NULL, ALL }, { "session", 1, NULL, SESSION },
		{ "after", 1, NULL, AFTER }, { "before", 1, NULL, BEFORE },
		{ "mix", 1, NULL, MIX }, { "channel-order", 1, NULL, ORDER },
		{ "format", 1, NULL, FORMAT }, { "keep-rtp", 0, NULL, KEEP },
		{ "align", 1, NULL, ALIGN }, { "deskew", 0, NULL, DESKEW },
		{ "help", 0, NULL, 'h' },
		{ "version", 0, NULL, VERSION }, { NULL, 0, NULL, 0 } };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct options o = { .record = { .dir = ".",
	    .threads = cpus > 0 ? (unsigned)cpus : 1,
	    .crypto = &sr_crypto_openssl }, .after = INT64_MIN,
	    .before = SR_NEVER };
	struct sigaction sa = { .sa_handler = on_signal };
	int c, status = CLI_OK;

	cli_init("siprec-extract");
	o.sessions = calloc((size_t)argc, sizeof(*o.sessions));
	opterr = 0;
	while (status == CLI_OK &&
	    (c = getopt_long(argc, argv, "o:ni:f:j:qh", longs, NULL)) != -1) {
		if (c == 'h' || c == VERSION) {
			c == 'h' ? help() : cli_version();
			free(o.sessions);
			return CLI_OK;
		}
		status = c == '?' ? cli_usage("'%s' is no option, or lacks its "
		    "argument", argv[optind - 1]) : option(&o, c, optarg);
	}
	o.files = argv + optind;
	if (status == CLI_OK && (argv[optind] == NULL) == (o.iface == NULL))
		status = cli_usage(o.iface != NULL ? "-i takes no files" :
		    "no capture named (- is stdin)");
	if (!cli_tty(STDOUT_FILENO))
		o.json = true;
	o.record.correct = o.align || o.deskew;
	if (status == CLI_OK) {
		sigaction(SIGINT, &sa, NULL);
		sigaction(SIGTERM, &sa, NULL);
		raise_limits();
		status = run(&o);
	}
	free(o.sessions);
	return status;
}
