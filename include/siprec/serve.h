/* serve: what a recording server (RFC 7866) decides: whom it answers what, and
 * what it asks for itself.  No sockets, no ports, no clock.
 *
 * It does not record.  The owner gives each message received and each message
 * sent, and all media, to an engine (core.h) in the order of the wire; the
 * engine's events come back here by sr_serve_engine_event. */
#ifndef SIPREC_SERVE_H
#define SIPREC_SERVE_H

#include "siprec/core.h"
#include "siprec/ua.h"

struct sr_serve;

/* ---- birth ---- */

struct sr_cidr {
	struct sr_addr addr;
	unsigned bits;
};
/* "192.0.2.0/24", "2001:db8::/32", or one address.  SR_OK, SR_EBAD. */
int sr_cidr_parse(struct sr_cidr *c, struct sr_str s);

enum sr_replaces_policy {		/* who may replace a dialog */
	SR_REPLACES_SAME,	/* the same TLS identity, else the same digest
				 * user, else the same address */
	SR_REPLACES_ANY,		/* whoever may call at all */
	SR_REPLACES_DIGEST,		/* the same digest user */
	SR_REPLACES_NONE
};
enum sr_passport_policy {		/* the Identity header, RFC 8224 */
	SR_PASSPORT_IGNORE,
	SR_PASSPORT_LOG,	/* how it fares stands in the session's who */
	SR_PASSPORT_REQUIRE		/* no call without a good one */
};
/* Zeros are defaults, said behind each.  Arrays, strings, users must outlive
 * the server, or be replaced by sr_serve_access. */
struct sr_serve_cfg {
	/* crypto is needed.  What is absent takes what a recording server
	 * says: contact_params ";+sip.srs", understood "siprec" ... */
	struct sr_ua_cfg ua;
	/* decodes, arg, srtp, first, text, no_mux, passive; the rest is
	 * filled in here. */
	struct sr_plan_cfg plan;
	struct sr_str fingerprint;	/* "sha-256 AA:..."; absent: no DTLS */
	bool strict;			/* the letter of RFC 7866 */
	bool any;	/* plain calls too: the engine wants cfg.all */
	bool held;			/* sessions begin paused */
	bool no_require;	/* leave "Require: siprec" out of a 2xx */
	bool secure;			/* signalling over TLS only */
	const struct sr_cidr *allow;	/* who may call; none: everybody */
	size_t nallow;
	/* Who may call, by the names of the TLS certificate or the digest
	 * user: patterns, where * is any text; none: everybody. */
	const struct sr_str *who;
	size_t nwho;
	/* Peers whose P-Asserted-Identity is believed (RFC 3325). */
	const struct sr_cidr *trusted;
	size_t ntrusted;
	enum sr_passport_policy passport;
	const struct sr_signers *signers;	/* NULL: none is known */
	unsigned calls_a_second;	/* new ones, of one source; no limit */
	unsigned failures_a_minute;	/* of digest, of one source: 30 */
	const struct sr_str *hosts;	/* what we answer for; none: all */
	size_t nhosts;
	const struct sr_auth_users *users;	/* NULL: no digest */
	struct sr_str realm;		/* "siprec" */
	bool md5;			/* offer and accept MD5 too */
	sr_time nonce_life;		/* 5 min */
	enum sr_replaces_policy replaces;
	unsigned streams;	/* offered to an INVITE without offer: 2 */
	sr_time answer_delay;		/* 0; for tests */
	sr_time media_timeout;		/* 60 s; SR_NEVER: none */
	/* OPTIONS to a session that has neither media nor a session timer, so
	 * often: 15 min; SR_NEVER: never. */
	sr_time probe;
	sr_time max_duration;		/* none */
	uint32_t retry_after;		/* of a 503: 30 s */
	size_t max_sessions;		/* 10,000 */
	size_t max_lines;		/* 64 m-lines in one offer */
	size_t max_subscriptions;	/* 100 */
	bool persist;	/* PERSIST events, see "what outlives the process" */
};
int sr_serve_new(struct sr_serve **sp, const struct sr_serve_cfg *cfg);
void sr_serve_free(struct sr_serve *s);
/* New access lists and credentials, for calls to come. */
void sr_serve_access(struct sr_serve *s, const struct sr_cidr *allow,
    size_t nallow, const struct sr_auth_users *users);
void sr_serve_signers(struct sr_serve *s, const struct sr_signers *signers);

/* ---- in ---- */

/* Before each of these four calls, take all events; the others of this header
 * may be called between two events as well. */
