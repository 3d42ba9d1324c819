/* url: where a store is, as --store names it. */
#ifndef SIPREC_STORE_URL_H
#define SIPREC_STORE_URL_H

#include "siprec/base.h"

enum store_kind { STORE_MEMORY, STORE_SQLITE, STORE_REDIS };
struct store_host {
	const char *name;	/* of an IPv6 address without brackets */
	uint16_t port;
};
struct store_url {
	enum store_kind kind;
	const char *path;		/* of the file; name of the memory */
	const char *user, *password;	/* NULL: none */
	const char *master;	/* hosts are sentinels that know it; NULL */
	struct store_host *hosts;
	size_t nhosts;
	uint16_t db;
	bool tls;
	struct sr_arena text;		/* what the rest points into */
};
/* SR_OK; SR_EBAD: why has words, none of them of the password; SR_ENOMEM.  To
 * be freed in any case. */
int sr_store_url(struct store_url *u, struct sr_str text, struct sr_buf *why);
/* Another password than that of the URL. */
int sr_store_url_password(struct store_url *u, struct sr_str password);
void sr_store_url_free(struct store_url *u);	/* wipes */

#endif
