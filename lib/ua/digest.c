/* digest - answering a challenge: RFC 7616, RFC 8760. */
#include "priv.h"

#include <string.h>

struct alg {
	struct sr_str name;
	enum sr_digest alg;
	size_t n;
	bool sess;
};

static const struct alg algs[] = {
	{ SR_STR("SHA-512-256"), SR_SHA512_256, 32, false },
	{ SR_STR("SHA-256"), SR_SHA256, 32, false },
	{ SR_STR("MD5"), SR_MD5, 16, false },
	{ SR_STR("SHA-512-256-sess"), SR_SHA512_256, 32, true },
	{ SR_STR("SHA-256-sess"), SR_SHA256, 32, true },
	{ SR_STR("MD5-sess"), SR_MD5, 16, true }
};

static const struct alg *
alg_of(struct sr_str name)
{
	if (name.n == 0)
		name = SR_STR("MD5");
	for (size_t i = 0; i < sizeof(algs) / sizeof(*algs); i++)
		if (sr_strieq(algs[i].name, name))
			return &algs[i];
	return NULL;
}

/* The challenges of this header; commas part parameters as well, so the
 * scheme is looked for by its name.  Parameters as ";a=b;c=d" for sr_param. */
static bool
challenge_params(struct sr_str value, struct sr_buf *out)
{
	struct sr_str one;

	value = sr_trim(value);
	if (!sr_stristarts(value, SR_STR("Digest ")) &&
	    !sr_stristarts(value, SR_STR("Digest\t")))
		return false;
	value = sr_substr(value, 7, value.n);
	out->n = 0;
	while (value_next(&value, &one)) {
		sr_buf_addc(out, ';');
		sr_buf_add(out, one);
	}
	return true;
}

static bool
may_use(const struct sr_dialog *d, const struct alg *a)
{
	if (a == NULL || (a->alg == SR_MD5 && !d->ua->cfg.allow_md5))
		return false;
	return d->ha1.n == 0 || a->alg == d->ha1_alg;
}

/* RFC 7616 3.7: the topmost that we can answer. */
static bool
take(struct sr_dialog *d, struct sr_str params, struct challenge *c,
    int *refused)
{
	struct sr_str alg, nonce, qop, stale, realm, opaque;
	const struct alg *a;

	/* What comes back to the server in our header is one line. */
	if (sr_strchr(params, '\r') < params.n ||
	    sr_strchr(params, '\n') < params.n)
		return false;
	sr_param(params, "algorithm", &alg);
	a = alg_of(alg);
	if (!may_use(d, a) || !sr_param(params, "nonce", &nonce) ||
	    !sr_param(params, "realm", &realm))
		return false;
	if (sr_param(params, "qop", &qop) && !value_lists(qop, SR_STR("auth")))
		return false;
	sr_param(params, "stale", &stale);
	/* Refused credentials are not tried again, AU-05. */
	if (*refused > 0 && (!sr_strieq(stale, SR_STR("true")) ||
	    *refused > 2))
		return false;
	sr_param(params, "opaque", &opaque);
	c->known = text_set(&c->realm, realm) == SR_OK &&
	    text_set(&c->nonce, nonce) == SR_OK &&
	    text_set(&c->opaque, opaque) == SR_OK &&
	    text_set(&c->algorithm, alg) == SR_OK;
	c->alg = a->alg;
	c->sess = a->sess;
	c->qop = qop.n > 0;
	c->nc = 0;
	++*refused;
	return c->known;
}

bool
digest_learn(struct sr_dialog *d, const struct sr_msg *m, int which,
    int *refused)
{
	const char *name = which == 0 ? "WWW-Authenticate" :
	    "Proxy-Authenticate";
	struct sr_str value;

	if (d->auth_user.n == 0)
		return false;
	for (size_t i = 0; (value = sr_msg_header(m, name, i)).p != NULL; i++)
		if (challenge_params(value, &d->ua->scratch) &&
		    take(d, sr_buf_str(&d->ua->scratch),
		    &d->challenge[which], refused))
			return true;
	return false;
}

