/* flow_server - what the server does of itself: RFC 7866 section 7.2.  Its
 * operator has to make it do so; where it does not, nothing is tested. */
#include "client/priv.h"

static const struct row srs_pause[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ AWAIT(SR_INVITE), .at = 10000, .lines = "a~ b~",
	  .checks = "srs-request-contact srs-mlines srs-version srs-pause",
	  .text = "the server pauses: re-INVITE with inactive" },
	{ AWAIT(SR_INVITE), .at = 10000, .lines = "a b",
	  .checks = "srs-request-contact srs-mlines srs-version srs-resume",
	  .text = "the server resumes: re-INVITE with recvonly" },
	{ BYE_TELLS(30000, "1."), .text = "the call ends" } };

static const struct row srs_drop[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ AWAIT(SR_INVITE), .at = 10000, .lines = "a -",
	  .checks = "srs-request-contact srs-mlines srs-version",
	  .text = "the server drops the second stream: port 0" },
	{ BYE_TELLS(20000, "1."), .text = "the call ends" } };

static const struct row srs_held[] = {
	{ INVITE("a b", TWO),
	  .text = "a server that is not ready answers inactive" },
	{ AWAIT(SR_INVITE), .at = 10000,
	  .checks = "srs-request-contact srs-mlines srs-version srs-resume",
	  .text = "... and recvonly when it is" },
	{ BYE_TELLS(20000, "1."), .text = "the call ends" } };

static const struct row srs_stop[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ AWAIT(SR_BYE), .at = 10000, .checks = "srs-reason",
	  .text = "the server ends the recording" } };

const struct flow sr_flows_server[] = {
	OPERATED_FLOW(srs_pause, "srs-pause", 30000,
	    "the server pauses and resumes by re-INVITE"),
	OPERATED_FLOW(srs_drop, "srs-drop", 20000, "the server drops a stream"),
	OPERATED_FLOW(srs_held, "srs-held", 20000,
	    "the server answers inactive and is ready later"),
	OPERATED_FLOW(srs_stop, "srs-stop", 10000, "the server ends with BYE"),
};
const size_t sr_nflows_server = COUNT(sr_flows_server);
