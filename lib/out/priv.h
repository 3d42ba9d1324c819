/* priv: the recorder from inside. */
#ifndef SIPREC_OUT_PRIV_H
#define SIPREC_OUT_PRIV_H

#include "siprec/out.h"

#include <pthread.h>
#include <sys/types.h>

/* FLAC and Opus take so many channels. */
enum { MAX_FILE_NAME = SR_FILE_NAME, MAX_CHANNELS = 8 };

/* ---- line: the log of all sessions, in wire order ---- */

struct line {
	struct line *next;
	struct sr_buf text;
	char *dir;			/* of its session, or NULL */
	bool ready;
};

/* ---- what a stream and a session are to the recorder ---- */

struct rec_format {			/* the engine keeps formats for good */
	const struct sr_format *format;
	bool decodable;
};
struct rec_stream {
	/* what every packet asks for stands together: the caller's */
	const struct rec_format *last;	/* of the latest packet */
	struct worker *worker;		/* NULL: nothing can be written */
	char *fill, *full;		/* of the stretch */
	struct stretch *stretch;	/* packets on their way, NULL: none */
	sr_time since;			/* the first of them came */
	struct sr_str participant;	/* who sends it, for programs */
	/* the worker's */
	struct sr_track *track;
	struct sr_wav *wav;
	struct feed *feed;		/* NULL: no program wants it */
	struct dump *dump;
	struct rec_session *session;
	struct rec_stream *next;
	size_t index;
	struct sr_str label;
	char *file, *dump_file;		/* NULL: none yet */
	uint32_t rate;			/* of the first decodable format */
	uint8_t channels;
	struct sr_correction correction;
	char sha256[65];
	bool again;			/* its files are from before */
};
struct rec_session {
	struct sr_recorder *recorder;
	struct rec_session *next, **at;	/* of those that are not over */
	struct worker *worker;
	struct sr_str id;
	char *path;
	int dir;
	struct sr_buf log;		/* lines not yet written */
	struct rec_stream *streams, **streams_end;
	size_t nstreams;
	struct sr_pcap *pcap;
	bool pcap_lost;			/* a part of it: no more of it then */
	bool failed;			/* and that has been told */
	bool behind;			/* so far that media was dropped */
	struct sr_buf left;		/* of .resume; empty: it began here */
	bool has_pcap;			/* and that was among it */
	size_t marked;			/* streams that .resume speaks of */
	struct sr_session *of;
	struct sr_arena arena;
	/* the end */
	sr_time length;
	struct line *line;
	struct sr_str *order;		/* labels in metadata order, or NULL */
	size_t norder;
	char *mix_file;
};

struct trouble {
	struct trouble *next;
	int why;
	char id[256];
};
struct sr_recorder {
	struct sr_record_cfg cfg;
	struct rec_session *sessions;
	struct worker *workers;
	size_t nworkers, next_worker;
	struct feeds *feeds;		/* NULL: no program wants samples */
	char *line_dir;			/* of the line given last */
	struct rec_format **formats;	/* each of the engine's once */
	size_t nformats;
	pthread_mutex_t lock;		/* lines and failure */
	pthread_cond_t ready;
	struct line *lines, **lines_end;
	int failed;
	char failed_path[512];
	struct trouble *troubles;
};

/* Media was dropped because the disk is too slow: said once per session. */
void recorder_behind(struct rec_session *s, sr_time now);
/* errno says why; name "": the directory itself. */
void recorder_fail(struct rec_session *s, const char *name);

void recorder_warn(struct rec_session *s, const struct sr_event *of,
    const char *rule, const char *text);

/* ---- take: media of streams ---- */

int take_media(const struct sr_event *ev);
/* A stream of which there are files: it goes on in them. */
int take_again(struct rec_session *s, const struct sr_event *ev);

/* ---- files ---- */

/* Makes the directory that cfg.dir and the session's start say; replaces one
 * that we wrote before, unless serving; again: goes on in one that a process
 * has left, if it is there.  SR_OK; SR_ESYS. */
int files_session_dir(struct rec_session *s, sr_time start,
    struct sr_str id, bool again);
/* The directory of a session that is there, or -1 (errno). */
int files_find(const struct sr_record_cfg *cfg, sr_time begin,
    struct sr_str name);
int files_write(int dir, const char *name, struct sr_str bytes);
int files_replace(int dir, const char *name, struct sr_str bytes);
int files_append(int dir, const char *name, struct sr_str bytes);
/* A name that is not taken in this session: label + suffix, -2, -3 ... */
char *files_name(const struct rec_session *s, struct sr_str label,
    const char *suffix);
int files_sha256(const struct sr_crypto *crypto, int dir, const char *name,
    char hex[65]);
/* Both at a time, which is faster; SR_MORE: one by one, please. */
int files_sha256_pair(const struct sr_crypto *crypto, int dir,
    const char *const name[2], char *const hex[2]);

unsigned files_mode(void);

/* ---- redact: what is not kept ---- */

bool redact_wanted(const struct sr_record_cfg *c);	/* of metadata */
int redact_meta(const struct sr_record_cfg *c, const struct sr_doc *d,
    struct sr_buf *out);
