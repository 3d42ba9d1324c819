/* offer - the SDP of a recording client, RFC 7866 section 7.1: what it offers,
 * and how it answers an offer of the server. */
#include "sip/priv.h"

static struct sr_str
or_else(struct sr_str s, struct sr_str otherwise)
{
	return s.n > 0 ? s : otherwise;
}

/* "a=name:value" of a text of ours; nothing where it is absent. */
static void
put_attr(struct sdp_out *o, const char *name, struct sr_str value)
{
	if (value.p == NULL)
		return;
	sdp_fmt(o, "a=%s:", name);
	sdp_text(o, value);
	sdp_fmt(o, "\r\n");
}

static void
put_attrs(struct sdp_out *o, const struct sr_str *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sdp_fmt(o, "a=");
		sdp_text(o, v[i]);
		sdp_fmt(o, "\r\n");
	}
}

/* What sdp_echo would mend is refused: it is our own. */
static void
check_texts(struct sdp_out *o, const struct sr_offer_line *l)
{
	if (o->err != SR_OK)
		return;
	if (!sr_header_safe(l->media) || !sr_header_safe(l->proto) ||
	    !sr_header_safe(l->label) || l->nformats == 0 ||
	    sr_strchr(l->media, ' ') < l->media.n ||
	    sr_strchr(l->proto, ' ') < l->proto.n)
		o->err = SR_EBAD;
	for (size_t i = 0; i < l->nformats; i++)
		if (!sr_header_safe(l->formats[i].name) ||
		    !sr_header_safe(l->formats[i].fmtp) ||
		    l->formats[i].pt > 127)
			o->err = SR_EBAD;
}

static bool
said(const struct sr_mline *asked, uint8_t pt)
{
	return asked == NULL || sr_mline_format(asked, pt) != NULL;
}

/* Of our formats those that asked has, too; all in an offer (NULL). */
static void
put_media(struct sdp_out *o, const struct sr_offer_line *l,
    const struct sr_mline *asked)
{
	check_texts(o, l);
	sdp_media(o, or_else(l->media, SR_STR("audio")), l->rtp.port,
	    or_else(l->proto, SR_STR("RTP/AVP")));
	for (size_t i = 0; i < l->nformats; i++)
		if (said(asked, l->formats[i].pt))
			sdp_fmt(o, " %u", l->formats[i].pt);
	sdp_fmt(o, "\r\n");
	if (l->rtp.port != 0)
		sdp_media_conn(o, &l->rtp);
}

static void
put_about(struct sdp_out *o, const struct sr_offer_line *l, enum sr_dir dir,
    const struct sr_mline *asked)
{
	sdp_dir(o, dir);
	put_attr(o, "label", l->label);
	put_attr(o, "mid", l->mid);
	for (size_t i = 0; i < l->nformats; i++)
		if (said(asked, l->formats[i].pt))
			sdp_format(o, &l->formats[i]);
	if (l->ptime > 0)
		sdp_fmt(o, "a=ptime:%u\r\n", l->ptime);
}

/* ---- the offer ---- */

static void
put_line(struct sdp_out *o, const struct sr_offer_line *l)
{
	put_media(o, l, NULL);
	if (l->rtp.port == 0) {
		put_attr(o, "label", l->label);
		return;
	}
	put_about(o, l, l->dir == SR_INACTIVE ? SR_INACTIVE : SR_SENDONLY,
	    NULL);
	/* RFC 5761 section 5.1.1: who is not understood needs a port. */
	if (l->mux)
		sdp_rtcp(o, true, 0, 0);
	sdp_rtcp(o, false, l->rtp.port, l->rtcp);
	for (size_t i = 0; i < l->nkeys; i++)
		sdp_crypto(o, (uint32_t)(i + 1),
		    sr_cstr(sr_suite_name(l->keys[i].suite)), &l->keys[i]);
	if (l->setup.n > 0)
		sdp_dtls(o, l->setup);
	put_attrs(o, l->attrs, l->nattrs);
}

