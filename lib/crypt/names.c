/* names - who a certificate says its owner is, RFC 5922 section 7. */
#include "crypt/priv.h"

#include <openssl/x509v3.h>
#include <string.h>

/* The host of a sip: URI that stands for a domain: no user part. */
static bool
uri_domain(struct sr_str uri, struct sr_str *host)
{
	size_t end;

	if (!sr_stristarts(uri, SR_STR("sip:")))
		return false;
	uri = sr_substr(uri, 4, uri.n);
	if (sr_strchr(uri, '@') < uri.n)
		return false;
	for (end = 0; end < uri.n && strchr(";?/", uri.p[end]) == NULL; end++)
		continue;
	uri = sr_substr(uri, 0, end);
	if (uri.n > 0 && uri.p[0] == '[') {
		end = sr_strchr(uri, ']');
		*host = sr_substr(uri, 1, end - 1);
		return end < uri.n && end > 1;
	}
	*host = sr_substr(uri, 0, sr_strchr(uri, ':'));
	return host->n > 0;
}

/* A final dot is the root's, and says nothing. */
static struct sr_str
no_dot(struct sr_str s)
{
	return s.n > 1 && s.p[s.n - 1] == '.' ? sr_substr(s, 0, s.n - 1) : s;
}

static bool
same_host(struct sr_str name, struct sr_str domain, bool wildcards)
{
	struct sr_addr a, b;

	if (sr_addr_parse(&b, domain) == SR_OK)
		return sr_addr_parse(&a, name) == SR_OK && sr_addr_ipeq(&a, &b);
	name = no_dot(name);
	if (sr_strieq(name, domain))
		return true;
	/* One label, the leftmost, and never all there is of the domain. */
	if (!wildcards || !sr_strstarts(name, SR_STR("*.")))
		return false;
	name = sr_substr(name, 1, name.n);
	domain = sr_substr(domain, sr_strchr(domain, '.'), domain.n);
	return sr_strchr(sr_substr(name, 1, name.n), '.') < name.n - 1 &&
	    sr_strieq(name, domain);
}

/* The names that count: of one kind, but that an address counts beside it. */
static enum sr_name_kind
counting(const struct sr_name *names, size_t n)
{
	enum sr_name_kind best = SR_NAME_CN;
	struct sr_str host;

	for (size_t i = 0; i < n; i++) {
		if (names[i].kind == SR_NAME_URI &&
		    uri_domain(names[i].text, &host))
			return SR_NAME_URI;
		if (names[i].kind != SR_NAME_CN)
			best = SR_NAME_DNS;
	}
	return best;
}

bool
sr_names_match(const struct sr_name *names, size_t n, struct sr_str domain,
    bool wildcards)
{
	enum sr_name_kind kind = counting(names, n);
	struct sr_str name;

	if (domain.n > 1 && domain.p[0] == '[')
		domain = sr_substr(domain, 1, domain.n - 2);
	domain = no_dot(domain);
	if (domain.n == 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		name = names[i].text;
		if (names[i].kind != kind && (kind != SR_NAME_DNS ||
		    names[i].kind != SR_NAME_IP))
			continue;
		if (kind == SR_NAME_URI && !uri_domain(name, &name))
			continue;
		if (same_host(name, domain, wildcards))
			return true;
	}
	return false;
}

/* ---- out of a certificate ---- */

static void
add(struct sr_names *t, enum sr_name_kind kind, struct sr_str text)
{
	struct sr_name *n = &t->v[t->n];

	if (t->n == SR_MAX_NAMES || text.n == 0)
		return;
	n->kind = kind;
	n->text = sr_arena_dup(&t->arena, text);
	if (n->text.p != NULL)
		t->n++;
}

static struct sr_str
asn1(const ASN1_STRING *s)
{
	return (struct sr_str){ (const char *)ASN1_STRING_get0_data(s),
	    (size_t)ASN1_STRING_length(s) };
}

static void
add_ip(struct sr_names *t, struct sr_str bytes)
{
	struct sr_addr a = { .family = bytes.n == 4 ? 4 : 6 };
	struct sr_buf b;

	if (bytes.n != 4 && bytes.n != 16)
		return;
	memcpy(a.ip, bytes.p, bytes.n);
	sr_buf_init(&b, 64);
	if (sr_addr_print(&b, &a) == SR_OK)
		add(t, SR_NAME_IP, sr_buf_str(&b));
	sr_buf_free(&b);
}

static void
add_cn(struct sr_names *t, X509 *x)
{
	X509_NAME *subject = X509_get_subject_name(x);
	int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (i >= 0)
		add(t, SR_NAME_CN, asn1(X509_NAME_ENTRY_get_data(
		    X509_NAME_get_entry(subject, i))));
}

/* A subjectAltName that is there but cannot be read is no reason to look at
 * the common name. */
void
sr_names_read(struct sr_names *t, X509 *x)
{
	GENERAL_NAMES *san;
	int crit;

	t->n = 0;
	sr_arena_init(&t->arena, 64 * 1024);
	san = X509_get_ext_d2i(x, NID_subject_alt_name, &crit, NULL);
	if (san == NULL) {
		if (crit == -1)
			add_cn(t, x);
		return;
	}
	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(san, i);

		if (g->type == GEN_URI)
			add(t, SR_NAME_URI, asn1(g->d.ia5));
		else if (g->type == GEN_DNS)
			add(t, SR_NAME_DNS, asn1(g->d.ia5));
		else if (g->type == GEN_IPADD)
			add_ip(t, asn1(g->d.ip));
	}
	GENERAL_NAMES_free(san);
}

/* Only what can stand in a host name gets into logs. */
static bool
printable(struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~' || s.p[i] == ',')
			return false;
	return s.n > 0;
}

void
sr_names_identity(struct sr_buf *out, X509 *x)
{
	struct sr_names t;
	enum sr_name_kind kind;
	struct sr_str host;

	sr_names_read(&t, x);
	kind = counting(t.v, t.n);
	for (size_t i = 0; i < t.n; i++) {
		host = t.v[i].text;
		if (t.v[i].kind != kind && (kind != SR_NAME_DNS ||
		    t.v[i].kind != SR_NAME_IP))
			continue;
		if ((kind == SR_NAME_URI && !uri_domain(host, &host)) ||
		    !printable(host))
			continue;
		if (sr_buf_fmt(out, "%ssip:%.*s", out->n > 0 ? ", " : "",
		    SR_FMT(host)) != SR_OK)
			break;
	}
	sr_arena_free(&t.arena);
}

/* RFC 5922 section 7.1 and RFC 5924: without the extension all is allowed. */
bool
sr_names_usage(X509 *x, bool server)
{
	EXTENDED_KEY_USAGE *eku;
	ASN1_OBJECT *sip = OBJ_txt2obj("1.3.6.1.5.5.7.3.20", 1);
	bool good = false;
	int crit;

	eku = X509_get_ext_d2i(x, NID_ext_key_usage, &crit, NULL);
	if (eku == NULL)
		good = crit == -1;
	for (int i = 0; eku != NULL && i < sk_ASN1_OBJECT_num(eku); i++) {
		const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(eku, i);
		int nid = OBJ_obj2nid(o);

		good |= (sip != NULL && OBJ_cmp(o, sip) == 0) ||
		    nid == NID_anyExtendedKeyUsage ||
		    nid == (server ? NID_server_auth : NID_client_auth);
	}
	EXTENDED_KEY_USAGE_free(eku);
	ASN1_OBJECT_free(sip);
	return good;
}
