#include "unit/client/play.h"

#define V1 "urn:ietf:params:xml:ns:recording:1"
#define S1 "hVpd7YQgRW2nD22h7q60JQ=="
#define S2 "bfLZ+NTFQeCNxQTuRyQBmw=="
#define A "srfBElmCRp2QB23b7Mpk0w=="
#define B "zSfPoSvdSDCmU3A3TRDxAw=="
#define M1 "UAAMm5GRQKSCMVvLyl4rFw=="
#define M2 "i1Pz3to5TGk8fuXl+PbwCw=="

#define CS(id) "<session session_id=\"" id "\"/>"
#define WHO(id, name) "<participant participant_id=\"" id "\"><nameID "	\
    "aor=\"sip:x@h\"><name>" name "</name></nameID></participant>"
#define ST(id, cs, label) "<stream stream_id=\"" id "\" session_id=\"" cs \
    "\"><label>" label "</label></stream>"
#define IN(who, cs) "<participantsessionassoc participant_id=\"" who	\
    "\" session_id=\"" cs "\"><associate-time>2026-01-01T00:00:00Z"	\
    "</associate-time></participantsessionassoc>"
#define SENDS(who, what) "<participantstreamassoc participant_id=\"" who \
    "\"><send>" what "</send></participantstreamassoc>"

static struct sr_doc before, after, out;

static void
between(const char *old, const char *new)
{
	char text[4096];

	snprintf(text, sizeof(text), "<recording xmlns=\"" V1
	    "\"><datamode>complete</datamode>%s</recording>", old);
	CHECK_EQ(sr_doc_parse(&before, guarded(text, strlen(text)), nothing(),
	    ROOM), SR_OK);
	snprintf(text, sizeof(text), "<recording xmlns=\"" V1
	    "\"><datamode>complete</datamode>%s</recording>", new);
	CHECK_EQ(sr_doc_parse(&after, guarded(text, strlen(text)), nothing(),
	    ROOM), SR_OK);
	CHECK_EQ(sr_doc_difference(&before, &after,
	    SR_STR("2026-01-01T01:00:00Z"), &out), SR_OK);
	CHECK_STR(out.datamode, "partial");
}

static void
done(void)
{
	sr_doc_free(&before);
	sr_doc_free(&after);
	sr_doc_free(&out);
}

#define CALL CS(S1) WHO(A, "a") WHO(B, "b") ST(M1, S1, "1")		\
    ST(M2, S1, "2") IN(A, S1) IN(B, S1) SENDS(A, M1) SENDS(B, M2)

TEST(difference_of_the_same_is_nothing)
{
	between(CALL, CALL);
	CHECK_EQ(out.nsessions + out.nparticipants + out.nstreams +
	    out.nassocs + out.ngroups, 0);
	done();
}

TEST(difference_tells_only_what_changed)
{
	between(CALL, CS(S1) WHO(A, "a") WHO(B, "Bob") ST(M1, S1, "1")
	    ST(M2, S1, "22") IN(A, S1) IN(B, S1) SENDS(A, M1) SENDS(B, M2));
	CHECK_EQ(out.nparticipants, 1);
	CHECK_STR(out.participants[0].names[0].name, "Bob");
	CHECK_EQ(out.nstreams, 1);
	CHECK_STR(out.streams[0].label, "22");
	CHECK_EQ(out.nassocs + out.nsessions, 0);
	done();
}

TEST(difference_of_one_who_left_is_a_disassociate_time)
{
	between(CALL, CS(S1) WHO(A, "a") ST(M1, S1, "1") IN(A, S1)
	    SENDS(A, M1));
	CHECK_EQ(out.nassocs, 1);
	CHECK_STR(out.assocs[0].participant_id, B);
	CHECK_STR(out.assocs[0].disassociate, "2026-01-01T01:00:00Z");
	CHECK_EQ(out.nparticipants + out.nstreams, 0);
	done();
}

TEST(difference_of_a_session_that_is_gone_is_a_stop_time)
{
	between(CALL, "");
	CHECK_EQ(out.nsessions, 1);
	CHECK_STR(out.sessions[0].stop, "2026-01-01T01:00:00Z");
	CHECK_EQ(out.nassocs, 2);
	done();
}

TEST(difference_moves_a_stream_to_another_session)
{
	between(CALL, CS(S2) WHO(A, "a") ST(M1, S2, "1") IN(A, S2)
	    SENDS(A, M1));
	CHECK_EQ(out.nstreams, 1);
	CHECK_STR(out.streams[0].session_id, S2);
	CHECK_EQ(out.nsessions, 2);
	done();
}

/* An update that makes somebody send nothing has an association without. */
TEST(difference_tells_one_to_send_no_more)
{
	between(CS(S1) CS(S2) WHO(A, "a") ST(M1, S1, "1") IN(A, S2)
	    SENDS(A, M1), CS(S1) CS(S2) ST(M1, S1, "1"));
	CHECK_EQ(out.nassocs, 2);
	CHECK_EQ(out.assocs[1].kind, SR_PARTICIPANT_STREAM);
	CHECK_EQ(out.assocs[1].nsend, 0);
	done();
}

TEST(difference_of_too_many_objects_is_refused)
{
	struct sr_doc many, none;
	struct sr_buf b;

	sr_buf_init(&b, ROOM);
	sr_doc_new(&many, 64 << 20);
	sr_doc_new(&none, ROOM);
	for (int i = 0; i < 5000; i++)
		CHECK(sr_doc_add_cs(&many, SR_STR(S1)) != NULL);
	CHECK_EQ(sr_doc_difference(&many, &none, SR_STR("x"), &out),
	    SR_ELIMIT);
	CHECK_EQ(sr_dialect_xml(sr_dialect_find("oracle"), &many, &b),
	    SR_ELIMIT);
	sr_buf_free(&b);
	sr_doc_free(&many);
	sr_doc_free(&none);
	sr_doc_free(&out);
}
