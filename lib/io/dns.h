/* What dns.c and dns_srv.c share. */
#ifndef IO_DNS_H
#define IO_DNS_H

#include "siprec/io.h"

enum {
	DNS_NAME = 256,
	DNS_GROUPS = 6,			/* services of a domain */
	DNS_PLACES = 8,			/* servers of a service */
	DNS_ADDRS = 8,			/* addresses of a server */
	DNS_HOPS = 32,
	DNS_TRY = 700			/* ms for the first of two tries */
};

struct dns_place {
	struct sr_lookup *lookup;
	enum sr_proto proto;
	uint16_t port;
	char name[DNS_NAME];
	struct sr_addr addrs[DNS_ADDRS];
	size_t n;
};
struct dns_group {			/* what one SRV name says */
	struct sr_lookup *lookup;
	enum sr_proto proto;
	struct dns_place places[DNS_PLACES];
	size_t n;
};

struct sr_lookup {
	struct sr_dns *dns;
	struct sr_lookup *next, **link;
	void (*fn)(void *arg, int err, const struct sr_hop *hops, size_t n);
	void *arg;
	struct sr_wake *wake;
	char host[DNS_NAME];
	uint16_t port;
	enum sr_proto proto;		/* where has_proto is, or nothing says
					 * better */
	bool has_proto;
	bool told;			/* the owner knows, or does not care */
	bool unreached;			/* a server gave no answer */
	unsigned pending;		/* who holds it */
	unsigned services;		/* SRV answers to come */
	struct dns_group groups[DNS_GROUPS];
	size_t ngroups;
};

struct dns_sock {
	int fd;
	struct sr_watch *in, *out;
	struct dns_sock *next;
};
struct sr_dns {
	struct sr_loop *loop;
	struct ares_channeldata *channel;
	struct sr_wake *wake;
	struct dns_sock *socks;
	struct sr_lookup *lookups;
	struct sr_prng prng;
	sr_time timeout;
	bool tls;
};

/* dns.c */
void dns_unref(struct sr_lookup *l);
/* Is there nothing to be read in the answer? */
bool dns_failed(struct sr_lookup *l, int status);
void dns_place(struct sr_lookup *l, struct dns_group *g, enum sr_proto proto,
    uint16_t port, const char *name);
void dns_places(struct sr_lookup *l);	/* now look for their addresses */
/* dns_srv.c: what the domain says, then dns_places. */
void dns_srv(struct sr_lookup *l);
void dns_naptr(struct sr_lookup *l);

#endif
