/* auth - digest access, RFC 7616, RFC 8760: what a header says, the sums, and
 * the side of the client. */
#include "sip/priv.h"

#include <string.h>

/* ---- algorithms ---- */

static const struct {
	struct sr_str name;
	enum sr_digest alg;
	uint8_t size;
} algs[] = {
	{ SR_STR("SHA-512-256"), SR_SHA512_256, 32 },
	{ SR_STR("SHA-256"), SR_SHA256, 32 },
	{ SR_STR("MD5"), SR_MD5, 16 }
};
enum { ALGS = sizeof(algs) / sizeof(algs[0]) };

const char *
sr_auth_alg_name(enum sr_digest alg)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].alg == alg)
			return algs[i].name.p;
	return "";
}

size_t
auth_size(enum sr_digest alg)
{
	for (size_t i = 0; i < ALGS; i++)
		if (algs[i].alg == alg)
			return algs[i].size;
	return 0;
}

bool
auth_alg(enum sr_digest *alg, struct sr_str name)
{
	for (size_t i = 0; i < ALGS; i++) {
		if (!sr_strieq(name, algs[i].name))
			continue;
		*alg = algs[i].alg;
		return true;
	}
	return false;
}

/* ---- what a header says ---- */

static struct sr_str
without_quotes(struct sr_str s)
{
	if (s.n > 1 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return sr_substr(s, 1, s.n - 2);
	return s;
}

/* RFC 7616 section 3.3: no parameter stands twice. */
static int
take_param(struct sr_auth *a, struct sr_str name, struct sr_str value,
    struct sr_str *stale, struct sr_str *userhash)
{
	const struct {
		struct sr_str name, *at;
	} params[] = {
		{ SR_STR("username"), &a->user },
		{ SR_STR("realm"), &a->realm },
		{ SR_STR("nonce"), &a->nonce },
		{ SR_STR("opaque"), &a->opaque },
		{ SR_STR("uri"), &a->uri },
		{ SR_STR("response"), &a->response },
		{ SR_STR("cnonce"), &a->cnonce },
		{ SR_STR("nc"), &a->nc }, { SR_STR("qop"), &a->qop },
		{ SR_STR("algorithm"), &a->algorithm },
		{ SR_STR("stale"), stale }, { SR_STR("userhash"), userhash }
	};

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		if (!sr_strieq(name, params[i].name))
			continue;
		if (params[i].at->p != NULL)
			return SR_EBAD;
		*params[i].at = without_quotes(value);
	}
	return SR_OK;
}

static void
read_algorithm(struct sr_auth *a)
{
	struct sr_str name = a->algorithm, sess = SR_STR("-sess");

	if (name.p == NULL)
		name = SR_STR("MD5");
	if (name.n > sess.n && sr_strieq(sess, sr_substr(name,
	    name.n - sess.n, sess.n))) {
		a->session = true;
		name.n -= sess.n;
	}
	a->known = auth_alg(&a->alg, name);
}

int
sr_auth_parse(struct sr_auth *a, struct sr_str value)
{
	struct sr_str stale = { NULL, 0 }, userhash = { NULL, 0 };
	struct sr_str rest = value, scheme, one, name;
	int err = SR_OK;

	memset(a, 0, sizeof(*a));
	sdp_word(&rest, &scheme);
	if (!sr_strieq(scheme, SR_STR("Digest")))
		return SR_EUNSUP;
	while (err == SR_OK && sip_next_value(&rest, &one)) {
		size_t eq = sr_strchr(one, '=');

		if (eq == one.n)
			continue;
		name = sr_trim(sr_substr(one, 0, eq));
		one = sr_trim(sr_substr(one, eq + 1, one.n));
		err = take_param(a, name, one, &stale, &userhash);
	}
	if (err != SR_OK || a->realm.p == NULL || a->nonce.p == NULL)
		return SR_EBAD;
	a->stale = sr_strieq(stale, SR_STR("true"));
	a->userhash = sr_strieq(userhash, SR_STR("true"));
	read_algorithm(a);
	return SR_OK;
}

/* ---- the sums, section 3.4 ---- */

int
auth_hash(const struct sr_crypto *c, enum sr_digest alg,
    const struct sr_str *parts, size_t n, uint8_t *out)
{
	void *state = c->begin(alg);

	if (state == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			c->update(state, SR_STR(":"));
		if (parts[i].n > 0)
			c->update(state, parts[i]);
	}
	c->end(state, out);
	return SR_OK;
}

