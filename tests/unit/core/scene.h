/* scene: a client, a server, their words and packets, and what is said of it.
 *
 * Messages are built from few facts; what is not given has a default.  Each
 * event adds a word to `said`; media is counted by label instead. */
#ifndef CORE_TEST_SCENE_H
#define CORE_TEST_SCENE_H

#include "unit/test.h"

#include <stdarg.h>

#include "siprec/core.h"
#include "siprec/crypt.h"

#define MS SR_MSEC
#define RTP_PORT 40000
enum { SRC, SRS };			/* who speaks: 192.0.2.1, 192.0.2.2 */

static struct sr_engine *engine;
static sr_time now;
static uint64_t frame;
static char said[65536];
static size_t nsaid;
static char last_json[65536];
static char end_json[65536];
static struct { char label[64]; unsigned n; int64_t end; } heard[64];
static size_t nheard;
static unsigned nwarned;
static char warned[4096];

static inline void
word(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(said + nsaid, sizeof(said) - nsaid, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(said) - nsaid)
		nsaid += (size_t)n;
}

static inline void
count_media(const struct sr_event *ev)
{
	struct sr_str label = sr_stream_label(ev->stream);
	size_t i = 0, index = sr_stream_index(ev->stream);
	char name[64];

	snprintf(name, sizeof(name), "%.*s#%zu", SR_FMT(label), index);
	while (i < nheard && strcmp(heard[i].label, name) != 0)
		i++;
	if (i == 64)
		return;
	if (i == nheard) {
		strcpy(heard[nheard++].label, name);
		heard[i].n = 0;
	}
	heard[i].n++;
	heard[i].end = ev->u.media->at + ev->u.media->ticks;
}

/* Packets of the stream with that label and index. */
static inline unsigned
media_of(const char *label, size_t index)
{
	char name[64];

	snprintf(name, sizeof(name), "%s#%zu", label, index);
	for (size_t i = 0; i < nheard; i++)
		if (strcmp(heard[i].label, name) == 0)
			return heard[i].n;
	return 0;
}

static inline void
say_event(const struct sr_event *ev)
{
	struct sr_str id = ev->session != NULL ? sr_session_id(ev->session) :
	    SR_STR("-");
	struct sr_str label = ev->stream != NULL ?
	    sr_stream_label(ev->stream) : SR_STR("");

	switch (ev->kind) {
	case SR_EV_BEGIN:
		word("begin %.*s|", SR_FMT(id));
		break;
	case SR_EV_OFFER:
	case SR_EV_ANSWER:
		word("%s %u %s|", ev->kind == SR_EV_OFFER ? "offer" : "answer",
		    ev->u.sdp.n, ev->u.sdp.by_src ? "src" : "srs");
		break;
	case SR_EV_META:
		word("meta %u|", ev->u.meta.n);
		break;
	case SR_EV_STREAM:
		word("stream %.*s|", SR_FMT(label));
		break;
	case SR_EV_DTMF:
		word("dtmf %.*s %c|", SR_FMT(label), ev->u.dtmf.digit);
		break;
	case SR_EV_PAUSE:
		word("pause %.*s|", SR_FMT(label));
		break;
	case SR_EV_RESUME:
		word("resume %.*s|", SR_FMT(label));
		break;
	case SR_EV_REPLACED:
		word("replaced %.*s|", SR_FMT(id));
		break;
	case SR_EV_END:
		word("end %.*s %s|", SR_FMT(id), ev->u.end.reason);
		break;
	case SR_EV_GAP:
		word("gap|");
		break;
	case SR_EV_SSRC:
		word("ssrc|");
		break;
	case SR_EV_HOLD:
		word("hold %.*s %d|", SR_FMT(label), ev->u.hold.on);
		break;
	case SR_EV_WARN:
		nwarned++;
		snprintf(warned, sizeof(warned), "%s %d %.*s",
		    ev->u.warn.rule, ev->u.warn.status,
		    SR_FMT(ev->u.warn.text));
		break;
	case SR_EV_CONTINUED:
		word("continued %.*s %s %.*s|", SR_FMT(id),
		    ev->u.continued.of ? "of" : "by",
		    SR_FMT(ev->u.continued.session));
		break;
	case SR_EV_WIRE:
	case SR_EV_MEDIA:
		break;
	}
}

