/* conn - the life of a connection: how it is found, what it may take, and how
 * it ends. */
#include "io/priv.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- tables ---- */

static struct conn **
num_chain(const struct sr_transport *t, uint64_t num)
{
	return &t->by_num[num & t->mask];
}

static struct conn **
ip_chain(const struct sr_transport *t, const struct sr_addr *a)
{
	return &t->by_ip[sr_hash(a->ip, sizeof(a->ip)) & t->mask];
}

void
conn_insert(struct conn *c)
{
	struct conn **num = num_chain(c->t, c->hop.conn);
	struct conn **ip = ip_chain(c->t, &c->hop.remote);

	c->next_num = *num;
	*num = c;
	c->next_ip = *ip;
	*ip = c;
	c->t->stats.conns++;
}

static void
take_out(struct conn *c)
{
	struct conn **p;

	for (p = num_chain(c->t, c->hop.conn); *p != c; )
		p = &(*p)->next_num;
	*p = c->next_num;
	for (p = ip_chain(c->t, &c->hop.remote); *p != c; )
		p = &(*p)->next_ip;
	*p = c->next_ip;
	c->t->stats.conns--;
}

struct conn *
conn_find(const struct sr_transport *t, uint64_t num)
{
	struct conn *c;

	if (num == 0)
		return NULL;
	for (c = *num_chain(t, num); c != NULL; c = c->next_num)
		if (c->hop.conn == num)
			return c;
	return NULL;
}

/* One that leads to there already.  What a TLS peer proved, it proved for one
 * domain: RFC 5923 section 5. */
struct conn *
conn_to(const struct sr_transport *t, const struct sr_hop *to,
    struct sr_str domain)
{
	struct conn *c;

	for (c = *ip_chain(t, &to->remote); c != NULL; c = c->next_ip)
		if (!c->closing && c->hop.proto == to->proto &&
		    sr_addr_eq(&c->hop.remote, &to->remote) &&
		    (to->proto != SR_TLS || (c->outgoing &&
		    sr_strieq(sr_buf_str(&c->domain), domain))))
			return c;
	return NULL;
}

bool
conn_crowded(const struct sr_transport *t, const struct sr_addr *a)
{
	struct conn *c;
	size_t n = 0;

	for (c = *ip_chain(t, a); c != NULL; c = c->next_ip)
		if (sr_addr_ipeq(&c->hop.remote, a) &&
		    ++n >= t->cfg.max_per_source)
			return true;
	return false;
}

/* ---- deadlines: one wake-up for all of them ---- */

static void
sooner(sr_time *due, sr_time at)
{
	if (at < *due)
		*due = at;
}

static sr_time
after(sr_time t, sr_time d)
{
	return t == SR_NEVER ? SR_NEVER : t + d;
}

static sr_time
due(const struct conn *c)
{
	const struct sr_transport_cfg *cfg = &c->t->cfg;
	sr_time at = SR_NEVER;

	if (c->closing)
		return c->close_by;
	if (!c->ready)
		return c->ready_by;
	sooner(&at, after(c->partial, cfg->message_timeout));
	sooner(&at, after(c->output, cfg->message_timeout));
	if (!c->outgoing && !c->spoke)
		sooner(&at, after(c->last, cfg->message_timeout));
	if (c->pins == 0)
		sooner(&at, after(c->last, cfg->idle_timeout));
	sooner(&at, c->ping_at);
	sooner(&at, c->pong_by);
	return at;
}

/* A wake-up too early costs little, moving it at each message would not. */
void
conn_arm(struct conn *c)
{
	sr_time at = due(c);

	if (!c->dead && at < c->armed) {
		c->armed = at;
		sr_wake_at(c->wake, at);
	}
}

static void
timed_out(struct conn *c, const char *why)
{
	c->t->stats.timeouts++;
	errno = ETIMEDOUT;
	conn_end(c, SR_ESYS, why);
}

void
conn_tick(void *arg, sr_time now)
{
	struct conn *c = arg;
	const struct sr_transport_cfg *cfg = &c->t->cfg;

	c->armed = SR_NEVER;
	if (now >= due(c) && now >= c->ping_at && !c->closing && c->ready)
		stream_ping(c, now);
	if (now < due(c))
		conn_arm(c);
	else if (c->closing)
		conn_end(c, SR_OK, "closed");
	else if (!c->ready)
		timed_out(c, c->ssl != NULL ? "no TLS handshake in time" :
		    "no connection in time");
	else if (now >= after(c->partial, cfg->message_timeout))
		timed_out(c, "half a message, and no more in time");
	else if (now >= after(c->output, cfg->message_timeout))
		timed_out(c, "the peer reads nothing");
	else if (now >= c->pong_by)
		timed_out(c, "no answer to a keep-alive");
	else if (!c->outgoing && !c->spoke)
		timed_out(c, "no message in time");
	else
		conn_end(c, SR_OK, "idle");
}

/* ---- the end ---- */

static size_t
waiting(const struct conn *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev));
}

void
conn_free(struct conn *c)
{
	sr_wake_free(c->wake);
	if (c->bev != NULL)
		bufferevent_free(c->bev);
	else if (c->ssl != NULL)
		SSL_free(c->ssl);
	sr_buf_free(&c->domain);
	sr_buf_free(&c->identity);
	free(c);
}

void
conn_release(struct conn *c)
{
	if (--c->busy == 0 && c->dead)
		conn_free(c);
}

