/* transport - SIP messages in and out, whatever carries them. */
#include "io/priv.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define OR(x, def) ((x) = (x) > 0 ? (x) : (def))

static void
defaults(struct sr_transport_cfg *c)
{
	OR(c->max_message, 1024 * 1024);
	OR(c->max_output, 4 * 1024 * 1024);
	OR(c->max_conns, 10000);
	OR(c->max_per_source, 1000);
	OR(c->max_accepts, 1000);
	OR(c->connect_timeout, 5 * SR_SEC);
	OR(c->handshake_timeout, 10 * SR_SEC);
	OR(c->message_timeout, 20 * SR_SEC);
	OR(c->idle_timeout, 600 * SR_SEC);
	OR(c->linger, 2 * SR_SEC);
	OR(c->ping_min, 95 * SR_SEC);
	OR(c->ping_max, 120 * SR_SEC);
	OR(c->pong_timeout, 10 * SR_SEC);
	OR(c->buffer, 4 * 1024 * 1024);
	if (c->ping_max < c->ping_min)
		c->ping_max = c->ping_min;
}

static void
resume(void *arg, sr_time now)
{
	struct sr_transport *t = arg;

	(void)now;
	t->paused = false;
	for (size_t i = 0; i < t->nlisteners; i++)
		if (t->listeners[i].proto != SR_UDP &&
		    t->listeners[i].fd >= 0)
			sr_watch_pause(t->listeners[i].watch, false);
}

static int
new_tables(struct sr_transport *t)
{
	size_t n = 64;

	while (n < t->cfg.max_conns && n < 1 << 20)
		n *= 2;
	t->mask = n - 1;
	t->by_num = calloc(n, sizeof(struct conn *));
	t->by_ip = calloc(n, sizeof(struct conn *));
	return t->by_num != NULL && t->by_ip != NULL ? SR_OK : SR_ENOMEM;
}

int
sr_transport_new(struct sr_transport **tp, struct sr_loop *l,
    const struct sr_transport_cfg *cfg, const struct sr_transport_cbs *cbs)
{
	struct sr_transport *t = sr_zalloc(sizeof(*t));
	uint64_t seed = 0;
	int err;

	if (t == NULL)
		return SR_ENOMEM;
	t->loop = l;
	t->cfg = *cfg;
	t->cbs = *cbs;
	defaults(&t->cfg);
	sr_buf_init(&t->scratch, t->cfg.max_message + 128 * 1024);
	t->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uint64_t)sr_now();
	sr_prng_init(&t->prng, seed);
	if ((err = new_tables(t)) != SR_OK ||
	    (err = dgram_init(t)) != SR_OK ||
	    (err = sr_wake_new(&t->resume, l, resume, t)) != SR_OK) {
		sr_transport_free(t);
		return err;
	}
	*tp = t;
	return SR_OK;
}

/* The connection to send by.  Where nobody said whom a TLS peer must be, it
 * must be its address. */
static int
stream_conn(struct sr_transport *t, struct sr_hop *to, struct sr_str domain,
    struct conn **cp)
{
	struct sr_addr ip = to->remote;
	struct sr_buf text;
	int err = SR_OK;

	if ((*cp = conn_find(t, to->conn)) != NULL && !(*cp)->closing)
		return SR_OK;
	ip.port = 0;
	sr_buf_init(&text, 64);
	if (to->proto == SR_TLS && domain.n == 0 &&
	    sr_addr_print(&text, &ip) == SR_OK)
		domain = sr_buf_str(&text);
	if ((*cp = conn_to(t, to, domain)) == NULL)
		err = conn_open(t, to, domain, cp);
	sr_buf_free(&text);
	return err;
}

int
sr_transport_send(struct sr_transport *t, struct sr_hop *to,
    struct sr_str domain, struct sr_str msg)
{
	struct conn *c;
	int err;

	if (to->proto == SR_UDP)
		err = dgram_send(t, to, msg);
	else if ((err = stream_conn(t, to, domain, &c)) == SR_OK) {
		*to = c->hop;
		err = conn_write(c, msg);
	}
	if (err == SR_OK)
		t->stats.sent++;
	else
		t->stats.send_errors++;
	return err;
}

void
sr_transport_stats(const struct sr_transport *t,
    struct sr_transport_stats *out)
{
	*out = t->stats;
}

void
sr_transport_free(struct sr_transport *t)
{
	if (t == NULL)
		return;
	t->cbs.closed = NULL;
	for (size_t i = 0; t->by_num != NULL && i <= t->mask; i++)
		while (t->by_num[i] != NULL)
			conn_end(t->by_num[i], SR_OK, "closed");
	sr_transport_unlisten(t);
	for (size_t i = 0; i < t->nlisteners; i++) {
		sr_watch_free(t->listeners[i].watch);
		if (t->listeners[i].fd >= 0)
			close(t->listeners[i].fd);
	}
	sr_wake_free(t->resume);
	if (t->reserve >= 0)
		close(t->reserve);
	free(t->by_num);
	free(t->by_ip);
	sr_buf_free(&t->scratch);
	free(t->batch);
	free(t);
}
