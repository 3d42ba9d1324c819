/* tls_watch - TLS connections of a capture, opened with the secrets of a key
 * log.
 *
 * Each direction is a row of records.  What is sealed waits until the other
 * direction has said with what; what cannot be opened ends the connection for
 * us, with a word, once for all connections. */
#include "crypt/priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 4096, MAX_CONNS = 4096, MAX_HELD = 64 << 20,
	MAX_IN = 256 << 10, MAX_MESSAGE = 128 << 10, MAX_OUT = 256,
	MAX_PLAIN = 4 << 20, MAX_SKIPPED = 64, HEADER = 5,
	MAX_LOST = 256, MAX_TRIES = 4096	/* records, behind a hole */
};
enum { CHANGE_CIPHER = 20, ALERT = 21, HANDSHAKE = 22, DATA = 23 };
enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, FINISHED = 20, KEY_UPDATE = 24 };
enum { WAIT = 1 };			/* for the other direction */

static const char no_secret[] = "a TLS connection whose secrets are not in "
    "the key log";
static const char no_suite[] = "a TLS connection with a version or a cipher "
    "that is not opened here";
static const char no_record[] = "a TLS connection that cannot be followed any "
    "further: its records do not fit its secrets, or are broken";

struct half {
	struct sr_buf in, message;	/* not cut, not whole yet */
	struct tls_box box;
	bool traffic, closed;		/* traffic: behind Finished (1.3) */
	bool blind;			/* to its handshake */
	bool lost;			/* behind a hole, not at a record */
	unsigned skipped, tries;
};
struct conn {
	struct conn *next, *older, *newer;
	struct sr_flow flow;		/* of half 0 */
	struct tls_hello hello;
	int client;			/* which half */
	bool dead;
	struct half half[2];
};
struct out {
	enum sr_chunk_kind kind;
	struct sr_flow flow;
	size_t at, n;			/* of plain; SR_GAP: bytes skipped */
	const char *why;
};
struct sr_tls_watch {
	const struct sr_keylog *log;
	struct conn *table[BUCKETS], *oldest, *newest;
	size_t nconns, held;
	struct sr_buf plain;
	struct out out[MAX_OUT];
	size_t nout, given;
	const char *noted[3];
	sr_time time;
	uint64_t num;
	uint8_t record[TLS_MAX_RECORD];
};

int
sr_tls_watch_new(struct sr_tls_watch **tp, const struct sr_keylog *k)
{
	struct sr_tls_watch *t = sr_zalloc(sizeof(*t));

	if (t == NULL)
		return SR_ENOMEM;
	t->log = k;
	sr_buf_init(&t->plain, MAX_PLAIN);
	*tp = t;
	return SR_OK;
}

/* ---- what goes out ---- */

static struct out *
give(struct sr_tls_watch *t, const struct conn *c, int dir,
    enum sr_chunk_kind kind)
{
	struct out *o;

	if (t->nout == MAX_OUT)
		return NULL;
	o = &t->out[t->nout++];
	*o = (struct out){ .kind = kind, .flow = c->flow };
	if (dir == 1) {
		o->flow.src = c->flow.dst;
		o->flow.dst = c->flow.src;
	}
	o->flow.proto = SR_TLS;
	return o;
}

static int
give_bytes(struct sr_tls_watch *t, const struct conn *c, int dir,
    const uint8_t *p, size_t n)
{
	struct out *o = t->nout > 0 ? &t->out[t->nout - 1] : NULL;
	size_t at = t->plain.n;

	if (n == 0)
		return SR_OK;
	if (sr_buf_add(&t->plain, (struct sr_str){ (const char *)p, n }) !=
	    SR_OK)
		return SR_ELIMIT;
	if (o != NULL && o->kind == SR_BYTES &&
	    sr_addr_eq(&o->flow.src, dir == 0 ? &c->flow.src :
	    &c->flow.dst)) {
		o->n += n;
		return SR_OK;
	}
	if ((o = give(t, c, dir, SR_BYTES)) == NULL)
		return SR_ELIMIT;
	o->at = at;
	o->n = n;
	return SR_OK;
}

