/* io: the only layer that waits, reads a clock or owns a descriptor. */
#ifndef SIPREC_IO_H
#define SIPREC_IO_H

#include "siprec/net.h"
#include "siprec/rtp.h"

/* ---- clock ---- */

/* Monotonic time plus what lay between it and the wall clock at the start: a
 * stepped wall clock changes nothing. */
sr_time sr_now(void);
/* What to add now to a time of the wall clock (a kernel stamp) for ours. */
sr_time sr_wall_offset(void);

/* ---- loop: who waits (libevent ends here) ---- */

/* Everything of a loop belongs to its thread, but for sr_loop_defer.  The
 * first one makes the process ignore SIGPIPE. */
struct sr_loop;
int sr_loop_new(struct sr_loop **lp);
int sr_loop_run(struct sr_loop *l);	/* until sr_loop_stop: SR_OK, SR_ESYS */
/* Until then, or until sr_loop_stop: what a test wants. */
int sr_loop_run_until(struct sr_loop *l, sr_time until);
void sr_loop_stop(struct sr_loop *l);
void sr_loop_free(struct sr_loop *l);	/* last: after all that stands on it */
/* Calls fn soon, in the loop's thread, never from in here.  May be called by
 * any thread: so a worker says that it is done.  SR_OK, SR_ENOMEM. */
int sr_loop_defer(struct sr_loop *l, void (*fn)(void *arg), void *arg);
/* Forgets what was deferred with this arg, when what it means goes away. */
void sr_loop_undefer(struct sr_loop *l, const void *arg);
/* Signals as events.  SR_OK, SR_ELIMIT (more than 16), SR_ESYS. */
int sr_loop_signal(struct sr_loop *l, int signo,
    void (*fn)(void *arg, int signo), void *arg);

/* One wake-up at an absolute time, that can be moved. */
struct sr_wake;
int sr_wake_new(struct sr_wake **wp, struct sr_loop *l,
    void (*fn)(void *arg, sr_time now), void *arg);
void sr_wake_at(struct sr_wake *w, sr_time at);	/* SR_NEVER: not at all */
void sr_wake_free(struct sr_wake *w);

/* Calls fn as long as fd is readable; the descriptor stays the caller's. */
struct sr_watch;
int sr_watch_new(struct sr_watch **wp, struct sr_loop *l, int fd,
    void (*fn)(void *arg, int fd), void *arg);
void sr_watch_pause(struct sr_watch *w, bool on);
void sr_watch_free(struct sr_watch *w);

/* ---- tls: certificates and whom to trust ---- */

struct sr_tls_pair {
	const char *cert, *key;		/* PEM files; cert with its chain */
};
struct sr_tls_cfg {
	/* As a server one is needed, the first serves where no other has the
	 * name asked for; as a client the first is shown when asked for. */
	const struct sr_tls_pair *pairs;
	size_t npairs;
	const char *ca;			/* PEM; NULL: the system's */
	const char *crl;		/* PEM; NULL: none */
	bool verify_client;		/* mutual: no certificate, no entry */
	bool no_verify;			/* a client that trusts anybody */
	bool wildcards;			/* RFC 5922 7.2 says no */
	const char *keylog;	/* secrets go there; NULL: nowhere */
};
struct sr_tls;
/* Copies cfg.  why gets words for a person.  SR_OK; SR_EBAD (what is wrong
 * with a file is in why); SR_ESYS; SR_ENOMEM. */
int sr_tls_new(struct sr_tls **tp, const struct sr_tls_cfg *cfg,
    struct sr_buf *why);
/* Reads all files again.  When that fails the old ones stay; connections that
 * are open live on with what they began with. */
int sr_tls_reload(struct sr_tls *t, struct sr_buf *why);
void sr_tls_free(struct sr_tls *t);	/* after the transports that use it */

/* ---- transport: SIP messages over UDP, TCP and TLS ---- */

