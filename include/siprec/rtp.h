/* rtp: RTP and RTCP as bytes and numbers: no sockets, no clock, no codec. */
#ifndef SIPREC_RTP_H
#define SIPREC_RTP_H

#include "siprec/base.h"

/* ---- rtp: the fixed header, RFC 3550 section 5.1 ---- */

struct sr_rtp {				/* a view of one packet */
	uint32_t ssrc, ts;
	uint16_t seq;
	uint8_t pt, ncsrc;
	bool marker;
	struct sr_str payload;		/* borrowed from the packet */
	struct sr_str csrc;		/* 4 * ncsrc bytes, network order */
};
/* SR_OK or SR_EBAD.  The payload may be empty. */
int sr_rtp_parse(struct sr_rtp *h, struct sr_str pkt);
/* RTP or RTCP by the first two bytes: RFC 5761 section 4: with rtcp-mux,
 * packet types 192 to 223 are RTCP. */
static inline bool
sr_rtcp_looks(struct sr_str pkt)
{
	uint8_t type = pkt.n >= 8 ? (uint8_t)pkt.p[1] : 0;

	return type >= 192 && type <= 223 && (uint8_t)pkt.p[0] >> 6 == 2;
}
static inline bool
sr_rtp_looks(struct sr_str pkt)
{
	return pkt.n >= 12 && (uint8_t)pkt.p[0] >> 6 == 2 &&
	    !sr_rtcp_looks(pkt);
}

/* ---- rtcp: compound packets, RFC 3550 section 6 ---- */

struct sr_rtcp {			/* one packet of a compound */
	uint8_t type;			/* 200 SR, 201 RR, 202 SDES, 203 BYE */
	uint32_t ssrc;
	uint64_t ntp;			/* SR: 32.32 fixed point */
	uint32_t rtp_ts;		/* SR: the same instant in RTP units */
	struct sr_str cname;		/* SDES, first chunk; borrowed */
	struct sr_str blocks;		/* SR, RR: report blocks; borrowed */
};
/* Cuts the next packet off rest: SR_OK, SR_ENOENT at the end, SR_EBAD. */
int sr_rtcp_next(struct sr_str *rest, struct sr_rtcp *out);

struct sr_report {			/* a block, section 6.4.1 */
	uint32_t ssrc;			/* the source it is about */
	uint32_t highest, jitter, lsr, dlsr;
	int32_t lost;			/* negative with duplicates */
	uint8_t fraction;		/* of 256, since the last report */
};
/* Cuts the next block off rest; false when there is none. */
bool sr_report_next(struct sr_str *rest, struct sr_report *out);

/* ---- receiver: the reports of one who only listens, section 6.4.2 ---- */

/* What a receiver report says of the source in force, RFC 3550 6.4.1. */
struct sr_reception {
	uint32_t ssrc, highest;		/* extended sequence number */
	uint64_t expected, received;	/* packets so far */
	uint32_t jitter;		/* in clock units */
	uint32_t lsr;			/* of the latest SR: middle of its NTP
					 * time, and when it came; 0: none */
	sr_time lsr_at;
};
struct sr_receiver {			/* plain: copy it, forget it */
	uint32_t ssrc;			/* our own */
	uint64_t expected, received;	/* at the report before */
	struct sr_prng prng;
	sr_time due;
};
/* interval: of reports on the average, 0: 5 s; the first comes after half. */
void sr_receiver_init(struct sr_receiver *r, uint64_t seed, sr_time now,
    sr_time interval);
/* At due: RR (with a block where something was heard) and SDES; with bye
 * also BYE.  out has room for SR_RECEIVER_MAX bytes; how many there are. */
enum { SR_RECEIVER_MAX = 96 };
size_t sr_receiver_next(struct sr_receiver *r, sr_time now, sr_time interval,
    const struct sr_reception *heard, struct sr_str cname, bool bye,
    uint8_t *out);

/* ---- emitter: whatever has packets to be sent at times ---- */

struct sr_packet {
	sr_time at;
	struct sr_str head, body;	/* behind each other on the wire */
	bool rtcp;
};
struct sr_emitter {
	void *arg;
	/* When to call next; SR_NEVER: not before something was ordered. */
	sr_time (*due)(void *arg);
	/* SR_OK; SR_MORE: nothing now, ask due again; SR_ENOENT: over; or an
	 * error, which ends it.  Borrowed until the next call. */
	int (*next)(void *arg, struct sr_packet *out);
};

