/* serve - a recording server among strangers, with an owner who answers at
 * random, and an operator who plays with all buttons.
 *
 * The first byte of each step says what happens: a request made of a pattern
 * and the next bytes, a text up to the next 0xff (where 0x80 to 0x86 stand for
 * headers of what was last sent), an answer, time, a command, or that a session
 * is forgotten and comes again out of its record. */
#include "siprec/crypt.h"
#include "siprec/serve.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct world {
	struct sr_serve *s;
	struct sr_engine *engine;
	sr_time now;
	struct sr_buf last;		/* what was sent last */
	struct sr_buf asked;		/* the last request of ours */
	uint64_t ticket, leg, waiting, persist;
	size_t nwant;
	uint8_t luck;
	unsigned cseq, branch;
	uint16_t port;
	char tag[4][40];
};

static struct sr_prng dice;

static void
roll(uint8_t *out, size_t n)
{
	sr_prng_fill(&dice, out, n);
}

static const struct sr_addr us = { { 192, 0, 2, 2 }, 5060, 4 };
static const struct sr_addr them = { { 192, 0, 2, 1 }, 5060, 4 };

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"		\
	"c=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define LINE(port) "m=audio " port " RTP/AVP 0 8 101\r\na=label:1\r\n"	\
	"a=rtpmap:101 telephone-event/8000\r\n"
#define META(mode) "<recording xmlns='urn:ietf:params:xml:ns:recording:1'>" \
	"<datamode>" mode "</datamode></recording>"
static const struct {
	const char *type, *text;
} bodies[16] = {
	{ NULL, NULL },
	{ "application/sdp", HEAD LINE("1000") "a=sendonly\r\n" },
	{ "application/sdp", HEAD LINE("1000") "a=sendonly\r\n"
	    LINE("1002") },
	{ "application/sdp", HEAD LINE("0") LINE("1002") "a=inactive\r\n" },
	{ "application/sdp", HEAD LINE("1000") LINE("0") LINE("1004") },
	{ "application/sdp", HEAD "m=video 1 RTP/AVP 96\r\n" },
	{ "application/sdp", HEAD "m=audio 9 RTP/SAVP 0\r\na=crypto:1 "
	    "AES_CM_128_HMAC_SHA1_80 inline:"
	    "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm\r\n" },
	{ "application/sdp", HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"
	    "a=setup:actpass\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
	    "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n"
	    "a=fingerprint:sha-256 AA:BB\r\n" },
	{ "application/sdp", "v=0\r\n" },
	{ "application/rs-metadata+xml", META("partial") },
	{ "application/rs-metadata+xml", META("complete") },
	{ "application/rs-metadata+xml", "<requestsnapshot "
	    "xmlns='urn:ietf:params:xml:ns:recording:1'/>" },
	{ "application/foo", "bar" },
	{ "multipart/mixed;boundary=b", "--b\r\nContent-Type: application/sdp"
	    "\r\n\r\n" HEAD LINE("1000") "\r\n--b\r\nContent-Type: "
	    "application/rs-metadata\r\n\r\n" META("partial") "\r\n--b--" },
	{ "application/sdp", HEAD LINE("1000") "c=IN IP4 0.0.0.0\r\n" },
	{ "application/sdp", HEAD "m=text 9 RTP/AVP 98\r\n"
	    "a=rtpmap:98 t140/1000\r\n" }
};

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->pt == 0 || f->pt == 8;
}

/* ---- what comes out ---- */

static void
overhear(struct world *w, const struct sr_addr *from,
    const struct sr_addr *to, struct sr_str data)
{
	struct sr_chunk c = { .kind = SR_DGRAM, .time = w->now,
	    .data = data, .flow = { .src = *from, .dst = *to } };
	const struct sr_event *ev;

	sr_engine_feed(w->engine, &c);
	while ((ev = sr_engine_next(w->engine)) != NULL)
		sr_serve_engine_event(w->s, ev);
}

