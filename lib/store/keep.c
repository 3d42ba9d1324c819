/* keep - what a keeper has to do and to tell.
 *
 * Of each key only what was wanted last waits.  While the store is away one
 * thing is tried now and then, until it is done; then all the rest. */
#include "store/keep.h"

#include <stdlib.h>
#include <string.h>

#define EXPIRE_EVERY (60 * SR_SEC)

void
sr_keep_init(struct keep *k, sr_time lease, size_t max, sr_time retry,
    sr_time now)
{
	*k = (struct keep){ .lease = lease, .max = max, .retry = retry,
	    .renew_at = now + lease / 3, .expire_at = now + EXPIRE_EVERY };
	for (int i = 0; i < LINES; i++)
		k->end[i] = &k->first[i];
	k->searches_end = &k->searches;
	k->news_end = &k->news;
}

/* ---- keys, and who waits in which line ---- */

static struct item *
item_of(struct keep *k, struct sr_str key)
{
	struct item *it = sr_map_find(&k->items, key);

	if (it != NULL)
		return it;
	if ((it = sr_zalloc(sizeof(*it) + key.n)) == NULL)
		return NULL;
	if (key.n > 0)
		memcpy(it->key, key.p, key.n);
	it->node.key = (struct sr_str){ it->key, key.n };
	if (sr_map_add(&k->items, &it->node) == SR_OK)
		return it;
	free(it);
	return NULL;
}

/* Nobody needs it any more. */
static void
release(struct keep *k, struct item *it)
{
	if (it->ours || it->wanted != NULL || it->flying != NULL ||
	    it->in[LINE_URGENT] || it->in[LINE_RENEW])
		return;
	sr_map_del(&k->items, &it->node);
	free(it);
}

static void
line_up(struct keep *k, enum line l, struct item *it)
{
	if (it->in[l])
		return;
	it->in[l] = true;
	it->next[l] = NULL;
	*k->end[l] = it;
	k->end[l] = &it->next[l];
}

static enum line
line_of(const struct want *w)
{
	return w->verb == SR_STORE_RENEW ? LINE_RENEW : LINE_URGENT;
}

/* The first of whom something is still wanted that belongs to this line. */
static struct item *
call_up(struct keep *k, enum line l)
{
	struct item *it;

	while ((it = k->first[l]) != NULL) {
		if ((k->first[l] = it->next[l]) == NULL)
			k->end[l] = &k->first[l];
		it->in[l] = false;
		if (it->wanted != NULL && line_of(it->wanted) == l)
			return it;
		release(k, it);
	}
	return NULL;
}

/* ---- what is wanted ---- */

static bool
counts(const struct want *w)
{
	return w->verb != SR_STORE_RENEW;
}

static size_t
weight(const struct want *w)
{
	return w == NULL || !counts(w) ? 0 : w->size +
	    w->ntickets * sizeof(*w->tickets);
}

static void
set_wanted(struct keep *k, struct item *it, struct want *w)
{
	k->waiting += weight(w) - weight(it->wanted);
	k->undone += (w != NULL && counts(w)) -
	    (it->wanted != NULL && counts(it->wanted));
	sr_want_free(it->wanted);
	it->wanted = w;
	if (w != NULL)
		line_up(k, line_of(w), it);
}

/* What was wanted before is not wanted any more; who waits for it waits for
 * this. */
static int
want(struct keep *k, struct sr_str key, struct want *w)
{
	struct item *it;

	if (w == NULL)
		return SR_ENOMEM;
	if ((it = item_of(k, key)) == NULL)
		goto out;
	if (it->wanted != NULL && sr_want_inherit(w, it->wanted) != SR_OK)
		goto out;
	if (k->waiting - weight(it->wanted) + weight(w) > k->max) {
		sr_want_free(w);
		release(k, it);
		return SR_ELIMIT;
	}
	set_wanted(k, it, w);
	return SR_OK;
out:
	sr_want_free(w);
	if (it != NULL)
		release(k, it);
	return SR_ENOMEM;
}

static struct want *
with_ticket(struct want *w, uint64_t ticket, enum sr_kept_what what)
{
	if (w == NULL || sr_want_ticket(w, ticket, what) == SR_OK)
		return w;
	sr_want_free(w);
	return NULL;
}

int
sr_keep_put(struct keep *k, uint64_t ticket, struct sr_str key,
    const struct sr_str *names, size_t nnames, struct sr_str value)
{
	return want(k, key, with_ticket(sr_want_new(SR_STORE_PUT, value,
	    names, nnames), ticket, SR_KEPT_PUT));
}

