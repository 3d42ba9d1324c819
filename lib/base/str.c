/* str - looking at bytes that somebody else owns. */
#include "siprec/base.h"

#include <string.h>
#include <strings.h>

struct sr_str
sr_cstr(const char *s)
{
	return (struct sr_str){ s, s != NULL ? strlen(s) : 0 };
}

bool
sr_streq(struct sr_str a, struct sr_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool
sr_strieq(struct sr_str a, struct sr_str b)
{
	return a.n == b.n && sr_stristarts(a, b);
}

int
sr_strcmp(struct sr_str a, struct sr_str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

bool
sr_strstarts(struct sr_str s, struct sr_str prefix)
{
	return s.n >= prefix.n &&
	    (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool
sr_stristarts(struct sr_str s, struct sr_str prefix)
{
	if (s.n < prefix.n)
		return false;
	for (size_t i = 0; i < prefix.n; i++)
		if (lower(s.p[i]) != lower(prefix.p[i]))
			return false;
	return true;
}

size_t
sr_strfind(struct sr_str s, struct sr_str needle)
{
	const char *hit;

	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return s.n;
	hit = memmem(s.p, s.n, needle.p, needle.n);
	return hit != NULL ? (size_t)(hit - s.p) : s.n;
}

size_t
sr_strifind(struct sr_str s, struct sr_str needle)
{
	for (size_t i = 0; i + needle.n <= s.n; i++)
		if (sr_stristarts((struct sr_str){ s.p + i, s.n - i }, needle))
			return i;
	return s.n;
}

size_t
sr_strchr(struct sr_str s, char c)
{
	const char *hit = s.n > 0 ? memchr(s.p, c, s.n) : NULL;

	return hit != NULL ? (size_t)(hit - s.p) : s.n;
}

struct sr_str
sr_substr(struct sr_str s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	/* Absent stays absent, and adding 0 to NULL is not C. */
	return (struct sr_str){ s.p != NULL ? s.p + from : NULL, n };
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct sr_str
sr_trim(struct sr_str s)
{
	while (s.n > 0 && blank(s.p[0])) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool
sr_strcut(struct sr_str *rest, char sep, struct sr_str *head)
{
	size_t at;

	if (rest->n == 0) {
		*head = (struct sr_str){ rest->p, 0 };
		return false;
	}
	at = sr_strchr(*rest, sep);
	*head = sr_substr(*rest, 0, at);
	*rest = sr_substr(*rest, at + 1, rest->n);
	return true;
}

bool
sr_strline(struct sr_str *rest, struct sr_str *line)
{
	size_t n = 0;

	if (rest->n == 0) {
		*line = (struct sr_str){ rest->p, 0 };
		return false;
	}
	while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
		n++;
	*line = sr_substr(*rest, 0, n);
	if (n + 1 < rest->n && rest->p[n] == '\r' && rest->p[n + 1] == '\n')
		n++;
	*rest = sr_substr(*rest, n + 1, rest->n);
	return true;
}

int
sr_strnum(struct sr_str s, uint64_t *out)
{
	uint64_t v = 0;

	*out = 0;
	if (s.n == 0)
		return SR_EBAD;
	for (size_t i = 0; i < s.n; i++) {
		unsigned d = (unsigned)(s.p[i] - '0');

		if (d > 9)
			return SR_EBAD;
		if (v > (UINT64_MAX - d) / 10)
			return SR_ELIMIT;
		v = v * 10 + d;
	}
	*out = v;
	return SR_OK;
}

/* FNV-1a over words, finished by a multiply: short keys, often. */
uint64_t
sr_hash(const void *p, size_t n)
{
	const uint8_t *b = p;
	uint64_t h = 0xcbf29ce484222325u;

	for (; n >= 8; n -= 8, b += 8) {
		uint64_t w;

		memcpy(&w, b, 8);
		h = (h ^ w) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	for (; n > 0; n--, b++)
		h = (h ^ *b) * 0x100000001b3u;
	h = (h ^ h >> 32) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}
