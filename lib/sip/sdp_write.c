/* sdp_write - the lines that answers and offers have in common, RFC 8866. */
#include "sip/priv.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- text ---- */

void
sdp_fmt(struct sdp_out *o, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (o->err != SR_OK)
		return;
	if (n < 0 || (size_t)n >= sizeof(line))
		o->err = SR_EBAD;
	else
		o->err = sr_buf_add(o->buf, (struct sr_str){ line, (size_t)n });
}

void
sdp_echo(struct sdp_out *o, struct sr_str text)
{
	size_t from = 0, i = 0;

	for (; o->err == SR_OK && i < text.n; i++) {
		if ((unsigned char)text.p[i] >= 0x20)
			continue;
		o->err = sr_buf_add(o->buf, sr_substr(text, from, i - from));
		from = i + 1;
		if (o->err == SR_OK && text.p[i] == '\t')
			o->err = sr_buf_addc(o->buf, ' ');
	}
	if (o->err == SR_OK)
		o->err = sr_buf_add(o->buf, sr_substr(text, from, i - from));
}

void
sdp_echo_attr(struct sdp_out *o, const char *name, struct sr_str value)
{
	if (value.p == NULL)
		return;
	sdp_fmt(o, "a=%s:", name);
	sdp_echo(o, value);
	sdp_fmt(o, "\r\n");
}

void
sdp_text(struct sdp_out *o, struct sr_str text)
{
	if (o->err == SR_OK)
		o->err = sr_header_safe(text) ? sr_buf_add(o->buf, text) :
		    SR_EBAD;
}

/* ---- the session ---- */

/* "IP4 192.0.2.1" */
static void
put_addr(struct sdp_out *o, const struct sr_addr *a)
{
	struct sr_addr bare = *a;
	struct sr_buf text;
	struct sr_str s;

	if (o->err == SR_OK && a->family == 0)
		o->err = SR_EBAD;
	if (o->err != SR_OK)
		return;
	bare.port = 0;
	sr_buf_init(&text, 64);
	o->err = sr_addr_print(&text, &bare);
	s = sr_buf_str(&text);
	if (a->family == 6)
		s = sr_substr(s, 1, s.n - 2);
	sdp_fmt(o, "IP%u ", a->family);
	sdp_text(o, s);
	sr_buf_free(&text);
}

/* RFC 3264 section 6: t= of the answer is that of the offer. */
static void
put_times(struct sdp_out *o, struct sr_str times)
{
	struct sr_str rest = times, a, b;
	uint64_t v;

	if (sdp_word(&rest, &a) && sdp_word(&rest, &b) &&
	    sr_trim(rest).n == 0 && sr_strnum(a, &v) == SR_OK &&
	    sr_strnum(b, &v) == SR_OK) {
		sdp_fmt(o, "t=");
		sdp_echo(o, times);
		sdp_fmt(o, "\r\n");
	} else {
		sdp_fmt(o, "t=0 0\r\n");
	}
}

void
sdp_begin(struct sdp_out *o, struct sr_buf *buf,
    const struct sr_sdp_own *own, struct sr_str times)
{
	*o = (struct sdp_out){ buf, own, buf->n, SR_OK };
	if (sr_strchr(own->user, ' ') < own->user.n)
		o->err = SR_EBAD;
	sdp_fmt(o, "v=0\r\no=");
	sdp_text(o, own->user.n > 0 ? own->user : SR_STR("-"));
	sdp_fmt(o, " %llu %llu IN ", (unsigned long long)own->id,
	    (unsigned long long)own->version);
	put_addr(o, &own->addr);
	sdp_fmt(o, "\r\ns=");
	sdp_text(o, own->name.n > 0 ? own->name : SR_STR("-"));
	sdp_fmt(o, "\r\nc=IN ");
	put_addr(o, &own->addr);
	sdp_fmt(o, "\r\n");
	put_times(o, times);
}

int
sdp_end(struct sdp_out *o)
{
	if (o->err != SR_OK)
		o->buf->n = o->before;
	return o->err;
}

/* ---- media ---- */

/* Words of the peer, or else where they are not all visible: one that vanished
 * would put the next in its place. */
static void
put_words(struct sdp_out *o, struct sr_str words, const char *otherwise)
{
	bool seen = words.n > 0;

	for (size_t i = 0; i < words.n; i++)
		seen &= (unsigned char)words.p[i] > ' ' || words.p[i] == ' ' ||
		    words.p[i] == '\t';
	sdp_echo(o, seen ? words : sr_cstr(otherwise));
}

void
sdp_media(struct sdp_out *o, struct sr_str media, uint16_t port,
    struct sr_str proto)
{
	sdp_fmt(o, "m=");
	put_words(o, media, "audio");
	sdp_fmt(o, " %u ", port);
	put_words(o, proto, "RTP/AVP");
}

/* RFC 3264 section 6: the formats of a refused line mean nothing, but one must
 * be there. */
void
sdp_refuse(struct sdp_out *o, const struct sr_mline *m)
{
	sdp_media(o, m->media, 0, m->proto);
	sdp_fmt(o, " ");
	put_words(o, m->fmts, "0");
	sdp_fmt(o, "\r\n");
	sdp_echo_attr(o, "label", m->label);
}

void
sdp_media_conn(struct sdp_out *o, const struct sr_addr *a)
{
	if (a->family == 0 || sr_addr_ipeq(a, &o->own->addr))
		return;
	sdp_fmt(o, "c=IN ");
	put_addr(o, a);
	sdp_fmt(o, "\r\n");
}

void
sdp_dir(struct sdp_out *o, enum sr_dir dir)
{
	static const char *const names[] = {
		[SR_SENDRECV] = "sendrecv", [SR_SENDONLY] = "sendonly",
		[SR_RECVONLY] = "recvonly", [SR_INACTIVE] = "inactive"
	};

	sdp_fmt(o, "a=%s\r\n", names[dir]);
}

void
sdp_format(struct sdp_out *o, const struct sr_format *f)
{
	if (f->name.n > 0) {
		sdp_fmt(o, "a=rtpmap:%u ", f->pt);
		sdp_echo(o, f->name);
		sdp_fmt(o, "/%u", f->clock);
		if (f->channels > 1)
			sdp_fmt(o, "/%u", f->channels);
		sdp_fmt(o, "\r\n");
	}
	if (f->fmtp.p != NULL) {
		sdp_fmt(o, "a=fmtp:%u ", f->pt);
		sdp_echo(o, f->fmtp);
		sdp_fmt(o, "\r\n");
	}
}

void
sdp_rtcp(struct sdp_out *o, bool mux, uint16_t rtp, uint16_t rtcp)
{
	if (mux)
		sdp_fmt(o, "a=rtcp-mux\r\n");
	else if (rtcp != 0 && rtcp != rtp + 1)
		sdp_fmt(o, "a=rtcp:%u\r\n", rtcp);
}

void
sdp_crypto(struct sdp_out *o, uint32_t tag, struct sr_str suite,
    const struct sr_sdes_key *k)
{
	if (o->err == SR_OK)
		o->err = sdes_print(o->buf, tag, suite, k);
}

void
sdp_dtls(struct sdp_out *o, struct sr_str setup)
{
	if (o->err == SR_OK && o->own->fingerprint.n == 0)
		o->err = SR_EBAD;
	sdp_fmt(o, "a=setup:");
	sdp_text(o, setup);
	sdp_fmt(o, "\r\na=fingerprint:");
	sdp_text(o, o->own->fingerprint);
	sdp_fmt(o, "\r\n");
}