static void
sent(struct world *w, const struct sr_serve_event *ev)
{
	struct sr_msg m;

	w->last.n = 0;
	sr_buf_add(&w->last, ev->data);
	if (ev->status == 0 && ev->method != SR_ACK) {
		w->asked.n = 0;
		sr_buf_add(&w->asked, ev->data);
	}
	if (sr_msg_parse(&m, ev->data) != SR_OK)
		abort();
	if (m.status >= 180 && m.status < 300 && m.to.tag.n < 40 &&
	    m.call_id.n == 1 && m.call_id.p[0] >= 'a' &&
	    m.call_id.p[0] < 'e') {
		memcpy(w->tag[m.call_id.p[0] - 'a'], m.to.tag.p, m.to.tag.n);
		w->tag[m.call_id.p[0] - 'a'][m.to.tag.n] = '\0';
	}
	sr_msg_free(&m);
	overhear(w, &us, &them, ev->data);
}

static void
ports(struct world *w, uint64_t leg, size_t n)
{
	struct sr_serve_port v[64];

	for (size_t i = 0; i < n && i < 64; i++) {
		v[i] = (struct sr_serve_port){ .rtp = us };
		v[i].rtp.port = w->port;
		w->port = (uint16_t)(w->port + 2) | 1024;
	}
	sr_serve_ports(w->s, leg, v, n, w->now);
}

/* The record of a session that is told to be one can be written. */
static void
write_record(struct world *w, const struct sr_serve_event *ev)
{
	static const int errs[] = { SR_OK, SR_OK, SR_ESYS, SR_EAUTH };
	struct sr_buf b;
	int err;

	w->persist = ev->ticket;
	sr_buf_init(&b, 1 << 22);
	err = sr_serve_save(w->s, ev->call_id, w->luck & 1, &b);
	if (err != SR_OK && err != SR_ENOENT)
		abort();
	sr_buf_free(&b);
	w->luck = (uint8_t)(w->luck * 5 + 3);
	if (w->luck % 8 < 4)
		sr_serve_persisted(w->s, ev->ticket, errs[w->luck % 4],
		    w->now);
}

static void
event(struct world *w, const struct sr_serve_event *ev)
{
	volatile size_t sum = ev->call_id.n + ev->label.n + ev->text.n;

	for (size_t i = 0; i < ev->call_id.n; i++)
		sum += (uint8_t)ev->call_id.p[i];
	for (size_t i = 0; i < ev->label.n; i++)
		sum += (uint8_t)ev->label.p[i];
	if (ev->leg != 0)
		w->leg = ev->leg;
	switch (ev->kind) {
	case SR_SERVE_SEND:
		sent(w, ev);
		break;
	case SR_SERVE_RESOLVE:
		w->ticket = ev->ticket;
		break;
	case SR_SERVE_PORTS:
		w->luck = (uint8_t)(w->luck * 5 + 3);
		w->waiting = ev->leg;
		w->nwant = ev->nwant;
		for (size_t i = 0; i < ev->nwant; i++)
			sum += ev->want[i].line;
		if (w->luck % 8 != 0)
			ports(w, ev->leg, w->luck % 8 == 1 ? 0 : ev->nwant);
		break;
	case SR_SERVE_PERSIST:
		write_record(w, ev);
		break;
	case SR_SERVE_LINE:
		sum += ev->peer->rtp.port + ev->peer->host.n;
		break;
	case SR_SERVE_KEYS:
		if (ev->keying.keying == SR_KEYS_SDES)
			sum += ev->keying.ours->key[0] +
			    ev->keying.theirs->v[0].key[0];
		for (size_t k = 0; k < ev->keying.nfingerprints; k++)
			for (size_t i = 0; i < ev->keying.fingerprints[k].n;
			    i++)
				sum += (uint8_t)
				    ev->keying.fingerprints[k].p[i];
		break;
	default:
		break;
	}
	(void)sum;
}

