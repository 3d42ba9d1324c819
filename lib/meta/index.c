/* index - objects by id.  Sorted, so that no choice of ids makes it slow. */
#include "meta/priv.h"

#include <stdlib.h>

const char *
sr_kind_name(enum sr_kind kind)
{
	static const char *const name[] = {
		[SR_K_GROUP] = "group", [SR_K_SESSION] = "session",
		[SR_K_PARTICIPANT] = "participant", [SR_K_STREAM] = "stream"
	};

	return name[kind];
}

/* By id, then by kind, then in the order of the document. */
static int
order(const void *a, const void *b)
{
	const struct sr_entry *x = a, *y = b;
	int c = sr_strcmp(x->id, y->id);

	if (c != 0)
		return c;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->i < y->i ? -1 : x->i > y->i;
}

static void
enter(struct sr_index *x, struct sr_str id, enum sr_kind kind, size_t i,
    unsigned line)
{
	/* Two empty ids are not one id. */
	if (id.n > 0)
		x->v[x->n++] = (struct sr_entry){ id, kind, i, line, 0 };
}

int
sr_index_make(struct sr_index *x, const struct sr_doc *d)
{
	size_t i, n = d->ngroups + d->nsessions + d->nparticipants +
	    d->nstreams;

	*x = (struct sr_index){ NULL, 0 };
	if ((x->v = calloc(n + 1, sizeof(*x->v))) == NULL)
		return SR_ENOMEM;
	for (i = 0; i < d->ngroups; i++)
		enter(x, d->groups[i].id, SR_K_GROUP, i, d->groups[i].line);
	for (i = 0; i < d->nsessions; i++)
		enter(x, d->sessions[i].id, SR_K_SESSION, i,
		    d->sessions[i].line);
	for (i = 0; i < d->nparticipants; i++)
		enter(x, d->participants[i].id, SR_K_PARTICIPANT, i,
		    d->participants[i].line);
	for (i = 0; i < d->nstreams; i++)
		enter(x, d->streams[i].id, SR_K_STREAM, i, d->streams[i].line);
	qsort(x->v, x->n, sizeof(*x->v), order);
	return SR_OK;
}

struct sr_entry *
sr_index_find(const struct sr_index *x, enum sr_kind kind, struct sr_str id)
{
	struct sr_entry key = { id, kind, 0, 0, 0 };
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (order(&x->v[mid], &key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < x->n && x->v[lo].kind == kind && sr_streq(x->v[lo].id, id))
		return &x->v[lo];
	return NULL;
}

void
sr_index_free(struct sr_index *x)
{
	free(x->v);
	*x = (struct sr_index){ NULL, 0 };
}
