/* parse - a document from bytes: text, limits, parser, schema, meaning.
 *
 * A streaming reader builds one child of the root at a time, so that memory
 * follows the biggest of them and not the document.  No option that fetches,
 * includes or expands anything is ever given to libxml2. */
#include "meta/priv.h"

#include <libxml/xmlreader.h>
#include <limits.h>
#include <string.h>

static const struct sr_rule broken = {
	"xml", "XML 1.0 section 2.1", SR_ERROR, false,
	"Not well-formed: write & as &amp; and < as &lt; in text."
};
static const struct sr_rule ns_broken = {
	"xml-names", "Namespaces in XML 1.0", SR_ERROR, false,
	"Declare the prefix with xmlns."
};
static const struct sr_rule too_big = {
	"limit", "", SR_ERROR, false, "Raise the limit or shorten the document."
};
static const struct sr_rule no_root = {
	"xml", "XML 1.0 section 2.1", SR_ERROR, false, "Is it XML at all?"
};

/* What libxml2 says on the way. */
struct witness {
	struct sr_doc *d;
	bool broken, recovering;
	unsigned line;
	char text[200];			/* of the first fatal error */
};

static void
fatal(struct witness *w, unsigned line, struct sr_str text)
{
	if (w->broken)
		return;
	w->broken = true;
	w->line = line;
	if (text.n >= sizeof(w->text))
		text.n = sizeof(w->text) - 1;
	memcpy(w->text, text.p, text.n);
	w->text[text.n] = '\0';
}

static void
listen(void *ctx, xmlErrorPtr e)
{
	struct witness *w = ctx;
	struct sr_str text = sr_trim(sr_cstr(e->message));
	unsigned line = e->line > 0 ? (unsigned)e->line : 0;

	if (text.n == 0)
		text = SR_STR("out of memory");
	if (e->domain == XML_FROM_NAMESPACE)
		sr_find_once(w->d, &ns_broken, line, "%.*s", (int)text.n,
		    text.p);
	else if (e->level >= XML_ERR_ERROR)
		fatal(w, line, text);
}

/* ---- the reader ---- */

static xmlTextReaderPtr
reader_new(struct sr_str text, struct witness *w)
{
	int options = XML_PARSE_NONET | XML_PARSE_IGNORE_ENC |
	    XML_PARSE_COMPACT | XML_PARSE_BIG_LINES |
	    (w->recovering ? XML_PARSE_RECOVER : 0);
	xmlTextReaderPtr x = xmlReaderForMemory(text.p, (int)text.n, NULL,
	    "UTF-8", options);

	if (x != NULL)
		xmlTextReaderSetStructuredErrorHandler(x,
		    (xmlStructuredErrorFunc)listen, w);
	return x;
}

/* One node of the first two levels; what to call next. */
static int
step(struct sr_reading *r, xmlTextReaderPtr x)
{
	int type = xmlTextReaderNodeType(x), depth = xmlTextReaderDepth(x);
	xmlNode *node;

	if (type == XML_READER_TYPE_ELEMENT && depth == 0)
		sr_read_root(r, xmlTextReaderCurrentNode(x));
	else if (type == XML_READER_TYPE_ELEMENT && depth == 1) {
		if ((node = xmlTextReaderExpand(x)) != NULL)
			sr_read_child(r, node);
		return xmlTextReaderNext(x);
	} else if (depth == 1 && (type == XML_READER_TYPE_TEXT ||
	    type == XML_READER_TYPE_CDATA))
		sr_read_text(r, xmlTextReaderCurrentNode(x));
	return xmlTextReaderRead(x);
}

