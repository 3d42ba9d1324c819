/* client: what a recording client does in a call, RFC 7866 and RFC 8068, and
 * what a recording server has to answer.  Plans only: nothing is sent here. */
#ifndef SIPREC_CLIENT_H
#define SIPREC_CLIENT_H

#include "siprec/meta.h"
#include "siprec/ua.h"

/* ---- script: one call as a list of steps ---- */

/* A script is made once and shared by all calls that play it; what differs
 * from call to call (ids, times, names) is a struct sr_script_call.  The
 * runner adds what only a run knows: addresses, ports, tags, keys.
 *
 * Steps are done in order.  A leg whose first INVITE was refused or got no
 * answer is over: its further steps are left out, their checks untested.  A
 * leg that is still up after the last step gets a BYE, unless it vanished. */

#define SR_NO_STREAM SIZE_MAX
#define SR_STREAMS_MAX 64
#define SR_PEOPLE_MAX 64

struct sr_person {			/* a participant of the recorded call */
	struct sr_str aor, name;	/* name may be absent */
};

struct sr_script_stream {		/* one source of media */
	struct sr_str label;		/* when it was first described */
	size_t person;			/* who speaks; SR_NO_STREAM: a mix */
	bool video;
};

struct sr_script_line {			/* one m-line, by its slot */
	size_t stream;			/* SR_NO_STREAM where it is removed */
	struct sr_str label, content;	/* content: a=content, or absent */
	struct sr_str proto;		/* "RTP/AVP"; SRTP is the runner's */
	enum sr_dir dir;		/* SENDONLY or INACTIVE */
	bool removed;			/* port 0 */
	bool moved;			/* to a new port of ours */
	bool rekeyed;			/* SDES: a new key of ours */
	bool video;
	const struct sr_format *formats;	/* best first */
	size_t nformats;
	uint32_t ptime;			/* ms; 0: do not say */
};

enum sr_step_kind {
	SR_DO_INVITE,			/* the first one of its leg */
	SR_DO_REINVITE, SR_DO_UPDATE, SR_DO_INFO, SR_DO_OPTIONS,
	SR_DO_CANCEL,			/* the INVITE that is not answered */
	SR_DO_BYE,
	SR_DO_MEDIA,			/* see enum sr_media_act */
	SR_DO_VANISH,			/* not a word more on this leg; what
					 * comes is not answered either */
	SR_AWAIT			/* a request of the server: method */
};
/* The media of a stream run by themselves while its m-line is sendonly and
 * the server took it with a port and without inactive; these change them. */
enum sr_media_act {
	SR_MEDIA_START, SR_MEDIA_STOP,	/* silence on the wire between them */
	SR_MEDIA_FORMAT,		/* goes on with formats[arg] of its
					 * m-line, in the same stream */
	SR_MEDIA_SSRC,			/* a new SSRC, the same CNAME */
	SR_MEDIA_CNAME,			/* a new SSRC and a new CNAME */
	SR_MEDIA_DIGITS			/* RFC 4733, 100 ms on and off */
};
/* What `at` counts from. */
enum sr_step_from {
	SR_FROM_ANSWER,		/* the final answer to the first INVITE */
	SR_FROM_BEFORE,		/* the end of the step before: its final
				 * answer, its ACK; SR_DO_VANISH: its start */
	SR_FROM_RINGING		/* a provisional answer above 100, or, when
				 * none comes, `at` after the INVITE left */
};
enum sr_withheld {			/* what a step leaves undone */
	SR_HOLD_NOTHING,
	SR_HOLD_ACK,			/* no ACK for the 2xx */
	SR_HOLD_BYE,			/* the BYE is lost: do not send it */
	SR_HOLD_PRACK	/* a PRACK over UDP is lost, twice; then it comes */
};

struct sr_check;
struct sr_step {
	enum sr_step_kind kind;
	enum sr_step_from from;
	sr_time at;
	unsigned leg;			/* 0, or a second dialog */
	enum sr_method method;		/* of SR_AWAIT; SR_M_NONE: a refresh,
					 * by UPDATE or re-INVITE */
	sr_time limit;			/* SR_AWAIT: not tested after that */

	/* The offer (or, in SR_AWAIT, the direction of our answer). */
	bool has_sdp;			/* else: an INVITE without offer; our
					 * answer goes into ACK or PRACK */
	const struct sr_script_line *lines;	/* also where has_sdp is not:
					 * the lines in force */
	size_t nlines;

