/* listen_metrics - the numbers of the server, as Prometheus reads them
 * (text format 0.0.4), and whether it is well and ready. */
#include "listen.h"

#include <errno.h>
#include <string.h>

#include "cli.h"

/* ---- lines ---- */

static void
head(struct sr_buf *b, const char *name, const char *type, const char *help)
{
	sr_buf_fmt(b, "# HELP siprec_%s %s\n# TYPE siprec_%s %s\n", name, help,
	    name, type);
}

static void
gauge(struct sr_buf *b, const char *name, uint64_t v, const char *help)
{
	head(b, name, "gauge", help);
	sr_buf_fmt(b, "siprec_%s %llu\n", name, (unsigned long long)v);
}

static void
counter(struct sr_buf *b, const char *name, uint64_t v, const char *help)
{
	head(b, name, "counter", help);
	sr_buf_fmt(b, "siprec_%s %llu\n", name, (unsigned long long)v);
}

static void
seconds(struct sr_buf *b, const char *name, sr_time t, const char *help)
{
	head(b, name, "gauge", help);
	sr_buf_fmt(b, "siprec_%s %.6f\n", name, (double)t / (double)SR_SEC);
}

/* ---- kinds of numbers ---- */

static void
process(struct server *s, struct sr_buf *b)
{
	char path[600];

	head(b, "build_info", "gauge", "1; the version is the label");
	sr_buf_fmt(b, "siprec_build_info{version=\"%s\"} 1\n", SR_VERSION);
	seconds(b, "start_time_seconds", s->began, "when the server began, by "
	    "the clock of the world");
	seconds(b, "uptime_seconds", sr_now() - s->began,
	    "how long it has been running");
	gauge(b, "recorder_failed", sr_recorder_failed(s->recorder, path,
	    sizeof(path)) != 0, "1 when a file could not be written");
}

static void
setup(struct sr_buf *b, const struct sr_serve_stats *t)
{
	uint64_t n = 0;

	head(b, "setup_seconds", "histogram", "from an INVITE to its 2xx");
	for (size_t i = 0; i < SR_SETUP_BUCKETS; i++) {
		n += t->setup[i];
		if (i + 1 < SR_SETUP_BUCKETS)
			sr_buf_fmt(b, "siprec_setup_seconds_bucket{le=\"%.3f\"}"
			    " %llu\n", (double)(1u << i) / 1000,
			    (unsigned long long)n);
	}
	sr_buf_fmt(b, "siprec_setup_seconds_bucket{le=\"+Inf\"} %llu\n"
	    "siprec_setup_seconds_sum %.6f\nsiprec_setup_seconds_count %llu\n",
	    (unsigned long long)n, (double)t->setup_sum / (double)SR_SEC,
	    (unsigned long long)n);
}

static void
calls(struct server *s, struct sr_buf *b, const struct sr_serve_stats *t)
{
	gauge(b, "sessions", t->now, "recording sessions now");
	gauge(b, "sessions_max", s->max_sessions, "more are refused");
	gauge(b, "dialogs", t->legs, "SIP dialogs of sessions now");
	gauge(b, "subscriptions", t->subscriptions, "to the dialog event "
	    "package");
	gauge(b, "draining", t->draining, "1: new calls are refused");
	gauge(b, "disk_full", t->full, "1: less is free than --min-free");
	counter(b, "invites_total", t->invites, "first INVITEs");
	counter(b, "calls_answered_total", t->answered, "with 2xx");
	counter(b, "calls_cancelled_total", t->cancelled, "by the client");
	head(b, "calls_refused_total", "counter", "by status");
	for (size_t i = 0; i < sizeof(t->refused) / sizeof(*t->refused); i++)
		if (t->refused[i] > 0)
			sr_buf_fmt(b, "siprec_calls_refused_total{status=\"%zu"
			    "\"} %llu\n", i, (unsigned long long)t->refused[i]);
	head(b, "sessions_ended_total", "counter", "by reason");
	for (size_t i = 0; i < SR_CAUSES && t->ended[i].why != NULL; i++)
		sr_buf_fmt(b, "siprec_sessions_ended_total{reason=\"%s\"} "
		    "%llu\n", t->ended[i].why,
		    (unsigned long long)t->ended[i].n);
	setup(b, t);
}

static void
media(struct server *s, struct sr_buf *b)
{
	const struct totals *t = &s->totals;
	struct sr_drain_stats d;

	sr_drain_stats(s->drain, &d);
	gauge(b, "rtp_ports", s->nports, "pairs of ports in use");
	counter(b, "media_datagrams_total", d.packets, "RTP and RTCP that "
	    "came in");
	counter(b, "media_bytes_total", d.bytes, "their UDP payload");
	counter(b, "media_cut_total", d.cut, "datagrams too long to be RTP");
	counter(b, "media_errors_total", d.errors, "failed reads of sockets");
	counter(b, "media_icmp_total", d.icmp, "ICMP errors on media sockets");
	counter(b, "media_muted_total", s->muted, "RTP packets dropped while "
	    "paused by command");
	counter(b, "media_stranger_total", sr_engine_strangers(s->engine),
	    "RTP packets from others than a stream's source");
	counter(b, "rtcp_received_total", s->rtcp_in, "RTCP packets");
	counter(b, "rtcp_sent_total", s->rtcp_out, "RTCP packets");
	seconds(b, "drain_late_seconds", d.late, "the longest that a media "
	    "socket has waited to be read");
	counter(b, "streams_ended_total", t->streams, "streams of sessions "
	    "that are over; the next four are theirs");
	counter(b, "stream_packets_total", t->packets, "accepted, each once");
	counter(b, "stream_lost_packets_total", t->lost, "never came");
	counter(b, "stream_late_packets_total", t->late, "came too late");
	counter(b, "stream_duplicate_packets_total", t->duplicate,
	    "came again");
}

