/* icecheck - asks a media port as the full side of ICE does, RFC 8445.
 *
 * icecheck [-n] PORT UFRAG PASSWORD: a connectivity check to 127.0.0.1, with -n
 * one that nominates.  Prints the address that the answer says we have, when
 * that is signed with the password and is where we are; 1 when there is no
 * answer within a second, or another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "siprec/crypt.h"

enum { HEADER = 20, TAG = 20, MAX = 600 };

struct message {
	uint8_t p[MAX];
	size_t n;
};

static void
put(struct message *m, unsigned type, const void *value, size_t n)
{
	uint8_t *at = m->p + m->n;

	at[0] = (uint8_t)(type >> 8);
	at[1] = (uint8_t)type;
	at[2] = (uint8_t)(n >> 8);
	at[3] = (uint8_t)n;
	memset(at + 4, 0, (n + 3) & ~(size_t)3);
	memcpy(at + 4, value, n);
	m->n += 4 + ((n + 3) & ~(size_t)3);
	m->p[2] = (uint8_t)((m->n - HEADER) >> 8);
	m->p[3] = (uint8_t)(m->n - HEADER);
}

/* The length in the header counts the tag, and nothing behind it. */
static void
sign(struct message *m, const char *password)
{
	uint8_t tag[TAG] = { 0 };
	size_t n = m->n;

	put(m, 0x0008, tag, sizeof(tag));
	sr_crypto_openssl.hmac(SR_SHA1, sr_cstr(password),
	    (struct sr_str){ (char *)m->p, n }, m->p + n + 4);
}

static void
ask(struct message *m, const char *ufrag, const char *password, bool nominate)
{
	static const uint8_t priority[] = { 0x6e, 0, 1, 0xff };
	char name[300];
	int n = snprintf(name, sizeof(name), "%s:theirs", ufrag);

	*m = (struct message){ .p = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 },
	    .n = HEADER };
	sr_crypto_openssl.random(m->p + 8, 12);
	put(m, 0x0006, name, (size_t)n);
	put(m, 0x0024, priority, sizeof(priority));
	put(m, 0x802a, "\1\2\3\4\5\6\7\10", 8);	/* ICE-CONTROLLING */
	if (nominate)
		put(m, 0x0025, "", 0);
	sign(m, password);
}

/* A success response to q that is signed, and knows where we are. */
static bool
answers(const struct message *a, const struct message *q,
    const char *password, const struct sockaddr_in *us)
{
	uint32_t ip = ntohl(us->sin_addr.s_addr) ^ 0x2112a442;
	unsigned port = ntohs(us->sin_port) ^ 0x2112u;
	struct message s = { .n = HEADER + 12 };
	const uint8_t *v = a->p + HEADER + 4;

	if (a->n < HEADER + 12 + 4 + TAG || a->p[0] != 1 || a->p[1] != 1 ||
	    memcmp(a->p + 4, q->p + 4, 16) != 0)
		return false;
	if ((unsigned)(v[2] << 8 | v[3]) != port || ((uint32_t)v[4] << 24 |
	    (uint32_t)v[5] << 16 | (uint32_t)v[6] << 8 | v[7]) != ip)
		return false;
	memcpy(s.p, a->p, s.n);
	sign(&s, password);
	return memcmp(s.p + HEADER, a->p + HEADER, s.n - HEADER) == 0;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET }, us;
	struct timeval second = { 1, 0 };
	bool nominate = argc > 1 && strcmp(argv[1], "-n") == 0;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct message q, a = { .n = 0 };
	socklen_t len = sizeof(us);
	ssize_t n;

	argv += nominate;
	if (argc - nominate != 4) {
		fputs("icecheck [-n] PORT UFRAG PASSWORD\n", stderr);
		return 2;
	}
	to.sin_port = htons((uint16_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&us, &len) != 0) {
		perror("icecheck");
		return 2;
	}
	ask(&q, argv[2], argv[3], nominate);
	if (send(fd, q.p, q.n, 0) != (ssize_t)q.n ||
	    (n = recv(fd, a.p, sizeof(a.p), 0)) < 0)
		return 1;
	a.n = (size_t)n;
	if (!answers(&a, &q, argv[3], &us))
		return 1;
	printf("127.0.0.1:%d\n", ntohs(us.sin_port));
	return 0;
}