	/* The metadata: written by sr_script_xml. */
	bool has_meta, partial;
	sr_time told;			/* the time it tells of, as planned */
	struct sr_str xml;		/* ready bytes; absent: write them */

	/* Further headers and habits. */
	bool replaces;			/* leg 0's dialog; Require: replaces */
	bool stranger;			/* ... a dialog that nobody has */
	bool early_only;		/* ... and only an early one */
	const char *require;		/* one more option there, or NULL */
	bool no_mark;			/* Contact without +sip.src */
	bool no_require;		/* siprec in Supported only */
	bool rel;			/* Require: 100rel, PRACK what comes */
	uint32_t session_expires;	/* seconds; 0: the runner's choice */
	bool cross;	/* SR_AWAIT: their INVITE gets 491, and one of ours
			 * goes before that */
	bool small;	/* SR_AWAIT: it gets 422; Min-SE: session_expires */
	bool patient;	/* a 503 is taken as: come again, when it says so */
	const char *refresher;		/* "uac", "uas", or NULL */
	struct sr_str type, body;	/* of SR_DO_INFO; absent: without */
	enum sr_withheld withheld;

	/* SR_DO_MEDIA */
	enum sr_media_act act;
	size_t stream, arg;
	struct sr_str digits;

	const struct sr_check *const *checks;
	size_t nchecks;
	const char *text;		/* what happens, for a person */
	const struct sr_world *world;	/* private: the state after it */
};

struct sr_script {
	const char *flow;		/* its name */
	unsigned legs;
	struct sr_script_stream *streams;
	struct sr_step *steps;
	struct sr_person *people;
	size_t nstreams, nsteps, npeople;
	size_t nids;			/* UUIDs that a call needs */
	sr_time length;			/* from the answer to the last step */
	const struct sr_dialect *dialect;
	struct sr_arena arena;
};

struct sr_script_cfg {
	const char *flow;		/* NULL: basic */
	const char *dialect;		/* NULL: rfc7865 */
	const struct sr_person *people;	/* the caller, the callee, others */
	size_t npeople;			/* the rest are people of ours */
	const struct sr_format *formats;	/* of audio; none: PCMU, PCMA,
					 * telephone-event */
	size_t nformats;
	const struct sr_str *labels;	/* instead of the dialect's */
	size_t nlabels;
	size_t streams;			/* for `basic`; 0: two */
	uint32_t ptime;			/* 0: 20 */
	sr_time duration;		/* stretches; 0: the flow's own */
	double speed;			/* 0 counts as 1 */
};					/* neither for flows whose times are
					 * those of a protocol's timers */
/* SR_OK; SR_ENOENT: no such flow or dialect; SR_ELIMIT; SR_ENOMEM.  Views of
 * the cfg are copied.  Free it in every case.
 *
 * A call of a capture that has no metadata is `basic` with the parties of its
 * From and To; WAV files are `basic` with as many streams and labels. */
int sr_script_new(struct sr_script *s, const struct sr_script_cfg *cfg);
void sr_script_free(struct sr_script *s);

struct sr_call_flow {
	const char *name, *text;
	sr_time length;
	bool operated;			/* the server's operator has to act, or
					 * its main steps are not tested */
};
/* The i-th of --flow list; NULL at the end. */
const struct sr_call_flow *sr_call_flow(size_t i);

/* For sources with signalling of their own (captures, session directories):
 * an empty script to which streams and steps are added in order.  What they
 * return is good until the next of its kind is added; NULL: full.  Lines and
 * xml are copied; xml is sent as it is. */
int sr_script_begin(struct sr_script *s, const struct sr_script_cfg *cfg);
struct sr_script_stream *sr_script_add_stream(struct sr_script *s,
    struct sr_str label, size_t person);
struct sr_step *sr_script_add_step(struct sr_script *s,
    enum sr_step_kind kind, sr_time at, const struct sr_script_line *lines,
    size_t nlines, struct sr_str xml);

/* ---- one call of a script ---- */

struct sr_script_call {
	const struct sr_person *people;	/* as many as the script has;
					 * NULL: those of the script */
	sr_time start;			/* the wall's time of the answer */
	uint8_t (*ids)[16];		/* UUIDs, version 4 */
	size_t nids;
};
typedef void sr_random_fn(void *arg, uint8_t *out, size_t n);
int sr_script_call_new(struct sr_script_call *c, const struct sr_script *s,
    sr_random_fn *random, void *arg, sr_time start);
