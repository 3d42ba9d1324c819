/* ua - a user agent that strangers talk to, and an owner who answers at
 * random.
 *
 * Each byte of the input that begins a step says what happens: a message (its
 * text up to the next 0xff), time that passes, a lost connection, a request of
 * ours.  In a text, bytes 0x80 to 0x85 stand for what we last sent: branch,
 * tags, Call-ID, CSeq. */
#include "siprec/crypt.h"
#include "siprec/ua.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct world {
	struct sr_ua *ua;
	sr_time now;
	struct sr_dialog *d[4];
	struct sr_tx *tx[4];
	struct sr_buf last;		/* what we sent last */
	uint64_t ticket;
	uint8_t luck;
};

static struct sr_hop hop = { SR_UDP, { { 192, 0, 2, 2 }, 5060, 4 },
    { { 192, 0, 2, 1 }, 5060, 4 }, 0 };

static void
forget(struct world *w, const struct sr_dialog *d)
{
	for (int i = 0; i < 4; i++)
		if (w->d[i] == d)
			w->d[i] = NULL;
}

static void
keep(struct world *w, struct sr_dialog *d)
{
	if (d == NULL || sr_dialog_state(d) == SR_D_OVER)
		return;
	forget(w, d);
	w->d[w->luck % 4] = d;
}

