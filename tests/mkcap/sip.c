/* sip - one call's messages: what the client and the server said. */
#include "mkcap/mkcap.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "siprec/crypt.h"

enum { SETUP_US = 30000, ANSWER_US = 20000, BYE_AFTER_US = 200000 };

/* ---- who and when ---- */

static void
address(struct end *e, const struct options *o, unsigned a, unsigned n)
{
	uint8_t v4[4] = { (uint8_t)a, (uint8_t)(a == 10 ? 1 : 168),
	    (uint8_t)(n >> 8), (uint8_t)(n & 0xff) };

	memset(e, 0, sizeof(*e));
	if (o->ipv6) {
		e->ip[0] = 0xfd;
		memcpy(e->ip + 12, v4, 4);
	} else {
		memcpy(e->ip, v4, 4);
	}
}

static void
dialog_init(struct dialog *d, const struct call *c, unsigned n)
{
	unsigned k, i = c->i * c->o->streams;

	snprintf(d->call_id, sizeof(d->call_id), "mkcap-%" PRIu64 "-%04u%s@src",
	    c->o->seed, c->again ? c->i - c->o->calls : c->i,
	    n == 1 ? "-moved" : "");
	snprintf(d->from_tag, sizeof(d->from_tag), "f%u-%u", c->i, n);
	snprintf(d->to_tag, sizeof(d->to_tag), "t%u-%u", c->i, n);
	d->cseq = 1;
	for (k = 0; k < c->o->streams; k++) {
		d->sport[k] = (uint16_t)(20000 + (2 * (i + k) + 7000 * n) %
		    40000);
		d->dport[k] = (uint16_t)(16384 + (2 * (i + k) + 9000 * n) %
		    48000);
	}
}

static void
step(struct call *c, int64_t t, enum step_kind kind, int dialog, bool flag)
{
	struct step *s = &c->steps[c->nsteps++];

	*s = (struct step){ .t = t, .kind = kind, .dialog = dialog };
	if (kind == S_BYE || kind == S_BYEOK)
		s->backwards = flag;
	else
		s->inactive = flag;
}

static void
exchange(struct call *c, int64_t t, enum step_kind first, int dialog,
    bool inactive)
{
	bool invite = first == S_INVITE;

	step(c, t, first, dialog, inactive);
	if (invite)
		step(c, t + 2000, S_TRYING, dialog, false);
	t += c->o->early_rtp && invite ? 150000 : ANSWER_US;
	step(c, t, invite ? S_OK : S_REOK, dialog, inactive);
	step(c, t + 5000, invite ? S_ACK : S_REACK, dialog, false);
}

static void
goodbye(struct call *c, int64_t t, int dialog, bool backwards)
{
	step(c, t, S_BYE, dialog, backwards);
	step(c, t + 3000, S_BYEOK, dialog, backwards);
}

static void
schedule(struct call *c)
{
	const struct options *o = c->o;
	const struct span *pause = o->hold.from >= 0 ? &o->hold : &o->frozen;
	int64_t length = (int64_t)(o->seconds * (double)US_SEC);

	exchange(c, c->t0, S_INVITE, 0, false);
	if (pause->from >= 0) {
		exchange(c, c->media + pause->from, S_REINVITE, 0, true);
		exchange(c, c->media + pause->to - SETUP_US, S_REINVITE, 0,
		    false);
	}
	if (c->moved != INT64_MAX) {
		exchange(c, c->moved - SETUP_US, S_INVITE, 1, false);
		goodbye(c, c->moved + o->overlap + 20000, 0, true);
	}
	c->bye = c->media + length + BYE_AFTER_US;
	if (o->rtp_after_bye)
		c->bye = c->media + length / 2;
	if (o->no_bye)
		c->bye = INT64_MAX;
	else
		goodbye(c, c->bye, o->replaces, o->bye_server);
}

void
call_init(struct call *c, const struct options *o, unsigned i, int64_t t0,
    bool again)
{
	int64_t half = (int64_t)(o->seconds * (double)US_SEC) / 2;

	memset(c, 0, sizeof(*c));
	c->i = i;
	c->o = o;
	c->t0 = t0;
	c->media = t0 + SETUP_US;
	c->moved = o->replaces ? c->media + half - half % 20000 : INT64_MAX;
	c->again = again;
	c->tcp = (struct tcp){ { 1000000 + i, 0xfffffff0u - i } };
	address(&c->ends[0], o, 10, i + 2);
	address(&c->ends[1], o, 10, 0xfe01);
	c->ends[0].port = o->transport >= T_TCP ?
	    (uint16_t)(40000 + i % 20000) : 5060;
	c->ends[1].port = 5060;
	memcpy(c->sdp, c->ends, sizeof(c->sdp));
	if (o->nat) {
		address(&c->sdp[0], o, 192, i + 2);
		address(&c->sdp[1], o, 192, 0xfe01);
	}
	dialog_init(&c->d[0], c, 0);
	dialog_init(&c->d[1], c, 1);
	schedule(c);
}

