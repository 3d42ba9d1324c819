/* query - what an operator wants to see, as JSON: one object, one line. */
#include "priv.h"

#include <string.h>

static void
put_text(struct sr_buf *b, const char *name, struct sr_str value)
{
	sr_buf_fmt(b, ",\"%s\":", name);
	sr_buf_json(b, value);
}

static void
put_addr(struct sr_buf *b, const char *name, const struct sr_addr *a)
{
	if (a->family == 0)
		return;
	sr_buf_fmt(b, ",\"%s\":\"", name);
	sr_addr_print(b, a);
	sr_buf_addc(b, '"');
}

static void
put_time(struct sr_buf *b, const char *name, sr_time t)
{
	sr_buf_fmt(b, ",\"%s\":\"", name);
	sr_time_print(b, t, 3);
	sr_buf_addc(b, '"');
}

static const char *
state_of(const struct leg *l)
{
	return l->ending ? "ending" : !l->answered ? "early" :
	    l->paused ? "paused" : "recording";
}

static void
put_leg(struct sr_buf *b, const struct leg *l, sr_time now)
{
	static const char *const protos[] = { "udp", "tcp", "tls" };
	const struct sr_hop *hop = sr_dialog_hop(l->d);
	size_t live = 0;

	for (size_t i = 0; i < l->nlines; i++)
		live += l->lines[i].live;
	sr_buf_add(b, SR_STR("{\"session\":"));
	sr_buf_json(b, sr_cstr(l->session != NULL ? l->session : l->call_id));
	put_text(b, "call_id", sr_cstr(l->call_id));
	sr_buf_fmt(b, ",\"state\":\"%s\",\"leg\":%llu", state_of(l),
	    (unsigned long long)l->id);
	put_text(b, "from", sr_dialog_remote_uri(l->d));
	put_text(b, "to", sr_dialog_local_uri(l->d));
	put_addr(b, "peer", &hop->remote);
	sr_buf_fmt(b, ",\"transport\":\"%s\",\"streams\":%zu",
	    protos[hop->proto], live);
	if (!l->answered)
		return;
	put_time(b, "since", l->since);
	sr_buf_fmt(b, ",\"seconds\":%.3f",
	    (double)(now - l->since) / (double)SR_SEC);
}

static int
finish(struct sr_buf *b, const char *end)
{
	size_t full = b->max;

	sr_buf_fmt(b, "%s\n", end);
	if (b->n == full || (b->n > 0 && b->p[b->n - 1] != '\n'))
		return SR_ELIMIT;
	return SR_OK;
}

int
sr_serve_list(const struct sr_serve *s, struct sr_buf *out, sr_time now)
{
	const char *sep = "";

	sr_buf_add(out, SR_STR("{\"sessions\":["));
	for (const struct leg *l = s->oldest; l != NULL; l = l->newer) {
		sr_buf_fmt(out, "%s", sep);
		put_leg(out, l, now);
		sr_buf_addc(out, '}');
		sep = ",";
	}
	return finish(out, "]}");
}

/* ---- one of them ---- */

static void
put_line(struct sr_buf *b, const struct leg *l, const struct sr_sdp *sdp,
    size_t i, sr_time now)
{
	static const char *const keyings[] = { "none", "sdes", "dtls" };
	const struct line *n = &l->lines[i];

	sr_buf_fmt(b, "%s{\"line\":%zu", i > 0 ? "," : "", i);
	if (i < sdp->nmlines) {
		put_text(b, "label", sdp->mlines[i].label);
		put_text(b, "media", sdp->mlines[i].media);
	}
	sr_buf_fmt(b, ",\"state\":\"%s\"", !n->live ? "refused" :
	    n->dir == SR_INACTIVE ? "inactive" : "recvonly");
	if (n->live) {
		put_addr(b, "local", &n->rtp);
		put_addr(b, "remote", &n->peer_rtp);
		sr_buf_fmt(b, ",\"srtp\":\"%s\",\"muted\":%s,"
		    "\"silent\":%.3f", keyings[n->keying],
		    n->muted ? "true" : "false",
		    (double)(now - n->heard) / (double)SR_SEC);
	}
	sr_buf_addc(b, '}');
}

