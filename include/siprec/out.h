/* out: what is kept - the session's directory, its audio, its log. */
#ifndef SIPREC_OUT_H
#define SIPREC_OUT_H

#include "siprec/core.h"
#include "siprec/media.h"

/* ---- wav: 16-bit PCM, valid at every moment ---- */

struct sr_wav;
/* Makes (and truncates) the file.  The header says after every write how much
 * is there, unless relaxed; past 4 GiB it becomes RF64.  SR_OK, SR_ESYS
 * (errno), SR_ENOMEM. */
int sr_wav_new(struct sr_wav **wp, int dir, const char *name, uint32_t rate,
    uint8_t channels);
/* Goes on behind the whole frames of a file that sr_wav_new has made, whatever
 * its header says, or makes it where it is not there.  SR_EBAD: it is no such
 * file, or one of another rate or number of channels. */
int sr_wav_append(struct sr_wav **wp, int dir, const char *name,
    uint32_t rate, uint8_t channels);
/* What is recorded can be had again: the header is brought up to date now
 * and then only, which saves half of the writes. */
void sr_wav_relax(struct sr_wav *w);
/* Samples gather in v, of n, until there are as many or sr_wav_flush is
 * called: others may have it then.  Without, the file has room of its own. */
void sr_wav_lend(struct sr_wav *w, int16_t *v, size_t n);
int sr_wav_write(struct sr_wav *w, const int16_t *v, size_t frames);
int sr_wav_silence(struct sr_wav *w, uint64_t frames);
int sr_wav_flush(struct sr_wav *w);
uint64_t sr_wav_frames(const struct sr_wav *w);	/* so far; NULL: 0 */
int sr_wav_close(struct sr_wav *w);		/* NULL is fine; frees w */
/* How many descriptors all writers together may hold open. */
void sr_wav_budget(size_t n);

struct sr_wav_in {
	int fd;
	uint32_t rate;
	uint8_t channels;
	uint64_t frames;
};
int sr_wav_open(struct sr_wav_in *w, int dir, const char *name);
/* Up to max frames; 0 at the end; < 0: enum sr_err. */
long sr_wav_read(struct sr_wav_in *w, int16_t *v, size_t max);
void sr_wav_end(struct sr_wav_in *w);

/* The first channel of an audio file in any format that libsndfile reads; *pcm
 * is the caller's to free.  SR_OK; SR_ESYS (errno); SR_EBAD: no audio file;
 * SR_ELIMIT; SR_ENOMEM. */
int sr_audio_read(int dir, const char *name, int16_t **pcm, size_t *frames,
    uint32_t *rate);

/* ---- pcap: a capture in the making, for Wireshark and for us ---- */

/* Raw IP, nanoseconds, made in memory: the owner writes away and empties what
 * stands in the buffer, which begins with the head of the file and takes max
 * bytes.  Streams become TCP segments with numbers of our own. */
struct sr_pcap;
int sr_pcap_new(struct sr_pcap **pp, size_t max);
/* head and body stand behind each other.  SR_OK; SR_ELIMIT: no datagram is as
 * long; SR_ENOMEM. */
int sr_pcap_put(struct sr_pcap *p, sr_time time, const struct sr_flow *flow,
    struct sr_str head, struct sr_str body);
struct sr_buf *sr_pcap_out(struct sr_pcap *p);
void sr_pcap_free(struct sr_pcap *p);

/* ---- recorder: events in, directories out ---- */

enum sr_audio { SR_AUDIO_WAV, SR_AUDIO_ULAW, SR_AUDIO_FLAC, SR_AUDIO_OPUS };
enum sr_order { SR_ORDER_MLINE, SR_ORDER_LABEL, SR_ORDER_METADATA };
struct sr_record_cfg {
	const char *dir;	/* strftime fields: the session's start, UTC */
	enum sr_mix mix;
	enum sr_order order;		/* of the channels of the mix */
	bool correct;			/* as sr_stream_correction says */
	enum sr_audio audio;
	bool keep_rtp;
	bool live;			/* the input comes only once */
	bool serving;	/* lines are on the disk as soon as they are said, and
			 * a directory that is there is not touched */
	bool resumes;	/* with serving: what a process leaves can be gone on
			 * with, by what .resume says while a session runs */
	unsigned threads;		/* that decode; 1: the caller's own */
	size_t behind;	/* with serving: bytes of media that may wait for the
			 * disk, in each thread; past that it is dropped, with
			 * a warning (0: 256 MiB) */
	const char *on_stream;	/* a command that gets each stream's samples,
				 * as its file does; NULL: none */
	size_t backlog;	/* bytes that may wait for each of those: 1 MiB */
	const struct sr_crypto *crypto;
	/* What is not kept leaves no trace, in rtp.pcap neither. */
	enum sr_keep keep;
	const char *const *drop;	/* namespaces of extensions */
	size_t ndrop;
	bool mask_dtmf;			/* digits become x */
	const char *encrypt_to;		/* a recipient; NULL: plain files */
	const char *encrypt_with;	/* "age", "gpg" */
};
/* Files are made with this mode, 0600 without; directories may be searched by
 * who may read.  For the whole process, before the first recorder. */
