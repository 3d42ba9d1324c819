/* mask - an SDP that may be shown: no key in it can be read.
 *
 * Works on any bytes, so also on a whole SIP message, and masks too much
 * rather than too little where a line is malformed. */
#include "sip/priv.h"

/* A line being copied: what is before at is written. */
struct mask {
	struct sr_buf *out;
	struct sr_str line;
	size_t at;
	bool zero;			/* keys of zeros, instead of stars */
	int err;
};

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

static void
copy_to(struct mask *m, size_t end)
{
	if (m->err == SR_OK && end > m->at)
		m->err = sr_buf_add(m->out,
		    sr_substr(m->line, m->at, end - m->at));
	if (end > m->at)
		m->at = end;
}

/* In base64, A is zero; as many bytes remain when the padding stays. */
static void
star(struct mask *m)
{
	char c = m->line.p[m->at++];

	if (!blank(c) && !(m->zero && c == '='))
		c = m->zero ? 'A' : '*';
	if (m->err == SR_OK)
		m->err = sr_buf_addc(m->out, c);
}

static void
hide_to(struct mask *m, size_t end)
{
	while (m->at < end)
		star(m);
}

/* One key: up to a blank, or to the ';' before the next.  Lifetime and MKI,
 * behind a '|', say nothing about it and stay: RFC 4568 section 6.1. */
static void
hide_key(struct mask *m)
{
	struct sr_str l = m->line;

	while (m->at < l.n && blank(l.p[m->at]))
		star(m);
	while (m->at < l.n && !blank(l.p[m->at]) && l.p[m->at] != ';' &&
	    l.p[m->at] != '|')
		star(m);
	if (m->at == l.n || l.p[m->at] != '|')
		return;
	while (m->at < l.n && !blank(l.p[m->at]) && l.p[m->at] != ';')
		copy_to(m, m->at + 1);
}

static void
hide_crypto(struct mask *m)
{
	struct sr_str l = m->line, rest, word;
	size_t at = sr_strifind(l, SR_STR("inline:"));

	if (at == l.n) {
		/* Not what the grammar wants: all behind tag and suite. */
		rest = sr_substr(l, m->at, l.n);
		sdp_word(&rest, &word);
		sdp_word(&rest, &word);
		copy_to(m, l.n - rest.n);
		hide_to(m, l.n);
		return;
	}
	while (at < l.n) {
		copy_to(m, at + 7);
		hide_key(m);
		while (m->at < l.n && l.p[m->at] == ';') {
			copy_to(m, m->at + 1);
			if (!sr_stristarts(sr_substr(l, m->at, l.n),
			    SR_STR("inline:")))
				hide_key(m);
			else
				break;
		}
		rest = sr_substr(l, m->at, l.n);
		at = m->at + sr_strifind(rest, SR_STR("inline:"));
	}
}

/* "k=base64:...", "k=prompt": RFC 4566 section 5.12. */
static void
hide_k(struct mask *m)
{
	struct sr_str l = m->line;
	size_t colon = sr_strchr(l, ':');

	if (colon == l.n && sr_strieq(sr_trim(sr_substr(l, m->at, l.n)),
	    SR_STR("prompt")))
		return;
	copy_to(m, colon < l.n ? colon + 1 : m->at);
	hide_to(m, l.n);
}

/* "a=key-mgmt:mikey ...": RFC 4567 section 3.1. */
static void
hide_key_mgmt(struct mask *m)
{
	struct sr_str rest = sr_substr(m->line, m->at, m->line.n), word;

	if (sdp_word(&rest, &word) && rest.n > 0)
		copy_to(m, m->line.n - rest.n);
	hide_to(m, m->line.n);
}

static void
hide_rest(struct mask *m)
{
	hide_to(m, m->line.n);
}

static void
hide_attribute(struct mask *m)
{
	static const struct {
		struct sr_str name;
		void (*hide)(struct mask *m);
	} secret[] = {
		{ SR_STR("crypto"), hide_crypto },
		{ SR_STR("ice-pwd"), hide_rest },
		{ SR_STR("key-mgmt"), hide_key_mgmt }
	};
	struct sr_str l = m->line, name;
	size_t colon = sr_strchr(l, ':');

	name = sr_trim(sr_substr(l, m->at, colon - m->at));
	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		if (colon == l.n || !sr_strieq(name, secret[i].name) ||
		    (m->zero && secret[i].hide == hide_rest))
			continue;
		copy_to(m, colon + 1);
		secret[i].hide(m);
		return;
	}
}

static int
mask_line(struct sr_buf *out, struct sr_str line, bool zero)
{
	struct mask m = { .out = out, .line = line, .zero = zero };
	size_t i = 0;
	char type;

	while (i < line.n && blank(line.p[i]))
		i++;
	if (i + 1 < line.n && line.p[i + 1] == '=') {
		type = (char)(line.p[i] | 0x20);
		copy_to(&m, i + 2);
		if (type == 'a')
			hide_attribute(&m);
		else if (type == 'k')
			hide_k(&m);
	}
	copy_to(&m, line.n);
	return m.err;
}

static int
mask(struct sr_buf *out, struct sr_str text, bool zero)
{
	struct sr_str rest = text, line, end;
	int err;

	while (sr_strline(&rest, &line)) {
		if ((err = mask_line(out, line, zero)) != SR_OK)
			return err;
		end.p = line.p + line.n;
		end.n = (size_t)(rest.p - end.p);
		if ((err = sr_buf_add(out, end)) != SR_OK)
			return err;
	}
	return SR_OK;
}

int
sr_sdp_mask(struct sr_buf *out, struct sr_str text)
{
	return mask(out, text, false);
}

int
sr_sdp_blank(struct sr_buf *out, struct sr_str text)
{
	return mask(out, text, true);
}