static void
note(struct sr_tls_watch *t, const struct conn *c, const char *why)
{
	struct out *o;

	for (int i = 0; i < 3; i++) {
		if (t->noted[i] == why)
			return;
		if (t->noted[i] != NULL)
			continue;
		t->noted[i] = why;
		if ((o = give(t, c, 0, SR_BROKEN)) != NULL)
			o->why = why;
		return;
	}
}

bool
sr_tls_watch_next(struct sr_tls_watch *t, struct sr_chunk *c)
{
	const struct out *o = &t->out[t->given];

	if (t->given == t->nout)
		return false;
	t->given++;
	*c = (struct sr_chunk){ .kind = o->kind, .flow = o->flow,
	    .time = t->time, .num = t->num, .why = o->why };
	if (o->kind == SR_BYTES)
		c->data = sr_substr(sr_buf_str(&t->plain), o->at, o->n);
	if (o->kind == SR_GAP)
		c->cut = o->n;
	return true;
}

/* ---- the table ---- */

static struct sr_flow
turned(const struct sr_flow *f)
{
	return (struct sr_flow){ .src = f->dst, .dst = f->src,
	    .proto = f->proto };
}

/* Both directions have one place. */
static struct conn **
bucket(struct sr_tls_watch *t, const struct sr_flow *f)
{
	struct sr_flow r = turned(f);

	return &t->table[(sr_flow_hash(f) + sr_flow_hash(&r)) % BUCKETS];
}

static struct conn *
find(struct sr_tls_watch *t, const struct sr_flow *f, int *dir)
{
	struct sr_flow r = turned(f);
	struct conn *c;

	for (c = *bucket(t, f); c != NULL; c = c->next) {
		*dir = sr_flow_eq(&c->flow, f) ? 0 : 1;
		if (*dir == 0 || sr_flow_eq(&c->flow, &r))
			return c;
	}
	return NULL;
}

static void
unlink_age(struct sr_tls_watch *t, struct conn *c)
{
	*(c->older != NULL ? &c->older->newer : &t->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &t->newest) = c->older;
}

static void
link_age(struct sr_tls_watch *t, struct conn *c)
{
	c->newer = NULL;
	c->older = t->newest;
	*(t->newest != NULL ? &t->newest->newer : &t->oldest) = c;
	t->newest = c;
}

static size_t
held(const struct conn *c)
{
	return c->half[0].in.n + c->half[0].message.n + c->half[1].in.n +
	    c->half[1].message.n;
}

static void
empty(struct conn *c)
{
	for (int i = 0; i < 2; i++) {
		struct half *h = &c->half[i];

		hash_wipe(h->in.p, h->in.cap);
		hash_wipe(h->message.p, h->message.cap);
		sr_buf_free(&h->in);
		sr_buf_free(&h->message);
		tls_box_free(&h->box);
	}
}

static void
drop(struct sr_tls_watch *t, struct conn *c)
{
	struct conn **at = bucket(t, &c->flow);

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	unlink_age(t, c);
	t->nconns--;
	empty(c);
	hash_wipe(c, sizeof(*c));
	free(c);
}

void
sr_tls_watch_free(struct sr_tls_watch *t)
{
	if (t == NULL)
		return;
	while (t->oldest != NULL)
		drop(t, t->oldest);
	hash_wipe(t->plain.p, t->plain.cap);
	sr_buf_free(&t->plain);
	hash_wipe(t, sizeof(*t));
	free(t);
}

