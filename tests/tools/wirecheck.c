/* wirecheck - does a recording server speak SIP to the letter?
 *
 * wirecheck PORT CAPTURE...: every message that left PORT is held against what
 * came before it: RFC 3261 sections 8.2.6, 12, 18.2 and 20, RFC 3264, RFC 7866
 * sections 6 to 9.  One line per breach; 1 when there was any, 2 when there
 * was nothing to look at.
 * wirecheck -i INTERFACE PORT: live, until SIGTERM; says "ready" first. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "siprec/io.h"
#include "siprec/net.h"
#include "siprec/sip.h"

enum { MAX_STREAMS = 4096, MAX_MESSAGE = 1 << 20 };

struct message {
	struct message *next;
	uint64_t num;
	struct sr_flow flow;
	char *bytes;
	struct sr_str raw;
	struct sr_msg m;
	struct sr_body body;
	struct sr_sdp sdp;
	bool ours, has_sdp;
	const struct message *about;	/* of a response, its request */
};
struct stream {
	struct sr_flow flow;
	struct sr_buf bytes;
	size_t seen;
};

static struct message *all, **all_end = &all;
static struct stream streams[MAX_STREAMS];
static size_t nstreams, nours, nbad;
static const char *file;
static uint16_t server;
static volatile sig_atomic_t stopped;

static bool
bad(const struct message *g, const char *rule, const char *text)
{
	const char *line = memchr(g->raw.p, '\r', g->raw.n);

	printf("%s: frame %llu: %s: %s: %.*s\n", file,
	    (unsigned long long)g->num, rule, text, line != NULL ?
	    (int)(line - g->raw.p) : 0, g->raw.p);
	nbad++;
	return false;
}

static bool
same(struct sr_str a, struct sr_str b)
{
	return sr_streq(a, b);
}

static struct sr_str
header(const struct message *g, const char *name)
{
	return sr_msg_header(&g->m, name, 0);
}

/* ---- the bytes ---- */

static void
check_bytes(const struct message *g)
{
	size_t head = sr_strfind(g->raw, SR_STR("\r\n\r\n"));
	struct sr_str length = header(g, "Content-Length");
	uint64_t n = 0;

	if (head == g->raw.n) {
		bad(g, "3261-7", "no empty line behind the headers");
		return;
	}
	for (size_t i = 0; i < head + 4; i++)
		if ((g->raw.p[i] == '\n') != (i > 0 && g->raw.p[i - 1] == '\r')
		    || g->raw.p[i] == '\0') {
			bad(g, "3261-7", "a line does not end with CRLF");
			return;
		}
	if (sr_strnum(sr_trim(length), &n) != SR_OK)
		bad(g, "3261-20.14", "no Content-Length");
	else if (n != g->raw.n - head - 4)
		bad(g, "3261-20.14", "Content-Length is wrong");
	if (n > 0 && g->m.content_type.n == 0)
		bad(g, "3261-20.15", "a body without Content-Type");
	for (size_t i = 0; i < g->m.nnotes; i++)
		bad(g, "3261-25", g->m.notes[i]);
}

/* ---- a response and its request ---- */

static bool
is_request_of(const struct message *q, const struct message *r)
{
	return q->m.status == 0 && !q->ours && q->m.method == r->m.method &&
	    q->m.cseq == r->m.cseq && same(q->m.branch, r->m.branch) &&
	    same(q->m.call_id, r->m.call_id);
}

static void
check_via(const struct message *g, const struct message *q)
{
	struct sr_str ours = header(g, "Via"), theirs = header(q, "Via"), v;
	struct sr_str sent = theirs;
	char want[16];
	size_t n = 0;

	if (sr_strchr(theirs, ',') < theirs.n)
		return;			/* several in one line: not compared */
	sr_strcut(&sent, ';', &v);
	if (!sr_strstarts(ours, v))
		bad(g, "3261-8.2.6.2", "the topmost Via is another");
	while (sr_msg_header(&q->m, "Via", ++n).n > 0)
		if (!same(sr_msg_header(&q->m, "Via", n),
		    sr_msg_header(&g->m, "Via", n)))
			bad(g, "3261-8.2.6.2", "a Via is changed or missing");
	if (sr_msg_header(&g->m, "Via", n).n > 0)
		bad(g, "3261-8.2.6.2", "a Via too many");
	if (!sr_param(sr_substr(theirs, sr_strchr(theirs, ';'), theirs.n),
	    "rport", &v) || v.n > 0)
		return;
	snprintf(want, sizeof(want), "%u", q->flow.src.port);
	theirs = sr_substr(ours, sr_strchr(ours, ';'), ours.n);
	if (!sr_param(theirs, "rport", &v) || !same(v, sr_cstr(want)))
		bad(g, "3581-4", "rport is not the port it came from");
	if (!sr_param(theirs, "received", &v))
		bad(g, "3581-4", "rport without received");
}

