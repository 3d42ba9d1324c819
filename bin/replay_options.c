/* replay_options - the command line of siprec-replay. */
#include "replay.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/crypt.h"

static void
help(void)
{
	fputs("usage: siprec-replay [SOURCE] [options] SIP-URI\n"
"       siprec-replay [SOURCE] [options] -w FILE\n"
"       siprec-replay [SOURCE] [options] --accept -l URL\n"
"Acts as a recording client (SIPREC, RFC 7866) towards a recording server,\n"
"or writes what it would have sent to a capture.\n"
"\n"
"SOURCE: a capture, or a directory that siprec-extract or siprec-listen has\n"
"written; without one a call is made up.\n"
"      --flow NAME        the call flow; 'list' shows them [basic]\n"
"      --streams N        of a made-up call [2]\n"
"      --wav LABEL=FILE   a stream from a WAV file; repeatable\n"
"      --tone HZ[,HZ...]  what the streams play [440,880,...]\n"
"      --speech           speech-like sound instead of tones\n"
"      --dtmf DIGITS      dialled by the first stream, a second in\n"
"      --codec NAME       PCMU, PCMA, L16, G722, GSM, G726-16 to -40, G729,\n"
"                         opus, AMR, AMR-WB [PCMU]\n"
"      --ptime MS         of a packet [20]\n"
"      --dialect NAME     of a vendor's client; 'list' shows them [rfc7865]\n"
"      --all              plain calls of a capture too\n"
"      --session ID       only this session of a capture\n"
"      --same-numbers     SSRC, sequence and time of the capture's packets\n"
"\n"
"      --calls N          how many calls [one of each session]\n"
"      --rate R           begun in a second [10]\n"
"      --concurrent N     at most at a time [no limit]\n"
"      --duration S       of a call [as the flow has it]\n"
"      --speed X          times as fast; 0: as fast as it goes [1]\n"
"      --seed N           the same seed sends the same\n"
"      --conformance      all flows, and a table of what the server broke\n"
"      --replaces         the flow 'replaces'\n"
"      --failover URI     where a recording goes on when the server is silent\n"
"      --accept           take the calls that a server makes; with -l\n"
"\n"
"  -l, --listen URL       where we listen [any port]\n"
"      --user USER        for digest, with a --password-file\n"
"      --password-file F  the password is its first line\n"
"      --md5              answer MD5 challenges too\n"
"      --tls-cert F       our certificate, PEM\n"
"      --tls-key F        and its key\n"
"      --tls-ca F         who signs servers [as the system has it]\n"
"      --tls-no-verify    take any certificate\n"
"      --udp-only         large INVITEs over UDP, without trying TCP\n"
"      --session-expires S  ask for a session timer\n"
"      --dns SERVERS      ask these, not those of the system\n"
"      --t1 MS            of SIP's timers, for tests [500]\n"
"      --min-se S         of session timers, for tests [90]\n"
"\n"
"      --srtp HOW,...     of the m-lines in turn: sdes, dtls, dtls:active,\n"
"                         dtls:passive, none\n"
"      --suite NAME,...   of SDES, best first [AES_CM_128_HMAC_SHA1_80]\n"
"      --mki N[:BYTES]    name the key of SDES\n"
"      --lifetime N       of the key of SDES: packets, or 2^N\n"
"      --wrong-fingerprint  say another than that of our certificate\n"
"      --first-seq N      sequence number that each stream begins with\n"
"      --rtcp-mux         offer RTCP on the port of RTP\n"
"      --rtp-ports LO-HI  our own [any]\n"
"      --loss PCT         of packets that are not sent\n"
"      --burst N          so many are lost at once [1]\n"
"      --reorder PCT      of packets that are overtaken\n"
"      --duplicate PCT    of packets that are sent twice\n"
"      --jitter MS        of delay, from none to this\n"
"      --drift PPM        by which our clock is slow\n"
"      --dtx              nothing is sent in pauses of speech\n"
"      --ssrc-change S    a new SSRC so long after the begin\n"
"\n"
"  -w, --write FILE       no network: a capture (- for stdout)\n"
"  -q, --quiet            no line per call\n"
"      --json             JSON Lines on a terminal too\n"
"  -h, --help\n"
"      --version\n"
"\n"
"Exit status: 0 all calls were well, 1 one failed or the server broke a rule,\n"
"64 usage, 66 cannot open the source, 69 no such server, 71 system,\n"
"73 cannot create output, 74 output error.\n", stdout);
}

