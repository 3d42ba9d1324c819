/* run: calls in progress, from inside. */
#ifndef SIPREC_CLIENT_RUN_H
#define SIPREC_CLIENT_RUN_H

#include "siprec/client.h"

#define NO_STEP SIZE_MAX
enum { LEGS = 2, CALL_MEMORY = 4 << 20, CALL_BUCKETS = 4096,
	LOST_PRACKS = 2 };

struct slot {				/* one m-line of a leg */
	bool has_pair, open, paused;
	/* Ours where it was, as long as an offer to move it is out. */
	bool moving;
	unsigned old_pair;
	struct sr_addr old_rtp, old_rtcp;
	struct sr_addr rtp, rtcp;	/* ours */
	struct sr_sdes_key keys[SR_MAX_KEYS];	/* ours, one per suite */
	struct sr_format format, digits;
	struct sr_run_line line;
	unsigned turns;			/* that it was opened */
	sr_time opened;
};

struct call;
struct leg {				/* one dialog of a call */
	struct call *call;
	unsigned n;
	struct sr_dialog *dialog;	/* NULL before and after */
	struct slot *slots;
	size_t nslots;
	const struct sr_script_line *lines;	/* in force, or offered */
	size_t nlines;
	struct sr_str sdp, peer;	/* the latest of each side */
	struct sr_str tag;		/* of the server */
	uint64_t sdp_id, version;
	bool offered;		/* we offered, and wait for the answer */
	bool owes;	/* the server offered in its 2xx or 18x */
	bool confirmed, over, vanished, no_ack, no_bye;
	unsigned acks;			/* sent, or withheld */
	unsigned npracks;		/* withheld */
	size_t invite;			/* the step of the latest INVITE */
	sr_time replied;		/* its final answer */
	struct sr_str invite_raw;	/* the request itself */
	uint64_t last_sent;		/* hash of the branch */
	struct sr_str call_id;
};

/* What was seen at one step: bytes, to be looked at when the call is over. */
struct witness {
	struct sr_str request, reply, provisional, invite;
	struct sr_str offer, answer, before, tag;
	struct sr_str prack, retried;
	bool bye, old_leg_bye;
	bool held, again;
	unsigned early_copies;
	bool skipped;			/* there was no way to do it */
	unsigned copies;
	sr_time bye_after;
};

struct call {
	struct call *next, *newer, *older;	/* in the table; all */
	struct sr_run *run;
	const struct sr_script *script;
	const struct sr_run_target *target;
	struct sr_script_call ids;
	bool has_ids;
	struct leg legs[LEGS];
	size_t step;			/* the next one */
	size_t busy, invite;		/* under way; NO_STEP: none */
	size_t told;	/* the last step with metadata, or NO_STEP */
	sr_time begun, invited, ringing, answered, before;
	sr_time due;
	size_t heap;			/* where it stands there, from 1 */
	struct witness *seen;		/* per step */
	struct sr_run_result result;
	struct sr_run_broken *broken;
	bool stopping, rehomed, done;
	bool rtcp, rtcp_elsewhere;
	bool late_cancel;		/* its answer is waited for */
	struct sr_tx *crossed;		/* their INVITE, while ours is out */
	sr_time again_at;	/* the INVITE once more; 0: no */
	sr_time longest;		/* that a stream was open */
	sr_time probed;
	struct sr_arena arena;
};

struct event {				/* of the queue */
	struct event *next;
	struct sr_run_event ev;
	struct sr_run_line line;
	struct call *free_call;		/* behind its DONE */
	bool give;			/* this pair */
	unsigned pair;
	char *owned;			/* bytes that ev points to */
};
struct sr_run {
	struct sr_run_cfg cfg;
	struct sr_ua *ua;
	struct sr_prng prng;
	sr_time now;
	struct sr_str raw;		/* what is being received */
	struct event *head, *tail, *taken;
	struct call *table[CALL_BUCKETS], *oldest, *newest;
	struct call **heap;
	size_t nheap, heap_cap;
	size_t nvanished, ncancels, nlost;	/* nlost: calls that lost a
						 * PRACK */
	uint64_t accepted;
	int err;
};