static inline void
drain(void)
{
	const struct sr_event *ev;
	struct sr_buf b;

	while ((ev = sr_engine_next(engine)) != NULL) {
		if (ev->kind == SR_EV_MEDIA) {
			count_media(ev);
			continue;
		}
		sr_buf_init(&b, sizeof(last_json) - 1);
		CHECK_EQ(sr_event_json(ev, NULL, &b), SR_OK);
		memcpy(last_json, b.p, b.n);
		last_json[b.n] = '\0';
		if (ev->kind == SR_EV_END)
			strcpy(end_json, last_json);
		b.n = 0;
		CHECK_EQ(sr_event_text(ev, &b), SR_OK);
		sr_buf_free(&b);
		say_event(ev);
	}
}

static inline void
scene_with(const struct sr_cfg *how)
{
	struct sr_cfg cfg = *how;

	if (cfg.crypto == NULL)
		cfg.crypto = &sr_crypto_openssl;
	CHECK_EQ(sr_engine_new(&engine, &cfg), SR_OK);
	now = 1700000000 * SR_SEC;
	frame = 0;
	nsaid = nheard = nwarned = 0;
	said[0] = warned[0] = end_json[0] = '\0';
}

static inline void
scene(bool all)
{
	scene_with(&(struct sr_cfg){ .all = all });
}

/* The curtain; what was said is compared with what should have been. */
static inline void
scene_end(void)
{
	sr_engine_finish(engine, now);
	drain();
	sr_engine_free(engine);
	engine = NULL;
}
#define SAID(want) CHECK_STR(sr_cstr(said), want)

static inline void
forget_said(void)
{
	nsaid = 0;
	said[0] = '\0';
}

static inline struct sr_addr
addr_of(int who, uint16_t port)
{
	return (struct sr_addr){ .ip = { 192, 0, 2, (uint8_t)(who + 1) },
	    .port = port, .family = 4 };
}

static inline void
feed(enum sr_chunk_kind kind, struct sr_flow flow, const void *p, size_t n)
{
	struct sr_chunk c = { .kind = kind, .flow = flow, .time = now,
	    .num = ++frame, .data = guarded(p, n) };

	CHECK_EQ(sr_engine_feed(engine, &c), SR_OK);
	drain();
}

/* ---- SIP ---- */

struct msg {
	const char *line;		/* "INVITE", or "200 OK" */
	const char *id, *from, *to;	/* Call-ID, tags */
	const char *cseq, *branch, *contact, *extra;
	const char *sdp, *meta;
	bool plain;			/* no mark of a recording */
};

static inline const char *
or(const char *s, const char *otherwise)
{
	return s != NULL ? s : otherwise;
}

static inline size_t
msg_body(char *b, size_t size, const struct msg *m, const char **type)
{
	*type = "application/sdp";
	if (m->meta == NULL)
		return (size_t)snprintf(b, size, "%s", or(m->sdp, ""));
	*type = "multipart/mixed;boundary=B";
	return (size_t)snprintf(b, size, "--B\r\nContent-Type: "
	    "application/sdp\r\n\r\n%s\r\n--B\r\nContent-Type: "
	    "application/rs-metadata+xml\r\nContent-Disposition: "
	    "recording-session\r\n\r\n%s\r\n--B--\r\n", or(m->sdp, ""),
	    m->meta);
}

static inline size_t
msg_text(char *t, size_t size, const struct msg *m)
{
	static char body[400000];
	bool response = m->line[0] >= '0' && m->line[0] <= '9';
	const char *type;
	size_t n = msg_body(body, sizeof(body), m, &type);
	char to[128] = "";

	if (m->to != NULL)
		snprintf(to, sizeof(to), ";tag=%s", m->to);
	return (size_t)snprintf(t, size, "%s%s%s\r\n"
	    "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%s\r\n"
	    "From: <sip:src@example.com>;tag=%s\r\n"
	    "To: <sip:srs@example.com>%s\r\n"
	    "Call-ID: %s\r\nCSeq: %s\r\n%s%s%s%s%s%s%s"
	    "Content-Length: %zu\r\n\r\n%s",
	    response ? "SIP/2.0 " : "", m->line,
	    response ? "" : " sip:srs@example.com SIP/2.0",
	    or(m->branch, or(m->cseq, "1 INVITE")), or(m->from, "f"), to,
	    or(m->id, "call@x"), or(m->cseq, "1 INVITE"),
	    m->plain ? "" : "Contact: ", m->plain ? "" :
	    or(m->contact, response ? "<sip:srs@192.0.2.2>;+sip.srs" :
	    "<sip:src@192.0.2.1>;+sip.src"), m->plain ? "" : "\r\n",
	    or(m->extra, ""), n > 0 ? "Content-Type: " : "",
	    n > 0 ? type : "", n > 0 ? "\r\n" : "", n, body);
}

