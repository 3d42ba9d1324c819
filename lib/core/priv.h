/* priv: the engine from inside. */
#ifndef SIPREC_CORE_PRIV_H
#define SIPREC_CORE_PRIV_H

#include "siprec/core.h"

enum { UAC, UAS };			/* the sides of a dialog */
enum { MAX_MLINES = 256, MAX_FORMATS = 32 };

/* ---- queue ---- */

struct item {				/* an event, or a line to be pulled */
	struct item *next;
	bool pull;
	struct sr_event ev;
};
struct queue {
	struct item *head, *tail, *spare;
	size_t nspare;
};
struct sr_event *queue_event(struct sr_engine *e, enum sr_event_kind kind,
    struct sr_session *s);		/* NULL: no memory, noted in e->err */
void queue_pull(struct sr_engine *e, struct sr_stream *t);
void queue_free(struct queue *q);
/* Things that events point to, freed when they have been taken. */
void trash(struct sr_engine *e, void *p, void (*destroy)(void *));
void warn(struct sr_engine *e, struct sr_session *s, const char *rule,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- flow: a five-tuple and what it carries ---- */

enum flow_kind { FLOW_NEW, FLOW_MEDIA, FLOW_RTCP, FLOW_SIP, FLOW_OTHER };
/* There may be thousands, and media comes from one after the other: what each
 * packet asks for stands in one line of the cache. */
struct flow {
	struct flow *next;		/* in the table */
	struct sr_flow key;
	enum flow_kind kind;
	struct sr_stream *stream;
	/* the rest */
	uint64_t hash;
	sr_time last, first;		/* last: where it has no stream */
	struct flow *sibling;		/* of the same stream */
	bool used, alone;	/* it had a stream once; no signalling */
	unsigned generation;	/* of the bindings when it was looked up */
	/* orphans: RTP that waits for its SDP */
	uint64_t orphan_head, orphan_tail;	/* offsets + 1; 0: none */
	uint32_t norphans;
	uint32_t ssrc;
	uint16_t seq, run;		/* RTP packets in sequence */
	uint8_t pt;
	struct conn *conn;		/* SIP over a stream */
	struct flow *wait[2], **wait_at[2];	/* by enum wait_by */
};
enum { AHEAD = 32 };
struct ahead {				/* flows of the chunks to come */
	struct flow *v[AHEAD], *now;	/* NULL: look it up */
	size_t i, n;
};
struct flow *flow_get(struct sr_engine *e, const struct sr_flow *key,
    sr_time now);			/* NULL: no memory */
struct flow *flow_find(struct sr_engine *e, const struct sr_flow *key);
void flows_free(struct sr_engine *e);
/* The stream is over: its flows carry nothing of anybody any more. */
void flow_leave(struct sr_engine *e, struct sr_stream *t);

/* ---- orphan: a ring of packets without a home ---- */

struct orphan {
	uint64_t next;			/* of the same flow, offset + 1 */
	struct flow *flow;
	sr_time time;
	uint64_t num;
	uint32_t n, cut;
};
/* Flows whose packets wait, by the port that a binding may name. */
enum wait_by { WAIT_DST, WAIT_SRC };
enum { WAIT_BUCKETS = 4096, MAX_ASKED = 256 };
struct waiting {
	struct flow *table[2][WAIT_BUCKETS];
	struct {
		enum wait_by by;
		uint16_t port;
	} asked[MAX_ASKED];		/* new bindings, to be looked at */
	size_t nasked, next;
	bool all;			/* too many: ask for every flow */
};
struct ring {
	char *p;
	size_t size;
	uint64_t head, tail;		/* running offsets */
};
int orphan_put(struct sr_engine *e, struct flow *f, const struct sr_chunk *c);
/* Feeds what waits in f to the stream that f has found. */
void orphan_adopt(struct sr_engine *e, struct flow *f);
void orphan_drop(struct sr_engine *e, struct flow *f);
/* The owner of the packet at *offset, NULL: none; moves on to the next. */
struct flow *orphan_flow(struct sr_engine *e, uint64_t *offset);
void orphans_ask(struct sr_engine *e, enum wait_by by, uint16_t port);
void orphans_look(struct sr_engine *e);	/* at all that was asked for */
/* Asks the bindings about a flow that looks like RTP, and adopts it. */
void flow_look(struct sr_engine *e, struct flow *f);

/* ---- bind: addresses of SDP to streams ---- */

enum bind_by { BY_DST, BY_SRC, BY_PORT, BY_KINDS };
enum { BIND_BUCKETS = 8192 };
struct binding {
	struct binding *next, **at;	/* newest first */
	struct binding *same;		/* of the same stream */
	enum bind_by by;
	struct sr_addr addr;
	struct sr_stream *stream;
};
struct bindings {
	struct binding *table[BIND_BUCKETS];
	unsigned generation;		/* counts changes */
};
/* Media to dst or from src (either may be absent) is this stream's. */
int bind_stream(struct sr_engine *e, struct sr_stream *t,
    const struct sr_addr *dst, const struct sr_addr *src);
/* Its call has begun: media that waits for it may be given out. */
void bind_ask(struct sr_engine *e, const struct sr_stream *t);
void unbind_stream(struct sr_engine *e, struct sr_stream *t);
struct sr_stream *bind_find(struct sr_engine *e, const struct sr_flow *f,
    uint8_t pt);
/* The stream that RTCP on a port of its own is about. */
struct sr_stream *bind_find_rtcp(struct sr_engine *e, const struct sr_flow *f);

/* ---- session and stream ---- */

enum { CACHE_LINE = 64 };
struct sr_stream {
	/* what every packet asks for stands in one line of the cache */
	struct sr_line *line;
	const struct sr_format *last;	/* of the latest packet */
	struct flow *locked;
	sr_time locked_last;
	struct sr_session *session;
	void *slot;
	uint8_t last_pt;
	bool calm;	/* no SRTP, no fork, no digit, not again: media_put */
	bool closed, paused, held, sent, heard, finished;
	bool unlabelled, sealed;	/* sealed: SRTP without keys */
	bool warned_cut, warned_paused;
	/* the rest */
	struct secure *secure;		/* NULL: no SRTP, or no keys */
	bool shaken, marked;		/* its keys are of a handshake; that is
					 * told in the capture that is kept */
	bool clear;			/* it was told: no SRTP any more */
	struct sr_stream *fork;	/* a further source of the same m-line */
	struct sr_dtmf dtmf;
	uint32_t fork_ssrc, ssrc;
	unsigned nforks;
	bool is_fork, again;	/* again: nothing came since it was restored */
	size_t was;			/* its index before it was restored */
	struct sr_stream *next;
	size_t index;
	unsigned mline;			/* from 0 */
	int from;			/* UAC or UAS sends it */
	struct sr_str label, now;	/* its first one, the one in force */
	const struct sr_format *formats[MAX_FORMATS];	/* met so far */
	size_t nformats;
	const struct sr_format *in_force[MAX_FORMATS];
	size_t nin_force;
	struct binding *bindings;
	struct flow *flows;
	sr_time since;			/* its signalling began */
	sr_time paused_at, resumed_at;	/* the latest of each */
	struct sr_addr from_ip, to_ip;	/* where its two sides signal from */
	const struct sr_format *codec;	/* first that carried media */
	struct sr_rtcp report;		/* the latest SR, if any, */
	sr_time report_at;		/* and when it came */
	struct sr_correction correction;
	uint64_t replayed, unauthentic;	/* SRTP that was dropped */
	struct person *people;		/* who sent it when last said */
	size_t npeople;
};
struct person {
	struct sr_str id, aor, name;
};

struct call;
struct kin;
struct sr_session {
	struct sr_session *older, *newer;	/* all of them */
	struct sr_engine *engine;
	struct sr_str id, call_id;
	struct sr_start start;
	sr_time begun, ended;
	const char *reason;
	struct sr_stream *streams, **streams_end;
	size_t nstreams;
	struct sr_meta *meta;
	unsigned nsdp, nmeta;
	bool plain;			/* no recording session: --all */
	bool broken;	/* its BYE says that something went wrong */
	struct kin *kin;		/* NULL: what it records is not said */
	struct call *early;		/* it has not begun */
	size_t ncalls;			/* dialogs that belong to it */
	struct sr_buf journal;		/* its messages, to be saved */
	void *slot;
	struct sr_arena arena;
};
struct sr_session *session_new(struct sr_engine *e, struct sr_str call_id);
void session_begin(struct sr_session *s);
struct sr_stream *stream_new(struct sr_session *s, unsigned mline, int from,
    struct sr_str label);
enum { FORMAT_TABLE = 4096 };
/* Puts the formats of an m-line in force. */
void stream_formats(struct sr_stream *t, const struct sr_format *v, size_t n);
const struct sr_format *stream_format(struct sr_stream *t, uint8_t pt);
const struct sr_format *stream_guess(struct sr_stream *t,
    const struct sr_format *f, struct sr_str payload);
/* The same format as the engine keeps it, for good. */
const struct sr_format *stream_known(struct sr_stream *t,
    const struct sr_format *f);
bool stream_offers(const struct sr_stream *t, uint8_t pt);
void session_end(struct sr_session *s, sr_time now, const char *reason);
void session_destroy(void *s);
void session_tell_pauses(struct sr_session *s);
void stream_pause(struct sr_stream *t, bool paused);
void session_totals(struct sr_event *ev);
/* Aligns the streams of a session that is over; the new length. */
sr_time correct(struct sr_session *s);
/* Applies one metadata body and queues its event.  made: by us. */
void session_meta(struct sr_session *s, struct sr_str body,
    struct sr_str charset, bool made);
/* For a plain call: who talks to whom, in metadata of our own making. */
void session_made_meta(struct sr_session *s, const struct call *c);

/* ---- kin: sessions that record the same communication session ---- */

enum kin_kind { KIN_CS, KIN_SIP, KIN_DIALOG };	/* the best first */
/* What the snapshot says; what the Session-ID of its dialog is. */
void kin_learn(struct sr_session *s, const struct sr_doc *d);
void kin_dialog(struct sr_session *s, struct sr_str session_id);
void kin_begun(struct sr_session *s);
void kin_media(struct sr_session *s);		/* first media of a stream */
void kin_end(struct sr_session *s, sr_time now, const char *reason);
void kins_finish(struct sr_engine *e);
void kins_free(struct sr_engine *e);

/* ---- media ---- */

void media_put(struct sr_engine *e, struct sr_stream *t, struct flow *f,
    const struct sr_chunk *c);
/* The next things of this stream, into the stash; false: it is dry. */
bool media_pull(struct sr_engine *e, struct sr_stream *t);
void media_rtcp(struct sr_engine *e, struct flow *f, struct sr_str data);
void media_finish(struct sr_engine *e, struct sr_stream *t);
sr_time ticks_ns(int64_t ticks, uint32_t clock);

/* ---- secure: SRTP ---- */

/* What the sender's and the receiver's m-line (either may be absent, not
 * both) say about keys. */
void secure_apply(struct sr_engine *e, struct sr_stream *t,
    const struct sr_mline *snd, const struct sr_mline *rcv);
/* Opens a packet of a stream that has t->secure: c->data is what was in it.
 * False: it is not to be believed, and counted. */
bool secure_open(struct sr_engine *e, struct sr_stream *t,
    struct sr_chunk *c);
bool secure_open_rtcp(struct sr_engine *e, struct sr_stream *t,
    struct sr_str *data);
/* The end of a DTLS association that was never protected: in a capture that we
 * kept it says that SRTP stands opened behind it.  SDES needs none: its keys
 * are made illegible. */
extern const struct sr_str secure_mark;
void secure_marked(struct sr_engine *e, const struct sr_flow *f);
void secure_free(struct sr_engine *e, struct sr_stream *t);

/* ---- call: a dialog that is watched ---- */

struct note {				/* kept until the session begins */
	struct note *next;
	enum sr_event_kind kind;	/* OFFER, ANSWER, META */
	int by;
	uint32_t cseq;
	struct sr_str text, charset;
	struct sr_flow flow;		/* WIRE */
	sr_time time;
};
struct side {
	struct sr_str uri, name, tag;
	struct sr_addr addr;		/* of its signalling */
	struct sr_sdp *sdp;		/* in force */
};
struct call {
	struct call *next;		/* in the table, newest first */
	struct call *older, *newer;	/* all of them */
	uint64_t hash;
	struct sr_str call_id, branch;
	struct side side[2];
	struct sr_session *session;
	bool replaces, holds;		/* holds: counted in session->ncalls */
	bool wanted, plain, begun, over, refused, src_known;
	const char *cause;		/* why it is a recording session */
	int src;			/* which side is the SRC */
	uint32_t cseq;			/* of the first INVITE */
	sr_time since, last;
	struct sr_flow flow;		/* of the INVITE */
	struct sr_str agent, session_id;	/* RFC 7989: of who invites */
	struct sr_sdp *offer;		/* waits for its answer */
	int offer_by, agreed_by;
	uint32_t offer_cseq, agreed_cseq;
	struct sr_arena *note_memory;	/* of the notes, NULL: none */
	struct note *notes, **notes_end;
	size_t nnotes;
	struct sr_buf journal;		/* until the session begins */
	struct sr_stream *(*streams)[2];	/* by m-line and sender */
	size_t nstreams;
	struct sr_arena arena;
};
/* The newest call of that Call-ID whose tags agree; *by is the side that
 * stands in From. */
struct call *call_find(struct sr_engine *e, const struct sr_msg *m, int *by);
struct call *call_new(struct sr_engine *e, struct sr_str call_id);
bool call_is_crowded(const struct sr_engine *e, struct sr_str call_id);
bool call_tag_fits(struct sr_str known, struct sr_str seen);
void call_message(struct sr_engine *e, const struct sr_chunk *c,
    struct sr_str raw);
void call_begin(struct sr_engine *e, struct call *c, const char *cause);
void call_end(struct sr_engine *e, struct call *c, const char *reason);
/* Why a BYE ends it: the word that its Reason header (RFC 3326) says, where
 * it is one of ours, else who sent it. */
const char *bye_reason(const struct sr_msg *m, bool client);
/* Does it say that the other side was lost, or failed? */
bool bye_is_broken(const struct sr_msg *m);
void calls_finish(struct sr_engine *e);
void calls_free(struct sr_engine *e);

/* ---- offer: SDP of a dialog, RFC 3264 ---- */

/* A description sent by one side: the answer to what the other offered, or a
 * new offer.  request: it stood in an INVITE or UPDATE, and cannot be an
 * answer. */
void offer_put(struct sr_engine *e, struct call *c, int by, uint32_t cseq,
    bool request, struct sr_str text);
/* Brings the streams into line with what is agreed. */
void offer_apply(struct sr_engine *e, struct call *c);
/* There will be no answer to be seen: take the offer alone. */
void offer_settle(struct sr_engine *e, struct call *c);
void offer_drop(struct call *c, uint32_t cseq);		/* it was refused */
void offer_free_sdp(struct sr_sdp *s);
/* Something for the session's log: now, or when it begins. */
void call_note(struct sr_engine *e, struct call *c, enum sr_event_kind kind,
    int by, uint32_t cseq, struct sr_str text, struct sr_str charset);
/* A message of the dialog as it was on the wire, for who keeps captures. */
void call_wire(struct sr_engine *e, struct call *c, const struct sr_chunk *ch,
    struct sr_str raw);
void notes_tell(struct sr_engine *e, struct call *c);
void notes_drop(struct sr_engine *e, struct call *c);

/* ---- journal: the messages that make a session what it is ---- */

void journal_add(struct sr_engine *e, struct call *c,
    const struct sr_chunk *ch, const struct sr_msg *m, struct sr_str raw);
void journal_begin(struct call *c);	/* the session's, from now on */
void journal_free(struct sr_buf *j);	/* wipes: it holds keys */
/* The next one of a journal, borrowed; false: that was all. */
bool journal_next(struct sr_rd *r, struct sr_chunk *c);

/* ---- alone: RTP without signalling ---- */

void alone_consider(struct sr_engine *e, struct flow *f);
void orphans_last(struct sr_engine *e);
void alone_finish(struct sr_engine *e);

/* ---- engine ---- */

struct conn {				/* SIP over TCP: bytes not yet framed */
	struct sr_buf in;
	size_t seen;
	bool sip;
};
struct trash {
	struct trash *next;
	void *p;
	void (*destroy)(void *);
};
struct kins;
struct sr_engine {
	struct sr_cfg cfg;
	int err;
	sr_time now;
	uint64_t num;
	struct queue queue;
	struct sr_line_packet packet;	/* the one on its way */
	struct sr_event out, stash[8];	/* what a pull found at once */
	size_t nstash, istash;		/* found, and taken of them */
	struct trash *trash;
	struct flow **flows;
	size_t nflows, flow_cap, sweep;
	struct ahead ahead;
	struct ring orphans;
	struct waiting waiting;
	size_t nbegun;			/* calls, ever */
	uint64_t strangers;		/* packets */
	struct bindings bindings;
	struct call **calls, *oldest, *newest;
	size_t ncalls, call_cap;
	struct sr_arena formats;	/* each distinct one, for good */
	const struct sr_format **format_table;
	size_t nformats;
	uint64_t *ids;			/* hashes of the session names in use */
	size_t nids, id_cap;
	struct sr_session *sessions;	/* the newest */
	struct kins *kins;		/* NULL: none yet */
	size_t nsessions;
	bool adopting;			/* several packets at once */
	bool over;			/* nothing comes any more */
	bool again;			/* what is fed has been told before */
	bool again_marked;		/* and its files are there */
	struct sr_str again_id;
	uint8_t *opened;		/* the SRTP packet on its way */
	struct sr_flow unwanted;
	bool has_unwanted;
};

#endif