/* out has room for raw.n bytes. */
int redact_message(const struct sr_record_cfg *c, struct sr_str raw,
    char *out);

/* ---- encrypt ---- */

/* "" for none. */
const char *encrypt_suffix(const struct sr_record_cfg *c);
int encrypt_file(const struct sr_record_cfg *c, int dir, const char *name);
int encrypt_rest(const struct sr_record_cfg *c, int dir);

/* ---- resume: what another process goes on with ---- */

struct left_file {			/* of a stream, by its index of then */
	size_t was;
	struct sr_str file, dump;	/* absent: it had none */
	uint32_t rate;
	uint8_t channels;
};
int resume_bytes(const struct rec_session *s, struct sr_buf *out);
int resume_write(int dir, struct sr_str bytes);
void resume_over(int dir);
/* s->dir is there already: what was left in it, mended.  SR_OK, SR_EBAD. */
int resume_begin(struct rec_session *s);
bool resume_file(const struct rec_session *s, size_t was,
    struct left_file *f);
/* How much of it is whole, and all that is left of it; 0: nothing. */
off_t resume_dump(int dir, const char *name);

/* ---- worker: decodes on a thread of its own ---- */

int workers_start(struct sr_recorder *r);
void workers_stop(struct sr_recorder *r);
int worker_packet(struct rec_stream *t, const struct rec_format *f,
    const struct sr_line_packet *p);
int worker_end(struct rec_session *s);
/* What came before that goes over, however little it is. */
void worker_push(struct rec_stream *t, sr_time before);
/* Written when all that the session had before has been. */
int worker_mark(struct rec_session *s, struct sr_str bytes);
void workers_hurry(struct sr_recorder *r);	/* no more is coming now */
struct worker *worker_next(struct sr_recorder *r);
/* For samples that are written before another stream's are made. */
int16_t *worker_room(struct worker *w, size_t *n);

/* ---- what a worker does ---- */

struct packet {				/* all that decoding needs */
	const struct rec_format *format;
	int64_t at;
	sr_time time;
	uint32_t ts, ssrc, lost, cut;
	uint32_t n;			/* bytes of payload; they follow */
	uint16_t seq;
	uint8_t pt;
	bool marker;
};
static inline size_t
packet_size(size_t payload)
{
	size_t unit = _Alignof(struct packet);

	return (sizeof(struct packet) + payload + unit - 1) / unit * unit;
}
/* Packets behind each other, n bytes in all. */
void stream_packets(struct rec_stream *t, const char *p, size_t n);
void session_finish(struct rec_session *s);	/* files whole, line ready */
void session_mark(struct rec_session *s, struct sr_str bytes);

/* ---- spawn: somebody's program ---- */

struct variable {			/* of its environment */
	const char *name;
	struct sr_str value;
};
/* Runs a command of the shell with `in` as its standard input.  SR_OK: wait
 * for pid; SR_ESYS (errno); SR_ENOMEM. */
int spawn_program(pid_t *pid, const char *command, int in,
    const struct variable *v, size_t n);

/* ---- feed: the samples of a stream for a program ---- */

struct feeds;				/* all of a recorder */
struct feed;
int feeds_start(struct feeds **sp, const char *command, size_t max);
void feeds_stop(struct feeds *s);
/* As sr_recorder_words. */
int feeds_words(struct feeds *s, struct sr_buf *text);
void feeds_numbers(struct feeds *s, size_t *running, uint64_t *lost);
void feeds_free(struct feeds *s);
/* name: for words.  NULL: it cannot be run, which has been said. */
struct feed *feed_new(struct feeds *s, const char *name,
    const struct variable *v, size_t n);
void feed_samples(struct feed *f, const int16_t *v, size_t n);
void feed_silence(struct feed *f, uint64_t n);	/* so many samples */
void feed_end(struct feed *f);			/* NULL is fine */

/* ---- dump: payloads that cannot be decoded, as rtpplay reads them ---- */

struct dump;
/* Its payload is behind p; again: the file may be there already. */
int dump_packet(struct dump **dp, int dir, const char *name, bool again,
    const struct packet *p);
int dump_flush(struct dump *d);			/* NULL is fine */
int dump_close(struct dump *d);
/* Adds what another one has after it; see sr_joined_dump. */
int dump_append(int out, const char *name, int dir, const char *more);

/* ---- pcap: everything of a session, for Wireshark and for us ---- */

int pcap_put(struct rec_session *s, sr_time time, const struct sr_flow *flow,
    struct sr_str data);
int pcap_flush(struct rec_session *s);
int pcap_end(struct rec_session *s);
/* See sr_joined_pcap. */
int pcap_join(int out, const int *dirs, size_t n);

/* ---- convert, mix: at the end ---- */

int mix_session(struct rec_session *s);
/* Remembers the labels in the order of the metadata, where cfg wants that. */
void mix_order(struct rec_session *s, const struct sr_doc *d);
/* Moves and stretches what is in the file as its correction says, and fills
 * it up to the length of the session. */
int correct_file(struct rec_session *s, struct rec_stream *t);
/* file.wav becomes the wanted kind; *name is replaced. */
int convert_file(struct rec_session *s, char **name);
const char *convert_suffix(enum sr_audio a);	/* ".wav", ".flac" ... */

#endif
