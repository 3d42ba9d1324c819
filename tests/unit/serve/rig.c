/* rig - a recording server and a client made of text, on one clock. */
#include "unit/serve/rig.h"

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->pt == 0 || f->pt == 8 || f->pt == 9;
}

static void
begin(struct rig *r)
{
	struct sr_serve_cfg cfg = { .plan.decodes = decodes,
	    .plan.srtp = SR_SRTP_ALLOW };

	cfg.ua.crypto = &sr_crypto_openssl;
	cfg.ua.seed = 7;
	sr_addr_parse(&cfg.ua.local[SR_UDP], SR_STR("192.0.2.2:5060"));
	if (r->tune != NULL)
		r->tune(&cfg);
	if (sr_serve_new(&r->s, &cfg) != SR_OK)
		abort();
}

struct rig *
rig_up(void (*tune)(struct sr_serve_cfg *))
{
	struct rig *r = sr_zalloc(sizeof(*r));

	r->tune = tune;
	sr_buf_init(&r->record, 1 << 20);
	begin(r);
	r->now = 1790000000 * SR_SEC;
	r->port = 20000;
	r->call_id = "call-1";
	r->from_tag = "client";
	r->contact = "<sip:src@192.0.2.1:5060>;+sip.src";
	r->allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK";
	r->cseq = 100;
	sr_addr_parse(&r->peer, SR_STR("192.0.2.1:5060"));
	return r;
}

void
rig_down(struct rig *r)
{
	rig_forget(r);
	sr_buf_free(&r->record);
	sr_engine_free(r->engine);
	sr_serve_free(r->s);
	free(r);
}

void
rig_forget(struct rig *r)
{
	for (size_t i = 0; i < r->nsent; i++)
		free(r->sent[i].p);
	r->nsent = r->nevents = 0;
}

void
rig_reborn(struct rig *r, bool with_last, bool from)
{
	struct sr_hop hop = { .proto = r->proto, .remote = r->peer,
	    .conn = r->proto == SR_UDP ? 0 : 9 };

	sr_addr_parse(&hop.local, SR_STR("192.0.2.2:5060"));
	if (!with_last) {
		r->record.n = 0;
		CHECK_EQ(sr_serve_save(r->s, SR_STR("call-1"), !r->no_keys,
		    &r->record), SR_OK);
	}
	sr_serve_free(r->s);
	begin(r);
	rig_forget(r);
	CHECK_EQ(sr_serve_restore(r->s, guarded(r->record.p, r->record.n),
	    !r->no_keys, from ? &hop : NULL, r->now), SR_OK);
	rig_drain(r);
}

/* ---- the engine hears both sides ---- */

void
rig_engine(struct rig *r)
{
	struct sr_cfg cfg = { .crypto = &sr_crypto_openssl };

	if (sr_engine_new(&r->engine, &cfg) != SR_OK)
		abort();
}

static void
overhear(struct rig *r, const struct sr_addr *from, const struct sr_addr *to,
    struct sr_str data)
{
	struct sr_chunk c = { .kind = SR_DGRAM, .time = r->now,
	    .data = data };
	const struct sr_event *ev;

	if (r->engine == NULL)
		return;
	c.flow.src = *from;
	c.flow.dst = *to;
	sr_engine_feed(r->engine, &c);
	while ((ev = sr_engine_next(r->engine)) != NULL)
		sr_serve_engine_event(r->s, ev);
}

/* ---- what comes out ---- */

static void
keep(struct rig *r, const struct sr_serve_event *ev)
{
	struct rig_sent *t = &r->sent[r->nsent];
	struct sr_msg m;

	if (r->nsent == RIG_SENT)
		abort();
	t->p = malloc(ev->data.n + 1);
	memcpy(t->p, ev->data.p, ev->data.n);
	t->p[ev->data.n] = '\0';
	t->n = ev->data.n;
	t->method = ev->method;
	t->status = ev->status;
	t->hop = ev->hop;
	r->nsent++;
	/* Whatever is sent can be read again, and says what it is. */
	CHECK_EQ(sr_msg_parse(&m, ev->data), SR_OK);
	CHECK_EQ(m.status, ev->status);
	if (m.status > 100 && m.status < 700 && m.method == SR_INVITE &&
	    m.to.tag.n > 0 && m.to.tag.n < sizeof(r->to_tag) &&
	    m.status < 300)
		snprintf(r->to_tag, sizeof(r->to_tag), "%.*s",
		    SR_FMT(m.to.tag));
	sr_msg_free(&m);
}