static void
put_lines(struct sr_buf *b, const struct leg *l, sr_time now)
{
	struct sr_sdp sdp;

	if (sr_sdp_parse(&sdp, sr_dialog_remote_sdp(l->d)) != SR_OK)
		sdp.nmlines = 0;
	sr_buf_add(b, SR_STR(",\"lines\":["));
	for (size_t i = 0; i < l->nlines; i++)
		put_line(b, l, &sdp, i, now);
	sr_buf_addc(b, ']');
	sr_sdp_free(&sdp);
}

int
sr_serve_show(const struct sr_serve *s, struct sr_str session,
    struct sr_buf *out, sr_time now)
{
	const struct leg *l = leg_by_name(s, session);
	struct sr_session_timer t;

	if (l == NULL)
		return SR_ENOENT;
	put_leg(out, l, now);
	put_text(out, "first_call_id", sr_cstr(l->first));
	if (l->user != NULL)
		put_text(out, "user", sr_cstr(l->user));
	if (l->identity != NULL)
		put_text(out, "identity", sr_cstr(l->identity));
	t = sr_dialog_timer(l->d);
	if (t.interval > 0)
		sr_buf_fmt(out, ",\"session_expires\":%u,"
		    "\"refresher\":\"%s\"", t.interval,
		    t.ours ? "us" : "them");
	put_lines(out, l, now);
	return finish(out, "}");
}

bool
sr_serve_who(const struct sr_serve *s, struct sr_str call_id,
    struct sr_serve_who *out)
{
	const struct leg *l = leg_of_session(s, call_id);

	*out = (struct sr_serve_who){ .tls = { NULL, 0 } };
	if (l == NULL)
		return false;
	out->tls = sr_cstr(l->identity);
	out->user = sr_cstr(l->user);
	out->asserted = sr_cstr(l->asserted);
	out->passport = l->passport;
	out->orig = sr_cstr(l->orig);
	out->dest = sr_cstr(l->dest);
	return true;
}

/* ---- numbers ---- */

static void
put_refused(struct sr_buf *b, const struct sr_serve_stats *t)
{
	const char *sep = "";

	sr_buf_add(b, SR_STR(",\"refused\":{"));
	for (size_t i = 0; i < sizeof(t->refused) / sizeof(*t->refused); i++)
		if (t->refused[i] > 0) {
			sr_buf_fmt(b, "%s\"%zu\":%llu", sep, i,
			    (unsigned long long)t->refused[i]);
			sep = ",";
		}
	sr_buf_add(b, SR_STR("},\"ended\":{"));
	for (size_t i = 0; i < SR_CAUSES && t->ended[i].why != NULL; i++)
		sr_buf_fmt(b, "%s\"%s\":%llu", i > 0 ? "," : "",
		    t->ended[i].why, (unsigned long long)t->ended[i].n);
	sr_buf_addc(b, '}');
}

static void
put_setup(struct sr_buf *b, const struct sr_serve_stats *t)
{
	double mean = t->answered > 0 ? (double)t->setup_sum /
	    (double)t->answered / (double)SR_MSEC : 0;

	sr_buf_fmt(b, ",\"setup_ms\":{\"mean\":%.3f,\"below\":{", mean);
	for (size_t i = 0; i < SR_SETUP_BUCKETS; i++)
		if (i + 1 < SR_SETUP_BUCKETS)
			sr_buf_fmt(b, "%s\"%u\":%llu", i > 0 ? "," : "",
			    1u << i, (unsigned long long)t->setup[i]);
		else
			sr_buf_fmt(b, ",\"more\":%llu",
			    (unsigned long long)t->setup[i]);
	sr_buf_add(b, SR_STR("}}"));
}

int
sr_serve_stats_json(const struct sr_serve *s, struct sr_buf *out, sr_time now)
{
	struct sr_serve_stats t;

	sr_serve_stats(s, &t);
	sr_buf_add(out, SR_STR("{\"time\":\""));
	sr_time_print(out, now, 3);
	sr_buf_fmt(out, "\",\"now\":%zu,\"legs\":%zu,\"subscriptions\":%zu,"
	    "\"draining\":%s,\"full\":%s,\"invites\":%llu,\"answered\":%llu,"
	    "\"cancelled\":%llu", t.now, t.legs, t.subscriptions,
	    t.draining ? "true" : "false", t.full ? "true" : "false",
	    (unsigned long long)t.invites, (unsigned long long)t.answered,
	    (unsigned long long)t.cancelled);
	put_refused(out, &t);
	put_setup(out, &t);
	return finish(out, "}");
}
