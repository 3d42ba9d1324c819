#include "unit/serve/rig.h"

#define PLAIN								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 12240 RTP/AVP 0\r\n"
#define SENDONLY PLAIN "a=sendonly\r\n"
#define UNKNOWN								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 12240 RTP/AVP 99\r\na=rtpmap:99 foo/8000\r\n"	\
	"a=sendonly\r\n"
#define VIDEO								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=video 12240 RTP/AVP 99\r\n"
#define SRC "<sip:src@192.0.2.1:5060>;+sip.src"
#define NO_SRC "<sip:src@192.0.2.1:5060>"

/* Rows of requirements.md 2.3, with the numbers they have there. */
static const struct row {
	int row;
	bool strict;
	const char *contact, *headers, *type, *body;
	int status;
	const char *says;		/* in the answer */
} rows[] = {
	{ 6, false, SRC, RIG_MARKS, RIG_SDP, SENDONLY, 200, "a=recvonly" },
	{ 6, true, SRC, RIG_MARKS, RIG_SDP, SENDONLY, 200, "a=recvonly" },
	{ 7, false, SRC, "Require: siprec, foo\r\n", RIG_SDP, SENDONLY, 420,
	    "Unsupported: foo\r\n" },
	{ 7, false, SRC, "Require: siprec, join\r\n", RIG_SDP, SENDONLY, 420,
	    "Unsupported: join\r\n" },
	{ 8, false, SRC, RIG_MARKS "Replaces: a;to-tag=1;from-tag=2\r\n",
	    RIG_SDP, SENDONLY, 481, NULL },
	{ 8, false, SRC, RIG_MARKS "Replaces: a;to-tag=1\r\n", RIG_SDP,
	    SENDONLY, 400, NULL },
	{ 9, false, SRC, RIG_MARKS "Supported: timer\r\n"
	    "Session-Expires: 60\r\n", RIG_SDP, SENDONLY, 422,
	    "Min-SE: 90\r\n" },
	{ 9, false, SRC, RIG_MARKS "Session-Expires: 60\r\n", RIG_SDP,
	    SENDONLY, 200, NULL },
	{ 10, false, SRC, RIG_MARKS, "application/foo", "bar", 415,
	    "Accept: application/sdp" },
	{ 11, true, SRC, "", RIG_SDP, SENDONLY, 421, "Require: siprec\r\n" },
	{ 11, false, SRC, "", RIG_SDP, SENDONLY, 200, NULL },
	{ 11, true, SRC, "Supported: siprec\r\n", RIG_SDP, SENDONLY, 421,
	    NULL },
	{ 12, true, NO_SRC, RIG_MARKS, RIG_SDP, SENDONLY, 403,
	    "no +sip.src in Contact" },
	{ 12, false, NO_SRC, RIG_MARKS, RIG_SDP, PLAIN, 200, NULL },
	{ 13, true, NO_SRC, "", RIG_SDP, SENDONLY, 403, "Warning: 399 " },
	{ 13, false, NO_SRC, "", RIG_SDP, SENDONLY, 200, NULL },
	{ 13, false, NO_SRC, "", RIG_SDP, PLAIN, 403,
	    "not a recording session" },
	{ 13, false, "<sip:a@192.0.2.1>;src", "", RIG_SDP, PLAIN, 200, NULL },
	{ 13, false, NO_SRC, "Supported: siprec\r\n", RIG_SDP, PLAIN, 200,
	    NULL },
	{ 13, false, NO_SRC, "", "multipart/mixed;boundary=b",
	    "--b\r\nContent-Type: application/sdp\r\n\r\n" PLAIN "\r\n"
	    "--b\r\nContent-Type: application/rs-metadata\r\n\r\n<x/>\r\n"
	    "--b--\r\n", 200, "Content-Type: application/sdp\r\n" },
	{ 13, false, NO_SRC, "", NULL, NULL, 403, NULL },
	{ 15, false, SRC, RIG_MARKS, RIG_SDP, "hello", 400, "SDP cannot" },
	{ 16, false, SRC, RIG_MARKS, RIG_SDP, VIDEO, 488, "Warning: 304 " },
	{ 16, true, SRC, RIG_MARKS, RIG_SDP, UNKNOWN, 488, "Warning: 305 " },
	{ 16, false, SRC, RIG_MARKS, RIG_SDP, UNKNOWN, 200,
	    "RTP/AVP 99\r\n" },
	{ 17, false, SRC, RIG_MARKS, "multipart/mixed;boundary=b",
	    "--b\r\nContent-Type: application/sdp\r\n\r\n" SENDONLY "\r\n"
	    "--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n<rec"
	    "\r\n--b--\r\n", 200, NULL },
	{ 17, true, SRC, RIG_MARKS, "multipart/mixed;boundary=b",
	    "--b\r\nContent-Type: application/sdp\r\n\r\n" SENDONLY "\r\n"
	    "--b\r\nContent-Type: application/rs-metadata+xml\r\n\r\n<rec"
	    "\r\n--b--\r\n", 400, "metadata cannot be read" },
	{ 18, false, SRC, RIG_MARKS, "multipart/mixed;boundary=b",
	    "--b\r\nContent-Type: application/sdp\r\n\r\n" SENDONLY "\r\n"
	    "--b\r\nContent-Type: application/foo\r\n\r\nbar\r\n--b--\r\n",
	    200, NULL },
};

