/* check - what a recording server has to do, rule by rule.  A client's view:
 * only what can be seen from outside, at the steps of the flows. */
#include "client/priv.h"

#include <string.h>

#define ROW(id_, rule_, clause_, strength_, test_, arg_, text_, broken_)  \
    { .id = id_, .rule = rule_, .clause = clause_, .strength = strength_, \
    .test = test_, .arg = arg_, .text = text_, .broken = broken_ }

static const struct sr_check checks[] = {
	/* The dialog. */
	ROW("accept-invite", "R7866-6.2-1", "RFC 7866 section 6.2", SR_MUST,
	    T_STATUS, 2, "takes an INVITE with +sip.src and Require: siprec",
	    "did not take a recording session"),
	ROW("plain-refused", "R7866-6.2-1", "RFC 7866 section 6.2", SR_MUST,
	    T_NOT_2XX, 4, "where it does not take an INVITE without one of "
	    "the two, refuses it with 4xx",
	    "an INVITE that is no recording session got neither 2xx nor 4xx"),
	ROW("accept-reinvite", "UA-25", "RFC 3261 section 14.2", SR_MUST,
	    T_STATUS, 2, "takes a re-INVITE", "did not take a re-INVITE"),
	ROW("accept-update", "UP-02", "RFC 3311 section 5.2", SR_MUST,
	    T_STATUS, 2, "takes an UPDATE", "did not take an UPDATE"),
	ROW("srs-contact", "R7866-6.2-3", "RFC 7866 section 6.2", SR_MUST,
	    T_CONTACT, 0, "marks its Contact with +sip.srs in answers",
	    "the Contact of an answer has no +sip.srs"),
	ROW("srs-request-contact", "R7866-6.2-3", "RFC 7866 section 6.2",
	    SR_MUST, T_CONTACT, 0,
	    "marks its Contact with +sip.srs in requests",
	    "the Contact of a request has no +sip.srs"),
	ROW("to-tag", "UA-10", "RFC 3261 section 8.2.6.2", SR_MUST, T_TAG, 0,
	    "has one To tag in all answers of a dialog",
	    "the To tag is missing or changed"),
	ROW("echo", "UA-10", "RFC 3261 section 8.2.6.2", SR_MUST, T_ECHO, 0,
	    "copies Via, From, Call-ID and CSeq into an answer",
	    "an answer does not repeat what the request said"),
	ROW("allow", "UA-22", "RFC 3261 section 13.3.1.4", SR_SHOULD, T_ALLOW,
	    0, "lists its methods in Allow and its options in Supported",
	    "an answer lacks Allow or Supported"),
	ROW("update-allowed", "UP-01", "RFC 3311 section 5.1", SR_SHOULD,
	    T_ALLOW_UPDATE, 0, "lists UPDATE in Allow",
	    "Allow does not list UPDATE"),
	ROW("bye-200", "UA-27", "RFC 3261 section 15.1.2", SR_MUST, T_STATUS,
	    2, "answers BYE with 2xx", "did not answer BYE with 2xx"),
	ROW("still-up", "UA-25", "RFC 3261 section 14.1", SR_MUST, T_STILL, 0,
	    "keeps the session as it was after what it refused",
	    "the session was lost"),
	ROW("options-200", "UA-17", "RFC 3261 section 11.2", SR_MUST,
	    T_STATUS, 2, "answers OPTIONS as it would an INVITE",
	    "did not answer OPTIONS with 2xx"),
	ROW("accept", "UA-17", "RFC 3261 section 11.2", SR_SHOULD, T_ACCEPT,
	    0, "lists the types it takes in Accept",
	    "the answer to OPTIONS lacks Accept"),
	ROW("info", "UA-32", "RFC 6086 section 4.2.2", SR_OWN, T_STILL, 0,
	    "answers INFO and keeps the dialog",
	    "INFO was not answered, or ended the dialog"),
	ROW("require-420", "UA-05", "RFC 3261 section 8.2.2.3", SR_MUST,
	    T_STATUS, 420, "answers an unknown Require with 420",
	    "an unknown Require did not get 420"),
	ROW("require-unsupported", "UA-05", "RFC 3261 section 8.2.2.3",
	    SR_MUST, T_UNSUPPORTED, 0,
	    "lists the unknown option in Unsupported",
	    "Unsupported does not list the unknown option"),

	/* SDP. */
	ROW("answer", "R3264-5", "RFC 3264 section 5", SR_MUST, T_ANSWER, 0,
	    "answers an offer in the 2xx", "the 2xx to an offer has no SDP"),
	ROW("all-mlines", "R7866-8.3.1-1", "RFC 7866 section 8.3.1", SR_MUST,
	    T_LINES, 0, "answers every m-line in order, refused ones with "
	    "port 0", "the m-lines of the answer are not those of the offer"),
	ROW("audio-taken", "UA-23", "RFC 3264 section 6", SR_SHOULD, T_TAKEN,
	    0, "takes every audio stream", "an audio stream was refused"),
	ROW("two-audio", "R7866-8.4-1", "RFC 7866 section 8.4", SR_MUST,
	    T_TWO, 0, "takes at least two audio m-lines",
	    "took fewer than two of the audio m-lines"),
	ROW("many-mlines", "SD-24", "", SR_OWN, T_TAKEN, 0,
	    "takes up to 64 m-lines", "did not take all the m-lines"),
	ROW("video-apart", "R7866-8.4-2", "RFC 7866 section 8.4", SR_MUST,
	    T_VIDEO, 0, "takes the audio also where it refuses the video",
	    "refused audio that came with video"),
	ROW("recvonly", "SD-03", "RFC 3264 section 6.1", SR_MUST, T_RECVONLY,
	    0, "answers sendonly with recvonly or inactive",
	    "a sendonly stream was not answered recvonly or inactive"),
	ROW("inactive", "SD-03", "RFC 3264 section 6.1", SR_MUST, T_INACTIVE,
	    0, "answers inactive with inactive",
	    "an inactive stream was not answered inactive"),
	ROW("port-0", "SD-02", "RFC 3264 section 6", SR_MUST, T_ZERO, 0,
	    "answers port 0 with port 0", "port 0 was not answered port 0"),
	ROW("formats", "SD-05", "RFC 3264 section 6.1", SR_MUST, T_FORMATS, 0,
	    "answers with formats of the offer",
	    "an m-line of the answer has no format of the offer"),
	ROW("labels", "SD-11", "RFC 4574 section 5", SR_OWN, T_LABELS, 0,
	    "repeats the label of every stream",
	    "a label is missing or another in the answer"),
	ROW("origin", "SD-04", "RFC 3264 section 8", SR_MUST, T_ORIGIN, 0,
	    "keeps the session id of o= and counts its version up by one for "
	    "each change", "o= does not tell that the SDP changed"),
	ROW("no-record", "SD-12", "RFC 7866 section 7.1.2", SR_OWN,
	    T_NO_RECORD, 0, "says no a=record of its own",
	    "the answer has an a=record, which belongs to the call itself"),
	ROW("added", "R7866-7.1.1.1-2", "RFC 7866 section 7.1.1.1", SR_SHOULD,
	    T_TAKEN, 0, "takes a stream that is added",
	    "a stream that was added was refused"),
	ROW("reused", "R7866-7.1.1.1-2", "RFC 7866 section 7.1.1.1", SR_SHOULD,
	    T_TAKEN, 0, "takes a new stream in the m-line of a removed one",
	    "a stream in a reused m-line was refused"),
	ROW("removed", "R7866-7.1.1.1-1", "RFC 7866 section 7.1.1.1",
	    SR_MUST, T_ZERO, 0, "lets a stream go and keeps the others",
	    "a removed stream was not answered with port 0"),
	ROW("pause", "R7866-7.1.1.1-3", "RFC 7866 section 7.1.1.1", SR_MUST,
	    T_INACTIVE, 0, "pauses with a stream that is inactive",
	    "a pause was not answered inactive"),
	ROW("resume", "R7866-7.1.1.1-4", "RFC 7866 section 7.1.1.1", SR_SHOULD,
	    T_TAKEN, 0, "goes on with a stream that is sendonly again",
	    "a stream that resumed was refused"),
	ROW("renumbered", "R7866-7.1.1-3", "RFC 7866 section 7.1.1", SR_SHOULD,
	    T_TAKEN, 0, "takes new labels that SDP and metadata agree on",
	    "new labels cost a stream"),
	ROW("codecs", "SD-05", "RFC 3264 section 8.3.2", SR_MUST, T_FORMATS,
	    0, "follows a change of codecs",
	    "a new offer's formats were not answered"),
	ROW("new-port", "SD-20", "RFC 3264 section 8.3.1", SR_OWN,
	    T_SAME_PORT, 0, "goes on listening where it was when only our "
	    "ports change", "moved its own port without need"),
	ROW("unusable-offer", "UP-04", "RFC 3261 section 14.2", SR_SHOULD,
	    T_NOT_2XX, 488, "refuses an offer it cannot use with 488",
	    "an offer without a known codec did not get 488"),
	ROW("hold-goes-on", "R7866-7.1.1.1-5", "RFC 7866 section 7.1.1.1",
	    SR_SHOULD, T_TAKEN, 0,
	    "goes on recording while metadata tells of a hold",
	    "a hold told by metadata cost a stream"),
	ROW("offers", "UA-19", "RFC 3261 section 13.3.1", SR_MUST, T_OFFER, 0,
	    "offers SDP in the 2xx to an INVITE without",
	    "the 2xx to an INVITE without SDP has no offer"),
	ROW("offers-somewhere", "RL-05", "RFC 3262 section 5", SR_MUST,
	    T_OFFERED, 0, "offers SDP in the first reliable answer to an "
	    "INVITE without",
	    "no answer to an INVITE without SDP has an offer"),
	ROW("offers-again", "UA-26", "RFC 3261 section 14.2", SR_MUST,
	    T_OFFER, 0, "offers SDP in the 2xx to a re-INVITE without",
	    "the 2xx to a re-INVITE without SDP has no offer"),
	ROW("same-mlines", "R7866-7.2-5", "RFC 7866 section 7.2", SR_MUST,
	    T_SAME_LINES, 0, "never adds streams in an offer of its own",
	    "its offer has not the m-lines that are in force"),

	/* Metadata. */
	ROW("no-metadata", "R7866-9.2-7", "RFC 7866 section 9.2", SR_MUST,
	    T_NO_META, 0, "sends no metadata and asks for none in an answer",
	    "an answer has a metadata body"),
	ROW("metadata-alone", "R7866-9.1-8", "RFC 7866 section 9.1", SR_MUST,
	    T_STATUS, 2, "takes an UPDATE that is metadata alone",
	    "metadata without SDP was refused"),
	ROW("whole-again", "R7866-9.1-3", "RFC 7866 section 9.1", SR_SHOULD,
	    T_STATUS, 2, "takes a full snapshot at any time",
	    "a full snapshot in mid-call was refused"),
	ROW("no-metadata-yet", "R7866-9.1-10", "RFC 7866 section 9.1",
	    SR_SHOULD, T_STATUS, 2,
	    "takes an INVITE whose metadata comes later",
	    "an INVITE without metadata was refused"),
	ROW("no-base", "R7866-9.1-4", "RFC 7866 section 9.1", SR_OWN,
	    T_STATUS, 2, "records also where the first metadata is partial",
	    "a partial update without base cost the recording"),
	ROW("broken-metadata", "R7866-9.2-3", "RFC 7866 section 9.2", SR_OWN,
	    T_STATUS, 2, "records also where the metadata is broken",
	    "broken metadata cost the recording"),
	ROW("snapshot-disposition", "R7866-9.2-5", "RFC 7866 section 9.2",
	    SR_MUST, T_DISPOSITION, 0, "asks for a snapshot with "
	    "Content-Disposition: recording-session",
	    "the snapshot request lacks its Content-Disposition"),
	ROW("snapshot-no-sdp", "R7866-9.2-6", "RFC 7866 section 9.2",
	    SR_MUST, T_NO_SDP, 0, "asks for a snapshot without SDP",
	    "the snapshot request carries SDP"),
	ROW("snapshot-root", "R7865-7-2", "RFC 7865 section 7", SR_MUST,
	    T_ROOT, 0, "asks with the element requestsnapshot",
	    "the snapshot request is no requestsnapshot"),
	ROW("snapshot-namespace", "R7865-7-1", "RFC 7865 section 7", SR_MUST,
	    T_SPACE, 0, "asks in the name space of RFC 7865",
	    "the snapshot request is of another name space"),
	ROW("persistent", "R7866-10-1", "RFC 7866 section 10", SR_SHOULD, T_UP,
	    0, "keeps a session up that has no call",
	    "ended a session for being idle"),

	/* CANCEL, PRACK, ACK. */
	ROW("cancel-200", "UA-18", "RFC 3261 section 9.2", SR_MUST, T_STATUS,
	    2, "answers CANCEL with 200", "CANCEL did not get 200"),
	ROW("cancel-487", "UA-18", "RFC 3261 section 9.2", SR_SHOULD,
	    T_CANCELLED, 0, "answers a cancelled INVITE with 487",
	    "a cancelled INVITE did not get 487"),
	ROW("cancel-late", "UA-18", "RFC 3261 section 9.2", SR_MUST,
	    T_STILL, 0, "lets a CANCEL after the answer change nothing",
	    "a CANCEL after the answer was not answered"),
	ROW("reliable", "RL-01", "RFC 3262 section 3", SR_MUST, T_RELIABLE, 0,
	    "answers provisionally in the reliable way when that is required",
	    "a provisional answer was not reliable"),
	ROW("prack", "RL-03", "RFC 3262 section 3", SR_MUST, T_PRACK, 0,
	    "answers PRACK with 2xx", "PRACK did not get 2xx"),
	ROW("copies", "UA-20", "RFC 3261 section 13.3.1.4", SR_MUST, T_COPIES,
	    0, "repeats its 2xx until the ACK comes",
	    "the 2xx was not repeated"),
	ROW("no-ack-bye", "UA-20", "RFC 3261 section 13.3.1.4", SR_SHOULD,
	    T_BYE, 0, "ends with BYE when no ACK comes for 64*T1",
	    "did not end a call that has no ACK"),

	ROW("prack-copies", "RL-01", "RFC 3262 section 3", SR_MUST,
	    T_EARLY_COPIES, 0,
	    "repeats a reliable provisional answer until its PRACK comes",
	    "a provisional answer whose PRACK was lost was not repeated"),
	ROW("early-update", "UP-05", "RFC 3311 section 5.2", SR_MUST,
	    T_STATUS, 2, "takes an UPDATE before it has answered the INVITE",
	    "an UPDATE in an early dialog was refused"),

	/* At another moment, at another place. */
	ROW("glare-491", "UA-24", "RFC 3261 section 14.2", SR_MUST,
	    T_RETRIED, 491, "answers a re-INVITE that crosses its own with 491",
	    "a re-INVITE that crossed its own did not get 491"),
	ROW("glare-again", "UA-24", "RFC 3261 section 14.1", SR_SHOULD,
	    T_AGAIN, 0, "sends its re-INVITE again after a 491",
	    "gave its re-INVITE up after a 491"),
	ROW("glare-taken", "UA-24", "RFC 3261 section 14.1", SR_MUST,
	    T_TAKEN_AGAIN, 2, "takes the re-INVITE that comes again",
	    "refused the re-INVITE that came again"),
	ROW("retry-after", "UA-30", "RFC 3261 section 21.5.4", SR_SHOULD,
	    T_RETRY_AFTER, 0, "says in a 503 when to come again",
	    "a 503 has no Retry-After"),
	ROW("redirect-contact", "UA-29", "RFC 3261 section 8.1.3.4", SR_MUST,
	    T_REDIRECT, 0, "says in a 3xx where to go",
	    "a 3xx has no Contact"),

	/* Replaces, timers. */
	ROW("replaces", "RP-01", "RFC 3891 section 3", SR_MUST, T_STATUS, 2,
	    "takes an INVITE that replaces a dialog of ours",
	    "a matching Replaces was refused"),
	ROW("replaced-bye", "RP-08", "RFC 3891 section 3", SR_MUST, T_OLD_BYE,
	    0, "ends the dialog that was replaced",
	    "the dialog that was replaced got no BYE"),
	ROW("replaces-481", "RP-03", "RFC 3891 section 3", SR_MUST, T_STATUS,
	    481, "answers a Replaces that matches nothing with 481",
	    "a Replaces that matches nothing did not get 481"),
	ROW("replaces-486", "RP-06", "RFC 3891 section 3", SR_MUST, T_STATUS,
	    486, "answers an early-only Replaces of a call that is answered "
	    "with 486", "an early-only Replaces of a call that is answered did "
	    "not get 486"),
	ROW("timer-value", "ST-02", "RFC 4028 section 9", SR_MUST, T_SE, 0,
	    "never raises the session interval",
	    "the answer has a longer session interval than asked for"),
	ROW("timer-refresher", "ST-03", "RFC 4028 section 9", SR_MUST,
	    T_REFRESHER, 0, "keeps the refresher that was asked for",
	    "the answer names another refresher"),
	ROW("timer-require", "ST-04", "RFC 4028 section 9", SR_MUST, T_TIMER,
	    0, "requires timer where the client refreshes",
	    "the answer lacks Require: timer"),
	ROW("timer-refreshed", "ST-08", "RFC 4028 section 9", SR_MUST,
	    T_STATUS, 2, "takes a refresh", "a refresh was refused"),
	ROW("timer-422", "ST-01", "RFC 4028 section 9", SR_SHOULD, T_MIN_SE,
	    0, "answers too small an interval with 422 and Min-SE",
	    "an interval below 90 s did not get 422 with Min-SE"),

	ROW("timer-raised", "ST-06", "RFC 4028 section 7.4", SR_MUST,
	    T_RAISED, 0, "raises its interval to what a 422 asks for",
	    "its refresh has a shorter interval than the 422 asked for"),

	/* What the server does of itself. */
	ROW("srs-mlines", "R7866-7.2-5", "RFC 7866 section 7.2", SR_MUST,
	    T_SAME_LINES, 0, "never adds streams in a re-INVITE of its own",
	    "its re-INVITE has not the m-lines that are in force"),
	ROW("srs-version", "SD-04", "RFC 3264 section 8", SR_MUST, T_VERSION,
	    0, "counts the version of o= up in an offer of its own",
	    "the version of o= did not rise by one"),
	ROW("srs-pause", "R7866-7.2-2", "RFC 7866 section 7.2", SR_MUST,
	    T_ALL_INACTIVE, 0, "pauses with inactive",
	    "its pause is not inactive"),
	ROW("srs-resume", "R7866-7.2-3", "RFC 7866 section 7.2", SR_MUST,
	    T_SOME_RECVONLY, 0, "resumes with recvonly",
	    "its resumption is not recvonly"),
	ROW("srs-reason", "UA-34", "RFC 3326", SR_OWN, T_REASON, 0,
	    "says in Reason why it ends", "its BYE has no Reason"),

	/* Media. */
	ROW("rtcp", "R7866-8.1.1-1", "RFC 7866 section 8.1.1", SR_MUST,
	    T_RTCP, 0, "sends RTCP for the media it gets",
	    "no RTCP came within 5 s of media"),
	ROW("rtcp-port", "R7866-8.1.8-2", "RFC 7866 section 8.1.8", SR_MUST,
	    T_RTCP_PORT, 0, "sends RTCP from the port of its SDP",
	    "RTCP came from a port that its SDP does not name"),
};

