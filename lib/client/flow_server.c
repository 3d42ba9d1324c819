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

static const struct row glare[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ AWAIT(SR_INVITE), .at = 20000, .flags = CROSS,
	  .checks = "glare-491 glare-again glare-taken",
	  .text = "the server re-INVITEs: one of ours crosses it, both get "
	  "491 and come again" },
	{ BYE_TELLS(30000, "1."), .text = "the call ends" } };

static const struct row retry_after[] = {
	{ INVITE("a b", TWO), .flags = PATIENT, .checks = "retry-after",
	  .text = "a server that is full answers 503: we come again when its "
	  "Retry-After says" },
	{ BYE_TELLS(5000, "1."), .text = "the call ends" } };

static const struct row redirected[] = {
	{ INVITE("a b", TWO), .checks = "redirect-contact",
	  .text = "a server that answers 3xx sends us elsewhere" },
	{ BYE_TELLS(5000, "1."), .text = "the call ends" } };

const struct flow sr_flows_server[] = {
	OPERATED_FLOW(srs_pause, "srs-pause", 30000,
	    "the server pauses and resumes by re-INVITE"),
	OPERATED_FLOW(srs_drop, "srs-drop", 20000, "the server drops a stream"),
	OPERATED_FLOW(srs_held, "srs-held", 20000,
	    "the server answers inactive and is ready later"),
	OPERATED_FLOW(srs_stop, "srs-stop", 10000, "the server ends with BYE"),
	OPERATED_FLOW(glare, "glare", 30000,
	    "re-INVITEs of both sides cross: 491"),
	OPERATED_FLOW(retry_after, "retry-after", 5000,
	    "503 with Retry-After, and again"),
	OPERATED_FLOW(redirected, "redirect", 5000, "3xx, and elsewhere"),
};
const size_t sr_nflows_server = COUNT(sr_flows_server);
