/* url - reads where a store is.  Words about what is wrong never repeat the
 * text: a password may stand anywhere in it. */
#include "store/url.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_URL = 4096, MAX_HOSTS = 16, MAX_DB = 65535 };

static int
bad(struct sr_buf *why, const char *text)
{
	sr_buf_add(why, sr_cstr(text));
	return SR_EBAD;
}

/* As a C string that lives with the URL. */
static int
keep(struct store_url *u, struct sr_str s, const char **out)
{
	char *p = sr_arena_alloc(&u->text, s.n + 1);

	if (p == NULL)
		return SR_ENOMEM;
	if (s.n > 0)
		memcpy(p, s.p, s.n);
	*out = p;
	return SR_OK;
}

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The same with %XX read (RFC 3986 2.1); none may be the end of a string. */
static int
keep_decoded(struct store_url *u, struct sr_str s, const char **out)
{
	char *p = sr_arena_alloc(&u->text, s.n + 1);
	size_t n = 0;

	if (p == NULL)
		return SR_ENOMEM;
	*out = p;
	for (size_t i = 0; i < s.n; i++) {
		p[n] = s.p[i];
		if (s.p[i] == '%') {
			if (i + 2 >= s.n || hex(s.p[i + 1]) < 0 ||
			    hex(s.p[i + 2]) < 0)
				return SR_EBAD;
			p[n] = (char)(hex(s.p[i + 1]) << 4 |
			    hex(s.p[i + 2]));
			i += 2;
		}
		if (p[n++] == '\0')
			return SR_EBAD;
	}
	return SR_OK;
}

static int
read_login(struct store_url *u, struct sr_str s, struct sr_buf *why)
{
	struct sr_str user;
	int err = SR_OK;
	bool has = sr_strchr(s, ':') < s.n;

	if (!sr_strcut(&s, ':', &user))
		return SR_OK;
	if (user.n > 0)
		err = keep_decoded(u, user, &u->user);
	if (err == SR_OK && has)
		err = keep_decoded(u, s, &u->password);
	return err == SR_EBAD ? bad(why, "a % in the user or the password is "
	    "written %25") : err;
}

static int
read_host(struct store_url *u, struct sr_str s, bool sentinel,
    struct sr_buf *why)
{
	struct store_host *h = &u->hosts[u->nhosts];
	struct sr_str name;
	uint64_t n = sentinel ? 26379 : 6379;

	if (sr_strstarts(s, SR_STR("["))) {	/* RFC 3986 3.2.2 */
		s = sr_substr(s, 1, s.n);
		if (sr_strchr(s, ']') == s.n)
			return bad(why, "a ] is missing");
		sr_strcut(&s, ']', &name);
		if (s.n > 0 && s.p[0] != ':')
			return bad(why, "a port comes after a colon");
		s = sr_substr(s, 1, s.n);
	} else if (!sr_strcut(&s, ':', &name))
		name = s;
	if (name.n == 0 || sr_strchr(name, '\0') < name.n)
		return bad(why, "a host is missing");
	if (s.n > 0 && (sr_strnum(s, &n) != SR_OK || n == 0 || n > UINT16_MAX))
		return bad(why, "a port is a number up to 65535");
	h->port = (uint16_t)n;
	u->nhosts++;
	return keep(u, name, &h->name);
}

static int
read_hosts(struct store_url *u, struct sr_str s, bool sentinel,
    struct sr_buf *why)
{
	struct sr_str one;
	int err = SR_OK;

	u->hosts = sr_arena_alloc(&u->text, MAX_HOSTS * sizeof(*u->hosts));
	if (u->hosts == NULL)
		return SR_ENOMEM;
	while (err == SR_OK && sr_strcut(&s, ',', &one)) {
		if (u->nhosts == (sentinel ? MAX_HOSTS : 1))
			return bad(why, "these are too many hosts");
		err = read_host(u, one, sentinel, why);
	}
	return err == SR_OK && u->nhosts == 0 ? bad(why, "a host is missing") :
	    err;
}

