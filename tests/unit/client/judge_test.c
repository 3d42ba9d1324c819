#include "unit/client/play.h"

#define HEAD(line, extra) line "\r\n"					\
	"Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1\r\n"		\
	"From: <sip:src@192.0.2.1>;tag=f\r\n"				\
	"Call-ID: c1\r\n" extra
#define INVITE_OUT HEAD("INVITE sip:rec@192.0.2.9 SIP/2.0",		\
	"To: <sip:rec@192.0.2.9>\r\nCSeq: 1 INVITE\r\n\r\n")
#define OK_WITH(extra) HEAD("SIP/2.0 200 OK",				\
	"To: <sip:rec@192.0.2.9>;tag=t\r\nCSeq: 1 INVITE\r\n" extra)
#define SRS "Contact: <sip:rec@192.0.2.9>;+sip.srs\r\n"

#define SDP(o, body) "v=0\r\no=- 7 " o " IN IP4 192.0.2.9\r\ns=-\r\n"	\
	"c=IN IP4 192.0.2.9\r\nt=0 0\r\n" body
#define LINE(port, attrs) "m=audio " port " RTP/AVP 0 101\r\n"		\
	"a=rtpmap:101 telephone-event/8000\r\n" attrs
#define OFFER SDP("1", LINE("4000", "a=sendonly\r\na=label:1\r\n")	\
	LINE("4002", "a=sendonly\r\na=label:2\r\n"))
#define ANSWER SDP("1", LINE("6000", "a=recvonly\r\na=label:1\r\n")	\
	LINE("6002", "a=recvonly\r\na=label:2\r\n"))

/* One step as a runner saw it. */
struct hearing {
	struct sr_step step;
	struct sr_seen seen;
	struct sr_msg request, reply, other;
	struct sr_sdp offer, answer, before;
	struct sr_buf why;
};

static void
hear(struct hearing *h, const char *request, const char *reply,
    const char *offer, const char *answer)
{
	*h = (struct hearing){ .step.kind = SR_DO_INVITE };
	sr_buf_init(&h->why, 1000);
	if (request != NULL) {
		CHECK_EQ(sr_msg_parse(&h->request, sr_cstr(request)), SR_OK);
		h->seen.request = &h->request;
	}
	if (reply != NULL) {
		CHECK_EQ(sr_msg_parse(&h->reply, sr_cstr(reply)), SR_OK);
		h->seen.reply = &h->reply;
	}
	if (offer != NULL) {
		CHECK_EQ(sr_sdp_parse(&h->offer, sr_cstr(offer)), SR_OK);
		h->seen.offer = &h->offer;
	}
	if (answer != NULL) {
		CHECK_EQ(sr_sdp_parse(&h->answer, sr_cstr(answer)), SR_OK);
		h->seen.answer = &h->answer;
	}
}

static void
before(struct hearing *h, const char *sdp)
{
	CHECK_EQ(sr_sdp_parse(&h->before, sr_cstr(sdp)), SR_OK);
	h->seen.before = &h->before;
}

static enum sr_verdict
judged(struct hearing *h, const char *id)
{
	const struct sr_check *c = sr_check_find(id);

	CHECK(c != NULL);
	h->why.n = 0;
	return c != NULL ? sr_check_judge(c, &h->step, &h->seen, &h->why) :
	    SR_FAIL;
}

static void
adjourn(struct hearing *h)
{
	sr_msg_free(&h->request);
	sr_msg_free(&h->reply);
	sr_msg_free(&h->other);
	sr_sdp_free(&h->offer);
	sr_sdp_free(&h->answer);
	sr_sdp_free(&h->before);
	sr_buf_free(&h->why);
}

static enum sr_verdict
of_answer(const char *id, const char *offer, const char *answer)
{
	struct hearing h;
	enum sr_verdict v;

	hear(&h, INVITE_OUT, OK_WITH("\r\n"), offer, answer);
	v = judged(&h, id);
	adjourn(&h);
	return v;
}

static enum sr_verdict
of_reply(const char *id, const char *reply)
{
	struct hearing h;
	enum sr_verdict v;

	hear(&h, INVITE_OUT, reply, NULL, NULL);
	v = judged(&h, id);
	adjourn(&h);
	return v;
}