static void
reply(struct world *w, struct sr_tx *tx)
{
	static const int status[] = { 100, 180, 183, 200, 200, 202, 302, 401,
	    486, 500 };
	struct sr_ua_reply r = { .status = status[w->luck % 10],
	    .reliable = (enum sr_ua_reliable)(w->luck % 3),
	    .require = SR_STR("siprec") };

	if (w->luck & 32) {
		r.type = SR_STR("application/sdp");
		r.body = SR_STR("v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	}
	sr_ua_reply(w->ua, tx, w->now, &r);
	if (w->luck & 64)
		keep(w, sr_tx_dialog(tx));
}

static void
event(struct world *w, const struct sr_ua_event *e)
{
	volatile size_t sum = 0;

	switch (e->kind) {
	case SR_UA_SEND:
		w->last.n = 0;
		sr_buf_add(&w->last, e->data);
		break;
	case SR_UA_RESOLVE:
		w->ticket = e->ticket;
		break;
	case SR_UA_REQUEST:
		w->luck = (uint8_t)(w->luck * 5 + 3);
		if (e->fault != 0 && (w->luck & 128))
			sr_ua_refuse(w->ua, e->tx, w->now);
		else
			reply(w, e->tx);
		break;
	case SR_UA_OVER:
		forget(w, e->dialog);
		break;
	default:
		keep(w, e->dialog);
	}
	if (e->msg != NULL)
		for (size_t i = 0; i < e->msg->nheaders; i++)
			sum += e->msg->headers[i].value.n;
	for (size_t i = 0; i < e->data.n; i++)
		sum += (uint8_t)e->data.p[i];
}

static void
drain(struct world *w)
{
	const struct sr_ua_event *e;

	while ((e = sr_ua_next(w->ua)) != NULL)
		event(w, e);
}

static struct sr_str
header(const struct world *w, const char *name)
{
	struct sr_str rest = sr_buf_str(&w->last), line;
	struct sr_str want = sr_cstr(name);

	while (sr_strline(&rest, &line) && line.n > 0)
		if (sr_strstarts(line, want))
			return sr_substr(line, want.n, line.n);
	return (struct sr_str){ NULL, 0 };
}

static void
message(struct world *w, struct sr_str text, bool tcp)
{
	static const char *const names[] = { "Via: ", "From: ", "To: ",
	    "Call-ID: ", "CSeq: ", "RSeq: ", "Contact: " };
	struct sr_hop from = hop;
	struct sr_buf b;

	sr_buf_init(&b, 65536);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = (uint8_t)text.p[i];

		if (c >= 0x80 && c < 0x87)
			sr_buf_add(&b, header(w, names[c - 0x80]));
		else
			sr_buf_addc(&b, (char)c);
	}
	if (tcp) {
		from.proto = SR_TCP;
		from.conn = 3;
	}
	sr_ua_receive(w->ua, &from, w->now, sr_buf_str(&b));
	sr_buf_free(&b);
}

static void
ours(struct world *w, uint8_t what)
{
	static const char *const methods[] = { "INVITE", "UPDATE", "INFO",
	    "OPTIONS", "BYE" };
	static const struct sr_str none = { NULL, 0 };
	struct sr_ua_auth auth = { .user = SR_STR("u"),
	    .password = SR_STR("p") };
	struct sr_ua_invite in = { .uri = what & 1 ? SR_STR("sip:b@x.example")
	    : SR_STR("sip:b@192.0.2.1"), .from = SR_STR("sip:a@192.0.2.2"),
	    .hops = &hop, .nhops = what & 2 ? 1 : 0, .auth = &auth,
	    .session_expires = what & 4 ? 120 : 0, .cookie = 1,
	    .rel = SR_100REL_SUPPORTED, .expires = what & 8 ? 20 : 0 };
	struct sr_dialog_request r = { .cookie = 2,
	    .method = sr_cstr(methods[what % 5]) };
	struct sr_dialog *d = w->d[what % 4];

	if (what & 16) {
		in.type = r.type = SR_STR("application/sdp");
		in.body = r.body = SR_STR("v=0\r\nm=audio 1 RTP/AVP 0\r\n");
	}
	if (what < 64)
		sr_ua_invite(w->ua, w->now, &in, &w->d[what % 4]);
	else if (what < 96)
		sr_ua_request(w->ua, w->now, SR_STR("OPTIONS"), &in);
	else if (d == NULL)
		return;
	else if (what < 160)
		sr_dialog_request(d, w->now, &r);
	else if (what < 180)
		sr_dialog_cancel(d, w->now, none);
	else if (what < 200)
		sr_dialog_bye(d, w->now, none, none, none);
	else if (what < 220)
		sr_dialog_ack(d, w->now, r.type, r.body);
	else if (what < 240)
		sr_dialog_prack(d, w->now, r.type, r.body);
	else
		sr_dialog_set_sdp(d, r.body, r.body);
}

static void
step(struct world *w, struct sr_rd *r)
{
	static const sr_time wait[] = { 0, SR_MSEC, 300 * SR_MSEC, SR_SEC,
	    5 * SR_SEC, 33 * SR_SEC, 200 * SR_SEC, 2000 * SR_SEC };
	uint8_t what = sr_u8(r), conn;
	struct sr_str text = { (const char *)r->p, r->n };
	struct sr_hop lost = hop;

	w->luck = (uint8_t)(w->luck * 3 + what);
	switch (what % 8) {
	case 0: case 1: case 2: case 3:
		text.n = sr_strchr(text, (char)0xff);
		sr_take(r, text.n < r->n ? text.n + 1 : text.n);
		message(w, text, what % 8 == 3);
		break;
	case 4: case 5:
		w->now += wait[what >> 5];
		sr_ua_tick(w->ua, w->now);
		break;
	case 6:
		ours(w, sr_u8(r));
		break;
	default:
		conn = sr_u8(r);
		lost.conn = conn & 3;
		lost.proto = conn & 4 ? SR_TCP : SR_UDP;
		if (conn & 8)
			sr_ua_lost(w->ua, &lost, w->now);
		else
			sr_ua_resolved(w->ua, w->ticket, &hop, conn & 1,
			    w->now);
	}
	drain(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_ua_cfg cfg = { .crypto = &sr_crypto_openssl, .seed = 1,
	    .session_id = true, .tcp_for_large = true, .allow_md5 = true,
	    .max_dialogs = 20, .max_tx = 60 };
	struct world w = { .now = 1000 * SR_SEC };
	struct sr_rd r = { p, n, false };

	for (int i = 0; i < 3; i++)
		cfg.local[i] = hop.local;
	if (sr_ua_new(&w.ua, &cfg) != SR_OK)
		return 0;
	sr_buf_init(&w.last, 1 << 18);
	for (int steps = 0; r.n > 0 && steps < 200; steps++)
		step(&w, &r);
	sr_ua_tick(w.ua, w.now + 100000 * SR_SEC);
	drain(&w);
	sr_ua_free(w.ua);
	sr_buf_free(&w.last);
	return 0;
}