static struct conn *
add(struct sr_tls_watch *t, const struct sr_flow *f)
{
	struct conn *c, **at;

	if (t->nconns == MAX_CONNS) {
		t->held -= held(t->oldest);
		drop(t, t->oldest);
	}
	if ((c = sr_zalloc(sizeof(*c))) == NULL)
		return NULL;
	c->flow = *f;
	for (int i = 0; i < 2; i++) {
		sr_buf_init(&c->half[i].in, MAX_IN);
		sr_buf_init(&c->half[i].message, MAX_MESSAGE);
	}
	at = bucket(t, f);
	c->next = *at;
	*at = c;
	link_age(t, c);
	t->nconns++;
	return c;
}

static int
give_up(struct sr_tls_watch *t, struct conn *c, const char *why)
{
	note(t, c, why);
	c->dead = true;
	return SR_EBAD;
}

/* ---- handshake ---- */

static int
install(struct sr_tls_watch *t, struct conn *c, int dir,
    enum keylog_kind kind)
{
	struct sr_str secret = keylog_find(t->log, kind, c->hello.client);
	struct half *h = &c->half[dir];
	int err;

	if (tls_suite_find(c->hello.suite, c->hello.version) == NULL)
		return give_up(t, c, no_suite);
	if (!c->hello.has_client || secret.n == 0)
		return give_up(t, c, no_secret);
	err = kind == KEYLOG_MASTER ? tls_box_key(&h->box, &c->hello, secret,
	    dir == c->client) : tls_box_secret(&h->box, &c->hello, secret);
	return err == SR_OK ? SR_OK : give_up(t, c, no_secret);
}

static int
install_traffic(struct sr_tls_watch *t, struct conn *c, int dir)
{
	c->half[dir].traffic = true;
	return install(t, c, dir, dir == c->client ? KEYLOG_CLIENT_TRAFFIC :
	    KEYLOG_SERVER_TRAFFIC);
}

/* TLS 1.3, behind ServerHello.  Who logs only the later secrets is followed
 * from there on. */
static int
install_handshake(struct sr_tls_watch *t, struct conn *c, int dir)
{
	enum keylog_kind kind = dir == c->client ? KEYLOG_CLIENT_HANDSHAKE :
	    KEYLOG_SERVER_HANDSHAKE;

	if (keylog_find(t->log, kind, c->hello.client).n > 0)
		return install(t, c, dir, kind);
	c->half[dir].blind = true;
	return install_traffic(t, c, dir);
}

static int
message(struct sr_tls_watch *t, struct conn *c, int dir, uint8_t type,
    struct sr_str body)
{
	bool v13 = c->hello.version == TLS13;

	switch (type) {
	case CLIENT_HELLO:
		c->client = dir;
		if (tls_client_hello(&c->hello, body) != SR_OK)
			return give_up(t, c, no_record);
		break;
	case SERVER_HELLO:
		c->client = !dir;
		if (tls_server_hello(&c->hello, body) != SR_OK)
			return give_up(t, c, no_record);
		break;
	case FINISHED:
		if (v13 && !c->half[dir].traffic)
			return install_traffic(t, c, dir);
		break;
	case KEY_UPDATE:
		if (v13 && c->half[dir].box.suite != NULL)
			return tls_box_update(&c->half[dir].box);
		break;
	}
	return SR_OK;
}

static int
messages(struct sr_tls_watch *t, struct conn *c, int dir, const uint8_t *p,
    size_t n)
{
	struct sr_buf *b = &c->half[dir].message;
	size_t at = 0;
	int err = SR_OK;

	if (sr_buf_add(b, (struct sr_str){ (const char *)p, n }) != SR_OK)
		return give_up(t, c, no_record);
	while (err == SR_OK && b->n - at >= 4) {
		struct sr_rd r = sr_rd(sr_substr(sr_buf_str(b), at, b->n));
		uint32_t word = sr_u32(&r);
		size_t len = word & 0xffffff;

		if (len > MAX_MESSAGE - 4)
			return give_up(t, c, no_record);
		if (r.n < len)
			break;
		err = message(t, c, dir, (uint8_t)(word >> 24),
		    (struct sr_str){ (const char *)r.p, len });
		at += 4 + len;
	}
	sr_buf_drop(b, at);
	return err;
}

