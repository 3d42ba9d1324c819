/* passport - the Identity header: RFC 8224 section 6.2, step by step. */
#include "sip/priv.h"

#include <jansson.h>
#include <stdlib.h>

#define FRESH (60 * SR_SEC)
enum { MAX_HEADERS = 8, MAX_TOKEN = 16384, ARENA = 1 << 18 };

/* One value of the header. */
struct token {
	struct sr_str head, claims;	/* base64url; absent: compact form */
	struct sr_str sig;
	struct sr_str info, alg, ppt;
};
/* The request, as far as it is signed. */
struct asked {
	struct sr_passport *p;
	struct claim from, to;
	struct sr_str keys, domain;	/* domain: of From */
	bool dated;
	sr_time date, now;
	const struct sr_crypto *c;
	const struct sr_signers *signers;
};
struct judged {
	enum sr_passport_verdict v;
	const char *why;
};

/* ---- the header ---- */

/* A URI in angle brackets may hold what would cut a list elsewhere. */
static bool
next_param(struct sr_str *rest, struct sr_str *name, struct sr_str *value)
{
	size_t at = sip_find_bare(*rest, ';', true);
	struct sr_str one = sr_trim(sr_substr(*rest, 0, at));
	size_t eq = sr_strchr(one, '='), n;

	if (rest->n == 0)
		return false;
	*rest = sr_substr(*rest, at + 1, rest->n);
	*name = sr_trim(sr_substr(one, 0, eq));
	*value = sr_trim(sr_substr(one, eq + 1, one.n));
	n = value->n;
	if (n >= 2 && ((value->p[0] == '<' && value->p[n - 1] == '>') ||
	    (value->p[0] == '"' && value->p[n - 1] == '"')))
		*value = sr_substr(*value, 1, n - 2);
	return true;
}

/* The dots are always two; false: it is no token. */
static bool
read_token(struct token *t, struct sr_str value)
{
	struct sr_str name, v, digest;

	*t = (struct token){ .alg = SR_STR("ES256") };
	if (value.n > MAX_TOKEN || !next_param(&value, &digest, &v))
		return false;
	/* A signature without padding has no "=" that would cut it. */
	while (next_param(&value, &name, &v)) {
		if (sr_strieq(name, SR_STR("info")))
			t->info = v;
		else if (sr_strieq(name, SR_STR("alg")))
			t->alg = v;
		else if (sr_strieq(name, SR_STR("ppt")))
			t->ppt = v;
	}
	return sr_strcut(&digest, '.', &t->head) &&
	    sr_strcut(&digest, '.', &t->claims) &&
	    (t->sig = digest).n > 0 && (t->head.n > 0) == (t->claims.n > 0) &&
	    t->info.n > 0;
}

/* ---- the full form ---- */

static json_t *
decode(struct sr_str text)
{
	struct sr_buf b;
	json_t *j = NULL;

	sr_buf_init(&b, MAX_TOKEN);
	if (sr_base64url_read(&b, text) == SR_OK)
		j = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, NULL);
	sr_buf_free(&b);
	return j;
}

static struct sr_str
text_of(const json_t *j)
{
	return (struct sr_str){ json_string_value(j), json_string_length(j) };
}

static struct sr_str
member(const json_t *j, const char *name)
{
	return text_of(json_object_get(j, name));
}

static bool
is_claim(const struct claim *c, struct sr_str tn, struct sr_str uri)
{
	return (tn.n > 0 && sr_streq(tn, c->tn)) ||
	    (uri.n > 0 && sr_streq(uri, c->uri));
}

/* Exactly one identity has "orig". */
static bool
orig_fits(const json_t *j, const struct claim *c)
{
	return json_object_size(j) == 1 &&
	    is_claim(c, member(j, "tn"), member(j, "uri"));
}

/* Any of those in "dest" may be the one that was called. */
static bool
dest_fits(const json_t *j, const struct claim *c)
{
	const struct sr_str none = { NULL, 0 };
	const json_t *tn = json_object_get(j, "tn");
	const json_t *uri = json_object_get(j, "uri");

	for (size_t i = 0; i < json_array_size(tn); i++)
		if (is_claim(c, text_of(json_array_get(tn, i)), none))
			return true;
	for (size_t i = 0; i < json_array_size(uri); i++)
		if (is_claim(c, none, text_of(json_array_get(uri, i))))
			return true;
	return false;
}

