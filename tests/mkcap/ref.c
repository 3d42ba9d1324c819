/* ref - what a correct reader of the capture must find, sample by sample.
 *
 * One time line for all streams of a session.  Each source is placed by its
 * RTP time, anchored at the least delayed packet of its first 500 ms, and
 * sample 0 is where the earliest stream begins.  A later source of a stream
 * that begins within 10 ms of where the one before ended goes on exactly
 * there: a seam must not click. */
#include "mkcap/mkcap.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WINDOW_US = 500000, SEAM_US = 10000, MAX_EARLY = 256,
    MAX_SOURCES = 16, MAX_MARKS = 64, GAP_SAMPLES = 1600, RATE = 8000 };

struct source {
	uint32_t ssrc;
	struct {
		int64_t t, rtp;
	} early[MAX_EARLY];
	size_t nearly, cap;
	int16_t *v;
	int64_t first, end;		/* samples; first is of what was seen */
	int64_t kept;			/* end of what is in v */
	int64_t origin;			/* us, where sample 0 of it is */
};
struct mark {				/* a digit or a hole */
	size_t source;
	int64_t rtp, n;
	char digit;
};
struct ref {
	struct source sources[MAX_SOURCES];
	struct mark marks[MAX_MARKS];
	size_t nsources, nmarks;
	struct mark hole;		/* lost, and nothing came since */
	uint64_t pending;
	uint64_t packets, lost, duplicate, heard;
	unsigned scale;
};

struct ref *
ref_new(unsigned scale)
{
	struct ref *r = sr_zalloc(sizeof(*r));

	if (r == NULL)
		die("out of memory");
	r->scale = scale;
	return r;
}

void
ref_source(struct ref *r, uint32_t ssrc)
{
	struct source *s = &r->sources[r->nsources++];

	if (r->nsources > MAX_SOURCES)
		die("too many sources");
	s->ssrc = ssrc;
	s->first = INT64_MAX;
	r->hole.n = 0;			/* what nobody came after, nobody saw */
	r->pending = 0;
}

static void
keep(struct source *s, int64_t rtp, const int16_t *v, size_t n, unsigned scale)
{
	size_t want = ((size_t)rtp + n) * scale, cap = want * 2;

	if (want > s->cap) {
		if ((s->v = realloc(s->v, cap * sizeof(*v))) == NULL)
			die("out of memory");
		memset(s->v + s->cap, 0, (cap - s->cap) * sizeof(*v));
		s->cap = cap;
	}
	memcpy(s->v + (size_t)rtp * scale, v, n * scale * sizeof(*v));
	if (rtp + (int64_t)n > s->kept)
		s->kept = rtp + (int64_t)n;
	if (s->kept > s->end)
		s->end = s->kept;
}

static void
mark(struct ref *r, char digit, int64_t rtp, int64_t n)
{
	if (r->nmarks < MAX_MARKS)
		r->marks[r->nmarks++] = (struct mark){ r->nsources - 1, rtp, n,
		    digit };
}

/* A hole is one once something comes after it. */
static void
end_hole(struct ref *r)
{
	if (r->hole.n >= GAP_SAMPLES)
		mark(r, 0, r->hole.rtp, r->hole.n);
	r->hole.n = 0;
	r->lost += r->pending;
	r->pending = 0;
}

void
ref_packet(struct ref *r, int64_t t, int64_t rtp, const int16_t *v, size_t n)
{
	struct source *s = &r->sources[r->nsources - 1];

	end_hole(r);
	r->packets++;
	if (rtp < s->first)
		s->first = rtp;
	if (s->nearly < MAX_EARLY) {
		s->early[s->nearly].t = t;
		s->early[s->nearly++].rtp = rtp;
	}
	if (v == NULL) {
		if (rtp > s->end)
			s->end = rtp;
		return;
	}
	r->heard += n;
	keep(s, rtp, v, n, r->scale);
}

/* Neighbouring losses are one hole. */
void
ref_lost(struct ref *r, int64_t rtp, size_t n)
{
	if (r->hole.n == 0)
		r->hole.rtp = rtp;
	r->hole.n = rtp + (int64_t)n - r->hole.rtp;
	r->pending++;
}

