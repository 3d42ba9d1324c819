/* sipsay - says to a SIP server what a script has, and hears what it answers.
 *
 * sipsay [-w CAPTURE] [-b ADDR:PORT] udp|tcp PORT < SCRIPT, to 127.0.0.1, from
 * that address of the loopback where one is said.  What comes back goes to
 * stdout.  Exit status 1, and the line of the script, when something
 * that was expected did not come.  The script, a command a line:
 *
 *   send		the lines up to one with a dot; {name} is replaced
 *   again		the message before once more
 *   file PATH		the bytes of a file
 *   raw TEXT		that, with \r \n \0
 *   expect WHAT [MS]	a message whose start line holds WHAT; others pass
 *   none MS		nothing may come
 *   closed MS		the connection must be closed by then
 *   let NAME HEADER	of the message that came last
 *   let NAME HEADER PARAMETER
 *   line NAME PREFIX	the word behind it in the first line that has it
 *   chunk N MS		writes from now on: N bytes, then a pause
 *   wait MS
 *   open, close	the connection
 *   lorises N		as many connections more, half a message on each
 *   rtp PORT SSRC N [K]	that many packets of 20 ms, without each K-th;
 *			every receiver report on it is printed: "report
 *			SSRC FRACTION LOST HIGHEST"
 *   stranger PORT SSRC N	the same from another port
 *
 * {port} is ours, {rtp} that of our media, {rand} differs from run to run,
 * {len} is the length of what stands behind the empty line. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "siprec/out.h"
#include "siprec/sip.h"

enum { MAX = 1 << 20, VARS = 64 };

static struct { char name[32], value[1024]; } vars[VARS];
static size_t nvars, chunk, at_line, seen;
static bool tcp, over;
static int fd = -1, rtp_fd, rtcp_fd, pause_ms;
static uint16_t server, own;
static struct sockaddr_in here;		/* port 0: any */
static struct sr_buf in, last, said;
static struct sr_pcap *pcap;
static const char *pcap_path;

static void
fail(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "sipsay: line %zu: %s: %s\n", at_line, what, why);
	exit(1);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void
nap(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&t, NULL);
}

static void
set(const char *name, struct sr_str value)
{
	size_t i = 0;

	while (i < nvars && strcmp(vars[i].name, name) != 0)
		i++;
	if (i == VARS)
		fail(name, "too many names");
	nvars += i == nvars;
	if (strlen(name) >= sizeof(vars[i].name))
		fail(name, "too long a name");
	strcpy(vars[i].name, name);
	snprintf(vars[i].value, sizeof(vars[i].value), "%.*s", SR_FMT(value));
}

static void
set_number(const char *name, unsigned v)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", v);
	set(name, sr_cstr(text));
}

/* ---- the capture ---- */

static void
keep(bool ours, struct sr_str data)
{
	struct sr_flow f = { .proto = tcp ? SR_TCP : SR_UDP };
	struct timespec t;

	if (pcap == NULL || data.n == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &t);
	sr_addr_parse(&f.src, SR_STR("127.0.0.1"));
	f.dst = f.src;
	f.src.port = ours ? own : server;
	f.dst.port = ours ? server : own;
	sr_pcap_put(pcap, t.tv_sec * SR_SEC + t.tv_nsec, &f, data,
	    (struct sr_str){ NULL, 0 });
}

static void
write_capture(void)
{
	struct sr_str s;
	FILE *f;

	if (pcap == NULL)
		return;
	s = sr_buf_str(sr_pcap_out(pcap));
	if ((f = fopen(pcap_path, "wb")) == NULL ||
	    fwrite(s.p, 1, s.n, f) != s.n || fclose(f) != 0)
		fprintf(stderr, "sipsay: %s: %s\n", pcap_path,
		    strerror(errno));
}

/* ---- the socket ---- */