enum {	/* what was odd about a message; an answer must leave from within */
	/* On a stream and without a readable Content-Length: a request wants
	 * a 400, and the connection closes behind it (RFC 3261 18.3). */
	SR_IN_NO_LENGTH = 1,
	/* Larger than max_message: raw is its head only, and the connection
	 * closes after the answer (413). */
	SR_IN_TOO_LARGE = 2
};
struct sr_transport_cbs {
	void *arg;
	/* raw is borrowed until return.  from->local is the address that it
	 * came to.  All functions below may be called from here. */
	void (*message)(void *arg, const struct sr_hop *from, sr_time when,
	    struct sr_str raw, unsigned flags);
	/* A connection is no more, or never came to be, or a datagram met an
	 * ICMP error (conn 0).  err: SR_OK closed in order (by us or the
	 * peer), SR_ESYS as errno says (ECONNREFUSED, ETIMEDOUT ...),
	 * SR_EAUTH not whom we meant, SR_EBAD no SIP, SR_ELIMIT past a
	 * limit.  lost: messages were given to it that did not leave.  May be
	 * NULL. */
	void (*closed)(void *arg, const struct sr_hop *hop, int err,
	    const char *why, bool lost);
};
/* Zero means the default, said behind each. */
struct sr_transport_cfg {
	struct sr_tls *tls;		/* NULL: no tls: */
	size_t max_message;		/* 1 MiB; streams */
	size_t max_output;	/* 4 MiB waiting for one slow peer */
	size_t max_conns;		/* 10,000 */
	size_t max_per_source;		/* 1,000 connections of one address */
	size_t max_accepts;		/* 1,000 a second */
	sr_time connect_timeout;	/* 5 s, with the TLS handshake 10 s */
	sr_time handshake_timeout;	/* 10 s, as a server */
	sr_time message_timeout;	/* 20 s from first byte to last; also
					 * from accept to the first message */
	sr_time idle_timeout;		/* 600 s, when not pinned */
	sr_time linger;			/* 2 s for a last answer to leave */
	bool keepalive;			/* ping on outgoing streams, RFC 5626 */
	sr_time ping_min, ping_max;	/* 95 s, 120 s */
	sr_time pong_timeout;		/* 10 s */
	int buffer;			/* 4 MiB of a UDP socket, each way */
};
struct sr_transport_stats {
	uint64_t datagrams, messages, bytes;	/* came in whole */
	uint64_t sent, send_errors;
	uint64_t accepted, connected, refused;	/* refused: by a limit */
	uint64_t bad, too_large, timeouts, tls_errors, icmp;
	size_t conns;				/* open now */
};
struct sr_transport;
int sr_transport_new(struct sr_transport **tp, struct sr_loop *l,
    const struct sr_transport_cfg *cfg, const struct sr_transport_cbs *cbs);
/* sip:ADDR[:PORT] is UDP and TCP; udp:, tcp:, tls: one.  IPv6 in brackets,
 * port 0 a free one, the same for both, told in *bound.  SR_OK; SR_EBAD (the
 * URL), SR_ESYS (errno), SR_EUNSUP (tls: without a certificate). */
int sr_transport_listen(struct sr_transport *t, const char *url,
    struct sr_addr *bound, struct sr_buf *why);
/* Stops taking new connections; what is open goes on. */
void sr_transport_unlisten(struct sr_transport *t);
/* What Via and Contact should say of us towards hop->remote, by hop->proto:
 * our listener's port where there is one, and the address that the routing
 * table gives.  Fills hop->local, with port 0 where no listener speaks that
 * protocol.  SR_OK, SR_ESYS; SR_ENOENT: UDP, and nothing listens. */
