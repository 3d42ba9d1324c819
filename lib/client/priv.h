/* priv - what the files of this layer share. */
#ifndef SIPREC_CLIENT_PRIV_H
#define SIPREC_CLIENT_PRIV_H

#include "siprec/client.h"

#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

/* ---- world: the recorded call at one moment ---- */

enum { SESSIONS = 9, LEGS = 8, FOCUS = 255 };

/* Times count from the answer to the recording session. */
struct sr_world {
	bool group;
	sr_time group_at;
	struct sr_world_cs {
		bool open, in_group;
		sr_time since;
		uint8_t nlegs, leg[LEGS][2];	/* people, or FOCUS */
	} cs[SESSIONS + 1];			/* [0] is never used */
	struct sr_world_person {
		uint16_t in;			/* bit n: in session n */
		bool nameless;
		uint64_t send, hear;		/* bit n: stream n */
		sr_time since[SESSIONS + 1];
	} people[SR_PEOPLE_MAX];
	struct sr_world_stream {
		bool live;			/* has an m-line */
		uint8_t cs;			/* 0: of none */
		struct sr_str label;
	} streams[SR_STREAMS_MAX];
};

/* Changes w as the words say, all at that moment: see world.c for how they
 * are written.  SR_OK; SR_EBAD. */
int sr_world_change(struct sr_world *w, const char *words, sr_time at);
/* Streams without an m-line are over, those with one have its label. */
void sr_world_lines(struct sr_world *w, const struct sr_script_line *lines,
    size_t n);
/* Streams that belong to no session join that of who sends them. */
void sr_world_settle(struct sr_world *w);

/* Which of a call's UUIDs is whose. */
enum { ID_GROUP, ID_FOCUS, ID_CS, ID_PEOPLE = ID_CS + SESSIONS };
static inline size_t
id_person(size_t person)
{
	return ID_PEOPLE + 2 * person;
}
static inline size_t
id_person_leg(size_t person)
{
	return ID_PEOPLE + 2 * person + 1;
}
static inline size_t
id_stream(const struct sr_script *s, size_t stream)
{
	return ID_PEOPLE + 2 * s->npeople + stream;
}

/* ---- dialects: how a vendor's XML differs from that of RFC 7865 ---- */

enum sr_id_form {
	IDS_BASE64, IDS_URN, IDS_UUID,
	IDS_HEX,			/* 20 digits */
	IDS_ASCII,			/* base64 of "61a0f001-5280-10" */
	IDS_CALL			/* digits, as of a clock */
};
enum sr_aor_form { AOR_URI, AOR_NO_SCHEME, AOR_USER };
enum sr_time_form {
	TIME_MS, TIME_SECONDS, TIME_NO_ZONE,
	TIME_0000,			/* +0000 */
	TIME_OFFSET			/* +00:00 */
};
enum {					/* flags of a style */
	CAMEL_DATAMODE = 1,
	BARE_NAMES = 2,			/* id and session, and a participant
					 * holds its times and streams */
	WITH_RECV = 4,			/* ... both ways */
	ID_CHILD = 8,			/* <send><id>...</id></send> */
	AOR_CHILD = 16,			/* <aor> in place of nameID */
	BARE_STREAM = 32,		/* <stream id=... session_id=...> */
	STREAM_MODE = 64,		/* <mode>separate</mode> */
	STREAM_TIME = 128,
	NO_RECORDING_ASSOC = 256,
	NO_MEMBER_TIME = 512,
	NO_NAME = 1024, BLANK_NAME = 2048,
	ALWAYS_GROUP = 4096,		/* one per session, if need be */
	ROOT_ID = 8192,
	REF_FIRST = 16384,		/* group-ref before sipSessionID */
	ID_IS_NUMBER = 32768,		/* a participant's is its AoR's user */
	STREAMS_WITH_PARTIES = 65536,	/* person, membership, stream; then
					 * the associations with streams */
	MEDIA_WITH_PARTIES = 131072,	/* person, membership, association;
					 * then the streams */
	NO_RECV = 262144,
	RECORDING_CHILD = 524288,	/* <recording id=...> in the root */
	NO_SESSION_START = 1 << 20, NO_SESSION_IDS = 1 << 21,
	SESSION_IS_CALL_ID = 1 << 22,
	NAME_LANG = 1 << 23		/* xml:lang="en", whatever the name */
};
struct sr_style {
	const char *decl;		/* the first line, or "" */
	const char *root, *ns, *more;	/* more: further declarations */
	char quote;			/* around the name space */
	const char *tag;		/* prefix of all elements */
	const char *indent;		/* NULL: all in one line */
	enum sr_id_form ids;
	enum sr_aor_form aor;
	enum sr_time_form time;
	unsigned flags;
	enum sr_vendor {
		NO_EXTRA, ACME, ACME_GENESYS, CALL_DATA, BROADWORKS,
		METASWITCH, NETSAPIENS
	} extra;			/* extension data */
};

