/* conform_race - many at once: threads with a store of their own each. */
#include "store/conform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

enum { TAKERS = 4 };

struct race {
	struct ground *g;
	pthread_barrier_t gate;
	char key[64];
	sr_time now;
	atomic_uint won, took, refused;
};
struct taker {
	struct race *race;
	struct sr_store *st;
};

/* The winner keeps it, as the others find out who write all the same. */
static void
try(struct race *r, struct sr_store *st)
{
	struct sr_store_op op = { SR_STORE_PUT, sr_cstr(r->key), SR_STR("v"),
	    NULL, 0, 0 };
	struct sr_stored rec = { 0 };
	int err = sr_store_take(st, op.key, &rec, r->now);

	sr_stored_free(&rec);
	if (err != SR_OK && err != SR_MORE) {
		r->g->fail(__FILE__, __LINE__, "%s", sr_store_why(st));
		return;
	}
	r->took += err == SR_OK;
	if (sr_store_write(st, &op, 1, r->now) != SR_OK)
		r->g->fail(__FILE__, __LINE__, "%s", sr_store_why(st));
	r->won += op.err == SR_OK;
	r->refused += op.err == SR_EAUTH;
}

static void *
run(void *arg)
{
	struct taker *t = arg;

	for (unsigned i = 0; i < t->race->g->rounds; i++) {
		pthread_barrier_wait(&t->race->gate);
		if (t->st != NULL)
			try(t->race, t->st);
		pthread_barrier_wait(&t->race->gate);
	}
	return NULL;
}

static void
round_of(struct ground *g, struct race *r, struct sr_store *first)
{
	struct sr_str key = conform_key("race");

	snprintf(r->key, sizeof(r->key), "%.*s", SR_FMT(key));
	COMES(g, conform_put(g, first, key, "0"), SR_OK);
	conform_wait(g, 3 * SR_MSEC);		/* its lease was 1 ms */
	r->now = g->now;
	r->won = r->took = r->refused = 0;
	pthread_barrier_wait(&r->gate);
	pthread_barrier_wait(&r->gate);
	if (r->took != 1 || r->won != 1 || r->refused != TAKERS - 1)
		g->fail(__FILE__, __LINE__, "%u took it, %u wrote, %u of %d "
		    "were refused", r->took, r->won, r->refused, TAKERS);
}

void
conform_race(struct ground *g)
{
	struct race r = { .g = g };
	struct sr_store *first = conform_open_for(g, "first", SR_MSEC);
	struct taker takers[TAKERS];
	pthread_t threads[TAKERS];
	char node[32];

	pthread_barrier_init(&r.gate, NULL, TAKERS + 1);
	for (int i = 0; i < TAKERS; i++) {
		snprintf(node, sizeof(node), "taker%d", i);
		takers[i] = (struct taker){ &r, conform_open_for(g, node,
		    60 * SR_SEC) };
		pthread_create(&threads[i], NULL, run, &takers[i]);
	}
	for (unsigned i = 0; i < g->rounds; i++)
		round_of(g, &r, first);
	for (int i = 0; i < TAKERS; i++) {
		pthread_join(threads[i], NULL);
		sr_store_close(takers[i].st);
	}
	pthread_barrier_destroy(&r.gate);
	sr_store_close(first);
}

/* ---- one that does not know, and writes on and on ---- */

struct writer {
	struct ground *g;
	struct sr_store *st;
	struct sr_str key;
	sr_time now;
	atomic_bool over;
};

static void *
write_on(void *arg)
{
	struct writer *w = arg;
	struct sr_store_op op = { SR_STORE_PUT, w->key, SR_STR("old"), NULL,
	    0, SR_OK };

	while (!w->over && op.err == SR_OK) {
		if (sr_store_write(w->st, &op, 1, w->now) != SR_OK)
			break;
		usleep(500);		/* a file is fair to nobody */
	}
	if (op.err != SR_EAUTH && !w->over)
		w->g->fail(__FILE__, __LINE__, "the old owner came to: %s",
		    sr_strerror(op.err));
	return NULL;
}

/* The new one is of the same node, so that it need not wait. */
static void
overtake(struct ground *g, struct sr_store *old, struct sr_store *next)
{
	struct writer w = { .g = g, .st = old, .key = conform_key("fence"),
	    .now = g->now };
	struct sr_stored r = { 0 };
	pthread_t thread;

	COMES(g, conform_put(g, old, w.key, "old"), SR_OK);
	pthread_create(&thread, NULL, write_on, &w);
	COMES(g, sr_store_take(next, w.key, &r, g->now), SR_OK);
	sr_stored_free(&r);
	COMES(g, conform_put(g, next, w.key, "new"), SR_OK);
	for (int i = 0; i < 5; i++)
		conform_is(g, next, w.key, "new");
	usleep(2000);
	w.over = true;
	pthread_join(thread, NULL);
	COMES(g, conform_put(g, old, w.key, "old"), SR_EAUTH);
	conform_is(g, next, w.key, "new");
	COMES(g, conform_delete(g, next, w.key), SR_OK);
}

void
conform_fence(struct ground *g)
{
	struct sr_store *old = conform_open(g, "fenced");
	struct sr_store *next = conform_open(g, "fenced");

	for (unsigned i = 0; old != NULL && next != NULL &&
	    i < (g->rounds + 9) / 10; i++)
		overtake(g, old, next);
	sr_store_close(old);
	sr_store_close(next);
}
