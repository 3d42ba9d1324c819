/* save - a dialog as bytes, for the time after its process. */
#include "priv.h"

#include <string.h>

/* ---- what is kept ---- */

/* In the order of the record. */
void
save_texts(struct sr_dialog *d, struct sr_str *v[SAVED_TEXTS])
{
	struct sr_str *all[SAVED_TEXTS] = {
		&d->call_id, &d->local, &d->remote, &d->local_uri,
		&d->remote_uri, &d->local_tag, &d->peer.tag, &d->peer.target,
		&d->peer.routes, &d->user, &d->contact_params, &d->allow,
		&d->supported
	};

	memcpy(v, all, sizeof(all));
}

/* A 2xx of ours whose ACK has not come; the youngest is the one that counts. */
static const struct sr_tx *
unacked(const struct sr_dialog *d)
{
	const struct sr_tx *tx = d->txs;

	while (tx != NULL && (!tx->server || tx->method != SR_INVITE ||
	    tx->state != TX_ACCEPTED || tx->acked))
		tx = tx->next;
	return tx;
}

bool
sr_dialog_unacked(const struct sr_dialog *d)
{
	return unacked(d) != NULL;
}

/* ---- pieces ---- */

static int
save_hop(struct sr_buf *b, const struct sr_hop *hop)
{
	int err = sr_pack_u8(b, (uint8_t)hop->proto);

	if (err == SR_OK)
		err = sr_addr_pack(b, &hop->local);
	return err == SR_OK ? sr_addr_pack(b, &hop->remote) : err;
}

static int
save_text(struct sr_buf *b, struct sr_str s)
{
	return s.n > MAX_SAVED ? SR_ELIMIT : sr_pack_str(b, s);
}

static int
save_sdp(struct sr_buf *b, struct sr_str sdp, bool keys)
{
	struct sr_buf blank;
	int err;

	if (keys)
		return save_text(b, sdp);
	sr_buf_init(&blank, sdp.n);
	err = sr_sdp_blank(&blank, sdp);
	if (err == SR_OK)
		err = save_text(b, sr_buf_str(&blank));
	sr_buf_free(&blank);
	return err;
}

/* A message cannot be said again without its keys: then it is not kept. */
static int
save_wire(struct sr_buf *b, const struct wire *w, bool keys)
{
	struct sr_str s = { NULL, 0 };
	struct sr_buf blank;
	int err = SR_OK;

	if (w != NULL)
		s = (struct sr_str){ w->p, w->n };
	sr_buf_init(&blank, s.n);
	if (!keys && (err = sr_sdp_blank(&blank, s)) == SR_OK &&
	    !sr_streq(s, sr_buf_str(&blank)))
		s.n = 0;
	sr_buf_free(&blank);
	return err == SR_OK ? save_text(b, s) : err;
}

static int
save_timer(struct sr_buf *b, const struct timer *t)
{
	return sr_pack_u64(b, t->slot != 0 ? (uint64_t)t->at : 0);
}

/* ---- all of it ---- */

static int
save_numbers(struct sr_buf *b, const struct sr_dialog *d)
{
	uint16_t flags = (uint16_t)(d->uac * SAVED_UAC |
	    d->secure * SAVED_SECURE | d->ours * SAVED_OURS |
	    d->has_remote_cseq * SAVED_REMOTE_CSEQ |
	    (d->user.p != NULL) * SAVED_USER |
	    (d->contact_params.p != NULL) * SAVED_PARAMS |
	    (unacked(d) != NULL) * SAVED_UNACKED);
	const uint32_t v[] = { d->local_cseq, d->remote_cseq, d->interval,
	    d->min_se, d->ack_cseq };
	int err = sr_pack_u8(b, SAVED_VERSION);

	if (err == SR_OK)
		err = sr_pack_u16(b, flags);
	if (err == SR_OK)
		err = sr_pack_u8(b, (uint8_t)d->rel);
	for (size_t i = 0; err == SR_OK && i < sizeof(v) / sizeof(*v); i++)
		err = sr_pack_u32(b, v[i]);
	if (err == SR_OK)
		err = save_timer(b, &d->refresh);
	return err == SR_OK ? save_timer(b, &d->expire) : err;
}

static int
save_unacked(struct sr_buf *b, const struct sr_tx *tx, bool keys)
{
	int err = sr_pack_u32(b, tx->cseq);

	if (err == SR_OK)
		err = sr_pack_u8(b, tx->offering);
	if (err == SR_OK)
		err = save_timer(b, &tx->end);
	if (err == SR_OK)
		err = save_hop(b, &tx->lost_hop);
	if (err == SR_OK)
		err = save_text(b, tx->key);
	if (err == SR_OK)
		err = save_text(b, tx->merge);
	return err == SR_OK ? save_wire(b, tx->wire, keys) : err;
}

int
sr_dialog_save(const struct sr_dialog *d, bool keys, struct sr_buf *out)
{
	struct sr_str *texts[SAVED_TEXTS];
	const struct sr_tx *tx = unacked(d);
	int err;

	if (!d->confirmed || d->state == SR_D_OVER || d->ack_due)
		return SR_ENOENT;
	err = save_numbers(out, d);
	save_texts((struct sr_dialog *)d, texts);
	for (size_t i = 0; err == SR_OK && i < SAVED_TEXTS; i++)
		err = save_text(out, *texts[i]);
	if (err == SR_OK)
		err = save_text(out, sr_cstr(d->sid));
	if (err == SR_OK)
		err = save_text(out, sr_cstr(d->remote_sid));
	if (err == SR_OK)
		err = save_hop(out, &d->peer.hop);
	if (err == SR_OK)
		err = save_sdp(out, d->local_sdp, keys);
	if (err == SR_OK)
		err = save_sdp(out, d->remote_sdp, keys);
	if (err == SR_OK)
		err = save_hop(out, &d->ack_hop);
	if (err == SR_OK)
		err = save_wire(out, d->ack, keys);
	return err == SR_OK && tx != NULL ? save_unacked(out, tx, keys) : err;
}
