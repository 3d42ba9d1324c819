/* flow_basic - plain calls, and how metadata gets to the server: RFC 7866
 * section 9. */
#include "client/priv.h"

static const struct row basic[] = {
	{ .kind = SR_DO_INVITE, .flags = CROWD, .meta = "", .arg = 2,
	  .checks = "two-audio", .text = "a call is recorded" },
	{ BYE_TELLS(10000, "1."), .checks = "rtcp rtcp-port",
	  .text = "it ends" } };

static const struct row one_way[] = {
	{ INVITE("a", "1+#AB A+1>a B+1<a"),
	  .text = "an announcement: only Alice speaks" },
	{ BYE_TELLS(6000, "1."), .text = "it ends" } };

static const struct row conference[] = {
	{ INVITE("a b", TWO), .checks = "two-audio",
	  .text = "Alice and Bob, a stream each" },
	{ REINVITE(3000, "a b c", "1#AB,CB C+1>c<ab A<bc B<ac"),
	  .checks = "added", .text = "Carol joins with a third stream" },
	{ REINVITE(6000, "- b c", "1#CB A-1 B<c C<b"), .checks = "removed",
	  .text = "Alice leaves, her m-line has port 0" },
	{ BYE_TELLS(9000, "1."), .text = "the conference ends" } };

static const struct row turret_lines[] = {
	{ INVITE("a%main b%main c%main d%main e%speaker f%speaker g%speaker "
	  "h%speaker", "1+G#AB 2+G#CD 3+G#EF 4+G#GH A+1>a<b B+1>b<a "
	  "C+2>c<d D+2>d<c E+3>e<f F+3>f<e G+4>g<h H+4>h<g"),
	  .checks = "two-audio many-mlines",
	  .text = "two handsets and two speakers, eight streams" },
	{ REINVITE(4000, "a b c d - - g h", "3."), .checks = "removed",
	  .text = "the call on one speaker ends" },
	{ BYE_TELLS(8000, "1. 2. 4."), .text = "the turret is left" } };

static const struct row many[] = {
	{ .kind = SR_DO_INVITE, .flags = CROWD, .meta = "", .arg = 64,
	  .checks = "two-audio many-mlines", .text = "64 m-lines at once" },
	{ BYE_TELLS(6000, "1."), .text = "it ends" } };

