/* listen - where we can be reached, and how many may come in. */
#include "io/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum {
	BACKLOG = 1024,
	MAX_ACCEPTS = 64,		/* before others have their turn */
	FREE_TRIES = 16
};

/* ---- URLs ---- */

struct url {
	bool udp, tcp, tls;
	struct sr_addr addr;
};

static bool
scheme(struct sr_str s, struct url *u)
{
	bool sip = sr_strieq(s, SR_STR("sip"));

	u->udp = sip || sr_strieq(s, SR_STR("udp"));
	u->tcp = sip || sr_strieq(s, SR_STR("tcp"));
	u->tls = sr_strieq(s, SR_STR("tls")) || sr_strieq(s, SR_STR("sips"));
	return u->udp || u->tcp || u->tls;
}

/* Is a port written there, be it 0? */
static bool
has_port(struct sr_str host)
{
	size_t end = host.n > 0 && host.p[0] == '[' ? sr_strchr(host, ']') : 0;

	host = sr_substr(host, end, host.n);
	end = sr_strchr(host, ':');
	/* An IPv6 address without brackets has more than one. */
	return end < host.n && sr_strchr(sr_substr(host, end + 1, host.n),
	    ':') == host.n - end - 1;
}

static int
parse_url(struct url *u, const char *text)
{
	struct sr_str rest = sr_cstr(text), head;

	*u = (struct url){ .udp = false };
	if (!sr_strcut(&rest, ':', &head) || !scheme(head, u))
		return SR_EBAD;
	if (sr_strstarts(rest, SR_STR("//")))
		rest = sr_substr(rest, 2, rest.n);
	if (sr_addr_parse(&u->addr, rest) != SR_OK)
		return SR_EBAD;
	if (!has_port(rest))
		u->addr.port = u->tls ? 5061 : 5060;
	return SR_OK;
}

/* ---- taking connections ---- */

void
listen_pause(struct sr_transport *t, sr_time until)
{
	if (t->paused)
		return;
	t->paused = true;
	for (size_t i = 0; i < t->nlisteners; i++)
		if (t->listeners[i].proto != SR_UDP &&
		    t->listeners[i].fd >= 0)
			sr_watch_pause(t->listeners[i].watch, true);
	sr_wake_at(t->resume, until);
}

/* No descriptor is left: whoever waits would wait for ever, and wake us each
 * time we look.  One is turned away with the descriptor kept for that. */
static void
turn_away(struct listener *l, sr_time now)
{
	struct sr_transport *t = l->t;
	int fd;

	t->stats.refused++;
	if (t->reserve >= 0) {
		close(t->reserve);
		if ((fd = accept(l->fd, NULL, NULL)) >= 0)
			close(fd);
	}
	t->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	listen_pause(t, now + 100 * SR_MSEC);
}

static bool
too_fast(struct sr_transport *t, sr_time now)
{
	if (now - t->second >= SR_SEC) {
		t->second = now;
		t->accepts = 0;
	}
	if (t->accepts < t->cfg.max_accepts)
		return false;
	listen_pause(t, t->second + SR_SEC);
	return true;
}

static void
on_accept(void *arg, int lfd)
{
	struct listener *l = arg;
	struct sr_transport *t = l->t;
	struct sockaddr_storage ss;
	struct sr_addr remote;
	sr_time now = sr_now();

	for (int i = 0; i < MAX_ACCEPTS && !too_fast(t, now); i++) {
		socklen_t n = sizeof(ss);
		int fd = accept4(lfd, (struct sockaddr *)&ss, &n,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE ||
			    errno == ENOBUFS || errno == ENOMEM)
				turn_away(l, now);
			return;
		}
		t->accepts++;
		remote = io_addr(&ss);
		if (t->stats.conns >= t->cfg.max_conns ||
		    conn_crowded(t, &remote)) {
			t->stats.refused++;
			close(fd);
			continue;
		}
		conn_accept(t, fd, l->proto, &remote);
	}
}

/* ---- listening ---- */

static int
stream_socket(const struct sr_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t n = io_sockaddr(&ss, a);
	int on = 1;
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->family == 6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&ss, n) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	return io_close(fd);
}

static int
add(struct sr_transport *t, enum sr_proto proto, int fd)
{
	struct listener *l = &t->listeners[t->nlisteners];
	int err;

	*l = (struct listener){ .t = t, .proto = proto, .fd = fd,
	    .addr = io_local(fd) };
	err = sr_watch_new(&l->watch, t->loop, fd,
	    proto == SR_UDP ? dgram_read : on_accept, l);
	if (err == SR_OK)
		t->nlisteners++;
	else
		close(fd);
	return err;
}

static int
bind_udp(const struct sr_transport *t, const struct sr_addr *a)
{
	int fd = io_udp(a, t->cfg.buffer, t->cfg.buffer);

	if (fd >= 0)
		io_udp_want_local(fd, a->family);
	return fd;
}