struct sr_serve_in {
	struct sr_hop hop;		/* where it came from */
	struct sr_str identity;	/* of a TLS peer whose certificate was verified;
				 * absent: none.  Borrowed for the call. */
	struct sr_str raw;		/* one whole message */
};
/* As sr_ua_receive; SR_EAUTH: it is of somebody else than whose certificate
 * began the dialog, and changed nothing: do not give it to the engine. */
int sr_serve_receive(struct sr_serve *s, const struct sr_serve_in *in,
    sr_time now);
void sr_serve_tick(struct sr_serve *s, sr_time now);
void sr_serve_lost(struct sr_serve *s, const struct sr_hop *hop, sr_time now);
void sr_serve_resolved(struct sr_serve *s, uint64_t ticket,
    const struct sr_hop *hops, size_t n, sr_time now);

sr_time sr_serve_due(const struct sr_serve *s);	/* or SR_NEVER */

/* Answers PORTS: v[i] belongs to want[i].  n 0: there are none (503).  SR_OK;
 * SR_ENOENT: the leg no longer wants them: close them again. */
struct sr_serve_port {
	struct sr_addr rtp;		/* as the peer is to see it */
	uint16_t rtcp;	/* 0: muxed, or rtp.port + 1 where that was asked */
};
int sr_serve_ports(struct sr_serve *s, uint64_t leg,
    const struct sr_serve_port *v, size_t n, sr_time now);
/* Whom the client of a session, by the Call-ID of its first dialog, has proved
 * to be: the names of its TLS certificate, its digest
 * user, and what a trusted peer said of it; how its Identity header fared, and
 * whom From and To name in it.  What is not known is absent;
 * borrowed until the next call.  False: there is no such session. */
struct sr_serve_who {
	struct sr_str tls, user, asserted;
	const char *passport;		/* sr_passport_word; NULL: not asked */
	struct sr_str orig, dest;
};
bool sr_serve_who(const struct sr_serve *s, struct sr_str call_id,
    struct sr_serve_who *out);
/* When the latest packet of that line came.  Cheap; once a second will do. */
void sr_serve_heard(struct sr_serve *s, uint64_t leg, size_t line, sr_time at);
/* All events of the engine, in order. */
void sr_serve_engine_event(struct sr_serve *s, const struct sr_event *ev);
/* The disk is (no longer) so full that new calls must be refused. */
void sr_serve_full(struct sr_serve *s, bool on);
/* Draining: 503 to new calls; IDLE when the last one is over. */
void sr_serve_drain(struct sr_serve *s, bool on, sr_time now);
/* Drains, ends all dialogs by BYE with that Reason text ("stopped"; static),
 * takes registrations back; IDLE when all is said. */
void sr_serve_shutdown(struct sr_serve *s, const char *reason, sr_time now);

/* ---- out ---- */

enum sr_serve_kind {
	SR_SERVE_SEND,			/* hop, data; for logs: method, status,
					 * branch, server */
	SR_SERVE_RESOLVE,		/* ticket, uri: sr_serve_resolved */
	SR_SERVE_PORTS,	/* leg, want, nwant: bind, then sr_serve_ports */
	SR_SERVE_RELEASE,		/* leg, line; line SR_ALL_LINES: the leg
					 * is over, its number too, also one
					 * that never wanted ports */
	SR_SERVE_LINE,			/* leg, line, label, peer, dir: what
					 * holds from now on */
	SR_SERVE_KEYS,			/* leg, line, keying: just before the
					 * LINE with new keys */
	SR_SERVE_MUTE,			/* leg, line, on: drop its media, do not
					 * give it to the engine */
	SR_SERVE_PIN,		/* conn carries a dialog: do not close it */
	SR_SERVE_UNPIN,			/* conn carries one dialog less */
	SR_SERVE_DONE,			/* ticket, act, status, leg: how the
					 * other side took a command */
	SR_SERVE_NOTE,			/* rule, text, call_id; leg or 0 */
	SR_SERVE_PERSIST,	/* ticket, call_id: of the session's first
				 * dialog, over: see below */
	SR_SERVE_TAKEN,	/* call_id, as above: another server has the session;
			 * its legs are released before */
	SR_SERVE_IDLE			/* draining, and nothing is left */
};
#define SR_ALL_LINES SIZE_MAX

