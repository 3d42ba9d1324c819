/* event_json - one JSON object per event: siprec-events(5) is its manual. */
#include "priv.h"

static const char *const names[] = {
	[SR_EV_BEGIN] = "begin", [SR_EV_OFFER] = "offer",
	[SR_EV_ANSWER] = "answer", [SR_EV_META] = "metadata",
	[SR_EV_STREAM] = "stream", [SR_EV_DTMF] = "dtmf", [SR_EV_GAP] = "gap",
	[SR_EV_SSRC] = "ssrc", [SR_EV_PAUSE] = "pause",
	[SR_EV_RESUME] = "resume", [SR_EV_HOLD] = "hold",
	[SR_EV_WARN] = "warn", [SR_EV_REPLACED] = "replaced",
	[SR_EV_CONTINUED] = "continued", [SR_EV_END] = "end",
	[SR_EV_MEDIA] = "media", [SR_EV_WIRE] = "wire"
};

/* ---- small things; errors stay in the buffer's last answer ---- */

static int
key(struct sr_buf *b, const char *name)
{
	return sr_buf_fmt(b, ",\"%s\":", name);
}

static int
text(struct sr_buf *b, const char *name, struct sr_str v)
{
	if (v.p == NULL)
		return SR_OK;
	key(b, name);
	return sr_buf_json(b, v);
}

static int
addr(struct sr_buf *b, const char *name, const struct sr_addr *a)
{
	struct sr_buf t;
	int err = SR_OK;

	if (a->family == 0)
		return SR_OK;
	sr_buf_init(&t, 128);
	if (sr_addr_print(&t, a) == SR_OK)
		err = text(b, name, sr_buf_str(&t));
	sr_buf_free(&t);
	return err;
}

/* To the microsecond: a sample at 48 kHz is 20 of them. */
static int
seconds(struct sr_buf *b, const char *name, sr_time t)
{
	sr_time us = (t < 0 ? -t : t) / 1000;

	return sr_buf_fmt(b, ",\"%s\":%s%lld.%06lld", name, t < 0 ? "-" : "",
	    (long long)(us / 1000000), (long long)(us % 1000000));
}

static int
stamp(struct sr_buf *b, const char *name, sr_time t, int digits)
{
	key(b, name);
	sr_buf_addc(b, '"');
	sr_time_print(b, t, digits);
	return sr_buf_addc(b, '"');
}

static void
common(const struct sr_event *ev, struct sr_buf *b)
{
	sr_buf_fmt(b, "{\"v\":1,\"event\":\"%s\"", names[ev->kind]);
	stamp(b, "time", ev->time, 3);
	if (ev->session != NULL) {
		text(b, "session", ev->session->id);
		text(b, "call_id", ev->session->call_id);
	} else if (ev->kind == SR_EV_WARN && ev->u.warn.call_id.n > 0) {
		text(b, "call_id", ev->u.warn.call_id);
	}
	if (ev->num != 0 && ev->kind != SR_EV_END)
		sr_buf_fmt(b, ",\"frame\":%llu", (unsigned long long)ev->num);
	if (ev->stream != NULL)
		text(b, "label", ev->stream->label);
}

static void
begin_json(const struct sr_event *ev, struct sr_buf *b)
{
	static const char *const protos[] = { "udp", "tcp", "tls" };

	text(b, "from", ev->u.begin.from);
	text(b, "to", ev->u.begin.to);
	if (ev->u.begin.agent.n > 0)
		text(b, "agent", ev->u.begin.agent);
	sr_buf_fmt(b, ",\"transport\":\"%s\"", protos[ev->u.begin.flow.proto]);
	addr(b, "src", &ev->u.begin.flow.src);
	addr(b, "dst", &ev->u.begin.flow.dst);
	if (ev->u.begin.cause != NULL)
		text(b, "cause", sr_cstr(ev->u.begin.cause));
	if (ev->u.begin.identity.n > 0) {
		text(b, "identity", ev->u.begin.identity);
		text(b, "identity_by", sr_cstr(ev->u.begin.identity_by));
	}
	if (ev->u.begin.asserted.n > 0)
		text(b, "asserted", ev->u.begin.asserted);
	if (ev->u.begin.passport != NULL) {
		text(b, "passport", sr_cstr(ev->u.begin.passport));
		text(b, "orig", ev->u.begin.orig);
		text(b, "dest", ev->u.begin.dest);
	}
	text(b, "kind", ev->session->plain ? SR_STR("call") :
	    SR_STR("recording"));
}