enum { FLOW = 256, STREAMS, WAV, TONE, SPEECH, DTMF, CODEC, PTIME, DIALECT,
	ALL, SESSION, SAME, CALLS, RATE, CONCURRENT, DURATION, SPEED, SEED,
	CONFORMANCE, REPLACES, FAILOVER, ACCEPT, USER, PASSWORD, MD5, CERT,
	KEY, CA, NO_VERIFY, UDP_ONLY, EXPIRES, DNS, T1, MIN_SE, SRTP, SUITE,
	MKI, LIFETIME, WRONG, SEQ, MUX, PORTS,
	LOSS, BURST, REORDER, DUPLICATE, JITTER, DRIFT, DTX, SSRC, JSON,
	VERSION };

static const struct option longs[] = {
	{ "flow", 1, NULL, FLOW }, { "streams", 1, NULL, STREAMS },
	{ "wav", 1, NULL, WAV }, { "tone", 1, NULL, TONE },
	{ "speech", 0, NULL, SPEECH }, { "dtmf", 1, NULL, DTMF },
	{ "codec", 1, NULL, CODEC }, { "ptime", 1, NULL, PTIME },
	{ "dialect", 1, NULL, DIALECT }, { "all", 0, NULL, ALL },
	{ "session", 1, NULL, SESSION }, { "same-numbers", 0, NULL, SAME },
	{ "calls", 1, NULL, CALLS }, { "rate", 1, NULL, RATE },
	{ "concurrent", 1, NULL, CONCURRENT },
	{ "duration", 1, NULL, DURATION }, { "speed", 1, NULL, SPEED },
	{ "seed", 1, NULL, SEED }, { "conformance", 0, NULL, CONFORMANCE },
	{ "replaces", 0, NULL, REPLACES }, { "failover", 1, NULL, FAILOVER },
	{ "accept", 0, NULL, ACCEPT }, { "listen", 1, NULL, 'l' },
	{ "user", 1, NULL, USER }, { "password-file", 1, NULL, PASSWORD },
	{ "md5", 0, NULL, MD5 }, { "tls-cert", 1, NULL, CERT },
	{ "tls-key", 1, NULL, KEY }, { "tls-ca", 1, NULL, CA },
	{ "tls-no-verify", 0, NULL, NO_VERIFY },
	{ "udp-only", 0, NULL, UDP_ONLY },
	{ "session-expires", 1, NULL, EXPIRES }, { "dns", 1, NULL, DNS },
	{ "t1", 1, NULL, T1 }, { "min-se", 1, NULL, MIN_SE },
	{ "srtp", 1, NULL, SRTP }, { "suite", 1, NULL, SUITE },
	{ "mki", 1, NULL, MKI }, { "lifetime", 1, NULL, LIFETIME },
	{ "wrong-fingerprint", 0, NULL, WRONG }, { "first-seq", 1, NULL, SEQ },
	{ "rtcp-mux", 0, NULL, MUX }, { "rtp-ports", 1, NULL, PORTS },
	{ "loss", 1, NULL, LOSS }, { "burst", 1, NULL, BURST },
	{ "reorder", 1, NULL, REORDER }, { "duplicate", 1, NULL, DUPLICATE },
	{ "jitter", 1, NULL, JITTER }, { "drift", 1, NULL, DRIFT },
	{ "dtx", 0, NULL, DTX }, { "ssrc-change", 1, NULL, SSRC },
	{ "write", 1, NULL, 'w' }, { "quiet", 0, NULL, 'q' },
	{ "json", 0, NULL, JSON }, { "help", 0, NULL, 'h' },
	{ "version", 0, NULL, VERSION }, { NULL, 0, NULL, 0 }
};

