#include "unit/test.h"
#include "unit/ua/wire.h"

#define VIA "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKone$"
#define FROM "From: <sip:a@x>;tag=f1$"
#define TO "To: <sip:rec@192.0.2.2>$"
#define REST "Call-ID: c1$CSeq: 1 INVITE$Contact: <sip:a@192.0.2.1>$"
#define LINE "INVITE sip:rec@192.0.2.2 SIP/2.0$"

static bool
all(struct wire_net *w, const struct seen *s)
{
	(void)w;
	(void)s;
	return true;
}

static struct wire_net *
deaf(void)
{
	struct wire_net *w = wire_up(NULL);

	w->loses = all;
	return w;
}

TEST(ua_faults_get_the_answers_of_section_8_2)
{
	static const struct {
		const char *text;
		int status;
		const char *header, *value;
	} v[] = {
		{ "FOO sip:r@x SIP/2.0$" VIA FROM TO
		    "Call-ID: c$CSeq: 1 FOO$$", 501, NULL, NULL },
		{ "REFER sip:r@x SIP/2.0$" VIA FROM TO
		    "Call-ID: c$CSeq: 1 REFER$$", 405, "Allow",
		    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO" },
		{ "INVITE tel:+123 SIP/2.0$" VIA FROM TO REST "$", 416, NULL,
		    NULL },
		{ LINE VIA FROM TO REST "Require: siprec, foo$Require: bar,"
		    " 100rel$$", 420, "Unsupported", "foo, bar" },
		{ LINE VIA FROM TO REST "Require: join$$", 420,
		    "Unsupported", "join" },
		{ LINE VIA FROM TO REST "Content-Type: application/foo$$x",
		    415, "Accept", "application/sdp, "
		    "application/rs-metadata+xml, application/rs-metadata, "
		    "multipart/mixed" },
		{ LINE VIA FROM TO REST "Content-Type: application/sdp$"
		    "Content-Encoding: gzip$$x", 415, "Accept-Encoding",
		    "identity" },
		{ LINE VIA FROM TO REST "Accept: text/plain$$", 406, NULL,
		    NULL },
		{ "INVITE sip:r@x SIP/3.0$" VIA FROM TO REST "$", 505, NULL,
		    NULL },
		{ LINE VIA FROM TO REST "Call-ID: c2$$", 400, NULL, NULL },
		{ LINE VIA FROM TO "Call-ID: c$CSeq: 4294967296 INVITE$$",
		    400, NULL, NULL },
		{ LINE VIA FROM TO "Call-ID: c$CSeq: 1 OPTIONS$$", 400, NULL,
		    NULL },
		{ LINE VIA FROM TO REST "Content-Length: 5$$abc", 400, NULL,
		    NULL },
		{ "BYE sip:r@x SIP/2.0$" VIA FROM "To: <sip:r@x>;tag=9$"
		    "Call-ID: c$CSeq: 1 BYE$$", 481, NULL, NULL },
		{ "INFO sip:r@x SIP/2.0$" VIA FROM TO
		    "Call-ID: c$CSeq: 1 INFO$$", 481, NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct wire_net *w = deaf();
		const struct seen *s;

		wire_tell(w, SERVER, v[i].text);
		s = wire_last(w, SERVER, SR_UA_SEND, SR_M_NONE, -1);
		CHECK_EQ(s->status, v[i].status);
		if (v[i].header != NULL)
			CHECK_STR(wire_header(s, v[i].header), v[i].value);
		wire_down(w);
	}
}

TEST(ua_oddities_that_do_no_harm_are_let_through)
{
	static const char *const v[] = {
		LINE VIA FROM TO REST "X-Foo: ,,;$Date: not at all$$",
		LINE VIA "From: <sip:a@x>$" TO REST "$",
		LINE VIA FROM TO REST "Max-Forwards: 0$$",
		LINE VIA FROM TO REST "Join: x;to-tag=1;from-tag=2$$",
		LINE VIA FROM TO REST "Content-Type: application/foo$"
		    "Content-Disposition: x;handling=optional$$x",
		LINE VIA FROM TO REST "Content-Type: text/plain$$v=0\n"
		    "m=audio 1 RTP/AVP 0\n",
		LINE VIA FROM TO REST "Content-Length: 2$$abc",
		"$$" LINE VIA FROM TO REST "$",
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct wire_net *w = deaf();

		w->answer = 200;
		wire_tell(w, SERVER, v[i]);
		if (wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 200) != 1)
			test_fail(__FILE__, __LINE__, "%s gets %d", v[i],
			    wire_last(w, SERVER, SR_UA_SEND, SR_INVITE,
			    -1)->status);
		wire_down(w);
	}
}

TEST(ua_cancel_and_ack_are_not_asked_for_extensions)
{
	struct wire_net *w = deaf();

	wire_tell(w, SERVER, LINE VIA FROM TO REST "$");
	wire_tell(w, SERVER, "CANCEL sip:rec@192.0.2.2 SIP/2.0$" VIA FROM TO
	    "Call-ID: c1$CSeq: 1 CANCEL$Require: foo$$");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_CANCEL, 200), 1);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_INVITE, 487), 1);
	wire_tell(w, SERVER, "ACK sip:rec@192.0.2.2 SIP/2.0$" VIA FROM TO
	    "Call-ID: c9$CSeq: 1 ACK$Require: foo$$");
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_ACK, -1), 0);
	wire_down(w);
}

