/* ua: a SIP user agent without sockets: transactions (RFC 3261 section 17,
 * RFC 6026), dialogs, reliable provisional responses (RFC 3262), UPDATE (RFC
 * 3311), session timers (RFC 4028), digest as client (RFC 7616, 8760).
 *
 * Messages and the time go in, events are pulled out, and it says when it
 * wants to be woken.  It knows nothing of recording: option tags, headers and
 * Contact parameters are handed in. */
#ifndef SIPREC_UA_H
#define SIPREC_UA_H

#include "siprec/sip.h"

struct sr_ua;
struct sr_dialog;			/* one INVITE dialog, from its birth */
struct sr_tx;				/* a request that we are to answer */

/* ---- birth ---- */

/* Strings must outlive the ua.  0 and absent take the default. */
struct sr_ua_cfg {
	const struct sr_crypto *crypto;	/* hash; random unless seed is set */
	uint64_t seed;	/* not 0: every random thing comes of it */
	sr_time t1, t2, t4;		/* 500 ms, 4 s, 5 s */
	sr_time trying;	/* 100 for an INVITE unanswered so long: 200 ms */
	struct sr_str user;		/* of our Contact, "siprec" */
	struct sr_str contact_params;	/* behind it: ";+sip.srs" */
	struct sr_str agent;		/* Server, User-Agent; absent: none */
	/* "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO" */
	struct sr_str allow;
	struct sr_str supported;	/* "timer, replaces, 100rel" */
	struct sr_str probe_supported;	/* in a 200 to OPTIONS: supported */
	/* Understood in Require besides supported: "siprec". */
	struct sr_str understood;
	/* application/sdp, application/rs-metadata+xml,
	 * application/rs-metadata, multipart/mixed */
	struct sr_str accept;
	/* Our address on a hop that we open ourselves to a numeric URI, by
	 * enum sr_proto; family 0: that of the hop before. */
	struct sr_addr local[3];
	uint32_t min_se;		/* 90; less only for tests */
	/* Session-Expires that we want as server, 0: only when the client
	 * asks, and then as it asks.  Never raises what was asked. */
	uint32_t session_expires;
	bool session_id;		/* speak RFC 7989 */
	bool tcp_for_large;	/* over 1300 bytes: TCP before UDP */
	bool allow_md5;			/* as a client, against old servers */
	size_t max_dialogs;		/* 20,000 */
	size_t max_tx;	/* 50,000; beyond it 503 with Retry-After */
	size_t max_message;		/* 262,144 bytes, in and out */
};
int sr_ua_new(struct sr_ua **up, const struct sr_ua_cfg *cfg);
void sr_ua_free(struct sr_ua *ua);

/* ---- in ---- */

/* Before each of these four calls, take all events.
 *
 * One whole message (a datagram, or what sr_sip_frame cut) of that hop: local
 * is our address on it, conn the stream's number.  raw need not outlive the
 * call.  SR_OK, also for what is ignored (keep-alives, strays); SR_EBAD when
 * it is no SIP message; SR_ELIMIT; SR_ENOMEM. */
int sr_ua_receive(struct sr_ua *ua, const struct sr_hop *from, sr_time now,
    struct sr_str raw);
/* The same, but nothing is done: a request is told to come again in so many
 * seconds (503, by no transaction), anything else is passed over. */
int sr_ua_busy(struct sr_ua *ua, const struct sr_hop *from, sr_time now,
    struct sr_str raw, uint32_t retry_after);
void sr_ua_tick(struct sr_ua *ua, sr_time now);
/* A connection closed (conn), could not be opened, or a send failed (conn 0):
 * what waits for an answer there takes its next hop, or fails. */
void sr_ua_lost(struct sr_ua *ua, const struct sr_hop *hop, sr_time now);
/* Answers RESOLVE: next hops, best first, with local filled in; n 0: none. */
void sr_ua_resolved(struct sr_ua *ua, uint64_t ticket,
    const struct sr_hop *hops, size_t n, sr_time now);
/* When sr_ua_tick is due, or SR_NEVER. */
sr_time sr_ua_due(const struct sr_ua *ua);

/* ---- out ---- */

