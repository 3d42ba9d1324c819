/* cli: what the programs share - exit statuses, messages, reading inputs. */
#ifndef SIPREC_CLI_H
#define SIPREC_CLI_H

#include "siprec/base.h"

enum cli_status {
	CLI_OK = 0,
	CLI_NO = 1,	/* a negative answer: nothing found, not valid */
	CLI_PARTIAL = 2,	/* bytes of the input could not be read */
	CLI_USAGE = 64,
	CLI_NOINPUT = 66,
	CLI_UNAVAILABLE = 69,
	CLI_SYSTEM = 71,
	CLI_CANTCREAT = 73,
	CLI_IOERR = 74
};
/* The one that wins: the highest, but 2 over 1. */
int cli_worst(int a, int b);

/* Sets the name that goes before every message, and the library settings
 * that hold for the whole process.  First call of every main. */
void cli_init(const char *program);
/* "program: ..." on stderr. */
void cli_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Usage error: the words, then "try 'program --help'"; gives CLI_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "program VERSION", what was left out at build time, the licence. */
void cli_version(void);

/* Everything in a file, "-" for stdin, up to max bytes: CLI_OK,
 * CLI_NOINPUT, or CLI_USAGE when it is longer; says why on stderr. */
int cli_read(const char *path, size_t max, struct sr_buf *out);

/* Writes all of s to stdout in one write(2) where the system lets it.  A
 * closed stdout is said once; then and later the answer is false. */
bool cli_put(struct sr_str s);
/* CLI_IOERR when a cli_put failed, else CLI_OK. */
int cli_stdout(void);
bool cli_tty(int fd);

#endif
