/* Claims about lib/core/kin.c: a session that goes on with another one is
 * told from one that runs beside it. */
#include "unit/core/scene.h"

static const char *
meta(const char *cs, const char *sip)
{
	static char text[2000];
	char more[200] = "";

	if (sip != NULL)
		snprintf(more, sizeof(more), "<sipSessionID>%s</sipSessionID>",
		    sip);
	snprintf(text, sizeof(text), "<?xml version=\"1.0\"?>\n<recording "
	    "xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>complete"
	    "</datamode><session session_id=\"%s\">%s</session></recording>",
	    cs, more);
	return text;
}

struct one {				/* a session */
	const char *id, *cs, *sip, *session_id;
	int port;
};

static void
begin(struct one v)
{
	char extra[200] = "";

	if (v.session_id != NULL)
		snprintf(extra, sizeof(extra), "Session-ID: %s;remote="
		    SR_SESSION_NIL "\r\n", v.session_id);
	SIP(SRC, "INVITE", .id = v.id, .sdp = sdp(SRC, v.port, "sendonly", "1"),
	    .meta = v.cs != NULL ? meta(v.cs, v.sip) : NULL, .extra = extra);
	SIP(SRS, "200 OK", .id = v.id, .to = "t",
	    .sdp = sdp(SRS, v.port, "recvonly", "1"));
	SIP(SRC, "ACK", .id = v.id, .to = "t", .cseq = "1 ACK");
}
#define BEGIN(...) begin((struct one){ __VA_ARGS__ })

static void
bye(int who, const char *id, const char *extra)
{
	SIP(who, "BYE", .id = id, .to = "t", .cseq = "99 BYE",
	    .extra = extra);
}
#define TIMEOUT "Reason: SIP;cause=408;text=\"media-timeout\"\r\n"
#define LOST "Reason: SIP;cause=481;text=\"who are you\"\r\n"

/* One ends like that; so long after that another one begins. */
static void
two(int who, const char *reason, sr_time later, struct one a, struct one b)
{
	scene(false);
	begin(a);
	TALK(.port = a.port, .n = 50);
	bye(who, a.id, reason);
	now += later;
	forget_said();
	begin(b);
}

static bool
is_continued(const char *text)
{
	return strstr(said, text) != NULL;
}

TEST(kin_after_an_unexpected_end_are_linked)
{
	static const struct one a = { .id = "a", .cs = "CS1", .port = 41000 },
	    b = { .id = "b", .cs = "CS1", .port = 42000 };

	two(SRS, TIMEOUT, 10 * SR_SEC, a, b);
	CHECK(is_continued("continued b of a|"));
	scene_end();
	two(SRC, LOST, 10 * SR_SEC, a, b);
	CHECK(is_continued("continued b of a|"));
	scene_end();
	two(SRC, "Reason: Q.850;cause=41\r\n", 10 * SR_SEC, a, b);
	CHECK(is_continued("continued b of a|"));
	scene_end();
	CHECK_EQ(nwarned, 0);
}

TEST(kin_after_a_normal_end_or_too_late_are_not)
{
	static const struct one a = { .id = "a", .cs = "CS1", .port = 41000 },
	    b = { .id = "b", .cs = "CS1", .port = 42000 },
	    c = { .id = "b", .cs = "CS2", .port = 42000 },
	    d = { .id = "b", .port = 42000 };

	two(SRC, "", 10 * SR_SEC, a, b);
	CHECK(!is_continued("continued"));
	scene_end();
	two(SRC, "Reason: Q.850;cause=16\r\n", 10 * SR_SEC, a, b);
	CHECK(!is_continued("continued"));
	scene_end();
	two(SRS, TIMEOUT, 61 * SR_SEC, a, b);
	CHECK(!is_continued("continued"));
	scene_end();
	two(SRS, TIMEOUT, 10 * SR_SEC, a, c);
	CHECK(!is_continued("continued"));
	scene_end();
	two(SRS, TIMEOUT, 10 * SR_SEC, a, d);
	CHECK(!is_continued("continued"));
	scene_end();
}

