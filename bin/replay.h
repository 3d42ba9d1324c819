/* replay: what the user of siprec-replay has asked for, and what is played. */
#ifndef SIPREC_REPLAY_H
#define SIPREC_REPLAY_H

#include "siprec/client.h"
#include "siprec/io.h"
#include "siprec/play.h"

struct wav_file {			/* --wav LABEL=FILE */
	struct sr_str label;
	const char *path;
};
struct options {
	const char *source, *target, *write;
	struct sr_script_cfg script;
	bool list_flows, list_dialects, conformance, accept, all, json, quiet;
	const char *session;		/* of a capture; NULL: each of them */
	/* how many, how fast */
	uint64_t calls, concurrent;
	double rate, speed;		/* speed 0: as fast as it goes */
	sr_time duration;
	uint64_t seed;
	bool has_seed;
	/* signalling */
	const char *failover, *user, *password_file, *listen;
	const char *tls_cert, *tls_key, *tls_ca, *dns;
	bool tls_no_verify, md5, udp_only;
	sr_time t1;
	uint32_t min_se, session_expires;
	/* media */
	struct sr_format codec;
	struct sr_format formats[3];
	const char *tone;
	bool speech, dtx, same_numbers;
	struct sr_harm_cfg harm;
	sr_time ssrc_change;
	const char *digits;
	struct sr_run_keying keying[SR_STREAMS_MAX];	/* in turn */
	size_t nkeying;
	enum sr_suite suites[SR_MAX_KEYS];
	size_t nsuites;
	uint32_t mki;
	size_t nmki;
	uint64_t lifetime;
	bool wrong_print;
	char print[128];		/* of our certificate, as we say it */
	bool mux, has_seq;
	uint16_t seq;			/* each stream's first */
	uint16_t lo, hi;
	struct wav_file *wavs;
	struct sr_str *labels;
	size_t nwavs;
};
/* What is offered under SRTP: list, names and numbers as their options have
 * them.  CLI_USAGE with words. */
int secure_srtp(struct options *o, char *list);
int secure_suites(struct options *o, char *list);
int secure_mki(struct options *o, const char *arg);
int secure_lifetime(struct options *o, const char *arg);
int secure_check(struct options *o);
void secure_run(const struct options *o, struct sr_run_cfg *run);
int replay_options(struct options *o, int argc, char *argv[], bool *done);
void replay_options_free(struct options *o);

/* ---- source: what the calls say and play ---- */

enum sound_kind { SOUND_TONE, SOUND_SPEECH, SOUND_SILENCE, SOUND_WAV,
	SOUND_PACKETS };
struct sound {				/* of one stream of a script */
	enum sound_kind kind;
	uint32_t hz;
	int16_t *pcm;			/* WAV: samples of rate, one channel */
	size_t frames;
	uint32_t rate;
	sr_time lead;	/* WAV: from the answer to its first sample */
	struct sr_played *packets;	/* PACKETS, from the answer on */
	size_t npackets;
	struct sr_format format;
};
struct piece {				/* a script with its sounds */
	struct sr_script script;
	struct sound *sounds;		/* one per stream of the script */
	size_t nsounds;
	struct sr_arena arena;
	sr_time start;		/* UTC of its first word; 0: any time */
};
struct pieces {
	struct piece **v;
	size_t n;
};
/* Everything that the options name: one piece for a flow, one per session of
 * a capture.  A CLI status; says why on stderr. */
int replay_source(const struct options *o, struct pieces *out);
int replay_capture(const struct options *o, struct pieces *out);
int replay_directory(const struct options *o, struct pieces *out);
struct piece *piece_new(struct pieces *out);	/* NULL: no memory */
int read_wav(int dir, const char *path, struct sound *out);
/* A recording session that was seen, step by step: what its client offered
 * and told, each with its time since the answer. */
struct retold {
	struct piece *piece;
	double speed;			/* by which times are divided */
	bool pending, invited;
	sr_time at;			/* of what is pending */
	struct sr_script_line *lines;	/* in force */
	size_t nlines;
	bool has_sdp;
	struct sr_str xml;
	size_t slots;			/* script streams that there are */
	bool secret[SR_STREAMS_MAX];	/* which of them were SRTP */
};
int retold_begin(struct retold *r, struct piece *p, const struct options *o);
int retold_offer(struct retold *r, sr_time at, struct sr_str sdp);
int retold_metadata(struct retold *r, sr_time at, struct sr_str xml);
int retold_end(struct retold *r, sr_time at);
void pieces_free(struct pieces *p);