static int
read_db(struct store_url *u, struct sr_str s, struct sr_buf *why)
{
	uint64_t n = 0;

	if (s.n > 0 && (sr_strnum(s, &n) != SR_OK || n > MAX_DB))
		return bad(why, "after the slash comes the number of a "
		    "database");
	u->db = (uint16_t)n;
	return SR_OK;
}

/* [USER[:PASSWORD]@]HOST[:PORT],.../NAME/DB; without sentinels no NAME. */
static int
read_server(struct store_url *u, struct sr_str rest, bool sentinel,
    struct sr_buf *why)
{
	struct sr_str where = sr_substr(rest, 0, sr_strchr(rest, '/')), name;
	size_t at = where.n;
	int err = SR_OK;

	u->kind = STORE_REDIS;
	rest = sr_substr(rest, where.n + 1, rest.n);
	while (at > 0 && where.p[at - 1] != '@')
		at--;
	if (at > 0)
		err = read_login(u, sr_substr(where, 0, at - 1), why);
	if (err == SR_OK)
		err = read_hosts(u, sr_substr(where, at, where.n),
		    sentinel, why);
	if (err == SR_OK && sentinel) {
		if (!sr_strcut(&rest, '/', &name) || name.n == 0)
			return bad(why, "after the sentinels comes a slash "
			    "and the name of the master");
		err = keep_decoded(u, name, &u->master);
		if (err == SR_EBAD)
			return bad(why, "a % in the name of the master is "
			    "written %25");
	}
	return err == SR_OK ? read_db(u, rest, why) : err;
}

static int
read_path(struct store_url *u, struct sr_str rest, struct sr_buf *why)
{
	if (u->kind == STORE_SQLITE && rest.n == 0)
		return bad(why, "the path of the file is missing");
	if (sr_strchr(rest, '\0') < rest.n)
		return bad(why, "no path has a zero byte");
	return keep(u, rest, &u->path);
}

int
sr_store_url(struct store_url *u, struct sr_str text, struct sr_buf *why)
{
	static const struct {
		struct sr_str scheme;
		enum store_kind kind;
		bool tls, sentinel;
	} kinds[] = {
	    { SR_STR("memory:"), STORE_MEMORY, false, false },
	    { SR_STR("sqlite:"), STORE_SQLITE, false, false },
	    { SR_STR("redis://"), STORE_REDIS, false, false },
	    { SR_STR("rediss://"), STORE_REDIS, true, false },
	    { SR_STR("redis-sentinel://"), STORE_REDIS, false, true } };

	*u = (struct store_url){ 0 };
	sr_arena_init(&u->text, 16 * MAX_URL);
	if (text.n > MAX_URL)
		return bad(why, "the URL is too long");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (!sr_stristarts(text, kinds[i].scheme))
			continue;
		text = sr_substr(text, kinds[i].scheme.n, text.n);
		u->kind = kinds[i].kind;
		u->tls = kinds[i].tls;
		return u->kind == STORE_REDIS ?
		    read_server(u, text, kinds[i].sentinel, why) :
		    read_path(u, text, why);
	}
	return bad(why, "a store is memory:, sqlite:PATH, redis://HOST:PORT "
	    "or redis-sentinel://HOST:PORT,.../NAME");
}

int
sr_store_url_password(struct store_url *u, struct sr_str password)
{
	return sr_strchr(password, '\0') < password.n ? SR_EBAD :
	    keep(u, password, &u->password);
}

void
sr_store_url_free(struct store_url *u)
{
	if (u->user != NULL)
		sr_wipe((char *)(uintptr_t)u->user, strlen(u->user));
	if (u->password != NULL)
		sr_wipe((char *)(uintptr_t)u->password, strlen(u->password));
	sr_arena_free(&u->text);
	*u = (struct store_url){ 0 };
}