TEST(judge_passes_a_right_answer_in_all_usual_checks)
{
	static const char *const usual[] = { "accept-invite", "srs-contact",
		"to-tag", "echo", "no-metadata", "all-mlines", "audio-taken",
		"two-audio", "recvonly", "formats", "labels", "no-record",
		"allow", "update-allowed" };
	struct hearing h;

	hear(&h, INVITE_OUT, OK_WITH(SRS "Allow: INVITE, UPDATE, BYE\r\n"
	    "Supported: timer\r\n\r\n"), OFFER, ANSWER);
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (judged(&h, usual[i]) != SR_PASS)
			test_fail(__FILE__, __LINE__, "%s", usual[i]);
	adjourn(&h);
}

TEST(judge_wants_a_2xx_and_says_what_came)
{
	struct hearing h;

	hear(&h, INVITE_OUT, HEAD("SIP/2.0 403 No", "To: <sip:r@h>;tag=t\r\n"
	    "CSeq: 1 INVITE\r\n\r\n"), OFFER, NULL);
	CHECK_EQ(judged(&h, "accept-invite"), SR_FAIL);
	CHECK_STR(sr_buf_str(&h.why), "the answer is 403");
	CHECK_EQ(judged(&h, "srs-contact"), SR_UNTESTED);
	CHECK_EQ(judged(&h, "all-mlines"), SR_UNTESTED);
	adjourn(&h);
	hear(&h, INVITE_OUT, NULL, OFFER, NULL);
	CHECK_EQ(judged(&h, "accept-invite"), SR_FAIL);
	CHECK_STR(sr_buf_str(&h.why), "no answer came");
	adjourn(&h);
}

TEST(judge_wants_the_mark_of_a_server)
{
	CHECK_EQ(of_reply("srs-contact", OK_WITH("Contact: <sip:r@h>\r\n\r\n")),
	    SR_FAIL);
	CHECK_EQ(of_reply("srs-contact",
	    OK_WITH("Contact: <sip:r@h;+sip.srs>\r\n\r\n")), SR_FAIL);
	CHECK_EQ(of_reply("srs-contact",
	    OK_WITH("Contact: <sip:r@h>;+sip.srs=\"FALSE\"\r\n\r\n")),
	    SR_FAIL);
	CHECK_EQ(of_reply("srs-contact",
	    OK_WITH("Contact: <sip:r@h>;expires=3;+SIP.SRS\r\n\r\n")),
	    SR_PASS);
}

TEST(judge_sees_metadata_in_an_answer)
{
	CHECK_EQ(of_reply("no-metadata", OK_WITH("Content-Type: "
	    "application/rs-metadata+xml\r\nContent-Length: 12\r\n\r\n"
	    "<recording/>")), SR_FAIL);
	CHECK_EQ(of_reply("no-metadata", OK_WITH("\r\n")), SR_PASS);
}

TEST(judge_counts_the_m_lines)
{
	CHECK_EQ(of_answer("all-mlines", OFFER, SDP("1", LINE("6000", ""))),
	    SR_FAIL);
	CHECK_EQ(of_answer("all-mlines", OFFER, SDP("1", LINE("6000", "")
	    "m=video 0 RTP/AVP 96\r\n")), SR_FAIL);
	CHECK_EQ(of_answer("all-mlines", OFFER, SDP("1", LINE("6000", "")
	    "m=audio 0 RTP/SAVP 0\r\n")), SR_FAIL);
	CHECK_EQ(of_answer("all-mlines", OFFER, SDP("1", LINE("6000", "")
	    LINE("0", ""))), SR_PASS);
	CHECK_EQ(of_answer("two-audio", OFFER, SDP("1", LINE("6000", "")
	    LINE("0", ""))), SR_FAIL);
	CHECK_EQ(of_answer("audio-taken", OFFER, SDP("1", LINE("6000", "")
	    LINE("0", ""))), SR_FAIL);
}

TEST(judge_knows_the_directions)
{
	CHECK_EQ(of_answer("recvonly", OFFER, SDP("1", LINE("6000", "")
	    LINE("6002", ""))), SR_FAIL);
	CHECK_EQ(of_answer("recvonly", OFFER, SDP("1",
	    LINE("6000", "a=inactive\r\n") LINE("0", ""))), SR_PASS);
	CHECK_EQ(of_answer("inactive", OFFER, ANSWER), SR_UNTESTED);
	CHECK_EQ(of_answer("pause", SDP("1", LINE("4000", "a=inactive\r\n")),
	    SDP("1", LINE("6000", "a=recvonly\r\n"))), SR_FAIL);
	CHECK_EQ(of_answer("pause", SDP("1", LINE("4000", "a=inactive\r\n")),
	    SDP("1", LINE("6000", "a=inactive\r\n"))), SR_PASS);
}