int sr_transport_route(struct sr_transport *t, struct sr_hop *hop);
/* One message.  UDP leaves from to->local where that is ours.  A stream goes
 * by to->conn while that is open; else by one that is open to to->remote
 * (and, TLS, was checked for the same domain); else one is opened.  domain:
 * whom a new TLS connection must prove to be; absent: the address.  On return
 * to->conn and to->local say how it went.  SR_OK: it left or waits to;
 * SR_ESYS, SR_ELIMIT, SR_EUNSUP (no tls): closed is not called for that. */
int sr_transport_send(struct sr_transport *t, struct sr_hop *to,
    struct sr_str domain, struct sr_str msg);
void sr_transport_stats(const struct sr_transport *t,
    struct sr_transport_stats *out);
/* Closes all at once; closed is not called. */
void sr_transport_free(struct sr_transport *t);

/* A connection by its number; nothing happens where it is gone. */
/* Dialogs live on it: it may idle.  Counted; each pin wants its unpin. */
void sr_conn_pin(struct sr_transport *t, uint64_t conn);
void sr_conn_unpin(struct sr_transport *t, uint64_t conn);
/* In order: what waits is sent first. */
void sr_conn_close(struct sr_transport *t, uint64_t conn);
bool sr_conn_open(const struct sr_transport *t, uint64_t conn);
/* Whom the peer's certificate proved it to be ("sip:example.com", several
 * with ", " between); absent when it proved nothing. */
struct sr_str sr_conn_identity(const struct sr_transport *t, uint64_t conn);

/* ---- dns: where a SIP URI leads, RFC 3263 ---- */

struct sr_dns_query {
	struct sr_str host;		/* brackets around IPv6 are all right */
	uint16_t port;			/* 0: none was given */
	bool has_proto;			/* ;transport= was given: */
	enum sr_proto proto;
	bool sips;			/* only TLS will do */
};
/* What a sip or sips URI asks for; the host is a view of it.  SR_EBAD. */
int sr_dns_query_uri(struct sr_dns_query *q, struct sr_str uri);
struct sr_dns_cfg {
	const char *servers;	/* "IP:PORT,..."; NULL: resolv.conf */
	sr_time timeout;		/* 5 s for the whole of a query */
	bool tls;			/* we can do TLS when asked to choose */
};
struct sr_dns;
struct sr_lookup;
int sr_dns_new(struct sr_dns **dp, struct sr_loop *l,
    const struct sr_dns_cfg *cfg);
/* fn gets the places in the order to try them, proto and remote filled in, at
 * most 32; borrowed.  Never called from in here.  err: SR_OK, SR_ENOENT (no
 * such name), SR_ESYS with ETIMEDOUT (no answer). *lp is good until fn. */
int sr_dns_sip(struct sr_dns *d, const struct sr_dns_query *q,
    void (*fn)(void *arg, int err, const struct sr_hop *hops, size_t n),
    void *arg, struct sr_lookup **lp);
void sr_dns_cancel(struct sr_lookup *l);	/* fn will not be called */
void sr_dns_free(struct sr_dns *d);		/* cancels what is under way */

/* ---- ports: pairs of sockets for RTP and RTCP ---- */

struct sr_ports_cfg {
	struct sr_addr addr;		/* what to bind to; port unused */
	uint16_t lo, hi;	/* 0: any that the system gives */
	sr_time cooldown;		/* 0: 10 s; < 0: none */
	int rcvbuf, sndbuf;		/* 0: 208 KiB, 64 KiB */
};
struct sr_pair {
	int rtp, rtcp;			/* rtcp -1: muxed on rtp */
	struct sr_addr addr;		/* of rtp; rtcp is one above */
};
struct sr_ports;
/* "16384-32767".  SR_OK, SR_EBAD. */
int sr_ports_range(struct sr_str s, uint16_t *lo, uint16_t *hi);
int sr_ports_new(struct sr_ports **pp, const struct sr_ports_cfg *cfg);
/* How many unused pairs can be bound this moment: binds each once. */
size_t sr_ports_scan(const struct sr_ports *p);
/* The pair that has been unused longest; both sockets are bound, non-blocking
 * and stamp.  SR_OK; SR_ELIMIT: every pair is in use, or cools down; SR_ESYS
 * (EMFILE ...).  A pair costs O(1), but for ports that others hold. */
