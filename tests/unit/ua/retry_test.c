#include "unit/test.h"
#include "unit/ua/wire.h"
#include "siprec/crypt.h"

static const struct sr_str none = { NULL, 0 };

/* An answer by hand to the last INVITE of the client. */
static void
answer(struct wire_net *w, int status, const char *more)
{
	const struct seen *s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	char text[4096];

	snprintf(text, sizeof(text), "SIP/2.0 %d X$Via: %.*s$From: %.*s$"
	    "To: <sip:rec@192.0.2.2>;tag=z$Call-ID: %.*s$CSeq: %.*s$%s$",
	    status, SR_FMT(wire_header(s, "Via")),
	    SR_FMT(wire_header(s, "From")), SR_FMT(wire_header(s, "Call-ID")),
	    SR_FMT(wire_header(s, "CSeq")), more);
	wire_tell(w, CLIENT, text);
}

static bool
all(struct wire_net *w, const struct seen *s)
{
	(void)w;
	(void)s;
	return true;
}

static void
md5(int side, struct sr_ua_cfg *c)
{
	(void)side;
	c->allow_md5 = true;
}

static struct wire_net *
calling(void (*cfg)(int, struct sr_ua_cfg *), struct sr_ua_invite *in)
{
	struct wire_net *w = wire_up(cfg);
	static struct sr_ua_auth auth;

	auth = (struct sr_ua_auth){ .user = SR_STR("Mufasa"),
	    .password = SR_STR("Circle of Life") };
	in->auth = &auth;
	w->loses = all;
	wire_call(w, in);
	return w;
}

static size_t
invites(const struct wire_net *w)
{
	return wire_count(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
}

/* The digest as RFC 7616 section 3.4.1 spells it, by another hand. */
static void
expect(struct sr_str line, enum sr_digest alg, const char *method,
    const char *uri, struct sr_str realm, struct sr_str nonce)
{
	struct sr_str v[3], params, cnonce, nc, response;
	struct sr_buf b, hex[3];
	uint8_t out[64];
	char copy[2048];
	size_t n = alg == SR_MD5 ? 16 : 32;

	snprintf(copy, sizeof(copy), ";%.*s", SR_FMT(sr_substr(line, 7,
	    line.n)));
	for (char *p = copy; *p != '\0'; p++)
		if (*p == ',')
			*p = ';';
	params = sr_cstr(copy);
	CHECK(sr_param(params, "cnonce", &cnonce));
	CHECK(sr_param(params, "nc", &nc));
	CHECK(sr_param(params, "response", &response));
	for (int i = 0; i < 3; i++) {
		sr_buf_init(&b, 4096);
		sr_buf_init(&hex[i], 4096);
		if (i == 0)
			sr_buf_fmt(&b, "Mufasa:%.*s:Circle of Life",
			    SR_FMT(realm));
		else if (i == 1)
			sr_buf_fmt(&b, "%s:%s", method, uri);
		else
			sr_buf_fmt(&b, "%.*s:%.*s:%.*s:%.*s:auth:%.*s",
			    SR_FMT(v[0]), SR_FMT(nonce), SR_FMT(nc),
			    SR_FMT(cnonce), SR_FMT(v[1]));
		sr_crypto_openssl.hash(alg, sr_buf_str(&b), out);
		sr_hex_add(&hex[i], out, n);
		v[i] = sr_buf_str(&hex[i]);
		sr_buf_free(&b);
	}
	CHECK(sr_streq(v[2], response));
	for (int i = 0; i < 3; i++)
		sr_buf_free(&hex[i]);
}

TEST(ua_topmost_challenge_that_is_known_is_answered_once)
{
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = calling(NULL, &in);
	const struct seen *first = wire_nth(w, CLIENT, SR_UA_SEND, SR_INVITE,
	    0, 0), *s;
	uint64_t a, b;

	answer(w, 401,
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n0\", qop=\"auth\""
	    ", algorithm=TOKEN-9$"
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n1\", "
	    "qop=\"auth,auth-int\", algorithm=SHA-256, opaque=\"oo\"$"
	    "WWW-Authenticate: Digest realm=\"r\", nonce=\"n2\", "
	    "qop=\"auth\", algorithm=MD5$");
	CHECK_EQ(invites(w), 2);
	s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	CHECK(wire_says(s, "algorithm=SHA-256, opaque=\"oo\", qop=auth, "
	    "nc=00000001, cnonce="));
	expect(wire_header(s, "Authorization"), SR_SHA256, "INVITE",
	    "sip:rec@192.0.2.2", SR_STR("r"), SR_STR("n1"));
	CHECK(sr_streq(wire_header(first, "Call-ID"),
	    wire_header(s, "Call-ID")));
	a = strtoull(wire_header(first, "CSeq").p, NULL, 10);
	b = strtoull(wire_header(s, "CSeq").p, NULL, 10);
	CHECK_EQ(b, a + 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_ACK, 0), 1);
	answer(w, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n3\", "
	    "qop=\"auth\", algorithm=SHA-256, stale=true$");
	CHECK_EQ(invites(w), 3);
	answer(w, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"n4\", "
	    "qop=\"auth\", algorithm=SHA-256$");
	CHECK_EQ(invites(w), 3);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, -1)->status,
	    401);
	wire_down(w);
}