int
sr_keep_delete(struct keep *k, uint64_t ticket, struct sr_str key)
{
	return want(k, key, with_ticket(sr_want_new(SR_STORE_DELETE,
	    (struct sr_str){ NULL, 0 }, NULL, 0), ticket, SR_KEPT_DELETE));
}

int
sr_keep_own(struct keep *k, struct sr_str key)
{
	struct item *it = item_of(k, key);

	if (it == NULL)
		return SR_ENOMEM;
	it->ours = true;
	return SR_OK;
}

static void
answer_search(struct keep *k, const struct search *s, int err,
    const struct sr_stored *r)
{
	struct sr_kept a = { .what = SR_KEPT_TAKE, .ticket = s->ticket,
	    .err = err, .key = s->name };

	if (err == SR_OK || err == SR_MORE) {
		a.key = sr_buf_str(&r->key);
		a.value = sr_buf_str(&r->value);
		a.owner = sr_buf_str(&r->owner);
		a.left = r->left;
	}
	sr_keep_tell(k, &a);
}

int
sr_keep_take(struct keep *k, uint64_t ticket, struct sr_str name)
{
	struct search *s;

	if (k->waiting + sizeof(*s) + name.n > k->max)
		return SR_ELIMIT;
	if ((s = sr_zalloc(sizeof(*s) + name.n)) == NULL)
		return SR_ENOMEM;
	s->ticket = ticket;
	if (name.n > 0)
		memcpy(s->bytes, name.p, name.n);
	s->name = (struct sr_str){ s->bytes, name.n };
	if (k->down) {
		answer_search(k, s, SR_ESYS, NULL);
		free(s);
		return SR_OK;
	}
	k->waiting += sizeof(*s) + name.n;
	*k->searches_end = s;
	k->searches_end = &s->next;
	return SR_OK;
}

static struct search *
next_search(struct keep *k)
{
	struct search *s = k->searches;

	if (s == NULL)
		return NULL;
	if ((k->searches = s->next) == NULL)
		k->searches_end = &k->searches;
	k->waiting -= sizeof(*s) + s->name.n;
	return s;
}

/* ---- what is to be done ---- */

/* A renewal waits behind all that somebody waits for. */
static void
renew_all(struct keep *k)
{
	struct map_node *n = NULL;
	struct want *w;
	struct item *it;

	while ((n = sr_map_next(&k->items, n)) != NULL) {
		it = (struct item *)n;
		if (it->ours && it->wanted == NULL && it->flying == NULL &&
		    (w = sr_want_new(SR_STORE_RENEW,
		    (struct sr_str){ NULL, 0 }, NULL, 0)) != NULL)
			set_wanted(k, it, w);
	}
}

static void
add_op(struct keep *k, struct job *j, struct item *it)
{
	struct want *w = it->wanted;

	k->waiting -= weight(w);
	k->undone -= counts(w);
	it->wanted = NULL;
	it->flying = w;
	j->items[j->n] = it;
	j->ops[j->n++] = (struct sr_store_op){ w->verb, it->node.key,
	    w->value, w->names, w->nnames, SR_OK };
}

/* As many as may be; of a store that is away only one is asked. */
static bool
next_write(struct keep *k, struct job *j)
{
	size_t most = k->down ? 1 : KEEP_BATCH, bytes = 0;
	struct item *it;

	j->what = JOB_WRITE;
	for (enum line l = 0; l < LINES; l++)
		while (j->n < most && bytes < KEEP_BYTES &&
		    (it = call_up(k, l)) != NULL) {
			bytes += it->wanted->value.n;
			add_op(k, j, it);
		}
	return j->n > 0;
}

static bool
next_take(struct keep *k, struct job *j)
{
	j->what = JOB_TAKE;
	return (j->search = next_search(k)) != NULL;
}

bool
sr_keep_next(struct keep *k, struct job *j, sr_time now, sr_time *due)
{
	j->what = JOB_NONE;
	j->err = SR_OK;
	j->n = 0;
	j->search = NULL;
	j->found = (struct sr_stored){ .left = 0 };
	if (k->down && now < k->retry_at) {
		*due = k->retry_at;
		return false;
	}
	if (now >= k->renew_at) {
		renew_all(k);
		k->renew_at = now + k->lease / 3;
	}
	/* Neither of those who write and those who take waits for all of the
	 * others. */
	k->searched = !k->searched && next_take(k, j);
	if (k->searched || next_write(k, j) ||
	    (k->searched = next_take(k, j)))
		return true;
	j->what = k->down ? JOB_CHECK : now >= k->expire_at ? JOB_EXPIRE :
	    JOB_NONE;
	if (j->what == JOB_EXPIRE)
		k->expire_at = now + EXPIRE_EVERY;
	*due = k->renew_at < k->expire_at ? k->renew_at : k->expire_at;
	return j->what != JOB_NONE;
}

