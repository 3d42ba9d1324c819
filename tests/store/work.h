/* work: a store at work, for figures and for what happens meanwhile. */
#ifndef SIPREC_TESTS_STORE_WORK_H
#define SIPREC_TESTS_STORE_WORK_H

#include "siprec/store.h"

/* NULL: why is on stderr. */
struct sr_store *work_open(const char *url, const char *password_file);
/* Prints how many of what a second. */
int work_bench(const char *url, const char *password_file);
/* A keeper with some sessions whose records change all the time, until
 * SIGTERM; prints what is told without being asked for.  Then all that waits
 * is written, and what the store has is compared with what was put last.  The
 * last line counts; 0: nothing is missing. */
int work_keep(const char *url, const char *password_file);

#endif
