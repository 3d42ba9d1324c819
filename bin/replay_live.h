/* replay_live: calls over the network, from inside. */
#ifndef SIPREC_REPLAY_LIVE_H
#define SIPREC_REPLAY_LIVE_H

#include <pthread.h>
#include <stdatomic.h>

#include "replay.h"

enum { STREAM_BUCKETS = 16384, MAX_HOPS = 32 };
#define OFTEN (200 * SR_MSEC)

struct world;
struct stream {				/* one m-line that is being sent */
	struct stream *next;
	struct world *world;
	uint64_t name, id;		/* ours; the pacer's */
	struct sr_sender *sender;
	struct guard *guard;		/* NULL: plain RTP */
	struct shaker *shaker;		/* NULL: no DTLS */
	const char *trouble;		/* of the handshake; NULL: none */
	struct sr_run_line line;
	struct sr_sender_numbers numbers;	/* when it was closed */
	atomic_int users;		/* the pacer, and here */
	bool heard;			/* the pacer's: RTCP came */
};
struct sums {				/* of a call under way */
	struct sums *next;
	uint64_t call;
	struct stream *closed;		/* whose numbers are on their way */
	struct sr_sender_numbers sum;
	bool any;
};
struct place {				/* where a URI leads */
	struct world *world;
	struct sr_run_target target;
	struct sr_hop hops[MAX_HOPS];
	struct sr_str domain;
	uint64_t ticket;
	bool ready;
};
struct world {
	const struct options *o;
	const struct pieces *pieces;
	struct studio *studio;
	struct totals *totals;
	struct sr_loop *loop;
	struct sr_wake *wake;
	struct sr_transport *transport;
	struct sr_tls *tls;
	struct sr_dns *dns;
	struct sr_run *run;
	struct sr_pace *pace;
	struct sr_addr at;		/* where we listen */
	struct stream *streams[STREAM_BUCKETS];
	pthread_mutex_t lock;		/* what the pacer leaves here */
	uint64_t *heard;		/* calls that got RTCP, to be told */
	size_t nheard, heard_cap;
	struct sums *sums[STREAM_BUCKETS];
	struct place main, failover;
	struct sr_ua_auth auth;
	struct sr_buf password;
	struct sr_hop *lost;		/* to be told of, when dry */
	size_t nlost, lost_cap;
	uint64_t begun, done;
	sr_time start, stop_by;
	int status, signals;
	bool draining;
};

/* ---- streams: what the run says of them, and the pacer does ---- */

void live_stream(struct world *w, const struct sr_run_event *ev);
void live_done(struct world *w, const struct sr_run_result *r);
/* Who got reports of the server since, says the pacer: told to the run. */
void live_tell_reports(struct world *w);
void live_forget(struct world *w);

/* ---- places: where a URI leads ---- */

void live_look_up(struct world *w, struct place *p, struct sr_str uri);
int live_find_servers(struct world *w);

/* ---- the run ---- */

void live_drain(struct world *w);
void live_move_on(struct world *w);

#endif
