/* Claims about media in bulk: lib/io/drain.c, media_send.c. */
#include "unit/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "siprec/io.h"

struct ctx {
	struct sr_drain *d;
	struct sr_drain_sock *sock[4];
	struct sr_ports *ports;
	struct sr_pair pair[4];
	struct sr_loop *loop;
	size_t got[4], calls, cut;
	sr_time when;
	struct sr_addr from;
	char last[64];
	bool remove;
};

static struct ctx *x;

static void
on_media(void *arg, void *cookie, const struct sr_dgram *v, size_t n)
{
	size_t i = (size_t)((struct sr_pair *)cookie - x->pair);

	(void)arg;
	x->calls++;
	x->got[i] += n;
	x->when = v[n - 1].when;
	x->from = v[n - 1].from;
	x->cut += v[n - 1].cut;
	snprintf(x->last, sizeof(x->last), "%.*s", SR_FMT(v[n - 1].data));
	if (x->remove)
		sr_drain_remove(x->d, x->sock[i]);
}

static void
start(struct ctx *c, const char *ip)
{
	struct sr_ports_cfg cfg = { .cooldown = -1 };

	*c = (struct ctx){ .loop = NULL };
	x = c;
	sr_addr_parse(&cfg.addr, sr_cstr(ip));
	CHECK_EQ(sr_loop_new(&c->loop), SR_OK);
	CHECK_EQ(sr_drain_new(&c->d, c->loop, on_media, c), SR_OK);
	CHECK_EQ(sr_ports_new(&c->ports, &cfg), SR_OK);
	for (int i = 0; i < 4; i++) {
		CHECK_EQ(sr_ports_take(c->ports, 0, true, &c->pair[i]), SR_OK);
		CHECK_EQ(sr_drain_add(c->d, c->pair[i].rtp, &c->pair[i],
		    &c->sock[i]), SR_OK);
	}
}

static void
stop(struct ctx *c)
{
	sr_drain_free(c->d);
	for (int i = 0; i < 4; i++)
		sr_ports_give(c->ports, 0, &c->pair[i]);
	sr_ports_free(c->ports);
	sr_loop_free(c->loop);
}

static void
send_to(struct ctx *c, int i, const char *text)
{
	struct sr_media_out o = { c->pair[i].addr, sr_cstr(text) };
	struct sr_media_stats st = { .sent = 0 };

	CHECK_EQ(sr_media_send(c->pair[0].rtp, &o, 1, &st), 1);
	CHECK_EQ(st.sent, 1);
	CHECK_EQ(st.bytes, strlen(text));
}

static void
sockets_are_drained(const char *ip)
{
	struct ctx c;
	sr_time begin = sr_now();

	start(&c, ip);
	for (int i = 0; i < 100; i++)
		send_to(&c, 1, "one");
	send_to(&c, 3, "three");
	sr_loop_run_until(c.loop, sr_now() + 250 * SR_MSEC);
	CHECK_EQ(c.got[0], 0);
	CHECK_EQ(c.got[1], 100);
	CHECK_EQ(c.got[3], 1);
	CHECK(c.calls <= 4);		/* in batches */
	CHECK(sr_addr_eq(&c.from, &c.pair[0].addr));
	CHECK(c.when >= begin - SR_MSEC && c.when <= sr_now());
	stop(&c);
}

TEST(media_sockets_are_drained_within_a_round_v4)
{
	sockets_are_drained("127.0.0.1");
}

TEST(media_sockets_are_drained_within_a_round_v6)
{
	sockets_are_drained("::1");
}

TEST(a_socket_is_drained_at_once_when_asked)
{
	struct sr_drain_stats st;
	struct ctx c;
	char big[3000];

	start(&c, "127.0.0.1");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	send_to(&c, 2, "now");
	sr_drain_now(c.d, &c.sock[2], 1);
	CHECK_EQ(c.got[2], 1);
	CHECK_STR(sr_cstr(c.last), "now");
	send_to(&c, 2, big);
	sr_drain_now(c.d, &c.sock[2], 1);
	CHECK_EQ(c.cut, 1);
	sr_drain_now(c.d, &c.sock[2], 1);
	sr_drain_stats(c.d, &st);
	CHECK_EQ(st.packets, 2);
	CHECK_EQ(st.empty, 1);
	CHECK_EQ(st.cut, 1);
	stop(&c);
}

TEST(a_socket_may_be_removed_while_it_is_drained)
{
	struct ctx c;

	start(&c, "127.0.0.1");
	c.remove = true;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < 130; k++)
			send_to(&c, i, "x");
	sr_loop_run_until(c.loop, sr_now() + 150 * SR_MSEC);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(c.got[i], 64);
	stop(&c);
}

TEST(nobody_there_is_counted_and_the_rest_is_sent)
{
	struct sr_media_stats st = { .sent = 0 };
	struct sr_drain_stats ds;
	struct sr_media_out o[3];
	struct sr_addr gone;
	struct ctx c;

	start(&c, "127.0.0.1");
	gone = c.pair[3].addr;
	sr_drain_remove(c.d, c.sock[3]);
	sr_ports_give(c.ports, 0, &c.pair[3]);
	for (int i = 0; i < 3; i++)
		o[i] = (struct sr_media_out){ i == 1 ? gone : c.pair[2].addr,
		    SR_STR("x") };
	for (int i = 0; i < 10; i++)
		CHECK_EQ(sr_media_send(c.pair[0].rtp, o, 3, &st), 3);
	CHECK_EQ(st.sent, 30);
	CHECK_EQ(st.errors, 0);
	/* What the last one met waits where the socket is drained. */
	sr_drain_now(c.d, &c.sock[0], 1);
	sr_drain_stats(c.d, &ds);
	CHECK_EQ(st.icmp + ds.icmp, 10);
	sr_drain_now(c.d, &c.sock[2], 1);
	CHECK_EQ(c.got[2], 20);
	stop(&c);
}

/* The round stands at every place of the table once. */
TEST(sockets_that_stay_are_drained_whichever_leave)
{
	struct ctx c;

	for (int slices = 0; slices < 6; slices++) {
		start(&c, "127.0.0.1");
		sr_loop_run_until(c.loop, sr_now() + slices * 5 * SR_MSEC +
		    2 * SR_MSEC);
		sr_drain_remove(c.d, c.sock[0]);
		sr_drain_remove(c.d, c.sock[3]);
		send_to(&c, 1, "one");
		send_to(&c, 2, "two");
		sr_loop_run_until(c.loop, sr_now() + 120 * SR_MSEC);
		CHECK_EQ(c.got[1], 1);
		CHECK_EQ(c.got[2], 1);
		sr_drain_remove(c.d, c.sock[1]);
		sr_drain_remove(c.d, c.sock[2]);
		stop(&c);
	}
}
