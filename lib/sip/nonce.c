/* nonce - what a server asks to be hashed, RFC 7616 sections 3.3 and 5.5: it
 * carries its time and our seal, so that nothing is kept for who never comes
 * back, and a count of it is used once. */
#include "sip/priv.h"

#include <string.h>

/* 16 digits of time, 16 of chance, 32 of the seal. */
enum { HALF = 16, SEALED = 32, SEAL = 16, BLOCK = 64 };

/* HMAC-SHA-256, RFC 2104, of two texts. */
static int
seal(const struct sr_auth_server *s, struct sr_str text, uint8_t out[32])
{
	const struct sr_crypto *c = s->crypto;
	uint8_t pad[BLOCK], sum[32];
	void *state;

	for (int outer = 0; outer < 2; outer++) {
		memset(pad, outer ? 0x5c : 0x36, sizeof(pad));
		for (size_t i = 0; i < sizeof(s->secret); i++)
			pad[i] ^= s->secret[i];
		if ((state = c->begin(SR_SHA256)) == NULL)
			return SR_ENOMEM;
		c->update(state, (struct sr_str){ (char *)pad, BLOCK });
		if (outer) {
			c->update(state, (struct sr_str){ (char *)sum, 32 });
		} else {
			c->update(state, text);
			if (s->realm.n > 0)
				c->update(state, s->realm);
		}
		c->end(state, outer ? out : sum);
	}
	sr_wipe(pad, sizeof(pad));
	return SR_OK;
}

static uint64_t
big_endian(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

int
nonce_make(const struct sr_auth_server *s, sr_time now, char text[NONCE_TEXT])
{
	uint8_t raw[16], sum[32];
	int err;

	for (int i = 0; i < 8; i++)
		raw[i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
	s->crypto->random(raw + 8, 8);
	sip_hex(text, raw, sizeof(raw));
	if ((err = seal(s, (struct sr_str){ text, SEALED }, sum)) == SR_OK)
		sip_hex(text + SEALED, sum, SEAL);
	return err;
}

bool
nonce_read(const struct sr_auth_server *s, struct nonce *n, struct sr_str text)
{
	uint8_t raw[16 + SEAL], sum[32], differs = 0;

	if (auth_unhex(raw, sizeof(raw), text) != SR_OK ||
	    seal(s, sr_substr(text, 0, SEALED), sum) != SR_OK)
		return false;
	for (int i = 0; i < SEAL; i++)
		differs |= raw[16 + i] ^ sum[i];
	n->born = (sr_time)big_endian(raw);
	n->id = big_endian(raw + 8);
	/* 0 marks a free place of the table. */
	if (n->id == 0)
		n->id = 1;
	return differs == 0;
}

/* ---- counts ---- */

static struct sr_auth_nonce *
find(struct sr_auth_nonces *t, const struct nonce *n)
{
	for (size_t i = 0; i < SR_NONCES; i++)
		if (t->v[i].id == n->id && t->v[i].born == n->born)
			return &t->v[i];
	return NULL;
}

/* A place for a new one: a free one, or that of the oldest, which with all
 * that are older still is stale from now on. */
static struct sr_auth_nonce *
place(const struct sr_auth_server *s, const struct nonce *n, sr_time now)
{
	struct sr_auth_nonces *t = s->nonces;
	struct sr_auth_nonce *old = &t->v[0];

	if (n->born <= t->floor)
		return NULL;
	for (size_t i = 0; i < SR_NONCES; i++) {
		if (t->v[i].id == 0 || now - t->v[i].born > s->life) {
			t->v[i].id = 0;
			return &t->v[i];
		}
		if (t->v[i].born < old->born)
			old = &t->v[i];
	}
	if (n->born <= old->born)
		return NULL;
	t->floor = old->born;
	return old;
}

bool
nonce_use(const struct sr_auth_server *s, const struct nonce *n, uint32_t nc,
    sr_time now)
{
	struct sr_auth_nonce *v = find(s->nonces, n);
	uint32_t back;

	if (nc == 0 || now - n->born > s->life)
		return false;
	if (v == NULL) {
		if ((v = place(s, n, now)) == NULL)
			return false;
		*v = (struct sr_auth_nonce){ n->id, n->born, nc, 1 };
		return true;
	}
	/* Requests over UDP overtake each other: 32 may. */
	if (nc > v->nc) {
		v->seen = nc - v->nc < 32 ? v->seen << (nc - v->nc) : 0;
		v->seen |= 1;
		v->nc = nc;
		return true;
	}
	back = v->nc - nc;
	if (back >= 32 || (v->seen >> back & 1) != 0)
		return false;
	v->seen |= (uint32_t)1 << back;
	return true;
}