void sr_script_call_free(struct sr_script_call *c);

/* The metadata of a step as this call sends it, in the script's dialect.
 * SR_OK; SR_ENOENT: the step carries none; SR_ELIMIT; SR_ENOMEM. */
int sr_script_xml(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, struct sr_buf *out);
/* The complete state after that step: what a snapshot request is answered
 * with.  SR_ENOENT where the step has ready bytes or nothing was told yet. */
int sr_script_snapshot(const struct sr_script *s,
    const struct sr_script_call *c, size_t step, struct sr_buf *out);
/* The same as documents, in the terms of RFC 7865.  Free in every case. */
int sr_script_doc(const struct sr_script *s, const struct sr_script_call *c,
    size_t step, bool snapshot, struct sr_doc *d);
/* Two complete states: what a partial update has to say so that before
 * becomes after by RFC 7865 (what is gone is disassociated at that time). */
int sr_doc_difference(const struct sr_doc *before, const struct sr_doc *after,
    struct sr_str time, struct sr_doc *out);

/* ---- dialects: what the clients of vendors send ---- */

enum sr_label_form {
	SR_LABELS_FROM_1, SR_LABELS_FROM_0,
	SR_LABELS_TENS,			/* 10, 20 ... */
	SR_LABELS_LONG,			/* 268749245 ... */
	SR_LABELS_WORDS			/* inbound, outbound, leg3 ... */
};
struct sr_dialect {
	const char *name, *text;	/* --dialect list */
	const char *recognised;		/* what sr_doc_parse calls it */
	/* Bodies. */
	const char *meta_type;		/* Content-Type of the metadata */
	const char *update_type;	/* ... in an UPDATE; NULL: the same */
	const char *disposition;	/* NULL: no such header */
	bool disposition_first;		/* before its Content-Type */
	const char *sdp_disposition;	/* NULL: no such header */
	bool meta_first;		/* before the SDP */
	bool tight;			/* "Content-Type:x", no blank */
	bool part_length;		/* Content-Length in the parts */
	bool no_last_crlf;		/* ends with "--boundary--" */
	bool unclosed;			/* without a last boundary */
	const char *boundary;		/* NULL: made by the runner */
	/* Headers. */
	const char *contact;		/* "+sip.src", "src"; NULL: no mark */
	bool mark_in_uri;		/* <sip:...;+sip.src> */
	bool require;			/* Require: siprec */
	const char *supported;		/* NULL: the runner's */
	const char *accept;		/* NULL: the runner's */
	/* SDP. */
	enum sr_label_form labels;
	bool label_first;		/* a=label before a=rtpmap */
	bool no_direction;		/* sendonly is not said */
	/* Updates. */
	enum sr_method update;	/* carries metadata that has no new SDP */
	bool complete;		/* every update is a whole document */
	bool bye_meta;			/* BYE carries the last one */
	const struct sr_style *style;	/* private: of the XML */
};
const struct sr_dialect *sr_dialects(size_t *n);
const struct sr_dialect *sr_dialect_find(const char *name);  /* or NULL */
/* Writes d as that client would.  SR_ELIMIT: thousands of objects. */
int sr_dialect_xml(const struct sr_dialect *dialect, const struct sr_doc *d,
    struct sr_buf *out);

/* ---- checks: what a server has to do, and whether it did ---- */

enum sr_strength { SR_MUST, SR_SHOULD, SR_OWN };
struct sr_check {
	const char *id;			/* short, unique: "recvonly" */
	const char *rule;		/* "R7866-7.2-1" */
	const char *clause;		/* "RFC 7866 section 7.2" */
	enum sr_strength strength;
	const char *text;		/* what a server does */
	const char *broken;		/* what it did instead */
	int test, arg;			/* private */
};
const struct sr_check *sr_checks(size_t *n);	/* --conformance */
const struct sr_check *sr_check_find(const char *id);	/* or NULL */
/* Is it met by an answer that refuses?  Then that is no failure. */
bool sr_check_refusal(const struct sr_check *c);
/* The flows in which that check is made, in their order: at most max. */
size_t sr_check_flows(const struct sr_check *c, const struct sr_call_flow **out,
    size_t max);

