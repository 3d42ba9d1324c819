/* replay_dtls - a stream under DTLS-SRTP: first the handshakes (RFC 5764), one
 * for each port, then what its sender says, whose time begins when there are
 * keys.  But for birth and death all of it is the pacer's thread. */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "siprec/crypt.h"

#define RETRY (250 * SR_MSEC)
#define PATIENCE (3 * SR_SEC)
static const struct sr_crypto *const crypto = &sr_crypto_full;

struct shaker {
	struct sr_dtls *end[2];		/* of RTP; of RTCP, unless muxed */
	size_t nends;
	bool done[2];
	struct guard *guard;
	struct sr_sender *sender;
	struct sr_emitter from;		/* the sender */
	sr_time start;			/* as the pacer has it */
	double speed;
	sr_time zero;		/* the sender's, by our time; or SR_NEVER */
	bool says;			/* datagrams wait to be sent */
	bool over;
	const char *trouble;
};

/* ---- key log ---- */

static int log_fd = -1;

/* One write a line: that of TLS goes there, too. */
static void
log_line(const char *line)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	if (n > 0 && (size_t)n < sizeof(text) &&
	    write(log_fd, text, (size_t)n) < 0)
		return;
}

int
shaker_log(const char *path)
{
	if (path == NULL || log_fd >= 0)
		return CLI_OK;
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0) {
		cli_warn("%s: %s", path, strerror(errno));
		return CLI_CANTCREAT;
	}
	sr_dtls_keylog(log_line);
	return CLI_OK;
}

/* ---- time ---- */

static sr_time
own_time(const struct shaker *s, sr_time real)
{
	return (sr_time)((double)(real - s->start) * s->speed);
}

/* ---- birth ---- */

static int
make(struct shaker *s, const struct sr_run_line *l)
{
	struct sr_dtls_cfg cfg = { .active = l->active,
	    .fingerprints = l->fingerprints,
	    .nfingerprints = l->nfingerprints, .retry = RETRY };
	int err = SR_OK;

	s->nends = sr_addr_eq(&l->rtp, &l->rtcp) ? 1 : 2;
	for (size_t i = 0; i < s->nends && err == SR_OK; i++)
		err = crypto->dtls_new(&s->end[i], &cfg);
	return err;
}

static void
unmake(struct shaker *s)
{
	for (size_t i = 0; i < 2; i++) {
		crypto->dtls_free(s->end[i]);
		s->end[i] = NULL;
		s->done[i] = false;
	}
}

int
shaker_new(struct shaker **sp, const struct sr_run_line *l, struct guard *g,
    struct sr_sender *sender, sr_time start, double speed)
{
	struct shaker *s = sr_zalloc(sizeof(*s));
	int err;

	if (s == NULL)
		return SR_ENOMEM;
	s->guard = g;
	s->sender = sender;
	s->from = sr_sender_emitter(sender);
	s->start = start;
	s->speed = speed;
	s->zero = SR_NEVER;
	if ((err = make(s, l)) != SR_OK) {
		shaker_free(s);
		return err;
	}
	*sp = s;
	return SR_OK;
}

void
shaker_free(struct shaker *s)
{
	if (s != NULL)
		unmake(s);
	free(s);
}

int
shaker_fresh(struct shaker **sp, const struct sr_run_line *l)
{
	struct shaker *s = sr_zalloc(sizeof(*s));
	int err = s != NULL ? make(s, l) : SR_ENOMEM;

	if (err == SR_OK)
		*sp = s;
	else
		shaker_free(s);
	return err;
}

void
shaker_take(struct shaker *s, struct shaker *fresh)
{
	unmake(s);
	guard_forget(s->guard);
	s->nends = fresh->nends;
	for (size_t i = 0; i < s->nends; i++) {
		s->end[i] = fresh->end[i];
		fresh->end[i] = NULL;
	}
	shaker_free(fresh);
}

/* ---- the handshakes ---- */

static void
begin(struct shaker *s)
{
	if (s->zero != SR_NEVER)
		return;
	s->zero = own_time(s, sr_pace_now());
	sr_sender_wall(s->sender, sr_now());
}