static void
strict(struct sr_serve_cfg *c)
{
	c->strict = true;
}

TEST(serve_follows_each_row_of_the_decision_table)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *v = &rows[i];
		struct rig *r = rig_up(v->strict ? strict : NULL);

		r->contact = v->contact;
		rig_ask(r, "INVITE", v->headers, v->type, v->body);
		if (rig_status(r) != v->status ||
		    (v->says != NULL && !rig_says(rig_last(r, SR_INVITE,
		    v->status), v->says)))
			test_fail(__FILE__, __LINE__, "row %d (%zu): %d\n%s",
			    v->row, i, rig_status(r), r->nsent > 0 ?
			    r->sent[r->nsent - 1].p : "nothing");
		CHECK(!rig_says(rig_last(r, SR_INVITE, 200), "rs-metadata+xml"
		    "\r\n\r\n"));
		rig_down(r);
	}
}

TEST(serve_unknown_tag_is_asked_for_but_answered_when_not_required)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "INVITE", "Supported: foo, siprec\r\n", RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 200);
	rig_down(r);
}

/* ---- rows 3 to 6 ---- */

static struct sr_auth_users users;
static char credentials[] = "bob:siprec:SHA-256:"
    "0000000000000000000000000000000000000000000000000000000000000000\n";

static void
with_auth(struct sr_serve_cfg *c)
{
	size_t line;

	CHECK_EQ(sr_auth_users_read(&users, sr_cstr(credentials), &line),
	    SR_OK);
	c->users = &users;
}

TEST(serve_challenges_before_everything_but_cancel_and_ack)
{
	struct rig *r = rig_up(with_auth);
	struct sr_serve_stats st;

	rig_ask(r, "INVITE", "Require: foo\r\n", RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 401);
	CHECK(rig_says(rig_last(r, SR_INVITE, 401),
	    "WWW-Authenticate: Digest realm=\"siprec\""));
	CHECK(!rig_says(rig_last(r, SR_INVITE, 401), "stale=true"));
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 401);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.refused[401], 1);
	rig_down(r);
	sr_auth_users_free(&users);
}

TEST(serve_takes_right_credentials)
{
	static const struct sr_auth_try who = { .user = SR_STR("bob"),
	    .password = SR_STR("secret"), .method = SR_STR("INVITE"),
	    .uri = SR_STR("sip:rec@192.0.2.2:5060"),
	    .cnonce = SR_STR("abcdef"), .nc = 1 };
	struct sr_buf line, head;
	struct sr_auth a;
	struct sr_msg m;
	struct rig *r;

	sr_buf_init(&line, 1000);
	sr_buf_init(&head, 4000);
	CHECK_EQ(sr_auth_line(&line, &sr_crypto_openssl, SR_SHA256,
	    who.user, SR_STR("siprec"), who.password), SR_OK);
	snprintf(credentials, sizeof(credentials), "%.*s",
	    SR_FMT(sr_buf_str(&line)));
	r = rig_up(with_auth);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	const struct rig_sent *t = rig_last(r, SR_INVITE, 401);
	CHECK(t != NULL);
	CHECK_EQ(sr_msg_parse(&m, (struct sr_str){ t->p, t->n }), SR_OK);
	CHECK_EQ(sr_auth_choose(&a, &m), SR_OK);
	sr_buf_add(&head, SR_STR(RIG_MARKS "Authorization: "));
	CHECK_EQ(sr_auth_answer(&head, &sr_crypto_openssl, &a, &who), SR_OK);
	sr_buf_add(&head, SR_STR("\r\n"));
	sr_buf_addc(&head, '\0');
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", head.p, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 200);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_ask(r, "INVITE", head.p, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 401);	/* the same count again */
	sr_msg_free(&m);
	sr_buf_free(&line);
	sr_buf_free(&head);
	rig_down(r);
	sr_auth_users_free(&users);
}

