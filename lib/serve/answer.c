/* answer - our SDP: RFC 7866 section 7.2, with keys of our own. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- keys ---- */

static bool
fits(const struct sr_plan_line *p, const struct secret *x)
{
	return x != NULL && (p->keying != SR_KEYS_SDES || (!x->spent &&
	    x->key.suite == p->keys.v[0].suite)) &&
	    (!p->ice || x->ufrag[0] != '\0');
}

static struct secret *
make_secret(struct sr_serve *s, const struct sr_plan_line *p,
    const struct secret *old)
{
	struct secret *x = sr_zalloc(sizeof(*x));
	uint8_t random[SR_MAX_KEY + SR_MAX_SALT];

	if (x == NULL)
		return NULL;
	if (p->keying == SR_KEYS_SDES) {
		s->cfg.ua.crypto->random(random, sizeof(random));
		sr_sdes_make(&x->key, p->keys.v[0].suite, random);
	}
	if (old != NULL && old->ufrag[0] != '\0') {
		memcpy(x->ufrag, old->ufrag, sizeof(x->ufrag));
		memcpy(x->pwd, old->pwd, sizeof(x->pwd));
	} else if (p->ice) {
		s->cfg.ua.crypto->random(random, UFRAG + PWD);
		sr_ice_text(x->ufrag, random, UFRAG);
		sr_ice_text(x->pwd, random + UFRAG, PWD);
	}
	sr_wipe(random, sizeof(random));
	return x;
}

/* A key of ours lives as long as its suite: RFC 4568 section 7.1.4. */
void
answer_keys(struct deal *d)
{
	const struct sr_plan_line *p;
	struct line *n;

	for (size_t i = 0; i < d->plan.nlines; i++) {
		p = &d->plan.lines[i];
		n = &d->lines[i];
		if (n->live && (p->keying == SR_KEYS_SDES || p->ice) &&
		    !fits(p, n->secret))
			n->secret = make_secret(d->leg->s, p, n->secret);
	}
}

/* ---- text ---- */

static void
answer_line(const struct deal *d, size_t i, struct sr_answer_line *out)
{
	const struct sr_plan_line *p = &d->plan.lines[i];
	const struct line *n = &d->lines[i];

	out->refuse = !n->live;
	out->dir = d->leg->paused ? SR_INACTIVE : SR_RECVONLY;
	out->rtp = n->rtp;
	if (!p->mux)
		/* Bound for one port, when RTCP was still muxed. */
		out->rtcp = n->rtcp == 0 && n->mux ? n->rtp.port : n->rtcp;
	if (n->secret == NULL)
		return;
	out->key = n->secret->key;
	out->ufrag = sr_cstr(n->secret->ufrag);
	out->pwd = sr_cstr(n->secret->pwd);
}

static struct sr_addr
our_address(const struct deal *d)
{
	struct sr_addr a = sr_dialog_hop(d->leg->d)->local;

	for (size_t i = 0; i < d->plan.nlines; i++)
		if (d->lines[i].live) {
			a = d->lines[i].rtp;
			break;
		}
	a.port = 0;
	return a;
}

static int
write_version(struct deal *d, const struct sr_answer_line *lines,
    uint64_t version)
{
	struct leg *l = d->leg;
	struct sr_sdp_own own = { .user = l->s->cfg.ua.user,
	    .id = l->sdp_id, .version = version, .addr = our_address(d),
	    .fingerprint = l->s->cfg.fingerprint };

	d->local.n = 0;
	d->version = version;
	if (d->kind == DEAL_THEIRS || d->kind == DEAL_ACK)
		return sr_sdp_answer(&d->local, &d->sdp, &d->plan, &own,
		    lines);
	return sr_sdp_reoffer(&d->local, &d->sdp, &d->plan, &own, lines);
}

/* RFC 3264 section 8: the version rises by one when anything else changed,
 * also after an offer of ours that came to nothing. */
static int
write_changed(struct deal *d, const struct sr_answer_line *lines)
{
	struct leg *l = d->leg;
	struct sr_str had = sr_dialog_local_sdp(l->d);
	int err = write_version(d, lines, l->in_force);

	if (err != SR_OK || had.n == 0 ||
	    sr_streq(had, sr_buf_str(&d->local)))
		return err;
	return write_version(d, lines, ++l->version);
}

int
answer_write(struct deal *d)
{
	struct sr_answer_line *lines = calloc(d->plan.nlines > 0 ?
	    d->plan.nlines : 1, sizeof(*lines));
	int err;

	if (lines == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < d->plan.nlines; i++)
		answer_line(d, i, &lines[i]);
	err = write_changed(d, lines);
	sr_wipe(lines, d->plan.nlines * sizeof(*lines));
	free(lines);
	return err;
}

/* ---- without an offer ---- */

/* What we offer to an INVITE without an offer is what we would answer to a
 * client that sends everything. */
struct sr_str
answer_imagine(struct sr_serve *s, bool ip6)
{
	static const char formats[] = " RTP/AVP 0 8 9 18 96 97 98 101 102\r\n"
	    "a=sendonly\r\n"
	    "a=rtpmap:96 opus/48000/2\r\na=rtpmap:97 AMR-WB/16000\r\n"
	    "a=rtpmap:98 AMR/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
	    "a=rtpmap:102 telephone-event/48000\r\n";
	const char *where = ip6 ? "IP6 ::1" : "IP4 127.0.0.1";
	struct sr_buf *b = &s->body;

	b->n = 0;
	sr_buf_fmt(b, "v=0\r\no=- 0 0 IN %s\r\ns=-\r\nc=IN %s\r\n"
	    "t=0 0\r\n", where, where);
	for (unsigned i = 1; i <= s->cfg.streams; i++)
		sr_buf_fmt(b, "m=audio 9%sa=label:%u\r\n", formats, i);
	return sr_buf_str(b);
}