static const char *
name_of(int c)
{
	for (const struct option *l = longs; l->name != NULL; l++)
		if (l->val == c)
			return l->name;
	return "";
}

static int
real(int c, const char *arg, double lo, double hi, double *out)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || *end != '\0' || !(v >= lo && v <= hi))
		return cli_usage("--%s wants a number from %g to %g, not '%s'",
		    name_of(c), lo, hi, arg);
	*out = v;
	return CLI_OK;
}

static int
whole(int c, const char *arg, uint64_t lo, uint64_t hi, uint64_t *out)
{
	uint64_t v;

	if (sr_strnum(sr_cstr(arg), &v) != SR_OK || v < lo || v > hi)
		return cli_usage("--%s wants a whole number from %llu to %llu, "
		    "not '%s'", name_of(c), (unsigned long long)lo,
		    (unsigned long long)hi, arg);
	*out = v;
	return CLI_OK;
}

static int
span(int c, const char *arg, double unit, sr_time *out)
{
	double v = 0;
	int status = real(c, arg, 0, 1e9, &v);

	if (status == CLI_OK)
		*out = (sr_time)(v * unit);
	return status;
}

static int
percent(int c, const char *arg, double *out)
{
	int status = real(c, arg, 0, 100, out);

	*out /= 100;
	return status;
}

static int
codec(struct options *o, const char *arg)
{
	static const struct { const char *name; uint32_t clock; uint8_t pt,
	    channels; } known[] = { { "PCMU", 8000, 0, 1 },
	    { "PCMA", 8000, 8, 1 }, { "GSM", 8000, 3, 1 },
	    { "G722", 8000, 9, 1 }, { "G729", 8000, 18, 1 },
	    { "L16", 16000, 96, 1 }, { "G726-16", 8000, 97, 1 },
	    { "G726-24", 8000, 97, 1 }, { "G726-32", 8000, 97, 1 },
	    { "G726-40", 8000, 97, 1 }, { "opus", 48000, 98, 2 },
	    { "AMR", 8000, 99, 1 }, { "AMR-WB", 16000, 100, 1 } };

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct sr_str name = sr_cstr(known[i].name);

		if (!sr_strieq(name, sr_cstr(arg)))
			continue;
		o->codec = (struct sr_format){ .name = name,
		    .clock = known[i].clock, .pt = known[i].pt,
		    .channels = known[i].channels,
		    .id = sr_codec_by_name(name, known[i].clock) };
		return CLI_OK;
	}
	return cli_usage("--codec: '%s' is not known", arg);
}

static int
wav(struct options *o, char *arg)
{
	char *eq = strchr(arg, '=');

	if (eq == NULL || eq == arg || eq[1] == '\0')
		return cli_usage("--wav wants LABEL=FILE, not '%s'", arg);
	o->labels[o->nwavs] = (struct sr_str){ arg, (size_t)(eq - arg) };
	o->wavs[o->nwavs] = (struct wav_file){ o->labels[o->nwavs], eq + 1 };
	o->nwavs++;
	return CLI_OK;
}

