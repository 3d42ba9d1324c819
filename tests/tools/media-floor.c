/* media-floor - what taking media off many sockets costs: the bare loop beside
 * sr_drain.
 *
 *	media-floor [SOCKETS [PACKETS [ROUNDS]]]
 *
 * Each round puts PACKETS packets into each of SOCKETS sockets over loopback,
 * as 100 ms of PACKETS * 10 a second do, and measures the processor time to
 * get them out; so other work on the machine does not count. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "siprec/io.h"

enum { PAYLOAD = 172, BATCH = 64 };

static struct sr_pair *pairs, from;
static struct sr_drain_sock **socks;
static struct sr_drain *drain;
static size_t nsockets = 6000, per_round = 5, rounds = 20;
static size_t sent, got;

static sr_time
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

static void
fill(void)
{
	static char data[PAYLOAD];
	struct sr_media_out out[BATCH];
	struct sr_media_stats st = { .sent = 0 };
	size_t n = 0;

	for (size_t i = 0; i < nsockets * per_round; i++) {
		out[n++] = (struct sr_media_out){ pairs[i % nsockets].addr,
		    { data, sizeof(data) } };
		if (n == BATCH || i + 1 == nsockets * per_round) {
			sr_media_send(from.rtp, out, n, &st);
			n = 0;
		}
	}
	sent += st.sent;
}

/* recvmmsg on each socket with the stamps of the kernel, and nothing else. */
static void
bare(void)
{
	static struct mmsghdr msgs[BATCH];
	static struct iovec iov[BATCH];
	static char data[BATCH][2048], control[BATCH][64];
	int n = BATCH;

	for (int i = 0; i < BATCH; i++)
		iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
	for (size_t i = 0; i < nsockets; i++) {
		/* The kernel wants these set again. */
		for (int k = 0; k < n; k++)
			msgs[k].msg_hdr = (struct msghdr){ .msg_iov = &iov[k],
			    .msg_iovlen = 1, .msg_control = control[k],
			    .msg_controllen = sizeof(control[k]) };
		n = recvmmsg(pairs[i].rtp, msgs, BATCH, MSG_DONTWAIT, NULL);
		n = n > 0 ? n : 0;
		got += (size_t)n;
	}
}

static void
on_media(void *arg, void *cookie, const struct sr_dgram *v, size_t n)
{
	(void)arg;
	(void)cookie;
	(void)v;
	got += n;
}

static void
drained(void)
{
	sr_drain_now(drain, socks, nsockets);
}

static void
measure(const char *name, void (*take)(void))
{
	sr_time used = 0, begin, filling = 0;

	got = sent = 0;
	for (size_t i = 0; i < rounds; i++) {
		begin = cpu();
		fill();
		filling += cpu() - begin;
		begin = cpu();
		take();
		used += cpu() - begin;
	}
	printf("%-9s %zu sockets, %zu packets sent, %zu taken: %.3f us to "
	    "take one (%.3f to send one)\n", name, nsockets, sent, got,
	    (double)used / 1e3 / (double)got,
	    (double)filling / 1e3 / (double)sent);
}

static int
open_sockets(void)
{
	struct sr_ports_cfg cfg = { .lo = 1024, .hi = 65535, .cooldown = -1 };
	struct sr_ports *p;
	struct sr_loop *l;

	sr_addr_parse(&cfg.addr, SR_STR("127.0.0.1"));
	pairs = calloc(nsockets + 1, sizeof(*pairs));
	socks = calloc(nsockets + 1, sizeof(*socks));
	if (pairs == NULL || socks == NULL ||
	    sr_ports_new(&p, &cfg) != SR_OK ||
	    sr_loop_new(&l) != SR_OK ||
	    sr_drain_new(&drain, l, on_media, NULL) != SR_OK ||
	    sr_ports_take(p, 0, true, &from) != SR_OK)
		return SR_ESYS;
	for (size_t i = 0; i < nsockets; i++)
		if (sr_ports_take(p, 0, true, &pairs[i]) != SR_OK ||
		    sr_drain_add(drain, pairs[i].rtp, NULL, &socks[i]) != SR_OK)
			return SR_ESYS;
	return SR_OK;
}

int
main(int argc, char *argv[])
{
	struct rlimit lim;

	if (argc > 1)
		nsockets = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		per_round = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		rounds = strtoul(argv[3], NULL, 10);
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	if (open_sockets() != SR_OK) {
		fprintf(stderr, "media-floor: %zu sockets: %s\n", nsockets,
		    strerror(errno));
		return 71;
	}
	for (int i = 0; i < 2; i++) {
		measure("bare:", bare);
		measure("sr_drain:", drained);
	}
	return 0;
}