/* More objects than any call has: nobody is made to wait for them. */
bool sr_too_many(const struct sr_doc *d);

/* What a writer of XML has at hand. */
struct sr_writing {
	struct sr_buf *out;
	const struct sr_doc *d;
	const struct sr_style *style;
	bool derived;			/* of a session's id: its group's */
	int err;
};
void sr_say(struct sr_writing *x, const char *s);
void sr_say_text(struct sr_writing *x, struct sr_str s);	/* escaped */
void sr_say_id(struct sr_writing *x, struct sr_str id);
void sr_say_user(struct sr_writing *x, struct sr_str aor);
struct sr_str sr_first_aor(const struct sr_doc *d, size_t participant);
/* What a vendor adds to them; no-ops for those that add nothing. */
void sr_extra_group(struct sr_writing *x);
void sr_extra_session(struct sr_writing *x);
void sr_extra_participant(struct sr_writing *x, size_t which);
void sr_extra_document(struct sr_writing *x);

/* ---- checks ---- */

enum test {
	T_STATUS,			/* arg, or its class where below 10 */
	T_NOT_2XX, T_STILL, T_CONTACT, T_ALLOW, T_ALLOW_UPDATE, T_ACCEPT,
	T_NO_META, T_TAG, T_ECHO,
	T_ANSWER, T_LINES, T_TAKEN, T_TWO, T_RECVONLY, T_INACTIVE, T_ZERO,
	T_FORMATS, T_LABELS, T_ORIGIN, T_NO_RECORD, T_VIDEO, T_SAME_PORT,
	T_OFFER, T_OFFERED, T_SAME_LINES, T_VERSION, T_ALL_INACTIVE,
	T_SOME_RECVONLY,
	T_UNSUPPORTED, T_CANCELLED, T_RELIABLE, T_PRACK, T_COPIES, T_BYE,
	T_OLD_BYE, T_REASON, T_SE, T_REFRESHER, T_TIMER, T_MIN_SE,
	T_DISPOSITION, T_NO_SDP, T_ROOT, T_SPACE, T_RTCP, T_RTCP_PORT,
	T_UP,
	T_RETRIED, T_AGAIN, T_TAKEN_AGAIN, T_RETRY_AFTER, T_REDIRECT,
	T_EARLY_COPIES, T_RAISED
};

/* ---- flows ---- */

