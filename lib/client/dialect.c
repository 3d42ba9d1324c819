/* dialect - the clients of vendors, as their traces show them: what they put
 * on the wire beside the XML, and the style of that. */
#include "client/priv.h"

#include <string.h>

#define V1 "urn:ietf:params:xml:ns:recording:1"
#define DRAFT "urn:ietf:params:xml:ns:recording"
#define DECL "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
#define PLUS_XML "application/rs-metadata+xml"
#define NO_XML "application/rs-metadata"

static const struct sr_style rfc7865 = { .decl = DECL "\n",
    .root = "recording", .ns = V1, .quote = '"', .indent = "  ",
    .time = TIME_MS };
static const struct sr_style oracle = {
    .decl = "<?xml version='1.0' encoding='UTF-8'?>\n", .root = "recording",
    .ns = DRAFT, .quote = '\'', .indent = "", .time = TIME_NO_ZONE,
    .flags = BARE_NAMES | STREAM_MODE | STREAM_TIME, .extra = ACME };
static const struct sr_style genesys = {
    .decl = "<?xml version='1.0' encoding='UTF-8'?>\n\n", .root = "recording",
    .ns = DRAFT, .quote = '\'', .indent = "\t", .time = TIME_NO_ZONE,
    .flags = BARE_NAMES | STREAM_MODE | STREAM_TIME, .extra = ACME_GENESYS };
static const struct sr_style audiocodes = { .decl = DECL "\n",
    .root = "recording", .ns = DRAFT, .more = " xmlns:ac=\"http://AudioCodes\"",
    .quote = '"', .indent = "  ", .ids = IDS_UUID, .aor = AOR_NO_SCHEME,
    .time = TIME_SECONDS,
    .flags = BARE_NAMES | WITH_RECV | ALWAYS_GROUP | ID_IS_NUMBER | NO_NAME };
static const struct sr_style jambonz = { .decl = DECL "\n",
    .root = "recording", .ns = DRAFT, .more = " xmlns:ac=\"http://AudioCodes\"",
    .quote = '"', .indent = "  ", .ids = IDS_UUID, .aor = AOR_NO_SCHEME,
    .time = TIME_NO_ZONE,
    .flags = BARE_NAMES | WITH_RECV | ALWAYS_GROUP | NO_NAME };
static const struct sr_style broadworks = { .decl = DECL,
    .root = "recording_metadata", .ns = "urn:ietf:params:xml:ns:siprec",
    .quote = '"', .ids = IDS_URN, .time = TIME_OFFSET,
    .flags = CAMEL_DATAMODE | BARE_NAMES | ID_CHILD | AOR_CHILD |
    RECORDING_CHILD | ALWAYS_GROUP | STREAM_MODE, .extra = BROADWORKS };
static const struct sr_style webex = { .decl = DECL "\n",
    .root = "recording_metadata", .ns = "urn:ietf:params:xml:ns:siprec",
    .quote = '"', .indent = "  ", .ids = IDS_URN, .time = TIME_OFFSET,
    .flags = CAMEL_DATAMODE | BARE_NAMES | ID_CHILD | AOR_CHILD |
    RECORDING_CHILD | ALWAYS_GROUP | STREAM_MODE, .extra = BROADWORKS };
static const struct sr_style cisco = { .decl = DECL "\n",
    .root = "recording", .ns = V1, .quote = '"', .indent = "    ",
    .time = TIME_MS, .flags = STREAMS_WITH_PARTIES | NO_RECORDING_ASSOC |
    NAME_LANG };
static const struct sr_style avaya = { .decl = DECL "\n",
    .root = "recording", .ns = V1, .quote = '"', .indent = "", .ids = IDS_HEX,
    .time = TIME_NO_ZONE, .flags = CAMEL_DATAMODE | MEDIA_WITH_PARTIES |
    NO_RECV | NO_NAME | NO_SESSION_START | NO_SESSION_IDS };
