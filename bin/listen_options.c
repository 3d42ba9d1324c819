/* listen_options - the command line of siprec-listen, and its file. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "listen.h"

enum { MAX_CONFIG = 1 << 20 };

static void
help(void)
{
	fputs("usage: siprec-listen [-l URL]... [-o DIR] [options]\n"
"       siprec-listen --hash-password USER [--realm R]\n"
"The recording server (SIPREC, RFC 7866): records what clients send it, one\n"
"directory per session; events as JSON Lines on stdout.\n"
"\n"
"  -l, --listen URL       sip:ADDR:PORT is UDP and TCP; udp:, tcp:, tls: one\n"
"                         [sip:127.0.0.1:5060]; repeatable\n"
"  -o, --output DIR       may hold strftime fields [recordings]\n"
"  -c, --config FILE      more of these options, without --, one a line\n"
"\n"
"Who may call, and how we answer\n"
"      --accept WHOM      siprec, or any: plain calls too [siprec]\n"
"      --strict           the letter of RFC 7866\n"
"      --allow CIDR       only from there; repeatable\n"
"      --allow-identity W  only this TLS name or digest user; * is any\n"
"                         text; repeatable\n"
"      --trusted CIDR     whose P-Asserted-Identity is believed; repeatable\n"
"      --identity HOW     the Identity header: off, log or require [off]\n"
"      --identity-cert [URI=]F  who may sign it, PEM; repeatable\n"
"      --identity-ca F    who must vouch for those\n"
"      --rate N           new calls a second of one address [no limit]\n"
"      --require-tls      no calls but over TLS\n"
"      --auth FILE        digest: lines user:realm:algorithm:H(A1)\n"
"      --realm R          of it [siprec]\n"
"      --tls-cert F       certificate and chain, PEM; repeatable\n"
"      --tls-key F        its key, of each in the same order\n"
"      --tls-ca F         whose certificates are good\n"
"      --tls-crl F        those that are good no more\n"
"      --tls-verify-client  no certificate, no entry\n"
"      --srtp WHEN        off, allow or require [allow]\n"
"      --answer-codecs W  all or first [all]\n"
"      --session-expires S  ask for session timers\n"
"\n"
"Media and files\n"
"      --rtp-ports LO-HI  [16384-32767]\n"
"      --replaces-auth W  who may replace a call: same-peer, any, digest\n"
"                         user, none [same-peer]\n"
"      --rtp-latch HOW    on, or off: from the SDP's address only [on]\n"
"      --advertise ADDR   in SDP, when clients see us by another address\n"
"      --start HOW        running or held [running]\n"
"      --mix HOW          mix.wav as well: multi, stereo or mono\n"
"      --keep-rtp         rtp.pcap as well: signalling and media\n"
"      --media-timeout S  without media, until the client is asked [60]\n"
"      --max-duration S   of a session [none]\n"
"      --max-sessions N   503 beyond [what the machine allows]\n"
"      --min-free BYTES   503 when the disk has less [1073741824]\n"
"      --mode MODE        of files; directories as it lets read [0600]\n"
"      --encrypt-to WHOM  each finished file, by age or else gpg\n"
"      --metadata-keep W  full, ids (no names, no extensions) or none [full]\n"
"      --drop-ext NS      no extensions of this namespace; repeatable\n"
"      --mask-dtmf        no dialled digits\n"
"\n"
"Outliving this process\n"
"      --store URL        memory:, sqlite:PATH, redis://HOST:PORT/DB or\n"
"                         redis-sentinel://H:P,H:P/NAME/DB [memory:]\n"
"      --node NAME        who we are in it, also after a restart [host name]\n"
"      --store-lease S    until another node may take a session [5]\n"
"      --store-keys HOW   yes, or no: SRTP is agreed anew [yes]\n"
"      --store-password-file F  the first line of F\n"
"\n"
"Telling others\n"
"      --log FILE         events there too: a file, FIFO or Unix socket\n"
"      --clf FILE         each SIP message there, RFC 6873\n"
"      --on-event CMD     run for each event, with its JSON on stdin\n"
"      --on-stream CMD    run for each stream, with its samples on stdin\n"
"      --backlog BYTES    that a slow reader leaves [16 MiB; samples 1 MiB]\n"
"  -q, --quiet            no events on stdout\n"
"      --json             JSON Lines on a terminal too\n"
"\n"
"Running it\n"
"      --control SOCKET   take commands of siprec-ctl\n"
"      --metrics ADDR:PORT  HTTP: /metrics, /healthz, /readyz\n"
"      --user NAME[:GROUP]  who to be once the sockets are open\n"
"      --no-sandbox       for systems where Landlock or seccomp are odd\n"
"      --call URI         begin a session with this client; repeatable\n"
"      --register URI     at the registrar of this address of record\n"
"      --user-name NAME   for digest towards both, with\n"
"      --password-file F  the first line of F\n"
"      --dns SERVERS      ask these, not those of the system\n"
"      --hash-password USER  print lines for --auth; password on stdin\n"
"      --t1 MS            timer T1, for tests\n"
"      --min-se S         smallest session timer, for tests\n"
"      --answer-delay MS  ring so long, for tests\n"
"  -h, --help             this\n"
"      --version          version and licence\n"
"\n"
"SIGTERM ends all calls with BYE and whole files; SIGHUP reads certificates\n"
"and access lists again and opens logs anew; SIGUSR1 prints the state.\n"
"Exit status: 0 done, 64 usage, 66 cannot open input, 71 system, 73 cannot\n"
"create output, 74 output error.\n", stdout);
}

enum { PORTS = 256, ADVERTISE, ACCEPT, STRICT, ALLOW, AUTH, REALM, CERT, KEY,
	CA, CRL, VERIFY, SRTP, CODECS, MAX_SESSIONS, START, LOG, MIX, KEEP,
	MEDIA_TIMEOUT, MAX_DURATION, MIN_FREE, EXPIRES, T1, MIN_SE, DELAY,
	JSON, VERSION, LATCH, CLF, ON_EVENT, ON_STREAM, BACKLOG, CONTROL,
	METRICS, USER, CALL, REGISTER, USER_NAME, PASSWORD, DNS, HASH, STORE,
	REPLACES, NODE, LEASE, STORE_KEYS, STORE_PASSWORD };

static const struct option longs[] = {
	{ "listen", 1, NULL, 'l' }, { "output", 1, NULL, 'o' },
	{ "config", 1, NULL, 'c' },
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
	SECURE_LONGS
	{ "replaces-auth", 1, NULL, REPLACES },
	{ "rtp-latch", 1, NULL, LATCH }, { "clf", 1, NULL, CLF },
	{ "on-event", 1, NULL, ON_EVENT }, { "on-stream", 1, NULL, ON_STREAM },
	{ "backlog", 1, NULL, BACKLOG }, { "control", 1, NULL, CONTROL },
	{ "metrics", 1, NULL, METRICS }, { "user", 1, NULL, USER },
	{ "call", 1, NULL, CALL }, { "register", 1, NULL, REGISTER },
	{ "user-name", 1, NULL, USER_NAME },
	{ "password-file", 1, NULL, PASSWORD }, { "dns", 1, NULL, DNS },
	{ "hash-password", 1, NULL, HASH }, { "store", 1, NULL, STORE },
	{ "node", 1, NULL, NODE }, { "store-lease", 1, NULL, LEASE },
	{ "store-keys", 1, NULL, STORE_KEYS },
	{ "store-password-file", 1, NULL, STORE_PASSWORD },
	{ "quiet", 0, NULL, 'q' }, { "json", 0, NULL, JSON },
	{ "help", 0, NULL, 'h' }, { "version", 0, NULL, VERSION },
	{ NULL, 0, NULL, 0 }
};

/* ---- what is wrong ---- */