/* One row is one step.  Times are milliseconds from what `from` says. */
struct row {
	enum sr_step_kind kind;
	enum sr_step_from from;
	unsigned at;
	const char *lines;		/* NULL: the m-lines as before */
	const char *meta;		/* NULL: none; "": nothing changed */
	unsigned flags;
	enum sr_method method;		/* of SR_AWAIT */
	const char *require, *refresher;
	uint32_t expires;
	enum sr_withheld withheld;
	enum sr_media_act act;
	char stream;
	size_t arg;
	const char *digits, *type, *body;
	const char *xml;		/* sent as it is */
	const char *checks;		/* besides the usual ones */
	const char *instead;		/* of the usual ones */
	const char *text;
};
enum {					/* flags of a row */
	NO_SDP = 1,
	COMPLETE = 2,			/* an INVITE's metadata always is */
	PARTIAL = 4,			/* ... but for this one */
	REL = 8, REPLACES = 16, LEG_1 = 32, STRANGER = 64,
	NO_MARK = 256, NO_REQUIRE = 512,
	CROWD = 128,			/* lines and metadata of arg streams */
	CROSS = 1024, EARLY_ONLY = 2048, SMALL = 4096, PATIENT = 8192
};
struct flow {
	struct sr_call_flow shown;
	bool fixed;			/* its times are those of a protocol */
	const struct row *rows;
	size_t nrows;
};
extern const struct flow sr_flows_basic[], sr_flows_rfc8068[],
    sr_flows_media[], sr_flows_dialog[], sr_flows_server[];
extern const size_t sr_nflows_basic, sr_nflows_rfc8068, sr_nflows_media,
    sr_nflows_dialog, sr_nflows_server;
const struct flow *sr_flow_find(const char *name);
/* Adds the rows of a flow to a script; s is empty but for people, dialect. */
int sr_flow_play(struct sr_script *s, const struct flow *f,
    const struct sr_script_cfg *cfg);
/* The m-lines that the words say, laid over those in force before. */
struct lines {
	struct sr_script_line *v;
	size_t n;
};
int sr_lines_read(struct sr_script *s, const struct sr_script_cfg *cfg,
    const char *words, struct lines *inout);
int sr_lines_crowd(struct sr_script *s, const struct sr_script_cfg *cfg,
    size_t n, struct lines *out);

int sr_script_people(struct sr_script *s, const struct sr_script_cfg *cfg,
    size_t n);
/* Adds the checks that every step of that kind has to pass. */
int sr_step_checks(struct sr_script *s, struct sr_step *step);
const struct sr_check *sr_check_named(struct sr_str id);

/* How rows are written. */
#define FLOW_AS(v, name_, ms, text_, fixed_, operated_)			\
    { .shown = { name_, text_, ms * SR_MSEC, operated_ },		\
    .fixed = fixed_, .rows = v, .nrows = COUNT(v) }
#define FLOW(v, name, ms, text) FLOW_AS(v, name, ms, text, false, false)
#define FIXED_FLOW(v, name, ms, text) FLOW_AS(v, name, ms, text, true, false)
#define OPERATED_FLOW(v, name, ms, text)				\
    FLOW_AS(v, name, ms, text, false, true)
#define INVITE(l, m) .kind = SR_DO_INVITE, .lines = l, .meta = m
#define REINVITE(t, l, m) .kind = SR_DO_REINVITE, .at = t, .lines = l,	\
    .meta = m
#define UPDATE(t, l, m) .kind = SR_DO_UPDATE, .at = t, .lines = l, .meta = m
/* Metadata alone needs no SDP, as long as it tells of no label. */
#define TELL(t, m) .kind = SR_DO_UPDATE, .at = t, .meta = m, .flags = NO_SDP
#define MEDIA(t, a, s) .kind = SR_DO_MEDIA, .at = t, .act = a, .stream = s
/* at: for how long. */
#define AWAIT(m) .kind = SR_AWAIT, .from = SR_FROM_BEFORE, .method = m
#define BYE(t) .kind = SR_DO_BYE, .at = t
#define BYE_TELLS(t, m) .kind = SR_DO_BYE, .at = t, .meta = m

/* Alice and Bob, who send and hear one stream each. */
#define TWO "1+#AB A+1>a<b B+1>b<a"
/* The same where one mixed stream has both. */
#define MIXED "1+#A,B A+1>a<a B+1>a<a"

#endif
