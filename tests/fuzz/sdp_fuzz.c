/* sdp - reading is safe, and masking keeps length and hides every key. */
#include "siprec/sip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Reads all of it, so that a sanitizer sees where it lies. */
static void
touch(struct sr_str s)
{
	volatile char c = 0;

	for (size_t i = 0; i < s.n; i++)
		c = s.p[i];
	(void)c;
}

static void
touch_mline(const struct sr_mline *m)
{
	touch(m->media);
	touch(m->proto);
	touch(m->label);
	touch(m->fingerprint);
	touch(m->setup);
	for (size_t i = 0; i < m->nformats; i++) {
		touch(m->formats[i].name);
		touch(m->formats[i].fmtp);
	}
	for (size_t i = 0; i < m->nsdes; i++) {
		touch(m->sdes[i].suite);
		touch(m->sdes[i].params);
	}
	for (size_t i = 0; i < m->nattrs; i++)
		touch(m->attrs[i]);
}

/* The key of a crypto line that was masked holds stars only. */
static void
check_hidden(const struct sr_sdp *s)
{
	struct sr_str key;

	for (size_t i = 0; i < s->nmlines; i++)
		for (size_t c = 0; c < s->mlines[i].nsdes; c++) {
			key = s->mlines[i].sdes[c].params;
			key = sr_substr(key, 7, key.n);
			for (size_t k = 0; k < key.n; k++) {
				if (key.p[k] == '|' || key.p[k] == ';' ||
				    key.p[k] == ' ' || key.p[k] == '\t')
					break;
				if (key.p[k] != '*')
					abort();
			}
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	struct sr_sdp s;
	struct sr_buf out;

	sr_sdp_parse(&s, in);
	for (size_t i = 0; i < s.nmlines; i++)
		touch_mline(&s.mlines[i]);
	sr_sdp_free(&s);

	sr_buf_init(&out, n);
	if (sr_sdp_mask(&out, in) != SR_OK || out.n != n)
		abort();
	sr_sdp_parse(&s, sr_buf_str(&out));
	check_hidden(&s);
	sr_sdp_free(&s);
	sr_buf_free(&out);
	return 0;
}
