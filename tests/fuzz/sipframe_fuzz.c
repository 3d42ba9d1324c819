/* sipframe - a stream in pieces is cut like a stream in one. */
#include "siprec/sip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { MAX = 4096 };

static long
in_pieces(struct sr_str in, size_t step, size_t *used)
{
	size_t seen = 0;
	long got = SR_MORE;

	for (*used = 0; got == SR_MORE && *used < in.n;) {
		*used = in.n - *used < step ? in.n : *used + step;
		got = sr_sip_frame(sr_substr(in, 0, *used), MAX, &seen);
	}
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	size_t seen, used, gone;
	long got, other;

	while (in.n > 0) {
		seen = 0;
		got = sr_sip_frame(in, MAX, &seen);
		other = in_pieces(in, 1 + n % 7, &used);
		/* In pieces a limit or a bad line may show earlier. */
		if (got > 0 && got != other)
			abort();
		if (other > 0 && got != other)
			abort();
		if (got > 0 && ((size_t)got > in.n || got > MAX))
			abort();
		sr_sip_looks(in);
		gone = got > 0 ? (size_t)got : sr_sip_resync(in);
		if (gone == 0 || gone > in.n)
			abort();
		in = sr_substr(in, gone, in.n);
	}
	return 0;
}