/* ---- records ---- */

/* What a record holds, in the clear. */
static int
content(struct sr_tls_watch *t, struct conn *c, int dir, uint8_t type,
    const uint8_t *p, size_t n)
{
	switch (type) {
	case HANDSHAKE:
		return messages(t, c, dir, p, n);
	case DATA:
		if (give_bytes(t, c, dir, p, n) != SR_OK)
			return give_up(t, c, no_record);
	}
	return SR_OK;
}

static int
sealed(struct sr_tls_watch *t, struct conn *c, int dir, struct sr_str header,
    struct sr_str body)
{
	struct half *h = &c->half[dir];
	uint8_t type = (uint8_t)header.p[0];
	size_t n;

	if (tls_box_open(&h->box, &type, header, body, t->record, &n) ==
	    SR_OK) {
		h->skipped = 0;
		return content(t, c, dir, type, t->record, n);
	}
	/* Early data, or a handshake whose secrets were not logged: what we
	 * can open comes behind it, from its first record on. */
	if (h->box.v13 && h->box.seq == 0 && (h->blind || !h->traffic) &&
	    h->skipped++ < MAX_SKIPPED)
		return SR_OK;
	return give_up(t, c, no_record);
}

static int
record(struct sr_tls_watch *t, struct conn *c, int dir, struct sr_str header,
    struct sr_str body)
{
	uint8_t type = (uint8_t)header.p[0];
	struct half *h = &c->half[dir];
	int err;

	if (type == CHANGE_CIPHER && c->hello.version == 0)
		return WAIT;
	if (type == CHANGE_CIPHER && c->hello.version != TLS13)
		return install(t, c, dir, KEYLOG_MASTER);
	if (type == CHANGE_CIPHER)
		return SR_OK;		/* a disguise, RFC 8446 D.4 */
	if (h->box.suite == NULL && type == DATA) {
		if (c->hello.version == 0)
			return WAIT;
		if (c->hello.version != TLS13)
			return give_up(t, c, no_record);
		if ((err = install_handshake(t, c, dir)) != SR_OK)
			return err;
	}
	if (h->box.suite == NULL || (h->box.v13 && type != DATA))
		return content(t, c, dir, type, (const uint8_t *)body.p,
		    body.n);
	return sealed(t, c, dir, header, body);
}

/* Behind a hole: the first place where a record begins that opens with one of
 * the next counters.  False: it has not come yet. */
static bool
regain(struct sr_tls_watch *t, struct conn *c, struct half *h, size_t *at)
{
	struct sr_str in = sr_buf_str(&h->in);
	uint64_t first = h->box.seq;

	for (; in.n - *at >= HEADER; ++*at) {
		struct sr_str head = sr_substr(in, *at, HEADER);
		struct sr_rd r = sr_rd(head);
		uint8_t type = sr_u8(&r);
		uint16_t version = sr_u16(&r), len = sr_u16(&r);
		size_t n;

		if (type < ALERT || type > DATA || version != TLS12 ||
		    len == 0 || len > TLS_MAX_RECORD)
			continue;
		if (in.n - *at - HEADER < len)
			return false;
		for (unsigned k = 0; k < MAX_LOST; k++) {
			if (h->tries++ == MAX_TRIES) {
				give_up(t, c, no_record);
				return false;
			}
			h->box.seq = first + k;
			if (tls_box_open(&h->box, &type, head, sr_substr(in,
			    *at + HEADER, len), t->record, &n) == SR_OK) {
				h->box.seq = first + k;
				h->lost = false;
				return true;
			}
		}
		h->box.seq = first;
	}
	return false;
}

