/* What the files of lib/ua share. */
#ifndef UA_PRIV_H
#define UA_PRIV_H

#include "siprec/ua.h"

enum {
	MAX_TAG = 256, MAX_HOPS = 8, MAX_FORKS = 8, MAX_REDIRECTS = 5,
	MAX_RETRIES = 6, MAX_OPEN = 32, LARGE = 1300, UUID_HEX = 32,
	MAX_SAVED = 524288		/* of one text in a record */
};

/* Bytes on their way: a transaction sends them again, an event shows them. */
struct wire {
	unsigned refs;
	bool sent;			/* a second time it is a copy */
	size_t n;
	char p[];
};

/* One message as it came in, for as long as somebody needs it. */
struct heard {
	unsigned refs;
	struct heard *older;		/* that events may still point to */
	struct sr_hop from;
	char *raw;
	size_t n;
	struct sr_msg msg;
	struct sr_body body;
	bool split;
};

/* ---- timer.c: a heap ---- */

enum timer_kind { TIMER_AGAIN, TIMER_END, TIMER_JOB, TIMER_RING,
	TIMER_REFRESH, TIMER_EXPIRE };
struct timer {
	sr_time at;
	size_t slot;			/* in the heap, from 1; 0: off */
	enum timer_kind kind;
	void *owner;
};
struct timers {
	struct timer **v;
	size_t n, cap;
};
/* Without memory the timer stays off, and timer_set says so. */
int timer_set(struct timers *h, struct timer *t, sr_time at);
void timer_off(struct timers *h, struct timer *t);
struct timer *timer_first(const struct timers *h);

/* ---- table.c: by hash, several items may share one ---- */

struct node {
	struct node *next;
	uint64_t hash;
	void *item;			/* NULL: in no table */
};
struct table {
	struct node **v;
	size_t n, cap;
};
int table_add(struct table *t, struct node *n, uint64_t hash, void *item);
void table_del(struct table *t, struct node *n);
struct node *table_find(const struct table *t, uint64_t hash);
struct node *table_more(struct node *n);

/* ---- the objects ---- */

/* What a transaction is doing; the names of RFC 3261 17 and RFC 6026. */
enum tx_state { TX_TRYING, TX_PROCEEDING, TX_COMPLETED, TX_CONFIRMED,
	TX_ACCEPTED, TX_OVER };

/* An answer that waits for a PRACK. */
struct held {
	bool full;
	struct sr_ua_reply r;		/* its strings are ours */
};

struct sr_tx {
	struct sr_ua *ua;
	struct sr_tx *dead;		/* in the list of the dead */
	struct sr_dialog *d;		/* or NULL */
	struct sr_tx *next, *prev;	/* of d */
	uint64_t of;		/* serial of d, also when d is NULL again */
	struct node by_key, by_merge;
	struct sr_str key, merge, branch;
	bool server, linked, acked, cancelled, reaped;
	bool restored;			/* its ACK may have come before */
	bool first;			/* server: no To tag was there */
	enum tx_state state;
	enum sr_method method;
	struct sr_hop hop;		/* where we send */
	uint32_t cseq;
	struct wire *wire;		/* the last that we sent */
	int status;			/* of it, or of the last we got */
	sr_time interval;
	struct timer again, end;
	void *slot;
	/* server */
	struct heard *req;
	struct sr_hop lost_hop;	/* where answers go without the connection */
	int fault;
	char tag[24], sid[UUID_HEX + 1];
	bool offered, answered;	/* request has an SDP; answered in 18x */
	bool offering;	/* our 18x or 2xx holds an offer that is open */
	struct wire *rel;		/* reliable 18x that waits for PRACK */
	bool rel_open, rel_sdp;	/* not PRACKed; with an SDP */
	uint32_t rseq;
	sr_time expires, rel_until;	/* when INVITE, PRACK are too late */
	struct held held_prov, held_final;
	/* client */
	struct job *job;
};

/* A challenge that we know how to answer, RFC 7616. */
struct challenge {
	struct sr_str realm, nonce, opaque, algorithm;
	enum sr_digest alg;
	bool sess, qop, known;
	uint32_t nc;
};

/* The other side of a dialog. */
struct peer {
	struct sr_str tag, target;
	struct sr_str routes;		/* URIs in <>, one a line */
	struct sr_hop hop;		/* where it was heard last */
	uint32_t rseq;			/* of its last reliable 18x */
};

