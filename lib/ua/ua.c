/* ua - messages and time in, events out. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT(x, v) ((x) = (x) != 0 ? (x) : (v))
#define DEFAULT_STR(x, v) ((x) = (x).p != NULL ? (x) : SR_STR(v))

static void
defaults(struct sr_ua_cfg *c)
{
	DEFAULT(c->t1, 500 * SR_MSEC);
	DEFAULT(c->t2, 4 * SR_SEC);
	DEFAULT(c->t4, 5 * SR_SEC);
	DEFAULT(c->trying, 200 * SR_MSEC);
	DEFAULT(c->min_se, 90);
	DEFAULT(c->max_dialogs, 20000);
	DEFAULT(c->max_tx, 50000);
	DEFAULT(c->max_message, 262144);
	DEFAULT_STR(c->user, "siprec");
	DEFAULT_STR(c->allow,
	    "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, PRACK, INFO");
	DEFAULT_STR(c->supported, "timer, replaces, 100rel");
	DEFAULT_STR(c->understood, "siprec");
	DEFAULT_STR(c->accept, "application/sdp, application/rs-metadata+xml, "
	    "application/rs-metadata, multipart/mixed");
	if (c->probe_supported.p == NULL)
		c->probe_supported = c->supported;
}

int
sr_ua_new(struct sr_ua **up, const struct sr_ua_cfg *cfg)
{
	struct sr_ua *ua = sr_zalloc(sizeof(*ua));

	if (ua == NULL)
		return SR_ENOMEM;
	ua->cfg = *cfg;
	defaults(&ua->cfg);
	if (cfg->seed != 0)
		sr_prng_init(&ua->prng, cfg->seed);
	/* An answer repeats much of its request, and must fit. */
	sr_buf_init(&ua->out, ua->cfg.max_message + 65536);
	sr_buf_init(&ua->scratch, ua->cfg.max_message);
	ua_random(ua, &ua->salt, sizeof(ua->salt));
	*up = ua;
	return SR_OK;
}

/* ---- randomness, hashes ---- */

void
ua_random(struct sr_ua *ua, void *out, size_t n)
{
	if (ua->cfg.seed != 0)
		sr_prng_fill(&ua->prng, out, n);
	else
		ua->cfg.crypto->random(out, n);
}

void
ua_token(struct sr_ua *ua, char *out, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t r[16];

	ua_random(ua, r, n);
	for (size_t i = 0; i < n; i++) {
		*out++ = hex[r[i] >> 4];
		*out++ = hex[r[i] & 15];
	}
	*out = '\0';
}

sr_time
ua_between(struct sr_ua *ua, sr_time lo, sr_time hi)
{
	uint32_t r;

	ua_random(ua, &r, sizeof(r));
	return lo + (sr_time)((double)r * 0x1p-32 * (double)(hi - lo));
}

/* Salted: strangers choose what is hashed. */
uint64_t
ua_hash(const struct sr_ua *ua, struct sr_str s)
{
	uint64_t h = ua->salt;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u ^ h >> 31;
	return sr_hash(&h, sizeof(h));
}

/* ---- small owned things ---- */

int
text_set(struct sr_str *at, struct sr_str s)
{
	char *p = NULL;

	if (s.p != NULL) {
		if ((p = malloc(s.n + 1)) == NULL)
			return SR_ENOMEM;
		memcpy(p, s.p, s.n);
		p[s.n] = '\0';
	}
	free((char *)at->p);
	*at = (struct sr_str){ p, s.n };
	return SR_OK;
}

void
text_free(struct sr_str *at)
{
	free((char *)at->p);
	*at = (struct sr_str){ NULL, 0 };
}

struct wire *
wire_new(struct sr_str s)
{
	struct wire *w = malloc(sizeof(*w) + s.n);

	if (w == NULL)
		return NULL;
	w->refs = 1;
	w->sent = false;
	w->n = s.n;
	memcpy(w->p, s.p, s.n);
	return w;
}

struct wire *
wire_ref(struct wire *w)
{
	w->refs++;
	return w;
}

void
wire_drop(struct wire *w)
{
	if (w != NULL && --w->refs == 0)
		free(w);
}

/* ---- a message in hand ---- */

