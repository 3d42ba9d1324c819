/* frame - cutting a stream into messages.
 *
 * RFC 3261 section 18.3: by Content-Length.  A stream that does not say how
 * long a body is has none, as far as framing goes; sr_sip_resync finds the
 * next message behind the bytes that are then left over. */
#include "sip/priv.h"

#include <limits.h>
#include <string.h>

enum { MAX_METHOD = 64 };

/* *seen holds where the search goes on, and in its low two bits what for: in
 * BODY it is where the message ends. */
enum stage { BEFORE, START_LINE, HEADERS, BODY };

enum verdict { NO, MAYBE, YES };

/* Judges the first bytes of a message.  MAYBE wants more bytes, never more
 * than a method can have; YES may turn out wrong with the rest of the line. */
static enum verdict
looks(struct sr_str in)
{
	struct sr_str head = sr_substr(in, 0, MAX_METHOD + 1), version;
	size_t nl, sp = sr_strchr(head, ' ');

	/* A boundary is a token too, but no method. */
	if (sr_strstarts(in, SR_STR("--")))
		return NO;
	version = sr_substr(in, 0, 4);
	if (sr_stristarts(version, SR_STR("SIP/")))
		return YES;
	if (sp == head.n) {
		if (sr_stristarts(SR_STR("SIP/"), version))
			return MAYBE;
		return head.n <= MAX_METHOD && sip_is_token(head) ? MAYBE : NO;
	}
	if (!sip_is_token(sr_substr(head, 0, sp)))
		return NO;
	nl = sr_strchr(sr_substr(in, 0, SIP_MAX_HEAD), '\n');
	if (nl < in.n && nl < SIP_MAX_HEAD)
		return sip_start_line(sr_substr(in, 0, nl)) ? YES : NO;
	return YES;
}

bool
sr_sip_looks(struct sr_str in)
{
	return looks(sr_substr(in, sip_skip_crlf(in), in.n)) == YES;
}

/* The line feed that an empty line follows; MAYBE leaves *at where to go on,
 * YES at the first byte of the body. */
static enum verdict
empty_line(struct sr_str in, size_t *at)
{
	const char *nl;
	size_t i = *at;

	while (i < in.n &&
	    (nl = memchr(in.p + i, '\n', in.n - i)) != NULL) {
		i = (size_t)(nl - in.p) + 1;
		if (i < in.n && in.p[i] == '\n') {
			*at = i + 1;
			return YES;
		}
		if (i + 1 < in.n && in.p[i] == '\r' && in.p[i + 1] == '\n') {
			*at = i + 2;
			return YES;
		}
		if (i == in.n || (i + 1 == in.n && in.p[i] == '\r')) {
			*at = i - 1;
			return MAYBE;
		}
	}
	*at = in.n;
	return MAYBE;
}

/* What the headers say the body's length is: the first of several, like
 * sr_msg_parse.  SR_OK or SR_ELIMIT. */
static int
body_length(struct sr_str head, uint64_t *len)
{
	struct sr_str line, name, value;
	int err;

	*len = 0;
	while (sip_line(&head, &line)) {
		/* Only c and l can begin the name: most lines end here. */
		if (line.n == 0 || ((line.p[0] | 0x20) != 'c' &&
		    (line.p[0] | 0x20) != 'l'))
			continue;
		if (!sip_field(line, &name, &value) ||
		    !sr_strieq(sip_long_name(name), SR_STR("Content-Length")))
			continue;
		if ((err = sr_strnum(value, len)) == SR_EBAD)
			*len = 0;
		return err == SR_ELIMIT ? SR_ELIMIT : SR_OK;
	}
	return SR_OK;
}

/* Goes on where the last call stopped; leaves at behind the empty line. */
static int
find_body(struct sr_str in, size_t *seen, size_t *at)
{
	enum stage stage = (enum stage)(*seen & 3);
	enum verdict v;
	size_t i = *seen >> 2, nl;

	if (stage == BEFORE) {
		i += sip_skip_crlf(sr_substr(in, i, in.n));
		v = looks(sr_substr(in, i, in.n));
		if (v == NO)
			return SR_EBAD;
		stage = v == YES ? START_LINE : BEFORE;
		*seen = i << 2 | stage;
		if (v == MAYBE)
			return SR_MORE;
	}
	if (stage == START_LINE) {
		nl = i + sr_strchr(sr_substr(in, i, in.n), '\n');
		*seen = nl << 2 | START_LINE;
		if (nl == in.n)
			return SR_MORE;
		i = sip_skip_crlf(in);
		if (!sip_start_line(sr_substr(in, i, nl - i)))
			return SR_EBAD;
		i = nl;
	}
	v = empty_line(in, &i);
	*seen = i << 2 | HEADERS;
	*at = i;
	return v == YES ? SR_OK : SR_MORE;
}

long
sr_sip_frame(struct sr_str in, size_t max, size_t *seen)
{
	size_t at = 0, start, limit;
	uint64_t len;
	int err;

	if (max > LONG_MAX / 4)
		max = LONG_MAX / 4;
	limit = max < SIP_MAX_HEAD ? max : SIP_MAX_HEAD;
	if ((*seen & 3) != BODY) {
		if ((err = find_body(in, seen, &at)) == SR_MORE)
			return in.n > limit ? SR_ELIMIT : SR_MORE;
		if (err != SR_OK)
			return err;
		start = sip_skip_crlf(in);
		err = body_length(sr_substr(in, start, at - start), &len);
		if (err != SR_OK || at > limit || len > max - at)
			return SR_ELIMIT;
		*seen = (at + (size_t)len) << 2 | BODY;
	}
	return in.n >= *seen >> 2 ? (long)(*seen >> 2) : SR_MORE;
}

/* jambonz ends a body with its closing boundary and no line end, so that the
 * next start line stands in the same line: where in it, or 0. */
static size_t
behind_boundary(struct sr_str line)
{
	size_t n = sr_strchr(line, ' ');

	if (!sr_strstarts(line, SR_STR("--")))
		return 0;
	for (; n > 4; n--)
		if (line.p[n - 1] == '-' && line.p[n - 2] == '-')
			return sip_start_line(sr_substr(line, n, line.n)) ?
			    n : 0;
	return 0;
}

size_t
sr_sip_resync(struct sr_str in)
{
	struct sr_str rest = in, line;
	size_t at = 0, n;

	while (rest.n > 0) {
		n = sr_strchr(rest, '\n');
		line = sr_substr(rest, 0, n);
		if (at > 0 && looks(rest) != NO)
			return at;
		if (behind_boundary(line) > 0)
			return at + behind_boundary(line);
		rest = sr_substr(rest, n + 1, rest.n);
		at = in.n - rest.n;
	}
	return in.n;
}
