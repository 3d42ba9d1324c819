/* replay_places - where the servers are: RFC 3263. */
#include "replay_live.h"

#include <stdlib.h>

#include "cli.h"

static void
found(struct world *w, struct place *p, const struct sr_hop *hops, size_t n)
{
	for (size_t i = 0; i < n && i < MAX_HOPS; i++) {
		p->hops[p->target.nhops] = hops[i];
		if (sr_transport_route(w->transport,
		    &p->hops[p->target.nhops]) == SR_OK)
			p->target.nhops++;
	}
	p->target.hops = p->hops;
	p->ready = true;
}

static void
on_found(void *arg, int err, const struct sr_hop *hops, size_t n)
{
	struct place *p = arg;
	struct world *w = p->world;

	if (err == SR_OK)
		found(w, p, hops, n);
	p->ready = true;
	if (p != &w->main && p != &w->failover) {
		sr_run_resolved(w->run, p->ticket, p->hops, p->target.nhops,
		    sr_now());
		free(p);
		live_drain(w);
		live_move_on(w);
	} else if (w->main.ready && (w->o->failover == NULL ||
	    w->failover.ready)) {
		sr_loop_stop(w->loop);
	}
}

void
live_look_up(struct world *w, struct place *p, struct sr_str uri)
{
	struct sr_dns_query q;
	struct sr_lookup *l;

	if (sr_dns_query_uri(&q, uri) != SR_OK) {
		on_found(p, SR_ENOENT, NULL, 0);
		return;
	}
	p->domain = q.host;
	if (sr_dns_sip(w->dns, &q, on_found, p, &l) != SR_OK)
		on_found(p, SR_ENOENT, NULL, 0);
}

int
live_find_servers(struct world *w)
{
	struct { struct place *p; const char *uri; } v[] = {
	    { &w->main, w->o->target }, { &w->failover, w->o->failover } };

	for (size_t i = 0; i < 2; i++) {
		v[i].p->world = w;
		v[i].p->target.uri = sr_cstr(v[i].uri);
		v[i].p->target.auth = w->auth.user.n > 0 ? &w->auth : NULL;
		if (v[i].uri != NULL)
			live_look_up(w, v[i].p, v[i].p->target.uri);
	}
	if (!w->main.ready || (w->o->failover != NULL && !w->failover.ready))
		sr_loop_run(w->loop);
	for (size_t i = 0; i < 2; i++)
		if (v[i].uri != NULL && v[i].p->target.nhops == 0) {
			cli_warn("%s: no such server can be found, or no way "
			    "leads to it", v[i].uri);
			return CLI_UNAVAILABLE;
		}
	if (w->o->failover != NULL)
		w->main.target.failover = &w->failover.target;
	return CLI_OK;
}
