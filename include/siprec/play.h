/* play: what a recording client sends: the RTP and RTCP of a stream, packet by
 * packet, each with its time.  No sockets, no clock: time is nanoseconds from
 * the stream's own start, and everything random comes from a seed. */
#ifndef SIPREC_PLAY_H
#define SIPREC_PLAY_H

#include "siprec/media.h"

/* ---- sound: where samples come from ---- */

enum sr_sound_kind {
	SR_SOUND_SILENCE, SR_SOUND_TONE, SR_SOUND_SPEECH, SR_SOUND_READ
};
struct sr_sound {
	enum sr_sound_kind kind;
	uint32_t hz;			/* TONE; 0: 440 */
	int16_t peak;		/* TONE, SPEECH: amplitude; 0: 8000 */
	uint64_t seed;			/* SPEECH */
	/* READ: up to n frames of the format's rate and channels; fewer than
	 * asked is the end. */
	size_t (*read)(void *arg, int16_t *out, size_t frames);
	void *arg;
};
/* Sample k of a tone: whole numbers only, so the same everywhere; it repeats
 * after rate / gcd(hz, rate) samples to the bit. */
int16_t sr_tone(uint32_t hz, uint32_t rate, int16_t peak, uint64_t k);
/* Speech-like: syllables of a voice with formants, hisses, short pauses in
 * words and long ones between sentences, which are digital silence. */
struct sr_speech {
	struct sr_prng prng;
	uint32_t rate, left, whole;	/* frames of the piece, and all of it */
	uint32_t pitch, formant[3];	/* Hz */
	uint64_t at;
	uint8_t kind, syllables;
	int16_t peak;
};
void sr_speech_init(struct sr_speech *s, uint64_t seed, uint32_t rate,
    int16_t peak);
void sr_speech_read(struct sr_speech *s, int16_t *out, size_t frames);

/* ---- tape: a sound, encoded ---- */

/* A loop is encoded once, when the tape is made, and may be played by any
 * number of streams and threads at once.  Without one (loop 0) payloads are
 * made as they are needed, and one stream may play it. */
struct sr_tape_cfg {
	struct sr_format format;	/* its name and fmtp are copied */
	unsigned ptime;			/* ms, 1 to 200 */
	struct sr_sound sound;
	sr_time loop;	/* length; rounded up so that packets, and the
			 * periods of a tone, fit whole.  Not for READ */
};
struct sr_tape;
/* SR_OK; SR_EUNSUP when the codec is not built in or cannot make packets of
 * ptime; SR_ELIMIT when a loop would be over an hour; SR_EBAD; SR_ENOMEM. */
int sr_tape_new(struct sr_tape **tp, const struct sr_tape_cfg *cfg);
struct sr_tape *sr_tape_hold(struct sr_tape *t);	/* one more user */
void sr_tape_free(struct sr_tape *t);		/* one user less */
const struct sr_format *sr_tape_format(const struct sr_tape *t);
unsigned sr_tape_ptime(const struct sr_tape *t);
size_t sr_tape_count(const struct sr_tape *t);	/* payloads; 0: no loop */
/* Payload k, counted on past the end of a loop; a tape without one goes only
 * forward.  Absent when the sound is over.  Loops: as long as the tape lives;
 * else until the next call. */
struct sr_str sr_tape_payload(struct sr_tape *t, uint64_t k);
/* What that payload was encoded from is silence: its peak is 16 or less. */
bool sr_tape_silent(const struct sr_tape *t, uint64_t k);
/* The samples of payload k of a looped tape as a decoder must give them back,
 * exactly: PCMU, PCMA, L16.  Returns samples of all channels; 0 for other
 * codecs.  Room for SR_MAX_SAMPLES. */
size_t sr_tape_pcm(const struct sr_tape *t, uint64_t k, int16_t *out);

/* ---- play: one stream's RTP ---- */

enum { SR_NO_PT = 255 };
struct sr_play_cfg {
	uint32_t ssrc, ts;		/* first ones; wrap soon: end values */
	uint16_t seq;
	struct sr_tape *tape;		/* held */
	sr_time start;		/* when the microphone opens: first packet */
	sr_time end;	/* no packet at or after; 0: as the source says */
	bool no_marker;			/* none on the first packet */
	bool dtx;	/* nothing in silence, and a marker after it */
	uint8_t cn_pt;	/* with dtx: RFC 3389 noise says so; or SR_NO_PT */
	uint8_t ncsrc;			/* RFC 3550 section 5.1, 15 at most */
	uint32_t csrc[15];
};
/* Packets of a capture, sent again. */
struct sr_played {
	sr_time at;			/* never decreasing */
	struct sr_str rtp;
};
struct sr_replay_cfg {
	const struct sr_played *v;	/* must outlive the play */
	size_t n;
	sr_time zero;	/* the stream's own zero among their times */
	struct sr_format format;	/* its clock; for reports and length */
	/* New numbers for the first packet; all others keep their distance,
	 * a second SSRC becomes a second one. */
	bool renumber;
	uint32_t ssrc, ts;
	uint16_t seq;
	const uint8_t *pt;	/* 128 new payload types; NULL: as they are */
};
struct sr_play;
int sr_play_new(struct sr_play **pp, const struct sr_play_cfg *cfg);
int sr_play_new_replay(struct sr_play **pp, const struct sr_replay_cfg *cfg);
void sr_play_free(struct sr_play *p);
/* Everything that can be sent at times: what the pacer and the schedule take,
 * a play, a harm or a sender.  due: when to call next; SR_NEVER: not before
 * something was ordered.  next: SR_OK; SR_MORE, nothing now, ask due again;
 * SR_ENOENT, over; SR_ENOMEM.  The packet is borrowed until the next call. */