int
sr_sdp_offer(struct sr_buf *out, const struct sr_sdp_own *own,
    const struct sr_str *attrs, size_t nattrs,
    const struct sr_offer_line *lines, size_t n)
{
	struct sdp_out o;

	sdp_begin(&o, out, own, (struct sr_str){ NULL, 0 });
	put_attrs(&o, attrs, nattrs);
	for (size_t i = 0; i < n; i++)
		put_line(&o, &lines[i]);
	return sdp_end(&o);
}

/* ---- the answer ---- */

/* What an offer of the server and a line of ours come to. */
struct reply {
	const struct sr_mline *m;
	const struct sr_offer_line *l;
	const struct sr_sdes *line;	/* SDES: the chosen one */
	const struct sr_sdes_key *key;	/* and our key for it */
};

/* RFC 4568 section 5.1.2: the first line that we have a key for. */
static bool
choose_key(struct reply *r)
{
	struct sr_sdes_keys theirs;
	bool ok = false;

	for (size_t i = 0; i < r->m->nsdes && !ok; i++) {
		if (sr_sdes_read(&theirs, &r->m->sdes[i]) != SR_OK)
			continue;
		r->line = &r->m->sdes[i];
		for (size_t k = 0; k < r->l->nkeys && !ok; k++) {
			r->key = &r->l->keys[k];
			ok = r->key->suite == theirs.v[0].suite;
		}
		sr_wipe(&theirs, sizeof(theirs));
	}
	return ok;
}

static bool
agrees(struct reply *r)
{
	bool common = false;

	if (r->m->rtp.port == 0 || r->l->rtp.port == 0)
		return false;
	for (size_t i = 0; i < r->l->nformats; i++)
		common |= said(r->m, r->l->formats[i].pt);
	return common && (r->l->nkeys == 0 || choose_key(r));
}

/* RFC 4145 section 4.1: the other end of the offer's role; of actpass, ours. */
static struct sr_str
role(const struct reply *r)
{
	if (sr_strieq(r->m->setup, SR_STR("passive")))
		return SR_STR("active");
	if (!sr_strieq(r->m->setup, SR_STR("actpass")))
		return SR_STR("passive");
	return sr_strieq(r->l->setup, SR_STR("passive")) ?
	    SR_STR("passive") : SR_STR("active");
}

static void
put_reply(struct sdp_out *o, struct reply *r)
{
	const struct sr_offer_line *l = r->l;
	bool wanted = r->m->dir == SR_RECVONLY || r->m->dir == SR_SENDRECV;

	if (!agrees(r)) {
		sdp_refuse(o, r->m);
		return;
	}
	put_media(o, l, r->m);
	put_about(o, l, wanted && l->dir != SR_INACTIVE ? SR_SENDONLY :
	    SR_INACTIVE, r->m);
	sdp_rtcp(o, l->mux && r->m->rtcp_mux, l->rtp.port, l->rtcp);
	if (l->nkeys > 0)
		sdp_crypto(o, r->line->tag, r->line->suite, r->key);
	if (l->setup.n > 0)
		sdp_dtls(o, role(r));
}

int
sr_sdp_reply(struct sr_buf *out, const struct sr_sdp *offer,
    const struct sr_sdp_own *own, const struct sr_offer_line *lines, size_t n)
{
	struct sdp_out o;
	struct reply r = { .line = NULL };

	if (offer->nmlines < n)
		return SR_EBAD;
	sdp_begin(&o, out, own, offer->times);
	for (size_t i = 0; i < offer->nmlines; i++) {
		r.m = &offer->mlines[i];
		r.l = i < n ? &lines[i] : NULL;
		if (i < n)
			put_reply(&o, &r);
		else
			sdp_refuse(&o, r.m);
	}
	return sdp_end(&o);
}
