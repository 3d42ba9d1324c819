/* extract_options - the command line of siprec-extract. */
#include "extract.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/crypt.h"

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
"      --keylog FILE      secrets of TLS and DTLS, as browsers log them\n"
"      --join             the FILEs are session directories, parts of one\n"
"                         recording: make one directory of them\n"
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
	KEEP, KEYLOG, ALIGN, DESKEW, JOIN, VERSION };

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
	case KEYLOG: o->keylog = arg; break;
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
	case JOIN: o->join = true; break;
	case FORMAT:
		status = word("--format", arg, formats, &v);
		o->record.audio = (enum sr_audio)v;
		break;
	default:
		return cli_usage("what is wanted of it is not clear");
	}
	return status;
}


static const struct option longs[] = {
	{ "output", 1, NULL, 'o' }, { "dry-run", 0, NULL, 'n' },
	{ "interface", 1, NULL, 'i' }, { "filter", 1, NULL, 'f' },
	{ "jobs", 1, NULL, 'j' }, { "quiet", 0, NULL, 'q' },
	{ "json", 0, NULL, JSON }, { "xml", 0, NULL, XML },
	{ "all", 0, NULL, ALL }, { "session", 1, NULL, SESSION },
	{ "after", 1, NULL, AFTER }, { "before", 1, NULL, BEFORE },
	{ "mix", 1, NULL, MIX }, { "channel-order", 1, NULL, ORDER },
	{ "format", 1, NULL, FORMAT }, { "keep-rtp", 0, NULL, KEEP },
	{ "keylog", 1, NULL, KEYLOG },
	{ "align", 1, NULL, ALIGN }, { "deskew", 0, NULL, DESKEW },
	{ "join", 0, NULL, JOIN },
	{ "help", 0, NULL, 'h' }, { "version", 0, NULL, VERSION },
	{ NULL, 0, NULL, 0 }
};

static void
defaults(struct options *o, int argc)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*o = (struct options){ .record = { .dir = ".",
	    .threads = cpus > 0 ? (unsigned)cpus : 1,
	    .crypto = &sr_crypto_full }, .after = INT64_MIN,
	    .before = SR_NEVER };
	o->sessions = calloc((size_t)argc, sizeof(*o->sessions));
	o->json = !cli_tty(STDOUT_FILENO);
}

/* Is any input such that it cannot be read again? */
static bool
comes_once(const struct options *o)
{
	struct stat st;

	for (char **f = o->files; *f != NULL; f++)
		if (strcmp(*f, "-") == 0 || stat(*f, &st) != 0 ||
		    !S_ISREG(st.st_mode))
			return true;
	return o->iface != NULL;
}

/* What only captures have. */
static int
check_join(const struct options *o)
{
	const struct { bool is; const char *name; } not[] = {
		{ o->iface != NULL, "-i" }, { o->bpf != NULL, "-f" },
		{ o->xml, "--xml" }, { o->all, "--all" },
		{ o->nsessions > 0, "--session" },
		{ o->after != INT64_MIN, "--after" },
		{ o->before != SR_NEVER, "--before" },
		{ o->align, "--align" }, { o->deskew, "--deskew" },
		{ o->record.keep_rtp, "--keep-rtp" },
		{ o->keylog != NULL, "--keylog" } };

	for (size_t i = 0; o->join && i < sizeof(not) / sizeof(*not); i++)
		if (not[i].is)
			return cli_usage("%s does not go with --join",
			    not[i].name);
	return CLI_OK;
}

int
extract_options(struct options *o, int argc, char *argv[], bool *done)
{
	int c, status = CLI_OK;

	*done = false;
	defaults(o, argc);
	opterr = 0;
	while (status == CLI_OK &&
	    (c = getopt_long(argc, argv, "o:ni:f:j:qh", longs, NULL)) != -1) {
		if (c == 'h' || c == VERSION) {
			c == 'h' ? help() : cli_version();
			*done = true;
			return CLI_OK;
		}
		status = c == '?' ? cli_usage("'%s' is no option, or lacks "
		    "its argument", argv[optind - 1]) : option(o, c, optarg);
	}
	o->files = argv + optind;
	if (status == CLI_OK && (argv[optind] == NULL) == (o->iface == NULL))
		status = cli_usage(o->iface != NULL ? "-i takes no files" :
		    o->join ? "no session directory named" :
		    "no capture named (- is stdin)");
	if (status == CLI_OK)
		status = check_join(o);
	o->record.correct = o->align || o->deskew;
	o->record.live = comes_once(o);
	return status;
}

void
extract_options_free(struct options *o)
{
	free(o->sessions);
}