static const struct row metadata_only[] = {
	{ INVITE("a b", "1+#AB A+1>a<b B+1?>b<a"),
	  .text = "the name of the second party is not known yet" },
	{ TELL(2500, "B!"), .checks = "metadata-alone",
	  .text = "it is: UPDATE with metadata alone" },
	{ TELL(5000, "C+1<ab"), .checks = "metadata-alone",
	  .text = "Carol listens in" },
	{ TELL(7000, "C-1"), .checks = "metadata-alone",
	  .text = "Carol leaves" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row late_metadata[] = {
	{ INVITE("a b", NULL), .checks = "no-metadata-yet",
	  .text = "an INVITE without metadata" },
	{ REINVITE(2000, NULL, TWO), .flags = COMPLETE,
	  .checks = "whole-again",
	  .text = "the full state follows as soon as it is known" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row whole_again[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(2500, NULL, ""), .flags = COMPLETE,
	  .checks = "whole-again",
	  .text = "the full state once more, which is allowed at any time" },
	{ UPDATE(5000, NULL, ""), .flags = COMPLETE, .checks = "whole-again",
	  .text = "the same in an UPDATE with SDP" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row snapshot[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ AWAIT(SR_UPDATE), .at = 5000,
	  .checks = "snapshot-disposition snapshot-no-sdp snapshot-root "
	  "snapshot-namespace srs-request-contact",
	  .text = "the server asks for a snapshot; the 200 has no body" },
	{ .kind = SR_DO_REINVITE, .from = SR_FROM_BEFORE, .meta = "",
	  .flags = COMPLETE, .checks = "whole-again",
	  .text = "the full state follows at once, with SDP" },
	{ REINVITE(7000, "a b c", "C+1>c<ab A<bc B<ac"), .checks = "added",
	  .text = "a partial update that builds on it" },
	{ BYE_TELLS(10000, "1."), .text = "the call ends" } };

static const struct row partial_first[] = {
	{ INVITE("a b", TWO), .flags = PARTIAL,
	  .checks = "no-base",
	  .text = "the first metadata is partial, against RFC 7866 9.1" },
	{ AWAIT(SR_UPDATE), .at = 5000,
	  .checks = "snapshot-disposition snapshot-no-sdp snapshot-root "
	  "snapshot-namespace srs-request-contact",
	  .text = "a server may ask for the base" },
	{ .kind = SR_DO_REINVITE, .from = SR_FROM_BEFORE, .meta = "",
	  .flags = COMPLETE, .checks = "whole-again",
	  .text = "the full state follows" },
	{ BYE_TELLS(14000, "1."), .text = "the call ends" } };

static const struct row broken[] = {
	{ INVITE("a b", NULL), .xml = "<?xml version=\"1.0\" encoding=\"UTF-8"
	  "\"?>\n<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\n"
	  "  <datamode>complete</datamode>\n  <session session_id=",
	  .checks = "broken-metadata",
	  .text = "metadata that breaks off in mid-tag" },
	{ REINVITE(3000, NULL, TWO), .flags = COMPLETE,
	  .checks = "whole-again", .text = "good metadata follows" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

/* Ten times ten times ...: a server that expands it is done for. */
#define E(n, of) "<!ENTITY " n " \"&" of ";&" of ";&" of ";&" of ";&"	\
    of ";&" of ";&" of ";&" of ";&" of ";&" of ";\">"

static const struct row hostile[] = {
	{ INVITE("a b", NULL), .xml = "<?xml version=\"1.0\"?>\n"
	  "<!DOCTYPE recording [<!ENTITY a \"aaaaaaaaaa\">" E("b", "a")
	  E("c", "b") E("d", "c") E("e", "d") E("f", "e") E("g", "f")
	  E("h", "g") E("i", "h")
	  "<!ENTITY x SYSTEM \"file:///etc/hostname\">]>\n"
	  "<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">"
	  "<datamode>&i;</datamode><session session_id=\"&x;\"/>"
	  "</recording>", .checks = "broken-metadata",
	  .text = "metadata with entities that explode" },
	{ REINVITE(3000, NULL, TWO), .flags = COMPLETE,
	  .checks = "whole-again", .text = "good metadata follows" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

const struct flow sr_flows_basic[] = {
	FLOW(basic, "basic", 10000, "INVITE, media, BYE; --streams N"),
	FLOW(one_way, "one-way", 6000, "one stream, one who speaks"),
	FLOW(conference, "conference", 9000,
	    "one joins with a stream of its own, one leaves with its"),
	FLOW(turret_lines, "turret-lines", 8000,
	    "four calls of a turret, eight streams"),
	FLOW(many, "many-streams", 6000, "64 m-lines in one offer"),
	FLOW(metadata_only, "metadata-only", 9000,
	    "UPDATEs that carry metadata and no SDP"),
	FLOW(late_metadata, "late-metadata", 6000,
	    "INVITE without metadata, the full state later"),
	FLOW(whole_again, "snapshot-anytime", 8000,
	    "complete metadata in mid-call, unasked"),
	OPERATED_FLOW(snapshot, "snapshot-request", 10000,
	    "the server asks for a snapshot and gets it"),
	FLOW(partial_first, "partial-first", 14000,
	    "a partial update before any complete state"),
	FLOW(broken, "broken-metadata", 6000,
	    "XML that is not well-formed does not cost the recording"),
	FLOW(hostile, "hostile-metadata", 6000,
	    "XML with exploding and external entities"),
};
const size_t sr_nflows_basic = COUNT(sr_flows_basic);
