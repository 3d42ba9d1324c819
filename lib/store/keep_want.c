/* keep_want - wants and news: blocks that may hold keys, and are wiped. */
#include "store/keep.h"

#include <stdlib.h>
#include <string.h>

/* Copies s to *at, which moves on. */
static struct sr_str
lay(char **at, struct sr_str s)
{
	struct sr_str out = { *at, s.n };

	if (s.n > 0)
		memcpy(*at, s.p, s.n);
	*at += s.n;
	return out;
}

struct want *
sr_want_new(enum sr_store_verb verb, struct sr_str value,
    const struct sr_str *names, size_t nnames)
{
	size_t size = sizeof(struct want) + nnames * sizeof(*names) + value.n;
	struct want *w;
	char *at;

	for (size_t i = 0; i < nnames; i++)
		size += names[i].n;
	if ((w = sr_zalloc(size)) == NULL)
		return NULL;
	w->verb = verb;
	w->size = size;
	w->names = (struct sr_str *)(void *)w->bytes;
	w->nnames = nnames;
	at = w->bytes + nnames * sizeof(*names);
	for (size_t i = 0; i < nnames; i++)
		w->names[i] = lay(&at, names[i]);
	w->value = lay(&at, value);
	return w;
}

static int
room(struct want *w, size_t n)
{
	struct ticket *v;

	if (w->ntickets + n <= w->room)
		return SR_OK;
	n += w->ntickets + w->ntickets / 2;
	if ((v = realloc(w->tickets, n * sizeof(*v))) == NULL)
		return SR_ENOMEM;
	w->tickets = v;
	w->room = n;
	return SR_OK;
}

int
sr_want_ticket(struct want *w, uint64_t id, enum sr_kept_what what)
{
	if (room(w, 1) != SR_OK)
		return SR_ENOMEM;
	w->tickets[w->ntickets++] = (struct ticket){ id, what };
	return SR_OK;
}

int
sr_want_inherit(struct want *w, const struct want *from)
{
	if (from->ntickets == 0)
		return SR_OK;
	if (room(w, from->ntickets) != SR_OK)
		return SR_ENOMEM;
	memmove(w->tickets + from->ntickets, w->tickets,
	    w->ntickets * sizeof(*w->tickets));
	memcpy(w->tickets, from->tickets,
	    from->ntickets * sizeof(*w->tickets));
	w->ntickets += from->ntickets;
	return SR_OK;
}

void
sr_want_free(struct want *w)
{
	if (w == NULL)
		return;
	free(w->tickets);
	sr_wipe(w, w->size);
	free(w);
}

/* ---- news ---- */

/* Without memory nobody hears of it: the caller has its own patience. */
void
sr_keep_tell(struct keep *k, const struct sr_kept *kept)
{
	size_t size = sizeof(struct news) + kept->key.n + kept->value.n +
	    kept->owner.n + kept->why.n;
	struct news *n = sr_zalloc(size);
	char *at;

	if (n == NULL)
		return;
	n->size = size;
	n->kept = *kept;
	at = n->bytes;
	n->kept.key = lay(&at, kept->key);
	n->kept.value = lay(&at, kept->value);
	n->kept.owner = lay(&at, kept->owner);
	n->kept.why = lay(&at, kept->why);
	*k->news_end = n;
	k->news_end = &n->next;
}

struct news *
sr_keep_news(struct keep *k)
{
	struct news *n = k->news;

	if (n != NULL && (k->news = n->next) == NULL)
		k->news_end = &k->news;
	return n;
}

void
sr_keep_news_free(struct news *n)
{
	if (n == NULL)
		return;
	sr_wipe(n, n->size);
	free(n);
}