struct sr_dialog {
	struct sr_ua *ua;
	struct sr_dialog *dead;
	struct node by_id;
	uint64_t serial;
	enum sr_dialog_state state;
	bool uac, solo, silent, tagged, reaped;
	bool confirmed;			/* a 2xx was sent or heard */
	uint32_t before;	/* last CSeq of ours that another process may
				 * have used; 0: there was none */
	bool secure;			/* sips */
	void *slot;
	/* name-addr of both sides, without tags */
	struct sr_str call_id, local, remote, local_uri, remote_uri;
	struct sr_str local_tag;
	uint32_t local_cseq, remote_cseq;
	bool has_remote_cseq;
	struct peer peer;
	struct { struct sr_str tag; uint32_t rseq; } forks[MAX_FORKS];
	size_t nforks;
	struct sr_str user, contact_params, require;
	struct sr_str allow, supported;
	struct sr_str local_sdp, remote_sdp;
	/* client's credentials */
	struct sr_str auth_user, password, ha1, invite_auth;
	enum sr_digest ha1_alg;
	struct challenge challenge[2];	/* of the server, of the proxy */
	/* RFC 4028 */
	uint32_t interval, min_se, wanted_se;
	enum sr_ua_refresher refresher;
	bool ours;
	struct timer refresh, expire;
	enum sr_ua_100rel rel;
	char sid[UUID_HEX + 1], remote_sid[UUID_HEX + 1];
	uint32_t rseq;			/* our last */
	/* the ACK of the last 2xx, for its copies */
	struct wire *ack;
	struct sr_hop ack_hop;
	uint32_t ack_cseq;
	bool ack_due, prack_due;	/* the owner's turn */
	uint32_t due_cseq, due_rseq;
	struct sr_str due_tag;
	/* BYE, once nothing stands in its way */
	bool bye_wanted;
	const char *bye_why;
	const char *reason;		/* of a BYE of our own, or NULL */
	struct sr_str bye_headers, bye_type, bye_body;
	struct job *jobs;
	struct sr_tx *txs;		/* server transactions */
};

/* A request of ours with all its tries. */
struct job {
	struct sr_ua *ua;
	struct sr_dialog *d;
	struct job *next, *prev, *dead;
	bool linked, reaped;
	enum sr_method method;
	struct sr_str method_text, uri;	/* uri absent: the dialog's target */
	struct sr_str headers, type, body;
	struct sr_str to_tag;		/* PRACK to a fork; else the dialog's */
	uint64_t cookie;
	bool cross;			/* waits for nobody */
	bool silent;			/* nobody waits for the answer */
	bool refresh, first;	/* a session refresh; makes the dialog */
	bool offered, answered;		/* has an SDP; had one in return */
	bool parked;
	struct sr_hop hops[MAX_HOPS];
	size_t nhops, at;
	enum { LARGE_NEW, LARGE_TCP, LARGE_UDP } large;	/* RFC 3261 18.1.1 */
	uint64_t ticket;		/* not 0: waits for its hops */
	struct sr_tx *tx;
	uint32_t cseq;
	uint32_t expires;
	int tries, redirects, refused[2];
	bool cancel;
	struct sr_str cancel_reason;
	struct timer later, ring;
};

struct sr_ua {
	struct sr_ua_cfg cfg;
	struct sr_prng prng;
	sr_time now;
	uint64_t salt, tickets, serials;
	struct timers timers;
	struct table servers, merges, clients, dialogs;
	size_t ntx, ndialogs;
	struct heard *heard;		/* of the call in hand */
	struct sr_tx *dead_tx;
	struct sr_dialog *dead_dialogs;
	struct job *dead_jobs;
	struct job **waiting;		/* for their hops */
	size_t nwaiting;
	struct sr_ua_event *queue, current;
	struct wire **sent;		/* held by queue[i] */
	size_t head, n, cap;
	struct sr_buf out, scratch;
};

/* ---- ua.c ---- */

void ua_random(struct sr_ua *ua, void *out, size_t n);
/* Hex digits of n random bytes, and a NUL. */
void ua_token(struct sr_ua *ua, char *out, size_t n);
sr_time ua_between(struct sr_ua *ua, sr_time lo, sr_time hi);
/* An event with the message in hand, if m; NULL: no memory. */
struct sr_ua_event *ua_event(struct sr_ua *ua, enum sr_ua_kind kind,
    struct heard *m);
void ua_send(struct sr_ua *ua, const struct sr_tx *tx,
    const struct sr_dialog *d, const struct sr_hop *hop, struct wire *w,
    enum sr_method method, int status);
