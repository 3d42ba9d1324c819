/* auth_server - digest access, the side that asks: credentials, challenges,
 * verdicts.  RFC 7616, RFC 8760 section 2, RFC 3261 section 22. */
#include "sip/priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- credentials ---- */

/* Nothing that would have to be escaped, or would end its field. */
static bool
plain(struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f ||
		    s.p[i] == '"' || s.p[i] == '\\')
			return false;
	return s.n > 0;
}

int
sr_auth_line(struct sr_buf *out, const struct sr_crypto *c,
    enum sr_digest alg, struct sr_str user, struct sr_str realm,
    struct sr_str password)
{
	uint8_t ha1[AUTH_DIGEST];
	size_t before = out->n;
	int err;

	if (auth_size(alg) == 0)
		return SR_EUNSUP;
	if (!plain(user) || !plain(realm) || sr_strchr(user, ':') < user.n ||
	    user.p[0] == '#')
		return SR_EBAD;
	err = auth_hash(c, alg, (struct sr_str[]){ user, realm, password }, 3,
	    ha1);
	if (err == SR_OK && (err = sr_buf_add(out, user)) == SR_OK &&
	    (err = sr_buf_addc(out, ':')) == SR_OK &&
	    (err = sr_buf_add(out, realm)) == SR_OK &&
	    (err = sr_buf_fmt(out, ":%s:", sr_auth_alg_name(alg))) == SR_OK &&
	    (err = sr_hex_add(out, ha1, auth_size(alg))) == SR_OK)
		err = sr_buf_addc(out, '\n');
	sr_wipe(ha1, sizeof(ha1));
	if (err != SR_OK)
		out->n = before;
	return err;
}

/* Where the last colon of s stands, or s.n. */
static size_t
last_colon(struct sr_str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == ':')
			return i - 1;
	return s.n;
}

/* From both ends, as a realm may have colons of its own. */
static int
read_user(struct sr_auth_user *u, struct sr_str line)
{
	size_t at = last_colon(line);
	struct sr_str ha1 = sr_substr(line, at + 1, line.n), alg;

	line = sr_substr(line, 0, at);
	at = last_colon(line);
	alg = sr_substr(line, at + 1, line.n);
	line = sr_substr(line, 0, at);
	at = sr_strchr(line, ':');
	u->user = sr_substr(line, 0, at);
	u->realm = sr_substr(line, at + 1, line.n);
	if (!plain(u->user) || !plain(u->realm) || !auth_alg(&u->alg, alg))
		return SR_EBAD;
	return auth_unhex(u->ha1, auth_size(u->alg), ha1);
}

static int
compare_key(const struct sr_auth_user *a, const struct sr_auth_user *b)
{
	int d = sr_strcmp(a->realm, b->realm);

	if (d == 0)
		d = sr_strcmp(a->user, b->user);
	return d != 0 ? d : (int)a->alg - (int)b->alg;
}

static int
compare(const void *pa, const void *pb)
{
	const struct sr_auth_user *a = pa, *b = pb;
	int d = compare_key(a, b);

	return d != 0 ? d : a->line < b->line ? -1 : a->line > b->line;
}

/* The lines of the file that say something, into u->v where there is one. */
static int
read_lines(struct sr_auth_users *u, struct sr_str text, size_t *line)
{
	struct sr_str one;

	u->n = 0;
	for (*line = 1; sr_strline(&text, &one); ++*line) {
		one = sr_trim(one);
		if (one.n == 0 || one.p[0] == '#')
			continue;
		if (u->v != NULL) {
			u->v[u->n].line = *line;
			if (read_user(&u->v[u->n], one) != SR_OK)
				return SR_EBAD;
		}
		u->n++;
	}
	return SR_OK;
}

int
sr_auth_users_read(struct sr_auth_users *u, struct sr_str text, size_t *line)
{
	int err;

	*u = (struct sr_auth_users){ NULL, 0 };
	read_lines(u, text, line);
	if (u->n == 0)
		return SR_OK;
	if ((u->v = calloc(u->n, sizeof(*u->v))) == NULL)
		return SR_ENOMEM;
	if ((err = read_lines(u, text, line)) != SR_OK)
		return err;
	qsort(u->v, u->n, sizeof(*u->v), compare);
	for (size_t i = 1; i < u->n; i++) {
		*line = u->v[i].line;
		if (compare_key(&u->v[i - 1], &u->v[i]) == 0)
			return SR_EBAD;
	}
	return SR_OK;
}

void
sr_auth_users_free(struct sr_auth_users *u)
{
	if (u == NULL)
		return;
	if (u->v != NULL)
		sr_wipe(u->v, u->n * sizeof(*u->v));
	free(u->v);
	*u = (struct sr_auth_users){ NULL, 0 };
}

