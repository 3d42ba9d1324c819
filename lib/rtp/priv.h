/* priv: one SSRC's numbers and the packets of it that wait. */
#ifndef SIPREC_RTP_PRIV_H
#define SIPREC_RTP_PRIV_H

#include "siprec/rtp.h"

enum {
	SEEN = 512,			/* how far back a copy is recognised */
	MAX_DROPOUT = 3000,		/* RFC 3550 A.1 */
	MAX_HELD = 1024,		/* packets that wait, at most */
	MAX_HELD_BYTES = 256 * 1024
};
#define WINDOW (500 * SR_MSEC)		/* anchoring, and waiting for order */
#define STEP (200 * SR_MSEC)		/* a change of delay worth a look */
#define SNAP (10 * SR_MSEC)		/* a new source this near goes on */
#define STALE (2 * SR_SEC)		/* older than that is no late packet */
#define HOUR (3600 * SR_SEC)	/* no network holds a packet that long */
#define DAY (24 * HOUR)			/* no silence is longer */
#define YEAR (366 * DAY)		/* no session is longer */
#define FAR (50 * YEAR)			/* sums of three stay in range */

struct held {
	struct held *next;
	int64_t seq, ts;
	struct sr_line_packet p;
	char payload[];
};

struct trend {				/* of the delay, by least squares */
	double n, x, y, xx, xy;
};
/* One SSRC between two restarts.  seq and ts are extended to 64 bits. */
struct source {
	/* what every packet asks for stands together, see sr_line */
	bool on, settling, probing;
	bool doubted;			/* its place was not believed */
	uint32_t ssrc, clock;
	double tick;			/* ns */
	int64_t seq_max, seq_out;
	int64_t ts, ts_ref, ts_step;
	int64_t at_ref;			/* at = at_ref + ts - ts_ref */
	sr_time arrived_ref, arrived;	/* of the first, of the latest */
	sr_time delay, low, older_low, low_since;
	sr_time second, second_low;	/* the one that is running */
	uint64_t packets;
	double jitter;
	/* the rest */
	uint64_t seen[SEEN / 64];
	int64_t noted;			/* seen goes up to here: what came in
					 * order since then is not in it */
	struct held *head, *tail;
	size_t nheld, held_bytes;
	struct trend trend;
	int64_t seq_first, ts_low;
	sr_time settle_since, settle_delay;
	int64_t settle_seq;
	uint64_t late, duplicate;
};

struct anchors {
	struct sr_anchor v[SR_ANCHORS];
	size_t n;
	int64_t base;			/* of the last one */
};
/* A packet of that timestamp leaves: where its source stands is kept, unless
 * it stood there before. */
void anchor_note(struct anchors *a, const struct source *s, int64_t ts);

/* A thousand of them are too many for the nearest cache: what every packet
 * asks for stands in three lines of it, which are fetched ahead. */
enum { LINE_ALIGN = 64, LINE_HOT = 3 * LINE_ALIGN };
struct sr_line {
	sr_time end;			/* ns from the start */
	int64_t end_at;			/* the same in units of end_clock */
	sr_time heard;			/* besides sum.heard */
	uint32_t end_clock;
	bool smooth;			/* nothing waits, one source stands */
	bool keep_payload, started, turned;
	struct source cur;
	bool fork;
	struct sr_line_packet *pass;	/* straight through */
	struct held *ready, *taken, **ready_end;
	struct sr_numbers sum;		/* of the sources that are over */
	struct sr_start *start;
	uint32_t turned_from, turned_to;
	double sxx, sxy;		/* of the trends that are over */
	struct source next;
	struct anchors anchors;
	sr_time yields;			/* until then, to a second source */
	sr_time left_until;		/* and the one before that is dropped */
	uint32_t left;
};
_Static_assert(offsetof(struct sr_line, cur.seen) <= LINE_HOT, "three lines");

enum fit {				/* of a packet to a source */
	FIT_NEXT,			/* in order or ahead */
	FIT_OLD,			/* behind: late, or a copy */
	FIT_NOT				/* of another life of this SSRC */
};

void source_begin(struct source *s, const struct sr_line_packet *p);
enum fit source_fit(const struct source *s, const struct sr_line_packet *p);
/* Counts the packet; false when it is a copy or too late. */
bool source_count(struct source *s, const struct sr_line_packet *p,
    enum fit fit, int64_t *seq, int64_t *ts);
bool source_next(struct source *s, const struct sr_line_packet *p,
    uint32_t dts);
int source_hold(struct source *s, const struct sr_line_packet *p, int64_t seq,
    int64_t ts, bool keep_payload);
/* When the earliest packet would have come without any delay. */
sr_time source_earliest(const struct source *s);
void source_drop(struct source *s);
sr_time source_lowest(const struct source *s);
/* Adds what the trend knows to the sums of a line, and begins it anew. */
void trend_fold(struct trend *t, double *sxx, double *sxy);

static inline bool
is_audio(const struct sr_format *f)
{
	return f->id != SR_CODEC_EVENT && f->id != SR_CODEC_CN;
}

#endif
