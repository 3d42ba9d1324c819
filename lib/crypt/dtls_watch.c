/* dtls_watch - the keys of DTLS-SRTP from a handshake that a capture shows,
 * and the master secret that a key log has for it: RFC 5764 4.2, RFC 5705. */
#include "crypt/priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 1024, MAX_PAIRS = 4096, RECORD = 13, MESSAGE = 12,
	HANDSHAKE = 22, CLIENT_HELLO = 1, SERVER_HELLO = 2
};

struct pair {				/* of ports that shake hands */
	struct pair *next, *newer;
	struct sr_flow flow;		/* of the client */
	struct tls_hello hello;
};
struct sr_dtls_watch {
	const struct sr_keylog *log;
	struct pair *table[BUCKETS], *oldest, **newest;
	size_t n;
};

int
sr_dtls_watch_new(struct sr_dtls_watch **wp, const struct sr_keylog *k)
{
	struct sr_dtls_watch *w = sr_zalloc(sizeof(*w));

	if (w == NULL)
		return SR_ENOMEM;
	w->log = k;
	w->newest = &w->oldest;
	*wp = w;
	return SR_OK;
}

static struct pair **
bucket(struct sr_dtls_watch *w, const struct sr_flow *f)
{
	return &w->table[sr_flow_hash(f) % BUCKETS];
}

static void
forget_oldest(struct sr_dtls_watch *w)
{
	struct pair *p = w->oldest, **at = bucket(w, &p->flow);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if ((w->oldest = p->newer) == NULL)
		w->newest = &w->oldest;
	w->n--;
	free(p);
}

void
sr_dtls_watch_free(struct sr_dtls_watch *w)
{
	while (w != NULL && w->oldest != NULL)
		forget_oldest(w);
	free(w);
}

static struct pair *
find(struct sr_dtls_watch *w, const struct sr_flow *client)
{
	struct pair *p = *bucket(w, client);

	while (p != NULL && !sr_flow_eq(&p->flow, client))
		p = p->next;
	return p;
}

static struct pair *
get(struct sr_dtls_watch *w, const struct sr_flow *client)
{
	struct pair *p = find(w, client), **at;

	if (p != NULL)
		return p;
	if (w->n == MAX_PAIRS)
		forget_oldest(w);
	if ((p = sr_zalloc(sizeof(*p))) == NULL)
		return NULL;
	p->flow = *client;
	at = bucket(w, client);
	p->next = *at;
	*at = p;
	*w->newest = p;
	w->newest = &p->newer;
	w->n++;
	return p;
}

static int
export(struct sr_dtls_watch *w, const struct pair *p,
    struct sr_dtls_keys *keys)
{
	enum sr_suite suite = dtls_profile(p->hello.srtp);
	struct sr_str master = keylog_find(w->log, KEYLOG_MASTER,
	    p->hello.client);
	const char *hash = tls_hash(p->hello.suite);
	size_t key, salt;

	if (!p->hello.has_client || p->hello.version != DTLS12 ||
	    master.n == 0 || hash == NULL || !srtp_lengths(suite, &key, &salt))
		return SR_MORE;
	if (!tls_prf(hash, master, "EXTRACTOR-dtls_srtp", p->hello.client,
	    p->hello.server, keys->bytes, 2 * (key + salt)))
		return SR_MORE;
	dtls_cut(keys, suite, true);
	return SR_OK;
}

static int
message(struct sr_dtls_watch *w, uint8_t type, struct sr_str body,
    const struct sr_flow *f, struct sr_dtls_keys *keys, struct sr_flow *client)
{
	struct sr_flow back = { .src = f->dst, .dst = f->src,
	    .proto = f->proto };
	struct pair *p;

	if (type == CLIENT_HELLO) {
		if ((p = get(w, f)) != NULL)
			tls_client_hello(&p->hello, body);
		return SR_MORE;
	}
	if (type != SERVER_HELLO || (p = find(w, &back)) == NULL ||
	    tls_server_hello(&p->hello, body) != SR_OK)
		return SR_MORE;
	*client = p->flow;
	return export(w, p, keys);
}

/* Hellos are small and stand whole in one record, mostly the first. */
int
sr_dtls_watch_feed(struct sr_dtls_watch *w, const struct sr_chunk *c,
    struct sr_dtls_keys *keys, struct sr_flow *f)
{
	struct sr_rd r = sr_rd(c->data), m;

	if (c->kind != SR_DGRAM)
		return SR_MORE;
	while (r.n >= RECORD) {
		uint8_t type = sr_u8(&r), hello;
		uint16_t version = sr_u16(&r), epoch = sr_u16(&r), n;
		uint32_t whole, at, part;
		const uint8_t *p;

		sr_take(&r, 6);
		n = sr_u16(&r);
		p = sr_take(&r, n);
		if (r.bad || version >> 8 != 0xfe || type != HANDSHAKE ||
		    epoch != 0)
			return SR_MORE;
		m = (struct sr_rd){ p, n, false };
		whole = sr_u32(&m);
		hello = (uint8_t)(whole >> 24);
		whole &= 0xffffff;
		sr_u16(&m);
		at = (uint32_t)sr_u8(&m) << 16;
		at |= sr_u16(&m);
		part = (uint32_t)sr_u8(&m) << 16;
		part |= sr_u16(&m);
		if (m.bad || at != 0 || part != whole || part > m.n)
			continue;
		if (message(w, hello, (struct sr_str){ (const char *)m.p,
		    part }, &c->flow, keys, f) == SR_OK)
			return SR_OK;
	}
	return SR_MORE;
}