TEST(kin_are_known_by_the_best_that_both_say)
{
	static const char sid[] = "0123456789abcdef0123456789abcdef";
	static const struct one
	    a = { .id = "a", .cs = "", .sip = "s1", .port = 41000,
		.session_id = sid },
	    b = { .id = "b", .cs = "CS1", .sip = "s1", .port = 42000 },
	    c = { .id = "a", .cs = "CS2", .sip = "s1", .port = 41000 },
	    d = { .id = "a", .port = 41000, .session_id = sid },
	    e = { .id = "b", .port = 42000, .session_id = sid },
	    f = { .id = "b", .cs = "CS1", .sip = "s2", .port = 42000,
		.session_id = sid };

	two(SRS, TIMEOUT, SR_SEC, a, b);	/* sipSessionID */
	CHECK(is_continued("continued b of a|"));
	scene_end();
	two(SRS, TIMEOUT, SR_SEC, c, b);	/* the same, but other calls */
	CHECK(!is_continued("continued"));
	scene_end();
	two(SRS, TIMEOUT, SR_SEC, d, e);	/* RFC 7989 */
	CHECK(is_continued("continued b of a|"));
	scene_end();
	two(SRS, TIMEOUT, SR_SEC, a, f);
	CHECK(!is_continued("continued"));
	scene_end();
}

TEST(kin_metadata_that_comes_later_links_too)
{
	static const struct one a = { .id = "a", .cs = "CS1", .port = 41000 },
	    b = { .id = "b", .port = 42000 };

	two(SRS, TIMEOUT, SR_SEC, a, b);
	CHECK(!is_continued("continued"));
	SIP(SRC, "UPDATE", .id = "b", .to = "t", .cseq = "2 UPDATE",
	    .meta = meta("CS1", NULL), .sdp = sdp(SRC, 42000, "sendonly",
	    "1"));
	CHECK(is_continued("continued b of a|"));
	scene_end();
}

/* The server has not noticed yet that the client was lost. */
TEST(kin_that_began_before_the_old_one_ended_are_linked_in_both)
{
	scene(false);
	BEGIN(.id = "a", .cs = "CS1", .port = 41000);
	TALK(.port = 41000, .n = 50);
	now += 3 * SR_SEC;
	BEGIN(.id = "b", .cs = "CS1", .port = 42000);
	TALK(.port = 42000, .n = 50, .ssrc = 8);
	now += 80 * SR_SEC;
	TALK(.port = 42000, .from = 4000, .n = 50, .ssrc = 8);
	CHECK_EQ(nwarned, 0);
	forget_said();
	bye(SRS, "a", TIMEOUT);
	SAID("continued a by b|continued b of a|end a media-timeout|");
	bye(SRC, "b", "");
	scene_end();
}

TEST(kin_whose_old_one_ends_with_a_word_are_not_linked)
{
	scene(false);
	BEGIN(.id = "a", .cs = "CS1", .port = 41000);
	TALK(.port = 41000, .n = 50);
	now += 3 * SR_SEC;
	BEGIN(.id = "b", .cs = "CS1", .port = 42000);
	TALK(.port = 42000, .n = 50, .ssrc = 8);
	forget_said();
	bye(SRC, "a", "");
	SAID("end a bye-client|");
	scene_end();
}

static void
talk_both(int n)
{
	for (int i = 0; i < n; i++) {
		TALK(.port = 41000, .from = i, .n = 1);
		now -= 10 * MS;
		TALK(.port = 42000, .from = i, .n = 1, .ssrc = 8);
		now -= 10 * MS;
	}
}

TEST(kin_with_media_at_once_are_parallel_and_never_linked)
{
	scene(false);
	BEGIN(.id = "a", .cs = "CS1", .port = 41000);
	BEGIN(.id = "b", .cs = "CS1", .port = 42000);
	nwarned = 0;
	talk_both(100);
	CHECK_EQ(nwarned, 2);
	CHECK(strncmp(warned, "parallel ", 9) == 0);
	forget_said();
	bye(SRS, "a", TIMEOUT);
	talk_both(100);
	bye(SRS, "b", TIMEOUT);
	CHECK(!is_continued("continued"));
	CHECK_EQ(nwarned, 2);
	scene_end();
}