static struct sockaddr_in
local(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
open_socket(void)
{
	struct sockaddr_in a = local(server);
	socklen_t n = sizeof(a);

	fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	if (fd < 0 || (here.sin_port != 0 && bind(fd,
	    (struct sockaddr *)&here, sizeof(here)) != 0) ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		fail("connect", strerror(errno));
	getsockname(fd, (struct sockaddr *)&a, &n);
	own = ntohs(a.sin_port);
	set_number("port", own);
	in.n = seen = 0;
	over = false;
}

static void
send_bytes(struct sr_str s)
{
	size_t step = chunk > 0 && tcp ? chunk : s.n;

	keep(true, s);
	for (size_t i = 0; i < s.n && !over; i += step) {
		struct sr_str part = sr_substr(s, i, step);

		over = send(fd, part.p, part.n, MSG_NOSIGNAL) < 0;
		if (pause_ms > 0 && step < s.n)
			nap(pause_ms);
	}
}

/* What stands in the buffer and is whole. */
static bool
whole(void)
{
	long n;

	for (; in.n >= 2 && memcmp(in.p, "\r\n", 2) == 0;
	    sr_buf_drop(&in, 2))
		puts("PONG");
	n = tcp ? sr_sip_frame(sr_buf_str(&in), MAX, &seen) : (long)in.n;
	if (n <= 0)
		return false;
	last.n = 0;
	sr_buf_add(&last, sr_substr(sr_buf_str(&in), 0, (size_t)n));
	sr_buf_drop(&in, (size_t)n);
	seen = 0;
	printf("%.*s\n", SR_FMT(last));
	return true;
}

/* Did anything come within that time? */
static bool
more(int64_t ms)
{
	static char b[65536];
	struct pollfd p = { fd, POLLIN, 0 };
	ssize_t n;

	if (over || poll(&p, 1, ms > 0 ? (int)ms : 0) <= 0)
		return false;
	n = recv(fd, b, sizeof(b), 0);
	if (n <= 0) {
		over = tcp;
		return false;
	}
	if (!tcp)
		in.n = 0;
	keep(false, (struct sr_str){ b, (size_t)n });
	sr_buf_add(&in, (struct sr_str){ b, (size_t)n });
	return true;
}

static void
expect(const char *what, int64_t ms)
{
	int64_t until = now_ms() + ms;
	struct sr_str rest, line;

	do {
		while (whole()) {
			rest = sr_buf_str(&last);
			sr_strline(&rest, &line);
			if (sr_strfind(line, sr_cstr(what)) < line.n)
				return;
		}
		if (over)
			fail(what, "the connection was closed");
	} while (more(until - now_ms()) || (!over && now_ms() < until));
	fail(what, over ? "the connection was closed" : "did not come");
}

static void
expect_close(int64_t ms)
{
	int64_t until = now_ms() + ms;

	while (!over && now_ms() < until) {
		more(until - now_ms());
		while (whole())
			;
	}
	if (!over)
		fail("closed", "the connection is open");
}

/* ---- the script ---- */

static void
expand(struct sr_buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;
		size_t i = 0;

		for (; end != NULL && i < nvars; i++)
			if (strlen(vars[i].name) == (size_t)(end - p - 1) &&
			    strncmp(vars[i].name, p + 1,
			    (size_t)(end - p - 1)) == 0)
				break;
		if (end == NULL || i == nvars) {
			sr_buf_addc(out, *p);
			continue;
		}
		sr_buf_add(out, sr_cstr(vars[i].value));
		p = end;
	}
}

static void
send_lines(void)
{
	static char line[MAX];
	struct sr_buf head, body;
	bool inside = false;

	sr_buf_init(&head, MAX);
	sr_buf_init(&body, MAX);
	set("len", SR_STR("{len}"));	/* not yet known */
	while (fgets(line, sizeof(line), stdin) != NULL) {
		at_line++;
		line[strcspn(line, "\n")] = '\0';
		if (strcmp(line, ".") == 0)
			break;
		expand(inside ? &body : &head, line);
		sr_buf_add(inside ? &body : &head, SR_STR("\r\n"));
		inside = inside || line[0] == '\0';
	}
	if (!inside)
		sr_buf_add(&head, SR_STR("\r\n"));
	set_number("len", (unsigned)body.n);
	sr_buf_addc(&head, '\0');
	said.n = 0;
	expand(&said, head.p);
	sr_buf_add(&said, sr_buf_str(&body));
	send_bytes(sr_buf_str(&said));
	sr_buf_free(&head);
	sr_buf_free(&body);
}

static void
lorises(int n)
{
	static const char half[] = "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2";
	struct sockaddr_in a = local(server);

	for (int i = 0; i < n; i++) {
		int s = socket(AF_INET, SOCK_STREAM, 0);

		if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)) ||
		    send(s, half, sizeof(half) - 1, MSG_NOSIGNAL) < 0)
			fail("lorises", strerror(errno));
	}
}