struct sr_serve_want {			/* a line that needs ports */
	size_t line;			/* index of the m-line */
	uint8_t family;			/* 4 or 6 */
	bool mux;			/* one port, not two */
	bool text;			/* real-time text, not audio */
	struct sr_addr local;		/* where the signalling came to */
	/* What a restored line had, to be bound again; family 0: nothing. */
	struct sr_serve_port again;
};
struct sr_serve_keying {
	enum sr_keying keying;		/* NONE: plain RTP, or ICE alone */
	const struct sr_sdes_key *ours;		/* SDES */
	const struct sr_sdes_keys *theirs;	/* SDES */
	bool active;			/* DTLS: we are the client */
	struct sr_str fingerprints[SR_FINGERPRINTS];	/* DTLS: the peer's */
	size_t nfingerprints;
	struct sr_str ufrag, pwd;	/* ICE, lite side: ours, or absent */
	/* Of a restored line: what comes can be opened with these keys, but
	 * nothing may be sent with ours, whose index nobody knows (RFC 3711
	 * section 9.1), until KEYS tells a new one. */
	bool old;
};
enum sr_serve_act {
	SR_ACT_PAUSE, SR_ACT_RESUME, SR_ACT_STOP, SR_ACT_DROP, SR_ACT_SNAPSHOT,
	SR_ACT_CALL, SR_ACT_REGISTER
};
/* Good until the next sr_serve_next; what it points to, for SEND and RESOLVE,
 * until the next of the four calls. */
struct sr_serve_event {
	enum sr_serve_kind kind;
	uint64_t leg;			/* a dialog with its ports; 0: none */
	struct sr_str call_id;		/* of the leg's dialog */
	size_t line;
	struct sr_str label;
	struct sr_hop hop;
	struct sr_str data;
	enum sr_method method;
	int status;			/* SEND: 0 is a request.  DONE: final
					 * status, 0: no answer came */
	struct sr_str branch;
	bool server;
	uint64_t ticket;
	struct sr_str uri;
	const struct sr_serve_want *want;
	size_t nwant;
	const struct sr_plan_line *peer;	/* addresses, mux, held ... */
	enum sr_dir dir;		/* SR_RECVONLY or SR_INACTIVE */
	struct sr_serve_keying keying;
	bool on, over;
	bool held;			/* SEND: sr_serve_held has told of it */
	uint64_t conn;
	enum sr_serve_act act;
	const char *rule;
	struct sr_str text;
};
/* NULL when dry. */
const struct sr_serve_event *sr_serve_next(struct sr_serve *s);

/* ---- control ---- */

/* session: the name of its directory, or a Call-ID.  PAUSE, RESUME, STOP,
 * SNAPSHOT; DROP wants a label.  What can be told at once: SR_OK, and a DONE
 * with *ticket follows; SR_ENOENT: no such session or label; SR_EUNSUP: the
 * other side takes no UPDATE (SNAPSHOT); SR_EBAD: the session is at its end.
 * A paused session is mute from this call on. */
int sr_serve_do(struct sr_serve *s, enum sr_serve_act act,
    struct sr_str session, struct sr_str label, sr_time now,
    uint64_t *ticket);

/* The sender of that line is not who its SDP says (RFC 5763 section 5): its
 * media is torn down now, and the line by re-INVITE; a session without another
 * by BYE.  SR_OK; SR_ENOENT: no such line, or no more. */
int sr_serve_distrust(struct sr_serve *s, uint64_t leg, size_t line,
    sr_time now);

/* Ends a session, or all when it is absent, by BYE with that Reason text
 * ("disk-full"; static).  SR_OK; SR_ENOENT: no such session. */
int sr_serve_end(struct sr_serve *s, struct sr_str session,
    const char *reason, sr_time now);

/* A session begun by us, RFC 7866 section 6.2.  DONE tells the outcome.  As
 * sr_ua_invite. */
struct sr_serve_call {
	struct sr_str uri;		/* of the recording client */
	struct sr_str from;		/* absent: sip:siprec@ our address */
	const struct sr_ua_auth *auth;	/* NULL: none */
};
int sr_serve_call(struct sr_serve *s, const struct sr_serve_call *c,
    sr_time now, uint64_t *ticket);
/* Registers aor with registrar and keeps it so until shutdown.  DONE after
 * each attempt.  auth must outlive the server. */
struct sr_serve_register {
	struct sr_str registrar, aor;	/* URIs; borrowed for the call */
	uint32_t expires;		/* seconds, 0: 3600 */
	const struct sr_ua_auth *auth;
};
int sr_serve_register(struct sr_serve *s, const struct sr_serve_register *r,
    sr_time now, uint64_t *ticket);

/* ---- what outlives the process ---- */

/* With cfg.persist, PERSIST comes before a 2xx to INVITE or UPDATE, a re-INVITE
 * or a BYE of ours leaves, and what leg would send next waits behind it, until
 * sr_serve_persisted or for 500 ms.  The owner calls sr_serve_save when it
 * takes the event: the session is by then as if all had been sent.  It comes
 * too, and nothing waits, after other changes: an ACK, a mute, a session timer
 * that moved.  over: the last leg of the session has ended, the record can go.
 *
 * err SR_OK: it is written.  SR_EAUTH: the session belongs to somebody else by
 * now; as sr_serve_abandon.  Others: what waits goes out nevertheless, as after
 * 500 ms, and a NOTE "store" says so, once until it works again.  SR_ENOENT:
 * nothing waits for that ticket (any more): after SR_EAUTH, abandon the session
 * by its name. */