TEST(ua_md5_is_answered_only_where_it_is_allowed)
{
	static const char *const c = "Proxy-Authenticate: Digest "
	    "realm=\"r\", nonce=\"n\", qop=\"auth\"$";
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = calling(NULL, &in);

	answer(w, 407, c);
	CHECK_EQ(invites(w), 1);
	wire_down(w);
	w = calling(md5, &in);
	answer(w, 407, c);
	CHECK_EQ(invites(w), 2);
	expect(wire_header(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0),
	    "Proxy-Authorization"), SR_MD5, "INVITE", "sip:rec@192.0.2.2",
	    SR_STR("r"), SR_STR("n"));
	wire_down(w);
}

TEST(ua_503_and_silence_lead_to_the_next_hop)
{
	struct sr_ua_invite in = wire_invite();
	struct sr_hop hops[3];
	struct wire_net *w = wire_up(NULL);

	for (int i = 0; i < 3; i++) {
		hops[i] = wire_hop(w, SERVER);
		hops[i].remote.port = (uint16_t)(6000 + i);
	}
	in.hops = hops;
	in.nhops = 3;
	w->loses = all;
	wire_call(w, &in);
	answer(w, 503, "");
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0)->
	    hop.remote.port, 6001);
	wire_run(w, 33 * SR_SEC);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0)->
	    hop.remote.port, 6002);
	answer(w, 503, "Retry-After: 18 (busy);duration=3$");
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, 503)->
	    retry_after, 18);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_lost_hop_leads_to_the_next_at_once)
{
	struct sr_ua_invite in = wire_invite();
	struct sr_hop hops[2];
	struct wire_net *w = wire_up(NULL);

	hops[0] = hops[1] = wire_hop(w, SERVER);
	hops[0].proto = SR_TCP;
	in.hops = hops;
	in.nhops = 2;
	w->loses = all;
	wire_call(w, &in);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0)->hop.proto,
	    SR_TCP);
	sr_ua_lost(w->ua[CLIENT], &hops[0], w->now);
	wire_drain(w);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0)->hop.proto,
	    SR_UDP);
	sr_ua_lost(w->ua[CLIENT], &hops[1], w->now);
	wire_drain(w);
	CHECK_STR(sr_cstr(wire_last(w, CLIENT, SR_UA_FAILED, SR_INVITE,
	    -1)->why), "transport");
	wire_down(w);
}

static void
large(int side, struct sr_ua_cfg *c)
{
	(void)side;
	c->tcp_for_large = true;
}

TEST(ua_large_invite_tries_tcp_and_falls_back_to_udp)
{
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = wire_up(large);
	char body[4096];
	const struct seen *s;

	memset(body, 'x', sizeof(body));
	memcpy(body, wire_sdp, strlen(wire_sdp));
	in.body = (struct sr_str){ body, sizeof(body) };
	w->loses = all;
	wire_call(w, &in);
	s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	CHECK_EQ(s->hop.proto, SR_TCP);
	CHECK(wire_says(s, "Via: SIP/2.0/TCP "));
	CHECK(wire_says(s, ";transport=tcp>"));
	sr_ua_lost(w->ua[CLIENT], &s->hop, w->now);
	wire_drain(w);
	s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	CHECK_EQ(s->hop.proto, SR_UDP);
	CHECK(wire_says(s, "Via: SIP/2.0/UDP "));
	wire_down(w);
	w = wire_up(large);
	w->loses = all;
	in.body = sr_cstr(wire_sdp);
	wire_call(w, &in);
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0)->hop.proto,
	    SR_UDP);
	wire_down(w);
}

TEST(ua_redirection_is_followed_five_times)
{
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = calling(NULL, &in);
	char more[128];

	for (int i = 0; i < 8; i++) {
		snprintf(more, sizeof(more),
		    "Contact: \"x, y\" <sip:rec@192.0.2.%d>;q=0.5$", 10 + i);
		answer(w, 302, more);
	}
	CHECK_EQ(invites(w), 6);
	CHECK(wire_says(wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0),
	    "INVITE sip:rec@192.0.2.14 SIP/2.0\r\n"));
	CHECK_EQ(wire_last(w, CLIENT, SR_UA_RESPONSE, SR_INVITE, -1)->status,
	    302);
	wire_down(w);
}

TEST(ua_own_expires_cancels)
{
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = wire_up(NULL);

	in.expires = 5;
	wire_call(w, &in);
	wire_run(w, 4900 * SR_MSEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0), 0);
	wire_run(w, SR_SEC);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_SEND, SR_CANCEL, 0), 1);
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_down(w);
}

TEST(ua_responses_that_are_not_ours_change_nothing)
{
	struct sr_ua_invite in = wire_invite();
	struct wire_net *w = calling(NULL, &in);
	const struct seen *s = wire_last(w, CLIENT, SR_UA_SEND, SR_INVITE, 0);
	char text[2048];

	snprintf(text, sizeof(text), "SIP/2.0 200 OK$Via: %.*s$From: "
	    "<sip:alice@192.0.2.1>;tag=bad$To: <sip:x@y>;tag=z$Call-ID: %.*s$"
	    "CSeq: %.*s$$", SR_FMT(wire_header(s, "Via")),
	    SR_FMT(wire_header(s, "Call-ID")),
	    SR_FMT(wire_header(s, "CSeq")));
	wire_tell(w, CLIENT, text);
	answer(w, 200, "Via: SIP/2.0/UDP 192.0.2.77$");
	answer(w, 200, "Content-Length: 9999$");
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_M_NONE, -1), 0);
	answer(w, 200, "Content-Length: 0$");
	CHECK_EQ(wire_count(w, CLIENT, SR_UA_RESPONSE, SR_M_NONE, -1), 1);
	sr_dialog_bye(w->d[CLIENT], w->now, none, none, none);
	wire_drain(w);
	wire_down(w);
}
