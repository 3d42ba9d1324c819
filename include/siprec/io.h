/* io: the only layer that waits, reads a clock or owns a descriptor. */
#ifndef SIPREC_IO_H
#define SIPREC_IO_H

#include "siprec/net.h"
#include "siprec/rtp.h"

sr_time sr_now(void);

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
	/* All three run in the pacer's thread, and may be NULL; arg is that
	 * of from.  RTCP that came from the stream's peer, at its time: */
	void (*hear)(void *arg, sr_time at, struct sr_str pkt);
	void (*over)(void *arg, void *cookie); /* it ended by itself */
	void (*release)(void *arg);	/* the last that is done with arg */
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
/* Where a stream sends from now on: a new answer of its peer. */
int sr_pace_aim(struct sr_pace *p, uint64_t id, const struct sr_addr *rtp,
    const struct sr_addr *rtcp);
/* Waits until the thread has told, after all that was asked before. */
void sr_pace_numbers(struct sr_pace *p, struct sr_pace_numbers *out);
/* Microseconds that q (0.99) of the packets were not later than. */
double sr_pace_late(const struct sr_pace_numbers *n, double q);

#endif