void sr_record_mode(unsigned mode);
/* One file encrypted into the other, as cfg says.  SR_OK, SR_ESYS. */
int sr_encrypt(const struct sr_record_cfg *cfg, int in, int out);
/* The engine whose events it takes must live until it is flushed or freed:
 * packets point to the engine's formats. */
struct sr_recorder;
int sr_recorder_new(struct sr_recorder **rp, const struct sr_record_cfg *cfg);
/* Every event, in order.  What goes wrong with files is kept for
 * sr_recorder_failed; the run goes on.  SR_OK, SR_ENOMEM. */
int sr_recorder_event(struct sr_recorder *r, const struct sr_event *ev);
/* With serving, every second: what has waited for as long is written.  now as
 * of the events. */
void sr_recorder_tick(struct sr_recorder *r, sr_time now);
/* With serving, ten times a second: what is full goes to the disk, and does not
 * wait for more of its kind. */
void sr_recorder_hurry(struct sr_recorder *r);
/* Is there a directory of that name, for a session that begins now?  For
 * sr_cfg.taken. */
bool sr_record_taken(const struct sr_record_cfg *cfg, sr_time begin,
    struct sr_str name);
/* What a process has left in the directory of a session, for
 * sr_engine_restore: then its events, as far as they are of the past, make the
 * recorder go on in the files that are there.  SR_OK; SR_ENOENT: there is no
 * such directory; SR_EBAD: there is, but nothing to go on with: its session
 * has ended, or needs another name; SR_ENOMEM.  Free it in every case. */
struct sr_left {
	struct sr_buf bytes;
	struct sr_str mark;
	struct sr_stands *v;		/* how long the files are */
	size_t n;
};
int sr_record_left(const struct sr_record_cfg *cfg, sr_time begin,
    struct sr_str name, struct sr_left *out);
/* The same of a directory that is open; and which stream a file belongs to,
 * SIZE_MAX: none. */
int sr_left_read(int dir, struct sr_left *out);
size_t sr_left_file(const struct sr_left *l, struct sr_str file);
void sr_left_free(struct sr_left *l);
/* A session whose files could not all be written, each once: its name into
 * id.  Its errno; 0: there is none. */
int sr_recorder_trouble(struct sr_recorder *r, char id[static 256]);
/* Media of these streams will come: a hint, like sr_engine_ahead. */
void sr_recorder_ahead(struct sr_stream *const *v, size_t n);
/* The next line of the log of all sessions, in wire order; with wait it waits
 * for the files that the line speaks of.  SR_OK: line holds it, without the
 * line end; SR_MORE: not ready; SR_ENOENT: there is none. */
int sr_recorder_line(struct sr_recorder *r, bool wait, struct sr_buf *line);
/* The directory of the session that the line given last was about; NULL: of
 * none.  Good until the next line. */
const char *sr_recorder_line_dir(const struct sr_recorder *r);
/* What is to be said about programs of on_stream: one that is too slow, or
 * fails.  SR_OK; SR_ENOENT: nothing. */
int sr_recorder_words(struct sr_recorder *r, struct sr_buf *text);
/* How many of them run, and samples that they did not get. */
void sr_recorder_programs(struct sr_recorder *r, size_t *running,
    uint64_t *dropped);
/* No event comes after this: what waits for the workers is handed over. */
void sr_recorder_flush(struct sr_recorder *r);
/* The first failure: its errno and where; 0 when there was none. */
int sr_recorder_failed(struct sr_recorder *r, char *path, size_t size);
void sr_recorder_free(struct sr_recorder *r);	/* waits for everything */

