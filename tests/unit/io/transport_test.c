/* Claims about SIP over UDP and TCP: lib/io/transport.c and its parts. */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "siprec/io.h"

#define HEAD "OPTIONS sip:a@b SIP/2.0\r\n"				\
	"Via: SIP/2.0/TCP c;branch=z9hG4bK1\r\n"			\
	"From: <sip:c@d>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n" \
	"CSeq: 1 OPTIONS\r\n"
#define MSG HEAD "Content-Length: 4\r\n\r\nbody"
#define REPLY "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"

enum { LOG = 64 };

struct side {
	struct sr_loop *loop;
	struct sr_transport *t;
	bool answer;			/* echo REPLY to each request */
	size_t n, responses, nclosed;
	size_t sizes[LOG];
	unsigned flags;
	struct sr_hop from, closed;
	sr_time when;
	int err;
	bool lost;
	struct sr_buf last;
};

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct side *s = arg;
	struct sr_hop to = *from;

	s->from = *from;
	s->when = when;
	s->flags |= flags;
	s->sizes[s->n % LOG] = raw.n;
	sr_buf_drop(&s->last, s->last.n);
	sr_buf_add(&s->last, raw);
	if (sr_strstarts(raw, SR_STR("SIP/2.0")))
		s->responses++;
	else if (s->answer)
		CHECK_EQ(sr_transport_send(s->t, &to, SR_STR(""),
		    SR_STR(REPLY)), SR_OK);
	s->n++;
}

static void
on_closed(void *arg, const struct sr_hop *hop, int err, const char *why,
    bool lost)
{
	struct side *s = arg;

	CHECK(why != NULL && *why != '\0');
	s->closed = *hop;
	s->err = err == SR_ESYS ? errno : err;
	s->lost = lost;
	s->nclosed++;
}

static void
start(struct side *s, struct sr_loop *l, struct sr_transport_cfg cfg)
{
	struct sr_transport_cbs cbs = { s, on_message, on_closed };

	*s = (struct side){ .loop = l, .answer = true };
	sr_buf_init(&s->last, 4 * 1024 * 1024);
	CHECK_EQ(sr_transport_new(&s->t, l, &cfg, &cbs), SR_OK);
}

static void
stop(struct side *s)
{
	sr_transport_free(s->t);
	sr_buf_free(&s->last);
}

static struct sr_addr
listen_on(struct side *s, const char *url)
{
	struct sr_addr a = { .family = 0 };
	struct sr_buf why;

	sr_buf_init(&why, 256);
	CHECK_EQ(sr_transport_listen(s->t, url, &a, &why), SR_OK);
	sr_buf_free(&why);
	return a;
}

/* Lets the loop run until *n is at least want, for two seconds at most. */
static bool
until(struct sr_loop *l, const size_t *n, size_t want)
{
	sr_time end = sr_now() + 2 * SR_SEC;

	while (*n < want && sr_now() < end)
		sr_loop_run_until(l, sr_now() + 2 * SR_MSEC);
	return *n >= want;
}

static int
send_msg(struct side *s, struct sr_hop *to, struct sr_str msg)
{
	return sr_transport_send(s->t, to, (struct sr_str){ NULL, 0 }, msg);
}

/* ---- a peer that is no transport of ours ---- */

