/* dialect_extra - the extension data that vendors add to the model. */
#include "client/priv.h"

static void
tagged(struct sr_writing *x, const char *before, struct sr_str text,
    const char *after)
{
	sr_say(x, before);
	sr_say_text(x, text);
	sr_say(x, after);
}

/* An address as a header has it. */
static void
header(struct sr_writing *x, const char *name, struct sr_str aor)
{
	sr_say(x, "<");
	sr_say(x, name);
	tagged(x, ">&lt;", aor, "&gt;;tag=");
	sr_say_user(x, aor);
	sr_say(x, "</");
	sr_say(x, name);
	sr_say(x, ">");
}

void
sr_extra_group(struct sr_writing *x)
{
	if (x->style->extra != CALL_DATA)
		return;
	sr_say(x, "<callData xmlns='urn:ietf:params:xml:ns:callData'>");
	header(x, "fromhdr", sr_first_aor(x->d, 0));
	header(x, "tohdr", sr_first_aor(x->d, 1));
	sr_say(x, "<callid>");
	if (x->d->nsessions > 0)
		sr_say_id(x, x->d->sessions[0].id);
	sr_say(x, "</callid><gcid>4990206</gcid></callData>");
}

#define APKT "acmepacket.com/siprec/extensiondata\">"

/* The single slash is theirs. */
void
sr_extra_session(struct sr_writing *x)
{
	if (x->style->extra != ACME && x->style->extra != ACME_GENESYS)
		return;
	sr_say(x, "\n<extensiondata xmlns:apkt=\"http:/" APKT "\n"
	    "<apkt:ucid>00FA08000B0066F3A1C2;encoding=hex</apkt:ucid>\n"
	    "<apkt:callerOrig>true</apkt:callerOrig>\n</extensiondata>");
}

static void
genesys_uri(struct sr_writing *x)
{
	sr_say(x, "\n<apkt:request-uri><![CDATA[<sip:record=00U2QRJBLKAF3CC@"
	    "192.0.2.90:5060;dn=");
	sr_say_user(x, sr_first_aor(x->d, 0));
	sr_say(x, ";otherdn=");
	sr_say_user(x, sr_first_aor(x->d, 1));
	sr_say(x, ";gvp-tenant-id=[Environment].record>]]>"
	    "</apkt:request-uri>");
}

void
sr_extra_participant(struct sr_writing *x, size_t which)
{
	bool genesys = x->style->extra == ACME_GENESYS;

	if (x->style->extra != ACME && !genesys)
		return;
	sr_say(x, "\n<extensiondata xmlns:apkt=\"http://" APKT
	    "\n<apkt:callingParty>");
	sr_say(x, which == 0 ? "true" : "false");
	sr_say(x, "</apkt:callingParty>");
	if (which == 0 && genesys)
		genesys_uri(x);
	else if (which == 0)
		tagged(x, "\n<apkt:request-uri>", sr_first_aor(x->d, 1),
		    "</apkt:request-uri>");
	if (which == 0) {
		sr_say(x, "\n<apkt:realm>peer-clients</apkt:realm>"
		    "\n<apkt:header label=\"Call-ID\">\n<value>wlss-");
		sr_say_user(x, sr_first_aor(x->d, 0));
		sr_say(x, "@192.0.2.22</value>\n</apkt:header>");
	}
	sr_say(x, "\n</extensiondata>");
}

static void
broadworks(struct sr_writing *x)
{
	const struct sr_doc *d = x->d;

	if (d->nsessions == 0)
		return;
	sr_say(x, "<extensiondata id=\"urn:uuid:3c7b23b3-1ea0-4da4-bfc1-"
	    "e468297f5074\" parent=\"");
	sr_say_id(x, d->sessions[0].id);
	sr_say(x, "\"><broadWorksRecordingMetadata xmlns=\"http://schema."
	    "broadsoft.com/broadworksCallRecording\" version=\"1.0\">"
	    "<extTrackingID>8028549:1</extTrackingID>");
	tagged(x, "<userID>", sr_first_aor(d, 0), "</userID>");
	tagged(x, "<callType><origCall><callingPartyNumber>",
	    sr_first_aor(d, 0), "</callingPartyNumber>");
	tagged(x, "<calledPartyNumber>", sr_first_aor(d, 1),
	    "</calledPartyNumber></origCall></callType>");
	sr_say(x, "<recordingType>on</recordingType>"
	    "</broadWorksRecordingMetadata></extensiondata>");
}

static void
metaswitch(struct sr_writing *x)
{
	sr_say(x, "\n<extensiondata>\n<metaswitchRecordingMetadata>\n"
	    "<callType>originating</callType>\n<recordedParty>");
	sr_say_user(x, sr_first_aor(x->d, 0));
	sr_say(x, "</recordedParty>\n<systemName>mammoth</systemName>\n"
	    "<callingPartyNumber>");
	sr_say_user(x, sr_first_aor(x->d, 0));
	sr_say(x, "</callingPartyNumber>\n<dialedDigits>");
	sr_say_user(x, sr_first_aor(x->d, 1));
	sr_say(x, "</dialedDigits>\n</metaswitchRecordingMetadata>\n"
	    "</extensiondata>");
}

static void
netsapiens(struct sr_writing *x)
{
	const struct sr_doc *d = x->d;

	sr_say(x, "\n  <netsapiensExtension xmlns=\"http://schema.netsapiens."
	    "com/netsapiensSipRec\" version=\"1.1\">\n"
	    "    <groupSeq>0</groupSeq>");
	for (size_t i = 0; i < d->nparticipants && i < 2; i++) {
		tagged(x, "\n    <user userID=\"", sr_first_aor(d, i), "\">");
		sr_say(x, i == 0 ? "<callType>origCall</callType></user>" :
		    "<callType>termCall</callType></user>");
	}
	sr_say(x, "\n  </netsapiensExtension>");
}

void
sr_extra_document(struct sr_writing *x)
{
	switch (x->style->extra) {
	case BROADWORKS:
		broadworks(x);
		break;
	case METASWITCH:
		metaswitch(x);
		break;
	case NETSAPIENS:
		netsapiens(x);
		break;
	default:
		break;
	}
}
