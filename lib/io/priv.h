/* What the files of io share: the capture reader's part, then the sockets'. */
#ifndef IO_PRIV_H
#define IO_PRIV_H

#include "siprec/crypt.h"
#include "siprec/io.h"

#include <string.h>
#include <sys/socket.h>

enum {
	CAP_FRAME = 256 * 1024,		/* no frame is longer */
	CAP_READ = 256 * 1024,		/* asked of the system at once */
	CAP_BUF = 1024 * 1024		/* no block that we want is longer */
};

/* One interface of a pcapng section. */
struct cap_iface {
	int link;
	uint32_t snaplen;
	uint8_t tsresol;
	int64_t offset;			/* seconds */
};

struct sr_capture {
	int (*next)(struct sr_capture *c, struct sr_frame *f);
	/* The frames that stand in the buffer, whole, one after the other; what
	 * goes wrong on the way is held.  NULL: there are never any. */
	size_t (*more)(struct sr_capture *c, struct sr_frame *v, size_t max);
	int held;			/* what the next call is to say */
	struct sr_buf why;		/* the last failure, with its NUL */

	/* The file: buf[pos..n) is read but not handed out yet. */
	int fd;
	uint64_t read, total;		/* bytes of the file itself */
	struct cap_zip *zip;		/* NULL: not compressed */
	uint8_t *buf;
	size_t pos, n;
	bool eof;
	int failed;			/* SR_ESYS, SR_EBAD: told at the end */

	/* Its format. */
	bool swap;			/* not in our byte order */
	uint64_t num;			/* frames so far */
	int link;			/* pcap */
	uint32_t snaplen, unit;		/* unit: nanoseconds of a fraction */
	size_t rechdr;
	struct cap_iface *ifaces;	/* pcapng, of this section */
	size_t nifaces;
	sr_time last;
	struct sr_buf secrets;

	struct cap_filter *filter;
	struct cap_live *live;
};

