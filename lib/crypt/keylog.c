/* keylog - secrets of TLS connections, in the format of NSS: a label, the
 * client's random, the secret, each line for itself. */
#include "crypt/priv.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 4096, CHAIN = 64 };

struct secret {
	struct secret *next;
	enum keylog_kind kind;
	uint8_t random[KEYLOG_RANDOM], value[KEYLOG_SECRET];
	size_t n;
};
struct sr_keylog {
	struct secret *table[BUCKETS];
	size_t n, max;
};

static const struct sr_str labels[] = {
	[KEYLOG_MASTER] = SR_STR("CLIENT_RANDOM"),
	[KEYLOG_CLIENT_EARLY] = SR_STR("CLIENT_EARLY_TRAFFIC_SECRET"),
	[KEYLOG_CLIENT_HANDSHAKE] = SR_STR("CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
	[KEYLOG_SERVER_HANDSHAKE] = SR_STR("SERVER_HANDSHAKE_TRAFFIC_SECRET"),
	[KEYLOG_CLIENT_TRAFFIC] = SR_STR("CLIENT_TRAFFIC_SECRET_0"),
	[KEYLOG_SERVER_TRAFFIC] = SR_STR("SERVER_TRAFFIC_SECRET_0")
};

int
sr_keylog_new(struct sr_keylog **kp, size_t max)
{
	struct sr_keylog *k = sr_zalloc(sizeof(*k));

	if (k == NULL)
		return SR_ENOMEM;
	k->max = max;
	*kp = k;
	return SR_OK;
}

void
sr_keylog_free(struct sr_keylog *k)
{
	struct secret *s;

	for (size_t i = 0; k != NULL && i < BUCKETS; i++)
		while ((s = k->table[i]) != NULL) {
			k->table[i] = s->next;
			hash_wipe(s, sizeof(*s));
			free(s);
		}
	free(k);
}

/* Randoms are random: their first bytes are as good as any hash, but who
 * writes the log may choose them. */
static size_t
bucket(enum keylog_kind kind, const uint8_t *random)
{
	return (sr_hash(random, KEYLOG_RANDOM) + (unsigned)kind) % BUCKETS;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number of bytes, 0 when these are not such digits. */
static size_t
unhex(struct sr_str s, uint8_t *out, size_t max)
{
	size_t n = s.n / 2;

	if (s.n % 2 != 0 || n > max)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int hi = digit(s.p[2 * i]), lo = digit(s.p[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return 0;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return n;
}

static struct secret *
find(const struct sr_keylog *k, enum keylog_kind kind, const uint8_t *random)
{
	struct secret *s = k->table[bucket(kind, random)];

	for (int i = 0; s != NULL && i < CHAIN; i++, s = s->next)
		if (s->kind == kind &&
		    memcmp(s->random, random, KEYLOG_RANDOM) == 0)
			return s;
	return NULL;
}

static int
put(struct sr_keylog *k, const struct secret *new)
{
	struct secret *s = find(k, new->kind, new->random), **head;

	if (s == NULL) {
		if (k->n == k->max)
			return SR_ELIMIT;
		if ((s = malloc(sizeof(*s))) == NULL)
			return SR_ENOMEM;
		head = &k->table[bucket(new->kind, new->random)];
		*s = *new;
		s->next = *head;
		*head = s;
		k->n++;
	} else {			/* the latest word counts */
		memcpy(s->value, new->value, sizeof(s->value));
		s->n = new->n;
	}
	return SR_OK;
}

static int
add_line(struct sr_keylog *k, struct sr_str line)
{
	struct sr_str label, random, value;
	struct secret s = { 0 };
	int err = SR_OK;

	line = sr_trim(line);
	if (!sr_strcut(&line, ' ', &label) || !sr_strcut(&line, ' ', &random))
		return SR_OK;
	value = sr_trim(line);
	if (unhex(random, s.random, KEYLOG_RANDOM) != KEYLOG_RANDOM ||
	    (s.n = unhex(value, s.value, KEYLOG_SECRET)) == 0)
		return SR_OK;
	for (int i = 0; i < KEYLOG_KINDS; i++)
		if (sr_strieq(label, labels[i])) {
			s.kind = (enum keylog_kind)i;
			err = put(k, &s);
			break;
		}
	hash_wipe(&s, sizeof(s));
	return err;
}

int
sr_keylog_add(struct sr_keylog *k, struct sr_str text)
{
	struct sr_str line;
	int err = SR_OK;

	while (err == SR_OK && sr_strline(&text, &line))
		err = add_line(k, line);
	return err;
}

size_t
sr_keylog_count(const struct sr_keylog *k)
{
	return k->n;
}

struct sr_str
keylog_find(const struct sr_keylog *k, enum keylog_kind kind,
    const uint8_t *random)
{
	const struct secret *s = find(k, kind, random);

	return s != NULL ? (struct sr_str){ (const char *)s->value, s->n } :
	    (struct sr_str){ NULL, 0 };
}