/* Section 3.2: lower case. */
static struct sr_str
hex(char *out, const uint8_t *v, size_t n)
{
	sip_hex(out, v, n);
	return (struct sr_str){ out, 2 * n };
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
auth_unhex(uint8_t *out, size_t n, struct sr_str s)
{
	int hi, lo;

	if (s.n != 2 * n)
		return SR_EBAD;
	for (size_t i = 0; i < n; i++) {
		hi = nibble(s.p[2 * i]);
		lo = nibble(s.p[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return SR_EBAD;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return SR_OK;
}

int
auth_response(const struct sr_crypto *c, const struct sr_auth *a,
    struct sr_str method, const uint8_t *ha1, uint8_t *out)
{
	const size_t size = auth_size(a->alg);
	char h1[2 * AUTH_DIGEST], h2[2 * AUTH_DIGEST];
	uint8_t sum[AUTH_DIGEST];
	struct sr_str a1 = hex(h1, ha1, size), a2;
	int err;

	if (a->session) {
		/* Section 3.4.2, with the hash in hex, as all do it. */
		if ((err = auth_hash(c, a->alg, (struct sr_str[]){ a1,
		    a->nonce, a->cnonce }, 3, sum)) != SR_OK)
			return err;
		a1 = hex(h1, sum, size);
	}
	if ((err = auth_hash(c, a->alg, (struct sr_str[]){ method, a->uri },
	    2, sum)) != SR_OK)
		return err;
	a2 = hex(h2, sum, size);
	if (a->qop.n == 0)
		return auth_hash(c, a->alg, (struct sr_str[]){ a1, a->nonce,
		    a2 }, 3, out);
	return auth_hash(c, a->alg, (struct sr_str[]){ a1, a->nonce, a->nc,
	    a->cnonce, a->qop, a2 }, 6, out);
}

/* ---- the client ---- */

static bool
lists_auth(struct sr_str qop)
{
	struct sr_str one;

	while (sip_next_value(&qop, &one))
		if (sr_strieq(one, SR_STR("auth")))
			return true;
	return false;
}

/* RFC 2617 section 3.2.2.1: a challenge without qop is of the old kind. */
static bool
can_answer(const struct sr_auth *a)
{
	return a->known && (lists_auth(a->qop) ||
	    (a->qop.p == NULL && !a->session));
}

int
sr_auth_choose(struct sr_auth *a, const struct sr_msg *m)
{
	struct sr_str name = m->status == 407 ? SR_STR("Proxy-Authenticate") :
	    SR_STR("WWW-Authenticate");

	for (size_t i = 0; i < m->nheaders; i++)
		if (sr_strieq(m->headers[i].name, name) &&
		    sr_auth_parse(a, m->headers[i].value) == SR_OK &&
		    can_answer(a))
			return SR_OK;
	return SR_ENOENT;
}

/* ', name="value"' of a text that has its escapes already. */
static int
add_raw(struct sr_buf *out, const char *name, struct sr_str value)
{
	int err;

	if (value.p == NULL)
		return SR_OK;
	if (!sr_header_safe(value))
		return SR_EBAD;
	if ((err = sr_buf_fmt(out, ", %s=\"", name)) == SR_OK &&
	    (err = sr_buf_add(out, value)) == SR_OK)
		err = sr_buf_addc(out, '"');
	return err;
}

static int
add_user(struct sr_buf *out, const struct sr_crypto *c,
    const struct sr_auth *a, const struct sr_auth_try *t)
{
	uint8_t sum[AUTH_DIGEST];
	char text[2 * AUTH_DIGEST];
	int err = sr_buf_add(out, SR_STR("Digest username="));

	if (err == SR_OK && !a->userhash)
		return sr_quote_add(out, t->user);
	/* Section 3.4.4. */
	if (err == SR_OK && (err = auth_hash(c, a->alg, (struct sr_str[]){
	    t->user, a->realm }, 2, sum)) == SR_OK)
		err = sr_quote_add(out, hex(text, sum, auth_size(a->alg)));
	return err == SR_OK ? sr_buf_add(out, SR_STR(", userhash=true")) :
	    err;
}

/* a is what we say: qop one value, nc and cnonce ours. */
static int
add_answer(struct sr_buf *out, const struct sr_crypto *c,
    const struct sr_auth *a, const struct sr_auth_try *t)
{
	uint8_t ha1[AUTH_DIGEST], sum[AUTH_DIGEST];
	char text[2 * AUTH_DIGEST];
	int err;

	err = auth_hash(c, a->alg, (struct sr_str[]){ t->user, a->realm,
	    t->password }, 3, ha1);
	if (err == SR_OK)
		err = auth_response(c, a, t->method, ha1, sum);
	sr_wipe(ha1, sizeof(ha1));
	if (err != SR_OK || (err = add_user(out, c, a, t)) != SR_OK ||
	    (err = add_raw(out, "realm", a->realm)) != SR_OK ||
	    (err = add_raw(out, "nonce", a->nonce)) != SR_OK ||
	    (err = add_raw(out, "uri", a->uri)) != SR_OK ||
	    (err = add_raw(out, "response", hex(text, sum,
	    auth_size(a->alg)))) != SR_OK ||
	    (err = add_raw(out, "opaque", a->opaque)) != SR_OK)
		return err;
	if (a->algorithm.p != NULL)
		err = sr_buf_fmt(out, ", algorithm=%s%s",
		    sr_auth_alg_name(a->alg), a->session ? "-sess" : "");
	if (err == SR_OK && a->qop.n > 0 &&
	    (err = add_raw(out, "cnonce", a->cnonce)) == SR_OK)
		err = sr_buf_fmt(out, ", qop=auth, nc=%.*s", SR_FMT(a->nc));
	return err;
}

int
sr_auth_answer(struct sr_buf *out, const struct sr_crypto *c,
    const struct sr_auth *challenge, const struct sr_auth_try *t)
{
	struct sr_auth a = *challenge;
	size_t before = out->n;
	uint8_t nc[4] = { (uint8_t)(t->nc >> 24), (uint8_t)(t->nc >> 16),
	    (uint8_t)(t->nc >> 8), (uint8_t)t->nc };
	char text[8];
	int err;

	if (!can_answer(challenge))
		return SR_EUNSUP;
	if (sr_strchr(t->uri, '"') < t->uri.n ||
	    sr_strchr(t->cnonce, '"') < t->cnonce.n)
		return SR_EBAD;
	a.uri = t->uri;
	a.cnonce = t->cnonce;
	a.nc = hex(text, nc, sizeof(nc));
	if (a.qop.p != NULL)
		a.qop = SR_STR("auth");
	if ((err = add_answer(out, c, &a, t)) != SR_OK)
		out->n = before;
	return err;
}