static struct sr_cidr only[1];

static void
with_list(struct sr_serve_cfg *c)
{
	CHECK_EQ(sr_cidr_parse(&only[0], SR_STR("198.51.100.0/23")), SR_OK);
	c->allow = only;
	c->nallow = 1;
}

TEST(serve_allow_list_refuses_strangers)
{
	static const struct { const char *from; int status; } v[] = {
		{ "192.0.2.1:5060", 403 }, { "198.51.100.7:5060", 200 },
		{ "198.51.101.7:5060", 200 }, { "198.51.102.7:5060", 403 },
		{ "[::ffff:198.51.100.7]:5060", 200 },
		{ "[2001:db8::1]:5060", 403 } };

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct rig *r = rig_up(with_list);

		CHECK_EQ(sr_addr_parse(&r->peer, sr_cstr(v[i].from)), SR_OK);
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
		CHECK_EQ(rig_status(r), v[i].status);
		r->to_tag[0] = '\0';
		rig_ask(r, "OPTIONS", NULL, NULL, NULL);
		CHECK_EQ(rig_status(r), v[i].status);
		rig_down(r);
	}
}

TEST(serve_cidr_is_read_strictly)
{
	static const char *const bad[] = { "", "/8", "1.2.3.4/33",
	    "1.2.3.4:5/8", "::/129", "1.2.3.4/", "1.2.3.4/x", "a/8" };
	struct sr_cidr c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_EQ(sr_cidr_parse(&c, guarded(bad[i], strlen(bad[i]))),
		    SR_EBAD);
	CHECK_EQ(sr_cidr_parse(&c, SR_STR("2001:db8::1")), SR_OK);
	CHECK_EQ(c.bits, 128);
	CHECK_EQ(sr_cidr_parse(&c, SR_STR("0.0.0.0/0")), SR_OK);
}

static void
secure(struct sr_serve_cfg *c)
{
	static const struct sr_str hosts[] = { SR_STR("srs.example.com"),
	    SR_STR("192.0.2.9") };

	c->secure = true;
	c->hosts = hosts;
	c->nhosts = 2;
}

TEST(serve_tls_and_our_names_can_be_asked_for)
{
	struct rig *r = rig_up(secure);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 403);
	CHECK(rig_says(rig_last(r, SR_INVITE, 403), "TLS is required"));
	r->proto = SR_TLS;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 404);
	rig_down(r);
}

static void
named(struct sr_serve_cfg *c)
{
	static const struct sr_str hosts[] = { SR_STR("192.0.2.2") };

	c->hosts = hosts;
	c->nhosts = 1;
}

TEST(serve_answers_for_its_own_names)
{
	struct rig *r = rig_up(named);

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 200);
	rig_down(r);
}

TEST(serve_merged_request_is_482_and_a_copy_is_no_second_call)
{
	struct rig *r = rig_up(NULL);
	struct sr_serve_stats st;

	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	r->to_tag[0] = '\0';
	r->cseq--;
	r->branch--;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.legs, 1);
	r->to_tag[0] = '\0';
	r->cseq--;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SENDONLY);
	CHECK_EQ(rig_status(r), 482);
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.legs, 1);
	rig_down(r);
}

TEST(serve_methods_it_does_not_do)
{
	static const struct { const char *method; int status; } v[] = {
		{ "REGISTER", 405 }, { "PUBLISH", 405 }, { "MESSAGE", 405 },
		{ "REFER", 405 }, { "FOO", 501 }, { "INFO", 481 },
		{ "BYE", 481 }, { "UPDATE", 481 }, { "PRACK", 481 },
		{ "CANCEL", 481 } };
	struct rig *r = rig_up(NULL);

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		rig_ask(r, v[i].method, NULL, NULL, NULL);
		CHECK_EQ(rig_status(r), v[i].status);
	}
	rig_down(r);
}

