/* rule - who may do what with a record: the one truth of memory and SQLite,
 * and what the scripts for Redis say again. */
#include "priv.h"

#include <string.h>

static bool
is_ours(const struct sr_store *st, struct sr_str owner)
{
	return sr_streq(owner, sr_cstr(st->owner));
}

bool
sr_rule_is_near(const struct sr_store *st, struct sr_str owner)
{
	return sr_strstarts(owner, (struct sr_str){ st->owner,
	    st->nnode + 1 });
}

/* Owners hold no blanks, so that one with blanks around it is that one. */
static bool
is_fenced(const struct sr_store *st, struct sr_str fenced)
{
	char us[MAX_OWNER + 3];
	size_t n = strlen(st->owner);

	us[0] = us[n + 1] = ' ';
	memcpy(us + 1, st->owner, n);
	return sr_strfind(fenced, (struct sr_str){ us, n + 2 }) < fenced.n;
}

int
sr_rule_write(const struct sr_store *st, enum sr_store_verb verb,
    const struct holder *h)
{
	if (h != NULL && (h->owner.n > 0 ? !is_ours(st, h->owner) :
	    is_fenced(st, h->fenced)))
		return SR_EAUTH;
	return verb == SR_STORE_RENEW && (h == NULL || h->owner.n == 0) ?
	    SR_ENOENT : SR_OK;
}

int
sr_rule_take(const struct sr_store *st, const struct holder *h, sr_time now)
{
	if (h == NULL || h->owner.n == 0)
		return SR_ENOENT;
	return h->until <= now || sr_rule_is_near(st, h->owner) ? SR_OK :
	    SR_MORE;
}

/* The owner is added, the first ones go: a record changes hands a few times
 * in its life, and a process that slept through all that is long dead. */
int
sr_rule_fence(const struct sr_store *st, const struct holder *h,
    struct sr_buf *fenced)
{
	struct sr_str was = h->fenced;
	size_t blanks = 0;
	int err;

	if (is_ours(st, h->owner))
		return sr_buf_add(fenced, was);
	for (size_t i = 0; i < was.n; i++)
		blanks += was.p[i] == ' ';
	for (; blanks > MAX_FENCED; blanks--)
		was = sr_substr(was, 1 + sr_strchr(sr_substr(was, 1, was.n),
		    ' '), was.n);
	if ((err = sr_buf_add(fenced, was)) == SR_OK && was.n == 0)
		err = sr_buf_addc(fenced, ' ');
	if (err == SR_OK)
		err = sr_buf_add(fenced, h->owner);
	return err == SR_OK ? sr_buf_addc(fenced, ' ') : err;
}