static void
done(struct shaker *s, size_t i)
{
	struct sr_dtls_keys keys;
	int err = crypto->dtls_keys(s->end[i], &keys);

	if (err == SR_OK)
		err = guard_dtls(s->guard, i == 1, s->nends == 1, &keys);
	crypto->wipe(&keys, sizeof(keys));
	if (err != SR_OK)
		return;
	s->done[i] = true;
	if (i == 0)
		begin(s);
}

/* RFC 5763 section 5: media of somebody else is torn down at once. */
static void
look(struct shaker *s, size_t i, int err)
{
	s->says = true;
	if (err == SR_OK) {
		if (!s->done[i])
			done(s, i);
		return;
	}
	if (s->trouble == NULL)
		s->trouble = err == SR_EAUTH ? "the server's certificate does "
		    "not have its fingerprint" : "the DTLS handshake failed";
	if (err == SR_EAUTH)
		guard_forget(s->guard);
	s->over |= err == SR_EAUTH || i == 0;
}

void
shaker_hear(struct shaker *s, bool rtcp, struct sr_str pkt)
{
	size_t i = rtcp && s->nends == 2;
	uint8_t first = pkt.n > 0 ? (uint8_t)pkt.p[0] : 0;

	/* RFC 7983: DTLS is what begins with 20 to 63. */
	if (first < 20 || first > 63 || s->end[i] == NULL || s->over)
		return;
	look(s, i, crypto->dtls_feed(s->end[i], pkt, sr_pace_now()));
}

/* ---- what the pacer asks ---- */

/* When a timer of a handshake runs out, by the real clock. */
static sr_time
timer(const struct shaker *s)
{
	sr_time at = SR_NEVER;

	for (size_t i = 0; i < s->nends && !s->over; i++) {
		sr_time t = s->end[i] != NULL ? crypto->dtls_due(s->end[i]) :
		    SR_NEVER;

		at = t < at ? t : at;
	}
	return at;
}

static sr_time
due(void *arg)
{
	const struct shaker *s = arg;
	sr_time at = timer(s), rtp = s->zero != SR_NEVER ?
	    s->from.due(s->from.arg) : SR_NEVER;

	if (s->says || s->over)
		return own_time(s, sr_pace_now());
	if (at != SR_NEVER)
		at = at > s->start ? own_time(s, at) : 0;
	if (rtp != SR_NEVER && rtp + s->zero < at)
		at = rtp + s->zero;
	return at;
}

static void
tick(struct shaker *s)
{
	sr_time now = sr_pace_now();

	if (timer(s) > now)
		return;
	for (size_t i = 0; i < s->nends; i++)
		look(s, i, crypto->dtls_tick(s->end[i], now));
}

static bool
datagram(struct shaker *s, struct sr_packet *out)
{
	for (size_t i = 0; i < s->nends; i++) {
		struct sr_str data;

		if (s->end[i] == NULL || !crypto->dtls_next(s->end[i], &data))
			continue;
		*out = (struct sr_packet){ .rtcp = i == 1, .head = data,
		    .at = own_time(s, sr_pace_now()) };
		return true;
	}
	return s->says = false;
}

static int
next(void *arg, struct sr_packet *out)
{
	struct shaker *s = arg;
	int err;

	tick(s);
	if (datagram(s, out))
		return SR_OK;
	if (s->over)
		return SR_ENOENT;
	if (s->zero == SR_NEVER || s->from.due(s->from.arg) == SR_NEVER ||
	    s->from.due(s->from.arg) + s->zero > own_time(s, sr_pace_now()))
		return SR_MORE;
	err = s->from.next(s->from.arg, out);
	if (err == SR_OK)
		out->at += s->zero;
	return err;
}

struct sr_emitter
shaker_emitter(struct shaker *s)
{
	return (struct sr_emitter){ s, due, next };
}

sr_time
shaker_time(const struct shaker *s, sr_time own)
{
	return s->zero == SR_NEVER || own < s->zero ? 0 : own - s->zero;
}

void
shaker_close(struct shaker *s)
{
	if (s->zero != SR_NEVER)
		return;			/* the sender says when it is over */
	s->over = true;
	if (s->trouble == NULL && sr_pace_now() - s->start > PATIENCE)
		s->trouble = "no DTLS handshake came about";
}

const char *
shaker_trouble(const struct shaker *s)
{
	return s->trouble;
}
