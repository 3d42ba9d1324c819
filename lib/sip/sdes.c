/* sdes - keys in SDP: the grammar of RFC 4568 section 9.2 and the rules of
 * 6.1 and 6.3, RFC 6188 and RFC 7714. */
#include "sip/priv.h"

#include <string.h>

enum { MAX_KEY_TEXT = 64 };	/* base64 of 46 bytes, the longest there is */

/* ---- suites ---- */

static const struct {
	struct sr_str name, other;	/* other: said before RFC 6188 was */
	uint8_t key, salt;
} suites[] = {
	[SR_AES128_80] = { SR_STR("AES_CM_128_HMAC_SHA1_80"),
	    SR_STR("AES_128_CM_HMAC_SHA1_80"), 16, 14 },
	[SR_AES128_32] = { SR_STR("AES_CM_128_HMAC_SHA1_32"),
	    SR_STR("AES_128_CM_HMAC_SHA1_32"), 16, 14 },
	[SR_AES192_80] = { SR_STR("AES_192_CM_HMAC_SHA1_80"),
	    SR_STR("AES_CM_192_HMAC_SHA1_80"), 24, 14 },
	[SR_AES192_32] = { SR_STR("AES_192_CM_HMAC_SHA1_32"),
	    SR_STR("AES_CM_192_HMAC_SHA1_32"), 24, 14 },
	[SR_AES256_80] = { SR_STR("AES_256_CM_HMAC_SHA1_80"),
	    SR_STR("AES_CM_256_HMAC_SHA1_80"), 32, 14 },
	[SR_AES256_32] = { SR_STR("AES_256_CM_HMAC_SHA1_32"),
	    SR_STR("AES_CM_256_HMAC_SHA1_32"), 32, 14 },
	[SR_GCM128] = { SR_STR("AEAD_AES_128_GCM"), { NULL, 0 }, 16, 12 },
	[SR_GCM256] = { SR_STR("AEAD_AES_256_GCM"), { NULL, 0 }, 32, 12 }
};
enum { SUITES = sizeof(suites) / sizeof(suites[0]) };

static bool
is_suite(enum sr_suite suite)
{
	return suite > SR_SUITE_NONE && (size_t)suite < SUITES;
}

size_t
sr_suite_key(enum sr_suite suite)
{
	return is_suite(suite) ? suites[suite].key : 0;
}

size_t
sr_suite_salt(enum sr_suite suite)
{
	return is_suite(suite) ? suites[suite].salt : 0;
}

const char *
sr_suite_name(enum sr_suite suite)
{
	return is_suite(suite) ? suites[suite].name.p : "";
}

enum sr_suite
sr_suite_by_name(struct sr_str name)
{
	for (size_t i = SR_SUITE_NONE + 1; i < SUITES; i++)
		if (sr_strieq(name, suites[i].name) ||
		    (name.n > 0 && sr_strieq(name, suites[i].other)))
			return (enum sr_suite)i;
	return SR_SUITE_NONE;
}

/* ---- one key: key||salt ["|" lifetime] ["|" mki ":" length] ---- */

/* Peers leave the padding out; RFC 4568 section 6.1 discards it anyway. */
static int
read_key(struct sr_sdes_key *k, struct sr_str text)
{
	size_t key = sr_suite_key(k->suite), salt = sr_suite_salt(k->suite);
	char padded[MAX_KEY_TEXT + 4];
	struct sr_buf raw;
	int err;

	for (int i = 0; i < 2 && text.n > 0 && text.p[text.n - 1] == '='; i++)
		text.n--;
	if (text.n == 0 || text.n > MAX_KEY_TEXT)
		return SR_EBAD;
	memcpy(padded, text.p, text.n);
	while (text.n % 4 != 0)
		padded[text.n++] = '=';
	sr_buf_init(&raw, sizeof(padded));
	err = sr_base64_read(&raw, (struct sr_str){ padded, text.n });
	if (err == SR_OK && raw.n != key + salt)
		err = SR_EBAD;
	if (err == SR_OK) {
		memcpy(k->key, raw.p, key);
		memcpy(k->salt, raw.p + key, salt);
	}
	if (raw.p != NULL)
		sr_wipe(raw.p, raw.cap);
	sr_wipe(padded, sizeof(padded));
	sr_buf_free(&raw);
	return err == SR_ENOMEM ? SR_ENOMEM : err == SR_OK ? SR_OK : SR_EBAD;
}

