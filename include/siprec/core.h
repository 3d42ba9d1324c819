/* core: bytes and time in, events out.  No system calls below this line. */
#ifndef SIPREC_CORE_H
#define SIPREC_CORE_H

#include "siprec/meta.h"
#include "siprec/rtp.h"
#include "siprec/sip.h"

enum sr_role {
	SR_WATCH			/* sees both sides, never sends */
};
/* Zero means the default, said behind each. */
struct sr_cfg {
	enum sr_role role;
	bool all;			/* plain calls too, and RTP alone */
	bool no_payload;		/* media events carry no payload */
	bool wire;			/* SR_EV_WIRE for all of a session */
	bool align;			/* by RTCP sender reports, at the end */
	bool reports;			/* keep what receiver reports ask for */
	bool deskew;			/* correct the senders' clocks, too */
	bool no_latch;	/* media from the addresses of the SDP only */
	bool journal;			/* sessions can be saved */
	size_t max_journal;	/* bytes of one session's: 1 MiB */
	const struct sr_crypto *crypto;	/* needed */
	size_t max_message;		/* 1 MiB: a SIP message, a body */
	size_t max_sessions;		/* 1,000,000 at a time */
	size_t max_flows;		/* 1,000,000 known at a time */
	size_t max_orphans;	/* 4 MiB of media that waits for its SDP */
	/* Is that name of a session in use, from before?  NULL: only names of
	 * this run count, and all of them. */
	bool (*taken)(void *arg, sr_time begin, struct sr_str name);
	void *arg;
};

/* A recording session and its streams belong to the engine; both are valid
 * until the session's SR_EV_END has been taken and the engine called again. */
struct sr_engine;
struct sr_session;
struct sr_stream;
/* name of its directory */
struct sr_str sr_session_id(const struct sr_session *s);
struct sr_str sr_session_call_id(const struct sr_session *s);
/* NULL: none */
const struct sr_doc *sr_session_doc(const struct sr_session *s);
size_t sr_session_nstreams(const struct sr_session *s);
struct sr_stream *sr_session_stream(const struct sr_session *s, size_t i);
/* m1, m2 without one */
struct sr_str sr_stream_label(const struct sr_stream *t);
size_t sr_stream_index(const struct sr_stream *t); /* among its session's */
unsigned sr_stream_mline(const struct sr_stream *t);	/* from 0 */
/* What the end found out about a stream's clock (cfg.align, cfg.deskew): its
 * media, that stands from begin to end, is to begin at `to` and to last
 * stretch times as long. */
struct sr_correction {
	sr_time begin, end, to;
	double stretch;
};
void sr_stream_correction(const struct sr_stream *t, struct sr_correction *c);
/* What an RTCP receiver report has to say of it (cfg.reports); false when
 * nothing was heard yet. */
bool sr_stream_reception(const struct sr_stream *t, struct sr_reception *out);
/* What was received, and what was not. */
void sr_stream_numbers(const struct sr_stream *t, struct sr_numbers *out);
/* Who is said to send it: address of record, else name, else id; absent where
 * the metadata does not tell. */
struct sr_str sr_stream_participant(const struct sr_stream *t);
/* Packets for streams, so far, from others than those who may speak there. */
uint64_t sr_engine_strangers(const struct sr_engine *e);
/* The stream that media of this flow would go to now; NULL: none. */
struct sr_stream *sr_engine_stream(struct sr_engine *e,
    const struct sr_flow *f);
/* A place for the owner of the engine to hang what belongs to a stream. */
void **sr_session_slot(struct sr_session *s);
void **sr_stream_slot(struct sr_stream *t);

enum sr_keep { SR_KEEP_FULL, SR_KEEP_IDS, SR_KEEP_NONE };	/* metadata */

enum sr_event_kind {
	SR_EV_BEGIN, SR_EV_OFFER, SR_EV_ANSWER, SR_EV_META, SR_EV_STREAM,
	SR_EV_DTMF, SR_EV_GAP, SR_EV_SSRC, SR_EV_PAUSE, SR_EV_RESUME,
	SR_EV_HOLD, SR_EV_WARN, SR_EV_REPLACED, SR_EV_CONTINUED, SR_EV_END,
	SR_EV_MEDIA,			/* a placed packet: not for the log */
	SR_EV_WIRE	/* what was on the wire: nor that; media: with stream */
};
struct sr_event {	/* valid until the next sr_engine call */
	enum sr_event_kind kind;
	bool again;			/* it is of a restored past */
	sr_time time;
	uint64_t num;			/* frame, 0: none */
	struct sr_session *session;	/* NULL: of no session */
	struct sr_stream *stream;
	union {
		struct {
			struct sr_str from, to, agent;
			struct sr_flow flow;
			const char *cause;	/* why it is a recording */
			/* Said by the owner, who knows: whom the client has
			 * proved to be, and how ("tls", "digest"). */
			struct sr_str identity;
			const char *identity_by;
			struct sr_str asserted;
			/* How the Identity header fared: "verified" ...;
			 * NULL: that was not asked. */
			const char *passport;
			struct sr_str orig, dest;
		} begin;
		struct {
			bool by_src;
			uint32_t cseq;
			struct sr_str text;
			unsigned n;		/* 1, 2 ... in the session */
		} sdp;
		struct {
			struct sr_str body;	/* as received */
			const struct sr_doc *doc;
			bool made;		/* by us, for --all */
			unsigned n;
		} meta;
		struct {
			const struct sr_format *format;
			uint32_t ssrc, ts;
			struct sr_flow flow;
			unsigned mline;
		} stream;
		struct {
			char digit;
			sr_time at, duration;
		} dtmf;
		struct {
			sr_time at, duration;
		} gap;
		struct {
			uint32_t from, to, ts;
			sr_time at;	/* of that timestamp */
		} ssrc;
		struct {
			const char *by;		/* "sdp", "control" */
		} pause;
		struct {
			bool on;
		} hold;
		struct {
			int err;
			const char *rule;
			struct sr_str text;
			int status;		/* of a refused call, else 0 */
			struct sr_str call_id;
		} warn;
		struct {
			struct sr_str call_id;
		} replaced;
		struct {	/* of that one, or by it */
			bool of;
			struct sr_str call_id, session;
		} continued;
		struct {
			const char *reason;
			sr_time start;		/* UTC of sample 0 */
			sr_time duration, dialog_duration;
			enum sr_keep keep;	/* the owner's: of people */
		} end;
		const struct sr_line_packet *media;
		struct {
			struct sr_flow flow;
			struct sr_str data;
			bool digits;	/* RTP of telephone-event */
		} wire;
	} u;
};

