/* worker - decodes and writes, a stretch of one stream at a time.
 *
 * The engine's thread packs copies of packets into a stretch of their stream's
 * own; a full one goes over, and is decoded and written as a whole.  A thousand
 * streams in turn would otherwise have each packet find its own decoder and
 * file cold in the caches, and a second of samples needs more room than the
 * payload that it comes from.  A session belongs to one worker, and its end
 * comes behind its packets.  With one job the caller itself does each stretch,
 * at once.
 *
 * Who serves may not wait for a disk: sockets would overflow.  What is full
 * goes over a tenth of a second at a time, a wake-up for hundreds of streams,
 * and waits in memory; past a limit of bytes media is dropped.  All others
 * wait instead. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	STRETCH = 12 * 1024 - 64,	/* bytes of packets */
	SHORT = 6 * 1024 - 64,		/* half a second of G.711 */
	HANDFUL = 8,			/* stretches that go over at once */
	SPARES = 512,			/* kept for later, who serves */
	BACKLOG = 256 << 20,		/* bytes */
	QUEUE = 8 * HANDFUL,		/* and wait to be done, at most */
	ROOM = 32768			/* samples */
};
/* No stretch of a live stream lasts longer: a file may lack a second. */
#define LIVE (SR_SEC / 2)
#define SERVING (SR_SEC / 10)

struct stretch {
	struct stretch *next;
	struct rec_stream *stream;
	struct rec_session *ended;	/* the end of this, and no packets */
	struct rec_session *marked;	/* its .resume, and no packets */
	size_t size, n;
	_Alignas(struct packet) char p[];
};
struct list {
	struct stretch *first, **end;
	size_t n;
};
struct worker {
	int16_t *room;			/* for samples, of all its files */
	bool threaded, live, serving;
	size_t length, backlog;		/* of a stretch; of what waits */
	/* the caller's */
	struct list full;
	struct stretch *spare;
	size_t nspare;
	sr_time now, handed;		/* of the packets */
	/* of both, behind the lock */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	struct list todo, done;
	size_t queued, bytes;
	bool over;
};

static void
list_init(struct list *l)
{
	l->first = NULL;
	l->end = &l->first;
	l->n = 0;
}

/* The first n of from become the last of to. */
static void
move(struct list *to, struct list *from, size_t n)
{
	for (; n > 0 && from->n > 0; n--) {
		struct stretch *s = from->first;

		if ((from->first = s->next) == NULL)
			from->end = &from->first;
		from->n--;
		s->next = NULL;
		*to->end = s;
		to->end = &s->next;
		to->n++;
	}
}

/* ---- what is in a stretch, done ---- */

static void
perform(struct stretch *s)
{
	if (s->ended != NULL)
		session_finish(s->ended);
	else if (s->marked != NULL)
		session_mark(s->marked, (struct sr_str){ s->p, s->n });
	else
		stream_packets(s->stream, s->p, s->n);
}