/* A positive decimal without leading zeroes. */
static int
read_number(struct sr_str s, uint64_t *v)
{
	if (s.n == 0 || s.p[0] == '0' || sr_strnum(s, v) != SR_OK)
		return SR_EBAD;
	return SR_OK;
}

/* The longest life of an SRTP key is 2^48 packets, in every suite. */
static int
read_lifetime(struct sr_sdes_key *k, struct sr_str s)
{
	uint64_t v;

	if (sr_strstarts(s, SR_STR("2^"))) {
		s = sr_substr(s, 2, s.n);
		if (s.n == 0 || s.n > 2 || (s.n == 2 && s.p[0] == '0') ||
		    sr_strnum(s, &v) != SR_OK || v > 48)
			return SR_EBAD;
		k->lifetime = (uint64_t)1 << v;
		return SR_OK;
	}
	if (read_number(s, &v) != SR_OK || v > (uint64_t)1 << 48)
		return SR_EBAD;
	k->lifetime = v;
	return SR_OK;
}

/* v = v * 10 + digit in big-endian bytes; false when it does not fit. */
static bool
push_digit(uint8_t *v, size_t n, unsigned digit)
{
	unsigned carry = digit;

	while (n-- > 0) {
		carry += v[n] * 10u;
		v[n] = (uint8_t)carry;
		carry >>= 8;
	}
	return carry == 0;
}

/* "1066:4": the value as it stands in the packets, in so many bytes. */
static int
read_mki(struct sr_sdes_key *k, struct sr_str s)
{
	struct sr_str value;
	uint64_t n;

	sr_strcut(&s, ':', &value);
	if (read_number(s, &n) != SR_OK || n > SR_MAX_MKI || value.n == 0 ||
	    value.p[0] == '0')
		return SR_EBAD;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9' ||
		    !push_digit(k->mki, (size_t)n,
		    (unsigned)(value.p[i] - '0')))
			return SR_EBAD;
	k->nmki = (size_t)n;
	return SR_OK;
}

static int
read_param(struct sr_sdes_key *k, struct sr_str text)
{
	struct sr_str field;
	int err;

	if (!sr_stristarts(text, SR_STR("inline:")))
		return SR_EBAD;
	text = sr_substr(text, 7, text.n);
	if (!sr_strcut(&text, '|', &field))
		return SR_EBAD;
	if ((err = read_key(k, field)) != SR_OK)
		return err;
	while (sr_strcut(&text, '|', &field)) {
		if (k->nmki > 0)
			return SR_EBAD;
		if (sr_strchr(field, ':') < field.n)
			err = read_mki(k, field);
		else
			err = k->lifetime > 0 ? SR_EBAD :
			    read_lifetime(k, field);
		if (err != SR_OK)
			return err;
	}
	return SR_OK;
}

/* ---- the line ---- */

/* Section 6.1: of several keys each has an MKI, all equally long. */
static bool
told_apart(const struct sr_sdes_keys *k)
{
	for (size_t i = 0; i < k->n && k->n > 1; i++) {
		if (k->v[i].nmki == 0 || k->v[i].nmki != k->v[0].nmki)
			return false;
		for (size_t j = 0; j < i; j++)
			if (memcmp(k->v[i].mki, k->v[j].mki,
			    k->v[i].nmki) == 0)
				return false;
	}
	return true;
}

static int
read_keys(struct sr_sdes_keys *k, enum sr_suite suite, struct sr_str text)
{
	struct sr_str one;
	int err;

	while (sr_strcut(&text, ';', &one)) {
		if (k->n == SR_MAX_KEYS)
			return SR_EUNSUP;
		k->v[k->n].suite = suite;
		if ((err = read_param(&k->v[k->n++], one)) != SR_OK)
			return err;
	}
	return k->n > 0 && told_apart(k) ? SR_OK : SR_EBAD;
}

/* Section 6.3: with '-' it may be ignored, without it must be understood.  The
 * window is a hint; derivation rates and FEC are not done here, and nobody
 * talks us out of encryption or authentication. */