static int
media_option(struct options *o, int c, char *arg)
{
	uint64_t v = 0;
	int status = CLI_OK;

	switch (c) {
	case TONE: o->tone = arg; break;
	case SPEECH: o->speech = true; break;
	case DTMF: o->digits = arg; break;
	case CODEC: return codec(o, arg);
	case WAV: return wav(o, arg);
	case PTIME:
		status = whole(c, arg, 1, 200, &v);
		o->script.ptime = (uint32_t)v;
		break;
	case SAME: o->same_numbers = true; break;
	case SRTP: return secure_srtp(o, arg);
	case SUITE: return secure_suites(o, arg);
	case MKI: return secure_mki(o, arg);
	case LIFETIME: return secure_lifetime(o, arg);
	case WRONG: o->wrong_print = true; break;
	case SEQ:
		o->has_seq = true;
		status = whole(c, arg, 0, UINT16_MAX, &v);
		o->seq = (uint16_t)v;
		break;
	case MUX: o->mux = true; break;
	case PORTS:
		return sr_ports_range(sr_cstr(arg), &o->lo, &o->hi) == SR_OK ?
		    CLI_OK : cli_usage("--rtp-ports wants LO-HI, not '%s'",
		    arg);
	case LOSS: return percent(c, arg, &o->harm.loss);
	case BURST: return real(c, arg, 1, 1000, &o->harm.burst);
	case REORDER: return percent(c, arg, &o->harm.reorder);
	case DUPLICATE: return percent(c, arg, &o->harm.duplicate);
	case JITTER: return span(c, arg, 1e6, &o->harm.jitter);
	case DRIFT: return real(c, arg, -10000, 10000, &o->harm.drift);
	case DTX: o->dtx = true; break;
	case SSRC: return span(c, arg, 1e9, &o->ssrc_change);
	default:
		return cli_usage("what is wanted of it is not clear");
	}
	return status;
}

static int
small(int c, const char *arg, uint32_t *out)
{
	uint64_t v = 0;
	int status = whole(c, arg, 1, UINT32_MAX, &v);

	*out = (uint32_t)v;
	return status;
}

static int
option(struct options *o, int c, char *arg)
{
	uint64_t v = 0;
	int status;

	switch (c) {
	case 'w': o->write = arg; break;
	case 'q': o->quiet = true; break;
	case 'l': o->listen = arg; break;
	case JSON: o->json = true; break;
	case FLOW:
		o->list_flows = strcmp(arg, "list") == 0;
		o->script.flow = arg;
		break;
	case DIALECT:
		o->list_dialects = strcmp(arg, "list") == 0;
		o->script.dialect = arg;
		break;
	case STREAMS:
		status = whole(c, arg, 1, SR_STREAMS_MAX, &v);
		o->script.streams = (size_t)v;
		return status;
	case ALL: o->all = true; break;
	case SESSION: o->session = arg; break;
	case CALLS: return whole(c, arg, 1, 1000000000, &o->calls);
	case RATE: return real(c, arg, 0.001, 100000, &o->rate);
	case CONCURRENT: return whole(c, arg, 1, 1000000, &o->concurrent);
	case DURATION: return span(c, arg, 1e9, &o->duration);
	case SPEED: return real(c, arg, 0, 1000, &o->speed);
	case SEED:
		o->has_seed = true;
		return whole(c, arg, 0, INT64_MAX, &o->seed);
	case CONFORMANCE: o->conformance = true; break;
	case REPLACES: o->script.flow = "replaces"; break;
	case FAILOVER: o->failover = arg; break;
	case ACCEPT: o->accept = true; break;
	case USER: o->user = arg; break;
	case PASSWORD: o->password_file = arg; break;
	case MD5: o->md5 = true; break;
	case CERT: o->tls_cert = arg; break;
	case KEY: o->tls_key = arg; break;
	case CA: o->tls_ca = arg; break;
	case NO_VERIFY: o->tls_no_verify = true; break;
	case UDP_ONLY: o->udp_only = true; break;
	case EXPIRES: return small(c, arg, &o->session_expires);
	case DNS: o->dns = arg; break;
	case T1: return span(c, arg, 1e6, &o->t1);
	case MIN_SE: return small(c, arg, &o->min_se);
	default:
		return media_option(o, c, arg);
	}
	return CLI_OK;
}

static bool
is_uri(const char *s)
{
	return strncasecmp(s, "sip:", 4) == 0 || strncasecmp(s, "sips:", 5) ==
	    0;
}

