#include "unit/serve/rig.h"

#define SDP								\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\nm=audio 12240 RTP/AVP 0\r\na=sendonly\r\n"

static const char *pattern;

static void
only(struct sr_serve_cfg *cfg)
{
	static struct sr_str who;

	who = sr_cstr(pattern);
	cfg->who = &who;
	cfg->nwho = 1;
}

static void
three_a_second(struct sr_serve_cfg *cfg)
{
	cfg->calls_a_second = 3;
}

static int
status_of(struct rig *r)
{
	return rig_status(r);
}

static int
call_as(const char *who, const char *identity)
{
	struct rig *r;
	int status;

	pattern = who;
	r = rig_up(only);
	r->identity = identity;
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	status = status_of(r);
	rig_down(r);
	return status;
}

TEST(serve_takes_only_the_identities_it_is_told)
{
	CHECK_EQ(call_as("sip:sbc.example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:*.example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("SIP:*.Example.com", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:b*.com", "sip:a.org, sip:b.example.com"), 200);
	CHECK_EQ(call_as("*", "sip:sbc.example.com"), 200);
	CHECK_EQ(call_as("sip:*.example.com", "sip:example.com"), 403);
	CHECK_EQ(call_as("sip:example.com", "sip:example.com.evil.org"), 403);
	CHECK_EQ(call_as("sip:*.example.com", "sip:a.example.com.org"), 403);
	CHECK_EQ(call_as("sip:example.com", ""), 403);
	CHECK_EQ(call_as("*", ""), 403);
	CHECK_EQ(call_as("*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	    403);
}

TEST(serve_takes_so_many_calls_a_second_of_one_address)
{
	struct rig *r = rig_up(three_a_second);
	const char *ids[] = { "a", "b", "c", "d", "e" };

	for (int i = 0; i < 4; i++) {
		r->call_id = ids[i];
		r->to_tag[0] = '\0';
		rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
		CHECK_EQ(status_of(r), i < 3 ? 200 : 503);
	}
	r->peer.ip[3]++;		/* somebody else */
	r->call_id = "other";
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	CHECK_EQ(status_of(r), 200);
	r->peer.ip[3]--;
	r->now += SR_SEC;
	r->call_id = ids[4];
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", RIG_MARKS, RIG_SDP, SDP);
	CHECK_EQ(status_of(r), 200);
	rig_down(r);
}

/* Whoever has another certificate, or none, cannot end the call. */
TEST(serve_hears_only_who_began_the_dialog)
{
	struct rig *r = rig_up(NULL);
	size_t sent;

	r->identity = "sip:sbc.example.com";
	rig_call(r, SDP);
	sent = r->nsent;
	r->identity = "sip:other.example.com";
	rig_ask(r, "BYE", "", NULL, NULL);
	r->identity = NULL;
	rig_ask(r, "BYE", "", NULL, NULL);
	CHECK_EQ(r->nsent, sent);
	r->identity = "sip:sbc.example.com";
	rig_ask(r, "BYE", "", NULL, NULL);
	CHECK_EQ(status_of(r), 200);
	rig_down(r);
}

/* ---- the Identity header ---- */

static enum sr_passport_policy policy;
static int verdict;

static int
judge(const struct sr_signers *from, const struct sr_signature *sig,
    sr_time now)
{
	(void)from, (void)sig, (void)now;
	return verdict;
}

static void
asks_for_identity(struct sr_serve_cfg *cfg)
{
	static struct sr_crypto crypto;

	crypto = *cfg->ua.crypto;
	crypto.verify = judge;
	cfg->ua.crypto = &crypto;
	cfg->passport = policy;
}

/* A call with these headers when the signature is found to be err. */
static struct rig *
signed_call(enum sr_passport_policy how, int err, bool dated,
    const char *identity)
{
	static char text[400];
	struct rig *r;
	struct sr_buf date;

	policy = how;
	verdict = err;
	r = rig_up(asks_for_identity);
	sr_buf_init(&date, 100);
	sr_date_add(&date, dated ? r->now : r->now - 3600 * SR_SEC);
	snprintf(text, sizeof(text), "%sDate: %.*s\r\n%s%s%s", RIG_MARKS,
	    SR_FMT(date), identity != NULL ? "Identity: " : "",
	    identity != NULL ? identity : "", identity != NULL ? "\r\n" : "");
	sr_buf_free(&date);
	rig_ask(r, "INVITE", text, RIG_SDP, SDP);
	return r;
}

static int
signed_status(enum sr_passport_policy how, int err, bool dated,
    const char *identity)
{
	struct rig *r = signed_call(how, err, dated, identity);
	int status = status_of(r);

	rig_down(r);
	return status;
}

#define PASSPORT "..Z29vZA;info=<https://a>"

TEST(serve_that_requires_an_identity_says_what_is_wrong_with_it)
{
	enum sr_passport_policy must = SR_PASSPORT_REQUIRE;
	struct rig *r;

	CHECK_EQ(signed_status(must, SR_OK, true, PASSPORT), 200);
	CHECK_EQ(signed_status(must, SR_OK, true, NULL), 428);
	CHECK_EQ(signed_status(must, SR_OK, true, PASSPORT ";ppt=x"), 428);
	CHECK_EQ(signed_status(must, SR_OK, false, PASSPORT), 403);
	CHECK_EQ(signed_status(must, SR_ENOENT, true, PASSPORT), 436);
	CHECK_EQ(signed_status(must, SR_EUNSUP, true, PASSPORT), 437);
	CHECK_EQ(signed_status(must, SR_EAUTH, true, PASSPORT), 438);
	r = signed_call(must, SR_OK, false, PASSPORT);
	CHECK(rig_says(rig_last(r, SR_M_NONE, 403), "403 Stale Date\r\n"));
	CHECK(rig_says(rig_last(r, SR_M_NONE, 403), "Warning: 399 "));
	rig_down(r);
}

TEST(serve_that_logs_identities_refuses_nobody)
{
	static const struct {
		int err;
		bool dated;
		const char *identity, *word;
	} v[] = {
		{ SR_OK, true, PASSPORT, "verified" },
		{ SR_OK, true, NULL, "none" },
		{ SR_OK, false, PASSPORT, "stale" },
		{ SR_ENOENT, true, PASSPORT, "unknown" },
		{ SR_EUNSUP, true, PASSPORT, "untrusted" },
		{ SR_EAUTH, true, PASSPORT, "invalid" }
	};
	struct sr_serve_who who;

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct rig *r = signed_call(SR_PASSPORT_LOG, v[i].err,
		    v[i].dated, v[i].identity);

		CHECK_EQ(status_of(r), 200);
		CHECK(sr_serve_who(r->s, sr_cstr(r->call_id), &who));
		CHECK_STR(sr_cstr(who.passport), v[i].word);
		CHECK(who.orig.n > 0 && who.dest.n > 0);
		rig_down(r);
	}
	CHECK_EQ(signed_status(SR_PASSPORT_IGNORE, SR_EAUTH, true, PASSPORT),
	    200);
}

/* Whoever signs for the client sends it again by another branch. */
TEST(serve_takes_a_better_identity_of_the_same_request)
{
	struct rig *r = signed_call(SR_PASSPORT_REQUIRE, SR_EAUTH, true,
	    PASSPORT);
	struct sr_buf date;
	char text[400];

	CHECK_EQ(status_of(r), 438);
	verdict = SR_OK;
	r->cseq--;
	sr_buf_init(&date, 100);
	sr_date_add(&date, r->now);
	snprintf(text, sizeof(text), RIG_MARKS "Date: %.*s\r\nIdentity: "
	    PASSPORT "\r\n", SR_FMT(date));
	sr_buf_free(&date);
	r->to_tag[0] = '\0';
	rig_ask(r, "INVITE", text, RIG_SDP, SDP);
	CHECK_EQ(status_of(r), 200);
	rig_down(r);
}
