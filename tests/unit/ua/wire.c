#include "unit/ua/wire.h"
#include "unit/test.h"
#include "siprec/crypt.h"

const char wire_sdp[] = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
    "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

static void
begin(struct wire_net *w, int side)
{
	struct sr_ua_cfg c = { .crypto = &sr_crypto_openssl,
	    .seed = 7 + (uint64_t)side + 100 * w->reborn,
	    .contact_params = side == CLIENT ? SR_STR(";+sip.src") :
	    SR_STR(";+sip.srs"), .session_id = true };

	for (int k = 0; k < 3; k++)
		c.local[k] = w->addr[side];
	if (w->cfg != NULL)
		w->cfg(side, &c);
	if (sr_ua_new(&w->ua[side], &c) != SR_OK)
		abort();
}

struct wire_net *
wire_up(void (*cfg)(int, struct sr_ua_cfg *))
{
	struct wire_net *w = calloc(1, sizeof(*w));

	sr_addr_parse(&w->addr[CLIENT], SR_STR("192.0.2.1:5060"));
	sr_addr_parse(&w->addr[SERVER], SR_STR("192.0.2.2:5060"));
	w->now = w->start = 1000 * SR_SEC;
	w->delay = 10 * SR_MSEC;
	w->cfg = cfg;
	for (int i = 0; i < 2; i++)
		begin(w, i);
	return w;
}

void
wire_reborn(struct wire_net *w, int side)
{
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	CHECK_EQ(sr_dialog_save(w->d[side], true, &b), SR_OK);
	sr_ua_free(w->ua[side]);
	w->reborn++;
	begin(w, side);
	w->tx[side] = NULL;
	CHECK_EQ(sr_dialog_restore(w->ua[side], guarded(b.p, b.n), w->now,
	    &w->d[side]), SR_OK);
	sr_buf_free(&b);
}

void
wire_forget(struct wire_net *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->log[i].data);
	w->n = 0;
}

void
wire_down(struct wire_net *w)
{
	for (int i = 0; i < 2; i++)
		sr_ua_free(w->ua[i]);
	wire_forget(w);
	for (size_t i = 0; i < w->nflying; i++)
		free(w->flying[i].data);
	free(w);
}

struct sr_hop
wire_hop(const struct wire_net *w, int side)
{
	return (struct sr_hop){ SR_UDP, w->addr[!side], w->addr[side], 0 };
}

static char *
text_of(struct sr_str s)
{
	char *p = malloc(s.n + 1);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	p[s.n] = '\0';
	return p;
}

static void
fly(struct wire_net *w, int side, const struct sr_ua_event *e)
{
	struct flying *f;

	if (w->nflying == WIRE_FLYING)
		abort();
	f = &w->flying[w->nflying++];
	f->at = w->now + w->delay;
	f->to = !side;
	f->from = (struct sr_hop){ e->hop.proto, w->addr[!side],
	    w->addr[side], e->hop.proto == SR_UDP ? 0 : 1 };
	f->data = text_of(e->data);
	f->n = e->data.n;
}

void
wire_reply(struct wire_net *w, int side, int status, const char *body,
    enum sr_ua_reliable rel)
{
	struct sr_ua_reply r = { .status = status, .reliable = rel,
	    .require = status < 300 ? SR_STR("siprec") :
	    (struct sr_str){ NULL, 0 } };

	if (body == NULL)
		body = wire_sdp;
	if (status < 300 && body[0] != '\0') {
		r.type = SR_STR("application/sdp");
		r.body = sr_cstr(body);
	}
	sr_ua_reply(w->ua[side], w->tx[side], w->now, &r);
}

static void
request(struct wire_net *w, int side, const struct sr_ua_event *e)
{
	w->tx[side] = e->tx;
	if (e->dialog != NULL)
		w->d[side] = e->dialog;
	if (e->fault != 0)
		sr_ua_refuse(w->ua[side], e->tx, w->now);
	else if (e->method != SR_INVITE && e->method != SR_UPDATE)
		wire_reply(w, side, 200, "", SR_REL_AUTO);
	else if (w->answer != 0)
		wire_reply(w, side, w->answer, e->method == SR_UPDATE &&
		    e->msg->body.n == 0 ? "" : w->answer_body, SR_REL_AUTO);
	if (e->method == SR_INVITE && sr_tx_msg(e->tx) == NULL)
		w->tx[side] = NULL;
}

static void
take(struct wire_net *w, int side, const struct sr_ua_event *e)
{
	struct seen *s;

	if (w->n == WIRE_LOG)
		abort();
	s = &w->log[w->n++];
	*s = (struct seen){ .side = side, .at = w->now, .kind = e->kind,
	    .method = e->method, .status = e->status, .fault = e->fault,
	    .cookie = e->cookie, .why = e->why, .dialog = e->dialog,
	    .tx = e->tx, .hop = e->hop, .retry_after = e->retry_after };
	s->data = text_of(e->kind == SR_UA_SEND ? e->data : e->msg != NULL ?
	    e->msg->body : e->uri);
	if (e->kind == SR_UA_SEND) {
		s->lost = w->loses != NULL && w->loses(w, s);
		for (int i = 0; !s->lost && i <= w->copies; i++)
			fly(w, side, e);
	} else if (e->kind == SR_UA_REQUEST) {
		request(w, side, e);
	} else if (e->kind == SR_UA_RESOLVE) {
		w->resolve = e->ticket;
	}
	if (e->kind == SR_UA_ACKED)
		w->d[side] = e->dialog;
	if (e->kind == SR_UA_OVER && w->d[side] == e->dialog)
		w->d[side] = NULL;
}