TEST(ua_options_says_all_that_is_known)
{
	struct wire_net *w = deaf();
	const struct seen *s;

	wire_tell(w, SERVER, "OPTIONS sip:r@x SIP/2.0$" VIA FROM TO
	    "Call-ID: c$CSeq: 1 OPTIONS$Max-Forwards: 0$$");
	s = wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS, 200);
	CHECK(wire_header(s, "Allow").n > 0);
	CHECK(wire_header(s, "Accept").n > 0);
	CHECK(wire_header(s, "Accept-Encoding").n > 0);
	CHECK(wire_header(s, "Accept-Language").n > 0);
	CHECK(wire_header(s, "Supported").n > 0);
	wire_down(w);
}

TEST(ua_answers_go_where_the_via_says)
{
	static const struct {
		const char *via;
		int port, last;
		const char *out;
	} v[] = {
		{ "192.0.2.1:5099;rport", 40000, 1,
		    ";received=192.0.2.1;rport=40000" },
		{ "192.0.2.1:5099", 5099, 1, "" },
		{ "192.0.2.1", 5060, 1, "" },
		{ "10.0.0.1:5099", 5099, 1, ";received=192.0.2.1" },
		{ "host.example;received=6.6.6.6", 5060, 1,
		    ";received=192.0.2.1" },
		{ "10.0.0.1:5099;maddr=192.0.2.55", 5099, 55, NULL },
		{ "192.0.2.1:5099;maddr=255.255.255.255", 5099, 1, NULL },
		{ "192.0.2.1:5099;maddr=224.0.0.1", 5099, 1, NULL },
	};
	char text[1024], want[256];

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++) {
		struct wire_net *w = deaf();
		struct sr_hop from = { SR_UDP, w->addr[SERVER],
		    w->addr[CLIENT], 0 };
		const struct seen *s;
		struct sr_str via;

		from.remote.port = 40000;
		snprintf(text, sizeof(text), "OPTIONS sip:r@x SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP %s;branch=z9hG4bKv, SIP/2.0/TCP b\r\n"
		    "v: SIP/2.0/TLS c;branch=1\r\nFrom: <sip:a@x>;tag=1\r\n"
		    "To: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n\r\n",
		    v[i].via);
		wire_tell_raw(w, SERVER, &from, sr_cstr(text));
		s = wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS, 200);
		CHECK_EQ(s->hop.remote.port, v[i].port);
		CHECK_EQ(s->hop.remote.ip[3], v[i].last);
		via = wire_header(s, "Via");
		if (v[i].out != NULL) {
			snprintf(want, sizeof(want), ";branch=z9hG4bKv%s, "
			    "SIP/2.0/TCP b", v[i].out);
			CHECK(via.n > strlen(want));
			CHECK_STR(sr_substr(via, via.n - strlen(want), via.n),
			    want);
		}
		CHECK(wire_says(s, "\r\nVia: SIP/2.0/TLS c;branch=1\r\n"));
		wire_down(w);
	}
}