static void
drain(struct world *w)
{
	const struct sr_serve_event *ev;

	while ((ev = sr_serve_next(w->s)) != NULL)
		event(w, ev);
}

/* ---- what goes in ---- */

static void
put(struct world *w, struct sr_str raw, bool tcp)
{
	struct sr_serve_in in = { .raw = raw };

	in.hop = (struct sr_hop){ tcp ? SR_TCP : SR_UDP, us, them,
	    tcp ? 3 : 0 };
	if (w->luck & 16)
		in.identity = SR_STR("somebody");
	overhear(w, &them, &us, raw);
	sr_serve_receive(w->s, &in, w->now);
}

static void
request(struct world *w, struct sr_rd *r)
{
	static const char *const methods[] = { "INVITE", "INVITE", "INVITE",
	    "ACK", "ACK", "BYE", "UPDATE", "PRACK", "CANCEL", "OPTIONS",
	    "SUBSCRIBE", "INFO", "REFER", "INVITE", "UPDATE", "NOTIFY" };
	static const char *const heads[] = { "Require: siprec\r\n", "",
	    "Supported: 100rel, timer, siprec\r\nSession-Expires: 100\r\n",
	    "Require: siprec, 100rel\r\n", "RAck: 1 101 INVITE\r\n",
	    "Event: dialog\r\n", "Event: dialog\r\nExpires: 0\r\n",
	    "Require: foo\r\n" };
	uint8_t what = sr_u8(r), how = sr_u8(r), body = sr_u8(r);
	const char *method = methods[what % 16], *tag = w->tag[how % 4];
	bool same = strcmp(method, "ACK") == 0 ||
	    strcmp(method, "CANCEL") == 0 || (what & 128) != 0;
	struct sr_buf b;

	sr_buf_init(&b, 65536);
	w->cseq += !same;
	w->branch += (what & 64) == 0;
	sr_buf_fmt(&b, "%s sip:rec@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP "
	    "192.0.2.1:5060;branch=z9hG4bK%u;rport\r\nFrom: <sip:a@b>;tag=f"
	    "\r\nTo: <sip:c@d>%s%s\r\nCall-ID: %c\r\nCSeq: %u %s\r\n"
	    "Contact: <sip:a@192.0.2.1>%s\r\n%s%s", method, w->branch,
	    (how & 4) != 0 && tag[0] != '\0' ? ";tag=" : "",
	    (how & 4) != 0 ? tag : "", 'a' + how % 4, w->cseq, method,
	    (how & 8) != 0 ? ";+sip.src" : "",
	    (how & 16) != 0 ? "Allow: INVITE, UPDATE\r\n" : "",
	    heads[how >> 5]);
	if ((body & 64) != 0)
		sr_buf_fmt(&b, "Replaces: %c;to-tag=%s;from-tag=f\r\n",
		    'a' + body % 4, w->tag[body % 4]);
	body %= 16;
	if (bodies[body].type != NULL)
		sr_buf_fmt(&b, "Content-Type: %s\r\nContent-Length: %zu\r\n"
		    "\r\n%s", bodies[body].type, strlen(bodies[body].text),
		    bodies[body].text);
	else
		sr_buf_add(&b, SR_STR("Content-Length: 0\r\n\r\n"));
	put(w, sr_buf_str(&b), (what & 32) != 0);
	sr_buf_free(&b);
}

static struct sr_str
header(struct sr_str rest, const char *name)
{
	struct sr_str want = sr_cstr(name), line;

	while (sr_strline(&rest, &line) && line.n > 0)
		if (sr_strstarts(line, want))
			return sr_substr(line, want.n, line.n);
	return (struct sr_str){ NULL, 0 };
}

