/* media-floor - what taking media off many sockets costs: the bare loop and
 * sr_drain, on packets that a thread sends over loopback.
 *
 *	media-floor [SOCKETS [PACKETS-PER-SECOND [SECONDS]]]
 *
 * Prints processor time of the receiving thread per packet. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "siprec/io.h"

enum { PAYLOAD = 172, BATCH = 64 };

static struct sr_pair *pairs;
static size_t nsockets = 6000, rate = 300000, seconds = 3;
static atomic_bool done;
static size_t sent, got;

static sr_time
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * SR_SEC + t.tv_nsec;
}

/* Each socket in turn gets a packet, at the rate that was asked for. */
static void *
sender(void *arg)
{
	static char data[PAYLOAD];
	struct sr_media_stats st = { .sent = 0 };
	struct sr_media_out out[BATCH];
	sr_time begin = sr_now();
	size_t at = 0;

	while (!done) {
		size_t owed = (size_t)((double)(sr_now() - begin) / 1e9 *
		    (double)rate);

		if (st.sent >= owed) {
			nanosleep(&(struct timespec){ 0, 200000 }, NULL);
			continue;
		}
		for (int i = 0; i < BATCH; i++) {
			out[i] = (struct sr_media_out){ pairs[at].addr,
			    { data, sizeof(data) } };
			at = (at + 1) % nsockets;
		}
		sr_media_send(*(int *)arg, out, BATCH, &st);
	}
	sent = st.sent;
	return NULL;
}

static void
report(const char *name, sr_time used, size_t packets)
{
	printf("%-9s %zu sockets, %zu packets sent, %zu taken (%.2f %% lost), "
	    "%.3f us a packet, %.1f %% of a core\n", name, nsockets, sent,
	    packets, 100.0 * (double)(sent - packets) / (double)sent,
	    (double)used / 1e3 / (double)packets,
	    100.0 * (double)used / (double)((sr_time)seconds * SR_SEC));
}

/* ---- the bare loop: recvmmsg on each socket, and nothing else ---- */

static struct mmsghdr msgs[BATCH];
static struct iovec iov[BATCH];
static char data[BATCH][2048];

static void
bare(void)
{
	sr_time end = sr_now() + (sr_time)seconds * SR_SEC, begin, next;
	int n;

	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ data[i], sizeof(data[i]) };
		msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i],
		    .msg_iovlen = 1 };
	}
	begin = cpu();
	for (next = sr_now(); sr_now() < end; next += 100 * SR_MSEC) {
		for (size_t i = 0; i < nsockets; i++)
			if ((n = recvmmsg(pairs[i].rtp, msgs, BATCH,
			    MSG_DONTWAIT, NULL)) > 0)
				got += (size_t)n;
		while (sr_now() < next + 100 * SR_MSEC)
			nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	}
	begin = cpu() - begin;
	done = true;
	report("bare:", begin, got);
}

/* ---- ours ---- */

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
	struct sr_drain_sock *s;
	struct sr_drain_stats st;
	struct sr_drain *d;
	struct sr_loop *l;
	sr_time used;

	if (sr_loop_new(&l) != SR_OK ||
	    sr_drain_new(&d, l, on_media, NULL) != SR_OK)
		exit(71);
	for (size_t i = 0; i < nsockets; i++)
		if (sr_drain_add(d, pairs[i].rtp, &pairs[i], &s) != SR_OK)
			exit(71);
	used = cpu();
	sr_loop_run_until(l, sr_now() + (sr_time)seconds * SR_SEC);
	used = cpu() - used;
	sr_drain_stats(d, &st);
	done = true;
	report("sr_drain:", used, got);
	printf("          %.1f packets a batch, the longest wait %.1f ms\n",
	    (double)st.packets / (double)(st.batches + !st.batches),
	    (double)st.late / 1e6);
	sr_drain_free(d);
	sr_loop_free(l);
}

/* The sender's last packets are in the sockets still: they count as lost. */
static void
run(void (*receiver)(void), int *fd)
{
	pthread_t t;

	done = false;
	got = sent = 0;
	if (pthread_create(&t, NULL, sender, fd) != 0)
		exit(71);
	receiver();
	pthread_join(t, NULL);
	for (size_t i = 0; i < nsockets; i++)
		while (recvmmsg(pairs[i].rtp, msgs, BATCH, MSG_DONTWAIT,
		    NULL) > 0)
			continue;
}

int
main(int argc, char *argv[])
{
	struct rlimit lim = { 0, 0 };
	struct sr_ports_cfg cfg = { .lo = 16384, .hi = 65535,
	    .cooldown = -1 };
	struct sr_ports *p;
	struct sr_pair from;

	if (argc > 1)
		nsockets = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		rate = strtoul(argv[2], NULL, 10);
	if (argc > 3)
		seconds = strtoul(argv[3], NULL, 10);
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	sr_addr_parse(&cfg.addr, SR_STR("127.0.0.1"));
	pairs = calloc(nsockets + 1, sizeof(*pairs));
	if (pairs == NULL || sr_ports_new(&p, &cfg) != SR_OK ||
	    sr_ports_take(p, 0, true, &from) != SR_OK)
		return 71;
	for (size_t i = 0; i < nsockets; i++)
		if (sr_ports_take(p, 0, true, &pairs[i]) != SR_OK) {
			fprintf(stderr, "media-floor: %zu sockets: %s\n", i,
			    strerror(errno));
			return 71;
		}
	run(bare, &from.rtp);
	run(drained, &from.rtp);
	return 0;
}