/* ---- row 14 ---- */

static void
two(struct sr_serve_cfg *c)
{
	c->max_sessions = 2;
}

TEST(serve_full_is_503_for_invite_and_options)
{
	struct rig *r = rig_up(two);
	struct sr_serve_stats st;

	rig_call(r, RIG_OFFER);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_call(r, RIG_OFFER);
	r->to_tag[0] = '\0';
	r->call_id = "call-3";
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 503);
	CHECK(rig_says(rig_last(r, SR_INVITE, 503), "Retry-After: 30\r\n"));
	r->call_id = "ping";
	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	CHECK_EQ(rig_status(r), 503);
	CHECK(rig_says(rig_last(r, SR_OPTIONS, 503), "Retry-After: 30\r\n"));
	sr_serve_stats(r->s, &st);
	CHECK_EQ(st.refused[503], 1);
	CHECK_EQ(st.now, 2);
	rig_down(r);
}

TEST(serve_options_tells_all_it_can)
{
	struct rig *r = rig_up(NULL);

	rig_ask(r, "OPTIONS", NULL, NULL, NULL);
	const struct rig_sent *t = rig_last(r, SR_OPTIONS, 200);
	CHECK(rig_says(t, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, "
	    "PRACK, INFO"));
	CHECK(rig_says(t, "Supported: timer, replaces, 100rel, siprec\r\n"));
	CHECK(rig_says(t, "Accept: application/sdp, "));
	CHECK(rig_says(t, ">;+sip.srs\r\n"));
	rig_down(r);
}

TEST(serve_draining_refuses_new_calls_and_tells_when_empty)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	sr_serve_drain(r->s, true, r->now);
	rig_drain(r);
	CHECK_EQ(rig_events(r, "IDLE"), 0);
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 200);
	rig_ack(r, NULL);
	char tag[64];
	strcpy(tag, r->to_tag);
	r->to_tag[0] = '\0';
	r->call_id = "call-2";
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 503);
	r->call_id = "call-1";
	strcpy(r->to_tag, tag);
	rig_ask(r, "BYE", NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "IDLE"), 1);
	sr_serve_drain(r->s, false, r->now);
	r->to_tag[0] = '\0';
	r->call_id = "call-3";
	rig_call(r, RIG_OFFER);
	sr_serve_full(r->s, true);
	r->to_tag[0] = '\0';
	r->call_id = "call-4";
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, RIG_OFFER);
	CHECK_EQ(rig_status(r), 503);
	rig_down(r);
}

TEST(serve_shutdown_ends_all_with_stopped)
{
	struct rig *r = rig_up(NULL);

	rig_call(r, RIG_OFFER);
	sr_serve_shutdown(r->s, "stopped", r->now);
	rig_drain(r);
	CHECK(rig_says(rig_last(r, SR_BYE, 0),
	    "Reason: SIP;cause=200;text=\"stopped\"\r\n"));
	CHECK_EQ(rig_events(r, "IDLE"), 0);
	rig_say(r, 200, NULL, NULL, NULL);
	CHECK_EQ(rig_events(r, "IDLE"), 1);
	rig_down(r);
}

TEST(serve_too_many_lines_are_488)
{
	struct rig *r = rig_up(NULL);
	struct sr_buf b;

	sr_buf_init(&b, 100000);
	sr_buf_add(&b, SR_STR(SENDONLY));
	for (int i = 1; i < 64; i++)
		sr_buf_add(&b, SR_STR("m=audio 9000 RTP/AVP 0\r\n"));
	size_t n = b.n;
	sr_buf_add(&b, SR_STR("m=audio 9000 RTP/AVP 0\r\n\0"));
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, b.p);
	CHECK_EQ(rig_status(r), 488);
	b.p[n] = '\0';
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, b.p);
	CHECK_EQ(rig_status(r), 200);
	CHECK(rig_says(rig_last(r, SR_INVITE, 200), "m=audio 20126 "));
	sr_buf_free(&b);
	rig_down(r);
}