/* The whole text; SR_OK also when it is broken, which w then knows. */
static int
read_all(struct sr_reading *r, struct sr_str text, struct witness *w)
{
	xmlTextReaderPtr x;
	int more;

	if (text.n == 0) {
		fatal(w, 0, SR_STR("nothing is there"));
		return SR_OK;
	}
	if ((x = reader_new(text, w)) == NULL)
		return SR_ENOMEM;
	for (more = xmlTextReaderRead(x); more == 1 && r->err == SR_OK; )
		more = step(r, x);
	if (more < 0)
		fatal(w, 0, SR_STR("the parser gave up"));
	xmlFreeTextReader(x);
	/* The schema is a second reading: what is broken never gets there. */
	if (r->err == SR_OK && r->d->root.n > 0 &&
	    (!w->broken || w->recovering))
		r->err = sr_schema_check(r->d, text);
	if (r->err == SR_OK)
		sr_read_done(r);
	return r->err;
}

/* ---- the whole ---- */

static void
start(struct sr_doc *d, size_t max)
{
	memset(d, 0, sizeof(*d));
	sr_arena_init(&d->arena, max);
	d->well_formed = d->schema_valid = d->valid = true;
	d->datamode = SR_STR("complete");
}

/* What is left of a document that is not well-formed. */
static int
second_try(struct sr_doc *d, struct sr_str text, const struct witness *first,
    size_t max)
{
	struct witness w = { .d = d, .recovering = true };
	struct sr_reading r = { .d = d };
	struct sr_buf mended;
	size_t cost;
	int err;

	d->well_formed = false;
	sr_find(d, &broken, first->line, "%s", first->text);
	sr_buf_init(&mended, max);
	if ((err = sr_meta_repair(d, text, &mended)) == SR_OK &&
	    (err = sr_meta_scan(d, sr_buf_str(&mended), &cost)) == SR_OK)
		err = read_all(&r, sr_buf_str(&mended), &w);
	sr_buf_free(&mended);
	if (err == SR_OK && d->root.n == 0) {
		sr_find(d, &no_root, 0, "no element is found in it");
		err = SR_EBAD;
	}
	return err;
}

static int
parse(struct sr_doc *d, struct sr_str in, struct sr_str charset, size_t max,
    struct sr_buf *hold)
{
	struct witness w = { .d = d };
	struct sr_reading r = { .d = d };
	struct sr_str text;
	size_t cost = 0;
	int err;

	if ((err = sr_meta_utf8(d, in, charset, hold, &text)) != SR_OK ||
	    (err = sr_meta_scan(d, text, &cost)) != SR_OK)
		return err;
	if (cost > max || text.n > INT_MAX / 2) {
		sr_find(d, &too_big, 0, "more than %zu bytes of memory would "
		    "be needed", max);
		return SR_ELIMIT;
	}
	if ((err = read_all(&r, text, &w)) != SR_OK || !w.broken)
		return err;
	/* Nothing that a broken reading left behind is to be trusted. */
	sr_arena_free(&d->arena);
	start(d, max);
	sr_buf_drop(hold, hold->n);
	if ((err = sr_meta_utf8(d, in, charset, hold, &text)) != SR_OK)
		return err;
	return second_try(d, text, &w, max);
}

int
sr_doc_parse(struct sr_doc *d, struct sr_str xml, struct sr_str charset,
    size_t max)
{
	struct sr_buf hold;
	int err = SR_ELIMIT;

	start(d, max);
	sr_buf_init(&hold, max);
	xmlInitParser();
	if (xml.n <= max)
		err = parse(d, xml, charset, max, &hold);
	sr_buf_free(&hold);
	if (err == SR_OK)
		err = sr_doc_check(d);
	if (err == SR_ELIMIT && d->valid)
		sr_find(d, &too_big, 0, "more than %zu bytes of memory would "
		    "be needed", max);
	if (err != SR_OK)
		d->well_formed = false;
	d->schema_valid = d->schema_valid && d->well_formed;
	d->valid = d->valid && d->schema_valid;
	sr_findings_sort(d);
	return err;
}

void
sr_doc_free(struct sr_doc *d)
{
	if (d == NULL)
		return;
	sr_arena_free(&d->arena);
	memset(d, 0, sizeof(*d));
}