TEST(judge_wants_port_0_for_port_0)
{
	CHECK_EQ(of_answer("removed", SDP("1", LINE("0", "")),
	    SDP("1", LINE("6000", ""))), SR_FAIL);
	CHECK_EQ(of_answer("removed", SDP("1", LINE("0", "")),
	    SDP("1", LINE("0", ""))), SR_PASS);
}

TEST(judge_wants_formats_and_labels_of_the_offer)
{
	CHECK_EQ(of_answer("formats", OFFER, SDP("1",
	    "m=audio 6000 RTP/AVP 8\r\n" LINE("6002", ""))), SR_FAIL);
	CHECK_EQ(of_answer("formats", OFFER, SDP("1",
	    "m=audio 6000 RTP/AVP 101\r\na=rtpmap:101 opus/48000/2\r\n"
	    LINE("6002", ""))), SR_FAIL);
	CHECK_EQ(of_answer("labels", OFFER, SDP("1",
	    LINE("6000", "a=label:2\r\n") LINE("6002", "a=label:1\r\n"))),
	    SR_FAIL);
}

TEST(judge_follows_the_version_of_the_answers)
{
	struct hearing h;

	hear(&h, INVITE_OUT, OK_WITH("\r\n"), OFFER, ANSWER);
	CHECK_EQ(judged(&h, "origin"), SR_UNTESTED);
	before(&h, ANSWER);
	CHECK_EQ(judged(&h, "origin"), SR_PASS);
	adjourn(&h);
	hear(&h, INVITE_OUT, OK_WITH("\r\n"), OFFER, ANSWER);
	before(&h, SDP("1", LINE("6000", "a=inactive\r\na=label:1\r\n")
	    LINE("6002", "a=recvonly\r\na=label:2\r\n")));
	CHECK_EQ(judged(&h, "origin"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_compares_an_answer_with_its_request)
{
	struct hearing h;

	hear(&h, INVITE_OUT, HEAD("SIP/2.0 200 OK", "To: <sip:r@h>;tag=t\r\n"
	    "CSeq: 2 INVITE\r\n\r\n"), NULL, NULL);
	CHECK_EQ(judged(&h, "echo"), SR_FAIL);
	CHECK_STR(sr_buf_str(&h.why), "CSeq differs");
	h.seen.dialog_tag = SR_STR("other");
	CHECK_EQ(judged(&h, "to-tag"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_hears_what_a_server_does_without_ack)
{
	struct hearing h;

	hear(&h, INVITE_OUT, OK_WITH("\r\n"), NULL, NULL);
	CHECK_EQ(judged(&h, "copies"), SR_FAIL);
	CHECK_EQ(judged(&h, "no-ack-bye"), SR_FAIL);
	h.seen.copies = 10;
	h.seen.bye = true;
	CHECK_EQ(judged(&h, "copies"), SR_PASS);
	CHECK_EQ(judged(&h, "no-ack-bye"), SR_PASS);
	CHECK_EQ(judged(&h, "persistent"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_hears_a_cancelled_invite)
{
	struct hearing h;

	hear(&h, NULL, OK_WITH("\r\n"), NULL, NULL);
	h.step.kind = SR_DO_CANCEL;
	CHECK_EQ(judged(&h, "cancel-200"), SR_PASS);
	CHECK_EQ(judged(&h, "cancel-487"), SR_FAIL);
	CHECK_EQ(sr_msg_parse(&h.other, sr_cstr(HEAD("SIP/2.0 487 Gone",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\n\r\n"))), SR_OK);
	h.seen.invite = &h.other;
	CHECK_EQ(judged(&h, "cancel-487"), SR_PASS);
	adjourn(&h);
}

TEST(judge_wants_provisional_answers_to_be_reliable)
{
	struct hearing h;

	hear(&h, INVITE_OUT, NULL, NULL, NULL);
	CHECK_EQ(judged(&h, "reliable"), SR_UNTESTED);
	CHECK_EQ(sr_msg_parse(&h.other, sr_cstr(HEAD("SIP/2.0 183 Soon",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\nRSeq: 1\r\n\r\n"))),
	    SR_OK);
	h.seen.provisional = &h.other;
	CHECK_EQ(judged(&h, "reliable"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_reads_session_timers)
{
	struct hearing h;

	hear(&h, INVITE_OUT, OK_WITH("Session-Expires: 1800;refresher=uas\r\n"
	    "\r\n"), NULL, NULL);
	h.step.session_expires = 90;
	h.step.refresher = "uac";
	CHECK_EQ(judged(&h, "timer-value"), SR_FAIL);
	CHECK_EQ(judged(&h, "timer-refresher"), SR_FAIL);
	CHECK_EQ(judged(&h, "timer-require"), SR_FAIL);
	adjourn(&h);
	CHECK_EQ(of_reply("timer-422", HEAD("SIP/2.0 422 Small",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\nMin-SE: 90\r\n\r\n")),
	    SR_PASS);
	CHECK_EQ(of_reply("timer-422", HEAD("SIP/2.0 422 Small",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\n\r\n")), SR_FAIL);
}

#define ANSWERED(line, extra) HEAD("SIP/2.0 " line,			\
	"To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\n" extra "\r\n")

static enum sr_verdict
after(const char *id, const char *retried, const char *reply, bool again)
{
	struct hearing h;
	enum sr_verdict v;

	hear(&h, INVITE_OUT, reply, NULL, NULL);
	if (retried != NULL) {
		CHECK_EQ(sr_msg_parse(&h.other, sr_cstr(retried)), SR_OK);
		h.seen.retried = &h.other;
	}
	h.seen.again = again;
	v = judged(&h, id);
	adjourn(&h);
	return v;
}

TEST(judge_knows_what_was_tried_again)
{
	static const char glare[] = ANSWERED("491 Pending", "");
	static const char busy[] = ANSWERED("503 Full", "Retry-After: 2\r\n");
	static const char rude[] = ANSWERED("503 Full", "");
	static const char moved[] = ANSWERED("302 Gone",
	    "Contact: <sip:r@h2>\r\n");
	static const char lost[] = ANSWERED("302 Gone", "");
	static const char small[] = ANSWERED("422 Small", "Min-SE: 90\r\n");
	static const char good[] = OK_WITH("\r\n");

	CHECK_EQ(after("glare-491", glare, good, true), SR_PASS);
	CHECK_EQ(after("glare-491", NULL, good, true), SR_FAIL);
	CHECK_EQ(after("glare-491", NULL, NULL, false), SR_UNTESTED);
	CHECK_EQ(after("glare-again", glare, good, true), SR_PASS);
	CHECK_EQ(after("glare-again", glare, good, false), SR_FAIL);
	CHECK_EQ(after("glare-again", NULL, good, false), SR_UNTESTED);
	CHECK_EQ(after("glare-taken", glare, good, true), SR_PASS);
	CHECK_EQ(after("glare-taken", glare, rude, true), SR_FAIL);
	CHECK_EQ(after("retry-after", busy, good, false), SR_PASS);
	CHECK_EQ(after("retry-after", NULL, rude, false), SR_FAIL);
	CHECK_EQ(after("retry-after", NULL, good, false), SR_UNTESTED);
	CHECK_EQ(after("redirect-contact", moved, good, false), SR_PASS);
	CHECK_EQ(after("redirect-contact", NULL, lost, false), SR_FAIL);
	CHECK_EQ(after("redirect-contact", NULL, good, false), SR_UNTESTED);
	CHECK_EQ(after("timer-422", small, good, false), SR_PASS);
	CHECK_EQ(after("timer-422", NULL, good, false), SR_FAIL);
}

TEST(judge_counts_copies_only_where_the_prack_was_lost)
{
	struct hearing h;

	hear(&h, INVITE_OUT, OK_WITH("\r\n"), NULL, NULL);
	CHECK_EQ(judged(&h, "prack-copies"), SR_UNTESTED);
	h.seen.held = true;
	CHECK_EQ(judged(&h, "prack-copies"), SR_FAIL);
	h.seen.early_copies = 1;
	CHECK_EQ(judged(&h, "prack-copies"), SR_PASS);
	adjourn(&h);
}

TEST(judge_wants_the_interval_that_a_422_asked_for)
{
	struct hearing h;

	for (int i = 0; i < 2; i++) {
		hear(&h, i == 0 ? HEAD("UPDATE sip:src@192.0.2.1 SIP/2.0",
		    "CSeq: 5 UPDATE\r\nSession-Expires: 180\r\n\r\n") :
		    HEAD("UPDATE sip:src@192.0.2.1 SIP/2.0",
		    "CSeq: 5 UPDATE\r\nSession-Expires: 90\r\n\r\n"), NULL,
		    NULL, NULL);
		h.step.kind = SR_AWAIT;
		h.step.session_expires = 180;
		CHECK_EQ(judged(&h, "timer-raised"), i == 0 ? SR_PASS :
		    SR_FAIL);
		adjourn(&h);
	}
}

#define ASK(type, how, xml) HEAD("UPDATE sip:src@192.0.2.1 SIP/2.0",	\
	"To: <sip:src@192.0.2.1>;tag=f\r\nCSeq: 5 UPDATE\r\n" SRS	\
	"Content-Type: " type "\r\n" how "\r\n" xml)
#define RSM "application/rs-metadata+xml"
#define AS "Content-Disposition: recording-session\r\n"

TEST(judge_reads_a_snapshot_request)
{
	struct hearing h;

	hear(&h, ASK(RSM, AS, "<requestsnapshot xmlns='urn:ietf:params:xml:"
	    "ns:recording:1'/>"), NULL, NULL, NULL);
	h.step.kind = SR_AWAIT;
	CHECK_EQ(judged(&h, "snapshot-disposition"), SR_PASS);
	CHECK_EQ(judged(&h, "snapshot-no-sdp"), SR_PASS);
	CHECK_EQ(judged(&h, "snapshot-root"), SR_PASS);
	CHECK_EQ(judged(&h, "snapshot-namespace"), SR_PASS);
	CHECK_EQ(judged(&h, "srs-request-contact"), SR_PASS);
	adjourn(&h);
	hear(&h, ASK(RSM, "", "<recording xmlns='urn:x'/>"), NULL, NULL,
	    NULL);
	h.step.kind = SR_AWAIT;
	CHECK_EQ(judged(&h, "snapshot-disposition"), SR_FAIL);
	CHECK_EQ(judged(&h, "snapshot-root"), SR_FAIL);
	CHECK_EQ(judged(&h, "snapshot-namespace"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_takes_no_new_streams_from_a_server)
{
	struct hearing h;

	hear(&h, ASK("application/sdp", "", ""), NULL, OFFER,
	    SDP("2", LINE("6000", "") LINE("6002", "") LINE("6004", "")));
	h.step.kind = SR_AWAIT;
	CHECK_EQ(judged(&h, "srs-mlines"), SR_FAIL);
	CHECK_EQ(judged(&h, "srs-pause"), SR_FAIL);
	CHECK_EQ(judged(&h, "srs-resume"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_wants_rtcp_where_there_was_media)
{
	struct hearing h;

	hear(&h, NULL, NULL, NULL, NULL);
	CHECK_EQ(judged(&h, "rtcp"), SR_UNTESTED);
	h.seen.media = true;
	CHECK_EQ(judged(&h, "rtcp"), SR_FAIL);
	h.seen.rtcp = h.seen.rtcp_elsewhere = true;
	CHECK_EQ(judged(&h, "rtcp"), SR_PASS);
	CHECK_EQ(judged(&h, "rtcp-port"), SR_FAIL);
	adjourn(&h);
}

TEST(judge_every_check_survives_nothing_at_all)
{
	size_t n;
	const struct sr_check *v = sr_checks(&n);

	for (size_t i = 0; i < n; i++)
		for (int kind = SR_DO_INVITE; kind <= SR_AWAIT; kind++) {
			struct hearing h;

			hear(&h, NULL, NULL, NULL, NULL);
			h.step.kind = kind;
			sr_check_judge(&v[i], &h.step, &h.seen, &h.why);
			adjourn(&h);
		}
	CHECK(n > 60);
}

TEST(judge_every_check_is_made_in_some_flow_and_named_once)
{
	size_t n;
	const struct sr_check *v = sr_checks(&n);

	for (size_t i = 0; i < n; i++) {
		const struct sr_call_flow *f[64];

		if (sr_check_flows(&v[i], f, 64) == 0)
			test_fail(__FILE__, __LINE__, "%s is in no flow",
			    v[i].id);
		CHECK(sr_check_find(v[i].id) == &v[i]);
	}
}

TEST(judge_leaves_it_to_a_server_to_be_lenient)
{
	CHECK_EQ(of_reply("plain-refused", OK_WITH("\r\n")), SR_UNTESTED);
	CHECK_EQ(of_reply("plain-refused", HEAD("SIP/2.0 421 No",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\n\r\n")), SR_PASS);
	CHECK_EQ(of_reply("plain-refused", HEAD("SIP/2.0 500 No",
	    "To: <sip:r@h>;tag=t\r\nCSeq: 1 INVITE\r\n\r\n")), SR_FAIL);
	CHECK_EQ(of_reply("plain-refused", NULL), SR_FAIL);
}
