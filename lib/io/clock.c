/* clock - the one place that asks what time it is. */
#include "siprec/io.h"

#include <pthread.h>
#include <time.h>

static sr_time offset;		/* of the wall clock, when we started */

static sr_time
ask(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

static void
start(void)
{
	offset = ask(CLOCK_REALTIME) - ask(CLOCK_MONOTONIC);
}

sr_time
sr_now(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, start);
	return ask(CLOCK_MONOTONIC) + offset;
}

sr_time
sr_wall_offset(void)
{
	return sr_now() - ask(CLOCK_REALTIME);
}
