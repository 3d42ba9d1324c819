/* Claims about pairs of ports: lib/io/ports.c. */
#include "unit/test.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "siprec/io.h"

static struct sr_ports *
new_ports(uint16_t lo, uint16_t hi, sr_time cooldown, const char *ip)
{
	struct sr_ports_cfg cfg = { .lo = lo, .hi = hi, .cooldown = cooldown };
	struct sr_ports *p = NULL;

	CHECK_EQ(sr_addr_parse(&cfg.addr, sr_cstr(ip)), SR_OK);
	CHECK_EQ(sr_ports_new(&p, &cfg), SR_OK);
	return p;
}

/* A stretch of n ports that nobody has now. */
static uint16_t
free_stretch(int n)
{
	struct sr_ports *p;
	uint16_t lo;

	for (lo = 21000; lo < 60000; lo = (uint16_t)(lo + n)) {
		p = new_ports(lo, (uint16_t)(lo + n - 1), -1, "127.0.0.1");
		if (sr_ports_scan(p) == (size_t)n / 2) {
			sr_ports_free(p);
			return lo;
		}
		sr_ports_free(p);
	}
	return 0;
}

TEST(a_range_of_ports_is_two_numbers)
{
	uint16_t lo, hi;

	CHECK_EQ(sr_ports_range(SR_STR("16384-32767"), &lo, &hi), SR_OK);
	CHECK_EQ(lo, 16384);
	CHECK_EQ(hi, 32767);
	CHECK_EQ(sr_ports_range(SR_STR("5-4"), &lo, &hi), SR_EBAD);
	CHECK_EQ(sr_ports_range(SR_STR("0-4"), &lo, &hi), SR_EBAD);
	CHECK_EQ(sr_ports_range(SR_STR("1-65536"), &lo, &hi), SR_EBAD);
	CHECK_EQ(sr_ports_range(SR_STR("10000"), &lo, &hi), SR_EBAD);
	CHECK_EQ(sr_ports_range(SR_STR("-"), &lo, &hi), SR_EBAD);
}

TEST(two_pairs_serve_two_calls_and_the_third_is_told)
{
	uint16_t lo = free_stretch(4);
	struct sr_ports *p = new_ports(lo, (uint16_t)(lo + 3), SR_SEC,
	    "127.0.0.1");
	struct sr_pair a, b, c;

	CHECK_EQ(sr_ports_total(p), 2);
	CHECK_EQ(sr_ports_take(p, 0, false, &a), SR_OK);
	CHECK_EQ(sr_ports_take(p, 0, false, &b), SR_OK);
	CHECK_EQ(a.addr.port, lo);
	CHECK_EQ(b.addr.port, lo + 2);
	CHECK(a.rtp >= 0 && a.rtcp >= 0);
	CHECK_EQ(sr_ports_take(p, 0, false, &c), SR_ELIMIT);
	CHECK_EQ(c.rtp, -1);
	CHECK_EQ(sr_ports_used(p), 2);
	/* Given back they cool down, the first given back is first again. */
	sr_ports_give(p, 0, &b);
	sr_ports_give(p, SR_SEC / 2, &a);
	CHECK_EQ(sr_ports_used(p), 0);
	CHECK_EQ(sr_ports_take(p, SR_SEC - 1, false, &c), SR_ELIMIT);
	CHECK_EQ(sr_ports_take(p, SR_SEC, true, &c), SR_OK);
	CHECK_EQ(c.addr.port, lo + 2);
	CHECK_EQ(c.rtcp, -1);
	CHECK_EQ(sr_ports_take(p, SR_SEC, true, &a), SR_ELIMIT);
	sr_ports_give(p, SR_SEC, &c);
	sr_ports_free(p);
}

TEST(a_certain_pair_can_be_had_again)
{
	uint16_t lo = free_stretch(8);
	struct sr_ports *p = new_ports(lo, (uint16_t)(lo + 7), SR_SEC,
	    "127.0.0.1");
	struct sr_pair a, b;

	CHECK_EQ(sr_ports_take_at(p, (uint16_t)(lo + 4), false, &a), SR_OK);
	CHECK_EQ(sr_ports_take_at(p, (uint16_t)(lo + 4), false, &b),
	    SR_ELIMIT);
	CHECK_EQ(a.addr.port, lo + 4);
	for (int i = 0; i < 3; i++) {
		CHECK_EQ(sr_ports_take(p, 0, false, &b), SR_OK);
		close(b.rtp);
		close(b.rtcp);
	}
	CHECK_EQ(b.addr.port, lo + 6);
	CHECK_EQ(sr_ports_take(p, 0, false, &b), SR_ELIMIT);
	sr_ports_give(p, 0, &a);
	CHECK_EQ(sr_ports_used(p), 3);
	sr_ports_free(p);
}

TEST(a_port_that_somebody_else_has_is_passed_over)
{
	uint16_t lo = free_stretch(4);
	struct sr_ports *p = new_ports(lo, (uint16_t)(lo + 3), SR_SEC,
	    "127.0.0.1");
	struct sr_ports *other = new_ports(0, 0, -1, "127.0.0.1");
	struct sr_pair theirs, a;

	CHECK_EQ(sr_ports_take_at(other, (uint16_t)(lo + 1), true, &theirs),
	    SR_OK);
	CHECK_EQ(sr_ports_scan(p), 1);
	CHECK_EQ(sr_ports_take(p, 0, false, &a), SR_OK);
	CHECK_EQ(a.addr.port, lo + 2);	/* not half of the first */
	sr_ports_give(p, 0, &a);
	CHECK_EQ(sr_ports_take(p, 0, false, &a), SR_ELIMIT);
	sr_ports_give(other, 0, &theirs);
	CHECK_EQ(sr_ports_take(p, SR_SEC, false, &a), SR_OK);
	CHECK_EQ(a.addr.port, lo);
	sr_ports_give(p, 0, &a);
	sr_ports_free(other);
	sr_ports_free(p);
}

TEST(without_a_range_the_system_gives_even_pairs_v6_too)
{
	struct sr_ports *p = new_ports(0, 0, -1, "::1");
	struct sr_pair a[8];

	for (int i = 0; i < 8; i++) {
		CHECK_EQ(sr_ports_take(p, 0, false, &a[i]), SR_OK);
		CHECK_EQ(a[i].addr.port % 2, 0);
		CHECK_EQ(a[i].addr.family, 6);
	}
	for (int i = 0; i < 8; i++)
		sr_ports_give(p, 0, &a[i]);
	sr_ports_free(p);
}