/* ---- guard: SRTP of one stream ---- */

/* *gp is NULL for a plain line; SDES has its keys, DTLS gets them later.
 * SR_OK; as srtp_new says. */
struct guard;
int guard_new(struct guard **gp, const struct sr_run_line *l);
/* What has changed from one line to the next, for guard_take, which frees it
 * and may run in another thread. */
int guard_renew(struct guard **gp, const struct sr_run_line *before,
    const struct sr_run_line *now);
void guard_take(struct guard *g, struct guard *fresh);
/* Keys of a handshake on the port of RTP or RTCP; muxed: on both. */
int guard_dtls(struct guard *g, bool rtcp, bool muxed,
    const struct sr_dtls_keys *k);
void guard_forget(struct guard *g);	/* all keys */
void guard_free(struct guard *g);
/* As struct sr_sender_cfg wants them. */
int guard_protect(void *guard, bool rtcp, uint8_t *pkt, size_t *n,
    size_t cap);
int guard_unprotect(void *guard, bool rtcp, uint8_t *pkt, size_t *n);

/* ---- dtls: handshakes, and what is sent behind them ---- */

/* g gets the keys; sender's time begins when there are some.  start and speed
 * are the pacer's.  SR_OK, SR_EUNSUP, SR_ENOMEM. */
struct shaker;
int shaker_new(struct shaker **sp, const struct sr_run_line *l,
    struct guard *g, struct sr_sender *sender, sr_time start, double speed);
void shaker_free(struct shaker *s);
/* New handshakes, with another address or fingerprint, for shaker_take: from
 * then on nothing is sent until there are keys again. */
int shaker_fresh(struct shaker **sp, const struct sr_run_line *l);
void shaker_take(struct shaker *s, struct shaker *fresh);
/* The secrets of all handshakes are added to that file; NULL: they are not.  A
 * CLI status. */
int shaker_log(const char *path);
struct sr_emitter shaker_emitter(struct shaker *s);
void shaker_hear(struct shaker *s, bool rtcp, struct sr_str pkt);
/* The sender's time by the stream's own. */
sr_time shaker_time(const struct shaker *s, sr_time own);
void shaker_close(struct shaker *s);
/* What went wrong, static text; NULL: nothing. */
const char *shaker_trouble(const struct shaker *s);

/* ---- media: streams that are open ---- */

struct studio;				/* makes senders */
struct studio *studio_new(const struct options *o);
void studio_free(struct studio *s);
/* A line's stream by call, leg and slot, as one number; what is random of it
 * comes of another, so that a stream that is opened again is a new source. */
uint64_t stream_name(const struct sr_run_line *l);
uint64_t stream_seed(const struct options *o, const struct sr_run_line *l);
/* What one m-line sends; seed makes its numbers and its troubles.  wall is
 * the time of day at its zero; g, which must outlive it, protects it.  SR_OK;
 * SR_EUNSUP: in a format that nobody can send, so nothing is; SR_ENOMEM. */
int studio_sender(struct studio *s, const struct piece *p,
    const struct sr_run_line *l, uint64_t seed, sr_time wall,
    struct guard *g, struct sr_sender **out);
/* A script's order to a stream: now by its own zero. */
void studio_order(struct studio *s, struct sr_sender *to,
    const struct sr_run_line *l, const struct sr_step *act, sr_time now);

/* ---- report: results as lines, summaries and tables ---- */

struct totals;
struct totals *totals_new(const struct options *o);
void totals_free(struct totals *t);
void totals_begun(struct totals *t);
/* One line for a call that is over. */
void totals_call(struct totals *t, const struct sr_run_result *r,
    const struct sr_sender_numbers *media);
/* The live line, on a terminal, now and then. */
bool totals_progress_due(struct totals *t, sr_time now);
void totals_progress(struct totals *t, uint64_t packets);
/* The end: the summary; CLI_OK, or CLI_NO when a call failed. */
int totals_end(struct totals *t, const struct sr_pace_numbers *media);
void totals_add(struct sr_sender_numbers *sum,
    const struct sr_sender_numbers *more);

/* ---- the two ways to play ---- */

int replay_virtual(const struct options *o, const struct pieces *p);
int replay_live(const struct options *o, const struct pieces *p);

#endif
