/* load - a leg out of the bytes of save.c, before anybody hears of it. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- pieces: what is wrong makes r bad ---- */

/* *at: NULL for what is absent.  false: no memory. */
static bool
load_text(struct sr_rd *r, char **at)
{
	struct sr_str s = sr_unpack_str(r, MAX_SAVED_TEXT);

	if (s.n == 0)
		return true;
	if (!sr_header_safe(s))
		r->bad = true;
	return (*at = text_dup(s)) != NULL;
}

static void
load_fixed(struct sr_rd *r, char *at, size_t n)
{
	struct sr_str s = sr_unpack_str(r, n);

	if (s.n != 0 && (s.n != n || !sr_header_safe(s)))
		r->bad = true;
	else if (s.n > 0)
		memcpy(at, s.p, s.n);
}

static struct secret *
load_secret(struct sr_rd *r)
{
	struct secret *x = sr_zalloc(sizeof(*x));
	const uint8_t *key, *salt;
	uint8_t suite = sr_u8(r);

	if (x == NULL)
		return NULL;
	key = sr_take(r, sizeof(x->key.key));
	salt = sr_take(r, sizeof(x->key.salt));
	load_fixed(r, x->ufrag, UFRAG);
	load_fixed(r, x->pwd, PWD);
	if (suite > SR_GCM256)
		r->bad = true;
	if (r->bad || suite == SR_SUITE_NONE)
		return x;
	x->key.suite = (enum sr_suite)suite;
	memcpy(x->key.key, key, sizeof(x->key.key));
	memcpy(x->key.salt, salt, sizeof(x->key.salt));
	x->spent = true;
	return x;
}

static bool
load_line(struct sr_rd *r, struct line *n)
{
	unsigned flags = sr_u16(r);
	uint8_t keying = sr_u8(r);

	n->live = (flags & SAVED_LIVE) != 0;
	n->text = (flags & SAVED_TEXT) != 0;
	n->mux = (flags & SAVED_MUX) != 0;
	n->active = (flags & SAVED_ACTIVE) != 0;
	n->dropped = (flags & SAVED_DROPPED) != 0;
	if (flags >= SAVED_LINE || keying > SR_KEYS_DTLS)
		r->bad = true;
	else
		n->keying = (enum sr_keying)keying;
	sr_addr_unpack(r, &n->rtp);
	n->rtcp = sr_u16(r);
	if (n->live && (n->rtp.family == 0 || n->rtp.port == 0))
		r->bad = true;
	return (flags & SAVED_SECRET) == 0 ||
	    (n->secret = load_secret(r)) != NULL;
}

static bool
load_lines(struct sr_rd *r, struct leg *l)
{
	size_t n = sr_u16(r);

	if (n == 0 || n > l->s->cfg.max_lines || r->bad) {
		r->bad = true;
		return true;
	}
	if ((l->lines = calloc(n, sizeof(*l->lines))) == NULL)
		return false;
	for (l->nlines = 0; l->nlines < n && !r->bad; l->nlines++)
		if (!load_line(r, &l->lines[l->nlines]))
			return false;
	return true;
}

/* Whoever gave the command is gone: its ticket is 0. */
static void
load_acts(struct sr_rd *r, struct leg *l)
{
	size_t n = sr_u8(r);
	uint8_t act;

	if (n > MAX_ACTS)
		r->bad = true;
	for (size_t i = 0; i < n && !r->bad; i++) {
		if ((act = sr_u8(r)) > SR_ACT_DROP || act == SR_ACT_STOP)
			r->bad = true;
		l->acts[l->nacts++].act = (enum sr_serve_act)act;
	}
}

/* Reasons, and words for verdicts, are static text. */
static const char *
known_reason(const char *why)
{
	static const char *const v[] = { "stopped", "disk-full",
	    "max-duration", "media-timeout", "no-answer", "no-ack",
	    "no-ports", "fingerprint", "session-timer" };

	for (size_t i = 0; why != NULL && i < sizeof(v) / sizeof(*v); i++)
		if (strcmp(v[i], why) == 0)
			return v[i];
	return NULL;
}

static const char *
known_word(const char *word)
{
	for (int v = SR_PASSPORT_GOOD; word != NULL && v <= SR_PASSPORT_NONE;
	    v++)
		if (strcmp(sr_passport_word((enum sr_passport_verdict)v),
		    word) == 0)
			return sr_passport_word((enum sr_passport_verdict)v);
	return NULL;
}

static bool
load_texts(struct sr_rd *r, struct leg *l)
{
	char *word = NULL, *why = NULL;
	char **texts[] = { &l->session, &l->identity, &l->user, &l->asserted,
	    &l->orig, &l->dest, &word, &why };
	bool ok = true;

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		ok = ok && load_text(r, texts[i]);
	l->passport = known_word(word);
	l->why = known_reason(why);
	free(word);
	free(why);
	return ok;
}

/* ---- a leg ---- */

bool
load_leg(struct sr_rd *r, struct leg *l, bool blank)
{
	unsigned flags = sr_u16(r);

	l->answered = true;
	l->acked = (flags & SAVED_ACKED) != 0;
	l->ending = (flags & SAVED_ENDING) != 0;
	l->paused = (flags & SAVED_PAUSED) != 0;
	l->snap_never = (flags & SAVED_NO_SNAPSHOT) != 0;
	l->back.renew = (flags & SAVED_RENEW) != 0;
	l->back.blank = blank;
	l->replaces = sr_u8(r);
	sr_addr_unpack(r, &l->from);
	if (!load_texts(r, l))
		return false;
	l->sdp_id = sr_u64(r);
	l->version = sr_u64(r);
	l->in_force = sr_u64(r);
	l->began = (sr_time)sr_u64(r);
	l->since = (sr_time)sr_u64(r);
	load_acts(r, l);
	r->bad |= flags >= SAVED_LEG || l->began < 0 || l->since < 0 ||
	    l->version < l->in_force || l->version > INT64_MAX;
	return load_lines(r, l);
}
