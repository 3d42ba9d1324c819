/* What the files of lib/serve share. */
#ifndef SERVE_PRIV_H
#define SERVE_PRIV_H

#include "siprec/serve.h"

enum {
	MAX_ACTS = 16, MAX_ENDED = 4096, MAX_SDP = 65536, MAX_HEADERS = 16384,
	MAX_BODY = 65536, MAX_META = 4 << 20, UFRAG = 8, PWD = 24,
	MAX_SNAPSHOTS = 3, LIMIT_SOURCES = 4096, MAX_KEPT = 255,
	MAX_SAVED_TEXT = 4096
};

/* What our requests are marked with: which answer belongs to which. */
enum cookie { FOR_OFFER = 1, FOR_SNAPSHOT, FOR_PROBE, FOR_CALL, FOR_REGISTER,
	FOR_NOTIFY };

/* What only a line with keys or ICE has. */
struct secret {
	struct sr_sdes_key key;
	char ufrag[UFRAG + 1], pwd[PWD + 1];
	bool spent;			/* a process before this one sent with
					 * it: never again */
};

/* One m-line, as it stands. */
struct line {
	struct sr_addr rtp;		/* ours */
	uint16_t rtcp;			/* ours, where there is a second port */
	struct sr_addr peer_rtp, peer_rtcp;
	bool bound;			/* it has ports */
	bool live;			/* taken, by both sides */
	bool text, mux, held, active;
	bool dropped;			/* by control, not agreed yet */
	bool muted;			/* the owner was told to drop media */
	enum sr_keying keying;
	enum sr_dir dir;
	sr_time heard;
	uint64_t keys;			/* hash of what KEYS told, 0: nothing */
	struct secret *secret;		/* or NULL */
};

/* A command that the other side is to be told. */
struct act {
	enum sr_serve_act act;
	uint64_t ticket;
};

/* An offer or an answer on its way. */
enum deal_kind {
	DEAL_THEIRS,			/* their offer: answered in a reply */
	DEAL_LATE,	/* our offer in a reply: the answer is in ACK, PRACK */
	DEAL_OURS,			/* our offer in a re-INVITE */
	DEAL_ACK,			/* their offer in a 2xx, ours in ACK */
	DEAL_BACK	/* agreed in a process before: it wants ports */
};
struct deal {
	struct leg *leg;
	enum deal_kind kind;
	struct sr_tx *tx;		/* that waits for us, or NULL */
	bool waiting;			/* for ports */
	bool offered;			/* our offer is out */
	char *text;			/* the peer's SDP that this rests on */
	struct sr_sdp sdp;
	struct sr_plan plan;
	struct line *lines;		/* as they would be; plan.nlines */
	struct sr_serve_want *want;
	size_t nwant;
	struct sr_buf local;		/* ours */
	uint64_t version;		/* of it */
};

/* One dialog of a recording session.  Plain data but for what is marked by *:
 * that can be made again. */
struct leg {
	uint64_t id;
	struct sr_serve *s;			/* * */
	struct sr_dialog *d;			/* * */
	struct leg *newer, *older, *same;	/* * all; the same hash */
	uint64_t hash;			/* of first */
	char *call_id;
	char *first;	/* Call-ID of the session's first dialog */
	char *session;			/* its directory, once it has one */
	char *identity, *user;		/* TLS, digest; NULL: none */
	char *asserted;			/* by a trusted peer; NULL: nothing */
	const char *passport;		/* how it fared; NULL: not asked */
	char *orig, *dest;		/* there with it */
	struct sr_addr from;		/* who sent the INVITE */
	bool answered;			/* with 2xx, or our INVITE was */
	bool acked, ending;
	bool paused;			/* by control, or not started yet */
	bool stale;	/* their offer came while ours waited to be repeated */
	uint64_t replaces;		/* leg that ends when the ACK comes */
	struct deal *deal;			/* * */
	struct sr_tx *invite;	/* * unanswered INVITE, its deal is done */
	bool told;			/* a reliable 18x had our SDP */
	bool pracked, owed;		/* ... came there; 200 waits for that */
	sr_time answer_at;		/* answer_delay; SR_NEVER: no */
	struct act acts[MAX_ACTS];
	size_t nacts, nsent;		/* the first nsent are on their way */
	uint64_t sdp_id, version, in_force;	/* of o= */
	struct line *lines;
	size_t nlines;
	uint64_t pinned;		/* connection */
	sr_time began, since;		/* INVITE came; it was answered */
	const char *why;		/* we end it: text of Reason */
	uint64_t stop, call;		/* tickets, 0: none */
	/* requestsnapshot */
	bool snap_wanted, snap_never, snap_running, snap_waits;
	unsigned snap_tries;
	sr_time snap_at;
	const char *snap_reason;
	uint64_t snap_ticket;
	/* watchdog */
	bool probing, timed_out;
	sr_time probe_at, sip_at;
	/* persist.c */
	bool kept;			/* there is a record of it */
	bool dirty;			/* it is to be written again */
	/* restore.c: what a leg has that is older than its process */
	struct {
		sr_time at;		/* when it was restored; 0: it is not */
		sr_time quiet;		/* nothing is sent before; 0: no */
		bool heard;		/* SIP or media came since */
		bool blank;		/* its SDPs have no keys */
		bool owed;		/* the snapshot could not be asked */
		bool renew;	/* the client is to learn ports or keys */
		sr_time renew_at;
		unsigned tries, unreached;
	} back;
};

