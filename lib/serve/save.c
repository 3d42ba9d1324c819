/* save - a session as bytes: all its legs, with their dialogs. */
#include "priv.h"

#include <string.h>

bool
save_can(const struct leg *l)
{
	return l->answered && l->nlines > 0 && l->first != NULL &&
	    sr_dialog_state(l->d) != SR_D_OVER;
}

size_t
save_legs(const struct sr_serve *s, struct sr_str first,
    struct leg *v[MAX_KEPT])
{
	uint64_t hash = sr_hash(first.p, first.n);
	struct leg *l = s->table_cap > 0 ? s->table[hash &
	    (s->table_cap - 1)] : NULL;
	size_t n = 0, at;

	for (; l != NULL; l = l->same) {
		if (l->hash != hash || !sr_streq(sr_cstr(l->first), first) ||
		    !save_can(l) || n == MAX_KEPT)
			continue;
		/* Of two that began together, the older is found later. */
		for (at = n++; at > 0 && v[at - 1]->began >= l->began; at--)
			v[at] = v[at - 1];
		v[at] = l;
	}
	return n;
}

size_t
sr_serve_names(const struct sr_serve *s, struct sr_str first,
    struct sr_str *v, size_t max)
{
	struct leg *legs[MAX_KEPT];
	size_t n = save_legs(s, first, legs);

	for (size_t i = 0; i < n && i < max; i++)
		v[i] = sr_cstr(legs[i]->call_id);
	return n;
}

/* FNV-1a: the same on every machine and in every version. */
uint64_t
save_sum(const char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u;

	while (n-- > 0)
		h = (h ^ (uint8_t)*p++) * 0x100000001b3u;
	return h;
}

/* ---- pieces ---- */

/* What could not be read again is no record. */
static int
save_text(struct sr_buf *b, struct sr_str s)
{
	return s.n > MAX_SAVED_TEXT ? SR_ELIMIT : sr_pack_str(b, s);
}

static int
save_secret(struct sr_buf *b, const struct secret *x, bool keys)
{
	static const struct sr_sdes_key none;
	const struct sr_sdes_key *k = keys ? &x->key : &none;
	int err = sr_pack_u8(b, (uint8_t)k->suite);

	if (err == SR_OK)
		err = sr_buf_add(b, (struct sr_str){ (const char *)k->key,
		    sizeof(k->key) });
	if (err == SR_OK)
		err = sr_buf_add(b, (struct sr_str){ (const char *)k->salt,
		    sizeof(k->salt) });
	if (err == SR_OK)
		err = sr_pack_str(b, sr_cstr(x->ufrag));
	return err == SR_OK ? sr_pack_str(b, sr_cstr(x->pwd)) : err;
}

static int
save_line(struct sr_buf *b, const struct line *n, bool keys)
{
	uint16_t flags = (uint16_t)(n->live * SAVED_LIVE |
	    n->text * SAVED_TEXT | n->mux * SAVED_MUX |
	    n->active * SAVED_ACTIVE | n->dropped * SAVED_DROPPED |
	    (n->secret != NULL) * SAVED_SECRET);
	int err = sr_pack_u16(b, flags);

	if (err == SR_OK)
		err = sr_pack_u8(b, (uint8_t)n->keying);
	if (err == SR_OK)
		err = sr_addr_pack(b, &n->rtp);
	if (err == SR_OK)
		err = sr_pack_u16(b, n->rtcp);
	return err == SR_OK && n->secret != NULL ? save_secret(b, n->secret,
	    keys) : err;
}

/* What an operator wants and the client does not know yet. */
static int
save_acts(struct sr_buf *b, const struct leg *l)
{
	int err = sr_pack_u8(b, (uint8_t)l->nacts);

	for (size_t i = 0; err == SR_OK && i < l->nacts; i++)
		err = sr_pack_u8(b, (uint8_t)l->acts[i].act);
	return err;
}

static int
save_dialog(struct sr_buf *b, const struct leg *l, bool keys)
{
	struct sr_buf d;
	int err;

	sr_buf_init(&d, b->max);
	if ((err = sr_dialog_save(l->d, keys, &d)) == SR_OK)
		err = sr_pack_str(b, sr_buf_str(&d));
	if (d.p != NULL)
		sr_wipe(d.p, d.cap);
	sr_buf_free(&d);
	return err;
}

/* A re-INVITE of the client that waits for its answer in the ACK is lost with
 * the process: then the lines are to be said again. */
static int
save_flags(struct sr_buf *b, const struct leg *l)
{
	bool renew = l->back.renew || (l->deal != NULL &&
	    l->deal->kind == DEAL_LATE && l->deal->offered);
	bool ending = l->ending || sr_dialog_state(l->d) == SR_D_ENDING;

	return sr_pack_u16(b, (uint16_t)(l->acked * SAVED_ACKED |
	    ending * SAVED_ENDING | l->paused * SAVED_PAUSED |
	    renew * SAVED_RENEW | l->snap_never * SAVED_NO_SNAPSHOT));
}

/* ---- a leg ---- */

static uint8_t
place_of(struct leg *const *v, size_t n, uint64_t id)
{
	for (size_t i = 0; id != 0 && i < n; i++)
		if (v[i]->id == id)
			return (uint8_t)(i + 1);
	return 0;
}

static int
save_leg(struct sr_buf *b, const struct leg *l, bool keys, uint8_t replaces)
{
	const char *texts[] = { l->session, l->identity, l->user, l->asserted,
	    l->orig, l->dest, l->passport, l->why };
	const uint64_t v[] = { l->sdp_id, l->version, l->in_force,
	    (uint64_t)l->began, (uint64_t)l->since };
	int err = save_dialog(b, l, keys);

	if (err == SR_OK)
		err = save_flags(b, l);
	if (err == SR_OK)
		err = sr_pack_u8(b, replaces);
	if (err == SR_OK)
		err = sr_addr_pack(b, &l->from);
	for (size_t i = 0; err == SR_OK && i < 8; i++)
		err = save_text(b, sr_cstr(texts[i]));
	for (size_t i = 0; err == SR_OK && i < 5; i++)
		err = sr_pack_u64(b, v[i]);
	if (err == SR_OK)
		err = save_acts(b, l);
	if (err == SR_OK)
		err = sr_pack_u16(b, (uint16_t)l->nlines);
	for (size_t i = 0; err == SR_OK && i < l->nlines; i++)
		err = save_line(b, &l->lines[i], keys);
	return err;
}

int
sr_serve_save(const struct sr_serve *s, struct sr_str first, bool keys,
    struct sr_buf *out)
{
	struct leg *v[MAX_KEPT];
	size_t n = save_legs(s, first, v), at = out->n;
	bool blank = !keys;
	int err;

	if (n == 0)
		return SR_ENOENT;
	for (size_t i = 0; i < n; i++)
		blank |= v[i]->back.blank;
	err = sr_pack_u8(out, SAVED_VERSION);
	if (err == SR_OK)
		err = sr_pack_u8(out, !blank);
	if (err == SR_OK)
		err = save_text(out, first);
	if (err == SR_OK)
		err = sr_pack_u8(out, (uint8_t)n);
	for (size_t i = 0; err == SR_OK && i < n; i++)
		err = save_leg(out, v[i], !blank, place_of(v, n,
		    v[i]->replaces));
	return err == SR_OK ? sr_pack_u64(out, save_sum(out->p + at,
	    out->n - at)) : err;
}