sr_time sr_play_due(void *play);
int sr_play_next(void *play, struct sr_packet *out);
struct sr_emitter sr_play_emitter(struct sr_play *p);

/* Orders, obeyed by the first packet at or after their time (0: the next one;
 * in a pause only a true time tells), in the order they were given.  Each
 * SR_OK; SR_ELIMIT when 4096 wait already; SR_EBAD; SR_ENOMEM; SR_EUNSUP for
 * a replay, which knows pause, resume and end. */
/* The microphone stays open: time stamps and the source run on. */
int sr_play_pause(struct sr_play *p, sr_time at);
int sr_play_resume(struct sr_play *p, sr_time at);	/* with a marker */
int sr_play_end(struct sr_play *p, sr_time at);
int sr_play_ssrc(struct sr_play *p, sr_time at, uint32_t ssrc, uint16_t seq,
    uint32_t ts);
/* Another codec, payload type or ptime.  A loop goes on where the other one
 * would be, at the first packet where that is a whole one, so that a tone
 * does not click. */
int sr_play_tape(struct sr_play *p, sr_time at, struct sr_tape *tape);
int sr_play_csrc(struct sr_play *p, sr_time at, const uint32_t *csrc,
    unsigned n);
/* RFC 4733: a packet every ptime instead of audio, the end three times.
 * c: 0-9 * # A-D or ! (flash). */
int sr_play_digit(struct sr_play *p, sr_time at, char c, sr_time duration,
    uint8_t pt);

struct sr_play_numbers {		/* what it handed out */
	uint64_t packets, bytes;	/* of the SSRC in force; payload */
	uint64_t all_packets, all_bytes;
	uint64_t digits, noise;		/* all; CN packets */
	uint32_t ssrc, clock;
	uint32_t ts;			/* of the last packet, ... */
	sr_time ts_at;			/* ... at this time */
	uint16_t seq;			/* of the last packet */
};
void sr_play_numbers(const struct sr_play *p, struct sr_play_numbers *out);

/* ---- harm: a bad network and a bad clock, made to order ---- */

struct sr_harm_cfg {
	uint64_t seed;
	double loss;			/* of all packets, 0 to 1 */
	double burst;	/* about so many packets go at once; up to 1:
			 * each by itself */
	double duplicate, reorder;	/* of the packets that go on */
	unsigned reorder_by;		/* packets that overtake; 0: 1 */
	sr_time jitter;	/* extra delay: 0 to this, or its deviation */
	bool gauss;
	double drift;	/* ppm by which the sender's clock is slow */
};
struct sr_harm_numbers {
	uint64_t seen, sent;	/* sent = seen - lost + duplicated - waiting */
	uint64_t lost, bursts, duplicated, reordered, delayed, waiting;
};
struct sr_harm;
/* from: what is harmed; it must live as long as the harm. */
int sr_harm_new(struct sr_harm **hp, const struct sr_harm_cfg *cfg,
    struct sr_emitter from);
void sr_harm_free(struct sr_harm *h);
/* Times never decrease, whatever the jitter. */
sr_time sr_harm_due(void *harm);
int sr_harm_next(void *harm, struct sr_packet *out);
struct sr_emitter sr_harm_emitter(struct sr_harm *h);
void sr_harm_numbers(const struct sr_harm *h, struct sr_harm_numbers *out);

/* ---- reporter: RTCP of one source, RFC 3550 section 6 ---- */

enum { SR_CNAME = 17 };
/* RFC 7022 section 4.2: 96 random bits in base64, with a NUL. */
void sr_cname(const uint8_t random[12], char out[SR_CNAME]);

