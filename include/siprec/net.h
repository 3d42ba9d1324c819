/* net: captured frames in, datagrams and ordered stream bytes out. */
#ifndef SIPREC_NET_H
#define SIPREC_NET_H

#include "siprec/base.h"

#include <string.h>

enum sr_proto { SR_UDP, SR_TCP, SR_TLS };

/* A value: copy it, compare it with sr_addr_eq.  An IPv4 address stands in
 * the first four bytes of ip, the rest is zero. */
struct sr_addr {
	uint8_t ip[16];
	uint16_t port;			/* host order */
	uint8_t family;			/* 4, 6; 0: none */
};
struct sr_flow {
	struct sr_addr src, dst;
	enum sr_proto proto;
};

/* Where SIP goes to or came from.  local is what Via and Contact say of us. */
struct sr_hop {
	enum sr_proto proto;
	struct sr_addr local, remote;
	uint64_t conn;			/* a stream connection's number; 0: a
					 * datagram, or none is open yet */
};

bool sr_addr_any(const struct sr_addr *a);	/* 0.0.0.0, :: or none */
/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]", each with or without ":port"
 * (IPv6 with a port wants brackets).  SR_OK or SR_EBAD; no names. */
int sr_addr_parse(struct sr_addr *a, struct sr_str s);
/* ip:port, IPv6 in brackets; without the port when it is 0. */
int sr_addr_print(struct sr_buf *out, const struct sr_addr *a);
/* As bytes, to be read again: SR_OK, SR_ELIMIT, SR_ENOMEM.  What is no address
 * makes r bad. */
int sr_addr_pack(struct sr_buf *out, const struct sr_addr *a);
void sr_addr_unpack(struct sr_rd *r, struct sr_addr *a);

/* Half of an address as a word; the byte order does not matter to those who
 * only compare and hash. */
static inline uint64_t
sr_addr_half(const struct sr_addr *a, int i)
{
	uint64_t w;

	memcpy(&w, a->ip + 8 * i, sizeof(w));
	return w;
}

static inline bool
sr_addr_ipeq(const struct sr_addr *a, const struct sr_addr *b)
{
	return sr_addr_half(a, 0) == sr_addr_half(b, 0) &&
	    sr_addr_half(a, 1) == sr_addr_half(b, 1) && a->family == b->family;
}

static inline bool
sr_addr_eq(const struct sr_addr *a, const struct sr_addr *b)
{
	return a->port == b->port && sr_addr_ipeq(a, b);
}

static inline bool
sr_flow_eq(const struct sr_flow *a, const struct sr_flow *b)
{
	return a->proto == b->proto && sr_addr_eq(&a->src, &b->src) &&
	    sr_addr_eq(&a->dst, &b->dst);
}

/* Odd constants spread each word over the upper half, and the folds bring
 * that down again, for tables that look at the low bits only. */
static inline uint64_t
sr_flow_hash(const struct sr_flow *f)
{
	uint64_t h = sr_addr_half(&f->src, 0) * 0x9e3779b97f4a7c15u;
	uint64_t ports = (uint64_t)f->src.port << 32 |
	    (uint64_t)f->dst.port << 8 | (uint64_t)f->proto;

	h += sr_addr_half(&f->src, 1) * 0xc2b2ae3d27d4eb4fu;
	h += sr_addr_half(&f->dst, 0) * 0xd6e8feb86659fd93u;
	h += sr_addr_half(&f->dst, 1) * 0xff51afd7ed558ccdu;
	h ^= h >> 32;
	h += ports * 0xa0761d6478bd642fu;
	h ^= h >> 29;
	h *= 0xbf58476d1ce4e5b9u;
	return h ^ h >> 32;
}

/* One record of a capture.  data is borrowed until the next read. */
struct sr_frame {
	int link;	/* LINKTYPE_ number of the pcap registry */
	sr_time time;
	uint64_t num;			/* from 1, in the order of the file */
	struct sr_str data;
	size_t wire;	/* length on the wire; data.n when whole */
};

/* What both a capture and a live socket boil down to. */
enum sr_chunk_kind {
	SR_DGRAM,			/* one UDP datagram */
	SR_BYTES,			/* the next bytes of a stream */
	SR_GAP,	/* missing bytes of a stream were skipped */
	SR_CLOSE,	/* FIN, RST, or the stream was given up */
	SR_BROKEN	/* a frame we could not read; why says it */
};
struct sr_chunk {
	enum sr_chunk_kind kind;
	struct sr_flow flow;
	sr_time time;			/* when it was on the wire */
	uint64_t num;			/* frame number, 0 when live */
	struct sr_str data;	/* borrowed until the next sr_net call */
	size_t cut;			/* bytes of it that the snaplen took;
					 * SR_GAP: bytes skipped */
	const char *why;		/* SR_BROKEN: static text */
};

/* Fragments and segments that still wait.  All memory is bounded by
 * max_pending bytes; what is pushed out becomes SR_GAP or SR_BROKEN. */
struct sr_net;
int sr_net_new(struct sr_net **np, size_t max_pending);
/* Reads one frame: link layer, tunnels, IP, UDP or TCP.  Take all chunks
 * with sr_net_next before the next call.  SR_OK, also for what is not ours or
 * is broken; SR_ENOMEM. */
int sr_net_frame(struct sr_net *n, const struct sr_frame *f);
bool sr_net_next(struct sr_net *n, struct sr_chunk *out);
/* Reads of the frames behind that one as many as are plain datagrams; their
 * chunks follow.  How many. */
size_t sr_net_more(struct sr_net *n, const struct sr_frame *v, size_t nv);
/* All chunks that are ready, *nc of them, or the next one that waited: without
 * a copy, borrowed until the next call.  NULL when dry. */
const struct sr_chunk *sr_net_take(struct sr_net *n, size_t *nc);
/* Nothing of this TCP connection is wanted, in either direction. */
void sr_net_ignore(struct sr_net *n, const struct sr_flow *f);
/* The capture is over: give out what still waits, holes as SR_GAP. */
int sr_net_finish(struct sr_net *n);
void sr_net_free(struct sr_net *n);

#endif
