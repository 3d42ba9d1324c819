/* dns_srv - which services a domain has, and where: NAPTR (RFC 3403) and SRV
 * (RFC 2782) as SIP reads them. */
#include "io/priv.h"

#include <arpa/nameser.h>
#include <ares.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/dns.h"

enum { MAX_RECORDS = 32 };

/* What goes wrong while a group is asked for leaves it empty; when the last
 * answer is there, the places are looked up. */
static void
group_done(struct sr_lookup *l)
{
	if (--l->services == 0 && !l->told)
		dns_places(l);
}

/* ---- SRV ---- */

struct srv {
	uint16_t priority, weight, port;
	const char *host;
};

static int
by_priority(const void *a, const void *b)
{
	const struct srv *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	/* Those without weight first: RFC 2782, "Weight". */
	return (x->weight > 0) - (y->weight > 0);
}

/* Of v[0..n), all of one priority: one to be first, by weight. */
static size_t
draw(struct sr_prng *r, const struct srv *v, size_t n)
{
	uint64_t sum = 0, x;

	for (size_t i = 0; i < n; i++)
		sum += v[i].weight;
	x = sr_prng_next(r) % (sum + 1);
	for (size_t i = 0; i + 1 < n; i++) {
		if (x <= v[i].weight)
			return i;
		x -= v[i].weight;
	}
	return n - 1;
}

static void
order(struct sr_prng *r, struct srv *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_priority);
	for (size_t i = 0; i < n; i++) {
		size_t same = 1, k;
		struct srv first;

		while (i + same < n && v[i + same].priority == v[i].priority)
			same++;
		k = i + draw(r, v + i, same);
		first = v[k];
		memmove(v + i + 1, v + i, (k - i) * sizeof(*v));
		v[i] = first;
	}
}

static void
on_srv(void *arg, int status, int timeouts, unsigned char *buf, int len)
{
	struct dns_group *g = arg;
	struct sr_lookup *l = g->lookup;
	struct ares_srv_reply *list = NULL, *s;
	struct srv v[MAX_RECORDS];
	size_t n = 0;

	(void)timeouts;
	if (!dns_failed(l, status) &&
	    ares_parse_srv_reply(buf, len, &list) == ARES_SUCCESS)
		for (s = list; s != NULL && n < MAX_RECORDS; s = s->next)
			/* "." is: decidedly no such service. */
			if (s->host[0] != '\0' && strcmp(s->host, ".") != 0)
				v[n++] = (struct srv){ s->priority, s->weight,
				    s->port, s->host };
	order(&l->dns->prng, v, n);
	for (size_t i = 0; i < n; i++)
		dns_place(l, g, g->proto, v[i].port, v[i].host);
	if (list != NULL)
		ares_free_data(list);
	group_done(l);
	dns_unref(l);
}

static void
ask_srv(struct sr_lookup *l, enum sr_proto proto, const char *name)
{
	struct dns_group *g = &l->groups[l->ngroups];

	if (l->ngroups == DNS_GROUPS)
		return;
	*g = (struct dns_group){ .lookup = l, .proto = proto };
	l->ngroups++;
	l->services++;
	l->pending++;
	ares_query(l->dns->channel, name, ns_c_in, ns_t_srv, on_srv, g);
}

/* The name that SIP gives to a service of the host. */
static void
ask_service(struct sr_lookup *l, enum sr_proto proto)
{
	static const char *const prefix[] = {
		[SR_UDP] = "_sip._udp.", [SR_TCP] = "_sip._tcp.",
		[SR_TLS] = "_sips._tcp."
	};
	char name[DNS_NAME + 16];

	strcpy(name, prefix[proto]);
	strcat(name, l->host);
	ask_srv(l, proto, name);
}

/* services is held above zero while questions are being asked: an answer may
 * come from within. */
void
dns_srv(struct sr_lookup *l)
{
	l->services++;
	if (l->has_proto)
		ask_service(l, l->proto);
	else {
		ask_service(l, SR_UDP);
		ask_service(l, SR_TCP);
		if (l->dns->tls)
			ask_service(l, SR_TLS);
	}
	group_done(l);
}

/* ---- NAPTR ---- */

static bool
service(const struct sr_lookup *l, const struct ares_naptr_reply *r,
    enum sr_proto *proto)
{
	const char *s = (const char *)r->service;

	if (strcasecmp((const char *)r->flags, "s") != 0 ||
	    r->replacement[0] == '\0')
		return false;
	if (strcasecmp(s, "SIPS+D2T") == 0) {
		*proto = SR_TLS;
		return l->dns->tls || l->has_proto;
	}
	*proto = strcasecmp(s, "SIP+D2T") == 0 ? SR_TCP : SR_UDP;
	return !l->has_proto && (*proto == SR_TCP ||
	    strcasecmp(s, "SIP+D2U") == 0);
}

static int
by_order(const void *a, const void *b)
{
	const struct ares_naptr_reply *x = *(struct ares_naptr_reply *const *)a;
	const struct ares_naptr_reply *y = *(struct ares_naptr_reply *const *)b;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return (x->preference > y->preference) -
	    (x->preference < y->preference);
}

static void
on_naptr(void *arg, int status, int timeouts, unsigned char *buf, int len)
{
	struct sr_lookup *l = arg;
	struct ares_naptr_reply *list = NULL, *r, *v[MAX_RECORDS];
	enum sr_proto proto;
	size_t n = 0;

	(void)timeouts;
	if (!dns_failed(l, status) &&
	    ares_parse_naptr_reply(buf, len, &list) == ARES_SUCCESS)
		for (r = list; r != NULL && n < MAX_RECORDS; r = r->next)
			if (service(l, r, &proto))
				v[n++] = r;
	qsort(v, n, sizeof(v[0]), by_order);
	l->services++;
	for (size_t i = 0; i < n; i++)
		if (service(l, v[i], &proto))
			ask_srv(l, proto, v[i]->replacement);
	if (n == 0 && !l->told)
		dns_srv(l);
	group_done(l);
	if (list != NULL)
		ares_free_data(list);
	dns_unref(l);
}

void
dns_naptr(struct sr_lookup *l)
{
	l->pending++;
	ares_query(l->dns->channel, l->host, ns_c_in, ns_t_naptr, on_naptr, l);
}