static bool
keys_fit(const json_t *j, struct sr_str keys)
{
	char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
	bool fit = j == NULL ? keys.n == 0 :
	    sr_strieq(sr_cstr(text), keys);

	free(text);
	return fit;
}

/* A NumericDate; text, as an example of RFC 8224 has it, does too. */
static bool
read_time(const json_t *j, sr_time *t)
{
	double s = json_number_value(j);
	uint64_t n;

	if (json_is_string(j) && sr_strnum(text_of(j), &n) == SR_OK)
		s = (double)n;
	*t = (sr_time)(s > 0 && s < 9e9 ? s : 0) * SR_SEC;
	return *t > 0;
}

/* What is wrong with a full token beside its signature; NULL: nothing. */
static const char *
compare(const struct asked *q, const struct token *t, const json_t *head,
    const json_t *claims, sr_time *at)
{
	if (head == NULL || claims == NULL)
		return "the PASSporT cannot be read";
	if (!sr_streq(member(head, "typ"), SR_STR("passport")) ||
	    !sr_streq(member(head, "alg"), t->alg) ||
	    !sr_streq(member(head, "x5u"), t->info))
		return "the PASSporT is for another header";
	if (!read_time(json_object_get(claims, "iat"), at))
		return "the PASSporT has no time";
	if (!orig_fits(json_object_get(claims, "orig"), &q->from))
		return "From is not whom the PASSporT names";
	if (!dest_fits(json_object_get(claims, "dest"), &q->to))
		return "To is not whom the PASSporT names";
	if (!keys_fit(json_object_get(claims, "mky"), q->keys))
		return "the fingerprints are not those of the PASSporT";
	return NULL;
}

/* ---- the compact form ---- */

static void
add_claim(struct sr_buf *b, const struct claim *c, bool many)
{
	sr_buf_fmt(b, "{\"%s\":%s", c->number ? "tn" : "uri", many ? "[" : "");
	sr_buf_json(b, c->number ? c->tn : c->uri);
	sr_buf_fmt(b, "%s}", many ? "]" : "");
}

/* What was signed, made again: RFC 8225 section 7, and 9 for the order. */
static int
rebuild(const struct asked *q, const struct token *t, struct sr_buf *out)
{
	struct sr_buf b;
	int err;

	sr_buf_init(&b, MAX_TOKEN);
	sr_buf_add(&b, SR_STR("{\"alg\":"));
	sr_buf_json(&b, t->alg);
	sr_buf_add(&b, SR_STR(",\"typ\":\"passport\",\"x5u\":"));
	sr_buf_json(&b, t->info);
	sr_buf_addc(&b, '}');
	sr_base64url_add(out, b.p, b.n);
	sr_buf_addc(out, '.');
	b.n = 0;
	sr_buf_add(&b, SR_STR("{\"dest\":"));
	add_claim(&b, &q->to, true);
	sr_buf_fmt(&b, ",\"iat\":%lld", (long long)(q->date / SR_SEC));
	if (q->keys.n > 0)
		sr_buf_fmt(&b, ",\"mky\":%.*s", SR_FMT(q->keys));
	sr_buf_add(&b, SR_STR(",\"orig\":"));
	add_claim(&b, &q->from, false);
	if ((err = sr_buf_addc(&b, '}')) == SR_OK)
		err = sr_base64url_add(out, b.p, b.n);
	sr_buf_free(&b);
	return err;
}

/* ---- the verdict ---- */

static struct judged
weigh(const struct asked *q, sr_time at, const char *off, int err)
{
	if (err == SR_ENOENT)
		return (struct judged){ SR_PASSPORT_UNKNOWN,
		    "no certificate is configured for it" };
	if (err == SR_EUNSUP)
		return (struct judged){ SR_PASSPORT_UNTRUSTED,
		    "its certificate or algorithm is not accepted" };
	if (off == NULL && (at < q->now - FRESH || at > q->now + FRESH))
		return (struct judged){ SR_PASSPORT_STALE,
		    "it is not of this minute" };
	if (off != NULL || err != SR_OK)
		return (struct judged){ SR_PASSPORT_INVALID, off != NULL ? off :
		    err == SR_EAUTH ? "the signature is wrong" :
		    "it cannot be checked" };
	return (struct judged){ SR_PASSPORT_GOOD, "" };
}

static struct judged
judge_full(const struct asked *q, const struct token *t,
    struct sr_signature *sig)
{
	json_t *head = decode(t->head), *claims = decode(t->claims);
	struct judged j;
	sr_time at = 0;
	const char *off = compare(q, t, head, claims, &at);