/* A message that waits for the store, with its bytes. */
struct held {
	struct held *next;
	struct sr_serve_event ev;
	char bytes[];
};
struct hold {
	struct hold *next;		/* younger */
	uint64_t ticket, leg;
	sr_time until;
	struct held *first, **last;
};

/* A dialog that is over: hash of its identity. */
struct ended {
	uint64_t hash;
	sr_time at;
};

struct grave {
	void *p;
	void (*drop)(void *p);
};

struct registration {
	struct registration *next;
	uint64_t cookie, ticket;
	char *registrar, *aor;
	char call_id[33], tag[17];
	uint32_t expires, cseq;
	const struct sr_ua_auth *auth;
	bool running, registered, leaving;
	sr_time due;
};

/* Who wants to know of our dialogs: RFC 6665, RFC 4235. */
struct subscription {
	struct subscription *next;
	struct sr_hop hop;		/* where it was heard last */
	/* As in the messages of the other side; our To and From. */
	char *call_id, *from, *to, *target, *event, *routes, *remote_tag;
	char tag[17];
	uint32_t remote_cseq, cseq, version;
	struct sr_buf reply;		/* the last 200, for copies */
	sr_time expires, told;
	bool dirty, over;
	/* NOTIFY on its way */
	bool running;
	struct sr_buf notify;
	char branch[32];
	sr_time again, interval, give_up;
};

/* What one source has asked for lately. */
struct window {
	uint64_t hash;
	sr_time since;
	unsigned n;
};

struct slot {
	struct leg *leg;
	uint32_t generation;
};

struct sr_serve {
	struct sr_serve_cfg cfg;
	struct sr_plan_cfg plan;
	struct sr_ua *ua;
	sr_time now, due;
	struct sr_str identity;		/* of the message in hand */
	/* auth */
	struct sr_auth_server auth;
	struct sr_auth_nonces nonces;
	struct sr_auth_users no_users;
	struct window *calls, *failures;	/* LIMIT_SOURCES each */
	bool proved;	/* a leg has, or had, a TLS identity */
	/* legs */
	struct slot *slots;
	size_t nslots, nlegs, *spare, nspare;
	struct leg *oldest, *newest;
	struct leg **table;
	size_t table_cap;
	struct ended *ended;
	size_t ended_at;
	/* the rest */
	struct registration *registrations;
	struct subscription *subscriptions;
	size_t nsubscriptions;
	bool news;			/* for subscribers */
	uint64_t tickets;
	/* persist */
	struct hold *holds, **last_hold;	/* oldest first */
	uint64_t *dirty;		/* legs that are to be written */
	size_t ndirty, dirty_cap;
	bool store_bad;			/* it was said */
	bool draining, full, shutdown, idle_told;
	struct sr_buf head, body;	/* scratch */
	struct sr_serve_event *queue, out;
	size_t qhead, qn, qcap;
	struct grave *graves;
	size_t ngraves, graves_cap;
	struct sr_serve_stats stats;
};

/* ---- serve.c ---- */

/* An event in the queue, zeroed but for kind, leg and call_id; NULL: no
 * memory.  leg may be NULL. */
struct sr_serve_event *serve_event(struct sr_serve *s, enum sr_serve_kind kind,
    const struct leg *l);
void serve_note(struct sr_serve *s, const struct leg *l, const char *rule,
    const char *text);
/* Freed when no event can point to it any more. */
void serve_bury(struct sr_serve *s, void *p, void (*drop)(void *p));
void serve_due(struct sr_serve *s, sr_time at);
char *text_dup(struct sr_str s);	/* with a NUL; NULL without memory */

/* ---- leg.c ---- */

