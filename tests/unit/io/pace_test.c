/* Claims about lib/io/pace.c: live, on the loopback, for a moment each. */
#include <pthread.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "unit/test.h"

#include "siprec/io.h"

enum { STREAMS = 100, PACKETS = 15, PTIME = 20 };

/* A stream of twelve bytes: who, and how many before. */
struct fake {
	uint32_t who, n, end;
	sr_time every;
	uint8_t bytes[12];
	int heard, released, over;
	sr_time heard_at, ordered_at;
	char ordered[8];
};

static sr_time
fake_due(void *arg)
{
	struct fake *f = arg;

	return f->n * f->every;
}

static int
fake_next(void *arg, struct sr_packet *out)
{
	struct fake *f = arg;

	if (f->n >= f->end)
		return SR_ENOENT;
	*out = (struct sr_packet){ .at = fake_due(f) };
	memcpy(f->bytes, "\x80\0", 2);
	memcpy(f->bytes + 4, &f->who, 4);
	memcpy(f->bytes + 8, &f->n, 4);
	f->n++;
	out->head = (struct sr_str){ (char *)f->bytes, 8 };
	out->body = (struct sr_str){ (char *)f->bytes + 8, 4 };
	return SR_OK;
}

static void
fake_hear(void *arg, void *cookie, sr_time at, struct sr_str pkt)
{
	struct fake *f = arg;

	f->heard_at = at;
	if (pkt.n == 8 && cookie == f)
		__atomic_add_fetch(&f->heard, 1, __ATOMIC_RELEASE);
}

static void
fake_over(void *arg, void *cookie)
{
	struct fake *f = arg;

	f->over += cookie == f;
}

static void
fake_release(void *arg, void *cookie)
{
	struct fake *f = arg;

	__atomic_add_fetch(&f->released, cookie == f, __ATOMIC_RELEASE);
}

static void
fake_order(void *arg, sr_time now, void *data)
{
	struct fake *f = arg;

	f->ordered_at = now;
	memcpy(f->ordered, data, sizeof(f->ordered));
}

