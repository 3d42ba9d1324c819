/* listen_secure: what an operator says about who may do what. */
#ifndef SIPREC_LISTEN_SECURE_H
#define SIPREC_LISTEN_SECURE_H

#include "siprec/io.h"

enum { MAX_CERTS = 64 };

struct secure {
	struct sr_tls_pair pairs[MAX_CERTS];
	size_t ncerts, nkeys;
};

enum { SECURE_FIRST = 1024 };
#define SECURE_LONGS

int secure_cert(struct secure *s, const char *file);
int secure_key(struct secure *s, const char *file);
int secure_option(struct secure *s, int c, const char *arg);
/* All has been said: does it fit together? */
int secure_check(struct secure *s);

#endif