/* What a runner saw at one step; what it did not see stays zero. */
struct sr_seen {
	const struct sr_msg *request;	/* ours; in SR_AWAIT the server's */
	const struct sr_msg *reply;	/* final; NULL: none came */
	const struct sr_msg *provisional;	/* the last one above 100 */
	const struct sr_msg *prack;	/* the answer to our last PRACK */
	const struct sr_msg *retried;	/* an answer that was no end: ours was
					 * sent again */
	const struct sr_msg *invite;	/* SR_DO_CANCEL: the final answer to
					 * the INVITE */
	const struct sr_sdp *offer;	/* in force at this step */
	const struct sr_sdp *answer;	/* the server's (or its own offer) */
	const struct sr_sdp *before;	/* the server's SDP before this one */
	struct sr_str dialog_tag;	/* the server's tag known before */
	unsigned copies;		/* retransmissions of the reply */
	unsigned early_copies;		/* ... of the provisional one */
	bool held;	/* a PRACK was lost, and the final answer came late
			 * enough for a copy before it */
	bool again;			/* their request came again */
	bool bye;			/* the server ended the dialog */
	sr_time bye_after;		/* so long after the reply */
	bool old_leg_bye;		/* ... the one that was replaced */
	bool media;			/* some was sent for 5 s and more */
	bool rtcp;			/* RTCP came back meanwhile */
	bool rtcp_elsewhere;		/* ... from a port not in the SDP */
};
enum sr_verdict { SR_PASS, SR_FAIL, SR_UNTESTED };
/* UNTESTED where the check does not apply to what was seen.  why gets one
 * sentence with the particulars of a failure. */
enum sr_verdict sr_check_judge(const struct sr_check *c,
    const struct sr_step *step, const struct sr_seen *seen,
    struct sr_buf *why);

/* ---- run: calls of scripts against a server, without sockets ---- */

/* Messages and the time go in, events are pulled out, as with the ua that
 * stands below.  A run has any number of calls at a time. */
struct sr_run;

struct sr_run_ports {			/* the owner's, who has the sockets */
	void *arg;
	/* A pair for one m-line: our addresses and its number.  SR_OK, or
	 * what the call is to fail with. */
	int (*take)(void *arg, struct sr_addr *rtp, struct sr_addr *rtcp,
	    unsigned *pair);
	void (*give)(void *arg, unsigned pair);
};
struct sr_run_keying {			/* what protects an m-line's media */
	enum sr_keying kind;
	const char *setup;		/* DTLS: "actpass" and so on */
};
/* Strings must outlive the run.  Zero means the default of the ua. */
struct sr_run_cfg {
	const struct sr_crypto *crypto;
	struct sr_run_ports ports;
	uint64_t seed;	/* not 0: every random thing comes of it */
	sr_time t1;
	uint32_t min_se;
	uint32_t session_expires;	/* asked for; 0: none */
	struct sr_addr local[3];	/* as in struct sr_ua_cfg */
	bool udp_only;		/* no TCP for INVITEs that are too large */
	bool allow_md5;
	/* Of the m-lines in turn, and round again; none: all are plain. */
	const struct sr_run_keying *keying;
	size_t nkeying;
	enum sr_suite suites[SR_MAX_KEYS];	/* SDES: a crypto line each */
	size_t nsuites;
	uint32_t mki;			/* SDES, in nmki bytes; 0: none */
	size_t nmki;
	uint64_t lifetime;		/* SDES: packets; 0: not said */
	struct sr_str fingerprint;	/* DTLS: ours, "sha-256 ..." */
	bool mux;			/* offer rtcp-mux */
	/* Takes calls that a server makes (RFC 7866 section 6.2), and plays
	 * this script with them; NULL: they get 403. */
	const struct sr_script *accept;
};
int sr_run_new(struct sr_run **rp, const struct sr_run_cfg *cfg);
void sr_run_free(struct sr_run *r);

struct sr_run_target {
	struct sr_str uri;
	const struct sr_hop *hops;	/* best first; none: from uri */
	size_t nhops;
	const struct sr_ua_auth *auth;	/* NULL: none */
	/* Where the recording goes on when this server falls silent, by an
	 * INVITE that replaces the dialog; NULL: nowhere. */
	const struct sr_run_target *failover;
};
/* Begins a call.  The script and the target must outlive it; number is what
 * the owner calls it.  SR_OK; SR_EBAD; SR_ELIMIT; SR_ENOMEM: no call, no
 * event. */
int sr_run_call(struct sr_run *r, sr_time now, const struct sr_script *script,
    const struct sr_run_target *to, uint64_t number);
/* Ends all calls in order: BYE or CANCEL now. */
void sr_run_stop(struct sr_run *r, sr_time now);