TEST(kin_that_turn_out_to_be_parallel_are_told_at_the_end)
{
	scene(false);
	BEGIN(.id = "a", .cs = "CS1", .port = 41000);
	TALK(.port = 41000, .n = 50);
	now += 2 * SR_SEC;		/* it rests */
	BEGIN(.id = "b", .cs = "CS1", .port = 42000);
	TALK(.port = 42000, .n = 5, .ssrc = 8);
	nwarned = 0;
	for (int i = 0; i < 100; i++) {
		TALK(.port = 41000, .from = 160 + i, .n = 1);
		now -= 10 * MS;
		TALK(.port = 42000, .from = 5 + i, .n = 1, .ssrc = 8);
		now -= 10 * MS;
	}
	CHECK_EQ(nwarned, 0);
	bye(SRC, "a", "");
	CHECK_EQ(nwarned, 2);
	bye(SRC, "b", "");
	scene_end();
}

TEST(kin_at_the_end_of_a_capture_are_linked_in_both)
{
	scene(false);
	BEGIN(.id = "a", .cs = "CS1", .port = 41000);
	TALK(.port = 41000, .n = 50);
	now += 3 * SR_SEC;
	BEGIN(.id = "b", .cs = "CS1", .port = 42000);
	TALK(.port = 42000, .n = 50, .ssrc = 8);
	forget_said();
	sr_engine_finish(engine, now);
	drain();
	CHECK(is_continued("continued a by b|"));
	CHECK(is_continued("continued b of a|"));
	sr_engine_free(engine);
}

TEST(kin_that_follow_each_other_are_a_chain)
{
	static const struct one a = { .id = "a", .cs = "CS1", .port = 41000 },
	    b = { .id = "b", .cs = "CS1", .port = 42000 };

	two(SRS, TIMEOUT, SR_SEC, a, b);
	TALK(.port = 42000, .n = 50, .ssrc = 8);
	bye(SRS, "b", TIMEOUT);
	now += SR_SEC;
	forget_said();
	BEGIN(.id = "c", .cs = "CS1", .port = 43000);
	CHECK(is_continued("continued c of b|"));
	CHECK(!is_continued("of a|"));
	scene_end();
}

TEST(kin_are_bounded)
{
	char id[32], cs[32];

	scene(false);
	for (int i = 0; i < 6000; i++) {
		snprintf(id, sizeof(id), "s%d", i);
		snprintf(cs, sizeof(cs), "CS%d", i);
		BEGIN(.id = id, .cs = cs, .port = 41000);
		bye(SRS, id, TIMEOUT);
		nsaid = 0;
	}
	/* of the oldest nothing is known any more, of the latest all */
	forget_said();
	BEGIN(.id = "x", .cs = "CS0", .port = 42000);
	CHECK(!is_continued("continued"));
	BEGIN(.id = "y", .cs = "CS5999", .port = 43000);
	CHECK(is_continued("continued y of s5999|"));
	scene_end();
}

TEST(kin_of_a_session_with_many_calls_are_those_of_the_latest)
{
	char cs[32], cseq[32];

	scene(false);
	BEGIN(.id = "a", .cs = "CS0", .port = 41000);
	for (int i = 1; i < 40; i++) {
		snprintf(cs, sizeof(cs), "CS%d", i);
		snprintf(cseq, sizeof(cseq), "%d UPDATE", i + 1);
		SIP(SRC, "UPDATE", .id = "a", .to = "t", .cseq = cseq,
		    .meta = meta(cs, NULL),
		    .sdp = sdp(SRC, 41000, "sendonly", "1"));
	}
	bye(SRS, "a", TIMEOUT);
	forget_said();
	BEGIN(.id = "b", .cs = "CS0", .port = 42000);
	CHECK(!is_continued("continued"));
	BEGIN(.id = "c", .cs = "CS39", .port = 43000);
	CHECK(is_continued("continued c of a|"));
	scene_end();
}
