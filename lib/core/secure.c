/* secure - SRTP of a stream: keys from the SDP that its sender sent (RFC 4568)
 * or from a handshake, and packets opened before anything is believed.
 *
 * A stream has candidates: the key that was accepted, the one before it while
 * packets under it are still on their way, and all that were offered where no
 * answer was captured.  Which one fits, the tag of the packet says. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_CANDIDATES = 16, MAX_PACKET = 65536 };

/* An alert, DTLS 1.2, epoch 0: close_notify. */
const struct sr_str secure_mark = SR_STR("\x15\xfe\xfd\0\0\0\0\0\0\0\0\0\x02"
    "\x01\0");

struct candidate {
	void *ctx;
	uint64_t id;			/* the same key again: the same id */
	bool works;			/* it has opened a packet */
};
struct secure {
	struct candidate v[MAX_CANDIDATES];	/* the likeliest first */
	size_t n;
	bool warned;
	bool lost;			/* there was a key, and it is gone */
};

void
secure_free(struct sr_engine *e, struct sr_stream *t)
{
	struct secure *s = t->secure;

	for (size_t i = 0; s != NULL && i < s->n; i++)
		e->cfg.crypto->srtp_free(s->v[i].ctx);
	free(s);
	t->secure = NULL;
}

/* ---- keys ---- */

/* Puts candidate i first. */
static void
promote(struct secure *s, size_t i)
{
	struct candidate c = s->v[i];

	memmove(&s->v[1], &s->v[0], i * sizeof(s->v[0]));
	s->v[0] = c;
}

static uint64_t
id_of(const struct sr_srtp_key *k, size_t n)
{
	uint64_t id = n + (unsigned)k->suite * 64u;

	for (size_t i = 0; i < n; i++)
		id = (id ^ sr_hash(k[i].key.p, k[i].key.n)) * 31 +
		    sr_hash(k[i].salt.p, k[i].salt.n);
	return id;
}

/* RFC 4568 7.1.4: the same key goes on with its counters, a new one begins. */
static int
use(struct sr_engine *e, struct sr_stream *t, const struct sr_srtp_key *k,
    size_t n, uint64_t *id)
{
	const struct sr_crypto *crypto = e->cfg.crypto;
	struct secure *s = t->secure;
	struct candidate c = { .id = id_of(k, n) };
	int err;

	*id = c.id;
	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (s->v[i].id == c.id) {
			promote(s, i);
			return SR_OK;
		}
	if (crypto->srtp_new == NULL)
		return SR_EUNSUP;
	t->calm = false;
	if (s == NULL && (s = t->secure = sr_zalloc(sizeof(*s))) == NULL)
		return SR_ENOMEM;
	if ((err = crypto->srtp_new(&c.ctx, k, n, SR_UNPROTECT)) != SR_OK)
		return err;
	if (s->n == MAX_CANDIDATES)
		crypto->srtp_free(s->v[--s->n].ctx);
	s->v[s->n++] = c;
	promote(s, s->n - 1);
	return SR_OK;
}

static int
use_line(struct sr_engine *e, struct sr_stream *t, const struct sr_sdes *line,
    uint64_t *id)
{
	struct sr_srtp_key k[SR_MAX_KEYS];
	struct sr_sdes_keys keys;
	int err;

	if ((err = sr_sdes_read(&keys, line)) != SR_OK)
		return err;
	for (size_t i = 0; i < keys.n; i++) {
		const struct sr_sdes_key *v = &keys.v[i];

		k[i] = (struct sr_srtp_key){ .suite = v->suite,
		    .key = { (const char *)v->key, sr_suite_key(v->suite) },
		    .salt = { (const char *)v->salt, sr_suite_salt(v->suite) },
		    .mki = { (const char *)v->mki, v->nmki } };
	}
	err = use(e, t, k, keys.n, id);
	sr_wipe(&keys, sizeof(keys));
	return err;
}

/* What was offered and not accepted goes; what has worked may still come. */
static void
settle(struct sr_engine *e, struct secure *s, uint64_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].id == id || s->v[i].works)
			s->v[n++] = s->v[i];
		else
			e->cfg.crypto->srtp_free(s->v[i].ctx);
	s->n = n;
}

/* The line of the sender that was accepted, RFC 4568 5.1.2: its tag stands in
 * the answer.  NULL: any of them. */
static const struct sr_sdes *
accepted(const struct sr_mline *snd, const struct sr_mline *rcv)
{
	if (snd->nsdes == 1)
		return &snd->sdes[0];
	for (size_t i = 0; rcv != NULL && rcv->nsdes == 1 && i < snd->nsdes;
	    i++)
		if (snd->sdes[i].tag == rcv->sdes[0].tag)
			return &snd->sdes[i];
	return NULL;
}

/* A key that was made illegible: this is a capture that was kept by us, whose
 * media is in the clear. */
static bool
masked(const struct sr_mline *m)
{
	return m != NULL && m->nsdes > 0 &&
	    sr_stristarts(m->sdes[0].params, SR_STR("inline:*"));
}

/* A session was saved without its keys: nothing is believed before the next
 * one comes. */
static void
secure_lose(struct sr_stream *t)
{
	t->calm = false;
	if ((t->secure = sr_zalloc(sizeof(*t->secure))) != NULL)
		t->secure->lost = true;
}