/* ---- format: what a payload type means ---- */

enum sr_codec_id {
	SR_CODEC_UNKNOWN, SR_CODEC_PCMU, SR_CODEC_PCMA, SR_CODEC_L16,
	SR_CODEC_G722, SR_CODEC_G726_16, SR_CODEC_G726_24, SR_CODEC_G726_32,
	SR_CODEC_G726_40, SR_CODEC_GSM, SR_CODEC_G729, SR_CODEC_OPUS,
	SR_CODEC_AMR, SR_CODEC_AMR_WB, SR_CODEC_CN, SR_CODEC_EVENT,
	SR_CODEC_RED
};
struct sr_format {
	enum sr_codec_id id;
	struct sr_str name;		/* as in a=rtpmap; borrowed */
	struct sr_str fmtp;	/* borrowed; absent when there is none */
	uint32_t clock;			/* RTP clock, G.722: 8000 */
	uint8_t pt, channels;
};
/* Fills id from name and clock ("pcmu", 8000); UNKNOWN when it is not ours. */
enum sr_codec_id sr_codec_by_name(struct sr_str name, uint32_t clock);
/* The static payload types of RFC 3551; false for a dynamic one. */
bool sr_format_static(struct sr_format *f, uint8_t pt);
/* How long a payload lasts, in RTP clock units; 0 when it cannot be told.
 * A comfort noise or event payload has no length of its own: 0. */
uint32_t sr_payload_ticks(const struct sr_format *f, struct sr_str payload);
/* RFC 2198: the primary block and its payload type.  SR_OK or SR_EBAD. */
int sr_red_primary(struct sr_str payload, uint8_t *pt, struct sr_str *primary);

/* ---- line: one stream's packets on the time line of its session ---- */

/* Sample 0 of a session: shared by its lines, fixed by the first of them. */
struct sr_start {
	sr_time t0;			/* SR_NEVER until there is media */
	bool fixed;
	sr_time end;			/* how far the furthest of them got */
};
struct sr_numbers {			/* of one stream, RFC 3550 appendix A */
	uint64_t packets, lost, late, duplicate;
	double jitter;			/* ns, RFC 3550 A.8 */
	sr_time heard;			/* ns of media */
	sr_time begin, end;		/* where its media stands, from t0 */
};
struct sr_line_packet {
	struct sr_rtp rtp;		/* payload borrowed */
	sr_time arrived;
	uint64_t num;
	const struct sr_format *format;	/* must live as long as the line */
	uint32_t ticks;			/* sr_payload_ticks */
	uint32_t cut;			/* payload bytes that are missing */
	/* What the line adds, in units of format->clock: */
	int64_t at;			/* place, from the start */
	int64_t hole;	/* silence between the media before and it */
	uint32_t lost;			/* packets missing right before it */
	bool doubted;			/* a day away, it says: not believed,
					 * it follows what is there */
};

/* Puts packets in order, drops copies, and places them by RTP time, anchored
 * at the least delayed packet of the first 500 ms.  Judged by packet times
 * alone, so that live and offline agree.  A new SSRC, a restart or a jump of
 * the timestamp is anchored again in the same way. */
struct sr_line;
int sr_line_new(struct sr_line **lp, struct sr_start *start, bool keep_payload);
/* Takes one packet; get what became ready with sr_line_next before the next
 * call: it may be p itself, filled in.  SR_OK; SR_ENOMEM. */
int sr_line_put(struct sr_line *l, struct sr_line_packet *p);
/* The short way for what nearly all packets are: true when p is audio, the
 * next packet of its source and placed by now, and nothing is before it; then
 * sr_line_next does not give it.  False: nothing has happened, put it. */
bool sr_line_pass(struct sr_line *l, struct sr_line_packet *p);
/* Copies what would be p itself, so that the next put may come first. */
int sr_line_keep(struct sr_line *l);
/* The line will be put to soon: a hint for the processor's caches. */
void sr_line_prefetch(const struct sr_line *l);
/* In order and placed, borrowed until the next call; NULL when it is dry. */
const struct sr_line_packet *sr_line_next(struct sr_line *l);
/* The stream is over: everything that waits becomes ready. */
void sr_line_finish(struct sr_line *l);
/* The SSRC in force; true once after it changed or its numbers restarted. */
bool sr_line_turned(struct sr_line *l, uint32_t *from, uint32_t *to);
/* Two sources at once on one line: the second moves to a line of its own.
 * True when other has taken it (other must be new). */