int sr_ports_take(struct sr_ports *p, sr_time now, bool mux,
    struct sr_pair *out);
/* A certain one, as before a restart, in the range or not.  SR_ELIMIT where
 * it is in use by us, SR_ESYS. */
int sr_ports_take_at(struct sr_ports *p, uint16_t port, bool mux,
    struct sr_pair *out);
/* Closes the sockets; the pair cools down. */
void sr_ports_give(struct sr_ports *p, sr_time now, struct sr_pair *pair);
size_t sr_ports_used(const struct sr_ports *p);
size_t sr_ports_total(const struct sr_ports *p);	/* 0: no range */
void sr_ports_free(struct sr_ports *p);

/* ---- media: many sockets emptied in slices, packets sent in batches ---- */

struct sr_dgram {
	sr_time when;			/* kernel stamp, on our clock */
	struct sr_addr from;
	struct sr_str data;		/* borrowed until return */
	bool cut;			/* longer than 2,048 bytes */
};
struct sr_drain_stats {
	uint64_t packets, bytes, batches, empty, cut, icmp, errors;
	sr_time late;			/* the longest that a socket waited */
};
struct sr_drain;
struct sr_drain_sock;
/* Every 5 ms a slice of the sockets is emptied, each at least every 100 ms.  fn
 * gets what one socket had, 64 at a time; it may add and remove sockets, this
 * one too. */
int sr_drain_new(struct sr_drain **dp, struct sr_loop *l,
    void (*fn)(void *arg, void *cookie, const struct sr_dgram *v, size_t n),
    void *arg);
int sr_drain_add(struct sr_drain *d, int fd, void *cookie,
    struct sr_drain_sock **sp);
/* One where a packet comes every few seconds, as of RTCP: it is looked at in
 * the slices, but only when something is there. */
int sr_drain_seldom(struct sr_drain *d, int fd, void *cookie,
    struct sr_drain_sock **sp);
/* Does not close the descriptor, and does not read it a last time. */
void sr_drain_remove(struct sr_drain *d, struct sr_drain_sock *s);
/* Now, and not with its slice: before a message of its session is fed.  Not
 * from fn. */
void sr_drain_now(struct sr_drain *d, struct sr_drain_sock *const *v,
    size_t n);
void sr_drain_stats(const struct sr_drain *d, struct sr_drain_stats *out);
void sr_drain_free(struct sr_drain *d);

struct sr_media_out {
	struct sr_addr to;
	struct sr_str data;
};
struct sr_media_stats {
	uint64_t sent, bytes;
	uint64_t icmp;	/* refused, unreachable: what an earlier one met */
	uint64_t full;			/* no room in the socket: dropped */
	uint64_t errors;		/* anything else: dropped */
};
/* Sends all, whatever happens to some of them; how many left. */
size_t sr_media_send(int fd, const struct sr_media_out *v, size_t n,
    struct sr_media_stats *st);

/* ---- capture: a file, a pipe or an interface gives frames ---- */

/* pcap (all magics) and pcapng, plain or compressed (gz, zst, xz, lz4, bz2,
 * told by content), "-" for stdin.  why gets words for a person when this
 * fails.  SR_OK; SR_ESYS (cannot open); SR_EBAD (not a capture). */
struct sr_capture;
int sr_capture_open(struct sr_capture **cp, const char *path,
    struct sr_buf *why);
/* Live from an interface, through libpcap. */
int sr_capture_live(struct sr_capture **cp, const char *iface,
    struct sr_buf *why);
/* A libpcap filter expression on every later frame, per link type. */
int sr_capture_filter(struct sr_capture *c, const char *bpf,
    struct sr_buf *why);
