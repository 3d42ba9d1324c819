/* listen_options - the command line of siprec-listen. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "listen.h"

static void
help(void)
{
	fputs("usage: siprec-listen [-l URL]... [-o DIR] [options]\n"
"The recording server (SIPREC, RFC 7866): records what clients send it, one\n"
"directory per session; events as JSON Lines on stdout.\n"
"\n"
"  -l, --listen URL       sip:ADDR:PORT is UDP and TCP; udp:, tcp:, tls: one\n"
"                         [sip:127.0.0.1:5060]; repeatable\n"
"  -o, --output DIR       may hold strftime fields [recordings]\n"
"      --rtp-ports LO-HI  [16384-32767]\n"
"      --advertise ADDR   in SDP, when clients see us by another address\n"
"      --accept WHOM      siprec, or any: plain calls too [siprec]\n"
"      --strict           the letter of RFC 7866\n"
"      --allow CIDR       only from there; repeatable\n"
"      --auth FILE        digest: lines user:realm:algorithm:H(A1)\n"
"      --realm R          of it [siprec]\n"
"      --tls-cert F, --tls-key F, --tls-ca F, --tls-crl F\n"
"      --tls-verify-client\n"
"      --srtp WHEN        off, allow or require [allow]\n"
"      --answer-codecs W  all or first [all]\n"
"      --max-sessions N   503 beyond [10000]\n"
"      --start HOW        running or held [running]\n"
"      --log FILE         events there too: a file, FIFO or Unix socket\n"
"      --mix HOW          mix.wav as well: multi, stereo or mono\n"
"      --keep-rtp         rtp.pcap as well: signalling and media\n"
"      --media-timeout S  without media, until the client is asked [60]\n"
"      --max-duration S   of a session [none]\n"
"      --min-free BYTES   503 when the disk has less [1073741824]\n"
"      --session-expires S  ask for session timers\n"
"      --t1 MS, --min-se S, --answer-delay MS  for tests\n"
"  -q, --quiet            no events on stdout\n"
"      --json             JSON Lines on a terminal too\n"
"  -h, --help, --version\n"
"\n"
"SIGTERM ends all calls with BYE and whole files; SIGHUP reads certificates\n"
"again; SIGUSR1 prints the state.  Exit status: 0 done, 64 usage, 66 cannot\n"
"open input, 71 system, 73 cannot create output, 74 output error.\n", stdout);
}

enum { PORTS = 256, ADVERTISE, ACCEPT, STRICT, ALLOW, AUTH, REALM, CERT, KEY,
	CA, CRL, VERIFY, SRTP, CODECS, MAX_SESSIONS, START, LOG, MIX, KEEP,
	MEDIA_TIMEOUT, MAX_DURATION, MIN_FREE, EXPIRES, T1, MIN_SE, DELAY,
	JSON, VERSION };

static const struct option longs[] = {
	{ "listen", 1, NULL, 'l' }, { "output", 1, NULL, 'o' },
	{ "rtp-ports", 1, NULL, PORTS }, { "advertise", 1, NULL, ADVERTISE },
	{ "accept", 1, NULL, ACCEPT }, { "strict", 0, NULL, STRICT },
	{ "allow", 1, NULL, ALLOW }, { "auth", 1, NULL, AUTH },
	{ "realm", 1, NULL, REALM }, { "tls-cert", 1, NULL, CERT },
	{ "tls-key", 1, NULL, KEY }, { "tls-ca", 1, NULL, CA },
	{ "tls-crl", 1, NULL, CRL }, { "tls-verify-client", 0, NULL, VERIFY },
	{ "srtp", 1, NULL, SRTP }, { "answer-codecs", 1, NULL, CODECS },
	{ "max-sessions", 1, NULL, MAX_SESSIONS }, { "start", 1, NULL, START },
	{ "log", 1, NULL, LOG }, { "mix", 1, NULL, MIX },
	{ "keep-rtp", 0, NULL, KEEP },
	{ "media-timeout", 1, NULL, MEDIA_TIMEOUT },
	{ "max-duration", 1, NULL, MAX_DURATION },
	{ "min-free", 1, NULL, MIN_FREE },
	{ "session-expires", 1, NULL, EXPIRES }, { "t1", 1, NULL, T1 },
	{ "min-se", 1, NULL, MIN_SE }, { "answer-delay", 1, NULL, DELAY },
	{ "quiet", 0, NULL, 'q' }, { "json", 0, NULL, JSON },
	{ "help", 0, NULL, 'h' }, { "version", 0, NULL, VERSION },
	{ NULL, 0, NULL, 0 }
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
span(int c, const char *arg, sr_time unit, sr_time *out)
{
	uint64_t v = 0;
	int status = whole(c, arg, 1, 1000000000, &v);

	*out = (sr_time)v * unit;
	return status;
}

static int
word(int c, const char *arg, const char *const *words, int *out)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(arg, words[i]) == 0) {
			*out = i;
			return CLI_OK;
		}
	return cli_usage("--%s: '%s' is not known", name_of(c), arg);
}

static int
listener(struct options *o, const char *arg)
{
	if (o->nlisteners == MAX_LISTENERS)
		return cli_usage("more than %d -l", MAX_LISTENERS);
	o->listeners[o->nlisteners++] = arg;
	return CLI_OK;
}

static int
allow(struct options *o, const char *arg)
{
	if (o->nallow == MAX_ALLOW)
		return cli_usage("more than %d --allow", MAX_ALLOW);
	if (sr_cidr_parse(&o->allow[o->nallow], sr_cstr(arg)) != SR_OK)
		return cli_usage("--allow: '%s' is no address or network",
		    arg);
	o->nallow++;
	return CLI_OK;
}

static int
recording_option(struct options *o, int c, const char *arg)
{
	static const char *const mixes[] = { "none", "multi", "stereo", "mono",
	    NULL };
	static const char *const starts[] = { "running", "held", NULL };
	static const char *const codecs[] = { "all", "first", NULL };
	static const char *const srtp[] = { "off", "allow", "require", NULL };
	static const char *const whom[] = { "siprec", "any", NULL };
	uint64_t n = 0;
	int v = 0, status;

	switch (c) {
	case MIX:
		status = word(c, arg, mixes, &v);
		o->record.mix = (enum sr_mix)v;
		return status;
	case START:
		status = word(c, arg, starts, &v);
		o->held = v == 1;
		return status;
	case CODECS:
		status = word(c, arg, codecs, &v);
		o->first_codec = v == 1;
		return status;
	case SRTP:
		status = word(c, arg, srtp, &v);
		o->srtp = (enum sr_srtp_policy)v;
		return status;
	case ACCEPT:
		status = word(c, arg, whom, &v);
		o->any = v == 1;
		return status;
	case KEEP: o->record.keep_rtp = true; return CLI_OK;
	case MEDIA_TIMEOUT: return span(c, arg, SR_SEC, &o->media_timeout);
	case MAX_DURATION: return span(c, arg, SR_SEC, &o->max_duration);
	case MIN_FREE: return whole(c, arg, 0, INT64_MAX, &o->min_free);
	case MAX_SESSIONS:
		status = whole(c, arg, 1, 1000000, &n);
		o->max_sessions = (size_t)n;
		return status;
	default:
		return cli_usage("what is wanted of it is not clear");
	}
}

static int
option(struct options *o, int c, const char *arg)
{
	uint64_t n = 0;
	int status;

	switch (c) {
	case 'l': return listener(o, arg);
	case 'o': o->record.dir = arg; break;
	case 'q': o->quiet = true; break;
	case JSON: o->json = true; break;
	case PORTS:
		return sr_ports_range(sr_cstr(arg), &o->lo, &o->hi) == SR_OK ?
		    CLI_OK : cli_usage("--rtp-ports wants LO-HI, not '%s'",
		    arg);
	case ADVERTISE: o->advertise = arg; break;
	case STRICT: o->strict = true; break;
	case ALLOW: return allow(o, arg);
	case AUTH: o->auth = arg; break;
	case REALM: o->realm = arg; break;
	case CERT: o->tls_cert = arg; break;
	case KEY: o->tls_key = arg; break;
	case CA: o->tls_ca = arg; break;
	case CRL: o->tls_crl = arg; break;
	case VERIFY: o->verify_client = true; break;
	case LOG: o->log = arg; break;
	case T1: return span(c, arg, SR_MSEC, &o->t1);
	case DELAY: return span(c, arg, SR_MSEC, &o->answer_delay);
	case MIN_SE:
		status = whole(c, arg, 1, 1000000, &n);
		o->min_se = (uint32_t)n;
		return status;
	case EXPIRES:
		status = whole(c, arg, 1, 1000000, &n);
		o->session_expires = (uint32_t)n;
		return status;
	default:
		return recording_option(o, c, arg);
	}
	return CLI_OK;
}

static int
check(struct options *o)
{
	struct sr_addr a;

	if (o->nlisteners == 0)
		o->listeners[o->nlisteners++] = "sip:127.0.0.1:5060";
	if (o->advertise != NULL && sr_addr_parse(&a, sr_cstr(o->advertise)) !=
	    SR_OK)
		return cli_usage("--advertise: '%s' is no address",
		    o->advertise);
	if ((o->tls_cert == NULL) != (o->tls_key == NULL))
		return cli_usage("--tls-cert and --tls-key go together");
	return CLI_OK;
}

int
listen_options(struct options *o, int argc, char *argv[], bool *done)
{
	int c, status = CLI_OK;

	*done = false;
	*o = (struct options){ .record = { .dir = "recordings", .threads = 2,
	    .live = true, .serving = true, .crypto = &sr_crypto_full },
	    .json = !cli_tty(STDOUT_FILENO), .lo = 16384, .hi = 32767,
	    .srtp = SR_SRTP_ALLOW, .realm = "siprec",
	    .min_free = 1 << 30 };
	opterr = 0;
	while (status == CLI_OK &&
	    (c = getopt_long(argc, argv, "l:o:qh", longs, NULL)) != -1) {
		if (c == 'h' || c == VERSION) {
			c == 'h' ? help() : cli_version();
			*done = true;
			return CLI_OK;
		}
		status = c == '?' ? cli_usage("'%s' is no option, or lacks "
		    "its argument", argv[optind - 1]) : option(o, c, optarg);
	}
	if (status == CLI_OK && argv[optind] != NULL)
		status = cli_usage("'%s' is not understood", argv[optind]);
	return status == CLI_OK ? check(o) : status;
}

void
listen_options_free(struct options *o)
{
	(void)o;
}
