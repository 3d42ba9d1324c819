/* meta_fuzz - any bytes as a document: never a crash, always JSON.
 *
 * The first byte chooses the charset of the MIME part, the second the room. */
#include "siprec/meta.h"

#include <jansson.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const charset[] = { NULL, "utf-8", "iso-8859-1",
	    "windows-1252", "utf-16", "iso-8859-15", "x-bogus", "" };
	struct sr_doc d;
	struct sr_buf out;
	json_t *j;
	int err;

	if (n < 2)
		return 0;
	err = sr_doc_parse(&d, (struct sr_str){ (const char *)p + 2, n - 2 },
	    sr_cstr(charset[p[0] & 7]), (size_t)1 << (8 + (p[1] & 15)));
	if (d.valid && (err != SR_OK || !d.well_formed || !d.schema_valid))
		abort();
	sr_buf_init(&out, 64 << 20);
	if (sr_doc_json(&d, SR_STR("x"), &out) != SR_OK)
		abort();
	if ((j = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL)) == NULL)
		abort();
	json_decref(j);
	sr_buf_free(&out);
	sr_doc_free(&d);
	return 0;
}