void
sr_keep_perform(struct job *j, struct sr_store *st, sr_time now)
{
	switch (j->what) {
	case JOB_NONE:
		break;
	case JOB_WRITE:
		j->err = sr_store_write(st, j->ops, j->n, now);
		break;
	case JOB_TAKE:
		j->err = sr_store_take(st, j->search->name, &j->found, now);
		break;
	case JOB_CHECK:
		j->err = sr_store_check(st);
		break;
	case JOB_EXPIRE:
		j->err = sr_store_expire(st, now);
		break;
	}
	j->why = sr_store_why(st);
}

/* ---- what came of it ---- */

/* Nothing is known of it: it is wanted again, unless something else is. */
static void
not_done(struct keep *k, struct item *it)
{
	struct want *w = it->flying;

	it->flying = NULL;
	if (it->wanted == NULL)
		set_wanted(k, it, w);
	else {
		k->waiting -= weight(it->wanted);
		sr_want_inherit(it->wanted, w);
		k->waiting += weight(it->wanted);
		sr_want_free(w);
	}
}

static void
lost(struct keep *k, struct item *it, enum sr_kept_what what)
{
	struct sr_kept a = { .what = what, .key = it->node.key };

	if (it->ours)
		sr_keep_tell(k, &a);
	it->ours = false;
}

static void
done(struct keep *k, struct item *it, int err)
{
	struct want *w = it->flying;
	struct sr_kept a = { .err = err, .key = it->node.key };

	it->flying = NULL;
	for (size_t i = 0; i < w->ntickets; i++) {
		a.what = w->tickets[i].what;
		a.ticket = w->tickets[i].id;
		sr_keep_tell(k, &a);
	}
	if (err == SR_EAUTH)
		lost(k, it, SR_KEPT_LOST);
	else if (err == SR_ENOENT)
		lost(k, it, SR_KEPT_MISSING);
	else if (err == SR_OK)
		it->ours = w->verb != SR_STORE_DELETE;
	sr_want_free(w);
	release(k, it);
}

static void
go_down(struct keep *k, const char *why, sr_time now)
{
	struct sr_kept a = { .what = SR_KEPT_DOWN, .why = sr_cstr(why) };
	struct search *s;

	k->retry_at = now + k->retry;
	if (k->down)
		return;
	k->down = true;
	sr_keep_tell(k, &a);
	while ((s = next_search(k)) != NULL) {
		answer_search(k, s, SR_ESYS, NULL);
		free(s);
	}
}

/* What has become of ours meanwhile is to be seen at once. */
static void
come_up(struct keep *k, sr_time now)
{
	struct sr_kept a = { .what = SR_KEPT_UP };

	if (!k->down)
		return;
	k->down = false;
	k->renew_at = now;
	sr_keep_tell(k, &a);
}

static void
write_done(struct keep *k, struct job *j, bool away)
{
	for (size_t i = 0; i < j->n; i++)
		if (away)
			not_done(k, j->items[i]);
		else
			done(k, j->items[i], j->ops[i].err);
}

static void
take_done(struct keep *k, struct job *j)
{
	if (j->err == SR_OK)
		sr_keep_own(k, sr_buf_str(&j->found.key));
	answer_search(k, j->search, j->err, &j->found);
	sr_stored_free(&j->found);
	free(j->search);
}

void
sr_keep_done(struct keep *k, struct job *j, sr_time now)
{
	bool away = j->err == SR_ESYS;

	if (away)
		go_down(k, j->why, now);
	else
		come_up(k, now);
	if (j->what == JOB_WRITE)
		write_done(k, j, away);
	else if (j->what == JOB_TAKE)
		take_done(k, j);
}

/* ---- the end ---- */

void
sr_keep_free(struct keep *k)
{
	struct item *it;
	struct search *s;
	struct news *n;

	while ((it = sr_map_next(&k->items, NULL)) != NULL) {
		sr_map_del(&k->items, &it->node);
		sr_want_free(it->wanted);
		sr_want_free(it->flying);
		free(it);
	}
	sr_map_free(&k->items);
	while ((s = next_search(k)) != NULL)
		free(s);
	while ((n = sr_keep_news(k)) != NULL)
		sr_keep_news_free(n);
}