static int
heard_new(struct heard **out, const struct sr_hop *from, struct sr_str raw)
{
	struct heard *h = sr_zalloc(sizeof(*h));
	int err;

	if (h == NULL)
		return SR_ENOMEM;
	h->refs = 1;
	h->from = *from;
	h->n = raw.n;
	if ((h->raw = malloc(raw.n)) == NULL) {
		free(h);
		return SR_ENOMEM;
	}
	memcpy(h->raw, raw.p, raw.n);
	err = sr_msg_parse(&h->msg, (struct sr_str){ h->raw, h->n });
	if (err != SR_OK) {
		heard_drop(h);
		return err;
	}
	*out = h;
	return SR_OK;
}

struct heard *
heard_ref(struct heard *h)
{
	h->refs++;
	return h;
}

void
heard_drop(struct heard *h)
{
	if (h == NULL || --h->refs > 0)
		return;
	if (h->split)
		sr_body_free(&h->body);
	sr_msg_free(&h->msg);
	free(h->raw);
	free(h);
}

const struct sr_body *
heard_body(struct heard *h)
{
	if (!h->split)
		sr_body_split(&h->body, &h->msg);
	h->split = true;
	return &h->body;
}

bool
heard_has_sdp(struct heard *h)
{
	return h->msg.body.n > 0 &&
	    sr_body_find(heard_body(h), SR_PART_SDP) != NULL;
}

