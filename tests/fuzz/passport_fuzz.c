/* passport - an Identity header is judged without harm, and what nobody signed
 * is never good. */
#include "siprec/sip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { LONGEST = 1 << 16 };

static const void *text;		/* of the last signature */

/* It looks at all that it is given, and the first half of it is wrong. */
static int
verify(const struct sr_signers *from, const struct sr_signature *sig,
    sr_time now)
{
	unsigned sum = 0;

	(void)from, (void)now;
	text = sig->text.p;
	for (size_t i = 0; i < sig->text.n; i++)
		sum += (unsigned char)sig->text.p[i];
	for (size_t i = 0; i < sig->bytes.n; i++)
		sum += (unsigned char)sig->bytes.p[i];
	sum += (unsigned)(sig->alg.n + sig->uri.n + sig->domain.n);
	return sig->bytes.n != 4 || sum % 2 != 0 ? SR_EAUTH : SR_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct sr_crypto crypto = { .verify = verify };
	struct sr_passport j;
	struct sr_body b;
	struct sr_msg m;

	if (n > LONGEST)
		return 0;
	text = NULL;
	if (sr_msg_parse(&m, (struct sr_str){ (const char *)p, n }) == SR_OK &&
	    sr_body_split(&b, &m) == SR_OK) {
		sr_passport_check(&j, &m, &b, &crypto, NULL,
		    1443208345 * SR_SEC);
		if (j.why == NULL || sr_passport_word(j.verdict) == NULL ||
		    (j.verdict == SR_PASSPORT_GOOD && text == NULL) ||
		    (j.verdict == SR_PASSPORT_GOOD) != (j.why[0] == '\0'))
			abort();
		sr_passport_free(&j);
		sr_body_free(&b);
	}
	sr_msg_free(&m);
	return 0;
}