void
ref_duplicate(struct ref *r)
{
	r->duplicate++;
}

void
ref_digit(struct ref *r, char digit, int64_t rtp, unsigned ms)
{
	mark(r, digit, rtp, (int64_t)ms * RATE / 1000);
}

void
ref_free(struct ref *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->nsources; i++)
		free(r->sources[i].v);
	free(r);
}

/* ---- placing ---- */

static void
anchor(struct source *s)
{
	int64_t start = INT64_MAX;
	size_t i;

	for (i = 0; i < s->nearly; i++)
		if (s->early[i].t < start)
			start = s->early[i].t;
	s->origin = INT64_MAX;
	for (i = 0; i < s->nearly; i++) {
		int64_t o = s->early[i].t - s->early[i].rtp * US_SAMPLE;

		if (s->early[i].t < start + WINDOW_US && o < s->origin)
			s->origin = o;
	}
}

static void
join(const struct source *before, struct source *s)
{
	int64_t start = s->origin + s->first * US_SAMPLE;
	int64_t end = before->origin + before->end * US_SAMPLE;

	if (s->nearly > 0 && before->nearly > 0 && start < end + SEAM_US)
		s->origin += end - start;
}

/* Where sample 0 of the session is, in us, and how many samples it has. */
static void
frame_session(const struct call *c, int64_t *zero, int64_t *samples)
{
	int64_t end = INT64_MIN;
	unsigned k;
	size_t i;

	*zero = INT64_MAX;
	for (k = 0; k < c->o->streams; k++)
		for (i = 0; i < c->streams[k].ref->nsources; i++) {
			struct source *s = &c->streams[k].ref->sources[i];

			anchor(s);
			if (i > 0)
				join(s - 1, s);
			if (s->nearly == 0)
				continue;
			if (s->origin + s->first * US_SAMPLE < *zero)
				*zero = s->origin + s->first * US_SAMPLE;
			if (s->origin + s->end * US_SAMPLE > end)
				end = s->origin + s->end * US_SAMPLE;
		}
	*samples = end < *zero ? 0 : (end - *zero) / US_SAMPLE;
}

/* ---- writing ---- */

static void
le(FILE *f, uint32_t v, int n)
{
	for (; n > 0; n--, v >>= 8)
		fputc((int)(v & 0xff), f);
}

static void
write_wav(const char *path, const int16_t *v, uint32_t n, uint32_t rate)
{
	FILE *f = fopen(path, "wb");
	uint32_t i;

	if (f == NULL)
		die("cannot open %s", path);
	fputs("RIFF", f);
	le(f, 36 + 2 * n, 4);
	fputs("WAVEfmt ", f);
	le(f, 16, 4);
	le(f, 1, 2);
	le(f, 1, 2);
	le(f, rate, 4);
	le(f, 2 * rate, 4);
	le(f, 2, 2);
	le(f, 16, 2);
	fputs("data", f);
	le(f, 2 * n, 4);
	for (i = 0; i < n; i++)
		le(f, (uint16_t)v[i], 2);
	if (fclose(f) != 0)
		die("cannot write %s", path);
}

static int64_t
place(const struct source *s, int64_t zero, int64_t rtp)
{
	return (s->origin - zero) / US_SAMPLE + rtp;
}

static void
write_samples(const struct ref *r, const char *path, int64_t zero,
    int64_t samples)
{
	size_t i, k = r->scale;
	int16_t *v = calloc((size_t)samples * k + 1, sizeof(*v));

	if (v == NULL)
		die("out of memory");
	for (i = 0; i < r->nsources; i++) {
		const struct source *s = &r->sources[i];

		if (s->kept > s->first)
			memcpy(v + (size_t)place(s, zero, s->first) * k,
			    s->v + (size_t)s->first * k,
			    (size_t)(s->kept - s->first) * k * sizeof(*v));
	}
	write_wav(path, v, (uint32_t)((size_t)samples * k),
	    RATE * r->scale);
	free(v);
}

static double
secs(int64_t samples)
{
	return (double)samples / RATE;
}

