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

struct sr_stream *
sr_engine_stream(struct sr_engine *e, const struct sr_flow *f)
{
	return bind_find(e, f, 0);
}

/* A recording server that ends a call says why: then a capture of the call
 * tells the same as the server's own log. */
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