/* H of parts joined by ':', as hex digits. */
static void
hash_of(const struct sr_ua *ua, const struct challenge *c,
    const struct sr_str *parts, size_t n, char hex[65])
{
	static const char digit[] = "0123456789abcdef";
	struct sr_buf b;
	uint8_t out[64];
	size_t len = c->alg == SR_MD5 ? 16 : 32;

	sr_buf_init(&b, 1 << 18);
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sr_buf_addc(&b, ':');
		sr_buf_add(&b, parts[i]);
	}
	ua->cfg.crypto->hash(c->alg, sr_buf_str(&b), out);
	sr_buf_free(&b);
	for (size_t i = 0; i < len; i++) {
		hex[2 * i] = digit[out[i] >> 4];
		hex[2 * i + 1] = digit[out[i] & 15];
	}
	hex[2 * len] = '\0';
}

static void
respond(const struct sr_dialog *d, const struct challenge *c,
    struct sr_str method, struct sr_str uri, const char *nc,
    const char *cnonce, char response[65])
{
	char a1[65], a2[65];
	struct sr_str user[] = { d->auth_user, c->realm, d->password };
	struct sr_str what[] = { method, uri };
	struct sr_str sess[3], all[6];

	if (d->ha1.n > 0 && d->ha1.n < sizeof(a1)) {
		memcpy(a1, d->ha1.p, d->ha1.n);
		a1[d->ha1.n] = '\0';
	} else {
		hash_of(d->ua, c, user, 3, a1);
	}
	if (c->sess) {
		sess[0] = sr_cstr(a1);
		sess[1] = c->nonce;
		sess[2] = sr_cstr(cnonce);
		hash_of(d->ua, c, sess, 3, response);
		memcpy(a1, response, sizeof(a1));
	}
	hash_of(d->ua, c, what, 2, a2);
	all[0] = sr_cstr(a1);
	all[1] = c->nonce;
	all[2] = sr_cstr(nc);
	all[3] = sr_cstr(cnonce);
	all[4] = SR_STR("auth");
	all[5] = sr_cstr(a2);
	if (!c->qop)		/* RFC 2069 */
		all[2] = all[5];
	hash_of(d->ua, c, all, c->qop ? 6 : 3, response);
}

static void
quoted(struct sr_buf *b, const char *name, struct sr_str s)
{
	sr_buf_fmt(b, "%s=\"%.*s\"", name, SR_FMT(s));
}

/* All that a challenge wants, behind "Digest ". */
static void
authorize(struct sr_buf *b, struct sr_dialog *d, struct challenge *c,
    struct sr_str method, struct sr_str uri)
{
	char nc[9], cnonce[33], response[65] = "";
	struct sr_buf hex;

	sr_buf_init(&hex, sizeof(nc));
	sr_buf_fmt(&hex, "%08x", ++c->nc);
	memcpy(nc, hex.p != NULL ? hex.p : "00000001", 8);
	nc[8] = '\0';
	sr_buf_free(&hex);
	ua_token(d->ua, cnonce, 16);
	respond(d, c, method, uri, nc, cnonce, response);
	quoted(b, "username", d->auth_user);
	quoted(b, ", realm", c->realm);
	quoted(b, ", nonce", c->nonce);
	quoted(b, ", uri", uri);
	quoted(b, ", response", sr_cstr(response));
	if (c->algorithm.n > 0)
		sr_buf_fmt(b, ", algorithm=%.*s", SR_FMT(c->algorithm));
	if (c->opaque.p != NULL)
		quoted(b, ", opaque", c->opaque);
	if (c->qop)
		sr_buf_fmt(b, ", qop=auth, nc=%s, cnonce=\"%s\"", nc, cnonce);
}

void
digest_write(struct sr_buf *b, struct sr_dialog *d, struct sr_str method,
    struct sr_str uri)
{
	for (int i = 0; i < 2; i++) {
		if (!d->challenge[i].known)
			continue;
		sr_buf_add(b, i == 0 ? SR_STR("Authorization: Digest ") :
		    SR_STR("Proxy-Authorization: Digest "));
		authorize(b, d, &d->challenge[i], method, uri);
		sr_buf_add(b, SR_STR("\r\n"));
	}
}
