/* extract_join: parts of one recording on their way to become one. */
#ifndef SIPREC_EXTRACT_JOIN_H
#define SIPREC_EXTRACT_JOIN_H

#include <jansson.h>

#include "extract.h"

/* From which packet on the timestamps of a source stand where. */
struct source {
	uint32_t ssrc, clock, ts;
	sr_time at;
};
struct part_stream {
	struct sr_str label, id;	/* id: in the metadata, or absent */
	struct sr_str file, dump;	/* or absent */
	unsigned m;
	const json_t *end;		/* what the log's end says of it */
	struct source *sources;
	size_t nsources;
	size_t whole;			/* which one of the whole */
	bool placed;			/* by timestamps, not by the clock */
	sr_time at;			/* sample 0, on the whole's line */
	bool sounds;			/* its file could be read */
	sr_time from, to;		/* its sound, on the whole's line */
};
struct part {
	const char *path;
	int dir;
	json_t *events;			/* of its log, in order */
	size_t next;			/* event to be told again */
	const json_t *begin, *end;	/* NULL: there is none */
	struct sr_str session, call_id;
	sr_time first, last;		/* times of its events */
	sr_time start, length;		/* of its time line */
	bool exact;			/* start is to the nanosecond */
	sr_time at;			/* of it, on the whole's line */
	struct part_stream *streams;
	size_t nstreams;
	struct sr_arena arena;
};

/* Reads what is in a directory but audio.  A status; p is to be freed in every
 * case. */
int part_read(struct part *p, const char *path);
void part_free(struct part *p);
/* The stream that an event speaks of; NULL: of none. */
struct part_stream *part_stream(const struct part *p, const json_t *event);

struct whole_stream {
	struct part_stream **of;	/* by part; NULL: it is not there */
	struct sr_str label;
	struct sr_splice *splice;
	uint32_t told;			/* the latest source in the log */
	bool is_told, paused;
	struct sr_end_file file;
};
struct whole {
	const struct options *o;
	struct part *parts;		/* in order of time */
	size_t nparts;
	struct whole_stream *streams;
	size_t nstreams;
	sr_time start, length;
	struct sr_joined *joined;	/* NULL: no files */
	int status;
	struct sr_arena arena;
};

/* Sorts the parts, finds out which streams are the same, and where all stands
 * on one time line.  SR_OK; SR_EBAD: they do not belong together, which has
 * been said; SR_ENOMEM. */
int whole_fit(struct whole *w);
sr_time ticks_time(int64_t ticks, uint32_t clock);
/* Something of a part could not be read, or written: said, and counted. */
void whole_lack(struct whole *w, const struct part *p, struct sr_str file,
    int err);
void whole_fail(struct whole *w, const char *file, int err);
/* An event of the whole, to be added to; and its end. */
json_t *whole_event(const struct whole *w, const char *kind, sr_time time);
json_t *whole_end(const struct whole *w);
/* Tells the logs of all parts as one, with the files that they name. */
void whole_tell(struct whole *w);

/* ---- values in JSON ---- */

struct sr_str json_str(const json_t *o, const char *key);
bool json_time(const json_t *o, const char *key, sr_time *t);
/* Seconds; 0 where there are none. */
sr_time json_seconds(const json_t *o, const char *key);
uint32_t json_ssrc(const json_t *o, const char *key);	/* 0: none */
/* The other way round. */
json_t *value_text(struct sr_str s);
json_t *value_seconds(sr_time t);
json_t *value_time(sr_time t, int digits);	/* of a second */
json_t *value_ssrc(uint32_t ssrc);
/* An event in the form that siprec-events(5) gives it. */
int json_event(struct sr_buf *out, const json_t *event);

#endif
