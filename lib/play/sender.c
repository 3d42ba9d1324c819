/* sender - all that one stream puts on the wire, in the order of time. */
#include "siprec/play.h"

#include <stdlib.h>
#include <string.h>

#include "play/priv.h"

enum {
	PACKET_MAX = 65507,		/* of UDP */
	TRAILER = 144			/* SRTP: tag, MKI, SRTCP index */
};

struct sr_sender {
	struct sr_play *play;
	struct sr_harm *harm;
	struct sr_reporter *reporter;
	struct sr_emitter rtp;		/* of play or harm */
	struct sr_sender_cfg cfg;
	uint32_t ssrc;			/* that was reported last */
	bool renamed, ended, over;
	sr_time now;			/* of the last packet */
	sr_time rtcp_due;	/* the reporter's: asked with every packet */
	struct sr_buf rtcp, secret;
	uint64_t reports, byes, heard, broken, unprotected;
};

int
sr_sender_new(struct sr_sender **sp, const struct sr_sender_cfg *cfg)
{
	struct sr_sender *s = sr_zalloc(sizeof(*s));

	if (s == NULL || cfg->play == NULL) {
		sr_play_free(cfg->play);
		sr_harm_free(cfg->harm);
		sr_reporter_free(cfg->reporter);
		free(s);
		return s == NULL ? SR_ENOMEM : SR_EBAD;
	}
	s->cfg = *cfg;
	s->play = cfg->play;
	s->harm = cfg->harm;
	s->reporter = cfg->reporter;
	s->rtp = s->harm != NULL ? sr_harm_emitter(s->harm) :
	    sr_play_emitter(s->play);
	s->ssrc = sr_play_current(s->play)->ssrc;
	s->rtcp_due = s->reporter != NULL ? sr_reporter_due(s->reporter) :
	    SR_NEVER;
	sr_buf_init(&s->rtcp, PACKET_MAX);
	sr_buf_init(&s->secret, PACKET_MAX + TRAILER);
	*sp = s;
	return SR_OK;
}

void
sr_sender_free(struct sr_sender *s)
{
	if (s == NULL)
		return;
	sr_play_free(s->play);
	sr_harm_free(s->harm);
	sr_reporter_free(s->reporter);
	sr_buf_free(&s->rtcp);
	sr_buf_free(&s->secret);
	free(s);
}

/* ---- RTCP ---- */

/* Reports pair time stamps with the time of day, not with a clock that
 * drifts against it. */
static struct sr_play_numbers
on_the_wall(const struct sr_sender *s, const struct sr_play_numbers *n)
{
	struct sr_play_numbers w = *n;

	if (s->harm != NULL)
		w.ts_at = sr_harm_wall(s->harm, w.ts_at);
	return w;
}

static int
rtcp_packet(struct sr_sender *s, sr_time at, int err, struct sr_packet *out)
{
	if (err != SR_OK)
		return err;
	s->now = at;
	*out = (struct sr_packet){ .at = at, .head = sr_buf_str(&s->rtcp),
		.rtcp = true };
	return SR_OK;
}

static int
report(struct sr_sender *s, struct sr_packet *out)
{
	struct sr_play_numbers n =
	    on_the_wall(s, sr_play_current(s->play));
	sr_time at = s->rtcp_due > s->now ? s->rtcp_due : s->now;
	int err;

	s->rtcp.n = 0;
	err = sr_reporter_next(s->reporter, at, &n, &s->rtcp);
	s->rtcp_due = sr_reporter_due(s->reporter);
	s->reports += err == SR_OK;
	return rtcp_packet(s, at, err, out);
}

static int
bye(struct sr_sender *s, const struct sr_play_numbers *who,
    struct sr_packet *out)
{
	struct sr_play_numbers n = on_the_wall(s, who);
	int err;

	s->rtcp.n = 0;
	err = sr_reporter_bye(s->reporter, s->now, &n, &s->rtcp);
	s->byes += err == SR_OK;
	return rtcp_packet(s, s->now, err, out);
}

/* ---- the order of things ---- */

sr_time
sr_sender_due(void *sender)
{
	const struct sr_sender *s = sender;
	sr_time due;

	if (s->renamed || s->ended || s->over)
		return s->now;
	due = s->rtp.due(s->rtp.arg);
	return s->rtcp_due < due ? s->rtcp_due : due;
}