/* ---- splice: several files of one stream become one ---- */

/* Of the rate and channels of the first piece. */
struct sr_splice;
int sr_splice_new(struct sr_splice **sp);
/* The next piece, whose frame 0 stands at that time from the start; what those
 * before it have is kept.  Gives where its sound begins and ends there, at for
 * both when it is all silent.  SR_OK; SR_ESYS (errno); SR_EBAD: no audio file,
 * it is left out; SR_ELIMIT; SR_ENOMEM. */
int sr_splice_add(struct sr_splice *s, int dir, const char *file, sr_time at,
    sr_time *begin, sr_time *end);
/* How much sound there is between two times. */
sr_time sr_splice_heard(const struct sr_splice *s, sr_time from, sr_time to);
uint32_t sr_splice_rate(const struct sr_splice *s);	/* 0: no piece yet */
uint8_t sr_splice_channels(const struct sr_splice *s);
/* A WAV file of that length; what stands before the start is cut off.  SR_OK,
 * SR_ESYS; SR_EBAD: a piece has changed. */
int sr_splice_write(struct sr_splice *s, int dir, const char *name,
    sr_time length);
void sr_splice_free(struct sr_splice *s);	/* NULL is fine */

/* ---- joined: the directory of a recording put together from parts ---- */

struct sr_joined;
/* Makes it, as the recorder would.  One that is there is emptied only when it
 * was joined before (its begin says so) and is none of the parts.  SR_OK;
 * SR_ESYS (errno; EEXIST); SR_ENOMEM. */
int sr_joined_new(struct sr_joined **jp, const struct sr_record_cfg *cfg,
    sr_time begin, struct sr_str id, const int *parts, size_t nparts);
const char *sr_joined_path(const struct sr_joined *j);
/* A small file, new or more of it.  SR_OK, SR_ESYS. */
int sr_joined_put(struct sr_joined *j, const char *name, struct sr_str bytes);
/* A stream, 0, 1 ... in this order; SR_ENOMEM. */
int sr_joined_stream(struct sr_joined *j, struct sr_str label);
/* Its audio file, as sr_splice_write. */
int sr_joined_sound(struct sr_joined *j, size_t stream, struct sr_splice *s,
    sr_time length);
/* Payloads that were kept: the next part's rtpdump, which began so much later
 * than the first.  What the parts before have is left out, and a torn end.
 * SR_OK; SR_ESYS, SR_EBAD. */
int sr_joined_dump(struct sr_joined *j, size_t stream, int dir,
    const char *name);
/* The captures of all parts, in order of time.  SR_OK; SR_EBAD: what is torn
 * was left out; SR_ESYS. */
int sr_joined_pcap(struct sr_joined *j, const int *dirs, size_t n);
/* Nothing more comes: the files become what cfg wants; doc may be NULL, it
 * is for the order of the mix.  v: of each stream; names live as long as j. */
int sr_joined_finish(struct sr_joined *j, const struct sr_doc *doc,
    struct sr_end_file *v);
void sr_joined_free(struct sr_joined *j);	/* NULL is fine */
/* The name of the k-th file (1 ...) that a label has in any directory of the
 * recorder's. */
enum { SR_FILE_NAME = 200 };
void sr_record_name(struct sr_str label, const char *suffix, unsigned k,
    char out[static SR_FILE_NAME]);

/* ---- hook: a program for each event ---- */

struct sr_hook;
struct sr_hook_stats {
	unsigned running;
	uint64_t run, failed, dropped;	/* failed: of those that were run */
};
/* A command of the shell, at_once at a time (0: 8) and no more than max bytes
 * of events that wait (0: 16 MiB).  SR_OK, SR_ENOMEM. */
int sr_hook_new(struct sr_hook **hp, const char *command, unsigned at_once,
    size_t max);
/* json: what sr_recorder_line gave; dir: its session's directory, or NULL.
 * Never waits. */
void sr_hook_put(struct sr_hook *h, struct sr_str json, const char *dir);
void sr_hook_stats(struct sr_hook *h, struct sr_hook_stats *out);
/* Programs that wait to be run, or run, have until then. */
void sr_hook_close(struct sr_hook *h, sr_time patience,
    struct sr_hook_stats *out);

#endif
