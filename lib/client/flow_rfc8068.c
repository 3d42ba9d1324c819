/* flow_rfc8068 - the call flows of RFC 8068, as they may stand on a wire:
 * CSeq rises, every label comes with its SDP, every part has a disposition,
 * every stream that is referred to is described, no id is used twice. */
#include "client/priv.h"

/* Section 3.2.1: a is Alice's voice, b her picture; c and d are Bob's. */
#define AV "a=96 b=97:v c=98 d=99:v"
#define AV_TALK "1+G#AB A+1>ab<cd B+1>cd<ab"

static const struct row call[] = {
	{ INVITE(AV, AV_TALK), .checks = "video-apart",
	  .text = "Alice talks to Bob, with video (3.2.1)" },
	{ BYE_TELLS(8000, "1."),
	  .text = "they hang up: BYE with the last metadata (3.2.4)" } };

static const struct row hold[] = {
	{ INVITE(AV, AV_TALK), .checks = "video-apart",
	  .text = "Alice talks to Bob, with video" },
	{ REINVITE(3000, NULL, "A> B<"), .checks = "hold-goes-on",
	  .text = "Bob puts Alice on hold; the m-lines stay sendonly" },
	{ REINVITE(6000, NULL, "A>ab B<ab"), .checks = "hold-goes-on",
	  .text = "Bob resumes" },
	{ BYE_TELLS(9000, "1."), .text = "they hang up" } };

static const struct row transfer_reinvite[] = {
	{ INVITE(AV, AV_TALK), .checks = "video-apart",
	  .text = "Alice talks to Bob, with video" },
	{ REINVITE(4000, "e=96* f=97:v* c=98* d=99:v*",
	  "1#CB A-1 C+1>ef<cd B<ef"), .checks = "new-port",
	  .text = "Alice hands over to Carol in the same session (3.2.3)" },
	{ BYE_TELLS(8000, "1."), .text = "they hang up" } };

static const struct row transfer_refer[] = {
	{ INVITE(AV, AV_TALK), .checks = "video-apart",
	  .text = "Alice talks to Bob, with video" },
	{ REINVITE(4000, NULL, "1."),
	  .text = "Alice refers Bob to Carol: the first session is over" },
	{ REINVITE(4500, "e=96* f=97:v* c=98* d=99:v*",
	  "2+G#CB B+2>cd<ef C+2>ef<cd"), .flags = COMPLETE,
	  .checks = "new-port whole-again",
	  .text = "Bob and Carol are in a new session of the group (3.2.3)" },
	{ BYE_TELLS(8000, "2."), .text = "they hang up" } };

#define MIX "a=96"

static const struct row mixed[] = {
	{ INVITE(MIX, MIXED), .text = "a focus records its mix (3.3.1)" },
	{ BYE_TELLS(8000, "1."), .text = "the conference ends (3.3.4)" } };

static const struct row mixed_hold[] = {
	{ INVITE(MIX, MIXED), .text = "a focus records its mix" },
	{ REINVITE(3000, NULL, "A> B<"), .checks = "hold-goes-on",
	  .text = "Bob puts Alice on hold (3.3.2)" },
	{ REINVITE(6000, NULL, "A>a B<a"), .checks = "hold-goes-on",
	  .text = "Bob resumes" },
	{ BYE_TELLS(9000, "1."), .text = "the conference ends" } };

static const struct row mixed_conference[] = {
	{ INVITE(MIX, MIXED), .text = "a focus records its mix" },
	{ REINVITE(3000, NULL, "1#A,B,C C+1>a<a"),
	  .text = "Carol joins (3.3.3)" },
	{ REINVITE(6000, NULL, "1#B,C A-1"), .text = "Alice drops out" },
	{ BYE_TELLS(9000, "1."), .text = "the conference ends" } };

static const struct row persistent[] = {
	{ INVITE("a=96", ""), .checks = "persistent",
	  .text = "the recording session comes before any call" },
	{ REINVITE(2000, NULL, "1+#A,B A+1>a<a B+1>a<a"),
	  .text = "Alice and Bob talk" },
	{ REINVITE(5000, NULL, "1."), .flags = NO_SDP,
	  .checks = "offers-again same-mlines",
	  .text = "they hang up: re-INVITE with metadata alone (3.4.1)" },
	{ REINVITE(8000, NULL, "2+#C,D C+2>a<a D+2>a<a"),
	  .text = "Carol and Dave talk" },
	{ BYE_TELLS(11000, "2."), .checks = "persistent rtcp rtcp-port",
	  .text = "the recording session ends with the second call" } };

static const struct row turret[] = {
	{ INVITE(MIX, "1+G#A,B 2+G#B,C A+1>a<a B+1+2>a<a C+2>a<a"),
	  .text = "two calls of one turret in one mixed stream (3.5)" },
	{ REINVITE(5000, NULL, "2."), .text = "the second call ends" },
	{ BYE_TELLS(8000, "1."), .text = "the first call ends" } };

const struct flow sr_flows_rfc8068[] = {
	FLOW(call, "call-video", 8000,
	    "two parties, audio and video each; metadata in the BYE"),
	FLOW(hold, "hold-resume", 9000,
	    "hold and resume told by metadata alone; recording goes on"),
	FLOW(transfer_reinvite, "transfer-reinvite", 8000,
	    "a third party takes the first one's place in the session"),
	FLOW(transfer_refer, "transfer-refer", 8000,
	    "a new session with a third party, in the same group"),
	FLOW(mixed, "mixed", 8000, "one stream that holds both parties"),
	FLOW(mixed_hold, "mixed-hold", 9000, "hold and resume of a mix"),
	FLOW(mixed_conference, "mixed-conference", 9000,
	    "one joins a mixed conference, one drops out"),
	FLOW(persistent, "persistent", 11000,
	    "a recording session that outlives the calls in it"),
	FLOW(turret, "turret", 8000, "two calls mixed into one stream"),
};
const size_t sr_nflows_rfc8068 = COUNT(sr_flows_rfc8068);