/* "FILE:LINE: " while the file is read: whoever is told must find it. */
static char where[600];

static int __attribute__((format(printf, 1, 2)))
wrong(const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return cli_usage("%s%s", where, text);
}

static const char *
name_of(int c)
{
	for (const struct option *l = longs; l->name != NULL; l++)
		if (l->val == c)
			return l->name;
	return "";
}

/* ---- kinds of values ---- */

static int
whole(int c, const char *arg, uint64_t lo, uint64_t hi, uint64_t *out)
{
	uint64_t v;

	if (sr_strnum(sr_cstr(arg), &v) != SR_OK || v < lo || v > hi)
		return wrong("--%s wants a whole number from %llu to %llu, "
		    "not '%s'", name_of(c), (unsigned long long)lo,
		    (unsigned long long)hi, arg);
	*out = v;
	return CLI_OK;
}

static int
count(int c, const char *arg, uint32_t *out)
{
	uint64_t v = 0;
	int status = whole(c, arg, 1, 1000000, &v);

	*out = (uint32_t)v;
	return status;
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
	return wrong("--%s: '%s' is not known", name_of(c), arg);
}

static int
listener(struct options *o, const char *arg)
{
	if (o->nlisteners == MAX_LISTENERS)
		return wrong("more than %d -l", MAX_LISTENERS);
	o->listeners[o->nlisteners++] = arg;
	return CLI_OK;
}