static int
operands(struct options *o, int argc, char *argv[])
{
	for (int i = 0; i < argc; i++) {
		if (is_uri(argv[i]) && o->target == NULL)
			o->target = argv[i];
		else if (!is_uri(argv[i]) && o->source == NULL)
			o->source = argv[i];
		else
			return cli_usage("one source and one server, not '%s' "
			    "too", argv[i]);
	}
	if (o->list_flows || o->list_dialects)
		return CLI_OK;
	if ((o->target != NULL) + (o->write != NULL) + o->accept != 1)
		return cli_usage("say one of: a server (sip:rec@HOST), -w "
		    "FILE, --accept");
	if (o->source != NULL && o->nwavs > 0)
		return cli_usage("--wav takes the place of a source");
	if (o->conformance && o->write != NULL)
		return cli_usage("--conformance wants a server to judge");
	if (o->user != NULL && o->password_file == NULL)
		return cli_usage("--user wants a --password-file");
	if (o->accept && o->listen == NULL)
		return cli_usage("--accept wants -l, where to be called");
	if (o->speed == 0)
		o->speed = 1000;
	return CLI_OK;
}

/* Is there an encoder for what is asked for?  Better said now than late. */
static int
can_send(const struct options *o)
{
	struct sr_tape_cfg cfg = { .format = o->codec, .loop = SR_SEC,
	    .ptime = o->script.ptime > 0 ? o->script.ptime : 20,
	    .sound = { .kind = SR_SOUND_SILENCE } };
	struct sr_tape *t = NULL;
	const char *lib = sr_codec_missing(o->codec.id);
	int err;

	if (cfg.format.name.n == 0)
		cfg.format = (struct sr_format){ .name = SR_STR("PCMU"),
		    .clock = 8000, .channels = 1, .id = SR_CODEC_PCMU };
	err = sr_tape_new(&t, &cfg);
	sr_tape_free(t);
	if (err == SR_OK)
		return CLI_OK;
	return lib != NULL ? cli_usage("--codec: %.*s needs %s, which this "
	    "program was built without", SR_FMT(cfg.format.name), lib) :
	    cli_usage("--ptime: no packets of %u ms in %.*s", cfg.ptime,
	    SR_FMT(cfg.format.name));
}

/* The codec that was asked for, digits, and nothing else. */
static int
formats(struct options *o)
{
	static const struct sr_str tel = { "telephone-event", 15 };

	if (o->codec.name.n == 0 && o->nwavs == 0)
		return can_send(o);
	if (o->codec.name.n == 0)
		codec(o, "PCMU");
	o->formats[0] = o->codec;
	o->formats[1] = (struct sr_format){ .name = tel, .clock =
	    o->codec.clock, .pt = 101, .channels = 1, .id = SR_CODEC_EVENT,
	    .fmtp = SR_STR("0-16") };
	o->script.formats = o->formats;
	o->script.nformats = 2;
	return can_send(o);
}

int
replay_options(struct options *o, int argc, char *argv[], bool *done)
{
	int c, status = CLI_OK;

	*done = false;
	*o = (struct options){ .rate = 10, .speed = 1,
	    .json = !cli_tty(STDOUT_FILENO),
	    .wavs = calloc((size_t)argc, sizeof(struct wav_file)),
	    .labels = calloc((size_t)argc, sizeof(struct sr_str)) };
	opterr = 0;
	while (status == CLI_OK &&
	    (c = getopt_long(argc, argv, "l:w:qh", longs, NULL)) != -1) {
		if (c == 'h' || c == VERSION) {
			c == 'h' ? help() : cli_version();
			*done = true;
			return CLI_OK;
		}
		status = c == '?' ? cli_usage("'%s' is no option, or lacks "
		    "its argument", argv[optind - 1]) : option(o, c, optarg);
	}
	if (status == CLI_OK)
		status = operands(o, argc - optind, argv + optind);
	if (status == CLI_OK)
		status = secure_check(o);
	if (status == CLI_OK)
		status = formats(o);
	o->script.duration = o->duration;
	if (o->write != NULL && strcmp(o->write, "-") == 0)
		o->quiet = true;	/* stdout is for the capture */
	if (!o->has_seed)
		sr_crypto_openssl.random((uint8_t *)&o->seed, sizeof(o->seed));
	o->harm.seed = o->seed;
	return status;
}

void
replay_options_free(struct options *o)
{
	free(o->wavs);
	free(o->labels);
}