static const struct sr_style sonus = { .decl = DECL "\n",
    .root = "recording", .ns = DRAFT, .quote = '\'', .tag = "tns:",
    .indent = "", .ids = IDS_ASCII, .aor = AOR_NO_SCHEME,
    .time = TIME_SECONDS, .flags = ALWAYS_GROUP | STREAM_TIME | BLANK_NAME |
    NO_SESSION_IDS | NAME_LANG, .extra = CALL_DATA };
static const struct sr_style ribbon = { .decl = DECL "\n",
    .root = "recording", .ns = DRAFT, .quote = '\'', .indent = "    ",
    .ids = IDS_ASCII, .aor = AOR_NO_SCHEME, .time = TIME_SECONDS,
    .flags = ALWAYS_GROUP | STREAM_TIME | BLANK_NAME | NO_SESSION_IDS |
    NAME_LANG,
    .extra = CALL_DATA };
static const struct sr_style metaswitch = { .decl = DECL "\n",
    .root = "recording", .ns = DRAFT, .quote = '"', .indent = "",
    .aor = AOR_USER, .time = TIME_SECONDS, .flags = ROOT_ID | BARE_STREAM |
    NO_RECORDING_ASSOC | NO_SESSION_IDS | MEDIA_WITH_PARTIES,
    .extra = METASWITCH };
static const struct sr_style netsapiens = { .decl = "",
    .root = "recording", .ns = V1, .quote = '"', .indent = "  ",
    .ids = IDS_CALL, .time = TIME_SECONDS, .flags = REF_FIRST | ALWAYS_GROUP |
    NO_RECORDING_ASSOC | NO_MEMBER_TIME | NO_SESSION_START,
    .extra = NETSAPIENS };
static const struct sr_style opensips = { .decl = DECL "\n",
    .root = "recording", .ns = V1, .quote = '\'', .indent = "\t",
    .time = TIME_0000, .flags = NO_SESSION_START | SESSION_IS_CALL_ID };
static const struct sr_style twilio = { .decl = DECL "\n",
    .root = "recording", .ns = V1, .quote = '\'', .indent = "    ",
    .ids = IDS_UUID, .time = TIME_MS, .flags = NO_RECORDING_ASSOC |
    NO_MEMBER_TIME | NO_SESSION_START };

/* The usual: what most of them have in common. */
#define SRC .disposition = "recording-session", .contact = "+sip.src"
#define WHOLE .update = SR_INVITE, .complete = true