/* The next frame, borrowed until the next call.  SR_OK; SR_ENOENT at the end;
 * SR_MORE when a live interface has nothing within 100 ms;
 * SR_EBAD when bytes could not be read: sr_capture_why tells which, and the
 * next call goes on behind them, or ends; SR_ESYS. */
int sr_capture_next(struct sr_capture *c, struct sr_frame *f);
/* The frames behind it that are in memory already, max at most; how many.  All
 * are borrowed until the next sr_capture_next, which tells what was wrong with
 * the one after them. */
size_t sr_capture_more(struct sr_capture *c, struct sr_frame *v, size_t max);
const char *sr_capture_why(const struct sr_capture *c);
/* Decryption secrets blocks met so far, in the NSS key log format. */
struct sr_str sr_capture_secrets(const struct sr_capture *c);
/* How far a regular file is read: bytes of the file itself; total 0 when it
 * is not known. */
void sr_capture_progress(const struct sr_capture *c, uint64_t *done,
    uint64_t *total);
void sr_capture_close(struct sr_capture *c);

/* ---- pace: RTP and RTCP of thousands of streams, on time ---- */

/* One thread sends what its streams have due, against one absolute monotonic
 * clock.  Every function below may be called from any other thread and does
 * not wait for the network. */
struct sr_pace_cfg {
	struct sr_addr local;		/* port 0; none: 127.0.0.1 */
	uint16_t lo, hi;	/* ports of the pairs; 0: what is free */
	unsigned own;		/* pairs of their own before a pool; 0: 64 */
	unsigned pool;		/* pairs in the pool; 0: 4 */
};
struct sr_pace_stream {
	struct sr_emitter from;
	unsigned pair;			/* of sr_pace_pair */
	struct sr_addr rtp, rtcp;	/* where to; rtcp the same: muxed */
	sr_time start;		/* its zero, by sr_pace_now */
	double speed;			/* 0: 1; 2: twice as fast */
	/* All these run in the pacer's thread, and may be NULL; arg is that
	 * of from.  RTCP that came from the stream's peer, at its time: */
	void (*hear)(void *arg, void *cookie, sr_time at, struct sr_str pkt);
	/* What is no RTP nor RTCP (RFC 7983), to the port of RTCP or of RTP;
	 * behind it the due time is asked again. */
	void (*other)(void *arg, void *cookie, bool rtcp, struct sr_str pkt);
	void (*over)(void *arg, void *cookie); /* it ended by itself */
	void (*release)(void *arg, void *cookie);	/* the last of both */
	void *cookie;
};
/* Time late in microseconds: up to 4 in each, then a quarter more a step. */
enum { SR_PACE_STEPS = 96 };
struct sr_pace_numbers {
	uint64_t streams;		/* that are there now */
	uint64_t packets, bytes, rtcp;	/* bytes of UDP payload, both kinds */
	uint64_t icmp, errors;	/* unreachable; other failed sends */
	uint64_t heard, stray;	/* RTCP that came in; from nobody known */
	uint64_t calls;			/* of sendmmsg */
	uint64_t late[SR_PACE_STEPS];
	sr_time worst;
};
struct sr_pace;
/* SR_OK; SR_EBAD: hi is not over lo; SR_ESYS; SR_ENOMEM. */
int sr_pace_open(struct sr_pace **pp, const struct sr_pace_cfg *cfg);
/* Sends no more, releases all streams and ends the thread. */
void sr_pace_close(struct sr_pace *p);
sr_time sr_pace_now(void);		/* of the monotonic clock */
/* A pair of sockets for one stream: its own while there are few, then one of
 * the pool.  rtp and rtcp get our addresses.  SR_OK; SR_ESYS. */
int sr_pace_pair(struct sr_pace *p, unsigned *pair, struct sr_addr *rtp,
    struct sr_addr *rtcp);
void sr_pace_unpair(struct sr_pace *p, unsigned pair);	/* not needed more */
int sr_pace_add(struct sr_pace *p, const struct sr_pace_stream *s,
    uint64_t *id);
