/* sqlite: the file, and the few things that are asked of it. */
#ifndef SIPREC_STORE_SQLITE_H
#define SIPREC_STORE_SQLITE_H

#include <sqlite3.h>

#include "priv.h"

enum question {
	Q_BEGIN, Q_COMMIT, Q_ROLLBACK, Q_BY_KEY, Q_BY_NAME, Q_INSERT,
	Q_UPDATE, Q_RENEW, Q_TAKE, Q_BURY, Q_DROP, Q_ADD_NAME, Q_DROP_NAMES,
	Q_SCAN, Q_EXPIRE, Q_VALUE, QUESTIONS
};
struct sqlite {
	sqlite3 *db;			/* NULL: not open, or given up */
	sqlite3_stmt *q[QUESTIONS];
};

/* Opens the file, or makes it, where that has not been done: SR_OK, SR_ESYS. */
int sr_sqlite_ready(struct sr_store *st);
/* After a failure: says what it was, undoes what was begun, and gives up a
 * file that will not be any better.  SR_ESYS. */
int sr_sqlite_failed(struct sr_store *st);
void sr_sqlite_end(struct sqlite *s);

#endif
