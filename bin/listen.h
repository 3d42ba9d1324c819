/* listen: the recording server, from inside. */
#ifndef SIPREC_LISTEN_H
#define SIPREC_LISTEN_H

#include "siprec/crypt.h"
#include "siprec/io.h"
#include "siprec/out.h"
#include "siprec/serve.h"

#include "listen_secure.h"

enum { MAX_LISTENERS = 32, MAX_ALLOW = 256, MAX_CALLS = 64,
	LEG_BUCKETS = 4096, REPORT_TURNS = 128 };
#define REPORT_TURN (100 * SR_MSEC)

struct options {
	const char *listeners[MAX_LISTENERS];
	size_t nlisteners;
	struct sr_record_cfg record;
	struct secure secure;
	const char *advertise, *auth, *realm, *control, *log, *clf;
	const char *on_event, *user, *hash_user;
	struct {
		const char *url, *node, *password_file;
		sr_time lease;		/* 0: as sr_store_cfg has it */
		bool no_keys;
	} store;
	const char *calls[MAX_CALLS], *reg, *user_name, *password_file;
	size_t ncalls;
	struct sr_addr metrics;		/* family 0: none */
	size_t backlog;			/* 0: as sr_sink has it */
	const char *tls_ca, *tls_crl, *dns;
	bool verify_client, json, quiet, strict, any, held, first_codec;
	bool latch_off;
	enum sr_replaces_policy replaces;
	enum sr_srtp_policy srtp;
	uint16_t lo, hi;
	struct sr_cidr allow[MAX_ALLOW];
	size_t nallow;
	size_t max_sessions;
	sr_time media_timeout, max_duration, answer_delay, t1;
	uint32_t min_se, session_expires;
	uint64_t min_free;
	struct sr_buf config;		/* what strings may point to */
	int argc;			/* to read it all again */
	char **argv;
};
int listen_options(struct options *o, int argc, char *argv[], bool *done);
void listen_options_free(struct options *o);

struct server;
struct leg;
struct port;
struct dtls;
struct ice;
struct door {				/* a socket of a port */
	struct port *port;
	bool rtcp;
};
struct port {				/* of one m-line of a leg */
	struct door door[2];
	struct leg *leg;
	size_t line;
	struct sr_pair pair;
	struct sr_drain_sock *rtp, *rtcp;
	struct sr_ports *from;
	struct sr_addr addr;		/* as the client sees it */
	struct sr_addr source;		/* where its media came from */
	struct sr_addr report_to;	/* its RTCP; family 0: nobody */
	struct sr_receiver receiver;
	void *guard;			/* SDES: protects our RTCP */
	struct dtls *dtls;		/* NULL: no DTLS-SRTP */
	struct ice *ice;		/* NULL: none was offered */
	bool muted, mux;
	bool shared;			/* RTCP goes by the port of RTP now */
	bool silent;	/* its key may not be used again: no reports */
	sr_time heard, told;
	uint64_t packets, dropped;
	struct port *next, **at;	/* of all */
	struct port *next_due, **at_due;	/* of those of its turn */
};
struct leg {
	struct leg *next;		/* in the table, by number */
	struct leg *same;		/* in the table, by Call-ID */
	uint64_t number, hash;
	struct port **ports;
	size_t nports;
	struct server *server;
};
struct nets {				/* port ranges, one per local address */
	struct sr_addr addr;
	struct sr_ports *ports;
};

struct command;				/* of a client, not yet answered */
struct keep;				/* what outlives the process */
struct loss {				/* of lines, or of events */
	const char *what;
	uint64_t seen, said;
	bool gone;
};
struct totals {				/* of the streams of ended sessions */
	uint64_t streams, packets, lost, late, duplicate;
};

struct server {
	const struct options *o;
	struct sr_loop *loop;
	struct sr_wake *wake;
	struct sr_transport *transport;
	struct sr_tls *tls;
	struct sr_dns *dns;
	struct sr_drain *drain;
	struct sr_engine *engine;
	struct sr_recorder *recorder;
	struct sr_serve *serve;
	struct sr_sink *out, *log, *clf;
	struct sr_hook *hook;
	struct loss losses[4];		/* of these */
	struct sr_control *control;
	struct command *commands;
	struct sr_metrics *metrics;
	struct keep *keep;		/* NULL: nothing does */
	struct totals totals;
	struct sr_cidr allow[MAX_ALLOW];
	size_t nallow, max_sessions;
	struct sr_ua_auth login;	/* towards others */
	struct sr_buf password;
	sr_time began, watchdog, dog;	/* dog: when it is fed next */
	struct leg *legs[LEG_BUCKETS], *calls[LEG_BUCKETS];
	struct port *ports;
	struct dtls *dtls;
	struct port *due[REPORT_TURNS];	/* by when they report */
	sr_time reported;		/* turns before this were had */
	struct nets nets[16];
	size_t nnets, nports;
	uint64_t muted, rtcp_in, rtcp_out;	/* packets */
	char cname[32];
	struct sr_buf line;
	struct sr_signers *signers;
	struct sr_auth_users users;
	struct sr_buf credentials;
	struct sr_chunk held;		/* a request that may be refused */
	bool holds;
	struct sr_hop *lost;
	size_t nlost, lost_cap;
	sr_time second;			/* the next look at the slow things */
	sr_time tenth;
	sr_time stop_by;
	bool busy, stopping;
	bool told;			/* the log got something to say */
	bool past;			/* what is told has been told before */
	int status;
};

/* ---- wire: SIP in and out ---- */

int wire_open(struct server *s);
void wire_close(struct server *s);
/* Everything that serve and the engine have to say, until both are dry. */
void server_drain(struct server *s);
void server_wake(struct server *s);

