/* attr - the attribute lines of an SDP that matter to a recording. */
#include "sip/priv.h"

enum { MAX_SDES = 32 };

/* ---- formats ---- */

/* The format that begins "98 L16/16000/2", or NULL. */
static struct sr_format *
named_format(struct sdp_parse *p, struct sr_str *rest)
{
	struct sr_str word;
	uint64_t pt;

	sdp_word(rest, &word);
	*rest = sr_trim(*rest);
	if (p->m == NULL || sr_strnum(word, &pt) != SR_OK || pt > 127)
		return NULL;
	for (size_t i = 0; i < p->m->nformats; i++)
		if (p->m->formats[i].pt == pt)
			return &p->m->formats[i];
	return NULL;
}

/* The digits that begin s, as some write "8000a": SR_EBAD without any. */
static int
leading_number(struct sr_str s, uint64_t *v)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return sr_strnum(sr_substr(s, 0, n), v);
}

/* Is this what a=rtpmap said before, rather than a static type's name? */
static bool
mapped(const struct sr_format *f)
{
	struct sr_format fixed;

	if (f->name.n == 0)
		return false;
	return !sr_format_static(&fixed, f->pt) || fixed.name.p != f->name.p;
}

static void
attr_rtpmap(struct sdp_parse *p, struct sr_str value)
{
	struct sr_format *f = named_format(p, &value);
	struct sr_str name, clock, channels = value;
	uint64_t v;

	if (f == NULL) {
		sip_note(&p->notes, "an rtpmap for no format of the m= line");
		return;
	}
	sr_strcut(&channels, '/', &name);
	sr_strcut(&channels, '/', &clock);
	name = sr_trim(name);
	if (mapped(f)) {
		if (!sr_strieq(f->name, name))
			sip_note(&p->notes, "two different rtpmaps");
		return;
	}
	if (name.n == 0 || leading_number(clock, &v) != SR_OK || v == 0 ||
	    v > UINT32_MAX) {
		sip_note(&p->notes, "an rtpmap that cannot be read");
		return;
	}
	if (sr_strnum(sr_trim(clock), &(uint64_t){ 0 }) != SR_OK)
		sip_note(&p->notes, "an rtpmap with an odd clock rate");
	f->name = name;
	f->clock = (uint32_t)v;
	f->channels = 1;
	if (leading_number(channels, &v) == SR_OK && v > 0 && v <= UINT8_MAX)
		f->channels = (uint8_t)v;
	f->id = sr_codec_by_name(name, f->clock);
}

static void
attr_fmtp(struct sdp_parse *p, struct sr_str value)
{
	struct sr_format *f = named_format(p, &value);

	if (f != NULL && f->fmtp.p == NULL)
		f->fmtp = value;
}

static void
attr_ptime(struct sdp_parse *p, struct sr_str value)
{
	uint64_t v;

	if (p->m != NULL && leading_number(value, &v) == SR_OK &&
	    v <= UINT32_MAX)
		p->m->ptime = (uint32_t)v;
}

/* ---- transport ---- */

/* "53020 IN IP4 192.0.2.1", RFC 3605; the address is the media's without. */
static void
attr_rtcp(struct sdp_parse *p, struct sr_str value)
{
	struct sr_str port;
	uint64_t v;

	if (p->m == NULL)
		return;
	sdp_word(&value, &port);
	if (sr_strnum(port, &v) != SR_OK || v == 0 || v > UINT16_MAX) {
		sip_note(&p->notes, "an a=rtcp without a port");
		return;
	}
	if (sr_trim(value).n > 0)
		sdp_conn(value, &p->m->rtcp);
	p->m->rtcp.port = (uint16_t)v;
}

static void
attr_rtcp_mux(struct sdp_parse *p, struct sr_str value)
{
	(void)value;
	if (p->m != NULL)
		p->m->rtcp_mux = true;
}

