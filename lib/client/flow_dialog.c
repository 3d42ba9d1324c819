/* flow_dialog - the dialog and its corner cases: RFC 3261, 3262, 3311, 3891
 * and 4028 as RFC 7866 uses them. */
#include "client/priv.h"

static const struct row late_offer[] = {
	{ .kind = SR_DO_INVITE, .lines = "a b", .flags = NO_SDP,
	  .checks = "offers",
	  .text = "an INVITE without SDP; our answer is in the ACK" },
	{ REINVITE(2000, NULL, TWO), .flags = COMPLETE,
	  .checks = "whole-again", .text = "the metadata, with its labels" },
	{ BYE_TELLS(7000, "1."), .text = "the call ends" } };

static const struct row late_offer_reliable[] = {
	{ .kind = SR_DO_INVITE, .lines = "a b", .flags = NO_SDP | REL,
	  .checks = "reliable prack offers-somewhere",
	  .text = "no SDP, and 100rel: the offer may come in a 18x, our "
	  "answer is in the PRACK or the ACK" },
	{ REINVITE(2000, NULL, TWO), .flags = COMPLETE,
	  .checks = "whole-again", .text = "the metadata, with its labels" },
	{ BYE_TELLS(7000, "1."), .text = "the call ends" } };

static const struct row unusable[] = {
	{ INVITE("a/u b/u", TWO), .instead = "unusable-offer echo no-metadata",
	  .text = "an INVITE with a codec that nobody knows" } };

static const struct row timer_reinvite[] = {
	{ INVITE("a b", TWO), .expires = 90, .refresher = "uac",
	  .checks = "timer-value timer-refresher timer-require",
	  .text = "a session of 90 s, which we refresh" },
	{ REINVITE(45000, NULL, NULL), .checks = "timer-refreshed",
	  .expires = 90, .refresher = "uac",
	  .text = "the refresh: re-INVITE with the same SDP" },
	{ BYE_TELLS(100000, "1."), .checks = "persistent",
	  .text = "beyond the first 90 s the session is still there" } };

static const struct row early_cancel[] = {
	{ INVITE("a b", TWO), .flags = REL,
	  .instead = "reliable prack", .text = "INVITE that requires 100rel" },
	{ .kind = SR_DO_CANCEL, .from = SR_FROM_RINGING, .at = 200,
	  .checks = "cancel-200 cancel-487",
	  .text = "CANCEL before the final answer" } };

