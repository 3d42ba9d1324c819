/* plan - what an offer asks of us, line by line: RFC 3264 section 6 as a
 * recorder sees it, RFC 7866 section 7. */
#include "sip/priv.h"

#include <stdlib.h>

const char *
sr_refusal_text(enum sr_refusal why)
{
	static const char *const texts[] = {
		[SR_TAKEN] = "taken",
		[SR_NO_PORT] = "offered with port 0",
		[SR_NO_MEDIA] = "a kind of media that is not recorded",
		[SR_NO_PROTO] = "a transport that is not spoken",
		[SR_NO_FORMAT] = "no format that can be recorded",
		[SR_NO_KEYS] = "SRTP without keys that can be used",
		[SR_NO_SRTP] = "SRTP, which is off",
		[SR_NO_SECRECY] = "no SRTP, which is required",
		[SR_NO_MUX] = "RTCP on the RTP port only",
		[SR_NO_HOST] = "no unicast address"
	};

	return (size_t)why < sizeof(texts) / sizeof(texts[0]) ? texts[why] :
	    "unknown";
}

/* ---- attributes that sdp.c leaves raw ---- */

static size_t
collect(const struct sr_str *from, size_t n, const char *name,
    struct sr_str *v, size_t max)
{
	size_t found = 0, colon;

	for (size_t i = 0; i < n && found < max; i++) {
		colon = sr_strchr(from[i], ':');
		if (sr_strieq(sr_trim(sr_substr(from[i], 0, colon)),
		    sr_cstr(name)))
			v[found++] = sr_trim(sr_substr(from[i], colon + 1,
			    from[i].n));
	}
	return found;
}

static bool
find_attr(const struct sr_str *from, size_t n, const char *name)
{
	struct sr_str ignored;

	return collect(from, n, name, &ignored, 1) > 0;
}

size_t
sr_mline_fingerprints(const struct sr_sdp *s, const struct sr_mline *m,
    struct sr_str *v, size_t max)
{
	size_t n = collect(m->attrs, m->nattrs, "fingerprint", v, max);

	return n > 0 ? n : collect(s->attrs, s->nattrs, "fingerprint", v, max);
}

/* ---- formats ---- */

/* One m-line under judgement. */
struct judge {
	const struct sr_mline *m;
	const struct sr_plan_cfg *cfg;
	bool ufrag, pwd;		/* of ICE, for the whole session */
	const struct sr_plan_line *before;	/* NULL: none */
	struct sr_plan_line *l;
};

static void
want(struct sr_plan_line *l, uint8_t pt)
{
	l->formats[pt / 8] |= (uint8_t)(1 << pt % 8);
}

bool
sr_plan_wants(const struct sr_plan_line *l, uint8_t pt)
{
	return pt < 128 && (l->formats[pt / 8] >> pt % 8 & 1) != 0;
}

static bool
is_codec(const struct sr_format *f)
{
	return f->id != SR_CODEC_EVENT && f->id != SR_CODEC_CN &&
	    f->id != SR_CODEC_RED;
}

static bool
same_clock(const struct judge *j, uint32_t clock)
{
	const struct sr_mline *m = j->m;

	for (size_t i = 0; i < m->nformats; i++)
		if (is_codec(&m->formats[i]) && m->formats[i].clock == clock &&
		    sr_plan_wants(j->l, m->formats[i].pt))
			return true;
	return false;
}

/* The codecs; redundancy only beside them, where all are wanted. */
static void
judge_codecs(struct judge *j)
{
	const struct sr_plan_cfg *cfg = j->cfg;
	const struct sr_format *f;

	for (size_t i = 0; i < j->m->nformats; i++) {
		f = &j->m->formats[i];
		if (!is_codec(f) || !cfg->decodes(cfg->arg, f) ||
		    (j->l->decodable && cfg->first))
			continue;
		j->l->decodable = true;
		want(j->l, f->pt);
	}
	for (size_t i = 0; i < j->m->nformats && !cfg->first; i++) {
		f = &j->m->formats[i];
		if (f->id == SR_CODEC_RED && cfg->decodes(cfg->arg, f))
			want(j->l, f->pt);
	}
}

/* Digits on another clock than any codec's are against RFC 4733 section 2.1,
 * but many offer them with opus: better those than none. */
static void
judge_events(struct judge *j)
{
	const struct sr_format *f;
	bool fits = false;

	for (size_t i = 0; i < j->m->nformats; i++) {
		f = &j->m->formats[i];
		if (is_codec(f) || f->id == SR_CODEC_RED ||
		    !same_clock(j, f->clock))
			continue;
		want(j->l, f->pt);
		fits |= f->id == SR_CODEC_EVENT;
	}
	for (size_t i = 0; i < j->m->nformats && !fits && !j->cfg->strict; i++)
		if (j->m->formats[i].id == SR_CODEC_EVENT)
			want(j->l, j->m->formats[i].pt);
}

