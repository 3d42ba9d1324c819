/* stream - messages out of the bytes of a connection, RFC 3261 section 18.3,
 * and the keep-alives between them, RFC 5626 section 3.5.1. */
#include "io/priv.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <string.h>

#include "siprec/sip.h"

static struct evbuffer *
input(const struct conn *c)
{
	return bufferevent_get_input(c->bev);
}

/* ---- keep-alives ---- */

/* The first call, when the connection is there, only sets the time. */
void
stream_ping(struct conn *c, sr_time now)
{
	const struct sr_transport_cfg *cfg = &c->t->cfg;
	double range = (double)(cfg->ping_max - cfg->ping_min);

	if (c->ping_at != SR_NEVER && c->pong_by == SR_NEVER &&
	    conn_write(c, SR_STR("\r\n\r\n")) == SR_OK)
		c->pong_by = now + cfg->pong_timeout;
	c->ping_at = now + cfg->ping_min +
	    (sr_time)(range * sr_prng_real(&c->t->prng));
}

/* A CRLF between messages is the answer to our ping, half of a ping, or
 * means nothing.  Whoever pings, and has said something before, wants the
 * connection to stay. */
static void
line_end(struct conn *c)
{
	if (c->pong_by != SR_NEVER) {
		c->pong_by = SR_NEVER;
		return;
	}
	c->crlf = !c->crlf;
	if (c->crlf)
		return;
	if (c->spoke)
		c->last = sr_now();
	conn_write(c, SR_STR("\r\n"));
}

/* Takes one line end off the input; false: none is whole. */
static bool
take_line_end(struct conn *c, struct sr_str in)
{
	if (in.p[0] == '\n') {
		evbuffer_drain(input(c), 1);
		return true;
	}
	if (in.n < 2)
		return false;
	if (in.p[1] != '\n') {
		c->t->stats.bad++;
		conn_end(c, SR_EBAD, "bytes that are no SIP");
		return false;
	}
	evbuffer_drain(input(c), 2);
	line_end(c);
	return true;
}

/* ---- messages ---- */

static struct sr_str
head_of(struct sr_str raw)
{
	size_t end = sr_strfind(raw, SR_STR("\r\n\r\n"));

	if (end < raw.n)
		return sr_substr(raw, 0, end + 4);
	end = sr_strfind(raw, SR_STR("\n\n"));
	return end < raw.n ? sr_substr(raw, 0, end + 2) :
	    (struct sr_str){ NULL, 0 };
}

static bool
says_length(struct sr_str raw)
{
	struct sr_str rest = raw, line, name;
	uint64_t n;

	while (sr_strline(&rest, &line) && line.n > 0) {
		if ((line.p[0] | 0x20) != 'c' && (line.p[0] | 0x20) != 'l')
			continue;
		if (!sr_strcut(&line, ':', &name))
			continue;
		name = sr_trim(name);
		if (sr_strieq(name, SR_STR("Content-Length")) ||
		    sr_strieq(name, SR_STR("l")))
			return sr_strnum(sr_trim(line), &n) == SR_OK;
	}
	return false;
}

static void
hand(struct conn *c, struct sr_str raw, unsigned flags)
{
	struct sr_transport *t = c->t;
	struct sr_hop from = c->hop;
	sr_time now = sr_now();

	c->spoke = true;
	c->last = now;
	t->cbs.message(t->cbs.arg, &from, now, raw, flags);
}

/* The owner gets a copy: what it sends may make libevent read, and move what
 * is in the input buffer.  false: no memory, and the connection is over. */
static bool
hand_copy(struct conn *c, struct sr_str raw, unsigned flags)
{
	struct sr_buf *b = &c->t->scratch;

	sr_buf_drop(b, b->n);
	if (sr_buf_add(b, raw) != SR_OK) {
		conn_end(c, SR_ENOMEM, "no memory for a message");
		return false;
	}
	hand(c, sr_buf_str(b), flags);
	return !c->dead;
}

static void
too_large(struct conn *c, struct sr_str in)
{
	struct sr_str head = head_of(in);

	c->t->stats.too_large++;
	if (head.n > 0 && sr_sip_looks(head) &&
	    !hand_copy(c, head, SR_IN_TOO_LARGE))
		return;
	if (c->output == SR_NEVER)
		conn_end(c, SR_ELIMIT, "a message past the limit");
	else
		conn_finish(c);
}

/* A response without a length can do no harm but to itself: what follows it
 * is a message, or is not and ends the connection. */
static void
whole(struct conn *c, struct sr_str raw)
{
	unsigned flags = says_length(raw) ? 0 : SR_IN_NO_LENGTH;
	bool request = !sr_stristarts(raw, SR_STR("SIP/"));

	c->t->stats.messages++;
	c->t->stats.bytes += raw.n;
	if (!hand_copy(c, raw, flags))
		return;
	evbuffer_drain(input(c), raw.n);
	if (flags != 0 && request)
		conn_finish(c);
}

/* One step through the input: true when there may be another. */
static bool
step(struct conn *c)
{
	struct sr_str in;
	long n;

	in.n = evbuffer_get_length(input(c));
	if (in.n == 0) {
		c->partial = SR_NEVER;
		return false;
	}
	if ((in.p = (char *)evbuffer_pullup(input(c), -1)) == NULL)
		return false;
	if (c->seen == 0 && (in.p[0] == '\r' || in.p[0] == '\n'))
		return take_line_end(c, in);
	c->crlf = false;
	n = sr_sip_frame(in, c->t->cfg.max_message, &c->seen);
	if (n == SR_MORE) {
		if (c->partial == SR_NEVER)
			c->partial = sr_now();
		return false;
	}
	c->seen = 0;
	c->partial = SR_NEVER;
	if (n > 0)
		whole(c, sr_substr(in, 0, (size_t)n));
	else if (n == SR_ELIMIT)
		too_large(c, in);
	else {
		c->t->stats.bad++;
		conn_end(c, SR_EBAD, "bytes that are no SIP");
	}
	return n > 0;
}

void
stream_read(struct conn *c)
{
	while (!c->dead && !c->closing && step(c))
		continue;
	if (!c->dead && c->closing)
		evbuffer_drain(input(c), evbuffer_get_length(input(c)));
}