static int
dial(struct sr_addr a)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(a.port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_EQ(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
put(int fd, const char *text, size_t n)
{
	CHECK_EQ(send(fd, text, n, MSG_NOSIGNAL), n);
}

/* Bytes that came to fd until there are want, or its end: then eof. */
static size_t
take(struct sr_loop *l, int fd, char *buf, size_t want, bool *eof)
{
	sr_time end = sr_now() + 2 * SR_SEC;
	size_t n = 0;
	ssize_t got;

	*eof = false;
	while (n < want && sr_now() < end && !*eof) {
		sr_loop_run_until(l, sr_now() + 2 * SR_MSEC);
		if ((got = recv(fd, buf + n, want - n, 0)) > 0)
			n += (size_t)got;
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			*eof = true;
	}
	return n;
}

static bool
ends(struct sr_loop *l, int fd)
{
	char buf[4096];
	bool eof;

	take(l, fd, buf, sizeof(buf), &eof);
	return eof;
}

/* ---- datagrams ---- */

static void
udp_echo(const char *server_url, const char *client_url, const char *ip)
{
	struct side a, b;
	struct sr_loop *l;
	struct sr_hop to = { .proto = SR_UDP };
	struct sr_addr bound, want;

	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&a, l, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, l, (struct sr_transport_cfg){ .max_conns = 0 });
	bound = listen_on(&a, server_url);
	listen_on(&b, client_url);
	CHECK(bound.port != 0);
	CHECK_EQ(sr_addr_parse(&to.remote, sr_cstr(ip)), SR_OK);
	want = to.remote;
	to.remote.port = bound.port;
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK(until(l, &b.n, 1));
	CHECK_STR(sr_buf_str(&a.last), MSG);
	/* Bound to any, it knows which of its addresses was meant, and the
	 * answer comes from there. */
	CHECK(sr_addr_ipeq(&a.from.local, &want));
	CHECK_EQ(a.from.local.port, bound.port);
	CHECK(sr_addr_eq(&b.from.remote, &to.remote));
	CHECK_EQ(a.from.conn, 0);
	CHECK(a.when <= sr_now() && a.when > sr_now() - 2 * SR_SEC);
	stop(&b);
	stop(&a);
	sr_loop_free(l);
}

TEST(udp_answers_leave_from_where_the_request_came_to_v4)
{
	udp_echo("sip:0.0.0.0:0", "udp:127.0.0.1:0", "127.0.0.9");
}

TEST(udp_answers_leave_from_where_the_request_came_to_v6)
{
	udp_echo("udp:[::]:0", "udp:[::1]:0", "::1");
}

TEST(udp_takes_60_kilobytes_and_ignores_keepalives)
{
	struct sr_transport_stats st;
	struct side a, b;
	struct sr_loop *l;
	struct sr_hop to = { .proto = SR_UDP };
	struct sr_buf big;

	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&a, l, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, l, (struct sr_transport_cfg){ .max_conns = 0 });
	to.remote = listen_on(&a, "udp:127.0.0.1:0");
	listen_on(&b, "udp:127.0.0.1:0");
	sr_buf_init(&big, 65536);
	sr_buf_add(&big, SR_STR(HEAD "\r\n"));
	while (big.n < 60000)
		sr_buf_addc(&big, 'x');
	send_msg(&b, &to, SR_STR("\r\n\r\n"));
	send_msg(&b, &to, (struct sr_str){ "\0\0\0\0", 4 });
	CHECK_EQ(send_msg(&b, &to, sr_buf_str(&big)), SR_OK);
	CHECK(until(l, &a.n, 1));
	CHECK_EQ(a.n, 1);
	CHECK_EQ(a.sizes[0], 60000);
	sr_transport_stats(a.t, &st);
	CHECK_EQ(st.datagrams, 3);
	sr_buf_free(&big);
	stop(&b);
	stop(&a);
	sr_loop_free(l);
}

TEST(a_datagram_to_nobody_is_told_with_its_address)
{
	struct side a, b;
	struct sr_loop *l;
	struct sr_hop to = { .proto = SR_UDP };

	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&a, l, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, l, (struct sr_transport_cfg){ .max_conns = 0 });
	to.remote = listen_on(&b, "udp:127.0.0.1:0");
	stop(&b);
	listen_on(&a, "udp:127.0.0.1:0");
	CHECK_EQ(send_msg(&a, &to, SR_STR(MSG)), SR_OK);
	CHECK(until(l, &a.nclosed, 1));
	CHECK_EQ(a.err, ECONNREFUSED);
	CHECK(sr_addr_eq(&a.closed.remote, &to.remote));
	stop(&a);
	sr_loop_free(l);
}