/* "1 AES_CM_128_HMAC_SHA1_80 inline:...", RFC 4568 section 9.1. */
static void
attr_crypto(struct sdp_parse *p, struct sr_str value)
{
	struct sr_mline *m = p->m;
	struct sr_str tag, suite;
	struct sr_sdes *c;
	uint64_t v;

	sdp_word(&value, &tag);
	sdp_word(&value, &suite);
	value = sr_trim(value);
	if (m == NULL || sr_strnum(tag, &v) != SR_OK || v > 999999999 ||
	    !sr_stristarts(value, SR_STR("inline:"))) {
		sip_note(&p->notes, "an a=crypto that cannot be used");
		return;
	}
	if (m->nsdes == MAX_SDES) {
		sip_note(&p->notes, "more than 32 a=crypto lines");
		return;
	}
	c = sr_arena_grow(&p->s->arena, m->sdes, m->nsdes, sizeof(*c));
	if (c == NULL) {
		p->err = SR_ENOMEM;
		return;
	}
	m->sdes = c;
	c[m->nsdes++] = (struct sr_sdes){ (uint32_t)v, suite, value };
}

/* ---- direction, and what is plain text ---- */

static bool
attr_dir(struct sdp_parse *p, struct sr_str name)
{
	static const struct sr_str names[] = {
		[SR_SENDRECV] = SR_STR("sendrecv"),
		[SR_SENDONLY] = SR_STR("sendonly"),
		[SR_RECVONLY] = SR_STR("recvonly"),
		[SR_INACTIVE] = SR_STR("inactive")
	};
	enum sr_dir *dir = p->m != NULL ? &p->m->dir : &p->session.dir;
	bool *has = p->m != NULL ? &p->m->has_dir : &p->session.has_dir;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!sr_strieq(name, names[i]))
			continue;
		*dir = (enum sr_dir)i;
		*has = true;
		return true;
	}
	return false;
}

/* The first of a kind counts.  No text stands at offset 0 of either struct, so
 * that 0 can mean that there is no place for it. */
static bool
attr_text(struct sdp_parse *p, struct sr_str name, struct sr_str value)
{
	enum { NOWHERE = 0 };
	static const struct {
		struct sr_str name;
		size_t media, session;	/* where it goes */
	} texts[] = {
#define M(name) offsetof(struct sr_mline, name)
#define S(name) offsetof(struct sdp_session, name)
		{ SR_STR("label"), M(label), NOWHERE },
		{ SR_STR("mid"), M(mid), NOWHERE },
		{ SR_STR("content"), M(content), NOWHERE },
		{ SR_STR("record"), M(record), S(record) },
		{ SR_STR("recordpref"), M(recordpref), S(recordpref) },
		{ SR_STR("setup"), M(setup), S(setup) },
		{ SR_STR("fingerprint"), M(fingerprint), S(fingerprint) }
#undef M
#undef S
	};
	char *base = p->m != NULL ? (char *)p->m : (char *)&p->session;
	struct sr_str *member;
	size_t at;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (!sr_strieq(name, texts[i].name))
			continue;
		at = p->m != NULL ? texts[i].media : texts[i].session;
		member = (struct sr_str *)(void *)(base + at);
		if (at != NOWHERE && member->p == NULL)
			*member = value;
		return true;
	}
	return false;
}

/* ---- the table ---- */

static const struct {
	struct sr_str name;
	void (*set)(struct sdp_parse *p, struct sr_str value);
} known[] = {
	{ SR_STR("rtpmap"), attr_rtpmap }, { SR_STR("fmtp"), attr_fmtp },
	{ SR_STR("ptime"), attr_ptime }, { SR_STR("rtcp"), attr_rtcp },
	{ SR_STR("rtcp-mux"), attr_rtcp_mux },
	{ SR_STR("crypto"), attr_crypto }
};

/* Every a= is kept, known or not. */
static void
keep(struct sdp_parse *p, struct sr_str value)
{
	struct sr_str **list = p->m != NULL ? &p->m->attrs : &p->s->attrs;
	size_t *n = p->m != NULL ? &p->m->nattrs : &p->s->nattrs;
	struct sr_str *v;

	v = sr_arena_grow(&p->s->arena, *list, *n, sizeof(*v));
	if (v == NULL) {
		p->err = SR_ENOMEM;
		return;
	}
	*list = v;
	v[(*n)++] = value;
}

void
sdp_attr(struct sdp_parse *p, struct sr_str value)
{
	size_t colon = sr_strchr(value, ':');
	struct sr_str name = sr_trim(sr_substr(value, 0, colon));
	struct sr_str rest = sr_trim(sr_substr(value, colon + 1, value.n));

	keep(p, value);
	if (attr_dir(p, name) || attr_text(p, name, rest))
		return;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!sr_strieq(name, known[i].name))
			continue;
		known[i].set(p, rest);
		return;
	}
}