static void
judge_audio(struct judge *j)
{
	judge_codecs(j);
	if (j->l->decodable) {
		judge_events(j);
		return;
	}
	/* What cannot be decoded now can be kept. */
	for (size_t i = 0; i < j->m->nformats && !j->cfg->strict; i++)
		want(j->l, j->m->formats[i].pt);
}

/* RFC 4103: T.140, perhaps with redundancy. */
static void
judge_text(struct judge *j)
{
	const struct sr_format *v = j->m->formats;
	size_t n = j->m->nformats;

	for (size_t i = 0; i < n; i++)
		j->l->decodable |= sr_strieq(v[i].name, SR_STR("t140"));
	for (size_t i = 0; i < n && j->l->decodable; i++)
		if (v[i].id == SR_CODEC_RED ||
		    sr_strieq(v[i].name, SR_STR("t140")))
			want(j->l, v[i].pt);
}

static enum sr_refusal
judge_formats(struct judge *j)
{
	if (j->l->text)
		judge_text(j);
	else
		judge_audio(j);
	for (uint8_t pt = 0; pt < 128; pt++)
		if (sr_plan_wants(j->l, pt))
			return SR_TAKEN;
	return SR_NO_FORMAT;
}

/* ---- where it comes from ---- */

static bool
is_multicast(const struct sr_addr *a)
{
	return (a->family == 4 && a->ip[0] >> 4 == 14) ||
	    (a->family == 6 && a->ip[0] == 0xff);
}

static enum sr_refusal
judge_addr(struct judge *j)
{
	const struct sr_mline *m = j->m;
	struct sr_plan_line *l = j->l;

	l->rtp = m->rtp;
	if (m->rtp.family == 0)
		l->host = m->host;
	if (is_multicast(&m->rtp))
		return SR_NO_HOST;
	if (m->rtp.family == 0 && m->host.n == 0 && j->cfg->strict)
		return SR_NO_HOST;
	l->held = m->rtp.family != 0 && sr_addr_any(&m->rtp);
	return SR_TAKEN;
}

/* RFC 5761 section 4: on one port these would be taken for RTCP. */
static bool
looks_like_rtcp(const struct sr_plan_line *l)
{
	for (uint8_t pt = 64; pt < 96; pt++)
		if (sr_plan_wants(l, pt))
			return true;
	return false;
}

/* RFC 5761 section 5.1.1; RFC 8858 section 4: rtcp-mux-only asks for the
 * ordinary answer; RFC 3605. */
static enum sr_refusal
judge_rtcp(struct judge *j)
{
	const struct sr_mline *m = j->m;
	struct sr_plan_line *l = j->l;
	bool only = find_attr(m->attrs, m->nattrs, "rtcp-mux-only");

	if (only && j->cfg->no_mux)
		return SR_NO_MUX;
	l->mux = only || (m->rtcp_mux && !j->cfg->no_mux &&
	    !looks_like_rtcp(l));
	l->rtcp = l->rtp;
	if (!l->mux && m->rtcp.port != 0)
		l->rtcp = m->rtcp;
	else if (!l->mux)
		l->rtcp.port = l->rtp.port < UINT16_MAX ?
		    (uint16_t)(l->rtp.port + 1) : 0;
	return SR_TAKEN;
}

static void
judge_ice(struct judge *j)
{
	const struct sr_mline *m = j->m;

	j->l->ice = !j->cfg->client &&
	    (j->ufrag || find_attr(m->attrs, m->nattrs, "ice-ufrag")) &&
	    (j->pwd || find_attr(m->attrs, m->nattrs, "ice-pwd"));
}

/* ---- keys ---- */

/* RFC 5763 section 5: actpass leaves it to us; a later offer does not move an
 * association that stands (6.6).  Who says nothing is active: RFC 4145
 * section 4. */
static enum sr_refusal
judge_dtls(struct judge *j)
{
	const struct sr_str setup = j->m->setup;
	struct sr_plan_line *l = j->l;

	if (j->cfg->no_dtls || j->m->fingerprint.n == 0 ||
	    sr_strieq(setup, SR_STR("holdconn")))
		return SR_NO_KEYS;
	l->keying = SR_KEYS_DTLS;
	l->fingerprint = j->m->fingerprint;
	if (!sr_strieq(setup, SR_STR("actpass")))
		l->active = sr_strieq(setup, SR_STR("passive"));
	else if (j->before != NULL && j->before->refused == SR_TAKEN &&
	    j->before->keying == SR_KEYS_DTLS)
		l->active = j->before->active;
	else
		l->active = !j->cfg->passive;
	return SR_TAKEN;
}

