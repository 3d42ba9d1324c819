/* stats - what is counted. */
#include "priv.h"

#include <string.h>

void
stats_refused(struct sr_serve *s, int status)
{
	if (status >= 0 && status < (int)(sizeof(s->stats.refused) /
	    sizeof(s->stats.refused[0])))
		s->stats.refused[status]++;
}

void
stats_setup(struct sr_serve *s, sr_time took)
{
	size_t i = 0;

	while (i < SR_SETUP_BUCKETS - 1 && took >= SR_MSEC << i)
		i++;
	s->stats.setup[i]++;
	s->stats.setup_sum += took;
}

/* why is static text, of few kinds: see core.h. */
void
stats_ended(struct sr_serve *s, const char *why)
{
	struct sr_serve_cause *c = s->stats.ended;

	for (size_t i = 0; i < SR_CAUSES; i++)
		if (c[i].why == NULL || strcmp(c[i].why, why) == 0) {
			c[i].why = why;
			c[i].n++;
			return;
		}
}

void
sr_serve_stats(const struct sr_serve *s, struct sr_serve_stats *out)
{
	*out = s->stats;
	out->legs = s->nlegs;
	out->subscriptions = s->nsubscriptions;
	out->draining = s->draining;
	out->full = s->full;
}