static int
allow(struct options *o, const char *arg)
{
	if (o->nallow == MAX_ALLOW)
		return wrong("more than %d --allow", MAX_ALLOW);
	if (sr_cidr_parse(&o->allow[o->nallow], sr_cstr(arg)) != SR_OK)
		return wrong("--allow: '%s' is no address or network", arg);
	o->nallow++;
	return CLI_OK;
}

static int
uri(int c, const char *arg, const char **out)
{
	struct sr_dns_query q;

	if (sr_dns_query_uri(&q, sr_cstr(arg)) != SR_OK)
		return wrong("--%s: '%s' is no SIP URI", name_of(c), arg);
	*out = arg;
	return CLI_OK;
}

static int
call(struct options *o, const char *arg)
{
	if (o->ncalls == MAX_CALLS)
		return wrong("more than %d --call", MAX_CALLS);
	return uri(CALL, arg, &o->calls[o->ncalls++]);
}

static int
metrics(struct options *o, const char *arg)
{
	if (sr_addr_parse(&o->metrics, sr_cstr(arg)) != SR_OK ||
	    o->metrics.port == 0)
		return wrong("--metrics wants ADDR:PORT, not '%s'", arg);
	return CLI_OK;
}

/* ---- one option ---- */

static int
chosen(struct options *o, int c, const char *arg)
{
	static const char *const mixes[] = { "none", "multi", "stereo", "mono",
	    NULL };
	static const char *const starts[] = { "running", "held", NULL };
	static const char *const codecs[] = { "all", "first", NULL };
	static const char *const srtp[] = { "off", "allow", "require", NULL };
	static const char *const whom[] = { "siprec", "any", NULL };
	static const char *const latch[] = { "on", "off", NULL };
	static const char *const peers[] = { "same-peer", "any", "digest",
	    "none", NULL };
	static const char *const keys[] = { "yes", "no", NULL };
	const char *const *words = c == MIX ? mixes : c == START ? starts :
	    c == CODECS ? codecs : c == SRTP ? srtp : c == ACCEPT ? whom :
	    c == STORE_KEYS ? keys : c == REPLACES ? peers : latch;
	int v = 0, status = word(c, arg, words, &v);

	switch (c) {
	case MIX: o->record.mix = (enum sr_mix)v; break;
	case START: o->held = v == 1; break;
	case CODECS: o->first_codec = v == 1; break;
	case SRTP: o->srtp = (enum sr_srtp_policy)v; break;
	case ACCEPT: o->any = v == 1; break;
	case REPLACES: o->replaces = (enum sr_replaces_policy)v; break;
	case STORE_KEYS: o->store.no_keys = v == 1; break;
	default: o->latch_off = v == 1; break;
	}
	return status;
}