static const struct row late_cancel[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_CANCEL, .from = SR_FROM_BEFORE,
	  .instead = "cancel-late",
	  .text = "a CANCEL that comes after the answer" },
	{ REINVITE(3000, NULL, NULL), .checks = "still-up",
	  .text = "the session is still there" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row reliable[] = {
	{ INVITE("a b", TWO), .flags = REL, .checks = "reliable prack",
	  .text = "provisional answers have to be reliable" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row lost_prack[] = {
	{ INVITE("a b", TWO), .flags = REL, .withheld = SR_HOLD_PRACK,
	  .checks = "reliable prack prack-copies",
	  .text = "the PRACK is lost, twice; over UDP alone" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row early_update[] = {
	{ INVITE("a b", "1+#AB A+1>a<b B+1?>b<a"), .flags = REL,
	  .checks = "reliable prack",
	  .text = "the name of the second party is not known yet" },
	{ .kind = SR_DO_UPDATE, .from = SR_FROM_RINGING, .at = 200,
	  .meta = "B!", .flags = NO_SDP,
	  .instead = "early-update echo no-metadata",
	  .text = "it is, before the answer: UPDATE in the early dialog" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row no_ack[] = {
	{ INVITE("a b", TWO), .withheld = SR_HOLD_ACK,
	  .checks = "copies", .text = "the ACK never comes" },
	{ AWAIT(SR_BYE), .at = 40000, .checks = "no-ack-bye",
	  .text = "the server gives up after 64*T1" } };

static const struct row lost_bye[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_BYE, .at = 5000, .meta = "1.",
	  .withheld = SR_HOLD_BYE, .instead = "",
	  .text = "the BYE is lost: media stops, nothing else is heard" },
	{ .kind = SR_DO_VANISH, .from = SR_FROM_BEFORE,
	  .text = "what the server makes of it is for its session timer" } };

static const struct row replaces[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_INVITE, .from = SR_FROM_ANSWER, .at = 4000,
	  .lines = "a* b*", .meta = "", .flags = LEG_1 | REPLACES,
	  .checks = "replaces replaced-bye",
	  .text = "a second dialog takes over, with Replaces" },
	{ .kind = SR_DO_BYE, .at = 9000, .meta = "1.", .flags = LEG_1,
	  .text = "the call ends" } };

static const struct row replaces_none[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_INVITE, .at = 3000, .lines = "a* b*", .meta = "",
	  .flags = LEG_1 | STRANGER, .instead = "replaces-481 echo",
	  .text = "an INVITE that replaces a dialog nobody has" },
	{ REINVITE(5000, "a b", NULL), .checks = "still-up",
	  .text = "the first session is as it was" },
	{ BYE_TELLS(7000, "1."), .text = "the call ends" } };

static const struct row replaces_early[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_INVITE, .at = 3000, .lines = "a* b*", .meta = "",
	  .flags = LEG_1 | REPLACES | EARLY_ONLY,
	  .instead = "replaces-486 echo",
	  .text = "an INVITE that would replace it only if it were early" },
	{ REINVITE(5000, "a b", NULL), .checks = "still-up",
	  .text = "the first session is as it was" },
	{ BYE_TELLS(7000, "1."), .text = "the call ends" } };

static const struct row timer[] = {
	{ INVITE("a b", TWO), .expires = 90, .refresher = "uac",
	  .checks = "timer-value timer-refresher timer-require",
	  .text = "a session of 90 s, which we refresh" },
	{ TELL(45000, NULL), .checks = "timer-refreshed",
	  .expires = 90, .refresher = "uac",
	  .text = "the refresh: UPDATE without a body" },
	{ BYE_TELLS(100000, "1."), .checks = "persistent",
	  .text = "beyond the first 90 s the session is still there" } };

static const struct row timer_server[] = {
	{ INVITE("a b", TWO), .expires = 90, .refresher = "uas",
	  .checks = "timer-value timer-refresher",
	  .text = "a session of 90 s, which the server refreshes" },
	{ AWAIT(SR_M_NONE), .at = 60000, .checks = "srs-request-contact",
	  .text = "its refresh, UPDATE or re-INVITE" },
	{ BYE_TELLS(100000, "1."), .text = "the call ends" } };

static const struct row timer_small[] = {
	{ INVITE("a b", TWO), .expires = 60, .refresher = "uac",
	  .instead = "timer-422 echo",
	  .text = "60 s is shorter than RFC 4028 allows: what Min-SE says" },
	{ BYE_TELLS(4000, "1."), .text = "the call ends" } };

static const struct row timer_422[] = {
	{ INVITE("a b", TWO), .expires = 90, .refresher = "uas",
	  .checks = "timer-value timer-refresher",
	  .text = "a session of 90 s, which the server refreshes" },
	{ AWAIT(SR_M_NONE), .at = 60000, .flags = SMALL, .expires = 180,
	  .checks = "srs-request-contact",
	  .text = "its refresh is answered 422, with Min-SE: 180" },
	{ AWAIT(SR_M_NONE), .at = 5000, .expires = 180,
	  .checks = "srs-request-contact timer-raised",
	  .text = "it comes again with a longer interval" },
	{ BYE_TELLS(100000, "1."), .text = "the call ends" } };

static const struct row unknown_require[] = {
	{ INVITE("a b", TWO), .require = "x-nobody-knows",
	  .instead = "require-420 require-unsupported echo",
	  .text = "an INVITE that requires what nobody knows" } };

/* A lenient server takes these two, which is for its operator to know. */
static const struct row no_mark[] = {
	{ INVITE("a b", TWO), .flags = NO_MARK,
	  .instead = "plain-refused echo",
	  .text = "an INVITE whose Contact has no +sip.src" } };

static const struct row no_require[] = {
	{ INVITE("a b", TWO), .flags = NO_REQUIRE,
	  .instead = "plain-refused echo",
	  .text = "an INVITE with siprec in Supported only" } };

static const struct row options[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_OPTIONS, .at = 2000,
	  .checks = "options-200 allow update-allowed accept",
	  .text = "OPTIONS inside the dialog" },
	{ BYE_TELLS(5000, "1."), .text = "the call ends" } };

static const struct row info[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_INFO, .at = 2000, .type = "text/plain",
	  .body = "a word between two machines\r\n", .checks = "info",
	  .text = "INFO with a body that is none of SIPREC's" },
	{ REINVITE(4000, NULL, NULL), .checks = "still-up",
	  .text = "the session is still there" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

const struct flow sr_flows_dialog[] = {
	FLOW(late_offer, "late-offer", 7000,
	    "INVITE without SDP, the answer in the ACK"),
	FLOW(late_offer_reliable, "late-offer-reliable", 7000,
	    "the same with 100rel"),
	FLOW(unusable, "offer-unusable", 1000,
	    "an INVITE without a known codec"),
	FLOW(early_cancel, "early-media-cancel", 1000,
	    "100rel, then CANCEL before the answer"),
	FLOW(late_cancel, "late-cancel", 6000, "CANCEL after the answer"),
	FLOW(reliable, "reliable", 6000, "100rel and PRACK"),
	FLOW(lost_prack, "lost-prack", 6000, "the PRACK is lost at first"),
	FLOW(early_update, "early-update", 6000,
	    "UPDATE before the INVITE is answered"),
	FIXED_FLOW(no_ack, "no-ack", 40000, "the ACK for the 200 never comes"),
	FLOW(lost_bye, "lost-bye", 5000, "the BYE is lost"),
	FLOW(replaces, "replaces", 9000, "another dialog takes over"),
	FLOW(replaces_none, "replaces-none", 7000,
	    "Replaces of an unknown dialog"),
	FLOW(replaces_early, "replaces-early", 7000,
	    "Replaces of an early dialog only, which it is not"),
	FIXED_FLOW(timer, "session-timer", 100000, "refreshed by the client"),
	FIXED_FLOW(timer_reinvite, "session-timer-reinvite", 100000,
	    "refreshed by re-INVITE"),
	FIXED_FLOW(timer_server, "session-timer-uas", 100000,
	    "refreshed by the server"),
	FLOW(timer_small, "session-timer-small", 4000,
	    "an interval below the minimum is raised"),
	FIXED_FLOW(timer_422, "session-timer-422", 100000,
	    "the server's refresh is answered 422"),
	FLOW(unknown_require, "unknown-require", 1000,
	    "an option tag that nobody knows"),
	FLOW(no_mark, "no-mark", 1000, "an INVITE without +sip.src"),
	FLOW(no_require, "no-require", 1000,
	    "an INVITE without Require: siprec"),
	FLOW(options, "options", 5000, "OPTIONS in the dialog"),
	FLOW(info, "info", 6000, "INFO in the dialog"),
};
const size_t sr_nflows_dialog = COUNT(sr_flows_dialog);
