/* rig: a recording server and a client made of text, on one clock. */
#ifndef SERVE_RIG_H
#define SERVE_RIG_H

#include "siprec/crypt.h"
#include "siprec/serve.h"
#include "unit/test.h"

enum { RIG_SENT = 512, RIG_EVENTS = 2048 };

struct rig_sent {
	char *p;
	size_t n;
	enum sr_method method;
	int status;
	struct sr_hop hop;
};
struct rig {
	struct sr_serve *s;
	sr_time now;
	struct rig_sent sent[RIG_SENT];
	size_t nsent;
	char events[RIG_EVENTS][160];	/* "PORTS 0 1", "MUTE 0 on" ... */
	size_t nevents;
	bool no_ports, hold_ports;	/* refuse; answer later */
	uint64_t leg;			/* of the last event that had one */
	size_t nwant;			/* of the last PORTS */
	uint16_t port;			/* next one */
	struct sr_engine *engine;	/* hears all that is said */
	/* the client */
	const char *call_id, *from_tag;
	char to_tag[64];
	unsigned branch, cseq;
	const char *contact;		/* whole value */
	const char *identity;
	const char *also;		/* header lines in each request */
	const char *allow;
	enum sr_proto proto;
	struct sr_addr peer;
	struct sr_crypto crypto;
	/* its store */
	void (*tune)(struct sr_serve_cfg *cfg);
	struct sr_buf record;		/* of the last PERSIST */
	uint64_t ticket;		/* of the last PERSIST */
	bool slow_store;		/* tickets are answered by hand */
	bool no_keys;			/* records hold none */
	bool elsewhere;			/* what ports were before, is taken */
};

/* decodes PCMU, PCMA and G.722; T1 as usual */
struct rig *rig_up(void (*tune)(struct sr_serve_cfg *cfg));
void rig_down(struct rig *r);
/* The process dies, and another one has the record of session "call-1", which
 * is saved now unless with_last says that it is the one of the last PERSIST;
 * fetched for a message of the client, or (no from) at its start. */
void rig_reborn(struct rig *r, bool with_last, bool from);
void rig_engine(struct rig *r);	/* from now on */
void rig_drain(struct rig *r);
/* Until then, at all times when it wants to be woken. */
void rig_run(struct rig *r, sr_time by);
void rig_raw(struct rig *r, struct sr_str raw);
/* A request of the client; type NULL: no body. */
void rig_ask(struct rig *r, const char *method, const char *headers,
    const char *type, const char *body);
/* The same CSeq again, another branch or not. */
void rig_ack(struct rig *r, const char *body);
/* INVITE, 2xx, ACK with RFC marks. */
void rig_call(struct rig *r, const char *sdp);
/* The answer of the client to the last request of the server. */
void rig_say(struct rig *r, int status, const char *headers,
    const char *type, const char *body);
/* ... to its last INVITE: with its own SDP, turned round, and then the ACK is
 * the server's. */
void rig_agree(struct rig *r);
/* The last that the server sent; NULL: nothing of that kind.  method SR_M_NONE
 * and status -1 are any. */
const struct rig_sent *rig_last(const struct rig *r, enum sr_method m,
    int status);
size_t rig_count(const struct rig *r, enum sr_method m, int status);
size_t rig_requests(const struct rig *r, enum sr_method m); /* no copies */
int rig_status(const struct rig *r);	/* of the last response */
bool rig_says(const struct rig_sent *t, const char *text);
/* How often an event of that text, or that begins so with a *, was there. */
size_t rig_events(const struct rig *r, const char *text);
void rig_forget(struct rig *r);		/* events and messages so far */

#define RIG_OFFER							\
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\n" \
	"t=0 0\r\n"							\
	"m=audio 12240 RTP/AVP 0 8 101\r\na=sendonly\r\na=label:1\r\n"	\
	"a=rtpmap:101 telephone-event/8000\r\n"				\
	"m=audio 12242 RTP/AVP 0 8\r\na=sendonly\r\na=label:2\r\n"
#define RIG_SDP "application/sdp"
#define RIG_META "application/rs-metadata+xml"
#define RIG_MARKS "Require: siprec\r\n"

#endif