TEST(ua_received_over_ipv6_has_no_brackets)
{
	struct wire_net *w = deaf();
	struct sr_hop from = { .proto = SR_UDP };

	sr_addr_parse(&from.local, SR_STR("[::1]:5060"));
	sr_addr_parse(&from.remote, SR_STR("[2001:db8::9]:5062"));
	wire_tell_raw(w, SERVER, &from, SR_STR("OPTIONS sip:r@[::1] SIP/2.0"
	    "\r\nVia: SIP/2.0/UDP [2001:db8::9]:5062;branch=z9hG4bKv;rport"
	    "\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\n"
	    "CSeq: 1 OPTIONS\r\n\r\n"));
	CHECK_STR(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS,
	    200), "Via"), "SIP/2.0/UDP [2001:db8::9]:5062;branch=z9hG4bKv;"
	    "received=2001:db8::9;rport=5062");
	CHECK_STR(wire_header(wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS,
	    200), "Contact"), "<sip:siprec@[::1]:5060>;+sip.srs");
	wire_down(w);
}

TEST(ua_malformed_session_id_is_dropped_and_the_call_goes_on)
{
	struct wire_net *w = deaf();
	const struct seen *s;

	w->answer = 200;
	wire_tell(w, SERVER, LINE VIA FROM TO REST
	    "Session-ID: xyz;remote=1$$");
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 200);
	CHECK_STR(sr_substr(wire_header(s, "Session-ID"), 32, 99),
	    ";remote=00000000000000000000000000000000");
	wire_down(w);
	w = deaf();
	w->answer = 200;
	wire_tell(w, SERVER, LINE VIA FROM TO REST
	    "Session-ID: AAAABBBBCCCCDDDDEEEEFFFF00001111$$");
	s = wire_last(w, SERVER, SR_UA_SEND, SR_INVITE, 200);
	CHECK_STR(sr_substr(wire_header(s, "Session-ID"), 32, 99),
	    ";remote=aaaabbbbccccddddeeeeffff00001111");
	wire_down(w);
}

TEST(ua_keep_alives_and_rubbish_are_met_with_silence)
{
	struct wire_net *w = deaf();

	wire_tell_raw(w, SERVER, NULL, SR_STR("\r\n\r\n"));
	wire_tell_raw(w, SERVER, NULL, SR_STR("\0\0\0\0"));
	wire_tell_raw(w, SERVER, NULL, SR_STR(""));
	wire_tell_raw(w, SERVER, NULL, SR_STR("GET / HTTP/1.0\r\n\r\n"));
	wire_tell_raw(w, SERVER, NULL, SR_STR("INVITE sip:x SIP/2.0\r\n\r\n"));
	CHECK_EQ(w->n, 0);
	wire_down(w);
}

TEST(ua_every_prefix_of_an_invite_is_survived)
{
	static const char text[] = LINE VIA FROM TO REST
	    "Require: siprec$Session-Expires: 90;refresher=uas$$";
	struct wire_net *w = deaf();
	char raw[1024];
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] == '$')
			raw[n++] = '\r';
		raw[n++] = text[i] == '$' ? '\n' : text[i];
	}
	for (size_t i = 0; i < n; i++)
		wire_tell_raw(w, SERVER, NULL, (struct sr_str){ raw, i });
	wire_run(w, 100 * SR_SEC);
	wire_down(w);
}

