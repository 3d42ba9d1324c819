/* io: the only layer that waits, reads a clock or owns a descriptor. */
#ifndef SIPREC_IO_H
#define SIPREC_IO_H

#include "siprec/net.h"

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

#endif
