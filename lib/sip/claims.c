/* claims - what a PASSporT says of a request, in the one form that signer and
 * verifier both come to: RFC 8224 section 8. */
#include "sip/priv.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER = 15, MAX_KEYS = 64 };	/* E.164; fingerprints */

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet of an escape at s, -1: there is none. */
static int
escaped(struct sr_str s)
{
	int hi, lo;

	if (s.n < 3 || s.p[0] != '%' || (hi = nibble(s.p[1])) < 0 ||
	    (lo = nibble(s.p[2])) < 0)
		return -1;
	return hi << 4 | lo;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

static bool
unreserved(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z') || (c > 0 && strchr("-._~", c) != NULL);
}

/* ---- numbers: section 8.3 ---- */

/* Where *to ends is moved; false: it is no number. */
static bool
put_number(char **to, struct sr_str user)
{
	char *begin = *to;
	int c;

	for (size_t i = 0; i < user.n; i++) {
		if ((c = escaped(sr_substr(user, i, 3))) >= 0)
			i += 2;
		else
			c = user.p[i];
		if ((c >= '0' && c <= '9') || c == '#' || c == '*')
			*(*to)++ = (char)c;
		else if (c == 0 || strchr("+-.() ", c) == NULL)
			return false;
	}
	return *to > begin && *to - begin <= MAX_NUMBER;
}

static bool
says_number(struct sr_str uri, struct sr_str user)
{
	struct sr_str how;

	return sr_stristarts(uri, SR_STR("tel:")) ||
	    sr_strstarts(user, SR_STR("+")) ||
	    (sr_param(sip_uri_params(uri), "user", &how) &&
	    sr_strieq(how, SR_STR("phone")));
}

/* ---- URIs: section 8.5 ---- */

static void
put(char **to, struct sr_str s)
{
	int c;

	for (size_t i = 0; i < s.n; i++) {
		if ((c = escaped(sr_substr(s, i, 3))) < 0) {
			*(*to)++ = lower(s.p[i]);
			continue;
		}
		if (unreserved(c)) {
			*(*to)++ = lower((char)c);
		} else {
			*(*to)++ = '%';
			*(*to)++ = upper(s.p[i + 1]);
			*(*to)++ = upper(s.p[i + 2]);
		}
		i += 2;
	}
}

/* What is no SIP URI has no user and no host: it stays whole. */
static void
put_uri(char **to, struct sr_str uri, struct sr_str user, struct sr_str host)
{
	if (host.n == 0) {
		put(to, uri);
		return;
	}
	put(to, sr_substr(uri, 0, sr_strchr(uri, ':') + 1));
	if (user.n > 0) {
		put(to, user);
		*(*to)++ = '@';
	}
	put(to, host);
}

int
claim_of(struct claim *c, struct sr_arena *a, struct sr_str uri)
{
	struct sr_str user, host, number;
	char *p;

	*c = (struct claim){ .number = false };
	if (sr_uri_split(uri, &user, &host) != SR_OK)
		user = host = (struct sr_str){ NULL, 0 };
	/* Neither form is longer than what it is made of. */
	if ((p = sr_arena_alloc(a, 2 * uri.n + 1)) == NULL)
		return SR_ENOMEM;
	c->uri.p = p;
	put_uri(&p, uri, user, host);
	c->uri.n = (size_t)(p - c->uri.p);
	number.p = p;
	if (put_number(&p, sr_substr(user, 0, sr_strchr(user, ';')))) {
		number.n = (size_t)(p - number.p);
		c->tn = number;
		c->number = says_number(uri, user);
	}
	return SR_OK;
}

/* ---- keys of media: RFC 8225 section 5.2.2 ---- */

struct keys {
	struct sr_str v[MAX_KEYS];	/* alg and dig, with a NUL between */
	size_t n;
	struct sr_arena *arena;
	int err;
};

static void
add_key(struct keys *k, struct sr_str attr)
{
	struct sr_str alg;
	char *p;

	if (!sr_stristarts(attr, SR_STR("fingerprint:")) || k->n == MAX_KEYS)
		return;
	attr = sr_trim(sr_substr(attr, 12, attr.n));
	if (!sr_strcut(&attr, ' ', &alg))
		return;
	if ((p = sr_arena_alloc(k->arena, alg.n + attr.n + 1)) == NULL) {
		k->err = SR_ENOMEM;
		return;
	}
	k->v[k->n].p = p;
	for (size_t i = 0; i < alg.n; i++)
		*p++ = lower(alg.p[i]);
	p++;
	for (size_t i = 0; i < attr.n; i++)
		if (nibble(attr.p[i]) >= 0)
			*p++ = upper(attr.p[i]);
	k->v[k->n].n = (size_t)(p - k->v[k->n].p);
	k->n++;
}

static int
by_text(const void *a, const void *b)
{
	return sr_strcmp(*(const struct sr_str *)a, *(const struct sr_str *)b);
}

static int
write_keys(struct keys *k, struct sr_buf *b)
{
	for (size_t i = 0; i < k->n; i++) {
		struct sr_str dig = k->v[i], alg;

		if (i > 0 && sr_streq(k->v[i], k->v[i - 1]))
			continue;
		sr_strcut(&dig, '\0', &alg);
		sr_buf_add(b, i == 0 ? SR_STR("[{\"alg\":") :
		    SR_STR(",{\"alg\":"));
		sr_buf_json(b, alg);
		sr_buf_add(b, SR_STR(",\"dig\":"));
		sr_buf_json(b, dig);
		sr_buf_addc(b, '}');
	}
	return sr_buf_addc(b, ']');
}

int
claim_keys(struct sr_str *json, struct sr_arena *a, struct sr_str text)
{
	struct keys k = { .arena = a };
	struct sr_sdp s;
	struct sr_buf b;

	*json = (struct sr_str){ NULL, 0 };
	sr_buf_init(&b, 1 << 16);
	if (sr_sdp_parse(&s, text) == SR_OK) {
		for (size_t i = 0; i < s.nattrs; i++)
			add_key(&k, s.attrs[i]);
		for (size_t i = 0; i < s.nmlines; i++)
			for (size_t j = 0; j < s.mlines[i].nattrs; j++)
				add_key(&k, s.mlines[i].attrs[j]);
	}
	sr_sdp_free(&s);
	if (k.err == SR_OK && k.n > 0) {
		qsort(k.v, k.n, sizeof(*k.v), by_text);
		if ((k.err = write_keys(&k, &b)) == SR_OK &&
		    (*json = sr_arena_dup(a, sr_buf_str(&b))).p == NULL)
			k.err = SR_ENOMEM;
	}
	sr_buf_free(&b);
	return k.err;
}
