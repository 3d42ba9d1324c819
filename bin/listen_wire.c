/* listen_wire - SIP in and out; every message, both ways, goes to the engine
 * too, which records what it sees as it would from a capture. */
#include "listen.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* ---- to the engine ---- */

static void
watch(struct server *s, const struct sr_addr *src, const struct sr_addr *dst,
    enum sr_proto proto, sr_time when, struct sr_str data)
{
	struct sr_chunk c = { .kind = SR_DGRAM, .time = when, .data = data,
	    .flow = { *src, *dst, proto } };

	sr_engine_feed(s->engine, &c);
	log_drain(s);
}

static struct sr_str call_id(struct sr_str raw);

/* A request is shown to the engine when it is known that it was not refused:
 * what a stranger says of somebody's call changes nothing.  A refused INVITE
 * of its own is shown, and told. */
static bool
settle(struct server *s, const struct sr_serve_event *answer)
{
	struct sr_chunk c = s->held;
	bool known;

	if (!s->holds)
		return true;
	known = media_knows(s, call_id(c.data));
	if (answer != NULL && answer->status >= 300 && known) {
		s->holds = false;
		return false;
	}
	s->holds = false;
	watch(s, &c.flow.src, &c.flow.dst, c.flow.proto, c.time, c.data);
	return true;
}

/* ---- out ---- */

static void
lost(struct server *s, const struct sr_hop *hop)
{
	if (s->nlost == s->lost_cap) {
		size_t cap = s->lost_cap > 0 ? s->lost_cap * 2 : 16;
		struct sr_hop *v = realloc(s->lost, cap * sizeof(*v));

		if (v == NULL)
			return;
		s->lost = v;
		s->lost_cap = cap;
	}
	s->lost[s->nlost++] = *hop;
}

void
wire_show(struct server *s, const struct sr_serve_event *ev)
{
	/* What a request of ours answers came before it. */
	if (settle(s, ev->server ? ev : NULL))
		watch(s, &ev->hop.local, &ev->hop.remote, ev->hop.proto,
		    sr_now(), ev->data);
}

static void
send_message(struct server *s, const struct sr_serve_event *ev)
{
	struct sr_hop hop = ev->hop;

	if (sr_transport_send(s->transport, &hop, (struct sr_str){ NULL, 0 },
	    ev->data) != SR_OK)
		lost(s, &ev->hop);
	clf_take(s, &ev->hop, true, sr_now(), ev->data);
	if (!ev->held)
		wire_show(s, ev);
}

struct asking {
	struct server *server;
	uint64_t ticket;
};

static void
on_found(void *arg, int err, const struct sr_hop *hops, size_t n)
{
	struct asking *a = arg;
	struct server *s = a->server;
	struct sr_hop v[32];
	size_t k = 0;

	for (size_t i = 0; err == SR_OK && i < n && k < 32; i++) {
		v[k] = hops[i];
		k += sr_transport_route(s->transport, &v[k]) == SR_OK;
	}
	sr_serve_resolved(s->serve, a->ticket, v, k, sr_now());
	free(a);
	server_drain(s);
}

static void
resolve(struct server *s, const struct sr_serve_event *ev)
{
	struct asking *a = sr_zalloc(sizeof(*a));
	struct sr_dns_query q;
	struct sr_lookup *l;

	if (a == NULL)
		return;
	*a = (struct asking){ s, ev->ticket };
	if (sr_dns_query_uri(&q, ev->uri) != SR_OK ||
	    sr_dns_sip(s->dns, &q, on_found, a, &l) != SR_OK)
		on_found(a, SR_ENOENT, NULL, 0);
}

static void
take(struct server *s, const struct sr_serve_event *ev)
{
	switch (ev->kind) {
	case SR_SERVE_SEND:
		send_message(s, ev);
		break;
	case SR_SERVE_RESOLVE:
		resolve(s, ev);
		break;
	case SR_SERVE_PORTS:
		media_ports(s, ev);
		break;
	case SR_SERVE_RELEASE:
		media_release(s, ev);
		break;
	case SR_SERVE_LINE:
		media_line(s, ev);
		break;
	case SR_SERVE_MUTE:
		media_mute(s, ev);
		break;
	case SR_SERVE_PIN:
		sr_conn_pin(s->transport, ev->conn);
		break;
	case SR_SERVE_UNPIN:
		sr_conn_unpin(s->transport, ev->conn);
		break;
	case SR_SERVE_NOTE:
		log_note(s, ev);
		break;
	case SR_SERVE_IDLE:
		if (s->stopping)
			sr_loop_stop(s->loop);
		control_idle(s);
		break;
	case SR_SERVE_DONE:
		control_take(s, ev);
		run_done(s, ev);
		break;
	case SR_SERVE_KEYS:
		media_keys(s, ev);
		break;
	case SR_SERVE_PERSIST:
		store_persist(s, ev);
		break;
	case SR_SERVE_TAKEN:
		store_taken(s, ev->call_id);
		break;
	}
}

