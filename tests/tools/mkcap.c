/* mkcap - writes captures of recording sessions with known samples.
 *
 * Everything is a function of the options: the same options give the same
 * bytes.  --ref DIR writes what a correct reader must find: a WAV for each
 * stream and facts.jsonl, a line for each session and each stream. */
#include "mkcap/mkcap.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
"usage: mkcap [option]... -w FILE|-\n"
"what     --calls N --seconds S --stagger MS --streams N --seed N\n"
"         --codec pcmu|pcma|l16|G722|GSM|G729|G726-32|opus|AMR|AMR-WB|NAME\n"
"         --ptime MS --digits DIGITS --dtx --cn\n"
"net      --loss P --burst N --reorder P --duplicate P --jitter MS\n"
"time     --late-start MS --skew PPM --seq-start N --ts-start N\n"
"change   --hold T1:T2 --pause-ts-frozen T1:T2 --ssrc-change T\n"
"         --codec-change T (seconds of media)\n"
"dialog   --no-bye --bye-server --no-answer --only-responses --no-label\n"
"         --start-middle S --rtp-after-bye --early-rtp --same-callid-again\n"
"         --replaces --overlap MS --same-source --nat\n"
"         --transport udp|udp-frag|tcp|tcp-shuffle\n"
"frame    --ipv6 --link eth|vlan|qinq|mpls|pppoe|sll|sll2|null|raw|gre|\n"
"         vxlan|ipip|6in4|gtp\n"
"file     --format pcap|pcap-ns|pcap-be|pcapng|pcapng-multi --snaplen N\n"
"         --stray-time FRAME:S --stray-ts PACKET --truncate N --ref DIR\n"
"         --real (all troubles of a real net)\n";

enum {
	O_CALLS = 1, O_SECONDS, O_STAGGER, O_STREAMS, O_SEED, O_CODEC, O_PTIME,
	O_DIGITS, O_DTX, O_CN, O_LOSS, O_BURST, O_REORDER, O_DUPLICATE,
	O_JITTER, O_LATE_START, O_SKEW, O_SEQ_START, O_TS_START, O_HOLD,
	O_FROZEN, O_SSRC_CHANGE, O_CODEC_CHANGE, O_NO_BYE, O_BYE_SERVER,
	O_NO_ANSWER, O_ONLY_RESPONSES, O_NO_LABEL, O_START_MIDDLE,
	O_RTP_AFTER_BYE, O_EARLY_RTP, O_SAME_CALLID, O_REPLACES, O_NAT,
	O_OVERLAP, O_SAME_SOURCE,
	O_TRANSPORT, O_IPV6, O_LINK, O_FORMAT, O_SNAPLEN, O_TRUNCATE, O_REF,
	O_REAL, O_STRAY_TIME, O_STRAY_TS, O_OUT = 'w', O_HELP = 'h'
};