/* ---- what is in a message ---- */

static const char *
text(const struct options *o, const struct end *e, bool uri)
{
	static char out[4][64];
	static unsigned turn;
	char *p = out[turn++ % 4], ip[48];

	inet_ntop(o->ipv6 ? AF_INET6 : AF_INET, e->ip, ip, sizeof(ip));
	snprintf(p, sizeof(out[0]), o->ipv6 && uri ? "[%s]" : "%s", ip);
	return p;
}

/* The payload types, the stream's own first. */
static void
add_formats(struct sr_buf *b, const struct options *o)
{
	static const char *const list[] = { "0 8", "8 0", "96", "97" };

	if (o->codec == C_LIBRARY)
		sr_buf_fmt(b, "%u", o->rtp.pt);
	else
		sr_buf_fmt(b, "%s", list[o->codec]);
	sr_buf_fmt(b, "%s 101\r\n", o->cn ? " 13" : "");
	if (o->codec == C_L16)
		sr_buf_fmt(b, "a=rtpmap:96 L16/8000\r\n");
	else if (o->codec == C_LIBRARY)
		sr_buf_fmt(b, "a=rtpmap:%u %.*s/%u%s\r\n", o->rtp.pt,
		    SR_FMT(o->rtp.name), o->rtp.clock,
		    o->rtp.channels == 2 ? "/2" : "");
	else if (o->codec == C_OTHER)
		sr_buf_fmt(b, "a=rtpmap:97 %s/8000\r\n", o->codec_name);
	else
		sr_buf_fmt(b, "a=rtpmap:0 PCMU/8000\r\n"
		    "a=rtpmap:8 PCMA/8000\r\n");
	if (o->rtp.fmtp.n > 0)
		sr_buf_fmt(b, "a=fmtp:%u %.*s\r\n", o->rtp.pt,
		    SR_FMT(o->rtp.fmtp));
	if (o->cn)
		sr_buf_fmt(b, "a=rtpmap:13 CN/8000\r\n");
	sr_buf_fmt(b, "a=rtpmap:101 telephone-event/8000\r\n"
	    "a=fmtp:101 0-15\r\na=ptime:%u\r\n", o->ptime);
}

static void
add_sdp(struct sr_buf *b, const struct call *c, const struct step *s,
    bool answer)
{
	const struct options *o = c->o;
	const struct dialog *d = &c->d[s->dialog];
	const char *ip = text(o, &c->sdp[answer], false);
	const char *dir = s->inactive ? "inactive" :
	    answer ? "recvonly" : "sendonly";
	const char *fam = o->ipv6 ? "IP6" : "IP4";
	unsigned k;

	sr_buf_fmt(b, "v=0\r\no=%s %u %u IN %s %s\r\ns=-\r\nc=IN %s %s\r\n"
	    "t=0 0\r\n", answer ? "srs" : "src", 1000 + c->i, d->version, fam,
	    ip, fam, ip);
	for (k = 0; k < o->streams; k++) {
		sr_buf_fmt(b, "m=audio %u RTP/AVP ",
		    answer ? d->dport[k] : d->sport[k]);
		add_formats(b, o);
		if (!o->no_label)
			sr_buf_fmt(b, "a=label:%u\r\n", k + 1);
		sr_buf_fmt(b, "a=%s\r\n", dir);
	}
}

/* Base64 of a UUID, RFC 7865 section 8.1; the same name gives the same. */
static const char *
id(const struct call *c, const char *what, unsigned n)
{
	static char out[4][32];
	static unsigned turn;
	char *p = out[turn++ % 4], name[96];
	struct sr_buf b;
	uint8_t uuid[16];

	snprintf(name, sizeof(name), "%" PRIu64 "/%u/%s/%u", c->o->seed, c->i,
	    what, n);
	sr_uuid5(&sr_crypto_openssl, sr_cstr(name), uuid);
	sr_buf_init(&b, 64);
	sr_base64_add(&b, uuid, sizeof(uuid));
	snprintf(p, sizeof(out[0]), "%.*s", (int)b.n, b.p);
	sr_buf_free(&b);
	return p;
}

