/* Bytes of a stranger on a TCP connection, in pieces: the first byte says how
 * long a piece is.  Whatever comes, the connection lives or ends, messages are
 * within the limit, and it is told once that it is over. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "siprec/io.h"

enum { MAX = 4096 };

#define REPLY "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sr_loop *loop;
static struct sr_transport *transport;
static struct sr_addr at;
static size_t ended;

static void
on_message(void *arg, const struct sr_hop *from, sr_time when,
    struct sr_str raw, unsigned flags)
{
	struct sr_hop to = *from;
	volatile char last;

	(void)arg;
	(void)when;
	if (raw.n == 0 || (raw.n > MAX && (flags & SR_IN_TOO_LARGE) == 0))
		abort();
	last = raw.p[raw.n - 1];
	(void)last;
	sr_transport_send(transport, &to, SR_STR(""), SR_STR(REPLY));
	if (raw.n % 7 == 0)
		sr_conn_close(transport, from->conn);
}

static void
on_closed(void *arg, const struct sr_hop *hop, int err, const char *why,
    bool lost)
{
	(void)arg;
	(void)hop;
	(void)err;
	(void)lost;
	if (why == NULL)
		abort();
	ended++;
}

static void
start(void)
{
	struct sr_transport_cfg cfg = { .max_message = MAX,
	    .max_accepts = 1000000, .linger = SR_MSEC };
	struct sr_transport_cbs cbs = { NULL, on_message, on_closed };
	struct sr_buf why;

	sr_buf_init(&why, 256);
	if (sr_loop_new(&loop) != SR_OK ||
	    sr_transport_new(&transport, loop, &cfg, &cbs) != SR_OK ||
	    sr_transport_listen(transport, "tcp:127.0.0.1:0", &at, &why) !=
	    SR_OK)
		abort();
	sr_buf_free(&why);
}

static int
dial(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_port = htons(at.port),
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct linger reset = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0)
		abort();
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sr_transport_stats st;
	size_t piece, n;
	int fd;

	if (size < 2)
		return 0;
	if (loop == NULL)
		start();
	piece = data[0] + 1u;
	ended = 0;
	fd = dial();
	for (size_t i = 1; i < size && i < 64 * piece; i += n) {
		n = size - i < piece ? size - i : piece;
		if (send(fd, data + i, n, MSG_NOSIGNAL) < 0)
			break;
		sr_loop_run_until(loop, sr_now());
	}
	close(fd);
	for (int i = 0; i < 1000 && ended == 0; i++)
		sr_loop_run_until(loop, sr_now() + SR_MSEC / 10);
	sr_transport_stats(transport, &st);
	if (ended != 1 || st.conns != 0)
		abort();
	return 0;
}
