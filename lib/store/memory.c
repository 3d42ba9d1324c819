/* memory - records in this process; what has a name is shared by all stores
 * of the process that name it, as two servers in one test do. */
#include "priv.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "store/map.h"

struct name {
	struct map_node node;
	struct name *next;		/* of the same record */
	struct record *record;
	char text[];
};
struct record {
	struct map_node node;
	struct name *names;
	struct sr_buf owner, fenced, value;
	sr_time until, dies;
	char key[];
};
struct memory {
	struct memory *next;		/* that have a name */
	pthread_mutex_t lock;
	unsigned users;
	struct map records, names;
	char name[];
};
static struct memory *shared;
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- records ---- */

static void
drop_names(struct memory *m, struct record *r)
{
	struct name *n;

	while ((n = r->names) != NULL) {
		r->names = n->next;
		sr_map_del(&m->names, &n->node);
		free(n);
	}
}

static void
drop(struct memory *m, struct record *r)
{
	drop_names(m, r);
	sr_map_del(&m->records, &r->node);
	sr_buf_free(&r->owner);
	sr_buf_free(&r->fenced);
	sr_buf_wipe(&r->value);
	free(r);
}

/* A record or a grave, as long as it lives. */
static struct record *
find(struct memory *m, struct sr_str key, sr_time now)
{
	struct record *r = sr_map_find(&m->records, key);

	if (r == NULL || r->dies > now)
		return r;
	drop(m, r);
	return NULL;
}

static struct record *
find_by_name(struct memory *m, struct sr_str text, sr_time now)
{
	struct name *n = sr_map_find(&m->names, text);

	return n != NULL ? find(m, n->record->node.key, now) : NULL;
}

static struct record *
add(struct memory *m, struct sr_str key)
{
	struct record *r = sr_zalloc(sizeof(*r) + key.n);

	if (r == NULL)
		return NULL;
	memcpy(r->key, key.p, key.n);
	r->node.key = (struct sr_str){ r->key, key.n };
	sr_buf_init(&r->owner, MAX_OWNER);
	sr_buf_init(&r->fenced, MAX_FENCES);
	if (sr_map_add(&m->records, &r->node) == SR_OK)
		return r;
	free(r);
	return NULL;
}

static int
add_name(struct memory *m, struct record *r, struct sr_str text)
{
	struct name *n = sr_zalloc(sizeof(*n) + text.n);

	if (n == NULL)
		return SR_ENOMEM;
	memcpy(n->text, text.p, text.n);
	n->node.key = (struct sr_str){ n->text, text.n };
	n->record = r;
	if (sr_map_add(&m->names, &n->node) != SR_OK) {
		free(n);
		return SR_ENOMEM;
	}
	n->next = r->names;
	r->names = n;
	return SR_OK;
}

/* ---- what an owner does ---- */

static int
set_owner(struct sr_store *st, struct record *r, sr_time now)
{
	r->owner.n = 0;
	r->until = now + st->lease;
	r->dies = now + st->life;
	return sr_buf_add(&r->owner, sr_cstr(st->owner));
}

/* The new value is there before the old one goes. */
static int
set_value(struct record *r, struct sr_str value)
{
	struct sr_buf b;
	int err;

	sr_buf_init(&b, value.n);
	if ((err = sr_buf_add(&b, value)) != SR_OK)
		return err;
	sr_buf_wipe(&r->value);
	r->value = b;
	return SR_OK;
}

static int
put(struct sr_store *st, struct record *r, const struct sr_store_op *op,
    sr_time now)
{
	struct memory *m = st->at;
	bool fresh = r == NULL;
	int err;

	if (fresh && find_by_name(m, op->key, now) != NULL)
		return SR_EAUTH;
	if (fresh && (r = add(m, op->key)) == NULL)
		return SR_ENOMEM;
	if ((err = set_value(r, op->value)) == SR_OK)
		err = set_owner(st, r, now);
	for (size_t i = 0; err == SR_OK && i < op->nnames; i++)
		if (find(m, op->names[i], now) == NULL &&
		    find_by_name(m, op->names[i], now) == NULL)
			err = add_name(m, r, op->names[i]);
	if (err != SR_OK && fresh)
		drop(m, r);
	return err;
}

static void
delete(struct sr_store *st, struct record *r, sr_time now)
{
	if (r->fenced.n == 0) {
		drop(st->at, r);
		return;
	}
	drop_names(st->at, r);
	sr_buf_wipe(&r->value);
	r->owner.n = 0;
	r->dies = now + st->grave;
}

static struct holder
holder(const struct record *r)
{
	return (struct holder){ sr_buf_str(&r->owner), sr_buf_str(&r->fenced),
	    r->until };
}

static int
perform(struct sr_store *st, const struct sr_store_op *op, sr_time now)
{
	struct record *r = find(st->at, op->key, now);
	struct holder h;
	int err;

	if (r != NULL)
		h = holder(r);
	err = sr_rule_write(st, op->verb, r != NULL ? &h : NULL);
	if (err != SR_OK)
		return err;
	switch (op->verb) {
	case SR_STORE_PUT:
		return put(st, r, op, now);
	case SR_STORE_RENEW:
		return set_owner(st, r, now);
	case SR_STORE_DELETE:
		if (r != NULL)
			delete(st, r, now);
		break;
	}
	return SR_OK;
}