static void
check_copied(const struct message *g, const struct message *q)
{
	struct sr_str to = header(g, "To"), asked = header(q, "To");
	struct sr_str from = header(q, "From");

	if (!same(header(g, "From"), from))
		bad(g, "3261-8.2.6.2", "From is not that of the request");
	if (!sr_strstarts(to, asked))
		bad(g, "3261-8.2.6.2", "To is not that of the request");
	if (g->m.status > 100 && g->m.to.tag.n == 0)
		bad(g, "3261-8.2.6.2", "To has no tag");
	if (g->m.status == 100 && q->m.to.tag.n == 0 && g->m.to.tag.n > 0)
		bad(g, "3261-8.2.6.1", "100 with a tag of ours");
	if (g->m.method == SR_ACK)
		bad(g, "3261-17", "ACK is never answered");
}

/* All that is said to a request has one tag; the same final answer comes
 * again as it was. */
static void
check_others(const struct message *g)
{
	for (const struct message *o = all; o != g; o = o->next) {
		if (!o->ours || o->about == NULL || o->m.status == 100 ||
		    g->m.status == 100)
			continue;
		if (!same(o->m.call_id, g->m.call_id) || !same(o->m.from.tag,
		    g->m.from.tag) || o->m.cseq != g->m.cseq)
			continue;
		if (o->m.method != g->m.method || !same(o->m.branch,
		    g->m.branch) || o->flow.proto != g->flow.proto)
			continue;
		if (!same(o->m.to.tag, g->m.to.tag))
			bad(g, "3261-8.2.6.2", "another To tag than before");
		if (o->m.status == g->m.status && g->m.status >= 200 &&
		    sr_strcmp(o->raw, g->raw) != 0)
			bad(g, "3261-17.2", "a copy that is not the same");
		if (o->m.status >= 200 && g->m.status != o->m.status)
			bad(g, "3261-17.2", "another answer after a final one");
	}
}

static void
check_response(struct message *g)
{
	const struct message *q = NULL;

	for (const struct message *o = all; o != g; o = o->next)
		if (is_request_of(o, g))
			q = o;
	g->about = q;
	if (q == NULL) {
		bad(g, "3261-8.2.6", "an answer to nothing");
		return;
	}
	check_via(g, q);
	check_copied(g, q);
	check_others(g);
}

/* ---- what a recording server has to say ---- */

static bool
is_target_refresh(const struct message *g)
{
	return g->m.method == SR_INVITE || g->m.method == SR_UPDATE;
}

static void
check_contact(const struct message *g)
{
	struct sr_str v;

	if (!is_target_refresh(g) || (g->m.status != 0 &&
	    (g->m.status <= 100 || g->m.status > 299)))
		return;
	if (g->m.contact.uri.n == 0)
		bad(g, "3261-12.1.1", "no Contact");
	else if (!sr_param(g->m.contact.params, "+sip.srs", &v) || v.n > 0)
		bad(g, "R7866-6.2-3", "Contact has no +sip.srs");
}

static void
check_abilities(const struct message *g)
{
	bool success = g->m.status >= 200 && g->m.status < 300;
	struct sr_str allow = header(g, "Allow");

	if (success && (g->m.method == SR_INVITE || g->m.method ==
	    SR_OPTIONS)) {
		if (allow.n == 0)
			bad(g, "3261-13.3.1.4", "no Allow");
		if (header(g, "Supported").n == 0)
			bad(g, "3261-13.3.1.4", "no Supported");
		if (g->m.method == SR_INVITE &&
		    sr_msg_lists(&g->m, "Supported", "siprec"))
			bad(g, "R7866-11.1-1", "siprec in Supported");
	}
	if (g->m.status == 405 && allow.n == 0)
		bad(g, "3261-8.2.1", "405 without Allow");
	if (g->m.status == 420 && header(g, "Unsupported").n == 0)
		bad(g, "3261-8.2.2.3", "420 without Unsupported");
	if (g->m.status == 415 && header(g, "Accept").n == 0 &&
	    header(g, "Accept-Encoding").n == 0)
		bad(g, "3261-8.2.3", "415 without Accept");
	for (const struct message *o = all; o != g && allow.n > 0;
	    o = o->next)
		if (o->ours && header(o, "Allow").n > 0 &&
		    !same(header(o, "Allow"), allow)) {
			bad(g, "3261-20.5", "another Allow than before");
			break;
		}
	if (g->about != NULL && success && g->m.method == SR_INVITE &&
	    sr_msg_lists(&g->m, "Require", "timer") &&
	    !sr_msg_lists(&g->about->m, "Supported", "timer"))
		bad(g, "3261-8.2.4", "Require: timer, unasked");
}