static int
read_session_param(struct sr_str s)
{
	uint64_t v;

	if (s.n > 1 && s.p[0] == '-' && s.p[1] != '-')
		return SR_OK;
	if (sr_stristarts(s, SR_STR("WSH="))) {
		s = sr_substr(s, 4, s.n);
		return sr_strnum(s, &v) == SR_OK && v >= 64 ? SR_OK : SR_EBAD;
	}
	return SR_EUNSUP;
}

int
sr_sdes_read(struct sr_sdes_keys *k, const struct sr_sdes *line)
{
	enum sr_suite suite = sr_suite_by_name(line->suite);
	struct sr_str rest = line->params, word;
	int err;

	memset(k, 0, sizeof(*k));
	if (suite == SR_SUITE_NONE)
		return SR_EUNSUP;
	k->tag = line->tag;
	sdp_word(&rest, &word);
	err = read_keys(k, suite, word);
	while (err == SR_OK && sdp_word(&rest, &word))
		err = read_session_param(word);
	if (err != SR_OK)
		sr_wipe(k, sizeof(*k));
	return err;
}

size_t
sr_sdes_choose(struct sr_sdes_keys *k, const struct sr_mline *m,
    unsigned spoken)
{
	size_t i = 0;

	memset(k, 0, sizeof(*k));
	for (; i < m->nsdes; i++) {
		if (spoken != 0 && (spoken >>
		    sr_suite_by_name(m->sdes[i].suite) & 1) == 0)
			continue;
		if (sr_sdes_read(k, &m->sdes[i]) == SR_OK)
			break;
	}
	return i;
}

/* ---- writing ---- */

void
sr_sdes_make(struct sr_sdes_key *k, enum sr_suite suite, const uint8_t *random)
{
	memset(k, 0, sizeof(*k));
	k->suite = suite;
	memcpy(k->key, random, sr_suite_key(suite));
	memcpy(k->salt, random + sr_suite_key(suite), sr_suite_salt(suite));
}

/* The last decimal digit of v, which is divided by ten; *zero: nothing left. */
static char
pop_digit(uint8_t *v, size_t n, bool *zero)
{
	unsigned rest = 0;

	*zero = true;
	for (size_t i = 0; i < n; i++) {
		rest = rest << 8 | v[i];
		v[i] = (uint8_t)(rest / 10);
		rest %= 10;
		if (v[i] != 0)
			*zero = false;
	}
	return (char)('0' + rest);
}

static int
print_mki(struct sr_buf *out, const struct sr_sdes_key *k)
{
	uint8_t v[SR_MAX_MKI];
	char text[3 * SR_MAX_MKI + 1];
	size_t at = sizeof(text) - 1;
	bool zero = false;

	memcpy(v, k->mki, sizeof(v));
	text[at] = '\0';
	while (!zero)
		text[--at] = pop_digit(v, k->nmki, &zero);
	return sr_buf_fmt(out, "|%s:%zu", text + at, k->nmki);
}

int
sdes_print(struct sr_buf *out, uint32_t tag, struct sr_str suite,
    const struct sr_sdes_key *k)
{
	size_t key = sr_suite_key(k->suite), salt = sr_suite_salt(k->suite);
	uint8_t both[SR_MAX_KEY + SR_MAX_SALT];
	int err;

	if (key == 0)
		return SR_EBAD;
	memcpy(both, k->key, key);
	memcpy(both + key, k->salt, salt);
	err = sr_buf_fmt(out, "a=crypto:%u %.*s inline:", tag, SR_FMT(suite));
	if (err == SR_OK)
		err = sr_base64_add(out, both, key + salt);
	sr_wipe(both, sizeof(both));
	if (err == SR_OK && k->lifetime > 0)
		err = sr_buf_fmt(out, "|%llu",
		    (unsigned long long)k->lifetime);
	if (err == SR_OK && k->nmki > 0)
		err = print_mki(out, k);
	return err == SR_OK ? sr_buf_add(out, SR_STR("\r\n")) : err;
}

int
sr_sdes_print(struct sr_buf *out, uint32_t tag, const struct sr_sdes_key *k)
{
	return sdes_print(out, tag, sr_cstr(sr_suite_name(k->suite)), k);
}
