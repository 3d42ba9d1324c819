/* schema - the grammar of RFC 7865, in our own words.
 *
 * Written from the data model: who may hold what, how often, in which order.
 * libxml2 compiles it once, from memory.  It imports nothing, because an
 * import is a file: attributes of the xml: namespace are let through here and
 * looked at in read.c. */
#include "meta/priv.h"

#include <libxml/xmlschemas.h>
#include <stdatomic.h>

static const struct sr_rule against_schema = {
	"schema", "RFC 7865 section 9", SR_ERROR, true, NULL
};

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

static const char grammar[] =
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
	xmlSchemaParserCtxtPtr c = xmlSchemaNewMemParserCtxt(grammar,
	    sizeof(grammar) - 1);
	xmlSchemaPtr s = NULL;

	if (c != NULL) {
		xmlSchemaSetParserStructuredErrors(c, mute, NULL);
		s = xmlSchemaParse(c);
	}
	xmlSchemaFreeParserCtxt(c);
	return s;
}

/* Two threads may both compile it the first time; one of the two is kept. */
static xmlSchemaPtr
schema(void)
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

/* ---- a document against it ---- */

struct verdict {
	struct sr_doc *d;
	unsigned line;			/* that the text begins in */
	unsigned said;
};

/* So that there is room for findings of other kinds. */
enum { MAX_SAID = 100 };

static void
reject(void *ctx, xmlErrorPtr e)
{
	struct verdict *v = ctx;
	struct sr_str s = sr_trim(sr_cstr(e->message));

	v->d->schema_valid = false;
	if (v->said++ >= MAX_SAID)
		return;
	sr_find(v->d, &against_schema,
	    e->line > 0 ? (unsigned)e->line + v->line : 0, "%.*s", (int)s.n,
	    s.p);
}

/* The declaration would have libxml2 look for an encoding, but the text is
 * UTF-8 by now whatever it was. */
static struct sr_str
behind_declaration(struct sr_str text, unsigned *lines)
{
	size_t n, i;

	*lines = 0;
	if (!sr_strstarts(text, SR_STR("<?xml")) ||
	    (n = sr_strfind(text, SR_STR("?>"))) == text.n)
		return text;
	for (i = 0; i < n; i++)
		*lines += text.p[i] == '\n';
	return sr_substr(text, n + 2, text.n);
}

/* As a stream of events: no tree, so no memory but for the depth of it. */
int
sr_schema_check(struct sr_doc *d, struct sr_str text)
{
	struct verdict v = { .d = d };
	struct sr_str in = behind_declaration(text, &v.line);
	xmlSchemaPtr s = schema();
	xmlSchemaValidCtxtPtr c = s != NULL ? xmlSchemaNewValidCtxt(s) : NULL;
	xmlParserInputBufferPtr b = xmlParserInputBufferCreateMem(in.p,
	    (int)in.n, XML_CHAR_ENCODING_UTF8);

	if (c == NULL || b == NULL) {
		xmlSchemaFreeValidCtxt(c);
		xmlFreeParserInputBuffer(b);
		return SR_ENOMEM;
	}
	xmlSchemaSetValidStructuredErrors(c, reject, &v);
	if (xmlSchemaValidateStream(c, b, XML_CHAR_ENCODING_UTF8, NULL,
	    NULL) != 0)
		d->schema_valid = false;
	xmlSchemaFreeValidCtxt(c);
	return SR_OK;
}
