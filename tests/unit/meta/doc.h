/* doc - small documents for the tests of this layer. */
#ifndef UNIT_META_DOC_H
#define UNIT_META_DOC_H

#include "siprec/meta.h"
#include "unit/test.h"

#define DECL "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define V1 "urn:ietf:params:xml:ns:recording:1"
#define DRAFT "urn:ietf:params:xml:ns:recording"
#define REC(body) DECL "<recording xmlns=\"" V1 "\">" body "</recording>"
#define OLD(body) DECL "<recording xmlns=\"" DRAFT "\">" body "</recording>"

/* Ids of 16 bytes: version 4 in all. */
#define G1 "7+OTCyoxTmqmqyA/1weDAg=="
#define S1 "hVpd7YQgRW2nD22h7q60JQ=="
#define P1 "srfBElmCRp2QB23b7Mpk0w=="
#define P2 "zSfPoSvdSDCmU3A3TRDxAw=="
#define M1 "UAAMm5GRQKSCMVvLyl4rFw=="
#define M2 "i1Pz3to5TGk8fuXl+PbwCw=="

#define SESSION "<session session_id=\"" S1 "\"/>"
#define PARTY(id, who) "<participant participant_id=\"" id "\">"	\
	"<nameID aor=\"sip:" who "@example.com\"/></participant>"
#define STREAM(id, label) "<stream stream_id=\"" id "\" session_id=\""	\
	S1 "\"><label>" label "</label></stream>"
#define SENDS(who, what) "<participantstreamassoc participant_id=\"" who \
	"\"><send>" what "</send></participantstreamassoc>"
/* Two parties, two streams; nothing is to be said against it. */
#define GOOD "<datamode>complete</datamode>" SESSION PARTY(P1, "alice")	\
	PARTY(P2, "bob") STREAM(M1, "1") STREAM(M2, "2")		\
	SENDS(P1, M1) SENDS(P2, M2)

enum { ROOM = 1 << 22 };

/* Against a guard page, as every test of ours has it. */
static inline int
parse(struct sr_doc *d, const char *xml, size_t n)
{
	return sr_doc_parse(d, guarded(xml, n), sr_cstr(NULL), ROOM);
}
#define PARSE(d, xml) parse(d, xml, strlen(xml))

static inline const struct sr_finding *
found(const struct sr_doc *d, const char *rule)
{
	for (size_t i = 0; i < d->nfindings; i++)
		if (sr_streq(d->findings[i].rule, sr_cstr(rule)))
			return &d->findings[i];
	return NULL;
}

static inline bool
said(const struct sr_doc *d, const char *text)
{
	for (size_t i = 0; i < d->nfindings; i++)
		if (sr_strfind(d->findings[i].text, sr_cstr(text)) <
		    d->findings[i].text.n)
			return true;
	return false;
}

#endif