void
conn_end(struct conn *c, int err, const char *why)
{
	struct sr_transport *t = c->t;
	int saved = errno;
	bool lost;

	if (c->dead)
		return;
	lost = waiting(c) > 0 ||
	    (err != SR_OK && c->outgoing && c->wrote && !c->spoke);
	c->dead = true;
	c->busy++;
	take_out(c);
	sr_wake_at(c->wake, SR_NEVER);
	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	if (c->ssl != NULL && c->ready && !c->finished && err == SR_OK)
		SSL_shutdown(c->ssl);
	errno = saved;
	if (t->cbs.closed != NULL)
		t->cbs.closed(t->cbs.arg, &c->hop, err, why, lost);
	conn_release(c);
}

/* Says that we are done, and reads on until the peer is, too: with unread
 * bytes a close would take our last answer away from it. */
static void
say_done(struct conn *c)
{
	if (c->finished)
		return;
	c->finished = true;
	if (c->ssl != NULL && c->ready)
		SSL_shutdown(c->ssl);
	shutdown(bufferevent_getfd(c->bev), SHUT_WR);
}

void
conn_finish(struct conn *c)
{
	if (c->dead || c->closing)
		return;
	c->closing = true;
	c->close_by = sr_now() + c->t->cfg.linger;
	if (c->ready && waiting(c) == 0)
		say_done(c);
	conn_arm(c);
}

/* It never was one. */
void
conn_drop(struct conn *c)
{
	take_out(c);
	conn_free(c);
}

/* ---- what libevent tells ---- */

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	c->busy++;
	stream_read(c);
	conn_arm(c);
	conn_release(c);
}

static void
on_written(struct bufferevent *bev, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (waiting(c) > 0)
		return;
	c->output = SR_NEVER;
	if (c->closing)
		say_done(c);
}

static void
identify(struct conn *c)
{
	X509 *x = SSL_get0_peer_certificate(c->ssl);

	if (x != NULL && SSL_get_verify_result(c->ssl) == X509_V_OK &&
	    (c->outgoing || SSL_get_verify_mode(c->ssl) != SSL_VERIFY_NONE))
		sr_names_identity(&c->identity, x);
}

void
conn_ready(struct conn *c)
{
	int on = 1;

	c->ready = true;
	c->ready_by = SR_NEVER;
	c->last = sr_now();
	setsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_NODELAY, &on,
	    sizeof(on));
	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_KEEPALIVE, &on,
	    sizeof(on));
	if (c->outgoing) {
		struct sr_addr local = io_local(bufferevent_getfd(c->bev));

		c->t->stats.connected++;
		memcpy(c->hop.local.ip, local.ip, sizeof(local.ip));
		c->hop.local.family = local.family;
	}
	if (c->ssl != NULL)
		identify(c);
	if (c->outgoing && c->t->cfg.keepalive)
		stream_ping(c, c->last);
	if (c->closing && waiting(c) == 0)
		say_done(c);
	conn_arm(c);
}

static void
failed(struct conn *c)
{
	unsigned long code = 0;
	int err = errno;

	if (c->closing && c->finished) {
		conn_end(c, SR_OK, "closed");
		return;
	}
	if (c->ssl != NULL)
		code = bufferevent_get_openssl_error(c->bev);
	if (c->ssl != NULL && (code != 0 || (!c->ready &&
	    SSL_get_verify_result(c->ssl) != X509_V_OK))) {
		c->t->stats.tls_errors++;
		conn_end(c, SR_EAUTH, tls_why(c->ssl, code));
		return;
	}
	errno = err != 0 ? err : ECONNRESET;
	conn_end(c, SR_ESYS, strerror(errno));
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *c = arg;

	(void)bev;
	if (c->dead)
		return;
	if (what & BEV_EVENT_CONNECTED)
		conn_ready(c);
	else if (what & BEV_EVENT_EOF) {
		if (!c->ready) {
			errno = ECONNRESET;
			conn_end(c, SR_ESYS, strerror(errno));
		} else if (waiting(c) > 0 && !c->closing)
			conn_finish(c);
		else
			conn_end(c, SR_OK, "closed by the peer");
	} else
		failed(c);
}

void
conn_listen(struct conn *c)
{
	bufferevent_setcb(c->bev, on_read, on_written, on_event, c);
}

int
conn_write(struct conn *c, struct sr_str data)
{
	if (c->dead || c->finished) {
		errno = EPIPE;
		return SR_ESYS;
	}
	if (data.n > c->t->cfg.max_output ||
	    waiting(c) > c->t->cfg.max_output - data.n)
		return SR_ELIMIT;
	if (bufferevent_write(c->bev, data.p, data.n) != 0)
		return SR_ENOMEM;
	c->wrote = true;
	if (c->spoke)
		c->last = sr_now();
	if (c->output == SR_NEVER)
		c->output = sr_now();
	conn_arm(c);
	return SR_OK;
}

/* ---- by number ---- */

void
sr_conn_pin(struct sr_transport *t, uint64_t conn)
{
	struct conn *c = conn_find(t, conn);

	if (c != NULL)
		c->pins++;
}

void
sr_conn_unpin(struct sr_transport *t, uint64_t conn)
{
	struct conn *c = conn_find(t, conn);

	if (c == NULL || c->pins == 0)
		return;
	c->pins--;
	c->last = sr_now();
	conn_arm(c);
}

void
sr_conn_close(struct sr_transport *t, uint64_t conn)
{
	struct conn *c = conn_find(t, conn);

	if (c != NULL)
		conn_finish(c);
}

bool
sr_conn_open(const struct sr_transport *t, uint64_t conn)
{
	const struct conn *c = conn_find(t, conn);

	return c != NULL && !c->closing;
}

struct sr_str
sr_conn_identity(const struct sr_transport *t, uint64_t conn)
{
	const struct conn *c = conn_find(t, conn);

	return c != NULL && c->identity.n > 0 ? sr_buf_str(&c->identity) :
	    (struct sr_str){ NULL, 0 };
}