enum sr_ua_kind {
	SR_UA_SEND,	/* hop, data; method, status (0: request), branch; also
			 * dialog, tx where known */
	SR_UA_RESOLVE,	/* ticket, uri: answer with sr_ua_resolved */
	SR_UA_REQUEST,	/* tx, dialog or NULL, msg, body, fault: answer it with
			 * sr_ua_reply, or sr_ua_refuse.  In a dialog: INVITE,
			 * UPDATE, PRACK with a body, INFO, OPTIONS ... */
	SR_UA_RESPONSE,	/* dialog, cookie, method, status, msg, body: to a
			 * request of ours; provisional (not 100) too; what was
			 * tried again by itself (401, 422, 491 ...) only when
			 * that was the end.  retry_after where it has one */
	SR_UA_RETRY,	/* dialog, cookie, method, status, msg, body: what came
			 * before, when it is tried again by itself */
	SR_UA_ACKED,	/* dialog, tx, msg, body: the ACK of our 2xx came */
	SR_UA_PRACKED,	/* dialog, tx: our reliable 18x came there; a PRACK
			 * with a body is a REQUEST too, just before */
	SR_UA_NO_ACK,	/* dialog: no ACK in 64*T1; BYE is under way */
	SR_UA_CANCELLED,	/* tx, dialog or NULL, msg (the CANCEL) or NULL,
			 * why: "cancel", "expires", "bye", "no-prack"; the
			 * INVITE has had its 487 (504) */
	SR_UA_FAILED,	/* dialog, cookie, method: no final response; why:
			 * "timeout", "transport", "unresolved",
			 * "memory", "over" (the dialog ended before) */
	SR_UA_OVER	/* dialog: exactly once, its last event.  why:
			 * "bye-peer" (msg, body: the BYE), "bye" (ours was
			 * answered, or its time is up), "no-ack",
			 * "session-timer", "408", "481", "refused" (the first
			 * INVITE got no 2xx), "cancelled", "failed" */
};
/* The event itself is good until the next sr_ua_next; what it points to until
 * the next of the four calls above. */
struct sr_ua_event {
	enum sr_ua_kind kind;
	struct sr_dialog *dialog;
	struct sr_tx *tx;
	struct sr_hop hop;		/* SEND; else where msg came from */
	struct sr_str data;
	enum sr_method method;
	struct sr_str branch;		/* of the transaction, for logs */
	bool server;			/* is it a server transaction? */
	bool again;	/* SEND: these very bytes were sent before */
	int status;
	const struct sr_msg *msg;
	const struct sr_body *body;	/* where msg is, never NULL */
	uint64_t cookie;		/* 0: a refresh of our own */
	uint64_t ticket;
	struct sr_str uri;
	const char *why;		/* static text */
	uint32_t retry_after;		/* seconds, 0: none */
	/* What RFC 3261 section 8.2 finds wrong, to be sent with sr_ua_refuse
	 * once the sender is authenticated: 416, 482, 420, 422, 415, 406, in
	 * this order; 0: nothing.  In a dialog it is sent at once. */
	int fault;
};
/* NULL when dry. */
const struct sr_ua_event *sr_ua_next(struct sr_ua *ua);

/* ---- as server ---- */

enum sr_ua_reliable {
	SR_REL_AUTO,	/* where the client requires it, or supports it and
			 * there is a body */
	SR_REL_NO,			/* unless the client requires it */
	SR_REL_YES			/* where the client supports it */
};
struct sr_ua_reply {
	int status;
	struct sr_str reason;		/* absent: the usual phrase */
	struct sr_str headers;		/* whole lines, each with CRLF */
	struct sr_str require;		/* option tags: "siprec" */
	struct sr_str user, contact_params;	/* absent: as cfg says */
	struct sr_str type, body;
	enum sr_ua_reliable reliable;	/* of an 18x */
	/* A failure that goes over UDP again only to who asks again: a source
	 * that never asked is not flooded. */
	bool once;
};
/* Several provisional ones to an INVITE, then a final one; a reliable one, and
 * a 2xx, wait for the PRACK before them by themselves.  SR_OK; SR_ENOENT when
 * tx has had its final answer (a CANCEL may have been faster); SR_ELIMIT;
 * SR_ENOMEM. */
int sr_ua_reply(struct sr_ua *ua, struct sr_tx *tx, sr_time now,
    const struct sr_ua_reply *r);
/* Sends the answer that the fault of this request calls for. */
int sr_ua_refuse(struct sr_ua *ua, struct sr_tx *tx, sr_time now);
/* The dialog of a request; for a first INVITE it is made now, with our tag.
 * NULL: none, or too many; and once the exchange is over (final answer, ACK),
 * when events still name it. */