void
wire_drain(struct wire_net *w)
{
	const struct sr_ua_event *e;

	for (int i = 0; i < 2; i++)
		while ((e = sr_ua_next(w->ua[i])) != NULL)
			take(w, i, e);
}

static void
land(struct wire_net *w, size_t i)
{
	struct flying f = w->flying[i];

	memmove(&w->flying[i], &w->flying[i + 1],
	    (--w->nflying - i) * sizeof(f));
	sr_ua_receive(w->ua[f.to], &f.from, w->now, guarded(f.data, f.n));
	free(f.data);
	wire_drain(w);
}

static size_t
first_flying(const struct wire_net *w)
{
	size_t best = 0;

	for (size_t i = 1; i < w->nflying; i++)
		if (w->flying[i].at < w->flying[best].at)
			best = i;
	return best;
}

void
wire_run(struct wire_net *w, sr_time how_long)
{
	sr_time end = w->now + how_long, next, due;
	size_t f;

	for (wire_drain(w);; wire_drain(w)) {
		f = first_flying(w);
		next = w->nflying > 0 ? w->flying[f].at : SR_NEVER;
		for (int i = 0; i < 2; i++)
			if ((due = sr_ua_due(w->ua[i])) < next)
				next = due;
		if (next > end)
			break;
		if (next > w->now)
			w->now = next;
		if (w->nflying > 0 && w->flying[f].at <= w->now) {
			land(w, f);
			continue;
		}
		for (int i = 0; i < 2; i++) {
			sr_ua_tick(w->ua[i], w->now);
			wire_drain(w);
		}
	}
	w->now = end;
}

void
wire_tell_raw(struct wire_net *w, int side, const struct sr_hop *from,
    struct sr_str raw)
{
	struct sr_hop hop = { SR_UDP, w->addr[side], w->addr[!side], 0 };

	sr_ua_receive(w->ua[side], from != NULL ? from : &hop, w->now,
	    guarded(raw.p, raw.n));
	wire_drain(w);
}

void
wire_tell(struct wire_net *w, int side, const char *text)
{
	struct sr_buf b;

	sr_buf_init(&b, 1 << 20);
	for (; *text != '\0'; text++) {
		if (*text == '$')
			sr_buf_add(&b, SR_STR("\r\n"));
		else
			sr_buf_addc(&b, *text);
	}
	wire_tell_raw(w, side, NULL, sr_buf_str(&b));
	sr_buf_free(&b);
}

static struct sr_hop call_hop;

struct sr_ua_invite
wire_invite(void)
{
	return (struct sr_ua_invite){
		.uri = SR_STR("sip:rec@192.0.2.2"),
		.from = SR_STR("sip:alice@192.0.2.1"),
		.require = SR_STR("siprec"),
		.type = SR_STR("application/sdp"), .body = sr_cstr(wire_sdp),
		.rel = SR_100REL_SUPPORTED, .cookie = 1,
		.hops = &call_hop, .nhops = 1
	};
}

struct sr_dialog *
wire_call(struct wire_net *w, const struct sr_ua_invite *more)
{
	struct sr_ua_invite in = wire_invite();

	call_hop = wire_hop(w, SERVER);
	if (more != NULL)
		in = *more;
	if (sr_ua_invite(w->ua[CLIENT], w->now, &in, &w->d[CLIENT]) != SR_OK)
		return NULL;
	wire_drain(w);
	return w->d[CLIENT];
}

static bool
fits(const struct seen *s, int side, enum sr_ua_kind kind, enum sr_method m,
    int status)
{
	return s->side == side && s->kind == kind &&
	    (m == SR_M_NONE || s->method == m) &&
	    (status < 0 || s->status == status);
}

size_t
wire_count(const struct wire_net *w, int side, enum sr_ua_kind kind,
    enum sr_method m, int status)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += fits(&w->log[i], side, kind, m, status);
	return n;
}

const struct seen *
wire_nth(const struct wire_net *w, int side, enum sr_ua_kind kind,
    enum sr_method m, int status, size_t n)
{
	static const struct seen none = { .data = NULL, .why = "" };

	for (size_t i = 0; i < w->n; i++)
		if (fits(&w->log[i], side, kind, m, status) && n-- == 0)
			return &w->log[i];
	return &none;
}

const struct seen *
wire_last(const struct wire_net *w, int side, enum sr_ua_kind kind,
    enum sr_method m, int status)
{
	size_t n = wire_count(w, side, kind, m, status);

	return wire_nth(w, side, kind, m, status, n > 0 ? n - 1 : 0);
}

bool
wire_says(const struct seen *s, const char *text)
{
	return s->data != NULL && strstr(s->data, text) != NULL;
}

struct sr_str
wire_header(const struct seen *s, const char *name)
{
	struct sr_str rest = sr_cstr(s->data), line;
	size_t n = strlen(name);

	while (sr_strline(&rest, &line) && line.n > 0)
		if (line.n > n && line.p[n] == ':' &&
		    memcmp(line.p, name, n) == 0)
			return sr_trim(sr_substr(line, n + 1, line.n));
	return (struct sr_str){ NULL, 0 };
}
