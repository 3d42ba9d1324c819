/* listen_clf - each SIP message in the common log format: RFC 6872, 6873. */
#include "listen.h"

#include <errno.h>
#include <string.h>

#include "cli.h"

int
clf_open(struct server *s)
{
	if (s->o->clf == NULL ||
	    sr_sink_open(&s->clf, s->o->clf, s->o->backlog) == SR_OK)
		return CLI_OK;
	cli_warn("%s: %s", s->o->clf, strerror(errno));
	return CLI_CANTCREAT;
}

void
clf_take(struct server *s, const struct sr_hop *hop, bool sent, sr_time when,
    struct sr_str raw)
{
	struct sr_clf c = { .time = when, .sent = sent, .proto = hop->proto,
	    .secret = hop->proto == SR_TLS,
	    .src = sent ? hop->local : hop->remote,
	    .dst = sent ? hop->remote : hop->local };
	struct sr_msg m;
	struct sr_buf b;

	if (s->clf == NULL)
		return;
	sr_buf_init(&b, 65536);
	if (sr_msg_parse(&m, raw) == SR_OK) {
		sr_clf_of(&c, &m);
		if (sr_clf_add(&b, &c) == SR_OK)
			sr_sink_put(s->clf, sr_substr(sr_buf_str(&b), 0,
			    b.n - 1));
	}
	sr_msg_free(&m);
	sr_buf_free(&b);
}