static inline struct sr_flow
sip_flow(int who, enum sr_proto proto)
{
	return (struct sr_flow){ addr_of(who, 5060), addr_of(!who, 5060),
	    proto };
}

static inline void
sip_put(int who, struct msg m)
{
	static char text[500000];

	feed(SR_DGRAM, sip_flow(who, SR_UDP), text,
	    msg_text(text, sizeof(text), &m));
	now += MS;
}
#define SIP(who, ...) sip_put(who, (struct msg){ __VA_ARGS__ })

/* A description with one m-line for each label, from port on by twos. */
static inline const char *
sdp(int who, int port, const char *dir, const char *labels)
{
	static char ring[8][4096];
	static unsigned next;
	char *t = ring[next++ % 8];
	int n = snprintf(t, 4096, "v=0\r\no=- 1 1 IN IP4 192.0.2.%d\r\ns=-\r\n"
	    "c=IN IP4 192.0.2.%d\r\nt=0 0\r\n", who + 1, who + 1);

	for (; *labels != '\0'; labels++) {
		n += snprintf(t + n, 4096 - (size_t)n, "m=audio %d RTP/AVP 0 "
		    "101\r\na=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
		    port, dir);
		if (*labels != '-')
			n += snprintf(t + n, 4096 - (size_t)n,
			    "a=label:%c\r\n", *labels);
		port += port > 0 ? 2 : 0;
	}
	return t;
}
#define OFFER sdp(SRC, RTP_PORT, "sendonly", "1")
#define ANSWER sdp(SRS, RTP_PORT, "recvonly", "1")

/* INVITE, 200 and ACK of a recording session with these labels. */
static inline void
establish(const char *labels)
{
	SIP(SRC, "INVITE", .sdp = sdp(SRC, RTP_PORT, "sendonly", labels));
	SIP(SRS, "200 OK", .to = "t", .sdp = sdp(SRS, RTP_PORT, "recvonly",
	    labels));
	SIP(SRC, "ACK", .to = "t", .cseq = "1 ACK");
}
#define BYE() SIP(SRC, "BYE", .to = "t", .cseq = "99 BYE")

/* ---- RTP ---- */

struct talk {
	int who, port, to_port;		/* to_port 0: the same */
	uint32_t ssrc;
	int from, n;			/* packets of 20 ms */
	uint8_t pt;
	struct sr_addr src, dst;	/* family 0: by who and port */
	size_t cut;
};

static inline void
rtp_put(const struct sr_flow *f, uint8_t pt, bool marker, uint16_t seq,
    uint32_t ts, uint32_t ssrc, const char *payload, size_t n, size_t cut)
{
	uint8_t b[2000] = { 0x80, (uint8_t)(marker << 7 | pt),
	    (uint8_t)(seq >> 8), (uint8_t)seq, (uint8_t)(ts >> 24),
	    (uint8_t)(ts >> 16), (uint8_t)(ts >> 8), (uint8_t)ts,
	    (uint8_t)(ssrc >> 24), (uint8_t)(ssrc >> 16),
	    (uint8_t)(ssrc >> 8), (uint8_t)ssrc };
	struct sr_chunk c = { .kind = SR_DGRAM, .flow = *f, .time = now,
	    .num = ++frame, .cut = cut };

	memcpy(b + 12, payload, n);
	c.data = guarded(b, 12 + n);
	CHECK_EQ(sr_engine_feed(engine, &c), SR_OK);
	drain();
}

static inline struct sr_flow
talk_flow(const struct talk *t)
{
	int port = t->port != 0 ? t->port : RTP_PORT;
	struct sr_flow f = { addr_of(t->who, (uint16_t)port), addr_of(!t->who,
	    (uint16_t)(t->to_port != 0 ? t->to_port : port)), SR_UDP };

	if (t->src.family != 0)
		f.src = t->src;
	if (t->dst.family != 0)
		f.dst = t->dst;
	return f;
}

static inline void
talk_put(struct talk t)
{
	struct sr_flow f = talk_flow(&t);
	char speech[160];

	memset(speech, 0xd5, sizeof(speech));
	for (int i = t.from; i < t.from + t.n; i++) {
		rtp_put(&f, t.pt, i == 0, (uint16_t)i, (uint32_t)i * 160,
		    t.ssrc != 0 ? t.ssrc : 7, speech, 160 - t.cut, t.cut);
		now += 20 * MS;
	}
}
#define TALK(...) talk_put((struct talk){ __VA_ARGS__ })

#endif
