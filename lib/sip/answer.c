/* answer - the SDP of a recording server: answers, RFC 3264 section 6 and RFC
 * 7866 section 7.2, and offers of the same m-lines. */
#include "sip/priv.h"

void
sr_ice_text(char *out, const uint8_t *random, size_t n)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i++)
		out[i] = alphabet[random[i] & 63];
	out[n] = '\0';
}

/* One m-line in the making. */
struct line {
	struct sdp_out *o;
	const struct sr_mline *m;
	const struct sr_plan_line *plan;
	const struct sr_answer_line *own;
	bool offer;			/* ours, not an answer */
};

static bool
taken(const struct sr_plan_line *plan, const struct sr_answer_line *own)
{
	return plan->refused == SR_TAKEN && !own->refuse;
}

/* ---- ICE: the lite side has one host candidate, RFC 8839 ---- */

/* RFC 8445 section 5.1.2.1: a host candidate, as if it were the only one. */
static void
put_candidate(struct line *l, unsigned component, uint16_t port)
{
	const struct sr_addr *a = l->own->rtp.family != 0 ? &l->own->rtp :
	    &l->o->own->addr;
	struct sr_addr bare = *a;
	struct sr_buf text;
	struct sr_str s;

	bare.port = 0;
	sr_buf_init(&text, 64);
	if (l->o->err == SR_OK)
		l->o->err = sr_addr_print(&text, &bare);
	s = sr_buf_str(&text);
	if (bare.family == 6)
		s = sr_substr(s, 1, s.n - 2);
	sdp_fmt(l->o, "a=candidate:1 %u UDP %u ", component,
	    (126u << 24) + (65535u << 8) + (256u - component));
	sdp_text(l->o, s);
	sdp_fmt(l->o, " %u typ host\r\n", port);
	sr_buf_free(&text);
}

static void
put_ice(struct line *l)
{
	const struct sr_answer_line *own = l->own;

	if (l->o->err == SR_OK && (own->ufrag.n < 4 || own->pwd.n < 22))
		l->o->err = SR_EBAD;
	sdp_fmt(l->o, "a=ice-ufrag:");
	sdp_text(l->o, own->ufrag);
	sdp_fmt(l->o, "\r\na=ice-pwd:");
	sdp_text(l->o, own->pwd);
	sdp_fmt(l->o, "\r\n");
	put_candidate(l, 1, own->rtp.port);
	if (!l->plan->mux)
		put_candidate(l, 2, own->rtcp != 0 ? own->rtcp :
		    (uint16_t)(own->rtp.port + 1));
}

/* ---- keys ---- */

/* RFC 4568 section 5.1.2: tag and suite of the line that was chosen, and a key
 * of our own, even where we never send.  RFC 5763 section 5: an offer leaves
 * the role open. */
static void
put_keys(struct line *l)
{
	const struct sr_sdes_keys *theirs = &l->plan->keys;

	switch (l->plan->keying) {
	case SR_KEYS_NONE:
		break;
	case SR_KEYS_SDES:
		if (l->own->key.suite != theirs->v[0].suite ||
		    l->plan->sdes >= l->m->nsdes)
			l->o->err = SR_EBAD;
		else
			sdp_crypto(l->o, theirs->tag,
			    l->m->sdes[l->plan->sdes].suite, &l->own->key);
		break;
	case SR_KEYS_DTLS:
		sdp_dtls(l->o, l->offer ? SR_STR("actpass") :
		    l->plan->active ? SR_STR("active") : SR_STR("passive"));
		break;
	}
}

/* ---- lines ---- */

/* RFC 3264 section 6.1: what the peer will not send we do not ask for; an
 * offer of ours may (RFC 7866 section 7.2). */
static enum sr_dir
direction(const struct line *l)
{
	if (l->own->dir == SR_INACTIVE ||
	    (!l->offer && l->plan->dir == SR_INACTIVE))
		return SR_INACTIVE;
	return SR_RECVONLY;
}

static void
put_formats(struct line *l)
{
	const struct sr_mline *m = l->m;

	for (size_t i = 0; i < m->nformats; i++)
		if (sr_plan_wants(l->plan, m->formats[i].pt))
			sdp_fmt(l->o, " %u", m->formats[i].pt);
	sdp_fmt(l->o, "\r\n");
}

static void
put_maps(struct line *l)
{
	const struct sr_mline *m = l->m;

	for (size_t i = 0; i < m->nformats; i++)
		if (sr_plan_wants(l->plan, m->formats[i].pt))
			sdp_format(l->o, &m->formats[i]);
}

static void
put_line(struct line *l)
{
	const struct sr_answer_line *own = l->own;

	if (!taken(l->plan, own)) {
		sdp_refuse(l->o, l->m);
		return;
	}
	if (l->o->err == SR_OK && own->rtp.port == 0)
		l->o->err = SR_EBAD;
	sdp_media(l->o, l->m->media, own->rtp.port, l->m->proto);
	put_formats(l);
	sdp_media_conn(l->o, &own->rtp);
	sdp_dir(l->o, direction(l));
	sdp_echo_attr(l->o, "label", l->m->label);
	put_maps(l);
	sdp_rtcp(l->o, l->plan->mux, own->rtp.port, own->rtcp);
	if (l->o->err == SR_OK)
		put_keys(l);
	if (l->plan->ice)
		put_ice(l);
}

static int
put_sdp(struct sr_buf *out, const struct sr_sdp *peer,
    const struct sr_plan *plan, const struct sr_sdp_own *own,
    const struct sr_answer_line *lines, bool offer)
{
	struct sdp_out o;
	struct line l = { .o = &o, .offer = offer };
	bool ice = false;

	if (plan->nlines != peer->nmlines)
		return SR_EBAD;
	sdp_begin(&o, out, own, peer->times);
	for (size_t i = 0; i < plan->nlines; i++)
		ice |= taken(&plan->lines[i], &lines[i]) && plan->lines[i].ice;
	if (ice)
		sdp_fmt(&o, "a=ice-lite\r\n");
	for (size_t i = 0; i < plan->nlines; i++) {
		l.m = &peer->mlines[i];
		l.plan = &plan->lines[i];
		l.own = &lines[i];
		put_line(&l);
	}
	return sdp_end(&o);
}

int
sr_sdp_answer(struct sr_buf *out, const struct sr_sdp *offer,
    const struct sr_plan *plan, const struct sr_sdp_own *own,
    const struct sr_answer_line *lines)
{
	return put_sdp(out, offer, plan, own, lines, false);
}

int
sr_sdp_reoffer(struct sr_buf *out, const struct sr_sdp *peer,
    const struct sr_plan *plan, const struct sr_sdp_own *own,
    const struct sr_answer_line *lines)
{
	return put_sdp(out, peer, plan, own, lines, true);
}