static int
number(struct options *o, int c, const char *arg)
{
	uint64_t n = 0;
	int status = CLI_OK;

	switch (c) {
	case MEDIA_TIMEOUT: return span(c, arg, SR_SEC, &o->media_timeout);
	case LEASE: return span(c, arg, SR_SEC, &o->store.lease);
	case MAX_DURATION: return span(c, arg, SR_SEC, &o->max_duration);
	case MIN_FREE: return whole(c, arg, 0, INT64_MAX, &o->min_free);
	case T1: return span(c, arg, SR_MSEC, &o->t1);
	case DELAY: return span(c, arg, SR_MSEC, &o->answer_delay);
	case MIN_SE: return count(c, arg, &o->min_se);
	case EXPIRES: return count(c, arg, &o->session_expires);
	case MAX_SESSIONS:
		status = whole(c, arg, 1, 1000000, &n);
		o->max_sessions = (size_t)n;
		return status;
	default:
		status = whole(c, arg, 1024, 1 << 30, &n);
		o->backlog = o->record.backlog = (size_t)n;
		return status;
	}
}

/* Where the text of an option goes as it is. */
static const char **
text_of(struct options *o, int c)
{
	switch (c) {
	case 'o': return &o->record.dir;
	case ADVERTISE: return &o->advertise;
	case AUTH: return &o->auth;
	case REALM: return &o->realm;
	case CA: return &o->tls_ca;
	case CRL: return &o->tls_crl;
	case LOG: return &o->log;
	case CLF: return &o->clf;
	case ON_EVENT: return &o->on_event;
	case ON_STREAM: return &o->record.on_stream;
	case CONTROL: return &o->control;
	case USER: return &o->user;
	case USER_NAME: return &o->user_name;
	case PASSWORD: return &o->password_file;
	case DNS: return &o->dns;
	case HASH: return &o->hash_user;
	case STORE: return &o->store.url;
	case NODE: return &o->store.node;
	case STORE_PASSWORD: return &o->store.password_file;
	default: return NULL;
	}
}

static int
option(struct options *o, int c, const char *arg)
{
	const char **text = text_of(o, c);

	if (c >= SECURE_FIRST)
		return secure_option(&o->secure, c, arg, wrong);
	if (text != NULL) {
		*text = arg;
		return CLI_OK;
	}
	switch (c) {
	case 'l': return listener(o, arg);
	case 'q': o->quiet = true; return CLI_OK;
	case JSON: o->json = true; return CLI_OK;
	case STRICT: o->strict = true; return CLI_OK;
	case VERIFY: o->verify_client = true; return CLI_OK;
	case KEEP: o->record.keep_rtp = true; return CLI_OK;
	case ALLOW: return allow(o, arg);
	case CALL: return call(o, arg);
	case REGISTER: return uri(c, arg, &o->reg);
	case METRICS: return metrics(o, arg);
	case CERT: return secure_cert(&o->secure, arg, wrong);
	case KEY: return secure_key(&o->secure, arg, wrong);
	case PORTS:
		return sr_ports_range(sr_cstr(arg), &o->lo, &o->hi) == SR_OK ?
		    CLI_OK : wrong("--rtp-ports wants LO-HI, not '%s'", arg);
	case MIX: case START: case CODECS: case SRTP: case ACCEPT: case LATCH:
	case STORE_KEYS: case REPLACES:
		return chosen(o, c, arg);
	default:
		return number(o, c, arg);
	}
}

/* ---- the file ---- */

/* "name value", or "name=value"; what it is for is as on the command line. */
static int
file_line(struct options *o, char *line)
{
	const struct option *l = longs;
	size_t n;
	char *value;

	line += strspn(line, " \t\r");
	if (line[0] == '-' && line[1] == '-')
		line += 2;
	n = strlen(line);
	while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
		line[--n] = '\0';
	if (n == 0 || line[0] == '#')
		return CLI_OK;
	n = strcspn(line, " \t=");
	value = line + n;
	value += strspn(value, " \t");
	value += *value == '=';
	value += strspn(value, " \t");
	line[n] = '\0';
	while (l->name != NULL && strcmp(l->name, line) != 0)
		l++;
	if (l->name == NULL || l->val == 'c' || l->val == 'h' ||
	    l->val == VERSION || l->val == HASH)
		return wrong("'%s' is no option here", line);
	if (l->has_arg == 0 && *value != '\0')
		return wrong("--%s takes no argument", line);
	if (l->has_arg != 0 && *value == '\0')
		return wrong("--%s lacks its argument", line);
	return option(o, l->val, value);
}