TEST(bad_urls_are_refused_with_words)
{
	static const char *const bad[] = { "sip:example.com:5060", "5060",
	    "http:127.0.0.1:80", "sip:127.0.0.1:99999", "sip:[::1", "udp:" };
	struct sr_addr a;
	struct sr_buf why;
	struct side s;
	struct sr_loop *l;

	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&s, l, (struct sr_transport_cfg){ .max_conns = 0 });
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sr_buf_init(&why, 256);
		CHECK_EQ(sr_transport_listen(s.t, bad[i], &a, &why), SR_EBAD);
		CHECK(why.n > 0);
		sr_buf_free(&why);
	}
	sr_buf_init(&why, 256);
	CHECK_EQ(sr_transport_listen(s.t, "tls:127.0.0.1:0", &a, &why),
	    SR_EUNSUP);
	sr_buf_free(&why);
	stop(&s);
	sr_loop_free(l);
}

/* ---- streams ---- */

struct world {
	struct sr_loop *l;
	struct side a;
	struct sr_addr at;
};

static void
begin(struct world *w, struct sr_transport_cfg cfg)
{
	CHECK_EQ(sr_loop_new(&w->l), SR_OK);
	start(&w->a, w->l, cfg);
	w->at = listen_on(&w->a, "sip:127.0.0.1:0");
}

static void
end(struct world *w)
{
	stop(&w->a);
	sr_loop_free(w->l);
}

static size_t
open_conns(struct world *w)
{
	struct sr_transport_stats st;

	sr_transport_stats(w->a.t, &st);
	return st.conns;
}

TEST(tcp_takes_a_message_byte_by_byte)
{
	struct world w;
	char buf[sizeof(REPLY)];
	bool eof;
	int fd;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	fd = dial(w.at);
	for (size_t i = 0; i < strlen(MSG); i++) {
		put(fd, MSG + i, 1);
		sr_loop_run_until(w.l, sr_now());
	}
	CHECK_EQ(take(w.l, fd, buf, strlen(REPLY), &eof), strlen(REPLY));
	CHECK_STR(sr_buf_str(&w.a.last), MSG);
	CHECK_EQ(w.a.n, 1);
	CHECK(w.a.from.conn != 0);
	CHECK_EQ(w.a.from.local.port, w.at.port);
	CHECK(sr_conn_open(w.a.t, w.a.from.conn));
	close(fd);
	CHECK(until(w.l, &w.a.nclosed, 1));
	CHECK_EQ(w.a.err, SR_OK);
	CHECK(!w.a.lost);
	CHECK_EQ(open_conns(&w), 0);
	end(&w);
}

TEST(tcp_takes_pipelined_messages)
{
	struct world w;
	char buf[3 * sizeof(REPLY)];
	bool eof;
	int fd;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	fd = dial(w.at);
	put(fd, MSG MSG "\r\n" MSG, 3 * strlen(MSG) + 2);
	CHECK_EQ(take(w.l, fd, buf, 3 * strlen(REPLY), &eof),
	    3 * strlen(REPLY));
	CHECK_EQ(w.a.n, 3);
	CHECK_EQ(w.a.sizes[2], strlen(MSG));
	close(fd);
	end(&w);
}

TEST(tcp_answers_a_ping_and_skips_a_lone_line_end)
{
	struct world w;
	char buf[64];
	bool eof;
	int fd;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	fd = dial(w.at);
	put(fd, "\r\n" MSG, 2 + strlen(MSG));
	CHECK_EQ(take(w.l, fd, buf, strlen(REPLY), &eof), strlen(REPLY));
	CHECK(memcmp(buf, REPLY, strlen(REPLY)) == 0);
	put(fd, "\r\n\r", 3);
	sr_loop_run_until(w.l, sr_now() + 5 * SR_MSEC);
	CHECK_EQ(recv(fd, buf, sizeof(buf), 0), -1);
	put(fd, "\n", 1);
	CHECK_EQ(take(w.l, fd, buf, 2, &eof), 2);
	CHECK(memcmp(buf, "\r\n", 2) == 0);
	close(fd);
	end(&w);
}

TEST(tcp_without_a_length_is_flagged_and_closed_behind_the_answer)
{
	struct world w;
	char buf[256];
	bool eof;
	int fd;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	fd = dial(w.at);
	put(fd, HEAD "\r\nleft over", strlen(HEAD) + 11);
	CHECK_EQ(take(w.l, fd, buf, sizeof(buf), &eof), strlen(REPLY));
	CHECK(eof);
	CHECK_EQ(w.a.flags, SR_IN_NO_LENGTH);
	CHECK_EQ(w.a.n, 1);
	close(fd);
	/* Nothing left over: the buffer that it came in is empty then. */
	fd = dial(w.at);
	put(fd, HEAD "\r\n", strlen(HEAD) + 2);
	CHECK_EQ(take(w.l, fd, buf, sizeof(buf), &eof), strlen(REPLY));
	CHECK(eof);
	close(fd);
	CHECK(until(w.l, &w.a.nclosed, 1));
	end(&w);
}