static void
note(struct rig *r, const char *text)
{
	if (r->nevents == RIG_EVENTS)
		abort();
	snprintf(r->events[r->nevents++], sizeof(r->events[0]), "%s", text);
}

static void
give_ports(struct rig *r, const struct sr_serve_event *ev)
{
	struct sr_serve_port v[256];

	r->nwant = ev->nwant;
	for (size_t i = 0; i < ev->nwant; i++) {
		memset(&v[i], 0, sizeof(v[i]));
		sr_addr_parse(&v[i].rtp, ev->want[i].family == 6 ?
		    SR_STR("[2001:db8::2]:1") : SR_STR("192.0.2.2:1"));
		v[i].rtp.port = r->port;
		if (ev->want[i].again.rtp.family != 0 && !r->elsewhere)
			v[i] = ev->want[i].again;
		else
			r->port = (uint16_t)(r->port + 2);
	}
	if (!r->hold_ports)
		CHECK_EQ(sr_serve_ports(r->s, ev->leg, v, r->no_ports ? 0 :
		    ev->nwant, r->now), SR_OK);
}

static void
write_record(struct rig *r, const struct sr_serve_event *ev)
{
	r->ticket = ev->ticket;
	if (!ev->over) {
		r->record.n = 0;
		CHECK_EQ(sr_serve_save(r->s, ev->call_id, !r->no_keys,
		    &r->record), SR_OK);
	}
	if (!r->slow_store)
		sr_serve_persisted(r->s, ev->ticket, SR_OK, r->now);
}

static void
tell(struct rig *r, const struct sr_serve_event *ev)
{
	static const char *const dirs[] = { "sendrecv", "sendonly",
	    "recvonly", "inactive" };
	static const char *const acts[] = { "pause", "resume", "stop", "drop",
	    "snapshot", "call", "register" };
	char text[160] = "";
	size_t n;

	if (ev->leg != 0)
		r->leg = ev->leg;
	switch (ev->kind) {
	case SR_SERVE_SEND:
		keep(r, ev);
		overhear(r, &ev->hop.local, &ev->hop.remote, ev->data);
		return;
	case SR_SERVE_RESOLVE:
		snprintf(text, sizeof(text), "RESOLVE %.*s", SR_FMT(ev->uri));
		break;
	case SR_SERVE_PORTS:
		n = (size_t)snprintf(text, sizeof(text), "PORTS");
		for (size_t i = 0; i < ev->nwant && n < 140; i++)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    " %zu", ev->want[i].line);
		note(r, text);
		give_ports(r, ev);
		return;
	case SR_SERVE_RELEASE:
		if (ev->line == SR_ALL_LINES)
			snprintf(text, sizeof(text), "RELEASE all");
		else
			snprintf(text, sizeof(text), "RELEASE %zu", ev->line);
		break;
	case SR_SERVE_LINE:
		snprintf(text, sizeof(text), "LINE %zu %s %.*s port %u",
		    ev->line, dirs[ev->dir], SR_FMT(ev->label),
		    ev->peer->rtp.port);
		break;
	case SR_SERVE_KEYS:
		snprintf(text, sizeof(text), "KEYS %zu %d %s%s%.*s", ev->line,
		    ev->keying.keying, ev->keying.active ? "active " : "",
		    ev->keying.old ? "old " : "",
		    SR_FMT(ev->keying.ufrag));
		break;
	case SR_SERVE_MUTE:
		snprintf(text, sizeof(text), "MUTE %zu %s", ev->line, ev->on ?
		    "on" : "off");
		break;
	case SR_SERVE_PIN:
	case SR_SERVE_UNPIN:
		snprintf(text, sizeof(text), "%s %d",
		    ev->kind == SR_SERVE_PIN ? "PIN" : "UNPIN",
		    (int)ev->conn);
		break;
	case SR_SERVE_DONE:
		snprintf(text, sizeof(text), "DONE %s %d", acts[ev->act],
		    ev->status);
		break;
	case SR_SERVE_NOTE:
		snprintf(text, sizeof(text), "NOTE %s", ev->rule);
		break;
	case SR_SERVE_PERSIST:
		snprintf(text, sizeof(text), "PERSIST %.*s%s",
		    SR_FMT(ev->call_id), ev->over ? " over" : "");
		note(r, text);
		write_record(r, ev);
		return;
	case SR_SERVE_TAKEN:
		snprintf(text, sizeof(text), "TAKEN %.*s",
		    SR_FMT(ev->call_id));
		break;
	case SR_SERVE_IDLE:
		snprintf(text, sizeof(text), "IDLE");
		break;
	}
	note(r, text);
}