/* True when anything was cut. */
static bool
records(struct sr_tls_watch *t, struct conn *c, int dir)
{
	struct sr_buf *b = &c->half[dir].in;
	size_t at = 0, len;
	int err = SR_OK;

	if (c->half[dir].lost && !regain(t, c, &c->half[dir], &at)) {
		sr_buf_drop(b, at);
		return false;
	}
	while (err == SR_OK && !c->dead && b->n - at >= HEADER) {
		struct sr_str s = sr_substr(sr_buf_str(b), at, b->n);
		struct sr_rd r = sr_rd(s);
		uint8_t type = sr_u8(&r), major = sr_u8(&r);

		sr_u8(&r);
		len = sr_u16(&r);
		if (type < CHANGE_CIPHER || type > DATA + 1 || major != 3 ||
		    len > TLS_MAX_RECORD) {
			give_up(t, c, no_record);
			break;
		}
		if (r.n < len)
			break;
		err = record(t, c, dir, sr_substr(s, 0, HEADER),
		    sr_substr(s, HEADER, len));
		if (err != WAIT)
			at += HEADER + len;
	}
	sr_buf_drop(b, at);
	return at > 0;
}

static void
run(struct sr_tls_watch *t, struct conn *c)
{
	while (!c->dead && (records(t, c, 0) | records(t, c, 1)))
		;
}

/* ---- chunks ---- */

static bool
looks(struct sr_str s)
{
	return s.n >= 3 && s.p[0] == HANDSHAKE && s.p[1] == 3 && s.p[2] <= 4 &&
	    (s.n < 6 || s.p[5] == CLIENT_HELLO || s.p[5] == SERVER_HELLO);
}

static void
ended(struct sr_tls_watch *t, struct conn *c, int dir,
    const struct sr_chunk *in)
{
	struct out *o = give(t, c, dir, in->kind);
	struct half *h = &c->half[dir];

	if (in->kind == SR_CLOSE) {
		h->closed = true;
		return;
	}
	if (o != NULL)
		o->n = in->cut;
	/* A handshake with a hole in it cannot be followed. */
	if (h->box.suite == NULL || (h->box.v13 && !h->traffic)) {
		give_up(t, c, no_record);
		return;
	}
	h->lost = true;
	h->tries = 0;
	h->in.n = h->message.n = 0;
}

/* The connection of a chunk; NULL: it is no concern of ours. */
static struct conn *
conn_of(struct sr_tls_watch *t, const struct sr_chunk *in, int *dir)
{
	struct conn *c = find(t, &in->flow, dir);

	if (c != NULL && in->kind == SR_BYTES && c->half[*dir].closed) {
		t->held -= held(c);	/* its ports are used again */
		drop(t, c);
		c = NULL;
	}
	if (c == NULL && in->kind == SR_BYTES && looks(in->data)) {
		*dir = 0;
		return add(t, &in->flow);
	}
	return c;
}

bool
sr_tls_watch_feed(struct sr_tls_watch *t, const struct sr_chunk *in)
{
	struct conn *c;
	bool done;
	int dir;

	t->nout = t->given = t->plain.n = 0;
	t->time = in->time;
	t->num = in->num;
	if (in->flow.proto != SR_TCP || (in->kind != SR_BYTES &&
	    in->kind != SR_GAP && in->kind != SR_CLOSE) ||
	    (c = conn_of(t, in, &dir)) == NULL)
		return false;
	unlink_age(t, c);
	link_age(t, c);
	if (c->dead && in->kind != SR_CLOSE)
		return false;
	t->held -= held(c);
	if (in->kind != SR_BYTES)
		ended(t, c, dir, in);
	else if (t->held + in->data.n > MAX_HELD ||
	    sr_buf_add(&c->half[dir].in, in->data) != SR_OK)
		give_up(t, c, no_record);
	run(t, c);
	if (c->dead)
		empty(c);
	t->held += held(c);
	done = in->kind == SR_CLOSE && (c->dead || c->half[!dir].closed);
	if (done) {
		t->held -= held(c);
		drop(t, c);
	}
	return true;
}
