/* tls - a connection that strangers made up, with secrets that fit anything:
 * the hellos in the input choose the suite, the log knows their random.  The
 * input is records: direction and kind, a length of 16 bits, the bytes. */
#include "siprec/crypt.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Secrets for the random of 32 bytes 'r'. */
static struct sr_keylog *
secrets(void)
{
	static const char *const labels[] = { "CLIENT_RANDOM",
	    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
	    "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
	    "SERVER_TRAFFIC_SECRET_0" };
	struct sr_keylog *k = NULL;
	struct sr_buf b;

	if (sr_keylog_new(&k, 16) != SR_OK)
		abort();
	for (size_t i = 0; i < 5; i++) {
		sr_buf_init(&b, 1024);
		sr_buf_fmt(&b, "%s ", labels[i]);
		for (int j = 0; j < 32; j++)
			sr_buf_fmt(&b, "72");
		sr_buf_addc(&b, ' ');
		for (int j = 0; j < (i == 0 ? 48 : 32); j++)
			sr_buf_fmt(&b, "%02x", j);
		if (sr_keylog_add(k, sr_buf_str(&b)) != SR_OK)
			abort();
		sr_buf_free(&b);
	}
	return k;
}

static void
take(struct sr_tls_watch *t)
{
	struct sr_chunk out;
	volatile char sum = 0;

	while (sr_tls_watch_next(t, &out))
		for (size_t i = 0; i < out.data.n; i++)
			sum = (char)(sum ^ out.data.p[i]);
}

static void
feed(struct sr_tls_watch *t, struct sr_dtls_watch *w, uint8_t what,
    struct sr_str data)
{
	struct sr_addr a = { .ip = { 1 }, .port = 5061, .family = 4 };
	struct sr_addr b = { .ip = { 2 }, .port = 5061, .family = 4 };
	bool back = what & 1;
	struct sr_chunk c = { .kind = SR_BYTES, .time = 1, .num = 1,
	    .flow = { back ? b : a, back ? a : b, SR_TCP }, .data = data };
	struct sr_dtls_keys keys;
	struct sr_flow f;

	if (what & 2) {
		c.kind = SR_DGRAM;
		c.flow.proto = SR_UDP;
		sr_dtls_watch_feed(w, &c, &keys, &f);
		return;
	}
	if (what >> 4 == 14)
		c = (struct sr_chunk){ .kind = SR_GAP, .flow = c.flow,
		    .cut = 9 };
	if (what >> 4 == 15)
		c = (struct sr_chunk){ .kind = SR_CLOSE, .flow = c.flow };
	if (sr_tls_watch_feed(t, &c))
		take(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_keylog *log = secrets();
	struct sr_rd r = { p, n, false };
	struct sr_dtls_watch *w;
	struct sr_tls_watch *t;

	if (sr_tls_watch_new(&t, log) != SR_OK || sr_dtls_watch_new(&w, log) !=
	    SR_OK)
		abort();
	while (r.n >= 3) {
		uint8_t what = sr_u8(&r);
		size_t len = sr_u16(&r);
		char *copy;

		len = len < r.n ? len : r.n;
		if ((copy = malloc(len + 1)) == NULL)
			abort();
		memcpy(copy, sr_take(&r, len), len);
		feed(t, w, what, (struct sr_str){ copy, len });
		free(copy);
	}
	sr_keylog_add(log, (struct sr_str){ (const char *)p, n });
	sr_tls_watch_free(t);
	sr_dtls_watch_free(w);
	sr_keylog_free(log);
	return 0;
}