	sig->text = (struct sr_str){ t->head.p, t->head.n + 1 + t->claims.n };
	/* A number has no domain that a certificate could be for. */
	if (off == NULL && json_object_get(json_object_get(claims, "orig"),
	    "uri") != NULL)
		sig->domain = q->domain;
	if (json_object_get(head, "ppt") != NULL)
		j = (struct judged){ SR_PASSPORT_NONE,
		    "its type is not known here" };
	else
		j = weigh(q, at, off, q->c->verify(q->signers, sig, q->now));
	json_decref(head);
	json_decref(claims);
	return j;
}

static struct judged
judge_compact(const struct asked *q, const struct token *t,
    struct sr_signature *sig)
{
	const char *off = q->dated ? NULL : "there is no Date to be read";
	struct sr_buf b;
	int err;

	sr_buf_init(&b, 2 * MAX_TOKEN);
	if (!q->from.number)
		sig->domain = q->domain;
	if ((err = rebuild(q, t, &b)) == SR_OK) {
		sig->text = sr_buf_str(&b);
		err = q->c->verify(q->signers, sig, q->now);
	}
	sr_buf_free(&b);
	return weigh(q, q->date, off, err);
}

static struct judged
judge(const struct asked *q, struct sr_str value)
{
	struct sr_signature sig = { .domain = { NULL, 0 } };
	struct sr_buf b;
	struct token t;
	struct judged j = { SR_PASSPORT_INVALID, "Identity cannot be read" };

	sr_buf_init(&b, MAX_TOKEN);
	if (!read_token(&t, value))
		return j;
	if (t.ppt.n > 0)
		return (struct judged){ SR_PASSPORT_NONE,
		    "its type is not known here" };
	if (sr_base64url_read(&b, t.sig) == SR_OK) {
		sig.alg = t.alg;
		sig.uri = t.info;
		sig.bytes = sr_buf_str(&b);
		j = t.head.n > 0 ? judge_full(q, &t, &sig) :
		    judge_compact(q, &t, &sig);
	}
	sr_buf_free(&b);
	return j;
}

static int
ask(struct asked *q, const struct sr_msg *m, const struct sr_body *b)
{
	const struct sr_part *sdp = sr_body_find(b, SR_PART_SDP);
	struct sr_arena *a = &q->p->arena;
	struct sr_str user;
	int err;

	q->dated = sr_date_parse(sr_msg_header(m, "Date", 0), &q->date) ==
	    SR_OK;
	if (sr_uri_split(m->from.uri, &user, &q->domain) != SR_OK)
		q->domain = (struct sr_str){ NULL, 0 };
	if ((err = claim_of(&q->from, a, m->from.uri)) == SR_OK &&
	    (err = claim_of(&q->to, a, m->to.uri)) == SR_OK && sdp != NULL)
		err = claim_keys(&q->keys, a, sdp->data);
	q->p->orig = q->from.number ? q->from.tn : q->from.uri;
	q->p->dest = q->to.number ? q->to.tn : q->to.uri;
	return err;
}

void
sr_passport_check(struct sr_passport *p, const struct sr_msg *m,
    const struct sr_body *b, const struct sr_crypto *c,
    const struct sr_signers *from, sr_time now)
{
	struct asked q = { .p = p, .c = c, .signers = from, .now = now };
	struct sr_str values, value;
	struct judged j;
	size_t n = 0;

	*p = (struct sr_passport){ .verdict = SR_PASSPORT_NONE,
	    .why = "there is no Identity header" };
	sr_arena_init(&p->arena, ARENA);
	if (ask(&q, m, b) != SR_OK)
		p->why = "From, To or the fingerprints are too long";
	else for (size_t i = 0; (values = sr_msg_header(m, "Identity", i)).n >
	    0; i++)
		while (n < MAX_HEADERS && sip_next_value(&values, &value)) {
			j = judge(&q, value);
			if (n++ == 0 || j.v < p->verdict) {
				p->verdict = j.v;
				p->why = j.why;
			}
		}
}

const char *
sr_passport_word(enum sr_passport_verdict v)
{
	static const char *const words[] = { "verified", "stale", "invalid",
	    "untrusted", "unknown", "none" };

	return words[v];
}

void
sr_passport_free(struct sr_passport *p)
{
	sr_arena_free(&p->arena);
}
