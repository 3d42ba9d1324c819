/* Claims about lib/sip/clf.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static struct sr_buf out;

/* The record of RFC 6873 section 5. */
static struct sr_clf
example(void)
{
	return (struct sr_clf){ .time = 1328821153010 * SR_MSEC,
	    .src = { { 192, 0, 2, 200 }, 56485, 4 },
	    .dst = { { 192, 0, 2, 10 }, 5060, 4 },
	    .cseq = SR_STR("1 INVITE"), .uri = SR_STR("sip:192.0.2.10"),
	    .to_uri = SR_STR("sip:192.0.2.10"),
	    .from_uri = SR_STR("sip:1001@example.com:5060"),
	    .from_tag = SR_STR("DL88360fa5fc"),
	    .call_id = SR_STR("DL70dff590c1-1079051554@example.com"),
	    .server_txn = SR_STR("S1781761-88"),
	    .client_txn = SR_STR("C67651-11") };
}

static void
write_it(const struct sr_clf *c)
{
	sr_buf_free(&out);
	sr_buf_init(&out, 200000);
	CHECK_EQ(sr_clf_add(&out, c), SR_OK);
}

/* ---- a reader that trusts the pointers alone ---- */

enum { CSEQ, STATUS, URI, DST, SRC, TO_URI, TO_TAG, FROM_URI, FROM_TAG,
	CALL_ID, SERVER, CLIENT, OPTIONAL };

static size_t
number(struct sr_str s)
{
	char text[10];

	snprintf(text, sizeof(text), "%.*s", SR_FMT(s));
	return strtoul(text, NULL, 16);
}

static size_t
pointer(struct sr_str record, int which)
{
	return number(sr_substr(record, 8 + 4 * (size_t)which, 4));
}

static struct sr_str
field(struct sr_str record, int which)
{
	size_t at = pointer(record, which), end = pointer(record, which + 1);

	/* A tab stands before the next field; the optional ones begin with
	 * theirs. */
	return sr_substr(record, at, end - at - (which + 1 < OPTIONAL));
}

/* But for the pointers, which count from 1 there, against section 4.1. */
TEST(clf_writes_the_record_of_rfc_6873)
{
	struct sr_clf c = example();

	write_it(&c);
	CHECK_STR(sr_buf_str(&out), "A000100,"
	    "0052005B005D006C007C008E009D009F00B900C600EA00F600FF\n"
	    "1328821153.010\tRORUU\t1 INVITE\t-\tsip:192.0.2.10\t"
	    "192.0.2.10:5060\t192.0.2.200:56485\tsip:192.0.2.10\t-\t"
	    "sip:1001@example.com:5060\tDL88360fa5fc\t"
	    "DL70dff590c1-1079051554@example.com\tS1781761-88\t"
	    "C67651-11\n");
}

TEST(clf_pointers_lead_to_every_field)
{
	struct sr_header more[] = {
		{ SR_STR("Contact"), SR_STR("<sip:bob@192.0.2.4>") },
		{ SR_STR("X"), SR_STR("a\x01") }
	};
	struct sr_clf c = example();
	struct sr_str r;

	c.response = c.sent = c.duplicate = c.secret = true;
	c.proto = SR_TLS;
	c.status = 180;
	c.uri = (struct sr_str){ NULL, 0 };
	c.src = (struct sr_addr){ { 0x20, 1, 0x0d, 0xb8, [15] = 1 }, 5061, 6 };
	c.more = more;
	c.nmore = 2;
	write_it(&c);
	r = sr_buf_str(&out);
	CHECK_EQ(number(sr_substr(r, 1, 6)), r.n);
	CHECK_EQ(r.p[r.n - 1], '\n');
	CHECK_EQ(r.p[60], '\n');
	CHECK_STR(sr_substr(r, 61, 21), "1328821153.010\trDSTE\t");
	CHECK_STR(field(r, CSEQ), "1 INVITE");
	CHECK_STR(field(r, STATUS), "180");
	CHECK_STR(field(r, URI), "-");
	CHECK_STR(field(r, DST), "192.0.2.10:5060");
	CHECK_STR(field(r, SRC), "[2001:db8::1]:5061");
	CHECK_STR(field(r, TO_URI), "sip:192.0.2.10");
	CHECK_STR(field(r, TO_TAG), "-");
	CHECK_STR(field(r, FROM_URI), "sip:1001@example.com:5060");
	CHECK_STR(field(r, FROM_TAG), "DL88360fa5fc");
	CHECK_STR(field(r, CALL_ID), "DL70dff590c1-1079051554@example.com");
	CHECK_STR(field(r, SERVER), "S1781761-88");
	CHECK_STR(field(r, CLIENT), "C67651-11");
	/* Section 4.4, example 1. */
	CHECK_STR(sr_substr(r, pointer(r, OPTIONAL), r.n),
	    "\t00@00000000,001C,00,Contact: <sip:bob@192.0.2.4>"
	    "\t00@00000000,0007,01,X: YQE=\n");
}