/* Sets the words for sr_capture_why and gives err back. */
int cap_fail(struct sr_capture *c, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* True when need bytes stand at buf + pos.  Reads only when they do not, so
 * that a pipe gives each frame as soon as it is complete. */
bool cap_fill(struct sr_capture *c, size_t need);
static inline bool
cap_have(struct sr_capture *c, size_t need)
{
	return c->n - c->pos >= need || cap_fill(c, need);
}
/* Forgets n bytes that need not be in the buffer yet; the bytes forgotten. */
uint64_t cap_skip(struct sr_capture *c, uint64_t n);
/* In the byte order of the file.  Each record asks several times. */
static inline uint32_t
cap_u32(const struct sr_capture *c, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap32(v) : v;
}
static inline uint16_t
cap_u16(const struct sr_capture *c, const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap16(v) : v;
}
static inline uint64_t
cap_u64(const struct sr_capture *c, const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return c->swap ? __builtin_bswap64(v) : v;
}
/* The number that the next frame has. */
static inline unsigned long long
cap_at(const struct sr_capture *c)
{
	return (unsigned long long)c->num + 1;
}
/* The end of the file while want bytes were expected, done of which have been
 * passed already: SR_ENOENT, or what is wrong with that, once. */
int cap_ends(struct sr_capture *c, uint64_t done, uint64_t want);

/* capture_pcap.c, capture_pcapng.c: is this our format?  Then the header is
 * read and c->next set. */
int cap_pcap_open(struct sr_capture *c);
int cap_pcapng_open(struct sr_capture *c);

/* What the descriptor gives, as it is: bytes, 0 at the end, -1 with errno. */
long cap_fd_read(struct sr_capture *c, void *p, size_t n);

/* capture_zip.c: which compression begins with these bytes?  NULL: none. */
const char *cap_zip_name(const uint8_t *p, size_t n);
/* Puts the decompressor named so between descriptor and buffer. */
int cap_zip_open(struct sr_capture *c, const char *name);
/* Like cap_fd_read, but -1 has set c->failed and the words. */
long cap_zip_read(struct sr_capture *c, void *p, size_t n);
void cap_zip_close(struct cap_zip *z);

/* capture_filter.c: SR_OK: f passes; SR_MORE: it does not; SR_EBAD. */
int cap_filter(struct sr_capture *c, const struct sr_frame *f);
void cap_filter_free(struct cap_filter *f);

/* capture_live.c */
int cap_live_filter(struct cap_live *l, const char *bpf, struct sr_buf *why);
void cap_live_close(struct cap_live *l);

/* ---- loop.c, addr.c, udp.c: what sockets have in common ---- */

struct event_base *io_base(struct sr_loop *l);
/* As sr_watch_new, but as long as fd can be written to. */
int io_watch_out(struct sr_watch **wp, struct sr_loop *l, int fd,
    void (*fn)(void *arg, int fd), void *arg);

socklen_t io_sockaddr(struct sockaddr_storage *ss, const struct sr_addr *a);
/* family 0: it is of no kind that we know */
struct sr_addr io_addr(const struct sockaddr_storage *ss);
struct sr_addr io_local(int fd);
int io_close(int fd);			/* keeps errno; always -1 */

void io_buffers(int fd, int rcvbuf, int sndbuf);
/* A bound datagram socket that stamps and keeps ICMP errors; -1: errno. */
int io_udp(const struct sr_addr *bind_to, int rcvbuf, int sndbuf);
/* Tell with each datagram which address it was sent to. */
void io_udp_want_local(int fd, int family);
/* Is errno of a send or receive what ICMP said about an earlier one? */
bool io_is_icmp(int err);
/* Takes one such error off the socket: whom it was sent to; false: none. */
bool io_udp_error(int fd, struct sr_addr *to, int *err);
/* The kernel's stamp, on the wall clock; SR_NEVER: none. */
sr_time io_stamp(struct msghdr *m);
void io_stamp_local(struct msghdr *m, struct sr_addr *local);
/* from may be NULL, or any; false: errno. */
bool io_udp_send(int fd, const struct sr_addr *from, const struct sr_addr *to,
    struct sr_str data);

/* ---- tls.c ---- */

struct ssl_st;
bool tls_serves(const struct sr_tls *t);
/* For one connection; as a client domain is whom the peer must be. */
struct ssl_st *tls_ssl(struct sr_tls *t, bool server, struct sr_str domain);
/* Static words for why a handshake failed with this error. */
const char *tls_why(struct ssl_st *ssl, unsigned long code);

/* ---- transport.c, listen.c, dgram.c, conn.c, conn_new.c, stream.c ---- */

enum { MAX_LISTENERS = 64 };

struct listener {
	struct sr_transport *t;
	enum sr_proto proto;
	struct sr_addr addr;
	int fd;				/* -1: closed */
	struct sr_watch *watch;
};

struct conn {
	struct sr_transport *t;
	struct sr_hop hop;
	struct bufferevent *bev;
	struct ssl_st *ssl;		/* NULL: TCP */
	struct conn *next_num, *next_ip;	/* in the tables' chains */
	struct sr_buf domain;		/* whom the peer must be */
	struct sr_buf identity;
	bool outgoing;
	bool ready;			/* connected, and TLS done */
	bool spoke;			/* a whole message came */
	bool wrote;
	bool closing;			/* only what waits leaves */
	bool finished;			/* we have said that we are done */
	bool dead;
	unsigned busy;			/* somebody up the stack holds it */
	unsigned pins;
	size_t seen;			/* of sr_sip_frame */
	bool crlf;			/* half a ping */
	struct sr_wake *wake;
	sr_time armed;
	sr_time ready_by;
	sr_time last;			/* something of use happened */
	sr_time partial;		/* since when a message comes in */
	sr_time output;			/* since when something waits */
	sr_time ping_at, pong_by, close_by;
};

struct dgram_batch;
struct sr_transport {
	struct sr_loop *loop;
	struct sr_transport_cfg cfg;
	struct sr_transport_cbs cbs;
	struct sr_transport_stats stats;
	struct listener listeners[MAX_LISTENERS];
	size_t nlisteners;
	struct dgram_batch *batch;

	/* Taking connections. */
	int reserve;			/* a descriptor to close for another */
	struct sr_wake *resume;
	bool paused;
	sr_time second;			/* when this one began */
	size_t accepts;			/* in it */

	/* Connections by number, and by the peer's address. */
	uint64_t last_num;
	struct conn **by_num, **by_ip;
	size_t mask;
	struct sr_prng prng;		/* when to ping */
	struct sr_buf scratch;		/* the message that is handed out */

	/* The last answer of the routing table. */
	struct sr_addr routed, route;
	sr_time routed_at;
};

/* dgram.c */
void dgram_read(void *listener, int fd);
int dgram_send(struct sr_transport *t, struct sr_hop *to, struct sr_str msg);
int dgram_init(struct sr_transport *t);
/* listen.c: which of ours sends to there; NULL: none of that family. */
struct listener *listener_for(struct sr_transport *t, enum sr_proto proto,
    const struct sr_addr *local, const struct sr_addr *remote);
void listen_pause(struct sr_transport *t, sr_time until);
/* conn_new.c */
void conn_accept(struct sr_transport *t, int fd, enum sr_proto proto,
    const struct sr_addr *remote);
int conn_open(struct sr_transport *t, struct sr_hop *to, struct sr_str domain,
    struct conn **cp);
/* conn.c */
void conn_insert(struct conn *c);	/* into the tables */
void conn_listen(struct conn *c);	/* to what its bufferevent tells */
void conn_ready(struct conn *c);
void conn_drop(struct conn *c);		/* out of the tables, and freed */
void conn_free(struct conn *c);
struct conn *conn_find(const struct sr_transport *t, uint64_t num);
struct conn *conn_to(const struct sr_transport *t, const struct sr_hop *to,
    struct sr_str domain);
bool conn_crowded(const struct sr_transport *t, const struct sr_addr *a);
int conn_write(struct conn *c, struct sr_str data);
/* Over, and told so when err or why is to be said; c is gone, or will be when
 * nobody is busy with it. */
void conn_end(struct conn *c, int err, const char *why);
void conn_finish(struct conn *c);	/* when all has left */
void conn_release(struct conn *c);	/* no longer busy */
void conn_arm(struct conn *c);
void conn_tick(void *conn, sr_time now);
/* stream.c */
void stream_read(struct conn *c);
void stream_ping(struct conn *c, sr_time now);

#endif