static int
recorder(struct sr_addr *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { 0, 50000 };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = 4 << 20;

	CHECK_EQ(bind(fd, (struct sockaddr *)&in, len), 0);
	CHECK_EQ(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*a = (struct sr_addr){ .ip = { 127, 0, 0, 1 }, .family = 4,
		.port = ntohs(in.sin_port) };
	return fd;
}

static struct sr_pace *
pacer(void)
{
	struct sr_pace *p = NULL;

	CHECK_EQ(sr_pace_open(&p, &(struct sr_pace_cfg){ .own = 0 }), SR_OK);
	return p;
}

static struct sr_pace_stream
stream(struct sr_pace *p, struct fake *f, const struct sr_addr *to)
{
	struct sr_pace_stream s = { .from = { f, fake_due, fake_next },
		.rtp = *to, .rtcp = *to, .start = sr_pace_now() + SR_MSEC,
		.hear = fake_hear, .over = fake_over, .release = fake_release,
		.cookie = f };
	struct sr_addr rtp, rtcp;

	CHECK_EQ(sr_pace_pair(p, &s.pair, &rtp, &rtcp), SR_OK);
	CHECK_EQ(rtp.port % 2, 0);
	CHECK_EQ(rtcp.port, rtp.port + 1);
	return s;
}

static void
wait_for(int *what)
{
	for (int i = 0; i < 400 &&
	    __atomic_load_n(what, __ATOMIC_ACQUIRE) == 0; i++)
		usleep(5000);
	CHECK(__atomic_load_n(what, __ATOMIC_ACQUIRE) > 0);
}

TEST(pace_sends_every_packet_of_a_hundred_streams_in_time)
{
	static struct fake f[STREAMS];
	unsigned got[STREAMS] = { 0 }, all = 0;
	struct sr_pace *p = pacer();
	struct sr_pace_numbers n;
	struct sr_addr to;
	int fd = recorder(&to);
	uint32_t v[4];
	uint64_t id;

	for (uint32_t i = 0; i < STREAMS; i++) {
		struct sr_pace_stream s;

		f[i] = (struct fake){ .who = i, .end = PACKETS,
			.every = PTIME * SR_MSEC };
		s = stream(p, &f[i], &to);
		s.start += i * SR_MSEC / 5;
		CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	}
	while (all < STREAMS * PACKETS && recv(fd, v, sizeof(v), 0) == 12) {
		CHECK(v[1] < STREAMS);
		CHECK_EQ(v[2], got[v[1]]++);
		all++;
	}
	CHECK_EQ(all, STREAMS * PACKETS);
	for (int i = 0; i < STREAMS; i++)
		wait_for(&f[i].released);
	sr_pace_numbers(p, &n);
	CHECK_EQ(n.packets, STREAMS * PACKETS);
	CHECK_EQ(n.bytes, 12 * STREAMS * PACKETS);
	CHECK_EQ(n.streams, 0);
	CHECK_EQ(n.errors + n.icmp, 0);
	/* A machine that has other things to do is given some time. */
	CHECK(sr_pace_late(&n, 0.5) < 5000);
	CHECK(n.worst >= 0);
	sr_pace_close(p);
	for (int i = 0; i < STREAMS; i++) {
		CHECK_EQ(f[i].released, 1);
		CHECK_EQ(f[i].over, 1);
	}
	close(fd);
}

TEST(pace_errors_of_the_network_are_counted_and_hurt_nobody)
{
	struct fake bad = { .end = 50, .every = 2 * SR_MSEC };
	struct fake good = { .end = 50, .every = 2 * SR_MSEC };
	struct sr_pace *p = NULL;
	struct sr_pace_numbers n;
	struct sr_pace_stream s;
	struct sr_addr to, nobody;
	int fd = recorder(&to);
	unsigned all = 0;
	uint32_t v[4];
	uint64_t id;

	close(recorder(&nobody));
	CHECK_EQ(sr_pace_open(&p, &(struct sr_pace_cfg){ .own = 1,
	    .pool = 1 }), SR_OK);
	s = stream(p, &bad, &nobody);
	s = stream(p, &bad, &nobody);		/* the pool's */
	CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	s = stream(p, &good, &to);
	CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	while (all < 50 && recv(fd, v, sizeof(v), 0) == 12)
		all++;
	CHECK_EQ(all, 50);
	wait_for(&bad.released);
	sr_pace_numbers(p, &n);
	CHECK_EQ(n.packets, 100);
	CHECK(n.icmp > 0);
	sr_pace_close(p);
	close(fd);
}

TEST(pace_hears_orders_aims_and_removes)
{
	struct fake f = { .end = 100000, .every = SR_MSEC };
	struct sr_pace *p = pacer();
	struct sr_pace_stream s;
	struct sr_pace_numbers n;
	struct sr_addr a, b, rtp, rtcp;
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	int one = recorder(&a), two = recorder(&b);
	uint32_t v[4];
	uint64_t id;
	unsigned pair;

	s = stream(p, &f, &a);
	CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	CHECK_EQ(recvfrom(one, v, sizeof(v), 0, (struct sockaddr *)&ss, &len),
	    12);
	CHECK_EQ(sendto(one, "\x80\xc9\0\1\0\0\0\7", 8, 0,
	    (struct sockaddr *)&ss, len), 8);
	CHECK_EQ(sendto(two, "\x80\xc9\0\1\0\0\0\7", 8, 0,
	    (struct sockaddr *)&ss, len), 8);
	wait_for(&f.heard);
	CHECK(f.heard_at > 0 && f.heard_at < 10 * SR_SEC);
	CHECK_EQ(sr_pace_aim(p, id, s.pair, &b, &b), SR_OK);
	CHECK_EQ(recv(two, v, sizeof(v), 0), 12);
	/* From another pair, and what comes back there is heard. */
	CHECK_EQ(sr_pace_pair(p, &pair, &rtp, &rtcp), SR_OK);
	CHECK_EQ(sr_pace_aim(p, id, 9999, &b, &b), SR_EBAD);
	CHECK_EQ(sr_pace_aim(p, id, pair, &b, &b), SR_OK);
	do {
		len = sizeof(ss);
		CHECK_EQ(recvfrom(two, v, sizeof(v), 0,
		    (struct sockaddr *)&ss, &len), 12);
	} while (((struct sockaddr_in *)&ss)->sin_port != htons(rtp.port));
	CHECK_EQ(sr_pace_order(p, id, fake_order, "resume", 7), SR_OK);
	CHECK_EQ(sr_pace_order(p, id, fake_order, "resume", 65), SR_ELIMIT);
	sr_pace_numbers(p, &n);
	CHECK_STR(sr_cstr(f.ordered), "resume");
	CHECK(f.ordered_at > f.heard_at);
	CHECK_EQ(n.streams, 1);
	CHECK_EQ(n.heard, 1);
	CHECK_EQ(n.stray, 1);
	CHECK_EQ(sr_pace_remove(p, id), SR_OK);
	CHECK_EQ(sr_pace_remove(p, id), SR_OK);
	sr_pace_numbers(p, &n);
	CHECK_EQ(n.streams, 0);
	CHECK_EQ(f.released, 1);
	sr_pace_unpair(p, s.pair);
	CHECK_EQ(sr_pace_pair(p, &pair, &rtp, &rtcp), SR_OK);
	CHECK_EQ(pair, s.pair);
	sr_pace_close(p);
	close(one);
	close(two);
}

static void
fake_other(void *arg, void *cookie, bool rtcp, struct sr_str pkt)
{
	struct fake *f = arg;

	if (!rtcp && cookie == f && pkt.n == 3 && pkt.p[0] == 22)
		__atomic_add_fetch(&f->heard, 1, __ATOMIC_RELEASE);
}

TEST(pace_hands_on_what_is_no_media_and_comes_from_the_peer)
{
	struct fake f = { .end = 100000, .every = SR_MSEC };
	struct sr_pace *p = pacer();
	struct sr_pace_stream s;
	struct sr_pace_numbers n;
	struct sr_addr a, b;
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	int one = recorder(&a), two = recorder(&b);
	uint32_t v[4];
	uint64_t id;

	s = stream(p, &f, &a);
	s.rtcp = b;
	s.other = fake_other;
	CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	CHECK_EQ(recvfrom(one, v, sizeof(v), 0, (struct sockaddr *)&ss, &len),
	    12);
	CHECK_EQ(sendto(two, "\x16\0\0", 3, 0, (struct sockaddr *)&ss, len),
	    3);
	CHECK_EQ(sendto(one, "\x16\0\0", 3, 0, (struct sockaddr *)&ss, len),
	    3);
	wait_for(&f.heard);
	sr_pace_numbers(p, &n);
	CHECK_EQ(f.heard, 1);
	CHECK_EQ(n.stray, 1);
	sr_pace_close(p);
	close(one);
	close(two);
}

TEST(pace_closes_with_streams_that_still_run)
{
	struct fake f = { .end = 100000, .every = SR_MSEC };
	struct sr_pace *p = pacer();
	struct sr_pace_stream s;
	struct sr_addr a;
	int fd = recorder(&a);
	uint64_t id;

	s = stream(p, &f, &a);
	CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
	sr_pace_close(p);
	CHECK_EQ(f.released, 1);
	close(fd);
}

TEST(pace_pairs_are_their_own_within_the_range_and_then_shared)
{
	struct sr_pace_cfg cfg = { .lo = 28001, .hi = 28999, .own = 3,
		.pool = 2 };
	unsigned pair[8], shared = 0;
	struct sr_addr rtp, rtcp;
	struct sr_pace *p;

	CHECK_EQ(sr_pace_open(&p, &cfg), SR_OK);
	for (unsigned i = 0; i < 8; i++) {
		CHECK_EQ(sr_pace_pair(p, &pair[i], &rtp, &rtcp), SR_OK);
		CHECK(rtp.port >= 28001 && rtcp.port <= 28999);
		CHECK_EQ(rtp.port % 2, 0);
		CHECK_EQ(rtcp.port, rtp.port + 1);
		for (unsigned j = 0; j < i; j++)
			shared += pair[i] == pair[j];
	}
	CHECK_EQ(shared, 0 + 1 + 1 + 2);	/* five streams, two pairs */
	sr_pace_close(p);
	cfg.hi = 28001;
	CHECK_EQ(sr_pace_open(&p, &cfg), SR_EBAD);
}

TEST(pace_sends_over_ipv6_too)
{
	struct sr_addr local = { .ip = { [15] = 1 }, .family = 6 }, rtp, rtcp;
	struct fake f = { .end = 3, .every = SR_MSEC };
	struct sr_pace *p;
	struct sr_pace_stream s;
	struct sr_pace_numbers n;
	unsigned pair;
	uint64_t id;

	CHECK_EQ(sr_pace_open(&p, &(struct sr_pace_cfg){ .local = local }),
	    SR_OK);
	if (sr_pace_pair(p, &pair, &rtp, &rtcp) == SR_OK) {
		s = stream(p, &f, &rtcp);	/* to one of ours */
		s.rtcp = rtcp;
		CHECK_EQ(sr_pace_add(p, &s, &id), SR_OK);
		wait_for(&f.released);
		sr_pace_numbers(p, &n);
		CHECK_EQ(n.packets, 3);
		CHECK_EQ(n.icmp + n.errors, 0);
	}
	sr_pace_close(p);
}