/* The first that is not before key. */
static size_t
lower(const struct sr_auth_users *u, const struct sr_auth_user *key)
{
	size_t from = 0, to = u->n, mid;

	while (from < to) {
		mid = from + (to - from) / 2;
		if (compare_key(&u->v[mid], key) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* ---- challenges ---- */

static const enum sr_digest best_first[] = {
	SR_SHA512_256, SR_SHA256, SR_MD5
};
enum { ALGS = sizeof(best_first) / sizeof(best_first[0]) };

/* RFC 8760 section 2.4: a client takes the first that it knows, so what is
 * listed must be there for whoever asks.  Bits by algorithm. */
static unsigned
offered(const struct sr_auth_server *s)
{
	const struct sr_auth_users *u = s->users;
	struct sr_auth_user key = { .realm = s->realm };
	unsigned usable = 1u << SR_SHA512_256 | 1u << SR_SHA256 |
	    (s->md5 ? 1u << SR_MD5 : 0);
	unsigned all = usable, any = 0, one;
	size_t i = lower(u, &key);

	while (i < u->n && sr_streq(u->v[i].realm, s->realm)) {
		key.user = u->v[i].user;
		for (one = 0; i < u->n && sr_streq(u->v[i].user, key.user) &&
		    sr_streq(u->v[i].realm, s->realm); i++)
			one |= 1u << u->v[i].alg;
		one &= usable;
		if (one != 0)
			all &= one;
		any |= one;
	}
	return all != 0 ? all : any;
}

int
sr_auth_challenge(struct sr_buf *out, const struct sr_auth_server *s,
    size_t i, bool stale, sr_time now)
{
	unsigned algs = offered(s);
	char nonce[NONCE_TEXT];
	size_t before = out->n, at = 0;
	int err;

	for (; at < ALGS; at++)
		if ((algs >> best_first[at] & 1) != 0 && i-- == 0)
			break;
	if (at == ALGS)
		return SR_ENOENT;
	if ((err = nonce_make(s, now, nonce)) == SR_OK &&
	    (err = sr_buf_add(out, SR_STR("Digest realm="))) == SR_OK &&
	    (err = sr_quote_add(out, s->realm)) == SR_OK)
		err = sr_buf_fmt(out, ", nonce=\"%.*s\", algorithm=%s, "
		    "qop=\"auth\"%s", NONCE_TEXT, nonce,
		    sr_auth_alg_name(best_first[at]),
		    stale ? ", stale=true" : "");
	if (err != SR_OK)
		out->n = before;
	return err;
}

/* ---- verdicts ---- */

/* One for each realm on the way; each costs a few hashes. */
enum { MAX_ANSWERS = 8 };

/* Proxies may have changed ports and parameters on the way. */
static bool
same_uri(struct sr_str a, struct sr_str b)
{
	struct sr_str au, ah, bu, bh;

	if (sr_streq(a, b))
		return true;
	return sr_uri_split(a, &au, &ah) == SR_OK &&
	    sr_uri_split(b, &bu, &bh) == SR_OK && sr_streq(au, bu) &&
	    sr_strieq(ah, bh);
}

/* Who never saw the user list learns nothing of it by the clock: somebody who
 * is not there has a hash too, which fits nothing. */
static bool
right(const struct sr_auth_server *s, const struct sr_auth *a,
    struct sr_str method, struct sr_str *user)
{
	struct sr_auth_user key = { .user = a->user, .realm = s->realm,
	    .alg = a->alg };
	size_t at = lower(s->users, &key);
	bool there = at < s->users->n &&
	    compare_key(&s->users->v[at], &key) == 0;
	const struct sr_auth_user *u = there ? &s->users->v[at] : &key;
	uint8_t want[AUTH_DIGEST], have[AUTH_DIGEST], differs = 0;

	if (auth_unhex(have, auth_size(a->alg), a->response) != SR_OK ||
	    auth_response(s->crypto, a, method, u->ha1, want) != SR_OK)
		return false;
	for (size_t i = 0; i < auth_size(a->alg); i++)
		differs |= have[i] ^ want[i];
	sr_wipe(want, sizeof(want));
	*user = u->user;
	return there && differs == 0;
}

/* The count; the old kind without qop has one use. */
static int
read_count(const struct sr_auth *a, uint32_t *nc)
{
	uint8_t raw[4];

	*nc = 1;
	if (a->qop.p == NULL)
		return SR_OK;
	if (a->cnonce.p == NULL || auth_unhex(raw, 4, a->nc) != SR_OK)
		return SR_EBAD;
	*nc = (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 |
	    (uint32_t)raw[2] << 8 | raw[3];
	return SR_OK;
}

static enum sr_auth_verdict
judge(const struct sr_auth_server *s, const struct sr_auth *a,
    const struct sr_msg *m, sr_time now, struct sr_str *user)
{
	struct nonce n;
	uint32_t nc;

	if (a->user.p == NULL || a->uri.p == NULL || a->response.p == NULL ||
	    read_count(a, &nc) != SR_OK)
		return SR_AUTH_BAD;
	if (!a->known || a->session || (a->alg == SR_MD5 && !s->md5) ||
	    (a->qop.p != NULL && !sr_strieq(a->qop, SR_STR("auth"))) ||
	    !same_uri(a->uri, m->uri) ||
	    !right(s, a, m->method_text, user))
		return SR_AUTH_WRONG;
	if (!nonce_read(s, &n, a->nonce) || !nonce_use(s, &n, nc, now))
		return SR_AUTH_STALE;
	return SR_AUTH_OK;
}

enum sr_auth_verdict
sr_auth_check(const struct sr_auth_server *s, const struct sr_msg *m,
    sr_time now, struct sr_str *user)
{
	enum sr_auth_verdict v = SR_AUTH_NONE;
	struct sr_auth a;
	int err, left = MAX_ANSWERS;

	for (size_t i = 0; i < m->nheaders && v != SR_AUTH_OK; i++) {
		if (!sr_strieq(m->headers[i].name, SR_STR("Authorization")) ||
		    left-- <= 0)
			continue;
		err = sr_auth_parse(&a, m->headers[i].value);
		if (err == SR_EBAD)
			v = SR_AUTH_BAD;
		else if (err == SR_OK && sr_streq(a.realm, s->realm))
			v = judge(s, &a, m, now, user);
	}
	if (v != SR_AUTH_OK)
		*user = (struct sr_str){ NULL, 0 };
	return v;
}
