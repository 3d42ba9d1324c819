/* body - parts are bounded in number and lie where they may. */
#include "siprec/sip.h"

#include <stdlib.h>
#include <string.h>

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

/* The first line is the Content-Type, the rest the body. */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	struct sr_msg m;
	struct sr_body b;

	memset(&m, 0, sizeof(m));
	sr_strcut(&in, '\n', &m.content_type);
	m.body = in;
	if (sr_body_split(&b, &m) == SR_OK && b.nparts > 32)
		abort();
	for (size_t i = 0; i < b.nparts; i++) {
		touch(b.parts[i].type);
		touch(b.parts[i].data);
		touch(b.parts[i].charset);
		touch(b.parts[i].id);
		touch(b.parts[i].disposition);
	}
	sr_body_find(&b, SR_PART_META);
	sr_body_free(&b);
	return 0;
}