void
secure_apply(struct sr_engine *e, struct sr_stream *t,
    const struct sr_mline *snd, const struct sr_mline *rcv)
{
	const struct sr_mline *any = snd != NULL ? snd : rcv;
	const struct sr_sdes *line;
	uint64_t id;

	if (sr_strifind(any->proto, SR_STR("SAVP")) == any->proto.n ||
	    masked(snd) || masked(rcv)) {
		secure_free(e, t);
		t->sealed = false;
		if (e->again && masked(any))
			secure_lose(t);
		return;
	}
	if (snd != NULL && (line = accepted(snd, rcv)) != NULL) {
		if (use_line(e, t, line, &id) == SR_OK)
			settle(e, t->secure, id);
	} else if (snd != NULL && t->session->begun != 0) {
		/* Contexts are dear: not for an offer nobody took up. */
		for (size_t i = snd->nsdes < MAX_CANDIDATES ? snd->nsdes :
		    MAX_CANDIDATES; i-- > 0;)
			use_line(e, t, &snd->sdes[i], &id);
	}
	t->sealed = !t->clear && (t->secure == NULL || t->secure->n == 0);
}

static struct sr_stream *
stream_of(struct sr_engine *e, const struct sr_flow *f)
{
	struct sr_stream *t = bind_find(e, f, 0);

	return t != NULL ? t : bind_find_rtcp(e, f);
}

int
sr_engine_key(struct sr_engine *e, const struct sr_flow *f,
    const struct sr_srtp_key *key)
{
	struct sr_stream *t = stream_of(e, f);
	uint64_t id;
	int err;

	if (t == NULL)
		return SR_ENOENT;
	if ((err = use(e, t, key, 1, &id)) != SR_OK)
		return err;
	t->shaken = true;
	t->sealed = false;
	t->last = NULL;			/* formats that were sealed */
	return SR_OK;
}

void
secure_marked(struct sr_engine *e, const struct sr_flow *f)
{
	struct sr_stream *t = bind_find(e, f, 0);

	if (t == NULL || t->secure != NULL)
		return;
	t->clear = true;
	t->sealed = false;
	t->last = NULL;
}

int
sr_engine_source(struct sr_engine *e, const struct sr_flow *f)
{
	struct sr_stream *t = bind_find(e, f, 0);

	return t != NULL ? bind_stream(e, t, NULL, &f->src) : SR_ENOENT;
}

/* ---- packets ---- */

static int
try(struct sr_engine *e, struct secure *s, struct sr_str pkt, bool rtcp,
    uint8_t *out, size_t room, size_t *n)
{
	const struct sr_crypto *c = e->cfg.crypto;
	int err, worst = SR_EBAD;

	for (size_t i = 0; i < s->n; i++) {
		*n = room;
		err = rtcp ? c->srtcp_unprotect(s->v[i].ctx, pkt, out, n) :
		    c->srtp_unprotect(s->v[i].ctx, pkt, out, n);
		if (err == SR_OK) {
			s->v[i].works = true;
			promote(s, i);
			return SR_OK;
		}
		if (err == SR_EAUTH || err == SR_ELIMIT)
			worst = worst == SR_ELIMIT ? worst : err;
	}
	return worst;
}

/* Events point into what was opened: of several packets at once each has its
 * own memory. */
static uint8_t *
room_for(struct sr_engine *e, size_t n)
{
	uint8_t *p;

	if (!e->adopting) {
		if (e->opened == NULL)
			e->opened = malloc(MAX_PACKET);
		return n <= MAX_PACKET ? e->opened : NULL;
	}
	if ((p = malloc(n)) != NULL)
		trash(e, p, free);
	return p;
}

static void
say_once(struct sr_engine *e, struct sr_stream *t, const struct sr_chunk *c)
{
	unsigned long long num = c->num;
	bool *said = c->cut > 0 ? &t->warned_cut : &t->secure->warned;

	if (*said)
		return;
	*said = true;
	if (c->cut > 0)
		warn(e, t->session, "snaplen", "frame %llu: SRTP of stream "
		    "%.*s was cut by the snaplen, and cannot be opened", num,
		    SR_FMT(t->label));
	else
		warn(e, t->session, "R3711-3.3", "frame %llu: a packet of "
		    "stream %.*s does not fit any key of its SDP: such are "
		    "counted and dropped", num, SR_FMT(t->label));
}

bool
secure_open(struct sr_engine *e, struct sr_stream *t, struct sr_chunk *c)
{
	struct secure *s = t->secure;
	uint8_t *out;
	size_t n;
	int err;

	if (s->n == 0)
		return !s->lost;
	out = room_for(e, c->data.n);
	err = out == NULL ? SR_ENOMEM : try(e, s, c->data, false, out,
	    c->data.n, &n);
	if (err == SR_OK) {
		c->data = (struct sr_str){ (const char *)out, n };
		return true;
	}
	if (err == SR_ELIMIT) {
		t->replayed++;
		return false;
	}
	t->unauthentic++;
	say_once(e, t, c);
	return false;
}

bool
secure_open_rtcp(struct sr_engine *e, struct sr_stream *t, struct sr_str *data)
{
	uint8_t *out;
	size_t n;

	if (t->secure == NULL || t->secure->n == 0)
		return !t->sealed && (t->secure == NULL || !t->secure->lost);
	if ((out = room_for(e, data->n)) == NULL ||
	    try(e, t->secure, *data, true, out, data->n, &n) != SR_OK)
		return false;
	*data = (struct sr_str){ (const char *)out, n };
	return true;
}