TEST(tcp_past_the_limit_is_answered_and_closed_without_taking_it)
{
	struct world w;
	char buf[256];
	bool eof;
	int fd;

	begin(&w, (struct sr_transport_cfg){ .max_message = 10000 });
	fd = dial(w.at);
	put(fd, HEAD "Content-Length: 1000000000\r\n\r\nabc",
	    strlen(HEAD) + 33);
	CHECK_EQ(take(w.l, fd, buf, sizeof(buf), &eof), strlen(REPLY));
	CHECK(eof);
	CHECK_EQ(w.a.flags, SR_IN_TOO_LARGE);
	CHECK_EQ(w.a.last.n, strlen(HEAD) + 30);
	close(fd);
	end(&w);
}

TEST(tcp_garbage_and_endless_headers_are_closed)
{
	struct world w;
	char junk[20000];
	int fd, fd2;

	begin(&w, (struct sr_transport_cfg){ .max_message = 10000 });
	fd = dial(w.at);
	put(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27);
	CHECK(ends(w.l, fd));
	CHECK_EQ(w.a.err, SR_EBAD);
	fd2 = dial(w.at);
	memset(junk, 'x', sizeof(junk));
	put(fd2, HEAD "X: ", strlen(HEAD) + 3);
	put(fd2, junk, sizeof(junk));
	CHECK(ends(w.l, fd2));
	CHECK_EQ(w.a.err, SR_ELIMIT);
	CHECK_EQ(w.a.n, 0);
	CHECK_EQ(open_conns(&w), 0);
	close(fd);
	close(fd2);
	end(&w);
}

TEST(slow_and_silent_peers_are_closed_and_others_unhurt)
{
	struct sr_transport_stats st;
	struct world w;
	int slow[50], silent, good;

	begin(&w, (struct sr_transport_cfg){
	    .message_timeout = 60 * SR_MSEC, .idle_timeout = 400 * SR_MSEC });
	good = dial(w.at);
	put(good, MSG, strlen(MSG));
	silent = dial(w.at);
	for (int i = 0; i < 50; i++) {
		slow[i] = dial(w.at);
		put(slow[i], MSG, 20);
	}
	for (int i = 0; i < 50; i++)
		CHECK(ends(w.l, slow[i]));
	CHECK(ends(w.l, silent));
	CHECK_EQ(w.a.err, ETIMEDOUT);
	CHECK_EQ(open_conns(&w), 1);
	sr_transport_stats(w.a.t, &st);
	CHECK_EQ(st.timeouts, 51);
	/* Pinned it may idle. */
	sr_conn_pin(w.a.t, w.a.from.conn);
	sr_loop_run_until(w.l, sr_now() + 450 * SR_MSEC);
	CHECK_EQ(open_conns(&w), 1);
	sr_conn_unpin(w.a.t, w.a.from.conn);
	CHECK(until(w.l, &w.a.nclosed, 52));
	CHECK_EQ(w.a.err, SR_OK);
	for (int i = 0; i < 50; i++)
		close(slow[i]);
	close(silent);
	close(good);
	end(&w);
}

TEST(no_more_connections_are_taken_than_the_limits_allow)
{
	struct sr_transport_stats st;
	struct world w;
	int fd[5];

	begin(&w, (struct sr_transport_cfg){ .max_per_source = 3 });
	for (int i = 0; i < 5; i++)
		fd[i] = dial(w.at);
	CHECK(ends(w.l, fd[3]));
	CHECK(ends(w.l, fd[4]));
	sr_transport_stats(w.a.t, &st);
	CHECK_EQ(st.conns, 3);
	CHECK_EQ(st.refused, 2);
	for (int i = 0; i < 5; i++)
		close(fd[i]);
	end(&w);
}

