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

/* ---- the table ---- */

static void
set_dir(struct sdp_parse *p, enum sr_dir dir)
{
	if (p->m != NULL) {
		p->m->dir = dir;
		p->m->has_dir = true;
	} else {
		p->session.dir = dir;
		p->session.has_dir = true;
	}
}

static void
attr_sendrecv(struct sdp_parse *p, struct sr_str value)
{
	(void)value;
	set_dir(p, SR_SENDRECV);
}

static void
attr_sendonly(struct sdp_parse *p, struct sr_str value)
{
	(void)value;
	set_dir(p, SR_SENDONLY);
}

static void
attr_recvonly(struct sdp_parse *p, struct sr_str value)
{
	(void)value;
	set_dir(p, SR_RECVONLY);
}

static void
attr_inactive(struct sdp_parse *p, struct sr_str value)
{
	(void)value;
	set_dir(p, SR_INACTIVE);
}

/* Plain text: the first one counts. */
static void
set_text(struct sr_str *member, struct sr_str value)
{
	if (member->p == NULL)
		*member = value;
}

#define TEXT_OF_MEDIA(name)						\
	static void							\
	attr_##name(struct sdp_parse *p, struct sr_str value)		\
	{								\
		if (p->m != NULL)					\
			set_text(&p->m->name, value);			\
	}
#define TEXT_OF_BOTH(name, of_session)					\
	static void							\
	attr_##name(struct sdp_parse *p, struct sr_str value)		\
	{								\
		set_text(p->m != NULL ? &p->m->name : &(of_session),	\
		    value);						\
	}

TEXT_OF_MEDIA(label)
TEXT_OF_MEDIA(mid)
TEXT_OF_MEDIA(content)
TEXT_OF_BOTH(record, p->s->record)
TEXT_OF_BOTH(recordpref, p->session.recordpref)
TEXT_OF_BOTH(setup, p->session.setup)
TEXT_OF_BOTH(fingerprint, p->session.fingerprint)

static const struct {
	struct sr_str name;
	void (*set)(struct sdp_parse *p, struct sr_str value);
} known[] = {
	{ { "rtpmap", 6 }, attr_rtpmap },
	{ { "fmtp", 4 }, attr_fmtp },
	{ { "label", 5 }, attr_label },
	{ { "sendonly", 8 }, attr_sendonly },
	{ { "recvonly", 8 }, attr_recvonly },
	{ { "sendrecv", 8 }, attr_sendrecv },
	{ { "inactive", 8 }, attr_inactive },
	{ { "ptime", 5 }, attr_ptime },
	{ { "rtcp", 4 }, attr_rtcp },
	{ { "rtcp-mux", 8 }, attr_rtcp_mux },
	{ { "crypto", 6 }, attr_crypto },
	{ { "mid", 3 }, attr_mid },
	{ { "content", 7 }, attr_content },
	{ { "record", 6 }, attr_record },
	{ { "recordpref", 10 }, attr_recordpref },
	{ { "setup", 5 }, attr_setup },
	{ { "fingerprint", 11 }, attr_fingerprint }
};

/* Every a= of a media section is kept, known or not. */
static void
keep(struct sdp_parse *p, struct sr_str value)
{
	struct sr_mline *m = p->m;
	struct sr_str *v;

	if (m == NULL)
		return;
	v = sr_arena_grow(&p->s->arena, m->attrs, m->nattrs, sizeof(*v));
	if (v == NULL) {
		p->err = SR_ENOMEM;
		return;
	}
	m->attrs = v;
	v[m->nattrs++] = value;
}

void
sdp_attr(struct sdp_parse *p, struct sr_str value)
{
	size_t colon = sr_strchr(value, ':');
	struct sr_str name = sr_trim(sr_substr(value, 0, colon));
	struct sr_str rest = sr_trim(sr_substr(value, colon + 1, value.n));

	keep(p, value);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!sr_strieq(name, known[i].name))
			continue;
		known[i].set(p, rest);
		return;
	}
}
