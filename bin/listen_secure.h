/* listen_secure: what an operator says about who may do what. */
#ifndef SIPREC_LISTEN_SECURE_H
#define SIPREC_LISTEN_SECURE_H

#include "siprec/io.h"

enum { MAX_CERTS = 64 };

struct secure {
	struct sr_tls_pair pairs[MAX_CERTS];
	size_t ncerts, nkeys;
	bool no_sandbox;
};

enum { SECURE_FIRST = 1024, NO_SANDBOX = SECURE_FIRST };
#define SECURE_LONGS { "no-sandbox", 0, NULL, NO_SANDBOX },

/* wrong says where the option stands, and gives CLI_USAGE. */
typedef int secure_wrong(const char *fmt, ...);
int secure_cert(struct secure *s, const char *file, secure_wrong *wrong);
int secure_key(struct secure *s, const char *file, secure_wrong *wrong);
int secure_option(struct secure *s, int c, const char *arg,
    secure_wrong *wrong);
/* All has been said: does it fit together? */
int secure_check(struct secure *s);

#endif