/* The m-lines of an offer or answer, as far as they can be read. */
static void
mlines_json(struct sr_str body, struct sr_buf *b)
{
	static const char *const dirs[] = { "sendrecv", "sendonly",
	    "recvonly", "inactive" };
	struct sr_sdp s;

	sr_buf_fmt(b, ",\"mlines\":[");
	if (sr_sdp_parse(&s, body) == SR_OK)
		for (size_t i = 0; i < s.nmlines; i++) {
			const struct sr_mline *m = &s.mlines[i];

			sr_buf_fmt(b, "%s{\"m\":%zu", i > 0 ? "," : "", i + 1);
			text(b, "media", m->media);
			text(b, "proto", m->proto);
			text(b, "label", m->label);
			addr(b, "addr", &m->rtp);
			sr_buf_fmt(b, ",\"port\":%u,\"direction\":\"%s\"",
			    m->rtp.port, dirs[m->dir]);
			text(b, "content", m->content);
			/* RFC 7866 7.3.1: the session's, unless it has one. */
			text(b, "record", m->record.p != NULL ? m->record :
			    s.record);
			text(b, "recordpref", m->recordpref);
			sr_buf_fmt(b, ",\"codecs\":[");
			for (size_t k = 0; k < m->nformats; k++) {
				if (k > 0)
					sr_buf_addc(b, ',');
				sr_buf_json(b, m->formats[k].name);
			}
			sr_buf_fmt(b, "]}");
		}
	sr_sdp_free(&s);
	sr_buf_addc(b, ']');
}

static void
sdp_json(const struct sr_event *ev, struct sr_buf *b)
{
	sr_buf_fmt(b, ",\"by\":\"%s\",\"cseq\":%u,\"file\":\"sdp-%04u.sdp\"",
	    ev->u.sdp.by_src ? "src" : "srs", ev->u.sdp.cseq, ev->u.sdp.n);
	mlines_json(ev->u.sdp.text, b);
}

static void
meta_json(const struct sr_event *ev, struct sr_buf *b)
{
	const struct sr_doc *d = ev->u.meta.doc;
	size_t errors = 0;

	for (size_t i = 0; i < d->nfindings; i++)
		errors += d->findings[i].severity == SR_ERROR;
	sr_buf_fmt(b, ",\"file\":\"metadata-%04u.xml\"", ev->u.meta.n);
	if (!sr_streq(d->root, SR_STR("requestsnapshot")))
		text(b, "datamode", d->datamode);
	sr_buf_fmt(b, ",\"valid\":%s,\"schema_valid\":%s,\"well_formed\":%s",
	    d->valid ? "true" : "false", d->schema_valid ? "true" : "false",
	    d->well_formed ? "true" : "false");
	text(b, "dialect", d->dialect);
	sr_buf_fmt(b, ",\"errors\":%zu,\"sessions\":%zu,\"participants\":%zu,"
	    "\"streams\":%zu", errors, d->nsessions, d->nparticipants,
	    d->nstreams);
	if (ev->u.meta.made)
		sr_buf_fmt(b, ",\"made\":true");
}

static void
stream_json(const struct sr_event *ev, struct sr_buf *b)
{
	const struct sr_format *f = ev->u.stream.format;

	sr_buf_fmt(b, ",\"m\":%u", ev->u.stream.mline + 1);
	text(b, "codec", f->name);
	sr_buf_fmt(b, ",\"clock\":%u,\"payload_type\":%u,\"ssrc\":\"0x%08x\","
	    "\"timestamp\":%u", f->clock, f->pt, ev->u.stream.ssrc,
	    ev->u.stream.ts);
	addr(b, "src", &ev->u.stream.flow.src);
	addr(b, "dst", &ev->u.stream.flow.dst);
}

static void
people_json(const struct sr_stream *t, enum sr_keep keep, struct sr_buf *b)
{
	sr_buf_fmt(b, ",\"participants\":[");
	for (size_t i = 0; keep != SR_KEEP_NONE && i < t->npeople; i++) {
		const struct person *p = &t->people[i];
		bool full = keep == SR_KEEP_FULL;

		sr_buf_fmt(b, "%s{\"id\":", i > 0 ? "," : "");
		sr_buf_json(b, p->id);
		if (full && p->aor.n > 0)
			text(b, "aor", p->aor);
		if (full && p->name.n > 0)
			text(b, "name", p->name);
		sr_buf_addc(b, '}');
	}
	sr_buf_addc(b, ']');
}

/* Where a file was moved or stretched when all was over they are not true. */
static void
sources_json(const struct sr_stream *t, struct sr_buf *b)
{
	const struct sr_cfg *cfg = &t->session->engine->cfg;
	const struct sr_anchor *v;
	size_t n = cfg->align || cfg->deskew ? 0 :
	    sr_line_anchors(t->line, &v);

	sr_buf_fmt(b, ",\"sources\":[");
	for (size_t i = 0; i < n; i++) {
		sr_buf_fmt(b, "%s{\"ssrc\":\"0x%08x\",\"clock\":%u,"
		    "\"timestamp\":%u", i > 0 ? "," : "", v[i].ssrc,
		    v[i].clock, v[i].ts);
		seconds(b, "at", ticks_ns(v[i].at, v[i].clock));
		sr_buf_addc(b, '}');
	}
	sr_buf_addc(b, ']');
}