struct sr_contributor {			/* RFC 7866 8.3.2: SDES of a CSRC */
	uint32_t ssrc;
	struct sr_str cname;
};
struct sr_reporter_cfg {
	struct sr_str cname;		/* copied, 255 bytes at most */
	uint64_t seed;
	sr_time wall;	/* time of day at the stream's zero, for NTP */
	double bandwidth;	/* of the session, bit/s; 0: 64000 */
	const struct sr_contributor *contributor;	/* copied */
	unsigned contributors;		/* 15 at most */
};
/* What others report about our SSRC; the last word of each of them. */
struct sr_heard {
	uint32_t from;			/* the reporter's SSRC */
	sr_time at;
	struct sr_report report;
	sr_time round_trip;		/* 0: not known; section 6.4.1 */
};
struct sr_reporter;
int sr_reporter_new(struct sr_reporter **rp, const struct sr_reporter_cfg *cfg);
void sr_reporter_free(struct sr_reporter *r);
void sr_reporter_wall(struct sr_reporter *r, sr_time wall);
sr_time sr_reporter_due(const struct sr_reporter *r);
/* At its due time: an SR (RR where nothing was sent of late) and SDES, behind
 * each other in out, or SR_MORE where timer reconsideration put it off. */
int sr_reporter_next(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out);
/* The same with a BYE behind it: at the end, and for an SSRC given up. */
int sr_reporter_bye(struct sr_reporter *r, sr_time now,
    const struct sr_play_numbers *sent, struct sr_buf *out);
/* RTCP that came in, ssrc being ours.  SR_OK; SR_EBAD: what came before the
 * broken part was taken. */
int sr_reporter_hear(struct sr_reporter *r, sr_time now, uint32_t ssrc,
    struct sr_str pkt);
/* The newest first; how many there are, at most n of them in out. */
size_t sr_reporter_heard(const struct sr_reporter *r, struct sr_heard *out,
    size_t n);

/* ---- sender: all that one stream puts on the wire ---- */

/* RTP of a play, through a harm where there is one, RTCP between it, BYE at
 * the end and when the SSRC changes; protected where that is asked for. */
struct sr_sender_cfg {
	struct sr_play *play;		/* all three are owned from now on, */
	struct sr_harm *harm;		/* also when this fails; NULL: none */
	struct sr_reporter *reporter;
	/* Makes SRTP or SRTCP of n bytes at pkt in place; cap is what there
	 * is room for.  SR_OK or an error: the packet is counted, not sent. */
	int (*protect)(void *arg, bool rtcp, uint8_t *pkt, size_t *n,
	    size_t cap);
	/* The same backwards for what sr_sender_hear gets; NULL: plain. */
	int (*unprotect)(void *arg, bool rtcp, uint8_t *pkt, size_t *n);
	void *arg;
};
struct sr_sender_numbers {
	struct sr_play_numbers play;
	struct sr_harm_numbers harm;
	uint64_t reports, byes;		/* RTCP packets */
	uint64_t heard, broken;		/* RTCP that came in */
	uint64_t unprotected;	/* packets that protect refused */
};
struct sr_sender;
int sr_sender_new(struct sr_sender **sp, const struct sr_sender_cfg *cfg);
void sr_sender_free(struct sr_sender *s);
sr_time sr_sender_due(void *sender);
int sr_sender_next(void *sender, struct sr_packet *out);
struct sr_emitter sr_sender_emitter(struct sr_sender *s);
struct sr_play *sr_sender_play(struct sr_sender *s);	/* for orders */
/* Its zero is at another time of day than its reporter was told. */
void sr_sender_wall(struct sr_sender *s, sr_time wall);
void sr_sender_hear(void *sender, sr_time now, struct sr_str rtcp);
void sr_sender_numbers(const struct sr_sender *s,
    struct sr_sender_numbers *out);
size_t sr_sender_heard(const struct sr_sender *s, struct sr_heard *out,
    size_t n);

/* ---- schedule: many streams in the order of time, without a clock ---- */

struct sr_scheduled {
	uint64_t cookie;
	struct sr_packet packet;	/* its time counts from the schedule's
					 * zero; borrowed until the next call */
};
struct sr_schedule;
int sr_schedule_new(struct sr_schedule **sp);
void sr_schedule_free(struct sr_schedule *s);	/* not the emitters */
/* The stream's zero is start.  Equal times come in the order of adding. */
int sr_schedule_add(struct sr_schedule *s, struct sr_emitter from,
    sr_time start, uint64_t cookie);
/* When the next packet is due, SR_NEVER when all streams wait or are over. */
sr_time sr_schedule_due(const struct sr_schedule *s);
/* The next packet before until: SR_OK; SR_MORE: none before it; SR_ENOENT:
 * the stream of out->cookie is over and no longer here; SR_ENOMEM. */
int sr_schedule_next(struct sr_schedule *s, sr_time until,
    struct sr_scheduled *out);
/* Something was ordered from the stream: its due time is asked again. */
int sr_schedule_touch(struct sr_schedule *s, uint64_t cookie);
int sr_schedule_remove(struct sr_schedule *s, uint64_t cookie);

#endif