struct leg *leg_new(struct sr_serve *s, struct sr_dialog *d);
struct leg *leg_by_id(const struct sr_serve *s, uint64_t id);
/* The youngest leg of a session, not at its end if there is one. */
struct leg *leg_by_name(const struct sr_serve *s, struct sr_str name);
struct leg *leg_of_session(const struct sr_serve *s, struct sr_str call_id);
int leg_named(struct leg *l, struct sr_str first);
void leg_answered(struct leg *l);
void leg_pin(struct leg *l);
void leg_bye(struct leg *l, const char *why, int cause);
void leg_over(struct leg *l, const char *why);
void leg_taken(struct leg *l);		/* another server has it: not a word */
void leg_undo(struct leg *l);		/* nobody has heard of it */
void leg_free(void *p);
bool leg_busy(const struct leg *l);
/* Nothing is under way: what waits may go. */
void leg_kick(struct leg *l);
bool ended_lately(const struct sr_serve *s, struct sr_str call_id,
    struct sr_str local_tag, struct sr_str remote_tag);

/* ---- reply.c ---- */

struct refusal {
	int status;			/* 0: none */
	int warning;			/* RFC 3261 20.43; 0: no Warning */
	const char *text;
	const char *header;		/* a whole line, or NULL */
	const char *reason;		/* phrase; NULL: that of the status */
	bool fault;			/* sr_ua_refuse knows it */
	bool challenge, stale;
	bool unproved;			/* nobody knows who is asking */
};
/* Starts s->head anew; more may be added to it. */
void head_begin(struct sr_serve *s);
void head_date(struct sr_serve *s);
void reply_refuse(struct sr_serve *s, struct sr_tx *tx,
    const struct refusal *r);
int reply_simple(struct sr_serve *s, struct sr_tx *tx, int status,
    const char *headers);
/* To INVITE and UPDATE: Contact, Require: siprec and all that. */
int reply_session(struct leg *l, struct sr_tx *tx, int status,
    struct sr_str sdp, enum sr_ua_reliable rel);

/* ---- decide.c, access.c, replaces.c ---- */

void decide_invite(struct sr_serve *s, const struct sr_ua_event *ev);
void decide_other(struct sr_serve *s, const struct sr_ua_event *ev);
/* Rows 3 to 7 of the table: who, from where, to whom.  r->status 0: pass.
 * user: of the digest, or absent. */
void access_check(struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r, struct sr_str *user);
bool cidr_has(const struct sr_cidr *c, const struct sr_addr *a);
/* Does somebody else speak here than who began the dialog?  Then nothing of
 * it is taken. */
bool access_stranger(struct sr_serve *s, const struct sr_serve_in *in);
/* What a trusted peer says of who is behind it; absent: nothing. */
struct sr_str access_asserted(struct sr_serve *s,
    const struct sr_ua_event *ev);

/* *old: the leg that is to be replaced, NULL when none is asked for. */
/* The Identity header, as far as the policy asks for it: p->why NULL is not at
 * all.  Free p in every case. */
void access_passport(struct sr_serve *s, const struct sr_ua_event *ev,
    struct refusal *r, struct sr_passport *p);
void replaces_check(struct sr_serve *s, const struct sr_ua_event *ev,
    struct sr_str user, struct refusal *r, struct leg **old);

/* ---- limit.c ---- */

bool limit_over(struct window *table, const struct sr_addr *from, sr_time now,
    sr_time span, unsigned most);
void limit_count(struct window *table, const struct sr_addr *from,
    sr_time now, sr_time span);

/* ---- deal.c ---- */

/* A new deal about the peer's SDP text, in place of none; *r says what is
 * wrong with it.  SR_OK: it is l->deal. */
int deal_open(struct leg *l, enum deal_kind kind, struct sr_tx *tx,
    struct sr_str text, struct refusal *r);
/* Asks for ports, or goes on at once. */
void deal_start(struct deal *d);
/* It came to nothing: ports that were bound for it are given back. */
void deal_drop(struct leg *l);
/* The answer to our offer. */
int deal_answered(struct leg *l, struct sr_str text);
/* What was agreed holds; the deal is over. */
void deal_commit(struct deal *d);
void deal_free(void *p);

/* ---- answer.c ---- */

void answer_keys(struct deal *d);
/* Writes our SDP to d->local, an answer or an offer. */
int answer_write(struct deal *d);
/* SDP of a client that would send all that we decode, to offer that. */
struct sr_str answer_imagine(struct sr_serve *s, bool ip6);

/* ---- session.c: requests inside a dialog ---- */