const struct sr_check *
sr_checks(size_t *n)
{
	*n = COUNT(checks);
	return checks;
}

const struct sr_check *
sr_check_named(struct sr_str id)
{
	for (size_t i = 0; i < COUNT(checks); i++)
		if (sr_streq(sr_cstr(checks[i].id), id))
			return &checks[i];
	return NULL;
}

const struct sr_check *
sr_check_find(const char *id)
{
	return sr_check_named(sr_cstr(id));
}

static bool
shows(const char *flow, const struct sr_check *c)
{
	const struct sr_script_cfg cfg = { .flow = flow };
	struct sr_script s;
	bool yes = false;

	if (sr_script_new(&s, &cfg) == SR_OK)
		for (size_t i = 0; i < s.nsteps && !yes; i++)
			for (size_t k = 0; k < s.steps[i].nchecks; k++)
				yes |= s.steps[i].checks[k] == c;
	sr_script_free(&s);
	return yes;
}

size_t
sr_check_flows(const struct sr_check *c, const struct sr_call_flow **out,
    size_t max)
{
	const struct sr_call_flow *f;
	size_t n = 0;

	for (size_t i = 0; n < max && (f = sr_call_flow(i)) != NULL; i++)
		if (shows(f->name, c))
			out[n++] = f;
	return n;
}

bool
sr_check_refusal(const struct sr_check *c)
{
	switch (c->test) {
	case T_STATUS:
		return c->arg >= 300;
	case T_NOT_2XX:
	case T_UNSUPPORTED:
	case T_CANCELLED:
	case T_MIN_SE:
		return true;
	default:
		return false;
	}
}