static const struct sr_dialect dialects[] = {
	{ .name = "rfc7865", .recognised = "rfc7865", .style = &rfc7865,
	  .text = "what RFC 7865, 7866 and 9806 say", SRC, .require = true,
	  .meta_type = PLUS_XML, .update = SR_UPDATE, .bye_meta = true },
	{ .name = "rs-metadata", .recognised = "rfc7865", .style = &rfc7865,
	  .text = "the same with the media type before RFC 9806", SRC,
	  .require = true, .meta_type = NO_XML, .update = SR_UPDATE,
	  .bye_meta = true },
	{ .name = "oracle", .recognised = "oracle", .style = &oracle,
	  .text = "Oracle (Acme Packet) SBC: draft names, apkt extensions",
	  SRC, .require = true, .meta_type = PLUS_XML,
	  .boundary = "unique-boundary-1", .labels = SR_LABELS_LONG, WHOLE },
	{ .name = "genesys", .recognised = "oracle", .style = &genesys,
	  .text = "Genesys behind an Oracle SBC: CDATA in the extensions",
	  SRC, .require = true, .meta_type = PLUS_XML,
	  .boundary = "unique-boundary-1", .labels = SR_LABELS_LONG, WHOLE },
	{ .name = "audiocodes", .recognised = "audiocodes",
	  .style = &audiocodes,
	  .text = "AudioCodes Mediant: numbers as ids, old media type", SRC,
	  .require = true, .meta_type = NO_XML, .no_last_crlf = true,
	  .supported = "replaces,resource-priority,sdp-anat",
	  .boundary = "boundary_ac15d5", .label_first = true, WHOLE },
	{ .name = "jambonz", .recognised = "audiocodes", .style = &jambonz,
	  .text = "jambonz: the shape of AudioCodes, UUIDs as ids",
	  .disposition = "recording-session", .meta_type = NO_XML,
	  .no_last_crlf = true, WHOLE },
	{ .name = "broadworks", .recognised = "broadworks",
	  .style = &broadworks,
	  .text = "BroadWorks: own root, metadata first, ;src, no Require",
	  .disposition = "recording-session", .contact = "src",
	  .meta_type = PLUS_XML, .meta_first = true, .tight = true,
	  .part_length = true, .boundary = "uniqueBoundary", .supported = "",
	  .accept = "application/media_control+xml,application/sdp,"
	  "application/x-broadworks-call-center+xml", .update = SR_UPDATE,
	  .complete = true },
	{ .name = "webex", .recognised = "broadworks", .style = &webex,
	  .text = "Webex Calling: as BroadWorks, laid out in lines",
	  .disposition = "recording-session", .contact = "src",
	  .meta_type = PLUS_XML, .meta_first = true,
	  .boundary = "uniqueBoundary", .supported = "", .update = SR_UPDATE,
	  .complete = true },
	{ .name = "cisco", .recognised = "cisco", .style = &cisco,
	  .text = "Cisco CUBE: party by party, in another order", SRC,
	  .require = true, .meta_type = PLUS_XML,
	  .sdp_disposition = "session;handling=required",
	  .boundary = "uniqueBoundary",
	  .supported = "100rel,timer,resource-priority,replaces,sdp-anat",
	  WHOLE },
	{ .name = "avaya", .recognised = "avaya", .style = &avaya,
	  .text = "Avaya SBCE: dataMode, mark inside the URI, bare UPDATE",
	  SRC, .mark_in_uri = true, .require = true, .meta_type = PLUS_XML,
	  .update_type = NO_XML, .boundary = "foobar",
	  .supported = "replaces, 100rel", .labels = SR_LABELS_TENS,
	  .label_first = true, .update = SR_UPDATE, .complete = true },
	{ .name = "sonus", .recognised = "sonus", .style = &sonus,
	  .text = "Sonus SBC: every element prefixed, no last boundary", SRC,
	  .require = true, .meta_type = PLUS_XML, .unclosed = true, WHOLE },
	{ .name = "ribbon", .recognised = "sonus", .style = &ribbon,
	  .text = "Ribbon SBC: draft name space, callData in a group", SRC,
	  .require = true, .meta_type = PLUS_XML, WHOLE },
	{ .name = "metaswitch", .recognised = "metaswitch",
	  .style = &metaswitch,
	  .text = "Metaswitch: mixed names, numbers for addresses", SRC,
	  .require = true, .meta_type = NO_XML, .disposition_first = true,
	  .boundary = "metaswitch-boundary", .no_direction = true,
	  .supported = "resource-priority, siprec, 100rel", WHOLE },
	{ .name = "netsapiens", .recognised = "netsapiens",
	  .style = &netsapiens,
	  .text = "NetSapiens: no declaration, ids of digits", SRC,
	  .require = true, .meta_type = PLUS_XML, WHOLE },
	{ .name = "opensips", .recognised = "opensips", .style = &opensips,
	  .text = "OpenSIPS: labels from 0, times with +0000", SRC,
	  .require = true, .meta_type = PLUS_XML,
	  .boundary = "OSS-unique-boundary-42", .labels = SR_LABELS_FROM_0,
	  .label_first = true, WHOLE },
	{ .name = "twilio", .recognised = "twilio", .style = &twilio,
	  .text = "Twilio: streams named inbound and outbound", SRC,
	  .require = true, .meta_type = PLUS_XML,
	  .boundary = "----=_Part_15296_823292916.1768489452115",
	  .labels = SR_LABELS_WORDS, WHOLE },
};

const struct sr_dialect *
sr_dialects(size_t *n)
{
	*n = COUNT(dialects);
	return dialects;
}

const struct sr_dialect *
sr_dialect_find(const char *name)
{
	for (size_t i = 0; i < COUNT(dialects); i++)
		if (strcmp(dialects[i].name, name) == 0)
			return &dialects[i];
	return NULL;
}