static size_t
bytes_of(const struct list *l)
{
	size_t n = 0;

	for (const struct stretch *s = l->first; s != NULL; s = s->next)
		n += s->size;
	return n;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct list mine;

	list_init(&mine);
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (w->todo.n == 0 && !w->over)
			pthread_cond_wait(&w->filled, &w->lock);
		if (w->todo.n == 0)
			break;
		move(&mine, &w->todo, HANDFUL);
		pthread_mutex_unlock(&w->lock);
		for (struct stretch *s = mine.first; s != NULL; s = s->next)
			perform(s);
		pthread_mutex_lock(&w->lock);
		w->queued -= mine.n;
		w->bytes -= bytes_of(&mine);
		move(&w->done, &mine, mine.n);
		pthread_cond_signal(&w->emptied);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int16_t *
worker_room(struct worker *w, size_t *n)
{
	*n = ROOM;
	return w->room;
}

/* ---- handing over ---- */

static void
recycle(struct worker *w, struct stretch *s)
{
	if (s->size != w->length || (w->serving && w->nspare >= SPARES)) {
		free(s);
		return;
	}
	s->next = w->spare;
	w->spare = s;
	w->nspare++;
}

static void
recycle_all(struct worker *w, struct list *l)
{
	struct stretch *s, *next;

	for (s = l->first; s != NULL; s = next) {
		next = s->next;
		recycle(w, s);
	}
	list_init(l);
}

/* Media goes; the ends of sessions stay, in their order. */
static void
drop_media(struct worker *w)
{
	struct list all = w->full, gone;

	list_init(&gone);
	list_init(&w->full);
	while (all.n > 0) {
		bool media = all.first->ended == NULL &&
		    all.first->marked == NULL;

		if (media)
			recorder_behind(all.first->stream->session, w->now);
		move(media ? &gone : &w->full, &all, 1);
	}
	recycle_all(w, &gone);
}

/* What is full goes over; waits while there is too much of it, or drops it. */
static void
hand_over(struct worker *w)
{
	struct list done;
	bool late;

	list_init(&done);
	w->handed = w->now;
	pthread_mutex_lock(&w->lock);
	late = w->serving && w->bytes >= w->backlog;
	pthread_mutex_unlock(&w->lock);
	if (late)
		drop_media(w);
	pthread_mutex_lock(&w->lock);
	w->queued += w->full.n;
	w->bytes += bytes_of(&w->full);
	move(&w->todo, &w->full, w->full.n);
	pthread_cond_signal(&w->filled);
	while (w->queued > QUEUE && !w->serving)
		pthread_cond_wait(&w->emptied, &w->lock);
	move(&done, &w->done, w->done.n);
	pthread_mutex_unlock(&w->lock);
	recycle_all(w, &done);
}

static bool
is_time(const struct worker *w, const struct stretch *s)
{
	if (w->serving)
		return s->ended != NULL || w->now - w->handed >= SERVING;
	return w->full.n >= HANDFUL || w->live;
}

static void
give(struct worker *w, struct stretch *s)
{
	struct list one = { s, &s->next, 1 };

	if (!w->threaded) {
		perform(s);
		recycle(w, s);
		return;
	}
	move(&w->full, &one, 1);
	if (is_time(w, s))
		hand_over(w);
}

/* ---- filling a stretch ---- */

static struct stretch *
take(struct worker *w, size_t need)
{
	size_t size = need > w->length ? need : w->length;
	struct stretch *s = w->spare;

	if (size == w->length && s != NULL) {
		w->spare = s->next;
		w->nspare--;
	} else if ((s = malloc(sizeof(*s) + size)) == NULL) {
		return NULL;
	}
	s->next = NULL;
	s->ended = s->marked = NULL;
	s->size = size;
	return s;
}

static void
give_stretch(struct rec_stream *t)
{
	struct stretch *s = t->stretch;

	if (s == NULL)
		return;
	s->stream = t;
	s->n = (size_t)(t->fill - s->p);
	t->stretch = NULL;
	t->fill = t->full = NULL;
	give(t->worker, s);
}

static int
new_stretch(struct rec_stream *t, size_t need, sr_time now)
{
	t->worker->now = now;
	give_stretch(t);
	if ((t->stretch = take(t->worker, need)) == NULL)
		return SR_ENOMEM;
	t->fill = t->stretch->p;
	t->full = t->fill + t->stretch->size;
	t->since = now;
	return SR_OK;
}

int
worker_packet(struct rec_stream *t, const struct rec_format *f,
    const struct sr_line_packet *p)
{
	size_t n = p->rtp.payload.n, need = packet_size(n);
	struct packet *to;
	int err;

	if ((need > (size_t)(t->full - t->fill) ||
	    (t->worker->live && p->arrived - t->since > LIVE)) &&
	    (err = new_stretch(t, need, p->arrived)) != SR_OK)
		return err;
	to = (struct packet *)(void *)t->fill;
	*to = (struct packet){ .format = f, .at = p->at, .time = p->arrived,
	    .ts = p->rtp.ts, .ssrc = p->rtp.ssrc, .lost = p->lost,
	    .cut = p->cut, .n = (uint32_t)n, .seq = p->rtp.seq,
	    .pt = p->rtp.pt, .marker = p->rtp.marker };
	if (n > 0)
		memcpy(to + 1, p->rtp.payload.p, n);
	t->fill += need;
	return SR_OK;
}

void
worker_push(struct rec_stream *t, sr_time before)
{
	if (t->stretch != NULL && t->since < before)
		give_stretch(t);
}

int
worker_mark(struct rec_session *s, struct sr_str bytes)
{
	struct stretch *mark = take(s->worker, bytes.n);

	if (mark == NULL)
		return SR_ENOMEM;
	mark->marked = s;
	mark->n = bytes.n;
	memcpy(mark->p, bytes.p, bytes.n);
	give(s->worker, mark);
	return SR_OK;
}

int
worker_end(struct rec_session *s)
{
	struct stretch *end = take(s->worker, 0);

	for (struct rec_stream *t = s->streams; t != NULL; t = t->next)
		give_stretch(t);
	if (end == NULL)
		return SR_ENOMEM;
	end->ended = s;
	give(s->worker, end);
	return SR_OK;
}

/* ---- begin and end ---- */

static int
start(struct sr_recorder *r, struct worker *w)
{
	w->threaded = r->cfg.threads > 1;
	w->live = r->cfg.live;
	w->serving = r->cfg.serving && w->threaded;
	w->length = w->serving ? SHORT : STRETCH;
	w->backlog = r->cfg.behind > 0 ? r->cfg.behind : BACKLOG;
	list_init(&w->full);
	list_init(&w->todo);
	list_init(&w->done);
	if ((w->room = malloc(ROOM * sizeof(*w->room))) == NULL)
		return SR_ENOMEM;
	if (!w->threaded)
		return SR_OK;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->filled, NULL);
	pthread_cond_init(&w->emptied, NULL);
	if (pthread_create(&w->thread, NULL, run, w) == 0)
		return SR_OK;
	free(w->room);
	return SR_ESYS;
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

void
workers_hurry(struct sr_recorder *r)
{
	for (size_t i = 0; i < r->nworkers; i++)
		if (r->workers[i].threaded && r->workers[i].full.n > 0)
			hand_over(&r->workers[i]);
}

struct worker *
worker_next(struct sr_recorder *r)
{
	return &r->workers[r->next_worker++ % r->nworkers];
}

static void
stop(struct worker *w)
{
	struct stretch *s;

	if (w->threaded) {
		hand_over(w);
		pthread_mutex_lock(&w->lock);
		w->over = true;
		pthread_cond_signal(&w->filled);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
		hand_over(w);		/* nothing, and takes what is done */
	}
	while ((s = w->spare) != NULL) {
		w->spare = s->next;
		free(s);
	}
	free(w->room);
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