static void
send_file(const char *path)
{
	static char b[65536];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		fail(path, strerror(errno));
	n = fread(b, 1, sizeof(b), f);
	fclose(f);
	send_bytes((struct sr_str){ b, n });
}

static void
send_raw(const char *p)
{
	char b[4096];
	size_t n = 0;

	for (; *p != '\0' && n < sizeof(b); p++) {
		bool escape = *p == '\\' && strchr("rn0", p[1]) != NULL;

		p += escape;
		b[n++] = !escape ? *p : *p == 'r' ? '\r' : *p == 'n' ? '\n' :
		    '\0';
	}
	send_bytes((struct sr_str){ b, n });
}

static void
let(const char *name, const char *field, const char *param)
{
	struct sr_str value, v;
	struct sr_msg m;

	if (sr_msg_parse(&m, sr_buf_str(&last)) != SR_OK)
		fail(name, "no message came");
	value = sr_msg_header(&m, field, 0);
	if (param[0] != '\0') {
		size_t from = sr_strchr(value, '>');

		v = sr_substr(value, from < value.n ? from :
		    sr_strchr(value, ';'), value.n);
		if (v.n > 0 && v.p[0] == '>')
			v = sr_substr(v, 1, v.n);
		if (!sr_param(v, param, &value))
			fail(field, "lacks that parameter");
	}
	if (value.n == 0)
		fail(field, "is not there");
	set(name, value);
	sr_msg_free(&m);
}

static void
let_line(const char *name, const char *prefix)
{
	struct sr_str rest = sr_buf_str(&last), line;

	while (sr_strline(&rest, &line))
		if (sr_strstarts(line, sr_cstr(prefix))) {
			line = sr_trim(sr_substr(line, strlen(prefix),
			    line.n));
			set(name, sr_substr(line, 0, sr_strchr(line, ' ')));
			return;
		}
	fail(prefix, "no line begins so");
}

static int
bind_to(uint16_t port)
{
	struct sockaddr_in a = local(port);
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(s, (struct sockaddr *)&a, sizeof(a)) == 0)
		return s;
	close(s);
	return -1;
}

static void
open_media(void)
{
	for (unsigned i = 0; i < 200; i++) {
		uint16_t port = (uint16_t)(10000 + ((unsigned)getpid() * 7 +
		    i * 2) % 3000 / 2 * 2);

		if ((rtp_fd = bind_to(port)) < 0)
			continue;
		if ((rtcp_fd = bind_to((uint16_t)(port + 1))) >= 0) {
			set_number("rtp", port);
			return;
		}
		close(rtp_fd);
	}
	fail("media", "no ports are free");
}

static uint32_t
word_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

/* The first report block of an RR that begins a compound. */
static void
tell_reports(void)
{
	uint8_t b[2048];
	ssize_t n;

	while ((n = recv(rtcp_fd, b, sizeof(b), MSG_DONTWAIT)) > 0)
		if (n >= 32 && b[1] == 201 && (b[0] & 31) > 0)
			printf("report 0x%x %u %u %u\n", word_at(b + 8),
			    b[12], word_at(b + 12) & 0xffffff,
			    word_at(b + 16));
}

/* PCMU of one value. */
static void
rtp(int s, char word[][512])
{
	struct sockaddr_in to = local((uint16_t)atoi(word[1]));
	uint32_t id = (uint32_t)strtoul(word[2], NULL, 0);
	int drop = atoi(word[4]);

	for (int i = 0; i < atoi(word[3]); i++) {
		uint8_t b[172] = { 0x80, 0, (uint8_t)(i >> 8), (uint8_t)i,
		    0, (uint8_t)(i * 160 >> 16), (uint8_t)(i * 160 >> 8),
		    (uint8_t)(i * 160), (uint8_t)(id >> 24),
		    (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id };

		memset(b + 12, 0x20, 160);
		if (drop == 0 || i % drop != drop - 1)
			sendto(s, b, sizeof(b), 0, (struct sockaddr *)&to,
			    sizeof(to));
		nap(20);
		tell_reports();
	}
}

static void
stranger(char word[][512])
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	rtp(s, word);
	close(s);
}