/* Both sockets, or the one that is wanted, at the same port. */
static int
bind_both(const struct sr_transport *t, const struct url *u, int *udp,
    int *tcp)
{
	struct sr_addr a = u->addr;

	*udp = *tcp = -1;
	if (u->udp) {
		if ((*udp = bind_udp(t, &a)) < 0)
			return SR_ESYS;
		a.port = io_local(*udp).port;
	}
	if (!u->udp || u->tcp)
		*tcp = stream_socket(&a);
	if (*tcp >= 0 || (u->udp && !u->tcp))
		return SR_OK;
	if (*udp >= 0)
		io_close(*udp);
	return SR_ESYS;
}

int
sr_transport_listen(struct sr_transport *t, const char *url,
    struct sr_addr *bound, struct sr_buf *why)
{
	struct url u;
	int udp, tcp, err = SR_ESYS;

	if (parse_url(&u, url) != SR_OK) {
		sr_buf_fmt(why, "%s: not sip:, udp:, tcp: or tls:ADDR:PORT",
		    url);
		return SR_EBAD;
	}
	if (u.tls && !tls_serves(t->cfg.tls)) {
		sr_buf_fmt(why, "%s: wants a certificate", url);
		return SR_EUNSUP;
	}
	if (t->nlisteners + 2 > MAX_LISTENERS) {
		sr_buf_fmt(why, "%s: too many listeners", url);
		return SR_ELIMIT;
	}
	/* A free port of the one need not be free for the other. */
	for (int i = 0; i < FREE_TRIES && err != SR_OK; i++)
		if ((err = bind_both(t, &u, &udp, &tcp)) != SR_OK &&
		    (u.addr.port != 0 || errno != EADDRINUSE))
			break;
	if (err != SR_OK) {
		sr_buf_fmt(why, "%s: %s", url, strerror(errno));
		return err;
	}
	*bound = io_local(udp >= 0 ? udp : tcp);
	if (udp >= 0 && (err = add(t, SR_UDP, udp)) != SR_OK && tcp >= 0)
		close(tcp);
	if (err == SR_OK && tcp >= 0)
		err = add(t, u.tls ? SR_TLS : SR_TCP, tcp);
	return err;
}

/* Datagrams still come: answers to what is under way are among them. */
void
sr_transport_unlisten(struct sr_transport *t)
{
	for (size_t i = 0; i < t->nlisteners; i++) {
		struct listener *l = &t->listeners[i];

		if (l->proto == SR_UDP || l->fd < 0)
			continue;
		sr_watch_free(l->watch);
		l->watch = NULL;
		close(l->fd);
		l->fd = -1;
	}
}

/* ---- which of ours ---- */

struct listener *
listener_for(struct sr_transport *t, enum sr_proto proto,
    const struct sr_addr *local, const struct sr_addr *remote)
{
	struct listener *best = NULL;
	int score, most = -1;

	for (size_t i = 0; i < t->nlisteners; i++) {
		struct listener *l = &t->listeners[i];

		if (l->proto != proto || l->addr.family != remote->family)
			continue;
		score = local->port == l->addr.port ? 4 : 0;
		if (sr_addr_ipeq(&l->addr, local))
			score += 2;
		else if (sr_addr_any(&l->addr))
			score += 1;
		if (score > most) {
			most = score;
			best = l;
		}
	}
	return best;
}

/* The address that a packet to there would leave from: a connected datagram
 * socket knows, and sends nothing. */
static int
ask_route(const struct sr_addr *remote, struct sr_addr *local)
{
	struct sockaddr_storage ss;
	socklen_t n = io_sockaddr(&ss, remote);
	int fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = SR_ESYS;

	if (fd < 0)
		return SR_ESYS;
	if (connect(fd, (struct sockaddr *)&ss, n) == 0) {
		*local = io_local(fd);
		err = SR_OK;
	}
	io_close(fd);
	return err;
}

int
sr_transport_route(struct sr_transport *t, struct sr_hop *hop)
{
	struct sr_addr none = { .family = 0 };
	struct listener *l;
	sr_time now = sr_now();
	int err;

	if (!sr_addr_ipeq(&t->routed, &hop->remote) ||
	    now - t->routed_at > 5 * SR_SEC) {
		if ((err = ask_route(&hop->remote, &t->route)) != SR_OK)
			return err;
		t->routed = hop->remote;
		t->routed_at = now;
	}
	hop->local = t->route;
	hop->local.port = 0;
	l = listener_for(t, hop->proto, &hop->local, &hop->remote);
	if (l == NULL) {
		l = listener_for(t, hop->proto, &none, &hop->remote);
		return l == NULL && hop->proto == SR_UDP ? SR_ENOENT : SR_OK;
	}
	if (!sr_addr_any(&l->addr))
		hop->local = l->addr;
	hop->local.port = l->addr.port;
	return SR_OK;
}
