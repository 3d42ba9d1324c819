/* journal - the messages that make a session what it is, kept as they were.
 *
 * The engine has no other state of a session's signalling than what messages
 * have told it: fed again, they make the same session, in another process or
 * on another machine. */
#include "priv.h"

#include <string.h>

enum { ENTRY = 1 + 8 + 1 + 2 * 19 + 4 };	/* bytes besides the message */

void
journal_free(struct sr_buf *j)
{
	if (j->p != NULL)
		sr_wipe(j->p, j->cap);
	sr_buf_free(j);
}

/* Of requests that ask, and answers that say, nothing about the session no
 * memory is needed. */
static bool
matters(const struct sr_msg *m)
{
	switch (m->method) {
	case SR_INVITE:
	case SR_UPDATE:
	case SR_PRACK:
		return m->status == 0 || m->status >= 200 || m->body.n > 0;
	case SR_ACK:
	case SR_BYE:
	case SR_CANCEL:
		return m->status == 0;
	default:
		return false;
	}
}

static void
pack_addr(struct sr_buf *b, const struct sr_addr *a)
{
	sr_pack_u8(b, a->family);
	sr_buf_add(b, (struct sr_str){ (const char *)a->ip, 16 });
	sr_pack_u16(b, a->port);
}

static void
unpack_addr(struct sr_rd *r, struct sr_addr *a)
{
	const uint8_t *ip;

	a->family = sr_u8(r);
	if ((ip = sr_take(r, 16)) != NULL)
		memcpy(a->ip, ip, 16);
	a->port = sr_u16(r);
}

/* Its length; first: does it end the first exchange? */
static size_t
entry_length(struct sr_str rest, bool *ack)
{
	struct sr_rd r = sr_rd(rest);

	*ack = sr_u8(&r) == SR_ACK;
	sr_take(&r, ENTRY - 5);
	return ENTRY + sr_u32(&r);
}

/* A session that has lasted for days: what refreshed it long ago goes, what
 * began it stays. */
static bool
make_room(struct sr_buf *j, size_t need)
{
	size_t begin = 0, end;
	bool ack = false;

	while (begin < j->n && !ack)
		begin += entry_length(sr_substr(sr_buf_str(j), begin, j->n),
		    &ack);
	if (begin + need > j->max)
		return false;
	for (end = begin; end < j->n && j->n - (end - begin) + need > j->max;)
		end += entry_length(sr_substr(sr_buf_str(j), end, j->n), &ack);
	memmove(j->p + begin, j->p + end, j->n - end);
	j->n -= end - begin;
	return true;
}

void
journal_add(struct sr_engine *e, struct call *c, const struct sr_chunk *ch,
    const struct sr_msg *m, struct sr_str raw)
{
	struct sr_buf *j;

	if (!e->cfg.journal || c->over || !matters(m))
		return;
	j = c->begun ? &c->session->journal : &c->journal;
	if (sr_buf_reserve(j, ENTRY + raw.n) != SR_OK &&
	    (!make_room(j, ENTRY + raw.n) ||
	    sr_buf_reserve(j, ENTRY + raw.n) != SR_OK))
		return;
	sr_pack_u8(j, m->status == 0 ? (uint8_t)m->method : UINT8_MAX);
	sr_pack_u64(j, (uint64_t)ch->time);
	sr_pack_u8(j, (uint8_t)ch->flow.proto);
	pack_addr(j, &ch->flow.src);
	pack_addr(j, &ch->flow.dst);
	sr_pack_str(j, raw);
}

void
journal_begin(struct call *c)
{
	struct sr_buf *j = &c->session->journal;

	if (c->journal.n > 0 && sr_buf_reserve(j, c->journal.n) == SR_OK)
		sr_buf_add(j, sr_buf_str(&c->journal));
	journal_free(&c->journal);
}

bool
journal_next(struct sr_rd *r, struct sr_chunk *c)
{
	uint8_t proto;

	if (r->n == 0 || r->bad)
		return false;
	*c = (struct sr_chunk){ .kind = SR_DGRAM };
	sr_u8(r);
	c->time = (sr_time)sr_u64(r);
	proto = sr_u8(r);
	c->flow.proto = proto <= SR_TLS ? (enum sr_proto)proto : SR_UDP;
	unpack_addr(r, &c->flow.src);
	unpack_addr(r, &c->flow.dst);
	c->data = sr_unpack_str(r, SIZE_MAX);
	return !r->bad && c->data.n > 0;
}