static void
write_marks(FILE *f, const struct ref *r, int64_t zero, bool digits)
{
	const char *sep = "";
	size_t i;

	fprintf(f, ",\"%s\":[", digits ? "digits" : "gaps");
	for (i = 0; i < r->nmarks; i++) {
		const struct mark *m = &r->marks[i];
		double at = secs(place(&r->sources[m->source], zero, m->rtp));

		if (digits != (m->digit != 0) ||
		    (!digits && m->n < GAP_SAMPLES))
			continue;
		if (digits)
			fprintf(f, "%s{\"digit\":\"%c\",\"at\":%.6f,"
			    "\"duration_ms\":%" PRId64 "}", sep, m->digit, at,
			    m->n * 1000 / RATE);
		else
			fprintf(f, "%s{\"at\":%.6f,\"duration\":%.6f}", sep, at,
			    secs(m->n));
		sep = ",";
	}
	fputc(']', f);
}

static void
write_stream(FILE *f, const struct call *c, const struct stream *s,
    const char *session, int64_t zero, int64_t samples)
{
	const struct ref *r = s->ref;
	size_t i;

	fprintf(f, "{\"session\":\"%s\",\"call_id\":\"%s\",\"label\":\"%s\","
	    "\"codec\":\"%s\",\"packets\":%" PRIu64 ",\"lost\":%" PRIu64
	    ",\"duplicate\":%" PRIu64 ",\"late\":0,\"heard\":%.6f,"
	    "\"duration\":%.6f,\"samples\":%" PRId64 ",\"ssrcs\":[", session,
	    c->d[0].call_id, s->label, c->o->codec_name, r->packets, r->lost,
	    r->duplicate, secs((int64_t)r->heard), secs(samples), samples);
	for (i = 0; i < r->nsources; i++)
		if (i == 0 || r->sources[i].ssrc != r->sources[i - 1].ssrc)
			fprintf(f, "%s%" PRIu32, i > 0 ? "," : "",
			    r->sources[i].ssrc);
	fputc(']', f);
	write_marks(f, r, zero, true);
	write_marks(f, r, zero, false);
	fputs("}\n", f);
}

/* The directory that siprec-extract gives this call, design of its output. */
static void
session_name(const struct call *c, char *out, size_t n)
{
	char *p;

	snprintf(out, n, "%s%s", c->d[0].call_id, c->again ? "-2" : "");
	for (p = out; *p != '\0'; p++)
		if (*p == '@')
			*p = '_';
}

static const char *
reason(const struct call *c)
{
	if (c->bye == INT64_MAX || c->o->no_answer)
		return c->bye == INT64_MAX ? "capture-end" : "bye-client";
	return c->o->bye_server ? "bye-server" : "bye-client";
}

void
ref_write(const struct call *c, const char *dir)
{
	char path[512], session[80];
	int64_t zero, samples;
	unsigned k;
	struct sr_buf start;
	FILE *f;

	session_name(c, session, sizeof(session));
	snprintf(path, sizeof(path), "%s/facts.jsonl", dir);
	if ((f = fopen(path, "a")) == NULL)
		die("cannot open %s", path);
	frame_session(c, &zero, &samples);
	snprintf(path, sizeof(path), "%s/%s", dir, session);
	mkdir(path, 0777);
	sr_buf_init(&start, 64);
	sr_time_print(&start, (BASE_S * US_SEC + zero) * 1000, 3);
	fprintf(f, "{\"session\":\"%s\",\"call_id\":\"%s\","
	    "\"start\":\"%.*s\",\"duration\":%.6f,\"reason\":\"%s\"}\n",
	    session, c->d[0].call_id, SR_FMT(sr_buf_str(&start)),
	    secs(samples), reason(c));
	sr_buf_free(&start);
	for (k = 0; k < c->o->streams; k++) {
		struct stream *s = &c->streams[k];

		snprintf(path, sizeof(path), "%s/%s/%s.wav", dir, session,
		    s->label);
		if (c->o->codec != C_OTHER)
			write_samples(s->ref, path, zero, samples);
		write_stream(f, c, s, session, zero, samples);
	}
	fclose(f);
}
