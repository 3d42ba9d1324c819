/* dns - where a SIP URI leads, RFC 3263: NAPTR, then SRV, then addresses. */
#include "io/priv.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "io/dns.h"

/* ---- the end of a lookup ---- */

static void
free_lookup(struct sr_lookup *l)
{
	sr_loop_undefer(l->dns->loop, l);
	sr_wake_free(l->wake);
	free(l);
}

/* What was found so far, in the order of the places. */
static size_t
gather(const struct sr_lookup *l, struct sr_hop *hops)
{
	size_t n = 0;

	for (size_t g = 0; g < l->ngroups; g++)
		for (size_t i = 0; i < l->groups[g].n; i++) {
			const struct dns_place *p = &l->groups[g].places[i];

			for (size_t k = 0; k < p->n && n < DNS_HOPS; k++) {
				hops[n] = (struct sr_hop){ .proto = p->proto,
				    .remote = p->addrs[k] };
				hops[n++].remote.port = p->port;
			}
		}
	return n;
}

static void
tell(struct sr_lookup *l, int err)
{
	struct sr_hop hops[DNS_HOPS];
	size_t n = gather(l, hops);

	l->told = true;
	sr_wake_at(l->wake, SR_NEVER);
	if (n > 0)
		err = SR_OK;
	if (err == SR_ESYS)
		errno = ETIMEDOUT;
	l->fn(l->arg, err, hops, n);
}

static void
finished(void *arg)
{
	struct sr_lookup *l = arg;

	if (!l->told)
		tell(l, l->unreached ? SR_ESYS : SR_ENOENT);
	dns_unref(l);
}

static void
too_late(void *arg, sr_time now)
{
	struct sr_lookup *l = arg;

	(void)now;
	l->pending++;
	tell(l, SR_ESYS);
	dns_unref(l);
}

/* Queries that c-ares has still hold a lookup that is over. */
void
dns_unref(struct sr_lookup *l)
{
	if (--l->pending > 0)
		return;
	if (l->told) {
		*l->link = l->next;
		if (l->next != NULL)
			l->next->link = l->link;
		free_lookup(l);
		return;
	}
	/* Nothing is left to ask; not from within the caller's call. */
	l->pending++;
	if (sr_loop_defer(l->dns->loop, finished, l) != SR_OK)
		finished(l);
}

bool
dns_failed(struct sr_lookup *l, int status)
{
	if (status != ARES_SUCCESS && status != ARES_ENOTFOUND &&
	    status != ARES_ENODATA)
		l->unreached = true;
	return status != ARES_SUCCESS || l->told;
}

/* ---- addresses ---- */

static void
on_addrs(void *arg, int status, int timeouts, struct ares_addrinfo *res)
{
	struct dns_place *p = arg;
	struct sr_lookup *l = p->lookup;
	struct ares_addrinfo_node *a;

	(void)timeouts;
	if (!dns_failed(l, status))
		for (a = res->nodes; a != NULL && p->n < DNS_ADDRS;
		    a = a->ai_next) {
			struct sockaddr_storage ss = { .ss_family = 0 };

			if ((size_t)a->ai_addrlen > sizeof(ss))
				continue;
			memcpy(&ss, a->ai_addr, (size_t)a->ai_addrlen);
			p->addrs[p->n] = io_addr(&ss);
			p->n += p->addrs[p->n].family != 0;
		}
	if (res != NULL)
		ares_freeaddrinfo(res);
	dns_unref(l);
}

static void
resolve(struct sr_lookup *l, struct dns_place *p)
{
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC };

	if (sr_addr_parse(&p->addrs[0], sr_cstr(p->name)) == SR_OK) {
		p->n = 1;
		return;
	}
	l->pending++;
	ares_getaddrinfo(l->dns->channel, p->name, NULL, &hints, on_addrs, p);
}

void
dns_places(struct sr_lookup *l)
{
	struct dns_group *g = &l->groups[0];
	bool any = false;

	for (size_t i = 0; i < l->ngroups; i++)
		any |= l->groups[i].n > 0;
	if (!any) {
		/* RFC 3263 section 4.2, the last resort. */
		l->ngroups = 1;
		dns_place(l, g, l->proto, l->port != 0 ? l->port :
		    l->proto == SR_TLS ? 5061 : 5060, l->host);
	}
	for (size_t i = 0; i < l->ngroups; i++)
		for (size_t k = 0; k < l->groups[i].n; k++)
			resolve(l, &l->groups[i].places[k]);
}

void
dns_place(struct sr_lookup *l, struct dns_group *g, enum sr_proto proto,
    uint16_t port, const char *name)
{
	struct dns_place *p = &g->places[g->n];

	if (g->n == DNS_PLACES || strlen(name) >= sizeof(p->name))
		return;
	*p = (struct dns_place){ .lookup = l, .proto = proto, .port = port };
	strcpy(p->name, name);
	g->n++;
}

/* ---- the question ---- */

/* RFC 3263 section 4.1: a number, a port or a transport that was given leave
 * less to ask. */
static void
ask(struct sr_lookup *l, const struct sr_dns_query *q)
{
	struct sr_addr a;

	l->port = q->port;
	l->has_proto = q->has_proto || q->sips;
	l->proto = q->sips ? SR_TLS : q->has_proto ? q->proto : SR_UDP;
	if (sr_addr_parse(&a, sr_cstr(l->host)) == SR_OK || q->port != 0)
		dns_places(l);
	else if (q->has_proto)
		dns_srv(l);
	else
		dns_naptr(l);
}

