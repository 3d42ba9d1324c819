/* extract_secrets - what siprec-extract was given to open TLS and DTLS-SRTP
 * with, between the packets and the engine. */
#include "extract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/core.h"
#include "siprec/crypt.h"

enum { MAX_SECRETS = 1000000, MAX_LOG = 256 << 20, PART = 65536 };

struct secrets {
	struct sr_keylog *log;
	struct sr_tls_watch *tls;
	struct sr_dtls_watch *dtls;
	const struct sr_capture *from;
	size_t learned;			/* bytes of its secrets */
};

struct secrets *
secrets_new(void)
{
	struct secrets *s = calloc(1, sizeof(*s));

	if (s != NULL && sr_keylog_new(&s->log, MAX_SECRETS) == SR_OK &&
	    sr_tls_watch_new(&s->tls, s->log) == SR_OK &&
	    sr_dtls_watch_new(&s->dtls, s->log) == SR_OK)
		return s;
	secrets_free(s);
	return NULL;
}

void
secrets_free(struct secrets *s)
{
	if (s == NULL)
		return;
	sr_tls_watch_free(s->tls);
	sr_dtls_watch_free(s->dtls);
	sr_keylog_free(s->log);
	free(s);
}

static int
read_all(int fd, struct sr_buf *text)
{
	ssize_t n;

	do {
		if (sr_buf_reserve(text, PART) != SR_OK) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, text->p + text->n, PART);
		if (n > 0)
			text->n += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -1 : 0;
}

int
secrets_read(struct secrets *s, const char *path)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) :
	    open(path, O_RDONLY | O_CLOEXEC), status = CLI_OK;
	struct sr_buf text;

	sr_buf_init(&text, MAX_LOG);
	if (fd < 0 || read_all(fd, &text) != 0) {
		cli_warn("%s: %s", path, strerror(errno));
		status = CLI_NOINPUT;
	} else if (sr_keylog_add(s->log, sr_buf_str(&text)) != SR_OK) {
		cli_warn("%s: more than %d secrets: the rest is left out",
		    path, MAX_SECRETS);
	} else if (sr_keylog_count(s->log) == 0) {
		cli_warn("%s: no secret in it", path);
	}
	if (text.p != NULL)
		sr_crypto_full.wipe(text.p, text.cap);
	sr_buf_free(&text);
	if (fd >= 0)
		close(fd);
	return status;
}

void
secrets_learn(struct secrets *s, const struct sr_capture *c)
{
	struct sr_str all = sr_capture_secrets(c);

	if (s->from != c)
		s->learned = 0;
	s->from = c;
	if (all.n == s->learned)
		return;
	sr_keylog_add(s->log, sr_substr(all, s->learned, all.n));
	s->learned = all.n;
}

/* The client's key is for what it sends: RFC 5764 4.2. */
static void
handshake(struct secrets *s, struct sr_engine *e, const struct sr_chunk *c)
{
	struct sr_dtls_keys keys;
	struct sr_flow f, back;

	if (sr_dtls_watch_feed(s->dtls, c, &keys, &f) != SR_OK)
		return;
	back = (struct sr_flow){ .src = f.dst, .dst = f.src, .proto = f.proto };
	sr_engine_key(e, &f, &keys.send);
	sr_engine_key(e, &back, &keys.receive);
	sr_crypto_full.wipe(&keys, sizeof(keys));
}

bool
secrets_any(const struct secrets *s)
{
	return sr_keylog_count(s->log) > 0;
}

bool
secrets_take(struct secrets *s, struct sr_engine *e, const struct sr_chunk *c)
{
	if (c->kind != SR_DGRAM)
		return sr_tls_watch_feed(s->tls, c);
	/* RFC 7983: DTLS by its first byte. */
	if (c->data.n > 0 && (uint8_t)c->data.p[0] >= 20 &&
	    (uint8_t)c->data.p[0] <= 63)
		handshake(s, e, c);
	return false;
}

bool
secrets_next(struct secrets *s, struct sr_chunk *out)
{
	return sr_tls_watch_next(s->tls, out);
}
