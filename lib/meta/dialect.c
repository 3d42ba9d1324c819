/* dialect - one meaning, many names: the words of RFC 7865, of its drafts and
 * of the products that stopped at one of them. */
#include "meta/priv.h"

#include <string.h>

static const struct entry {
	const char *flat;		/* lower case, no dash, no underscore */
	const char *rfc;		/* how RFC 7865 spells it, or NULL */
	enum sr_word word;
} words[] = {
	{ "aor", NULL, SR_W_AOR },
	{ "associatetime", "associate-time", SR_W_ASSOCIATE },
	{ "datamode", "datamode", SR_W_DATAMODE },
	{ "disassociatetime", "disassociate-time", SR_W_DISASSOCIATE },
	{ "endtime", NULL, SR_W_STOP },
	{ "extensiondata", NULL, SR_W_EXTENSIONDATA },
	{ "group", "group", SR_W_GROUP },
	{ "groupref", "group-ref", SR_W_GROUPREF },
	{ "id", NULL, SR_W_ID },
	{ "label", "label", SR_W_LABEL },
	{ "mode", NULL, SR_W_MODE },
	{ "n", NULL, SR_W_NAME },
	{ "name", "name", SR_W_NAME },
	{ "nameid", "nameID", SR_W_NAMEID },
	{ "param", "param", SR_W_PARAM },
	{ "participant", "participant", SR_W_PARTICIPANT },
	{ "participantsessassoc", NULL, SR_W_PSA },
	{ "participantsessionassoc", "participantsessionassoc", SR_W_PSA },
	{ "participantstream", NULL, SR_W_PARTICIPANT },
	{ "participantstreamassoc", "participantstreamassoc", SR_W_PSTA },
	{ "reason", "reason", SR_W_REASON },
	{ "recording", "recording", SR_W_RECORDING },
	{ "recordingmetadata", NULL, SR_W_RECORDING },
	{ "recv", "recv", SR_W_RECV },
	{ "requestreason", "requestreason", SR_W_REQUESTREASON },
	{ "requestsnapshot", "requestsnapshot", SR_W_REQUESTSNAPSHOT },
	{ "send", "send", SR_W_SEND },
	{ "session", "session", SR_W_SESSION },
	{ "sessionrecordingassoc", "sessionrecordingassoc", SR_W_SRA },
	{ "sipsessionid", "sipSessionID", SR_W_SIPSESSIONID },
	{ "starttime", "start-time", SR_W_START },
	{ "stoptime", "stop-time", SR_W_STOP },
	{ "stream", "stream", SR_W_STREAM },
};

bool
sr_flat_eq(const char *name, const char *flat)
{
	for (; *name != '\0'; name++) {
		char c = *name;

		if (c == '-' || c == '_')
			continue;
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != *flat++)
			return false;
	}
	return *flat == '\0';
}

enum sr_word
sr_word(const char *name, bool *exact)
{
	*exact = false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!sr_flat_eq(name, words[i].flat))
			continue;
		*exact = words[i].rfc != NULL &&
		    strcmp(name, words[i].rfc) == 0;
		return words[i].word;
	}
	return SR_W_NONE;
}

/* ---- which product ---- */

static const struct {
	const char *in_ns, *in_name;	/* what an extension's may contain */
	const char *dialect;
} signs[] = {
	{ "broadsoft.com", NULL, "broadworks" },
	{ NULL, "metaswitchRecordingMetadata", "metaswitch" },
	{ "acmepacket.com", NULL, "oracle" },
	{ "ns:callData", NULL, "sonus" },
	{ "netsapiens", NULL, "netsapiens" },
	{ "ns:Avaya", NULL, "audiocodes" },
	{ "AudioCodes", NULL, "audiocodes" },
	{ "twilio", NULL, "twilio" },
	{ "google.com", NULL, "google" },
	{ "urn:nice:", NULL, "nice" },
};

static bool
has(struct sr_str s, const char *what)
{
	return what != NULL && sr_strfind(s, sr_cstr(what)) < s.n;
}

const char *
sr_dialect_of_ns(struct sr_str ns)
{
	for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++)
		if (has(ns, signs[k].in_ns))
			return signs[k].dialect;
	return NULL;
}

static const char *
by_ext(const struct sr_exts *x)
{
	for (size_t i = 0; i < x->n && i < 64; i++)
		for (size_t k = 0; k < sizeof(signs) / sizeof(signs[0]); k++)
			if (has(x->v[i].ns, signs[k].in_ns) ||
			    has(x->v[i].name, signs[k].in_name))
				return signs[k].dialect;
	return NULL;
}

static const char *
by_exts(const struct sr_doc *d)
{
	const char *hit = by_ext(&d->exts);
	size_t i;

	for (i = 0; hit == NULL && i < d->ngroups && i < 64; i++)
		hit = by_ext(&d->groups[i].exts);
	for (i = 0; hit == NULL && i < d->nsessions && i < 64; i++)
		hit = by_ext(&d->sessions[i].exts);
	for (i = 0; hit == NULL && i < d->nparticipants && i < 64; i++)
		hit = by_ext(&d->participants[i].exts);
	return hit;
}

/* Twilio names its streams; nobody else was seen to use these two words. */
static bool
inbound(const struct sr_doc *d)
{
	return d->nstreams > 0 &&
	    (sr_streq(d->streams[0].label, SR_STR("inbound")) ||
	    sr_streq(d->streams[0].label, SR_STR("outbound")));
}

void
sr_dialect(struct sr_doc *d, const char *clue)
{
	const char *hit = by_exts(d);
	bool v1 = sr_streq(d->ns, SR_STR(SR_NS_V1));

	if (hit == NULL && sr_streq(d->root, SR_STR("recording_metadata")))
		hit = "broadworks";
	if (hit == NULL)
		hit = clue;
	if (hit == NULL && inbound(d))
		hit = "twilio";
	if (hit == NULL)
		hit = v1 ? "rfc7865" : "draft";
	d->dialect = sr_cstr(hit);
}
