/* wire - two user agents and what is between them, on a clock of its own. */
#ifndef UA_WIRE_H
#define UA_WIRE_H

#include "siprec/ua.h"

enum { CLIENT, SERVER, WIRE_LOG = 2048, WIRE_FLYING = 512 };

struct seen {				/* one event of one side */
	int side;
	sr_time at;
	enum sr_ua_kind kind;
	enum sr_method method;
	int status, fault;
	uint64_t cookie;
	uint32_t retry_after;
	const char *why;
	struct sr_dialog *dialog;
	struct sr_tx *tx;
	struct sr_hop hop;
	char *data;			/* SEND: the message; else the body */
	bool lost;
};
struct flying {
	sr_time at;
	int to;
	struct sr_hop from;
	char *data;
	size_t n;
};
struct wire_net {
	struct sr_ua *ua[2];
	struct sr_addr addr[2];
	sr_time now, start, delay;
	struct seen log[WIRE_LOG];
	size_t n;
	struct flying flying[WIRE_FLYING];
	size_t nflying;
	/* true: this one gets lost; nth counts the sends of that kind */
	bool (*loses)(struct wire_net *w, const struct seen *s);
	int answer;	/* the server's to INVITE, UPDATE; 0: by hand */
	const char *answer_body;	/* NULL: a small SDP; "": none */
	int copies;			/* of each datagram, 0: one */
	struct sr_tx *tx[2];	/* the last request to each side */
	struct sr_dialog *d[2];
	uint64_t resolve;		/* last ticket */
	void (*cfg)(int side, struct sr_ua_cfg *c);
	uint64_t reborn;
};

extern const char wire_sdp[];
struct wire_net *wire_up(void (*cfg)(int side, struct sr_ua_cfg *c));
void wire_down(struct wire_net *w);
void wire_forget(struct wire_net *w);	/* what was seen so far */
/* The process of that side dies, and one comes that knows its dialog. */
void wire_reborn(struct wire_net *w, int side);
void wire_run(struct wire_net *w, sr_time how_long);
void wire_drain(struct wire_net *w);
/* Message to a side, as from the other one (with $ as CRLF). */
void wire_tell(struct wire_net *w, int side, const char *text);
void wire_tell_raw(struct wire_net *w, int side, const struct sr_hop *from,
    struct sr_str raw);
struct sr_dialog *wire_call(struct wire_net *w,
    const struct sr_ua_invite *more);
/* The default of wire_call, to be changed. */
struct sr_ua_invite wire_invite(void);
struct sr_hop wire_hop(const struct wire_net *w, int side);	/* to it */
void wire_reply(struct wire_net *w, int side, int status, const char *body,
    enum sr_ua_reliable rel);
/* How many events of that kind; status -1, SR_M_NONE: any. */
size_t wire_count(const struct wire_net *w, int side, enum sr_ua_kind kind,
    enum sr_method m, int status);
const struct seen *wire_last(const struct wire_net *w, int side,
    enum sr_ua_kind kind, enum sr_method m, int status);
const struct seen *wire_nth(const struct wire_net *w, int side,
    enum sr_ua_kind kind, enum sr_method m, int status, size_t n);
bool wire_says(const struct seen *s, const char *text);
/* A header of a message that was sent. */
struct sr_str wire_header(const struct seen *s, const char *name);

#endif