/* Runs fn in the pacer's thread (now: by the stream's own zero), with a copy
 * of n bytes of data, 64 at most, then asks for the due time again.  Nothing
 * happens when the stream is over. */
int sr_pace_order(struct sr_pace *p, uint64_t id,
    void (*fn)(void *arg, sr_time now, void *data), const void *data,
    size_t n);
/* At once and without a BYE; one that should say it is ordered to end. */
int sr_pace_remove(struct sr_pace *p, uint64_t id);
/* Whence and whither a stream sends from now on: what its peer agreed to. */
int sr_pace_aim(struct sr_pace *p, uint64_t id, unsigned pair,
    const struct sr_addr *rtp, const struct sr_addr *rtcp);
/* Waits until the thread has told, after all that was asked before. */
void sr_pace_numbers(struct sr_pace *p, struct sr_pace_numbers *out);
/* Microseconds that q (0.99) of the packets were not later than. */
double sr_pace_late(const struct sr_pace_numbers *n, double q);

/* ---- sink: lines for a reader who may be slow ---- */

/* Its own thread writes; who puts never waits.  What a reader is too slow for
 * is dropped, and counted. */
struct sr_sink;
/* fd stays the caller's; max bytes may wait (0: 16 MiB).  SR_OK, SR_ENOMEM,
 * SR_ESYS. */
int sr_sink_fd(struct sr_sink **sp, int fd, size_t max);
/* A file (appended to), a FIFO or a Unix socket.  SR_ESYS: errno says why. */
int sr_sink_open(struct sr_sink **sp, const char *path, size_t max);
/* Opens path as above and writes there from now on, with what still waits; so
 * a log can be moved away.  The old one stays on SR_ESYS. */
int sr_sink_reopen(struct sr_sink *s, const char *path);
/* line without its end. */
void sr_sink_put(struct sr_sink *s, struct sr_str line);
/* Lines dropped so far; *gone gets the errno of a reader that went away. */
uint64_t sr_sink_dropped(struct sr_sink *s, int *gone);
/* Is the reader still behind: does more than half of what may, wait? */
bool sr_sink_behind(struct sr_sink *s);
/* Gives what waits until then to be written; a reader that hangs is left.  0,
 * the errno of one that went away, ETIMEDOUT. */
int sr_sink_close(struct sr_sink *s, sr_time patience);

/* ---- control: questions over a Unix socket, a line each ---- */

struct sr_control;
/* The socket is for its owner only; one that a dead server has left is
 * replaced.  fn gets each line, without its end; its answer may come from
 * within or later, and the client's next line after it.  SR_OK; SR_ESYS:
 * errno, EADDRINUSE where somebody listens there; SR_ENOMEM. */
int sr_control_open(struct sr_control **sp, struct sr_loop *l,
    const char *path, void (*fn)(void *arg, uint64_t client,
    struct sr_str line), void *arg);
/* A line without its end; nothing happens when the client has gone. */
void sr_control_answer(struct sr_control *s, uint64_t client,
    struct sr_str line);
void sr_control_close(struct sr_control *s);	/* and takes the name away */

/* ---- metrics: pages over HTTP ---- */

struct sr_metrics;
/* page fills out and gives the HTTP status.  SR_OK, SR_ESYS, SR_ENOMEM. */
int sr_metrics_open(struct sr_metrics **mp, struct sr_loop *l,
    const struct sr_addr *at,
    int (*page)(void *arg, struct sr_str path, struct sr_buf *out),
    void *arg);
void sr_metrics_close(struct sr_metrics *m);

/* ---- notify: what a service manager wants to hear, sd_notify(3) ---- */

/* "READY=1" and so on; nothing happens where nobody asked to be told. */
void sr_notify(struct sr_str words);
/* How often it wants "WATCHDOG=1"; SR_NEVER: not at all. */
sr_time sr_notify_watchdog(void);

#endif
