/* run_dress - a request as a vendor's client would word its headers. */
#include "run.h"

#include <stdlib.h>

/* Its Contact, marked in the URI and not behind it. */
static void
contact(const struct sr_dialect *d, struct sr_str line, struct sr_buf *out)
{
	size_t end = sr_strchr(line, '>');

	sr_buf_add(out, sr_substr(line, 0, end));
	sr_buf_fmt(out, ";%s", d->contact);
	sr_buf_add(out, sr_substr(line, end, line.n));
	sr_buf_fmt(out, "\r\n");
}

static void
header(const struct sr_dialect *d, bool invite, struct sr_str line,
    struct sr_buf *out)
{
	if (d->mark_in_uri && d->contact != NULL &&
	    sr_strstarts(line, SR_STR("Contact:"))) {
		contact(d, line, out);
	} else if (invite && d->supported != NULL &&
	    sr_strstarts(line, SR_STR("Supported:"))) {
		if (d->supported[0] != '\0')
			sr_buf_fmt(out, "Supported: %s\r\n", d->supported);
	} else if (invite && d->accept != NULL &&
	    sr_strstarts(line, SR_STR("Accept:"))) {
		if (d->accept[0] != '\0')
			sr_buf_fmt(out, "Accept: %s\r\n", d->accept);
	} else {
		sr_buf_fmt(out, "%.*s\r\n", SR_FMT(line));
	}
}

void
run_dress(struct event *e, const struct sr_dialect *d)
{
	bool invite = e->ev.status == 0 && e->ev.method == SR_INVITE;
	struct sr_str rest = e->ev.data, line;
	struct sr_buf b;

	sr_buf_init(&b, rest.n + 1024);
	while (sr_strline(&rest, &line) && line.n > 0)
		header(d, invite, line, &b);
	sr_buf_fmt(&b, "\r\n");
	if (sr_buf_add(&b, rest) != SR_OK) {
		sr_buf_free(&b);
		return;
	}
	free(e->owned);
	e->owned = b.p;			/* it owns the bytes from now on */
	e->ev.data = sr_buf_str(&b);
}
