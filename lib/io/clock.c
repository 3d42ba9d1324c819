/* clock - the one place that asks what time it is. */
#include "siprec/io.h"

#include <time.h>

sr_time
sr_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}
