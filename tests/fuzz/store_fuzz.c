/* store - where a store is said to be: whatever is read holds together. */
#include "store/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Reads it to its end; NULL is none. */
static void
touch(const char *s)
{
	if (s != NULL && strlen(s) > 4096)
		abort();
}

static void
check(const struct store_url *u)
{
	bool server = u->kind == STORE_REDIS;

	if (server != (u->nhosts > 0) || server != (u->path == NULL))
		abort();
	if (u->nhosts > 1 && u->master == NULL)
		abort();
	for (size_t i = 0; i < u->nhosts; i++) {
		touch(u->hosts[i].name);
		if (u->hosts[i].name[0] == '\0' || u->hosts[i].port == 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	struct store_url u;
	struct sr_buf why;
	int err;

	sr_buf_init(&why, 1000);
	err = sr_store_url(&u, in, &why);
	if ((err == SR_OK) != (why.n == 0) || (err != SR_OK && err != SR_EBAD))
		abort();
	touch(u.path);
	touch(u.user);
	touch(u.password);
	touch(u.master);
	if (err == SR_OK) {
		check(&u);
		if (sr_store_url_password(&u, in) == SR_OK)
			touch(u.password);
	}
	sr_store_url_free(&u);
	sr_buf_free(&why);
	return 0;
}
