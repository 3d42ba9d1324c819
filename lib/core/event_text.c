/* event_text - what a person at a terminal wants to read of an event. */
#include "priv.h"

static int
clock_of(struct sr_buf *b, sr_time t)
{
	struct sr_buf full;
	struct sr_str s;
	int err;

	sr_buf_init(&full, 64);
	if ((err = sr_time_print(&full, t, 3)) == SR_OK) {
		s = sr_substr(sr_buf_str(&full), 11, 12);
		err = sr_buf_fmt(b, "%.*s  ", SR_FMT(s));
	}
	sr_buf_free(&full);
	return err;
}

/* Text of strangers on a terminal: no control characters. */
static void
plain(struct sr_buf *b, struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		sr_buf_addc(b, (unsigned char)s.p[i] < 0x20 ||
		    s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void
span(struct sr_buf *b, sr_time t)
{
	sr_buf_fmt(b, "%lld.%03lld s", (long long)(t / SR_SEC),
	    (long long)(t % SR_SEC / SR_MSEC));
}

static void
end_text(const struct sr_event *ev, struct sr_buf *b)
{
	struct sr_numbers n;

	sr_buf_fmt(b, "end: %s, ", ev->u.end.reason);
	span(b, ev->u.end.duration);
	for (const struct sr_stream *t = ev->session->streams; t != NULL;
	    t = t->next) {
		if (ev->session->plain && !t->sent)
			continue;
		sr_line_numbers(t->line, &n);
		sr_buf_fmt(b, "\n              ");
		plain(b, t->label);
		sr_buf_fmt(b, "  ");
		if (t->codec != NULL)
			plain(b, t->codec->name);
		sr_buf_fmt(b, "  %llu packets, %llu lost, heard ",
		    (unsigned long long)n.packets, (unsigned long long)n.lost);
		span(b, n.heard);
		for (size_t i = 0; i < t->npeople; i++) {
			sr_buf_fmt(b, i == 0 ? "  " : ", ");
			plain(b, t->people[i].name.n > 0 ? t->people[i].name :
			    t->people[i].aor);
		}
	}
}

int
sr_event_text(const struct sr_event *ev, struct sr_buf *b)
{
	clock_of(b, ev->time);
	if (ev->session != NULL) {
		plain(b, sr_substr(ev->session->id, 0, 40));
		sr_buf_fmt(b, "  ");
	}
	if (ev->stream != NULL) {
		plain(b, ev->stream->label);
		sr_buf_fmt(b, ": ");
	}
	switch (ev->kind) {
	case SR_EV_BEGIN:
		sr_buf_fmt(b, "begin: ");
		plain(b, ev->u.begin.from);
		sr_buf_fmt(b, " to ");
		plain(b, ev->u.begin.to);
		if (ev->u.begin.identity.n > 0) {
			sr_buf_fmt(b, ", proved to be ");
			plain(b, ev->u.begin.identity);
		}
		if (ev->u.begin.passport != NULL)
			sr_buf_fmt(b, ", Identity %s", ev->u.begin.passport);
		break;
	case SR_EV_OFFER:
	case SR_EV_ANSWER:
		sr_buf_fmt(b, "%s by the %s", ev->kind == SR_EV_OFFER ?
		    "offer" : "answer", ev->u.sdp.by_src ? "client" : "server");
		break;
	case SR_EV_META:
		sr_buf_fmt(b, "metadata %u: %.*s, %s, %zu participants",
		    ev->u.meta.n, SR_FMT(ev->u.meta.doc->datamode),
		    ev->u.meta.doc->valid ? "valid" : "not valid",
		    ev->u.meta.doc->nparticipants);
		break;
	case SR_EV_STREAM:
		plain(b, ev->u.stream.format->name);
		sr_buf_fmt(b, " from ");
		sr_addr_print(b, &ev->u.stream.flow.src);
		break;
	case SR_EV_DTMF:
		sr_buf_fmt(b, "digit %c at ", ev->u.dtmf.digit);
		span(b, ev->u.dtmf.at);
		break;
	case SR_EV_GAP:
		span(b, ev->u.gap.duration);
		sr_buf_fmt(b, " missing at ");
		span(b, ev->u.gap.at);
		break;
	case SR_EV_SSRC:
		sr_buf_fmt(b, "SSRC %08x goes on as %08x", ev->u.ssrc.from,
		    ev->u.ssrc.to);
		break;
	case SR_EV_PAUSE:
	case SR_EV_RESUME:
		sr_buf_fmt(b, ev->kind == SR_EV_PAUSE ? "pause" : "resume");
		break;
	case SR_EV_HOLD:
		sr_buf_fmt(b, ev->u.hold.on ? "on hold" : "no longer on hold");
		break;
	case SR_EV_WARN:
		sr_buf_fmt(b, "warning: ");
		plain(b, ev->u.warn.text);
		break;
	case SR_EV_REPLACED:
		sr_buf_fmt(b, "replaced by call ");
		plain(b, ev->u.replaced.call_id);
		break;
	case SR_EV_END:
		end_text(ev, b);
		break;
	case SR_EV_CONTINUED:
		sr_buf_fmt(b, ev->u.continued.of ? "goes on with session " :
		    "goes on in session ");
		plain(b, ev->u.continued.session);
		break;
	case SR_EV_MEDIA:
	case SR_EV_WIRE:
		break;
	}
	return sr_buf_addc(b, '\n');
}