/* Gives a message to the server, and to the engine unless it is refused. */
void wire_take(struct server *s, const struct sr_serve_in *in, sr_time when);
/* A message that will be sent is shown to the engine now. */
void wire_show(struct server *s, const struct sr_serve_event *ev);

/* ---- store: sessions that outlive the process ---- */

bool store_is_kept(const struct options *o);
int store_open(struct server *s);	/* before there are threads */
int store_begin(struct server *s);	/* what was left is gone on with */
void store_close(struct server *s);
void store_persist(struct server *s, const struct sr_serve_event *ev);
void store_taken(struct server *s, struct sr_str call_id);
/* Is this message of a session that the store may know?  Then it is taken when
 * the store has answered. */
bool store_fetch(struct server *s, const struct sr_serve_in *in,
    sr_time when);
sr_time store_due(const struct server *s);
void store_tick(struct server *s, sr_time now);
void store_look(struct server *s);	/* once a second */

/* ---- media: ports, RTP in, RTCP out ---- */

int media_open(struct server *s);
void media_close(struct server *s);
void media_ports(struct server *s, const struct sr_serve_event *ev);
void media_release(struct server *s, const struct sr_serve_event *ev);
void media_line(struct server *s, const struct sr_serve_event *ev);
void media_keys(struct server *s, const struct sr_serve_event *ev);
void media_mute(struct server *s, const struct sr_serve_event *ev);
bool media_knows(struct server *s, struct sr_str call_id);
/* A packet of RTP or RTCP, by which of the two sockets it came. */
void media_packet(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d);
/* What has come for the call of this message goes first. */
void media_first(struct server *s, struct sr_str call_id);
void media_reports(struct server *s, sr_time now);	/* RTCP that is due */
void media_tell(struct server *s);	/* serve, what was heard */

/* ---- dtls: keys by handshakes ---- */

void shake_keys(struct server *s, struct port *p,
    const struct sr_serve_keying *k);
/* What the SDP says from now on; where we are active, we begin. */
void shake_line(struct server *s, struct port *p,
    const struct sr_plan_line *peer);
/* The client has shown that this address is its own. */
void shake_proved(struct server *s, struct port *p, bool rtcp,
    const struct sr_addr *a);
void shake_take(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d);
/* Of a port with DTLS: may this packet be opened?  If not, it may be kept
 * until it can. */
bool shake_opens(struct port *p, bool rtcp, const struct sr_dgram *d);
/* What protects RTCP, and where it goes; NULL: none may be sent. */
void *shake_guard(const struct port *p, bool rtcp, struct sr_addr *to);
void shake_ticks(struct server *s, sr_time now);
void shake_free(struct port *p);

/* ---- ice: where the client is ---- */

void ice_keys(struct port *p, const struct sr_serve_keying *k);
void ice_take(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d);
/* Changes where RTCP goes, where the client has chosen. */
void ice_aim(const struct port *p, bool rtcp, struct sr_addr *to);
void ice_free(struct port *p);

/* ---- log: events out ---- */

int log_open(struct server *s);
void log_take(struct server *s, const struct sr_event *ev);
void log_drain(struct server *s);	/* all that the engine has to tell */
void log_note(struct server *s, const struct sr_serve_event *ev);
void log_lines(struct server *s, bool wait);
void log_trouble(struct server *s, sr_time now);	/* files that failed */
void log_close(struct server *s);
/* A warning about a stream, in the log of its session; NULL: of none. */
void log_of_stream(struct server *s, struct sr_stream *t, const char *rule,
    const char *text);
/* A warning of our own, as an event. */
void log_words(struct server *s, const char *rule, const char *text);

/* ---- hooks: programs, and readers that are too slow ---- */

int hooks_open(struct server *s);
void hooks_line(struct server *s, struct sr_str line);
void hooks_look(struct server *s);	/* once a second: is there a loss? */
void hooks_close(struct server *s);

/* ---- clf: each SIP message in the common log format ---- */

int clf_open(struct server *s);
void clf_take(struct server *s, const struct sr_hop *hop, bool sent,
    sr_time when, struct sr_str raw);

/* ---- control: what siprec-ctl asks for ---- */

int control_open(struct server *s);
void control_take(struct server *s, const struct sr_serve_event *ev);
void control_idle(struct server *s);	/* draining, and nothing is left */
void control_close(struct server *s);

/* ---- metrics ---- */

int metrics_open(struct server *s);
void metrics_event(struct server *s, const struct sr_event *ev);

/* ---- run: what a service has besides ---- */

int run_limits(struct server *s);	/* descriptors, sessions */
int run_credentials(struct server *s);
void run_reload(struct server *s);
/* Our address towards whom we are to call or register with. */
void run_local(struct server *s, struct sr_addr local[3]);
int run_privileges(struct server *s);
void run_ready(struct server *s);	/* the calls that we begin, too */
void run_done(struct server *s, const struct sr_serve_event *ev);
void run_feed(struct server *s, sr_time now);	/* the watchdog */
void run_status(struct server *s);
void run_free(struct server *s);
int listen_hash_password(const struct options *o);

/* ---- sandbox: what the process may do once it runs ---- */

int sandbox_begin(struct server *s);
int sandbox_files(struct server *s);	/* before there are threads */
int sandbox_calls(struct server *s);	/* when all is open */

/* ---- identity: who they are that call ---- */

/* The certificates under their calls, from files: at the start, and again. */
int identity_open(struct server *s);
void identity_reload(struct server *s);
/* Adds whom the client has proved to be to the event that begins a session. */
void identity_say(struct server *s, struct sr_event *begin);

#endif