TEST(without_descriptors_a_caller_is_turned_away_and_the_loop_rests)
{
	struct rlimit old, low;
	struct sr_transport_stats st;
	struct world w;
	int fd, next;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	fd = dial(w.at);
	next = dup(fd);
	getrlimit(RLIMIT_NOFILE, &old);
	low = old;
	low.rlim_cur = (rlim_t)next;
	close(next);
	setrlimit(RLIMIT_NOFILE, &low);
	while ((next = dup(fd)) >= 0)
		continue;
	CHECK(ends(w.l, fd));
	setrlimit(RLIMIT_NOFILE, &old);
	sr_transport_stats(w.a.t, &st);
	CHECK_EQ(st.conns, 0);
	CHECK(st.refused >= 1 && st.refused < 5);
	close(fd);
	fd = dial(w.at);		/* and it goes on */
	put(fd, MSG, strlen(MSG));
	CHECK(until(w.l, &w.a.n, 1));
	close(fd);
	end(&w);
}

TEST(accepts_are_throttled)
{
	struct world w;
	int fd[6];

	begin(&w, (struct sr_transport_cfg){ .max_accepts = 4 });
	for (int i = 0; i < 6; i++)
		fd[i] = dial(w.at);
	sr_loop_run_until(w.l, sr_now() + 50 * SR_MSEC);
	CHECK_EQ(open_conns(&w), 4);
	sr_loop_run_until(w.l, sr_now() + 1100 * SR_MSEC);
	CHECK_EQ(open_conns(&w), 6);
	for (int i = 0; i < 6; i++)
		close(fd[i]);
	end(&w);
}

/* ---- both sides ours ---- */

TEST(an_outgoing_connection_is_opened_used_again_and_reopened)
{
	struct side b;
	struct world w;
	struct sr_hop to = { .proto = SR_TCP }, first;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, w.l, (struct sr_transport_cfg){ .max_conns = 0 });
	to.remote = w.at;
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	first = to;
	CHECK(first.conn != 0);
	to.conn = 0;
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK_EQ(to.conn, first.conn);
	CHECK(until(w.l, &b.responses, 2));
	CHECK_EQ(open_conns(&w), 1);
	/* The other side closes it: what comes next opens a new one. */
	sr_conn_close(w.a.t, w.a.from.conn);
	CHECK(until(w.l, &b.nclosed, 1));
	CHECK_EQ(b.closed.conn, first.conn);
	CHECK_EQ(b.err, SR_OK);
	to = first;
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK(to.conn > first.conn);
	CHECK(until(w.l, &b.responses, 3));
	stop(&b);
	end(&w);
}

TEST(a_refused_connection_is_told_as_lost)
{
	struct side b;
	struct world w;
	struct sr_hop to = { .proto = SR_TCP };

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, w.l, (struct sr_transport_cfg){ .max_conns = 0 });
	to.remote = w.at;
	sr_transport_unlisten(w.a.t);
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK(until(w.l, &b.nclosed, 1));
	CHECK_EQ(b.err, ECONNREFUSED);
	CHECK_EQ(b.closed.conn, to.conn);
	CHECK(b.lost);
	stop(&b);
	end(&w);
}

TEST(a_connection_that_does_not_come_is_given_up)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(in);
	struct side b;
	struct sr_loop *l;
	struct sr_hop to = { .proto = SR_TCP };
	int fd = socket(AF_INET, SOCK_STREAM, 0), fill[4];

	/* A listener with a full backlog answers nothing. */
	CHECK_EQ(bind(fd, (struct sockaddr *)&in, n), 0);
	CHECK_EQ(listen(fd, 0), 0);
	getsockname(fd, (struct sockaddr *)&in, &n);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)!connect(fill[i], (struct sockaddr *)&in, n);
	}
	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&b, l, (struct sr_transport_cfg){
	    .connect_timeout = 80 * SR_MSEC });
	sr_addr_parse(&to.remote, SR_STR("127.0.0.1"));
	to.remote.port = ntohs(in.sin_port);
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK(until(l, &b.nclosed, 1));
	CHECK_EQ(b.err, ETIMEDOUT);
	CHECK(b.lost);
	stop(&b);
	sr_loop_free(l);
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(fd);
}