uint64_t ua_hash(const struct sr_ua *ua, struct sr_str s);
struct heard *heard_ref(struct heard *h);
void heard_drop(struct heard *h);
bool heard_has_sdp(struct heard *h);
const struct sr_body *heard_body(struct heard *h);
struct wire *wire_new(struct sr_str s);
struct wire *wire_ref(struct wire *w);
void wire_drop(struct wire *w);
/* Owned strings: *at is freed and becomes a copy; SR_OK or SR_ENOMEM. */
int text_set(struct sr_str *at, struct sr_str s);
void text_free(struct sr_str *at);
enum sr_method method_of(struct sr_str s);

/* ---- value.c: inside header values and URIs ---- */

bool value_next(struct sr_str *rest, struct sr_str *value);
void value_split(struct sr_str value, struct sr_str *head,
    struct sr_str *params);
bool value_lists(struct sr_str list, struct sr_str token);
/* <sip:x> without parameters, as it stands there. */
struct sr_str value_name_addr(struct sr_str value);
struct sr_str value_uri(struct sr_str value);	/* what stands in it */
/* All headers of that name as one list. */
int value_joined(struct sr_str *at, const struct sr_msg *m, const char *name);
bool value_number(struct sr_str s, uint32_t *out);	/* "90;x=y" */
struct sr_str uri_params(struct sr_str uri);
bool uri_numeric(struct sr_str uri, struct sr_addr *a);
bool uri_is_sips(struct sr_str uri);
bool body_has_sdp(struct sr_str type, struct sr_str body);
bool heard_is_short(const struct heard *h);
/* A Session-ID header: false when it is malformed. */
bool session_id_read(struct sr_str value, char own[UUID_HEX + 1]);

/* ---- via.c ---- */

struct via {
	struct sr_str host, params, branch;
	uint16_t port;			/* 0: none given */
	enum sr_proto proto;
	bool rport;
};
bool via_read(struct sr_str value, struct via *v);
struct sr_str via_top(const struct sr_msg *m, struct sr_str *rest);
/* Where an answer goes, and where when that connection is gone. */
void via_hops(const struct via *v, const struct sr_hop *from,
    struct sr_hop *hop, struct sr_hop *fallback);
/* All Via headers of m, the topmost with received and rport. */
void via_write(struct sr_buf *b, const struct sr_msg *m,
    const struct sr_hop *from);

/* ---- write.c: building messages ---- */

void write_host(struct sr_buf *b, const struct sr_addr *a);
struct wire *write_request(struct job *j, const struct sr_hop *hop,
    struct sr_str branch, enum sr_method method);
struct wire *write_reply(struct sr_tx *tx, const struct sr_ua_reply *r,
    struct sr_str extra);
const char *write_reason(int status);

/* ---- digest.c ---- */

/* Takes the challenges of a 401 or 407; false: nothing to answer it with. */
bool digest_learn(struct sr_dialog *d, const struct sr_msg *m, int which,
    int *refused);
void digest_write(struct sr_buf *b, struct sr_dialog *d,
    struct sr_str method, struct sr_str uri);

/* ---- client_tx.c ---- */

int client_start(struct job *j);	/* sends it to hops[at] */
void client_response(struct sr_ua *ua, struct heard *h);
void client_again(struct sr_tx *tx);
void client_end(struct sr_tx *tx);
void client_cancel(struct job *j);
void client_detach(struct job *j);
void tx_over(struct sr_tx *tx);
void tx_free(struct sr_tx *tx);

/* ---- request.c: jobs ---- */

struct job *job_new(struct sr_dialog *d, struct sr_str method);
int job_body(struct job *j, struct sr_str headers, struct sr_str type,
    struct sr_str body);
/* Finds the way if need be, and sends. */
void job_start(struct job *j);
void job_go(struct job *j);		/* its hops are known */
void job_response(struct job *j, struct heard *h);
void job_failed(struct job *j, const char *why);
void job_next_hop(struct job *j, const char *why);
void job_timer(struct job *j, enum timer_kind kind);
void job_over(struct job *j);
void job_free(struct job *j);
void jobs_unpark(struct sr_dialog *d);
bool job_blocked(const struct job *j);

/* ---- dialog.c ---- */

struct sr_dialog *dialog_new(struct sr_ua *ua);
int dialog_table(struct sr_dialog *d);
struct sr_dialog *dialog_of_request(struct sr_tx *tx);
struct sr_dialog *dialog_find(struct sr_ua *ua, struct sr_str call_id,
    struct sr_str local_tag, struct sr_str remote_tag);