void session_request(struct leg *l, const struct sr_ua_event *ev);
void session_acked(struct leg *l, const struct sr_ua_event *ev);
void session_pracked(struct leg *l);
void session_cancelled(struct leg *l, const struct sr_ua_event *ev);
void session_ready(struct deal *d);	/* its SDP is written: send it */
/* The deal cannot be made. */
void session_unable(struct deal *d, const struct refusal *r);
void session_answer(struct leg *l);	/* the delay is over */
void session_response(struct leg *l, const struct sr_ua_event *ev);

/* ---- persist.c, save.c, load.c, restore.c ---- */

/* Does this message, ours is l, wait for the store?  Then it was copied. */
bool persist_holds(struct sr_serve *s, struct leg *l,
    const struct sr_serve_event *ev, bool again);
void persist_dirty(struct leg *l);
void persist_flush(struct sr_serve *s);	/* PERSIST for what is dirty */
void persist_over(struct leg *l);	/* what it has to say, is said */
void persist_forget(struct leg *l);	/* ... is not */
void persist_tick(struct sr_serve *s);
void persist_free(struct sr_serve *s);
/* Is there something that could go on in another process? */
bool save_can(const struct leg *l);
/* The legs of a session that could, oldest first. */
size_t save_legs(const struct sr_serve *s, struct sr_str first,
    struct leg *v[MAX_KEPT]);
uint64_t save_sum(const char *p, size_t n);	/* stands at the end */
enum {
	SAVED_VERSION = 1,
	/* of a leg */
	SAVED_ACKED = 1, SAVED_ENDING = 2, SAVED_PAUSED = 4, SAVED_RENEW = 8,
	SAVED_NO_SNAPSHOT = 16, SAVED_LEG = 32,
	/* of a line */
	SAVED_LIVE = 1, SAVED_TEXT = 2, SAVED_MUX = 4, SAVED_ACTIVE = 8,
	SAVED_DROPPED = 16, SAVED_SECRET = 32, SAVED_LINE = 64
};
/* Fills a leg from r, which is bad when it is no leg; replaces is for now the
 * place of the leg in its record, from 1.  false: no memory. */
bool load_leg(struct sr_rd *r, struct leg *l, bool blank);
void restore_ready(struct deal *d);	/* it has its ports */
/* An event of the client of a restored leg. */
void restore_heard(struct leg *l, const struct sr_ua_event *ev);
/* The offer that tells it is answered, or not. */
void restore_told(struct leg *l, int status);
/* A probe that did not reach a client whose connection is gone says nothing
 * of the client. */
bool restore_unreached(struct leg *l, const struct sr_ua_event *ev);

/* ---- control.c, call.c, snapshot.c, watchdog.c ---- */

void control_kick(struct leg *l);
void control_done(struct leg *l, int status);
void control_over(struct leg *l);
void control_mute(struct leg *l, struct line *at, size_t line, bool on);
void control_event(struct leg *l, enum sr_serve_act act, uint64_t ticket,
    int status);
void call_response(struct leg *l, const struct sr_ua_event *ev);
void call_failed(struct leg *l, int status, const char *text);
void register_response(struct sr_serve *s, const struct sr_ua_event *ev);
void register_tick(struct sr_serve *s);
void register_leave(struct sr_serve *s);
void register_free(struct sr_serve *s);
bool register_busy(const struct sr_serve *s);
void snapshot_want(struct leg *l, const char *reason);
void snapshot_kick(struct leg *l);
void snapshot_response(struct leg *l, int status);
void snapshot_arrived(struct leg *l);
sr_time watchdog_due(const struct leg *l);
void watchdog_tick(struct leg *l);
bool watchdog_expects(const struct leg *l);	/* media */
void watchdog_response(struct leg *l, int status);

/* ---- subscribe.c ---- */

bool subscribe_ours(const struct sr_msg *m);	/* Event: dialog */
/* Was it for a subscription? */
bool subscribe_receive(struct sr_serve *s, const struct sr_hop *from,
    struct sr_str raw);
void subscribe_changed(struct sr_serve *s);
void subscribe_tick(struct sr_serve *s);
void subscribe_flush(struct sr_serve *s);
void subscribe_leave(struct sr_serve *s);
void subscribe_lost(struct sr_serve *s, const struct sr_hop *hop);
void subscribe_free(struct sr_serve *s);

/* ---- notify.c ---- */

/* A NOTIFY with all dialogs, as new bytes in u->notify. */
int notify_write(struct sr_serve *s, struct subscription *u);
void hex_token(struct sr_serve *s, char *out, size_t n);	/* and a NUL */

/* ---- stats.c ---- */

void stats_refused(struct sr_serve *s, int status);
void stats_setup(struct sr_serve *s, sr_time took);
void stats_ended(struct sr_serve *s, const char *why);

#endif
