/* report - what others want to know of a stream, and why a call was ended. */
#include "priv.h"

bool
sr_stream_reception(const struct sr_stream *t, struct sr_reception *out)
{
	if (!sr_line_reception(t->line, out))
		return false;
	if (t->report.ntp != 0 && t->report.ssrc == out->ssrc) {
		out->lsr = (uint32_t)(t->report.ntp >> 16);
		out->lsr_at = t->report_at;
	}
	return true;
}

void
sr_stream_numbers(const struct sr_stream *t, struct sr_numbers *out)
{
	sr_line_numbers(t->line, out);
}

struct sr_str
sr_stream_participant(const struct sr_stream *t)
{
	const struct person *p = t->people;

	if (t->npeople == 0)
		return (struct sr_str){ NULL, 0 };
	return p->aor.n > 0 ? p->aor : p->name.n > 0 ? p->name : p->id;
}

uint64_t
sr_engine_strangers(const struct sr_engine *e)
{
	return e->strangers;
}

struct sr_stream *
sr_engine_stream(struct sr_engine *e, const struct sr_flow *f)
{
	return bind_find(e, f, 0);
}

/* A recording server that ends a call says why: then a capture of the call
 * tells the same as the server's own log. */
/* RFC 3326: what ended the call, in SIP's own words or in those of ISDN. */
bool
bye_is_broken(const struct sr_msg *m)
{
	struct sr_str v, proto, cause;
	uint64_t n;

	for (size_t i = 0; (v = sr_msg_header(m, "Reason", i)).n > 0; i++) {
		if (!sr_strcut(&v, ';', &proto) || !sr_param(v, "cause",
		    &cause) || sr_strnum(cause, &n) != SR_OK)
			continue;
		proto = sr_trim(proto);
		if (sr_strieq(proto, SR_STR("SIP")) && (n == 408 ||
		    n == 481 || n / 100 == 5))
			return true;
		/* network out of order, temporary failure, timer expired */
		if (sr_strieq(proto, SR_STR("Q.850")) && (n == 38 || n == 41 ||
		    n == 102))
			return true;
	}
	return false;
}

const char *
bye_reason(const struct sr_msg *m, bool client)
{
	static const char *const words[] = { "session-timer", "media-timeout",
	    "max-duration", "no-ack", "stopped", "disk-full", "taken-over" };
	struct sr_str v, text;

	for (size_t i = 0; (v = sr_msg_header(m, "Reason", i)).n > 0; i++) {
		if (!sr_param(sr_substr(v, sr_strchr(v, ';'), v.n), "text",
		    &text))
			continue;
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			if (sr_streq(text, sr_cstr(words[k])))
				return words[k];
	}
	return client ? "bye-client" : "bye-server";
}