struct sr_dialog *sr_tx_dialog(struct sr_tx *tx);
/* What was asked; NULL some time after the final answer. */
const struct sr_msg *sr_tx_msg(const struct sr_tx *tx);
const struct sr_hop *sr_tx_hop(const struct sr_tx *tx);
struct sr_str sr_tx_branch(const struct sr_tx *tx);
void **sr_tx_slot(struct sr_tx *tx);	/* the owner's; NULL at first */

/* ---- as client ---- */

struct sr_ua_auth {
	struct sr_str user, password;
	struct sr_str ha1;	/* lower-case hex, instead of the password */
	enum sr_digest ha1_alg;		/* what ha1 was made with */
};
enum sr_ua_refresher { SR_REFRESH_NONE, SR_REFRESH_UAC, SR_REFRESH_UAS };
enum sr_ua_100rel { SR_100REL_OFF, SR_100REL_SUPPORTED, SR_100REL_REQUIRED };

/* A request that makes a dialog, or stands alone.  Everything is copied. */
struct sr_ua_invite {
	struct sr_str uri;		/* request URI */
	struct sr_str from, from_display;	/* URIs without <> */
	struct sr_str to, to_display;	/* to absent: uri */
	struct sr_str user, contact_params;	/* absent: as cfg says */
	struct sr_str require;		/* option tags: "siprec" */
	struct sr_str headers;		/* whole lines, each with CRLF */
	struct sr_str type, body;
	const struct sr_hop *hops;	/* in order of preference; none: they
					 * are found from uri, or by RESOLVE */
	size_t nhops;
	const struct sr_ua_auth *auth;	/* NULL: none */
	uint32_t expires;		/* seconds to ring; 0: no Expires */
	uint32_t session_expires;	/* 0: do not ask */
	enum sr_ua_refresher refresher;
	enum sr_ua_100rel rel;
	struct sr_str call_id;		/* absent: made */
	struct sr_str tag;		/* of From; absent: made */
	uint32_t cseq;			/* first one; 0: made */
	uint64_t cookie;
};
/* SR_OK, SR_EBAD (a URI that cannot be read), SR_ELIMIT, SR_ENOMEM. */
int sr_ua_invite(struct sr_ua *ua, sr_time now, const struct sr_ua_invite *in,
    struct sr_dialog **out);
/* OPTIONS, REGISTER, SUBSCRIBE, MESSAGE ... without a dialog; what comes back
 * has dialog NULL and the cookie. */
int sr_ua_request(struct sr_ua *ua, sr_time now, struct sr_str method,
    const struct sr_ua_invite *in);

/* A request within a dialog.  INVITE and UPDATE that would cross another one
 * wait for its end.  cookie must not be 0. */
struct sr_dialog_request {
	struct sr_str method;
	struct sr_str headers, type, body;
	uint64_t cookie;
	bool cross;			/* does not wait: for tests of a peer */
};
/* SR_OK; SR_ENOENT: the dialog is over, or has no other side yet; SR_ELIMIT;
 * SR_ENOMEM. */
int sr_dialog_request(struct sr_dialog *d, sr_time now,
    const struct sr_dialog_request *r);
/* The ACK of a 2xx, the PRACK of an 18x, that held an offer: with the answer.
 * Everything else is acknowledged without help. */
int sr_dialog_ack(struct sr_dialog *d, sr_time now, struct sr_str type,
    struct sr_str body);
int sr_dialog_prack(struct sr_dialog *d, sr_time now, struct sr_str type,
    struct sr_str body);
/* Our INVITE (also a re-INVITE) is taken back; reason: a Reason header line
 * with CRLF, or absent.  A 2xx that comes nevertheless is ended by BYE where
 * the INVITE was the first one, and else stands. */
int sr_dialog_cancel(struct sr_dialog *d, sr_time now, struct sr_str reason);
/* Ends it, whatever its state is: BYE, CANCEL, or 480 to an INVITE of the
 * peer that is unanswered.  A 2xx of ours that has no ACK yet is waited for.
 * OVER tells when it is done. */
int sr_dialog_bye(struct sr_dialog *d, sr_time now, struct sr_str headers,
    struct sr_str type, struct sr_str body);

/* ---- what is known of a dialog ---- */

