/* flow_media - what happens to streams: RFC 7866 sections 7 and 8. */
#include "client/priv.h"

static const struct row pause_resume[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(3000, "a~ b~", NULL), .checks = "pause",
	  .text = "recording pauses: every m-line is inactive" },
	{ REINVITE(6000, "a b", NULL), .checks = "resume",
	  .text = "recording resumes: sendonly again" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row pause_update[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ UPDATE(3000, "a~ b~", NULL), .checks = "pause",
	  .text = "recording pauses, told by UPDATE" },
	{ UPDATE(6000, "a b", NULL), .checks = "resume",
	  .text = "recording resumes" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row pause_one[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(3000, "a b~", NULL), .checks = "pause",
	  .text = "one stream pauses, the other goes on" },
	{ REINVITE(6000, "a b", NULL), .checks = "resume",
	  .text = "it resumes" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row added[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(4000, "a b c", "C+1>c<ab A<bc B<ac"), .checks = "added",
	  .text = "a third m-line at the end" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row removed[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(4000, "a -", ""), .checks = "removed",
	  .text = "the second m-line has port 0" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row reused[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(3000, "a -", "B-1"), .checks = "removed",
	  .text = "Bob leaves, his m-line has port 0" },
	{ REINVITE(6000, "a c=9", "1#AC C+1>c<a A<c"), .checks = "reused",
	  .text = "Carol's stream takes the slot" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row renumbered[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(4000, "a#21 b#22", ""), .flags = COMPLETE,
	  .checks = "renumbered",
	  .text = "both streams get new labels, in SDP and metadata alike" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row codec_change[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ MEDIA(2000, SR_MEDIA_FORMAT, 'a'), .arg = 1,
	  .text = "one stream goes on in another format of the answer" },
	{ REINVITE(4000, "a/a b/a", NULL), .checks = "codecs",
	  .text = "a new offer likes PCMA best" },
	{ REINVITE(6500, "a/g b/g", NULL), .checks = "codecs",
	  .text = "... and then G.722" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row ssrc_change[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ MEDIA(3000, SR_MEDIA_SSRC, 'a'),
	  .text = "one stream goes on with a new SSRC, its CNAME stays" },
	{ MEDIA(6000, SR_MEDIA_CNAME, 'b'),
	  .text = "the other with a new SSRC and a new CNAME" },
	{ BYE_TELLS(9000, "1."), .checks = "rtcp rtcp-port",
	  .text = "the call ends" } };

static const struct row new_port[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(4000, "a* b*", NULL), .checks = "new-port",
	  .text = "both streams come from other ports" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row new_key[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(3000, "a! b", NULL),
	  .text = "the first stream gets a new key, the other keeps its own" },
	{ REINVITE(6000, "a b!", NULL), .text = "... and then the second" },
	{ BYE_TELLS(9000, "1."), .text = "the call ends" } };

static const struct row dtmf[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ MEDIA(2000, SR_MEDIA_DIGITS, 'a'), .digits = "1234#",
	  .text = "Alice keys in 1234#" },
	{ BYE_TELLS(6000, "1."), .text = "the call ends" } };

static const struct row late_start[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ .kind = SR_DO_MEDIA, .act = SR_MEDIA_STOP, .stream = 'b',
	  .text = "the second stream is silent on the wire" },
	{ MEDIA(2500, SR_MEDIA_START, 'b'), .text = "it starts" },
	{ MEDIA(5000, SR_MEDIA_STOP, 'a'), .text = "the first one stops" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

static const struct row refused[] = {
	{ INVITE("a b", TWO), .text = "a call is recorded" },
	{ REINVITE(3000, "a/u b/u", NULL),
	  .instead = "unusable-offer echo to-tag no-metadata",
	  .text = "a re-INVITE with a codec that nobody knows" },
	{ REINVITE(5000, "a b", NULL), .checks = "still-up",
	  .text = "the session is as it was before" },
	{ BYE_TELLS(8000, "1."), .text = "the call ends" } };

const struct flow sr_flows_media[] = {
	FLOW(pause_resume, "pause-resume", 9000,
	    "the client pauses all streams by re-INVITE"),
	FLOW(pause_update, "pause-update", 9000, "the same by UPDATE"),
	FLOW(pause_one, "pause-one", 9000, "one stream pauses"),
	FLOW(added, "stream-added", 8000, "a third m-line in mid-call"),
	FLOW(removed, "stream-removed", 8000, "an m-line gets port 0"),
	FLOW(reused, "slot-reused", 9000,
	    "a new stream in the m-line of a removed one"),
	FLOW(renumbered, "labels-renumbered", 8000,
	    "the same streams under new labels"),
	FLOW(codec_change, "codec-change", 9000,
	    "within the answer, and by new offers"),
	FLOW(ssrc_change, "ssrc-change", 9000, "with and without its CNAME"),
	FLOW(new_port, "new-port", 8000, "our media ports change"),
	FLOW(new_key, "new-key", 9000,
	    "with --srtp sdes each stream gets a new key in mid-call"),
	FLOW(dtmf, "dtmf", 6000, "digits 1234# by RFC 4733"),
	FLOW(late_start, "late-start", 8000,
	    "one stream starts late, the other stops early"),
	FLOW(refused, "offer-refused", 8000,
	    "an unusable offer in mid-call leaves the recording as it is"),
};
const size_t sr_nflows_media = COUNT(sr_flows_media);