/* The next RTP packet; what it says about the stream is looked at after. */
static int
media(struct sr_sender *s, sr_time due, struct sr_packet *out)
{
	int err = s->rtp.next(s->rtp.arg, out);
	uint32_t ssrc = sr_play_current(s->play)->ssrc;

	if (err == SR_ENOENT) {
		s->ended = true;
		if (due != SR_NEVER && due > s->now)
			s->now = due;
		return SR_MORE;
	}
	if (err == SR_OK)
		s->now = out->at;
	if (ssrc != s->ssrc && s->reporter != NULL)
		s->renamed = sr_play_before(s->play)->ssrc == s->ssrc &&
		    sr_play_before(s->play)->packets > 0;
	s->ssrc = ssrc;
	return err;
}

static int
pick(struct sr_sender *s, struct sr_packet *out)
{
	sr_time due;

	if (s->over)
		return SR_ENOENT;
	if (s->ended) {
		s->over = true;
		return s->reporter == NULL ? SR_MORE :
		    bye(s, sr_play_current(s->play), out);
	}
	if (s->renamed) {
		s->renamed = false;
		return bye(s, sr_play_before(s->play), out);
	}
	due = s->rtp.due(s->rtp.arg);
	if (s->rtcp_due < due)
		return report(s, out);
	return media(s, due, out);
}

static int
protect(struct sr_sender *s, struct sr_packet *p)
{
	size_t n = p->head.n + p->body.n;
	struct sr_buf *b = &s->secret;

	b->n = 0;
	if (sr_buf_reserve(b, n + TRAILER) != SR_OK)
		return SR_ENOMEM;
	memcpy(b->p, p->head.p, p->head.n);
	if (p->body.n > 0)
		memcpy(b->p + p->head.n, p->body.p, p->body.n);
	if (s->cfg.protect(s->cfg.arg, p->rtcp, (uint8_t *)b->p, &n,
	    n + TRAILER) != SR_OK) {
		s->unprotected++;
		return SR_MORE;
	}
	p->head = (struct sr_str){ b->p, n };
	p->body = (struct sr_str){ NULL, 0 };
	return SR_OK;
}

int
sr_sender_next(void *sender, struct sr_packet *out)
{
	struct sr_sender *s = sender;
	int err = pick(s, out);

	if (err == SR_OK && s->cfg.protect != NULL)
		err = protect(s, out);
	return err;
}

struct sr_emitter
sr_sender_emitter(struct sr_sender *s)
{
	return (struct sr_emitter){ s, sr_sender_due, sr_sender_next };
}

struct sr_play *
sr_sender_play(struct sr_sender *s)
{
	return s->play;
}

void
sr_sender_wall(struct sr_sender *s, sr_time wall)
{
	if (s->reporter != NULL)
		sr_reporter_wall(s->reporter, wall);
}

void
sr_sender_hear(void *sender, sr_time now, struct sr_str rtcp)
{
	struct sr_sender *s = sender;
	size_t n = rtcp.n;

	if (s->reporter == NULL || n > PACKET_MAX)
		return;
	if (s->cfg.unprotect != NULL) {
		s->secret.n = 0;
		if (sr_buf_add(&s->secret, rtcp) != SR_OK)
			return;
		if (s->cfg.unprotect(s->cfg.arg, true,
		    (uint8_t *)s->secret.p, &n) != SR_OK) {
			s->broken++;
			return;
		}
		rtcp = (struct sr_str){ s->secret.p, n };
	}
	s->heard++;
	if (sr_reporter_hear(s->reporter, now, s->ssrc, rtcp) != SR_OK)
		s->broken++;
}

void
sr_sender_numbers(const struct sr_sender *s, struct sr_sender_numbers *out)
{
	*out = (struct sr_sender_numbers){
		.reports = s->reports, .byes = s->byes, .heard = s->heard,
		.broken = s->broken, .unprotected = s->unprotected
	};
	sr_play_numbers(s->play, &out->play);
	if (s->harm != NULL)
		sr_harm_numbers(s->harm, &out->harm);
}

size_t
sr_sender_heard(const struct sr_sender *s, struct sr_heard *out, size_t n)
{
	return s->reporter == NULL ? 0 :
	    sr_reporter_heard(s->reporter, out, n);
}
