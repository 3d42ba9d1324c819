/* run_keys - what the media of an m-line is protected with: SDES, RFC 4568, or
 * DTLS, RFC 5763. */
#include "run.h"

#include <string.h>

static const struct sr_run_keying *
keying_of(const struct leg *g, const struct slot *s)
{
	static const struct sr_run_keying plain = { SR_KEYS_NONE, NULL };
	const struct sr_run_cfg *c = &g->call->run->cfg;

	return c->nkeying == 0 ? &plain :
	    &c->keying[(size_t)(s - g->slots) % c->nkeying];
}

/* ---- ours ---- */

static void
put_mki(const struct sr_run_cfg *c, struct sr_sdes_key *k)
{
	uint32_t v = c->mki;

	k->nmki = c->nmki < SR_MAX_MKI ? c->nmki : SR_MAX_MKI;
	for (size_t i = k->nmki; i-- > 0; v >>= 8)
		k->mki[i] = (uint8_t)v;
}

void
keys_make(struct leg *g, struct slot *s)
{
	const struct sr_run_cfg *c = &g->call->run->cfg;
	uint8_t random[SR_MAX_KEY + SR_MAX_SALT];

	if (keying_of(g, s)->kind != SR_KEYS_SDES)
		return;
	for (size_t i = 0; i < c->nsuites && i < SR_MAX_KEYS; i++) {
		run_random(g->call->run, random, sizeof(random));
		sr_sdes_make(&s->keys[i], c->suites[i], random);
		s->keys[i].lifetime = c->lifetime;
		put_mki(c, &s->keys[i]);
	}
	sr_wipe(random, sizeof(random));
}

void
keys_offer(const struct leg *g, const struct slot *s, struct sr_str proto,
    struct sr_offer_line *o)
{
	const struct sr_run_keying *k = keying_of(g, s);

	o->proto = proto;
	if (k->kind == SR_KEYS_SDES) {
		o->proto = SR_STR("RTP/SAVP");
		o->keys = s->keys;
		o->nkeys = g->call->run->cfg.nsuites;
	} else if (k->kind == SR_KEYS_DTLS) {
		o->proto = SR_STR("UDP/TLS/RTP/SAVP");
		o->setup = sr_cstr(k->setup);
	}
}

/* ---- theirs ---- */

static const struct sr_sdes_key *
ours_of(const struct sr_run_cfg *c, const struct slot *s, enum sr_suite suite)
{
	for (size_t i = 0; i < c->nsuites; i++)
		if (s->keys[i].suite == suite)
			return &s->keys[i];
	return NULL;
}

/* RFC 4568 section 5.1.3: the suite must be one that we offered. */
static bool
learn_sdes(struct leg *g, struct slot *s, const struct sr_mline *m)
{
	const struct sr_sdes_key *ours;
	struct sr_sdes_keys k;

	if (sr_sdes_choose(&k, m, 0) == m->nsdes) {
		run_call_fail(g->call, "the server gave no key for SRTP");
		return false;
	}
	ours = ours_of(&g->call->run->cfg, s, k.v[0].suite);
	if (ours != NULL) {
		s->line.ours = *ours;
		s->line.theirs = k.v[0];
	} else {
		run_call_fail(g->call, "the server took %s, which was not "
		    "offered", sr_suite_name(k.v[0].suite));
	}
	sr_wipe(&k, sizeof(k));
	return ours != NULL;
}

/* RFC 4145 section 4: who does not say is active.  Of an offer that leaves it
 * open we have answered as before, else as we like it (leg_reply). */
static bool
is_active(const struct leg *g, const struct slot *s, struct sr_str setup)
{
	if (!sr_strieq(setup, SR_STR("actpass")))
		return sr_strieq(setup, SR_STR("passive"));
	return s->open ? s->line.active :
	    strcmp(keying_of(g, s)->setup, "passive") != 0;
}

static bool
learn_dtls(struct leg *g, struct slot *s, const struct sr_sdp *theirs,
    const struct sr_mline *m)
{
	struct sr_run_line *l = &s->line;

	l->nfingerprints = sr_mline_fingerprints(theirs, m, l->fingerprints,
	    SR_FINGERPRINTS);
	for (size_t i = 0; i < l->nfingerprints; i++)
		l->fingerprints[i] = run_call_keep(g->call,
		    l->fingerprints[i]);
	l->active = is_active(g, s, m->setup);
	if (l->nfingerprints == 0)
		run_call_fail(g->call, "the server gave no fingerprint");
	return l->nfingerprints > 0;
}

static bool
same_key(const struct sr_sdes_key *a, const struct sr_sdes_key *b)
{
	return a->suite == b->suite && a->nmki == b->nmki &&
	    memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	    memcmp(a->salt, b->salt, sizeof(a->salt)) == 0 &&
	    memcmp(a->mki, b->mki, a->nmki) == 0;
}

static bool
same_keys(const struct sr_run_line *a, const struct sr_run_line *b)
{
	bool same = a->keying == b->keying && a->active == b->active &&
	    a->nfingerprints == b->nfingerprints &&
	    same_key(&a->ours, &b->ours) && same_key(&a->theirs, &b->theirs);

	for (size_t i = 0; same && i < a->nfingerprints; i++)
		same = sr_strieq(a->fingerprints[i], b->fingerprints[i]);
	return same;
}

bool
keys_learn(struct leg *g, struct slot *s, const struct sr_sdp *theirs,
    const struct sr_mline *m, bool *changed)
{
	struct sr_run_line before = s->line;
	bool ok = true;

	s->line.keying = keying_of(g, s)->kind;
	if (s->line.keying == SR_KEYS_SDES)
		ok = learn_sdes(g, s, m);
	else if (s->line.keying == SR_KEYS_DTLS)
		ok = learn_dtls(g, s, theirs, m);
	*changed = !same_keys(&before, &s->line);
	sr_wipe(&before, sizeof(before));
	return ok;
}
