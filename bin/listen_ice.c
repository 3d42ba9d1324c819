/* listen_ice - the lite side of ICE on the media ports, RFC 8445: checks that
 * know our password are answered, and where they come from, there the client
 * is. */
#include "listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "siprec/crypt.h"

struct ice {
	char ufrag[33], pwd[65];
	struct sr_addr chosen[2];	/* for RTP, for RTCP; family 0: none */
	bool nominated[2];
};

void
ice_free(struct port *p)
{
	if (p->ice != NULL)
		sr_wipe(p->ice, sizeof(*p->ice));
	free(p->ice);
	p->ice = NULL;
}

void
ice_keys(struct port *p, const struct sr_serve_keying *k)
{
	if (k->ufrag.n == 0) {
		ice_free(p);
		return;
	}
	if (p->ice == NULL && (p->ice = sr_zalloc(sizeof(*p->ice))) == NULL)
		return;
	snprintf(p->ice->ufrag, sizeof(p->ice->ufrag), "%.*s",
	    SR_FMT(k->ufrag));
	snprintf(p->ice->pwd, sizeof(p->ice->pwd), "%.*s", SR_FMT(k->pwd));
}

/* RFC 8445 section 8.1.1: what was nominated, else the first that worked. */
static void
choose(struct server *s, struct port *p, bool rtcp, const struct sr_addr *a,
    bool nominated)
{
	struct ice *c = p->ice;
	struct sr_flow f = { *a, p->addr, SR_UDP };

	if ((c->chosen[rtcp].family != 0 && !nominated) ||
	    (c->nominated[rtcp] == nominated &&
	    sr_addr_eq(&c->chosen[rtcp], a)))
		return;
	c->chosen[rtcp] = *a;
	c->nominated[rtcp] |= nominated;
	if (!rtcp)
		sr_engine_source(s->engine, &f);
	shake_proved(s, p, rtcp, a);
}

void
ice_take(struct server *s, struct port *p, bool rtcp,
    const struct sr_dgram *d)
{
	struct sr_media_stats st = { .sent = 0 };
	struct sr_media_out m = { .to = d->from };
	struct sr_stun_ask ask;
	struct sr_buf out;
	int err;

	if (p->ice == NULL)
		return;
	ask = (struct sr_stun_ask){ .ufrag = sr_cstr(p->ice->ufrag),
	    .pwd = sr_cstr(p->ice->pwd), .ip = d->from.ip,
	    .nip = d->from.family == 6 ? 16 : 4, .port = d->from.port };
	sr_buf_init(&out, 256);
	err = sr_stun_answer(&out, d->data, &ask, &sr_crypto_full);
	m.data = sr_buf_str(&out);
	if (m.data.n > 0)
		sr_media_send(rtcp ? p->pair.rtcp : p->pair.rtp, &m, 1, &st);
	if (err == SR_OK)
		choose(s, p, rtcp, &d->from, ask.nominated);
	sr_buf_free(&out);
}

void
ice_aim(const struct port *p, bool rtcp, struct sr_addr *to)
{
	if (p->ice != NULL && p->ice->chosen[rtcp].family != 0)
		*to = p->ice->chosen[rtcp];
}