static const char *
session_id(const struct call *c, const char *side)
{
	static char out[2][40];
	static unsigned turn;
	char *p = out[turn++ % 2];

	snprintf(p, sizeof(out[0]), "%016" PRIx64 "%016" PRIx64,
	    mix64(c->o->seed ^ c->i), mix64((uint64_t)side[0] << 32 | c->i));
	return p;
}

static void
add_people(struct sr_buf *b, const struct call *c, const char *when)
{
	static const char *const names[] = { "Alice", "Bob", "Carol", "Dave" };
	unsigned k, n = c->o->streams;

	for (k = 0; k < n; k++)
		sr_buf_fmt(b, "  <participant participant_id=\"%s\">\r\n"
		    "    <nameID aor=\"sip:leg%u.%u@example.com\">\r\n"
		    "      <name xml:lang=\"en\">%s %u</name>\r\n"
		    "    </nameID>\r\n  </participant>\r\n", id(c, "p", k),
		    k + 1, c->i, names[k % 4], c->i);
	for (k = 0; k < n; k++)
		sr_buf_fmt(b, "  <stream stream_id=\"%s\" session_id=\"%s\">"
		    "\r\n    <label>%u</label>\r\n  </stream>\r\n",
		    id(c, "st", k), id(c, "cs", 0), k + 1);
	sr_buf_fmt(b, "  <sessionrecordingassoc session_id=\"%s\">\r\n"
	    "    <associate-time>%s</associate-time>\r\n"
	    "  </sessionrecordingassoc>\r\n", id(c, "cs", 0), when);
	for (k = 0; k < n; k++)
		sr_buf_fmt(b, "  <participantsessionassoc participant_id=\"%s\""
		    " session_id=\"%s\">\r\n    <associate-time>%s"
		    "</associate-time>\r\n  </participantsessionassoc>\r\n",
		    id(c, "p", k), id(c, "cs", 0), when);
	for (k = 0; k < n; k++)
		sr_buf_fmt(b, "  <participantstreamassoc participant_id=\"%s\">"
		    "\r\n    <send>%s</send>\r\n    <recv>%s</recv>\r\n"
		    "  </participantstreamassoc>\r\n", id(c, "p", k),
		    id(c, "st", k), id(c, "st", (k + 1) % n));
}

static void
add_metadata(struct sr_buf *b, const struct call *c)
{
	struct sr_buf when;

	sr_buf_init(&when, 64);
	sr_time_print(&when, (BASE_S * US_SEC + c->t0) * 1000, 0);
	sr_buf_addc(&when, '\0');
	sr_buf_fmt(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
	    "<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\r\n"
	    "  <datamode>complete</datamode>\r\n  <group group_id=\"%s\">\r\n"
	    "    <associate-time>%s</associate-time>\r\n  </group>\r\n",
	    id(c, "g", 0), when.p);
	sr_buf_fmt(b, "  <session session_id=\"%s\">\r\n"
	    "    <sipSessionID>%s;remote=%s</sipSessionID>\r\n"
	    "    <group-ref>%s</group-ref>\r\n"
	    "    <start-time>%s</start-time>\r\n  </session>\r\n",
	    id(c, "cs", 0), session_id(c, "a"), session_id(c, "b"),
	    id(c, "g", 0), when.p);
	add_people(b, c, when.p);
	sr_buf_fmt(b, "</recording>\r\n");
	sr_buf_free(&when);
}

static void
add_body(struct sr_buf *b, const struct call *c, const struct step *s)
{
	sr_buf_fmt(b, "--mkcap-part\r\nContent-Type: application/sdp\r\n\r\n");
	add_sdp(b, c, s, false);
	sr_buf_fmt(b, "\r\n--mkcap-part\r\n"
	    "Content-Type: application/rs-metadata+xml\r\n"
	    "Content-Disposition: recording-session\r\n\r\n");
	add_metadata(b, c);
	sr_buf_fmt(b, "\r\n--mkcap-part--\r\n");
}

/* ---- the messages ---- */

static bool
is_request(enum step_kind k)
{
	return k == S_INVITE || k == S_ACK || k == S_REINVITE ||
	    k == S_REACK || k == S_BYE;
}

static const char *
method(enum step_kind k)
{
	if (k == S_BYE || k == S_BYEOK)
		return "BYE";
	return k == S_ACK || k == S_REACK ? "ACK" : "INVITE";
}