void
rig_drain(struct rig *r)
{
	const struct sr_serve_event *ev;

	while ((ev = sr_serve_next(r->s)) != NULL)
		tell(r, ev);
}

void
rig_run(struct rig *r, sr_time by)
{
	sr_time until = r->now + by, due;

	for (int i = 0; i < 100000; i++) {
		due = sr_serve_due(r->s);
		if (due > until)
			break;
		if (due > r->now)
			r->now = due;
		sr_serve_tick(r->s, r->now);
		rig_drain(r);
	}
	CHECK(sr_serve_due(r->s) > until);
	r->now = until;
}

/* ---- what goes in ---- */

void
rig_raw(struct rig *r, struct sr_str raw)
{
	struct sr_serve_in in = { .identity = sr_cstr(r->identity) };

	in.hop.proto = r->proto;
	in.hop.conn = r->proto == SR_UDP ? 0 : 9;
	in.hop.remote = r->peer;
	sr_addr_parse(&in.hop.local, SR_STR("192.0.2.2:5060"));
	in.raw = raw;
	overhear(r, &in.hop.remote, &in.hop.local, raw);
	sr_serve_receive(r->s, &in, r->now);
	rig_drain(r);
}

static void
compose(struct rig *r, const char *method, unsigned cseq, const char *headers,
    const char *type, const char *body)
{
	static const char *const protos[] = { "UDP", "TCP", "TLS" };
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	sr_buf_fmt(&b, "%s sip:rec@192.0.2.2:5060 SIP/2.0\r\n"
	    "Via: SIP/2.0/%s 192.0.2.1:5060;branch=z9hG4bK%u;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:src@example.com>;tag=%s\r\n"
	    "To: <sip:rec@example.com>%s%s\r\nCall-ID: %s\r\n"
	    "CSeq: %u %s\r\nContact: %s\r\n"
	    "Allow: %s\r\n%s%s", method, protos[r->proto], r->branch,
	    r->from_tag,
	    r->to_tag[0] != '\0' ? ";tag=" : "", r->to_tag, r->call_id, cseq,
	    method, r->contact, r->allow, r->also != NULL ? r->also : "",
	    headers != NULL ? headers : "");
	if (type != NULL)
		sr_buf_fmt(&b, "Content-Type: %s\r\n", type);
	sr_buf_fmt(&b, "Content-Length: %zu\r\n\r\n%s", type != NULL ?
	    strlen(body) : 0, type != NULL ? body : "");
	rig_raw(r, sr_buf_str(&b));
	sr_buf_free(&b);
}

void
rig_ask(struct rig *r, const char *method, const char *headers,
    const char *type, const char *body)
{
	r->branch++;
	r->cseq++;
	compose(r, method, r->cseq, headers, type, body);
}

void
rig_ack(struct rig *r, const char *body)
{
	r->branch++;
	compose(r, "ACK", r->cseq, NULL, body != NULL ? RIG_SDP : NULL, body);
}

void
rig_call(struct rig *r, const char *sdp)
{
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, sdp);
	CHECK_EQ(rig_status(r), 200);
	rig_ack(r, NULL);
}

