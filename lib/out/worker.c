/* worker - threads that decode and write, each behind a ring of blocks.
 *
 * The engine's thread packs copies of packets into a block and hands it over
 * when it is full.  A session belongs to one worker, so that everything of it
 * happens in order.  With one thread there is no ring: work is done at once. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 256 * 1024, BLOCKS = 4, ROUND = 16 };

enum op_kind { OP_PACKET, OP_END };
struct op {
	uint32_t size;
	enum op_kind kind;
	void *subject;			/* rec_stream or rec_session */
	struct packet packet;		/* OP_PACKET; the payload follows */
};
struct block {
	size_t n;
	char *p;
};
struct worker {
	struct sr_recorder *recorder;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct block blocks[BLOCKS];
	unsigned in, out;		/* running numbers of blocks */
	bool over;
};

static void
perform(struct op *o)
{
	if (o->kind == OP_END) {
		session_finish(o->subject);
		return;
	}
	o->packet.placed.payload.p = (const char *)(o + 1);
	stream_packet(o->subject, &o->packet);
}

static void *
run(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct block *b = &w->blocks[w->out % BLOCKS];

		while (w->in == w->out && !w->over)
			pthread_cond_wait(&w->filled, &w->lock);
		if (w->in == w->out)
			break;
		pthread_mutex_unlock(&w->lock);
		for (size_t at = 0; at < b->n;) {
			struct op *o = (struct op *)(void *)(b->p + at);

			at += o->size;
			perform(o);
		}
		b->n = 0;
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
	pthread_mutex_lock(&w->lock);
	w->in++;
	pthread_cond_signal(&w->filled);
	while (w->in - w->out >= BLOCKS)
		pthread_cond_wait(&w->emptied, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

static struct op *
put(struct worker *w, size_t payload)
{
	size_t need = (sizeof(struct op) + payload + ROUND - 1) &
	    ~(size_t)(ROUND - 1);
	struct block *b = &w->blocks[w->in % BLOCKS];
	struct op *o;

	if (b->n + need > BLOCK) {
		hand_over(w);
		b = &w->blocks[w->in % BLOCKS];
	}
	o = (struct op *)(void *)(b->p + b->n);
	o->size = (uint32_t)need;
	b->n += need;
	return o;
}

int
worker_packet(struct rec_stream *t, const struct rec_format *f,
    const struct sr_line_packet *p)
{
	struct worker *w = t->session->worker;
	struct packet pk = { .placed = { .at = p->at, .format = &f->copy,
	    .payload = p->rtp.payload, .lost = p->lost, .cut = p->cut },
	    .format = f, .rtp = p->rtp, .time = p->arrived };
	struct op *o;

	if (w == NULL) {
		stream_packet(t, &pk);
		return SR_OK;
	}
	o = put(w, p->rtp.payload.n);
	o->kind = OP_PACKET;
	o->subject = t;
	o->packet = pk;
	if (p->rtp.payload.n > 0)
		memcpy(o + 1, p->rtp.payload.p, p->rtp.payload.n);
	return SR_OK;
}

int
worker_end(struct rec_session *s)
{
	struct worker *w = s->worker;
	struct op *o;

	if (w == NULL) {
		session_finish(s);
		return SR_OK;
	}
	o = put(w, 0);
	o->kind = OP_END;
	o->subject = s;
	hand_over(w);
	return SR_OK;
}

static int
start(struct sr_recorder *r, struct worker *w)
{
	w->recorder = r;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->filled, NULL);
	pthread_cond_init(&w->emptied, NULL);
	for (int i = 0; i < BLOCKS; i++)
		if ((w->blocks[i].p = malloc(BLOCK)) == NULL)
			return SR_ENOMEM;
	return pthread_create(&w->thread, NULL, run, w) == 0 ? SR_OK : SR_ESYS;
}

int
workers_start(struct sr_recorder *r)
{
	int err = SR_OK;

	if (r->cfg.threads < 2)
		return SR_OK;
	r->workers = sr_zalloc(r->cfg.threads * sizeof(*r->workers));
	if (r->workers == NULL)
		return SR_ENOMEM;
	for (unsigned i = 0; i < r->cfg.threads && err == SR_OK; i++)
		if ((err = start(r, &r->workers[i])) == SR_OK)
			r->nworkers++;
	return err;
}

struct worker *
worker_next(struct sr_recorder *r)
{
	return r->nworkers > 0 ?
	    &r->workers[r->next_worker++ % r->nworkers] : NULL;
}

void
workers_stop(struct sr_recorder *r)
{
	for (size_t i = 0; i < r->nworkers; i++) {
		struct worker *w = &r->workers[i];

		if (w->blocks[w->in % BLOCKS].n > 0)
			hand_over(w);
		pthread_mutex_lock(&w->lock);
		w->over = true;
		pthread_cond_signal(&w->filled);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
		for (int k = 0; k < BLOCKS; k++)
			free(w->blocks[k].p);
	}
	free(r->workers);
	r->workers = NULL;
	r->nworkers = 0;
}