static const struct option longopts[] = {
	{ "calls", 1, NULL, O_CALLS }, { "seconds", 1, NULL, O_SECONDS },
	{ "stagger", 1, NULL, O_STAGGER }, { "streams", 1, NULL, O_STREAMS },
	{ "seed", 1, NULL, O_SEED }, { "codec", 1, NULL, O_CODEC },
	{ "ptime", 1, NULL, O_PTIME }, { "dtmf", 1, NULL, O_DIGITS },
	{ "digits", 1, NULL, O_DIGITS }, { "dtx", 0, NULL, O_DTX },
	{ "cn", 0, NULL, O_CN }, { "loss", 1, NULL, O_LOSS },
	{ "burst", 1, NULL, O_BURST }, { "reorder", 1, NULL, O_REORDER },
	{ "duplicate", 1, NULL, O_DUPLICATE }, { "jitter", 1, NULL, O_JITTER },
	{ "late-start", 1, NULL, O_LATE_START }, { "skew", 1, NULL, O_SKEW },
	{ "seq-start", 1, NULL, O_SEQ_START },
	{ "ts-start", 1, NULL, O_TS_START }, { "hold", 1, NULL, O_HOLD },
	{ "pause-ts-frozen", 1, NULL, O_FROZEN },
	{ "ssrc-change", 1, NULL, O_SSRC_CHANGE },
	{ "codec-change", 1, NULL, O_CODEC_CHANGE },
	{ "no-bye", 0, NULL, O_NO_BYE },
	{ "bye-server", 0, NULL, O_BYE_SERVER },
	{ "no-answer", 0, NULL, O_NO_ANSWER },
	{ "only-responses", 0, NULL, O_ONLY_RESPONSES },
	{ "no-label", 0, NULL, O_NO_LABEL },
	{ "start-middle", 1, NULL, O_START_MIDDLE },
	{ "rtp-after-bye", 0, NULL, O_RTP_AFTER_BYE },
	{ "early-rtp", 0, NULL, O_EARLY_RTP },
	{ "same-callid-again", 0, NULL, O_SAME_CALLID },
	{ "overlap", 1, NULL, O_OVERLAP },
	{ "same-source", 0, NULL, O_SAME_SOURCE },
	{ "replaces", 0, NULL, O_REPLACES }, { "nat", 0, NULL, O_NAT },
	{ "transport", 1, NULL, O_TRANSPORT }, { "ipv6", 0, NULL, O_IPV6 },
	{ "link", 1, NULL, O_LINK }, { "format", 1, NULL, O_FORMAT },
	{ "snaplen", 1, NULL, O_SNAPLEN }, { "truncate", 1, NULL, O_TRUNCATE },
	{ "stray-time", 1, NULL, O_STRAY_TIME },
	{ "stray-ts", 1, NULL, O_STRAY_TS },
	{ "ref", 1, NULL, O_REF }, { "real", 0, NULL, O_REAL },
	{ "help", 0, NULL, O_HELP }, { NULL, 0, NULL, 0 }
};

/* ---- options ---- */

static int
choice(const char *what, const char *s, const char *const *names)
{
	int i;

	for (i = 0; names[i] != NULL; i++)
		if (strcmp(names[i], s) == 0)
			return i;
	die("no %s is called %s", what, s);
}

static double
number(const char *s)
{
	char *end;
	double v = strtod(s, &end);

	if (end == s || *end != '\0' || v < 0)
		die("%s is no number", s);
	return v;
}

/* Instants and lengths are cut to whole samples. */
static int64_t
us(double seconds)
{
	return (int64_t)(seconds * 1e6) / US_SAMPLE * US_SAMPLE;
}

static struct span
span(const char *s)
{
	char *end;
	double from = strtod(s, &end), to = *end == ':' ?
	    strtod(end + 1, NULL) : 0;

	if (from < 0 || to <= from)
		die("%s is no span of time", s);
	return (struct span){ us(from), us(to) };
}

/* Codecs of the library; files are written at the rate that they decode to. */
static const struct {
	const char *name, *fmtp;
	enum sr_codec_id id;
	unsigned clock, scale;
	uint8_t pt, channels;
} library[] = {
	{ "G722", "", SR_CODEC_G722, 8000, 2, 9, 1 },
	{ "GSM", "", SR_CODEC_GSM, 8000, 1, 3, 1 },
	{ "G729", "", SR_CODEC_G729, 8000, 1, 18, 1 },
	{ "G726-32", "", SR_CODEC_G726_32, 8000, 1, 98, 1 },
	{ "opus", "", SR_CODEC_OPUS, 48000, 6, 99, 2 },
	{ "AMR", "octet-align=1", SR_CODEC_AMR, 8000, 1, 102, 1 },
	{ "AMR-WB", "octet-align=1", SR_CODEC_AMR_WB, 16000, 2, 100, 1 },
};

static bool
library_codec(struct options *o, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(library) / sizeof(library[0]); i++) {
		if (strcmp(library[i].name, name) != 0)
			continue;
		o->codec = C_LIBRARY;
		o->scale = library[i].scale;
		o->rtp = (struct sr_format){ .id = library[i].id,
		    .name = sr_cstr(library[i].name),
		    .fmtp = sr_cstr(library[i].fmtp),
		    .clock = library[i].clock, .pt = library[i].pt,
		    .channels = library[i].channels };
		o->library = sr_codec_find(library[i].id);
		if (o->library == NULL || o->library->encode == NULL)
			die("%s is not built in", name);
		return true;
	}
	return false;
}

static void
codec(struct options *o, const char *name)
{
	o->codec_name = name;
	if (library_codec(o, name))
		return;
	if (strcmp(name, "pcmu") == 0)
		o->codec = C_PCMU;
	else if (strcmp(name, "pcma") == 0)
		o->codec = C_PCMA;
	else
		o->codec = strcmp(name, "l16") == 0 ? C_L16 : C_OTHER;
}

