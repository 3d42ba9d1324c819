/* Claims about lib/core/session.c and said.c: names, and metadata. */
#include "unit/core/scene.h"

#define DOC(mode, inner) "<?xml version=\"1.0\"?><recording xmlns=\"urn:ietf:" \
	"params:xml:ns:recording:1\"><datamode>" mode "</datamode>" \
	"<session session_id=\"hVpd7YQgRW2nD22h7q60JQ==\"/>" \
	"<participant participant_id=\"srfBElmCRp2QB23b7Mpk0w==\">" \
	"<nameID aor=\"sip:bob@example.com\"><name>Bob</name></nameID>" \
	"</participant><stream stream_id=\"UAAMm5GRQKSCMVvLyl4rFw==\" " \
	"session_id=\"hVpd7YQgRW2nD22h7q60JQ==\"><label>1</label></stream>" \
	"<participantstreamassoc participant_id=\"srfBElmCRp2QB23b7Mpk0w==" \
	"\">" inner "</participantstreamassoc></recording>"
#define SENDS "<send>UAAMm5GRQKSCMVvLyl4rFw==</send>"

static void
name_is(const char *call_id, const char *want)
{
	char begin[300];

	scene(false);
	SIP(SRC, "INVITE", .id = call_id, .sdp = OFFER);
	SIP(SRS, "200 OK", .id = call_id, .to = "t", .sdp = ANSWER);
	snprintf(begin, sizeof(begin), "begin %s|", want);
	CHECK(strncmp(said, begin, strlen(begin)) == 0);
	scene_end();
}

TEST(session_names_are_harmless)
{
	char much[301], want[129];

	name_is("a84b4c76e66710@pc33.example.com",
	    "a84b4c76e66710_pc33.example.com");
	name_is("../../etc/passwd", "_._.._etc_passwd");
	name_is(".", "_");
	name_is("..", "_.");
	name_is("-rf", "_rf");
	name_is("a/b\\c%d", "a_b_c_d");
	memset(much, 'x', 300);
	much[300] = '\0';
	memset(want, 'x', 128);
	want[128] = '\0';
	name_is(much, want);
}

TEST(session_metadata_names_who_sends)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER, .meta = DOC("complete", SENDS));
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	TALK(.n = 30);
	BYE();
	scene_end();
	SAID("begin call_x|offer 1 src|meta 1|answer 2 srs|stream 1|"
	    "end call_x bye-client|");
	CHECK(strstr(end_json, "\"aor\":\"sip:bob@example.com\",\"name\":"
	    "\"Bob\"") != NULL);
	CHECK_EQ(nwarned, 0);
}

TEST(session_whose_stream_loses_its_sender_is_on_hold)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER, .meta = DOC("complete", SENDS));
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	forget_said();
	SIP(SRC, "INVITE", .to = "t", .cseq = "2 INVITE", .sdp = OFFER,
	    .meta = DOC("complete", ""));
	SIP(SRS, "200 OK", .to = "t", .cseq = "2 INVITE", .sdp = ANSWER);
	CHECK(strstr(said, "hold 1 1|") != NULL);
	SIP(SRC, "INVITE", .to = "t", .cseq = "3 INVITE", .sdp = OFFER,
	    .meta = DOC("complete", SENDS));
	CHECK(strstr(said, "hold 1 0|") != NULL);
	scene_end();
	CHECK(strstr(end_json, "bob@example.com") != NULL);
}

TEST(session_goes_on_without_metadata_that_can_be_read)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER, .meta = "<recording");
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	TALK(.n = 30);
	BYE();
	scene_end();
	CHECK(nwarned >= 1);
	CHECK_EQ(media_of("1", 0), 30);
	CHECK(strstr(said, "|end call_x bye-client|") != NULL);
}

TEST(session_partial_metadata_without_a_base_is_warned_of)
{
	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER, .meta = DOC("partial", SENDS));
	SIP(SRS, "200 OK", .to = "t", .sdp = ANSWER);
	scene_end();
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "R7866-9.1-4 ", 12) == 0);
}

TEST(session_two_metadata_parts_before_the_begin_are_warned_of)
{
	static const char part[] = "<recording/>\r\n--B\r\nContent-Type: "
	    "application/rs-metadata+xml\r\n\r\n<recording/>";

	scene(false);
	SIP(SRC, "INVITE", .sdp = OFFER, .meta = part);
	CHECK_EQ(nwarned, 1);
	CHECK(strncmp(warned, "R7865-5.1.2-2 ", 14) == 0);
	CHECK(strstr(last_json, "\"session\"") == NULL);
	scene_end();
}