static void
end_stream_json(const struct sr_stream *t, const struct sr_end_file *f,
    const struct sr_event *ev, struct sr_buf *b)
{
	struct sr_numbers n;

	sr_line_numbers(t->line, &n);
	sr_buf_fmt(b, "{\"label\":");
	sr_buf_json(b, t->label);
	sr_buf_fmt(b, ",\"m\":%u", t->mline + 1);
	if (f != NULL && f->file.n > 0) {
		text(b, "file", f->file);
		if (f->sha256[0] != '\0')
			text(b, "sha256", sr_cstr(f->sha256));
	}
	if (t->codec != NULL)
		text(b, "codec", t->codec->name);
	if (f != NULL && f->rate > 0)
		sr_buf_fmt(b, ",\"rate\":%u", f->rate);
	sr_buf_fmt(b, ",\"ssrc\":\"0x%08x\",\"packets\":%llu,\"lost\":%llu,"
	    "\"late\":%llu,\"duplicate\":%llu,\"jitter_ms\":%.3f", t->ssrc,
	    (unsigned long long)n.packets, (unsigned long long)n.lost,
	    (unsigned long long)n.late,
	    (unsigned long long)(n.duplicate + t->replayed), n.jitter / 1e6);
	if (t->unauthentic > 0)
		sr_buf_fmt(b, ",\"unauthentic\":%llu",
		    (unsigned long long)t->unauthentic);
	seconds(b, "duration", f != NULL ? f->duration : t->heard ?
	    ev->u.end.duration : 0);
	seconds(b, "heard", n.heard);
	sources_json(t, b);
	people_json(t, ev->u.end.keep, b);
	sr_buf_addc(b, '}');
}

static void
end_json(const struct sr_event *ev, const struct sr_end_file *files,
    struct sr_buf *b)
{
	bool first = true;

	stamp(b, "start", ev->u.end.start, 3);
	stamp(b, "start_exact", ev->u.end.start, 9);
	seconds(b, "duration", ev->u.end.duration);
	seconds(b, "dialog_duration", ev->u.end.dialog_duration);
	text(b, "reason", sr_cstr(ev->u.end.reason));
	sr_buf_fmt(b, ",\"streams\":[");
	for (const struct sr_stream *t = ev->session->streams; t != NULL;
	    t = t->next) {
		/* Of a plain call only what was heard is of interest. */
		if (ev->session->plain && !t->sent)
			continue;
		if (!first)
			sr_buf_addc(b, ',');
		first = false;
		end_stream_json(t, files != NULL ? &files[t->index] : NULL,
		    ev, b);
	}
	sr_buf_addc(b, ']');
}

int
sr_event_json(const struct sr_event *ev, const struct sr_end_file *files,
    struct sr_buf *b)
{
	common(ev, b);
	switch (ev->kind) {
	case SR_EV_BEGIN:
		begin_json(ev, b);
		break;
	case SR_EV_OFFER:
	case SR_EV_ANSWER:
		sdp_json(ev, b);
		break;
	case SR_EV_META:
		meta_json(ev, b);
		break;
	case SR_EV_STREAM:
		stream_json(ev, b);
		break;
	case SR_EV_DTMF:
		sr_buf_fmt(b, ",\"digit\":\"%c\"", ev->u.dtmf.digit);
		seconds(b, "at", ev->u.dtmf.at);
		sr_buf_fmt(b, ",\"duration_ms\":%lld",
		    (long long)(ev->u.dtmf.duration / SR_MSEC));
		break;
	case SR_EV_GAP:
		seconds(b, "at", ev->u.gap.at);
		seconds(b, "duration", ev->u.gap.duration);
		break;
	case SR_EV_SSRC:
		sr_buf_fmt(b, ",\"from\":\"0x%08x\",\"to\":\"0x%08x\","
		    "\"timestamp\":%u", ev->u.ssrc.from, ev->u.ssrc.to,
		    ev->u.ssrc.ts);
		seconds(b, "at", ev->u.ssrc.at);
		break;
	case SR_EV_PAUSE:
	case SR_EV_RESUME:
		text(b, "by", sr_cstr(ev->u.pause.by));
		break;
	case SR_EV_HOLD:
		sr_buf_fmt(b, ",\"on\":%s", ev->u.hold.on ? "true" : "false");
		break;
	case SR_EV_WARN:
		text(b, "rule", sr_cstr(ev->u.warn.rule));
		text(b, "text", ev->u.warn.text);
		if (ev->u.warn.status != 0)
			sr_buf_fmt(b, ",\"status\":%d", ev->u.warn.status);
		break;
	case SR_EV_REPLACED:
		text(b, "by_call_id", ev->u.replaced.call_id);
		break;
	case SR_EV_END:
		end_json(ev, files, b);
		break;
	case SR_EV_CONTINUED:
		text(b, ev->u.continued.of ? "of_call_id" : "by_call_id",
		    ev->u.continued.call_id);
		text(b, ev->u.continued.of ? "of_session" : "by_session",
		    ev->u.continued.session);
		break;
	case SR_EV_MEDIA:
	case SR_EV_WIRE:
		break;
	}
	return sr_buf_addc(b, '}');
}