static int
read_file(struct options *o, const char *path)
{
	int status = cli_read(path, MAX_CONFIG, &o->config);
	char *p, *end;

	if (status == CLI_OK && (sr_buf_addc(&o->config, '\n') != SR_OK ||
	    sr_buf_addc(&o->config, '\0') != SR_OK))
		return wrong("%s: too long", path);
	p = o->config.p;
	for (unsigned long n = 1; status == CLI_OK &&
	    (end = strchr(p, '\n')) != NULL; n++, p = end + 1) {
		*end = '\0';
		snprintf(where, sizeof(where), "%s:%lu: ", path, n);
		status = file_line(o, p);
	}
	where[0] = '\0';
	if (status == CLI_OK && p + 1 != o->config.p + o->config.n)
		return wrong("%s is no text", path);
	return status;
}

/* ---- all of it ---- */

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
	if ((o->user_name == NULL) != (o->password_file == NULL))
		return cli_usage("--user-name and --password-file go together");
	if (o->user_name != NULL && o->ncalls == 0 && o->reg == NULL)
		return cli_usage("--user-name is for --call and --register");
	return secure_check(&o->secure);
}

static int
next(int argc, char *argv[], int *status)
{
	int c = getopt_long(argc, argv, "l:o:c:qh", longs, NULL);

	if (c == '?')
		*status = cli_usage("'%s' is no option, or lacks its argument",
		    argv[optind - 1]);
	return c;
}

/* The file goes first: the command line wins. */
static int
find_file(struct options *o, int argc, char *argv[])
{
	const char *path = NULL;
	int c, status = CLI_OK;

	optind = 0;
	while (status == CLI_OK && (c = next(argc, argv, &status)) != -1)
		if (c == 'c')
			path = optarg;
	if (status == CLI_OK && argv[optind] != NULL)
		status = cli_usage("'%s' is not understood", argv[optind]);
	if (status == CLI_OK && path != NULL)
		status = read_file(o, path);
	return status;
}

static int
command_line(struct options *o, int argc, char *argv[], bool *done)
{
	bool listens = false, allows = false, calls = false;
	int c, status = CLI_OK;

	optind = 0;
	while (status == CLI_OK && (c = next(argc, argv, &status)) != -1) {
		if (c == 'h' || c == VERSION) {
			c == 'h' ? help() : cli_version();
			*done = true;
			return CLI_OK;
		}
		/* A list is the command line's, or the file's. */
		if (c == 'l' && !listens)
			o->nlisteners = 0;
		if (c == ALLOW && !allows)
			o->nallow = 0;
		if (c == CALL && !calls)
			o->ncalls = 0;
		listens |= c == 'l';
		allows |= c == ALLOW;
		calls |= c == CALL;
		if (c != 'c' && status == CLI_OK)
			status = option(o, c, optarg);
	}
	return status;
}

int
listen_options(struct options *o, int argc, char *argv[], bool *done)
{
	int status;

	*done = false;
	*o = (struct options){ .record = { .dir = "recordings", .threads = 2,
	    .live = true, .serving = true, .crypto = &sr_crypto_full },
	    .json = !cli_tty(STDOUT_FILENO), .lo = 16384, .hi = 32767,
	    .srtp = SR_SRTP_ALLOW, .realm = "siprec",
	    .min_free = 1 << 30, .argc = argc, .argv = argv };
	sr_buf_init(&o->config, MAX_CONFIG + 2);
	opterr = 0;
	if ((status = find_file(o, argc, argv)) == CLI_OK)
		status = command_line(o, argc, argv, done);
	return status == CLI_OK && !*done ? check(o) : status;
}

void
listen_options_free(struct options *o)
{
	sr_buf_free(&o->config);
}