/* Tables of requirements 2.15; 403 is what the owner says here. */
static const struct {
	const char *name;
	int a, b;
} torture[] = {
	{ "badaspec", 400, 403 }, { "badbranch", 403, 0 },
	{ "baddate", 403, 400 }, { "badvers", 505, 0 }, { "bcast", 0, 0 },
	{ "bigcode", 0, 0 }, { "clerr", 400, 0 }, { "cparam01", 405, 0 },
	{ "cparam02", 405, 0 }, { "esc01", 403, 0 }, { "intmeth", 501, 0 },
	{ "invut", 415, 0 }, { "longreq", 403, 0 }, { "lwsruri", 400, 0 },
	{ "mismatch01", 400, 0 }, { "mismatch02", 400, 501 },
	{ "mpart01", 405, 0 }, { "multi01", 400, 0 }, { "ncl", 400, 0 },
	{ "noreason", 0, 0 }, { "quotbal", 400, 0 }, { "regbadct", 405, 400 },
	{ "scalar02", 400, 0 }, { "scalarlg", 0, 0 }, { "semiuri", 403, 0 },
	{ "transports", 403, 0 }, { "trws", 403, 400 }, { "unkscm", 416, 0 },
	{ "unreason", 0, 0 }, { "wsinvFixed", 403, 481 }, { "zeromf", 403, 0 }
};

/* The lengths these messages state are those with CRLF. */
static size_t
with_crlf(char *raw, size_t n, size_t max)
{
	char *copy = malloc(n);
	size_t k = 0;

	memcpy(copy, raw, n);
	for (size_t i = 0; i < n && k + 2 < max; i++) {
		if (copy[i] == '\n')
			raw[k++] = '\r';
		raw[k++] = copy[i];
	}
	free(copy);
	return k;
}

static void
torment(const char *corpus, size_t i)
{
	char path[512], *raw = malloc(65536);
	struct wire_net *w = deaf();
	const struct sr_ua_event *e;
	struct sr_hop from = { SR_UDP, w->addr[SERVER], w->addr[CLIENT], 0 };
	struct sr_ua_reply no = { .status = 403 };
	int got = 0;
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/hostile/rfc4475/%s.dat", corpus,
	    torture[i].name);
	if ((f = fopen(path, "rb")) == NULL) {
		test_fail(__FILE__, __LINE__, "no %s", path);
	} else {
		n = fread(raw, 1, 65536, f);
		fclose(f);
		if (memchr(raw, '\r', n) == NULL)
			n = with_crlf(raw, n, 65536);
		sr_ua_receive(w->ua[SERVER], &from, w->now, guarded(raw, n));
		while ((e = sr_ua_next(w->ua[SERVER])) != NULL) {
			if (e->kind == SR_UA_SEND)
				got = e->status;
			else if (e->kind == SR_UA_REQUEST && e->fault != 0)
				sr_ua_refuse(w->ua[SERVER], e->tx, w->now);
			else if (e->kind == SR_UA_REQUEST)
				sr_ua_reply(w->ua[SERVER], e->tx, w->now,
				    &no);
		}
		if (got != torture[i].a && (torture[i].b == 0 ||
		    got != torture[i].b))
			test_fail(__FILE__, __LINE__, "%s gets %d, not %d",
			    torture[i].name, got, torture[i].a);
	}
	free(raw);
	wire_down(w);
}

TEST(ua_torture_messages_of_rfc_4475_get_their_answers)
{
	const char *corpus = getenv("SIPREC_CORPUS");

	if (corpus == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return;
	}
	for (size_t i = 0; i < sizeof(torture) / sizeof(*torture); i++)
		torment(corpus, i);
}