enum sr_method
method_of(struct sr_str s)
{
	static const struct {
		struct sr_str name;
		enum sr_method m;
	} v[] = {
		{ SR_STR("INVITE"), SR_INVITE }, { SR_STR("ACK"), SR_ACK },
		{ SR_STR("BYE"), SR_BYE }, { SR_STR("CANCEL"), SR_CANCEL },
		{ SR_STR("OPTIONS"), SR_OPTIONS },
		{ SR_STR("REGISTER"), SR_REGISTER },
		{ SR_STR("PRACK"), SR_PRACK }, { SR_STR("UPDATE"), SR_UPDATE },
		{ SR_STR("INFO"), SR_M_INFO },
		{ SR_STR("SUBSCRIBE"), SR_SUBSCRIBE },
		{ SR_STR("NOTIFY"), SR_NOTIFY }, { SR_STR("REFER"), SR_REFER },
		{ SR_STR("MESSAGE"), SR_MESSAGE },
		{ SR_STR("PUBLISH"), SR_PUBLISH }
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (sr_streq(v[i].name, s))
			return v[i].m;
	return SR_M_OTHER;
}

/* ---- events ---- */

static int
queue_room(struct sr_ua *ua)
{
	size_t cap = ua->cap > 0 ? ua->cap * 2 : 16;
	struct sr_ua_event *q;
	struct wire **sent;

	if (ua->n < ua->cap)
		return SR_OK;
	if ((q = realloc(ua->queue, cap * sizeof(*q))) == NULL)
		return SR_ENOMEM;
	ua->queue = q;
	if ((sent = realloc(ua->sent, cap * sizeof(*sent))) == NULL)
		return SR_ENOMEM;
	ua->sent = sent;
	ua->cap = cap;
	return SR_OK;
}

struct sr_ua_event *
ua_event(struct sr_ua *ua, enum sr_ua_kind kind, struct heard *m)
{
	struct sr_ua_event *e;

	if (queue_room(ua) != SR_OK)
		return NULL;
	ua->sent[ua->n] = NULL;
	e = &ua->queue[ua->n++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	if (m == NULL)
		return e;
	e->hop = m->from;
	e->msg = &m->msg;
	e->body = heard_body(m);
	e->method = m->msg.method;
	e->status = m->msg.status;
	e->branch = m->msg.branch;
	return e;
}

void
ua_send(struct sr_ua *ua, const struct sr_tx *tx, const struct sr_dialog *d,
    const struct sr_hop *hop, struct wire *w, enum sr_method method,
    int status)
{
	struct sr_ua_event *e;

	if (w == NULL || (e = ua_event(ua, SR_UA_SEND, NULL)) == NULL)
		return;
	ua->sent[ua->n - 1] = wire_ref(w);
	e->hop = *hop;
	e->data = (struct sr_str){ w->p, w->n };
	e->again = w->sent;
	w->sent = true;
	e->method = method;
	e->status = status;
	if (d != NULL && !d->solo)
		e->dialog = (struct sr_dialog *)d;
	if (tx != NULL) {
		e->branch = tx->branch;
		e->server = tx->server;
		if (tx->server)
			e->tx = (struct sr_tx *)tx;
	}
}

const struct sr_ua_event *
sr_ua_next(struct sr_ua *ua)
{
	if (ua->head == ua->n)
		return NULL;
	/* The queue may move while the owner answers this one. */
	ua->current = ua->queue[ua->head++];
	return &ua->current;
}

/* What events pointed to may go once all of them were taken. */
static void
collect(struct sr_ua *ua, bool all)
{
	struct heard *h;
	struct sr_tx *tx;
	struct job *j;
	struct sr_dialog *d;

	if (ua->head < ua->n && !all)
		return;
	for (size_t i = 0; i < ua->n; i++)
		wire_drop(ua->sent[i]);
	ua->head = ua->n = 0;
	while ((h = ua->heard) != NULL) {
		ua->heard = h->older;
		heard_drop(h);
	}
	while ((tx = ua->dead_tx) != NULL) {
		ua->dead_tx = tx->dead;
		tx_free(tx);
	}
	while ((j = ua->dead_jobs) != NULL) {
		ua->dead_jobs = j->dead;
		job_free(j);
	}
	while ((d = ua->dead_dialogs) != NULL) {
		ua->dead_dialogs = d->dead;
		dialog_free(d);
	}
}

/* ---- in ---- */

static void
begin(struct sr_ua *ua, sr_time now)
{
	ua->now = now;
	collect(ua, false);
}

static bool
keep_alive(struct sr_str raw)
{
	for (size_t i = 0; i < raw.n; i++)
		if (raw.p[i] != '\r' && raw.p[i] != '\n' && raw.p[i] != '\0')
			return false;
	return true;
}

int
sr_ua_receive(struct sr_ua *ua, const struct sr_hop *from, sr_time now,
    struct sr_str raw)
{
	struct heard *h;
	int err;

	begin(ua, now);
	if (keep_alive(raw))
		return SR_OK;
	if (raw.n > ua->cfg.max_message)
		return SR_ELIMIT;
	if ((err = heard_new(&h, from, raw)) != SR_OK)
		return err;
	h->older = ua->heard;
	ua->heard = heard_ref(h);
	if (h->msg.status != 0)
		client_response(ua, h);
	else
		server_receive(ua, h);
	heard_drop(h);
	return SR_OK;
}

int
sr_ua_busy(struct sr_ua *ua, const struct sr_hop *from, sr_time now,
    struct sr_str raw, uint32_t retry_after)
{
	struct heard *h;
	int err;

	begin(ua, now);
	if (raw.n > ua->cfg.max_message)
		return SR_ELIMIT;
	if ((err = heard_new(&h, from, raw)) != SR_OK)
		return err;
	if (h->msg.status == 0 && h->msg.method != SR_ACK)
		server_busy(ua, h, retry_after);
	heard_drop(h);
	return SR_OK;
}

static void
fire(struct timer *t)
{
	struct sr_tx *tx = t->owner;

	switch (t->kind) {
	case TIMER_AGAIN:
		(tx->server ? server_again : client_again)(tx);
		break;
	case TIMER_END:
		(tx->server ? server_end : client_end)(tx);
		break;
	case TIMER_JOB:
	case TIMER_RING:
		job_timer(t->owner, t->kind);
		break;
	case TIMER_REFRESH:
		refresh_due(t->owner);
		break;
	case TIMER_EXPIRE:
		refresh_expired(t->owner);
		break;
	}
}

void
sr_ua_tick(struct sr_ua *ua, sr_time now)
{
	struct timer *t;

	begin(ua, now);
	while ((t = timer_first(&ua->timers)) != NULL && t->at <= now) {
		timer_off(&ua->timers, t);
		fire(t);
	}
}

sr_time
sr_ua_due(const struct sr_ua *ua)
{
	const struct timer *t = timer_first(&ua->timers);

	return t != NULL ? t->at : SR_NEVER;
}

static bool
is_hop(const struct sr_hop *have, const struct sr_hop *gone)
{
	if (have->proto != gone->proto)
		return false;
	if (have->conn != 0 && gone->conn != 0)
		return have->conn == gone->conn;
	return have->conn == 0 &&
	    sr_addr_eq(&have->remote, &gone->remote);
}

/* RFC 3261 18.4: a client that had no answer yet takes the next hop. */
static void
lost_client(struct sr_tx *tx)
{
	struct job *j = tx->job;

	if (tx->state == TX_PROCEEDING) {
		tx->hop.conn = 0;
		return;
	}
	if (tx->state != TX_TRYING)
		return;
	tx_over(tx);
	if (j != NULL)
		job_next_hop(j, "transport");
}

/* RFC 6026: a server's transaction lives on; what it said last may have been
 * lost with the connection, and goes over a new one (18.2.2). */
static void
lost_server(struct sr_tx *tx, bool was_open)
{
	tx->hop = tx->lost_hop;
	if (was_open && tx->wire != NULL && tx->status >= 200 && !tx->acked &&
	    tx->state != TX_CONFIRMED)
		ua_send(tx->ua, tx, tx->d, &tx->hop, tx->wire, tx->method,
		    tx->status);
}

/* Takes the transactions on that hop off a table: they may change it. */
static size_t
on_hop(const struct table *t, const struct sr_hop *hop, struct sr_tx **v)
{
	size_t n = 0;

	for (size_t i = 0; i < t->cap; i++)
		for (struct node *x = t->v[i]; x != NULL; x = x->next) {
			struct sr_tx *tx = x->item;

			if (is_hop(&tx->hop, hop))
				v[n++] = tx;
		}
	return n;
}

void
sr_ua_lost(struct sr_ua *ua, const struct sr_hop *hop, sr_time now)
{
	size_t most = ua->clients.n + ua->servers.n, n;
	struct sr_tx **v;

	begin(ua, now);
	if ((v = calloc(most + 1, sizeof(*v))) == NULL)
		return;
	n = on_hop(&ua->clients, hop, v);
	for (size_t i = 0; i < n; i++)
		lost_client(v[i]);
	n = on_hop(&ua->servers, hop, v);
	for (size_t i = 0; i < n; i++)
		lost_server(v[i], hop->conn != 0 && v[i]->hop.conn != 0);
	for (size_t i = 0; hop->conn != 0 && i < ua->dialogs.cap; i++)
		for (struct node *x = ua->dialogs.v[i]; x != NULL;
		    x = x->next) {
			struct sr_dialog *d = x->item;

			if (d->peer.hop.conn == hop->conn)
				d->peer.hop.conn = 0;
		}
	free(v);
}

/* Within a dialog its connection is used where the name leads there, and is
 * the last resort where it leads nowhere. */
static void
known_hop(struct job *j)
{
	const struct sr_hop *have = &j->d->peer.hop;

	if (j->first || j->d->solo || have->remote.family == 0)
		return;
	for (size_t i = 0; i < j->nhops; i++)
		if (j->hops[i].proto == have->proto &&
		    sr_addr_eq(&j->hops[i].remote, &have->remote)) {
			j->hops[i] = *have;
			return;
		}
	if (j->nhops < MAX_HOPS)
		j->hops[j->nhops++] = *have;
}

void
sr_ua_resolved(struct sr_ua *ua, uint64_t ticket, const struct sr_hop *hops,
    size_t n, sr_time now)
{
	struct job *j;
	size_t i = 0;

	begin(ua, now);
	while (i < ua->nwaiting && ua->waiting[i]->ticket != ticket)
		i++;
	if (i == ua->nwaiting)
		return;
	j = ua->waiting[i];
	ua->waiting[i] = ua->waiting[--ua->nwaiting];
	j->ticket = 0;
	j->nhops = n < MAX_HOPS ? n : MAX_HOPS;
	j->at = 0;
	if (n > 0)
		memcpy(j->hops, hops, j->nhops * sizeof(*hops));
	known_hop(j);
	if (j->nhops > 0)
		job_go(j);
	else
		job_failed(j, "unresolved");
}

size_t
sr_ua_dialogs(const struct sr_ua *ua)
{
	return ua->ndialogs;
}

size_t
sr_ua_transactions(const struct sr_ua *ua)
{
	return ua->ntx;
}

/* ---- the end ---- */

static void
free_all(struct sr_ua *ua)
{
	struct table *tx[] = { &ua->servers, &ua->clients };

	for (size_t t = 0; t < 2; t++)
		for (size_t i = 0; i < tx[t]->cap; i++)
			while (tx[t]->v[i] != NULL)
				tx_over(tx[t]->v[i]->item);
	/* Dialogs take their requests with them. */
	for (size_t i = 0; i < ua->dialogs.cap; i++)
		while (ua->dialogs.v[i] != NULL)
			dialog_over(ua->dialogs.v[i]->item, "failed", NULL);
}

void
sr_ua_free(struct sr_ua *ua)
{
	if (ua == NULL)
		return;
	free_all(ua);
	collect(ua, true);
	free(ua->servers.v);
	free(ua->merges.v);
	free(ua->clients.v);
	free(ua->dialogs.v);
	free(ua->timers.v);
	free(ua->waiting);
	free(ua->queue);
	free(ua->sent);
	sr_buf_free(&ua->out);
	sr_buf_free(&ua->scratch);
	free(ua);
}