static int
memory_write(struct sr_store *st, struct sr_store_op *v, size_t n,
    sr_time now)
{
	struct memory *m = st->at;
	int err = SR_OK;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < n; i++)
		if (v[i].err == SR_MORE &&
		    (v[i].err = perform(st, &v[i], now)) == SR_ENOMEM)
			err = SR_ENOMEM;
	pthread_mutex_unlock(&m->lock);
	return err == SR_OK ? SR_OK :
	    sr_store_fail(st, ENOMEM, "out of memory");
}

/* ---- what is found ---- */

static int
take(struct sr_store *st, struct record *r, sr_time now)
{
	struct holder h = holder(r);
	struct sr_buf fenced;
	int err = sr_rule_take(st, &h, now);

	if (err != SR_OK)
		return err;
	sr_buf_init(&fenced, r->fenced.max);
	if ((err = sr_rule_fence(st, &h, &fenced)) != SR_OK) {
		sr_buf_free(&fenced);
		return err;
	}
	sr_buf_free(&r->fenced);
	r->fenced = fenced;
	return set_owner(st, r, now);
}

static int
look(struct sr_store *st, struct sr_str name, bool want, struct sr_stored *out,
    sr_time now)
{
	struct record *r = find(st->at, name, now);
	int err = SR_OK, got;

	if (r == NULL)
		r = find_by_name(st->at, name, now);
	if (r == NULL || r->owner.n == 0)
		return SR_ENOENT;
	if (r->value.n > st->max_value)
		return SR_ELIMIT;
	if (want)
		err = take(st, r, now);
	if (err != SR_OK && err != SR_MORE)
		return err;
	got = sr_stored_fill(out, r->node.key, err == SR_OK ?
	    sr_buf_str(&r->value) : (struct sr_str){ NULL, 0 },
	    sr_buf_str(&r->owner));
	out->left = r->until > now ? r->until - now : 0;
	return got == SR_OK ? err : got;
}

static int
memory_find(struct sr_store *st, struct sr_str name, bool want,
    struct sr_stored *out, sr_time now)
{
	struct memory *m = st->at;
	int err;

	pthread_mutex_lock(&m->lock);
	err = look(st, name, want, out, now);
	pthread_mutex_unlock(&m->lock);
	return err;
}

static int
memory_scan(struct sr_store *st, struct sr_arena *a, struct sr_str **keys,
    size_t *n, sr_time now)
{
	struct memory *m = st->at;
	struct record *r = NULL;
	int err = SR_OK;

	pthread_mutex_lock(&m->lock);
	while (err == SR_OK &&
	    (r = sr_map_next(&m->records, r != NULL ? &r->node :
	    NULL)) != NULL)
		if (r->dies > now && sr_rule_is_near(st,
		    sr_buf_str(&r->owner)))
			err = sr_scan_add(a, keys, n, r->node.key);
	pthread_mutex_unlock(&m->lock);
	return err;
}

static int
memory_expire(struct sr_store *st, sr_time now)
{
	struct memory *m = st->at;
	struct record *r, *next;

	pthread_mutex_lock(&m->lock);
	for (r = sr_map_next(&m->records, NULL); r != NULL; r = next) {
		next = sr_map_next(&m->records, &r->node);
		if (r->dies <= now)
			drop(m, r);
	}
	pthread_mutex_unlock(&m->lock);
	return SR_OK;
}

/* ---- begin and end ---- */

static struct memory *
new(const char *name)
{
	size_t n = strlen(name);
	struct memory *m = sr_zalloc(sizeof(*m) + n + 1);

	if (m == NULL)
		return NULL;
	memcpy(m->name, name, n);
	pthread_mutex_init(&m->lock, NULL);
	return m;
}

static int
memory_open(struct sr_store *st)
{
	const char *name = st->url.path;
	struct memory *m = NULL;

	pthread_mutex_lock(&shared_lock);
	if (name[0] != '\0')
		for (m = shared; m != NULL && strcmp(m->name, name) != 0;)
			m = m->next;
	if (m == NULL && (m = new(name)) != NULL && name[0] != '\0') {
		m->next = shared;
		shared = m;
	}
	if (m != NULL)
		m->users++;
	pthread_mutex_unlock(&shared_lock);
	st->at = m;
	return m != NULL ? SR_OK : SR_ENOMEM;
}

static void
destroy(struct memory *m)
{
	struct record *r;

	while ((r = sr_map_next(&m->records, NULL)) != NULL)
		drop(m, r);
	sr_map_free(&m->records);
	sr_map_free(&m->names);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static void
memory_close(struct sr_store *st)
{
	struct memory *m = st->at, **at = &shared;
	bool last;

	pthread_mutex_lock(&shared_lock);
	if ((last = --m->users == 0)) {
		while (*at != NULL && *at != m)
			at = &(*at)->next;
		if (*at == m)
			*at = m->next;
	}
	pthread_mutex_unlock(&shared_lock);
	if (last)
		destroy(m);
}

static int
memory_check(struct sr_store *st)
{
	(void)st;
	return SR_OK;
}

const struct backend sr_memory = { memory_open, memory_check, memory_write,
    memory_find, memory_scan, memory_expire, memory_close };