TEST(outgoing_streams_are_kept_alive_until_nobody_answers)
{
	struct side b;
	struct world w;
	struct sr_hop to = { .proto = SR_TCP };

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, w.l, (struct sr_transport_cfg){ .keepalive = true,
	    .ping_min = 20 * SR_MSEC, .ping_max = 30 * SR_MSEC,
	    .pong_timeout = 40 * SR_MSEC });
	to.remote = w.at;
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	sr_loop_run_until(w.l, sr_now() + 200 * SR_MSEC);
	CHECK_EQ(b.nclosed, 0);
	CHECK_EQ(w.a.n, 1);
	stop(&b);
	end(&w);
}

TEST(a_peer_that_sends_no_pong_is_given_up)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof(in);
	struct side b;
	struct sr_loop *l;
	struct sr_hop to = { .proto = SR_TCP };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK_EQ(bind(fd, (struct sockaddr *)&in, n), 0);
	CHECK_EQ(listen(fd, 4), 0);
	getsockname(fd, (struct sockaddr *)&in, &n);
	CHECK_EQ(sr_loop_new(&l), SR_OK);
	start(&b, l, (struct sr_transport_cfg){ .keepalive = true,
	    .ping_min = 20 * SR_MSEC, .ping_max = 30 * SR_MSEC,
	    .pong_timeout = 40 * SR_MSEC });
	sr_addr_parse(&to.remote, SR_STR("127.0.0.1"));
	to.remote.port = ntohs(in.sin_port);
	CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
	CHECK(until(l, &b.nclosed, 1));
	CHECK_EQ(b.err, ETIMEDOUT);
	stop(&b);
	sr_loop_free(l);
	close(fd);
}

TEST(a_peer_that_reads_nothing_fills_only_its_share)
{
	struct world w;
	struct sr_buf big;
	struct sr_hop to;
	int fd, err = SR_OK, full = 0;

	begin(&w, (struct sr_transport_cfg){ .max_output = 300000,
	    .message_timeout = 100 * SR_MSEC });
	fd = dial(w.at);
	put(fd, MSG, strlen(MSG));
	CHECK(until(w.l, &w.a.n, 1));
	sr_buf_init(&big, 100000);
	while (big.n < 100000)
		sr_buf_addc(&big, 'x');
	to = w.a.from;
	/* More than once: first the buffers of the system fill. */
	for (int i = 0; i < 2000 && full < 20 && w.a.nclosed == 0; i++) {
		err = send_msg(&w.a, &to, sr_buf_str(&big));
		full = err == SR_ELIMIT ? full + 1 : 0;
		sr_loop_run_until(w.l, sr_now() + SR_MSEC / 2);
	}
	CHECK_EQ(err, SR_ELIMIT);
	CHECK(until(w.l, &w.a.nclosed, 1));
	CHECK_EQ(w.a.err, ETIMEDOUT);
	CHECK(w.a.lost);
	sr_buf_free(&big);
	close(fd);
	end(&w);
}

TEST(routes_say_what_via_and_contact_want)
{
	struct world w;
	struct sr_hop hop = { .proto = SR_TCP };

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	sr_addr_parse(&hop.remote, SR_STR("127.0.0.1:9"));
	CHECK_EQ(sr_transport_route(w.a.t, &hop), SR_OK);
	CHECK(sr_addr_eq(&hop.local, &w.at));
	end(&w);
}

TEST(an_advertised_address_of_a_nat_is_no_obstacle)
{
	static const enum sr_proto protos[] = { SR_UDP, SR_TCP };
	struct side b;
	struct world w;

	begin(&w, (struct sr_transport_cfg){ .max_conns = 0 });
	start(&b, w.l, (struct sr_transport_cfg){ .max_conns = 0 });
	listen_on(&b, "udp:0.0.0.0:0");
	for (size_t i = 0; i < 2; i++) {
		struct sr_hop to = { .proto = protos[i], .remote = w.at };

		sr_addr_parse(&to.local, SR_STR("192.0.2.200:5060"));
		CHECK_EQ(send_msg(&b, &to, SR_STR(MSG)), SR_OK);
		CHECK(until(w.l, &b.responses, i + 1));
	}
	stop(&b);
	end(&w);
}