/* As in ua.h.  Take all events before each of these and before the two
 * above. */
int sr_run_receive(struct sr_run *r, const struct sr_hop *from, sr_time now,
    struct sr_str raw);
void sr_run_tick(struct sr_run *r, sr_time now);
void sr_run_lost(struct sr_run *r, const struct sr_hop *hop, sr_time now);
void sr_run_resolved(struct sr_run *r, uint64_t ticket,
    const struct sr_hop *hops, size_t n, sr_time now);
sr_time sr_run_due(const struct sr_run *r);
/* RTCP of the server came for a stream of that call; elsewhere: from a port
 * that its answer does not name. */
void sr_run_heard(struct sr_run *r, uint64_t number, bool elsewhere);

struct sr_run_broken {			/* an expectation that was not met */
	const struct sr_check *check;
	size_t step;
	struct sr_str why;
};
struct sr_run_result {
	uint64_t number;
	const struct sr_script *script;
	struct sr_str call_id;
	int status;	/* final answer to the first INVITE; 0: none came */
	bool failed;			/* no answer, an error, or a MUST or
					 * our own expectation broken */
	struct sr_str why;		/* for a person; absent: all is well */
	sr_time begun, answered, ended;	/* answered 0: never */
	unsigned resent;		/* requests of ours, said again */
	const enum sr_verdict *verdicts;  /* of every check of every step, */
	size_t nverdicts;		/* in their order */
	const struct sr_run_broken *broken;
	size_t nbroken;
};
enum sr_run_kind {
	SR_RUN_SEND,			/* hop, data; domain for TLS */
	SR_RUN_RESOLVE,			/* ticket, uri */
	SR_RUN_OPEN,	/* a stream may be sent: all of struct sr_run_line */
	SR_RUN_AIM,	/* to another address, from another pair, or with other
			 * keys */
	SR_RUN_PAUSE, SR_RUN_RESUME,	/* inactive, and no more */
	SR_RUN_CLOSE,			/* not any more; its pair is given
					 * back behind this event */
	SR_RUN_ACT,			/* act: what a script does to it */
	SR_RUN_DONE			/* the call is over: result */
};
struct sr_run_line {			/* an m-line that carries a stream */
	uint64_t call;			/* number */
	unsigned leg, slot;		/* which m-line; leg 1: it replaced */
	size_t stream;			/* of the script */
	unsigned turn;		/* so often it was opened before */
	unsigned pair;
	struct sr_addr rtp, rtcp;	/* of the server; the same: muxed */
	const struct sr_format *format;	/* to be sent: number as answered */
	const struct sr_format *digits;	/* telephone-event; NULL: refused */
	uint32_t ptime;
	sr_time since;	/* the call was answered, when it opened */
	enum sr_keying keying;
	struct sr_sdes_key ours, theirs;	/* SDES */
	struct sr_str fingerprints[SR_FINGERPRINTS];	/* DTLS: theirs */
	size_t nfingerprints;
	bool active;			/* DTLS: we are its client */
};
struct sr_run_event {	/* good until the next call of the run */
	enum sr_run_kind kind;
	const struct sr_script *script;
	struct sr_hop hop;
	struct sr_str data;
	enum sr_method method;
	int status;			/* of what is sent; 0: a request */
	uint64_t ticket;
	struct sr_str uri;
	const struct sr_run_line *line;
	const struct sr_step *act;
	const struct sr_run_result *result;
};
const struct sr_run_event *sr_run_next(struct sr_run *r);	/* NULL: dry */

/* ---- peer: a recording server that says yes ---- */

/* It takes every recording session, and keeps nothing: the other side of a
 * run that is written to a capture (-w), or under test. */
struct sr_peer_cfg {
	const struct sr_crypto *crypto;
	uint64_t seed;
	struct sr_addr media;		/* its first port, then by twos */
	unsigned suites;		/* as in struct sr_plan_cfg */
};
struct sr_peer;
int sr_peer_new(struct sr_peer **pp, const struct sr_peer_cfg *cfg);
int sr_peer_receive(struct sr_peer *p, const struct sr_hop *from, sr_time now,
    struct sr_str raw);
void sr_peer_tick(struct sr_peer *p, sr_time now);
sr_time sr_peer_due(const struct sr_peer *p);
/* What it sends; borrowed until the next of the calls above. */
bool sr_peer_next(struct sr_peer *p, struct sr_hop *hop, struct sr_str *data);
void sr_peer_free(struct sr_peer *p);

#endif