void
rig_say(struct rig *r, int status, const char *headers, const char *type,
    const char *body)
{
	const struct rig_sent *t = NULL;
	struct sr_buf b;
	struct sr_msg m;
	struct sr_str v;

	for (size_t i = r->nsent; i-- > 0 && t == NULL;)
		if (r->sent[i].status == 0 && r->sent[i].method != SR_ACK)
			t = &r->sent[i];
	CHECK(t != NULL);
	if (t == NULL || sr_msg_parse(&m, (struct sr_str){ t->p, t->n }) !=
	    SR_OK)
		return;
	sr_buf_init(&b, 1 << 20);
	sr_buf_fmt(&b, "SIP/2.0 %d Whatever\r\n", status);
	for (size_t i = 0; (v = sr_msg_header(&m, "Via", i)).n > 0; i++)
		sr_header_add(&b, "Via", v);
	sr_header_add(&b, "From", sr_msg_header(&m, "From", 0));
	sr_buf_fmt(&b, "To: %.*s%s\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\n"
	    "Contact: %s\r\n%s", SR_FMT(sr_msg_header(&m, "To", 0)),
	    m.to.tag.n == 0 ? ";tag=other" : "", SR_FMT(m.call_id),
	    SR_FMT(sr_msg_header(&m, "CSeq", 0)), r->contact,
	    headers != NULL ? headers : "");
	if (type != NULL)
		sr_buf_fmt(&b, "Content-Type: %s\r\n", type);
	sr_buf_fmt(&b, "Content-Length: %zu\r\n\r\n%s", type != NULL ?
	    strlen(body) : 0, type != NULL ? body : "");
	sr_msg_free(&m);
	rig_raw(r, sr_buf_str(&b));
	sr_buf_free(&b);
}

static void
turn_round(char *sdp)
{
	char *at;

	while ((at = strstr(sdp, "a=recvonly")) != NULL)
		memcpy(at, "a=sendonly", 10);
}

void
rig_agree(struct rig *r)
{
	const struct rig_sent *t = rig_last(r, SR_INVITE, 0);
	const char *body = t != NULL ? strstr(t->p, "\r\n\r\n") : NULL;
	char *copy;

	CHECK(body != NULL);
	if (body == NULL)
		return;
	copy = strdup(body + 4);
	turn_round(copy);
	rig_say(r, 200, NULL, RIG_SDP, copy);
	free(copy);
}

/* ---- what was seen ---- */

const struct rig_sent *
rig_last(const struct rig *r, enum sr_method m, int status)
{
	for (size_t i = r->nsent; i-- > 0;)
		if ((m == SR_M_NONE || r->sent[i].method == m) &&
		    (status < 0 || r->sent[i].status == status))
			return &r->sent[i];
	return NULL;
}

size_t
rig_count(const struct rig *r, enum sr_method m, int status)
{
	size_t n = 0;

	for (size_t i = 0; i < r->nsent; i++)
		n += r->sent[i].method == m && r->sent[i].status == status;
	return n;
}

size_t
rig_requests(const struct rig *r, enum sr_method m)
{
	size_t n = 0, k;

	for (size_t i = 0; i < r->nsent; i++) {
		if (r->sent[i].method != m || r->sent[i].status != 0)
			continue;
		for (k = 0; k < i; k++)
			if (strcmp(r->sent[k].p, r->sent[i].p) == 0)
				break;
		n += k == i;
	}
	return n;
}

int
rig_status(const struct rig *r)
{
	for (size_t i = r->nsent; i-- > 0;)
		if (r->sent[i].status != 0)
			return r->sent[i].status;
	return 0;
}

bool
rig_says(const struct rig_sent *t, const char *text)
{
	return t != NULL && strstr(t->p, text) != NULL;
}

size_t
rig_events(const struct rig *r, const char *text)
{
	size_t n = 0, len = strlen(text);
	bool prefix = len > 0 && text[len - 1] == '*';

	for (size_t i = 0; i < r->nevents; i++)
		n += prefix ? strncmp(r->events[i], text, len - 1) == 0 :
		    strcmp(r->events[i], text) == 0;
	return n;
}