bool sr_line_wants_fork(const struct sr_line *l, uint32_t *ssrc);
void sr_line_fork(struct sr_line *l, struct sr_line *other);
/* Until then a second source may be the first one in another way, as when a
 * client moves to another dialog and sends in both for a while: it takes over
 * as soon as it has settled, where the clock says, and not behind what stands
 * there; what comes of the one before is dropped. */
void sr_line_yield(struct sr_line *l, sr_time until);
void sr_line_numbers(const struct sr_line *l, struct sr_numbers *out);
/* All but lsr and lsr_at; false when nothing was heard yet. */
bool sr_line_reception(const struct sr_line *l, struct sr_reception *out);
/* By how much the sender's clock is slow against the wall's, from the lowest
 * delays of each second: 100e-6 is 100 ppm.  0 when too little was seen. */
double sr_line_skew(const struct sr_line *l);
/* Where on the time line a timestamp of this source stands, in ns; false when
 * it is not the source in force. */
bool sr_line_locate(const struct sr_line *l, uint32_t ssrc, uint32_t ts,
    sr_time *at);
/* What a line must know to go on in another process: numbers, and where its
 * source stands; not the packets that wait.  SR_OK, SR_ELIMIT, SR_ENOMEM. */
int sr_line_save(const struct sr_line *l, struct sr_buf *out);
/* Into a new line; end is how much of it, in ns, has been kept since: what was
 * saved may be older.  SR_OK; SR_EBAD: nothing has changed. */
int sr_line_load(struct sr_line *l, struct sr_str saved, sr_time end);
/* From which packet on a source's timestamps stood where, until the next one;
 * the first of them and the latest, in order.  How many. */
struct sr_anchor {
	uint32_t ssrc, clock, ts;
	int64_t at;			/* in units of clock, from the start */
};
enum { SR_ANCHORS = 8 };
size_t sr_line_anchors(const struct sr_line *l, const struct sr_anchor **v);
void sr_line_free(struct sr_line *l);

/* ---- dtmf: RFC 4733 ---- */

struct sr_dtmf {			/* one line's digit in the making */
	bool on;
	uint8_t event;
	uint32_t ts, duration;		/* clock units, longer than 65535 too */
	uint32_t base;			/* of the segments before */
	int64_t at;
	uint32_t clock;
	uint32_t last_ts;
	bool any;
};
/* One event packet, in order.  True when *done holds a digit that is over. */
bool sr_dtmf_put(struct sr_dtmf *d, const struct sr_line_packet *p,
    struct sr_dtmf *done);
/* Other media came or the stream is over: true when a digit ended with it. */
bool sr_dtmf_end(struct sr_dtmf *d, struct sr_dtmf *done);
char sr_dtmf_char(uint8_t event); /* '0'-'9' '*' '#' 'A'-'D', '!' flash, 0 */

/* ---- stun: connectivity checks, as the lite side of ICE, RFC 8445 ---- */

struct sr_stun_ask {			/* who asks, and what we are called */
	struct sr_str ufrag, pwd;	/* our own, of a=ice-ufrag, a=ice-pwd */
	const uint8_t *ip;		/* of the peer, network order */
	size_t nip;			/* 4 or 16 */
	uint16_t port;
	bool nominated;			/* answer: it had USE-CANDIDATE */
};
/* First byte 0 to 3 and the magic cookie: RFC 7983, RFC 8489 section 5. */
bool sr_stun_looks(struct sr_str pkt);
/* Adds the answer to a binding request to out.  SR_OK; SR_EAUTH: it is not
 * for us, or its MESSAGE-INTEGRITY is wrong, and deserves no answer; SR_EUNSUP:
 * the answer is a 420; SR_EBAD: no binding request; SR_ELIMIT, SR_ENOMEM. */
int sr_stun_answer(struct sr_buf *out, struct sr_str pkt,
    struct sr_stun_ask *ask, const struct sr_crypto *crypto);

#endif