/* Via to CSeq; the client's tag is in From, whoever the client is. */
static void
add_routing(struct sr_buf *b, const struct call *c, const struct step *s)
{
	const struct dialog *d = &c->d[s->dialog];
	const struct options *o = c->o;
	const struct end *client = &c->sdp[s->backwards];
	const char *tr = o->transport >= T_TCP ? "TCP" : "UDP";
	const char *src = text(o, &c->sdp[0], true);
	const char *srs = text(o, &c->sdp[1], true);
	char from[128], to[128];
	bool tagged = s->kind != S_INVITE;

	snprintf(from, sizeof(from), "<sip:src@%s>;tag=%s", src, d->from_tag);
	snprintf(to, sizeof(to), "<sip:recorder@%s>%s%s", srs,
	    tagged ? ";tag=" : "", tagged ? d->to_tag : "");
	sr_buf_fmt(b, "Via: SIP/2.0/%s %s:%u;branch=z9hG4bK%u-%d-%u-%s\r\n",
	    tr, text(o, client, true), client->port, c->i, s->dialog, d->cseq,
	    method(s->kind));
	if (is_request(s->kind))
		sr_buf_fmt(b, "Max-Forwards: 70\r\n");
	sr_buf_fmt(b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %u %s\r\n",
	    s->backwards ? to : from, s->backwards ? from : to, d->call_id,
	    d->cseq, method(s->kind));
}

static void
add_offer_headers(struct sr_buf *b, const struct call *c, const struct step *s)
{
	const struct end *e = &c->sdp[0];

	sr_buf_fmt(b, "Contact: <sip:src@%s:%u>;+sip.src\r\n"
	    "Require: siprec\r\nSupported: timer, replaces\r\n"
	    "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO\r\n"
	    "Accept: application/sdp, application/rs-metadata+xml\r\n"
	    "Session-ID: %s;remote=%032d\r\n",
	    text(c->o, e, true), e->port, session_id(c, "a"), 0);
	if (s->dialog == 1)
		sr_buf_fmt(b, "Replaces: %s;to-tag=%s;from-tag=%s\r\n",
		    c->d[0].call_id, c->d[0].to_tag, c->d[0].from_tag);
	sr_buf_fmt(b, "Content-Type: multipart/mixed;boundary=mkcap-part\r\n");
}

static void
add_start_line(struct sr_buf *b, const struct call *c, const struct step *s)
{
	const struct end *e = &c->sdp[!s->backwards];

	if (is_request(s->kind))
		sr_buf_fmt(b, "%s sip:%s@%s:%u SIP/2.0\r\n", method(s->kind),
		    s->backwards ? "src" : "recorder", text(c->o, e, true),
		    e->port);
	else
		sr_buf_fmt(b, "SIP/2.0 %s\r\n",
		    s->kind == S_TRYING ? "100 Trying" : "200 OK");
}

static void
add_message(struct sr_buf *b, const struct call *c, const struct step *s)
{
	const struct end *srs = &c->sdp[1];
	struct sr_buf body;

	sr_buf_init(&body, MAX_FRAME);
	add_start_line(b, c, s);
	add_routing(b, c, s);
	if (s->kind == S_INVITE || s->kind == S_REINVITE) {
		add_offer_headers(b, c, s);
		add_body(&body, c, s);
	} else if (s->kind == S_OK || s->kind == S_REOK) {
		sr_buf_fmt(b, "Contact: <sip:recorder@%s:%u>;+sip.srs\r\n"
		    "Require: siprec\r\nContent-Type: application/sdp\r\n",
		    text(c->o, srs, true), srs->port);
		add_sdp(&body, c, s, true);
	}
	sr_buf_fmt(b, "Content-Length: %zu\r\n\r\n", body.n);
	if (sr_buf_add(b, sr_buf_str(&body)) != SR_OK)
		die("a message is too long");
	sr_buf_free(&body);
}

static void
say(struct call *c, struct cap *cap, const struct step *s)
{
	struct dialog *d = &c->d[s->dialog];
	int from = is_request(s->kind) == s->backwards;
	struct sr_buf b;

	if (s->kind == S_REINVITE || s->kind == S_BYE)
		d->cseq++;
	if (s->kind == S_REINVITE)
		d->version++;
	if ((c->o->no_answer && from == 1) ||
	    (c->o->only_responses && from == 0))
		return;
	sr_buf_init(&b, MAX_FRAME - 2048);
	add_message(&b, c, s);
	net_sip(cap, c->o, s->t, c->ends, from, &c->tcp, sr_buf_str(&b));
	sr_buf_free(&b);
}

void
call_signal(struct call *c, struct cap *cap, int64_t until)
{
	size_t i;

	if (c->done == 0 && c->t0 < until && c->o->transport >= T_TCP)
		net_connect(cap, c->o, c->t0 - 100, c->ends, &c->tcp);
	for (i = c->done; i < c->nsteps && c->steps[i].t < until; i++)
		say(c, cap, &c->steps[i]);
	c->done = i;
}