static void
text(struct world *w, struct sr_rd *r)
{
	static const char *const names[] = { "Via: ", "From: ", "To: ",
	    "Call-ID: ", "CSeq: ", "RSeq: ", "Contact: " };
	struct sr_str s = { (const char *)r->p, r->n };
	struct sr_buf b;

	s.n = sr_strchr(s, (char)0xff);
	sr_take(r, s.n < r->n ? s.n + 1 : s.n);
	sr_buf_init(&b, 65536);
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c >= 0x80 && c < 0x87)
			sr_buf_add(&b, header(sr_buf_str(&w->last),
			    names[c - 0x80]));
		else
			sr_buf_addc(&b, (char)c);
	}
	put(w, sr_buf_str(&b), false);
	sr_buf_free(&b);
}

static void
answer(struct world *w, struct sr_rd *r)
{
	static const int status[] = { 100, 180, 200, 200, 200, 200, 302, 401,
	    408, 415, 422, 423, 481, 488, 491, 503 };
	struct sr_str asked = sr_buf_str(&w->asked);
	uint8_t what = sr_u8(r), body = sr_u8(r) % 16;
	struct sr_buf b;

	if (asked.n == 0)
		return;
	sr_buf_init(&b, 65536);
	sr_buf_fmt(&b, "SIP/2.0 %d X\r\nVia: %.*s\r\nFrom: %.*s\r\n"
	    "To: %.*s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\nContact: "
	    "<sip:a@192.0.2.1>\r\nExpires: 20\r\nMin-Expires: 99999\r\n",
	    status[what % 16], SR_FMT(header(asked, "Via: ")),
	    SR_FMT(header(asked, "From: ")), SR_FMT(header(asked, "To: ")),
	    SR_FMT(header(asked, "Call-ID: ")),
	    SR_FMT(header(asked, "CSeq: ")));
	if (bodies[body].type != NULL)
		sr_buf_fmt(&b, "Content-Type: %s\r\nContent-Length: %zu\r\n"
		    "\r\n%s", bodies[body].type, strlen(bodies[body].text),
		    bodies[body].text);
	else
		sr_buf_add(&b, SR_STR("\r\n"));
	put(w, sr_buf_str(&b), false);
	sr_buf_free(&b);
}

static void
reborn(struct world *w, struct sr_str session, uint8_t how)
{
	struct sr_hop hop = { SR_UDP, us, them, 0 };
	struct sr_buf b;

	sr_buf_init(&b, 1 << 22);
	if (sr_serve_save(w->s, session, how & 4, &b) == SR_OK) {
		drain(w);
		sr_serve_abandon(w->s, session, w->now);
		drain(w);
		w->now += (how >> 5) * 10 * SR_SEC;
		if (sr_serve_restore(w->s, sr_buf_str(&b), how & 8,
		    how & 16 ? &hop : NULL, w->now) == SR_EBAD)
			abort();
	}
	sr_buf_free(&b);
}

static void
control(struct world *w, struct sr_rd *r)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	static const char *const labels[] = { "1", "2", "m1", "" };
	uint8_t what = sr_u8(r), which = sr_u8(r);
	struct sr_serve_call call = {
	    .uri = which & 1 ? SR_STR("sip:x@192.0.2.1") :
	    SR_STR("sip:x@name.example") };
	struct sr_serve_register reg = { .registrar = call.uri,
	    .aor = SR_STR("sip:me@example.com"), .expires = which };
	uint64_t ticket;
	struct sr_buf b;

	sr_buf_init(&b, 1 << 16);
	switch (what % 16) {
	case 5:
		sr_serve_call(w->s, &call, w->now, &ticket);
		break;
	case 6:
		if (which < 64)
			sr_serve_register(w->s, &reg, w->now, &ticket);
		break;
	case 7:
		sr_serve_drain(w->s, which & 1, w->now);
		break;
	case 8:
		sr_serve_full(w->s, which & 1);
		break;
	case 9:
		ports(w, w->waiting, which & 1 ? w->nwant : 0);
		break;
	case 10:
		sr_serve_heard(w->s, w->leg, which % 4, w->now);
		break;
	case 11:
		sr_serve_list(w->s, &b, w->now);
		sr_serve_stats_json(w->s, &b, w->now);
		sr_serve_show(w->s, sr_cstr(names[which % 4]), &b, w->now);
		break;
	case 14:
		sr_serve_persisted(w->s, w->persist, which & 3 ? SR_OK :
		    SR_EAUTH, w->now);
		break;
	case 15:
		reborn(w, sr_cstr(names[which % 4]), which);
		break;
	case 13:
		if (which < 8)
			sr_serve_end(w->s, sr_cstr(names[which % 4]),
			    "disk-full", w->now);
		break;
	case 12:
		if (which == 0)
			sr_serve_shutdown(w->s, "stopped", w->now);
		break;
	default:
		sr_serve_do(w->s, (enum sr_serve_act)(what % 5),
		    sr_cstr(names[which % 4]), sr_cstr(labels[which >> 6]),
		    w->now, &ticket);
	}
	sr_buf_free(&b);
}