TEST(ua_ten_thousand_dialogs_are_no_trouble)
{
	struct wire_net *w = deaf();
	const struct sr_ua_event *e;
	struct sr_hop from = { SR_UDP, w->addr[SERVER], w->addr[CLIENT], 0 };
	struct sr_ua_reply ok = { .status = 200 };
	char text[1024];

	for (int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "INVITE sip:r@x SIP/2.0\r\nVia: "
		    "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%d\r\nFrom: <sip:a@x>"
		    ";tag=1\r\nTo: <sip:b@x>\r\nCall-ID: %d\r\nCSeq: 1 INVITE"
		    "\r\nContact: <sip:a@192.0.2.1>\r\nSession-Expires: 1800"
		    ";refresher=uas\r\n\r\n", i, i);
		sr_ua_receive(w->ua[SERVER], &from, w->now, sr_cstr(text));
		while ((e = sr_ua_next(w->ua[SERVER])) != NULL)
			if (e->kind == SR_UA_REQUEST)
				sr_ua_reply(w->ua[SERVER], e->tx, w->now,
				    &ok);
	}
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 10000);
	for (int i = 0; i < 200; i++) {
		sr_ua_tick(w->ua[SERVER], w->now += SR_SEC);
		while (sr_ua_next(w->ua[SERVER]) != NULL)
			continue;
	}
	/* No ACK came: each was ended, and nobody answered the BYE. */
	CHECK_EQ(sr_ua_dialogs(w->ua[SERVER]), 0);
	CHECK_EQ(sr_ua_transactions(w->ua[SERVER]), 0);
	wire_down(w);
}

TEST(ua_copy_of_a_bye_gets_the_same_200_and_a_late_one_481)
{
	static const char bye[] = "BYE sip:r@192.0.2.2 SIP/2.0$"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKbye$" FROM
	    "To: <sip:rec@192.0.2.2>;tag=%.*s$Call-ID: c1$CSeq: 2 BYE$$";
	struct wire_net *w = deaf();
	struct sr_dialog *d;
	char text[1024];

	w->answer = 200;
	wire_tell(w, SERVER, LINE VIA FROM TO REST "$");
	d = sr_tx_dialog(w->log[0].tx);
	snprintf(text, sizeof(text), bye, SR_FMT(sr_dialog_local_tag(d)));
	wire_tell(w, SERVER, text);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_OVER, SR_M_NONE, -1), 1);
	wire_tell(w, SERVER, text);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 200), 2);
	CHECK_STR(sr_cstr(wire_nth(w, SERVER, SR_UA_SEND, SR_BYE, 200,
	    0)->data), wire_nth(w, SERVER, SR_UA_SEND, SR_BYE, 200, 1)->data);
	wire_run(w, 33 * SR_SEC);
	wire_tell(w, SERVER, text);
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_BYE, 481), 1);
	wire_down(w);
}

TEST(ua_stream_message_without_a_length_gets_400)
{
	struct wire_net *w = deaf();
	struct sr_hop from = { SR_TCP, w->addr[SERVER], w->addr[CLIENT], 4 };

	wire_tell_raw(w, SERVER, &from, SR_STR("OPTIONS sip:r@x SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bKv\r\nFrom: <sip:a@x>"
	    ";tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"
	    "\r\n"));
	CHECK_EQ(wire_count(w, SERVER, SR_UA_SEND, SR_OPTIONS, 400), 1);
	CHECK_EQ(w->log[0].hop.conn, 4);
	wire_down(w);
}

TEST(ua_request_goes_over_the_connection_of_a_client_behind_a_nat)
{
	struct wire_net *w = deaf();
	struct sr_hop from = { SR_TCP, w->addr[SERVER], w->addr[CLIENT], 4 };
	struct sr_dialog_request r = { .method = SR_STR("OPTIONS"),
	    .cookie = 3 };

	w->answer = 200;
	from.remote.port = 33333;
	wire_tell_raw(w, SERVER, &from, SR_STR("INVITE sip:r@x SIP/2.0\r\n"
	    "Via: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKv\r\nFrom: <sip:a@x>"
	    ";tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
	    "Contact: <sip:a@10.0.0.1;transport=tcp>\r\n"
	    "Content-Length: 0\r\n\r\n"));
	sr_dialog_request(sr_tx_dialog(w->log[0].tx), w->now, &r);
	wire_drain(w);
	CHECK_EQ(wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS, 0)->hop.conn,
	    4);
	/* Once it is gone, where the Contact says. */
	from.remote.port = 33333;
	sr_ua_lost(w->ua[SERVER], &from, w->now);
	wire_drain(w);
	CHECK_EQ(wire_last(w, SERVER, SR_UA_SEND, SR_OPTIONS, 0)->
	    hop.remote.ip[0], 10);
	wire_down(w);
}