/* What waits behind that ticket, oldest first, but for a BYE: SEND events as
 * they will come, for who has to show them before; NULL: no more. */
const struct sr_serve_event *sr_serve_held(struct sr_serve *s,
    uint64_t ticket, size_t i);
/* PERSIST for all sessions: the store has forgotten them. */
void sr_serve_persist_all(struct sr_serve *s);
int sr_serve_persisted(struct sr_serve *s, uint64_t ticket, int err,
    sr_time now);
/* Another server has it: what waits is not sent, its legs end without BYE or
 * answer (RELEASE, then TAKEN).  session: a name as in sr_serve_do.  SR_OK,
 * SR_ENOENT. */
int sr_serve_abandon(struct sr_serve *s, struct sr_str session, sr_time now);
/* The Call-IDs of all dialogs of that session, oldest first, at most max;
 * borrowed until the next call.  How many there are. */
size_t sr_serve_names(const struct sr_serve *s, struct sr_str first,
    struct sr_str *v, size_t max);
/* Adds the record of a session, by the Call-ID of its first dialog: all its
 * legs but those whose first offer has no answer yet, which end with the
 * process.  Without keys, there are none in it.  SR_OK; SR_ENOENT: there is
 * none that could be kept; SR_ELIMIT; SR_ENOMEM. */
int sr_serve_save(const struct sr_serve *s, struct sr_str first, bool keys,
    struct sr_buf *out);
/* Makes a session again, out of its record: as it was, with the same o=
 * versions, paused where it was paused, with what was to be told to the client
 * yet to be told.  PORTS comes for its lines, and says in "again" what they
 * had; where there are none, BYE ends it.  LINE, KEYS and MUTE tell how they
 * stand.  With the same ports it goes on; where they are others, or keys are
 * wanted (keys false, or none in the record; DTLS, whose association died with
 * its process: no KEYS are told then), a re-INVITE of ours follows, unless one
 * of the client comes first and is answered.  Then it asks for a snapshot, RFC
 * 7866 9.2.  A client that answers nothing and sends nothing is probed after
 * 10 s, and the session ends when that fails.
 *
 * from: over which hop a message came that is fed next, and for which the
 * session was fetched: nothing of ours is sent before 100 ms; NULL: none.
 * Take all events before the message is fed.
 *
 * SR_OK, also when the session is here already: then nothing happens.
 * Otherwise nothing has changed: SR_EBAD: it is no such record or damaged;
 * SR_EUNSUP: of a later version, or with nothing that this server may record;
 * SR_ELIMIT; SR_ENOMEM. */
int sr_serve_restore(struct sr_serve *s, struct sr_str in, bool keys,
    const struct sr_hop *from, sr_time now);
/* Tells a request, that nothing can be said about now, to come again. */
int sr_serve_busy(struct sr_serve *s, const struct sr_serve_in *in,
    uint32_t retry_after, sr_time now);
/* Is this message a request in a dialog, or one that replaces a dialog, that is
 * not known here and has not ended lately?  *call_id, borrowed until the next
 * call, is that dialog's: whoever has a store asks it before the message is
 * fed. */
bool sr_serve_misses(struct sr_serve *s, struct sr_str raw,
    struct sr_str *call_id);

/* One JSON object and a line feed.  SR_OK, SR_ENOENT, SR_ELIMIT, SR_ENOMEM. */
int sr_serve_list(const struct sr_serve *s, struct sr_buf *out, sr_time now);
int sr_serve_show(const struct sr_serve *s, struct sr_str session,
    struct sr_buf *out, sr_time now);
int sr_serve_stats_json(const struct sr_serve *s, struct sr_buf *out,
    sr_time now);

enum { SR_SETUP_BUCKETS = 16, SR_CAUSES = 16 };
struct sr_serve_stats {
	size_t now;			/* sessions, answered and not over */
	size_t legs, subscriptions;
	bool draining, full;
	uint64_t invites;		/* the first of each dialog */
	uint64_t answered, cancelled;
	uint64_t refused[700];		/* by status */
	/* set-up times: bucket i counts those below 1 ms * 2^i, and the last
	 * one all the rest */
	uint64_t setup[SR_SETUP_BUCKETS];
	sr_time setup_sum;
	struct sr_serve_cause {
		const char *why;	/* NULL: the list is over */
		uint64_t n;
	} ended[SR_CAUSES];		/* reasons of core.h's END */
};
void sr_serve_stats(const struct sr_serve *s, struct sr_serve_stats *out);

#endif