void
server_drain(struct server *s)
{
	const struct sr_serve_event *ev;

	if (s->busy)
		return;
	s->busy = true;
	do {
		while ((ev = sr_serve_next(s->serve)) != NULL)
			take(s, ev);
		if (s->nlost > 0) {
			struct sr_hop hop = s->lost[--s->nlost];

			sr_serve_lost(s->serve, &hop, sr_now());
		} else {
			break;
		}
	} while (true);
	s->busy = s->told = false;
	log_lines(s, false);
	server_wake(s);
}

/* ---- in ---- */

/* The Call-ID without reading the message twice. */
static struct sr_str
call_id(struct sr_str raw)
{
	struct sr_str line, name;

	while (sr_strline(&raw, &line) && line.n > 0) {
		struct sr_str value = line;

		if (sr_strcut(&value, ':', &name) && (sr_strieq(sr_trim(name),
		    SR_STR("Call-ID")) || sr_strieq(sr_trim(name),
		    SR_STR("i"))))
			return sr_trim(value);
	}
	return (struct sr_str){ NULL, 0 };
}

void
wire_take(struct server *s, const struct sr_serve_in *in, sr_time when)
{
	struct sr_str raw = in->raw;

	/* What stood on the wire before this message is taken before it. */
	s->busy = true;
	media_first(s, call_id(raw));
	s->busy = false;
	clf_take(s, &in->hop, false, when, raw);
	s->held = (struct sr_chunk){ .kind = SR_DGRAM, .time = when,
	    .data = raw, .flow = { in->hop.remote, in->hop.local,
	    in->hop.proto } };
	s->holds = true;
	if (sr_serve_receive(s->serve, in, sr_now()) == SR_EAUTH)
		s->holds = false;
	server_drain(s);
	settle(s, NULL);
	server_drain(s);
}

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct server *s = arg;
	struct sr_serve_in in = { .hop = *from, .raw = raw,
	    .identity = sr_conn_identity(s->transport, from->conn) };

	(void)flags;
	if (!store_fetch(s, &in, when))
		wire_take(s, &in, when);
}

static void
on_closed(void *arg, const struct sr_hop *hop, int err, const char *why,
    bool was_lost)
{
	struct server *s = arg;

	(void)err;
	(void)why;
	(void)was_lost;
	sr_serve_lost(s->serve, hop, sr_now());
	server_drain(s);
}

/* ---- begin and end ---- */

static int
open_tls(struct server *s, struct sr_buf *why)
{
	struct sr_tls_cfg cfg = { .pairs = s->o->secure.pairs,
	    .npairs = s->o->secure.ncerts,
	    .ca = s->o->tls_ca, .crl = s->o->tls_crl,
	    .verify_client = s->o->verify_client };

	if (s->o->secure.ncerts == 0)
		return CLI_OK;
	if (sr_tls_new(&s->tls, &cfg, why) == SR_OK)
		return CLI_OK;
	cli_warn("TLS: %.*s", SR_FMT(*why));
	return CLI_USAGE;
}

static int
open_listeners(struct server *s, struct sr_buf *why)
{
	struct sr_addr at;
	struct sr_buf b;

	for (size_t i = 0; i < s->o->nlisteners; i++) {
		int err = sr_transport_listen(s->transport,
		    s->o->listeners[i], &at, why);

		if (err != SR_OK) {
			cli_warn("%s: %.*s", s->o->listeners[i],
			    SR_FMT(*why));
			return err == SR_ESYS ? CLI_SYSTEM : CLI_USAGE;
		}
		sr_buf_init(&b, 128);
		sr_addr_print(&b, &at);
		if (!s->o->quiet)
			cli_warn("listening on %.*s%.*s",
			    (int)strcspn(s->o->listeners[i], ":") + 1,
			    s->o->listeners[i], SR_FMT(b));
		sr_buf_free(&b);
	}
	return CLI_OK;
}

int
wire_open(struct server *s)
{
	struct sr_transport_cbs cbs = { s, on_message, on_closed };
	struct sr_transport_cfg cfg = { .keepalive = true };
	struct sr_dns_cfg dns = { .servers = s->o->dns };
	struct sr_buf why;
	int status;

	sr_buf_init(&why, 1024);
	status = open_tls(s, &why);
	cfg.tls = s->tls;
	dns.tls = s->tls != NULL;
	if (status == CLI_OK && (sr_transport_new(&s->transport, s->loop,
	    &cfg, &cbs) != SR_OK || sr_dns_new(&s->dns, s->loop, &dns) !=
	    SR_OK)) {
		cli_warn("out of memory");
		status = CLI_SYSTEM;
	}
	if (status == CLI_OK)
		status = open_listeners(s, &why);
	sr_buf_free(&why);
	return status;
}

void
wire_close(struct server *s)
{
	sr_dns_free(s->dns);
	sr_transport_free(s->transport);
	sr_tls_free(s->tls);
	free(s->lost);
}