static void
transport(struct server *s, struct sr_buf *b)
{
	struct sr_transport_stats t;

	sr_transport_stats(s->transport, &t);
	counter(b, "sip_datagrams_total", t.datagrams, "UDP datagrams in");
	counter(b, "sip_messages_total", t.messages, "whole messages in");
	counter(b, "sip_bytes_total", t.bytes, "of them");
	counter(b, "sip_sent_total", t.sent, "messages out");
	counter(b, "sip_send_errors_total", t.send_errors, "did not leave");
	gauge(b, "sip_connections", t.conns, "open now");
	counter(b, "sip_accepted_total", t.accepted, "connections of others");
	counter(b, "sip_connected_total", t.connected, "connections of ours");
	counter(b, "sip_connections_refused_total", t.refused, "by a limit");
	counter(b, "sip_bad_total", t.bad, "no SIP");
	counter(b, "sip_too_large_total", t.too_large, "messages");
	counter(b, "sip_timeouts_total", t.timeouts, "connections that were "
	    "too slow");
	counter(b, "sip_tls_errors_total", t.tls_errors, "failed handshakes");
	counter(b, "sip_icmp_total", t.icmp, "ICMP errors");
}

static void
readers(struct server *s, struct sr_buf *b)
{
	const struct { const char *to; struct sr_sink *sink; } v[] = {
	    { "stdout", s->out }, { "log", s->log }, { "clf", s->clf } };
	struct sr_hook_stats h = { 0 };
	size_t running;
	uint64_t dropped;
	int gone;

	head(b, "lines_dropped_total", "counter", "that a reader was too slow "
	    "for");
	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (v[i].sink != NULL)
			sr_buf_fmt(b, "siprec_lines_dropped_total{to=\"%s\"} "
			    "%llu\n", v[i].to, (unsigned long long)
			    sr_sink_dropped(v[i].sink, &gone));
	if (s->hook != NULL)
		sr_hook_stats(s->hook, &h);
	gauge(b, "event_programs", h.running, "of --on-event that run now");
	counter(b, "event_programs_run_total", h.run, "of --on-event");
	counter(b, "event_programs_failed_total", h.failed, "of them");
	counter(b, "event_programs_dropped_total", h.dropped, "events for "
	    "which none was run");
	sr_recorder_programs(s->recorder, &running, &dropped);
	gauge(b, "stream_programs", running, "of --on-stream that run now");
	counter(b, "stream_samples_dropped_total", dropped, "that they were "
	    "too slow for");
}

/* ---- pages ---- */

static bool
ready(struct server *s, const struct sr_serve_stats *t, const char **why)
{
	*why = s->stopping || t->draining ? "draining\n" : t->full ?
	    "disk full\n" : t->legs >= s->max_sessions ? "full\n" : NULL;
	return *why == NULL;
}

static int
page(void *arg, struct sr_str path, struct sr_buf *out)
{
	struct server *s = arg;
	struct sr_serve_stats t;
	const char *why;

	sr_serve_stats(s->serve, &t);
	if (sr_streq(path, SR_STR("/healthz"))) {
		sr_buf_add(out, SR_STR("ok\n"));
		return 200;
	}
	if (sr_streq(path, SR_STR("/readyz"))) {
		bool yes = ready(s, &t, &why);

		sr_buf_add(out, sr_cstr(yes ? "ready\n" : why));
		return yes ? 200 : 503;
	}
	if (!sr_streq(path, SR_STR("/metrics"))) {
		sr_buf_add(out, SR_STR("/metrics /healthz /readyz\n"));
		return 404;
	}
	process(s, out);
	calls(s, out, &t);
	media(s, out);
	transport(s, out);
	readers(s, out);
	return 200;
}

void
metrics_event(struct server *s, const struct sr_event *ev)
{
	struct totals *t = &s->totals;
	struct sr_numbers n;

	if (ev->kind != SR_EV_END)
		return;
	for (size_t i = 0; i < sr_session_nstreams(ev->session); i++) {
		sr_stream_numbers(sr_session_stream(ev->session, i), &n);
		t->streams++;
		t->packets += n.packets;
		t->lost += n.lost;
		t->late += n.late;
		t->duplicate += n.duplicate;
	}
}

int
metrics_open(struct server *s)
{
	struct sr_buf b;

	if (s->o->metrics.family == 0 || sr_metrics_open(&s->metrics, s->loop,
	    &s->o->metrics, page, s) == SR_OK)
		return CLI_OK;
	sr_buf_init(&b, 128);
	sr_addr_print(&b, &s->o->metrics);
	cli_warn("--metrics %.*s: %s", SR_FMT(b), strerror(errno));
	sr_buf_free(&b);
	return CLI_SYSTEM;
}