static void
check_parts(const struct message *g)
{
	const struct sr_part *meta = sr_body_find(&g->body, SR_PART_META);

	if (g->m.status != 0 && (meta != NULL || g->body.nparts > 1))
		bad(g, "R7866-9.2-7", "metadata in a response");
	if (g->m.status != 0 || meta == NULL)
		return;
	if (g->m.method != SR_UPDATE || g->has_sdp)
		bad(g, "R7866-9.2-6", "a snapshot is asked for by UPDATE, "
		    "without SDP");
	if (!sr_strieq(header(g, "Content-Disposition"),
	    SR_STR("recording-session")))
		bad(g, "R7866-9.2-5", "the disposition is not "
		    "recording-session");
}

/* ---- requests of ours ---- */

static bool
same_dialog(const struct message *a, const struct message *b)
{
	struct sr_str x = a->m.status != 0 ? a->m.to.tag : a->m.from.tag;
	struct sr_str y = b->m.status != 0 ? b->m.to.tag : b->m.from.tag;

	return same(a->m.call_id, b->m.call_id) && same(x, y);
}

static void
check_request(const struct message *g)
{
	if (!sr_strstarts(g->m.branch, SR_STR("z9hG4bK")))
		bad(g, "3261-8.1.1.7", "the branch lacks its cookie");
	if (header(g, "Max-Forwards").n == 0)
		bad(g, "3261-8.1.1.6", "no Max-Forwards");
	if (g->m.from.tag.n == 0)
		bad(g, "3261-8.1.1.3", "From has no tag");
	for (const struct message *o = all; o != g; o = o->next) {
		if (!o->ours || o->m.status != 0 || !same_dialog(o, g) ||
		    same(o->m.branch, g->m.branch))
			continue;
		if (g->m.method == SR_ACK || g->m.method == SR_CANCEL ?
		    g->m.cseq > o->m.cseq && o->m.method == SR_INVITE &&
		    o->next == g : g->m.cseq <= o->m.cseq &&
		    o->m.method != SR_ACK && o->m.method != SR_CANCEL)
			bad(g, "3261-12.2.1.1", "CSeq does not rise");
	}
}

/* ---- SDP of ours ---- */

static bool
split_origin(struct sr_str o, struct sr_str *id, uint64_t *version)
{
	struct sr_str user, v;

	return sr_strcut(&o, ' ', &user) && sr_strcut(&o, ' ', id) &&
	    sr_strcut(&o, ' ', &v) && sr_strnum(v, version) == SR_OK;
}

static const struct message *
sdp_before(const struct message *g)
{
	const struct message *last = NULL;

	for (const struct message *o = all; o != g; o = o->next)
		if (o->ours && o->has_sdp && same_dialog(o, g))
			last = o;
	return last;
}

static struct sr_str
sdp_text(const struct message *g)
{
	return sr_body_find(&g->body, SR_PART_SDP)->data;
}

/* SD-04: the id stays, the version tells of every change, by one. */
static void
check_origin(const struct message *g, const struct message *before)
{
	struct sr_str id, old_id;
	uint64_t version, old;
	bool equal;

	if (!split_origin(g->sdp.origin, &id, &version)) {
		bad(g, "SD-04", "o= cannot be read");
		return;
	}
	if (before == NULL || !split_origin(before->sdp.origin, &old_id, &old))
		return;
	equal = same(sdp_text(g), sdp_text(before));
	if (!same(id, old_id))
		bad(g, "SD-04", "the session id of o= changed");
	else if (version != old && (equal || version != old + 1))
		bad(g, "SD-04", "the version of o= did not go on by one");
	else if (version == old && !equal)
		bad(g, "SD-04", "another SDP with the same version");
	if (g->sdp.nmlines < before->sdp.nmlines)
		bad(g, "3264-8", "m-lines are missing");
}

