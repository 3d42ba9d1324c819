/* pages - the heap in large pages.
 *
 * What belongs to a thousand streams stands all over the heap, and each packet
 * finds its own in a page that the processor has forgotten: a walk through the
 * tables each time, a long one on a virtual machine.  Large pages are few.
 * The C library asks for them when the environment says so; nobody wants to
 * set that, so room for the heap is taken at once, and they are asked for. */
#include "siprec/io.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Less than what malloc maps by itself; two are more than it has in hand. */
enum { LARGE = 2 << 20, PIECE = 126 * 1024 };

void
sr_large_pages(int reserve)
{
	char *from = sbrk(0), *to;
	void *volatile piece[2];	/* or the compiler sees through it */

	mallopt(M_TOP_PAD, reserve);
	mallopt(M_TRIM_THRESHOLD, reserve * 2);
	piece[0] = malloc(PIECE);
	piece[1] = malloc(PIECE);
	to = sbrk(0);
	from += -(uintptr_t)from % LARGE;
	if (from < to)			/* elsewhere it is mapped anew */
		(void)madvise(from, (size_t)(to - from), MADV_HUGEPAGE);
	free(piece[0]);
	free(piece[1]);
}