TEST(clf_what_is_missing_is_not_what_is_a_dash)
{
	struct sr_clf c = example();
	struct sr_str r;

	c.to_tag = SR_STR("-");
	c.from_tag = SR_STR("?");
	c.from_uri = sr_clf_unreadable;
	c.call_id = SR_STR("a\tb\r\nc\x7f");
	c.cseq = SR_STR("--");
	write_it(&c);
	r = sr_buf_str(&out);
	CHECK_STR(field(r, TO_TAG), "%2D");
	CHECK_STR(field(r, FROM_TAG), "%3F");
	CHECK_STR(field(r, FROM_URI), "?");
	CHECK_STR(field(r, CALL_ID), "a b  c ");
	CHECK_STR(field(r, CSEQ), "--");
}

TEST(clf_the_longest_record_still_has_pointers)
{
	static char text[5000];
	struct sr_clf c = example();
	struct sr_str big = { text, sizeof(text) }, r;

	memset(text, 'x', sizeof(text));
	c.cseq = c.uri = c.to_uri = c.to_tag = c.from_uri = c.from_tag = big;
	c.call_id = c.server_txn = c.client_txn = big;
	write_it(&c);
	r = sr_buf_str(&out);
	CHECK_EQ(field(r, CSEQ).n, 4096);
	CHECK_EQ(field(r, CLIENT).n, 4096);
	CHECK_EQ(number(sr_substr(r, 1, 6)), r.n);
	CHECK_EQ(pointer(r, OPTIONAL), r.n - 1);
	out.n = 5;
	out.max = 1000;
	CHECK_EQ(sr_clf_add(&out, &c), SR_ELIMIT);
	CHECK_EQ(out.n, 5);
}

#define MESSAGE "Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"		\
	"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: q\r\n"	\
	"CSeq: 7 INVITE\r\n\r\n"

TEST(clf_takes_a_message_apart)
{
	struct sr_clf c = { .sent = false };
	struct sr_msg m;

	CHECK_EQ(sr_msg_parse(&m, SR_STR("INVITE sip:c@d SIP/2.0\r\n"
	    MESSAGE)), SR_OK);
	sr_clf_of(&c, &m);
	CHECK(!c.response);
	CHECK_STR(c.cseq, "7 INVITE");
	CHECK_STR(c.uri, "sip:c@d");
	CHECK_STR(c.from_tag, "1");
	CHECK(c.to_tag.n == 0);
	CHECK_STR(c.server_txn, "z9hG4bKx");
	CHECK(c.client_txn.n == 0);
	sr_msg_free(&m);
	CHECK_EQ(sr_msg_parse(&m, SR_STR("SIP/2.0 200 OK\r\n" MESSAGE)),
	    SR_OK);
	c = (struct sr_clf){ .sent = false };
	sr_clf_of(&c, &m);
	CHECK(c.response && c.status == 200);
	CHECK_STR(c.client_txn, "z9hG4bKx");
	CHECK(c.server_txn.n == 0);
	sr_msg_free(&m);
	CHECK_EQ(sr_msg_parse(&m, SR_STR("BYE sip:x SIP/2.0\r\n"
	    "Call-ID: q\r\n\r\n")), SR_OK);
	c = (struct sr_clf){ .sent = true };
	sr_clf_of(&c, &m);
	CHECK(c.cseq.p == sr_clf_unreadable.p);
	CHECK(c.from_uri.p == sr_clf_unreadable.p);
	sr_msg_free(&m);
	sr_buf_free(&out);
}
