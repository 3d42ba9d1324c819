/* priv: the recorder from inside. */
#ifndef SIPREC_OUT_PRIV_H
#define SIPREC_OUT_PRIV_H

#include "siprec/out.h"

#include <pthread.h>
#include <sys/types.h>

/* FLAC and Opus take so many channels. */
enum { MAX_FILE_NAME = 200, MAX_CHANNELS = 8 };

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

/* errno says why; name "": the directory itself. */
void recorder_fail(struct rec_session *s, const char *name);

/* ---- files ---- */

/* Makes the directory that cfg.dir and the session's start say; replaces one
 * that we wrote before, unless serving.  SR_OK; SR_ESYS. */
int files_session_dir(struct rec_session *s, sr_time start,
    struct sr_str id);
int files_write(int dir, const char *name, struct sr_str bytes);
int files_replace(int dir, const char *name, struct sr_str bytes);
int files_append(int dir, const char *name, struct sr_str bytes);
/* A name that is not taken in this session: label + suffix, -2, -3 ... */
char *files_name(const struct rec_session *s, struct sr_str label,
    const char *suffix);
int files_sha256(const struct sr_crypto *crypto, int dir, const char *name,
    char hex[65]);

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

/* ---- worker: decodes on a thread of its own ---- */

int workers_start(struct sr_recorder *r);
void workers_stop(struct sr_recorder *r);
int worker_packet(struct rec_stream *t, const struct rec_format *f,
    const struct sr_line_packet *p);
int worker_end(struct rec_session *s);
/* What came before that goes over, however little it is. */
void worker_push(struct rec_stream *t, sr_time before);
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
int dump_packet(struct dump **dp, int dir, const char *name,
    const struct packet *p);		/* its payload behind it */
int dump_close(struct dump *d);

/* ---- pcap: everything of a session, for Wireshark and for us ---- */

int pcap_put(struct rec_session *s, sr_time time, const struct sr_flow *flow,
    struct sr_str data);
int pcap_flush(struct rec_session *s);
int pcap_end(struct rec_session *s);

/* ---- convert, mix: at the end ---- */

int mix_session(struct rec_session *s);
/* Moves and stretches what is in the file as its correction says, and fills
 * it up to the length of the session. */
int correct_file(struct rec_session *s, struct rec_stream *t);
/* file.wav becomes the wanted kind; *name is replaced. */
int convert_file(struct rec_session *s, char **name);
const char *convert_suffix(enum sr_audio a);	/* ".wav", ".flac" ... */

#endif
