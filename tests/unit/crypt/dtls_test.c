/* Claims about lib/crypt/dtls.c: two of them shake hands in memory. */
#include "unit/test.h"

#include <time.h>

#include "siprec/crypt.h"

static const struct sr_crypto *const C = &sr_crypto_full;

struct pair {
	struct sr_dtls *end[2];		/* active, passive */
	sr_time now;
	unsigned sent, largest;
	unsigned lost;			/* a bit for each datagram */
};

static void
setup(struct pair *p, const char *seen_by_active, const char *seen_by_passive)
{
	struct sr_str prints[2] = { sr_cstr(seen_by_active),
	    sr_cstr(seen_by_passive) };

	*p = (struct pair){ .now = SR_SEC };
	for (int i = 0; i < 2; i++) {
		struct sr_dtls_cfg cfg = { .active = i == 0,
		    .fingerprints = &prints[i], .nfingerprints = 1,
		    .mtu = 600, .retry = 20 * SR_MSEC };

		CHECK_EQ(C->dtls_new(&p->end[i], &cfg), SR_OK);
	}
}

static bool
carry(struct pair *p, int from)
{
	struct sr_str out;
	bool any = false;

	while (C->dtls_next(p->end[from], &out)) {
		any = true;
		p->largest = out.n > p->largest ? (unsigned)out.n : p->largest;
		if (p->sent++ < 32 && (p->lost >> (p->sent - 1) & 1))
			continue;
		C->dtls_feed(p->end[!from], guarded(out.p, out.n), p->now);
	}
	return any;
}

/* What is due is waited for: OpenSSL's timer goes by the real clock. */
static void
wait_for(struct pair *p)
{
	struct timespec t = { 0, 0 };
	sr_time due = C->dtls_due(p->end[0]), other = C->dtls_due(p->end[1]);

	due = other < due ? other : due;
	if (due == SR_NEVER)
		return;
	if (due > p->now) {
		t.tv_nsec = (due - p->now) % SR_SEC;
		nanosleep(&t, NULL);
		p->now = due;
	}
	C->dtls_tick(p->end[0], p->now);
	C->dtls_tick(p->end[1], p->now);
}

static void
shake(struct pair *p)
{
	struct sr_dtls_keys k;

	for (int i = 0; i < 200; i++) {
		if (C->dtls_keys(p->end[0], &k) != SR_MORE &&
		    C->dtls_keys(p->end[1], &k) != SR_MORE &&
		    !carry(p, 0) && !carry(p, 1))
			return;
		if (!carry(p, 0) & !carry(p, 1))
			wait_for(p);
	}
}

static void
check_keys(struct pair *p)
{
	struct sr_dtls_keys a, b;

	CHECK_EQ(C->dtls_keys(p->end[0], &a), SR_OK);
	CHECK_EQ(C->dtls_keys(p->end[1], &b), SR_OK);
	CHECK_EQ(a.send.suite, SR_AES128_80);
	CHECK_EQ(a.send.key.n, 16);
	CHECK_EQ(a.send.salt.n, 14);
	CHECK(sr_streq(a.send.key, b.receive.key));
	CHECK(sr_streq(a.send.salt, b.receive.salt));
	CHECK(sr_streq(a.receive.key, b.send.key));
	CHECK(!sr_streq(a.receive.key, a.send.key));
}

static void
teardown(struct pair *p)
{
	C->dtls_free(p->end[0]);
	C->dtls_free(p->end[1]);
}

TEST(dtls_two_shake_hands_and_have_each_others_keys)
{
	struct pair p;

	setup(&p, C->dtls_fingerprint(), C->dtls_fingerprint());
	shake(&p);
	check_keys(&p);
	CHECK(p.largest <= 600);
	CHECK(p.sent >= 5);
	teardown(&p);
}

TEST(dtls_what_is_lost_is_sent_again)
{
	for (unsigned i = 0; i < 9; i++) {
		struct pair p;

		setup(&p, C->dtls_fingerprint(), C->dtls_fingerprint());
		p.lost = i < 8 ? 1u << i : 0x5b;
		shake(&p);
		check_keys(&p);
		teardown(&p);
	}
}

