/* worker - decodes and writes, in batches, behind a ring of blocks.
 *
 * The engine's thread packs copies of packets into a block.  When it is full
 * it goes over as a whole, and what it holds is done stream by stream: a
 * thousand streams in turn would otherwise have each packet find its own
 * decoder and file cold in the caches.  A session belongs to one worker, and
 * its end comes behind its packets.  With one job the block is done by the
 * caller itself, at once. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, BLOCKS = 2, ROUND = 16, MAX_ENDS = 64 };

struct op {
	uint32_t size;
	struct op *next;		/* of the same stream */
	struct packet packet;		/* the payload follows */
};
struct chain {				/* the packets of one stream */
	struct rec_stream *stream;
	struct op *first, *last;
};
struct block {
	char *p;
	size_t n;
	struct chain *chains;
	size_t nchains, chain_cap;
	struct rec_session **ends;
	size_t nends, end_cap;
};
struct worker {
	struct sr_recorder *recorder;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct block blocks[BLOCKS];
	unsigned in, out;		/* running numbers of blocks */
	bool threaded, over;
};

/* ---- what is in a block, done ---- */

/* What the next chains will ask for is fetched while this one is done. */
static void
look_ahead(const struct chain *c, size_t n)
{
	if (n > 2)
		__builtin_prefetch(c[2].stream);
	if (n > 1) {
		__builtin_prefetch(c[1].stream->track);
		__builtin_prefetch(c[1].stream->wav);
		__builtin_prefetch(c[1].first);
	}
}

static void
perform(struct block *b)
{
	for (size_t i = 0; i < b->nchains; i++) {
		const struct chain *c = &b->chains[i];

		look_ahead(c, b->nchains - i);
		for (struct op *o = c->first; o != NULL; o = o->next) {
			o->packet.placed.payload.p = (const char *)(o + 1);
			stream_packet(c->stream, &o->packet);
		}
	}
	for (size_t i = 0; i < b->nends; i++)
		session_finish(b->ends[i]);
	b->n = b->nchains = b->nends = 0;
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->in == w->out && !w->over)
			pthread_cond_wait(&w->filled, &w->lock);
		if (w->in == w->out)
			break;
		pthread_mutex_unlock(&w->lock);
		perform(&w->blocks[w->out % BLOCKS]);
		pthread_mutex_lock(&w->lock);
		w->out++;
		pthread_cond_signal(&w->emptied);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* The block being filled goes over; waits until the next one is free. */
static void
hand_over(struct worker *w)
{
	if (!w->threaded) {
		perform(&w->blocks[0]);
		w->in += BLOCKS;	/* for who counts them, a new one */
		return;
	}
	pthread_mutex_lock(&w->lock);
	w->in++;
	pthread_cond_signal(&w->filled);
	while (w->in - w->out >= BLOCKS)
		pthread_cond_wait(&w->emptied, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

/* ---- filling a block ---- */

static void *
one_more(void *v, size_t n, size_t *cap, size_t size)
{
	size_t more = *cap > 0 ? *cap * 2 : 64;
	void *p;

	if (n < *cap)
		return v;
	if ((p = realloc(v, more * size)) != NULL)
		*cap = more;
	return p;
}

static int
chain(struct worker *w, struct rec_stream *t, struct op *o)
{
	struct block *b = &w->blocks[w->in % BLOCKS];
	struct chain *c;

	o->next = NULL;
	if (t->block == w->in + 1) {
		c = &b->chains[t->chain];
		c->last->next = o;
		c->last = o;
		return SR_OK;
	}
	c = one_more(b->chains, b->nchains, &b->chain_cap, sizeof(*c));
	if (c == NULL)
		return SR_ENOMEM;
	b->chains = c;
	t->block = w->in + 1;
	t->chain = b->nchains++;
	b->chains[t->chain] = (struct chain){ t, o, o };
	return SR_OK;
}

int
worker_packet(struct rec_stream *t, const struct rec_format *f,
    const struct sr_line_packet *p)
{
	struct worker *w = t->worker;
	struct block *b = &w->blocks[w->in % BLOCKS];
	size_t n = p->rtp.payload.n;
	size_t need = (sizeof(struct op) + n + ROUND - 1) &
	    ~(size_t)(ROUND - 1);
	struct op *o;

	if (b->n + need > BLOCK) {
		hand_over(w);
		b = &w->blocks[w->in % BLOCKS];
	}
	o = (struct op *)(void *)(b->p + b->n);
	b->n += need;
	o->packet = (struct packet){ .placed = { .at = p->at,
	    .format = f->format, .payload = p->rtp.payload, .lost = p->lost,
	    .cut = p->cut }, .format = f, .rtp = p->rtp, .time = p->arrived };
	if (n > 0)
		memcpy(o + 1, p->rtp.payload.p, n);
	return chain(w, t, o);
}

int
worker_end(struct rec_session *s)
{
	struct worker *w = s->worker;
	struct block *b = &w->blocks[w->in % BLOCKS];
	struct rec_session **v = one_more(b->ends, b->nends, &b->end_cap,
	    sizeof(*v));

	if (v == NULL)
		return SR_ENOMEM;
	b->ends = v;
	b->ends[b->nends++] = s;
	/* Who records live wants the files whole at once; otherwise an end is
	 * no reason to hand over half a block, and to wait for it. */
	if (w->recorder->cfg.live || b->nends == MAX_ENDS)
		hand_over(w);
	return SR_OK;
}

/* ---- begin and end ---- */

static int
start(struct sr_recorder *r, struct worker *w)
{
	w->recorder = r;
	w->threaded = r->cfg.threads > 1;
	for (int i = 0; i < (w->threaded ? BLOCKS : 1); i++)
		if ((w->blocks[i].p = malloc(BLOCK)) == NULL)
			return SR_ENOMEM;
	if (!w->threaded)
		return SR_OK;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->filled, NULL);
	pthread_cond_init(&w->emptied, NULL);
	return pthread_create(&w->thread, NULL, run, w) == 0 ? SR_OK : SR_ESYS;
}

int
workers_start(struct sr_recorder *r)
{
	unsigned n = r->cfg.threads > 1 ? r->cfg.threads : 1;
	int err = SR_OK;

	if ((r->workers = sr_zalloc(n * sizeof(*r->workers))) == NULL)
		return SR_ENOMEM;
	for (unsigned i = 0; i < n && err == SR_OK; i++)
		if ((err = start(r, &r->workers[i])) == SR_OK)
			r->nworkers++;
	return err;
}

struct worker *
worker_next(struct sr_recorder *r)
{
	return &r->workers[r->next_worker++ % r->nworkers];
}

static void
stop(struct worker *w)
{
	if (w->blocks[w->in % BLOCKS].n > 0 ||
	    w->blocks[w->in % BLOCKS].nends > 0)
		hand_over(w);
	if (w->threaded) {
		pthread_mutex_lock(&w->lock);
		w->over = true;
		pthread_cond_signal(&w->filled);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	for (int k = 0; k < BLOCKS; k++) {
		free(w->blocks[k].p);
		free(w->blocks[k].chains);
		free(w->blocks[k].ends);
	}
}

void
workers_stop(struct sr_recorder *r)
{
	for (size_t i = 0; i < r->nworkers; i++)
		stop(&r->workers[i]);
	free(r->workers);
	r->workers = NULL;
	r->nworkers = 0;
}
