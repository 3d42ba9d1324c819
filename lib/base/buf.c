/* buf - bytes that we own, up to a maximum given at birth. */
#include "siprec/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
sr_buf_init(struct sr_buf *b, size_t max)
{
	*b = (struct sr_buf){ .max = max };
}

int
sr_buf_reserve(struct sr_buf *b, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : 64;
	char *p;

	if (n > b->max || b->n > b->max - n)
		return SR_ELIMIT;
	if (b->n + n <= b->cap)
		return SR_OK;
	while (cap < b->n + n)
		cap *= 2;
	if (cap > b->max)
		cap = b->max;
	if ((p = realloc(b->p, cap)) == NULL)
		return SR_ENOMEM;
	b->p = p;
	b->cap = cap;
	return SR_OK;
}

int
sr_buf_add(struct sr_buf *b, struct sr_str s)
{
	int err;

	if (s.n == 0)
		return SR_OK;
	if ((err = sr_buf_reserve(b, s.n)) != SR_OK)
		return err;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	return SR_OK;
}

int
sr_buf_addc(struct sr_buf *b, char c)
{
	return sr_buf_add(b, (struct sr_str){ &c, 1 });
}

int
sr_buf_fmt(struct sr_buf *b, const char *fmt, ...)
{
	char small[256], *p = small;
	va_list ap;
	int n, err;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return SR_EBAD;
	if ((size_t)n >= sizeof(small)) {
		if ((size_t)n > b->max)
			return SR_ELIMIT;
		if ((p = malloc((size_t)n + 1)) == NULL)
			return SR_ENOMEM;
		va_start(ap, fmt);
		vsnprintf(p, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	err = sr_buf_add(b, (struct sr_str){ p, (size_t)n });
	if (p != small)
		free(p);
	return err;
}

/* The length of the UTF-8 sequence at s, 0 when it is none (RFC 3629). */
static size_t
utf8(struct sr_str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 :
	    p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > s.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

static int
json_char(struct sr_buf *b, struct sr_str s, size_t n)
{
	unsigned char c = (unsigned char)s.p[0];

	if (n == 0)
		return sr_buf_add(b, SR_STR("\xef\xbf\xbd"));
	switch (c) {
	case '"': return sr_buf_add(b, SR_STR("\\\""));
	case '\\': return sr_buf_add(b, SR_STR("\\\\"));
	case '\n': return sr_buf_add(b, SR_STR("\\n"));
	case '\r': return sr_buf_add(b, SR_STR("\\r"));
	case '\t': return sr_buf_add(b, SR_STR("\\t"));
	}
	if (c < 0x20 || c == 0x7f)
		return sr_buf_fmt(b, "\\u%04x", c);
	return sr_buf_add(b, sr_substr(s, 0, n));
}

int
sr_buf_json(struct sr_buf *b, struct sr_str s)
{
	int err = sr_buf_addc(b, '"');

	while (err == SR_OK && s.n > 0) {
		size_t n = utf8(s);

		err = json_char(b, s, n);
		s = sr_substr(s, n > 0 ? n : 1, s.n);
	}
	return err == SR_OK ? sr_buf_addc(b, '"') : err;
}

void
sr_buf_drop(struct sr_buf *b, size_t n)
{
	if (n >= b->n) {
		b->n = 0;
		return;
	}
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
}

struct sr_str
sr_buf_str(const struct sr_buf *b)
{
	return (struct sr_str){ b->p, b->n };
}

void
sr_buf_free(struct sr_buf *b)
{
	free(b->p);
	*b = (struct sr_buf){ .max = b->max };
}

void
sr_wipe(void *p, size_t n)
{
	volatile uint8_t *v = p;

	while (n-- > 0)
		*v++ = 0;
}

void
sr_buf_wipe(struct sr_buf *b)
{
	sr_wipe(b->p, b->cap);
	sr_buf_free(b);
}