/* About what the open Internet does to a call. */
static void
real(struct options *o)
{
	o->loss = 0.005;
	o->burst = 2;
	o->reorder = 0.003;
	o->duplicate = 0.001;
	o->jitter = 8000;
	o->cn = true;
	o->dtx = 10;
	o->digits = "1234";
}

static bool
set_media(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case O_CODEC: codec(o, arg); break;
	case O_PTIME: o->ptime = (unsigned)number(arg); break;
	case O_DIGITS: o->digits = arg; break;
	case O_DTX: o->dtx = 1; break;
	case O_CN: o->dtx = 1; o->cn = true; break;
	case O_LOSS: o->loss = number(arg); break;
	case O_BURST: o->burst = (unsigned)number(arg); break;
	case O_REORDER: o->reorder = number(arg); break;
	case O_DUPLICATE: o->duplicate = number(arg); break;
	case O_JITTER: o->jitter = us(number(arg) / 1000); break;
	case O_LATE_START: o->late_start = us(number(arg) / 1000); break;
	case O_SKEW: o->skew = number(arg); break;
	case O_SEQ_START: o->seq_start = (long)number(arg); break;
	case O_TS_START: o->ts_start = (long)number(arg); break;
	case O_STRAY_TS: o->stray_ts = (long)number(arg); break;
	case O_HOLD: o->hold = span(arg); break;
	case O_FROZEN: o->frozen = span(arg); break;
	case O_SSRC_CHANGE: o->ssrc_change = us(number(arg)); break;
	case O_CODEC_CHANGE: o->codec_change = us(number(arg)); break;
	case O_REAL: real(o); break;
	default: return false;
	}
	return true;
}

static bool
set_dialog(struct options *o, int opt, const char *arg)
{
	switch (opt) {
	case O_CALLS: o->calls = (unsigned)number(arg); break;
	case O_SECONDS: o->seconds = number(arg); break;
	case O_STAGGER: o->stagger = us(number(arg) / 1000); break;
	case O_STREAMS: o->streams = (unsigned)number(arg); break;
	case O_SEED: o->seed = (uint64_t)number(arg); break;
	case O_NO_BYE: o->no_bye = true; break;
	case O_BYE_SERVER: o->bye_server = true; break;
	case O_NO_ANSWER: o->no_answer = true; break;
	case O_ONLY_RESPONSES: o->only_responses = true; break;
	case O_NO_LABEL: o->no_label = true; break;
	case O_START_MIDDLE: o->start_middle = us(number(arg)); break;
	case O_RTP_AFTER_BYE: o->rtp_after_bye = true; break;
	case O_EARLY_RTP: o->early_rtp = true; break;
	case O_SAME_CALLID: o->same_callid = true; break;
	case O_REPLACES: o->replaces = true; break;
	case O_OVERLAP: o->overlap = us(number(arg) / 1000); break;
	case O_SAME_SOURCE: o->same_source = true; break;
	case O_NAT: o->nat = true; break;
	default: return false;
	}
	return true;
}

static void
set_file(struct options *o, int opt, const char *arg)
{
	static const char *const transports[] = { "udp", "udp-frag", "tcp",
	    "tcp-shuffle", NULL };
	static const char *const formats[] = { "pcap", "pcap-ns", "pcap-be",
	    "pcapng", "pcapng-multi", NULL };
	static const char *const links[] = { "eth", "vlan", "qinq", "mpls",
	    "pppoe", "sll", "sll2", "null", "raw", "gre", "vxlan", "ipip",
	    "6in4", "gtp", NULL };

	switch (opt) {
	case O_TRANSPORT:
		o->transport = (enum transport)choice("transport", arg,
		    transports);
		break;
	case O_FORMAT:
		o->format = (enum format)choice("format", arg, formats);
		break;
	case O_LINK:
		o->link = (enum link_kind)choice("link", arg, links);
		break;
	case O_STRAY_TIME:
		if (sscanf(arg, "%ld:%ld", &o->stray_frame,
		    &o->stray_time) != 2)
			die("%s is no FRAME:SECONDS", arg);
		break;
	case O_IPV6: o->ipv6 = true; break;
	case O_SNAPLEN: o->snaplen = (unsigned)number(arg); break;
	case O_TRUNCATE: o->truncate = (unsigned)number(arg); break;
	case O_REF: o->ref = arg; break;
	case O_OUT: o->out = arg; break;
	case O_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(64);
	}
}