static bool
was_offered(const struct sr_mline *a, const struct sr_mline *o)
{
	for (size_t i = 0; i < a->nformats; i++)
		if (sr_mline_format(o, a->formats[i].pt) == NULL)
			return false;
	return a->fmts.n > 0;
}

static void
check_line(const struct message *g, const struct sr_mline *a,
    const struct sr_mline *o)
{
	bool refused = a->rtp.port == 0;

	if (!same(a->media, o->media) || !same(a->proto, o->proto))
		bad(g, "SD-01", "an m-line of another kind than offered");
	if (o->rtp.port == 0 && !refused)
		bad(g, "SD-02", "port 0 was answered with a port");
	if (!was_offered(a, o))
		bad(g, "SD-05", "a format that was not offered");
	if (!same(a->label, o->label))
		bad(g, "SD-11", "a label is not echoed");
	if (refused)
		return;
	if (a->dir == SR_SENDONLY || a->dir == SR_SENDRECV)
		bad(g, "SD-03", "a recorder does not send");
	if (a->dir == SR_RECVONLY && (o->dir == SR_RECVONLY ||
	    o->dir == SR_INACTIVE))
		bad(g, "SD-03", "recvonly to who does not send");
	if (a->rtcp_mux && !o->rtcp_mux)
		bad(g, "SD-13", "rtcp-mux was not offered");
	if (a->rtp.port % 2 != 0)
		bad(g, "SD-23", "an odd port");
	if (a->record.n > 0 || a->recordpref.n > 0)
		bad(g, "SD-12", "record or recordpref in the answer");
}

static void
check_answer(const struct message *g, const struct message *q)
{
	const struct sr_sdp *a = &g->sdp, *o = &q->sdp;

	if (a->nmlines != o->nmlines) {
		bad(g, "SD-01", "not as many m-lines as offered");
		return;
	}
	if (!same(a->times, o->times))
		bad(g, "SD-04", "t= is not that of the offer");
	for (size_t i = 0; i < a->nmlines; i++)
		check_line(g, &a->mlines[i], &o->mlines[i]);
}

static void
check_offer(const struct message *g, const struct message *before)
{
	for (size_t i = 0; i < g->sdp.nmlines; i++)
		if (g->sdp.mlines[i].dir == SR_SENDRECV ||
		    g->sdp.mlines[i].dir == SR_SENDONLY)
			bad(g, "R7866-7.2-1", "a recorder does not send");
	if (before != NULL && g->sdp.nmlines != before->sdp.nmlines)
		bad(g, "R7866-7.2-5", "m-lines of our own making");
}

static void
check_sdp(const struct message *g)
{
	const struct message *before;

	if (!g->has_sdp)
		return;
	before = sdp_before(g);
	check_origin(g, before);
	if (g->about != NULL && g->about->has_sdp)
		check_answer(g, g->about);
	else if (g->m.method != SR_ACK && g->m.method != SR_PRACK)
		check_offer(g, before);
}

/* ---- the messages of a capture ---- */

static void
check(struct message *g)
{
	nours++;
	check_bytes(g);
	if (g->m.status != 0)
		check_response(g);
	else
		check_request(g);
	check_contact(g);
	check_abilities(g);
	check_parts(g);
	check_sdp(g);
}

static void
message(const struct sr_chunk *c, struct sr_str raw)
{
	struct message *g = sr_zalloc(sizeof(*g));
	const struct sr_part *sdp;

	if (g == NULL || (g->bytes = malloc(raw.n + 1)) == NULL)
		exit(2);
	memcpy(g->bytes, raw.p, raw.n);
	g->raw = (struct sr_str){ g->bytes, raw.n };
	g->num = c->num;
	g->flow = c->flow;
	g->ours = c->flow.src.port == server;
	*all_end = g;
	if (sr_msg_parse(&g->m, g->raw) != SR_OK) {
		if (g->ours)
			bad(g, "3261-7", "cannot be read");
		sr_msg_free(&g->m);
		free(g->bytes);
		free(g);
		*all_end = NULL;
		return;
	}
	all_end = &g->next;
	if (sr_body_split(&g->body, &g->m) != SR_OK)
		exit(2);
	sdp = sr_body_find(&g->body, SR_PART_SDP);
	g->has_sdp = sdp != NULL && sr_sdp_parse(&g->sdp, sdp->data) == SR_OK;
	if (g->ours)
		check(g);
}

