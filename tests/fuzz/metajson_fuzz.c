/* metajson_fuzz - what JSON says can be written, read again, and merged.
 *
 * Whatever sr_doc_from_json takes becomes well-formed XML, applies to any
 * state, and becomes a vCon. */
#include "siprec/meta.h"

#include <stdlib.h>
#include <string.h>

enum { MAX = 16 << 20 };
static const struct sr_str none = { NULL, 0 };

static void
hash(enum sr_digest alg, struct sr_str in, uint8_t *out)
{
	uint64_t h = sr_hash(in.p, in.n);
	size_t n = alg == SR_SHA1 ? 20 : alg == SR_SHA256 ? 32 : 64;

	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(h >> i % 8 * 8) ^ (uint8_t)i;
}

static void
fill(uint8_t *out, size_t n)
{
	static uint8_t next;

	while (n-- > 0)
		*out++ = next++;
}

static const struct sr_crypto crypto = { .hash = hash, .random = fill };

/* The reader takes blanks out of ids and times; after one reading nothing
 * may change any more. */
static void
write_and_read(const struct sr_doc *d)
{
	struct sr_doc once, twice;
	struct sr_buf v[3];

	for (int i = 0; i < 3; i++)
		sr_buf_init(&v[i], MAX);
	if (sr_doc_xml(d, &crypto, &v[0]) != SR_OK)
		goto out;
	if (sr_doc_parse(&once, sr_buf_str(&v[0]), none, MAX) == SR_OK) {
		if (!once.well_formed)
			abort();
		if (sr_doc_xml(&once, &crypto, &v[1]) == SR_OK &&
		    sr_doc_parse(&twice, sr_buf_str(&v[1]), none, MAX) ==
		    SR_OK) {
			if (sr_doc_xml(&twice, &crypto, &v[2]) == SR_OK &&
			    !sr_streq(sr_buf_str(&v[1]), sr_buf_str(&v[2])))
				abort();
			sr_doc_free(&twice);
		}
	}
	sr_doc_free(&once);
out:
	for (int i = 0; i < 3; i++)
		sr_buf_free(&v[i]);
}

static void
convert(const struct sr_doc *d)
{
	struct sr_vcon v = { .xml = SR_STR("<recording/>") };
	struct sr_buf out;

	sr_buf_init(&out, MAX);
	sr_doc_vcon(d, &v, &crypto, &out);
	sr_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct sr_str rest = { (const char *)data, n };
	struct sr_timeline *t = NULL;
	struct sr_meta *m = NULL;
	struct sr_buf why;
	struct sr_doc d;
	int err = SR_OK;

	sr_buf_init(&why, 4096);
	if (sr_meta_new(&m, MAX) != SR_OK || sr_timeline_new(&t, MAX) != SR_OK)
		goto out;
	while (err == SR_OK) {
		err = sr_doc_from_json(&d, &rest, &crypto, MAX, &why);
		if (err == SR_OK) {
			write_and_read(&d);
			convert(&d);
			if (sr_meta_apply(m, &d, 0) == SR_OK) {
				sr_timeline_apply(t, &d, sr_meta_doc(m),
				    SR_STR("r"));
				write_and_read(sr_meta_doc(m));
			}
		}
		sr_doc_free(&d);
	}
out:
	sr_timeline_free(t);
	sr_meta_free(m);
	sr_buf_free(&why);
	return 0;
}