enum sr_dialog_state {
	SR_D_EARLY,			/* no 2xx yet */
	SR_D_CONFIRMED,
	SR_D_ENDING,			/* BYE or CANCEL is on its way */
	SR_D_OVER
};
void **sr_dialog_slot(struct sr_dialog *d);	/* the owner's; NULL at first */
enum sr_dialog_state sr_dialog_state(const struct sr_dialog *d);
bool sr_dialog_is_uac(const struct sr_dialog *d);  /* our INVITE made it */
struct sr_str sr_dialog_call_id(const struct sr_dialog *d);
struct sr_str sr_dialog_local_tag(const struct sr_dialog *d);
struct sr_str sr_dialog_remote_tag(const struct sr_dialog *d);
struct sr_str sr_dialog_local_uri(const struct sr_dialog *d);
struct sr_str sr_dialog_remote_uri(const struct sr_dialog *d);
struct sr_str sr_dialog_target(const struct sr_dialog *d);  /* its Contact */
const struct sr_hop *sr_dialog_hop(const struct sr_dialog *d);
bool sr_dialog_allows(const struct sr_dialog *d, const char *method);
bool sr_dialog_supports(const struct sr_dialog *d, const char *option);
/* The session descriptions in force: the ua uses local for a refresh. */
int sr_dialog_set_sdp(struct sr_dialog *d, struct sr_str local,
    struct sr_str remote);
struct sr_str sr_dialog_local_sdp(const struct sr_dialog *d);
struct sr_str sr_dialog_remote_sdp(const struct sr_dialog *d);
/* What all later INVITEs, UPDATEs and their 2xx carry in Contact. */
int sr_dialog_set_contact(struct sr_dialog *d, struct sr_str user,
    struct sr_str params);
/* Text of the Reason of a BYE that the ua sends by itself after a 408 or 481;
 * static text, NULL: none.  After a missing ACK it is "no-ack", when the
 * session timer ran out "session-timer". */
void sr_dialog_set_reason(struct sr_dialog *d, const char *text);
/* RFC 7989: 32 hex digits each; absent when not spoken. */
struct sr_str sr_dialog_session_id(const struct sr_dialog *d);
struct sr_str sr_dialog_remote_session_id(const struct sr_dialog *d);
struct sr_session_timer {
	uint32_t interval;		/* seconds; 0: no session timer */
	bool ours;			/* we refresh */
	sr_time refresh, expires;	/* SR_NEVER: none */
};
struct sr_session_timer sr_dialog_timer(const struct sr_dialog *d);
/* The dialog with this Call-ID and tags, early or confirmed, or NULL. */
struct sr_dialog *sr_ua_find(struct sr_ua *ua, struct sr_str call_id,
    struct sr_str local_tag, struct sr_str remote_tag);
/* Is this request part of a dialog or a transaction that is known here? */
bool sr_ua_knows(struct sr_ua *ua, const struct sr_msg *m);
size_t sr_ua_dialogs(const struct sr_ua *ua);	/* how many there are */
size_t sr_ua_transactions(const struct sr_ua *ua);

/* ---- a dialog that survives its process ---- */

/* Adds all that an established dialog is, as bytes that say which version they
 * are: ids, URIs, routes, CSeqs, the session timer, both session descriptions;
 * and a 2xx of ours that has no ACK yet, so that it can be said again.  Without
 * keys, those of SDES are zeros in it (sr_sdp_blank).  Credentials of a client
 * are never in it.  SR_OK; SR_ENOENT: no 2xx was sent or heard, or it is over;
 * SR_ELIMIT; SR_ENOMEM. */
int sr_dialog_save(const struct sr_dialog *d, bool keys, struct sr_buf *out);
bool sr_dialog_unacked(const struct sr_dialog *d);  /* a 2xx of ours is */
/* Makes it again.  Our CSeq is 100 higher: requests may have been sent since.
 * The numbers of connections mean nothing any more: a peer of TCP is reached
 * at its target until it speaks.  A refresh that is overdue is sent within
 * 2 s; a session that would be over, or soon, gets max(32 s, interval / 3)
 * from now on, because refreshes were not heard.  What waited for its ACK is
 * repeated and waits on; when nothing comes, ACKED is told (msg NULL): it may
 * have come while nobody listened.  A 2xx to a request of before gets an ACK.
 *
 * SR_OK; SR_EBAD: no such record, cut short or with bytes too many, or the
 * dialog is here already; SR_EUNSUP: of a later version; SR_ELIMIT;
 * SR_ENOMEM. */
int sr_dialog_restore(struct sr_ua *ua, struct sr_str in, sr_time now,
    struct sr_dialog **out);
/* From now on it speaks from where here.local is. */
void sr_dialog_move(struct sr_dialog *d, const struct sr_hop *here);
/* Forgets it without a word: nothing of it is sent any more, not even what
 * waits as an event, no event tells of its end, and copies of what it was
 * asked are not answered.  d is gone. */
void sr_dialog_drop(struct sr_dialog *d);

#endif