/* ---- run ---- */

struct event *run_event(struct sr_run *r, enum sr_run_kind kind,
    struct call *c);
void run_random(void *run, uint8_t *out, size_t n);
struct call *run_call_new(struct sr_run *r, const struct sr_script *script,
    const struct sr_run_target *to, uint64_t number);
/* When the call wants to be looked at next; SR_NEVER. */
void run_call_wake(struct call *c, sr_time at);
struct sr_str run_call_keep(struct call *c, struct sr_str s);
/* What went wrong first stays. */
void run_call_fail(struct call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- steps ---- */

/* Does all that is due, and says when it wants to go on. */
void run_call_advance(struct call *c);
/* The step that is under way has ended; over: and what is next? */
void step_end(struct call *c, size_t step);
void step_over(struct call *c, size_t step);
void step_await(struct call *c, enum sr_method method);
void run_call_stop(struct call *c);
void run_call_finish(struct call *c);

/* ---- media: SDP of a leg, and the streams that follow from it ---- */

/* Our offer for these lines: pairs are taken, leg->sdp is it. */
int leg_offer(struct leg *g, const struct sr_script_line *lines, size_t n);
/* Our answer to the server's offer, in leg->sdp. */
int leg_reply(struct leg *g, struct sr_str offer);
/* The server's answer: streams open, pause, close. */
void leg_agree(struct leg *g, struct sr_str answer);
void leg_close(struct leg *g);		/* all its streams */
/* Our offer was refused: what was to move stays. */
void leg_stay(struct leg *g);

/* ---- keys: what protects the media of an m-line ---- */

void keys_make(struct leg *g, struct slot *s);	/* new ones of ours */
/* The transport and the keys of an offer; proto: of a plain one. */
void keys_offer(const struct leg *g, const struct slot *s,
    struct sr_str proto, struct sr_offer_line *o);
/* What the server's m-line says goes into the slot's line; *changed: it is not
 * what held before.  False: it cannot be sent to, and the call has failed. */
bool keys_learn(struct leg *g, struct slot *s, const struct sr_sdp *theirs,
    const struct sr_mline *m, bool *changed);

/* ---- body ---- */

/* SDP and metadata as the script's dialect packs them; either may be absent.
 * Content-Type goes to type, further header lines to headers. */
int body_pack(struct call *c, bool update, struct sr_str sdp,
    struct sr_str meta, struct sr_buf *type, struct sr_buf *headers,
    struct sr_buf *body);

/* ---- dress ---- */

void run_dress(struct event *e, const struct sr_dialect *d);

static inline const struct sr_step *
step_of(const struct call *c, size_t i)
{
	return &c->script->steps[i];
}

/* ---- send ---- */

int send_invite(struct leg *g, size_t step, const struct sr_run_target *to);
int send_request(struct leg *g, size_t step);
int send_bye(struct leg *g, size_t step);	/* NO_STEP: out of order */
int send_cancel(struct leg *g, size_t step);
/* Not a word more, and nothing is heard. */
void leg_vanish(struct leg *g);

/* ---- what the user agent says of a leg ---- */

void leg_over(struct leg *g, const char *why, bool by_server);
void leg_response(struct leg *g, const struct sr_ua_event *ev);
void leg_retry(struct leg *g, const struct sr_ua_event *ev);
void leg_failed(struct leg *g, const struct sr_ua_event *ev);
void leg_acked(struct leg *g, const struct sr_ua_event *ev);

/* ---- requests of the server ---- */

void leg_request(struct sr_run *r, struct leg *g,
    const struct sr_ua_event *ev);
/* Ours that crossed theirs has had an answer. */
void leg_crossed(struct leg *g);
void run_call_accept(struct sr_run *r, const struct sr_ua_event *ev);

/* ---- result ---- */

void run_call_judge(struct call *c);

#endif
