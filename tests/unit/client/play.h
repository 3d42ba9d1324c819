/* play - scripts and calls for the tests of this layer. */
#ifndef UNIT_CLIENT_PLAY_H
#define UNIT_CLIENT_PLAY_H

#include "siprec/client.h"
#include "unit/test.h"

enum { ROOM = 4 << 20 };

/* 2026-11-22T18:15:00Z */
#define NOON ((sr_time)1795371300 * SR_SEC)

struct play {
	struct sr_script s;
	struct sr_script_call c;
	struct sr_buf xml;
};

static inline void
seeded(void *arg, uint8_t *out, size_t n)
{
	sr_prng_fill(arg, out, n);
}

static inline void
play(struct play *p, const char *flow, const char *dialect)
{
	const struct sr_script_cfg cfg = { .flow = flow, .dialect = dialect };
	struct sr_prng r;

	sr_prng_init(&r, 7);
	CHECK_EQ(sr_script_new(&p->s, &cfg), SR_OK);
	CHECK_EQ(sr_script_call_new(&p->c, &p->s, seeded, &r, NOON), SR_OK);
	sr_buf_init(&p->xml, ROOM);
}

/* The metadata of that step, good until the next call. */
static inline struct sr_str
told(struct play *p, size_t step)
{
	p->xml.n = 0;
	CHECK_EQ(sr_script_xml(&p->s, &p->c, step, &p->xml), SR_OK);
	return sr_buf_str(&p->xml);
}

static inline void
stop(struct play *p)
{
	sr_script_call_free(&p->c);
	sr_script_free(&p->s);
	sr_buf_free(&p->xml);
}

static inline struct sr_str
nothing(void)
{
	return (struct sr_str){ NULL, 0 };
}

/* Who sends the stream of that label: first letters of their names. */
static inline const char *
senders(const struct sr_doc *d, const char *label)
{
	static char ring[8][65];
	static unsigned next;
	const struct sr_participant *v[64];
	size_t n = sr_doc_senders(d, sr_cstr(label), v, 64);
	char *out = ring[next++ % 8];

	for (size_t i = 0; i < n && i < 64; i++) {
		struct sr_str aor = v[i]->nnames > 0 ? v[i]->names[0].aor :
		    nothing();
		size_t colon = sr_strchr(aor, ':');

		aor = sr_substr(aor, colon < aor.n ? colon + 1 : 0, aor.n);
		out[i] = aor.n > 0 ? aor.p[0] : '?';
	}
	out[n < 64 ? n : 64] = '\0';
	return out;
}

#endif
