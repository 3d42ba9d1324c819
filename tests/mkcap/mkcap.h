/* mkcap: captures of recording sessions whose every sample is known.
 *
 * Times are microseconds since the capture's base; every media time is a
 * multiple of 125, so that at 8000 Hz each instant is a whole sample. */
#ifndef MKCAP_H
#define MKCAP_H

#include "siprec/media.h"

enum { US_SAMPLE = 125, MAX_STREAMS = 64, MAX_FRAME = 65536 };
#define BASE_S 1767225600		/* 2026-01-01T00:00:00Z */
#define US_SEC ((int64_t)1000000)

enum link_kind {
	L_ETH, L_VLAN, L_QINQ, L_MPLS, L_PPPOE, L_SLL, L_SLL2, L_NULL, L_RAW,
	L_GRE, L_VXLAN, L_IPIP, L_6IN4, L_GTP
};
enum transport { T_UDP, T_FRAG, T_TCP, T_SHUFFLE };
enum format { F_PCAP, F_NS, F_BE, F_NG, F_NG_MULTI };
enum codec { C_PCMU, C_PCMA, C_L16, C_OTHER, C_LIBRARY };

struct span {				/* of the session's media time, in us */
	int64_t from, to;
};
struct options {
	unsigned calls, streams, ptime, burst, snaplen, truncate;
	unsigned dtx;			/* every n-th stream rests; 0: none */
	double seconds, loss, reorder, duplicate, skew;
	int64_t stagger, jitter, late_start;
	int64_t ssrc_change, codec_change, start_middle;	/* < 0: never */
	int64_t overlap;		/* of both ways, with replaces */
	struct span hold, frozen;	/* from < 0: never */
	uint64_t seed;
	long seq_start, ts_start;	/* < 0: by chance */
	long stray_frame, stray_time;	/* one frame's clock, s; 0: none */
	long stray_ts;			/* one packet's RTP time; 0: none */
	enum link_kind link;
	enum transport transport;
	enum format format;
	enum codec codec;
	const struct sr_codec *library;	/* of C_LIBRARY, what it is in RTP */
	struct sr_format rtp;
	unsigned scale;			/* samples of a file per 1/8000 s */
	const char *codec_name, *digits, *out, *ref;
	bool ipv6, nat, cn, no_bye, bye_server, no_answer, only_responses;
	bool no_label, rtp_after_bye, early_rtp, same_callid, replaces;
	bool same_source;		/* on both ways */
};

/* ---- chance: the same for the same seed, everywhere ---- */

uint64_t mix64(uint64_t x);
struct chance {
	uint64_t s;
};
uint64_t chance_next(struct chance *c);
double chance_unit(struct chance *c);			/* 0 <= x < 1 */
int64_t chance_us(struct chance *c, int64_t below);	/* multiple of 125 */

/* ---- cap: frames in the order of time, in a container ---- */

struct cap;
struct cap *cap_open(const struct options *o);
/* iface 1 is the media's, where the format has two. */
void cap_add(struct cap *c, int64_t t, int iface, const void *p, size_t n);
/* Writes all up to t; nothing earlier than t may be added afterwards. */
void cap_until(struct cap *c, int64_t t);
uint64_t cap_close(struct cap *c);			/* frames written */
void die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* ---- net: payloads become frames ---- */

struct end {
	uint8_t ip[16];
	uint16_t port;
};
struct tcp {				/* one connection: next byte each way */
	uint32_t seq[2];
};
int net_linktype(enum link_kind l);
void net_rtp(struct cap *c, const struct options *o, int64_t t,
    const struct end *src, const struct end *dst, const void *p, size_t n);
/* One SIP message from ends[from] to the other, as o->transport has it. */
void net_sip(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], int from, struct tcp *tcp, struct sr_str msg);
void net_connect(struct cap *c, const struct options *o, int64_t t,
    const struct end ends[2], struct tcp *tcp);

/* ---- signal: what the legs say ---- */

extern int16_t ulaw_of[256], alaw_of[256];
void signal_init(void);
/* n codes (a multiple of 8) of leg k from sample at on; no two streams of a
 * capture say the same. */
void signal_codes(uint64_t key, unsigned k, bool alaw, uint64_t at,
    uint8_t *out, size_t n);

/* ---- ref: what a correct reader must find ---- */

struct ref;
struct ref *ref_new(unsigned scale);
void ref_source(struct ref *r, uint32_t ssrc);	/* placed anew from here on */
/* A packet that a reader sees; rtp counts 1/8000 s from the source's start, v
 * holds n * scale samples and is NULL for what is no audio. */
void ref_packet(struct ref *r, int64_t t, int64_t rtp, const int16_t *v,
    size_t n);
void ref_lost(struct ref *r, int64_t rtp, size_t n);
void ref_duplicate(struct ref *r);
void ref_digit(struct ref *r, char digit, int64_t rtp, unsigned ms);
void ref_free(struct ref *r);

/* ---- sip: a call and its messages ---- */

struct dialog {
	char call_id[64], from_tag[16], to_tag[16];
	unsigned cseq, version;
	uint16_t sport[MAX_STREAMS], dport[MAX_STREAMS];
};
enum step_kind {
	S_INVITE, S_TRYING, S_OK, S_ACK, S_REINVITE, S_REOK, S_REACK, S_BYE,
	S_BYEOK
};
struct step {
	int64_t t;
	enum step_kind kind;
	int dialog;
	bool inactive;
	bool backwards;			/* the server is the client */
};
struct call {
	unsigned i;
	const struct options *o;
	int64_t t0, media, bye;		/* INVITE, first RTP, BYE */
	struct end ends[2], sdp[2];	/* on the wire; as the SDP says */
	struct dialog d[2];
	int64_t moved;			/* when d[1] takes over, or never */
	struct step steps[24];
	size_t nsteps, done;
	struct tcp tcp;
	struct stream *streams;
	bool again;			/* the Call-ID was used before */
};
void call_init(struct call *c, const struct options *o, unsigned i,
    int64_t t0, bool again);
void call_signal(struct call *c, struct cap *cap, int64_t until);

/* ---- stream: one leg's RTP ---- */

struct stream {
	struct call *call;
	unsigned k;
	char label[16];
	uint64_t key;
	struct chance chance;
	uint32_t ssrc, ts;
	uint16_t seq;
	uint32_t was, ts_was;		/* the source before; add to ts, seq */
	uint16_t seq_was;
	int64_t start;
	uint64_t i, n, first;		/* frames; where the source began */
	unsigned drop;
	bool talking, alaw;
	void *encoder, *decoder;	/* of C_LIBRARY */
	struct ref *ref;
};
void stream_init(struct stream *s, struct call *c, unsigned k);
void stream_send(struct stream *s, struct cap *cap, int64_t until);
bool stream_over(const struct stream *s);
void stream_free(struct stream *s);

void ref_write(const struct call *c, const char *dir);

#endif
