/* schema - the grammar of RFC 7865, in our own words.
 *
 * Written from the data model: who may hold what, how often, in which order.
 * libxml2 compiles it once, from memory.  It imports nothing, because an
 * import is a file: attributes of the xml: namespace are let through here and
 * looked at in check.c. */
#include "meta/priv.h"

#include <libxml/xmlschemas.h>
#include <stdatomic.h>

#define ID(name, use)							\
	"<xs:attribute name='" name "' type='m:id'" use "/>"
#define NEED " use='required'"
#define MAYBE(name, type)						\
	"<xs:element name='" name "' type='" type "' minOccurs='0'/>"
#define MANY(name, type)						\
	"<xs:element name='" name "' type='" type "' minOccurs='0'"	\
	" maxOccurs='unbounded'/>"
#define CLASS(name, content, attrs)					\
	"<xs:complexType name='" name "'><xs:sequence>" content		\
	"<xs:group ref='m:more'/></xs:sequence>" attrs "</xs:complexType>"
#define LIFETIME "<xs:group ref='m:lifetime'/>"

static const char text[] =
    "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'"
    " xmlns:m='" SR_NS_V1 "' targetNamespace='" SR_NS_V1 "'"
    " elementFormDefault='qualified'>"

    /* The parts that many share. */
    "<xs:simpleType name='id'><xs:restriction base='xs:base64Binary'/>"
    "</xs:simpleType>"
    "<xs:group name='lifetime'><xs:sequence>"
    MAYBE("associate-time", "xs:dateTime")
    MAYBE("disassociate-time", "xs:dateTime")
    "</xs:sequence></xs:group>"
    "<xs:group name='more'><xs:sequence>"
    "<xs:any namespace='##other' processContents='lax' minOccurs='0'"
    " maxOccurs='unbounded'/></xs:sequence></xs:group>"

    /* The text of a name or a reason, with its language. */
    "<xs:complexType name='words'><xs:simpleContent>"
    "<xs:extension base='xs:string'><xs:anyAttribute"
    " namespace='http://www.w3.org/XML/1998/namespace'"
    " processContents='skip'/></xs:extension>"
    "</xs:simpleContent></xs:complexType>"

    /* The classes of RFC 7865 section 6. */
    CLASS("group", LIFETIME, ID("group_id", NEED))
    "<xs:complexType name='reason'><xs:simpleContent>"
    "<xs:extension base='xs:string'>"
    "<xs:attribute name='cause' type='xs:short' use='required'/>"
    "<xs:attribute name='protocol' type='xs:string' default='SIP'/>"
    "</xs:extension></xs:simpleContent></xs:complexType>"
    CLASS("session", MANY("sipSessionID", "xs:string")
    MANY("reason", "m:reason") MAYBE("group-ref", "m:id")
    MAYBE("start-time", "xs:dateTime") MAYBE("stop-time", "xs:dateTime"),
    ID("session_id", NEED))
    "<xs:complexType name='nameID'><xs:sequence>"
    MAYBE("name", "m:words") "</xs:sequence>"
    "<xs:attribute name='aor' type='xs:anyURI' use='required'/>"
    "</xs:complexType>"
    CLASS("participant", "<xs:element name='nameID' type='m:nameID'"
    " maxOccurs='unbounded'/>", ID("participant_id", NEED))
    CLASS("stream", MAYBE("label", "xs:string"),
    ID("stream_id", NEED) ID("session_id", ""))
    CLASS("in-recording", LIFETIME, ID("session_id", NEED))
    "<xs:complexType name='param'>"
    "<xs:attribute name='pname' type='xs:string' use='required'/>"
    "<xs:attribute name='pval' type='xs:string' use='required'/>"
    "</xs:complexType>"
    CLASS("in-session", LIFETIME MANY("param", "m:param"),
    ID("participant_id", NEED) ID("session_id", NEED))
    CLASS("in-stream", MANY("send", "m:id") MANY("recv", "m:id") LIFETIME,
    ID("participant_id", NEED))

    /* The two documents: sections 5 and 7. */
    "<xs:simpleType name='mode'><xs:restriction base='xs:string'>"
    "<xs:enumeration value='complete'/><xs:enumeration value='partial'/>"
    "</xs:restriction></xs:simpleType>"
    CLASS("document", MAYBE("datamode", "m:mode") MANY("group", "m:group")
    MANY("session", "m:session") MANY("participant", "m:participant")
    MANY("stream", "m:stream")
    MANY("sessionrecordingassoc", "m:in-recording")
    MANY("participantsessionassoc", "m:in-session")
    MANY("participantstreamassoc", "m:in-stream"), "")
    CLASS("request", MAYBE("requestreason", "m:words"), "")
    "<xs:element name='recording' type='m:document'/>"
    "<xs:element name='requestsnapshot' type='m:request'/>"
    "</xs:schema>";

static void
mute(void *ctx, xmlErrorPtr e)
{
	(void)ctx;
	(void)e;
}

static xmlSchemaPtr
compile(void)
{
	xmlSchemaParserCtxtPtr c = xmlSchemaNewMemParserCtxt(text,
	    sizeof(text) - 1);
	xmlSchemaPtr s = NULL;

	if (c != NULL) {
		xmlSchemaSetParserStructuredErrors(c, mute, NULL);
		s = xmlSchemaParse(c);
	}
	xmlSchemaFreeParserCtxt(c);
	return s;
}

/* Two threads may both compile it the first time; one of the two is kept. */
struct _xmlSchema *
sr_schema(void)
{
	static _Atomic(xmlSchemaPtr) kept;
	xmlSchemaPtr have = atomic_load(&kept), mine;

	if (have != NULL)
		return have;
	if ((mine = compile()) == NULL)
		return NULL;
	if (atomic_compare_exchange_strong(&kept, &have, mine))
		return mine;
	xmlSchemaFree(mine);
	return have;
}