/* Takes the other side from a 2xx or an 18x of it. */
void dialog_meet(struct sr_dialog *d, struct heard *h);
void dialog_learn(struct sr_dialog *d, const struct sr_msg *m);
void dialog_target(struct sr_dialog *d, struct heard *h);
void dialog_over(struct sr_dialog *d, const char *why, struct heard *h);
void dialog_bye(struct sr_dialog *d, const char *why);
void dialog_bye_now(struct sr_dialog *d);
bool dialog_our_offer(const struct sr_dialog *d);
bool dialog_their_offer(const struct sr_dialog *d);
void dialog_bury(struct sr_dialog *d);	/* off all tables; freed later */
void dialog_free(struct sr_dialog *d);
/* The hops to the other side; 0: a name, *uri says which. */
size_t dialog_hops(struct sr_dialog *d, struct sr_str next,
    struct sr_hop hops[MAX_HOPS]);
struct sr_str dialog_next_uri(const struct sr_dialog *d,
    struct sr_str target);

/* ---- invite.c: our INVITE is answered ---- */

void invite_provisional(struct job *j, struct heard *h);
void invite_accepted(struct job *j, struct heard *h);
void invite_again(struct sr_tx *tx, struct heard *h);	/* one more 2xx */
int invite_ack(struct sr_dialog *d, uint32_t cseq, struct sr_str type,
    struct sr_str body);
/* A 2xx that belongs to nothing: to an INVITE of a process before? */
void invite_stray(struct sr_ua *ua, struct heard *h);

/* ---- server_tx.c, uas.c, reply.c, reliable.c ---- */

/* 503, and nothing is kept. */
void server_busy(struct sr_ua *ua, struct heard *h, uint32_t retry_after);
void server_receive(struct sr_ua *ua, struct heard *h);
struct sr_tx *server_find(struct sr_ua *ua, const struct sr_msg *m,
    const struct via *v, struct sr_str method);
struct sr_tx *server_new(struct sr_ua *ua, struct heard *h,
    const struct via *v);
void server_again(struct sr_tx *tx);
void server_end(struct sr_tx *tx);
void server_acked(struct sr_tx *tx);
/* There was an ACK, in msg h, or (NULL) we go on as if. */
void server_confirmed(struct sr_tx *tx, struct heard *h);
void server_silence(struct sr_tx *tx);	/* it never answers any more */
void server_unlink(struct sr_tx *tx);
void server_cancel(struct sr_tx *tx, const char *why, int status,
    struct heard *h);
void uas_request(struct sr_tx *tx);
void uas_ack(struct sr_ua *ua, struct heard *h);
int reply_send(struct sr_tx *tx, const struct sr_ua_reply *r,
    struct sr_str extra);
int reply_plain(struct sr_tx *tx, int status, const char *reason);
int reply_retry(struct sr_tx *tx, int status);
int reply_fault(struct sr_tx *tx, int fault);
void reply_forget(struct sr_tx *tx);	/* what was asked */
int reply_later(struct held *h, const struct sr_ua_reply *r);
void held_free(struct held *h);
int reliable_send(struct sr_tx *tx, const struct sr_ua_reply *r);
bool reliable_wanted(const struct sr_tx *tx, const struct sr_ua_reply *r);
void reliable_prack(struct sr_tx *prack);

/* A 2xx to an INVITE that a process before this one sent. */
struct server_past {
	uint32_t cseq;
	bool offering;
	sr_time end;			/* of waiting for the ACK */
	struct sr_hop hop;
	struct sr_str key, merge;
	struct wire *wire;		/* NULL: cannot be said again */
};
int server_restore(struct sr_dialog *d, const struct server_past *p);

/* ---- save.c, restore.c ---- */

enum {
	SAVED_VERSION = 1, SAVED_TEXTS = 13,
	SAVED_UAC = 1, SAVED_SECURE = 2, SAVED_OURS = 4,
	SAVED_REMOTE_CSEQ = 8, SAVED_USER = 16, SAVED_PARAMS = 32,
	SAVED_UNACKED = 64, SAVED_FLAGS = 128
};
void save_texts(struct sr_dialog *d, struct sr_str *v[SAVED_TEXTS]);

/* ---- refresh.c: RFC 4028 ---- */

bool refresh_too_small(const struct sr_ua *ua, const struct sr_msg *m);
/* The header lines for a 2xx, and the timers it starts. */
void refresh_answer(struct sr_tx *tx, struct sr_buf *extra, bool *require);
void refresh_learn(struct sr_dialog *d, const struct sr_msg *m);
void refresh_write(struct sr_buf *b, const struct job *j);
void refresh_due(struct sr_dialog *d);
void refresh_expired(struct sr_dialog *d);
void refresh_failed(struct sr_dialog *d);
void refresh_off(struct sr_dialog *d);

#endif
