/* pace - what the files of the pacer share. */
#ifndef SIPREC_IO_PACE_H
#define SIPREC_IO_PACE_H

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "siprec/io.h"

struct batch;

union endpoint {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* What every packet needs stands first: few lines of the cache. */
struct stream {
	/* In the wheel. */
	struct stream *next, **prev;
	int64_t tick;
	sr_time due;
	/* In a batch that is not sent yet, when its serial is this one. */
	struct batch *batch;
	uint64_t serial;
	struct sr_pace_stream s;
	union endpoint rtp, rtcp;
	socklen_t rtp_len, rtcp_len;
	uint64_t id;
	struct stream *next_id, *next_peer, *next_media; /* in their tables */
};

/* ---- pace_wheel.c ---- */

enum { WHEEL_SLOTS = 8192 };		/* a second and a bit */
#define WHEEL_TICK (SR_MSEC / 8)

struct wheel {
	struct stream *slot[WHEEL_SLOTS];
	uint64_t used[WHEEL_SLOTS / 64];
	int64_t cursor;			/* the tick to be looked at next */
};
void sr_wheel_init(struct wheel *w, sr_time now);
void sr_wheel_add(struct wheel *w, struct stream *s);	/* due is set */
void sr_wheel_remove(struct wheel *w, struct stream *s);
/* Takes out one stream that is due; NULL when none is. */
struct stream *sr_wheel_due(struct wheel *w, sr_time now);
sr_time sr_wheel_wake(const struct wheel *w);	/* SR_NEVER: nothing there */

/* ---- pace_wire.c ---- */

enum { BATCH = 64 };

struct batch {				/* for one socket */
	int fd;
	unsigned n;
	uint64_t serial;		/* grows with each flush */
	struct mmsghdr msg[BATCH];
	struct iovec iov[BATCH][2];
	sr_time due[BATCH];
};
struct pair {
	int rtp, rtcp;
	unsigned users;
	struct sr_addr rtp_addr, rtcp_addr;
	struct batch *batch;		/* of a pool's rtp */
};
int sr_pair_open(struct pair *p, const struct sr_addr *local, uint16_t lo,
    uint16_t hi, uint16_t *cursor);
void sr_pair_close(struct pair *p);
socklen_t sr_endpoint(const struct sr_addr *a, union endpoint *e);
void sr_endpoint_addr(const union endpoint *e, struct sr_addr *a);
void sr_batch_add(struct batch *b, struct stream *s,
    const struct sr_packet *p, sr_time due, struct sr_pace_numbers *n);
void sr_batch_flush(struct batch *b, struct sr_pace_numbers *n);
/* Takes the ICMP errors that wait at a socket. */
void sr_wire_errors(int fd, struct sr_pace_numbers *n);

/* ---- pace_thread.c ---- */

enum { PACE_BUCKETS = 4096, PACE_DATA = 64 };

enum command_kind { ADD, ORDER, REMOVE, AIM, NUMBERS };
struct command {
	enum command_kind kind;
	uint64_t id;
	struct stream *stream;		/* ADD */
	void (*fn)(void *arg, sr_time now, void *data);
	char data[PACE_DATA];
	unsigned pair;			/* AIM */
	struct sr_addr rtp, rtcp;
	struct sr_pace_numbers *numbers;
	bool *done;
};

struct sr_pace {
	struct sr_pace_cfg cfg;
	pthread_t thread;
	int epoll, wake;
	/* Behind the lock: the queue, and who uses which pair. */
	pthread_mutex_t lock;
	pthread_cond_t told;
	struct command *queue;
	size_t queued, queue_cap;
	struct pair *pair;
	unsigned pairs;
	uint16_t port;
	uint64_t last_id;
	/* The thread's own. */
	struct wheel wheel;
	struct batch odd;		/* of sockets that have none */
	struct sr_pace_numbers numbers;
	struct stream *by_id[PACE_BUCKETS];
	struct stream *by_peer[PACE_BUCKETS];	/* by where RTCP goes to */
	struct stream *by_media[PACE_BUCKETS];	/* ... RTP; who hears others */
	bool first;			/* before other threads */
	sr_time weighed, cpu;
	bool quit;			/* atomic */
};
void *sr_pace_thread(void *pace);

#endif
