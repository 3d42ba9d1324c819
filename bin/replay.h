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
	bool mux;
	uint16_t lo, hi;
	struct wav_file *wavs;
	struct sr_str *labels;
	size_t nwavs;
};
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

/* ---- media: streams that are open ---- */

struct studio;				/* makes senders */
struct studio *studio_new(const struct options *o);
void studio_free(struct studio *s);
/* What one m-line sends; seed makes its numbers and its troubles.  wall is
 * the time of day at its zero.  SR_OK; SR_EUNSUP: in a format that nobody can
 * send, so nothing is; SR_ENOMEM. */
int studio_sender(struct studio *s, const struct piece *p,
    const struct sr_run_line *l, uint64_t seed, sr_time wall,
    struct sr_sender **out);
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