static enum sr_refusal
judge_keys(struct judge *j, bool secure, bool tls)
{
	if (!secure)
		return j->cfg->srtp == SR_SRTP_REQUIRE ? SR_NO_SECRECY :
		    SR_TAKEN;
	if (j->cfg->srtp == SR_SRTP_OFF)
		return SR_NO_SRTP;
	if (tls)
		return judge_dtls(j);
	j->l->sdes = sr_sdes_choose(&j->l->keys, j->m, j->cfg->suites);
	if (j->l->sdes == j->m->nsdes)
		return judge_dtls(j);
	j->l->keying = SR_KEYS_SDES;
	return SR_TAKEN;
}

/* ---- lines ---- */

static const struct {
	struct sr_str name;
	bool secure, tls;
} protos[] = {
	{ SR_STR("RTP/AVP"), false, false },
	{ SR_STR("RTP/AVPF"), false, false },
	{ SR_STR("RTP/SAVP"), true, false },
	{ SR_STR("RTP/SAVPF"), true, false },
	{ SR_STR("UDP/TLS/RTP/SAVP"), true, true },
	{ SR_STR("UDP/TLS/RTP/SAVPF"), true, true }
};
enum { PROTOS = sizeof(protos) / sizeof(protos[0]) };

/* We only receive (a client: only send): the offer must let us.  A peer that
 * gives 0.0.0.0 wants nothing sent. */
static void
judge_dir(struct judge *j)
{
	const enum sr_dir dir = j->m->dir;

	if (j->cfg->client)
		j->l->dir = (dir == SR_RECVONLY || dir == SR_SENDRECV) &&
		    !j->l->held ? SR_SENDONLY : SR_INACTIVE;
	else
		j->l->dir = dir == SR_SENDONLY || dir == SR_SENDRECV ?
		    SR_RECVONLY : SR_INACTIVE;
}

static enum sr_refusal
judge_line(struct judge *j)
{
	const struct sr_mline *m = j->m;
	enum sr_refusal no;
	size_t proto = 0;

	j->l->text = sr_strieq(m->media, SR_STR("text")) && j->cfg->text;
	if (m->rtp.port == 0)
		return SR_NO_PORT;
	if (!j->l->text && !sr_strieq(m->media, SR_STR("audio")))
		return SR_NO_MEDIA;
	while (proto < PROTOS && !sr_strieq(m->proto, protos[proto].name))
		proto++;
	if (proto == PROTOS)
		return SR_NO_PROTO;
	if ((no = judge_formats(j)) != SR_TAKEN ||
	    (no = judge_addr(j)) != SR_TAKEN ||
	    (no = judge_rtcp(j)) != SR_TAKEN)
		return no;
	judge_ice(j);
	judge_dir(j);
	return judge_keys(j, protos[proto].secure, protos[proto].tls);
}

static void
judge_all(struct sr_plan *p, const struct sr_sdp *offer,
    const struct sr_plan *before, const struct sr_plan_cfg *cfg)
{
	struct judge j = { .cfg = cfg,
	    .ufrag = find_attr(offer->attrs, offer->nattrs, "ice-ufrag"),
	    .pwd = find_attr(offer->attrs, offer->nattrs, "ice-pwd") };
	bool removes = before != NULL;

	for (size_t i = 0; i < p->nlines; i++) {
		j.m = &offer->mlines[i];
		j.l = &p->lines[i];
		j.before = before != NULL && i < before->nlines ?
		    &before->lines[i] : NULL;
		j.l->refused = judge_line(&j);
		p->ntaken += j.l->refused == SR_TAKEN;
		removes &= j.l->refused == SR_NO_PORT;
	}
	p->hopeless = p->ntaken == 0 && !removes;
}

int
sr_sdp_plan(struct sr_plan *p, const struct sr_sdp *offer,
    const struct sr_plan *before, const struct sr_plan_cfg *cfg)
{
	size_t had = before != NULL ? before->nlines : 0;

	*p = (struct sr_plan){ .lines = NULL };
	if (offer->nmlines < had || (cfg->answer && offer->nmlines != had))
		return SR_EBAD;
	if (offer->nmlines > 0) {
		p->lines = sr_zalloc(offer->nmlines * sizeof(*p->lines));
		if (p->lines == NULL)
			return SR_ENOMEM;
	}
	p->nlines = offer->nmlines;
	judge_all(p, offer, before, cfg);
	return SR_OK;
}

void
sr_plan_free(struct sr_plan *p)
{
	if (p == NULL)
		return;
	if (p->lines != NULL)
		sr_wipe(p->lines, p->nlines * sizeof(*p->lines));
	free(p->lines);
	*p = (struct sr_plan){ .lines = NULL };
}