static void
command(char *line)
{
	struct sr_buf text;
	char word[5][512] = { "", "", "", "", "" };
	int n;

	sr_buf_init(&text, MAX);
	expand(&text, line);
	sr_buf_addc(&text, '\0');
	n = sscanf(text.p, "%511s %511s %511s %511s %511s", word[0], word[1],
	    word[2], word[3], word[4]);
	if (n <= 0 || word[0][0] == '#')
		;
	else if (strcmp(word[0], "send") == 0)
		send_lines();
	else if (strcmp(word[0], "again") == 0)
		send_bytes(sr_buf_str(&said));
	else if (strcmp(word[0], "file") == 0)
		send_file(word[1]);
	else if (strcmp(word[0], "raw") == 0)
		send_raw(text.p + 4);
	else if (strcmp(word[0], "expect") == 0)
		expect(word[1], n > 2 ? atoi(word[2]) : 3000);
	else if (strcmp(word[0], "none") == 0 && !more(atoi(word[1])))
		;
	else if (strcmp(word[0], "closed") == 0)
		expect_close(atoi(word[1]));
	else if (strcmp(word[0], "let") == 0)
		let(word[1], word[2], word[3]);
	else if (strcmp(word[0], "line") == 0)
		let_line(word[1], word[2]);
	else if (strcmp(word[0], "chunk") == 0)
		chunk = (size_t)atoi(word[1]), pause_ms = atoi(word[2]);
	else if (strcmp(word[0], "wait") == 0)
		nap(atoi(word[1]));
	else if (strcmp(word[0], "open") == 0)
		open_socket();
	else if (strcmp(word[0], "close") == 0)
		close(fd);
	else if (strcmp(word[0], "lorises") == 0)
		lorises(atoi(word[1]));
	else if (strcmp(word[0], "rtp") == 0)
		rtp(rtp_fd, word);
	else if (strcmp(word[0], "stranger") == 0)
		stranger(word);
	else
		fail(text.p, strcmp(word[0], "none") == 0 ?
		    "something came" : "what is that?");
	sr_buf_free(&text);
}

static void
come_from(char *at)
{
	char *colon = strchr(at, ':');

	if (colon != NULL)
		*colon = '\0';
	here.sin_family = AF_INET;
	here.sin_port = htons((uint16_t)atoi(colon != NULL ? colon + 1 : "0"));
	if (inet_pton(AF_INET, at, &here.sin_addr) != 1)
		fail(at, "is no address");
}

int
main(int argc, char *argv[])
{
	static char line[MAX];

	for (; argc > 3; argc -= 2, argv += 2) {
		if (strcmp(argv[1], "-w") == 0) {
			pcap_path = argv[2];
			sr_pcap_new(&pcap, 64 << 20);
			atexit(write_capture);
		} else if (strcmp(argv[1], "-b") == 0) {
			come_from(argv[2]);
		} else {
			break;
		}
	}
	if (argc != 3) {
		fputs("usage: sipsay [-w CAPTURE] [-b ADDR:PORT] udp|tcp "
		    "PORT\n", stderr);
		return 2;
	}
	tcp = strcmp(argv[1], "tcp") == 0;
	server = (uint16_t)atoi(argv[2]);
	sr_buf_init(&in, 2 * MAX);
	sr_buf_init(&last, MAX);
	sr_buf_init(&said, MAX);
	set_number("rand", (unsigned)getpid() * 7919u + (unsigned)now_ms() %
	    1000);
	open_socket();
	open_media();
	while (fgets(line, sizeof(line), stdin) != NULL) {
		at_line++;
		line[strcspn(line, "\n")] = '\0';
		command(line);
	}
	return 0;
}