/* Without brackets, and as a C string. */
static int
copy_host(struct sr_lookup *l, struct sr_str host)
{
	if (host.n > 1 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = sr_substr(host, 1, host.n - 2);
	if (host.n == 0 || host.n >= sizeof(l->host) ||
	    memchr(host.p, '\0', host.n) != NULL)
		return SR_EBAD;
	memcpy(l->host, host.p, host.n);
	return SR_OK;
}

int
sr_dns_sip(struct sr_dns *d, const struct sr_dns_query *q,
    void (*fn)(void *arg, int err, const struct sr_hop *hops, size_t n),
    void *arg, struct sr_lookup **lp)
{
	struct sr_lookup *l = sr_zalloc(sizeof(*l));
	int err;

	if (l == NULL)
		return SR_ENOMEM;
	l->dns = d;
	l->fn = fn;
	l->arg = arg;
	if ((err = copy_host(l, q->host)) != SR_OK ||
	    (err = sr_wake_new(&l->wake, d->loop, too_late, l)) != SR_OK) {
		free(l);
		return err;
	}
	l->next = d->lookups;
	l->link = &d->lookups;
	if (l->next != NULL)
		l->next->link = &l->next;
	d->lookups = l;
	*lp = l;
	sr_wake_at(l->wake, sr_now() + d->timeout);
	l->pending = 1;
	ask(l, q);
	dns_unref(l);
	return SR_OK;
}

void
sr_dns_cancel(struct sr_lookup *l)
{
	l->pending++;
	l->told = true;
	sr_wake_at(l->wake, SR_NEVER);
	dns_unref(l);
}

/* ---- c-ares in our loop ---- */

static void
rearm(struct sr_dns *d)
{
	struct timeval tv, *next = ares_timeout(d->channel, NULL, &tv);

	sr_wake_at(d->wake, next == NULL ? SR_NEVER : sr_now() +
	    next->tv_sec * SR_SEC + next->tv_usec * (SR_SEC / 1000000));
}

static void
on_wake(void *arg, sr_time now)
{
	struct sr_dns *d = arg;

	(void)now;
	ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	rearm(d);
}

static void
on_readable(void *arg, int fd)
{
	struct sr_dns *d = arg;

	ares_process_fd(d->channel, fd, ARES_SOCKET_BAD);
	rearm(d);
}

static void
on_writable(void *arg, int fd)
{
	struct sr_dns *d = arg;

	ares_process_fd(d->channel, ARES_SOCKET_BAD, fd);
	rearm(d);
}

static void
on_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct sr_dns *d = arg;
	struct dns_sock **sp, *s;

	for (sp = &d->socks; (s = *sp) != NULL && s->fd != fd; )
		sp = &s->next;
	if (s != NULL) {
		*sp = s->next;
		sr_watch_free(s->in);
		sr_watch_free(s->out);
		free(s);
	}
	if ((!readable && !writable) || (s = sr_zalloc(sizeof(*s))) == NULL)
		return;
	s->fd = fd;
	s->next = d->socks;
	d->socks = s;
	if (readable)
		sr_watch_new(&s->in, d->loop, fd, on_readable, d);
	if (writable)
		io_watch_out(&s->out, d->loop, fd, on_writable, d);
	if (d->wake != NULL)
		sr_wake_at(d->wake, sr_now() + DNS_TRY * SR_MSEC);
}

static int
open_channel(struct sr_dns *d, const char *servers)
{
	struct ares_options o = { .timeout = DNS_TRY, .tries = 2,
	    .sock_state_cb = on_state, .sock_state_cb_data = d };

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return SR_ENOMEM;
	if (ares_init_options(&d->channel, &o, ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS) {
		d->channel = NULL;
		return SR_ENOMEM;
	}
	return servers == NULL || ares_set_servers_ports_csv(d->channel,
	    servers) == ARES_SUCCESS ? SR_OK : SR_EBAD;
}

int
sr_dns_new(struct sr_dns **dp, struct sr_loop *l, const struct sr_dns_cfg *cfg)
{
	struct sr_dns *d = sr_zalloc(sizeof(*d));
	int err;

	if (d == NULL)
		return SR_ENOMEM;
	d->loop = l;
	d->tls = cfg->tls;
	d->timeout = cfg->timeout > 0 ? cfg->timeout : 5 * SR_SEC;
	sr_prng_init(&d->prng, (uint64_t)sr_now());
	if ((err = sr_wake_new(&d->wake, l, on_wake, d)) != SR_OK ||
	    (err = open_channel(d, cfg->servers)) != SR_OK) {
		sr_dns_free(d);
		return err;
	}
	*dp = d;
	return SR_OK;
}

void
sr_dns_free(struct sr_dns *d)
{
	if (d == NULL)
		return;
	for (struct sr_lookup *l = d->lookups; l != NULL; l = l->next)
		l->told = true;
	if (d->channel != NULL)
		ares_destroy(d->channel);	/* ends what is under way */
	while (d->lookups != NULL) {
		struct sr_lookup *l = d->lookups;

		d->lookups = l->next;
		free_lookup(l);
	}
	sr_wake_free(d->wake);
	free(d);
}
