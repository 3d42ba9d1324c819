/* conn_new - connections begin: they are taken, or made. */
#include "io/priv.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <unistd.h>

enum { MAX_DOMAIN = 256, MAX_IDENTITY = 1024 };

static struct bufferevent *
new_bev(struct conn *c, int fd)
{
	struct event_base *base = io_base(c->t->loop);
	int opts = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	struct bufferevent *bev;

	if (c->ssl == NULL)
		return bufferevent_socket_new(base, fd, opts);
	bev = bufferevent_openssl_socket_new(base, fd, c->ssl, c->outgoing ?
	    BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING, opts);
	if (bev != NULL)
		bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	else
		c->ssl = NULL;		/* it was freed with what failed */
	return bev;
}

/* On failure fd is the caller's still. */
static struct conn *
conn_new(struct sr_transport *t, const struct sr_hop *hop, bool outgoing,
    struct sr_str domain, int fd)
{
	struct conn *c = sr_zalloc(sizeof(*c));

	if (c == NULL)
		return NULL;
	c->t = t;
	c->hop = *hop;
	c->outgoing = outgoing;
	c->armed = c->ready_by = c->partial = c->output = c->ping_at =
	    c->pong_by = c->close_by = SR_NEVER;
	c->last = sr_now();
	sr_buf_init(&c->domain, MAX_DOMAIN);
	sr_buf_init(&c->identity, MAX_IDENTITY);
	if (sr_buf_add(&c->domain, domain) != SR_OK ||
	    sr_wake_new(&c->wake, t->loop, conn_tick, c) != SR_OK ||
	    (hop->proto == SR_TLS &&
	    (c->ssl = tls_ssl(t->cfg.tls, !outgoing, domain)) == NULL) ||
	    (c->bev = new_bev(c, fd)) == NULL) {
		conn_free(c);
		return NULL;
	}
	c->hop.conn = ++t->last_num;
	conn_insert(c);
	conn_listen(c);
	bufferevent_setwatermark(c->bev, EV_READ, 0,
	    t->cfg.max_message + 64 * 1024);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
	return c;
}

void
conn_accept(struct sr_transport *t, int fd, enum sr_proto proto,
    const struct sr_addr *remote)
{
	struct sr_hop hop = { .proto = proto, .remote = *remote };
	struct conn *c;

	hop.local = io_local(fd);
	c = conn_new(t, &hop, false, (struct sr_str){ NULL, 0 }, fd);
	if (c == NULL) {
		close(fd);
		return;
	}
	t->stats.accepted++;
	if (proto == SR_TLS)
		c->ready_by = c->last + t->cfg.handshake_timeout;
	else
		conn_ready(c);
	conn_arm(c);
}

/* Leaves from the address that was asked for where that is one of ours: it may
 * be what others know us by, on the far side of a NAT. */
static int
client_socket(const struct sr_hop *to)
{
	struct sockaddr_storage ss;
	struct sr_addr local = to->local;
	socklen_t n = io_sockaddr(&ss, &to->remote);
	int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);

	local.port = 0;
	if (fd < 0 || local.family != to->remote.family || sr_addr_any(&local))
		return fd;
	n = io_sockaddr(&ss, &local);
	if (bind(fd, (struct sockaddr *)&ss, n) == 0 || errno == EADDRNOTAVAIL)
		return fd;
	return io_close(fd);
}

/* TCP tells that it is there; with TLS that is the handshake's business, which
 * begins when the socket can be written to. */
static int
start(struct sr_transport *t, const struct sr_hop *to, struct sr_str domain,
    int fd, struct conn **cp)
{
	struct sockaddr_storage ss;
	socklen_t n = io_sockaddr(&ss, &to->remote);
	int saved;

	if (to->proto == SR_TLS && connect(fd, (struct sockaddr *)&ss, n) !=
	    0 && errno != EINPROGRESS) {
		io_close(fd);
		return SR_ESYS;
	}
	if ((*cp = conn_new(t, to, true, domain, fd)) == NULL) {
		io_close(fd);
		return SR_ENOMEM;
	}
	if (to->proto == SR_TLS || bufferevent_socket_connect((*cp)->bev,
	    (struct sockaddr *)&ss, (int)n) == 0)
		return SR_OK;
	saved = errno;
	conn_drop(*cp);
	errno = saved;
	return SR_ESYS;
}

int
conn_open(struct sr_transport *t, struct sr_hop *to, struct sr_str domain,
    struct conn **cp)
{
	int err, fd;

	if (to->proto == SR_TLS && t->cfg.tls == NULL)
		return SR_EUNSUP;
	if (t->stats.conns >= t->cfg.max_conns)
		return SR_ELIMIT;
	if (to->local.family == 0 &&
	    (err = sr_transport_route(t, to)) != SR_OK)
		return err;
	if ((fd = client_socket(to)) < 0)
		return SR_ESYS;
	if ((err = start(t, to, domain, fd, cp)) != SR_OK)
		return err;
	(*cp)->ready_by = (*cp)->last + t->cfg.connect_timeout *
	    (to->proto == SR_TLS ? 2 : 1);
	conn_arm(*cp);
	return SR_OK;
}