static struct stream *
stream_of(const struct sr_flow *f)
{
	for (size_t i = 0; i < nstreams; i++)
		if (sr_flow_eq(&streams[i].flow, f))
			return &streams[i];
	if (nstreams == MAX_STREAMS)
		exit(2);
	streams[nstreams].flow = *f;
	sr_buf_init(&streams[nstreams].bytes, 2 * MAX_MESSAGE);
	return &streams[nstreams++];
}

static void
bytes(const struct sr_chunk *c)
{
	struct stream *s = stream_of(&c->flow);
	long n;

	sr_buf_add(&s->bytes, c->data);
	while ((n = sr_sip_frame(sr_buf_str(&s->bytes), MAX_MESSAGE,
	    &s->seen)) > 0) {
		message(c, sr_substr(sr_buf_str(&s->bytes), 0, (size_t)n));
		sr_buf_drop(&s->bytes, (size_t)n);
		s->seen = 0;
	}
	if (n == SR_EBAD)		/* pongs; a client's rubbish */
		sr_buf_drop(&s->bytes, sr_sip_resync(sr_buf_str(&s->bytes)));
}

static void
take(struct sr_net *net)
{
	struct sr_chunk c;

	while (sr_net_next(net, &c)) {
		if (c.flow.src.port != server && c.flow.dst.port != server)
			continue;
		if (c.kind == SR_DGRAM && sr_sip_looks(c.data))
			message(&c, c.data);
		else if (c.kind == SR_BYTES)
			bytes(&c);
	}
}

static void
forget(void)
{
	for (struct message *g; (g = all) != NULL;) {
		all = g->next;
		if (g->has_sdp)
			sr_sdp_free(&g->sdp);
		sr_body_free(&g->body);
		sr_msg_free(&g->m);
		free(g->bytes);
		free(g);
	}
	all_end = &all;
	for (; nstreams > 0; nstreams--)
		sr_buf_free(&streams[nstreams - 1].bytes);
	memset(streams, 0, sizeof(streams));
}

static void
on_signal(int signo)
{
	stopped = signo;
}

static int
open_live(struct sr_capture **c, const char *iface, struct sr_buf *why)
{
	char filter[32];
	int err = sr_capture_live(c, iface, why);

	snprintf(filter, sizeof(filter), "port %u", server);
	if (err == SR_OK)
		err = sr_capture_filter(*c, filter, why);
	signal(SIGTERM, on_signal);
	if (err == SR_OK)
		puts("ready");
	fflush(stdout);
	return err;
}

static void
read_capture(const char *path, bool live)
{
	struct sr_capture *c;
	struct sr_net *net;
	struct sr_frame f;
	struct sr_buf why;
	int err;

	file = path;
	sr_buf_init(&why, 1024);
	if ((live ? open_live(&c, path, &why) : sr_capture_open(&c, path,
	    &why)) != SR_OK || sr_net_new(&net, 64 << 20) != SR_OK) {
		fprintf(stderr, "wirecheck: %s: %.*s\n", path, SR_FMT(why));
		exit(2);
	}
	while ((err = sr_capture_next(c, &f)) == SR_OK || (err == SR_MORE &&
	    stopped == 0)) {
		if (err == SR_OK)
			sr_net_frame(net, &f);
		take(net);
	}
	sr_net_finish(net);
	take(net);
	sr_net_free(net);
	sr_capture_close(c);
	sr_buf_free(&why);
	forget();
}

int
main(int argc, char *argv[])
{
	bool live = argc == 4 && strcmp(argv[1], "-i") == 0;

	if (argc < 3) {
		fputs("usage: wirecheck PORT CAPTURE... | -i INTERFACE PORT\n",
		    stderr);
		return 2;
	}
	server = (uint16_t)atoi(argv[live ? 3 : 1]);
	for (int i = 2; i < argc && !live; i++)
		read_capture(argv[i], false);
	if (live)
		read_capture(argv[2], true);
	printf("%zu messages, %zu breaches\n", nours, nbad);
	return nbad > 0 ? 1 : nours == 0 ? 2 : 0;
}
