/* floor - what this machine allows: the least work that gives the same files.
 *
 * floor next FILE          libpcap's loop, and nothing else
 * floor decode FILE DIR    the same; headers read, streams found by hash,
 *                          G.711 decoded by table, a WAV per SSRC
 *
 * No order, no clock, no dialog: packets go to the file as they come.  One
 * thread.  Only Ethernet, IPv4 and UDP, because nothing here is a tool. */
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOTS = 1 << 13, BUFFER = 32768, WAV_HEAD = 44, RATE = 8000 };

struct key {
	uint32_t src, dst, ssrc;
	uint16_t sport, dport;
};
struct stream {
	struct key key;
	int used, fd;
	int16_t *v;			/* room for one packet past BUFFER */
	uint32_t n, written;
};

static struct stream table[SLOTS];
static int16_t pcm[2][256];		/* of payload type 0 and 8 */
static const char *dir;

static void
die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
make_tables(void)
{
	int i;

	for (i = 0; i < 256; i++) {
		int u = ~i & 0xff, a = i ^ 0x55, seg = a >> 4 & 7;
		int m = (((u & 15) << 3) + 132) << (u >> 4 & 7);
		int n = (a & 15) << 4 | 8;

		if (seg > 0)
			n = (n | 0x100) << (seg - 1);
		pcm[0][i] = (int16_t)(u & 0x80 ? 132 - m : m - 132);
		pcm[1][i] = (int16_t)(a & 0x80 ? n : -n);
	}
}

static struct stream *
look_up(const struct key *k)
{
	uint64_t h = (uint64_t)k->ssrc << 32 ^ (uint64_t)k->sport << 16 ^
	    k->dport ^ (uint64_t)k->src << 7 ^ k->dst;
	unsigned i;

	for (i = (unsigned)(h * 0x9e3779b97f4a7c15u >> 51);; i++) {
		struct stream *s = &table[i % SLOTS];

		if (s->used && memcmp(&s->key, k, sizeof(*k)) == 0)
			return s;
		if (!s->used) {
			s->used = 1;
			s->fd = -1;
			s->key = *k;
			return s;
		}
	}
}

static void
open_stream(struct stream *s)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%08x.wav", dir, s->key.ssrc);
	s->fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	if (s->fd < 0 || lseek(s->fd, WAV_HEAD, SEEK_SET) < 0)
		die(path);
	if ((s->v = malloc((BUFFER + 2048) * sizeof(*s->v))) == NULL)
		die("malloc");
}

static void
flush(struct stream *s, uint32_t n)
{
	if (write(s->fd, s->v, n * 2) != (ssize_t)(n * 2))
		die("write");
	s->written += n * 2;
	s->n -= n;
	memmove(s->v, s->v + n, s->n * 2);
}

static void
decode(const uint8_t *p, unsigned n)
{
	const uint8_t *ip = p + 14, *udp, *rtp;
	unsigned pt, i, head;
	const int16_t *t;
	struct stream *s;
	struct key k;

	if (n < 54 || p[12] != 8 || p[13] != 0 || ip[9] != 17)
		return;
	udp = ip + 4 * (ip[0] & 15);
	rtp = udp + 8;
	head = 12 + 4 * (rtp[0] & 15u);
	pt = rtp[1] & 0x7f;
	n -= (unsigned)(rtp - p);
	if (rtp[0] >> 6 != 2 || (pt != 0 && pt != 8) || n < head ||
	    n - head > 2048)
		return;
	memcpy(&k.src, ip + 12, 4);
	memcpy(&k.dst, ip + 16, 4);
	memcpy(&k.sport, udp, 2);
	memcpy(&k.dport, udp + 2, 2);
	memcpy(&k.ssrc, rtp + 8, 4);
	s = look_up(&k);
	if (s->fd < 0)
		open_stream(s);
	t = pcm[pt == 8];
	for (i = head; i < n; i++)
		s->v[s->n++] = t[rtp[i]];
	if (s->n >= BUFFER)
		flush(s, BUFFER);
}

static void
le32(uint8_t *p, uint32_t v)
{
	int i;

	for (i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void
finish(struct stream *s)
{
	uint8_t h[WAV_HEAD] = "RIFF....WAVEfmt \20\0\0\0\1\0\1\0";

	flush(s, s->n);
	le32(h + 4, 36 + s->written);
	le32(h + 24, RATE);
	le32(h + 28, 2 * RATE);
	h[32] = 2;
	h[34] = 16;
	memcpy(h + 36, "data", 4);
	le32(h + 40, s->written);
	if (pwrite(s->fd, h, sizeof(h), 0) != (ssize_t)sizeof(h))
		die("write");
	close(s->fd);
}

int
main(int argc, char **argv)
{
	struct rlimit lim = { 4096, 4096 };
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	unsigned long frames = 0;
	const u_char *p;
	pcap_t *cap;
	int i;

	if (argc < 3 || (strcmp(argv[1], "decode") == 0 && argc < 4)) {
		fputs("usage: floor next FILE | floor decode FILE DIR\n",
		    stderr);
		return 64;
	}
	dir = strcmp(argv[1], "decode") == 0 ? argv[3] : NULL;
	if (dir != NULL && mkdir(dir, 0777) != 0 && errno != EEXIST)
		die(dir);
	setrlimit(RLIMIT_NOFILE, &lim);
	make_tables();
	if ((cap = pcap_open_offline(argv[2], why)) == NULL) {
		fprintf(stderr, "floor: %s\n", why);
		return 66;
	}
	for (; pcap_next_ex(cap, &h, &p) == 1; frames++)
		if (dir != NULL)
			decode(p, h->caplen);
	for (i = 0; i < SLOTS; i++)
		if (table[i].used)
			finish(&table[i]);
	pcap_close(cap);
	printf("%lu frames\n", frames);
	return 0;
}