static void
check(struct options *o)
{
	if (o->out == NULL)
		die("-w FILE says where to write");
	if (o->streams < 1 || o->streams > MAX_STREAMS)
		die("--streams is 1 to %d", MAX_STREAMS);
	if (o->ptime < 10 || o->ptime > 120 || o->ptime % 10 != 0)
		die("--ptime is 10 to 120 in steps of 10");
	if (o->burst < 1 || o->calls < 1)
		die("--burst and --calls begin at 1");
	if (o->hold.from >= 0 && o->frozen.from >= 0)
		die("--hold and --pause-ts-frozen exclude each other");
	if (o->link == L_6IN4)
		o->ipv6 = true;
	if (o->ref != NULL && mkdir(o->ref, 0777) != 0)
		die("%s: make it a new directory", o->ref);
}

/* ---- the run ---- */

static struct call *
make_calls(const struct options *o, unsigned n)
{
	struct call *calls = calloc(n, sizeof(*calls));
	struct chance chance = { o->seed };
	unsigned i, k;

	for (i = 0; calls != NULL && i < n; i++) {
		bool again = i >= o->calls;
		int64_t t0 = US_SEC + o->stagger * i +
		    chance_us(&chance, 20000);

		if (again)
			t0 = calls[i - o->calls].bye + 3 * US_SEC;
		call_init(&calls[i], o, i, t0, again);
		calls[i].streams = calloc(o->streams, sizeof(struct stream));
		if (calls[i].streams == NULL)
			return NULL;
		for (k = 0; k < o->streams; k++)
			stream_init(&calls[i].streams[k], &calls[i], k);
	}
	return calls;
}

/* One tick of one call; false when nothing is left of it. */
static bool
tick(struct call *c, struct cap *cap, int64_t until)
{
	bool busy = c->done < c->nsteps;
	unsigned k;

	if (c->t0 >= until)
		return true;
	call_signal(c, cap, until);
	for (k = 0; k < c->o->streams; k++) {
		stream_send(&c->streams[k], cap, until);
		busy |= !stream_over(&c->streams[k]);
	}
	return busy;
}

static void
free_calls(struct call *calls, unsigned n)
{
	unsigned i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < calls[i].o->streams; k++)
			stream_free(&calls[i].streams[k]);
		free(calls[i].streams);
	}
	free(calls);
}

static void
run(const struct options *o)
{
	unsigned i, n = o->calls * (o->same_callid ? 2 : 1);
	struct call *calls = make_calls(o, n);
	struct cap *cap = cap_open(o);
	bool busy = true;
	int64_t t;

	if (calls == NULL)
		die("out of memory");
	for (t = 20000; busy; t += 20000) {
		busy = false;
		for (i = 0; i < n; i++)
			busy |= tick(&calls[i], cap, t);
		/* A connection is opened a moment before its INVITE. */
		cap_until(cap, t - 20000);
	}
	for (i = 0; o->ref != NULL && i < n; i++)
		ref_write(&calls[i], o->ref);
	fprintf(stderr, "mkcap: %" PRIu64 " frames\n", cap_close(cap));
	free_calls(calls, n);
}

int
main(int argc, char **argv)
{
	struct options o = { .calls = 1, .streams = 2, .seconds = 5,
	    .stagger = 500000, .seed = 1, .ptime = 20, .burst = 1,
	    .snaplen = 262144, .ssrc_change = -1, .codec_change = -1,
	    .start_middle = -1, .hold = { -1, -1 }, .frozen = { -1, -1 },
	    .seq_start = -1, .ts_start = -1, .codec_name = "pcmu", .scale = 1,
	    .rtp = { .clock = 8000 } };
	int opt;

	while ((opt = getopt_long(argc, argv, "w:h", longopts, NULL)) != -1)
		if (!set_media(&o, opt, optarg) && !set_dialog(&o, opt, optarg))
			set_file(&o, opt, optarg);
	if (optind != argc)
		die("%s is no option", argv[optind]);
	check(&o);
	signal_init();
	run(&o);
	return 0;
}