TEST(dtls_a_wrong_fingerprint_ends_it_and_gives_no_key)
{
	char wrong[128];

	snprintf(wrong, sizeof(wrong), "%s", C->dtls_fingerprint());
	wrong[8] = wrong[8] == '0' ? '1' : '0';
	for (int i = 0; i < 2; i++) {
		struct sr_dtls_keys k;
		struct pair p;

		setup(&p, i == 0 ? wrong : C->dtls_fingerprint(),
		    i == 1 ? wrong : C->dtls_fingerprint());
		shake(&p);
		CHECK_EQ(C->dtls_keys(p.end[i], &k), SR_EAUTH);
		CHECK(C->dtls_keys(p.end[!i], &k) != SR_OK || i == 1);
		teardown(&p);
	}
}

static bool
trusts(const char *a, const char *b)
{
	struct sr_str prints[2] = { sr_cstr(a), sr_cstr(b) };
	struct sr_str own = sr_cstr(C->dtls_fingerprint());
	struct sr_dtls_cfg cfg = { .active = true, .fingerprints = prints,
	    .nfingerprints = b != NULL ? 2 : 1, .retry = 20 * SR_MSEC };
	struct sr_dtls_keys k;
	struct pair p = { .now = SR_SEC };
	bool good;

	CHECK_EQ(C->dtls_new(&p.end[0], &cfg), SR_OK);
	cfg = (struct sr_dtls_cfg){ .fingerprints = &own, .nfingerprints = 1,
	    .retry = 20 * SR_MSEC };
	CHECK_EQ(C->dtls_new(&p.end[1], &cfg), SR_OK);
	shake(&p);
	good = C->dtls_keys(p.end[0], &k) == SR_OK;
	teardown(&p);
	return good;
}

TEST(dtls_the_best_hash_that_is_named_decides)
{
	static const char weak[] = "sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:"
	    "0C:0D:0E:0F:10:11:12:13";
	char small[128];

	CHECK(trusts(C->dtls_fingerprint(), weak));
	CHECK(trusts(weak, C->dtls_fingerprint()));
	CHECK(!trusts(weak, NULL));
	CHECK(!trusts("", NULL));
	CHECK(!trusts("md5 00:11", NULL));
	CHECK(!trusts("sha-256 00:1", NULL));
	snprintf(small, sizeof(small), "%s", C->dtls_fingerprint());
	for (char *c = small + 8; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c | 0x20);
	CHECK(trusts(small, NULL));
}

TEST(dtls_bytes_that_are_none_change_nothing)
{
	struct pair p;
	char junk[300];

	setup(&p, C->dtls_fingerprint(), C->dtls_fingerprint());
	memset(junk, 22, sizeof(junk));
	C->dtls_tick(p.end[0], p.now);
	for (size_t n = 0; n < sizeof(junk); n += 7) {
		CHECK_EQ(C->dtls_feed(p.end[0], guarded(junk, n), p.now),
		    SR_OK);
		CHECK_EQ(C->dtls_feed(p.end[1], guarded(junk, n), p.now),
		    SR_OK);
	}
	shake(&p);
	check_keys(&p);
	teardown(&p);
}

/* Who has not said the cookie gets no more than it sent. */
TEST(dtls_a_stranger_gets_nothing_large_before_the_cookie)
{
	struct sr_str own = sr_cstr(C->dtls_fingerprint()), out;
	struct sr_dtls_cfg cfg = { .active = true, .fingerprints = &own,
	    .nfingerprints = 1, .retry = 20 * SR_MSEC };
	struct pair p = { .now = SR_SEC };
	size_t hello, n = 0;

	CHECK_EQ(C->dtls_new(&p.end[0], &cfg), SR_OK);
	cfg.active = false;
	cfg.ask = true;
	CHECK_EQ(C->dtls_new(&p.end[1], &cfg), SR_OK);
	C->dtls_tick(p.end[0], p.now);
	CHECK(C->dtls_next(p.end[0], &out));
	hello = out.n;
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(C->dtls_feed(p.end[1], guarded(out.p, out.n), p.now),
		    SR_OK);
		p.sent++;
	}
	while (C->dtls_next(p.end[1], &out))
		n += out.n;
	CHECK(n > 0 && n <= 3 * hello);
	CHECK_EQ(C->dtls_due(p.end[1]), SR_NEVER);	/* nor again */
	C->dtls_free(p.end[0]);
	cfg.active = true;
	cfg.ask = false;
	CHECK_EQ(C->dtls_new(&p.end[0], &cfg), SR_OK);
	C->dtls_free(p.end[1]);
	cfg.active = false;
	cfg.ask = true;
	CHECK_EQ(C->dtls_new(&p.end[1], &cfg), SR_OK);
	shake(&p);
	check_keys(&p);
	teardown(&p);
}