int sr_engine_new(struct sr_engine **ep, const struct sr_cfg *cfg);
/* These chunks will be fed, in this order: what they will ask for is brought
 * near.  A hint; they need not be fed.  Where streams is not NULL it gets those
 * that they will most likely be media of, n at most; how many. */
size_t sr_engine_ahead(struct sr_engine *e, const struct sr_chunk *v, size_t n,
    struct sr_stream **streams);
/* One chunk; take all events before the next.  SR_OK; SR_ENOMEM. */
int sr_engine_feed(struct sr_engine *e, const struct sr_chunk *c);
/* A warning of the owner's own, in order with the rest. */
int sr_engine_note(struct sr_engine *e, sr_time now, uint64_t num,
    const char *rule, const char *text);
/* The same about a stream, whose session has it in its log. */
int sr_engine_remark(struct sr_engine *e, struct sr_stream *t, sr_time now,
    const char *rule, const char *text);
const struct sr_event *sr_engine_next(struct sr_engine *e);	/* NULL: dry */
/* SRTP of this flow, of RTP or of RTCP, is under this key, says somebody who
 * saw a handshake; the key is copied.  SR_OK; SR_ENOENT: no stream is expected
 * there; or as srtp_new says. */
int sr_engine_key(struct sr_engine *e, const struct sr_flow *f,
    const struct sr_srtp_key *key);
/* Who sends from f->src has proved to be the sender of that stream (ICE): as
 * if its SDP named that address.  SR_OK, SR_ENOENT, SR_ENOMEM. */
int sr_engine_source(struct sr_engine *e, const struct sr_flow *f);
/* TCP flows that carry no SIP, to be dropped below: false when none. */
bool sr_engine_unwanted(struct sr_engine *e, struct sr_flow *f);
/* The input is over: every session ends with capture-end. */
void sr_engine_finish(struct sr_engine *e, sr_time now);
void sr_engine_free(struct sr_engine *e);

/* ---- sessions that outlive their process ---- */

/* The session that a dialog of this Call-ID belongs to, once it has begun. */
struct sr_session *sr_engine_session(struct sr_engine *e,
    struct sr_str call_id);
/* What its signalling has made of a session (cfg.journal), to be made again
 * anywhere; with keys, or with none: then SRTP is dropped until the next key
 * comes.  SR_OK, SR_ELIMIT, SR_ENOMEM. */
int sr_session_save(const struct sr_session *s, bool keys,
    struct sr_buf *out);
/* Where its media stands: for who goes on in the same files.  Few bytes. */
int sr_session_mark(const struct sr_session *s, struct sr_buf *out);
/* Its name and begin, of bytes that were saved.  SR_OK, SR_EBAD. */
int sr_saved_name(struct sr_str saved, struct sr_str *name, sr_time *begin);
/* Makes the session again; saved must live until the events have been taken:
 * those of its past, with `again`, and a STREAM for each stream that had media.
 * Without mark its media is placed anew.  With it, kept says how much of a
 * stream, by its index of then, stands in its file; the hole up to what comes
 * next will be a GAP.  SR_OK; SR_EBAD; SR_ENOENT: it is over; SR_ENOMEM. */
struct sr_stands {			/* in the file of a stream */
	size_t was;			/* sr_stream_was */
	sr_time end;
};
int sr_engine_restore(struct sr_engine *e, struct sr_str saved,
    struct sr_str mark, const struct sr_stands *kept, size_t nkept,
    struct sr_session **sp);
/* What a mark says, without a session: sample 0, SR_NEVER when there was no
 * media yet, and where the source in force of each stream stands; max of them
 * at most.  SR_OK, SR_EBAD. */
struct sr_marked {
	size_t was;
	struct sr_anchor source;	/* clock 0: it has no place yet */
};
int sr_mark_read(struct sr_str mark, sr_time *start, struct sr_marked *v,
    size_t max, size_t *n);
/* The index that it had when the mark was made; SIZE_MAX: it is new. */
size_t sr_stream_was(const struct sr_stream *t);
/* As sr_engine_note, of this session. */
int sr_session_note(struct sr_session *s, sr_time now, const char *rule,
    const char *text);
/* Ends a session now for a reason of the owner's ("taken-over"; static). */
void sr_session_end(struct sr_session *s, sr_time now, const char *reason);

/* What a recorder adds to the end of a stream. */
struct sr_end_file {
	struct sr_str file;		/* absent: no file */
	char sha256[65];		/* "" when there is none */
	uint32_t rate;
	sr_time duration;
};
/* One JSON object without the line end.  files: one per stream for
 * SR_EV_END, else NULL. */
int sr_event_json(const struct sr_event *ev, const struct sr_end_file *files,
    struct sr_buf *out);
/* A line for a person. */
int sr_event_text(const struct sr_event *ev, struct sr_buf *out);

#endif