static void
step(struct world *w, struct sr_rd *r)
{
	static const sr_time wait[] = { 0, SR_MSEC, 300 * SR_MSEC, SR_SEC,
	    5 * SR_SEC, 33 * SR_SEC, 70 * SR_SEC, 1000 * SR_SEC };
	struct sr_hop hop = { SR_UDP, us, them, 0 };
	uint8_t what = sr_u8(r);

	w->luck = (uint8_t)(w->luck * 3 + what);
	switch (what % 8) {
	case 0: case 1: case 2:
		request(w, r);
		break;
	case 3:
		text(w, r);
		break;
	case 4:
		w->now += wait[what >> 5];
		sr_serve_tick(w->s, w->now);
		break;
	case 5:
		answer(w, r);
		break;
	case 6:
		control(w, r);
		break;
	default:
		if (what & 64) {
			hop.proto = SR_TCP;
			hop.conn = 3;
		}
		if (what & 128)
			sr_serve_lost(w->s, &hop, w->now);
		else
			sr_serve_resolved(w->s, w->ticket, &hop, what >> 5 & 1,
			    w->now);
	}
	drain(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_crypto crypto = sr_crypto_openssl;
	struct sr_serve_cfg cfg = { .plan.decodes = decodes,
	    .plan.srtp = SR_SRTP_ALLOW, .plan.text = true,
	    .fingerprint = SR_STR("sha-256 AA:BB"), .max_sessions = 6,
	    .max_subscriptions = 3, .max_duration = 4000 * SR_SEC };
	struct sr_cfg watch = { .crypto = &sr_crypto_openssl };
	struct world w = { .now = 1000 * SR_SEC, .port = 2000, .cseq = 100 };
	struct sr_rd r = { p, n, false };
	uint8_t how = sr_u8(&r);

	sr_prng_init(&dice, 1);
	crypto.random = roll;
	cfg.ua.crypto = &crypto;
	cfg.ua.seed = 1;
	cfg.ua.local[SR_UDP] = us;
	cfg.strict = (how & 1) != 0;
	cfg.held = (how & 2) != 0;
	cfg.any = (how & 4) != 0;
	cfg.answer_delay = (how & 8) != 0 ? 2 * SR_SEC : 0;
	cfg.ua.session_id = (how & 16) != 0;
	cfg.persist = (how & 32) != 0;
	if (sr_serve_new(&w.s, &cfg) != SR_OK)
		return 0;
	if (sr_engine_new(&w.engine, &watch) != SR_OK)
		abort();
	sr_buf_init(&w.last, 1 << 18);
	sr_buf_init(&w.asked, 1 << 18);
	for (int steps = 0; r.n > 0 && steps < 100; steps++)
		step(&w, &r);
	for (int i = 0; i < 3; i++) {
		w.now += 100 * SR_SEC;
		sr_serve_tick(w.s, w.now);
		drain(&w);
	}
	sr_serve_free(w.s);
	sr_engine_free(w.engine);
	sr_buf_free(&w.last);
	sr_buf_free(&w.asked);
	return 0;
}
